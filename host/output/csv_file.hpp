/// A table that grows during a run: one line per row, never half a line.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "host/output/file_descriptor.hpp"
#include "kollagen/communicator.hpp"

namespace kollagen {

/// Comma-separated values. The first `append` creates the file with its header, which appears as a whole;
/// every `append` adds whole lines. When that fails the file is cut back to what it held before, after the
/// first one to its header, so that it always ends with a complete line. Rank 0 writes; all functions but the
/// last are collective and throw its IoError on every rank.
class CsvFile {
 public:
  CsvFile(std::filesystem::path path, std::string header, Communicator& ranks);
  /// `lines` without or with several rows, each ending with a newline; the same on every rank.
  void append(std::string_view lines);
  /// Brings the table to the disk and closes it.
  void close();
  /// Brings the table to the disk; returns its length [B], 0 while it has no rows.
  long save() const;
  /// Cuts the file back to the length that `save` gave, to grow from there; with the length 0 the file goes.
  /// May be called again, with what another `save` gave. IoError when the file is missing, shorter, or a
  /// table of other columns.
  void restore(long size);
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::string header_;  ///< with its newline
  Communicator& ranks_;
  FileDescriptor file_;  ///< open on rank 0
  long size_ = 0;        ///< bytes that are complete, on every rank
};

/// A number as the tables hold it: 10 significant digits, empty when it is not finite.
std::string csv_number(double value);

/// "name [unit]", in double quotes when it holds a comma.
std::string csv_heading(std::string_view name, std::string_view unit);

}  // namespace kollagen
