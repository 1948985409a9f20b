#include "host/output/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "host/output/compensated_sum.hpp"
#include "kollagen/check.hpp"

namespace kollagen {
namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
constexpr double mm3_per_um3 = 1e-9;

double quotient(const double a, const double b) { return b > 0 ? a / b : nothing; }

/// Unit of a field's integral over a volume in mm^3. 1 ng/mL = 1 pg/mm^3 and 1 mg/mL = 1 ug/mm^3.
std::string total_unit(const std::string& unit) {
  if (unit == "ng/mL") return "pg";
  if (unit == "mg/mL") return "ug";
  if (unit == "cells/mm^3") return "cells";
  if (unit == "1e9 mL^-1") return "1e6";
  if (unit == "1") return "mm^3";
  return unit + " mm^3";
}

/// p05, p50, p97.5, p100
std::string percentile_name(const double percent) { return fmt::format("p{}{:.10g}", percent < 10 ? "0" : "", percent); }

struct WindowColumn {
  const char* name;
  const char* unit;
};
constexpr WindowColumn window_columns[] = {
    {"collagen_gain", "%"},   {"collagen_iii_to_i", "1"}, {"collagen_iii_share", "1"}, {"elastin_gain", "%"},
    {"strength", "1"},        {"residual_damage", "1"},   {"strength_deficit", "1"},   {"firmness", "kPa"},
    {"thickness_gain", "um"}, {"scar_index", "1"},        {"fibrosis_flag", "1"}};

}  // namespace

Metrics::Metrics(const ModelInfo& model, const Grid& grid, const Column& column, std::vector<int> species,
                 std::vector<double> treatments, SpreadWanted spread)
    : model_(model),
      grid_(grid),
      column_(column),
      species_(std::move(species)),
      treatments_(std::move(treatments)),
      spread_(std::move(spread)) {
  if (model_.name == "dermal") add_windows();
  spread_windows_ = windows_;
  const std::vector<char> all_planes(std::size_t(grid_.global_cells[2]), 1);
  if (windows_.empty()) spread_windows_.push_back({"domain", all_planes, false});
  add_columns();
  if (spread_.bins > 0)
    for (const int index : species_)
      for (const Window& window : spread_windows_)
        histograms_.push_back({index, window.name, {}});
}

void Metrics::add_windows() {
  const int nz = grid_.global_cells[2];
  KOLLAGEN_CHECK(column_.cells() == nz, "the column must have one value per plane of cells");
  Window dermis{"dermis", std::vector<char>(nz), false}, papillary{"papillary", std::vector<char>(nz), false};
  Window core{"core", std::vector<char>(nz), true};
  for (int k = 0; k < nz; ++k) {
    collagen_0_.push_back(column_.collagen_i[k] + column_.collagen_iii[k]);
    const std::string& layer = column_.layers[std::size_t(column_.layer[k])].name;
    core.planes[k] = collagen_0_[k] > 0;
    dermis.planes[k] = collagen_0_[k] > 0 && layer != "subcutis";
    papillary.planes[k] = collagen_0_[k] > 0 && layer == "papillary";
  }
  const auto exists = [](const Window& w) { return std::count(w.planes.begin(), w.planes.end(), 1) > 0; };
  if (exists(dermis)) windows_.push_back(dermis);
  if (exists(papillary)) windows_.push_back(papillary);
  if (exists(core) && !treatments_.empty()) windows_.push_back(core);
}

void Metrics::add_columns() {
  columns_ = {{"time", "h"}, {"step", "1"}, {"dt", "h"}};
  for (const Window& window : windows_)
    for (const WindowColumn& column : window_columns)
      columns_.push_back({std::string(column.name) + '_' + window.name, column.unit});
  if (!windows_.empty()) columns_.push_back({"track_closure", "h"});
  for (const int index : species_) {
    const SpeciesInfo& info = model_.species[std::size_t(index)];
    const std::string name = info.name;
    columns_.push_back({name + "_total", total_unit(info.unit)});
    for (const char* what : {"_mean", "_min", "_max"}) columns_.push_back({name + what, info.unit});
    for (const Window& window : windows_) columns_.push_back({name + "_mean_" + window.name, info.unit});
    for (const Window& window : spread_windows_)
      for (const double percent : spread_.percentiles)
        columns_.push_back({name + '_' + percentile_name(percent) + (windows_.empty() ? "" : '_' + window.name), info.unit});
  }
}

