/// Point-wise kernels of the TR-BDF2 step: predictors, corrections, error estimate. T is the word that the field is stored
/// in, and what steps go through: compute with.
#pragma once

#include <type_traits>

#include "kollagen/storage.hpp"
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
template <class T>
KOKKOS_FORCEINLINE_FUNCTION T near_base(const T base, const T guess, const T slack) {
  const T size = base < 0 ? -base : base;
  const T low = base - T(0.5) * size - (base < 0 ? slack : T(0)), high = base + size + slack;
  return guess < low ? low : (guess > high ? high : guess);
}

/// Starts a step: from the last stage r of the step before, u_n = r + c0 f_n, the right-hand side u_n + c f_n of the
/// first stage (ratio = c/c0) and its guess u_n + 2 c f_n.
template <class T>
struct StartStep {
  Span3<const T> old;
  Span3<T> rhs;
  Span3<T> u;
  T ratio, slack;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    const T base = old(k, j, i), change = ratio * (base - rhs(k, j, i));
    rhs(k, j, i) = stored<T>(base + change);
    u(k, j, i) = stored<T>(near_base(base, base + 2 * change, slack));
  }
};

/// Between the stages, in one pass: the first two parts of the error estimate (float: it only weighs the step),
/// the right-hand side a1 u_gamma - a2 u_n of the second stage, and its guess, the Taylor polynomial at u_gamma with
/// the second derivative (f_gamma - f_n)/(gamma dt).
template <class T>
struct BetweenStages {
  Span3<const T> old;
  Span3<T> rhs;
  Span3<T> u;
  Span3<float> error;
  T slack;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    constexpr T g = TrBdf2::gamma, w = TrBdf2::weight, a1 = TrBdf2::a1, a2 = TrBdf2::a2;
    const T first = old(k, j, i), r = rhs(k, j, i), middle = u(k, j, i);
    const T f_old = (r - first) * (1 / w), f_middle = (middle - r) * (1 / w);  // times dt
    error(k, j, i) = float(T(TrBdf2::error) * (f_old * (1 / g) - f_middle * (1 / (g * (1 - g)))));
    // a1 is 1 + a2; as floats the two would take a share of every field in each step.
    if constexpr (std::is_same_v<T, float>)
      rhs(k, j, i) = stored<T>(middle + a2 * (middle - first));
    else
      rhs(k, j, i) = a1 * middle - a2 * first;
    const T change = (1 - g) * (f_middle + (1 - g) / (2 * g) * (f_middle - f_old));
    u(k, j, i) = stored<T>(near_base(middle, middle + change, slack));
  }
};

/// Value that stands for a step that cannot be accepted: not finite, or negative beyond the tolerance.
inline constexpr Real unacceptable = 1e30;

/// Size of an error in units of tolerance (scale + |u|); `unacceptable` where u is not finite, or below
/// `lowest` and still falling.
template <class T>
struct ErrorWeight {
  Span3<const T> old;
  Span3<const T> u;
  T scale, tolerance, lowest;
  KOKKOS_FORCEINLINE_FUNCTION Real size(const T e, const int k, const int j, const int i) const {
    const T v = u(k, j, i), w = old(k, j, i);
    const T size = e < 0 ? -e : e, a = v < 0 ? -v : v, b = w < 0 ? -w : w;
    const T error = size / (tolerance * (scale + (a > b ? a : b)));
    const bool fine = (v >= lowest || v >= w) && error <= T(unacceptable);
    return fine ? Real(error) : unacceptable;
  }
};

/// The error estimate of a field, from what BetweenStages left of it and the last stage.
template <class T>
struct ErrorEstimate {
  Span3<const float> error;
  Span3<const T> rhs;
  Span3<const T> u;
  KOKKOS_FORCEINLINE_FUNCTION static T of(const float error, const T rhs, const T u) {
    constexpr T last = TrBdf2::error / ((1 - TrBdf2::gamma) * TrBdf2::weight);
    return error + last * (u - rhs);
  }
  KOKKOS_FORCEINLINE_FUNCTION T operator()(const int k, const int j, const int i) const {
    return of(error(k, j, i), rhs(k, j, i), u(k, j, i));
  }
};

