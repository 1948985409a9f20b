/// Catalyst 2 as a back end: a Conduit mesh for whatever implementation the environment names at run time.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "host/insitu/backend.hpp"
#include "kollagen/communicator.hpp"

namespace kollagen {

/// What the back end needs to know.
struct CatalystSetup {
  std::vector<std::filesystem::path> scripts;  ///< where the script may be; the first that exists is taken
  std::filesystem::path folder;                ///< receives extracts, unless the environment names another
  Communicator& ranks;
  std::vector<SteeringParameter> steering;  ///< with the values that are in force at the start
};

/// One in the life of a process.
std::unique_ptr<InsituBackend> make_catalyst_backend(CatalystSetup setup);

/// Version of the library, for people.
std::string catalyst_version();

}  // namespace kollagen
