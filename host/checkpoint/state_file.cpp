#include "host/checkpoint/state_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <optional>

#include "host/output/file_descriptor.hpp"
#include "host/output/hdf5_handle.hpp"
#include "kollagen/collective.hpp"
#ifdef KOLLAGEN_PARALLEL_HDF5
#include "host/mpi_communicator.hpp"
#endif

namespace kollagen {
namespace {

using std::filesystem::path;

constexpr hsize_t alignment = 4096;  // of every dataset: pages of memory, sectors of disks
/// A read of short rows fetches this much of the file at once.
constexpr std::size_t read_ahead_bytes = std::size_t(4) << 20;
/// HDF5's own tables: far more than groups and headers of that many datasets take (about 1 KiB each were
/// seen).
constexpr double tables_bytes = 65536, tables_bytes_per_dataset = 8192;

double domain_bytes(const Grid& grid) {
  return double(grid.global_cells[0]) * grid.global_cells[1] * grid.global_cells[2] * sizeof(double);
}

void check_size_limit(const path& target, const double size) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
      double(limit.rlim_cur) < size)
    throw IoError(fmt::format("{}: a checkpoint needs {:.0f} bytes, a file may have {} here (ulimit -f)",
                              target.string(), size, limit.rlim_cur));
}

hdf5::Dataspace domain_space(const Grid& grid, const path& file) {
  const std::array<hsize_t, 3> extent{hsize_t(grid.global_cells[2]), hsize_t(grid.global_cells[1]),
                                      hsize_t(grid.global_cells[0])};
  return {H5Screate_simple(3, extent.data(), nullptr), "create a dataspace in", file};
}

hdf5::Dataspace owned_space(const Grid& grid, const path& file) {
  const hsize_t count = hsize_t(grid.owned_count());
  return {H5Screate_simple(1, &count, nullptr), "create a dataspace in", file};
}

/// Selects the owned cells among those of the domain.
void select_owned(const hid_t space, const Grid& grid, const path& file) {
  const std::array<hsize_t, 3> start{hsize_t(grid.first[2]), hsize_t(grid.first[1]), hsize_t(grid.first[0])};
  const std::array<hsize_t, 3> count{hsize_t(grid.cells[2]), hsize_t(grid.cells[1]), hsize_t(grid.cells[0])};
  hdf5::check(H5Sselect_hyperslab(space, H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr),
              "select cells of", file);
}

void write_text(const hid_t file, const std::string& name, const std::string& text, const path& target) {
  const std::string action = "write the text " + name + " of";
  const hsize_t count = text.size();
  const hdf5::Dataspace space(H5Screate_simple(1, &count, nullptr), action, target);
  const hdf5::Properties create(H5Pcreate(H5P_DATASET_CREATE), action, target);
  hdf5::check(H5Pset_obj_track_times(create, false), action, target);
  const hdf5::Dataset dataset(
      H5Dcreate2(file, name.c_str(), H5T_NATIVE_CHAR, space, H5P_DEFAULT, create, H5P_DEFAULT), action, target);
  hdf5::check(H5Dwrite(dataset, H5T_NATIVE_CHAR, H5S_ALL, H5S_ALL, H5P_DEFAULT, text.data()), action, target);
}

/// A file without its values: all tables and texts, and room for each dataset.
struct Skeleton {
  FileDescriptor file;  ///< in memory, as long as the file will be, with holes where the values go
  std::map<std::string, StoredCells> places;
};

