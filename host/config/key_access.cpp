/// Looking up keys and sections of the table, and their defaults.
#include <algorithm>
#include <stdexcept>

#include "host/config/keys.hpp"

namespace kollagen {

Key& Key::range(const double low, const double high) { return lower = low, upper = high, *this; }
Key& Key::require() { return required = true, *this; }
Key& Key::only(std::string key, std::vector<std::string> values) {
  return sibling = std::move(key), meaningful = std::move(values), *this;
}
Key& Key::from(std::string text) { return source = std::move(text), *this; }
Key& Key::unset(std::string text) { return when_unset = std::move(text), *this; }
Key& Key::such_as(std::string text) { return example = std::move(text), *this; }

const char* Key::unit_key() const {
  if (unit == unit_of_field || unit == unit_of_field_rate) return "field";
  return unit == unit_of_parameter ? "parameter" : nullptr;
}

const Key* Section::find(const std::string_view key) const {
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const Key& k) { return k.name == key; });
  return found == keys.end() ? nullptr : &*found;
}

std::string Section::name() const {
  const auto dot = path.rfind('.');
  std::string last = dot == std::string::npos ? path : path.substr(dot + 1);
  return repeated ? last.substr(0, last.size() - 2) : last;
}

std::string Section::parent() const {
  const auto dot = path.rfind('.');
  return dot == std::string::npos ? "" : path.substr(0, dot);
}

const Section& config_section(const std::string_view path) {
  for (const Section& section : config_sections())
    if (section.path == path) return section;
  throw std::logic_error("no section " + std::string(path) + " in the table of keys");
}

std::string key_path(const Section& section, const Key& key) {
  return section.path.empty() ? key.name : section.path + "." + key.name;
}

bool key_applies(const Section& section, const Key& key, const void* object) {
  if (key.meaningful.empty()) return true;
  const auto value = section.find(key.sibling)->load(object);
  const auto* word = std::get_if<std::string>(&value);
  return word && std::find(key.meaningful.begin(), key.meaningful.end(), *word) != key.meaningful.end();
}

KeyValue default_value(const Section& section, const Key& key) {
  Config defaults;
  return key.load(section.append(defaults));
}

}  // namespace kollagen
