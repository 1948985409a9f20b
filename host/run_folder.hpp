/// The folder of a run: who may write into it.
#pragma once

#include <filesystem>
#include <string>

#include "kollagen/config.hpp"

namespace kollagen {

enum class FolderState {
  free,      ///< absent or empty: start
  unfinished,  ///< the same study, not finished: start again from the beginning
  finished,  ///< the same study, complete
};

/// Looks at `folder` before a run of `config`; changes nothing. Throws InputError when the folder holds another study
/// (naming the lines of config.toml that differ) or files that are no run.
FolderState inspect_run_folder(const std::filesystem::path& folder, const Config& config);

/// Keeps other runs out of a folder while it is being written. Goes with the object, or with the process
/// however it ends. File systems without locks are trusted.
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

/// Removes what an earlier run of this program left in `folder`, and nothing else. Throws IoError.
void clear_run_folder(const std::filesystem::path& folder);

}  // namespace kollagen
