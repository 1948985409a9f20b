/// Where fields that stay zero as long as nothing wakes them have to be worked on: needles leave platelets, clot, bound
/// TGF-beta and debris in a small part of the tissue, and elsewhere a step would compute 0 from 0.
#pragma once

#include <thrust/copy.h>
#include <thrust/iterator/counting_iterator.h>

#include <optional>
#include <vector>

#include "kernels/for_cells.hpp"
#include "kernels/thrust_ranges.hpp"

namespace kollagen {

/// Marks the stretches in which a field differs from 0; several cells may say so at once. So does -0, which a step would
/// turn into 0.
template <class T>
struct MarkNonzero {
  Span3<const T> u;
  unsigned char* marks;
  int rows, per_row, shift;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    const T value = u(k, j, i);
    if (value != 0 || 1 / value < 0) marks[(k * rows + j) * per_row + (i >> shift)] = 1;
  }
};
struct ClearMarks {
  unsigned char* marks;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int, const int, const int n) const { marks[n] = 0; }
};
struct IsMarked {
  KOKKOS_FORCEINLINE_FUNCTION bool operator()(const unsigned char mark) const { return mark != 0; }
};

/// The stretches of a grid in which fields are not at rest, found by compaction. Exact: what is left out is 0.
template <class Exec>
class ActiveCells {
 public:
  /// Cells of a stretch, as a power of two: some vectors of a host, two warps of a device; not more than a row has.
  static constexpr int longest = 6;
  /// From this share of all cells on a list costs more than it saves.
  static constexpr double most = 0.8;

  /// Looks for values other than 0 in the cells of `box`, which begins at (0, 0, 0). Waits.
  template <class T>
  void find(const Exec& exec, const Box& box, const std::vector<Span3<T>>& fields) {
    box_ = box;
    shift_ = 0;
    while (shift_ < longest && (1 << shift_) < box.extent(0)) ++shift_;
    const long rows = long(box.extent(1)) * box.extent(2);
    const int per_row = Stretches::per_row(box, shift_), all = detail::checked_count("active cells", rows * per_row);
    if (list_.extent(0) < std::size_t(all)) {
      list_ = empty_array<Exec, int>("active cells", all);
      marks_ = empty_array<Exec, unsigned char>("marks of active cells", all);
    }
    for_cells("kollagen/active_cells/clear", exec, Box{{0, 0, 0}, {all, 1, 1}}, ClearMarks{marks_.data()});
    for (const Span3<T>& field : fields)
      for_cells("kollagen/active_cells/mark", exec, box,
                MarkNonzero<T>{field, marks_.data(), box.extent(1), per_row, shift_});
    const thrust::counting_iterator<int> first(0);
    int* const begin = range_begin(list_);
    count_ = int(thrust::copy_if(thrust_policy(exec), first, first + all, range_begin(marks_), begin, IsMarked()) - begin);
    exec.fence();
    share_ = double(count_) / all;
  }
  /// They are not known any more: all cells have to be worked on.
  void forget() { share_ = 1; }

  std::size_t bytes() const { return list_.size() * sizeof(int) + marks_.size(); }
  /// Share of the stretches that are worked on: 1 where a list does not pay.
  double share() const { return share_ < most ? share_ : 1; }
  /// The cells to be worked on, as for_cells takes them; nothing where it is all of them.
  std::optional<Stretches> stretches() const {
    if (share() == 1) return std::nullopt;
    return Stretches(box_, shift_, list_.data(), count_);
  }

 private:
  Box box_;
  int shift_ = longest;
  Kokkos::View<int*, typename Exec::memory_space> list_;
  Kokkos::View<unsigned char*, typename Exec::memory_space> marks_;
  int count_ = 0;
  double share_ = 1;
};

}  // namespace kollagen
