/// Frames and slices: geometry, values, units and provenance as another HDF5 program reads them.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "host/output/factory.hpp"
#include "host/output/hdf5_handle.hpp"
#include "host/output/image_file.hpp"
#include "kollagen/check.hpp"
#include "support/analytic_snapshot.hpp"
#include "support/temporary_folder.hpp"

namespace kollagen {
namespace {

using test::AnalyticSnapshot;
using test::TemporaryFolder;
namespace fs = std::filesystem;

/// Different along every axis, so that a swapped axis or a shifted cell shows.
double value(const int species, const double x, const double y, const double z, const double time) {
  return (1 + species) * (2 + 0.01 * x - 0.002 * y + 0.0003 * z + 1e-6 * x * z) + 0.5 * time;
}

const Grid grid = test::brick({5, 4, 3}, {10, 12.5, 20});

template <class T>
std::vector<T> read_attribute(const hid_t object, const char* name, const hid_t type) {
  const hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
  const hid_t space = H5Aget_space(attribute);
  std::vector<T> values(std::size_t(H5Sget_simple_extent_npoints(space)));
  EXPECT_GE(H5Aread(attribute, type, values.data()), 0) << name;
  H5Sclose(space);
  H5Aclose(attribute);
  return values;
}

std::string read_text_attribute(const hid_t object, const char* name) {
  const hid_t attribute = H5Aopen(object, name, H5P_DEFAULT), type = H5Aget_type(attribute);
  EXPECT_EQ(H5Tis_variable_str(type), 0) << "VTK's reader needs a string of fixed length";
  std::string text(H5Tget_size(type), '\0');
  EXPECT_GE(H5Aread(attribute, type, text.data()), 0) << name;
  H5Tclose(type);
  H5Aclose(attribute);
  return text;
}

struct Array {
  std::vector<hsize_t> extent;  // z, y, x
  std::vector<double> values;
  std::string units;
  std::size_t bytes_per_value = 0;
  double at(const std::size_t k, const std::size_t j, const std::size_t i) const {
    return values[(k * extent[1] + j) * extent[2] + i];
  }
};

Array read_array(const fs::path& file, const std::string& name) {
  const hid_t id = H5Fopen(file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  const hid_t dataset = H5Dopen2(id, ("/VTKHDF/PointData/" + name).c_str(), H5P_DEFAULT);
  const hid_t space = H5Dget_space(dataset), type = H5Dget_type(dataset);
  Array array;
  array.extent.resize(3);
  H5Sget_simple_extent_dims(space, array.extent.data(), nullptr);
  array.values.resize(array.extent[0] * array.extent[1] * array.extent[2]);
  EXPECT_GE(H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, array.values.data()), 0);
  array.units = read_text_attribute(dataset, "units");
  array.bytes_per_value = H5Tget_size(type);
  H5Tclose(type);
  H5Sclose(space);
  H5Dclose(dataset);
  H5Fclose(id);
  return array;
}

/// A study with one output of the model `linear`, whose species are u, v, w.
Config study(const OutputConfig& output) {
  Config config;
  config.title = "a test";
  config.model = "linear";
  config.time.end = 48;
  config.resolved_toml = "title = \"a test\"\n";
  config.outputs = {output};
  return config;
}

Sink& first_sink(const std::vector<std::unique_ptr<Sink>>& sinks) { return *sinks.front(); }

struct Frames : ::testing::Test {
  TemporaryFolder folder;
  AnalyticSnapshot snapshot{model_info("linear"), grid, Column{}, value};
};

TEST_F(Frames, HoldTheFieldAtCellCentresWithUnits) {
  OutputConfig output;
  output.fields = {"w", "u"};
  output.precision = Precision::float64;
  const auto sinks = make_sinks(study(output), model_info("linear"), grid, folder, test::one_rank);
  snapshot.at(7, 1.5);
  first_sink(sinks).write(snapshot);

  const fs::path file = folder.path() / "fields/fields_000000.hdf";
  const hid_t id = H5Fopen(file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  ASSERT_GE(id, 0);
  const hid_t root = H5Gopen2(id, "VTKHDF", H5P_DEFAULT);
  EXPECT_EQ(read_text_attribute(root, "Type"), "ImageData");
  EXPECT_EQ(read_attribute<long long>(root, "Version", H5T_NATIVE_LLONG), (std::vector<long long>{1, 0}));
  EXPECT_EQ(read_attribute<long long>(root, "WholeExtent", H5T_NATIVE_LLONG),
            (std::vector<long long>{0, 4, 0, 3, 0, 2}));
  EXPECT_EQ(read_attribute<double>(root, "Origin", H5T_NATIVE_DOUBLE), (std::vector<double>{5, 6.25, 10}));
  EXPECT_EQ(read_attribute<double>(root, "Spacing", H5T_NATIVE_DOUBLE), (std::vector<double>{10, 12.5, 20}));
  H5Gclose(root);
  const hid_t own = H5Gopen2(id, "kollagen", H5P_DEFAULT);
  EXPECT_EQ(read_attribute<double>(own, "time", H5T_NATIVE_DOUBLE), (std::vector<double>{1.5}));
  EXPECT_EQ(read_attribute<long long>(own, "step", H5T_NATIVE_LLONG), (std::vector<long long>{7}));
  EXPECT_EQ(read_text_attribute(own, "title"), "a test");
  EXPECT_FALSE(read_text_attribute(own, "git_hash").empty());
  H5Gclose(own);
  EXPECT_EQ(H5Lexists(id, "/VTKHDF/PointData/v", H5P_DEFAULT), 0) << "v was not asked for";
  H5Fclose(id);

  for (const auto& [name, species] : {std::pair{"u", 0}, std::pair{"w", 2}}) {
    const Array array = read_array(file, name);
    EXPECT_EQ(array.extent, (std::vector<hsize_t>{3, 4, 5}));
    EXPECT_EQ(array.units, "1");
    for (int k = 0; k < 3; ++k)
      for (int j = 0; j < 4; ++j)
        for (int i = 0; i < 5; ++i)
          EXPECT_EQ(array.at(k, j, i), value(species, 5 + 10. * i, 6.25 + 12.5 * j, 10 + 20. * k, 1.5));
  }
}

TEST_F(Frames, AreSinglePrecisionUnlessAskedOtherwise) {
  const auto sinks = make_sinks(study({}), model_info("linear"), grid, folder, test::one_rank);
  first_sink(sinks).write(snapshot);
  const Array array = read_array(folder.path() / "fields/fields_000000.hdf", "v");
  EXPECT_EQ(array.bytes_per_value, 4u);
  EXPECT_EQ(array.at(2, 1, 3), double(float(value(1, 35, 18.75, 50, 0))));
}

TEST_F(Frames, FormASeriesWithTimesAndIgnoreARepeatedInstant) {
  const auto sinks = make_sinks(study({}), model_info("linear"), grid, folder, test::one_rank);
  snapshot.at(0, 0);
  first_sink(sinks).write(snapshot);
  snapshot.at(9, 24);
  first_sink(sinks).write(snapshot);
  first_sink(sinks).write(snapshot);
  snapshot.at(31, 48);
  first_sink(sinks).write(snapshot);
  EXPECT_EQ(test::files_below(folder),
            (std::vector<std::string>{"fields/fields.hdf.series", "fields/fields_000000.hdf",
                                      "fields/fields_000001.hdf", "fields/fields_000002.hdf"}));
  const auto series = nlohmann::json::parse(test::read_text(folder.path() / "fields/fields.hdf.series"));
  EXPECT_EQ(series["file-series-version"], "1.0");
  ASSERT_EQ(series["files"].size(), 3u);
  EXPECT_EQ(series["files"][1]["name"], "fields_000001.hdf");
  EXPECT_EQ(series["files"][1]["time"], 24);
  EXPECT_EQ(series["files"][2]["time"], 48);
}

// A plane across each axis: the cells that hold the position, written twice on their two faces.
TEST_F(Frames, SlicesHoldThePlaneOfCellsThatContainsThePosition) {
  const std::array<double, 3> position{33, 25, 60}, origin{30, 25, 40};
  const std::array<int, 3> index{3, 2, 2};  // 25 um is a face: the cell above it; 60 um is the last wall
  for (int axis = 0; axis < 3; ++axis) {
    OutputConfig output;
    output.kind = OutputKind::slice;
    output.name = std::string("across_") + "xyz"[axis];
    output.axis = axis;
    output.position = position[axis];
    output.precision = Precision::float64;
    const auto sinks = make_sinks(study(output), model_info("linear"), grid, folder, test::one_rank);
    first_sink(sinks).write(snapshot);
    const fs::path file = folder.path() / "slices" / (output.name + "_000000.hdf");
    const Array array = read_array(file, "v");
    std::array<int, 3> points{5, 4, 3};
    points[axis] = 2;
    EXPECT_EQ(array.extent,
              (std::vector<hsize_t>{hsize_t(points[2]), hsize_t(points[1]), hsize_t(points[0])}));
    for (int k = 0; k < points[2]; ++k)
      for (int j = 0; j < points[1]; ++j)
        for (int i = 0; i < points[0]; ++i) {
          std::array<int, 3> cell{i, j, k};
          cell[axis] = index[axis];
          EXPECT_EQ(array.at(k, j, i),
                    value(1, grid.centre(0, cell[0]), grid.centre(1, cell[1]), grid.centre(2, cell[2]), 0));
        }
    const hid_t id = H5Fopen(file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
    const hid_t root = H5Gopen2(id, "VTKHDF", H5P_DEFAULT);
    EXPECT_EQ(read_attribute<double>(root, "Origin", H5T_NATIVE_DOUBLE)[axis], origin[axis]);
    H5Gclose(root);
    H5Fclose(id);
  }
}

TEST_F(Frames, LargePlanesAreSplitIntoChunksThatReadBackEqual) {
  const Grid wide = test::brick({700, 500, 2}, {1, 1, 1});  // a plane of doubles is 2.8 MB, a chunk 1 MB
  AnalyticSnapshot large{model_info("linear"), wide, Column{}, value};
  OutputConfig output;
  output.fields = {"u"};
  output.precision = Precision::float64;
  const auto sinks = make_sinks(study(output), model_info("linear"), wide, folder, test::one_rank);
  first_sink(sinks).write(large);
  const fs::path file = folder.path() / "fields/fields_000000.hdf";
  const Array array = read_array(file, "u");
  long wrong = 0;
  for (int k = 0; k < 2; ++k)
    for (int j = 0; j < 500; ++j)
      for (int i = 0; i < 700; ++i)
        wrong += array.at(k, j, i) != value(0, wide.centre(0, i), wide.centre(1, j), wide.centre(2, k), 0);
  EXPECT_EQ(wrong, 0);
  EXPECT_LT(fs::file_size(file), 700 * 500 * 2 * 8u) << "compressed";
}

TEST_F(Frames, WrongRequestsAreRefusedBeforeAnythingIsWritten) {
  const ModelInfo& model = model_info("linear");
  OutputConfig output;
  output.fields = {"pdgf"};
  EXPECT_THROW(make_sinks(study(output), model, grid, folder, test::one_rank), InputError);
  output = {};
  output.kind = OutputKind::slice;
  output.axis = 2;
  output.position = 61;
  EXPECT_THROW(make_sinks(study(output), model, grid, folder, test::one_rank), InputError);
  Config twice = study({});
  twice.outputs.push_back({});
  EXPECT_THROW(make_sinks(twice, model, grid, folder, test::one_rank), InputError);
  EXPECT_TRUE(test::files_below(folder).empty());
}

}  // namespace
}  // namespace kollagen
