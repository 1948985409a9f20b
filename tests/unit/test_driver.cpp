/// The loop of a run: instants that only rounding tells apart are one.
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
  EXPECT_EQ(drive(steppable, sinks, -1, [] { return true; }), RunOutcome::finished);
  EXPECT_EQ(simulation.clock().time, 1);
  EXPECT_EQ(simulation.treatments_done(), 3);
  EXPECT_EQ(tenths.size(), 11u);
  EXPECT_EQ(thirds.size(), 5u);  // 0, 0.3, 0.6, 0.9 and the end
  // The first steps after a treatment take a second; the shortest is a half of one at least.
  EXPECT_GT(shortest, 0.5 / 3600 * 0.999);
}

}  // namespace
}  // namespace kollagen::test
