#include "host/output/image_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "host/output/atomic_file.hpp"
#include "host/output/file_descriptor.hpp"
#include "host/output/hdf5_handle.hpp"
#include "kollagen/collective.hpp"
#include "kollagen_version.hpp"
#ifdef KOLLAGEN_PARALLEL_HDF5
#include "host/mpi_communicator.hpp"
#endif

namespace kollagen {
namespace {

using std::filesystem::path;

/// Level 4 of deflate: within 3 % of the size of level 9 on smooth fields, at a fraction of the time.
constexpr unsigned compression_level = 4;
/// Chunks are slabs of whole planes up to this size, so that a section along x or y reads little in vain.
constexpr std::size_t chunk_bytes = std::size_t(1) << 20;
/// The file in memory grows in pieces of this size.
constexpr std::size_t memory_growth = std::size_t(4) << 20;
/// What HDF5 1.10 keeps per dataset and per chunk, generously: B-tree nodes of 32 chunks, allocated in
/// halves.
constexpr double tables_bytes = 1 << 14, chunk_table_bytes = 512;
/// Chunks are first filled with zeros, which compress to this part at most.
constexpr double filled_share = 0.02;

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
  hdf5::Dataset dataset(H5Dcreate2(group, name, type, scalar_space(file), H5P_DEFAULT, create, H5P_DEFAULT),
                        action, file);
  hdf5::check(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text.c_str()), action, file);
  dataset.close(action, file);
}

hdf5::Group make_group(const hid_t parent, const char* name, const path& file) {
  return {H5Gcreate2(parent, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
          std::string("create the group ") + name + " in", file};
}

/// Values of a part in the type of the file; single planes, rows or cells are repeated `copies` times along
/// an axis.
template <class Number>
void arrange(const double* values, const std::array<int, 3>& cells, const std::array<int, 3>& copies,
             std::vector<std::byte>& bytes) {
  bytes.resize(sizeof(Number) * std::size_t(cells[0] * copies[0]) * (cells[1] * copies[1]) *
               (cells[2] * copies[2]));
  Number* out = reinterpret_cast<Number*>(bytes.data());
  for (int k = 0; k < cells[2] * copies[2]; ++k)
    for (int j = 0; j < cells[1] * copies[1]; ++j) {
      const double* row = values + (std::size_t(k / copies[2]) * cells[1] + j / copies[1]) * cells[0];
      for (int i = 0; i < cells[0] * copies[0]; ++i) *out++ = Number(row[i / copies[0]]);
    }
}

}  // namespace

struct ImageFile::State {
  hdf5::QuietErrors quiet;
  Communicator& ranks;
  path target;
  ImageGeometry geometry;
  std::vector<ImageField> fields;
  Precision precision;
  std::array<int, 3> copies{}, points{};
  std::array<hsize_t, 3> extent{}, chunk{};  ///< (z, y, x)
  std::optional<AtomicFile> atomic;          ///< on rank 0
  path temporary;
  hdf5::File file;
  hdf5::Properties transfer;
  std::vector<std::byte> arranged;

  std::size_t value_bytes() const { return precision == Precision::float32 ? 4 : 8; }
  hid_t file_type() const { return precision == Precision::float32 ? H5T_IEEE_F32LE : H5T_IEEE_F64LE; }
  hid_t memory_type() const { return precision == Precision::float32 ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE; }

  void lay_out();
  void make_in_memory(const ImageProvenance& provenance);
  void make_dataset(hid_t group, const ImageField& field) const;
  std::string_view image() const;
  double most_bytes() const;
  void share();
  void give_up() noexcept;
};

void ImageFile::State::lay_out() {
  for (std::size_t axis = 0; axis < 3; ++axis) {
    copies[axis] = geometry.cells[axis] == 1 ? 2 : 1;
    points[axis] = geometry.cells[axis] * copies[axis];
    extent[2 - axis] = hsize_t(points[axis]);
  }
  chunk = extent;
  for (std::size_t axis = 0; axis < 2; ++axis) {  // first fewer planes, then fewer rows of a plane
    const hsize_t inner = value_bytes() * chunk[2] * (axis == 0 ? chunk[1] : 1);
    chunk[axis] = std::clamp<hsize_t>(chunk_bytes / inner, 1, extent[axis]);
  }
}

