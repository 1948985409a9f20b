/// Loops and reductions over cells, the same body on every backend. Only this file and its kin, kernels/for_*.hpp, name an
/// execution policy.
#pragma once

#include <algorithm>
#include <climits>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "kollagen/exact_sum.hpp"
#include "kollagen/types.hpp"

#if defined(KOKKOS_COMPILER_NVCC) || defined(__NVCC__)
#define KOLLAGEN_SIMD
#else
/// The compiler may assume that the cells of a row are independent; Kokkos leaves this to us on GCC.
#define KOLLAGEN_SIMD _Pragma("omp simd")
#endif

namespace kollagen {

/// How reduce_planes combines numbers. The order has to be free: what is added are parts of an ExactSplit.
struct Adding {
  static constexpr Real neutral = 0;
  using Reducer = Kokkos::Sum<Real>;
  KOKKOS_FORCEINLINE_FUNCTION static Real of(const Real a, const Real b) { return a + b; }
  KOKKOS_FORCEINLINE_FUNCTION static void into(Real* to, const Real value) { Kokkos::atomic_add(to, value); }
};
struct Largest {
  static constexpr Real neutral = -std::numeric_limits<Real>::infinity();
  using Reducer = Kokkos::Max<Real>;
  KOKKOS_FORCEINLINE_FUNCTION static Real of(const Real a, const Real b) { return b > a ? b : a; }
  KOKKOS_FORCEINLINE_FUNCTION static void into(Real* to, const Real value) { Kokkos::atomic_fetch_max(to, value); }
};

namespace detail {

template <class Exec>
inline constexpr bool runs_on_host =
    Kokkos::SpaceAccessibility<Kokkos::HostSpace, typename Exec::memory_space>::accessible;

/// Host memory that messages and results of `Exec` come to; a device writes into it.
template <class Exec>
struct Staging {
#if defined(KOKKOS_HAS_SHARED_HOST_PINNED_SPACE)
  using Space = std::conditional_t<runs_on_host<Exec>, Kokkos::HostSpace, Kokkos::SharedHostPinnedSpace>;
#elif defined(KOKKOS_ENABLE_CUDA)
  using Space = std::conditional_t<runs_on_host<Exec>, Kokkos::HostSpace, Kokkos::CudaHostPinnedSpace>;
#else
  using Space = Kokkos::HostSpace;
#endif
};

inline int checked_count(const std::string& label, const long count) {
  if (count > INT_MAX) throw std::length_error(label + ": more than 2^31-1 work items on one rank");
  return int(count);
}

/// Quotients by a number that many threads divide by: a product and a shift, where the division of a GPU takes longer than
/// a cell takes from memory. Right for all 0 <= n < 2^31 and divisors from 1 (Granlund & Montgomery 1994).
class Divisor {
 public:
  Divisor() = default;
  explicit Divisor(const int d) {
    while ((1LL << shift_) < d) ++shift_;
    magic_ = unsigned(((1ULL << (31 + shift_)) + unsigned(d) - 1) / unsigned(d));
    shift_ += 31;
  }
  KOKKOS_FORCEINLINE_FUNCTION int quotient(const int n) const {
    return int((static_cast<unsigned long long>(n) * magic_) >> shift_);
  }

 private:
  unsigned magic_ = 0;
  int shift_ = 0;
};

/// The cell of a box with a given number, x fastest.
class CellOfBox {
 public:
  CellOfBox() = default;
  explicit CellOfBox(const Box& box)
      : by_ni_(box.extent(0)), by_nj_(box.extent(1)), ni_(box.extent(0)), nj_(box.extent(1)), ilo_(box.lower[0]),
        jlo_(box.lower[1]), klo_(box.lower[2]) {}
  struct Index {
    int k, j, i;
  };
  KOKKOS_FORCEINLINE_FUNCTION Index at(const int cell) const {
    const int row = by_ni_.quotient(cell), plane = by_nj_.quotient(row);
    return {klo_ + plane, jlo_ + (row - plane * nj_), ilo_ + (cell - row * ni_)};
  }

