# Finds Kokkos 3.4 to 5.x and offers it as the target kollagen::kokkos.
#
#   Kokkos_ROOT               where to look first
#   KOLLAGEN_REQUIRE_BACKEND  OPENMP, CUDA, ...: stop at configure time when this Kokkos lacks it
#
# CUDA code is compiled in one of three ways (KOLLAGEN_CUDA_BY), and Kokkos and the compiler decide which:
#   nvcc_wrapper   Kokkos' script, as C++ compiler
#   cmake          CUDA as a language of CMake; the Kokkos has to be built with Kokkos_ENABLE_COMPILE_AS_CMAKE_LANGUAGE
#   clang          Clang as C++ compiler
set(KOLLAGEN_REQUIRE_BACKEND "" CACHE STRING "Kokkos backend that must be there: OPENMP, THREADS, CUDA, HIP, SYCL")
include(KollagenCompatibility)

string(TOUPPER "${KOLLAGEN_REQUIRE_BACKEND}" required)
if(required STREQUAL "CUDA")
  set(how_to_get "The three usual ways to get a Kokkos with CUDA are:\n"
      "  Spack:        spack install kokkos +cuda +wrapper cuda_arch=90 cxxstd=20\n"
      "  conda-forge:  conda create -n kokkos -c conda-forge 'kokkos>=4.7.1=cuda*' cuda-nvcc cxx-compiler\n"
      "  a cluster's module:  module spider kokkos\n"
      "Then -DKokkos_ROOT=<its folder>, in a fresh build folder. docs/install.md has the lines to paste, also for "
      "building Kokkos yourself.")
else()
  set(how_to_get "Build one yourself and point to it with -DKokkos_ROOT=<its folder>, in a fresh build folder. "
      "docs/install.md has the commands.")
endif()
string(CONCAT how_to_get ${how_to_get})

find_package(Kokkos QUIET)
if(NOT Kokkos_FOUND)
  if(NOT required)
    set(how_to_get "On Debian: apt-get install libtrilinos-kokkos-dev (one thread). For threads or a GPU: ${how_to_get}")
  endif()
  message(FATAL_ERROR "No Kokkos found. ${how_to_get}")
endif()
if(Kokkos_VERSION VERSION_LESS 3.4 OR Kokkos_VERSION VERSION_GREATER_EQUAL 6)
  message(FATAL_ERROR "Kokkos ${Kokkos_VERSION} found in ${Kokkos_DIR}; Kollagen works with 3.4 to 5.x. "
                      "Point to another one with -DKokkos_ROOT=<folder>.")
endif()
if(required AND NOT required IN_LIST Kokkos_DEVICES)
  string(REPLACE ";" ", " have "${Kokkos_DEVICES}")
  message(FATAL_ERROR "The backend ${required} is asked for (KOLLAGEN_REQUIRE_BACKEND), but Kokkos "
                      "${Kokkos_VERSION} in ${Kokkos_DIR} was built with: ${have}. ${how_to_get}")
endif()

