/// Which needle tracks matter to each small block of cells, found on the execution space.
#pragma once

#include <thrust/binary_search.h>
#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/scan.h>
#include <thrust/sort.h>
#include <thrust/transform.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "kernels/for_cells.hpp"
#include "kernels/thrust_ranges.hpp"
#include "kollagen/grid.hpp"
#include "kollagen/math.hpp"
#include "kollagen/needles.hpp"

namespace kollagen {

/// Damage is cut off where exp(-distance/rim) has fallen to exp(-12), 6e-6: far below the 1e-3 to which a
/// step resolves it.
inline constexpr Real rims_reached = 12;

/// Distance of a point from the wall of a track [um], 0 inside and on it. Cylinder, cone and tip: along the shaft it counts
/// from the wall at the same depth along the axis, below the tip from the tip (from the end face where the track has no
/// cone). A number and no branches, so that loops over points are vectorised.
KOKKOS_FORCEINLINE_FUNCTION Real track_distance(const Needle& needle, const Real x, const Real y, const Real z) {
  const Real rx = x - needle.entry[0], ry = y - needle.entry[1], rz = z - needle.entry[2];
  const Real along = rx * needle.axis[0] + ry * needle.axis[1] + rz * needle.axis[2];
  const Real square = rx * rx + ry * ry + rz * rz - along * along;
  const Real off_axis = square_root(square > 0 ? square : Real(0));
  const Real to_end = needle.length - along;
  const Real on_cone = needle.radius * (to_end / needle.tip_length);
  const Real radius = to_end < needle.tip_length ? on_cone : needle.radius;
  const Real beside = off_axis > radius ? off_axis - radius : Real(0);
  const Real end_radius = needle.tip_length > 0 ? Real(0) : needle.radius;
  const Real lateral = off_axis > end_radius ? off_axis - end_radius : Real(0);
  const Real below = square_root(lateral * lateral + to_end * to_end);
  return to_end < 0 ? below : beside;
}

/// Bounds of the distance from a track [rims].
struct RimBounds {
  Real low, high;
};

/// Bounds over the points not farther than `away` [um] from (x, y, z), rounding aside.
KOKKOS_FORCEINLINE_FUNCTION RimBounds rims_around(const Needle& needle, const Real x, const Real y, const Real z,
                                                  const Real away) {
  // Along a cone of slope s the distance changes by sqrt(1 + s^2) times the position at most.
  const Real s = needle.tip_length > 0 ? needle.radius / needle.tip_length : Real(0);
  const Real change = (1 + (s < 2 ? s * s / 2 : s)) * away;
  const Real distance = track_distance(needle, x, y, z);
  if (needle.rim > 0) return {(distance - change) / needle.rim, (distance + change) / needle.rim};
  return {distance > change ? 2 * rims_reached : Real(0), rims_reached};
}

/// Whether a track with these bounds may be the nearest to some point, when no point is farther than `farthest` [rims]
/// from every track. The margin is far above what rounding does to a bound.
KOKKOS_FORCEINLINE_FUNCTION bool may_be_nearest(const RimBounds& bounds, const Real farthest) {
  return bounds.low <= farthest + Real(1e-6);
}

/// A cell is sampled at so many points along each axis.
inline constexpr int cell_samples = 4;

inline constexpr int needle_block_edge = 4;  ///< cells

/// For each block of `needle_block_edge`^3 owned cells (fewer at the upper sides) the needles and periodic images of
/// needles that may be the nearest to one of its points: block b holds items[first[b]] to items[first[b + 1] - 1], in the
/// order of the needles.
template <class Exec>
struct NeedleBlocks {
  template <class T>
  using Array = Kokkos::View<T*, typename Exec::memory_space>;

