#include "host/insitu/script.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <string>
#include <system_error>

#include "kollagen/check.hpp"

namespace kollagen {

namespace fs = std::filesystem;

fs::path find_script(const std::vector<fs::path>& places) {
  std::error_code ignored;
  std::vector<std::string> names;
  for (const fs::path& path : places) {
    if (fs::exists(path, ignored)) return path;
    names.push_back(path.string());
  }
  throw EnvironmentError(fmt::format("there is no script {}", fmt::join(names, " and no ")));
}

void use_extracts_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    throw EnvironmentError(fmt::format("{}: cannot be created: {}", folder.string(), error.message()));
  ::setenv(extracts_variable, fs::absolute(folder).c_str(), 0);
  ::setenv(run_variable, fs::absolute(folder).parent_path().c_str(), 1);
}

}  // namespace kollagen
