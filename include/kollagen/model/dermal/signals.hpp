/// Sources and losses of the diffusing signals: PDGF, latent and active TGF-beta, FGF-2, MMP.
#pragma once

#include "kollagen/model/dermal/activation.hpp"

namespace kollagen::dermal {

struct PdgfClearance {
  static constexpr const char* name = "pdgf_clearance";
  static constexpr const char* equation = "dP/dt -= lam_P P";
  static constexpr const char* doc = "Loss of PDGF to proteolysis and lymph.";
  Real lam_P = 0.2;

  template <class V>
  void visit(V&& v) {
    v("lam_P", lam_P, "1/h", 0, 100, "loss of PDGF in tissue",
      "[A] 0.05-1 plausible; the plasma half-life of 2 min [R] is clearance by organs, not by tissue");
  }
  template <class C, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const C&, R& r) const {
    r.lose(P, lam_P);
  }
};

struct PdgfUptake {
  static constexpr const char* name = "pdgf_uptake";
  static constexpr const char* equation = "dP/dt -= u_P n P/(K_P + P)";
  static constexpr const char* doc =
      "Saturable uptake of PDGF by the receptors of fibroblasts and myofibroblasts.";
  Real u_P = 2e-3;

  template <class V>
  void visit(V&& v) {
    v("u_P", u_P, "pg/(cell h)", 0, 1, "largest PDGF uptake of a cell",
      "[A] about 1e5 receptors times their turnover, form of Haugh 2006; 5e-4 to 8e-3 plausible");
  }
  template <class C, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const C& c, R& r) const {
    r.lose(P, u_P * c.n * c.free_P);
  }
};

struct MacrophagePdgf {
  static constexpr const char* name = "macrophage_pdgf";
  static constexpr const char* equation = "dP/dt += s_PM (M1 + M2)";
  static constexpr const char* doc = "Macrophages carry the PDGF signal after the first day.";
  Real s_PM = 0.004;

  template <class V>
  void visit(V&& v) {
    v("s_PM", s_PM, "pg/(cell h)", 0, 1, "PDGF secreted by a macrophage", "[C] 0.001-0.02 plausible");
  }
  template <class C, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const C& c, R& r) const {
    r.gain(P, s_PM * c.M);
  }
};

struct LatentTgfMacrophage {
  static constexpr const char* name = "latent_tgf_macrophage";
  static constexpr const char* equation = "dL/dt += s_TM (M1 + M2)";
  static constexpr const char* doc = "Macrophages secrete latent TGF-beta.";
  Real s_TM = 0.07 / day;

  template <class V>
  void visit(V&& v) {
    v("s_TM", s_TM, "pg/(cell h)", 0, 1, "latent TGF-beta secreted by a macrophage",
      "[R] Jin 2011: 0.07 pg/day; factor 5 either way");
  }
  template <class C, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const C& c, R& r) const {
    r.gain(L, s_TM * c.M);
  }
};

struct LatentTgfFibroblast {
  static constexpr const char* name = "latent_tgf_fibroblast";
  static constexpr const char* equation = "dL/dt += s_TF F";
  static constexpr const char* doc =
      "Fibroblasts secrete latent TGF-beta; this sets the baseline of intact skin.";
  Real s_TF = 0.004 / day;

  template <class V>
  void visit(V&& v) {
    v("s_TF", s_TF, "pg/(cell h)", 0, 1, "latent TGF-beta secreted by a fibroblast",
      "[R] Jin 2011: 0.004 pg/day; factor 5 either way");
  }
  template <class C, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const C& c, R& r) const {
    r.gain(L, s_TF * c.F);
  }
};

struct LatentTgfMyofibroblast {
  static constexpr const char* name = "latent_tgf_myofibroblast";
  static constexpr const char* equation = "dL/dt += s_TN N";
  static constexpr const char* doc = "Myofibroblasts secrete latent TGF-beta: the loop behind fibrosis.";
  Real s_TN = 7e-4;

  template <class V>
  void visit(V&& v) {
    v("s_TN", s_TN, "pg/(cell h)", 0, 1, "latent TGF-beta secreted by a myofibroblast",
      "[C] 2e-4 to 3e-3 plausible");
  }
  template <class C, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const C& c, R& r) const {
    r.gain(L, s_TN * c.N);
  }
};

struct LatentTgfLoss {
  static constexpr const char* name = "latent_tgf_loss";
  static constexpr const char* equation = "dL/dt -= lam_L L";
  static constexpr const char* doc = "Loss of latent TGF-beta other than by activation.";
  Real lam_L = 0.46;

  template <class V>
  void visit(V&& v) {
    v("lam_L", lam_L, "1/h", 0, 100, "loss of latent TGF-beta in tissue",
      "[M] Wakefield 1990: half-life 1.5 h; 0.3-0.7 plausible");
  }
  template <class C, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const C&, R& r) const {
    r.lose(L, lam_L);
  }
};

/// Its rate k_a belongs to the activations.
struct TgfActivation {
  static constexpr const char* name = "tgf_activation";
  static constexpr const char* equation = "dL/dt -= k_a L; dT/dt += k_a L, k_a = k_a0 + k_a1 W/(K_Wa + W)";
  static constexpr const char* doc = "Proteases turn latent into active TGF-beta.";

  template <class V>
  void visit(V&&) {}
  template <class C, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const C& c, R& r) const {
    r.lose(L, c.k_a);
    r.gain(T, c.k_a * c.L);
  }
};

