/// Extremes, sums over planes and read-outs of a state against plain loops.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "kernels/measure.hpp"
#include "support/backends.hpp"

namespace kollagen {
namespace {

// The second is long enough that a plane takes two teams of a device.
constexpr std::array<int, 3> sizes[] = {{7, 5, 3}, {131, 67, 2}};
constexpr int species = 4, first_plane = 2;

/// Nothing, values of very different size and both signs, as exact sums have to stand them, and two collagens.
double field(const int n, const int k, const int j, const int i) {
  const double wave = std::sin(1.7 * i + 0.9 * j * j + 3.1 * k + n);
  return n == 0 ? 0.0 : n == 1 ? std::ldexp(wave, 9 * (i % 5) - 20 * (j % 2)) : (n == 3 ? 25 : 10) * (1 + 0.9 * wave);
}
bool marked(const int k, const int j, const int i) { return (i + 2 * j + 3 * k) % 4 == 1; }

/// Two planes of other ranks before ours, and one after; the first of ours lies in the epidermis.
Column layers(const int planes) {
  Column column;
  for (int k = 0; k < planes + first_plane + 1; ++k) {
    const bool skin = k != first_plane;
    column.layer.push_back(0);
    column.collagen_i.push_back(skin ? 30 + k : 0);
    column.collagen_iii.push_back(skin ? 12 - k : 0);
    column.elastin.push_back(skin ? 41.5 + k : 0);
  }
  return column;
}

Grid grid_of(const std::array<int, 3>& cells) {
  return {{cells[0], cells[1], cells[2] + first_plane + 1}, {10, 12, 15}, {0, 0, first_plane}, cells};
}

/// Measured on a backend, of a state whose ghosts would be noticed.
template <class Exec>
Measured measured(const std::array<int, 3>& cells, const bool with_mask = true) {
  const Fields<Exec> u("u", species, cells);
  const auto host = Kokkos::create_mirror_view(u.view());
  Kokkos::deep_copy(host, 1e250);
  std::vector<char> mask;
  for (int k = 0; k < cells[2]; ++k)
    for (int j = 0; j < cells[1]; ++j)
      for (int i = 0; i < cells[0]; ++i) {
        for (int n = 0; n < species; ++n) host(n, k + 1, j + 1, i + 1) = field(n, k, j, i);
        if (with_mask) mask.push_back(marked(k, j, i));
      }
  Kokkos::deep_copy(u.view(), host);
  OneRank alone;
  return measure(Exec(), u, grid_of(cells), alone, mask, SkinFields{{}, 3, 2, 1}, layers(cells[2]));
}

template <class Exec>
class Measure : public ::testing::Test {};
TYPED_TEST_SUITE(Measure, test::Backends);

TYPED_TEST(Measure, ExtremesAreThoseOfTheOwnedCells) {
  for (const auto& cells : sizes) {
    const Measured m = measured<TypeParam>(cells);
    for (int n = 0; n < species; ++n) {
      double least = HUGE_VAL, most = -HUGE_VAL;
      for (int k = 0; k < cells[2]; ++k)
        for (int j = 0; j < cells[1]; ++j)
          for (int i = 0; i < cells[0]; ++i) {
            least = std::min(least, field(n, k, j, i));
            most = std::max(most, field(n, k, j, i));
          }
      EXPECT_EQ(m.extremes[n].minimum, least) << n;
      EXPECT_EQ(m.extremes[n].maximum, most) << n;
    }
  }
}

TYPED_TEST(Measure, SumsOfPlanesAreExact) {
  for (const auto& cells : sizes) {
    const Measured m = measured<TypeParam>(cells), unmarked = measured<TypeParam>(cells, false);
    for (int n = 0; n < species; ++n)
      for (int k = 0; k < cells[2]; ++k) {
        long double all = 0, masked = 0;
        for (int j = 0; j < cells[1]; ++j)
          for (int i = 0; i < cells[0]; ++i) {
            all += field(n, k, j, i);
            masked += marked(k, j, i) ? field(n, k, j, i) : 0;
          }
        // What the split drops of a value is 2^-61 of the largest or less; the last rounding is that of a double.
        const double lost = std::ldexp(m.extremes[n].magnitude(), -60) * cells[0] * cells[1];
        EXPECT_NEAR(m.sums.all(n, first_plane + k), double(all), lost + std::ldexp(std::abs(double(all)), -52)) << n;
        EXPECT_NEAR(m.sums.masked(n, first_plane + k), double(masked), lost + std::ldexp(std::abs(double(masked)), -52));
        EXPECT_EQ(m.sums.all(n, first_plane + k), unmarked.sums.all(n, first_plane + k));
        EXPECT_EQ(unmarked.sums.masked(n, first_plane + k), 0);
      }
    for (const int other : {0, first_plane - 1, first_plane + cells[2]})
      for (int n = 0; n < species; ++n) EXPECT_EQ(m.sums.all(n, other), 0) << "a plane of another rank";
  }
}

TYPED_TEST(Measure, ReadOutsFollowTheirFormulas) {
  for (const auto& cells : sizes) {
    const Measured m = measured<TypeParam>(cells);
    const Column column = layers(cells[2]);
    for (int k = 0; k < cells[2]; ++k) {
      const int depth = first_plane + k;
      const double i0 = column.collagen_i[depth], iii0 = column.collagen_iii[depth], e0 = column.elastin[depth];
      double all[read_outs] = {}, masked[read_outs] = {};
      for (int j = 0; j < cells[1]; ++j)
        for (int i = 0; i < cells[0]; ++i) {
          const double c1 = field(3, k, j, i), c3 = field(2, k, j, i), e = field(1, k, j, i);
          double cell[read_outs] = {0, 0, 1, 1, 0};
          if (i0 > 0) {
            const double s = std::pow(std::max(0.0, (c1 + 0.2 * c3) / (i0 + 0.2 * iii0)), 1.3);
            cell[excess_iii] = c1 + c3 > 0 ? std::max(0.0, c3 / (c1 + c3) / (iii0 / (i0 + iii0)) - 1) : 0;
            cell[strength] = s;
            cell[weak] = s < 0.8;
            cell[deficit] = std::max(0.0, 1 - s);
            cell[lost_elastin] = std::max(0.0, 1 - e / e0);
          }
          for (int r = 0; r < read_outs; ++r) {
            all[r] += cell[r];
            masked[r] += marked(k, j, i) ? cell[r] : 0;
          }
        }
      for (int r = 0; r < read_outs; ++r) {  // a power may differ in its last digits
        EXPECT_NEAR(m.sums.all(species + r, depth), all[r], 1e-13 * (1 + all[r])) << "read-out " << r << " at " << k;
        EXPECT_NEAR(m.sums.masked(species + r, depth), masked[r], 1e-13 * (1 + masked[r])) << "read-out " << r;
      }
    }
  }
}

TYPED_TEST(Measure, SumsOfFieldsHaveTheBitsOfEveryBackend) {
  for (const auto& cells : sizes) {
    const Measured m = measured<TypeParam>(cells), expected = measured<Kokkos::Serial>(cells);
    for (int n = 0; n < species; ++n)
      for (int k = 0; k < cells[2]; ++k) {
        EXPECT_EQ(m.sums.all(n, first_plane + k), expected.sums.all(n, first_plane + k));
        EXPECT_EQ(m.sums.masked(n, first_plane + k), expected.sums.masked(n, first_plane + k));
      }
  }
}

}  // namespace
}  // namespace kollagen