 private:
  Divisor by_ni_, by_nj_;
  int ni_ = 0, nj_ = 0, ilo_ = 0, jlo_ = 0, klo_ = 0;
};

/// What a functor wants to do once before a row is worked on (host only); most want nothing.
template <class F>
KOKKOS_FORCEINLINE_FUNCTION void begin_row(const F& f, const int k, const int j) {
  if constexpr (requires { f.begin_row(k, j); }) f.begin_row(k, j);
}

/// And once after the last cell of a row of the box.
template <class F>
KOKKOS_FORCEINLINE_FUNCTION void end_row(const F& f, const int k, const int j) {
  if constexpr (requires { f.end_row(k, j); }) f.end_row(k, j);
}

/// The functor for one row: what `f.at_row(k, j)` returns, with everything that is the same along the row
/// looked up once (a compiler cannot do that across stores it knows nothing of); most functors are their own.
template <class F>
KOKKOS_FORCEINLINE_FUNCTION decltype(auto) at_row(const F& f, const int k, const int j) {
  if constexpr (requires { f.at_row(k, j); })
    return f.at_row(k, j);
  else
    return (f);  // by reference: of a functor whose arrays are indexed at run time a device would make a local copy
}

/// Functors with a cheaper form of the same bits for stretches of cells where something rests: `at_rest(k, j, i)` tells
/// whether the stretch of this cell does (on a host that is the row), `rest_row(k, j)` returns the functor for its cells.
template <class F>
concept HasRest = requires(const F& f) { f.at_rest(0, 0, 0); };

/// f(k, j, i), by whatever of these forms the functor has.
template <class F>
KOKKOS_FORCEINLINE_FUNCTION decltype(auto) at_cell(const F& f, const int k, const int j, const int i) {
  if constexpr (HasRest<F>) {
    if (f.at_rest(k, j, i)) return f.rest_row(k, j)(k, j, i);
  }
  return at_row(f, k, j)(k, j, i);
}

/// Device: one work item is a cell, neighbouring threads on neighbouring x.
template <class F>
struct FlatBody {
  F f;
  CellOfBox cells;
  KOKKOS_INLINE_FUNCTION void operator()(const int cell) const {
    const auto [k, j, i] = cells.at(cell);
    at_cell(f, k, j, i);
  }
};

/// Cells of a plane that a functor wants to find in the cache again, since it reads three planes of some fields:
/// its `plane_cells`; 0: it does not care.
template <class F>
constexpr int plane_cells() {
  if constexpr (requires { F::plane_cells; })
    return F::plane_cells;
  else
    return 0;
}

/// Rows along y that are worked on for all k before the next ones.
template <class F>
int rows_in_block(const int nj, const int ni) {
  constexpr int cells = plane_cells<F>();
  if (cells == 0 || long(nj) * ni <= cells) return nj;
  const int rows = cells > ni ? cells / ni : 1, blocks = (nj + rows - 1) / rows;
  return (nj + blocks - 1) / blocks;
}

/// Host: one work item is a row along x, vectorised inside.
template <class F>
struct RowBody {
  F f;
  int ilo, ihi, jlo, nj, klo, nk, block;
  KOKKOS_INLINE_FUNCTION void operator()(const int row) const {
    const int first = row / (block * nk) * block, width = nj - first < block ? nj - first : block;
    const int rest = row - first * nk, k = klo + rest / width, j = jlo + first + rest % width;
    begin_row(f, k, j);
    if constexpr (HasRest<F>) {
      if (f.at_rest(k, j, ilo))
        run(f.rest_row(k, j), k, j);
      else
        run(at_row(f, k, j), k, j);
    } else {
      run(at_row(f, k, j), k, j);
    }
    end_row(f, k, j);
  }

