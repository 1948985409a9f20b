#include "host/bench/result.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "host/output/atomic_file.hpp"
#include "kollagen/check.hpp"

namespace kollagen {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* format_name = "kollagen bench";
constexpr int format_version = 1;

// --- JSON ------------------------------------------------------------------------------------------

Json to_json(const Measurement& m) {
  Json json{{"name", m.name},
            {"cells", m.cells},
            {"seconds", m.seconds},
            {"least_seconds", m.least},
            {"most_seconds", m.most},
            {"repetitions", m.repetitions},
            {"copy_bytes_per_s", m.copy}};
  if (m.cells > 0) json["cells_per_s"] = m.cells_per_second();
  if (m.bytes_per_cell > 0) {
    json["bytes_per_cell"] = m.bytes_per_cell;
    json["bytes_per_s"] = m.bandwidth();
    json["share_of_copy"] = m.share_of_copy();
  }
  return json;
}

Measurement measurement(const Json& json) {
  Measurement m;
  m.name = json.at("name");
  m.cells = json.at("cells");
  m.seconds = json.at("seconds");
  m.least = json.at("least_seconds");
  m.most = json.at("most_seconds");
  m.repetitions = json.at("repetitions");
  m.copy = json.at("copy_bytes_per_s");
  m.bytes_per_cell = json.value("bytes_per_cell", 0.0);
  const auto fine = [](const double value) { return std::isfinite(value) && value > 0; };
  if (!fine(m.seconds) || !fine(m.copy) || !(m.cells >= 0) || !(m.bytes_per_cell >= 0))
    throw std::domain_error("the figures of \"" + m.name + "\" are not positive and finite");
  return m;
}

Json to_json(const BenchResult& r) {
  Json json{{"format", format_name},
            {"format_version", format_version},
            {"version", r.version},
            {"commit", r.commit},
            {"date", r.date},
            {"compiler", r.compiler},
            {"build_type", r.build_type},
            {"flags", r.flags},
            {"kokkos", r.kokkos},
            {"backend", r.backend},
            {"threads", r.threads},
            {"precision", r.precision},
            {"ranks", 1},
            {"device", r.device}};
  const StepMeasurement* best = r.headline();
  json["headline"] = {{"what", "cell updates per second of an implicit step of dermal, 16 fields"},
                      {"grid", best ? Json(best->grid) : Json(nullptr)},
                      {"cell_updates_per_s", best ? Json(best->step.cells_per_second()) : Json(nullptr)}};
  json["copy"] = {{"what", "a = 2 b in double, one read and one write counted"},
                  {"mebibytes_per_array", r.copy_mebibytes},
                  {"bytes_per_s", r.copy}};
  json["steps"] = Json::array();
  for (const StepMeasurement& s : r.steps) {
    Json step = to_json(s.step);
    step["grid"] = s.grid;
    step["hours"] = s.hours;
    step["passes"] = s.passes;
    step["corrections"] = s.corrections;
    step["state_bytes"] = s.state_bytes;
    step["fields_bytes"] = s.fields_bytes;
    json["steps"].push_back(step);
  }
  json["left_out"] = Json::array();
  for (const LeftOut& l : r.left_out) json["left_out"].push_back({{"grid", l.grid}, {"reason", l.reason}});
  json["stage_grid"] = r.stage_grid;
  json["stages"] = Json::array();
  for (const Measurement& m : r.stages) json["stages"].push_back(to_json(m));
  json["observed_step_seconds"] = r.observed_step;
  json["kernels"] = Json::array();
  for (const KernelShare& k : r.kernels) {
    Json kernel = to_json(k.one);
    kernel["launches"] = k.launches;
    kernel["seconds_of_step"] = k.seconds;
    kernel["share_of_step"] = k.share_of_step;
    json["kernels"].push_back(kernel);
  }
  json["peak_memory_bytes"] = r.peak_memory;
  return json;
}

BenchResult from_json(const Json& json) {
  if (!json.is_object() || json.value("format", "") != format_name)
    throw std::domain_error("it was not written by kollagen bench --json");
  if (json.at("format_version") != format_version)
    throw std::domain_error(fmt::format("it has format {}, this version reads format {}",
                                        json.at("format_version").dump(), format_version));
  BenchResult r;
  r.version = json.at("version");
  r.commit = json.at("commit");
  r.date = json.at("date");
  r.compiler = json.at("compiler");
  r.build_type = json.at("build_type");
  r.flags = json.at("flags");
  r.kokkos = json.at("kokkos");
  r.backend = json.at("backend");
  r.threads = json.at("threads");
  r.precision = json.value("precision", "double");  // of older files, which knew nothing else
  r.device = json.at("device");
  r.copy = json.at("copy").at("bytes_per_s");
  if (!(std::isfinite(r.copy) && r.copy > 0)) throw std::domain_error("its copy bandwidth is not positive");
  r.copy_mebibytes = json.at("copy").at("mebibytes_per_array");
  for (const Json& step : json.at("steps")) {
    StepMeasurement s;
    s.step = measurement(step);
    s.grid = step.at("grid");
    s.hours = step.at("hours");
    s.passes = step.at("passes");
    s.corrections = step.at("corrections");
    s.state_bytes = step.at("state_bytes");
    s.fields_bytes = step.at("fields_bytes");
    r.steps.push_back(s);
  }
  for (const Json& one : json.at("left_out")) r.left_out.push_back({one.at("grid"), one.at("reason")});
  r.stage_grid = json.at("stage_grid");
  for (const Json& one : json.at("stages")) r.stages.push_back(measurement(one));
  r.observed_step = json.at("observed_step_seconds");
  for (const Json& one : json.at("kernels")) {
    KernelShare k;
    k.one = measurement(one);
    k.launches = one.at("launches");
    k.seconds = one.at("seconds_of_step");
    k.share_of_step = one.at("share_of_step");
    r.kernels.push_back(k);
  }
  r.peak_memory = json.at("peak_memory_bytes");
  return r;
}

// --- text ------------------------------------------------------------------------------------------

std::string grid_text(const std::array<int, 3>& n) { return fmt::format("{} x {} x {}", n[0], n[1], n[2]); }

std::string who(const BenchResult& r) {
  return fmt::format("Kollagen {} ({}), {}, {}{}\n{}, Kokkos {} {} x {}, state in {} precision\n", r.version, r.commit, r.compiler,
                     r.build_type, r.flags.empty() ? "" : " " + r.flags, r.device, r.kokkos, r.backend,
                     r.threads, r.precision);
}

constexpr const char* rates_head = "    seconds  Mcells/s  B/cell      GB/s  % of copy";

std::string rates(const Measurement& m) {
  std::string text = fmt::format("{:11.3g}", m.seconds);
  text += m.cells > 0 ? fmt::format("{:10.4g}", m.cells_per_second() / 1e6) : fmt::format("{:>10}", "-");
  if (m.bytes_per_cell > 0)
    return text + fmt::format("{:8.0f}{:10.2f}{:11.0f}", m.bytes_per_cell, m.bandwidth() / 1e9,
                              100 * m.share_of_copy());
  return text + fmt::format("{:>8}{:>10}{:>11}", "-", "-", "-");
}

std::string ratio_line(const std::string& name, const Measurement& here, const Measurement& there) {
  const double speed = here.cells_per_second(), other = there.cells_per_second();
  std::string text =
      fmt::format("  {:<48}{:10.4g}{:10.4g}{:8.2f}", name, speed / 1e6, other / 1e6, speed / other);
  if (here.bytes_per_cell > 0 && there.bytes_per_cell > 0)
    text += fmt::format("{:10.0f}{:10.0f}", 100 * here.share_of_copy(), 100 * there.share_of_copy());
  return text + "\n";
}

/// Two lists of the same kind: what both have line by line, the rest by name.
class Pairing {
 public:
  /// `same_cells`: only what ran on as many cells is paired.
  void add(const std::string& kind, const bool same_cells, const std::vector<Measurement>& here,
           const std::vector<Measurement>& there) {
    const auto find = [&](const std::vector<Measurement>& list, const Measurement& wanted) {
      return std::find_if(list.begin(), list.end(), [&](const Measurement& m) {
        return m.name == wanted.name && (!same_cells || m.cells == wanted.cells);
      });
    };
    const auto name = [&](const Measurement& m) {
      return same_cells ? fmt::format("{} {}, {:.4g} M cells", kind, m.name, m.cells / 1e6)
                        : kind + " " + m.name;
    };
    for (const Measurement& m : here) {
      const auto other = find(there, m);
      if (other == there.end())
        only_here_ += "  " + name(m) + "\n";
      else
        both_ += ratio_line(name(m), m, *other);
    }
    for (const Measurement& m : there)
      if (find(here, m) == here.end()) only_there_ += "  " + name(m) + "\n";
  }
  std::string text() const {
    std::string result;
    if (!both_.empty())
      result += fmt::format("{:<50}{:>10}{:>10}{:>8}{:>10}{:>10}\n", "million cells/s", "this", "other",
                            "ratio", "% of copy", "other") +
                both_;
    if (!only_here_.empty()) result += "only in this result\n" + only_here_;
    if (!only_there_.empty()) result += "only in the other result\n" + only_there_;
    return result;
  }

