#include "host/run.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <limits>
#include <optional>
#include <thread>
#include <utility>

#include "host/checkpoint/checkpoint.hpp"
#include "host/config/reader.hpp"
#include "host/config/validate.hpp"
#include "host/driver.hpp"
#include "host/insitu/factory.hpp"
#include "host/output/atomic_file.hpp"
#include "host/output/factory.hpp"
#include "host/output/report.hpp"
#include "host/output/schedule.hpp"
#include "host/progress.hpp"
#include "host/run_folder.hpp"
#include "host/sharing.hpp"
#include "host/simulation.hpp"
#include "host/stop.hpp"
#include "kernels/bandwidth.hpp"
#include "kollagen/check.hpp"
#include "kollagen/collective.hpp"
#include "kollagen/decomposition.hpp"
#include "kollagen/model/info.hpp"
#include "kollagen_version.hpp"

namespace kollagen {
namespace {

using Exec = Kokkos::DefaultExecutionSpace;
using Steady = std::chrono::steady_clock;
namespace fs = std::filesystem;

#ifdef KOLLAGEN_HAVE_HDF5
constexpr bool has_hdf5 = true;
#else
constexpr bool has_hdf5 = false;
#endif

#ifdef KOLLAGEN_PARALLEL_HDF5
constexpr bool has_parallel_hdf5 = true;
#else
constexpr bool has_parallel_hdf5 = false;
#endif

double seconds_since(const Steady::time_point start) {
  return std::chrono::duration<double>(Steady::now() - start).count();
}

double peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return double(usage.ru_maxrss) * 1024;
}

std::string size_text(const double bytes) {
  return bytes < 1e9 ? fmt::format("{:.3g} MB", bytes / 1e6) : fmt::format("{:.3g} GB", bytes / 1e9);
}

/// on_root for work with files: what the standard library cannot do with them is an IoError too. Collective.
void with_files_on_root(Communicator& ranks, const std::function<void()>& work) {
  on_root(ranks, [&] {
    try {
      work();
    } catch (const fs::filesystem_error& error) {
      throw IoError(error.what());
    }
  });
}

/// What a run has cost so far, over its sessions; goes into every checkpoint.
struct Costs {
  double sessions = 0;
  double wall = 0, setup = 0, steps = 0, outputs = 0, insitu = 0, checkpoints = 0;  ///< [s]
  double checkpoints_written = 0;
  double slowest_checkpoint = 0;  ///< [s]
  double bytes = 0;               ///< moved in memory
  double ranks = 0;               ///< of the last session

  template <class Visit>
  void visit(const Visit& visit) {
    visit("run/sessions", sessions);
    visit("run/wall_seconds", wall);
    visit("run/setup_seconds", setup);
    visit("run/step_seconds", steps);
    visit("run/output_seconds", outputs);
    visit("run/insitu_seconds", insitu);
    visit("run/checkpoint_seconds", checkpoints);
    visit("run/checkpoints_written", checkpoints_written);
    visit("run/slowest_checkpoint_seconds", slowest_checkpoint);
    visit("run/bytes_moved", bytes);
    visit("run/ranks", ranks);
  }
};

/// How this session begins.
enum class Beginning { first, over, resumed };

/// The folder of the run, on rank 0: lock, state, small files. The other ranks learn what they need from
/// `look`.
class RunFolder {
 public:
  RunFolder(fs::path path, const bool fresh) : path_(std::move(path)), fresh_(fresh) {}

  const fs::path& path() const { return path_; }

  /// Looks at the folder and locks it where it exists.
  FolderState look(const Config& config) {
    // With --fresh an earlier run goes, whatever its study; files of other origin in its folder stay.
    replace_ = fresh_ && fs::exists(path_ / "config.toml");
    if (!replace_ && inspect_run_folder(path_, config) == FolderState::finished) return FolderState::finished;
    if (!fs::is_directory(path_)) return FolderState::free;
    lock();
    state_ = replace_ ? FolderState::unfinished : inspect_run_folder(path_, config);  // as the lock found it
    return state_;
  }

