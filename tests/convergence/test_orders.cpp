/// Orders in time of both integrators at a fixed step, and the order in space of chemotaxis.
#include <gtest/gtest.h>

#include "support/backends.hpp"
#include "support/reference.hpp"
#include "verification/study.hpp"

namespace kollagen::test {
namespace {

template <class Exec>
struct Orders : ::testing::Test {};
TYPED_TEST_SUITE(Orders, Backends);

/// A nonlinear or coupled problem on a fixed grid; errors are judged in `field` at `end`, in the mean norm:
/// the limiter of chemotaxis has kinks.
struct TimeProblem {
  std::string name;
  Config config;
  std::string field;
  double end;              ///< [h]
  double imex, explicit_;  ///< [h] steps of the coarser of two runs; the finer one takes half of them
};

InitialConfig bump(const std::string& field, const double mean, const double size,
                   const std::array<double, 3>& half_waves) {
  InitialConfig initial = uniform(field, size);
  initial.shape = Shape::cosine;
  initial.offset = mean;
  initial.wavenumber = half_waves;
  return initial;
}

std::vector<TimeProblem> time_problems() {
  std::vector<TimeProblem> problems;
  Config fisher = study("fisher-kpp", {12, 8, 6}, {40, 50, 60}, IntegratorKind::imex);
  fisher.model_parameters = {{"D", 250}, {"r", 0.5}};
  fisher.initial = {bump("u", 0.3, 0.2, {1, 2, 1})};
  problems.push_back({"fisher", fisher, "u", 4, 0.25, 0.125});

  Config cells = study("keller-segel", {16, 6, 4}, {30, 40, 50}, IntegratorKind::imex);
  cells.initial = {bump("u", 0.5, 0.2, {2, 1, 0}), bump("c", 0.4, 0.1, {1, 0, 1})};
  problems.push_back({"keller_segel", cells, "u", 1, 0.0625, 0.015625});

  Config linear = study("linear", {10, 6, 5}, {20, 30, 40}, IntegratorKind::imex);
  linear.model_parameters = {{"D_u", 400}, {"D_v", 100},   {"k_uv", 2},
                             {"k_vu", 1},  {"lam_u", 0.5}, {"source_v", 1}};
  linear.initial = {bump("u", 2, 1, {1, 1, 1}), bump("v", 1, 0.5, {2, 0, 1})};
  problems.push_back({"linear", linear, "v", 1, 0.0625, 0.03125});
  return problems;
}

template <class Exec>
std::vector<double> solution(const TimeProblem& problem, const IntegratorKind integrator, const double step) {
  Config config = problem.config;
  config.time.integrator = integrator;
  config.time.step = step;
  config.time.tolerance = 1e-11;  // the implicit solver adds nothing that is seen
  Simulation<Exec> simulation(config);
  simulation.advance_to(problem.end);
  return values(simulation, problem.field);
}

double mean_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double total = 0;
  for (std::size_t c = 0; c < a.size(); ++c) total += std::abs(a[c] - b[c]);
  return total / double(a.size());
}

TYPED_TEST(Orders, TimeSteps) {
  for (const auto& problem : time_problems()) {
    // On the same grid, 8 times finer than the finest step of the same method under test: 1/500 of its error.
    const auto exact = solution<TypeParam>(problem, IntegratorKind::explicit_rk, problem.explicit_ / 16);
    for (const auto integrator : both_integrators) {
      const double step = integrator == IntegratorKind::imex ? problem.imex : problem.explicit_;
      const double coarse = mean_difference(solution<TypeParam>(problem, integrator, step), exact);
      const double fine = mean_difference(solution<TypeParam>(problem, integrator, step / 2), exact);
      check("order.time_" + problem.name + "." + name_of(integrator), std::log2(coarse / fine));
    }
  }
}

/// Cells that follow a steep signal: the advective flux dominates. Averages over blocks of the finer grid
/// stand for the solution on the coarser one: the order comes from three grids, without an exact solution.
TYPED_TEST(Orders, SpaceWithChemotaxis) {
  for (int axis = 0; axis < 3; ++axis) {
    std::vector<std::vector<double>> on_coarsest;
    for (const int refinement : {1, 2, 4}) {
      std::array<int, 3> cells{1, 1, 1};
      std::array<double, 3> spacing{70, 80, 90};
      cells[axis] = 40 * refinement;
      spacing[axis] = 10.0 / refinement;
      Config config = study("keller-segel", cells, spacing, IntegratorKind::explicit_rk);
      config.model_parameters = {{"D", 20}, {"chi", 4000}, {"D_c", 400}, {"a", 0}, {"b", 0}};
      std::array<double, 3> one{0, 0, 0}, two{0, 0, 0};
      one[axis] = 1;
      two[axis] = 2;
      config.initial = {bump("u", 1, 0.5, two), bump("c", 1, 0.2, one)};
      Simulation<TypeParam> simulation(config);
      simulation.advance_to(2);
      const auto u = values(simulation, "u");
      std::vector<double> mean(40, 0.0);
      for (std::size_t c = 0; c < u.size(); ++c) mean[c / refinement] += u[c] / refinement;
      on_coarsest.push_back(mean);
    }
    double coarse = 0, fine = 0;
    for (int c = 0; c < 40; ++c) {
      coarse += std::abs(on_coarsest[0][c] - on_coarsest[1][c]);
      fine += std::abs(on_coarsest[1][c] - on_coarsest[2][c]);
    }
    check("order.space_chemotaxis", std::log2(coarse / fine));
  }
}

}  // namespace
}  // namespace kollagen::test