struct TgfClearance {
  static constexpr const char* name = "tgf_clearance";
  static constexpr const char* equation = "dT/dt -= lam_T T";
  static constexpr const char* doc = "Loss of active TGF-beta.";
  Real lam_T = 0.625;

  template <class V>
  void visit(V&& v) {
    v("lam_T", lam_T, "1/h", 0, 100, "loss of active TGF-beta in tissue",
      "[R] Jin 2011: 15 per day; 0.3-20 plausible; the plasma half-life of 2-3 min [M] is not that of "
      "tissue");
  }
  template <class C, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const C&, R& r) const {
    r.lose(T, lam_T);
  }
};

struct FgfDamage {
  static constexpr const char* name = "fgf_damage";
  static constexpr const char* equation = "dG/dt += s_GD D";
  static constexpr const char* doc = "Damaged cells and matrix set FGF-2 free.";
  Real s_GD = 0.02;

  template <class V>
  void visit(V&& v) {
    v("s_GD", s_GD, "ng/mL/h", 0, 100, "FGF-2 set free by damage of 1",
      "[C] against wound fluid, 0.22 rising to 3.6 ng/mL [R]; factor 3 either way");
  }
  template <class C, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const C& c, R& r) const {
    r.gain(G, s_GD * c.D);
  }
};

struct FgfMacrophage {
  static constexpr const char* name = "fgf_macrophage";
  static constexpr const char* equation = "dG/dt += s_GM (M1 + M2)";
  static constexpr const char* doc = "Macrophages secrete FGF-2.";
  Real s_GM = 2e-4;

  template <class V>
  void visit(V&& v) {
    v("s_GM", s_GM, "pg/(cell h)", 0, 1, "FGF-2 secreted by a macrophage",
      "[C] against wound fluid; factor 3 either way");
  }
  template <class C, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const C& c, R& r) const {
    r.gain(G, s_GM * c.M);
  }
};

struct FgfFibroblast {
  static constexpr const char* name = "fgf_fibroblast";
  static constexpr const char* equation = "dG/dt += s_GF F hT";
  static constexpr const char* doc = "TGF-beta above its baseline makes fibroblasts secrete FGF-2.";
  Real s_GF = 6e-6;

  template <class V>
  void visit(V&& v) {
    v("s_GF", s_GF, "pg/(cell h)", 0, 1, "FGF-2 secreted by a fibroblast at full TGF-beta",
      "[C] against wound fluid; factor 3 either way");
  }
  template <class C, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const C& c, R& r) const {
    r.gain(G, s_GF * c.F * c.hT);
  }
};

struct FgfClearance {
  static constexpr const char* name = "fgf_clearance";
  static constexpr const char* equation = "dG/dt -= lam_G G";
  static constexpr const char* doc = "Loss of FGF-2, free and bound to heparan sulphate lumped.";
  Real lam_G = 0.1;

  template <class V>
  void visit(V&& v) {
    v("lam_G", lam_G, "1/h", 0, 100, "loss of FGF-2 in tissue", "[C] factor 3 either way");
  }
  template <class C, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const C&, R& r) const {
    r.lose(G, lam_G);
  }
};

struct MmpMacrophage {
  static constexpr const char* name = "mmp_macrophage";
  static constexpr const char* equation = "dW/dt += s_W1 M1 + s_W2 M2";
  static constexpr const char* doc = "Macrophages secrete MMP, the inflammatory ones most.";
  Real s_W1 = 3 / day;
  Real s_W2 = 0.5 / day;

  template <class V>
  void visit(V&& v) {
    v("s_W1", s_W1, "pg/(cell h)", 0, 10, "net MMP secreted by an inflammatory macrophage",
      "[R] Jin 2011: 3 pg/day; factor 3 either way");
    v("s_W2", s_W2, "pg/(cell h)", 0, 10, "net MMP secreted by a reparative macrophage",
      "[A] 0.5 pg/day; factor 3 either way");
  }
  template <class C, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const C& c, R& r) const {
    r.gain(W, s_W1 * c.M1 + s_W2 * c.M2);
  }
};

struct MmpFibroblast {
  static constexpr const char* name = "mmp_fibroblast";
  static constexpr const char* equation = "dW/dt += s_WF n g";
  static constexpr const char* doc = "Mitogens make fibroblasts and myofibroblasts secrete MMP.";
  Real s_WF = 0.02 / day;

  template <class V>
  void visit(V&& v) {
    v("s_WF", s_WF, "pg/(cell h)", 0, 10, "net MMP secreted by a fibroblast at full mitogen signal",
      "[A] 0.02 pg/day; factor 3 either way");
  }
  template <class C, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const C& c, R& r) const {
    r.gain(W, s_WF * c.n * c.g);
  }
};

struct MmpClearance {
  static constexpr const char* name = "mmp_clearance";
  static constexpr const char* equation = "dW/dt -= lam_W W";
  static constexpr const char* doc = "Loss and inhibition of MMP.";
  Real lam_W = 0.875 / day;

  template <class V>
  void visit(V&& v) {
    v("lam_W", lam_W, "1/h", 0, 100, "loss of MMP activity",
      "[R] Jin 2011: 0.875 per day; factor 3 either way");
  }
  template <class C, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const C&, R& r) const {
    r.lose(W, lam_W);
  }
};

}  // namespace kollagen::dermal
