#include "host/insitu/paraview_backend.hpp"

#include <fmt/format.h>
#include <vtkCPDataDescription.h>
#include <vtkCPInputDataDescription.h>
#include <vtkCPProcessor.h>
#include <vtkCPPythonScriptV2Pipeline.h>
#include <vtkCellData.h>
#include <vtkCollection.h>
#include <vtkDataSetAttributes.h>
#include <vtkDoubleArray.h>
#include <vtkFieldData.h>
#include <vtkFloatArray.h>
#include <vtkImageData.h>
#include <vtkInformation.h>
#include <vtkInformationStringKey.h>
#include <vtkLiveInsituLink.h>
#include <vtkLogger.h>
#include <vtkNew.h>
#include <vtkObjectFactory.h>
#include <vtkOutputWindow.h>
#include <vtkPVVersion.h>
#include <vtkPythonInterpreter.h>
#include <vtkSMParaViewPipelineController.h>
#include <vtkSMPropertyHelper.h>
#include <vtkSMProxyDefinitionManager.h>
#include <vtkSMProxyManager.h>
#include <vtkSMSessionProxyManager.h>
#include <vtkSMSourceProxy.h>
#include <vtkSmartPointer.h>
#include <vtkStringArray.h>
#include <vtkUnsignedCharArray.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <sstream>
#include <thread>
#include <utility>

#include "host/insitu/display.hpp"
#include "host/insitu/keep_signals.hpp"
#include "host/insitu/script.hpp"
#include "host/insitu/steering.hpp"
#ifdef KOLLAGEN_HAVE_MPI
#include <vtkMPI.h>

#include "host/mpi_communicator.hpp"
#endif
#include "kollagen/check.hpp"
#include "kollagen/collective.hpp"

namespace kollagen {
namespace {

namespace fs = std::filesystem;

/// Collects what VTK and Python would print as errors and warnings; plain text goes to standard output as it
/// is.
class Listener final : public vtkOutputWindow {
 public:
  static Listener* New();
  vtkTypeMacro(Listener, vtkOutputWindow);

  void DisplayText(const char* text) override {
    const auto type = this->GetCurrentMessageType();
    if (type == MESSAGE_TYPE_ERROR)
      add(text);
    else if (type == MESSAGE_TYPE_TEXT)
      std::fputs(text, stdout);
  }
  /// Takes the place of the display of VTK. ParaView brings its own when it starts.
  void display() { vtkOutputWindow::SetInstance(this); }
  /// Takes the place of the log of VTK, which would go to standard error.
  void begin() {
    display();
    listens_ = true;
    vtkLogger::SetStderrVerbosity(vtkLogger::VERBOSITY_OFF);
    const auto note = [](void* self, const vtkLogger::Message& message) {
      static_cast<Listener*>(self)->add(message.message);
    };
    vtkLogger::AddCallback("kollagen", note, this, vtkLogger::VERBOSITY_ERROR);
  }
  ~Listener() override {
    if (listens_) vtkLogger::RemoveCallback("kollagen");
  }
  /// What has come since the last call.
  std::string take() { return std::exchange(errors_, ""); }

 private:
  /// An error of a class comes twice, through the log too.
  void add(const std::string& text) {
    if (errors_.find(text) == std::string::npos) errors_ += text + "\n";
  }

