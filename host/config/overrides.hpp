/// Options `--set key=value`: changes to a study before it is checked.
#pragma once

#include <toml++/toml.h>

#include <string>
#include <vector>

#include "host/config/diagnostics.hpp"

namespace kollagen {

/// Puts each "key=value" into `study`. The key is a dotted path; entries of repeated tables are numbered from
/// 0 ("treatment.0.pitch"), the next free number adds one. The value is read as TOML; what is no TOML value
/// is taken as a text ("28 day" needs no quotes). Errors go to `errors`; values keep their option as source.
void apply_overrides(toml::table& study, const std::vector<std::string>& overrides, Diagnostics& errors);

/// Place of a node or key: a position in the file, or the option it came from.
Place place_of(const toml::source_region& source);

}  // namespace kollagen
