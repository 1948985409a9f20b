/// A model on a grid: what the integrators need of it, independent of which model it is.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kernels/active_cells.hpp"
#include "kernels/chemotaxis.hpp"
#include "kernels/halo.hpp"
#include "kernels/multigrid.hpp"
#include "kernels/reactions.hpp"
#include "kollagen/column.hpp"
#include "kollagen/config.hpp"
#include "kollagen/fields.hpp"
#include "kollagen/grid.hpp"
#include "kollagen/model/info.hpp"
#include "kollagen/state.hpp"

namespace kollagen {

/// What a model is built from; plain values, all in internal units.
struct PhysicsSetup {
  Grid grid;  ///< the part of this rank
  Ranks ranks;
  std::array<WallKind, 6> walls{};
  std::vector<BoundaryValueConfig> boundary_values;  ///< verification models; `dermal` uses its baseline
  std::map<std::string, double> parameters;
  std::vector<std::string> disabled_terms;
  SkinConfig skin;
  StatePrecision precision = StatePrecision::full;
};

/// What Physics::update_local did: whether there are such species, bytes of them in a cell, share of the cells.
struct LocalUpdate {
  bool any = false;
  double bytes = 0, share = 0;
};

/// Right-hand side, stage residuals and local updates of one model on one backend, on the part of the grid that this rank
/// owns. Kernels run on the execution space given at construction; results that are returned by value have been waited
/// for and are those of all ranks where nothing else is said. Functions that fill ghosts or return a value of all ranks
/// are collective.
template <class Exec>
class Physics {
 public:
  virtual ~Physics() = default;

  const ModelInfo& info() const { return info_; }
  const Grid& grid() const { return grid_; }
  const Column& column() const { return column_; }
  const Exec& exec() const { return exec_; }
  int count() const { return int(info_.species.size()); }
  Box owned() const { return {{0, 0, 0}, grid_.cells}; }
  bool moves(const int s) const { return info_.species[s].motion != Motion::none; }
  /// Whether all species that are not slow are stored in float.
  bool mixed() const { return mixed_; }
  /// Room for all species, as they are stored. Zero-filled.
  State<Exec> make_state(const std::string& label) const {
    std::vector<bool> single;
    for (int s = 0; s < count(); ++s) single.push_back(single_word(s));
    return State<Exec>(label, single, grid_.cells);
  }
  /// Bytes of a species in a cell, of one that is not slow (all that move are not), and of all of them.
  double word(const int s) const { return single_word(s) ? sizeof(float) : sizeof(Real); }
  double moving_word() const { return mixed_ ? sizeof(float) : sizeof(Real); }
  double state_bytes() const {
    double sum = 0;
    for (int s = 0; s < count(); ++s) sum += word(s);
    return sum;
  }
  /// Whether a species is stored in float.
  bool single_word(const int s) const { return mixed_ && !info_.species[s].slow; }
  double diffusivity(const int s) const { return moves(s) ? diffusivities_[s] : 0; }  ///< [um^2/h]
  const Ranks& ranks() const { return ranks_; }
  Halo<Exec>& halo() const { return *halo_; }
  /// max_over_cells of the owned cells of all ranks.
  template <class F>
  Real max_over_owned(const std::string& label, const F& f) const {
    return ranks_.communicator->max(max_over_cells(label, exec_, owned(), f));
  }
  /// Value of every species in undamaged tissue at the whole grid's depth index k; 0 in the verification models.
  virtual double baseline(int species, int k) const = 0;
  /// Species that move, in the order in which one depends on the other.
  virtual std::vector<int> solve_order() const = 0;
  const std::optional<ChemotaxisLaw>& chemotaxis() const { return chemotaxis_; }

  /// External production [u/h] of all species, or none; read by every evaluation until changed. It may wake any cell.
  void set_forcing(const Fields<Exec>& forcing) {
    forcing_ = forcing;
    active_.forget();
  }
  const Fields<Exec>& forcing() const { return forcing_; }

  /// Recomputes the relative diffusivity of signals from the clot in `u` (owned cells), where it is that of the layers, and
  /// fills its ghosts. Nothing to do
  /// for a model without clot, whose signals diffuse by layers alone.
  void update_mobility(const State<Exec>& u);
  double largest_mobility() const { return largest_mobility_; }
  /// The relative diffusivity in the solver, which the state decides, or where there is no clot the layers. Collective.
  void give_mobility(Multigrid<Exec>& solver) const {
    if (mobility_varies())
      mobility_.with(0, [&](const auto& m) { solver.set_coefficient(m, largest_mobility_, intact(), multiplier()); });
    else
      solver.set_layers(column_.diffusivity);
  }
  /// Share of the cells around which there is none, when last counted.
  double intact_share() const { return intact_share_; }
  /// Whether the model knows a clot, so that every cell has a mobility of its own.
  bool has_clot() const { return clot_.species >= 0; }
  /// Whether the mobility depends on the state; otherwise it has to be computed once only.
  bool mobility_varies() const { return has_clot() && clot_.m_clot != 1; }

