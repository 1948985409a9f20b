/// Layers of skin, their baseline along z and the homeostatic TGF-beta profiles (docs/skin_and_needles.md).
#include <sstream>
#include <utility>

#include "kollagen/check.hpp"
#include "kollagen/column.hpp"

namespace kollagen {
namespace {

template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

std::string joined(const std::vector<std::string>& names) {
  std::string result;
  for (const std::string& name : names) result += (result.empty() ? "" : ", ") + name;
  return result;
}

/// A layer of a preset; the deepest one of a skin reaches to the bottom of the domain.
struct PresetLayer {
  const char* name;
  double thickness;                          ///< [um]
  double collagen_i, collagen_iii, elastin;  ///< [mg/mL]
  double fibroblasts;                        ///< [cells/mm^3]
  double vessels, diffusivity;               ///< [1]
};

struct Preset {
  std::string name;
  bool uniform_block;
  std::vector<PresetLayer> layers;
};

/// The layered skins share the baselines and differ in how thick the dermis is.
std::vector<PresetLayer> layered_skin(const double papillary, const double reticular) {
  const double subcutis = 10000;  // only relative to other layers: the deepest layer is cut or extended
  return {{"stratum_corneum", 15, 0, 0, 0, 0, 0, 0},
          {"epidermis", 85, 0, 0, 0, 0, 0, 0.3},
          {"papillary", papillary, 95, 30, 4, 3500, 1, 1},
          {"reticular", reticular, 190, 38, 8, 2500, 1, 0.7},
          {"subcutis", subcutis, 20, 5, 1, 500, 0.3, 1}};
}

/// One layer of the face as an endless block without barriers.
std::vector<PresetLayer> block_of(const std::size_t index) {
  PresetLayer layer = layered_skin(250, 1150)[index];
  layer.diffusivity = 1;
  return {layer};
}

/// Sources and assumptions of every number: docs/skin_and_needles.md.
const std::vector<Preset>& presets() {
  static const std::vector<Preset> all = {{"face", false, layered_skin(250, 1150)},
                                          {"forearm", false, layered_skin(250, 1850)},
                                          {"back", false, layered_skin(300, 3700)},
                                          {"papillary", true, block_of(2)},
                                          {"reticular", true, block_of(3)}};
  return all;
}

const Preset& find_preset(const std::string& name) {
  for (const Preset& preset : presets())
    if (preset.name == name) return preset;
  throw InputError(text("skin.preset: '", name, "' is no preset; allowed: ", joined(skin_presets())));
}

const PresetLayer* find_layer(const Preset& preset, const std::string& name) {
  for (const PresetLayer& layer : preset.layers)
    if (layer.name == name) return &layer;
  return nullptr;
}

/// A layer and its thickness before it has a place.
struct ThickLayer {
  Layer layer;
  double thickness = 0;
};

ThickLayer from_preset(const PresetLayer& p) {
  ThickLayer result;
  result.layer.name = p.name;
  result.layer.collagen_i = p.collagen_i;
  result.layer.collagen_iii = p.collagen_iii;
  result.layer.elastin = p.elastin;
  result.layer.fibroblasts = p.fibroblasts;
  result.layer.vessels = p.vessels;
  result.layer.diffusivity = p.diffusivity;
  result.thickness = p.thickness;
  return result;
}

/// The values of a study replace those of `target`.
void override_values(ThickLayer& target, const LayerConfig& config) {
  target.thickness = config.thickness.value_or(target.thickness);
  Layer& layer = target.layer;
  layer.collagen_i = config.collagen_i.value_or(layer.collagen_i);
  layer.collagen_iii = config.collagen_iii.value_or(layer.collagen_iii);
  layer.elastin = config.elastin.value_or(layer.elastin);
  layer.fibroblasts = config.fibroblasts.value_or(layer.fibroblasts);
  layer.vessels = config.vessels.value_or(layer.vessels);
  layer.diffusivity = config.diffusivity.value_or(layer.diffusivity);
}

/// A layer that no preset knows: either all of its baseline is given or none of it (a layer that only
/// carries signals). Half a baseline is more likely a misspelt name.
void check_own_layer(const LayerConfig& config, const Preset& preset) {
  std::vector<std::string> missing;
  int given = 0;
  const auto look = [&](const char* key, const std::optional<double>& value) {
    if (value)
      ++given;
    else
      missing.emplace_back(key);
  };
  look("collagen_i", config.collagen_i);
  look("collagen_iii", config.collagen_iii);
  look("elastin", config.elastin);
  look("fibroblasts", config.fibroblasts);
  look("vessels", config.vessels);
  if (given == 0) missing.clear();
  if (!config.thickness) missing.insert(missing.begin(), "thickness");
  if (missing.empty()) return;
  std::vector<std::string> known;
  for (const PresetLayer& layer : preset.layers) known.emplace_back(layer.name);
  throw InputError(text("skin.layer '", config.name, "': preset '", preset.name,
                        "' has no layer of this name (it has ", joined(known),
                        "), and a layer of its own lacks ", joined(missing)));
}

void check_unique(const std::vector<LayerConfig>& layers) {
  for (std::size_t a = 0; a < layers.size(); ++a)
    for (std::size_t b = a + 1; b < layers.size(); ++b)
      if (layers[a].name == layers[b].name)
        throw InputError(text("skin.layer '", layers[a].name, "': given twice; a name may appear once"));
}

/// The layers from the top down, before they are laid onto a depth.
std::vector<ThickLayer> stack_of(const SkinConfig& skin) {
  const Preset& preset = find_preset(skin.preset);
  check_unique(skin.layers);
  bool own_skin = false;
  for (const LayerConfig& config : skin.layers)
    if (!find_layer(preset, config.name)) {
      check_own_layer(config, preset);
      own_skin = true;
    }
  std::vector<ThickLayer> stack;
  if (own_skin) {
    for (const LayerConfig& config : skin.layers) {
      const PresetLayer* known = find_layer(preset, config.name);
      ThickLayer layer = known ? from_preset(*known) : ThickLayer{};
      layer.layer.name = config.name;
      override_values(layer, config);
      stack.push_back(std::move(layer));
    }
    return stack;
  }
  for (const PresetLayer& known : preset.layers) {
    ThickLayer layer = from_preset(known);
    for (const LayerConfig& config : skin.layers)
      if (config.name == known.name) override_values(layer, config);
    stack.push_back(std::move(layer));
  }
  return stack;
}

/// Solves  loss u - div(D m grad u) = source  on a column with closed walls; `u` is 0 where m is 0. The loss
/// is positive wherever there is a source.
/// The elimination carries each row's excess over its off-diagonals (Grassmann, Taksar and Heyman), so that
/// nothing is subtracted: every value is accurate to a few units of round-off, however large D/dz^2 is.
std::vector<double> solve_column(const std::vector<double>& multiplier, const double diffusivity,
                                 const double dz, const double loss, const std::vector<double>& source) {
  const int n = int(multiplier.size());
  std::vector<double> solution(n, 0.0);
  bool any = false;
  for (int k = 0; k < n; ++k) any = any || (source[k] != 0 && multiplier[k] > 0);
  if (!any) return solution;

  std::vector<double> below(n, 0.0);  // exchange with the next cell [1/h]
  for (int k = 0; k + 1 < n; ++k) {
    const double a = multiplier[k], b = multiplier[k + 1];
    if (a > 0 && b > 0) below[k] = diffusivity / (dz * dz) * (2 * a * b / (a + b));
  }
  std::vector<double> pivot(n, 1.0), load(n, 0.0);
  double excess = 0;  // of the row above
  for (int k = 0; k < n; ++k) {
    const double share = k > 0 ? below[k - 1] / pivot[k - 1] : 0;
    excess = loss + share * excess;
    pivot[k] = excess + below[k];
    load[k] = (multiplier[k] > 0 ? source[k] : 0) + (k > 0 ? share * load[k - 1] : 0);
  }
  for (int k = n - 1; k >= 0; --k)
    solution[k] = (load[k] + (k + 1 < n ? below[k] * solution[k + 1] : 0)) / pivot[k];
  return solution;
}

bool is_uniform(const Column& column) {
  for (int k = 1; k < column.cells(); ++k)
    if (column.fibroblasts[k] != column.fibroblasts[0] || column.diffusivity[k] != column.diffusivity[0])
      return false;
  return column.diffusivity[0] > 0;
}

void solve_homeostasis(Column& column, const HomeostasisParameters& p, const double dz) {
  const int n = column.cells();
  std::vector<double> source(n);
  bool any = false;
  for (int k = 0; k < n; ++k) {
    source[k] = p.s_TF * column.fibroblasts[k];
    any = any || source[k] > 0;
  }
  if (any && !(p.lam_L + p.k_a0 > 0))
    throw InputError(
        "model_parameters: lam_L + k_a0 is 0; latent TGF-beta made by fibroblasts (s_TF) needs a loss");
  if (any && p.k_a0 > 0 && !(p.lam_T > 0))
    throw InputError("model_parameters: lam_T is 0; active TGF-beta (k_a0) needs a loss");
  if (any && is_uniform(column)) {
    const double latent = source[0] / (p.lam_L + p.k_a0);
    column.tgf_latent.assign(n, latent);
    column.tgf_active.assign(n, p.k_a0 > 0 ? p.k_a0 * latent / p.lam_T : 0);
    return;
  }
  column.tgf_latent = solve_column(column.diffusivity, p.D_L, dz, p.lam_L + p.k_a0, source);
  for (int k = 0; k < n; ++k) source[k] = p.k_a0 * column.tgf_latent[k];
  column.tgf_active = solve_column(column.diffusivity, p.D_T, dz, p.lam_T, source);
}

}  // namespace

const std::vector<std::string>& skin_presets() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> result;
    for (const Preset& preset : presets()) result.push_back(preset.name);
    return result;
  }();
  return names;
}