void Metrics::find_core(const Snapshot& snapshot, const std::vector<Extremes>& fields) {
  const int damage = model_.find_species("damage");
  if (fields[std::size_t(damage)].maximum <= constants_.core_damage) return;
  std::vector<double> values(std::size_t(grid_.owned_count()));
  snapshot.copy(damage, values.data());
  core_.resize(values.size());
  std::transform(values.begin(), values.end(), core_.begin(),
                 [&](const double d) { return char(d > constants_.core_damage); });
  count_core(snapshot.communicator());
}

void Metrics::set_core(const std::vector<double>& mask, Communicator& ranks) {
  KOLLAGEN_CHECK(long(mask.size()) == grid_.owned_count(), "the track core must have one value per cell");
  core_.assign(mask.begin(), mask.end());
  count_core(ranks);
}

void Metrics::count_core(Communicator& ranks) {
  core_known_ = true;
  core_cells_.assign(std::size_t(grid_.global_cells[2]), 0);
  const std::size_t plane = std::size_t(grid_.cells[0]) * grid_.cells[1];
  for (std::size_t c = 0; c < core_.size(); ++c) core_cells_[grid_.first[2] + c / plane] += core_[c];
  ranks.sum(core_cells_.data(), int(core_cells_.size()));
}

double Metrics::cells(const Window& window, const int k) const {
  if (!window.planes[k]) return 0;
  if (!window.core) return double(grid_.global_cells[0]) * grid_.global_cells[1];
  return core_cells_.empty() ? 0 : core_cells_[k];
}

double Metrics::sum(const PlaneSums& sums, const Window& window, const int quantity) const {
  CompensatedSum total;
  for (int k = 0; k < grid_.global_cells[2]; ++k)
    if (window.planes[k]) total.add(window.core ? sums.masked(quantity, k) : sums.all(quantity, k));
  return total.value();
}

double Metrics::sum(const Window& window, const std::vector<double>& baseline) const {
  CompensatedSum total;
  for (std::size_t k = 0; k < baseline.size(); ++k) total.add(cells(window, int(k)) * baseline[k]);
  return total.value();
}

double Metrics::healing_time(const double time) const {
  double latest = std::numeric_limits<double>::infinity();
  for (const double at : treatments_)
    if (at <= time) latest = std::min(latest, time - at);
  return std::isfinite(latest) ? latest : -1;
}

