/// Answers of `kollagen explain`.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <iterator>

#include "host/config/diagnostics.hpp"
#include "host/config/documentation.hpp"
#include "host/config/keys.hpp"
#include "host/config/units.hpp"
#include "kollagen/check.hpp"
#include "kollagen/model/info.hpp"

namespace kollagen {
namespace {

/// "treatment.0.pitch", "treatment[0].pitch" and "treatment[].pitch" all become "treatment.pitch".
std::string plain(const std::string& path) {
  std::string result;
  std::size_t i = 0;
  while (i < path.size()) {
    std::size_t end = std::min(path.find('.', i), path.size());
    std::string part = path.substr(i, end - i);
    part.resize(std::min(part.find('['), part.size()));
    const bool number = !part.empty() && part.find_first_not_of("0123456789") == std::string::npos;
    if (!part.empty() && !number) result += (result.empty() ? "" : ".") + part;
    i = end + 1;
  }
  return result;
}

std::string explain_key(const Section& section, const Key& key) {
  std::string text = fmt::format("{}\n  {}\n", key_path(section, key), key.doc);
  text += fmt::format("  accepts   {}\n", describe_allowed(key));
  const KeyValue value = default_value(section, key);
  if (key.required)
    text += "  required\n";
  else if (!std::holds_alternative<std::monostate>(value) && key.when_unset.empty())
    text += fmt::format("  default   {}\n", format_default(key, value));
  else
    text += fmt::format("  default   {}\n", key.when_unset);
  if (!key.meaningful.empty())
    text += fmt::format("  only with {} = {}\n", key.sibling, fmt::join(key.meaningful, ", "));
  if (!key.source.empty()) text += fmt::format("  source    {}\n", key.source);
  text += fmt::format("  example   {} = {}\n", key.name, key.example);
  return text;
}

std::string explain_section(const Section& section) {
  std::string text;
  if (!section.path.empty()) text = fmt::format("{}\n  {}\n", section.path, section.doc);
  for (const Key& key : section.keys) text += fmt::format("  {:<28} {}\n", key_path(section, key), key.doc);
  return text;
}

std::string explain_parameter(const ParameterInfo& p) {
  std::string text = fmt::format("model_parameters.{}\n  {}\n", p.name, p.doc);
  text += fmt::format("  accepts   a number{}, {} to {}\n",
                      p.unit == "1" ? "" : fmt::format(", with a unit like '{}'", p.unit),
                      describe_quantity(p.lower, p.unit), describe_quantity(p.upper, p.unit));
  text += fmt::format("  default   {}\n  source    {}\n  term      {}\n", describe_quantity(p.value, p.unit),
                      p.source, p.term);
  const std::string value = describe_quantity(p.value, p.unit);
  text += fmt::format("  example   {} = {}\n", p.name, p.unit == "1" ? value : "\"" + value + "\"");
  return text;
}

std::string list_fields(const ModelInfo& model) {
  std::string text =
      fmt::format("Fields of the model {} (name, symbol, unit, absolute tolerance at a tolerance of 1e-3):\n",
                  model.name);
  for (const SpeciesInfo& s : model.species)
    text += fmt::format("  {:<20} {:<3} {:<12} {:<8g} {}\n", s.name, s.symbol, s.unit, s.absolute_tolerance,
                        s.doc);
  return text;
}

std::string list_terms(const ModelInfo& model) {
  std::string text = fmt::format("Terms of the model {}; [[terms]] disable takes their names:\n", model.name);
  for (const TermInfo& t : model.terms)
    text += fmt::format("  {}\n    {}\n    {}\n", t.name, t.doc, t.equation);
  return text;
}

std::string list_parameters(const ModelInfo& model) {
  std::string text =
      fmt::format("Parameters of the model {}; [model_parameters] takes their names:\n", model.name);
  for (const ParameterInfo& p : model.parameters)
    text += fmt::format("  {:<10} {:>22}  {}\n", p.name, describe_quantity(p.value, p.unit), p.doc);
  return text;
}

}  // namespace

std::string explain(const std::string& asked, const std::string& model_name) {
  const ModelInfo& model = model_info(model_name);
  if (asked.empty()) {
    std::string text = "Keys of a study; `kollagen explain KEY` tells more.\n";
    for (const Section& section : config_sections()) text += explain_section(section);
    return text + "  model_parameters.*           see `kollagen explain parameters`\n";
  }
  if (asked == "fields") return list_fields(model);
  if (asked == "terms") return list_terms(model);
  if (asked == "parameters" || asked == "model_parameters") return list_parameters(model);

  const std::string key = plain(asked);
  std::vector<std::string> known{"fields", "terms", "parameters"};
  for (const Section& section : config_sections()) {
    if (!section.path.empty() && plain(section.path) == key) return explain_section(section);
    known.push_back(plain(section.path));
    for (const Key& k : section.keys) {
      if (plain(key_path(section, k)) == key) return explain_key(section, k);
      known.push_back(plain(key_path(section, k)));
    }
  }
  for (const ParameterInfo& p : model.parameters) {
    if (p.name == key || fmt::format("model_parameters.{}", p.name) == key) return explain_parameter(p);
    known.push_back(p.name);
  }
  for (const TermInfo& t : model.terms) {
    if (t.name == key) return fmt::format("term {}\n  {}\n  {}\n", t.name, t.doc, t.equation);
    known.push_back(t.name);
  }
  const int field = model.find_species(key);
  if (field >= 0) {
    const SpeciesInfo& s = model.species[std::size_t(field)];
    return fmt::format("field {} ({})\n  {}\n  unit      {}\n", s.name, s.symbol, s.doc, s.unit);
  }
  for (const SpeciesInfo& s : model.species) known.emplace_back(s.name);
  // A key without its table: "pitch" for treatment.pitch.
  std::string found;
  for (const Section& section : config_sections())
    if (const Key* k = section.find(key)) found += (found.empty() ? "" : "\n") + explain_key(section, *k);
  if (!found.empty()) return found;
  throw InputError(fmt::format("explain {}: there is no key, table, field, term or parameter of this name{}",
                               asked, suggestion(key, known)));
}

}  // namespace kollagen
