/// Values at points: interpolation and the table.
#include <gtest/gtest.h>

#include "host/output/factory.hpp"
#include "host/output/probe_sink.hpp"
#include "kollagen/check.hpp"
#include "support/analytic_snapshot.hpp"
#include "support/temporary_folder.hpp"

namespace kollagen {
namespace {

const Grid grid = test::brick({5, 4, 3}, {10, 12.5, 20});

/// A product of linear functions: trilinear interpolation has no error for it.
double trilinear(const double x, const double y, const double z) {
  return (1 + 0.1 * x) * (3 - 0.02 * y) * (2 + 0.01 * z);
}

std::vector<double> sample() {
  std::vector<double> field;
  for (int k = 0; k < 3; ++k)
    for (int j = 0; j < 4; ++j)
      for (int i = 0; i < 5; ++i)
        field.push_back(trilinear(grid.centre(0, i), grid.centre(1, j), grid.centre(2, k)));
  return field;
}

double interpolate(const Grid& cells, const double* field, const std::array<double, 3>& point) {
  const Interpolation at(cells, point);
  std::array<double, 8> values{};
  for (std::size_t c = 0; c < 8; ++c) {
    const auto [i, j, k] = at.cells[c];
    values[c] = field[(k * cells.cells[1] + j) * cells.cells[0] + i];
  }
  return at(values.data());
}

TEST(InterpolationAtPoints, IsExactForTrilinearFields) {
  const std::vector<double> field = sample();
  for (const std::array<double, 3>& p :
       {std::array{5., 6.25, 10.}, {17., 22., 31.}, {45., 43.75, 50.}, {44.9, 43.7, 49.9}, {25., 30., 10.1}})
    EXPECT_NEAR(interpolate(grid, field.data(), p), trilinear(p[0], p[1], p[2]), 1e-13)
        << p[0] << ' ' << p[1] << ' ' << p[2];
}

TEST(InterpolationAtPoints, HoldsTheLastCentreTowardsAWall) {
  const std::vector<double> field = sample();
  EXPECT_NEAR(interpolate(grid, field.data(), {0, 22, 31}), trilinear(5, 22, 31), 1e-13);
  EXPECT_NEAR(interpolate(grid, field.data(), {50, 50, 60}), trilinear(45, 43.75, 50), 1e-13);
}

TEST(InterpolationAtPoints, WorksWithOneCellAlongAnAxis) {
  const Grid line = test::brick({1, 1, 3}, {10, 10, 10});
  const double field[] = {1, 2, 4};
  EXPECT_NEAR(interpolate(line, field, {2, 9, 20}), 3, 1e-14);
}

TEST(Probes, AddOneRowPerPoint) {
  const test::TemporaryFolder folder;
  Config config;
  config.model = "linear";
  config.time.end = 10;
  OutputConfig output;
  output.kind = OutputKind::probe;
  output.fields = {"v", "u"};
  output.points = {{5, 6.25, 10}, {30, 25, 60}};
  config.outputs = {output};
  test::AnalyticSnapshot snapshot{
      model_info("linear"), grid, Column{},
      [](int species, double x, double, double, double time) { return (species + 1) * x + time; }};
  const auto sinks = make_sinks(config, model_info("linear"), grid, folder, test::one_rank);
  snapshot.at(0, 0);
  sinks[0]->write(snapshot);
  snapshot.at(1, 2.5);
  sinks[0]->write(snapshot);
  sinks[0]->finish();
  EXPECT_EQ(test::read_text(folder.path() / "probes.csv"),
            "time [h],point [1],x [um],y [um],z [um],v [1],u [1]\n"
            "0,0,5,6.25,10,10,5\n0,1,30,25,60,60,30\n"
            "2.5,0,5,6.25,10,12.5,7.5\n2.5,1,30,25,60,62.5,32.5\n");
  config.outputs[0].points = {{5, 51, 10}};
  EXPECT_THROW(make_sinks(config, model_info("linear"), grid, folder, test::one_rank), InputError);
}

}  // namespace
}  // namespace kollagen
