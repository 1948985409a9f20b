/// Times implicit steps of the dermal model on the ranks it is started with and counts what the ranks tell
/// each other. Prints one JSON object; run_scaling.py makes tables of several.
///
///   scaling_step X Y Z TILES_X TILES_Y HOURS SKIP STEPS
///
/// X x Y x Z cells of 10 um of face skin with one needle in the middle of each of TILES_X x TILES_Y equal
/// tiles. Steps take HOURS, or what the controller chooses where that is 0; the first SKIP steps after the
/// needling are not timed, the next STEPS are. Lateral walls are periodic, so each tile does the same as a
/// domain of one tile: weak scaling compares equal work.
#include <Kokkos_Core.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "host/ranks.hpp"
#include "host/simulation.hpp"
#include "kollagen/check.hpp"
#include "kollagen_version.hpp"

namespace kollagen {
namespace {

using Exec = Kokkos::DefaultExecutionSpace;

constexpr double spacing = 10;  ///< [um]

/// What one rank did, per kind of call; the seconds include waiting for the others.
struct Account {
  double exchanges = 0, messages = 0, message_bytes = 0, reductions = 0, gathers = 0, gathered_bytes = 0;
  double start_seconds = 0, finish_seconds = 0, reduction_seconds = 0, gather_seconds = 0, pack_seconds = 0;
  std::map<std::string, long> kernels;      ///< launches by label
  std::map<long, long> exchanges_by_bytes;  ///< how often so many bytes were sent in one exchange
};
Account account;

/// Passes everything on and keeps the account.
class Accountant final : public Communicator {
 public:
  explicit Accountant(std::shared_ptr<Communicator> ranks) : ranks_(std::move(ranks)) {}
  int rank() const override { return ranks_->rank(); }
  int size() const override { return ranks_->size(); }
  bool claims_device_memory() const override { return ranks_->claims_device_memory(); }
  using Communicator::max;
  void max(double* values, const int count) override {
    reduce([&] { ranks_->max(values, count); });
  }
  void sum(double* values, const int count) override {
    reduce([&] { ranks_->sum(values, count); });
  }
  void sum(std::uint64_t* values, const int count) override {
    reduce([&] { ranks_->sum(values, count); });
  }
  void broadcast(void* data, const std::size_t bytes, const int from) override {
    ranks_->broadcast(data, bytes, from);
  }
  void all_gather(const void* mine, const std::vector<std::size_t>& counts, void* all) override {
    const Kokkos::Timer timer;
    ranks_->all_gather(mine, counts, all);
    account.gather_seconds += timer.seconds();
    ++account.gathers;
    for (const std::size_t bytes : counts) account.gathered_bytes += double(bytes);
  }
  void barrier() override { ranks_->barrier(); }
  void start(const std::vector<Message>& receives, const std::vector<Message>& sends) override {
    const Kokkos::Timer timer;
    ranks_->start(receives, sends);
    account.start_seconds += timer.seconds();
    long bytes = 0;
    for (const Message& message : sends) bytes += long(message.bytes);
    ++account.exchanges;
    account.messages += double(sends.size());
    account.message_bytes += double(bytes);
    ++account.exchanges_by_bytes[bytes];
  }
  void finish() override {
    const Kokkos::Timer timer;
    ranks_->finish();
    account.finish_seconds += timer.seconds();
  }

