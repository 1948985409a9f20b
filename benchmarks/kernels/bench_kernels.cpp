/// Speed of the kernels and of the parts of a step on the default backend, against the copy bandwidth of the
/// same moments. Traffic: kernels/traffic.hpp. "share" is the modelled traffic over time and copy bandwidth.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "benchmarks/kernels/ring.hpp"
#include "host/simulation.hpp"
#include "kernels/bandwidth.hpp"
#include "kernels/model_traits.hpp"
#include "kernels/right_hand_side.hpp"
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

/// Times `work` with a copy right before and right after it; counters: cells/s, GB/s, and the median share of
/// copy. `bytes` is asked after the work is done, for solvers that count what they move.
void measure(benchmark::State& state, const double cells, const std::function<void()>& work,
             const std::function<double()>& bytes_per_cell) {
  const CopyProbe<Exec> probe(Exec(), 64);
  work();  // what it allocates or computes once is not its speed
  bytes_per_cell();
  std::vector<double> rates;
  double total = 0, moved = 0;
  double before = probe.rate();
  for (auto _ : state) {
    Exec().fence();
    const Kokkos::Timer timer;
    work();
    Exec().fence();
    const double seconds = timer.seconds();
    state.SetIterationTime(seconds);
    const double after = probe.rate(), bytes = bytes_per_cell() * cells;
    rates.push_back(bytes / seconds / (0.5 * (before + after)));
    before = after;
    total += seconds;
    moved += bytes;
  }
  std::nth_element(rates.begin(), rates.begin() + long(rates.size() / 2), rates.end());
  state.counters["cells/s"] = cells * double(state.iterations()) / total;
  state.counters["GB/s"] = moved / total / 1e9;
  state.counters["share"] = rates[rates.size() / 2];
}
void measure(benchmark::State& state, const double cells, const double bytes_per_cell,
             const std::function<void()>& work) {
  measure(state, cells, work, [=] { return bytes_per_cell; });
}
/// A solver or an integrator counts the bytes it moves; this is how many more they are since the last call.
std::function<double()> increase(const std::function<double()>& counter, const double cells) {
  return [counter, cells, last = counter()]() mutable {
    const double now = counter(), bytes = (now - last) / cells;
    last = now;
    return bytes;
  };
}

/// a = 2 b: the yardstick itself.
void copy(benchmark::State& state) {
  const int n = int(state.range(0));
  const Fields<Exec> fields("probe", 2, {n, n, n});
  measure(state, double(fields.owned().cells()), 2 * traffic::real, [&] {
    for_cells("kollagen/bench/copy", Exec(), fields.owned(), ScaleCopy{fields[0], fields[1]});
  });
}

/// A state of a model that is not part of the program, its result and its tables: values between 0 and 1.
template <class Model>
struct Bare {
  explicit Bare(const int n)
      : u("bench state", Model::count, {n, n, n}),
        out("bench result", Model::count, {n, n, n}),
        mobility("bench mobility", 1, {n, n, n}),
        site("bench site", Model::site_count, n),
        layers("bench layers", layer_rows, n + 2) {
    const auto host = Kokkos::create_mirror_view(u.view());
    for (std::size_t c = 0; c < host.size(); ++c) host.data()[c] = double(c * 2654435761u % 1000) / 1000;
    Kokkos::deep_copy(u.view(), host);
    Kokkos::deep_copy(mobility.view(), 1.0);
    Kokkos::deep_copy(site, 1.0);
    Kokkos::deep_copy(layers, 1.0);
  }
  template <class Kernel>
  Kernel kernel(const Model& model) const {
    Kernel kernel{model,    {u.span(), {site.data(), int(site.extent(1))}, {}},
                  u.span(), out.span(),
                  0,        1,
                  1e-3,     mobility[0],
                  {},       {},
                  {}};
    for (int n = 0; n < Model::count; ++n) {
      for (Real& along : kernel.w[n]) along = 0.1;
      kernel.layers[n] = {layers.data() + 1, int(layers.extent(1))};
    }
    return kernel;
  }
  Fields<Exec> u, out, mobility;
  Kokkos::View<Real**, Kokkos::LayoutRight, typename Exec::memory_space> site, layers;
};

/// The rates of all 16 fields of dermal, without transport: 32 streams.
void reactions(benchmark::State& state) {
  const Bare<Dermal> bare(int(state.range(0)));
  const auto kernel = bare.kernel<RightHandSide<Dermal, 0, 0, 0, -1, false>>(Dermal());
  measure(state, double(bare.u.owned().cells()), traffic::evaluate(Dermal::count * traffic::real, traffic::real, false, false),
          [&] { for_cells("kollagen/bench/reactions", Exec(), bare.u.owned(), kernel); });
}

/// A light reaction of eight fields that all diffuse: through layers (16 streams), or through layers and clot, with a
/// mobility of its own in each cell (17 streams).
template <bool Clot>
void eight_fields(benchmark::State& state) {
  constexpr unsigned all = (1u << Ring::count) - 1;
  const Bare<Ring> bare(int(state.range(0)));
  const auto kernel = bare.kernel<RightHandSide<Ring, Clot ? all : 0, Clot ? 0 : all, 0, -1, false>>(Ring());
  measure(state, double(bare.u.owned().cells()), traffic::evaluate(Ring::count * traffic::real, traffic::real, Clot, false),
          [&] { for_cells("kollagen/bench/eight_fields", Exec(), bare.u.owned(), kernel); });
}

