/// A library for LD_PRELOAD that makes chosen system calls fail, stop half-way, take long or kill the process.
///
///   FAULT_CALLS    comma-separated: write (all of its kind, truncation included), fsync, rename, remove
///   FAULT_PATH     only files whose path holds this text; a rename counts by its new name
///   FAULT_AT       the how-maniest such call of the process is hit, from 1; 0: none, they are only counted
///   FAULT_ONWARDS  set: all later ones too
///   FAULT_ACTION   fail (EIO), nospace (ENOSPC), short (half is written), delay (FAULT_SECONDS before the call),
///                  kill (SIGKILL, half of the bytes written or nothing done), kill-after (SIGKILL when it is done)
///   FAULT_RANK     only on this rank of Open MPI
///   FAULT_LOG      file that gets a line per such call: its kind and its path
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

struct Plan {
  std::string calls = "," + environment("FAULT_CALLS") + ",", path = environment("FAULT_PATH");
  std::string action = environment("FAULT_ACTION"), log = environment("FAULT_LOG");
  long at = std::atol(environment("FAULT_AT").c_str());
  bool onwards = std::getenv("FAULT_ONWARDS") != nullptr;
  double seconds = std::atof(environment("FAULT_SECONDS").c_str());
  bool here = !std::getenv("FAULT_RANK") || environment("FAULT_RANK") == environment("OMPI_COMM_WORLD_RANK");
};

const Plan& plan() {
  static const Plan instance;
  return instance;
}

template <class F>
F* next(F*, const char* name) {
  return reinterpret_cast<F*>(dlsym(RTLD_NEXT, name));
}

std::string path_of(const int descriptor) {
  char link[64], target[4096];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  const ssize_t length = readlink(link, target, sizeof target);
  return length > 0 ? std::string(target, std::size_t(length)) : std::string();
}

std::string absolute(const char* path) {
  char folder[4096];
  if (path[0] == '/' || !getcwd(folder, sizeof folder)) return path;
  return std::string(folder) + "/" + path;
}

void note(const std::string& text) {
  // Raw calls: the functions of this file would count themselves.
  const int file = int(syscall(SYS_openat, AT_FDCWD, plan().log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666));
  if (file < 0) return;
  syscall(SYS_write, file, text.data(), text.size());
  syscall(SYS_close, file);
}

/// What is to happen to this call; empty: nothing. Counts it.
std::string fault(const char* kind, const std::string& path) {
  static std::atomic<long> count{0};
  const Plan& p = plan();
  if (!p.here || p.calls.find("," + std::string(kind) + ",") == std::string::npos ||
      path.find(p.path) == std::string::npos)
    return {};
  const long number = ++count;
  if (!p.log.empty()) note(std::string(kind) + " " + path + "\n");
  const bool hit = p.at > 0 && (number == p.at || (p.onwards && number > p.at));
  if (!hit) return {};
  if (p.action == "delay") {
    const timespec time{time_t(p.seconds), long((p.seconds - double(time_t(p.seconds))) * 1e9)};
    nanosleep(&time, nullptr);
    return {};
  }
  return p.action;
}

[[noreturn]] void die() {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

/// A call without length: done or not done.
template <class Call>
int whole(const char* kind, const std::string& path, const Call& call) {
  const std::string action = fault(kind, path);
  if (action == "kill") die();
  if (action == "fail" || action == "nospace") {
    errno = action == "fail" ? EIO : ENOSPC;
    return -1;
  }
  const int result = call();
  if (action == "kill-after") die();
  return result;
}

/// A write of `bytes`; `call(n)` writes the first n of them.
template <class Call>
ssize_t part(const int descriptor, const std::size_t bytes, const Call& call) {
  const std::string action = fault("write", path_of(descriptor));
  if (action == "fail" || action == "nospace") {
    errno = action == "fail" ? EIO : ENOSPC;
    return -1;
  }
  const bool half = action == "kill" || action == "short";
  const ssize_t result = call(half && bytes > 1 ? bytes / 2 : bytes);
  if (action == "kill" || action == "kill-after") die();
  return result;
}

/// The same for a list of buffers, whose first half, at least one, is written.
template <class Call>
ssize_t part_of_list(const int descriptor, const iovec* list, const int count, const Call& call) {
  if (count == 1)
    return part(descriptor, list[0].iov_len, [&](const std::size_t bytes) {
      const iovec shorter{list[0].iov_base, bytes};
      return call(&shorter, 1);
    });
  return part(descriptor, std::size_t(count), [&](const std::size_t n) { return call(list, int(n)); });
}

}  // namespace

extern "C" {

ssize_t write(int descriptor, const void* data, size_t bytes) {
  static const auto real = next(&write, "write");
  return part(descriptor, bytes, [&](const size_t n) { return real(descriptor, data, n); });
}
ssize_t pwrite(int descriptor, const void* data, size_t bytes, off_t offset) {
  static const auto real = next(&pwrite, "pwrite");
  return part(descriptor, bytes, [&](const size_t n) { return real(descriptor, data, n, offset); });
}
ssize_t pwrite64(int descriptor, const void* data, size_t bytes, off64_t offset) {
  static const auto real = next(&pwrite64, "pwrite64");
  return part(descriptor, bytes, [&](const size_t n) { return real(descriptor, data, n, offset); });
}
ssize_t writev(int descriptor, const iovec* list, int count) {
  static const auto real = next(&writev, "writev");
  return part_of_list(descriptor, list, count, [&](const iovec* l, const int n) { return real(descriptor, l, n); });
}
ssize_t pwritev(int descriptor, const iovec* list, int count, off_t offset) {
  static const auto real = next(&pwritev, "pwritev");
  return part_of_list(descriptor, list, count,
                      [&](const iovec* l, const int n) { return real(descriptor, l, n, offset); });
}
ssize_t pwritev64(int descriptor, const iovec* list, int count, off64_t offset) {
  static const auto real = next(&pwritev64, "pwritev64");
  return part_of_list(descriptor, list, count,
                      [&](const iovec* l, const int n) { return real(descriptor, l, n, offset); });
}
int ftruncate(int descriptor, off_t length) noexcept {
  static const auto real = next(&ftruncate, "ftruncate");
  return whole("write", path_of(descriptor), [&] { return real(descriptor, length); });
}
int ftruncate64(int descriptor, off64_t length) noexcept {
  static const auto real = next(&ftruncate64, "ftruncate64");
  return whole("write", path_of(descriptor), [&] { return real(descriptor, length); });
}
int fsync(int descriptor) {
  static const auto real = next(&fsync, "fsync");
  return whole("fsync", path_of(descriptor), [&] { return real(descriptor); });
}
int fdatasync(int descriptor) {
  static const auto real = next(&fdatasync, "fdatasync");
  return whole("fsync", path_of(descriptor), [&] { return real(descriptor); });
}
int rename(const char* from, const char* to) noexcept {
  static const auto real = next(&rename, "rename");
  return whole("rename", absolute(to), [&] { return real(from, to); });
}
int renameat(int from_folder, const char* from, int to_folder, const char* to) noexcept {
  static const auto real = next(&renameat, "renameat");
  return whole("rename", absolute(to), [&] { return real(from_folder, from, to_folder, to); });
}

int unlink(const char* path) noexcept {
  static const auto real = next(&unlink, "unlink");
  return whole("remove", absolute(path), [&] { return real(path); });
}
int remove(const char* path) noexcept {
  static const auto real = next(static_cast<int (*)(const char*)>(&remove), "remove");
  return whole("remove", absolute(path), [&] { return real(path); });
}

}  // extern "C"
