#include "host/output/factory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "host/output/field_selection.hpp"
#include "host/output/metrics_sink.hpp"
#include "host/output/probe_sink.hpp"
#include "kollagen/check.hpp"
#ifdef KOLLAGEN_HAVE_HDF5
#include "host/output/frame_sink.hpp"
#include "host/output/image_file.hpp"
#endif

namespace kollagen {
namespace {

constexpr double default_metrics_interval = 6;  ///< [h]
/// Times after a treatment [h] at which the default metrics table has extra rows: platelets empty within
/// minutes, and PDGF leaves a track within two. The solver's steps are that short then anyway.
constexpr double ladder[] = {0,        1 / 60., 2 / 60., 5 / 60., 10 / 60., 20 / 60., 30 / 60.,
                             45 / 60., 1,       1.5,     2,       3,        4,        5};

const char* kind_name(const OutputKind kind) {
  switch (kind) {
    case OutputKind::fields:
      return "fields";
    case OutputKind::slice:
      return "slice";
    case OutputKind::probe:
      return "probe";
    case OutputKind::metrics:
      return "metrics";
  }
  throw std::logic_error("unknown kind of output");
}

std::vector<double> treatment_times(const Config& config) {
  std::vector<double> times;
  for (const TreatmentConfig& treatment : config.treatments) times.push_back(treatment.at);
  return times;
}

/// The track core is where the damage of the first treatment is: the metrics must see that instant.
std::vector<double> first_treatment(const Config& config) {
  const std::vector<double> times = treatment_times(config);
  if (times.empty()) return {};
  return {*std::min_element(times.begin(), times.end())};
}

Schedule default_metrics_schedule(const Config& config) {
  const double end = config.time.end;
  std::vector<double> extra;
  for (const double at : treatment_times(config))
    for (const double delay : ladder)
      if (at + delay < end) extra.push_back(at + delay);
  return {0, std::min(default_metrics_interval, end / 100), end, extra};
}

void check_inside(const std::string& output, const std::string& what, const int axis, const double value,
                  const Grid& grid) {
  if (value >= 0 && value <= grid.length(axis)) return;
  throw InputError(
      fmt::format("output '{}': {} = {} um lies outside the domain, which reaches from 0 to {} um "
                  "along {}",
                  output, what, value, grid.length(axis), "xyz"[axis]));
}

#ifdef KOLLAGEN_HAVE_HDF5
std::unique_ptr<Sink> make_frame_sink(const OutputConfig& output, const std::string& name,
                                      const Config& config, const ModelInfo& model, const Grid& grid,
                                      const std::filesystem::path& run_dir, const Communicator& ranks) {
  require_shared_files(ranks);
  FramePlane plane;
  const bool slice = output.kind == OutputKind::slice;
  if (slice) {
    const double position = output.position.value_or(0.5 * grid.length(output.axis));
    check_inside(name, "position", output.axis, position, grid);
    const int cell = int(std::floor(position / grid.spacing[output.axis]));
    plane = {false, output.axis, std::clamp(cell, 0, grid.global_cells[output.axis] - 1)};
  }
  return std::make_unique<FrameSink>(
      FrameSink::Setup{run_dir / (slice ? "slices" : "fields"), name, schedule_of(output, config),
                       select_species(model, output.fields, name), output.precision, plane, config.title,
                       config.resolved_toml});
}
#else
std::unique_ptr<Sink> make_frame_sink(const OutputConfig&, const std::string& name, const Config&,
                                      const ModelInfo&, const Grid&, const std::filesystem::path&,
                                      const Communicator&) {
  throw EnvironmentError(
      fmt::format("output '{}' needs HDF5, and this program was built without it "
                  "(KOLLAGEN_HDF5=OFF): build with HDF5, or leave out fields and slices",
                  name));
}
#endif

std::unique_ptr<Sink> make_probe_sink(const OutputConfig& output, const std::string& name,
                                      const Config& config, const ModelInfo& model, const Grid& grid,
                                      const std::filesystem::path& run_dir, Communicator& ranks) {
  for (std::size_t p = 0; p < output.points.size(); ++p)
    for (int axis = 0; axis < 3; ++axis)
      check_inside(name, fmt::format("point {}, {}", p, "xyz"[axis]), axis, output.points[p][axis], grid);
  const bool unnamed = name == kind_name(OutputKind::probe);
  const std::string file = unnamed ? "probes.csv" : fmt::format("probes_{}.csv", name);
  return std::make_unique<ProbeSink>(
      ProbeSink::Setup{run_dir / file, name, schedule_of(output, config),
                       select_species(model, output.fields, name), output.points},
      model, ranks);
}

}  // namespace

Schedule schedule_of(const OutputConfig& output, const Config& config, std::vector<double> extra) {
  return {output.from, output.every, std::min(output.until.value_or(config.time.end), config.time.end),
          std::move(extra)};
}

std::vector<std::unique_ptr<Sink>> make_sinks(const Config& config, const ModelInfo& model, const Grid& grid,
                                              const std::filesystem::path& run_dir, Communicator& ranks) {
  std::vector<std::unique_ptr<Sink>> sinks;
  std::set<std::pair<OutputKind, std::string>> taken;
  bool metrics = false;
  const auto add_metrics = [&](const Schedule& schedule, const std::vector<std::string>& fields,
                               const SpreadWanted& spread) {
    sinks.push_back(std::make_unique<MetricsSink>(
        MetricsSink::Setup{run_dir / "metrics.csv", "metrics", schedule,
                           select_species(model, fields, "metrics"), treatment_times(config), spread,
                           run_dir / "histograms"},
        ranks));
    metrics = true;
  };
  for (const OutputConfig& output : config.outputs) {
    const std::string name = output.name.empty() ? kind_name(output.kind) : output.name;
    if (!taken.insert({output.kind, output.kind == OutputKind::metrics ? "" : name}).second)
      throw InputError(fmt::format("two outputs of kind '{}' {}", kind_name(output.kind),
                                   output.kind == OutputKind::metrics
                                       ? "are given; a run has one table of metrics"
                                       : "are named '" + name + "'; give each its own name"));
    switch (output.kind) {
      case OutputKind::fields:
      case OutputKind::slice:
        sinks.push_back(make_frame_sink(output, name, config, model, grid, run_dir, ranks));
        break;
      case OutputKind::probe:
        sinks.push_back(make_probe_sink(output, name, config, model, grid, run_dir, ranks));
        break;
      case OutputKind::metrics:
        add_metrics(schedule_of(output, config, first_treatment(config)), output.fields,
                    {output.percentiles, output.histogram_bins.value_or(0)});
        break;
    }
  }
  if (!metrics) add_metrics(default_metrics_schedule(config), {}, {});
  return sinks;
}

}  // namespace kollagen
