#include "kernels/multigrid.hpp"

#include <climits>

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

/// Distance between the centres on both sides of face f. Beyond the end follows the cell of the other end on
/// a periodic axis (both copies of that face must conduct alike), the same cell again at a wall.
double centre_distance(const std::vector<double>& widths, const int f, const bool periodic) {
  const int n = int(widths.size());
  const double low = widths[f > 0 ? f - 1 : (periodic ? n - 1 : 0)];
  const double high = widths[f < n ? f : (periodic ? 0 : n - 1)];
  return 0.5 * (low + high);
}

/// Layer multipliers of the walls (k from -1) into a table of the whole grid; every rank brings those of its
/// part.
template <class Exec>
void take_multipliers(const Exec&, Communicator& ranks, const Walls& walls, const int first, const int cells,
                      const bool periodic, const Kokkos::View<Real*, typename Exec::memory_space>& table) {
  using Device =
      Kokkos::View<const Real*, typename Exec::memory_space, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;
  const auto part =
      Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), Device(walls.multiplier.origin, cells));
  const auto whole = Kokkos::create_mirror_view(table);
  const int nz = int(table.extent(0)) - 2;
  for (int k = 0; k < nz; ++k) whole(k + 1) = k >= first && k < first + cells ? part(k - first) : 0;
  // They are not negative, and ranks with the same planes bring the same: the largest is the one.
  ranks.max(whole.data(), nz + 2);
  whole(0) = whole(periodic ? nz : 1);
  whole(nz + 1) = whole(periodic ? 1 : nz);
  Kokkos::deep_copy(table, whole);
}

/// The map between two levels of the whole grid, without parts.
Coarsening whole_map(Coarsening map) {
  for (int a = 0; a < 3; ++a) map.fine_first[a] = map.coarse_first[a] = 0;
  return map;
}

/// The first fine face on face f of a coarse level along an axis; the upper end of the axis is that of both.
int fine_face(const Coarsening& map, const int axis, const int f) {
  return f == map.coarse[axis] ? map.fine[axis] : map.first(axis, f);
}

}  // namespace

template <class Exec>
double Multigrid<Exec>::face_ratio(const Level& fine, const Level& coarse, const int axis, const int face) const {
  if (coarse.inert[axis]) return 0;
  return centre_distance(fine.widths[axis], fine_face(whole_map(fine.map), axis, face), periodic_[axis]) /
         centre_distance(coarse.widths[axis], face, periodic_[axis]);
}

