/// Needle tracks pressed into a state: lost tissue, debris, platelets and clot.
#pragma once

#include <math.h>

#include <cstdint>
#include <type_traits>
#include <vector>

#include "kernels/for_cells.hpp"
#include "kernels/needle_blocks.hpp"
#include "kollagen/column.hpp"
#include "kollagen/needles.hpp"
#include "kollagen/state.hpp"
#include "kollagen/storage.hpp"

namespace kollagen {

/// Where the fields that a needle changes are in the packed state.
struct PunctureSpecies {
  int platelets = 0, provisional_matrix = 0, damage = 0;
  int fibroblasts = 0, myofibroblasts = 0;
  int collagen_i = 0, collagen_iii = 0, elastin = 0;
};

/// Presses a set of needles into the owned cells. Every cell is sampled at 4 x 4 x 4 points. Of several
/// tracks the nearest one damages a point, and a point is bled into once: the result does not depend on the
/// order of the needles. No ghosts are read or written. T: the word of the fields that are not slow.
template <class T>
struct Puncture {
  static constexpr int samples = cell_samples;
  static constexpr int points = samples * samples * samples;
  static_assert(points <= 64, "a bit each");
  static constexpr int edge = needle_block_edge;

  Span3<T> platelets, provisional_matrix, damage, fibroblasts, myofibroblasts;
  Span3<Real> collagen_i, collagen_iii, elastin;
  Injury injury;
  const Real* undamaged;  ///< F0 of owned cell k [cells/mm^3]
  const Needle* needles;
  const long* first;  ///< of each block of cells in `items`
  const int* items;
  int blocks[2];  ///< along x and y
  int origin[3];    ///< whole-grid index of owned cell (0, 0, 0): positions must not depend on the decomposition
  Real spacing[3];  ///< [um]
  Real first_vessel;

  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    const long block = (long(k / edge) * blocks[1] + j / edge) * blocks[0] + i / edge;
    const long begin = first[block], end = first[block + 1];

    // Seen from the centre of the cell, no point is farther from some track than this [rims]...
    Real farthest = rims_reached;
    for (long n = begin; n < end; ++n) {
      const Real high = rims_in_cell(needles[items[n]], k, j, i).high;
      farthest = high < farthest ? high : farthest;
    }
    Real nearest[points];  // rims from each point to the nearest wall
    std::uint64_t bleeding = 0;  // a bit a point
    bool touched = false;
    for (long n = begin; n < end; ++n) {
      const Needle& needle = needles[items[n]];
      // ... so that most tracks of the block need no look at the points: elsewhere another one is nearer.
      if (!may_be_nearest(rims_in_cell(needle, k, j, i), farthest)) continue;
      if (!touched)
        for (int p = 0; p < points; ++p) nearest[p] = rims_reached;
      touched = true;
      bleeding |= sample(needle, k, j, i, nearest);
    }
    if (!touched) return;

    Real damaged = 0, bled = 0;
    for (int p = 0; p < points; ++p) {
      damaged += nearest[p] < rims_reached ? ::exp(-nearest[p]) : Real(0);
      bled += Real(bleeding >> p & 1);
    }
    if (damaged > 0) wound(k, j, i, damaged / points, bled / points);
  }

 private:
  KOKKOS_FORCEINLINE_FUNCTION RimBounds rims_in_cell(const Needle& needle, const int k, const int j,
                                                     const int i) const {
    const Real x = (origin[0] + i + Real(0.5)) * spacing[0];
    const Real y = (origin[1] + j + Real(0.5)) * spacing[1];
    const Real z = (origin[2] + k + Real(0.5)) * spacing[2];
    const Real diagonal =
        square_root(spacing[0] * spacing[0] + spacing[1] * spacing[1] + spacing[2] * spacing[2]);
    return rims_around(needle, x, y, z, Real(0.5) * (1 - Real(1) / samples) * diagonal);
  }

