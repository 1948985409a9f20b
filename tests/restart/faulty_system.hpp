/// System calls on checkpoints that can be told to fail, as they do on a full or broken disk. Included by one
/// source of a test program: its definitions stand before those of the C library, also for calls out of HDF5
/// and MPI.
#pragma once

#include <dlfcn.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <vector>

namespace kollagen::test {

/// The calls of one kind from number `first` on, counted from 0, fail with `error`, `count` of them; where
/// `error` is 0 they do nothing and say that they have done it.
struct Fault {
  std::string call;  ///< "pwrite", ...; empty: nothing fails
  int first = 0;
  int count = 1;
  int error = 0;
  int seen = 0;  ///< calls of that kind so far

  bool strikes(const char* name, const std::string& path) {
    if (call != name || path.find("/checkpoints") == std::string::npos) return false;
    const int number = seen++;
    if (number < first || number >= first + count) return false;
    errno = error;
    return true;
  }
};

inline Fault fault;
inline std::vector<std::string> calls_seen;  ///< on checkpoints: the call and the name of the file
inline bool noting = false;

inline void note(const char* call, const std::string& path) {
  if (noting && path.find("/checkpoints") != std::string::npos)
    calls_seen.push_back(std::string(call) + " " + path.substr(path.rfind('/') + 1));
}
inline bool can_reserve = true;  ///< whether file systems know fallocate

/// Path of an open file.
inline std::string path_of(const int file) {
  std::string path(4096, '\0');
  const ssize_t length =
      ::readlink(("/proc/self/fd/" + std::to_string(file)).c_str(), path.data(), path.size());
  path.resize(length < 0 ? 0 : std::size_t(length));
  return path;
}

template <class Function>
Function next(Function, const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

}  // namespace kollagen::test

#define KOLLAGEN_STRIKES(name, path) \
  (!kollagen::test::fault.call.empty() && kollagen::test::fault.strikes(name, path))
#define KOLLAGEN_RESULT(done) (kollagen::test::fault.error == 0 ? (done) : -1)

extern "C" {
ssize_t write(int file, const void* data, size_t count) {
  static const auto real = kollagen::test::next(&write, "write");
  return KOLLAGEN_STRIKES("write", kollagen::test::path_of(file)) ? KOLLAGEN_RESULT(ssize_t(count))
                                                                  : real(file, data, count);
}
ssize_t pwrite(int file, const void* data, size_t count, off_t at) {
  static const auto real = kollagen::test::next(&pwrite, "pwrite");
  return KOLLAGEN_STRIKES("pwrite", kollagen::test::path_of(file)) ? KOLLAGEN_RESULT(ssize_t(count))
                                                                   : real(file, data, count, at);
}
ssize_t pwrite64(int file, const void* data, size_t count, off_t at) { return pwrite(file, data, count, at); }
ssize_t pwritev(int file, const iovec* pieces, int count, off_t at) {
  static const auto real = kollagen::test::next(&pwritev, "pwritev");
  return KOLLAGEN_STRIKES("pwritev", kollagen::test::path_of(file)) ? -1 : real(file, pieces, count, at);
}
int fsync(int file) {
  static const auto real = kollagen::test::next(&fsync, "fsync");
  if (kollagen::test::noting) kollagen::test::note("fsync", kollagen::test::path_of(file));
  return KOLLAGEN_STRIKES("fsync", kollagen::test::path_of(file)) ? -1 : real(file);
}
int rename(const char* from, const char* to) noexcept {
  static const auto real = kollagen::test::next(&rename, "rename");
  kollagen::test::note("rename", to);
  return KOLLAGEN_STRIKES("rename", to) ? -1 : real(from, to);
}
int ftruncate(int file, off_t size) noexcept {
  static const auto real = kollagen::test::next(&ftruncate, "ftruncate");
  return KOLLAGEN_STRIKES("ftruncate", kollagen::test::path_of(file)) ? -1 : real(file, size);
}
int ftruncate64(int file, off_t size) noexcept { return ftruncate(file, size); }
int fallocate(int file, int mode, off_t start, off_t size) {
  static const auto real = kollagen::test::next(&fallocate, "fallocate");
  if (!kollagen::test::can_reserve) return errno = EOPNOTSUPP, -1;
  return KOLLAGEN_STRIKES("fallocate", kollagen::test::path_of(file)) ? -1 : real(file, mode, start, size);
}
}
