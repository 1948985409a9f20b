/// Small models with known answers; they run through the same kernels, integrators and outputs as `dermal`.
/// Species are dimensionless; lengths are um and times h.
#pragma once

#include <optional>
#include <type_traits>
#include <vector>

#include "kollagen/column.hpp"
#include "kollagen/model/info.hpp"
#include "kollagen/model/rates.hpp"
#include "kollagen/model/terms.hpp"
#include "kollagen/model/transport.hpp"

namespace kollagen {
namespace verification {

/// Widest range of a diffusivity [um^2/h]: up to 2000 um^2/s, oxygen in water.
inline constexpr double fastest = 2000 * 3600.0;
inline constexpr const char* origin = "[A] free choice of a verification case";

/// A cell of a model without activations.
struct PlainCell {
  const Real* u;
};

/// What the verification models share: a list of terms, diffusion of every species, no depth dependence.
/// `Traits` names the model and its species; `Transport` holds what moves them.
template <class Traits, class Transport, class... Terms>
struct Model : Traits {
  using Traits::count;
  static constexpr int site_count = 1;  ///< nothing depends on depth; arrays of length 0 do not exist
  static constexpr bool has_chemotaxis = Transport::has_chemotaxis;
  static constexpr bool has_habitat = false;

  Transport transport;
  Real diffusion_on = 1;   ///< 0 when the study disables "diffusion"
  Real chemotaxis_on = 1;  ///< 0 when the study disables "chemotaxis"
  TermList<Terms...> terms;

  template <class R>
  KOKKOS_FORCEINLINE_FUNCTION void rates(const Real (&state)[count], const Real (&)[site_count], R& r) const {
    terms.add_rates(PlainCell{state}, r);
  }
  void fill_site(const Column&, int, double* site) const { site[0] = 0; }
  /// No secretion and a loss of 1: homeostatic signals of 0.
  HomeostasisParameters homeostasis() const { return {0, 0, 0, 1, 0, 1}; }
  double diffusivity(const int n) const { return diffusion_on * transport.diffusivity(n); }
  std::optional<ChemotaxisLaw> chemotaxis() const {
    if constexpr (has_chemotaxis) {
      ChemotaxisLaw law = transport.chemotaxis();
      law.sensitivity *= chemotaxis_on;
      if (law.sensitivity > 0) return law;
    }
    return std::nullopt;
  }
  ClotFactor clot_factor() const { return {}; }

  template <class V>
  void visit(V&& visitor) {
    detail::visit_group(transport, visitor);
    terms.for_each([&visitor](auto& term, Real&) { detail::visit_group(term, visitor); });
  }
  template <class Visitor>
  void for_each_term(Visitor&& f) {
    terms.for_each([&f](auto& term, Real& on) {
      using Term = std::decay_t<decltype(term)>;
      f(Term::name, Term::equation, Term::doc, on);
    });
    f("diffusion", "du/dt += div(m D grad u)", "Fick's law for every species.", diffusion_on);
    if constexpr (has_chemotaxis)
      f("chemotaxis", Transport::chemotaxis_equation, "Motion along the gradient of c.", chemotaxis_on);
  }
};

// --- linear: diffusion, decay, source, exchange ------------------------------------------------------

struct LinearTraits {
  static constexpr const char* name = "linear";
  static constexpr const char* doc = "Three species that diffuse, decay, are fed and exchange linearly.";
  enum : int { u, v, w, count };
  static const std::vector<SpeciesInfo>& species() {
    static const std::vector<SpeciesInfo> table{
        {"u", "u", "1", Motion::signal, "D_u", 1e-6, "First species."},
        {"v", "v", "1", Motion::signal, "D_v", 1e-6, "Second species."},
        {"w", "w", "1", Motion::signal, "D_w", 1e-6, "Third species."},
    };
    return table;
  }
};

struct LinearTransport {
  static constexpr const char* name = "transport";
  static constexpr bool has_chemotaxis = false;
  Real D_u = 30 * 3600;
  Real D_v = 10 * 3600;
  Real D_w = 3 * 3600;

