/// What a treatment costs: needles at random positions pressed into 400 um of face skin, over area and number.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

#include "kernels/puncture.hpp"
#include "kollagen/column.hpp"
#include "kollagen/needles.hpp"

namespace kollagen {
namespace {

using Exec = Kokkos::DefaultExecutionSpace;

constexpr double spacing = 20;  // [um]
constexpr int layers = 20;
constexpr PunctureSpecies species{0, 1, 2, 3, 4, 5, 6, 7};
constexpr int species_count = 8;

/// A sum over the bits of every value on the host: two programs that agree in it made the same state.
std::uint64_t fingerprint(const Fields<Exec>& fields) {
  const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), fields.view());
  std::uint64_t sum = 0;
  for (std::size_t n = 0; n < host.span(); ++n) {
    std::uint64_t bits;
    std::memcpy(&bits, host.data() + n, sizeof bits);
    sum = (sum ^ bits) * 1099511628211u;  // FNV-1a, a value at a time
  }
  return sum;
}

/// Arguments: cells along x and y, needles per cm^2.
void treatment(benchmark::State& state) {
  const int n = int(state.range(0));
  Grid grid;
  grid.global_cells = grid.cells = {n, n, layers};
  grid.spacing = {spacing, spacing, spacing};
  SkinConfig skin;
  skin.preset = "face";
  const Column column = make_column(skin, layers, spacing, {36000, 10800, 0.004 / 24, 0.46, 0.01, 0.625});
  TreatmentConfig session;
  session.pattern = Pattern::poisson;
  session.density = double(state.range(1)) * 1e-8;
  session.length = 300;
  session.radius = 50;
  const std::vector<Needle> needles =
      place_needles(session, {grid.length(0), grid.length(1), grid.length(2)}, 1, 0);

  Fields<Exec> fields("state", species_count, grid.cells);
  Kokkos::deep_copy(fields.view(), 1.0);
  const auto press = [&] {
    apply_treatment(Exec(), fields, species, grid, column, needles, Injury{}, true, true);
  };
  press();
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(fingerprint(fields)));
  state.SetLabel(text);
  for (auto _ : state) press();
  state.counters["cells"] = double(grid.owned_count());
  state.counters["needles"] = double(needles.size());
}
BENCHMARK(treatment)
    ->Unit(benchmark::kMillisecond)
    ->MinTime(0.01)
    ->ArgNames({"side", "per_cm2"})
    ->Args({125, 5000})
    ->Args({250, 5000})
    ->Args({500, 5000})
    ->Args({500, 1250})
    ->Args({500, 2500})
    ->Args({500, 10000});

}  // namespace
}  // namespace kollagen

int main(int argc, char** argv) {
  Kokkos::initialize(argc, argv);
  benchmark::Initialize(&argc, argv);
  benchmark::AddCustomContext("backend", kollagen::Exec::name());
  benchmark::RunSpecifiedBenchmarks();
  Kokkos::finalize();
}
