/// Sums over the planes of a domain that several ranks share, the same bits for any number of ranks.
#pragma once

#include <vector>

#include "kollagen/communicator.hpp"
#include "kollagen/grid.hpp"

namespace kollagen {

/// Least and greatest of some numbers. Zero has no sign here, so that the order does not matter.
struct Extremes {
  double minimum = 0, maximum = 0;
  double magnitude() const { return maximum > -minimum ? maximum : -minimum; }
};

/// Over the values of all ranks, each of which has one at least. Collective.
Extremes extremes(const std::vector<double>& values, Communicator& ranks);

/// Sums of several quantities over each plane k of the whole domain: over all of its cells, and over those of
/// a mask. The additions are exact (kollagen/exact_sum.hpp), so that neither the order nor the parts matter.
class PlaneSums {
 public:
  explicit PlaneSums(const Grid& grid) : grid_(grid) {}
  void clear() { parts_.clear(); }
  /// Adds a quantity and returns its number: `values` of the owned cells, none larger in size than `largest`,
  /// which is the same on every rank. `mask` marks cells with 1, or is empty. Not collective.
  int add(const std::vector<double>& values, double largest, const std::vector<char>& mask);
  /// Adds up what the ranks have, in one reduction; the sums exist from then on. Collective.
  void complete(Communicator& ranks);
  double all(const int quantity, const int k) const { return value(2 * quantity, k); }
  double masked(const int quantity, const int k) const { return value(2 * quantity + 1, k); }

 private:
  double value(int row, int k) const;

  Grid grid_;
  /// Per quantity: three partial sums of each plane, of all cells and then of those of the mask.
  std::vector<double> parts_;
};

}  // namespace kollagen