  template <class V>
  void visit(V&& visitor) {
    visitor("D_u", D_u, "um^2/h", 0, fastest, "diffusivity of u", origin);
    visitor("D_v", D_v, "um^2/h", 0, fastest, "diffusivity of v", origin);
    visitor("D_w", D_w, "um^2/h", 0, fastest, "diffusivity of w", origin);
  }
  double diffusivity(const int n) const {
    return n == LinearTraits::u ? D_u : n == LinearTraits::v ? D_v : D_w;
  }
};

struct LinearDecay {
  static constexpr const char* name = "decay";
  static constexpr const char* equation = "du/dt -= lam_u u, and so on for v and w";
  static constexpr const char* doc = "Decay of the first order.";
  Real lam_u = 0;
  Real lam_v = 0;
  Real lam_w = 0;

  template <class V>
  void visit(V&& visitor) {
    visitor("lam_u", lam_u, "1/h", 0, 1e6, "decay of u", origin);
    visitor("lam_v", lam_v, "1/h", 0, 1e6, "decay of v", origin);
    visitor("lam_w", lam_w, "1/h", 0, 1e6, "decay of w", origin);
  }
  template <class Cell, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const Cell&, R& r) const {
    r.lose(LinearTraits::u, lam_u);
    r.lose(LinearTraits::v, lam_v);
    r.lose(LinearTraits::w, lam_w);
  }
};

struct LinearSource {
  static constexpr const char* name = "source";
  static constexpr const char* equation = "du/dt += source_u, and so on for v and w";
  static constexpr const char* doc = "Constant production everywhere.";
  Real source_u = 0;
  Real source_v = 0;
  Real source_w = 0;

  template <class V>
  void visit(V&& visitor) {
    visitor("source_u", source_u, "1/h", 0, 1e9, "production of u", origin);
    visitor("source_v", source_v, "1/h", 0, 1e9, "production of v", origin);
    visitor("source_w", source_w, "1/h", 0, 1e9, "production of w", origin);
  }
  template <class Cell, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const Cell&, R& r) const {
    r.gain(LinearTraits::u, source_u);
    r.gain(LinearTraits::v, source_v);
    r.gain(LinearTraits::w, source_w);
  }
};

struct LinearExchange {
  static constexpr const char* name = "exchange";
  static constexpr const char* equation = "du/dt -= k_uv u - k_vu v; dv/dt += k_uv u - k_vu v";
  static constexpr const char* doc = "Reversible conversion of u into v, such as binding.";
  Real k_uv = 0;
  Real k_vu = 0;

  template <class V>
  void visit(V&& visitor) {
    visitor("k_uv", k_uv, "1/h", 0, 1e6, "conversion of u into v", origin);
    visitor("k_vu", k_vu, "1/h", 0, 1e6, "conversion of v into u", origin);
  }
  template <class Cell, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const Cell& c, R& r) const {
    r.lose(LinearTraits::u, k_uv);
    r.gain(LinearTraits::v, k_uv * c.u[LinearTraits::u]);
    r.lose(LinearTraits::v, k_vu);
    r.gain(LinearTraits::u, k_vu * c.u[LinearTraits::v]);
  }
};

// --- fisher-kpp ---------------------------------------------------------------------------------------

struct FisherKppTraits {
  static constexpr const char* name = "fisher-kpp";
  static constexpr const char* doc = "Logistic growth and diffusion: fronts of known speed.";
  enum : int { u, count };
  static const std::vector<SpeciesInfo>& species() {
    static const std::vector<SpeciesInfo> table{
        {"u", "u", "1", Motion::signal, "D", 1e-8, "Density."},
    };
    return table;
  }
};

struct FisherKppTransport {
  static constexpr const char* name = "transport";
  static constexpr bool has_chemotaxis = false;
  Real D = 250;

  template <class V>
  void visit(V&& visitor) {
    visitor("D", D, "um^2/h", 0, fastest, "diffusivity of u", origin);
  }
  double diffusivity(int) const { return D; }
};

struct FisherKppGrowth {
  static constexpr const char* name = "growth";
  static constexpr const char* equation = "du/dt += r u (1 - u/K)";
  static constexpr const char* doc = "Logistic growth.";
  Real r = 0.0385;
  Real K = 1;

