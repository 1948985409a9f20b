/// The fields of the dermal model and the values that depend on depth only, as index lists.
#pragma once

#include "kollagen/types.hpp"

namespace kollagen::dermal {

/// Index of a species in every packed field; symbols as in docs/model.md.
enum Species : int {
  A,   ///< platelets that still hold their granules [1e9/mL]
  P,   ///< PDGF [ng/mL]
  L,   ///< latent TGF-beta1 [ng/mL]
  Lb,  ///< latent TGF-beta1 bound to the clot [ng/mL]
  T,   ///< active TGF-beta1 [ng/mL]
  G,   ///< FGF-2 [ng/mL]
  F,   ///< fibroblasts [cells/mm^3]
  N,   ///< myofibroblasts [cells/mm^3]
  M1,  ///< macrophages, inflammatory [cells/mm^3]
  M2,  ///< macrophages, reparative [cells/mm^3]
  B,   ///< provisional matrix, the clot [mg/mL]
  C3,  ///< collagen III [mg/mL]
  C1,  ///< collagen I [mg/mL]
  E,   ///< elastin [mg/mL]
  D,   ///< damage: debris [1]
  W,   ///< MMP activity [ng/mL]
};
inline constexpr int count = W + 1;

/// Values of one depth, computed on the host from the layer's baseline (Dermal::fill_site). A value whose
/// baseline is 0 in its denominator is 0, so that the term that uses it vanishes there.
namespace site {
enum Slot : int {
  habitat,        ///< [1] 1 where fibroblasts live, else 0
  inv_F0,         ///< [mm^3/cell] 1/F0
  vessels,        ///< [1] vessel density where fibroblasts live
  hT0,            ///< [1] h(T0; KTc)
  hTN0,           ///< [1] h2(T0; KTN)
  inv_hTN_range,  ///< [1] 1/(1 - hTN0)
  inv_C0,         ///< [mL/mg] 1/(C1_0 + C3_0)
  f3,             ///< [1] C3_0/C0
  III_per_I,      ///< [1] C3_0/C1_0
  matures,        ///< [1] 1 where C1_0 > 0, else 0
  synthesis,      ///< [mg/mL mm^3/(cell h)] 1e-6 sigma0 = k_c C0/F0
  elastin_gain,   ///< [mg/mL mm^3/(cell h)] 3 k_E E_0/F0
  elastin_loss,   ///< [mm^3/(cell h)] 2 k_E/F0
  count
};
}  // namespace site

inline constexpr Real second = 1.0 / 3600;  ///< [h]
inline constexpr Real day = 24;             ///< [h]
inline constexpr Real year = 365.25 * 24;   ///< [h]
inline constexpr Real ln2 = 0.69314718055994530942;

}  // namespace kollagen::dermal
