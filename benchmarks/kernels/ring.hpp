/// Eight fields that all diffuse and react in a ring: a light reaction, so that memory alone should limit its
/// kernel.
#pragma once

#include "kollagen/types.hpp"

namespace kollagen {

/// Four pairs of a substrate a and an autocatalyst b after Gray and Scott; each pair feeds the substrate of
/// the next:
///   a' = -a b^2 + feed (1 - a) + leak b_before,   b' = a b^2 - (feed + kill + leak) b.
struct Ring {
  static constexpr int count = 8, site_count = 1;
  Real feed = 0.037, kill = 0.06, leak = 0.001;

  template <class R>
  KOKKOS_FORCEINLINE_FUNCTION void rates(const Real (&u)[count], const Real (&)[site_count], R& r) const {
    pair(u, r, 0, 6);
    pair(u, r, 2, 0);
    pair(u, r, 4, 2);
    pair(u, r, 6, 4);
  }
  template <class R>
  KOKKOS_FORCEINLINE_FUNCTION void pair(const Real (&u)[count], R& r, const int a, const int before) const {
    const Real b = u[a + 1], square = b * b;
    r.gain(a, feed + leak * u[before + 1]);
    r.lose(a, feed + square);
    r.gain(a + 1, u[a] * square);
    r.lose(a + 1, feed + kill + leak);
  }
};

}  // namespace kollagen
