# Says at the end of the configuration what this build will be able to do.
string(REPLACE ";" " " devices "${Kokkos_DEVICES}")
set(lines
  "build type      ${CMAKE_BUILD_TYPE}"
  "compiler        ${KOLLAGEN_COMPILER} (${CMAKE_CXX_COMPILER})"
  "Kokkos          ${Kokkos_VERSION}: ${devices} (${Kokkos_DIR})")
if(KOLLAGEN_CUDA)
  list(APPEND lines "CUDA            for ${Kokkos_ARCH}")
else()
  list(APPEND lines "CUDA            no: this Kokkos was built without it")
endif()
if(KOLLAGEN_MPI)
  list(APPEND lines "MPI             ${MPI_C_VERSION} (${MPI_C_LIBRARIES})")
else()
  list(APPEND lines "MPI             no (KOLLAGEN_MPI is off): one rank")
endif()
if(NOT KOLLAGEN_PROGRAM)
  list(APPEND lines "program         no (KOLLAGEN_PROGRAM is off): core library and its tests only")
elseif(KOLLAGEN_HDF5)
  if(HDF5_IS_PARALLEL)
    list(APPEND lines "HDF5            ${HDF5_VERSION}, parallel")
  else()
    list(APPEND lines "HDF5            ${HDF5_VERSION}, not parallel: no files from several ranks")
  endif()
else()
  list(APPEND lines "HDF5            no (KOLLAGEN_HDF5 is off): no fields and slices")
endif()
list(APPEND lines
  "tests           ${KOLLAGEN_TESTS}"
  "benchmarks      ${KOLLAGEN_BENCHMARKS}"
  "bounds checks   ${KOLLAGEN_BOUNDS_CHECK}"
  "native code     ${KOLLAGEN_NATIVE}")
if(KOLLAGEN_TESTS)
  find_program(KOLLAGEN_PVPYTHON pvpython)
  mark_as_advanced(KOLLAGEN_PVPYTHON)
  if(KOLLAGEN_PVPYTHON)
    list(APPEND lines "ParaView        ${KOLLAGEN_PVPYTHON}")
  else()
    list(APPEND lines "ParaView        no: the tests that need it are skipped")
  endif()
endif()
list(JOIN lines "\n--   " text)
message(STATUS "Kollagen ${PROJECT_VERSION}\n--   ${text}")
