/// What `kollagen bench` found: its numbers, as JSON and as text for people.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <vector>

namespace kollagen {

/// Something that was timed several times on a number of cells. Rates follow from the median.
struct Measurement {
  std::string name;
  double cells = 0;            ///< 0: launched on grids of several sizes
  double bytes_per_cell = 0;   ///< by kernels/traffic.hpp; 0: no model
  double seconds = 0;          ///< median
  double least = 0, most = 0;  ///< [s]
  int repetitions = 0;
  double copy = 0;  ///< [B/s] bandwidth of a copy right before and after; median

  double cells_per_second() const { return cells / seconds; }
  double bandwidth() const { return bytes_per_cell * cells / seconds; }  ///< [B/s]
  double share_of_copy() const { return bandwidth() / copy; }
};

/// A kernel as it ran in an implicit step.
struct KernelShare {
  Measurement one;  ///< launch on the finest grid
  long launches = 0;
  double seconds = 0;  ///< of all launches
  double share_of_step = 0;
};

/// The implicit step on one grid.
struct StepMeasurement {
  Measurement step;
  std::array<int, 3> grid{};
  double hours = 0;  ///< length of the step
  long passes = 0, corrections = 0;
  double state_bytes = 0,
         fields_bytes = 0;  ///< one copy of the state; all fields of integrator, solver and physics
};

/// A grid that was asked for and not measured.
struct LeftOut {
  std::array<int, 3> grid{};
  std::string reason;
};

struct BenchResult {
  std::string version, commit, compiler, build_type, flags, kokkos, backend, device, date;
  std::string precision;   ///< of the state: double or mixed
  int threads = 1;
  double copy = 0;         ///< [B/s] median over all probes
  int copy_mebibytes = 0;  ///< of each array of the probe
  std::array<int, 3> stage_grid{};
  std::vector<Measurement> stages;
  double observed_step = 0;            ///< [s] of the step in which kernels were timed one by one
  std::vector<KernelShare> kernels;    ///< by falling share of the step
  std::vector<StepMeasurement> steps;  ///< by rising number of cells
  std::vector<LeftOut> left_out;
  double peak_memory = 0;  ///< [B] of the process, in the steps

  /// The step whose cell updates per second are the headline: that on the largest grid; null where none was
  /// measured.
  const StepMeasurement* headline() const { return steps.empty() ? nullptr : &steps.back(); }
};

/// Tables for people; the headline comes last.
std::string bench_text(const BenchResult& result);

/// How `result` compares with an earlier one: ratios of speeds for all that both have, and what only one of
/// them has.
std::string comparison_text(const BenchResult& result, const BenchResult& earlier, const std::string& name);

/// Throws IoError.
void write_bench(const std::filesystem::path& path, const BenchResult& result);

/// What write_bench wrote. Throws InputError for a file that cannot be read or is no such result.
BenchResult read_bench(const std::filesystem::path& path);

}  // namespace kollagen
