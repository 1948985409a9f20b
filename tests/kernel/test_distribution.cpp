/// Percentiles and histograms of selected cells against sorted lists, on one rank and on several.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/distribution.hpp"
#include "support/backends.hpp"

namespace kollagen {
namespace {

constexpr std::array<int, 3> cells{13, 7, 6};
constexpr int planes_before = 2;  ///< of other ranks

/// Both signs, many orders of size, two zeros and repeated values.
double field(const int k, const int j, const int i) {
  if (i == 3) return j % 2 == 0 ? 0.0 : -0.0;
  if (i == 5) return -1.5;
  return std::ldexp(std::sin(1.7 * i + 0.9 * j * j + 3.1 * k), 30 * (i % 5) - 60 * (j % 2));
}
bool marked(const int k, const int j, const int i) { return (i + 2 * j + 3 * k) % 4 != 1; }

Grid grid_of() {
  return {{cells[0], cells[1], cells[2] + planes_before + 1}, {10, 12, 15}, {0, 0, planes_before}, cells};
}

/// Planes 0 and 3 of ours do not count.
CellSelection selection(const bool with_marks) {
  CellSelection result{std::vector<char>(std::size_t(grid_of().global_cells[2]), 1), {}};
  result.planes[planes_before] = result.planes[planes_before + 3] = 0;
  for (int k = 0; with_marks && k < cells[2]; ++k)
    for (int j = 0; j < cells[1]; ++j)
      for (int i = 0; i < cells[0]; ++i) result.cells.push_back(marked(k, j, i));
  return result;
}

std::vector<double> sorted_values(const bool with_marks) {
  std::vector<double> values;
  for (int k = 0; k < cells[2]; ++k)
    for (int j = 0; j < cells[1]; ++j)
      for (int i = 0; i < cells[0]; ++i)
        if (k != 0 && k != 3 && (!with_marks || marked(k, j, i))) values.push_back(field(k, j, i));
  std::sort(values.begin(), values.end());
  return values;
}

/// A state whose ghosts would be noticed.
template <class Exec>
Fields<Exec> state() {
  const Fields<Exec> u("u", 1, cells);
  const auto host = Kokkos::create_mirror_view(u.view());
  Kokkos::deep_copy(host, 1e250);
  for (int k = 0; k < cells[2]; ++k)
    for (int j = 0; j < cells[1]; ++j)
      for (int i = 0; i < cells[0]; ++i) host(0, k + 1, j + 1, i + 1) = field(k, j, i);
  Kokkos::deep_copy(u.view(), host);
  return u;
}

template <class Exec>
Distribution found(const CellSelection& which, const std::vector<double>& percentiles, const int bins) {
  OneRank alone;
  const Fields<Exec> u = state<Exec>();
  return distribution(Exec(), Span3<const Real>(u[0]), grid_of(), alone, which, percentiles, bins);
}

TEST(PercentileRank, IsTheLeastThatSoManyDoNotExceed) {
  EXPECT_EQ(percentile_rank(0, 7), 1u);
  EXPECT_EQ(percentile_rank(100, 7), 7u);
  EXPECT_EQ(percentile_rank(50, 7), 4u);
  EXPECT_EQ(percentile_rank(50, 8), 4u);
  EXPECT_EQ(percentile_rank(7, 100), 7u);   // 0.07 * 100 is above 7 in binary
  EXPECT_EQ(percentile_rank(99.9, 1000), 999u);
  EXPECT_EQ(percentile_rank(5, 1), 1u);
  EXPECT_EQ(percentile_rank(25, 10000000000), 2500000000u);
}

TEST(KeyOfValue, KeepsTheOrderAndComesBack) {
  const double inf = std::numeric_limits<double>::infinity(), tiny = std::numeric_limits<double>::denorm_min();
  const std::vector<double> ascending{-inf, -1e300, -1.5, -1, -1e-300, -tiny, 0, tiny, 1e-300, 1, 1.5, 1e300, inf};
  for (std::size_t n = 0; n < ascending.size(); ++n) {
    EXPECT_EQ(value_of(key_of(ascending[n])), ascending[n]);
    if (n > 0) {
      EXPECT_LT(key_of(ascending[n - 1]), key_of(ascending[n]));
    }
  }
  EXPECT_EQ(key_of(-0.0), key_of(0.0));
}

template <class Exec>
struct DistributionTest : ::testing::Test {};
TYPED_TEST_SUITE(DistributionTest, test::Backends);

TYPED_TEST(DistributionTest, PercentilesAreValuesOfTheSortedList) {
  const std::vector<double> percentiles{95, 0, 5, 12.5, 50, 100};
  for (const bool with_marks : {false, true}) {
    const std::vector<double> sorted = sorted_values(with_marks);
    const Distribution d = found<TypeParam>(selection(with_marks), percentiles, 0);
    EXPECT_EQ(d.cells, sorted.size());
    ASSERT_EQ(d.percentiles.size(), percentiles.size());
    for (std::size_t p = 0; p < percentiles.size(); ++p) {
      const auto rank = std::size_t(std::ceil(percentiles[p] / 100 * double(sorted.size())));
      EXPECT_EQ(d.percentiles[p], sorted[rank == 0 ? 0 : rank - 1]) << percentiles[p];
    }
    EXPECT_TRUE(d.edges.empty() && d.counts.empty());
  }
}

TYPED_TEST(DistributionTest, EveryPercentileOfAShortListIsRight) {
  CellSelection few = selection(true);
  for (std::size_t c = 0; c < few.cells.size(); ++c) few.cells[c] = few.cells[c] && c % 9 == 2;
  std::vector<double> sorted;
  for (int k = 0, c = 0; k < cells[2]; ++k)
    for (int j = 0; j < cells[1]; ++j)
      for (int i = 0; i < cells[0]; ++i, ++c)
        if (k != 0 && k != 3 && few.cells[std::size_t(c)]) sorted.push_back(field(k, j, i));
  std::sort(sorted.begin(), sorted.end());
  std::vector<double> percentiles;
  for (std::size_t n = 0; n < sorted.size(); ++n) percentiles.push_back(100 * (double(n) + 0.5) / double(sorted.size()));
  EXPECT_EQ(found<TypeParam>(few, percentiles, 0).percentiles, sorted);
}

TYPED_TEST(DistributionTest, BinsHoldWhatLiesBetweenTheirEdges) {
  for (const int bins : {1, 2, 7, 64}) {
    const std::vector<double> sorted = sorted_values(true);
    const Distribution d = found<TypeParam>(selection(true), {50}, bins);
    ASSERT_EQ(d.percentiles.size(), 1u);
    ASSERT_EQ(d.edges.size(), std::size_t(bins) + 1);
    ASSERT_EQ(d.counts.size(), std::size_t(bins));
    EXPECT_EQ(d.edges.front(), sorted.front());
    EXPECT_EQ(d.edges.back(), sorted.back());
    for (int b = 0; b < bins; ++b) {
      const double width = (sorted.back() - sorted.front()) / bins;
      EXPECT_NEAR(d.edges[b], sorted.front() + b * width, 1e-14 * (sorted.back() - sorted.front()));
      const auto inside = std::count_if(sorted.begin(), sorted.end(), [&](const double v) {
        return v >= d.edges[b] && (b == bins - 1 || v < d.edges[b + 1]);
      });
      EXPECT_EQ(d.counts[b], std::uint64_t(inside)) << b;
    }
  }
}

TYPED_TEST(DistributionTest, EqualValuesAreInTheLastBin) {
  CellSelection column = selection(true);
  std::uint64_t count = 0;
  for (int k = 0, c = 0; k < cells[2]; ++k)
    for (int j = 0; j < cells[1]; ++j)
      for (int i = 0; i < cells[0]; ++i, ++c) {
        column.cells[std::size_t(c)] = i == 5;
        count += i == 5 && k != 0 && k != 3;
      }
  const Distribution d = found<TypeParam>(column, {}, 3);
  EXPECT_EQ(d.edges, (std::vector<double>{-1.5, -1.5, -1.5, -1.5}));
  EXPECT_EQ(d.counts, (std::vector<std::uint64_t>{0, 0, count}));
}

TYPED_TEST(DistributionTest, NoCellsHaveNoDistribution) {
  CellSelection none = selection(true);
  std::fill(none.cells.begin(), none.cells.end(), 0);
  const Distribution d = found<TypeParam>(none, {5, 50}, 4);
  EXPECT_EQ(d.cells, 0u);
  EXPECT_TRUE(d.percentiles.empty() && d.edges.empty() && d.counts.empty());
}

}  // namespace
}  // namespace kollagen
