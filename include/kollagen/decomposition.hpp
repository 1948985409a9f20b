/// How the cells of a domain are shared among ranks: a process grid whose parts are bricks.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

namespace kollagen {

/// The same on every rank but for `place`. Axis order (x, y, z). Ranks are numbered with x fastest.
struct Decomposition {
  std::array<int, 3> ranks{1, 1, 1};  ///< parts along each axis
  std::array<int, 3> place{0, 0, 0};  ///< of this rank among them
  /// Per axis ranks[a] + 1 numbers: the first cell of each part, then the number of cells.
  std::array<std::vector<int>, 3> cuts{{{0, 1}, {0, 1}, {0, 1}}};

  int size() const { return ranks[0] * ranks[1] * ranks[2]; }
  int rank_at(const std::array<int, 3>& p) const { return (p[2] * ranks[1] + p[1]) * ranks[0] + p[0]; }
  std::array<int, 3> place_of(const int rank) const {
    return {rank % ranks[0], rank / ranks[0] % ranks[1], rank / (ranks[0] * ranks[1])};
  }
  /// First cell and number of cells of the part at `p`.
  std::array<int, 3> first(const std::array<int, 3>& p) const { return {cuts[0][p[0]], cuts[1][p[1]], cuts[2][p[2]]}; }
  std::array<int, 3> cells(const std::array<int, 3>& p) const {
    return {cuts[0][p[0] + 1] - cuts[0][p[0]], cuts[1][p[1] + 1] - cuts[1][p[1]], cuts[2][p[2] + 1] - cuts[2][p[2]]};
  }
};

/// Fewest cells of a part along an axis that is cut: the stencils reach one cell, coarsening pairs two.
inline constexpr int fewest_cells = 2;

/// All cells in one part.
inline Decomposition undivided(const std::array<int, 3>& cells) {
  Decomposition result;
  for (int a = 0; a < 3; ++a) result.cuts[a] = {0, cells[a]};
  return result;
}

/// The same parts on a grid whose cells hold two of this one along the axes with halved[a] = 1; of an odd number of cells
/// the last holds three. A coarse cell belongs to the part that holds its second child, so that its children
/// and its parts' neighbours are at most one cell away.
inline Decomposition coarsened(const Decomposition& fine, const int (&halved)[3]) {
  Decomposition coarse = fine;
  for (int a = 0; a < 3; ++a)
    for (int& cut : coarse.cuts[a]) cut >>= halved[a];
  return coarse;
}

/// Whether some coarse cell of `coarsened` has children in two parts: at an odd cut, and where the last of three children
/// is a part of its own.
inline bool splits_children(const Decomposition& fine, const int (&halved)[3]) {
  for (int a = 0; a < 3; ++a)
    for (int p = 1; p < fine.ranks[a]; ++p) {
      const int cut = fine.cuts[a][std::size_t(p)], end = fine.cuts[a].back();
      if (halved[a] == 1 && (cut % 2 != 0 || (end % 2 != 0 && cut == end - 1))) return true;
    }
  return false;
}

/// Fewest cells of any part along the axes that are cut and halved; a large number when there is none.
inline int thinnest_part(const Decomposition& parts, const int (&halved)[3]) {
  int fewest = 1 << 30;
  for (int a = 0; a < 3; ++a)
    for (int p = 0; p < parts.ranks[a] && parts.ranks[a] > 1 && halved[a] == 1; ++p)
      fewest = std::min(fewest, parts.cuts[a][std::size_t(p) + 1] - parts.cuts[a][std::size_t(p)]);
  return fewest;
}

/// The process grid with the smallest halo, cells spread as evenly as that grid allows and cuts at multiples of a power of
/// two where that costs little balance. Throws
/// InputError when `ranks` parts of at least `fewest_cells` along every cut axis do not exist, naming the most that do.
Decomposition decompose(const std::array<int, 3>& cells, int ranks, int rank);

}  // namespace kollagen
