/// Connects a key of the table with a member of a configuration struct. Used by keys.cpp only.
#pragma once

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <type_traits>

#include "host/config/keys.hpp"

namespace kollagen::binding {

template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};

/// Moves a KeyValue into a plain value and back; one specialisation per type that config.hpp uses.
template <class T>
struct Codec;

template <>
struct Codec<double> {
  static double decode(const KeyValue& v) { return std::get<double>(v); }
  static KeyValue encode(const double v) { return v; }
};
template <class T>
requires std::is_integral_v<T>
struct Codec<T> {
  static T decode(const KeyValue& v) { return T(std::get<std::int64_t>(v)); }
  static KeyValue encode(const T v) { return std::int64_t(v); }
};
template <>
struct Codec<std::string> {
  static std::string decode(const KeyValue& v) { return std::get<std::string>(v); }
  static KeyValue encode(const std::string& v) { return v; }
};
template <>
struct Codec<std::vector<std::string>> {
  static std::vector<std::string> decode(const KeyValue& v) { return std::get<std::vector<std::string>>(v); }
  static KeyValue encode(const std::vector<std::string>& v) { return v; }
};
template <class T, std::size_t N>
struct Codec<std::array<T, N>> {
  static std::array<T, N> decode(const KeyValue& v) {
    const auto& numbers = std::get<std::vector<double>>(v);
    std::array<T, N> result{};
    for (std::size_t i = 0; i < N; ++i) result[i] = T(numbers.at(i));
    return result;
  }
  static KeyValue encode(const std::array<T, N>& v) { return std::vector<double>(v.begin(), v.end()); }
};
template <>
struct Codec<std::vector<double>> {
  static std::vector<double> decode(const KeyValue& v) { return std::get<std::vector<double>>(v); }
  static KeyValue encode(const std::vector<double>& v) { return v; }
};
template <>
struct Codec<std::vector<std::array<double, 3>>> {
  static std::vector<std::array<double, 3>> decode(const KeyValue& v) {
    const auto& numbers = std::get<std::vector<double>>(v);
    std::vector<std::array<double, 3>> points;
    for (std::size_t i = 0; i + 2 < numbers.size(); i += 3)
      points.push_back({numbers[i], numbers[i + 1], numbers[i + 2]});
    return points;
  }
  static KeyValue encode(const std::vector<std::array<double, 3>>& v) {
    std::vector<double> numbers;
    for (const auto& point : v) numbers.insert(numbers.end(), point.begin(), point.end());
    return numbers;
  }
};
template <class T>
struct Codec<std::optional<T>> {
  static std::optional<T> decode(const KeyValue& v) { return Codec<T>::decode(v); }
  static KeyValue encode(const std::optional<T>& v) { return v ? Codec<T>::encode(*v) : KeyValue{}; }
};

template <class S, class T>
Key make_key(std::string name, const KeyKind kind, T S::*member, std::string doc) {
  Key key;
  key.name = std::move(name);
  key.kind = kind;
  key.doc = std::move(doc);
  key.store = [member](void* object, const KeyValue& v) {
    static_cast<S*>(object)->*member = Codec<T>::decode(v);
  };
  key.load = [member](const void* object) {
    return Codec<T>::encode(static_cast<const S*>(object)->*member);
  };
  return key;
}

/// A number with a unit.
template <class S, class T>
Key quantity(std::string name, T S::*member, std::string unit, std::string doc,
             const KeyKind kind = KeyKind::quantity) {
  Key key = make_key(std::move(name), kind, member, std::move(doc));
  key.unit = std::move(unit);
  return key;
}

/// One of a set of words, each standing for a value of the member (an enum, or the index of an axis).
template <class S, class T>
Key choice(std::string name, T S::*member, const std::vector<std::pair<std::string, T>>& words,
           std::string doc) {
  Key key;
  key.name = std::move(name);
  key.kind = KeyKind::choice;
  key.doc = std::move(doc);
  for (const auto& [word, value] : words) key.choices.push_back(word);
  key.store = [member, words](void* object, const KeyValue& v) {
    const auto found = std::find_if(words.begin(), words.end(),
                                    [&](const auto& w) { return w.first == std::get<std::string>(v); });
    if (found == words.end()) throw std::logic_error("a choice was stored unchecked");
    static_cast<S*>(object)->*member = found->second;
  };
  key.load = [member, words](const void* object) -> KeyValue {
    for (const auto& [word, value] : words)
      if (value == static_cast<const S*>(object)->*member) return word;
    return {};
  };
  return key;
}

/// One of a set of words that is kept as a word.
template <class S>
Key word(std::string name, std::string S::*member, std::vector<std::string> choices, std::string doc) {
  Key key = make_key(std::move(name), KeyKind::choice, member, std::move(doc));
  key.choices = std::move(choices);
  return key;
}

/// A section that exists once; `get(config)` returns its struct.
template <class Get>
Section single(std::string path, std::string doc, Get get, std::vector<Key> keys) {
  return {std::move(path),
          std::move(doc),
          false,
          std::move(keys),
          [](const Config&) { return std::size_t(1); },
          [get](Config& config) -> void* { return &get(config); },
          [get](const Config& config, std::size_t) -> const void* { return &get(config); }};
}

/// A section that may be repeated; `get(config)` returns the vector of its structs.
template <class Get>
Section repeated(std::string path, std::string doc, Get get, std::vector<Key> keys) {
  return {std::move(path),
          std::move(doc),
          true,
          std::move(keys),
          [get](const Config& config) { return get(config).size(); },
          [get](Config& config) -> void* { return &get(config).emplace_back(); },
          [get](const Config& config, const std::size_t i) -> const void* { return &get(config)[i]; }};
}

}  // namespace kollagen::binding
