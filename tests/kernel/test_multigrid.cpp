/// The multigrid solver on its own: a correction loop with a double residual must reach the solution of the double
/// operator at the documented rate, on awkward grids.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/multigrid.hpp"
#include "kernels/stages.hpp"
#include "support/backends.hpp"

namespace kollagen::test {

/// r = f - q u + s div(m grad u) in double, rounded for the solver; returns |r|.
struct DoubleResidual {
  SignalDiffusion op;
  Span3<const Real> f;
  Span3<float> r;
  Span3<float> q;
  Real weight;
  KOKKOS_FORCEINLINE_FUNCTION Real operator()(const int k, const int j, const int i) const {
    const Real value = f(k, j, i) - weight * op.u(k, j, i) + op(k, j, i);
    r(k, j, i) = float(value);
    q(k, j, i) = float(weight);
    return value < 0 ? -value : value;
  }
};

struct AddFloat {
  Span3<const float> e;
  Span3<Real> u;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    u(k, j, i) += e(k, j, i);
  }
};

struct Problem {
  std::string name;
  std::array<int, 3> cells;
  std::array<double, 3> spacing;
  WallKind lateral, vertical;
  bool layered;
  double s;  ///< [um^2]
};

std::ostream& operator<<(std::ostream& out, const Problem& p) { return out << p.name; }

const std::vector<Problem> problems{
    {"even cube", {32, 32, 32}, {10, 10, 10}, WallKind::periodic, WallKind::no_flux, false, 3e4},
    {"odd periodic sides", {25, 50, 13}, {10, 10, 10}, WallKind::periodic, WallKind::no_flux, false, 1.3e5},
    {"prime sides", {23, 17, 19}, {10, 10, 10}, WallKind::no_flux, WallKind::no_flux, false, 1e5},
    {"bricks", {24, 20, 12}, {5, 8, 20}, WallKind::periodic, WallKind::no_flux, false, 2e4},
    {"one layer of cells", {48, 36, 1}, {20, 20, 20}, WallKind::periodic, WallKind::no_flux, false, 1e5},
    {"column", {1, 1, 60}, {20, 20, 20}, WallKind::periodic, WallKind::no_flux, false, 1e6},
    {"closed skin surface, layers, clot", {24, 30, 37}, {20, 20, 20}, WallKind::periodic, WallKind::no_flux, true, 1e5},
    {"fixed values at the walls", {20, 22, 18}, {10, 12, 15}, WallKind::dirichlet, WallKind::dirichlet, false, 1e5},
    {"hardly any diffusion", {16, 14, 12}, {20, 20, 20}, WallKind::periodic, WallKind::no_flux, true, 1},
    {"levels before those of a team", {40, 36, 34}, {10, 10, 10}, WallKind::periodic, WallKind::no_flux, false, 1e5},
    {"the same with odd sides", {41, 35, 37}, {10, 10, 10}, WallKind::no_flux, WallKind::no_flux, false, 1e5},
    {"one cell", {1, 1, 1}, {20, 20, 20}, WallKind::periodic, WallKind::no_flux, false, 1e5},
};

/// Skin-like: closed on top, 0.3, 1 and 0.7 below.
double layer_mobility(const Problem& p, const int k) {
  if (!p.layered) return 1;
  return k < 1 ? 0 : k < 5 ? 0.3 : k < 15 ? 1 : 0.7;
}
std::vector<double> layers_of(const Problem& p) {
  std::vector<double> layers;
  for (int k = 0; k < p.cells[2]; ++k) layers.push_back(layer_mobility(p, k));
  return layers;
}

/// The same, with a column of 2.5 times that in the middle where there is a clot.
double mobility(const Problem& p, const bool with_clot, const int k, const int j, const int i) {
  const double layer = layer_mobility(p, k);
  const bool clot = p.layered && with_clot && std::abs(i - p.cells[0] / 2) < 4 && std::abs(j - p.cells[1] / 3) < 4;
  return layer * (clot ? 2.5 : 1);
}

