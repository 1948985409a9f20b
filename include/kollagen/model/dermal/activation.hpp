/// What several terms share: how strongly signals, cells and proteases act in a cell, evaluated once.
#pragma once

#include "kollagen/model/dermal/species.hpp"
#include "kollagen/model/rates.hpp"

namespace kollagen::dermal {

/// One cell as the terms see it: its state by symbol, its depth, and the shared activations. V: Real, or Single.
template <class V>
struct Cell {
  V A, P, L, Lb, T, G, F, N, M1, M2, B, C3, C1, E, D, W;  ///< units as in Species
  const V* site;                                          ///< values of this depth, by site::Slot
  V n;                                                    ///< [cells/mm^3] F + N
  V M;                                                    ///< [cells/mm^3] M1 + M2
  V M_rel;                                                ///< [1] M/M_ref
  V free_P;                                               ///< [mL/ng] 1/(K_P + P)
  V hP;                                                   ///< [1] h(P; K_P)
  V g;                                                    ///< [1] joint mitogen signal of PDGF and FGF-2
  V hT;     ///< [1] activation of synthesis by TGF-beta above its baseline
  V hTN;    ///< [1] activation of the transition to myofibroblasts, 0 at baseline, 1 at saturation
  V hW;     ///< [1] h(W; K_W), matrix degradation
  V k_a;    ///< [1/h] activation of latent TGF-beta
  V rho_B;  ///< [1/h] removal of the clot
};

/// Half-activations and rates behind the shared activations.
struct Activations {
  static constexpr const char* name = "activation";
  Real K_P = 2;
  Real K_G = 1;
  Real KTc = 0.2;
  Real KTN = 0.7;
  Real K_W = 2000;
  Real k_a0 = 0.01;
  Real k_a1 = 0.2;
  Real K_Wa = 1000;
  Real k_B0 = 0.05 / day;
  Real k_BM = 0.15 / day;
  Real k_BF = 0.15 / day;
  Real M_ref = 1000;
  Real n_ref = 1e4;

  template <class V>
  void visit(V&& v) {
    v("K_P", K_P, "ng/mL", 0.01, 100, "PDGF that half-saturates its receptors: uptake and mitogenic action",
      "[A] form of Haugh 2006; 0.5-5 plausible");
    v("K_G", K_G, "ng/mL", 0.01, 100, "FGF-2 of half its mitogenic action", "[C] 0.2-3 plausible");
    v("KTc", KTc, "ng/mL", 1e-3, 100, "active TGF-beta of half its effect on matrix synthesis",
      "[M] dissociation constant 5-30 pM, about 0.1-0.7 ng/mL; [C]");
    v("KTN", KTN, "ng/mL", 1e-3, 100, "active TGF-beta of half the transition to myofibroblasts",
      "[M] dissociation constant 5-30 pM, about 0.1-0.7 ng/mL; [C]");
    v("K_W", K_W, "ng/mL", 1, 1e6, "MMP of half the maximal degradation of collagen and elastin", "[A]");
    v("k_a0", k_a0, "1/h", 0, 1, "activation of latent TGF-beta without MMP", "[C] 0.002-0.05 plausible");
    v("k_a1", k_a1, "1/h", 0, 10, "largest activation of latent TGF-beta by MMP", "[C] 0.04-1 plausible");
    v("K_Wa", K_Wa, "ng/mL", 1, 1e6, "MMP of half the activation of latent TGF-beta", "[C]");
    v("k_B0", k_B0, "1/h", 0, 1, "removal of the clot by plasmin without cells",
      "[C] clot gone by day 7-10; role of fibrinolysis after Cumming 2009/10 [R]");
    v("k_BM", k_BM, "1/h", 0, 1, "removal of the clot by macrophages at M_ref", "[C] clot gone by day 7-10");
    v("k_BF", k_BF, "1/h", 0, 1, "removal of the clot by fibroblasts and myofibroblasts at n_ref",
      "[C] clot gone by day 7-10");
    v("M_ref", M_ref, "cells/mm^3", 1, 1e6, "macrophages that k_BM and k_DM refer to", "[A]");
    v("n_ref", n_ref, "cells/mm^3", 1, 1e7, "fibroblasts and myofibroblasts that k_BF refers to", "[A]");
  }

  /// The cell with state `u`, all in the units of Species, at a depth with values `at`.
  /// TGF-beta acts by what exceeds the layer's baseline: otherwise intact skin would age by itself.
  template <class V>
  KOKKOS_FORCEINLINE_FUNCTION Cell<V> evaluate(const V (&u)[count], const V* at) const {
    Cell<V> c;
    c.A = u[A], c.P = u[P], c.L = u[L], c.Lb = u[Lb], c.T = u[T], c.G = u[G], c.F = u[F], c.N = u[N];
    c.M1 = u[M1], c.M2 = u[M2], c.B = u[B], c.C3 = u[C3], c.C1 = u[C1], c.E = u[E], c.D = u[D], c.W = u[W];
    c.site = at;
    c.n = c.F + c.N;
    c.M = c.M1 + c.M2;
    c.M_rel = c.M * (1 / M_ref);
    c.free_P = 1 / (K_P + c.P);
    c.hP = c.P * c.free_P;
    c.g = 1 - (1 - c.hP) * (1 - hill(c.G, K_G));
    c.hT = pos(hill(c.T, KTc) - at[site::hT0]);
    c.hTN = pos(hill2(c.T, KTN) - at[site::hTN0]) * at[site::inv_hTN_range];
    c.hW = hill(c.W, K_W);
    c.k_a = k_a0 + k_a1 * hill(c.W, K_Wa);
    c.rho_B = k_B0 + k_BM * c.M_rel + k_BF * (1 / n_ref) * c.n;
    return c;
  }
};

}  // namespace kollagen::dermal
