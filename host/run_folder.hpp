/// The folder of a run: who may write into it, and whose run it holds.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "kollagen/config.hpp"
#include "kollagen/model/info.hpp"

namespace kollagen {

enum class FolderState {
  free,        ///< absent or empty but for what a first write that was cut off has left: start
  unfinished,  ///< the same study, not finished: resume
  finished,    ///< the same study, complete
};

/// Looks at `folder` before a run of `config`; changes nothing. Keys that may change between sessions
/// (host/config/session_keys.hpp) make no other study. Throws InputError when the folder holds another
/// study (naming the keys that differ, with both values) or files that are no run.
FolderState inspect_run_folder(const std::filesystem::path& folder, const Config& config);

/// Keeps other runs out of a folder while it is being written: a lock on RUN/.lock, which goes with the
/// object, or with the process however it ends. It works between machines where the file system carries
/// locks; others, and folders that cannot be written anyway, are trusted.
class FolderLock {
 public:
  /// `folder` has to exist. Throws InputError when another process holds the lock.
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_ = -1;
};

/// Whether a process writes into a run folder.
struct LockHolder {
  enum class State { held, free, unknown } state = State::unknown;
  std::string process;  ///< "process 123 on host", when the lock is held
};

/// Looks at the lock without taking it.
LockHolder lock_holder(const std::filesystem::path& folder);

/// How many sessions the run in `folder` has had, by its status.json; 0 where that cannot be read.
int sessions_of(const std::filesystem::path& folder);

/// The file in a run folder that asks its run to stop.
std::filesystem::path stop_file(const std::filesystem::path& folder);

/// Removes what writes that were cut off have left at the top of `folder`. Throws IoError.
void remove_temporaries(const std::filesystem::path& folder);

/// Removes what an earlier run of this program left in `folder`, and nothing else. Cut short, it leaves a
/// folder that is neither complete nor, once the checkpoints are being removed, resumed. Throws IoError.
void clear_run_folder(const std::filesystem::path& folder);

/// How many changes RUN/steering.toml holds; 0 without it.
std::size_t count_changes(const std::filesystem::path& folder);

/// Writes RUN/steering.toml, tables that make the same changes when they are added to the study; without changes the
/// file goes. Throws IoError.
void write_steering(const std::filesystem::path& folder, const std::vector<ChangeConfig>& changes,
                    const ModelInfo& model);

}  // namespace kollagen
