/// Times work on the default backend, next to the copy bandwidth of the same moments.
#pragma once

#include <Kokkos_Core.hpp>
#include <functional>
#include <string>
#include <vector>

#include "host/bench/result.hpp"
#include "kernels/bandwidth.hpp"

namespace kollagen {

double median(std::vector<double> values);

class Stopwatch {
 public:
  using Exec = Kokkos::DefaultExecutionSpace;

  /// Probe of a = 2 b between arrays of so many MiB.
  explicit Stopwatch(const int mebibytes) : probe_(Exec(), mebibytes) {}

  /// How often `measure` repeats: at least `fewest` times, then until `seconds` have passed, at most `most`
  /// times.
  struct Effort {
    double seconds;
    int fewest, most;
  };

  /// Times `work`, which has been run before, with a copy before and after each repetition. Short work is
  /// done several times in a repetition, so that launching it and waiting for it does not count.
  Measurement measure(const std::string& name, double cells, double bytes_per_cell, const Effort& effort,
                      const std::function<void()>& work);
  /// The same for work that cannot be repeated as it is: `prepare` comes before each repetition and is not
  /// timed.
  Measurement measure_once_each(const std::string& name, double cells, const Effort& effort,
                                const std::function<void()>& prepare, const std::function<void()>& work);

  /// Bandwidth of a copy now [B/s].
  double probe();
  /// Median over all probes so far [B/s].
  double copy() const { return median(probes_); }

 private:
  double time(const std::function<void()>& work, int times) const;
  /// Without `prepare`, the copy after one repetition is that before the next.
  Measurement repeat(const std::string& name, double cells, double bytes_per_cell, const Effort& effort,
                     int times, const std::function<void()>& prepare, const std::function<void()>& work);

  CopyProbe<Exec> probe_;
  std::vector<double> probes_;
};

}  // namespace kollagen
