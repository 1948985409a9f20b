#include "host/bench/stages.hpp"

#include <algorithm>
#include <functional>
#include <type_traits>

#include "kernels/stages.hpp"
#include "kernels/traffic.hpp"

namespace kollagen {
namespace {

using Exec = Stopwatch::Exec;

constexpr Stopwatch::Effort effort{0.6, 3, 9};

/// Bytes per cell of a field and launch, by label. Of multigrid kernels on the finest level; of the local update the
/// mean of its launches; of the kernels of one species those of one that moves.
std::map<std::string, double> launch_traffic(const Stages& stages) {
  using namespace traffic;
  const double word = stages.moving_word, intact = stages.intact_share;
  return {
      {"right_hand_side/evaluate", evaluate(stages.state_bytes, word, true, true)},
      {"reactions/stage_residual", residual(word)},
      {"reactions/update_local",
       stages.local_traffic},
      {"physics/mobility", mobility(word)},
      {"chemotaxis/slopes", slopes(word)},
      {"chemotaxis/divergence", divergence(word)},
      {"multigrid/smooth_from_zero", sweep_from_zero(intact)},
      {"multigrid/smooth_and_add", sweep(intact) + added(word)},
      {"multigrid/sweep_cells_and_add", sweep_layers + added(word)},
      {"multigrid/sweep_cells_from_zero_and_add", sweep_layers_from_zero + added(word)},
      {"multigrid/smooth", sweep(intact)},
      {"multigrid/sweep_cells_from_zero", sweep_layers_from_zero},
      {"multigrid/sweep_cells", sweep_layers},
      {"multigrid/residual", restriction(intact) - single},
      {"multigrid/restrict", single},
      {"multigrid/fine_faces", word + single},
      {"multigrid/prolong", prolongation},
      {"multigrid/divide", divide},
      {"stages/start", start(word)},
      {"stages/plain_error_size", plain_error_size(word)},
      {"stages/between", between(word)},
      {"stages/finish_error", finish_error(word)},
      {"stages/error_size", error_size(word)},
      {"stages/add_correction", add_correction(word)},
  };
}

/// Fields that one launch takes.
int fields_of(const std::string& label, const Stages& stages) {
  for (const char* const of_all : {"stages/start", "stages/between", "stages/plain_error_size"})
    if (label == of_all) return stages.fields_of_a_launch;
  return label == "multigrid/restrict" && !detail::runs_on_host<Exec> ? 2 : 1;  // the residual and its weight
}

/// First species that moves as `motion`, in the order in which they are solved.
int first_moving(const Physics<Exec>& physics, const Motion motion) {
  for (const int s : physics.solve_order())
    if (physics.info().species[std::size_t(s)].motion == motion) return s;
  throw std::logic_error("bench: model " + physics.info().name + " lacks a kind of species");
}

}  // namespace

Stages measure_stages(Simulation<Exec>& simulation, const double hours, Stopwatch& watch) {
  auto& integrator = simulation.integrator();
  Physics<Exec>& physics = integrator.physics();
  const auto& u = integrator.state();
  const double cells = double(physics.owned().cells()), tolerance = simulation.config().time.tolerance;
  const Real c = TrBdf2::weight * hours;
  const int signal = first_moving(physics, Motion::signal), cell = first_moving(physics, Motion::cell);
  const double h = physics.grid().spacing[0];

  Stages result;
  result.moving_word = physics.moving_word();
  result.state_bytes = physics.state_bytes();
  result.intact_share = physics.intact_share();
  result.fields_of_a_launch = 1;
  if constexpr (!detail::runs_on_host<Exec>)
    physics.with_groups([&](const auto& in, const std::vector<int>& species) {
      if constexpr (std::is_same_v<std::decay_t<decltype(in)>, Box>)
        result.fields_of_a_launch = int(std::count_if(species.begin(), species.end(), [&](const int s) {
          return physics.word(s) == result.moving_word;
        }));
    });
  const auto measure = [&](const std::string& name, const double bytes, const std::function<void()>& work) {
    work();  // what it allocates or computes once is not its speed
    result.stages.push_back(watch.measure(name, cells, bytes, effort, work));
  };

  const State<Exec> rhs = physics.make_state("bench right-hand side");
  measure("right-hand side", integrator.evaluation_traffic(), [&] { physics.evaluate(u, u, rhs, 0, 1, c); });
  if (physics.chemotaxis())
    measure("chemotaxis", traffic::chemotaxis(result.moving_word), [&] { physics.evaluate_chemotaxis(u); });
  measure("mobility", traffic::mobility(result.moving_word), [&] { physics.update_mobility(u); });

  const State<Exec> next = physics.make_state("bench next state");
  next.copy_from(u);
  Maxima<Exec> maxima(7);
  for (const int group : {0, 1}) {
    const auto update = [&] {
      const LocalUpdate updated = physics.update_local(group, next, rhs, c, tolerance, maxima);
      maxima.forget();
      return updated;
    };
    const LocalUpdate updated = update();
    const double bytes = updated.share * traffic::update_local(result.moving_word, updated.bytes);
    result.local_traffic += 0.5 * bytes;
    measure(group == 0 ? "local fields, first" : "local fields, last",
            bytes, update);
  }

  Multigrid<Exec> solver(Exec(), physics.ranks(), physics.grid().spacing, physics.walls(signal));
  measure("faces of all levels", traffic::faces(result.moving_word),
          [&] { physics.give_mobility(solver); });
  const auto measure_solver = [&](const std::string& name, const std::function<void()>& work) {
    const double before = solver.traffic();
    work();
    measure(name, (solver.traffic() - before) / cells, work);
  };
  const auto residual = [&](const int species) {
    physics.stage_residual(species, next, rhs, c, tolerance, solver.residual(), solver.weight(), maxima);
    maxima.take(physics.exec());
  };
  measure("residual of a cell field", traffic::residual(result.moving_word), [&] { residual(cell); });
  measure_solver("sweeps of a cell field", [&] { physics.correct(solver, cell, c, 10); });
  measure("residual of a signal", traffic::residual(result.moving_word), [&] { residual(signal); });
  measure_solver("V-cycle", [&] { physics.correct(solver, signal, c, 10); });

  // A coupling between cells that the finest level damps alone, and one that takes a second level: their
  // kernels but the smoother's run on the finest level only.
  for (const double coupling : {0.3, 1.5}) {
    const double s = coupling * h * h / physics.largest_mobility();
    const auto cycle = [&] { solver.v_cycle(s, physics.walls(signal)); };
    if (coupling < 1) measure_solver("sweeps of a signal", cycle);
    KernelTimes times;
    for (int i = 0; i < effort.most; ++i) cycle();
    times.stop();
    for (const auto& [label, seconds] : times.launches()) result.finest_level.try_emplace(label, seconds);
  }
  return result;
}

std::vector<KernelShare> kernel_shares(const KernelTimes& times, const double seconds, const double copy,
                                       const Stages& stages, const double cells) {
  const auto traffic_of = launch_traffic(stages);
  std::vector<KernelShare> result;
  for (const auto& [label, launches] : times.launches()) {
    KernelShare kernel;
    kernel.launches = long(launches.size());
    for (const double s : launches) kernel.seconds += s;
    kernel.share_of_step = kernel.seconds / seconds;
    const bool on_all_levels = label.starts_with("multigrid/") || label.starts_with("ghosts/");
    const auto finest = stages.finest_level.find(label);
    const auto& one = on_all_levels && finest != stages.finest_level.end() ? finest->second : launches;
    const auto bytes = traffic_of.find(label);
    const auto [least, most] = std::minmax_element(one.begin(), one.end());
    kernel.one = {label,
                  bytes == traffic_of.end() ? 0 : cells * fields_of(label, stages),
                  bytes == traffic_of.end() ? 0 : bytes->second,
                  median(one),
                  *least,
                  *most,
                  int(one.size()),
                  copy};
    result.push_back(kernel);
  }
  std::sort(result.begin(), result.end(), [](const auto& a, const auto& b) { return a.seconds > b.seconds; });
  return result;
}

}  // namespace kollagen
