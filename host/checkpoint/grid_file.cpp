#include "host/checkpoint/grid_file.hpp"

#include <algorithm>
#include <set>

#include "host/output/hdf5_handle.hpp"

namespace kollagen {
namespace {

constexpr const char* own_group = "kollagen";
constexpr const char* fields_of_frames = "VTKHDF/PointData/";
constexpr const char* fields_of_checkpoints = "fields/";

using Object = hdf5::Handle<H5Oclose>;

/// Adds the paths of all datasets below `group` to `names`. In calls that no version of HDF5 has changed.
void list_datasets(const hid_t parent, const std::string& group, const std::filesystem::path& file,
                   std::vector<std::string>& names) {
  H5G_info_t info{};
  hdf5::check(H5Gget_info(parent, &info), "list", file);
  for (hsize_t n = 0; n < info.nlinks; ++n) {
    std::string name(4096, '\0');
    name.resize(std::size_t(hdf5::check(
        H5Lget_name_by_idx(parent, ".", H5_INDEX_NAME, H5_ITER_INC, n, name.data(), name.size(), H5P_DEFAULT),
        "list", file)));
    const Object object(H5Oopen(parent, name.c_str(), H5P_DEFAULT), "open " + name + " in", file);
    const H5I_type_t type = H5Iget_type(object);
    if (type == H5I_GROUP) list_datasets(object, group + name + "/", file, names);
    if (type == H5I_DATASET) names.push_back(group + name);
  }
}

}  // namespace

std::string GridDataset::field() const {
  for (const std::string group : {fields_of_frames, fields_of_checkpoints})
    if (name.starts_with(group)) return name.substr(group.size());
  return name;
}

long planes_at_once(const GridDataset& dataset) {
  constexpr long bytes = 64L << 20;
  return std::clamp<long>(bytes / long(sizeof(double)) / std::max(1L, dataset.plane()), 1,
                          std::max(1L, dataset.extent[0]));
}

struct GridFile::State {
  hdf5::QuietErrors quiet;
  std::filesystem::path path;
  hdf5::File file;
};

GridFile::GridFile(const std::filesystem::path& path) : state_(new State{{}, path, {}}) {
  state_->file = hdf5::File(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), "open", path);
}

GridFile::~GridFile() = default;

std::vector<GridDataset> GridFile::datasets() const {
  const State& s = *state_;
  std::vector<std::string> names;
  {
    const hdf5::Group root(H5Gopen2(s.file, "/", H5P_DEFAULT), "open", s.path);
    list_datasets(root, "", s.path, names);
  }
  std::vector<GridDataset> result;
  for (const std::string& name : names) {
    const hdf5::Dataset dataset(H5Dopen2(s.file, name.c_str(), H5P_DEFAULT), "open " + name + " in", s.path);
    const hdf5::Dataspace space(H5Dget_space(dataset), "look at " + name + " in", s.path);
    const hdf5::Datatype type(H5Dget_type(dataset), "look at " + name + " in", s.path);
    if (H5Sget_simple_extent_ndims(space) != 3 || H5Tget_class(type) != H5T_FLOAT) continue;
    if (H5Tequal(type, H5T_IEEE_F32LE) <= 0 && H5Tequal(type, H5T_IEEE_F64LE) <= 0)
      throw IoError(name + " holds numbers of an unknown kind");
    std::array<hsize_t, 3> extent{};
    hdf5::check(H5Sget_simple_extent_dims(space, extent.data(), nullptr), "look at " + name + " in", s.path);
    result.push_back({name, {long(extent[0]), long(extent[1]), long(extent[2])}, int(H5Tget_size(type))});
  }
  return result;
}

