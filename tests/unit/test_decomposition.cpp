/// Process grids: every cell belongs to one rank, parts are balanced, the halo is the smallest there is.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "kollagen/check.hpp"
#include "kollagen/decomposition.hpp"

namespace kollagen::test {
namespace {

using Triple = std::array<int, 3>;

const std::vector<Triple> sizes = {{17, 20, 21},  {1, 1, 64},    {30, 1, 30},  {4, 4, 4},         {5, 7, 3},
                                   {128, 96, 60}, {100, 50, 33}, {64, 64, 64}, {2000, 2000, 350}, {2, 2, 2}};

/// Sizes of the parts along an axis.
std::vector<int> parts(const Decomposition& d, const int axis) {
  std::vector<int> result;
  for (int p = 0; p < d.ranks[axis]; ++p) result.push_back(d.cuts[axis][p + 1] - d.cuts[axis][p]);
  return result;
}

int largest(const std::vector<int>& values) { return *std::max_element(values.begin(), values.end()); }

/// Calls `visit` with every decomposition of a few sizes that exists.
template <class Visit>
void for_many(const Visit& visit) {
  for (const Triple& cells : sizes)
    for (const int ranks : {1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 16, 24, 27, 60, 64, 100, 512, 1000}) {
      SCOPED_TRACE(std::to_string(cells[0]) + " x " + std::to_string(cells[1]) + " x " +
                   std::to_string(cells[2]) + " cells on " + std::to_string(ranks) + " ranks");
      try {
        visit(cells, ranks, decompose(cells, ranks, ranks - 1));
      } catch (const InputError&) {  // a test of its own asks when this may happen
      }
    }
}

TEST(Decomposition, EveryCellHasOneOwnerAndNoPartIsTooThin) {
  int found = 0;
  for_many([&](const Triple& cells, const int ranks, const Decomposition& d) {
    ++found;
    EXPECT_EQ(d.size(), ranks);
    for (int a = 0; a < 3; ++a) {
      ASSERT_EQ(int(d.cuts[a].size()), d.ranks[a] + 1);
      EXPECT_EQ(d.cuts[a].front(), 0);
      EXPECT_EQ(d.cuts[a].back(), cells[a]);
      for (const int n : parts(d, a)) EXPECT_GE(n, d.ranks[a] == 1 ? cells[a] : fewest_cells);
    }
  });
  EXPECT_GT(found, 100);
}

// Cuts at multiples of a power of two cost 4 % of balance at most; without them parts differ by one cell at
// most.
TEST(Decomposition, PartsAreBalanced) {
  for_many([&](const Triple& cells, int, const Decomposition& d) {
    double imbalance = 1, least = 1;
    for (int a = 0; a < 3; ++a) {
      const auto n = parts(d, a);
      const double mean = double(cells[a]) / d.ranks[a];
      imbalance *= largest(n) / mean;
      least *= ((cells[a] + d.ranks[a] - 1) / d.ranks[a]) / mean;
      const int difference = largest(n) - *std::min_element(n.begin(), n.end());
      EXPECT_TRUE(difference <= 1 || largest(n) <= 1.04 * mean) << "axis " << a;
    }
    EXPECT_LE(imbalance, 1.041 * least);
  });
}

TEST(Decomposition, TheHaloIsTheSmallest) {
  for_many([&](const Triple& cells, const int ranks, const Decomposition& d) {
    const auto area = [](const std::array<double, 3>& side, const Triple& p) {
      double sum = 0;
      for (int a = 0; a < 3; ++a) sum += p[a] > 1 ? 2 * side[(a + 1) % 3] * side[(a + 2) % 3] : 0;
      return sum;
    };
    const double ours = area(
        {double(largest(parts(d, 0))), double(largest(parts(d, 1))), double(largest(parts(d, 2)))}, d.ranks);
    double best = std::numeric_limits<double>::infinity();
    for (int x = 1; x <= ranks; ++x)
      for (int y = 1; x * y <= ranks; ++y) {
        const Triple p{x, y, ranks / (x * y)};
        if (x * y * p[2] != ranks) continue;
        bool thick = true;
        std::array<double, 3> side;
        for (int a = 0; a < 3; ++a) {
          thick = thick && (p[a] == 1 || cells[a] >= fewest_cells * p[a]);
          side[a] = (cells[a] + p[a] - 1) / p[a];
        }
        if (thick) best = std::min(best, area(side, p));
      }
    // Cuts at multiples of a power of two make the largest part up to 4 % larger.
    EXPECT_LE(ours, best * 1.041);
    EXPECT_GE(ours, best);
  });
}

TEST(Decomposition, KnownGrids) {
  const auto grid = [](const Triple& cells, const int ranks) { return decompose(cells, ranks, 0).ranks; };
  EXPECT_EQ(grid({64, 64, 64}, 1), (Triple{1, 1, 1}));
  EXPECT_EQ(grid({64, 64, 64}, 2), (Triple{1, 1, 2}));   // all alike: z is cut first,
  EXPECT_EQ(grid({64, 64, 64}, 4), (Triple{1, 1, 4}));   // four slabs exchange as much as four columns,
  EXPECT_EQ(grid({64, 64, 64}, 8), (Triple{1, 2, 4}));   // eight rods as much as eight cubes,
  EXPECT_EQ(grid({54, 54, 54}, 27), (Triple{3, 3, 3}));  // and 27 cubes least
  EXPECT_EQ(grid({64, 64, 64}, 6), (Triple{1, 2, 3}));
  EXPECT_EQ(grid({200, 64, 64}, 2), (Triple{2, 1, 1}));
  EXPECT_EQ(grid({64, 200, 64}, 5), (Triple{1, 5, 1}));
  EXPECT_EQ(grid({30, 1, 30}, 2), (Triple{1, 1, 2}));
  EXPECT_EQ(grid({2000, 2000, 350}, 16), (Triple{4, 4, 1}));
  EXPECT_EQ(grid({2, 2, 2}, 1), (Triple{1, 1, 1}));
  EXPECT_EQ(grid({4, 4, 4}, 8), (Triple{2, 2, 2}));
}

TEST(Decomposition, CutsFollowTheCoarseGrids) {
  EXPECT_EQ(decompose({64, 64, 128}, 4, 0).cuts[2], (std::vector<int>{0, 32, 64, 96, 128}));
  // 25 per part: multiples of 2 give at most 26, which is 4 % more; multiples of 4 give 28.
  EXPECT_EQ(decompose({8, 8, 100}, 4, 0).cuts[2], (std::vector<int>{0, 24, 50, 74, 100}));
  // 50 per part: multiples of 4 give at most 52, which is 4 % more; multiples of 8 give 54.
  EXPECT_EQ(decompose({8, 8, 150}, 3, 0).cuts[2], (std::vector<int>{0, 48, 100, 150}));
  EXPECT_EQ(decompose({8, 8, 21}, 3, 0).cuts[2], (std::vector<int>{0, 7, 14, 21}));
}

TEST(Decomposition, RanksAreNumberedWithXFastest) {
  const Triple cells{16, 12, 20};
  std::vector<int> owner(std::size_t(cells[0]) * cells[1] * cells[2], -1);
  for (int rank = 0; rank < 12; ++rank) {
    const Decomposition d = decompose(cells, 12, rank);
    EXPECT_EQ(d.rank_at(d.place), rank);
    EXPECT_EQ(d.place,
              (Triple{rank % d.ranks[0], rank / d.ranks[0] % d.ranks[1], rank / (d.ranks[0] * d.ranks[1])}));
    const Triple first = d.first(d.place), n = d.cells(d.place);
    for (int k = 0; k < n[2]; ++k)
      for (int j = 0; j < n[1]; ++j)
        for (int i = 0; i < n[0]; ++i) {
          int& cell = owner[((first[2] + k) * cells[1] + first[1] + j) * cells[0] + first[0] + i];
          EXPECT_EQ(cell, -1);
          cell = rank;
        }
  }
  EXPECT_EQ(std::count(owner.begin(), owner.end(), -1), 0);
}

std::string refusal(const Triple& cells, const int ranks) {
  try {
    decompose(cells, ranks, 0);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Decomposition, SaysHowManyRanksWork) {
  EXPECT_EQ(refusal({4, 4, 4}, 7),
            "7 ranks cannot share 4 x 4 x 4 cells: along an axis that is cut, every rank needs at least 2. 4 "
            "ranks work; "
            "the most for this grid are 8.");
  EXPECT_EQ(refusal({4, 4, 4}, 9),
            "9 ranks cannot share 4 x 4 x 4 cells: along an axis that is cut, every rank needs at least 2. "
            "The most for "
            "this grid are 8.");
  EXPECT_EQ(refusal({1, 1, 3}, 2),
            "2 ranks cannot share 1 x 1 x 3 cells: along an axis that is cut, every rank needs at least 2. "
            "The most for "
            "this grid are 1.");
  EXPECT_EQ(refusal({17, 20, 21}, 11),
            "11 ranks cannot share 17 x 20 x 21 cells: along an axis that is cut, every rank needs at least "
            "2. 10 ranks "
            "work; the most for this grid are 800.");
  EXPECT_THROW(decompose({4, 4, 4}, 2, 2), std::logic_error);
  EXPECT_THROW(decompose({4, 4, 4}, 0, 0), std::logic_error);
}

}  // namespace
}  // namespace kollagen::test
