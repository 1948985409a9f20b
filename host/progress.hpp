/// What a run says while it runs: its log, and the line that tells where it stands.
#pragma once

#include <spdlog/logger.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "host/output/report.hpp"
#include "kollagen/snapshot.hpp"

namespace kollagen {

/// A log that goes to standard output and, with the time, to the end of RUN/log.txt. Throws IoError.
std::shared_ptr<spdlog::logger> open_log(const std::filesystem::path& run_dir);

/// A log that goes nowhere, for ranks that have nothing to say.
std::shared_ptr<spdlog::logger> silent_log();

/// "5 s", "2 min 03 s", "1 h 05 min".
std::string duration_text(double seconds);

/// The end of a run [h] in the unit that suits it, such as "28 day".
std::string end_text(double end);

/// A simulated time [h] of a run that goes to `end` [h], such as "3.500 of 28 day".
std::string time_text(double time, double end);

/// Where the run stands, on one line: rewritten in place on a terminal, a new line now and then elsewhere;
/// and in RUN/status.json. For one rank of a run.
class StatusLine {
 public:
  /// Writes the state "running". `cells` are those of the whole domain; `so_far` tells ranks, sessions and
  /// the wall time of earlier sessions.
  StatusLine(spdlog::logger& log, std::filesystem::path run_dir, double cells, const Clock& clock,
             RunStatus so_far);

  /// `state`: "running", or how the session ended, which is shown in any case.
  void show(const Clock& clock, long rejected, const std::string& state);

 private:
  void write(const Clock& clock);

  spdlog::logger& log_;
  std::filesystem::path run_dir_;
  double cells_;
  RunStatus status_;
  double earlier_seconds_;
  bool terminal_;
  bool writable_ = true;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  double shown_ = 0, time_ = 0;
  long step_ = 0;
};

}  // namespace kollagen
