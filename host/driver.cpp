#include "host/driver.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace kollagen {

RunOutcome drive(const Steppable& simulation, const std::vector<std::unique_ptr<Sink>>& sinks,
                 const long most_steps, const std::function<void()>& after_step) {
  const Clock& clock = simulation.snapshot.clock();
  const auto write_all = [&] {
    for (const auto& sink : sinks) sink->write(simulation.snapshot);
  };
  std::vector<double> due(sinks.size());
  const auto ask = [&] {
    const double later = std::nextafter(clock.time, std::numeric_limits<double>::infinity());
    for (std::size_t s = 0; s < sinks.size(); ++s) due[s] = sinks[s]->next_time(later);
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
    simulation.step(limit);
    after_step();
    bool any = false;
    for (std::size_t s = 0; s < sinks.size(); ++s) {
      if (due[s] > clock.time) continue;
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
