/// Reading back the tables of a run: comma-separated values as host/output/csv_file writes them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace kollagen {

struct Table {
  std::vector<std::string> names;            ///< headings
  std::vector<std::vector<double>> columns;  ///< as many; not-a-number where a cell is empty
};

/// Throws IoError naming the line: half a last line, a wrong number of columns, a cell that is no number.
Table read_table(const std::filesystem::path& file);

}  // namespace kollagen
