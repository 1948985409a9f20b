# Finds the HDF5 C library and offers it as the target kollagen::hdf5.
#
# A parallel build is preferred: ParaView links it, and two HDF5 libraries must not meet in one process. Its
# headers include mpi.h, so that MPI's headers come along; its C++ bindings are not wanted.
enable_language(C)  # CMake looks for HDF5 and MPI with the C compiler
set(HDF5_PREFER_PARALLEL TRUE)
find_package(HDF5 COMPONENTS C)
if(NOT HDF5_FOUND)
  message(FATAL_ERROR "HDF5 not found: install libhdf5-openmpi-dev (or any HDF5 with its C headers), set "
                      "HDF5_ROOT, or switch fields and slices off with -DKOLLAGEN_HDF5=OFF.")
endif()
add_library(kollagen_hdf5 INTERFACE)
add_library(kollagen::hdf5 ALIAS kollagen_hdf5)
target_include_directories(kollagen_hdf5 SYSTEM INTERFACE ${HDF5_C_INCLUDE_DIRS})
target_link_libraries(kollagen_hdf5 INTERFACE ${HDF5_C_LIBRARIES})
if(HDF5_IS_PARALLEL)
  find_package(MPI REQUIRED COMPONENTS C)
  target_link_libraries(kollagen_hdf5 INTERFACE MPI::MPI_C)
  target_compile_definitions(kollagen_hdf5 INTERFACE OMPI_SKIP_MPICXX MPICH_SKIP_MPICXX)
  if(KOLLAGEN_MPI)  # ranks write into one file together
    target_compile_definitions(kollagen_hdf5 INTERFACE KOLLAGEN_PARALLEL_HDF5)
  endif()
endif()
