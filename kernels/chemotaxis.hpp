/// Chemotaxis: conservative, flux-limited, second order where smooth; cells follow the gradient of a signal.
#pragma once

#include "kernels/for_cells.hpp"
#include "kernels/ghosts.hpp"
#include "kollagen/model/rates.hpp"
#include "kollagen/model/transport.hpp"
#include "kollagen/types.hpp"

namespace kollagen {

/// Van Leer's harmonic slopes of `u` along the three axes, per cell width; 0 at extrema. Ghosts of u filled.
/// Float: a slope shifts the value at a face and no more, so that what leaves a cell still enters its
/// neighbour. Slopes may be up to 1e19, far beyond what the guards let a field grow to.
template <class T>
struct BasicLimitedSlopes {
  Span3<const T> u;
  Span3<float> slope[3];

  /// The same bits with its arguments exchanged: mirrored fields give mirrored slopes.
  KOKKOS_FORCEINLINE_FUNCTION static float limited(const T left, const T right) {
    const T product = left * right;
    return product > 0 ? float(2 * product) / float(left + right) : 0.0f;
  }
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    const T c = u(k, j, i);
    slope[0](k, j, i) = limited(c - u(k, j, i - 1), u(k, j, i + 1) - c);
    slope[1](k, j, i) = limited(c - u(k, j - 1, i), u(k, j + 1, i) - c);
    slope[2](k, j, i) = limited(c - u(k - 1, j, i), u(k + 1, j, i) - c);
  }
};
using LimitedSlopes = BasicLimitedSlopes<Real>;

/// divergence(k,j,i) = -sum over the axes of (J_{right} - J_{left})/h, J = u_up q(n) v through each face:
/// u_up is the limited upwind value; q the harmonic mean of max(0, 1 - n/n_max) of both cells, so a full
/// cell takes nothing (volume filling, Painter & Hillen 2002); v = law.velocity of the attractant's face
/// gradient. A face is closed where either side holds no cells (open(k) = 0) and at walls. Ghosts of all
/// inputs filled. Each flux costs one division and one root, and is the same, bit for bit, in the two cells
/// that it joins. Computed in the words of the fields.
template <class T>
struct BasicChemotaxisDivergence {
  ChemotaxisLaw law;
  Span3<const T> u;
  Span3<const float> slope[3];
  Span3<const T> attractant;
  Span3<const T> crowd_a, crowd_b;  ///< crowding counts a + b; both the same field when b is absent
  T weight_b;                          ///< 1, or 0 when b is absent
  Span2<const Real> inverse_full;      ///< (0, k) 1/n_max of the layer, k from -1 to nz; 0: no crowding
  Span2<const Real> open;              ///< (0, k) 1 where cells live, k from -1 to nz
  Span3<T> divergence;
  bool wall[6];
  int n[3];       ///< owned cells
  T inv_h[3];     ///< 0 along an axis of one cell: nothing moves along it

  /// What a face needs to know of one of its cells.
  struct Side {
    T room;    ///< max(0, 1 - n/n_max)
    T signal;  ///< attractant
    T value;   ///< u at the face, from this side
  };

  struct Row;
  KOKKOS_FORCEINLINE_FUNCTION Row at_row(int k, int j) const;
};

/// The kernel for one row: what depends on j and k only is looked up once.
template <class T>
struct BasicChemotaxisDivergence<T>::Row {
  BasicChemotaxisDivergence f;
  T lateral, south, north, below, above;  ///< 1 where faces are open, 0 where not
  T full_below, full, full_above;

  KOKKOS_FORCEINLINE_FUNCTION Side side(const int axis, const T half_slope, const T inverse,
                                        const int k, const int j, const int i) const {
    const T room = 1 - (f.crowd_a(k, j, i) + f.weight_b * f.crowd_b(k, j, i)) * inverse;
    return {room > 0 ? room : T(0), f.attractant(k, j, i), f.u(k, j, i) + half_slope * T(f.slope[axis](k, j, i))};
  }
  KOKKOS_FORCEINLINE_FUNCTION T flux(const Side& low, const Side& high, const T inv_h) const {
    const auto v = f.law.velocity_fraction(low.signal, high.signal, inv_h);
    const T up = v.above > 0 ? low.value : high.value;
    const T sum = low.room + high.room;
    return v.above * up * (2 * low.room * high.room) / (v.below * (sum > 0 ? sum : T(1)));
  }
  KOKKOS_FORCEINLINE_FUNCTION T along(const int axis, const T open_low, const T open_high, const T full_low, const T full_high,
                                      const int k, const int j, const int i) const {
    const int di = axis == 0, dj = axis == 1, dk = axis == 2;
    const T half = T(0.5);
    const Side low = side(axis, half, full_low, k - dk, j - dj, i - di);
    const Side high = side(axis, -half, full_high, k + dk, j + dj, i + di);
    const T in = open_low * flux(low, side(axis, -half, full, k, j, i), f.inv_h[axis]);
    const T out = open_high * flux(side(axis, half, full, k, j, i), high, f.inv_h[axis]);
    return (in - out) * f.inv_h[axis];
  }
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    const T west = f.wall[0] && i == 0 ? T(0) : lateral;
    const T east = f.wall[1] && i == f.n[0] - 1 ? T(0) : lateral;
    f.divergence(k, j, i) = along(0, west, east, full, full, k, j, i) +
                            along(1, south, north, full, full, k, j, i) +
                            along(2, below, above, full_below, full_above, k, j, i);
  }
};

template <class T>
KOKKOS_FORCEINLINE_FUNCTION typename BasicChemotaxisDivergence<T>::Row BasicChemotaxisDivergence<T>::at_row(
    const int k, const int j) const {
  const T here = T(open(0, k));
  return {*this,
          here,
          wall[2] && j == 0 ? T(0) : here,
          wall[3] && j == n[1] - 1 ? T(0) : here,
          wall[4] && k == 0 ? T(0) : here * T(open(0, k - 1)),
          wall[5] && k == n[2] - 1 ? T(0) : here * T(open(0, k + 1)),
          T(inverse_full(0, k - 1)),
          T(inverse_full(0, k)),
          T(inverse_full(0, k + 1))};
}
using ChemotaxisDivergence = BasicChemotaxisDivergence<Real>;

}  // namespace kollagen
