/// Not-a-number in any field, anywhere: found within a step, on every rank, and never in a checkpoint.
#include <gtest/gtest.h>

#include <limits>

#include "host/driver.hpp"
#include "kollagen/check.hpp"
#include "support/backends.hpp"
#include "support/dermal_studies.hpp"
#include "support/ranks.hpp"

namespace kollagen {
namespace {

using namespace test;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr IntegratorKind kinds[]{IntegratorKind::imex, IntegratorKind::explicit_rk};

struct Place {
  std::string name;
  int i, j, k;  ///< in the whole domain
};
/// Of 7 x 5 x 6 cells. Two ranks cut x or z in the middle: cells beside the cut are in.
const std::vector<Place> places{{"interior", 3, 2, 2}, {"beside a cut along x", 4, 2, 1}, {"beside a cut along z", 2, 3, 3},
                                {"face", 0, 3, 2},     {"edge", 6, 4, 2},                 {"corner", 6, 4, 5}};

Config block(const IntegratorKind integrator) {
  Config config = skin_block("reticular", {7, 5, 6}, {20, 25, 30});
  config.time.integrator = integrator;
  config.time.end = 1;
  TreatmentConfig needle;
  needle.length = 100;
  needle.radius = 40;
  config.treatments.push_back(needle);
  return config;
}

template <class Exec>
void plant(Simulation<Exec>& simulation, const int species, const Place& at) {
  const Grid& grid = simulation.grid();
  std::vector<double> field(grid.owned_count());
  simulation.copy(species, field.data());
  const int i = at.i - grid.first[0], j = at.j - grid.first[1], k = at.k - grid.first[2];
  if (i >= 0 && j >= 0 && k >= 0 && i < grid.cells[0] && j < grid.cells[1] && k < grid.cells[2])
    field[(k * grid.cells[1] + j) * grid.cells[0] + i] = nan;
  simulation.assign(species, field.data());
}

/// Fills the ghosts of one field with not-a-number.
template <class Exec>
void spoil_ghosts(Simulation<Exec>& simulation, const int species) {
  using Kokkos::ALL;
  const auto field = Kokkos::subview(simulation.integrator().state().doubles().view(), species, ALL(), ALL(), ALL());
  const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), field);
  const int nk = int(host.extent(0)), nj = int(host.extent(1)), ni = int(host.extent(2));
  for (int k = 0; k < nk; ++k)
    for (int j = 0; j < nj; ++j)
      for (int i = 0; i < ni; ++i)
        if (k == 0 || j == 0 || i == 0 || k == nk - 1 || j == nj - 1 || i == ni - 1) host(k, j, i) = nan;
  Kokkos::deep_copy(field, host);
}

/// The text of the GuardError that `f` throws; empty when it throws none.
template <class F>
std::string guard_text(const F& f) {
  try {
    f();
  } catch (const Error& error) {  // of all ranks: the class is lost on the way, the code is not
    EXPECT_EQ(error.code(), ExitCode::numerical_guard) << error.what();
    return error.what();
  }
  return {};
}

template <class Exec>
class Nan : public ::testing::Test {};
TYPED_TEST_SUITE(Nan, Backends);

TYPED_TEST(Nan, is_found_within_a_step_in_every_field_and_place) {
  for (const IntegratorKind kind : kinds) {
    const Config config = block(kind);
    const auto species = Simulation<TypeParam>(config, TypeParam(), ranks()).model().species;
    for (int s = 0; s < int(species.size()); ++s)
      for (const Place& place : places) {
        Simulation<TypeParam> simulation(config, TypeParam(), ranks());
        plant(simulation, s, place);
        const std::string text = guard_text([&] { simulation.step(1); });
        // The explicit reference looks after its step, when the fault has spread to fields that depend on this one.
        const std::string expected =
            kind == IntegratorKind::imex ? "field " + std::string(species[s].name) + " is nan" : " is nan";
        EXPECT_NE(text.find(expected), std::string::npos) << species[s].name << ", " << place.name << ": " << text;
        EXPECT_EQ(simulation.clock().step, 0) << species[s].name << ", " << place.name;
      }
  }
}

TYPED_TEST(Nan, in_ghosts_does_not_survive) {
  for (const IntegratorKind kind : kinds) {
    const Config config = block(kind);
    Simulation<TypeParam> sound(config, TypeParam(), ranks());
    for (int n = 0; n < 4; ++n) sound.step(1);
    for (int s = 0; s < int(sound.model().species.size()); ++s) {
      Simulation<TypeParam> simulation(config, TypeParam(), ranks());
      for (int n = 0; n < 4; ++n) {
        spoil_ghosts(simulation, s);
        simulation.step(1);
      }
      EXPECT_EQ(simulation.clock().time, sound.clock().time);
      for (const auto& other : sound.model().species)
        EXPECT_EQ(values(simulation, other.name), values(sound, other.name))
            << other.name << " after spoilt ghosts of " << sound.model().species[s].name;
    }
  }
}

TYPED_TEST(Nan, never_gets_into_a_checkpoint) {
  for (const IntegratorKind kind : kinds) {
    const Config config = block(kind);
    for (int s = 0; s < 16; ++s) {
      Simulation<TypeParam> simulation(config, TypeParam(), ranks());
      long kept = 0, edges = 0;
      Plan plan;
      plan.checkpoint = [&] {
        ++kept;
        for (int n = 0; n < int(simulation.model().species.size()); ++n) {
          std::vector<double> field(simulation.grid().owned_count());
          simulation.copy(n, field.data());
          for (const double value : field) ASSERT_EQ(value, value) << simulation.model().species[n].name;
        }
      };
      plan.at_edge = [&] {  // a checkpoint after every step; the fault strikes once, between two steps
        if (++edges == 4) plant(simulation, s, places[s % int(places.size())]);
        return edges == 4 ? Wish::go_on : Wish::checkpoint;
      };
      const Steppable steppable{[&](const double limit) { simulation.step(limit); }, simulation};
      const std::string text = guard_text([&] { drive(steppable, {}, plan); });
      EXPECT_NE(text.find(" is nan"), std::string::npos) << text;
      EXPECT_EQ(kept, 3) << "those of t = 0 and of two steps";
    }
  }
}

}  // namespace
}  // namespace kollagen
