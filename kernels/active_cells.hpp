/// Where fields that stay zero as long as nothing wakes them have to be worked on: needles leave platelets, clot, bound
/// TGF-beta and debris in a small part of the tissue, and elsewhere a step would compute 0 from 0.
#pragma once

#include <thrust/copy.h>
#include <thrust/iterator/counting_iterator.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "kernels/for_cells.hpp"
#include "kernels/thrust_ranges.hpp"
#include "kollagen/check.hpp"

namespace kollagen {

inline constexpr int most_watched_fields = 16;

/// Whether any of some fields differs from 0 in a stretch. So does -0, which a step would turn into 0.
template <class T>
struct AnyNonzero {
  Kokkos::Array<Span3<const T>, most_watched_fields> fields;
  int count;
  Stretches all;
  KOKKOS_FORCEINLINE_FUNCTION bool operator()(const int number) const {
    const Stretches::Part part = all.of_number(number);
    int found = 0;
    for (int n = 0; n < count; ++n)
      for (int i = part.begin; i < part.end; ++i) {
        const T value = fields[n](part.k, part.j, i);
        found |= value != 0 || 1 / value < 0;
      }
    return found != 0;
  }
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
    KOLLAGEN_CHECK(fields.size() <= most_watched_fields, "too many fields to be watched");
    box_ = box;
    shift_ = 0;
    while (shift_ < longest && (1 << shift_) < box.extent(0)) ++shift_;
    const long rows = long(box.extent(1)) * box.extent(2);
    const int all = detail::checked_count("active cells", rows * Stretches::per_row(box, shift_));
    if (list_.extent(0) < std::size_t(all)) list_ = empty_array<Exec, int>("active cells", all);
    AnyNonzero<T> any{{}, int(fields.size()), Stretches(box, shift_, nullptr, 0)};
    for (std::size_t n = 0; n < fields.size(); ++n) any.fields[n] = fields[n];
    const thrust::counting_iterator<int> first(0);
    int* const begin = range_begin(list_);
    count_ = int(thrust::copy_if(thrust_policy(exec), first, first + all, begin, any) - begin);
    exec.fence();
    share_ = double(count_) / all;
  }
  /// They are not known any more: all cells have to be worked on.
  void forget() { share_ = 1; }

  std::size_t bytes() const { return list_.size() * sizeof(int); }
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
  int count_ = 0;
  double share_ = 1;
};

}  // namespace kollagen
