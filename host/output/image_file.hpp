/// One regular grid of values in one file that ParaView opens: VTKHDF 1.0 ImageData with point data.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "kollagen/communicator.hpp"
#include "kollagen/config.hpp"

namespace kollagen {

/// Version of the HDF5 library that is linked, such as "1.10.8".
std::string hdf5_version();

/// Throws EnvironmentError when these ranks cannot write into one file: there are several of them, and the
/// HDF5 library or this build does not know MPI.
void require_shared_files(const Communicator& ranks);

/// Cells of a brick or of a slice through one. Axis order (x, y, z).
struct ImageGeometry {
  std::array<int, 3> cells{1, 1, 1};
  std::array<double, 3> first_centre{0, 0, 0};  ///< [um] centre of cell (0, 0, 0)
  std::array<double, 3> spacing{1, 1, 1};       ///< [um]
};

/// The cells of an image that one rank has: a brick, or none when a number of cells is 0.
struct ImagePart {
  std::array<int, 3> first{0, 0, 0};
  std::array<int, 3> cells{1, 1, 1};
};

/// An array of an image; unit and sentence become attributes of the dataset.
struct ImageField {
  std::string name, unit, doc;
};

/// What a file says about its origin, beside the values.
struct ImageProvenance {
  double time = 0;  ///< [h]
  long step = 0;
  long index = 0;  ///< number of the file within its series
  std::string title;
  std::string model;
  std::string config_toml;  ///< the resolved study
};

/// Writes one image file. Values are point data at the cell centres: ParaView 5.11 opens no other native
/// form of image data. Neither does it open flat image data (it crashes), so an axis with a single cell is
/// written as two equal planes, on the two faces of the cell; `/kollagen/cells` holds the true numbers.
/// Layout, units and provenance: docs/outputs.md.
///
/// One rank: the compressed file stays in memory until `commit`. Several ranks write into one file together
/// (parallel HDF5), in space that was reserved before, so that a full disk is met where nothing can break.
/// The datasets do not depend on the number of ranks. All functions are collective and throw IoError on every
/// rank.
class ImageFile {
 public:
  /// Prepares a file with room for all `fields`, whose values follow by `write`; nothing appears under the
  /// name of `target` yet. Throws what `require_shared_files` throws.
  ImageFile(std::filesystem::path target, const ImageGeometry& geometry, const ImageProvenance& provenance,
            std::vector<ImageField> fields, Precision precision, Communicator& ranks);
  ~ImageFile();

  /// Writes the values of one field, given by its place in `fields`: this rank has those of `part`, x
  /// fastest. The parts of all ranks make up the image.
  void write(std::size_t field, const ImagePart& part, const double* values);
  /// Completes the file and gives it its final name. Without it nothing appears.
  void commit();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kollagen
