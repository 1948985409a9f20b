/// A model's reactions as a list of small structs, switched on and off as a whole.
#pragma once

#include <type_traits>

#include "kollagen/types.hpp"

namespace kollagen {

/// Passes on the rates of one term multiplied by 1 or 0, so that switching costs no branch in a cell.
template <class R>
struct SwitchedRates {
  R& rates;
  Real on;
  template <class T>
  KOKKOS_FORCEINLINE_FUNCTION void gain(const int n, const T rate) {
    rates.gain(n, on * rate);
  }
  template <class T>
  KOKKOS_FORCEINLINE_FUNCTION void lose(const int n, const T k) {
    rates.lose(n, on * k);
  }
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

namespace detail {

/// Lists the parameters of one struct together with the name of that struct.
template <class Group, class V>
void visit_group(Group& group, V&& v) {
  group.visit([&v](const char* name, Real& value, const char* unit, double lower, double upper,
                   const char* doc, const char* source) {
    v(Group::name, name, value, unit, lower, upper, doc, source);
  });
}

}  // namespace detail

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

/// The entry of a list that holds the term of type `Term`: its `first` is the term, its `on` the switch.
template <class Term, class First, class... Rest>
const auto& find_term(const TermList<First, Rest...>& list) {
  if constexpr (std::is_same_v<Term, First>) {
    return list;
  } else {
    return find_term<Term>(list.rest);
  }
}

}  // namespace kollagen
