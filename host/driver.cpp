#include "host/driver.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace kollagen {
namespace {

/// Instants that agree to this part of their size are one, met at the earliest: 3 * 0.1 h and 0.3 h are not two, and a
/// step of one rounding between them would cost dozens more until the steps have grown again.
constexpr double relative_rounding = 1e-12;

}  // namespace

RunOutcome drive(const Steppable& simulation, const std::vector<std::unique_ptr<Sink>>& sinks,
                 const long most_steps, const std::function<bool()>& after_step) {
  const Clock& clock = simulation.snapshot.clock();
  const auto write_all = [&] {
    for (const auto& sink : sinks) sink->write(simulation.snapshot);
  };
  std::vector<double> due(sinks.size());
  const auto later = [&] {
    return std::max(std::nextafter(clock.time, std::numeric_limits<double>::infinity()),
                    clock.time * (1 + relative_rounding));
  };
  const auto ask = [&] {
    for (std::size_t s = 0; s < sinks.size(); ++s) due[s] = sinks[s]->next_time(later());
  };

  write_all();
  ask();
  const long first_step = clock.step;
  while (clock.time < clock.end) {
    if (most_steps >= 0 && clock.step - first_step >= most_steps) {
      write_all();
      return RunOutcome::step_limit;
    }
    double limit = clock.end;
    for (const double time : due) limit = std::min(limit, time);
    if (limit * (1 + relative_rounding) >= clock.end) limit = clock.end;
    simulation.step(limit);
    if (!after_step() && clock.time < clock.end) {
      write_all();
      return RunOutcome::interrupted;
    }
    bool any = false;
    for (std::size_t s = 0; s < sinks.size(); ++s) {
      if (due[s] >= later()) continue;
      sinks[s]->write(simulation.snapshot);
      any = true;
    }
    if (any) ask();
  }
  write_all();
  for (const auto& sink : sinks) sink->finish();
  return RunOutcome::finished;
}

}  // namespace kollagen
