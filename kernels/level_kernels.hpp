/// What multigrid does to the cells of a level: operators, sweeps, residual, the ways down and up, coefficients.
#pragma once

#include "kernels/operators.hpp"
#include "kernels/stages.hpp"
#include "kollagen/types.hpp"

namespace kollagen {

/// (q - s div(m grad)) on one level: face conductances m/distance and inverse cell widths, in float.
struct LevelOperator {
  Span3<const float> cx, cy, cz;  ///< conductance of the lower face of a cell along x, y, z [1/um]
  const float* inv_x;             ///< 1/width of the cells along x [1/um]
  const float* inv_y;
  const float* inv_z;
  Span3<const float> q;  ///< [1] >= 1
  float s;               ///< [um^2]
  Intact intact{};                ///< where the conductances are those of the layers
  const float* layers[3] = {};    ///< LayerFaces, along x, y, z; read there only

  /// What is the same along a row of intact cells of the finest level, all of one width: the bits of the operator without
  /// its three fields of faces.
  struct RestRow {
    float x, y, z_low, z_high;
    Span3<const float> q;

    KOKKOS_FORCEINLINE_FUNCTION void neighbours(const Span3<const float>& e, const int k, const int j, const int i,
                                                float& weight, float& sum) const {
      weight = ((x + x) + (y + y)) + (z_low + z_high);
      sum = ((x * e(k, j, i - 1) + x * e(k, j, i + 1)) + (y * e(k, j - 1, i) + y * e(k, j + 1, i))) +
            (z_low * e(k - 1, j, i) + z_high * e(k + 1, j, i));
    }
  };
  KOKKOS_FORCEINLINE_FUNCTION bool at_rest(const int k, const int j, const int i) const { return intact.at(k, j, i); }
  KOKKOS_FORCEINLINE_FUNCTION RestRow rest_row(const int k, const int j) const {
    const float ax = s * inv_x[0], ay = s * inv_y[j], az = s * inv_z[k];
    return {ax * layers[0][k], ay * layers[1][k], az * layers[2][k], az * layers[2][k + 1], q};
  }

  /// Sum of the couplings to the six neighbours, and the coupling-weighted sum of their values.
  KOKKOS_FORCEINLINE_FUNCTION void neighbours(const Span3<const float>& e, const int k, const int j,
                                              const int i, float& weight, float& sum) const {
    const float ax = s * inv_x[i], ay = s * inv_y[j], az = s * inv_z[k];
    const float xl = ax * cx(k, j, i), xh = ax * cx(k, j, i + 1);
    const float yl = ay * cy(k, j, i), yh = ay * cy(k, j + 1, i);
    const float zl = az * cz(k, j, i), zh = az * cz(k + 1, j, i);
    weight = ((xl + xh) + (yl + yh)) + (zl + zh);
    sum = ((xl * e(k, j, i - 1) + xh * e(k, j, i + 1)) + (yl * e(k, j - 1, i) + yh * e(k, j + 1, i))) +
          (zl * e(k - 1, j, i) + zh * e(k + 1, j, i));
  }
};

/// LevelOperator where m depends on depth only: tables along the axes instead of three fields of faces.
struct DepthOperator {
  const float* low[3];   ///< coupling over s of a cell to its lower neighbour along x and y, per m, and along z [1/um^2]
  const float* high[3];  ///< to its upper neighbour
  const float* lateral;  ///< m of a plane for couplings along x and y [1]
  Span3<const float> q;
  float s;

  /// What is the same along a row, looked up once.
  struct Row {
    const float *x_low, *x_high;
    float x, y_low, y_high, z_low, z_high;
    Span3<const float> q;

