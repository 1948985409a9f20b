/// Fibroblasts and myofibroblasts: growth, transition in both directions, apoptosis.
#pragma once

#include "kollagen/model/dermal/activation.hpp"

namespace kollagen::dermal {

/// Logistic growth towards a capacity that mitogens raise; quiet at the layer's own density F0.
/// The crowding part is a linear loss, so that the production never turns negative.
struct FibroblastGrowth {
  static constexpr const char* name = "fibroblast_growth";
  static constexpr const char* equation =
      "dF/dt += r(g) F (1 - n/K(g)), r = r0 + r1 g, K = F0 (1 + (kappa - 1) g)";
  static constexpr const char* doc = "Mitogen-driven logistic growth; absent where F0 = 0.";
  Real r0 = 8e-4;
  Real r1 = 0.924 / day;
  Real kappa = 8;

  template <class V>
  void visit(V&& v) {
    v("r0", r0, "1/h", 0, 1, "growth without mitogens", "[C] 2e-4 to 4e-3 plausible");
    v("r1", r1, "1/h", 0, 1, "growth added by the full mitogen signal",
      "[R] Jin 2011: 0.924 per day, doubling in 18 h; Koppenol 2017 [M]; 0.02-0.06 plausible");
    v("kappa", kappa, "1", 1, 100, "capacity at full mitogen signal, as a multiple of F0",
      "[C] 4-12 plausible; keep n_max at 1.5 kappa or more");
  }
  template <class C, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const C& c, R& r) const {
    const auto growth = (r0 + r1 * c.g) * c.site[site::habitat];
    r.gain(F, growth * c.F);
    r.lose(F, growth * c.n * c.site[site::inv_F0] / (1 + (kappa - 1) * c.g));
  }
};

struct MyofibroblastTransition {
  static constexpr const char* name = "myofibroblast_transition";
  static constexpr const char* equation = "dF/dt -= k_FN hTN F; dN/dt += k_FN hTN F";
  static constexpr const char* doc = "TGF-beta above its baseline turns fibroblasts into myofibroblasts.";
  Real k_FN = 0.011;

  template <class V>
  void visit(V&& v) {
    v("k_FN", k_FN, "1/h", 0, 1, "transition of fibroblasts at full TGF-beta",
      "[C] 0.005-0.02 plausible; alpha-SMA rises over 1-3 days of TGF-beta [M]");
  }
  template <class C, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const C& c, R& r) const {
    r.lose(F, k_FN * c.hTN);
    r.gain(N, k_FN * c.hTN * c.F);
  }
};

struct MyofibroblastReversion {
  static constexpr const char* name = "myofibroblast_reversion";
  static constexpr const char* equation = "dN/dt -= k_NF (1 - hTN) N; dF/dt += k_NF (1 - hTN) N";
  static constexpr const char* doc = "Myofibroblasts become fibroblasts again when TGF-beta falls.";
  Real k_NF = 0.002;

  template <class V>
  void visit(V&& v) {
    v("k_NF", k_NF, "1/h", 0, 1, "reversion of myofibroblasts without TGF-beta", "[C] 0-0.006 plausible");
  }
  template <class C, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const C& c, R& r) const {
    r.lose(N, k_NF * (1 - c.hTN));
    r.gain(F, k_NF * (1 - c.hTN) * c.N);
  }
};

struct MyofibroblastApoptosis {
  static constexpr const char* name = "myofibroblast_apoptosis";
  static constexpr const char* equation = "dN/dt -= (d_N0 + d_N1 (1 - hTN)) N";
  static constexpr const char* doc = "Myofibroblasts die, mostly once TGF-beta has fallen.";
  Real d_N0 = 0.03 / day;
  Real d_N1 = 5e-3;

  template <class V>
  void visit(V&& v) {
    v("d_N0", d_N0, "1/h", 0, 1, "apoptosis of myofibroblasts at any TGF-beta",
      "[C] factor 2 either way; Koppenol 2017 [M], 0.06 per day, lies between d_N0 and d_N0 + d_N1");
    v("d_N1", d_N1, "1/h", 0, 1, "apoptosis added when TGF-beta is gone",
      "[C] factor 2 either way; apoptosis in the late wound after Desmouliere 1995 [M]");
  }
  template <class C, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const C& c, R& r) const {
    r.lose(N, d_N0 + d_N1 * (1 - c.hTN));
  }
};

}  // namespace kollagen::dermal
