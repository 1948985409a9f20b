/// Fields of the whole domain, or of one plane of cells, as a series of image files.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/output/image_file.hpp"
#include "host/output/schedule.hpp"
#include "kollagen/config.hpp"
#include "kollagen/snapshot.hpp"

namespace kollagen {

/// Which cells of the grid a frame holds: all of them, or one plane across an axis.
struct FramePlane {
  bool whole = true;
  int axis = 1;
  int index = 0;  ///< global index of the cell along `axis`
};

/// Writes FOLDER/NAME_000000.hdf, _000001, ... and after each one FOLDER/NAME.hdf.series, the list with
/// times in h that ParaView opens. Holds one field (a slice: and its plane) and the compressed frame in
/// memory.
class FrameSink final : public Sink {
 public:
  struct Setup {
    std::filesystem::path folder;
    std::string name;
    Schedule schedule;
    std::vector<int> species;
    Precision precision = Precision::float32;
    FramePlane plane;
    std::string title;
    std::string config_toml;
  };
  explicit FrameSink(Setup setup) : setup_(std::move(setup)) {}

  std::string name() const override { return setup_.name; }
  double next_time(double time) const override { return setup_.schedule.next(time); }
  void write(const Snapshot& snapshot) override;
  void save(Record& record) const override;
  void restore(const Record& record, const Snapshot& snapshot) override;

 private:
  /// Path of its entries in a record.
  std::string prefix() const;
  std::filesystem::path series_path() const;
  void write_series() const;
  /// Checks that the frames of `times_` are there and removes all that came later.
  void rewind() const;

  Setup setup_;
  OncePerInstant once_;
  std::vector<double> times_;  ///< [h] of the frames written, by their number
  std::vector<double> field_, cut_;
};

}  // namespace kollagen