    KOKKOS_FORCEINLINE_FUNCTION void neighbours(const Span3<const float>& e, const int k, const int j, const int i,
                                                float& weight, float& sum) const {
      const float xl = x * x_low[i], xh = x * x_high[i];
      weight = ((xl + xh) + (y_low + y_high)) + (z_low + z_high);
      sum = ((xl * e(k, j, i - 1) + xh * e(k, j, i + 1)) + (y_low * e(k, j - 1, i) + y_high * e(k, j + 1, i))) +
            (z_low * e(k - 1, j, i) + z_high * e(k + 1, j, i));
    }
  };
  KOKKOS_FORCEINLINE_FUNCTION Row at_row(const int k, const int j) const {
    const float m = s * lateral[k];
    return {low[0], high[0], m, m * low[1][j], m * high[1][j], s * low[2][k], s * high[2][k], q};
  }
};

/// Operators that look up once what is the same along a row, and those that do so where a row rests.
template <class Operator>
concept HasRows = requires { typename Operator::Row; };
template <class Operator>
concept HasRestRows = requires { typename Operator::RestRow; };

/// Float twin of BasicLayerDiffusion for the correction of cells: couplings depend on depth only.
struct LayerOperator {
  Span2<const Real> layer;  ///< (LayerRow, k), k from -1 to nz
  Span3<const float> q;
  float sx, sy, sz;  ///< c D/dx^2 and so on [1]; 0 along an axis of one cell

  KOKKOS_FORCEINLINE_FUNCTION void neighbours(const Span3<const float>& e, const int k, const int j,
                                              const int i, float& weight, float& sum) const {
    const float m = float(layer(layer_lateral, k)), inverse = float(layer(layer_inverse_habitat, k));
    const float low = sz * float(layer(layer_vertical, k)), high = sz * float(layer(layer_vertical, k + 1));
    const float below = low * float(layer(layer_inverse_habitat, k - 1));
    const float above = high * float(layer(layer_inverse_habitat, k + 1));
    const float x = sx * m, y = sy * m;
    weight = 2 * (x + y) + (low + high) * inverse;
    sum = (x * (e(k, j, i - 1) + e(k, j, i + 1)) + y * (e(k, j - 1, i) + e(k, j + 1, i))) +
          (below * e(k - 1, j, i) + above * e(k + 1, j, i));
  }
};

/// One sweep e_out = e + omega (r - A e)/diagonal; a cell without open faces is solved exactly.
template <class Operator>
struct SmoothSweep {
  Operator a;
  Span3<const float> r;
  Span3<const float> e;
  Span3<float> out;
  float omega;
  KOKKOS_FORCEINLINE_FUNCTION float next(const int k, const int j, const int i) const {
    float weight, sum;
    a.neighbours(e, k, j, i, weight, sum);
    const float q = a.q(k, j, i), diagonal = q + weight, c = e(k, j, i);
    const float step = (r(k, j, i) - (diagonal * c - sum)) / diagonal;
    return c + (weight > 0 ? omega : 1.0f) * step;
  }
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    out(k, j, i) = next(k, j, i);
  }
  KOKKOS_FORCEINLINE_FUNCTION auto at_row(const int k, const int j) const
    requires HasRows<Operator>
  {
    return SmoothSweep<typename Operator::Row>{a.at_row(k, j), r, e, out, omega};
  }
  KOKKOS_FORCEINLINE_FUNCTION bool at_rest(const int k, const int j, const int i) const
    requires HasRestRows<Operator>
  {
    return a.at_rest(k, j, i);
  }
  KOKKOS_FORCEINLINE_FUNCTION auto rest_row(const int k, const int j) const
    requires HasRestRows<Operator>
  {
    return SmoothSweep<typename Operator::RestRow>{a.rest_row(k, j), r, e, out, omega};
  }
};

