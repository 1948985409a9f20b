#include <algorithm>
#include <cmath>
#include <sstream>
#include <utility>

#include "host/integrator.hpp"
#include "kernels/backends.hpp"
#include "kernels/traffic.hpp"
#include "kollagen/check.hpp"
#include "kollagen/collective.hpp"

namespace kollagen {
namespace {

/// How bad a cell is: 0 when every species is finite, above -tolerance scale and below 1e9 scales, else 1.
template <class T>
struct BadCell {
  Span4<const T> u;
  int count;
  Kokkos::Array<Real, 32> lowest, highest;
  KOKKOS_FORCEINLINE_FUNCTION Real operator()(const int k, const int j, const int i) const {
    Real bad = 0;
    for (int n = 0; n < count; ++n) {
      const Real v = u(n, k, j, i);
      bad = (v >= lowest[n] && v <= highest[n]) ? bad : Real(1);
    }
    return bad;
  }
};

template <class Exec>
class ExplicitIntegrator final : public Integrator<Exec> {
 public:
  ExplicitIntegrator(std::unique_ptr<Physics<Exec>> physics, const TimeConfig& config)
      : Integrator<Exec>(std::move(physics), config),
        first_(this->physics_->make_state("stage 1")),
        second_(this->physics_->make_state("stage 2")) {
    KOLLAGEN_CHECK(!this->physics_->mixed(), "the explicit integrator is for states in double");
    restart();
  }

  void restart() override { this->physics_->update_mobility(this->state_); }
  void restored() override { restart(); }
  std::size_t bytes() const override {
    return this->state_.bytes() + first_.bytes() + second_.bytes() + this->physics_->bytes();
  }

  double advance(const double time, const double limit) override {
    auto& physics = *this->physics_;
    refresh(this->state_);
    double dt = this->config_.step ? *this->config_.step
                                   : this->config_.safety * physics.explicit_step_limit(this->state_);
    if (!(dt > 0)) {
      check_state(physics, this->state_, time, this->statistics_.steps, dt, this->config_.tolerance);
      throw GuardError("explicit: no stable step at time " + std::to_string(time) + " h");
    }
    if (dt >= limit)
      dt = limit;
    else if (!this->config_.step && 2 * dt > limit)
      dt = 0.5 * limit;  // two equal steps instead of a sliver at the end
    stage(time, this->state_, this->state_, first_, 0, 1, dt);
    refresh(first_);
    stage(time + dt, first_, this->state_, second_, 0.75, 0.25, 0.25 * dt);
    refresh(second_);
    stage(time + 0.5 * dt, second_, this->state_, first_, 1.0 / 3, 2.0 / 3, 2.0 / 3 * dt);
    std::swap(this->state_, first_);
    this->count_step(dt);
    const PartTimer part(this->statistics_.seconds_control);
    check_state(physics, this->state_, time + dt, this->statistics_.steps, dt, this->config_.tolerance);
    return dt;
  }

