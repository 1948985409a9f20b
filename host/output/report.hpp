/// Small files about a run as a whole: the resolved study, the state of progress, the end report.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "kollagen/snapshot.hpp"

namespace kollagen {

struct Timer {
  std::string name;
  double seconds = 0;
  long calls = 0;
};

/// What showing a run while it was under way has cost rank 0 in this session.
struct InsituReport {
  std::string script;
  std::string failure;  ///< empty: none
  long calls = 0;       ///< of the script
  double seconds = 0, start_seconds = 0, pack_seconds = 0;  ///< in all; of these for the start, for packing
  long buffer_bytes = 0;
};

/// What a finished or stopped run reports about itself.
struct RunReport {
  std::string title;
  std::string model;
  std::string precision;  ///< of the state, as the study names it
  std::string outcome;  ///< "done", or why the run ended early
  std::string backend;  ///< Kokkos execution space and its concurrency
  Grid grid;
  Clock clock;
  long rejected_steps = 0;
  long stage_passes = 0;  ///< over all fields, two stages per step
  long corrections = 0;   ///< multigrid cycles and blocks of sweeps
  double wall_seconds = 0;
  double step_seconds = 0;          ///< of these, in steps: without set-up and outputs
  std::vector<Timer> timers;        ///< parts of the wall time, in the order in which they appear
  double cell_updates = 0;          ///< cells times accepted steps
  double bytes_moved = 0;           ///< traffic by the model of docs/performance.md; 0: not known
  std::optional<double> bandwidth;  ///< [B/s] measured on this machine
  long peak_memory_bytes = 0;       ///< of the rank with the most
  long state_bytes = 0;             ///< one copy of all fields of a rank
  int sessions = 1;  ///< starts of the program that the run took so far; times and counts are those of all
  int ranks = 1;
  std::array<int, 3> process_grid{1, 1, 1};
  long session_steps = 0;            ///< accepted in this session
  CommunicationCount communication;  ///< of rank 0 in this session, outputs included
  std::optional<InsituReport> insitu;  ///< empty: the study has no script
  std::vector<ChangeConfig> steered;   ///< parameters that were changed from outside, over all sessions
};

/// Where a run stands, for a person who looks at its folder.
struct RunStatus {
  std::string state;                    ///< "running", "stopped", "done" or "failed"
  std::optional<double> seconds_to_go;  ///< empty: not known
  double wall_seconds = 0;              ///< of all sessions
  int sessions = 1;
  int ranks = 1;
};

/// Writes RUN/report.json. Rates are per second spent in steps; unknown values are null. Throws IoError.
void write_report(const std::filesystem::path& run_dir, const RunReport& report);

/// Writes RUN/status.json: time, step, dt, progress (0..1), seconds to go (null when not known), sessions,
/// and when it was written. Throws IoError.
void write_status(const std::filesystem::path& run_dir, const Clock& clock, const RunStatus& status);

/// Writes RUN/config.toml, the study with every default written out.
void write_config(const std::filesystem::path& run_dir, const Config& config);

}  // namespace kollagen
