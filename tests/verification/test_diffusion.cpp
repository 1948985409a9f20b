/// Verification of transport alone, through Simulation: free diffusion, modes, steady sources, layers (V1 to
/// V6, V12).
#include <gtest/gtest.h>

#include "support/backends.hpp"
#include "support/reference.hpp"
#include "verification/study.hpp"

namespace kollagen::test {
namespace {

template <class Exec>
struct Diffusion : ::testing::Test {};
TYPED_TEST_SUITE(Diffusion, Backends);

SkinConfig layers_of(const std::vector<std::array<double, 2>>& thickness_and_multiplier) {
  SkinConfig skin;
  for (const auto& [thickness, multiplier] : thickness_and_multiplier) {
    LayerConfig layer;
    layer.name = "layer_" + std::to_string(skin.layers.size());
    layer.thickness = thickness;
    layer.diffusivity = multiplier;
    skin.layers.push_back(layer);
  }
  return skin;
}

/// Value at the corner (0, 0, 0) of a field that is even about it: sixth-order interpolation along each axis.
double corner_value(const std::vector<double>& v, const std::array<int, 3>& cells) {
  const double w[] = {150.0 / 128, -25.0 / 128, 3.0 / 128};
  double total = 0;
  for (int k = 0; k < 3; ++k)
    for (int j = 0; j < 3; ++j)
      for (int i = 0; i < 3; ++i) total += w[i] * w[j] * w[k] * at(v, cells, i, j, k);
  return total;
}

// --- V1: a Gaussian spreads; an eighth of it, mirrored by the walls
// ------------------------------------------

constexpr double gaussian_sigma = 50, gaussian_D = 30 / second;

template <class Exec>
Simulation<Exec> gaussian_study(const std::array<int, 3>& cells, const IntegratorKind integrator) {
  Config config = study("linear", cells, {600.0 / cells[0], 600.0 / cells[1], 600.0 / cells[2]}, integrator);
  config.time.tolerance = 1e-5;
  config.model_parameters = {{"D_u", gaussian_D}, {"D_v", gaussian_D}, {"D_w", 10 / second}, {"lam_v", 0.2}};
  for (const char* field : {"u", "v", "w"}) {
    InitialConfig initial = uniform(field, 1);
    initial.shape = Shape::gaussian;
    initial.sigma = gaussian_sigma;
    config.initial.push_back(initial);
  }
  return Simulation<Exec>(config);
}

double gaussian_exact(const double D, const double t, const double x, const double y, const double z) {
  const double growth = 1 + 2 * D * t / (gaussian_sigma * gaussian_sigma);
  const double r2 = x * x + y * y + z * z;
  return std::pow(growth, -1.5) * std::exp(-r2 / (2 * gaussian_sigma * gaussian_sigma * growth));
}

TYPED_TEST(Diffusion, GaussianSpreadsAtSecondOrder) {
  for (const auto integrator : both_integrators) {
    const std::string suffix = std::string(".") + name_of(integrator);
    auto coarse = gaussian_study<TypeParam>({20, 24, 16}, integrator);
    auto fine = gaussian_study<TypeParam>({40, 48, 32}, integrator);
    // The error of the peak falls by 4 with the spacing: extrapolation removes its leading part.
    const auto peak = [&](const char* field) {
      const double low = corner_value(values(coarse, field), coarse.grid().cells);
      const double high = corner_value(values(fine, field), fine.grid().cells);
      return high + (high - low) / 3;
    };
    const auto advance = [&](const double t) {
      coarse.advance_to(t);
      fine.advance_to(t);
    };
    advance(300 * second);
    check("V1.peak_300s" + suffix, peak("u"));
    check("V1.peak_300s_decay" + suffix, peak("v"));
    const auto error = [&](const Simulation<TypeParam>& simulation, const char* field, const double D) {
      return rms_error(values(simulation, field), simulation.grid(), [&](double x, double y, double z) {
        return gaussian_exact(D, 300 * second, x, y, z);
      });
    };
    check("V1.order_in_space" + suffix,
          std::log2(error(coarse, "u", gaussian_D) / error(fine, "u", gaussian_D)));
    check("V1.order_in_space_w" + suffix,
          std::log2(error(coarse, "w", 10 / second) / error(fine, "w", 10 / second)));
    advance(600 * second);
    check("V1.peak_600s" + suffix, peak("u"));
  }
}

// --- V2: one mode of the stencil decays by the stability function of the integrator
// --------------------------

/// A product of cosines on top of a constant that keeps it positive: the guard stops at negative values.
InitialConfig mode(const std::string& field, const std::array<double, 3>& half_waves) {
  InitialConfig initial = uniform(field, 1);
  initial.shape = Shape::cosine;
  initial.wavenumber = half_waves;
  initial.offset = 2;
  return initial;
}

/// Share of the mode `initial` in `v`: a projection, since different modes are orthogonal on the grid.
double share(const std::vector<double>& v, const Grid& grid, const InitialConfig& initial) {
  double with = 0, square = 0;
  for (int k = 0; k < grid.cells[2]; ++k)
    for (int j = 0; j < grid.cells[1]; ++j)
      for (int i = 0; i < grid.cells[0]; ++i) {
        const double m = std::cos(M_PI * initial.wavenumber[0] * (i + 0.5) / grid.cells[0]) *
                         std::cos(M_PI * initial.wavenumber[1] * (j + 0.5) / grid.cells[1]) *
                         std::cos(M_PI * initial.wavenumber[2] * (k + 0.5) / grid.cells[2]);
        with += m * at(v, grid.cells, i, j, k);
        square += m * m;
      }
  return with / square;
}

TYPED_TEST(Diffusion, CosineModeOfACubeDecaysByTheStabilityFunction) {
  for (const auto integrator : both_integrators) {
    const bool imex = integrator == IntegratorKind::imex;
    Config config = study("fisher-kpp", {50, 50, 50}, {20, 20, 20}, integrator);
    config.model_parameters = {{"D", 30 / second}, {"r", 0}};
    config.initial = {mode("u", {1, 1, 1})};
    config.time.tolerance = 1e-9;
    config.time.step = (imex ? 60 : 2) * second;
    Simulation<TypeParam> simulation(config);
    simulation.advance_to(600 * second);
    const double factor = share(values(simulation, "u"), simulation.grid(), config.initial[0]);
    check(imex ? "V2.factor_imex_60s" : "V2.factor_explicit_2s", factor);
    if (!imex) {
      check("V2.factor", factor);
      check("V2.rate", -std::log(factor) / 600);
    }
  }
}

TYPED_TEST(Diffusion, ModesOfABrickKeepAxesAndSpeciesApart) {
  for (const auto integrator : both_integrators) {
    const bool imex = integrator == IntegratorKind::imex;
    Config config = study("linear", {50, 20, 16}, {20, 30, 30}, integrator);
    config.model_parameters = {
        {"D_u", 30 / second}, {"D_v", 10 / second}, {"D_w", 3 / second}, {"lam_v", 0.2}, {"lam_w", 0.625}};
    config.initial = {mode("u", {1, 2, 3}), mode("v", {3, 1, 0}), mode("w", {0, 4, 5})};
    config.time.tolerance = 1e-9;
    config.time.step = imex ? 1.0 / 64 : 1.0 / 1024;  // binary fractions: the sum of all steps is exact
    Simulation<TypeParam> simulation(config);
    simulation.advance_to(0.25);
    for (const auto& initial : config.initial)
      check("V2.brick_" + initial.field + "." + name_of(integrator),
            share(values(simulation, initial.field), simulation.grid(), initial));
  }
}

// --- V3, V4: steady sources; implicit steps of 60 h, far longer than every time scale of the case
// ------------

constexpr double slow_D = 3 / second, slow_loss = 0.625, source_strength = 100 / second;

Config steady_study(const std::array<int, 3>& cells, const std::array<double, 3>& spacing) {
  Config config = study("linear", cells, spacing, IntegratorKind::imex);
  config.model_parameters = {{"D_u", slow_D},      {"D_v", slow_D},      {"D_w", slow_D},
                             {"lam_u", slow_loss}, {"lam_v", slow_loss}, {"lam_w", slow_loss}};
  config.time.tolerance = 1e-9;
  config.time.step = 60;
  config.time.max_step = 60;
  return config;
}

/// Production in the one cell that contains `centre`; `strength` [u um^3/h] is that of the whole source.
SourceConfig point(const std::string& field, const std::array<double, 3>& centre, const double strength,
                   const std::array<double, 3>& spacing) {
  SourceConfig source;
  source.field = field;
  source.center = centre;
  source.value = strength / (spacing[0] * spacing[1] * spacing[2]);
  return source;
}

/// The damping of TR-BDF2 at 60 h x 0.625/h is 0.06 per step: 14 steps leave less than 1e-15.
constexpr double steady_time = 14 * 60;

TYPED_TEST(Diffusion, PointSourceReachesTheDiscreteSteadyState) {
  const std::array<double, 3> spacing{20, 30, 25};
  Config config = steady_study({24, 20, 15}, spacing);
  config.sources = {point("v", {7.5 * 20, 11.5 * 30, 3.5 * 25}, source_strength, spacing)};
  Simulation<TypeParam> simulation(config);
  simulation.advance_to(steady_time);
  const auto v = values(simulation, "v");
  const auto& cells = simulation.grid().cells;
  check("V3.discrete_source", at(v, cells, 7, 11, 3));
  check("V3.discrete_near", at(v, cells, 9, 10, 4));
  check("V3.discrete_far", at(v, cells, 20, 2, 12));
  check("V3.total", sum(v) * simulation.grid().cell_volume());
  EXPECT_EQ(sum(values(simulation, "u")), 0) << "the source belongs to v";
  EXPECT_EQ(sum(values(simulation, "w")), 0) << "the source belongs to v";
}

/// Value at distance `r` along x on the edge y = z = 0 of a field that is even about that edge.
double edge_value(const std::vector<double>& v, const Grid& grid, const double r) {
  const double w[] = {150.0 / 128, -25.0 / 128, 3.0 / 128};  // about a mirror plane
  const double mid[] = {3.0 / 256, -25.0 / 256, 150.0 / 256, 150.0 / 256, -25.0 / 256, 3.0 / 256};
  const int face = int(std::lround(r / grid.spacing[0]));  // r lies on the face between two cells
  const int nk = std::min(3, grid.cells[2]), nj = std::min(3, grid.cells[1]);
  double total = 0;
  for (int k = 0; k < nk; ++k)
    for (int j = 0; j < nj; ++j)
      for (int i = 0; i < 6; ++i)
        total += (nk == 1 ? 1 : w[k]) * w[j] * mid[i] * at(v, grid.cells, face - 3 + i, j, k);
  return total;
}

TYPED_TEST(Diffusion, PointSourceHasAYukawaProfile) {
  const std::array<double, 3> spacing{20, 20, 20};
  Config config = steady_study({45, 36, 36}, spacing);
  // The corner cell is an eighth of the source: the walls mirror it.
  config.sources = {point("u", {1, 1, 1}, source_strength / 8, spacing)};
  Simulation<TypeParam> simulation(config);
  simulation.advance_to(steady_time);
  const auto u = values(simulation, "u");
  for (const int r : {100, 200, 300})
    check("V3.yukawa_" + std::to_string(r) + "um", edge_value(u, simulation.grid(), r));
}

TYPED_TEST(Diffusion, LineSourceHasABesselProfile) {
  const std::array<double, 3> spacing{5, 5, 40};
  Config config = steady_study({200, 160, 1}, spacing);
  config.sources = {point("w", {1, 1, 1}, source_strength / 4, spacing)};
  Simulation<TypeParam> simulation(config);
  simulation.advance_to(steady_time);
  const auto w = values(simulation, "w");
  const double near = edge_value(w, simulation.grid(), 100);
  for (const int r : {150, 200, 300, 400})
    check("V4.ratio_" + std::to_string(r) + "um", edge_value(w, simulation.grid(), r) / near);
  check("V4.total", 4 * sum(w) * simulation.grid().cell_volume());
}

// --- V5, V6: layers with different diffusivities
// -----------------------------------------------------------------

BoundaryValueConfig wall(const std::string& field, const Face face, const double value, const double k = 0) {
  BoundaryValueConfig boundary;
  boundary.field = field;
  boundary.face = face;
  boundary.value = value;
  boundary.k = k;
  return boundary;
}

TYPED_TEST(Diffusion, TwoLayersCarryTheExactFlux) {
  Config config = study("linear", {2, 3, 55}, {30, 40, 20}, IntegratorKind::imex);
  config.skin = layers_of({{100, 5.0 / 30}, {1000, 1}});
  config.domain.walls[int(Face::z_min)] = config.domain.walls[int(Face::z_max)] = WallKind::dirichlet;
  config.boundary_values = {wall("u", Face::z_min, 1)};
  config.model_parameters = {{"D_u", 30 / second}};
  config.time.tolerance = 1e-8;
  config.time.step = 8;  // the slowest mode decays at about 1/h
  Simulation<TypeParam> simulation(config);
  simulation.advance_to(20 * 8);
  const auto u = values(simulation, "u");
  const auto cell = [&](const int k) { return at(u, simulation.grid().cells, 1, 2, k); };
  const double interface = (5 * cell(4) + 30 * cell(5)) / (5 + 30);  // equal fluxes into the face
  const double flux = 30 * (cell(20) - cell(30)) / 200;
  check("V5.interface", interface);
  check("V5.flux", flux);
  check("V5.effective_diffusivity", flux * 1100);
  check("V5.flux_upper_layer", 5 * (cell(0) - cell(4)) / 80);
}

TYPED_TEST(Diffusion, LayerWithDecay) {
  const auto profile = [](const int refinement) {
    Config config =
        study("linear", {1, 1, 155 * refinement}, {30, 40, 20.0 / refinement}, IntegratorKind::imex);
    config.skin = layers_of({{100, 5.0 / 30}, {3000, 1}});
    config.domain.walls[int(Face::z_min)] = WallKind::dirichlet;
    config.boundary_values = {wall("v", Face::z_min, 1)};
    config.model_parameters = {{"D_v", 30 / second}, {"lam_v", 2e-4 / second}};
    config.time.tolerance = 1e-7;
    config.time.step = 4;  // the slowest mode decays at 0.72/h
    Simulation<TypeParam> simulation(config);
    simulation.advance_to(20 * 4);
    return values(simulation, "v");
  };
  const auto interface = [](const std::vector<double>& v, const int refinement) {
    const int below = 5 * refinement;  // first cell of the lower layer
    return (5 * v[below - 1] + 30 * v[below]) / (5 + 30);
  };
  const auto coarse = profile(1), fine = profile(4);
  const double deeper = 0.5 * (fine[15 * 4 - 1] + fine[15 * 4]);
  check("V6.interface", interface(fine, 4));
  check("V6.deeper_200um", deeper);
  const double exact = reference("V6.interface").exact;
  check("V6.order_in_space", std::log2((interface(coarse, 1) - exact) / (interface(fine, 4) - exact)) / 2);
}

// --- V12: what binds reversibly spreads more slowly
// ---------------------------------------------------------------

TYPED_TEST(Diffusion, ReversibleBindingSlowsSpreading) {
  for (const auto integrator : both_integrators) {
    Config config = study("linear", {90, 1, 1}, {20, 30, 40}, integrator);
    config.model_parameters = {{"D_u", 80 / second}, {"D_v", 0}, {"k_uv", 500}, {"k_vu", 20}};
    InitialConfig initial = uniform("u", 1);
    initial.shape = Shape::gaussian;
    initial.center = {900, 15, 20};
    initial.sigma = 60;
    config.initial = {initial};
    Simulation<TypeParam> simulation(config);
    const auto variance = [&] {
      const auto u = values(simulation, "u"), v = values(simulation, "v");
      double mass = 0, second_moment = 0;
      for (int i = 0; i < 90; ++i) {
        const double x = simulation.grid().centre(0, i) - 900;
        mass += u[i] + v[i];
        second_moment += (u[i] + v[i]) * x * x;
      }
      return second_moment / mass;
    };
    simulation.advance_to(0.05);  // 26 times of equilibration
    const double early = variance();
    simulation.advance_to(0.55);
    check(std::string("V12.effective_diffusivity.") + name_of(integrator),
          (variance() - early) / (2 * 0.5) * second);
  }
}

}  // namespace
}  // namespace kollagen::test