 private:
  template <class Body>
  KOKKOS_FORCEINLINE_FUNCTION void run(const Body body, const int k, const int j) const {
    KOLLAGEN_SIMD
    for (int i = ilo; i < ihi; ++i) body(k, j, i);
  }
};

template <class F>
struct RowMax {
  F f;
  int ilo, ihi, jlo, nj, klo, nk;
  int block;  ///< rows_in_block
  KOKKOS_INLINE_FUNCTION void operator()(const int row, Real& result) const {
    const int first = row / (block * nk) * block, width = nj - first < block ? nj - first : block;
    const int rest = row - first * nk, k = klo + rest / width, j = jlo + first + rest % width;
    begin_row(f, k, j);
    if constexpr (HasRest<F>) {
      if (f.at_rest(k, j, ilo)) return run(f.rest_row(k, j), k, j, result);
    }
    run(at_row(f, k, j), k, j, result);
  }

 private:
  template <class Body>
  KOKKOS_FORCEINLINE_FUNCTION void run(const Body body, const int k, const int j, Real& result) const {
    Real best = result;
#if !defined(KOKKOS_COMPILER_NVCC) && !defined(__NVCC__)
#pragma omp simd reduction(max : best)
#endif
    for (int i = ilo; i < ihi; ++i) {
      const Real value = body(k, j, i);
      best = value > best ? value : best;
    }
    result = best;
  }
};

template <class F>
constexpr int find_cells_per_item() {
  if constexpr (requires { F::cells_per_item; })
    return F::cells_per_item;
  else
    return 1;
}
/// Device: cells that one work item of a reduction takes, far from each other, so that neighbouring threads stay on
/// neighbouring x: a functor that does little per cell has too little in flight with one. Its `cells_per_item`, or 1.
template <class F>
inline constexpr int cells_per_item = find_cells_per_item<F>();

template <class F>
struct FlatMax {
  F f;
  CellOfBox cells;
  int count, items;
  KOKKOS_INLINE_FUNCTION void operator()(const int item, Real& result) const {
    constexpr int each = cells_per_item<F>;
    Real value[each];
    for (int n = 0; n < each; ++n) {
      const int cell = item + n * items;
      value[n] = 0;
      if (cell < count) {
        const auto [k, j, i] = cells.at(cell);
        value[n] = at_cell(f, k, j, i);
      }
    }
    for (int n = 0; n < each; ++n) result = value[n] > result ? value[n] : result;
  }
};

}  // namespace detail

/// Some cells of a box from (0, 0, 0): stretches along x, each of 2^shift cells or what is left of the row. A list holds
/// their numbers; all stretches of a box are numbered row by row.
class Stretches {
 public:
  /// `list`: in the memory of the execution space that goes through it.
  Stretches(const Box& box, const int shift, const int* list, const int count)
      : list_(list), count_(count), shift_(shift), cells_(box.extent(0)), rows_(box.extent(1)), per_row_(per_row(box, shift)),
        by_rows_(box.extent(1)), by_per_row_(per_row_) {}
  static int per_row(const Box& box, const int shift) { return ((box.extent(0) - 1) >> shift) + 1; }

  KOKKOS_FORCEINLINE_FUNCTION int count() const { return count_; }
  KOKKOS_FORCEINLINE_FUNCTION int shift() const { return shift_; }
  const int* list() const { return list_; }
  struct Part {
    int k, j, begin, end;  ///< cells [begin, end) of a row
  };
  KOKKOS_FORCEINLINE_FUNCTION Part of_number(const int number) const {
    const int row = by_per_row_.quotient(number), k = by_rows_.quotient(row);
    const int begin = (number - row * per_row_) << shift_, end = begin + (1 << shift_);
    return {k, row - k * rows_, begin, end < cells_ ? end : cells_};
  }
  KOKKOS_FORCEINLINE_FUNCTION Part at(const int place) const { return of_number(list_[place]); }

