/// Needle tracks in a packed state, on every backend.
#include <cmath>
#include <numbers>

#include "kernels/puncture.hpp"
#include "support/backends.hpp"

namespace kollagen {
namespace {

constexpr double pi = std::numbers::pi;
constexpr double um3_per_mm3 = 1e9;

/// A packed order of its own, with a field that no needle touches.
enum Field {
  elastin,
  platelets,
  fibroblasts,
  macrophages,
  collagen_iii,
  damage,
  clot,
  collagen_i,
  myofibroblasts
};
constexpr int field_count = 9;
constexpr PunctureSpecies species{platelets,      clot,       damage,       fibroblasts,
                                  myofibroblasts, collagen_i, collagen_iii, elastin};
constexpr HomeostasisParameters homeostasis{36000, 10800, 0.004 / 24, 0.46, 0.01, 0.625};

Grid make_grid(const std::array<int, 3>& cells, const std::array<double, 3>& spacing) {
  Grid grid;
  grid.global_cells = grid.cells = cells;
  grid.spacing = spacing;
  return grid;
}

std::array<double, 3> sides_of(const Grid& grid) { return {grid.length(0), grid.length(1), grid.length(2)}; }

Column column_of(const Grid& grid, const std::string& preset = "reticular") {
  SkinConfig skin;
  skin.preset = preset;
  return make_column(skin, grid.global_cells[2], grid.spacing[2], homeostasis);
}

Needle vertical(const double x, const double y, const double radius, const double length, const double tip,
                const double rim = 30) {
  Needle needle;
  needle.entry[0] = x;
  needle.entry[1] = y;
  needle.radius = radius;
  needle.length = length;
  needle.tip_length = tip;
  needle.rim = rim;
  return needle;
}

Needle tilted(Needle needle, const double angle, const double azimuth) {
  needle.axis[0] = std::sin(angle) * std::cos(azimuth);
  needle.axis[1] = std::sin(angle) * std::sin(azimuth);
  needle.axis[2] = std::cos(angle);
  return needle;
}

/// A state on the host after a treatment; before it every field is 1 in every cell, except for damage,
/// platelets and clot, which are 0.
template <class Exec>
class Treated {
 public:
  Treated(const Grid& grid, const Column& column, const std::vector<Needle>& needles,
          const bool periodic_x = true, const bool periodic_y = true, const Injury& injury = {})
      : grid_(grid), state_("state", field_count, grid.cells) {
    for (const int n : {elastin, fibroblasts, macrophages, collagen_iii, collagen_i, myofibroblasts})
      Kokkos::deep_copy(Kokkos::subview(state_.view(), n, Kokkos::ALL, Kokkos::ALL, Kokkos::ALL), 1.0);
    apply_treatment(Exec(), state_, species, grid, column, needles, injury, periodic_x, periodic_y);
    host_ = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), state_.view());
  }
  const auto& host() const { return host_; }
  Real operator()(const int n, const int k, const int j, const int i) const {
    return host_(n, k + ghost_layers, j + ghost_layers, i + ghost_layers);
  }
  /// Sum over cells times cell volume [unit of the field times mm^3].
  double amount(const int n) const {
    double sum = 0;
    each_cell([&](const int k, const int j, const int i) { sum += (*this)(n, k, j, i); });
    return sum * grid_.cell_volume() / um3_per_mm3;
  }
  template <class F>
  void each_cell(const F& f) const {
    for (int k = 0; k < grid_.cells[2]; ++k)
      for (int j = 0; j < grid_.cells[1]; ++j)
        for (int i = 0; i < grid_.cells[0]; ++i) f(k, j, i);
  }

 private:
  Grid grid_;
  Fields<Exec> state_;
  Kokkos::View<Real****, Kokkos::LayoutRight, Kokkos::HostSpace> host_;
};