template <class Exec>
Multigrid<Exec>::Multigrid(const Exec& exec, const Ranks& ranks, const std::array<double, 3>& spacing,
                           const Walls& walls, const long gather_below, const Launches launches)
    : exec_(exec), ranks_(ranks.communicator), launches_(launches) {
  using Memory = typename Exec::memory_space;
  const auto inert = [&](const int axis, const int n) {
    const auto closed = [](const WallKind k) { return k == WallKind::periodic || k == WallKind::no_flux; };
    return n == 1 && closed(walls.kind[2 * axis]) && closed(walls.kind[2 * axis + 1]);
  };
  for (int a = 0; a < 3; ++a) periodic_[a] = walls.kind[2 * a] == WallKind::periodic;
  const auto take_parts = [](Level& level, const Decomposition& parts) {
    level.parts = parts;
    level.cells = parts.cells(parts.place);
    level.first = parts.first(parts.place);
    for (int a = 0; a < 3; ++a) level.whole[a] = parts.cuts[a].back();
  };
  Level fine;
  take_parts(fine, ranks.parts);
  fine.spacing = spacing;
  for (int a = 0; a < 3; ++a) {
    fine.widths[a].assign(fine.whole[a], spacing[a]);
    fine.inert[a] = inert(a, fine.whole[a]);
  }
  const int nz = fine.whole[2];
  fine.multiplier = Kokkos::View<Real*, Memory>("multigrid layer multiplier", nz + 2);
  if (std::find(walls.kind, walls.kind + 6, WallKind::robin) != walls.kind + 6)
    take_multipliers(exec, *ranks_, walls, fine.first[2], fine.cells[2], periodic_[2], fine.multiplier);
  shared_levels_ = ranks.parts.size() > 1 ? 1 : 0;
  levels_.push_back(fine);
  while (true) {
    Level& level = levels_.back();
    const int index = int(levels_.size()) - 1;
    const std::string label = "multigrid level " + std::to_string(index);
    Ranks sharing = ranks;
    sharing.parts = level.parts;
    level.halo = std::make_shared<Halo<Exec>>(exec, sharing, periodic_);
    level.fields = Fields<Exec, float>(label, slots, level.cells);
    level.e = level.at(correction_e);
    double smallest = 0;
    for (int a = 0; a < 3; ++a) {
      std::vector<double> inverse;
      for (const double w : level.widths[a]) inverse.push_back(1 / w);
      level.inverse_width[a] = to_device<Memory>(label + " inverse width", inverse);
      if (level.whole[a] > 1 && (smallest == 0 || level.spacing[a] < smallest)) smallest = level.spacing[a];
    }
    if (smallest == 0) break;  // one cell is left
    Level coarse;
    for (int a = 0; a < 3; ++a)
      level.map.halved[a] = level.whole[a] > 1 && level.spacing[a] <= 1.5 * smallest ? 1 : 0;
    Decomposition parts = coarsened(level.parts, level.map.halved);
    const std::array<int, 3> low = parts.first(parts.place), extent = parts.cells(parts.place);
    const bool shared = index < shared_levels_;
    level.exchange_children = shared && splits_children(level.parts, level.map.halved);
    double count = 1;
    for (int a = 0; a < 3; ++a) count *= parts.cuts[a].back();
    if (shared && count >= double(gather_below) && thinnest_part(level.parts, level.map.halved) >= 2)
      shared_levels_ = index + 2;
    else
      parts = undivided({parts.cuts[0].back(), parts.cuts[1].back(), parts.cuts[2].back()});
    take_parts(coarse, parts);
    for (int a = 0; a < 3; ++a) {
      level.map.fine[a] = level.whole[a];
      level.map.coarse[a] = coarse.whole[a];
      level.map.fine_first[a] = level.first[a];
      level.map.coarse_first[a] = coarse.first[a];
      level.target.lower[a] = low[a] - coarse.first[a];
      level.target.upper[a] = level.target.lower[a] + extent[a];
    }
    const Coarsening map = whole_map(level.map);  // the tables are of the whole grid
    for (int a = 0; a < 3; ++a) {
      const int n = level.whole[a];
      coarse.spacing[a] = level.spacing[a] * (map.halved[a] == 1 ? 2 : 1);
      coarse.widths[a].assign(coarse.whole[a], 0);
      for (int i = 0; i < n; ++i) coarse.widths[a][map.parent(a, i)] += level.widths[a][i];
      std::vector<double> share(n), weight(n, 0.0), ratio(coarse.whole[a] + 1);
      for (int i = 0; i < n; ++i) {
        const int parent = map.parent(a, i);
        const double width = coarse.widths[a][parent];
        share[i] = level.widths[a][i] / width;
        double below = 0;  // from the lower face of the parent to the centre of the child
        for (int sibling = map.first(a, parent); sibling < i; ++sibling) below += level.widths[a][sibling];
        const double offset = below + 0.5 * level.widths[a][i] - 0.5 * width;
        const int face = offset > 0 ? parent + 1 : parent;
        // Rounding must not choose a side for a child in the middle.
        if (std::abs(offset) > 1e-9 * width)
          weight[i] = offset / centre_distance(coarse.widths[a], face, periodic_[a]);
      }
      level.share[a] = to_device<Memory>(label + " share", share);
      level.neighbour_weight[a] = to_device<Memory>(label + " transfer", weight);
      coarse.inert[a] = inert(a, coarse.whole[a]);
      for (int f = 0; f <= coarse.whole[a]; ++f) ratio[f] = face_ratio(level, coarse, a, f);
      coarse.distance_ratio[a] = to_device<Memory>(label + " distances", ratio);
    }
    const int coarse_nz = coarse.whole[2];
    coarse.multiplier = Kokkos::View<Real*, Memory>(label + " layer multiplier", coarse_nz + 2);
    const auto of_fine = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), level.multiplier);
    const auto of_coarse = Kokkos::create_mirror_view(coarse.multiplier);
    for (int k = 0; k < coarse_nz; ++k) {
      of_coarse(k + 1) = 0;
      for (int child = map.first(2, k); child <= map.last(2, k); ++child)
        of_coarse(k + 1) += of_fine(child + 1) * level.widths[2][child] / coarse.widths[2][k];
    }
    of_coarse(0) = of_coarse(periodic_[2] ? coarse_nz : 1);
    of_coarse(coarse_nz + 1) = of_coarse(periodic_[2] ? 1 : coarse_nz);
    Kokkos::deep_copy(coarse.multiplier, of_coarse);
    levels_.push_back(coarse);
  }
  team_level_ = std::max(shared_levels_, 1);
  const auto cells_of = [&](const int index) {
    const auto& n = levels_[std::size_t(index)].whole;
    return double(n[0]) * n[1] * n[2];
  };
  while (team_level_ < int(levels_.size()) && (launches_ == Launches::rows || cells_of(team_level_) > double(team_cells)))
    ++team_level_;
  if (shared_levels_ == 0 || shared_levels_ == int(levels_.size())) return;
  const Level &last = levels_[shared_levels_ - 1], &whole = levels_[shared_levels_];
  gather_cells_ = plan_gather(last, whole, {0, 0, 0});
  for (int a = 0; a < 3; ++a) {
    std::array<int, 3> more{0, 0, 0};
    more[a] = 1;
    gather_faces_[a] = plan_gather(last, whole, more);
  }
}

