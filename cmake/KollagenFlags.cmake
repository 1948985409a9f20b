# Compile flags shared by all targets, as the target kollagen::flags.
#
# Reproducible bits: no contraction into fused multiply-adds and no reordering of sums, so that a cell gets
# the same result in a vector body and in its remainder, at any place in a row. Never -ffast-math.
#
#   KOLLAGEN_NATIVE        host code for this machine's instruction set
#   KOLLAGEN_BOUNDS_CHECK  every access to a field through a span is checked (slow; preset debug)
option(KOLLAGEN_BOUNDS_CHECK "Check the indices of every access to a field" OFF)

add_library(kollagen_flags INTERFACE)
add_library(kollagen::flags ALIAS kollagen_flags)
target_include_directories(kollagen_flags INTERFACE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR})
# kollagen_host_flags(FLAG...): for the host compiler. nvcc_wrapper counts as GNU here and passes these on itself; nvcc
# as a compiler of CMake has to be told to.
function(kollagen_host_flags)
  target_compile_options(kollagen_flags INTERFACE "$<$<COMPILE_LANG_AND_ID:CXX,GNU,Clang>:${ARGN}>")
  if(KOLLAGEN_CUDA_BY STREQUAL "cmake")
    list(JOIN ARGN "," flags)
    target_compile_options(kollagen_flags INTERFACE "$<$<COMPILE_LANG_AND_ID:CUDA,NVIDIA>:-Xcompiler=${flags}>")
  endif()
endfunction()
kollagen_host_flags(-Wall -Wextra -Wshadow -Wno-unknown-pragmas)
kollagen_host_flags(-ffp-contract=off -fno-math-errno -fno-trapping-math -fopenmp-simd)
if(KOLLAGEN_NATIVE AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  kollagen_host_flags(-march=native)
endif()
# GCC 12.2 with -march=native (seen with its tuning for rocketlake and skylake-avx512) removes a store too many
# when it copies a struct of constants: members keep a neighbour's value. tests/unit/test_compiler.cpp shows it.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # Its -Wrestrict also warns of std::string code that is right (GCC bug 105651).
  kollagen_host_flags(-fno-dse -Wno-restrict)
endif()
# The same for device code: nvcc contracts by default, and then neither symmetry nor undamaged skin is exact (seen on an
# H200). Clang does as the flag above says.
if(KOLLAGEN_CUDA_BY STREQUAL "nvcc_wrapper")
  target_compile_options(kollagen_flags INTERFACE -fmad=false)
elseif(KOLLAGEN_CUDA_BY STREQUAL "cmake")
  target_compile_options(kollagen_flags INTERFACE $<$<COMPILE_LANGUAGE:CUDA>:-fmad=false>)
endif()
# fmt (seen with 9) takes nvcc for a compiler that cannot compute while compiling, and then checks format strings while
# compiling.
if(KOLLAGEN_CUDA)
  target_compile_definitions(kollagen_flags INTERFACE FMT_USE_CONSTEXPR=1)
endif()
if(KOLLAGEN_BOUNDS_CHECK)
  target_compile_definitions(kollagen_flags INTERFACE KOLLAGEN_BOUNDS_CHECK)
endif()
