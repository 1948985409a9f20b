/// A series of small loops in one launch: a single team of threads goes through them, with a barrier where there would be the
/// next launch.
#pragma once

#include <algorithm>
#include <string>

#include "kollagen/types.hpp"

namespace kollagen {

/// What a functor of for_team is called with: team_rank(), team_size() and team_barrier().
template <class Exec>
using Team = typename Kokkos::TeamPolicy<Exec>::member_type;

/// Runs `f(team)` with as many threads as its registers allow, at most 1024. Asynchronous on a device. `f` is a functor of
/// values; all threads must come to every barrier.
template <class Exec, class F>
void for_team(const std::string& label, const Exec& exec, const F& f) {
  const int most = Kokkos::TeamPolicy<Exec>(exec, 1, 1).team_size_max(f, Kokkos::ParallelForTag());
  Kokkos::parallel_for(label, Kokkos::TeamPolicy<Exec>(exec, 1, std::min(most, 1024)), f);
}

}  // namespace kollagen
