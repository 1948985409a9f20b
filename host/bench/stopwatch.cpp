#include "host/bench/stopwatch.hpp"

#include <algorithm>
#include <cmath>

namespace kollagen {

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : 0.5 * (values[middle - 1] + values[middle]);
}

double Stopwatch::probe() {
  probes_.push_back(probe_.rate());
  return probes_.back();
}

double Stopwatch::time(const std::function<void()>& work, const int times) const {
  Exec().fence();
  const Kokkos::Timer timer;
  for (int i = 0; i < times; ++i) work();
  Exec().fence();
  return timer.seconds() / times;
}

Measurement Stopwatch::measure(const std::string& name, const double cells, const double bytes_per_cell,
                               const Effort& effort, const std::function<void()>& work) {
  constexpr double shortest = 2e-3;  // [s]
  const int times = int(std::clamp(std::ceil(shortest / time(work, 1)), 1.0, 200.0));
  return repeat(name, cells, bytes_per_cell, effort, times, nullptr, work);
}

Measurement Stopwatch::measure_once_each(const std::string& name, const double cells, const Effort& effort,
                                         const std::function<void()>& prepare,
                                         const std::function<void()>& work) {
  return repeat(name, cells, 0, effort, 1, prepare, work);
}

Measurement Stopwatch::repeat(const std::string& name, const double cells, const double bytes_per_cell,
                              const Effort& effort, const int times, const std::function<void()>& prepare,
                              const std::function<void()>& work) {
  const Kokkos::Timer all;
  std::vector<double> seconds, copies;
  if (!prepare) copies.push_back(probe());
  while (int(seconds.size()) < effort.fewest ||
         (int(seconds.size()) < effort.most && all.seconds() < effort.seconds)) {
    if (prepare) {
      prepare();
      copies.push_back(probe());
    }
    seconds.push_back(time(work, times));
    copies.push_back(probe());
  }
  const auto [least, most] = std::minmax_element(seconds.begin(), seconds.end());
  return {name,          cells, bytes_per_cell, median(seconds), *least, *most, int(seconds.size()) * times,
          median(copies)};
}

}  // namespace kollagen
