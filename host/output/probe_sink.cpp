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

}  // namespace

double interpolate(const Grid& grid, const double* field, const std::array<double, 3>& point) {
  std::array<int, 3> low{}, high{};
  std::array<double, 3> weight{};
  for (int axis = 0; axis < 3; ++axis) {
    const double last = grid.cells[axis] - 1;
    const double place = std::clamp(point[axis] / grid.spacing[axis] - 0.5 - grid.first[axis], 0.0, last);
    low[axis] = int(std::min(std::floor(place), std::max(0.0, last - 1)));
    high[axis] = std::min(low[axis] + 1, grid.cells[axis] - 1);
    weight[axis] = place - low[axis];
  }
  double value = 0;
  for (int corner = 0; corner < 8; ++corner) {
    double share = 1;
    std::array<int, 3> cell{};
    for (int axis = 0; axis < 3; ++axis) {
      const bool upper = (corner >> axis) & 1;
      cell[axis] = upper ? high[axis] : low[axis];
      share *= upper ? weight[axis] : 1 - weight[axis];
    }
    value += share * field[(std::size_t(cell[2]) * grid.cells[1] + cell[1]) * grid.cells[0] + cell[0]];
  }
  return value;
}

ProbeSink::ProbeSink(Setup setup, const ModelInfo& model, Communicator& ranks)
    : setup_(std::move(setup)), table_(setup_.path, header(setup_.species, model), ranks) {}

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
  KOLLAGEN_CHECK(grid.cells == grid.global_cells, "probes are read on one rank that owns all cells");
  field_.resize(std::size_t(grid.owned_count()));

  std::vector<std::string> rows;
  for (std::size_t p = 0; p < setup_.points.size(); ++p) {
    rows.push_back(csv_number(clock.time) + ',' + std::to_string(p));
    for (const double coordinate : setup_.points[p]) rows.back() += ',' + csv_number(coordinate);
  }
  for (const int species : setup_.species) {
    snapshot.copy(species, field_.data());
    for (std::size_t p = 0; p < rows.size(); ++p)
      rows[p] += ',' + csv_number(interpolate(grid, field_.data(), setup_.points[p]));
  }
  std::string text;
  for (const std::string& row : rows) text += row + '\n';
  table_.append(text);
}

}  // namespace kollagen
