/// ParaView Catalyst as a back end: Python scripts of version 2 through vtkCPProcessor.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "host/insitu/backend.hpp"
#include "kollagen/communicator.hpp"

namespace kollagen {

/// What the back end needs to know.
struct ParaViewSetup {
  std::vector<std::filesystem::path>
      scripts;                   ///< where the script may be; the first that exists is taken. None: live only
  std::filesystem::path folder;  ///< receives extracts, unless the environment names another
  Communicator& ranks;
  std::vector<SteeringParameter> steering;  ///< with the values that are in force at the start
  std::string host;  ///< of a viewer that waits for the run; empty: none
  int port = 0;
  double patience = 0;   ///< [s] of the start for the viewer
  bool insists = false;  ///< a viewer that is not there then is an error, no complaint
};

/// One in the life of a process.
std::unique_ptr<InsituBackend> make_paraview_backend(ParaViewSetup setup);

/// Version of the library, for people.
std::string paraview_version();

}  // namespace kollagen