 private:
  const int* list_;
  int count_, shift_, cells_, rows_, per_row_;
  detail::Divisor by_rows_, by_per_row_;
};

namespace detail {

/// Host: one work item is a stretch, vectorised inside.
template <class F>
struct StretchBody {
  F f;
  Stretches stretches;
  KOKKOS_INLINE_FUNCTION void operator()(const int place) const {
    const Stretches::Part part = stretches.at(place);
    const auto body = at_row(f, part.k, part.j);
    KOLLAGEN_SIMD
    for (int i = part.begin; i < part.end; ++i) body(part.k, part.j, i);
  }
};

template <class F>
struct StretchMax {
  F f;
  Stretches stretches;
  KOKKOS_INLINE_FUNCTION void operator()(const int place, Real& result) const {
    const Stretches::Part part = stretches.at(place);
    const auto body = at_row(f, part.k, part.j);
    Real best = result;
#if !defined(KOKKOS_COMPILER_NVCC) && !defined(__NVCC__)
#pragma omp simd reduction(max : best)
#endif
    for (int i = part.begin; i < part.end; ++i) {
      const Real value = body(part.k, part.j, i);
      best = value > best ? value : best;
    }
    result = best;
  }
};

/// Device: one work item is a cell of a stretch, neighbouring threads on neighbouring x.
template <class F>
struct FlatStretchBody {
  F f;
  Stretches stretches;
  KOKKOS_INLINE_FUNCTION void operator()(const int item) const {
    const Stretches::Part part = stretches.at(item >> stretches.shift());
    const int i = part.begin + (item & ((1 << stretches.shift()) - 1));
    if (i < part.end) at_cell(f, part.k, part.j, i);
  }
};

template <class F>
struct FlatStretchMax {
  F f;
  Stretches stretches;
  KOKKOS_INLINE_FUNCTION void operator()(const int item, Real& result) const {
    const Stretches::Part part = stretches.at(item >> stretches.shift());
    const int i = part.begin + (item & ((1 << stretches.shift()) - 1));
    if (i >= part.end) return;
    const Real value = at_cell(f, part.k, part.j, i);
    result = value > result ? value : result;
  }
};

/// Sum of rows or cells in parts that do not depend on the order.
template <class F>
struct RowSum {
  F f;
  ExactSplit split;
  int ilo, ihi, jlo, nj, klo;
  KOKKOS_INLINE_FUNCTION void operator()(const int row, ExactSum& result) const {
    const int k = klo + row / nj, j = jlo + row % nj;
    for (int i = ilo; i < ihi; ++i) split.add(result, f(k, j, i));
  }
};

template <class F>
struct FlatSum {
  F f;
  ExactSplit split;
  CellOfBox cells;
  KOKKOS_INLINE_FUNCTION void operator()(const int cell, ExactSum& result) const {
    const auto [k, j, i] = cells.at(cell);
    split.add(result, f(k, j, i));
  }
};

/// Host: one work item is a plane of a layer.
template <class Combine, int N, class F>
struct PlaneBody {
  F f;
  int ilo, ihi, jlo, jhi, klo, nk;
  Real* result;
  KOKKOS_INLINE_FUNCTION void operator()(const int item) const {
    const int layer = item / nk, k = klo + item % nk;
    Real total[N];
    for (int n = 0; n < N; ++n) total[n] = Combine::neutral;
    for (int j = jlo; j < jhi; ++j) row(layer, k, j, total);
    for (int n = 0; n < N; ++n) result[long(item) * N + n] = total[n];
  }

