/// The whole right-hand side in one pass: rates of all species, diffusion of those that move, chemotaxis as a
/// given field.
#pragma once

#include <utility>

#include "kernels/operators.hpp"
#include "kernels/reactions.hpp"
#include "kollagen/types.hpp"

namespace kollagen {

/// What one row of cells needs of the table of layers (operators.hpp, BasicLayerDiffusion), with D/dx^2 and so on: the couplings
/// along the axes [1/h], and 1/H of the layers around for a species with a habitat.
struct LayerRowValues {
  Real x = 0, y = 0, below = 0, above = 0;
  Real inverse_below = 0, inverse = 0, inverse_above = 0;

  KOKKOS_FORCEINLINE_FUNCTION static LayerRowValues at(const Span2<const Real>& layer, const Real (&w)[3],
                                                       const int k) {
    return {w[0] * layer(layer_lateral, k),      w[1] * layer(layer_lateral, k),
            w[2] * layer(layer_vertical, k),     w[2] * layer(layer_vertical, k + 1),
            layer(layer_inverse_habitat, k - 1), layer(layer_inverse_habitat, k),
            layer(layer_inverse_habitat, k + 1)};
  }
};

/// Harmonic means of the relative diffusivity on the six faces of a cell, computed once for all signals.
/// They are brought to one denominator: six divisions of their own take as long as six fields from memory.
struct FaceMobility {
  Real west = 0, east = 0, south = 0, north = 0, below = 0, above = 0;

  template <class T>
  KOKKOS_FORCEINLINE_FUNCTION static FaceMobility at(const Span3<const T>& m, const int k, const int j, const int i) {
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
/// `Signals` diffuse with the mobility, `Cells` from layer to layer, `Habitat` likewise but relative to their habitat, species
/// `Extra` (-1: none) changes by `extra` too. With empty masks it is the reactions alone. Ghosts of the moving species and of the mobility
/// filled. `out` may be `base`, but not `u`. On sm_90 the 16 fields of dermal take 223 registers (248 with forcing)
/// and spill none: one kernel serves hosts and devices.
template <class Model, unsigned Signals, unsigned Cells, unsigned Habitat, int Extra, bool Forced,
          class U = Span4<const Real>, class Out = Span4<Real>>
struct RightHandSide {
  using Word = typename U::Word;
  /// Three planes of eight moving fields: 0.4 MB, so that the neighbours along z come from the L2 cache. Of many fields, or
  /// of fields without neighbours, the short streams of blocks cost more than that gains (measured: 0.8 and 0.85).
  static constexpr int plane_cells = (Signals | Cells | Habitat) != 0 && Model::count <= 8 ? 2048 : 0;
  Model model;
  CellInput<Model, U> input;
  U base;
  Out out;
  Real a, b, c;
  Span3<const Word> mobility;              ///< read when there are signals
  Span2<const Real> layers[Model::count];  ///< of cells and habitat: BasicLayerDiffusion
  Real w[Model::count][3];                 ///< of what moves: D/dx^2, D/dy^2, D/dz^2 [1/h]
  Span3<const Word> extra;               ///< [u/h]; read when there is a species Extra

  /// The kernel for one row: what depends on k only is looked up once.
  struct Row {
    RightHandSide f;
    Real site[Model::site_count];
    LayerRowValues layer[Model::count];

    template <int N>
    KOKKOS_FORCEINLINE_FUNCTION Real transport(const Real centre, const FaceMobility& face, const int k,
                                               const int j, const int i) const {
      const auto& u = f.input.u;
      const Real west = u.template at<N>(k, j, i - 1), east = u.template at<N>(k, j, i + 1);
      const Real south = u.template at<N>(k, j - 1, i), north = u.template at<N>(k, j + 1, i);
      const Real below = u.template at<N>(k - 1, j, i), above = u.template at<N>(k + 1, j, i);
      if constexpr (((Signals >> N) & 1u) != 0) {
        return f.w[N][0] * (face.east * (east - centre) - face.west * (centre - west)) +
               f.w[N][1] * (face.north * (north - centre) - face.south * (centre - south)) +
               f.w[N][2] * (face.above * (above - centre) - face.below * (centre - below));
      } else {
        // Without a habitat 1/H is 1, or 0 in closed layers, whose couplings are 0 anyway.
        const LayerRowValues& l = layer[N];
        constexpr bool relative = ((Habitat >> N) & 1u) != 0;
        const Real c = relative ? centre * l.inverse : centre;
        const Real a = relative ? above * l.inverse_above : above, b = relative ? below * l.inverse_below : below;
        return l.x * ((east - centre) - (centre - west)) + l.y * ((north - centre) - (centre - south)) +
               (l.above * (a - c) - l.below * (c - b));
      }
    }
    template <int N>
    KOKKOS_FORCEINLINE_FUNCTION void store(const Real (&v)[Model::count], const Rates<Model::count>& r,
                                           const FaceMobility& face, const int k, const int j,
                                           const int i) const {
      Real net = r.production[N] - r.loss[N] * v[N];
      if constexpr ((((Signals | Cells | Habitat) >> N) & 1u) != 0) net += transport<N>(v[N], face, k, j, i);
      if constexpr (N == Extra) net += f.extra(k, j, i);
      auto& out = f.out.template at<N>(k, j, i);
      out = stored<std::remove_reference_t<decltype(out)>>(f.a * f.base.template at<N>(k, j, i) +
                                                           (f.b * v[N] + f.c * net));
    }
    template <std::size_t... N>
    KOKKOS_FORCEINLINE_FUNCTION void cell(const int k, const int j, const int i,
                                          std::index_sequence<N...>) const {
      const Real v[Model::count] = {Real(f.input.u.template at<int(N)>(k, j, i))...};
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
    if constexpr ((((Cells | Habitat) >> N) & 1u) != 0)
      return LayerRowValues::at(layers[N], w[N], k);
    else
      return {};
  }
  KOKKOS_FORCEINLINE_FUNCTION Row at_row(const int k, const int) const {
    return row(k, std::make_index_sequence<Model::site_count>(), std::make_index_sequence<Model::count>());
  }
};

}  // namespace kollagen
