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

/// Two arrays and the time of a = 2 b between them, for figures that are taken next to the bandwidth of the same moment.
template <class Exec>
class CopyProbe {
 public:
  /// Arrays of `mebibytes` each, a multiple of 8; together they should exceed the caches by far. They are touched here.
  CopyProbe(const Exec& exec, const int mebibytes)
      : exec_(exec), fields_("bandwidth probe", 2, {8192, 32, mebibytes / 2}) {
    rate();
  }
  /// Bytes per second of one pass, counting one read and one write. Waits for it.
  double rate() const {
    exec_.fence();
    Kokkos::Timer timer;
    for_cells("kollagen/bandwidth/copy", exec_, fields_.owned(), ScaleCopy{fields_[0], fields_[1]});
    exec_.fence();
    return 2.0 * sizeof(Real) * double(fields_.owned().cells()) / timer.seconds();
  }

 private:
  Exec exec_;
  Fields<Exec> fields_;
};

/// Bytes per second of a = 2 b, counting one read and one write; median of five runs over arrays of 64 MiB, which
/// exceed the caches. Takes about a tenth of a second.
template <class Exec>
double copy_bandwidth(const Exec& exec) {
  const CopyProbe<Exec> probe(exec, 64);
  std::array<double, 5> rates{};
  for (double& rate : rates) rate = probe.rate();
  std::sort(rates.begin(), rates.end());
  return rates[rates.size() / 2];
}

}  // namespace kollagen
