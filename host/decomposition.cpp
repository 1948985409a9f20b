/// Chooses the process grid with the smallest halo and cuts the cells among its parts.
#include "kollagen/decomposition.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include "kollagen/check.hpp"

namespace kollagen {
namespace {

/// Cuts at multiples of this let five coarsenings pair cells of one part only; more levels bring little.
constexpr int largest_alignment = 32;

/// How much larger the largest part may become for the sake of such cuts, over all axes together.
constexpr double alignment_cost = 0.04;

/// First cells of `parts` parts and the number of cells: multiples of `unit`, spread as evenly as they allow.
std::vector<int> spread(const int cells, const int parts, const int unit) {
  const long units = (cells + unit - 1) / unit;  // the last one may be cut off; the last part is a larger one
  std::vector<int> cuts(parts + 1);
  for (int p = 0; p < parts; ++p) cuts[p] = int(p * units / parts) * unit;
  cuts[parts] = cells;
  return cuts;
}

int largest_part(const std::vector<int>& cuts) {
  int largest = 0;
  for (std::size_t p = 1; p < cuts.size(); ++p) largest = std::max(largest, cuts[p] - cuts[p - 1]);
  return largest;
}

int smallest_part(const std::vector<int>& cuts) {
  int smallest = cuts.back();
  for (std::size_t p = 1; p < cuts.size(); ++p) smallest = std::min(smallest, cuts[p] - cuts[p - 1]);
  return smallest;
}

/// The cuts of one axis, at multiples of the largest power of two that makes the largest part at most (1 +
/// `cost`) times the mean, or else the most even ones.
std::vector<int> cut(const int cells, const int parts, const double cost) {
  const double most = (1 + cost) * cells / parts;
  for (int unit = largest_alignment; unit > 1; unit /= 2) {
    std::vector<int> cuts = spread(cells, parts, unit);
    if (largest_part(cuts) <= most && smallest_part(cuts) >= fewest_cells) return cuts;
  }
  return spread(cells, parts, 1);
}

bool fits(const int cells, const int parts) { return parts == 1 || cells / parts >= fewest_cells; }

/// Calls `visit` with every process grid of `ranks` parts whose parts are not too thin, large numbers of
/// parts along z first, then along y.
template <class Visit>
void for_each_process_grid(const std::array<int, 3>& cells, const int ranks, const Visit& visit) {
  for (int z = std::min(ranks, cells[2]); z > 0; --z) {
    if (ranks % z != 0 || !fits(cells[2], z)) continue;
    const int layer = ranks / z;
    for (int y = std::min(layer, cells[1]); y > 0; --y)
      if (layer % y == 0 && fits(cells[1], y) && fits(cells[0], layer / y))
        visit(std::array<int, 3>{layer / y, y, z});
  }
}

bool possible(const std::array<int, 3>& cells, const int ranks) {
  bool found = false;
  for_each_process_grid(cells, ranks, [&](const std::array<int, 3>&) { found = true; });
  return found;
}

std::array<std::vector<int>, 3> cut_all(const std::array<int, 3>& cells, const std::array<int, 3>& parts) {
  int cut_axes = 0;
  for (const int p : parts) cut_axes += p > 1;
  std::array<std::vector<int>, 3> cuts;
  for (int a = 0; a < 3; ++a) cuts[a] = cut(cells[a], parts[a], alignment_cost / std::max(cut_axes, 1));
  return cuts;
}

/// Faces through which the largest part exchanges a halo, in cells.
long halo_area(const std::array<std::vector<int>, 3>& cuts) {
  std::array<long, 3> side;
  for (int a = 0; a < 3; ++a) side[a] = largest_part(cuts[a]);
  long area = 0;
  for (int a = 0; a < 3; ++a)
    if (cuts[a].size() > 2) area += 2 * side[(a + 1) % 3] * side[(a + 2) % 3];
  return area;
}

[[noreturn]] void refuse(const std::array<int, 3>& cells, const int ranks) {
  const auto text = [](const auto number) { return std::to_string(number); };
  long most = 1;
  for (const int n : cells) most *= std::max(1, n / fewest_cells);
  int next = int(std::min<long>(most, ranks - 1));
  while (!possible(cells, next)) --next;
  throw InputError(text(ranks) + " ranks cannot share " + text(cells[0]) + " x " + text(cells[1]) + " x " +
                   text(cells[2]) + " cells: along an axis that is cut, every rank needs at least " +
                   text(fewest_cells) + ". " + (next < most ? text(next) + " ranks work; the" : "The") +
                   " most for this grid are " + text(most) + ".");
}

}  // namespace

Decomposition decompose(const std::array<int, 3>& cells, const int ranks, const int rank) {
  KOLLAGEN_CHECK(ranks >= 1 && rank >= 0 && rank < ranks,
                 "rank " + std::to_string(rank) + " of " + std::to_string(ranks));
  for (const int n : cells) KOLLAGEN_CHECK(n >= 1, "an axis has " + std::to_string(n) + " cells");
  Decomposition best;
  std::optional<long> least;
  for_each_process_grid(cells, ranks, [&](const std::array<int, 3>& parts) {
    auto cuts = cut_all(cells, parts);
    const long area = halo_area(cuts);
    // Of equal ones the first stays: x rows are contiguous in memory and short rows are slow, so x is cut
    // last.
    if (least && area >= *least) return;
    least = area;
    best.ranks = parts;
    best.cuts = std::move(cuts);
  });
  if (!least) refuse(cells, ranks);
  best.place = best.place_of(rank);
  return best;
}

}  // namespace kollagen
