/// Ghost cells of periodic images and physical walls; kernels/halo.hpp fills them together with those of neighbours.
#pragma once

#include "kernels/for_cells.hpp"
#include "kollagen/config.hpp"
#include "kollagen/types.hpp"

namespace kollagen {

/// What a kernel needs to know of the six walls for one species.
struct Walls {
  WallKind kind[6] = {WallKind::no_flux, WallKind::no_flux, WallKind::no_flux,
                      WallKind::no_flux, WallKind::no_flux, WallKind::no_flux};
  Real transfer[6] = {0, 0, 0, 0, 0, 0};  ///< [um/h] robin
  Span2<const Real> value;       ///< (face, k) wall or outside value; read on dirichlet and robin walls only
  Span2<const Real> multiplier;  ///< (0, k) layer multiplier of the diffusivity; read on robin walls only; both: k from -1 to nz
  Real diffusivity = 0;          ///< [um^2/h]; read on robin walls only
  Real spacing[3] = {1, 1, 1};   ///< [um]
};

/// Fills ghosts of one axis from the owned cells next to them, on the sides in the mask `sides` (1: lower, 2: upper):
/// periodic copy of the other end of this part; no flux u_g = u; dirichlet u_g = 2 b - u; robin u_g = a u + (1-a) b with
/// a = (1-s)/(1+s), s = k h/(2 D m): the flux k (u_w - b) leaves through the wall, second order.
/// With `homogeneous` the wall value counts as 0: a correction to a solution meets the same wall.
template <class T>
struct FillGhosts {
  Span3<T> u;
  int n[3];  ///< owned cells along x, y, z
  int axis;
  int sides;
  bool homogeneous;
  Walls walls;

  /// `a` runs along x, or along y on the planes normal to x, so that a work item is never a single cell.
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int b, const int a) const {
    const int i = axis == 0 ? b : a, j = axis == 0 ? a : b;
    for (int side = 0; side < 2; ++side) {
      if (((sides >> side) & 1) == 0) continue;
      const int face = 2 * axis + side;
      int ghost[3] = {i, j, k}, inner[3] = {i, j, k};
      ghost[axis] = side == 0 ? -1 : n[axis];
      if (walls.kind[face] == WallKind::periodic) {
        inner[axis] = side == 0 ? n[axis] - 1 : 0;
        u(ghost[2], ghost[1], ghost[0]) = u(inner[2], inner[1], inner[0]);
        continue;
      }
      inner[axis] = side == 0 ? 0 : n[axis] - 1;
      const T c = u(inner[2], inner[1], inner[0]);
      T g = c;
      if (walls.kind[face] != WallKind::no_flux) {
        const Real value = homogeneous ? Real(0) : walls.value(face, inner[2]);
        Real mirror = -1;
        if (walls.kind[face] == WallKind::robin) {
          const Real d = walls.diffusivity * walls.multiplier(0, inner[2]);
          const Real s = walls.transfer[face] * walls.spacing[axis];
          mirror = d > 0 ? (2 * d - s) / (2 * d + s) : Real(1);
        }
        g = T(mirror * c + (1 - mirror) * value);
      }
      u(ghost[2], ghost[1], ghost[0]) = g;
    }
  }
};

}  // namespace kollagen
