#include "host/insitu/catalyst_backend.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <catalyst.hpp>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <system_error>
#include <utility>

#include "host/insitu/keep_signals.hpp"
#include "host/insitu/script.hpp"
#include "host/insitu/steering.hpp"
#ifdef KOLLAGEN_HAVE_MPI
#include "host/mpi_communicator.hpp"
#endif
#include "kollagen/check.hpp"
#include "kollagen/collective.hpp"

namespace kollagen {
namespace {

namespace fs = std::filesystem;
using conduit_cpp::Node;

/// How `guard` tells that a script has failed: Catalyst 2 itself reports success then.
constexpr const char* failure_variable = "KOLLAGEN_INSITU_FAILURE";
/// How `guard` tells that it has been called.
constexpr const char* guarded_variable = "KOLLAGEN_INSITU_GUARDED";

/// For ParaView, ahead of the script of the study. Errors of scripts become known to the run, the end of the
/// process becomes an error, and where windows are needed and no display answers on some rank, no view may be
/// made: VTK would abort the process as soon as one is drawn.
constexpr const char* guard = R"(# script-version: 2.0
"""Written by Kollagen and called before the script of the study, so that its faults do not end the run."""
import builtins
import functools
import os
import sys
import traceback

from paraview import catalyst, servermanager, simple
from paraview.catalyst import v2_internals
from paraview.vtk.vtkCommonCore import vtkIntArray
from paraview.vtk.vtkParallelCore import vtkCommunicator, vtkMultiProcessController

options = catalyst.Options()


def leave(*arguments):
    raise RuntimeError("the script ends the process (exit), which is not allowed in a run")


def guarded(function):
    @functools.wraps(function)
    def call(*arguments):
        try:
            return function(*arguments)
        except SystemExit:
            os.environ["KOLLAGEN_INSITU_FAILURE"] = (
                "RuntimeError: the script ends the process (exit), which is not allowed in a run")
        except BaseException:
            os.environ["KOLLAGEN_INSITU_FAILURE"] = traceback.format_exc()
        raise RuntimeError("told to the run")
    return call


def missing_display():
    """Why no view can be drawn by this process; empty: one can."""
    import ctypes
    import ctypes.util
    from paraview.modules import vtkRemotingViews  # brings the classes that draw
    from paraview.vtk.vtkRenderingCore import vtkRenderWindow
    if vtkRenderWindow().GetClassName() != "vtkXOpenGLRenderWindow":
        return ""
    name = os.environ.get("DISPLAY", "")
    if not name:
        return "DISPLAY is not set"
    x11 = ctypes.CDLL(ctypes.util.find_library("X11") or "libX11.so.6")
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XCloseDisplay.argtypes = [ctypes.c_void_p]
    display = x11.XOpenDisplay(None)
    if not display:
        return "the X server of DISPLAY=" + name + " does not answer"
    x11.XCloseDisplay(display)
    return ""


def missing_anywhere():
    reason = missing_display()
    controller = vtkMultiProcessController.GetGlobalController()
    mine, most = vtkIntArray(), vtkIntArray()
    for array, value in ((mine, 1 if reason else 0), (most, 0)):
        array.InsertNextValue(value)
    if controller and controller.GetNumberOfProcesses() > 1:
        controller.AllReduce(mine, most, vtkCommunicator.MAX_OP)
        return reason or ("another rank has none" if most.GetValue(0) else "")
    return reason


sys.exit = builtins.exit = builtins.quit = leave
sys.excepthook = lambda *arguments: None  # the run tells it
for name in ("import_and_validate", "do_catalyst_initialize", "do_catalyst_execute", "do_catalyst_finalize"):
    setattr(v2_internals, name, guarded(getattr(v2_internals, name)))

why = missing_anywhere()
if why:
    make = servermanager.ProxyManager.NewProxy

    def refuse(name):
        raise RuntimeError("the script makes a view (" + name + "), which needs a display, and " + why)

    def new_proxy(self, group, name):
        if group == "views" and name != "SpreadSheetView":
            refuse(name)
        return make(self, group, name)

