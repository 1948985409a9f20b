#include "host/simulation.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "kernels/backends.hpp"
#include "kernels/distribution.hpp"
#include "kernels/measure.hpp"
#include "kernels/puncture.hpp"
#include "kollagen/check.hpp"
#include "kollagen/needles.hpp"
#include "kollagen/storage.hpp"

namespace kollagen {
namespace {

int species_index(const ModelInfo& model, const std::string& field) {
  const int n = model.find_species(field);
  if (n < 0) throw InputError("model " + model.name + " has no field \"" + field + "\"");
  return n;
}

/// Value of an initial shape at a point [um].
double shape_value(const InitialConfig& shape, const std::array<double, 3>& x,
                   const std::array<double, 3>& size) {
  switch (shape.shape) {
    case Shape::gaussian: {
      double r2 = 0;
      for (int a = 0; a < 3; ++a) r2 += (x[a] - shape.center[a]) * (x[a] - shape.center[a]);
      return shape.value * std::exp(-r2 / (2 * shape.sigma * shape.sigma));
    }
    case Shape::box:
      for (int a = 0; a < 3; ++a)
        if (x[a] < shape.lower[a] || x[a] >= shape.upper[a]) return 0;
      return shape.value;
    case Shape::cosine: {
      double product = shape.value;
      for (int a = 0; a < 3; ++a) product *= std::cos(M_PI * shape.wavenumber[a] * x[a] / size[a]);
      return shape.offset + product;
    }
    case Shape::halfspace:
      return x[shape.axis] < shape.position ? shape.value : 0;
    default:
      return shape.value;
  }
}

bool source_covers(const SourceConfig& source, const std::array<double, 3>& x,
                   const std::array<double, 3>& h) {
  switch (source.shape) {
    case Shape::point:
      for (int a = 0; a < 3; ++a)
        if (std::floor(source.center[a] / h[a]) != std::floor(x[a] / h[a])) return false;
      return true;
    case Shape::cylinder: {
      double r2 = 0;
      for (int a = 0; a < 3; ++a)
        if (a != source.axis) r2 += (x[a] - source.center[a]) * (x[a] - source.center[a]);
      return r2 <= source.radius * source.radius && x[source.axis] >= source.lower[source.axis] &&
             x[source.axis] < source.upper[source.axis];
    }
    default:
      for (int a = 0; a < 3; ++a)
        if (x[a] < source.lower[a] || x[a] >= source.upper[a]) return false;
      return true;
  }
}

/// Calls f(species, k, j, i, position) for every owned cell.
template <class F>
void for_host_cells(const Grid& grid, const F& f) {
  for (int k = 0; k < grid.cells[2]; ++k)
    for (int j = 0; j < grid.cells[1]; ++j)
      for (int i = 0; i < grid.cells[0]; ++i)
        f(k, j, i, std::array<double, 3>{grid.centre(0, i), grid.centre(1, j), grid.centre(2, k)});
}

}  // namespace

Grid make_grid(const DomainConfig& domain, const Decomposition& parts) {
  return {domain.cells, domain.spacing, parts.first(parts.place), parts.cells(parts.place)};
}

template <class Exec>
Simulation<Exec>::Simulation(const Config& config, const Exec& exec, std::shared_ptr<Communicator> ranks)
    : ranks_(std::move(ranks)), config_(config), treatments_(config.treatments), changes_(config.changes) {
  const auto earlier = [](const auto& a, const auto& b) { return a.at < b.at; };
  std::stable_sort(treatments_.begin(), treatments_.end(), earlier);
  std::stable_sort(changes_.begin(), changes_.end(), earlier);
  Ranks sharing{ranks_, decompose(config.domain.cells, ranks_->size(), ranks_->rank()),
                device_messages_arrive(exec, *ranks_)};
  setup_ = PhysicsSetup{make_grid(config.domain, sharing.parts),
                           sharing,
                           config.domain.walls,
                           config.boundary_values,
                           config.model_parameters,
                           config.disabled_terms,
                           config.skin,
                           config.time.precision};
  integrator_ = make_integrator(make_physics(config.model, exec, setup_), config.time);
  clock_.end = config.time.end;
  fill_initial_state();
  fill_sources();
  integrator_->restart();
  conserved_ = integrator_->physics().conserved();
  take_balance();
  perform_due();
}

template <class Exec>
double Simulation<Exec>::parameter(const std::string& name) const {
  if (const auto set = config_.model_parameters.find(name); set != config_.model_parameters.end()) return set->second;
  const int index = model().find_parameter(name);
  KOLLAGEN_CHECK(index >= 0, "no parameter " + name);
  return model().parameters[std::size_t(index)].value;
}

template <class Exec>
void Simulation<Exec>::steer(const std::string& name, const double value) {
  change_parameter(name, value);
  steered_.push_back({clock_.time, clock_.step, name, value});
}

template <class Exec>
void Simulation<Exec>::change_parameter(const std::string& name, const double value) {
  std::map<std::string, double> parameters = config_.model_parameters;
  parameters[name] = value;
  use_parameters(parameters);
  integrator_->restart();
  take_balance();
}

template <class Exec>
void Simulation<Exec>::use_parameters(const std::map<std::string, double>& parameters) {
  PhysicsSetup setup = setup_;
  setup.parameters = parameters;
  integrator_->replace_physics(make_physics(config_.model, integrator_->physics().exec(), setup));
  setup_.parameters = parameters;
  config_.model_parameters = parameters;
  conserved_ = integrator_->physics().conserved();
}

template <class Exec>
void Simulation<Exec>::perform_due() {
  treat();
  for (; next_change_ < int(changes_.size()); ++next_change_) {
    const ChangeConfig& change = changes_[std::size_t(next_change_)];
    const bool due = change.step ? clock_.step >= *change.step : clock_.time >= change.at;
    const double late = clock_.time - change.at, allowed = 1e-9 * std::max(change.at, clock_.time);
    if (change.step && (late > allowed || (due && late < -allowed))) {
      std::ostringstream text;
      text.precision(12);
      text << "[[change]] of " << change.parameter << ": step " << *change.step << " should end at " << change.at
           << " h, step " << clock_.step << " ends at " << clock_.time
           << " h: this is not the study that was steered; take out `step` to change it by the time";
      throw InputError(text.str());
    }
    if (!due) return;
    change_parameter(change.parameter, change.value);
  }
}

template <class Exec>
void Simulation<Exec>::take_balance() {
  totals_.clear();
  for (const int n : conserved_) totals_.push_back(integrator_->physics().total(integrator_->state(), n));
}

template <class Exec>
void Simulation<Exec>::check_balance() const {
  const auto& physics = integrator_->physics();
  const auto& state = integrator_->state();
  for (std::size_t c = 0; c < conserved_.size(); ++c) {
    const int n = conserved_[c];
    const double total = physics.total(state, n);
    double allowed = 1e-6, size = std::abs(totals_[c]) + 1e-3 * physics.scale(n);
    if (state.single()[std::size_t(n)]) {
      // A step rounds a field about four times by half of float_epsilon, at worst all cells to the same side.
      allowed += 2 * float_epsilon * double(clock_.step);
      size += physics.magnitude(state, n);
    }
    if (std::abs(total - totals_[c]) <= allowed * size) continue;
    std::ostringstream text;
    text << "field " << model().species[n].name << " is conserved, but its sum over all cells moved from " << totals_[c]
         << " to " << total << " at time " << clock_.time << " h, step " << clock_.step << ", last dt " << clock_.dt
         << " h; allowed: a relative " << allowed;
    throw GuardError(text.str());
  }
}

template <class Exec>
void Simulation<Exec>::fill_initial_state() {
  auto& physics = integrator_->physics();
  const auto& state = integrator_->state();
  std::vector<double> values(std::size_t(grid().owned_count()));
  for (int n = 0; n < physics.count(); ++n) {
    std::vector<const InitialConfig*> shapes;
    for (const auto& initial : config_.initial)
      if (species_index(physics.info(), initial.field) == n) shapes.push_back(&initial);
    double* out = values.data();
    for_host_cells(grid(), [&](const int k, const int, const int, const std::array<double, 3>& x) {
      double value = shapes.empty() ? physics.baseline(n, grid().first[2] + k) : 0;
      for (const auto* shape : shapes) value += shape_value(*shape, x, config_.domain.size);
      *out++ = value;
    });
    copy_in(values.data(), state, n);
  }
}

template <class Exec>
void Simulation<Exec>::fill_sources() {
  if (config_.sources.empty()) return;
  auto& physics = integrator_->physics();
  Fields<Exec> forcing("sources", physics.count(), grid().cells);
  auto host = Kokkos::create_mirror_view(forcing.view());
  Kokkos::deep_copy(host, 0.0);
  for (const auto& source : config_.sources) {
    const int n = species_index(physics.info(), source.field);
    double covered = 0;
    for_host_cells(grid(), [&](const int k, const int j, const int i, const std::array<double, 3>& x) {
      if (!source_covers(source, x, grid().spacing)) return;
      host(n, k + ghost_layers, j + ghost_layers, i + ghost_layers) += source.value;
      covered = 1;
    });
    if (ranks_->max(covered) == 0)
      throw InputError("[[source]] of field " + source.field +
                       " covers no cell centre; make it larger than a cell or use shape = \"point\"");
  }
  Kokkos::deep_copy(forcing.view(), host);
  physics.set_forcing(forcing);
}

template <class Exec>
void Simulation<Exec>::treat() {
  auto& physics = integrator_->physics();
  bool changed = false;
  for (; next_treatment_ < int(treatments_.size()) && treatments_[next_treatment_].at <= clock_.time;
       ++next_treatment_) {
    const TreatmentConfig& treatment = treatments_[next_treatment_];
    const auto& info = physics.info();
    const auto needles = place_needles(treatment, config_.domain.size, config_.seed, next_treatment_);
    Injury injury;
    injury.matrix_loss = treatment.matrix_loss;
    injury.platelets = parameter("A0");
    injury.clot = parameter("B0");
    const PunctureSpecies species{
        .platelets = species_index(info, "platelets"),
        .provisional_matrix = species_index(info, "provisional_matrix"),
        .damage = species_index(info, "damage"),
        .fibroblasts = species_index(info, "fibroblasts"),
        .myofibroblasts = species_index(info, "myofibroblasts"),
        .collagen_i = species_index(info, "collagen_i"),
        .collagen_iii = species_index(info, "collagen_iii"),
        .elastin = species_index(info, "elastin"),
    };
    apply_treatment(physics.exec(), integrator_->state(), species, physics.grid(), physics.column(), needles,
                    injury, config_.domain.walls[0] == WallKind::periodic,
                    config_.domain.walls[2] == WallKind::periodic);
    needles_placed_ += long(needles.size());
    changed = true;
  }
  if (!changed) return;
  integrator_->restart();
  take_balance();
}

template <class Exec>
void Simulation<Exec>::step(const double limit) {
  constexpr double relative_rounding = 1e-12;  // an output a rounding before a treatment is at the treatment
  double target = std::min(limit, clock_.end);
  if (next_treatment_ < int(treatments_.size()) &&
      treatments_[next_treatment_].at <= target * (1 + relative_rounding))
    target = treatments_[next_treatment_].at;
  if (next_change_ < int(changes_.size()) && !changes_[next_change_].step &&
      changes_[next_change_].at <= target * (1 + relative_rounding))
    target = changes_[next_change_].at;
  const double room = target - clock_.time;
  KOLLAGEN_CHECK(room > 0, "step without room: the target is not after the present time");
  clock_.dt = integrator_->advance(clock_.time, room);
  clock_.time = clock_.dt >= room ? target : clock_.time + clock_.dt;
  ++clock_.step;
  check_balance();
  perform_due();
}

template <class Exec>
void Simulation<Exec>::copy_out(const State<Exec>& state, const int species, double* out) const {
  state.in_group(species, [&](const auto& fields, const int place) {
    using Kokkos::ALL;
    const auto one = Kokkos::subview(fields.view(), place, ALL(), ALL(), ALL());
    const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), one);
    for_host_cells(grid(), [&](const int k, const int j, const int i, const std::array<double, 3>&) {
      *out++ = host(k + ghost_layers, j + ghost_layers, i + ghost_layers);
    });
  });
}

