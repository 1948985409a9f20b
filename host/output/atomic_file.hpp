/// Files that appear complete or not at all: written under a temporary name, then renamed.
#pragma once

#include <filesystem>
#include <string_view>

namespace kollagen {

/// A file being written next to its final place. The temporary name ends in ".tmp" and holds the process
/// number. Unless `commit` succeeds the temporary file is removed, and the final name is not touched.
class AtomicFile {
 public:
  /// Creates the folder of `target` when it is missing. Throws IoError.
  explicit AtomicFile(std::filesystem::path target);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  const std::filesystem::path& target() const { return target_; }
  /// Where to write. The writer must have closed it before `commit`.
  const std::filesystem::path& temporary() const { return temporary_; }
  /// Brings the bytes to the disk (fsync), renames the file, and brings the folder to the disk.
  void commit();

 private:
  std::filesystem::path target_;
  std::filesystem::path temporary_;
  bool committed_ = false;
};

/// Writes `text` as the whole content of `path`, atomically. Throws IoError naming path, bytes and reason.
void write_text_file(const std::filesystem::path& path, std::string_view text);

}  // namespace kollagen
