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

/// Value of a ghost cell from the owned cell `c` next to it at depth index k: no flux u_g = u; dirichlet u_g = 2 b - u;
/// robin u_g = a u + (1-a) b with a = (1-s)/(1+s), s = k h/(2 D m): the flux k (u_w - b) leaves through the wall, second
/// order. A periodic image is the cell itself. With `homogeneous` the wall value counts as 0: a correction to a solution
/// meets the same wall.
template <class T>
KOKKOS_FORCEINLINE_FUNCTION T ghost_value(const Walls& walls, const bool homogeneous, const int face, const T c,
                                          const int k) {
  if (walls.kind[face] == WallKind::periodic || walls.kind[face] == WallKind::no_flux) return c;
  const Real value = homogeneous ? Real(0) : walls.value(face, k);
  Real mirror = -1;
  if (walls.kind[face] == WallKind::robin) {
    const Real d = walls.diffusivity * walls.multiplier(0, k);
    const Real s = walls.transfer[face] * walls.spacing[face / 2];
    mirror = d > 0 ? (2 * d - s) / (2 * d + s) : Real(1);
  }
  return T(mirror * c + (1 - mirror) * value);
}

/// Fills ghosts of one axis from the owned cells next to them, on the sides in the mask `sides` (1: lower, 2: upper), or
/// on a periodic axis from those of the other end of this part.
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
      const bool first = (side == 0) != (walls.kind[face] == WallKind::periodic);
      inner[axis] = first ? 0 : n[axis] - 1;
      u(ghost[2], ghost[1], ghost[0]) =
          ghost_value(walls, homogeneous, face, u(inner[2], inner[1], inner[0]), inner[2]);
    }
  }
};

/// All ghosts of some fields that need no neighbour in one launch, for devices, where launches cost more than cells: the
/// bits of FillGhosts for one axis after the other. A ghost at an edge or a corner is computed from the owned cell that
/// the axes in turn would have led to. Runs over (field, face, cell of the plane); planes are of different sizes, and the
/// range is that of the largest.
template <class T, int Most>
struct FillAllGhosts {
  struct Field {
    Span3<T> u;
    Walls walls;
    bool homogeneous;
  };
  /// What a plane covers along the other two axes, the one that runs fastest first.
  struct Plane {
    int face;
    int lower[2], extent[2];
  };
  Kokkos::Array<Field, Most> fields;
  Kokkos::Array<Plane, 6> planes;
  int n[3];      ///< owned cells along x, y, z
  int sides[3];  ///< masks as in FillGhosts

  /// Value at a cell that may be a ghost of the axes below `Axis`.
  template <int Axis>
  KOKKOS_FORCEINLINE_FUNCTION T value(const Field& f, const int k, const int j, const int i) const {
    if constexpr (Axis == 0) {
      return f.u(k, j, i);
    } else {
      constexpr int below = Axis - 1;
      const int at = below == 0 ? i : below == 1 ? j : k;
      if (at < 0 && (sides[below] & 1) != 0) return ghost<below, 0>(f, k, j, i);
      if (at >= n[below] && (sides[below] & 2) != 0) return ghost<below, 1>(f, k, j, i);
      return value<below>(f, k, j, i);
    }
  }
  /// Value of the ghost on one side of an axis.
  template <int Axis, int Side>
  KOKKOS_FORCEINLINE_FUNCTION T ghost(const Field& f, const int k, const int j, const int i) const {
    constexpr int face = 2 * Axis + Side;
    const bool first = (Side == 0) != (f.walls.kind[face] == WallKind::periodic);
    const int inner = first ? 0 : n[Axis] - 1;
    const int ii = Axis == 0 ? inner : i, jj = Axis == 1 ? inner : j, kk = Axis == 2 ? inner : k;
    return ghost_value(f.walls, f.homogeneous, face, value<Axis>(f, kk, jj, ii), kk);
  }
  template <int Axis, int Side>
  KOKKOS_FORCEINLINE_FUNCTION void fill(const Field& f, const Plane& plane, const int cell) const {
    const int a = plane.lower[0] + cell % plane.extent[0], b = plane.lower[1] + cell / plane.extent[0];
    const int at = Side == 0 ? -1 : n[Axis];
    const int i = Axis == 0 ? at : a, j = Axis == 0 ? a : Axis == 1 ? at : b, k = Axis == 2 ? at : b;
    f.u(k, j, i) = ghost<Axis, Side>(f, k, j, i);
  }
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int field, const int at, const int cell) const {
    const Plane& plane = planes[at];
    if (cell >= plane.extent[0] * plane.extent[1]) return;
    const Field& f = fields[field];
    switch (plane.face) {
      case 0: return fill<0, 0>(f, plane, cell);
      case 1: return fill<0, 1>(f, plane, cell);
      case 2: return fill<1, 0>(f, plane, cell);
      case 3: return fill<1, 1>(f, plane, cell);
      case 4: return fill<2, 0>(f, plane, cell);
      default: return fill<2, 1>(f, plane, cell);
    }
  }
};

