/// `kollagen verify`: is everything in a run folder complete and undamaged?
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <vector>

#include "host/checkpoint/grid_file.hpp"
#include "host/checkpoint/inspect.hpp"
#include "host/checkpoint/manifest.hpp"
#include "host/checkpoint/table.hpp"
#include "host/config/reader.hpp"
#include "host/config/session_keys.hpp"
#include "host/output/factory.hpp"
#include "host/output/field_selection.hpp"
#include "kollagen/check.hpp"

namespace kollagen {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr unsigned longest_read = 3600;  // [s] of one file

/// Calls `work` in a process of its own and returns the text of its error. HDF5 1.10 may crash, or never
/// return, where the tables of a file are damaged.
std::string apart(const std::function<void()>& work) {
  int ends[2];
  if (::pipe(ends) != 0) throw IoError("cannot make a pipe");
  const pid_t child = ::fork();
  if (child < 0) throw IoError("cannot start a process");
  if (child == 0) {
    ::close(ends[0]);
    ::alarm(longest_read);
    for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL}) ::signal(signal, SIG_DFL);
    std::string text;
    try {
      work();
    } catch (const std::exception& error) {
      text = error.what();
    }
    const ssize_t written = ::write(ends[1], text.data(), text.size());
    std::_Exit(written == ssize_t(text.size()) ? 0
                                               : 1);  // nothing of this copy of the program may be tidied up
  }
  ::close(ends[1]);
  std::string text(65536, '\0');
  std::size_t length = 0;
  for (ssize_t count = 0; (count = ::read(ends[0], text.data() + length, text.size() - length)) > 0;)
    length += std::size_t(count);
  ::close(ends[0]);
  text.resize(length);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status))
    return fmt::format("damaged such that reading it ends with signal {}", WTERMSIG(status));
  return text;
}

/// One look at a run folder.
class Verification {
 public:
  Verification(fs::path run_dir, std::string& report) : run_(std::move(run_dir)), report_(report) {}

  int all() {
    study();
    outcome();
    checkpoints();
    for (const char* folder : {"fields", "slices"}) series_in(folder);
    if (config_) expected_series();
    tables();
    line("", faults_ == 0 ? "everything is complete and undamaged" : fmt::format("{} faults", faults_));
    return faults_ == 0 ? 0 : int(ExitCode::input_output);
  }

 private:
  void line(const std::string& word, const std::string& text) {
    report_ += fmt::format("{:<8} {}\n", word, text);
  }
  void good(const fs::path& file, const std::string& text) { line("ok", name(file) + "  " + text); }
  void note(const fs::path& file, const std::string& text) { line("note", name(file) + "  " + text); }
  void bad(const fs::path& file, const std::string& text) {
    line("FAULT", name(file) + "  " + text);
    ++faults_;
  }
  std::string name(const fs::path& file) const { return fs::relative(file, run_).string(); }

  /// Calls `work`, which returns what is good to know about `file`, or throws its fault.
  void look(const fs::path& file, const std::function<std::string()>& work) {
    try {
      good(file, work());
    } catch (const std::exception& error) {
      bad(file, error.what());
    }
  }

  void study() {
    const fs::path file = run_ / "config.toml";
    look(file, [&] {
      config_text_ = file_text(file);
      config_ = parse_config(config_text_, file.string(), {}, std::numeric_limits<double>::infinity());
      if (config_->resolved_toml != config_text_) note(file, "another version of the program resolved it");
      return config_->title + " (" + config_->model + ")";
    });
  }

  void outcome() {
    for (const char* file_name : {"status.json", "report.json"}) {
      const fs::path file = run_ / file_name;
      if (!fs::exists(file)) {
        note(file, "is not there (yet)");
        continue;
      }
      look(file, [&] {
        const Json json = Json::parse(file_text(file));
        if (file.stem() != "report") return json.at("state").get<std::string>();
        done_ = json.at("outcome") == "done";
        return json.at("outcome").get<std::string>();
      });
    }
  }

  void checkpoints() {
    const fs::path folder = checkpoint_folder(run_);
    OneRank one;
    for (const fs::path& file : manifests_in(folder))
      look(file, [&] {
        const Manifest manifest = read_manifest(file);
        if (manifest.config_sum != text_sum(study_of_run(config_text_)))
          throw IoError("is of another study than config.toml");
        check_data(manifest, folder, one);
        return fmt::format("step {}, {} h, {} datasets, {} bytes", manifest.step, manifest.time,
                           manifest.datasets.size(), manifest.data_bytes);
      });
    for (const fs::path& file : unfinished_in(folder)) note(file, "has no manifest: its write was cut off");
    for (const fs::path& file : temporaries_in(folder)) note(file, "is left from a write that was cut off");
  }