  /// Creates and locks the folder where it was missing, and removes an earlier run that cannot be resumed.
  Beginning open(const Config& config) {
    if (!lock_) {
      std::error_code error;
      fs::create_directories(path_, error);
      if (error) throw IoError(path_.string() + ": cannot be created: " + error.message());
      lock();
      if (inspect_run_folder(path_, config) != FolderState::free)
        throw InputError(path_.string() + ": another run has just been started there");
    }
    remove_temporaries(path_);
    if (state_ == FolderState::free) return Beginning::first;
    if (!replace_ && !list_checkpoints(path_).empty()) return Beginning::resumed;
    clear_run_folder(path_);
    return replace_ ? Beginning::first : Beginning::over;
  }

  /// Whether a file that asked an earlier session to stop was removed.
  bool removed_stop_file() const { return removed_stop_file_; }

 private:
  /// What asks to stop from now on is for this session.
  void lock() {
    lock_.emplace(path_);
    std::error_code ignored;
    removed_stop_file_ = fs::remove(stop_file(path_), ignored);
  }

  fs::path path_;
  bool fresh_;
  bool removed_stop_file_ = false;
  bool replace_ = false;
  FolderState state_ = FolderState::free;
  std::optional<FolderLock> lock_;
};

/// One session of a run.
class Session {
 public:
  Session(const RunOptions& options, std::shared_ptr<Communicator> ranks)
      : options_(options),
        ranks_(std::move(ranks)),
        folder_(options.output.empty() ? fs::path("runs") / fs::path(options.config).stem()
                                       : fs::path(options.output),
                options.fresh) {}

  int run() {
    std::optional<double> walltime;
    const double here = double(ranks_here(*ranks_)) / ranks_->size();
    together(*ranks_, [&] {
      if (!options_.walltime.empty()) walltime = parse_walltime(options_.walltime);
      config_ = read_config(options_.config, overrides(), here);
      if (config_.insitu.wanted()) require_insitu(config_.insitu);
      if (keeps() && !has_hdf5)
        throw EnvironmentError(
            "checkpoints need HDF5, and this program was built without it (KOLLAGEN_HDF5=OFF): build "
            "with HDF5, or run without them: --set checkpoint.keep=0");
      if (keeps() && ranks_->size() > 1 && !has_parallel_hdf5)
        throw EnvironmentError(
            "checkpoints of several ranks need a parallel HDF5, and this program was built without one: "
            "build with libhdf5-openmpi-dev, run on one rank, or run without them: --set checkpoint.keep=0");
    });
    FolderState state{};
    with_files_on_root(*ranks_, [&] {
      state = folder_.look(config_);
      if (state != FolderState::finished) check_disk();
    });
    ranks_->broadcast(&state, sizeof state, 0);
    if (state == FolderState::finished) {
      if (ranks_->root())
        fmt::print("{}: already complete; --fresh runs it again\n", folder_.path().string());
      return int(ExitCode::done);
    }
    set_up();
    watch_.emplace(
        StopWatch::Setup{stop_file(folder_.path()), walltime, job_end(),
                         keeps() ? std::optional(config_.checkpoint.every_wall * 3600) : std::nullopt},
        start_);
    if (beginning_ == Beginning::resumed) watch_->checkpoint_took(before_.slowest_checkpoint);
    if (ranks_->root()) status_.emplace(*log_, folder_.path(), cells(), clock(), so_far());
    try {
      return loop();
    } catch (const std::exception& failure) {
      record_failure(failure);
      throw;
    }
  }

 private:
  const Clock& clock() const { return simulation_->clock(); }
  std::vector<std::string> overrides() const {
    std::vector<std::string> all = options_.overrides;
    if (!options_.insitu.empty()) all.push_back("insitu.script=" + options_.insitu);
    if (!options_.live.empty()) all.push_back("insitu.live=" + options_.live);
    if (!options_.live_wait.empty()) all.push_back("insitu.live_wait=" + options_.live_wait);
    return all;
  }
  bool keeps() const { return config_.checkpoint.keep > 0; }
  double cells() const {
    const auto& n = config_.domain.cells;
    return double(n[0]) * n[1] * n[2];
  }
  RunStatus so_far() const {
    RunStatus status;
    status.wall_seconds = before_.wall;
    status.sessions = int(before_.sessions) + 1;
    status.ranks = ranks_->size();
    return status;
  }

