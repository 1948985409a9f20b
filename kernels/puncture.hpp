/// Needle tracks pressed into a state: lost tissue, debris, platelets and clot.
#pragma once

#include <math.h>

#include <algorithm>
#include <string>
#include <type_traits>
#include <vector>

#include "kernels/for_cells.hpp"
#include "kollagen/column.hpp"
#include "kollagen/state.hpp"
#include "kollagen/storage.hpp"
#include "kollagen/math.hpp"
#include "kollagen/needles.hpp"

namespace kollagen {

/// Where the fields that a needle changes are in the packed state.
struct PunctureSpecies {
  int platelets = 0, provisional_matrix = 0, damage = 0;
  int fibroblasts = 0, myofibroblasts = 0;
  int collagen_i = 0, collagen_iii = 0, elastin = 0;
};

/// Damage is cut off where exp(-distance/rim) has fallen to exp(-12), 6e-6: far below the 1e-3 to which a
/// step resolves it.
inline constexpr Real rims_reached = 12;

namespace detail {

/// Position of a point relative to one track.
struct TrackDistance {
  bool core;      ///< inside the track
  Real distance;  ///< [um] from the track's wall, 0 inside
};

/// Cylinder, cone and tip: outside along the shaft the distance counts from the wall at the same depth along
/// the axis, below the tip from the tip (from the end face where the track has no cone).
KOKKOS_FORCEINLINE_FUNCTION TrackDistance track_distance(const Needle& needle, const Real x, const Real y,
                                                         const Real z) {
  const Real rx = x - needle.entry[0], ry = y - needle.entry[1], rz = z - needle.entry[2];
  const Real along = rx * needle.axis[0] + ry * needle.axis[1] + rz * needle.axis[2];
  const Real square = rx * rx + ry * ry + rz * rz - along * along;
  const Real off_axis = square > 0 ? square_root(square) : Real(0);
  if (along > needle.length) {
    const Real end_radius = needle.tip_length > 0 ? Real(0) : needle.radius;
    const Real lateral = off_axis > end_radius ? off_axis - end_radius : Real(0);
    const Real beyond = along - needle.length;
    return {false, square_root(lateral * lateral + beyond * beyond)};
  }
  const Real to_end = needle.length - along;
  const Real radius =
      to_end < needle.tip_length ? needle.radius * (to_end / needle.tip_length) : needle.radius;
  return {off_axis <= radius, off_axis > radius ? off_axis - radius : Real(0)};
}

/// Needles, with their periodic images, that can reach each tile of columns: tile t holds
/// items[first[t]] to items[first[t + 1] - 1].
struct NeedleTiles {
  static constexpr int width = 8;  ///< cells along x and y
  int tiles_x = 0, tiles_y = 0;
  std::vector<Needle> needles;
  std::vector<int> first, items;
};

/// Collects the needles and images that reach the owned cells of `grid`. Of the images of a track on a
/// periodic axis those are kept that can be the nearest to some cell; all ranks keep the same list entries
/// for the same cell, whatever their share of the domain.
inline NeedleTiles sort_needles(const std::vector<Needle>& needles, const Grid& grid, const bool periodic_x,
                                const bool periodic_y) {
  NeedleTiles tiles;
  tiles.tiles_x = (grid.cells[0] + NeedleTiles::width - 1) / NeedleTiles::width;
  tiles.tiles_y = (grid.cells[1] + NeedleTiles::width - 1) / NeedleTiles::width;
  std::vector<std::vector<int>> lists(std::size_t(tiles.tiles_x) * tiles.tiles_y);
  const bool periodic[2] = {periodic_x, periodic_y};

  for (const Needle& needle : needles) {
    // At a given depth a leaning axis is nearer than it looks from the side, by the cosine of its tilt.
    const Real reach = (needle.radius + rims_reached * needle.rim) / needle.axis[2];
    const Real depth = std::min(needle.length * needle.axis[2], Real(grid.length(2)));
    int image_low[2], image_high[2];
    Real axis_low[2], axis_high[2];
    for (int a = 0; a < 2; ++a) {
      const Real end = needle.entry[a] + needle.axis[a] / needle.axis[2] * depth;
      axis_low[a] = std::min(needle.entry[a], end);
      axis_high[a] = std::max(needle.entry[a], end);
      image_low[a] = image_high[a] = 0;
      if (!periodic[a]) continue;
      const Real side = grid.length(a);
      // The nearest image of an upright track is at most half a side away.
      const Real margin = (needle.axis[2] == 1 ? std::min(reach, side / 2) : reach) + 1e-6 * side;
      image_low[a] = int(std::ceil((-margin - axis_high[a]) / side));
      image_high[a] = int(std::floor((side + margin - axis_low[a]) / side));
    }
    for (int image_y = image_low[1]; image_y <= image_high[1]; ++image_y)
      for (int image_x = image_low[0]; image_x <= image_high[0]; ++image_x) {
        const int image[2] = {image_x, image_y};
        int tile_low[2], tile_high[2];
        Needle copy = needle;
        for (int a = 0; a < 2; ++a) {
          const Real shift = image[a] * grid.length(a);
          copy.entry[a] += shift;
          // Owned cells whose box the reach touches, as tiles; empty where low > high.
          const Real low = (axis_low[a] + shift - reach) / grid.spacing[a] - grid.first[a];
          const Real high = (axis_high[a] + shift + reach) / grid.spacing[a] - grid.first[a];
          const Real last = grid.cells[a] - 1;
          tile_low[a] = int(std::min(std::max(std::floor(low), Real(0)), last + 1)) / NeedleTiles::width;
          tile_high[a] = high < 0 ? -1 : int(std::min(std::floor(high), last)) / NeedleTiles::width;
          if (low > last + 1) tile_high[a] = -1;
        }
        if (tile_low[0] > tile_high[0] || tile_low[1] > tile_high[1]) continue;
        tiles.needles.push_back(copy);
        for (int j = tile_low[1]; j <= tile_high[1]; ++j)
          for (int i = tile_low[0]; i <= tile_high[0]; ++i)
            lists[std::size_t(j) * tiles.tiles_x + i].push_back(int(tiles.needles.size()) - 1);
      }
  }
  tiles.first.push_back(0);
  for (const std::vector<int>& list : lists) {
    tiles.items.insert(tiles.items.end(), list.begin(), list.end());
    tiles.first.push_back(int(tiles.items.size()));
  }
  return tiles;
}

template <class Exec, class T>
Kokkos::View<T*, typename Exec::memory_space> to_device(const std::string& label,
                                                        const std::vector<T>& values) {
  using Host = Kokkos::View<const T*, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;
  Kokkos::View<T*, typename Exec::memory_space> result(Kokkos::view_alloc(label, Kokkos::WithoutInitializing),
                                                       values.size());
  Kokkos::deep_copy(result, Host(values.data(), values.size()));
  return result;
}

}  // namespace detail

/// Presses a set of needles into the owned cells. Every cell is sampled at 4 x 4 x 4 points. Of several
/// tracks the nearest one damages a point, and a point is bled into once: the result does not depend on the
/// order of the needles. No ghosts are read or written.
template <class Cells>
struct Puncture {
  static constexpr int samples = 4;  ///< per axis
  static constexpr int points = samples * samples * samples;

