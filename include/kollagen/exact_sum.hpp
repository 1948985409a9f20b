/// Sums of many numbers that do not depend on their order: the same bits for any number of ranks, threads and any backend.
#pragma once

#include <cmath>

#include "kollagen/types.hpp"

namespace kollagen {

/// Three partial sums, each of which is exact: an addition in any order and grouping gives the same bits.
struct ExactSum {
  Real part[3] = {0, 0, 0};
  KOKKOS_FORCEINLINE_FUNCTION ExactSum& operator+=(const ExactSum& other) {
    for (int p = 0; p < 3; ++p) part[p] += other.part[p];
    return *this;
  }
  KOKKOS_FORCEINLINE_FUNCTION Real value() const { return part[0] + (part[1] + part[2]); }
};

/// Splits numbers into multiples of three fixed units, coarse to fine, such that `count` of them add up exactly in each unit
/// (Demmel and Nguyen, ARITH 2013, "Fast reproducible floating-point summation"). What is smaller than the last unit is
/// dropped: for a billion numbers 2^-61 of the largest.
struct ExactSplit {
  Real shift[3] = {0, 0, 0};

  ExactSplit() = default;
  /// `largest` bounds the size of every number and `count` how many there are; both must be the same on every rank.
  /// A `largest` that is not finite makes every sum not-a-number.
  ExactSplit(const double largest, const double count) {
    if (largest == 0) return;
    int above = 0, members = 0;
    std::frexp(largest, &above);  // |number| < 2^above
    std::frexp(count, &members);  // count < 2^members
    for (Real& s : shift) {
      const int exponent = above + members + 1;
      s = std::isfinite(largest) ? std::ldexp(1.5, exponent) : std::nan("");
      above = exponent - 52;  // half a unit of this shift, and one to spare
    }
  }

  /// Adds `value` to `sum`.
  KOKKOS_FORCEINLINE_FUNCTION void add(ExactSum& sum, const Real value) const {
    Real rest = value;
    for (int p = 0; p < 3; ++p) {
      const Real rounded = (shift[p] + rest) - shift[p];
      sum.part[p] += rounded;
      rest -= rounded;
    }
  }
};

}  // namespace kollagen

template <>
struct Kokkos::reduction_identity<kollagen::ExactSum> {
  KOKKOS_FORCEINLINE_FUNCTION static kollagen::ExactSum sum() { return {}; }
};
