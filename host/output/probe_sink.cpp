#include "host/output/probe_sink.hpp"

#include <algorithm>
#include <cmath>

#include "kollagen/check.hpp"

namespace kollagen {
namespace {

std::string header(const std::vector<int>& species, const ModelInfo& model) {
  std::string text = "time [h],point [1],x [um],y [um],z [um]";
  for (const int index : species) {
    const SpeciesInfo& info = model.species[std::size_t(index)];
    text += ',' + csv_heading(info.name, info.unit);
  }
  return text;
}

/// Value of a cell that this rank owns, zero for another.
double owned_value(const Grid& grid, const std::vector<double>& field, const std::array<int, 3>& cell) {
  std::array<int, 3> local{};
  for (int axis = 0; axis < 3; ++axis) {
    local[axis] = cell[axis] - grid.first[axis];
    if (local[axis] < 0 || local[axis] >= grid.cells[axis]) return 0;
  }
  return field[(std::size_t(local[2]) * grid.cells[1] + local[1]) * grid.cells[0] + local[0]];
}

}  // namespace

Interpolation::Interpolation(const Grid& grid, const std::array<double, 3>& point) {
  std::array<int, 3> low{}, high{};
  std::array<double, 3> weight{};
  for (int axis = 0; axis < 3; ++axis) {
    const double last = grid.global_cells[axis] - 1;
    const double place = std::clamp(point[axis] / grid.spacing[axis] - 0.5, 0.0, last);
    low[axis] = int(std::min(std::floor(place), std::max(0.0, last - 1)));
    high[axis] = std::min(low[axis] + 1, grid.global_cells[axis] - 1);
    weight[axis] = place - low[axis];
  }
  for (std::size_t corner = 0; corner < 8; ++corner) {
    shares[corner] = 1;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const bool upper = (corner >> axis) & 1;
      cells[corner][axis] = upper ? high[axis] : low[axis];
      shares[corner] *= upper ? weight[axis] : 1 - weight[axis];
    }
  }
}

double Interpolation::operator()(const double* values) const {
  double value = 0;
  for (std::size_t corner = 0; corner < 8; ++corner) value += shares[corner] * values[corner];
  return value;
}

ProbeSink::ProbeSink(Setup setup, const ModelInfo& model, Communicator& ranks)
    : setup_(std::move(setup)), table_(setup_.path, header(setup_.species, model), ranks), ranks_(ranks) {}

void ProbeSink::save(Record& record) const {
  const std::string prefix = "output/probe/" + setup_.name;
  record.set(prefix + "/bytes", double(table_.save()));
  record.numbers[prefix + "/instant"] = once_.save();
}

void ProbeSink::restore(const Record& record, const Snapshot&) {
  const std::string prefix = "output/probe/" + setup_.name;
  table_.restore(long(record.number(prefix + "/bytes")));
  once_.restore(record.list(prefix + "/instant"));
}

void ProbeSink::write(const Snapshot& snapshot) {
  const Clock& clock = snapshot.clock();
  if (!setup_.schedule.covers(clock.time) || !once_.first(clock.step, clock.time)) return;
  const Grid& grid = snapshot.grid();
  field_.resize(std::size_t(grid.owned_count()));
  if (points_.empty())
    for (const auto& point : setup_.points) points_.emplace_back(grid, point);

  // Every corner has one owner: the others add a zero, and the sum is exact.
  std::vector<double> corners(setup_.species.size() * points_.size() * 8, 0.0);
  auto corner = corners.begin();
  for (const int species : setup_.species) {
    snapshot.copy(species, field_.data());
    for (const Interpolation& point : points_)
      for (const std::array<int, 3>& cell : point.cells) *corner++ = owned_value(grid, field_, cell);
  }
  ranks_.sum(corners.data(), int(corners.size()));

  std::vector<std::string> rows;
  for (std::size_t p = 0; p < points_.size(); ++p) {
    rows.push_back(csv_number(clock.time) + ',' + std::to_string(p));
    for (const double coordinate : setup_.points[p]) rows.back() += ',' + csv_number(coordinate);
    for (std::size_t s = 0; s < setup_.species.size(); ++s)
      rows.back() += ',' + csv_number(points_[p](&corners[8 * (s * points_.size() + p)]));
  }
  std::string text;
  for (const std::string& row : rows) text += row + '\n';
  table_.append(text);
}

}  // namespace kollagen