  template <class V>
  void visit(V&& visitor) {
    visitor("r", r, "1/h", 0, 1e3, "growth rate", origin);
    visitor("K", K, "1", 1e-9, 1e9, "capacity", origin);
  }
  template <class Cell, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const Cell& c, R& rates) const {
    rates.gain(FisherKppTraits::u, r * c.u[FisherKppTraits::u]);
    rates.lose(FisherKppTraits::u, r * c.u[FisherKppTraits::u] * (1 / K));
  }
};

// --- keller-segel -------------------------------------------------------------------------------------

struct KellerSegelTraits {
  static constexpr const char* name = "keller-segel";
  static constexpr const char* doc =
      "Cells that follow a signal of their own: instability of known growth rate.";
  enum : int { u, c, count };
  static const std::vector<SpeciesInfo>& species() {
    static const std::vector<SpeciesInfo> table{
        {"u", "u", "1", Motion::signal, "D", 1e-8, "Cells."},
        {"c", "c", "1", Motion::signal, "D_c", 1e-8, "Attractant."},
    };
    return table;
  }
};

struct KellerSegelTransport {
  static constexpr const char* name = "transport";
  static constexpr bool has_chemotaxis = true;
  static constexpr const char* chemotaxis_equation = "du/dt -= div(chi u grad c)";
  Real D = 250;
  Real chi = 4000;
  Real D_c = 3600;

  template <class V>
  void visit(V&& visitor) {
    visitor("D", D, "um^2/h", 0, fastest, "diffusivity of u", origin);
    visitor("chi", chi, "um^2/h", 0, fastest, "chemotactic sensitivity of u to c", origin);
    visitor("D_c", D_c, "um^2/h", 0, fastest, "diffusivity of c", origin);
  }
  double diffusivity(const int n) const { return n == KellerSegelTraits::u ? D : D_c; }
  ChemotaxisLaw chemotaxis() const {
    ChemotaxisLaw law;
    law.species = KellerSegelTraits::u;
    law.attractant = KellerSegelTraits::c;
    law.crowd_a = KellerSegelTraits::u;
    law.sensitivity = chi;
    return law;
  }
};

struct KellerSegelSecretion {
  static constexpr const char* name = "secretion";
  static constexpr const char* equation = "dc/dt += a u";
  static constexpr const char* doc = "Cells secrete the attractant.";
  Real a = 1;

  template <class V>
  void visit(V&& visitor) {
    visitor("a", a, "1/h", 0, 1e6, "secretion of c by u", origin);
  }
  template <class Cell, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const Cell& cell, R& r) const {
    r.gain(KellerSegelTraits::c, a * cell.u[KellerSegelTraits::u]);
  }
};

struct KellerSegelDecay {
  static constexpr const char* name = "decay";
  static constexpr const char* equation = "dc/dt -= b c";
  static constexpr const char* doc = "Decay of the attractant.";
  Real b = 1;

  template <class V>
  void visit(V&& visitor) {
    visitor("b", b, "1/h", 0, 1e6, "decay of c", origin);
  }
  template <class Cell, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const Cell&, R& r) const {
    r.lose(KellerSegelTraits::c, b);
  }
};

// --- gray-scott ---------------------------------------------------------------------------------------

/// Species and transport of the two-species pattern models.
struct PatternTransport {
  static constexpr const char* name = "transport";
  static constexpr bool has_chemotaxis = false;
  Real D_u;
  Real D_v;

  template <class V>
  void visit(V&& visitor) {
    visitor("D_u", D_u, "um^2/h", 0, fastest, "diffusivity of u", origin);
    visitor("D_v", D_v, "um^2/h", 0, fastest, "diffusivity of v", origin);
  }
  double diffusivity(const int n) const { return n == 0 ? D_u : D_v; }
};

struct GrayScottTraits {
  static constexpr const char* name = "gray-scott";
  static constexpr const char* doc = "Feed and autocatalysis: spots, stripes, splitting.";
  enum : int { u, v, count };
  static const std::vector<SpeciesInfo>& species() {
    static const std::vector<SpeciesInfo> table{
        {"u", "u", "1", Motion::signal, "D_u", 1e-6, "Substrate."},
        {"v", "v", "1", Motion::signal, "D_v", 1e-6, "Autocatalyst."},
    };
    return table;
  }
};

struct GrayScottTransport : PatternTransport {
  GrayScottTransport() : PatternTransport{0.16, 0.08} {}
};

