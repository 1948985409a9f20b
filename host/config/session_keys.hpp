/// What may change between the sessions of one run.
#pragma once

#include <string>

namespace kollagen {

/// Whether a key of a study, given by its full path, changes no result: how often checkpoints are written by
/// the clock on the wall, how many are kept, and what is shown while the run is under way.
bool is_session_key(const std::string& path);

/// A resolved study (Config::resolved_toml) without these keys: two sessions belong to one run when these
/// texts agree.
std::string study_of_run(const std::string& resolved_toml);

}  // namespace kollagen
