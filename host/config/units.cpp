#include "host/config/units.hpp"

#include <fmt/format.h>
#include <udunits2.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <memory>
#include <span>

namespace kollagen {
namespace {

struct FreeUnit {
  void operator()(ut_unit* unit) const { ut_free(unit); }
};
struct FreeConverter {
  void operator()(cv_converter* converter) const { cv_free(converter); }
};
using Unit = std::unique_ptr<ut_unit, FreeUnit>;
using Converter = std::unique_ptr<cv_converter, FreeConverter>;

/// The unit database of udunits2 plus `cell`, opened once: reading it takes tens of milliseconds.
class UnitSystem {
 public:
  UnitSystem() {
    ut_set_error_message_handler(ut_ignore);
    system_ = ut_read_xml(nullptr);
    if (system_ == nullptr)
      throw UnitError("the unit database of udunits2 cannot be read (package libudunits2-data)");
    const Unit cell(ut_new_dimensionless_unit(system_));
    for (const char* name : {"cell", "cells"}) ut_map_name_to_unit(name, UT_ASCII, cell.get());
    ut_map_unit_to_name(cell.get(), "cell", UT_ASCII);
  }
  UnitSystem(const UnitSystem&) = delete;
  UnitSystem& operator=(const UnitSystem&) = delete;
  ~UnitSystem() { ut_free_system(system_); }

  Unit parse(const std::string& text) const { return Unit(ut_parse(system_, text.c_str(), UT_UTF8)); }

