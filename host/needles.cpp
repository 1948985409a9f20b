/// Where the needles of a session enter the skin (docs/skin_and_needles.md, patterns and random numbers).
#include "kollagen/needles.hpp"

#include <Random123/philox.h>

#include <Random123/boxmuller.hpp>
#include <Random123/uniform.hpp>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <sstream>
#include <stdexcept>

#include "kollagen/check.hpp"

namespace kollagen {
namespace {

using Point = std::array<double, 2>;

/// A roller presses its needles in tilted by this much in and against the rolling direction; a study's tilt
/// other than 0 takes its place [rad].
constexpr double roller_tilt = 10 * std::numbers::pi / 180;

/// Cone length where the study gives none, in radii.
constexpr double radii_per_tip = 4;

/// What a random number is for; part of the counter, so that one use never shifts the numbers of another.
enum class Stream : std::uint64_t { lattice, jitter, count, position, azimuth, pass, row, step };

/// Random numbers of one session: the key is (seed, session), the counter (index, stream). No state.
class Draws {
 public:
  Draws(const std::uint64_t seed, const int session) : key_{{seed, std::uint64_t(session)}} {}

  /// Four independent 64-bit numbers.
  r123::Philox4x64::ctr_type bits(const Stream stream, const std::uint64_t index) const {
    return r123::Philox4x64()({{index, std::uint64_t(stream), 0, 0}}, key_);
  }
  /// Two uniform numbers in (0, 1].
  Point uniform(const Stream stream, const std::uint64_t index) const {
    const auto b = bits(stream, index);
    return {r123::u01<double>(b[0]), r123::u01<double>(b[1])};
  }
  /// Two normal numbers, mean 0, variance 1.
  Point normal(const Stream stream, const std::uint64_t index) const {
    const auto b = bits(stream, index);
    const r123::double2 pair = r123::boxmuller(b[0], b[1]);
    return {pair.x, pair.y};
  }

