/// Walls with values in the dermal model: they hold signals to the baseline and are closed to cells.
#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "host/model_setup.hpp"
#include "host/simulation.hpp"
#include "support/backends.hpp"

namespace kollagen::test {
namespace {

/// Diffusion alone in face skin: a cloud of PDGF and a cloud of fibroblasts near the bottom.
Config clouds(const WallKind bottom, const double k_b) {
  Config config;
  config.model = "dermal";
  config.domain.cells = {7, 6, 20};
  config.domain.spacing = {25, 30, 20};
  config.domain.size = {175, 180, 400};
  config.domain.walls[int(Face::z_max)] = bottom;
  config.time.end = 1;
  config.skin.preset = "face";
  config.model_parameters["k_b"] = k_b;
  for (const TermInfo& term : model_info("dermal").terms)
    if (term.name != "diffusion") config.disabled_terms.push_back(term.name);
  for (const char* field : {"pdgf", "fibroblasts"}) {
    InitialConfig cloud;
    cloud.field = field;
    cloud.shape = Shape::gaussian;
    cloud.center = {80, 90, 330};
    cloud.sigma = 60;
    cloud.value = field == std::string("pdgf") ? 10 : 3000;
    config.initial.push_back(cloud);
  }
  return config;
}

template <class Exec>
double remaining(const Config& config, const std::string& field) {
  Simulation<Exec> simulation(config);
  const int species = simulation.model().find_species(field);
  std::vector<double> values(simulation.grid().owned_count());
  simulation.copy(species, values.data());
  const double before = std::accumulate(values.begin(), values.end(), 0.0);
  simulation.advance_to(config.time.end);
  simulation.copy(species, values.data());
  return std::accumulate(values.begin(), values.end(), 0.0) / before;
}

template <class Exec>
struct DermalWalls : ::testing::Test {};
TYPED_TEST_SUITE(DermalWalls, Backends);

TYPED_TEST(DermalWalls, LetSignalsOut) {
  const double closed = remaining<TypeParam>(clouds(WallKind::no_flux, 100), "pdgf");
  EXPECT_NEAR(closed, 1, 1e-12);
  EXPECT_NEAR(remaining<TypeParam>(clouds(WallKind::robin, 0), "pdgf"), 1, 1e-12) << "k_b = 0 closes a robin wall";
  const double slow = remaining<TypeParam>(clouds(WallKind::robin, 100), "pdgf");
  const double fast = remaining<TypeParam>(clouds(WallKind::robin, 1e6), "pdgf");
  const double held = remaining<TypeParam>(clouds(WallKind::dirichlet, 100), "pdgf");
  // PDGF evens out over 300 um of open tissue within an hour, so about exp(-k_b t/300 um) = 0.72 stays; the cloud
  // begins at the wall, which costs a little more.
  EXPECT_GT(slow, 0.6);
  EXPECT_LT(slow, 0.8);
  EXPECT_LT(fast, 0.2);
  EXPECT_NEAR(fast, held, 0.01 * held) << "a fast robin wall is a dirichlet wall";
}

TYPED_TEST(DermalWalls, AreClosedToCells) {
  for (const WallKind wall : {WallKind::robin, WallKind::dirichlet})
    EXPECT_NEAR(remaining<TypeParam>(clouds(wall, 1e6), "fibroblasts"), 1, 1e-12);
}

}  // namespace
}  // namespace kollagen::test
