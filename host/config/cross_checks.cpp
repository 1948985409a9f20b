/// Checks that involve several keys of a study.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "host/config/keys.hpp"
#include "host/config/reader.hpp"
#include "host/config/study.hpp"
#include "host/config/units.hpp"
#include "kollagen/check.hpp"
#include "kollagen/column.hpp"
#include "kollagen/needles.hpp"

namespace kollagen {
namespace {

constexpr double grid_tolerance = 1e-6;  // of a side
/// Floats are rounded by 6e-8 of their value, and the error estimate of a step is a sum of a few of them.
constexpr double smallest_mixed_tolerance = 1e-5;

std::string length(const double value) { return describe_quantity(value, "um"); }
std::string hours(const double value) { return describe_quantity(value, "h"); }

bool holds_values(const WallKind wall) { return wall == WallKind::dirichlet || wall == WallKind::robin; }

class Checks {
 public:
  explicit Checks(Study& study) : s_(study), c_(study.config) {}

  void all() {
    grid();
    walls();
    times();
    if (s_.model != nullptr) {
      model_specific();
      boundary_values();
    }
    skin();
    treatments();
    changes();
    initial();
    sources();
    outputs();
    live();
  }

 private:
  static std::string item(const char* table, const std::size_t i, const char* key) {
    return fmt::format("{}[{}].{}", table, i, key);
  }

  void grid() {
    if (!s_.ok("domain.size") || !s_.ok("domain.spacing")) return;
    DomainConfig& d = c_.domain;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const double size = d.size[axis], h = d.spacing[axis];
      const double cells = std::max(1.0, std::round(size / h));
      if (std::abs(cells * h - size) <= grid_tolerance * size) {
        d.cells[axis] = int(cells);
        continue;
      }
      const double below = std::floor(size / h) * h, above = std::ceil(size / h) * h;
      const std::string nearest =
          below > 0 ? fmt::format("nearest that fit: {} or {}", length(below), length(above))
                    : fmt::format("nearest that fits: {}", length(above));
      s_.fail("domain.size", fmt::format("the side along {} is no multiple of the spacing {}; {}",
                                         axis_names[axis], length(h), nearest));
    }
  }

  void walls() {
    const auto& walls = c_.domain.walls;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const std::size_t low = 2 * axis, high = low + 1;
      const bool one = walls[low] == WallKind::periodic, other = walls[high] == WallKind::periodic;
      if (one == other) continue;
      s_.fail(
          given_wall({face_names[one ? high : low], face_names[one ? low : high],
                      axis < 2 ? "lateral"
                      : one    ? "top"
                               : "bottom"}),
          fmt::format("periodic walls come in pairs: {} is periodic, {} is {}", face_names[one ? low : high],
                      face_names[one ? high : low], wall_names[std::size_t(walls[one ? high : low])]));
    }
  }

  /// Path of the first of these keys that the study gives, or of the table.
  std::string given_wall(const std::vector<std::string>& names) const {
    for (const std::string& name : names)
      if (s_.has("domain.boundary." + name)) return "domain.boundary." + name;
    return "domain.boundary";
  }

  void times() {
    const TimeConfig& t = c_.time;
    if (s_.ok("time.first_step") && s_.ok("time.max_step") && t.first_step > t.max_step)
      s_.fail("time.first_step", fmt::format("is longer than time.max_step, {}", hours(t.max_step)));
    if (t.precision != StatePrecision::mixed || !s_.ok("time.precision")) return;
    if (t.integrator == IntegratorKind::explicit_rk)
      s_.fail("time.precision",
              "is for integrator = \"imex\": what an explicit step of a second or less adds to a field would be lost in "
              "float; allowed here: \"double\"");
    if (s_.ok("time.tolerance") && t.tolerance < smallest_mixed_tolerance)
      s_.fail("time.precision",
              fmt::format("resolves fields to 6e-8, too little for time.tolerance = {:g}; allowed: \"double\", or "
                          "a tolerance of {:g} or more",
                          t.tolerance, smallest_mixed_tolerance));
  }

  /// Keys that belong to the dermal model, or to the others.
  void model_specific() {
    const bool dermal = c_.model == "dermal";
    if (!dermal && !c_.treatments.empty())
      s_.fail("treatment[0]", fmt::format("needling is part of the dermal model only, this is {}", c_.model));
    if (dermal && !c_.boundary_values.empty())
      s_.fail("boundary_value[0]",
              "in the dermal model a dirichlet or robin wall has the baseline of the "
              "undamaged skin; [[boundary_value]] is for the other models");
    if (!dermal && !c_.insitu.derived.empty())
      s_.fail("insitu.derived",
              fmt::format("derived fields are made of those of the dermal model, this is {}", c_.model));
  }