/// Ghosts that are images of one owned cell across a face, as FillGhosts fills them; no edges, no corners.
template <class T>
struct GhostsOfCell {
  Span3<T> u;
  int n[3];      ///< owned cells along x, y, z
  int sides[3];  ///< masks as in FillGhosts
  bool homogeneous;
  Walls walls;

  template <int Axis, int Side>
  KOKKOS_FORCEINLINE_FUNCTION void fill(const int k, const int j, const int i) const {
    constexpr int face = 2 * Axis + Side, side = 1 << Side;
    const int at = Axis == 0 ? i : Axis == 1 ? j : k;
    const bool first = (Side == 0) != (walls.kind[face] == WallKind::periodic);
    if ((sides[Axis] & side) == 0 || at != (first ? 0 : n[Axis] - 1)) return;
    const int ghost = Side == 0 ? -1 : n[Axis];
    u(Axis == 2 ? ghost : k, Axis == 1 ? ghost : j, Axis == 0 ? ghost : i) =
        ghost_value(walls, homogeneous, face, u(k, j, i), k);
  }
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    fill<0, 0>(k, j, i);
    fill<0, 1>(k, j, i);
    fill<1, 0>(k, j, i);
    fill<1, 1>(k, j, i);
    fill<2, 0>(k, j, i);
    fill<2, 1>(k, j, i);
  }

  /// The same for a whole row, but for the ghosts along x.
  KOKKOS_FORCEINLINE_FUNCTION void row(const int k, const int j) const {
    fill_row<1, 0>(k, j);
    fill_row<1, 1>(k, j);
    fill_row<2, 0>(k, j);
    fill_row<2, 1>(k, j);
  }

 private:
  template <int Axis, int Side>
  KOKKOS_FORCEINLINE_FUNCTION void fill_row(const int k, const int j) const {
    constexpr int face = 2 * Axis + Side, side = 1 << Side;
    const bool first = (Side == 0) != (walls.kind[face] == WallKind::periodic);
    if ((sides[Axis] & side) == 0 || (Axis == 1 ? j : k) != (first ? 0 : n[Axis] - 1)) return;
    const int ghost = Side == 0 ? -1 : n[Axis];
    const int to_k = Axis == 2 ? ghost : k, to_j = Axis == 1 ? ghost : j;
    KOLLAGEN_SIMD
    for (int i = 0; i < n[0]; ++i) u(to_k, to_j, i) = ghost_value(walls, homogeneous, face, u(k, j, i), k);
  }
};

/// `f`, which writes the cells of a field, and the ghosts that are their images by the same work items: a device is spared
/// a launch.
template <class F, class T>
struct WithGhostsOfCells {
  F f;
  GhostsOfCell<T> ghosts;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    detail::at_cell(f, k, j, i);
    ghosts(k, j, i);
  }
};

/// `f`, which writes the cells of a field, and with each row the ghosts along y and z that are its images, while it is in
/// the cache: for hosts.
template <class F, class T>
struct WithGhostsOfRows : F {
  GhostsOfCell<T> ghosts;
  WithGhostsOfRows(const F& f, const GhostsOfCell<T>& g) : F(f), ghosts(g) {}
  KOKKOS_FORCEINLINE_FUNCTION void end_row(const int k, const int j) const { ghosts.row(k, j); }
};

}  // namespace kollagen
