/// Writes a run folder without a solver: the real outputs, fed with formulas. For the tests of the Python
/// reader, of ParaView and of the plots.
///
///   make_sample_run linear DIR   u, v, w = (n + 1) (2 + 0.01 x - 0.002 y + 0.0003 z) + 0.5 t; unequal sides
///   make_sample_run dermal DIR   three needle tracks in face skin over 28 days, roughly as they heal
#include <cmath>
#include <cstdio>
#include <string>

#include "host/output/factory.hpp"
#include "host/output/report.hpp"
#include "support/analytic_snapshot.hpp"

namespace {

using namespace kollagen;
constexpr double day = 24;

void run(const Config& config, const Grid& grid, test::AnalyticSnapshot& snapshot,
         const std::string& folder) {
  write_config(folder, config);
  snapshot.end(config.time.end);
  const auto sinks = make_sinks(config, model_info(config.model), grid, folder, test::one_rank);
  long step = 0;
  for (double time = 0, last = 0; time <= config.time.end; ++step) {
    snapshot.at(step, time, time - last);
    double next = HUGE_VAL;
    for (const auto& sink : sinks) {
      if (sink->next_time(time) == time || time == config.time.end) sink->write(snapshot);
      next = std::min(next, sink->next_time(std::nextafter(time, HUGE_VAL)));
    }
    if (time == config.time.end) break;
    last = time;
    time = std::min(next, config.time.end);
  }
  for (const auto& sink : sinks) sink->finish();
  RunStatus status;
  status.state = "done";
  status.seconds_to_go = 0;
  write_status(folder, snapshot.clock(), status);
  RunReport report;
  report.title = config.title;
  report.model = config.model;
  report.outcome = "done";
  report.grid = grid;
  report.clock = snapshot.clock();
  write_report(folder, report);
}

OutputConfig output(const OutputKind kind, const std::string& name, const double every,
                    const std::vector<std::string>& fields) {
  OutputConfig out;
  out.kind = kind;
  out.name = name;
  out.every = every;
  out.fields = fields;
  return out;
}

void linear_run(const std::string& folder) {
  Config config;
  config.title = "sample of a linear model";
  config.model = "linear";
  config.time.end = 48;
  config.resolved_toml = "title = \"sample of a linear model\"\nmodel = \"linear\"\n";
  config.outputs = {output(OutputKind::fields, "", 24, {"u", "w"}), output(OutputKind::slice, "", 48, {"v"}),
                    output(OutputKind::probe, "", 24, {"w", "u"})};
  config.outputs[1].position = 30;
  config.outputs[2].points = {{15, 18.75, 30}, {35, 31.25, 50}};
  const Grid grid = test::brick({6, 5, 4}, {10, 12.5, 20});
  test::AnalyticSnapshot snapshot(model_info("linear"), grid, Column{},
                                  [](int n, double x, double y, double z, double t) {
                                    return (n + 1) * (2 + 0.01 * x - 0.002 * y + 0.0003 * z) + 0.5 * t;
                                  });
  run(config, grid, snapshot, folder);
}

/// A value that rises within `rise` h and falls within `fall` h, at most about 1.
double pulse(const double time, const double rise, const double fall) {
  const double peak = std::log(fall / rise) * rise * fall / (fall - rise);
  const auto shape = [&](const double t) { return std::exp(-t / fall) - std::exp(-t / rise); };
  return shape(time) / shape(peak);
}

void dermal_run(const std::string& folder) {
  Config config;
  config.title = "sample of healing skin (formulas, not a simulation)";
  config.time.end = 28 * day;
  config.resolved_toml = "title = \"" + config.title + "\"\nmodel = \"dermal\"\n";
  config.treatments.resize(1);
  config.outputs = {
      output(OutputKind::fields, "", 24, {"tgf_beta", "fibroblasts", "collagen_i", "collagen_iii"})};
  const Grid grid = test::brick({30, 12, 30}, {50, 50, 40});
  Column column;
  const char* names[] = {"stratum_corneum", "epidermis", "papillary", "reticular"};
  const double bottoms[] = {15, 100, 350, 1200};
  for (const char* name : names) column.layers.emplace_back().name = name;
  for (int k = 0; k < grid.cells[2]; ++k) {
    int layer = 0;
    while (grid.centre(2, k) >= bottoms[layer]) ++layer;
    column.layer.push_back(layer);
    column.collagen_i.push_back(layer == 3 ? 190 : layer == 2 ? 95 : 0);
    column.collagen_iii.push_back(layer == 3 ? 38 : layer == 2 ? 30 : 0);
    column.elastin.push_back(layer == 3 ? 8 : layer == 2 ? 4 : 0);
    column.fibroblasts.push_back(layer == 3 ? 2500 : layer == 2 ? 3500 : 0);
    column.tgf_active.push_back(layer >= 2 ? 0.0142 : 0);
  }
  const auto formula = [&column, &grid](int n, double x, double y, double z, double t) -> double {
    const double needle = std::fmod(x, 500.0) - 250, beside = y - 300;
    const double radius = 100 * std::clamp((800 - z) / 400, 0.0, 1.0);
    const double outside = std::max(0.0, std::hypot(needle, beside, std::max(0.0, z - 800)) - radius);
    const double core = std::exp(-outside / 30), halo = std::exp(-outside * outside / (2 * 180 * 180));
    const std::size_t k = std::size_t(z / grid.spacing[2]);
    if (column.collagen_i[k] == 0 && n != 1 && n != 14) return 0;
    switch (n) {
      case 0:
        return 0.75 * core * std::exp(-7.2 * t);
      case 1:
        return halo * (11 * std::exp(-t / 0.5) + 0.9 * pulse(t, 20, 90));
      case 2:
        return 0.887 + 8 * halo * pulse(t, 10, 120);
      case 3:
        return 30 * core * std::exp(-t / 60);
      case 4:
        return 0.0142 + halo * 0.85 * pulse(t, 60, 180);
      case 5:
        return 1.25 * halo * pulse(t, 40, 140);
      case 6:
        return column.fibroblasts[k] * (1 - 0.9 * core * std::exp(-t / 15) + 2.9 * halo * pulse(t, 50, 260));
      case 7:
        return 5000 * halo * pulse(t, 130, 150);
      case 8:
        return 1400 * core * pulse(t, 15, 60);
      case 9:
        return 1300 * core * pulse(t, 50, 120);
      case 10:
        return 6 * core * std::exp(-t / 60);
      case 11:
        return column.collagen_iii[k] * (1 - 0.7 * core * std::exp(-t / 250) + 0.3 * halo * (t / 672));
      case 12:
        return column.collagen_i[k] * (1 - 0.7 * core * std::exp(-t / 700) + 0.05 * halo * (t / 672));
      case 13:
        return column.elastin[k] * (1 - 0.7 * core);
      case 14:
        return core * std::exp(-t / 100);
      default:
        return 900 * halo * pulse(t, 30, 150);
    }
  };
  test::AnalyticSnapshot snapshot(model_info("dermal"), grid, column, formula);
  run(config, grid, snapshot, folder);
}

}  // namespace

int main(int argc, char** argv) {
  const Kokkos::ScopeGuard kokkos(argc, argv);
  const std::string model = argc == 3 ? argv[1] : "";
  if (model == "linear") {
    linear_run(argv[2]);
  } else if (model == "dermal") {
    dermal_run(argv[2]);
  } else {
    std::fprintf(stderr, "usage: make_sample_run linear|dermal DIR\n");
    return 2;
  }
  return 0;
}
