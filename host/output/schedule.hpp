/// When an output wants to write.
#pragma once

#include <vector>

namespace kollagen {

/// The instants from + m * every (m = 0, 1, 2, ...) up to `until`, and any number of single instants.
/// Each instant is computed from the integer m, so that no rounding adds up. Times in h.
class Schedule {
 public:
  /// `every` > 0. The last instant is the last one that is not later than `until`; when it agrees with
  /// `until` to a relative 1e-12 it is `until` itself, so that the end of a run is not met twice.
  Schedule(double from, double every, double until, std::vector<double> single = {});
  /// First instant >= `time`; +infinity when there is none.
  double next(double time) const;
  /// Whether a state at `time` is wanted when it is offered: not before `from`, not after `until`, or a
  /// single instant.
  bool covers(double time) const;
  /// Number of distinct instants.
  long count() const;

 private:
  double instant(long m) const;
  double from_, every_, until_;
  long last_;                   ///< largest m; -1 when `until` comes before `from`
  std::vector<double> single_;  ///< sorted, none of them on the grid
};

/// Tells whether a snapshot is new to an output: the driver may ask twice for the same instant.
class OncePerInstant {
 public:
  /// True at most once for each pair of step and time in a row.
  bool first(long step, double time) {
    if (seen_ && step == step_ && time == time_) return false;
    seen_ = true;
    step_ = step;
    time_ = time;
    return true;
  }

  /// Step and time of the instant last seen, for `restore`; nothing when there was none.
  std::vector<double> save() const {
    return seen_ ? std::vector<double>{double(step_), time_} : std::vector<double>{};
  }
  void restore(const std::vector<double>& saved) {
    seen_ = saved.size() == 2;
    if (!seen_) return;
    step_ = long(saved[0]);
    time_ = saved[1];
  }

 private:
  bool seen_ = false;
  long step_ = 0;
  double time_ = 0;
};

}  // namespace kollagen
