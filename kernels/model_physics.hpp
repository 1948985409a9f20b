/// The part of Physics that knows the model at compile time: its reaction kernels, one set per model and backend.
#pragma once

#include <bit>
#include <type_traits>
#include <utility>

#include "host/model_setup.hpp"
#include "kernels/model_traits.hpp"
#include "kernels/physics.hpp"
#include "kernels/reactions.hpp"
#include "kernels/right_hand_side.hpp"
#include "kollagen/storage.hpp"

namespace kollagen {

/// Largest loss coefficient of a cell over all species [1/h].
template <class Model, class U = Span4<const Real>>
struct LargestLoss {
  Model model;
  CellInput<Model, U> input;
  template <std::size_t... N>
  KOKKOS_FORCEINLINE_FUNCTION Real cell(const int k, const int j, const int i,
                                        std::index_sequence<N...>) const {
    const Real v[Model::count] = {Real(input.u.template at<int(N)>(k, j, i))...};
    Rates<Model::count> r;
    input.template rates<Rates<Model::count>::mask, false>(model, v, input.template site_at<Real>(k), r, k, j, i);
    Real largest = 0;
    ((largest = r.loss[N] > largest ? r.loss[N] : largest), ...);
    return largest;
  }
  KOKKOS_FORCEINLINE_FUNCTION Real operator()(const int k, const int j, const int i) const {
    return cell(k, j, i, std::make_index_sequence<Model::count>());
  }
};

/// Storage: AllDouble or Mixed, as setup.precision says.
template <class Model, class Exec, class Storage = AllDouble>
class ModelPhysics final : public Physics<Exec> {
  using Base = Physics<Exec>;
  using Traits = SolveTraits<Model>;
  using Word = typename Storage::Word;
  static constexpr bool in_float = std::is_same_v<Word, float>;
  static constexpr unsigned singles = ((1u << Model::count) - 1) & ~Traits::slow;
  static_assert((Traits::slow & (Traits::by_mobility | Traits::by_layers | Traits::by_habitat)) == 0,
                "operators read what moves in the word of what is not slow");
  static_assert(!Traits::first_rest || (Traits::slow & Traits::local_first) == 0,
                "find_active reads what rests in the word of what is not slow");
  using Read = std::conditional_t<in_float, SplitSpan<singles, const float, const Real>, Span4<const Real>>;
  using Write = std::conditional_t<in_float, SplitSpan<singles, float, Real>, Span4<Real>>;

 public:
  ModelPhysics(const Exec& exec, const PhysicsSetup& setup)
      : Base(exec, setup, describe<Model>(),
             make_column(setup.skin, setup.grid.global_cells[2], setup.grid.spacing[2],
                         Traits::homeostasis(configured_model<Model>(setup.parameters, setup.disabled_terms)))),
        model_(configured_model<Model>(setup.parameters, setup.disabled_terms)) {
    KOLLAGEN_CHECK(this->mixed() == in_float, "physics of another precision than the setup asks for");
    for (int n = 0; n < Model::count; ++n)
      KOLLAGEN_CHECK(this->info_.species[n].slow == (((Traits::slow >> n) & 1u) != 0),
                     "the species of a model and SolveTraits disagree on which are slow");
    const int nz = setup.grid.cells[2];
    std::vector<double> sites(std::size_t(nz) * Model::site_count, 0.0), diffusivities;
    for (int k = 0; k < nz; ++k) model_.fill_site(this->column_, setup.grid.first[2] + k, &sites[k * Model::site_count]);
    for (int n = 0; n < Model::count; ++n) diffusivities.push_back(model_.diffusivity(n));
    this->build(setup, diffusivities, model_.clot_factor(), model_.chemotaxis(), sites, Model::site_count,
                Traits::wall_transfer(model_));
  }

  const Model& model() const { return model_; }
  double baseline(const int species, const int k) const override {
    return Traits::baseline(species, this->column_, k);
  }
  bool extrapolated(const int species) const override { return ((Traits::extrapolated >> species) & 1u) != 0; }
  bool rests(const int species) const override {
    return Traits::first_rest && ((Traits::local_first >> species) & 1u) != 0;
  }
  bool signed_fields() const override { return Traits::signed_fields; }
  std::vector<int> solve_order() const override {
    std::vector<int> order;
    for (const int n : Traits::solve_order)
      if (this->moves(n)) order.push_back(n);
    return order;
  }

