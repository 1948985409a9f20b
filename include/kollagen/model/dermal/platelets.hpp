/// Platelets and clot: the pulse of growth factors after a needling and the slow pool that follows.
#pragma once

#include "kollagen/model/dermal/activation.hpp"

namespace kollagen::dermal {

/// Platelets empty their granules into the clot within minutes.
struct PlateletRelease {
  static constexpr const char* name = "platelet_release";
  static constexpr const char* equation =
      "dA/dt -= k_deg A; dP/dt += q_P k_deg A; dL/dt += q_T (1 - f_b) k_deg A; dLb/dt += q_T f_b k_deg A; "
      "dG/dt += q_G k_deg A";
  static constexpr const char* doc =
      "Degranulation of the first order; a share f_b of the TGF-beta stays bound to the clot.";
  Real k_deg = 7.2;
  Real q_P = 83;
  Real q_T = 120;
  Real f_b = 0.5;
  Real q_G = 0.2;

  template <class V>
  void visit(V&& v) {
    v("k_deg", k_deg, "1/h", 0, 100, "release rate of platelet granules",
      "[M] Marx 2004: 70 % within 10 min; three kinetic classes, Jonnalagadda 2012 [R]; 2-20 plausible");
    v("q_P", q_P, "1e-9 ng", 0, 1000, "PDGF per platelet",
      "[R] Weibrich: 117 ng/mL of PDGF-AB at 1.41e9/mL; serum level agrees (Bowen-Pope 1984 [R]); 50-130");
    v("q_T", q_T, "1e-9 ng", 0, 1000, "TGF-beta1 per platelet, released latent",
      "[R] Weibrich: 169 ng/mL at 1.41e9/mL; over 95 % latent, Grainger 1995; 60-180");
    v("f_b", f_b, "1", 0, 1, "share of the released TGF-beta1 that stays bound to the clot",
      "[A] two pools after Grainger 1995 [R]; 0.2-0.8 plausible");
    v("q_G", q_G, "1e-9 ng", 0, 100, "FGF-2 per platelet", "[A] platelets hold little FGF-2; 0.02-1");
  }
  template <class C, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const C& c, R& r) const {
    r.lose(A, k_deg);
    r.gain(P, q_P * k_deg * c.A);
    r.gain(L, q_T * (1 - f_b) * k_deg * c.A);
    r.gain(Lb, q_T * f_b * k_deg * c.A);
    r.gain(G, q_G * k_deg * c.A);
  }
};

/// TGF-beta bound to the clot becomes free and partly active as the clot is removed.
struct ClotTgfRelease {
  static constexpr const char* name = "clot_tgf_release";
  static constexpr const char* equation = "dLb/dt -= rho_B Lb; dT/dt += y_b rho_B Lb";
  static constexpr const char* doc = "Slow release of TGF-beta from the dissolving clot.";
  Real y_b = 0.5;

  template <class V>
  void visit(V&& v) {
    v("y_b", y_b, "1", 0, 1, "share of the clot-bound TGF-beta that becomes active when set free",
      "[A] Grainger 1995 [R] for the pool; 0.2-0.8 plausible");
  }
  template <class C, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const C& c, R& r) const {
    r.lose(Lb, c.rho_B);
    r.gain(T, y_b * c.rho_B * c.Lb);
  }
};

/// Fibrinolysis and phagocytosis of the clot; its rate rho_B belongs to the activations.
struct ClotClearance {
  static constexpr const char* name = "clot_clearance";
  static constexpr const char* equation = "dB/dt -= rho_B B, rho_B = k_B0 + k_BM M/M_ref + k_BF n/n_ref";
  static constexpr const char* doc =
      "Removal of the provisional matrix by plasmin, macrophages and fibroblasts.";

  template <class V>
  void visit(V&&) {}
  template <class C, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const C& c, R& r) const {
    r.lose(B, c.rho_B);
  }
};

/// Debris is cleared within days, faster with macrophages.
struct DebrisClearance {
  static constexpr const char* name = "debris_clearance";
  static constexpr const char* equation = "dD/dt -= (k_D0 + k_DM M/M_ref) D";
  static constexpr const char* doc = "Removal of cell and matrix debris, which drives inflammation.";
  Real k_D0 = 0.05 / day;
  Real k_DM = 0.35 / day;

  template <class V>
  void visit(V&& v) {
    v("k_D0", k_D0, "1/h", 0, 1, "clearance of debris without macrophages", "[C] factor 2 either way");
    v("k_DM", k_DM, "1/h", 0, 1, "clearance of debris by macrophages at M_ref", "[C] factor 2 either way");
  }
  template <class C, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const C& c, R& r) const {
    r.lose(D, k_D0 + k_DM * c.M_rel);
  }
};

}  // namespace kollagen::dermal
