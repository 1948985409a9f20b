/// The backends of this Kokkos; templates on an execution space are compiled once for each.
#pragma once

#include <Kokkos_Core.hpp>

#ifdef KOKKOS_ENABLE_OPENMP
#define KOLLAGEN_IF_OPENMP(DO) DO(Kokkos::OpenMP)
#else
#define KOLLAGEN_IF_OPENMP(DO)
#endif
#ifdef KOKKOS_ENABLE_CUDA
#define KOLLAGEN_IF_CUDA(DO) DO(Kokkos::Cuda)
#else
#define KOLLAGEN_IF_CUDA(DO)
#endif
#ifdef KOKKOS_ENABLE_HIP
#if KOKKOS_VERSION >= 40000
#define KOLLAGEN_IF_HIP(DO) DO(Kokkos::HIP)
#else
#define KOLLAGEN_IF_HIP(DO) DO(Kokkos::Experimental::HIP)
#endif
#else
#define KOLLAGEN_IF_HIP(DO)
#endif

/// Applies the macro DO to every execution space that this Kokkos was built with. Serial is always one of them:
/// it is the reference of the tests.
#define KOLLAGEN_FOR_EACH_BACKEND(DO) \
  DO(Kokkos::Serial)                  \
  KOLLAGEN_IF_OPENMP(DO)              \
  KOLLAGEN_IF_CUDA(DO)                \
  KOLLAGEN_IF_HIP(DO)
