#include "host/mpi_communicator.hpp"

#if defined(OPEN_MPI) && OPEN_MPI
#include <mpi-ext.h>
#endif

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <numeric>
#include <thread>

#include "kollagen/check.hpp"

namespace kollagen {
namespace {

using Timer = std::chrono::steady_clock;

/// Adds the time of its own life to `seconds`.
class Stopwatch {
 public:
  explicit Stopwatch(double& seconds) : seconds_(seconds) {}
  ~Stopwatch() { seconds_ += std::chrono::duration<double>(Timer::now() - begin_).count(); }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  double& seconds_;
  Timer::time_point begin_ = Timer::now();
};

std::string error_text(const int status) {
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  if (MPI_Error_string(status, text, &length) != MPI_SUCCESS) return "error " + std::to_string(status);
  return {text, std::size_t(length)};
}

[[maybe_unused]] bool is_one(const char* variable) {
  const char* value = std::getenv(variable);
  return value && std::strcmp(value, "1") == 0;
}

/// What MPI says of itself: Open MPI in a function, others in the variable that switches GPU buffers on.
bool library_claims_device_memory() {
#if defined(OPEN_MPI) && OPEN_MPI
  bool claims = false;
#if defined(MPIX_CUDA_AWARE_SUPPORT)
  claims = claims || MPIX_Query_cuda_support() == 1;
#endif
#if defined(OMPI_HAVE_MPI_EXT_ROCM) && OMPI_HAVE_MPI_EXT_ROCM
  claims = claims || MPIX_Query_rocm_support() == 1;
#endif
  return claims;
#else
  return is_one("MPICH_GPU_SUPPORT_ENABLED") || is_one("MPIR_CVAR_ENABLE_GPU") || is_one("MV2_USE_CUDA");
#endif
}

}  // namespace

MpiCommunicator::MpiCommunicator(MPI_Comm parent, const std::size_t largest_piece)
    : largest_piece_(largest_piece) {
  KOLLAGEN_CHECK(largest_piece >= 1 && largest_piece <= std::size_t(std::numeric_limits<int>::max()),
                 "a piece has " + std::to_string(largest_piece) + " bytes");
  check(MPI_Comm_dup(parent, &handle_), "making a communicator");
  check(MPI_Comm_set_errhandler(handle_, MPI_ERRORS_RETURN), "setting the error handler");
  check(MPI_Comm_rank(handle_, &rank_), "asking for the rank");
  check(MPI_Comm_size(handle_, &size_), "asking for the number of ranks");
}

MpiCommunicator::~MpiCommunicator() {
  // Left over by an error between start() and finish().
  for (std::size_t r = 0; r < requests_.size(); ++r) {
    if (requests_[r] == MPI_REQUEST_NULL) continue;
    if (r < expected_.size()) MPI_Cancel(&requests_[r]);
    MPI_Request_free(&requests_[r]);
  }
  MPI_Comm_free(&handle_);
}

void MpiCommunicator::check(const int status, const char* tried) const {
  if (status == MPI_SUCCESS) return;
  throw EnvironmentError("MPI failed in " + std::string(tried) + " on rank " + std::to_string(rank_) +
                         " of " + std::to_string(size_) + ": " + error_text(status));
}

bool MpiCommunicator::claims_device_memory() const { return library_claims_device_memory(); }

void MpiCommunicator::max(double* values, const int count) {
  const Stopwatch watch(count_.seconds);
  ++count_.reductions;
  for (int i = 0; i < count; ++i) {
    // The standard leaves open what a maximum makes of not-a-number. Adding zero makes -0 a 0: which of the
    // two came out would depend on the order.
    values[i] = std::isnan(values[i]) ? std::numeric_limits<double>::infinity() : values[i] + 0.0;
  }
  check(MPI_Allreduce(MPI_IN_PLACE, values, count, MPI_DOUBLE, MPI_MAX, handle_), "a maximum");
}

void MpiCommunicator::sum(double* values, const int count) {
  const Stopwatch watch(count_.seconds);
  ++count_.reductions;
  check(MPI_Allreduce(MPI_IN_PLACE, values, count, MPI_DOUBLE, MPI_SUM, handle_), "a sum");
}

void MpiCommunicator::sum(std::uint64_t* values, const int count) {
  const Stopwatch watch(count_.seconds);
  ++count_.reductions;
  check(MPI_Allreduce(MPI_IN_PLACE, values, count, MPI_UINT64_T, MPI_SUM, handle_), "a sum of counts");
}

void MpiCommunicator::broadcast_pieces(char* data, const std::size_t bytes, const int from) {
  for (std::size_t done = 0; done < bytes; done += largest_piece_)
    check(MPI_Bcast(data + done, int(std::min(bytes - done, largest_piece_)), MPI_BYTE, from, handle_),
          "a broadcast");
}

void MpiCommunicator::broadcast(void* data, const std::size_t bytes, const int from) {
  const Stopwatch watch(count_.seconds);
  broadcast_pieces(static_cast<char*>(data), bytes, from);
}

void MpiCommunicator::all_gather(const void* mine, const std::vector<std::size_t>& counts, void* all) {
  KOLLAGEN_CHECK(int(counts.size()) == size_,
                 std::to_string(counts.size()) + " counts for " + std::to_string(size_) + " ranks");
  const Stopwatch watch(count_.seconds);
  ++count_.gathers;
  const std::size_t total = std::accumulate(counts.begin(), counts.end(), std::size_t(0));
  count_.gathered_bytes += long(total - counts[rank_]);
  const std::size_t before = std::accumulate(counts.begin(), counts.begin() + rank_, std::size_t(0));
  char* const target = static_cast<char*>(all);
  if (counts[rank_] > 0) std::memmove(target + before, mine, counts[rank_]);
  if (total > largest_piece_) {  // places inside `all` are counted in int, too
    std::size_t first = 0;
    for (int r = 0; r < size_; ++r) {
      broadcast_pieces(target + first, counts[r], r);
      first += counts[r];
    }
    return;
  }
  std::vector<int> bytes(counts.begin(), counts.end()), first(size_, 0);
  std::partial_sum(bytes.begin(), bytes.end() - 1, first.begin() + 1);
  check(
      MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, all, bytes.data(), first.data(), MPI_BYTE, handle_),
      "a gather");
}

