/// Checkpoints: what comes back, what is found damaged, and what a failing disk leaves behind.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <limits>
#include <random>

#include "host/checkpoint/checkpoint.hpp"
#include "host/checkpoint/manifest.hpp"
#include "host/simulation.hpp"
#include "restart/faulty_system.hpp"
#include "restart/numbered_state.hpp"
#include "support/analytic_snapshot.hpp"
#include "support/backends.hpp"
#include "support/temporary_folder.hpp"
#include "verification/study.hpp"

namespace kollagen::test {
namespace {

namespace fs = std::filesystem;
using Sinks = std::vector<std::unique_ptr<Sink>>;

/// An output that counts, and marks cells.
struct CountingSink final : Sink {
  double written = 0;
  std::vector<double> mask;
  std::string name() const override { return "counting"; }
  double next_time(double) const override { return std::numeric_limits<double>::infinity(); }
  void write(const Snapshot& snapshot) override {
    ++written;
    mask.assign(std::size_t(snapshot.grid().owned_count()), 0);
    for (std::size_t c = 0; c < mask.size(); c += 3) mask[c] = written;
  }
  void save(Record& record) const override {
    record.set("output/counting/written", written);
    if (!mask.empty()) record.fields["output/counting/mask"] = mask;
  }
  void restore(const Record& record, const Snapshot&) override {
    written = record.number("output/counting/written");
    const auto found = record.fields.find("output/counting/mask");
    mask = found == record.fields.end() ? std::vector<double>() : found->second;
  }
};

// --- simulations ----------------------------------------------------------------------------------------

struct Case {
  std::string name;
  Config config;
  int steps;
};

Config dermal(const IntegratorKind integrator) {
  Config config = study("dermal", {7, 5, 6}, {40, 50, 60}, integrator);
  config.domain.walls = DomainConfig{}.walls;
  config.time.tolerance = 1e-3;
  config.time.first_step = 30 * second;
  config.skin.preset = "face";
  TreatmentConfig needle;
  needle.length = 200;
  needle.radius = 40;
  const double far = integrator == IntegratorKind::imex ? 0.1 : 0.02;
  for (const double at : {0.0, 0.4 * far, far}) {
    needle.at = at;
    needle.pattern = at > 0 ? Pattern::poisson : Pattern::single;
    needle.density = 1e-4;
    config.treatments.push_back(needle);
  }
  return config;
}

Config plain(const std::string& model, const IntegratorKind integrator) {
  Config config = study(model, {6, 7, 5}, {10, 15, 20}, integrator);
  config.time.tolerance = 1e-4;
  const auto& species = model_info(model).species;
  for (std::size_t s = 0; s < species.size(); ++s) {
    InitialConfig initial = uniform(species[s].name, 0.3 + 0.1 * double(s));
    initial.shape = Shape::gaussian;
    initial.center = {20, 40, 30};
    initial.sigma = 25;
    config.initial.push_back(initial);
  }
  return config;
}

std::vector<Case> cases() {
  std::vector<Case> result;
  for (const IntegratorKind kind : both_integrators) {
    result.push_back({std::string("dermal, ") + name_of(kind), dermal(kind), 24});
    for (const char* model : {"linear", "gray-scott", "keller-segel"})
      result.push_back({std::string(model) + ", " + name_of(kind), plain(model, kind), 16});
  }
  for (const std::size_t c : {4, 5}) {  // dermal and linear with imex
    result.push_back(result[c]);
    result.back().name += ", mixed precision";
    result.back().config.time.precision = StatePrecision::mixed;
  }
  for (Case& c : result) c.config.resolved_toml = "title = \"" + c.name + "\"\n";
  return result;
}

/// Everything that a comparison looks at after a step.
template <class Exec>
std::vector<std::uint64_t> everything(const Simulation<Exec>& simulation) {
  std::vector<double> all{simulation.clock().time, simulation.clock().dt, double(simulation.clock().step),
                          double(simulation.treatments_done()), double(simulation.needles_placed())};
  for (const auto& species : simulation.model().species) {
    const auto field = values(simulation, species.name);
    all.insert(all.end(), field.begin(), field.end());
  }
  return bits(all);
}

TEST(Checkpoint, ARunContinuesWithTheSameBits) {
  using Exec = Kokkos::Serial;
  for (const Case& c : cases()) {
    Simulation<Exec> reference(c.config);
    std::vector<std::vector<std::uint64_t>> expected{everything(reference)};
    const TemporaryFolder folder;
    int treatments = 0;
    // The checkpoints of a run that goes on; keep all of them.
    CheckpointStore store(folder, c.config.resolved_toml, 1000, one_rank);
    Sinks sinks;
    sinks.push_back(std::make_unique<CountingSink>());
    for (int step = 0; step <= c.steps; ++step) {
      if (step > 0) {
        reference.step(1e5);
        expected.push_back(everything(reference));
      }
      if (step % 5 == 0) {
        sinks[0]->write(reference);
        store.write(reference, reference, sinks, {});
      }
      treatments = reference.treatments_done();
    }
    EXPECT_EQ(treatments, int(c.config.treatments.size())) << c.name << ": at " << reference.clock().time;
    auto entries = list_checkpoints(folder);
    ASSERT_EQ(entries.size(), std::size_t(c.steps / 5 + 1)) << c.name;
    while (!entries.empty()) {  // from the newest to the one of the start
      const long from = entries.back().step;
      Simulation<Exec> resumed(c.config);
      Sinks others;
      others.push_back(std::make_unique<CountingSink>());
      ASSERT_TRUE(
          CheckpointStore(folder, c.config.resolved_toml, 2, one_rank)
              .resume(resumed, resumed, others, [](const std::string& text) { ADD_FAILURE() << text; }));
      EXPECT_EQ(static_cast<CountingSink&>(*others[0]).written, double(from / 5 + 1));
      for (long step = from; step <= c.steps; ++step) {
        if (step > from) resumed.step(1e5);
        ASSERT_EQ(everything(resumed), expected[std::size_t(step)])
            << c.name << ": from " << from << ", step " << step;
      }
      fs::remove(entries.back().manifest);
      fs::remove(entries.back().data);
      entries.pop_back();
    }
  }
}

// --- files ------------------------------------------------------------------------------------------------

const Grid grid = brick({5, 4, 3}, {10, 12.5, 20});

struct Files : ::testing::Test {
  TemporaryFolder folder;
  AnalyticSnapshot snapshot{model_info("linear"), grid, Column(), [](auto...) { return 0.0; }};
  Sinks sinks;
  std::vector<std::string> warnings;
  const std::string study = "title = \"files\"\n";
  CheckpointStore store{folder, study, 2, one_rank};

