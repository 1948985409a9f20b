# Script of the target kollagen_version: fills in version.hpp.in with the state of the source tree now.
set(KOLLAGEN_GIT_HASH "")
if(git AND EXISTS ${source}/.git)
  execute_process(COMMAND ${git} -C ${source} describe --always --dirty --abbrev=10
                  OUTPUT_VARIABLE KOLLAGEN_GIT_HASH OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(NOT KOLLAGEN_GIT_HASH)
  set(KOLLAGEN_GIT_HASH "unknown")  # an archive without history, or a clone that git does not trust
endif()
configure_file(${template} ${output} @ONLY)
