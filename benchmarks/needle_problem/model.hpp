/// The needle problem as a model of Kollagen: one species, its loss a term, its fading source the external
/// forcing.
#pragma once

#include <array>
#include <cmath>
#include <functional>
#include <memory>
#include <vector>

#include "host/integrator.hpp"
#include "kernels/for_cells.hpp"
#include "kernels/model_physics.hpp"
#include "problem.hpp"

namespace kollagen {
namespace needle_problem {

struct Traits {
  static constexpr const char* name = "needle-problem";
  static constexpr const char* doc = "A signal released in needle tracks.";
  enum : int { u, count };
  static const std::vector<SpeciesInfo>& species() {
    // Errors are relative to |u| + 0.01: half of the peak that is left after a day.
    static const std::vector<SpeciesInfo> table{
        {"u", "u", "1", Motion::signal, "D", 1e-5, "The signal."},
    };
    return table;
  }
};

struct Transport {
  static constexpr const char* name = "transport";
  static constexpr bool has_chemotaxis = false;
  Real D = upper_diffusivity;
  template <class V>
  void visit(V&& visitor) {
    visitor("D", D, "um^2/h", 0, verification::fastest, "diffusivity of u", verification::origin);
  }
  double diffusivity(int) const { return D; }
};

struct Loss {
  static constexpr const char* name = "loss";
  static constexpr const char* equation = "du/dt -= loss u";
  static constexpr const char* doc = "Decay of the first order.";
  Real loss = 0;
  template <class V>
  void visit(V&& visitor) {
    visitor("loss", loss, "1/h", 0, 1e6, "loss of u", verification::origin);
  }
  template <class Cell, class R>
  KOKKOS_FORCEINLINE_FUNCTION void add_rates(const Cell&, R& r) const {
    r.lose(Traits::u, loss);
  }
};

using Model = verification::Model<Traits, Transport, Loss>;

/// forcing = factor source, in the cells that it is called for.
struct ScaleSource {
  Span3<const Real> source;
  Span3<Real> forcing;
  Real factor;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    forcing(k, j, i) = factor * source(k, j, i);
  }
};

}  // namespace needle_problem

template <>
struct SolveTraits<needle_problem::Model> : PlainTraits<1> {
  static constexpr unsigned extrapolated = 1;  ///< the one field is the memory of the problem
};

namespace needle_problem {

/// An integrator of Kollagen for the problem on one rank, at u = 0 and t = 0, its source switched on. `time`
/// says which integrator and how it chooses its step.
template <class Exec>
std::unique_ptr<Integrator<Exec>> make_run(const Problem& problem, const TimeConfig& time) {
  PhysicsSetup setup;
  setup.grid = {problem.cells, problem.spacing, {0, 0, 0}, problem.cells};
  setup.ranks.parts = undivided(problem.cells);
  setup.walls.fill(WallKind::no_flux);
  setup.parameters = {{"D", upper_diffusivity}, {"loss", problem.loss}};
  for (int k = 0; k < problem.cells[2]; ++k) {  // one layer of skin for each stretch of equal D
    if (k == 0 || problem.diffusivity[k] != problem.diffusivity[k - 1]) {
      LayerConfig layer;
      layer.name = "from cell " + std::to_string(k);
      layer.thickness = 0;
      layer.diffusivity = problem.diffusivity[k] / upper_diffusivity;
      setup.skin.layers.push_back(layer);
    }
    *setup.skin.layers.back().thickness += problem.spacing[2];
  }
  const Exec exec;
  auto physics = std::make_unique<ModelPhysics<Model, Exec>>(exec, setup);
  const Fields<Exec> source("needle source", 1, problem.cells), forcing("needle forcing", 1, problem.cells);
  const auto host = Kokkos::create_mirror_view(source.view());
  std::size_t at = 0;
  for (int k = 0; k < problem.cells[2]; ++k)
    for (int j = 0; j < problem.cells[1]; ++j)
      for (int i = 0; i < problem.cells[0]; ++i)
        host(0, k + ghost_layers, j + ghost_layers, i + ghost_layers) = problem.source[at++];
  Kokkos::deep_copy(source.view(), host);
  physics->set_forcing(forcing);
  auto run = time.integrator == IntegratorKind::imex ? make_imex<Exec>(std::move(physics), time)
                                                     : make_explicit<Exec>(std::move(physics), time);
  run->set_forcing_at(
      [exec, source, forcing, blocks = problem.source_blocks, tau = problem.source_time](const double t) {
        for (const auto& block : blocks)
          for_cells("needle_problem/scale_source", exec, Box{block.lower, block.upper},
                    ScaleSource{source[0], forcing[0], std::exp(-t / tau)});
      });
  return run;
}

/// Steps from `from` until `to` [h] is reached exactly.
template <class Exec>
void advance(Integrator<Exec>& run, const double from, const double to) {
  double time = from;
  while (time < to) {
    const double limit = to - time, dt = run.advance(time, limit);
    time = dt == limit ? to : time + dt;
  }
  run.physics().exec().fence();
}

/// Largest difference of the state from `exact` (x fastest), relative to the largest exact value.
template <class Exec>
double relative_error(const Integrator<Exec>& run, const std::vector<double>& exact) {
  const auto& state = run.state();
  const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), state.doubles().view());
  const auto [nx, ny, nz] = state.cells();
  double difference = 0, peak = 0;
  std::size_t at = 0;
  for (int k = 0; k < nz; ++k)
    for (int j = 0; j < ny; ++j)
      for (int i = 0; i < nx; ++i, ++at) {
        const double u = host(0, k + ghost_layers, j + ghost_layers, i + ghost_layers);
        difference = std::max(difference, std::abs(u - exact[at]));
        peak = std::max(peak, std::abs(exact[at]));
      }
  return difference / peak;
}

}  // namespace needle_problem
}  // namespace kollagen
