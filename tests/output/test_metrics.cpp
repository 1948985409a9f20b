/// The numbers of metrics.csv against values worked out by hand for two cells in each of four layers.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "host/output/compensated_sum.hpp"
#include "host/output/metrics.hpp"
#include "host/output/metrics_sink.hpp"
#include "support/analytic_snapshot.hpp"
#include "support/temporary_folder.hpp"

namespace kollagen {
namespace {

using test::AnalyticSnapshot;
constexpr double day = 24;

/// One plane each of epidermis, papillary and reticular dermis and subcutis.
Column four_layers() {
  Column column;
  for (const char* name : {"epidermis", "papillary", "reticular", "subcutis"}) {
    Layer layer;
    layer.name = name;
    column.layers.push_back(layer);
  }
  column.layer = {0, 1, 2, 3};
  column.collagen_i = {0, 90, 190, 20};
  column.collagen_iii = {0, 30, 38, 5};
  column.elastin = {0, 4, 8, 1};
  column.fibroblasts = {0, 3000, 2500, 500};
  column.tgf_active = {0, 0.02, 0.01, 0.005};
  return column;
}

/// At rest but for: half the collagen I, twice the III and half the elastin in the first papillary cell,
/// which also holds clot, myofibroblasts and, at first, damage (a later session hits a reticular cell); more
/// elastin in the second reticular cell; TGF-beta at 3.5 times its baseline in the papillary layer.
double injured(const int species, const double x, double, const double z, const double time) {
  static const Column rest = four_layers();
  const int i = int(x / 10), k = int(z / 50);
  const bool wound = i == 0 && k == 1;
  const std::string name = model_info("dermal").species[std::size_t(species)].name;
  if (name == "collagen_i") return wound ? 45 : rest.collagen_i[k];
  if (name == "collagen_iii") return wound ? 60 : rest.collagen_iii[k];
  if (name == "elastin") return wound ? 2 : i == 1 && k == 2 ? 12 : rest.elastin[k];
  if (name == "fibroblasts") return rest.fibroblasts[k];
  if (name == "tgf_beta") return k == 1 ? 0.07 : rest.tgf_active[k];
  if (name == "provisional_matrix") return wound ? 3 : 0;
  if (name == "myofibroblasts") return wound ? 600 : 0;
  if (name == "damage" && time == 30 * day) return i == 0 && k == 2;
  if (name == "damage") return time > 0 ? 0 : wound ? 1 : i == 1 && k == 1 ? 0.98 : 0;
  if (name == "pdgf") return -2 + z / 50;  // -1.5, -0.5, 0.5, 1.5 by layer
  return 0;
}

struct SkinMetrics : ::testing::Test {
  const ModelInfo& model = model_info("dermal");
  Grid grid = test::brick({2, 1, 4}, {10, 20, 50});
  AnalyticSnapshot snapshot{model, grid, four_layers(), injured};
  Metrics metrics{model, grid, four_layers(), {1, 12}, {0.0}};  // fields: pdgf, collagen_i