 private:
  void refresh(const State<Exec>& u) {
    if (this->physics_->mobility_varies()) this->physics_->update_mobility(u);
  }
  void stage(const double time, const State<Exec>& u, const State<Exec>& base, const State<Exec>& out,
             const double a, const double b, const double c) {
    const PartTimer part(this->statistics_.seconds_rates);
    if (this->forcing_at_) this->forcing_at_(time);
    this->physics_->evaluate(u, base, out, a, b, c);
    this->count_traffic(this->evaluation_traffic());
  }
  State<Exec> first_, second_;
};

}  // namespace

template <class Exec>
void Integrator<Exec>::count_step(const double dt) {
  ++statistics_.steps;
  statistics_.smallest_dt = statistics_.steps == 1 ? dt : std::min(statistics_.smallest_dt, dt);
  statistics_.largest_dt = std::max(statistics_.largest_dt, dt);
}

template <class Exec>
void Integrator<Exec>::save(Record& record) const {
  const StepStatistics& s = statistics_;
  record.numbers["controller/statistics"] = {double(s.steps),
                                             double(s.rejected),
                                             double(s.stage_passes),
                                             double(s.corrections),
                                             s.smallest_dt,
                                             s.largest_dt,
                                             s.seconds_rates,
                                             s.seconds_signals,
                                             s.seconds_cells,
                                             s.seconds_local,
                                             s.seconds_control,
                                             s.bytes};
}

template <class Exec>
void Integrator<Exec>::restore(const Record& record) {
  const auto& v = record.list("controller/statistics", 12);
  statistics_ = {long(v[0]), long(v[1]), long(v[2]), long(v[3]), v[4], v[5], v[6], v[7], v[8], v[9], v[10], v[11]};
}

template <class Exec>
double Integrator<Exec>::evaluation_traffic() const {
  const bool chemotaxis = physics_->chemotaxis().has_value();
  const double word = physics_->moving_word();
  return traffic::evaluate(physics_->state_bytes(), word, physics_->has_clot(), chemotaxis) +
         (chemotaxis ? traffic::chemotaxis(word) : 0);
}

template <class Exec>
void check_state(const Physics<Exec>& physics, const State<Exec>& u, const double time, const long step,
                 const double dt, const double tolerance) {
  std::vector<Real> lowest, highest;
  for (int n = 0; n < physics.count(); ++n) {
    highest.push_back(1e9 * physics.scale(n));
    lowest.push_back(physics.signed_fields() ? -highest.back() : -10 * tolerance * physics.scale(n));
  }
  const auto bad_cells = [&]<class T>(const Fields<Exec, T>& group) -> Real {
    if (!group.allocated()) return 0;
    BadCell<T> test{group.span(), 0, {}, {}};
    for (int n = 0; n < physics.count(); ++n) {
      if (u.single()[std::size_t(n)] != std::is_same_v<T, float>) continue;
      test.lowest[test.count] = lowest[std::size_t(n)];
      test.highest[test.count++] = highest[std::size_t(n)];
    }
    return max_over_cells("kollagen/guards/state", physics.exec(), physics.owned(), test);
  };
  Communicator& ranks = *physics.ranks().communicator;
  if (ranks.max(std::max(bad_cells(u.doubles()), bad_cells(u.singles()))) == 0) return;

  // All ranks tell the same story: that of the first bad cell of the whole grid.
  const auto doubles = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), u.doubles().view());
  const auto singles = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), u.singles().view());
  const Grid& grid = physics.grid();
  double first_bad = HUGE_VAL;
  std::string story;
  for (int k = 0; k < grid.cells[2] && story.empty(); ++k)
    for (int j = 0; j < grid.cells[1] && story.empty(); ++j)
      for (int i = 0; i < grid.cells[0] && story.empty(); ++i)
        for (int n = 0; n < physics.count() && story.empty(); ++n) {
          const int place = u.place(n), kk = k + ghost_layers, jj = j + ghost_layers, ii = i + ghost_layers;
          const Real v = u.single()[std::size_t(n)] ? Real(singles(place, kk, jj, ii)) : doubles(place, kk, jj, ii);
          if (v >= lowest[std::size_t(n)] && v <= highest[std::size_t(n)]) continue;
          const auto& species = physics.info().species[n];
          const std::array<int, 3> cell{grid.first[0] + i, grid.first[1] + j, grid.first[2] + k};
          first_bad = (double(cell[2]) * grid.global_cells[1] + cell[1]) * grid.global_cells[0] + cell[0];
          std::ostringstream text;
          text << "field " << species.name << " is " << v << " " << species.unit << " in cell (" << cell[0] << ", "
               << cell[1] << ", " << cell[2] << ") at (" << grid.centre(0, i) << ", " << grid.centre(1, j) << ", "
               << grid.centre(2, k) << ") um, time " << time << " h, step " << step << ", last dt " << dt
               << " h; allowed: " << lowest[std::size_t(n)] << " to " << highest[std::size_t(n)];
          story = text.str();
        }
  const double earliest = -ranks.max(-first_bad);
  together(ranks, [&] {
    if (first_bad == earliest) throw GuardError(story);
  });
}

template <class Exec>
std::unique_ptr<Integrator<Exec>> make_explicit(std::unique_ptr<Physics<Exec>> physics,
                                                const TimeConfig& config) {
  return std::make_unique<ExplicitIntegrator<Exec>>(std::move(physics), config);
}

template <class Exec>
std::unique_ptr<Integrator<Exec>> make_integrator(std::unique_ptr<Physics<Exec>> physics,
                                                  const TimeConfig& config) {
  return config.integrator == IntegratorKind::imex ? make_imex(std::move(physics), config)
                                                   : make_explicit(std::move(physics), config);
}

#define KOLLAGEN_INSTANTIATE(Exec)                                                                              \
  template class Integrator<Exec>;                                                                              \
  template void check_state(const Physics<Exec>&, const State<Exec>&,  double, long, double, double);           \
  template std::unique_ptr<Integrator<Exec>> make_explicit(std::unique_ptr<Physics<Exec>>, const TimeConfig&); \
  template std::unique_ptr<Integrator<Exec>> make_integrator(std::unique_ptr<Physics<Exec>>, const TimeConfig&);
KOLLAGEN_FOR_EACH_BACKEND(KOLLAGEN_INSTANTIATE)

}  // namespace kollagen
