/// What is measured of a state for its metrics: extremes and sums of the fields, and of read-outs of each cell of skin.
#pragma once

#include <vector>

#include "kollagen/math.hpp"
#include "kollagen/plane_sums.hpp"
#include "kollagen/types.hpp"

namespace kollagen {

/// Numbers that a cell of skin is graded by, besides its fields; they are 0 outside of the skin.
enum ReadOut : int {
  excess_iii,    ///< share of collagen III over that of intact skin, less 1, not below 0
  strength,      ///< relative strength
  weak,          ///< 1 where the strength is below `weak`
  deficit,       ///< 1 - strength, not below 0
  lost_elastin,  ///< 1 - elastin over that of intact skin, not below 0
  read_outs
};

/// Constants of these grades (docs/outputs.md has the formulas).
struct ReadOutLaw {
  Real weight_iii = 0.2;         ///< [1] collagen III against I in the strength proxy
  Real strength_exponent = 1.3;  ///< [1] calibrated: 3 % of strength after a week, 76 % after 180 days
  Real weak = 0.8;               ///< [1] strength below which a cell counts as damaged
};

/// Intact skin at some depth [mg/mL].
struct IntactMatrix {
  Real collagen_i, collagen_iii, elastin;
};

/// The read-outs of a cell that holds collagen I, III and elastin [mg/mL].
KOKKOS_FORCEINLINE_FUNCTION void evaluate(const ReadOutLaw& law, const IntactMatrix& intact, const Real i, const Real iii,
                                          const Real elastin, Real (&out)[read_outs]) {
  const Real total = i + iii, rest = intact.collagen_i + intact.collagen_iii;
  const Real whole = intact.collagen_i + law.weight_iii * intact.collagen_iii;
  const Real ratio = whole > 0 ? (i + law.weight_iii * iii) / whole : Real(0);
  const Real s = ratio > 0 ? ::pow(ratio, law.strength_exponent) : Real(0);
  const Real excess =
      total > 0 && intact.collagen_iii > 0 ? iii / total * rest / intact.collagen_iii - 1 : Real(0);
  const Real lost = intact.elastin > 0 ? 1 - elastin / intact.elastin : Real(0);
  out[excess_iii] = excess > 0 ? excess : Real(0);
  out[strength] = s;
  out[weak] = s < law.weak ? Real(1) : Real(0);
  out[deficit] = s < 1 ? 1 - s : Real(0);
  out[lost_elastin] = lost > 0 ? lost : Real(0);
}

/// Extremes of every species, and sums over planes of every species by its index and, where they were asked for, of the
/// read-outs after them.
struct Measured {
  std::vector<Extremes> extremes;
  PlaneSums sums;
};

}  // namespace kollagen
