#include "host/output/report.hpp"

#include <ctime>
#include <nlohmann/json.hpp>

#include "host/output/atomic_file.hpp"
#include "kollagen_version.hpp"

namespace kollagen {
namespace {

using Json = nlohmann::ordered_json;

Json ratio(const double value, const double by) {
  return value > 0 && by > 0 ? Json(value / by) : Json(nullptr);
}

Json versions() {
  return {{"kollagen", version::number},
          {"git_hash", version::git_hash},
          {"compiler", version::compiler},
          {"build_type", version::build_type},
          {"kokkos", version::kokkos}};
}

double progress(const Clock& clock) { return clock.end > 0 ? clock.time / clock.end : 1; }

}  // namespace

void write_report(const std::filesystem::path& run_dir, const RunReport& report) {
  Json json;
  json["title"] = report.title;
  json["model"] = report.model;
  json["precision"] = report.precision;
  json["outcome"] = report.outcome;
  json["versions"] = versions();
  json["backend"] = report.backend;
  json["ranks"] = report.ranks;
  json["process_grid"] = report.process_grid;
  json["sessions"] = report.sessions;
  json["grid"] = {{"cells", report.grid.global_cells}, {"spacing_um", report.grid.spacing}};
  json["time_h"] = report.clock.time;
  json["end_h"] = report.clock.end;
  json["steps"] = report.clock.step;
  json["rejected_steps"] = report.rejected_steps;
  json["stage_passes"] = report.stage_passes;
  json["corrections"] = report.corrections;
  json["wall_s"] = report.wall_seconds;
  json["step_s"] = report.step_seconds;
  json["timers"] = Json::array();
  for (const Timer& timer : report.timers)
    json["timers"].push_back({{"name", timer.name},
                              {"seconds", timer.seconds},
                              {"share", ratio(timer.seconds, report.wall_seconds)},
                              {"calls", timer.calls}});
  json["cell_updates"] = report.cell_updates;
  json["cell_updates_per_s"] = ratio(report.cell_updates, report.step_seconds);
  json["gigabytes_per_s"] = ratio(report.bytes_moved * 1e-9, report.step_seconds);
  json["share_of_bandwidth"] =
      report.bandwidth ? ratio(report.bytes_moved, report.step_seconds * *report.bandwidth) : Json(nullptr);
  json["peak_memory_bytes"] = report.peak_memory_bytes;
  json["state_bytes"] = report.state_bytes;
  json["state_copies_at_peak"] = ratio(double(report.peak_memory_bytes), double(report.state_bytes));
  const CommunicationCount& count = report.communication;
  json["communication"] = {{"messages", count.messages},
                           {"message_bytes", count.message_bytes},
                           {"reductions", count.reductions},
                           {"gathers", count.gathers},
                           {"gathered_bytes", count.gathered_bytes},
                           {"seconds", count.seconds}};
  const auto per_step = [&](const double total) {
    return report.session_steps > 0 ? Json(total / double(report.session_steps)) : Json(nullptr);
  };
  json["communication"]["per_step"] = {{"messages", per_step(double(count.messages))},
                                       {"message_bytes", per_step(double(count.message_bytes))},
                                       {"reductions", per_step(double(count.reductions))},
                                       {"gathers", per_step(double(count.gathers))},
                                       {"gathered_bytes", per_step(double(count.gathered_bytes))},
                                       {"seconds", per_step(count.seconds)}};
  if (report.insitu)
    json["insitu"] = {{"script", report.insitu->script},
                      {"failure", report.insitu->failure.empty() ? Json(nullptr) : Json(report.insitu->failure)},
                      {"calls", report.insitu->calls},
                      {"seconds", report.insitu->seconds},
                      {"start_seconds", report.insitu->start_seconds},
                      {"pack_seconds", report.insitu->pack_seconds},
                      {"buffer_bytes", report.insitu->buffer_bytes}};
  for (const ChangeConfig& change : report.steered)
    json["steered"].push_back({{"time_h", change.at},
                               {"step", change.step.value()},
                               {"parameter", change.parameter},
                               {"value", change.value}});
  write_text_file(run_dir / "report.json", json.dump(2) + "\n");
}

void write_status(const std::filesystem::path& run_dir, const Clock& clock, const RunStatus& status) {
  const Json json{{"state", status.state},
                  {"time_h", clock.time},
                  {"end_h", clock.end},
                  {"step", clock.step},
                  {"dt_h", clock.dt},
                  {"progress", progress(clock)},
                  {"eta_s", status.seconds_to_go ? Json(*status.seconds_to_go) : Json(nullptr)},
                  {"wall_s", status.wall_seconds},
                  {"sessions", status.sessions},
                  {"ranks", status.ranks},
                  {"written", std::time(nullptr)}};
  write_text_file(run_dir / "status.json", json.dump(2) + "\n");
}

void write_config(const std::filesystem::path& run_dir, const Config& config) {
  write_text_file(run_dir / "config.toml", config.resolved_toml);
}

}  // namespace kollagen
