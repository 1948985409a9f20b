/// Reaction kernels: the rates of a cell, the residual of one implicit stage, the local stage update.
#pragma once

#include <type_traits>
#include <utility>

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

/// The state and the depth table of a model, as a kernel reads them cell by cell. U: Span4, or SplitSpan in mixed precision.
template <class Model, class U = Span4<const Real>>
struct CellInput {
  /// What residuals and local updates compute rates with.
  using Scalar =
      std::conditional_t<std::is_same_v<typename U::Moving, float> && ComputesInFloat<Model>, Single, Real>;
  U u;
  Span2<const Real> site;     ///< (Model slot, k) baseline and closures of the layer
  Span4<const Real> forcing;  ///< external production [u/h]; read only by kernels with Forced = true

  /// Loads one cell and evaluates the model's rates of the species in `Mask` into `r`.
  /// What the masked terms do not need is never loaded: the compiler drops it.
  template <unsigned Mask, bool Forced, class T, std::size_t... N, std::size_t... S>
  KOKKOS_FORCEINLINE_FUNCTION void rates(const Model& model, const T (&v)[Model::count],
                                         Rates<Model::count, Mask, T>& r, const int k, const int j, const int i,
                                         std::index_sequence<N...>, std::index_sequence<S...>) const {
    const T s[Model::site_count] = {T(site(int(S), k))...};
    model.rates(v, s, r);
    if constexpr (Forced) {
      (add_forcing<Mask, int(N)>(r, k, j, i), ...);
    }
  }
  template <unsigned Mask, bool Forced, class T>
  KOKKOS_FORCEINLINE_FUNCTION void rates(const Model& model, const T (&v)[Model::count],
                                         Rates<Model::count, Mask, T>& r, const int k, const int j,
                                         const int i) const {
    rates<Mask, Forced>(model, v, r, k, j, i, std::make_index_sequence<Model::count>(),
                        std::make_index_sequence<Model::site_count>());
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
  using Moving = typename U::Moving;
  Model model;
  CellInput<Model, U> input;
  Operator op;
  Span3<const Moving> rhs;
  Span3<const Moving> extra;  ///< chemotaxis [u/h]; read only when WithExtra
  Span3<float> r;
  Span3<float> q;
  Real c;
  Real scale, inv_tolerance;  ///< weight = tolerance (scale + |u|)
  /// Three planes of u and of the mobility: 0.8 MB.
  static constexpr int plane_cells = 16384;

  template <std::size_t... N>
  KOKKOS_FORCEINLINE_FUNCTION Real cell(const int k, const int j, const int i,
                                        std::index_sequence<N...>) const {
    using T = typename CellInput<Model, U>::Scalar;
    const T v[Model::count] = {T(input.u.template at<int(N)>(k, j, i))...};
    Rates<Model::count, 1u << S, T> rates;
    input.template rates<1u << S, Forced>(model, v, rates, k, j, i);
    T net = rates.production[S] - rates.loss[S] * v[S] + op(k, j, i);
    if constexpr (WithExtra) net += extra(k, j, i);
    const T residual = rhs(k, j, i) - v[S] + c * net;
    r(k, j, i) = float(residual);
    q(k, j, i) = float(1 + c * rates.loss[S]);
    const T size = residual < 0 ? -residual : residual, value = v[S] < 0 ? -v[S] : v[S];
    return Real(size * inv_tolerance / (scale + value));
  }
  KOKKOS_FORCEINLINE_FUNCTION Real operator()(const int k, const int j, const int i) const {
    return cell(k, j, i, std::make_index_sequence<Model::count>());
  }
};

/// Stage update of the species in Mask, which do not move:  u = (rhs + c production) / (1 + c loss),
/// iterated twice within the cell (terms couple the species). Positive for positive rhs. Returns the largest change
/// relative to the error weight.
template <class Model, unsigned Mask, bool Forced, class U = Span4<const Real>, class Out = Span4<Real>>
struct UpdateLocal {
  Model model;
  CellInput<Model, U> input;
  Out u;  ///< the state that `input` reads, written in place
  U rhs;
  Real c;
  Kokkos::Array<Real, Model::count> scale;
  Real inv_tolerance;

