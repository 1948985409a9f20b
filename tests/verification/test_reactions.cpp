/// Verification of reactions with and without transport: fronts, growth, release, instabilities (V7 to V11).
#include <gtest/gtest.h>

#include <limits>

#include "support/backends.hpp"
#include "support/reference.hpp"
#include "verification/study.hpp"

namespace kollagen::test {
namespace {

template <class Exec>
struct Reactions : ::testing::Test {};
TYPED_TEST_SUITE(Reactions, Backends);

// --- V7: fronts of the Fisher-KPP equation
// ---------------------------------------------------------------------

struct FrontCase {
  std::string name;
  double D;  ///< [um^2/h]
  double r;  ///< [1/h]
  int axis;
};
const FrontCase front_cases[] = {{"fibroblasts", 250, 0.0385, 0}, {"epidermis", 720, 0.0288, 1}};

std::array<int, 3> line(const int axis, const int cells) {
  std::array<int, 3> result{1, 1, 1};
  result[axis] = cells;
  return result;
}

Config front_study(const FrontCase& front, const int cells, const double spacing,
                   const IntegratorKind integrator) {
  std::array<double, 3> spacings{70, 80, 90};
  spacings[front.axis] = spacing;
  Config config = study("fisher-kpp", line(front.axis, cells), spacings, integrator);
  config.model_parameters = {{"D", front.D}, {"r", front.r}};
  return config;
}

/// Position [cells] where g falls through zero from cell to cell; linear interpolation.
double crossing(const std::vector<double>& u, const std::function<double(double)>& g) {
  for (std::size_t i = 0; i + 1 < u.size(); ++i) {
    const double left = g(u[i]), right = g(u[i + 1]);
    if (left > 0 && right <= 0) return i + 0.5 + left / (left - right);
  }
  return std::numeric_limits<double>::quiet_NaN();
}

TYPED_TEST(Reactions, FrontWithTheExactProfileOfAblowitzAndZeppetella) {
  for (const auto& front : front_cases)
    for (const auto integrator : both_integrators) {
      const double width = std::sqrt(6 * front.D / front.r),
                   speed = 5 / std::sqrt(6.0) * std::sqrt(front.r * front.D);
      const double spacing = width / 10, start = 10 * width;
      Simulation<TypeParam> simulation(front_study(front, 300, spacing, integrator));
      const auto exact = [&](const double t, const double x) {
        const double e = 1 + std::exp((x - start - speed * t) / width);
        return 1 / (e * e);
      };
      const auto position = [&](const std::array<double, 3>& x) { return x[front.axis]; };
      assign(simulation, "u", [&](double x, double y, double z) { return exact(0, position({x, y, z})); });
      // log(1/sqrt(u) - 1) is linear in x for the exact profile, so that interpolation adds no error.
      const auto front_position = [&] {
        return spacing * crossing(values(simulation, "u"),
                                  [](const double u) { return -std::log(1 / std::sqrt(u) - 1); });
      };
      simulation.advance_to(20);
      const double early = front_position();
      simulation.advance_to(220);
      const std::string suffix = front.name + "." + name_of(integrator);
      check("V7.exact_profile_speed_" + suffix, (front_position() - early) / 200);
      check("V7.exact_profile_error_" + suffix,
            rms_error(values(simulation, "u"), simulation.grid(), [&](double x, double y, double z) {
              return exact(220, position({x, y, z}));
            }));
    }
}

TYPED_TEST(Reactions, PulledFrontApproachesItsSpeedFromBelow) {
  for (const auto& front : front_cases) {
    const double spacing = std::sqrt(front.D / front.r) / 8;
    Config config = front_study(front, 800, spacing, IntegratorKind::explicit_rk);
    InitialConfig step = uniform("u", 1);
    step.shape = Shape::halfspace;
    step.axis = front.axis;
    step.position = 40 * spacing;
    config.initial = {step};
    Simulation<TypeParam> simulation(config);
    // Position = v t - 3/(2 s) log t - 3 sqrt(pi/(D t))/s^2 + constant + c/t (Bramson 1983; Ebert and van
    // Saarloos 2000). At 20, 30 and 40 growth times the weights 1, -3, 2 remove the constant and c/t.
    const double steepness = std::sqrt(front.r / front.D), weights[] = {1, -3, 2};
    double combined = 0, last = 0;
    for (int n = 0; n < 3; ++n) {
      const double t = (20 + 10 * n) / front.r;
      simulation.advance_to(t);
      const double x = spacing * crossing(values(simulation, "u"), [](const double u) { return u - 0.5; });
      if (n > 0) {
        EXPECT_LT((x - last) * front.r / 10, reference("V7.pulled_speed_" + front.name).exact);
      }
      last = x;
      combined += weights[n] * (x + 1.5 / steepness * std::log(t) +
                                3 * std::sqrt(M_PI / (front.D * t)) / (steepness * steepness));
    }
    check("V7.pulled_speed_" + front.name, combined * front.r / 10);
  }
}

// --- V8, V9: one cell
// ------------------------------------------------------------------------------------------

/// Five days of logistic growth; `scale` turns the field into cells/mm^3.
template <class Exec>
void check_logistic(Simulation<Exec>& simulation, const std::string& field, const double scale,
                    const std::string& suffix) {
  const double capacity = 15000;
  const auto value = [&] { return scale * values(simulation, field)[0]; };
  const auto logit = [&] { return std::log(value() / (capacity - value())); };  // linear in time
  simulation.advance_to(87);
  const double before = logit();
  simulation.advance_to(88);
  const double after = logit();
  check("V8.half_capacity." + suffix, (87 + before / (before - after)) / 24);
  simulation.advance_to(120);
  check("V8.five_days." + suffix, value());
}

TYPED_TEST(Reactions, LogisticGrowth) {
  for (const auto integrator : both_integrators) {
    Config config = study("fisher-kpp", {1, 1, 1}, {20, 30, 40}, integrator);
    config.model_parameters = {{"D", 0}, {"r", 0.924 / 24}, {"K", 15}};
    config.initial = {uniform("u", 0.5)};  // in thousands of cells
    config.time.step = 1.0 / 16;
    Simulation<TypeParam> simulation(config);
    check_logistic(simulation, "u", 1000, std::string("fisher_") + name_of(integrator));
  }
}

TYPED_TEST(Reactions, FibroblastsGrowLogisticallyUnderFullMitogen) {
  for (const auto integrator : both_integrators) {
    Config config = study("dermal", {1, 1, 1}, {20, 30, 40}, integrator);
    keep_terms(config, {"fibroblast_growth"});
    LayerConfig layer;
    layer.name = "reticular";
    layer.fibroblasts = 1875;  // times kappa 8 = 15000
    config.skin.layers = {layer};
    config.model_parameters = {{"r0", 0}, {"r1", 0.924 / 24}, {"kappa", 8}};
    config.initial = {uniform("fibroblasts", 500), uniform("pdgf", 2e8)};
    config.time.step = 1.0 / 16;
    Simulation<TypeParam> simulation(config);
    check_logistic(simulation, "fibroblasts", 1, std::string("dermal_") + name_of(integrator));
  }
}

TYPED_TEST(Reactions, PlateletsReleaseAndTissueClears) {
  for (const auto integrator : both_integrators) {
    Config config = study("dermal", {1, 1, 1}, {20, 30, 40}, integrator);
    keep_terms(config, {"platelet_release", "pdgf_clearance"});
    config.initial = {uniform("platelets", 0.75)};
    config.time.step = 1.0 / 2048;
    Simulation<TypeParam> simulation(config);
    const std::string suffix = std::string(".") + name_of(integrator);
    simulation.advance_to(1.0 / 6);
    check("V9.released_10min" + suffix, 1 - values(simulation, "platelets")[0] / 0.75);
    // The maximum is where release 83 x 7.2 A and clearance 0.2 P are equal; their ratio falls exponentially.
    const auto log_ratio = [&] {
      return std::log(83 * 7.2 * values(simulation, "platelets")[0] / (0.2 * values(simulation, "pdgf")[0]));
    };
    const double exact = reference("V9.time_of_maximum" + suffix).exact;
    simulation.advance_to(exact - 0.001);
    const double before = log_ratio();
    simulation.advance_to(exact);
    check("V9.maximum" + suffix, values(simulation, "pdgf")[0]);
    simulation.advance_to(exact + 0.001);
    const double after = log_ratio();
    check("V9.time_of_maximum" + suffix, exact - 0.001 + 0.002 * before / (before - after));
  }
}

// --- V10, V11: growth of a small wave
// -----------------------------------------------------------------------------

constexpr int wave_cells = 64;
constexpr double wave_size = 1e-4;

/// A box of one wave along `axis`, periodic there.
Config wave_study(const std::string& model, const int axis, const double wavelength,
                  const IntegratorKind integrator) {
  std::array<double, 3> spacing{7, 8, 9};
  spacing[axis] = wavelength / wave_cells;
  Config config = study(model, line(axis, wave_cells), spacing, integrator);
  config.domain.walls[2 * axis] = config.domain.walls[2 * axis + 1] = WallKind::periodic;
  config.time.tolerance = 1e-10;
  return config;
}

InitialConfig wave(const std::string& field, const int axis, const double mean, const double size) {
  InitialConfig initial = uniform(field, size);
  initial.shape = Shape::cosine;
  initial.wavenumber[axis] = 2;
  initial.offset = mean;
  return initial;
}

/// Mean growth rate of the wave in `field` from t1 to t2.
template <class Exec>
double growth_rate(Simulation<Exec>& simulation, const std::string& field, const int axis, const double t1,
                   const double t2) {
  simulation.advance_to(t1);
  const double before = amplitude(values(simulation, field), simulation.grid(), axis, 1);
  simulation.advance_to(t2);
  return std::log(amplitude(values(simulation, field), simulation.grid(), axis, 1) / before) / (t2 - t1);
}

/// What the stencil sees as the square of the wave number.
double discrete_k2(const double wavelength) {
  const double h = wavelength / wave_cells, s = std::sin(M_PI / wave_cells);
  return 4 * s * s / (h * h);
}

/// Keller-Segel with a wave along `axis`; `rate` is a guess of its growth, for the ratio of c to u in the
/// wave.
template <class Exec>
Simulation<Exec> keller_segel(const int axis, const double wavelength, const double rate,
                              const IntegratorKind integrator) {
  Config config = wave_study("keller-segel", axis, wavelength, integrator);
  const double c_per_u = 1 / (rate + 3600 * discrete_k2(wavelength) + 1);
  config.initial = {wave("u", axis, 0.5, wave_size), wave("c", axis, 0.5, wave_size * c_per_u)};
  if (integrator == IntegratorKind::imex) config.time.step = 1.0 / 32;
  return Simulation<Exec>(config);
}

TYPED_TEST(Reactions, KellerSegelWavesGrowAtTheirRate) {
  struct Wave {
    int wavelength, axis;
    double end;
  };
  for (const auto& [wavelength, axis, end] : {Wave{300, 0, 2}, Wave{500, 1, 3}, Wave{1000, 2, 8}})
    for (const auto integrator : both_integrators) {
      const std::string name = std::to_string(wavelength) + "um";
      const std::string id = "V10.discrete_growth_" + name + "." + name_of(integrator);
      auto simulation = keller_segel<TypeParam>(axis, wavelength, reference(id).exact, integrator);
      const double rate = growth_rate(simulation, "u", axis, 0, end);
      check(id, rate);
      if (integrator == IntegratorKind::imex) check("V10.growth_" + name, rate);
      check("V10.mass." + name + "_" + name_of(integrator),
            sum(values(simulation, "u")) / (0.5 * wave_cells) - 1);
    }
}

TYPED_TEST(Reactions, KellerSegelIsStableBelowTheNeutralWavelength) {
  double rate[2];
  const double wavelength[2] = {140, 145};
  for (int n = 0; n < 2; ++n) {
    auto simulation = keller_segel<TypeParam>(n, wavelength[n], 0, IntegratorKind::imex);
    rate[n] = growth_rate(simulation, "u", n, 2, 4);
  }
  EXPECT_LT(rate[0], 0);
  EXPECT_GT(rate[1], 0);
  check("V10.neutral_wavelength",
        wavelength[0] + (wavelength[1] - wavelength[0]) * rate[0] / (rate[0] - rate[1]));
}

/// Schnakenberg with D_u = 1 and D_v = d um^2/h around its rest (1, 0.9), perturbed by its own wave.
template <class Exec>
Simulation<Exec> schnakenberg(const int axis, const double wavelength, const double d, const double rate,
                              const double step, const IntegratorKind integrator) {
  Config config = wave_study("schnakenberg", axis, wavelength, integrator);
  config.model_parameters = {{"D_u", 1}, {"D_v", d}, {"a", 0.1}, {"b", 0.9}, {"gamma", 1}};
  const double v_per_u = rate - (0.8 - discrete_k2(wavelength));  // f_u = 0.8, f_v = 1 at rest
  config.initial = {wave("u", axis, 1, wave_size), wave("v", axis, 0.9, wave_size * v_per_u)};
  if (integrator == IntegratorKind::imex) config.time.step = step;
  return Simulation<Exec>(config);
}

TYPED_TEST(Reactions, SchnakenbergWavesGrowAtTheirRate) {
  const double fastest = 2 * M_PI / std::sqrt(0.176872);
  for (const auto integrator : both_integrators) {
    const std::string id = std::string("V11.discrete_growth.") + name_of(integrator);
    auto simulation = schnakenberg<TypeParam>(1, fastest, 40, reference(id).exact, 1.0 / 64, integrator);
    const double rate = growth_rate(simulation, "u", 1, 0, 2);
    check(id, rate);
    if (integrator == IntegratorKind::imex) check("V11.growth", rate);
  }
}

TYPED_TEST(Reactions, SchnakenbergBandAndThreshold) {
  // Growth falls through zero between two neighbouring values of x; linear interpolation.
  const auto zero = [](const double low, const double high, const std::function<double(double)>& rate) {
    const double a = rate(low), b = rate(high);
    EXPECT_LT(a * b, 0);
    return low + (high - low) * a / (a - b);
  };
  // Wavelength whose discrete k^2 is x.
  const auto wavelength = [](const double x) {
    return 2 * wave_cells * std::sin(M_PI / wave_cells) / std::sqrt(x);
  };
  const auto rate_of = [&](const double k2, const double d) {
    auto simulation = schnakenberg<TypeParam>(2, wavelength(k2), d, 0, 1.0 / 8, IntegratorKind::imex);
    return growth_rate(simulation, "u", 2, 8, 16);
  };
  check("V11.band_low", zero(0.0333, 0.0341, [&](const double k2) { return rate_of(k2, 40); }));
  check("V11.band_high", zero(0.738, 0.744, [&](const double k2) { return rate_of(k2, 40); }));
  const double critical_k2 = 0.34164;
  check("V11.critical_ratio", zero(8.5, 8.65, [&](const double d) { return rate_of(critical_k2, d); }));
}

}  // namespace
}  // namespace kollagen::test
