#include "host/bench/bench.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <functional>
#include <optional>

#include "host/bench/result.hpp"
#include "host/bench/stages.hpp"
#include "host/bench/stopwatch.hpp"
#include "host/config/reader.hpp"
#include "host/simulation.hpp"
#include "kollagen/check.hpp"
#include "kollagen/model/info.hpp"
#include "kollagen_version.hpp"

namespace kollagen {
namespace {

using Exec = Stopwatch::Exec;

// --- the problem; figures compare only between versions that agree in all of this ---------------------
constexpr double spacing = 20;  ///< [um]
constexpr double pitch = 640;   ///< [um] between needles: 32 cells
constexpr double depth = 800;   ///< [um] of the needles, half of the domain at most
/// [h] Right after the needling. It evaluates the right-hand side, as later steps do not.
constexpr double first_step = 0.01;
constexpr double step = 0.02;  ///< [h] that is measured; its cost is about the mean of a month
/// [h] Stages are set up for it: late steps are long, and their V-cycles deep.
constexpr double stage_step = 1;

/// Steps are repeated, each time from the start, until this time has passed.
constexpr Stopwatch::Effort step_effort{8, 1, 5};

/// Of each array of the probe [MiB]: many times the caches.
constexpr int probe_mebibytes = detail::runs_on_host<Exec> ? 128 : 512;

/// Stages are measured on a grid whose fields are much larger than the caches, but on a host not larger than
/// that: it takes long there.
constexpr int largest_stage_side = detail::runs_on_host<Exec> ? 128 : 256;

/// A cube of face skin, just needled, periodic along x and y.
Config study(const int side, const StatePrecision precision) {
  Config config;
  config.time.precision = precision;
  config.title = "bench";
  config.domain.cells = {side, side, side};
  config.domain.spacing = {spacing, spacing, spacing};
  config.domain.size = {spacing * side, spacing * side, spacing * side};
  config.time.end = 24;
  config.time.step = step;
  config.skin.preset = "face";
  TreatmentConfig needles;
  needles.pattern = Pattern::stamp;
  const int along = std::max(1, int(spacing * side / pitch));
  needles.needles = {along, along};
  needles.pitch = spacing * side / along;
  needles.length = std::min(depth, 0.5 * spacing * side);
  needles.placement = Placement::fixed;
  config.treatments.push_back(needles);
  return config;
}

std::string processor() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.starts_with("model name")) return line.substr(std::min(line.size(), line.find(':') + 2));
  return "unknown processor";
}

template <class AnyExec>
std::string device_name(const AnyExec& exec) {
  if constexpr (requires { exec.cuda_device_prop().name; })
    return exec.cuda_device_prop().name;
  else if constexpr (requires { exec.hip_device_prop().name; })
    return exec.hip_device_prop().name;
  else
    return processor();
}

double peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return double(usage.ru_maxrss) * 1024;
}