 private:
  std::string both_, only_here_, only_there_;
};

std::vector<Measurement> of_kernels(const BenchResult& r) {
  std::vector<Measurement> list;
  for (const KernelShare& k : r.kernels)
    if (k.one.cells > 0) list.push_back(k.one);
  return list;
}

std::vector<Measurement> of_steps(const BenchResult& r) {
  std::vector<Measurement> list;
  for (const StepMeasurement& s : r.steps) list.push_back(s.step);
  return list;
}

}  // namespace

std::string bench_text(const BenchResult& r) {
  std::string text = who(r);
  text += fmt::format("copy a = 2 b, arrays of {} MiB: {:.2f} GB/s\n", r.copy_mebibytes, r.copy / 1e9);
  if (!r.stages.empty()) {
    text += fmt::format("\n{:<36}{}\n", "stages on " + grid_text(r.stage_grid), rates_head);
    for (const Measurement& m : r.stages) text += fmt::format("  {:<34}{}\n", m.name, rates(m));
  }
  if (!r.kernels.empty()) {
    double known = 0;
    text += fmt::format("\n{:<36}{}{:>11}{:>10}\n", "kernels of a step, one launch", rates_head, "launches",
                        "% of step");
    for (const KernelShare& k : r.kernels) {
      known += k.share_of_step;
      text += fmt::format("  {:<34}{}{:11}{:10.1f}\n", k.one.name, rates(k.one), k.launches,
                          100 * k.share_of_step);
    }
    text += fmt::format("  {:<34}{:>50}{:>11}{:10.1f}\n", "between kernels", "", "", 100 * (1 - known));
  }
  text += fmt::format("\n{:<36}{}{:>8}{:>10}{:>8}\n", "implicit step of dermal, 16 fields", rates_head,
                      "cycles", "fields GB", "copies");
  for (const StepMeasurement& s : r.steps)
    text +=
        fmt::format("  {:<34}{}{:8}{:10.2f}{:8.2f}\n", fmt::format("{}, {:g} h", grid_text(s.grid), s.hours),
                    rates(s.step), s.corrections, s.fields_bytes / 1e9, s.fields_bytes / s.state_bytes);
  for (const LeftOut& l : r.left_out) text += fmt::format("  {} left out: {}\n", grid_text(l.grid), l.reason);
  text += fmt::format("peak memory of the process {:.2f} GB\n", r.peak_memory / 1e9);
  if (const StepMeasurement* best = r.headline())
    text += fmt::format("\n{:.4g} million cell updates per second on {} cells\n",
                        best->step.cells_per_second() / 1e6, grid_text(best->grid));
  return text;
}

