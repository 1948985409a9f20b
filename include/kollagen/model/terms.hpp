/// A model's reactions as a list of small structs, switched on and off as a whole.
#pragma once

#include "kollagen/types.hpp"

namespace kollagen {

/// Passes on the rates of one term multiplied by 1 or 0, so that switching costs no branch in a cell.
template <class R>
struct SwitchedRates {
  R& rates;
  Real on;
  KOKKOS_FORCEINLINE_FUNCTION void gain(const int n, const Real rate) { rates.gain(n, on * rate); }
  KOKKOS_FORCEINLINE_FUNCTION void lose(const int n, const Real k) { rates.lose(n, on * k); }
};

/// Terms evaluated in order. A term has `name`, `equation`, `doc` (static constexpr const char*),
/// `visit(v)` listing its parameters and `add_rates(cell, rates)`.
template <class... Terms>
struct TermList;

template <>
struct TermList<> {
  static constexpr int count = 0;
  template <class Cell, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const Cell&, R&) const {}
  template <class F>
  void for_each(F&&) {}
};

template <class First, class... Rest>
struct TermList<First, Rest...> {
  static constexpr int count = 1 + sizeof...(Rest);
  First first;
  Real on = 1;  ///< 0 when the study disables the term
  TermList<Rest...> rest;

  template <class Cell, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const Cell& cell, R& rates) const {
    SwitchedRates<R> switched{rates, on};
    first.add_rates(cell, switched);
    rest.add_rates(cell, rates);
  }
  /// Calls `f(term, on)` for every term, in order; host only.
  template <class F>
  void for_each(F&& f) {
    f(first, on);
    rest.for_each(f);
  }
};

}  // namespace kollagen
