/// The numbers that sum up a state: read-outs of the skin and totals of every field.
#pragma once

#include <string>
#include <vector>

#include "kollagen/snapshot.hpp"

namespace kollagen {

/// Constants of the read-outs. They grade a state and do not steer it (docs/outputs.md has the formulas).
struct ReadOutConstants {
  ReadOutLaw cell;                 ///< of a single cell
  double firmness = 75;            ///< [kPa] in-plane stiffness of undamaged skin, within 50 to 100
  double firmness_collagen = 0.8;  ///< [1] its shares; they add up to 1
  double firmness_elastin = 0.1;
  double firmness_ground = 0.1;
  double volume_per_mass = 3.8e-3;  ///< [mL/mg] space that collagen fills (Biochem J 163:617)
  double scar_collagen = 0.4;       ///< [1] weights of the scar index; fibre direction, the
  double scar_elastin = 0.3;        ///<     missing 0.1, is not modelled and counts as zero
  double scar_myofibroblasts = 0.2;
  double scar_delay = 60 * 24;      ///< [h] after the last treatment: later myofibroblasts are scar
  double fibrosis_delay = 90 * 24;  ///< [h] after the last treatment
  double fibrosis_tgf_beta = 3;     ///< [1] multiple of the baseline
  double fibrosis_cells = 2;        ///< [1] multiple of the baseline
  double core_damage = 0.99;        ///< [1] damage above which a cell belongs to the track core
};

/// How the values of fields are spread, where a study asks for it.
struct SpreadWanted {
  std::vector<double> percentiles;  ///< [%]
  int bins = 0;                     ///< of histograms; 0: none
};

struct MetricsColumn {
  std::string name;
  std::string unit;
};

/// Computes one row of metrics.csv after another, the same bits for any number of ranks and threads. The fields stay
/// where they are; sums per plane are what is looked at here.
///
/// Windows of the skin model: `dermis` (planes with collagen, without the subcutis), `papillary` where the
/// skin has such a layer, `core` (the needle tracks: cells with damage above 0.99 in the first snapshot that
/// has any; empty before). Only cells whose baseline collagen is not zero take part in read-outs.
class Metrics {
 public:
  /// `species` are written with total, mean, min, max and percentiles; `treatments` are the times of all sessions [h].
  Metrics(const ModelInfo& model, const Grid& grid, const Column& column, std::vector<int> species,
          std::vector<double> treatments, SpreadWanted spread = {});

  const std::vector<MetricsColumn>& columns() const { return columns_; }
  /// Values in the order of `columns`; NaN where a number does not exist. Collective; the same on every rank.
  std::vector<double> row(const Snapshot& snapshot);

  /// The histogram of a species over one window.
  struct Histogram {
    int species;
    std::string window;  ///< "domain" in models without skin
    Distribution values;
  };
  /// Those of the last row, by species and window. Before the first row they are there too, and hold nothing, as later
  /// those of windows without cells.
  const std::vector<Histogram>& histograms() const { return histograms_; }

  /// The track core, one number per owned cell: 1 inside, 0 outside; empty before it is known.
  std::vector<double> core() const { return {core_.begin(), core_.end()}; }
  /// Takes over a core from an interrupted run instead of looking for one. Collective.
  void set_core(const std::vector<double>& mask, Communicator& ranks);

 private:
  struct Window {
    std::string name;
    std::vector<char> planes;  ///< 1 where plane k takes part
    bool core = false;         ///< only the cells of the track core within these planes
  };

  void add_windows();
  void add_columns();
  /// Takes the core from the damage of `snapshot` when its largest value says that there is one. Collective.
  void find_core(const Snapshot& snapshot, const std::vector<Extremes>& fields);
  void count_core(Communicator& ranks);
  double cells(const Window& window, int k) const;
  /// Number of a read-out among the measured quantities.
  int quantity(const ReadOut read_out) const { return int(model_.species.size()) + read_out; }
  /// Of a measured quantity, or of a baseline per plane, over the cells of a window.
  double sum(const PlaneSums& sums, const Window& window, int quantity) const;
  double sum(const Window& window, const std::vector<double>& baseline) const;
  /// Read-outs of all windows, appended to `row`.
  void add_read_outs(double time, const PlaneSums& sums, std::vector<double>& row) const;
  /// Percentiles of a species over a window, appended to `row`; the histogram comes with them. Collective.
  Distribution add_percentiles(const Snapshot& snapshot, int species, const Window& window,
                               std::vector<double>& row) const;
  /// Time since the latest treatment that has happened; negative when there was none.
  double healing_time(double time) const;

  ReadOutConstants constants_;
  ModelInfo model_;
  Grid grid_;
  Column column_;
  std::vector<int> species_;
  std::vector<double> treatments_;
  std::vector<double> collagen_0_;  ///< C1_0 + C3_0 per plane [mg/mL]
  std::vector<Window> windows_;     ///< none in models without skin
  SpreadWanted spread_;
  std::vector<Window> spread_windows_;  ///< those, or else the whole domain
  std::vector<Histogram> histograms_;
  std::vector<MetricsColumn> columns_;
  bool core_known_ = false;
  std::vector<char> core_;          ///< 1 for owned cells of the track core; empty before it is known
  std::vector<double> core_cells_;  ///< their number per plane of the domain
};

}  // namespace kollagen