/// The first sweep, from e = 0.
template <class Operator>
struct SmoothFromZero {
  Operator a;
  Span3<const float> r;
  Span3<float> out;
  float omega;
  KOKKOS_FORCEINLINE_FUNCTION float next(const int k, const int j, const int i) const {
    float weight, sum;
    a.neighbours(r, k, j, i, weight, sum);
    const float q = a.q(k, j, i);
    return (weight > 0 ? omega : 1.0f) * r(k, j, i) / (q + weight);
  }
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    out(k, j, i) = next(k, j, i);
  }
  KOKKOS_FORCEINLINE_FUNCTION auto at_row(const int k, const int j) const
    requires HasRows<Operator>
  {
    return SmoothFromZero<typename Operator::Row>{a.at_row(k, j), r, out, omega};
  }
  KOKKOS_FORCEINLINE_FUNCTION bool at_rest(const int k, const int j, const int i) const
    requires HasRestRows<Operator>
  {
    return a.at_rest(k, j, i);
  }
  KOKKOS_FORCEINLINE_FUNCTION auto rest_row(const int k, const int j) const
    requires HasRestRows<Operator>
  {
    return SmoothFromZero<typename Operator::RestRow>{a.rest_row(k, j), r, out, omega};
  }
};

/// A last sweep whose result is added to the field that it corrects instead of being stored: 8 B a cell and a launch
/// less. Returns the size of the correction (CorrectedField).
template <class Sweep, class T>
struct SweepAndAdd {
  Sweep sweep;
  CorrectedField<T> to;
  static constexpr int cells_per_item = 4;
  KOKKOS_FORCEINLINE_FUNCTION Real operator()(const int k, const int j, const int i) const {
    return to.add(sweep.next(k, j, i), k, j, i);
  }
  template <class Row>
  KOKKOS_FORCEINLINE_FUNCTION SweepAndAdd<Row, T> with(const Row& row) const {
    return {row, to};
  }
  KOKKOS_FORCEINLINE_FUNCTION auto at_row(const int k, const int j) const { return with(detail::at_row(sweep, k, j)); }
  KOKKOS_FORCEINLINE_FUNCTION bool at_rest(const int k, const int j, const int i) const
    requires detail::HasRest<Sweep>
  {
    return sweep.at_rest(k, j, i);
  }
  KOKKOS_FORCEINLINE_FUNCTION auto rest_row(const int k, const int j) const
    requires detail::HasRest<Sweep>
  {
    return with(sweep.rest_row(k, j));
  }
};

/// Children of a coarse cell: [2I, 2I+1] where the axis is coarsened, else I. Of an odd number of cells the
/// last parent takes three, so that no cell becomes a sliver on coarser levels. Indices count from the first
/// cell of a part, or of the whole grid where `fine_first` and `coarse_first` are 0.
struct Coarsening {
  int halved[3];                       ///< 1 where the axis is coarsened, else 0: a shift, division is slow
  int fine[3];                         ///< fine cells of the whole grid along x, y, z
  int coarse[3];                       ///< coarse cells of the whole grid along x, y, z
  int fine_first[3], coarse_first[3];  ///< whole-grid index of cell 0
  KOKKOS_FORCEINLINE_FUNCTION int first(const int axis, const int parent) const {
    return ((parent + coarse_first[axis]) << halved[axis]) - fine_first[axis];
  }
  KOKKOS_FORCEINLINE_FUNCTION int last(const int axis, const int parent) const {
    const int whole = parent + coarse_first[axis];
    return (whole == coarse[axis] - 1 ? fine[axis] - 1 : (whole << halved[axis]) + halved[axis]) -
           fine_first[axis];
  }
  KOKKOS_FORCEINLINE_FUNCTION int parent(const int axis, const int child) const {
    const int half = (child + fine_first[axis]) >> halved[axis];
    return (half < coarse[axis] ? half : coarse[axis] - 1) - coarse_first[axis];
  }
};

/// A box of one of several fields into a part that all ranks will gather: cell after cell, the fields side by
/// side.
struct PackPart {
  Span3<const float> u;
  float* part;
  int field, fields;
  int lower[3], extent[3];
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    const int cell = ((k - lower[2]) * extent[1] + (j - lower[1])) * extent[0] + (i - lower[0]);
    part[cell * fields + field] = u(k, j, i);
  }
};

