/// How the values of a field are spread over some cells: percentiles and a histogram.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

namespace kollagen {

/// Some cells of a domain that several ranks share.
struct CellSelection {
  std::vector<char> planes;  ///< of the whole domain: 1 where plane k takes part
  std::vector<char> cells;   ///< 1 for the owned cells of these planes that count, x fastest; empty: all
};

struct Distribution {
  std::uint64_t cells = 0;            ///< that were selected, on all ranks
  std::vector<double> percentiles;    ///< as many as were asked for; none without cells
  std::vector<double> edges;          ///< of the bins, from the least to the greatest value; none without cells
  std::vector<std::uint64_t> counts;  ///< of cells per bin: [edge, next edge), the last one with its upper edge
};

/// Which of `cells` sorted values, counted from 1, is the percentile: the least one that `percent` of the values do not
/// exceed (nearest rank); 0 is the least value and 100 the greatest.
inline std::uint64_t percentile_rank(const double percent, const std::uint64_t cells) {
  constexpr double rounding = 1e-12;  // 99.9 % of 1000 values are 999 of them
  const double rank = std::ceil(percent * double(cells) / 100 * (1 - rounding));
  return rank < 1 ? 1 : rank > double(cells) ? cells : std::uint64_t(rank);
}

}  // namespace kollagen
