/// The uniform voxel grid: cells, spacing and positions. Axis order is (x, y, z); z = 0 is the skin surface.
#pragma once

#include <array>

namespace kollagen {

/// A brick of cells. `first` is the global index of the first owned cell (0 on one rank).
struct Grid {
  std::array<int, 3> global_cells{1, 1, 1};
  std::array<double, 3> spacing{1, 1, 1};  ///< [um]
  std::array<int, 3> first{0, 0, 0};
  std::array<int, 3> cells{1, 1, 1};  ///< owned cells of this rank

  long owned_count() const { return long(cells[0]) * cells[1] * cells[2]; }
  double cell_volume() const { return spacing[0] * spacing[1] * spacing[2]; }  ///< [um^3]
  double length(const int axis) const { return global_cells[axis] * spacing[axis]; }  ///< [um]
  /// Centre of owned cell `index` along `axis` [um].
  double centre(const int axis, const int index) const {
    return (first[axis] + index + 0.5) * spacing[axis];
  }
};

}  // namespace kollagen
