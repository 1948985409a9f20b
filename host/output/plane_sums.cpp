#include "host/output/plane_sums.hpp"

#include <algorithm>
#include <limits>

#include "kollagen/check.hpp"
#include "kollagen/exact_sum.hpp"

namespace kollagen {
namespace {

/// Values taken side by side: the compiler turns each loop over lanes into vector instructions.
constexpr std::size_t lanes = 8;

struct LaneSums {
  double part[3][lanes] = {};
  void add(const ExactSplit& split, double (&rest)[lanes]) {
    for (int p = 0; p < 3; ++p)
      for (std::size_t l = 0; l < lanes; ++l) {
        const double rounded = (split.shift[p] + rest[l]) - split.shift[p];
        part[p][l] += rounded;
        rest[l] -= rounded;
      }
  }
};

/// Adds the sum of `count` values to the three numbers at `out`; with a mask, of those that it marks.
template <bool masked>
void add_sum(const double* values, const char* mask, const std::size_t count, const ExactSplit& split,
             double* out) {
  LaneSums sums;
  double rest[lanes];
  std::size_t c = 0;
  for (; c + lanes <= count; c += lanes) {
    for (std::size_t l = 0; l < lanes; ++l) rest[l] = masked && !mask[c + l] ? 0 : values[c + l];
    sums.add(split, rest);
  }
  for (std::size_t l = 0; l < lanes; ++l) {
    const bool here = c + l < count && (!masked || mask[c + l]);
    rest[l] = here ? values[c + l] : 0;
  }
  sums.add(split, rest);
  for (int p = 0; p < 3; ++p)
    for (std::size_t l = 0; l < lanes; ++l) out[p] += sums.part[p][l];
}

}  // namespace

Extremes extremes(const std::vector<double>& values, Communicator& ranks) {
  KOLLAGEN_CHECK(!values.empty(), "extremes need a value on every rank");
  double most[2 * lanes];  // of the negative values, of the values
  std::fill(std::begin(most), std::end(most), -std::numeric_limits<double>::infinity());
  const auto take = [&](const std::size_t c, const std::size_t l) {
    most[l] = -values[c] > most[l] ? -values[c] : most[l];
    most[lanes + l] = values[c] > most[lanes + l] ? values[c] : most[lanes + l];
  };
  std::size_t c = 0;
  for (; c + lanes <= values.size(); c += lanes)
    for (std::size_t l = 0; l < lanes; ++l) take(c + l, l);
  for (; c < values.size(); ++c) take(c, 0);
  double result[] = {*std::max_element(most, most + lanes),
                     *std::max_element(most + lanes, most + 2 * lanes)};
  ranks.max(result, 2);
  return {0.0 - result[0], result[1] + 0.0};
}

int PlaneSums::add(const std::vector<double>& values, const double largest, const std::vector<char>& mask) {
  const std::size_t plane = std::size_t(grid_.cells[0]) * grid_.cells[1];
  const ExactSplit split(largest, double(grid_.global_cells[0]) * grid_.global_cells[1]);
  const std::size_t row = 3 * std::size_t(grid_.global_cells[2]), begin = parts_.size();
  parts_.resize(begin + 2 * row);
  for (int k = 0; k < grid_.cells[2]; ++k) {
    const std::size_t first = std::size_t(k) * plane;
    double* const out = &parts_[begin + 3 * std::size_t(grid_.first[2] + k)];
    add_sum<false>(&values[first], nullptr, plane, split, out);
    if (!mask.empty()) add_sum<true>(&values[first], &mask[first], plane, split, out + row);
  }
  return int(begin / (2 * row));
}

void PlaneSums::complete(Communicator& ranks) { ranks.sum(parts_.data(), int(parts_.size())); }

double PlaneSums::value(const int row, const int k) const {
  const double* const part = &parts_[3 * (std::size_t(row) * grid_.global_cells[2] + k)];
  return ExactSum{{part[0], part[1], part[2]}}.value();
}

}  // namespace kollagen
