/// Fields that pictures want and no model solves for: names, units and formulas, for the table of keys and
/// the packing.
#pragma once

#include <array>

namespace kollagen {

/// A field computed cell by cell from collagen I and III of the dermal model.
struct DerivedField {
  const char* name;
  const char* unit;
  const char* doc;
};

/// In the order of `derived_value`.
inline constexpr std::array<DerivedField, 3> derived_fields{
    {{"total_collagen", "mg/mL", "collagen I + III"},
     {"collagen_iii_share", "1", "collagen III / (I + III); 0 where there is none"},
     {"strength", "1", "strength proxy of docs/outputs.md; 1 where undamaged skin has no collagen"}}};

}  // namespace kollagen
