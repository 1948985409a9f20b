#include "host/config/keys.hpp"

#include "host/config/key_binding.hpp"
#include "host/insitu/derived.hpp"
#include "kollagen/column.hpp"
#include "kollagen/model/info.hpp"

namespace kollagen {

const std::array<const char*, 4> wall_names{"periodic", "no-flux", "dirichlet", "robin"};
const std::array<const char*, 6> face_names{"x_min", "x_max", "y_min", "y_max", "z_min", "z_max"};
const std::array<const char*, 3> axis_names{"x", "y", "z"};

namespace {

using namespace binding;

constexpr double um = 1, mm = 1e3, metre = 1e6;          // [um]
constexpr double century = 876600;                       // [h]
constexpr double shortest_time = 1e-6;                   // [h]
constexpr double degree = 0.017453292519943295;          // [rad]
constexpr double largest = 1e12;                         // no field or rate comes near, in any unit

std::vector<std::string> walls() { return {wall_names.begin(), wall_names.end()}; }

WallKind wall(const KeyValue& v) {
  const auto& name = std::get<std::string>(v);
  return WallKind(std::find(wall_names.begin(), wall_names.end(), name) - wall_names.begin());
}

/// The wall of one face.
Key face_wall(const Face face) {
  const auto index = std::size_t(face);
  Key key;
  key.name = face_names[index];
  key.kind = KeyKind::choice;
  key.choices = walls();
  key.example = face < Face::z_min ? "\"periodic\"" : "\"no-flux\"";
  key.doc = std::string("Wall at ") + face_names[index] + "; goes before lateral, top and bottom.";
  key.store = [index](void* object, const KeyValue& v) {
    static_cast<DomainConfig*>(object)->walls[index] = wall(v);
  };
  key.load = [index](const void* object) -> KeyValue {
    return std::string(wall_names[std::size_t(static_cast<const DomainConfig*>(object)->walls[index])]);
  };
  return key;
}

/// A word for several walls at once; it is stored in their keys and never read back.
Key wall_group(std::string name, std::vector<Face> faces, std::string otherwise, std::string doc) {
  Key key;
  key.name = std::move(name);
  key.kind = KeyKind::choice;
  key.choices = walls();
  key.doc = std::move(doc);
  key.when_unset = std::move(otherwise);
  key.store = [faces](void* object, const KeyValue& v) {
    for (const Face face : faces) static_cast<DomainConfig*>(object)->walls[std::size_t(face)] = wall(v);
  };
  key.load = [](const void*) { return KeyValue{}; };
  return key;
}

const std::vector<std::pair<std::string, int>> axes{{"x", 0}, {"y", 1}, {"z", 2}};

std::vector<std::pair<std::string, Face>> faces() {
  std::vector<std::pair<std::string, Face>> result;
  for (int f = 0; f < 6; ++f) result.emplace_back(face_names[std::size_t(f)], Face(f));
  return result;
}

Section study_section() {
  return single(
      "", "The study.", [](auto& c) -> auto& { return c; },
      {make_key("title", KeyKind::text, &Config::title, "One line that says what the study shows.")
           .such_as("\"4x4 stamp, 28 days\""),
       word("model", &Config::model, model_names(), "The equations to solve.").such_as("\"dermal\""),
       make_key("seed", KeyKind::integer, &Config::seed,
                "Seed of all random needle positions; the same seed gives the same positions everywhere.")
           .range(0, 9007199254740992.0)
           .such_as("42")});
}

Section domain_section() {
  return single(
      "domain", "The brick of tissue. z = 0 is the skin surface, z grows inward.",
      [](auto& c) -> auto& { return c.domain; },
      {quantity("size", &DomainConfig::size, "um", "Sides of the brick along x, y and z.", KeyKind::triple)
           .range(0.1 * um, metre)
           .require()
           .such_as("[\"2 mm\", \"2 mm\", \"1.5 mm\"]"),
       quantity("spacing", &DomainConfig::spacing, "um",
                "Side of a cell, one for all axes or one per axis; has to divide the sides of the brick.",
                KeyKind::size_or_triple)
           .range(0.1 * um, mm)
           .require()
           .such_as("\"20 um\"")});
}

Section boundary_section() {
  return single(
      "domain.boundary",
      "What happens at the walls: periodic (both sides of an axis together), no-flux, dirichlet (fixed "
      "value) or robin (exchange with an outside value). In the dermal model such walls hold signals to the baseline "
      "of the undamaged skin, robin with the parameter k_b, and are closed to cells; in the other models the values "
      "come from [[boundary_value]].",
      [](auto& c) -> auto& { return c.domain; },
      {wall_group("lateral", {Face::x_min, Face::x_max, Face::y_min, Face::y_max}, "periodic",
                  "Walls at the four sides.")
           .such_as("\"periodic\""),
       wall_group("top", {Face::z_min}, "no-flux", "Wall at the skin surface.").such_as("\"no-flux\""),
       wall_group("bottom", {Face::z_max}, "no-flux", "Wall below.").such_as("\"no-flux\""),
       face_wall(Face::x_min), face_wall(Face::x_max), face_wall(Face::y_min), face_wall(Face::y_max),
       face_wall(Face::z_min), face_wall(Face::z_max)});
}

Section time_section() {
  return single(
      "time", "How long is simulated, and with which steps.", [](auto& c) -> auto& { return c.time; },
      {quantity("end", &TimeConfig::end, "h", "Simulated time.")
           .range(shortest_time, century)
           .require()
           .such_as("\"28 day\""),
       choice("integrator", &TimeConfig::integrator,
              {{"imex", IntegratorKind::imex}, {"explicit", IntegratorKind::explicit_rk}},
              "imex: signals implicit, adaptive steps up to hours. explicit: the reference for tests, with "
              "the small steps that diffusion allows.")
           .such_as("\"imex\""),
       choice("precision", &TimeConfig::precision,
              {{"double", StatePrecision::full}, {"mixed", StatePrecision::mixed}},
              "How fields are stored. mixed: all but collagen and elastin in float, which is faster and takes less "
              "memory; imex only.")
           .such_as("\"double\""),
       quantity("tolerance", &TimeConfig::tolerance, "1",
                "Relative error allowed per step (imex); sets the steps.")
           .range(1e-8, 0.5)
           .such_as("1e-3"),
       quantity("step", &TimeConfig::step, "h", "A fixed step instead of the automatic one.")
           .range(1e-9, century)
           .unset("automatic")
           .such_as("\"10 s\""),
       quantity("first_step", &TimeConfig::first_step, "h",
                "First step after the start and after every treatment (imex).")
           .range(1e-9, century)
           .such_as("\"1 s\""),
       quantity("max_step", &TimeConfig::max_step, "h", "No step is longer than this (imex).")
           .range(1e-9, century)
           .such_as("\"12 hour\""),
       quantity("safety", &TimeConfig::safety, "1", "Share of the largest stable step (explicit).")
           .range(0.01, 1)
           .such_as("0.9")});
}

Section skin_section() {
  return single("skin", "The undamaged skin: a preset, and layers that change it.",
                [](auto& c) -> auto& { return c.skin; },
                {word("preset", &SkinConfig::preset, skin_presets(),
                      "face, forearm and back are layered; papillary and reticular are one uniform block.")
                     .such_as("\"face\"")});
}

Section layer_section() {
  const auto layer = [](const char* name, std::optional<double> LayerConfig::*member, const char* unit,
                        const double upper, const char* doc, const char* example) {
    return quantity(name, member, unit, doc).range(0, upper).unset("that of the preset").such_as(example);
  };
  return repeated(
      "skin.layer[]",
      "Changes the layer of that name in the preset; a new name makes a skin of its own, top layer first.",
      [](auto& c) -> auto& { return c.skin.layers; },
      {make_key("name", KeyKind::name, &LayerConfig::name, "Name of the layer.")
           .require()
           .such_as("\"papillary\""),
       layer("thickness", &LayerConfig::thickness, "um", metre, "Thickness.", "\"250 um\""),
       layer("collagen_i", &LayerConfig::collagen_i, "mg/mL", 1000, "Baseline of collagen I.",
             "\"95 mg/mL\""),
       layer("collagen_iii", &LayerConfig::collagen_iii, "mg/mL", 1000, "Baseline of collagen III.",
             "\"30 mg/mL\""),
       layer("elastin", &LayerConfig::elastin, "mg/mL", 1000, "Baseline of elastin.", "\"4 mg/mL\""),
       layer("fibroblasts", &LayerConfig::fibroblasts, "mm^-3", 1e6, "Baseline of fibroblasts.",
             "\"3500 mm^-3\""),
       layer("vessels", &LayerConfig::vessels, "1", 10, "Vessel density relative to the dermis.", "1.0"),
       layer("diffusivity", &LayerConfig::diffusivity, "1", 1000,
             "Factor on every diffusivity; works in every model.", "0.3")});
}

Section treatment_section() {
  return repeated(
      "treatment[]", "One needling session (dermal model).", [](auto& c) -> auto& { return c.treatments; },
      {quantity("at", &TreatmentConfig::at, "h", "When it happens.")
           .range(0, century)
           .require()
           .such_as("\"0 day\""),
       choice("pattern", &TreatmentConfig::pattern,
              {{"single", Pattern::single},
               {"stamp", Pattern::stamp},
               {"hex", Pattern::hex},
               {"roller", Pattern::roller},
               {"pen", Pattern::pen},
               {"poisson", Pattern::poisson}},
              "How the needles are arranged: one needle, square or hexagonal array, rows of a roller, "
              "strokes of a pen, or independent random positions.")
           .such_as("\"stamp\""),
       make_key("needles", KeyKind::integer_pair, &TreatmentConfig::needles, "Needles along x and y.")
           .range(1, 10000)
           .only("pattern", {"stamp", "hex"})
           .such_as("[4, 4]"),
       quantity("pitch", &TreatmentConfig::pitch, "um", "Distance between neighbouring needles.")
           .range(10 * um, 100 * mm)
           .only("pattern", {"stamp", "hex", "roller"})
           .such_as("\"450 um\""),
       make_key("rows", KeyKind::integer, &TreatmentConfig::rows, "Rows of needles around the drum.")
           .range(1, 1000)
           .only("pattern", {"roller"})
           .such_as("8"),
       make_key("passes", KeyKind::integer, &TreatmentConfig::passes, "How often the area is treated.")
           .range(1, 1000)
           .only("pattern", {"roller", "pen", "poisson"})
           .such_as("5"),
       quantity("density", &TreatmentConfig::density, "um^-2", "Needles per area and pass.")
           .range(1e-10, 1e-2)
           .only("pattern", {"pen", "poisson"})
           .such_as("\"250 cm^-2\""),
       quantity("length", &TreatmentConfig::length, "um", "Length of a needle.")
           .range(0, 20 * mm)
           .such_as("\"1 mm\""),
       quantity("radius", &TreatmentConfig::radius, "um", "Radius of a needle.")
           .range(5 * um, mm)
           .such_as("\"100 um\""),
       quantity("tip_length", &TreatmentConfig::tip_length, "um", "Length of the cone at the tip.")
           .range(0, 20 * mm)
           .unset("4 radii")
           .such_as("\"400 um\""),
       quantity("depth_efficiency", &TreatmentConfig::depth_efficiency, "1",
                "Depth reached, as a share of the needle's length; 0.2 to 0.6 for rollers.")
           .range(0, 1)
           .from("770 um roller needles left channels 152 um deep (Kalluri 2011)")
           .such_as("0.5"),
       quantity("rim", &TreatmentConfig::rim, "um", "Decay length of the damage around a track.")
           .range(0.1 * um, mm)
           .such_as("\"30 um\""),
       quantity("matrix_loss", &TreatmentConfig::matrix_loss, "1",
                "Share of collagen and elastin lost inside a track; needles mostly displace tissue.")
           .range(0, 1)
           .such_as("0.7"),
       quantity("tilt", &TreatmentConfig::tilt, "rad", "Angle of the needles against the surface normal.")
           .range(0, 80 * degree)
           .such_as("\"10 degree\""),
       quantity("jitter", &TreatmentConfig::jitter, "um",
                "Standard deviation of each entry point around its place.")
           .range(0, 10 * mm)
           .such_as("\"20 um\""),
       quantity("center", &TreatmentConfig::center, "um", "Centre of the pattern.", KeyKind::pair)
           .range(0, metre)
           .unset("the centre of the surface")
           .such_as("[\"1 mm\", \"1 mm\"]"),
       choice(
           "placement", &TreatmentConfig::placement,
           {{"automatic", Placement::automatic}, {"fixed", Placement::fixed}, {"random", Placement::random}},
           "fixed: at the centre, along x and y. random: shifted and turned at random. automatic: a single "
           "needle and the first session are fixed, later sessions are random.")
           .such_as("\"random\"")});
}

Section change_section() {
  return repeated(
      "change[]",
      "A parameter of the model that gets another value while the run is under way; a steered run leaves such tables in "
      "steering.toml.",
      [](auto& c) -> auto& { return c.changes; },
      {quantity("at", &ChangeConfig::at, "h",
                "When it happens, met exactly like a treatment; a treatment at the same time comes first.")
           .range(0, century)
           .require()
           .such_as("\"7 day\""),
       make_key("step", KeyKind::integer, &ChangeConfig::step,
                "After so many steps instead of at the time, so that a steered run repeats bit for bit; the step has to "
                "end at `at`.")
           .range(0, 1e9)
           .unset("by the time")
           .such_as("120"),
       make_key("parameter", KeyKind::parameter, &ChangeConfig::parameter,
                "Its name; `kollagen explain parameters` lists them.")
           .require()
           .such_as("\"lam_T\""),
       quantity("value", &ChangeConfig::value, unit_of_parameter, "The new value.")
           .require()
           .such_as("\"2 h^-1\"")});
}

Section boundary_value_section() {
  return repeated(
      "boundary_value[]",
      "Value of one field at one wall of kind dirichlet or robin (not in the dermal model, where walls mean "
      "the baseline). Fields without an entry have the value 0 at a dirichlet wall and a closed robin wall.",
      [](auto& c) -> auto& { return c.boundary_values; },
      {make_key("field", KeyKind::field, &BoundaryValueConfig::field, "The field.")
           .require()
           .such_as("\"u\""),
       choice("face", &BoundaryValueConfig::face, faces(), "The wall.").require().such_as("\"z_min\""),
       quantity("value", &BoundaryValueConfig::value, unit_of_field, "Value at the wall, or outside of it.")
           .range(-largest, largest)
           .require()
           .such_as("1.0"),
       quantity("k", &BoundaryValueConfig::k, "um/h",
                "Transfer coefficient of a robin wall: flux into the tissue = k (value - field).")
           .range(0, largest)
           .such_as("\"10 um/h\"")});
}

Section initial_section() {
  return repeated(
      "initial[]", "Sets a field at the start, instead of the baseline.",
      [](auto& c) -> auto& { return c.initial; },
      {make_key("field", KeyKind::field, &InitialConfig::field, "The field.").require().such_as("\"pdgf\""),
       choice(
           "shape", &InitialConfig::shape,
           {{"uniform", Shape::uniform},
            {"gaussian", Shape::gaussian},
            {"box", Shape::box},
            {"cosine", Shape::cosine},
            {"halfspace", Shape::halfspace}},
           "uniform: value everywhere. gaussian: value exp(-r^2/(2 sigma^2)). box: value inside, 0 outside. "
           "cosine: offset + value times the product of cos(wavenumber pi x/side) over the axes. "
           "halfspace: value below the position, 0 beyond.")
           .require()
           .such_as("\"gaussian\""),
       quantity("value", &InitialConfig::value, unit_of_field, "Height.")
           .range(-largest, largest)
           .require()
           .such_as("\"1 ng/mL\""),
       quantity("center", &InitialConfig::center, "um", "Centre.", KeyKind::triple)
           .range(0, metre)
           .require()
           .only("shape", {"gaussian"})
           .such_as("[\"1 mm\", \"1 mm\", \"0.5 mm\"]"),
       quantity("sigma", &InitialConfig::sigma, "um", "Width (standard deviation).")
           .range(0.1 * um, metre)
           .require()
           .only("shape", {"gaussian"})
           .such_as("\"50 um\""),
       quantity("lower", &InitialConfig::lower, "um", "Lower corner.", KeyKind::triple)
           .range(0, metre)
           .require()
           .only("shape", {"box"})
           .such_as("[\"0 um\", \"0 um\", \"100 um\"]"),
       quantity("upper", &InitialConfig::upper, "um", "Upper corner.", KeyKind::triple)
           .range(0, metre)
           .require()
           .only("shape", {"box"})
           .such_as("[\"1 mm\", \"1 mm\", \"200 um\"]"),
       quantity("wavenumber", &InitialConfig::wavenumber, "1", "Half waves along each side.", KeyKind::triple)
           .range(0, 1e6)
           .require()
           .only("shape", {"cosine"})
           .such_as("[1, 1, 0]"),
       quantity("offset", &InitialConfig::offset, unit_of_field, "Added to the cosine.")
           .range(-largest, largest)
           .only("shape", {"cosine"})
           .such_as("\"1 ng/mL\""),
       choice("axis", &InitialConfig::axis, axes, "Normal of the dividing plane.")
           .only("shape", {"halfspace"})
           .such_as("\"x\""),
       quantity("position", &InitialConfig::position, "um", "Where the dividing plane is.")
           .range(0, metre)
           .require()
           .only("shape", {"halfspace"})
           .such_as("\"1 mm\"")});
}

Section source_section() {
  return repeated(
      "source[]", "A constant source of one field.", [](auto& c) -> auto& { return c.sources; },
      {make_key("field", KeyKind::field, &SourceConfig::field, "The field.").require().such_as("\"pdgf\""),
       choice(
           "shape", &SourceConfig::shape,
           {{"point", Shape::point}, {"cylinder", Shape::cylinder}, {"box", Shape::box}},
           "point: the one cell that contains the centre. cylinder: cells whose centre is within the radius "
           "of the axis. box: cells whose centre is inside.")
           .require()
           .such_as("\"point\""),
       quantity("value", &SourceConfig::value, unit_of_field_rate, "Strength, per volume and time.")
           .range(0, largest)
           .require()
           .such_as("\"1 ng/mL/h\""),
       quantity("center", &SourceConfig::center, "um", "Centre, or a point of the axis.", KeyKind::triple)
           .range(0, metre)
           .require()
           .only("shape", {"point", "cylinder"})
           .such_as("[\"1 mm\", \"1 mm\", \"0.5 mm\"]"),
       quantity("radius", &SourceConfig::radius, "um", "Radius.")
           .range(0.1 * um, metre)
           .require()
           .only("shape", {"cylinder"})
           .such_as("\"100 um\""),
       choice("axis", &SourceConfig::axis, axes, "Direction.").only("shape", {"cylinder"}).such_as("\"z\""),
       quantity("lower", &SourceConfig::lower, "um", "Lower corner; of a cylinder only along its axis.",
                KeyKind::triple)
           .range(0, metre)
           .require()
           .only("shape", {"cylinder", "box"})
           .such_as("[\"0 um\", \"0 um\", \"0 um\"]"),
       quantity("upper", &SourceConfig::upper, "um", "Upper corner; of a cylinder only along its axis.",
                KeyKind::triple)
           .range(0, metre)
           .require()
           .only("shape", {"cylinder", "box"})
           .such_as("[\"1 mm\", \"1 mm\", \"1 mm\"]")});
}

Section terms_section() {
  Section section =
      single("terms[]", "Terms of the model that are switched off.", [](auto& c) -> auto& { return c; },
             {make_key("disable", KeyKind::term_list, &Config::disabled_terms,
                       "Names of terms; `kollagen explain terms` lists them.")
                  .require()
                  .such_as("[\"platelet_release\"]")});
  section.repeated = true;
  section.count = [](const Config& c) { return std::size_t(c.disabled_terms.empty() ? 0 : 1); };
  // Several [[terms]] add up.
  section.keys.front().store = [](void* object, const KeyValue& v) {
    auto& disabled = static_cast<Config*>(object)->disabled_terms;
    for (const auto& term : std::get<std::vector<std::string>>(v))
      if (std::find(disabled.begin(), disabled.end(), term) == disabled.end()) disabled.push_back(term);
  };
  return section;
}

Section output_section() {
  return repeated(
      "output[]", "What is written, and when.", [](auto& c) -> auto& { return c.outputs; },
      {choice("kind", &OutputConfig::kind,
              {{"fields", OutputKind::fields},
               {"slice", OutputKind::slice},
               {"probe", OutputKind::probe},
               {"metrics", OutputKind::metrics}},
              "fields: whole fields. slice: one plane of cells. probe: values at points over time. metrics: "
              "read-outs of healing, totals and extrema of all fields.")
           .require()
           .such_as("\"fields\""),
       make_key("name", KeyKind::name, &OutputConfig::name,
                "Part of the file names; tells outputs of one kind apart.")
           .unset("the kind")
           .such_as("\"section\""),
       quantity("every", &OutputConfig::every, "h", "Simulated time from one to the next.")
           .range(shortest_time, century)
           .such_as("\"6 hour\""),
       quantity("from", &OutputConfig::from, "h", "No output before.").range(0, century).such_as("\"1 day\""),
       quantity("until", &OutputConfig::until, "h", "No output after.")
           .range(0, century)
           .unset("the end")
           .such_as("\"7 day\""),
       make_key("fields", KeyKind::field_list, &OutputConfig::fields,
                "Which fields; an empty list means all.")
           .only("kind", {"fields", "slice", "probe"})
           .such_as("[\"pdgf\", \"fibroblasts\"]"),
       choice("precision", &OutputConfig::precision,
              {{"float32", Precision::float32}, {"float64", Precision::float64}}, "Number type in the files.")
           .only("kind", {"fields", "slice"})
           .such_as("\"float64\""),
       choice("axis", &OutputConfig::axis, axes, "Normal of the slice.")
           .only("kind", {"slice"})
           .such_as("\"y\""),
       quantity("position", &OutputConfig::position, "um", "Where the slice is.")
           .range(0, metre)
           .only("kind", {"slice"})
           .unset("the middle of the axis")
           .such_as("\"1 mm\""),
       quantity("points", &OutputConfig::points, "um", "Points of the probe.", KeyKind::point_list)
           .range(0, metre)
           .require()
           .only("kind", {"probe"})
           .such_as("[[\"1 mm\", \"1 mm\", \"500 um\"]]"),
       make_key("percentiles", KeyKind::number_list, &OutputConfig::percentiles,
                "Percentiles of every field over each window of the skin, or over the whole domain in models without skin, as "
                "columns of the table.")
           .range(0, 100)
           .only("kind", {"metrics"})
           .such_as("[5, 50, 95]"),
       make_key("histogram_bins", KeyKind::integer, &OutputConfig::histogram_bins,
                "Bins of the histograms of every field over the same windows, in tables of their own.")
           .range(1, 1000)
           .only("kind", {"metrics"})
           .unset("no histograms")
           .such_as("32")});
}

Section checkpoint_section() {
  return single(
      "checkpoint",
      "When the state of a run is saved, so that the same command continues it after an interruption.",
      [](auto& c) -> auto& { return c.checkpoint; },
      {quantity("every_wall", &CheckpointConfig::every_wall, "h",
                "Wall time from one checkpoint to the next; taken at the end of a step and changes no step. 0: after "
                "every step.")
           .range(0, century)
           .such_as("\"30 min\""),
       quantity("every", &CheckpointConfig::every, "h",
                "Simulated time from one checkpoint to the next, met exactly, in addition to `every_wall`.")
           .range(shortest_time, century)
           .unset("by wall time only")
           .such_as("\"7 day\""),
       make_key("keep", KeyKind::integer, &CheckpointConfig::keep,
                "How many checkpoints are kept, the newest ones; 0: none is written.")
           .range(0, 1000)
           .such_as("2")});
}

Section insitu_section() {
  Key derived = make_key("derived", KeyKind::word_list, &InsituConfig::derived,
                         "Fields computed from others (dermal model): total_collagen = collagen_i + collagen_iii; "
                         "collagen_iii_share of it; strength, the proxy of docs/outputs.md, 1 where undamaged skin has "
                         "no collagen.")
                    .such_as("[\"total_collagen\"]");
  for (const DerivedField& field : derived_fields) derived.choices.emplace_back(field.name);
  return single(
      "insitu",
      "Pictures and extracts by a ParaView Catalyst script while the run is under way (docs/insitu.md). Changes no "
      "result, unless it steers, and may change between sessions.",
      [](auto& c) -> auto& { return c.insitu; },
      {make_key("script", KeyKind::text, &InsituConfig::script,
                "Python script for ParaView Catalyst, seen from the current directory, then from the folder of the "
                "study; empty: none.")
           .such_as("\"configs/insitu/section.py\""),
       choice("backend", &InsituConfig::backend,
              {{"auto", InsituLibrary::any},
               {"paraview", InsituLibrary::paraview},
               {"catalyst", InsituLibrary::catalyst}},
              "What calls the script: ParaView itself, or Catalyst 2 with the implementation that the environment "
              "names; auto: the one that the program was built with, ParaView first.")
           .such_as("\"catalyst\""),
       quantity("every", &InsituConfig::every, "h",
                "Simulated time from one call of the script to the next: at the end of the first step that reaches it, "
                "at the start and at the end. Changes no step.")
           .range(shortest_time, century)
           .such_as("\"6 hour\""),
       choice("on_error", &InsituConfig::on_error,
              {{"warn", InsituPolicy::warn}, {"stop", InsituPolicy::stop}},
              "When the script fails: warn goes on without it, stop ends the run with a checkpoint and exit code 3.")
           .such_as("\"stop\""),
       make_key("fields", KeyKind::field_list, &InsituConfig::fields,
                "Which fields the script may see; an empty list means all.")
           .such_as("[\"tgf_beta\", \"fibroblasts\"]"),
       derived,
       choice("precision", &InsituConfig::precision,
              {{"float32", Precision::float32}, {"float64", Precision::float64}},
              "Number type of the fields that the script sees.")
           .such_as("\"float64\""),
       make_key("live", KeyKind::text, &InsituConfig::live,
                "host:port where a ParaView waits for the run (Catalyst, Connect); with or without a script. Empty: none.")
           .such_as("\"localhost:22222\""),
       quantity("live_wait", &InsituConfig::live_wait, "h",
                "Wall time for which the start of the run waits for that ParaView; without one it goes on then.")
           .range(0, century)
           .such_as("\"0 min\""),
       make_key("steer", KeyKind::parameter_list, &InsituConfig::steer,
                "Parameters of the model that the script and the viewer may change while the run is under way; every "
                "change is in the log, in steering.toml and in the checkpoints.")
           .such_as("[\"lam_T\", \"k_c\"]")});
}

}  // namespace

const std::vector<Section>& config_sections() {
  static const std::vector<Section> sections{
      study_section(),   domain_section(), boundary_section(),  time_section(),
      skin_section(),    layer_section(),  treatment_section(), change_section(), boundary_value_section(),
      initial_section(), source_section(), terms_section(),     output_section(),
      checkpoint_section(), insitu_section()};
  return sections;
}

}  // namespace kollagen
