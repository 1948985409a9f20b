#include "host/checkpoint/sums.hpp"

#include <fcntl.h>
#include <fmt/format.h>

// GCC 12 takes the undefined values of its own header of vector instructions for mistakes.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#define XXH_INLINE_ALL
#include <xxhash.h>
#pragma GCC diagnostic pop

#include <algorithm>
#include <bit>

#include "host/output/file_descriptor.hpp"
#include "kollagen/collective.hpp"

namespace kollagen {
namespace {

static_assert(std::endian::native == std::endian::little, "sums are over the bytes of little-endian numbers");

/// Sum over the cells of `stored` that lie in the `bytes` at `block`, which begin at `start` in the file.
/// Blocks and first cells are at multiples of 8, so that no cell lies across two blocks.
std::uint64_t sum_part(const StoredCells& stored, const char* block, const std::uint64_t bytes,
                       const std::uint64_t start) {
  const std::uint64_t from = std::max(start, stored.offset);
  const std::uint64_t to = std::min(start + bytes / 8 * 8, stored.offset + 8 * stored.count);
  std::uint64_t sum = 0;
  for (std::uint64_t at = from; at < to; at += 8)
    sum += XXH3_64bits_withSeed(block + (at - start), 8, (at - stored.offset) / 8);
  return sum;
}

}  // namespace

std::uint64_t text_sum(const std::string_view text) { return XXH3_64bits(text.data(), text.size()); }

std::uint64_t cell_sum(const Grid& grid, const double* values) {
  const auto nx = std::uint64_t(grid.global_cells[0]), ny = std::uint64_t(grid.global_cells[1]);
  std::uint64_t sum = 0;
  for (int k = 0; k < grid.cells[2]; ++k)
    for (int j = 0; j < grid.cells[1]; ++j) {
      const std::uint64_t row =
          (std::uint64_t(grid.first[2] + k) * ny + std::uint64_t(grid.first[1] + j)) * nx +
          std::uint64_t(grid.first[0]);
      for (int i = 0; i < grid.cells[0]; ++i, ++values)
        sum += XXH3_64bits_withSeed(values, sizeof *values, row + std::uint64_t(i));
    }
  return sum;
}

FileSums sum_file(const std::filesystem::path& file, const std::vector<StoredCells>& stored,
                  Communicator& ranks) {
  FileSums sums;
  sums.cells.resize(stored.size());
  on_root(ranks, [&] { sums.bytes = std::uint64_t(FileDescriptor(file, O_RDONLY).size()); });
  ranks.broadcast(&sums.bytes, sizeof sums.bytes, 0);
  std::vector<std::uint64_t> blocks((sums.bytes + sum_block_bytes - 1) / sum_block_bytes);
  together(ranks, [&] {
    const FileDescriptor in(file, O_RDONLY);
    for (std::size_t b = std::size_t(ranks.rank()); b < blocks.size(); b += std::size_t(ranks.size())) {
      const std::uint64_t start = b * sum_block_bytes, bytes = std::min(sum_block_bytes, sums.bytes - start);
      const std::string block = in.read(long(start), bytes);
      if (block.size() < bytes)
        throw IoError(
            fmt::format("{}: ends at byte {} while it is read", file.string(), start + block.size()));
      blocks[b] = text_sum(block);
      for (std::size_t n = 0; n < stored.size(); ++n)
        sums.cells[n] += sum_part(stored[n], block.data(), bytes, start);
    }
  });
  ranks.sum(blocks.data(), int(blocks.size()));
  ranks.sum(sums.cells.data(), int(sums.cells.size()));
  sums.whole = XXH3_64bits(blocks.data(), blocks.size() * sizeof(std::uint64_t));
  return sums;
}

std::string sum_text(const std::uint64_t sum) { return fmt::format("{:016x}", sum); }

}  // namespace kollagen
