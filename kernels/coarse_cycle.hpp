/// The coarsest levels of a V-cycle in one launch. They have so few cells that a device would spend more time on starting
/// their kernels than on the cells: one team goes through all of them, with a barrier where there would be the next launch.
/// The kernels are those of the larger levels, and so are the bits.
#pragma once

#include "kernels/for_team.hpp"
#include "kernels/ghosts.hpp"
#include "kernels/level_kernels.hpp"

namespace kollagen {

inline constexpr int most_coarse_levels = 16;

/// A level as the team finds it, with what does not change from one cycle to the next.
template <class Operator>
struct CoarseLevel {
  int count;  ///< cells
  int cells[3];
  detail::CellOfBox cell_of;
  int face_count;  ///< of a box that has one cell more along each axis
  detail::CellOfBox face_of;
  Operator a;  ///< its `s` is that of the cycle
  Span3<float> q, r, e, other;
  Span3<float> faces[3];  ///< conductances along x, y, z, where the operator has fields of them
  int sides[3];                  ///< FillGhosts
  Span2<const Real> multiplier;  ///< Walls
  Real spacing[3];
  const float* distance_ratio[3];  ///< CoarseFaces, from the finer level
  // To the next level; not read on the last one.
  Coarsening map;
  const float* share[3];
  const float* neighbour_weight[3];
  int pairs_end[3];  ///< parents before these are those of RestrictPairs
};

/// The conductances of these levels from those of the first of them.
template <class Exec>
struct CoarsenFaces {
  const CoarseLevel<LevelOperator>* levels;
  int count;
  KOKKOS_INLINE_FUNCTION void operator()(const Team<Exec>& team) const {
    for (int l = 0; l + 1 < count; ++l) {
      const CoarseLevel<LevelOperator>&fine = levels[l], &coarse = levels[l + 1];
      const CoarseFacesOfCell faces{of<0>(fine, coarse),
                                    of<1>(fine, coarse),
                                    of<2>(fine, coarse),
                                    {coarse.cells[0], coarse.cells[1], coarse.cells[2]}};
      for (int cell = team.team_rank(); cell < coarse.face_count; cell += team.team_size()) {
        const auto [k, j, i] = coarse.face_of.at(cell);
        faces(k, j, i);
      }
      team.team_barrier();
    }
  }

 private:
  template <int Axis>
  KOKKOS_FORCEINLINE_FUNCTION static CoarseFaces<Axis> of(const CoarseLevel<LevelOperator>& fine,
                                                          const CoarseLevel<LevelOperator>& coarse) {
    return {fine.map,
            fine.faces[Axis],
            coarse.faces[Axis],
            {fine.share[0], fine.share[1], fine.share[2]},
            coarse.distance_ratio[Axis]};
  }
};

/// For q e - s div(m grad e) = r, from the residual of the first of these levels to its correction, which is in `e` with
/// all ghosts. The weight q of the first one is read, those of the others are computed.
template <class Exec, class Operator>
struct CoarseCycle {
  const CoarseLevel<Operator>* levels;
  int count;
  float s;
  bool divide;  ///< nothing couples on the last level
  Walls walls;  ///< of the species
  float omega[most_coarse_levels][4];  ///< of the sweeps: two down and two up, on the last level all four

  using Team = kollagen::Team<Exec>;

  KOKKOS_INLINE_FUNCTION void operator()(const Team& team) const {
    for (int l = 0; l + 1 < count; ++l) restrict_mean(team, l, levels[l].q, levels[l + 1].q);
    for (int l = 0; l + 1 < count; ++l) {
      const CoarseLevel<Operator>& level = levels[l];
      const Operator a = operator_of(level);
      sweep_from_zero(team, level, a, level.other, omega[l][0]);
      sweep(team, level, a, level.other, level.e, omega[l][1]);
      run(team, level, LevelResidual<Operator>{a, level.r, level.e, level.other});
      restrict_mean(team, l, level.other, levels[l + 1].r);
    }
    solve_last(team);
    for (int l = count - 2; l >= 0; --l) {
      fill_corners(team, levels[l + 1]);
      const CoarseLevel<Operator>& level = levels[l];
      const Operator a = operator_of(level);
      const Interpolation from{level.map, levels[l + 1].e, level.neighbour_weight[0], level.neighbour_weight[1],
                               level.neighbour_weight[2]};
      run(team, level, with_ghosts(level, Prolong{from, level.e}, level.e));
      sweep(team, level, a, level.e, level.other, omega[l][2]);
      sweep(team, level, a, level.other, level.e, omega[l][3]);
    }
    fill_corners(team, levels[0]);
  }

 private:
  using Level = CoarseLevel<Operator>;

