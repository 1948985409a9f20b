/// The loop wrappers visit every cell of a box exactly once and no other, on every backend.
#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/for_cells.hpp"
#include "kernels/for_fields.hpp"
#include "kollagen/fields.hpp"
#include "support/backends.hpp"

namespace kollagen::test {
namespace {

constexpr std::array<int, 3> cells{7, 5, 3};  // unequal: a swapped axis shows

/// Adds a number that names the cell: a cell that is visited twice, or under the wrong index, shows.
struct AddCode {
  Span3<Real> u;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    u(k, j, i) += 1 + i + 10 * j + 100 * k;
  }
};

/// A value with its largest element in one chosen cell.
struct Peak {
  int k0, j0, i0;
  Real height;
  KOKKOS_FORCEINLINE_FUNCTION Real operator()(const int k, const int j, const int i) const {
    return k == k0 && j == j0 && i == i0 ? height : -Real(1 + i + 10 * j + 100 * k);
  }
};

struct PeakInFours {
  static constexpr int cells_per_item = 4;
  Peak peak;
  KOKKOS_FORCEINLINE_FUNCTION Real operator()(const int k, const int j, const int i) const { return peak(k, j, i); }
};

/// Adds the code of a cell while its largest value is sought. `plane_cells` cuts planes of 5 rows of 7 cells into blocks
/// of `Cells`/7 rows.
template <int Cells>
struct AddCodeInBlocks {
  static constexpr int plane_cells = Cells;
  Span3<Real> u;
  KOKKOS_FORCEINLINE_FUNCTION Real operator()(const int k, const int j, const int i) const {
    u(k, j, i) += 1 + i + 10 * j + 100 * k;
    return u(k, j, i);
  }
};

/// Adds the code of a cell, and a thousand times that where the cell is of a stretch of two that rests: every third one.
struct AddCodeOrRest {
  Span3<Real> u;
  int length;  ///< cells of a stretch
  KOKKOS_FORCEINLINE_FUNCTION static bool rests(const int k, const int j, const int stretch) {
    return (stretch + 2 * j + k) % 3 == 0;
  }
  KOKKOS_FORCEINLINE_FUNCTION bool at_rest(const int k, const int j, const int i) const { return rests(k, j, i / length); }
  struct RestRow {
    Span3<Real> u;
    KOKKOS_FORCEINLINE_FUNCTION Real operator()(const int k, const int j, const int i) const {
      return u(k, j, i) += 1000 * (1 + i + 10 * j + 100 * k);
    }
  };
  KOKKOS_FORCEINLINE_FUNCTION RestRow rest_row(const int, const int) const { return {u}; }
  KOKKOS_FORCEINLINE_FUNCTION Real operator()(const int k, const int j, const int i) const {
    return u(k, j, i) += 1 + i + 10 * j + 100 * k;
  }
};

/// Counts the rows that are begun and ended, after their cells.
struct CountRows {
  Span3<Real> u;
  int last;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const { u(k, j, i) = 1; }
  KOKKOS_FORCEINLINE_FUNCTION void end_row(const int k, const int j) const { u(k, j, last + 1) += u(k, j, last); }
};

/// As |code|, with the largest one at a chosen cell.
struct Code {
  KOKKOS_FORCEINLINE_FUNCTION Real operator()(const int k, const int j, const int i) const {
    return 1 + i + 10 * j + 100 * k;
  }
};

bool contains(const Box& box, const int k, const int j, const int i) {
  return i >= box.lower[0] && i < box.upper[0] && j >= box.lower[1] && j < box.upper[1] &&
         k >= box.lower[2] && k < box.upper[2];
}

/// Boxes that touch every kind of edge: all owned cells, an inner block, one ghost plane per axis, one row
/// and one cell.
const Box boxes[] = {{{0, 0, 0}, cells},     {{2, 1, 1}, {6, 4, 2}},   {{-1, 0, 0}, {0, 5, 3}},
                     {{0, 5, 0}, {7, 6, 3}}, {{-1, -1, 3}, {8, 6, 4}}, {{0, 3, 2}, {7, 4, 3}},
                     {{6, 4, 2}, {7, 5, 3}}};
const Box nothing{{3, 0, 0}, {3, 5, 3}};

template <class Exec>
struct ForCells : ::testing::Test {};
TYPED_TEST_SUITE(ForCells, Backends);

/// What devices find their cell with, on the host: every cell of every box in order, and quotients up to the largest
/// numbers, where the product is widest.
TEST(CellOfBox, IsTheInverseOfCounting) {
  for (const Box& box : boxes) {
    const detail::CellOfBox cells_of(box);
    int n = 0;
    for (int k = box.lower[2]; k < box.upper[2]; ++k)
      for (int j = box.lower[1]; j < box.upper[1]; ++j)
        for (int i = box.lower[0]; i < box.upper[0]; ++i, ++n) {
          const auto at = cells_of.at(n);
          ASSERT_TRUE(at.k == k && at.j == j && at.i == i) << n << " is taken for " << at.i << " " << at.j << " " << at.k;
        }
  }
  for (const int d : {1, 2, 3, 5, 7, 64, 127, 128, 129, 641, 1000, 46341, 65535, 65536, 65537, 999999937, 1 << 30,
                      (1 << 30) + 1, INT_MAX - 1, INT_MAX}) {
    const detail::Divisor by_d(d);
    for (const long near : {0L, long(d), 2L * d, 7L * d, INT_MAX / d * long(d), long(INT_MAX)})
      for (long n = near - 2; n <= near + 2; ++n)
        if (n >= 0 && n <= INT_MAX) {
          ASSERT_EQ(by_d.quotient(int(n)), n / d) << n << " / " << d;
        }
  }
}

TYPED_TEST(ForCells, VisitsEachCellOfTheBoxOnce) {
  const TypeParam exec;
  for (const Box& box : boxes) {
    Fields<TypeParam> fields("u", 2, cells);
    for_cells("test/for_cells/add_code", exec, box, AddCode{fields[1]});
    exec.fence();
    const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), fields.view());
    for (int k = -1; k <= cells[2]; ++k)
      for (int j = -1; j <= cells[1]; ++j)
        for (int i = -1; i <= cells[0]; ++i) {
          const Real expected = contains(box, k, j, i) ? 1 + i + 10 * j + 100 * k : 0;
          ASSERT_EQ(host(1, k + 1, j + 1, i + 1), expected) << "cell " << i << ' ' << j << ' ' << k;
          ASSERT_EQ(host(0, k + 1, j + 1, i + 1), 0) << "the other species was written";
        }
  }
}

