/// Compulsory memory traffic of the kernels, bytes per cell: every field read once and written once, neighbours from
/// cache, no write-allocate. The model behind the GB/s of reports and benchmarks.
#pragma once

namespace kollagen::traffic {

inline constexpr double real = 8, single = 4;

/// EvaluateRates: the state in, the result out.
inline constexpr double evaluate(const int species) { return 2 * real * species; }
/// AddTransport of a signal: u, mobility, result in and out. Of cells: no mobility field.
inline constexpr double add_signal = 4 * real, add_cells = 3 * real;
/// Chemotaxis: along three axes a slope (in, out) and a divergence (cells twice, slope, attractant, in, out).
inline constexpr double chemotaxis = 3 * (2 * real + 6 * real);
/// StageResidual: about seven fields that the terms of one species read, mobility, rhs; r and q out.
inline constexpr double residual = 9 * real + 2 * single;
/// UpdateLocal of `updated` species: what their terms read, rhs in, result out.
inline constexpr double update_local(const int updated) { return real * (7 + 3 * updated); }
/// Multigrid: a sweep reads e, r, q and three faces; from zero it reads no e; cells have no face fields.
inline constexpr double sweep = 7 * single, sweep_from_zero = 6 * single, sweep_layers = 4 * single;
inline constexpr double restriction = 8 * single, prolongation = 2 * single, divide = 3 * single;
inline constexpr double faces = real + 3 * single, mobility = 2 * real;
/// Point-wise kernels of a stage.
inline constexpr double start = 4 * real, between = 5 * real + single;
inline constexpr double plain_error_size = 3 * real + single, finish_error = 2 * real + 3 * single;
inline constexpr double error_size = 2 * real + single, add_correction = 2 * real + single;

}  // namespace kollagen::traffic
