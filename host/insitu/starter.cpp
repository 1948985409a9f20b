#include "host/insitu/starter.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "host/insitu/derived.hpp"
#include "kollagen/check.hpp"
#include "kollagen/column.hpp"
#include "kollagen/needles.hpp"

namespace kollagen {
namespace {

/// Sections side by side in a picture; more are hard to read.
constexpr std::size_t most_shown = 3;

struct Range {
  double low = 0, high = 1;
};

/// One field that the script is given.
struct Given {
  std::string name, unit, doc;
  Range range;
};

/// `value` with two digits, as people choose the end of a scale; 1 where there is nothing to go by.
double rounded(const double value) {
  if (!(value > 0)) return 1;
  const double digit = std::pow(10, std::floor(std::log10(value)) - 1);
  return std::round(value / digit) * digit;
}

/// Ranges of the skin model: the greatest baseline of a layer, or the parameter that sets the scale, times
/// what healing makes of it in the reference study.
class SkinRanges {
 public:
  explicit SkinRanges(const Config& config) : config_(config) {
    for (const Layer& layer : resolve_layers(config.skin, config.domain.size[2])) {
      most_.collagen_i = std::max(most_.collagen_i, layer.collagen_i);
      most_.collagen_iii = std::max(most_.collagen_iii, layer.collagen_iii);
      most_.elastin = std::max(most_.elastin, layer.elastin);
      most_.fibroblasts = std::max(most_.fibroblasts, layer.fibroblasts);
      collagen_ = std::max(collagen_, layer.collagen_i + layer.collagen_iii);
    }
  }

  Range of(const std::string& field) const {
    if (field == "strength") return {0, 1.2};  // 1: undamaged
    return {0, rounded(high(field))};
  }

 private:
  double parameter(const char* name) const { return config_.model_parameters.at(name); }

  double high(const std::string& field) const {
    const double granules = parameter("A0") * parameter("q_T");  // TGF-beta that a fresh clot brings [ng/mL]
    if (field == "platelets") return parameter("A0");
    if (field == "pdgf") return parameter("K_P");
    if (field == "tgf_beta_latent") return granules * (1 - parameter("f_b")) / 3;
    if (field == "tgf_beta_bound") return granules * parameter("f_b");
    if (field == "tgf_beta") return 3 * parameter("KTN");
    if (field == "fgf2") return 3 * parameter("K_G");
    if (field == "fibroblasts" || field == "myofibroblasts")
      return most_.fibroblasts * parameter("kappa") / 2;
    if (field == "macrophages_m1" || field == "macrophages_m2") return parameter("M_max") / 2;
    if (field == "provisional_matrix") return parameter("B0");
    if (field == "collagen_i") return 1.2 * most_.collagen_i;
    if (field == "collagen_iii") return 1.5 * most_.collagen_iii;
    if (field == "total_collagen") return 1.2 * collagen_;
    if (field == "collagen_iii_share") return parameter("f3w");
    if (field == "elastin") return 1.2 * most_.elastin;
    if (field == "damage") return 1;
    if (field == "mmp") return parameter("K_W");
    throw std::logic_error("starter_script: the range of " + field + " is unknown");
  }

