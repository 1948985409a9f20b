/// What a script is given, without ParaView: buffers of the right values, neighbours' cells on faces, edges
/// and corners, derived fields, and what happens when a back end fails. On any number of ranks.
#include <gtest/gtest.h>

#include <cmath>

#include "host/insitu/insitu_sink.hpp"
#include "kollagen/check.hpp"
#include "support/analytic_snapshot.hpp"
#include "support/ranks.hpp"

namespace kollagen::test {
namespace {

constexpr std::array<int, 3> cells{7, 6, 5};
constexpr std::array<double, 3> spacing{10, 12.5, 20};

Grid my_part() {
  const Decomposition parts = decompose(cells, ranks()->size(), ranks()->rank());
  return {cells, spacing, parts.first(parts.place), parts.cells(parts.place)};
}

/// No two cells of no two species agree.
double formula(const int species, const double x, const double y, const double z, const double time) {
  return 1000 * (species + 1) + x + 0.37 * y * y + 0.011 * z * x + 7 * time;
}

Column layers() {
  Column column;
  for (int k = 0; k < cells[2]; ++k) {
    column.layer.push_back(0);
    column.collagen_i.push_back(k == 0 ? 0 : 100 + k);
    column.collagen_iii.push_back(k == 0 ? 0 : 20 + k);
  }
  return column;
}

/// Calls `check(i, j, k, value)` with global indices for every cell of a frame.
void for_cells_of(const InsituFrame& frame, const InsituArray& array,
                  const std::function<void(int, int, int, double)>& check) {
  std::visit(
      [&](const auto& values) {
        ASSERT_EQ(values.size(), std::size_t(frame.cells[0]) * frame.cells[1] * frame.cells[2]);
        auto value = values.begin();
        for (int k = 0; k < frame.cells[2]; ++k)
          for (int j = 0; j < frame.cells[1]; ++j)
            for (int i = 0; i < frame.cells[0]; ++i)
              check(frame.first[0] + i, frame.first[1] + j, frame.first[2] + k, double(*value++));
      },
      array.values);
}

double at_cell(const int species, const int i, const int j, const int k, const double time) {
  return formula(species, (i + 0.5) * spacing[0], (j + 0.5) * spacing[1], (k + 0.5) * spacing[2], time);
}

const auto all = [](const std::string&) { return true; };

TEST(Packing, EveryCellHasItsValueAlsoThoseOfNeighbours) {
  AnalyticSnapshot snapshot(model_info("linear"), my_part(), layers(), formula, *ranks());
  for (const Precision precision : {Precision::float32, Precision::float64}) {
    InsituPacker packer(snapshot.model(), snapshot.grid(), {2, 0}, {}, precision, *ranks());
    for (const double time : {0.0, 1.5}) {
      snapshot.at(long(2 * time), time);
      const InsituFrame& frame = packer.pack(snapshot, all);
      ASSERT_EQ(frame.arrays.size(), 2u);
      EXPECT_EQ(frame.arrays[0]->name, "w");
      EXPECT_EQ(frame.time, time);
      EXPECT_EQ(frame.step, long(2 * time));
      for (const int n : {0, 1})
        for_cells_of(frame, *frame.arrays[n], [&](const int i, const int j, const int k, const double value) {
          const double expected = at_cell(n == 0 ? 2 : 0, i, j, k, time);
          EXPECT_EQ(value, precision == Precision::float64 ? expected : double(float(expected)))
              << i << j << k;
        });
    }
  }
}

TEST(Packing, OneLayerOfNeighboursIsMarkedAndNothingIsOutside) {
  AnalyticSnapshot snapshot(model_info("linear"), my_part(), layers(), formula, *ranks());
  InsituPacker packer(snapshot.model(), snapshot.grid(), {0}, {}, Precision::float32, *ranks());
  const InsituFrame& frame = packer.pack(snapshot, all);
  const Grid& grid = snapshot.grid();
  std::size_t cell = 0;
  double owned = 0;
  for (int a = 0; a < 3; ++a) {
    EXPECT_EQ(frame.first[a], std::max(0, grid.first[a] - 1));
    EXPECT_EQ(frame.first[a] + frame.cells[a], std::min(cells[a], grid.first[a] + grid.cells[a] + 1));
  }
  for_cells_of(frame, *frame.arrays[0], [&](const int i, const int j, const int k, double) {
    const std::array<int, 3> index{i, j, k};
    bool mine = true;
    for (int a = 0; a < 3; ++a)
      mine = mine && index[a] >= grid.first[a] && index[a] < grid.first[a] + grid.cells[a];
    if (ranks()->size() > 1) {
      EXPECT_EQ(frame.ghost[cell++], mine ? 0 : 1);
    }
    owned += mine;
  });
  EXPECT_EQ(frame.ghost.size(), cell);  // without neighbours none
  ranks()->sum(&owned, 1);
  EXPECT_EQ(owned, cells[0] * cells[1] * cells[2]);
}

TEST(Packing, OnlyWhatIsWantedIsListedAndBuffersStayInPlace) {
  AnalyticSnapshot snapshot(model_info("linear"), my_part(), layers(), formula, *ranks());
  InsituPacker packer(snapshot.model(), snapshot.grid(), {0, 1, 2}, {}, Precision::float32, *ranks());
  const auto* u = &packer.pack(snapshot, [](const std::string& name) { return name == "u"; });
  ASSERT_EQ(u->arrays.size(), 1u);
  const float* place = std::get<std::vector<float>>(u->arrays[0]->values).data();
  const std::size_t before = packer.bytes();
  const InsituFrame& frame = packer.pack(snapshot, all);
  EXPECT_EQ(frame.arrays.size(), 3u);
  EXPECT_EQ(std::get<std::vector<float>>(frame.arrays[0]->values).data(), place);
  EXPECT_GT(packer.bytes(), before);
}

TEST(Packing, DerivedFieldsFollowTheirFormulas) {
  const ModelInfo& model = model_info("dermal");
  const int c1 = model.find_species("collagen_i"), c3 = model.find_species("collagen_iii");
  // Nothing at all in the first column of cells.
  const auto collagen = [](const int species, const double x, const double y, const double z,
                           const double time) {
    return x < spacing[0] ? 0 : formula(species, x, y, z, time);
  };
  AnalyticSnapshot snapshot(model, my_part(), layers(), collagen, *ranks());
  InsituPacker packer(model, snapshot.grid(), {}, {"strength", "total_collagen", "collagen_iii_share"},
                      Precision::float64, *ranks());
  const InsituFrame& frame = packer.pack(snapshot, all);
  ASSERT_EQ(frame.arrays.size(), 3u);
  EXPECT_EQ(frame.arrays[1]->unit, "mg/mL");
  const auto expect = [&](const int n, const std::function<double(double, double, int)>& value_of) {
    for_cells_of(frame, *frame.arrays[n], [&](const int i, const int j, const int k, const double value) {
      const double one = i == 0 ? 0 : at_cell(c1, i, j, k, 0), three = i == 0 ? 0 : at_cell(c3, i, j, k, 0);
      EXPECT_NEAR(value, value_of(one, three, k), 1e-12 * std::max(1.0, std::abs(value))) << i << j << k;
    });
  };
  expect(0, [](const double one, const double three, const int k) {  // docs/outputs.md
    return k == 0 ? 1 : std::pow((one + 0.2 * three) / (100 + k + 0.2 * (20 + k)), 1.3);
  });
  expect(1, [](const double one, const double three, int) { return one + three; });
  expect(2, [](const double one, const double three, int) {
    return one + three > 0 ? three / (one + three) : 0;
  });
}

/// A back end that fails where it is told to, on the last rank alone.
struct FailingBackend final : InsituBackend {
  std::string where;
  std::vector<std::string>& calls;
  SteeringSettings& asked;  ///< by whoever looks on
  FailingBackend(std::string place, std::vector<std::string>& noted, SteeringSettings& settings)
      : where(std::move(place)), calls(noted), asked(settings) {}
  void note(const std::string& what) {
    calls.push_back(what);
    if (what == where && ranks()->rank() == ranks()->size() - 1) throw EnvironmentError("planted in " + what);
  }
  void check() override { note("check"); }
  void load() override { note("load"); }
  std::string name() const override { return "planted"; }
  bool request(double, long) override {
    note("request");
    return true;
  }
  bool wants(const std::string&) const override { return true; }
  void execute(const InsituFrame&) override { note("execute"); }
  SteeringSettings settings() override {
    note("settings");
    return asked;
  }
  void set_value(const std::size_t parameter, const double value) override { asked.values.at(parameter) = value; }
  void finish() override { note("finish"); }
  std::string complaints() override { return where == "complaint" ? "not nice" : ""; }
};

struct Messages {
  std::vector<std::string> started, failed, complained, calls;
  SteeringSettings asked{false, false, 0, {1.5, 2.5}};
  InsituSink sink(const std::string& where) {
    return InsituSink({Schedule(0, 2, 10),
                       {0},
                       {},
                       Precision::float32,
                       {{"one", "1", "", 1.5, 0, 10}, {"two", "1", "", 2.5, 0, 10}},
                       [this](const std::string& text) { started.push_back(text); },
                       [this](const std::string& text) { failed.push_back(text); },
                       [this](const std::string& text) { complained.push_back(text); }},
                      std::make_unique<FailingBackend>(where, calls, asked));
  }
};

TEST(InsituSink, FailureOfOneRankIsOneMessageOnAllAndTheEndOfTheCalls) {
  AnalyticSnapshot snapshot(model_info("linear"), my_part(), layers(), formula, *ranks());
  for (const std::string where : {"check", "load", "request", "execute", "settings", "finish"}) {
    Messages messages;
    InsituSink sink = messages.sink(where);
    EXPECT_FALSE(sink.sets_steps());
    EXPECT_EQ(sink.next_time(0.5), 2);
    for (const double time : {0.0, 2.0, 4.0}) {
      snapshot.at(long(time), time);
      sink.write(snapshot);
    }
    sink.finish();
    EXPECT_EQ(messages.failed, std::vector<std::string>{"planted in " + where});
    EXPECT_EQ(sink.failure(), "planted in " + where);
    EXPECT_EQ(messages.calls.back(), where);
    EXPECT_EQ(std::count(messages.calls.begin(), messages.calls.end(), where), 1);
    EXPECT_EQ(sink.cost().calls, where == "finish" ? 3 : where == "settings" ? 1 : 0);
  }
}

// Ranks whose settings differ, as they may for a moment, do what rank 0 has.
TEST(InsituSink, SettingsAreThoseOfRankZeroAndToldOnce) {
  AnalyticSnapshot snapshot(model_info("linear"), my_part(), layers(), formula, *ranks());
  Messages messages;
  InsituSink sink = messages.sink("");
  const bool root = ranks()->rank() == 0;
  const auto show = [&](const double time) {
    snapshot.at(long(time), time);
    sink.write(snapshot);
    return sink.take_request();
  };
  InsituSink::Request asked = show(0);
  EXPECT_FALSE(asked.pause || asked.stop || asked.output);
  EXPECT_TRUE(asked.values.empty());

  messages.asked = {root, !root, root ? 3 : 0, {1.5, root ? 7.0 : 2.5}};
  asked = show(2);
  EXPECT_TRUE(asked.pause);
  EXPECT_FALSE(asked.stop);
  EXPECT_TRUE(asked.output);
  ASSERT_EQ(asked.values.size(), 1u);
  EXPECT_EQ(asked.values[0].parameter, "two");
  EXPECT_EQ(asked.values[0].value, 7);
  asked = show(4);
  EXPECT_TRUE(asked.pause);  // it lasts
  EXPECT_FALSE(asked.output);
  EXPECT_TRUE(asked.values.empty());

  // A value that was refused: what is in force again, also where it is shown, and no request by itself.
  sink.set_value("two", 2.5);
  EXPECT_EQ(messages.asked.values[1], 2.5);
  messages.asked.pause = false;
  asked = show(6);
  EXPECT_FALSE(asked.pause);
  EXPECT_TRUE(asked.values.empty());
  messages.asked = {false, true, 3, {root ? 0.5 : 9.5, 2.5}};
  asked = show(8);
  EXPECT_TRUE(asked.stop);
  ASSERT_EQ(asked.values.size(), 1u);
  EXPECT_EQ(asked.values[0].parameter, "one");
  EXPECT_EQ(asked.values[0].value, 0.5);
}

TEST(InsituSink, InstantsAreShownOnceAndComplaintsToldOnce) {
  AnalyticSnapshot snapshot(model_info("linear"), my_part(), layers(), formula, *ranks());
  Messages messages;
  InsituSink sink = messages.sink("complaint");
  for (const double time : {0.0, 0.0, 2.0, 2.0}) {
    snapshot.at(long(time), time);
    sink.write(snapshot);
  }
  EXPECT_EQ(sink.cost().calls, 2);
  EXPECT_EQ(messages.started, std::vector<std::string>{"planted"});
  EXPECT_TRUE(messages.failed.empty());
  EXPECT_EQ(messages.complained, std::vector<std::string>{"not nice"});
}

}  // namespace
}  // namespace kollagen::test