Walls walls_of(const Problem& p) {
  Walls walls;
  for (int face = 0; face < 6; ++face) walls.kind[face] = face < 4 ? p.lateral : p.vertical;
  return walls;
}

/// u = 0, a right-hand side f with rough and smooth parts and no symmetry, and m with its ghosts.
template <class Exec>
Fields<Exec> make_fields(const Exec& exec, const Problem& p, const bool clot) {
  Walls mirror = walls_of(p);
  for (auto& kind : mirror.kind)
    if (kind != WallKind::periodic) kind = WallKind::no_flux;
  const Fields<Exec> fields("multigrid test", 3, p.cells);  // u, f, m
  auto host = Kokkos::create_mirror_view(fields.view());
  for (int k = 0; k < p.cells[2]; ++k)
    for (int j = 0; j < p.cells[1]; ++j)
      for (int i = 0; i < p.cells[0]; ++i) {
        host(1, k + 1, j + 1, i + 1) =
            1 + std::cos(0.3 * i + 0.1 * j) + 0.5 * std::sin(1.7 * j + 0.4 * k) + ((7 * i + 3 * j + 5 * k) % 11) / 11.0;
        host(2, k + 1, j + 1, i + 1) = mobility(p, clot, k, j, i);
      }
  Kokkos::deep_copy(fields.view(), host);
  Ranks ranks;
  ranks.parts = undivided(p.cells);
  const bool lateral = p.lateral == WallKind::periodic, vertical = p.vertical == WallKind::periodic;
  Halo<Exec> halo(exec, ranks, {lateral, lateral, vertical});
  halo.fill(std::vector<GhostField<Real>>{{fields[2], mirror}}, Reach::faces);
  return fields;
}

/// Largest ratio of successive residuals over the cycles, once rounding is out of sight; without clot the solver is
/// given the layers alone.
template <class Exec>
double slowest_cycle(const Problem& p, const bool clot) {
  const Exec exec;
  const Walls walls = walls_of(p);
  const Fields<Exec> fields = make_fields(exec, p, clot);
  Ranks ranks;
  ranks.parts = undivided(p.cells);
  const bool lateral = p.lateral == WallKind::periodic, vertical = p.vertical == WallKind::periodic;
  Halo<Exec> halo(exec, ranks, {lateral, lateral, vertical});
  Multigrid<Exec> solver(exec, ranks, p.spacing, walls);
  if (clot)
    solver.set_coefficient(fields[2], p.layered ? 2.5 : 1);
  else
    solver.set_layers(layers_of(p));
  SignalDiffusion op{fields[0], fields[2], {}};
  for (int a = 0; a < 3; ++a) op.w[a] = p.s / (p.spacing[a] * p.spacing[a]);
  const Real weight = 1.25;
  double last = 0, first = 0, slowest = 0;
  for (int cycle = 0; cycle < 12; ++cycle) {
    halo.fill(std::vector<GhostField<Real>>{{fields[0], walls, true}}, Reach::faces);
    const double residual =
        max_over_cells("kollagen/test/residual", exec, fields.owned(),
                       DoubleResidual{op, fields[1], solver.residual(), solver.weight(), weight});
    if (cycle == 0)
      first = residual;
    else if (residual < 1e-11 * first)
      break;
    else
      slowest = std::max(slowest, residual / last);
    last = residual;
    solver.v_cycle(p.s, walls);
    for_cells("kollagen/test/add", exec, fields.owned(), AddFloat{solver.correction(), fields[0]});
  }
  return slowest;
}

template <class Exec>
struct MultigridSolver : ::testing::Test {};
TYPED_TEST_SUITE(MultigridSolver, Backends);

TYPED_TEST(MultigridSolver, ConvergesFastOnAwkwardGrids) {
  for (const Problem& problem : problems)
    for (const bool clot : {true, false}) {
      const double rate = slowest_cycle<TypeParam>(problem, clot);
      // Worst single cycle: 0.12 on even grids, 0.36 with triple parents and closed layers (measured). A mode that is
      // not treated shows as 0.9 or more.
      EXPECT_LT(rate, 0.4) << problem << (clot ? "" : ", layers alone");
      EXPECT_GE(rate, 0) << problem << (clot ? "" : ", layers alone");
    }
}

