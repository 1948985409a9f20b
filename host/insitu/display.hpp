/// Whether this process can open windows, which VTK as Debian builds it needs even for pictures that go to
/// files.
#pragma once

#include <string>

namespace kollagen {

/// Why a view cannot be drawn here: no X server answers. Empty when one does, or when this VTK draws without.
std::string missing_display();

}  // namespace kollagen
