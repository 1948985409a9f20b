/// Extremes and sums of a state, computed where it lies: some numbers per plane are all that comes to the host.
#pragma once

#include <cmath>
#include <optional>
#include <type_traits>
#include <vector>

#include "kernels/for_cells.hpp"
#include "kernels/thrust_ranges.hpp"
#include "kollagen/column.hpp"
#include "kollagen/measure.hpp"
#include "kollagen/state.hpp"

namespace kollagen {

/// What the read-outs of the skin are taken from.
struct SkinFields {
  ReadOutLaw law;
  int collagen_i = 0, collagen_iii = 0, elastin = 0;  ///< indices of the species
};

/// A value and its negative: the largest of both are the extremes.
template <class T>
struct FieldExtremes {
  Span4<const T> u;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int n, const int k, const int j, const int i, Real (&v)[2]) const {
    const Real value = u(n, k, j, i);
    v[0] = value;
    v[1] = -value;
  }
};

/// Which of the owned cells count for the sums over a mask.
struct CellMask {
  const char* marks;  ///< one per owned cell, x fastest; null: none counts
  int nj, ni;
  KOKKOS_FORCEINLINE_FUNCTION bool operator()(const int k, const int j, const int i) const {
    return marks != nullptr && marks[std::ptrdiff_t(k * nj + j) * ni + i] != 0;
  }
};

/// The parts of a value in the sum over all cells and in that over the mask.
KOKKOS_FORCEINLINE_FUNCTION void split_value(const ExactSplit& split, const Real value, const bool in_mask, Real* parts) {
  ExactSum all, masked;
  split.add(all, value);
  split.add(masked, in_mask ? value : Real(0));
  for (int p = 0; p < 3; ++p) {
    parts[p] = all.part[p];
    parts[3 + p] = masked.part[p];
  }
}

template <class T>
struct FieldParts {
  Span4<const T> u;
  const ExactSplit* split;  ///< of each species
  CellMask mask;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int n, const int k, const int j, const int i,
                                              Real (&v)[PlaneSums::parts]) const {
    split_value(split[n], u(n, k, j, i), mask(k, j, i), v);
  }
};

/// The same of all read-outs of a cell.
template <class T>
struct ReadOutParts {
  static constexpr int numbers = read_outs * PlaneSums::parts;
  ReadOutLaw law;
  Span3<const T> collagen_i, collagen_iii, elastin;
  const IntactMatrix* intact;  ///< of owned plane k
  ExactSplit split[read_outs];
  CellMask mask;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(int, const int k, const int j, const int i, Real (&v)[numbers]) const {
    Real value[read_outs];
    evaluate(law, intact[k], collagen_i(k, j, i), collagen_iii(k, j, i), elastin(k, j, i), value);
    const bool in_mask = mask(k, j, i);
    for (int r = 0; r < read_outs; ++r) split_value(split[r], value[r], in_mask, &v[r * PlaneSums::parts]);
  }
};

namespace detail {

/// reduce_planes, with the result on the host.
template <class Combine, int N, class Exec, class F>
std::vector<Real> planes_on_host(const std::string& label, const Exec& exec, const int layers, const Box& box,
                                 const F& f) {
  using Host = Kokkos::View<Real*, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;
  std::vector<Real> host(std::size_t(layers) * box.extent(2) * N);
  const Kokkos::View<Real*, typename Exec::memory_space> device(Kokkos::view_alloc(label, Kokkos::WithoutInitializing),
                                                                host.size());
  reduce_planes<Combine, N>(label, exec, layers, box, f, device);
  exec.fence();
  Kokkos::deep_copy(Host(host.data(), host.size()), device);
  return host;
}

/// Bounds of the read-outs over all cells, from those of the fields: their sums need no pass of their own to find them.
inline std::array<double, read_outs> largest_read_outs(const SkinFields& skin, const Column& column,
                                                       const std::vector<Extremes>& fields) {
  constexpr double rounding = 1.001;
  double most_strength = 0, most_excess = 0, most_lost = 1;
  for (int k = 0; k < column.cells(); ++k) {
    const double i = column.collagen_i[k], iii = column.collagen_iii[k], elastin = column.elastin[k];
    const double collagen = fields[skin.collagen_i].maximum + skin.law.weight_iii * fields[skin.collagen_iii].maximum;
    const double whole = i + skin.law.weight_iii * iii;
    if (whole > 0 && collagen > 0)
      most_strength = std::max(most_strength, std::pow(collagen / whole, skin.law.strength_exponent));
    // A share of collagen III is above 1 where collagen I is below 0 by its tolerance.
    if (iii > 0) most_excess = std::max(most_excess, 2 * (i + iii) / iii);
    if (elastin > 0) most_lost = std::max(most_lost, 1 - fields[skin.elastin].minimum / elastin);
  }
  return {rounding * most_excess, rounding * most_strength, 1, 1, rounding * most_lost};
}

}  // namespace detail