std::string comparison_text(const BenchResult& r, const BenchResult& earlier, const std::string& name) {
  std::string text = fmt::format("\ncompared with {}, {}:\n{}", name, earlier.date, who(earlier));
  text += fmt::format("copy bandwidth {:.2f} GB/s, there {:.2f} GB/s: {:.2f} times\n", r.copy / 1e9,
                      earlier.copy / 1e9, r.copy / earlier.copy);
  if (r.stage_grid != earlier.stage_grid)
    text += fmt::format("stages and kernels on {} cells, there on {}\n", grid_text(r.stage_grid),
                        grid_text(earlier.stage_grid));
  Pairing pairing;
  pairing.add("stage", false, r.stages, earlier.stages);
  pairing.add("kernel", false, of_kernels(r), of_kernels(earlier));
  pairing.add("step", true, of_steps(r), of_steps(earlier));
  text += pairing.text();
  // The largest grid that both have: rates of different grids do not compare.
  for (auto here = r.steps.rbegin(); here != r.steps.rend(); ++here)
    for (const StepMeasurement& there : earlier.steps)
      if (there.step.name == here->step.name && there.grid == here->grid)
        return text + fmt::format("{:.2f} times the cell updates per second on {} cells\n",
                                  here->step.cells_per_second() / there.step.cells_per_second(),
                                  grid_text(here->grid));
  return text + "no grid in common: the headlines do not compare\n";
}

void write_bench(const std::filesystem::path& path, const BenchResult& result) {
  write_text_file(path, to_json(result).dump(1) + "\n");
}

BenchResult read_bench(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  if (!(text << file.rdbuf())) throw InputError(path.string() + ": cannot be read, or is empty");
  try {
    return from_json(Json::parse(text.str()));
  } catch (const std::exception& fault) {  // of the JSON library, or one of ours above
    throw InputError(path.string() + ": not a result of kollagen bench: " + fault.what());
  }
}

}  // namespace kollagen