/// Damage at a point from the text-book formula, over all images, without any list of candidates.
double damage_at(const std::vector<Needle>& needles, const std::array<double, 3>& p, const Grid& grid) {
  double worst = 0;
  for (const Needle& n : needles)
    for (int iy = -2; iy <= 2; ++iy)
      for (int ix = -2; ix <= 2; ++ix) {
        const double r[3] = {p[0] - n.entry[0] - ix * grid.length(0), p[1] - n.entry[1] - iy * grid.length(1),
                             p[2]};
        const double s = r[0] * n.axis[0] + r[1] * n.axis[1] + r[2] * n.axis[2];
        const double rho = std::sqrt(std::max(0.0, r[0] * r[0] + r[1] * r[1] + r[2] * r[2] - s * s));
        double outside;
        if (s > n.length)
          outside = std::hypot(rho, s - n.length);
        else
          outside = rho - (s > n.length - n.tip_length ? n.radius * (n.length - s) / n.tip_length : n.radius);
        worst = std::max(worst, outside <= 0 ? 1.0 : std::exp(-outside / n.rim));
      }
  return worst;
}

template <class Exec>
struct PunctureTest : ::testing::Test {};
TYPED_TEST_SUITE(PunctureTest, test::Backends);

TYPED_TEST(PunctureTest, CoreHasTheVolumeOfCylinderAndCone) {
  // Length 1500, radius 100, cone 400 um: pi R^2 (L - 2 l_t / 3) = 0.0387463 mm^3, on axes off the cells'
  // centres.
  const double exact = 0.0387463;
  for (const std::array<double, 3>& spacing :
       {std::array<double, 3>{10, 10, 10}, std::array<double, 3>{8, 11, 10},
        std::array<double, 3>{12, 9, 7}}) {
    const Grid grid =
        make_grid({int(240 / spacing[0]), int(250 / spacing[1]), int(1600 / spacing[2])}, spacing);
    const Treated<TypeParam> treated(grid, column_of(grid), {vertical(117.3, 123.1, 100, 1500, 400)});
    EXPECT_NEAR(treated.amount(clot) / 6 / exact, 1, 0.01) << spacing[0] << " " << spacing[1];
    EXPECT_NEAR(treated.amount(platelets) / 0.75 / exact, 1, 0.01);
  }
}

TYPED_TEST(PunctureTest, ReleasablePdgfIsThatOfTheTrackVolume) {
  // A track of radius 100 um through 1.4 mm holds q_P A0 V = 83 * 0.75 * 0.043982 = 2.74 pg.
  const Grid grid = make_grid({24, 26, 140}, {10, 10, 10});
  TreatmentConfig t;
  t.length = 1500;
  const std::vector<Needle> needles = place_needles(t, sides_of(grid), 1, 0);
  const Treated<TypeParam> treated(grid, column_of(grid), needles);
  EXPECT_NEAR(83 * treated.amount(platelets), 2.74, 0.01 * 2.74);
}

/// Largest difference between the kernel's damage and the plain mean over the points of each cell.
template <class Exec>
double worst_difference(const Grid& grid, const std::vector<Needle>& needles) {
  const Treated<Exec> treated(grid, column_of(grid), needles);
  const int m = Puncture<Real>::samples;
  double worst = 0;
  treated.each_cell([&](const int k, const int j, const int i) {
    double sum = 0;
    for (int c = 0; c < m; ++c)
      for (int b = 0; b < m; ++b)
        for (int a = 0; a < m; ++a)
          sum += damage_at(needles,
                           {(i + (a + 0.5) / m) * grid.spacing[0], (j + (b + 0.5) / m) * grid.spacing[1],
                            (k + (c + 0.5) / m) * grid.spacing[2]},
                           grid);
    worst = std::max(worst, std::abs(treated(damage, k, j, i) - sum / (m * m * m)));
  });
  return worst;
}

TYPED_TEST(PunctureTest, EqualsAPlainSumOverPointsNeedlesAndImages) {
  // Unequal sides and spacings, tilted needles of unequal size in and outside of the domain; the kernel
  // leaves damage below exp(-12) = 6.2e-6 out.
  const std::vector<Needle> needles = {vertical(20, 330, 60, 300, 120, 20),
                                       tilted(vertical(200, 90, 40, 350, 100, 10), 0.5, 1.1),
                                       tilted(vertical(355, 10, 50, 500, 150, 15), 0.9, -0.4),
                                       tilted(vertical(-30, 345, 30, 200, 200, 25), -0.2, 2.9),
                                       vertical(150, 230, 70, 229, 10, 8),    // a short cone
                                       vertical(266, 230, 40, 400, 100, 8)};  // beside its shoulder
  EXPECT_LT(worst_difference<TypeParam>(make_grid({23, 17, 19}, {16, 20, 24}), needles), 6.2e-6);
}

