/// The dermal model: 16 fields of skin that heals after needling (docs/model.md).
#pragma once

#include <optional>
#include <type_traits>
#include <vector>

#include "kollagen/model/dermal/activation.hpp"
#include "kollagen/model/dermal/fibroblasts.hpp"
#include "kollagen/model/dermal/macrophages.hpp"
#include "kollagen/model/dermal/matrix.hpp"
#include "kollagen/model/dermal/motion.hpp"
#include "kollagen/model/dermal/platelets.hpp"
#include "kollagen/model/dermal/signals.hpp"
#include "kollagen/model/dermal/species.hpp"
#include "kollagen/model/info.hpp"
#include "kollagen/model/rates.hpp"
#include "kollagen/model/terms.hpp"
#include "kollagen/model/transport.hpp"

namespace kollagen {

struct Column;
struct HomeostasisParameters;

namespace dermal {

/// Every reaction of the model; a study names them in [[terms]] disable.
using Reactions =
    TermList<PlateletRelease, PdgfClearance, PdgfUptake, MacrophagePdgf, LatentTgfMacrophage,
             LatentTgfFibroblast, LatentTgfMyofibroblast, LatentTgfLoss, TgfActivation, ClotTgfRelease,
             TgfClearance, FgfDamage, FgfMacrophage, FgfFibroblast, FgfClearance, MmpMacrophage,
             MmpFibroblast, MmpClearance, FibroblastGrowth, MyofibroblastTransition, MyofibroblastReversion,
             MyofibroblastApoptosis, MacrophageInflux, MacrophageSwitch, MacrophageExit, CollagenSynthesis,
             CollagenTurnover, CollagenDegradation, CollagenMaturation, ElastinSynthesis, ElastinTurnover,
             ElastinDegradation, ClotClearance, DebrisClearance>;

}  // namespace dermal

/// A model as the solver sees it. Values only: copy it into a kernel. Parameters are set on the host before
/// the first `fill_site`; nothing derived is cached in the model itself.
struct Dermal {
  using enum dermal::Species;
  static constexpr const char* name = "dermal";
  static constexpr const char* doc = "Skin healing after microneedling: 16 fields, layered baseline.";
  static constexpr int count = dermal::count;
  static constexpr int site_count = dermal::site::count;
  static constexpr bool has_chemotaxis = true;
  static constexpr bool has_habitat = true;  ///< fields have a baseline and cells live only where F0 > 0

  dermal::Activations activations;
  dermal::Transport transport;
  dermal::Clot clot;
  dermal::Reactions terms;

  /// Names, units, motion and tolerances, in the order of the indices.
  static const std::vector<SpeciesInfo>& species();

  /// Production and loss of all species in one cell: `u` in the units of the species, `site` from fill_site.
  /// `R` is Rates<count, mask>; what its mask leaves out is not computed.
  /// V: Real, or Single for a state in mixed precision.
  template <class V, class R>
  KOKKOS_FORCEINLINE_FUNCTION void rates(const V (&u)[count], const V (&site)[site_count], R& r) const {
    const dermal::Cell<V> cell = activations.evaluate(u, site);
    terms.add_rates(cell, r);
  }

  /// Writes the `site_count` values that the terms need at global cell index `k` along z. Host only.
  void fill_site(const Column& column, int k, double* site) const;

  /// What the homeostatic signals depend on; terms that are switched off count as zero. Host only.
  /// Throws InputError when the switches or values leave no steady state: secretion without any loss.
  HomeostasisParameters homeostasis() const;

  /// Diffusivity of species `n` at multiplier 1 [um^2/h]; 0 for what does not move.
  double diffusivity(int n) const;

  /// Chemotaxis of fibroblasts towards PDGF; empty when it is switched off or chi0 is 0.
  std::optional<ChemotaxisLaw> chemotaxis() const;

  ClotFactor clot_factor() const { return {B, transport.m_clot, transport.B_half}; }

  /// Calls v(owner, name, value, unit, lower, upper, doc, source) for every parameter; `value` is a Real&.
  template <class V>
  void visit(V&& v) {
    detail::visit_group(activations, v);
    detail::visit_group(transport, v);
    detail::visit_group(clot, v);
    terms.for_each([&v](auto& term, Real&) { detail::visit_group(term, v); });
  }

  /// Calls f(name, equation, doc, on) for everything that a study can switch off; `on` is a Real&.
  template <class Visitor>
  void for_each_term(Visitor&& f) {
    terms.for_each([&f](auto& term, Real& on) {
      using Term = std::decay_t<decltype(term)>;
      f(Term::name, Term::equation, Term::doc, on);
    });
    f("diffusion", "du/dt += div(m D grad u), fibroblasts: div(m D_F F0 grad(F/F0))",
      "Random motion of signals and cells.", transport.diffusion_on);
    f("chemotaxis",
      "dF/dt -= div(F max(0, 1 - n/(n_max F0)) v_c), v_c = w/sqrt(1 + (w/v_max)^2), "
      "w = chi0 K_c/(K_c + P)^2 grad P",
      "Fibroblasts move towards PDGF.", transport.chemotaxis_on);
  }
};

static_assert(std::is_trivially_copyable_v<Dermal>, "kernels hold the model by value");

}  // namespace kollagen
