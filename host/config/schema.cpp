/// JSON Schema of a study.
#include <cmath>
#include <nlohmann/json.hpp>

#include "host/config/documentation.hpp"
#include "host/config/keys.hpp"
#include "host/config/value_reader.hpp"
#include "kollagen/model/info.hpp"

namespace kollagen {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* number_pattern = R"(^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$)";
constexpr const char* quantity_pattern =
    R"(^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*[^0-9\s].*$|)"
    R"(^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s+1.*$)";

Json plain_number(const double lower, const double upper) {
  Json number = {{"type", "number"}};
  if (std::isfinite(lower)) number["minimum"] = lower;
  if (std::isfinite(upper)) number["maximum"] = upper;
  return {{"anyOf", Json::array({number, {{"type", "string"}, {"pattern", number_pattern}}})}};
}

Json quantity(const std::string& unit, const double lower, const double upper) {
  if (unit == "1") return plain_number(lower, upper);
  const Json text = {{"type", "string"}, {"pattern", quantity_pattern}};
  if (unit != unit_of_field && unit != unit_of_field_rate && unit != unit_of_parameter) return text;
  // With or without a unit, depending on the field or the parameter.
  return {{"type", Json::array({"string", "number"})}};
}

Json list_of(const Json& item, const int length) {
  return {{"type", "array"}, {"items", item}, {"minItems", length}, {"maxItems", length}};
}

Json value_schema(const Key& key) {
  const Json one = quantity(key.unit, key.lower, key.upper);
  const Json text = {{"type", "string"}};
  switch (key.kind) {
    case KeyKind::text:
      return text;
    case KeyKind::field:
    case KeyKind::parameter:
      return text;
    case KeyKind::name:
      return {{"type", "string"}, {"pattern", "^[A-Za-z0-9_-]{1,64}$"}};
    case KeyKind::choice:
      return {{"type", "string"}, {"enum", key.choices}};
    case KeyKind::field_list:
    case KeyKind::term_list:
    case KeyKind::parameter_list:
      return {{"type", "array"}, {"items", text}, {"uniqueItems", true}};
    case KeyKind::word_list:
      return {{"type", "array"}, {"items", {{"enum", key.choices}}}, {"uniqueItems", true}};
    case KeyKind::integer:
    case KeyKind::integer_pair: {
      const Json integer = {
          {"type", "integer"}, {"minimum", std::int64_t(key.lower)}, {"maximum", std::int64_t(key.upper)}};
      return key.kind == KeyKind::integer ? integer : list_of(integer, 2);
    }
    case KeyKind::quantity:
      return one;
    case KeyKind::number_list:
      return {{"type", "array"}, {"items", one}, {"uniqueItems", true}};
    case KeyKind::pair:
      return list_of(one, 2);
    case KeyKind::triple:
      return list_of(one, 3);
    case KeyKind::size_or_triple:
      return {{"anyOf", Json::array({one, list_of(one, 3)})}};
    case KeyKind::point_list:
      return {{"type", "array"}, {"items", list_of(one, 3)}, {"minItems", 1}};
  }
  return {};
}

/// What a key accepts, in words, next to its documentation.
std::string description(const Key& key) {
  std::string text = key.doc + " Accepts " + describe_allowed(key) + ".";
  if (!key.when_unset.empty()) text += " Without it: " + key.when_unset + ".";
  return text;
}

Json section_schema(const Section& section) {
  Json table = {{"type", "object"}, {"description", section.doc}};
  Json properties = Json::object(), required = Json::array();
  for (const Key& key : section.keys) {
    Json property = {{"description", description(key)}};
    property.update(value_schema(key));
    properties[key.name] = property;
    if (key.required && key.meaningful.empty()) required.push_back(key.name);
  }
  for (const Section& child : config_sections())
    if (!child.path.empty() && child.parent() == section.path)
      properties[child.name()] = section_schema(child);
  table["properties"] = properties;
  if (!required.empty()) table["required"] = required;
  table["additionalProperties"] = false;
  return section.repeated ? Json{{"type", "array"}, {"items", table}} : table;
}

/// What the choice of a model allows: its fields, terms and parameters.
Json model_branch(const ModelInfo& model) {
  Json parameters = Json::object();
  for (const ParameterInfo& p : model.parameters) {
    Json property = {{"description", p.doc + " Default " + std::to_string(p.value) + " " + p.unit + "."}};
    property.update(quantity(p.unit, p.lower, p.upper));
    parameters[p.name] = property;
  }
  const Json field = {{"enum", field_names(model, true)}};
  const Json parameter = {{"enum", parameter_names(model)}};
  Json insitu = {{"fields", {{"items", field}}}, {"steer", {{"items", parameter}}}};
  if (model.name != "dermal") insitu["derived"] = {{"maxItems", 0}};
  const auto rows = [](const Json& properties) { return Json{{"items", {{"properties", properties}}}}; };
  const Json properties = {
      {"model_parameters", {{"properties", parameters}, {"additionalProperties", false}}},
      {"change", rows({{"parameter", parameter}})},
      {"boundary_value", rows({{"field", field}})},
      {"initial", rows({{"field", field}})},
      {"source", rows({{"field", field}})},
      {"output", rows({{"fields", {{"items", field}}}})},
      {"insitu", {{"properties", insitu}}},
      {"terms", rows({{"disable", {{"items", {{"enum", term_names(model)}}}}}})}};
  const bool is_default = model.name == Config{}.model;
  Json condition = {{"properties", {{"model", {{"const", model.name}}}}}};
  // Without `required` the condition also holds where the key is absent.
  if (!is_default) condition["required"] = Json::array({"model"});
  return {{"if", condition}, {"then", {{"properties", properties}}}};
}

}  // namespace

std::string json_schema() {
  Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", "Kollagen study"}};
  schema.update(section_schema(config_section("")));
  schema["properties"]["model_parameters"] = {{"type", "object"},
                                              {"description", "Parameters of the model."}};
  const Json required = Json::array({"domain", "time"});
  schema["required"] = required;
  Json branches = Json::array();
  for (const std::string& name : model_names()) branches.push_back(model_branch(model_info(name)));
  schema["allOf"] = branches;
  return schema.dump(2) + "\n";
}

}  // namespace kollagen