 private:
  KOKKOS_FORCEINLINE_FUNCTION void row(const int layer, const int k, const int j, Real (&total)[N]) const {
    if constexpr (std::is_same_v<Combine, Adding>) {
#if !defined(KOKKOS_COMPILER_NVCC) && !defined(__NVCC__)
#pragma omp simd reduction(+ : total[:N])
#endif
      for (int i = ilo; i < ihi; ++i) {
        Real value[N];
        f(layer, k, j, i, value);
        for (int n = 0; n < N; ++n) total[n] = Combine::of(total[n], value[n]);
      }
    } else {
#if !defined(KOKKOS_COMPILER_NVCC) && !defined(__NVCC__)
#pragma omp simd reduction(max : total[:N])
#endif
      for (int i = ilo; i < ihi; ++i) {
        Real value[N];
        f(layer, k, j, i, value);
        for (int n = 0; n < N; ++n) total[n] = Combine::of(total[n], value[n]);
      }
    }
  }
};

/// Device: a team works on a stretch of a plane of a layer.
template <class Combine, int N, class Exec, class F>
struct PlaneTeams {
  F f;
  Divisor by_ni;
  int ilo, jlo, klo, ni, nk, plane, stretches, stretch;
  Real* result;
  KOKKOS_INLINE_FUNCTION void operator()(const typename Kokkos::TeamPolicy<Exec>::member_type& team) const {
    const int item = team.league_rank() / stretches, part = team.league_rank() - item * stretches;
    const int layer = item / nk, k = klo + (item - layer * nk);
    const int end = (part + 1) * stretch < plane ? (part + 1) * stretch : plane;
    Real total[N];
#pragma unroll  // like those below: an array that is indexed at run time would lie in local memory
    for (int n = 0; n < N; ++n) total[n] = Combine::neutral;
    for (int cell = part * stretch + team.team_rank(); cell < end; cell += team.team_size()) {
      const int row = by_ni.quotient(cell);
      Real value[N];
      f(layer, k, jlo + row, ilo + (cell - row * ni), value);
#pragma unroll
      for (int n = 0; n < N; ++n) total[n] = Combine::of(total[n], value[n]);
    }
#pragma unroll
    for (int n = 0; n < N; ++n) {
      team.team_reduce(typename Combine::Reducer(total[n]));
      if (team.team_rank() == 0) Combine::into(&result[long(item) * N + n], total[n]);
    }
  }
};

}  // namespace detail

/// Runs `f(k, j, i)` for every cell of `box`. Asynchronous on a device; cells are independent.
/// `f` is a functor of values whose call operator is KOKKOS_FORCEINLINE_FUNCTION. On a host it may have
/// begin_row(k, j), called before the first cell of a row, and end_row(k, j), called after the last; on any backend
/// at_row(k, j), which returns the functor for the cells of that row, and the two of detail::HasRest.
template <class Exec, class F>
void for_cells(const std::string& label, const Exec& exec, const Box& box, const F& f) {
  if (box.cells() <= 0) return;
  using Policy = Kokkos::RangePolicy<Exec, Kokkos::IndexType<int>>;
  if constexpr (detail::runs_on_host<Exec>) {
    const int rows = detail::checked_count(label, long(box.extent(1)) * box.extent(2));
    Kokkos::parallel_for(
        label, Policy(exec, 0, rows),
        detail::RowBody<F>{f, box.lower[0], box.upper[0], box.lower[1], box.extent(1), box.lower[2], box.extent(2), detail::rows_in_block<F>(box.extent(1), box.extent(0))});
  } else {
    const int count = detail::checked_count(label, box.cells());
    Kokkos::parallel_for(
        label, Policy(exec, 0, count),
        detail::FlatBody<F>{f, detail::CellOfBox(box)});
  }
}

/// The same for some cells. `f` may have at_row and the forms of HasRest; begin_row and end_row are not called.
template <class Exec, class F>
void for_cells(const std::string& label, const Exec& exec, const Stretches& stretches, const F& f) {
  if (stretches.count() == 0) return;
  using Policy = Kokkos::RangePolicy<Exec, Kokkos::IndexType<int>>;
  if constexpr (detail::runs_on_host<Exec>) {
    Kokkos::parallel_for(label, Policy(exec, 0, stretches.count()), detail::StretchBody<F>{f, stretches});
  } else {
    const int count = detail::checked_count(label, long(stretches.count()) << stretches.shift());
    Kokkos::parallel_for(label, Policy(exec, 0, count), detail::FlatStretchBody<F>{f, stretches});
  }
}

namespace detail {

template <class Exec, class F, class Result>
void reduce_max(const std::string& label, const Exec& exec, const Box& box, const F& f, const Result& result) {
  using Policy = Kokkos::RangePolicy<Exec, Kokkos::IndexType<int>>;
  if constexpr (runs_on_host<Exec>) {
    const int rows = checked_count(label, long(box.extent(1)) * box.extent(2));
    Kokkos::parallel_reduce(label, Policy(exec, 0, rows),
                            RowMax<F>{f, box.lower[0], box.upper[0], box.lower[1], box.extent(1), box.lower[2],
                                      box.extent(2), rows_in_block<F>(box.extent(1), box.extent(0))},
                            result);
  } else {
    const int count = checked_count(label, box.cells()), each = cells_per_item<F>, items = (count - 1) / each + 1;
    checked_count(label, long(items) * each);
    Kokkos::parallel_reduce(label, Policy(exec, 0, items), FlatMax<F>{f, CellOfBox(box), count, items}, result);
  }
}

}  // namespace detail

/// Largest `f(k, j, i)` over the cells of `box`, at least 0; order-free, so the same on any decomposition.
/// `f` must map not-a-number to something large itself: a comparison would lose it. Waits for the result.
/// As in for_cells there may be begin_row and at_row, on a host a static `plane_cells` (detail::plane_cells), on a device a
/// static `cells_per_item`.
template <class Exec, class F>
Real max_over_cells(const std::string& label, const Exec& exec, const Box& box, const F& f) {
  if (box.cells() <= 0) return 0;
  Real result = 0;
  detail::reduce_max(label, exec, box, f, Kokkos::Max<Real>(result));
  return result > 0 ? result : 0;
}

/// Results of max_over_cells that nobody has waited for yet: a device writes each where the host will read it.
template <class Exec>
class Maxima {
 public:
  using Space = typename detail::Staging<Exec>::Space;
  using Result = Kokkos::View<Real, Space>;
  using Results = Kokkos::View<Real*, Space>;

