/// What stands between a run and a library that shows it: the frame that is handed over, and the interface of
/// a back end.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace kollagen {

/// Name of the only mesh, as scripts and viewers know it.
inline constexpr const char* insitu_channel = "fields";

/// A field on the cells of a frame, x fastest.
struct InsituArray {
  std::string name;
  std::string unit;
  std::string doc;
  std::variant<std::vector<float>, std::vector<double>> values;
};

/// The part of the domain that one rank shows: its cells and one layer of those of its neighbours, nothing
/// from outside of the domain. Lengths in um; axis order (x, y, z). Index ranges are global.
struct InsituFrame {
  double time = 0;  ///< [h]
  long step = 0;
  std::array<int, 3> global_cells{1, 1, 1};
  std::array<double, 3> spacing{1, 1, 1};
  std::array<int, 3> first{0, 0, 0};  ///< first cell, a neighbour's where there is one
  std::array<int, 3> cells{1, 1, 1};
  std::vector<unsigned char> ghost;        ///< 1: a neighbour's cell; empty where there is none
  std::vector<const InsituArray*> arrays;  ///< those that are wanted now
};

/// A parameter of the model that may be changed from outside.
struct SteeringParameter {
  std::string name;
  std::string unit;
  std::string doc;
  double value = 0, lower = 0, upper = 0;
};

/// The settings as script and viewer left them.
struct SteeringSettings {
  bool pause = false;
  bool stop = false;
  long outputs = 0;            ///< every other number than the last one asks for all outputs
  std::vector<double> values;  ///< of the parameters, in their order
};

/// A library that draws or writes what a script asks for. All functions are called by every rank in the same
/// order and throw EnvironmentError with the reason, on this rank alone; after an error none of them is
/// called again. What is handed over stays where it is until the back end is gone: viewers read it later.
class InsituBackend {
 public:
  virtual ~InsituBackend() = default;
  /// Finds out whether `load` can work, as far as this rank can tell alone. Not collective.
  virtual void check() = 0;
  /// Starts the library and makes it ready for the script. Collective.
  virtual void load() = 0;
  /// The library that shows the run, for the log. After `load`.
  virtual std::string name() const = 0;
  /// Whether the script wants to be called at this instant. When it does, `wants` tells which fields of the
  /// frame it needs, until the next request.
  virtual bool request(double time, long step) = 0;
  virtual bool wants(const std::string& field) const = 0;
  /// Hands over a frame of the instant just requested and calls the script. Collective.
  virtual void execute(const InsituFrame& frame) = 0;
  /// The settings as script and viewer left them on this rank, and another value for one of the parameters. After
  /// `execute`; the values offered first are those that the back end was made with.
  virtual SteeringSettings settings() = 0;
  virtual void set_value(std::size_t parameter, double value) = 0;
  /// Lets the script end its work. Collective.
  virtual void finish() = 0;
  /// What the library complained about since the last call without failing; empty: nothing.
  virtual std::string complaints() = 0;
};

}  // namespace kollagen