  Files() { sinks.push_back(std::make_unique<CountingSink>()); }
  ~Files() override {
    fault = {};
    can_reserve = true;
  }

  void write(const long step, const double own = 7) {
    snapshot.at(step, 0.5 * double(step));
    sinks[0]->write(snapshot);
    Record run;
    run.set("run/own", own);
    store.write(snapshot, NumberedState(grid, step), sinks, run);
  }
  /// Resumes with a new store and expects the checkpoint of `step`.
  void expect_resumes(const long step) {
    NumberedState state(grid, -1);
    warnings.clear();
    CheckpointStore other(folder, study, 2, one_rank);
    const auto record =
        other.resume(state, snapshot, sinks, [&](const std::string& text) { warnings.push_back(text); });
    ASSERT_TRUE(record);
    EXPECT_TRUE(state.holds(step));
    EXPECT_TRUE(record->list("simulation/none").empty());
  }
  fs::path checkpoints() const { return fs::path(folder) / "checkpoints"; }
  fs::path file(const long step, const char* extension) const {
    char name[64];
    std::snprintf(name, sizeof name, "checkpoint_%012ld%s", step, extension);
    return checkpoints() / name;
  }
  std::vector<std::string> names() const { return files_below(checkpoints()); }
};

TEST(Record, SaysWhatItHoldsAndWhatIsNeeded) {
  Record record;
  record.numbers["controller/imex"] = {1, 2};
  const auto expect = [](const std::function<void()>& read, const std::string& expected) {
    try {
      read();
      ADD_FAILURE() << "no error: " << expected;
    } catch (const IoError& error) {
      EXPECT_NE(std::string(error.what()).find(expected), std::string::npos) << error.what();
    }
  };
  expect([&] { (void)record.list("controller/imex", 3); }, "in \"controller/imex\": found 2, needed 3");
  expect([&] { (void)record.number("controller/imex"); }, "in \"controller/imex\": found 2, needed 1");
  expect([&] { (void)record.text("simulation/seed"); }, "\"simulation/seed\" is missing");
  EXPECT_EQ(record.list("controller/imex", 2), (std::vector<double>{1, 2}));
}

TEST_F(Files, EveryBitComesBack) {
  write(10, 0.1 + 0.2);
  NumberedState state(grid, 0);
  auto& sink = static_cast<CountingSink&>(*sinks[0]);
  const auto mask = sink.mask;
  sink.mask.clear();
  sink.written = 0;
  const auto record =
      store.resume(state, snapshot, sinks, [](const std::string& text) { ADD_FAILURE() << text; });
  ASSERT_TRUE(record);
  EXPECT_EQ(record->number("run/own"), 0.1 + 0.2);
  EXPECT_EQ(sink.mask, mask);
  EXPECT_EQ(sink.written, 1);
  expect_resumes(10);
}

TEST_F(Files, NoneIsNoError) {
  NumberedState state(grid, 3);
  EXPECT_FALSE(store.resume(state, snapshot, sinks, [](const std::string& text) { ADD_FAILURE() << text; }));
  EXPECT_EQ(state.step, 3);
  EXPECT_TRUE(list_checkpoints(folder).empty());
}

TEST_F(Files, TheNewestAreKept) {
  for (const long step : {0, 7, 20, 31}) write(step);
  EXPECT_EQ(names(),
            (std::vector<std::string>{"checkpoint_000000000020.h5", "checkpoint_000000000020.json",
                                      "checkpoint_000000000031.h5", "checkpoint_000000000031.json"}));
  const auto entries = list_checkpoints(folder);
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[1].step, 31);
  EXPECT_EQ(entries[1].time, 15.5);
  EXPECT_EQ(entries[1].bytes, double(fs::file_size(file(31, ".h5"))));
  EXPECT_LE(entries[1].bytes, CheckpointStore::bytes(grid, 4));
  EXPECT_TRUE(entries[1].fault.empty());
  expect_resumes(31);
}

TEST_F(Files, TheSameStepIsReplaced) {
  write(10);
  write(20, 1);
  write(20, 2);
  write(20, 3);
  EXPECT_EQ(names().size(), 4u);
  NumberedState state(grid, 0);
  EXPECT_EQ(store.resume(state, snapshot, sinks, [](auto&) {})->number("run/own"), 3);
  fs::remove(file(20, ".json"));
  expect_resumes(10);
}

TEST_F(Files, AWriteThatWasCutOffIsNotUsed) {
  write(10);
  write(20);
  fs::remove(file(20, ".json"));
  std::ofstream(checkpoints() / ".checkpoint_000000000030.h5.tmp") << "half";
  std::ofstream(checkpoints() / ".checkpoint_000000000020.json.77.tmp") << "half";
  expect_resumes(10);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("checkpoint_000000000020.h5: has no manifest"), std::string::npos)
      << warnings[0];
  write(15);  // cleans up
  EXPECT_EQ(names(),
            (std::vector<std::string>{"checkpoint_000000000010.h5", "checkpoint_000000000010.json",
                                      "checkpoint_000000000015.h5", "checkpoint_000000000015.json"}));
}

