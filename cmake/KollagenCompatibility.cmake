# Which versions are known not to work together when CUDA is compiled, and why. Plain functions of versions, so that
# tests/unit/test_compatibility.cmake can ask about compilers that are not here.
#
# Sources: [K] Kokkos' CHANGELOG.md and cmake/kokkos_compiler_id.cmake; [N] crt/host_config.h of CUDA, which stops
# nvcc, as collected in Spack's build_systems/cuda.py; [C] NVIDIA's guide to CUDA compatibility.

# kollagen_newest_host_compiler(RESULT CUDA ID): the newest major version of GNU or Clang that nvcc of this CUDA takes;
# empty where that is not known. [N]
function(kollagen_newest_host_compiler result cuda id)
  set(GNU 12.4 12 12.7 13 12.10 14 13.3 15)  # CUDA before 12.4: GCC up to 12, and so on
  set(Clang 12.1 14 12.2 15 12.4 16 12.6 17 12.7 18 12.10 19 13.1 20 13.3 21)
  set(table ${${id}})
  while(table)
    list(POP_FRONT table before newest)
    if(cuda VERSION_LESS before)
      set(${result} ${newest} PARENT_SCOPE)
      return()
    endif()
  endwhile()
  set(${result} "" PARENT_SCOPE)
endfunction()

# kollagen_refused_pairs(RESULT CUDA v KOKKOS v HOST_ID id HOST v COMPILED_BY nvcc_wrapper|cmake|clang CMAKE v
#                        [KOKKOS_CUDA v] [ARCH name] [FLAGS text])
# A list with a sentence (without semicolons) for each pair that is known not to work; empty if none is. CUDA and HOST are
# the compilers of this build, KOKKOS_CUDA is what Kokkos was built with, ARCH as Kokkos names it, FLAGS are nvcc's.
function(kollagen_refused_pairs result)
  cmake_parse_arguments(arg "" "CUDA;KOKKOS;HOST_ID;HOST;COMPILED_BY;CMAKE;KOKKOS_CUDA;ARCH;FLAGS" "" ${ARGN})
  set(why "")
  set(nvcc ON)
  if(arg_COMPILED_BY STREQUAL "clang")
    set(nvcc OFF)
  endif()

  # --- CUDA and C++20
  if(nvcc AND arg_CUDA VERSION_LESS 12)
    list(APPEND why "CUDA ${arg_CUDA}: its nvcc does not know C++20, which Kollagen is written in (12.0 and newer \
do)")  # [K] #5977
  endif()

  # --- CUDA and Kokkos
  if(arg_CUDA VERSION_GREATER_EQUAL 13 AND arg_KOKKOS VERSION_LESS 4.7.1)
    list(APPEND why "CUDA ${arg_CUDA} with Kokkos ${arg_KOKKOS}: CUDA 13 changed its runtime interface, which Kokkos \
follows from 4.7.1 on")  # [K] #8298
  elseif(nvcc AND arg_KOKKOS VERSION_LESS 4.0.1)
    list(APPEND why "CUDA with Kokkos ${arg_KOKKOS}: its nvcc_wrapper does not pass C++20 on to nvcc (4.0.1 and newer \
do), and 4.7.1 is the oldest that Kollagen is meant for on a GPU")  # [K] #5977, #6020
  endif()
  if(nvcc AND arg_KOKKOS VERSION_GREATER_EQUAL 5 AND arg_CUDA VERSION_LESS 12.2)
    list(APPEND why "CUDA ${arg_CUDA} with Kokkos ${arg_KOKKOS}: Kokkos 5 needs CUDA 12.2 or \
newer")  # [K] KOKKOS_NVCC_MINIMUM
  endif()
  if(arg_KOKKOS_CUDA)
    string(REGEX MATCH "^[0-9]+" here "${arg_CUDA}")
    string(REGEX MATCH "^[0-9]+" there "${arg_KOKKOS_CUDA}")
    if(NOT here STREQUAL there)
      list(APPEND why "CUDA ${arg_CUDA} with a Kokkos that was built with CUDA ${arg_KOKKOS_CUDA}: CUDA keeps its \
interface within a major version only. Use that CUDA, or build Kokkos with this one")  # [C]
    endif()
  endif()

  # --- CUDA and what compiles the host code
  if(nvcc AND NOT arg_FLAGS MATCHES "allow-unsupported-compiler")
    kollagen_newest_host_compiler(newest ${arg_CUDA} ${arg_HOST_ID})
    string(REGEX MATCH "^[0-9]+" host "${arg_HOST}")
    if(newest AND host GREATER newest)
      list(APPEND why "CUDA ${arg_CUDA} with ${arg_HOST_ID} ${arg_HOST} as host compiler: its nvcc takes ${arg_HOST_ID} \
up to ${newest}")
    endif()
  endif()
  if(arg_KOKKOS VERSION_GREATER_EQUAL 5 AND arg_HOST_ID STREQUAL "GNU" AND arg_HOST VERSION_LESS 10.4)
    list(APPEND why "Kokkos ${arg_KOKKOS} with GNU ${arg_HOST}: Kokkos 5 needs GCC 10.4 or newer")  # [K]
  endif()
  if(NOT nvcc AND arg_KOKKOS VERSION_GREATER_EQUAL 5 AND arg_HOST VERSION_LESS 15)
    list(APPEND why "Kokkos ${arg_KOKKOS} with CUDA compiled by Clang ${arg_HOST}: Kokkos 5 needs Clang 15 or newer \
for that")  # [K] KOKKOS_CLANG_CUDA_MINIMUM
  endif()

  # --- CUDA as a language of CMake
  if(arg_COMPILED_BY STREQUAL "cmake" AND arg_CMAKE VERSION_LESS 3.25.2)
    list(APPEND why "CUDA as a language of CMake with CMake ${arg_CMAKE}: C++20 for nvcc needs CMake 3.25.2 or newer. \
Use a newer one, or a Kokkos that was built with nvcc_wrapper")  # [K] #8402
  endif()

  # --- CUDA and the GPU
  if(arg_CUDA VERSION_GREATER_EQUAL 13 AND arg_ARCH MATCHES "(KEPLER|MAXWELL|PASCAL|VOLTA)[0-9]")
    list(APPEND why "CUDA ${arg_CUDA} with a Kokkos for ${arg_ARCH}: CUDA 13 has no compiler for GPUs before Turing. \
Use CUDA 12")  # [N]
  elseif(arg_CUDA VERSION_LESS 12.8 AND arg_ARCH MATCHES "BLACKWELL")
    list(APPEND why "CUDA ${arg_CUDA} with a Kokkos for ${arg_ARCH}: Blackwell needs CUDA 12.8 or newer")  # [N]
  endif()
  set(${result} "${why}" PARENT_SCOPE)
endfunction()
