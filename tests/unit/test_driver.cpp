/// The loop of a run: instants that only rounding tells apart are one; when checkpoints are written; where it
/// stops.
#include <algorithm>
#include <limits>

#include "host/driver.hpp"
#include "support/backends.hpp"
#include "verification/study.hpp"

namespace kollagen::test {
namespace {

/// Asks for the multiples of `every` up to 1 h and notes when it was written.
struct NotingSink : Sink {
  double every;
  std::vector<double>& times;
  NotingSink(const double interval, std::vector<double>& met) : every(interval), times(met) {}
  std::string name() const override { return "noting"; }
  double next_time(const double time) const override {
    for (int m = 0; m * every <= 1; ++m)
      if (m * every >= time) return m * every;
    return std::numeric_limits<double>::infinity();
  }
  void write(const Snapshot& snapshot) override {
    if (times.empty() || times.back() != snapshot.clock().time) times.push_back(snapshot.clock().time);
  }
  void save(Record& record) const override { record.numbers["output/noting"] = times; }
  void restore(const Record& record, const Snapshot&) override { times = record.list("output/noting"); }
};

// 3 * 0.1, 6 * 0.1 and 7 * 0.1 are not 0.3, 0.6 and 0.7 in binary.
TEST(Driver, InstantsApartByRoundingAreMetOnce) {
  Config config = study("dermal", {3, 3, 3}, {20, 20, 20}, IntegratorKind::imex);
  config.skin.preset = "reticular";
  config.time.end = 1;
  config.time.tolerance = 1e-3;
  TreatmentConfig needle;
  needle.radius = 20;
  for (const double at : {0.0, 0.3, 0.7}) {
    needle.at = at;
    config.treatments.push_back(needle);
  }
  Simulation<Kokkos::Serial> simulation(config);
  std::vector<double> tenths, thirds;
  std::vector<std::unique_ptr<Sink>> sinks;
  sinks.push_back(std::make_unique<NotingSink>(0.1, tenths));
  sinks.push_back(std::make_unique<NotingSink>(0.3, thirds));
  double shortest = 1;
  const Steppable steppable{[&](const double limit) {
                              simulation.step(limit);
                              shortest = std::min(shortest, simulation.clock().dt);
                            },
                            simulation};
  EXPECT_EQ(drive(steppable, sinks, {}), RunOutcome::finished);
  EXPECT_EQ(simulation.clock().time, 1);
  EXPECT_EQ(simulation.treatments_done(), 3);
  EXPECT_EQ(tenths.size(), 11u);
  EXPECT_EQ(thirds.size(), 5u);  // 0, 0.3, 0.6, 0.9 and the end
  // The first steps after a treatment take a second; the shortest is a half of one at least.
  EXPECT_GT(shortest, 0.5 / 3600 * 0.999);
}

/// A clock without physics: every step is `dt` [h] long, or up to the limit.
struct PlainClock : Snapshot {
  Clock state{0, 1, 0.07, 0};
  std::vector<double> steps;  ///< where each step ended
  const Clock& clock() const override { return state; }
  const Grid& grid() const override { throw std::logic_error("not needed"); }
  const ModelInfo& model() const override { throw std::logic_error("not needed"); }
  const Column& column() const override { throw std::logic_error("not needed"); }
  Communicator& communicator() const override { throw std::logic_error("not needed"); }
  void copy(int, double*) const override {}
  Measured measure(const std::vector<char>&, const std::optional<ReadOutLaw>&) const override {
    throw std::logic_error("not needed");
  }
  Distribution distribution(int, const CellSelection&, const std::vector<double>&, int) const override {
    throw std::logic_error("not needed");
  }
  void rewind() {
    state = {0, 1, 0.07, 0};
    steps.clear();
  }
  Steppable steppable() {
    return {[this](const double limit) {
              state.time = std::min(limit, state.time + 0.07);
              ++state.step;
              steps.push_back(state.time);
            },
            *this};
  }
};

struct Loop : ::testing::Test {
  PlainClock clock;
  std::vector<double> written, kept;
  std::vector<std::unique_ptr<Sink>> sinks;
  Plan plan;
  Loop() {
    sinks.push_back(std::make_unique<NotingSink>(0.25, written));
    plan.checkpoint = [this] { kept.push_back(clock.state.time); };
  }
};

TEST_F(Loop, KeepsTheStartAndNotTheEnd) {
  EXPECT_EQ(drive(clock.steppable(), sinks, plan), RunOutcome::finished);
  EXPECT_EQ(kept, std::vector<double>{0});
  EXPECT_EQ(written, (std::vector<double>{0, 0.25, 0.5, 0.75, 1}));
}

/// Wants the multiples of 0.3 h and takes them as they come.
struct LooseSink final : NotingSink {
  using NotingSink::NotingSink;
  bool sets_steps() const override { return false; }
};

TEST_F(Loop, AnOutputThatSetsNoStepGetsTheFirstStateAtOrAfterItsInstants) {
  EXPECT_EQ(drive(clock.steppable(), sinks, plan), RunOutcome::finished);
  const auto steps = clock.steps;
  clock.rewind();
  std::vector<double> loose;
  sinks.push_back(std::make_unique<LooseSink>(0.3, loose));
  EXPECT_EQ(drive(clock.steppable(), sinks, plan), RunOutcome::finished);
  EXPECT_EQ(clock.steps, steps);
  std::vector<double> expected{0};
  for (const double instant : {0.3, 0.6, 0.9})
    expected.push_back(*std::lower_bound(steps.begin(), steps.end(), instant));
  expected.push_back(1);
  EXPECT_EQ(loose, expected);
}

TEST_F(Loop, CheckpointsOfTheStudyAreMetExactlyWrittenOrNot) {
  // One instant is that of an output, one lies a rounding before another.
  const std::vector<double> wanted{0.1, 0.25, 0.3, 0.5 * (1 - 1e-15), 1};
  plan.next_checkpoint = [&](const double time) {
    const auto found = std::lower_bound(wanted.begin(), wanted.end(), time);
    return found == wanted.end() ? std::numeric_limits<double>::infinity() : *found;
  };
  EXPECT_EQ(drive(clock.steppable(), sinks, plan), RunOutcome::finished);
  EXPECT_EQ(kept, (std::vector<double>{0, 0.1, 0.25, 0.3, wanted[3]}));
  EXPECT_EQ(written, (std::vector<double>{0, 0.25, wanted[3], 0.75, 1}));
  const auto steps = clock.steps;
  clock.rewind();
  plan.checkpoint = nullptr;
  EXPECT_EQ(drive(clock.steppable(), sinks, plan), RunOutcome::finished);
  EXPECT_EQ(clock.steps, steps);
}

TEST_F(Loop, WishesOfTheClockOnTheWallChangeNoStep) {
  EXPECT_EQ(drive(clock.steppable(), sinks, {}), RunOutcome::finished);
  const auto steps = clock.steps;
  clock.rewind();
  plan.at_edge = [&] { return clock.state.step % 3 == 1 ? Wish::checkpoint : Wish::go_on; };
  EXPECT_EQ(drive(clock.steppable(), sinks, plan), RunOutcome::finished);
  EXPECT_EQ(clock.steps, steps);
  std::vector<double> expected{0};
  for (std::size_t s = 0; s < steps.size(); s += 3)
    if (steps[s] < 1) expected.push_back(steps[s]);
  EXPECT_EQ(kept, expected);
}

TEST_F(Loop, StoppingWritesACheckpointAfterTheOutputsAndNothingElse) {
  for (const long last : {0, 1, 4, 5}) {  // step 4 ends at an output, 0.25 h
    clock.rewind();
    written.clear();
    kept.clear();
    plan.at_edge = [&] { return clock.state.step >= last ? Wish::stop : Wish::go_on; };
    plan.checkpoint = [&] {
      kept.push_back(clock.state.time);
      EXPECT_EQ(written.size(), clock.state.time >= 0.25 ? 2u : 1u) << "outputs of an edge come first";
    };
    EXPECT_EQ(drive(clock.steppable(), sinks, plan), RunOutcome::interrupted);
    EXPECT_EQ(clock.state.step, last);
    EXPECT_EQ(written.size(), last >= 4 ? 2u : 1u);
    EXPECT_EQ(kept.size(), last > 0 ? 2u : 1u) << "that of the start serves a run that stops there";
    EXPECT_EQ(kept.back(), clock.state.time);
  }
}

TEST_F(Loop, OutputsThatSomebodyWantsAreWrittenAtTheEdgeAndChangeNoStep) {
  EXPECT_EQ(drive(clock.steppable(), sinks, {}), RunOutcome::finished);
  const auto steps = clock.steps;
  clock.rewind();
  written.clear();
  std::vector<Wish> wishes{Wish::output, Wish::output, Wish::go_on, Wish::output};  // taken from the end
  plan.at_edge = [&] {
    if (clock.state.step < 2 || wishes.empty()) return Wish::go_on;
    const Wish wish = wishes.back();
    wishes.pop_back();
    return wish;
  };
  EXPECT_EQ(drive(clock.steppable(), sinks, plan), RunOutcome::finished);
  EXPECT_TRUE(wishes.empty());
  EXPECT_EQ(clock.steps, steps);
  EXPECT_EQ(written, (std::vector<double>{0, steps[1], steps[2], 0.25, 0.5, 0.75, 1}));
}

TEST_F(Loop, ChangeOfTheStateIsInTheCheckpointOfAStop) {
  std::vector<Wish> wishes{Wish::stop, Wish::changed};
  plan.at_edge = [&] {
    const Wish wish = wishes.back();
    wishes.pop_back();
    return wish;
  };
  EXPECT_EQ(drive(clock.steppable(), sinks, plan), RunOutcome::interrupted);
  EXPECT_EQ(clock.state.step, 0);
  EXPECT_EQ(kept, (std::vector<double>{0, 0})) << "that of the start does not hold the change";
}

TEST_F(Loop, SessionsOfSomeStepsMakeTheStepsOfOne) {
  EXPECT_EQ(drive(clock.steppable(), sinks, plan), RunOutcome::finished);
  const auto steps = clock.steps;
  const auto all_written = written;
  clock.rewind();
  written.clear();
  kept.clear();
  plan.most_steps = 3;
  int sessions = 1;
  while (drive(clock.steppable(), sinks, plan) == RunOutcome::step_limit) {
    plan.resumed = true;
    EXPECT_EQ(clock.state.step, 3 * sessions);
    EXPECT_EQ(kept.back(), clock.state.time);
    ++sessions;
  }
  EXPECT_EQ(clock.steps, steps);
  EXPECT_EQ(written, all_written) << "a resumed session does not write its first state again";
  EXPECT_EQ(kept.size(), std::size_t(sessions));
}

}  // namespace
}  // namespace kollagen::test
