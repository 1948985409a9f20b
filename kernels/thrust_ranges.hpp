/// Thrust on the memory and in the order of an execution space: its sorts, scans and compactions stand between our
/// loops without a copy and without a wait.
#pragma once

#include <Kokkos_Core.hpp>
#include <thrust/version.h>

#include <string>
#include <type_traits>
#include <vector>

#if THRUST_VERSION != KOLLAGEN_THRUST_VERSION
#error "The compiler sees another Thrust than the configuration found: check KOLLAGEN_THRUST_INCLUDE and CPATH."
#endif

#include <thrust/system/cpp/execution_policy.h>
#ifdef KOKKOS_ENABLE_OPENMP
#include <thrust/system/omp/execution_policy.h>
#endif
#ifdef KOKKOS_ENABLE_CUDA
#include <thrust/system/cuda/execution_policy.h>
#endif
#ifdef KOKKOS_ENABLE_HIP
#include <thrust/system/hip/execution_policy.h>
#endif

namespace kollagen {

/// The policy that makes an algorithm of Thrust run on `exec`: on its threads or in its stream, after what was launched
/// there before and ahead of what follows. On a device an algorithm returns before it is done, unless it returns a value
/// or needs scratch memory, which the CUDA runtime frees only when the device is idle.
inline auto thrust_policy(const Kokkos::Serial&) { return thrust::cpp::par; }
#ifdef KOKKOS_ENABLE_OPENMP
inline auto thrust_policy(const Kokkos::OpenMP&) { return thrust::omp::par; }
#endif
#ifdef KOKKOS_ENABLE_CUDA
inline auto thrust_policy(const Kokkos::Cuda& exec) { return thrust::cuda::par_nosync.on(exec.cuda_stream()); }
#endif
#ifdef KOKKOS_ENABLE_HIP  // written after rocThrust's documentation, never compiled
#if KOKKOS_VERSION >= 40000
inline auto thrust_policy(const Kokkos::HIP& exec) { return thrust::hip::par.on(exec.hip_stream()); }
#else
inline auto thrust_policy(const Kokkos::Experimental::HIP& exec) { return thrust::hip::par.on(exec.hip_stream()); }
#endif
#endif

/// A View of one dimension as a range of Thrust: plain pointers, which a policy of `thrust_policy` takes for those of its
/// memory. Views of several dimensions have ghosts and no order that a range could follow.
template <class T, class... Properties>
T* range_begin(const Kokkos::View<T*, Properties...>& view) {
  static_assert(!std::is_same_v<typename Kokkos::View<T*, Properties...>::array_layout, Kokkos::LayoutStride>,
                "neighbours in a range are neighbours in memory");
  return view.data();
}
template <class T, class... Properties>
T* range_end(const Kokkos::View<T*, Properties...>& view) {
  return range_begin(view) + view.extent(0);
}

/// Memory of an execution space for `count` values, as it comes, and with the values of a vector in it (waits).
template <class Exec, class T>
Kokkos::View<T*, typename Exec::memory_space> empty_array(const std::string& label, const long count) {
  return Kokkos::View<T*, typename Exec::memory_space>(Kokkos::view_alloc(label, Kokkos::WithoutInitializing), count);
}
template <class Exec, class T>
Kokkos::View<T*, typename Exec::memory_space> array_of(const std::string& label, const std::vector<T>& values) {
  using Host = Kokkos::View<const T*, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;
  const auto result = empty_array<Exec, T>(label, long(values.size()));
  Kokkos::deep_copy(result, Host(values.data(), values.size()));
  return result;
}

}  // namespace kollagen
