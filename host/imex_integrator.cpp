/// TR-BDF2 for all fields at once. Each stage is the nonlinear system  u = rhs + c f(u)  of all species; it is solved
/// by passes that update one field after the other with the newest values of the others, so every equation keeps all
/// its terms in one place and nothing is split (docs/numerics.md).
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "host/integrator.hpp"
#include "kernels/backends.hpp"
#include "kernels/for_fields.hpp"
#include "kernels/stages.hpp"
#include "kernels/traffic.hpp"
#include "kollagen/check.hpp"

namespace kollagen {
namespace {

/// How well equations are solved, in units of the step's tolerance.
constexpr double solver_tolerance = 0.02;  ///< residual of one field's linear system
constexpr double negligible = 1e-7;        ///< residual that needs no correction even where none was made yet
constexpr double round_off = 1e-7;         ///< a residual below this holds nothing that could be conserved
/// What every correction takes away of an error at least: guesses raise round-off by less than this from step to step.
constexpr double least_reduction = 10;
constexpr double pass_tolerance = 0.1;     ///< change still expected from further passes
constexpr int most_passes = 20;
constexpr int most_cycles = 30;

/// The step controller: local error ~ dt^3.
constexpr double step_safety = 0.9;
constexpr double largest_growth = 2.5;
constexpr double smallest_shrink = 0.2;
constexpr double smallest_step = 1e-9;  ///< [h] below this the step has collapsed
/// A limit that lies a step ahead up to this share of it is met by that step: rounding of a sum of fixed steps leaves
/// no sliver.
constexpr double step_rounding = 1e-6;
/// The error estimate of a moving field is filtered where unfiltered it reaches this share of the largest one.
constexpr double worth_filtering = 0.3;
/// It is added to a field where it reaches this.
constexpr double worth_adding = 0.01;
/// The derivative (u - rhs)/c of a step carries the error of its solution over c: it is no start for a step that is
/// more than this many times longer. Steps that the controller chooses grow less.
constexpr double derivative_reach = 10;

/// From this ratio of the step to the time of diffusion over a cell on, a field counts as stiff.
constexpr double stiff_from = 10;

template <class Exec>
class ImexIntegrator final : public Integrator<Exec> {
 public:
  ImexIntegrator(std::unique_ptr<Physics<Exec>> physics, const TimeConfig& config)
      : Integrator<Exec>(std::move(physics), config),
        next_(this->physics_->make_state("next state")),
        rhs_(this->physics_->make_state("stage right-hand side")),
        error_("error estimate", this->state_.count(), this->state_.cells()),
        solver_(this->physics_->exec(), this->physics_->ranks(), this->physics_->grid().spacing,
                this->physics_->walls(0)),
        maxima_(std::max(this->state_.count(), 7)),
        changes_(most_in_pass(this->state_.count())) {
    sort_species();
    restart();
  }

  void replace_physics(std::unique_ptr<Physics<Exec>> physics) override {
    Integrator<Exec>::replace_physics(std::move(physics));
    sort_species();
  }

  void restart() override {
    next_dt_ = this->config_.step ? *this->config_.step : this->config_.first_step;
    have_last_stage_ = false;
    refresh_coefficients();
  }

  void save(Record& record) const override {
    Integrator<Exec>::save(record);
    record.numbers["controller/imex"] = {next_dt_, last_dt_, have_last_stage_ ? 1.0 : 0.0};
  }
  std::vector<std::pair<std::string, State<Exec>>> stored() const override {
    auto result = Integrator<Exec>::stored();
    if (have_last_stage_) result.emplace_back("last_stage", rhs_);
    return result;
  }
  void restore(const Record& record) override {
    Integrator<Exec>::restore(record);
    const auto& values = record.list("controller/imex", 3);
    next_dt_ = values[0];
    last_dt_ = values[1];
    last_weight_ = TrBdf2::weight * last_dt_;
    have_last_stage_ = values[2] != 0;
  }
  void restored() override { refresh_coefficients(); }

  std::size_t bytes() const override {
    return this->state_.bytes() + next_.bytes() + rhs_.bytes() + error_.bytes() + solver_.bytes() +
           this->physics_->bytes();
  }