# nvcc_wrapper looks like GCC to CMake; what tells it from GCC is what it says of itself.
set(KOLLAGEN_CUDA OFF)
set(KOLLAGEN_CUDA_BY "")
set(KOLLAGEN_COMPILER "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}")
if("CUDA" IN_LIST Kokkos_DEVICES)
  set(KOLLAGEN_CUDA ON)
  execute_process(COMMAND ${CMAKE_CXX_COMPILER} --version OUTPUT_VARIABLE compiler_says ERROR_QUIET)
  get_filename_component(prefix ${Kokkos_DIR}/../../.. ABSOLUTE)
  if(Kokkos_COMPILE_LANGUAGE STREQUAL "CUDA" OR "COMPILE_AS_CMAKE_LANGUAGE" IN_LIST Kokkos_OPTIONS)
    set(KOLLAGEN_CUDA_BY cmake)
    if(compiler_says MATCHES "nvcc")
      message(FATAL_ERROR "Kokkos ${Kokkos_VERSION} in ${Kokkos_DIR} was built with CUDA as a language of CMake "
                          "(Kokkos_ENABLE_COMPILE_AS_CMAKE_LANGUAGE), but the C++ compiler is ${CMAKE_CXX_COMPILER}, "
                          "nvcc behind a script. Configure a fresh build folder with a host compiler, such as "
                          "-DCMAKE_CXX_COMPILER=g++ -DCMAKE_CUDA_COMPILER=nvcc -DKokkos_ROOT=${prefix}")
    endif()
    # What compiles C++ and the host half of CUDA has to be one compiler, and Kokkos says for which GPU.
    if(NOT CMAKE_CUDA_HOST_COMPILER)
      set(CMAKE_CUDA_HOST_COMPILER ${CMAKE_CXX_COMPILER} CACHE FILEPATH "What nvcc compiles host code with")
    elseif(NOT CMAKE_CUDA_HOST_COMPILER STREQUAL CMAKE_CXX_COMPILER)
      message(FATAL_ERROR "CMAKE_CUDA_HOST_COMPILER is ${CMAKE_CUDA_HOST_COMPILER}, but CMAKE_CXX_COMPILER is "
                          "${CMAKE_CXX_COMPILER}: both have to be the same, in a fresh build folder.")
    endif()
    if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
      set(CMAKE_CUDA_ARCHITECTURES ${Kokkos_CUDA_ARCHITECTURES})
    elseif(NOT CMAKE_CUDA_ARCHITECTURES STREQUAL Kokkos_CUDA_ARCHITECTURES)
      message(FATAL_ERROR "CMAKE_CUDA_ARCHITECTURES is ${CMAKE_CUDA_ARCHITECTURES}, but Kokkos was built for "
                          "${Kokkos_CUDA_ARCHITECTURES}, and it decides: leave CMAKE_CUDA_ARCHITECTURES out.")
    endif()
    enable_language(CUDA)  # before its standard is set: an old CMake would fail here without a word on its age
    set(CMAKE_CUDA_STANDARD ${CMAKE_CXX_STANDARD})
    set(CMAKE_CUDA_STANDARD_REQUIRED ON)
    set(CMAKE_CUDA_EXTENSIONS OFF)
    set(KOLLAGEN_CUDA_VERSION ${CMAKE_CUDA_COMPILER_VERSION})
    set(KOLLAGEN_CUDA_COMPILER ${CMAKE_CUDA_COMPILER})
  elseif(compiler_says MATCHES "nvcc" AND compiler_says MATCHES "V([0-9.]+)")
    set(KOLLAGEN_CUDA_BY nvcc_wrapper)
    set(KOLLAGEN_CUDA_VERSION ${CMAKE_MATCH_1})
    set(KOLLAGEN_CUDA_COMPILER ${CMAKE_CXX_COMPILER})
  elseif(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    set(KOLLAGEN_CUDA_BY clang)
    find_package(CUDAToolkit REQUIRED)
    set(KOLLAGEN_CUDA_VERSION ${CUDAToolkit_VERSION})
    set(KOLLAGEN_CUDA_COMPILER ${CMAKE_CXX_COMPILER})
  else()
    message(FATAL_ERROR "Kokkos ${Kokkos_VERSION} in ${Kokkos_DIR} was built with CUDA, but the C++ compiler is "
                        "${CMAKE_CXX_COMPILER}, which does not compile CUDA. Configure a fresh build folder with "
                        "-DCMAKE_CXX_COMPILER=${prefix}/bin/nvcc_wrapper -DKokkos_ROOT=${prefix}")
  endif()
  if(NOT KOLLAGEN_CUDA_BY STREQUAL "clang")
    set(KOLLAGEN_COMPILER "nvcc ${KOLLAGEN_CUDA_VERSION} with ${KOLLAGEN_COMPILER}")
  endif()

  set(kokkos_cuda "")
  if(Kokkos_CXX_COMPILER_ID STREQUAL "NVIDIA")
    set(kokkos_cuda KOKKOS_CUDA ${Kokkos_CXX_COMPILER_VERSION})
  endif()
  string(REPLACE ";" " " kokkos_arch "${Kokkos_ARCH}")  # of the host and of the GPU
  kollagen_refused_pairs(refused CUDA ${KOLLAGEN_CUDA_VERSION} KOKKOS ${Kokkos_VERSION}
    HOST_ID ${CMAKE_CXX_COMPILER_ID} HOST ${CMAKE_CXX_COMPILER_VERSION} COMPILED_BY ${KOLLAGEN_CUDA_BY}
    CMAKE ${CMAKE_VERSION} ARCH "${kokkos_arch}" ${kokkos_cuda}
    FLAGS "${CMAKE_CXX_FLAGS} ${CMAKE_CUDA_FLAGS} $ENV{NVCC_PREPEND_FLAGS} $ENV{NVCC_APPEND_FLAGS}")
  if(refused)
    list(JOIN refused "\n  " refused)
    message(FATAL_ERROR "These do not work together:\n  ${refused}\n${how_to_get}")
  endif()
  if(Kokkos_VERSION VERSION_LESS 4.7.1)
    message(WARNING "Kokkos ${Kokkos_VERSION} is older than 4.7.1, the oldest that Kollagen is meant for on a GPU. "
                    "Nobody has tried it.")
  endif()
endif()

if("HIP" IN_LIST Kokkos_DEVICES)
  if(Kokkos_COMPILE_LANGUAGE STREQUAL "HIP")
    message(FATAL_ERROR "Kokkos ${Kokkos_VERSION} in ${Kokkos_DIR} was built with HIP as a language of CMake, which "
                        "Kollagen does not know. Build Kokkos with hipcc or amdclang++ as C++ compiler, without "
                        "Kokkos_ENABLE_COMPILE_AS_CMAKE_LANGUAGE.")
  endif()
  message(WARNING "HIP: nobody has compiled or run Kollagen with it. Run all tests before you trust a number.")
endif()

# kollagen_host_only(SOURCE...): these know no Kokkos, and nvcc is to keep out of them.
function(kollagen_host_only)
  if(KOLLAGEN_CUDA_BY STREQUAL "nvcc_wrapper")
    set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS "--host-only")
  elseif(KOLLAGEN_CUDA_BY STREQUAL "cmake")
    set_source_files_properties(${ARGN} PROPERTIES KOLLAGEN_HOST_ONLY ON)
  endif()
endfunction()

# kollagen_compile_as_cuda(FOLDER): in all targets of a source folder and those below it, what is not host-only becomes a
# source of the language CUDA. To be called when all targets are there.
function(kollagen_compile_as_cuda folder)
  get_property(targets DIRECTORY ${folder} PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(sources ${target} SOURCES)
    if(sources)
      list(FILTER sources INCLUDE REGEX "\\.cpp$")
    endif()
    foreach(source IN LISTS sources)
      cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${folder})
      get_source_file_property(host_only ${source} TARGET_DIRECTORY ${target} KOLLAGEN_HOST_ONLY)
      if(NOT host_only)
        set_source_files_properties(${source} TARGET_DIRECTORY ${target} PROPERTIES LANGUAGE CUDA)
      endif()
    endforeach()
  endforeach()
  get_property(folders DIRECTORY ${folder} PROPERTY SUBDIRECTORIES)
  foreach(one IN LISTS folders)
    kollagen_compile_as_cuda(${one})
  endforeach()
endfunction()

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
