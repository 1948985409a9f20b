#include "host/sharing.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>
#include <vector>

#include "host/config/reader.hpp"
#include "kollagen/decomposition.hpp"
#include "kollagen/model/info.hpp"

namespace kollagen {
namespace {

struct Sharing {
  std::array<int, 3> grid;
  long fewest, most;  ///< cells of a rank
};

Sharing share(const DomainConfig& domain, const int ranks) {
  const Decomposition parts = decompose(domain.cells, ranks, 0);
  Sharing sharing{parts.ranks, 1, 1};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const std::vector<int>& cuts = parts.cuts[axis];
    int fewest = cuts[1] - cuts[0], most = fewest;
    for (std::size_t c = 1; c + 1 < cuts.size(); ++c) {
      fewest = std::min(fewest, cuts[c + 1] - cuts[c]);
      most = std::max(most, cuts[c + 1] - cuts[c]);
    }
    sharing.fewest *= fewest;
    sharing.most *= most;
  }
  return sharing;
}

}  // namespace

std::string sharing_text(const DomainConfig& domain, const int ranks) {
  const Sharing sharing = share(domain, ranks);
  const std::string cells = sharing.fewest == sharing.most
                                ? fmt::format("{}", sharing.most)
                                : fmt::format("{} to {}", sharing.fewest, sharing.most);
  if (ranks == 1) return "1 rank";
  return fmt::format("{} ranks as {} x {} x {}, {} cells each", ranks, sharing.grid[0], sharing.grid[1],
                     sharing.grid[2], cells);
}

std::string sharing_report(const Config& config, const int ranks) {
  const double memory = estimated_memory(double(share(config.domain, ranks).most), model_info(config.model),
                                         config.time.precision);
  return fmt::format("ranks                {}\nmemory per rank      {:.3g} MB at most\n",
                     sharing_text(config.domain, ranks), memory / 1e6);
}

int ranks_here(Communicator& ranks) {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  const std::size_t mine = std::hash<std::string_view>()(name.data());
  std::vector<std::size_t> all(std::size_t(ranks.size()));
  ranks.all_gather(&mine, std::vector<std::size_t>(all.size(), sizeof mine), all.data());
  return int(std::count(all.begin(), all.end(), mine));
}

}  // namespace kollagen
