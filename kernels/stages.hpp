/// Point-wise kernels of the TR-BDF2 step: predictors, corrections, error estimate.
#pragma once

#include "kollagen/types.hpp"

namespace kollagen {

/// Constants of TR-BDF2 with gamma = 2 - sqrt(2): both stages then share one implicit weight
/// (Bank et al. 1985; Hosea & Shampine 1996).
struct TrBdf2 {
  static constexpr Real gamma = 0.58578643762690495;  ///< 2 - sqrt(2): end of the first stage, in steps
  static constexpr Real weight = gamma / 2;           ///< implicit weight of both stages
  static constexpr Real a1 = 1 / (gamma * (2 - gamma));
  static constexpr Real a2 = (1 - gamma) * (1 - gamma) / (gamma * (2 - gamma));
  /// Twice the error constant: est = error dt (f_n/gamma - f_gamma/(gamma(1-gamma)) + f_{n+1}/(1-gamma)).
  static constexpr Real error = 2 * (-3 * gamma * gamma + 4 * gamma - 2) / (12 * (2 - gamma));
};

/// A guess near `base`: within a factor of 2 and `slack`, since the derivative of a stiff field may be huge.
KOKKOS_FORCEINLINE_FUNCTION Real near_base(const Real base, const Real guess, const Real slack) {
  const Real size = base < 0 ? -base : base;
  const Real low = base - Real(0.5) * size - (base < 0 ? slack : Real(0)), high = base + size + slack;
  return guess < low ? low : (guess > high ? high : guess);
}

/// Stage 1 guess: u = u_n + gamma dt f_n, from rhs = u_n + gamma/2 dt f_n.
struct PredictFirst {
  Span3<const Real> old;
  Span3<const Real> rhs;
  Span3<Real> u;
  Real slack;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    const Real base = old(k, j, i);
    u(k, j, i) = near_base(base, base + 2 * (rhs(k, j, i) - base), slack);
  }
};

/// Between the stages, in one pass: the first two parts of the error estimate (float: it only weighs the step),
/// the right-hand side a1 u_gamma - a2 u_n of the second stage, and its guess u_gamma + (1-gamma) dt f_gamma.
struct BetweenStages {
  Span3<const Real> old;
  Span3<Real> rhs;
  Span3<Real> u;
  Span3<float> error;
  Real slack;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    constexpr Real g = TrBdf2::gamma, w = TrBdf2::weight;
    const Real first = old(k, j, i), r = rhs(k, j, i), middle = u(k, j, i);
    const Real f_old = (r - first) / w, f_middle = (middle - r) / w;  // times dt
    error(k, j, i) = float(TrBdf2::error * (f_old / g - f_middle / (g * (1 - g))));
    rhs(k, j, i) = TrBdf2::a1 * middle - TrBdf2::a2 * first;
    u(k, j, i) = near_base(middle, middle + (1 - g) * f_middle, slack);
  }
};

/// Completes the error estimate into the solver's residual, with weight q = 1 for the filter.
struct FinishError {
  Span3<const float> error;
  Span3<const Real> rhs;
  Span3<const Real> u;
  Span3<float> r;
  Span3<float> q;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    const Real f_new = (u(k, j, i) - rhs(k, j, i)) / TrBdf2::weight;
    r(k, j, i) = float(error(k, j, i) + TrBdf2::error / (1 - TrBdf2::gamma) * f_new);
    q(k, j, i) = 1;
  }
};

/// rhs = u + c rhs, where rhs holds the derivative at u.
struct StartFromDerivative {
  Span3<const Real> u;
  Span3<Real> rhs;
  Real c;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    rhs(k, j, i) = u(k, j, i) + c * rhs(k, j, i);
  }
};

/// Undoes StartFromDerivative: rhs = (rhs - u)/c.
struct UndoStart {
  Span3<const Real> u;
  Span3<Real> rhs;
  Real inv_c;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    rhs(k, j, i) = (rhs(k, j, i) - u(k, j, i)) * inv_c;
  }
};

/// rhs = (u - rhs)/c: the derivative at the end of a stage, as its equation gives it.
struct RecoverDerivative {
  Span3<const Real> u;
  Span3<Real> rhs;
  Real inv_c;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    rhs(k, j, i) = (u(k, j, i) - rhs(k, j, i)) * inv_c;
  }
};

/// rhs = f(u_n) after a step that was not accepted, undone from what BetweenStages left in rhs and error.
struct RestoreDerivative {
  Span3<const Real> old;
  Span3<Real> rhs;
  Span3<const float> error;
  Real inv_c;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    constexpr Real g = TrBdf2::gamma, w = TrBdf2::weight;
    const Real first = old(k, j, i), middle = (rhs(k, j, i) + TrBdf2::a2 * first) / TrBdf2::a1;
    const Real combined = error(k, j, i) * (w / TrBdf2::error) + first / g + middle / (g * (1 - g));
    rhs(k, j, i) = (combined / (1 / g + 1 / (g * (1 - g))) - first) * inv_c;
  }
};

struct CopyField {
  Span3<const Real> from;
  Span3<Real> to;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const { to(k, j, i) = from(k, j, i); }
};

/// Value that stands for a step that cannot be accepted: not finite, or negative beyond the tolerance.
inline constexpr Real unacceptable = 1e30;

/// Size of an error estimate in units of tolerance (scale + |u|); `unacceptable` where u is not finite, or below
/// `lowest` and still falling.
struct ErrorSize {
  Span3<const float> e;
  Span3<const Real> old;
  Span3<const Real> u;
  Real scale, tolerance, lowest;
  KOKKOS_FORCEINLINE_FUNCTION Real operator()(const int k, const int j, const int i) const {
    const Real v = u(k, j, i), w = old(k, j, i), d = e(k, j, i);
    const Real size = d < 0 ? -d : d, a = v < 0 ? -v : v, b = w < 0 ? -w : w;
    const Real error = size / (tolerance * (scale + (a > b ? a : b)));
    const bool fine = (v >= lowest || v >= w) && error <= unacceptable;
    return fine ? error : unacceptable;
  }
};

/// u += e; returns |e| in units of tolerance (scale + |u|).
struct AddCorrection {
  Span3<const float> e;
  Span3<Real> u;
  Real scale, inv_tolerance;
  KOKKOS_FORCEINLINE_FUNCTION Real operator()(const int k, const int j, const int i) const {
    const Real d = e(k, j, i), v = u(k, j, i) + d;
    u(k, j, i) = v;
    return (d < 0 ? -d : d) * inv_tolerance / (scale + (v < 0 ? -v : v));
  }
};

}  // namespace kollagen
