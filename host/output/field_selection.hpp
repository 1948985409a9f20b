/// Which species an output writes.
#pragma once

#include <string>
#include <vector>

#include "kollagen/model/info.hpp"

namespace kollagen {

/// Indices of the species named in `fields` (names or symbols) in that order; all species when it is empty.
/// Throws InputError for a name that the model lacks; `output` names the output in the message.
std::vector<int> select_species(const ModelInfo& model, const std::vector<std::string>& fields,
                                const std::string& output);

}  // namespace kollagen
