#include "host/progress.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

#include "kollagen/check.hpp"

namespace kollagen {
namespace {

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

}  // namespace

std::shared_ptr<spdlog::logger> open_log(const std::filesystem::path& run_dir) {
  try {
    auto console = std::make_shared<spdlog::sinks::stdout_sink_mt>();
    auto file = std::make_shared<spdlog::sinks::basic_file_sink_mt>((run_dir / "log.txt").string());
    console->set_pattern("%v");
    file->set_pattern("%Y-%m-%d %H:%M:%S %v");
    auto log = std::make_shared<spdlog::logger>("kollagen", spdlog::sinks_init_list{console, file});
    log->flush_on(spdlog::level::info);
    return log;
  } catch (const spdlog::spdlog_ex& error) {
    throw IoError((run_dir / "log.txt").string() + ": " + error.what());
  }
}

std::shared_ptr<spdlog::logger> silent_log() {
  return std::make_shared<spdlog::logger>("silent", spdlog::sinks_init_list{});
}

std::string duration_text(const double seconds) {
  const long s = long(seconds + 0.5);
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {:02} s", s / 60, s % 60);
  return fmt::format("{} h {:02} min", s / 3600, s % 3600 / 60);
}

std::string end_text(const double end) {
  const TimeScale scale = time_scale(end);
  return fmt::format("{:g} {}", end / scale.hours, scale.name);
}

std::string time_text(const double time, const double end) {
  return fmt::format("{:.3f} of {}", time / time_scale(end).hours, end_text(end));
}

StatusLine::StatusLine(spdlog::logger& log, std::filesystem::path run_dir, const double cells,
                       const Clock& clock, RunStatus so_far)
    : log_(log),
      run_dir_(std::move(run_dir)),
      cells_(cells),
      status_(std::move(so_far)),
      earlier_seconds_(status_.wall_seconds),
      terminal_(isatty(STDOUT_FILENO) == 1 &&
                status_.ranks == 1),  // launchers put terminals where there is none
      time_(clock.time),
      step_(clock.step) {
  status_.state = "running";
  write(clock);
}

void StatusLine::write(const Clock& clock) {
  try {
    write_status(run_dir_, clock, status_);
    writable_ = true;
  } catch (const IoError& error) {
    // No reason to end a run: if the disk is full, its outputs will say so.
    if (writable_) log_.warn("the state of the run is not up to date: {}", error.what());
    writable_ = false;
  }
}

void StatusLine::show(const Clock& clock, const long rejected, const std::string& state) {
  const bool last = state != "running";
  const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  const double interval = terminal_ ? 0.5 : 10;
  if (!last && elapsed - shown_ < interval) return;
  const double recent = elapsed > shown_ ? cells_ * double(clock.step - step_) / (elapsed - shown_) : 0;
  // Steps grow with time, so the share of steps done says little: extrapolate the recent pace in simulated
  // time.
  const double pace = elapsed > shown_ ? (clock.time - time_) / (elapsed - shown_) : 0;
  status_.state = state;
  status_.seconds_to_go = pace > 0 ? std::optional<double>((clock.end - clock.time) / pace) : std::nullopt;
  status_.wall_seconds = earlier_seconds_ + elapsed;
  const std::string line =
      fmt::format("{}  {:3.0f} %  step {} ({} rejected)  dt {:.3g} h  {:.3g} Mcell/s  {}",
                  time_text(clock.time, clock.end), clock.end > 0 ? 100 * clock.time / clock.end : 100,
                  clock.step, rejected, clock.dt, recent / 1e6,
                  status_.seconds_to_go && !last ? "ETA " + duration_text(*status_.seconds_to_go) : "");
  if (terminal_)
    fmt::print("\r{:<110}{}", line, last ? "\n" : "");
  else
    log_.info(line);
  std::fflush(stdout);
  write(clock);
  shown_ = elapsed;
  step_ = clock.step;
  time_ = clock.time;
}

}  // namespace kollagen
