#include "host/output/field_selection.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <numeric>

#include "kollagen/check.hpp"

namespace kollagen {

std::vector<int> select_species(const ModelInfo& model, const std::vector<std::string>& fields,
                                const std::string& output) {
  std::vector<int> chosen;
  for (const std::string& field : fields) {
    const int species = model.find_species(field);
    if (species < 0) {
      std::vector<std::string> known;
      for (const SpeciesInfo& info : model.species) known.emplace_back(info.name);
      throw InputError(fmt::format("output '{}': the model '{}' has no field '{}'; it has {}", output,
                                   model.name, field, fmt::join(known, ", ")));
    }
    chosen.push_back(species);
  }
  if (fields.empty()) {
    chosen.resize(model.species.size());
    std::iota(chosen.begin(), chosen.end(), 0);
  }
  return chosen;
}

}  // namespace kollagen
