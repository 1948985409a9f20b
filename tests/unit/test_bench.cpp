/// Results of `kollagen bench` as files and text, and the timing of kernels by their labels.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "host/bench/kernel_times.hpp"
#include "host/bench/result.hpp"
#include "host/bench/stopwatch.hpp"
#include "kernels/bandwidth.hpp"
#include "kollagen/check.hpp"
#include "support/temporary_folder.hpp"

namespace kollagen::test {
namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

Measurement measured(const std::string& name, const double cells, const double bytes, const double seconds,
                     const double copy) {
  return {name, cells, bytes, seconds, 0.9 * seconds, 1.2 * seconds, 5, copy};
}

StepMeasurement step_of(const int side, const double seconds) {
  StepMeasurement s;
  s.grid = {side, side, side};
  s.step = measured("implicit step", double(side) * side * side, 20000, seconds, 10e9);
  s.hours = 0.25;
  s.passes = 4;
  s.corrections = 51;
  s.state_bytes = 128;
  s.fields_bytes = 384;
  return s;
}

/// A result of two grids whose rates are round: 1e6 and 0.5e6 cells per second.
BenchResult sample() {
  BenchResult r;
  r.version = "1.2.3";
  r.commit = "abc123";
  r.compiler = "some compiler";
  r.build_type = "Release";
  r.flags = "-O3";
  r.kokkos = "4.5";
  r.backend = "OpenMP";
  r.device = "some device";
  r.date = "2030-01-02T03:04:05Z";
  r.threads = 4;
  r.copy = 10e9;
  r.copy_mebibytes = 128;
  r.stage_grid = {100, 100, 100};
  r.stages = {measured("right-hand side", 1e6, 500, 0.1, 10e9), measured("V-cycle", 1e6, 200, 0.05, 10e9)};
  r.observed_step = 1;
  KernelShare kernel{measured("multigrid/smooth", 1e6, 28, 0.004, 10e9), 200, 0.5, 0.5};
  KernelShare other{measured("ghosts/fill", 0, 0, 1e-5, 10e9), 1000, 0.01, 0.01};
  r.kernels = {kernel, other};
  r.steps = {step_of(100, 1), step_of(200, 16)};
  r.left_out = {{{400, 400, 400}, "it needs much"}};
  r.peak_memory = 3e9;
  return r;
}

struct BenchFile : ::testing::Test {
  TemporaryFolder folder;
  std::filesystem::path path = folder.path() / "result.json";
  void write(const std::string& text) const { std::ofstream(path) << text; }
  nlohmann::ordered_json written() const {
    write_bench(path, sample());
    return nlohmann::ordered_json::parse(read_text(path));
  }
  std::string refusal() const {
    try {
      read_bench(path);
    } catch (const InputError& error) {
      return error.what();
    }
    return "was read";
  }
};

TEST_F(BenchFile, HoldsRatesThatFollowFromTheTimes) {
  const auto json = written();
  EXPECT_DOUBLE_EQ(json["stages"][0]["cells_per_s"], 1e7);
  EXPECT_DOUBLE_EQ(json["stages"][0]["bytes_per_s"], 5e9);
  EXPECT_DOUBLE_EQ(json["stages"][0]["share_of_copy"], 0.5);
  EXPECT_DOUBLE_EQ(json["kernels"][0]["share_of_step"], 0.5);
  EXPECT_FALSE(json["kernels"][1].contains("cells_per_s")) << "launched on several grids";
  EXPECT_DOUBLE_EQ(json["steps"][1]["cells_per_s"], 0.5e6);
  EXPECT_DOUBLE_EQ(json["headline"]["cell_updates_per_s"], 0.5e6) << "of the largest grid";
  EXPECT_EQ(json["headline"]["grid"], (std::array<int, 3>{200, 200, 200}));
}

TEST_F(BenchFile, IsReadAsItWasWritten) {
  write_bench(path, sample());
  write_bench(folder.path() / "again.json", read_bench(path));
  EXPECT_EQ(read_text(path), read_text(folder.path() / "again.json"));
  EXPECT_GT(read_text(path).size(), 1000u);
}

TEST_F(BenchFile, IsRefusedWhenDamagedOrOfOtherOrigin) {
  EXPECT_TRUE(has(refusal(), "result.json: cannot be read")) << refusal();
  write("");
  EXPECT_TRUE(has(refusal(), "cannot be read, or is empty")) << refusal();
  const std::string whole = written().dump();
  write(whole.substr(0, whole.size() / 2));
  EXPECT_TRUE(has(refusal(), "not a result of kollagen bench")) << refusal();
  for (const char* text : {"[]", "7", "{}", R"({"format": "something else"})", R"({"format": 1})"}) {
    write(text);
    EXPECT_TRUE(has(refusal(), "not a result of kollagen bench")) << text << ": " << refusal();
  }
  auto json = written();
  json["format_version"] = 2;
  write(json.dump());
  EXPECT_TRUE(has(refusal(), "format 2, this version reads format 1")) << refusal();
  json = written();
  json.erase("kernels");
  write(json.dump());
  EXPECT_TRUE(has(refusal(), "kernels")) << refusal();
  for (const double seconds : {0.0, -1.0}) {
    json = written();
    json["stages"][1]["seconds"] = seconds;
    write(json.dump());
    EXPECT_TRUE(has(refusal(), "\"V-cycle\" are not positive and finite")) << refusal();
  }
}

TEST(BenchText, EndsWithTheHeadlineAndNamesWhatWasLeftOut) {
  const std::string text = bench_text(sample());
  const std::string headline = "0.5 million cell updates per second on 200 x 200 x 200 cells\n";
  ASSERT_GT(text.size(), headline.size());
  EXPECT_EQ(text.substr(text.size() - headline.size()), headline);
  for (const char* part :
       {"400 x 400 x 400 left out: it needs much", "some device", "arrays of 128 MiB: 10.00 GB/s", "V-cycle",
        "multigrid/smooth", "between kernels", "49.0", "abc123"})
    EXPECT_TRUE(has(text, part)) << part << " in\n" << text;
}

TEST(BenchComparison, GivesRatiosOfSpeedBothWays) {
  BenchResult faster = sample();
  for (Measurement& m : faster.stages) m.seconds /= 2;
  faster.steps[0].step.seconds /= 4;
  faster.steps[1].step.seconds /= 5;
  faster.copy = 30e9;
  const std::string forth = comparison_text(faster, sample(), "old.json"),
                    back = comparison_text(sample(), faster, "new.json");
  EXPECT_TRUE(has(forth, "compared with old.json, 2030-01-02T03:04:05Z"));
  EXPECT_TRUE(has(forth, "copy bandwidth 30.00 GB/s, there 10.00 GB/s: 3.00 times"));
  EXPECT_TRUE(has(
      forth,
      "stage V-cycle                                           40        20    2.00        80        40\n"))
      << forth;
  EXPECT_TRUE(has(forth, "\n5.00 times the cell updates per second on 200 x 200 x 200 cells\n")) << forth;
  EXPECT_TRUE(has(back, "10.00 GB/s, there 30.00 GB/s: 0.33 times"));
  EXPECT_TRUE(has(back, "\n0.20 times the cell updates per second on 200 x 200 x 200 cells\n")) << back;
  EXPECT_FALSE(has(forth, "only in"));
}

TEST(BenchComparison, NamesWhatOnlyOneHasAndComparesTheLargestCommonGrid) {
  BenchResult smaller = sample();
  smaller.steps.pop_back();
  smaller.stages.pop_back();
  smaller.kernels[0].one.name = "multigrid/other";
  const std::string text = comparison_text(smaller, sample(), "old.json");
  EXPECT_TRUE(has(text,
                  "only in this result\n  kernel multigrid/other\nonly in the other result\n"
                  "  stage V-cycle\n  kernel multigrid/smooth\n  step implicit step, 8 M cells\n"))
      << text;
  EXPECT_TRUE(has(text, "\n1.00 times the cell updates per second on 100 x 100 x 100 cells\n")) << text;
  BenchResult none = sample();
  none.steps = {step_of(50, 1)};
  EXPECT_TRUE(has(comparison_text(none, sample(), "old.json"), "no grid in common")) << "either way";
  EXPECT_TRUE(has(comparison_text(sample(), none, "old.json"), "no grid in common")) << "either way";
  BenchResult other_length = sample();
  for (StepMeasurement& s : other_length.steps) s.step.name = "implicit step of another length";
  EXPECT_TRUE(has(comparison_text(other_length, sample(), "old.json"), "no grid in common"));
}

TEST(BenchComparison, ComparesRatesOfStagesOnOtherGrids) {
  BenchResult larger = sample();
  larger.stage_grid = {200, 200, 200};
  for (Measurement& m : larger.stages) m.cells *= 8, m.seconds *= 2;
  const std::string text = comparison_text(larger, sample(), "old.json");
  EXPECT_TRUE(has(text, "stages and kernels on 200 x 200 x 200 cells, there on 100 x 100 x 100\n")) << text;
  EXPECT_TRUE(has(text, "stage V-cycle                                           80        20    4.00"))
      << text;
  EXPECT_FALSE(has(comparison_text(sample(), sample(), "old.json"), "stages and kernels on"));
}

TEST(KernelTimesTest, SeesEveryLaunchByItsLabelUntilItStops) {
  const CopyProbe<Kokkos::DefaultExecutionSpace> probe({}, 8);
  const Kokkos::Timer timer;
  KernelTimes times;
  probe.rate();
  probe.rate();
  times.stop();
  const double all = timer.seconds();
  probe.rate();
  ASSERT_EQ(times.launches().size(), 1u);
  const auto& [label, seconds] = *times.launches().begin();
  EXPECT_EQ(label, "bandwidth/copy");
  ASSERT_EQ(seconds.size(), 2u);
  for (const double s : seconds) EXPECT_GT(s, 16 * 1048576 / 2e13) << "no memory moves 20 TB/s";
  EXPECT_LE(times.total(), all);
}

TEST(StopwatchTest, RepeatsAsAskedWithACopyAroundEach) {
  Stopwatch watch(8);
  int calls = 0, prepared = 0;
  const Measurement m = watch.measure_once_each(
      "counted", 64, {0, 3, 7}, [&] { ++prepared; }, [&] { ++calls; });
  EXPECT_EQ(calls, 3) << "no seconds allowed: the fewest repetitions";
  EXPECT_EQ(prepared, 3);
  EXPECT_EQ(m.repetitions, 3);
  EXPECT_EQ(watch
                .measure_once_each(
                    "counted", 64, {1e9, 3, 7}, [] {}, [] {})
                .repetitions,
            7)
      << "the most";
  EXPECT_LE(m.least, m.seconds);
  EXPECT_LE(m.seconds, m.most);
  EXPECT_GT(m.copy, 0);
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 2, 3}), 2.5);
}

}  // namespace
}  // namespace kollagen::test