/// Tables over depth must give the correction that fields of faces give: the same equations, other storage.
TYPED_TEST(MultigridSolver, LayersGiveTheCorrectionOfFaces) {
  const TypeParam exec;
  for (const Problem& p : problems) {
    const Fields<TypeParam> fields = make_fields(exec, p, false);
    Ranks ranks;
    ranks.parts = undivided(p.cells);
    const Walls walls = walls_of(p);
    SignalDiffusion op{fields[0], fields[2], {0, 0, 0}};
    Kokkos::View<float****, Kokkos::LayoutRight, Kokkos::HostSpace> found[2];
    for (const bool by_layers : {false, true}) {
      Multigrid<TypeParam> solver(exec, ranks, p.spacing, walls);
      const std::size_t without_faces = solver.bytes();
      if (by_layers)
        solver.set_layers(layers_of(p));
      else
        solver.set_coefficient(fields[2], 1);
      EXPECT_EQ(solver.bytes() > without_faces, !by_layers);
      max_over_cells("kollagen/test/residual", exec, fields.owned(),
                     DoubleResidual{op, fields[1], solver.residual(), solver.weight(), 1.25});
      solver.v_cycle(p.s, walls);
      const Fields<TypeParam, float> kept("kept correction", 1, p.cells);
      for_cells("kollagen/test/keep", exec, fields.owned(), CopyField<float>{solver.correction(), kept[0]});
      exec.fence();
      found[by_layers] = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), kept.view());
    }
    double largest = 0, difference = 0;
    for (int k = 1; k <= p.cells[2]; ++k)
      for (int j = 1; j <= p.cells[1]; ++j)
        for (int i = 1; i <= p.cells[0]; ++i) {
          largest = std::max(largest, std::abs(double(found[0](0, k, j, i))));
          difference = std::max(difference, std::abs(double(found[0](0, k, j, i)) - found[1](0, k, j, i)));
        }
    EXPECT_GT(largest, 0.01) << p;
    // Both round coefficients and sums to float on each of a few levels; a wrong coefficient shows as 1e-2.
    EXPECT_LT(difference, 1e-5 * largest) << p;
  }
}

/// A field as a vector, ghosts and all.
template <class Exec, class T>
std::vector<T> bits_of(const Exec& exec, const Span3<T>& field, const std::array<int, 3>& cells) {
  const Fields<Exec, T> kept("kept", 1, cells);
  for_cells("test/multigrid/keep", exec, Box{{0, 0, 0}, cells}, CopyField<T>{field, kept[0]});
  exec.fence();
  const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), kept.view());
  return std::vector<T>(host.data(), host.data() + host.size());
}

/// `out` = the operator, where it rests by its other form.
template <class Operator>
struct ApplyOperator {
  Operator op;
  Span3<Real> out;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    out(k, j, i) = detail::at_cell(op, k, j, i);
  }
};

