/// One regular grid of values in one file that ParaView opens: VTKHDF 1.0 ImageData with point data.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <string>

#include "kollagen/config.hpp"

namespace kollagen {

/// Version of the HDF5 library that is linked, such as "1.10.8".
std::string hdf5_version();

/// Cells of a brick or of a slice through one. Axis order (x, y, z).
struct ImageGeometry {
  std::array<int, 3> cells{1, 1, 1};
  std::array<double, 3> first_centre{0, 0, 0};  ///< [um] centre of cell (0, 0, 0)
  std::array<double, 3> spacing{1, 1, 1};       ///< [um]
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
/// Layout, units and provenance: docs/outputs.md. The compressed file stays in memory until `commit`.
class ImageFile {
 public:
  /// Prepares a file; nothing is written yet. Throws IoError.
  ImageFile(std::filesystem::path target, const ImageGeometry& geometry, const ImageProvenance& provenance);
  ~ImageFile();

  /// Adds one array: `values` holds cells[0] * cells[1] * cells[2] numbers, x fastest. Unit and sentence
  /// become attributes of the dataset.
  void add(const std::string& name, const std::string& unit, const std::string& doc, Precision precision,
           const double* values);
  /// Writes the file and gives it its final name. Without it nothing appears. Throws IoError.
  void commit();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kollagen