    servermanager.ProxyManager.NewProxy = new_proxy
    simple.LoadState = lambda *arguments, **options: refuse("LoadState")
)";

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::vector<std::string> parts_of(const std::string& paths) {
  std::vector<std::string> parts;
  std::istringstream in(paths);
  for (std::string part; std::getline(in, part, ':');)
    if (!part.empty()) parts.push_back(part);
  return parts;
}

/// What `status` of a function of Catalyst means; numbers above those of Catalyst belong to the
/// implementation.
std::string meaning(const catalyst_status status) {
  switch (status) {
    case catalyst_status_error_no_implementation:
      return "no implementation is loaded";
    case catalyst_status_error_already_loaded:
      return "an implementation is loaded already";
    case catalyst_status_error_not_found:
      return "the implementation was not found";
    case catalyst_status_error_not_catalyst:
      return "the library is no implementation of Catalyst";
    case catalyst_status_error_incomplete:
      return "the implementation lacks functions";
    case catalyst_status_error_unsupported_version:
      return "the implementation is of another version of Catalyst";
    default:
      return fmt::format("error {} of the implementation", int(status));
  }
}

/// The exception of a Python traceback and its line in `script`.
std::string reason_in(const std::string& text, const fs::path& script) {
  std::istringstream in(text);
  std::string place, last;
  for (std::string line; std::getline(in, line);) {
    const auto number = line.find("\", line ");
    if (number != std::string::npos &&
        line.find("/" + script.filename().string() + "\"") != std::string::npos)
      place = "line " + line.substr(number + 8, line.find_first_of(",\n", number + 8) - number - 8) + ": ";
    if (!line.empty() && line[0] != ' ') last = line;
  }
  return place + last;
}

class CatalystBackend final : public InsituBackend {
 public:
  explicit CatalystBackend(CatalystSetup setup) : setup_(std::move(setup)) {}

  void check() override { script_ = find_script(setup_.scripts); }

  void load() override {
    // mpirun hands the environment to other machines only when it is told to: that of rank 0 counts.
    implementation_ = variable("CATALYST_IMPLEMENTATION_NAME");
    std::string paths = variable("CATALYST_IMPLEMENTATION_PATHS");
    broadcast_text(setup_.ranks, implementation_);
    broadcast_text(setup_.ranks, paths);
    together(setup_.ranks, [&] {
      use_extracts_folder(setup_.folder);
      if (!implementation_.empty()) open_implementation(parts_of(paths));
    });
    const bool python = implementation_ == "paraview";
    const fs::path guard_path = setup_.folder / "guard.py", settings_path = setup_.folder / "steering.xml";
    on_root(setup_.ranks, [&] {
      const auto write = [](const fs::path& path, const std::string& text) {
        if (!(std::ofstream(path) << text << std::flush))
          throw EnvironmentError(path.string() + ": cannot be written");
      };
      if (!python) return;
      write(guard_path, guard + fmt::format("simple.CreateSteerableParameters(\"{}\", \"{}\", \"{}\")\n"
                                            "os.environ[\"{}\"] = \"1\"\n",
                                            steering_proxy, steering_source, steering_mesh, guarded_variable));
      write(settings_path, steering_xml(setup_.steering));
    });
    Node node;
    if (!implementation_.empty()) {
      node["catalyst_load/implementation"].set(implementation_);
      for (const std::string& place : parts_of(paths)) node["catalyst_load/search_paths"].append().set(place);
    }
    if (python) {
      node["catalyst/scripts/guard/filename"].set(fs::absolute(guard_path).string());
      node["catalyst/proxies/steering/filename"].set(fs::absolute(settings_path).string());
    }
    node["catalyst/scripts/script/filename"].set(fs::absolute(script_).string());
    Node arguments = node["catalyst/scripts/script/args"];
    arguments.append().set(std::string("--folder"));
    arguments.append().set(fs::absolute(setup_.folder).string());
#ifdef KOLLAGEN_HAVE_MPI
    node["catalyst/mpi_comm"].set(conduit_int64(MPI_Comm_c2f(mpi_handle(setup_.ranks))));
#endif
    call("catalyst_initialize", catalyst_initialize, node);
    if (implementation_.empty()) implementation_ = "stub";
    if (implementation_ == "stub" && variable("CATALYST_DATA_DUMP_DIRECTORY").empty())
      complaints_ =
          "Catalyst: its stub shows nothing: name an implementation with CATALYST_IMPLEMENTATION_NAME and "
          "its folder "
          "with CATALYST_IMPLEMENTATION_PATHS, as docs/insitu.md says";
  }

  std::string name() const override {
    return fmt::format("Catalyst {}, implementation {}", catalyst_version(), implementation_);
  }

  /// Catalyst 2 asks for nothing: what an implementation needs is known to its script alone.
  bool request(double, long) override { return true; }
  bool wants(const std::string&) const override { return true; }

