/// Numbers that a result must agree with, from data files that no test writes:
/// tests/reference/verification*.csv.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace kollagen::test {

/// One row: the exact value of a quantity, how far a result may be away from it on either side, and why.
struct Reference {
  std::string id;        ///< "V1.peak_300s"
  std::string title;     ///< the case, in words
  std::string quantity;  ///< what is compared
  std::string unit;      ///< "1" when dimensionless
  double exact = 0;
  double tolerance = 0;  ///< two-sided
  bool relative = true;  ///< tolerance is a share of |exact|, else in the unit of the quantity
  std::string reason;    ///< why the tolerance is what it is
  std::string origin;    ///< formula or computation behind the exact value

  double allowed_error() const { return relative ? tolerance * std::abs(exact) : tolerance; }
};

/// Splits one line of a CSV file; fields that hold commas are quoted, quotes inside are doubled.
inline std::vector<std::string> csv_fields(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"' && quoted && i + 1 < line.size() && line[i + 1] == '"') {
      fields.back() += c;
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

/// All rows of tests/reference/verification*.csv by id. Throws std::runtime_error for a malformed row, a
/// number that does not parse, a tolerance that is not positive, and an id that appears twice.
inline const std::map<std::string, Reference>& references() {
  static const std::map<std::string, Reference> table = [] {
    std::map<std::string, Reference> rows;
    const std::filesystem::path folder = KOLLAGEN_SOURCE_DIR "/tests/reference";
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      const std::string name = entry.path().filename().string();
      if (name.rfind("verification", 0) != 0 || entry.path().extension() != ".csv") continue;
      std::ifstream file(entry.path());
      std::string line;
      std::getline(file, line);  // column names
      for (int number = 2; std::getline(file, line); ++number) {
        const std::string where = name + ":" + std::to_string(number) + ": ";
        const auto f = csv_fields(line);
        if (f.size() != 9)
          throw std::runtime_error(where + std::to_string(f.size()) + " columns instead of 9");
        Reference row{f[0], f[1], f[2], f[3], std::stod(f[4]), std::stod(f[5]), f[6] == "relative",
                      f[7], f[8]};
        if (f[6] != "relative" && f[6] != "absolute")
          throw std::runtime_error(where + "kind is \"" + f[6] + "\", not relative or absolute");
        if (!(row.allowed_error() > 0)) throw std::runtime_error(where + "no error is allowed");
        if (!rows.emplace(row.id, row).second) throw std::runtime_error(where + "second row of " + row.id);
      }
    }
    return rows;
  }();
  return table;
}

/// The row called `id`; throws std::runtime_error when there is none.
inline const Reference& reference(const std::string& id) {
  const auto found = references().find(id);
  if (found == references().end())
    throw std::runtime_error("tests/reference/verification*.csv have no row " + id);
  return found->second;
}

/// Expects that `ours` agrees with the row called `id`. Where the environment names a file in
/// KOLLAGEN_VERIFICATION_RESULTS, a line id,backend,value is appended to it (tools/verification_page.py).
/// The backend is the type of a typed test, "host" in another one.
inline void check(const std::string& id, const double ours) {
  const Reference& row = reference(id);
  EXPECT_NEAR(ours, row.exact, row.allowed_error())
      << std::setprecision(17) << id << ": " << row.quantity << " [" << row.unit << "] is " << ours;
  const char* path = std::getenv("KOLLAGEN_VERIFICATION_RESULTS");
  if (!path) return;
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  const std::string backend = test && test->type_param() ? test->type_param() : "host";
  std::ofstream file(path, std::ios::app);
  file << id << ',' << backend << ',' << std::setprecision(17) << ours << '\n';
  if (!file) ADD_FAILURE() << "cannot write " << path;
}

}  // namespace kollagen::test
