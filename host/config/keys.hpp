/// The one table of configuration keys: what each key means, what it accepts and where it is stored.
/// Parser, `explain`, `schema`, the resolved study and docs/configuration.md iterate over it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "kollagen/config.hpp"

namespace kollagen {

/// What a key accepts in a study and how its value travels (see `KeyValue`).
enum class KeyKind {
  text,            ///< string                                -> string
  name,            ///< string usable as part of a file name  -> string
  choice,          ///< one of `choices`                      -> string
  field,           ///< name or symbol of a field             -> string, the name
  field_list,      ///< list of fields                        -> strings, the names
  term_list,       ///< list of terms of the model            -> strings
  parameter,       ///< name of a parameter of the model      -> string
  parameter_list,  ///< list of them                          -> strings
  word_list,       ///< list of `choices`                     -> strings
  integer,         ///< whole number                          -> integer
  integer_pair,    ///< list of two whole numbers             -> numbers
  quantity,        ///< number with a unit                    -> number
  number_list,     ///< list of numbers without a unit        -> numbers
  pair,            ///< list of two quantities                -> numbers
  triple,          ///< list of three quantities              -> numbers
  size_or_triple,  ///< one quantity for all axes, or three   -> numbers
  point_list,      ///< list of triples                       -> numbers, three per point
};

/// A value between the text of a study and a member of `Config`; empty when an optional value is not set.
using KeyValue = std::variant<std::monostate, double, std::int64_t, std::string, std::vector<double>,
                              std::vector<std::string>>;

/// Units of a key that depend on the field named next to it.
inline constexpr const char* unit_of_field = "field";
inline constexpr const char* unit_of_field_rate = "field per h";
/// Unit of a key that depends on the parameter named next to it.
inline constexpr const char* unit_of_parameter = "parameter";

/// One configuration key. `store` and `load` move its value into and out of the struct of its section.
struct Key {
  std::string name;
  KeyKind kind = KeyKind::text;
  std::string unit = "1";  ///< internal unit, or unit_of_field, unit_of_field_rate, unit_of_parameter
  double lower = -std::numeric_limits<double>::infinity();
  double upper = std::numeric_limits<double>::infinity();
  bool required = false;  ///< where it applies
  std::vector<std::string> choices;
  std::string sibling;                  ///< the key has a meaning only where this choice of its section ...
  std::vector<std::string> meaningful;  ///< ... is one of these; empty: always
  std::string doc;
  std::string source;      ///< where range or default come from, when not from the model's definition
  std::string when_unset;  ///< what happens without it, for optional values
  std::string example;     ///< as written in a study
  std::function<void(void*, const KeyValue&)> store;
  std::function<KeyValue(const void*)> load;

  /// Name of the key next to it that decides its unit; null: none does.
  const char* unit_key() const;

  Key& range(double low, double high);
  Key& require();
  Key& only(std::string key, std::vector<std::string> values);
  Key& from(std::string text);
  Key& unset(std::string text);
  Key& such_as(std::string text);
};

/// A table of the study. `path` is "" for the top level, "domain", "skin.layer[]" (repeated), ...
struct Section {
  std::string path;
  std::string doc;
  bool repeated = false;
  std::vector<Key> keys;
  std::function<std::size_t(const Config&)> count;            ///< how many are there
  std::function<void*(Config&)> append;                       ///< a new one, or the only one
  std::function<const void*(const Config&, std::size_t)> at;  ///< for reading back

  const Key* find(std::string_view name) const;
  /// Last part of the path without "[]": how the table is called inside its parent.
  std::string name() const;
  /// Path of the enclosing table.
  std::string parent() const;
};

/// All sections in the order in which the documentation and a resolved study show them. The overrides of
/// [model_parameters] are not here: their table is `ModelInfo::parameters`.
const std::vector<Section>& config_sections();

/// Section by path ("treatment[]"); throws std::logic_error for an unknown one.
const Section& config_section(std::string_view path);

/// Full path of a key ("treatment[].pitch", "title").
std::string key_path(const Section& section, const Key& key);

/// Whether `key` has a meaning in `object`, a struct of `section` (see Key::only).
bool key_applies(const Section& section, const Key& key, const void* object);

/// Value of `key` in a default-constructed section; empty for optional values.
KeyValue default_value(const Section& section, const Key& key);

/// `value` as TOML text that reads back to the same value; `unit` must be a real unit.
std::string format_value(const Key& key, const KeyValue& value, std::string_view unit);

/// `value` for a person: of one unit per key, values of fields without a unit.
std::string format_default(const Key& key, const KeyValue& value);

/// What a key accepts, in words: kind, unit, range, choices.
std::string describe_allowed(const Key& key);

/// Names of walls, faces and axes in the order of their enums.
extern const std::array<const char*, 4> wall_names;
extern const std::array<const char*, 6> face_names;
extern const std::array<const char*, 3> axis_names;

}  // namespace kollagen
