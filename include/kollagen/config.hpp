/// A study as plain values in internal units (um, h, ng/mL, cells/mm^3, mg/mL), after all checks.
/// Every default of a configuration key lives here and nowhere else.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace kollagen {

enum class WallKind { periodic, no_flux, dirichlet, robin };
enum class Face : int { x_min, x_max, y_min, y_max, z_min, z_max };
enum class IntegratorKind { imex, explicit_rk };
enum class Pattern { single, stamp, hex, roller, pen, poisson };
enum class Placement { automatic, fixed, random };  ///< automatic: fixed first, random later
enum class Shape { uniform, gaussian, box, cosine, halfspace, point, cylinder };
enum class OutputKind { fields, slice, probe, metrics };
enum class Precision { float32, float64 };
enum class StatePrecision { full, mixed };  ///< all in double; what is not slow in float (storage.hpp)
enum class InsituPolicy { warn, stop };
enum class InsituLibrary { any, paraview, catalyst };

struct DomainConfig {
  std::array<double, 3> size{0, 0, 0};     ///< [um]
  std::array<double, 3> spacing{0, 0, 0};  ///< [um]
  std::array<int, 3> cells{0, 0, 0};       ///< derived: round(size / spacing)
  std::array<WallKind, 6> walls{WallKind::periodic, WallKind::periodic, WallKind::periodic,
                                WallKind::periodic, WallKind::no_flux,  WallKind::no_flux};  ///< by Face

  bool operator==(const DomainConfig&) const = default;
};

/// Wall value of one field on one face (verification models; in `dermal` walls mean the baseline).
struct BoundaryValueConfig {
  std::string field;
  Face face = Face::x_min;
  double value = 0;  ///< wall (dirichlet) or outside (robin) concentration, unit of the field
  double k = 0;      ///< [um/h] transfer coefficient of a robin wall

  bool operator==(const BoundaryValueConfig&) const = default;
};

struct TimeConfig {
  double end = 0;  ///< [h]
  IntegratorKind integrator = IntegratorKind::imex;
  StatePrecision precision = StatePrecision::full;
  double tolerance = 1e-3;          ///< relative, per step
  std::optional<double> step;       ///< [h] fixed step instead of the automatic one
  double first_step = 1.0 / 3600;   ///< [h] imex: step after the start and after every treatment
  double max_step = 12.0;           ///< [h] imex: no step is longer than this
  double safety = 0.9;              ///< explicit: share of the stable step

  bool operator==(const TimeConfig&) const = default;
};

/// One layer of skin; values that are empty are taken from the preset's layer of the same name.
struct LayerConfig {
  std::string name;
  std::optional<double> thickness;     ///< [um]
  std::optional<double> collagen_i;    ///< [mg/mL]
  std::optional<double> collagen_iii;  ///< [mg/mL]
  std::optional<double> elastin;       ///< [mg/mL]
  std::optional<double> fibroblasts;   ///< [cells/mm^3]
  std::optional<double> vessels;       ///< [1]
  std::optional<double> diffusivity;   ///< [1] multiplier

  bool operator==(const LayerConfig&) const = default;
};

struct SkinConfig {
  std::string preset = "reticular";  ///< face | forearm | back | papillary | reticular
  std::vector<LayerConfig> layers;   ///< overrides by name, or a skin of its own where names are new

  bool operator==(const SkinConfig&) const = default;
};

struct TreatmentConfig {
  double at = 0;  ///< [h]
  Pattern pattern = Pattern::single;
  std::array<int, 2> needles{1, 1};      ///< stamp, hex: needles along x and y; roller: needles per row, unused
  double pitch = 450;                    ///< [um] distance between neighbouring needles
  int rows = 8;                          ///< roller: rows of needles around the drum
  int passes = 1;                        ///< roller, pen, poisson: how often the area is treated
  double density = 2.5e-6;               ///< [1/um^2] pen, poisson: needles per area and pass (250/cm^2)
  double length = 1000;                  ///< [um]
  double radius = 100;                   ///< [um]
  std::optional<double> tip_length;      ///< [um] default: 4 radii
  double depth_efficiency = 1;           ///< [1]
  double rim = 30;                       ///< [um]
  double matrix_loss = 0.7;              ///< [1] f_C
  double tilt = 0;                       ///< [rad] from the surface normal
  double jitter = 0;                     ///< [um] standard deviation of each entry point
  std::optional<std::array<double, 2>> center;  ///< [um] default: lateral centre
  Placement placement = Placement::automatic;

  bool operator==(const TreatmentConfig&) const = default;
};

