# Finds MPI and offers it as the target kollagen::mpi, and a way to start tests under it. The C interface is all we use.
#
#   KOLLAGEN_MPI             off: the same program on one rank
enable_language(C)  # CMake looks for MPI with the C compiler
find_package(MPI COMPONENTS C)
if(NOT MPI_C_FOUND)
  message(FATAL_ERROR "MPI not found: install libopenmpi-dev and openmpi-bin (or any MPI-3 and point to it with "
                      "-DMPI_HOME=<folder>), or build for one rank with -DKOLLAGEN_MPI=OFF.")
endif()
if(MPI_C_VERSION VERSION_LESS 3)
  message(FATAL_ERROR "MPI ${MPI_C_VERSION} found; Kollagen needs MPI 3 or newer. Point to another one with "
                      "-DMPI_HOME=<folder>, or build for one rank with -DKOLLAGEN_MPI=OFF.")
endif()
add_library(kollagen_mpi INTERFACE)
add_library(kollagen::mpi ALIAS kollagen_mpi)
target_link_libraries(kollagen_mpi INTERFACE MPI::MPI_C)
target_compile_definitions(kollagen_mpi INTERFACE KOLLAGEN_HAVE_MPI OMPI_SKIP_MPICXX MPICH_SKIP_MPICXX)

# How tests start several ranks on this machine: more ranks than cores, not bound to any, as root as well. Variables of
# Open MPI 4, then 5; another MPI does not read them.
set(KOLLAGEN_MPI_ENVIRONMENT
    OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_mpi_yield_when_idle=1
    PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe PRTE_MCA_hwloc_default_binding_policy=none)

# kollagen_mpi_command(RESULT RANKS): sets RESULT to the words that start what follows on that many ranks
function(kollagen_mpi_command result ranks)
  set(${result} ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${ranks} ${MPIEXEC_PREFLAGS} PARENT_SCOPE)
endfunction()