/// Where the mobility is that of the layers, kernels that do not read it give the same bits: the operator and the whole
/// V-cycle. Stretches of three cells, and of whole rows.
template <class Exec, class T>
void expect_intact_cells_do_not_show() {
  const Exec exec;
  int intact_cells = 0, others = 0;
  for (const Problem& p : problems) {
    const Fields<Exec> fields = make_fields(exec, p, true);
    const Fields<Exec, T> u("u", 1, p.cells), m("m", 1, p.cells);
    const auto source = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), fields.view());
    const auto hu = Kokkos::create_mirror_view(u.view()), hm = Kokkos::create_mirror_view(m.view());
    for (int k = 0; k < p.cells[2] + 2; ++k)
      for (int j = 0; j < p.cells[1] + 2; ++j)
        for (int i = 0; i < p.cells[0] + 2; ++i) {
          hu(0, k, j, i) = T(std::sin(0.7 * i + 1.3 * j) + 0.3 * k);
          hm(0, k, j, i) = T(source(2, k, j, i));
        }
    Kokkos::deep_copy(u.view(), hu);
    Kokkos::deep_copy(m.view(), hm);
    Kokkos::View<Real**, Kokkos::LayoutRight, typename Exec::memory_space> table("layers", 1, p.cells[2] + 2);
    const auto host_table = Kokkos::create_mirror_view(table);
    for (int k = -1; k <= p.cells[2]; ++k) {
      const bool around = p.vertical == WallKind::periodic;
      const int n = p.cells[2], at = around ? (k + n) % n : std::clamp(k, 0, n - 1);
      host_table(0, k + 1) = layer_mobility(p, at);
    }
    Kokkos::deep_copy(table, host_table);
    const Span2<const Real> multiplier{table.data() + 1, p.cells[2] + 2};
    Ranks ranks;
    ranks.parts = undivided(p.cells);
    for (const int shift : {detail::runs_on_host<Exec> ? 30 : 2, 30}) {
      const int per_row = ((p.cells[0] - 1) >> shift) + 1;
      Kokkos::View<unsigned char*, typename Exec::memory_space> stretches("intact",
                                                                          p.cells[2] * p.cells[1] * per_row);
      const Intact intact{stretches.data(), p.cells[1], per_row, shift, 0.5};
      find_intact(exec, fields.owned(), m[0], multiplier, intact, stretches.data());
      exec.fence();
      const auto flags = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), stretches);
      for (int k = 0; k < p.cells[2]; ++k)
        for (int j = 0; j < p.cells[1]; ++j)
          for (int part = 0; part < per_row; ++part) {
            bool expected = true;
            for (int i = 0; i < p.cells[0]; ++i) {
              if ((i >> shift) != part) continue;
              const int around[7][3] = {{k, j, i},     {k, j, i - 1}, {k, j, i + 1}, {k, j - 1, i},
                                        {k, j + 1, i}, {k - 1, j, i}, {k + 1, j, i}};
              for (const auto& a : around)
                expected = expected && hm(0, a[0] + 1, a[1] + 1, a[2] + 1) == T(host_table(0, a[0] + 1));
            }
            ASSERT_EQ(flags((k * p.cells[1] + j) * per_row + part) != 0, expected) << p << ' ' << k << ' ' << j;
            ++(expected ? intact_cells : others);
          }
      std::vector<Real> flows[2];
      std::vector<float> corrections[2];
      for (const bool with : {false, true}) {
        BasicSignalDiffusion<T> op{u[0], m[0], {T(0.3), T(0.7), T(1.1)}};
        if (with) op.intact = intact, op.multiplier = multiplier;
        const Fields<Exec> out("out", 1, p.cells);
        for_cells("test/multigrid/apply", exec, out.owned(), ApplyOperator<BasicSignalDiffusion<T>>{op, out[0]});
        flows[with] = bits_of<Exec, Real>(exec, out[0], p.cells);
        Multigrid<Exec> solver(exec, ranks, p.spacing, walls_of(p));
        if (with)
          solver.set_coefficient(m[0], p.layered ? 2.5 : 1, intact, multiplier);
        else
          solver.set_coefficient(m[0], p.layered ? 2.5 : 1);
        max_over_cells("test/multigrid/residual", exec, fields.owned(),
                       DoubleResidual{{fields[0], fields[2], {0, 0, 0}}, fields[1], solver.residual(), solver.weight(), 1.25});
        const double before = solver.traffic();
        solver.v_cycle(p.s, walls_of(p));
        EXPECT_GT(solver.traffic(), before);
        corrections[with] = bits_of<Exec, float>(exec, solver.correction(), p.cells);
      }
      EXPECT_EQ(flows[0], flows[1]) << p;
      EXPECT_EQ(corrections[0], corrections[1]) << p;
    }
  }
  EXPECT_GT(intact_cells, 1000);
  EXPECT_GT(others, 100);
}

TYPED_TEST(MultigridSolver, IntactCellsDoNotShow) {
  expect_intact_cells_do_not_show<TypeParam, Real>();
  expect_intact_cells_do_not_show<TypeParam, float>();
}

