/// The fused right-hand side and the chemotaxis kernels against plain loops over a small grid: unequal sides,
/// spacings, diffusivities and layers, closed cells and full cells among them.
#include <cmath>
#include <cstdint>
#include <vector>

#include "kernels/chemotaxis.hpp"
#include "kernels/right_hand_side.hpp"
#include "kollagen/fields.hpp"
#include "support/backends.hpp"

namespace kollagen::test {
namespace {

constexpr std::array<int, 3> cells{11, 5, 4};  // unequal; rows with a vector body and a remainder
constexpr std::array<double, 3> spacing{10, 7, 4};

/// Two signals, a cell that has a habitat, one that has none, and a species that stays: coupled, and
/// different at every depth.
struct FiveSpecies {
  static constexpr int count = 5, site_count = 2;
  static constexpr unsigned signals = 0b00110, cells = 0b10000, habitat = 0b01000;
  Real strength = 0.5;
  template <class R>
  KOKKOS_FORCEINLINE_FUNCTION void rates(const Real (&u)[count], const Real (&site)[site_count], R& r) const {
    r.gain(0, site[0] * u[1] * u[1]);
    r.lose(1, strength + site[1] * u[4]);
    r.gain(2, strength * u[3]);
    r.lose(3, u[0]);
    r.gain(4, u[2] / (1 + u[3]));
  }
};

/// A number between 0 and 1 that depends on all of its arguments, without a pattern that an error could fit
/// into.
double scatter(const std::uint64_t n, const int k, const int j, const int i) {
  std::uint64_t x = n * 1000003 + std::uint64_t((k + 2) * 10007 + (j + 2) * 101 + (i + 2));
  x = (x ^ (x >> 31)) * 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 29)) * 0xbf58476d1ce4e5b9u;
  return double((x ^ (x >> 32)) >> 11) / double(std::uint64_t(1) << 53);
}

/// A field with ghosts as the host sees it, to fill it and to compare.
class HostField {
 public:
  explicit HostField(const int count)
      : count_(count), values_(std::size_t(count) * (cells[0] + 2) * (cells[1] + 2) * (cells[2] + 2)) {}
  double& operator()(const int n, const int k, const int j, const int i) {
    return values_[((std::size_t(n) * (cells[2] + 2) + k + 1) * (cells[1] + 2) + j + 1) * (cells[0] + 2) + i +
                   1];
  }
  template <class F>
  void fill(const F& value) {
    for (int n = 0; n < count_; ++n)
      for (int k = -1; k <= cells[2]; ++k)
        for (int j = -1; j <= cells[1]; ++j)
          for (int i = -1; i <= cells[0]; ++i) (*this)(n, k, j, i) = value(n, k, j, i);
  }
  template <class Exec>
  Fields<Exec> to_device() const {
    const Fields<Exec> result("test", count_, cells);
    const auto host = Kokkos::create_mirror_view(result.view());
    std::copy(values_.begin(), values_.end(), host.data());
    Kokkos::deep_copy(result.view(), host);
    return result;
  }
  template <class Exec, class T>
  static HostField from_device(const Fields<Exec, T>& fields) {
    HostField result(fields.count());
    const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), fields.view());
    std::copy(host.data(), host.data() + host.size(), result.values_.begin());
    return result;
  }

 private:
  int count_;
  std::vector<double> values_;
};

/// A table (row, k) with k from -1 to nz, on the device and on the host.
template <class Exec>
struct DepthTable {
  explicit DepthTable(const std::vector<std::vector<double>>& rows)
      : values(rows), view("table", rows.size(), rows[0].size()) {
    const auto host = Kokkos::create_mirror_view(view);
    for (std::size_t r = 0; r < rows.size(); ++r)
      for (std::size_t c = 0; c < rows[r].size(); ++c) host(r, c) = rows[r][c];
    Kokkos::deep_copy(view, host);
  }
  double operator()(const int row, const int k) const { return values[std::size_t(row)][std::size_t(k + 1)]; }
  Span2<const Real> span() const { return {view.data() + 1, int(view.extent(1))}; }
  std::vector<std::vector<double>> values;
  Kokkos::View<Real**, Kokkos::LayoutRight, typename Exec::memory_space> view;
};

double mean(const double a, const double b) { return a + b > 0 ? 2 * a * b / (a + b) : 0; }

template <class Exec>
struct RightHandSideKernel : ::testing::Test {};
TYPED_TEST_SUITE(RightHandSideKernel, Backends);

