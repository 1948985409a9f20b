/// Compulsory memory traffic of the kernels, bytes per cell: every field read once and written once, neighbours from
/// cache, no write-allocate. The model behind the GB/s of reports and benchmarks.
#pragma once

namespace kollagen::traffic {

inline constexpr double real = 8, single = 4;

/// RightHandSide: the state in, the result out, the mobility, and the change by chemotaxis where there is one.
inline constexpr double evaluate(const int species, const bool mobility, const bool chemotaxis) {
  return real * (2 * species + (mobility ? 1 : 0) + (chemotaxis ? 1 : 0));
}
/// Chemotaxis: the slopes of the cells along three axes; the divergence from cells, slopes, attractant and crowding.
inline constexpr double slopes = real + 3 * single, divergence = 4 * real + 3 * single;
inline constexpr double chemotaxis = slopes + divergence;
/// StageResidual: about seven fields that the terms of one species read, mobility, rhs; r and q out.
inline constexpr double residual = 9 * real + 2 * single;
/// UpdateLocal of `updated` species: what their terms read, rhs in, result out.
inline constexpr double update_local(const int updated) { return real * (7 + 3 * updated); }
/// Multigrid: a sweep reads e, r, q and three faces; from zero it reads no e; cells, and signals whose mobility depends
/// on depth only, have no face fields.
inline constexpr double sweep = 7 * single, sweep_from_zero = 6 * single, sweep_layers = 4 * single;
inline constexpr double sweep_layers_from_zero = 3 * single;
inline constexpr double restriction = 8 * single, restriction_layers = 5 * single;
inline constexpr double prolongation = 2 * single, divide = 3 * single;
inline constexpr double faces = real + 3 * single, mobility = 2 * real;
/// Point-wise kernels of a stage.
inline constexpr double start = 4 * real, between = 5 * real + single;
inline constexpr double plain_error_size = 3 * real + single, finish_error = 2 * real + 3 * single;
/// Extrapolation: estimate, u and right-hand side in and out; of the fields in place with all that their losses read.
inline constexpr double extrapolate = 4 * real + single;
inline constexpr double extrapolate_local(const int species) { return real * species; }
inline constexpr double error_size = 2 * real + single, add_correction = 2 * real + single;

}  // namespace kollagen::traffic