  void series_in(const char* folder_name) {
    const fs::path folder = run_ / folder_name;
    if (!fs::is_directory(folder)) return;
    std::set<fs::path> frames, series;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() == ".series") series.insert(entry.path());
      if (entry.path().extension() == ".hdf") frames.insert(entry.path());
      if (entry.path().extension() == ".tmp") note(entry.path(), "is left from a write that was cut off");
    }
    for (const fs::path& file : series) {
      std::vector<double> times;
      std::vector<fs::path> members;
      look(file, [&] {
        const Json json = Json::parse(file_text(file));
        for (const Json& entry : json.at("files")) {
          members.push_back(folder / entry.at("name").get<std::string>());
          times.push_back(entry.at("time").get<double>());
          if (times.size() > 1 && times.back() <= times[times.size() - 2])
            throw IoError(fmt::format("time {} h comes after {} h", times.back(), times[times.size() - 2]));
        }
        return fmt::format("{} frames", times.size());
      });
      series_[name(file)] = times;
      for (std::size_t n = 0; n < members.size(); ++n) {
        frames.erase(members[n]);
        frame(members[n], times[n], n, fields_of(file));
      }
    }
    for (const fs::path& file : frames) {
      const std::string text = "is in no series";
      if (done_)
        bad(file, text);
      else
        note(file, text + ": the run was cut off before it was listed, and will write it again");
    }
  }

  /// Names of the fields that the study asks for in a series.
  std::set<std::string> fields_of(const fs::path& series) const {
    std::set<std::string> names;
    if (!config_) return names;
    const ModelInfo& model = model_info(config_->model);
    for (const OutputConfig& output : config_->outputs)
      if (series_file(output) == series)
        for (const int species : select_species(model, output.fields, output.name))
          names.insert(model.species[std::size_t(species)].name);
    return names;
  }

  fs::path series_file(const OutputConfig& output) const {
    return run_ / (output.kind == OutputKind::slice ? "slices" : "fields") / (output.name + ".hdf.series");
  }

  void frame(const fs::path& file, const double time, const std::size_t index,
             const std::set<std::string>& fields) {
    look(file, [&] {
      if (!fs::exists(file)) throw IoError("is missing");
      const std::string fault = apart([&] { read_frame(file, time, index, fields); });
      if (!fault.empty()) throw IoError(fault);
      return fmt::format("{} h", time);
    });
  }

  void read_frame(const fs::path& file, const double time, const std::size_t index,
                  const std::set<std::string>& fields) const {
    const GridFile frame_file(file);
    if (frame_file.number("time") != time) throw IoError("its time is not that of the series");
    if (frame_file.number("index") != double(index)) throw IoError("its number is not that of the series");
    if (study_of_run(frame_file.text("config_toml")) != study_of_run(config_text_))
      throw IoError("its study is not config.toml");
    const auto datasets = frame_file.datasets();
    std::set<std::string> found;
    for (const GridDataset& dataset : datasets) found.insert(dataset.field());
    if (config_ && found != fields)
      throw IoError(fmt::format("holds the fields {}; the study asks for {}", fmt::join(found, ", "),
                                fmt::join(fields, ", ")));
    for (const GridDataset& dataset : datasets) {
      if (dataset.extent != datasets.front().extent)
        throw IoError(fmt::format("{} has other extents than {}", dataset.field(), datasets.front().field()));
      frame_file.check_pieces(dataset);
      const long step = planes_at_once(dataset);
      for (long k = 0; k < dataset.extent[0]; k += step)
        frame_file.read(dataset, k, std::min(k + step, dataset.extent[0]));
    }
  }

  /// Every frame that the study asks for, up to where the run is.
  void expected_series() {
    for (const OutputConfig& output : config_->outputs) {
      if (output.kind != OutputKind::fields && output.kind != OutputKind::slice) continue;
      const fs::path file = series_file(output);
      const auto found = series_.find(name(file));
      const std::vector<double> written = found == series_.end() ? std::vector<double>() : found->second;
      std::vector<double> expected = instants(output);
      if (!done_ && expected.size() > written.size()) expected.resize(written.size());
      if (expected.size() != written.size())
        bad(file, fmt::format("{} frames, the study asks for {}", written.size(), expected.size()));
      for (std::size_t n = 0; n < std::min(expected.size(), written.size()); ++n)
        // Instants that only rounding tells apart are met once, at either.
        if (std::abs(written[n] - expected[n]) > 1e-9 * std::abs(expected[n])) {
          bad(file, fmt::format("frame {} is of {} h, the study asks for {} h", n, written[n], expected[n]));
          break;
        }
    }
  }

  std::vector<double> instants(const OutputConfig& output) const {
    const Schedule schedule = schedule_of(output, *config_);
    const double end = config_->time.end;
    std::vector<double> times;
    for (double time = schedule.next(0); time <= end;
         time = schedule.next(std::nextafter(time, std::numeric_limits<double>::infinity())))
      times.push_back(time);
    if (schedule.covers(end) && (times.empty() || times.back() < end)) times.push_back(end);
    return times;
  }

  void tables() {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(run_))
      if (entry.path().extension() == ".csv") files.push_back(entry.path());
    const fs::path histograms = run_ / "histograms";
    if (fs::is_directory(histograms))
      for (const auto& entry : fs::directory_iterator(histograms)) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files)
      look(file, [&] {
        const Table table = read_table(file);
        const std::vector<double>& time = table.columns.at(0);
        for (std::size_t row = 1; row < time.size(); ++row)
          if (!(time[row] > time[row - 1] || (time[row] == time[row - 1] && file.parent_path() == histograms)))
            throw IoError(
                fmt::format("line {}: time {} h comes after {} h", row + 2, time[row], time[row - 1]));
        return fmt::format("{} rows, {} columns", time.size(), table.columns.size());
      });
    if (done_ && !fs::exists(run_ / "metrics.csv")) bad(run_ / "metrics.csv", "is missing");
  }

  fs::path run_;
  std::string& report_;
  int faults_ = 0;
  std::string config_text_;
  std::optional<Config> config_;
  bool done_ = false;
  std::map<std::string, std::vector<double>> series_;  ///< times by the name of the series
};

}  // namespace

int verify_run(const fs::path& run_dir, std::string& report) {
  if (!fs::exists(run_dir / "config.toml"))
    throw InputError(run_dir.string() + ": holds no run of Kollagen (no config.toml)");
  return Verification(run_dir, report).all();
}

}  // namespace kollagen
