/// `kollagen diff`: how do two runs, or two files, differ?
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "host/checkpoint/grid_file.hpp"
#include "host/checkpoint/inspect.hpp"
#include "host/checkpoint/manifest.hpp"
#include "host/checkpoint/table.hpp"
#include "kollagen/check.hpp"

namespace kollagen {
namespace {

namespace fs = std::filesystem;

/// What a comparison of many pairs of numbers has found.
struct Difference {
  bool same_bits = true;
  double absolute = 0, relative = 0;  ///< the largest of each
  long place = 0;                     ///< of the largest absolute one
  double one = 0, other = 0;          ///< the numbers there

  void add(const double a, const double b, const long at) {
    if (std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b)) return;
    double difference = std::abs(a - b);
    if (a == b || (std::isnan(a) && std::isnan(b))) difference = 0;
    if (std::isnan(difference)) difference = std::numeric_limits<double>::infinity();
    const double size = std::max(std::abs(a), std::abs(b));
    const bool finite = std::isfinite(difference);
    relative = std::max(relative, !finite ? difference : difference == 0 ? 0 : difference / size);
    if (same_bits || difference > absolute) {
      absolute = difference;
      place = at;
      one = a;
      other = b;
    }
    same_bits = false;
  }
};

class Comparison {
 public:
  explicit Comparison(std::string& report) : report_(report) {}
  bool identical() const { return identical_; }

  void runs(const fs::path& one, const fs::path& other) {
    for (const char* folder : {"fields", "slices"})
      pairs(one / folder, other / folder, ".hdf", folder,
            [&](const fs::path& a, const fs::path& b, const std::string& name) { grids(a, b, name); });
    pairs(one, other, ".csv", "",
          [&](const fs::path& a, const fs::path& b, const std::string& name) { tables(a, b, name); });
    pairs(one / "histograms", other / "histograms", ".csv", "histograms",
          [&](const fs::path& a, const fs::path& b, const std::string& name) { tables(a, b, name); });
    checkpoints(one, other);
  }

  void grids(const fs::path& one, const fs::path& other, const std::string& name) {
    const GridFile a(one), b(other);
    if (a.number("time") != b.number("time"))
      different(name, fmt::format("time {} h and {} h", a.number("time").value_or(-1),
                                  b.number("time").value_or(-1)));
    std::map<std::string, std::pair<const GridDataset*, const GridDataset*>> fields;
    const auto in_a = a.datasets(), in_b = b.datasets();
    for (const GridDataset& dataset : in_a) fields[dataset.field()].first = &dataset;
    for (const GridDataset& dataset : in_b) fields[dataset.field()].second = &dataset;
    for (const auto& [field, both] : fields) {
      const std::string label = name + "  " + field;
      if (both.first == nullptr || both.second == nullptr)
        different(label, both.first ? "only in the first" : "only in the second");
      else if (both.first->extent != both.second->extent)
        different(label, fmt::format("{} and {} points", extents(*both.first), extents(*both.second)));
      else
        field_of(a, *both.first, b, *both.second, label);
    }
  }

 private:
  void line(const std::string& label, const std::string& text) { report_ += label + "  " + text + "\n"; }
  void different(const std::string& label, const std::string& text) {
    line(label, text);
    identical_ = false;
  }

  static Table table_of(const fs::path& file) {
    try {
      return read_table(file);
    } catch (const IoError& error) {
      throw IoError(file.string() + ": " + error.what());
    }
  }

  static std::string extents(const GridDataset& d) {
    return fmt::format("{} x {} x {}", d.extent[2], d.extent[1], d.extent[0]);
  }

  void state(const std::string& label, const Difference& d, const std::string& place) {
    if (d.same_bits)
      line(label, "identical");
    else
      different(label, fmt::format("differs by at most {:.3g}, relative {:.3g}; {}: {:.17g} and {:.17g}",
                                   d.absolute, d.relative, place, d.one, d.other));
  }

