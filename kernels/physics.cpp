#include "kernels/physics.hpp"

#include <thrust/count.h>

#include <algorithm>
#include <cmath>

#include "kernels/backends.hpp"
#include "kollagen/check.hpp"
#include "kollagen/exact_sum.hpp"

namespace kollagen {
namespace {

/// m = layer multiplier times clot factor.
template <class T>
struct Mobility {
  Span2<const Real> multiplier;
  Span3<const T> clot;
  ClotFactor factor;
  Span3<T> m;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    m(k, j, i) = T(multiplier(0, k) * factor(pos(Real(clot(k, j, i)))));
  }
};

/// Sum over the axes of the chemotactic speed through the lower face of a cell, per cell width.
template <class T>
struct ChemotaxisRate {
  ChemotaxisLaw law;
  Span3<const T> attractant;
  Real inv_h[3];  ///< 0 along an axis of one cell
  KOKKOS_FORCEINLINE_FUNCTION Real operator()(const int k, const int j, const int i) const {
    const Real c = attractant(k, j, i);
    const Real x = law.velocity(attractant(k, j, i - 1), c, inv_h[0]) * inv_h[0];
    const Real y = law.velocity(attractant(k, j - 1, i), c, inv_h[1]) * inv_h[1];
    const Real z = law.velocity(attractant(k - 1, j, i), c, inv_h[2]) * inv_h[2];
    return 2 * ((x < 0 ? -x : x) + (y < 0 ? -y : y) + (z < 0 ? -z : z));
  }
};

template <class T>
struct CellValue {
  Span3<const T> u;
  KOKKOS_FORCEINLINE_FUNCTION Real operator()(const int k, const int j, const int i) const { return u(k, j, i); }
};

template <class Table, class Fill>
Table make_table(const std::string& label, const int rows, const int columns, const Fill& fill) {
  Table table(label, rows, columns);
  auto host = Kokkos::create_mirror_view(table);
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < columns; ++c) host(r, c) = fill(r, c);
  Kokkos::deep_copy(table, host);
  return table;
}

/// A table whose column c holds depth index c - 1.
template <class Table>
Span2<const Real> with_ghosts(const Table& table) {
  return {table.data() + 1, int(table.extent(1))};
}

}  // namespace