  int blocks[3] = {0, 0, 0};  ///< along x, y, z; block (i, j, k) is number (k * blocks[1] + j) * blocks[0] + i
  Array<Needle> needles;      ///< images that reach owned cells
  Array<long> first;
  Array<int> items;
};

namespace detail {

/// Makes counts[0..n-1] the sums of what stands before them, and counts[n] the sum of all, which it returns. Waits.
template <class Exec>
long counts_to_offsets(const Exec& exec, const Kokkos::View<long*, typename Exec::memory_space>& counts) {
  const auto total = Kokkos::subview(counts, long(counts.extent(0)) - 1);
  Kokkos::deep_copy(exec, total, 0L);
  thrust::exclusive_scan(thrust_policy(exec), range_begin(counts), range_end(counts), range_begin(counts), 0L);
  long result = 0;
  exec.fence();
  Kokkos::deep_copy(result, total);
  return result;
}

/// Lateral reach of a track, measured at one depth [um]: there a leaning axis is nearer than it looks from the side, by
/// the cosine of its tilt.
KOKKOS_FORCEINLINE_FUNCTION Real lateral_reach(const Needle& needle) {
  return (needle.radius + rims_reached * needle.rim) / needle.axis[2];
}

/// Between which x (axis 0) or y (1) the axis of a track runs [um].
struct AxisSpan {
  Real low, high;
};
KOKKOS_FORCEINLINE_FUNCTION AxisSpan axis_span(const Needle& needle, const Real domain_depth, const int axis) {
  const Real depth = needle.length * needle.axis[2], start = needle.entry[axis];
  const Real end = start + needle.axis[axis] / needle.axis[2] * (depth < domain_depth ? depth : domain_depth);
  return {start < end ? start : end, start < end ? end : start};
}

/// Tiles of columns of owned cells: a first sieve, whose lists name every needle that reaches into a tile.
struct ColumnTiles {
  int width[2] = {1, 1};  ///< cells of a tile along x and y, blocks are not cut
  int tiles[2] = {1, 1};
  int cells[2] = {1, 1}, origin[2] = {0, 0};  ///< owned, of the whole grid
  Real spacing[2] = {1, 1}, depth = 0;        ///< [um] of a cell, of the whole grid

  struct Range {
    int low[2], high[2];  ///< the last one included
    KOKKOS_FORCEINLINE_FUNCTION long count() const {
      return low[0] > high[0] || low[1] > high[1] ? 0 : long(high[0] - low[0] + 1) * (high[1] - low[1] + 1);
    }
  };
  KOKKOS_FORCEINLINE_FUNCTION Range reached(const Needle& image) const {
    Range range{};
    const Real reach = lateral_reach(image);
    for (int a = 0; a < 2; ++a) {
      const AxisSpan span = axis_span(image, depth, a);
      const Real low = (span.low - reach) / spacing[a] - origin[a], high = (span.high + reach) / spacing[a] - origin[a];
      const bool beside = low > cells[a] || high < 0;
      range.low[a] = beside ? 1 : low > 0 ? cell(low, a) / width[a] : 0;
      range.high[a] = beside ? 0 : cell(high, a) / width[a];
    }
    return range;
  }

 private:
  KOKKOS_FORCEINLINE_FUNCTION int cell(const Real position, const int a) const {
    return position < cells[a] ? int(position) : cells[a] - 1;
  }
};

struct CountTiles {
  ColumnTiles tiles;
  const Needle* images;
  KOKKOS_FORCEINLINE_FUNCTION long operator()(const int n) const { return tiles.reached(images[n]).count(); }
};

/// Writes the pairs (tile, image) of one image.
struct ListTiles {
  ColumnTiles tiles;
  const Needle* images;
  const long* offsets;
  int* tile;
  int* image;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int n) const {
    const ColumnTiles::Range range = tiles.reached(images[n]);
    long at = offsets[n];
    for (int j = range.low[1]; j <= range.high[1]; ++j)
      for (int i = range.low[0]; i <= range.high[0]; ++i, ++at) {
        tile[at] = j * tiles.tiles[0] + i;
        image[at] = n;
      }
  }
};

/// The second sieve: of the tracks of its tile a block keeps those that may be the nearest to one of its points, seen
/// from its centre.
struct BlockSieve {
  static constexpr int edge = needle_block_edge;
  ColumnTiles tiles;
  const Needle* images;
  const long* first;  ///< of each tile in `items`
  const int* items;
  int origin[3];
  Real spacing[3];
  int blocks[2];
  Real away;  ///< [um] of the farthest sample of a block from its centre

