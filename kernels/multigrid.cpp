#include "kernels/multigrid.hpp"

#include "kernels/backends.hpp"
#include "kernels/traffic.hpp"

namespace kollagen {
namespace {

template <class MemorySpace>
Kokkos::View<float*, MemorySpace> to_device(const std::string& label, const std::vector<double>& values) {
  Kokkos::View<float*, MemorySpace> device(label, values.size());
  auto host = Kokkos::create_mirror_view(device);
  for (std::size_t i = 0; i < values.size(); ++i) host(i) = float(values[i]);
  Kokkos::deep_copy(device, host);
  return device;
}

/// Distance between the centres on both sides of face f. Beyond the end follows the cell of the other end on a periodic
/// axis (both copies of that face must conduct alike), the same cell again at a wall.
double centre_distance(const std::vector<double>& widths, const int f, const bool periodic) {
  const int n = int(widths.size());
  const double low = widths[f > 0 ? f - 1 : (periodic ? n - 1 : 0)];
  const double high = widths[f < n ? f : (periodic ? 0 : n - 1)];
  return 0.5 * (low + high);
}

}  // namespace

template <class Exec>
Multigrid<Exec>::Multigrid(const Exec& exec, const std::array<int, 3>& cells,
                           const std::array<double, 3>& spacing, const Walls& walls)
    : exec_(exec) {
  using Memory = typename Exec::memory_space;
  const auto inert = [&](const int axis, const int n) {
    const auto closed = [](const WallKind k) { return k == WallKind::periodic || k == WallKind::no_flux; };
    return n == 1 && closed(walls.kind[2 * axis]) && closed(walls.kind[2 * axis + 1]);
  };
  Level fine;
  fine.cells = cells;
  fine.spacing = spacing;
  for (int a = 0; a < 3; ++a) fine.widths[a].assign(cells[a], spacing[a]);
  fine.multiplier = Kokkos::View<Real*, Memory>("multigrid layer multiplier", cells[2]);
  if (std::find(walls.kind, walls.kind + 6, WallKind::robin) != walls.kind + 6)
    Kokkos::deep_copy(fine.multiplier, Kokkos::View<const Real*, Memory, Kokkos::MemoryTraits<Kokkos::Unmanaged>>(
                                           walls.multiplier.origin, cells[2]));
  levels_.push_back(fine);
  while (true) {
    Level& level = levels_.back();
    const std::string label = "multigrid level " + std::to_string(levels_.size() - 1);
    level.fields = Fields<Exec, float>(label, slots, level.cells);
    level.e = level.at(correction_e);
    double smallest = 0;
    for (int a = 0; a < 3; ++a) {
      level.inert[a] = inert(a, level.cells[a]);
      std::vector<double> inverse;
      for (const double w : level.widths[a]) inverse.push_back(1 / w);
      level.inverse_width[a] = to_device<Memory>(label + " inverse width", inverse);
      if (level.cells[a] > 1 && (smallest == 0 || level.spacing[a] < smallest)) smallest = level.spacing[a];
    }
    if (smallest == 0) break;  // one cell is left
    Level coarse;
    for (int a = 0; a < 3; ++a) {
      const bool halve = level.cells[a] > 1 && level.spacing[a] <= 1.5 * smallest;
      level.map.halved[a] = halve ? 1 : 0;
      level.map.fine[a] = level.cells[a];
      coarse.cells[a] = halve ? level.cells[a] / 2 : level.cells[a];
      level.map.coarse[a] = coarse.cells[a];
      coarse.spacing[a] = level.spacing[a] * (halve ? 2 : 1);
      coarse.widths[a].assign(coarse.cells[a], 0);
      for (int i = 0; i < level.cells[a]; ++i) coarse.widths[a][level.map.parent(a, i)] += level.widths[a][i];
      const bool periodic = walls.kind[2 * a] == WallKind::periodic;
      std::vector<double> share(level.cells[a]), weight(level.cells[a], 0.0), ratio(coarse.cells[a] + 1);
      for (int i = 0; i < level.cells[a]; ++i) {
        const int parent = level.map.parent(a, i);
        const double width = coarse.widths[a][parent];
        share[i] = level.widths[a][i] / width;
        double below = 0;  // from the lower face of the parent to the centre of the child
        for (int sibling = level.map.first(a, parent); sibling < i; ++sibling) below += level.widths[a][sibling];
        const double offset = below + 0.5 * level.widths[a][i] - 0.5 * width;
        const int face = offset > 0 ? parent + 1 : parent;
        // Rounding must not choose a side for a child in the middle.
        if (std::abs(offset) > 1e-9 * width) weight[i] = offset / centre_distance(coarse.widths[a], face, periodic);
      }
      level.share[a] = to_device<Memory>(label + " share", share);
      level.neighbour_weight[a] = to_device<Memory>(label + " transfer", weight);
      for (int f = 0; f <= coarse.cells[a]; ++f) {
        const int fine_face = f == coarse.cells[a] ? level.cells[a] : level.map.first(a, f);
        ratio[f] = inert(a, coarse.cells[a]) ? 0
                                             : centre_distance(level.widths[a], fine_face, periodic) /
                                                   centre_distance(coarse.widths[a], f, periodic);
      }
      coarse.distance_ratio[a] = to_device<Memory>(label + " distances", ratio);
    }
    coarse.multiplier = Kokkos::View<Real*, Memory>(label + " layer multiplier", coarse.cells[2]);
    const auto of_fine = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), level.multiplier);
    const auto of_coarse = Kokkos::create_mirror_view(coarse.multiplier);
    for (int k = 0; k < coarse.cells[2]; ++k) {
      of_coarse(k) = 0;
      for (int child = level.map.first(2, k); child <= level.map.last(2, k); ++child)
        of_coarse(k) += of_fine(child) * level.widths[2][child] / coarse.widths[2][k];
    }
    Kokkos::deep_copy(coarse.multiplier, of_coarse);
    levels_.push_back(coarse);
  }
}