  void field_of(const GridFile& a, const GridDataset& in_a, const GridFile& b, const GridDataset& in_b,
                const std::string& label) {
    Difference difference;
    const long step = planes_at_once(in_a);
    for (long k = 0; k < in_a.extent[0]; k += step) {
      const long end = std::min(k + step, in_a.extent[0]);
      const auto one = a.read(in_a, k, end), other = b.read(in_b, k, end);
      for (std::size_t n = 0; n < one.size(); ++n)
        difference.add(one[n], other[n], k * in_a.plane() + long(n));
    }
    if (in_a.bytes != in_b.bytes)
      different(label, fmt::format("numbers of {} and {} bytes", in_a.bytes, in_b.bytes));
    const long at = difference.place;
    state(label, difference,
          fmt::format("at point ({}, {}, {})", at % in_a.extent[2], at / in_a.extent[2] % in_a.extent[1],
                      at / in_a.plane()));
  }

  void tables(const fs::path& one, const fs::path& other, const std::string& name) {
    const Table a = table_of(one), b = table_of(other);
    const std::size_t rows_a = a.columns[0].size(), rows_b = b.columns[0].size(),
                      rows = std::min(rows_a, rows_b);
    if (rows_a != rows_b)
      different(name, fmt::format("{} and {} rows; the first {} are compared", rows_a, rows_b, rows));
    std::set<std::string> seen;
    for (std::size_t c = 0; c < a.names.size(); ++c) {
      const auto found = std::find(b.names.begin(), b.names.end(), a.names[c]);
      seen.insert(a.names[c]);
      if (found == b.names.end()) {
        different(name + "  " + a.names[c], "only in the first");
        continue;
      }
      Difference difference;
      const auto& numbers = b.columns[std::size_t(found - b.names.begin())];
      for (std::size_t row = 0; row < rows; ++row) difference.add(a.columns[c][row], numbers[row], long(row));
      state(name + "  " + a.names[c], difference, fmt::format("in row {}", difference.place + 1));
    }
    for (const std::string& heading : b.names)
      if (!seen.contains(heading)) different(name + "  " + heading, "only in the second");
  }

  /// Which checkpoints a run has depends on the wall clock: those of the same step are compared, others are
  /// not missed.
  void checkpoints(const fs::path& one, const fs::path& other) {
    std::map<std::string, fs::path> in_b;
    for (const fs::path& file : manifests_in(checkpoint_folder(other))) in_b[file.filename().string()] = file;
    for (const fs::path& file : manifests_in(checkpoint_folder(one))) {
      const auto found = in_b.find(file.filename().string());
      if (found == in_b.end()) continue;
      const auto data = [](const fs::path& manifest) {
        return manifest.parent_path() / read_manifest(manifest).data_name;
      };
      grids(data(file), data(found->second), "checkpoints/" + file.stem().string());
    }
  }

  template <class Compare>
  void pairs(const fs::path& one, const fs::path& other, const char* extension, const std::string& prefix,
             const Compare& compare) {
    std::set<std::string> names[2];
    const fs::path folders[2] = {one, other};
    for (int side = 0; side < 2; ++side) {
      if (!fs::is_directory(folders[side])) continue;
      for (const auto& entry : fs::directory_iterator(folders[side]))
        if (entry.path().extension() == extension) names[side].insert(entry.path().filename().string());
    }
    std::set<std::string> all = names[0];
    all.insert(names[1].begin(), names[1].end());
    for (const std::string& file : all) {
      const std::string label = prefix.empty() ? file : prefix + "/" + file;
      if (!names[0].contains(file) || !names[1].contains(file))
        different(label, names[0].contains(file) ? "only in the first" : "only in the second");
      else
        compare(one / file, other / file, label);
    }
  }

  std::string& report_;
  bool identical_ = true;
};

bool is_run(const fs::path& path) { return fs::exists(path / "config.toml"); }

}  // namespace

int diff_runs(const fs::path& one, const fs::path& other, std::string& report) {
  for (const fs::path& path : {one, other})
    if (!fs::exists(path)) throw InputError(path.string() + ": there is no such run or file");
  if (fs::is_directory(one) != fs::is_directory(other))
    throw InputError(
        fmt::format("{} and {}: a folder and a file cannot be compared", one.string(), other.string()));
  Comparison comparison(report);
  if (fs::is_directory(one)) {
    for (const fs::path& path : {one, other})
      if (!is_run(path)) throw InputError(path.string() + ": holds no run of Kollagen (no config.toml)");
    comparison.runs(one, other);
  } else {
    comparison.grids(one, other, one.filename().string());
  }
  report += comparison.identical() ? "identical, bit for bit\n" : "different\n";
  return comparison.identical() ? 0 : 1;
}

}  // namespace kollagen