  Span3<Real> platelets, provisional_matrix, damage, collagen_i, collagen_iii, elastin;
  Span3<Cells> fibroblasts, myofibroblasts;
  Injury injury;
  const Real* undamaged;  ///< F0 of owned cell k [cells/mm^3]
  const Needle* needles;
  const int* first;  ///< of each tile in `items`
  const int* items;
  int tiles_x;
  int origin[3];    ///< whole-grid index of owned cell (0, 0, 0): positions must not depend on the decomposition
  Real spacing[3];  ///< [um]
  Real first_vessel;

  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    const int tile = j / detail::NeedleTiles::width * tiles_x + i / detail::NeedleTiles::width;
    const int begin = first[tile], end = first[tile + 1];

    // Seen from the centre of the cell, no point is farther from some track than this [rims]...
    Real farthest = rims_reached;
    for (int n = begin; n < end; ++n) {
      const Interval rims = rims_in_cell(needles[items[n]], k, j, i);
      farthest = rims.high < farthest ? rims.high : farthest;
    }
    Real nearest[points];  // rims from each point to the nearest wall
    bool bleeds[points];
    bool touched = false;
    for (int n = begin; n < end; ++n) {
      const Needle& needle = needles[items[n]];
      // ... so that most tracks of the tile need no look at the points: elsewhere another one is nearer.
      const Real low = rims_in_cell(needle, k, j, i).low;
      if (low > farthest || low >= rims_reached) continue;
      if (!touched)
        for (int p = 0; p < points; ++p) {
          nearest[p] = rims_reached;
          bleeds[p] = false;
        }
      touched = true;
      sample(needle, k, j, i, nearest, bleeds);
    }
    if (!touched) return;

    Real damage = 0, bled = 0;
    for (int p = 0; p < points; ++p) {
      damage += nearest[p] < rims_reached ? ::exp(-nearest[p]) : Real(0);
      bled += bleeds[p] ? 1 : 0;
    }
    if (damage > 0) wound(k, j, i, damage / points, bled / points);
  }

 private:
  struct Interval {
    Real low, high;
  };

  /// Bounds of the distance from a track over a cell [rims].
  KOKKOS_FORCEINLINE_FUNCTION Interval rims_in_cell(const Needle& needle, const int k, const int j,
                                                    const int i) const {
    const Real x = (origin[0] + i + Real(0.5)) * spacing[0];
    const Real y = (origin[1] + j + Real(0.5)) * spacing[1];
    const Real z = (origin[2] + k + Real(0.5)) * spacing[2];
    const Real half_diagonal =
        Real(0.5) * square_root(spacing[0] * spacing[0] + spacing[1] * spacing[1] + spacing[2] * spacing[2]);
    // Along a cone the distance changes faster than the position.
    const Real slope = needle.tip_length > 0 ? 1 + needle.radius / needle.tip_length : Real(1);
    const Real distance = detail::track_distance(needle, x, y, z).distance, change = slope * half_diagonal;
    if (needle.rim > 0) return {(distance - change) / needle.rim, (distance + change) / needle.rim};
    return {distance > change ? rims_reached : Real(0), rims_reached};
  }