  double advance(const double time, const double limit) override {
    // A state from outside is judged as it is: after a step its faults would have spread.
    if (!have_last_stage_)
      check_state(*this->physics_, this->state_, time, this->statistics_.steps, 0, this->config_.tolerance);
    bool retry = false;
    while (true) {
      double dt = this->config_.step ? next_dt_ : std::min(next_dt_, this->config_.max_step);
      if (dt * (1 + step_rounding) >= limit)
        dt = limit;
      else if (!this->config_.step && 2 * dt > limit)
        dt = 0.5 * limit;  // two equal steps instead of a sliver at the end
      if (dt > derivative_reach * last_dt_) have_last_stage_ = false;
      const double error = try_step(time, dt);
      if (this->config_.step && error >= unacceptable)
        throw GuardError("imex: the fixed step of " + std::to_string(dt) + " h does not converge at time " +
                         std::to_string(time) + " h");
      if (this->config_.step || error <= 1) {
        if (!this->config_.step) {
          propose(dt, error, retry);
          extrapolate(TrBdf2::weight * dt);
        }
        std::swap(this->state_, next_);
        last_dt_ = dt;
        last_weight_ = TrBdf2::weight * dt;
        have_last_stage_ = true;
        this->count_step(dt);
        return dt;
      }
      ++this->statistics_.rejected;
      retry = true;
      next_dt_ = dt * (error >= unacceptable
                           ? 0.25
                           : std::clamp(step_safety * std::cbrt(1 / error), smallest_shrink, 0.9));
      if (next_dt_ < smallest_step) {
        check_state(*this->physics_, next_, time + dt, this->statistics_.steps + 1, dt, this->config_.tolerance);
        throw GuardError("imex: the step collapsed to " + std::to_string(next_dt_ * 3600) + " s at time " +
                         std::to_string(time) + " h");
      }
      restore_last_stage(time, TrBdf2::weight * dt, error);
    }
  }

 private:
  /// Changes of a pass: of each field that is corrected one for the cells inside and six for the shells next to other
  /// ranks, and those of the fields that do not move.
  static int most_in_pass(const int count) { return 7 * count + 2; }
  /// What is done with each species, which parameters may change.
  void sort_species() {
    const auto& physics = *this->physics_;
    order_ = physics.solve_order();
    extrapolated_.clear();
    for (int s = 0; s < physics.count(); ++s)
      extrapolated_.push_back(physics.extrapolated(s) && !(physics.moves(s) && physics.lossless(s)));
    always_balanced_.clear();
    for (const int s : order_)
      always_balanced_.push_back(physics.info().species[s].motion != Motion::signal || physics.lossless(s));
  }
  /// What follows from a state that came from outside.
  void refresh_coefficients() {
    auto& physics = *this->physics_;
    physics.update_mobility(this->state_);
    physics.find_active(have_last_stage_ ? std::vector<State<Exec>>{this->state_, rhs_}
                                         : std::vector<State<Exec>>{this->state_});
    physics.give_mobility(solver_);
    for (int s = 0; s < physics.count(); ++s) {
      if (!physics.rests(s)) continue;
      const auto clear = [&](const auto& field) {
        for_cells("kollagen/stages/set_to_zero", physics.exec(), physics.owned(),
                  SetToZero<std::remove_reference_t<decltype(*field.origin)>>{field});
      };
      next_.with(s, clear);
      if (!have_last_stage_) rhs_.with(s, clear);
      clear(error_[s]);
    }
  }
  /// Bytes of all fields in a cell, of those that rest as far as they are worked on.
  template <class Traffic>
  double traffic_of_active(const Traffic& of_word) const {
    double sum = 0;
    for (int s = 0; s < this->physics_->count(); ++s)
      sum += of_word(this->physics_->word(s)) * this->physics_->active_share(s);
    return sum;
  }

  /// The next step from the error of an accepted one. A step cut short by an output does not shrink the next.
  void propose(const double dt, const double error, const bool after_rejection) {
    const double growth = std::clamp(step_safety * std::cbrt(1 / std::max(error, 1e-6)), smallest_shrink,
                                     after_rejection ? 1.0 : largest_growth);
    const double wanted = dt * growth;
    next_dt_ = dt < next_dt_ && !after_rejection ? std::max(wanted, std::min(next_dt_, largest_growth * wanted))
                                                  : wanted;
  }