template <class Exec>
void Physics<Exec>::build(const PhysicsSetup& setup, const std::vector<double>& diffusivities,
                          const ClotFactor& clot, const std::optional<ChemotaxisLaw>& chemotaxis,
                          const std::vector<double>& sites, const int site_count, const double wall_transfer) {
  const int nz = grid_.cells[2], first = grid_.first[2], whole_nz = grid_.global_cells[2];
  diffusivities_ = diffusivities;
  clot_ = clot;
  chemotaxis_ = chemotaxis;
  std::array<bool, 3> is_periodic{};
  for (int a = 0; a < 3; ++a) is_periodic[a] = setup.walls[2 * a] == WallKind::periodic;
  halo_ = std::make_shared<Halo<Exec>>(exec_, ranks_, is_periodic);

  // Depth index of the whole grid for column c of a table with ghosts: the ends repeat the first and the last cell of the
  // domain, or on a periodic axis those of the other end.
  const bool periodic = is_periodic[2];
  const auto depth = [=](const int k) { return periodic ? (k + whole_nz) % whole_nz : std::clamp(k, 0, whole_nz - 1); };
  const auto column_depth = [=](const int c) { return depth(first + c - 1); };

  site_ = make_table<Table>("site", site_count, nz,
                            [&](const int slot, const int k) { return sites[k * site_count + slot]; });
  multiplier_ = make_table<Table>("layer multiplier", 1, nz + 2, [&](const int, const int c) {
    return column_.diffusivity[column_depth(c)];
  });

  // Without any fibroblasts in the skin (verification models) every layer is open and nothing is crowded by F0.
  const bool habitat = std::any_of(column_.fibroblasts.begin(), column_.fibroblasts.end(),
                                   [](const double f) { return f > 0; });
  const auto mobility = [&](const int k) {
    return !habitat || column_.fibroblasts[depth(k)] > 0 ? column_.diffusivity[depth(k)] : 0.0;
  };
  const auto density = [&](const int k) { return habitat ? column_.fibroblasts[depth(k)] : 1.0; };
  // Of whole-grid depth index k from -1 to whole_nz. Signals pass all layers.
  const auto layer_rows_of = [&](const Motion motion) {
    return [=, this](const int row, const int k) {
      const bool relative = motion == Motion::habitat;
      const auto of_layer = [&](const int d) {
        return motion == Motion::signal ? column_.diffusivity[depth(d)] : mobility(d);
      };
      const double m = of_layer(k);
      const double h = relative ? density(k) : 1.0, h_below = relative ? density(k - 1) : 1.0;
      if (row == layer_lateral) return m;
      if (row == layer_vertical) return harmonic(m * h, of_layer(k - 1) * h_below);
      return m > 0 ? 1 / h : 0.0;
    };
  };
  const auto layer_table_of = [&](const std::string& label, const Motion motion) {
    const auto rows = layer_rows_of(motion);
    return make_table<Table>(label, layer_rows, nz + 2,
                             [&](const int row, const int c) { return rows(row, first + c - 1); });
  };
  signal_layers_ = layer_table_of("signal layers", Motion::signal);
  cell_layers_ = layer_table_of("cell layers", Motion::cell);
  habitat_layers_ = layer_table_of("habitat layers", Motion::habitat);
  // Bound of the couplings of one cell, for the sweeps: a jump of the habitat enlarges the vertical one.
  const auto bound = [&](const Motion motion) {
    const auto rows = layer_rows_of(motion);
    double largest = 0;
    for (int k = 0; k < whole_nz; ++k) {
      const double inverse = rows(layer_inverse_habitat, k);
      const double vertical = 0.5 * (rows(layer_vertical, k) + rows(layer_vertical, k + 1)) * inverse;
      largest = std::max({largest, mobility(k), vertical});
    }
    return largest;
  };
  largest_cell_mobility_ = bound(Motion::cell);
  largest_habitat_mobility_ = bound(Motion::habitat);

  if (chemotaxis_) {
    open_ = make_table<Table>("open layers", 1, nz + 2,
                              [&](const int, const int c) { return mobility(first + c - 1) > 0 ? 1.0 : 0.0; });
    inverse_full_ = make_table<Table>("inverse packing density", 1, nz + 2, [&](const int, const int c) {
      const int k = first + c - 1;
      if (chemotaxis_->crowding == 0 || mobility(k) == 0) return 0.0;
      return 1 / (chemotaxis_->crowding * (chemotaxis_->crowding_by_habitat ? density(k) : 1.0));
    });
    chemotaxis_scratch_ = State<Exec>("chemotaxis", {mixed_}, grid_.cells);
    chemotaxis_slopes_ = Fields<Exec, float>("chemotaxis slopes", 3, grid_.cells);
  }
  if (clot_.species >= 0) {
    mobility_ = State<Exec>("mobility", {mixed_}, grid_.cells);
    intact_ = decltype(intact_)("intact", grid_.cells[2], grid_.cells[1], ((grid_.cells[0] - 1) >> intact_shift) + 1);
  }
  largest_mobility_ = *std::max_element(column_.diffusivity.begin(), column_.diffusivity.end());

  wall_values_ = make_table<Table>("wall values", 6 * count(), nz + 2, [&](const int row, const int c) {
    const int species = row / 6, face = row % 6;
    for (const auto& wall : setup.boundary_values)
      if (info_.find_species(wall.field) == species && int(wall.face) == face) return wall.value;
    return baseline(species, face == int(Face::z_min)   ? 0
                             : face == int(Face::z_max) ? whole_nz - 1
                                                        : column_depth(c));
  });
  for (int s = 0; s < count(); ++s) {
    Walls walls;
    for (int face = 0; face < 6; ++face) {
      const Motion motion = info_.species[s].motion;
      const bool closed = motion == Motion::cell || motion == Motion::habitat;
      walls.kind[face] =
          closed && setup.walls[face] != WallKind::periodic ? WallKind::no_flux : setup.walls[face];
      walls.transfer[face] = wall_transfer;
      for (const auto& wall : setup.boundary_values)
        if (info_.find_species(wall.field) == s && int(wall.face) == face) walls.transfer[face] = wall.k;
    }
    walls.value = Span2<const Real>{wall_values_.data() + 6 * s * (nz + 2) + 1, nz + 2};
    walls.multiplier = with_ghosts(multiplier_);
    walls.diffusivity = diffusivities_[s];
    for (int a = 0; a < 3; ++a) walls.spacing[a] = grid_.spacing[a];
    walls_.push_back(walls);
  }
}

