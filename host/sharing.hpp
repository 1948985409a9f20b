/// How the cells of a study are shared among ranks, for people; and who shares this machine.
#pragma once

#include <string>

#include "kollagen/communicator.hpp"
#include "kollagen/config.hpp"

namespace kollagen {

/// Such as "8 ranks as 2 x 2 x 2, 31500 to 32000 cells each". Throws InputError when the domain cannot be
/// shared so.
std::string sharing_text(const DomainConfig& domain, int ranks);

/// The lines that `kollagen validate --ranks` adds: process grid, cells and memory per rank. Throws
/// InputError.
std::string sharing_report(const Config& config, int ranks);

/// How many of the ranks run on the machine of this one. Collective.
int ranks_here(Communicator& ranks);

}  // namespace kollagen