TYPED_TEST(RightHandSideKernel, EqualsPlainLoops) {
  using Exec = TypeParam;
  HostField u(5), base(5), forcing(5), mobility(1), extra(1);
  u.fill([](int n, int k, int j, int i) { return (1 + n) * scatter(n, k, j, i); });
  base.fill([](int n, int k, int j, int i) { return scatter(10 + n, k, j, i); });
  forcing.fill([](int n, int k, int j, int i) { return scatter(20 + n, k, j, i); });
  extra.fill([](int, int k, int j, int i) { return scatter(30, k, j, i) - 0.5; });
  // A third of the cells lets nothing diffuse, so that faces between two of them occur.
  mobility.fill(
      [](int, int k, int j, int i) { return scatter(31, k, j, i) < 0.33 ? 0 : scatter(32, k, j, i); });
  const DepthTable<Exec> site({{0, 0.3, 0.1, 0.7, 0.2, 0}, {0, 1.1, 0.4, 0.6, 0.9, 0}});
  // Rows: lateral, vertical below, 1/habitat; nothing lives in the third layer.
  const DepthTable<Exec> relative(
      {{0.2, 0.2, 0.7, 0, 0.4, 0.4}, {9, 0.1, 0.3, 0, 0, 0.2}, {3, 3, 0.5, 0, 2, 2}});
  const DepthTable<Exec> plain({{0.5, 0.5, 0.9, 0, 0.3, 0.3}, {9, 0.2, 0.4, 0, 0, 0.1}, {1, 1, 1, 0, 1, 1}});
  const double d[5] = {0, 30, 7, 11, 3};
  const double a = 0.75, b = 0.25, c = 0.125;

  const auto du = u.template to_device<Exec>(), dbase = base.template to_device<Exec>();
  const auto dforcing = forcing.template to_device<Exec>(), dmobility = mobility.template to_device<Exec>();
  const auto dextra = extra.template to_device<Exec>();
  const Fields<Exec> out("out", 5, cells);
  using Kernel = RightHandSide<FiveSpecies, FiveSpecies::signals, FiveSpecies::cells, FiveSpecies::habitat, 3, true>;
  Kernel kernel{FiveSpecies(),
                {du.span(), site.span(), dforcing.span()},
                dbase.span(),
                out.span(),
                a,
                b,
                c,
                dmobility[0],
                {},
                {},
                dextra[0]};
  for (int n = 1; n < 5; ++n) {
    kernel.layers[n] = n == 3 ? relative.span() : plain.span();
    for (int axis = 0; axis < 3; ++axis) kernel.w[n][axis] = d[n] / (spacing[axis] * spacing[axis]);
  }
  const Exec exec;
  for_cells("test/right_hand_side/evaluate", exec, out.owned(), kernel);
  exec.fence();
  auto result = HostField::from_device(out);

  for (int k = 0; k < cells[2]; ++k)
    for (int j = 0; j < cells[1]; ++j)
      for (int i = 0; i < cells[0]; ++i) {
        double v[5];
        for (int n = 0; n < 5; ++n) v[n] = u(n, k, j, i);
        double rate[5] = {site(0, k) * v[1] * v[1], -(0.5 + site(1, k) * v[4]) * v[1], 0.5 * v[3],
                          -v[0] * v[3], v[2] / (1 + v[3])};
        for (int n = 0; n < 5; ++n) {
          rate[n] += forcing(n, k, j, i);
          if (n == 3) rate[n] += extra(0, k, j, i);
          for (int axis = 0; axis < 3; ++axis)
            for (const int side : {-1, 1}) {
              const int di = axis == 0 ? side : 0, dj = axis == 1 ? side : 0, dk = axis == 2 ? side : 0;
              const double there = u(n, k + dk, j + dj, i + di),
                           factor = d[n] / (spacing[axis] * spacing[axis]);
              if (n == 1 || n == 2) {
                const double m = mean(mobility(0, k, j, i), mobility(0, k + dk, j + dj, i + di));
                rate[n] += factor * m * (there - v[n]);
              } else if (n >= 3) {
                const auto& layer = n == 3 ? relative : plain;
                rate[n] += axis < 2 ? factor * layer(0, k) * (there - v[n])
                                    : factor * layer(1, side > 0 ? k + 1 : k) *
                                          (there * layer(2, k + side) - v[n] * layer(2, k));
              }
            }
          const double expected = a * base(n, k, j, i) + b * v[n] + c * rate[n];
          // Sums of some twenty terms of size up to 3 in another order.
          ASSERT_NEAR(result(n, k, j, i), expected, 1e-14)
              << "species " << n << " cell " << i << ' ' << j << ' ' << k;
        }
      }
}

