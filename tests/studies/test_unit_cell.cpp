/// A track in reticular dermis against an independent program: a cylindrical unit cell in one dimension
/// (tests/reference/unit_cell_rho*.csv). The program here computes the square periodic cell of the same area.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/backends.hpp"
#include "support/dermal_studies.hpp"
#include "support/reference.hpp"

namespace kollagen {
namespace {

using namespace test;

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

template <class Exec>
class UnitCell : public ::testing::Test {};
TYPED_TEST_SUITE(UnitCell, Backends);

TYPED_TEST(UnitCell, sparse_tracks_agree_with_the_cylindrical_program) {
  compare_with_table<TypeParam>(unit_cell(100, 20, 1, 20), "unit_cell_rho100.csv", "V16.rho100");
}

TYPED_TEST(UnitCell, dense_tracks_in_three_dimensions_agree_with_the_cylindrical_program) {
  compare_with_table<TypeParam>(unit_cell(250, 20, 4, 30), "unit_cell_rho250.csv", "V16.rho250");
}

/// Collagen of the whole cell after 180 days, in per cent of its baseline.
template <class Exec>
double late_collagen(Config config) {
  config.time.end = 24 * 180;
  Simulation<Exec> simulation(config);
  simulation.advance_to(config.time.end);
  return 100 * relative_collagen(simulation);
}

TYPED_TEST(UnitCell, platelets_hardly_matter_for_collagen_after_half_a_year) {
  Config config = unit_cell(250, 20, 1, 20);
  const double with_platelets = late_collagen<TypeParam>(config);
  config.model_parameters["A0"] = 0;
  const double without = late_collagen<TypeParam>(config);
  check("V16.rho250.collagen_180d", with_platelets);
  check("V16.rho250.collagen_180d_without_platelets", without);
  check("V16.rho250.share_of_platelets_180d", with_platelets - without);
}

/// A higher gain of the loop from fibroblasts over TGF-beta and FGF-2 back to fibroblasts locks the tissue
/// into a state that does not heal.
TYPED_TEST(UnitCell, strong_feedback_ends_in_the_fibrotic_state) {
  Config config = unit_cell(100, 25, 1, 25);
  config.treatments[0].matrix_loss = 1;
  for (const auto& [name, value] : std::map<std::string, double>{{"kappa", 8},
                                                                 {"KTN", 0.8},
                                                                 {"a_R", 20},
                                                                 {"d_N1", 5e-3},
                                                                 {"k_NF", 2.5e-3},
                                                                 {"k_m", 4e-4},
                                                                 {"k_FN", 0.010},
                                                                 {"s_GF", 2e-5},
                                                                 {"s_GM", 1e-4},
                                                                 {"s_TN", 8.33e-4}})
    config.model_parameters[name] = value;
  config.time.end = 24 * 180;
  Simulation<TypeParam> simulation(config);
  simulation.advance_to(config.time.end);
  check("V16.fibrosis.fibroblasts",
        mean(values(simulation, "fibroblasts")) / simulation.column().fibroblasts[0]);
  check("V16.fibrosis.tgf_beta", mean(values(simulation, "tgf_beta")));
  check("V16.fibrosis.collagen", relative_collagen(simulation));
}

}  // namespace
}  // namespace kollagen
