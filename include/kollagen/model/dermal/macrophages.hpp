/// Macrophages: influx from vessels, switch from inflammatory to reparative, exit.
#pragma once

#include "kollagen/model/dermal/activation.hpp"

namespace kollagen::dermal {

struct MacrophageInflux {
  static constexpr const char* name = "macrophage_influx";
  static constexpr const char* equation =
      "dM1/dt += rho_M v (D/(K_D + D) + a_MT hT + a_MP P/(K_P + P)) max(0, 1 - M/M_max)";
  static constexpr const char* doc =
      "Debris recruits monocytes from the vessels; recruitment by TGF-beta and PDGF is off by default.";
  Real rho_M = 220;
  Real K_D = 0.2;
  Real M_max = 4000;
  Real a_MT = 0;
  Real a_MP = 0;

  template <class V>
  void visit(V&& v) {
    v("rho_M", rho_M, "cells/mm^3/h", 0, 1e5, "influx of macrophages at full damage and vessel density 1",
      "[C] 100-400 plausible");
    v("K_D", K_D, "1", 1e-4, 10, "damage of half the influx", "[C]");
    v("M_max", M_max, "cells/mm^3", 1, 1e6, "macrophages that stop the influx", "[C] Jin 2011 [R] has 2500");
    v("a_MT", a_MT, "1", 0, 100, "recruitment by TGF-beta above its baseline, relative to full damage",
      "[A] 0; larger values make platelets matter more");
    v("a_MP", a_MP, "1", 0, 100, "recruitment by PDGF, relative to full damage",
      "[A] 0; larger values make platelets matter more");
  }
  template <class C, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const C& c, R& r) const {
    const auto recruited = hill(c.D, K_D) + a_MT * c.hT + a_MP * c.hP;
    r.gain(M1, rho_M * c.site[site::vessels] * recruited * pos(1 - c.M * (1 / M_max)));
  }
};

struct MacrophageSwitch {
  static constexpr const char* name = "macrophage_switch";
  static constexpr const char* equation = "dM1/dt -= k_12 M1; dM2/dt += k_12 M1";
  static constexpr const char* doc = "Inflammatory macrophages become reparative.";
  Real k_12 = 0.4 / day;

  template <class V>
  void visit(V&& v) {
    v("k_12", k_12, "1/h", 0, 1, "switch from inflammatory to reparative", "[C] factor 2 either way");
  }
  template <class C, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const C& c, R& r) const {
    r.lose(M1, k_12);
    r.gain(M2, k_12 * c.M1);
  }
};

struct MacrophageExit {
  static constexpr const char* name = "macrophage_exit";
  static constexpr const char* equation = "dM1/dt -= d_M1 M1; dM2/dt -= d_M2 M2";
  static constexpr const char* doc = "Macrophages die or leave.";
  Real d_M1 = 0.4 / day;
  Real d_M2 = 0.25 / day;

  template <class V>
  void visit(V&& v) {
    v("d_M1", d_M1, "1/h", 0, 1, "exit of inflammatory macrophages",
      "[C] removal 0.6 per day in Jin 2011 [R]; factor 2 either way");
    v("d_M2", d_M2, "1/h", 0, 1, "exit of reparative macrophages",
      "[C] removal 0.6 per day in Jin 2011 [R]; factor 2 either way");
  }
  template <class C, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const C&, R& r) const {
    r.lose(M1, d_M1);
    r.lose(M2, d_M2);
  }
};

}  // namespace kollagen::dermal