 private:
  ut_system* system_ = nullptr;
};

const UnitSystem& unit_system() {
  static const UnitSystem system;
  return system;
}

bool is_blank(const char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool is_digit(const char c) { return c >= '0' && c <= '9'; }

/// udunits2 multiplies by every number it meets, so that "10 um 5" would be 50 um. A number in a unit is
/// an exponent, or a factor at the start followed by "/" ("1/day"), or a factor right behind a "/".
bool has_stray_number(const std::string_view unit) {
  std::size_t i = 0;
  char before = '\0';  // last character that is not blank
  while (i < unit.size()) {
    const char c = unit[i];
    if (!is_digit(c)) {
      if (!is_blank(c)) before = c;
      ++i;
      continue;
    }
    const char left = i > 0 ? unit[i - 1] : ' ';
    const bool exponent = left == '^' || left == '-' || left == '+' || left == ')' ||
                          (left >= 'a' && left <= 'z') || (left >= 'A' && left <= 'Z');
    const std::size_t start = i;
    while (i < unit.size() && (is_digit(unit[i]) || unit[i] == 'e' || unit[i] == '.')) ++i;
    std::size_t next = i;
    while (next < unit.size() && is_blank(unit[next])) ++next;
    const bool power = unit.substr(start, 2) == "1e";
    const bool leading = start == 0 && next < unit.size() && (unit[next] == '/' || power);
    if (!leading && before != '/' && !exponent) return true;
    before = '0';
  }
  return false;
}

/// Names of reference points ("since", "@") turn a unit into a date; they have no place in a study.
bool has_reference(const std::string_view unit) {
  for (const std::string_view word : {"@", " since ", " from ", " after ", " ref ", "(re "})
    if (unit.find(word) != std::string_view::npos) return true;
  return false;
}

/// An angle is dimensionless to udunits2; its definition tells it apart.
bool is_angle(const Unit& unit) {
  std::array<char, 256> text{};
  return ut_format(unit.get(), text.data(), text.size(), UT_ASCII | UT_DEFINITION) > 0 &&
         std::string_view(text.data()).find("rad") != std::string_view::npos;
}

Unit parse_unit(std::string_view text) {
  std::string spelled(trim(text));
  // udunits2 knows "degree" and "arc_degree" only.
  if (spelled == "deg") spelled = "degree";
  if (has_stray_number(spelled) || has_reference(spelled))
    throw UnitError(fmt::format("'{}' is not a unit", spelled));
  Unit unit = unit_system().parse(spelled);
  if (!unit) throw UnitError(fmt::format("the unit '{}' is unknown", spelled));
  return unit;
}

/// The leading number of `text`; the rest is left in `text`.
double take_number(std::string_view& text) {
  std::string_view digits = text;
  if (!digits.empty() && digits.front() == '+') digits.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc::result_out_of_range) throw UnitError("the number is too large or too small");
  if (error != std::errc()) throw UnitError("it does not begin with a number");
  if (!std::isfinite(value)) throw UnitError("it is not a finite number");
  text = std::string_view(end, std::size_t(digits.data() + digits.size() - end));
  return value;
}

/// Conversion factors carry rounding errors: a value within them of a number of 12 digits becomes that
/// number, so that 28 days are exactly 672 h.
double without_noise(const double value) {
  const std::string text = fmt::format("{:.12g}", value);
  double round = value;
  std::from_chars(text.data(), text.data() + text.size(), round);
  constexpr double noise = 4 * std::numeric_limits<double>::epsilon();
  return std::abs(round - value) <= noise * std::abs(value) ? round : value;
}

std::string example_of(const std::string_view unit) {
  if (unit == "um") return "\"100 um\"";
  if (unit == "h") return "\"6 hour\"";
  if (unit == "rad") return "\"10 degree\"";
  return fmt::format("\"1 {}\"", unit);
}

/// A unit for people: its name and how many internal units it holds.
struct Handy {
  const char* name;
  double factor;
};
constexpr std::array<Handy, 3> lengths{{{"m", 1e6}, {"mm", 1e3}, {"um", 1}}};
constexpr std::array<Handy, 5> times{
    {{"day", 24}, {"hour", 1}, {"min", 1.0 / 60}, {"s", 1.0 / 3600}, {"ms", 1.0 / 3600000}}};
constexpr std::array<Handy, 1> angles{{{"degree", 0.017453292519943295}}};

std::span<const Handy> handy_units(const std::string_view unit) {
  if (unit == "um") return lengths;
  if (unit == "h") return times;
  if (unit == "rad") return angles;
  return {};
}

}  // namespace

void check_unit(const std::string_view unit) {
  if (unit != "1") parse_unit(unit);
}

double parse_quantity(const std::string_view text, const std::string_view unit) {
  std::string_view rest = trim(text);
  if (rest.empty()) throw UnitError("it is empty");
  const double number = take_number(rest);
  const std::string_view given = trim(rest);
  if (unit == "1") {
    if (!given.empty()) throw UnitError("it is dimensionless: a plain number is needed");
    return number;
  }
  if (given.empty()) throw UnitError(fmt::format("a unit is needed, for example {}", example_of(unit)));
  if (given == unit) return number;
  const Unit to = parse_unit(unit);
  const Unit from = parse_unit(fmt::format("{}{}", given.front() == '/' ? "1" : "", given));
  // ut_are_convertible would also take reciprocals.
  const Unit ratio(ut_divide(from.get(), to.get()));
  const bool same = ratio && ut_is_dimensionless(ratio.get()) && is_angle(from) == is_angle(to);
  if (!same)
    throw UnitError(
        fmt::format("'{}' has another dimension than '{}'; for example {}", given, unit, example_of(unit)));
  const Converter converter(ut_get_converter(from.get(), to.get()));
  if (!converter) throw UnitError(fmt::format("'{}' cannot be converted to '{}'", given, unit));
  const double value = cv_convert_double(converter.get(), number);
  if (!std::isfinite(value)) throw UnitError("it is not a finite number");
  return without_noise(value);
}

std::string format_quantity(const double value, const std::string_view unit) {
  if (unit == "1") return fmt::format("{}", value);
  for (const Handy& handy : handy_units(unit)) {
    const std::string text = fmt::format("{} {}", value / handy.factor, handy.name);
    if (std::abs(value) >= handy.factor && parse_quantity(text, unit) == value) return text;
  }
  return fmt::format("{} {}", value, unit);
}

std::string describe_quantity(const double value, const std::string_view unit) {
  if (unit == "1") return fmt::format("{:.6g}", value);
  for (const Handy& handy : handy_units(unit))
    if (std::abs(value) >= handy.factor * 0.999999)
      return fmt::format("{:.6g} {}", value / handy.factor, handy.name);
  return fmt::format("{:.6g} {}", value, unit);
}

}  // namespace kollagen