  /// One step of length dt from state_ into next_. Returns the error estimate in units of the tolerance.
  double try_step(const double time, const double dt) {
    auto& physics = *this->physics_;
    auto& seconds = this->statistics_;
    const Real c = TrBdf2::weight * dt;
    {
      const PartTimer part(seconds.seconds_rates);
      if (!have_last_stage_) evaluate_last_stage(time, c);
    }
    {
      const PartTimer part(seconds.seconds_control);
      with_like_species([&](auto type, const auto& cells, const std::vector<int>& species, const char* const group) {
        using T = decltype(type);
        std::vector<StartStep<T>> fields;
        for (const int s : species)
          fields.push_back({state<T>(s), rhs<T>(s), next<T>(s), T(c / last_weight_), T(slack(s))});
        for_fields(std::string("kollagen/stages/start") + group, physics.exec(), cells, fields);
      });
      this->count_traffic(traffic_of_active(traffic::start));
      have_last_stage_ = false;  // rhs_ now holds something else
    }
    in_second_stage_ = false;
    if (!solve_stage(time + TrBdf2::gamma * dt, c)) return unacceptable;
    in_second_stage_ = true;
    {
      const PartTimer part(seconds.seconds_control);
      with_like_species([&](auto type, const auto& cells, const std::vector<int>& species, const char* const group) {
        using T = decltype(type);
        std::vector<BetweenStages<T>> fields;
        for (const int s : species) fields.push_back({state<T>(s), rhs<T>(s), next<T>(s), error_[s], T(slack(s))});
        for_fields(std::string("kollagen/stages/between") + group, physics.exec(), cells, fields);
      });
      this->count_traffic(traffic_of_active(traffic::between));
    }
    if (!solve_stage(time + dt, c)) return unacceptable;
    const PartTimer part(seconds.seconds_control);
    return estimate_error(c);
  }

  /// A step starts from the derivative f(u_n) with which the last stage of the step before ended: u_n - rhs_ =
  /// last_weight_ f(u_n). Evaluated afresh, the stiff operator would amplify what that stage left unsolved. So this
  /// is for states that came from outside, and after much shorter steps.
  void evaluate_last_stage(const double time, const Real c) {
    auto& physics = *this->physics_;
    if (physics.mobility_varies()) physics.update_mobility(this->state_);
    if (this->forcing_at_) this->forcing_at_(time);
    physics.evaluate(this->state_, this->state_, rhs_, 0, 1, -c);
    this->count_traffic(this->evaluation_traffic());
    last_weight_ = c;
  }

  /// After a rejected step: state_ - c f(state_) back into rhs_. Of a stiff field it is recovered from what the step left
  /// (the error estimate is float, good enough for a guess that its operator damps), for the reason given at
  /// evaluate_last_stage; of the others it is evaluated, which keeps conserved amounts to round-off. When the
  /// second stage went wrong altogether, what the first left is not trusted and all is evaluated.
  void restore_last_stage(const double time, const Real c, const double error) {
    auto& physics = *this->physics_;
    if (in_second_stage_ && error >= unacceptable) return;
    if (in_second_stage_) {
      if (physics.mobility_varies()) physics.update_mobility(this->state_);
      if (this->forcing_at_) this->forcing_at_(time);
      physics.evaluate(this->state_, this->state_, next_, 0, 1, -c);
      this->count_traffic(this->evaluation_traffic());
    }
    for (int s = 0; s < physics.count(); ++s) {
      with_type(s, [&](auto type) {
        using T = decltype(type);
        if (!in_second_stage_)
          for_cells("kollagen/stages/undo_start", physics.exec(), physics.owned(), UndoStart<T>{state<T>(s), rhs<T>(s)});
        else if (stiff(s, c))
          for_cells("kollagen/stages/restore_start", physics.exec(), physics.owned(),
                    RestoreStart<T>{state<T>(s), rhs<T>(s), error_[s]});
        else
          for_cells("kollagen/stages/take_evaluated", physics.exec(), physics.owned(), CopyField<T>{next<T>(s), rhs<T>(s)});
      });
    }
    this->count_traffic(traffic::start(physics.state_bytes()));
    last_weight_ = c;
    have_last_stage_ = true;
  }
  /// c times the rate of diffusion over a cell.
  double stiffness(const int species, const Real c) const {
    const auto& physics = *this->physics_;
    double rate = 0;
    for (const double h : physics.grid().spacing) rate += 2 * physics.diffusivity(species) / (h * h);
    return c * rate;
  }
  /// Whether diffusion over a cell is much faster than the step.
  bool stiff(const int species, const Real c) const { return stiffness(species, c) > stiff_from; }
  /// Residual that rounding alone may leave, in units of the tolerance. Values in float are off by half of float_epsilon;
  /// u and rhs come into a residual once, and u twice more with the stiffness. Mobility, losses and chemotaxis are in
  /// the factor.
  double noise(const int species, const Real c) const {
    constexpr double others = 4;
    if (!next_.single()[std::size_t(species)]) return round_off;
    return std::max(round_off, others * float_epsilon * (1 + stiffness(species, c)) / this->config_.tolerance);
  }