template <class Exec, int Cells>
void expect_one_visit_in_blocks(const Box& box) {
  const Exec exec;
  const Fields<Exec> fields("u", 1, cells);
  const Real largest = max_over_cells("test/for_cells/blocks", exec, box, AddCodeInBlocks<Cells>{fields[0]});
  EXPECT_EQ(largest, 1 + (box.upper[0] - 1) + 10 * (box.upper[1] - 1) + 100 * (box.upper[2] - 1));
  const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), fields.view());
  for (int k = -1; k <= cells[2]; ++k)
    for (int j = -1; j <= cells[1]; ++j)
      for (int i = -1; i <= cells[0]; ++i)
        ASSERT_EQ(host(0, k + 1, j + 1, i + 1), contains(box, k, j, i) ? 1 + i + 10 * j + 100 * k : 0)
            << "blocks of " << Cells << " cells, cell " << i << ' ' << j << ' ' << k;
}

TYPED_TEST(ForCells, BlocksOfRowsLeaveNothingOut) {
  for (const Box& box : {Box{{0, 0, 0}, cells}, Box{{2, 1, 1}, {6, 4, 3}}}) {
    expect_one_visit_in_blocks<TypeParam, 1>(box);   // less than a row
    expect_one_visit_in_blocks<TypeParam, 14>(box);  // the last block is shorter
    expect_one_visit_in_blocks<TypeParam, 28>(box);
    expect_one_visit_in_blocks<TypeParam, 1000>(box);
  }
}

/// On a host the stretches of a row go together, on a device each by itself: both forms are taken where they belong.
TYPED_TEST(ForCells, CellsAtRestTakeTheirOwnForm) {
  const TypeParam exec;
  const int length = detail::runs_on_host<TypeParam> ? 100 : 2;
  for (const bool maximum : {false, true}) {
    const Fields<TypeParam> fields("u", 1, cells);
    const AddCodeOrRest work{fields[0], length};
    const Box all{{0, 0, 0}, cells};
    Real largest = 0;
    if (maximum) {
      largest = max_over_cells("test/for_cells/rest_max", exec, all, work);
    } else {
      for_cells("test/for_cells/rest", exec, all, work);
      exec.fence();
    }
    const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), fields.view());
    Real expected_largest = 0;
    for (int k = 0; k < cells[2]; ++k)
      for (int j = 0; j < cells[1]; ++j)
        for (int i = 0; i < cells[0]; ++i) {
          const Real expected = (AddCodeOrRest::rests(k, j, i / length) ? 1000 : 1) * (1 + i + 10 * j + 100 * k);
          ASSERT_EQ(host(0, k + 1, j + 1, i + 1), expected) << "cell " << i << ' ' << j << ' ' << k;
          expected_largest = std::max(expected_largest, expected);
        }
    if (maximum) {
      EXPECT_EQ(largest, expected_largest);
    }
  }
}

