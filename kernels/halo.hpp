/// Ghost exchange between the ranks of a run: packed faces, one message per neighbour for all fields at once,
/// with periodic images and walls in the same call. One rank is the case without neighbours.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kernels/ghosts.hpp"
#include "kollagen/check.hpp"
#include "kollagen/communicator.hpp"
#include "kollagen/decomposition.hpp"

namespace kollagen {

/// The ranks that share a domain, and how.
struct Ranks {
  std::shared_ptr<Communicator> communicator = std::make_shared<OneRank>();
  Decomposition parts;
  /// Messages may lie in device memory; else they go through pinned host memory.
  bool device_messages = true;
};

/// Which ghosts are filled: those next to faces, or those at edges and corners too.
enum class Reach { faces, corners };

/// A field whose ghosts are wanted, with its walls.
template <class T>
struct GhostField {
  Span3<T> u;
  Walls walls;
  bool homogeneous = false;  ///< FillGhosts: wall values count as 0
};

inline constexpr int most_packed_fields = 16;

/// Cells of a box of some fields, field after field and row after row, into a buffer.
template <class T>
struct PackCells {
  Kokkos::Array<Span3<T>, most_packed_fields> fields;
  int count;
  T* buffer;
  int lower[3], extent[3];
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    const int cells = extent[0] * extent[1] * extent[2];
    const int place = ((k - lower[2]) * extent[1] + (j - lower[1])) * extent[0] + (i - lower[0]);
    for (int f = 0; f < count; ++f) buffer[f * cells + place] = fields[f](k, j, i);
  }
};

/// The reverse of PackCells.
template <class T>
struct UnpackCells {
  Kokkos::Array<Span3<T>, most_packed_fields> fields;
  int count;
  const T* buffer;
  int lower[3], extent[3];
  KOKKOS_FORCEINLINE_FUNCTION void operator()(const int k, const int j, const int i) const {
    const int cells = extent[0] * extent[1] * extent[2];
    const int place = ((k - lower[2]) * extent[1] + (j - lower[1])) * extent[0] + (i - lower[0]);
    for (int f = 0; f < count; ++f) fields[f](k, j, i) = buffer[f * cells + place];
  }
};

/// Whether messages from and to the memory of `Exec` arrive: always on a host, on a device when the
/// communicator says so and a trial message to this rank itself brings the right numbers. The same answer on
/// every rank. Collective.
template <class Exec>
bool device_messages_arrive(const Exec& exec, Communicator& ranks) {
  if (detail::runs_on_host<Exec> || ranks.size() == 1) return true;
  bool good = ranks.claims_device_memory();
  if (good) {
    constexpr int length = 1024;
    Kokkos::View<double*, typename Exec::memory_space> from("trial message", length),
        to("trial answer", length);
    const auto host = Kokkos::create_mirror_view(from);
    for (int i = 0; i < length; ++i) host(i) = 0.5 + i;
    Kokkos::deep_copy(from, host);
    exec.fence();
    const std::size_t bytes = length * sizeof(double);
    ranks.start({{ranks.rank(), 0, to.data(), bytes}}, {{ranks.rank(), 0, from.data(), bytes}});
    ranks.finish();
    const auto back = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), to);
    for (int i = 0; i < length; ++i) good = good && back(i) == host(i);
  }
  return ranks.max(good ? 0.0 : 1.0) == 0;
}

/// An instance that a device works through beside `exec`; on a host `exec` itself, which has every loop done when it returns.
template <class Exec>
Exec beside(const Exec& exec) {
#if KOKKOS_VERSION >= 40000
  if constexpr (!detail::runs_on_host<Exec>) return Kokkos::Experimental::partition_space(exec, 1)[0];
#endif
  return exec;
}