TEST_F(Files, AnotherStudyIsRefused) {
  write(10);
  NumberedState state(grid, 0);
  CheckpointStore other(folder, "title = \"other\"\n", 2, one_rank);
  EXPECT_THROW(other.resume(state, snapshot, sinks, [](auto&) {}), InputError);
}

TEST_F(Files, AnotherGridIsRefused) {
  write(10);
  NumberedState state(grid, 0);
  AnalyticSnapshot wide{model_info("linear"), brick({5, 3, 4}, {10, 12.5, 20}), Column(),
                        [](auto...) { return 0.0; }};
  try {
    store.resume(state, wide, sinks, [](auto&) {});
    ADD_FAILURE() << "no error";
  } catch (const IoError& error) {
    EXPECT_NE(std::string(error.what()).find("it is of the model linear on 5 x 4 x 3 cells"),
              std::string::npos)
        << error.what();
  }
}

// --- damage
// -------------------------------------------------------------------------------------------------

std::string content(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void store_content(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc).write(bytes.data(), std::streamsize(bytes.size()));
}

TEST_F(Files, EveryDamageIsFoundAndThePreviousOneUsed) {
  write(10);
  write(20);
  std::mt19937 random(20260722);
  const auto below = [&](const std::size_t n) { return std::size_t(random() % n); };
  std::map<std::string, int> found;
  for (int trial = 0; trial < 400; ++trial) {
    const bool manifest = trial % 2 == 0;
    const fs::path victim = file(20, manifest ? ".json" : ".h5");
    const std::string good = content(victim);
    std::string bad = good, what;
    switch (trial / 2 % 5) {
      case 0:
        bad[below(bad.size())] ^= char(1 << below(8));
        what = "bit";
        break;
      case 1:
        bad.resize(below(bad.size()));
        what = "cut";
        break;
      case 2:
        bad.insert(below(bad.size() + 1), 1, char(below(256)));
        what = "longer";
        break;
      case 3: {
        const std::size_t start = below(bad.size()), length = std::min<std::size_t>(512, bad.size() - start);
        for (std::size_t b = start; b < start + length; ++b) bad[b] = 0;
        what = "zeros";
        break;
      }
      default: {
        const std::size_t one = below(bad.size()), other = below(bad.size());
        std::swap(bad[one], bad[other]);
        what = "swapped";
      }
    }
    if (bad == good) continue;  // zeros in place of zeros
    store_content(victim, bad);
    expect_resumes(10);
    ASSERT_EQ(warnings.size(), 1u) << what;
    EXPECT_NE(warnings[0].find("checkpoint_000000000020.json: damaged"), std::string::npos) << warnings[0];
    store_content(victim, good);
    ++found[what + (manifest ? " of a manifest" : " of data")];
  }
  EXPECT_EQ(found.size(), 10u);
  for (const auto& [what, count] : found) EXPECT_GE(count, 5) << what;
  expect_resumes(20);
  EXPECT_TRUE(warnings.empty());
}

