/// Runs a study from its file to its results, in as many sessions as it takes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kollagen/communicator.hpp"

namespace kollagen {

/// Options of `kollagen run`.
struct RunOptions {
  std::string config;                  ///< study file
  std::string output;                  ///< folder; empty: runs/<name of the study file>
  std::vector<std::string> overrides;  ///< --set key=value
  std::string insitu;                  ///< script that goes before that of the study; empty: the study's
  std::string live, live_wait;         ///< the same for the place of a viewer, and how long to wait for it
  std::string walltime;                ///< as parse_walltime reads it; empty: no limit
  bool fresh = false;                  ///< start over in an occupied folder
  long steps = -1;                     ///< stop after so many steps; negative: run to the end
};

/// Runs the study, or continues what an earlier session left in the folder, between the start and the end of
/// Kokkos and of MPI, and returns the exit code. Only rank 0 prints, and touches the small files of the
/// folder. Throws the errors of check.hpp. Collective.
int run_study(const RunOptions& options, const std::shared_ptr<Communicator>& ranks);

}  // namespace kollagen
