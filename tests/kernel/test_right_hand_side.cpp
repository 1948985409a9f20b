/// The fused right-hand side, the operators and the chemotaxis kernels against plain loops over a small grid: unequal
/// sides, spacings, diffusivities and layers, closed cells and full cells among them; fields in double and in float.
#include <cmath>
#include <cstdint>
#include <vector>

#include "kernels/chemotaxis.hpp"
#include "kernels/right_hand_side.hpp"
#include "kollagen/state.hpp"
#include "kollagen/storage.hpp"
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
  template <class Exec, class T = Real>
  Fields<Exec, T> to_device() const {
    const Fields<Exec, T> result("test", count_, cells);
    const auto host = Kokkos::create_mirror_view(result.view());
    std::copy(values_.begin(), values_.end(), host.data());
    Kokkos::deep_copy(result.view(), host);
    return result;
  }
  /// All values as a float holds them.
  void round() {
    for (double& v : values_) v = float(v);
  }
  /// Species 0 in double, the others in float.
  template <class Exec>
  State<Exec> to_state() const {
    std::vector<bool> single(std::size_t(count_), true);
    single[0] = false;
    const State<Exec> result("test", single, cells);
    for (int n = 0; n < count_; ++n)
      result.in_group(n, [&](const auto& group, const int place) {
        const auto one = Kokkos::subview(group.view(), place, Kokkos::ALL(), Kokkos::ALL(), Kokkos::ALL());
        const auto host = Kokkos::create_mirror_view(one);
        const std::size_t size = host.size();
        std::copy_n(values_.begin() + std::ptrdiff_t(n * size), size, host.data());
        Kokkos::deep_copy(one, host);
      });
    return result;
  }
  template <class Exec>
  static HostField from_state(const State<Exec>& state) {
    HostField result(state.count());
    for (int n = 0; n < state.count(); ++n)
      state.in_group(n, [&](const auto& group, const int place) {
        const auto one = Kokkos::subview(group.view(), place, Kokkos::ALL(), Kokkos::ALL(), Kokkos::ALL());
        const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), one);
        std::copy_n(host.data(), host.size(), result.values_.begin() + std::ptrdiff_t(n * host.size()));
      });
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

template <class Exec, bool Mixed>
void right_hand_side_equals_plain_loops() {
  HostField u(5), base(5), forcing(5), mobility(1), extra(1);
  u.fill([](int n, int k, int j, int i) { return (1 + n) * scatter(n, k, j, i); });
  base.fill([](int n, int k, int j, int i) { return scatter(10 + n, k, j, i); });
  forcing.fill([](int n, int k, int j, int i) { return scatter(20 + n, k, j, i); });
  extra.fill([](int, int k, int j, int i) { return scatter(30, k, j, i) - 0.5; });
  // A third of the cells lets nothing diffuse, so that faces between two of them occur.
  mobility.fill(
      [](int, int k, int j, int i) { return scatter(31, k, j, i) < 0.33 ? 0 : scatter(32, k, j, i); });
  if (Mixed)
    for (HostField* field : {&u, &base, &mobility, &extra}) field->round();
  const DepthTable<Exec> site({{0, 0.3, 0.1, 0.7, 0.2, 0}, {0, 1.1, 0.4, 0.6, 0.9, 0}});
  // Rows: lateral, vertical below, 1/habitat; nothing lives in the third layer.
  const DepthTable<Exec> relative(
      {{0.2, 0.2, 0.7, 0, 0.4, 0.4}, {9, 0.1, 0.3, 0, 0, 0.2}, {3, 3, 0.5, 0, 2, 2}});
  const DepthTable<Exec> plain({{0.5, 0.5, 0.9, 0, 0.3, 0.3}, {9, 0.2, 0.4, 0, 0, 0.1}, {1, 1, 1, 0, 1, 1}});
  const double d[5] = {0, 30, 7, 11, 3};
  const double a = 0.75, b = 0.25, c = 0.125;

  using Moving = std::conditional_t<Mixed, float, Real>;
  const auto dforcing = forcing.template to_device<Exec>();
  const auto dmobility = mobility.template to_device<Exec, Moving>(), dextra = extra.template to_device<Exec, Moving>();
  constexpr unsigned moving = 0b11110;
  using Read = std::conditional_t<Mixed, SplitSpan<moving, const float, const Real>, Span4<const Real>>;
  using Write = std::conditional_t<Mixed, SplitSpan<moving, float, Real>, Span4<Real>>;
  const auto state_of = [](const HostField& field) {
    if constexpr (Mixed)
      return field.template to_state<Exec>();
    else
      return State<Exec>(field.template to_device<Exec>());
  };
  const State<Exec> du = state_of(u), dbase = state_of(base), out = state_of(HostField(5));
  const auto span = []<class Span>(Span*, const State<Exec>& state) -> Span {
    if constexpr (Mixed)
      return {state.singles().span(), state.doubles().span()};
    else
      return state.doubles().span();
  };
  Read* const read = nullptr;
  Write* const write = nullptr;
  using Kernel = RightHandSide<FiveSpecies, FiveSpecies::signals, FiveSpecies::cells, FiveSpecies::habitat, 3, true,
                               Read, Write>;
  Kernel kernel{FiveSpecies(),
                {span(read, du), site.span(), dforcing.span()},
                span(read, dbase),
                span(write, out),
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
  auto result = HostField::from_state(out);

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
          // Sums of some twenty terms of size up to 3 in another order, and the result rounded to its word.
          const double rounded = Mixed && n > 0 ? 0.5 * float_epsilon * std::abs(expected) : 0;
          ASSERT_NEAR(result(n, k, j, i), expected, 1e-14 + rounded)
              << "species " << n << " cell " << i << ' ' << j << ' ' << k;
        }
      }
}