  /// out = a base + b u + c f(u), f the whole right-hand side with transport. Fills the ghosts of u.
  /// `out` must not share memory with `u`; it may with `base`.
  void evaluate(const State<Exec>& u, const State<Exec>& base, const State<Exec>& out, Real a, Real b, Real c);

  /// Chemotactic change [u/h] of its species into the scratch field that stage_residual reads. Fills ghosts of u.
  void evaluate_chemotaxis(const State<Exec>& u);

  /// Residual r and weight q = 1 + c loss of the stage  u = rhs + c f(u)  for a moving species (StageResidual);
  /// fills its ghosts. The largest |r| of this rank in units of tolerance (scale + |u|) is that of up to seven results in
  /// `maxima`: the caller takes the maximum over the ranks, together with what else it has to ask them.
  virtual void stage_residual(int species, const State<Exec>& u, const State<Exec>& rhs, Real c, Real tolerance,
                              const Span3<float>& r, const Span3<float>& q, Maxima<Exec>& maxima) const = 0;
  /// Correction for r and q as stage_residual left them in `solver`: a V-cycle for signals, sweeps for cells that
  /// shrink the error by about `reduction`. The result goes to `target` (Multigrid::v_cycle).
  template <class Target = NoTarget>
  void correct(Multigrid<Exec>& solver, int species, Real c, double reduction, const Target& target = {}) const;

  /// Updates the species that do not move (group 0: those that signals depend on; 1: the others, on which nothing depends),
  /// in place. The largest change of this rank in units of tolerance (scale + |u|), in group 1 that of the last iteration,
  /// goes into `maxima`, one result at most.
  virtual LocalUpdate update_local(int group, const State<Exec>& u, const State<Exec>& rhs, Real c, Real tolerance,
                           Maxima<Exec>& maxima) const = 0;

  /// Whether a species stays 0 in cells where all species of group 0 are 0, so that only some cells have to be worked on.
  virtual bool rests(int species) const = 0;
  /// Finds the cells in which a species that rests is not 0 in one of the states, and counts the intact ones. To be called
  /// when a state came from outside and its mobility is known; what other states hold of these species outside of the cells
  /// found has to be set to 0. Waits.
  void find_active(const std::vector<State<Exec>>& states);
  /// Share of the stretches of this rank that are worked on for a species: 1 where find_active found that a list does not pay.
  double active_share(const int species) const {
    return rests(species) ? active_.share() : 1;
  }
  /// Calls f(cells) with the cells that have to be worked on for a species: a Box, or Stretches.
  template <class F>
  void with_cells(const int species, const F& f) const {
    const auto stretches = rests(species) ? active_.stretches() : std::nullopt;
    if (stretches)
      f(*stretches);
    else
      f(owned());
  }

  /// Calls f(cells, species) for the species that have to be worked on in the same cells, a Box or Stretches; each species
  /// comes once.
  template <class F>
  void with_groups(const F& f) const {
    const auto stretches = active_.stretches();
    std::vector<int> everywhere, active;
    for (int s = 0; s < count(); ++s) (stretches && rests(s) ? active : everywhere).push_back(s);
    f(owned(), everywhere);
    if (!active.empty()) f(*stretches, active);
  }

  /// Whether the error estimate of a step is added to a species.
  virtual bool extrapolated(int species) const = 0;
  /// Adds the error estimates of a step to the extrapolated species that do not move (ExtrapolateLocal), in `u` and `rhs`.
  virtual void extrapolate_local(const State<Exec>& u, const State<Exec>& rhs, const Fields<Exec, float>& error,
                                 Real c) const = 0;

  /// Species whose total over the domain cannot change: no active term makes or takes them, no wall lets them through
  /// and there is no source. Found by evaluating the terms in states that switch all of them on.
  virtual std::vector<int> conserved() const = 0;
  /// Whether no active term takes away of a species: its total changes by sources and through walls only. Found like
  /// `conserved`.
  virtual bool lossless(int species) const = 0;
  /// Sum over all cells of one species [unit of the species times cells]; the same bits for any number of ranks.
  Real total(const State<Exec>& u, int species) const;
  /// The same of the absolute values.
  Real magnitude(const State<Exec>& u, int species) const;

  /// Longest stable step of the explicit reference [h]: diffusion, chemotaxis and linear losses.
  double explicit_step_limit(const State<Exec>& u);

  /// Walls of a species, for corrections and ghosts.
  const Walls& walls(const int species) const { return walls_[species]; }
  /// Whether negative values are solutions (linear equations) and not a failure.
  virtual bool signed_fields() const = 0;
  /// Error scale: |u| below which errors are judged absolutely (absolute tolerance at tolerance 1e-3).
  double scale(const int species) const { return info_.species[species].absolute_tolerance * 1e3; }
  std::size_t bytes() const;

