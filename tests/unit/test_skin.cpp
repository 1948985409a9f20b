/// Layers of skin and the homeostatic profiles that the discrete model rests on.
#include <gtest/gtest.h>

#include <cmath>

#include "kollagen/check.hpp"
#include "kollagen/column.hpp"

namespace kollagen {
namespace {

/// Nominal values of the dermal model, in um, h and ng/mL.
constexpr HomeostasisParameters nominal{36000, 10800, 0.004 / 24, 0.46, 0.01, 0.625};

SkinConfig skin(const std::string& preset, const std::vector<LayerConfig>& layers = {}) {
  SkinConfig result;
  result.preset = preset;
  result.layers = layers;
  return result;
}

LayerConfig own_layer(const std::string& name, const double thickness, const double fibroblasts,
                      const double diffusivity) {
  LayerConfig layer;
  layer.name = name;
  layer.thickness = thickness;
  layer.collagen_i = layer.collagen_iii = layer.elastin = layer.vessels = 0;
  layer.fibroblasts = fibroblasts;
  layer.diffusivity = diffusivity;
  return layer;
}

template <class F>
std::string input_error_of(F&& f) {
  try {
    f();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no InputError";
}

/// Flux into cell k from its neighbours over dz, per volume [u/h], and the magnitudes that went into it.
struct Balance {
  double sum = 0, magnitude = 0;
  void add(const double x) {
    sum += x;
    magnitude += std::abs(x);
  }
};

double harmonic(const double a, const double b) { return a > 0 && b > 0 ? 2 / (1 / a + 1 / b) : 0; }

/// Largest residual of  div(D m grad u) + source - loss u  over the sum of magnitudes of its terms.
double worst_residual(const std::vector<double>& u, const std::vector<double>& multiplier, const double dz,
                      const double diffusivity, const std::vector<double>& source, const double loss) {
  double worst = 0;
  for (int k = 0; k < int(u.size()); ++k) {
    if (multiplier[k] == 0) continue;
    Balance b;
    for (const int n : {k - 1, k + 1}) {
      if (n < 0 || n >= int(u.size())) continue;
      const double w = harmonic(multiplier[k] * diffusivity, multiplier[n] * diffusivity) / (dz * dz);
      b.add(w * u[n]);
      b.add(-w * u[k]);
    }
    b.add(source[k]);
    b.add(-loss * u[k]);
    worst = std::max(worst, std::abs(b.sum) / b.magnitude);
  }
  return worst;
}

TEST(Skin, FaceHasTheLayersOfTheTable) {
  const std::vector<Layer> layers = resolve_layers(skin("face"), 2000);
  ASSERT_EQ(layers.size(), 5u);
  const char* names[] = {"stratum_corneum", "epidermis", "papillary", "reticular", "subcutis"};
  const double tops[] = {0, 15, 100, 350, 1500, 2000};
  const double fibroblasts[] = {0, 0, 3500, 2500, 500};
  const double diffusivity[] = {0, 0.3, 1, 0.7, 1};
  for (int n = 0; n < 5; ++n) {
    EXPECT_EQ(layers[n].name, names[n]);
    EXPECT_EQ(layers[n].top, tops[n]) << names[n];
    EXPECT_EQ(layers[n].bottom, tops[n + 1]) << names[n];
    EXPECT_EQ(layers[n].fibroblasts, fibroblasts[n]) << names[n];
    EXPECT_EQ(layers[n].diffusivity, diffusivity[n]) << names[n];
  }
  EXPECT_EQ(layers[2].collagen_i, 95);
  EXPECT_EQ(layers[2].collagen_iii, 30);
  EXPECT_EQ(layers[2].elastin, 4);
  EXPECT_EQ(layers[3].collagen_i, 190);
  EXPECT_EQ(layers[3].collagen_iii, 38);
  EXPECT_EQ(layers[3].elastin, 8);
  EXPECT_EQ(layers[4].vessels, 0.3);
}

TEST(Skin, OtherSitesHaveThickerDermis) {
  const double face = resolve_layers(skin("face"), 9000)[4].top;
  const double forearm = resolve_layers(skin("forearm"), 9000)[4].top;
  const double back = resolve_layers(skin("back"), 9000)[4].top;
  EXPECT_GE(forearm - 100, 2100) << "dermis outside the face: 2.1 to 5.9 mm";
  EXPECT_LE(back - 100, 5900);
  EXPECT_LT(face, forearm);
  EXPECT_LT(forearm, back);
}

TEST(Skin, ACellBelongsToTheLayerOfItsCentre) {
  // Centres at 5, 15, 25 ...: 15 lies on a boundary and belongs to the deeper layer, as do 345 and 355 to
  // the two sides of 350.
  const Column column = make_column(skin("face"), 160, 10, nominal);
  ASSERT_EQ(column.cells(), 160);
  EXPECT_EQ(column.layer[0], 0);
  EXPECT_EQ(column.layer[1], 1);
  EXPECT_EQ(column.layer[34], 2);
  EXPECT_EQ(column.layer[35], 3);
  EXPECT_EQ(column.fibroblasts[34], 3500);
  EXPECT_EQ(column.fibroblasts[35], 2500);
  EXPECT_EQ(column.collagen_i[159], 20);
  EXPECT_EQ(column.first_vessel, 100);
  EXPECT_FALSE(column.uniform_block);
}

TEST(Skin, ASpacingThatLostAnUlpInItsUnitsKeepsTheLayers) {
  const Column exact = make_column(skin("face"), 160, 10, nominal);
  const Column below = make_column(skin("face"), 160, std::nextafter(10.0, 0), nominal);
  EXPECT_EQ(exact.layer, below.layer);
}

TEST(Skin, TheLastLayerReachesTheBottomAndDeeperOnesAreLeftOut) {
  const std::vector<Layer> shallow = resolve_layers(skin("face"), 300);
  ASSERT_EQ(shallow.size(), 3u);
  EXPECT_EQ(shallow.back().name, "papillary");
  EXPECT_EQ(shallow.back().bottom, 300);
}

TEST(Skin, BlocksAreUniformAndBleedFromTheTop) {
  const Column papillary = make_column(skin("papillary"), 7, 11, nominal);
  const Column reticular = make_column(skin("reticular"), 7, 11, nominal);
  EXPECT_TRUE(papillary.uniform_block);
  EXPECT_EQ(papillary.first_vessel, 0);
  EXPECT_EQ(reticular.diffusivity[3], 1) << "not the 0.7 of the layer in layered skin";
  // Nominal values of the uniform reticular block: L0 0.887, T0 0.0142 ng/mL, given to three digits.
  for (int k = 0; k < 7; ++k) {
    EXPECT_EQ(papillary.fibroblasts[k], 3500);
    EXPECT_EQ(reticular.collagen_i[k], 190);
    EXPECT_NEAR(reticular.tgf_latent[k], 0.887, 0.0005);
    EXPECT_NEAR(reticular.tgf_active[k], 0.0142, 0.00005);
    EXPECT_EQ(reticular.tgf_latent[k], nominal.s_TF * 2500 / (nominal.lam_L + nominal.k_a0));
    EXPECT_EQ(reticular.tgf_active[k], nominal.k_a0 * reticular.tgf_latent[k] / nominal.lam_T);
  }
}

TEST(Skin, HomeostaticProfilesBalanceInEveryCell) {
  // Round-off of the five terms of a row: each is known to about 2 ulp (4e-16).
  for (const std::string& preset : skin_presets())
    for (const double dz : {10.0, 7.3, 31.0}) {
      const int nz = int(1900 / dz);
      const Column c = make_column(skin(preset), nz, dz, nominal);
      std::vector<double> source(nz);
      for (int k = 0; k < nz; ++k) source[k] = nominal.s_TF * c.fibroblasts[k];
      EXPECT_LT(
          worst_residual(c.tgf_latent, c.diffusivity, dz, nominal.D_L, source, nominal.lam_L + nominal.k_a0),
          1e-14)
          << preset << ", dz " << dz;
      for (int k = 0; k < nz; ++k) source[k] = nominal.k_a0 * c.tgf_latent[k];
      EXPECT_LT(worst_residual(c.tgf_active, c.diffusivity, dz, nominal.D_T, source, nominal.lam_T), 1e-14)
          << preset << ", dz " << dz;
    }
}

TEST(Skin, HomeostaticTotalsBalanceThroughClosedWalls) {
  const Column c = make_column(skin("face"), 170, 10, nominal);
  double made = 0, lost = 0, activated = 0, cleared = 0;
  for (int k = 0; k < c.cells(); ++k) {
    made += nominal.s_TF * c.fibroblasts[k];
    lost += (nominal.lam_L + nominal.k_a0) * c.tgf_latent[k];
    activated += nominal.k_a0 * c.tgf_latent[k];
    cleared += nominal.lam_T * c.tgf_active[k];
    if (c.diffusivity[k] == 0) {
      EXPECT_EQ(c.tgf_latent[k], 0);
      EXPECT_EQ(c.tgf_active[k], 0);
    } else {
      EXPECT_GT(c.tgf_latent[k], 0) << "signals reach the epidermis, cell " << k;
    }
  }
  EXPECT_NEAR(lost / made, 1, 1e-13);
  EXPECT_NEAR(cleared / activated, 1, 1e-13);
}

TEST(Skin, ProfileAtAnEdgeOfTheSourceIsTheExactExponential) {
  // Sources below z = 3000 um only, in one medium: L = L_inf/2 exp(-(3000 - z)/l) above, l = sqrt(D/lam) =
  // 277 um. The scheme is second order: its error here is below (dz/l)^2 = 1.3e-3 relative.
  const Column c = make_column(
      skin("face", {own_layer("bare", 3000, 0, 1), own_layer("living", 3000, 2500, 1)}), 600, 10, nominal);
  const double rate = nominal.lam_L + nominal.k_a0;
  const double infinite = nominal.s_TF * 2500 / rate, length = std::sqrt(nominal.D_L / rate);
  for (const int k : {299, 290, 260}) {
    const double z = (k + 0.5) * 10;
    const double exact = infinite / 2 * std::exp(-(3000 - z) / length);
    EXPECT_NEAR(c.tgf_latent[k] / exact, 1, 1.3e-3) << "z " << z;
    EXPECT_NEAR((infinite - c.tgf_latent[599 - k]) / exact, 1, 1.3e-3) << "mirrored about the edge, z " << z;
  }
}

TEST(Skin, ACellThatSignalsCannotEnterTakesNoPart) {
  const Column c = make_column(skin("face", {own_layer("top", 100, 2500, 1), own_layer("wall", 50, 2500, 0),
                                             own_layer("deep", 100, 0, 1)}),
                               25, 10, nominal);
  for (int k = 10; k < 25; ++k) EXPECT_EQ(c.tgf_latent[k], 0) << "cell " << k;
  const double alone = nominal.s_TF * 2500 / (nominal.lam_L + nominal.k_a0);
  for (int k = 0; k < 10; ++k) EXPECT_NEAR(c.tgf_latent[k] / alone, 1, 1e-13) << "cell " << k;
}

TEST(Skin, ASourceNeedsALoss) {
  const auto error_of = [](const HomeostasisParameters& p) {
    return input_error_of([&] { make_column(skin("reticular"), 4, 10, p); });
  };
  HomeostasisParameters p = nominal;
  p.lam_T = 0;
  EXPECT_NE(error_of(p).find("lam_T is 0"), std::string::npos) << error_of(p);
  p.k_a0 = 0;
  EXPECT_EQ(make_column(skin("reticular"), 4, 10, p).tgf_active[2], 0) << "nothing is activated";
  p.lam_L = 0;
  EXPECT_NE(error_of(p).find("lam_L + k_a0 is 0"), std::string::npos) << error_of(p);
  p.s_TF = 0;
  EXPECT_EQ(make_column(skin("reticular"), 4, 10, p).tgf_latent[2], 0)
      << "models without TGF-beta pass zeros";
}

TEST(Skin, OverridesReplaceOnlyWhatTheyName) {
  LayerConfig papillary;
  papillary.name = "papillary";
  papillary.fibroblasts = 1700;
  LayerConfig epidermis;
  epidermis.name = "epidermis";
  epidermis.thickness = 55;
  const std::vector<Layer> layers = resolve_layers(skin("face", {papillary, epidermis}), 2000);
  ASSERT_EQ(layers.size(), 5u);
  EXPECT_EQ(layers[2].fibroblasts, 1700);
  EXPECT_EQ(layers[2].collagen_i, 95);
  EXPECT_EQ(layers[2].top, 70);
  EXPECT_EQ(layers[3].top, 320);
  EXPECT_EQ(make_column(skin("face", {papillary, epidermis}), 200, 10, nominal).first_vessel, 70);
}

TEST(Skin, AThicknessOfZeroTakesALayerAway) {
  LayerConfig corneum;
  corneum.name = "stratum_corneum";
  corneum.thickness = 0;
  const std::vector<Layer> layers = resolve_layers(skin("face", {corneum}), 2000);
  ASSERT_EQ(layers.size(), 4u);
  EXPECT_EQ(layers[0].name, "epidermis");
  EXPECT_EQ(layers[0].top, 0);
}

TEST(Skin, OwnLayersReplaceThePresetInTheirOrder) {
  LayerConfig gel;
  gel.name = "gel";
  gel.thickness = 100;
  gel.diffusivity = 5;
  LayerConfig water;
  water.name = "water";
  water.thickness = 1000;
  LayerConfig reticular;  // a layer of the preset among one's own keeps the preset's values
  reticular.name = "reticular";
  const std::vector<Layer> layers = resolve_layers(skin("face", {gel, water, reticular}), 2000);
  ASSERT_EQ(layers.size(), 3u);
  EXPECT_EQ(layers[0].name, "gel");
  EXPECT_EQ(layers[0].diffusivity, 5);
  EXPECT_EQ(layers[0].fibroblasts, 0);
  EXPECT_EQ(layers[1].diffusivity, 1);
  EXPECT_EQ(layers[1].top, 100);
  EXPECT_EQ(layers[2].fibroblasts, 2500);
  EXPECT_EQ(layers[2].bottom, 2000);
  const Column column = make_column(skin("reticular", {gel, water}), 20, 55, nominal);
  EXPECT_FALSE(column.uniform_block);
  EXPECT_EQ(column.first_vessel, 1100) << "no layer has vessels: nothing bleeds";
}

TEST(Skin, MistakesAreNamed) {
  const auto error_of = [](const SkinConfig& config, const double depth) {
    return input_error_of([&] { resolve_layers(config, depth); });
  };
  const std::string preset = error_of(skin("fase"), 1000);
  EXPECT_NE(preset.find("'fase'"), std::string::npos) << preset;
  EXPECT_NE(preset.find("face, forearm, back, papillary, reticular"), std::string::npos) << preset;

  LayerConfig misspelt;
  misspelt.name = "papilary";
  misspelt.fibroblasts = 3000;
  const std::string name = error_of(skin("face", {misspelt}), 1000);
  EXPECT_NE(name.find("'papilary'"), std::string::npos) << name;
  EXPECT_NE(name.find("epidermis, papillary, reticular"), std::string::npos) << name;
  EXPECT_NE(name.find("lacks thickness, collagen_i, collagen_iii, elastin, vessels"), std::string::npos)
      << name;

  misspelt.thickness = 100;
  EXPECT_NE(error_of(skin("face", {misspelt}), 1000).find("lacks collagen_i"), std::string::npos);

  LayerConfig layer = own_layer("a", 10, 0, 1);
  EXPECT_NE(error_of(skin("face", {layer, layer}), 1000).find("given twice"), std::string::npos);
  layer.thickness = -1;
  EXPECT_NE(error_of(skin("face", {layer}), 1000).find("thickness of -1 um"), std::string::npos);
  layer.thickness = std::nan("");
  EXPECT_NE(error_of(skin("face", {layer}), 1000).find("thickness of nan um"), std::string::npos);
  layer.thickness = 0;
  EXPECT_NE(error_of(skin("face", {layer}), 1000).find("every layer has thickness 0"), std::string::npos);
  EXPECT_NE(error_of(skin("face"), 0).find("a depth of 0 um"), std::string::npos);
}

}  // namespace
}  // namespace kollagen
