/// Turns the [[output]] entries of a study into sinks.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "host/output/schedule.hpp"
#include "kollagen/config.hpp"
#include "kollagen/snapshot.hpp"

namespace kollagen {

/// One sink per entry of `config.outputs`, and the metrics table, which every run has. Without an entry of
/// kind "metrics" it is written every min(6 h, end / 100) and on a ladder of short times after each
/// treatment; with one, also right after the first treatment. Nothing is written yet. Throws InputError
/// (unknown field, two outputs of one name, a point or a position outside the domain) and EnvironmentError
/// (fields or slices in a build without HDF5, or of several ranks without parallel HDF5). The sinks keep a
/// reference to `ranks`, who write together.
std::vector<std::unique_ptr<Sink>> make_sinks(const Config& config, const ModelInfo& model, const Grid& grid,
                                              const std::filesystem::path& run_dir, Communicator& ranks);

/// Instants at which an output of the study writes, beside the end of the run (metrics: where the study names
/// them).
Schedule schedule_of(const OutputConfig& output, const Config& config, std::vector<double> extra = {});

}  // namespace kollagen