  KOKKOS_FORCEINLINE_FUNCTION int tile(const int j, const int i) const {
    return j * edge / tiles.width[1] * tiles.tiles[0] + i * edge / tiles.width[0];
  }
  KOKKOS_FORCEINLINE_FUNCTION long number(const int k, const int j, const int i) const {
    return (long(k) * blocks[1] + j) * blocks[0] + i;
  }
  KOKKOS_FORCEINLINE_FUNCTION RimBounds rims(const Needle& image, const int k, const int j, const int i) const {
    return rims_around(image, (origin[0] + (i + Real(0.5)) * edge) * spacing[0],
                       (origin[1] + (j + Real(0.5)) * edge) * spacing[1],
                       (origin[2] + (k + Real(0.5)) * edge) * spacing[2], away);
  }
};

struct CountKept {
  BlockSieve sieve;
  Real* farthest;  ///< of each block: no point is farther from every track [rims]
  long* count;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    const int tile = sieve.tile(j, i);
    const long begin = sieve.first[tile], end = sieve.first[tile + 1], block = sieve.number(k, j, i);
    Real best = rims_reached;
    for (long n = begin; n < end; ++n) {
      const Real high = sieve.rims(sieve.images[sieve.items[n]], k, j, i).high;
      best = high < best ? high : best;
    }
    long kept = 0;
    for (long n = begin; n < end; ++n)
      kept += may_be_nearest(sieve.rims(sieve.images[sieve.items[n]], k, j, i), best) ? 1 : 0;
    farthest[block] = best;
    count[block] = kept;
  }
};

struct ListKept {
  BlockSieve sieve;
  const Real* farthest;
  const long* offsets;
  int* kept;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    const int tile = sieve.tile(j, i);
    const long begin = sieve.first[tile], end = sieve.first[tile + 1], block = sieve.number(k, j, i);
    long at = offsets[block];
    if (at == offsets[block + 1]) return;
    for (long n = begin; n < end; ++n) {
      const int image = sieve.items[n];
      if (may_be_nearest(sieve.rims(sieve.images[image], k, j, i), farthest[block])) kept[at++] = image;
    }
  }
};

/// The needles and their images that reach owned cells. Of the images of a track on a periodic axis those that can be
/// the nearest to some cell.
inline std::vector<Needle> images_in_reach(const std::vector<Needle>& needles, const Grid& grid,
                                           const ColumnTiles& tiles, const bool periodic_x, const bool periodic_y) {
  const bool periodic[2] = {periodic_x, periodic_y};
  std::vector<Needle> images;
  for (const Needle& needle : needles) {
    int low[2] = {0, 0}, high[2] = {0, 0};
    for (int a = 0; a < 2; ++a) {
      if (!periodic[a]) continue;
      const Real side = grid.length(a), reach = lateral_reach(needle);
      const AxisSpan span = axis_span(needle, grid.length(2), a);
      // The nearest image of an upright track is at most half a side away.
      const Real margin = (needle.axis[2] == 1 ? std::min(reach, side / 2) : reach) + 1e-6 * side;
      low[a] = int(std::ceil((-margin - span.high) / side));
      high[a] = int(std::floor((side + margin - span.low) / side));
    }
    for (int y = low[1]; y <= high[1]; ++y)
      for (int x = low[0]; x <= high[0]; ++x) {
        Needle image = needle;
        image.entry[0] += x * grid.length(0);
        image.entry[1] += y * grid.length(1);
        if (tiles.reached(image).count() > 0) images.push_back(image);
      }
  }
  return images;
}

}  // namespace detail