TYPED_TEST(PunctureTest, ALeaningTrackReachesFarAlongTheSurface) {
  // At 69 degrees 12 rims from the wall are 1000 um from the axis at the same depth.
  const Needle needle = tilted(vertical(1500, 70, 40, 300, 60), 1.2, 0.1);
  EXPECT_LT(worst_difference<TypeParam>(make_grid({120, 7, 6}, {25, 20, 24}), {needle}), 6.2e-6);
}

TYPED_TEST(PunctureTest, LossesFollowTheDamage) {
  const Grid grid = make_grid({20, 22, 15}, {10, 12, 20});
  Injury injury;
  injury.matrix_loss = 0.6;
  const Treated<TypeParam> treated(grid, column_of(grid), {vertical(95, 130, 50, 200, 80)}, true, true,
                                   injury);
  EXPECT_NEAR(treated(damage, 0, 10, 9), 1, 1e-15);
  treated.each_cell([&](const int k, const int j, const int i) {
    const Real d = treated(damage, k, j, i);
    EXPECT_NEAR(treated(fibroblasts, k, j, i), 1 - 0.9 * d, 1e-15);
    EXPECT_NEAR(treated(myofibroblasts, k, j, i), 1 - 0.9 * d, 1e-15);
    EXPECT_NEAR(treated(collagen_i, k, j, i), 1 - 0.6 * d, 1e-15);
    EXPECT_NEAR(treated(collagen_iii, k, j, i), 1 - 0.6 * d, 1e-15);
    EXPECT_NEAR(treated(elastin, k, j, i), 1 - 0.6 * d, 1e-15);
    EXPECT_EQ(treated(macrophages, k, j, i), 1);
  });
}

TYPED_TEST(PunctureTest, DamageDecaysFromWallConeAndTip) {
  // Cells of 4 um around R 50, L 200, l_t 80, delta 30 um, the axis through the centres of cells (0, 0). A
  // mean over a cell differs from the value at its centre by (h/delta)^2/24 and by the curvature, below 0.3 %
  // here.
  const Grid grid = make_grid({34, 35, 68}, {4, 4, 4});
  const Treated<TypeParam> treated(grid, column_of(grid), {vertical(2, 2, 50, 200, 80)}, false, false);
  const auto expect = [&](const int k, const int j, const int i, const double distance) {
    const double exact = std::exp(-distance / 30);
    EXPECT_NEAR(treated(damage, k, j, i) / exact, 1, 3e-3) << k << " " << j << " " << i;
  };
  expect(10, 0, 25, 100 - 50);            // beside the shaft, along x
  expect(10, 30, 0, 120 - 50);            // and along y
  expect(39, 0, 20, 80 - 50 * 42. / 80);  // cone at depth 158: radius 50 (200 - 158)/80
  expect(64, 0, 0, 258 - 200);            // below the tip
  expect(59, 15, 0, std::hypot(60, 38));  // and beside that
  const Treated<TypeParam> blunt(grid, column_of(grid), {vertical(2, 2, 50, 200, 0)}, false, false);
  EXPECT_NEAR(blunt(damage, 64, 0, 10) / std::exp(-58. / 30), 1, 3e-3)
      << "below the end face of a blunt needle";
}

TYPED_TEST(PunctureTest, ShallowSkinDoesNotBleed) {
  const Grid grid = make_grid({24, 24, 40}, {10, 10, 10});
  const Column face = column_of(grid, "face");
  const Treated<TypeParam> treated(grid, face, {vertical(120, 120, 60, 300, 60)});
  double deep = 0;
  treated.each_cell([&](const int k, const int j, const int i) {
    if (k < 10) {  // stratum corneum and epidermis: no cells, no debris, no blood
      EXPECT_EQ(treated(platelets, k, j, i), 0);
      EXPECT_EQ(treated(clot, k, j, i), 0);
      EXPECT_EQ(treated(damage, k, j, i), 0);
      EXPECT_EQ(treated(fibroblasts, k, j, i), 1);
      return;
    }
    deep += treated(platelets, k, j, i);
  });
  EXPECT_NEAR(treated(collagen_i, 3, 12, 12), 0.3, 1e-15) << "matrix is lost wherever there is some";
  // Shaft from 100 to 240 um, cone of 60: pi 60^2 (140 + 20) um^3.
  EXPECT_NEAR(deep * 1000 / 0.75 / (pi * 3600 * 160), 1, 0.01);
}

