/// The table metrics.csv, and the tables of histograms.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "host/output/csv_file.hpp"
#include "host/output/metrics.hpp"
#include "host/output/schedule.hpp"
#include "kollagen/snapshot.hpp"

namespace kollagen {

/// Adds one row of `Metrics` to a table at every instant.
class MetricsSink final : public Sink {
 public:
  struct Setup {
    std::filesystem::path path;
    std::string name;
    Schedule schedule;
    std::vector<int> species;
    std::vector<double> treatments;  ///< times of all sessions [h]
    SpreadWanted spread = {};
    std::filesystem::path histograms = {};  ///< folder of their tables, one per species and window
  };
  MetricsSink(Setup setup, Communicator& ranks) : setup_(std::move(setup)), ranks_(ranks) {}

  std::string name() const override { return setup_.name; }
  double next_time(double time) const override { return setup_.schedule.next(time); }
  void write(const Snapshot& snapshot) override;
  void finish() override;
  void save(Record& record) const override;
  void restore(const Record& record, const Snapshot& snapshot) override;

 private:
  void start(const Snapshot& snapshot);
  void write_histograms(double time);

  Setup setup_;
  Communicator& ranks_;
  OncePerInstant once_;
  std::optional<Metrics> metrics_;  ///< from the first snapshot on, which brings the column
  std::optional<CsvFile> table_;
  std::vector<CsvFile> histograms_;  ///< in the order of Metrics::histograms
};

}  // namespace kollagen
