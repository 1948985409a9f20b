/// The output that is seen while a run is under way: hands states to a back end, and keeps its faults from
/// the run.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "host/insitu/backend.hpp"
#include "host/insitu/packing.hpp"
#include "host/output/schedule.hpp"
#include "kollagen/snapshot.hpp"

namespace kollagen {

/// What in situ has cost this session.
struct InsituCost {
  double seconds = 0;        ///< start, packing and the script, on this rank
  double start_seconds = 0;  ///< of these, for the start of the library
  double pack_seconds = 0;   ///< of these, for packing
  long calls = 0;            ///< of the script
  std::size_t bytes = 0;     ///< buffers of this rank
};

/// Calls the back end at the first state at or after each instant of its schedule and sets no step. The
/// library starts with the first call. An error of any rank ends the calls on all of them; the run itself
/// sees none.
class InsituSink final : public Sink {
 public:
  struct Setup {
    Schedule schedule;
    std::vector<int> species;
    std::vector<std::string> derived;
    Precision precision;
    std::vector<SteeringParameter> steering;  ///< what may be changed from outside, with its value now
    std::function<void(const std::string&)> started;  ///< called once, with the name of the library
    std::function<void(const std::string&)> failed;   ///< called once, with the reason
    std::function<void(const std::string&)>
        complained;  ///< called at most once: the library said so and went on
  };
  InsituSink(Setup setup, std::unique_ptr<InsituBackend> backend);

  /// What script or viewer ask for, the same on every rank.
  struct Request {
    struct Value {
      std::string parameter;
      double value = 0;
    };
    bool pause = false;  ///< as long as it stays so
    bool stop = false, output = false;
    std::vector<Value> values;  ///< other than those in force
  };
  /// What they asked for since the last call.
  Request take_request();
  /// Tells script and viewer the value in force of a parameter, after a checkpoint, a planned change or a refusal; for
  /// one that may not be steered nothing happens.
  void set_value(const std::string& parameter, double value);
  /// Calls the script once more with the same state, so that a paused run hears of changes. Collective.
  void show_again(const Snapshot& snapshot) {
    if (failure_.empty()) guarded([&] { show(snapshot); });
  }

  std::string name() const override { return "in situ"; }
  double next_time(double time) const override { return setup_.schedule.next(time); }
  bool sets_steps() const override { return false; }
  void write(const Snapshot& snapshot) override;
  void finish() override;
  void save(Record&) const override {}  // a resumed run begins to show from its first state on
  void restore(const Record&, const Snapshot& snapshot) override { ranks_ = &snapshot.communicator(); }

  /// Why the back end is not called any more; the same on every rank, empty: it is.
  const std::string& failure() const { return failure_; }
  const InsituCost& cost() const { return cost_; }

 private:
  void show(const Snapshot& snapshot);
  /// Compares the settings, as rank 0 has them, with those known.
  void look_at_settings();
  /// `work` with its errors made those of all ranks, and noted.
  void guarded(const std::function<void()>& work);

  Setup setup_;
  std::unique_ptr<InsituPacker> packer_;    ///< from the first call on
  std::unique_ptr<InsituBackend> backend_;  ///< after the packer: it reads the buffers to its end
  Communicator* ranks_ = nullptr;           ///< of the snapshots
  OncePerInstant once_;
  Request request_;
  long outputs_ = 0;  ///< the number known
  std::string failure_;
  bool complained_ = false;
  InsituCost cost_;
};

}  // namespace kollagen
