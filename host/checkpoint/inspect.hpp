/// Looking at finished files: are those of a run complete and undamaged, and how do two runs differ? One
/// process.
#pragma once

#include <filesystem>
#include <string>

namespace kollagen {

/// Checks every checkpoint (all sums), frame (every dataset is read), series, table and small file of a run
/// folder. Adds one line per thing to `report`. Returns 0 when all is right, else 5. Throws InputError when
/// `run_dir` holds no run.
int verify_run(const std::filesystem::path& run_dir, std::string& report);

/// Compares two run folders, or two single frames or checkpoints: per field the largest absolute and relative
/// difference, where it is, and whether all bits agree; tables column by column. Adds one line per thing to
/// `report`. Returns 0 when everything is identical, else 1. Throws InputError for paths that cannot be
/// compared, IoError for files that cannot be read.
int diff_runs(const std::filesystem::path& one, const std::filesystem::path& other, std::string& report);

}  // namespace kollagen