  /// Everything between the study and the first step.
  void set_up() {
    ranks_->barrier();                    // the bandwidth is that of all ranks at once
    bandwidth_ = copy_bandwidth(Exec());  // first: its arrays are gone when the fields are allocated
    ranks_->sum(&bandwidth_, 1);
    simulation_.emplace(config_, Exec(), ranks_);
    sinks_ = make_sinks(config_, simulation_->model(), simulation_->grid(), folder_.path(), *ranks_);
    with_files_on_root(*ranks_, [&] {
      beginning_ = folder_.open(config_);
      if (beginning_ != Beginning::resumed) write_config(folder_.path(), config_);
      log_ = open_log(folder_.path());
      if (folder_.removed_stop_file()) log_->warn("a file stop that no earlier session has seen was removed");
    });
    if (!ranks_->root()) log_ = silent_log();
    if (config_.insitu.wanted()) add_insitu();
    ranks_->broadcast(&beginning_, sizeof beginning_, 0);
    if (beginning_ == Beginning::over)
      log_->info("{}: the run there did not finish and left no checkpoint; starting from the beginning",
                 folder_.path().string());
    store_.emplace(folder_.path(), config_.resolved_toml, std::max(config_.checkpoint.keep, 1), *ranks_);
    banner();
    if (beginning_ == Beginning::resumed) resume();
    tell_parameters();
    first_step_ = clock().step;
    bytes_before_ = simulation_->integrator().statistics().bytes;
    setup_seconds_ = seconds_since(start_);
  }

  /// The output that shows the run; its faults are for the log, once each.
  void add_insitu() {
    const bool stops = config_.insitu.on_error == InsituPolicy::stop;
    auto sink = make_insitu_sink(
        config_, options_.config, simulation_->model(), folder_.path(), *ranks_,
        [this](const std::string& library) { log_->info("in situ with {}", library); },
        [this, stops](const std::string& reason) {
          if (stops)
            log_->error("in situ: {}", reason);
          else
            log_->warn("in situ: {}; the run goes on without it", reason);
        },
        [this](const std::string& text) { log_->warn("in situ: {}; the run goes on", text); });
    insitu_ = sink.get();
    sinks_.push_back(std::move(sink));
  }
  /// Tells in situ the values in force of what may be steered: the study or a checkpoint may have changed them.
  void tell_parameters() {
    if (!insitu_) return;
    for (const std::string& name : config_.insitu.steer) insitu_->set_value(name, simulation_->parameter(name));
  }

  /// Obeys script and viewer at the edge of a step: changes parameters, and says what the loop has to do. A paused run
  /// stays here until it is released or has to stop. Collective.
  Wish steered(std::string& reason) {
    if (!insitu_) return Wish::go_on;
    while (true) {
      const InsituSink::Request asked = insitu_->take_request();
      output_wanted_ = output_wanted_ || asked.output;
      stop_wanted_ = stop_wanted_ || asked.stop;
      bool changed = false;
      for (const InsituSink::Request::Value& change : asked.values) changed = steer(change) || changed;
      if (changed) return Wish::changed;
      if (std::exchange(output_wanted_, false)) {
        log_->info("steering: all outputs at step {}, {}", clock().step, time_text(clock().time, clock().end));
        return Wish::output;
      }
      if (std::exchange(stop_wanted_, false)) {
        reason = "steering";
        return Wish::stop;
      }
      if (asked.pause != std::exchange(paused_, asked.pause))
        log_->info("steering: {} at step {}, {}", asked.pause ? "paused" : "goes on", clock().step,
                   time_text(clock().time, clock().end));
      if (!asked.pause) return Wish::go_on;
      const StopDecision decision = watch_->at_edge(*ranks_);
      if (!decision.reason.empty()) {
        reason = decision.reason;
        return Wish::stop;
      }
      if (decision.checkpoint) write_checkpoint();
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      insitu_->show_again(*simulation_);
      if (insitu_stops()) {
        reason = "the failure in situ";
        return Wish::stop;
      }
    }
  }
  /// Changes a parameter as it was asked for. False: refused.
  bool steer(const InsituSink::Request::Value& asked) {
    const ModelInfo& model = simulation_->model();
    const std::string& unit = model.parameters[std::size_t(model.find_parameter(asked.parameter))].unit;
    const double before = simulation_->parameter(asked.parameter);
    try {
      simulation_->steer(asked.parameter, asked.value);
    } catch (const InputError& error) {
      log_->warn("steering: {} stays at {} {}: {}", asked.parameter, before, unit, error.what());
      insitu_->set_value(asked.parameter, before);
      return false;
    }
    log_->info("steering: {} from {} to {} {} at step {}, {}", asked.parameter, before, asked.value, unit,
               clock().step, time_text(clock().time, clock().end));
    with_files_on_root(*ranks_, [&] { write_steering(folder_.path(), simulation_->steered(), model); });
    return true;
  }

