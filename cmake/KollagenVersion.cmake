# Writes kollagen_version.hpp: version, git hash, compiler and build type, for the banner and the files.
find_package(Git QUIET)
set(KOLLAGEN_GIT_HASH "unknown")
if(GIT_FOUND AND EXISTS ${PROJECT_SOURCE_DIR}/.git)
  execute_process(COMMAND ${GIT_EXECUTABLE} -C ${PROJECT_SOURCE_DIR} describe --always --dirty --abbrev=10
                  OUTPUT_VARIABLE KOLLAGEN_GIT_HASH OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  # A new commit changes the hash: configure again when HEAD moves.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/.git/HEAD)
endif()
configure_file(${CMAKE_CURRENT_LIST_DIR}/version.hpp.in ${PROJECT_BINARY_DIR}/generated/kollagen_version.hpp @ONLY)
target_include_directories(kollagen_flags INTERFACE ${PROJECT_BINARY_DIR}/generated)