template <class Exec>
std::size_t Multigrid<Exec>::bytes() const {
  std::size_t sum = 0;
  for (const auto& level : levels_) sum += level.fields.bytes();
  return sum;
}

template <class Exec>
void Multigrid<Exec>::set_coefficient(const Span3<const Real>& m) {
  Level& fine = levels_[0];
  largest_m_ = max_over_cells("kollagen/multigrid/largest_coefficient", exec_, fine.box(), AbsoluteValue{m});
  for (int a = 0; a < 3; ++a) {
    Box faces = fine.box();
    faces.upper[a] += 1;
    for_cells("kollagen/multigrid/fine_faces", exec_, faces,
              FineFaces{m, fine.at(a), a, fine.inert[a] ? 0 : 1 / fine.spacing[a]});
  }
  for (std::size_t l = 1; l < levels_.size(); ++l) {
    coarsen_faces<0>(levels_[l - 1], levels_[l]);
    coarsen_faces<1>(levels_[l - 1], levels_[l]);
    coarsen_faces<2>(levels_[l - 1], levels_[l]);
  }
}

template <class Exec>
template <int Axis>
void Multigrid<Exec>::coarsen_faces(const Level& fine, const Level& coarse) const {
  Box faces = coarse.box();
  faces.upper[Axis] += 1;
  for_cells("kollagen/multigrid/coarse_faces", exec_, faces,
            CoarseFaces<Axis>{fine.map,
                              fine.at(Axis),
                              coarse.at(Axis),
                              {fine.share[0].data(), fine.share[1].data(), fine.share[2].data()},
                              coarse.distance_ratio[Axis].data()});
}

template <class Exec>
template <class Operator>
void Multigrid<Exec>::smooth(Level& level, const Operator& op, const std::vector<float>& omega,
                             const bool from_zero) {
  Span3<float> current = level.e;
  Span3<float> other = other_buffer(level);
  for (std::size_t sweep = 0; sweep < omega.size(); ++sweep) {
    if (sweep == 0 && from_zero) {
      for_cells("kollagen/multigrid/smooth_from_zero", exec_, level.box(),
                SmoothFromZero<Operator>{op, level.at(residual_r), other, omega[sweep]});
      traffic_ += traffic::sweep_from_zero * double(level.box().cells());
    } else {
      fill(level, current);
      for_cells("kollagen/multigrid/smooth", exec_, level.box(),
                SmoothSweep<Operator>{op, level.at(residual_r), current, other, omega[sweep]});
      constexpr bool layers = std::is_same_v<Operator, LayerOperator>;
      traffic_ += (layers ? traffic::sweep_layers : traffic::sweep) * double(level.box().cells());
    }
    std::swap(current, other);
  }
  level.e = current;
}

