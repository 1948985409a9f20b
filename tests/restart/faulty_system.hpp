/// System calls that can be told to fail, as they do on a full or broken disk. Included by one source of a test program: its
/// definitions stand before those of the C library, also for calls out of HDF5.
#pragma once

#include <dlfcn.h>
#include <sys/types.h>

#include <cerrno>
#include <cstdio>
#include <string>

namespace kollagen::test {

/// The calls of one kind from number `first` on, counted from 0, fail with `error`, `count` of them.
struct Fault {
  std::string call;  ///< "pwrite", ...; empty: nothing fails
  int first = 0;
  int count = 1;
  int error = 0;
  int seen = 0;  ///< calls of that kind so far

  bool strikes(const char* name) {
    if (call != name) return false;
    const int number = seen++;
    if (number < first || number >= first + count) return false;
    errno = error;
    return true;
  }
};

inline Fault fault;
inline bool can_reserve = true;  ///< whether file systems know fallocate

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

}  // namespace kollagen::test

extern "C" {
ssize_t write(int file, const void* data, size_t count) {
  static const auto real = kollagen::test::next<ssize_t (*)(int, const void*, size_t)>("write");
  return file > 2 && kollagen::test::fault.strikes("write") ? -1 : real(file, data, count);
}
ssize_t pwrite(int file, const void* data, size_t count, off_t at) {
  static const auto real = kollagen::test::next<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  return kollagen::test::fault.strikes("pwrite") ? -1 : real(file, data, count, at);
}
ssize_t pwrite64(int file, const void* data, size_t count, off_t at) { return pwrite(file, data, count, at); }
int fsync(int file) {
  static const auto real = kollagen::test::next<int (*)(int)>("fsync");
  return kollagen::test::fault.strikes("fsync") ? -1 : real(file);
}
int rename(const char* from, const char* to) noexcept {
  static const auto real = kollagen::test::next<int (*)(const char*, const char*)>("rename");
  return kollagen::test::fault.strikes("rename") ? -1 : real(from, to);
}
int ftruncate(int file, off_t size) noexcept {
  static const auto real = kollagen::test::next<int (*)(int, off_t)>("ftruncate");
  return kollagen::test::fault.strikes("ftruncate") ? -1 : real(file, size);
}
int ftruncate64(int file, off_t size) noexcept { return ftruncate(file, size); }
int fallocate(int file, int mode, off_t start, off_t size) {
  static const auto real = kollagen::test::next<int (*)(int, int, off_t, off_t)>("fallocate");
  if (!kollagen::test::can_reserve) return errno = EOPNOTSUPP, -1;
  return kollagen::test::fault.strikes("fallocate") ? -1 : real(file, mode, start, size);
}
}