TYPED_TEST(RightHandSideKernel, EqualsPlainLoops) { right_hand_side_equals_plain_loops<TypeParam, false>(); }
TYPED_TEST(RightHandSideKernel, EqualsPlainLoopsWithWhatMovesInFloat) {
  right_hand_side_equals_plain_loops<TypeParam, true>();
}

/// An operator in every cell.
template <class Operator>
struct Apply {
  Operator op;
  Span3<Real> out;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    out(k, j, i) = detail::at_cell(op, k, j, i);
  }
};

/// What diffuses, in float and in double, of the same values: they differ by the rounding of some twenty operations on what
/// flows through the faces, which is at most `w` times the values around.
TYPED_TEST(RightHandSideKernel, OperatorsInFloatAreThoseInDouble) {
  using Exec = TypeParam;
  HostField u(1), mobility(1);
  u.fill([](int, int k, int j, int i) { return 1 + 1e-3 * scatter(60, k, j, i); });
  // Closed cells, neighbours among them, and mobilities of all sizes.
  mobility.fill([](int, int k, int j, int i) {
    return scatter(61, k, j, i) < 0.33 ? 0 : std::pow(10, -4 * scatter(62, k, j, i));
  });
  u.round();
  mobility.round();
  const DepthTable<Exec> relative(
      {{0.2, 0.2, 0.7, 0, 0.4, 0.4}, {9, 0.1, 0.3, 0, 0, 0.2}, {3, 3, 0.5, 0, 2, 2}});
  const auto du = u.template to_device<Exec>(), dm = mobility.template to_device<Exec>();
  const auto fu = u.template to_device<Exec, float>(), fm = mobility.template to_device<Exec, float>();
  const Fields<Exec> out("out", 4, cells);
  const Exec exec;
  SignalDiffusion signal{du[0], dm[0], {}};
  BasicSignalDiffusion<float> signal_in_float{fu[0], fm[0], {}};
  BasicLayerDiffusion<Real, true> layer{du[0], relative.span(), {}};
  BasicLayerDiffusion<float, true> layer_in_float{fu[0], relative.span(), {}};
  double sum = 0;
  for (int axis = 0; axis < 3; ++axis) {
    const float w = float(30 / (spacing[axis] * spacing[axis]));  // the same number in both
    sum += 2 * w;
    signal.w[axis] = signal_in_float.w[axis] = layer.w[axis] = layer_in_float.w[axis] = w;
  }
  for_cells("test/right_hand_side/signal", exec, out.owned(), Apply<SignalDiffusion>{signal, out[0]});
  for_cells("test/right_hand_side/signal_in_float", exec, out.owned(),
            Apply<BasicSignalDiffusion<float>>{signal_in_float, out[1]});
  for_cells("test/right_hand_side/layer", exec, out.owned(), Apply<BasicLayerDiffusion<Real, true>>{layer, out[2]});
  for_cells("test/right_hand_side/layer_in_float", exec, out.owned(),
            Apply<BasicLayerDiffusion<float, true>>{layer_in_float, out[3]});
  exec.fence();
  auto result = HostField::from_device(out);
  double flows[2] = {0, 0};
  for (int k = 0; k < cells[2]; ++k)
    for (int j = 0; j < cells[1]; ++j)
      for (int i = 0; i < cells[0]; ++i) {
        flows[0] = std::max(flows[0], std::abs(result(0, k, j, i)));
        flows[1] = std::max(flows[1], std::abs(result(2, k, j, i)));
        // Neighbours differ by 1e-3 at most, and their differences are exact: the error is that of 1e-3, not of 1.
        ASSERT_NEAR(result(1, k, j, i), result(0, k, j, i), 10 * float_epsilon * sum * 1e-3);
        // Ratios to habitats differ by up to 3; they are taken in double, and rounded once.
        ASSERT_NEAR(result(3, k, j, i), result(2, k, j, i), float_epsilon * (std::abs(result(2, k, j, i)) + 2e-3 * sum));
      }
  EXPECT_GT(flows[0], 1e-4);
  EXPECT_GT(flows[1], 1e-4);
}

