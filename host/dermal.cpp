#include "kollagen/model/dermal/dermal.hpp"

#include "kollagen/check.hpp"
#include "kollagen/column.hpp"

namespace kollagen {
namespace {

double inverse_or_zero(const double x) { return x > 0 ? 1 / x : 0; }

}  // namespace

const std::vector<SpeciesInfo>& Dermal::species() {
  static const std::vector<SpeciesInfo> table{
      {"platelets", "A", "1e9 mL^-1", Motion::none, nullptr, 1e-4,
       "Platelets in the clot that still hold their granules."},
      {"pdgf", "P", "ng/mL", Motion::signal, "D_P", 1e-3, "Platelet-derived growth factor, free."},
      {"tgf_beta_latent", "L", "ng/mL", Motion::signal, "D_L", 1e-3, "Latent TGF-beta1, free."},
      {"tgf_beta_bound", "Lb", "ng/mL", Motion::none, nullptr, 1e-3, "Latent TGF-beta1 bound to the clot."},
      {"tgf_beta", "T", "ng/mL", Motion::signal, "D_T", 1e-3, "Active TGF-beta1."},
      {"fgf2", "G", "ng/mL", Motion::signal, "D_G", 1e-3,
       "FGF-2, free and bound to heparan sulphate lumped."},
      {"fibroblasts", "F", "cells/mm^3", Motion::habitat, "D_F", 1, "Fibroblasts."},
      {"myofibroblasts", "N", "cells/mm^3", Motion::cell, "D_N", 1, "Myofibroblasts."},
      {"macrophages_m1", "M1", "cells/mm^3", Motion::cell, "D_M", 1, "Inflammatory macrophages."},
      {"macrophages_m2", "M2", "cells/mm^3", Motion::cell, "D_M", 1, "Reparative macrophages."},
      {"provisional_matrix", "B", "mg/mL", Motion::none, nullptr, 1e-3,
       "Fibrin and fibronectin of the clot."},
      {"collagen_iii", "C3", "mg/mL", Motion::none, nullptr, 1e-2, "Collagen type III.", true},
      {"collagen_i", "C1", "mg/mL", Motion::none, nullptr, 1e-2, "Collagen type I.", true},
      {"elastin", "E", "mg/mL", Motion::none, nullptr, 1e-3, "Elastin.", true},
      {"damage", "D", "1", Motion::none, nullptr, 1e-3,
       "Cell and matrix debris, 0 to 1, which drives inflammation."},
      {"mmp", "W", "ng/mL", Motion::signal, "D_W", 1,
       "Activity of matrix metalloproteinases, net of inhibitors."},
  };
  return table;
}

void Dermal::fill_site(const Column& column, const int k, double* site) const {
  namespace s = dermal::site;
  const double F0 = column.fibroblasts[k], C1_0 = column.collagen_i[k], C3_0 = column.collagen_iii[k];
  const double E_0 = column.elastin[k], T0 = column.tgf_active[k], C0 = C1_0 + C3_0;
  const double k_c = find_term<dermal::CollagenTurnover>(terms).first.k_c;
  const double k_E = find_term<dermal::ElastinTurnover>(terms).first.k_E;
  const double inv_F0 = inverse_or_zero(F0);
  site[s::habitat] = F0 > 0 ? 1 : 0;
  site[s::inv_F0] = inv_F0;
  site[s::vessels] = F0 > 0 ? column.vessels[k] : 0;
  site[s::hT0] = hill(T0, activations.KTc);
  site[s::hTN0] = hill2(T0, activations.KTN);
  site[s::inv_hTN_range] = 1 / (1 - site[s::hTN0]);
  site[s::inv_C0] = inverse_or_zero(C0);
  site[s::f3] = C3_0 * inverse_or_zero(C0);
  site[s::III_per_I] = C3_0 * inverse_or_zero(C1_0);
  site[s::matures] = C1_0 > 0 ? 1 : 0;
  site[s::synthesis] = k_c * C0 * inv_F0;
  site[s::elastin_gain] = 3 * k_E * E_0 * inv_F0;
  site[s::elastin_loss] = E_0 > 0 ? 2 * k_E * inv_F0 : 0;
}

HomeostasisParameters Dermal::homeostasis() const {
  const auto& secretion = find_term<dermal::LatentTgfFibroblast>(terms);
  const auto& latent_loss = find_term<dermal::LatentTgfLoss>(terms);
  const auto& activation = find_term<dermal::TgfActivation>(terms);
  const auto& active_loss = find_term<dermal::TgfClearance>(terms);
  HomeostasisParameters p{};
  p.D_L = diffusivity(L);
  p.D_T = diffusivity(T);
  p.s_TF = secretion.on * secretion.first.s_TF;
  p.lam_L = latent_loss.on * latent_loss.first.lam_L;
  p.k_a0 = activation.on * activations.k_a0;
  p.lam_T = active_loss.on * active_loss.first.lam_T;
  const bool nothing_active = p.s_TF * p.k_a0 == 0;
  if (p.s_TF > 0 && p.lam_L + p.k_a0 <= 0)
    throw InputError(
        "no steady state of intact skin: fibroblasts secrete latent TGF-beta (s_TF > 0) but nothing removes "
        "it; keep latent_tgf_loss with lam_L > 0 or tgf_activation with k_a0 > 0, or disable "
        "latent_tgf_fibroblast");
  if (!nothing_active && p.lam_T <= 0)
    throw InputError(
        "no steady state of intact skin: latent TGF-beta is activated (k_a0 > 0) but nothing removes the "
        "active form; keep tgf_clearance with lam_T > 0, or disable tgf_activation");
  if (nothing_active && p.lam_T <= 0) p.lam_T = 1;  // 0 over any loss is 0; 0 over 0 is not a number
  return p;
}

double Dermal::diffusivity(const int n) const {
  const auto value = [&]() -> double {
    switch (n) {
      case P:
        return transport.D_P;
      case L:
        return transport.D_L;
      case T:
        return transport.D_T;
      case G:
        return transport.D_G;
      case W:
        return transport.D_W;
      case F:
        return transport.D_F;
      case N:
        return transport.D_N;
      case M1:
      case M2:
        return transport.D_M;
      default:
        return 0;
    }
  };
  return transport.diffusion_on * value();
}

std::optional<ChemotaxisLaw> Dermal::chemotaxis() const {
  const double chi0 = transport.chemotaxis_on * transport.chi0;
  if (chi0 <= 0) return std::nullopt;
  ChemotaxisLaw law;
  law.species = F;
  law.attractant = P;
  law.crowd_a = F;
  law.crowd_b = N;
  law.sensitivity = chi0 / transport.K_c;
  law.inv_half = 1 / transport.K_c;
  law.inv_speed_cap2 = 1 / (transport.v_max * transport.v_max);
  law.crowding = transport.n_max;
  law.crowding_by_habitat = true;
  return law;
}

}  // namespace kollagen
