/// Laws of motion that are more than Fick's: what one face or one cell needs to know, as plain values.
#pragma once

#include "kollagen/math.hpp"
#include "kollagen/types.hpp"

namespace kollagen {

/// Chemotaxis of one species along the gradient of another, with receptor saturation, a speed cap and volume
/// filling (docs/model.md, cells). The flux through a face is u q(n) v with q(n) = max(0, 1 - n/n_max).
struct ChemotaxisLaw {
  int species = -1;         ///< what moves
  int attractant = -1;      ///< what it follows
  int crowd_a = -1;         ///< n = u[crowd_a] + u[crowd_b]
  int crowd_b = -1;         ///< -1: n = u[crowd_a]
  Real sensitivity = 0;     ///< [um^2/h per unit of the attractant] at zero concentration
  Real inv_half = 0;        ///< [1/unit of the attractant] 1/K; 0: no saturation
  Real inv_speed_cap2 = 0;  ///< [h^2/um^2] 1/v_max^2; 0: no cap
  Real crowding = 0;  ///< n_max as a multiple of the local F0, or absolute where `crowding_by_habitat` is
                      ///< false; 0: no crowding
  bool crowding_by_habitat = false;

  /// Speed [um/h] along +axis at the face between two cells with attractant `left` and `right`:
  /// v = w / sqrt(1 + (w/v_max)^2), w = sensitivity / (1 + c/K)^2 dc/dx, c the mean of both cells.
  /// `inv_h` [1/um] is one over the spacing along that axis.
  KOKKOS_FORCEINLINE_FUNCTION Real velocity(const Real left, const Real right, const Real inv_h) const {
    const Fraction<Real> v = velocity_fraction(left, right, inv_h);
    return v.above / v.below;
  }
  /// velocity = above/below, for those who have more to divide by; `below` is positive.
  template <class T>
  struct Fraction {
    T above, below;
  };
  template <class T>
  KOKKOS_FORCEINLINE_FUNCTION Fraction<T> velocity_fraction(const T left, const T right, const T inv_h) const {
    const T occupied = 1 + T(0.5) * (left + right) * T(inv_half), square = occupied * occupied;
    const T w = T(sensitivity) * (right - left) * inv_h;
    return {w, square_root(square * square + w * w * T(inv_speed_cap2))};
  }
};

/// Easier diffusion of signals in the clot: the layer's multiplier times 1 + (m_clot - 1) B/(B + B_half).
struct ClotFactor {
  int species = -1;  ///< the clot; -1 in a model without one
  Real m_clot = 1;   ///< [1]
  Real half = 1;     ///< [unit of the clot] B_half

  KOKKOS_FORCEINLINE_FUNCTION Real operator()(const Real clot) const {
    return 1 + (m_clot - 1) * clot / (clot + half);
  }
};

}  // namespace kollagen
