/// Turns TOML nodes into checked values of keys.
#pragma once

#include <toml++/toml.h>

#include <optional>
#include <string>
#include <vector>

#include "host/config/diagnostics.hpp"
#include "host/config/keys.hpp"
#include "kollagen/model/info.hpp"

namespace kollagen {

/// Reads values of keys and notes what is wrong with them. `model` may be null when it is unknown; names of
/// fields and terms are then not checked.
class ValueReader {
 public:
  explicit ValueReader(Diagnostics& errors) : errors_(errors) {}
  void set_model(const ModelInfo* model) { model_ = model; }

  /// The value of `key`, named `path` in messages, with `unit` resolved; empty after an error.
  std::optional<KeyValue> read(const Key& key, const toml::node& node, const std::string& path,
                               const std::string& unit);

  /// One number in `unit` within [lower, upper]; empty after an error.
  std::optional<double> number(const toml::node& node, const std::string& path, const std::string& unit,
                               double lower, double upper);

 private:
  std::optional<KeyValue> numbers(const Key& key, const toml::node& node, const std::string& path,
                                  const std::string& unit, std::size_t length);
  std::optional<KeyValue> points(const Key& key, const toml::node& node, const std::string& path,
                                 const std::string& unit);
  std::optional<KeyValue> integer(const Key& key, const toml::node& node, const std::string& path);
  std::optional<KeyValue> text(const Key& key, const toml::node& node, const std::string& path);
  std::optional<KeyValue> words(const Key& key, const toml::node& node, const std::string& path);
  std::optional<std::string> word(const Key& key, const toml::node& node, const std::string& path);
  std::nullopt_t fail(const toml::node& node, const std::string& path, const std::string& message);

  Diagnostics& errors_;
  const ModelInfo* model_ = nullptr;
};

/// A node as one short line, as it would stand in a study.
std::string show(const toml::node& node);

/// Names of all fields (and, with `symbols`, their short forms) or terms of a model.
std::vector<std::string> field_names(const ModelInfo& model, bool symbols);
std::vector<std::string> term_names(const ModelInfo& model);
std::vector<std::string> parameter_names(const ModelInfo& model);

}  // namespace kollagen
