/// Large pages for large arrays of the host: stencils of many fields miss the address cache more than any other.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace kollagen {

/// Asks the system to back the whole pages of `bytes` at `data`, host memory that nothing has touched yet, with large
/// pages. Advice only: where the system has none or gives none the memory stays as it is, and only slower.
inline void advise_huge_pages([[maybe_unused]] void* data, [[maybe_unused]] const std::size_t bytes) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  constexpr std::uintptr_t page = std::uintptr_t(2) << 20;  // of x86-64 and most AArch64 systems
  const auto begin = (reinterpret_cast<std::uintptr_t>(data) + page - 1) / page * page;
  const auto end = (reinterpret_cast<std::uintptr_t>(data) + bytes) / page * page;
  if (begin < end) static_cast<void>(madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE));
#endif
}

}  // namespace kollagen
