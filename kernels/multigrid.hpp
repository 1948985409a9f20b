/// Geometric multigrid in float for  q e - s div(m grad e) = r, the correction equation of every implicit
/// stage.
///
/// Cell-centred, semi-coarsening where spacings differ, any number of cells per axis (the last coarse cell
/// may have three children). Parts of ranks are coarsened in place while they have cells; the levels below
/// are small, every rank gathers them and computes them whole. Smoother: Chebyshev-weighted Jacobi sweeps;
/// coarse faces: the mean of the fine faces on them, which is the series resistance of the two cells between
/// the coarse centres; transfer: mean down, trilinear up. Stencils and maxima only, so the result does not
/// depend on how the grid is distributed. The caller wraps it in a correction loop with a residual in double
/// (docs/numerics.md).
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "kernels/coarse_cycle.hpp"
#include "kernels/for_fields.hpp"
#include "kernels/halo.hpp"
#include "kernels/level_kernels.hpp"
#include "kollagen/fields.hpp"

namespace kollagen {

/// Where a correction goes: into a field, its largest size on this rank into `sizes` (up to seven results); or nowhere but
/// into Multigrid::correction.
template <class Exec, class T>
struct CorrectionTarget {
  CorrectedField<T> field;
  Maxima<Exec>& sizes;
};
struct NoTarget {};

/// How the loops over levels are cut; the results are the same. `few`: ghosts are written by the work items of the cells
/// that they are images of, and the coarsest levels are one launch (CoarseCycle), as a device wants it. `rows`: a loop for
/// each thing; on a host what belongs to a row is done while it is in the cache.
enum class Launches { rows, few };

/// Chebyshev weights: the reciprocals of the roots of the polynomial of `degree` on [low, high].
inline std::vector<float> chebyshev_weights(const int degree, const double low, const double high) {
  std::vector<float> w(degree);
  for (int i = 0; i < degree; ++i)
    w[i] =
        float(1 / (0.5 * (high + low) + 0.5 * (high - low) * std::cos(M_PI * (2 * i + 1) / (2.0 * degree))));
  return w;
}

/// Weights of the four sweeps of a level in the order of their use, for the couplings `sigma` of a cell with weight 1: two
/// each before and after the coarser levels that smooth what those cannot see, or on the last level all in a row.
inline std::vector<float> sweep_weights(const double sigma, const bool last) {
  const double high = (1 + 2 * sigma) / (1 + sigma), low = 1 / (1 + sigma);
  if (last) return chebyshev_weights(4, low, high);
  const std::vector<float> w = chebyshev_weights(4, std::max(low, high / 8), high);
  return {w[1], w[3], w[0], w[2]};
}

/// The level hierarchy and its V-cycle. Owns the float work fields that a stage solve needs.
template <class Exec>
class Multigrid {
 public:
  /// Fields of a level, in this order.
  enum Slot : int { weight_q, residual_r, correction_e, correction_other, slots };

  /// Fewer cells than this are solved whole on every rank: messages would cost more than the work.
  static constexpr long gathered_cells = 32768;
  /// Levels with at most so many cells are left to one team: eight for each of its 512 threads on a GPU. Not timed yet.
  static constexpr long team_cells = 4096;
  /// On larger levels a launch for ghosts should take less time than the registers cost that a sweep needs for them (46 to 54
  /// instead of 32). Not timed yet.
  static constexpr long most_with_ghosts = 1L << 22;

  /// `walls`: kinds and layer multipliers; they must be the same in every later call. `gather_below`: a level
  /// with fewer cells is gathered. `launches`: the way of devices or of hosts, each possible on any backend. Collective.
  Multigrid(const Exec& exec, const Ranks& ranks, const std::array<double, 3>& spacing, const Walls& walls,
            long gather_below = gathered_cells,
            Launches launches = detail::runs_on_host<Exec> ? Launches::rows : Launches::few);

  /// Finest level: where the caller writes r and q, and where it finds the correction.
  Span3<float> residual() const { return levels_[0].at(residual_r); }
  Span3<float> weight() const { return levels_[0].at(weight_q); }
  Span3<float> correction() const { return levels_[0].e; }
  const std::array<int, 3>& cells() const { return levels_[0].cells; }
  /// Levels whose cells are shared among the ranks; the others every rank holds whole.
  int shared_levels() const { return shared_levels_; }
  std::size_t bytes() const;
  /// Bytes moved so far, by the model of kernels/traffic.hpp.
  double traffic() const { return traffic_; }

  /// Takes over the relative diffusivity m (ghosts filled) on all levels; to be called whenever it changed.
  /// `largest`: of all ranks. `intact`: where m is `multiplier` (0, k), k from -1 to nz, with m as it was given; sweeps of the
  /// finest level then move 16 instead of 28 B a cell there, for the same result. On a host whole rows. What it points to is
  /// read until the next call, and has to fit m until then. Collective.
  template <class T>
  void set_coefficient(const Span3<T>& m, double largest, const Intact& intact = {},
                       const Span2<const Real>& multiplier = {});
  /// The same for an m that depends on depth only, given for all depth indices of the whole grid. A V-cycle then moves
  /// 0.6 of the memory, and no fields of faces are held.
  void set_layers(const std::vector<double>& m);