/// Nothing of HDF5 touches the disk here: HDF5 1.10 crashes in its clean-up when a write has failed.
Skeleton make_skeleton(const path& target, const Grid& grid, const std::vector<std::string>& datasets,
                       const std::map<std::string, std::string>& texts) {
  const std::string action = "prepare";
  Skeleton skeleton{FileDescriptor::in_memory(), {}};
  const hdf5::Properties access(H5Pcreate(H5P_FILE_ACCESS), action, target);
  // The default driver wants a name that leads to a file, and a file in memory has none.
  hdf5::check(H5Pset_fapl_stdio(access), action, target);
  const auto aligned =
      hsize_t(std::min(double(alignment), domain_bytes(grid)));  // anything of at least this size
  hdf5::check(H5Pset_alignment(access, aligned, alignment), action, target);
  hdf5::check(H5Pset_small_data_block_size(access, 0), action, target);  // each dataset by itself
  const path name = skeleton.file.path();
  hdf5::File file(H5Fcreate(name.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access), action, target);
  for (const auto& [text_name, text] : texts) write_text(file, text_name, text, target);

  const hdf5::Dataspace space = domain_space(grid, target);
  const hdf5::Properties links(H5Pcreate(H5P_LINK_CREATE), action, target);
  hdf5::check(H5Pset_create_intermediate_group(links, 1), action, target);
  const hdf5::Properties create(H5Pcreate(H5P_DATASET_CREATE), action, target);
  hdf5::check(H5Pset_obj_track_times(create, false), action, target);
  hdf5::check(H5Pset_alloc_time(create, H5D_ALLOC_TIME_EARLY), action, target);
  hdf5::check(H5Pset_fill_time(create, H5D_FILL_TIME_NEVER), action, target);
  for (const std::string& dataset_name : datasets) {
    const hdf5::Dataset dataset(
        H5Dcreate2(file, dataset_name.c_str(), H5T_IEEE_F64LE, space, links, create, H5P_DEFAULT), action,
        target);
    const haddr_t offset = H5Dget_offset(dataset);
    KOLLAGEN_CHECK(offset != HADDR_UNDEF && offset % sizeof(double) == 0,
                   dataset_name + " has no place, or an odd one");
    skeleton.places[dataset_name] = {offset, std::uint64_t(domain_bytes(grid)) / sizeof(double)};
  }
  file.close(action, target);
  return skeleton;
}

/// Everything but the values, by its place.
std::map<long, std::string> tables_of(const Skeleton& skeleton) {
  std::map<long, long> holes;  // start, end
  for (const auto& [name, place] : skeleton.places)
    holes[long(place.offset)] = long(place.offset + sizeof(double) * place.count);
  const long size = skeleton.file.size();
  holes[size] = size;
  std::map<long, std::string> tables;
  long from = 0;
  for (const auto& [start, end] : holes) {
    if (start > from) tables[from] = skeleton.file.read(from, std::size_t(start - from));
    from = end;
  }
  return tables;
}

/// Reserves the space of a file by writing zeros, each rank its share. Several ranks need it: MPI's files may
/// wait for ever when a write fails on one of them. Collective.
void fill(const path& target, const long size, Communicator& ranks) {
  together(ranks, [&] {
    FileDescriptor file(target, O_WRONLY);
    const std::string zeros(std::size_t(4) << 20, '\0');
    const long step = long(zeros.size());
    for (long at = step * ranks.rank(); at < size; at += step * ranks.size())
      file.write_at(at, std::string_view(zeros).substr(0, std::size_t(std::min(step, size - at))));
    file.close();
  });
}

}  // namespace

double state_file_overhead(const int datasets, const double text_bytes) {
  return tables_bytes + text_bytes + datasets * (tables_bytes_per_dataset + double(alignment));
}

struct StateWriter::State {
  hdf5::QuietErrors quiet;
  path target;
  Grid grid;
  Communicator& ranks;
  std::map<std::string, StoredCells> places;  ///< on rank 0
  std::map<long, std::string> tables;         ///< on rank 0
  FileDescriptor out;                         ///< of one rank, which writes by itself
  hdf5::Properties transfer;                  ///< of several, which write together
  hdf5::File file;
};

StateWriter::StateWriter(path target, const Grid& grid, const std::vector<std::string>& datasets,
                         const std::map<std::string, std::string>& texts, Communicator& ranks)
    : state_(new State{{}, std::move(target), grid, ranks, {}, {}, {}, {}, {}}) {
  State& s = *state_;
  const bool several = ranks.size() > 1;
#ifndef KOLLAGEN_PARALLEL_HDF5
  if (several)
    throw EnvironmentError(
        fmt::format("checkpoints of {} ranks need a parallel HDF5, which this build lacks: build with "
                    "one, run on one rank, or set checkpoint.keep = 0",
                    ranks.size()));
#endif
  long size = 0;
  bool reserved = false;
  on_root(ranks, [&] {
    check_size_limit(s.target, double(datasets.size()) * domain_bytes(grid) +
                                   state_file_overhead(int(datasets.size()), 0));
    const Skeleton skeleton = make_skeleton(s.target, grid, datasets, texts);
    size = skeleton.file.size();
    s.places = skeleton.places;
    s.tables = tables_of(skeleton);
    s.out = FileDescriptor(s.target, O_RDWR | O_CREAT | O_TRUNC);
    // With the space reserved no write can fail for the lack of it.
    reserved = s.out.reserve(size);
    if (!reserved) s.out.truncate(size);
  });
  ranks.broadcast(&size, sizeof size, 0);
  ranks.broadcast(&reserved, sizeof reserved, 0);
  if (several && !reserved) fill(s.target, size, ranks);
  on_root(ranks, [&] {
    for (const auto& [offset, bytes] : s.tables) s.out.write_at(offset, bytes);
    if (several) s.out.close();
  });
#ifdef KOLLAGEN_PARALLEL_HDF5
  if (!several) return;
  // The size is final, the tables will not change and the space is there: only a broken disk is left to fail.
  hdf5::Properties access;
  together(ranks, [&] {  // apart from opening, which is collective
    const std::string action = "prepare to write";
    access = hdf5::Properties(H5Pcreate(H5P_FILE_ACCESS), action, s.target);
    hdf5::check(H5Pset_fapl_mpio(access, mpi_handle(ranks), MPI_INFO_NULL), action, s.target);
    s.transfer = hdf5::Properties(H5Pcreate(H5P_DATASET_XFER), action, s.target);
    hdf5::check(H5Pset_dxpl_mpio(s.transfer, H5FD_MPIO_COLLECTIVE), action, s.target);
  });
  together(ranks,
           [&] { s.file = hdf5::File(H5Fopen(s.target.c_str(), H5F_ACC_RDWR, access), "open", s.target); });
#endif
}

