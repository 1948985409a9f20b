/// Where the needles of a session go: patterns, random numbers, geometry.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <set>

#include "kollagen/check.hpp"
#include "kollagen/needles.hpp"

namespace kollagen {
namespace {

constexpr double pi = std::numbers::pi;
constexpr double per_cm2 = 1e-8;  // [1/um^2]

TreatmentConfig treatment(const Pattern pattern) {
  TreatmentConfig result;
  result.pattern = pattern;
  return result;
}

double distance(const Needle& a, const Needle& b) {
  return std::hypot(a.entry[0] - b.entry[0], a.entry[1] - b.entry[1]);
}

bool same_places(const std::vector<Needle>& a, const std::vector<Needle>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t n = 0; n < a.size(); ++n)
    if (a[n].entry[0] != b[n].entry[0] || a[n].entry[1] != b[n].entry[1]) return false;
  return true;
}

double nearest(const std::vector<Needle>& needles, const std::size_t n) {
  double result = 1e30;
  for (std::size_t m = 0; m < needles.size(); ++m)
    if (m != n) result = std::min(result, distance(needles[n], needles[m]));
  return result;
}

TEST(Needles, ASingleNeedleStandsInTheMiddle) {
  TreatmentConfig t = treatment(Pattern::single);
  t.length = 1500;
  t.depth_efficiency = 0.6;
  t.radius = 90;
  t.rim = 25;
  const std::vector<Needle> needles = place_needles(t, {2000, 1600, 3000}, 7, 0);
  ASSERT_EQ(needles.size(), 1u);
  const Needle& n = needles[0];
  EXPECT_EQ(n.entry[0], 1000);
  EXPECT_EQ(n.entry[1], 800);
  EXPECT_EQ(n.entry[2], 0);
  EXPECT_EQ(n.axis[2], 1);
  EXPECT_EQ(n.length, 900);
  EXPECT_EQ(n.tip_length, 360) << "four radii";
  EXPECT_EQ(n.radius, 90);
  EXPECT_EQ(n.rim, 25);
}

TEST(Needles, TipIsGivenOrAtMostTheLengthAndGoneInAThroughGoingTrack) {
  TreatmentConfig t = treatment(Pattern::single);
  t.length = 300;
  EXPECT_EQ(place_needles(t, {500, 500, 1000}, 1, 0)[0].tip_length, 300) << "four radii are 400";
  t.tip_length = 120;
  EXPECT_EQ(place_needles(t, {500, 500, 1000}, 1, 0)[0].tip_length, 120);
  EXPECT_EQ(place_needles(t, {500, 500, 301}, 1, 0)[0].tip_length, 120);
  EXPECT_EQ(place_needles(t, {500, 500, 300}, 1, 0)[0].tip_length, 0);
  t.tilt = 0.1;  // 300 um along the axis reach 298.5 um deep
  EXPECT_EQ(place_needles(t, {500, 500, 300}, 1, 0)[0].tip_length, 120);
  EXPECT_EQ(place_needles(t, {500, 500, 298}, 1, 0)[0].tip_length, 0);
}

TEST(Needles, TiltTurnsTheAxisAwayFromTheNormal) {
  TreatmentConfig t = treatment(Pattern::single);
  t.tilt = 20 * pi / 180;
  const Needle n = place_needles(t, {500, 500, 5000}, 1, 0)[0];
  EXPECT_NEAR(n.axis[0], 0.3420201433, 1e-9) << "sin 20 degrees, towards +x";
  EXPECT_NEAR(n.axis[1], 0, 1e-15);
  EXPECT_NEAR(n.axis[2], 0.9396926208, 1e-9);
}

TEST(Needles, AStampIsACentredLattice) {
  TreatmentConfig t = treatment(Pattern::stamp);
  t.needles = {3, 2};
  t.pitch = 400;
  t.center = {{700, 500}};
  const std::vector<Needle> needles = place_needles(t, {2000, 1600, 1500}, 1, 0);
  ASSERT_EQ(needles.size(), 6u);
  std::set<std::pair<double, double>> places;
  for (const Needle& n : needles) places.insert({n.entry[0], n.entry[1]});
  const std::set<std::pair<double, double>> expected = {{300, 300}, {700, 300}, {1100, 300},
                                                        {300, 700}, {700, 700}, {1100, 700}};
  EXPECT_EQ(places, expected);
}

TEST(Needles, LaterStampsTakeNewPlacesWithTheSameSpacing) {
  TreatmentConfig t = treatment(Pattern::stamp);
  t.needles = {3, 3};
  t.pitch = 400;
  const std::array<double, 3> sides{2000, 2200, 1500};
  const auto first = place_needles(t, sides, 5, 0), second = place_needles(t, sides, 5, 1),
             third = place_needles(t, sides, 5, 2);
  ASSERT_EQ(second.size(), 9u);
  EXPECT_FALSE(same_places(first, second));
  EXPECT_FALSE(same_places(second, third));
  EXPECT_TRUE(same_places(second, place_needles(t, sides, 5, 1)));
  EXPECT_FALSE(same_places(second, place_needles(t, sides, 6, 1))) << "another seed";
  for (std::size_t n = 0; n < 9; ++n) {
    EXPECT_NEAR(nearest(second, n), 400, 1e-9);
    // The lattice turned and moved as a whole by at most half a pitch along each of its axes.
    EXPECT_NEAR(distance(second[n], second[4]), distance(first[n], first[4]), 1e-9);
  }
  EXPECT_LE(distance(second[4], first[4]), 400 / std::sqrt(2.0));
  EXPECT_GT(distance(second[4], first[4]), 0);

  t.placement = Placement::fixed;
  EXPECT_TRUE(same_places(first, place_needles(t, sides, 5, 3)));
  t.placement = Placement::random;
  EXPECT_FALSE(same_places(first, place_needles(t, sides, 5, 0)));
  t.placement = Placement::automatic;
  t.pattern = Pattern::single;
  EXPECT_TRUE(same_places(place_needles(t, sides, 5, 0), place_needles(t, sides, 5, 3)));
}

TEST(Needles, AHexagonalStampIsCentredWithEqualSpacing) {
  TreatmentConfig t = treatment(Pattern::hex);
  t.needles = {4, 4};
  t.pitch = 300;
  const std::vector<Needle> needles = place_needles(t, {3000, 2000, 1500}, 1, 0);
  ASSERT_EQ(needles.size(), 16u);
  double x = 0, y = 0;
  int neighbours = 0;
  for (std::size_t n = 0; n < needles.size(); ++n) {
    EXPECT_NEAR(nearest(needles, n), 300, 1e-9);
    for (std::size_t m = 0; m < needles.size(); ++m)
      if (m != n && distance(needles[n], needles[m]) < 301) ++neighbours;
    x += needles[n].entry[0] / 16;
    y += needles[n].entry[1] / 16;
  }
  EXPECT_EQ(neighbours, 2 * 33) << "bonds of a 4 x 4 triangular lattice: 12 in rows, 21 between";
  EXPECT_NEAR(x, 1500, 1e-9);
  EXPECT_NEAR(y, 1000, 1e-9);
}

TEST(Needles, ALatticeLargerThanTheDomainIsCutToIt) {
  TreatmentConfig t = treatment(Pattern::stamp);
  t.needles = {10, 10};
  t.pitch = 500;
  EXPECT_EQ(place_needles(t, {2000, 1500, 1500}, 1, 0).size(), 12u) << "4 x 3 needles, one per pitch";
  for (const Needle& n : place_needles(t, {2000, 1500, 1500}, 1, 1)) {
    EXPECT_GE(n.entry[0], 0);
    EXPECT_LT(n.entry[0], 2000);
    EXPECT_GE(n.entry[1], 0);
    EXPECT_LT(n.entry[1], 1500);
  }
}

TEST(Needles, PositionsComeFromThePublishedPhiloxNumbers) {
  // Philox4x64-10 of counter 0 and key 0, from the known-answer file of Random123: the four numbers that a
  // random lattice of seed 0, session 0 uses for its angle and offset.
  const double angle = 2 * pi * (double(0x16554d9eca36314cULL) / std::pow(2.0, 64));
  const double dx = 500 * (double(0xdb20fe9d672d0fdcULL) / std::pow(2.0, 64) - 0.5);
  const double dy = 500 * (double(0xd7e772cee186176bULL) / std::pow(2.0, 64) - 0.5);
  TreatmentConfig t = treatment(Pattern::stamp);
  t.pitch = 500;
  t.placement = Placement::random;
  const Needle n = place_needles(t, {2000, 1000, 1500}, 0, 0).at(0);
  EXPECT_NEAR(n.entry[0], 1000 + std::cos(angle) * dx - std::sin(angle) * dy, 1e-9);
  EXPECT_NEAR(n.entry[1], 500 + std::sin(angle) * dx + std::cos(angle) * dy, 1e-9);
}

TEST(Needles, ASingleNeedlePlacedAtRandomGoesAnywhere) {
  TreatmentConfig t = treatment(Pattern::single);
  t.placement = Placement::random;
  double x = 0, y = 0;  // 400 uniform places: standard error side/sqrt(12 n) = 14 and 29 um; four of each
  for (int session = 0; session < 400; ++session) {
    const std::vector<Needle> needles = place_needles(t, {1000, 2000, 1500}, 8, session);
    ASSERT_EQ(needles.size(), 1u);
    x += needles[0].entry[0] / 400;
    y += needles[0].entry[1] / 400;
  }
  EXPECT_NEAR(x, 500, 58);
  EXPECT_NEAR(y, 1000, 116);
}

TEST(Needles, NeedlesWithoutLengthLeaveNoTrack) {
  TreatmentConfig t = treatment(Pattern::stamp);
  t.length = 0;
  EXPECT_TRUE(place_needles(t, {1000, 1000, 1000}, 1, 0).empty());
  t.length = 1000;
  t.depth_efficiency = 0;
  EXPECT_TRUE(place_needles(t, {1000, 1000, 1000}, 1, 0).empty());
}

TEST(Needles, TheNumberIsKnownBeforeTheyArePlaced) {
  const std::array<double, 3> sides{2000, 3000, 1500};
  TreatmentConfig t = treatment(Pattern::stamp);
  EXPECT_EQ(expected_needles(treatment(Pattern::single), sides), 1);
  t.needles = {4, 5};
  EXPECT_EQ(expected_needles(t, sides), 20);
  t.needles = {100, 100};
  t.pitch = 500;
  EXPECT_EQ(expected_needles(t, sides), 24) << "cut to the domain";
  t.pattern = Pattern::roller;
  t.passes = 3;
  EXPECT_EQ(expected_needles(t, sides), 72);
  t.pattern = Pattern::poisson;
  t.density = 250 * per_cm2;
  EXPECT_NEAR(expected_needles(t, sides), 45, 1e-12);
}

TEST(Needles, AnAbsurdNumberIsRefused) {
  TreatmentConfig t = treatment(Pattern::poisson);
  t.density = 0.01;  // a million per cm^2 on 1 m^2
  try {
    place_needles(t, {1e6, 1e6, 1500}, 1, 2);
    FAIL() << "10^10 needles were accepted";
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "treatment[2]: about 1e+10 needles; at most 1e+07 are allowed in one session");
  }
}

