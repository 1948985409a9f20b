/// The ranks that run a test together, for tests added with kollagen_add_mpi_test.
#pragma once

#include <memory>

#include "kollagen/communicator.hpp"

namespace kollagen::test {

/// All ranks that the executable was started with. Every rank runs every test, in the same order.
std::shared_ptr<Communicator> ranks();

}  // namespace kollagen::test
