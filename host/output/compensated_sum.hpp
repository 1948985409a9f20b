/// Sums whose rounding error does not grow with the number of terms.
#pragma once

#include <cmath>

namespace kollagen {

/// Neumaier's compensated sum: the result depends on the order of the terms only in its last digit.
class CompensatedSum {
 public:
  void add(const double term) {
    const double next = sum_ + term;
    lost_ += std::abs(sum_) >= std::abs(term) ? (sum_ - next) + term : (term - next) + sum_;
    sum_ = next;
  }
  double value() const { return sum_ + lost_; }

 private:
  double sum_ = 0, lost_ = 0;
};

}  // namespace kollagen