  /// Brings `nearest` of the cell's points up to date with one track; returns which of them bleed from it.
  KOKKOS_FORCEINLINE_FUNCTION std::uint64_t sample(const Needle& needle, const int k, const int j, const int i,
                                                   Real* nearest) const {
    const bool deep_enough = needle.length >= injury.bleeding_length;
    std::uint64_t bleeding = 0;
#if !defined(KOKKOS_COMPILER_NVCC) && !defined(__NVCC__)
#pragma omp simd reduction(| : bleeding)
#endif
    for (int p = 0; p < points; ++p) {
      const int a = p % samples, b = p / samples % samples, c = p / (samples * samples);
      const Real x = (origin[0] + i + (a + Real(0.5)) / samples) * spacing[0];
      const Real y = (origin[1] + j + (b + Real(0.5)) / samples) * spacing[1];
      const Real z = (origin[2] + k + (c + Real(0.5)) / samples) * spacing[2];
      const Real distance = track_distance(needle, x, y, z);
      const bool core = distance == 0;
      bleeding |= std::uint64_t(core & deep_enough & (z > first_vessel)) << std::uint64_t(p);
      const Real rims = core ? Real(0) : distance / needle.rim;
      nearest[p] = core | (distance < nearest[p] * needle.rim) ? rims : nearest[p];
    }
    return bleeding;
  }

  /// `d`: mean over the cell; `bled`: share of the cell inside a bleeding core.
  KOKKOS_FORCEINLINE_FUNCTION void wound(const int k, const int j, const int i, const Real d, const Real bled) const {
    const Real matrix = 1 - injury.matrix_loss * d;
    collagen_i(k, j, i) *= matrix;
    collagen_iii(k, j, i) *= matrix;
    elastin(k, j, i) *= matrix;
    if (!(undamaged[k] > 0)) return;  // cells, debris and blood live only where cells live
    const Real cells = 1 - injury.cell_loss * d;
    fibroblasts(k, j, i) = stored<T>(fibroblasts(k, j, i) * cells);
    myofibroblasts(k, j, i) = stored<T>(myofibroblasts(k, j, i) * cells);
    T& debris = damage(k, j, i);
    debris = d > debris ? stored<T>(d) : debris;
    platelets(k, j, i) = stored<T>(platelets(k, j, i) + injury.platelets * bled);
    provisional_matrix(k, j, i) = stored<T>(provisional_matrix(k, j, i) + injury.clot * bled);
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
  const NeedleBlocks<Exec> blocks = sort_needles(exec, needles, grid, periodic_x, periodic_y);
  if (blocks.items.extent(0) == 0) return;
  const auto begin = column.fibroblasts.begin() + grid.first[2];
  const auto device_cells =
      array_of<Exec>("puncture/fibroblasts", std::vector<Real>(begin, begin + grid.cells[2]));
  state.with(species.fibroblasts, [&](const auto& fibroblasts) {
    using T = std::remove_reference_t<decltype(*fibroblasts.origin)>;
    const Puncture<T> kernel{
        state.template get<T>(species.platelets),
        state.template get<T>(species.provisional_matrix),
        state.template get<T>(species.damage),
        fibroblasts,
        state.template get<T>(species.myofibroblasts),
        state.template get<Real>(species.collagen_i),
        state.template get<Real>(species.collagen_iii),
        state.template get<Real>(species.elastin),
        injury,
        device_cells.data(),
        blocks.needles.data(),
        blocks.first.data(),
        blocks.items.data(),
        {blocks.blocks[0], blocks.blocks[1]},
        {grid.first[0], grid.first[1], grid.first[2]},
        {grid.spacing[0], grid.spacing[1], grid.spacing[2]},
        column.first_vessel};
    for_cells("kollagen/puncture/puncture", exec, state.owned(), kernel);
  });
  exec.fence();
}

}  // namespace kollagen
