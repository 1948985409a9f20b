/// Storage of several species on one grid, packed as (species, k, j, i) with one ghost layer.
#pragma once

#include <climits>
#include <string>
#include <type_traits>

#include "kollagen/check.hpp"
#include "kollagen/grid.hpp"
#include "kollagen/huge_pages.hpp"
#include "kollagen/types.hpp"

namespace kollagen {

/// `count` scalar fields over the owned cells of `grid` plus one ghost layer, zero-filled.
/// T is double (state) or float (what only steers the solver). Copies share the memory, as Views do. On a host the
/// memory lies in huge pages where the system has them.
/// Throws EnvironmentError for more cells than the 32-bit indices of a Span3 reach.
template <class Exec, class T = Real>
class Fields {
 public:
  using View = Kokkos::View<T****, Kokkos::LayoutRight, typename Exec::memory_space>;

  Fields() = default;
  Fields(const std::string& label, const int count, const std::array<int, 3>& cells)
      : cells_(checked(label, cells)),
        view_(Kokkos::view_alloc(label, Kokkos::WithoutInitializing), count, cells[2] + 2 * ghost_layers,
              cells[1] + 2 * ghost_layers, cells[0] + 2 * ghost_layers) {
    if constexpr (std::is_same_v<typename Exec::memory_space, Kokkos::HostSpace>)
      advise_huge_pages(view_.data(), bytes());
    Kokkos::deep_copy(view_, T(0));  // by all threads: the first touch places the pages
  }

  int count() const { return int(view_.extent(0)); }
  const std::array<int, 3>& cells() const { return cells_; }
  Box owned() const { return {{0, 0, 0}, cells_}; }
  std::size_t bytes() const { return view_.size() * sizeof(T); }
  bool allocated() const { return view_.data() != nullptr; }
  const View& view() const { return view_; }

  Span4<T> span() const {
    const int sj = cells_[0] + 2 * ghost_layers, sk = sj * (cells_[1] + 2 * ghost_layers);
    const std::ptrdiff_t sn = std::ptrdiff_t(sk) * (cells_[2] + 2 * ghost_layers);
    return {view_.data() + ghost_layers * (sk + sj + 1), sn, sk, sj};
  }
  Span3<T> operator[](const int n) const { return span()[n]; }

 private:
  static std::array<int, 3> checked(const std::string& label, const std::array<int, 3>& cells) {
    double needed = 1;
    for (const int n : cells) needed *= n + 2.0 * ghost_layers;
    if (needed > INT_MAX)
      throw EnvironmentError(label + ": " + std::to_string(cells[0]) + " x " + std::to_string(cells[1]) + " x " +
                             std::to_string(cells[2]) + " cells with their ghosts are more than 2^31-1 on one rank");
    return cells;
  }
  std::array<int, 3> cells_{0, 0, 0};
  View view_;
};

}  // namespace kollagen