 private:
  r123::Philox4x64::key_type key_;
};

/// An entry point, and the direction and angle by which its needle leans.
struct Entry {
  Point at{0, 0};      ///< [um]
  double azimuth = 0;  ///< [rad] lateral direction of the lean, from x to y
  double tilt = 0;     ///< [rad] from the surface normal
};

Point rotated(const Point& p, const double angle) {
  const double c = std::cos(angle), s = std::sin(angle);
  return {c * p[0] - s * p[1], s * p[0] + c * p[1]};
}

bool inside(const Point& p, const std::array<double, 3>& sides) {
  return p[0] >= 0 && p[0] < sides[0] && p[1] >= 0 && p[1] < sides[1];
}

/// Position in [0, side).
double wrapped(const double x, const double side) {
  const double rest = std::fmod(x, side);
  const double positive = rest < 0 ? rest + side : rest;
  return positive < side ? positive : 0;
}

/// single: at `centre`, or anywhere when `random`.
std::vector<Entry> single(const TreatmentConfig& t, const Point& centre, const std::array<double, 3>& sides,
                          const Draws& draws, const bool random) {
  if (!random) return {{centre, 0, t.tilt}};
  const Point u = draws.uniform(Stream::position, 0);
  const double azimuth = 2 * std::numbers::pi * draws.uniform(Stream::azimuth, 0)[0];
  return {{{wrapped(u[0] * sides[0], sides[0]), wrapped(u[1] * sides[1], sides[1])}, azimuth, t.tilt}};
}

/// Distance of the rows of a lattice [um].
double row_pitch(const TreatmentConfig& t) {
  return t.pattern == Pattern::hex ? t.pitch * std::sqrt(3.0) / 2 : t.pitch;
}

/// True where a lattice sticks out of the domain, whose needles are then cut off.
bool exceeds(const TreatmentConfig& t, const std::array<double, 3>& sides) {
  return t.needles[0] * t.pitch > sides[0] * (1 + 1e-9) ||
         t.needles[1] * row_pitch(t) > sides[1] * (1 + 1e-9);
}

/// stamp and hex: a lattice about `centre`; `random` adds a rotation and an offset within one pitch.
/// A lattice that is larger than the domain is cut to it.
std::vector<Entry> lattice(const TreatmentConfig& t, const Point& centre, const std::array<double, 3>& sides,
                           const Draws& draws, const bool random) {
  const int nx = t.needles[0], ny = t.needles[1];
  const double stagger = t.pattern == Pattern::hex && ny > 1 ? t.pitch / 4 : 0;

  double angle = 0;
  Point offset{0, 0};
  if (random) {
    const auto b = draws.bits(Stream::lattice, 0);
    angle = 2 * std::numbers::pi * r123::u01<double>(b[0]);
    offset = {t.pitch * (r123::u01<double>(b[1]) - 0.5), row_pitch(t) * (r123::u01<double>(b[2]) - 0.5)};
  }
  const bool cut = exceeds(t, sides);
  std::vector<Entry> result;
  for (int j = 0; j < ny; ++j)
    for (int i = 0; i < nx; ++i) {
      const Point local{(i - 0.5 * (nx - 1)) * t.pitch + (j % 2 ? stagger : -stagger) + offset[0],
                        (j - 0.5 * (ny - 1)) * row_pitch(t) + offset[1]};
      const Point turned = rotated(local, angle);
      const Entry entry{{centre[0] + turned[0], centre[1] + turned[1]}, angle, t.tilt};
      if (!cut || inside(entry.at, sides)) result.push_back(entry);
    }
  return result;
}

/// roller: every pass rolls over the whole domain with a heading and a phase of its own. Rows follow each
/// other at one pitch, each shifted by 1/rows of a pitch against the one before, so that the pattern repeats
/// after a turn of the drum. A row leans forward or backward, as its needles enter or leave the skin.
std::vector<Entry> roller(const TreatmentConfig& t, const Point& centre, const std::array<double, 3>& sides,
                          const Draws& draws) {
  const double tilt = t.tilt != 0 ? t.tilt : roller_tilt;
  // From `centre` no point of the domain is farther than this, whatever the heading.
  const double reach = std::hypot(std::max(std::abs(centre[0]), std::abs(sides[0] - centre[0])),
                                  std::max(std::abs(centre[1]), std::abs(sides[1] - centre[1])));
  const int half = int(std::ceil(reach / t.pitch)) + 1;
  std::vector<Entry> result;
  for (int pass = 0; pass < t.passes; ++pass) {
    const auto b = draws.bits(Stream::pass, pass);
    const double heading = 2 * std::numbers::pi * r123::u01<double>(b[0]);
    const Point phase{t.pitch * r123::u01<double>(b[1]), t.pitch * r123::u01<double>(b[2])};
    const int first_row = int(std::floor(t.rows * r123::u01<double>(b[3]))) % t.rows;
    for (int row = -half; row <= half; ++row) {
      const int drum_row = ((first_row + row) % t.rows + t.rows) % t.rows;
      const std::uint64_t index = std::uint64_t(pass) * (2 * half + 1) + (row + half);
      const double lean = draws.uniform(Stream::row, index)[0] < 0.5 ? -tilt : tilt;
      for (int n = -half; n <= half; ++n) {
        const Point local{row * t.pitch + phase[0], (n + double(drum_row) / t.rows) * t.pitch + phase[1]};
        const Point turned = rotated(local, heading);
        const Entry entry{{centre[0] + turned[0], centre[1] + turned[1]}, heading, lean};
        if (inside(entry.at, sides)) result.push_back(entry);
      }
    }
  }
  return result;
}

/// pen: one tip that wanders over the area. Steps are as long as the mean spacing of the holes, each turns by
/// up to a right angle, and a walk that leaves the area comes back on the other side, so that the density is
/// the same everywhere. The needle leans in the direction of the walk.
std::vector<Entry> pen(const TreatmentConfig& t, const std::array<double, 3>& sides, const Draws& draws) {
  const double mean = t.density * sides[0] * sides[1];
  const double step = 1 / std::sqrt(t.density);
  std::vector<Entry> result;
  for (int pass = 0; pass < t.passes; ++pass) {
    const auto b = draws.bits(Stream::pass, pass);
    const int count = int(std::floor(mean + r123::u01<double>(b[0])));  // rounds up as often as the mean asks
    Point at{sides[0] * r123::u01<double>(b[1]), sides[1] * r123::u01<double>(b[2])};
    double heading = 2 * std::numbers::pi * r123::u01<double>(b[3]);
    for (int n = 0; n < count; ++n) {
      at = {wrapped(at[0], sides[0]), wrapped(at[1], sides[1])};
      result.push_back({at, heading, t.tilt});
      heading += std::numbers::pi * (draws.uniform(Stream::step, result.size())[0] - 0.5);
      at = {at[0] + step * std::cos(heading), at[1] + step * std::sin(heading)};
    }
  }
  return result;
}

/// poisson: independent holes. The count comes from exponential gaps, which is exact at any mean.
std::vector<Entry> poisson(const TreatmentConfig& t, const std::array<double, 3>& sides, const Draws& draws) {
  const double mean = t.density * sides[0] * sides[1] * t.passes;
  std::vector<Entry> result;
  double sum = 0;
  for (std::uint64_t n = 0;; ++n) {
    sum -= std::log(draws.uniform(Stream::count, n)[0]);
    if (sum > mean) return result;
    const Point u = draws.uniform(Stream::position, n);
    const double azimuth = 2 * std::numbers::pi * draws.uniform(Stream::azimuth, n)[0];
    result.push_back(
        {{wrapped(u[0] * sides[0], sides[0]), wrapped(u[1] * sides[1], sides[1])}, azimuth, t.tilt});
  }
}

std::vector<Entry> entries(const TreatmentConfig& t, const std::array<double, 3>& sides, const Draws& draws,
                           const bool random) {
  const Point centre = t.center.value_or(Point{sides[0] / 2, sides[1] / 2});
  switch (t.pattern) {
    case Pattern::single:
      return single(t, centre, sides, draws, random);
    case Pattern::stamp:
    case Pattern::hex:
      return lattice(t, centre, sides, draws, random);
    case Pattern::roller:
      return roller(t, centre, sides, draws);
    case Pattern::pen:
      return pen(t, sides, draws);
    case Pattern::poisson:
      return poisson(t, sides, draws);
  }
  throw std::logic_error("place_needles: unknown pattern");
}

/// True where the needles of this session take new places; otherwise they repeat those of the first one.
bool places_anew(const TreatmentConfig& t, const int session) {
  switch (t.placement) {
    case Placement::fixed:
      return false;
    case Placement::random:
      return true;
    case Placement::automatic:
      break;
  }
  return t.pattern != Pattern::single && session > 0;
}

Needle make_needle(const TreatmentConfig& t, const Entry& entry, const double depth) {
  Needle needle;
  needle.entry[0] = entry.at[0];
  needle.entry[1] = entry.at[1];
  needle.axis[0] = std::sin(entry.tilt) * std::cos(entry.azimuth);
  needle.axis[1] = std::sin(entry.tilt) * std::sin(entry.azimuth);
  needle.axis[2] = std::cos(entry.tilt);
  needle.radius = t.radius;
  needle.length = t.depth_efficiency * t.length;
  needle.rim = t.rim;
  const bool runs_through = needle.length * needle.axis[2] >= depth;
  const double tip = std::min(t.tip_length.value_or(radii_per_tip * t.radius), needle.length);
  needle.tip_length = runs_through ? 0 : tip;
  return needle;
}

}  // namespace

double expected_needles(const TreatmentConfig& t, const std::array<double, 3>& sides) {
  const double area = sides[0] * sides[1];
  switch (t.pattern) {
    case Pattern::single:
      return 1;
    case Pattern::stamp:
    case Pattern::hex:
      return exceeds(t, sides) ? area / (t.pitch * row_pitch(t)) : double(t.needles[0]) * t.needles[1];
    case Pattern::roller:
      return t.passes * area / (t.pitch * t.pitch);
    case Pattern::pen:
    case Pattern::poisson:
      return t.passes * area * t.density;
  }
  throw std::logic_error("expected_needles: unknown pattern");
}

std::vector<Needle> place_needles(const TreatmentConfig& treatment, const std::array<double, 3>& sides,
                                  const std::uint64_t seed, const int session) {
  const double expected = expected_needles(treatment, sides);
  if (expected > most_needles) {
    std::ostringstream text;
    text << "treatment[" << session << "]: about " << expected << " needles; at most " << most_needles
         << " are allowed in one session";
    throw InputError(text.str());
  }
  if (!(treatment.depth_efficiency * treatment.length > 0)) return {};
  const bool random = places_anew(treatment, session);
  const Draws draws(seed, random ? session : 0);
  std::vector<Needle> result;
  for (Entry& entry : entries(treatment, sides, draws, random)) {
    if (treatment.jitter > 0) {
      const Point shift = draws.normal(Stream::jitter, result.size());
      entry.at = {entry.at[0] + treatment.jitter * shift[0], entry.at[1] + treatment.jitter * shift[1]};
    }
    result.push_back(make_needle(treatment, entry, sides[2]));
  }
  return result;
}

}  // namespace kollagen
