/// The manifest of a checkpoint: what its data file holds, and the sums over it. A checkpoint exists when its
/// manifest does.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "host/checkpoint/sums.hpp"
#include "kollagen/check.hpp"

namespace kollagen {

/// A manifest whose own sum is right, in a format that this version of the program does not know.
struct FormatError : IoError {
  using IoError::IoError;
};

/// One dataset of the data file: a value per cell of the domain.
struct ManifestDataset {
  std::string name;  ///< path in the HDF5 file, such as "fields/state/pdgf"
  StoredCells place;
  std::uint64_t sum = 0;  ///< see `cell_sum`
};

struct Manifest {
  static constexpr int format_number = 1;

  std::string version, git_hash;  ///< of the program that wrote it
  long step = 0;
  double time = 0;  ///< [h]
  std::string model;
  std::array<int, 3> cells{};
  std::array<double, 3> spacing{};  ///< [um]
  int ranks = 1;                    ///< that wrote it; they need not be those that read it
  std::uint64_t config_sum = 0, record_sum = 0;
  std::vector<ManifestDataset> datasets;
  std::string data_name;
  std::uint64_t data_bytes = 0, data_sum = 0;

  std::vector<StoredCells> places() const;
};

/// Name of the checkpoint of a step, without extension.
std::string checkpoint_stem(long step);

/// Names that the data file of the manifest `stem`.json may have. There are two, so that a checkpoint of the
/// same step is replaced by the renaming of the manifest alone.
std::array<std::string, 2> data_names(const std::string& stem);

/// As JSON, the last line but one being the XXH3 of the text with that sum as zeros; this, and the format
/// number, are the same in every format.
std::string manifest_text(const Manifest& manifest);

/// Reads a manifest. Throws FormatError, and IoError saying what is wrong with it: its own sum, its form.
Manifest parse_manifest(const std::string& text);

/// Throws IoError when `file` has the name of another checkpoint than the one that `manifest` describes.
void check_name(const Manifest& manifest, const std::filesystem::path& file);

/// Reads the manifest in `file`. Throws IoError when it is damaged or belongs to another name.
Manifest read_manifest(const std::filesystem::path& file);

/// Throws IoError "<what>: sum ..., expected ..." when they differ.
void check_sum(const std::string& what, std::uint64_t found, std::uint64_t expected);

/// Reads the data file of `manifest` once and compares size and all sums. Throws IoError naming the first
/// fault. Collective.
void check_data(const Manifest& manifest, const std::filesystem::path& folder, Communicator& ranks);

/// Whole content of a file. Throws IoError.
std::string file_text(const std::filesystem::path& file);

/// Folder of the checkpoints of a run.
std::filesystem::path checkpoint_folder(const std::filesystem::path& run_dir);

/// Manifests in `folder` by name, oldest first. Throws IoError.
std::vector<std::filesystem::path> manifests_in(const std::filesystem::path& folder);

/// Data files in `folder` that no manifest names: what a write that was cut off leaves behind. Throws
/// IoError.
std::vector<std::filesystem::path> unfinished_in(const std::filesystem::path& folder);

/// Temporary files in `folder`. Throws IoError.
std::vector<std::filesystem::path> temporaries_in(const std::filesystem::path& folder);

}  // namespace kollagen