template <class Exec>
void Simulation<Exec>::copy_in(const double* values, const State<Exec>& state, const int species) const {
  state.in_group(species, [&]<class T>(const Fields<Exec, T>& fields, const int place) {
    using Kokkos::ALL;
    const auto one = Kokkos::subview(fields.view(), place, ALL(), ALL(), ALL());
    const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), one);
    for_host_cells(grid(), [&](const int k, const int j, const int i, const std::array<double, 3>&) {
      host(k + ghost_layers, j + ghost_layers, i + ghost_layers) = stored<T>(*values++);
    });
    Kokkos::deep_copy(one, host);
  });
}

template <class Exec>
void Simulation<Exec>::copy(const int species, double* out) const {
  copy_out(integrator_->state(), species, out);
}

template <class Exec>
Measured Simulation<Exec>::measure(const std::vector<char>& mask, const std::optional<ReadOutLaw>& law) const {
  std::optional<SkinFields> skin;
  if (law)
    skin = SkinFields{*law, species_index(model(), "collagen_i"), species_index(model(), "collagen_iii"),
                      species_index(model(), "elastin")};
  return kollagen::measure(integrator_->physics().exec(), integrator_->state(), grid(), *ranks_, mask, skin, column());
}

template <class Exec>
Distribution Simulation<Exec>::distribution(const int species, const CellSelection& selection,
                                            const std::vector<double>& percentiles, const int bins) const {
  return integrator_->state().with(species, [&](const auto& u) {
    using T = std::remove_reference_t<decltype(*u.origin)>;
    return kollagen::distribution(integrator_->physics().exec(), Span3<const T>(u), grid(), *ranks_, selection,
                                  percentiles, bins);
  });
}

