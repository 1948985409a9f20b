/// Where fields are not at rest, against plain loops.
#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "kernels/active_cells.hpp"
#include "kollagen/fields.hpp"
#include "support/backends.hpp"

namespace kollagen::test {
namespace {

constexpr std::array<int, 3> cells{150, 5, 3};  // two stretches of 64 and one of 22 in each row

template <class Exec>
struct ActiveCellsOf : ::testing::Test {};
TYPED_TEST_SUITE(ActiveCellsOf, Backends);

/// 0 but in the last cell.
struct Rest {
  Span3<Real> u;
  int width;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    u(k, j, i) = k == 1 && j == 3 && i == width - 1 ? 1 : 0;
  }
};

/// Cells, each in one of three fields, that are not 0.
struct Spot {
  int field, k, j, i;
  double value;
};

template <class Exec>
Fields<Exec> fields_with(const std::vector<Spot>& spots) {
  const Fields<Exec> fields("watched", 3, cells);
  const auto host = Kokkos::create_mirror_view(fields.view());
  for (int n = 0; n < 3; ++n)  // ghosts do not count
    for (int k = -1; k <= cells[2]; ++k)
      for (int j = -1; j <= cells[1]; ++j) host(n, k + 1, j + 1, 0) = host(n, k + 1, j + 1, cells[0] + 1) = 5;
  for (const Spot& s : spots) host(s.field, s.k + 1, s.j + 1, s.i + 1) = s.value;
  Kokkos::deep_copy(fields.view(), host);
  return fields;
}

template <class Exec>
std::vector<int> found(const ActiveCells<Exec>& active) {
  const auto stretches = active.stretches();
  if (!stretches) return {-1};
  using Device = Kokkos::View<const int*, typename Exec::memory_space, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;
  const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), Device(stretches->list(), stretches->count()));
  return std::vector<int>(host.data(), host.data() + host.extent(0));
}

TYPED_TEST(ActiveCellsOf, AreThoseOfAPlainLoop) {
  const TypeParam exec;
  const std::vector<Spot> spots{{0, 0, 0, 0, 1e-300}, {1, 0, 0, 63, -2},  {2, 0, 1, 64, 1},  {0, 2, 4, 149, 3},
                                {2, 1, 3, 127, 1e9},  {1, 1, 3, 128, 1e-9}, {1, 1, 2, 100, 4},
                                {0, 1, 0, 20, -0.0}};
  const Fields<TypeParam> fields = fields_with<TypeParam>(spots);
  std::set<int> expected;
  for (const Spot& s : spots) expected.insert((s.k * cells[1] + s.j) * 3 + s.i / 64);
  ActiveCells<TypeParam> active;
  EXPECT_EQ(active.share(), 1) << "nobody has looked yet";
  EXPECT_FALSE(active.stretches());
  active.find(exec, Box{{0, 0, 0}, cells}, std::vector<Span3<Real>>{fields[0], fields[1], fields[2]});
  EXPECT_EQ(found(active), std::vector<int>(expected.begin(), expected.end()));
  EXPECT_DOUBLE_EQ(active.share(), double(expected.size()) / (3 * 5 * 3));
  active.find(exec, Box{{0, 0, 0}, cells}, std::vector<Span3<Real>>{fields[1]});
  EXPECT_EQ(found(active), (std::vector<int>{0, (5 + 2) * 3 + 1, (5 + 3) * 3 + 2})) << "of the second field alone";
  active.forget();
  EXPECT_EQ(active.share(), 1);
}

TYPED_TEST(ActiveCellsOf, NothingAtAllIsAnEmptyList) {
  ActiveCells<TypeParam> active;
  const Fields<TypeParam> fields = fields_with<TypeParam>({});
  active.find(TypeParam(), Box{{0, 0, 0}, cells}, std::vector<Span3<Real>>{fields[0]});
  ASSERT_TRUE(active.stretches());
  EXPECT_EQ(active.stretches()->count(), 0);
  EXPECT_EQ(active.share(), 0);
}

/// A stretch is not longer than a row, so that a device has no work items without a cell.
TYPED_TEST(ActiveCellsOf, NarrowGridsHaveShortStretches) {
  for (const auto& [width, length] : {std::pair{1, 1}, {2, 2}, {3, 4}, {64, 64}, {65, 64}}) {
    const Fields<TypeParam> fields("narrow", 1, {width, 4, 2});
    Kokkos::deep_copy(fields.view(), 1.0);
    ActiveCells<TypeParam> active;
    const Box box{{0, 0, 0}, {width, 4, 2}};
    for_cells("test/active_cells/rest", TypeParam(), box, Rest{fields[0], width});
    active.find(TypeParam(), box, std::vector<Span3<Real>>{fields[0]});
    ASSERT_TRUE(active.stretches());
    EXPECT_EQ(1 << active.stretches()->shift(), length) << width;
    EXPECT_EQ(active.stretches()->count(), 1) << width;
  }
}

/// From four fifths of the stretches on all cells are worked on.
TYPED_TEST(ActiveCellsOf, AListThatDoesNotPayIsNotUsed) {
  std::vector<Spot> spots;
  for (int n = 0; n < 45; ++n) {
    spots.push_back({n % 3, n / 15, n / 3 % 5, 64 * (n % 3) + 7, 1});
    const Fields<TypeParam> fields = fields_with<TypeParam>(spots);
    ActiveCells<TypeParam> active;
    active.find(TypeParam(), Box{{0, 0, 0}, cells}, std::vector<Span3<Real>>{fields[0], fields[1], fields[2]});
    EXPECT_EQ(active.stretches().has_value(), n + 1 < 36) << n + 1 << " of 45";
    EXPECT_EQ(active.share(), n + 1 < 36 ? (n + 1) / 45.0 : 1);
  }
}

}  // namespace
}  // namespace kollagen::test