  std::vector<int> conserved() const override {
    for (const WallKind kind : this->walls_[0].kind)
      if (kind != WallKind::periodic && kind != WallKind::no_flux) return {};
    if (this->forcing_.allocated()) return {};
    const unsigned changed = active_terms([](const auto& r, const int n) { return r.production[n] != 0 || r.loss[n] != 0; });
    std::vector<int> result;
    for (int n = 0; n < Model::count; ++n)
      if (!((changed >> n) & 1u)) result.push_back(n);
    return result;
  }

  bool lossless(const int species) const override {
    return ((active_terms([](const auto& r, const int n) { return r.loss[n] != 0; }) >> species) & 1u) == 0;
  }

  void stage_residual(const int species, const State<Exec>& u, const State<Exec>& rhs, const Real c,
                      const Real tolerance, const Span3<float>& r, const Span3<float>& q,
                      Maxima<Exec>& maxima) const override {
    select_species(species, [&](auto n) {
      constexpr int s = decltype(n)::value;
      if constexpr ((Traits::by_mobility >> s) & 1u)
        residual<s>(this->template signal_diffusion<Word>(s, u), u, rhs, c, tolerance, r, q, maxima);
      else if constexpr (((Traits::by_layers | Traits::by_habitat) >> s) & 1u)
        residual<s>(this->template layer_diffusion<Word, ((Traits::by_habitat >> s) & 1u) != 0>(s, u), u, rhs, c, tolerance,
                    r, q, maxima);
    });
  }

  LocalUpdate update_local(const int group, const State<Exec>& u, const State<Exec>& rhs, const Real c,
                   const Real tolerance, Maxima<Exec>& maxima) const override {
    return group == 0 ? local<Traits::local_first, false>(u, rhs, c, tolerance, maxima)
                      : local<Traits::local_last, true>(u, rhs, c, tolerance, maxima);
  }

  void extrapolate_local(const State<Exec>& u, const State<Exec>& rhs, const Fields<Exec, float>& error,
                         const Real c) const override {
    constexpr unsigned mask = (Traits::local_first | Traits::local_last) & Traits::extrapolated;
    if constexpr (mask != 0)
      with_forcing([&](auto forced) {
        for_cells("kollagen/reactions/extrapolate_local", this->exec_, this->owned(),
                  ExtrapolateLocal<Model, mask, decltype(forced)::value, Read, Write>{
                      model_, input(u), error.span(), span<Write>(rhs), span<Write>(u), c});
      });
  }

 protected:
  void evaluate_all(const State<Exec>& u, const State<Exec>& base, const State<Exec>& out, const Real a, const Real b,
                    const Real c) const override {
    with_forcing([&](auto forced) {
      constexpr bool f = decltype(forced)::value;
      if constexpr (Traits::chemotactic >= 0)
        this->chemotaxis_ ? run_all<f, Traits::chemotactic>(u, base, out, a, b, c)
                          : run_all<f, -1>(u, base, out, a, b, c);
      else
        run_all<f, -1>(u, base, out, a, b, c);
    });
  }
  Real largest_loss(const State<Exec>& u) const override {
    return this->max_over_owned("kollagen/reactions/largest_loss", LargestLoss<Model, Read>{model_, input(u)});
  }

