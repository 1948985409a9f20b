/// The data file of a checkpoint: HDF5 with one contiguous dataset of doubles per field and a few texts.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host/checkpoint/sums.hpp"
#include "kollagen/communicator.hpp"
#include "kollagen/grid.hpp"

namespace kollagen {

/// Bytes that a state file has beside the values of its cells, at most.
double state_file_overhead(int datasets, double text_bytes);

/// Writes one state file, under the name given. A write that fails, for whatever reason, ends with an IoError
/// on every rank; the file is then of no use and may be removed.
class StateWriter {
 public:
  /// Creates the file with `texts` (by name) and empty datasets (paths of HDF5), extents (nz, ny, nx) of the
  /// whole domain, and reserves the space of all of it. Throws IoError, and EnvironmentError where this build
  /// cannot write with several ranks. Collective.
  StateWriter(std::filesystem::path file, const Grid& grid, const std::vector<std::string>& datasets,
              const std::map<std::string, std::string>& texts, Communicator& ranks);
  ~StateWriter();

  /// Writes the owned cells of one dataset, x fastest, and returns where in the file the dataset lies.
  /// Collective.
  StoredCells write(const std::string& dataset, const double* values);
  /// Completes the file, and reads back all but the values. Collective.
  void close();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Reads a state file whose sums are right. Each rank for itself, on any number of ranks.
class StateReader {
 public:
  /// Throws IoError.
  explicit StateReader(const std::filesystem::path& file);
  ~StateReader();

  std::string text(const std::string& name) const;
  /// Owned cells of `grid`, x fastest, into `out`.
  void read(const std::string& dataset, const Grid& grid, double* out) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kollagen
