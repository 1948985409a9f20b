/// Diffusion operators of the right-hand side: conservative seven-point stencils.
#pragma once

#include <type_traits>

#include "kollagen/types.hpp"

namespace kollagen {

/// Harmonic mean of two diffusivities: exact for steady flux through two layers; 0 when one side is closed.
KOKKOS_FORCEINLINE_FUNCTION Real harmonic(const Real a, const Real b) {
  const Real sum = a + b;
  return sum > 0 ? 2 * a * b / sum : Real(0);
}

/// D div(m grad u) of a signal, m the relative diffusivity of layers and clot [1]. Ghosts of u and m filled. Computed in the
/// words of the fields: what neighbouring values differ by is next to exact in both.
/// In double the harmonic means of all six faces are brought to one denominator: six divisions would take longer than all
/// the memory traffic. In float, where that product would leave the range, those of an axis are.
template <class T>
struct BasicSignalDiffusion {
  Span3<const T> u;
  Span3<const T> m;
  T w[3];  ///< D/dx^2, D/dy^2, D/dz^2 [1/h]

  /// (harmonic(mc, mh) (uh - c) - harmonic(mc, ml) (c - ul)) / (2 mc) as a fraction.
  struct Fraction {
    T above, below;
  };
  KOKKOS_FORCEINLINE_FUNCTION static Fraction axis(const T ml, const T mc, const T mh, const T ul, const T c,
                                                   const T uh) {
    // Between closed cells 0/0 becomes 0; the product of six of these is still a normal number, of two in float.
    constexpr T tiny = std::is_same_v<T, float> ? T(1e-18) : T(1e-40);
    const T low = (mc + ml) + tiny, high = (mc + mh) + tiny;
    return {mh * (uh - c) * low - ml * (c - ul) * high, low * high};
  }
  KOKKOS_FORCEINLINE_FUNCTION T operator()(const int k, const int j, const int i) const {
    const T c = u(k, j, i), mc = m(k, j, i);
    const Fraction x = axis(m(k, j, i - 1), mc, m(k, j, i + 1), u(k, j, i - 1), c, u(k, j, i + 1));
    const Fraction y = axis(m(k, j - 1, i), mc, m(k, j + 1, i), u(k, j - 1, i), c, u(k, j + 1, i));
    const Fraction z = axis(m(k - 1, j, i), mc, m(k + 1, j, i), u(k - 1, j, i), c, u(k + 1, j, i));
    if constexpr (std::is_same_v<T, float>) {
      return 2 * mc * (w[0] * (x.above / x.below) + w[1] * (y.above / y.below) + w[2] * (z.above / z.below));
    } else {
      const T yz = y.below * z.below;
      const T sum = w[0] * x.above * yz + x.below * (w[1] * y.above * z.below + w[2] * z.above * y.below);
      return 2 * mc * sum / (x.below * yz);
    }
  }
};
using SignalDiffusion = BasicSignalDiffusion<Real>;

/// Rows of the table that describes how cells move from layer to layer.
enum LayerRow : int { layer_lateral, layer_vertical, layer_inverse_habitat, layer_rows };

/// Motion of cells relative to their habitat H(z): div(D m H grad(u/H)); with H = 1 Fick's law.
/// The table holds for each k: m; the harmonic face mean of m H between k-1 and k; 1/H. All 0 where
/// no cells live. Its entries k = -1 and nz repeat the last owned ones (a wall acts through the ghosts of u).
template <class T>
struct BasicLayerDiffusion {
  Span3<const T> u;
  Span2<const Real> layer;  ///< (LayerRow, k), k from -1 to nz
  T w[3];                   ///< D/dx^2, D/dy^2, D/dz^2 [1/h]

  KOKKOS_FORCEINLINE_FUNCTION T operator()(const int k, const int j, const int i) const {
    const T c = u(k, j, i);
    const T lateral = w[0] * ((u(k, j, i + 1) - c) - (c - u(k, j, i - 1))) +
                      w[1] * ((u(k, j + 1, i) - c) - (c - u(k, j - 1, i)));
    // With a habitat the values of layers are not alike: their ratios are taken in double.
    const Real r = c * layer(layer_inverse_habitat, k);
    const Real up = u(k + 1, j, i) * layer(layer_inverse_habitat, k + 1) - r;
    const Real down = r - u(k - 1, j, i) * layer(layer_inverse_habitat, k - 1);
    return T(layer(layer_lateral, k) * lateral +
             w[2] * (layer(layer_vertical, k + 1) * up - layer(layer_vertical, k) * down));
  }
};
using LayerDiffusion = BasicLayerDiffusion<Real>;

/// A species that stays where it is.
struct NoDiffusion {
  KOKKOS_FORCEINLINE_FUNCTION Real operator()(const int, const int, const int) const { return 0; }
};

}  // namespace kollagen
