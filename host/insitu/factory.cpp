#include "host/insitu/factory.hpp"

#include <stdexcept>
#include <utility>

#include "host/output/field_selection.hpp"
#ifdef KOLLAGEN_HAVE_CATALYST
#include "host/insitu/catalyst_backend.hpp"
#endif
#ifdef KOLLAGEN_HAVE_PARAVIEW
#include "host/insitu/paraview_backend.hpp"
#endif
#include "host/insitu/steering.hpp"
#include "kollagen/check.hpp"

namespace kollagen {
namespace {

#ifdef KOLLAGEN_HAVE_PARAVIEW
constexpr bool has_paraview = true;
#else
constexpr bool has_paraview = false;
#endif
#ifdef KOLLAGEN_HAVE_CATALYST
constexpr bool has_catalyst = true;
#else
constexpr bool has_catalyst = false;
#endif

/// What is meant by a study that leaves the choice to the program. Only ParaView itself goes to a viewer.
InsituLibrary chosen(const InsituConfig& insitu) {
  if (insitu.backend != InsituLibrary::any) return insitu.backend;
  const bool second = has_catalyst && !has_paraview && insitu.live.empty();
  return second ? InsituLibrary::catalyst : InsituLibrary::paraview;
}

std::unique_ptr<InsituBackend> make_backend(const InsituConfig& insitu, const std::string& study,
                                            [[maybe_unused]] const std::filesystem::path& folder,
                                            [[maybe_unused]] const std::vector<SteeringParameter>& steering,
                                            [[maybe_unused]] Communicator& ranks) {
  [[maybe_unused]] const std::vector<std::filesystem::path> scripts = script_places(insitu.script, study);
  [[maybe_unused]] const InsituLibrary library = chosen(insitu);
#ifdef KOLLAGEN_HAVE_PARAVIEW
  if (library == InsituLibrary::paraview) {
    ParaViewSetup setup{
        scripts, folder, ranks, steering, "", 0, 3600 * insitu.live_wait, insitu.on_error == InsituPolicy::stop};
    if (!insitu.live.empty()) {
      const auto colon = insitu.live.rfind(':');
      setup.host = insitu.live.substr(0, colon);
      setup.port = std::stoi(insitu.live.substr(colon + 1));
    }
    return make_paraview_backend(std::move(setup));
  }
#endif
#ifdef KOLLAGEN_HAVE_CATALYST
  if (library == InsituLibrary::catalyst) return make_catalyst_backend({scripts, folder, ranks, steering});
#endif
  throw std::logic_error("this build has no such back end to show a run with");
}

}  // namespace

std::string insitu_paraview() {
#ifdef KOLLAGEN_HAVE_PARAVIEW
  return paraview_version() + ", shows runs in situ";
#else
  return "opens the results; not linked: no in situ";
#endif
}

std::string insitu_catalyst() {
#ifdef KOLLAGEN_HAVE_CATALYST
  return catalyst_version() + ", shows runs in situ with the implementation that the environment names";
#else
  return "not linked";
#endif
}

void require_insitu(const InsituConfig& insitu) {
  if (chosen(insitu) == InsituLibrary::paraview && !has_paraview)
    throw EnvironmentError(
        std::string(
            "[insitu] script and live (--insitu, --live) need ParaView, and this program was built "
            "without it: install paraview-dev and python3-paraview (docs/insitu.md lists the packages) "
            "and configure again with -DKOLLAGEN_PARAVIEW=ON, ") +
        (has_catalyst && insitu.live.empty() ? "or use Catalyst 2: --set insitu.backend=catalyst, " : "") +
        "or run without: --set insitu.script=\"\" --set insitu.live=\"\"");
  if (chosen(insitu) == InsituLibrary::catalyst && !has_catalyst)
    throw EnvironmentError(
        std::string(
            "[insitu] backend = \"catalyst\" needs Catalyst 2, and this program was built without it: "
            "configure again with -DKOLLAGEN_CATALYST=ON -Dcatalyst_DIR=<folder of "
            "catalyst-config.cmake> (docs/insitu.md says more), ") +
        (has_paraview ? "or use ParaView: --set insitu.backend=paraview, " : "") +
        "or run without: --set insitu.script=\"\"");
}

std::vector<std::filesystem::path> script_places(const std::string& script, const std::string& study) {
  if (script.empty()) return {};
  const std::filesystem::path path(script);
  std::vector<std::filesystem::path> places{path};
  const std::filesystem::path beside = std::filesystem::path(study).parent_path() / path;
  if (beside != path) places.push_back(beside);
  return places;
}

std::unique_ptr<InsituSink> make_insitu_sink(const Config& config, const std::string& study,
                                             const ModelInfo& model, const std::filesystem::path& run_dir,
                                             Communicator& ranks,
                                             std::function<void(const std::string&)> started,
                                             std::function<void(const std::string&)> failed,
                                             std::function<void(const std::string&)> complained) {
  const InsituConfig& insitu = config.insitu;
  const std::vector<SteeringParameter> steering = steering_parameters(config, model);
  return std::make_unique<InsituSink>(
      InsituSink::Setup{Schedule(0, insitu.every, config.time.end),
                        select_species(model, insitu.fields, "in situ"), insitu.derived, insitu.precision, steering,
                        std::move(started), std::move(failed), std::move(complained)},
      make_backend(insitu, study, run_dir / "insitu", steering, ranks));
}

}  // namespace kollagen
