/// Sums by which a damaged checkpoint is found: XXH3, 64 bits, the same on any number of ranks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "kollagen/communicator.hpp"
#include "kollagen/grid.hpp"

namespace kollagen {

/// XXH3 of a text.
std::uint64_t text_sum(std::string_view text);

/// Sum over the cells at `values` (owned cells of `grid`, x fastest), modulo 2^64, of the XXH3 of a cell's
/// eight bytes with its global index as seed: added over the ranks it does not depend on how they share the
/// cells.
std::uint64_t cell_sum(const Grid& grid, const double* values);

/// Numbers of all cells as they lie in a file, x fastest.
struct StoredCells {
  std::uint64_t offset = 0;  ///< of the first one, a multiple of 8
  std::uint64_t count = 0;
};

struct FileSums {
  std::uint64_t bytes = 0;           ///< size of the file
  std::uint64_t whole = 0;           ///< XXH3 of the XXH3s of its blocks of `sum_block_bytes`
  std::vector<std::uint64_t> cells;  ///< as `cell_sum` over all ranks, of each of the `StoredCells`
};

inline constexpr std::uint64_t sum_block_bytes = std::uint64_t(16) << 20;

/// Reads a file once, its blocks shared among the ranks. What of `stored` lies beyond the end of the file is
/// left out. Throws IoError. Collective.
FileSums sum_file(const std::filesystem::path& file, const std::vector<StoredCells>& stored,
                  Communicator& ranks);

/// 16 hexadecimal digits.
std::string sum_text(std::uint64_t sum);

}  // namespace kollagen
