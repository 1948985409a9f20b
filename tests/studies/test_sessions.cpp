/// Studies with several sessions, and what finer voxels change.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "support/backends.hpp"
#include "support/dermal_studies.hpp"

namespace kollagen {
namespace {

using namespace test;

template <class Exec>
class Sessions : public ::testing::Test {};
TYPED_TEST_SUITE(Sessions, Backends);

constexpr double first_session = 5.3, second_session = 30.7;

/// A stamp of 2 x 2 needles at `first_session` and, if wanted, once more at `second_session`.
Config stamped_twice(const bool twice, const Placement placement) {
  Config config = skin_block("papillary", {20, 16, 10}, {25, 30, 35});
  config.time.end = 60;
  TreatmentConfig stamp;
  stamp.pattern = Pattern::stamp;
  stamp.needles = {2, 2};
  stamp.pitch = 220;
  stamp.length = 250;
  stamp.radius = 50;
  stamp.placement = placement;
  stamp.at = second_session;
  if (twice) config.treatments.push_back(stamp);
  stamp.placement = Placement::fixed;
  stamp.at = first_session;
  config.treatments.push_back(stamp);  // sorted by time, not by place in the study
  return config;
}

TYPED_TEST(Sessions, the_clock_lands_on_every_session) {
  Simulation<TypeParam> simulation(stamped_twice(true, Placement::fixed));
  std::vector<double> landed;
  while (!simulation.finished()) {
    const int done = simulation.treatments_done();
    const double before = simulation.clock().time;
    simulation.step(60);
    ASSERT_GT(simulation.clock().time, before);
    if (simulation.treatments_done() > done) landed.push_back(simulation.clock().time);
  }
  ASSERT_EQ(landed.size(), 2u);
  EXPECT_EQ(landed[0], first_session);
  EXPECT_EQ(landed[1], second_session);
  EXPECT_EQ(simulation.clock().time, 60);
  EXPECT_EQ(simulation.needles_placed(), 8);
}

TYPED_TEST(Sessions, a_second_session_at_fixed_places_hits_the_same_holes) {
  Simulation<TypeParam> twice(stamped_twice(true, Placement::fixed)),
      once(stamped_twice(false, Placement::fixed));
  once.advance_to(first_session);
  const std::vector<double> damage = values(once, "damage"), core = core_coverage(once);
  EXPECT_GT(*std::max_element(core.begin(), core.end()), 0.99) << "a cell lies within a track";
  once.advance_to(second_session);
  twice.advance_to(second_session);
  ASSERT_EQ(once.treatments_done(), 1);
  ASSERT_EQ(twice.treatments_done(), 2);
  // Both made the same steps so far; then one of them was treated with the same tracks once more.
  const auto expect = [&](const std::string& field, const auto& treated) {
    const std::vector<double> before = values(once, field), after = values(twice, field);
    for (std::size_t n = 0; n < before.size(); ++n)
      ASSERT_NEAR(after[n], treated(before[n], n), 1e-12 * (std::abs(before[n]) + 1))
          << field << ", cell " << n;
  };
  expect("platelets", [&](const double u, const std::size_t n) { return u + 0.75 * core[n]; });
  expect("provisional_matrix", [&](const double u, const std::size_t n) { return u + 6 * core[n]; });
  expect("damage", [&](const double u, const std::size_t n) { return std::max(u, damage[n]); });
  expect("pdgf", [&](const double u, const std::size_t) { return u; });
  for (const std::string field : {"fibroblasts", "myofibroblasts"})
    expect(field, [&](const double u, const std::size_t n) { return u * (1 - 0.9 * damage[n]); });
  for (const std::string field : {"collagen_i", "collagen_iii", "elastin"})
    expect(field, [&](const double u, const std::size_t n) { return u * (1 - 0.7 * damage[n]); });
}

TYPED_TEST(Sessions, a_second_session_at_random_places_hits_others) {
  Simulation<TypeParam> simulation(stamped_twice(true, Placement::random));
  simulation.advance_to(first_session);
  const std::vector<double> first = core_coverage(simulation);
  simulation.advance_to(second_session);
  const std::vector<double> platelets = values(simulation, "platelets");
  double fresh = 0, shared = 0;
  for (std::size_t n = 0; n < first.size(); ++n) {
    fresh += platelets[n] / 0.75;  // those of the first session were empty after an hour
    shared += std::min(first[n], platelets[n] / 0.75);
  }
  EXPECT_GT(fresh, 0.5 * mean(first) * double(first.size())) << "the second session bled";
  EXPECT_LT(shared, 0.8 * fresh);
}

TYPED_TEST(Sessions, finer_voxels_change_the_collagen_of_day_7_less_and_less) {
  const auto collagen = [](const double spacing) {
    const auto n = [&](const double side) { return int(std::lround(side / spacing)); };
    Config config = skin_block("reticular", {n(320), n(240), n(400)}, {spacing, spacing, spacing});
    config.time.end = 24 * 7;
    TreatmentConfig needle;
    needle.length = 300;
    needle.radius = 80;
    config.treatments.push_back(needle);
    Simulation<TypeParam> simulation(config);
    const double start = relative_collagen(simulation);
    simulation.advance_to(config.time.end);
    return std::array<double, 2>{relative_collagen(simulation), relative_collagen(simulation) - start};
  };
  const auto coarse = collagen(40), middle = collagen(20), fine = collagen(10);
  for (const int what : {0, 1}) {  // collagen, and what has come back of it since the session
    const double first = coarse[what] - middle[what], second = middle[what] - fine[what];
    EXPECT_LT(std::abs(first), 0.02 * coarse[1]) << "40 um are two cells per radius";
    // Between first order (walls of the track, sampled) and second order (smooth fields), and some room.
    EXPECT_GT(first / second, 1.8) << first << " and " << second;
    EXPECT_LT(first / second, 6) << first << " and " << second;
  }
}

}  // namespace
}  // namespace kollagen
