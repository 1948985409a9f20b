/// Speed of the parts of a step on the default backend, against the copy bandwidth of the same run.
/// Traffic: kernels/traffic.hpp. "share" is the modelled traffic over time and copy bandwidth.
#include <benchmark/benchmark.h>

#include "host/simulation.hpp"
#include "kernels/bandwidth.hpp"
#include "kernels/traffic.hpp"

namespace kollagen {
namespace {

using Exec = Kokkos::DefaultExecutionSpace;

/// A cube of face skin of n^3 cells of 20 um with one needle.
Config cube(const int n) {
  Config config;
  config.domain.cells = {n, n, n};
  config.domain.spacing = {20, 20, 20};
  config.domain.size = {20.0 * n, 20.0 * n, 20.0 * n};
  config.time.end = 24;
  config.skin.preset = "face";
  TreatmentConfig needle;
  needle.length = 10.0 * n;
  config.treatments.push_back(needle);
  return config;
}

void report(benchmark::State& state, const double cells, const double bytes_per_cell) {
  static const double copy = copy_bandwidth(Exec());
  const double items = double(state.iterations());
  state.counters["cells/s"] = benchmark::Counter(cells * items, benchmark::Counter::kIsRate);
  state.counters["GB/s"] = benchmark::Counter(cells * bytes_per_cell * items / 1e9, benchmark::Counter::kIsRate);
  state.counters["share"] = benchmark::Counter(cells * bytes_per_cell * items / copy, benchmark::Counter::kIsRate);
}

/// a = 2 b: the yardstick itself.
void copy(benchmark::State& state) {
  const int n = int(state.range(0));
  const Fields<Exec> fields("probe", 2, {n, n, n});
  for (auto _ : state) {
    for_cells("kollagen/bench/copy", Exec(), fields.owned(), ScaleCopy{fields[0], fields[1]});
    Exec().fence();
  }
  report(state, double(fields.owned().cells()), 16);
}
BENCHMARK(copy)->Arg(128)->Unit(benchmark::kMillisecond)->UseRealTime();

/// The explicit right-hand side of all 16 fields, transport included.
void right_hand_side(benchmark::State& state) {
  Simulation<Exec> simulation(cube(int(state.range(0))));
  auto& physics = simulation.integrator().physics();
  const auto& u = simulation.integrator().state();
  const Fields<Exec> out("out", physics.count(), u.cells());
  for (auto _ : state) {
    physics.evaluate(u, u, out, 0, 1, 1e-3);
    Exec().fence();
  }
  report(state, double(u.owned().cells()),
         simulation.integrator().evaluation_traffic());
}
BENCHMARK(right_hand_side)->Arg(64)->Arg(128)->Unit(benchmark::kMillisecond)->UseRealTime();

/// One V-cycle for PDGF at a step of one hour.
void v_cycle(benchmark::State& state) {
  Simulation<Exec> simulation(cube(int(state.range(0))));
  auto& physics = simulation.integrator().physics();
  const auto& u = simulation.integrator().state();
  const int pdgf = physics.info().find_species("pdgf");
  Multigrid<Exec> solver(Exec(), physics.ranks(), physics.grid().spacing, physics.walls(pdgf));
  solver.set_coefficient(physics.mobility(), physics.largest_mobility());
  const Real c = 0.3;
  physics.stage_residual(pdgf, u, u, c, 1e-3, solver.residual(), solver.weight());
  const double before = solver.traffic();
  long cycles = 0;
  for (auto _ : state) {
    physics.correct(solver, pdgf, c, 10);
    Exec().fence();
    ++cycles;
  }
  const double cells = double(u.owned().cells());
  report(state, cells, (solver.traffic() - before) / double(cycles) / cells);
}
BENCHMARK(v_cycle)->Arg(64)->Arg(128)->Unit(benchmark::kMillisecond)->UseRealTime();

/// An accepted implicit step of 36 s right after a needling, all 16 fields.
void implicit_step(benchmark::State& state) {
  Config config = cube(int(state.range(0)));
  config.time.step = 0.01;
  Simulation<Exec> simulation(config);
  simulation.step(config.time.end);
  const double cells = double(simulation.grid().owned_count());
  const double before = simulation.integrator().statistics().bytes;
  long steps = 0;
  for (auto _ : state) {
    simulation.step(config.time.end);
    ++steps;
  }
  report(state, cells, (simulation.integrator().statistics().bytes - before) / double(steps) / cells);
}
BENCHMARK(implicit_step)->Arg(64)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace kollagen

int main(int argc, char** argv) {
  Kokkos::initialize(argc, argv);
  benchmark::Initialize(&argc, argv);
  benchmark::AddCustomContext("backend", kollagen::Exec::name());
  benchmark::RunSpecifiedBenchmarks();
  Kokkos::finalize();
}
