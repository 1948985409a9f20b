/// All equations of the dermal model at once against a manufactured solution
/// (tests/reference/make_manufactured.py): order in space and in time, field by field.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <memory>

#include "reference/manufactured.hpp"
#include "support/backends.hpp"
#include "support/dermal_studies.hpp"
#include "support/reference.hpp"

namespace kollagen {
namespace {

using namespace test;
namespace exact = manufactured;

using PerField = std::array<double, exact::count>;
using Cells = std::array<int, 3>;

Config study(const Cells& cells, const IntegratorKind integrator, const double end) {
  std::array<double, 3> spacing;
  for (int a = 0; a < 3; ++a) spacing[a] = exact::sides[a] / cells[a];
  Config config = skin_block("reticular", cells, spacing);
  config.domain.walls.fill(WallKind::no_flux);
  for (const auto& parameter : exact::parameters) config.model_parameters[parameter.name] = parameter.value;
  config.time.integrator = integrator;
  config.time.end = end;
  return config;
}

/// Calls f(offset, u, forcing) for every cell, x fastest, with the values at its centre.
template <class F>
void for_exact_values(const Grid& grid, const double time, const F& f) {
  long offset = 0;
  double u[exact::count], forcing[exact::count];
  for (int k = 0; k < grid.cells[2]; ++k)
    for (int j = 0; j < grid.cells[1]; ++j)
      for (int i = 0; i < grid.cells[0]; ++i, ++offset) {
        exact::evaluate(grid.centre(0, i), grid.centre(1, j), grid.centre(2, k), time, u, forcing);
        f(offset, u, forcing);
      }
}

/// A simulation that starts at the exact solution and is forced along it.
template <class Exec>
std::unique_ptr<Simulation<Exec>> forced(const Config& config) {
  auto simulation = std::make_unique<Simulation<Exec>>(config);
  const Grid grid = simulation->grid();
  std::vector<std::vector<double>> start(exact::count, std::vector<double>(grid.owned_count()));
  for_exact_values(grid, 0, [&](const long at, const auto& u, const auto&) {
    for (int s = 0; s < exact::count; ++s) start[s][at] = u[s];
  });
  for (int s = 0; s < exact::count; ++s) {
    // The tables of both sides list the fields in the same order.
    EXPECT_STREQ(simulation->model().species[s].symbol, exact::fields[s]);
    simulation->assign(s, start[s].data());
  }
  auto& physics = simulation->integrator().physics();
  Fields<Exec> forcing("manufactured forcing", exact::count, grid.cells);
  physics.set_forcing(forcing);
  const auto host = Kokkos::create_mirror_view(forcing.view());
  Kokkos::deep_copy(host, 0.0);
  simulation->integrator().set_forcing_at([grid, forcing, host](const double time) {
    const int nx = grid.cells[0], ny = grid.cells[1];
    for_exact_values(grid, time, [&](const long at, const auto&, const auto& f) {
      for (int s = 0; s < exact::count; ++s)
        host(s, at / (nx * ny) + ghost_layers, at / nx % ny + ghost_layers, at % nx + ghost_layers) = f[s];
    });
    Kokkos::deep_copy(forcing.view(), host);
  });
  return simulation;
}

/// Values of all fields, one after the other.
template <class Exec>
std::vector<std::vector<double>> all_values(const Simulation<Exec>& simulation) {
  std::vector<std::vector<double>> result;
  for (const char* field : exact::fields) result.push_back(values(simulation, field));
  return result;
}

/// Root mean square difference of each field, relative to its mean.
PerField distance(const std::vector<std::vector<double>>& a, const std::vector<std::vector<double>>& b) {
  PerField result{};
  for (int s = 0; s < exact::count; ++s) {
    for (std::size_t n = 0; n < a[s].size(); ++n) result[s] += (a[s][n] - b[s][n]) * (a[s][n] - b[s][n]);
    result[s] = std::sqrt(result[s] / double(a[s].size())) / exact::means[s];
  }
  return result;
}

template <class Exec>
class Manufactured : public ::testing::Test {};
TYPED_TEST_SUITE(Manufactured, Backends);

TYPED_TEST(Manufactured, space_is_of_second_order_in_every_field) {
  const double end = 0.4;
  const auto error = [&](const Cells& cells) {
    Config config = study(cells, IntegratorKind::explicit_rk, end);
    config.time.step = end / 160;  // on both grids: what is left of third order in time is below 1e-8
    auto simulation = forced<TypeParam>(config);
    simulation->advance_to(end);
    auto expected = all_values(*simulation);
    for_exact_values(simulation->grid(), end, [&](const long at, const auto& u, const auto&) {
      for (int s = 0; s < exact::count; ++s) expected[s][at] = u[s];
    });
    return distance(all_values(*simulation), expected);
  };
  const PerField coarse = error({8, 10, 12}), fine = error({16, 20, 24});
  double order_F = 0, farthest = 2;
  for (int s = 0; s < exact::count; ++s) {
    const std::string field = exact::fields[s];
    if (field == "A") {  // neither moves nor depends on what moves
      EXPECT_LT(fine[s], 1e-8);
      continue;
    }
    // More than second order is a mistake as well. The limited slopes of chemotaxis are flat in the cells
    // next to a wall; fibroblasts, and collagen and elastin that hang on them, gain from it as the grid gets
    // finer.
    const bool limited = field == "F" || field == "C3" || field == "C1" || field == "E" || field == "Lb";
    const double order = std::log2(coarse[s] / fine[s]);
    EXPECT_GT(order, limited ? 1.8 : 1.9) << field << ": " << coarse[s] << " and " << fine[s];
    EXPECT_LT(order, limited ? 2.4 : 2.1) << field << ": " << coarse[s] << " and " << fine[s];
    EXPECT_LT(fine[s], 3e-4) << field;
    if (field == "F") order_F = order;
    if (!limited && std::abs(order - 2) > std::abs(farthest - 2)) farthest = order;
  }
  check("V15.order_in_space", farthest);
  check("V15.order_in_space_fibroblasts", order_F);
}

TYPED_TEST(Manufactured, time_steps_are_of_their_design_order_in_every_field) {
  const double end = 0.4;
  const auto run = [&](const IntegratorKind integrator, const int steps) {
    Config config = study({4, 6, 8}, integrator, end);
    config.time.step = end / steps;
    config.time.tolerance = 1e-9;  // of the solver: a fixed step has no other use of it
    auto simulation = forced<TypeParam>(config);
    simulation->advance_to(end);
    EXPECT_NEAR(simulation->clock().step, steps, 1) << "rounding may leave a sliver at the end";
    return all_values(*simulation);
  };
  // The same grid in all runs, so that its error cancels; both integrators have to meet in the same values.
  const auto converged = run(IntegratorKind::explicit_rk, 1280);
  const auto compare = [&](const IntegratorKind integrator, const int steps, const double design,
                           const double slack) {
    double farthest = design;
    const PerField coarse = distance(run(integrator, steps), converged);
    const PerField fine = distance(run(integrator, 2 * steps), converged);
    for (int s = 0; s < exact::count; ++s) {
      const double order = std::log2(coarse[s] / fine[s]);
      EXPECT_NEAR(order, design, slack) << exact::fields[s] << ": " << coarse[s] << " and " << fine[s];
      if (std::abs(order - design) > std::abs(farthest - design)) farthest = order;
    }
    return farthest;
  };
  // Errors of opposite sign cancel in a few fields until steps are small; third order shows from 64 steps on.
  check("V15.order_in_time.explicit", compare(IntegratorKind::explicit_rk, 64, 3, 0.3));
  check("V15.order_in_time.imex", compare(IntegratorKind::imex, 16, 2, 0.1));
}

}  // namespace
}  // namespace kollagen
