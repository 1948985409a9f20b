/// What script and viewer may ask of a run: the settings, and how ParaView shows them.
#pragma once

#include <string>
#include <vector>

#include "host/insitu/backend.hpp"
#include "kollagen/config.hpp"
#include "kollagen/model/info.hpp"

namespace kollagen {

/// Type of the proxy with the settings, and the name under which scripts and viewers find it among the sources.
inline constexpr const char* steering_proxy = "KollagenSteering";
inline constexpr const char* steering_source = "Steering";
/// The mesh that carries the settings, for Catalyst 2.
inline constexpr const char* steering_mesh = "steering";
/// Properties of the proxy beside those of the parameters, which have their names.
inline constexpr const char* steering_pause = "Pause";
inline constexpr const char* steering_stop = "Stop";
inline constexpr const char* steering_outputs = "Outputs";

/// What the study lets be changed, with the values that it begins with.
std::vector<SteeringParameter> steering_parameters(const Config& config, const ModelInfo& model);

/// Definition of the proxy in ParaView's XML, with ranges and documentation; a viewer loads it as a plugin.
std::string steering_xml(const std::vector<SteeringParameter>& parameters);

}  // namespace kollagen
