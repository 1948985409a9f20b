/// verify_run and diff_runs on the files of a small run, whole and damaged.
#include <gtest/gtest.h>
#include <hdf5.h>

#include <cmath>
#include <limits>
#include <random>

#include "host/checkpoint/checkpoint.hpp"
#include "host/checkpoint/grid_file.hpp"
#include "host/checkpoint/inspect.hpp"
#include "host/config/reader.hpp"
#include "host/output/factory.hpp"
#include "host/output/report.hpp"
#include "host/simulation.hpp"
#include "support/analytic_snapshot.hpp"
#include "support/temporary_folder.hpp"

namespace kollagen::test {
namespace {

namespace fs = std::filesystem;

const std::string study_text = R"(
title = "inspected"
model = "linear"
[domain]
size = ["60 um", "75 um", "80 um"]
spacing = ["10 um", "15 um", "20 um"]
[time]
end = "3 h"
step = "15 min"
[model_parameters]
D_u = "0.01 um^2/s"
k_uv = "0.2 h^-1"
[[initial]]
field = "u"
shape = "gaussian"
center = ["20 um", "30 um", "30 um"]
sigma = "20 um"
value = 1
[[output]]
kind = "fields"
every = "1 h"
precision = "float64"
[[output]]
kind = "slice"
name = "cut"
every = "45 min"
until = "2 h"
[[output]]
kind = "probe"
every = "30 min"
points = [["10 um", "20 um", "30 um"]]
[[output]]
kind = "metrics"
every = "30 min"
)";

/// Writes a run up to `end` [h]; `changed` gets hold of the simulation before the first step.
void write_run(
    const fs::path& folder, const double end = 3, const std::string& text = study_text,
    const std::function<void(Simulation<Kokkos::Serial>&)>& changed = [](auto&) {}) {
  const Config config = parse_config(text, "study.toml", {}, 1e12);
  Simulation<Kokkos::Serial> simulation(config);
  changed(simulation);
  const auto sinks = make_sinks(config, simulation.model(), simulation.grid(), folder, one_rank);
  CheckpointStore store(folder, config.resolved_toml, 2, one_rank);
  write_config(folder, config);
  const double infinity = std::numeric_limits<double>::infinity();
  for (double time = 0;;) {
    for (const auto& sink : sinks)
      if (sink->next_time(time) == time || time == config.time.end) sink->write(simulation);
    if (std::fmod(time, 1.5) == 0) store.write(simulation, simulation, sinks, {});
    double next = config.time.end;
    for (const auto& sink : sinks) next = std::min(next, sink->next_time(std::nextafter(time, infinity)));
    if (time >= end) break;
    simulation.advance_to(next);
    time = next;
  }
  if (end < config.time.end) return;
  for (const auto& sink : sinks) sink->finish();
  RunReport report;
  report.outcome = "done";
  report.clock = simulation.clock();
  write_report(folder, report);
}

struct Inspect : ::testing::Test {
  TemporaryFolder folder;
  std::string report;
  fs::path run() const { return folder.path() / "run"; }
  fs::path copy(const char* name) const {
    const fs::path to = folder.path() / name;
    fs::remove_all(to);
    fs::copy(run(), to, fs::copy_options::recursive);
    return to;
  }
  int verify(const fs::path& path) {
    report.clear();
    return verify_run(path, report);
  }
  int diff(const fs::path& one, const fs::path& other) {
    report.clear();
    return diff_runs(one, other, report);
  }
  bool reports(const std::string& text) const { return report.find(text) != std::string::npos; }
};

void overwrite(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

TEST_F(Inspect, AWholeRunIsRight) {
  write_run(run());
  EXPECT_EQ(verify(run()), 0) << report;
  for (const char* text :
       {"ok       config.toml  inspected (linear)", "ok       report.json  done",
        "fields/fields_000003.hdf  3 h", "ok       fields/fields.hdf.series  4 frames",
        "ok       slices/cut.hdf.series  3 frames", "ok       probes.csv  7 rows", "ok       metrics.csv",
        "checkpoints/checkpoint_0000000", "everything is complete and undamaged"})
    EXPECT_TRUE(reports(text)) << text << "\n" << report;
  EXPECT_EQ(diff(run(), run()), 0) << report;
  EXPECT_TRUE(reports("fields/fields_000002.hdf  u  identical")) << report;
  EXPECT_TRUE(reports("identical, bit for bit"));
}

TEST_F(Inspect, AnUnfinishedRunIsRightAsFarAsItIs) {
  write_run(run(), 1.5);
  EXPECT_EQ(verify(run()), 0) << report;
  EXPECT_TRUE(reports("ok       fields/fields.hdf.series  2 frames")) << report;
  // A frame that is not in the series yet.
  fs::copy(run() / "fields/fields_000001.hdf", run() / "fields/fields_000002.hdf");
  EXPECT_EQ(verify(run()), 0) << report;
  EXPECT_TRUE(reports("note     fields/fields_000002.hdf  is in no series")) << report;
}

TEST_F(Inspect, EveryFaultIsNamed) {
  write_run(run());
  const auto fault = [&](const std::string& text, const std::function<void(const fs::path&)>& damage) {
    const fs::path bad = copy("bad");
    damage(bad);
    EXPECT_EQ(verify(bad), 5) << text;
    EXPECT_TRUE(reports(text)) << text << "\n" << report;
  };
  const auto edit = [](const fs::path& file, const std::string& from, const std::string& to) {
    std::string text = read_text(file);
    const std::size_t place = text.find(from);
    ASSERT_NE(place, std::string::npos) << file << ": " << from;
    overwrite(file, text.replace(place, from.size(), to));
  };
  fault("FAULT    fields/fields_000001.hdf  is missing",
        [](auto& p) { fs::remove(p / "fields/fields_000001.hdf"); });
  fault("FAULT    fields/fields_000001.hdf  its time is not that of the series", [](auto& p) {
    fs::rename(p / "fields/fields_000001.hdf", p / "x");
    fs::copy(p / "fields/fields_000002.hdf", p / "fields/fields_000001.hdf");
    fs::remove(p / "x");
  });
  fault("FAULT    fields/fields_000003.hdf  is in no series", [&](auto& p) {
    edit(p / "fields/fields.hdf.series", ",\n  {\n   \"name\": \"fields_000003.hdf\",\n   \"time\": 3.0\n  }",
         "");
  });
  fault("FAULT    fields/fields.hdf.series  3 frames, the study asks for 4", [&](auto& p) {
    edit(p / "fields/fields.hdf.series", ",\n  {\n   \"name\": \"fields_000003.hdf\",\n   \"time\": 3.0\n  }",
         "");
    fs::remove(p / "fields/fields_000003.hdf");
  });
  fault("FAULT    slices/cut.hdf.series  0 frames, the study asks for 3",
        [](auto& p) { fs::remove_all(p / "slices"); });
  fault("its time is not that of the series",
        [&](auto& p) { edit(p / "slices/cut.hdf.series", "0.75", "0.76"); });
  fault("FAULT    probes.csv  its last line is cut off",
        [](auto& p) { fs::resize_file(p / "probes.csv", fs::file_size(p / "probes.csv") - 3); });
  fault("FAULT    probes.csv  line 3 has 7 columns, the first 8", [&](auto& p) {
    std::string text = read_text(p / "probes.csv");
    text.erase(text.rfind(',', text.find('\n', text.find('\n', text.find('\n') + 1) + 1)), 1);
    overwrite(p / "probes.csv", text);
  });
  fault("is no number", [&](auto& p) { edit(p / "probes.csv", "\n0.5,", "\n0.5x,"); });
  fault("line 3: time 0.5 h comes after 0.5 h", [&](auto& p) { edit(p / "probes.csv", "\n0,", "\n0.5,"); });
  fault("FAULT    metrics.csv  is missing", [](auto& p) { fs::remove(p / "metrics.csv"); });
  fault("FAULT    report.json", [](auto& p) { fs::resize_file(p / "report.json", 30); });
  fault("is of another study than config.toml",
        [&](auto& p) { edit(p / "config.toml", "inspected", "inspecten"); });
  fault("FAULT    config.toml", [&](auto& p) { edit(p / "config.toml", "end = ", "emd = "); });
  const auto newest = [](const fs::path& p) { return list_checkpoints(p).back(); };
  fault("dataset fields/last_stage/u", [&](auto& p) {
    const fs::path data = newest(p).data;
    std::string bytes = read_text(data);
    GridFile file(data);
    const double first = file.read(file.datasets().at(0), 0, 1).at(0);  // the first field is u
    const std::size_t place = bytes.find(std::string(reinterpret_cast<const char*>(&first), 8));
    bytes[place] ^= 1;
    overwrite(data, bytes);
  });
  fault("FAULT    fields/fields_000002.hdf  v has 0 pieces instead of 1", [](auto& p) {
    const hid_t file = H5Fopen((p / "fields/fields_000002.hdf").c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
    const hid_t group = H5Gopen2(file, "VTKHDF/PointData", H5P_DEFAULT);
    const hid_t old = H5Dopen2(group, "v", H5P_DEFAULT), space = H5Dget_space(old),
                create = H5Dget_create_plist(old);
    H5Dclose(old);
    H5Ldelete(group, "v", H5P_DEFAULT);
    H5Pset_alloc_time(create, H5D_ALLOC_TIME_INCR);
    H5Dclose(H5Dcreate2(group, "v", H5T_IEEE_F64LE, space, H5P_DEFAULT, create, H5P_DEFAULT));
    H5Pclose(create);
    H5Sclose(space);
    H5Gclose(group);
    H5Fclose(file);
  });
  fault("the manifest is damaged", [&](auto& p) { edit(newest(p).manifest, "step", "stop"); });
  fault("No such file", [&](auto& p) { fs::remove(newest(p).data); });
  EXPECT_THROW(verify(folder), InputError);
  EXPECT_EQ(verify(run()), 0);
}

// HDF5 may crash on such files; whatever happens to it, a frame that passes has the values that were written.
TEST_F(Inspect, FramesWithFlippedBitsAreFoundOrHarmless) {
  std::string text = study_text;
  text.resize(text.find("[[output]]"));
  write_run(run(), 3, text + "[[output]]\nkind = \"fields\"\nevery = \"3 h\"\n");
  const fs::path bad = copy("bad"), frame = bad / "fields/fields_000001.hdf";
  fs::remove_all(bad / "checkpoints");
  const std::string good = read_text(frame);
  std::mt19937 random(7);
  int found = 0, harmless = 0;
  for (int trial = 0; trial < 200; ++trial) {
    std::string bytes = good;
    bytes[random() % bytes.size()] ^= char(1 << random() % 8);
    overwrite(frame, bytes);
    const int code = verify(bad);
    if (code == 5) {
      EXPECT_TRUE(reports("FAULT    fields/fields_000001.hdf")) << report;
      ++found;
    } else {
      EXPECT_EQ(diff(run() / "fields/fields_000001.hdf", frame), 0) << report;
      ++harmless;
    }
  }
  EXPECT_GT(found, 15);
  EXPECT_GT(harmless, 10);  // unused room of HDF5, units
}

// HDF5 reads a piece that is missing as zeros, and one whose sum was left out without a word.
TEST_F(Inspect, EveryPieceHasToBeThereWithItsSum) {
  const auto fault = [&](const std::function<void(hid_t dataset)>& write) -> std::string {
    const fs::path path = folder.path() / "pieces.hdf";
    const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const hsize_t extent[3] = {4, 3, 2}, piece[3] = {2, 3, 2};
    const hid_t space = H5Screate_simple(3, extent, nullptr), create = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(create, 3, piece);
    H5Pset_fletcher32(create);
    const hid_t dataset = H5Dcreate2(file, "u", H5T_IEEE_F64LE, space, H5P_DEFAULT, create, H5P_DEFAULT);
    write(dataset);
    H5Dclose(dataset);
    H5Pclose(create);
    H5Sclose(space);
    H5Fclose(file);
    const GridFile written(path);
    try {
      written.check_pieces(written.datasets().at(0));
      return "";
    } catch (const IoError& error) {
      return error.what();
    }
  };
  const double values[24] = {1, 2, 3};
  const auto all = [&](const hid_t dataset) {
    H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
  };
  const auto raw = [&](const hid_t dataset, const hsize_t plane) {  // bit 0 of the mask: without the sum
    const hsize_t place[3] = {plane, 0, 0};
    H5Dwrite_chunk(dataset, H5P_DEFAULT, 1, place, sizeof values / 2, values);
  };
  EXPECT_EQ(fault(all), "");
  EXPECT_EQ(fault([&](const hid_t dataset) { raw(dataset, 0); }), "u has 1 pieces instead of 2");
  EXPECT_EQ(fault([&](const hid_t dataset) {
              all(dataset);
              raw(dataset, 2);
            }),
            "piece 1 of u is in a wrong place, or without its sum");
}

TEST_F(Inspect, DifferencesAreMeasuredAndPlaced) {
  write_run(run());
  const fs::path other = folder.path() / "other";
  write_run(other, 3, study_text, [](Simulation<Kokkos::Serial>& simulation) {
    std::vector<double> values(std::size_t(simulation.grid().owned_count()));
    const int v = simulation.model().find_species("v");
    simulation.copy(v, values.data());
    values[(2 * 5 + 3) * 6 + 4] += 0.125;  // cell (4, 3, 2)
    simulation.assign(v, values.data());
  });
  EXPECT_EQ(diff(run(), other), 1);
  EXPECT_TRUE(reports("fields/fields_000000.hdf  u  identical")) << report;
  EXPECT_TRUE(reports(
      "fields/fields_000000.hdf  v  differs by at most 0.125, relative 1; at point (4, 3, 2): 0 and 0.125"))
      << report;
  EXPECT_TRUE(reports("fields/fields_000003.hdf  v  differs by at most 0.")) << report;
  EXPECT_TRUE(reports("metrics.csv  time [h]  identical")) << report;
  EXPECT_TRUE(reports("state/v  differs")) << report;
  EXPECT_TRUE(reports("\ndifferent\n")) << report;
  EXPECT_EQ(diff(run() / "fields/fields_000000.hdf", other / "fields/fields_000000.hdf"), 1);
  EXPECT_EQ(report,
            "fields_000000.hdf  u  identical\n"
            "fields_000000.hdf  v  differs by at most 0.125, relative 1; at point (4, 3, 2): 0 and 0.125\n"
            "fields_000000.hdf  w  identical\ndifferent\n");
  const auto one = list_checkpoints(run()).back().data, two = list_checkpoints(other).back().data;
  EXPECT_EQ(diff(one, one), 0) << report;
  EXPECT_EQ(diff(one, two), 1) << report;
}

TEST_F(Inspect, WhatOnlyOneOfThemHasIsNamed) {
  write_run(run());
  const fs::path other = copy("other");
  fs::remove(other / "fields/fields_000003.hdf");
  fs::remove(other / "probes.csv");
  std::string metrics = read_text(other / "metrics.csv");
  metrics.resize(metrics.rfind('\n', metrics.size() - 2) + 1);
  overwrite(other / "metrics.csv", metrics);
  fs::remove_all(other / "checkpoints");  // how many there are depends on the clock on the wall
  EXPECT_EQ(diff(run(), other), 1);
  EXPECT_TRUE(reports("fields/fields_000003.hdf  only in the first")) << report;
  EXPECT_TRUE(reports("probes.csv  only in the first")) << report;
  EXPECT_TRUE(reports(" rows; the first ")) << report;
  EXPECT_EQ(diff(other, run()), 1);
  EXPECT_TRUE(reports("fields/fields_000003.hdf  only in the second")) << report;

  const fs::path third = folder.path() / "third";  // float32, and one field less
  std::string text = study_text;
  text.replace(text.find("precision = \"float64\""), 21, "fields = [\"u\", \"v\"]");
  write_run(third, 3, text);
  EXPECT_EQ(diff(run(), third), 1);
  EXPECT_TRUE(reports("fields/fields_000001.hdf  w  only in the first")) << report;
  EXPECT_TRUE(reports("fields/fields_000001.hdf  u  numbers of 8 and 4 bytes")) << report;
  EXPECT_THROW(diff(run(), folder), InputError);
  EXPECT_THROW(diff(run(), run() / "config.toml"), InputError);
  EXPECT_THROW(diff(run(), folder.path() / "none"), InputError);
  EXPECT_THROW(diff(run() / "config.toml", run() / "config.toml"), IoError);
  fs::resize_file(other / "metrics.csv", 20);
  EXPECT_THROW(diff(run(), other), IoError);
}

}  // namespace
}  // namespace kollagen::test
