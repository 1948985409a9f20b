/// What the terms of a model write into: production and loss of each species in one cell.
#pragma once

#include "kollagen/types.hpp"

namespace kollagen {

/// Production [u/h] and loss coefficient [1/h] of the species in `Mask`: du/dt = production - loss * u.
/// Calls for other species compile to nothing, so one list of terms serves the full right-hand side, one
/// field at a time, and tests. Indices are constant expressions: after inlining this lives in registers.
/// T: what is computed with, Real or Single.
template <int Count, unsigned Mask = (1u << Count) - 1, class T = Real>
struct Rates {
  static constexpr unsigned mask = Mask;
  T production[Count] = {};
  T loss[Count] = {};

  /// Adds a production of species `n`. `rate` [u/h] must be >= 0 where all species are >= 0.
  KOKKOS_FORCEINLINE_FUNCTION void gain(const int n, const T rate) {
    if ((Mask >> n) & 1u) production[n] += rate;
  }
  /// Adds a loss of species `n` at `coefficient` [1/h] >= 0 times its value.
  KOKKOS_FORCEINLINE_FUNCTION void lose(const int n, const T coefficient) {
    if ((Mask >> n) & 1u) loss[n] += coefficient;
  }
};

/// The positive part; compiles to one select.
template <class T>
KOKKOS_FORCEINLINE_FUNCTION T pos(const T x) {
  return x > 0 ? x : T(0);
}
/// Saturation h(x; K) = x/(K+x).
template <class T>
KOKKOS_FORCEINLINE_FUNCTION T hill(const T x, const Real k) {
  return x / (k + x);
}
/// Saturation h2(x; K) = x^2/(K^2+x^2).
template <class T>
KOKKOS_FORCEINLINE_FUNCTION T hill2(const T x, const Real k) {
  return x * x / (k * k + x * x);
}

}  // namespace kollagen
