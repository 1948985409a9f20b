#include "host/insitu/packing.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "host/insitu/derived.hpp"
#include "kollagen/measure.hpp"
#include "kollagen/check.hpp"
#include "kollagen/collective.hpp"
#include "kollagen/types.hpp"

namespace kollagen {
namespace {

constexpr int tag_up = 0, tag_down = 1;

/// Value of derived_fields[index] from collagen I and III and their baseline [mg/mL].
double derived_value(const int index, const double c1, const double c3, const double c1_0,
                     const double c3_0) {
  static constexpr ReadOutLaw constants;
  switch (index) {
    case 0:
      return c1 + c3;
    case 1:
      return c1 + c3 > 0 ? c3 / (c1 + c3) : 0;
    default: {
      const double baseline = c1_0 + constants.weight_iii * c3_0;
      return baseline > 0 ? std::pow((c1 + constants.weight_iii * c3) / baseline, constants.strength_exponent)
                          : 1;
    }
  }
}

std::size_t bytes_of(const InsituArray& array) {
  return std::visit([](const auto& v) { return v.size() * sizeof(v[0]); }, array.values);
}

/// Calls `row(bytes, count)` for every row of values of `array` in the box, x being contiguous.
template <class Array, class Row>
void for_rows(Array& array, const std::array<int, 3>& cells, const Box& box, const Row& row) {
  std::visit(
      [&](auto& values) {
        for (int k = box.lower[2]; k < box.upper[2]; ++k)
          for (int j = box.lower[1]; j < box.upper[1]; ++j)
            row(reinterpret_cast<char*>(values.data() + (std::size_t(k) * cells[1] + j) * cells[0] +
                                        box.lower[0]),
                std::size_t(box.extent(0)) * sizeof(values[0]));
      },
      array.values);
}

}  // namespace

InsituPacker::InsituPacker(const ModelInfo& model, const Grid& grid, const std::vector<int>& species,
                           const std::vector<std::string>& derived, const Precision precision,
                           const Communicator& ranks)
    : grid_(grid), parts_(decompose(grid.global_cells, ranks.size(), ranks.rank())) {
  KOLLAGEN_CHECK(parts_.first(parts_.place) == grid.first && parts_.cells(parts_.place) == grid.cells,
                 "the part of this rank is not that of the decomposition");
  frame_.global_cells = grid.global_cells;
  frame_.spacing = grid.spacing;
  for (int a = 0; a < 3; ++a) {
    below_[a] = parts_.place[a] > 0;
    above_[a] = parts_.place[a] + 1 < parts_.ranks[a];
    frame_.first[a] = grid.first[a] - below_[a];
    frame_.cells[a] = grid.cells[a] + below_[a] + above_[a];
  }
  for (const int s : species) {
    const SpeciesInfo& info = model.species[std::size_t(s)];
    sources_.push_back({s, -1, {info.name, info.unit, info.doc, {}}});
  }
  for (const std::string& name : derived) {
    const auto found = std::find_if(derived_fields.begin(), derived_fields.end(),
                                    [&](const DerivedField& field) { return field.name == name; });
    KOLLAGEN_CHECK(found != derived_fields.end(), "unknown derived field " + name);
    sources_.push_back({-1, int(found - derived_fields.begin()), {found->name, found->unit, found->doc, {}}});
  }
  if (precision == Precision::float64)
    for (Source& source : sources_) source.array.values = std::vector<double>();
}

const InsituFrame& InsituPacker::pack(const Snapshot& snapshot,
                                      const std::function<bool(const std::string&)>& wanted) {
  Communicator& ranks = snapshot.communicator();
  frame_.time = snapshot.clock().time;
  frame_.step = snapshot.clock().step;
  frame_.arrays.clear();
  listed_.clear();
  together(ranks, [&] {  // memory may run out on one rank
    const std::size_t count = std::size_t(frame_.cells[0]) * frame_.cells[1] * frame_.cells[2];
    if (frame_.ghost.empty() && count > std::size_t(grid_.owned_count())) {
      frame_.ghost.assign(count, 1);
      for (int k = 0; k < grid_.cells[2]; ++k)
        for (int j = 0; j < grid_.cells[1]; ++j) {
          const std::size_t row =
              (std::size_t(k + below_[2]) * frame_.cells[1] + j + below_[1]) * frame_.cells[0] + below_[0];
          std::fill_n(frame_.ghost.begin() + long(row), grid_.cells[0], 0);
        }
    }
    owned_.resize(std::size_t(grid_.owned_count()));
    for (Source& source : sources_) {
      if (!wanted(source.array.name)) continue;
      std::visit([&](auto& values) { values.resize(count); }, source.array.values);
      fill(source, snapshot);
      place(source.array);
      listed_.push_back(&source.array);
      frame_.arrays.push_back(&source.array);
    }
  });
  exchange(ranks);
  return frame_;
}

void InsituPacker::fill(Source& source, const Snapshot& snapshot) {
  if (source.species >= 0) {
    snapshot.copy(source.species, owned_.data());
    return;
  }
  other_.resize(owned_.size());
  snapshot.copy(snapshot.model().find_species("collagen_i"), owned_.data());
  snapshot.copy(snapshot.model().find_species("collagen_iii"), other_.data());
  const Column& column = snapshot.column();
  const std::size_t plane = std::size_t(grid_.cells[0]) * grid_.cells[1];
  for (std::size_t c = 0; c < owned_.size(); ++c) {
    const std::size_t k = std::size_t(grid_.first[2]) + c / plane;
    owned_[c] =
        derived_value(source.derived, owned_[c], other_[c], column.collagen_i[k], column.collagen_iii[k]);
  }
}

void InsituPacker::place(InsituArray& array) const {
  std::visit(
      [&](auto& values) {
        using Value = typename std::decay_t<decltype(values)>::value_type;
        auto from = owned_.begin();
        for (int k = 0; k < grid_.cells[2]; ++k)
          for (int j = 0; j < grid_.cells[1]; ++j, from += grid_.cells[0]) {
            const std::size_t row =
                (std::size_t(k + below_[2]) * frame_.cells[1] + j + below_[1]) * frame_.cells[0] + below_[0];
            std::transform(from, from + grid_.cells[0], values.begin() + long(row),
                           [](const double v) { return Value(v); });
          }
      },
      array.values);
}

void InsituPacker::exchange(Communicator& ranks) {
  auto& [to_below, from_below, to_above, from_above] = messages_;
  for (int a = 0; a < 3; ++a) {
    const auto layer = [&](const int index) {  // as wide as the buffer: earlier axes have filled their layers
      Box box{{0, 0, 0}, frame_.cells};
      box.lower[a] = index;
      box.upper[a] = index + 1;
      return box;
    };
    const auto collect = [&](std::vector<char>& message, const int index) {
      message.clear();
      for (InsituArray* array : listed_)
        for_rows(*array, frame_.cells, layer(index), [&](const char* row, const std::size_t count) {
          message.insert(message.end(), row, row + count);
        });
    };
    std::array<int, 3> lower = parts_.place, upper = parts_.place;
    --lower[a];
    ++upper[a];
    std::vector<Message> receives, sends;
    if (below_[a]) {
      collect(to_below, 1);
      from_below.resize(to_below.size());
      sends.push_back({parts_.rank_at(lower), tag_down, to_below.data(), to_below.size()});
      receives.push_back({parts_.rank_at(lower), tag_up, from_below.data(), from_below.size()});
    }
    if (above_[a]) {
      collect(to_above, frame_.cells[a] - 2);
      from_above.resize(to_above.size());
      sends.push_back({parts_.rank_at(upper), tag_up, to_above.data(), to_above.size()});
      receives.push_back({parts_.rank_at(upper), tag_down, from_above.data(), from_above.size()});
    }
    ranks.start(receives, sends);
    ranks.finish();
    const auto distribute = [&](const std::vector<char>& message, const int index) {
      const char* next = message.data();
      for (InsituArray* array : listed_)
        for_rows(*array, frame_.cells, layer(index), [&](char* row, const std::size_t count) {
          std::memcpy(row, next, count);
          next += count;
        });
    };
    if (below_[a]) distribute(from_below, 0);
    if (above_[a]) distribute(from_above, frame_.cells[a] - 1);
  }
}

std::size_t InsituPacker::bytes() const {
  std::size_t total = frame_.ghost.capacity() + (owned_.capacity() + other_.capacity()) * sizeof(double);
  for (const Source& source : sources_) total += bytes_of(source.array);
  for (const auto& message : messages_) total += message.capacity();
  return total;
}

}  // namespace kollagen
