/// Bad studies: cases generated from the table of keys, and files written by hand.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "host/config/keys.hpp"
#include "host/config/reader.hpp"
#include "host/config/units.hpp"
#include "kollagen/check.hpp"
#include "kollagen/model/info.hpp"

namespace kollagen {
namespace {

constexpr double plenty = 1e15;  // bytes of memory

/// A study that is valid but for one line, and where that line is.
struct Draft {
  std::string text;
  int line = 0;             // of the key in question, 0 when it is left out
  std::string label;        // path of its table, "treatment[0]"
  std::string option_path;  // the same for --set, "treatment.0"
};

struct Outcome {
  int code = 0;
  std::string message;
};

Outcome check(const std::string& text, const std::vector<std::string>& overrides = {}) {
  try {
    parse_config(text, "study.toml", overrides, plenty);
  } catch (const Error& error) {
    return {int(error.code()), error.what()};
  }
  return {};
}

void expect_error(const Draft& draft, const Outcome& outcome, const std::string& fragment) {
  EXPECT_EQ(outcome.code, 2) << outcome.message << "\n" << draft.text;
  EXPECT_NE(outcome.message.find(fragment), std::string::npos)
      << "expected: " << fragment << "\ngot: " << outcome.message << "\n"
      << draft.text;
}

bool contains(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

/// The word that the key's sibling takes so that the key applies; "" when it has none.
std::string fitting_choice(const Section& section, const Key& key) {
  if (!key.meaningful.empty()) return "\"" + key.meaningful.front() + "\"";
  for (const Key& other : section.keys)
    if (!other.sibling.empty()) return section.find(other.sibling)->example;
  return "";
}

std::string sibling_of(const Section& section) {
  for (const Key& other : section.keys)
    if (!other.sibling.empty()) return other.sibling;
  return "";
}

/// Lines of `section` with all that it requires under `choice`; `name = value` stands in for `key` (left out
/// when `name` is empty).
void write_section(Draft& draft, const Section& section, const Key* key, const std::string& name,
                   const std::string& value, const std::string& choice) {
  const auto add = [&](const std::string& line) { draft.text += line + "\n"; };
  const std::string sibling = sibling_of(section);
  for (const Key& k : section.keys) {
    const bool applies = k.meaningful.empty() || contains(k.meaningful, choice.substr(1, choice.size() - 2));
    if (key != nullptr && k.name == key->name) {
      if (name.empty()) continue;
      add(name + " = " + value);
      draft.line = int(std::count(draft.text.begin(), draft.text.end(), '\n'));
    } else if (k.name == sibling) {
      add(k.name + " = " + choice);
    } else if ((k.required && applies) || (section.path == "boundary_value[]" && k.name == "k")) {
      add(k.name + " = " + k.example);
    }
  }
}

Draft draft_of(const Section& section, const Key& key, const std::string& name, const std::string& value,
               const std::string& choice) {
  Draft draft;
  const bool top = section.path.empty();
  if (top) write_section(draft, section, &key, name, value, choice);
  if (section.path == "boundary_value[]") draft.text += "model = \"linear\"\n";
  for (const char* path : {"domain", "time"}) {
    const Section& base = config_section(path);
    draft.text += "[" + base.path + "]\n";
    const bool here = base.path == section.path;
    write_section(draft, base, here ? &key : nullptr, here ? name : "", value, "");
    if (base.path == "domain" && section.path == "boundary_value[]")
      draft.text += "boundary = { z_min = \"robin\" }\n";
  }
  const std::string plain = section.repeated ? section.path.substr(0, section.path.size() - 2) : section.path;
  if (section.path == "skin.layer[]") draft.text += "[skin]\npreset = \"face\"\n";
  if (!top && section.path != "domain" && section.path != "time") {
    draft.text += section.repeated ? "[[" + plain + "]]\n" : "[" + plain + "]\n";
    write_section(draft, section, &key, name, value, choice);
  }
  draft.label = section.repeated ? plain + "[0]." : top ? "" : plain + ".";
  draft.option_path = section.repeated ? plain + ".0." : draft.label;
  return draft;
}

Draft draft_of(const Section& section, const Key& key, const std::string& value) {
  return draft_of(section, key, key.name, value, fitting_choice(section, key));
}

/// "study.toml:7:9: error: time.end = ": the place of the value of `key`.
std::string place(const Draft& draft, const Key& key, const std::string& suffix = "") {
  const std::size_t offset = key.kind == KeyKind::point_list && !suffix.empty() ? 2 : suffix.empty() ? 0 : 1;
  return "study.toml:" + std::to_string(draft.line) + ":" + std::to_string(key.name.size() + 4 + offset) +
         ": error: " + draft.label + key.name + suffix + " = ";
}

void for_each_key(const std::function<void(const Section&, const Key&)>& f) {
  for (const Section& section : config_sections())
    for (const Key& key : section.keys) f(section, key);
}

bool is_numeric(const Key& key) {
  switch (key.kind) {
    case KeyKind::quantity:
    case KeyKind::number_list:
    case KeyKind::pair:
    case KeyKind::triple:
    case KeyKind::size_or_triple:
    case KeyKind::point_list:
      return true;
    default:
      return false;
  }
}

/// The parameter that changes in the drafts, as the example of its key has it.
const ParameterInfo& draft_parameter() {
  const ModelInfo& model = model_info("dermal");
  return model.parameters.at(std::size_t(model.find_parameter("lam_T")));
}

/// Unit of a key in the drafts: their fields are `pdgf`, and `u` of the linear model.
std::string draft_unit(const Section& section, const Key& key) {
  const bool dimensionless = section.path == "boundary_value[]";
  if (key.unit == unit_of_field) return dimensionless ? "1" : "ng/mL";
  if (key.unit == unit_of_field_rate) return "ng/mL/h";
  if (key.unit == unit_of_parameter) return draft_parameter().unit;
  return key.unit;
}

/// The text of one bad number, in the shape that the key wants.
std::string shaped(const Key& key, const std::string& number) {
  switch (key.kind) {
    case KeyKind::integer_pair:
    case KeyKind::pair:
      return "[" + number + ", " + number + "]";
    case KeyKind::number_list:
      return "[" + number + "]";
    case KeyKind::triple:
      return "[" + number + ", " + number + ", " + number + "]";
    case KeyKind::point_list:
      return "[[" + number + ", " + number + ", " + number + "]]";
    default:
      return number;
  }
}

std::string index_of(const Key& key) {
  switch (key.kind) {
    case KeyKind::integer_pair:
    case KeyKind::number_list:
    case KeyKind::pair:
    case KeyKind::triple:
      return "[0]";
    case KeyKind::point_list:
      return "[0][0]";
    default:
      return "";
  }
}

std::string number_text(const double value, const std::string& unit) {
  std::ostringstream text;
  if (value == std::floor(value) && std::abs(value) < 1e17)
    text << std::int64_t(value);
  else
    text << value;
  if (unit == "1") return text.str();
  text << ' ' << unit << '"';
  return '"' + text.str();
}

TEST(EveryKey, ExampleIsValid) {
  for_each_key([](const Section& section, const Key& key) {
    const Draft draft = draft_of(section, key, key.example);
    const Outcome outcome = check(draft.text);
    EXPECT_EQ(outcome.code, 0) << outcome.message << "\n" << draft.text;
  });
}

TEST(EveryKey, MissingIsReportedWhereRequired) {
  for_each_key([](const Section& section, const Key& key) {
    if (!key.required || key.name == sibling_of(section)) return;
    const Draft draft = draft_of(section, key, "", "", fitting_choice(section, key));
    expect_error(draft, check(draft.text), draft.label + key.name + ": missing; ");
  });
}

TEST(EveryKey, WrongTypeIsReportedWithItsPlace) {
  for_each_key([](const Section& section, const Key& key) {
    for (const char* value : {"true", "{ x = 1 }", "2026-01-01"}) {
      const Draft draft = draft_of(section, key, value);
      expect_error(draft, check(draft.text), place(draft, key) + value + ": ");
    }
  });
}

TEST(EveryKey, WrongTypeByOptionIsReportedWithTheOption) {
  for_each_key([](const Section& section, const Key& key) {
    const Draft draft = draft_of(section, key, key.example);
    const std::string option = draft.option_path + key.name + "=true";
    expect_error(draft, check(draft.text, {option}),
                 "--set " + option + ": error: " + draft.label + key.name + " = true: ");
  });
}

TEST(EveryKey, OutOfRangeIsReportedWithItsPlace) {
  int cases = 0;
  for_each_key([&](const Section& section, const Key& key) {
    const bool whole = key.kind == KeyKind::integer || key.kind == KeyKind::integer_pair;
    if (!is_numeric(key) && !whole) return;
    const bool of_parameter = key.unit == unit_of_parameter;
    const double lower = of_parameter ? draft_parameter().lower : key.lower;
    const double upper = of_parameter ? draft_parameter().upper : key.upper;
    ASSERT_TRUE(std::isfinite(lower) && std::isfinite(upper)) << key_path(section, key);
    const double below = whole ? lower - 1 : lower > 0 ? lower / 1.01 : lower - 1;
    const double above = whole ? upper + 2 : upper * 1.01;
    for (const double value : {below, above}) {
      const std::string text = number_text(value, draft_unit(section, key));
      const Draft draft = draft_of(section, key, shaped(key, text));
      const Outcome outcome = check(draft.text);
      expect_error(draft, outcome, place(draft, key, index_of(key)));
      expect_error(draft, outcome, ": out of range; allowed: ");
      ++cases;
    }
  });
  EXPECT_GT(cases, 80);
}

TEST(EveryKey, NotANumberIsReportedWithItsPlace) {
  for_each_key([](const Section& section, const Key& key) {
    if (!is_numeric(key)) return;
    const std::string unit = draft_unit(section, key);
    for (const std::string number : {"nan", "inf", "-inf"}) {
      std::vector<std::string> texts{number};
      if (unit != "1") texts.push_back("\"" + number + " " + unit + "\"");
      for (const std::string& text : texts) {
        const Draft draft = draft_of(section, key, shaped(key, text));
        expect_error(draft, check(draft.text),
                     place(draft, key, index_of(key)) + text + ": it is not a finite number");
      }
    }
  });
}

TEST(EveryKey, WrongUnitIsReportedWithItsPlace) {
  for_each_key([](const Section& section, const Key& key) {
    if (!is_numeric(key)) return;
    const std::string unit = draft_unit(section, key);
    const std::vector<std::array<std::string, 2>> cases =
        unit == "1" ? std::vector<std::array<std::string, 2>>{{"\"1 um\"", "a plain number is needed"}}
                    : std::vector<std::array<std::string, 2>>{{"\"1 kelvin\"", "has another dimension than"},
                                                              {"\"1 gallop\"", "is unknown"},
                                                              {"\"1\"", "a unit is needed"},
                                                              {"1", "a unit is needed"}};
    for (const auto& [text, fragment] : cases) {
      const Draft draft = draft_of(section, key, shaped(key, text));
      const Outcome outcome = check(draft.text);
      expect_error(draft, outcome, place(draft, key, index_of(key)) + text + ": ");
      expect_error(draft, outcome, fragment);
    }
  });
}

TEST(EveryKey, TypoIsReportedWithASuggestion) {
  for_each_key([](const Section& section, const Key& key) {
    const std::string typo = key.name + "x";
    const Draft draft = draft_of(section, key, typo, key.example, fitting_choice(section, key));
    const std::string start = "study.toml:" + std::to_string(draft.line) + ":1: error: " + draft.label + typo;
    const Outcome outcome = check(draft.text);
    expect_error(draft, outcome, start);
    expect_error(draft, outcome, "unknown key; did you mean '" + key.name + "'?");
  });
}

TEST(EveryKey, UnknownWordIsReportedWithWhatIsAllowed) {
  for_each_key([](const Section& section, const Key& key) {
    if (key.choices.empty()) return;
    const std::string word = "\"" + key.choices.front() + "q\"";
    const bool list = key.kind == KeyKind::word_list;
    const Draft draft =
        draft_of(section, key, key.name, list ? "[" + word + "]" : word, fitting_choice(section, key));
    const Outcome outcome = check(draft.text);
    expect_error(draft, outcome, place(draft, key, list ? "[0]" : "") + word + ": unknown; allowed: ");
    for (const std::string& choice : key.choices) expect_error(draft, outcome, choice);
    expect_error(draft, outcome, "did you mean '" + key.choices.front() + "'?");
  });
}

TEST(EveryKey, WrongLengthOfAListIsReported) {
  for_each_key([](const Section& section, const Key& key) {
    if (index_of(key).empty() && key.kind != KeyKind::size_or_triple) return;
    if (key.kind == KeyKind::number_list) return;  // of any length
    for (const char* value : {"[]", "[\"1 um\", \"1 um\", \"1 um\", \"1 um\"]"}) {
      const Draft draft = draft_of(section, key, value);
      expect_error(draft, check(draft.text), "study.toml:" + std::to_string(draft.line) + ":");
      expect_error(draft, check(draft.text), " is needed, like ");
    }
  });
}

TEST(EveryKey, IsRefusedWhereItHasNoEffect) {
  int cases = 0;
  for_each_key([&](const Section& section, const Key& key) {
    if (key.meaningful.empty()) return;
    for (const std::string& choice : section.find(key.sibling)->choices) {
      if (contains(key.meaningful, choice)) continue;
      const Draft draft = draft_of(section, key, key.name, key.example, "\"" + choice + "\"");
      expect_error(draft, check(draft.text), place(draft, key) + key.example.substr(0, 10));
      expect_error(draft, check(draft.text), "has no effect with " + key.sibling + " = \"" + choice + "\"");
      ++cases;
    }
  });
  EXPECT_GT(cases, 30);
}

TEST(EveryParameter, IsCheckedLikeAKey) {
  for (const std::string& name : model_names()) {
    for (const ParameterInfo& p : model_info(name).parameters) {
      const auto draft = [&, &model = name](const std::string& key, const std::string& value) {
        Draft d;
        d.text = "model = \"" + model +
                 "\"\n[domain]\nsize = [\"1 mm\", \"1 mm\", \"1 mm\"]\nspacing = \"50 um\"\n"
                 "[time]\nend = \"1 h\"\n[model_parameters]\n" +
                 key + " = " + value + "\n";
        return d;
      };
      const auto expect = [&](const std::string& value, const std::string& fragment) {
        const Draft d = draft(p.name, value);
        const Outcome outcome = check(d.text);
        expect_error(d, outcome,
                     "study.toml:8:" + std::to_string(p.name.size() + 4) + ": error: model_parameters." +
                         p.name + " = " + value + ": ");
        expect_error(d, outcome, fragment);
      };
      const std::string good = number_text(p.value, p.unit);
      EXPECT_EQ(check(draft(p.name, good).text).code, 0) << name << " " << p.name << " = " << good;
      expect("true", "is needed");
      expect("nan", "finite");
      expect(number_text(p.upper * 1.01 + 1e-12, p.unit), "out of range; allowed: ");
      expect(number_text(p.lower > 0 ? p.lower / 1.01 : p.lower - 1, p.unit), "out of range; allowed: ");
      if (p.unit == "1") {
        expect("\"1 um\"", "a plain number is needed");
      } else {
        expect("\"1 kelvin\"", "another dimension");
        expect("1", "a unit is needed");
      }
      const Draft typo = draft(p.name + "x", good);
      expect_error(typo, check(typo.text), "study.toml:8:1: error: model_parameters." + p.name + "x = ");
      expect_error(typo, check(typo.text), "did you mean '" + p.name + "'?");
    }
  }
}

/// A study written by hand. Its first line says what must come: "# expect: exit 2 | fragment | fragment".
struct BadStudy {
  std::filesystem::path path;
  int code = 0;
  std::vector<std::string> fragments;
};

std::vector<BadStudy> bad_studies() {
  std::vector<BadStudy> studies;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(KOLLAGEN_SOURCE_DIR) +
                                                               "/tests/reference/bad_studies")) {
    std::ifstream file(entry.path());
    std::string line, part;
    std::getline(file, line);
    BadStudy study{entry.path(), 0, {}};
    const std::string start = "# expect: exit ";
    if (line.rfind(start, 0) == 0) study.code = std::atoi(line.c_str() + start.size());
    std::istringstream parts(line);
    std::getline(parts, part, '|');
    while (std::getline(parts, part, '|')) {
      const auto first = part.find_first_not_of(' '), last = part.find_last_not_of(' ');
      if (first != std::string::npos) study.fragments.push_back(part.substr(first, last - first + 1));
    }
    studies.push_back(study);
  }
  std::sort(studies.begin(), studies.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return studies;
}

/// Runs the program in `folder`; code and standard error.
Outcome run_program(const std::filesystem::path& folder, const std::string& arguments,
                    const std::string& standard_output = "/dev/null") {
  const std::filesystem::path log = folder.string() + ".stderr";
  const std::string command = "cd '" + folder.string() + "' && '" KOLLAGEN_EXECUTABLE "' " + arguments +
                              " > " + standard_output + " 2> '" + log.string() + "'";
  const int status = std::system(command.c_str());
  std::ifstream file(log);
  std::ostringstream text;
  text << file.rdbuf();
  std::filesystem::remove(log);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text.str()};
}

TEST(WrittenByHand, EachEndsWithItsCodeAndMessageAndWritesNothing) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("kollagen_bad_studies_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const auto studies = bad_studies();
  EXPECT_GE(studies.size(), 40u);
  for (const BadStudy& study : studies) {
    EXPECT_TRUE(study.code == 2 || study.code == 3) << study.path << " says no exit code";
    EXPECT_FALSE(study.fragments.empty()) << study.path << " says no message";
    for (const char* command : {"validate", "run"}) {
      const Outcome outcome = run_program(folder, std::string(command) + " '" + study.path.string() + "'");
      EXPECT_EQ(outcome.code, study.code) << command << " " << study.path << "\n" << outcome.message;
      for (const std::string& fragment : study.fragments)
        EXPECT_NE(outcome.message.find(fragment), std::string::npos)
            << command << " " << study.path << "\nexpected: " << fragment << "\ngot: " << outcome.message;
    }
    EXPECT_TRUE(std::filesystem::is_empty(folder)) << study.path << " left files";
  }
  std::filesystem::remove_all(folder);
}

TEST(CommandLine, BadFilesAndOptionsEndWithTwo) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("kollagen_bad_files_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "empty.toml");
  std::ofstream(folder / "binary.toml", std::ios::binary) << std::string(
      "\x7f"
      "ELF\0\xff\xfe",
      7);
  const std::vector<std::array<std::string, 2>> cases{
      {"validate missing.toml", "missing.toml: error: cannot be read"},
      {"validate .", "this is a folder"},
      {"validate empty.toml", "the file is empty"},
      {"validate binary.toml", "not valid TOML"},
      {"validate", "config is required"},
      {"frobnicate",
       "unknown command 'frobnicate'; allowed: run, validate, status, stop, view, verify, diff, bench, info, explain, "
       "schema, insitu-script"},
      {"rum study.toml", "did you mean 'run'?"},
      {"run study.toml --steps 0", "not in range 1 to 1000000000000"},
      {"", "subcommand"},
      {"explain no_such_key_at_all", "there is no key"},
      {"explain fields --model dermol", "dermol"}};
  for (const auto& [arguments, fragment] : cases) {
    const Outcome outcome = run_program(folder, arguments);
    EXPECT_EQ(outcome.code, 2) << arguments << "\n" << outcome.message;
    EXPECT_NE(outcome.message.find(fragment), std::string::npos) << arguments << "\n" << outcome.message;
  }
  for (const char* arguments : {"--help", "--version", "info", "schema", "explain", "explain terms",
                                "docs configuration", "run --help"})
    EXPECT_EQ(run_program(folder, arguments).code, 0) << arguments;
  if (std::filesystem::exists("/dev/full")) {
    EXPECT_EQ(run_program(folder, "schema", "/dev/full").code, 5);
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace kollagen
