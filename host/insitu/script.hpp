/// What all back ends share about scripts: where one is, and where its extracts go.
#pragma once

#include <filesystem>
#include <vector>

namespace kollagen {

/// Environment variable that names the folder of extracts; ParaView reads it, however it was reached.
inline constexpr const char* extracts_variable = "PARAVIEW_OVERRIDE_EXTRACTS_OUTPUT_DIRECTORY";

/// Environment variable that tells scripts the folder of the run.
inline constexpr const char* run_variable = "KOLLAGEN_RUN";

/// The first of these files that exists. Throws EnvironmentError, with all names, when none does.
std::filesystem::path find_script(const std::vector<std::filesystem::path>& places);

/// Makes the folder, which lies in that of the run, and the one for extracts unless the environment names another; tells
/// scripts both. Throws EnvironmentError.
void use_extracts_folder(const std::filesystem::path& folder);

}  // namespace kollagen