/// From the gathered parts of all ranks to the whole grid.
struct SpreadGathered {
  const float* gathered;
  const int* place;  ///< of each cell of the grid among the gathered ones, x fastest
  Span3<float> out;
  int field, fields;
  int extent[3];
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    out(k, j, i) = gathered[place[(k * extent[1] + j) * extent[0] + i] * fields + field];
  }
};

/// coarse = mean over the children, weighted by volume: what the fine cells hold together is kept, also where
/// the last cell of an axis is narrower than the others. For any number of children.
struct RestrictMean {
  Coarsening map;
  Span3<const float> fine;
  Span3<float> coarse;
  const float* share_x;  ///< share of a child in the width of its parent, per fine cell along x
  const float* share_y;
  const float* share_z;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    float sum = 0;
    for (int kk = map.first(2, k); kk <= map.last(2, k); ++kk)
      for (int jj = map.first(1, j); jj <= map.last(1, j); ++jj) {
        const float share = share_z[kk] * share_y[jj];
        for (int ii = map.first(0, i); ii <= map.last(0, i); ++ii)
          sum += share * share_x[ii] * fine(kk, jj, ii);
      }
    coarse(k, j, i) = sum;
  }
};

/// RestrictMean for parents with two children along x and one or two along y and z: without loops, so that a
/// row is vectorised.
struct RestrictPairs {
  RestrictMean general;
  int first_x;  ///< fine index of the first child of parent 0

  struct Row {
    const float* fine[2][2];  ///< rows of children (z, y), shifted so that 2 i is the first child of parent i
    const float* share_x;     ///< shifted alike
    float y[2], z[2];
    float* coarse;
    KOKKOS_FORCEINLINE_FUNCTION float pair(const float* row, const int i) const {
      return share_x[2 * i] * row[2 * i] + share_x[2 * i + 1] * row[2 * i + 1];
    }
    KOKKOS_FORCEINLINE_FUNCTION void operator()(const int, const int, const int i) const {
      coarse[i] = z[0] * (y[0] * pair(fine[0][0], i) + y[1] * pair(fine[0][1], i)) +
                  z[1] * (y[0] * pair(fine[1][0], i) + y[1] * pair(fine[1][1], i));
    }
  };
  KOKKOS_FORCEINLINE_FUNCTION Row at_row(const int k, const int j) const {
    const Coarsening& map = general.map;
    const int k0 = map.first(2, k), j0 = map.first(1, j), k1 = k0 + map.halved[2], j1 = j0 + map.halved[1];
    const auto& u = general.fine;
    return {{{&u(k0, j0, 0) + first_x, &u(k0, j1, 0) + first_x},
             {&u(k1, j0, 0) + first_x, &u(k1, j1, 0) + first_x}},
            general.share_x + first_x,
            {general.share_y[j0], map.halved[1] != 0 ? general.share_y[j1] : 0.0f},
            {general.share_z[k0], map.halved[2] != 0 ? general.share_z[k1] : 0.0f},
            &general.coarse(k, j, 0)};
  }
};

/// RestrictPairs for parents before `pairs_end`, RestrictMean for the others: all of a level in one launch.
struct RestrictEither {
  RestrictPairs pairs;
  int pairs_end[3];
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    if (i < pairs_end[0] && j < pairs_end[1] && k < pairs_end[2])
      pairs.at_row(k, j)(k, j, i);
    else
      pairs.general(k, j, i);
  }
};