TYPED_TEST(ForCells, RowsAreEndedOnAHost) {
  if (!detail::runs_on_host<TypeParam>) GTEST_SKIP() << "a device has no rows";
  const Fields<TypeParam> fields("u", 1, cells);
  for_cells("test/for_cells/rows", TypeParam(), Box{{0, 0, 0}, cells}, CountRows{fields[0], cells[0] - 1});
  TypeParam().fence();
  const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), fields.view());
  for (int k = 0; k < cells[2]; ++k)
    for (int j = 0; j < cells[1]; ++j) ASSERT_EQ(host(0, k + 1, j + 1, cells[0] + 1), 1) << "row " << j << ' ' << k;
}

TYPED_TEST(ForCells, StretchesVisitTheirCellsOnce) {
  const TypeParam exec;
  const Box all{{0, 0, 0}, cells};
  for (const int shift : {0, 1, 2, 3, 6}) {  // of 7 cells: one by one, pairs and a single one, ..., whole rows
    const int per_row = Stretches::per_row(all, shift), length = 1 << shift;
    EXPECT_EQ(per_row, (cells[0] + length - 1) / length);
    std::vector<int> list;
    for (int n = 0; n < per_row * cells[1] * cells[2]; ++n)
      if (n % 3 == 1) list.push_back(n);
    Kokkos::View<int*, typename TypeParam::memory_space> device("list", list.size());
    const auto mirror = Kokkos::create_mirror_view(device);
    for (std::size_t n = 0; n < list.size(); ++n) mirror(n) = list[n];
    Kokkos::deep_copy(device, mirror);
    const Stretches stretches(all, shift, device.data(), int(list.size()));
    const Fields<TypeParam> fields("u", 1, cells);
    for_cells("test/for_cells/stretches", exec, stretches, AddCode{fields[0]});
    Maxima<TypeParam> maxima(2);
    max_over_cells("test/for_cells/stretches_max", exec, stretches, Code{}, maxima.next());
    max_over_cells("test/for_cells/no_stretches_max", exec, Stretches(all, shift, device.data(), 0), Code{}, maxima.next());
    const auto found = maxima.take(exec);
    const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), fields.view());
    Real largest = 0;
    for (int k = -1; k <= cells[2]; ++k)
      for (int j = -1; j <= cells[1]; ++j)
        for (int i = -1; i <= cells[0]; ++i) {
          const bool listed =
              contains(all, k, j, i) && ((k * cells[1] + j) * per_row + i / length) % 3 == 1;
          const Real code = 1 + i + 10 * j + 100 * k;
          ASSERT_EQ(host(0, k + 1, j + 1, i + 1), listed ? code : 0) << shift << ", cell " << i << ' ' << j << ' ' << k;
          if (listed) largest = std::max(largest, code);
        }
    EXPECT_EQ(found[0], largest);
    EXPECT_EQ(found[1], 0);
  }
}