  /// Whether in situ has failed and the study wants the run to stop then. The same on every rank.
  bool insitu_stops() const {
    return insitu_ && config_.insitu.on_error == InsituPolicy::stop && !insitu_->failure().empty();
  }

  void banner() {
    const Grid& grid = simulation_->grid();
    auto& integrator = simulation_->integrator();
    log_->info("Kollagen {} ({}) | Kokkos {} {} x {} | {}", version::number, version::git_hash,
               version::kokkos, Exec::name(), Exec().concurrency(), version::compiler);
    log_->info("{} | model {}, {} fields | output {}", config_.title, config_.model,
               simulation_->model().species.size(), folder_.path().string());
    log_->info(
        "grid {} x {} x {} = {:.0f} cells of {:g} x {:g} x {:g} um | fields and solver {:.3g} MB, one state "
        "{:.3g} MB",
        grid.global_cells[0], grid.global_cells[1], grid.global_cells[2], cells(), grid.spacing[0],
        grid.spacing[1], grid.spacing[2], double(integrator.bytes()) / 1e6,
        double(integrator.state().bytes()) / 1e6);
    const char* const messages = detail::runs_on_host<Exec> ? "host memory"
                                 : integrator.physics().ranks().device_messages
                                     ? "device memory"
                                     : "pinned host memory, as MPI does not take device memory";
    log_->info("{}{}", sharing_text(config_.domain, ranks_->size()),
               ranks_->size() == 1 ? "" : fmt::format(" | messages go through {}", messages));
    const bool imex = config_.time.integrator == IntegratorKind::imex;
    log_->info("{} to {}{} | treatments: {}, needles at the start: {}", imex ? "imex" : "explicit",
               end_text(config_.time.end),
               imex ? fmt::format(", tolerance {:g}{}", config_.time.tolerance,
                                  config_.time.precision == StatePrecision::mixed ? ", mixed precision" : "")
                    : "",
               config_.treatments.size(),
               simulation_->needles_placed());
    for (const auto& line : plan_lines(config_)) log_->info(line);
    const double volume = output_volume(config_).total;
    if (ranks_->root() && volume > free_bytes())
      log_->warn("the outputs come to {} before compression, {} are free on the disk of {}",
                 size_text(volume), size_text(free_bytes()), folder_.path().string());
    const double limit = integrator.physics().explicit_step_limit(integrator.state());
    log_->info("explicit steps: {:.3g} s at most{}", 3600 * limit,
               imex ? fmt::format("; imex starts with {:.3g} s",
                                  3600 * config_.time.step.value_or(config_.time.first_step))
                    : "");
  }

  void resume() {
    try {
      const auto record = store_->resume(*simulation_, *simulation_, sinks_,
                                         [this](const std::string& text) { log_->warn(text); });
      if (!record) throw IoError(folder_.path().string() + ": the checkpoints have gone");
      before_.visit([&](const char* name, double& value) { value = record->number(name); });
      // The checkpoint knows nothing of sessions that came after it and left none.
      double sessions = 0;
      with_files_on_root(*ranks_, [&] { sessions = sessions_of(folder_.path()); });
      before_.sessions = std::max(before_.sessions, ranks_->max(sessions));
    } catch (const Error& error) {
      log_->error("cannot be resumed: {}", error.what());
      throw;
    }
    with_files_on_root(*ranks_, [&] {
      fs::remove(folder_.path() / "guard.txt");
      if (count_changes(folder_.path()) > simulation_->steered().size())
        log_->warn("steering: what was changed after this checkpoint is lost with the steps after it; steering.toml is "
                   "that of the checkpoint again");
      write_steering(folder_.path(), simulation_->steered(), simulation_->model());
      write_config(folder_.path(), config_);  // how many checkpoints are kept may have changed
    });
    log_->info("session {}: resumed from the checkpoint at step {}, {}; written by {} rank{}, read by {}",
               before_.sessions + 1, clock().step, time_text(clock().time, clock().end), before_.ranks,
               before_.ranks == 1 ? "" : "s", ranks_->size());
  }