/// A correction that goes straight into a field is the one that is added afterwards, with the same largest size; also where
/// nothing couples.
template <class Exec, class T>
void expect_same_field_either_way() {
  const Exec exec;
  for (const Problem& p : problems)
    for (const std::string kind : {"signal", "layers", "cells", "nothing couples"}) {
      const Fields<Exec> fields = make_fields(exec, p, true);
      const Walls walls = walls_of(p);
      Ranks ranks;
      ranks.parts = undivided(p.cells);
      Kokkos::View<Real**, Kokkos::LayoutRight, typename Exec::memory_space> table("layers", 3, p.cells[2] + 2);
      const auto host = Kokkos::create_mirror_view(table);
      for (int k = 0; k < p.cells[2] + 2; ++k) host(0, k) = host(2, k) = 1, host(1, k) = 0.8;
      Kokkos::deep_copy(table, host);
      std::vector<T> bits[2];
      Real largest[2];
      for (const bool straight : {false, true}) {
        Multigrid<Exec> solver(exec, ranks, p.spacing, walls);
        if (kind == "layers")
          solver.set_layers(layers_of(p));
        else
          solver.set_coefficient(fields[2], p.layered ? 2.5 : 1);
        max_over_cells("test/multigrid/residual", exec, fields.owned(),
                       DoubleResidual{{fields[0], fields[2], {0, 0, 0}}, fields[1], solver.residual(), solver.weight(), 1.25});
        const Fields<Exec, T> u("corrected", 1, p.cells);
        const auto start = Kokkos::create_mirror_view(u.view());
        for (std::size_t n = 0; n < start.size(); ++n) start.data()[n] = T(0.01 * double(n % 97));
        Kokkos::deep_copy(u.view(), start);
        const CorrectedField<T> field{u[0], T(0.3), T(1e3)};
        Maxima<Exec> sizes(7);
        const auto solve = [&](const auto&... target) {
          if (kind == "cells")
            solver.sweep_layers({table.data() + 1, p.cells[2] + 2}, 1, 0.9, 0.7, 0.5, 100, walls, target...);
          else
            solver.v_cycle(kind == "nothing couples" ? 0 : p.s, walls, target...);
        };
        if (straight) {
          solve(CorrectionTarget<Exec, T>{field, sizes});
        } else {
          solve();
          max_over_cells("test/multigrid/add", exec, fields.owned(), AddCorrection<T>{solver.correction(), field},
                         sizes.next());
        }
        largest[straight] = sizes.take_largest(exec);
        bits[straight] = bits_of<Exec, T>(exec, u[0], p.cells);
      }
      EXPECT_EQ(bits[0], bits[1]) << p << ", " << kind;
      EXPECT_EQ(largest[0], largest[1]) << p << ", " << kind;
      EXPECT_GT(largest[0], 0) << p << ", " << kind;
    }
}

TYPED_TEST(MultigridSolver, CorrectsAFieldInItsLastSweep) {
  expect_same_field_either_way<TypeParam, Real>();
  expect_same_field_either_way<TypeParam, float>();
}

/// Counts launches while it lives, through the hooks for profilers. One at a time.
class Launched {
 public:
  Launched() : before_(Kokkos::Tools::Experimental::get_callbacks()) {
    count_ = 0;
    Kokkos::Tools::Experimental::set_begin_parallel_for_callback(
        [](const char*, std::uint32_t, std::uint64_t*) { ++count_; });
  }
  ~Launched() { Kokkos::Tools::Experimental::set_callbacks(before_); }
  Launched(const Launched&) = delete;
  Launched& operator=(const Launched&) = delete;
  int count() const { return count_; }

 private:
  static inline int count_ = 0;
  Kokkos::Tools::Experimental::EventSet before_;
};

