/// Transport parameters of the dermal model and what a needle leaves behind.
#pragma once

#include "kollagen/model/dermal/species.hpp"

namespace kollagen::dermal {

/// Diffusivities in tissue at multiplier 1, the chemotaxis of fibroblasts and the clot factor.
struct Transport {
  static constexpr const char* name = "transport";
  Real D_P = 30 / second;
  Real D_L = 10 / second;
  Real D_T = 3 / second;
  Real D_G = 3 / second;
  Real D_W = 10 / second;
  Real D_F = 250;
  Real D_N = 60;
  Real D_M = 200;
  Real chi0 = 4000;
  Real K_c = 2;
  Real v_max = 20;
  Real n_max = 12;
  Real m_clot = 2.5;
  Real B_half = 1;
  Real k_b = 100;
  Real diffusion_on = 1;   ///< 0 when the study disables "diffusion"
  Real chemotaxis_on = 1;  ///< 0 when the study disables "chemotaxis"

  template <class V>
  void visit(V&& v) {
    constexpr double fastest = 2000 / second;
    v("D_P", D_P, "um^2/h", 0, fastest, "diffusivity of PDGF, about 30 kDa",
      "[A] 3-100 um^2/s plausible, below 100-160 in water and fibrin; 3.4 in Koppenol-type models [M], 0.56 "
      "in Cumming-type code [R]");
    v("D_L", D_L, "um^2/h", 0, fastest, "diffusivity of the latent TGF-beta complex", "[A] 2-30 um^2/s");
    v("D_T", D_T, "um^2/h", 0, fastest, "effective diffusivity of active TGF-beta, which binds to matrix",
      "[A] 0.1-26 um^2/s plausible; 300-3000 um^2/h in Cumming-type code [R]");
    v("D_G", D_G, "um^2/h", 0, fastest, "effective diffusivity of FGF-2, 80/(1 + 25) um^2/s",
      "[A] fast reversible binding to heparan sulphate, Dowd 1999 [R]; 0.5-30 um^2/s plausible");
    v("D_W", D_W, "um^2/h", 0, fastest, "diffusivity of MMP", "[A] 2-30 um^2/s");
    v("D_F", D_F, "um^2/h", 0, 1e5, "random motility of fibroblasts",
      "[A] v^2 tau/3 with 10-30 um/h over 2-5 h; concept of Gail and Boone 1970 [R]; 50-1500 plausible");
    v("D_N", D_N, "um^2/h", 0, 1e5, "random motility of myofibroblasts", "[A] slower than fibroblasts");
    v("D_M", D_M, "um^2/h", 0, 1e5, "random motility of macrophages of both kinds", "[A] 50-1500 plausible");
    v("chi0", chi0, "um^2/h", 0, 1e6, "chemotaxis of fibroblasts towards PDGF",
      "[A] 500-20000 plausible, form of Haugh 2006");
    v("K_c", K_c, "ng/mL", 0.01, 100, "PDGF that half-saturates the sensing of its gradient", "[A] 1-5");
    v("v_max", v_max, "um/h", 0.1, 1000, "largest chemotactic speed", "[A] 10-40 plausible");
    v("n_max", n_max, "1", 1, 1000,
      "density F + N at which chemotaxis stops, as a multiple of the layer's F0",
      "[A] 3e4 cells/mm^3 in reticular dermis; keep at 1.5 kappa or more");
    v("m_clot", m_clot, "1", 1, 100, "diffusivity of signals in the clot relative to tissue",
      "[A] 2-3; free proteins of 7.6 and 13.7 kDa move at 159 and 121 um^2/s in fibrin, Nauman 2007 [R]");
    v("B_half", B_half, "mg/mL", 1e-3, 100, "clot of half that effect", "[A]");
    v("k_b", k_b, "um/h", 0, 1e6, "transfer of signals through a robin wall towards their baseline",
      "[A] of the order of sqrt(D lam) of active TGF-beta, 82 um/h");
  }
};

/// What the core of a bleeding needle track is filled with.
struct Clot {
  static constexpr const char* name = "clot";
  Real A0 = 0.75;
  Real B0 = 6;

  template <class V>
  void visit(V&& v) {
    v("A0", A0, "1e9 mL^-1", 0, 100, "platelets in a fresh clot",
      "[A] 0.266e9/mL in blood [R], times 3 by compaction; 0.2-2.5 plausible, 3-5 times more with "
      "platelet-rich plasma");
    v("B0", B0, "mg/mL", 0, 1000, "provisional matrix in a fresh clot", "[A] fibrin and fibronectin");
  }
};

}  // namespace kollagen::dermal
