/// Diffusion operators of the right-hand side: conservative seven-point stencils.
#pragma once

#include <type_traits>

#include "kernels/intact.hpp"
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
  Intact intact{};                 ///< where m is `multiplier`
  Span2<const Real> multiplier{};  ///< (0, k) of the layers, k from -1 to nz; read where m is intact only

  /// What the mobility gives for the fluxes of a cell, each that of a face times the difference of u across it.
  struct Couplings {
    T low[3], high[3];
  };
  /// From the mobility of a cell and those of its neighbours.
  KOKKOS_FORCEINLINE_FUNCTION static Couplings couplings(const T mc, const T (&ml)[3], const T (&mh)[3], const T (&w)[3]) {
    // Between closed cells 0/0 becomes 0; the product of six of these is still a normal number, of two in float.
    constexpr T tiny = std::is_same_v<T, float> ? T(1e-18) : T(1e-40);
    const T xl = (mc + ml[0]) + tiny, xh = (mc + mh[0]) + tiny;
    const T yl = (mc + ml[1]) + tiny, yh = (mc + mh[1]) + tiny;
    const T zl = (mc + ml[2]) + tiny, zh = (mc + mh[2]) + tiny;
    const T x = xl * xh, y = yl * yh, z = zl * zh;
    T along[3];  // w 2 mc over the denominators of an axis
    if constexpr (std::is_same_v<T, float>) {
      along[0] = w[0] * (2 * mc / x), along[1] = w[1] * (2 * mc / y), along[2] = w[2] * (2 * mc / z);
    } else {
      const T common = 2 * mc / (x * y * z);
      along[0] = w[0] * (common * (y * z)), along[1] = w[1] * (common * (x * z)), along[2] = w[2] * (common * (x * y));
    }
    return {{along[0] * xh * ml[0], along[1] * yh * ml[1], along[2] * zh * ml[2]},
            {along[0] * xl * mh[0], along[1] * yl * mh[1], along[2] * zl * mh[2]}};
  }
  KOKKOS_FORCEINLINE_FUNCTION static T flux_balance(const Span3<const T>& u, const Couplings& a, const int k, const int j,
                                                    const int i) {
    const T c = u(k, j, i);
    return ((a.high[0] * (u(k, j, i + 1) - c) - a.low[0] * (c - u(k, j, i - 1))) +
            (a.high[1] * (u(k, j + 1, i) - c) - a.low[1] * (c - u(k, j - 1, i)))) +
           (a.high[2] * (u(k + 1, j, i) - c) - a.low[2] * (c - u(k - 1, j, i)));
  }
  KOKKOS_FORCEINLINE_FUNCTION T operator()(const int k, const int j, const int i) const {
    const T low[3] = {m(k, j, i - 1), m(k, j - 1, i), m(k - 1, j, i)};
    const T high[3] = {m(k, j, i + 1), m(k, j + 1, i), m(k + 1, j, i)};
    return flux_balance(u, couplings(m(k, j, i), low, high, w), k, j, i);
  }

  /// The cells of a row where m is that of the layers.
  struct RestRow {
    Span3<const T> u;
    Couplings a;
    KOKKOS_FORCEINLINE_FUNCTION T operator()(const int k, const int j, const int i) const {
      return flux_balance(u, a, k, j, i);
    }
  };
  KOKKOS_FORCEINLINE_FUNCTION bool at_rest(const int k, const int j, const int i) const { return intact.at(k, j, i); }
  KOKKOS_FORCEINLINE_FUNCTION RestRow rest_row(const int k, const int) const {
    const T here = T(multiplier(0, k));
    const T low[3] = {here, here, T(multiplier(0, k - 1))}, high[3] = {here, here, T(multiplier(0, k + 1))};
    return {u, couplings(here, low, high, w)};
  }
};
using SignalDiffusion = BasicSignalDiffusion<Real>;

/// Rows of the table that describes how cells move from layer to layer.
enum LayerRow : int { layer_lateral, layer_vertical, layer_inverse_habitat, layer_rows };

/// Motion of cells relative to their habitat H(z): div(D m H grad(u/H)); with H = 1 Fick's law.
/// The table holds for each k: m; the harmonic face mean of m H between k-1 and k; 1/H. All 0 where
/// no cells live. Its entries k = -1 and nz repeat the last owned ones (a wall acts through the ghosts of u).
/// Relative: whether there is a habitat; else 1/H is 1, or 0 where the couplings are 0 anyway.
template <class T, bool Relative>
struct BasicLayerDiffusion {
  Span3<const T> u;
  Span2<const Real> layer;  ///< (LayerRow, k), k from -1 to nz
  Real w[3];                ///< D/dx^2, D/dy^2, D/dz^2 [1/h]

  struct Row {
    Span3<const T> u;
    // With a habitat the values of layers are not alike: their ratios are taken in double.
    using V = std::conditional_t<Relative, Real, T>;
    T x, y;                                     ///< couplings [1/h]
    V below, above;                             ///< [1/h]
    V inverse_below, inverse, inverse_above;  ///< 1/H
    KOKKOS_FORCEINLINE_FUNCTION T operator()(const int k, const int j, const int i) const {
      const T c = u(k, j, i);
      const T lateral = x * ((u(k, j, i + 1) - c) - (c - u(k, j, i - 1))) +
                        y * ((u(k, j + 1, i) - c) - (c - u(k, j - 1, i)));
      V here = c, up = u(k + 1, j, i), down = u(k - 1, j, i);
      if constexpr (Relative) here *= inverse, up *= inverse_above, down *= inverse_below;
      return T(lateral + (above * (up - here) - below * (here - down)));
    }
  };
  KOKKOS_FORCEINLINE_FUNCTION Row at_row(const int k, const int) const {
    using V = typename Row::V;
    const Real lateral = layer(layer_lateral, k);
    return {u,
            T(w[0] * lateral),
            T(w[1] * lateral),
            V(w[2] * layer(layer_vertical, k)),
            V(w[2] * layer(layer_vertical, k + 1)),
            V(layer(layer_inverse_habitat, k - 1)),
            V(layer(layer_inverse_habitat, k)),
            V(layer(layer_inverse_habitat, k + 1))};
  }
};

/// A species that stays where it is.
struct NoDiffusion {
  KOKKOS_FORCEINLINE_FUNCTION Real operator()(const int, const int, const int) const { return 0; }
};

}  // namespace kollagen