TEST(Needles, KeyAndCounterAreSeedSessionNeedleAndUse) {
  // NumPy's Philox (also 4x64-10) with key (42, 3) and counters (needle, 3) for the place and (needle, 4) for
  // the lean gives these numbers on an area of 1 x 2 mm.
  TreatmentConfig t = treatment(Pattern::poisson);
  t.density = 250 * per_cm2;
  t.tilt = 0.2;
  const std::vector<Needle> needles = place_needles(t, {1000, 2000, 1500}, 42, 3);
  ASSERT_GE(needles.size(), 3u);
  const double expected[3][3] = {{650.3503476248509, 1366.4236139143047, 5.219829065248648},
                                 {979.0862249531425, 220.191694118923, 1.513133101110721},
                                 {178.02957707377138, 889.882194960512, 3.5658015230915976}};
  for (int n = 0; n < 3; ++n) {
    EXPECT_NEAR(needles[n].entry[0], expected[n][0], 1e-9);
    EXPECT_NEAR(needles[n].entry[1], expected[n][1], 1e-9);
    EXPECT_NEAR(needles[n].axis[0], std::sin(0.2) * std::cos(expected[n][2]), 1e-12);
    EXPECT_NEAR(needles[n].axis[1], std::sin(0.2) * std::sin(expected[n][2]), 1e-12);
  }
}

