#include "exact_solution.hpp"

#include <fftw3.h>
#include <lapacke.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace kollagen::needle_problem {
namespace {

using Solutions = std::vector<std::vector<double>>;

/// Amplitude [h] at time t of a mode that decays at `rate` and is fed by exp(-t / source_time) from 0 on.
double response(const double rate, const double source_time, const double t) {
  const double x = (rate - 1 / source_time) * t;
  const double phi = x == 0 ? 1 : -std::expm1(-x) / x;
  return t * std::exp(-t / source_time) * phi;
}

/// Eigenvalue [1/um^2] of the second difference with no-flux walls for the cosine of that index.
double cosine_eigenvalue(const Problem& problem, const int axis, const int index) {
  const double s = std::sin(0.5 * M_PI * index / problem.cells[axis]) / problem.spacing[axis];
  return 4 * s * s;
}

/// Transforms in place over the last `rank` of (z, y, x), for all remaining indices.
void transform(std::vector<double>& u, const Problem& problem, const int rank, const fftw_r2r_kind kind) {
  const int extents[3] = {problem.cells[2], problem.cells[1], problem.cells[0]};
  const fftw_r2r_kind kinds[3] = {kind, kind, kind};
  const int* n = extents + (3 - rank);
  int size = 1;
  for (int a = 0; a < rank; ++a) size *= n[a];
  const fftw_plan plan = fftw_plan_many_r2r(rank, n, int(u.size() / size), u.data(), nullptr, 1, size,
                                            u.data(), nullptr, 1, size, kinds, FFTW_ESTIMATE);
  fftw_execute(plan);
  fftw_destroy_plan(plan);
}

/// The source in the basis of cosines along the last `rank` axes, scaled so that the transform back needs no
/// factor.
std::vector<double> transformed_source(const Problem& problem, const int rank) {
  std::vector<double> hat = problem.source;
  transform(hat, problem, rank, FFTW_REDFT10);
  double scale = 1;
  for (int a = 0; a < rank; ++a) scale /= 2.0 * problem.cells[a];
  for (double& value : hat) value *= scale;
  return hat;
}

Solutions exact_by_cosines(const Problem& problem, const std::vector<double>& times) {
  const std::vector<double> hat = transformed_source(problem, 3);
  Solutions result(times.size(), hat);
  for (std::size_t t = 0; t < times.size(); ++t) {
    std::size_t at = 0;
    for (int k = 0; k < problem.cells[2]; ++k)
      for (int j = 0; j < problem.cells[1]; ++j)
        for (int i = 0; i < problem.cells[0]; ++i, ++at) {
          const double squared = cosine_eigenvalue(problem, 0, i) + cosine_eigenvalue(problem, 1, j) +
                                 cosine_eigenvalue(problem, 2, k);
          result[t][at] *=
              response(problem.diffusivity[0] * squared + problem.loss, problem.source_time, times[t]);
        }
    transform(result[t], problem, 3, FFTW_REDFT01);
  }
  return result;
}

/// Eigenvectors (columns, one after the other) and eigenvalues [1/h] of -d/dz(D d/dz) + D lateral + loss.
struct Modes {
  std::vector<double> rates, vectors;
};
Modes modes_along_z(const Problem& problem, const double lateral) {
  const int n = problem.cells[2];
  const double inv_h2 = 1 / (problem.spacing[2] * problem.spacing[2]);
  const auto& D = problem.diffusivity;
  Modes modes{std::vector<double>(n), std::vector<double>(std::size_t(n) * n)};
  std::vector<double> between(n, 0.0);
  for (int k = 0; k < n; ++k) modes.rates[k] = D[k] * lateral + problem.loss;
  for (int k = 0; k + 1 < n; ++k) {
    const double face = inv_h2 * 2 * D[k] * D[k + 1] / (D[k] + D[k + 1]);
    modes.rates[k] += face;
    modes.rates[k + 1] += face;
    between[k] = -face;
  }
  const lapack_int failed =
      LAPACKE_dstedc(LAPACK_COL_MAJOR, 'I', n, modes.rates.data(), between.data(), modes.vectors.data(), n);
  if (failed != 0)
    throw std::runtime_error("needle problem: LAPACK dstedc returned " + std::to_string(failed));
  return modes;
}

}  // namespace

Solutions exact_by_layers(const Problem& problem, const std::vector<double>& times) {
  const auto [nx, ny, nz] = problem.cells;
  const std::size_t plane = std::size_t(nx) * ny;
  const std::vector<double> hat = transformed_source(problem, 2);
  Solutions result(times.size(), std::vector<double>(hat.size(), 0.0));
  const auto solve_column = [&](const std::size_t column, const Modes& modes) {
    for (int m = 0; m < nz; ++m) {
      const double* vector = &modes.vectors[std::size_t(m) * nz];
      double amplitude = 0;
      for (int k = 0; k < nz; ++k) amplitude += vector[k] * hat[k * plane + column];
      for (std::size_t t = 0; t < times.size(); ++t) {
        const double a = amplitude * response(modes.rates[m], problem.source_time, times[t]);
        for (int k = 0; k < nz; ++k) result[t][k * plane + column] += a * vector[k];
      }
    }
  };
  // In a square block (i, j) and (j, i) have the same operator along z.
  const bool square = nx == ny && problem.spacing[0] == problem.spacing[1];
  for (int j = 0; j < ny; ++j)
    for (int i = square ? j : 0; i < nx; ++i) {
      const Modes modes =
          modes_along_z(problem, cosine_eigenvalue(problem, 0, i) + cosine_eigenvalue(problem, 1, j));
      solve_column(std::size_t(j) * nx + i, modes);
      if (square && i != j) solve_column(std::size_t(i) * nx + j, modes);
    }
  for (auto& u : result) transform(u, problem, 2, FFTW_REDFT01);
  return result;
}

Solutions exact_solution(const Problem& problem, const std::vector<double>& times) {
  const auto& D = problem.diffusivity;
  const bool constant = std::all_of(D.begin(), D.end(), [&](const double d) { return d == D[0]; });
  return constant ? exact_by_cosines(problem, times) : exact_by_layers(problem, times);
}

}  // namespace kollagen::needle_problem