/// The way of devices and that of hosts through the levels: the same bits, but for the number of launches. With time steps
/// so different that the last level is the first of those that one team works on, the last of them, and one in between;
/// then cells that couple to nothing.
TYPED_TEST(MultigridSolver, FewLaunchesGiveTheSameBits) {
  const TypeParam exec;
  int coarse_cycles = 0;
  for (const Problem& p : problems)
    for (const double part : {0.0, 0.03, 0.3, 1.0, 30.0}) {
      const Fields<TypeParam> fields = make_fields(exec, p, true);
      const Walls walls = walls_of(p);
      Ranks ranks;
      ranks.parts = undivided(p.cells);
      std::vector<std::vector<float>> found[2];
      double traffic[2];
      for (const Launches way : {Launches::rows, Launches::few}) {
        Multigrid<TypeParam> solver(exec, ranks, p.spacing, walls, Multigrid<TypeParam>::gathered_cells, way);
        // Back and forth, with cycles of different depth: what one leaves in the levels must not matter to the next.
        for (const bool by_layers : {false, true, false}) {
          if (by_layers)
            solver.set_layers(layers_of(p));
          else
            solver.set_coefficient(fields[2], p.layered ? 2.5 : 1);
          max_over_cells("test/multigrid/residual", exec, fields.owned(),
                         DoubleResidual{{fields[0], fields[2], {0, 0, 0}}, fields[1], solver.residual(), solver.weight(), 1.25});
          for (const double more : {0.5, 1.0, 0.1}) {
            const Launched launched;
            solver.v_cycle(more * part * p.s, walls);
            // Two levels before those of the team: on each two sweeps down and up, residual, restriction of two fields,
            // ghosts of the coarser level (three planes on a host), prolongation. And the team.
            if (way == Launches::few) {
              EXPECT_LE(launched.count(), 2 * (4 + 1 + 2 + 3 + 1) + 1) << p;
            }
            if (way == Launches::few && part == 1) ++coarse_cycles;
            found[int(way)].push_back(bits_of<TypeParam, float>(exec, solver.correction(), p.cells));
          }
        }
        traffic[int(way)] = solver.traffic();
      }
      EXPECT_EQ(found[0], found[1]) << p << ", " << part;
      EXPECT_EQ(traffic[0], traffic[1]) << p << ", " << part;
    }
  EXPECT_GT(coarse_cycles, 20);
}

/// What is added and its largest size, here of a correction that makes a field smaller, are those of a plain loop.
template <class Exec, class T>
void expect_sizes_of_a_plain_loop() {
  const Exec exec;
  const std::array<int, 3> cells{7, 5, 3};
  const Fields<Exec, float> e("correction", 1, cells);
  const Fields<Exec, T> u("corrected", 1, cells);
  const auto he = Kokkos::create_mirror_view(e.view());
  const auto hu = Kokkos::create_mirror_view(u.view());
  const auto before = [](const int k, const int j, const int i) { return T(0.2 + 0.3 * ((7 * i + 3 * j + 5 * k) % 11)); };
  double largest = 0;
  bool lowers = false;  // the largest one
  for (int k = 1; k <= cells[2]; ++k)
    for (int j = 1; j <= cells[1]; ++j)
      for (int i = 1; i <= cells[0]; ++i) {
        he(0, k, j, i) = float((i == 3 && j == 2 ? -0.9 : 0.1) * (1 + 0.1 * k + 0.01 * j));
        hu(0, k, j, i) = before(k, j, i);
        const double change = he(0, k, j, i), size = std::abs(change) / (1e-3 * (0.3 + std::abs(before(k, j, i) + change)));
        if (size > largest) lowers = change < 0;
        largest = std::max(largest, size);
      }
  ASSERT_TRUE(lowers);
  Kokkos::deep_copy(e.view(), he);
  Kokkos::deep_copy(u.view(), hu);
  const Real found = max_over_cells("test/multigrid/size", exec, u.owned(),
                                    AddCorrection<T>{e[0], {u[0], T(0.3), T(1e3)}});
  const auto after = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), u.view());
  // Half a dozen operations, each rounded to the word.
  const double rounding = std::is_same_v<T, float> ? 1e-6 : 1e-14;
  EXPECT_NEAR(found, largest, rounding * largest);
  for (int k = 1; k <= cells[2]; ++k)
    for (int j = 1; j <= cells[1]; ++j)
      for (int i = 1; i <= cells[0]; ++i)
        ASSERT_NEAR(after(0, k, j, i), double(before(k, j, i)) + he(0, k, j, i), 4 * rounding)
            << i << ' ' << j << ' ' << k;
}

