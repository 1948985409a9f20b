/// Shows a run in ParaView: hands over to tools/view.sh.
#pragma once

#include <string>

namespace kollagen {

/// What to show and how.
struct ViewOptions {
  std::string run;        ///< folder of the run
  bool headless = false;  ///< pictures and an animation instead of windows
  std::string output;     ///< folder for these; empty: RUN/view
};

/// Becomes the process of tools/view.sh, whose exit codes are ours. The tool is in the folder that the
/// environment variable KOLLAGEN_TOOLS names, else in the sources that this program was built from; throws
/// EnvironmentError where it is not.
[[noreturn]] void view_run(const ViewOptions& options);

}  // namespace kollagen
