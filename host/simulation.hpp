/// A study in motion: grid, model, state, treatments and time, on one backend.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host/integrator.hpp"
#include "kollagen/config.hpp"
#include "kollagen/snapshot.hpp"

namespace kollagen {

/// Builds everything that a study names and advances it from event to event, on one rank or on several that share its
/// domain; all functions but the plain getters and copies are collective. Also the Snapshot that outputs see.
template <class Exec>
class Simulation final : public Snapshot, public Resumable {
 public:
  /// Builds grid, layers, model, initial state and sources; performs the treatments and changes of t = 0.
  /// Throws InputError for names that the model lacks and for more ranks than the grid can be shared among.
  explicit Simulation(const Config& config, const Exec& exec = Exec(),
                      std::shared_ptr<Communicator> ranks = std::make_shared<OneRank>());

  /// Advances by one accepted step, at most to `limit` [h] or to a treatment that is a rounding later; performs
  /// treatments and changes that fall due when it lands on them. Their time is never stepped over. Throws GuardError.
  void step(double limit);

  /// Steps until `time` [h] is reached exactly.
  void advance_to(double time) {
    while (clock_.time < time) step(time);
  }
  bool finished() const { return clock_.time >= clock_.end; }

  const Clock& clock() const override { return clock_; }
  const Grid& grid() const override { return setup_.grid; }
  const ModelInfo& model() const override { return model_info(config_.model); }
  /// Of the present parameters: the reference goes with the next change.
  const Column& column() const override { return integrator_->physics().column(); }
  Communicator& communicator() const override { return *ranks_; }
  void copy(int species, double* out) const override;
  Measured measure(const std::vector<char>& mask, const std::optional<ReadOutLaw>& law) const override;
  Distribution distribution(int species, const CellSelection& selection, const std::vector<double>& percentiles,
                            int bins) const override;

  void save(Record& record) const override;
  std::vector<std::string> stored_fields() const override;
  void copy_stored(int index, double* out) const override;
  void restore(const Record& record, const std::function<void(const std::string&, double*)>& read) override;

  /// Writes owned values of one species (x fastest) into the state, for tests and initial data.
  void assign(int species, const double* values);
  Integrator<Exec>& integrator() { return *integrator_; }
  const Integrator<Exec>& integrator() const { return *integrator_; }
  const Config& config() const { return config_; }
  /// Needles placed so far, over all treatments done.
  long needles_placed() const { return needles_placed_; }
  int treatments_done() const { return next_treatment_; }

  /// The present value of a parameter of the model [its unit]; throws std::logic_error for an unknown name.
  double parameter(const std::string& name) const;
  /// Gives a parameter another value from now on, as the study cannot have known; the next step is the first one of
  /// the study again. For a moment there is room for two sets of tables and scratch fields. Throws InputError for a
  /// value that the model does not take, and nothing has changed then. Collective.
  void steer(const std::string& name, double value);
  /// What was steered so far, in the terms of a study that does the same.
  const std::vector<ChangeConfig>& steered() const { return steered_; }

 private:
  void fill_initial_state();
  void fill_sources();
  /// Performs every treatment that is due now, then every change.
  void perform_due();
  void treat();
  void change_parameter(const std::string& name, double value);
  /// The same physics with other parameters.
  void use_parameters(const std::map<std::string, double>& parameters);
  /// Takes the totals of conserved species as they are now; `check_balance` compares with them.
  void take_balance();
  /// Throws GuardError when the total of a conserved species moved by more than a relative 1e-6, and what rounding of the
  /// steps explains of one that is stored in float: fluxes leave rounding only, so this finds wrong walls, ghosts and
  /// memory.
  void check_balance() const;

  /// One species of a packed state from and to owned values, x fastest.
  void copy_out(const State<Exec>& state, int species, double* out) const;
  void copy_in(const double* values, const State<Exec>& state, int species) const;

  std::shared_ptr<Communicator> ranks_;
  Config config_;
  PhysicsSetup setup_;
  std::vector<TreatmentConfig> treatments_;  ///< in the order of time
  std::vector<ChangeConfig> changes_;        ///< of the study, in the order of time
  std::vector<ChangeConfig> steered_;
  std::unique_ptr<Integrator<Exec>> integrator_;
  Clock clock_;
  int next_treatment_ = 0, next_change_ = 0;
  std::vector<int> conserved_;
  std::vector<double> totals_;
  long needles_placed_ = 0;
};

/// The part of a domain's grid that this rank owns.
Grid make_grid(const DomainConfig& domain, const Decomposition& parts);

}  // namespace kollagen