template <class Exec>
Span2<const Real> Physics<Exec>::layer_table(const int species) const {
  const Motion motion = info_.species[species].motion;
  return with_ghosts(motion == Motion::signal    ? signal_layers_
                     : motion == Motion::habitat ? habitat_layers_
                                                 : cell_layers_);
}

template <class Exec>
template <class T>
BasicSignalDiffusion<T> Physics<Exec>::signal_diffusion(const int species, const State<Exec>& u) const {
  BasicSignalDiffusion<T> op{u.template get<T>(species), mobility_.template get<T>(0), {}, intact(), multiplier()};
  for (int a = 0; a < 3; ++a) op.w[a] = T(diffusivity(species) / (grid_.spacing[a] * grid_.spacing[a]));
  return op;
}

template <class Exec>
template <class T, bool Relative>
BasicLayerDiffusion<T, Relative> Physics<Exec>::layer_diffusion(const int species, const State<Exec>& u) const {
  BasicLayerDiffusion<T, Relative> op{u.template get<T>(species), layer_table(species), {}};
  for (int a = 0; a < 3; ++a) op.w[a] = diffusivity(species) / (grid_.spacing[a] * grid_.spacing[a]);
  return op;
}

template <class Exec>
void Physics<Exec>::update_mobility(const State<Exec>& u) {
  if (clot_.species < 0) return;
  Walls walls;  // a wall repeats the diffusivity of the cell next to it
  for (int face = 0; face < 6; ++face)
    walls.kind[face] =
        walls_[0].kind[face] == WallKind::periodic ? WallKind::periodic : WallKind::no_flux;
  with_moving_type([&](auto type) {
    using T = decltype(type);
    const Span3<T> m = mobility_.template get<T>(0);
    for_cells("kollagen/physics/mobility", exec_, owned(),
              Mobility<T>{multiplier(), u.template get<T>(clot_.species), clot_, m});
    halo_->fill(std::vector<GhostField<T>>{{m, walls}}, Reach::faces);
    find_intact(exec_, owned(), m, multiplier(), intact(), intact_.data());
    largest_mobility_ = max_over_owned("kollagen/physics/largest_mobility", AbsoluteValue<T>{m});
  });
}

template <class Exec>
void Physics<Exec>::find_active(const std::vector<State<Exec>>& states) {
  const auto* const stretches = intact_.data();
  if (intact_.size() > 0)
    intact_share_ = double(thrust::count(thrust_policy(exec_), stretches, stretches + intact_.size(), 1)) / double(intact_.size());
  active_.forget();
  std::vector<int> resting;
  for (int s = 0; s < count(); ++s)
    if (rests(s)) resting.push_back(s);
  if (resting.empty() || forcing_.allocated()) return;
  with_moving_type([&](auto type) {
    using T = decltype(type);
    std::vector<Span3<T>> fields;
    for (const State<Exec>& state : states)
      for (const int s : resting) fields.push_back(state.template get<T>(s));
    active_.find(exec_, owned(), fields);
  });
}

template <class Exec>
void Physics<Exec>::evaluate(const State<Exec>& u, const State<Exec>& base, const State<Exec>& out, const Real a,
                             const Real b, const Real c) {
  if (chemotaxis_) evaluate_chemotaxis(u);
  evaluate_all(u, base, out, a, b, c);
}

