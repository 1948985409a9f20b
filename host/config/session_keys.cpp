#include "host/config/session_keys.hpp"

#include <sstream>

namespace kollagen {

bool is_session_key(const std::string& path) {
  return path == "checkpoint.every_wall" || path == "checkpoint.keep" || path.starts_with("insitu.");
}

std::string study_of_run(const std::string& resolved_toml) {
  std::istringstream in(resolved_toml);
  std::string text, table;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('[')) table = line.substr(1, line.find(']') - 1);
    if (table == "insitu") continue;  // as in a study of a version that does not know it
    if (!is_session_key(table + "." + line.substr(0, line.find(' ')))) text += line + "\n";
  }
  return text;
}

}  // namespace kollagen
