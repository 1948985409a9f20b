#include "host/view.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <vector>

#include "kollagen/check.hpp"

namespace kollagen {

void view_run(const ViewOptions& options) {
  const char* given = std::getenv("KOLLAGEN_TOOLS");
  const std::filesystem::path folder = given ? given : KOLLAGEN_SOURCE_TOOLS;
  const std::filesystem::path tool = folder / "view.sh";
  std::error_code unknown;
  if (!std::filesystem::is_regular_file(tool, unknown))
    throw EnvironmentError(
        fmt::format("{} does not exist ({}): set KOLLAGEN_TOOLS to the folder tools of a copy of the sources",
                    tool.string(),
                    given ? "KOLLAGEN_TOOLS names its folder"
                          : "there were the sources that this program was built from"));
  // bash is named: a copy of the sources need not have kept the right to execute.
  std::vector<std::string> words{"bash", tool.string()};
  if (options.headless) words.push_back("--headless");
  if (!options.output.empty()) words.insert(words.end(), {"-o", options.output});
  words.push_back(options.run);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::execvp("bash", arguments.data());
  throw EnvironmentError(
      fmt::format("bash, which runs {}, cannot be started: {}", tool.string(), std::strerror(errno)));
}

}  // namespace kollagen
