/// Turns [insitu] of a study into an output.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "host/insitu/insitu_sink.hpp"
#include "kollagen/config.hpp"
#include "kollagen/model/info.hpp"

namespace kollagen {

/// What this build can show a run with, for people: ParaView itself, Catalyst 2.
std::string insitu_paraview();
std::string insitu_catalyst();

/// Throws EnvironmentError, with the way to get it, when this build does not have the back end that is
/// wanted.
void require_insitu(const InsituConfig& insitu);

/// Where a script may be that a study names: seen from the current directory, then from the folder of the
/// study; none for an empty name.
std::vector<std::filesystem::path> script_places(const std::string& script, const std::string& study);

/// The output for `config.insitu`, which is wanted; extracts go to `run_dir`/insitu. Nothing is started. The
/// functions are those of InsituSink::Setup. Needs `require_insitu`.
std::unique_ptr<InsituSink> make_insitu_sink(const Config& config, const std::string& study,
                                             const ModelInfo& model, const std::filesystem::path& run_dir,
                                             Communicator& ranks,
                                             std::function<void(const std::string&)> started,
                                             std::function<void(const std::string&)> failed,
                                             std::function<void(const std::string&)> complained);

}  // namespace kollagen
