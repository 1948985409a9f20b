/// Ghosts on parts of a domain are those of the undivided domain, bit for bit: faces, edges and corners,
/// walls of all kinds.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>

#include "kernels/halo.hpp"
#include "kollagen/fields.hpp"
#include "support/backends.hpp"
#include "support/ranks.hpp"

namespace kollagen::test {
namespace {

constexpr std::array<int, 3> cells{7, 9, 8};

double value(const int field, const int k, const int j, const int i) {
  return 1 + 0.1 * field + std::sin(0.7 * i + 1.3 * j) + 0.3 * k * k;
}

/// Process grids that `count` ranks can form on `cells`.
std::vector<Decomposition> grids(const int count, const int rank) {
  std::vector<Decomposition> result;
  for (int x = 1; x <= count; ++x)
    for (int y = 1; x * y <= count; ++y) {
      if (count % (x * y) != 0) continue;
      Decomposition d;
      d.ranks = {x, y, count / (x * y)};
      bool fits = true;
      for (int a = 0; a < 3; ++a) {
        d.cuts[a] = {0};
        for (int p = 1; p <= d.ranks[a]; ++p) d.cuts[a].push_back(cells[a] * p / d.ranks[a]);
        fits = fits && cells[a] >= d.ranks[a];
      }
      d.place = d.place_of(rank);
      if (fits) result.push_back(d);
    }
  return result;
}

/// Tables over depth of the whole domain with ghosts: what every part sees of the walls.
template <class Exec>
struct WallTables {
  using Table = Kokkos::View<Real**, Kokkos::LayoutRight, typename Exec::memory_space>;
  Table values{"wall values", 6, cells[2] + 2}, multiplier{"multiplier", 1, cells[2] + 2};

