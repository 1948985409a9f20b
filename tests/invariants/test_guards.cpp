/// Invalid values never pass: the guard names field, cell and value, and no integrator takes a step with
/// them.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kollagen/check.hpp"
#include "support/backends.hpp"
#include "support/dermal_studies.hpp"

namespace kollagen {
namespace {

using namespace test;

struct Planted {
  std::string name;  ///< as the message prints it
  double in_scales;  ///< in units of the field's scale
};
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();
const std::vector<Planted> planted_values{{"nan", nan}, {"inf", inf}, {"-inf", -inf}, {"-", -100}};

struct Place {
  std::string name;
  int i, j, k;
};
const std::vector<Place> places{{"interior", 3, 2, 1}, {"face", 0, 2, 2}, {"corner", 5, 4, 3}};

Config small_block(const IntegratorKind integrator) {
  Config config = skin_block("reticular", {6, 5, 4}, {20, 25, 30});
  config.time.integrator = integrator;
  config.time.end = 1;
  return config;
}

/// Puts `value` into one cell of one field.
template <class Exec>
void plant(Simulation<Exec>& simulation, const int species, const Place& at, const double value) {
  const auto& cells = simulation.grid().cells;
  std::vector<double> field(simulation.grid().owned_count());
  simulation.copy(species, field.data());
  field[(at.k * cells[1] + at.j) * cells[0] + at.i] = value;
  simulation.assign(species, field.data());
}

/// The text of the GuardError that `f` throws; empty when it throws none.
template <class F>
std::string guard_text(const F& f) {
  try {
    f();
  } catch (const GuardError& error) {
    EXPECT_EQ(error.code(), ExitCode::numerical_guard);
    return error.what();
  }
  return {};
}

template <class Exec>
class Guards : public ::testing::Test {};
TYPED_TEST_SUITE(Guards, Backends);

TYPED_TEST(Guards, invalid_values_are_named_with_field_cell_and_value) {
  const Config config = small_block(IntegratorKind::imex);
  const Simulation<TypeParam> untouched(config);
  for (int s = 0; s < int(untouched.model().species.size()); ++s)
    for (const Place& place : places)
      for (const Planted& planted : planted_values) {
        Simulation<TypeParam> simulation(config);
        const auto& physics = simulation.integrator().physics();
        plant(simulation, s, place, planted.in_scales * physics.scale(s));
        const std::string text = guard_text([&] {
          check_state(physics, simulation.integrator().state(), 12.5, 7, 0.25, config.time.tolerance);
        });
        const std::string name = simulation.model().species[s].name;
        EXPECT_NE(text.find("field " + name + " is " + planted.name), std::string::npos) << text;
        const std::string cell = "cell (" + std::to_string(place.i) + ", " + std::to_string(place.j) + ", " +
                                 std::to_string(place.k) + ")";
        EXPECT_NE(text.find(cell), std::string::npos) << text;
        EXPECT_NE(text.find("time 12.5 h, step 7"), std::string::npos) << text;
      }
}

TYPED_TEST(Guards, no_integrator_takes_a_step_from_an_invalid_state) {
  for (const auto integrator : {IntegratorKind::imex, IntegratorKind::explicit_rk}) {
    const Config config = small_block(integrator);
    const Simulation<TypeParam> untouched(config);
    for (int s = 0; s < int(untouched.model().species.size()); ++s)
      for (const Planted& planted : planted_values) {
        Simulation<TypeParam> simulation(config);
        const Place& place = places[s % places.size()];
        plant(simulation, s, place, planted.in_scales * simulation.integrator().physics().scale(s));
        const std::string text = guard_text([&] { simulation.step(1); });
        const std::string name = simulation.model().species[s].name;
        // The explicit reference looks after its step, when the fault has spread.
        const std::string expected =
            integrator == IntegratorKind::imex ? "field " + name + " is " + planted.name : "field ";
        EXPECT_NE(text.find(expected), std::string::npos) << name << ", " << planted.name << ": " << text;
        EXPECT_EQ(simulation.clock().time, 0) << name << ", " << planted.name;
        EXPECT_EQ(simulation.clock().step, 0) << name << ", " << planted.name;
      }
  }
}

/// Sets a uniform production of one field that depends on time.
template <class Exec, class F>
void force(Simulation<Exec>& simulation, const std::string& field, F production) {
  auto& physics = simulation.integrator().physics();
  Fields<Exec> forcing("forcing", physics.count(), simulation.grid().cells);
  physics.set_forcing(forcing);
  const int species = simulation.model().find_species(field);
  simulation.integrator().set_forcing_at([=](const double time) mutable {
    using Kokkos::ALL;
    Kokkos::deep_copy(Kokkos::subview(forcing.view(), species, ALL(), ALL(), ALL()), production(time));
  });
}

TYPED_TEST(Guards, a_step_that_turns_invalid_is_not_accepted) {
  Config config = small_block(IntegratorKind::imex);
  Simulation<TypeParam> simulation(config);
  force(simulation, "elastin", [](const double time) { return time > 0.1 ? nan : 0.0; });
  simulation.advance_to(0.1);
  const std::vector<double> before = values(simulation, "elastin");
  const std::string text = guard_text([&] { simulation.advance_to(1); });
  EXPECT_NE(text.find("field elastin is nan"), std::string::npos) << text;
  EXPECT_EQ(simulation.clock().time, 0.1);
  EXPECT_EQ(values(simulation, "elastin"), before) << "the last accepted state is kept";

  config.time.step = 0.05;  // with a fixed step there is no smaller one to try
  Simulation<TypeParam> fixed(config);
  force(fixed, "elastin", [](const double time) { return time > 0.1 ? nan : 0.0; });
  EXPECT_NE(guard_text([&] { fixed.advance_to(1); }).find("fixed step"), std::string::npos);
}

TYPED_TEST(Guards, a_collapsed_step_ends_the_run) {
  Simulation<TypeParam> simulation(small_block(IntegratorKind::imex));
  // Far faster than the smallest step, yet too small to leave the range of valid values within it.
  force(simulation, "fibroblasts", [calls = 0](double) mutable { return (++calls % 2 ? 1 : -1) * 1e12; });
  const std::string text = guard_text([&] { simulation.advance_to(1); });
  EXPECT_NE(text.find("the step collapsed"), std::string::npos) << text;
  EXPECT_GT(simulation.integrator().statistics().rejected, 5);
}

/// Cells that appear from nowhere between two steps, as from a wrong wall or ghost.
TYPED_TEST(Guards, a_broken_balance_is_named) {
  for (const IntegratorKind kind : {IntegratorKind::imex, IntegratorKind::explicit_rk}) {
    Config config = small_block(kind);
    config.treatments.clear();
    config.disabled_terms.clear();
    for (const TermInfo& term : model_info("dermal").terms)
      if (term.name != "diffusion") config.disabled_terms.push_back(term.name);
    Simulation<TypeParam> sound(config);
    EXPECT_NO_THROW(sound.step(0.01));

    Simulation<TypeParam> simulation(config);
    const int species = simulation.model().find_species("fibroblasts");
    const auto state = simulation.integrator().state();
    using Kokkos::ALL;
    const auto cells = Kokkos::subview(state.doubles().view(), species, ALL(), ALL(), ALL());
    const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), cells);
    host(1, 1, 1) += 50;  // of 2500 in one cell; the simulation is not told
    Kokkos::deep_copy(cells, host);
    const std::string text = guard_text([&] { simulation.step(0.01); });
    EXPECT_NE(text.find("field fibroblasts is conserved"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace kollagen
