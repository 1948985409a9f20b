/// Reaction kernels: the rates of a cell, the residual of one implicit stage, the local stage update.
#pragma once

#include <type_traits>
#include <utility>

#include "kernels/for_cells.hpp"
#include "kernels/stages.hpp"
#include "kollagen/model/rates.hpp"
#include "kollagen/storage.hpp"
#include "kollagen/types.hpp"

namespace kollagen {

/// Whether the terms of a model can compute with Single.
template <class Model>
concept ComputesInFloat =
    requires(const Model& model, const Single (&u)[Model::count], const Single (&site)[Model::site_count],
             Rates<Model::count, 1u, Single>& r) { model.rates(u, site, r); };

/// Whether a state keeps all species in Mask in float.
template <class U, unsigned Mask>
inline constexpr bool all_singles = (Mask & ~U::in_float) == 0;

/// The state and the depth table of a model, as a kernel reads them cell by cell. U: Span4, or SplitSpan in mixed precision.
template <class Model, class U = Span4<const Real>>
struct CellInput {
  /// What residuals and local updates compute rates with.
  using Scalar =
      std::conditional_t<std::is_same_v<typename U::Word, float> && ComputesInFloat<Model>, Single, Real>;
  U u;
  Span2<const Real> site;     ///< (Model slot, k) baseline and closures of the layer
  Span4<const Real> forcing;  ///< external production [u/h]; read only by kernels with Forced = true

  /// The depth table at k, for the cells of a row: looked up once.
  template <class T>
  struct Site {
    T at[Model::site_count];
  };
  template <class T>
  KOKKOS_FORCEINLINE_FUNCTION Site<T> site_at(const int k) const {
    return site_at<T>(k, std::make_index_sequence<Model::site_count>());
  }
  template <class T, std::size_t... S>
  KOKKOS_FORCEINLINE_FUNCTION Site<T> site_at(const int k, std::index_sequence<S...>) const {
    return {{T(site(int(S), k))...}};
  }
  /// Loads one cell and evaluates the model's rates of the species in `Mask` into `r`.
  /// What the masked terms do not need is never loaded: the compiler drops it.
  template <unsigned Mask, bool Forced, class T, std::size_t... N>
  KOKKOS_FORCEINLINE_FUNCTION void rates(const Model& model, const T (&v)[Model::count], const Site<T>& s,
                                         Rates<Model::count, Mask, T>& r, const int k, const int j, const int i,
                                         std::index_sequence<N...>) const {
    model.rates(v, s.at, r);
    if constexpr (Forced) {
      (add_forcing<Mask, int(N)>(r, k, j, i), ...);
    }
  }
  template <unsigned Mask, bool Forced, class T>
  KOKKOS_FORCEINLINE_FUNCTION void rates(const Model& model, const T (&v)[Model::count], const Site<T>& s,
                                         Rates<Model::count, Mask, T>& r, const int k, const int j,
                                         const int i) const {
    rates<Mask, Forced>(model, v, s, r, k, j, i, std::make_index_sequence<Model::count>());
  }
  template <unsigned Mask, int N, class T>
  KOKKOS_FORCEINLINE_FUNCTION void add_forcing(Rates<Model::count, Mask, T>& r, const int k, const int j,
                                               const int i) const {
    if constexpr (((Mask >> N) & 1u) != 0) r.production[N] += forcing(N, k, j, i);
  }
};

/// Residual of the implicit stage  u = rhs + c (production - loss u + transport(u) + extra)  for species S:
///   r = rhs - u + c (...),  written in float for the solver, with q = 1 + c loss.
/// Returns |r| relative to the error weight, for the stopping test. Ghosts of species S filled.
template <class Model, int S, class Operator, bool Forced, bool WithExtra, class U = Span4<const Real>>
struct StageResidual {
  using Word = typename U::Word;
  Model model;
  CellInput<Model, U> input;
  Operator op;
  Span3<const Word> rhs;
  Span3<const Word> extra;  ///< chemotaxis [u/h]; read only when WithExtra
  Span3<float> r;
  Span3<float> q;
  Real c;
  Real scale, inv_tolerance;  ///< weight = tolerance (scale + |u|)
  /// Three planes of u and of the mobility: 0.8 MB.
  static constexpr int plane_cells = 16384;
  using Scalar = typename CellInput<Model, U>::Scalar;

