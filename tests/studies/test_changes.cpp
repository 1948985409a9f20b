/// Parameters that change while a run is under way, by the study or from outside.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "kollagen/check.hpp"
#include "support/backends.hpp"
#include "verification/study.hpp"

namespace kollagen {
namespace {

using namespace test;

template <class Exec>
class Changes : public ::testing::Test {};
TYPED_TEST_SUITE(Changes, Backends);

constexpr double first_change = 2.3, second_change = 3.7, end = 5;

Config decaying(const IntegratorKind integrator) {
  Config config = study("linear", {4, 3, 5}, {20, 25, 15}, integrator);
  config.initial = {uniform("u", 3), uniform("v", 2)};
  config.model_parameters = {{"lam_u", 0.3}, {"lam_v", 0.8}};
  return config;
}

// u' = -lam(t) u has the solution u0 exp(-sum of lam times its time): a change of the other field, or one step late,
// shows as a hundredth at least; the tolerance is three times the largest error of the steps that was seen.
TYPED_TEST(Changes, OfTheStudyAreMetExactlyAndAct) {
  for (const IntegratorKind integrator : both_integrators) {
    Config config = decaying(integrator);
    config.changes = {{second_change, {}, "lam_u", 0.1}, {first_change, {}, "lam_u", 1.1}};  // sorted by time
    Simulation<TypeParam> simulation(config);
    std::vector<double> landed;
    double before = simulation.parameter("lam_u");
    EXPECT_EQ(before, 0.3);
    while (simulation.clock().time < end) {
      simulation.step(end);
      const double now = simulation.parameter("lam_u");
      if (now != before) landed.push_back(simulation.clock().time);
      before = now;
    }
    EXPECT_EQ(landed, (std::vector<double>{first_change, second_change})) << name_of(integrator);
    const double u = 3 * std::exp(-0.3 * first_change - 1.1 * (second_change - first_change) -
                                  0.1 * (end - second_change));
    EXPECT_NEAR(values(simulation, "u").front() / u, 1, 3e-4) << name_of(integrator);
    EXPECT_NEAR(values(simulation, "v").front() / (2 * std::exp(-0.8 * end)), 1, 3e-4) << name_of(integrator);
    EXPECT_TRUE(simulation.steered().empty());
  }
}

TYPED_TEST(Changes, FromOutsideActAtOnceAndAreKnown) {
  for (const IntegratorKind integrator : both_integrators) {
    Simulation<TypeParam> simulation(decaying(integrator));
    simulation.advance_to(first_change);
    const long step = simulation.clock().step;
    simulation.steer("lam_v", 0.05);
    simulation.advance_to(end);
    const double v = 2 * std::exp(-0.8 * first_change - 0.05 * (end - first_change));
    EXPECT_NEAR(values(simulation, "v").front() / v, 1, 3e-4) << name_of(integrator);
    EXPECT_EQ(simulation.steered(), (std::vector<ChangeConfig>{{first_change, step, "lam_v", 0.05}}));
  }
}

TYPED_TEST(Changes, ValueThatTheModelDoesNotTakeChangesNothing) {
  Simulation<TypeParam> plain(decaying(IntegratorKind::imex)), refused(decaying(IntegratorKind::imex));
  plain.advance_to(first_change);
  refused.advance_to(first_change);
  for (const double value : {-0.1, 1e7, std::nan("")}) EXPECT_THROW(refused.steer("lam_u", value), InputError) << value;
  EXPECT_EQ(refused.parameter("lam_u"), 0.3);
  EXPECT_TRUE(refused.steered().empty());
  plain.advance_to(end);
  refused.advance_to(end);
  EXPECT_EQ(plain.clock().step, refused.clock().step);
  EXPECT_EQ(values(plain, "u"), values(refused, "u"));
}

/// All fields after some steps.
template <class Exec>
std::map<std::string, std::vector<double>> skin_after(const Config& config, const long steps) {
  Simulation<Exec> simulation(config);
  while (simulation.clock().step < steps) simulation.step(config.time.end);
  std::map<std::string, std::vector<double>> all;
  for (const SpeciesInfo& species : simulation.model().species) all[species.name] = values(simulation, species.name);
  return all;
}

// Every part of the right-hand side and of the solver takes the new value: a parameter that changes at the start is
// as good as one that the study begins with, bit for bit. The parameters reach reactions, the mobility in the
// clot (with 1 it has none of its own, and the solver works by layers), a diffusivity, chemotaxis, and whether MMP has any loss.
TYPED_TEST(Changes, AtTheStartAreThoseOfTheStudy) {
  Config config = study("dermal", {10, 8, 9}, {25, 30, 35}, IntegratorKind::imex);
  config.skin.preset = "face";
  config.time.tolerance = 1e-3;
  TreatmentConfig needle;
  needle.length = 200;
  needle.radius = 50;
  config.treatments.push_back(needle);
  for (const auto& [name, value] : {std::pair("K_P", 0.7), std::pair("m_clot", 1.0), std::pair("D_P", 9e4),
                                    std::pair("chi0", 0.0), std::pair("lam_W", 0.0)}) {
    Config begun = config, changed = config;
    begun.model_parameters[name] = value;
    changed.changes = {{0, {}, name, value}};
    const auto expected = skin_after<TypeParam>(begun, 60), got = skin_after<TypeParam>(changed, 60);
    EXPECT_TRUE(expected == got) << name;
    EXPECT_FALSE(got == skin_after<TypeParam>(config, 60)) << name << " has to matter here";
  }
}

TYPED_TEST(Changes, ByTheStepAreThoseOfTheRunThatWasSteered) {
  Simulation<TypeParam> steered(decaying(IntegratorKind::imex));
  for (int n = 0; n < 9; ++n) steered.step(end);
  steered.steer("lam_u", 0.9);
  steered.advance_to(end);
  Config config = decaying(IntegratorKind::imex);
  config.changes = steered.steered();
  Simulation<TypeParam> repeated(config);
  repeated.advance_to(end);
  EXPECT_EQ(repeated.clock().step, steered.clock().step);
  EXPECT_EQ(values(repeated, "u"), values(steered, "u"));
  // A study whose steps end elsewhere is another one, whether they are longer or shorter.
  for (const double tolerance : {1e-4, 1e-8}) {
    config.time.tolerance = tolerance;
    Simulation<TypeParam> other(config);
    EXPECT_THROW(other.advance_to(end), InputError) << tolerance;
  }
}

}  // namespace
}  // namespace kollagen
