/// Error against cost of every integrator on the needle problem (problem.hpp): 24 h in a block of 10 um
/// cells, constant and layered D. Prints a table and writes JSON.
///
/// The error is the largest over the compared times of  max |u - exact| / max |exact|  at that time. The cost
/// is the wall time of the steps alone, and their time in sweeps: that of one a = 2 b over the cells of the
/// grid, at the copy bandwidth measured right before and after the run. Compare sweeps; seconds hold for an
/// idle machine.
#include <CLI/CLI.hpp>
#include <Kokkos_Core.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <type_traits>
#include <vector>

#include "exact_solution.hpp"
#include "kernels/bandwidth.hpp"
#include "kollagen_version.hpp"
#include "model.hpp"
#include "problem.hpp"

namespace kollagen::needle_problem {
namespace {

using Exec = Kokkos::DefaultExecutionSpace;
using nlohmann::json;

struct Options {
  int cells = 128;
  std::vector<std::string> diffusivities{"constant", "layered"};
  std::vector<double> tolerances{3e-2, 1e-2, 4e-3, 2e-3, 1e-3, 3e-4};
  std::vector<double> steps{300, 600, 1200};  ///< [s]
  double explicit_hours = 0.02;               ///< [h] 0: explicit is left out
  bool only_adaptive = false;
  int repetitions = 3;
  std::string output;
};

/// One integrator with one setting.
struct Setting {
  std::string integrator, label;
  TimeConfig time;
  double end = compared_times.back();  ///< [h] the cost of a shorter run is extrapolated
};

std::vector<Setting> settings(const Options& options) {
  std::vector<Setting> result;
  char text[64];
  for (const double tolerance : options.tolerances) {
    Setting s;
    std::snprintf(text, sizeof text, "adaptive, tolerance %g", tolerance);
    s.integrator = "imex";
    s.label = text;
    s.time.tolerance = tolerance;
    result.push_back(s);
  }
  if (options.only_adaptive) return result;
  for (const double step : options.steps) {
    Setting s;
    std::snprintf(text, sizeof text, "step %g s", step);
    s.integrator = "imex";
    s.label = text;
    s.time.step = step / 3600;
    s.time.tolerance = 1e-3;  // of the solver
    result.push_back(s);
  }
  if (options.explicit_hours > 0) {
    Setting s;
    s.integrator = "explicit";
    s.label = "stable step";
    s.time.integrator = IntegratorKind::explicit_rk;
    s.end = std::min(options.explicit_hours, s.end);
    result.push_back(s);
  }
  return result;
}

/// Times [h] up to `end` at which a run is compared; `end` itself where that comes before the first of them.
std::vector<double> times_until(const double end) {
  std::vector<double> times;
  for (const double t : compared_times)
    if (t <= end) times.push_back(t);
  if (times.empty()) times.push_back(end);
  return times;
}

/// The clock that sweeps are counted with: processor time where one thread does all the work, which other
/// programs disturb less, else wall time.
double clock_seconds() {
  if (std::is_same_v<Exec, Kokkos::Serial>) return double(std::clock()) / CLOCKS_PER_SEC;
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// The time of one a = 2 b over the cells of a grid, at the bandwidth of arrays that no cache holds.
class Sweep {
 public:
  /// Seconds for so many cells; median of five passes over the arrays.
  double seconds(const double cells) const {
    std::vector<double> passes;
    for (int pass = 0; pass < 5; ++pass) {
      const double start = clock_seconds();
      probe_.rate();
      passes.push_back(clock_seconds() - start);
    }
    return median(passes) * cells * sizeof(Real) / (mebibytes * 1048576.0);
  }

 private:
  static constexpr int mebibytes = 128;
  CopyProbe<Exec> probe_{Exec(), mebibytes};
};

json measure(const Setting& setting, const Problem& problem, const std::vector<std::vector<double>>& exact,
             const Sweep& sweep, const int repetitions) {
  json result{{"integrator", setting.integrator}, {"setting", setting.label}};
  const std::vector<double> times = times_until(setting.end);
  const double scale = compared_times.back() / times.back();
  std::vector<double> sweeps, seconds, clock;
  for (int repetition = 0; repetition < repetitions; ++repetition) {
    const auto run = make_run<Exec>(problem, setting.time);
    std::vector<double> errors;
    std::vector<long> steps;
    double time = 0, wall = 0, spent = 0;
    const double cells = double(problem.source.size()), before = sweep.seconds(cells);
    for (std::size_t t = 0; t < times.size(); ++t) {
      const Kokkos::Timer timer;
      const double start = clock_seconds();
      advance(*run, time, times[t]);
      spent += clock_seconds() - start;
      wall += timer.seconds();
      time = times[t];
      errors.push_back(relative_error(*run, exact[t]));
      steps.push_back(run->statistics().steps);
    }
    sweeps.push_back(spent / (0.5 * (before + sweep.seconds(cells))) * scale);
    seconds.push_back(wall * scale);
    clock.push_back(spent * scale);
    const StepStatistics& did = run->statistics();
    result["times_h"] = times;
    result["errors"] = errors;
    result["steps_until"] = steps;
    result["error"] = *std::max_element(errors.begin(), errors.end());
    result["extrapolated"] = scale != 1;
    result["steps"] = scale * double(did.steps);
    result["rejected"] = did.rejected;
    result["corrections"] = did.corrections;
    result["parts_s"] = {{"rates", did.seconds_rates},
                         {"signals", did.seconds_signals},
                         {"local", did.seconds_local},
                         {"control", did.seconds_control}};
  }
  result["seconds"] = median(seconds);
  result["clock_seconds"] = median(clock);
  result["sweeps"] = median(sweeps);
  result["seconds_of_runs"] = seconds;
  result["sweeps_of_runs"] = sweeps;
  return result;
}

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  return "unknown";
}

std::string today() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  char text[16];
  std::strftime(text, sizeof text, "%Y-%m-%d", std::gmtime(&now));
  return text;
}

void run(const Options& options) {
  const Sweep sweep;
  json report{{"cells", options.cells},
              {"version", version::number},
              {"commit", version::git_hash},
              {"compiler", version::compiler},
              {"kokkos", version::kokkos},
              {"backend", Exec::name()},
              {"threads", Exec().concurrency()},
              {"machine", processor()},
              {"date", today()},
              {"repetitions", options.repetitions},
              {"copy_GB_per_s", 2e-9 * sizeof(Real) / sweep.seconds(1)},
              {"runs", json::array()}};
  std::printf("needle problem, %d^3 cells of 10 um, 24 h; copy %.1f GB/s; medians of %d runs\n",
              options.cells, report["copy_GB_per_s"].get<double>(), options.repetitions);
  std::printf("%-9s %-9s %-26s %9s %9s %9s %8s %7s %6s %8s\n", "D", "method", "setting", "error", "seconds",
              "sweeps", "steps", "reject", "cycles", "per step");
  for (const std::string& diffusivity : options.diffusivities) {
    const Problem problem = make_problem(options.cells, diffusivity == "layered");
    const std::vector<double> day(compared_times.begin(), compared_times.end());
    const auto exact = exact_solution(problem, day);
    for (const Setting& setting : settings(options)) {
      const std::vector<double> times = times_until(setting.end);
      const bool short_run = times.back() < compared_times[0];
      json result = measure(setting, problem, short_run ? exact_solution(problem, times) : exact, sweep,
                            options.repetitions);
      result["diffusivity"] = diffusivity;
      const double steps = result["steps"];
      std::printf("%-9s %-9s %-26s %9.2e %9.3g %9.0f %8.0f %7ld %6ld %8.1f%s\n", diffusivity.c_str(),
                  setting.integrator.c_str(), setting.label.c_str(), result["error"].get<double>(),
                  result["seconds"].get<double>(), result["sweeps"].get<double>(), steps,
                  result["rejected"].get<long>(), result["corrections"].get<long>(),
                  result["sweeps"].get<double>() / steps, result["extrapolated"] ? "  (extrapolated)" : "");
      std::fflush(stdout);
      report["runs"].push_back(std::move(result));
    }
  }
  if (options.output.empty()) return;
  std::ofstream file(options.output);
  file << report.dump(1) << "\n";
  if (!file.flush()) throw EnvironmentError("needle problem: cannot write " + options.output);
}

}  // namespace
}  // namespace kollagen::needle_problem

