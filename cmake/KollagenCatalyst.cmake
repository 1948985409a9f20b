# Finds Catalyst 2 (catalyst::catalyst), which shows runs with an implementation that is chosen at run time.
#
#   KOLLAGEN_CATALYST   AUTO: used when found; ON: must be there; OFF: not looked for
set(KOLLAGEN_CATALYST AUTO CACHE STRING "Show runs in situ with Catalyst 2: AUTO, ON, OFF")
set_property(CACHE KOLLAGEN_CATALYST PROPERTY STRINGS AUTO ON OFF)
set(KOLLAGEN_HAVE_CATALYST OFF)
set(KOLLAGEN_CATALYST_WHY "KOLLAGEN_CATALYST is off")
if(NOT KOLLAGEN_CATALYST)
  return()
endif()

enable_language(C)  # a Catalyst with MPI looks for it with the C compiler
find_package(catalyst 2.0 QUIET)
if(catalyst_FOUND)
  set(KOLLAGEN_HAVE_CATALYST ON)
  return()
endif()
set(KOLLAGEN_CATALYST_WHY "it was not found")
if(catalyst_NOT_FOUND_MESSAGE)
  set(KOLLAGEN_CATALYST_WHY "${catalyst_DIR} cannot be used: ${catalyst_NOT_FOUND_MESSAGE}")
elseif(catalyst_CONSIDERED_VERSIONS)
  set(KOLLAGEN_CATALYST_WHY "found are versions ${catalyst_CONSIDERED_VERSIONS}, needed is 2.0")
endif()
if(NOT KOLLAGEN_CATALYST STREQUAL "AUTO")
  message(FATAL_ERROR "Catalyst 2 for in situ: ${KOLLAGEN_CATALYST_WHY}. Name its folder with -Dcatalyst_DIR="
                      "<folder of catalyst-config.cmake>, or leave it out with -DKOLLAGEN_CATALYST=OFF.")
endif()
