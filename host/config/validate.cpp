#include "host/config/validate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "host/config/keys.hpp"
#include "host/config/reader.hpp"
#include "host/config/units.hpp"
#include "kollagen/model/info.hpp"

namespace kollagen {
namespace {

using Out = std::back_insert_iterator<std::string>;

/// A number in a table: ten digits, sign, point, exponent and comma at most.
constexpr double csv_bytes = 18;

std::string bytes(const double count) {
  if (count < 1e6) return fmt::format("{:.3g} kB", count / 1e3);
  if (count < 1e9) return fmt::format("{:.3g} MB", count / 1e6);
  return fmt::format("{:.3g} GB", count / 1e9);
}

double parameter(const Config& config, const ModelInfo& model, const char* name) {
  const auto given = config.model_parameters.find(name);
  if (given != config.model_parameters.end()) return given->second;
  return model.parameters[std::size_t(model.find_parameter(name))].value;
}

/// Largest step of forward Euler for a diffusivity of 1 um^2/h on this grid [h]; axes of one cell are left
/// out.
double unit_step_limit(const DomainConfig& domain) {
  double sum = 0;
  for (std::size_t axis = 0; axis < 3; ++axis)
    if (domain.cells[axis] > 1) sum += 1 / (domain.spacing[axis] * domain.spacing[axis]);
  return 1 / (2 * sum);
}

void write_steps(Out out, const Config& config, const ModelInfo& model) {
  fmt::format_to(out, "explicit step limits (diffusion, layer factor 1)\n");
  for (const SpeciesInfo& species : model.species) {
    if (species.motion == Motion::none) continue;
    const double d = parameter(config, model, species.diffusivity);
    const double limit = unit_step_limit(config.domain) / d;
    fmt::format_to(out, "  {:<20} {:<6} {:>16}   {}\n", species.name, species.diffusivity,
                   describe_quantity(d, "um^2/h"),
                   std::isfinite(limit) ? describe_quantity(limit, "h") : "no limit");
  }
}

/// How often an output writes.
double times_of(const OutputConfig& output, const Config& config) {
  const double until = std::min(output.until.value_or(config.time.end), config.time.end);
  return std::floor((until - output.from) / output.every * (1 + 1e-12)) + 1;
}

/// Bytes that an output writes at one time, before compression. Tables of metrics are too small to count.
double bytes_at_once(const OutputConfig& output, const Config& config, const ModelInfo& model) {
  const auto& n = config.domain.cells;
  const double fields = double(output.fields.empty() ? model.species.size() : output.fields.size());
  const double item = output.precision == Precision::float32 ? 4 : 8;
  switch (output.kind) {
    case OutputKind::fields:
      return fields * item * n[0] * n[1] * n[2];
    case OutputKind::slice:
      return fields * item * n[0] * n[1] * n[2] / n[std::size_t(output.axis)];
    case OutputKind::probe:
      return fields * csv_bytes * double(output.points.size());
    case OutputKind::metrics:
      return 0;
  }
  throw std::logic_error("unknown kind of output");
}

void write_outputs(Out out, const Config& config, const ModelInfo& model) {
  bool metrics = false;
  fmt::format_to(out, "outputs\n");
  for (const OutputConfig& o : config.outputs) {
    metrics = metrics || o.kind == OutputKind::metrics;
    const double times = times_of(o, config), volume = times * bytes_at_once(o, config, model);
    const auto kind = std::get<std::string>(config_section("output[]").find("kind")->load(&o));
    fmt::format_to(out, "  {:<20} {:>6.0f} times, every {}{}\n", kind == o.name ? kind : kind + " " + o.name,
                   times, describe_quantity(o.every, "h"),
                   volume > 0 ? fmt::format(", {} before compression", bytes(volume)) : "");
  }
  if (!metrics)
    fmt::format_to(out, "  {:<20} as none is given: every 6 h or finer, more often after treatments\n",
                   "metrics");
  fmt::format_to(out, "  {:<20} {}\n", "total", bytes(output_volume(config).total));
}

void write_unchecked(Out out, const ModelInfo& model) {
  std::vector<std::string> names;
  for (const ParameterInfo& p : model.parameters)
    if (!has_checked_source(p.source)) names.push_back(p.name);
  fmt::format_to(out, "parameters           {}, of which {} without a checked source\n",
                 model.parameters.size(), names.size());
  for (std::size_t first = 0; first < names.size(); first += 10) {
    const auto last = names.begin() + long(std::min(first + 10, names.size()));
    fmt::format_to(out, "  {}\n", fmt::join(names.begin() + long(first), last, " "));
  }
}

}  // namespace

OutputVolume output_volume(const Config& config) {
  const ModelInfo& model = model_info(config.model);
  OutputVolume volume;
  for (const OutputConfig& output : config.outputs) {
    const double once = bytes_at_once(output, config, model);
    volume.once += once;
    volume.total += std::max(0.0, times_of(output, config)) * once;
  }
  return volume;
}

bool has_checked_source(const std::string& source) {
  for (const char* tag : {"[M]", "[C]", "[A]"})
    if (source.find(tag) != std::string::npos) return false;
  return !source.empty();
}

std::vector<std::string> plan_lines(const Config& config) {
  std::string text;
  write_outputs(Out(text), config, model_info(config.model));
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

std::string validation_report(const Config& config) {
  const ModelInfo& model = model_info(config.model);
  const DomainConfig& d = config.domain;
  const double cells = double(d.cells[0]) * d.cells[1] * d.cells[2];
  std::string text;
  Out out(text);
  const auto um = [](const double v) { return describe_quantity(v, "um"); };
  fmt::format_to(out, "title                {}\n", config.title);
  fmt::format_to(out, "model                {}, {} fields\n", model.name, model.species.size());
  fmt::format_to(out, "domain               {} x {} x {}\n", um(d.size[0]), um(d.size[1]), um(d.size[2]));
  fmt::format_to(out, "grid                 {} x {} x {} = {:.0f} cells of {} x {} x {}\n", d.cells[0],
                 d.cells[1], d.cells[2], cells, um(d.spacing[0]), um(d.spacing[1]), um(d.spacing[2]));
  fmt::format_to(out, "memory               {} (state {}), {} available\n",
                 bytes(estimated_memory(cells, model, config.time.precision)),
                 bytes(state_memory(cells, model, config.time.precision)),
                 bytes(available_memory()));
  fmt::format_to(out, "time                 {}, {}{}\n", describe_quantity(config.time.end, "h"),
                 config.time.integrator == IntegratorKind::imex ? "imex" : "explicit",
                 config.time.precision == StatePrecision::mixed ? ", mixed precision" : "");
  fmt::format_to(out, "treatments           {}\n", config.treatments.size());
  write_steps(out, config, model);
  write_outputs(out, config, model);
  write_unchecked(out, model);
  text += "ok\n";
  return text;
}

}  // namespace kollagen
