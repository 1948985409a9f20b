/// Copy bandwidth of this device: the yardstick of every performance figure.
#pragma once

#include <algorithm>
#include <array>

#include "kernels/for_cells.hpp"
#include "kollagen/fields.hpp"

namespace kollagen {

/// a = 2 b, the probe of docs/performance.md.
struct ScaleCopy {
  Span3<const Real> b;
  Span3<Real> a;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    a(k, j, i) = 2 * b(k, j, i);
  }
};

/// Bytes per second of a = 2 b, counting one read and one write; median of five runs over arrays of 64 MiB, which
/// exceed the caches. Takes about a tenth of a second.
template <class Exec>
double copy_bandwidth(const Exec& exec) {
  const std::array<int, 3> cells{8192, 32, 32};
  const Fields<Exec> fields("bandwidth probe", 2, cells);
  std::array<double, 5> rates{};
  const double bytes = 2.0 * sizeof(Real) * double(fields.owned().cells());
  for (int run = -1; run < int(rates.size()); ++run) {
    Kokkos::Timer timer;
    for_cells("kollagen/bandwidth/copy", exec, fields.owned(), ScaleCopy{fields[0], fields[1]});
    exec.fence();
    if (run >= 0) rates[run] = bytes / timer.seconds();
  }
  std::sort(rates.begin(), rates.end());
  return rates[rates.size() / 2];
}

}  // namespace kollagen