  KOKKOS_FORCEINLINE_FUNCTION Operator operator_of(const Level& level) const {
    Operator a = level.a;
    a.s = s;
    if constexpr (HasRestRows<Operator>) a.intact = {};  // finest level only: nothing to look up
    return a;
  }
  /// One item per cell, then a barrier.
  template <class F>
  KOKKOS_FORCEINLINE_FUNCTION void run(const Team& team, const Level& level, const F& f) const {
    for (int cell = team.team_rank(); cell < level.count; cell += team.team_size()) {
      const auto [k, j, i] = level.cell_of.at(cell);
      detail::at_cell(f, k, j, i);
    }
    team.team_barrier();
  }
  KOKKOS_FORCEINLINE_FUNCTION Walls walls_of(const Level& level) const {
    Walls result = walls;
    result.multiplier = level.multiplier;
    for (int a = 0; a < 3; ++a) result.spacing[a] = level.spacing[a];
    return result;
  }
  template <class F>
  KOKKOS_FORCEINLINE_FUNCTION WithGhostsOfCells<F, float> with_ghosts(const Level& level, const F& f,
                                                                      const Span3<float>& written) const {
    return {f,
            {written,
             {level.cells[0], level.cells[1], level.cells[2]},
             {level.sides[0], level.sides[1], level.sides[2]},
             true,
             walls_of(level)}};
  }
  KOKKOS_FORCEINLINE_FUNCTION void sweep_from_zero(const Team& team, const Level& level, const Operator& a,
                                                   const Span3<float>& out, const float weight) const {
    run(team, level, with_ghosts(level, SmoothFromZero<Operator>{a, level.r, out, weight}, out));
  }
  KOKKOS_FORCEINLINE_FUNCTION void sweep(const Team& team, const Level& level, const Operator& a, const Span3<float>& from,
                                         const Span3<float>& out, const float weight) const {
    run(team, level, with_ghosts(level, SmoothSweep<Operator>{a, level.r, from, out, weight}, out));
  }
  KOKKOS_FORCEINLINE_FUNCTION void restrict_mean(const Team& team, const int l, const Span3<float>& fine,
                                                 const Span3<float>& coarse) const {
    const Level& level = levels[l];
    run(team, levels[l + 1],
        RestrictEither{{{level.map, fine, coarse, level.share[0], level.share[1], level.share[2]}, level.map.first(0, 0)},
                       {level.pairs_end[0], level.pairs_end[1], level.pairs_end[2]}});
  }
  KOKKOS_FORCEINLINE_FUNCTION void solve_last(const Team& team) const {
    const Level& level = levels[count - 1];
    if (divide) {
      run(team, level, DivideByWeight{level.r, level.q, level.e});
      return;
    }
    const Operator a = operator_of(level);
    const float* const weights = omega[count - 1];
    sweep_from_zero(team, level, a, level.other, weights[0]);
    for (int n = 1; n < 4; n += 2) {
      sweep(team, level, a, level.other, level.e, weights[n]);
      if (n < 3) sweep(team, level, a, level.e, level.other, weights[n + 1]);
    }
  }

  template <int Axis>
  KOKKOS_FORCEINLINE_FUNCTION void fill_planes(const Team& team, const Level& level,
                                               const FillAllGhosts<float, 1>& fill,
                                               const typename FillAllGhosts<float, 1>::Field& field) const {
    constexpr int fast = Axis == 0 ? 1 : 0, slow = Axis == 2 ? 1 : 2;
    // Over the ghosts of the axes before.
    const int low_fast = fast < Axis ? -1 : 0, low_slow = slow < Axis ? -1 : 0;
    const typename FillAllGhosts<float, 1>::Plane plane{
        2 * Axis, {low_fast, low_slow}, {level.cells[fast] - 2 * low_fast, level.cells[slow] - 2 * low_slow}};
    const int in_plane = plane.extent[0] * plane.extent[1];
    for (int cell = team.team_rank(); cell < in_plane; cell += team.team_size()) {
      if ((level.sides[Axis] & 1) != 0) fill.template fill<Axis, 0>(field, plane, cell);
      if ((level.sides[Axis] & 2) != 0) fill.template fill<Axis, 1>(field, plane, cell);
    }
  }
  /// All ghosts of the correction. They are computed from owned cells, so that the planes need not wait for each other.
  KOKKOS_FORCEINLINE_FUNCTION void fill_corners(const Team& team, const Level& level) const {
    const FillAllGhosts<float, 1> fill{{},
                                       {},
                                       {level.cells[0], level.cells[1], level.cells[2]},
                                       {level.sides[0], level.sides[1], level.sides[2]}};
    const typename FillAllGhosts<float, 1>::Field field{level.e, walls_of(level), true};
    fill_planes<0>(team, level, fill, field);
    fill_planes<1>(team, level, fill, field);
    fill_planes<2>(team, level, fill, field);
    team.team_barrier();
  }
};

}  // namespace kollagen
