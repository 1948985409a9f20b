/// Where signals move as in tissue without a clot: their mobility is that of the layers, and kernels that meet it nine
/// times out of ten need not read it cell by cell.
#pragma once

#include "kernels/for_cells.hpp"
#include "kollagen/types.hpp"

namespace kollagen {

/// Stretches of cells along x in which the mobility of every cell and of its six neighbours is the layer's own.
struct Intact {
  const unsigned char* stretches = nullptr;  ///< 1 or 0, those of a row side by side; nullptr: nowhere
  int rows = 0;                              ///< owned cells along y
  int per_row = 0;
  int shift = 0;  ///< a stretch has 2^shift cells
  double share = 0;  ///< of the stretches are intact, when last counted; for the traffic model

  KOKKOS_FORCEINLINE_FUNCTION bool at(const int k, const int j, const int i) const {
    return stretches != nullptr && stretches[(k * rows + j) * per_row + (i >> shift)] != 0;
  }
};

/// Fills Intact::stretches on a host: (k, j, stretch).
template <class T>
struct FindIntact {
  Span3<const T> m;
  Span2<const Real> multiplier;  ///< (0, k) of the layers, k from -1 to nz
  unsigned char* stretches;
  int rows, per_row, shift, cells;  ///< cells: along x

  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int stretch) const {
    const T here = T(multiplier(0, k)), below = T(multiplier(0, k - 1)), above = T(multiplier(0, k + 1));
    const int begin = stretch << shift, length = cells - begin, full = 1 << shift;
    const int end = begin + (length < full ? length : full);
    int others = m(k, j, begin - 1) != here || m(k, j, end) != here;
    for (int i = begin; i < end; ++i)
      others |= (m(k, j, i) != here) | (m(k, j - 1, i) != here) | (m(k, j + 1, i) != here) | (m(k - 1, j, i) != below) |
                (m(k + 1, j, i) != above);
    stretches[(k * rows + j) * per_row + stretch] = others == 0;
  }
};

/// The same on a device, where neighbouring threads look at neighbouring cells: all stretches are intact...
struct TakeForIntact {
  unsigned char* stretches;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int, const int, const int n) const { stretches[n] = 1; }
};
/// ... but those with a cell that is not; several may say so at once.
template <class T>
struct MarkOthers {
  Span3<const T> m;
  Span2<const Real> multiplier;
  unsigned char* stretches;
  int rows, per_row, shift;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    const T here = T(multiplier(0, k)), below = T(multiplier(0, k - 1)), above = T(multiplier(0, k + 1));
    const bool other = m(k, j, i) != here || m(k, j, i - 1) != here || m(k, j, i + 1) != here || m(k, j - 1, i) != here ||
                       m(k, j + 1, i) != here || m(k - 1, j, i) != below || m(k + 1, j, i) != above;
    if (other) stretches[(k * rows + j) * per_row + (i >> shift)] = 0;
  }
};

/// Finds where m is `multiplier` (0, k), k from -1 to nz, in the owned cells, and writes it to `stretches`, laid out as
/// `layout` says. Ghosts of m filled. Asynchronous on a device.
template <class Exec, class T>
void find_intact(const Exec& exec, const Box& owned, const Span3<T>& m, const Span2<const Real>& multiplier,
                 const Intact& layout, unsigned char* const stretches) {
  const Box all{{0, 0, 0}, {layout.per_row, owned.extent(1), owned.extent(2)}};
  if constexpr (detail::runs_on_host<Exec>) {
    for_cells("kollagen/intact/find", exec, all,
              FindIntact<T>{m, multiplier, stretches, layout.rows, layout.per_row, layout.shift, owned.extent(0)});
  } else {
    for_cells("kollagen/intact/take", exec, Box{{0, 0, 0}, {int(all.cells()), 1, 1}}, TakeForIntact{stretches});
    for_cells("kollagen/intact/mark_others", exec, owned,
              MarkOthers<T>{m, multiplier, stretches, layout.rows, layout.per_row, layout.shift});
  }
}

}  // namespace kollagen
