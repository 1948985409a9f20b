#include "host/checkpoint/state_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>

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
/// HDF5's own tables: far more than groups and headers of that many datasets take (about 1 KiB each were seen).
constexpr double tables_bytes = 65536, tables_bytes_per_dataset = 8192;

double domain_bytes(const Grid& grid) {
  return double(grid.global_cells[0]) * grid.global_cells[1] * grid.global_cells[2] * sizeof(double);
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
  const hdf5::Dataset dataset(
      H5Dcreate2(file, name.c_str(), H5T_NATIVE_CHAR, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), action, target);
  hdf5::check(H5Dwrite(dataset, H5T_NATIVE_CHAR, H5S_ALL, H5S_ALL, H5P_DEFAULT, text.data()), action, target);
}

/// The file without values, as bytes. It is made in memory: HDF5 1.10 crashes in its clean-up when a disk is full.
std::string skeleton(const path& target, const Grid& grid, const std::vector<std::string>& datasets,
                     const std::map<std::string, std::string>& texts) {
  const std::string action = "prepare";
  const hdf5::Properties access(H5Pcreate(H5P_FILE_ACCESS), action, target);
  hdf5::check(H5Pset_fapl_core(access, /*growth=*/1 << 20, /*backing_store=*/0), action, target);
  const hdf5::File file(H5Fcreate(target.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access), action, target);
  for (const auto& [name, text] : texts) write_text(file, name, text, target);

  const hdf5::Dataspace space = domain_space(grid, target);
  const hdf5::Properties links(H5Pcreate(H5P_LINK_CREATE), action, target);
  hdf5::check(H5Pset_create_intermediate_group(links, 1), action, target);
  const hdf5::Properties create(H5Pcreate(H5P_DATASET_CREATE), action, target);
  hdf5::check(H5Pset_obj_track_times(create, false), action, target);
  hdf5::check(H5Pset_alloc_time(create, H5D_ALLOC_TIME_LATE), action, target);  // not yet, and not in memory
  hdf5::check(H5Pset_fill_time(create, H5D_FILL_TIME_NEVER), action, target);
  for (const std::string& name : datasets)
    const hdf5::Dataset dataset(
        H5Dcreate2(file, name.c_str(), H5T_IEEE_F64LE, space, links, create, H5P_DEFAULT), action, target);

  hdf5::check(H5Fflush(file, H5F_SCOPE_LOCAL), action, target);
  std::string bytes(std::size_t(hdf5::check(H5Fget_file_image(file, nullptr, 0), action, target)), '\0');
  hdf5::check(H5Fget_file_image(file, bytes.data(), bytes.size()), action, target);
  return bytes;
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
  hdf5::Properties transfer;
  hdf5::File file;
  long reserved = 0;

  /// After a failed write HDF5 1.10 cannot close a file: it writes what it has not written yet once more, and
  /// crashes. Gives it a place where that works. What it leaves behind is of no use to anybody.
  void abandon() {
    if (file < 0) return;
    if (ranks.size() > 1) {  // the room of the values that were written is enough for the tables
      if (ranks.root()) [[maybe_unused]]
        const int ignored = ::truncate(target.c_str(), 0);
      return;
    }
    void* number = nullptr;  // of this driver: where its file descriptor is
    const int memory = ::memfd_create("kollagen", MFD_CLOEXEC);
    if (memory < 0) return;
    if (H5Fget_vfd_handle(file, H5P_DEFAULT, &number) >= 0) ::dup2(memory, *static_cast<int*>(number));
    ::close(memory);
  }

  /// Calls `work` on every rank; gives the file up when it fails on one of them.
  void attempt(const std::function<void()>& work) {
    try {
      together(ranks, work);
    } catch (...) {
      abandon();
      throw;
    }
  }
};