  /// The kernel for one row, with the operator and the depth table of the row.
  template <class RowOperator>
  struct Row {
    StageResidual f;
    RowOperator op;
    typename CellInput<Model, U>::template Site<Scalar> site;

    template <std::size_t... N>
    KOKKOS_FORCEINLINE_FUNCTION Real cell(const int k, const int j, const int i, std::index_sequence<N...>) const {
      using T = Scalar;
      const T v[Model::count] = {T(f.input.u.template at<int(N)>(k, j, i))...};
      Rates<Model::count, 1u << S, T> rates;
      f.input.template rates<1u << S, Forced>(f.model, v, site, rates, k, j, i);
      T net = rates.production[S] - rates.loss[S] * v[S] + op(k, j, i);
      if constexpr (WithExtra) net += f.extra(k, j, i);
      const T residual = f.rhs(k, j, i) - v[S] + f.c * net;
      f.r(k, j, i) = float(residual);
      f.q(k, j, i) = float(1 + f.c * rates.loss[S]);
      const T size = residual < 0 ? -residual : residual, value = v[S] < 0 ? -v[S] : v[S];
      return Real(size * f.inv_tolerance / (f.scale + value));
    }
    KOKKOS_FORCEINLINE_FUNCTION Real operator()(const int k, const int j, const int i) const {
      return cell(k, j, i, std::make_index_sequence<Model::count>());
    }
  };
  template <class RowOperator>
  KOKKOS_FORCEINLINE_FUNCTION Row<RowOperator> row(const RowOperator& of_row, const int k) const {
    return {*this, of_row, input.template site_at<Scalar>(k)};
  }
  KOKKOS_FORCEINLINE_FUNCTION auto at_row(const int k, const int j) const { return row(detail::at_row(op, k, j), k); }
  KOKKOS_FORCEINLINE_FUNCTION bool at_rest(const int k, const int j, const int i) const
    requires detail::HasRest<Operator>
  {
    return op.at_rest(k, j, i);
  }
  KOKKOS_FORCEINLINE_FUNCTION auto rest_row(const int k, const int j) const
    requires detail::HasRest<Operator>
  {
    return row(op.rest_row(k, j), k);
  }
};

/// Stage update of the species in Mask, which do not move:  u = (rhs + c production) / (1 + c loss),
/// iterated twice within the cell (terms couple the species). Positive for positive rhs. Returns the largest change
/// relative to the error weight: from the values before, for which others have to wait, or where `Last`, of species that
/// nothing else reads, by the second iteration only.
/// Where all species in Mask are stored in float it is computed in float. What slow species of a state in mixed precision
/// gain or lose is computed in float, as their rates are, and added to rhs in double.
template <class Model, unsigned Mask, bool Last, bool Forced, class U = Span4<const Real>, class Out = Span4<Real>>
struct UpdateLocal {
  using Word = std::conditional_t<all_singles<U, Mask>, float, Real>;
  /// What is added to the right-hand side, and a change is judged in.
  using Step = std::conditional_t<std::is_same_v<typename CellInput<Model, U>::Scalar, Single>, float, Real>;
  Model model;
  CellInput<Model, U> input;
  Out u;  ///< the state that `input` reads, written in place
  U rhs;
  Real c;
  Kokkos::Array<Real, Model::count> scale;
  Real inv_tolerance;

  using Scalar = typename CellInput<Model, U>::Scalar;

  /// The kernel for one row, with the depth table of the row.
  struct Row {
    UpdateLocal f;
    typename CellInput<Model, U>::template Site<Scalar> site;

