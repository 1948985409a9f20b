/// What outputs see of a running simulation, and the interface that every output implements.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kollagen/column.hpp"
#include "kollagen/communicator.hpp"
#include "kollagen/config.hpp"
#include "kollagen/distribution.hpp"
#include "kollagen/grid.hpp"
#include "kollagen/measure.hpp"
#include "kollagen/model/info.hpp"
#include "kollagen/record.hpp"

namespace kollagen {

/// Where a run stands. Times in h.
struct Clock {
  double time = 0;
  double end = 0;
  double dt = 0;  ///< last accepted step
  long step = 0;  ///< accepted steps so far
};

/// Read-only view of the state at one instant; values are copied to the host on request.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  virtual const Clock& clock() const = 0;
  /// The domain and this rank's part of it.
  virtual const Grid& grid() const = 0;
  virtual const ModelInfo& model() const = 0;
  /// Of the whole domain: k is the global index along z.
  virtual const Column& column() const = 0;
  /// The ranks that share the domain; outputs use it to write together.
  virtual Communicator& communicator() const = 0;
  /// Copies the owned cells of one species into `out` (owned_count values), x fastest, unit of the species.
  virtual void copy(int species, double* out) const = 0;
  /// Extremes of every species, and its exact sums over the planes of the domain, for all cells and for those that `mask`
  /// marks with 1 (owned cells, x fastest; empty: none); with `law` the read-outs of the skin too. Computed where the
  /// fields are, without copying them. Collective.
  virtual Measured measure(const std::vector<char>& mask, const std::optional<ReadOutLaw>& law) const = 0;
  /// Percentiles [%] of a species over some cells, and their histogram with so many bins (0: none). Computed where the field
  /// is. Collective.
  virtual Distribution distribution(int species, const CellSelection& selection, const std::vector<double>& percentiles,
                                    int bins) const = 0;
};

/// An output. All functions but the first two are collective. The driver asks `next_time` to land on it exactly and calls `write` at that instant.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual std::string name() const = 0;
  /// First instant >= `time` [h] at which this output wants to write; +infinity when there is none.
  virtual double next_time(double time) const = 0;
  /// Whether steps end exactly at the instants of `next_time`. Where they need not, `write` gets the first state at or after
  /// an instant, and the output changes no step.
  virtual bool sets_steps() const { return true; }
  /// Writes the snapshot. Called at the start (after the treatments of t = 0), at every instant of
  /// `next_time` and at the end. Throws IoError.
  virtual void write(const Snapshot& snapshot) = 0;
  /// Called once after the last write of a completed run.
  virtual void finish() {}
  /// Adds what this output has to remember, under "output/<kind>/<name>/", and brings its files to the disk: a
  /// checkpoint that counts on them is about to be written.
  virtual void save(Record& record) const = 0;
  /// Called instead of the first write when a run is resumed: takes over what `save` stored and brings the files into the
  /// state that they had then. Throws IoError when they hold less.
  virtual void restore(const Record& record, const Snapshot& snapshot) = 0;
};

}  // namespace kollagen
