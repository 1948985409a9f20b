/// What the verification cases share: a study built in C++, and how its result is read.
#pragma once

#include <array>
#include <cmath>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "host/simulation.hpp"
#include "kollagen/config.hpp"
#include "kollagen/model/info.hpp"

namespace kollagen::test {

inline constexpr double second = 1.0 / 3600;  ///< [h]

/// A closed box of `cells` times `spacing` [um] with an adaptive step that is much finer than a study's.
inline Config study(const std::string& model, const std::array<int, 3>& cells,
                    const std::array<double, 3>& spacing, const IntegratorKind integrator) {
  Config config;
  config.model = model;
  config.domain.cells = cells;
  config.domain.spacing = spacing;
  for (int a = 0; a < 3; ++a) config.domain.size[a] = cells[a] * spacing[a];
  config.domain.walls.fill(WallKind::no_flux);
  config.time.end = 1e6;
  config.time.integrator = integrator;
  config.time.tolerance = 1e-6;
  return config;
}

inline const char* name_of(const IntegratorKind kind) {
  return kind == IntegratorKind::imex ? "imex" : "explicit";
}
inline constexpr IntegratorKind both_integrators[] = {IntegratorKind::explicit_rk, IntegratorKind::imex};

/// Leaves only the terms in `kept` of the model's right-hand side.
inline void keep_terms(Config& config, const std::set<std::string>& kept) {
  config.disabled_terms.clear();
  for (const auto& term : model_info(config.model).terms)
    if (!kept.count(term.name)) config.disabled_terms.push_back(term.name);
}

inline InitialConfig uniform(const std::string& field, const double value) {
  InitialConfig initial;
  initial.field = field;
  initial.value = value;
  return initial;
}

/// Owned values of one field, x fastest.
template <class Exec>
std::vector<double> values(const Simulation<Exec>& simulation, const std::string& field) {
  std::vector<double> result(simulation.grid().owned_count());
  simulation.copy(simulation.model().find_species(field), result.data());
  return result;
}

/// Writes f(x, y, z) [um] into one field.
template <class Exec>
void assign(Simulation<Exec>& simulation, const std::string& field,
            const std::function<double(double, double, double)>& f) {
  const Grid& grid = simulation.grid();
  std::vector<double> result;
  for (int k = 0; k < grid.cells[2]; ++k)
    for (int j = 0; j < grid.cells[1]; ++j)
      for (int i = 0; i < grid.cells[0]; ++i)
        result.push_back(f(grid.centre(0, i), grid.centre(1, j), grid.centre(2, k)));
  simulation.assign(simulation.model().find_species(field), result.data());
}

/// Sum of all values, compensated: checks of conservation look for one part in 1e13.
inline double sum(const std::vector<double>& v) {
  double total = 0, lost = 0;
  for (const double x : v) {
    const double next = total + (x - lost);
    lost = (next - total) - (x - lost);
    total = next;
  }
  return total;
}

/// Value of one cell (i, j, k).
inline double at(const std::vector<double>& v, const std::array<int, 3>& cells, const int i, const int j,
                 const int k) {
  return v[(std::size_t(k) * cells[1] + j) * cells[0] + i];
}

/// Root mean square of the difference between a field and f(x, y, z).
inline double rms_error(const std::vector<double>& v, const Grid& grid,
                        const std::function<double(double, double, double)>& f) {
  double total = 0;
  for (int k = 0; k < grid.cells[2]; ++k)
    for (int j = 0; j < grid.cells[1]; ++j)
      for (int i = 0; i < grid.cells[0]; ++i) {
        const double e =
            at(v, grid.cells, i, j, k) - f(grid.centre(0, i), grid.centre(1, j), grid.centre(2, k));
        total += e * e;
      }
  return std::sqrt(total / double(grid.owned_count()));
}

/// Amplitude of cos(2 pi waves x/L) along `axis`, or of the half waves cos(pi m x/L) for 2 waves = m.
inline double amplitude(const std::vector<double>& v, const Grid& grid, const int axis, const double waves) {
  double with = 0, square = 0;
  for (int k = 0; k < grid.cells[2]; ++k)
    for (int j = 0; j < grid.cells[1]; ++j)
      for (int i = 0; i < grid.cells[0]; ++i) {
        const std::array<int, 3> index{i, j, k};
        const double c = std::cos(2 * M_PI * waves * grid.centre(axis, index[axis]) / grid.length(axis));
        with += c * at(v, grid.cells, i, j, k);
        square += c * c;
      }
  return with / square;
}

}  // namespace kollagen::test
