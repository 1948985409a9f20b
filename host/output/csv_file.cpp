#include "host/output/csv_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <cmath>

#include "host/output/atomic_file.hpp"
#include "kollagen/check.hpp"
#include "kollagen/collective.hpp"

namespace kollagen {

CsvFile::CsvFile(std::filesystem::path path, std::string header, Communicator& ranks)
    : path_(std::move(path)), header_(std::move(header) + "\n"), ranks_(ranks) {}

void CsvFile::append(const std::string_view lines) {
  KOLLAGEN_CHECK(lines.empty() || lines.back() == '\n', "a row of a table must end with a newline");
  const long complete = size_ > 0 ? size_ : long(header_.size());
  on_root(ranks_, [&] {
    if (!file_.is_open()) {
      write_text_file(path_, header_);
      file_ = FileDescriptor(path_, O_WRONLY | O_APPEND);
    }
    try {
      require_space(path_, double(lines.size()));
      file_.write(lines);
    } catch (const IoError&) {
      file_.truncate(complete);
      throw;
    }
  });
  size_ = complete + long(lines.size());
}

void CsvFile::close() {
  on_root(ranks_, [&] {
    if (!file_.is_open()) return;
    file_.sync();
    file_.close();
  });
}

long CsvFile::save() const {
  on_root(ranks_, [&] {
    if (file_.is_open()) file_.sync();
  });
  return size_;
}

void CsvFile::restore(const long size) {
  on_root(ranks_, [&] {
    file_ = FileDescriptor();  // the one of an attempt with another checkpoint
    if (size == 0) {
      std::error_code error;
      std::filesystem::remove(path_, error);
      if (error) throw_system_error("remove", path_, error.value());
      return;
    }
    file_ = FileDescriptor(path_, O_RDWR | O_APPEND);
    if (file_.size() < size)
      throw IoError(
          fmt::format("{} holds {} bytes, but {} were complete at the checkpoint: the table was cut or "
                      "replaced since, and the run cannot continue it",
                      path_.string(), file_.size(), size));
    if (file_.read(0, header_.size()) != header_)
      throw IoError(fmt::format("{}: the columns are not those of this run, which cannot continue the table",
                                path_.string()));
    file_.truncate(size);
    file_.sync();
  });
  size_ = size;
}

std::string csv_number(const double value) {
  return std::isfinite(value) ? fmt::format("{:.10g}", value) : "";
}

std::string csv_heading(const std::string_view name, const std::string_view unit) {
  const std::string text = fmt::format("{} [{}]", name, unit);
  return text.find(',') == std::string::npos ? text : '"' + text + '"';
}

}  // namespace kollagen
