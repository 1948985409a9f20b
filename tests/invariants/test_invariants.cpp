/// What no time step may change: amounts, sign, symmetry, nothing, and the steady state (V13 and companions).
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "support/backends.hpp"
#include "support/reference.hpp"
#include "verification/study.hpp"

namespace kollagen::test {
namespace {

template <class Exec>
struct Invariants : ::testing::Test {};
TYPED_TEST_SUITE(Invariants, Backends);

/// Values between low and high, the same on every machine.
std::vector<double> noise(const long count, const double low, const double high, const unsigned seed) {
  std::mt19937_64 generator(seed);
  std::vector<double> result(count);
  for (double& v : result) v = low + (high - low) * (double(generator() >> 11) * 0x1p-53);
  return result;
}

template <class Exec>
void fill_with_noise(Simulation<Exec>& simulation, const std::string& field, const double low,
                     const double high) {
  const int n = simulation.model().find_species(field);
  simulation.assign(n, noise(simulation.grid().owned_count(), low, high, 100 + n).data());
}

/// Moves the simulation and returns the relative change of the summed fields; EXPECTs that somewhere the
/// first one changed by more than `least`.
template <class Exec>
double drift(Simulation<Exec>& simulation, const std::vector<std::string>& fields, const double until,
             const double least) {
  const auto total = [&] {
    double all = 0;
    for (const auto& field : fields) all += sum(values(simulation, field));
    return all;
  };
  const double before = total();
  const auto first = values(simulation, fields[0]);
  simulation.advance_to(until);
  const auto last = values(simulation, fields[0]);
  double moved = 0;
  for (std::size_t c = 0; c < first.size(); ++c) moved = std::max(moved, std::abs(last[c] - first[c]));
  EXPECT_GT(moved, least) << "nothing happened";
  return total() / before - 1;
}

SkinConfig two_layers() {
  SkinConfig skin;
  LayerConfig upper, lower;
  upper.name = "upper";
  upper.thickness = 90;
  upper.diffusivity = 0.3;
  lower.name = "lower";
  lower.thickness = 1000;
  skin.layers = {upper, lower};
  return skin;
}

TYPED_TEST(Invariants, DiffusionConservesEachField) {
  for (const auto integrator : both_integrators) {
    Config config = study("linear", {17, 13, 11}, {15, 20, 30}, integrator);
    config.domain.walls[0] = config.domain.walls[1] = WallKind::periodic;
    config.skin = two_layers();
    for (const char* field : {"u", "v", "w"}) {
      Simulation<TypeParam> simulation(config);
      fill_with_noise(simulation, field, 0.1, 1);
      check(std::string("V13.diffusion.") + name_of(integrator),
            drift(simulation, {field}, integrator == IntegratorKind::imex ? 1 : 0.02, 0.01));
    }
  }
}

Config moving_cells(const IntegratorKind integrator) {
  Config config = study("dermal", {12, 10, 9}, {20, 25, 30}, integrator);
  config.skin.preset = "face";  // epidermis without cells, papillary and reticular dermis
  config.domain.walls[2] = config.domain.walls[3] = WallKind::periodic;
  keep_terms(config, {"diffusion", "chemotaxis"});
  config.model_parameters = {{"D_P", 500}, {"D_T", 100}};  // signals stay uneven
  return config;
}

/// The explicit reference needs 2000 steps per hour here; its round-off grows with their number.
double moving_time(const IntegratorKind integrator) { return integrator == IntegratorKind::imex ? 4 : 0.5; }

/// Cells live below the epidermis only: noise in a layer without cells would have nowhere to go.
template <class Exec>
void fill_dermis_with_noise(Simulation<Exec>& simulation, const std::string& field, const double low,
                            const double high) {
  const int n = simulation.model().find_species(field);
  const auto& cells = simulation.grid().cells;
  auto v = noise(simulation.grid().owned_count(), low, high, 200 + n);
  for (int k = 0; k < cells[2]; ++k)
    if (simulation.column().fibroblasts[k] == 0)
      std::fill_n(v.begin() + std::ptrdiff_t(k) * cells[1] * cells[0], cells[1] * cells[0], 0.0);
  simulation.assign(n, v.data());
}

TYPED_TEST(Invariants, ChemotaxisConservesFibroblasts) {
  for (const auto integrator : both_integrators) {
    Simulation<TypeParam> simulation(moving_cells(integrator));
    fill_dermis_with_noise(simulation, "fibroblasts", 100, 6000);
    fill_dermis_with_noise(simulation, "myofibroblasts", 0, 3000);
    fill_with_noise(simulation, "pdgf", 0, 20);
    check(std::string("V13.chemotaxis.") + name_of(integrator),
          drift(simulation, {"fibroblasts"}, moving_time(integrator), 100));
  }
}

TYPED_TEST(Invariants, TransitionConservesFibroblastsAndMyofibroblasts) {
  for (const auto integrator : both_integrators) {
    Config config = moving_cells(integrator);
    keep_terms(config, {"diffusion", "chemotaxis", "myofibroblast_transition", "myofibroblast_reversion"});
    Simulation<TypeParam> simulation(config);
    fill_dermis_with_noise(simulation, "fibroblasts", 100, 6000);
    fill_dermis_with_noise(simulation, "myofibroblasts", 0, 3000);
    fill_with_noise(simulation, "pdgf", 0, 20);
    fill_with_noise(simulation, "tgf_beta", 0, 3);
    const double before = sum(values(simulation, "myofibroblasts"));
    check(std::string("V13.transition.") + name_of(integrator),
          drift(simulation, {"fibroblasts", "myofibroblasts"}, moving_time(integrator), 100));
    EXPECT_GT(sum(values(simulation, "myofibroblasts")), 1.001 * before) << "no transition took place";
  }
}

TYPED_TEST(Invariants, KellerSegelConservesCells) {
  for (const auto integrator : both_integrators) {
    Config config = study("keller-segel", {14, 9, 8}, {20, 25, 30}, integrator);
    config.domain.walls[4] = config.domain.walls[5] = WallKind::periodic;
    Simulation<TypeParam> simulation(config);
    fill_with_noise(simulation, "u", 0.1, 1);
    fill_with_noise(simulation, "c", 0.1, 1);
    check(std::string("V13.keller_segel.") + name_of(integrator), drift(simulation, {"u"}, 0.5, 0.01));
  }
}

TYPED_TEST(Invariants, PlateletsReleaseAllTheirPdgf) {
  for (const auto integrator : both_integrators) {
    Config config = study("dermal", {21, 20, 14}, {20, 20, 100}, integrator);
    config.time.tolerance = 1e-3;
    keep_terms(config, {"platelet_release", "diffusion"});
    config.skin.preset = "reticular";
    TreatmentConfig needle;
    needle.length = 1400;  // through the whole block: no cone
    config.treatments = {needle};
    Simulation<TypeParam> simulation(config);
    const auto amount = [&](const char* field) {  // ng/mL um^3
      return sum(values(simulation, field)) * simulation.grid().cell_volume();
    };
    const double stored = 83 * amount("platelets");
    simulation.advance_to(integrator == IntegratorKind::imex ? 3 : 0.02);
    const double released = amount("pdgf");
    if (integrator == IntegratorKind::imex)
      check("V13.released_pdgf", released * 1e-9);  // 1 ng/mL = 1 pg/mm^3
    check(std::string("V13.released_balance.") + name_of(integrator),
          (released + 83 * amount("platelets")) / stored - 1);
  }
}

// --- the steady state does not depend on the step
// ------------------------------------------------------------------

TYPED_TEST(Invariants, SteadyStateIsExactForAnyStep) {
  for (const char* product : {"0.01", "1", "10"}) {
    const double lam = 0.625, step = std::atof(product) / lam;
    Config config = study("linear", {7, 6, 5}, {20, 30, 25}, IntegratorKind::imex);
    config.model_parameters = {{"D_v", 3 / second}, {"lam_v", lam}};
    config.time.tolerance = 1e-9;
    config.time.step = step;
    config.time.max_step = 100;
    SourceConfig source;
    source.field = "v";
    source.center = {2.5 * 20, 3.5 * 30, 1.5 * 25};
    source.value = 100 / second / (20 * 30 * 25);
    config.sources = {source};
    Simulation<TypeParam> simulation(config);
    simulation.advance_to(std::max(30 / lam, 30 * step));  // exp(-30), or 30 steps of a damping below 0.2
    check(std::string("steady.dt_lam_") + product,
          at(values(simulation, "v"), simulation.grid().cells, 5, 1, 4));
  }
}

// --- sign, nothing, symmetry
// ----------------------------------------------------------------------------------------

TYPED_TEST(Invariants, FieldsStayPositiveFarBeyondTheExplicitLimit) {
  Config config = study("linear", {24, 20, 18}, {20, 25, 30}, IntegratorKind::imex);
  config.time.tolerance = 0.3;  // loose: the error estimate does not shorten the steps
  const double limit = 1 / (2 * 30 / second * (1 / 400.0 + 1 / 625.0 + 1 / 900.0));
  config.time.first_step = 10 * limit;
  config.model_parameters = {{"D_v", 30 / second}, {"D_w", 30 / second}};
  InitialConfig box = uniform("u", 1), gaussian = uniform("v", 1), one_cell = uniform("w", 1);
  box.shape = Shape::box;
  box.lower = {100, 100, 100};
  box.upper = {300, 260, 300};
  gaussian.shape = Shape::gaussian;
  gaussian.center = {240, 250, 270};
  gaussian.sigma = 30;
  one_cell.shape = Shape::box;
  one_cell.lower = {200, 200, 240};
  one_cell.upper = {220, 225, 270};
  config.initial = {box, gaussian, one_cell};
  Simulation<TypeParam> simulation(config);
  double lowest = 0;
  while (simulation.clock().time < 1) {
    simulation.step(1);
    for (const char* field : {"u", "v", "w"}) {
      const auto v = values(simulation, field);
      lowest = std::min(lowest, *std::min_element(v.begin(), v.end()));
    }
  }
  EXPECT_GE(lowest, -3e-4) << "absolute tolerance of the field: 0.3 x 1e-3";
  EXPECT_GT(simulation.integrator().statistics().largest_dt, 10 * limit);
}

TYPED_TEST(Invariants, ZeroStaysZero) {
  for (const auto integrator : both_integrators)
    for (const char* model : {"linear", "fisher-kpp", "keller-segel", "dermal"}) {
      Config config = study(model, {6, 5, 4}, {20, 25, 30}, integrator);
      for (const auto& species : model_info(model).species)
        config.initial.push_back(uniform(species.name, 0));
      Simulation<TypeParam> simulation(config);
      simulation.advance_to(0.1);
      for (const auto& species : model_info(model).species)
        for (const double v : values(simulation, species.name))
          ASSERT_EQ(v, 0) << model << ", " << species.name << ", " << name_of(integrator);
    }
}

/// x becomes y, y becomes z, z becomes x; and the mirror image in x.
TYPED_TEST(Invariants, TurnedAndMirroredStartsGiveTurnedAndMirroredResults) {
  constexpr int n = 12;
  const auto start_u = noise(n * n * n, 0.2, 1, 7), start_c = noise(n * n * n, 0.1, 1, 8);
  const auto index = [](const int i, const int j, const int k) { return (k * n + j) * n + i; };
  const auto turned = [&](const int i, const int j, const int k) { return index(k, i, j); };
  const auto mirrored = [&](const int i, const int j, const int k) { return index(n - 1 - i, j, k); };
  const auto moved = [&](const std::vector<double>& v, const auto& to) {
    std::vector<double> result(v.size());
    for (int k = 0; k < n; ++k)
      for (int j = 0; j < n; ++j)
        for (int i = 0; i < n; ++i) result[to(i, j, k)] = v[index(i, j, k)];
    return result;
  };
  for (const auto integrator : both_integrators) {
    Config config = study("keller-segel", {n, n, n}, {20, 20, 20}, integrator);
    config.time.tolerance = 1e-4;
    const auto run = [&](const std::vector<double>& u, const std::vector<double>& c) {
      Simulation<TypeParam> simulation(config);
      simulation.assign(0, u.data());
      simulation.assign(1, c.data());
      simulation.advance_to(0.2);
      return values(simulation, "u");
    };
    const auto plain = run(start_u, start_c);
    const auto distance = [&](const auto& to) {
      const auto expected = moved(plain, to), got = run(moved(start_u, to), moved(start_c, to));
      double worst = 0;
      for (std::size_t c = 0; c < got.size(); ++c) worst = std::max(worst, std::abs(got[c] - expected[c]));
      return worst;
    };
    // Explicit: only the order of three sums differs. Imex: corrections are single precision, whose round-off
    // is 6e-8 of what the last cycle changed, about 1e-2 of the tolerance.
    const double allowed = integrator == IntegratorKind::imex ? 1e-10 : 1e-13;
    EXPECT_LT(distance(turned), allowed) << name_of(integrator);
    EXPECT_LT(distance(mirrored), allowed) << name_of(integrator);
  }
}

/// Layers of unlike habitats on both ends of a periodic axis: what leaves below enters above.
TYPED_TEST(Invariants, CellsAreConservedOverPeriodicDepth) {
  for (const auto integrator : both_integrators) {
    Config config = study("dermal", {2, 3, 8}, {20, 20, 25}, integrator);
    config.domain.walls.fill(WallKind::periodic);
    config.skin.preset = "face";
    LayerConfig layer;
    for (const char* name : {"stratum_corneum", "epidermis"}) {
      layer.name = name;
      layer.thickness = 0;
      config.skin.layers.push_back(layer);
    }
    layer.name = "papillary";
    layer.thickness = 100;
    layer.diffusivity = 0.4;
    config.skin.layers.push_back(layer);
    keep_terms(config, {"diffusion", "chemotaxis"});
    Simulation<TypeParam> simulation(config);
    fill_with_noise(simulation, "pdgf", 0, 5);
    fill_with_noise(simulation, "fibroblasts", 500, 3000);
    EXPECT_LT(std::abs(drift(simulation, {"fibroblasts"}, 1, 10)), 1e-12) << name_of(integrator);
  }
}

/// The sum of ten steps of 0.1 is less than 1 by a rounding: that is no further step.
TYPED_TEST(Invariants, FixedStepsLeaveNoSliver) {
  Config config = study("linear", {3, 3, 3}, {20, 20, 20}, IntegratorKind::imex);
  config.time.step = 0.1;
  config.initial = {uniform("u", 1)};
  Simulation<TypeParam> simulation(config);
  simulation.advance_to(1);
  EXPECT_EQ(simulation.clock().step, 10);
}

/// A wall with a value is half a cell away: along an axis of one cell it is all that limits the explicit step.
TYPED_TEST(Invariants, ExplicitStepsKnowTheWalls) {
  for (const WallKind kind : {WallKind::dirichlet, WallKind::robin}) {
    Config config = study("linear", {1, 6, 5}, {10, 30, 40}, IntegratorKind::explicit_rk);
    config.domain.walls[0] = config.domain.walls[1] = kind;
    config.model_parameters = {{"D_u", 400}, {"D_v", 100}, {"D_w", 100}};
    for (const Face face : {Face::x_min, Face::x_max}) config.boundary_values.push_back({"u", face, 0, 1e6});
    config.initial = {uniform("u", 1)};
    Simulation<TypeParam> simulation(config);
    simulation.advance_to(1);
    for (const double u : values(simulation, "u")) {
      EXPECT_GE(u, 0);
      EXPECT_LT(u, 1e-3);  // exp(-16) and the error of the third order
    }
  }
}

/// A wall that lets almost everything through must not hold up the solver: corrections of coarse grids that take it for
/// closed are too large by 50 and more, which cost 3200 steps and 1300 rejections here.
TYPED_TEST(Invariants, OpenWallsDoNotLimitImplicitSteps) {
  Config config = study("linear", {16, 2, 2}, {20, 20, 20}, IntegratorKind::imex);
  config.time.tolerance = 1e-3;
  config.domain.walls[0] = config.domain.walls[1] = WallKind::robin;
  config.boundary_values = {{"u", Face::x_min, 1, 1e4}, {"u", Face::x_max, 2, 2e4}};
  config.model_parameters = {{"source_u", 1}};
  config.initial = {uniform("u", 0.5)};
  Simulation<TypeParam> simulation(config);
  simulation.advance_to(240);
  EXPECT_EQ(simulation.integrator().statistics().rejected, 0);
  EXPECT_LT(simulation.clock().step, 80);  // from a second to 12 h by factors of 2.5 at most, then 20 of 12 h
}

}  // namespace
}  // namespace kollagen::test
