/// A track in reticular dermis against an independent program: a cylindrical unit cell in one dimension
/// (tests/reference/unit_cell_rho*.csv). The program here computes the square periodic cell of the same area.
#include <gtest/gtest.h>

#include "studies/unit_cell_table.hpp"
#include "support/backends.hpp"

namespace kollagen {
namespace {

using namespace test;

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