/// The ghosts of one grid on one rank. Axes in turn give the same ghosts as on an undivided grid, edges and
/// corners included, bit for bit.
template <class Exec>
class Halo {
 public:
  Halo(const Exec& exec, const Ranks& ranks, const std::array<bool, 3>& periodic)
      : exec_(exec), arrivals_(exec), ranks_(ranks), cells_(ranks.parts.cells(ranks.parts.place)) {
    const Decomposition& parts = ranks_.parts;
    for (int a = 0; a < 3; ++a) {
      at_end_[2 * a] = parts.place[a] == 0 && !periodic[a];
      at_end_[2 * a + 1] = parts.place[a] == parts.ranks[a] - 1 && !periodic[a];
      for (int side = 0; side < 2; ++side)
        received_[2 * a + side] = parts.ranks[a] > 1 && !at_end_[2 * a + side];
    }
    for (int code = 0; code < 27; ++code) {
      const std::array<int, 3> d{code % 3 - 1, code / 3 % 3 - 1, code / 9 - 1};
      if (code == 13) continue;
      bool exists = true;
      std::array<int, 3> place = parts.place;
      for (int a = 0; a < 3; ++a) {
        if (d[a] == 0) continue;
        exists = exists && received_[2 * a + (d[a] > 0 ? 1 : 0)];
        place[a] = (place[a] + d[a] + parts.ranks[a]) % parts.ranks[a];
      }
      const int steps = std::abs(d[0]) + std::abs(d[1]) + std::abs(d[2]);
      // A message is tagged with its direction as the sender sees it.
      if (exists) neighbours_.push_back({parts.rank_at(place), code, 26 - code, d, steps == 1});
    }
    arrivals_ = divided() ? beside(exec) : exec;
  }

  const std::array<int, 3>& cells() const { return cells_; }
  Communicator& communicator() const { return *ranks_.communicator; }
  /// Whether the domain ends at this face of the part, at a wall.
  bool at_wall(const int face) const { return at_end_[face]; }
  /// Whether any ghost comes from another rank.
  bool divided() const { return !neighbours_.empty(); }

  /// Sends the owned cells next to the faces of all fields (one message per neighbour) and, where that is all
  /// there is to it, fills the ghosts that need no neighbour, along the axes from `first_axis` on. Until
  /// `finish` the fields may be read, not written, and ghosts of neighbours not even read: they come in beside other loops.
  template <class T>
  void start(const std::vector<GhostField<T>>& fields, const Reach reach, const int first_axis = 0) {
    KOLLAGEN_CHECK(!finish_, "a ghost exchange is under way already");
    if (!divided() || reach == Reach::faces) fill_local(fields, reach, first_axis);
    if (!divided()) return;
    std::vector<Span3<T>> spans;
    for (const auto& field : fields) spans.push_back(field.u);
    post(spans, reach, {0, 0, 0});
    const auto unpack = std::move(finish_);
    finish_ = [this, fields, reach, unpack] {
      unpack();
      if (reach == Reach::corners) fill_local(fields, reach);
    };
  }
  /// Waits for what `start` asked for.
  void finish() {
    if (!finish_) return;
    const auto work = std::move(finish_);
    finish_ = nullptr;
    work();
  }
  template <class T>
  void fill(const std::vector<GhostField<T>>& fields, const Reach reach) {
    start(fields, reach);
    finish();
  }
  /// What fills the ghosts along x that need no neighbour, a row at a time.
  template <class T>
  FillGhosts<T> row_ghosts(const GhostField<T>& field) const {
    return {field.u, {cells_[0], cells_[1], cells_[2]}, 0, local_sides(0), field.homogeneous, field.walls};
  }
  /// What fills the ghosts that need no neighbour, cell by cell.
  template <class T>
  GhostsOfCell<T> cell_ghosts(const GhostField<T>& field) const {
    return {field.u,          {cells_[0], cells_[1], cells_[2]}, {local_sides(0), local_sides(1), local_sides(2)},
            field.homogeneous, field.walls};
  }
  /// Ghosts of neighbours only, corners too. A field on the lower faces of the cells along an axis has `more`
  /// = 1 there: the upper face of the last cell travels along.
  template <class T>
  void exchange(const Span3<T>& u, const std::array<int, 3>& more = {0, 0, 0}) {
    if (!divided()) return;
    post(std::vector<Span3<T>>{u}, Reach::corners, more);
    finish();
  }

