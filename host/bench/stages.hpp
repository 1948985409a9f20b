/// Kernels and solver stages of the implicit step, measured one by one on the state of a simulation.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "host/bench/kernel_times.hpp"
#include "host/bench/result.hpp"
#include "host/bench/stopwatch.hpp"
#include "host/simulation.hpp"

namespace kollagen {

/// Bytes of fields that `measure_stages` needs beside those of the simulation, in copies of the state: a
/// second state, a right-hand side, and a multigrid hierarchy.
inline constexpr double stage_copies = 2.5;

struct Stages {
  std::vector<Measurement> stages;
  /// Seconds of each launch of the multigrid kernels on the finest level, by label.
  std::map<std::string, std::vector<double>> finest_level;
  double moving_word = 0, state_bytes = 0;  ///< [B] of a cell: a field that moves, all fields
  double intact_share = 0;  ///< of the cells, around which there is no clot
  /// Fields that one launch of a loop over like fields takes (kernels/for_fields.hpp), where they are worked on everywhere and
  /// have the word of those that move.
  int fields_of_a_launch = 0;
  double local_traffic = 0;  ///< [B] per cell, the mean of both launches of the kernel of the local fields
};

/// Times right-hand side, chemotaxis, mobility, residuals, local updates, V-cycles and sweeps with the
/// functions that the integrator calls, on the present state of a simulation of `dermal`, for a step of
/// `hours`. The state stays as it is.
Stages measure_stages(Simulation<Stopwatch::Exec>& simulation, double hours, Stopwatch& watch);

/// The kernels of one step as `times` saw them, the dearest first. `seconds` is what the step took, `copy`
/// [B/s] the bandwidth of a copy around it.
std::vector<KernelShare> kernel_shares(const KernelTimes& times, double seconds, double copy,
                                       const Stages& stages, double cells);

}  // namespace kollagen