StateWriter::StateWriter(path target, const Grid& grid, const std::vector<std::string>& datasets,
                         const std::map<std::string, std::string>& texts, Communicator& ranks)
    : state_(new State{{}, std::move(target), grid, ranks, {}, {}, 0}) {
  State& s = *state_;
  const bool several = ranks.size() > 1;
#ifndef KOLLAGEN_PARALLEL_HDF5
  if (several)
    throw EnvironmentError(fmt::format("checkpoints of {} ranks need a parallel HDF5, which this build lacks: build with "
                                       "one, run on one rank, or set checkpoint.keep = 0",
                                       ranks.size()));
#endif
  on_root(ranks, [&] {
    const std::string bytes = skeleton(s.target, grid, datasets, texts);
    const double size = double(bytes.size()) + double(datasets.size()) * domain_bytes(grid) +
                        state_file_overhead(int(datasets.size()), 0);
    FileDescriptor out(s.target, O_WRONLY | O_CREAT | O_TRUNC);
    out.write(bytes);
    // With the space reserved no write can fail for the lack of it.
    if (out.reserve(long(size))) s.reserved = long(size);
    out.close();
  });

  together(ranks, [&] {
    const std::string action = "prepare to write";
    const hdf5::Properties access(H5Pcreate(H5P_FILE_ACCESS), action, s.target);
    hdf5::check(H5Pset_alignment(access, /*of anything that has at least*/ 1, alignment), action, s.target);
    hdf5::check(H5Pset_small_data_block_size(access, 0), action, s.target);  // each dataset by itself
    hdf5::check(H5Pset_sieve_buf_size(access, 0), action, s.target);  // values go to the file at once
    s.transfer = hdf5::Properties(H5Pcreate(H5P_DATASET_XFER), action, s.target);
#ifdef KOLLAGEN_PARALLEL_HDF5
    if (several) {
      hdf5::check(H5Pset_fapl_mpio(access, mpi_handle(ranks), MPI_INFO_NULL), action, s.target);
      hdf5::check(H5Pset_dxpl_mpio(s.transfer, H5FD_MPIO_COLLECTIVE), action, s.target);
    }
#endif
    s.file = hdf5::File(H5Fopen(s.target.c_str(), H5F_ACC_RDWR, access), "open", s.target);
  });
}

StateWriter::~StateWriter() = default;

StoredCells StateWriter::write(const std::string& name, const double* values) {
  State& s = *state_;
  const std::string action = fmt::format("write {} values of {} to", s.grid.owned_count(), name);
  StoredCells place;
  s.attempt([&] {
    hdf5::Dataset dataset(H5Dopen2(s.file, name.c_str(), H5P_DEFAULT), action, s.target);
    const hdf5::Dataspace there = domain_space(s.grid, s.target), here = owned_space(s.grid, s.target);
    select_owned(there, s.grid, s.target);
    const herr_t written = H5Dwrite(dataset, H5T_NATIVE_DOUBLE, here, there, s.transfer, values);
    const std::string reason = written < 0 ? hdf5::last_error() : "";
    if (written < 0 && s.ranks.size() == 1) s.abandon();  // before the dataset is closed
    if (written < 0) throw IoError(fmt::format("cannot {} {}: HDF5: {}", action, s.target.string(), reason));
    const haddr_t offset = H5Dget_offset(dataset);
    KOLLAGEN_CHECK(offset != HADDR_UNDEF && offset % alignment == 0, "a dataset has no place, or none that is aligned");
    place = {offset, std::uint64_t(domain_bytes(s.grid)) / sizeof(double)};
    dataset.close(action, s.target);
  });
  return place;
}

void StateWriter::close() {
  State& s = *state_;
  s.attempt([&] { hdf5::check(H5Fflush(s.file, H5F_SCOPE_LOCAL), "complete", s.target); });
  together(s.ranks, [&] { s.file.close("close", s.target); });
  on_root(s.ranks, [&] {
    const long size = FileDescriptor(s.target, O_RDONLY).size();
    KOLLAGEN_CHECK(s.reserved == 0 || size <= s.reserved, "the tables of a state file are larger than expected");
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
  hdf5::check(H5Dread(dataset, H5T_NATIVE_CHAR, H5S_ALL, H5S_ALL, H5P_DEFAULT, text.data()), action, s.target);
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