  /// One V-cycle from e = 0 for q e - s div(m grad e) = r; s = c D [um^2]. The result goes to `target`; without one it is in
  /// correction(). `walls` of the species, met as homogeneous ones.
  template <class Target = NoTarget>
  void v_cycle(double s, const Walls& walls, const Target& target = {});

  /// Chebyshev sweeps from e = 0 for cells (LayerOperator), enough to shrink the error by `reduction`,
  /// at most eight; sx, sy, sz = c D/dx^2 and so on. The result goes where that of v_cycle goes.
  template <class Target = NoTarget>
  void sweep_layers(const Span2<const Real>& layer, double largest_m, double sx, double sy, double sz,
                    double reduction, const Walls& walls, const Target& target = {});

 private:
  using FloatView = Kokkos::View<float*, typename Exec::memory_space>;
  struct Level {
    Decomposition parts;
    std::array<int, 3> cells{};       ///< of this rank
    std::array<int, 3> first{};       ///< whole-grid index of the first of them
    std::array<int, 3> whole{};       ///< of the whole grid
    std::array<double, 3> spacing{};  ///< of a full cell
    std::array<bool, 3> inert{};      ///< one cell between closed or periodic walls: no flux along the axis
    std::shared_ptr<Halo<Exec>> halo;
    Fields<Exec, float> fields;
    Fields<Exec, float> faces;                  ///< along x, y, z; empty while m depends on depth only
    Intact intact;                              ///< on the finest level only
    std::array<FloatView, 3> layer_faces;       ///< LayerFaces of this part; where there is `intact`
    std::array<FloatView, 3> low, high;         ///< DepthOperator; like those that follow of the whole grid
    FloatView lateral;
    std::array<FloatView, 3> inverse_width;
    std::array<FloatView, 3> share;             ///< in the next level
    std::array<FloatView, 3> neighbour_weight;  ///< to the next level
    std::array<FloatView, 3> distance_ratio;    ///< from the finer level
    std::array<std::vector<double>, 3> widths;
    Kokkos::View<Real*, typename Exec::memory_space>
        multiplier;                  ///< of the layers, (k + 1); read at robin walls only
    Coarsening map{};                ///< to the next coarser level
    bool exchange_children = false;  ///< some coarse cell has children on two ranks
    Box target;                      ///< what this rank computes of the next level, in that level's indices
    Span3<float> e;                  ///< where the latest correction is
    bool has_ghosts = false;         ///< its ghosts across faces are filled; those along x on a host when they are read
    Span3<float> at(const int slot) const { return fields[slot]; }
    Box box() const { return {{0, 0, 0}, cells}; }
    const float* of_part(const std::array<FloatView, 3>& table, const int axis) const {
      return table[axis].data() + first[axis];
    }
  };
  /// Where the values of all ranks go when a level is gathered; for cells, and for faces along each axis.
  struct Gather {
    std::vector<std::size_t> bytes;  ///< of each rank
    Kokkos::View<int*, typename Exec::memory_space> place;
  };

  Gather plan_gather(const Level& fine, const Level& coarse, const std::array<int, 3>& more) const;
  /// Makes fields of the first gathered level whole: every rank has computed its `target` of them.
  void gather(const Gather& plan, const std::vector<Span3<float>>& fields, const std::array<int, 3>& more);