std::vector<Layer> resolve_layers(const SkinConfig& skin, const double depth_um) {
  if (!(depth_um > 0)) throw InputError(text("domain.size: a depth of ", depth_um, " um holds no skin"));
  std::vector<Layer> result;
  double top = 0;
  for (ThickLayer& next : stack_of(skin)) {
    if (!(next.thickness >= 0))
      throw InputError(text("skin.layer '", next.layer.name, "': a thickness of ", next.thickness,
                            " um; it must be 0 (no such layer) or more"));
    if (next.thickness == 0) continue;
    if (top >= depth_um) break;
    next.layer.top = top;
    next.layer.bottom = top += next.thickness;
    result.push_back(std::move(next.layer));
  }
  if (result.empty()) throw InputError("skin.layer: every layer has thickness 0; at least one must be left");
  result.back().bottom = depth_um;
  return result;
}

Column make_column(const SkinConfig& skin, const int nz, const double dz, const HomeostasisParameters& p) {
  KOLLAGEN_CHECK(nz > 0 && dz > 0, text("a column needs cells; asked for ", nz, " of ", dz, " um"));
  Column column;
  column.layers = resolve_layers(skin, nz * dz);
  column.uniform_block = find_preset(skin.preset).uniform_block && column.layers.size() == 1 &&
                         column.layers[0].name == skin.preset;
  column.first_vessel = nz * dz;
  for (std::size_t n = column.layers.size(); n-- > 0;)
    if (column.layers[n].vessels > 0) column.first_vessel = column.layers[n].top;

  int current = 0;
  for (int k = 0; k < nz; ++k) {
    // A centre on a boundary belongs to the deeper layer, also when unit conversion has left it an ulp short.
    const double centre = (k + 0.5) * dz + 1e-9 * dz;
    while (current + 1 < int(column.layers.size()) && centre >= column.layers[current].bottom) ++current;
    const Layer& layer = column.layers[current];
    column.layer.push_back(current);
    column.diffusivity.push_back(layer.diffusivity);
    column.fibroblasts.push_back(layer.fibroblasts);
    column.collagen_i.push_back(layer.collagen_i);
    column.collagen_iii.push_back(layer.collagen_iii);
    column.elastin.push_back(layer.elastin);
    column.vessels.push_back(layer.vessels);
  }
  solve_homeostasis(column, p, dz);
  return column;
}

}  // namespace kollagen