  /// Ghosts of walls and of an undivided periodic axis, axis after axis from `first_axis` on: what `fill` does for them on
  /// a host, where rows are vectorised.
  template <class T>
  void fill_local_by_axis(const std::vector<GhostField<T>>& fields, const Reach reach, const int first_axis = 0) const {
    for (int axis = first_axis; axis < 3; ++axis) {
      const int sides = local_sides(axis);
      if (sides == 0) continue;
      Box plane = local_plane(axis, reach);
      if (axis == 0) {
        std::swap(plane.lower[0], plane.lower[1]);
        std::swap(plane.upper[0], plane.upper[1]);
      }
      for (const GhostField<T>& field : fields)
        for_cells("kollagen/ghosts/fill", exec_, plane,
                  FillGhosts<T>{
                      field.u, {cells_[0], cells_[1], cells_[2]}, axis, sides, field.homogeneous, field.walls});
    }
  }
  /// The same for all fields and axes in one launch: what `fill` does on a device.
  template <class T>
  void fill_local_at_once(const std::vector<GhostField<T>>& fields, const Reach reach) const {
    KOLLAGEN_CHECK(int(fields.size()) <= most_packed_fields, "too many fields for the ghosts of one launch");
    if (fields.size() == 1)
      launch_all<1>(fields, reach);
    else
      launch_all<most_packed_fields>(fields, reach);
  }

  /// Owned cells that need no ghost of a neighbour, and the shells that do; together the owned cells.
  Box interior() const {
    Box box{{0, 0, 0}, cells_};
    for (int a = 0; a < 3; ++a) {
      box.lower[a] = std::min(received_[2 * a] ? 1 : 0, cells_[a]);
      box.upper[a] = std::max(cells_[a] - (received_[2 * a + 1] ? 1 : 0), box.lower[a]);
    }
    return box;
  }
  std::vector<Box> shells() const {
    std::vector<Box> result;
    const Box inner = interior();
    Box rest{{0, 0, 0}, cells_};
    for (int a = 2; a >= 0; --a) {  // whole planes along z first: their rows are the longest
      Box low = rest, high = rest;
      low.upper[a] = inner.lower[a];
      high.lower[a] = inner.upper[a];
      for (const Box& shell : {low, high})
        if (shell.cells() > 0) result.push_back(shell);
      rest.lower[a] = inner.lower[a];
      rest.upper[a] = inner.upper[a];
    }
    return result;
  }

 private:
  struct Neighbour {
    int rank, send_tag, receive_tag;
    std::array<int, 3> direction;
    bool face;
  };
  using DeviceBuffer = Kokkos::View<double*, typename Exec::memory_space>;
  using HostBuffer = Kokkos::View<double*, typename detail::Staging<Exec>::Space>;

  /// What one message holds: a box of cells, the same number on both sides.
  Box region(const std::array<int, 3>& direction, const bool ghosts, const std::array<int, 3>& more) const {
    Box box{{0, 0, 0}, cells_};
    for (int a = 0; a < 3; ++a) {
      if (direction[a] == 0) {
        box.upper[a] += more[a];
        continue;
      }
      const int plane = direction[a] < 0 ? (ghosts ? -1 : 0) : (ghosts ? cells_[a] : cells_[a] - 1);
      box.lower[a] = plane;
      box.upper[a] = plane + 1;
    }
    return box;
  }

