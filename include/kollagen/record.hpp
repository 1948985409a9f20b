/// What parts of a run remember across an interruption. A checkpoint holds one record and the fields of the simulation.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "kollagen/check.hpp"

namespace kollagen {

/// Named lists of numbers (exact: a checkpoint keeps every bit), texts, and fields of owned cells. Names are paths such as
/// "controller/next_dt" or "output/fields/times". Numbers and texts are the same on every rank.
struct Record {
  std::map<std::string, std::vector<double>> numbers;
  std::map<std::string, std::string> texts;
  /// One value per owned cell of this rank, x fastest, such as a mask.
  std::map<std::string, std::vector<double>> fields;

  void set(const std::string& name, const double value) { numbers[name] = {value}; }
  /// Throws IoError when the record lacks the name: it is from another version of the program.
  const std::vector<double>& list(const std::string& name) const { return find(numbers, name); }
  /// Also throws IoError when the list does not have `count` numbers.
  const std::vector<double>& list(const std::string& name, const std::size_t count) const {
    const auto& values = list(name);
    if (values.size() != count)
      throw IoError("checkpoint: numbers in \"" + name + "\": found " + std::to_string(values.size()) + ", needed " +
                    std::to_string(count));
    return values;
  }
  double number(const std::string& name) const { return list(name, 1)[0]; }
  const std::string& text(const std::string& name) const { return find(texts, name); }

 private:
  template <class Map>
  static const typename Map::mapped_type& find(const Map& map, const std::string& name) {
    const auto found = map.find(name);
    if (found == map.end())
      throw IoError("checkpoint: \"" + name + "\" is missing: it is from another version of the program");
    return found->second;
  }
};

/// A simulation that can be saved at the edge of a step and continued as if it had never stopped: the same bits on any
/// number of ranks. Implemented by Simulation.
class Resumable {
 public:
  virtual ~Resumable() = default;

  /// Time, step, controller, treatments done and reference totals, under "simulation/" and "controller/".
  virtual void save(Record& record) const = 0;
  /// Names of the fields that go with the record ("state/pdgf", "derivative/pdgf"), in a fixed order.
  virtual std::vector<std::string> stored_fields() const = 0;
  /// Copies the owned cells of stored_fields()[index] into `out`, x fastest.
  virtual void copy_stored(int index, double* out) const = 0;
  /// Takes over a record and its fields: calls `read` for every name that a run in that state stores, which fills the
  /// owned cells, x fastest. Throws IoError when the record does not fit. Collective.
  virtual void restore(const Record& record, const std::function<void(const std::string& name, double* out)>& read) = 0;
};

}  // namespace kollagen