  Real lowest(const int species) const {
    return this->physics_->signed_fields() ? -unacceptable
                                           : -this->config_.tolerance * this->physics_->scale(species);
  }
  Real slack(const int species) const {
    return 10 * this->config_.tolerance * this->physics_->scale(species);
  }

  /// Solves u = rhs + c f(u) for all species into next_, starting from what is there. False: no convergence.
  bool solve_stage(const double time, const Real c) {
    if (this->forcing_at_) this->forcing_at_(time);
    first_residual_.assign(this->physics_->count(), 0);
    settled_.assign(this->physics_->count(), false);
    return iterate(c) && balance(c) && follow(c);
  }

  /// Passes over all species until they agree. A pass corrects every field once at most: the change that remains is
  /// judged for the whole system, whether it comes from the coupling or from a linear system not yet solved. A
  /// change is what a correction moved, not a residual: on a fine grid a residual is large where the error is small.
  bool iterate(const Real c) {
    auto& physics = *this->physics_;
    double last_change = 0;
    for (int pass = 1; pass <= most_passes; ++pass) {
      ++this->statistics_.stage_passes;
      changes_.forget();
      update_local(0, c);
      if (pass == 1 && physics.mobility_varies()) {
        const PartTimer part(this->statistics_.seconds_signals);
        physics.update_mobility(next_);
        physics.give_mobility(solver_);
        this->count_traffic(traffic::mobility(physics.moving_word()) + traffic::faces(physics.moving_word()));
      }
      for (const int s : order_) {
        const PartTimer part(solve_seconds(s));
        if (physics.chemotaxis() && physics.chemotaxis()->species == s) {
          physics.evaluate_chemotaxis(next_);
          this->count_traffic(traffic::chemotaxis(physics.moving_word()));
        }
        const double residual = residual_of(s, c);
        if (!(residual < unacceptable)) return false;
        first_residual_[s] = std::max(first_residual_[s], residual);
        // At least one correction in the first pass, so that a quasi-steady signal is never left behind.
        if (residual > (pass == 1 ? negligible : solver_tolerance)) {
          correct(s, c, residual);
          settled_[s] = false;
        } else if (pass > 1 && first_residual_[s] > noise(s, c) && !stiff(s, c) && residual <= harmless(s, c)) {
          add_residual(s);  // what `balance` would do
          settled_[s] = true;
        }
      }
      const double change = largest_of_all(changes_.take_largest(physics.exec()));
      if (!(change < unacceptable)) return false;
      if (change <= pass_tolerance) return true;
      if (pass > 1) {
        const double rate = change / last_change;
        if (rate < 1 && change * rate / (1 - rate) <= pass_tolerance) return true;
        if (pass > 2 && rate > 1) return false;
      }
      last_change = change;
    }
    return false;
  }

