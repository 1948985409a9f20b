/// Chemotaxis: conservative, flux-limited, second order where smooth; cells follow the gradient of a signal.
#pragma once

#include "kernels/for_cells.hpp"
#include "kernels/ghosts.hpp"
#include "kollagen/model/rates.hpp"
#include "kollagen/model/transport.hpp"
#include "kollagen/types.hpp"

namespace kollagen {

/// Van Leer's harmonic slope of `u` along one axis, per cell width; 0 at extrema. Ghosts of u filled.
struct LimitedSlope {
  Span3<const Real> u;
  Span3<Real> slope;
  int axis;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    const int di = axis == 0, dj = axis == 1, dk = axis == 2;
    const Real c = u(k, j, i);
    const Real left = c - u(k - dk, j - dj, i - di), right = u(k + dk, j + dj, i + di) - c;
    const Real product = left * right;
    slope(k, j, i) = product > 0 ? 2 * product / (left + right) : Real(0);
  }
};

/// divergence(k,j,i) (+)= -(J_{right} - J_{left})/h along one axis, J = u_up q(n) v through each face:
/// u_up is the limited upwind value; q the harmonic mean of max(0, 1 - n/n_max) of both cells, so a full
/// cell takes nothing (volume filling, Painter & Hillen 2002); v = law.velocity of the attractant's face gradient.
/// A face is closed where either side holds no cells (open(k) = 0) and at walls. Ghosts of all inputs filled.
struct ChemotaxisDivergence {
  ChemotaxisLaw law;
  Span3<const Real> u;
  Span3<const Real> slope;
  Span3<const Real> attractant;
  Span3<const Real> crowd_a, crowd_b;  ///< crowding counts a + b; both the same field when b is absent
  Real weight_b;                       ///< 1, or 0 when b is absent
  Span2<const Real> inverse_full;      ///< (0, k) 1/n_max of the layer, k from -1 to nz; 0: no crowding
  Span2<const Real> open;              ///< (0, k) 1 where cells live, k from -1 to nz
  Span3<Real> divergence;
  int axis;
  bool first;  ///< the first axis overwrites, the others add
  bool wall_low, wall_high;
  int n;  ///< owned cells along the axis
  Real inv_h;

  KOKKOS_FORCEINLINE_FUNCTION Real room(const int k, const int j, const int i) const {
    return pos(1 - (crowd_a(k, j, i) + weight_b * crowd_b(k, j, i)) * inverse_full(0, k));
  }
  /// Flux through the face between cell a (lower side) and cell b.
  KOKKOS_FORCEINLINE_FUNCTION Real flux(const int ka, const int ja, const int ia, const int kb, const int jb,
                                        const int ib) const {
    const Real v = law.velocity(attractant(ka, ja, ia), attractant(kb, jb, ib), inv_h);
    const Real up = v > 0 ? u(ka, ja, ia) + Real(0.5) * slope(ka, ja, ia)
                          : u(kb, jb, ib) - Real(0.5) * slope(kb, jb, ib);
    const Real qa = room(ka, ja, ia), qb = room(kb, jb, ib), sum = qa + qb;
    const Real q = sum > 0 ? 2 * qa * qb / sum : Real(0);
    return open(0, ka) * open(0, kb) * up * q * v;
  }
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    const int di = axis == 0, dj = axis == 1, dk = axis == 2;
    const int index = di * i + dj * j + dk * k;
    const Real low = flux(k - dk, j - dj, i - di, k, j, i) * ((wall_low && index == 0) ? Real(0) : Real(1));
    const Real high =
        flux(k, j, i, k + dk, j + dj, i + di) * ((wall_high && index == n - 1) ? Real(0) : Real(1));
    const Real d = (low - high) * inv_h;
    divergence(k, j, i) = first ? d : divergence(k, j, i) + d;
  }
};

}  // namespace kollagen
