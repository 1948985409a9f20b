# Finds Kokkos 3.4 to 5.x and offers it as the target kollagen::kokkos.
#
# Debian 12's Kokkos 3.4 comes from Trilinos; its exported target names an include folder that does not
# exist. For it the target is assembled from the variables of its package file.
find_package(Kokkos REQUIRED)
if(Kokkos_VERSION VERSION_LESS 3.4 OR Kokkos_VERSION VERSION_GREATER_EQUAL 6)
  message(FATAL_ERROR "Kokkos ${Kokkos_VERSION} found in ${Kokkos_DIR}; Kollagen works with 3.4 to 5.x. "
                      "Point Kokkos_ROOT to another installation.")
endif()
add_library(kollagen_kokkos INTERFACE)
add_library(kollagen::kokkos ALIAS kollagen_kokkos)
target_compile_features(kollagen_kokkos INTERFACE cxx_std_20)
if(Kokkos_VERSION VERSION_LESS 4)
  # Kokkos_INCLUDE_DIRS is absolute, or relative to the installation, depending on the packager.
  find_path(KOLLAGEN_KOKKOS_INCLUDE Kokkos_Core.hpp
            HINTS ${Kokkos_INCLUDE_DIRS} ${Kokkos_DIR}/../../../include
            PATH_SUFFIXES trilinos kokkos REQUIRED)
  find_library(KOLLAGEN_KOKKOS_CORE NAMES kokkoscore trilinos_kokkoscore
               HINTS ${Kokkos_LIBRARY_DIRS} ${Kokkos_DIR}/../../../lib REQUIRED)
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
message(STATUS "Kokkos ${Kokkos_VERSION} (${Kokkos_DEVICES}) in ${Kokkos_DIR}")