/// Measures the owned cells of `u`: `mask` marks some of them with 1 (x fastest), or is empty; with `skin` the read-outs are
/// taken too, against `column` of the whole domain. No ghosts are read. The same bits for any number of ranks; on a device
/// the read-outs may differ from those of a host by the last digit of a power. Collective.
template <class Exec>
Measured measure(const Exec& exec, const std::type_identity_t<State<Exec>>& u, const Grid& grid, Communicator& ranks,
                 const std::vector<char>& mask, const std::optional<SkinFields>& skin, const Column& column) {
  const int count = u.count(), nz = grid.cells[2];
  const Box box = u.owned();
  Measured result{std::vector<Extremes>(std::size_t(count)), PlaneSums(grid, count + (skin ? read_outs : 0))};

  std::vector<double> most(2 * std::size_t(count), Largest::neutral);
  u.each_group([&]<class T>(const Fields<Exec, T>& group, const std::vector<int>& species) {
    const auto extremes = detail::planes_on_host<Largest, 2>("kollagen/measure/extremes", exec, group.count(), box,
                                                             FieldExtremes<T>{group.span()});
    for (std::size_t n = 0; n < extremes.size(); ++n) {
      double& of_species = most[2 * std::size_t(species[n / (2 * std::size_t(nz))]) + n % 2];
      of_species = Largest::of(of_species, extremes[n]);
    }
  });
  ranks.max(most.data(), 2 * count);
  const double plane_cells = double(grid.global_cells[0]) * grid.global_cells[1];
  std::vector<ExactSplit> splits;
  for (int n = 0; n < count; ++n) {
    result.extremes[n] = {0.0 - most[2 * n + 1], most[2 * n] + 0.0};
    splits.emplace_back(result.extremes[n].magnitude(), plane_cells);
  }

  const auto device_mask = array_of<Exec>("measure/mask", mask);
  const CellMask in_mask{mask.empty() ? nullptr : device_mask.data(), box.extent(1), box.extent(0)};
  u.each_group([&]<class T>(const Fields<Exec, T>& group, const std::vector<int>& species) {
    std::vector<ExactSplit> of_group;
    for (const int n : species) of_group.push_back(splits[std::size_t(n)]);
    const auto device_splits = array_of<Exec>("measure/splits", of_group);
    const auto sums = detail::planes_on_host<Adding, PlaneSums::parts>(
        "kollagen/measure/sums", exec, group.count(), box, FieldParts<T>{group.span(), device_splits.data(), in_mask});
    for (std::size_t n = 0; n < species.size(); ++n)
      result.sums.set(species[n], grid.first[2], nz, &sums[n * std::size_t(nz) * PlaneSums::parts]);
  });

  if (skin) {
    std::vector<IntactMatrix> intact;
    for (int k = grid.first[2]; k < grid.first[2] + nz; ++k)
      intact.push_back({column.collagen_i[k], column.collagen_iii[k], column.elastin[k]});
    const auto device_intact = array_of<Exec>("measure/intact", intact);
    ReadOutParts<Real> parts{skin->law,
                             u.template get<Real>(skin->collagen_i),
                             u.template get<Real>(skin->collagen_iii),
                             u.template get<Real>(skin->elastin),
                             device_intact.data(),
                             {},
                             in_mask};
    const auto largest = detail::largest_read_outs(*skin, column, result.extremes);
    for (int r = 0; r < read_outs; ++r) parts.split[r] = ExactSplit(largest[r], plane_cells);
    constexpr int numbers = ReadOutParts<Real>::numbers;
    const auto values = detail::planes_on_host<Adding, numbers>("kollagen/measure/read_outs", exec, 1, box, parts);
    for (int k = 0; k < nz; ++k)
      for (int r = 0; r < read_outs; ++r)
        result.sums.set(count + r, grid.first[2] + k, 1, &values[std::size_t(k) * numbers + r * PlaneSums::parts]);
  }
  result.sums.complete(ranks);
  return result;
}

}  // namespace kollagen