  const Config& config_;
  Layer most_;
  double collagen_ = 0;
};

/// Range of the values that a study begins with, 0 included.
Range initial_range(const Config& config, const std::string& field) {
  Range range{0, 0};
  for (const InitialConfig& initial : config.initial) {
    if (initial.field != field) continue;
    const double most = initial.offset + std::abs(initial.value),
                 least = initial.offset - std::abs(initial.value);
    range.high = std::max(range.high, most);
    if (initial.shape == Shape::cosine || initial.value < 0) range.low = std::min(range.low, least);
  }
  return range.high > range.low ? range : Range{0, 1};
}

std::vector<Given> given_fields(const Config& config, const ModelInfo& model) {
  std::vector<Given> result;
  const auto wanted = [&](const std::string& name) {
    const auto& names = config.insitu.fields;
    return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const SpeciesInfo& species : model.species)
    if (wanted(species.name)) result.push_back({species.name, species.unit, species.doc, {}});
  for (const DerivedField& field : derived_fields)
    for (const std::string& name : config.insitu.derived)
      if (name == field.name) result.push_back({field.name, field.unit, field.doc, {}});
  if (config.model == "dermal") {
    const SkinRanges ranges(config);
    for (Given& field : result) field.range = ranges.of(field.name);
  } else {
    for (Given& field : result) field.range = initial_range(config, field.name);
  }
  return result;
}

/// The fields to begin with: signal, matrix and cells where they are given, else the first.
std::vector<std::string> shown_fields(const std::vector<Given>& given) {
  std::vector<std::string> shown;
  const auto add = [&](const std::string& name) {
    const auto is = [&](const Given& field) { return field.name == name; };
    const bool there = std::any_of(given.begin(), given.end(), is);
    if (there && shown.size() < most_shown && std::find(shown.begin(), shown.end(), name) == shown.end())
      shown.push_back(name);
  };
  for (const char* name : {"tgf_beta", "total_collagen", "fibroblasts"}) add(name);
  if (std::find(shown.begin(), shown.end(), "total_collagen") == shown.end()) add("collagen_i");
  for (const Given& field : given) add(field.name);
  return shown;
}

struct Row {
  double y = 0;
  std::string what;
};

/// The row of needles nearest to the middle of the domain, of the first session that has any.
Row needle_row(const Config& config) {
  const auto& size = config.domain.size;
  for (std::size_t session = 0; session < config.treatments.size(); ++session) {
    const auto needles = place_needles(config.treatments[session], size, config.seed, int(session));
    const auto beside = [&](const Needle& needle) { return std::abs(needle.entry[1] - size[1] / 2); };
    const auto nearest =
        std::min_element(needles.begin(), needles.end(),
                         [&](const Needle& a, const Needle& b) { return beside(a) < beside(b); });
    if (nearest != needles.end() && beside(*nearest) < size[1] / 2)
      return {nearest->entry[1],
              fmt::format("the needle of treatment {} that is nearest to the middle", session)};
  }
  return {size[1] / 2, "the middle; the study has no needle in its domain"};
}

/// `text` within the quotes of a Python string of one line.
std::string in_quotes(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return result;
}

constexpr const char* common = R"(
fields = TrivialProducer(registrationName="fields")
fields.UpdatePipeline()
# Of the domain, the same on every rank; bounds and ranges would be those of the rank.
width, length, depth = (fields.FieldData["domain_size_um"].GetRange(axis)[0] for axis in range(3))
if not 0 <= SECTION_Y < length:
    raise ValueError(f"SECTION_Y = {SECTION_Y} um is outside of the domain, which reaches from 0 to {length} um")
)";

constexpr const char* drawing = R"(
view = CreateView("RenderView")
view.ViewSize = PICTURE
view.Background = [1, 1, 1]
view.UseColorPaletteForBackground = 0
view.OrientationAxesVisibility = 0
view.UseFXAA = 0  # the colours are flat; to smooth their edges would take a third of the time

# Only the cells about the section: to average the whole box to points would take longer than all the rest.
slab, box = fields, fields.GetClientSideObject().GetOutputDataObject(0)
if box.IsA("vtkImageData"):  # Catalyst 2 gives pieces with indices of their own
    dx, dy, dz = box.GetSpacing()
    row = int(SECTION_Y / dy)
    slab = ExtractSubset(Input=fields)
    slab.VOI = [0, round(width / dx), max(row - 1, 0), row + 2, 0, round(depth / dz)]  # points
points = CellDatatoPointData(Input=slab)
points.ProcessAllArrays = 0
points.CellDataArraytoprocess = SHOWN
section = Slice(Input=points)
section.SliceType = "Plane"
section.SliceType.Origin = [width / 2, SECTION_Y, depth / 2]
section.SliceType.Normal = [0, 1, 0]
# An isosurface as well: its points with Input=fields as above, surface = Contour(Input=those),
# surface.ContourBy = ["POINTS", SHOWN[0]], surface.Isosurfaces = [value], Show(surface, view).

for number, field in enumerate(SHOWN):
    low, high, unit = RANGES[field]
    panel = PassArrays(Input=section)
    panel.PointDataArrays = [field]
    shown = Show(panel, view)
    shown.Position = [1.1 * width * number, 0, 0]
    ColorBy(shown, ("POINTS", field))
    table = GetColorTransferFunction(field)
    table.ApplyPreset(COLOURS, True)
    table.AutomaticRescaleRangeMode = "Never"  # ColorBy takes the range of the rank
    table.RescaleTransferFunction(low, high)
    shown.Ambient, shown.Diffuse, shown.Specular = 1, 0, 0  # colours as in the table, whatever the light
    bar = GetScalarBar(table, view)
    bar.Title, bar.ComponentTitle = field, f"[{unit}]"
    bar.Orientation = "Horizontal"
    bar.WindowLocation = "Any Location"
    bar.Position = [(number + 0.12) / len(SHOWN), 0.04]
    bar.ScalarBarLength = 0.76 / len(SHOWN)
    bar.RangeLabelFormat = bar.LabelFormat = "%g"
    bar.AutomaticLabelFormat = 0
    bar.TitleColor = bar.LabelColor = [0, 0, 0]
    shown.SetScalarBarVisibility(view, True)

clock = AnnotateTimeFilter(Input=fields)
clock.Format = "{time:g} h"
text = Show(clock, view)
text.WindowLocation, text.Color, text.FontSize = "Upper Left Corner", [0, 0, 0], 14

# Along -y, so that x points to the right with the skin surface above; the section a little above the middle.
across = width * (1.1 * len(SHOWN) - 0.1)
view.CameraParallelProjection = 1
view.CameraParallelScale = max(0.75 * depth, 0.53 * across * PICTURE[1] / PICTURE[0])
view.CameraFocalPoint = [across / 2, SECTION_Y, depth / 2 + 0.2 * view.CameraParallelScale]
view.CameraPosition = [across / 2, SECTION_Y + 4 * max(across, depth), depth / 2 + 0.2 * view.CameraParallelScale]
view.CameraViewUp = [0, 0, -1]

picture = CreateExtractor("PNG", view, registrationName="picture")
picture.Writer.FileName = "picture_{timestep:06d}.png"
picture.Writer.ImageResolution = PICTURE
picture.Writer.Format = "PNG"
)";

