#include "host/insitu/display.hpp"

#include <vtkRenderingOpenGLConfigure.h>

#include <cstdlib>

#if defined(VTK_USE_X) && !defined(VTK_OPENGL_HAS_EGL) && !defined(VTK_OPENGL_HAS_OSMESA)
#include <X11/Xlib.h>

namespace kollagen {

std::string missing_display() {
  if (Display* display = XOpenDisplay(nullptr)) {
    XCloseDisplay(display);
    return "";
  }
  const char* name = std::getenv("DISPLAY");
  return name && *name ? std::string("the X server of DISPLAY=") + name + " does not answer"
                       : "DISPLAY is not set";
}

}  // namespace kollagen
#else
namespace kollagen {

std::string missing_display() { return ""; }

}  // namespace kollagen
#endif
