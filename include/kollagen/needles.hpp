/// Needles of a treatment: their geometry and where a session puts them.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "kollagen/config.hpp"
#include "kollagen/types.hpp"

namespace kollagen {

/// One needle track: a cylinder with a cone tip along a unit axis that points into the skin.
/// Values only, so that kernels can hold it.
struct Needle {
  Real entry[3] = {0, 0, 0};  ///< [um] where the axis meets the surface z = 0
  Real axis[3] = {0, 0, 1};   ///< unit vector, into the skin
  Real radius = 0;            ///< [um]
  Real length = 0;            ///< [um] effective: depth efficiency times length
  Real tip_length = 0;        ///< [um] cone; 0 for a track that runs through the whole domain
  Real rim = 0;               ///< [um] decay length of the damage around the track
};

/// What a track does to the tissue (docs/skin_and_needles.md). It bleeds below `Column::first_vessel` only.
struct Injury {
  Real matrix_loss = 0.7;      ///< [1] f_C: share of collagen and elastin lost in the core
  Real cell_loss = 0.9;        ///< [1] share of cells lost in the core
  Real platelets = 0.75;       ///< [1e9/mL] A0 put into a bleeding core
  Real clot = 6;               ///< [mg/mL] B put into a bleeding core
  Real bleeding_length = 100;  ///< [um] shorter tracks do not bleed
};

/// More needles than this in one session are taken for a mistake.
inline constexpr double most_needles = 1e7;

/// How many needles a session has, in the mean where the pattern is random; `sides` as for place_needles.
double expected_needles(const TreatmentConfig& treatment, const std::array<double, 3>& sides);

/// Needles of session number `session` (0 for the first entry) of a study. Positions of random placements
/// come from a counter-based generator keyed by (seed, session, needle): the same on any backend and any
/// number of ranks. Tracks that leave a periodic side are kept; kernels use the nearest periodic image.
/// `sides` are the domain's lengths [um]. Needles of no effective length leave no track: the list is empty.
/// Throws InputError when the session has more than `most_needles`.
std::vector<Needle> place_needles(const TreatmentConfig& treatment, const std::array<double, 3>& sides,
                                  std::uint64_t seed, int session);

}  // namespace kollagen