  /// Bytes that are free on the disk of the folder, which need not exist yet; infinitely many where the file
  /// system does not tell: there the writes find out. Rank 0.
  double free_bytes() const {
    std::error_code error;
    fs::path there = fs::absolute(folder_.path(), error);
    while (!fs::exists(there, error) && there.has_relative_path()) there = there.parent_path();
    const fs::space_info disk = fs::space(there, error);
    return error || disk.capacity == 0 ? std::numeric_limits<double>::infinity() : double(disk.available);
  }

  /// Throws IoError when the checkpoints, or the outputs at one time, cannot fit. Rank 0.
  void check_disk() const {
    const double outputs = output_volume(config_).once;
    if (outputs > free_bytes())
      throw IoError(fmt::format(
          "{}: the outputs write up to {} at a time, {} are free; make room, choose another folder "
          "(-o), or write less",
          folder_.path().string(), size_text(outputs), size_text(free_bytes())));
    const int keep = config_.checkpoint.keep;
    if (keep == 0) return;
    Grid grid;
    grid.global_cells = config_.domain.cells;
    // The state, with imex its derivative, and a mask of the metrics.
    const int groups = config_.time.integrator == IntegratorKind::imex ? 2 : 1;
    const int fields = groups * int(model_info(config_.model).species.size()) + 1;
    const double each = CheckpointStore::bytes(grid, fields);
    const double needed = each * (keep + 1);  // a new one is complete before an old one goes
    double available = free_bytes();
    if (fs::exists(folder_.path()))
      for (const CheckpointEntry& entry : list_checkpoints(folder_.path())) available += entry.bytes;
    if (needed <= available) return;
    throw IoError(fmt::format(
        "{}: {} checkpoints of {} need {}, {} are free; make room, choose another folder (-o), or "
        "keep fewer (checkpoint.keep)",
        folder_.path().string(), keep + 1, size_text(each), size_text(needed), size_text(available)));
  }

  /// The end of the job around this run; looked up by rank 0.
  std::optional<std::chrono::system_clock::time_point> job_end() const {
    if (!ranks_->root()) return std::nullopt;
    const JobEnd end = slurm_job_end();
    if (!end.note.empty()) log_->info(end.note);
    return end.at;
  }

  void show(const std::string& state) {
    if (status_) status_->show(clock(), simulation_->integrator().statistics().rejected, state);
  }

  /// Costs up to now, this session included.
  Costs costs() const {
    const auto& grid = simulation_->grid();
    Costs all = before_;
    all.sessions += 1;
    all.wall += seconds_since(start_);
    all.setup += setup_seconds_;
    all.steps += session_.steps;
    all.checkpoints += session_.checkpoints;
    all.checkpoints_written += session_.checkpoints_written;
    all.slowest_checkpoint = std::max(all.slowest_checkpoint, session_.slowest_checkpoint);
    all.insitu += insitu_ ? insitu_->cost().seconds : 0;
    all.outputs += seconds_since(start_) - setup_seconds_ - session_.steps - session_.checkpoints -
                   (all.insitu - before_.insitu);
    // The traffic of this rank stands for that of all, cell by cell.
    all.bytes +=
        (simulation_->integrator().statistics().bytes - bytes_before_) * cells() / double(grid.owned_count());
    all.ranks = ranks_->size();
    return all;
  }

  void write_checkpoint() {
    const auto begin = Steady::now();
    Costs now = costs();
    ranks_->broadcast(&now, sizeof now, 0);  // the same on every rank, as a record has to be
    Record record;
    now.visit([&](const char* name, double& value) { record.set(name, value); });
    store_->write(*simulation_, *simulation_, sinks_, std::move(record));
    const double took = seconds_since(begin);
    session_.checkpoints += took;
    session_.checkpoints_written += 1;
    session_.slowest_checkpoint = std::max(session_.slowest_checkpoint, took);
    watch_->checkpoint_took(took);
  }