  template <class T>
  void post(const std::vector<Span3<T>>& fields, const Reach reach, const std::array<int, 3>& more) {
    KOLLAGEN_CHECK(int(fields.size()) <= most_packed_fields, "too many fields for one message");
    Kokkos::Array<Span3<T>, most_packed_fields> packed{};
    for (std::size_t f = 0; f < fields.size(); ++f) packed[f] = fields[f];
    const int count = int(fields.size());

    std::vector<const Neighbour*> partners;
    std::vector<std::size_t> offsets{0};  // in doubles, so that every message is aligned
    for (const Neighbour& neighbour : neighbours_) {
      if (reach == Reach::faces && !neighbour.face) continue;
      partners.push_back(&neighbour);
      const std::size_t bytes =
          std::size_t(region(neighbour.direction, false, more).cells()) * fields.size() * sizeof(T);
      offsets.push_back(offsets.back() + (bytes + sizeof(double) - 1) / sizeof(double));
    }
    reserve(offsets.back());
    for (std::size_t n = 0; n < partners.size(); ++n) {
      const Box box = region(partners[n]->direction, false, more);
      for_cells("kollagen/halo/pack", exec_, box,
                PackCells<T>{packed,
                             count,
                             reinterpret_cast<T*>(send_.data() + offsets[n]),
                             {box.lower[0], box.lower[1], box.lower[2]},
                             {box.extent(0), box.extent(1), box.extent(2)}});
    }
    double *send = send_.data(), *receive = receive_.data();
    const bool staged = !ranks_.device_messages;
    if (staged) {
      copy_part(exec_, staged_send_, send_, offsets.back());
      send = staged_send_.data();
      receive = staged_receive_.data();
    }
    exec_.fence();
    std::vector<Message> receives, sends;
    for (std::size_t n = 0; n < partners.size(); ++n) {
      const std::size_t bytes =
          std::size_t(region(partners[n]->direction, false, more).cells()) * fields.size() * sizeof(T);
      receives.push_back({partners[n]->rank, partners[n]->receive_tag, receive + offsets[n], bytes});
      sends.push_back({partners[n]->rank, partners[n]->send_tag, send + offsets[n], bytes});
    }
    communicator().start(receives, sends);
    finish_ = [this, packed, count, partners, offsets, more, staged] {
      communicator().finish();
      // Beside the loop over the cells inside, which reads none of these ghosts.
      if (staged) copy_part(arrivals_, receive_, staged_receive_, offsets.back());
      for (std::size_t n = 0; n < partners.size(); ++n) {
        const Box box = region(partners[n]->direction, true, more);
        for_cells("kollagen/halo/unpack", arrivals_, box,
                  UnpackCells<T>{packed,
                                 count,
                                 reinterpret_cast<const T*>(receive_.data() + offsets[n]),
                                 {box.lower[0], box.lower[1], box.lower[2]},
                                 {box.extent(0), box.extent(1), box.extent(2)}});
      }
      arrivals_.fence();
    };
  }

  template <int Most, class T>
  void launch_all(const std::vector<GhostField<T>>& fields, const Reach reach) const {
    FillAllGhosts<T, Most> fill{{}, {}, {cells_[0], cells_[1], cells_[2]}, {}};
    for (std::size_t f = 0; f < fields.size(); ++f)
      fill.fields[f] = {fields[f].u, fields[f].walls, fields[f].homogeneous};
    int planes = 0, largest = 0;
    // Last axis first: one work item after the other, a ghost that relied on an earlier plane would be wrong.
    for (int axis = 2; axis >= 0; --axis) {
      fill.sides[axis] = local_sides(axis);
      const Box plane = local_plane(axis, reach);
      const int fast = axis == 0 ? 1 : 0, slow = axis == 2 ? 1 : 2;
      for (int side = 0; side < 2; ++side) {
        if (((fill.sides[axis] >> side) & 1) == 0) continue;
        fill.planes[planes++] = {2 * axis + side,
                                 {plane.lower[fast], plane.lower[slow]},
                                 {plane.extent(fast), plane.extent(slow)}};
        largest = std::max(largest, plane.extent(fast) * plane.extent(slow));
      }
    }
    for_cells("kollagen/ghosts/fill_all", exec_, Box{{0, 0, 0}, {largest, planes, int(fields.size())}}, fill);
  }

