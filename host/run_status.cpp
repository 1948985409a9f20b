#include "host/run_status.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>

#include "host/checkpoint/checkpoint.hpp"
#include "host/progress.hpp"
#include "host/run_folder.hpp"
#include "kollagen/check.hpp"

namespace kollagen {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

/// An object without members when the file is missing or no JSON.
Json read_json(const fs::path& file) {
  std::ifstream in(file);
  const Json json = Json::parse(in, nullptr, false);
  return json.is_object() ? json : Json::object();
}

void check_run(const fs::path& folder) {
  if (!fs::exists(folder / "config.toml"))
    throw InputError(folder.string() + ": holds no run of Kollagen (there is no config.toml)");
}

std::string clock_text(const std::time_t time) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::localtime(time));
}

/// What the file says and what the lock says, in one sentence.
std::string state_text(const Json& status, const Json& report, const LockHolder& holder) {
  const std::string state = status.value("state", "");
  const std::string outcome = report.value("outcome", "");
  switch (holder.state) {
    case LockHolder::State::held:
      return fmt::format("{} ({})", state == "running" ? "running" : "starting", holder.process);
    case LockHolder::State::unknown:
      return fmt::format("{}; whether a process is at work cannot be told on this file system",
                         state.empty() ? "unknown" : state);
    case LockHolder::State::free:
      break;
  }
  if (state == "done") return "done";
  if (state == "running" || state.empty()) return "ended without a word: killed, or its machine went down";
  return outcome.starts_with(state) ? outcome : fmt::format("{}: {}", state, outcome);
}

std::string checkpoint_lines(const fs::path& folder, const double end) {
  std::string text;
  for (const CheckpointEntry& entry : list_checkpoints(folder)) {
    if (!entry.fault.empty()) {
      text += fmt::format("  {}: {}\n", entry.manifest.filename().string(), entry.fault);
      continue;
    }
    const auto written = std::chrono::file_clock::to_sys(fs::last_write_time(entry.manifest));
    text += fmt::format("  {}  step {}, {}, {:.3g} MB, written {}\n", entry.data.filename().string(),
                        entry.step, time_text(entry.time, end), entry.bytes / 1e6,
                        clock_text(std::chrono::system_clock::to_time_t(
                            std::chrono::time_point_cast<std::chrono::system_clock::duration>(written))));
  }
  return text;
}

}  // namespace

std::string status_text(const fs::path& folder) {
  check_run(folder);
  const Json status = read_json(folder / "status.json");
  const LockHolder holder = lock_holder(folder);
  std::string text =
      fmt::format("state        {}\n", state_text(status, read_json(folder / "report.json"), holder));
  const double end = status.value("end_h", 0.0);
  if (!status.empty()) {
    text += fmt::format("time         {}, {:.1f} %, step {}, dt {:.3g} h\n",
                        time_text(status.value("time_h", 0.0), end), 100 * status.value("progress", 0.0),
                        status.value("step", 0L), status.value("dt_h", 0.0));
    const int sessions = status.value("sessions", 1), ranks = status.value("ranks", 1);
    text += fmt::format("spent        {} in {} session{}, {} rank{}\n",
                        duration_text(status.value("wall_s", 0.0)), sessions, sessions == 1 ? "" : "s", ranks,
                        ranks == 1 ? "" : "s");
    if (holder.state != LockHolder::State::free && status.contains("eta_s") && status["eta_s"].is_number())
      text += fmt::format("to go        about {}\n", duration_text(status["eta_s"]));
    const auto written = std::time_t(status.value("written", 0L));
    text += fmt::format("as of        {}, {} ago\n", clock_text(written),
                        duration_text(std::difftime(std::time(nullptr), written)));
  }
  const std::string checkpoints = checkpoint_lines(folder, end);
  text += checkpoints.empty() ? "checkpoints  none\n" : "checkpoints\n" + checkpoints;
  return text;
}

std::string ask_to_stop(const fs::path& folder) {
  check_run(folder);
  const LockHolder holder = lock_holder(folder);
  const bool running = read_json(folder / "status.json").value("state", "") == "running";
  if (holder.state == LockHolder::State::free || (holder.state == LockHolder::State::unknown && !running))
    throw InputError(folder.string() + ": no run is at work there");
  const fs::path file = stop_file(folder);
  if (!std::ofstream(file).flush()) throw IoError(file.string() + ": cannot be written");
  return fmt::format("{}: the run{} stops at the end of its step and leaves a checkpoint\n", folder.string(),
                     holder.process.empty() ? "" : " (" + holder.process + ")");
}

}  // namespace kollagen
