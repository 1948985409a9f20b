#include "host/insitu/factory.hpp"

#include <stdexcept>

#include "host/output/field_selection.hpp"
#ifdef KOLLAGEN_HAVE_PARAVIEW
#include "host/insitu/paraview_backend.hpp"
#endif
#include "kollagen/check.hpp"

namespace kollagen {
namespace {

#ifdef KOLLAGEN_HAVE_PARAVIEW
std::unique_ptr<InsituBackend> make_backend(const InsituConfig& insitu, const std::string& study,
                                            std::filesystem::path folder, Communicator& ranks) {
  ParaViewSetup setup{script_places(insitu.script, study), std::move(folder), ranks, "", 0, 3600 * insitu.live_wait,
                      insitu.on_error == InsituPolicy::stop};
  if (!insitu.live.empty()) {
    const auto colon = insitu.live.rfind(':');
    setup.host = insitu.live.substr(0, colon);
    setup.port = std::stoi(insitu.live.substr(colon + 1));
  }
  return make_paraview_backend(std::move(setup));
}
#else
std::unique_ptr<InsituBackend> make_backend(const InsituConfig&, const std::string&, std::filesystem::path,
                                            Communicator&) {
  throw std::logic_error("this build has no back end to show a run with");
}
#endif

}  // namespace

std::string insitu_library() {
#ifdef KOLLAGEN_HAVE_PARAVIEW
  return paraview_version() + ", shows runs in situ";
#else
  return "opens the results; not linked: no in situ";
#endif
}

void require_insitu() {
#ifndef KOLLAGEN_HAVE_PARAVIEW
  throw EnvironmentError(
      "[insitu] script and live (--insitu, --live) need ParaView, and this program was built without it: install paraview-dev and "
      "python3-paraview (docs/insitu.md lists the packages) and configure again with -DKOLLAGEN_PARAVIEW=ON, or run "
      "without: --set insitu.script=\"\" --set insitu.live=\"\"");
#endif
}

std::vector<std::filesystem::path> script_places(const std::string& script, const std::string& study) {
  if (script.empty()) return {};
  const std::filesystem::path path(script);
  std::vector<std::filesystem::path> places{path};
  const std::filesystem::path beside = std::filesystem::path(study).parent_path() / path;
  if (beside != path) places.push_back(beside);
  return places;
}

std::unique_ptr<InsituSink> make_insitu_sink(const Config& config, const std::string& study, const ModelInfo& model,
                                             const std::filesystem::path& run_dir, Communicator& ranks,
                                             std::function<void(const std::string&)> failed,
                                             std::function<void(const std::string&)> complained) {
  const InsituConfig& insitu = config.insitu;
  return std::make_unique<InsituSink>(
      InsituSink::Setup{Schedule(0, insitu.every, config.time.end),
                        select_species(model, insitu.fields, "in situ"), insitu.derived, insitu.precision,
                        std::move(failed), std::move(complained)},
      make_backend(insitu, study, run_dir / "insitu", ranks));
}

}  // namespace kollagen