TYPED_TEST(RightHandSideKernel, ChemotaxisEqualsPlainLoops) {
  using Exec = TypeParam;
  HostField u(3);  // cells, attractant, others that take up room
  u.fill([](int n, int k, int j, int i) { return (n == 1 ? 5 : 1) * scatter(40 + n, k, j, i); });
  const DepthTable<Exec> open({{1, 1, 1, 1, 0, 0}}), inverse_full({{0.7, 0.7, 0.9, 0.6, 0, 0}});
  ChemotaxisLaw law{0, 1, 0, 2};
  law.sensitivity = 40;
  law.inv_half = 0.5;
  law.inv_speed_cap2 = 0.25;
  const auto du = u.template to_device<Exec>();
  const Fields<Exec> divergence("divergence", 1, cells);
  const Fields<Exec, float> slopes("slopes", 3, cells);
  const Exec exec;
  for_cells("test/right_hand_side/slopes", exec, slopes.owned(),
            LimitedSlopes{du[0], {slopes[0], slopes[1], slopes[2]}});
  // All walls but the upper one along y, where the neighbour would tell the slope of the ghost.
  for_cells(
      "test/right_hand_side/ghost_slopes", exec, Box{{0, cells[1], 0}, {cells[0], cells[1] + 1, cells[2]}},
      LimitedSlopes{{&du[0](0, -1, 0), du[0].stride_k, du[0].stride_j}, {slopes[0], slopes[1], slopes[2]}});
  ChemotaxisDivergence kernel{law,
                              du[0],
                              {slopes[0], slopes[1], slopes[2]},
                              du[1],
                              du[0],
                              du[2],
                              1,
                              inverse_full.span(),
                              open.span(),
                              divergence[0],
                              {true, true, true, false, true, true},
                              {cells[0], cells[1], cells[2]},
                              {1 / spacing[0], 1 / spacing[1], 1 / spacing[2]}};
  for_cells("test/right_hand_side/divergence", exec, divergence.owned(), kernel);
  exec.fence();
  auto result = HostField::from_device(divergence);
  auto slope = HostField::from_device(slopes);

  const auto limited = [&](const int axis, const int k, const int j, const int i) {
    const int di = axis == 0, dj = axis == 1, dk = axis == 2;
    const double left = u(0, k, j, i) - u(0, k - dk, j - dj, i - di);
    const double right = u(0, k + dk, j + dj, i + di) - u(0, k, j, i);
    return left * right > 0 ? 2 / (1 / left + 1 / right) : 0;
  };
  double total = 0, largest = 0, leaving = 0;
  for (int k = 0; k < cells[2]; ++k)
    for (int j = 0; j < cells[1]; ++j)
      for (int i = 0; i < cells[0]; ++i) {
        double expected = 0;
        for (int axis = 0; axis < 3; ++axis) {
          ASSERT_NEAR(slope(axis, k, j, i), limited(axis, k, j, i), 2e-7)
              << "axis " << axis;  // single precision
          for (const int side : {-1, 1}) {
            const int place[3] = {i, j, k};
            const bool at_wall = place[axis] == (side < 0 ? 0 : cells[axis] - 1) && !(axis == 1 && side > 0);
            const int di = axis == 0 ? side : 0, dj = axis == 1 ? side : 0, dk = axis == 2 ? side : 0;
            if (at_wall || open(0, k) == 0 || open(0, k + dk) == 0) continue;
            const double here = u(1, k, j, i), there = u(1, k + dk, j + dj, i + di);
            const double occupied = 1 + 0.5 * (here + there) * 0.5;
            const double w = 40 * (there - here) / spacing[axis] / (occupied * occupied);
            const double v = w / std::sqrt(1 + w * w * 0.25);  // towards the neighbour
            const double up =
                v > 0 ? u(0, k, j, i) + 0.5 * side * slope(axis, k, j, i)
                      : u(0, k + dk, j + dj, i + di) - 0.5 * side * slope(axis, k + dk, j + dj, i + di);
            const auto room = [&](const int kk, const int jj, const int ii) {
              return std::max(0.0, 1 - (u(0, kk, jj, ii) + u(2, kk, jj, ii)) * inverse_full(0, kk));
            };
            const double flux = up * mean(room(k, j, i), room(k + dk, j + dj, i + di)) * v / spacing[axis];
            expected -= flux;
            if (axis == 1 && side > 0 && j == cells[1] - 1) leaving += flux;
          }
        }
        total += result(0, k, j, i);
        largest = std::max(largest, std::abs(result(0, k, j, i)));
        ASSERT_NEAR(result(0, k, j, i), expected, 1e-14) << "cell " << i << ' ' << j << ' ' << k;
      }
  EXPECT_GT(largest, 0.01) << "nothing moved: the test sees nothing";
  EXPECT_NEAR(total, -leaving, 1e-13) << "what leaves one cell must enter its neighbour";
}

}  // namespace
}  // namespace kollagen::test