  explicit WallTables(const bool periodic_z) {
    const auto v = Kokkos::create_mirror_view(values), m = Kokkos::create_mirror_view(multiplier);
    for (int c = 0; c < cells[2] + 2; ++c) {
      const int k = periodic_z ? (c - 1 + cells[2]) % cells[2] : std::min(std::max(c - 1, 0), cells[2] - 1);
      m(0, c) = 0.5 + 0.25 * k;
      for (int face = 0; face < 6; ++face) v(face, c) = 10 * (face + 1) + 0.7 * k;
    }
    Kokkos::deep_copy(values, v);
    Kokkos::deep_copy(multiplier, m);
  }
  Walls walls(const std::array<WallKind, 6>& kinds, const int first_k) const {
    Walls w;
    for (int face = 0; face < 6; ++face) {
      w.kind[face] = kinds[face];
      w.transfer[face] = 3 + face;
    }
    w.value = {values.data() + 1 + first_k, int(values.extent(1))};
    w.multiplier = {multiplier.data() + 1 + first_k, int(multiplier.extent(1))};
    w.diffusivity = 40;
    w.spacing[0] = 2, w.spacing[1] = 3, w.spacing[2] = 5;
    return w;
  }
};

/// Two fields with filled ghosts on the host.
template <class Exec, class T>
auto filled(const Ranks& ranks, const std::array<WallKind, 6>& kinds, const Reach reach, const bool homogeneous) {
  const auto first = ranks.parts.first(ranks.parts.place), part = ranks.parts.cells(ranks.parts.place);
  const Fields<Exec, T> fields("halo test", 2, part);
  auto host = Kokkos::create_mirror_view(fields.view());
  Kokkos::deep_copy(host, T(-99));
  for (int n = 0; n < 2; ++n)
    for (int k = 0; k < part[2]; ++k)
      for (int j = 0; j < part[1]; ++j)
        for (int i = 0; i < part[0]; ++i)
          host(n, k + 1, j + 1, i + 1) = T(value(n, first[2] + k, first[1] + j, first[0] + i));
  Kokkos::deep_copy(fields.view(), host);
  std::array<bool, 3> periodic{};
  for (int a = 0; a < 3; ++a) periodic[a] = kinds[2 * a] == WallKind::periodic;
  const WallTables<Exec> tables(periodic[2]);
  const Walls walls = tables.walls(kinds, first[2]);
  Halo<Exec> halo(Exec(), ranks, periodic);
  halo.fill(std::vector<GhostField<T>>{{fields[0], walls, homogeneous}, {fields[1], walls, homogeneous}},
            reach);
  Kokkos::deep_copy(host, fields.view());
  return host;
}

constexpr auto P = WallKind::periodic, N = WallKind::no_flux, D = WallKind::dirichlet, R = WallKind::robin;
const std::array<WallKind, 6> wall_sets[] = {
    {P, P, P, P, N, N}, {P, P, P, P, P, P}, {D, R, N, D, R, D}, {N, D, P, P, D, R}, {R, N, R, D, P, P}};

template <class Exec, class T>
void expect_ghosts_of_whole(const Reach reach, const bool homogeneous, const bool device_messages = true) {
  const auto group = ranks();
  for (const auto& kinds : wall_sets) {
    Ranks alone;
    alone.parts = undivided(cells);
    const auto whole = filled<Exec, T>(alone, kinds, reach, homogeneous);
    for (const Decomposition& parts : grids(group->size(), group->rank())) {
      const auto mine = filled<Exec, T>({group, parts, device_messages}, kinds, reach, homogeneous);
      const auto first = parts.first(parts.place), part = parts.cells(parts.place);
      int wrong = 0;
      for (int n = 0; n < 2; ++n)
        for (int k = -1; k <= part[2]; ++k)
          for (int j = -1; j <= part[1]; ++j)
            for (int i = -1; i <= part[0]; ++i) {
              const int index[3] = {i, j, k};
              int outside = 0, at[3];
              for (int a = 0; a < 3; ++a) {
                outside += index[a] < 0 || index[a] >= part[a];
                at[a] = first[a] + index[a];
              }
              if (reach == Reach::faces && outside > 1) continue;
              const T expected = whole(n, at[2] + 1, at[1] + 1, at[0] + 1),
                      found = mine(n, k + 1, j + 1, i + 1);
              if (std::memcmp(&expected, &found, sizeof(T)) != 0) ++wrong;
            }
      EXPECT_EQ(wrong, 0) << parts.ranks[0] << " x " << parts.ranks[1] << " x " << parts.ranks[2]
                          << ", walls " << int(kinds[0]) << int(kinds[1]) << int(kinds[2]) << int(kinds[3])
                          << int(kinds[4]) << int(kinds[5]);
    }
  }
}

}  // namespace

template <class Exec>
struct HaloOverRanks : ::testing::Test {};
TYPED_TEST_SUITE(HaloOverRanks, Backends);

TYPED_TEST(HaloOverRanks, CornersAreThoseOfTheWhole) {
  expect_ghosts_of_whole<TypeParam, double>(Reach::corners, false);
  expect_ghosts_of_whole<TypeParam, float>(Reach::corners, true);
}

TYPED_TEST(HaloOverRanks, FacesAreThoseOfTheWhole) {
  expect_ghosts_of_whole<TypeParam, double>(Reach::faces, false);
  expect_ghosts_of_whole<TypeParam, float>(Reach::faces, true);
}

/// The way through staging buffers, which a GPU takes when its messages cannot.
TYPED_TEST(HaloOverRanks, StagedMessagesBringTheSame) {
  expect_ghosts_of_whole<TypeParam, double>(Reach::corners, false, false);
  expect_ghosts_of_whole<TypeParam, float>(Reach::faces, false, false);
}

/// A kernel that leaves its field as it is.
template <class T>
struct Rewrite {
  Span3<T> u;
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const { u(k, j, i) = u(k, j, i); }
};

/// The ways to fill what needs no neighbour, one for hosts and two for devices: the same bits in every such ghost.
template <class Exec, class T>
void expect_all_ways_alike(const Reach reach, const bool homogeneous) {
  const auto group = ranks();
  for (const auto& kinds : wall_sets)
    for (const Decomposition& parts : grids(group->size(), group->rank())) {
      const auto first = parts.first(parts.place), part = parts.cells(parts.place);
      std::array<bool, 3> periodic{};
      for (int a = 0; a < 3; ++a) periodic[a] = kinds[2 * a] == WallKind::periodic;
      const WallTables<Exec> tables(periodic[2]);
      const Ranks shared{group, parts, true};
      Halo<Exec> halo(Exec(), shared, periodic);
      const auto whole = filled<Exec, T>(shared, kinds, reach, homogeneous);
      const auto local = [&](const int axis, const int side) {
        return halo.at_wall(2 * axis + side) || (periodic[axis] && parts.ranks[axis] == 1);
      };
      for (const std::string way : {"at once", "axis after axis", "with the cells", "with the rows"}) {
        const bool of_rows = way == "with the rows";  // along y and z
        if (of_rows && !detail::runs_on_host<Exec>) continue;
        if ((of_rows || way == "with the cells") && reach == Reach::corners) continue;
        const Fields<Exec, T> fields("halo test", 2, part);
        const auto host = Kokkos::create_mirror_view(fields.view());
        Kokkos::deep_copy(host, whole);
        int wanted = 0, wrong = 0;
        const auto each_local_ghost = [&](const auto& f) {
          for (int n = 0; n < 2; ++n)
            for (int k = -1; k <= part[2]; ++k)
              for (int j = -1; j <= part[1]; ++j)
                for (int i = -1; i <= part[0]; ++i) {
                  const int index[3] = {i, j, k};
                  int outside = 0;
                  bool is_local = false;
                  for (int a = 0; a < 3; ++a) {
                    const int side = index[a] < 0 ? 0 : 1;
                    if (index[a] >= 0 && index[a] < part[a]) continue;
                    ++outside;
                    is_local = is_local || local(a, side);
                  }
                  if (of_rows && (i < 0 || i >= part[0])) continue;
                  if (is_local && (reach == Reach::corners || outside == 1)) f(n, k + 1, j + 1, i + 1);
                }
        };
        each_local_ghost([&](const int n, const int k, const int j, const int i) {
          host(n, k, j, i) = T(-77);
          ++wanted;
        });
        Kokkos::deep_copy(fields.view(), host);
        const Walls walls = tables.walls(kinds, first[2]);
        const std::vector<GhostField<T>> both{{fields[0], walls, homogeneous}, {fields[1], walls, homogeneous}};
        if (way == "at once")
          halo.fill_local_at_once(both, reach);
        else if (way == "axis after axis")
          halo.fill_local_by_axis(both, reach);
        else
          for (const auto& field : both) {
            if (of_rows)
              for_cells("test/halo/rewrite_rows", Exec(), fields.owned(),
                        WithGhostsOfRows<Rewrite<T>, T>(Rewrite<T>{field.u}, halo.cell_ghosts(field)));
            else
              for_cells("test/halo/rewrite", Exec(), fields.owned(),
                        WithGhostsOfCells<Rewrite<T>, T>{{field.u}, halo.cell_ghosts(field)});
          }
        Kokkos::deep_copy(host, fields.view());
        each_local_ghost([&](const int n, const int k, const int j, const int i) {
          wrong += std::memcmp(&host(n, k, j, i), &whole(n, k, j, i), sizeof(T)) != 0;
        });
        EXPECT_EQ(wrong, 0) << way << ", of " << wanted << ", parts "
                            << parts.ranks[0] << " x " << parts.ranks[1] << " x " << parts.ranks[2] << ", walls "
                            << int(kinds[0]) << int(kinds[1]) << int(kinds[2]) << int(kinds[3]) << int(kinds[4])
                            << int(kinds[5]);
      }
    }
}

TYPED_TEST(HaloOverRanks, LocalGhostsAreTheSameAllWays) {
  for (const Reach reach : {Reach::faces, Reach::corners}) {
    expect_all_ways_alike<TypeParam, double>(reach, false);
    expect_all_ways_alike<TypeParam, float>(reach, true);
  }
}

/// One message per neighbour however many fields there are, with the bytes of the faces.
TYPED_TEST(HaloOverRanks, SendsOneMessagePerNeighbour) {
  const auto group = ranks();
  for (const Decomposition& parts : grids(group->size(), group->rank())) {
    const auto part = parts.cells(parts.place);
    const Fields<TypeParam> fields("messages", 3, part);
    Halo<TypeParam> halo(TypeParam(), {group, parts, true}, {true, true, false});
    int messages = 0;
    long bytes = 0;
    for (int a = 0; a < 3; ++a)
      for (int side = 0; side < 2; ++side) {
        const bool wall = a == 2 && (side == 0 ? parts.place[a] == 0 : parts.place[a] == parts.ranks[a] - 1);
        if (parts.ranks[a] == 1 || wall) continue;
        ++messages;
        bytes += 3 * 8 * long(part[0]) * part[1] * part[2] / part[a];
      }
    const CommunicationCount before = group->count();
    std::vector<GhostField<Real>> all;
    for (int n = 0; n < 3; ++n) all.push_back({fields[n], Walls{}});
    halo.fill(all, Reach::faces);
    EXPECT_EQ(group->count().messages - before.messages, messages);
    EXPECT_EQ(group->count().message_bytes - before.message_bytes, bytes);
  }
}

/// Inside and shells together are the owned cells, each once.
TYPED_TEST(HaloOverRanks, ShellsCompleteTheInside) {
  const auto group = ranks();
  for (const Decomposition& parts : grids(group->size(), group->rank())) {
    const Halo<TypeParam> halo(TypeParam(), {group, parts, true}, {true, false, false});
    const auto part = parts.cells(parts.place);
    std::vector<int> visits(std::size_t(part[0]) * part[1] * part[2], 0);
    std::vector<Box> boxes = halo.shells();
    boxes.push_back(halo.interior());
    for (const Box& box : boxes)
      for (int k = box.lower[2]; k < box.upper[2]; ++k)
        for (int j = box.lower[1]; j < box.upper[1]; ++j)
          for (int i = box.lower[0]; i < box.upper[0]; ++i)
            ++visits[(std::size_t(k) * part[1] + j) * part[0] + i];
    for (const int count : visits) ASSERT_EQ(count, 1);
  }
}

}  // namespace kollagen::test
