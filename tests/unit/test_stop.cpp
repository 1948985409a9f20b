/// Why a run stops: signals, limits as people and Slurm write them, and how much time it keeps for its
/// checkpoint.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

#include "host/stop.hpp"
#include "kollagen/check.hpp"
#include "support/temporary_folder.hpp"

namespace kollagen::test {
namespace {

namespace fs = std::filesystem;
using Steady = std::chrono::steady_clock;

TEST(Walltime, IsReadAsSlurmWritesIt) {
  EXPECT_EQ(parse_walltime("90"), 5400);
  EXPECT_EQ(parse_walltime("90:30"), 5430);
  EXPECT_EQ(parse_walltime("02:30:15"), 9015);
  EXPECT_EQ(parse_walltime("100:00:00"), 360000);
  EXPECT_EQ(parse_walltime("2-3"), 51 * 3600);
  EXPECT_EQ(parse_walltime("2-03:04"), 51 * 3600 + 240);
  EXPECT_EQ(parse_walltime("2-03:04:05"), 51 * 3600 + 245);
  for (const char* wrong :
       {"", "0", "00:00:00", "-5", "1.5", "1:2:3:4", "10 min", "1-", "1h", " 5", "12345678"})
    EXPECT_THROW(parse_walltime(wrong), InputError) << wrong;
}

TEST(Signals, AreNotedAndGivenBack) {
  struct sigaction before {};
  {
    const StopSignals signals;
    for (const int number : {SIGTERM, SIGUSR1, SIGUSR2, SIGINT}) {
      std::raise(number);
      EXPECT_EQ(StopSignals::noted(), number);
    }
    sigaction(SIGINT, nullptr, &before);
    EXPECT_EQ(before.sa_handler, SIG_DFL) << "the second interrupt ends the process";
    sigaction(SIGTERM, nullptr, &before);
    EXPECT_NE(before.sa_handler, SIG_DFL) << "launchers send this one more than once";
    std::raise(SIGPIPE);
    std::raise(SIGXFSZ);
    EXPECT_EQ(StopSignals::noted(), SIGINT) << "these say nothing about stopping";
  }
  for (const int number : {SIGTERM, SIGUSR1, SIGUSR2, SIGINT, SIGPIPE, SIGXFSZ}) {
    sigaction(number, nullptr, &before);
    EXPECT_EQ(before.sa_handler, SIG_DFL) << number;
  }
}

TEST(Signals, ThatWereIgnoredStayIgnored) {
  std::signal(SIGUSR2, SIG_IGN);
  {
    const StopSignals signals;
    std::raise(SIGUSR2);
    EXPECT_EQ(StopSignals::noted(), 0);
  }
  std::signal(SIGUSR2, SIG_DFL);
}

/// Sets an environment variable for a test; an empty value removes it.
struct Variable {
  std::string name;
  Variable(std::string variable, const std::string& value) : name(std::move(variable)) { set(value); }
  ~Variable() { ::unsetenv(name.c_str()); }
  void set(const std::string& value) const {
    value.empty() ? ::unsetenv(name.c_str()) : ::setenv(name.c_str(), value.c_str(), 1);
  }
};

TEST(SlurmJob, EndIsTakenFromTheEnvironment) {
  const std::time_t soon = std::time(nullptr) + 100;
  const Variable id("SLURM_JOB_ID", ""), end("SLURM_JOB_END_TIME", std::to_string(soon));
  EXPECT_FALSE(slurm_job_end().at) << "outside of a job";
  EXPECT_EQ(slurm_job_end().note, "");
  id.set("17");
  ASSERT_TRUE(slurm_job_end().at);
  EXPECT_EQ(std::chrono::system_clock::to_time_t(*slurm_job_end().at), soon);
  end.set(std::to_string(soon - 200));
  EXPECT_FALSE(slurm_job_end().at);
  EXPECT_NE(slurm_job_end().note.find("has passed"), std::string::npos);
}

TEST(SlurmJob, EndIsAskedForOtherwise) {
  const TemporaryFolder folder;
  const fs::path squeue = folder.path() / "squeue";
  const auto says = [&](const std::string& script) {
    std::ofstream(squeue) << "#!/bin/sh\n" << script << "\n";
    fs::permissions(squeue, fs::perms::owner_all);
    return slurm_job_end();
  };
  const std::string old_path = std::getenv("PATH");
  ::setenv("PATH", (folder.path().string() + ":" + old_path).c_str(), 1);
  const Variable id("SLURM_JOB_ID", "17"), end("SLURM_JOB_END_TIME", "");
  const JobEnd found = says(
      "[ \"$*\" = '-h -j 17 -o %e' ] && [ \"$SLURM_TIME_FORMAT\" = standard ] && echo 2199-01-02T03:04:05");
  ASSERT_TRUE(found.at) << found.note;
  std::tm parts{};
  parts.tm_year = 2199 - 1900;
  parts.tm_mday = 2;
  parts.tm_hour = 3;
  parts.tm_min = 4;
  parts.tm_sec = 5;
  parts.tm_isdst = -1;
  EXPECT_EQ(std::chrono::system_clock::to_time_t(*found.at), std::mktime(&parts)) << "local time";
  EXPECT_EQ(says("echo NONE").note, "the Slurm job has no time limit");
  for (const char* script : {"echo down >&2; exit 1", "echo 2199-01-02", "true"}) {
    const JobEnd unknown = says(script);
    EXPECT_FALSE(unknown.at);
    EXPECT_NE(unknown.note.find("is not known"), std::string::npos) << unknown.note;
  }
  id.set("17; touch " + (folder.path() / "broken_in").string());
  EXPECT_NE(slurm_job_end().note.find("is no number"), std::string::npos);
  EXPECT_FALSE(fs::exists(folder.path() / "broken_in"));
  ::setenv("PATH", old_path.c_str(), 1);
}

/// A session that began `ago` seconds ago.
StopWatch watch(const StopWatch::Setup& setup, const double ago) {
  return {setup,
          Steady::now() - std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(ago))};
}

TEST(Watch, LeavesTimeForAStepItsOutputsAndACheckpoint) {
  OneRank rank;
  StopWatch::Setup setup;
  setup.walltime = 1000;
  for (const double ago : {849., 851.}) {
    StopWatch one = watch(setup, ago);
    EXPECT_EQ(one.at_edge(rank).reason, "") << "no session ends without a step";
    one.step_took(7);
    one.step_took(20);
    one.outputs_took(30);
    one.checkpoint_took(25);
    EXPECT_DOUBLE_EQ(one.needed(), 1.5 * (20 + 30 + 25));
    // 112.5 s and 30 s for the end of the process have to be left.
    EXPECT_EQ(one.at_edge(rank).reason, ago + 112.5 + 30 < 1000 ? "" : "--walltime") << ago;
  }
}

TEST(Watch, ForgetsSlowStepsOfLongAgo) {
  StopWatch one = watch({}, 0);
  one.step_took(100);
  for (int s = 0; s < 40; ++s) one.step_took(1);
  EXPECT_DOUBLE_EQ(one.needed(), 1.5);
}

TEST(Watch, TheSoonerLimitCounts) {
  OneRank rank;
  StopWatch::Setup setup;
  setup.walltime = 1e6;
  setup.job_end = std::chrono::system_clock::now() + std::chrono::seconds(20);
  StopWatch one = watch(setup, 0);
  one.step_took(1);
  EXPECT_EQ(one.at_edge(rank).reason, "");
  one.step_took(20);
  EXPECT_EQ(one.at_edge(rank).reason, "the limit of the Slurm job");
}

TEST(Watch, HonoursAndRemovesTheStopFile) {
  OneRank rank;
  const TemporaryFolder folder;
  StopWatch::Setup setup;
  setup.stop_file = folder.path() / "stop";
  StopWatch one = watch(setup, 0);
  EXPECT_EQ(one.at_edge(rank).reason, "");
  std::ofstream(setup.stop_file) << "";
  std::this_thread::sleep_for(std::chrono::milliseconds(250));  // it looks every fifth of a second
  EXPECT_EQ(one.at_edge(rank).reason, "the file stop");
  EXPECT_FALSE(fs::exists(setup.stop_file));
}

TEST(Watch, CheckpointsComeByTheClock) {
  OneRank rank;
  StopWatch::Setup setup;
  setup.checkpoint_interval = 0.05;
  StopWatch one = watch(setup, 0);
  EXPECT_FALSE(one.at_edge(rank).checkpoint);
  std::this_thread::sleep_for(std::chrono::milliseconds(60));
  EXPECT_TRUE(one.at_edge(rank).checkpoint);
  one.checkpoint_took(0.01);
  EXPECT_FALSE(one.at_edge(rank).checkpoint);
  setup.checkpoint_interval.reset();
  StopWatch never = watch(setup, 1e6);
  EXPECT_FALSE(never.at_edge(rank).checkpoint);
}

/// Two ranks, of which the other one has agreed to a signal.
struct OtherHasSignal : Communicator {
  int calls = 0;
  int rank() const override { return 1; }
  int size() const override { return 2; }
  bool claims_device_memory() const override { return true; }
  void max(double* values, const int count) override {
    ASSERT_EQ(count, 3);
    ++calls;
    for (int i = 0; i < count; ++i) EXPECT_EQ(values[i], 0) << "a rank other than 0 has only signals to tell";
    values[0] = SIGUSR1;
    values[2] = 1;
  }
  void sum(double*, int) override {}
  void sum(std::uint64_t*, int) override {}
  void broadcast(void*, std::size_t, int) override {}
  void all_gather(const void*, const std::vector<std::size_t>&, void*) override {}
  void barrier() override {}
  void start(const std::vector<Message>&, const std::vector<Message>&) override {}
  void finish() override {}
};

TEST(Watch, RanksAgreeInOneReduction) {
  OtherHasSignal ranks;
  StopWatch::Setup setup;  // what only rank 0 looks at
  const TemporaryFolder folder;
  setup.stop_file = folder.path() / "stop";
  setup.walltime = 1;
  setup.checkpoint_interval = 1;
  std::ofstream(setup.stop_file) << "";
  StopWatch one = watch(setup, 100);
  one.step_took(1);
  const StopDecision decision = one.at_edge(ranks);
  EXPECT_EQ(ranks.calls, 1);
  EXPECT_EQ(decision.reason, "SIGUSR1");
  EXPECT_TRUE(decision.checkpoint);
  EXPECT_TRUE(fs::exists(setup.stop_file));
}

}  // namespace
}  // namespace kollagen::test
