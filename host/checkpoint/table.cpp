#include "host/checkpoint/table.hpp"

#include <fmt/format.h>

#include <charconv>
#include <limits>

#include "host/checkpoint/manifest.hpp"
#include "kollagen/check.hpp"

namespace kollagen {
namespace {

/// The cells of a line; headings with a comma are in double quotes.
std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      cells.emplace_back();
    else
      cells.back() += c;
  }
  return cells;
}

}  // namespace

Table read_table(const std::filesystem::path& file) {
  const std::string text = file_text(file);
  if (text.empty() || text.back() != '\n') throw IoError("its last line is cut off");
  Table table;
  long number = 0;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = text.find('\n', start);
    const std::vector<std::string> cells = split(text.substr(start, end - start));
    start = end + 1;
    if (++number == 1) {
      table.names = cells;
      table.columns.resize(cells.size());
      continue;
    }
    if (cells.size() != table.names.size())
      throw IoError(
          fmt::format("line {} has {} columns, the first {}", number, cells.size(), table.names.size()));
    for (std::size_t c = 0; c < cells.size(); ++c) {
      double value = std::numeric_limits<double>::quiet_NaN();
      const char* const last = cells[c].data() + cells[c].size();
      const auto [rest, error] = std::from_chars(cells[c].data(), last, value);
      if (!cells[c].empty() && (error != std::errc() || rest != last))
        throw IoError(fmt::format("line {}: \"{}\" is no number", number, cells[c]));
      table.columns[c].push_back(value);
    }
  }
  return table;
}

}  // namespace kollagen
