#include "host/output/image_file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <vector>

#include "host/output/atomic_file.hpp"
#include "host/output/file_descriptor.hpp"
#include "host/output/hdf5_handle.hpp"
#include "kollagen_version.hpp"

namespace kollagen {
namespace {

using std::filesystem::path;

/// Level 4 of deflate: within 3 % of the size of level 9 on smooth fields, at a fraction of the time.
constexpr unsigned compression_level = 4;
/// Chunks are slabs of whole planes up to this size, so that a section along x or y reads little in vain.
constexpr std::size_t chunk_bytes = std::size_t(1) << 20;
/// The file in memory grows in pieces of this size.
constexpr std::size_t memory_growth = std::size_t(4) << 20;

hdf5::Dataspace scalar_space(const path& file) {
  return {H5Screate(H5S_SCALAR), "create a dataspace in", file};
}

void write_attribute(const hid_t object, const char* name, const hid_t file_type, const hid_t memory_type,
                     const hid_t space, const void* value, const path& file) {
  const std::string action = std::string("write the attribute ") + name + " to";
  const hdf5::Attribute attribute(H5Acreate2(object, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT),
                                  action, file);
  hdf5::check(H5Awrite(attribute, memory_type, value), action, file);
}

/// A string of fixed length: what VTK's reader insists on for `Type`.
void write_text(const hid_t object, const char* name, const std::string& text, const H5T_cset_t character_set,
                const path& file) {
  const hdf5::Datatype type(H5Tcopy(H5T_C_S1), "create a type in", file);
  hdf5::check(H5Tset_size(type, std::max<std::size_t>(1, text.size())), "size a type in", file);
  hdf5::check(H5Tset_strpad(type, H5T_STR_NULLPAD), "set a type in", file);
  hdf5::check(H5Tset_cset(type, character_set), "set a type in", file);
  write_attribute(object, name, type, type, scalar_space(file), text.c_str(), file);
}

template <std::size_t Count>
void write_numbers(const hid_t object, const char* name, const std::array<double, Count>& values,
                   const path& file) {
  const hsize_t count = Count;
  const hdf5::Dataspace space(H5Screate_simple(1, &count, nullptr), "create a dataspace in", file);
  write_attribute(object, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, space, values.data(), file);
}

template <std::size_t Count>
void write_integers(const hid_t object, const char* name, const std::array<long long, Count>& values,
                    const path& file) {
  const hsize_t count = Count;
  const hdf5::Dataspace space(H5Screate_simple(1, &count, nullptr), "create a dataspace in", file);
  write_attribute(object, name, H5T_STD_I64LE, H5T_NATIVE_LLONG, space, values.data(), file);
}

void write_number(const hid_t object, const char* name, const double value, const path& file) {
  write_attribute(object, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, scalar_space(file), &value, file);
}

void write_integer(const hid_t object, const char* name, const long long value, const path& file) {
  write_attribute(object, name, H5T_STD_I64LE, H5T_NATIVE_LLONG, scalar_space(file), &value, file);
}

/// Without the time of creation: the same run writes the same bytes.
hdf5::Properties dataset_properties(const std::string& action, const path& file) {
  hdf5::Properties properties(H5Pcreate(H5P_DATASET_CREATE), action, file);
  hdf5::check(H5Pset_obj_track_times(properties, false), action, file);
  return properties;
}

/// A string of any length as a dataset: attributes are limited to 64 KiB.
void write_long_text(const hid_t group, const char* name, const std::string& text, const path& file) {
  const std::string action = std::string("write ") + name + " to";
  const hdf5::Datatype type(H5Tcopy(H5T_C_S1), action, file);
  hdf5::check(H5Tset_size(type, std::max<std::size_t>(1, text.size())), action, file);
  hdf5::check(H5Tset_strpad(type, H5T_STR_NULLPAD), action, file);
  hdf5::check(H5Tset_cset(type, H5T_CSET_UTF8), action, file);
  const hdf5::Properties create = dataset_properties(action, file);
  hdf5::Dataset dataset(
      H5Dcreate2(group, name, type, scalar_space(file), H5P_DEFAULT, create, H5P_DEFAULT), action, file);
  hdf5::check(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text.c_str()), action, file);
  dataset.close(action, file);
}

hdf5::Group make_group(const hid_t parent, const char* name, const path& file) {
  return {H5Gcreate2(parent, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
          std::string("create the group ") + name + " in", file};
}

/// Repeats single planes, rows or cells so that every axis has at least two points.
std::vector<double> widen(const double* values, const std::array<int, 3>& cells,
                          const std::array<int, 3>& points) {
  std::vector<double> out;
  out.reserve(std::size_t(points[0]) * points[1] * points[2]);
  for (int k = 0; k < points[2]; ++k)
    for (int j = 0; j < points[1]; ++j)
      for (int i = 0; i < points[0]; ++i) {
        const int source_k = std::min(k, cells[2] - 1), source_j = std::min(j, cells[1] - 1);
        const int source_i = std::min(i, cells[0] - 1);
        out.push_back(values[(std::size_t(source_k) * cells[1] + source_j) * cells[0] + source_i]);
      }
  return out;
}

}  // namespace

struct ImageFile::State {
  hdf5::QuietErrors quiet;
  AtomicFile atomic;
  ImageGeometry geometry;
  std::array<int, 3> points{};
  hdf5::File file;
  hdf5::Group point_data;
};

ImageFile::ImageFile(path target, const ImageGeometry& geometry, const ImageProvenance& provenance)
    : state_(new State{{}, AtomicFile(std::move(target)), geometry, {}, {}, {}}) {
  State& s = *state_;
  const path& name = s.atomic.target();
  const hdf5::Properties access(H5Pcreate(H5P_FILE_ACCESS), "prepare", name);
  // The file is built in memory: HDF5 1.10 crashes in its clean-up when a disk is full (seen in H5Dclose).
  hdf5::check(H5Pset_fapl_core(access, memory_growth, /*backing_store=*/0), "prepare", name);
  s.file =
      hdf5::File(H5Fcreate(s.atomic.temporary().c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access), "create", name);

  std::array<double, 3> origin{};
  std::array<long long, 3> cells{};
  for (int axis = 0; axis < 3; ++axis) {
    const bool flat = geometry.cells[axis] == 1;
    s.points[axis] = flat ? 2 : geometry.cells[axis];
    origin[axis] = geometry.first_centre[axis] - (flat ? 0.5 * geometry.spacing[axis] : 0);
    cells[axis] = geometry.cells[axis];
  }
  const hdf5::Group root = make_group(s.file, "VTKHDF", name);
  write_integers<2>(root, "Version", {1, 0}, name);
  write_text(root, "Type", "ImageData", H5T_CSET_ASCII, name);
  write_integers<6>(root, "WholeExtent", {0, s.points[0] - 1, 0, s.points[1] - 1, 0, s.points[2] - 1}, name);
  write_numbers(root, "Origin", origin, name);
  write_numbers(root, "Spacing", geometry.spacing, name);
  write_numbers<9>(root, "Direction", {1, 0, 0, 0, 1, 0, 0, 0, 1}, name);
  s.point_data = make_group(root, "PointData", name);

  // A group that readers of VTKHDF pass over.
  const hdf5::Group own = make_group(s.file, "kollagen", name);
  write_number(own, "time", provenance.time, name);
  write_text(own, "time_unit", "h", H5T_CSET_UTF8, name);
  write_text(own, "length_unit", "um", H5T_CSET_UTF8, name);
  write_integer(own, "step", provenance.step, name);
  write_integer(own, "index", provenance.index, name);
  write_integers(own, "cells", cells, name);
  write_text(own, "title", provenance.title, H5T_CSET_UTF8, name);
  write_text(own, "model", provenance.model, H5T_CSET_UTF8, name);
  write_text(own, "version", version::number, H5T_CSET_UTF8, name);
  write_text(own, "git_hash", version::git_hash, H5T_CSET_UTF8, name);
  write_long_text(own, "config_toml", provenance.config_toml, name);
}

ImageFile::~ImageFile() = default;

void ImageFile::add(const std::string& name, const std::string& unit, const std::string& doc,
                    const Precision precision, const double* values) {
  State& s = *state_;
  const path& file = s.atomic.target();
  const hid_t type = precision == Precision::float32 ? H5T_IEEE_F32LE : H5T_IEEE_F64LE;
  const std::size_t bytes = precision == Precision::float32 ? 4 : 8;
  const std::array<hsize_t, 3> extent{hsize_t(s.points[2]), hsize_t(s.points[1]), hsize_t(s.points[0])};
  const std::string action = "write " + std::to_string(extent[0] * extent[1] * extent[2] * bytes) +
                             " bytes of the field " + name + " to";

  std::array<hsize_t, 3> chunk = extent;
  for (int axis = 0; axis < 2; ++axis) {  // first fewer planes, then fewer rows of a plane
    const hsize_t inner = bytes * chunk[2] * (axis == 0 ? chunk[1] : 1);
    chunk[axis] = std::clamp<hsize_t>(chunk_bytes / inner, 1, extent[axis]);
  }
  const hdf5::Dataspace space(H5Screate_simple(3, extent.data(), nullptr), action, file);
  const hdf5::Properties create = dataset_properties(action, file);
  hdf5::check(H5Pset_chunk(create, 3, chunk.data()), action, file);
  hdf5::check(H5Pset_shuffle(create), action, file);
  hdf5::check(H5Pset_deflate(create, compression_level), action, file);
  hdf5::check(H5Pset_fletcher32(create), action, file);
  hdf5::Dataset dataset(H5Dcreate2(s.point_data, name.c_str(), type, space, H5P_DEFAULT, create, H5P_DEFAULT),
                        action, file);
  write_text(dataset, "units", unit, H5T_CSET_UTF8, file);
  write_text(dataset, "long_name", doc, H5T_CSET_UTF8, file);

  std::vector<double> wide;
  if (s.points != s.geometry.cells) {
    wide = widen(values, s.geometry.cells, s.points);
    values = wide.data();
  }
  hdf5::check(H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), action, file);
  dataset.close(action, file);
}

void ImageFile::commit() {
  State& s = *state_;
  const path& name = s.atomic.target();
  s.point_data.close("close a group of", name);
  hdf5::check(H5Fflush(s.file, H5F_SCOPE_LOCAL), "complete", name);
  const ssize_t size = hdf5::check(H5Fget_file_image(s.file, nullptr, 0), "find the size of", name);
  void* handle = nullptr;  // of a file in memory: the address of the pointer to its bytes
  hdf5::check(H5Fget_vfd_handle(s.file, H5P_DEFAULT, &handle), "find the bytes of", name);
  FileDescriptor out(s.atomic.temporary(), O_WRONLY | O_CREAT | O_TRUNC);
  out.write({*static_cast<const char* const*>(handle), std::size_t(size)});
  out.close();
  s.atomic.commit();
}

std::string hdf5_version() {
  unsigned major = 0, minor = 0, release = 0;
  if (H5get_libversion(&major, &minor, &release) < 0) return "unknown";
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(release);
}

}  // namespace kollagen