template <class Exec>
void Physics<Exec>::evaluate_chemotaxis(const State<Exec>& u) {
  const ChemotaxisLaw& law = *chemotaxis_;
  const int crowd_b = law.crowd_b >= 0 ? law.crowd_b : law.crowd_a;
  std::vector<int> read;  // each once
  for (const int s : {law.species, law.attractant, law.crowd_a, crowd_b})
    if (std::find(read.begin(), read.end(), s) == read.end()) read.push_back(s);
  const Fields<Exec, float>& slopes = chemotaxis_slopes_;
  Walls mirror;  // the slope next to a wall is never used across it: that face is closed
  for (int face = 0; face < 6; ++face)
    if (walls_[0].kind[face] == WallKind::periodic) mirror.kind[face] = WallKind::periodic;
  std::vector<GhostField<float>> faces;
  for (int axis = 0; axis < 3; ++axis) faces.push_back({slopes[axis], mirror});
  with_moving_type([&](auto type) {
    using T = decltype(type);
    const Span3<T> cells = u.template get<T>(law.species);
    for_cells_with_ghosts("kollagen/chemotaxis/slopes", exec_, *halo_, ghosts<T>(u, read),
                          BasicLimitedSlopes<T>{cells, {slopes[0], slopes[1], slopes[2]}});
    BasicChemotaxisDivergence<T> divergence{law,
                                            cells,
                                            {slopes[0], slopes[1], slopes[2]},
                                            u.template get<T>(law.attractant),
                                            u.template get<T>(law.crowd_a),
                                            u.template get<T>(crowd_b),
                                            law.crowd_b >= 0 ? T(1) : T(0),
                                            with_ghosts(inverse_full_),
                                            with_ghosts(open_),
                                            chemotaxis_scratch_.template get<T>(0),
                                            {},
                                            {},
                                            {}};
    for (int face = 0; face < 6; ++face) divergence.wall[face] = halo_->at_wall(face);
    for (int axis = 0; axis < 3; ++axis) {
      divergence.n[axis] = grid_.cells[axis];
      divergence.inv_h[axis] = grid_.global_cells[axis] > 1 ? T(1 / grid_.spacing[axis]) : T(0);
    }
    for_cells_with_ghosts("kollagen/chemotaxis/divergence", exec_, *halo_, faces, divergence);
  });
}

template <class Exec>
template <class Target>
void Physics<Exec>::correct(Multigrid<Exec>& solver, const int species, const Real c, const double reduction,
                            const Target& target) const {
  const double s = c * diffusivity(species);
  if (info_.species[species].motion == Motion::signal) {
    solver.v_cycle(s, walls_[species], target);
  } else {
    const bool relative = info_.species[species].motion == Motion::habitat;
    solver.sweep_layers(layer_table(species), relative ? largest_habitat_mobility_ : largest_cell_mobility_,
                        s / (grid_.spacing[0] * grid_.spacing[0]), s / (grid_.spacing[1] * grid_.spacing[1]),
                        s / (grid_.spacing[2] * grid_.spacing[2]), reduction, walls_[species], target);
  }
}

template <class Exec>
Real Physics<Exec>::total(const State<Exec>& u, const int species) const {
  return u.with(species, [&]<class T>(const Span3<T>& field) {
    return sum_over_owned("kollagen/physics/total", CellValue<T>{field}, AbsoluteValue<T>{field});
  });
}

template <class Exec>
Real Physics<Exec>::magnitude(const State<Exec>& u, const int species) const {
  return u.with(species, [&]<class T>(const Span3<T>& field) {
    return sum_over_owned("kollagen/physics/magnitude", AbsoluteValue<T>{field}, AbsoluteValue<T>{field});
  });
}