  void execute(const InsituFrame& frame) override {
    auto node = std::make_unique<Node>();
    Node state = (*node)["catalyst/state"];
    state["cycle"].set(conduit_int64(frame.step));
    state["time"].set(frame.time);
    Node channel = (*node)["catalyst/channels"][insitu_channel];
    channel["type"].set(std::string("mesh"));
    describe(frame, channel["data"]);
    if (implementation_ == "paraview") {
      Node settings = (*node)["catalyst/channels"][steering_mesh];
      settings["type"].set(std::string("mesh"));
      describe_settings(settings["data"]);
    }
    call("catalyst_execute", catalyst_execute, *node);
    const bool first = !shown_;
    shown_ = std::move(node);
    if (first && implementation_ == "paraview" && variable(guarded_variable).empty())
      complaints_ = fmt::format(
          "Catalyst: {} was not executed by ParaView, as its messages say: faults of the script are not "
          "seen, and a view "
          "without a display ends the run",
          (setup_.folder / "guard.py").string());
  }

  SteeringSettings settings() override {
    const KeepSignals keep;
    Node results;
    const catalyst_status status = catalyst_results(conduit_cpp::c_node(&results));
    if (status != catalyst_status_ok)
      throw EnvironmentError(fmt::format("catalyst_results with implementation {}: {}", implementation_, meaning(status)));
    const auto value = [&](const std::string& name, const double otherwise) {
      const std::string path = fmt::format("catalyst/{}/fields/{}/values", steering_mesh, name);
      return results.has_path(path) ? results[path].to_float64() : otherwise;
    };
    SteeringSettings now{value(steering_pause, 0) != 0, value(steering_stop, 0) != 0,
                         std::lround(value(steering_outputs, 0)), {}};
    seen_.resize(setup_.steering.size());
    overruled_.resize(setup_.steering.size());
    for (std::size_t n = 0; n < setup_.steering.size(); ++n) {
      const SteeringParameter& p = setup_.steering[n];
      seen_[n] = value(p.name, p.value);
      if (overruled_[n] && *overruled_[n] != seen_[n]) overruled_[n].reset();
      now.values.push_back(overruled_[n] ? p.value : seen_[n]);
    }
    return now;
  }

  /// Catalyst 2 has no way to set what a viewer shows: what it shows now does not count until it is another value.
  void set_value(const std::size_t parameter, const double value) override {
    setup_.steering.at(parameter).value = value;
    if (parameter < seen_.size()) overruled_[parameter] = seen_[parameter];
  }

  void finish() override { call("catalyst_finalize", catalyst_finalize, Node()); }

  std::string complaints() override { return std::exchange(complaints_, ""); }

 private:
  /// The mesh of a frame in the terms of Conduit's Mesh Blueprint. Values stay where they are.
  void describe(const InsituFrame& frame, Node mesh) const {
    const std::array<const char*, 3> index{"i", "j", "k"}, axis{"x", "y", "z"};
    mesh["state/domain_id"].set(conduit_int64(setup_.ranks.rank()));
    mesh["state/cycle"].set(conduit_int64(frame.step));
    mesh["state/time"].set(frame.time);
    mesh["state/fields/time_unit"].set(std::string("h"));
    mesh["state/fields/length_unit"].set(std::string("um"));
    Node grid = mesh["coordsets/coords"];
    grid["type"].set(std::string("uniform"));
    grid["units"].set(std::string("um"));
    for (std::size_t a = 0; a < 3; ++a) {
      const std::string x = axis[a];
      grid["dims"][index[a]].set(conduit_int64(frame.cells[a] + 1));  // of points
      grid["origin"][x].set(frame.first[a] * frame.spacing[a]);
      grid["spacing"]["d" + x].set(frame.spacing[a]);
      // Bounds that a script asks for are those of its rank: cameras and sections need the domain.
      mesh["state/fields/domain_size_um"][x].set(frame.global_cells[a] * frame.spacing[a]);
    }
    mesh["topologies/cells/type"].set(std::string("uniform"));
    mesh["topologies/cells/coordset"].set(std::string("coords"));
    const auto field = [&](const std::string& name) {
      Node node = mesh["fields"][name];
      node["association"].set(std::string("element"));
      node["topology"].set(std::string("cells"));
      node["volume_dependent"].set(std::string("false"));
      return node;
    };
    for (const InsituArray* array : frame.arrays) {
      Node node = field(array->name);
      node["units"].set(array->unit);
      std::visit([&](const auto& values) { node["values"].set_external(values); }, array->values);
    }
    if (frame.ghost.empty()) return;
    field("vtkGhostType")["values"].set_external(frame.ghost);
    // ParaView from 5.12 on takes the mark from here, 5.11 from the name.
    mesh["state/metadata/vtk_fields/vtkGhostType/attribute_type"].set(std::string("Ghosts"));
  }