  /// Fields whose total obeys a balance of fluxes and sources are solved to the solver's tolerance, and what is left is
  /// added as it is: their update is then rhs + c f(u) in every cell, and the balance holds to rounding. Once in a
  /// stage, since it amplifies what is left unsolved; and not where all residuals were round-off, as in undamaged
  /// skin, where step by step it would raise them up to the tolerance. Other signals are treated alike while it costs
  /// little: where they are not stiff, a residual is hardly larger than the error.
  bool balance(const Real c) {
    for (std::size_t n = 0; n < order_.size(); ++n) {
      const int s = order_[n];
      const double floor = noise(s, c);
      if (settled_[s] || first_residual_[s] <= floor || (!always_balanced_[n] && stiff(s, c))) continue;
      const PartTimer part(solve_seconds(s));
      double last = unacceptable;
      for (int cycle = 0;; ++cycle) {
        const double residual = residual_of(s, c);
        if (!(residual < unacceptable) || cycle == most_cycles) return false;
        // ... as far as rounding lets it: at small tolerances, corrections end to help long before.
        const bool stuck = residual > 0.5 * last;
        if (residual <= std::max(stuck ? solver_tolerance : harmless(s, c), floor)) break;
        last = residual;
        correct(s, c, residual);
        changes_.forget();
      }
      // A residual that is rounding of a stiff operator would be added to the field magnified.
      if (floor <= solver_tolerance) add_residual(s);
      changes_.forget();
    }
    return true;
  }

  /// Residual that may be added as it is: small, and so much smaller than that of the guess that it does no harm when it
  /// comes back in the guesses of later steps, magnified by the stiffness.
  double harmless(const int s, const Real c) const {
    return std::min(solver_tolerance, first_residual_[s] / (least_reduction * (1 + stiffness(s, c))));
  }

  /// The fields on which no other depends, once all others are known.
  bool follow(const Real c) {
    for (int pass = 0; pass < most_passes; ++pass) {
      changes_.forget();
      if (!update_local(1, c)) return true;
      const double change = largest_of_all(changes_.take_largest(this->physics_->exec()));
      if (!(change < unacceptable)) return false;
      if (change <= pass_tolerance) return true;
    }
    return false;
  }

  /// Whether there are any species in the group.
  bool update_local(const int group, const Real c) {
    const PartTimer part(this->statistics_.seconds_local);
    const LocalUpdate updated =
        this->physics_->update_local(group, next_, rhs_, c, this->config_.tolerance, changes_);
    this->count_traffic(updated.share * traffic::update_local(this->physics_->moving_word(), updated.bytes));
    return updated.any;
  }

  double& solve_seconds(const int species) {
    const bool signal = this->physics_->info().species[species].motion == Motion::signal;
    return signal ? this->statistics_.seconds_signals : this->statistics_.seconds_cells;
  }
  /// Residual and weight of one species, the others fixed, into the solver; its size in units of the tolerance. Computed
  /// in the precision that the field is stored in. Waits.
  double residual_of(const int species, const Real c) {
    this->count_traffic(traffic::residual(this->physics_->moving_word()));
    this->physics_->stage_residual(species, next_, rhs_, c, this->config_.tolerance, solver_.residual(),
                                   solver_.weight(), maxima_);
    return largest_of_all(maxima_.take_largest(this->physics_->exec()));
  }
  /// One correction (in float) for the residual in the solver. The largest change of this rank in units of the tolerance goes
  /// into `changes_`.
  void correct(const int species, const Real c, const double residual) {
    ++this->statistics_.corrections;
    with_type(species, [&](auto type) {
      solve_correction(species, c, std::max(residual / (0.5 * solver_tolerance), least_reduction),
                       CorrectionTarget<Exec, decltype(type)>{corrected<decltype(type)>(species), changes_});
    });
  }
  template <class T>
  CorrectedField<T> corrected(const int species) const {
    return {next<T>(species), T(this->physics_->scale(species)), T(1 / this->config_.tolerance)};
  }
  double largest_of_all(const double value) const { return this->physics_->ranks().communicator->max(value); }
  template <class Target = NoTarget>
  void solve_correction(const int species, const Real c, const double reduction, const Target& target = {}) {
    const double before = solver_.traffic();
    this->physics_->correct(solver_, species, c, reduction, target);
    this->statistics_.bytes += solver_.traffic() - before;
  }
  /// Adds a residual as it is.
  void add_residual(const int species) {
    this->count_traffic(traffic::add_correction(this->physics_->word(species)));
    with_type(species, [&](auto type) {
      using T = decltype(type);
      max_over_cells("kollagen/stages/add_correction", this->physics_->exec(), this->physics_->owned(),
                     AddCorrection<T>{solver_.residual(), corrected<T>(species)}, changes_.next());
    });
  }

