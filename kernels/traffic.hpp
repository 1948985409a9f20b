/// Compulsory memory traffic of the kernels, bytes per cell: every field read once and written once, neighbours from
/// cache, no write-allocate. The model behind the GB/s of reports and benchmarks. `word` is what a field that is not slow takes
/// in a cell: `real`, or `single` in mixed precision.
#pragma once

namespace kollagen::traffic {

inline constexpr double real = 8, single = 4;

/// RightHandSide: the state in, the result out, the mobility, and the change by chemotaxis where there is one. `state`: bytes
/// of all species in a cell.
inline constexpr double evaluate(const double state, const double word, const bool mobility, const bool chemotaxis) {
  return 2 * state + word * ((mobility ? 1 : 0) + (chemotaxis ? 1 : 0));
}
/// Chemotaxis: the slopes of the cells along three axes; the divergence from cells, slopes, attractant and crowding.
inline constexpr double slopes(const double word) { return word + 3 * single; }
inline constexpr double divergence(const double word) { return 4 * word + 3 * single; }
inline constexpr double chemotaxis(const double word) { return slopes(word) + divergence(word); }
/// StageResidual: about seven fields that the terms of one species read, mobility, rhs; r and q out.
inline constexpr double residual(const double word) { return 9 * word + 2 * single; }
/// UpdateLocal of species that take `own` bytes in a cell: what their terms read, rhs in, result out.
inline constexpr double update_local(const double word, const double own) { return 7 * word + 3 * own; }
/// Multigrid: a sweep reads e, r, q and, but for the share of cells that are intact, three faces; from zero it reads no e;
/// cells, and signals whose mobility depends on depth only, have no face fields.
inline constexpr double sweep(const double intact) { return (7 - 3 * intact) * single; }
inline constexpr double sweep_from_zero(const double intact) { return (6 - 3 * intact) * single; }
inline constexpr double restriction(const double intact) { return (8 - 3 * intact) * single; }
inline constexpr double sweep_layers = 4 * single, sweep_layers_from_zero = 3 * single;
inline constexpr double restriction_layers = 5 * single;
inline constexpr double prolongation = 2 * single, divide = 3 * single;
inline constexpr double faces(const double word) { return word + 3 * single; }
inline constexpr double mobility(const double word) { return 2 * word; }
/// Point-wise kernels of a stage, for a field whose values take `own` bytes.
inline constexpr double start(const double own) { return 4 * own; }
inline constexpr double between(const double own) { return 5 * own + single; }
inline constexpr double plain_error_size(const double own) { return 3 * own + single; }
inline constexpr double finish_error(const double own) { return 2 * own + 3 * single; }
/// Extrapolation: estimate, u and right-hand side in and out; of the fields in place with all that their losses read.
inline constexpr double extrapolate(const double own) { return 4 * own + single; }
inline constexpr double extrapolate_local(const double state) { return state; }
inline constexpr double error_size(const double own) { return 2 * own + single; }
inline constexpr double add_correction(const double own) { return 2 * own + single; }
/// What a last sweep moves more when its result goes into a field instead of its own memory.
inline constexpr double added(const double own) { return 2 * own - single; }

}  // namespace kollagen::traffic
