#include "host/config/reader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>

#include "host/config/keys.hpp"
#include "host/config/overrides.hpp"
#include "host/config/study.hpp"
#include "host/config/units.hpp"
#include "host/config/value_reader.hpp"
#include "kollagen/check.hpp"

namespace kollagen {
namespace {

class StudyReader {
 public:
  StudyReader(Study& study) : study_(study), values_(study.errors) {}

  void read(toml::table& root) {
    read_parameters_later(root);
    const Section& top = config_section("");
    read_keys(top, root, &study_.config, "");
    if (study_.ok("model")) study_.model = &model_info(study_.config.model);
    values_.set_model(study_.model);
    read_children(top, &root, "");
    read_parameters();
    report_unknown(top, root, "");
  }

 private:
  static std::string join(const std::string& label, const std::string& name) {
    return label.empty() ? name : label + "." + name;
  }

  /// [model_parameters] is read once the model is known.
  void read_parameters_later(toml::table& root) {
    toml::node* node = root.get("model_parameters");
    if (node == nullptr) return;
    note("model_parameters", *node);
    parameters_ = node->as_table();
    if (parameters_ == nullptr) fail("model_parameters", *node, "a table [model_parameters] is needed");
  }

  void read_parameters() {
    if (study_.model == nullptr) return;
    const ModelInfo& model = *study_.model;
    for (const ParameterInfo& p : model.parameters) study_.config.model_parameters[p.name] = p.value;
    if (parameters_ == nullptr) return;
    for (const auto& [name, node] : *parameters_) {
      const std::string path = join("model_parameters", std::string(name.str()));
      note(path, node);
      const int index = model.find_parameter(name.str());
      if (index < 0) {
        const std::vector<std::string> known = parameter_names(model);
        study_.errors.add(place_of(name.source().begin ? name.source() : node.source()), path, show(node),
                          fmt::format("the model {} has no such parameter{}; `kollagen explain parameters` "
                                      "lists them",
                                      model.name, suggestion(name.str(), known)));
        continue;
      }
      const ParameterInfo& p = model.parameters[std::size_t(index)];
      if (const auto value = values_.number(node, path, p.unit, p.lower, p.upper))
        study_.config.model_parameters[p.name] = *value;
      else
        study_.failed.insert(path);
    }
  }

  void note(const std::string& path, const toml::node& node) {
    study_.given[path] = {place_of(node.source()), node.is_table() ? "" : show(node)};
  }

  void fail(const std::string& path, const toml::node& node, const std::string& message) {
    study_.failed.insert(path);
    study_.errors.add(place_of(node.source()), path, show(node), message);
  }

  void report_unknown(const Section& section, const toml::table& table, const std::string& label) {
    std::vector<std::string> known;
    for (const Key& key : section.keys) known.push_back(key.name);
    for (const Section& child : config_sections())
      if (!child.path.empty() && child.parent() == section.path) known.push_back(child.name());
    if (section.path.empty()) known.push_back("model_parameters");
    for (const auto& [name, node] : table) {
      const std::string word(name.str());
      if (std::find(known.begin(), known.end(), word) != known.end()) continue;
      std::string hint = suggestion(word, known);
      if (hint.empty()) hint = belongs_elsewhere(word);
      study_.errors.add(place_of(name.source().begin ? name.source() : node.source()), join(label, word),
                        node.is_table() ? "" : show(node),
                        fmt::format("unknown key{}; allowed here: {}", hint, fmt::join(known, ", ")));
    }
  }

  /// A hint where a key of this name would be right.
  std::string belongs_elsewhere(const std::string& word) const {
    std::vector<std::string> homes;
    for (const Section& section : config_sections())
      if (section.find(word) != nullptr) homes.push_back(key_path(section, *section.find(word)));
    if (study_.model != nullptr && study_.model->find_parameter(word) >= 0)
      homes.push_back("model_parameters." + word);
    return homes.empty() || homes.size() > 2
               ? ""
               : fmt::format("; did you mean '{}'?", fmt::join(homes, "' or '"));
  }

  /// Keys in the order of the table of keys: a field comes before the value whose unit it sets.
  void read_keys(const Section& section, const toml::table& table, void* object, const std::string& label) {
    for (const Key& key : section.keys) {
      const std::string path = join(label, key.name);
      const toml::node* node = table.get(key.name);
      const bool sibling_known = key.sibling.empty() || study_.ok(join(label, key.sibling));
      const bool applies = sibling_known && key_applies(section, key, object);
      if (node == nullptr) {
        if (key.required && applies) {
          study_.failed.insert(path);
          study_.errors.add(
              place_of(table.source()), path, "",
              fmt::format("missing; {}, for example {} = {}", describe_allowed(key), key.name, key.example));
        }
        continue;
      }
      note(path, *node);
      if (sibling_known && !applies) {
        fail(path, *node,
             fmt::format("has no effect with {} = {}; it belongs to {}", key.sibling,
                         format_value(key, section.find(key.sibling)->load(object), "1"),
                         fmt::join(key.meaningful, ", ")));
        continue;
      }
      if (key.unit_key() && (study_.model == nullptr || !study_.ok(join(label, key.unit_key())))) {
        study_.failed.insert(path);  // its unit is not known; the field, parameter or model has been reported
        continue;
      }
      if (const auto value = values_.read(key, *node, path, unit_of(section, key, object, study_.model)))
        key.store(object, *value);
      else
        study_.failed.insert(path);
    }
  }

  void read_table(const Section& section, const toml::node& node, void* object, const std::string& label) {
    note(label, node);
    const toml::table* table = node.as_table();
    if (table == nullptr) {
      fail(label, node, "a table is needed here");
      return;
    }
    read_keys(section, *table, object, label);
    read_children(section, table, label);
    report_unknown(section, *table, label);
  }

