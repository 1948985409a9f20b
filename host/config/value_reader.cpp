#include "host/config/value_reader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "host/config/overrides.hpp"
#include "host/config/units.hpp"

namespace kollagen {
namespace {

std::string kind_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "a text";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a number";
    case toml::node_type::boolean:
      return "true or false";
    default:
      return "a date or time";
  }
}

/// The node on one line, numbers with as many digits as they need.
std::string toml_text(const toml::node& node) {
  std::vector<std::string> parts;
  if (const toml::array* list = node.as_array()) {
    for (const toml::node& entry : *list) parts.push_back(toml_text(entry));
    return fmt::format("[{}]", fmt::join(parts, ", "));
  }
  if (const toml::table* table = node.as_table()) {
    for (const auto& [name, entry] : *table)
      parts.push_back(fmt::format("{} = {}", name.str(), toml_text(entry)));
    return fmt::format("{{ {} }}", fmt::join(parts, ", "));
  }
  if (const auto* real = node.as_floating_point()) return fmt::format("{}", real->get());
  std::ostringstream out;
  out << toml::toml_formatter(node, toml::format_flags::none);
  return out.str();
}

bool usable_in_file_names(const std::string& text) {
  const auto fits = [](const char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), fits);
}

}  // namespace

std::string show(const toml::node& node) {
  const std::string line = toml_text(node);
  constexpr std::size_t longest = 60;
  return line.size() <= longest ? line : line.substr(0, longest - 4) + " ...";
}

std::vector<std::string> field_names(const ModelInfo& model, const bool symbols) {
  std::vector<std::string> names;
  for (const SpeciesInfo& species : model.species) names.emplace_back(species.name);
  if (symbols)
    for (const SpeciesInfo& species : model.species) names.emplace_back(species.symbol);
  return names;
}

std::vector<std::string> term_names(const ModelInfo& model) {
  std::vector<std::string> names;
  for (const TermInfo& term : model.terms) names.push_back(term.name);
  return names;
}

std::vector<std::string> parameter_names(const ModelInfo& model) {
  std::vector<std::string> names;
  for (const ParameterInfo& parameter : model.parameters) names.push_back(parameter.name);
  return names;
}

std::nullopt_t ValueReader::fail(const toml::node& node, const std::string& path,
                                 const std::string& message) {
  errors_.add(place_of(node.source()), path, show(node), message);
  return std::nullopt;
}

std::optional<double> ValueReader::number(const toml::node& node, const std::string& path,
                                          const std::string& unit, const double lower, const double upper) {
  const bool bounded = std::isfinite(lower) && std::isfinite(upper);
  const std::string range =
      bounded ? fmt::format("{} to {}", describe_quantity(lower, unit), describe_quantity(upper, unit)) : "";
  const std::string allowed = bounded ? fmt::format("; allowed: {}", range) : "";
  double value = 0;
  if (const auto text = node.value_exact<std::string>()) {
    try {
      value = parse_quantity(*text, unit);
    } catch (const UnitError& error) {
      return fail(node, path, error.what() + allowed);
    }
  } else if (node.is_integer() || node.is_floating_point()) {
    value = *node.value<double>();
    if (!std::isfinite(value)) return fail(node, path, "it is not a finite number" + allowed);
    if (unit != "1")
      return fail(node, path,
                  fmt::format("a unit is needed, for example \"{} {}\"{}", show(node),
                              unit == "rad" ? "degree" : unit, allowed));
  } else {
    return fail(node, path,
                fmt::format("{} where a {} is needed{}", kind_of(node),
                            unit == "1" ? "number" : "quantity with a unit", allowed));
  }
  if (value < lower || value > upper) return fail(node, path, "out of range; allowed: " + range);
  return value;
}

std::optional<KeyValue> ValueReader::numbers(const Key& key, const toml::node& node, const std::string& path,
                                             const std::string& unit, const std::size_t length) {
  const toml::array* list = node.as_array();
  if (list == nullptr || list->size() != length)
    return fail(node, path, fmt::format("a list of {} values is needed, like {}", length, key.example));
  std::vector<double> values;
  for (std::size_t i = 0; i < length; ++i)
    if (const auto value = number(*list->get(i), fmt::format("{}[{}]", path, i), unit, key.lower, key.upper))
      values.push_back(*value);
  if (values.size() != length) return std::nullopt;
  return values;
}

std::optional<KeyValue> ValueReader::points(const Key& key, const toml::node& node, const std::string& path,
                                            const std::string& unit) {
  const toml::array* list = node.as_array();
  if (list == nullptr || list->empty())
    return fail(node, path, fmt::format("a list of points is needed, like {}", key.example));
  std::vector<double> values;
  for (std::size_t i = 0; i < list->size(); ++i)
    if (const auto point = numbers(key, *list->get(i), fmt::format("{}[{}]", path, i), unit, 3)) {
      const auto& p = std::get<std::vector<double>>(*point);
      values.insert(values.end(), p.begin(), p.end());
    }
  if (values.size() != 3 * list->size()) return std::nullopt;
  return values;
}

std::optional<KeyValue> ValueReader::integer(const Key& key, const toml::node& node,
                                             const std::string& path) {
  const auto value = node.value_exact<std::int64_t>();
  const std::string allowed = fmt::format("{:.0f} to {:.0f}", key.lower, key.upper);
  if (!value)
    return fail(node, path,
                fmt::format("{} where a whole number is needed; allowed: {}", kind_of(node), allowed));
  if (double(*value) < key.lower || double(*value) > key.upper)
    return fail(node, path, "out of range; allowed: " + allowed);
  return *value;
}