/// The file is built in memory: HDF5 1.10 crashes in its clean-up when a disk is full (seen in H5Dclose).
void ImageFile::State::make_in_memory(const ImageProvenance& provenance) {
  const hdf5::Properties access(H5Pcreate(H5P_FILE_ACCESS), "prepare", target);
  hdf5::check(H5Pset_fapl_core(access, memory_growth, /*backing_store=*/0), "prepare", target);
  file = hdf5::File(H5Fcreate(temporary.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access), "create", target);

  std::array<double, 3> origin{};
  std::array<long long, 3> cells{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    origin[axis] = geometry.first_centre[axis] - (copies[axis] == 2 ? 0.5 * geometry.spacing[axis] : 0);
    cells[axis] = geometry.cells[axis];
  }
  const hdf5::Group root = make_group(file, "VTKHDF", target);
  write_integers<2>(root, "Version", {1, 0}, target);
  write_text(root, "Type", "ImageData", H5T_CSET_ASCII, target);
  write_integers<6>(root, "WholeExtent", {0, points[0] - 1, 0, points[1] - 1, 0, points[2] - 1}, target);
  write_numbers(root, "Origin", origin, target);
  write_numbers(root, "Spacing", geometry.spacing, target);
  write_numbers<9>(root, "Direction", {1, 0, 0, 0, 1, 0, 0, 0, 1}, target);
  const hdf5::Group point_data = make_group(root, "PointData", target);
  for (const ImageField& field : fields) make_dataset(point_data, field);

  // A group that readers of VTKHDF pass over.
  const hdf5::Group own = make_group(file, "kollagen", target);
  write_number(own, "time", provenance.time, target);
  write_text(own, "time_unit", "h", H5T_CSET_UTF8, target);
  write_text(own, "length_unit", "um", H5T_CSET_UTF8, target);
  write_integer(own, "step", provenance.step, target);
  write_integer(own, "index", provenance.index, target);
  write_integers(own, "cells", cells, target);
  write_text(own, "title", provenance.title, H5T_CSET_UTF8, target);
  write_text(own, "model", provenance.model, H5T_CSET_UTF8, target);
  write_text(own, "version", version::number, H5T_CSET_UTF8, target);
  write_text(own, "git_hash", version::git_hash, H5T_CSET_UTF8, target);
  write_long_text(own, "config_toml", provenance.config_toml, target);
}

void ImageFile::State::make_dataset(const hid_t group, const ImageField& field) const {
  const std::string action = "create the field " + field.name + " in";
  const hdf5::Dataspace space(H5Screate_simple(3, extent.data(), nullptr), action, target);
  const hdf5::Properties create = dataset_properties(action, target);
  hdf5::check(H5Pset_chunk(create, 3, chunk.data()), action, target);
  hdf5::check(H5Pset_shuffle(create), action, target);
  hdf5::check(H5Pset_deflate(create, compression_level), action, target);
  hdf5::check(H5Pset_fletcher32(create), action, target);
  const hdf5::Dataset dataset(
      H5Dcreate2(group, field.name.c_str(), file_type(), space, H5P_DEFAULT, create, H5P_DEFAULT), action,
      target);
  write_text(dataset, "units", field.unit, H5T_CSET_UTF8, target);
  write_text(dataset, "long_name", field.doc, H5T_CSET_UTF8, target);
}

/// The bytes of the file in memory; valid until it is changed.
std::string_view ImageFile::State::image() const {
  hdf5::check(H5Fflush(file, H5F_SCOPE_LOCAL), "complete", target);
  const ssize_t size = hdf5::check(H5Fget_file_image(file, nullptr, 0), "find the size of", target);
  void* handle = nullptr;  // of a file in memory: the address of the pointer to its bytes
  hdf5::check(H5Fget_vfd_handle(file, H5P_DEFAULT, &handle), "find the bytes of", target);
  return {*static_cast<const char* const*>(handle), std::size_t(size)};
}

/// Bytes that the values may take: nothing compressed, and what HDF5 keeps for each chunk.
double ImageFile::State::most_bytes() const {
  double chunks = 1, in_chunk = double(value_bytes());
  for (std::size_t axis = 0; axis < 3; ++axis) {
    chunks *= double((extent[axis] + chunk[axis] - 1) / chunk[axis]);
    in_chunk *= double(chunk[axis]);
  }
  return double(fields.size()) *
         (tables_bytes + chunks * (in_chunk * (1 + filled_share) + chunk_table_bytes));
}

/// Puts the prepared file on the disk with room for all values, and opens it on all ranks.
void ImageFile::State::share() {
#ifdef KOLLAGEN_PARALLEL_HDF5
  on_root(ranks, [&] {
    const std::string_view bytes = image();
    const double size = double(bytes.size()) + most_bytes();
    require_space(target, size);
    FileDescriptor out(temporary, O_WRONLY | O_CREAT | O_TRUNC);
    out.write(bytes);
    if (!out.reserve(long(size))) out.fill(long(size));
    out.close();
    file.close("release", target);
  });
  hdf5::Properties access;
  together(ranks, [&] {  // apart from opening, which is collective
    access = hdf5::Properties(H5Pcreate(H5P_FILE_ACCESS), "prepare", target);
    hdf5::check(H5Pset_fapl_mpio(access, mpi_handle(ranks), MPI_INFO_NULL), "prepare", target);
    hdf5::check(H5Pset_all_coll_metadata_ops(access, true), "prepare", target);
    hdf5::check(H5Pset_coll_metadata_write(access, true), "prepare", target);
    transfer = hdf5::Properties(H5Pcreate(H5P_DATASET_XFER), "prepare", target);
    hdf5::check(H5Pset_dxpl_mpio(transfer, H5FD_MPIO_COLLECTIVE), "prepare", target);
  });
  together(ranks,
           [&] { file = hdf5::File(H5Fopen(temporary.c_str(), H5F_ACC_RDWR, access), "open", target); });
#endif
}

