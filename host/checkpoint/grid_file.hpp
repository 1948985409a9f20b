/// Reading frames and checkpoints back, whatever they hold: every dataset with three axes.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kollagen {

/// Numbers on a grid in an HDF5 file.
struct GridDataset {
  std::string name;              ///< path in the file
  std::array<long, 3> extent{};  ///< along z, y, x
  int bytes = 8;                 ///< of a number

  long plane() const { return extent[1] * extent[2]; }
  /// The name without the group that all fields of a file are in.
  std::string field() const;
};

class GridFile {
 public:
  /// Throws IoError when the file cannot be opened, EnvironmentError in a build without HDF5.
  explicit GridFile(const std::filesystem::path& file);
  ~GridFile();

  /// All datasets with three axes, by name.
  std::vector<GridDataset> datasets() const;
  /// Planes `first` to `last` (exclusive) along z, x fastest. Throws IoError when their check sums are wrong.
  std::vector<double> read(const GridDataset& dataset, long first, long last) const;
  /// Throws IoError where a piece of a compressed dataset is missing or not protected by its sum: HDF5 itself
  /// takes the place of such a piece for zeros, or its values on trust.
  void check_pieces(const GridDataset& dataset) const;
  /// A number that a frame says about itself ("time", "step", "index"); empty where the file has none of the
  /// name.
  std::optional<double> number(const std::string& name) const;
  /// A text of the file ("config_toml" of frames).
  std::string text(const std::string& name) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Planes of a dataset that are read at once: about 64 MiB.
long planes_at_once(const GridDataset& dataset);

}  // namespace kollagen