TEST_F(Files, TheFaultIsNamed) {
  write(10);
  write(20);
  const auto warning = [&](const char* extension, const std::function<void(std::string&)>& damage) {
    const std::string good = content(file(20, extension));
    std::string bad = good;
    damage(bad);
    store_content(file(20, extension), bad);
    expect_resumes(10);
    store_content(file(20, extension), good);
    return warnings.empty() ? "" : warnings[0];
  };
  const auto has = [](const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  const std::string data = content(file(20, ".h5"));
  const double value = numbered(20, "state/u", 17);
  const std::size_t place = data.find(std::string(reinterpret_cast<const char*>(&value), 8));
  ASSERT_NE(place, std::string::npos);
  const std::string text = warning(".h5", [&](std::string& bytes) { bytes[place + 3] ^= 4; });
  has(text, "dataset fields/state/u of checkpoint_000000000020.h5: sum ");
  has(text, ", expected ");
  has(warning(".h5", [](std::string& bytes) { bytes.resize(bytes.size() - 1); }),
      std::to_string(data.size() - 1) + " bytes, expected " + std::to_string(data.size()));
  has(warning(".h5", [](std::string& bytes) { bytes[9] ^= 1; }), "checkpoint_000000000020.h5: sum ");
  has(warning(".json", [](std::string& bytes) { bytes[9] ^= 1; }), "the manifest is damaged: its sum is");
  has(warning(".json", [](std::string& bytes) { bytes.resize(100); }), "the manifest is cut off: 100 bytes");
  fs::rename(file(20, ".h5"), checkpoints() / "elsewhere");
  expect_resumes(10);
  has(warnings.at(0), "checkpoint_000000000020.h5: No such file");
}

TEST_F(Files, WithOnlyDamagedOnesThereIsNoStart) {
  write(10);
  write(20);
  for (const long step : {10, 20}) fs::resize_file(file(step, ".h5"), 2000);
  NumberedState state(grid, -1);
  std::vector<std::string> texts;
  try {
    store.resume(state, snapshot, sinks, [&](const std::string& text) { texts.push_back(text); });
    ADD_FAILURE() << "no error";
  } catch (const IoError& error) {
    for (const char* part :
         {"--fresh", "checkpoint_000000000010.json: ", "checkpoint_000000000020.json: ", "2000 bytes"})
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
  EXPECT_EQ(texts.size(), 2u);
  EXPECT_EQ(state.step, -1);  // nothing was handed over
}

/// A manifest and data that fit each other, under the name of another step.
TEST_F(Files, ACheckpointUnderAnotherNameIsDamaged) {
  for (const long step : {10, 20}) write(step);
  for (const char* extension : {".h5", ".json"})
    fs::copy(file(10, extension), file(20, extension), fs::copy_options::overwrite_existing);
  expect_resumes(10);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("the manifest is that of checkpoint_000000000010"), std::string::npos)
      << warnings[0];
}

/// It is whole, and may be the work of days: an older program neither goes back before it nor removes it.
TEST_F(Files, ACheckpointOfANewerFormatStopsAResume) {
  for (const long step : {10, 20}) write(step);
  std::string text = content(file(20, ".json"));
  const std::string key = "\"kollagen_checkpoint\": ", sum = "\"manifest_xxh3\": \"";
  const auto replace = [&](const std::string& after, const std::string& by) {
    text.replace(text.find(after) + after.size(), by.size(), by);
  };
  replace(key, std::to_string(Manifest::format_number + 1));
  replace(sum, std::string(16, '0'));
  replace(sum, sum_text(text_sum(text)));
  store_content(file(20, ".json"), text);
  const auto before = names();
  NumberedState state(grid, -1);
  try {
    store.resume(state, snapshot, sinks, [](const std::string& warning) { ADD_FAILURE() << warning; });
    ADD_FAILURE() << "no error";
  } catch (const IoError& error) {
    for (const char* part : {"checkpoint_000000000020.json: ", "has format 2", "reads format 1"})
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
  EXPECT_EQ(state.step, -1);
  EXPECT_EQ(names(), before);
  write(30);  // nothing was noted as damaged
  EXPECT_TRUE(fs::exists(file(20, ".json")) && fs::exists(file(20, ".h5")));
}

TEST_F(Files, DamagedOnesGoWhenTheRunHasPassedOver) {
  for (const long step : {10, 20, 30}) write(step);
  fs::resize_file(file(30, ".h5"), 2000);
  NumberedState state(grid, 0);
  ASSERT_TRUE(store.resume(state, snapshot, sinks, [](auto&) {}));
  write(25);
  EXPECT_EQ(names(),
            (std::vector<std::string>{"checkpoint_000000000020.h5", "checkpoint_000000000020.json",
                                      "checkpoint_000000000025.h5", "checkpoint_000000000025.json"}));
}

TEST_F(Files, ADamagedOneOfTheSameStepIsReplaced) {
  for (const long step : {20, 30}) write(step);
  fs::resize_file(file(30, ".json"), 20);
  NumberedState state(grid, 0);
  ASSERT_TRUE(store.resume(state, snapshot, sinks, [](auto&) {}));
  EXPECT_EQ(state.step, 20);
  write(30);
  EXPECT_EQ(names().size(), 4u);
  expect_resumes(30);
  EXPECT_TRUE(warnings.empty());
}

// --- disks that fail
// ------------------------------------------------------------------------------------------

/// Limits the size of files in its scope.
struct SizeLimit {
  rlimit before{};
  explicit SizeLimit(const std::size_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);  // as the program does
    ::getrlimit(RLIMIT_FSIZE, &before);
    rlimit now = before;
    now.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  ~SizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before); }
};

