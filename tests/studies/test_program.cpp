/// The program as a user runs it: folders, files, exit codes.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "support/temporary_folder.hpp"

namespace kollagen::test {
namespace {

namespace fs = std::filesystem;

#ifdef KOLLAGEN_HAVE_HDF5
constexpr bool has_hdf5 = true;
#else
constexpr bool has_hdf5 = false;
#endif

struct Result {
  int code = -1;
  std::string text;  ///< standard output and error
};

Result shell(const std::string& script) {
  Result result;
  FILE* pipe = popen(("{ " + script + "; } 2>&1").c_str(), "r");
  std::array<char, 4096> buffer{};
  while (const std::size_t got = fread(buffer.data(), 1, buffer.size(), pipe))
    result.text.append(buffer.data(), got);
  const int status = pclose(pipe);
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

Result kollagen(const std::string& arguments) {
  return shell(std::string(KOLLAGEN_EXECUTABLE) + " " + arguments);
}

/// The program, killed when it gives something a name that holds `path`: before ("kill") or right after it
/// ("kill-after").
Result killed(const std::string& arguments, const std::string& kind, const std::string& path) {
  // The option lets a library be loaded before the runtime of the address sanitizer, in builds that have it.
  return shell("env ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0 LD_PRELOAD=" KOLLAGEN_FAULTS
               " FAULT_CALLS=rename FAULT_AT=1 FAULT_ACTION=" +
               kind + " FAULT_PATH=" + path + " " KOLLAGEN_EXECUTABLE " " + arguments);
}

std::string content(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A needling small enough for a test: 12 x 10 x 8 cells, two hours, an output every hour: frames where there
/// is HDF5.
const std::string small_study = R"(
title = "small"
model = "dermal"
[domain]
size = ["480 um", "400 um", "320 um"]
spacing = "40 um"
[time]
end = "2 hour"
[skin]
preset = "face"
[[treatment]]
at = "30 min"
pattern = "single"
length = "250 um"
radius = "80 um"
[[output]]
every = "1 hour"
fields = ["pdgf", "collagen_i"]
)" + std::string(has_hdf5 ? "kind = \"fields\"\n"
                          : "kind = \"probe\"\npoints = [[\"9 um\", \"8 um\", \"7 um\"]]\n");

struct Program : ::testing::Test {
  TemporaryFolder folder;
  fs::path study = folder.path() / "small.toml", run = folder.path() / "run";
  Program() { write(small_study); }
  void write(const std::string& text) const { std::ofstream(study) << text; }
  std::string command(const std::string& more = "") const { return command_into(run, more); }
  std::string command_into(const fs::path& to, const std::string& more = "") const {
    return "run " + study.string() + " -o " + to.string() + (has_hdf5 ? " " : " --set checkpoint.keep=0 ") +
           more;
  }
};

TEST_F(Program, LeavesTheFilesOfARun) {
  if (!has_hdf5) GTEST_SKIP() << "frames need HDF5";
  const Result result = kollagen(command());
  ASSERT_EQ(result.code, 0) << result.text;
  for (const char* name :
       {"config.toml", "log.txt", "status.json", "metrics.csv", "report.json", "fields/fields.hdf.series",
        "fields/fields_000000.hdf", "fields/fields_000002.hdf"})
    EXPECT_TRUE(fs::exists(run / name)) << name;
  EXPECT_FALSE(fs::exists(run / "fields/fields_000003.hdf")) << "frames at 0, 1 and 2 h only";
  for (const auto& name : files_below(run)) EXPECT_FALSE(has(name, "tmp")) << name;
  EXPECT_TRUE(has(content(run / "report.json"), "\"outcome\": \"done\""));
  EXPECT_TRUE(has(content(run / "status.json"), "\"state\": \"done\""));
  const std::string log = content(run / "log.txt");
  for (const char* part :
       {"Kollagen ", "| Kokkos ", "grid 12 x 10 x 8 = 960 cells", "explicit steps", "peak memory"})
    EXPECT_TRUE(has(log, part)) << part;
  const std::string metrics = content(run / "metrics.csv");
  EXPECT_TRUE(has(metrics, "\n2,")) << "a row at the end, 2 h";
  EXPECT_TRUE(has(metrics, "\n0.5,")) << "a row at the treatment";
}

TEST_F(Program, RepeatsItselfBitForBit) {
  ASSERT_EQ(kollagen(command()).code, 0);
  const std::string first = content(run / "metrics.csv");
  ASSERT_EQ(kollagen(command("--fresh")).code, 0);
  EXPECT_EQ(first, content(run / "metrics.csv"));
  EXPECT_GT(first.size(), 1000u);
}

TEST_F(Program, KnowsAFinishedRun) {
  ASSERT_EQ(kollagen(command()).code, 0);
  const auto written = fs::last_write_time(run / "metrics.csv");
  const Result again = kollagen(command());
  EXPECT_EQ(again.code, 0);
  EXPECT_TRUE(has(again.text, "already complete")) << again.text;
  EXPECT_EQ(fs::last_write_time(run / "metrics.csv"), written);
}

TEST_F(Program, RefusesTheFolderOfAnotherStudyAndNamesTheDifference) {
  ASSERT_EQ(kollagen(command("--steps 2")).code, 75);
  const Result other = kollagen(command("--set time.tolerance=1e-4"));
  EXPECT_EQ(other.code, 2);
  EXPECT_TRUE(has(other.text, "tolerance")) << other.text;
  EXPECT_FALSE(has(other.text, "spacing =")) << "names only what differs: " << other.text;
  EXPECT_EQ(kollagen(command("--set time.tolerance=1e-4 --fresh")).code, 0);
}

TEST_F(Program, StartsWhereAFirstStartWasKilled) {
  EXPECT_EQ(killed(command(), "kill", "config.toml").code, 137);
  const auto left = files_below(run);
  EXPECT_TRUE(std::any_of(left.begin(), left.end(), [](const std::string& name) {
    return name.starts_with(".config.toml.") && name.ends_with(".tmp");
  }));
  std::ofstream(run / ".status.json.77.tmp") << "half";
  std::ofstream(run / ".probes_deep.csv.78.tmp") << "half";
  const Result result = kollagen(command("--steps 2"));
  EXPECT_EQ(result.code, 75) << result.text;
  for (const auto& name : files_below(run)) EXPECT_FALSE(has(name, "tmp")) << name;
  std::ofstream(run / ".report.json.79.tmp") << "half";
  std::ofstream(run / ".notes.80.tmp") << "mine";
  EXPECT_EQ(kollagen(command("--steps 1")).code, 75);
  EXPECT_FALSE(fs::exists(run / ".report.json.79.tmp")) << "those of a later session go too";
  EXPECT_EQ(content(run / ".notes.80.tmp"), "mine");
}

TEST_F(Program, AFreshStartThatIsKilledLeavesNothingToResume) {
  if (!has_hdf5) GTEST_SKIP() << "checkpoints need HDF5";
  ASSERT_EQ(kollagen(command("--steps 2")).code, 75);
  EXPECT_EQ(killed(command("--fresh"), "kill-after", "/.checkpoints.").code, 137);
  EXPECT_FALSE(fs::exists(run / "checkpoints")) << "gone as a whole";
  EXPECT_TRUE(fs::exists(run / "config.toml")) << "still known as a run";
  const Result result = kollagen(command("--steps 2"));
  EXPECT_EQ(result.code, 75) << result.text;
  EXPECT_TRUE(has(result.text, "starting from the beginning")) << result.text;
  for (const auto& name : files_below(run)) EXPECT_FALSE(has(name, "tmp")) << name;
}

TEST_F(Program, LeavesFilesOfOtherOriginAlone) {
  fs::create_directory(run);
  std::ofstream(run / "notes.txt") << "mine";
  const Result result = kollagen(command("--fresh"));
  EXPECT_EQ(result.code, 2) << "a folder that holds no run is not ours to fill";
  EXPECT_EQ(files_below(run).size(), 1u);
  fs::remove(run / "notes.txt");
  ASSERT_EQ(kollagen(command("--steps 1")).code, 75);
  std::ofstream(run / "notes.txt") << "mine";
  ASSERT_EQ(kollagen(command("--fresh --steps 1")).code, 75);
  EXPECT_EQ(content(run / "notes.txt"), "mine");
}

TEST_F(Program, StopsAfterSoManySteps) {
  const Result stopped = kollagen(command("--steps 3"));
  EXPECT_EQ(stopped.code, 75);
  EXPECT_TRUE(has(stopped.text, "stopped by --steps")) << stopped.text;
  EXPECT_TRUE(has(content(run / "report.json"), "\"steps\": 3"));
  const Result again = kollagen(command());
  EXPECT_EQ(again.code, 0);
  EXPECT_TRUE(
      has(again.text, has_hdf5 ? "resumed from the checkpoint at step 3," : "starting from the beginning"))
      << "says where it starts: " << again.text;
}

TEST_F(Program, StopsOnASignalAndKeepsOtherRunsOut) {
  // Half a year in steps of a second takes hours: it is still running when the second run and the signal
  // come.
  const std::string first =
      std::string(KOLLAGEN_EXECUTABLE) + " " +
      command("--set 'time.end=\"180 day\"' --set 'time.step=\"1 s\"' --set 'output.0.until=\"1 hour\"'");
  const Result result = shell(first + " & pid=$!; for i in $(seq 600); do [ -e " +
                              (run / "status.json").string() + " ] && break; sleep 0.1; done; " + first +
                              " --fresh --steps 1; echo second=$?; kill -TERM $pid; "
                              "wait $pid; echo first=$?");
  EXPECT_TRUE(has(result.text, "second=2")) << result.text;
  EXPECT_TRUE(has(result.text, "another run is writing there")) << result.text;
  EXPECT_TRUE(has(result.text, "first=75")) << result.text;
  EXPECT_TRUE(has(content(run / "report.json"), "\"outcome\": \"stopped by SIGTERM\""))
      << content(run / "report.json");
  EXPECT_TRUE(has(content(run / "status.json"), "\"state\": \"stopped\"")) << content(run / "status.json");
  for (const auto& name : files_below(run)) EXPECT_FALSE(has(name, "tmp")) << name;
}

TEST_F(Program, KeepsCheckpointsOnlyWhereItCan) {
  write(
      "title = \"t\"\nmodel = \"linear\"\n[domain]\nsize = [\"12 um\", \"10 um\", \"8 um\"]\n"
      "spacing = \"2 um\"\n[time]\nend = \"3 s\"\n");
  const Result result = kollagen("run " + study.string() + " -o " + run.string());
  EXPECT_EQ(result.code, has_hdf5 ? 0 : 3) << result.text;
  EXPECT_EQ(fs::exists(run / "checkpoints"), has_hdf5);
  if (!has_hdf5) {
    EXPECT_TRUE(has(result.text, "--set checkpoint.keep=0")) << result.text;
    EXPECT_FALSE(fs::exists(run)) << "refused before anything is written";
  }
  EXPECT_EQ(kollagen(command("--fresh")).code, 0);
}

TEST_F(Program, WritesOnlyBetweenFromAndUntil) {
  if (!has_hdf5) GTEST_SKIP() << "frames need HDF5";
  ASSERT_EQ(kollagen(command("--set 'output.0.from=\"40 min\"' --set 'output.0.every=\"20 min\"' "
                             "--set 'output.0.until=\"1 hour\"'"))
                .code,
            0);
  EXPECT_TRUE(fs::exists(run / "fields/fields_000001.hdf"));
  EXPECT_FALSE(fs::exists(run / "fields/fields_000002.hdf"))
      << "frames at 40 and 60 min only, none at the start or end";
}

TEST_F(Program, GuardNamesTheCellAndWritesNoBadFrame) {
  // Explicit steps 100 times too long: the solution explodes within a few steps.
  write(small_study + "[time2]\n");
  const Result unknown = kollagen(command());
  EXPECT_EQ(unknown.code, 2) << "nothing runs on a bad study";
  EXPECT_FALSE(fs::exists(run));
  write(small_study);
  const Result result = kollagen(command("--set time.integrator=explicit --set 'time.step=\"20 min\"'"));
  EXPECT_EQ(result.code, 4) << result.text;
  const std::string evidence = content(run / "guard.txt");
  for (const char* part : {"field ", "cell (", "um, time ", "step ", "last dt "})
    EXPECT_TRUE(has(evidence, part)) << part << " in " << evidence;
  EXPECT_TRUE(has(content(run / "report.json"), "numerical guard"));
  EXPECT_TRUE(has(content(run / "status.json"), "\"state\": \"failed\""));
  EXPECT_FALSE(fs::exists(run / "fields/fields_000002.hdf")) << "the frame at 2 h would be bad";
}

TEST_F(Program, ReportsWhatItCannotWrite) {
  const Result result = kollagen(command_into("/dev/null/run"));
  EXPECT_EQ(result.code, 5) << result.text;
  EXPECT_TRUE(has(result.text, "/dev/null/run")) << result.text;
}

TEST_F(Program, EveryIntegratorAndModelRunsFromAFile) {
  const std::string domain = "[domain]\nsize = [\"12 um\", \"10 um\", \"8 um\"]\nspacing = \"2 um\"\n";
  for (const std::string integrator : {"imex", "explicit"})
    for (const std::string model : {"linear", "fisher-kpp", "keller-segel", "gray-scott", "schnakenberg"}) {
      const std::string field = model == "keller-segel" ? "c" : "u";
      write("title = \"" + model + "\"\nmodel = \"" + model + "\"\n" + domain +
            "[time]\nend = \"3 s\"\nintegrator = \"" + integrator + "\"\n[[initial]]\nfield = \"" + field +
            "\"\nshape = \"gaussian\"\ncenter = [\"6 um\", \"5 um\", \"4 um\"]\nsigma = \"3 um\"\nvalue = "
            "0.5\n");
      const Result result = kollagen(command("--fresh"));
      EXPECT_EQ(result.code, 0) << model << " " << integrator << ": " << result.text;
      EXPECT_TRUE(has(content(run / "metrics.csv"), field + "_")) << model;
    }
}

TEST_F(Program, ShippedStudiesAreValid) {
  int found = 0;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(KOLLAGEN_SOURCE_DIR) / "configs")) {
    if (entry.path().extension() != ".toml") continue;
    const Result result = kollagen("validate " + entry.path().string());
    EXPECT_EQ(result.code, 0) << entry.path() << ": " << result.text;
    const std::string first = content(entry.path()).substr(0, 2);
    EXPECT_EQ(first, "# ") << entry.path() << " says in its first lines what it shows";
    ++found;
  }
  EXPECT_GE(found, 6);
}

}  // namespace
}  // namespace kollagen::test