  int loop() {
    std::optional<Steady::time_point> step_end;  // until its outputs have been counted
    const Steppable steppable{[&](const double limit) {
                                const auto begin = Steady::now();
                                simulation_->step(limit);
                                tell_parameters();
                                const double took = seconds_since(begin);
                                session_.steps += took;
                                watch_->step_took(took);
                                step_end = Steady::now();
                              },
                              *simulation_};
    std::string reason = "--steps";
    Plan plan;
    plan.resumed = beginning_ == Beginning::resumed;
    plan.most_steps = options_.steps;
    if (keeps()) plan.checkpoint = [&] { write_checkpoint(); };
    if (config_.checkpoint.every)
      plan.next_checkpoint = [schedule = Schedule(0, *config_.checkpoint.every, clock().end)](
                                 const double time) { return schedule.next(time); };
    plan.at_edge = [&] {
      if (step_end) watch_->outputs_took(seconds_since(*step_end));
      step_end.reset();
      show("running");
      if (insitu_stops()) {
        reason = "the failure in situ";  // which the log has told
        return Wish::stop;
      }
      if (const Wish wish = steered(reason); wish != Wish::go_on) return wish;
      const StopDecision decision = watch_->at_edge(*ranks_);
      if (decision.reason.empty()) return decision.checkpoint ? Wish::checkpoint : Wish::go_on;
      reason = decision.reason;
      return Wish::stop;
    };
    const RunOutcome outcome = drive(steppable, sinks_, plan);
    const bool finished = outcome == RunOutcome::finished;
    const double memory = ranks_->max(peak_memory());
    with_files_on_root(*ranks_, [&] {
      show(finished ? "done" : "stopped");
      const RunReport report = make_report(finished ? "done" : "stopped by " + reason, memory);
      write_report(folder_.path(), report);
      conclude(report);
      if (finished) return;
      log_->info("stopped by {} {}", reason, next_session());
    });
    if (insitu_stops()) return int(ExitCode::environment);
    return int(finished ? ExitCode::done : ExitCode::resumable);
  }

  /// Where the same command goes on. Rank 0.
  std::string next_session() const {
    const std::string here =
        fmt::format("at step {}, {}", clock().step, time_text(clock().time, clock().end));
    if (keeps()) return fmt::format("with a checkpoint {}; the same command resumes", here);
    std::vector<CheckpointEntry> kept = list_checkpoints(folder_.path());  // of sessions that wrote some
    std::erase_if(kept, [](const CheckpointEntry& entry) { return !entry.fault.empty(); });
    if (kept.empty())
      return fmt::format(
          "{}; there is no checkpoint (checkpoint.keep = 0), the same command starts from the beginning",
          here);
    return fmt::format(
        "{}, without a checkpoint (checkpoint.keep = 0); the same command resumes from the one at step {}",
        here, kept.back().step);
  }

  RunReport make_report(const std::string& outcome, const double memory) const {
    const StepStatistics& s = simulation_->integrator().statistics();
    const Costs all = costs();
    RunReport report;
    report.title = config_.title;
    report.model = config_.model;
    report.precision = config_.time.precision == StatePrecision::mixed ? "mixed" : "double";
    report.backend = fmt::format("{} x {}", Exec::name(), Exec().concurrency());
    report.grid = simulation_->grid();
    report.state_bytes = long(simulation_->integrator().state().bytes());
    report.bandwidth = bandwidth_;
    report.outcome = outcome;
    report.clock = clock();
    report.rejected_steps = s.rejected;
    report.stage_passes = s.stage_passes;
    report.corrections = s.corrections;
    report.wall_seconds = all.wall;
    report.step_seconds = all.steps;
    report.cell_updates = cells() * double(clock().step);
    report.bytes_moved = all.bytes;
    report.peak_memory_bytes = long(memory);
    report.sessions = int(all.sessions);
    report.ranks = ranks_->size();
    report.process_grid = decompose(config_.domain.cells, ranks_->size(), 0).ranks;
    report.session_steps = clock().step - first_step_;
    report.communication = ranks_->count();
    report.steered = simulation_->steered();
    report.timers = {{"setup", all.setup, int(all.sessions)},
                     {"right-hand side", s.seconds_rates, s.steps},
                     {"signals", s.seconds_signals, s.stage_passes},
                     {"cells", s.seconds_cells, s.stage_passes},
                     {"local fields", s.seconds_local, s.stage_passes},
                     {"prediction, error and guards", s.seconds_control, s.steps},
                     {"outputs", all.outputs, int(all.sessions)},
                     {"checkpoints", all.checkpoints, int(all.checkpoints_written)}};
    if (all.insitu > 0) report.timers.push_back({"in situ", all.insitu, int(all.sessions)});
    if (insitu_) report.insitu = InsituReport{config_.insitu.script, insitu_->failure(), insitu_->cost().calls,
                                              insitu_->cost().seconds, insitu_->cost().start_seconds,
                                              insitu_->cost().pack_seconds, long(insitu_->cost().bytes)};
    return report;
  }