/// Nothing but the checkpoint of step 10, and it can be used.
void expect_untouched(Files& files, const std::string& where) {
  EXPECT_EQ(files.names(),
            (std::vector<std::string>{"checkpoint_000000000010.h5", "checkpoint_000000000010.json"}))
      << where;
  files.expect_resumes(10);
  EXPECT_TRUE(files.warnings.empty()) << where;
}

TEST_F(Files, AShortWriteLeavesNothingBehind) {
  write(10);
  const std::size_t size = fs::file_size(file(10, ".h5"));
  for (const bool reserving : {true, false}) {
    can_reserve = reserving;
    int failed = 0;
    for (std::size_t limit = 0; limit < size + 2000; limit += 997) {
      bool written = true;
      {
        const SizeLimit low(limit);
        try {
          write(20);
        } catch (const IoError& error) {
          written = false;
          ++failed;
        }
      }
      if (!written) {
        expect_untouched(*this, "limit " + std::to_string(limit));
      } else {
        EXPECT_GE(limit, size);
        expect_resumes(20);
        fs::remove(file(20, ".json"));
        fs::remove(file(20, ".h5"));
      }
    }
    EXPECT_GE(failed, int(size / 997));
  }
}

TEST_F(Files, EveryFailingCallIsReported) {
  write(10);
  for (const bool reserving : {true, false})
    for (const char* call : {"write", "pwrite", "fsync", "rename", "fallocate", "ftruncate"})
      for (const int count : {1, 1000}) {  // once, or from then on
        int calls = 0;
        for (bool written = false; !written && calls < 200; ++calls) {
          can_reserve = reserving;
          fault = {call, calls, count, std::string(call) == "fsync" ? EIO : ENOSPC, 0};
          const std::string where =
              std::string(call) + " number " + std::to_string(calls) + (reserving ? "" : ", unreserved");
          try {
            write(20);
            written = fault.seen <= calls;
            EXPECT_TRUE(written) << where << " failed and nobody noticed";
          } catch (const IoError& error) {
            EXPECT_GT(fault.seen, calls) << where << ": " << error.what();
          }
          fault = {};
          can_reserve = true;
          // Once the manifest has its name the checkpoint stands, whatever fails after that.
          if (fs::exists(file(20, ".json"))) {
            expect_resumes(20);
            EXPECT_TRUE(warnings.empty()) << where;
            fs::remove(file(20, ".json"));
            fs::remove(file(20, ".h5"));
          } else {
            EXPECT_FALSE(fs::exists(checkpoints() / ".checkpoint_000000000020.h5.tmp")) << where;
            expect_resumes(10);
          }
        }
        EXPECT_LT(calls, 200);
        const bool unused = std::string(call) == (reserving ? "ftruncate" : "fallocate");
        EXPECT_EQ(calls == 1, unused) << call << (reserving ? "" : ", unreserved");
      }
}

