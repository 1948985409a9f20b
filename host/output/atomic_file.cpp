#include "host/output/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "host/output/file_descriptor.hpp"
#include "kollagen/check.hpp"

namespace kollagen {
namespace {

std::filesystem::path folder_of(const std::filesystem::path& file) {
  return file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path target) : target_(std::move(target)) {
  std::error_code error;
  std::filesystem::create_directories(folder_of(target_), error);
  if (error) throw_system_error("create the folder", folder_of(target_), error.value());
  temporary_ = folder_of(target_) / fmt::format(".{}.{}.tmp", target_.filename().string(), ::getpid());
}

AtomicFile::~AtomicFile() {
  if (committed_) return;
  std::error_code ignored;  // the error that led here is the one to report
  std::filesystem::remove(temporary_, ignored);
}

void AtomicFile::commit() {
  FileDescriptor file(temporary_, O_RDONLY);
  file.sync();
  file.close();
  if (std::rename(temporary_.c_str(), target_.c_str()) != 0)
    throw_system_error(fmt::format("rename {} to", temporary_.string()), target_, errno);
  committed_ = true;
  FileDescriptor folder(folder_of(target_), O_RDONLY | O_DIRECTORY);
  folder.sync();
}

void write_text_file(const std::filesystem::path& path, const std::string_view text) {
  AtomicFile atomic(path);
  require_space(path, double(text.size()));
  FileDescriptor file(atomic.temporary(), O_WRONLY | O_CREAT | O_TRUNC);
  file.write(text);
  file.close();
  atomic.commit();
}

}  // namespace kollagen