template <class Exec>
typename Multigrid<Exec>::Gather Multigrid<Exec>::plan_gather(const Level& fine, const Level& coarse,
                                                              const std::array<int, 3>& more) const {
  Gather plan;
  const Decomposition parts = coarsened(fine.parts, fine.map.halved);
  std::array<int, 3> extent{};
  for (int a = 0; a < 3; ++a) extent[a] = coarse.whole[a] + more[a];
  plan.place = Kokkos::View<int*, typename Exec::memory_space>(
      "gather plan", std::size_t(extent[0]) * extent[1] * extent[2]);
  const auto place = Kokkos::create_mirror_view(plan.place);
  int next = 0;
  for (int rank = 0; rank < parts.size(); ++rank) {
    const auto at = parts.place_of(rank);
    const auto low = parts.first(at);
    auto high = parts.cells(at);
    for (int a = 0; a < 3; ++a) high[a] += low[a] + (at[a] == parts.ranks[a] - 1 ? more[a] : 0);
    const int before = next;
    for (int k = low[2]; k < high[2]; ++k)
      for (int j = low[1]; j < high[1]; ++j)
        for (int i = low[0]; i < high[0]; ++i) place((k * extent[1] + j) * extent[0] + i) = next++;
    plan.bytes.push_back(std::size_t(next - before) * sizeof(float));
  }
  Kokkos::deep_copy(plan.place, place);
  return plan;
}

template <class Exec>
void Multigrid<Exec>::gather(const Gather& plan, const std::vector<Span3<float>>& fields,
                             const std::array<int, 3>& more) {
  const Level &fine = levels_[shared_levels_ - 1], &coarse = levels_[shared_levels_];
  const Decomposition& parts = fine.parts;
  Box mine = fine.target, whole{{0, 0, 0}, coarse.whole};
  for (int a = 0; a < 3; ++a) {
    mine.upper[a] += parts.place[a] == parts.ranks[a] - 1 ? more[a] : 0;
    whole.upper[a] += more[a];
  }
  const int count = int(fields.size());
  std::vector<std::size_t> bytes;
  for (const std::size_t of_one : plan.bytes) bytes.push_back(of_one * fields.size());
  const std::size_t all = plan.place.extent(0) * fields.size(),
                    own = bytes[std::size_t(ranks_->rank())] / sizeof(float);
  if (gathered_.extent(0) < all) gathered_ = FloatView("gathered level", all);
  if (part_.extent(0) < own) part_ = FloatView("part of a gathered level", own);
  for (int f = 0; f < count; ++f)
    for_cells("kollagen/multigrid/pack_part", exec_, mine,
              PackPart{fields[std::size_t(f)],
                       part_.data(),
                       f,
                       count,
                       {mine.lower[0], mine.lower[1], mine.lower[2]},
                       {mine.extent(0), mine.extent(1), mine.extent(2)}});
  exec_.fence();
  // Some kilobytes: the way through the host costs less than a second path would.
  const auto host_part = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), part_);
  const auto host = Kokkos::create_mirror_view(gathered_);
  ranks_->all_gather(host_part.data(), bytes, host.data());
  Kokkos::deep_copy(gathered_, host);
  for (int f = 0; f < count; ++f)
    for_cells("kollagen/multigrid/spread_gathered", exec_, whole,
              SpreadGathered{gathered_.data(),
                             plan.place.data(),
                             fields[std::size_t(f)],
                             f,
                             count,
                             {whole.extent(0), whole.extent(1), whole.extent(2)}});
}

template <class Exec>
std::size_t Multigrid<Exec>::bytes() const {
  std::size_t sum = 0;
  for (const auto& level : levels_) sum += level.fields.bytes() + level.faces.bytes();
  return sum;
}