template <class Exec>
template <class Value, class Size>
Real Physics<Exec>::sum_over_owned(const std::string& label, const Value& value, const Size& size) const {
  const Real largest = max_over_owned("kollagen/physics/largest_value", size);
  double count = 1;
  for (const int n : grid_.global_cells) count *= n;
  ExactSum sum = sum_over_cells(label, exec_, owned(), value, ExactSplit(largest, count));
  ranks_.communicator->sum(sum.part, 3);
  return sum.value();
}

template <class Exec>
double Physics<Exec>::explicit_step_limit(const State<Exec>& u) {
  const double loss = largest_loss(u);
  double advection = 0;
  if (chemotaxis_) {
    with_moving_type([&](auto type) {
      using T = decltype(type);
      ChemotaxisRate<T> rate{*chemotaxis_, u.template get<T>(chemotaxis_->attractant), {}};
      for (int a = 0; a < 3; ++a) rate.inv_h[a] = grid_.global_cells[a] > 1 ? 1 / grid_.spacing[a] : 0;
      max_over_cells_with_ghosts("kollagen/physics/chemotaxis_rate", exec_, *halo_,
                                 ghosts<T>(u, {chemotaxis_->attractant}), rate, rates_);
    });
    advection = ranks_.communicator->max(rates_.take_largest(exec_));
  }
  double inverse = loss;
  for (int s = 0; s < count(); ++s) {
    if (!moves(s)) continue;
    const Motion motion = info_.species[s].motion;
    const double m = motion == Motion::signal    ? largest_mobility_
                     : motion == Motion::habitat ? largest_habitat_mobility_
                                                 : largest_cell_mobility_;
    double sum = 0;
    for (int a = 0; a < 3; ++a) {
      // A wall with a value couples twice as strongly as a neighbour: it is half as far away.
      int open_walls = 0;
      for (const int face : {2 * a, 2 * a + 1})
        open_walls += walls_[s].kind[face] == WallKind::dirichlet || walls_[s].kind[face] == WallKind::robin;
      const int couplings = grid_.global_cells[a] == 1 ? 2 * open_walls : 2 + (open_walls > 0 ? 1 : 0);
      sum += couplings * m * diffusivity(s) / (grid_.spacing[a] * grid_.spacing[a]);
    }
    if (chemotaxis_ && chemotaxis_->species == s) sum += advection;
    inverse = std::max(inverse, sum + loss);
  }
  return inverse > 0 ? 1 / inverse : HUGE_VAL;
}

template <class Exec>
std::size_t Physics<Exec>::bytes() const {
  return mobility_.bytes() + chemotaxis_scratch_.bytes() + chemotaxis_slopes_.bytes() + forcing_.bytes() +
         intact_.size() + active_.bytes();
}

#define KOLLAGEN_INSTANTIATE_OPERATORS(Exec, T)                                                                  \
  template BasicSignalDiffusion<T> Physics<Exec>::signal_diffusion<T>(int, const State<Exec>&) const;           \
  template BasicLayerDiffusion<T, false> Physics<Exec>::layer_diffusion<T, false>(int, const State<Exec>&) const; \
  template BasicLayerDiffusion<T, true> Physics<Exec>::layer_diffusion<T, true>(int, const State<Exec>&) const;
#define KOLLAGEN_INSTANTIATE_CORRECTION(Exec, ...) \
  template void Physics<Exec>::correct(Multigrid<Exec>&, int, Real, double, const __VA_ARGS__&) const;
#define KOLLAGEN_INSTANTIATE(Exec)            \
  template class Physics<Exec>;               \
  KOLLAGEN_INSTANTIATE_CORRECTION(Exec, NoTarget)                      \
  KOLLAGEN_INSTANTIATE_CORRECTION(Exec, CorrectionTarget<Exec, Real>)  \
  KOLLAGEN_INSTANTIATE_CORRECTION(Exec, CorrectionTarget<Exec, float>) \
  KOLLAGEN_INSTANTIATE_OPERATORS(Exec, Real)  \
  KOLLAGEN_INSTANTIATE_OPERATORS(Exec, float)
KOLLAGEN_FOR_EACH_BACKEND(KOLLAGEN_INSTANTIATE)

}  // namespace kollagen