TEST(Needles, APoissonPatternHasTheMeanAndVarianceOfItsDensity) {
  // 2 passes of 250/cm^2 on 1 x 2 mm: 10 needles in the mean. 400 seeds: the mean is known to 0.16, the
  // variance to 0.73 (standard errors); the bounds are four of them.
  TreatmentConfig t = treatment(Pattern::poisson);
  t.density = 250 * per_cm2;
  t.passes = 2;
  const int seeds = 400;
  double sum = 0, squares = 0, x = 0, y = 0;
  for (int seed = 0; seed < seeds; ++seed) {
    const std::vector<Needle> needles = place_needles(t, {1000, 2000, 1500}, seed, 0);
    sum += needles.size();
    squares += double(needles.size()) * needles.size();
    for (const Needle& n : needles) {
      x += n.entry[0];
      y += n.entry[1];
      EXPECT_TRUE(n.entry[0] >= 0 && n.entry[0] < 1000 && n.entry[1] >= 0 && n.entry[1] < 2000);
    }
  }
  const double mean = sum / seeds;
  EXPECT_NEAR(mean, 10, 0.64);
  EXPECT_NEAR(squares / seeds - mean * mean, 10, 2.9);
  // About 4000 uniform positions: standard error side/sqrt(12 n) = 4.6 and 9.1 um.
  EXPECT_NEAR(x / sum, 500, 18.4);
  EXPECT_NEAR(y / sum, 1000, 36.4);
}

