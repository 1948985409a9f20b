/// Checkpoints of a run: RUN/checkpoints/checkpoint_<step>.h5 with the state and checkpoint_<step>.json, its
/// manifest with sums over everything. Format and guarantees: docs/checkpoints.md.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kollagen/snapshot.hpp"

namespace kollagen {

/// Writes, keeps and restores the checkpoints of one run folder. Nobody else may write there meanwhile.
class CheckpointStore {
 public:
  /// `resolved_toml` is the study as resolved; `keep` >= 1 newest checkpoints stay. Touches no file. `ranks`
  /// must outlive the store.
  CheckpointStore(std::filesystem::path run_dir, std::string resolved_toml, int keep, Communicator& ranks);

  /// Bytes on disk of one checkpoint with `fields` stored fields, a little more than less.
  static double bytes(const Grid& grid, int fields);

  /// Saves the simulation, the sinks and `run`, what the run loop itself has to remember. Nothing appears
  /// under a final name before it is complete, on the disk and read back. Afterwards older checkpoints beyond
  /// `keep` are removed, and damaged ones that `resume` passed over. Throws IoError, which leaves the earlier
  /// checkpoints as they were; EnvironmentError where this build cannot write with several ranks. Collective.
  void write(const Snapshot& snapshot, const Resumable& simulation,
             const std::vector<std::unique_ptr<Sink>>& sinks, Record run);

  /// Restores the newest checkpoint whose sums are all right: the simulation first, then the sinks; returns
  /// its record. Works on any number of ranks. Calls `warn`, on rank 0, with every checkpoint that was passed
  /// over and its fault. Empty when there is none at all. Throws IoError naming each fault when none of those
  /// there can be used, or at the first one of another format; InputError when the newest belongs to another
  /// study. Collective.
  std::optional<Record> resume(Resumable& simulation, const Snapshot& snapshot,
                               const std::vector<std::unique_ptr<Sink>>& sinks,
                               const std::function<void(const std::string&)>& warn);

 private:
  std::filesystem::path folder_;
  std::string resolved_toml_;
  int keep_;
  Communicator& ranks_;
  std::vector<std::filesystem::path> damaged_;  ///< manifests that `resume` passed over; rank 0 only
};

/// One checkpoint as its manifest describes it; the data themselves have not been looked at.
struct CheckpointEntry {
  std::filesystem::path manifest;
  std::filesystem::path data;
  long step = 0;
  double time = 0;    ///< [h]
  double bytes = 0;   ///< of the data file
  std::string fault;  ///< why the manifest cannot be used; empty: it can
};

/// The checkpoints of a run, oldest first; empty when there is none. Throws IoError when the folder cannot be
/// read.
std::vector<CheckpointEntry> list_checkpoints(const std::filesystem::path& run_dir);

}  // namespace kollagen