std::optional<std::string> ValueReader::word(const Key& key, const toml::node& node,
                                             const std::string& path) {
  const auto value = node.value_exact<std::string>();
  if (!value) return fail(node, path, fmt::format("{} where a text is needed", kind_of(node)));
  std::vector<std::string> known = key.choices;
  if (key.kind == KeyKind::field || key.kind == KeyKind::field_list) {
    if (model_ == nullptr) return value;
    const int index = model_->find_species(*value);
    if (index >= 0) return model_->species[std::size_t(index)].name;
    known = field_names(*model_, false);
    return fail(node, path,
                fmt::format("the model {} has no such field; allowed: {}{}", model_->name,
                            fmt::join(known, ", "), suggestion(*value, field_names(*model_, true))));
  }
  if (key.kind == KeyKind::term_list) {
    if (model_ == nullptr) return value;
    known = term_names(*model_);
  }
  if (key.kind == KeyKind::parameter || key.kind == KeyKind::parameter_list) {
    if (model_ == nullptr || model_->find_parameter(*value) >= 0) return value;
    return fail(node, path,
                fmt::format("the model {} has no such parameter{}; `kollagen explain parameters` lists them",
                            model_->name, suggestion(*value, parameter_names(*model_))));
  }
  if (std::find(known.begin(), known.end(), *value) != known.end()) return value;
  return fail(node, path,
              fmt::format("unknown; allowed: {}{}", fmt::join(known, ", "), suggestion(*value, known)));
}

std::optional<KeyValue> ValueReader::words(const Key& key, const toml::node& node, const std::string& path) {
  const toml::array* list = node.as_array();
  if (list == nullptr)
    return fail(node, path, fmt::format("{} where a list is needed, like {}", kind_of(node), key.example));
  std::vector<std::string> result;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string entry = fmt::format("{}[{}]", path, i);
    const auto value = word(key, *list->get(i), entry);
    if (value && std::find(result.begin(), result.end(), *value) != result.end())
      return fail(*list->get(i), entry, "named twice");
    if (value) result.push_back(*value);
  }
  if (result.size() != list->size()) return std::nullopt;
  return result;
}

std::optional<KeyValue> ValueReader::text(const Key& key, const toml::node& node, const std::string& path) {
  const auto value = node.value_exact<std::string>();
  if (!value) return fail(node, path, fmt::format("{} where a text is needed", kind_of(node)));
  if (key.kind == KeyKind::name && !usable_in_file_names(*value))
    return fail(node, path, "allowed: 1 to 64 letters (a to z), digits, '_' and '-'");
  return *value;
}

std::optional<KeyValue> ValueReader::read(const Key& key, const toml::node& node, const std::string& path,
                                          const std::string& unit) {
  switch (key.kind) {
    case KeyKind::text:
    case KeyKind::name:
      return text(key, node, path);
    case KeyKind::choice:
    case KeyKind::field:
    case KeyKind::parameter: {
      auto value = word(key, node, path);
      return value ? std::optional<KeyValue>(*value) : std::nullopt;
    }
    case KeyKind::field_list:
    case KeyKind::term_list:
    case KeyKind::parameter_list:
    case KeyKind::word_list:
      return words(key, node, path);
    case KeyKind::integer:
      return integer(key, node, path);
    case KeyKind::integer_pair: {
      const toml::array* list = node.as_array();
      if (list == nullptr || list->size() != 2)
        return fail(node, path, fmt::format("a list of 2 whole numbers is needed, like {}", key.example));
      const auto first = integer(key, *list->get(0), path + "[0]");
      const auto second = integer(key, *list->get(1), path + "[1]");
      if (!first || !second) return std::nullopt;
      return std::vector<double>{double(std::get<std::int64_t>(*first)),
                                 double(std::get<std::int64_t>(*second))};
    }
    case KeyKind::quantity: {
      const auto value = number(node, path, unit, key.lower, key.upper);
      return value ? std::optional<KeyValue>(*value) : std::nullopt;
    }
    case KeyKind::number_list: {
      const toml::array* list = node.as_array();
      if (list == nullptr)
        return fail(node, path, fmt::format("{} where a list is needed, like {}", kind_of(node), key.example));
      const auto values = numbers(key, node, path, unit, list->size());
      if (!values) return std::nullopt;
      const auto& all = std::get<std::vector<double>>(*values);
      for (std::size_t i = 0; i < all.size(); ++i)
        if (std::find(all.begin(), all.begin() + long(i), all[i]) != all.begin() + long(i))
          return fail(*list->get(i), fmt::format("{}[{}]", path, i), "given twice");
      return values;
    }
    case KeyKind::pair:
      return numbers(key, node, path, unit, 2);
    case KeyKind::triple:
      return numbers(key, node, path, unit, 3);
    case KeyKind::size_or_triple: {
      if (node.is_array()) return numbers(key, node, path, unit, 3);
      const auto value = number(node, path, unit, key.lower, key.upper);
      return value ? std::optional<KeyValue>(std::vector<double>(3, *value)) : std::nullopt;
    }
    case KeyKind::point_list:
      return points(key, node, path, unit);
  }
  return std::nullopt;
}

}  // namespace kollagen
