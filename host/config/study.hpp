/// A study while it is being read: the values so far, where each stands in the file, and the errors.
#pragma once

#include <map>
#include <set>
#include <string>

#include "host/config/diagnostics.hpp"
#include "kollagen/config.hpp"
#include "kollagen/model/info.hpp"

namespace kollagen {

/// A value as it was given.
struct Given {
  Place place;
  std::string value;
};

struct Study {
  explicit Study(Diagnostics& e) : errors(e) {}

  Diagnostics& errors;
  Config config;
  const ModelInfo* model = nullptr;    ///< null when the study names no known model
  std::map<std::string, Given> given;  ///< by full path with numbers, "treatment[0].pitch"; tables too
  std::set<std::string> failed;        ///< paths whose value is unusable

  bool has(const std::string& path) const { return given.count(path) > 0; }
  bool ok(const std::string& path) const { return failed.count(path) == 0; }
  /// Place of a key, or of the innermost table around it that was given.
  Place place(std::string path) const;
  /// Notes an error at a key.
  void fail(const std::string& path, const std::string& message);
};

/// Checks that involve several keys. Needs all single values read; skips what has failed before.
void check_study(Study& study);

/// Throws EnvironmentError when the grid needs more memory than `available` [B].
void check_memory(const Config& config, const ModelInfo& model, double available);

/// The study with every key and default written out, as TOML that reads back to the same Config.
std::string resolve_study(const Config& config, const ModelInfo& model);

/// Unit of a key of `object`, a struct of the section `section_path`, in the model `model`.
std::string unit_of(const struct Section& section, const struct Key& key, const void* object,
                    const ModelInfo* model);

}  // namespace kollagen
