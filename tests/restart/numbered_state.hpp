/// A state whose numbers are known, for tests of checkpoints without a solver.
#pragma once

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "kollagen/grid.hpp"
#include "kollagen/record.hpp"

namespace kollagen::test {

inline std::vector<std::uint64_t> bits(const std::vector<double>& values) {
  std::vector<std::uint64_t> result(values.size());
  std::memcpy(result.data(), values.data(), values.size() * sizeof(double));
  return result;
}

/// Value of a stored field after `step` steps in the cell of a global index: among others of every kind that
/// is easily lost.
inline double numbered(const long step, const std::string& field, const long cell) {
  if (cell == 0) return -0.0;
  if (cell == 1) return std::numeric_limits<double>::infinity();
  if (cell == 2)
    return std::bit_cast<double>(std::uint64_t(0x7ff800000000abcd));  // not a number, with a payload
  return double(step) + double(field.size()) / 3 + std::ldexp(1.0 + double(cell) / 1000, -int(cell % 40));
}

struct NumberedState final : Resumable {
  Grid grid;
  long step = 0;
  std::map<std::string, std::vector<double>> restored;
  std::string text;
  std::vector<double> list;

  NumberedState(const Grid& g, const long s) : grid(g), step(s) {}

  std::vector<double> field(const std::string& name) const {
    std::vector<double> values;
    for (int k = 0; k < grid.cells[2]; ++k)
      for (int j = 0; j < grid.cells[1]; ++j)
        for (int i = 0; i < grid.cells[0]; ++i) {
          const long row = (grid.first[2] + k) * long(grid.global_cells[1]) + grid.first[1] + j;
          values.push_back(numbered(step, name, row * grid.global_cells[0] + grid.first[0] + i));
        }
    return values;
  }
  static std::string text_of(const long step) { return "\"quoted\",\n\tÄ " + std::to_string(step); }
  static std::vector<double> list_of(const long step) {
    return {0.1, -0.0, numbered(step, "", 1), numbered(step, "", 2), 5e-324};
  }

  void save(Record& record) const override {
    record.set("simulation/step", double(step));
    record.numbers["simulation/list"] = list_of(step);
    record.numbers["simulation/none"] = {};
    record.texts["simulation/text"] = text_of(step);
  }
  std::vector<std::string> stored_fields() const override {
    return {"state/pdgf", "state/u", "derivative/pdgf"};
  }
  void copy_stored(const int index, double* out) const override {
    const auto values = field(stored_fields()[std::size_t(index)]);
    std::copy(values.begin(), values.end(), out);
  }
  void restore(const Record& record, const std::function<void(const std::string&, double*)>& read) override {
    step = long(record.number("simulation/step"));
    text = record.text("simulation/text");
    list = record.list("simulation/list");
    for (const auto& name : stored_fields()) {
      restored[name].resize(std::size_t(grid.owned_count()));
      read(name, restored[name].data());
    }
  }

  /// Whether everything that was restored is what a state of `step` has.
  bool holds(const long s) const {
    if (step != s || text != text_of(s) || bits(list) != bits(list_of(s))) return false;
    for (const auto& [name, values] : restored)
      if (bits(values) != bits(field(name))) return false;
    return restored.size() == 3;
  }
};

}  // namespace kollagen::test
