/// Fields that stay zero away from the needles are worked on where they are not, and nobody can tell.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "support/backends.hpp"
#include "support/dermal_studies.hpp"

namespace kollagen {
namespace {

using namespace test;

template <class Exec>
class RestingFields : public ::testing::Test {};
TYPED_TEST_SUITE(RestingFields, Backends);

/// A long strip of skin with one needle near one end: 3 stretches of 64, 64 and 12 cells along x.
Config strip(const StatePrecision precision) {
  Config config = skin_block("face", {140, 6, 10}, {40, 45, 50});
  config.time.precision = precision;
  config.time.end = 24;
  TreatmentConfig needle;
  needle.length = 300;
  needle.radius = 60;
  needle.placement = Placement::fixed;
  config.treatments.push_back(needle);
  return config;
}

/// External production of nothing: every cell has to be worked on, since it might.
template <class Exec>
void work_everywhere(Simulation<Exec>& simulation) {
  auto& physics = simulation.integrator().physics();
  physics.set_forcing(Fields<Exec>("no production", physics.count(), simulation.grid().cells));
}

template <class Exec>
double share(Simulation<Exec>& simulation) {
  return simulation.integrator().physics().active_share(simulation.model().find_species("damage"));
}

TYPED_TEST(RestingFields, LeaveNoTraceInARun) {
  for (const StatePrecision precision : {StatePrecision::full, StatePrecision::mixed}) {
    Simulation<TypeParam> some(strip(precision)), all(strip(precision));
    work_everywhere(all);
    EXPECT_LT(share(some), 0.6);
    EXPECT_GT(share(some), 0);
    EXPECT_EQ(share(all), 1);
    some.advance_to(24);
    all.advance_to(24);
    EXPECT_EQ(some.clock().step, all.clock().step);
    EXPECT_GT(some.clock().step, 20);
    for (const SpeciesInfo& species : some.model().species) EXPECT_EQ(values(some, species.name), values(all, species.name)) << species.name;
    EXPECT_GT(mean(values(some, "damage")), 0);
    EXPECT_LT(some.integrator().statistics().bytes, all.integrator().statistics().bytes);
  }
}

/// Values that are set from outside wake their cells, and what was there before is forgotten where they put it to rest.
TYPED_TEST(RestingFields, AreLookedForAgainWhenAStateIsSet) {
  Simulation<TypeParam> some(strip(StatePrecision::full)), all(strip(StatePrecision::full));
  work_everywhere(all);
  some.advance_to(1);
  all.advance_to(1);
  const double before = share(some);
  for (auto* const simulation : {&some, &all})
    for (const char* const name : {"platelets", "tgf_beta_bound", "provisional_matrix", "damage"}) {
      auto moved = values(*simulation, name);
      std::reverse(moved.begin(), moved.end());
      simulation->assign(simulation->model().find_species(name), moved.data());
    }
  EXPECT_LT(share(some), 2 * before + 0.1);
  some.advance_to(6);
  all.advance_to(6);
  for (const SpeciesInfo& species : some.model().species) EXPECT_EQ(values(some, species.name), values(all, species.name)) << species.name;
}

TYPED_TEST(RestingFields, AreNotLookedForWhereTheyAreEverywhere) {
  Config config = strip(StatePrecision::full);
  config.treatments.clear();
  Simulation<TypeParam> simulation(config);
  EXPECT_EQ(share(simulation), 0) << "undamaged skin";
  const std::vector<double> debris(std::size_t(simulation.grid().owned_count()), 0.5);
  simulation.assign(simulation.model().find_species("damage"), debris.data());
  EXPECT_EQ(share(simulation), 1);
  simulation.advance_to(1);
  const auto after = values(simulation, "damage");
  EXPECT_LT(*std::max_element(after.begin(), after.end()), 0.5) << "it is worked on";
}

}  // namespace
}  // namespace kollagen
