/// `kollagen bench`: how fast this program is on this machine.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kollagen/communicator.hpp"
#include "kollagen/config.hpp"

namespace kollagen {

struct BenchOptions {
  std::vector<int> sides{64, 128, 256};  ///< cells along each side of the cubes
  StatePrecision precision = StatePrecision::full;
  std::string json;                      ///< where the result goes; empty: nowhere
  std::string compare;                   ///< an earlier result; empty: none
};

/// Measures on the default backend, prints tables, and returns an exit code. Grids that do not fit into
/// memory are named and left out. Throws InputError for several ranks or a file that is no result,
/// EnvironmentError when no grid fits.
int run_bench(const BenchOptions& options, const std::shared_ptr<Communicator>& ranks);

}  // namespace kollagen