  bool listens_ = false;
  std::string errors_;
};
vtkStandardNewMacro(Listener);

/// The first file and line of a Python traceback in `script` or the last at all, and the exception; without a
/// traceback the first line.
std::string reason_in(const std::string& text, const fs::path& script) {
  std::istringstream in(text);
  std::string first, place, last;
  bool python = false;
  for (std::string line; std::getline(in, line);) {
    const auto begin = line.find_first_not_of(" \t");
    if (begin == std::string::npos) continue;
    if (first.empty()) first = line;
    if (line.find("Traceback (most recent call last)") != std::string::npos) python = true;
    const auto number = line.find("\", line ");
    if (line.compare(begin, 6, "File \"") == 0 && number != std::string::npos &&
        line.find(script.filename().string()) != std::string::npos)
      place = "line " + line.substr(number + 8, line.find_first_of(",\n", number + 8) - number - 8);
    if (begin == 0) last = line;
  }
  if (!python && place.empty()) return first;
  return place.empty() ? last : place + ": " + last;
}

/// Before a script is imported: what would end the process becomes an exception of Python, and those that
/// nobody catches go to the Listener instead of standard error.
constexpr const char* guard = R"(
def _kollagen_guard():
    import builtins, functools, sys, traceback
    from paraview.catalyst import v2_internals
    from paraview.vtk.vtkCommonCore import vtkOutputWindow
    def report(kind, value, trace):
        vtkOutputWindow.GetInstance().DisplayErrorText(''.join(traceback.format_exception(kind, value, trace)))
    sys.excepthook = report
    def leave(*arguments):
        raise RuntimeError('the script ends the process (exit), which is not allowed in a run')
    sys.exit = builtins.exit = builtins.quit = leave
    def guarded(function):
        @functools.wraps(function)
        def call(*arguments):
            try:
                return function(*arguments)
            except SystemExit:
                raise RuntimeError('the script ends the process (exit), which is not allowed in a run') from None
        return call
    for name in ('import_and_validate', 'do_request_data_description', 'do_catalyst_initialize',
                 'do_catalyst_execute', 'do_catalyst_finalize'):
        setattr(v2_internals, name, guarded(getattr(v2_internals, name)))
_kollagen_guard()
)";

/// `text` without what would end a string of Python.
std::string harmless(std::string text) {
  std::erase_if(text,
                [](const char c) { return c == '"' || c == '\'' || c == '\\' || c == '%' || c == '\n'; });
  return text;
}

/// Where there is no display: VTK aborts the process as soon as a view is drawn, so that none may be made.
constexpr const char* no_views = R"(
def _kollagen_no_views():
    from paraview import servermanager, simple
    make = servermanager.ProxyManager.NewProxy
    def refuse(name):
        raise RuntimeError("the script makes a view (%s), which needs a display, and {}" % name)
    def new_proxy(self, group, name):
        if group == 'views' and name != 'SpreadSheetView':
            refuse(name)
        return make(self, group, name)
    servermanager.ProxyManager.NewProxy = new_proxy
    simple.LoadState = lambda *arguments, **options: refuse('LoadState')
_kollagen_no_views()
)";

/// What is run where a viewer is wanted and no script: it offers the fields and does nothing.
constexpr const char* live_only = R"(# script-version: 2.0
from paraview import catalyst
from paraview.simple import *
fields = TrivialProducer(registrationName="fields")
options = catalyst.Options()
def catalyst_execute(info):
    pass
)";

/// An array of VTK over values that are not its own, with their range. ParaView asks for the ranges of all fields
/// after every change, whether or not anybody looks at them; VTK's own way to find one takes longer than a
/// picture.
template <class VtkArray>
class RangedArray final : public VtkArray {
 public:
  using Value = typename VtkArray::ValueType;
  /// `ghost` marks the values that do not count; empty: all do.
  RangedArray(const std::vector<Value>& values, const std::vector<unsigned char>& ghost) {
    this->InitializeObjectBase();
    // VTK takes no read-only memory; save = 1: it never frees it. Filters write into arrays of their own.
    this->SetArray(const_cast<Value*>(values.data()), vtkIdType(values.size()), 1);
    Value low = std::numeric_limits<Value>::max(), high = std::numeric_limits<Value>::lowest();
    for (std::size_t c = 0; c < values.size(); ++c) {
      const bool counts = ghost.empty() || ghost[c] == 0;
      low = counts && values[c] < low ? values[c] : low;
      high = counts && values[c] > high ? values[c] : high;
    }
    range_ = {double(low), double(high)};
  }

 protected:
  bool ComputeScalarRange(double* range, const unsigned char*, unsigned char) override { return tell(range); }
  bool ComputeFiniteScalarRange(double* range, const unsigned char*, unsigned char) override {
    return tell(range);
  }