  void conclude(const RunReport& report) {
    const double step_seconds = std::max(report.step_seconds, 1e-9);
    log_->info(
        "{} | {} steps, {} rejected | {}{} | {:.3g} Mcell updates/s, {:.3g} GB/s ({:.0f} % of copy) | peak "
        "memory "
        "{:.3g} MB",
        report.outcome, report.clock.step, report.rejected_steps, duration_text(report.wall_seconds),
        report.sessions > 1 ? fmt::format(" in {} sessions", report.sessions) : "",
        report.cell_updates / step_seconds / 1e6, report.bytes_moved / step_seconds / 1e9,
        100 * report.bytes_moved / step_seconds / bandwidth_, double(report.peak_memory_bytes) / 1e6);
    for (const Timer& timer : report.timers)
      log_->info("  {:<30} {:8.2f} s  {:5.1f} %", timer.name, timer.seconds,
                 100 * timer.seconds / std::max(report.wall_seconds, 1e-9));
  }

  /// Leaves word of why the run ended. On this rank alone: others may be in no state to take part.
  void record_failure(const std::exception& failure) {
    if (!ranks_->root()) return;
    const auto* known = dynamic_cast<const Error*>(&failure);
    const bool guard = known && known->code() == ExitCode::numerical_guard;
    const std::string text = std::string(guard   ? "numerical guard: "
                                         : known ? ""
                                                 : "internal error: ") +
                             failure.what();
    log_->error(text);
    try {  // the disk may be full: the error itself goes on to the user
      // The evidence goes into a text file; no frame and no checkpoint of the bad state is written.
      if (guard)
        write_text_file(folder_.path() / "guard.txt",
                        fmt::format("{}\nlast accepted: time {:g} h, step {}, dt {:g} h\n", failure.what(),
                                    clock().time, clock().step, clock().dt));
      show("failed");
      write_report(folder_.path(), make_report(text, peak_memory()));
    } catch (const std::exception&) {
    }
  }

  const Steady::time_point start_ = Steady::now();
  const StopSignals signals_;
  const RunOptions& options_;
  std::shared_ptr<Communicator> ranks_;
  RunFolder folder_;
  Config config_;
  Beginning beginning_ = Beginning::first;
  std::shared_ptr<spdlog::logger> log_;
  std::optional<Simulation<Exec>> simulation_;
  std::vector<std::unique_ptr<Sink>> sinks_;
  InsituSink* insitu_ = nullptr;  ///< among the sinks; null: the study has none
  bool output_wanted_ = false, stop_wanted_ = false, paused_ = false;  ///< by script or viewer
  std::optional<CheckpointStore> store_;
  std::optional<StopWatch> watch_;
  std::optional<StatusLine> status_;  ///< rank 0 only
  double bandwidth_ = 0;              ///< [B/s] of all ranks together
  Costs before_, session_;
  double setup_seconds_ = 0, bytes_before_ = 0;
  long first_step_ = 0;
};

}  // namespace

int run_study(const RunOptions& options, const std::shared_ptr<Communicator>& ranks) {
  return Session(options, ranks).run();
}

}  // namespace kollagen
