#include "host/model_setup.hpp"
#include "kollagen/check.hpp"
#include "kollagen/model/info.hpp"

namespace kollagen {
namespace {

const std::vector<ModelInfo>& registry() {
  static const std::vector<ModelInfo> models = [] {
    std::vector<ModelInfo> list;
    for_each_model([&](auto model) { list.push_back(describe<typename decltype(model)::type>()); });
    return list;
  }();
  return models;
}

}  // namespace

int ModelInfo::find_species(const std::string_view name_or_symbol) const {
  for (std::size_t n = 0; n < species.size(); ++n)
    if (name_or_symbol == species[n].name) return int(n);
  for (std::size_t n = 0; n < species.size(); ++n)
    if (name_or_symbol == species[n].symbol) return int(n);
  return -1;
}

int ModelInfo::find_parameter(const std::string_view wanted) const {
  for (std::size_t i = 0; i < parameters.size(); ++i)
    if (wanted == parameters[i].name) return int(i);
  return -1;
}

const std::vector<std::string>& model_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const ModelInfo& model : registry()) list.push_back(model.name);
    return list;
  }();
  return names;
}

const ModelInfo& model_info(const std::string_view name) {
  for (const ModelInfo& model : registry())
    if (name == model.name) return model;
  std::string known;
  for (const std::string& other : model_names()) known += (known.empty() ? "" : ", ") + other;
  throw InputError("unknown model \"" + std::string(name) + "\"; available: " + known);
}

}  // namespace kollagen
