# Finds ParaView with its headers and offers it as the target kollagen::paraview, for pictures while a run is under way.
#
#   KOLLAGEN_PARAVIEW   AUTO: used when found; ON: must be there; OFF: not looked for
set(KOLLAGEN_PARAVIEW AUTO CACHE STRING "Show runs in situ with ParaView Catalyst: AUTO, ON, OFF")
set_property(CACHE KOLLAGEN_PARAVIEW PROPERTY STRINGS AUTO ON OFF)
set(KOLLAGEN_HAVE_PARAVIEW OFF)
set(KOLLAGEN_PARAVIEW_WHY "KOLLAGEN_PARAVIEW is off")
if(NOT KOLLAGEN_PARAVIEW)
  return()
endif()

# Debian's package names targets of libraries that it neither depends on nor looks for. They are private to its shared
# libraries, so that empty stand-ins do. With no COMPONENTS it would ask for Qt.
foreach(target GLEW::GLEW NetCDF::NetCDF Freetype::Freetype LibXml2::LibXml2 Boost::boost EXPAT::EXPAT PNG::PNG)
  if(NOT TARGET ${target})
    add_library(${target} INTERFACE IMPORTED)
  endif()
endforeach()
enable_language(C)  # its package looks for libraries with the C compiler
find_package(ParaView 5.11 QUIET COMPONENTS
             PythonCatalyst Catalyst RemotingLive RemotingViews RemotingApplication RemotingServerManager)
find_package(X11 QUIET)
if(NOT ParaView_FOUND)
  set(KOLLAGEN_PARAVIEW_WHY "paraview-dev was not found")
  if(ParaView_DIR AND ParaView_NOT_FOUND_MESSAGE)
    set(KOLLAGEN_PARAVIEW_WHY "${ParaView_DIR} cannot be used: ${ParaView_NOT_FOUND_MESSAGE}")
  endif()
elseif(NOT X11_FOUND)
  set(KOLLAGEN_PARAVIEW_WHY "libx11-dev was not found")
elseif(KOLLAGEN_MPI AND NOT TARGET VTK::ParallelMPI)
  set(KOLLAGEN_PARAVIEW_WHY "${ParaView_DIR} was built without MPI, and KOLLAGEN_MPI is on")
else()
  set(KOLLAGEN_HAVE_PARAVIEW ON)
endif()
if(NOT KOLLAGEN_HAVE_PARAVIEW)
  if(NOT KOLLAGEN_PARAVIEW STREQUAL "AUTO")
    message(FATAL_ERROR "ParaView for in situ: ${KOLLAGEN_PARAVIEW_WHY}. Install the packages that docs/insitu.md "
                        "lists, name its folder with -DParaView_DIR=<folder>, or leave it out with "
                        "-DKOLLAGEN_PARAVIEW=OFF.")
  endif()
  return()
endif()

add_library(kollagen_paraview INTERFACE)
add_library(kollagen::paraview ALIAS kollagen_paraview)
target_link_libraries(kollagen_paraview INTERFACE
  ParaView::PythonCatalyst ParaView::Catalyst ParaView::RemotingLive ParaView::RemotingServerManager VTK::PythonInterpreter
  VTK::RenderingOpenGL2 VTK::CommonDataModel X11::X11)
if(KOLLAGEN_MPI)
  target_link_libraries(kollagen_paraview INTERFACE VTK::ParallelMPI)
endif()
target_compile_definitions(kollagen_paraview INTERFACE KOLLAGEN_HAVE_PARAVIEW)
