/// All species of a state, each stored in double or in float, as two packed groups.
#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "kollagen/check.hpp"
#include "kollagen/fields.hpp"

namespace kollagen {

/// One field for each entry of `single`, in float where it is true; zero-filled, with ghosts. Copies share the memory.
template <class Exec>
class State {
 public:
  State() = default;
  State(const std::string& label, const std::vector<bool>& single, const std::array<int, 3>& cells)
      : cells_(cells), single_(single) {
    int singles = 0, doubles = 0;
    for (const bool s : single) place_.push_back(s ? singles++ : doubles++);
    if (doubles > 0) doubles_ = Fields<Exec>(label, doubles, cells);
    if (singles > 0) singles_ = Fields<Exec, float>(label + " in float", singles, cells);
  }
  /// Fields in double as they are.
  State(const Fields<Exec>& fields) : cells_(fields.cells()), single_(std::size_t(fields.count()), false), doubles_(fields) {
    for (int n = 0; n < fields.count(); ++n) place_.push_back(n);
  }

  int count() const { return int(single_.size()); }
  const std::array<int, 3>& cells() const { return cells_; }
  Box owned() const { return {{0, 0, 0}, cells_}; }
  std::size_t bytes() const { return doubles_.bytes() + singles_.bytes(); }
  bool allocated() const { return doubles_.allocated() || singles_.allocated(); }
  /// Which species are stored in float.
  const std::vector<bool>& single() const { return single_; }

  /// The two groups; a group without species is not allocated.
  const Fields<Exec>& doubles() const { return doubles_; }
  const Fields<Exec, float>& singles() const { return singles_; }

  /// Place of species n in its group.
  int place(const int n) const { return place_.at(std::size_t(n)); }

  /// Species n, which is stored as T.
  template <class T>
  Span3<T> get(const int n) const {
    constexpr bool single = std::is_same_v<T, float>;
    KOLLAGEN_CHECK(single_.at(std::size_t(n)) == single, "a field is stored in another precision than it is asked for");
    if constexpr (single)
      return singles_[place_[std::size_t(n)]];
    else
      return doubles_[place_[std::size_t(n)]];
  }
  /// Calls f(group, place in it) for species n.
  template <class F>
  decltype(auto) in_group(const int n, const F& f) const {
    const int place = place_.at(std::size_t(n));
    return single_[std::size_t(n)] ? f(singles_, place) : f(doubles_, place);
  }
  /// Calls f(span) for species n, a Span3 of the type it is stored as.
  template <class F>
  decltype(auto) with(const int n, const F& f) const {
    return in_group(n, [&](const auto& group, const int place) -> decltype(auto) { return f(group[place]); });
  }

  /// Calls f(group, its species in order) for each group that has any.
  template <class F>
  void each_group(const F& f) const {
    std::vector<int> species[2];
    for (int n = 0; n < count(); ++n) species[single_[std::size_t(n)] ? 1 : 0].push_back(n);
    if (!species[0].empty()) f(doubles_, species[0]);
    if (!species[1].empty()) f(singles_, species[1]);
  }

  /// Copies all values of a state with the same storage, ghosts too.
  void copy_from(const State& other) const {
    KOLLAGEN_CHECK(other.single_ == single_, "states of different storage");
    if (doubles_.allocated()) Kokkos::deep_copy(doubles_.view(), other.doubles_.view());
    if (singles_.allocated()) Kokkos::deep_copy(singles_.view(), other.singles_.view());
  }

 private:
  std::array<int, 3> cells_{0, 0, 0};
  std::vector<bool> single_;
  std::vector<int> place_;  ///< of each species in its group
  Fields<Exec> doubles_;
  Fields<Exec, float> singles_;
};

}  // namespace kollagen
