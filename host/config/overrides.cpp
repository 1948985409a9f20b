#include "host/config/overrides.hpp"

#include <fmt/format.h>

#include <charconv>

namespace kollagen {
namespace {

constexpr std::string_view option_name = "--set ";

std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> parts{""};
  for (const char c : path)
    if (c == '.')
      parts.emplace_back();
    else
      parts.back() += c;
  return parts;
}

/// The value as TOML, or as a text when it is none.
toml::table parse_value(const std::string& value, const std::string& option) {
  const bool structured =
      !value.empty() && std::string_view("[{\"'").find(value[0]) != std::string_view::npos;
  try {
    toml::table parsed = toml::parse("value = " + value, option);
    if (parsed.size() == 1) return parsed;
  } catch (const toml::parse_error&) {
    if (structured) throw;
  }
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c == '\n' ? ' ' : c;
  }
  return toml::parse("value = " + quoted + "\"", option);
}

/// The node called `part` inside `parent`, made when it is missing; nullptr when the path cannot go on.
toml::node* enter(toml::node& parent, const std::string& part, const bool next_is_number,
                  const std::string& option) {
  if (auto* table = parent.as_table()) {
    if (!table->contains(part)) {
      // Parsed, not constructed: only parsed nodes know where they come from.
      toml::table made = toml::parse(next_is_number ? "node = []" : "node = {}", option);
      made.get("node")->visit([&](auto&& node) { table->insert(part, std::move(node)); });
    }
    return table->get(part);
  }
  auto* array = parent.as_array();
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
  if (array == nullptr || error != std::errc() || end != part.data() + part.size()) return nullptr;
  if (index == array->size()) {
    toml::table made = toml::parse("node = {}", option);
    array->push_back(std::move(*made.get("node")->as_table()));
  }
  return index < array->size() ? array->get(index) : nullptr;
}

/// An index; nine digits are more than any study has.
bool is_number(const std::string& text) {
  return !text.empty() && text.size() < 10 && text.find_first_not_of("0123456789") == std::string::npos;
}

}  // namespace

Place place_of(const toml::source_region& source) {
  if (source.path && source.path->rfind(option_name, 0) == 0) return {*source.path, 0, 0};
  return {"", int(source.begin.line), int(source.begin.column)};
}

void apply_overrides(toml::table& study, const std::vector<std::string>& overrides, Diagnostics& errors) {
  for (const std::string& text : overrides) {
    const std::string option = std::string(option_name) + text;
    const Place place{option, 0, 0};
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      errors.add(place, "", "", "key=value is needed, for example --set time.end=\"7 day\"");
      continue;
    }
    const std::vector<std::string> path = split(text.substr(0, equals));
    toml::table value;
    try {
      value = parse_value(text.substr(equals + 1), option);
    } catch (const toml::parse_error& error) {
      errors.add(place, "", "", fmt::format("the value is not valid TOML: {}", error.description()));
      continue;
    }
    toml::node* parent = &study;
    for (std::size_t i = 0; i + 1 < path.size() && parent != nullptr; ++i)
      parent = enter(*parent, path[i], is_number(path[i + 1]), option);
    toml::node* node = parent ? value.get("value") : nullptr;
    if (node != nullptr && parent->is_table()) {
      node->visit([&](auto&& v) { parent->as_table()->insert_or_assign(path.back(), std::move(v)); });
    } else if (node != nullptr && parent->is_array() && is_number(path.back()) &&
               std::stoul(path.back()) <= parent->as_array()->size()) {
      toml::array& array = *parent->as_array();
      const std::size_t index = std::stoul(path.back());
      node->visit([&](auto&& v) {
        if (index == array.size())
          array.push_back(std::move(v));
        else
          array.replace(array.cbegin() + std::ptrdiff_t(index), std::move(v));
      });
    } else {
      errors.add(place, "", "", fmt::format("the study has no place '{}'", text.substr(0, equals)));
    }
  }
}

}  // namespace kollagen
