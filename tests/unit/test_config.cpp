/// Units, the table of keys, reading, overrides, the resolved study and the generated documentation.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

#include "host/config/documentation.hpp"
#include "host/config/keys.hpp"
#include "host/config/reader.hpp"
#include "host/config/session_keys.hpp"
#include "host/config/units.hpp"
#include "host/config/validate.hpp"
#include "kollagen/check.hpp"
#include "kollagen/model/info.hpp"

namespace kollagen {
namespace {

constexpr double plenty = 1e15;  // bytes of memory

Config read(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return parse_config(text, "study.toml", overrides, plenty);
}

std::string error_of(const std::string& text, const std::vector<std::string>& overrides = {}) {
  try {
    read(text, overrides);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::string file_text(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

const char* const small_study = R"(title = "small"
seed = 7
[domain]
size = ["2 mm", "1.5 mm", "0.5 mm"]
spacing = ["20 um", "30 um", "10 um"]
[time]
end = "28 day"
)";

/// Relative difference that conversions in double arithmetic may leave.
constexpr double rounding = 1e-15;

void expect_quantity(const char* text, const char* unit, const double expected) {
  double value = std::numeric_limits<double>::quiet_NaN();
  ASSERT_NO_THROW(value = parse_quantity(text, unit)) << text;
  EXPECT_NEAR(value, expected, rounding * std::abs(expected)) << text << " in " << unit;
}

TEST(Units, ConvertToInternalUnits) {
  expect_quantity("10 um", "um", 10);
  expect_quantity("10um", "um", 10);
  expect_quantity("  1.5 mm ", "um", 1500);
  expect_quantity("3 µm", "um", 3);  // U+00B5
  expect_quantity("+2e-3 m", "um", 2000);
  expect_quantity("28 day", "h", 672);
  expect_quantity("30 days", "h", 720);
  expect_quantity("90 min", "h", 1.5);
  expect_quantity("36 s", "h", 0.01);
  expect_quantity("30 um^2/s", "um^2/h", 108000);
  expect_quantity("30 um2/s", "um^2/h", 108000);
  expect_quantity("30 µm^2/s", "um^2/h", 108000);
  expect_quantity("6 1/day", "h^-1", 0.25);
  expect_quantity("6/day", "h^-1", 0.25);
  expect_quantity("6 day^-1", "h^-1", 0.25);
  expect_quantity("2500 mm^-3", "cells/mm^3", 2500);
  expect_quantity("2500 cells/mm^3", "mm^-3", 2500);
  expect_quantity("2.5e6 cells/mL", "mm^-3", 2500);
  expect_quantity("1 ug/L", "ng/mL", 1);
  expect_quantity("0.75 1e9/mL", "1e9 mL^-1", 0.75);
  expect_quantity("24 pg/(cell day)", "pg/(cell h)", 1);
  expect_quantity("250 cm^-2", "um^-2", 2.5e-6);
  expect_quantity("180 degree", "rad", 3.14159265358979312);
  expect_quantity("90 deg", "rad", 1.57079632679489656);
  expect_quantity("-3", "1", -3);
  expect_quantity("1", "1", 1);
}

TEST(Units, RoundNumbersStayRound) {
  EXPECT_EQ(parse_quantity("28 day", "h"), 672);
  EXPECT_EQ(parse_quantity("30 um^2/s", "um^2/h"), 108000);
  EXPECT_EQ(parse_quantity("0.7 mm", "um"), 700);
  EXPECT_EQ(parse_quantity("0.1 um", "um"), 0.1);
  EXPECT_DOUBLE_EQ(parse_quantity("10 min", "h"), 10.0 / 60);  // not round
}

TEST(Units, RefuseWhatIsNoQuantityOfTheDimension) {
  const std::vector<std::array<const char*, 3>> cases{
      {"10", "um", "a unit is needed"},
      {"", "um", "empty"},
      {"um", "um", "begin with a number"},
      {"10 s", "um", "another dimension"},
      {"10 s", "h^-1", "another dimension"},  // a reciprocal is no conversion
      {"10 1/um", "um", "another dimension"},
      {"2 H", "h", "another dimension"},  // henry
      {"10 um 5", "um", "not a unit"},
      {"10 um 5 um", "um", "not a unit"},
      {"10 um;", "um", "unknown"},
      {"10 um, 3 um", "um", "not a unit"},
      {"1 day since 2000-01-01", "h", "not a unit"},
      {"10 parsecond", "um", "unknown"},
      {"0x10 um", "um", "unknown"},
      {"nan um", "um", "finite"},
      {"inf um", "um", "finite"},
      {"1e999 um", "um", "too large"},
      {"1e308 km", "um", "finite"},
      {"10 percent", "1", "plain number"},
      {"10 um", "1", "plain number"},
      {"3 cells", "rad", "another dimension"},
      {"10 rad/s", "h^-1", "another dimension"},
      {"1 1", "rad", "not a unit"}};
  for (const auto& [text, unit, fragment] : cases) {
    try {
      const double value = parse_quantity(text, unit);
      ADD_FAILURE() << "'" << text << "' was read as " << value << " " << unit;
    } catch (const UnitError& error) {
      EXPECT_NE(std::string(error.what()).find(fragment), std::string::npos)
          << "'" << text << "' in " << unit << ": " << error.what();
    }
  }
}

TEST(Units, FormattedQuantitiesReadBackExactly) {
  for (const char* unit :
       {"um", "h", "rad", "um^2/h", "1", "cells/mm^3", "1e9 mL^-1", "pg/(cell h)", "um^-2"})
    for (const double value :
         {0.0, 1.0, 0.1, 1.0 / 3, 672.0, 1e-7 / 3, 12345.678901234567, 1500.0, 2.5e-6, 1e6 / 7})
      EXPECT_EQ(parse_quantity(format_quantity(value, unit), unit), value) << format_quantity(value, unit);
  EXPECT_EQ(format_quantity(672, "h"), "28 day");
  EXPECT_EQ(format_quantity(2000, "um"), "2 mm");
  EXPECT_EQ(describe_quantity(1.0 / 3600, "h"), "1 s");
}

TEST(Units, EveryUnitOfTheModelsIsReadable) {
  for (const std::string& name : model_names()) {
    for (const auto& p : model_info(name).parameters) {
      EXPECT_NO_THROW(check_unit(p.unit)) << name << " " << p.name << " " << p.unit;
      EXPECT_EQ(parse_quantity(format_quantity(p.value, p.unit), p.unit), p.value) << name << " " << p.name;
      EXPECT_LE(p.lower, p.value) << name << " " << p.name;
      EXPECT_GE(p.upper, p.value) << name << " " << p.name;
    }
    for (const auto& s : model_info(name).species)
      EXPECT_NO_THROW(check_unit(s.unit)) << name << " " << s.name;
  }
}

TEST(Reader, ConvertsAndKeepsDefaults) {
  const Config c = read(small_study);
  EXPECT_EQ(c.title, "small");
  EXPECT_EQ(c.model, "dermal");
  EXPECT_EQ(c.seed, 7u);
  EXPECT_EQ(c.domain.size, (std::array<double, 3>{2000, 1500, 500}));
  EXPECT_EQ(c.domain.spacing, (std::array<double, 3>{20, 30, 10}));
  EXPECT_EQ(c.domain.cells, (std::array<int, 3>{100, 50, 50}));
  EXPECT_DOUBLE_EQ(c.time.end, 672);
  EXPECT_EQ(c.time.tolerance, TimeConfig{}.tolerance);
  EXPECT_EQ(c.domain.walls, DomainConfig{}.walls);
  EXPECT_EQ(c.skin.preset, SkinConfig{}.preset);
  EXPECT_TRUE(c.treatments.empty());
}

const char* const full_study = R"(
title = "all sections \"quoted\""
model = "linear"
seed = 123456789
[domain]
size = ["1 mm", "0.6 mm", "0.9 mm"]
spacing = "30 um"
boundary = { lateral = "no-flux", x_min = "robin", bottom = "dirichlet" }
[time]
end = "1.7 day"
integrator = "explicit"
tolerance = 2.5e-4
step = "7 s"
first_step = "3 s"
max_step = "1 hour"
safety = 0.7
[skin]
preset = "papillary"
[[skin.layer]]
name = "slow"
thickness = "120 um"
diffusivity = 0.37
[[boundary_value]]
field = "u"
face = "x_min"
value = 0.3
k = "11 um/h"
[[boundary_value]]
field = "w"
face = "z_max"
value = "1.25"
[model_parameters]
D_u = "3 um^2/s"
[[initial]]
field = "v"
shape = "cosine"
value = 0.5
wavenumber = [1, 2, 0]
offset = 1
[[initial]]
field = "u"
shape = "halfspace"
value = 2
axis = "z"
position = "0.3 mm"
[[source]]
field = "w"
shape = "cylinder"
value = "0.02 1/min"
center = ["0.5 mm", "0.3 mm", "0 um"]
radius = "100 um"
axis = "z"
lower = ["0 um", "0 um", "30 um"]
upper = ["0 um", "0 um", "600 um"]
[[terms]]
disable = ["diffusion"]
[[output]]
kind = "probe"
every = "10 min"
points = [["0.1 mm", "0.2 mm", "0.3 mm"], ["0.4 mm", "0.5 mm", "0.6 mm"]]
fields = ["w", "u"]
[[output]]
kind = "slice"
name = "deep"
axis = "z"
position = "0.81 mm"
precision = "float64"
from = "1 hour"
until = "1 day"
)";

std::string with_fitting_size(std::string text) {
  text.replace(text.find("\"1 mm\", \"0.6 mm\""), 16, "\"0.99 mm\", \"0.6 mm\"");
  return text;
}

TEST(Reader, ReadsEverySection) {
  const Config c = read(with_fitting_size(full_study));
  EXPECT_EQ(c.domain.walls,
            (std::array<WallKind, 6>{WallKind::robin, WallKind::no_flux, WallKind::no_flux, WallKind::no_flux,
                                     WallKind::no_flux, WallKind::dirichlet}));
  EXPECT_EQ(c.domain.cells, (std::array<int, 3>{33, 20, 30}));
  ASSERT_TRUE(c.time.step.has_value());
  EXPECT_DOUBLE_EQ(*c.time.step, 7.0 / 3600);
  EXPECT_EQ(c.time.integrator, IntegratorKind::explicit_rk);
  ASSERT_EQ(c.boundary_values.size(), 2u);
  EXPECT_EQ(c.boundary_values[1].face, Face::z_max);
  EXPECT_EQ(c.boundary_values[1].value, 1.25);
  EXPECT_DOUBLE_EQ(c.model_parameters.at("D_u"), 10800);
  EXPECT_EQ(c.initial[1].axis, 2);
  EXPECT_DOUBLE_EQ(c.sources[0].value, 1.2);
  EXPECT_EQ(c.disabled_terms, std::vector<std::string>{"diffusion"});
  EXPECT_EQ(c.outputs[0].points[1], (std::array<double, 3>{400, 500, 600}));
  EXPECT_EQ(c.outputs[0].name, "probe");
  EXPECT_EQ(c.outputs[1].axis, 2);
  EXPECT_EQ(c.skin.layers[0].diffusivity, 0.37);
  EXPECT_FALSE(c.skin.layers[0].vessels.has_value());
}

TEST(Reader, PrecisionIsThatOfTheState) {
  const std::string start = "[domain]\nsize = [\"1 mm\", \"1 mm\", \"1 mm\"]\nspacing = \"50 um\"\n[time]\nend = \"1 day\"\n";
  EXPECT_EQ(read(start).time.precision, StatePrecision::full);
  EXPECT_EQ(read(start + "precision = \"double\"\n").time.precision, StatePrecision::full);
  const Config mixed = read(start + "precision = \"mixed\"\n");
  EXPECT_EQ(mixed.time.precision, StatePrecision::mixed);
  EXPECT_NE(mixed.resolved_toml.find("precision = \"mixed\""), std::string::npos);
  EXPECT_NE(validation_report(mixed).find("imex, mixed precision"), std::string::npos);
}

TEST(Reader, ResolvedStudyReadsBackToTheSame) {
  const std::string dermal = std::string(small_study) + R"(
[skin]
preset = "face"
[[skin.layer]]
name = "papillary"
elastin = "3.3 mg/mL"
[[treatment]]
at = "0 day"
pattern = "roller"
pitch = "700 um"
rows = 6
passes = 5
tilt = "7 degree"
depth_efficiency = 0.37
[[treatment]]
at = "13.7 day"
pattern = "stamp"
needles = [4, 3]
center = ["0.7 mm", "0.9 mm"]
tip_length = "350 um"
placement = "random"
[[output]]
kind = "metrics"
every = "5 min"
)";
  for (const std::string& text : {std::string(small_study), dermal, with_fitting_size(full_study)}) {
    const Config first = read(text);
    Config again;
    ASSERT_NO_THROW(again = read(first.resolved_toml))
        << error_of(first.resolved_toml) << first.resolved_toml;
    EXPECT_EQ(again.resolved_toml, first.resolved_toml);
    EXPECT_TRUE(again == first) << first.resolved_toml;
    EXPECT_TRUE(differing_keys(first.resolved_toml, again.resolved_toml).empty());
  }
}

TEST(Reader, ResolvedStudyNamesEveryKeyThatApplies) {
  const std::string resolved = read(with_fitting_size(full_study)).resolved_toml;
  for (const char* key : {"title =", "seed =", "size =", "x_min = \"robin\"", "tolerance =", "first_step =",
                          "preset =", "diffusivity = 0.37", "# vessels:", "k = \"11 um/h\"",
                          "D_v =", "wavenumber =", "precision =", "until = \"1 day\"",
                          "find the fields as \"fields\""})
    EXPECT_NE(resolved.find(key), std::string::npos) << key << "\n" << resolved;
}

TEST(Reader, TellsWhichKeysDiffer) {
  const std::string one = read(small_study).resolved_toml;
  const std::string other =
      read(small_study, {"time.end=29 day", "model_parameters.D_P=31 um^2/s", "output.0={kind=\"metrics\"}"})
          .resolved_toml;
  const auto differences = differing_keys(one, other);
  std::vector<std::string> keys;
  for (const auto& difference : differences) keys.push_back(difference.key);
  EXPECT_EQ(keys, (std::vector<std::string>{"model_parameters.D_P", "output[0].every", "output[0].from",
                                            "output[0].kind", "output[0].name", "output[0].percentiles",
                                            "time.end"}));
  EXPECT_EQ(differences[1].one, "") << "the study without outputs has no such key";
  EXPECT_EQ(differences[6], (KeyDifference{"time.end", "\"28 day\"", "\"29 day\""}));
  EXPECT_THROW(differing_keys(one, "no = [toml"), InputError);
}

TEST(Reader, SessionsOfARunMayDifferInTheirCheckpoints) {
  const std::string one = read(small_study).resolved_toml;
  const auto other = [](const char* change) { return study_of_run(read(small_study, {change}).resolved_toml); };
  EXPECT_EQ(study_of_run(one), other("checkpoint.keep=7"));
  EXPECT_EQ(study_of_run(one), other("checkpoint.every_wall=1 min"));
  EXPECT_NE(study_of_run(one), other("checkpoint.every=1 hour")) << "changes the steps";
  EXPECT_NE(study_of_run(one), other("seed=8"));
  EXPECT_EQ(study_of_run("keep = 1\n[a]\nkeep = 2\n[checkpoint]\nkeep = 3\n"), "keep = 1\n[a]\nkeep = 2\n[checkpoint]\n");
  for (const auto& difference : differing_keys(one, read(small_study, {"checkpoint.keep=7"}).resolved_toml))
    EXPECT_TRUE(is_session_key(difference.key)) << difference.key;
}

TEST(Reader, AcceptsSymbolsOfFields) {
  const Config c = read(std::string(small_study) +
                        "[[output]]\nkind = \"fields\"\nfields = [\"P\", \"C1\", \"fibroblasts\"]\n");
  EXPECT_EQ(c.outputs[0].fields, (std::vector<std::string>{"pdgf", "collagen_i", "fibroblasts"}));
}

TEST(Overrides, ReplaceAndAdd) {
  const Config c =
      read(std::string(small_study) + "[[treatment]]\nat = \"1 day\"\n[[treatment]]\nat = \"2 day\"\n",
           {"time.end=3 day", "treatment.1.at=60 hour", "treatment.2.at=\"2.5 day\"", "seed=11",
            "model_parameters.k_deg=8 1/hour", "domain.spacing=[\"20 um\",\"30 um\",\"50 um\"]",
            "domain.boundary.top=robin", "title=a = b"});
  EXPECT_DOUBLE_EQ(c.time.end, 72);
  ASSERT_EQ(c.treatments.size(), 3u);
  EXPECT_DOUBLE_EQ(c.treatments[0].at, 24);
  EXPECT_DOUBLE_EQ(c.treatments[1].at, 60);
  EXPECT_DOUBLE_EQ(c.treatments[2].at, 60);
  EXPECT_EQ(c.seed, 11u);
  EXPECT_DOUBLE_EQ(c.model_parameters.at("k_deg"), 8);
  EXPECT_EQ(c.domain.cells[2], 10);
  EXPECT_EQ(c.domain.walls[std::size_t(Face::z_min)], WallKind::robin);
  EXPECT_EQ(c.title, "a = b");
}

TEST(Overrides, AreCheckedLikeTheFileAndNamed) {
  const std::vector<std::array<std::string, 2>> cases{
      {"time.end=3", "--set time.end=3: error: time.end = 3: a unit is needed"},
      {"time.ende=3 day",
       "--set time.ende=3 day: error: time.ende = \"3 day\": unknown key; did you mean 'end'?"},
      {"tme.end=3 day", "--set tme.end=3 day: error: tme: unknown key; did you mean 'time'?"},
      {"treatment.0.at=1 day", ""},
      {"treatment.1.at=1 day", "--set treatment.1.at=1 day: error: the study has no place 'treatment.1.at'"},
      {"title.x=1", "the study has no place 'title.x'"},
      {"domain.size.7=1 mm", "the study has no place 'domain.size.7'"},
      {"domain.size.1=1.2 km",
       "--set domain.size.1=1.2 km: error: domain.size[1] = \"1.2 km\": out of range"},
      {"domain.spacing=[\"1 um\"", "--set domain.spacing=[\"1 um\": error: the value is not valid TOML"},
      {"seed", "--set seed: error: key=value is needed"},
      {"=3", "key=value is needed"},
      {"model=dermol", "did you mean 'dermal'?"},
      {"time.end=nan", "not a finite number"},
      {"seed=1.5", "seed = 1.5: a number where a whole number is needed"}};
  for (const auto& [option, fragment] : cases) {
    const std::string error = error_of(small_study, {option});
    if (fragment.empty())
      EXPECT_EQ(error, "") << option;
    else
      EXPECT_NE(error.find(fragment), std::string::npos) << option << "\n" << error;
  }
}

TEST(Diagnostics, AllErrorsComeAtOnceInOrderWithLineAndCaret) {
  const std::string text =
      "title = \"x\"\n[domain]\nsize = [\"1 mm\", \"1 mm\", \"1 mm\"]\nspacing = 20\n\n[time]\n  end = \"2 "
      "mm\"\n"
      "tolerence = 1e-3\n";
  const std::string expected_start =
      "study.toml:4:11: error: domain.spacing = 20: a unit is needed, for example \"20 um\"; allowed: 0.1 um "
      "to "
      "1 mm\n    4 | spacing = 20\n      |           ^\nstudy.toml:7:9: error: time.end = \"2 mm\": 'mm' has "
      "another dimension than 'h'";
  const std::string error = error_of(text, {"seed=-1"});
  EXPECT_EQ(error.substr(0, expected_start.size()), expected_start) << error;
  EXPECT_NE(
      error.find("study.toml:8:1: error: time.tolerence = 0.001: unknown key; did you mean 'tolerance'?"),
      std::string::npos)
      << error;
  EXPECT_NE(error.find("--set seed=-1: error: seed = -1: out of range"), std::string::npos) << error;
  EXPECT_NE(error.find("\n4 errors"), std::string::npos) << error;
}

TEST(Diagnostics, AnUnknownFieldOrModelDoesNotBlameTheUnitsThatDependOnIt) {
  const std::string study = std::string(small_study) + R"(
[[initial]]
field = "pdgv"
shape = "uniform"
value = "5 ng/mL"
[[source]]
field = "fgf2"
shape = "point"
center = ["1 mm", "1 mm", "0.1 mm"]
value = "1 ng/mL/h"
)";
  for (const std::vector<std::string>& overrides :
       {std::vector<std::string>{}, {"initial.0.field=pdgf", "model=dermol"}}) {
    try {
      read(study, overrides);
      FAIL();
    } catch (const InputError& error) {
      const std::string text = error.what();
      EXPECT_NE(text.find("did you mean"), std::string::npos) << text;
      EXPECT_EQ(text.find("value"), std::string::npos) << text;
      EXPECT_EQ(text.find("errors"), std::string::npos) << "one error, not more: " << text;
    }
  }
}

TEST(Memory, IsCheckedLastAndSaysWhatFits) {
  // 100 x 50 x 50 cells of 16 fields of 8 bytes, four times: 128 MB.
  EXPECT_NEAR(estimated_memory(250000, model_info("dermal"), StatePrecision::full), 128e6, 1);
  // All but three slow fields in float: three times (13 x 4 + 3 x 8) B and 16 x 8 B in each cell.
  EXPECT_NEAR(state_memory(250000, model_info("dermal"), StatePrecision::mixed), 19e6, 1);
  EXPECT_NEAR(estimated_memory(250000, model_info("dermal"), StatePrecision::mixed), 89e6, 1);
  EXPECT_NO_THROW(parse_config(small_study, "s", {}, 128.1e6));
  try {
    parse_config(small_study, "s", {}, 127.9e6);
    FAIL();
  } catch (const EnvironmentError& error) {
    const std::string text = error.what();
    for (const char* fragment : {"128 MB", "100 x 50 x 50", "0.25 million cells fit"})
      EXPECT_NE(text.find(fragment), std::string::npos) << text;
  }
  EXPECT_THROW(parse_config(small_study, "s", {"seed=-1"}, 1), InputError);
  EXPECT_GT(available_memory(), 1e6);
}

TEST(Validate, ReportsGridAndStepLimits) {
  const std::string report =
      validation_report(read(small_study, {"output.0.kind=fields", "output.0.every=7 day"}));
  EXPECT_NE(report.find("100 x 50 x 50 = 250000 cells of 20 um x 30 um x 10 um"), std::string::npos)
      << report;
  // h^2/(6 D) generalised: 1/(2 * 30 um^2/s * (1/20^2 + 1/30^2 + 1/10^2)/um^2) = 1.22449 s.
  EXPECT_NE(report.find("1.22449 s"), std::string::npos) << report;
  // t = 0, 7, 14, 21, 28 days; 5 * 16 fields * 250000 cells * 4 bytes = 80 MB.
  EXPECT_NE(report.find("5 times, every 7 day, 80 MB"), std::string::npos) << report;
  EXPECT_NE(report.find("metrics              as none is given"), std::string::npos) << report;
  EXPECT_EQ(report.substr(report.size() - 3), "ok\n");
}

TEST(Explain, KnowsEveryKeyParameterFieldAndTerm) {
  for (const Section& section : config_sections()) {
    for (const Key& key : section.keys) {
      const std::string text = explain(key_path(section, key));
      EXPECT_NE(text.find(key.doc), std::string::npos);
      EXPECT_NE(text.find(key.example), std::string::npos);
      EXPECT_FALSE(key.doc.empty() || key.example.empty()) << key_path(section, key);
    }
    if (!section.path.empty()) {
      EXPECT_NE(explain(section.path).find(section.doc), std::string::npos);
    }
  }
  for (const std::string& name : model_names()) {
    for (const auto& p : model_info(name).parameters)
      EXPECT_NE(explain("model_parameters." + p.name, name).find(p.doc), std::string::npos) << p.name;
    for (const auto& s : model_info(name).species)
      EXPECT_NE(explain("fields", name).find(s.doc), std::string::npos) << s.name;
    for (const auto& t : model_info(name).terms)
      EXPECT_NE(explain("terms", name).find(t.equation), std::string::npos) << t.name;
  }
  const SpeciesInfo& pdgf =
      model_info("dermal").species[std::size_t(model_info("dermal").find_species("pdgf"))];
  EXPECT_NE(explain("fields").find(fmt::format("ng/mL        {:g} ", pdgf.absolute_tolerance)),
            std::string::npos);
  EXPECT_NE(explain("treatment.0.pitch").find("default   \"450 um\""), std::string::npos);
  EXPECT_NE(explain("").find("domain.boundary.x_min"), std::string::npos);
}

TEST(Explain, SuggestsWhatWasMeant) {
  try {
    explain("treatment.pich");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean 'treatment.pitch'?"), std::string::npos)
        << error.what();
  }
  try {
    explain("P", "linear");  // close to nothing but the empty path of the top level
    FAIL();
  } catch (const InputError& error) {
    EXPECT_EQ(std::string(error.what()).find("did you mean"), std::string::npos) << error.what();
  }
  EXPECT_THROW(explain("fields", "dermol"), InputError);
}

TEST(Documentation, GeneratedPagesAreCurrent) {
  const std::string docs = std::string(KOLLAGEN_SOURCE_DIR) + "/docs/";
  EXPECT_EQ(file_text(docs + "configuration.md"), configuration_markdown())
      << "run: kollagen docs configuration > docs/configuration.md";
  EXPECT_EQ(file_text(docs + "parameters.md"), parameters_markdown())
      << "run: kollagen docs parameters > docs/parameters.md";
}

TEST(OutputVolume, CountsInstantsFieldsAndPlanes) {
  Config config;
  config.model = "linear";  // three fields
  config.domain.cells = {5, 7, 11};
  config.time.end = 10;
  config.outputs.resize(4);
  config.outputs[0].every = 2;  // 0, 2, ... 10
  config.outputs[0].fields = {"u", "w"};
  config.outputs[1].kind = OutputKind::slice;
  config.outputs[1].axis = 1;
  config.outputs[1].precision = Precision::float64;
  config.outputs[1].every = 1;
  config.outputs[1].from = 8;  // 8, 9, 10
  config.outputs[2].kind = OutputKind::metrics;
  config.outputs[3].every = 1;
  config.outputs[3].from = 11;  // never
  const double fields = 5 * 7 * 11 * 2 * 4, slice = 5 * 11 * 3 * 8, never = 5 * 7 * 11 * 3 * 4;
  EXPECT_EQ(output_volume(config).once, fields + slice + never);
  EXPECT_EQ(output_volume(config).total, 6 * fields + 3 * slice);
}

TEST(Documentation, SourcesCountAsCheckedByTheirTag) {
  EXPECT_TRUE(has_checked_source("[R] Jin 2011, table 4"));
  EXPECT_FALSE(has_checked_source("[R] form, [A] value"));
  EXPECT_FALSE(has_checked_source("[M] Verzijl 2000"));
  EXPECT_FALSE(has_checked_source(""));
}

TEST(ShippedStudies, AreValid) {
  std::size_t count = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(std::string(KOLLAGEN_SOURCE_DIR) + "/configs")) {
    if (entry.path().extension() != ".toml") continue;
    ++count;
    try {
      parse_config(file_text(entry.path()), entry.path(), {}, plenty);
    } catch (const Error& error) {
      ADD_FAILURE() << error.what();
    }
  }
  RecordProperty("studies", int(count));
}

}  // namespace
}  // namespace kollagen
