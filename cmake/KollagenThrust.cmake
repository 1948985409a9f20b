# Finds Thrust 1.16 or newer (headers only: sorts, scans, compaction) and offers it as the target kollagen::thrust.
# Builds with CUDA take the one of the CUDA toolkit, builds with HIP that of ROCm, and all others the system's, never
# another one that happens to be in reach. kernels/thrust_ranges.hpp checks that the compiler sees the one found here.
#
#   KOLLAGEN_THRUST_INCLUDE  folder that holds thrust/, to take another one
set(hints "")
if(KOLLAGEN_CUDA)
  set(remedy "It comes with the CUDA toolkit: put its nvcc first in PATH")
  find_package(CUDAToolkit QUIET)
  foreach(folder IN LISTS CUDAToolkit_INCLUDE_DIRS)
    list(APPEND hints ${folder}/cccl ${folder})  # CUDA 13 keeps it in a folder of its own
  endforeach()
  set(own NO_DEFAULT_PATH)
elseif("HIP" IN_LIST Kokkos_DEVICES)
  set(remedy "Install rocthrust, or name the folder of ROCm in the environment as ROCM_PATH")
  set(hints $ENV{ROCM_PATH}/include /opt/rocm/include)
  set(own NO_DEFAULT_PATH)
else()
  set(remedy "On Debian: apt-get install libthrust-dev")
  set(own NO_SYSTEM_ENVIRONMENT_PATH)  # an nvcc in PATH is no reason to compile for the host with its Thrust
endif()
find_path(KOLLAGEN_THRUST_INCLUDE thrust/version.h HINTS ${hints} ${own}
          DOC "Folder that holds thrust/ (Debian: libthrust-dev; CUDA builds: the toolkit's)")
if(NOT EXISTS "${KOLLAGEN_THRUST_INCLUDE}/thrust/version.h")
  message(FATAL_ERROR "thrust/version.h not found (KOLLAGEN_THRUST_INCLUDE: ${KOLLAGEN_THRUST_INCLUDE}). ${remedy}, or "
                      "set KOLLAGEN_THRUST_INCLUDE to the folder that holds thrust/ (headers only).")
endif()

file(STRINGS ${KOLLAGEN_THRUST_INCLUDE}/thrust/version.h line REGEX "define THRUST_VERSION [0-9]+")
string(REGEX MATCH "[0-9]+" number "${line}")
if(NOT number)
  message(FATAL_ERROR "${KOLLAGEN_THRUST_INCLUDE}/thrust/version.h does not say which version of Thrust it is. Set "
                      "KOLLAGEN_THRUST_INCLUDE to another folder that holds thrust/.")
endif()
math(EXPR major "${number} / 100000")
math(EXPR minor "${number} / 100 % 1000")
math(EXPR patch "${number} % 100")
set(KOLLAGEN_THRUST_VERSION ${major}.${minor}.${patch})
if(KOLLAGEN_THRUST_VERSION VERSION_LESS 1.16)
  message(FATAL_ERROR "Thrust ${KOLLAGEN_THRUST_VERSION} found in ${KOLLAGEN_THRUST_INCLUDE}; Kollagen needs 1.16 or "
                      "newer. ${remedy}, or set KOLLAGEN_THRUST_INCLUDE to the folder of another one.")
endif()

add_library(kollagen_thrust INTERFACE)
add_library(kollagen::thrust ALIAS kollagen_thrust)
target_compile_definitions(kollagen_thrust INTERFACE KOLLAGEN_THRUST_VERSION=${number})
if(KOLLAGEN_CUDA)
  # nvcc looks into its own folders after those of -I but before those of -isystem, and warns of nothing in them.
  if(NOT KOLLAGEN_THRUST_INCLUDE IN_LIST hints OR CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    target_include_directories(kollagen_thrust INTERFACE ${KOLLAGEN_THRUST_INCLUDE})
  endif()
else()
  target_include_directories(kollagen_thrust SYSTEM INTERFACE ${KOLLAGEN_THRUST_INCLUDE})
  if(NOT "HIP" IN_LIST Kokkos_DEVICES)
    if("OPENMP" IN_LIST Kokkos_DEVICES)
      set(system OMP)
    else()
      set(system CPP)
    endif()
    target_compile_definitions(kollagen_thrust INTERFACE
      THRUST_HOST_SYSTEM=THRUST_HOST_SYSTEM_CPP THRUST_DEVICE_SYSTEM=THRUST_DEVICE_SYSTEM_${system})
  endif()
endif()
