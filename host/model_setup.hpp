/// From names to models: applies a study's parameters and switches, and describes a model as text and
/// numbers.
#pragma once

#include <cmath>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "kollagen/check.hpp"
#include "kollagen/model/dermal/dermal.hpp"
#include "kollagen/model/info.hpp"
#include "kollagen/model/verification.hpp"

namespace kollagen {

/// The model with `parameters` (internal units, by documented name) in place of its defaults and the terms
/// named in `disabled` switched off. Throws InputError for a name that the model lacks and for a value that
/// is not a number or out of range.
template <class Model>
Model configured_model(const std::map<std::string, double>& parameters,
                       const std::vector<std::string>& disabled) {
  Model model;
  for (const auto& [wanted, setting] : parameters) {
    const std::string& key = wanted;
    const double value = setting;
    bool found = false;
    model.visit([&](const char*, const char* name, Real& member, const char* unit, const double lower,
                    const double upper, const char*, const char*) {
      if (key != name) return;
      found = true;
      if (!(value >= lower && value <= upper)) {
        std::ostringstream text;
        text << "parameter " << key << " of model " << Model::name << " is " << value
             << "; allowed: " << lower << " to " << upper << " " << unit;
        throw InputError(text.str());
      }
      member = value;
    });
    if (!found)
      throw InputError("model " + std::string(Model::name) + " has no parameter \"" + key +
                       "\"; kollagen explain parameters lists them");
  }
  for (const std::string& wanted : disabled) {
    bool found = false;
    model.for_each_term([&](const char* name, const char*, const char*, Real& on) {
      if (wanted != name) return;
      found = true;
      on = 0;
    });
    if (!found)
      throw InputError("model " + std::string(Model::name) + " has no term \"" + wanted +
                       "\"; kollagen explain terms lists them");
  }
  return model;
}

/// Species, parameters and terms of a model.
template <class Model>
ModelInfo describe() {
  Model model;
  ModelInfo info;
  info.name = Model::name;
  info.doc = Model::doc;
  info.species = Model::species();
  model.visit([&](const char* owner, const char* name, const Real& value, const char* unit,
                  const double lower, const double upper, const char* doc, const char* source) {
    info.parameters.push_back({name, unit, value, lower, upper, doc, source, owner});
  });
  model.for_each_term([&](const char* name, const char* equation, const char* doc, Real&) {
    info.terms.push_back({name, equation, doc});
  });
  return info;
}

/// Holds a model as a type, so that a generic lambda can receive it.
template <class Model>
struct ModelType {
  using type = Model;
};

/// Calls `f(ModelType<Model>{})` for every shipped model; the one list of models.
template <class F>
void for_each_model(F&& f) {
  f(ModelType<Dermal>{});
  f(ModelType<Linear>{});
  f(ModelType<FisherKpp>{});
  f(ModelType<KellerSegel>{});
  f(ModelType<GrayScott>{});
  f(ModelType<Schnakenberg>{});
}

/// Calls `f(ModelType<Model>{})` for the shipped model called `name`; throws InputError for another name.
template <class F>
void with_model(const std::string_view name, F&& f) {
  bool found = false;
  for_each_model([&](auto model) {
    if (name != decltype(model)::type::name) return;
    found = true;
    f(model);
  });
  if (!found) (void)model_info(name);
}

}  // namespace kollagen