template <class Exec>
void Simulation<Exec>::assign(const int species, const double* values) {
  copy_in(values, integrator_->state(), species);
  integrator_->restart();
  take_balance();
}

template <class Exec>
void Simulation<Exec>::save(Record& record) const {
  record.set("simulation/time", clock_.time);
  record.set("simulation/dt", clock_.dt);
  record.set("simulation/step", double(clock_.step));
  record.set("simulation/treatments_done", next_treatment_);
  record.set("simulation/needles_placed", double(needles_placed_));
  record.set("simulation/changes_done", next_change_);
  auto& values = record.numbers["simulation/parameters"];
  for (const ParameterInfo& p : model().parameters) values.push_back(parameter(p.name));
  auto& steered = record.numbers["simulation/steered"];
  for (const ChangeConfig& change : steered_)
    steered.insert(steered.end(), {change.at, double(change.step.value()),
                                   double(model().find_parameter(change.parameter)), change.value});
  // Random numbers are counters: what they are drawn from is the seed and the number of the treatment.
  record.texts["simulation/seed"] = std::to_string(config_.seed);
  record.numbers["simulation/totals"] = totals_;
  integrator_->save(record);
}

template <class Exec>
std::vector<std::string> Simulation<Exec>::stored_fields() const {
  std::vector<std::string> names;
  for (const auto& [group, fields] : integrator_->stored())
    for (const auto& species : model().species) names.push_back(group + "/" + species.name);
  return names;
}

