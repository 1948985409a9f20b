/// The comparison of test_unit_cell.cpp on voxels of 10 um.
#include <gtest/gtest.h>

#include "studies/unit_cell_table.hpp"
#include "support/backends.hpp"

namespace kollagen {
namespace {

using namespace test;

template <class Exec>
class UnitCellFine : public ::testing::Test {};
TYPED_TEST_SUITE(UnitCellFine, Backends);

TYPED_TEST(UnitCellFine, sparse_tracks_agree_with_the_cylindrical_program) {
  compare_with_table<TypeParam>(unit_cell(100, 10, 1, 10), "unit_cell_rho100.csv", "V16.rho100_10um");
}

TYPED_TEST(UnitCellFine, dense_tracks_in_three_dimensions_agree_with_the_cylindrical_program) {
  compare_with_table<TypeParam>(unit_cell(250, 10, 4, 15), "unit_cell_rho250.csv", "V16.rho250_10um");
}

}  // namespace
}  // namespace kollagen