 private:
  bool tell(double* range) const {
    std::copy(range_.begin(), range_.end(), range);
    return true;
  }
  std::array<double, 2> range_{};
};

template <class VtkArray, class Value>
vtkSmartPointer<vtkDataArray> wrap(const std::vector<Value>& values, const std::vector<unsigned char>& ghost) {
  return vtkSmartPointer<vtkDataArray>::Take(new RangedArray<VtkArray>(values, ghost));
}

class ParaViewBackend final : public InsituBackend {
 public:
  explicit ParaViewBackend(ParaViewSetup setup) : setup_(std::move(setup)) {}

  void check() override {
    if (!setup_.scripts.empty()) script_ = find_script(setup_.scripts);
  }

  void load() override {
    const KeepSignals keep;
    listener_->begin();
    // A display that only some ranks have is of no use: all draw together.
    const std::string display = missing_display();
    const bool draws = setup_.ranks.max(display.empty() ? 0 : 1) == 0;
    together(setup_.ranks,
             [&] { use_extracts_folder(setup_.folder); });  // what follows is for all or for none
    if (setup_.scripts.empty()) write_live_only();
    const std::string settings = steering_xml(setup_.steering);
    on_root(setup_.ranks, [&] {  // a viewer loads it as a plugin
      const fs::path path = setup_.folder / "steering.xml";
      if (!(std::ofstream(path) << settings << std::flush))
        throw EnvironmentError(path.string() + ": cannot be written");
    });
    // From here on a rank may fail alone: nothing below is collective but ParaView's own start.
    vtkPythonInterpreter::Initialize(0);  // without its signal handlers: those are ours
#ifdef KOLLAGEN_HAVE_MPI
    MPI_Comm handle = mpi_handle(setup_.ranks);
    vtkMPICommunicatorOpaqueComm communicator(&handle);
    const int started = processor_->Initialize(communicator);
#else
    const int started = processor_->Initialize();
#endif
    listener_->display();
    if (started == 0) fail(listener_->take(), "ParaView does not start");
    if (vtkPythonInterpreter::RunSimpleString(guard) != 0)
      fail(listener_->take(), "ParaView's Python does not start");
    if (!draws) {
      const std::string reason = display.empty() ? "another rank has none" : harmless(display);
      if (vtkPythonInterpreter::RunSimpleString(fmt::format(fmt::runtime(no_views), reason).c_str()) != 0)
        fail(listener_->take(), "ParaView's Python does not start");
    }
    vtkNew<vtkCPPythonScriptV2Pipeline> pipeline;
    if (!pipeline->Initialize(script_.c_str()))
      fail(listener_->take(), script_.string() + " cannot be loaded");
    processor_->AddPipeline(pipeline);
    offer_settings(settings);
  }

  SteeringSettings settings() override {
    const auto value = [&](const char* name) { return vtkSMPropertyHelper(settings_, name).GetAsDouble(0); };
    SteeringSettings now{value(steering_pause) != 0, value(steering_stop) != 0, std::lround(value(steering_outputs)),
                         {}};
    for (const SteeringParameter& p : setup_.steering) now.values.push_back(value(p.name.c_str()));
    return now;
  }

  void set_value(const std::size_t parameter, const double value) override {
    setup_.steering.at(parameter).value = value;
    if (!settings_) return;
    vtkSMPropertyHelper(settings_, setup_.steering[parameter].name.c_str()).Set(0, value);
    settings_->UpdateVTKObjects();
  }

  /// Whether the viewer is there. Collective.
  bool connect() {
    vtkSMSessionProxyManager* proxies = vtkSMProxyManager::GetProxyManager()->GetActiveSessionProxyManager();
    const bool there = link_->Initialize(proxies);
    listener_->take();  // that nobody listened; it is ours to say
    return there;
  }

