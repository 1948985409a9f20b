# Compile flags shared by all targets, as the target kollagen::flags.
#
# Reproducible bits: no contraction into fused multiply-adds and no reordering of sums, so that a cell gets
# the same result in a vector body and in its remainder, at any place in a row. Never -ffast-math.
add_library(kollagen_flags INTERFACE)
add_library(kollagen::flags ALIAS kollagen_flags)
target_include_directories(kollagen_flags INTERFACE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR})
set(host_cxx $<OR:$<CXX_COMPILER_ID:GNU>,$<CXX_COMPILER_ID:Clang>>)
target_compile_options(kollagen_flags INTERFACE
  $<${host_cxx}:-Wall -Wextra -Wshadow -Wno-unknown-pragmas>
  $<${host_cxx}:-ffp-contract=off -fno-math-errno -fno-trapping-math -fopenmp-simd>
  $<$<AND:${host_cxx},$<CONFIG:Release>>:-O3>)
if(KOLLAGEN_NATIVE AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_options(kollagen_flags INTERFACE $<${host_cxx}:-march=native>)
endif()
