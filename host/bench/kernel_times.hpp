/// What every kernel takes, by its label: Kokkos tells profilers when a kernel begins and ends, and so it
/// tells us.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace kollagen {

/// Seconds of the kernels that the default execution space runs between construction and `stop`. Every kernel
/// is waited for, which on a device adds the latency of a launch to each. One at a time; a profiler that was
/// loaded hears nothing meanwhile.
class KernelTimes {
 public:
  KernelTimes();
  ~KernelTimes() { stop(); }
  KernelTimes(const KernelTimes&) = delete;
  KernelTimes& operator=(const KernelTimes&) = delete;

  void stop();
  /// Seconds of each launch, in their order, by label without the leading "kollagen/".
  const std::map<std::string, std::vector<double>>& launches() const { return launches_; }
  /// Seconds of all launches.
  double total() const;

 private:
  std::map<std::string, std::vector<double>> launches_;
};

}  // namespace kollagen
