/// What a model is made of, as text and numbers: species, parameters and terms. Host only.
/// Parser keys, defaults, documentation, outputs and property tests iterate over these lists.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kollagen {

/// How a species moves.
enum class Motion {
  none,     ///< stays where it is
  signal,   ///< Fick, diffusivity times the layer's multiplier and the clot factor
  cell,     ///< Fick, diffusivity times the layer's multiplier, closed where no cells live
  habitat,  ///< relative to its habitat F0(z): -D F0 grad(u/F0)
};

struct SpeciesInfo {
  const char* name;           ///< self-explaining: files, ParaView, metrics, logs
  const char* symbol;         ///< short form, accepted in a study
  const char* unit;           ///< as udunits2 reads it
  Motion motion;
  const char* diffusivity;    ///< parameter name, nullptr when it does not move
  double absolute_tolerance;  ///< unit of the species; weighs errors where the field is near zero
  const char* doc;            ///< one sentence
  bool slow = false;          ///< a step may change it by less than a float can hold: double in mixed precision too
};

struct ParameterInfo {
  std::string name;
  std::string unit;  ///< internal unit, as udunits2 reads it; "1" when dimensionless
  double value = 0;  ///< default
  double lower = 0;  ///< smallest value accepted
  double upper = 0;  ///< largest value accepted
  std::string doc;
  std::string source;
  std::string term;  ///< the term (or "transport", "activation") that owns it
};

struct TermInfo {
  std::string name;
  std::string equation;
  std::string doc;
};

struct ModelInfo {
  std::string name;
  std::string doc;
  std::vector<SpeciesInfo> species;
  std::vector<ParameterInfo> parameters;
  std::vector<TermInfo> terms;  ///< what [[terms]] disable accepts; includes "diffusion" and "chemotaxis"

  /// Index of a species by name or symbol, -1 when there is none.
  int find_species(std::string_view name_or_symbol) const;
  /// Index of a parameter, -1 when there is none.
  int find_parameter(std::string_view name) const;
};

/// Names of the shipped models: dermal, linear, fisher-kpp, keller-segel, gray-scott, schnakenberg.
const std::vector<std::string>& model_names();

/// Description of a shipped model; throws InputError for another name.
const ModelInfo& model_info(std::string_view name);

}  // namespace kollagen