TEST(Needles, RandomPatternsRepeatOnlyWhenFixed) {
  for (const Pattern pattern : {Pattern::poisson, Pattern::pen, Pattern::roller}) {
    TreatmentConfig t = treatment(pattern);
    t.density = 1000 * per_cm2;
    const std::array<double, 3> sides{2000, 1500, 1500};
    const auto first = place_needles(t, sides, 5, 0);
    EXPECT_FALSE(first.empty());
    EXPECT_FALSE(same_places(first, place_needles(t, sides, 5, 1)));
    EXPECT_FALSE(same_places(first, place_needles(t, sides, 6, 0)));
    EXPECT_TRUE(same_places(first, place_needles(t, sides, 5, 0)));
    t.placement = Placement::fixed;
    EXPECT_TRUE(same_places(first, place_needles(t, sides, 5, 1))) << "the same holes again";
  }
}

TEST(Needles, ARollerPassIsALatticeOfOneNeedlePerPitchSquared) {
  TreatmentConfig t = treatment(Pattern::roller);
  t.pitch = 400;
  t.rows = 1;
  t.passes = 1;
  const std::array<double, 3> sides{4000, 3000, 1500};
  double count = 0;
  int forward = 0, total = 0;
  for (int seed = 0; seed < 40; ++seed) {
    const std::vector<Needle> needles = place_needles(t, sides, seed, 0);
    count += needles.size() / 40.0;
    for (std::size_t n = 0; n < needles.size(); ++n) {
      EXPECT_NEAR(nearest(needles, n), 400, 1e-6);
      EXPECT_NEAR(needles[n].axis[2], 0.9848077530, 1e-9) << "cos 10 degrees";
      const double lean = needles[n].axis[0] * needles[0].axis[0] + needles[n].axis[1] * needles[0].axis[1];
      EXPECT_NEAR(std::abs(lean), 0.0301536896, 1e-9) << "sin^2 10 degrees: with or against the heading";
      if (lean > 0) ++forward;
      ++total;
    }
  }
  // 75 needles in the mean; a cut lattice fluctuates by its perimeter, below 5 needles: 0.8 in the mean
  // of 40.
  EXPECT_NEAR(count, 75, 2.4);
  EXPECT_GT(forward, total / 4) << "both leans occur";
  EXPECT_LT(forward, 3 * total / 4);
}

