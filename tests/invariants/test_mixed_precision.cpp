/// States in mixed precision: what a step keeps, what the guards see, and how far a month is from the same month in
/// double.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "kollagen/model/dermal/dermal.hpp"
#include "kollagen/storage.hpp"
#include "support/backends.hpp"
#include "support/dermal_studies.hpp"

namespace kollagen {
namespace {

using namespace test;

template <class Exec>
class MixedPrecision : public ::testing::Test {};
TYPED_TEST_SUITE(MixedPrecision, Backends);

Config mixed(Config config) {
  config.time.precision = StatePrecision::mixed;
  return config;
}

/// Values between low and high that no pattern of cells explains.
std::vector<double> scattered(const long count, const double low, const double high) {
  std::vector<double> result;
  for (long c = 0; c < count; ++c) result.push_back(low + (high - low) * std::fmod(0.5 + double(c) * 0.6180339887, 1.0));
  return result;
}

TYPED_TEST(MixedPrecision, StoresTheSlowMatrixInDoubleAndTheRestInFloat) {
  const Simulation<TypeParam> simulation(mixed(skin_block("face", {3, 2, 12}, {30, 25, 40})));
  const auto& state = simulation.integrator().state();
  for (int n = 0; n < state.count(); ++n)
    EXPECT_EQ(!state.single()[std::size_t(n)], n == dermal::C3 || n == dermal::C1 || n == dermal::E);
  // (3 + 2)(2 + 2)(12 + 2) cells with ghosts, thirteen floats and three doubles in each.
  EXPECT_EQ(state.bytes(), std::size_t(280 * (13 * 4 + 3 * 8)));
}

/// 370 steps round a field by 6e-8 a few times each. What rounding does at random grows with the root of their number,
/// and turnover pulls back: a few times 1e-6 at any step (measured 3.7e-6). Were it to one side in every step, it would be 1e-4.
TYPED_TEST(MixedPrecision, UndamagedSkinStaysForHalfAYear) {
  for (const std::string preset : {"face", "back"}) {
    Config config = mixed(skin_block(preset, {2, 2, preset == "back" ? 210 : 100}, {30, 25, 20}));
    config.time.end = 24 * 180;
    Simulation<TypeParam> simulation(config);
    const std::vector<double> most = largest_drifts(simulation, config.time.end);
    for (std::size_t s = 0; s < most.size(); ++s)
      EXPECT_LT(most[s], 5e-6) << preset << ", " << simulation.model().species[s].name;
  }
}

/// Leaves diffusion and chemotaxis of the dermal model.
Config moving_cells() {
  Config config = mixed(skin_block("face", {12, 10, 9}, {20, 25, 30}));
  config.time.end = 48;
  for (const TermInfo& term : model_info("dermal").terms)
    if (term.name != "diffusion" && term.name != "chemotaxis") config.disabled_terms.push_back(term.name);
  config.model_parameters = {{"D_P", 500}};
  return config;
}

/// The amount of what is conserved, relative to the sum of absolute values. A step rounds each of the thousand cells by
/// 3e-8 about four times; were all of these to one side, each step would bring 1e-7.
template <class Exec>
void expect_conserved(Simulation<Exec>& simulation, const int species, const double until) {
  auto& physics = simulation.integrator().physics();
  const auto& state = simulation.integrator().state();
  const std::vector<int> conserved = physics.conserved();
  ASSERT_NE(std::find(conserved.begin(), conserved.end(), species), conserved.end());
  const double before = physics.total(state, species), size = physics.magnitude(state, species);
  std::vector<double> first(std::size_t(simulation.grid().owned_count())), last = first;
  simulation.copy(species, first.data());
  simulation.advance_to(until);
  simulation.copy(species, last.data());
  double moved = 0;
  for (std::size_t c = 0; c < first.size(); ++c) moved = std::max(moved, std::abs(last[c] - first[c]));
  EXPECT_GT(moved, 0.05 * size / double(first.size())) << "nothing happened";
  EXPECT_GT(simulation.clock().step, 10);
  EXPECT_LT(std::abs(physics.total(state, species) - before) / size, 1e-7 * std::sqrt(double(simulation.clock().step)));
}

TYPED_TEST(MixedPrecision, ChemotaxisConservesFibroblasts) {
  Simulation<TypeParam> simulation(moving_cells());
  const auto& model = simulation.model();
  const int fibroblasts = model.find_species("fibroblasts");
  const long count = simulation.grid().owned_count(), plane = 12 * 10;
  auto cells = scattered(count, 100, 6000);
  for (long c = 0; c < count; ++c)
    if (simulation.column().fibroblasts[std::size_t(c / plane)] == 0) cells[std::size_t(c)] = 0;
  simulation.assign(fibroblasts, cells.data());
  simulation.assign(model.find_species("pdgf"), scattered(count, 0, 20).data());
  expect_conserved(simulation, fibroblasts, 48);
}

/// Diffusion over a cell is 200 times faster than the longest step here: residuals are rounding long before they are small.
TYPED_TEST(MixedPrecision, StiffDiffusionConservesASignedField) {
  Config config;
  config.model = "linear";
  config.domain.cells = {17, 13, 11};
  config.domain.spacing = {5, 7, 6};
  for (int a = 0; a < 3; ++a) config.domain.size[a] = config.domain.cells[a] * config.domain.spacing[a];
  config.model_parameters = {{"D_u", 3600}};
  config.time.end = 48;
  Simulation<TypeParam> simulation(mixed(config)), exact(config);
  const auto start = scattered(simulation.grid().owned_count(), -0.4, 1);
  simulation.assign(0, start.data());
  exact.assign(0, start.data());
  expect_conserved(simulation, 0, 48);
  exact.advance_to(48);
  EXPECT_EQ(simulation.integrator().statistics().rejected, exact.integrator().statistics().rejected);
  // Neighbours differ by what the solver may leave, 0.02 of the tolerance of 1e-3, and no more: residuals that are
  // rounding, added as they are, would make it ten times as much.
  std::vector<double> rounded(start.size()), smooth(start.size());
  simulation.copy(0, rounded.data());
  exact.copy(0, smooth.data());
  double noise = 0;
  for (std::size_t c = 1; c < start.size(); ++c)
    noise = std::max(noise, std::abs((rounded[c] - rounded[c - 1]) - (smooth[c] - smooth[c - 1])));
  EXPECT_LT(noise, 2e-5);
  EXPECT_GT(noise, 0) << "was the state in double?";
}

/// A needle in coarse skin for a month: means of all fields.
TYPED_TEST(MixedPrecision, AMonthOfHealingIsThatOfDoubles) {
  Config config = skin_block("face", {8, 7, 10}, {80, 80, 80});
  TreatmentConfig needle;
  needle.length = 500;
  needle.radius = 100;
  config.treatments = {needle};
  config.time.end = 28 * 24;
  Simulation<TypeParam> exact(config), rounded(mixed(config));
  exact.advance_to(config.time.end);
  rounded.advance_to(config.time.end);
  EXPECT_NEAR(double(rounded.clock().step), double(exact.clock().step), 0.05 * double(exact.clock().step));
  for (const SpeciesInfo& species : exact.model().species) {
    const auto a = values(exact, species.name), b = values(rounded, species.name);
    const double scale = exact.integrator().physics().scale(exact.model().find_species(species.name));
    if (mean(a) < 1e-9 * scale) continue;  // platelets, extinct
    // Steps are chosen alike, and the error of a step of 1e-3 is the same: what differs is rounding. 0.5 % is allowed.
    EXPECT_NEAR(mean(b) / mean(a), 1, 1e-3) << species.name;
    EXPECT_NEAR(*std::max_element(b.begin(), b.end()) / *std::max_element(a.begin(), a.end()), 1, 1e-3) << species.name;
    EXPECT_NE(a, b) << species.name << ": was the state in double?";
  }
}

/// What is less than a float can tell of elastin is kept: a day of turnover is 5e-7 of it.
TYPED_TEST(MixedPrecision, SlowMatrixIsNotLostInFloat) {
  for (const char* field : {"elastin", "collagen_i"}) {
    double change[2];
    for (const bool in_float : {false, true}) {
      Config config = skin_block("reticular", {3, 2, 2}, {30, 25, 20});
      config.time.end = 2;
      config.time.step = 0.1;  // an hour makes 1e-8 of a field
      if (in_float) config = mixed(config);
      Simulation<TypeParam> simulation(config);
      auto matrix = values(simulation, field);
      const double before = matrix[0] * 0.999;
      for (double& v : matrix) v *= 0.999;
      simulation.assign(simulation.model().find_species(field), matrix.data());
      simulation.advance_to(config.time.end);
      change[in_float] = values(simulation, field)[0] / before - 1;
    }
    EXPECT_NE(change[0], 0) << field;
    EXPECT_LT(std::abs(change[0]), 20 * 0.5 * float_epsilon) << field << ": each step less than a float can hold";
    EXPECT_NEAR(change[1] / change[0], 1, 0.01) << field;
  }
}

TYPED_TEST(MixedPrecision, GuardsNameTheFieldInEitherGroup) {
  for (const char* field : {"damage", "tgf_beta"}) {
    Config config = mixed(skin_block("reticular", {4, 3, 5}, {30, 25, 20}));
    config.time.end = 1;
    Simulation<TypeParam> simulation(config);
    auto v = values(simulation, field);
    v[7] = std::numeric_limits<double>::quiet_NaN();
    simulation.assign(simulation.model().find_species(field), v.data());
    try {
      simulation.step(1);
      FAIL() << field << " went unnoticed";
    } catch (const GuardError& error) {
      EXPECT_NE(std::string(error.what()).find(std::string("field ") + field + " is "), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find("in cell (3, 1, 0)"), std::string::npos) << error.what();
    }
  }
}

/// A needle takes the same share of cells in float, and leaves the same clot.
TYPED_TEST(MixedPrecision, NeedlesDoTheSame) {
  Config config = skin_block("face", {12, 11, 20}, {30, 30, 40});
  TreatmentConfig needle;
  needle.length = 600;
  config.treatments = {needle};
  const Simulation<TypeParam> exact(config), rounded(mixed(config));
  for (const SpeciesInfo& species : exact.model().species) {
    const auto a = values(exact, species.name), b = values(rounded, species.name);
    double worst = 0;
    for (std::size_t c = 0; c < a.size(); ++c) worst = std::max(worst, std::abs(b[c] - a[c]) / (1e-300 + std::abs(a[c])));
    EXPECT_LE(worst, species.slow ? 0 : float_epsilon) << species.name;
  }
  const auto cells = values(rounded, "fibroblasts");
  EXPECT_LT(*std::min_element(cells.begin() + 10 * 132, cells.end()), 0.5 * cells[10 * 132]) << "the needle took none";
}

/// Other parameters in the middle of a run.
TYPED_TEST(MixedPrecision, ParametersCanBeChanged) {
  Config config = mixed(skin_block("reticular", {4, 3, 5}, {30, 25, 20}));
  config.time.end = 48;
  Simulation<TypeParam> simulation(config);
  simulation.advance_to(24);
  const double before = mean(values(simulation, "tgf_beta_latent"));
  simulation.steer("lam_L", 0.92);
  simulation.advance_to(48);
  EXPECT_TRUE(simulation.integrator().physics().mixed());
  // L = s F/(lam_L + k_a): with twice the loss of 0.46 at k_a = 0.01, and 24 h are 22 times its time.
  EXPECT_NEAR(mean(values(simulation, "tgf_beta_latent")) / before, 0.47 / 0.93, 0.02);
}

}  // namespace
}  // namespace kollagen
