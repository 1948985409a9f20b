/// The number type, the index order and the light-weight views that every kernel sees.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>

#include <Kokkos_Core.hpp>

namespace kollagen {

using Real = double;

/// Ghost layers around the owned cells of every field.
inline constexpr int ghost_layers = 1;

// Preset debug (KOLLAGEN_BOUNDS_CHECK) stops at an index that is neither that of an owned cell nor of a
// ghost; other builds do not look. A span holds no extents, but its strides tell them: a row has stride_j
// values, a plane stride_k and a species stride_n, ghosts included.
#ifdef KOLLAGEN_BOUNDS_CHECK
KOKKOS_INLINE_FUNCTION void check_index(const int index, const std::ptrdiff_t count, const char* text) {
  if (index < -ghost_layers || index >= count - ghost_layers) Kokkos::abort(text);
}
#define KOLLAGEN_CHECK_INDEX(index, count, text) check_index(index, count, text)
#else
#define KOLLAGEN_CHECK_INDEX(index, count, text) static_cast<void>(0)
#endif

/// A scalar field as a kernel sees it: owned cells are (0..nz-1, 0..ny-1, 0..nx-1), ghosts are -1 and n.
/// Index order (k, j, i); i is x and runs fastest. Copyable to a device; owns nothing.
template <class T>
struct Span3 {
  T* origin = nullptr;  ///< cell (0, 0, 0)
  int stride_k = 0;
  int stride_j = 0;
  KOKKOS_FORCEINLINE_FUNCTION T& operator()(const int k, const int j, const int i) const {
    KOLLAGEN_CHECK_INDEX(j, stride_k / stride_j, "kollagen: index j is outside of the plane and its ghosts");
    KOLLAGEN_CHECK_INDEX(i, stride_j, "kollagen: index i is outside of the row and its ghosts");
    return origin[k * stride_k + j * stride_j + i];
  }
  /// To read-only values; a template, since nvcc warns of a conversion that can never be called.
  template <class U>
    requires(std::is_same_v<U, const T> && !std::is_const_v<T>)
  KOKKOS_FORCEINLINE_FUNCTION operator Span3<U>() const {
    return {origin, stride_k, stride_j};
  }
};

/// All species of a state as a kernel sees them: (n, k, j, i), species slowest.
template <class T>
struct Span4 {
  T* origin = nullptr;  ///< species 0, cell (0, 0, 0)
  std::ptrdiff_t stride_n = 0;
  int stride_k = 0;
  int stride_j = 0;
  KOKKOS_FORCEINLINE_FUNCTION T& operator()(const int n, const int k, const int j, const int i) const {
    KOLLAGEN_CHECK_INDEX(k, stride_n / stride_k, "kollagen: index k is outside of the field and its ghosts");
    KOLLAGEN_CHECK_INDEX(j, stride_k / stride_j, "kollagen: index j is outside of the plane and its ghosts");
    KOLLAGEN_CHECK_INDEX(i, stride_j, "kollagen: index i is outside of the row and its ghosts");
    return origin[n * stride_n + (k * stride_k + j * stride_j + i)];
  }
  KOKKOS_FORCEINLINE_FUNCTION Span3<T> operator[](const int n) const {
    return {origin + n * stride_n, stride_k, stride_j};
  }
  /// Species N, known when the kernel is compiled: how kernels read states of any storage (storage.hpp).
  template <int N>
  KOKKOS_FORCEINLINE_FUNCTION T& at(const int k, const int j, const int i) const {
    return (*this)(N, k, j, i);
  }
  using Word = std::remove_const_t<T>;  ///< of the species that are not slow
  static constexpr unsigned in_float = 0;  ///< species in float of a state in double
  template <class U>
    requires(std::is_same_v<U, const T> && !std::is_const_v<T>)
  KOKKOS_FORCEINLINE_FUNCTION operator Span4<U>() const {
    return {origin, stride_n, stride_k, stride_j};
  }
};

/// A table over depth: (slot, k). Rows hold what depends on z only, such as the baseline of a layer.
template <class T>
struct Span2 {
  T* origin = nullptr;
  int stride = 0;
  KOKKOS_FORCEINLINE_FUNCTION T& operator()(const int slot, const int k) const {
    return origin[slot * stride + k];
  }
};

/// A block of cells [lower, upper) in (x, y, z) order.
struct Box {
  std::array<int, 3> lower{};
  std::array<int, 3> upper{};
  int extent(const int axis) const { return upper[axis] - lower[axis]; }
  long cells() const { return long(extent(0)) * extent(1) * extent(2); }
};

}  // namespace kollagen
