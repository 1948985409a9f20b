#include "host/driver.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace kollagen {
namespace {

/// Instants that agree to this part of their size are one, met at the earliest: 3 * 0.1 h and 0.3 h are not
/// two, and a step of one rounding between them would cost dozens more until the steps have grown again.
constexpr double relative_rounding = 1e-12;
constexpr double never = std::numeric_limits<double>::infinity();

}  // namespace

RunOutcome drive(const Steppable& simulation, const std::vector<std::unique_ptr<Sink>>& sinks,
                 const Plan& plan) {
  const Clock& clock = simulation.snapshot.clock();
  const auto later = [&] {
    return std::max(std::nextafter(clock.time, never), clock.time * (1 + relative_rounding));
  };
  const auto write_all = [&] {
    for (const auto& sink : sinks) sink->write(simulation.snapshot);
  };
  const auto keep = [&] {
    if (plan.checkpoint) plan.checkpoint();
  };
  std::vector<double> due(sinks.size());
  double checkpoint_due = never;
  const auto ask_sinks = [&] {
    for (std::size_t s = 0; s < sinks.size(); ++s) due[s] = sinks[s]->next_time(later());
  };
  const auto ask_plan = [&] {
    if (plan.next_checkpoint) checkpoint_due = plan.next_checkpoint(later());
  };

  if (!plan.resumed) {
    write_all();
    if (clock.time < clock.end) keep();
  }
  ask_sinks();
  ask_plan();
  const long first_step = clock.step;
  bool kept = true;  // of this state: a resumed one came from a checkpoint
  while (clock.time < clock.end) {
    Wish wish = plan.at_edge ? plan.at_edge() : Wish::go_on;
    for (; wish == Wish::output || wish == Wish::changed; wish = plan.at_edge())
      if (wish == Wish::output)
        write_all();
      else
        kept = false;
    const bool enough = plan.most_steps >= 0 && clock.step - first_step >= plan.most_steps;
    if (!kept && (checkpoint_due < later() || wish != Wish::go_on || enough)) keep();
    if (enough) return RunOutcome::step_limit;
    if (wish == Wish::stop) return RunOutcome::interrupted;
    if (checkpoint_due < later()) ask_plan();

    double limit = std::min(clock.end, checkpoint_due);
    for (std::size_t s = 0; s < sinks.size(); ++s)
      if (sinks[s]->sets_steps()) limit = std::min(limit, due[s]);
    if (limit * (1 + relative_rounding) >= clock.end) limit = clock.end;
    simulation.step(limit);
    kept = false;

    bool any = false;
    for (std::size_t s = 0; s < sinks.size(); ++s) {
      if (due[s] >= later() || clock.time >= clock.end) continue;  // at the end all are written
      sinks[s]->write(simulation.snapshot);
      any = true;
    }
    if (any) ask_sinks();
  }
  write_all();
  for (const auto& sink : sinks) sink->finish();
  return RunOutcome::finished;
}

}  // namespace kollagen
