#include "host/output/csv_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <cmath>

#include "host/output/atomic_file.hpp"
#include "kollagen/check.hpp"

namespace kollagen {

CsvFile::CsvFile(std::filesystem::path path, std::string header)
    : path_(std::move(path)), header_(std::move(header)) {}

void CsvFile::append(const std::string_view lines) {
  KOLLAGEN_CHECK(lines.empty() || lines.back() == '\n', "a row of a table must end with a newline");
  if (!file_.is_open()) {
    write_text_file(path_, header_ + "\n");
    file_ = FileDescriptor(path_, O_WRONLY | O_APPEND);
    size_ = file_.size();
  }
  try {
    file_.write(lines);
  } catch (const IoError&) {
    file_.truncate(size_);
    throw;
  }
  size_ += long(lines.size());
}

void CsvFile::close() {
  if (!file_.is_open()) return;
  file_.sync();
  file_.close();
}

std::string csv_number(const double value) {
  return std::isfinite(value) ? fmt::format("{:.10g}", value) : "";
}

std::string csv_heading(const std::string_view name, const std::string_view unit) {
  const std::string text = fmt::format("{} [{}]", name, unit);
  return text.find(',') == std::string::npos ? text : '"' + text + '"';
}

}  // namespace kollagen
