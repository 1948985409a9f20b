/// Instants of outputs.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "host/output/factory.hpp"
#include "host/output/schedule.hpp"
#include "support/analytic_snapshot.hpp"

namespace kollagen {
namespace {

constexpr double never = std::numeric_limits<double>::infinity();

TEST(Schedule, GivesTheFirstInstantThatIsNotEarlier) {
  const Schedule schedule(2, 3, 10);  // 2, 5, 8
  EXPECT_EQ(schedule.next(0), 2);
  EXPECT_EQ(schedule.next(2), 2);
  EXPECT_EQ(schedule.next(std::nextafter(2, 3)), 5);
  EXPECT_EQ(schedule.next(8), 8);
  EXPECT_EQ(schedule.next(8.1), never);
  EXPECT_EQ(schedule.count(), 3);
}

TEST(Schedule, DoesNotDrift) {
  const double every = 0.1, end = 672;
  const Schedule schedule(0, every, end);
  double time = 0;
  for (long m = 0; m < 6720; ++m) {
    EXPECT_EQ(schedule.next(time), double(m) * every);
    time = std::nextafter(schedule.next(time), never);
  }
  EXPECT_EQ(schedule.next(time), end);
  EXPECT_EQ(schedule.next(std::nextafter(end, never)), never);
}

TEST(Schedule, MeetsTheEndOnceAndExactly) {
  ASSERT_GT(3 * 0.1, 0.3) << "rounded up";
  const Schedule up(0, 0.1, 0.3);
  EXPECT_EQ(up.next(0.25), 0.3);
  EXPECT_EQ(up.next(std::nextafter(0.3, never)), never);
  ASSERT_LT(0.7 + 0.1, 0.8) << "rounded down";
  const Schedule down(0.7, 0.1, 0.8);
  EXPECT_EQ(down.next(0.75), 0.8);
}

TEST(Schedule, AcceptsAnEndBeforeItsStartAndSingleInstants) {
  EXPECT_EQ(Schedule(5, 1, 4).next(0), never);
  const Schedule schedule(0, 4, 8, {1, 4, 0.5, 1});
  EXPECT_EQ(schedule.next(0.2), 0.5);
  EXPECT_EQ(schedule.next(0.6), 1);
  EXPECT_EQ(schedule.next(1.1), 4);
  EXPECT_EQ(schedule.next(4.1), 8);
  EXPECT_EQ(schedule.count(), 5);
}

TEST(Schedule, CoversFromItsStartToItsEndAndSingleInstants) {
  const Schedule schedule(2, 3, 10, {0.5, 11});
  for (const double wanted : {0.5, 2.0, 3.3, 10.0, 11.0}) EXPECT_TRUE(schedule.covers(wanted)) << wanted;
  for (const double unwanted : {0.0, 1.99, 10.01, 12.0}) EXPECT_FALSE(schedule.covers(unwanted)) << unwanted;
}

TEST(Schedule, DefaultMetricsAreDenseAfterATreatment) {
  Config config;
  config.model = "linear";
  config.time.end = 28 * 24;
  config.treatments.resize(2);
  config.treatments[1].at = 100;
  const auto sinks =
      make_sinks(config, model_info("linear"), test::brick({2, 2, 2}, {1, 1, 1}), "unused", test::one_rank);
  ASSERT_EQ(sinks.size(), 1u);
  EXPECT_EQ(sinks[0]->name(), "metrics");
  EXPECT_EQ(sinks[0]->next_time(0), 0);
  EXPECT_EQ(sinks[0]->next_time(0.001), 1 / 60.);
  EXPECT_EQ(sinks[0]->next_time(5.5), 6);
  EXPECT_EQ(sinks[0]->next_time(96.5), 100);
  EXPECT_EQ(sinks[0]->next_time(100.001), 100 + 1 / 60.);
  EXPECT_EQ(sinks[0]->next_time(671), 672);
}

TEST(Schedule, MetricsOfAStudySeeTheFirstTreatment) {
  Config config;
  config.model = "linear";
  config.time.end = 100;
  config.treatments.resize(2);
  config.treatments[0].at = 50.5;
  config.treatments[1].at = 7.25;
  config.outputs.resize(1);
  config.outputs[0].kind = OutputKind::metrics;
  config.outputs[0].every = 10;
  const auto sinks =
      make_sinks(config, model_info("linear"), test::brick({2, 2, 2}, {1, 1, 1}), "unused", test::one_rank);
  ASSERT_EQ(sinks.size(), 1u);
  EXPECT_EQ(sinks[0]->next_time(0.1), 7.25);
  EXPECT_EQ(sinks[0]->next_time(7.3), 10);
  EXPECT_EQ(sinks[0]->next_time(50.1), 60);
}

}  // namespace
}  // namespace kollagen