  /// Shows the viewer the state that the script has seen. Collective.
  void show_live(const InsituFrame& frame) {
    using Steady = std::chrono::steady_clock;
    bool there = false;
    if (!link_) {
      link_ = vtkSmartPointer<vtkLiveInsituLink>::New();
      link_->SetHostname(setup_.host.c_str());
      link_->SetInsituPort(setup_.port);
      link_->SetProcessType(vtkLiveInsituLink::INSITU);
      const auto begin = Steady::now();
      there = connect();
      // The clocks of the ranks differ: one of them decides.
      const auto waits = [&] {
        double left = setup_.patience - std::chrono::duration<double>(Steady::now() - begin).count();
        setup_.ranks.broadcast(&left, sizeof left, 0);
        return left > 0;
      };
      while (!there && waits()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        there = connect();
      }
      const std::string nobody = fmt::format("no ParaView waits at {}:{}", setup_.host, setup_.port);
      if (!there && setup_.insists) throw EnvironmentError(nobody);
      if (!there) complaints_ += nobody + ", which is tried again at each call\n";
    } else {
      there = connect();
    }
    if (!there) return;
    vtkSMSessionProxyManager* proxies = vtkSMProxyManager::GetProxyManager()->GetActiveSessionProxyManager();
    do {
      link_->InsituUpdate(frame.time, frame.step);
      // The link sends what pipelines hold and updates none.
      vtkNew<vtkCollection> sources;
      proxies->GetProxies("sources", sources);
      for (int s = 0; s < sources->GetNumberOfItems(); ++s)
        if (auto* source = vtkSMSourceProxy::SafeDownCast(sources->GetItemAsObject(s)))
          source->UpdatePipeline(frame.time);
      link_->InsituPostProcess(frame.time, frame.step);
    } while (link_->GetSimulationPaused() && link_->WaitForLiveChange() == 0);
    complaints_ += listener_->take();
  }

  std::string name() const override { return "ParaView " + paraview_version(); }

  bool request(const double time, const long step) override {
    const KeepSignals keep;
    description_ = vtkSmartPointer<vtkCPDataDescription>::New();
    description_->AddInput(insitu_channel);
    description_->SetTimeData(time, step);
    const bool asked = processor_->RequestDataDescription(description_) != 0;
    // A script that has failed is never asked again by ParaView, without a word; it is we who stop then.
    const std::string text = listener_->take();
    if (!asked && !text.empty()) fail(text, "");
    complaints_ += text;
    return asked;
  }

  bool wants(const std::string& field) const override {
    vtkCPInputDataDescription* input = description_->GetInputDescriptionByName(insitu_channel);
    return input->GetAllFields() || input->IsFieldNeeded(field.c_str(), vtkDataObject::CELL);
  }

  void execute(const InsituFrame& frame) override {
    const KeepSignals keep;
    vtkNew<vtkImageData> grid;
    const auto& [fx, fy, fz] = frame.first;
    const auto& [nx, ny, nz] = frame.cells;
    const auto& all = frame.global_cells;
    grid->SetOrigin(0, 0, 0);
    grid->SetSpacing(frame.spacing.data());
    grid->SetExtent(fx, fx + nx, fy, fy + ny, fz, fz + nz);  // of points
    for (const InsituArray* array : frame.arrays) {
      const auto* single = std::get_if<std::vector<float>>(&array->values);
      vtkSmartPointer<vtkDataArray> values =
          single ? wrap<vtkFloatArray>(*single, frame.ghost)
                 : wrap<vtkDoubleArray>(std::get<std::vector<double>>(array->values), frame.ghost);
      values->SetName(array->name.c_str());
      values->GetInformation()->Set(vtkDataArray::UNITS_LABEL(), array->unit.c_str());
      grid->GetCellData()->AddArray(values);
    }
    // Without neighbours there is nothing to mark, and filters need not look at marks.
    if (!frame.ghost.empty()) {
      vtkSmartPointer<vtkDataArray> ghost = wrap<vtkUnsignedCharArray>(frame.ghost, {});
      ghost->SetName(vtkDataSetAttributes::GhostArrayName());
      grid->GetCellData()->AddArray(ghost);
    }
    for (const auto& [name, unit] : {std::pair("time_unit", "h"), std::pair("length_unit", "um")}) {
      vtkNew<vtkStringArray> text;
      text->SetName(name);
      text->InsertNextValue(unit);
      grid->GetFieldData()->AddArray(text);
    }
    // Bounds that a script asks for are those of its rank: cameras and sections need the domain.
    vtkNew<vtkDoubleArray> size;
    size->SetName("domain_size_um");
    size->SetNumberOfComponents(3);
    size->InsertNextTuple3(all[0] * frame.spacing[0], all[1] * frame.spacing[1], all[2] * frame.spacing[2]);
    grid->GetFieldData()->AddArray(size);
    vtkCPInputDataDescription* input = description_->GetInputDescriptionByName(insitu_channel);
    input->SetGrid(grid);
    input->SetWholeExtent(0, all[0], 0, all[1], 0, all[2]);
    if (processor_->CoProcess(description_) == 0) fail(listener_->take(), "fails");
    complaints_ += listener_->take();
    if (!setup_.host.empty()) show_live(frame);
  }

