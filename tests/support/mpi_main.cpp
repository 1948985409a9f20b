/// Runs all tests of one executable on every rank, between start and end of MPI and Kokkos. Rank 0 reports as
/// usual, other ranks print what failed there; the exit code is 0 when no test failed on any rank.
#include <gtest/gtest.h>
#include <unistd.h>

#include <Kokkos_Core.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "host/ranks.hpp"
#include "support/ranks.hpp"

namespace kollagen::test {
namespace {

std::shared_ptr<Communicator> all_ranks;

/// Prints failures, each with the rank that it belongs to.
class Failures final : public ::testing::EmptyTestEventListener {
 public:
  explicit Failures(const int rank) : rank_(rank) {}
  void OnTestStart(const ::testing::TestInfo& test) override {
    name_ = std::string(test.test_suite_name()) + "." + test.name();
  }
  void OnTestPartResult(const ::testing::TestPartResult& part) override {
    if (!part.failed()) return;
    std::fprintf(stderr, "rank %d, %s: %s:%d: Failure\n%s\n", rank_, name_.c_str(),
                 part.file_name() ? part.file_name() : "", part.line_number(), part.message());
  }

 private:
  int rank_;
  std::string name_ = "outside a test";
};

int run(const std::shared_ptr<Communicator>& ranks) {
  all_ranks = ranks;
  // A rank that waits for one that has failed must not outlive the test: ctest ends the launcher only.
  if (const char* seconds = std::getenv("KOLLAGEN_TEST_SECONDS")) ::alarm(unsigned(std::atoi(seconds)));
  if (!ranks->root()) {
    auto& listeners = ::testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
    listeners.Append(new Failures(ranks->rank()));  // owned by the list
  }
  const double failed = ranks->max(double(RUN_ALL_TESTS() != 0));
  all_ranks.reset();
  return failed != 0;
}

}  // namespace

std::shared_ptr<Communicator> ranks() { return all_ranks; }

}  // namespace kollagen::test

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  return kollagen::run_on_ranks([&](const std::shared_ptr<kollagen::Communicator>& ranks) {
    const Kokkos::ScopeGuard kokkos(argc, argv);
    return kollagen::test::run(ranks);
  });
}
