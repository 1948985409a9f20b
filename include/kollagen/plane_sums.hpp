/// Extremes and sums over the planes of a domain that several ranks share, the same bits for any number of ranks.
#pragma once

#include <vector>

#include "kollagen/communicator.hpp"
#include "kollagen/exact_sum.hpp"
#include "kollagen/grid.hpp"

namespace kollagen {

/// Least and greatest of some numbers. Zero has no sign here, so that the order does not matter.
struct Extremes {
  double minimum = 0, maximum = 0;
  double magnitude() const { return maximum > -minimum ? maximum : -minimum; }
};

/// Sums of several quantities over each plane k of the whole domain: over all of its cells, and over those of a mask.
/// The additions are exact (kollagen/exact_sum.hpp), so that neither the order nor the parts matter.
class PlaneSums {
 public:
  /// Numbers of a quantity and plane: the parts of an ExactSum over all cells, then of that over the mask.
  static constexpr int parts = 6;

  PlaneSums(const Grid& grid, const int quantities)
      : planes_(grid.global_cells[2]), parts_(std::size_t(quantities) * grid.global_cells[2] * parts, 0.0) {}

  /// Takes the numbers of a quantity in the planes from `first` on. Not collective.
  void set(const int quantity, const int first, const int planes, const double* values) {
    for (int n = 0; n < planes * parts; ++n) parts_[at(quantity, first) + std::size_t(n)] = values[n];
  }
  /// Adds up what the ranks have, in one reduction; the sums exist from then on. Collective.
  void complete(Communicator& ranks) { ranks.sum(parts_.data(), int(parts_.size())); }

  double all(const int quantity, const int k) const { return value(at(quantity, k)); }
  double masked(const int quantity, const int k) const { return value(at(quantity, k) + 3); }

 private:
  std::size_t at(const int quantity, const int k) const { return (std::size_t(quantity) * planes_ + k) * parts; }
  double value(const std::size_t n) const { return ExactSum{{parts_[n], parts_[n + 1], parts_[n + 2]}}.value(); }

  int planes_;
  std::vector<double> parts_;
};

}  // namespace kollagen
