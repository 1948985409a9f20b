/// Collects everything that is wrong with a study, each with its place in the file, and reports it at once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kollagen {

/// Where something stands: a line and column (from 1) of the study, or an option of the command line.
struct Place {
  std::string option;  ///< "--set key=value"; empty: the file
  int line = 0;        ///< 0: the file as a whole
  int column = 0;
};

class Diagnostics {
 public:
  /// `file` as the user named it; `text` its content, for quoting lines.
  Diagnostics(std::string file, std::string_view text);

  /// Notes an error. `key` and `value` may be empty; `message` says what is wrong and what is allowed.
  void add(const Place& place, const std::string& key, const std::string& value, const std::string& message);

  bool empty() const { return errors_.empty(); }
  std::size_t count() const { return errors_.size(); }

  /// One block per error, in the order of the file, options last.
  std::string text() const;

 private:
  struct Entry {
    Place place;
    std::string text;
  };
  std::string format(const Entry& entry) const;

  std::string file_;
  std::vector<std::string> lines_;
  std::vector<Entry> errors_;
};

/// "; did you mean 'x'?" for the closest of `known`, or "" when none is close.
std::string suggestion(std::string_view word, const std::vector<std::string>& known);

}  // namespace kollagen