/// Several fields at once, the way of hosts and that of devices: each gets its own and nothing else, in a box, in stretches
/// and in none of either.
TYPED_TEST(ForCells, SeveralFieldsAtOnceAreSeveralLoops) {
  const TypeParam exec;
  const Box all{{0, 0, 0}, cells}, inner{{2, 1, 1}, {6, 4, 3}};
  Kokkos::View<int*, typename TypeParam::memory_space> list("list", 3);
  const auto mirror = Kokkos::create_mirror_view(list);
  mirror(0) = 1, mirror(1) = 4, mirror(2) = 11;
  Kokkos::deep_copy(list, mirror);
  const auto expect = [&](const auto& where, const bool at_once, const auto& has) {
    const Fields<TypeParam> fields("u", 4, cells);
    std::vector<AddCode> add;
    for (const int n : {0, 1, 3}) add.push_back({fields[n]});
    const std::vector<Peak> peaks{{1, 2, 3, 7.5}, {1, 2, 3, -4}, {2, 3, 5, 9}, {1, 1, 2, 2}};
    Maxima<TypeParam> maxima(7);
    const std::vector<Code> codes(1);  // largest in the last cell
    if (at_once) {
      detail::for_fields_at_once("test/for_fields/add", exec, where, add);
      detail::max_over_fields_at_once("test/for_fields/max", exec, where, peaks, maxima);
      detail::max_over_fields_at_once("test/for_fields/max", exec, where, std::vector<Peak>{}, maxima);
      detail::max_over_fields_at_once("test/for_fields/max", exec, where, codes, maxima);
    } else {
      for_fields("test/for_fields/add", exec, where, add);
      max_over_fields("test/for_fields/max", exec, where, peaks, maxima);
      max_over_fields("test/for_fields/max", exec, where, std::vector<Peak>{}, maxima);
      max_over_fields("test/for_fields/max", exec, where, codes, maxima);
    }
    const std::vector<Real> found = maxima.take(exec);
    ASSERT_EQ(found.size(), 5u);
    std::vector<Real> largest(5, 0);
    const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), fields.view());
    for (int k = -1; k <= cells[2]; ++k)
      for (int j = -1; j <= cells[1]; ++j)
        for (int i = -1; i <= cells[0]; ++i) {
          const bool inside = has(k, j, i);
          const Real code = 1 + i + 10 * j + 100 * k;
          for (int n = 0; n < 4; ++n)
            ASSERT_EQ(host(n, k + 1, j + 1, i + 1), inside && n != 2 ? code : 0) << n << ": " << i << ' ' << j << ' ' << k;
          if (!inside) continue;
          for (std::size_t n = 0; n < peaks.size(); ++n) largest[n] = std::max(largest[n], peaks[n](k, j, i));
          largest[4] = std::max(largest[4], code);
        }
    EXPECT_EQ(found, largest);
  };
  for (const bool at_once : {false, true}) {
    for (const Box& box : {all, inner, nothing})
      expect(box, at_once, [&](const int k, const int j, const int i) { return contains(box, k, j, i); });
    for (const int count : {3, 0})
      expect(Stretches(all, 2, list.data(), count), at_once, [&](const int k, const int j, const int i) {
        const int number = (k * cells[1] + j) * 2 + i / 4;
        return count > 0 && contains(all, k, j, i) && (number == 1 || number == 4 || number == 11);
      });
  }
  Maxima<TypeParam> maxima(17);
  EXPECT_THROW(for_fields("test/for_fields/too_many", exec, all, std::vector<Code>(17)), std::logic_error);
  EXPECT_THROW(max_over_fields("test/for_fields/too_many", exec, all, std::vector<Code>(17), maxima), std::logic_error);
}

TYPED_TEST(ForCells, AnEmptyBoxDoesNothing) {
  const TypeParam exec;
  Fields<TypeParam> fields("u", 1, cells);
  for_cells("test/for_cells/nothing", exec, nothing, AddCode{fields[0]});
  exec.fence();
  EXPECT_EQ((max_over_cells("test/for_cells/max_nothing", exec, nothing, Peak{0, 0, 3, 5})), 0);
  const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), fields.view());
  for (std::size_t n = 0; n < host.size(); ++n) ASSERT_EQ(host.data()[n], 0);
}

TYPED_TEST(ForCells, FindsTheLargestValueWhereverItIs) {
  const TypeParam exec;
  for (const Box& box : boxes)
    for (int k = box.lower[2]; k < box.upper[2]; ++k)
      for (int j = box.lower[1]; j < box.upper[1]; ++j)
        for (int i = box.lower[0]; i < box.upper[0]; ++i)
          ASSERT_EQ((max_over_cells("test/for_cells/max", exec, box, Peak{k, j, i, 0.125})), 0.125)
              << "cell " << i << ' ' << j << ' ' << k;
}

TYPED_TEST(ForCells, TheLargestValueIgnoresCellsOutsideAndIsNeverNegative) {
  const TypeParam exec;
  const Box inner{{2, 1, 1}, {6, 4, 2}};
  for (const auto& [k, j, i] : {std::array{1, 1, 6}, std::array{1, 1, 1}, std::array{1, 4, 2},
                                std::array{1, 0, 2}, std::array{2, 1, 2}, std::array{0, 1, 2}})
    EXPECT_EQ((max_over_cells("test/for_cells/max_inner", exec, inner, Peak{k, j, i, 9})), 0);
}

