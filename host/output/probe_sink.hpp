/// Values of fields at chosen points over time.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "host/output/csv_file.hpp"
#include "host/output/schedule.hpp"
#include "kollagen/config.hpp"
#include "kollagen/snapshot.hpp"

namespace kollagen {

/// Trilinear interpolation between cell centres at one point; between a wall and the first centre the value
/// of that centre. The eight cells around the point, and the share of each.
struct Interpolation {
  std::array<std::array<int, 3>, 8> cells{};  ///< global indices
  std::array<double, 8> shares{};

  Interpolation(const Grid& grid, const std::array<double, 3>& point);  ///< `point` in um
  /// `values` of the eight cells in their order.
  double operator()(const double* values) const;
};

/// Adds one row per point to a table at every instant; the cells around a point may lie on several ranks.
/// Holds one field on the host.
class ProbeSink final : public Sink {
 public:
  struct Setup {
    std::filesystem::path path;
    std::string name;
    Schedule schedule;
    std::vector<int> species;
    std::vector<std::array<double, 3>> points;  ///< [um]
  };
  ProbeSink(Setup setup, const ModelInfo& model, Communicator& ranks);

  std::string name() const override { return setup_.name; }
  double next_time(double time) const override { return setup_.schedule.next(time); }
  void write(const Snapshot& snapshot) override;
  void finish() override { table_.close(); }
  void save(Record& record) const override;
  void restore(const Record& record, const Snapshot& snapshot) override;

 private:
  Setup setup_;
  CsvFile table_;
  Communicator& ranks_;
  OncePerInstant once_;
  std::vector<Interpolation> points_;  ///< from the first write on
  std::vector<double> field_;
};

}  // namespace kollagen
