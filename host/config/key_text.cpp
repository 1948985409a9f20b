/// Keys and their values as text.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <cmath>
#include <sstream>

#include "host/config/keys.hpp"
#include "host/config/units.hpp"

namespace kollagen {
namespace {

std::string quoted(const std::string& text) {
  std::ostringstream out;
  const toml::value<std::string> value(text);
  out << toml::toml_formatter(value, toml::format_flags::none);
  return out.str();
}

std::string number(const double value, const std::string_view unit) {
  const std::string text = format_quantity(value, unit);
  return unit == "1" ? text : quoted(text);
}

std::string list(const std::vector<double>& values, const std::string_view unit) {
  std::vector<std::string> parts;
  for (const double value : values) parts.push_back(number(value, unit));
  return fmt::format("[{}]", fmt::join(parts, ", "));
}

std::string shape_of(const KeyKind kind) {
  switch (kind) {
    case KeyKind::text:
      return "a text";
    case KeyKind::name:
      return "a text of letters, digits, '_' and '-'";
    case KeyKind::choice:
      return "one word";
    case KeyKind::field:
      return "the name or symbol of a field";
    case KeyKind::field_list:
      return "a list of names or symbols of fields";
    case KeyKind::term_list:
      return "a list of names of terms";
    case KeyKind::parameter:
      return "the name of a parameter";
    case KeyKind::parameter_list:
      return "a list of names of parameters";
    case KeyKind::word_list:
      return "a list of words";
    case KeyKind::integer:
      return "a whole number";
    case KeyKind::integer_pair:
      return "a list of 2 whole numbers";
    case KeyKind::quantity:
      return "a number";
    case KeyKind::number_list:
      return "a list of numbers";
    case KeyKind::pair:
      return "a list of 2 numbers";
    case KeyKind::triple:
      return "a list of 3 numbers";
    case KeyKind::size_or_triple:
      return "a number, or a list of 3 numbers";
    case KeyKind::point_list:
      return "a list of points, each a list of 3 numbers";
  }
  return {};
}

std::string unit_text(const std::string& unit) {
  if (unit == unit_of_field) return ", in the unit of the field";
  if (unit == unit_of_field_rate) return ", in the unit of the field per time";
  if (unit == unit_of_parameter) return ", in the unit of the parameter";
  if (unit == "rad") return ", with the unit of an angle";
  return fmt::format(", with a unit like '{}'", unit);
}

}  // namespace

std::string format_value(const Key& key, const KeyValue& value, const std::string_view unit) {
  if (const auto* real = std::get_if<double>(&value)) return number(*real, unit);
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *integer);
  if (const auto* text = std::get_if<std::string>(&value)) return quoted(*text);
  if (const auto* words = std::get_if<std::vector<std::string>>(&value)) {
    std::vector<std::string> parts;
    for (const auto& word : *words) parts.push_back(quoted(word));
    return fmt::format("[{}]", fmt::join(parts, ", "));
  }
  const auto* numbers = std::get_if<std::vector<double>>(&value);
  if (numbers == nullptr) return {};
  if (key.kind != KeyKind::point_list) return list(*numbers, unit);
  std::vector<std::string> points;
  for (std::size_t i = 0; i + 2 < numbers->size(); i += 3)
    points.push_back(list({numbers->begin() + long(i), numbers->begin() + long(i) + 3}, unit));
  return fmt::format("[{}]", fmt::join(points, ", "));
}

std::string format_default(const Key& key, const KeyValue& value) {
  return format_value(key, value, key.unit_key() ? "1" : std::string_view(key.unit));
}

std::string describe_allowed(const Key& key) {
  std::string text = shape_of(key.kind);
  const bool with_number = key.kind == KeyKind::quantity || key.kind == KeyKind::pair ||
                           key.kind == KeyKind::triple || key.kind == KeyKind::size_or_triple ||
                           key.kind == KeyKind::point_list;
  if (with_number && key.unit != "1") text += unit_text(key.unit);
  const std::string unit = key.unit_key() ? "1" : key.unit;
  if (key.kind == KeyKind::integer || key.kind == KeyKind::integer_pair)
    text += fmt::format(", {:.0f} to {:.0f}", key.lower, key.upper);
  else if (std::isfinite(key.lower) && std::isfinite(key.upper))
    text += fmt::format(", {} to {}", describe_quantity(key.lower, unit), describe_quantity(key.upper, unit));
  if (!key.choices.empty()) text += fmt::format(": {}", fmt::join(key.choices, ", "));
  return text;
}

}  // namespace kollagen
