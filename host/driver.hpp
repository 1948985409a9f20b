/// The loop of a run: steps from event to event, offers the state to the outputs and asks for checkpoints.
/// Knows no physics and no format.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "kollagen/snapshot.hpp"

namespace kollagen {

/// What the loop needs of a simulation.
struct Steppable {
  std::function<void(double limit)> step;  ///< one accepted step, at most to `limit` [h]
  const Snapshot& snapshot;
};

/// What is wanted at the edge of a step besides the outputs that are due: a checkpoint, that one and the end, all
/// outputs once more. changed: the state is no longer what a checkpoint may already hold.
enum class Wish { go_on, checkpoint, stop, output, changed };

/// How a run is kept; the empty plan runs to the end and keeps nothing.
struct Plan {
  bool resumed = false;              ///< the state comes from a checkpoint, whose outputs have been written
  long most_steps = -1;              ///< accepted steps of this session; negative: no limit
  std::function<void()> checkpoint;  ///< writes one; empty: none are written
  /// First instant >= the given one [h] at which a checkpoint is due, met exactly like an output; empty:
  /// none. It is part of the study: the steps of a run depend on it, whether or not `checkpoint` is given.
  std::function<double(double time)> next_checkpoint;
  /// Asked before the first step and after every one, when its outputs are written, and again after `output` and
  /// `changed`; the same answer on all ranks. Empty: go on.
  std::function<Wish()> at_edge;
};

enum class RunOutcome { finished, step_limit, interrupted };

/// Runs to the end of the clock. Every sink is offered the first state, each instant it asked for (met
/// exactly, or by the first state after it: Sink::sets_steps) and the last state; `finish` is called on a completed run only. At the edge of a step come its
/// outputs, then its checkpoint, then the decision to stop. A run that stops early writes no output that it
/// would not have written otherwise, only a checkpoint: continued, it leaves the same files as a run that did
/// not stop. The first checkpoint is that of t = 0; a completed run writes none at its end. Errors of steps,
/// sinks and checkpoints pass through. Collective.
RunOutcome drive(const Steppable& simulation, const std::vector<std::unique_ptr<Sink>>& sinks,
                 const Plan& plan);

}  // namespace kollagen
