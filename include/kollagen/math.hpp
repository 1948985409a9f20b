/// Mathematical functions for host and device that Kokkos offers under changing names.
#pragma once

#include <cmath>

#include "kollagen/types.hpp"

namespace kollagen {

/// Square root; Kokkos has one of its own from 3.7 on.
KOKKOS_FORCEINLINE_FUNCTION Real square_root(const Real x) {
#if KOKKOS_VERSION >= 30700
  return Kokkos::sqrt(x);
#else
  return ::sqrt(x);
#endif
}
KOKKOS_FORCEINLINE_FUNCTION float square_root(const float x) {
#if KOKKOS_VERSION >= 30700
  return Kokkos::sqrt(x);
#else
  return ::sqrtf(x);
#endif
}

}  // namespace kollagen