  template <class To, class From>
  static void copy_part(const Exec& exec, const To& to, const From& from, const std::size_t count) {
    const auto part = std::pair<std::size_t, std::size_t>(0, count);
    Kokkos::deep_copy(exec, Kokkos::subview(to, part), Kokkos::subview(from, part));
  }
  void reserve(const std::size_t length) {
    if (send_.extent(0) >= length) return;
    using Kokkos::view_alloc;
    using Kokkos::WithoutInitializing;
    send_ = DeviceBuffer(view_alloc("halo out", WithoutInitializing), length);
    receive_ = DeviceBuffer(view_alloc("halo in", WithoutInitializing), length);
    if (ranks_.device_messages) return;
    staged_send_ = HostBuffer(view_alloc("halo out, staged", WithoutInitializing), length);
    staged_receive_ = HostBuffer(view_alloc("halo in, staged", WithoutInitializing), length);
  }

  /// Sides of an axis whose ghosts need no neighbour, as FillGhosts wants them.
  int local_sides(const int axis) const {
    return (received_[2 * axis] ? 0 : 1) | (received_[2 * axis + 1] ? 0 : 2);
  }
  /// Cells of the planes whose ghosts along an axis need no neighbour, as FillGhosts and FillAllGhosts go through them:
  /// with corners each plane reaches over the ghosts that the axes before it have filled and that neighbours have sent.
  Box local_plane(const int axis, const Reach reach) const {
    Box plane{{0, 0, 0}, cells_};
    for (int other = 0; other < 3 && reach == Reach::corners; ++other) {
      if (other == axis) continue;
      if (other < axis || received_[2 * other]) plane.lower[other] = -1;
      if (other < axis || received_[2 * other + 1]) plane.upper[other] += 1;
    }
    plane.lower[axis] = 0;
    plane.upper[axis] = 1;
    return plane;
  }
  template <class T>
  void fill_local(const std::vector<GhostField<T>>& fields, const Reach reach, const int first_axis = 0) const {
    if constexpr (detail::runs_on_host<Exec>)
      fill_local_by_axis(fields, reach, first_axis);
    else
      fill_local_at_once(fields, reach);
  }

  Exec exec_;
  Exec arrivals_;  ///< takes in what neighbours have sent
  Ranks ranks_;
  std::array<int, 3> cells_;
  bool at_end_[6]{}, received_[6]{};
  std::vector<Neighbour> neighbours_;
  std::function<void()> finish_;  ///< of the exchange under way
  DeviceBuffer send_, receive_;
  HostBuffer staged_send_, staged_receive_;
};

/// `f` with the ghosts along x filled row by row, right before a row is read: one by one they would each cost
/// a cache line.
template <class F, class T, int Most>
struct WithRowGhosts {
  F f;
  int count;
  Kokkos::Array<FillGhosts<T>, Most> fill;
  KOKKOS_FORCEINLINE_FUNCTION void begin_row(const int k, const int j) const {
    for (int n = 0; n < count; ++n) fill[n](k, 0, j);
  }
  KOKKOS_FORCEINLINE_FUNCTION void end_row(const int k, const int j) const { detail::end_row(f, k, j); }
  KOKKOS_FORCEINLINE_FUNCTION auto at_row(const int k, const int j) const { return detail::at_row(f, k, j); }
  KOKKOS_FORCEINLINE_FUNCTION bool at_rest(const int k, const int j, const int i) const
    requires detail::HasRest<F>
  {
    return f.at_rest(k, j, i);
  }
  KOKKOS_FORCEINLINE_FUNCTION auto rest_row(const int k, const int j) const
    requires detail::HasRest<F>
  {
    return f.rest_row(k, j);
  }
  static constexpr int plane_cells = detail::plane_cells<F>();
};