  double coupling(const Level& level, const double s, const bool largest) const {
    double sum = 0, best = 0;
    for (int a = 0; a < 3; ++a) {
      if (level.inert[a]) continue;
      const double w = s * largest_m_ / (level.spacing[a] * level.spacing[a]);
      sum += 2 * w;
      best = std::max(best, w);
    }
    return largest ? best : sum;
  }
  DepthOperator depth_operator(const Level& level, const double s) const {
    DepthOperator op{{}, {}, level.lateral.data() + level.first[2], level.at(weight_q), float(s)};
    for (int a = 0; a < 3; ++a) {
      op.low[a] = level.of_part(level.low, a);
      op.high[a] = level.of_part(level.high, a);
    }
    return op;
  }
  LevelOperator level_operator(const Level& level, const double s) const {
    return {level.faces[0],
            level.faces[1],
            level.faces[2],
            level.of_part(level.inverse_width, 0),
            level.of_part(level.inverse_width, 1),
            level.of_part(level.inverse_width, 2),
            level.at(weight_q),
            float(s),
            level.intact,
            {level.layer_faces[0].data(), level.layer_faces[1].data(), level.layer_faces[2].data()}};
  }
  /// Parents along x [first, last) whose children are two cells of this rank, on both sides of the centre.
  static std::pair<int, int> paired_parents(const Level& level);
  /// Volume-weighted means of a residual of level `index` and of its weight on the next coarser one, there on the target of
  /// this rank.
  void restrict_mean(int index, const Span3<float>& residual);
  /// Where RestrictPairs ends, in parents of this part: those with three children, the last of an odd number of cells, and
  /// axes x that stay as they are take the general way. That depends on the place in the whole grid only, and so do the bits.
  static std::array<int, 3> pairs_end(const Level& level);
  template <int Axis>
  CoarseFaces<Axis> coarse_faces(int index) const;
  void coarsen_faces(int index);
  /// The one of the two correction buffers that is not in use.
  static Span3<float> other_buffer(const Level& level) {
    return level.e.origin == level.at(correction_e).origin ? level.at(correction_other)
                                                           : level.at(correction_e);
  }
  /// Calls run(functor) with `f`, which writes all cells of `e`, extended so that it writes its ghosts too, on a host those
  /// along y and z (Launches). Not on a level that is shared. From then on `e` is the correction.
  template <class F, class Run>
  void write(Level& level, const Span3<float>& e, const F& f, const Run& run) {
    const GhostsOfCell<float> images = level.halo->cell_ghosts(ghosts(level, e).front());
    const bool by_cells = launches_ == Launches::few;
    level.has_ghosts = !level.halo->divided() && (by_cells ? level.box().cells() <= most_with_ghosts : detail::runs_on_host<Exec>);
    if (!level.has_ghosts)
      run(f);
    else if (by_cells)
      run(WithGhostsOfCells<F, float>{f, images});
    else if constexpr (detail::runs_on_host<Exec>)
      run(WithGhostsOfRows<F, float>(f, images));
    level.e = e;
  }
  /// Runs `f`, which reads the ghosts of `field`, the correction, across faces. `filled`: has_ghosts.
  template <class F>
  void for_cells_of(const Level& level, const std::string& label, const GhostField<float>& field, const bool filled,
                    const F& f) {
    if (filled)
      for_cells_with_row_ghosts(label, exec_, *level.halo, field, f);
    else
      for_cells_with_ghosts(label, exec_, *level.halo, std::vector<GhostField<float>>{field}, f);
  }
  /// e = r/q where nothing couples.
  template <class Target>
  void divide(Level& level, const Target& target);
  /// Adds the interpolated correction of level index + 1 to that of level index.
  void prolong(int index);
  template <class Target>
  void solve_level(int index, double s, int last, const Target& target);
  /// The levels from `team_level_` to `last` in one launch.
  template <class Operator>
  void solve_coarse(const Kokkos::View<CoarseLevel<Operator>*, typename Exec::memory_space>& levels, double s, int last);
  /// Lists those levels for CoarseCycle, with `operator_of(level)`.
  template <class Operator, class OperatorOf>
  void list_coarse(Kokkos::View<CoarseLevel<Operator>*, typename Exec::memory_space>& levels, const OperatorOf& operator_of);
  template <class Operator, class Target>
  void solve_level_with(const Operator& op, int index, double s, double sigma, int last, const Target& target);
  /// Fine over coarse centre distance at a face of a coarse level: what its conductance shrinks by.
  double face_ratio(const Level& fine, const Level& coarse, int axis, int face) const;
  /// Sweeps with the given weights; from zero when `from_zero`. The result goes to the target, or else is in level.e.
  template <class Operator, class Target = NoTarget>
  void smooth(Level& level, const Operator& op, const std::vector<float>& omega, bool from_zero, const Target& target = {});
  /// A correction with its walls. A robin wall is as open as it is on the finest level: were it closed on the
  /// coarse ones, their corrections would be too large by the flux that leaves, without bound for long steps.
  std::vector<GhostField<float>> ghosts(const Level& level, const Span3<float>& e) const {
    Walls walls = walls_;
    for (int a = 0; a < 3; ++a) walls.spacing[a] = level.spacing[a];
    walls.multiplier = {level.multiplier.data() + 1 + level.first[2], 0};
    return {{e, walls, true}};
  }

  Exec exec_;
  std::shared_ptr<Communicator> ranks_;
  Walls walls_;  ///< of the species that is corrected
  std::vector<Level> levels_;
  int shared_levels_ = 0;
  Launches launches_;
  int team_level_ = 0;  ///< first level of CoarseCycle; the number of levels when there is none
  Kokkos::View<CoarseLevel<LevelOperator>*, typename Exec::memory_space> coarse_;  ///< those levels, with fields of faces
  Kokkos::View<CoarseLevel<DepthOperator>*, typename Exec::memory_space> coarse_by_depth_;
  std::array<bool, 3> periodic_{};
  bool by_depth_ = false;  ///< set_layers was called last
  Gather gather_cells_, gather_faces_[3];
  FloatView gathered_, part_;
  double largest_m_ = 0;
  double traffic_ = 0;
};

}  // namespace kollagen