TEST_F(Files, AWriteThatNeverHappenedIsNoticed) {
  write(10);
  int calls = 0, noticed = 0;
  for (bool written = false; !written && calls < 100; ++calls) {
    fault = {"pwrite", calls, 1, 0, 0};
    try {
      write(20);
      written = fault.seen <= calls;
      fault = {};
      expect_resumes(20);  // nothing was lost: zeros were to be written over zeros
      EXPECT_TRUE(warnings.empty());
      fs::remove(file(20, ".json"));
      fs::remove(file(20, ".h5"));
    } catch (const IoError& error) {
      EXPECT_NE(std::string(error.what()).find("what was written"), std::string::npos) << error.what();
      fault = {};
      expect_untouched(*this, "call " + std::to_string(calls));
      ++noticed;
    }
  }
  EXPECT_GE(noticed, 5);  // three fields, a mask, the tables
}

TEST_F(Files, NothingHasANameBeforeItIsOnTheDisk) {
  write(10);
  calls_seen.clear();
  noting = true;
  write(20);
  noting = false;
  calls_seen.resize(6);  // after that the older ones go
  EXPECT_EQ(calls_seen[0], "fsync .checkpoint_000000000020.h5.tmp");
  EXPECT_EQ(calls_seen[1], "rename checkpoint_000000000020.h5");
  EXPECT_EQ(calls_seen[2], "fsync checkpoints");
  EXPECT_TRUE(calls_seen[3].starts_with("fsync .checkpoint_000000000020.json.")) << calls_seen[3];
  EXPECT_EQ(calls_seen[4], "rename checkpoint_000000000020.json");
  EXPECT_EQ(calls_seen[5], "fsync checkpoints");
}

/// At no moment is there less than before.
TEST_F(Files, TheSameStepIsReplacedAtOnce) {
  write(20, 1);
  for (const int rename_number : {0, 1}) {
    fault = {"rename", rename_number, 1, EIO, 0};
    EXPECT_THROW(write(20, 2), IoError);
    fault = {};
    NumberedState state(grid, -1);
    const auto record =
        store.resume(state, snapshot, sinks, [](const std::string& text) { ADD_FAILURE() << text; });
    ASSERT_TRUE(record);
    EXPECT_EQ(record->number("run/own"), 1);
    EXPECT_EQ(names().size(), 2u);
  }
}

TEST_F(Files, FreeSpaceIsLookedAtFirst) {
  AnalyticSnapshot huge{model_info("linear"), brick({200000, 200000, 200000}, {1, 1, 1}), Column(),
                        [](auto...) { return 0.0; }};
  EXPECT_GT(CheckpointStore::bytes(huge.grid(), 3), 1.9e17);
  Sinks none;
  try {
    store.write(huge, NumberedState(grid, 0), none, {});
    ADD_FAILURE() << "no error";
  } catch (const IoError& error) {
    for (const char* part : {"checkpoint_000000000000.h5: 192000000", " bytes are needed, and "})
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
  EXPECT_TRUE(names().empty());
}

}  // namespace
}  // namespace kollagen::test