TYPED_TEST(MultigridSolver, SizesOfCorrectionsAreThoseOfAPlainLoop) {
  expect_sizes_of_a_plain_loop<TypeParam, Real>();
  expect_sizes_of_a_plain_loop<TypeParam, float>();
}

/// The walls of the ghosts, cell by cell, with unequal sides.
TYPED_TEST(MultigridSolver, GhostsFollowTheirWalls) {
  const std::array<int, 3> cells{3, 4, 5};
  const Fields<TypeParam> fields("ghosts", 1, cells);
  auto host = Kokkos::create_mirror_view(fields.view());
  const auto value = [](const int k, const int j, const int i) { return 1.0 + i + 10 * j + 100 * k; };
  for (int k = 0; k < 5; ++k)
    for (int j = 0; j < 4; ++j)
      for (int i = 0; i < 3; ++i) host(0, k + 1, j + 1, i + 1) = value(k, j, i);
  Kokkos::deep_copy(fields.view(), host);

  Kokkos::View<Real**, Kokkos::LayoutRight, typename TypeParam::memory_space> walls_of("walls", 6, 5), m("m", 1, 5);
  auto walls_host = Kokkos::create_mirror_view(walls_of), m_host = Kokkos::create_mirror_view(m);
  for (int k = 0; k < 5; ++k) {
    m_host(0, k) = 0.5 + 0.25 * k;
    for (int face = 0; face < 6; ++face) walls_host(face, k) = 1000 * (face + 1) + k;
  }
  Kokkos::deep_copy(walls_of, walls_host);
  Kokkos::deep_copy(m, m_host);
  Walls walls;
  walls.kind[0] = walls.kind[1] = WallKind::periodic;
  walls.kind[2] = WallKind::dirichlet;
  walls.kind[3] = WallKind::robin;
  walls.kind[4] = WallKind::no_flux;
  walls.kind[5] = WallKind::dirichlet;
  walls.value = {walls_of.data(), 5};
  walls.multiplier = {m.data(), 5};
  walls.transfer[3] = 7;
  walls.diffusivity = 40;
  walls.spacing[0] = 2, walls.spacing[1] = 3, walls.spacing[2] = 5;

  Ranks ranks;
  ranks.parts = undivided(cells);
  Halo<TypeParam> halo(TypeParam(), ranks, {true, false, false});
  for (const bool homogeneous : {false, true}) {
    halo.fill(std::vector<GhostField<Real>>{{fields[0], walls, homogeneous}}, Reach::corners);
    Kokkos::deep_copy(host, fields.view());
    const double on = homogeneous ? 0 : 1;
    for (int k = 0; k < 5; ++k)
      for (int j = 0; j < 4; ++j) {
        EXPECT_DOUBLE_EQ(host(0, k + 1, j + 1, 0), value(k, j, 2));
        EXPECT_DOUBLE_EQ(host(0, k + 1, j + 1, 4), value(k, j, 0));
      }
    for (int k = 0; k < 5; ++k)
      for (int i = 0; i < 3; ++i) {
        EXPECT_DOUBLE_EQ(host(0, k + 1, 0, i + 1), 2 * on * (3000 + k) - value(k, 0, i));
        const double d = 40 * (0.5 + 0.25 * k), a = (2 * d - 21) / (2 * d + 21);
        EXPECT_NEAR(host(0, k + 1, 5, i + 1), a * value(k, 3, i) + (1 - a) * on * (4000 + k), 1e-9);
      }
    for (int j = 0; j < 4; ++j)
      for (int i = 0; i < 3; ++i) {
        EXPECT_DOUBLE_EQ(host(0, 0, j + 1, i + 1), value(0, j, i));
        EXPECT_DOUBLE_EQ(host(0, 6, j + 1, i + 1), 2 * on * 6004 - value(4, j, i));
      }
    EXPECT_DOUBLE_EQ(host(0, 0, 1, 0), value(0, 0, 2)) << "edge: periodic along x, mirrored along z";
  }
}

}  // namespace kollagen::test
