#include "host/output/file_descriptor.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "kollagen/check.hpp"

namespace kollagen {

void throw_system_error(const std::string& action, const std::filesystem::path& path, const int error) {
  throw IoError(
      fmt::format("cannot {} {}: {}", action, path.string(), std::generic_category().message(error)));
}

std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder,
                                            const std::function<bool(const std::filesystem::path&)>& wanted) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  if (error == std::errc::no_such_file_or_directory) return files;
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error))
    if (wanted(entry->path())) files.push_back(entry->path());
  if (error) throw_system_error("list the folder", folder, error.value());
  std::sort(files.begin(), files.end());
  return files;
}

void require_space(const std::filesystem::path& file, const double bytes) {
  const std::filesystem::path folder =
      file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  struct statvfs disk {};
  if (::statvfs(folder.c_str(), &disk) != 0) throw_system_error("find the free space of", folder, errno);
  const double free = double(disk.f_bavail) * double(disk.f_frsize);
  if (disk.f_blocks > 0 && bytes > free)
    throw IoError(fmt::format("cannot write {}: {:.0f} bytes are needed, and {:.0f} are free on this disk",
                              file.string(), bytes, free));
}

FileDescriptor::FileDescriptor(std::filesystem::path path, const int flags)
    : path_(std::move(path)), number_(::open(path_.c_str(), flags | O_CLOEXEC, 0666)) {
  if (number_ < 0) throw_system_error("open", path_, errno);
}

FileDescriptor FileDescriptor::in_memory() {
  FileDescriptor file;
  file.number_ = ::memfd_create("kollagen", MFD_CLOEXEC);
  if (file.number_ < 0) throw_system_error("create", "a file in memory", errno);
  file.path_ = fmt::format("/proc/self/fd/{}", file.number_);
  return file;
}

FileDescriptor::~FileDescriptor() {
  if (number_ >= 0) ::close(number_);
}

FileDescriptor::FileDescriptor(FileDescriptor&& other) noexcept
    : path_(std::move(other.path_)), number_(std::exchange(other.number_, -1)) {}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(number_, other.number_);
  return *this;
}

long FileDescriptor::size() const {
  struct stat status {};
  if (::fstat(number_, &status) != 0) throw_system_error("read the size of", path_, errno);
  return long(status.st_size);
}

void FileDescriptor::write(const std::string_view bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = ::write(number_, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      throw_system_error(fmt::format("write {} bytes ({} done) to", bytes.size(), done), path_, errno);
    done += std::size_t(count);
  }
}

std::string FileDescriptor::read(const long offset, const std::size_t count) const {
  std::string bytes(count, '\0');
  std::size_t done = 0;
  while (done < count) {
    const ssize_t got = ::pread(number_, bytes.data() + done, count - done, offset + long(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_system_error("read", path_, errno);
    if (got == 0) break;
    done += std::size_t(got);
  }
  bytes.resize(done);
  return bytes;
}

void FileDescriptor::write_at(const long offset, const std::string_view bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = ::pwrite(number_, bytes.data() + done, bytes.size() - done, offset + long(done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      throw_system_error(fmt::format("write {} bytes ({} done) at byte {} of", bytes.size(), done, offset),
                         path_, errno);
    done += std::size_t(count);
  }
}

void FileDescriptor::truncate(const long size) {
  if (::ftruncate(number_, size) != 0) throw_system_error("shorten", path_, errno);
}

bool FileDescriptor::reserve(const long size) {
  // fallocate(2) itself: posix_fallocate would write a byte into every block where the file system cannot
  // reserve.
  while (::fallocate(number_, 0, 0, size) != 0) {
    if (errno == EOPNOTSUPP || errno == ENOSYS) return false;
    if (errno != EINTR) throw_system_error(fmt::format("reserve {} bytes for", size), path_, errno);
  }
  return true;
}

void FileDescriptor::fill(const long size) {
  const std::string zeros(std::size_t(4) << 20, '\0');
  for (long left = size - this->size(); left > 0; left -= long(zeros.size()))
    write(std::string_view(zeros).substr(0, std::size_t(std::min(left, long(zeros.size())))));
}

void FileDescriptor::sync() const {
  if (::fsync(number_) != 0) throw_system_error("bring to the disk", path_, errno);
}

void FileDescriptor::drop_copy() const {
  if (const int error = ::posix_fadvise(number_, 0, 0, POSIX_FADV_DONTNEED); error != 0)
    throw_system_error("read back from the disk", path_, error);
}

void FileDescriptor::close() {
  const int number = std::exchange(number_, -1);
  if (number >= 0 && ::close(number) != 0) throw_system_error("close", path_, errno);
}

}  // namespace kollagen