 protected:
  Physics(const Exec& exec, const PhysicsSetup& setup, const ModelInfo& info, const Column& column)
      : exec_(exec), grid_(setup.grid), ranks_(setup.ranks), info_(info), column_(column),
        mixed_(setup.precision == StatePrecision::mixed) {}

  /// Builds tables and walls; called by the concrete model once its parameters are final.
  /// `sites` holds site_count values for each owned depth index, one depth after the other. `wall_transfer` [um/h] is the
  /// coefficient of robin walls for which the study has none of its own.
  void build(const PhysicsSetup& setup, const std::vector<double>& diffusivities, const ClotFactor& clot,
             const std::optional<ChemotaxisLaw>& chemotaxis, const std::vector<double>& sites, int site_count,
             double wall_transfer);
  /// evaluate with the chemotactic change that evaluate_chemotaxis left.
  virtual void evaluate_all(const State<Exec>& u, const State<Exec>& base, const State<Exec>& out, Real a, Real b,
                            Real c) const = 0;
  /// Largest loss coefficient of any species in any cell [1/h].
  virtual Real largest_loss(const State<Exec>& u) const = 0;

  /// Operators of a species that moves and is stored as T.
  template <class T>
  BasicSignalDiffusion<T> signal_diffusion(int species, const State<Exec>& u) const;
  template <class T, bool Relative>
  BasicLayerDiffusion<T, Relative> layer_diffusion(int species, const State<Exec>& u) const;
  /// Faces of one species that moves, or of several, as the halo wants them.
  template <class T>
  std::vector<GhostField<T>> ghosts(const State<Exec>& u, const std::vector<int>& species) const {
    std::vector<GhostField<T>> result;
    for (const int s : species) result.push_back({u.template get<T>(s), walls_[std::size_t(s)]});
    return result;
  }
  /// Sum of `value` over all cells of all ranks; `size`: its absolute value. Exact, so that the order does not matter.
  template <class Value, class Size>
  Real sum_over_owned(const std::string& label, const Value& value, const Size& size) const;
  /// Calls f with a value of the type that species that are not slow, as all that move, are stored as.
  template <class F>
  decltype(auto) with_moving_type(const F& f) const {
    return mixed_ ? f(float()) : f(Real());
  }
  Span2<const Real> site() const { return {site_.data(), int(site_.extent(1))}; }
  Span2<const Real> layer_table(int species) const;
  /// Cells of a stretch of Intact, as a power of two. A device's is a warp: threads side by side go the same way. A host
  /// works on rows, and asks for whole ones.
  static constexpr int intact_shift = detail::runs_on_host<Exec> ? 30 : 5;
  Span2<const Real> multiplier() const { return {multiplier_.data() + 1, int(multiplier_.extent(1))}; }
  Intact intact() const {
    return {intact_.data(), grid_.cells[1], int(intact_.extent(2)), intact_shift, intact_share_};
  }

  using Table = Kokkos::View<Real**, Kokkos::LayoutRight, typename Exec::memory_space>;
  Exec exec_;
  Grid grid_;
  Ranks ranks_;
  std::shared_ptr<Halo<Exec>> halo_;
  ModelInfo info_;
  Column column_;  ///< of the whole domain
  bool mixed_;
  std::vector<double> diffusivities_;
  ClotFactor clot_;
  std::optional<ChemotaxisLaw> chemotaxis_;
  Fields<Exec> forcing_;
  ActiveCells<Exec> active_;
  State<Exec> mobility_;                    ///< this and the next one as the species that are not slow
  Kokkos::View<unsigned char***, Kokkos::LayoutRight, typename Exec::memory_space> intact_;  ///< Intact::stretches
  State<Exec> chemotaxis_scratch_;          ///< 0: divergence
  Fields<Exec, float> chemotaxis_slopes_;   ///< limited slopes along x, y, z
  Maxima<Exec> rates_{7};                   ///< of chemotaxis, for explicit steps
  Table site_;                       ///< (slot, k)
  Table multiplier_;                 ///< (0, k + 1)
  Table signal_layers_, cell_layers_, habitat_layers_;  ///< (LayerRow, k + 1)
  Table open_, inverse_full_;           ///< (0, k + 1)
  Table wall_values_;                   ///< (6 species + face, k + 1)
  std::vector<Walls> walls_;
  double largest_mobility_ = 0;
  double intact_share_ = 0;
  double largest_cell_mobility_ = 0, largest_habitat_mobility_ = 0;  ///< bounds of the layer tables
};

/// Builds the named model (model_names()) on a grid. Throws InputError for unknown names or parameters.
template <class Exec>
std::unique_ptr<Physics<Exec>> make_physics(const std::string& model, const Exec& exec,
                                            const PhysicsSetup& setup);
/// Its case of mixed precision, compiled by itself.
template <class Exec>
std::unique_ptr<Physics<Exec>> make_mixed_physics(const std::string& model, const Exec& exec,
                                                  const PhysicsSetup& setup);

}  // namespace kollagen
