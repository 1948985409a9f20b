/// A snapshot whose fields are given by formulas, for tests of outputs without a solver.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "kernels/distribution.hpp"
#include "kernels/measure.hpp"
#include "kollagen/snapshot.hpp"

namespace kollagen::test {

/// For what needs a communicator and is tested on one rank.
inline OneRank one_rank;

/// Value of a species at a point [um].
using Formula = std::function<double(int species, double x, double y, double z, double time)>;

class AnalyticSnapshot final : public Snapshot {
 public:
  /// `cells` is what one of `ranks` owns; `layers` are those of the whole domain.
  AnalyticSnapshot(const ModelInfo& info, const Grid& cells, Column layers, Formula value,
                   Communicator& ranks = one_rank)
      : model_(info), grid_(cells), column_(std::move(layers)), formula_(std::move(value)), ranks_(ranks) {}
  const Clock& clock() const override { return clock_; }
  const Grid& grid() const override { return grid_; }
  const ModelInfo& model() const override { return model_; }
  const Column& column() const override { return column_; }
  Communicator& communicator() const override { return ranks_; }
  void copy(const int species, double* out) const override {
    for (int k = 0; k < grid_.cells[2]; ++k)
      for (int j = 0; j < grid_.cells[1]; ++j)
        for (int i = 0; i < grid_.cells[0]; ++i)
          *out++ = formula_(species, grid_.centre(0, i), grid_.centre(1, j), grid_.centre(2, k), clock_.time);
  }
  Distribution distribution(const int species, const CellSelection& selection, const std::vector<double>& percentiles,
                            const int bins) const override {
    const Fields<Exec> u = fields();
    return kollagen::distribution(Exec(), Span3<const Real>(u[species]), grid_, ranks_, selection, percentiles, bins);
  }
  Measured measure(const std::vector<char>& mask, const std::optional<ReadOutLaw>& law) const override {
    std::optional<SkinFields> skin;
    if (law)
      skin = SkinFields{*law, model_.find_species("collagen_i"), model_.find_species("collagen_iii"),
                        model_.find_species("elastin")};
    return kollagen::measure(Exec(), fields(), grid_, ranks_, mask, skin, column_);
  }
  /// Moves to another instant.
  void at(const long step, const double time, const double dt = 0.1) {
    clock_.step = step;
    clock_.time = time;
    clock_.dt = dt;
  }
  void end(const double time) { clock_.end = time; }

 private:
  using Exec = Kokkos::DefaultHostExecutionSpace;

  Fields<Exec> fields() const {
    const Fields<Exec> u("analytic", int(model_.species.size()), grid_.cells);
    std::vector<double> values(std::size_t(grid_.owned_count()));
    for (int n = 0; n < u.count(); ++n) {
      copy(n, values.data());
      const double* next = values.data();
      for (int k = 0; k < grid_.cells[2]; ++k)
        for (int j = 0; j < grid_.cells[1]; ++j)
          for (int i = 0; i < grid_.cells[0]; ++i) u[n](k, j, i) = *next++;
    }
    return u;
  }

  const ModelInfo& model_;
  Grid grid_;
  Column column_;
  Formula formula_;
  Communicator& ranks_;
  Clock clock_;
};

/// A grid owned by one rank.
inline Grid brick(const std::array<int, 3>& cells, const std::array<double, 3>& spacing) {
  return {cells, spacing, {0, 0, 0}, cells};
}

/// The part of `rank` when `ranks` share a grid along one axis, as unevenly as possible: one cell each, the
/// rest to the last.
inline Grid slab(Grid grid, const int axis, const int rank, const int ranks) {
  grid.first[axis] = rank;
  grid.cells[axis] = rank + 1 == ranks ? grid.cells[axis] - rank : 1;
  return grid;
}

}  // namespace kollagen::test
