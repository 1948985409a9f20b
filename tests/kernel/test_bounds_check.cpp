/// What KOLLAGEN_BOUNDS_CHECK catches; this file is always compiled with it.
#include <gtest/gtest.h>

#include "kollagen/types.hpp"

namespace kollagen::test {
namespace {

// Two species of 4 x 3 x 2 cells (x, y, z) with their ghosts.
constexpr int stride_j = 6, stride_k = 5 * stride_j, stride_n = 4 * stride_k;

struct BoundsCheck : ::testing::Test {
  BoundsCheck() { ::testing::FLAGS_gtest_death_test_style = "threadsafe"; }
  std::array<Real, 2 * stride_n> storage{};
  const Span4<Real> u{storage.data() + stride_k + stride_j + 1, stride_n, stride_k, stride_j};
};
using BoundsCheckDeathTest = BoundsCheck;

TEST_F(BoundsCheck, AcceptsOwnedCellsAndGhosts) {
  for (int n = 0; n < 2; ++n)
    for (int k = -1; k <= 2; ++k)
      for (int j = -1; j <= 3; ++j)
        for (int i = -1; i <= 4; ++i) {
          u(n, k, j, i) += 1;
          u[n](k, j, i) += 1;
        }
  for (const Real value : storage) EXPECT_EQ(value, 2);
}

TEST_F(BoundsCheckDeathTest, StopsOneStepBeyondTheGhosts) {
  EXPECT_DEATH(u(0, 0, 0, -2), "index i");
  EXPECT_DEATH(u(0, 0, 0, 5), "index i");
  EXPECT_DEATH(u(0, 0, -2, 0), "index j");
  EXPECT_DEATH(u(0, 0, 4, 0), "index j");
  EXPECT_DEATH(u(0, -2, 0, 0), "index k");
  EXPECT_DEATH(u(0, 3, 0, 0), "index k");
  EXPECT_DEATH(u[1](0, 0, 5), "index i");
  EXPECT_DEATH(u[1](0, 4, 0), "index j");
}

}  // namespace
}  // namespace kollagen::test