/// A parameter of the model that gets another value while the run is under way.
struct ChangeConfig {
  double at = 0;              ///< [h]
  std::optional<long> step;   ///< after so many accepted steps instead of at `at`, which no step is shortened to meet
  std::string parameter;      ///< documented name
  double value = 0;           ///< unit of the parameter

  bool operator==(const ChangeConfig&) const = default;
};

struct InitialConfig {
  std::string field;
  Shape shape = Shape::uniform;
  double value = 0;                          ///< unit of the field
  std::array<double, 3> center{0, 0, 0};     ///< [um] gaussian
  double sigma = 0;                          ///< [um] gaussian
  std::array<double, 3> lower{0, 0, 0};      ///< [um] box
  std::array<double, 3> upper{0, 0, 0};      ///< [um] box
  std::array<double, 3> wavenumber{0, 0, 0}; ///< cosine: half waves over the side, per axis
  double offset = 0;                         ///< cosine: added constant, unit of the field
  int axis = 0;                              ///< halfspace: 0 x, 1 y, 2 z
  double position = 0;                       ///< [um] halfspace: value below it, 0 above

  bool operator==(const InitialConfig&) const = default;
};

struct SourceConfig {
  std::string field;
  Shape shape = Shape::point;                ///< point | cylinder | box
  double value = 0;                          ///< unit of the field per hour, within the shape
  std::array<double, 3> center{0, 0, 0};     ///< [um] point: the cell that contains it; cylinder: axis foot
  double radius = 0;                         ///< [um] cylinder
  int axis = 2;                              ///< cylinder axis
  std::array<double, 3> lower{0, 0, 0};      ///< [um] box; cylinder: extent along its axis
  std::array<double, 3> upper{0, 0, 0};      ///< [um] box; cylinder

  bool operator==(const SourceConfig&) const = default;
};

struct OutputConfig {
  OutputKind kind = OutputKind::fields;
  std::string name;                          ///< file name part; default: the kind
  double every = 24;                         ///< [h]
  double from = 0;                           ///< [h]
  std::optional<double> until;               ///< [h] default: end
  std::vector<std::string> fields;           ///< canonical field names; empty: all
  Precision precision = Precision::float32;
  int axis = 1;                              ///< slice normal: 0 x, 1 y, 2 z
  std::optional<double> position;            ///< [um] slice; default: middle of the axis
  std::vector<std::array<double, 3>> points; ///< [um] probe
  std::vector<double> percentiles;           ///< [%] metrics: of every field over each window
  std::optional<int> histogram_bins;         ///< metrics: a histogram of every field over each window; default: none

  bool operator==(const OutputConfig&) const = default;
};

struct CheckpointConfig {
  double every_wall = 0.5;      ///< [h] of wall time between two checkpoints
  std::optional<double> every;  ///< [h] of simulated time, met exactly; default: by wall time only
  int keep = 2;                 ///< newest checkpoints that are kept; 0: none is written

  bool operator==(const CheckpointConfig&) const = default;
};

/// What is shown while a run is under way. Nothing here changes a result, but what `steer` names may be changed.
struct InsituConfig {
  InsituLibrary backend = InsituLibrary::any;  ///< any: the one that the program has, ParaView first
  std::string script;                ///< ParaView Catalyst script, as written in the study; empty: none
  double every = 24;                 ///< [h]
  InsituPolicy on_error = InsituPolicy::warn;
  std::vector<std::string> fields;   ///< canonical field names; empty: all
  std::vector<std::string> derived;  ///< names of derived fields (host/insitu/derived.hpp)
  Precision precision = Precision::float32;
  std::string live;                  ///< "host:port" of a viewer; empty: none
  double live_wait = 0;              ///< [h] wall time that the start waits for the viewer
  std::vector<std::string> steer;    ///< documented names of parameters that the script and the viewer may change

  bool wanted() const { return !script.empty() || !live.empty(); }
  bool operator==(const InsituConfig&) const = default;
};

struct Config {
  std::string title;
  std::string model = "dermal";
  std::uint64_t seed = 1;
  DomainConfig domain;
  TimeConfig time;
  SkinConfig skin;
  std::vector<TreatmentConfig> treatments;
  std::vector<ChangeConfig> changes;
  /// Internal units, by documented name; a study that was read names all, what is missing keeps its default.
  std::map<std::string, double> model_parameters;
  std::vector<BoundaryValueConfig> boundary_values;
  std::vector<InitialConfig> initial;
  std::vector<SourceConfig> sources;
  std::vector<std::string> disabled_terms;
  std::vector<OutputConfig> outputs;
  CheckpointConfig checkpoint;
  InsituConfig insitu;
  std::string resolved_toml;  ///< the study with every default written out, as config.toml receives it

  bool operator==(const Config&) const = default;
};

}  // namespace kollagen