std::vector<double> GridFile::read(const GridDataset& d, const long first, const long last) const {
  const State& s = *state_;
  const std::string action = "read " + d.field() + " of";
  const hdf5::Dataset dataset(H5Dopen2(s.file, d.name.c_str(), H5P_DEFAULT), action, s.path);
  const hdf5::Dataspace there(H5Dget_space(dataset), action, s.path);
  const std::array<hsize_t, 3> start{hsize_t(first), 0, 0};
  const std::array<hsize_t, 3> count{hsize_t(last - first), hsize_t(d.extent[1]), hsize_t(d.extent[2])};
  const hdf5::Dataspace here(H5Screate_simple(3, count.data(), nullptr), action, s.path);
  hdf5::check(H5Sselect_hyperslab(there, H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr),
              action, s.path);
  std::vector<double> values(std::size_t((last - first) * d.plane()));
  hdf5::check(H5Dread(dataset, H5T_NATIVE_DOUBLE, here, there, H5P_DEFAULT, values.data()), action, s.path);
  return values;
}

void GridFile::check_pieces(const GridDataset& d) const {
  const State& s = *state_;
  const std::string action = "look at the pieces of " + d.field() + " in";
  const hdf5::Dataset dataset(H5Dopen2(s.file, d.name.c_str(), H5P_DEFAULT), action, s.path);
  const hdf5::Properties layout(H5Dget_create_plist(dataset), action, s.path);
  if (H5Pget_layout(layout) != H5D_CHUNKED) return;
  std::array<hsize_t, 3> piece{};
  hdf5::check(H5Pget_chunk(layout, 3, piece.data()), action, s.path);
  hsize_t expected = 1, count = 0;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    if (piece[axis] == 0) throw IoError("the pieces of " + d.field() + " have no size");
    expected *= (hsize_t(d.extent[axis]) + piece[axis] - 1) / piece[axis];
  }
  const hdf5::Dataspace space(H5Dget_space(dataset), action, s.path);
  hdf5::check(H5Dget_num_chunks(dataset, space, &count), action, s.path);
  if (count != expected)
    throw IoError(d.field() + " has " + std::to_string(count) + " pieces instead of " +
                  std::to_string(expected));
  std::set<std::array<hsize_t, 3>> places;
  for (hsize_t n = 0; n < count; ++n) {
    std::array<hsize_t, 3> place{};
    unsigned filters_left_out = 0;
    hdf5::check(H5Dget_chunk_info(dataset, space, n, place.data(), &filters_left_out, nullptr, nullptr),
                action, s.path);
    bool right = filters_left_out == 0 && places.insert(place).second;
    for (std::size_t axis = 0; axis < 3; ++axis)
      right = right && place[axis] < hsize_t(d.extent[axis]) && place[axis] % piece[axis] == 0;
    if (!right)
      throw IoError("piece " + std::to_string(n) + " of " + d.field() +
                    " is in a wrong place, or without its sum");
  }
}

std::optional<double> GridFile::number(const std::string& name) const {
  const State& s = *state_;
  if (H5Lexists(s.file, own_group, H5P_DEFAULT) <= 0) return std::nullopt;
  if (H5Aexists_by_name(s.file, own_group, name.c_str(), H5P_DEFAULT) <= 0) return std::nullopt;
  const std::string action = "read " + name + " of";
  const hdf5::Attribute attribute(H5Aopen_by_name(s.file, own_group, name.c_str(), H5P_DEFAULT, H5P_DEFAULT),
                                  action, s.path);
  double value = 0;
  hdf5::check(H5Aread(attribute, H5T_NATIVE_DOUBLE, &value), action, s.path);
  return value;
}

std::string GridFile::text(const std::string& name) const {
  const State& s = *state_;
  const std::string action = "read " + name + " of";
  const hdf5::Dataset dataset(H5Dopen2(s.file, (std::string(own_group) + "/" + name).c_str(), H5P_DEFAULT),
                              action, s.path);
  const hdf5::Datatype type(H5Dget_type(dataset), action, s.path);
  std::string text(H5Tget_size(type), '\0');
  hdf5::check(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text.data()), action, s.path);
  return text;
}

}  // namespace kollagen