TYPED_TEST(PunctureTest, BloodStartsAtTheFirstVesselInsideACell) {
  // Vessels from 100 um, cells of 40 um: half of the third cell bleeds.
  const Grid grid = make_grid({6, 6, 10}, {10, 10, 40});
  Column column = column_of(grid);
  column.first_vessel = 100;
  const Treated<TypeParam> treated(grid, column, {vertical(30, 30, 100, 1000, 0)});
  EXPECT_EQ(treated(clot, 1, 3, 3), 0);
  EXPECT_NEAR(treated(clot, 2, 3, 3), 3, 1e-15);
  EXPECT_NEAR(treated(clot, 3, 3, 3), 6, 1e-15);
  EXPECT_NEAR(treated(damage, 1, 3, 3), 1, 1e-15);
}

TYPED_TEST(PunctureTest, TracksBelowAHundredMicrometresDoNotBleed) {
  const Grid grid = make_grid({20, 20, 20}, {10, 10, 10});
  const Treated<TypeParam> below(grid, column_of(grid), {vertical(100, 100, 50, 99.9, 20)});
  EXPECT_EQ(below.amount(platelets), 0);
  EXPECT_EQ(below.amount(clot), 0);
  EXPECT_GT(below.amount(damage), 0);
  const Treated<TypeParam> at(grid, column_of(grid), {vertical(100, 100, 50, 100, 20)});
  EXPECT_GT(at.amount(platelets), 0);
}

TYPED_TEST(PunctureTest, OverlappingTracksBleedOnce) {
  // Two discs of radius 100 at distance 100: union 2 pi R^2 - R^2 (2 pi/3 - sqrt(3)/2) = 50548 um^2.
  const Grid grid = make_grid({36, 26, 12}, {10, 10, 20});
  const Needle left = vertical(130, 130, 100, 300, 0), right = vertical(230, 130, 100, 300, 0);
  const Treated<TypeParam> both(grid, column_of(grid), {left, right});
  EXPECT_NEAR(both.amount(clot) / 6 * um3_per_mm3 / (50548 * 240), 1, 0.01);
  const Treated<TypeParam> other_order(grid, column_of(grid), {right, left, right});
  const Treated<TypeParam> one(grid, column_of(grid), {left}), two(grid, column_of(grid), {right});
  both.each_cell([&](const int k, const int j, const int i) {
    for (int n = 0; n < field_count; ++n) EXPECT_EQ(both(n, k, j, i), other_order(n, k, j, i));
    EXPECT_GE(both(damage, k, j, i), std::max(one(damage, k, j, i), two(damage, k, j, i)));
  });
}

TYPED_TEST(PunctureTest, ASecondTreatmentKeepsTheLargerDamage) {
  const Grid grid = make_grid({20, 20, 6}, {10, 10, 20});
  const Column column = column_of(grid);
  Fields<TypeParam> state("state", field_count, grid.cells);
  Kokkos::deep_copy(state.view(), 0.25);
  apply_treatment(TypeParam(), state, species, grid, column, {vertical(50, 100, 30, 300, 0)}, Injury{}, false,
                  false);
  const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), state.view());
  EXPECT_EQ(host(damage, 3, 11, 19), 0.25) << "far away";
  EXPECT_EQ(host(damage, 3, 11, 6), 1) << "in the core";
  EXPECT_EQ(host(platelets, 3, 11, 6), 1) << "0.75 on top of what was there";
  EXPECT_EQ(host(clot, 3, 11, 6), 6.25);
}

