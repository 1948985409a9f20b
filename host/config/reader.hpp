/// Reads a study file into a checked Config.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kollagen/config.hpp"
#include "kollagen/model/info.hpp"

namespace kollagen {

/// Reads the study at `path`, applies the `--set` options `overrides` ("key=value") and checks everything.
/// Throws one InputError that lists all errors with file:line:column, key, value and what is allowed;
/// IoError never: a file that cannot be read is bad input. Throws EnvironmentError when the study is right
/// but needs more memory than is available. Writes nothing. `share` is the part of
/// the cells that this machine is going to hold.
Config read_config(const std::string& path, const std::vector<std::string>& overrides = {}, double share = 1);

/// The same for a study that is already in memory; `name` stands for the file in messages and
/// `available_memory` [B] is what the machine has.
Config parse_config(std::string_view text, const std::string& name, const std::vector<std::string>& overrides,
                    double available_memory);

/// A key that two studies give different values; a value that a study leaves to its default is empty.
struct KeyDifference {
  std::string key;  ///< full path
  std::string one, other;

  bool operator==(const KeyDifference&) const = default;
};

/// What differs between two resolved studies (Config::resolved_toml), in the order of the keys. Throws InputError when
/// one of them is no TOML.
std::vector<KeyDifference> differing_keys(const std::string& one, const std::string& other);

/// Memory that the machine can give to a new process [B]; infinity where the system does not tell.
double available_memory();

/// One state of `cells` cells of a model [B].
double state_memory(double cells, const ModelInfo& model, StatePrecision precision);
/// Memory that a run with it takes [B]: three states, and for each species a double more in each cell.
double estimated_memory(double cells, const ModelInfo& model, StatePrecision precision);

/// Tables [[change]] of a study of that model.
std::string change_tables(const std::vector<ChangeConfig>& changes, const ModelInfo& model);

}  // namespace kollagen
