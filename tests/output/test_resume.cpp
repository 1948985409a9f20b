/// Outputs of a run that was interrupted: the files that an uninterrupted run writes, byte for byte.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>

#include "host/output/factory.hpp"
#include "kollagen/check.hpp"
#include "support/analytic_snapshot.hpp"
#include "support/temporary_folder.hpp"

namespace kollagen {
namespace {

using test::files_below;
using test::read_text;
using test::TemporaryFolder;
namespace fs = std::filesystem;

const Grid grid = test::brick({5, 4, 3}, {10, 12.5, 20});

Column three_layers() {
  Column column;
  for (const char* name : {"papillary", "reticular", "subcutis"}) column.layers.emplace_back().name = name;
  column.layer = {0, 1, 2};
  column.collagen_i = {90, 190, 20};
  column.collagen_iii = {30, 38, 5};
  column.elastin = {4, 8, 1};
  column.fibroblasts = {3000, 2500, 500};
  column.tgf_active = {0.02, 0.01, 0.005};
  return column;
}

/// Damage exists in the first 3 h only: whoever looks for the track core later finds none.
double value(const int species, const double x, const double y, const double z, const double time) {
  static const int damage = model_info("dermal").find_species("damage");
  if (species == damage) return time < 3 && x < 22 && y > 20 ? 1 : 0;
  return (1 + species) * (2 + 0.01 * x - 0.002 * y + 0.0003 * z) * (1 + std::exp(-time * (x + 1) / 40));
}

/// All four kinds of output, each with instants of its own.
Config study() {
  Config config;
  config.title = "a run";
  config.model = "dermal";
  config.time.end = 12;
  config.resolved_toml = "title = \"a run\"\n";
  config.treatments.emplace_back();
  config.outputs.resize(4);
  config.outputs[1].kind = OutputKind::slice;
  config.outputs[2].kind = OutputKind::probe;
  config.outputs[2].name = "tip";
  config.outputs[2].points = {{5, 6.25, 10}, {30, 25, 60}};
  config.outputs[3].kind = OutputKind::metrics;
  for (std::size_t o = 0; o < 4; ++o) config.outputs[o].every = std::array{2., 3., 1., 1.}[o];
  return config;
}

/// Outputs of a run at whole hours. Like the driver it offers every sink the instants that the sink asked
/// for.
struct Outputs {
  explicit Outputs(const fs::path& folder)
      : sinks(make_sinks(study(), model_info("dermal"), grid, folder, test::one_rank)) {}
  void write(const int from, const int to) {
    for (int hour = from; hour <= to; ++hour) {
      snapshot.at(10 * hour, hour);
      for (const auto& sink : sinks)
        if (sink->next_time(hour) == hour) sink->write(snapshot);
    }
  }
  void finish() {
    for (const auto& sink : sinks) sink->finish();
  }
  Record save() const {
    Record record;
    for (const auto& sink : sinks) sink->save(record);
    return record;
  }
  void restore(const Record& record, const int hour) {
    snapshot.at(10 * hour, hour);
    for (const auto& sink : sinks) sink->restore(record, snapshot);
  }
  test::AnalyticSnapshot snapshot{model_info("dermal"), grid, three_layers(), value};
  std::vector<std::unique_ptr<Sink>> sinks;
};

std::map<std::string, std::string> contents(const fs::path& folder) {
  std::map<std::string, std::string> texts;
  for (const std::string& name : files_below(folder)) texts[name] = read_text(folder / name);
  return texts;
}

void expect_equal(const fs::path& folder, const fs::path& reference, const std::string& where) {
  EXPECT_EQ(files_below(folder), files_below(reference)) << where;
  const auto texts = contents(folder), expected = contents(reference);
  for (const auto& [name, text] : expected) {
    const auto found = texts.find(name);
    EXPECT_TRUE(found == texts.end() || found->second == text) << where << ": " << name << " differs";
  }
}

struct Resume : ::testing::Test {
  TemporaryFolder reference;
  Resume() {
    Outputs run(reference);
    run.write(0, 12);
    run.finish();
  }
};

TEST_F(Resume, FilesAreThoseOfAnUninterruptedRun) {
  EXPECT_GT(files_below(reference).size(), 10u);
  // Saved at an hour of some outputs; in the last two cases rows and frames were written after that and have
  // to go.
  for (const auto& [saved, written] : {std::pair{4, 4}, {12, 12}, {0, 1}, {7, 12}}) {
    const TemporaryFolder folder;
    Record record;
    {
      Outputs run(folder);
      run.write(0, saved);
      record = run.save();
      run.write(saved + 1, written);
    }
    Outputs run(folder);
    run.restore(record, saved);
    run.write(saved + 1, 12);
    run.finish();
    expect_equal(folder, reference, "saved at " + std::to_string(saved) + " of " + std::to_string(written));
  }
}

TEST_F(Resume, TheInstantOfTheCheckpointIsNotWrittenAgain) {
  const TemporaryFolder folder;
  Outputs first(folder);
  first.write(0, 6);
  const Record record = first.save();
  Outputs second(folder);
  second.restore(record, 6);
  for (const auto& sink : second.sinks) sink->write(second.snapshot);
  second.write(7, 12);
  second.finish();
  expect_equal(folder, reference, "offered twice");
}

TEST_F(Resume, BeforeTheFirstWriteNothingWasThere) {
  const TemporaryFolder folder;
  Outputs first(folder);
  const Record record = first.save();
  first.write(0, 5);
  Outputs second(folder);
  second.restore(record, 0);
  EXPECT_TRUE(files_below(folder).empty()) << files_below(folder).front();
  second.write(0, 12);
  second.finish();
  expect_equal(folder, reference, "from nothing");
}

TEST_F(Resume, TemporaryFilesOfAKilledRunGo) {
  const TemporaryFolder folder;
  Outputs first(folder);
  first.write(0, 6);
  const Record record = first.save();
  std::ofstream(folder.path() / "fields/.fields_000004.hdf.77.tmp") << "half";
  std::ofstream(folder.path() / "fields/mine_000001.hdf") << "not of this run";
  Outputs second(folder);
  second.restore(record, 6);
  EXPECT_FALSE(fs::exists(folder.path() / "fields/.fields_000004.hdf.77.tmp"));
  EXPECT_TRUE(fs::exists(folder.path() / "fields/mine_000001.hdf"));
}

/// What a resume says when `damage` was done to the folder after the checkpoint.
std::string error_after(const std::function<void(const fs::path&)>& damage) {
  const TemporaryFolder folder;
  Outputs first(folder);
  first.write(0, 6);
  const Record record = first.save();
  damage(folder);
  Outputs second(folder);
  try {
    second.restore(record, 6);
  } catch (const IoError& error) {
    return error.what();
  }
  return "no error";
}

TEST(ResumeErrors, NameTheFileThatCannotBeContinued) {
  const auto expect = [](const char* file, const char* reason, const std::string& text) {
    EXPECT_NE(text.find(file), std::string::npos) << text;
    EXPECT_NE(text.find(reason), std::string::npos) << text;
  };
  expect("fields_000001.hdf", "is missing",
         error_after([](const fs::path& f) { fs::remove(f / "fields/fields_000001.hdf"); }));
  expect("metrics.csv", "No such file",
         error_after([](const fs::path& f) { fs::remove(f / "metrics.csv"); }));
  expect("probes_tip.csv", "were complete at the checkpoint", error_after([](const fs::path& f) {
           fs::resize_file(f / "probes_tip.csv", fs::file_size(f / "probes_tip.csv") - 1);
         }));
  expect("metrics.csv", "columns", error_after([](const fs::path& f) {
           const std::string text = read_text(f / "metrics.csv");
           std::ofstream(f / "metrics.csv") << "Time" << text.substr(4);
         }));
  EXPECT_EQ(error_after([](const fs::path&) {}), "no error");
}

/// Frames that came after the checkpoint would stay there.
TEST(ResumeErrors, AFolderThatCannotBeListedIsAnError) {
  const TemporaryFolder folder;
  const Record record = Outputs(folder).save();
  std::ofstream(folder.path() / "fields") << "no folder";
  Outputs run(folder);
  try {
    run.restore(record, 0);
    ADD_FAILURE() << "no error";
  } catch (const IoError& error) {
    EXPECT_NE(std::string(error.what()).find("cannot list the folder"), std::string::npos) << error.what();
  }
}

TEST(ResumeErrors, ARecordOfAnotherProgramIsRefused) {
  const TemporaryFolder folder;
  Outputs run(folder);
  run.write(0, 2);
  Record record = run.save();
  EXPECT_EQ(record.fields.count("output/metrics/metrics/core"), 1u);
  record.fields.clear();
  EXPECT_THROW(run.restore(record, 2), IoError);
  EXPECT_THROW(run.restore(Record{}, 2), IoError);
}

}  // namespace
}  // namespace kollagen