/// Its size as it is.
template <class T>
struct PlainErrorSize {
  ErrorEstimate<T> estimate;
  ErrorWeight<T> weight;
  static constexpr int cells_per_item = 4;
  KOKKOS_FORCEINLINE_FUNCTION Real operator()(const int k, const int j, const int i) const {
    return weight.size(estimate(k, j, i), k, j, i);
  }
};

/// The estimate into the solver's residual, with weight q = 1, for the filter.
template <class T>
struct FinishError {
  ErrorEstimate<T> estimate;
  Span3<float> r;
  Span3<float> q;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    r(k, j, i) = float(estimate(k, j, i));
    q(k, j, i) = 1;
  }
};

/// Size of the filtered estimate.
template <class T>
struct ErrorSize {
  Span3<const float> e;
  ErrorWeight<T> weight;
  static constexpr int cells_per_item = 4;
  KOKKOS_FORCEINLINE_FUNCTION Real operator()(const int k, const int j, const int i) const {
    return weight.size(e(k, j, i), k, j, i);
  }
};

/// Adds a filtered estimate to a field and to the right-hand side that its derivative is taken from. What is not negative
/// stays so.
template <class T>
struct Extrapolate {
  KOKKOS_FORCEINLINE_FUNCTION static void add(const Real e, T& u, T& rhs) {
    const Real v = u, change = v + e < 0 && v >= 0 ? Real(0) : e;
    u = stored<T>(v + change);
    rhs = stored<T>(rhs + change);
  }
};

/// The same for a field that moves, whose estimate the solver has filtered.
template <class T>
struct ExtrapolateMoving {
  Span3<const float> e;
  Span3<T> u;
  Span3<T> rhs;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    Extrapolate<T>::add(e(k, j, i), u(k, j, i), rhs(k, j, i));
  }
};

/// Undoes StartStep: rhs = u_n - c f_n, from u_n + c f_n.
template <class T>
struct UndoStart {
  Span3<const T> u;
  Span3<T> rhs;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    rhs(k, j, i) = stored<T>(2 * Real(u(k, j, i)) - rhs(k, j, i));
  }
};

/// rhs = u_n - c f_n after a step that was not accepted, from what BetweenStages left in rhs and error.
template <class T>
struct RestoreStart {
  Span3<const T> old;
  Span3<T> rhs;
  Span3<const float> error;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    constexpr Real g = TrBdf2::gamma, w = TrBdf2::weight;
    const Real first = old(k, j, i), middle = (rhs(k, j, i) + TrBdf2::a2 * first) / TrBdf2::a1;
    const Real combined = error(k, j, i) * (w / TrBdf2::error) + first / g + middle / (g * (1 - g));
    rhs(k, j, i) = stored<T>(2 * first - combined / (1 / g + 1 / (g * (1 - g))));
  }
};

template <class T>
struct SetToZero {
  Span3<T> u;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const { u(k, j, i) = 0; }
};

template <class T>
struct CopyField {
  Span3<const T> from;
  Span3<T> to;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const { to(k, j, i) = from(k, j, i); }
};

/// u += e of a cell; returns |e| in units of tolerance (scale + |u|).
template <class T>
struct CorrectedField {
  Span3<T> u;
  T scale, inv_tolerance;
  KOKKOS_FORCEINLINE_FUNCTION Real add(const float e, const int k, const int j, const int i) const {
    const T d = e, v = u(k, j, i) + d;
    u(k, j, i) = stored<T>(v);
    return (d < 0 ? -d : d) * inv_tolerance / (scale + (v < 0 ? -v : v));
  }
};

/// The same from a field e.
template <class T>
struct AddCorrection {
  Span3<const float> e;
  CorrectedField<T> to;
  static constexpr int cells_per_item = 4;
  KOKKOS_FORCEINLINE_FUNCTION Real operator()(const int k, const int j, const int i) const {
    return to.add(e(k, j, i), k, j, i);
  }
};

}  // namespace kollagen