  /// Room for `most` results until they are taken.
  explicit Maxima(const int most) : results_("maxima", std::size_t(most)) {}
  /// Where the next result goes. Throws std::length_error when all are in use.
  Result next() { return Result(results_.data() + claim(1)); }
  /// The same for so many that one loop finds.
  Results next(const int count) {
    const std::size_t first = claim(std::size_t(count));
    return Results(results_.data() + first, std::size_t(count));
  }
  /// Waits for all of them; in the order of `next`, each at least 0.
  std::vector<Real> take(const Exec& exec) {
    exec.fence();
    std::vector<Real> values;
    for (std::size_t n = 0; n < used_; ++n) values.push_back(std::max(results_(n), Real(0)));
    used_ = 0;
    return values;
  }
  /// Nobody wants to know them: room for others, whose loops come after theirs.
  void forget() { used_ = 0; }
  /// The largest of them, 0 when there is none. Waits.
  Real take_largest(const Exec& exec) {
    Real largest = 0;
    for (const Real value : take(exec)) largest = std::max(largest, value);
    return largest;
  }

 private:
  /// The first of so many.
  std::size_t claim(const std::size_t count) {
    if (used_ + count > results_.extent(0)) throw std::length_error("more maxima are under way than there is room for");
    used_ += count;
    return used_ - count;
  }

