/// Comparison of a unit cell with the table of an independent program (tests/reference/unit_cell_rho*.csv).
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "support/dermal_studies.hpp"
#include "support/reference.hpp"

namespace kollagen::test {

/// Runs `config` for 28 days and compares track means with the table at days 1, 3, 7, 14 and 28; the largest
/// deviations are the rows `id`.track_means and `id`.collagen of the reference values.
template <class Exec>
void compare_with_table(const Config& study, const std::string& table, const std::string& id) {
  Config config = study;
  config.time.end = 24 * 28;
  const auto rows = read_numbers(table);
  const double track_tolerance = test::reference(id + ".track_means").tolerance;
  double worst_track = 0, worst_collagen = 0;
  const auto reference = [](const std::map<std::string, double>& row, const std::string& field) {
    return field == "M" ? row.at("M1") + row.at("M2") : row.at(field);
  };
  Simulation<Exec> simulation(config);
  const std::vector<double> core = core_coverage(simulation);
  int compared = 0;
  for (const auto& row : rows) {
    const double day = row.at("day");
    if (day != 1 && day != 3 && day != 7 && day != 14 && day != 28) continue;
    simulation.advance_to(24 * day);
    ASSERT_EQ(simulation.clock().time, 24 * day);
    for (const std::string field : {"F", "N", "T", "L", "G", "C1", "C3", "M"}) {
      double peak = 0;
      for (const auto& other : rows) peak = std::max(peak, reference(other, field));
      const double expected = reference(row, field);
      if (expected < 0.01 * peak) continue;
      const double found = field == "M" ? weighted_mean(values(simulation, "M1"), core) +
                                              weighted_mean(values(simulation, "M2"), core)
                                        : weighted_mean(values(simulation, field), core);
      EXPECT_NEAR(found / expected, 1, track_tolerance) << field << " at day " << day;
      worst_track = std::max(worst_track, std::abs(found / expected - 1));
      ++compared;
    }
    worst_collagen =
        std::max(worst_collagen, std::abs(relative_collagen(simulation) - row.at("cell_C_over_C0")));
  }
  EXPECT_GE(compared, 36) << "too many values were skipped";
  check(id + ".track_means", worst_track);
  check(id + ".collagen", worst_collagen);
}

}  // namespace kollagen::test