TYPED_TEST(ForCells, MaximaAreTakenInTheirOrderAndMakeRoom) {
  const TypeParam exec;
  const Box inner{{2, 1, 1}, {6, 4, 2}};
  Maxima<TypeParam> maxima(3);
  max_over_cells("test/for_cells/max", exec, inner, Peak{1, 2, 3, 7.5}, maxima.next());
  max_over_cells("test/for_cells/max", exec, inner, Peak{1, 2, 3, -4}, maxima.next());
  max_over_cells("test/for_cells/max", exec, inner, Peak{1, 2, 3, 2}, maxima.next());
  EXPECT_THROW(maxima.next(), std::length_error);
  EXPECT_THROW(maxima.next(2), std::length_error);
  EXPECT_EQ(maxima.take(exec), (std::vector<Real>{7.5, 0, 2}));
  // A loop over nothing leaves 0 where another one has left something.
  max_over_cells("test/for_cells/max", exec, nothing, Peak{1, 2, 3, 9}, maxima.next());
  max_over_cells("test/for_cells/max", exec, inner, Peak{1, 2, 3, 3}, maxima.next());
  EXPECT_EQ(maxima.take(exec), (std::vector<Real>{0, 3}));
  EXPECT_TRUE(maxima.take(exec).empty());
  max_over_cells("test/for_cells/max", exec, inner, Peak{1, 2, 3, 100}, maxima.next());
  maxima.forget();
  for (const Real value : {0.25, 3.0, 0.5})
    max_over_cells("test/for_cells/max", exec, inner, Peak{1, 2, 3, value}, maxima.next());
  EXPECT_EQ(maxima.take_largest(exec), 3);
  EXPECT_EQ(maxima.take_largest(exec), 0);
}

TYPED_TEST(ForCells, SeveralCellsPerItemLeaveNoneOut) {
  const TypeParam exec;
  for (const Box& box : boxes)
    for (int k = box.lower[2]; k < box.upper[2]; ++k)
      for (int j = box.lower[1]; j < box.upper[1]; ++j)
        for (int i = box.lower[0]; i < box.upper[0]; ++i)
          ASSERT_EQ((max_over_cells("test/for_cells/max", exec, box, PeakInFours{{k, j, i, 0.125}})), 0.125);
}

/// The body that a GPU runs, driven by hand: machines without one check its arithmetic too.
TEST(ForCellsFlat, VisitsEachCellOfTheBoxOnce) {
  for (const Box& box : boxes) {
    Fields<Kokkos::Serial> fields("u", 1, cells);
    const Span3<Real> u = fields[0];
    const detail::FlatBody<AddCode> body{{u}, detail::CellOfBox(box)};
    const Peak peak{box.upper[2] - 1, box.upper[1] - 1, box.lower[0], 9};
    const int count = int(box.cells()), items = (count + 3) / 4;
    const detail::FlatMax<Peak> max{peak, detail::CellOfBox(box), count, count};
    const detail::FlatMax<PeakInFours> in_fours{{peak}, detail::CellOfBox(box), count, items};
    Real largest = 0, of_fours = 0;
    for (int n = 0; n < count; ++n) {
      body(n);
      max(n, largest);
    }
    for (int n = 0; n < items; ++n) in_fours(n, of_fours);
    EXPECT_EQ(largest, 9);
    EXPECT_EQ(of_fours, 9);
    for (int k = -1; k <= cells[2]; ++k)
      for (int j = -1; j <= cells[1]; ++j)
        for (int i = -1; i <= cells[0]; ++i)
          ASSERT_EQ(u(k, j, i), contains(box, k, j, i) ? 1 + i + 10 * j + 100 * k : 0)
              << "cell " << i << ' ' << j << ' ' << k;
  }
}

TEST(ForCellsCount, MoreWorkThanAnIndexCanCountIsAnError) {
  // Never launched: the count is refused first.
  const Box huge{{0, 0, 0}, {1, 70000, 70000}};
  EXPECT_THROW(for_cells("test/for_cells/huge", Kokkos::Serial(), huge, Peak{0, 0, 0, 1}), std::length_error);
}

/// 1288 cells per side and their ghosts fit into 32-bit indices, one more does not: refused before any memory is taken.
TYPED_TEST(ForCells, FieldsBeyondTheIndicesAreRefused) {
  EXPECT_THROW((Fields<TypeParam>("too large", 1, {1289, 1288, 1288})), EnvironmentError);
}

}  // namespace
}  // namespace kollagen::test