namespace detail {

template <int Most, class Exec, class T, class F>
WithRowGhosts<F, T, Most> make_row_ghosts(const Halo<Exec>& halo, const std::vector<GhostField<T>>& fields,
                                          const F& f) {
  WithRowGhosts<F, T, Most> result{f, int(fields.size()), {}};
  for (std::size_t n = 0; n < fields.size(); ++n) result.fill[n] = halo.row_ghosts(fields[n]);
  return result;
}

/// Calls `run(functor, first axis whose ghosts are filled as planes)`.
template <class Exec, class T, class F, class Run>
auto with_row_ghosts(const Halo<Exec>& halo, const std::vector<GhostField<T>>& fields, const F& f,
                     const Run& run) {
  if constexpr (runs_on_host<Exec>) {
    if (fields.size() == 1) return run(make_row_ghosts<1>(halo, fields, f), 1);
    KOLLAGEN_CHECK(fields.size() <= most_packed_fields, "too many fields for the ghosts of a row");
    return run(make_row_ghosts<most_packed_fields>(halo, fields, f), 1);
  } else {
    return run(f, 0);
  }
}

}  // namespace detail

/// Runs `f` on the owned cells of an undivided grid when only ghosts along x are missing, which a host fills row by row and a
/// device has already.
template <class Exec, class T, class F>
void for_cells_with_row_ghosts(const std::string& label, const Exec& exec, const Halo<Exec>& halo,
                               const GhostField<T>& field, const F& f) {
  detail::with_row_ghosts(halo, std::vector<GhostField<T>>{field}, f, [&](const auto& functor, int) {
    for_cells(label, exec, Box{{0, 0, 0}, halo.cells()}, functor);
  });
}

/// max_over_cells of this rank in the same way.
template <class Exec, class T, class F>
void max_over_cells_with_row_ghosts(const std::string& label, const Exec& exec, const Halo<Exec>& halo,
                                    const GhostField<T>& field, const F& f, Maxima<Exec>& maxima) {
  detail::with_row_ghosts(halo, std::vector<GhostField<T>>{field}, f, [&](const auto& functor, int) {
    max_over_cells(label, exec, Box{{0, 0, 0}, halo.cells()}, functor, maxima.next());
  });
}

/// Runs `f` on the owned cells of `halo` while the ghosts of `fields` arrive: cells inside first, the shells
/// that read ghosts of neighbours last. `f` must not read ghosts along x of other rows than its own.
template <class Exec, class T, class F>
void for_cells_with_ghosts(const std::string& label, const Exec& exec, Halo<Exec>& halo,
                           const std::vector<GhostField<T>>& fields, const F& f) {
  detail::with_row_ghosts(halo, fields, f, [&](const auto& functor, const int first_axis) {
    halo.start(fields, Reach::faces, first_axis);
    for_cells(label, exec, halo.interior(), functor);
    halo.finish();
    if (halo.divided())
      for (const Box& shell : halo.shells()) for_cells(label, exec, shell, functor);
  });
}

/// max_over_cells of this rank, overlapped in the same way, into `maxima`: of all parts of the cells.
template <class Exec, class T, class F>
void max_over_cells_with_ghosts(const std::string& label, const Exec& exec, Halo<Exec>& halo,
                                const std::vector<GhostField<T>>& fields, const F& f, Maxima<Exec>& maxima) {
  detail::with_row_ghosts(halo, fields, f, [&](const auto& functor, const int first_axis) {
    halo.start(fields, Reach::faces, first_axis);
    max_over_cells(label, exec, halo.interior(), functor, maxima.next());
    halo.finish();
    if (halo.divided())
      for (const Box& shell : halo.shells()) max_over_cells(label, exec, shell, functor, maxima.next());
  });
}

}  // namespace kollagen
