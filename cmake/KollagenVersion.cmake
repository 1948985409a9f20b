# Writes kollagen_version.hpp for the banner and the files: version, git hash, compiler, build type, flags that generate
# code, Kokkos.
#
# The hash is asked for at every build, not at configure time: otherwise a program built after a commit or an
# edit would carry the hash of the day it was configured. The file changes only when its text does.
find_package(Git QUIET)
string(TOUPPER "${CMAKE_BUILD_TYPE}" build_type)
get_target_property(own_flags kollagen_flags INTERFACE_COMPILE_OPTIONS)
string(REGEX MATCHALL "-[fm][a-z0-9=-]+" own_flags "${own_flags}")  # not warnings, nor generator expressions around
list(REMOVE_DUPLICATES own_flags)  # C++ and CUDA
list(JOIN own_flags " " own_flags)
string(STRIP "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${build_type}} ${own_flags}" all_flags)
set(version_command
    ${CMAKE_COMMAND}
    -D "git=${GIT_EXECUTABLE}"
    -D "source=${PROJECT_SOURCE_DIR}"
    -D "template=${CMAKE_CURRENT_LIST_DIR}/version.hpp.in"
    -D "output=${PROJECT_BINARY_DIR}/generated/kollagen_version.hpp"
    -D "PROJECT_VERSION=${PROJECT_VERSION}"
    -D "KOLLAGEN_COMPILER=${KOLLAGEN_COMPILER}"
    -D "CMAKE_BUILD_TYPE=${CMAKE_BUILD_TYPE}"
    -D "KOLLAGEN_COMPILE_FLAGS=${all_flags}"
    -D "Kokkos_VERSION=${Kokkos_VERSION}"
    -P ${CMAKE_CURRENT_LIST_DIR}/write_version.cmake)
add_custom_target(kollagen_version COMMAND ${version_command} VERBATIM
                  BYPRODUCTS ${PROJECT_BINARY_DIR}/generated/kollagen_version.hpp)
target_include_directories(kollagen_flags INTERFACE ${PROJECT_BINARY_DIR}/generated)
add_dependencies(kollagen_flags kollagen_version)