  /// Sections inside `section`; `table` is null when it is not given itself.
  void read_children(const Section& section, const toml::table* table, const std::string& label) {
    for (const Section& child : config_sections()) {
      if (child.path.empty() || child.parent() != section.path) continue;
      const std::string path = join(label, child.name());
      const toml::node* node = table ? table->get(child.name()) : nullptr;
      if (node == nullptr) {
        if (child.repeated) continue;
        read_keys(child, toml::table{}, child.append(study_.config), path);
        read_children(child, nullptr, path);
      } else if (!child.repeated) {
        read_table(child, *node, child.append(study_.config), path);
      } else if (const toml::array* list = node->as_array()) {
        for (std::size_t i = 0; i < list->size(); ++i)
          read_table(child, *list->get(i), child.append(study_.config), fmt::format("{}[{}]", path, i));
      } else {
        fail(path, *node, fmt::format("this table may be repeated: write [[{}]]", path));
      }
    }
  }

  Study& study_;
  ValueReader values_;
  const toml::table* parameters_ = nullptr;
};

/// Every value of `node` by its full path.
void flatten(const toml::node& node, const std::string& path, std::map<std::string, std::string>& values) {
  const toml::array* list = node.as_array();
  if (const toml::table* table = node.as_table())
    for (const auto& [name, child] : *table)
      flatten(child, path.empty() ? std::string(name.str()) : fmt::format("{}.{}", path, name.str()), values);
  else if (list != nullptr && list->is_array_of_tables())
    for (std::size_t i = 0; i < list->size(); ++i)
      flatten(*list->get(i), fmt::format("{}[{}]", path, i), values);
  else
    values[path] = show(node);
}

std::string read_file(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    throw InputError(path + ": error: this is a folder; a study is a file like configs/quickstart.toml");
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  if (!file || file.bad())
    throw InputError(fmt::format("{}: error: cannot be read: {}", path, std::strerror(errno)));
  return text.str();
}

}  // namespace

Place Study::place(std::string path) const {
  while (true) {
    const auto found = given.find(path);
    if (found != given.end()) return found->second.place;
    const auto cut = path.find_last_of(".[");
    if (cut == std::string::npos) return {};
    path.resize(cut);
  }
}

void Study::fail(const std::string& path, const std::string& message) {
  failed.insert(path);
  const auto found = given.find(path);
  errors.add(place(path), path, found == given.end() ? "" : found->second.value, message);
}

std::string unit_of(const Section& section, const Key& key, const void* object, const ModelInfo* model) {
  if (!key.unit_key()) return key.unit;
  const auto field = std::get<std::string>(section.find(key.unit_key())->load(object));
  if (key.unit == unit_of_parameter) {
    const int parameter = model ? model->find_parameter(field) : -1;
    return parameter < 0 ? "1" : model->parameters[std::size_t(parameter)].unit;
  }
  const int index = model ? model->find_species(field) : -1;
  const std::string unit = index < 0 ? "1" : model->species[std::size_t(index)].unit;
  if (key.unit == unit_of_field) return unit;
  return unit == "1" ? "h^-1" : unit + "/h";
}

Config parse_config(const std::string_view text, const std::string& name,
                    const std::vector<std::string>& overrides, const double memory) {
  Diagnostics errors(name, text);
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
    throw InputError(name + ": error: the file is empty; `kollagen explain` lists the keys of a study");
  toml::table root;
  try {
    root = toml::parse(text, name);
  } catch (const toml::parse_error& error) {
    errors.add(place_of(error.source()), "", "", fmt::format("not valid TOML: {}", error.description()));
    throw InputError(errors.text());
  }
  apply_overrides(root, overrides, errors);
  Study study(errors);
  StudyReader(study).read(root);
  check_study(study);
  if (!errors.empty()) throw InputError(errors.text());
  check_memory(study.config, *study.model, memory);
  study.config.resolved_toml = resolve_study(study.config, *study.model);
  return study.config;
}

std::vector<KeyDifference> differing_keys(const std::string& one, const std::string& other) {
  std::map<std::string, KeyDifference> all;
  const auto read = [&all](const std::string& text, std::string KeyDifference::*const side) {
    std::map<std::string, std::string> values;
    try {
      flatten(toml::parse(text), "", values);
    } catch (const toml::parse_error& error) {
      throw InputError(fmt::format("a resolved study is not valid TOML: {}", error.description()));
    }
    for (const auto& [key, value] : values) {
      all[key].key = key;
      all[key].*side = value;
    }
  };
  read(one, &KeyDifference::one);
  read(other, &KeyDifference::other);
  std::vector<KeyDifference> differences;
  for (const auto& [key, difference] : all)
    if (difference.one != difference.other) differences.push_back(difference);
  return differences;
}

Config read_config(const std::string& path, const std::vector<std::string>& overrides, const double share) {
  return parse_config(read_file(path), path, overrides, available_memory() / share);
}

double available_memory() {
  std::ifstream info("/proc/meminfo");
  std::string name, unit;
  for (double kilobytes = 0; info >> name >> kilobytes; std::getline(info, unit))
    if (name == "MemAvailable:") return kilobytes * 1024;
  return std::numeric_limits<double>::infinity();
}

double state_memory(const double cells, const ModelInfo& model, const StatePrecision precision) {
  double bytes = 0;
  for (const SpeciesInfo& s : model.species)
    bytes += precision == StatePrecision::mixed && !s.slow ? sizeof(float) : sizeof(double);
  return cells * bytes;
}

double estimated_memory(const double cells, const ModelInfo& model, const StatePrecision precision) {
  return 3 * state_memory(cells, model, precision) + cells * double(model.species.size()) * sizeof(double);
}

}  // namespace kollagen
