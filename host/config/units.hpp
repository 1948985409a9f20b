/// Reads quantities with units ("30 um^2/s") and converts them to internal units, through udunits2.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace kollagen {

/// A text is not a quantity of the wanted dimension; what() says why, without naming key or file.
struct UnitError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Converts `text`, a number followed by a unit, into `unit` (as udunits2 reads it; "1": dimensionless).
/// `cell` and `cells` count as 1 in the denominator or numerator of a unit. Blanks around are ignored.
/// A dimensionless quantity takes a plain number only; anything else needs its unit written out. Reciprocal
/// units are not accepted (a time is no rate), and angles are a dimension of their own.
/// Throws UnitError when number or unit are missing or unknown, when the dimension differs, on trailing text
/// and when the result is not finite.
double parse_quantity(std::string_view text, std::string_view unit);

/// Throws UnitError when udunits2 cannot read `unit`.
void check_unit(std::string_view unit);

/// Shortest text that reads back to exactly `value` in `unit`. Lengths and times appear in a handier unit
/// ("28 day" for 672 h) where that reads back exactly.
std::string format_quantity(double value, std::string_view unit);

/// `value` in `unit` for a person: six digits, lengths, times and angles in the handiest unit.
std::string describe_quantity(double value, std::string_view unit);

}  // namespace kollagen