  /// Largest local error over all fields and cells in units of tolerance (scale + |u|). The estimate of a moving
  /// species is filtered by the implicit operator: unfiltered it would judge stiff modes that TR-BDF2 damps.
  double estimate_error(const Real c) {
    auto& physics = *this->physics_;
    const int count = physics.count();
    std::vector<double>& plain = plain_error_;
    std::vector<int> order;
    with_like_species([&](auto type, const auto& cells, const std::vector<int>& species, const char* const group) {
      using T = decltype(type);
      std::vector<PlainErrorSize<T>> fields;
      for (const int s : species) fields.push_back({error_of<T>(s), weight_of<T>(s)});
      max_over_fields(std::string("kollagen/stages/plain_error_size") + group, physics.exec(), cells, fields, maxima_);
      order.insert(order.end(), species.begin(), species.end());
    });
    const std::vector<Real> sizes = maxima_.take(physics.exec());
    plain.assign(std::size_t(count), 0);
    for (std::size_t n = 0; n < order.size(); ++n) plain[std::size_t(order[n])] = sizes[n];
    this->count_traffic(traffic_of_active(traffic::plain_error_size));
    physics.ranks().communicator->max(plain.data(), count);
    double largest = 0;
    std::vector<int> moving;
    filtered_ = -1;
    for (int s = 0; s < count; ++s) {
      if (plain[s] >= unacceptable) return unacceptable;
      if (physics.moves(s))
        moving.push_back(s);
      else
        largest = std::max(largest, plain[s]);
    }
    // The filter makes an estimate smaller: begin with the largest, and leave out what cannot matter.
    std::sort(moving.begin(), moving.end(), [&](const int a, const int b) { return plain[a] > plain[b]; });
    for (const int s : moving) {
      if (plain[s] <= worth_filtering * largest) break;
      load_error(s);
      solve_correction(s, c, 10);
      filtered_ = s;
      this->count_traffic(traffic::error_size(physics.word(s)));
      const double size = with_type(s, [&](auto type) {
        using T = decltype(type);
        return max_over_cells("kollagen/stages/error_size", physics.exec(), physics.owned(),
                              ErrorSize<T>{solver_.correction(), weight_of<T>(s)});
      });
      largest = std::max(largest, largest_of_all(size));
    }
    return largest;
  }
  /// Adds the estimate to fields that are slow, stay where they are or move mildly, and carry the memory of the system;
  /// signals follow them (SolveTraits names them). The estimate is filtered twice, so that stiff modes are damped as
  /// before. A field that moves and that nothing takes away is left alone: the estimate is float, and would not keep its
  /// total to rounding. Fields whose
  /// estimate does not matter are left alone: in undamaged skin it is nothing but round-off. Not with fixed steps:
  /// nobody has seen to it there that the estimate is small.
  void extrapolate(const Real c) {
    auto& physics = *this->physics_;
    bool local = false;
    for (int s = 0; s < physics.count(); ++s) {
      if (!extrapolated_[s] || plain_error_[s] < worth_adding) continue;
      if (!physics.moves(s)) {
        local = true;
        continue;
      }
      if (s != filtered_) {  // else the estimate of this field was the last one filtered
        load_error(s);
        solve_correction(s, c, 10);
      }
      filtered_ = -1;
      for_cells("kollagen/stages/filter_again", physics.exec(), physics.owned(),
                CopyField<float>{solver_.correction(), solver_.residual()});
      solve_correction(s, c, 10);
      with_type(s, [&](auto type) {
        using T = decltype(type);
        for_cells("kollagen/stages/extrapolate", physics.exec(), physics.owned(),
                  ExtrapolateMoving<T>{solver_.correction(), next<T>(s), rhs<T>(s)});
      });
      this->count_traffic(2 * traffic::single + traffic::extrapolate(physics.word(s)));
    }
    if (!local) return;
    physics.extrapolate_local(next_, rhs_, error_, c);
    this->count_traffic(traffic::extrapolate_local(physics.state_bytes()));
  }
  /// The estimate of a field, not filtered, as the solver's right-hand side.
  void load_error(const int s) {
    const auto& physics = *this->physics_;
    with_type(s, [&](auto type) {
      using T = decltype(type);
      for_cells("kollagen/stages/finish_error", physics.exec(), physics.owned(),
                FinishError<T>{error_of<T>(s), solver_.residual(), solver_.weight()});
    });
    this->count_traffic(traffic::finish_error(physics.word(s)));
  }
  template <class T>
  ErrorEstimate<T> error_of(const int s) const {
    return {error_[s], rhs<T>(s), next<T>(s)};
  }
  template <class T>
  ErrorWeight<T> weight_of(const int s) const {
    return {state<T>(s), next<T>(s), T(this->physics_->scale(s)), T(this->config_.tolerance), T(lowest(s))};
  }
  /// Calls f(value of a type, cells, species, ending of labels) for the species that are stored as this type and worked on in
  /// these cells, a Box or Stretches; each species comes once.
  template <class F>
  void with_like_species(const F& f) const {
    this->physics_->with_groups([&](const auto& cells, const std::vector<int>& species) {
      constexpr bool active = std::is_same_v<std::decay_t<decltype(cells)>, Stretches>;
      std::vector<int> singles, doubles;
      for (const int s : species) (next_.single()[std::size_t(s)] ? singles : doubles).push_back(s);
      if (!singles.empty()) f(float(), cells, singles, active ? "_active" : "");
      if (!doubles.empty()) f(Real(), cells, doubles, active ? "_active" : this->physics_->mixed() ? "_slow" : "");
    });
  }
  /// Calls f with a value of the type that a species is stored as.
  template <class F>
  decltype(auto) with_type(const int s, const F& f) const {
    return next_.single()[std::size_t(s)] ? f(float()) : f(Real());
  }
  template <class T>
  Span3<T> state(const int s) const {
    return this->state_.template get<T>(s);
  }
  template <class T>
  Span3<T> next(const int s) const {
    return next_.template get<T>(s);
  }
  template <class T>
  Span3<T> rhs(const int s) const {
    return rhs_.template get<T>(s);
  }