TYPED_TEST(PunctureTest, ATiltedTrackLeansAndIsCutAsAnEllipse) {
  // Through-going at 25 degrees in y: every section is an ellipse of area pi R^2 / cos.
  const Grid grid = make_grid({20, 60, 30}, {10, 10, 10});
  const double angle = 25 * pi / 180;
  const Needle needle = tilted(vertical(100, 200, 60, 1e4, 0), angle, pi / 2);
  const Treated<TypeParam> treated(grid, column_of(grid), {needle}, false, false);
  const double area = pi * 3600 / std::cos(angle);
  for (const int k : {2, 15, 29}) {
    double sum = 0, x = 0, y = 0;
    for (int j = 0; j < 60; ++j)
      for (int i = 0; i < 20; ++i) {
        const double covered = treated(clot, k, j, i) / 6;
        sum += covered;
        x += covered * (i + 0.5) * 10;
        y += covered * (j + 0.5) * 10;
      }
    EXPECT_NEAR(sum * 100 / area, 1, 0.01);
    EXPECT_NEAR(x / sum, 100, 0.5);
    EXPECT_NEAR(y / sum, 200 + (k + 0.5) * 10 * std::tan(angle), 0.5);
  }
}

TYPED_TEST(PunctureTest, TurningNeedlesAndGridBy90DegreesTurnsTheResult) {
  const Grid grid = make_grid({21, 15, 12}, {10, 14, 20}), turned = make_grid({15, 21, 12}, {14, 10, 20});
  std::vector<Needle> needles = {tilted(vertical(63, 47, 40, 180, 90), 0.3, 0.7),
                                 vertical(161, 133, 25, 140, 50)};
  std::vector<Needle> turned_needles = needles;
  for (Needle& n : turned_needles) {  // (x, y) -> (Ly - y, x)
    const Real x = n.entry[0], ax = n.axis[0];
    n.entry[0] = grid.length(1) - n.entry[1];
    n.entry[1] = x;
    n.axis[0] = -n.axis[1];
    n.axis[1] = ax;
  }
  const Treated<TypeParam> a(grid, column_of(grid), needles), b(turned, column_of(turned), turned_needles);
  a.each_cell([&](const int k, const int j, const int i) {
    for (int n = 0; n < field_count; ++n)
      EXPECT_NEAR(a(n, k, j, i), b(n, k, i, 14 - j), 1e-12) << n << " at " << k << " " << j << " " << i;
  });
}

TYPED_TEST(PunctureTest, ANeedleAtAPeriodicEdgeEqualsOneInTheMiddleShifted) {
  // Shifts by half the sides are exact in these numbers.
  const Grid grid = make_grid({24, 32, 10}, {8, 16, 32});
  for (const double angle : {0.0, 0.6}) {
    const Needle middle = tilted(vertical(100, 260, 40, 250, 100), angle, 0.9);
    Needle edge = middle;
    edge.entry[0] -= 96;
    edge.entry[1] -= 256;
    const Treated<TypeParam> a(grid, column_of(grid), {middle}), b(grid, column_of(grid), {edge});
    a.each_cell([&](const int k, const int j, const int i) {
      for (int n = 0; n < field_count; ++n)
        EXPECT_NEAR(a(n, k, j, i), b(n, k, (j + 16) % 32, (i + 12) % 24), 1e-12);
    });
    const Treated<TypeParam> walled(grid, column_of(grid), {edge}, false, true);
    EXPECT_LT(walled.amount(clot), 0.9 * a.amount(clot)) << "without periodic sides a part is outside";
  }
}

TYPED_TEST(PunctureTest, OneCellAcrossSeesOneTrack) {
  // A plane study: one cell along y, and nothing changes along it.
  const Grid grid = make_grid({40, 1, 10}, {10, 10, 20});
  const Treated<TypeParam> treated(grid, column_of(grid), {vertical(200, 5, 50, 1000, 0)});
  EXPECT_EQ(treated(clot, 4, 0, 20), 6);
  EXPECT_NEAR(treated(damage, 4, 0, 30), std::exp(-55. / 30), 0.01 * std::exp(-55. / 30));
}

TYPED_TEST(PunctureTest, ABrickGetsTheBitsOfTheWhole) {
  const Grid whole = make_grid({30, 21, 16}, {10, 12, 15});
  TreatmentConfig t;
  t.pattern = Pattern::poisson;
  t.density = 1e-4;
  t.length = 200;
  t.radius = 30;
  t.tilt = 0.2;
  const std::vector<Needle> needles = place_needles(t, sides_of(whole), 4, 0);
  const Column face = column_of(whole, "face");  // without cells in its upper 100 um
  const Treated<TypeParam> all(whole, face, needles);
  Grid brick = whole;
  brick.first = {11, 5, 3};
  brick.cells = {19, 9, 13};
  const Treated<TypeParam> part(brick, face, needles);
  part.each_cell([&](const int k, const int j, const int i) {
    for (int n = 0; n < field_count; ++n) EXPECT_EQ(part(n, k, j, i), all(n, k + 3, j + 5, i + 11));
  });
}

