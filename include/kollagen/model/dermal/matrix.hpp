/// Collagen III, collagen I and elastin: synthesis, turnover, degradation, maturation.
#pragma once

#include "kollagen/model/dermal/activation.hpp"

namespace kollagen::dermal {

/// Its basal rate is not a parameter: it is what balances the turnover of intact skin (site::synthesis).
struct CollagenSynthesis {
  static constexpr const char* name = "collagen_synthesis";
  static constexpr const char* equation =
      "syn = 1e-6 sigma0 def (F + a_N N)(1 + a_T hT + 4 a_R x max(0, 1 - x)); dC3/dt += ph syn; "
      "dC1/dt += (1 - ph) syn; x = C/C0, def = max(0, (c_max - x)/(c_max - 1)), "
      "ph = f3 + (f3w - f3) max(0, 1 - x)";
  static constexpr const char* doc =
      "Collagen laid down by fibroblasts and myofibroblasts, raised by TGF-beta and by remodelling on a "
      "partly filled matrix, limited by crowding; a bare wound receives more type III.";
  Real c_max = 1.5;
  Real f3w = 0.5;
  Real a_T = 7;
  Real a_N = 2;
  Real a_R = 11;

  template <class V>
  void visit(V&& v) {
    v("c_max", c_max, "1", 1.01, 10, "collagen at which synthesis stops, as a multiple of the baseline",
      "[C] 1.2-2 plausible");
    v("f3w", f3w, "1", 0, 1, "share of type III in what a bare wound receives", "[C] 0.3-0.6 plausible");
    v("a_T", a_T, "1", 0, 100, "synthesis added by full TGF-beta",
      "[C] 3-14 plausible; TGF-beta raises procollagen 3-5 fold in culture [R]");
    v("a_N", a_N, "1", 0, 100, "synthesis of a myofibroblast relative to a fibroblast", "[C] 1-4 plausible");
    v("a_R", a_R, "1", 0, 100, "synthesis added by remodelling on a half-filled matrix",
      "[C] 5-22 plausible; without it recovery stalls when TGF-beta is gone");
  }
  template <class C, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const C& c, R& r) const {
    const auto x = (c.C1 + c.C3) * c.site[site::inv_C0];
    const auto lacking = pos(1 - x);
    const auto crowding = pos(c_max - x) * (1 / (c_max - 1));
    const auto type_iii = c.site[site::f3] + (f3w - c.site[site::f3]) * lacking;
    const auto synthesis =
        c.site[site::synthesis] * crowding * (c.F + a_N * c.N) * (1 + a_T * c.hT + 4 * a_R * x * lacking);
    r.gain(C3, type_iii * synthesis);
    r.gain(C1, (1 - type_iii) * synthesis);
  }
};

struct CollagenTurnover {
  static constexpr const char* name = "collagen_turnover";
  static constexpr const char* equation = "dC3/dt -= k_c C3; dC1/dt -= k_c C1";
  static constexpr const char* doc =
      "Basal turnover, balanced by basal synthesis; both are absent where F0 = 0, so bare layers stay.";
  Real k_c = ln2 / (15 * year);

  template <class V>
  void visit(V&& v) {
    v("k_c", k_c, "1/h", 0, 1e-2, "turnover of collagen",
      "[M] Verzijl 2000: half-life 15 years; 2e-6 to 2e-5 plausible");
  }
  template <class C, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const C& c, R& r) const {
    r.lose(C3, k_c * c.site[site::habitat]);
    r.lose(C1, k_c * c.site[site::habitat]);
  }
};

struct CollagenDegradation {
  static constexpr const char* name = "collagen_degradation";
  static constexpr const char* equation = "dC3/dt -= k_W hW C3; dC1/dt -= k_W hW C1, hW = W/(K_W + W)";
  static constexpr const char* doc = "MMP degrades collagen.";
  Real k_W = 0.004 / day;

  template <class V>
  void visit(V&& v) {
    v("k_W", k_W, "1/h", 0, 1, "largest degradation of collagen by MMP", "[A] factor 5 either way");
  }
  template <class C, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const C& c, R& r) const {
    r.lose(C3, k_W * c.hW);
    r.lose(C1, k_W * c.hW);
  }
};

/// Written as a loss coefficient of C3, which lies in [0, k_m] even where an integrator leaves a field a
/// trifle below zero; `tiny` keeps 0/0 away and is below rounding everywhere else.
struct CollagenMaturation {
  static constexpr const char* name = "collagen_maturation";
  static constexpr const char* equation = "R = k_m max(0, C3 - (C3_0/C1_0) C1); dC3/dt -= R; dC1/dt += R";
  static constexpr const char* doc =
      "Replacement of excess type III by type I, zero at the layer's normal ratio; absent where C1_0 = 0.";
  Real k_m = 5e-4;

  template <class V>
  void visit(V&& v) {
    v("k_m", k_m, "1/h", 0, 1, "replacement of excess type III by type I", "[C] 2e-4 to 1e-3 plausible");
  }
  template <class C, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const C& c, R& r) const {
    constexpr Real tiny = 1e-30;
    const auto replaced = k_m * c.site[site::matures] * pos(c.C3 - c.site[site::III_per_I] * pos(c.C1));
    r.lose(C3, replaced / (c.C3 + tiny));
    r.gain(C1, replaced);
  }
};

/// The factor 3 - 2 E/E_0 turns negative above 1.5 E_0; its second part is therefore a loss.
struct ElastinSynthesis {
  static constexpr const char* name = "elastin_synthesis";
  static constexpr const char* equation = "dE/dt += k_E E_0 (n/F0)(1 + a_E hT)(1.5 - E/E_0)/0.5";
  static constexpr const char* doc =
      "Slow elastin synthesis, limited by crowding; absent where E_0 or F0 is 0.";
  Real a_E = 20;

  template <class V>
  void visit(V&& v) {
    v("a_E", a_E, "1", 0, 1000, "elastin synthesis added by full TGF-beta", "[C] 5-50 plausible");
  }
  template <class C, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const C& c, R& r) const {
    const auto activity = c.n * (1 + a_E * c.hT);
    r.gain(E, c.site[site::elastin_gain] * activity);
    r.lose(E, c.site[site::elastin_loss] * activity);
  }
};

struct ElastinTurnover {
  static constexpr const char* name = "elastin_turnover";
  static constexpr const char* equation = "dE/dt -= k_E E";
  static constexpr const char* doc = "Basal turnover, balanced by basal synthesis; absent where F0 = 0.";
  Real k_E = ln2 / (70 * year);

  template <class V>
  void visit(V&& v) {
    v("k_E", k_E, "1/h", 0, 1e-2, "turnover of elastin",
      "[R] about 70 years half-life; Shapiro 1991 [M]: 74 years; 5e-7 to 3e-6 plausible");
  }
  template <class C, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const C& c, R& r) const {
    r.lose(E, k_E * c.site[site::habitat]);
  }
};

struct ElastinDegradation {
  static constexpr const char* name = "elastin_degradation";
  static constexpr const char* equation = "dE/dt -= k_WE hW E, hW = W/(K_W + W)";
  static constexpr const char* doc = "MMP degrades elastin.";
  Real k_WE = 0.004 / day;

  template <class V>
  void visit(V&& v) {
    v("k_WE", k_WE, "1/h", 0, 1, "largest degradation of elastin by MMP", "[A] factor 5 either way");
  }
  template <class C, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const C& c, R& r) const {
    r.lose(E, k_WE * c.hW);
  }
};

}  // namespace kollagen::dermal
