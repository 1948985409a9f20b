#include "host/run.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>

#include "host/config/reader.hpp"
#include "host/config/validate.hpp"
#include "host/driver.hpp"
#include "host/output/factory.hpp"
#include "host/output/report.hpp"
#include "host/run_folder.hpp"
#include "host/simulation.hpp"
#include "kernels/bandwidth.hpp"
#include "kollagen/check.hpp"
#include "kollagen_version.hpp"

namespace kollagen {
namespace {

using Exec = Kokkos::DefaultExecutionSpace;
namespace fs = std::filesystem;

/// The signal that asked the run to stop; 0: none.
volatile std::sig_atomic_t stop_signal = 0;

/// Lets SIGINT and SIGTERM end a run after the step in progress; the second one ends the process at once.
/// What is ignored stays ignored, as in a job that a shell put into the background.
class StopSignals {
 public:
  StopSignals() {
    stop_signal = 0;
    struct sigaction action {};
    action.sa_handler = [](const int number) { stop_signal = number; };
    action.sa_flags = SA_RESTART | int(SA_RESETHAND);
    for (std::size_t s = 0; s < 2; ++s) {
      sigaction(numbers[s], nullptr, &before_[s]);
      if (before_[s].sa_handler != SIG_IGN) sigaction(numbers[s], &action, nullptr);
    }
  }
  ~StopSignals() {
    for (std::size_t s = 0; s < 2; ++s) sigaction(numbers[s], &before_[s], nullptr);
  }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  static std::string name() { return stop_signal == SIGINT ? "SIGINT" : "SIGTERM"; }

 private:
  static constexpr int numbers[] = {SIGINT, SIGTERM};
  struct sigaction before_[2]{};
};

/// Times of a run in the unit that suits its length.
struct TimeScale {
  double hours;
  const char* name;
};

TimeScale time_scale(const double end) {
  if (end >= 48) return {24, "day"};
  if (end >= 2) return {1, "h"};
  return end >= 2 / 60. ? TimeScale{1 / 60., "min"} : TimeScale{1 / 3600., "s"};
}

double seconds_since(const std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

long peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss * 1024L;
}

std::string duration(const double seconds) {
  const long s = long(seconds + 0.5);
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {:02} s", s / 60, s % 60);
  return fmt::format("{} h {:02} min", s / 3600, s % 3600 / 60);
}

/// Where the run stands, on one line: rewritten in place on a terminal, a new line now and then elsewhere.
class StatusLine {
 public:
  StatusLine(spdlog::logger& log, const fs::path& folder, const double cells, const Clock& clock)
      : log_(log), folder_(folder), cells_(cells), terminal_(isatty(STDOUT_FILENO) == 1) {
    write_status(folder_, clock, "running", std::nullopt);
  }

  /// `state`: "running", or how the run ended, which is shown in any case.
  void show(const Clock& clock, const long rejected, const std::string& state) {
    const bool last = state != "running";
    const double elapsed = seconds_since(start_), interval = terminal_ ? 0.5 : 10;
    if (!last && elapsed - shown_ < interval) return;
    const double recent = elapsed - shown_ > 0 ? cells_ * double(clock.step - step_) / (elapsed - shown_) : 0;
    // Steps grow with time, so the share of steps done says little: extrapolate the recent pace in simulated
    // time.
    const double pace = elapsed > shown_ ? (clock.time - time_) / (elapsed - shown_) : 0;
    const std::optional<double> left =
        pace > 0 ? std::optional<double>((clock.end - clock.time) / pace) : std::nullopt;
    const TimeScale scale = time_scale(clock.end);
    const std::string line =
        fmt::format("{:.3f} of {:g} {}  {:3.0f} %  step {} ({} rejected)  dt {:.3g} h  {:.3g} Mcell/s  {}",
                    clock.time / scale.hours, clock.end / scale.hours, scale.name,
                    clock.end > 0 ? 100 * clock.time / clock.end : 100, clock.step, rejected, clock.dt,
                    recent / 1e6, left && !last ? "ETA " + duration(*left) : "");
    if (terminal_)
      fmt::print("\r{:<110}{}", line, last ? "\n" : "");
    else
      log_.info(line);
    std::fflush(stdout);
    write_status(folder_, clock, state, left);
    shown_ = elapsed;
    step_ = clock.step;
    time_ = clock.time;
  }