  /// Brings `nearest` and `bleeds` of the cell's points up to date with one track.
  KOKKOS_FORCEINLINE_FUNCTION void sample(const Needle& needle, const int k, const int j, const int i,
                                          Real* nearest, bool* bleeds) const {
    const bool deep_enough = needle.length >= injury.bleeding_length;
    for (int c = 0; c < samples; ++c)
      for (int b = 0; b < samples; ++b)
        for (int a = 0; a < samples; ++a) {
          const Real x = (origin[0] + i + (a + Real(0.5)) / samples) * spacing[0];
          const Real y = (origin[1] + j + (b + Real(0.5)) / samples) * spacing[1];
          const Real z = (origin[2] + k + (c + Real(0.5)) / samples) * spacing[2];
          const int p = (c * samples + b) * samples + a;
          const detail::TrackDistance track = detail::track_distance(needle, x, y, z);
          bleeds[p] = bleeds[p] || (track.core && deep_enough && z > first_vessel);
          if (track.core)
            nearest[p] = 0;
          else if (track.distance < nearest[p] * needle.rim)
            nearest[p] = track.distance / needle.rim;
        }
  }

  /// `d`: mean over the cell; `bled`: share of the cell inside a bleeding core.
  KOKKOS_FORCEINLINE_FUNCTION void wound(const int k, const int j, const int i, const Real d, const Real bled) const {
    const Real matrix = 1 - injury.matrix_loss * d;
    collagen_i(k, j, i) *= matrix;
    collagen_iii(k, j, i) *= matrix;
    elastin(k, j, i) *= matrix;
    if (!(undamaged[k] > 0)) return;  // cells, debris and blood live only where cells live
    const Real cells = 1 - injury.cell_loss * d;
    fibroblasts(k, j, i) = stored<Cells>(fibroblasts(k, j, i) * cells);
    myofibroblasts(k, j, i) = stored<Cells>(myofibroblasts(k, j, i) * cells);
    Real& debris = damage(k, j, i);
    debris = d > debris ? d : debris;
    platelets(k, j, i) += injury.platelets * bled;
    provisional_matrix(k, j, i) += injury.clot * bled;
  }
};

/// Treats `state` with one session's needles (docs/skin_and_needles.md):
///   D <- max(D, d), cells <- (1 - cell_loss d), C1, C3, E <- (1 - matrix_loss d), and in the core below the
///   first vessel platelets and clot are added, in proportion to the share of the cell inside the core.
/// `column` spans all global cells along z. On a periodic axis every point sees the nearest image of each
/// track. Changes owned cells only and reads no ghosts; the caller refreshes them. Not collective: each rank
/// treats its own cells, and a cell gets the same bits on any decomposition. Waits for the result.
template <class Exec>
void apply_treatment(const Exec& exec, const std::type_identity_t<State<Exec>>& state, const PunctureSpecies& species,
                     const Grid& grid, const Column& column, const std::vector<Needle>& needles, const Injury& injury,
                     const bool periodic_x, const bool periodic_y) {
  const detail::NeedleTiles tiles = detail::sort_needles(needles, grid, periodic_x, periodic_y);
  if (tiles.items.empty()) return;
  const auto begin = column.fibroblasts.begin() + grid.first[2];
  const auto device_cells =
      detail::to_device<Exec>("puncture/fibroblasts", std::vector<Real>(begin, begin + grid.cells[2]));
  const auto device_needles = detail::to_device<Exec>("puncture/needles", tiles.needles);
  const auto device_first = detail::to_device<Exec>("puncture/first", tiles.first);
  const auto device_items = detail::to_device<Exec>("puncture/items", tiles.items);
  state.with(species.fibroblasts, [&](const auto& fibroblasts) {
    using Cells = std::remove_reference_t<decltype(*fibroblasts.origin)>;
    const Puncture<Cells> kernel{
        state.template get<Real>(species.platelets),
        state.template get<Real>(species.provisional_matrix),
        state.template get<Real>(species.damage),
        state.template get<Real>(species.collagen_i),
        state.template get<Real>(species.collagen_iii),
        state.template get<Real>(species.elastin),
        fibroblasts,
        state.template get<Cells>(species.myofibroblasts),
        injury,
        device_cells.data(),
        device_needles.data(),
        device_first.data(),
        device_items.data(),
        tiles.tiles_x,
        {grid.first[0], grid.first[1], grid.first[2]},
        {grid.spacing[0], grid.spacing[1], grid.spacing[2]},
        column.first_vessel};
    for_cells("kollagen/puncture/puncture", exec, state.owned(), kernel);
  });
  exec.fence();
}

}  // namespace kollagen
