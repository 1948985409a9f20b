/// Writes a study with every key and default.
#include <fmt/format.h>

#include <sstream>

#include "host/config/keys.hpp"
#include "host/config/study.hpp"
#include "host/config/units.hpp"
#include "host/insitu/backend.hpp"

namespace kollagen {
namespace {

void write_keys(std::ostringstream& out, const Section& section, const void* object, const ModelInfo& model) {
  for (const Key& key : section.keys) {
    if (!key_applies(section, key, object)) continue;
    const KeyValue value = key.load(object);
    if (!std::holds_alternative<std::monostate>(value))
      out << key.name << " = " << format_value(key, value, unit_of(section, key, object, &model)) << "\n";
    else if (section.path != "domain.boundary")
      out << "# " << key.name << ": " << key.when_unset << "\n";
  }
}

void write_parameters(std::ostringstream& out, const Config& config, const ModelInfo& model) {
  out << "\n[model_parameters]\n";
  for (const ParameterInfo& p : model.parameters) {
    const auto given = config.model_parameters.find(p.name);
    const double value = given == config.model_parameters.end() ? p.value : given->second;
    const std::string text = format_quantity(value, p.unit);
    out << p.name << " = " << (p.unit == "1" ? text : "\"" + text + "\"") << "\n";
  }
}

}  // namespace

std::string change_tables(const std::vector<ChangeConfig>& changes, const ModelInfo& model) {
  std::ostringstream out;
  for (const ChangeConfig& change : changes) {
    out << "\n[[change]]\n";
    write_keys(out, config_section("change[]"), &change, model);
  }
  return out.str();
}

std::string resolve_study(const Config& config, const ModelInfo& model) {
  std::ostringstream out;
  out << "# Every key of the study, defaults included. Lines that begin with # name keys that were left to "
         "a\n"
         "# default which depends on other keys.\n";
  for (const Section& section : config_sections()) {
    const std::size_t count = section.count(config);
    std::string title = section.parent().empty() ? section.name() : section.parent() + "." + section.name();
    for (std::size_t i = 0; i < count; ++i) {
      if (!section.path.empty())
        out << (section.repeated ? "\n[[" : "\n[") << title << (section.repeated ? "]]\n" : "]\n");
      if (section.path == "insitu") out << "# Scripts and viewers find the fields as \"" << insitu_channel << "\".\n";
      write_keys(out, section, section.at(config, i), model);
    }
  }
  write_parameters(out, config, model);
  return out.str();
}

}  // namespace kollagen