 private:
  /// Mask of the species for which `has(rates, species)` holds somewhere. Three states of positive values of very
  /// different size are tried at every depth: an active term shows in one of them.
  template <class Has>
  unsigned active_terms(const Has& has) const {
    unsigned mask = 0;
    std::vector<double> sites(Model::site_count);
    for (int k = 0; k < this->grid_.global_cells[2]; ++k) {
      model_.fill_site(this->column_, k, sites.data());
      Real site[Model::site_count];
      for (int slot = 0; slot < Model::site_count; ++slot) site[slot] = sites[slot];
      for (const Real size : {0.01, 1.0, 30.0}) {
        Real v[Model::count];
        for (int n = 0; n < Model::count; ++n) v[n] = size * this->scale(n) * (1 + 0.1 * n);
        Rates<Model::count> r;
        model_.rates(v, site, r);
        for (int n = 0; n < Model::count; ++n)
          if (has(r, n)) mask |= 1u << n;
      }
    }
    return mask;
  }
  template <bool Forced, int Extra>
  void run_all(const State<Exec>& u, const State<Exec>& base, const State<Exec>& out, const Real a, const Real b,
               const Real c) const {
    using Kernel =
        RightHandSide<Model, Traits::by_mobility, Traits::by_layers, Traits::by_habitat, Extra, Forced, Read, Write>;
    Kernel kernel{model_, input(u), span<Read>(base), span<Write>(out), a, b, c, {}, {}, {}, {}};
    if (this->has_clot()) kernel.mobility = this->mobility_.template get<Word>(0);
    std::vector<int> all_moving;
    for (int n = 0; n < Model::count; ++n) {
      if (!this->moves(n)) continue;
      all_moving.push_back(n);
      kernel.layers[n] = this->layer_table(n);
      for (int axis = 0; axis < 3; ++axis)
        kernel.w[n][axis] = this->diffusivity(n) / (this->grid_.spacing[axis] * this->grid_.spacing[axis]);
    }
    if constexpr (Extra >= 0) kernel.extra = this->chemotaxis_scratch_.template get<Word>(0);
    for_cells_with_ghosts("kollagen/right_hand_side/evaluate", this->exec_, *this->halo_,
                          this->template ghosts<Word>(u, all_moving), kernel);
  }
  /// All species as kernels see them.
  template <class Span>
  static Span span(const State<Exec>& u) {
    if constexpr (in_float) {
      Span result;
      if (u.singles().allocated()) result.singles = u.singles().span();
      if (u.doubles().allocated()) result.doubles = u.doubles().span();
      return result;
    } else {
      return u.doubles().span();
    }
  }
  CellInput<Model, Read> input(const State<Exec>& u) const {
    CellInput<Model, Read> in{span<Read>(u), this->site(), {}};
    if (this->forcing_.allocated()) in.forcing = this->forcing_.span();
    return in;
  }
  template <class F>
  void with_forcing(const F& f) const {
    if (this->forcing_.allocated())
      f(std::true_type());
    else
      f(std::false_type());
  }
  /// Calls f(integral_constant<species>) for the species with that run-time index.
  template <class F>
  static void select_species(const int species, const F& f) {
    [&]<int... N>(std::integer_sequence<int, N...>) {
      ((N == species ? f(std::integral_constant<int, N>()) : void()), ...);
    }(std::make_integer_sequence<int, Model::count>());
  }

  template <int S, class Operator>
  void residual(const Operator& op, const State<Exec>& u, const State<Exec>& rhs, const Real c, const Real tolerance,
                const Span3<float>& r, const Span3<float>& q, Maxima<Exec>& maxima) const {
    with_forcing([&](auto forced) {
      constexpr bool f = decltype(forced)::value;
      const auto run = [&](auto with_extra) {
        constexpr bool x = decltype(with_extra)::value;
        Span3<const Word> divergence;
        if constexpr (x) divergence = this->chemotaxis_scratch_.template get<Word>(0);
        max_over_cells_with_ghosts("kollagen/reactions/stage_residual", this->exec_, *this->halo_,
                                   this->template ghosts<Word>(u, {S}),
                                   StageResidual<Model, S, Operator, f, x, Read>{
                                       model_, input(u), op, rhs.template get<Word>(S), divergence, r, q, c,
                                       this->scale(S), 1 / tolerance},
                                   maxima);
      };
      if constexpr (S == Traits::chemotactic)
        this->chemotaxis_ ? run(std::true_type()) : run(std::false_type());
      else
        run(std::false_type());
    });
  }

  template <unsigned Mask, bool Last>
  LocalUpdate local(const State<Exec>& u, const State<Exec>& rhs, const Real c, const Real tolerance,
            Maxima<Exec>& maxima) const {
    if constexpr (Mask != 0) {
      Kokkos::Array<Real, Model::count> scale{};
      for (int n = 0; n < Model::count; ++n) scale[n] = this->scale(n);
      with_forcing([&](auto forced) {
        this->with_cells(std::countr_zero(Mask), [&](const auto& cells) {
          max_over_cells("kollagen/reactions/update_local", this->exec_, cells,
                         UpdateLocal<Model, Mask, Last, decltype(forced)::value, Read, Write>{
                             model_, input(u), span<Write>(u), span<Read>(rhs), c, scale, 1 / tolerance},
                         maxima.next());
        });
      });
    }
    LocalUpdate done{Mask != 0, 0, Mask != 0 ? this->active_share(std::countr_zero(Mask)) : 0};
    for (int n = 0; n < Model::count; ++n)
      if ((Mask >> n) & 1u) done.bytes += this->word(n);
    return done;
  }

  Model model_;
};

}  // namespace kollagen
