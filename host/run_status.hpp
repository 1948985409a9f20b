/// Looking at a run from outside: how it stands, and asking it to stop.
#pragma once

#include <filesystem>
#include <string>

namespace kollagen {

/// State, progress, checkpoints of the run in `folder`, and whether a process is at work there, for a person.
/// Works on running, stopped, finished and crashed runs. Throws InputError when the folder holds no run.
std::string status_text(const std::filesystem::path& folder);

/// Asks the run at work in `folder` to stop with a checkpoint; returns what was done, for a person. Throws
/// InputError when no run is at work there, IoError when the file that asks cannot be written.
std::string ask_to_stop(const std::filesystem::path& folder);

}  // namespace kollagen
