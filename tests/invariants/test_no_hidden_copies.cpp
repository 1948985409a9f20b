/// A step leaves the fields where they are: no copies between spaces, no allocations, and no wait but those for numbers that
/// decide something. Counted through the hooks that Kokkos offers to profilers.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "support/backends.hpp"
#include "support/dermal_studies.hpp"

namespace kollagen {
namespace {

using namespace test;

/// What happened while this object lived, by label. One at a time: the hooks are plain functions.
class Events {
 public:
  Events() {
    namespace tools = Kokkos::Tools::Experimental;
    before_ = tools::get_callbacks();
    recording_ = this;
    tools::set_begin_deep_copy_callback([](Kokkos_Profiling_SpaceHandle to, const char* to_label, const void*,
                                           Kokkos_Profiling_SpaceHandle from, const char* from_label, const void*,
                                           std::uint64_t bytes) {
      ++recording_->copies[std::string(from.name) + " \"" + from_label + "\" to " + to.name + " \"" + to_label + "\", " +
                           std::to_string(bytes) + " B"];
    });
    tools::set_allocate_data_callback(
        [](Kokkos_Profiling_SpaceHandle space, const char* label, const void*, std::uint64_t) {
          ++recording_->allocations[std::string(space.name) + " \"" + label + "\""];
        });
    tools::set_begin_fence_callback([](const char* name, std::uint32_t, std::uint64_t*) {
      // Kokkos waits by itself before it calls a hook.
      if (std::string(name).find("Tool Fence") == std::string::npos) ++recording_->fences[name];
    });
    tools::set_begin_parallel_reduce_callback(
        [](const char* label, std::uint32_t, std::uint64_t*) { ++recording_->reductions[label]; });
  }
  ~Events() { Kokkos::Tools::Experimental::set_callbacks(before_); }
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  using Counts = std::map<std::string, long>;
  Counts copies, allocations, fences, reductions;

 private:
  static inline Events* recording_ = nullptr;
  Kokkos::Tools::Experimental::EventSet before_;
};

long total(const Events::Counts& counts) {
  long sum = 0;
  for (const auto& [label, count] : counts) sum += count;
  return sum;
}

std::string listed(const Events::Counts& counts) {
  std::string text;
  for (const auto& [label, count] : counts) text += std::to_string(count) + " x " + label + "\n";
  return text;
}

template <class Exec>
class NoHiddenCopies : public ::testing::Test {};
TYPED_TEST_SUITE(NoHiddenCopies, Backends);

/// Reductions that an implicit step waits for one by one: a residual decides whether and how a field is corrected, the
/// largest mobility how many levels the solver needs, a filtered error whether others have to be filtered.
constexpr const char* waited_for[] = {"kollagen/reactions/stage_residual", "kollagen/physics/largest_mobility",
                                      "kollagen/stages/error_size", "kollagen/physics/largest_value",
                                      "kollagen/physics/total", "kollagen/guards/state"};
/// Those whose results are taken together: the changes of a pass, the error estimates of all fields.
constexpr const char* taken_together[] = {"kollagen/stages/add_correction",
                                          "kollagen/reactions/update_local",
                                          "kollagen/stages/plain_error_size",
                                          "kollagen/stages/plain_error_size_active",
                                          "kollagen/stages/plain_error_size_slow",
                                          "kollagen/multigrid/add_divided",
                                          "kollagen/multigrid/smooth_and_add",
                                          "kollagen/multigrid/smooth_from_zero_and_add",
                                          "kollagen/multigrid/smooth_layers_and_add",
                                          "kollagen/multigrid/smooth_layers_from_zero_and_add",
                                          "kollagen/multigrid/sweep_cells_and_add",
                                          "kollagen/multigrid/sweep_cells_from_zero_and_add"};

template <class Exec>
void expect_nothing_hidden(const Config& config, const int steps) {
  Simulation<Exec> simulation(config);
  simulation.step(config.time.end);  // work space that is made when it is first needed
  const StepStatistics before = simulation.integrator().statistics();
  const long first = simulation.clock().step;
  const Events events;
  while (simulation.clock().step < first + steps) simulation.step(config.time.end);

  EXPECT_EQ(total(events.copies), 0) << listed(events.copies);
  EXPECT_EQ(total(events.allocations), 0) << listed(events.allocations);
  const StepStatistics after = simulation.integrator().statistics();
  const long tries = after.steps - before.steps + after.rejected - before.rejected;
  // Twice a try the fields that nothing else reads are solved, and hardly ever in more than one iteration.
  long waits = tries + after.stage_passes - before.stage_passes + 2 * tries;
  Events::Counts unknown = events.reductions;
  for (const char* const label : waited_for) {
    const auto found = events.reductions.find(label);
    if (found != events.reductions.end()) waits += found->second;
    unknown.erase(label);
  }
  for (const char* const label : taken_together) unknown.erase(label);
  EXPECT_TRUE(unknown.empty()) << "reductions that nobody has allowed:\n" << listed(unknown);
  EXPECT_LE(total(events.fences), waits) << listed(events.fences);
}

TYPED_TEST(NoHiddenCopies, ImplicitStepsOfWoundedSkin) {
  Config config = skin_block("face", {10, 9, 12}, {40, 45, 50});
  config.time.end = 24;
  TreatmentConfig needle;
  needle.length = 400;
  needle.radius = 100;
  config.treatments.push_back(needle);
  expect_nothing_hidden<TypeParam>(config, 12);
}

TYPED_TEST(NoHiddenCopies, ImplicitStepsOfAConservedField) {
  Config config = skin_block("reticular", {6, 5, 4}, {10, 12, 15});
  config.model = "linear";
  config.model_parameters = {{"D_u", 30}, {"D_v", 20}};
  config.time.end = 5;
  InitialConfig drop;
  drop.field = "u";
  drop.shape = Shape::gaussian;
  drop.center = {20, 30, 25};
  drop.sigma = 15;
  drop.value = 2;
  config.initial.push_back(drop);
  expect_nothing_hidden<TypeParam>(config, 5);
}

}  // namespace
}  // namespace kollagen