template <class Exec>
void Simulation<Exec>::copy_stored(const int index, double* out) const {
  const int count = int(model().species.size());
  copy_out(integrator_->stored().at(std::size_t(index / count)).second, index % count, out);
}

template <class Exec>
void Simulation<Exec>::restore(const Record& record, const std::function<void(const std::string&, double*)>& read) {
  if (record.text("simulation/seed") != std::to_string(config_.seed))
    throw IoError("checkpoint: it was written with seed " + record.text("simulation/seed") + ", the study has seed " +
                  std::to_string(config_.seed));
  const double done = record.number("simulation/treatments_done");
  if (!(done >= 0 && done <= double(treatments_.size())))
    throw IoError("checkpoint: \"simulation/treatments_done\" is " + std::to_string(done) +
                  ", the study has treatments 0 to " + std::to_string(treatments_.size()));
  const double changed = record.number("simulation/changes_done");
  if (!(changed >= 0 && changed <= double(changes_.size())))
    throw IoError("checkpoint: \"simulation/changes_done\" is " + std::to_string(changed) + ", the study has changes 0 to " +
                  std::to_string(changes_.size()));
  const auto& known = model().parameters;
  const std::vector<double>& values_now = record.list("simulation/parameters", known.size());
  const std::vector<double>& steered = record.list("simulation/steered");
  if (steered.size() % 4 != 0) throw IoError("checkpoint: \"simulation/steered\" is not a list of changes");
  steered_.clear();
  for (std::size_t n = 0; n < steered.size(); n += 4) {
    if (!(steered[n + 2] >= 0 && steered[n + 2] < double(known.size())))
      throw IoError("checkpoint: \"simulation/steered\" names a parameter that the model lacks");
    steered_.push_back({steered[n], long(steered[n + 1]), known[std::size_t(steered[n + 2])].name, steered[n + 3]});
  }
  std::map<std::string, double> parameters;
  for (std::size_t p = 0; p < known.size(); ++p) parameters[known[p].name] = values_now[p];
  const auto differs = [&](const auto& entry) { return parameter(entry.first) != entry.second; };
  if (std::any_of(parameters.begin(), parameters.end(), differs)) use_parameters(parameters);
  next_change_ = int(changed);
  clock_.time = record.number("simulation/time");
  clock_.dt = record.number("simulation/dt");
  clock_.step = long(record.number("simulation/step"));
  next_treatment_ = int(done);
  needles_placed_ = long(record.number("simulation/needles_placed"));
  totals_ = record.list("simulation/totals", conserved_.size());
  integrator_->restore(record);
  std::vector<double> values(std::size_t(grid().owned_count()));
  const auto names = stored_fields();
  const int count = int(model().species.size());
  for (int index = 0; index < int(names.size()); ++index) {
    read(names[std::size_t(index)], values.data());
    copy_in(values.data(), integrator_->stored().at(std::size_t(index / count)).second, index % count);
  }
  integrator_->restored();
}

#define KOLLAGEN_INSTANTIATE(Exec) template class Simulation<Exec>;
KOLLAGEN_FOR_EACH_BACKEND(KOLLAGEN_INSTANTIATE)

}  // namespace kollagen
