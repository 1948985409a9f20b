/// Verification of walls, through Simulation: fixed values, transfer to an outside, periodic images.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/backends.hpp"
#include "support/reference.hpp"
#include "verification/study.hpp"

namespace kollagen::test {
namespace {

template <class Exec>
struct VerificationWalls : ::testing::Test {};
TYPED_TEST_SUITE(VerificationWalls, Backends);

const char* const fields[] = {"u", "v", "w"};
constexpr std::array<int, 3> cells{20, 16, 12};
constexpr std::array<double, 3> spacing{20, 30, 25};
constexpr double D[] = {30 / second, 10 / second, 3 / second};  ///< [um^2/h] of u, v, w
constexpr double multiplier = 0.5;                              ///< of the only layer
constexpr double wall_value[] = {2, 3, 1.5};

Config wall_study(const IntegratorKind integrator) {
  Config config = study("linear", cells, spacing, integrator);
  config.model_parameters = {{"D_u", D[0]}, {"D_v", D[1]}, {"D_w", D[2]}};
  LayerConfig layer;
  layer.name = "slow";
  layer.thickness = 1000;
  layer.diffusivity = multiplier;
  config.skin.layers = {layer};
  config.time.tolerance = 1e-9;
  // Binary fractions: the sum of all steps is exact.
  config.time.step = integrator == IntegratorKind::imex ? 1.0 / 64 : 1.0 / 1024;
  return config;
}

BoundaryValueConfig wall(const std::string& field, const int face, const double value, const double k = 0) {
  BoundaryValueConfig boundary;
  boundary.field = field;
  boundary.face = Face(face);
  boundary.value = value;
  boundary.k = k;
  return boundary;
}

/// A product of one function per axis of the cell's index, and how much of it a field holds above its wall
/// value.
struct Shape3 {
  std::function<double(int axis, int index)> along;
  double operator()(const int k, const int j, const int i) const {
    return along(0, i) * along(1, j) * along(2, k);
  }
};

template <class Exec>
void put(Simulation<Exec>& simulation, const std::string& field, const double offset, const Shape3& shape) {
  std::vector<double> v;
  for (int k = 0; k < cells[2]; ++k)
    for (int j = 0; j < cells[1]; ++j)
      for (int i = 0; i < cells[0]; ++i) v.push_back(offset + shape(k, j, i));
  simulation.assign(simulation.model().find_species(field), v.data());
}

/// Share of the shape in a field; EXPECTs that nothing else is left.
template <class Exec>
double share(const Simulation<Exec>& simulation, const std::string& field, const double offset,
             const Shape3& shape) {
  const auto v = values(simulation, field);
  double with = 0, square = 0;
  std::size_t c = 0;
  for (int k = 0; k < cells[2]; ++k)
    for (int j = 0; j < cells[1]; ++j)
      for (int i = 0; i < cells[0]; ++i, ++c) {
        const double s = shape(k, j, i);
        with += s * (v[c] - offset);
        square += s * s;
      }
  double worst = 0;
  c = 0;
  for (int k = 0; k < cells[2]; ++k)
    for (int j = 0; j < cells[1]; ++j)
      for (int i = 0; i < cells[0]; ++i, ++c)
        worst = std::max(worst, std::abs(v[c] - offset - with / square * shape(k, j, i)));
  EXPECT_LT(worst, 1e-8) << field << ": the mode does not keep its shape";
  return with / square;
}

TYPED_TEST(VerificationWalls, SineModeBetweenFixedValues) {
  const int half_waves[3][3] = {{1, 2, 1}, {2, 1, 1}, {1, 1, 3}};
  for (const auto integrator : both_integrators) {
    Config config = wall_study(integrator);
    config.domain.walls.fill(WallKind::dirichlet);
    for (int n = 0; n < 3; ++n)
      for (int face = 0; face < 6; ++face)
        config.boundary_values.push_back(wall(fields[n], face, wall_value[n]));
    Simulation<TypeParam> simulation(config);
    const auto shape = [&](const int n) {
      return Shape3{[&half_waves, n](const int axis, const int index) {
        return std::sin(M_PI * half_waves[n][axis] * (index + 0.5) / cells[axis]);
      }};
    };
    for (int n = 0; n < 3; ++n) put(simulation, fields[n], wall_value[n], shape(n));
    simulation.advance_to(0.125);
    for (int n = 0; n < 3; ++n)
      check(std::string("walls.dirichlet_") + fields[n] + "." + name_of(integrator),
            share(simulation, fields[n], wall_value[n], shape(n)));
  }
}

/// Angle per cell of the slowest mode of n cells, no flux at one end, transfer k to an outside of 0 at the
/// other: cos(angle (n + 1/2)) = a cos(angle (n - 1/2)) with a = (2 D - k h)/(2 D + k h).
double robin_angle(const int n, const double h, const double diffusivity, const double k) {
  const double a = (2 * diffusivity - k * h) / (2 * diffusivity + k * h);
  double low = 0, high = M_PI / (2 * n);
  for (int i = 0; i < 200; ++i) {
    const double middle = 0.5 * (low + high);
    (std::cos(middle * (n + 0.5)) > a * std::cos(middle * (n - 0.5)) ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

TYPED_TEST(VerificationWalls, TransferToAnOutside) {
  const double k[3][3] = {{300, 500, 700}, {100, 50, 200}, {20, 80, 40}};  // [um/h] by field and axis
  for (const auto integrator : both_integrators)
    for (const int side : {0, 1}) {
      Config config = wall_study(integrator);
      for (int axis = 0; axis < 3; ++axis) {
        config.domain.walls[2 * axis + side] = WallKind::robin;
        for (int n = 0; n < 3; ++n)
          config.boundary_values.push_back(wall(fields[n], 2 * axis + side, wall_value[n], k[n][axis]));
      }
      Simulation<TypeParam> simulation(config);
      const auto shape = [&](const int n) {
        std::array<double, 3> angle;
        for (int axis = 0; axis < 3; ++axis)
          angle[axis] = robin_angle(cells[axis], spacing[axis], multiplier * D[n], k[n][axis]);
        return Shape3{[angle, side](const int axis, const int index) {
          return std::cos(angle[axis] * ((side == 1 ? index : cells[axis] - 1 - index) + 0.5));
        }};
      };
      for (int n = 0; n < 3; ++n) put(simulation, fields[n], wall_value[n], shape(n));
      simulation.advance_to(0.125);
      for (int n = 0; n < 3; ++n)
        check(std::string("walls.robin_") + fields[n] + "." + name_of(integrator),
              share(simulation, fields[n], wall_value[n], shape(n)));
    }
}

TYPED_TEST(VerificationWalls, SteadyFluxThroughASlabAndATransferWall) {
  Config config = wall_study(IntegratorKind::imex);
  config.time.tolerance = 1e-7;
  config.time.step = 4;
  config.domain.walls[int(Face::y_min)] = WallKind::dirichlet;
  config.domain.walls[int(Face::y_max)] = WallKind::robin;
  config.boundary_values = {wall("v", int(Face::y_min), 1), wall("v", int(Face::y_max), 0.2, 40)};
  Simulation<TypeParam> simulation(config);
  simulation.advance_to(30 * 4);
  const auto v = values(simulation, "v");
  const double gradient = (at(v, cells, 7, 3, 5) - at(v, cells, 7, 11, 5)) / (8 * spacing[1]);
  check("walls.slab_flux", multiplier * D[1] * gradient);
}

TYPED_TEST(VerificationWalls, PeriodicImagesAreAllAlike) {
  for (const auto integrator : both_integrators) {
    Config config = study("linear", cells, spacing, integrator);
    config.domain.walls.fill(WallKind::periodic);
    config.time.tolerance = 1e-6;
    const std::array<int, 3> shift{cells[0] / 2 - 1, cells[1] / 2, 5};
    std::vector<std::vector<double>> results;
    for (const bool shifted : {false, true}) {
      Simulation<TypeParam> simulation(config);
      std::vector<double> v(simulation.grid().owned_count(), 0.0);
      const auto index = [&](const int i, const int axis) {
        return (i + (shifted ? shift[axis] : 0)) % cells[axis];
      };
      // A block of 6 x 5 x 4 cells, uneven on purpose; without the shift it touches three walls.
      for (int k = 0; k < 4; ++k)
        for (int j = 0; j < 5; ++j)
          for (int i = 0; i < 6; ++i)
            v[(std::size_t(index(k, 2)) * cells[1] + index(j, 1)) * cells[0] + index(i, 0)] =
                1 + i + 0.5 * j * k;
      simulation.assign(1, v.data());
      simulation.advance_to(1.0 / 32);
      const auto after = values(simulation, "v");
      std::vector<double> back;
      for (int k = 0; k < cells[2]; ++k)
        for (int j = 0; j < cells[1]; ++j)
          for (int i = 0; i < cells[0]; ++i)
            back.push_back(at(after, cells, index(i, 0), index(j, 1), index(k, 2)));
      results.push_back(back);
    }
    double worst = 0, largest = 0;
    for (std::size_t c = 0; c < results[0].size(); ++c) {
      worst = std::max(worst, std::abs(results[0][c] - results[1][c]));
      largest = std::max(largest, results[0][c]);
    }
    EXPECT_GT(largest, 0.5);
    // Explicit: the same operations in the same order. Imex: the coarse grids see another alignment.
    EXPECT_LE(worst, integrator == IntegratorKind::imex ? 1e-8 : 0);
  }
}

}  // namespace
}  // namespace kollagen::test
