/// Multigrid on parts of a domain: every cycle has the bits of the undivided one, whether coarse levels are shared or gathered
/// and wherever the cuts lie.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "kernels/multigrid.hpp"
#include "support/backends.hpp"
#include "support/ranks.hpp"

namespace kollagen::test {
namespace {

constexpr auto P = WallKind::periodic, N = WallKind::no_flux, R = WallKind::robin;

struct Problem {
  std::array<int, 3> cells;
  std::array<double, 3> spacing;
  std::array<WallKind, 6> walls;
};
const Problem problems[] = {
    {{17, 20, 21}, {10, 10, 10}, {P, P, P, P, N, N}},  // odd numbers, triple parents
    {{16, 24, 12}, {10, 12, 25}, {N, N, P, P, R, N}},  // z is coarsened later than x and y
    {{13, 9, 30}, {8, 8, 5}, {P, P, P, P, P, P}},
    {{1, 26, 19}, {10, 10, 10}, {P, P, N, R, N, N}},
};

/// Every process grid, with cuts at equal shares of the sides, even or odd as they come, and with a last part of one to
/// three cells, which holds one, two or all children of the last coarse cell of an odd side.
std::vector<Decomposition> grids(const std::array<int, 3>& cells, const int count, const int rank) {
  std::vector<Decomposition> result;
  for (int x = 1; x <= count; ++x)
    for (int y = 1; x * y <= count; ++y)
      for (int thin = 0; thin <= 3 && count % (x * y) == 0; ++thin) {
        Decomposition d;
        d.ranks = {x, y, count / (x * y)};
        bool fits = true;
        for (int a = 0; a < 3; ++a) {
          d.cuts[a] = {0};
          for (int p = 1; p <= d.ranks[a]; ++p) d.cuts[a].push_back(cells[a] * p / d.ranks[a]);
          if (thin > 0 && d.ranks[a] > 1) d.cuts[a][std::size_t(d.ranks[a]) - 1] = cells[a] - thin;
          fits = fits && (d.ranks[a] == 1 || cells[a] >= 2 * d.ranks[a]);
          for (int p = 0; p < d.ranks[a]; ++p)
            fits = fits && d.cuts[a][std::size_t(p)] < d.cuts[a][std::size_t(p) + 1];
        }
        d.place = d.place_of(rank);
        if (fits) result.push_back(d);
      }
  return result;
}

/// A rough right-hand side and an uneven weight from whole-grid indices.
struct RoughProblem {
  Span3<float> r, q;
  int first[3];
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    const int x = first[0] + i, y = first[1] + j, z = first[2] + k;
    r(k, j, i) = float((37 * x + 101 * y + 13 * z) % 29 - 14) / 7;
    q(k, j, i) = 1 + float((5 * x + 3 * y + 7 * z) % 11) / 8;
  }
};

struct ToDouble {
  Span3<const float> from;
  Span3<Real> to;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const { to(k, j, i) = from(k, j, i); }
};

/// Sweeps, two V-cycles with a mobility of each cell, and two with one of each layer.
constexpr int solutions = 5;
const char* const solution_names[solutions] = {"sweeps", "short V-cycle", "V-cycle", "short V-cycle by depth",
                                               "V-cycle by depth"};

struct Result {
  Kokkos::View<Real****, Kokkos::LayoutRight, Kokkos::HostSpace> corrections;  ///< one per V-cycle, and of sweeps
  int shared_levels = 0;
};

template <class Exec>
Result solve(const Problem& p, const Ranks& ranks, const long gather_below, const Launches launches) {
  const Exec exec;
  const auto first = ranks.parts.first(ranks.parts.place), part = ranks.parts.cells(ranks.parts.place);
  const Fields<Exec> fields("multigrid over ranks", solutions + 1, part);
  auto host = Kokkos::create_mirror_view(fields.view());
  Kokkos::deep_copy(host, 0.0);
  for (int k = 0; k < part[2]; ++k)
    for (int j = 0; j < part[1]; ++j)
      for (int i = 0; i < part[0]; ++i) {
        const int z = first[2] + k;
        const double layer = z < 2 ? 0 : z < 7 ? 0.3 : 1;
        host(solutions, k + 1, j + 1, i + 1) = layer * (1 + 0.4 * std::sin(0.9 * (first[0] + i) + 0.5 * (first[1] + j)));
      }
  Kokkos::deep_copy(fields.view(), host);
  const Span3<Real> m = fields[solutions];

  using Table = Kokkos::View<Real**, Kokkos::LayoutRight, typename Exec::memory_space>;
  const int nz = p.cells[2];
  const Table multiplier("multiplier", 1, nz + 2), layers("layers", layer_rows, nz + 2);
  const auto table = Kokkos::create_mirror_view(multiplier);
  const auto layer_table = Kokkos::create_mirror_view(layers);
  for (int c = 0; c < nz + 2; ++c) {
    const int k = p.walls[4] == P ? (c - 1 + nz) % nz : std::min(std::max(c - 1, 0), nz - 1);
    table(0, c) = 0.4 + 0.1 * k;
    for (int row = 0; row < layer_rows; ++row) layer_table(row, c) = 1 + 0.2 * row + 0.05 * k;
  }
  Kokkos::deep_copy(multiplier, table);
  Kokkos::deep_copy(layers, layer_table);

  Walls walls, mirror;
  std::array<bool, 3> periodic{};
  for (int face = 0; face < 6; ++face) {
    walls.kind[face] = p.walls[face];
    walls.transfer[face] = 5 + face;
    mirror.kind[face] = p.walls[face] == P ? P : N;
  }
  for (int a = 0; a < 3; ++a) {
    periodic[a] = p.walls[2 * a] == P;
    walls.spacing[a] = p.spacing[a];
  }
  walls.diffusivity = 100;
  walls.multiplier = {multiplier.data() + 1 + first[2], nz + 2};
  Halo<Exec> halo(exec, ranks, periodic);
  halo.fill(std::vector<GhostField<Real>>{{m, mirror}}, Reach::faces);

  Multigrid<Exec> solver(exec, ranks, p.spacing, walls, gather_below, launches);
  solver.set_coefficient(m, 1.4);
  const RoughProblem rough{solver.residual(), solver.weight(), {first[0], first[1], first[2]}};
  const double reach[solutions] = {0, 4000, 1e6, 4000, 1e6};  // s [um^2]: some levels, all of them
  for (int cycle = 0; cycle < solutions; ++cycle) {
    for_cells("kollagen/test/rough", exec, fields.owned(), rough);
    if (cycle == 3) {
      std::vector<double> depth;
      for (int z = 0; z < nz; ++z) depth.push_back(z < 2 ? 0 : z < 7 ? 0.3 : 1 + 0.02 * z);
      solver.set_layers(depth);
    }
    if (cycle == 0)
      solver.sweep_layers({layers.data() + 1 + first[2], nz + 2}, 3, 0.9, 0.7, 0.5, 100, mirror);
    else
      solver.v_cycle(reach[cycle], walls);
    for_cells("kollagen/test/keep", exec, fields.owned(), ToDouble{solver.correction(), fields[cycle]});
  }
  exec.fence();
  return {Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), fields.view()), solver.shared_levels()};
}

}  // namespace

