/// The needle problem: a signal released in nine needle tracks spreads, decays and fades over a day, in a
/// block with closed walls. Linear and separable in time, so that its semi-discrete solution is known
/// (exact_solution.hpp) and what an integrator gets wrong is its own error in time.
#pragma once

#include <array>
#include <vector>

namespace kollagen::needle_problem {

/// du/dt = div(D(z) grad u) - loss u + source(x) exp(-t / source_time),  u = 0 at t = 0, no-flux walls. The
/// flux between two cells takes the harmonic mean of their diffusivities.
struct Problem {
  /// Cells [lower, upper) in (x, y, z) order.
  struct Block {
    std::array<int, 3> lower, upper;
  };
  std::array<int, 3> cells{};
  std::array<double, 3> spacing{};   ///< [um]
  std::vector<double> diffusivity;   ///< [um^2/h] of each plane of cells along z
  double loss = 0;                   ///< [1/h]
  double source_time = 1;            ///< [h]
  std::vector<double> source;        ///< [1/h] of each cell, x fastest
  std::vector<Block> source_blocks;  ///< hold all cells with a source
};

inline constexpr double upper_diffusivity =
    30 * 3600.0;  ///< [um^2/h] of the upper half, and of all where D is constant
inline constexpr double lower_diffusivity = 5 * 3600.0;  ///< [um^2/h] of the lower half where D is layered

/// The problem on n^3 cells of 10 um: 3 x 3 tracks of radius 25 um at a pitch of a third of the width,
/// through the upper half of the block (z < n/2); source 40/h in the cells whose centre lies in a track, so
/// that u is about 1 after an hour; loss 1e-4/s, source time 4 h. `layered`: D is `lower_diffusivity` in the
/// lower half.
Problem make_problem(int n, bool layered);

/// Times [h] at which solutions are compared: the source is strong, fades, and has gone.
inline constexpr std::array<double, 3> compared_times{1, 6, 24};

}  // namespace kollagen::needle_problem