std::string now() {
  const std::time_t time = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string cube_text(const int side) { return fmt::format("{} x {} x {}", side, side, side); }

void say(const std::string& text) { fmt::print(stderr, "{}\n", text); }

/// Measures grid after grid and collects the result.
class Bench {
 public:
  Bench(const std::vector<int>& sides, const StatePrecision precision) : sides_(sides), precision_(precision) {
    std::sort(sides_.begin(), sides_.end());
    sides_.erase(std::unique(sides_.begin(), sides_.end()), sides_.end());
  }

  BenchResult run() {
    result_.version = version::number;
    result_.commit = version::git_hash;
    result_.compiler = version::compiler;
    result_.build_type = version::build_type;
    result_.flags = version::flags;
    result_.kokkos = version::kokkos;
    result_.backend = Exec::name();
    result_.threads = int(Exec().concurrency());
    result_.device = device_name(Exec());
    result_.date = now();
    result_.precision = precision_ == StatePrecision::mixed ? "mixed" : "double";
    result_.copy_mebibytes = probe_mebibytes;
    for (const int side : sides_) fits(side, 0, "", [&] { measure_steps(side); });
    if (result_.steps.empty())
      throw EnvironmentError("bench: none of the grids fits into memory; ask for smaller ones with --cells");
    result_.peak_memory = peak_memory();  // before the stages, which take more
    // The largest grid that is not too large for the stages and fits; the smallest where all are.
    for (auto at = result_.steps.rbegin(); at != result_.steps.rend() && result_.stages.empty(); ++at)
      if (const int side = at->grid[0]; side <= largest_stage_side || side == result_.steps.front().grid[0])
        fits(side, stage_copies, "stages and kernels: ", [&] { measure_stages_on(side); });
    result_.copy = watch_.copy();
    return result_;
  }

 private:
  /// Does the work, which needs so many copies of the state beside those of a run, or notes why a grid is
  /// left out. Memory of a device, or of a process with a limit, tells only when it is asked for.
  void fits(const int side, const double more_copies, const std::string& what,
            const std::function<void()>& work) {
    const double cells = double(side) * side * side;
    const ModelInfo& model = model_info("dermal");
    const double needed =
        estimated_memory(cells, model, precision_) + more_copies * state_memory(cells, model, precision_);
    const double available = detail::runs_on_host<Exec> ? available_memory() : needed;
    std::string reason;
    if (needed > available) {
      reason =
          fmt::format("it needs {:.1f} GB of memory, {:.1f} GB are available", needed / 1e9, available / 1e9);
    } else {
      try {
        return work();
      } catch (const Error&) {
        throw;
      } catch (const std::exception& failure) {
        reason = failure.what();
        if (reason.find("alloc") == std::string::npos) throw;
        reason = reason.substr(0, reason.find('\n'));
      }
    }
    result_.left_out.push_back({{side, side, side}, what + reason});
    say(fmt::format("{} left out: {}", cube_text(side), what + reason));
  }

  void measure_steps(const int side) {
    say(cube_text(side) + ": steps");
    std::optional<Simulation<Exec>> simulation;
    StepStatistics before;
    StepMeasurement s;
    s.grid = {side, side, side};
    s.hours = step;
    s.step = watch_.measure_once_each(
        fmt::format("implicit step of {:g} h", step), double(side) * side * side, step_effort,
        [&] {
          simulation.reset();  // before the next one is allocated
          simulation.emplace(study(side, precision_));
          simulation->step(first_step);
          before = simulation->integrator().statistics();
        },
        [&] { simulation->step(simulation->clock().end); });
    const StepStatistics& after = simulation->integrator().statistics();
    s.step.bytes_per_cell = (after.bytes - before.bytes) / s.step.cells;
    s.passes = after.stage_passes - before.stage_passes;
    s.corrections = after.corrections - before.corrections;
    s.state_bytes = double(simulation->integrator().state().bytes());
    s.fields_bytes = double(simulation->integrator().bytes());
    result_.steps.push_back(s);
  }

  void measure_stages_on(const int side) {
    say(cube_text(side) + ": stages and kernels");
    Simulation<Exec> simulation(study(side, precision_));
    simulation.step(first_step);
    std::vector<double> copies;
    const auto probe = [&] {
      for (int i = 0; i < 3; ++i) copies.push_back(watch_.probe());
    };
    probe();
    KernelTimes times;
    const Kokkos::Timer timer;
    simulation.step(simulation.clock().end);
    Exec().fence();
    result_.observed_step = timer.seconds();
    times.stop();
    probe();
    const Stages stages = measure_stages(simulation, stage_step, watch_);
    result_.stage_grid = {side, side, side};
    result_.stages = stages.stages;
    result_.kernels = kernel_shares(times, result_.observed_step, median(copies), stages,
                                    double(simulation.grid().owned_count()));
  }

  std::vector<int> sides_;
  StatePrecision precision_;
  Stopwatch watch_{probe_mebibytes};
  BenchResult result_;
};

}  // namespace

int run_bench(const BenchOptions& options, const std::shared_ptr<Communicator>& ranks) {
  if (ranks->size() > 1)
    throw InputError(
        fmt::format("bench measures one rank, and was started with {}: run it without mpirun; threads and "
                    "devices are chosen with the options of Kokkos",
                    ranks->size()));
  std::optional<BenchResult> earlier;
  if (!options.compare.empty()) earlier = read_bench(options.compare);
  const BenchResult result = Bench(options.sides, options.precision).run();
  std::string text = bench_text(result);
  if (earlier) text += comparison_text(result, *earlier, options.compare);
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    throw IoError("standard output cannot be written");
  if (!options.json.empty()) write_bench(options.json, result);
  return int(ExitCode::done);
}

}  // namespace kollagen