void MpiCommunicator::barrier() {
  const Stopwatch watch(count_.seconds);
  check(MPI_Barrier(handle_), "a barrier");
}

template <class Post>
void MpiCommunicator::post(const std::vector<Message>& messages, const char* tried, const Post& post_piece) {
  for (const Message& message : messages)
    for (std::size_t done = 0; done < message.bytes; done += largest_piece_) {
      const int bytes = int(std::min(message.bytes - done, largest_piece_));
      requests_.push_back(MPI_REQUEST_NULL);
      check(post_piece(static_cast<char*>(message.data) + done, bytes, message, &requests_.back()), tried);
    }
}

void MpiCommunicator::start(const std::vector<Message>& receives, const std::vector<Message>& sends) {
  KOLLAGEN_CHECK(requests_.empty(), "another exchange is under way");
  const Stopwatch watch(count_.seconds);
  // Pieces of one message have one tag; MPI keeps their order.
  post(receives, "a receive", [&](void* data, const int bytes, const Message& message, MPI_Request* request) {
    expected_.push_back(bytes);
    return MPI_Irecv(data, bytes, MPI_BYTE, message.partner, message.tag, handle_, request);
  });
  post(sends, "a send", [&](void* data, const int bytes, const Message& message, MPI_Request* request) {
    ++count_.messages;
    count_.message_bytes += bytes;
    return MPI_Isend(data, bytes, MPI_BYTE, message.partner, message.tag, handle_, request);
  });
}

void MpiCommunicator::finish() {
  const Stopwatch watch(count_.seconds);
  std::vector<MPI_Status> statuses(requests_.size());
  int status = MPI_Waitall(int(requests_.size()), requests_.data(), statuses.data());
  if (status == MPI_ERR_IN_STATUS)
    for (const MPI_Status& one : statuses)
      if (one.MPI_ERROR != MPI_SUCCESS && one.MPI_ERROR != MPI_ERR_PENDING) status = one.MPI_ERROR;
  check(status, "an exchange");
  for (std::size_t r = 0; r < expected_.size(); ++r) {
    int received = 0;
    check(MPI_Get_count(&statuses[r], MPI_BYTE, &received), "measuring a message");
    KOLLAGEN_CHECK(received == expected_[r], "rank " + std::to_string(rank_) + " expected " +
                                                 std::to_string(expected_[r]) + " bytes and got " +
                                                 std::to_string(received));
  }
  requests_.clear();
  expected_.clear();
}

MPI_Comm mpi_handle(const Communicator& ranks) {
  const auto* over_mpi = dynamic_cast<const MpiCommunicator*>(&ranks);
  KOLLAGEN_CHECK(over_mpi, "these ranks are not over MPI");
  return over_mpi->handle();
}

MpiSession::MpiSession() {
  // Open MPI 4.1 sets up file pointers in shared memory for every file that ranks open together, although nobody uses
  // them here, and its ranks sometimes wait for each other for ever in doing so.
  ::setenv("OMPI_MCA_sharedfp", "individual", /*overwrite=*/0);
  int provided = MPI_THREAD_SINGLE;
  if (MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS)
    throw EnvironmentError("MPI does not start");
  if (provided < MPI_THREAD_FUNNELED) {
    MPI_Finalize();
    throw EnvironmentError("this MPI was built without threads (it offers less than MPI_THREAD_FUNNELED): " +
                           mpi_library());
  }
  MPI_Comm_dup(MPI_COMM_WORLD, &ending_);
  ranks_ = std::make_shared<MpiCommunicator>(MPI_COMM_WORLD);
}

MpiSession::~MpiSession() {
  ranks_.reset();
  MPI_Comm_free(&ending_);
  MPI_Finalize();
}

bool MpiSession::all_arrive(const std::chrono::duration<double> patience) {
  MPI_Request request = MPI_REQUEST_NULL;
  MPI_Ibarrier(ending_, &request);
  const auto begin = Timer::now();
  for (;;) {
    int done = 0;
    MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    if (done) return true;
    if (Timer::now() - begin > patience) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

void MpiSession::abort(const int exit_code) {
  MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::abort();  // MPI_Abort may return, says the standard
}

std::string mpi_library() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0, version = 0, subversion = 0;
  MPI_Get_library_version(text, &length);
  MPI_Get_version(&version, &subversion);
  // "Open MPI v4.1.4, package: ..."; "MPICH Version:      4.1<newline>MPICH Release date: ..."
  std::string name(text, std::strcspn(text, ",\n"));
  const auto twice = [](const char a, const char b) { return a == b && (a == ' ' || a == '\t'); };
  name.erase(std::unique(name.begin(), name.end(), twice), name.end());
  return name + " (MPI " + std::to_string(version) + "." + std::to_string(subversion) + ")";
}

}  // namespace kollagen
