/// Runs a study from its file to its results.
#pragma once

#include <string>
#include <vector>

namespace kollagen {

/// Options of `kollagen run`.
struct RunOptions {
  std::string config;                  ///< study file
  std::string output;                  ///< folder; empty: runs/<name of the study file>
  std::vector<std::string> overrides;  ///< --set key=value
  bool fresh = false;                  ///< start over in an occupied folder
  long steps = -1;                     ///< stop after so many steps; negative: run to the end
};

/// Runs the study between Kokkos start and end and returns the exit code. Throws the errors of check.hpp.
int run_study(const RunOptions& options);

}  // namespace kollagen