/// Needles that overlap, lean and stand outside, several in reach of every point; with rims of their own.
std::vector<Needle> crowd(const Grid& grid, const double density) {
  TreatmentConfig t;
  t.pattern = Pattern::poisson;
  t.density = density;
  t.length = 170;
  t.radius = 25;
  t.tilt = 0.3;
  std::vector<Needle> needles = place_needles(t, sides_of(grid), 5, 0);
  for (std::size_t n = 0; n < needles.size(); ++n) {
    needles[n].rim = n % 3 == 0 ? 12 : 30;
    if (n % 4 == 0) needles[n].tip_length = 0;
    if (n % 5 == 0) needles[n].length = 90;
  }
  return needles;
}

/// All images that a point of the domain can see, in the order of the needles.
std::vector<Needle> all_images(const std::vector<Needle>& needles, const Grid& grid) {
  std::vector<Needle> images;
  for (const Needle& needle : needles)
    for (int y = -2; y <= 2; ++y)
      for (int x = -2; x <= 2; ++x) {
        images.push_back(needle);
        images.back().entry[0] += x * grid.length(0);
        images.back().entry[1] += y * grid.length(1);
      }
  return images;
}

TYPED_TEST(PunctureTest, BitsAreThoseOfCellsThatLookAtEveryNeedle) {
  // Sides that are no multiples of a block, and a part of a grid: blocks begin anywhere.
  const Grid whole = make_grid({53, 46, 18}, {11, 9, 13});
  const std::vector<Needle> needles = crowd(whole, 2e-4), images = all_images(needles, whole);
  ASSERT_GT(needles.size(), 30u);
  Grid grid = whole;
  grid.first = {7, 3, 2};
  grid.cells = {45, 39, 15};
  const Column column = column_of(whole, "face");
  const Treated<TypeParam> sorted(grid, column, needles);

  const std::array<int, 3> blocks{(grid.cells[0] + needle_block_edge - 1) / needle_block_edge,
                                  (grid.cells[1] + needle_block_edge - 1) / needle_block_edge,
                                  (grid.cells[2] + needle_block_edge - 1) / needle_block_edge};
  const int block_count = blocks[0] * blocks[1] * blocks[2];
  std::vector<long> first{0};
  std::vector<int> items;
  for (int b = 0; b < block_count; ++b) {
    for (std::size_t n = 0; n < images.size(); ++n) items.push_back(int(n));
    first.push_back(long(items.size()));
  }
  const Treated<TypeParam> untouched(grid, column, {});
  Fields<TypeParam> state("state", field_count, grid.cells);
  Kokkos::deep_copy(state.view(), untouched.host());
  const auto cells = array_of<TypeParam>(
      "cells", std::vector<Real>(column.fibroblasts.begin() + grid.first[2], column.fibroblasts.end()));
  const auto device_images = array_of<TypeParam>("images", images);
  const auto device_first = array_of<TypeParam>("first", first);
  const auto device_items = array_of<TypeParam>("items", items);
  const Puncture<Real> all{state[species.platelets],
                           state[species.provisional_matrix],
                           state[species.damage],
                           state[species.fibroblasts],
                           state[species.myofibroblasts],
                           state[species.collagen_i],
                           state[species.collagen_iii],
                           state[species.elastin],
                           Injury{},
                           cells.data(),
                           device_images.data(),
                           device_first.data(),
                           device_items.data(),
                           {blocks[0], blocks[1]},
                           {grid.first[0], grid.first[1], grid.first[2]},
                           {grid.spacing[0], grid.spacing[1], grid.spacing[2]},
                           column.first_vessel};
  for_cells("test/puncture/all", TypeParam(), state.owned(), all);
  const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), state.view());
  double bled = 0;
  sorted.each_cell([&](const int k, const int j, const int i) {
    for (int n = 0; n < field_count; ++n)
      ASSERT_EQ(sorted(n, k, j, i), host(n, k + ghost_layers, j + ghost_layers, i + ghost_layers))
          << n << " at " << k << " " << j << " " << i;
    bled += sorted(clot, k, j, i);
  });
  EXPECT_GT(bled, 0);
}

