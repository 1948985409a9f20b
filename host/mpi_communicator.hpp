/// The ranks of a run over MPI. Included only by files that start MPI or hand its communicator to a library.
#pragma once

#include <mpi.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "kollagen/communicator.hpp"

namespace kollagen {

/// Ranks over a communicator of MPI, of which it makes a duplicate. Calls come from the thread that started
/// MPI. Every failure of MPI is an EnvironmentError.
class MpiCommunicator final : public Communicator {
 public:
  /// MPI counts in `int`: whatever is longer than `largest_piece` bytes goes in pieces of that length.
  /// Collective.
  explicit MpiCommunicator(MPI_Comm parent, std::size_t largest_piece = std::size_t(1) << 30);
  /// Frees the duplicate. Collective, and before MPI ends.
  ~MpiCommunicator() override;

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  bool claims_device_memory() const override;

  using Communicator::max;
  void max(double* values, int count) override;
  void sum(double* values, int count) override;
  void sum(std::uint64_t* values, int count) override;
  void broadcast(void* data, std::size_t bytes, int from) override;
  void all_gather(const void* mine, const std::vector<std::size_t>& counts, void* all) override;
  void barrier() override;

  void start(const std::vector<Message>& receives, const std::vector<Message>& sends) override;
  void finish() override;

  MPI_Comm handle() const { return handle_; }

 private:
  /// Throws EnvironmentError when `status` is an error of what was `tried`.
  void check(int status, const char* tried) const;
  template <class Post>
  void post(const std::vector<Message>& messages, const char* tried, const Post& post_piece);
  void broadcast_pieces(char* data, std::size_t bytes, int from);

  std::size_t largest_piece_;
  MPI_Comm handle_ = MPI_COMM_NULL;
  int rank_ = 0;
  int size_ = 1;
  std::vector<MPI_Request> requests_;  ///< receives first
  std::vector<int> expected_;          ///< bytes of each receive
};

/// The communicator of MPI behind `ranks`, for libraries that speak MPI (parallel HDF5). Only ranks over MPI
/// have one: throws std::logic_error for OneRank.
MPI_Comm mpi_handle(const Communicator& ranks);

/// MPI from start to end; one in the life of a process.
class MpiSession {
 public:
  /// Starts MPI. Throws EnvironmentError when it lacks what threads need.
  MpiSession();
  /// Ends MPI. Collective. No other owner of `ranks` may be left.
  ~MpiSession();
  MpiSession(const MpiSession&) = delete;
  MpiSession& operator=(const MpiSession&) = delete;

  std::shared_ptr<Communicator> ranks() const { return ranks_; }
  /// Waits until every rank has called this, at most for `patience`; says whether they all did. Once.
  bool all_arrive(std::chrono::duration<double> patience);
  /// Ends all ranks at once with this exit code, whatever they are doing.
  [[noreturn]] void abort(int exit_code);

 private:
  std::shared_ptr<MpiCommunicator> ranks_;
  MPI_Comm ending_ = MPI_COMM_NULL;  ///< of its own, so that its barrier meets no other operation
};

/// Name and version of the library and of the standard that it follows; MPI need not have been started.
std::string mpi_library();

}  // namespace kollagen
