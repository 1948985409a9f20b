#include "host/bench/kernel_times.hpp"

#include <Kokkos_Core.hpp>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "kollagen/check.hpp"

namespace kollagen {
namespace {

using Steady = std::chrono::steady_clock;

/// The callbacks are plain functions: they find the one measurement that is under way here.
std::map<std::string, std::vector<double>>* under_way = nullptr;
std::vector<double>* present = nullptr;
Steady::time_point start;
Kokkos::Tools::Experimental::EventSet callbacks_before;

void begin(const char* label, std::uint32_t, std::uint64_t*) {
  constexpr std::string_view own = "kollagen";
  std::string_view name = label;
  if (name.starts_with(own)) name.remove_prefix(own.size() + 1);  // and the slash after it
  present = &(*under_way)[std::string(name)];
  Kokkos::DefaultExecutionSpace().fence();
  start = Steady::now();
}

void end(std::uint64_t) {
  Kokkos::DefaultExecutionSpace().fence();
  present->push_back(std::chrono::duration<double>(Steady::now() - start).count());
}

}  // namespace

KernelTimes::KernelTimes() {
  namespace tools = Kokkos::Tools::Experimental;
  KOLLAGEN_CHECK(under_way == nullptr, "kernels are being timed already");
  callbacks_before = tools::get_callbacks();
  under_way = &launches_;
  tools::set_callbacks({});
  tools::set_begin_parallel_for_callback(begin);
  tools::set_end_parallel_for_callback(end);
  tools::set_begin_parallel_reduce_callback(begin);
  tools::set_end_parallel_reduce_callback(end);
}

void KernelTimes::stop() {
  if (under_way != &launches_) return;
  Kokkos::Tools::Experimental::set_callbacks(callbacks_before);
  under_way = nullptr;
}

double KernelTimes::total() const {
  double sum = 0;
  for (const auto& [label, seconds] : launches_)
    for (const double s : seconds) sum += s;
  return sum;
}

}  // namespace kollagen
