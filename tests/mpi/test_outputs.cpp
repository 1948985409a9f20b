/// Outputs of several ranks: one set of files, equal to those of one rank.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <cstring>
#include <map>
#include <optional>

#include "host/output/factory.hpp"
#include "host/output/hdf5_handle.hpp"
#include "host/output/image_file.hpp"
#include "host/output/metrics.hpp"
#include "kollagen/check.hpp"
#include "kollagen/collective.hpp"
#include "support/analytic_snapshot.hpp"
#include "support/ranks.hpp"
#include "support/temporary_folder.hpp"

namespace kollagen::test {
namespace {

namespace fs = std::filesystem;

/// A folder of rank 0 that all ranks know.
class SharedFolder {
 public:
  explicit SharedFolder(Communicator& ranks) : ranks_(ranks) {
    if (ranks.root()) folder_.emplace();
    std::string text = ranks.root() ? folder_->path().string() : "";
    std::size_t length = text.size();
    ranks.broadcast(&length, sizeof length, 0);
    text.resize(length);
    ranks.broadcast(text.data(), length, 0);
    path_ = text;
  }
  ~SharedFolder() { ranks_.barrier(); }
  SharedFolder(const SharedFolder&) = delete;
  SharedFolder& operator=(const SharedFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  Communicator& ranks_;
  std::optional<TemporaryFolder> folder_;
  fs::path path_;
};

Column layers(const int planes) {
  Column column;
  for (const char* name : {"epidermis", "papillary", "reticular", "subcutis"})
    column.layers.emplace_back().name = name;
  for (int k = 0; k < planes; ++k) {
    column.layer.push_back(4 * k / planes);
    column.collagen_i.push_back(std::array{0, 90, 190, 20}[4 * k / planes]);
    column.collagen_iii.push_back(std::array{0, 30, 38, 5}[4 * k / planes]);
    column.elastin.push_back(std::array{0, 4, 8, 1}[4 * k / planes]);
    column.fibroblasts.push_back(std::array{0, 3000, 2500, 500}[4 * k / planes]);
    column.tgf_active.push_back(0.01 * (4 * k / planes));
  }
  return column;
}

/// Values over many powers of ten and both signs, whose sums by any fixed order of plain additions differ.
double value(const int species, const double x, const double y, const double z, const double time) {
  static const int damage = model_info("dermal").find_species("damage");
  if (species == damage) return time < 2 && std::hypot(x - 30, y - 30) < 25 ? 1 : 0;
  const double wave = std::sin(x + 2 * y + 3 * z + species + time);
  return wave * std::pow(10, 3 * std::cos(0.7 * x * y + z)) + (species > 9 ? 40 : 0);
}

Config study() {
  Config config;
  config.title = "ranks";
  config.model = "dermal";
  config.time.end = 4;
  config.resolved_toml = "title = \"ranks\"\n";
  config.treatments.emplace_back();
  config.outputs.resize(7);
  config.outputs[1].precision = Precision::float64;
  config.outputs[1].name = "double";
  config.outputs[1].fields = {"collagen_iii", "pdgf"};
  for (int axis = 0; axis < 3; ++axis) {
    OutputConfig& slice = config.outputs[2 + std::size_t(axis)];
    slice.kind = OutputKind::slice;
    slice.axis = axis;
    slice.name = std::string("across_") + "xyz"[axis];
  }
  config.outputs[5].kind = OutputKind::probe;
  config.outputs[5].points = {{1, 1, 1}, {15, 22, 31}, {29.9, 41, 33}, {50, 77, 139}};
  config.outputs[6].kind = OutputKind::metrics;
  config.outputs[6].percentiles = {5, 50, 97.5};
  config.outputs[6].histogram_bins = 6;
  for (OutputConfig& output : config.outputs) output.every = 1;
  return config;
}

const Grid whole = brick({5, 7, 9}, {10, 11, 15.5});

/// Writes hours `from` to `to` of the outputs of `grid`'s rank.
struct Outputs {
  Outputs(const fs::path& folder, const Grid& grid, Communicator& ranks)
      : snapshot(model_info("dermal"), grid, layers(whole.cells[2]), value, ranks),
        sinks(make_sinks(study(), model_info("dermal"), grid, folder, ranks)) {}
  void write(const int from, const int to) {
    for (int hour = from; hour <= to; ++hour) {
      snapshot.at(10 * hour, hour);
      for (const auto& sink : sinks) sink->write(snapshot);
    }
  }
  void finish() {
    for (const auto& sink : sinks) sink->finish();
  }
  AnalyticSnapshot snapshot;
  std::vector<std::unique_ptr<Sink>> sinks;
};

/// Bytes of every attribute and dataset of an HDF5 file, with their types, by path.
std::map<std::string, std::string> h5_contents(const fs::path& path) {
  std::map<std::string, std::string> contents;
  const auto describe = [](const hid_t type, const hid_t space) {
    std::string text(1, char(H5Tget_class(type)));
    text += std::to_string(H5Tget_size(type)) + ':';
    hsize_t extent[H5S_MAX_RANK] = {};
    const int rank = H5Sget_simple_extent_dims(space, extent, nullptr);
    for (int d = 0; d < rank; ++d) text += std::to_string(extent[d]) + ' ';
    text.resize(text.size() + std::size_t(H5Sget_simple_extent_npoints(space)) * H5Tget_size(type));
    return text;
  };
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  EXPECT_GE(file, 0) << path;
  std::vector<std::string> objects;
  H5Ovisit2(
      file, H5_INDEX_NAME, H5_ITER_INC,
      [](hid_t, const char* name, const H5O_info_t*, void* out) -> herr_t {
        static_cast<std::vector<std::string>*>(out)->emplace_back(name);
        return 0;
      },
      &objects, H5O_INFO_BASIC);
  for (const std::string& name : objects) {
    const hid_t object = H5Oopen(file, name.c_str(), H5P_DEFAULT);
    contents[name] = H5Iget_type(object) == H5I_DATASET ? "dataset" : "group";
    if (H5Iget_type(object) == H5I_DATASET) {
      const hid_t type = H5Dget_type(object), space = H5Dget_space(object),
                  create = H5Dget_create_plist(object);
      std::string& text = contents[name] = describe(type, space);
      const std::size_t bytes = std::size_t(H5Sget_simple_extent_npoints(space)) * H5Tget_size(type);
      EXPECT_GE(H5Dread(object, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, &text[text.size() - bytes]), 0) << name;
      if (H5Pget_layout(create) == H5D_CHUNKED) {
        hsize_t chunk[3] = {};
        H5Pget_chunk(create, 3, chunk);
        for (const hsize_t side : chunk) text += " " + std::to_string(side);
        text += " filters " + std::to_string(H5Pget_nfilters(create));
      }
      H5Pclose(create);
      H5Sclose(space);
      H5Tclose(type);
    }
    for (int a = 0; a < int(H5Aget_num_attrs(object)); ++a) {
      const hid_t attribute =
          H5Aopen_by_idx(object, ".", H5_INDEX_NAME, H5_ITER_INC, hsize_t(a), H5P_DEFAULT, H5P_DEFAULT);
      char key[256];
      H5Aget_name(attribute, sizeof key, key);
      const hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
      std::string& text = contents[name + "@" + key] = describe(type, space);
      const std::size_t bytes = std::size_t(H5Sget_simple_extent_npoints(space)) * H5Tget_size(type);
      EXPECT_GE(H5Aread(attribute, type, &text[text.size() - bytes]), 0) << name << ' ' << key;
      H5Sclose(space);
      H5Tclose(type);
      H5Aclose(attribute);
    }
    H5Oclose(object);
  }
  H5Fclose(file);
  return contents;
}

void expect_equal(const fs::path& folder, const fs::path& reference, const std::string& where) {
  ASSERT_EQ(files_below(folder), files_below(reference)) << where;
  for (const std::string& name : files_below(reference)) {
    if (!name.ends_with(".hdf")) {
      EXPECT_EQ(read_text(folder / name), read_text(reference / name)) << where << ": " << name;
      continue;
    }
    const auto found = h5_contents(folder / name), expected = h5_contents(reference / name);
    EXPECT_EQ(found.size(), expected.size()) << where << ": " << name;
    for (const auto& [key, bytes] : expected)
      EXPECT_TRUE(found.count(key) && found.at(key) == bytes) << where << ": " << name << ": " << key;
  }
}

/// What one rank writes; on rank 0.
struct Reference {
  explicit Reference(Communicator& ranks) {
    if (!ranks.root()) return;
    folder.emplace();
    Outputs outputs(*folder, whole, one_rank);
    outputs.write(0, 4);
    outputs.finish();
    EXPECT_GT(files_below(*folder).size(), 27u);
  }
  std::optional<TemporaryFolder> folder;
};

TEST(Outputs, AreThoseOfOneRank) {
  const auto ranks = test::ranks();
  const Reference reference(*ranks);
  for (int axis = 0; axis < 3; ++axis) {
    const SharedFolder folder(*ranks);
    Outputs outputs(folder.path(), slab(whole, axis, ranks->rank(), ranks->size()), *ranks);
    outputs.write(0, 4);
    outputs.finish();
    if (ranks->root())
      expect_equal(folder.path(), reference.folder->path(), std::string("shared along ") + "xyz"[axis]);
  }
}

// The table has ten digits; here are all of them.
TEST(Outputs, NumbersOfTheTableHaveTheBitsOfOneRank) {
  const auto ranks = test::ranks();
  const ModelInfo& model = model_info("dermal");
  const Column column = layers(whole.cells[2]);
  const auto row_of = [&](const Grid& grid, Communicator& group) {
    AnalyticSnapshot snapshot(model, grid, column, value, group);
    snapshot.at(1, 1);
    return Metrics(model, grid, column, {0, 1, 4, 11, 12, 13}, {0.0}, {{0, 5, 50, 97.5}, 0}).row(snapshot);
  };
  const std::vector<double> expected = row_of(whole, one_rank);
  for (int axis = 0; axis < 3; ++axis) {
    const std::vector<double> row = row_of(slab(whole, axis, ranks->rank(), ranks->size()), *ranks);
    ASSERT_EQ(row.size(), expected.size());
    for (std::size_t c = 0; c < row.size(); ++c)
      EXPECT_EQ(std::memcmp(&row[c], &expected[c], sizeof row[c]), 0)
          << "column " << c << ": " << row[c] << ", not " << expected[c];
  }
}

/// A rank that cannot give its values, the last or the first, while all have the file open.
TEST(Outputs, AFailingCopyOfOneRankIsAnErrorOfAll) {
  const auto ranks = test::ranks();
  for (const int victim : {ranks->size() - 1, 0})
    for (const std::size_t output : {0, 2}) {  // fields, a slice through all ranks
      const SharedFolder folder(*ranks);
      const Grid part = slab(whole, 1, ranks->rank(), ranks->size());
      AnalyticSnapshot snapshot(
          model_info("dermal"), part, layers(whole.cells[2]),
          [&](const int species, auto...) {
            if (species == 3 && ranks->rank() == victim) throw IoError("no values");
            return 1.0;
          },
          *ranks);
      const auto sinks = make_sinks(study(), model_info("dermal"), part, folder.path(), *ranks);
      EXPECT_THROW(sinks[output]->write(snapshot), IoError);
      ranks->barrier();
      EXPECT_TRUE(files_below(folder.path()).empty()) << files_below(folder.path()).front();
    }
}

TEST(Outputs, ContinueAfterAnInterruption) {
  const auto ranks = test::ranks();
  const Reference reference(*ranks);
  const SharedFolder folder(*ranks);
  Record record;
  {
    Outputs outputs(folder.path(), slab(whole, 2, ranks->rank(), ranks->size()), *ranks);
    outputs.write(0, 2);
    for (const auto& sink : outputs.sinks) sink->save(record);
    outputs.write(3, 3);  // has to go
  }
  // The parts are others now, and the mask of the track core with them.
  const Grid part = slab(whole, 0, ranks->rank(), ranks->size());
  AnalyticSnapshot start(model_info("dermal"), part, Column{}, value);
  start.at(0, 0);
  std::vector<double>& core = record.fields.at("output/metrics/metrics/core");
  core.resize(std::size_t(part.owned_count()));
  start.copy(model_info("dermal").find_species("damage"), core.data());

  Outputs outputs(folder.path(), part, *ranks);
  outputs.snapshot.at(20, 2);
  for (const auto& sink : outputs.sinks) sink->restore(record, outputs.snapshot);
  outputs.write(3, 4);
  outputs.finish();
  if (ranks->root()) expect_equal(folder.path(), reference.folder->path(), "resumed");
}

// A plane of 700 x 500 doubles needs three chunks: with parts along x every rank has a share of each of them.
TEST(Outputs, ChunksMayBelongToSeveralRanks) {
  const auto ranks = test::ranks();
  const Grid wide = brick({700, 500, 3}, {1, 1, 1});
  const ImageGeometry geometry{wide.cells, {0.5, 0.5, 0.5}, wide.spacing};
  for (int axis = 0; axis < 2; ++axis) {
    const SharedFolder folder(*ranks);
    const Grid part = slab(wide, axis, ranks->rank(), ranks->size());
    const AnalyticSnapshot snapshot(model_info("linear"), part, Column{}, value);
    std::vector<double> field(std::size_t(part.owned_count()));
    ImageFile file(folder.path() / "wide.hdf", geometry, {}, {{"a", "1", "a"}, {"b", "1", "b"}},
                   Precision::float64, *ranks);
    for (const int species : {0, 1}) {
      snapshot.copy(species, field.data());
      file.write(std::size_t(species), {part.first, part.cells}, field.data());
    }
    file.commit();
    if (!ranks->root()) continue;
    const auto contents = h5_contents(folder.path() / "wide.hdf");
    long wrong = 0;
    for (const int species : {0, 1}) {
      const std::string& text = contents.at(std::string("VTKHDF/PointData/") + "ab"[species]);
      const std::size_t count = 700 * 500 * 3;
      std::vector<double> values(count);
      const std::size_t head = 1 + std::strlen("8:3 500 700 ");  // class, size and extents
      std::memcpy(values.data(), text.data() + head, count * sizeof(double));
      for (std::size_t c = 0; c < count; ++c)
        wrong += values[c] != value(species, wide.centre(0, int(c % 700)), wide.centre(1, int(c / 700 % 500)),
                                    wide.centre(2, int(c / 350000)), 0);
    }
    EXPECT_EQ(wrong, 0) << "shared along "
                        << "xyz"[axis];
  }
}

/// No file may grow beyond `bytes` while this lives: to a program that is what a full disk looks like.
class SmallFiles {
 public:
  explicit SmallFiles(const rlim_t bytes) : before_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &limit_);
    const rlimit small{bytes, limit_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  ~SmallFiles() {
    ::setrlimit(RLIMIT_FSIZE, &limit_);
    std::signal(SIGXFSZ, before_);
  }
  SmallFiles(const SmallFiles&) = delete;
  SmallFiles& operator=(const SmallFiles&) = delete;

 private:
  void (*before_)(int);
  rlimit limit_{};
};

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const IoError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Outputs, DoNotAppearWhenTheDiskIsFull) {
  const auto ranks = test::ranks();
  for (const double share : {0.02, 0.3, 0.9}) {
    const SharedFolder folder(*ranks);
    Outputs outputs(folder.path(), slab(whole, 1, ranks->rank(), ranks->size()), *ranks);
    outputs.write(0, 0);
    const double size = double(fs::file_size(folder.path() / "fields/fields_000000.hdf"));
    const auto before = files_below(folder.path());
    ranks->barrier();
    std::string message;
    {
      const SmallFiles limit{rlim_t(share * size)};
      outputs.snapshot.at(1, 1);
      message = error_of([&] { outputs.sinks[0]->write(outputs.snapshot); });
    }
    EXPECT_NE(message.find("fields_000001.hdf"), std::string::npos) << share << ": " << message;
    EXPECT_NE(message.find("File too large"), std::string::npos) << share << ": " << message;
    ranks->barrier();
    EXPECT_EQ(files_below(folder.path()), before) << share;
  }
}

TEST(Outputs, TheErrorOfATableReachesAllRanks) {
  const auto ranks = test::ranks();
  const SharedFolder folder(*ranks);
  Outputs outputs(folder.path(), slab(whole, 1, ranks->rank(), ranks->size()), *ranks);
  outputs.write(0, 1);
  const std::string before = read_text(folder.path() / "metrics.csv");
  ranks->barrier();
  std::string message;
  {
    const SmallFiles limit{before.size() + 5};
    outputs.snapshot.at(2, 2);
    message = error_of([&] { outputs.sinks.back()->write(outputs.snapshot); });
  }
  EXPECT_NE(message.find("metrics.csv"), std::string::npos) << message;
  EXPECT_EQ(read_text(folder.path() / "metrics.csv"), before);
}

TEST(Measured, ExtremesAreThoseOfAllRanksAndTakeTheZeroWithoutASign) {
  const auto ranks = test::ranks();
  const Grid part = slab(brick({1, 1, 9}, {1, 1, 1}), 2, ranks->rank(), ranks->size());
  const auto of = [&](const Formula& formula) {
    return AnalyticSnapshot(model_info("fisher-kpp"), part, Column{}, formula, *ranks).measure({}, {}).extremes.at(0);
  };
  const Extremes zeros = of([](int, double, double, double z, double) { return z < 4 ? 0.0 : -0.0; });
  EXPECT_FALSE(std::signbit(zeros.minimum) || std::signbit(zeros.maximum));
  const Extremes all = of([](int, double, double, double z, double) { return z < 1 ? -3.5 : z; });
  EXPECT_EQ(all.minimum, -3.5);
  EXPECT_EQ(all.maximum, 8.5);
}

}  // namespace
}  // namespace kollagen::test
