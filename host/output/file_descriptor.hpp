/// POSIX file access with checked calls; failures become IoError with path, bytes and the system's reason.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace kollagen {

/// Owns an open file. Move only.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  /// open(2); `flags` as there, O_CLOEXEC is added.
  FileDescriptor(std::filesystem::path path, int flags);
  /// A file in memory and nowhere else; while it is open others can open its path.
  static FileDescriptor in_memory();
  ~FileDescriptor();
  FileDescriptor(FileDescriptor&& other) noexcept;
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;

  bool is_open() const { return number_ >= 0; }
  const std::filesystem::path& path() const { return path_; }
  long size() const;
  void write(std::string_view bytes);
  /// Writes from `offset` on, wherever the file stands.
  void write_at(long offset, std::string_view bytes);
  /// `count` bytes from `offset` on, fewer where the file ends.
  std::string read(long offset, std::size_t count) const;
  void truncate(long size);
  /// Reserves the space of the first `size` bytes, so that writing them cannot fail for the lack of it; the
  /// file grows to that size. False where the file system cannot do that.
  bool reserve(long size);
  /// Appends zeros until the file has `size` bytes: reserves their space where `reserve` cannot.
  void fill(long size);
  void sync() const;
  /// Asks the system to drop its copy of what `sync` has brought to the disk, so that the next read comes
  /// from there. Advice: a disk in memory, or a file system of its own mind, keeps the copy.
  void drop_copy() const;
  /// Closes and checks: a full disk may show only here.
  void close();

 private:
  std::filesystem::path path_;
  int number_ = -1;
};

/// Paths of what lies in `folder` and is `wanted`, by name; none when there is no such folder. Throws
/// IoError.
std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder,
                                            const std::function<bool(const std::filesystem::path&)>& wanted);

/// Throws IoError naming `file` and both numbers when the disk that holds its folder has fewer than `bytes`
/// free. Disks that do not tell their size pass.
void require_space(const std::filesystem::path& file, double bytes);

/// Throws IoError "cannot <action> <path>: <text of errno>".
[[noreturn]] void throw_system_error(const std::string& action, const std::filesystem::path& path, int error);

}  // namespace kollagen