template <class Exec>
template <class T>
void Multigrid<Exec>::set_coefficient(const Span3<T>& m, const double largest, const Intact& intact,
                                      const Span2<const Real>& multiplier) {
  if (!levels_[0].faces.allocated()) {
    for (std::size_t l = 0; l < levels_.size(); ++l)
      levels_[l].faces =
          Fields<Exec, float>("multigrid faces of level " + std::to_string(l), 3, levels_[l].cells);
    list_coarse(coarse_, [&](const Level& level) { return level_operator(level, 0); });
  }
  Level& fine = levels_[0];
  largest_m_ = largest;
  by_depth_ = false;
  KOLLAGEN_CHECK(!detail::runs_on_host<Exec> || intact.per_row <= 1, "a host works on whole rows");
  fine.intact = intact;
  if (intact.stretches != nullptr) {
    LayerFaces<T> faces{multiplier, nullptr, nullptr, nullptr, {}};
    for (int a = 0; a < 3; ++a) {
      if (fine.layer_faces[a].extent(0) == 0)
        fine.layer_faces[a] = FloatView("multigrid faces of the layers", std::size_t(fine.cells[2]) + 1);
      faces.inv_distance[a] = fine.inert[a] ? 0 : 1 / fine.spacing[a];
    }
    faces.x = fine.layer_faces[0].data(), faces.y = fine.layer_faces[1].data(), faces.z = fine.layer_faces[2].data();
    for_cells("kollagen/multigrid/layer_faces", exec_, Box{{0, 0, 0}, {fine.cells[2] + 1, 1, 1}}, faces);
  }
  for (int a = 0; a < 3; ++a) {
    Box faces = fine.box();
    faces.upper[a] += 1;
    for_cells("kollagen/multigrid/fine_faces", exec_, faces,
              FineFaces<T>{m, fine.faces[a], a, fine.inert[a] ? 0 : 1 / fine.spacing[a]});
  }
  for (int l = 0; l + 1 < int(levels_.size()) && l < team_level_; ++l) coarsen_faces(l);
  if (team_level_ + 1 < int(levels_.size()))
    for_team("kollagen/multigrid/coarse_faces_of_levels", exec_,
             CoarsenFaces<Exec>{coarse_.data(), int(levels_.size()) - team_level_});
}

template <class Exec>
template <int Axis>
CoarseFaces<Axis> Multigrid<Exec>::coarse_faces(const int index) const {
  const Level &fine = levels_[index], &coarse = levels_[index + 1];
  return {fine.map,
          fine.faces[Axis],
          coarse.faces[Axis],
          {fine.of_part(fine.share, 0), fine.of_part(fine.share, 1), fine.of_part(fine.share, 2)},
          coarse.of_part(coarse.distance_ratio, Axis)};
}

