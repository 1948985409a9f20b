/// Percentiles and histograms of a field, found where it lies.
#pragma once

#include <string.h>
#include <thrust/binary_search.h>
#include <thrust/copy.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/transform_iterator.h>
#include <thrust/sort.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/for_cells.hpp"
#include "kernels/thrust_ranges.hpp"
#include "kollagen/communicator.hpp"
#include "kollagen/distribution.hpp"
#include "kollagen/fields.hpp"
#include "kollagen/grid.hpp"

namespace kollagen {

/// A whole number for each value, in the order of the values. Zero has no sign here.
KOKKOS_FORCEINLINE_FUNCTION std::uint64_t key_of(const Real value) {
  const Real unsigned_zero = value + Real(0);
  std::uint64_t bits;
  memcpy(&bits, &unsigned_zero, sizeof bits);
  constexpr std::uint64_t sign = std::uint64_t(1) << 63;
  return (bits & sign) != 0 ? ~bits : bits | sign;  // negative numbers are stored by their size
}
inline Real value_of(const std::uint64_t key) {
  constexpr std::uint64_t sign = std::uint64_t(1) << 63;
  const std::uint64_t bits = (key & sign) != 0 ? key & ~sign : ~key;
  Real value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

namespace detail {

template <class T>
struct KeyOfCell {
  Span3<const T> u;
  CellOfBox cells;
  KOKKOS_FORCEINLINE_FUNCTION std::uint64_t operator()(const int cell) const {
    const auto [k, j, i] = cells.at(cell);
    return key_of(u(k, j, i));
  }
};

struct IsSelected {
  const char* planes;  ///< of the owned ones
  const char* marks;   ///< of the owned cells; null: all count
  Divisor by_plane;
  KOKKOS_FORCEINLINE_FUNCTION bool operator()(const int cell) const {
    return planes[by_plane.quotient(cell)] != 0 && (marks == nullptr || marks[cell] != 0);
  }
};

/// The selected values of this rank, sorted.
template <class Exec>
class SortedValues {
 public:
  using Keys = Kokkos::View<std::uint64_t*, typename Exec::memory_space>;

  template <class T>
  SortedValues(const Exec& exec, const Span3<const T>& u, const Grid& grid, const CellSelection& selection) : exec_(exec) {
    const Box owned{{0, 0, 0}, {grid.cells[0], grid.cells[1], grid.cells[2]}};
    const auto first_plane = selection.planes.begin() + grid.first[2];
    const auto planes = array_of<Exec>("distribution/planes", std::vector<char>(first_plane, first_plane + grid.cells[2]));
    const auto marks = array_of<Exec>("distribution/marks", selection.cells);
    const int count = checked_count("cells of a distribution", owned.cells());
    keys_ = empty_array<Exec, std::uint64_t>("distribution/keys", count);
    const thrust::counting_iterator<int> cell(0);
    const auto key = thrust::make_transform_iterator(cell, KeyOfCell<T>{u, CellOfBox(owned)});
    const IsSelected selected{planes.data(), selection.cells.empty() ? nullptr : marks.data(),
                              Divisor(grid.cells[0] * grid.cells[1])};
    std::uint64_t* const end =
        thrust::copy_if(thrust_policy(exec), key, key + count, cell, range_begin(keys_), selected);
    thrust::sort(thrust_policy(exec), range_begin(keys_), end);
    exec.fence();
    size_ = end - range_begin(keys_);
  }

  std::uint64_t size() const { return std::uint64_t(size_); }

  /// How many values lie below each of the keys.
  std::vector<std::uint64_t> below(const std::vector<std::uint64_t>& keys) const {
    using Host = Kokkos::View<std::uint64_t*, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;
    const auto wanted = array_of<Exec>("distribution/wanted", keys);
    const auto found = empty_array<Exec, std::uint64_t>("distribution/found", long(keys.size()));
    thrust::lower_bound(thrust_policy(exec_), range_begin(keys_), range_begin(keys_) + size_, range_begin(wanted),
                        range_end(wanted), range_begin(found));
    exec_.fence();
    std::vector<std::uint64_t> result(keys.size());
    Kokkos::deep_copy(Host(result.data(), result.size()), found);
    return result;
  }

 private:
  Exec exec_;
  Keys keys_;
  long size_ = 0;
};

/// The values at these ranks, counted from 1, among those of all ranks of the communicator. Eight bits of each key are
/// found at a time: counts are whole numbers, so that the result is exact. Collective.
template <class Exec>
std::vector<double> values_at(const SortedValues<Exec>& values, const std::vector<std::uint64_t>& ranks,
                              Communicator& communicator) {
  constexpr int bits = 8, digits = 1 << bits;
  std::vector<std::uint64_t> key(ranks.size(), 0), probes(ranks.size() * (digits - 1));
  for (int shift = 64 - bits; shift >= 0; shift -= bits) {
    for (std::size_t p = 0; p < ranks.size(); ++p)
      for (std::uint64_t d = 1; d < digits; ++d) probes[p * (digits - 1) + d - 1] = key[p] + (d << shift);
    std::vector<std::uint64_t> below = values.below(probes);
    communicator.sum(below.data(), int(below.size()));
    // The key wanted is the largest one with fewer than `rank` values below it.
    for (std::size_t p = 0; p < ranks.size(); ++p) {
      const auto first = below.begin() + long(p * (digits - 1));
      const auto digit = std::lower_bound(first, first + (digits - 1), ranks[p]) - first;
      key[p] += std::uint64_t(digit) << shift;
    }
  }
  std::vector<double> result;
  for (const std::uint64_t k : key) result.push_back(value_of(k));
  return result;
}

}  // namespace detail

/// How the values of `u` are spread over the selected owned cells of all ranks: the percentiles asked for [%], and a
/// histogram of `bins` equal bins between the least and the greatest value (0: none). No ghosts are read. The same bits on
/// any number of ranks and any backend. Collective. Waits for the result.
template <class Exec, class T>
Distribution distribution(const Exec& exec, const Span3<const T>& u, const Grid& grid, Communicator& communicator,
                          const CellSelection& selection, const std::vector<double>& percentiles, const int bins) {
  const detail::SortedValues<Exec> values(exec, u, grid, selection);
  Distribution result;
  result.cells = values.size();
  communicator.sum(&result.cells, 1);
  if (result.cells == 0) return result;
  std::vector<std::uint64_t> ranks;
  for (const double percent : percentiles) ranks.push_back(percentile_rank(percent, result.cells));
  if (bins > 0) ranks.insert(ranks.end(), {1, result.cells});
  result.percentiles = detail::values_at(values, ranks, communicator);
  if (bins == 0) return result;

  const double least = result.percentiles.end()[-2], greatest = result.percentiles.back();
  result.percentiles.resize(percentiles.size());
  std::vector<std::uint64_t> inner;
  for (int b = 0; b <= bins; ++b)
    result.edges.push_back(b == bins ? greatest : least + (greatest - least) * b / bins);
  for (int b = 1; b < bins; ++b) inner.push_back(key_of(result.edges[std::size_t(b)]));
  std::vector<std::uint64_t> below = values.below(inner);
  communicator.sum(below.data(), int(below.size()));
  below.push_back(result.cells);
  for (std::size_t b = 0; b < below.size(); ++b) result.counts.push_back(b == 0 ? below[b] : below[b] - below[b - 1]);
  return result;
}

}  // namespace kollagen