  Results results_;
  std::size_t used_ = 0;
};

/// The same into a result of Maxima, which a device does not wait for.
template <class Exec, class F>
void max_over_cells(const std::string& label, const Exec& exec, const Box& box, const F& f,
                    const typename Maxima<Exec>::Result& result) {
  if (box.cells() <= 0)
    Kokkos::deep_copy(exec, result, Real(0));
  else
    detail::reduce_max(label, exec, box, f, Kokkos::Max<Real, typename Maxima<Exec>::Space>(result));
}

/// And over some cells.
template <class Exec, class F>
void max_over_cells(const std::string& label, const Exec& exec, const Stretches& stretches, const F& f,
                    const typename Maxima<Exec>::Result& result) {
  using Policy = Kokkos::RangePolicy<Exec, Kokkos::IndexType<int>>;
  const Kokkos::Max<Real, typename Maxima<Exec>::Space> largest(result);
  if (stretches.count() == 0)
    Kokkos::deep_copy(exec, result, Real(0));
  else if constexpr (detail::runs_on_host<Exec>)
    Kokkos::parallel_reduce(label, Policy(exec, 0, stretches.count()), detail::StretchMax<F>{f, stretches}, largest);
  else
    Kokkos::parallel_reduce(
        label, Policy(exec, 0, detail::checked_count(label, long(stretches.count()) << stretches.shift())),
        detail::FlatStretchMax<F>{f, stretches}, largest);
}

/// Sum of `f(k, j, i)` over the cells of `box`, exact in each part of `split`, which bounds the size of every
/// f: the same bits in any order, on any decomposition. Waits for the result.
template <class Exec, class F>
ExactSum sum_over_cells(const std::string& label, const Exec& exec, const Box& box, const F& f,
                        const ExactSplit& split) {
  ExactSum result;
  if (box.cells() <= 0) return result;
  using Policy = Kokkos::RangePolicy<Exec, Kokkos::IndexType<int>>;
  if constexpr (detail::runs_on_host<Exec>) {
    const int rows = detail::checked_count(label, long(box.extent(1)) * box.extent(2));
    Kokkos::parallel_reduce(
        label, Policy(exec, 0, rows),
        detail::RowSum<F>{f, split, box.lower[0], box.upper[0], box.lower[1], box.extent(1), box.lower[2]},
        Kokkos::Sum<ExactSum>(result));
  } else {
    const int count = detail::checked_count(label, box.cells());
    Kokkos::parallel_reduce(
        label, Policy(exec, 0, count),
        detail::FlatSum<F>{f, split, detail::CellOfBox(box)},
        Kokkos::Sum<ExactSum>(result));
  }
  return result;
}

/// Combines N numbers of every cell over each plane of `box`, for `layers` quantities in one launch: `f(layer, k, j, i, v)`
/// writes those of a cell into v, a Real (&)[N]. `result` holds N numbers per layer and plane, planes fastest, and is
/// overwritten. Asynchronous on a device.
template <class Combine, int N, class Exec, class F>
void reduce_planes(const std::string& label, const Exec& exec, const int layers, const Box& box, const F& f,
                   const Kokkos::View<Real*, typename Exec::memory_space>& result) {
  if (layers == 0 || box.cells() <= 0) return;
  const int items = detail::checked_count(label, long(layers) * box.extent(2));
  if constexpr (detail::runs_on_host<Exec>) {
    Kokkos::parallel_for(label, Kokkos::RangePolicy<Exec, Kokkos::IndexType<int>>(exec, 0, items),
                         detail::PlaneBody<Combine, N, F>{f, box.lower[0], box.upper[0], box.lower[1], box.upper[1],
                                                          box.lower[2], box.extent(2), result.data()});
  } else {
    // Long enough that the reductions within a team do not count, short enough to fill the device.
    constexpr int most_in_stretch = 8192;
    const int plane = detail::checked_count(label, long(box.extent(0)) * box.extent(1));
    const int stretches = (plane + most_in_stretch - 1) / most_in_stretch;
    const int teams = detail::checked_count(label, long(items) * stretches);
    Kokkos::deep_copy(exec, result, Combine::neutral);
    Kokkos::parallel_for(label, Kokkos::TeamPolicy<Exec>(exec, teams, 256),
                         detail::PlaneTeams<Combine, N, Exec, F>{
                             f, detail::Divisor(box.extent(0)), box.lower[0], box.lower[1], box.lower[2], box.extent(0),
                             box.extent(2), plane, stretches, (plane + stretches - 1) / stretches, result.data()});
  }
}

}  // namespace kollagen
