/// How the species of a state are stored: all in double, or those that are not slow in float (docs/numerics.md, Precision).
#pragma once

#include <concepts>
#include <type_traits>

#include "kollagen/types.hpp"

namespace kollagen {

/// Unit in the last place of a float relative to its value, at most: 2^-23. A value that is stored as one is off by half of it.
inline constexpr double float_epsilon = 1.1920928955078125e-7;

/// Smaller values are stored as zero in float: far below what any scale of a field can tell from it, and far above the
/// subnormal numbers, which processors compute with a hundred times more slowly.
inline constexpr double smallest_float = 1e-20;

/// What a word of type T keeps of a value.
template <class T, class V>
KOKKOS_FORCEINLINE_FUNCTION T stored(const V value) {
  if constexpr (std::is_same_v<T, float>)
    return (value < 0 ? -value : value) < V(smallest_float) ? 0.0f : float(value);
  else
    return value;
}

/// A float that stays one: what it is combined with is taken as a float. The terms of a model, whose parameters are doubles,
/// thus compute in float where the values of a cell are of this type.
struct Single {
  float value = 0;

  Single() = default;
  template <class A>
    requires std::is_arithmetic_v<A>
  KOKKOS_FORCEINLINE_FUNCTION constexpr Single(const A a) : value(float(a)) {}
  KOKKOS_FORCEINLINE_FUNCTION constexpr explicit operator float() const { return value; }
  KOKKOS_FORCEINLINE_FUNCTION constexpr explicit operator Real() const { return value; }

  KOKKOS_FORCEINLINE_FUNCTION friend constexpr Single operator+(const Single a, const Single b) { return a.value + b.value; }
  KOKKOS_FORCEINLINE_FUNCTION friend constexpr Single operator-(const Single a, const Single b) { return a.value - b.value; }
  KOKKOS_FORCEINLINE_FUNCTION friend constexpr Single operator*(const Single a, const Single b) { return a.value * b.value; }
  KOKKOS_FORCEINLINE_FUNCTION friend constexpr Single operator/(const Single a, const Single b) { return a.value / b.value; }
  KOKKOS_FORCEINLINE_FUNCTION friend constexpr bool operator<(const Single a, const Single b) { return a.value < b.value; }
  KOKKOS_FORCEINLINE_FUNCTION friend constexpr bool operator>(const Single a, const Single b) { return a.value > b.value; }
  KOKKOS_FORCEINLINE_FUNCTION constexpr Single operator-() const { return -value; }
  KOKKOS_FORCEINLINE_FUNCTION constexpr Single& operator+=(const Single b) {
    value += b.value;
    return *this;
  }
};

/// A state as a kernel sees it whose species in the mask `Singles` are stored in float: two packed groups, each in the order
/// of the species. `at` is that of Span4.
template <unsigned Singles, class Single, class Double>
struct SplitSpan {
  using Word = float;
  static constexpr unsigned in_float = Singles;
  Span4<Single> singles;
  Span4<Double> doubles;

  KOKKOS_FORCEINLINE_FUNCTION static constexpr int ones(unsigned mask) {
    int count = 0;
    for (; mask != 0; mask &= mask - 1) ++count;
    return count;
  }
  template <int N>
  KOKKOS_FORCEINLINE_FUNCTION auto& at(const int k, const int j, const int i) const {
    constexpr unsigned before = (1u << N) - 1;
    if constexpr (((Singles >> N) & 1u) != 0) {
      constexpr int place = ones(Singles & before);
      return singles(place, k, j, i);
    } else {
      constexpr int place = ones(~Singles & before);
      return doubles(place, k, j, i);
    }
  }
};

/// Storage of a whole model: which type its species that are not slow have.
struct AllDouble {
  using Word = Real;
};
struct Mixed {
  using Word = float;
};

}  // namespace kollagen