/// Sorts needles into blocks of owned cells of `grid`; without items when none reaches them. Work and memory grow with
/// the needles and with the cells, not with their product. Not collective. Waits for the result.
template <class Exec>
NeedleBlocks<Exec> sort_needles(const Exec& exec, const std::vector<Needle>& needles, const Grid& grid,
                                const bool periodic_x, const bool periodic_y) {
  constexpr int edge = needle_block_edge;
  NeedleBlocks<Exec> result;
  detail::ColumnTiles tiles;
  tiles.depth = grid.length(2);
  Real reach = 0;
  for (const Needle& needle : needles) reach += detail::lateral_reach(needle) / Real(needles.size());
  for (int a = 0; a < 3; ++a) result.blocks[a] = (grid.cells[a] + edge - 1) / edge;
  for (int a = 0; a < 2; ++a) {
    // Half a reach: smaller tiles make more pairs to sort, larger ones longer lists for every block.
    const Real blocks = std::clamp(std::round(reach / (2 * edge * grid.spacing[a])), Real(1), Real(result.blocks[a]));
    tiles.width[a] = int(blocks) * edge;
    tiles.tiles[a] = (grid.cells[a] + tiles.width[a] - 1) / tiles.width[a];
    tiles.cells[a] = grid.cells[a];
    tiles.origin[a] = grid.first[a];
    tiles.spacing[a] = grid.spacing[a];
  }
  const std::vector<Needle> images = detail::images_in_reach(needles, grid, tiles, periodic_x, periodic_y);
  if (images.empty()) return result;
  result.needles = array_of<Exec>("needle_blocks/needles", images);

  const auto policy = thrust_policy(exec);
  const int count = detail::checked_count("needles of a treatment", long(images.size()));
  const thrust::counting_iterator<int> from(0);
  const auto pairs = empty_array<Exec, long>("needle_blocks/pairs", count + 1L);
  thrust::transform(policy, from, from + count, range_begin(pairs), detail::CountTiles{tiles, result.needles.data()});
  const long pair_count = detail::counts_to_offsets(exec, pairs);
  const auto tile = empty_array<Exec, int>("needle_blocks/tile", pair_count);
  const auto image = empty_array<Exec, int>("needle_blocks/image", pair_count);
  thrust::for_each_n(policy, from, count,
                     detail::ListTiles{tiles, result.needles.data(), pairs.data(), tile.data(), image.data()});
  thrust::stable_sort_by_key(policy, range_begin(tile), range_end(tile), range_begin(image));
  const int tile_count = tiles.tiles[0] * tiles.tiles[1];
  const auto tile_first = empty_array<Exec, long>("needle_blocks/tile_first", tile_count + 1L);
  thrust::lower_bound(policy, range_begin(tile), range_end(tile), from, from + (tile_count + 1),
                      range_begin(tile_first));

  const long block_count = long(result.blocks[0]) * result.blocks[1] * result.blocks[2];
  const Box blocks{{0, 0, 0}, {result.blocks[0], result.blocks[1], result.blocks[2]}};
  const detail::BlockSieve sieve{
      tiles,
      result.needles.data(),
      tile_first.data(),
      image.data(),
      {grid.first[0], grid.first[1], grid.first[2]},
      {grid.spacing[0], grid.spacing[1], grid.spacing[2]},
      {result.blocks[0], result.blocks[1]},
      Real(0.5) * (edge - Real(1) / cell_samples) *
          std::sqrt(grid.spacing[0] * grid.spacing[0] + grid.spacing[1] * grid.spacing[1] +
                    grid.spacing[2] * grid.spacing[2])};
  const auto farthest = empty_array<Exec, Real>("needle_blocks/farthest", block_count);
  result.first = empty_array<Exec, long>("needle_blocks/first", block_count + 1);
  for_cells("kollagen/needle_blocks/count", exec, blocks,
            detail::CountKept{sieve, farthest.data(), result.first.data()});
  result.items = empty_array<Exec, int>("needle_blocks/items", detail::counts_to_offsets(exec, result.first));
  for_cells("kollagen/needle_blocks/list", exec, blocks,
            detail::ListKept{sieve, farthest.data(), result.first.data(), result.items.data()});
  exec.fence();  // what only the kernels above read goes now
  return result;
}

}  // namespace kollagen
