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

/// What is done to each field, cell by cell. `Most`: there is room for so many.
template <class F, int Most>
struct EachField {
  Kokkos::Array<F, Most> of{};
  int count = 0;

  explicit EachField(const std::vector<F>& fields) : count(int(fields.size())) {
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

/// Largest value of each field, at least 0, as a reduction of Kokkos to an array, which a device keeps in shared memory: one
/// look there for several cells.
template <class F, class Items>
struct EachFieldMax {
  using value_type = Real[];
  using size_type = unsigned;
  static constexpr int cells_per_item = 4;
  EachField<F, most_fields_at_once> fields;
  Items cells;
  int items;
  unsigned value_count;

  EachFieldMax(const EachField<F, most_fields_at_once>& f, const Items& c)
      : fields(f), cells(c), items((c.count - 1) / cells_per_item + 1), value_count(unsigned(f.count)) {}
  KOKKOS_INLINE_FUNCTION void operator()(const int item, Real* const largest) const {
    CellOfBox::Index at[cells_per_item]{};
    bool found[cells_per_item];
#pragma unroll  // like the one below: an array that is indexed at run time would lie in local memory
    for (int n = 0; n < cells_per_item; ++n) {
      const int cell = item + n * items;  // far from each other: neighbouring threads stay on neighbouring x
      found[n] = cell < cells.count && cells.find(cell, at[n]);
    }
    for (int f = 0; f < fields.count; ++f) {
      Real best = 0;
#pragma unroll
      for (int n = 0; n < cells_per_item; ++n) {
        const Real value = found[n] ? at_cell(fields.of[f], at[n].k, at[n].j, at[n].i) : Real(0);
        best = value > best ? value : best;
      }
      if (best > largest[f]) largest[f] = best;
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

inline void check_fields(const std::size_t count) {
  KOLLAGEN_CHECK(count <= std::size_t(most_fields_at_once), "too many fields for one launch");
}

/// What `for_fields` and `max_over_fields` do on a device.
template <class Exec, class Cells, class F>
void for_fields_at_once(const std::string& label, const Exec& exec, const Cells& cells, const std::vector<F>& fields) {
  check_fields(fields.size());
  if (fields.size() > 2)
    for_cells(label, exec, cells, EachField<F, most_fields_at_once>(fields));
  else if (!fields.empty())
    for_cells(label, exec, cells, EachField<F, 2>(fields));
}
template <class Exec, class Cells, class F>
void max_over_fields_at_once(const std::string& label, const Exec& exec, const Cells& cells, const std::vector<F>& fields,
                             Maxima<Exec>& maxima) {
  check_fields(fields.size());
  if (fields.empty()) return;
  const auto results = maxima.next(int(fields.size()));
  const auto items = items_of(label, cells);
  if (items.count == 0) return Kokkos::deep_copy(exec, results, Real(0));
  const EachFieldMax<F, std::decay_t<decltype(items)>> work(EachField<F, most_fields_at_once>(fields), items);
  checked_count(label, long(work.items) * work.cells_per_item);
  Kokkos::parallel_reduce(label, Kokkos::RangePolicy<Exec, Kokkos::IndexType<int>>(exec, 0, work.items), work, results);
}

}  // namespace detail

/// Runs each of `fields`, functors as for for_cells, over the cells, a Box or Stretches. They must not depend on each other.
/// Asynchronous on a device. Throws std::logic_error for more than `most_fields_at_once`.
template <class Exec, class Cells, class F>
void for_fields(const std::string& label, const Exec& exec, const Cells& cells, const std::vector<F>& fields) {
  detail::check_fields(fields.size());
  if constexpr (detail::runs_on_host<Exec>)
    for (const F& f : fields) for_cells(label, exec, cells, f);
  else
    detail::for_fields_at_once(label, exec, cells, fields);
}

/// The largest value of each, at least 0, into as many results of `maxima`, in this order. Functors as for max_over_cells,
/// but that a device takes four cells per item of all of them; errors as for for_fields and Maxima::next.
template <class Exec, class Cells, class F>
void max_over_fields(const std::string& label, const Exec& exec, const Cells& cells, const std::vector<F>& fields,
                     Maxima<Exec>& maxima) {
  detail::check_fields(fields.size());
  if constexpr (detail::runs_on_host<Exec>)
    for (const F& f : fields) max_over_cells(label, exec, cells, f, maxima.next());
  else
    detail::max_over_fields_at_once(label, exec, cells, fields, maxima);
}

}  // namespace kollagen