/// out = r - A e. Ghosts of e filled.
template <class Operator>
struct LevelResidual {
  Operator a;
  Span3<const float> r;
  Span3<const float> e;
  Span3<float> out;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    float weight, sum;
    a.neighbours(e, k, j, i, weight, sum);
    out(k, j, i) = r(k, j, i) - ((a.q(k, j, i) + weight) * e(k, j, i) - sum);
  }
  KOKKOS_FORCEINLINE_FUNCTION auto at_row(const int k, const int j) const
    requires HasRows<Operator>
  {
    return LevelResidual<typename Operator::Row>{a.at_row(k, j), r, e, out};
  }
  KOKKOS_FORCEINLINE_FUNCTION bool at_rest(const int k, const int j, const int i) const
    requires HasRestRows<Operator>
  {
    return a.at_rest(k, j, i);
  }
  KOKKOS_FORCEINLINE_FUNCTION auto rest_row(const int k, const int j) const
    requires HasRestRows<Operator>
  {
    return LevelResidual<typename Operator::RestRow>{a.rest_row(k, j), r, e, out};
  }
};

/// Trilinear interpolation of the coarse correction to a fine row. Ghosts of the coarse field filled, corners
/// too.
struct InterpolatedRow {
  const float *low_low, *low_high, *high_low,
      *high_high;  ///< coarse rows (nearer or farther along y, then z)
  float y, z;      ///< weights of the farther ones
  KOKKOS_FORCEINLINE_FUNCTION float operator()(const int i) const {
    return (1 - z) * ((1 - y) * low_low[i] + y * low_high[i]) +
           z * ((1 - y) * high_low[i] + y * high_high[i]);
  }
};

struct Interpolation {
  Coarsening map;
  Span3<const float> coarse;
  const float*
      wx;  ///< weight of the neighbour of the parent, per fine cell along x; its sign says on which side
  const float* wy;
  const float* wz;
  KOKKOS_FORCEINLINE_FUNCTION InterpolatedRow at_row(const int k, const int j) const {
    const float y = wy[j], z = wz[k];
    const int cj = map.parent(1, j), ck = map.parent(2, k);
    const int nj = y < 0 ? cj - 1 : cj + 1, nk = z < 0 ? ck - 1 : ck + 1;
    return {&coarse(ck, cj, 0), &coarse(ck, nj, 0), &coarse(nk, cj, 0),
            &coarse(nk, nj, 0), y < 0 ? -y : y,     z < 0 ? -z : z};
  }
};

/// e += interpolation, at any fine cell.
struct Prolong {
  Interpolation from;
  Span3<float> e;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    const InterpolatedRow row = from.at_row(k, j);
    const int parent = from.map.parent(0, i), neighbour = from.wx[i] < 0 ? parent - 1 : parent + 1;
    const float x = from.wx[i] < 0 ? -from.wx[i] : from.wx[i];
    e(k, j, i) += (1 - x) * row(parent) + x * row(neighbour);
  }
};

/// Prolong to both children of parent i of a fine row, the same bits: neighbouring parents are neighbours in
/// memory, so a row is vectorised. For parents that own two children, below and above their centre; on a host what
/// they leave of a row comes first (one by one these cells would each cost a cache line).
struct ProlongPairs {
  Prolong general;
  int first_x;         ///< fine index of the first child of parent 0
  int ends[2], cells;  ///< fine cells along x [0, ends[0]) and [ends[1], cells) that are not children of pairs

  struct Row {
    InterpolatedRow row;
    const float* wx;
    float* e;
    KOKKOS_FORCEINLINE_FUNCTION void operator()(const int, const int, const int i) const {
      const float low = row(i - 1), middle = row(i), high = row(i + 1);
      const float x0 = -wx[2 * i], x1 = wx[2 * i + 1];
      e[2 * i] += (1 - x0) * middle + x0 * low;
      e[2 * i + 1] += (1 - x1) * middle + x1 * high;
    }
  };
  KOKKOS_FORCEINLINE_FUNCTION void begin_row(const int k, const int j) const {
    for (int i = 0; i < ends[0]; ++i) general(k, j, i);
    for (int i = ends[1]; i < cells; ++i) general(k, j, i);
  }
  KOKKOS_FORCEINLINE_FUNCTION Row at_row(const int k, const int j) const {
    return {general.from.at_row(k, j), general.from.wx + first_x, &general.e(k, j, 0) + first_x};
  }
};

