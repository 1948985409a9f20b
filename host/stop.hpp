/// Why and when a run stops before its end: signals, a file, and the clock.
#pragma once

#include <array>
#include <chrono>
#include <csignal>
#include <deque>
#include <filesystem>
#include <optional>
#include <string>

#include "kollagen/communicator.hpp"

namespace kollagen {

/// Notes SIGTERM, SIGUSR1, SIGUSR2 and SIGINT while it lives instead of letting them end the process; a
/// second SIGINT ends it at once. What was ignored stays ignored, as in a job that a shell put into the
/// background. SIGPIPE and SIGXFSZ are ignored: a write that fails says so by itself. One object at a time.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// The signal noted last on this rank; 0: none.
  static int noted();

 private:
  static constexpr std::array numbers{SIGTERM, SIGUSR1, SIGUSR2, SIGINT, SIGPIPE, SIGXFSZ};
  std::array<struct sigaction, numbers.size()> before_{};
};

/// Reads a limit as Slurm writes them: minutes, MM:SS, HH:MM:SS, D-HH, D-HH:MM or D-HH:MM:SS. Returns seconds
/// > 0. Throws InputError.
double parse_walltime(const std::string& text);

/// The instant at which the batch job around this process ends.
struct JobEnd {
  std::optional<std::chrono::system_clock::time_point> at;  ///< empty: no job, no limit, or not found out
  std::string note;  ///< for the log: where `at` comes from, or what failed; empty outside of a job
};

/// Asks Slurm: SLURM_JOB_END_TIME where the job has it, else squeue, which may take some seconds. A failure
/// is in the note.
JobEnd slurm_job_end();

/// What the ranks agreed on at the edge of a step.
struct StopDecision {
  std::string reason;       ///< such as "SIGTERM", "the file stop"; empty: go on
  bool checkpoint = false;  ///< it is time for one by the clock on the wall
};

/// Decides at the edges of steps. Only rank 0 looks at file and clock; signals count on whichever rank they
/// arrive.
class StopWatch {
 public:
  struct Setup {
    std::filesystem::path stop_file;
    std::optional<double> walltime;  ///< [s] from the start of the session
    std::optional<std::chrono::system_clock::time_point> job_end;
    std::optional<double> checkpoint_interval;  ///< [s]; empty: `StopDecision::checkpoint` stays false
  };

  /// The session began at `start`.
  StopWatch(Setup setup, std::chrono::steady_clock::time_point start);

  /// The step just made and the outputs or the checkpoint just written took so long [s].
  void step_took(double seconds);
  void outputs_took(double seconds);
  void checkpoint_took(double seconds);

  /// To be called at every edge, outputs written. Stops for a limit only when a step has been made, so that
  /// every session gets on. Removes the stop file when it is the reason. Collective: one reduction.
  StopDecision at_edge(Communicator& ranks);

  /// Time [s] that has to be left at an edge for one more step, with its outputs, and the checkpoint after
  /// it.
  double needed() const;

 private:
  using Steady = std::chrono::steady_clock;

  double seconds_since_start() const;
  /// Number of the reason of rank 0; 0: none.
  int find_reason();

  Setup setup_;
  Steady::time_point start_, checkpoint_start_, last_look_;
  std::deque<double> steps_;  ///< [s] the latest ones
  double slowest_outputs_ = 0, slowest_checkpoint_ = 0;
};

}  // namespace kollagen