  void boundary_values() {
    if (c_.model == "dermal") return;
    for (std::size_t i = 0; i < c_.boundary_values.size(); ++i) {
      const BoundaryValueConfig& b = c_.boundary_values[i];
      const std::string face = item("boundary_value", i, "face"), k = item("boundary_value", i, "k");
      if (!s_.ok(face) || !s_.ok(item("boundary_value", i, "field"))) continue;
      const WallKind wall = c_.domain.walls[std::size_t(b.face)];
      if (!holds_values(wall))
        s_.fail(face, fmt::format("this wall is {}; a value needs a dirichlet or robin wall",
                                  wall_names[std::size_t(wall)]));
      if (wall == WallKind::dirichlet && b.k != 0) s_.fail(k, "has no effect at a dirichlet wall");
      if (wall == WallKind::robin && !s_.has(k))
        s_.fail(item("boundary_value", i, "k"),
                "missing; a robin wall needs it, for example k = \"10 um/h\"");
      for (std::size_t j = 0; j < i; ++j)
        if (c_.boundary_values[j].field == b.field && c_.boundary_values[j].face == b.face)
          s_.fail(face,
                  fmt::format("{} has a value at this wall already, in boundary_value[{}]", b.field, j));
    }
  }

  void skin() {
    const bool known = s_.ok("skin.preset") && s_.ok("domain.size");
    for (std::size_t i = 0; i < c_.skin.layers.size(); ++i)
      for (const Key& key : config_section("skin.layer[]").keys)
        if (!s_.ok(item("skin.layer", i, key.name.c_str()))) return;
    if (!known) return;
    try {
      resolve_layers(c_.skin, c_.domain.size[2]);
    } catch (const InputError& error) {
      s_.errors.add(s_.place(c_.skin.layers.empty() ? "skin" : "skin.layer[0]"), "", "", error.what());
    }
  }

  void treatments() {
    for (std::size_t i = 0; i < c_.treatments.size(); ++i) {
      const TreatmentConfig& t = c_.treatments[i];
      const std::string at = item("treatment", i, "at"), center = item("treatment", i, "center");
      if (s_.ok(at) && s_.ok("time.end") && t.at > c_.time.end)
        s_.fail(at, fmt::format("is after the end of the study, {}", hours(c_.time.end)));
      if (t.center && s_.ok(center))
        for (std::size_t axis = 0; axis < 2; ++axis) inside(center, axis, (*t.center)[axis]);
      if (s_.ok(item("treatment", i, "density")) && s_.ok(item("treatment", i, "pitch")) && s_.ok("domain.size")) {
        const double needles = expected_needles(t, c_.domain.size);
        if (needles > most_needles)
          s_.fail(item("treatment", i, "pattern"),
                  fmt::format("places about {:.3g} needles; at most {:.3g} are allowed", needles, most_needles));
      }
      const std::string tip = item("treatment", i, "tip_length");
      if (t.tip_length && s_.ok(tip) && s_.ok(item("treatment", i, "length")) && *t.tip_length > t.length)
        s_.fail(tip, fmt::format("is longer than the needle, {}", length(t.length)));
    }
  }

  void changes() {
    for (std::size_t i = 0; i < c_.changes.size(); ++i) {
      const ChangeConfig& change = c_.changes[i];
      const std::string at = item("change", i, "at"), value = item("change", i, "value");
      if (s_.ok(at) && s_.ok("time.end") && change.at >= c_.time.end)
        s_.fail(at, fmt::format("is not before the end of the study, {}", hours(c_.time.end)));
      const int index = s_.model && s_.ok(value) ? s_.model->find_parameter(change.parameter) : -1;
      if (index < 0) continue;
      const ParameterInfo& p = s_.model->parameters[std::size_t(index)];
      if (change.value < p.lower || change.value > p.upper)
        s_.fail(value, fmt::format("out of range; allowed: {} to {}", describe_quantity(p.lower, p.unit),
                                   describe_quantity(p.upper, p.unit)));
    }
  }

  void initial() {
    for (std::size_t i = 0; i < c_.initial.size(); ++i) {
      const InitialConfig& n = c_.initial[i];
      if (!s_.ok(item("initial", i, "shape"))) continue;
      if (n.shape == Shape::gaussian) inside(item("initial", i, "center"), n.center);
      if (n.shape == Shape::box) box("initial", i, n.lower, n.upper, {true, true, true});
      if (n.shape == Shape::halfspace)
        inside(item("initial", i, "position"), std::size_t(n.axis), n.position);
    }
  }

  void sources() {
    for (std::size_t i = 0; i < c_.sources.size(); ++i) {
      const SourceConfig& n = c_.sources[i];
      if (!s_.ok(item("source", i, "shape"))) continue;
      if (n.shape != Shape::box) inside(item("source", i, "center"), n.center);
      std::array<bool, 3> matters{true, true, true};
      if (n.shape == Shape::cylinder)
        for (std::size_t axis = 0; axis < 3; ++axis) matters[axis] = int(axis) == n.axis;
      if (n.shape != Shape::point) box("source", i, n.lower, n.upper, matters);
    }
  }

