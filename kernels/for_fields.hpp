/// Loops that do the same to several fields: one launch for all of them on a device, where starting a kernel takes as long as
/// a hundred thousand cells.
#pragma once

#include <string>
#include <vector>

#include "kernels/for_cells.hpp"
#include "kollagen/check.hpp"

namespace kollagen {

/// Fields that one launch takes at most.
inline constexpr int most_fields_at_once = 16;

namespace detail {

/// What is done to each field, cell by cell.
template <class F>
struct EachField {
  Kokkos::Array<F, most_fields_at_once> of{};
  int count = 0;

  explicit EachField(const std::vector<F>& fields) : count(int(fields.size())) {
    KOLLAGEN_CHECK(count <= most_fields_at_once, "too many fields for one launch");
    for (int n = 0; n < count; ++n) of[n] = fields[std::size_t(n)];
  }
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    for (int n = 0; n < count; ++n) at_cell(of[n], k, j, i);
  }
};

/// Work items of a loop over single cells: of a box, or of stretches.
struct ItemsOfBox {
  CellOfBox cells;
  int count;
  ItemsOfBox(const std::string& label, const Box& box)
      : cells(box.cells() > 0 ? CellOfBox(box) : CellOfBox()), count(checked_count(label, box.cells())) {}
  KOKKOS_FORCEINLINE_FUNCTION bool find(const int item, CellOfBox::Index& cell) const {
    cell = cells.at(item);
    return true;
  }
};
struct ItemsOfStretches {
  Stretches stretches;
  int count;
  ItemsOfStretches(const std::string& label, const Stretches& s)
      : stretches(s), count(checked_count(label, long(s.count()) << s.shift())) {}
  /// Whether the item has a cell: the last stretch of a row may be shorter.
  KOKKOS_FORCEINLINE_FUNCTION bool find(const int item, CellOfBox::Index& cell) const {
    const Stretches::Part part = stretches.at(item >> stretches.shift());
    cell = {part.k, part.j, part.begin + (item & ((1 << stretches.shift()) - 1))};
    return cell.i < part.end;
  }
};
inline ItemsOfBox items_of(const std::string& label, const Box& box) { return ItemsOfBox(label, box); }
inline ItemsOfStretches items_of(const std::string& label, const Stretches& stretches) {
  return ItemsOfStretches(label, stretches);
}

/// Largest value of each field, at least 0, as a reduction of Kokkos to an array.
template <class F, class Items>
struct EachFieldMax {
  using value_type = Real[];
  using size_type = unsigned;
  EachField<F> fields;
  Items items;
  unsigned value_count;

  EachFieldMax(const EachField<F>& f, const Items& i) : fields(f), items(i), value_count(unsigned(f.count)) {}
  KOKKOS_INLINE_FUNCTION void operator()(const int item, Real* const largest) const {
    CellOfBox::Index cell;
    if (!items.find(item, cell)) return;
    for (int n = 0; n < fields.count; ++n) {
      const Real value = at_cell(fields.of[n], cell.k, cell.j, cell.i);
      largest[n] = value > largest[n] ? value : largest[n];
    }
  }
  KOKKOS_INLINE_FUNCTION void init(Real* const largest) const {
    for (unsigned n = 0; n < value_count; ++n) largest[n] = 0;
  }
#if KOKKOS_VERSION < 40000
  KOKKOS_INLINE_FUNCTION void join(volatile Real* const largest, const volatile Real* const other) const {
#else
  KOKKOS_INLINE_FUNCTION void join(Real* const largest, const Real* const other) const {
#endif
    for (unsigned n = 0; n < value_count; ++n) largest[n] = other[n] > largest[n] ? other[n] : largest[n];
  }
};

/// What `for_fields` and `max_over_fields` do on a device.
template <class Exec, class Cells, class F>
void for_fields_at_once(const std::string& label, const Exec& exec, const Cells& cells, const std::vector<F>& fields) {
  if (!fields.empty()) for_cells(label, exec, cells, EachField<F>(fields));
}
template <class Exec, class Cells, class F>
void max_over_fields_at_once(const std::string& label, const Exec& exec, const Cells& cells, const std::vector<F>& fields,
                             Maxima<Exec>& maxima) {
  if (fields.empty()) return;
  const auto results = maxima.next(int(fields.size()));
  const auto items = items_of(label, cells);
  using Policy = Kokkos::RangePolicy<Exec, Kokkos::IndexType<int>>;
  if (items.count == 0)
    Kokkos::deep_copy(exec, results, Real(0));
  else
    Kokkos::parallel_reduce(label, Policy(exec, 0, items.count),
                            EachFieldMax<F, std::decay_t<decltype(items)>>(EachField<F>(fields), items), results);
}

}  // namespace detail

/// Runs each of `fields`, functors as for for_cells, over the cells, a Box or Stretches. They must not depend on each other.
/// Asynchronous on a device. Throws std::logic_error for more than `most_fields_at_once`.
template <class Exec, class Cells, class F>
void for_fields(const std::string& label, const Exec& exec, const Cells& cells, const std::vector<F>& fields) {
  if constexpr (detail::runs_on_host<Exec>)
    for (const F& f : fields) for_cells(label, exec, cells, f);
  else
    detail::for_fields_at_once(label, exec, cells, fields);
}

/// The largest value of each, at least 0, into as many results of `maxima`, in this order. Functors and errors as for
/// max_over_cells and for_fields.
template <class Exec, class Cells, class F>
void max_over_fields(const std::string& label, const Exec& exec, const Cells& cells, const std::vector<F>& fields,
                     Maxima<Exec>& maxima) {
  if constexpr (detail::runs_on_host<Exec>)
    for (const F& f : fields) max_over_cells(label, exec, cells, f, maxima.next());
  else
    detail::max_over_fields_at_once(label, exec, cells, fields, maxima);
}

}  // namespace kollagen