/// What the parts of a step work on: dermal right after a needling.
struct Step {
  explicit Step(const int n)
      : simulation(cube(n)),
        integrator(simulation.integrator()),
        physics(integrator.physics()),
        u(integrator.state()),
        cells(double(u.owned().cells())),
        rhs(physics.make_state("bench right-hand side")),
        next(physics.make_state("bench next state")) {
    physics.update_mobility(u);
    physics.evaluate(u, u, rhs, 0, 1, c);
    next.copy_from(u);
  }
  static constexpr Real c = 0.3, tolerance = 1e-3;  ///< implicit weight of a step of an hour
  Simulation<Exec> simulation;
  Integrator<Exec>& integrator;
  Physics<Exec>& physics;
  const State<Exec>& u;
  double cells;
  State<Exec> rhs, next;
};

/// The explicit right-hand side of all 16 fields with ghosts, diffusion and chemotaxis.
void right_hand_side(benchmark::State& state) {
  const Step step(int(state.range(0)));
  measure(state, step.cells, step.integrator.evaluation_traffic(),
          [&] { step.physics.evaluate(step.u, step.u, step.rhs, 0, 1, 1e-3); });
}

void chemotaxis(benchmark::State& state) {
  const Step step(int(state.range(0)));
  measure(state, step.cells, traffic::chemotaxis(traffic::real), [&] { step.physics.evaluate_chemotaxis(step.u); });
}

/// The fields that do not move, those that signals depend on and the others: one implicit stage.
void local_update(benchmark::State& state) {
  const Step step(int(state.range(0)));
  const int group = int(state.range(1));
  Maxima<Exec> maxima(1);
  const auto update = [&] {
    const LocalUpdate updated = step.physics.update_local(group, step.next, step.rhs, step.c, step.tolerance, maxima);
    maxima.forget();
    return updated;
  };
  const LocalUpdate updated = update();
  measure(state, step.cells, updated.share * traffic::update_local(traffic::real, updated.bytes), update);
}

/// Residual of one implicit stage and its correction, of a signal (PDGF: a V-cycle) and of a cell field (M1:
/// sweeps).
template <bool Correct>
void stage(benchmark::State& state, const char* const name) {
  const Step step(int(state.range(0)));
  const int s = step.physics.info().find_species(name);
  Multigrid<Exec> solver(Exec(), step.physics.ranks(), step.physics.grid().spacing, step.physics.walls(s));
  step.physics.give_mobility(solver);
  Maxima<Exec> maxima(7);
  const auto residual = [&] {
    step.physics.stage_residual(s, step.next, step.rhs, step.c, step.tolerance, solver.residual(), solver.weight(),
                                maxima);
    maxima.take(Exec());
  };
  residual();
  if constexpr (Correct)
    measure(
        state, step.cells, [&] { step.physics.correct(solver, s, step.c, 10); },
        increase([&] { return solver.traffic(); }, step.cells));
  else
    measure(state, step.cells, traffic::residual(traffic::real), residual);
}

void stage_residual(benchmark::State& state, const char* const name) { stage<false>(state, name); }
void correction(benchmark::State& state, const char* const name) { stage<true>(state, name); }

/// An accepted implicit step of 36 s right after a needling, all 16 fields.
void implicit_step(benchmark::State& state) {
  Config config = cube(int(state.range(0)));
  config.time.step = 0.01;
  Simulation<Exec> simulation(config);
  const double cells = double(simulation.grid().owned_count());
  measure(
      state, cells, [&] { simulation.step(config.time.end); },
      increase([&] { return simulation.integrator().statistics().bytes; }, cells));
}

void sizes(benchmark::internal::Benchmark* const benchmark) {
  benchmark->Arg(64)->Arg(128)->Unit(benchmark::kMillisecond)->UseManualTime();
}
BENCHMARK(copy)->Apply(sizes);
BENCHMARK(reactions)->Apply(sizes);
BENCHMARK(eight_fields<false>)->Name("eight_fields/layers")->Apply(sizes);
BENCHMARK(eight_fields<true>)->Name("eight_fields/clot")->Apply(sizes);
BENCHMARK(right_hand_side)->Apply(sizes);
BENCHMARK(chemotaxis)->Apply(sizes);
BENCHMARK(local_update)->ArgsProduct({{64, 128}, {0, 1}})->Unit(benchmark::kMillisecond)->UseManualTime();
BENCHMARK_CAPTURE(stage_residual, signal, "pdgf")->Apply(sizes);
BENCHMARK_CAPTURE(stage_residual, cells, "macrophages_m1")->Apply(sizes);
BENCHMARK_CAPTURE(correction, v_cycle, "pdgf")->Apply(sizes);
BENCHMARK_CAPTURE(correction, sweeps, "macrophages_m1")->Apply(sizes);
BENCHMARK(implicit_step)->Arg(64)->Unit(benchmark::kMillisecond)->UseManualTime();

}  // namespace
}  // namespace kollagen

int main(int argc, char** argv) {
  Kokkos::initialize(argc, argv);
  benchmark::Initialize(&argc, argv);
  benchmark::AddCustomContext("backend", kollagen::Exec::name());
  benchmark::RunSpecifiedBenchmarks();
  Kokkos::finalize();
}
