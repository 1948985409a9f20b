/// What outputs see of a running simulation, and the interface that every output implements.
#pragma once

#include <string>
#include <vector>

#include "kollagen/column.hpp"
#include "kollagen/config.hpp"
#include "kollagen/grid.hpp"
#include "kollagen/model/info.hpp"

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
  virtual const Grid& grid() const = 0;
  virtual const ModelInfo& model() const = 0;
  virtual const Column& column() const = 0;
  /// Copies the owned cells of one species into `out` (owned_count values), x fastest, unit of the species.
  virtual void copy(int species, double* out) const = 0;
};

/// An output. The driver asks `next_time` to land on it exactly and calls `write` at that instant.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual std::string name() const = 0;
  /// First instant >= `time` [h] at which this output wants to write; +infinity when there is none.
  virtual double next_time(double time) const = 0;
  /// Writes the snapshot. Called at the start (after the treatments of t = 0), at every instant of
  /// `next_time` and at the end. Throws IoError.
  virtual void write(const Snapshot& snapshot) = 0;
  /// Called once after the last write of a completed run.
  virtual void finish() {}
};

}  // namespace kollagen