template <class Exec>
void Multigrid<Exec>::divide(const Level& level) {
  for_cells("kollagen/multigrid/divide", exec_, level.box(),
            DivideByWeight{level.at(residual_r), level.at(weight_q), level.e});
  traffic_ += traffic::divide * double(level.box().cells());
}

template <class Exec>
void Multigrid<Exec>::solve_level(const int index, const double s, const int last) {
  Level& level = levels_[index];
  const double sigma = coupling(level, s, false);
  if (sigma == 0) {
    divide(level);
    return;
  }
  const LevelOperator op = make_operator(level, s);
  const double high = (1 + 2 * sigma) / (1 + sigma), low = 1 / (1 + sigma);
  if (index == last) {
    smooth(level, op, chebyshev_weights(4, low, high), true);
    return;
  }
  const auto omega = chebyshev_weights(4, std::max(low, high / 8), high);
  smooth(level, op, {omega[1], omega[3]}, true);
  Level& coarse = levels_[index + 1];
  fill(level, level.e);
  const Span3<float> scratch = other_buffer(level);
  for_cells("kollagen/multigrid/residual", exec_, level.box(),
            LevelResidual{op, level.at(residual_r), level.e, scratch});
  restrict_mean("kollagen/multigrid/restrict", level, scratch, coarse, coarse.at(residual_r));
  solve_level(index + 1, s, last);
  fill(coarse, coarse.e);
  for_cells("kollagen/multigrid/prolong", exec_, level.box(),
            Prolong{level.map, coarse.e, level.e, level.neighbour_weight[0].data(),
                    level.neighbour_weight[1].data(), level.neighbour_weight[2].data()});
  traffic_ += (traffic::restriction + traffic::prolongation) * double(level.box().cells());
  smooth(level, op, {omega[0], omega[2]}, false);
}

template <class Exec>
void Multigrid<Exec>::v_cycle(const double s, const Walls& walls) {
  walls_ = walls;
  // Coarser grids than sqrt(s m) need nothing: the smoother alone reaches that far.
  int last = 0;
  while (last + 1 < int(levels_.size()) && coupling(levels_[last], s, true) > 0.75) {
    restrict_mean("kollagen/multigrid/restrict_weight", levels_[last], levels_[last].at(weight_q), levels_[last + 1],
                  levels_[last + 1].at(weight_q));
    ++last;
  }
  solve_level(0, s, last);
}

template <class Exec>
void Multigrid<Exec>::sweep_layers(const Span2<const Real>& layer, const double largest_m, const double sx,
                                   const double sy, const double sz, const double reduction,
                                   const Walls& walls) {
  walls_ = walls;
  Level& level = levels_[0];
  const double tx = level.inert[0] ? 0 : sx, ty = level.inert[1] ? 0 : sy, tz = level.inert[2] ? 0 : sz;
  const LayerOperator op{layer, level.at(weight_q), float(tx), float(ty), float(tz)};
  const double sigma = 2 * largest_m * (tx + ty + tz);
  if (sigma == 0) {
    divide(level);
    return;
  }
  const double high = (1 + 2 * sigma) / (1 + sigma), low = 1 / (1 + sigma);
  const double per_sweep = std::acosh((high + low) / (high - low));
  const int degree = std::clamp(int(std::ceil(std::acosh(std::max(reduction, 1.0)) / per_sweep)), 1, 8);
  smooth(level, op, chebyshev_weights(degree, low, high), true);
}

#define KOLLAGEN_INSTANTIATE(Exec) template class Multigrid<Exec>;
KOLLAGEN_FOR_EACH_BACKEND(KOLLAGEN_INSTANTIATE)

}  // namespace kollagen