constexpr const char* extracting = R"(
spacing = fields.GetClientSideObject().GetOutputDataObject(0).GetSpacing()
cells = [round(side / step) for side, step in zip((width, length, depth), spacing)]
plane = int(SECTION_Y / spacing[1])
section = ExtractSubset(Input=fields, registrationName="section")
section.VOI = [0, cells[0], plane, plane + 1, 0, cells[2]]

# Without vtkGhostType, the mark of cells that ranks have of their neighbours: the pieces are laid over each other when
# they are read.
plain = PassArrays(Input=section)
plain.CellDataArrays = SHOWN
extract = CreateExtractor("VTI", plain)
extract.Writer.FileName = "section_{timestep:06d}.pvti"
)";

constexpr const char* ending = R"(
options = catalyst.Options()  # the folder of the run decides where extracts go
options.GlobalTrigger = "TimeStep"  # each call; [insitu] every in the study says how often


def RequestDataDescription(description):
    """Fields that are copied for the script; in the first call all are."""
    wanted = description.GetInputDescriptionByName("fields")
    for field in SHOWN:
        wanted.AddField(field, 1)  # 1: on cells
    wanted.GenerateMeshOn()
)";

}  // namespace

std::string starter_script(const Config& config, const ModelInfo& model, const std::string& study,
                           const bool extracts) {
  const std::vector<Given> given = given_fields(config, model);
  const Row row = needle_row(config);
  std::string text = "# script-version: 2.0\n";
  text +=
      fmt::format("\"\"\"{}: a section through a row of needles, {}.\n\n", in_quotes(config.title),
                  extracts ? "as data; needs no display" : "as pictures; needs a display (xvfb-run will do)");
  text += fmt::format(
      "For the study {}: kollagen run {} --insitu THIS_FILE. Results are in RUN/insitu; docs/insitu.md tells "
      "more.\n"
      "Fields and derived fields are those of [insitu] in the study.\n\"\"\"\n",
      in_quotes(study), in_quotes(study));
  text += "from paraview import catalyst\nfrom paraview.simple import *\n\n";
  text += fmt::format("SECTION_Y = {:.10g}  # um: {}\n", row.y, row.what);
  if (extracts) {
    std::vector<std::string> names;
    for (const Given& field : given) names.push_back(field.name);
    text += fmt::format("SHOWN = [\n    \"{}\",\n]  # take out what you do not need\n",
                        fmt::join(names, "\",\n    \""));
    return text + common + extracting + ending;
  }
  text += fmt::format("SHOWN = [\"{}\"]  # side by side; any of RANGES\n",
                      fmt::join(shown_fields(given), "\", \""));
  text +=
      "# Ends of the colour scale, the same for all pictures, and unit of each field that the study gives.\n";
  text += "RANGES = {\n";
  for (const Given& field : given)
    text += fmt::format("    \"{}\": ({:g}, {:g}, \"{}\"),  # {}\n", field.name, field.range.low,
                        field.range.high, field.unit, field.doc);
  text += "}\nCOLOURS = \"Viridis (matplotlib)\"\nPICTURE = [1500, 600]  # pixels\n";
  return text + common + drawing + ending;
}

}  // namespace kollagen
