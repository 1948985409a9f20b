/// A script for ParaView to begin with: the fields, ranges and needles of one study.
#pragma once

#include <string>

#include "kollagen/config.hpp"
#include "kollagen/model/info.hpp"

namespace kollagen {

/// Text of a Catalyst script that runs as it is under the study `config`, read from the file called `study`.
/// It draws a section through a row of needles (needs a display), or, with `extracts`, writes it as data
/// (needs none). Colour ranges are fixed: for the skin model they follow from its baselines and parameters,
/// for others from the initial values.
std::string starter_script(const Config& config, const ModelInfo& model, const std::string& study,
                           bool extracts);

}  // namespace kollagen