TEST(Needles, RollerRowsAreStaggeredAndPassesAdd) {
  TreatmentConfig t = treatment(Pattern::roller);
  t.pitch = 400;
  t.rows = 2;
  t.tilt = 0.3;
  const std::array<double, 3> sides{4000, 4000, 1500};
  const std::vector<Needle> one = place_needles(t, sides, 3, 0);
  // Rows one pitch apart and shifted by half of one: neighbours in a row at 400, between rows at 447 um.
  const double diagonal = std::hypot(400.0, 200.0);
  bool staggered = false;
  for (const Needle& a : one) {
    EXPECT_NEAR(a.axis[2], std::cos(0.3), 1e-12) << "the study's tilt instead of 10 degrees";
    for (const Needle& b : one) staggered = staggered || std::abs(distance(a, b) - diagonal) < 1e-6;
  }
  EXPECT_TRUE(staggered);
  t.passes = 3;
  const std::vector<Needle> three = place_needles(t, sides, 3, 0);
  EXPECT_NEAR(three.size(), 300, 30);
  for (std::size_t n = 0; n < one.size(); ++n) EXPECT_EQ(three[n].entry[0], one[n].entry[0]) << "first pass";
  const auto cross = [&](const std::size_t n) {
    return three[0].axis[0] * three[n].axis[1] - three[0].axis[1] * three[n].axis[0];
  };
  EXPECT_NEAR(cross(one.size() - 1), 0, 1e-12);
  EXPECT_GT(std::abs(cross(three.size() - 1)), 1e-6) << "a pass has a heading of its own";
}

TEST(Needles, APenWalksWithTheMeanSpacingOfItsDensity) {
  TreatmentConfig t = treatment(Pattern::pen);
  t.density = 500 * per_cm2;  // 1/sqrt(density) = 447.2 um
  t.passes = 2;
  const std::array<double, 3> sides{5000, 4000, 1500};
  const std::vector<Needle> needles = place_needles(t, sides, 11, 0);
  ASSERT_NEAR(needles.size(), 200, 1);
  int jumps = 0;
  for (std::size_t n = 1; n < needles.size(); ++n) {
    double square = 0;
    for (int a = 0; a < 2; ++a) {
      const double d = std::abs(needles[n].entry[a] - needles[n - 1].entry[a]);
      square += std::pow(std::min(d, sides[a] - d), 2);
    }
    if (std::abs(std::sqrt(square) - 447.2136) > 1e-3) ++jumps;
  }
  EXPECT_EQ(jumps, 1) << "only between the two passes";
}

TEST(Needles, JitterScattersEachNeedleByItself) {
  // 900 needles: the standard deviation is known to 1/sqrt(2 n) = 2.4 %, the mean to 30 / 30 = 1 um; four of
  // each.
  TreatmentConfig t = treatment(Pattern::stamp);
  t.needles = {30, 30};
  t.pitch = 100;
  const std::array<double, 3> sides{3000, 3000, 1500};
  const auto straight = place_needles(t, sides, 9, 0);
  t.jitter = 30;
  const auto scattered = place_needles(t, sides, 9, 0);
  ASSERT_EQ(scattered.size(), 900u);
  for (int a = 0; a < 2; ++a) {
    double mean = 0, square = 0;
    for (std::size_t n = 0; n < 900; ++n) {
      const double d = scattered[n].entry[a] - straight[n].entry[a];
      mean += d / 900;
      square += d * d / 900;
    }
    EXPECT_NEAR(mean, 0, 4);
    EXPECT_NEAR(std::sqrt(square), 30, 2.9);
  }
  double covariance = 0;
  for (std::size_t n = 0; n < 900; ++n)
    covariance +=
        (scattered[n].entry[0] - straight[n].entry[0]) * (scattered[n].entry[1] - straight[n].entry[1]) / 900;
  EXPECT_NEAR(covariance, 0, 4 * 30 * 30 / 30) << "x and y are independent: standard error 30^2/sqrt(900)";
}

}  // namespace
}  // namespace kollagen
