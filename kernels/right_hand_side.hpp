/// The whole right-hand side in one pass: rates of all species, diffusion of those that move, chemotaxis as a
/// given field.
#pragma once

#include <utility>

#include "kernels/operators.hpp"
#include "kernels/reactions.hpp"
#include "kollagen/types.hpp"

namespace kollagen {

/// What one row of cells needs of the table of layers (operators.hpp, LayerDiffusion).
struct LayerRowValues {
  Real lateral = 0;
  Real vertical_below = 0, vertical_above = 0;
  Real inverse_below = 0, inverse = 0, inverse_above = 0;

  KOKKOS_FORCEINLINE_FUNCTION static LayerRowValues at(const Span2<const Real>& layer, const int k) {
    return {layer(layer_lateral, k),         layer(layer_vertical, k),
            layer(layer_vertical, k + 1),    layer(layer_inverse_habitat, k - 1),
            layer(layer_inverse_habitat, k), layer(layer_inverse_habitat, k + 1)};
  }
};

/// Harmonic means of the relative diffusivity on the six faces of a cell, computed once for all signals.
/// They are brought to one denominator: six divisions of their own take as long as six fields from memory.
struct FaceMobility {
  Real west = 0, east = 0, south = 0, north = 0, below = 0, above = 0;

  KOKKOS_FORCEINLINE_FUNCTION static FaceMobility at(const Span3<const Real>& m, const int k, const int j,
                                                     const int i) {
    constexpr Real tiny =
        1e-40;  // between closed cells 0/0 becomes 0; the product of six is still a normal number
    const Real c = m(k, j, i);
    const Real w = m(k, j, i - 1), e = m(k, j, i + 1), s = m(k, j - 1, i), n = m(k, j + 1, i);
    const Real b = m(k - 1, j, i), a = m(k + 1, j, i);
    const Real cw = c + w + tiny, ce = c + e + tiny, cs = c + s + tiny, cn = c + n + tiny;
    const Real cb = c + b + tiny, ca = c + a + tiny;
    const Real x = cw * ce, y = cs * cn, z = cb * ca;
    const Real common = 2 * c / (x * y * z);
    const Real along_x = common * (y * z), along_y = common * (x * z), along_z = common * (x * y);
    return {along_x * ce * w, along_x * cw * e, along_y * cn * s,
            along_y * cs * n, along_z * ca * b, along_z * cb * a};
  }
};

/// out = a base + b u + c (production - loss u + transport) for all species: one pass over the state.
/// `Signals` diffuse with the mobility, `Cells` from layer to layer, species `Extra` (-1: none) changes by
/// `extra` too. With empty masks it is the reactions alone. Ghosts of the moving species and of the mobility
/// filled. `out` may be `base`, but not `u`. On sm_90 the 16 fields of dermal take 223 registers (248 with forcing)
/// and spill none: one kernel serves hosts and devices.
template <class Model, unsigned Signals, unsigned Cells, int Extra, bool Forced>
struct RightHandSide {
  Model model;
  CellInput<Model> input;
  Span4<const Real> base;
  Span4<Real> out;
  Real a, b, c;
  Span3<const Real> mobility;              ///< read when there are signals
  Span2<const Real> layers[Model::count];  ///< of cells: LayerDiffusion
  Real w[Model::count][3];                 ///< of what moves: D/dx^2, D/dy^2, D/dz^2 [1/h]
  Span3<const Real> extra;                 ///< [u/h]; read when there is a species Extra

  /// The kernel for one row: what depends on k only is looked up once.
  struct Row {
    RightHandSide f;
    Real site[Model::site_count];
    LayerRowValues layer[Model::count];

    template <int N>
    KOKKOS_FORCEINLINE_FUNCTION Real transport(const Real centre, const FaceMobility& face, const int k,
                                               const int j, const int i) const {
      const auto& u = f.input.u;
      const Real west = u(N, k, j, i - 1), east = u(N, k, j, i + 1);
      const Real south = u(N, k, j - 1, i), north = u(N, k, j + 1, i);
      const Real below = u(N, k - 1, j, i), above = u(N, k + 1, j, i);
      if constexpr (((Signals >> N) & 1u) != 0) {
        return f.w[N][0] * (face.east * (east - centre) - face.west * (centre - west)) +
               f.w[N][1] * (face.north * (north - centre) - face.south * (centre - south)) +
               f.w[N][2] * (face.above * (above - centre) - face.below * (centre - below));
      } else {
        const LayerRowValues& l = layer[N];
        const Real lateral = f.w[N][0] * ((east - centre) - (centre - west)) +
                             f.w[N][1] * ((north - centre) - (centre - south));
        const Real relative = centre * l.inverse;
        return l.lateral * lateral + f.w[N][2] * (l.vertical_above * (above * l.inverse_above - relative) -
                                                  l.vertical_below * (relative - below * l.inverse_below));
      }
    }
    template <int N>
    KOKKOS_FORCEINLINE_FUNCTION void store(const Real (&v)[Model::count], const Rates<Model::count>& r,
                                           const FaceMobility& face, const int k, const int j,
                                           const int i) const {
      Real net = r.production[N] - r.loss[N] * v[N];
      if constexpr ((((Signals | Cells) >> N) & 1u) != 0) net += transport<N>(v[N], face, k, j, i);
      if constexpr (N == Extra) net += f.extra(k, j, i);
      f.out(N, k, j, i) = f.a * f.base(N, k, j, i) + (f.b * v[N] + f.c * net);
    }
    template <std::size_t... N>
    KOKKOS_FORCEINLINE_FUNCTION void cell(const int k, const int j, const int i,
                                          std::index_sequence<N...>) const {
      const Real v[Model::count] = {f.input.u(int(N), k, j, i)...};
      Rates<Model::count> r;
      f.model.rates(v, site, r);
      if constexpr (Forced)
        (f.input.template add_forcing<Rates<Model::count>::mask, int(N)>(r, k, j, i), ...);
      FaceMobility face;
      if constexpr (Signals != 0) face = FaceMobility::at(f.mobility, k, j, i);
      (store<int(N)>(v, r, face, k, j, i), ...);
    }
    KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
      cell(k, j, i, std::make_index_sequence<Model::count>());
    }
  };

  template <std::size_t... S, std::size_t... N>
  KOKKOS_FORCEINLINE_FUNCTION Row row(const int k, std::index_sequence<S...>,
                                      std::index_sequence<N...>) const {
    return {*this, {input.site(int(S), k)...}, {layer_row<int(N)>(k)...}};
  }
  template <int N>
  KOKKOS_FORCEINLINE_FUNCTION LayerRowValues layer_row(const int k) const {
    if constexpr (((Cells >> N) & 1u) != 0)
      return LayerRowValues::at(layers[N], k);
    else
      return {};
  }
  KOKKOS_FORCEINLINE_FUNCTION Row at_row(const int k, const int) const {
    return row(k, std::make_index_sequence<Model::site_count>(), std::make_index_sequence<Model::count>());
  }
};

}  // namespace kollagen