/// Conductances of the finest level: harmonic mean of m over the distance of the centres. Ghosts of m filled.
template <class T>
struct FineFaces {
  Span3<const T> m;
  Span3<float> c;
  int axis;
  Real inv_distance;  ///< 0 along an axis of one cell between walls that let nothing through
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    const int di = axis == 0, dj = axis == 1, dk = axis == 2;
    c(k, j, i) = float(harmonic(m(k - dk, j - dj, i - di), m(k, j, i)) * inv_distance);
  }
};

/// What FineFaces gives where m is that of the layers, as tables over depth: of the faces along x and y of a plane, and of
/// its lower face along z. Runs over k from 0 to nz.
template <class T>
struct LayerFaces {
  Span2<const Real> multiplier;  ///< (0, k), k from -1 to nz
  float *x, *y, *z;
  Real inv_distance[3];  ///< as in FineFaces
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int, const int, const int k) const {
    const T here = T(multiplier(0, k));
    x[k] = float(harmonic(here, here) * inv_distance[0]);
    y[k] = float(harmonic(here, here) * inv_distance[1]);
    z[k] = float(harmonic(T(multiplier(0, k - 1)), here) * inv_distance[2]);
  }
};

/// Conductance of a coarse face: mean of the fine faces on it by area, for the longer distance of the coarse
/// centres.
template <int Axis>
struct CoarseFaces {
  Coarsening map;
  Span3<const float> fine;
  Span3<float> coarse;
  const float* share[3];  ///< share of a child in the width of its parent, along x, y, z
  const float* ratio;     ///< fine over coarse centre distance, per coarse face; 0 where the axis is inert
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    int low[3] = {map.first(0, i), map.first(1, j), map.first(2, k)};
    int high[3] = {map.last(0, i), map.last(1, j), map.last(2, k)};
    // The upper end of the axis is the upper end on both levels.
    const int face = Axis == 0 ? i : Axis == 1 ? j : k;
    low[Axis] = high[Axis] =
        face + map.coarse_first[Axis] == map.coarse[Axis] ? map.fine[Axis] - map.fine_first[Axis] : low[Axis];
    float sum = 0;
    for (int kk = low[2]; kk <= high[2]; ++kk)
      for (int jj = low[1]; jj <= high[1]; ++jj)
        for (int ii = low[0]; ii <= high[0]; ++ii) {
          const float x = Axis == 0 ? 1.0f : share[0][ii], y = Axis == 1 ? 1.0f : share[1][jj];
          const float z = Axis == 2 ? 1.0f : share[2][kk];
          sum += x * y * z * fine(kk, jj, ii);
        }
    coarse(k, j, i) = sum * ratio[face];
  }
};

/// The lower faces of a coarse cell along all axes. Runs over the cells of a part and one more along each axis, whose lower
/// faces are the upper ones of the last: a part without cells may still have that at the end of the grid.
struct CoarseFacesOfCell {
  CoarseFaces<0> x;
  CoarseFaces<1> y;
  CoarseFaces<2> z;
  int end[3];  ///< one past the last cell of the part along x, y, z
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    if (j < end[1] && k < end[2]) x(k, j, i);
    if (i < end[0] && k < end[2]) y(k, j, i);
    if (i < end[0] && j < end[1]) z(k, j, i);
  }
};

/// e = r/q: the whole solve where nothing couples, or where one cell is left.
struct DivideByWeight {
  Span3<const float> r;
  Span3<const float> q;
  Span3<float> e;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    e(k, j, i) = r(k, j, i) / q(k, j, i);
  }
};

template <class T>
struct AbsoluteValue {
  Span3<const T> m;
  static constexpr int cells_per_item = 4;
  KOKKOS_FORCEINLINE_FUNCTION Real operator()(const int k, const int j, const int i) const {
    const Real v = m(k, j, i);
    return v < 0 ? -v : v;
  }
};

}  // namespace kollagen
