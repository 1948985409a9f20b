/// The backends that this Kokkos was built with, as a gtest type list; Serial is always first.
#pragma once

#include <gtest/gtest.h>

#include <Kokkos_Core.hpp>

namespace kollagen::test {

using Backends = ::testing::Types<Kokkos::Serial
#ifdef KOKKOS_ENABLE_OPENMP
                                  ,
                                  Kokkos::OpenMP
#endif
#ifdef KOKKOS_ENABLE_CUDA
                                  ,
                                  Kokkos::Cuda
#endif
#ifdef KOKKOS_ENABLE_HIP
                                  ,
#if KOKKOS_VERSION >= 40000
                                  Kokkos::HIP
#else
                                  Kokkos::Experimental::HIP
#endif
#endif
                                  >;

}  // namespace kollagen::test
