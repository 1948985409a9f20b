/// Time integrators: they own the state and advance it; they know the right-hand side only through Physics.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kernels/multigrid.hpp"
#include "kernels/physics.hpp"
#include "kollagen/config.hpp"
#include "kollagen/fields.hpp"
#include "kollagen/record.hpp"
#include "kollagen/state.hpp"

namespace kollagen {

/// What an integrator did so far.
struct StepStatistics {
  long steps = 0;          ///< accepted
  long rejected = 0;       ///< by the error estimate, negativity or a stage that did not converge
  long stage_passes = 0;   ///< passes over all fields, two stages per step
  long corrections = 0;    ///< multigrid cycles and blocks of sweeps
  double smallest_dt = 0;  ///< [h]
  double largest_dt = 0;   ///< [h]
  /// Wall time by part: explicit right-hand side; implicit solves of signals and of cells; species that stay where
  /// they are; prediction, error estimate and guards.
  double seconds_rates = 0, seconds_signals = 0, seconds_cells = 0, seconds_local = 0, seconds_control = 0;
  double bytes = 0;  ///< moved, by the model of kernels/traffic.hpp
};

/// Adds the time from its construction to its end to a counter. A device is not waited for, since a step would then be
/// waits: its work counts for the part that first needs a result of it, which is the same part or the next one.
class PartTimer {
 public:
  explicit PartTimer(double& seconds) : seconds_(seconds) {}
  ~PartTimer() { seconds_ += timer_.seconds(); }
  PartTimer(const PartTimer&) = delete;
  PartTimer& operator=(const PartTimer&) = delete;

 private:
  double& seconds_;
  Kokkos::Timer timer_;
};

/// One time integrator on one backend. The state's owned cells are valid between calls, its ghosts are not.
template <class Exec>
class Integrator {
 public:
  virtual ~Integrator() = default;

  /// The current state; initial values and treatments are written into it, followed by `restart`.
  const State<Exec>& state() const { return state_; }
  Physics<Exec>& physics() { return *physics_; }
  const StepStatistics& statistics() const { return statistics_; }

  /// Advances from `time` by one accepted step of at most `limit` > 0 [h] and returns its length.
  /// Throws GuardError when no acceptable step is left.
  virtual double advance(double time, double limit) = 0;

  /// Other physics of the same fields on the same grid, with the forcing of the present one, followed by `restart` or
  /// `restored`: parameters of the model have changed.
  virtual void replace_physics(std::unique_ptr<Physics<Exec>> physics) {
    physics->set_forcing(physics_->forcing());
    physics_ = std::move(physics);
  }

  /// The state was changed from outside (start, treatment): forget what was learnt about the step.
  virtual void restart() = 0;

  /// The controller and the statistics, under "controller/".
  virtual void save(Record& record) const;
  /// Packed fields that the next step depends on, by the name of their group: the state, and the derivative at its time
  /// where the integrator holds one.
  virtual std::vector<std::pair<std::string, State<Exec>>> stored() const { return {{"state", state_}}; }
  /// Takes over what `save` stored; afterwards `stored` names what has to be filled, followed by `restored`.
  virtual void restore(const Record& record);
  virtual void restored() = 0;

  /// Bytes of fields held by the integrator, its solver and the physics, for the start-up report.
  virtual std::size_t bytes() const = 0;
  /// Bytes per cell that an evaluation of the whole right-hand side moves, by the model of kernels/traffic.hpp.
  double evaluation_traffic() const;

  /// Called with a time before the right-hand side is evaluated there; may rewrite physics().forcing().
  void set_forcing_at(std::function<void(double)> f) { forcing_at_ = std::move(f); }

 protected:
  Integrator(std::unique_ptr<Physics<Exec>> physics, const TimeConfig& config)
      : physics_(std::move(physics)),
        config_(config),
        state_(physics_->make_state("state")) {}
  void count_step(double dt);
  /// Counts traffic of `bytes_per_cell` over the owned cells.
  void count_traffic(const double bytes_per_cell) {
    statistics_.bytes += bytes_per_cell * double(physics_->owned().cells());
  }

  std::unique_ptr<Physics<Exec>> physics_;
  TimeConfig config_;
  State<Exec> state_;
  StepStatistics statistics_;
  std::function<void(double)> forcing_at_;
};

/// Throws GuardError naming the worst field, cell and value when a value is not finite, below its tolerance under
/// zero or absurdly large; one fused pass over all cells.
template <class Exec>
void check_state(const Physics<Exec>& physics, const State<Exec>& u, double time, long step, double dt,
                 double tolerance);

/// SSP-RK3 of Shu and Osher 1988 with the automatic stable step: the reference of the tests.
template <class Exec>
std::unique_ptr<Integrator<Exec>> make_explicit(std::unique_ptr<Physics<Exec>> physics, const TimeConfig& config);

/// TR-BDF2 for all fields at once, unsplit, second order and L-stable, with an embedded error estimate
/// (docs/numerics.md).
template <class Exec>
std::unique_ptr<Integrator<Exec>> make_imex(std::unique_ptr<Physics<Exec>> physics, const TimeConfig& config);

/// The one that the study asks for.
template <class Exec>
std::unique_ptr<Integrator<Exec>> make_integrator(std::unique_ptr<Physics<Exec>> physics, const TimeConfig& config);

}  // namespace kollagen
