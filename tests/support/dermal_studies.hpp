/// Studies of the dermal model as tests set them up, and what they read from a running simulation.
#pragma once

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "host/simulation.hpp"

namespace kollagen::test {

/// Owned values of one field, x fastest; `field` is a name or a symbol.
template <class Exec>
std::vector<double> values(const Simulation<Exec>& simulation, const std::string& field) {
  const int species = simulation.model().find_species(field);
  if (species < 0) throw std::invalid_argument("no field " + field);
  std::vector<double> result(simulation.grid().owned_count());
  simulation.copy(species, result.data());
  return result;
}

inline double weighted_mean(const std::vector<double>& value, const std::vector<double>& weight) {
  double sum = 0, total = 0;
  for (std::size_t n = 0; n < value.size(); ++n) sum += weight[n] * value[n], total += weight[n];
  return sum / total;
}

inline double mean(const std::vector<double>& value) {
  return weighted_mean(value, std::vector<double>(value.size(), 1.0));
}

/// The largest deviation of a field from undamaged skin, relative to its baseline there, or to its scale where that is 0.
template <class Exec>
double drift_from_baseline(Simulation<Exec>& simulation, const int species) {
  const auto& physics = simulation.integrator().physics();
  const long plane = long(simulation.grid().cells[0]) * simulation.grid().cells[1];
  std::vector<double> after(std::size_t(simulation.grid().owned_count()));
  simulation.copy(species, after.data());
  double drift = 0;
  for (std::size_t n = 0; n < after.size(); ++n) {
    const double baseline = physics.baseline(species, int(long(n) / plane));
    drift = std::max(drift, std::abs(after[n] - baseline) / (baseline > 0 ? baseline : physics.scale(species)));
  }
  return drift;
}

/// The largest of these deviations after any step until `end`, of each field.
template <class Exec>
std::vector<double> largest_drifts(Simulation<Exec>& simulation, const double end) {
  std::vector<double> most(simulation.model().species.size(), 0.0);
  while (simulation.clock().time < end) {
    simulation.step(end);
    for (std::size_t s = 0; s < most.size(); ++s) most[s] = std::max(most[s], drift_from_baseline(simulation, int(s)));
  }
  return most;
}

/// A box of undamaged skin.
inline Config skin_block(const std::string& preset, const std::array<int, 3>& cells,
                         const std::array<double, 3>& spacing) {
  Config config;
  config.skin.preset = preset;
  config.domain.cells = cells;
  config.domain.spacing = spacing;
  for (int a = 0; a < 3; ++a) config.domain.size[a] = cells[a] * spacing[a];
  return config;
}

/// The periodic cell of a square lattice of tracks in reticular dermis: one track of radius 100 um runs
/// through it along z. `density` [1/cm^2] sets the side 1/sqrt(density), which is cut into cells of about
/// `spacing` [um]; along z there are `cells_z` cells of `spacing_z` [um]. Diffusion in the clot is that of
/// tissue.
inline Config unit_cell(const double density, const double spacing, const int cells_z,
                        const double spacing_z) {
  const double side = 1e4 / std::sqrt(density);
  const int n = int(std::lround(side / spacing));
  Config config = skin_block("reticular", {n, n, cells_z}, {side / n, side / n, spacing_z});
  config.model_parameters["m_clot"] = 1;
  TreatmentConfig track;
  track.length = 1e4;
  track.radius = 100;
  config.treatments.push_back(track);
  return config;
}

/// Share of each cell that lies in the core of the tracks, right after a treatment: the clot went there and
/// nowhere else.
template <class Exec>
std::vector<double> core_coverage(const Simulation<Exec>& simulation) {
  std::vector<double> share = values(simulation, "provisional_matrix");
  const ModelInfo& model = simulation.model();
  const double full = model.parameters[model.find_parameter("B0")].value;
  for (double& value : share) value /= full;
  return share;
}

/// Mean of collagen I + III over all cells, relative to the same mean of undamaged skin.
template <class Exec>
double relative_collagen(const Simulation<Exec>& simulation) {
  const Column& column = simulation.column();
  double baseline = 0;
  for (int k = 0; k < column.cells(); ++k) baseline += column.collagen_i[k] + column.collagen_iii[k];
  return (mean(values(simulation, "collagen_i")) + mean(values(simulation, "collagen_iii"))) /
         (baseline / column.cells());
}

/// A table of tests/reference: comment lines with '#', a header, comma-separated numbers; one map per row.
inline std::vector<std::map<std::string, double>> read_numbers(const std::string& name) {
  std::ifstream file(KOLLAGEN_SOURCE_DIR "/tests/reference/" + name);
  if (!file) throw std::runtime_error("cannot read tests/reference/" + name);
  std::vector<std::string> header;
  std::vector<std::map<std::string, double>> rows;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream stream(line);
    std::vector<std::string> items;
    for (std::string item; std::getline(stream, item, ',');) items.push_back(item);
    if (header.empty()) {
      header = items;
      continue;
    }
    if (items.size() != header.size()) throw std::runtime_error(name + ": a row of another length: " + line);
    auto& row = rows.emplace_back();
    for (std::size_t i = 0; i < items.size(); ++i) row[header[i]] = std::stod(items[i]);
  }
  return rows;
}

}  // namespace kollagen::test