struct GrayScottFeed {
  static constexpr const char* name = "feed";
  static constexpr const char* equation = "du/dt += feed (1 - u); dv/dt -= (feed + kill) v";
  static constexpr const char* doc = "Exchange with a reservoir and removal of the autocatalyst.";
  Real feed = 0.035;
  Real kill = 0.065;

  template <class V>
  void visit(V&& visitor) {
    visitor("feed", feed, "1/h", 0, 1e3, "exchange with the reservoir", origin);
    visitor("kill", kill, "1/h", 0, 1e3, "removal of v", origin);
  }
  template <class Cell, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const Cell&, R& r) const {
    r.gain(GrayScottTraits::u, feed);
    r.lose(GrayScottTraits::u, feed);
    r.lose(GrayScottTraits::v, feed + kill);
  }
};

struct GrayScottReaction {
  static constexpr const char* name = "autocatalysis";
  static constexpr const char* equation = "du/dt -= u v^2; dv/dt += u v^2";
  static constexpr const char* doc = "u + 2 v -> 3 v at unit rate.";

  template <class V>
  void visit(V&&) {}
  template <class Cell, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const Cell& c, R& r) const {
    const Real v2 = c.u[GrayScottTraits::v] * c.u[GrayScottTraits::v];
    r.lose(GrayScottTraits::u, v2);
    r.gain(GrayScottTraits::v, v2 * c.u[GrayScottTraits::u]);
  }
};

// --- schnakenberg -------------------------------------------------------------------------------------

struct SchnakenbergTraits {
  static constexpr const char* name = "schnakenberg";
  static constexpr const char* doc = "Turing patterns with a known band of unstable wave numbers.";
  enum : int { u, v, count };
  static const std::vector<SpeciesInfo>& species() {
    static const std::vector<SpeciesInfo> table{
        {"u", "u", "1", Motion::signal, "D_u", 1e-8, "Activator."},
        {"v", "v", "1", Motion::signal, "D_v", 1e-8, "Substrate."},
    };
    return table;
  }
};

struct SchnakenbergTransport : PatternTransport {
  SchnakenbergTransport() : PatternTransport{1, 40} {}
};

struct SchnakenbergReaction {
  static constexpr const char* name = "reaction";
  static constexpr const char* equation = "du/dt += gamma (a - u + u^2 v); dv/dt += gamma (b - u^2 v)";
  static constexpr const char* doc = "Feed of both species and autocatalysis of u.";
  Real a = 0.1;
  Real b = 0.9;
  Real gamma = 1;

  template <class V>
  void visit(V&& visitor) {
    visitor("a", a, "1", 0, 1e3, "feed of u", origin);
    visitor("b", b, "1", 0, 1e3, "feed of v", origin);
    visitor("gamma", gamma, "1/h", 0, 1e6, "rate of all reactions", origin);
  }
  template <class Cell, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const Cell& c, R& r) const {
    const Real u2 = c.u[SchnakenbergTraits::u] * c.u[SchnakenbergTraits::u];
    r.gain(SchnakenbergTraits::u, gamma * (a + u2 * c.u[SchnakenbergTraits::v]));
    r.lose(SchnakenbergTraits::u, gamma);
    r.gain(SchnakenbergTraits::v, gamma * b);
    r.lose(SchnakenbergTraits::v, gamma * u2);
  }
};

}  // namespace verification

using Linear =
    verification::Model<verification::LinearTraits, verification::LinearTransport, verification::LinearDecay,
                        verification::LinearSource, verification::LinearExchange>;
using FisherKpp = verification::Model<verification::FisherKppTraits, verification::FisherKppTransport,
                                      verification::FisherKppGrowth>;
using KellerSegel = verification::Model<verification::KellerSegelTraits, verification::KellerSegelTransport,
                                        verification::KellerSegelSecretion, verification::KellerSegelDecay>;
using GrayScott = verification::Model<verification::GrayScottTraits, verification::GrayScottTransport,
                                      verification::GrayScottFeed, verification::GrayScottReaction>;
using Schnakenberg =
    verification::Model<verification::SchnakenbergTraits, verification::SchnakenbergTransport,
                        verification::SchnakenbergReaction>;

}  // namespace kollagen