void Metrics::add_read_outs(const double time, const PlaneSums& sums, std::vector<double>& row) const {
  const ReadOutConstants& c = constants_;
  const int c1 = model_.find_species("collagen_i"), c3 = model_.find_species("collagen_iii");
  const int elastin = model_.find_species("elastin"), clot = model_.find_species("provisional_matrix");
  const int tgf = model_.find_species("tgf_beta"), f = model_.find_species("fibroblasts");
  const int n = model_.find_species("myofibroblasts");
  const double healing = healing_time(time);
  for (const Window& w : windows_) {
    const auto total = [&](const int quantity) { return sum(sums, w, quantity); };
    const auto graded = [&](const ReadOut read_out) { return total(quantity(read_out)); };
    double count = 0, planes = 0, compliance = 0, thickness = 0;
    for (int k = 0; k < grid_.global_cells[2]; ++k) {
      const double here = cells(w, k);
      if (here == 0) continue;
      const auto mean = [&](const int quantity) {
        return (w.core ? sums.masked(quantity, k) : sums.all(quantity, k)) / here;
      };
      const double elastic = column_.elastin[k] > 0 ? mean(elastin) / column_.elastin[k] : 0;
      compliance += 1 / (c.firmness * (c.firmness_collagen * mean(quantity(strength)) +
                                       c.firmness_elastin * elastic + c.firmness_ground));
      thickness += c.volume_per_mass * (mean(c1) + mean(c3) - collagen_0_[k] + mean(clot)) * grid_.spacing[2];
      count += here;
      planes += 1;
    }
    const double iii = total(c3), collagen = total(c1) + iii, myo = total(n), fibro = total(f);
    const double fibro_0 = sum(w, column_.fibroblasts);
    const bool late = healing > c.scar_delay;
    const double scar = c.scar_collagen * quotient(graded(excess_iii), count) +
                        c.scar_elastin * quotient(graded(lost_elastin), count) +
                        (late && fibro_0 > 0 ? c.scar_myofibroblasts * myo / fibro_0 : 0);
    const bool fibrosis =
        healing > c.fibrosis_delay && (total(tgf) > c.fibrosis_tgf_beta * sum(w, column_.tgf_active) ||
                                       fibro + myo > c.fibrosis_cells * fibro_0);
    row.insert(row.end(),
               {100 * (quotient(collagen, sum(w, collagen_0_)) - 1), quotient(iii, total(c1)),
                quotient(iii, collagen), 100 * (quotient(total(elastin), sum(w, column_.elastin)) - 1),
                quotient(graded(strength), count), quotient(graded(weak), count),
                quotient(graded(deficit), count), quotient(planes, compliance),
                count > 0 && !w.core ? thickness : nothing, scar, count > 0 ? double(fibrosis) : nothing});
  }
}

Distribution Metrics::add_percentiles(const Snapshot& snapshot, const int species, const Window& window,
                                      std::vector<double>& row) const {
  Distribution values;
  if (!window.core || core_known_)
    values = snapshot.distribution(species, {window.planes, window.core ? core_ : std::vector<char>()},
                                   spread_.percentiles, spread_.bins);
  if (values.cells == 0) values.percentiles.assign(spread_.percentiles.size(), nothing);
  row.insert(row.end(), values.percentiles.begin(), values.percentiles.end());
  return values;
}

std::vector<double> Metrics::row(const Snapshot& snapshot) {
  column_.tgf_active = snapshot.column().tgf_active;  // parameters may have changed
  const Clock& clock = snapshot.clock();
  const auto law = windows_.empty() ? std::optional<ReadOutLaw>() : constants_.cell;
  Measured measured = snapshot.measure(core_, law);
  if (!windows_.empty() && !treatments_.empty() && !core_known_) {
    find_core(snapshot, measured.extremes);
    if (core_known_) measured = snapshot.measure(core_, law);
  }
  const PlaneSums& sums = measured.sums;

  std::vector<double> row{clock.time, double(clock.step), clock.dt};
  if (!windows_.empty()) {
    add_read_outs(clock.time, sums, row);
    row.push_back(nothing);  // closure of the track is a read-out of the epidermis, which is not modelled
  }
  const bool spread = !spread_.percentiles.empty() || spread_.bins > 0;
  std::size_t number = 0;  // of the next histogram
  const int planes = grid_.global_cells[2];
  const double domain_cells = double(grid_.global_cells[0]) * grid_.global_cells[1] * planes;
  for (const int index : species_) {
    const Extremes& field = measured.extremes[std::size_t(index)];
    CompensatedSum total;
    for (int k = 0; k < planes; ++k) total.add(sums.all(index, k));
    row.insert(row.end(), {total.value() * grid_.cell_volume() * mm3_per_um3, total.value() / domain_cells,
                           field.minimum, field.maximum});
    for (const Window& window : windows_) {
      double count = 0;
      for (int k = 0; k < planes; ++k) count += cells(window, k);
      row.push_back(quotient(sum(sums, window, index), count));
    }
    for (const Window& window : spread_windows_) {
      if (!spread) break;
      const Distribution values = add_percentiles(snapshot, index, window, row);
      if (spread_.bins > 0) histograms_.at(number++).values = values;
    }
  }
  KOLLAGEN_CHECK(row.size() == columns_.size(), "a row of metrics must have one value per column");
  return row;
}

}  // namespace kollagen
