/// What `kollagen validate` prints about a study that passed all checks.
#pragma once

#include <string>
#include <vector>

#include "kollagen/config.hpp"

namespace kollagen {

/// Grid, memory, explicit step limits, output volume and unchecked parameters of `config`, for a person.
std::string validation_report(const Config& config);

/// Bytes that the outputs of a study write, before compression, which makes fields some times smaller.
struct OutputVolume {
  double once = 0;   ///< when all of them write at one time
  double total = 0;  ///< over the whole run
};
OutputVolume output_volume(const Config& config);

/// The lines about outputs of that report: each output with its volume, and the total.
std::vector<std::string> plan_lines(const Config& config);

/// Whether the source of a parameter was read: its tag is not one of [M] (from memory), [C] (calibrated) or
/// [A] (assumed).
bool has_checked_source(const std::string& source);

}  // namespace kollagen