  template <int N, class T>
  KOKKOS_FORCEINLINE_FUNCTION void sweep_species(Real (&v)[Model::count], const Rates<Model::count, Mask, T>& r,
                                                 const int k, const int j, const int i) const {
    if constexpr (((Mask >> N) & 1u) != 0)
      v[N] = (rhs.template at<N>(k, j, i) + c * Real(r.production[N])) / (1 + c * Real(r.loss[N]));
  }
  template <int N>
  KOKKOS_FORCEINLINE_FUNCTION void store(const Real (&v)[Model::count], Real& change, const int k,
                                         const int j, const int i) const {
    if constexpr (((Mask >> N) & 1u) != 0) {
      const Real before = u.template at<N>(k, j, i), d = v[N] - before;
      const Real size = (d < 0 ? -d : d) * inv_tolerance / (scale[N] + (before < 0 ? -before : before));
      change = size > change ? size : change;
      u.template at<N>(k, j, i) = v[N];
    }
  }
  /// Called twice, not looped: a loop in the body of a row keeps it from being vectorised.
  template <std::size_t... N>
  KOKKOS_FORCEINLINE_FUNCTION void sweep(Real (&v)[Model::count], const int k, const int j, const int i,
                                         std::index_sequence<N...>) const {
    using T = typename CellInput<Model, U>::Scalar;
    const T values[Model::count] = {T(v[N])...};
    Rates<Model::count, Mask, T> r;
    input.template rates<Mask, Forced>(model, values, r, k, j, i);
    (sweep_species<int(N)>(v, r, k, j, i), ...);
  }
  template <std::size_t... N>
  KOKKOS_FORCEINLINE_FUNCTION Real cell(const int k, const int j, const int i,
                                        std::index_sequence<N...>) const {
    Real v[Model::count] = {Real(input.u.template at<int(N)>(k, j, i))...};
    sweep(v, k, j, i, std::index_sequence<N...>());
    sweep(v, k, j, i, std::index_sequence<N...>());
    Real change = 0;
    (store<int(N)>(v, change, k, j, i), ...);
    return change;
  }
  KOKKOS_FORCEINLINE_FUNCTION Real operator()(const int k, const int j, const int i) const {
    return cell(k, j, i, std::make_index_sequence<Model::count>());
  }
};

/// Adds the error estimate to the species in Mask, which do not move, twice filtered by 1/(1 + c loss): third order
/// where losses are slow, no change where they are fast.
template <class Model, unsigned Mask, bool Forced, class U = Span4<const Real>>
struct ExtrapolateLocal {
  Model model;
  CellInput<Model, U> input;  ///< reads u
  Span4<const float> error;
  Kokkos::Array<Span3<Real>, Model::count> rhs;  ///< of the species in Mask
  Kokkos::Array<Span3<Real>, Model::count> u;
  Real c;

  template <int N, class T>
  KOKKOS_FORCEINLINE_FUNCTION void one(const Rates<Model::count, Mask, T>& r, const int k, const int j, const int i) const {
    if constexpr (((Mask >> N) & 1u) != 0) {
      const Real filter = 1 + c * Real(r.loss[N]);
      const Real e = ErrorEstimate<Real>{error[N], rhs[N], u[N]}(k, j, i) / (filter * filter);
      Extrapolate<Real>{u[N], rhs[N]}.add(e, k, j, i);
    }
  }
  template <std::size_t... N>
  KOKKOS_FORCEINLINE_FUNCTION void cell(const int k, const int j, const int i, std::index_sequence<N...>) const {
    using T = typename CellInput<Model, U>::Scalar;
    const T v[Model::count] = {T(input.u.template at<int(N)>(k, j, i))...};
    Rates<Model::count, Mask, T> r;
    input.template rates<Mask, Forced>(model, v, r, k, j, i);
    (one<int(N)>(r, k, j, i), ...);
  }
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    cell(k, j, i, std::make_index_sequence<Model::count>());
  }
};

}  // namespace kollagen
