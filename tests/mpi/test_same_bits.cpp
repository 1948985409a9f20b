/// A study on several ranks gives the bits of the same study on one: fields, step sizes, rejected steps,
/// conserved totals. Every rank computes the whole study alone as well and compares its part.
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "host/simulation.hpp"
#include "support/backends.hpp"
#include "support/ranks.hpp"

namespace kollagen::test {
namespace {

Config study(const std::string& model, const IntegratorKind integrator) {
  Config config;
  config.title = "same bits";
  config.model = model;
  config.domain.cells = {17, 20, 21};
  config.domain.spacing = {20, 16, 14};
  for (int a = 0; a < 3; ++a) config.domain.size[a] = config.domain.cells[a] * config.domain.spacing[a];
  config.time.integrator = integrator;
  config.time.end = 2;
  return config;
}

void add_blob(Config& config, const std::string& field, const double value) {
  InitialConfig blob;
  blob.field = field;
  blob.shape = Shape::gaussian;
  for (int a = 0; a < 3; ++a) blob.center[a] = (0.3 + 0.15 * a) * config.domain.size[a];
  blob.sigma = 50;
  blob.value = value;
  config.initial.push_back(blob);
  InitialConfig ground = blob;
  ground.shape = Shape::uniform;
  ground.value = 0.1 * value;
  config.initial.push_back(ground);
}

/// Skin in layers with two treatments, the second one while the first still bleeds.
Config wound(const IntegratorKind integrator, const std::string& preset) {
  Config config = study("dermal", integrator);
  config.skin.preset = preset;
  config.domain.spacing[2] = 60;  // reaches through all layers of a face
  config.domain.size[2] = 60 * config.domain.cells[2];
  TreatmentConfig needles;
  needles.pattern = Pattern::stamp;
  needles.needles = {2, 1};
  needles.pitch = 150;
  needles.length = 700;
  needles.radius = 50;
  config.treatments.push_back(needles);
  needles.at = 0.01;
  needles.tilt = 0.2;
  config.treatments.push_back(needles);
  return config;
}

/// Advances `alone` on one rank and `together` on all of them side by side and compares after each step.
template <class Exec>
void expect_same_bits(const Config& config, const int steps) {
  const auto group = ranks();
  Simulation<Exec> alone(config), shared(config, Exec(), group);
  const Grid &whole = alone.grid(), &part = shared.grid();
  const auto compare = [&] {
    std::vector<double> a(std::size_t(whole.owned_count())), b(std::size_t(part.owned_count()));
    for (int n = 0; n < int(alone.model().species.size()); ++n) {
      alone.copy(n, a.data());
      shared.copy(n, b.data());
      std::size_t cell = 0;
      int wrong = 0;
      for (int k = 0; k < part.cells[2]; ++k)
        for (int j = 0; j < part.cells[1]; ++j)
          for (int i = 0; i < part.cells[0]; ++i, ++cell) {
            const std::size_t there =
                (std::size_t(part.first[2] + k) * whole.cells[1] + part.first[1] + j) * whole.cells[0] +
                part.first[0] + i;
            wrong += std::memcmp(&a[there], &b[cell], sizeof(double)) != 0;
          }
      ASSERT_EQ(wrong, 0) << alone.model().species[std::size_t(n)].name << " differs in " << wrong
                          << " cells at step " << alone.clock().step << ", time " << alone.clock().time
                          << " h";
    }
  };
  ASSERT_NO_FATAL_FAILURE(compare()) << "initial state";
  for (int s = 0; s < steps && !alone.finished(); ++s) {
    alone.step(config.time.end);
    shared.step(config.time.end);
    ASSERT_EQ(alone.clock().dt, shared.clock().dt) << "step " << s;
    ASSERT_EQ(alone.clock().time, shared.clock().time) << "step " << s;
    ASSERT_NO_FATAL_FAILURE(compare());
  }
  EXPECT_EQ(alone.integrator().statistics().rejected, shared.integrator().statistics().rejected);
  EXPECT_EQ(alone.integrator().statistics().corrections, shared.integrator().statistics().corrections);
  EXPECT_EQ(alone.treatments_done(), shared.treatments_done());
  for (int n = 0; n < int(alone.model().species.size()); ++n)
    EXPECT_EQ(alone.integrator().physics().total(alone.integrator().state(), n),
              shared.integrator().physics().total(shared.integrator().state(), n));
}

}  // namespace

template <class Exec>
struct SameBits : ::testing::Test {};
TYPED_TEST_SUITE(SameBits, Backends);

TYPED_TEST(SameBits, VerificationModels) {
  for (const IntegratorKind integrator : {IntegratorKind::imex, IntegratorKind::explicit_rk}) {
    for (const std::string model : {"linear", "fisher-kpp", "keller-segel", "gray-scott", "schnakenberg"}) {
      SCOPED_TRACE(model + (integrator == IntegratorKind::imex ? ", imex" : ", explicit"));
      Config config = study(model, integrator);
      add_blob(config, "u", 1);
      if (model != "fisher-kpp") add_blob(config, model == "keller-segel" ? "c" : "v", 0.5);
      expect_same_bits<TypeParam>(config, 6);
    }
  }
}

TYPED_TEST(SameBits, WallsOfAllKinds) {
  Config config = study("linear", IntegratorKind::imex);
  config.domain.walls = {WallKind::dirichlet, WallKind::robin,   WallKind::periodic,
                         WallKind::periodic,  WallKind::no_flux, WallKind::robin};
  config.boundary_values = {
      {"u", Face::x_min, 2, 0}, {"u", Face::x_max, 1, 400}, {"u", Face::z_max, 0.5, 90}};
  config.skin.layers = {{"a", 90, 1, 1, 1, 1, 0, 0.5}, {"b", 1000, 1, 1, 1, 1, 0, 2}};
  add_blob(config, "u", 1);
  SourceConfig source;
  source.field = "v";
  source.shape = Shape::point;
  for (int a = 0; a < 3; ++a) source.center[a] = 0.51 * config.domain.size[a];
  source.value = 3;
  config.sources.push_back(source);
  expect_same_bits<TypeParam>(config, 8);
}

TYPED_TEST(SameBits, WoundsInLayeredSkin) {
  expect_same_bits<TypeParam>(wound(IntegratorKind::imex, "face"), 40);
}

TYPED_TEST(SameBits, InMixedPrecision) {
  Config wounded = wound(IntegratorKind::imex, "face"), plain = study("linear", IntegratorKind::imex);
  wounded.time.precision = plain.time.precision = StatePrecision::mixed;
  add_blob(plain, "u", 1);
  expect_same_bits<TypeParam>(wounded, 40);
  expect_same_bits<TypeParam>(plain, 12);
}

TYPED_TEST(SameBits, WoundsWithTheExplicitIntegrator) {
  expect_same_bits<TypeParam>(wound(IntegratorKind::explicit_rk, "face"), 12);
}

TYPED_TEST(SameBits, LongStepsOfAHealingBlock) {
  Config config = wound(IntegratorKind::imex, "reticular");
  config.time.end = 24 * 20;
  config.treatments[1].at = 24;
  expect_same_bits<TypeParam>(config, 60);
}

}  // namespace kollagen::test