 private:
  spdlog::logger& log_;
  fs::path folder_;
  double cells_;
  bool terminal_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  double shown_ = 0, time_ = 0;
  long step_ = 0;
};

std::shared_ptr<spdlog::logger> make_log(const fs::path& folder) {
  try {
    auto console = std::make_shared<spdlog::sinks::stdout_sink_mt>();
    auto file = std::make_shared<spdlog::sinks::basic_file_sink_mt>((folder / "log.txt").string());
    console->set_pattern("%v");
    file->set_pattern("%Y-%m-%d %H:%M:%S %v");
    auto log = std::make_shared<spdlog::logger>("kollagen", spdlog::sinks_init_list{console, file});
    log->flush_on(spdlog::level::info);
    return log;
  } catch (const spdlog::spdlog_ex& error) {
    throw IoError((folder / "log.txt").string() + ": " + error.what());
  }
}

void banner(spdlog::logger& log, const Config& config, const Simulation<Exec>& simulation,
            const fs::path& folder) {
  const Grid& grid = simulation.grid();
  log.info("Kollagen {} ({}) | Kokkos {} {} x {} | {}", version::number, version::git_hash, version::kokkos,
           Exec::name(), Exec().concurrency(), version::compiler);
  log.info("{} | model {}, {} fields | output {}", config.title, config.model,
           simulation.model().species.size(), folder.string());
  log.info(
      "grid {} x {} x {} = {} cells of {:g} x {:g} x {:g} um | fields and solver {:.3g} MB, one state {:.3g} "
      "MB",
      grid.cells[0], grid.cells[1], grid.cells[2], grid.owned_count(), grid.spacing[0], grid.spacing[1],
      grid.spacing[2], double(simulation.integrator().bytes()) / 1e6,
      double(simulation.integrator().state().bytes()) / 1e6);
  const TimeScale scale = time_scale(config.time.end);
  const bool imex = config.time.integrator == IntegratorKind::imex;
  log.info("{} to {:g} {}{} | treatments: {}, needles at the start: {}", imex ? "imex" : "explicit",
           config.time.end / scale.hours, scale.name,
           imex ? fmt::format(", tolerance {:g}", config.time.tolerance) : "", config.treatments.size(),
           simulation.needles_placed());
}

}  // namespace

int run_study(const RunOptions& options) {
  const Config config = read_config(options.config, options.overrides);
  const fs::path folder =
      options.output.empty() ? fs::path("runs") / fs::path(options.config).stem() : fs::path(options.output);
  std::optional<FolderLock> lock;  // before anything in the folder is judged or removed
  if (fs::is_directory(folder)) lock.emplace(folder);
  // With --fresh an earlier run goes, whatever its study; files of other origin in its folder stay.
  const bool replace = options.fresh && fs::exists(folder / "config.toml");
  if (replace) clear_run_folder(folder);
  switch (replace ? FolderState::free : inspect_run_folder(folder, config)) {
    case FolderState::finished:
      fmt::print("{}: already complete; --fresh runs it again\n", folder.string());
      return int(ExitCode::done);
    case FolderState::unfinished:
      fmt::print("{}: the run there did not finish and left no checkpoint; starting from the beginning\n",
                 folder.string());
      clear_run_folder(folder);
      break;
    case FolderState::free:
      break;
  }

  const auto start = std::chrono::steady_clock::now();
  const double copy = copy_bandwidth(Exec());  // first: its arrays are gone when the fields are allocated
  Simulation<Exec> simulation(config);
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw IoError(folder.string() + ": cannot be created: " + error.message());
  if (!lock) lock.emplace(folder);
  auto sinks = make_sinks(config, simulation.model(), simulation.grid(), folder, simulation.communicator());
  const auto log = make_log(folder);
  write_config(folder, config);
  banner(*log, config, simulation, folder);
  for (const auto& line : plan_lines(config)) log->info(line);
  log->info("explicit steps: {:.3g} s at most{}",
            3600 * simulation.integrator().physics().explicit_step_limit(simulation.integrator().state()),
            config.time.integrator == IntegratorKind::imex
                ? fmt::format("; imex starts with {:.3g} s",
                              3600 * config.time.step.value_or(config.time.first_step))
                : "");

  StatusLine status(*log, folder, double(simulation.grid().owned_count()), simulation.clock());
  const double setup_seconds = seconds_since(start);
  double step_seconds = 0;
  const auto loop_start = std::chrono::steady_clock::now();

  RunReport report;
  report.title = config.title;
  report.model = config.model;
  report.backend = fmt::format("{} x {}", Exec::name(), Exec().concurrency());
  report.grid = simulation.grid();
  report.state_bytes = long(simulation.integrator().state().bytes());
  report.bandwidth = copy;
  const auto finish_report = [&](const std::string& outcome) {
    const StepStatistics& s = simulation.integrator().statistics();
    report.outcome = outcome;
    report.clock = simulation.clock();
    report.rejected_steps = s.rejected;
    report.wall_seconds = seconds_since(start);
    report.step_seconds = step_seconds;
    report.cell_updates = double(simulation.grid().owned_count()) * double(simulation.clock().step);
    report.bytes_moved = s.bytes;
    report.peak_memory_bytes = peak_memory();
    report.timers = {{"setup", setup_seconds, 1},
                     {"right-hand side", s.seconds_rates, s.steps},
                     {"signals", s.seconds_signals, s.stage_passes},
                     {"cells", s.seconds_cells, s.stage_passes},
                     {"local fields", s.seconds_local, s.stage_passes},
                     {"prediction, error and guards", s.seconds_control, s.steps},
                     {"outputs", seconds_since(loop_start) - step_seconds, 1}};
    write_report(folder, report);
  };

  const StopSignals signals;
  const auto show = [&](const std::string& state) {
    status.show(simulation.clock(), simulation.integrator().statistics().rejected, state);
  };
  try {
    const Steppable steppable{[&](const double limit) {
                                const auto begin = std::chrono::steady_clock::now();
                                simulation.step(limit);
                                step_seconds += seconds_since(begin);
                              },
                              simulation};
    const RunOutcome outcome = drive(steppable, sinks, options.steps, [&] {
      show("running");
      return stop_signal == 0;
    });
    const bool finished = outcome == RunOutcome::finished;
    show(finished ? "done" : "stopped");
    finish_report(finished                            ? "done"
                  : outcome == RunOutcome::step_limit ? "stopped by --steps"
                                                      : "stopped by " + StopSignals::name());
    log->info(
        "{} | {} steps, {} rejected | {} | {:.3g} Mcell updates/s, {:.3g} GB/s ({:.0f} % of copy) | peak "
        "memory "
        "{:.3g} MB",
        report.outcome, report.clock.step, report.rejected_steps, duration(report.wall_seconds),
        report.cell_updates / std::max(step_seconds, 1e-9) / 1e6,
        report.bytes_moved / std::max(step_seconds, 1e-9) / 1e9,
        100 * report.bytes_moved / std::max(step_seconds, 1e-9) / copy,
        double(report.peak_memory_bytes) / 1e6);
    for (const Timer& timer : report.timers)
      log->info("  {:<30} {:8.2f} s  {:5.1f} %", timer.name, timer.seconds,
                100 * timer.seconds / std::max(report.wall_seconds, 1e-9));
    if (!finished) {
      log->info("stopped after {} steps; there is no checkpoint, the same command starts from the beginning",
                report.clock.step);
      return int(ExitCode::resumable);
    }
    return int(ExitCode::done);
  } catch (const GuardError& failure) {
    // The evidence goes into a text file; no frame of the bad state is written.
    std::ofstream(folder / "guard.txt")
        << failure.what() << "\nlast accepted: time " << simulation.clock().time << " h, step "
        << simulation.clock().step << ", dt " << simulation.clock().dt << " h\n";
    show("failed");
    finish_report(std::string("numerical guard: ") + failure.what());
    log->error("numerical guard: {}", failure.what());
    throw;
  } catch (const IoError& failure) {
    // The disk may be full: what can still be written says why the run ended; the error itself goes on to the user.
    log->error("cannot write: {}", failure.what());
    try {
      show("failed");
      finish_report(std::string("cannot write: ") + failure.what());
    } catch (const IoError&) {
    }
    throw;
  }
}

}  // namespace kollagen