 private:
  template <class Work>
  void reduce(const Work& work) {
    const Kokkos::Timer timer;
    work();
    account.reduction_seconds += timer.seconds();
    ++account.reductions;
  }
  std::shared_ptr<Communicator> ranks_;
};

/// Kernels that pack and unpack messages are part of what messages cost. On a device the time is that of the
/// launch.
double pack_start = -1;
Kokkos::Timer* clock_of_kernels = nullptr;
void begin_kernel(const char* name, std::uint32_t, std::uint64_t*) {
  ++account.kernels[name];
  if (std::strncmp(name, "kollagen/halo/", 14) != 0) return;
  pack_start = clock_of_kernels->seconds();
}
void end_kernel(std::uint64_t) {
  if (pack_start >= 0) account.pack_seconds += clock_of_kernels->seconds() - pack_start;
  pack_start = -1;
}
void begin_reduction(const char* name, std::uint32_t, std::uint64_t*) { ++account.kernels[name]; }

Config study(const std::array<int, 3>& cells, const int tiles_x, const int tiles_y, const double hours) {
  Config config;
  config.domain.cells = cells;
  config.domain.spacing = {spacing, spacing, spacing};
  for (int a = 0; a < 3; ++a) config.domain.size[a] = spacing * cells[a];
  config.time.end = 24 * 28;
  if (hours > 0) config.time.step = hours;
  config.skin.preset = "face";
  const double width = config.domain.size[0] / tiles_x, length = config.domain.size[1] / tiles_y;
  for (int y = 0; y < tiles_y; ++y)
    for (int x = 0; x < tiles_x; ++x) {
      TreatmentConfig needle;
      needle.length = 0.5 * config.domain.size[2];
      needle.center = std::array<double, 2>{(x + 0.5) * width, (y + 0.5) * length};
      needle.placement = Placement::fixed;
      config.treatments.push_back(needle);
    }
  return config;
}

std::string list(const std::vector<double>& values) {
  std::string text = "[";
  char number[40];
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::snprintf(number, sizeof number, "%s%.9g", i ? ", " : "", values[i]);
    text += number;
  }
  return text + "]";
}
template <class Values>
std::string list(const Values& values) {
  return list(std::vector<double>(values.begin(), values.end()));
}

int measure(const std::vector<double>& arguments, const std::shared_ptr<Communicator>& all) {
  const std::array<int, 3> cells{int(arguments[0]), int(arguments[1]), int(arguments[2])};
  const int skip = int(arguments[6]);
  const auto ranks = std::make_shared<Accountant>(all);
  Simulation<Exec> simulation(study(cells, int(arguments[3]), int(arguments[4]), arguments[5]), Exec(),
                              ranks);
  for (int step = 0; step < skip; ++step) simulation.step(simulation.clock().end);
  const StepStatistics before = simulation.integrator().statistics();

  Kokkos::Timer kernel_clock;
  clock_of_kernels = &kernel_clock;
  using namespace Kokkos::Tools::Experimental;
  set_begin_parallel_for_callback(begin_kernel);
  set_end_parallel_for_callback(end_kernel);
  set_begin_parallel_reduce_callback(begin_reduction);
  account = Account();
  std::vector<double> seconds, dt;
  while (seconds.size() < std::size_t(arguments[7]) && !simulation.finished()) {
    all->barrier();
    const Kokkos::Timer timer;
    simulation.step(simulation.clock().end);
    Exec().fence();
    seconds.push_back(timer.seconds());
    dt.push_back(simulation.clock().dt);
  }
  set_begin_parallel_for_callback(nullptr);
  set_end_parallel_for_callback(nullptr);
  set_begin_parallel_reduce_callback(nullptr);
  const StepStatistics& after = simulation.integrator().statistics();
  const int steps = int(seconds.size());

  std::vector<double> own, counts = {account.exchanges,  account.messages, account.message_bytes,
                                     account.reductions, account.gathers,  account.gathered_bytes};
  for (const double s : {account.pack_seconds, account.start_seconds, account.finish_seconds,
                         account.reduction_seconds, account.gather_seconds})
    own.push_back(s / steps);
  double total = 0;
  for (const double s : own) total += s;
  const double waited_least = -all->max(-total);  // what is left of the cost when nobody waits
  std::vector<double> mean = own;
  all->sum(mean.data(), int(mean.size()));
  for (double& s : mean) s /= all->size();
  all->max(seconds.data(), steps);
  all->max(counts.data(), int(counts.size()));
  for (double& c : counts) c /= steps;
  if (!all->root()) return 0;

  const char* count_names[] = {"exchanges",  "messages", "message_bytes",
                               "reductions", "gathers",  "gathered_bytes"};
  const char* second_names[] = {"pack", "start", "finish", "reductions", "gathers"};
  std::printf("{\"ranks\": %d, \"cells\": %s, \"parts\": %s, \"backend\": \"%s\", \"commit\": \"%s\",\n",
              all->size(), list(cells).c_str(), list(decompose(cells, all->size(), 0).ranks).c_str(),
              Exec::name(), version::git_hash);
  std::printf(" \"mpi\": \"%s\", \"step_seconds\": %s, \"dt\": %s,\n", ranks_library().c_str(),
              list(seconds).c_str(), list(dt).c_str());
  std::printf(" \"corrections\": %.6g, \"passes\": %.6g, \"rejected\": %ld, \"bytes_per_cell\": %.6g,\n",
              double(after.corrections - before.corrections) / steps,
              double(after.stage_passes - before.stage_passes) / steps, after.rejected - before.rejected,
              (after.bytes - before.bytes) / steps / double(simulation.grid().owned_count()));
  std::printf(" \"per_step\": {");
  for (std::size_t i = 0; i < counts.size(); ++i)
    std::printf("%s\"%s\": %.9g", i ? ", " : "", count_names[i], counts[i]);
  std::printf("},\n \"seconds\": {");
  for (std::size_t i = 0; i < mean.size(); ++i)
    std::printf("%s\"%s\": %.6g", i ? ", " : "", second_names[i], mean[i]);
  std::printf("}, \"seconds_of_rank_that_waited_least\": %.6g", waited_least);
  std::printf(",\n \"exchanges_by_bytes\": {");
  const char* separator = "";
  for (const auto& [bytes, times] : account.exchanges_by_bytes) {
    std::printf("%s\"%ld\": %.6g", separator, bytes, double(times) / steps);
    separator = ", ";
  }
  std::printf("},\n \"kernels\": {");
  separator = "";
  for (const auto& [label, times] : account.kernels) {
    std::printf("%s\"%s\": %.6g", separator, label.c_str(), double(times) / steps);
    separator = ", ";
  }
  std::printf("}}\n");
  return 0;
}

}  // namespace
}  // namespace kollagen

int main(int argc, char** argv) {
  std::vector<double> arguments;
  for (int i = 1; i < argc; ++i) arguments.push_back(std::atof(argv[i]));
  const bool complete = arguments.size() == 8;
  if (!complete || *std::min_element(arguments.begin(), arguments.begin() + 5) < 1 || arguments[5] < 0 ||
      arguments[6] < 0 || arguments[7] < 1) {
    std::fprintf(stderr, "usage: scaling_step X Y Z TILES_X TILES_Y HOURS SKIP STEPS\n");
    return int(kollagen::ExitCode::bad_input);
  }
  return kollagen::run_on_ranks([&](const std::shared_ptr<kollagen::Communicator>& ranks) {
    const Kokkos::ScopeGuard kokkos(argc, argv);
    return kollagen::measure(arguments, ranks);
  });
}
