/// The loop of a run: steps from event to event and offers the state to the outputs. Knows no physics and no format.
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

enum class RunOutcome { finished, step_limit, interrupted };

/// Runs to the end of the clock, or for `most_steps` accepted steps when that is >= 0. Every sink is offered
/// the first state, each instant it asked for (met exactly) and the last state; `finish` is called on a
/// completed run only. `after_step` is called after every step; the run stops where it returns false. Errors
/// of steps and sinks pass through.
RunOutcome drive(const Steppable& simulation, const std::vector<std::unique_ptr<Sink>>& sinks,
                 long most_steps, const std::function<bool()>& after_step);

}  // namespace kollagen