  std::map<std::string, double> row(const long step, const double time) {
    snapshot.at(step, time);
    const std::vector<double> values = metrics.row(snapshot);
    std::map<std::string, double> named;
    for (std::size_t c = 0; c < values.size(); ++c)
      named[metrics.columns()[c].name + " [" + metrics.columns()[c].unit + "]"] = values[c];
    return named;
  }
};

constexpr double digits = 1e-9;  // the expected numbers below have ten digits

TEST_F(SkinMetrics, ReadOutsOfThePapillaryLayer) {
  auto m = row(0, 0);
  EXPECT_NEAR(m["collagen_gain_papillary [%]"], 100 * (112.5 / 120 - 1), digits);
  EXPECT_NEAR(m["collagen_iii_to_i_papillary [1]"], 45 / 67.5, digits);
  EXPECT_NEAR(m["collagen_iii_share_papillary [1]"], 0.4, digits);
  EXPECT_NEAR(m["elastin_gain_papillary [%]"], -25, digits);
  EXPECT_NEAR(m["strength_papillary [1]"], 0.7538953306, digits);  // mean of (57/96)^1.3 and 1
  EXPECT_NEAR(m["residual_damage_papillary [1]"], 0.5, digits);
  EXPECT_NEAR(m["strength_deficit_papillary [1]"], 0.2461046694, digits);
  EXPECT_NEAR(m["firmness_papillary [kPa]"], 75 * (0.8 * 0.7538953306 + 0.1 * 0.75 + 0.1), 1e-7);
  EXPECT_NEAR(m["thickness_gain_papillary [um]"], 3.8e-3 * (112.5 - 120 + 1.5) * 50, digits);
  // (60/105)/(30/120) - 1 = 9/7 and an elastin loss of 1/2, both in one of two cells
  EXPECT_NEAR(m["scar_index_papillary [1]"], 0.4 * 9 / 14 + 0.3 / 4, digits);
  EXPECT_EQ(m["fibrosis_flag_papillary [1]"], 0);
  EXPECT_TRUE(std::isnan(m.at("track_closure [h]")));
}

TEST_F(SkinMetrics, ReadOutsOfTheDermisLeaveOutEpidermisAndSubcutis) {
  auto m = row(0, 0);
  EXPECT_NEAR(m["collagen_gain_dermis [%]"], 100 * (681. / 696 - 1), digits);
  EXPECT_NEAR(m["collagen_iii_to_i_dermis [1]"], 166. / 515, digits);
  EXPECT_NEAR(m["elastin_gain_dermis [%]"], 100 * (26. / 24 - 1), digits);
  EXPECT_NEAR(m["strength_dermis [1]"], (3 + 0.5077906611) / 4, digits);
  EXPECT_NEAR(m["residual_damage_dermis [1]"], 0.25, digits);
  // two layers one behind the other: the harmonic mean of their stiffness
  const double papillary = 75 * (0.8 * 0.7538953306 + 0.175), reticular = 75 * (0.8 + 0.125 + 0.1);
  EXPECT_NEAR(m["firmness_dermis [kPa]"], 2 / (1 / papillary + 1 / reticular), 1e-7);
  EXPECT_NEAR(m["thickness_gain_dermis [um]"], -1.14, digits);
}

TEST_F(SkinMetrics, TheTrackCoreIsRememberedWhenItsDamageIsGone) {
  for (const double time : {0.0, 5 * day, 30 * day}) {
    auto m = row(long(time), time);
    EXPECT_NEAR(m["collagen_gain_core [%]"], -12.5, digits);
    EXPECT_NEAR(m["collagen_iii_share_core [1]"], 60. / 105, digits);
    EXPECT_NEAR(m["elastin_gain_core [%]"], -50, digits);
    EXPECT_NEAR(m["firmness_core [kPa]"], 75 * (0.8 * 0.5077906611 + 0.05 + 0.1), 1e-7);
    EXPECT_NEAR(m["collagen_i_mean_core [mg/mL]"], 45, digits);
    EXPECT_TRUE(std::isnan(m.at("thickness_gain_core [um]"))) << "a track has no thickness";
  }
}

TEST_F(SkinMetrics, WithoutDamageThereIsNoCoreYet) {
  auto m = row(3, 5);
  EXPECT_TRUE(std::isnan(m.at("collagen_gain_core [%]")));
  EXPECT_TRUE(std::isnan(m.at("fibrosis_flag_core [1]")));
  EXPECT_TRUE(std::isnan(m.at("pdgf_mean_core [ng/mL]")));
}

TEST_F(SkinMetrics, ScarAndFibrosisCountFromTheirDaysOn) {
  const double before = row(1, 60 * day)["scar_index_papillary [1]"];
  EXPECT_NEAR(row(2, 60 * day + 1)["scar_index_papillary [1]"] - before, 0.2 * 300 / 3000, digits);
  EXPECT_EQ(row(3, 90 * day)["fibrosis_flag_papillary [1]"], 0);
  auto m = row(4, 90 * day + 1);
  EXPECT_EQ(m["fibrosis_flag_papillary [1]"], 1) << "TGF-beta at 3.5 times its baseline";
  EXPECT_EQ(m["fibrosis_flag_dermis [1]"], 0) << "0.08 / 0.03 is below 3";
}

TEST_F(SkinMetrics, ALaterSessionStartsTheDaysAnew) {
  metrics = Metrics(model, grid, four_layers(), {}, {0.0, 50 * day});
  EXPECT_EQ(row(4, 91 * day)["fibrosis_flag_papillary [1]"], 0);
  EXPECT_EQ(row(5, 141 * day)["fibrosis_flag_papillary [1]"], 1);
}

TEST_F(SkinMetrics, TotalsMeansAndExtremaCoverTheWholeDomain) {
  auto m = row(6, 2);
  EXPECT_EQ(m["step [1]"], 6);
  EXPECT_EQ(m["time [h]"], 2);
  EXPECT_EQ(m["dt [h]"], 0.1);
  EXPECT_NEAR(m["collagen_i_total [ug]"], 555 * 1e-5, 1e-14);  // cells of 1e-5 mm^3
  EXPECT_NEAR(m["collagen_i_mean [mg/mL]"], 555. / 8, digits);
  EXPECT_EQ(m["collagen_i_min [mg/mL]"], 0);
  EXPECT_EQ(m["collagen_i_max [mg/mL]"], 190);
  EXPECT_NEAR(m["collagen_i_mean_dermis [mg/mL]"], 515. / 4, digits);
  EXPECT_NEAR(m["pdgf_total [pg]"], 0, 1e-18);
  EXPECT_EQ(m["pdgf_min [ng/mL]"], -1.5);
  EXPECT_EQ(m["pdgf_max [ng/mL]"], 1.5);
}

TEST(Metrics, RestingSkinHasNoGainAndNoScar) {
  const Column column = four_layers();
  const ModelInfo& model = model_info("dermal");
  const Grid grid = test::brick({3, 2, 4}, {10, 20, 50});
  const auto rest = [&](const int species, double, double, const double z, double) -> double {
    const std::string name = model.species[std::size_t(species)].name;
    const int k = int(z / 50);
    if (name == "collagen_i") return column.collagen_i[k];
    if (name == "collagen_iii") return column.collagen_iii[k];
    if (name == "elastin") return column.elastin[k];
    if (name == "fibroblasts") return column.fibroblasts[k];
    if (name == "tgf_beta") return column.tgf_active[k];
    return 0;
  };
  AnalyticSnapshot snapshot{model, grid, column, rest};
  snapshot.at(10, 100 * day);
  Metrics metrics(model, grid, column, {}, {0.0});
  const std::vector<double> row = metrics.row(snapshot);
  const std::map<std::string, double> expected{{"collagen_gain_dermis", 0}, {"elastin_gain_dermis", 0},
                                               {"strength_dermis", 1},      {"residual_damage_dermis", 0},
                                               {"firmness_dermis", 75},     {"thickness_gain_dermis", 0},
                                               {"scar_index_dermis", 0},    {"fibrosis_flag_dermis", 0}};
  int seen = 0;
  for (std::size_t c = 0; c < row.size(); ++c) {
    const auto found = expected.find(metrics.columns()[c].name);
    if (found == expected.end()) continue;
    EXPECT_NEAR(row[c], found->second, 1e-12) << found->first;
    ++seen;
  }
  EXPECT_EQ(seen, int(expected.size()));
}

TEST(Metrics, OtherModelsHaveTotalsOnly) {
  const Grid grid = test::brick({3, 2, 1}, {10, 20, 50});
  AnalyticSnapshot snapshot{model_info("fisher-kpp"), grid, Column{},
                            [](int, double x, double, double, double) { return x; }};
  Metrics metrics(snapshot.model(), grid, Column{}, {0}, {});
  ASSERT_EQ(metrics.columns().size(), 3u + 4u);
  EXPECT_EQ(metrics.columns()[3].name, "u_total");
  EXPECT_EQ(metrics.columns()[3].unit, "mm^3");
  const std::vector<double> row = metrics.row(snapshot);
  EXPECT_NEAR(row[3], 2 * (5 + 15 + 25) * 1e4 * 1e-9, 1e-15);
}

TEST(MetricsSink, WritesATableThatIsCompleteAfterEveryRow) {
  const test::TemporaryFolder folder;
  const Grid grid = test::brick({2, 1, 1}, {10, 20, 50});
  AnalyticSnapshot snapshot{model_info("fisher-kpp"), grid, Column{},
                            [](int, double x, double, double, double time) { return x + time; }};
  MetricsSink sink({folder.path() / "metrics.csv", "metrics", Schedule(0, 1, 2), {0}, {}}, test::one_rank);
  snapshot.at(0, 0, 0);
  sink.write(snapshot);
  sink.write(snapshot);
  EXPECT_EQ(test::read_text(folder.path() / "metrics.csv"),
            "time [h],step [1],dt [h],u_total [mm^3],u_mean [1],u_min [1],u_max [1]\n"
            "0,0,0,0.0002,10,5,15\n");
  snapshot.at(4, 1, 0.25);
  sink.write(snapshot);
  sink.finish();
  EXPECT_TRUE(test::read_text(folder.path() / "metrics.csv").ends_with("\n1,4,0.25,0.00022,11,6,16\n"));
}

/// Values of the 2 x 1 x 4 cells: collagen_i 0 0 | 45 90 | 190 190 | 20 20; the core is the cell of 45.
TEST_F(SkinMetrics, PercentilesAreThoseOfTheCellsOfAWindow) {
  metrics = Metrics(model, grid, four_layers(), {1, 12}, {0.0}, {{5, 50, 75, 97.5}, 0});
  for (const long step : {0, 1}) {  // the core is remembered
    auto m = row(step, double(step));
    EXPECT_EQ(m.at("collagen_i_p05_dermis [mg/mL]"), 45);
    EXPECT_EQ(m.at("collagen_i_p50_dermis [mg/mL]"), 90) << "of 45, 90, 190, 190 half do not exceed it";
    EXPECT_EQ(m.at("collagen_i_p75_dermis [mg/mL]"), 190);
    EXPECT_EQ(m.at("collagen_i_p97.5_dermis [mg/mL]"), 190);
    EXPECT_EQ(m.at("collagen_i_p50_papillary [mg/mL]"), 45);
    EXPECT_EQ(m.at("collagen_i_p75_papillary [mg/mL]"), 90);
    EXPECT_EQ(m.at("collagen_i_p97.5_core [mg/mL]"), 45);
    EXPECT_EQ(m.at("pdgf_p05_dermis [ng/mL]"), -0.5);
    EXPECT_EQ(m.at("pdgf_p97.5_dermis [ng/mL]"), 0.5);
  }
  EXPECT_TRUE(metrics.histograms().empty());
  EXPECT_FALSE(row(2, 2).contains("collagen_i_p05 [mg/mL]"));
}

TEST_F(SkinMetrics, WithoutACoreItHasNoPercentilesAndNoHistogram) {
  metrics = Metrics(model, grid, four_layers(), {12}, {0.0}, {{50}, 2});
  auto m = row(3, 5);
  EXPECT_TRUE(std::isnan(m.at("collagen_i_p50_core [mg/mL]")));
  ASSERT_EQ(metrics.histograms().size(), 3u);
  EXPECT_EQ(metrics.histograms()[0].window, "dermis");
  EXPECT_EQ(metrics.histograms()[0].values.counts, (std::vector<std::uint64_t>{2, 2}));
  EXPECT_EQ(metrics.histograms()[2].window, "core");
  EXPECT_TRUE(metrics.histograms()[2].values.counts.empty());
}

TEST(MetricsSink, WritesAndResumesTablesOfHistograms) {
  const test::TemporaryFolder folder;
  const Grid grid = test::brick({4, 1, 1}, {10, 20, 50});
  AnalyticSnapshot snapshot{model_info("fisher-kpp"), grid, Column{},
                            [](int, double x, double, double, double time) { return x * (1 + time); }};
  const MetricsSink::Setup setup{folder.path() / "metrics.csv", "metrics", Schedule(0, 1, 3), {0}, {},
                                 {{50}, 3}, folder.path() / "histograms"};
  const auto table = folder.path() / "histograms" / "u_domain.csv";
  // 5, 15, 25, 35 in bins of 10
  const std::string first = "time [h],lower [1],upper [1],cells [1]\n0,5,15,1\n0,15,25,1\n0,25,35,2\n";
  const std::string second = "1,10,30,1\n1,30,50,1\n1,50,70,2\n";
  Record record;
  {
    MetricsSink sink(setup, test::one_rank);
    snapshot.at(0, 0, 0);
    sink.write(snapshot);
    EXPECT_EQ(test::read_text(table), first);
    EXPECT_TRUE(test::read_text(folder.path() / "metrics.csv").ends_with(",5,35,15\n")) << "least, greatest, median";
    sink.save(record);
    snapshot.at(1, 1);
    sink.write(snapshot);
    sink.finish();
    EXPECT_EQ(test::read_text(table), first + second);
  }
  MetricsSink resumed(setup, test::one_rank);
  snapshot.at(0, 0, 0);
  resumed.restore(record, snapshot);
  EXPECT_EQ(test::read_text(table), first) << "what came after the checkpoint is cut off";
  snapshot.at(1, 1);
  resumed.write(snapshot);
  resumed.finish();
  EXPECT_EQ(test::read_text(table), first + second);
}

TEST(CompensatedSum, KeepsWhatAPlainSumLoses) {
  CompensatedSum sum;
  for (const double term : {1.0, 1e100, 1.0, -1e100}) sum.add(term);
  EXPECT_EQ(sum.value(), 2);
}

}  // namespace
}  // namespace kollagen