/// After a write that failed for lack of space HDF5 would fail again when it closes the file: makes room for
/// that. What it leaves behind is removed with the temporary file.
void ImageFile::State::give_up() noexcept {
  if (ranks.size() == 1 || !ranks.root()) return;
  [[maybe_unused]] const int ignored = ::truncate(temporary.c_str(), 0);
}

ImageFile::ImageFile(path target, const ImageGeometry& geometry, const ImageProvenance& provenance,
                     std::vector<ImageField> fields, const Precision precision, Communicator& ranks)
    : state_(new State{{},
                       ranks,
                       std::move(target),
                       geometry,
                       std::move(fields),
                       precision,
                       {},
                       {},
                       {},
                       {},
                       {},
                       {},
                       {},
                       {},
                       {}}) {
  State& s = *state_;
  require_shared_files(ranks);
  s.lay_out();
  on_root(ranks, [&] {
    s.atomic.emplace(s.target);
    s.temporary = s.atomic->temporary();
    s.make_in_memory(provenance);
  });
  if (ranks.size() == 1) return;
  std::string temporary = s.temporary.string();
  broadcast_text(ranks, temporary);
  s.temporary = temporary;
  s.share();
}

ImageFile::~ImageFile() = default;

void ImageFile::write(const std::size_t field, const ImagePart& part, const double* values) {
  State& s = *state_;
  const std::string& name = s.fields.at(field).name;
  std::array<hsize_t, 3> first{}, count{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    first[2 - axis] = hsize_t(part.first[axis] * s.copies[axis]);
    count[2 - axis] = hsize_t(part.cells[axis] * s.copies[axis]);
  }
  const hsize_t total = count[0] * count[1] * count[2];
  const std::string action =
      "write " + std::to_string(total * s.value_bytes()) + " bytes of the field " + name + " to";
  const std::string place = "VTKHDF/PointData/" + name;
  hdf5::Dataspace there, here;
  hdf5::Dataset dataset;
  try {
    // Opening and writing are collective: no rank may begin either before all have done what comes before.
    together(s.ranks, [&] {
      (s.precision == Precision::float32 ? arrange<float> : arrange<double>)(values, part.cells, s.copies,
                                                                             s.arranged);
      there = hdf5::Dataspace(H5Screate_simple(3, s.extent.data(), nullptr), action, s.target);
      here = hdf5::Dataspace(H5Screate_simple(1, &total, nullptr), action, s.target);
      if (total > 0) {
        hdf5::check(H5Sselect_hyperslab(there, H5S_SELECT_SET, first.data(), nullptr, count.data(), nullptr),
                    action, s.target);
      } else {
        hdf5::check(H5Sselect_none(there), action, s.target);
        hdf5::check(H5Sselect_none(here), action, s.target);
      }
    });
    together(s.ranks, [&] {
      dataset = hdf5::Dataset(H5Dopen2(s.file, place.c_str(), H5P_DEFAULT), action, s.target);
    });
    together(s.ranks, [&] {
      const hid_t transfer = s.transfer < 0 ? H5P_DEFAULT : hid_t(s.transfer);
      hdf5::check(H5Dwrite(dataset, s.memory_type(), here, there, transfer, s.arranged.data()), action,
                  s.target);
    });
    together(s.ranks, [&] { dataset.close(action, s.target); });
  } catch (...) {
    s.give_up();
    throw;
  }
}

void ImageFile::commit() {
  State& s = *state_;
  if (s.ranks.size() > 1) together(s.ranks, [&] { s.file.close("complete", s.target); });
  on_root(s.ranks, [&] {
    if (s.ranks.size() == 1) {
      const std::string_view bytes = s.image();
      require_space(s.target, double(bytes.size()));
      FileDescriptor out(s.temporary, O_WRONLY | O_CREAT | O_TRUNC);
      out.write(bytes);
      out.close();
    }
    s.atomic->commit();
  });
}

void require_shared_files([[maybe_unused]] const Communicator& ranks) {
#ifndef KOLLAGEN_PARALLEL_HDF5
  if (ranks.size() > 1)
    throw EnvironmentError(
        "fields and slices of several ranks need a parallel HDF5, and this program was built without "
        "one: build with libhdf5-openmpi-dev, run on one rank, or leave out fields and slices");
#endif
}

std::string hdf5_version() {
  unsigned major = 0, minor = 0, release = 0;
  if (H5get_libversion(&major, &minor, &release) < 0) return "unknown";
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(release);
}

}  // namespace kollagen
