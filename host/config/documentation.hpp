/// Documentation that is generated from the table of keys and the models.
#pragma once

#include <string>

namespace kollagen {

/// Explains a key ("treatment.pitch", "treatment.0.pitch", "D_P"), a table ("treatment"), a field of `model`,
/// or lists "terms", "fields", "parameters" of `model`; "" lists all keys. Throws InputError when there is
/// nothing of this name.
std::string explain(const std::string& key, const std::string& model = "dermal");

/// JSON Schema (draft 2020-12) of a study. TOML values map to JSON values of the same kind.
std::string json_schema();

/// docs/configuration.md and docs/parameters.md.
std::string configuration_markdown();
std::string parameters_markdown();

}  // namespace kollagen