  State<Exec> next_;
  State<Exec> rhs_;
  Fields<Exec, float> error_;
  Multigrid<Exec> solver_;
  Maxima<Exec> maxima_;   ///< residuals and error estimates, taken at once
  Maxima<Exec> changes_;  ///< what this pass has moved, taken at its end
  std::vector<int> order_;
  std::vector<bool> always_balanced_;  ///< in that order: cells, and signals that nothing takes away
  std::vector<double> first_residual_;  ///< of each species in this stage, the largest over the passes
  std::vector<bool> extrapolated_;     ///< of each species
  std::vector<bool> settled_;           ///< of each species: the last thing added to it was its residual
  std::vector<double> plain_error_;     ///< of each species in this step, not filtered, in units of the tolerance
  int filtered_ = -1;  ///< species whose filtered estimate is the solver's correction
  double next_dt_ = 0;
  double last_dt_ = 0;            ///< of the step that left the derivative in rhs_
  bool in_second_stage_ = false;  ///< how far the last try came
  double last_weight_ = 0;        ///< state_ - rhs_ = last_weight_ f(state_) [h]
  bool have_last_stage_ = false;  ///< rhs_ is that of the last stage: so between steps, but not after a restart
};

}  // namespace

template <class Exec>
std::unique_ptr<Integrator<Exec>> make_imex(std::unique_ptr<Physics<Exec>> physics, const TimeConfig& config) {
  return std::make_unique<ImexIntegrator<Exec>>(std::move(physics), config);
}

#define KOLLAGEN_INSTANTIATE(Exec) \
  template std::unique_ptr<Integrator<Exec>> make_imex(std::unique_ptr<Physics<Exec>>, const TimeConfig&);
KOLLAGEN_FOR_EACH_BACKEND(KOLLAGEN_INSTANTIATE)

}  // namespace kollagen