  void outputs() {
    for (std::size_t i = 0; i < c_.outputs.size(); ++i) {
      OutputConfig& o = c_.outputs[i];
      if (!s_.ok(item("output", i, "kind"))) continue;
      const std::string from = item("output", i, "from"), until = item("output", i, "until");
      const std::string name = item("output", i, "name");
      if (s_.ok(from) && s_.ok("time.end") && o.from > c_.time.end)
        s_.fail(from, fmt::format("is after the end of the study, {}", hours(c_.time.end)));
      if (s_.ok(from) && s_.ok(until) && o.until && *o.until < o.from)
        s_.fail(until, fmt::format("is before `from`, {}", hours(o.from)));
      if (o.position && s_.ok(item("output", i, "position")))
        inside(item("output", i, "position"), std::size_t(o.axis), *o.position);
      if (s_.ok(item("output", i, "points")))
        for (const auto& point : o.points) inside(item("output", i, "points"), point);
      if (o.name.empty() && s_.ok(name))
        o.name = std::get<std::string>(config_section("output[]").find("kind")->load(&o));
      for (std::size_t j = 0; j < i && s_.ok(name); ++j)
        if (c_.outputs[j].kind == o.kind && o.kind == OutputKind::metrics)
          s_.fail(item("output", i, "kind"),
                  fmt::format("a run has one table of metrics, and output[{}] is it already", j));
        else if (c_.outputs[j].kind == o.kind && c_.outputs[j].name == o.name)
          s_.fail(name,
                  fmt::format("output[{}] writes under the name '{}' already; give each a name of its own", j,
                              o.name));
    }
  }

  void live() {
    const InsituConfig& i = c_.insitu;
    if (!s_.ok("insitu.live") || !s_.ok("insitu.live_wait")) return;
    if (i.live.empty() && i.live_wait > 0) s_.fail("insitu.live_wait", "has no effect without insitu.live");
    const auto colon = i.live.rfind(':');
    const std::string port = colon == std::string::npos ? "" : i.live.substr(colon + 1);
    const bool number = !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == std::string::npos;
    if (!i.live.empty() && (colon == 0 || !number || std::stoi(port) < 1 || std::stoi(port) > 65535))
      s_.fail("insitu.live", "a host and a port are needed, like localhost:22222; ports: 1 to 65535");
    if (!i.live.empty() && i.backend == InsituLibrary::catalyst)
      s_.fail("insitu.live",
              "not with insitu.backend = \"catalyst\", where the script says it (options.EnableCatalystLive); "
              "allowed with \"auto\" and \"paraview\"");
  }

  void inside(const std::string& path, const std::array<double, 3>& point) {
    for (std::size_t axis = 0; axis < 3; ++axis) inside(path, axis, point[axis]);
  }

  void inside(const std::string& path, const std::size_t axis, const double position) {
    if (!s_.ok(path) || !s_.ok("domain.size")) return;
    const double side = c_.domain.size[axis];
    if (position < 0 || position > side)
      s_.fail(path, fmt::format("{} = {} is outside of the domain; allowed: 0 um to {}", axis_names[axis],
                                length(position), length(side)));
  }

  void box(const char* table, const std::size_t i, const std::array<double, 3>& lower,
           const std::array<double, 3>& upper, const std::array<bool, 3>& matters) {
    const std::string low = item(table, i, "lower"), high = item(table, i, "upper");
    if (!s_.ok(low) || !s_.ok(high)) return;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      if (!matters[axis]) continue;
      inside(high, axis, upper[axis]);
      if (s_.ok(high) && lower[axis] >= upper[axis])
        s_.fail(high, fmt::format("along {} the upper corner, {}, is not above the lower one, {}",
                                  axis_names[axis], length(upper[axis]), length(lower[axis])));
    }
  }

  Study& s_;
  Config& c_;
};

std::string bytes(const double count) {
  return count < 1e9 ? fmt::format("{:.3g} MB", count / 1e6) : fmt::format("{:.4g} GB", count / 1e9);
}

}  // namespace

void check_study(Study& study) { Checks(study).all(); }

void check_memory(const Config& config, const ModelInfo& model, const double available) {
  const auto& n = config.domain.cells;
  const double cells = double(n[0]) * n[1] * n[2];
  const StatePrecision precision = config.time.precision;
  const double needed = estimated_memory(cells, model, precision);
  if (needed <= available) return;
  const double fitting = available / estimated_memory(1, model, precision);
  const double coarser = std::cbrt(cells / fitting);
  const double spacing = *std::max_element(config.domain.spacing.begin(), config.domain.spacing.end());
  throw EnvironmentError(fmt::format(
      "domain.spacing: {} x {} x {} cells with {} fields need {} of memory ({:.2g} copies of the state), {} are "
      "available; at most {:.3g} million cells fit: a spacing of {:.3g} um or more, or sides {:.2f} times as "
      "long",
      n[0], n[1], n[2], model.species.size(), bytes(needed), needed / state_memory(cells, model, precision),
      bytes(available), fitting / 1e6, 1.01 * spacing * coarser,
      0.99 / coarser));
}

}  // namespace kollagen
