/// A table that grows during a run: one line per row, never half a line.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "host/output/file_descriptor.hpp"

namespace kollagen {

/// Comma-separated values. The file is created by the first `append`, with the header and the rows in one
/// piece; every later `append` adds whole lines. When a write fails the file is cut back to what it held
/// before, so that it always ends with a complete line.
class CsvFile {
 public:
  CsvFile(std::filesystem::path path, std::string header);
  /// `lines` without or with several rows, each ending with a newline. Throws IoError.
  void append(std::string_view lines);
  /// Brings the table to the disk and closes it.
  void close();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::string header_;
  FileDescriptor file_;
  long size_ = 0;  ///< bytes that are complete
};

/// A number as the tables hold it: 10 significant digits, empty when it is not finite.
std::string csv_number(double value);

/// "name [unit]", in double quotes when it holds a comma.
std::string csv_heading(std::string_view name, std::string_view unit);

}  // namespace kollagen