template <class Exec, class T>
void chemotaxis_equals_plain_loops() {
  // Differences of floats are exact; what is done with them rounds by 6e-8 some ten times.
  constexpr double rounding = std::is_same_v<T, float> ? 1e-6 : 1e-14;
  HostField u(3);  // cells, attractant, others that take up room
  u.fill([](int n, int k, int j, int i) { return (n == 1 ? 5 : 1) * scatter(40 + n, k, j, i); });
  if (std::is_same_v<T, float>) u.round();
  const DepthTable<Exec> open({{1, 1, 1, 1, 0, 0}}), inverse_full({{0.7, 0.7, 0.9, 0.6, 0, 0}});
  ChemotaxisLaw law{0, 1, 0, 2};
  law.sensitivity = 40;
  law.inv_half = 0.5;
  law.inv_speed_cap2 = 0.25;
  const auto du = u.template to_device<Exec, T>();
  const Fields<Exec, T> divergence("divergence", 1, cells);
  const Fields<Exec, float> slopes("slopes", 3, cells);
  const Exec exec;
  for_cells("test/right_hand_side/slopes", exec, slopes.owned(),
            BasicLimitedSlopes<T>{du[0], {slopes[0], slopes[1], slopes[2]}});
  // All walls but the upper one along y, where the neighbour would tell the slope of the ghost.
  for_cells(
      "test/right_hand_side/ghost_slopes", exec, Box{{0, cells[1], 0}, {cells[0], cells[1] + 1, cells[2]}},
      BasicLimitedSlopes<T>{{&du[0](0, -1, 0), du[0].stride_k, du[0].stride_j}, {slopes[0], slopes[1], slopes[2]}});
  BasicChemotaxisDivergence<T> kernel{law,
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
                                      {T(1 / spacing[0]), T(1 / spacing[1]), T(1 / spacing[2])}};
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
          ASSERT_NEAR(slope(axis, k, j, i), limited(axis, k, j, i), 2e-7 + rounding)
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
        ASSERT_NEAR(result(0, k, j, i), expected, rounding) << "cell " << i << ' ' << j << ' ' << k;
      }
  EXPECT_GT(largest, 0.01) << "nothing moved: the test sees nothing";
  EXPECT_NEAR(total, -leaving, 10 * rounding) << "what leaves one cell must enter its neighbour";
}

TYPED_TEST(RightHandSideKernel, ChemotaxisEqualsPlainLoops) { chemotaxis_equals_plain_loops<TypeParam, Real>(); }
TYPED_TEST(RightHandSideKernel, ChemotaxisOfFloatsEqualsPlainLoops) { chemotaxis_equals_plain_loops<TypeParam, float>(); }

TEST(Stored, KeepsDoublesAndRoundsOrDropsFloats) {
  EXPECT_EQ(stored<Real>(1e-300), 1e-300);
  EXPECT_EQ(stored<float>(0.1), 0.1f);
  EXPECT_EQ(stored<float>(-0.1), -0.1f);
  EXPECT_EQ(stored<float>(2e-20), 2e-20f);
  EXPECT_EQ(stored<float>(-2e-20), -2e-20f);
  EXPECT_EQ(stored<float>(0.9e-20), 0);
  EXPECT_EQ(stored<float>(-0.9e-20), 0);
  EXPECT_TRUE(std::isnan(stored<float>(NAN)));
  EXPECT_TRUE(std::isinf(stored<float>(HUGE_VAL)));
}

}  // namespace
}  // namespace kollagen::test
