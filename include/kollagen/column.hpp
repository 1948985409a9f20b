/// What depends on depth only: layers, their baseline and the homeostatic signals, one value per cell along
/// z.
#pragma once

#include <string>
#include <vector>

#include "kollagen/config.hpp"

namespace kollagen {

/// A resolved layer: [top, bottom) in um and its baseline (docs/skin_and_needles.md).
struct Layer {
  std::string name;
  double top = 0, bottom = 0;  ///< [um]
  double collagen_i = 0;       ///< [mg/mL]
  double collagen_iii = 0;     ///< [mg/mL]
  double elastin = 0;          ///< [mg/mL]
  double fibroblasts = 0;      ///< [cells/mm^3]
  double vessels = 0;          ///< [1]
  double diffusivity = 1;      ///< [1] multiplier of every diffusivity
};

/// The layers sampled on the cells along z; index k is the global cell index.
struct Column {
  std::vector<Layer> layers;
  bool uniform_block = false;        ///< papillary or reticular: no surface, the clot fills the whole track
  double first_vessel = 0;           ///< [um] a track bleeds below it: top of the first layer with vessels
  std::vector<int> layer;            ///< index into `layers`
  std::vector<double> diffusivity;   ///< [1]
  std::vector<double> fibroblasts;   ///< F0 [cells/mm^3]
  std::vector<double> collagen_i;    ///< C1_0 [mg/mL]
  std::vector<double> collagen_iii;  ///< C3_0 [mg/mL]
  std::vector<double> elastin;       ///< E_0 [mg/mL]
  std::vector<double> vessels;       ///< v [1]
  std::vector<double> tgf_latent;    ///< L0 [ng/mL], discrete homeostasis
  std::vector<double> tgf_active;    ///< T0 [ng/mL], discrete homeostasis
  int cells() const { return int(layer.size()); }
};

/// Names of the presets: face, forearm, back, papillary, reticular.
const std::vector<std::string>& skin_presets();

/// Resolves preset and overrides into layers covering [0, depth_um). Names of the preset override its values;
/// as soon as one name is new, the listed layers are the whole skin. Throws InputError when the preset is
/// unknown, a new layer lacks a value, a name is given twice, or thicknesses are negative or leave nothing to
/// cover.
std::vector<Layer> resolve_layers(const SkinConfig& skin, double depth_um);

/// Parameters that the homeostatic signals depend on, internal units.
struct HomeostasisParameters {
  double D_L, D_T;  ///< [um^2/h]
  double s_TF;      ///< [pg/(cell h)]
  double lam_L;     ///< [1/h]
  double k_a0;      ///< [1/h]
  double lam_T;     ///< [1/h]
};

/// Samples the layers on nz cells of spacing dz [um] (a cell belongs to the layer that holds its centre) and
/// solves the two tridiagonal systems for L0 and T0: flux-free walls, harmonic face means
/// (docs/skin_and_needles.md). A centre within 1e-9 dz of a boundary counts as being on it. Throws InputError
/// like resolve_layers, and when a signal has a source but no loss.
Column make_column(const SkinConfig& skin, int nz, double dz, const HomeostasisParameters& p);

}  // namespace kollagen