StateWriter::~StateWriter() = default;

StoredCells StateWriter::write(const std::string& name, const double* values) {
  State& s = *state_;
  const std::string action = fmt::format("write {} values of {} to", s.grid.owned_count(), name);
  StoredCells place;
  on_root(s.ranks, [&] { place = s.places.at(name); });
  s.ranks.broadcast(&place, sizeof place, 0);
  if (s.ranks.size() == 1) {
    s.out.write_at(long(place.offset), {reinterpret_cast<const char*>(values), sizeof(double) * place.count});
    return place;
  }
  hdf5::Dataset dataset;
  hdf5::Dataspace there, here;
  together(s.ranks, [&] {  // apart from writing, which is collective
    dataset = hdf5::Dataset(H5Dopen2(s.file, name.c_str(), H5P_DEFAULT), action, s.target);
    there = domain_space(s.grid, s.target);
    here = owned_space(s.grid, s.target);
    select_owned(there, s.grid, s.target);
  });
  together(s.ranks, [&] {
    hdf5::check(H5Dwrite(dataset, H5T_NATIVE_DOUBLE, here, there, s.transfer, values), action, s.target);
  });
  return place;
}

void StateWriter::close() {
  State& s = *state_;
  together(s.ranks, [&] {
    s.out.close();
    s.file.close("close", s.target);
  });
  on_root(s.ranks, [&] {
    const FileDescriptor written(s.target, O_RDONLY);
    for (const auto& [offset, bytes] : s.tables)
      if (written.read(offset, bytes.size()) != bytes)
        throw IoError(
            fmt::format("{}: the tables at byte {} are not what was written", s.target.string(), offset));
  });
}

struct StateReader::State {
  hdf5::QuietErrors quiet;
  path target;
  hdf5::File file;
};

StateReader::StateReader(const path& target) : state_(new State{{}, target, {}}) {
  const hdf5::Properties access(H5Pcreate(H5P_FILE_ACCESS), "prepare to read", target);
  hdf5::check(H5Pset_sieve_buf_size(access, read_ahead_bytes), "prepare to read", target);
  state_->file = hdf5::File(H5Fopen(target.c_str(), H5F_ACC_RDONLY, access), "open", target);
}

StateReader::~StateReader() = default;

std::string StateReader::text(const std::string& name) const {
  const State& s = *state_;
  const std::string action = "read the text " + name + " of";
  const hdf5::Dataset dataset(H5Dopen2(s.file, name.c_str(), H5P_DEFAULT), action, s.target);
  const hdf5::Dataspace space(H5Dget_space(dataset), action, s.target);
  std::string text(std::size_t(hdf5::check(H5Sget_simple_extent_npoints(space), action, s.target)), '\0');
  hdf5::check(H5Dread(dataset, H5T_NATIVE_CHAR, H5S_ALL, H5S_ALL, H5P_DEFAULT, text.data()), action,
              s.target);
  return text;
}

void StateReader::read(const std::string& name, const Grid& grid, double* out) const {
  const State& s = *state_;
  const std::string action = "read " + name + " of";
  const hdf5::Dataset dataset(H5Dopen2(s.file, name.c_str(), H5P_DEFAULT), action, s.target);
  const hdf5::Dataspace there(H5Dget_space(dataset), action, s.target), here = owned_space(grid, s.target);
  select_owned(there, grid, s.target);
  hdf5::check(H5Dread(dataset, H5T_NATIVE_DOUBLE, here, there, H5P_DEFAULT, out), action, s.target);
}

}  // namespace kollagen
