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

/// Removes what an earlier run of this program left in `folder`, and nothing else. Throws IoError.
void clear_run_folder(const std::filesystem::path& folder);

}  // namespace kollagen
