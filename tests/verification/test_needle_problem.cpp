/// The needle problem of benchmarks/needle_problem: its exact solution against independent ones, and the
/// integrators against it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "exact_solution.hpp"
#include "model.hpp"
#include "problem.hpp"
#include "support/backends.hpp"

namespace kollagen {
namespace {

using namespace needle_problem;

/// Unequal sides, spacings and layers, a source in one corner.
Problem small_problem(const std::vector<double>& diffusivity) {
  Problem problem;
  problem.cells = {8, 9, int(diffusivity.size())};
  problem.spacing = {10, 12, 15};
  problem.diffusivity = diffusivity;
  problem.loss = 0.36;
  problem.source_time = 0.5;
  problem.source.assign(8 * 9 * diffusivity.size(), 0.0);
  problem.source_blocks = {{{1, 2, 0}, {4, 7, 6}}};
  for (int k = 0; k < 6; ++k)
    for (int j = 2; j < 7; ++j)
      for (int i = 1; i < 4; ++i) problem.source[(k * 9 + j) * 8 + i] = 1 + 0.1 * i + 0.01 * j * k;
  return problem;
}
std::vector<double> three_layers() {
  std::vector<double> diffusivity(10, 9000.0);
  for (int k = 3; k < 7; ++k) diffusivity[k] = 108000;
  diffusivity[9] = 500;
  return diffusivity;
}

/// Fluxes through all faces, loss and source, cell by cell: nothing in common with the transforms but the
/// equation.
std::vector<double> change(const Problem& problem, const std::vector<double>& u, const double time) {
  std::vector<double> du(u.size());
  const auto& n = problem.cells;
  const int stride[3] = {1, n[0], n[0] * n[1]};
  for (std::size_t c = 0; c < u.size(); ++c)
    du[c] = problem.source[c] * std::exp(-time / problem.source_time) - problem.loss * u[c];
  for (int axis = 0; axis < 3; ++axis)
    for (std::size_t c = 0; c < u.size(); ++c) {
      const int cell[3] = {int(c) % n[0], int(c) / n[0] % n[1], int(c) / stride[2]};
      if (cell[axis] + 1 == n[axis]) continue;
      const double a = problem.diffusivity[cell[2]], b = problem.diffusivity[cell[2] + (axis == 2)];
      const double h = problem.spacing[axis];
      const double flux = 2 / (1 / a + 1 / b) * (u[c + stride[axis]] - u[c]) / (h * h);
      du[c] += flux;
      du[c + stride[axis]] -= flux;
    }
  return du;
}

/// The classical Runge-Kutta method of fourth order.
std::vector<double> many_small_steps(const Problem& problem, const double end, const int steps) {
  std::vector<double> u(problem.source.size(), 0.0);
  const double dt = end / steps;
  const auto ahead = [&](const std::vector<double>& slope, const double by) {
    std::vector<double> v = u;
    for (std::size_t c = 0; c < u.size(); ++c) v[c] += by * slope[c];
    return v;
  };
  for (int step = 0; step < steps; ++step) {
    const double t = step * dt;
    const auto k1 = change(problem, u, t), k2 = change(problem, ahead(k1, dt / 2), t + dt / 2);
    const auto k3 = change(problem, ahead(k2, dt / 2), t + dt / 2),
               k4 = change(problem, ahead(k3, dt), t + dt);
    for (std::size_t c = 0; c < u.size(); ++c) u[c] += dt / 6 * (k1[c] + 2 * k2[c] + 2 * k3[c] + k4[c]);
  }
  return u;
}

double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double difference = 0;
  for (std::size_t c = 0; c < a.size(); ++c) difference = std::max(difference, std::abs(a[c] - b[c]));
  return difference / *std::max_element(b.begin(), b.end());
}

TEST(NeedleProblem, exact_solution_is_that_of_many_small_steps) {
  // 0.02 h is twenty times the diffusion time of a cell; at 1600 steps Runge-Kutta is wrong by less than
  // 1e-9.
  const std::vector<double> constant(10, 108000.0);
  for (const auto& diffusivity : {constant, three_layers()}) {
    const Problem problem = small_problem(diffusivity);
    const auto stepped = many_small_steps(problem, 0.02, 1600);
    EXPECT_LT(distance(exact_solution(problem, {0.02})[0], stepped), 1e-8);
    EXPECT_LT(distance(exact_by_layers(problem, {0.02})[0], stepped), 1e-8);
  }
}

/// LAPACK's eigenvalues are off by round-off of the largest, 2e4/h: over 24 h that changes a mode by 1e-10.
constexpr double round_off = 1e-10;

TEST(NeedleProblem, both_ways_to_the_exact_solution_agree_where_D_is_constant) {
  const Problem problem = small_problem(std::vector<double>(10, 108000.0));
  const auto by_cosines = exact_solution(problem, {0.001, 1, 24}),
             by_layers = exact_by_layers(problem, {0.001, 1, 24});
  for (int t = 0; t < 3; ++t) EXPECT_LT(distance(by_layers[t], by_cosines[t]), round_off) << t;
  const Problem square = make_problem(12, false);  // takes each pair of wave numbers once
  EXPECT_LT(distance(exact_by_layers(square, {1})[0], exact_solution(square, {1})[0]), round_off);
}

TEST(NeedleProblem, exact_solution_holds_what_was_released_and_not_lost) {
  for (const auto& problem :
       {small_problem(three_layers()), make_problem(12, true), make_problem(12, false)}) {
    const double released = std::accumulate(problem.source.begin(), problem.source.end(), 0.0);
    for (const double t : {0.01, 6.0, 24.0}) {
      const auto u = exact_solution(problem, {t})[0];
      // dm/dt = released exp(-t/source_time) - loss m
      const double rate = 1 / problem.source_time;
      const double expected =
          released * (std::exp(-rate * t) - std::exp(-problem.loss * t)) / (problem.loss - rate);
      EXPECT_NEAR(std::accumulate(u.begin(), u.end(), 0.0) / expected, 1, round_off) << t;
    }
  }
}

TEST(NeedleProblem, tracks_lie_where_they_should) {
  const Problem problem = make_problem(128, true);
  double cells = 0, inside = 0;
  for (const double s : problem.source) cells += s > 0;
  for (const auto& b : problem.source_blocks)
    for (int k = b.lower[2]; k < b.upper[2]; ++k)
      for (int j = b.lower[1]; j < b.upper[1]; ++j)
        for (int i = b.lower[0]; i < b.upper[0]; ++i) inside += problem.source[(k * 128 + j) * 128 + i] > 0;
  EXPECT_EQ(inside, cells);
  EXPECT_NEAR(cells / 64, 9 * M_PI * 2.5 * 2.5, 20) << "cells in a plane against the area of nine tracks";
  EXPECT_EQ(problem.source[(63 * 128 + 64) * 128 + 64], 40);
  EXPECT_EQ(problem.source[(64 * 128 + 64) * 128 + 64], 0);
  EXPECT_EQ(problem.diffusivity[63], 30 * 3600);
  EXPECT_EQ(problem.diffusivity[64], 5 * 3600);
}

template <class Exec>
class NeedleRuns : public ::testing::Test {
 public:
  /// Worst error over the compared times.
  static double error(const Problem& problem, const TimeConfig& time) {
    const std::vector<double> times(compared_times.begin(), compared_times.end());
    const auto exact = exact_solution(problem, times);
    const auto run = make_run<Exec>(problem, time);
    double now = 0, worst = 0;
    for (std::size_t t = 0; t < times.size(); ++t) {
      advance(*run, now, times[t]);
      now = times[t];
      worst = std::max(worst, relative_error(*run, exact[t]));
    }
    return worst;
  }
};
TYPED_TEST_SUITE(NeedleRuns, test::Backends);

TYPED_TEST(NeedleRuns, tolerance_steers_the_error) {
  for (const bool layered : {false, true}) {
    const Problem problem = make_problem(24, layered);
    TimeConfig time;
    time.tolerance = 1e-2;
    const double coarse = this->error(problem, time);
    time.tolerance = 1e-3;
    const double fine = this->error(problem, time);
    // Each step is wrong by at most the tolerance, some twenty of them are taken while the field fades, and
    // on the way their errors fade with it: between one and five tolerances. The estimate is added to the field: where
    // that makes steps of third order, a tenth of the tolerance gives a tenth of the error; where the field is stiff, second
    // order stays and gives 10^(-2/3). The place of the largest error changes: between 0.3 and 3 tolerances.
    EXPECT_GT(coarse, 1e-2) << layered;
    EXPECT_LT(coarse, 5e-2) << layered;
    EXPECT_GT(fine, 3e-4) << layered;
    EXPECT_LT(fine, 3e-3) << layered;
  }
}

TYPED_TEST(NeedleRuns, fixed_steps_are_of_second_order_through_the_layers) {
  for (const bool layered : {false, true}) {
    const Problem problem = make_problem(24, layered);
    TimeConfig time;
    time.tolerance = 1e-4;  // of the solver
    time.step = 1.0 / 6;
    const double coarse = this->error(problem, time);
    time.step = 1.0 / 12;
    const double order = std::log2(coarse / this->error(problem, time));
    EXPECT_NEAR(order, 2, 0.25) << layered;
  }
}

TYPED_TEST(NeedleRuns, explicit_steps_see_the_fading_source) {
  const Problem problem = make_problem(12, true);
  TimeConfig time;
  time.integrator = IntegratorKind::explicit_rk;
  const double end = 0.05;
  const auto run = make_run<TypeParam>(problem, time);
  advance(*run, 0, end);
  // Third order with steps of half the diffusion time of a cell, over a hundred of them.
  const double error = relative_error(*run, exact_solution(problem, {end})[0]);
  EXPECT_LT(error, 1e-5);
  EXPECT_GT(error, 1e-12);
}

}  // namespace
}  // namespace kollagen