int main(int argc, char** argv) {
  kollagen::needle_problem::Options options;
  CLI::App app("Error against cost of the integrators on the needle problem");
  app.add_option("--cells", options.cells, "cells along each side")
      ->check(CLI::Range(8, 512))
      ->capture_default_str();
  app.add_option("--diffusivity", options.diffusivities, "constant, layered or both")
      ->check(CLI::IsMember({"constant", "layered"}))
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--tolerances", options.tolerances, "of the adaptive step")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--steps", options.steps, "fixed steps [s]")->delimiter(',')->capture_default_str();
  app.add_option("--explicit-hours", options.explicit_hours,
                 "how much of the day explicit runs [h]; the rest of its cost is extrapolated; 0: not at all")
      ->check(CLI::Range(0.0, 24.0))
      ->capture_default_str();
  app.add_flag("--only-adaptive", options.only_adaptive, "neither fixed steps nor explicit");
  app.add_option("--repetitions", options.repetitions, "runs of each setting")
      ->check(CLI::Range(1, 99))
      ->capture_default_str();
  app.add_option("-o,--output", options.output, "JSON file to write");
  CLI11_PARSE(app, argc, argv);
  Kokkos::ScopeGuard kokkos(argc, argv);
  try {
    kollagen::needle_problem::run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "needle_problem: %s\n", error.what());
    return 1;
  }
  return 0;
}
