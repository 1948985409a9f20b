/// The ranks of this process: over MPI where the build has it, else one.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "kollagen/communicator.hpp"

namespace kollagen {

/// Starts MPI, calls `work` on every rank, ends MPI, and returns the exit code of the process, the same on
/// every rank. `work` returns an exit code, or throws: an error of all ranks is printed by rank 0 alone; an
/// error of some ranks is printed by each of them, and the code is that of the lowest. Where some ranks fail
/// while the others wait for them, those that failed wait for `patience`, then end all ranks at once; this
/// function does not return then. Nobody may own the communicator when `work` ends. Builds without MPI have
/// one rank and print the same. Throws EnvironmentError when a launcher started several processes that do not
/// find each other. Collective, once.
int run_on_ranks(const std::function<int(std::shared_ptr<Communicator>)>& work,
                 std::chrono::duration<double> patience = std::chrono::seconds(5));

/// Name and version of the MPI library, for people.
std::string ranks_library();

}  // namespace kollagen
