/// How the implicit integrator goes through the species of each model (docs/numerics.md, order of the fields).
#pragma once

#include <array>

#include "kollagen/column.hpp"
#include "kollagen/model/dermal/dermal.hpp"
#include "kollagen/model/verification.hpp"

namespace kollagen {

/// Bit of a species in a mask.
template <class... N>
constexpr unsigned species_mask(const N... n) {
  return (0u | ... | (1u << int(n)));
}

/// For each model: which species diffuse by the mobility of layers and clot, which by layers alone and which relative to their habitat, in which order those
/// that move are solved, which stay where they are and come before (`local_first`: signals depend on them; `first_rest`: where all of these are 0 they stay so) or after the others (`local_last`: nothing else depends on them), which are `slow` (SpeciesInfo), which one is
/// chemotactic (-1: none), which ones gain the error estimate of a step (docs/numerics.md), whether fields may be negative, its baseline and what its homeostasis depends on.
template <class Model>
struct SolveTraits;

template <>
struct SolveTraits<Dermal> {
  using M = Dermal;
  static constexpr std::array<int, 9> solve_order{M::W, M::L, M::T, M::P, M::G, M::F, M::N, M::M1, M::M2};
  static constexpr unsigned by_mobility = species_mask(M::W, M::L, M::T, M::P, M::G);
  static constexpr unsigned by_layers = species_mask(M::N, M::M1, M::M2), by_habitat = species_mask(M::F);
  static constexpr unsigned local_first = species_mask(M::A, M::Lb, M::B, M::D);
  static constexpr unsigned local_last = species_mask(M::C3, M::C1, M::E);
  static constexpr bool first_rest = true;
  static constexpr unsigned slow = species_mask(M::C3, M::C1, M::E);
  static constexpr int chemotactic = M::F;
  /// What is slow and gives nothing to a field whose total is balanced against it (A releases signals, F and N turn
  /// into each other).
  static constexpr unsigned extrapolated = species_mask(M::Lb, M::M1, M::M2, M::B, M::C3, M::C1, M::E, M::D);
  static constexpr bool signed_fields = false;

  static HomeostasisParameters homeostasis(const Dermal& model) { return model.homeostasis(); }
  /// Walls with values are for signals, towards their baseline; cells meet them as closed ones.
  static double wall_transfer(const Dermal& model) { return model.transport.k_b; }
  static double baseline(const int n, const Column& column, const int k) {
    switch (n) {
      case M::F: return column.fibroblasts[k];
      case M::C1: return column.collagen_i[k];
      case M::C3: return column.collagen_iii[k];
      case M::E: return column.elastin[k];
      case M::L: return column.tgf_latent[k];
      case M::T: return column.tgf_active[k];
      default: return 0;
    }
  }
};

/// Verification models: every species is a signal, there is no clot, undamaged tissue is empty.
template <int Count, int Chemotactic = -1>
struct PlainTraits {
  static constexpr std::array<int, Count> solve_order = [] {
    std::array<int, Count> order{};
    for (int n = 0; n < Count; ++n) order[n] = Count - 1 - n;
    return order;
  }();
  static constexpr unsigned by_mobility = 0, by_layers = (1u << Count) - 1, by_habitat = 0;
  static constexpr unsigned local_first = 0, local_last = 0, slow = 0, extrapolated = 0;
  static constexpr bool first_rest = false;
  static constexpr int chemotactic = Chemotactic;
  static constexpr bool signed_fields = false;
  /// No secretion: the homeostatic signals of the column are 0 and nobody reads them.
  template <class Model>
  static HomeostasisParameters homeostasis(const Model&) {
    return {.D_L = 1, .D_T = 1, .s_TF = 0, .lam_L = 1, .k_a0 = 0, .lam_T = 1};
  }
  static double baseline(int, const Column&, int) { return 0; }
  /// Every robin wall has its own coefficient in the study.
  template <class Model>
  static double wall_transfer(const Model&) {
    return 0;
  }
};

template <>
struct SolveTraits<Linear> : PlainTraits<3> {
  static constexpr bool signed_fields = true;  ///< deviations from a mean are fields of their own right
};
template <>
struct SolveTraits<FisherKpp> : PlainTraits<1> {};
template <>
struct SolveTraits<KellerSegel> : PlainTraits<2, 0> {};
template <>
struct SolveTraits<GrayScott> : PlainTraits<2> {};
template <>
struct SolveTraits<Schnakenberg> : PlainTraits<2> {};

}  // namespace kollagen