template <class Exec>
struct MultigridOverRanks : ::testing::Test {};
TYPED_TEST_SUITE(MultigridOverRanks, Backends);

TYPED_TEST(MultigridOverRanks, HasTheBitsOfOneRank) {
  const auto group = ranks();
  int most_shared = 0;
  for (const Problem& p : problems) {
    Ranks alone;
    alone.parts = undivided(p.cells);
    const Result whole = solve<TypeParam>(p, alone, 0, Launches::rows);
    EXPECT_EQ(whole.shared_levels, 0);
    for (const Decomposition& parts : grids(p.cells, group->size(), group->rank()))
      for (const long gather_below : {0L, 300L, 1000000L})
        for (const Launches launches : {Launches::rows, Launches::few}) {
          const Result mine = solve<TypeParam>(p, {group, parts, true}, gather_below, launches);
          const auto first = parts.first(parts.place), part = parts.cells(parts.place);
          int wrong[solutions] = {};
          for (int n = 0; n < solutions; ++n)
            for (int k = 1; k <= part[2]; ++k)
              for (int j = 1; j <= part[1]; ++j)
                for (int i = 1; i <= part[0]; ++i)
                  wrong[n] += mine.corrections(n, k, j, i) !=
                              whole.corrections(n, first[2] + k, first[1] + j, first[0] + i);
          for (int n = 0; n < solutions; ++n)
            EXPECT_EQ(wrong[n], 0) << solution_names[n] << " on " << p.cells[0] << " x " << p.cells[1]
                                   << " x " << p.cells[2] << " cells, parts " << parts.ranks[0] << " x "
                                   << parts.ranks[1] << " x " << parts.ranks[2] << ", " << mine.shared_levels
                                   << " shared levels, " << (launches == Launches::few ? "few launches" : "rows");
          most_shared = std::max(most_shared, mine.shared_levels);
          EXPECT_TRUE(gather_below < 1000000 || mine.shared_levels <= 1) << "the finest level alone is shared";
        }
  }
  // The comparison is about shared coarse levels too, not only about gathered ones.
  if (group->size() > 1) {
    EXPECT_GE(most_shared, 3);
  }
}

}  // namespace kollagen::test