    template <int N>
    KOKKOS_FORCEINLINE_FUNCTION void sweep_species(Word (&v)[Model::count], const Rates<Model::count, Mask, Scalar>& r,
                                                   const int k, const int j, const int i) const {
      if constexpr (((Mask >> N) & 1u) != 0) {
        const Word base = f.rhs.template at<N>(k, j, i);
        const Step weight = Step(f.c), production = Step(r.production[N]), loss = Step(r.loss[N]);
        if constexpr (std::is_same_v<Word, Step>)
          v[N] = (base + weight * production) / (1 + weight * loss);
        else
          v[N] = base + weight * (production - loss * Step(base)) / (1 + weight * loss);
      }
    }
    template <int N>
    KOKKOS_FORCEINLINE_FUNCTION void store(const Word (&v)[Model::count], const Word (&first)[Model::count], Step& change,
                                           const int k, const int j, const int i) const {
      if constexpr (((Mask >> N) & 1u) != 0) {
        auto& stays = f.u.template at<N>(k, j, i);
        const Word before = Last ? first[N] : Word(stays), d = v[N] - before;
        const Step size =
            Step(d < 0 ? -d : d) * Step(f.inv_tolerance) / Step(f.scale[N] + (before < 0 ? -before : before));
        change = size > change ? size : change;
        stays = stored<std::remove_reference_t<decltype(stays)>>(v[N]);
      }
    }
    /// Called twice, not looped: a loop in the body of a row keeps it from being vectorised.
    template <std::size_t... N>
    KOKKOS_FORCEINLINE_FUNCTION void sweep(Word (&v)[Model::count], const int k, const int j, const int i,
                                           std::index_sequence<N...>) const {
      const Scalar values[Model::count] = {Scalar(v[N])...};
      Rates<Model::count, Mask, Scalar> r;
      f.input.template rates<Mask, Forced>(f.model, values, site, r, k, j, i);
      (sweep_species<int(N)>(v, r, k, j, i), ...);
    }
    template <std::size_t... N>
    KOKKOS_FORCEINLINE_FUNCTION Real cell(const int k, const int j, const int i, std::index_sequence<N...>) const {
      Word v[Model::count] = {Word(f.input.u.template at<int(N)>(k, j, i))...};
      sweep(v, k, j, i, std::index_sequence<N...>());
      const Word first[Model::count] = {v[N]...};
      sweep(v, k, j, i, std::index_sequence<N...>());
      Step change = 0;
      (store<int(N)>(v, first, change, k, j, i), ...);
      return change;
    }
    KOKKOS_FORCEINLINE_FUNCTION Real operator()(const int k, const int j, const int i) const {
      return cell(k, j, i, std::make_index_sequence<Model::count>());
    }
  };
  KOKKOS_FORCEINLINE_FUNCTION Row at_row(const int k, const int) const {
    return {*this, input.template site_at<Scalar>(k)};
  }
};

/// Adds the error estimate to the species in Mask, which do not move, twice filtered by 1/(1 + c loss): third order
/// where losses are slow, no change where they are fast.
template <class Model, unsigned Mask, bool Forced, class U = Span4<const Real>, class Out = Span4<Real>>
struct ExtrapolateLocal {
  Model model;
  CellInput<Model, U> input;  ///< reads u
  Span4<const float> error;
  Out rhs, u;
  Real c;

  template <int N, class T>
  KOKKOS_FORCEINLINE_FUNCTION void one(const Rates<Model::count, Mask, T>& r, const int k, const int j, const int i) const {
    if constexpr (((Mask >> N) & 1u) != 0) {
      const Real filter = 1 + c * Real(r.loss[N]);
      auto& value = u.template at<N>(k, j, i);
      auto& right = rhs.template at<N>(k, j, i);
      using T2 = std::remove_reference_t<decltype(value)>;
      Extrapolate<T2>::add(ErrorEstimate<T2>::of(error(N, k, j, i), right, value) / (filter * filter), value, right);
    }
  }
  template <std::size_t... N>
  KOKKOS_FORCEINLINE_FUNCTION void cell(const int k, const int j, const int i, std::index_sequence<N...>) const {
    using T = typename CellInput<Model, U>::Scalar;
    const T v[Model::count] = {T(input.u.template at<int(N)>(k, j, i))...};
    Rates<Model::count, Mask, T> r;
    input.template rates<Mask, Forced>(model, v, input.template site_at<T>(k), r, k, j, i);
    (one<int(N)>(r, k, j, i), ...);
  }
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    cell(k, j, i, std::make_index_sequence<Model::count>());
  }
};

}  // namespace kollagen