TYPED_TEST(PunctureTest, ABlockListsTheNearestNeedlesInTheirOrderAndNoneThatIsFarther) {
  const Grid grid = make_grid({50, 43, 27}, {11, 9, 13});
  const std::vector<Needle> needles = crowd(grid, 5e-4);
  const NeedleBlocks<TypeParam> blocks = sort_needles(TypeParam(), needles, grid, false, false);
  const auto on_host = [](const auto& view) {
    return Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), view);
  };
  const auto listed = on_host(blocks.needles);
  const auto first = on_host(blocks.first);
  const auto items = on_host(blocks.items);
  // Half the diagonal of a block, 38 um; along the cones here (1 in 4) distances change by 3 % more.
  const double edge = needle_block_edge, away = edge * std::sqrt(11. * 11 + 9 * 9 + 13 * 13) / 2;
  for (int k = 0, b = 0; k < blocks.blocks[2]; ++k)
    for (int j = 0; j < blocks.blocks[1]; ++j)
      for (int i = 0; i < blocks.blocks[0]; ++i, ++b) {
        const auto rims = [&](const Needle& needle, const double x, const double y, const double z) {
          return track_distance(needle, (i + x) * edge * 11, (j + y) * edge * 9, (k + z) * edge * 13) / needle.rim;
        };
        std::vector<bool> here(listed.extent(0), false);
        for (long n = first(b); n < first(b + 1); ++n) {
          here[items(n)] = true;
          if (n > first(b)) {
            ASSERT_GT(items(n), items(n - 1)) << "in the order of the needles";
          }
        }
        double farthest = rims_reached;  // the largest distance from the nearest wall in the block, and a bound of it
        for (std::size_t n = 0; n < listed.extent(0); ++n)
          farthest = std::min(farthest, rims(listed(n), 0.5, 0.5, 0.5) + 1.04 * away / listed(n).rim);
        for (std::size_t n = 0; n < listed.extent(0); ++n)
          if (here[n]) {
            EXPECT_LE(rims(listed(n), 0.5, 0.5, 0.5) - 1.04 * away / listed(n).rim, farthest) << "block " << b;
          }
        for (const double z : {0.05, 0.5, 0.95})
          for (const double y : {0.05, 0.5, 0.95})
            for (const double x : {0.05, 0.5, 0.95}) {
              std::size_t nearest = 0;
              for (std::size_t n = 0; n < listed.extent(0); ++n)
                if (rims(listed(n), x, y, z) < rims(listed(nearest), x, y, z)) nearest = n;
              if (rims(listed(nearest), x, y, z) < rims_reached) {
                EXPECT_TRUE(here[nearest]) << "needle " << nearest << " in block " << b;
              }
            }
      }
}

TYPED_TEST(PunctureTest, PoissonTracksHitTheExpectedShareOfTheSurface) {
  // 250/cm^2 of radius 100 um: 1 - exp(-rho pi R^2) = 0.075535. About N = 800 discs per seed scatter the
  // covered share by 1/sqrt(N) of itself (3.5 %), the mean of 10 seeds by 1.1 %; the bound is four of these.
  const Grid grid = make_grid({400, 400, 1}, {40, 50, 100});
  const Column column = column_of(grid);
  TreatmentConfig t;
  t.pattern = Pattern::poisson;
  t.density = 250e-8;
  t.radius = 100;
  t.rim = 0;
  t.length = 500;
  const double surface = grid.length(0) * grid.length(1) * grid.length(2) / um3_per_mm3;
  double mean = 0;
  for (int seed = 1; seed <= 10; ++seed) {
    const Treated<TypeParam> treated(grid, column, place_needles(t, sides_of(grid), seed, 0));
    mean += treated.amount(clot) / 6 / surface / 10;
  }
  EXPECT_NEAR(mean / 0.075535, 1, 0.045);
}

}  // namespace
}  // namespace kollagen