  void finish() override {
    const KeepSignals keep;
    if (processor_->Finalize() == 0) fail(listener_->take(), "fails at its end");
    complaints_ += listener_->take();
  }

  std::string complaints() override { return reason_in(std::exchange(complaints_, ""), script_); }

 private:
  /// Registers the source with the settings, which scripts and viewers find by its name.
  void offer_settings(const std::string& xml) {
    vtkSMSessionProxyManager* proxies = vtkSMProxyManager::GetProxyManager()->GetActiveSessionProxyManager();
    proxies->GetProxyDefinitionManager()->LoadConfigurationXMLFromString(xml.c_str());
    settings_.TakeReference(proxies->NewProxy("sources", steering_proxy));
    if (!settings_) fail(listener_->take(), "ParaView does not know the settings");
    for (int axis = 0; axis < 3; ++axis) vtkSMPropertyHelper(settings_, "Center").Set(axis, 0.0);
    for (const char* name : {steering_pause, steering_stop, steering_outputs})
      vtkSMPropertyHelper(settings_, name).Set(0, 0.0);
    for (const SteeringParameter& p : setup_.steering) vtkSMPropertyHelper(settings_, p.name.c_str()).Set(0, p.value);
    settings_->UpdateVTKObjects();
    vtkNew<vtkSMParaViewPipelineController> controller;
    controller->RegisterPipelineProxy(settings_, steering_source);
  }
  void write_live_only() {
    script_ = setup_.folder / "live.py";
    bool written = true;
    if (setup_.ranks.root()) written = bool(std::ofstream(script_) << live_only << std::flush);
    if (setup_.ranks.max(written ? 0 : 1) > 0)
      throw EnvironmentError(script_.string() + ": cannot be written");
  }
  /// Throws the reason in what Python or VTK said, or `otherwise`; the whole of it goes to a file.
  [[noreturn]] void fail(const std::string& text, const std::string& otherwise) const {
    const std::string reason = text.empty() ? otherwise : reason_in(text, script_);
    std::string more;
    if (std::count(text.begin(), text.end(), '\n') > 1) {
      const int rank = setup_.ranks.rank();
      const fs::path path =
          setup_.folder / (rank == 0 ? "error.txt" : fmt::format("error_rank_{}.txt", rank));
      std::ofstream file(path);
      if (file << text) more = fmt::format(" (all of it: {})", path.string());
    }
    throw EnvironmentError(fmt::format("{}: {}{}", script_.string(), reason, more));
  }

  ParaViewSetup setup_;
  fs::path script_;
  vtkNew<Listener> listener_;
  vtkNew<vtkCPProcessor> processor_;
  vtkSmartPointer<vtkCPDataDescription> description_;
  vtkSmartPointer<vtkSMProxy> settings_;     ///< from `load` on
  vtkSmartPointer<vtkLiveInsituLink> link_;  ///< from the first state on that a viewer may see
  std::string complaints_;
};

}  // namespace

std::unique_ptr<InsituBackend> make_paraview_backend(ParaViewSetup setup) {
  return std::make_unique<ParaViewBackend>(std::move(setup));
}

std::string paraview_version() { return PARAVIEW_VERSION_FULL; }

}  // namespace kollagen
