/// The processes ("ranks") that share one run, as everything but their implementation sees them. No MPI here:
/// host/mpi_communicator is the one over MPI, OneRank the one without.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <vector>

namespace kollagen {

/// One piece of a non-blocking exchange: `bytes` at `data` to or from rank `partner`. Pieces between the same two
/// ranks are told apart by `tag` >= 0.
struct Message {
  int partner = 0;
  int tag = 0;
  void* data = nullptr;
  std::size_t bytes = 0;
};

/// What a rank has sent and waited for so far; the report and the scaling benchmark read it.
struct CommunicationCount {
  long messages = 0;       ///< sent by start()
  long message_bytes = 0;  ///< in them
  long reductions = 0;     ///< calls of max() and sum()
  long gathers = 0;        ///< calls of all_gather()
  long gathered_bytes = 0;  ///< received by them
  double seconds = 0;      ///< spent in calls of the communicator
};

/// A group of ranks 0 .. size()-1. All functions but the first three are collective or matched in pairs: every rank
/// has to call them in the same order. Implementations throw EnvironmentError when the group has broken.
class Communicator {
 public:
  virtual ~Communicator() = default;
  Communicator() = default;
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;

  virtual int rank() const = 0;
  virtual int size() const = 0;
  /// Whether messages may lie in the memory of a GPU, as far as the implementation says of itself (to be proved by a
  /// trial message before it is relied on).
  virtual bool claims_device_memory() const = 0;

  bool root() const { return rank() == 0; }

  /// Largest value over the ranks, place by place, into `values` of every rank. Order-free. Not-a-number counts as
  /// +infinity, so that it cannot get lost.
  virtual void max(double* values, int count) = 0;
  /// Sum over the ranks, place by place. The order is not fixed: pass numbers whose sums are exact
  /// (kollagen/exact_sum.hpp, counts), so that the result is the same for any order.
  virtual void sum(double* values, int count) = 0;
  virtual void sum(std::uint64_t* values, int count) = 0;
  /// `bytes` at `data` of rank `from` to all.
  virtual void broadcast(void* data, std::size_t bytes, int from) = 0;
  /// The `counts[r]` bytes of every rank r, one after the other, into `all` of every rank; `counts` is the same
  /// everywhere, `mine` holds counts[rank()] bytes. Host memory.
  virtual void all_gather(const void* mine, const std::vector<std::size_t>& counts, void* all) = 0;
  virtual void barrier() = 0;

  /// Posts receives and sends; `data` must stay as it is until `finish`. One exchange at a time may be under way.
  virtual void start(const std::vector<Message>& receives, const std::vector<Message>& sends) = 0;
  /// Waits for the exchange under way.
  virtual void finish() = 0;

  double max(double value) {
    max(&value, 1);
    return value;
  }
  const CommunicationCount& count() const { return count_; }

 protected:
  CommunicationCount count_;
};

/// A group of one: the program without MPI, and tests.
class OneRank final : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  bool claims_device_memory() const override { return true; }
  void max(double* values, const int count) override {
    for (int i = 0; i < count; ++i)
      if (values[i] != values[i]) values[i] = __builtin_huge_val();
  }
  using Communicator::max;
  void sum(double*, int) override {}
  void sum(std::uint64_t*, int) override {}
  void broadcast(void*, std::size_t, int) override {}
  void all_gather(const void* mine, const std::vector<std::size_t>& counts, void* all) override {
    if (counts.at(0) > 0 && mine != all) __builtin_memmove(all, mine, counts[0]);
  }
  void barrier() override {}
  void start(const std::vector<Message>& receives, const std::vector<Message>& sends) override {
    if (!receives.empty() || !sends.empty()) throw std::logic_error("a single rank has no partner for a message");
  }
  void finish() override {}
};

}  // namespace kollagen