  /// The settings as a mesh of one point: with these values the implementation begins.
  void describe_settings(Node mesh) const {
    mesh["coordsets/coords/type"].set(std::string("explicit"));
    for (const char* axis : {"x", "y", "z"})
      mesh[std::string("coordsets/coords/values/") + axis].set_float64_vector({0.0});
    mesh["topologies/mesh/type"].set(std::string("unstructured"));
    mesh["topologies/mesh/coordset"].set(std::string("coords"));
    mesh["topologies/mesh/elements/shape"].set(std::string("point"));
    mesh["topologies/mesh/elements/connectivity"].set_int32_vector({0});
    const auto field = [&](const std::string& name, const double value) {
      Node node = mesh["fields"][name];
      node["association"].set(std::string("vertex"));
      node["topology"].set(std::string("mesh"));
      node["volume_dependent"].set(std::string("false"));
      node["values"].set_float64_vector({value});
    };
    for (const char* name : {steering_pause, steering_stop, steering_outputs}) field(name, 0);
    for (const SteeringParameter& p : setup_.steering) field(p.name, p.value);
  }

  /// Opens the library as Catalyst is going to. Catalyst tells no reason, and a rank that fails in its own
  /// call would be waited for by the others.
  void open_implementation(std::vector<std::string> places) const {
    Dl_info library{};
    if (::dladdr(reinterpret_cast<void*>(&catalyst_initialize), &library) != 0 && library.dli_fname)
      places.push_back((fs::path(library.dli_fname).parent_path() / "catalyst").string());
    const std::string file = "libcatalyst-" + implementation_ + ".so";
    std::string reason = fmt::format("there is no {} in {}", file, fmt::join(places, " and none in "));
    for (const std::string& place : places) {
      const fs::path path = fs::path(place) / file;
      std::error_code ignored;
      if (!fs::exists(path, ignored)) continue;
      if (::dlopen(path.c_str(), RTLD_LAZY | RTLD_GLOBAL)) return;
      reason = ::dlerror();
      break;
    }
    throw EnvironmentError(
        fmt::format("CATALYST_IMPLEMENTATION_NAME={}: {} (CATALYST_IMPLEMENTATION_PATHS names folders)",
                    implementation_, reason));
  }

  /// Calls a function of Catalyst and throws when it or a script has failed.
  void call(const char* function, catalyst_status (*work)(const conduit_node*), const Node& node) {
    const KeepSignals keep;
    ::unsetenv(failure_variable);
    const catalyst_status status = work(conduit_cpp::c_node(&node));
    const std::string failure = variable(failure_variable);
    if (!failure.empty()) throw EnvironmentError(fmt::format("{}: {}", script_.string(), told(failure)));
    if (status != catalyst_status_ok)
      throw EnvironmentError(fmt::format("{} with implementation {}: {}", function,
                                         implementation_.empty() ? "stub" : implementation_,
                                         meaning(status)));
  }

  /// The reason in a traceback; the whole of it goes to a file.
  std::string told(const std::string& text) const {
    std::string reason = reason_in(text, script_);
    if (text.find('\n') == std::string::npos) return reason;
    const int rank = setup_.ranks.rank();
    const fs::path path = setup_.folder / (rank == 0 ? "error.txt" : fmt::format("error_rank_{}.txt", rank));
    if (std::ofstream(path) << text << std::flush) reason += fmt::format(" (all of it: {})", path.string());
    return reason;
  }

  CatalystSetup setup_;
  fs::path script_;
  std::vector<double> seen_;                      ///< values of the parameters in the last results
  std::vector<std::optional<double>> overruled_;  ///< those of them that were refused
  std::string implementation_;
  std::unique_ptr<Node> shown_;  ///< stays: viewers read it after the call
  std::string complaints_;
};

}  // namespace

std::unique_ptr<InsituBackend> make_catalyst_backend(CatalystSetup setup) {
  return std::make_unique<CatalystBackend>(std::move(setup));
}

std::string catalyst_version() { return CATALYST_VERSION; }

}  // namespace kollagen
