# Finds Kokkos 3.4 to 5.x and offers it as the target kollagen::kokkos.
#
#   Kokkos_ROOT               where to look first
#   KOLLAGEN_REQUIRE_BACKEND  OPENMP, CUDA, ...: stop at configure time when this Kokkos lacks it
set(KOLLAGEN_REQUIRE_BACKEND "" CACHE STRING "Kokkos backend that must be there: OPENMP, THREADS, CUDA, HIP, SYCL")

find_package(Kokkos QUIET)
if(NOT Kokkos_FOUND)
  message(FATAL_ERROR "No Kokkos found. On Debian: apt-get install libtrilinos-kokkos-dev (one thread). For "
                      "threads or a GPU build Kokkos yourself and configure with -DKokkos_ROOT=<its folder>; "
                      "docs/install.md has the commands.")
endif()
if(Kokkos_VERSION VERSION_LESS 3.4 OR Kokkos_VERSION VERSION_GREATER_EQUAL 6)
  message(FATAL_ERROR "Kokkos ${Kokkos_VERSION} found in ${Kokkos_DIR}; Kollagen works with 3.4 to 5.x. "
                      "Point to another one with -DKokkos_ROOT=<folder>.")
endif()

string(TOUPPER "${KOLLAGEN_REQUIRE_BACKEND}" required)
if(required AND NOT required IN_LIST Kokkos_DEVICES)
  string(REPLACE ";" ", " have "${Kokkos_DEVICES}")
  message(FATAL_ERROR "The backend ${required} is asked for (KOLLAGEN_REQUIRE_BACKEND), but Kokkos "
                      "${Kokkos_VERSION} in ${Kokkos_DIR} was built with: ${have}. Point to one that has it "
                      "with -DKokkos_ROOT=<folder>, in a fresh build folder; docs/install.md says how to build one.")
endif()

# nvcc_wrapper looks like GCC to CMake; what tells it from GCC is what it says of itself.
set(KOLLAGEN_CUDA OFF)
set(KOLLAGEN_COMPILER "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}")
if("CUDA" IN_LIST Kokkos_DEVICES)
  set(KOLLAGEN_CUDA ON)
  execute_process(COMMAND ${CMAKE_CXX_COMPILER} --version OUTPUT_VARIABLE compiler_says ERROR_QUIET)
  if(NOT compiler_says MATCHES "nvcc" AND NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    get_filename_component(prefix ${Kokkos_DIR}/../../.. ABSOLUTE)
    message(FATAL_ERROR "Kokkos ${Kokkos_VERSION} in ${Kokkos_DIR} was built with CUDA, but the C++ compiler is "
                        "${CMAKE_CXX_COMPILER}, which does not compile CUDA. Configure a fresh build folder with "
                        "-DCMAKE_CXX_COMPILER=${prefix}/bin/nvcc_wrapper -DKokkos_ROOT=${prefix}")
  endif()
  if(compiler_says MATCHES "nvcc" AND compiler_says MATCHES "V([0-9.]+)")
    set(KOLLAGEN_COMPILER "nvcc ${CMAKE_MATCH_1} with ${KOLLAGEN_COMPILER}")
  endif()
endif()

add_library(kollagen_kokkos INTERFACE)
add_library(kollagen::kokkos ALIAS kollagen_kokkos)
target_compile_features(kollagen_kokkos INTERFACE cxx_std_20)
if(Kokkos_VERSION VERSION_LESS 4)
  # Debian 12's Kokkos 3.4 comes from Trilinos; its exported target names an include folder that does not
  # exist. The target is assembled from the variables of the package file, whose folders are absolute or
  # relative to the installation, depending on the packager.
  find_path(KOLLAGEN_KOKKOS_INCLUDE Kokkos_Core.hpp
            HINTS ${Kokkos_INCLUDE_DIRS} ${Kokkos_DIR}/../../../include
            PATH_SUFFIXES trilinos kokkos REQUIRED)
  find_library(KOLLAGEN_KOKKOS_CORE NAMES kokkoscore trilinos_kokkoscore
               HINTS ${Kokkos_LIBRARY_DIRS} ${Kokkos_DIR}/../../../lib REQUIRED)
  mark_as_advanced(KOLLAGEN_KOKKOS_INCLUDE KOLLAGEN_KOKKOS_CORE)
  target_include_directories(kollagen_kokkos SYSTEM INTERFACE ${KOLLAGEN_KOKKOS_INCLUDE})
  find_package(Threads REQUIRED)
  target_link_libraries(kollagen_kokkos INTERFACE ${KOLLAGEN_KOKKOS_CORE} Threads::Threads ${CMAKE_DL_LIBS})
  if("OPENMP" IN_LIST Kokkos_DEVICES)
    find_package(OpenMP REQUIRED)
    target_link_libraries(kollagen_kokkos INTERFACE OpenMP::OpenMP_CXX)
  endif()
else()
  target_link_libraries(kollagen_kokkos INTERFACE Kokkos::kokkos)
endif()