template <class Exec>
void Multigrid<Exec>::coarsen_faces(const int index) {
  const Level &fine = levels_[index], &coarse = levels_[index + 1];
  const std::array<int, 3> more[3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  if (fine.exchange_children)
    for (int a = 0; a < 3; ++a) fine.halo->exchange(fine.faces[a], more[a]);
  const char* const label = "kollagen/multigrid/coarse_faces";
  const Box& cells = fine.target;
  const auto with_ends = [&](const std::array<int, 3>& ends) {
    Box faces = cells;
    for (int a = 0; a < 3; ++a) faces.upper[a] += ends[a];
    return faces;
  };
  if (launches_ == Launches::few) {
    for_cells(label, exec_, with_ends({1, 1, 1}),
              CoarseFacesOfCell{coarse_faces<0>(index),
                                coarse_faces<1>(index),
                                coarse_faces<2>(index),
                                {cells.upper[0], cells.upper[1], cells.upper[2]}});
  } else {
    for_cells(label, exec_, with_ends(more[0]), coarse_faces<0>(index));
    for_cells(label, exec_, with_ends(more[1]), coarse_faces<1>(index));
    for_cells(label, exec_, with_ends(more[2]), coarse_faces<2>(index));
  }
  if (index == shared_levels_ - 1)
    for (int a = 0; a < 3; ++a) gather(gather_faces_[a], {coarse.faces[a]}, more[a]);
}

template <class Exec>
void Multigrid<Exec>::set_layers(const std::vector<double>& m) {
  using Memory = typename Exec::memory_space;
  const int nz = levels_[0].whole[2];
  KOLLAGEN_CHECK(int(m.size()) == nz, "one relative diffusivity for each depth index is needed");
  largest_m_ = *std::max_element(m.begin(), m.end());
  by_depth_ = true;
  std::vector<double> lateral = m;
  std::array<std::vector<double>, 3> conductance;  // of faces along x and y per m, and along z
  for (int a = 0; a < 3; ++a) {
    const Level& fine = levels_[0];
    const int n = fine.whole[a];
    for (int f = 0; f <= n; ++f) {
      double mean = 1;
      if (a == 2)
        mean = harmonic(m[f > 0 ? f - 1 : (periodic_[2] ? n - 1 : 0)], m[f < n ? f : (periodic_[2] ? 0 : n - 1)]);
      conductance[a].push_back(fine.inert[a] ? 0 : mean / fine.spacing[a]);
    }
  }
  for (std::size_t l = 0; l < levels_.size(); ++l) {
    Level& level = levels_[l];
    const std::string label = "multigrid level " + std::to_string(l);
    for (int a = 0; a < 3; ++a) {
      std::vector<double> low, high;
      for (int i = 0; i < level.whole[a]; ++i) {
        low.push_back(conductance[a][i] / level.widths[a][i]);
        high.push_back(conductance[a][i + 1] / level.widths[a][i]);
      }
      level.low[a] = to_device<Memory>(label + " lower couplings", low);
      level.high[a] = to_device<Memory>(label + " upper couplings", high);
    }
    level.lateral = to_device<Memory>(label + " layers", lateral);
    if (l + 1 == levels_.size()) break;
    // As CoarseFaces and RestrictMean do it.
    const Level& coarse = levels_[l + 1];
    const Coarsening map = whole_map(level.map);
    for (int a = 0; a < 3; ++a) {
      std::vector<double> of_coarse;
      for (int f = 0; f <= coarse.whole[a]; ++f)
        of_coarse.push_back(conductance[a][fine_face(map, a, f)] * face_ratio(level, coarse, a, f));
      conductance[a] = of_coarse;
    }
    std::vector<double> means(coarse.whole[2], 0.0);
    for (int k = 0; k < level.whole[2]; ++k)
      means[map.parent(2, k)] += lateral[k] * level.widths[2][k] / coarse.widths[2][map.parent(2, k)];
    lateral = means;
  }
  list_coarse(coarse_by_depth_, [&](const Level& level) { return depth_operator(level, 0); });
}

template <class Exec>
void Multigrid<Exec>::restrict_mean(const int index, const Span3<float>& residual) {
  const Level &fine = levels_[index], &coarse = levels_[index + 1];
  const std::pair<Span3<float>, Span3<float>> fields[] = {{residual, coarse.at(residual_r)},
                                                          {fine.at(weight_q), coarse.at(weight_q)}};
  if (fine.exchange_children)
    for (const auto& [from, to] : fields) fine.halo->exchange(from);
  std::vector<RestrictPairs> by_pairs;
  for (const auto& [from, to] : fields)
    by_pairs.push_back({{fine.map, from, to, fine.of_part(fine.share, 0), fine.of_part(fine.share, 1),
                         fine.of_part(fine.share, 2)},
                        fine.map.first(0, 0)});
  const std::array<int, 3> end = pairs_end(fine);
  const char* const label = "kollagen/multigrid/restrict";
  if (launches_ == Launches::few) {
    std::vector<RestrictEither> either;
    for (const RestrictPairs& one : by_pairs) either.push_back({one, {end[0], end[1], end[2]}});
    for_fields(label, exec_, fine.target, either);
    return;
  }
  Box pairs = fine.target;
  std::vector<Box> rest;
  for (int a = 2; a >= 0; --a) {
    if (pairs.upper[a] <= end[a]) continue;
    rest.push_back(pairs);
    pairs.upper[a] = std::max(end[a], pairs.lower[a]);
    rest.back().lower[a] = pairs.upper[a];
  }
  std::vector<RestrictMean> general;
  for (const RestrictPairs& one : by_pairs) general.push_back(one.general);
  for_fields(label, exec_, pairs, by_pairs);
  for (const Box& box : rest) for_fields(label, exec_, box, general);
}

template <class Exec>
std::array<int, 3> Multigrid<Exec>::pairs_end(const Level& level) {
  std::array<int, 3> end{};
  for (int a = 0; a < 3; ++a) {
    const bool three_at_the_end = level.map.halved[a] == 1 && level.whole[a] % 2 == 1;
    end[a] = level.map.coarse[a] - (three_at_the_end ? 1 : 0) - level.map.coarse_first[a];
  }
  if (level.map.halved[0] == 0) end[0] = INT_MIN;
  return end;
}

template <class Exec>
std::pair<int, int> Multigrid<Exec>::paired_parents(const Level& level) {
  const Coarsening& map = level.map;
  if (map.halved[0] == 0 || map.coarse[0] == 1) return {0, 0};
  int low = map.parent(0, 0), high = map.parent(0, level.cells[0] - 1) + 1;
  if (map.first(0, low) < 0) ++low;  // a child is the neighbour's
  // The last parent of the whole grid may have three children, or two of different width.
  if (high + map.coarse_first[0] == map.coarse[0] || map.last(0, high - 1) >= level.cells[0]) --high;
  return {low, std::max(low, high)};
}

template <class Exec>
void Multigrid<Exec>::prolong(const int index) {
  Level &level = levels_[index], &coarse = levels_[index + 1];
  // A team leaves all of its ghosts.
  if (index + 1 != team_level_) coarse.halo->fill(ghosts(coarse, coarse.e), Reach::corners);
  const Interpolation from{level.map, coarse.e, level.of_part(level.neighbour_weight, 0),
                           level.of_part(level.neighbour_weight, 1),
                           level.of_part(level.neighbour_weight, 2)};
  const Prolong general{from, level.e};
  const auto run = [&](const Box& box) {
    return [this, box](const auto& f) { for_cells("kollagen/multigrid/prolong", exec_, box, f); };
  };
  if constexpr (detail::runs_on_host<Exec>) {
    const auto [low, high] = paired_parents(level);
    if (launches_ == Launches::rows && low < high) {
      const int first = level.map.first(0, 0);
      write(level, level.e, ProlongPairs{general, first, {2 * low + first, 2 * high + first}, level.cells[0]},
            run({{low, 0, 0}, {high, level.cells[1], level.cells[2]}}));
      return;
    }
  }
  write(level, level.e, general, run(level.box()));
}

template <class Exec>
template <class Operator, class Target>
void Multigrid<Exec>::smooth(Level& level, const Operator& op, const std::vector<float>& omega,
                             const bool from_zero, const Target& target) {
  constexpr bool cells = std::is_same_v<Operator, LayerOperator>;
  constexpr bool fields = std::is_same_v<Operator, LevelOperator>;  // of faces
  constexpr bool adds = !std::is_same_v<Target, NoTarget>;
  for (std::size_t sweep = 0; sweep < omega.size(); ++sweep) {
    const Span3<float> out = other_buffer(level);
    const auto run = [&](const char* const label, const auto& functor, const auto reads_ghosts) {
      const GhostField<float> read = ghosts(level, level.e).front();
      const bool filled = level.has_ghosts;
      if constexpr (adds) {
        if (sweep + 1 == omega.size()) {
          const std::string name = label + std::string("_and_add");
          const SweepAndAdd last{functor, target.field};
          if constexpr (!reads_ghosts.value)
            max_over_cells(name, exec_, level.box(), last, target.sizes.next());
          else if (filled)
            max_over_cells_with_row_ghosts(name, exec_, *level.halo, read, last, target.sizes);
          else
            max_over_cells_with_ghosts(name, exec_, *level.halo, std::vector<GhostField<float>>{read}, last, target.sizes);
          traffic_ += traffic::added(sizeof(target.field.scale)) * double(level.box().cells());
          return;
        }
      }
      write(level, out, functor, [&](const auto& f) {
        if constexpr (reads_ghosts.value)
          for_cells_of(level, label, read, filled, f);
        else
          for_cells(label, exec_, level.box(), f);
      });
    };
    if (sweep == 0 && from_zero) {
      run(cells    ? "kollagen/multigrid/sweep_cells_from_zero"
          : fields ? "kollagen/multigrid/smooth_from_zero"
                   : "kollagen/multigrid/smooth_layers_from_zero",
          SmoothFromZero<Operator>{op, level.at(residual_r), out, omega[sweep]}, std::false_type());
      traffic_ += (fields ? traffic::sweep_from_zero(level.intact.share) : traffic::sweep_layers_from_zero) * double(level.box().cells());
    } else {
      run(cells    ? "kollagen/multigrid/sweep_cells"
          : fields ? "kollagen/multigrid/smooth"
                   : "kollagen/multigrid/smooth_layers",
          SmoothSweep<Operator>{op, level.at(residual_r), level.e, out, omega[sweep]}, std::true_type());
      traffic_ += (fields ? traffic::sweep(level.intact.share) : traffic::sweep_layers) * double(level.box().cells());
    }
  }
}

template <class Exec>
template <class Target>
void Multigrid<Exec>::divide(Level& level, const Target& target) {
  for_cells("kollagen/multigrid/divide", exec_, level.box(),
            DivideByWeight{level.at(residual_r), level.at(weight_q), level.e});
  level.has_ghosts = false;
  traffic_ += traffic::divide * double(level.box().cells());
  if constexpr (!std::is_same_v<Target, NoTarget>) {
    max_over_cells("kollagen/multigrid/add_divided", exec_, level.box(), AddCorrection{level.e, target.field},
                   target.sizes.next());
    traffic_ += traffic::add_correction(sizeof(target.field.scale)) * double(level.box().cells());
  }
}

template <class Exec>
template <class Target>
void Multigrid<Exec>::solve_level(const int index, const double s, const int last, const Target& target) {
  if (index == team_level_) {
    by_depth_ ? solve_coarse(coarse_by_depth_, s, last) : solve_coarse(coarse_, s, last);
    return;
  }
  Level& level = levels_[index];
  const double sigma = coupling(level, s, false);
  if (sigma == 0)
    divide(level, target);
  else if (by_depth_)
    solve_level_with(depth_operator(level, s), index, s, sigma, last, target);
  else
    solve_level_with(level_operator(level, s), index, s, sigma, last, target);
}

template <class Exec>
template <class Operator, class OperatorOf>
void Multigrid<Exec>::list_coarse(Kokkos::View<CoarseLevel<Operator>*, typename Exec::memory_space>& levels,
                                  const OperatorOf& operator_of) {
  const int count = int(levels_.size()) - team_level_;
  if (count <= 0) return;
  KOLLAGEN_CHECK(count <= most_coarse_levels, "more coarse levels than halving so few cells can make");
  std::vector<CoarseLevel<Operator>> list;
  for (int l = team_level_; l < int(levels_.size()); ++l) {
    const Level& level = levels_[std::size_t(l)];
    const GhostsOfCell<float> images = level.halo->cell_ghosts(ghosts(level, level.at(correction_e)).front());
    CoarseLevel<Operator> item{};
    item.count = int(level.box().cells());
    item.cell_of = detail::CellOfBox(level.box());
    const Box faces{{0, 0, 0}, {level.cells[0] + 1, level.cells[1] + 1, level.cells[2] + 1}};
    item.face_count = int(faces.cells());
    item.face_of = detail::CellOfBox(faces);
    item.a = operator_of(level);
    item.q = level.at(weight_q);
    item.r = level.at(residual_r);
    item.e = level.at(correction_e);
    item.other = level.at(correction_other);
    item.multiplier = images.walls.multiplier;
    item.map = level.map;
    for (int a = 0; a < 3; ++a) {
      item.cells[a] = level.cells[a];
      item.sides[a] = images.sides[a];
      item.spacing[a] = level.spacing[a];
      if (level.faces.allocated()) item.faces[a] = level.faces[a];
      item.distance_ratio[a] = level.of_part(level.distance_ratio, a);
      if (l + 1 == int(levels_.size())) continue;
      item.share[a] = level.of_part(level.share, a);
      item.neighbour_weight[a] = level.of_part(level.neighbour_weight, a);
      item.pairs_end[a] = pairs_end(level)[a];
    }
    list.push_back(item);
  }
  levels = Kokkos::View<CoarseLevel<Operator>*, typename Exec::memory_space>(
      Kokkos::view_alloc("coarse levels", Kokkos::WithoutInitializing), list.size());
  Kokkos::deep_copy(levels, Kokkos::View<const CoarseLevel<Operator>*, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>>(
                                list.data(), list.size()));
}

template <class Exec>
template <class Operator>
void Multigrid<Exec>::solve_coarse(const Kokkos::View<CoarseLevel<Operator>*, typename Exec::memory_space>& levels,
                                   const double s, const int last) {
  constexpr bool fields = std::is_same_v<Operator, LevelOperator>;
  const double last_sigma = coupling(levels_[std::size_t(last)], s, false);
  CoarseCycle<Exec, Operator> cycle{levels.data(), last - team_level_ + 1, float(s), last_sigma == 0, walls_, {}};
  for (int l = team_level_; l <= last; ++l) {
    Level& level = levels_[std::size_t(l)];
    level.e = level.at(correction_e);
    const std::vector<float> omega = sweep_weights(coupling(level, s, false), l == last);
    std::copy(omega.begin(), omega.end(), cycle.omega[l - team_level_]);
    const double cells = double(level.box().cells());
    const double share = level.intact.share;
    const double from_zero = fields ? traffic::sweep_from_zero(share) : traffic::sweep_layers_from_zero;
    const double sweep = fields ? traffic::sweep(share) : traffic::sweep_layers;
    if (l < last)
      traffic_ += ((fields ? traffic::restriction(share) : traffic::restriction_layers) + traffic::prolongation) * cells;
    traffic_ += (cycle.divide && l == last ? traffic::divide : from_zero + 3 * sweep) * cells;
  }
  for_team(fields ? "kollagen/multigrid/coarse_levels" : "kollagen/multigrid/coarse_levels_layers", exec_, cycle);
}

template <class Exec>
template <class Operator, class Target>
void Multigrid<Exec>::solve_level_with(const Operator& op, const int index, const double s, const double sigma,
                                       const int last, const Target& target) {
  constexpr bool fields = std::is_same_v<Operator, LevelOperator>;
  Level& level = levels_[index];
  const std::vector<float> omega = sweep_weights(sigma, index == last);
  if (index == last) {
    smooth(level, op, omega, true, target);
    return;
  }
  smooth(level, op, {omega[0], omega[1]}, true);
  const Level& coarse = levels_[index + 1];
  const Span3<float> scratch = other_buffer(level);
  for_cells_of(level, fields ? "kollagen/multigrid/residual" : "kollagen/multigrid/residual_layers",
               ghosts(level, level.e).front(), level.has_ghosts,
               LevelResidual<Operator>{op, level.at(residual_r), level.e, scratch});
  restrict_mean(index, scratch);
  if (index == shared_levels_ - 1) gather(gather_cells_, {coarse.at(residual_r), coarse.at(weight_q)}, {0, 0, 0});
  solve_level(index + 1, s, last, NoTarget());
  prolong(index);
  traffic_ += ((fields ? traffic::restriction(level.intact.share) : traffic::restriction_layers) + traffic::prolongation) *
              double(level.box().cells());
  smooth(level, op, {omega[2], omega[3]}, false, target);
}

template <class Exec>
template <class Target>
void Multigrid<Exec>::v_cycle(const double s, const Walls& walls, const Target& target) {
  walls_ = walls;
  // Coarser grids than sqrt(s m) need nothing: the smoother alone reaches that far.
  int last = 0;
  while (last + 1 < int(levels_.size()) && coupling(levels_[last], s, true) > 0.75) ++last;
  solve_level(0, s, last, target);
}

template <class Exec>
template <class Target>
void Multigrid<Exec>::sweep_layers(const Span2<const Real>& layer, const double largest_m, const double sx,
                                   const double sy, const double sz, const double reduction,
                                   const Walls& walls, const Target& target) {
  walls_ = walls;
  Level& level = levels_[0];
  const double tx = level.inert[0] ? 0 : sx, ty = level.inert[1] ? 0 : sy, tz = level.inert[2] ? 0 : sz;
  const LayerOperator op{layer, level.at(weight_q), float(tx), float(ty), float(tz)};
  const double sigma = 2 * largest_m * (tx + ty + tz);
  if (sigma == 0) {
    divide(level, target);
    return;
  }
  const double high = (1 + 2 * sigma) / (1 + sigma), low = 1 / (1 + sigma);
  const double per_sweep = std::acosh((high + low) / (high - low));
  const int degree = std::clamp(int(std::ceil(std::acosh(std::max(reduction, 1.0)) / per_sweep)), 1, 8);
  smooth(level, op, chebyshev_weights(degree, low, high), true, target);
}

#define KOLLAGEN_INSTANTIATE(Exec)                                                  \
  template class Multigrid<Exec>;                                                   \
  template void Multigrid<Exec>::set_coefficient(const Span3<Real>&, double, const Intact&,       \
                                                 const Span2<const Real>&);         \
  template void Multigrid<Exec>::set_coefficient(const Span3<float>&, double, const Intact&,      \
                                                 const Span2<const Real>&);
KOLLAGEN_FOR_EACH_BACKEND(KOLLAGEN_INSTANTIATE)

#define KOLLAGEN_INSTANTIATE_TARGET(Exec, ...)                                                                           \
  template void Multigrid<Exec>::v_cycle(double, const Walls&, const __VA_ARGS__&);                                      \
  template void Multigrid<Exec>::sweep_layers(const Span2<const Real>&, double, double, double, double, double,         \
                                              const Walls&, const __VA_ARGS__&);
#define KOLLAGEN_INSTANTIATE_TARGETS(Exec)                                    \
  KOLLAGEN_INSTANTIATE_TARGET(Exec, NoTarget)                                 \
  KOLLAGEN_INSTANTIATE_TARGET(Exec, CorrectionTarget<Exec, float>)            \
  KOLLAGEN_INSTANTIATE_TARGET(Exec, CorrectionTarget<Exec, Real>)
KOLLAGEN_FOR_EACH_BACKEND(KOLLAGEN_INSTANTIATE_TARGETS)

}  // namespace kollagen
