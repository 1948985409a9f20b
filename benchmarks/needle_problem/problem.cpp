#include "problem.hpp"

#include <algorithm>

namespace kollagen::needle_problem {

Problem make_problem(const int n, const bool layered) {
  constexpr double spacing = 10, radius = 25;  // [um]
  constexpr double strength = 40;              // [1/h]
  constexpr int tracks = 3;                    // along x and along y
  Problem problem;
  problem.cells = {n, n, n};
  problem.spacing = {spacing, spacing, spacing};
  problem.loss = 1e-4 * 3600;
  problem.source_time = 4;
  problem.diffusivity.assign(n, upper_diffusivity);
  for (int k = n / 2; k < n && layered; ++k) problem.diffusivity[k] = lower_diffusivity;
  problem.source.assign(std::size_t(n) * n * n, 0.0);
  const double pitch = n * spacing / tracks;
  for (int track = 0; track < tracks * tracks; ++track) {
    const double x = (track % tracks + 0.5) * pitch, y = (track / tracks + 0.5) * pitch;
    const auto first = [&](const double centre) { return std::max(0, int((centre - radius) / spacing)); };
    const auto end = [&](const double centre) { return std::min(n, int((centre + radius) / spacing) + 1); };
    const Problem::Block block{{first(x), first(y), 0}, {end(x), end(y), n / 2}};
    problem.source_blocks.push_back(block);
    for (int k = block.lower[2]; k < block.upper[2]; ++k)
      for (int j = block.lower[1]; j < block.upper[1]; ++j)
        for (int i = block.lower[0]; i < block.upper[0]; ++i) {
          const double dx = (i + 0.5) * spacing - x, dy = (j + 0.5) * spacing - y;
          if (dx * dx + dy * dy <= radius * radius)
            problem.source[(std::size_t(k) * n + j) * n + i] = strength;
        }
  }
  return problem;
}

}  // namespace kollagen::needle_problem
