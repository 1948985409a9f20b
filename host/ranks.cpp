#include "host/ranks.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <vector>

#ifdef KOLLAGEN_HAVE_MPI
#include "host/mpi_communicator.hpp"
#endif
#include "kollagen/check.hpp"

namespace kollagen {
namespace {

#ifdef KOLLAGEN_HAVE_MPI
using Session = MpiSession;

/// What to do about processes that do not find each other.
std::string remedy() {
  return "MPI here is " + mpi_library() +
         ": start them with its own mpirun, or with the srun --mpi=... that it was built for.";
}
#else
std::string remedy() { return "This build knows one rank only (KOLLAGEN_MPI is off)."; }

/// Stands for MPI where there is none.
class Session {
 public:
  std::shared_ptr<Communicator> ranks() const { return ranks_; }
  bool all_arrive(std::chrono::duration<double>) { return true; }
  [[noreturn]] void abort(int) { std::abort(); }

 private:
  std::shared_ptr<Communicator> ranks_ = std::make_shared<OneRank>();
};
#endif

/// How `work` ended on this rank.
struct Ending {
  int code = 0;
  std::string error;  ///< empty when it returned
};

Ending call(const std::function<int(std::shared_ptr<Communicator>)>& work,
            const std::shared_ptr<Communicator>& ranks) {
  const std::string internal = "internal error, please report it: ";
  try {
    return {work(ranks), ""};
  } catch (const Error& error) {
    const bool ours = error.code() == ExitCode::internal;
    return {int(error.code()), ours ? internal + error.what() : error.what()};
  } catch (const std::exception& error) {
    return {int(ExitCode::internal), internal + error.what()};
  }
}

void print(const std::string& text) {
  std::fprintf(stderr, "%s\n", text.c_str());
  std::fflush(stderr);
}

/// Launcher and MPI that do not fit make N runs of one rank each, which would write into one folder.
void check_launcher(const Communicator& ranks) {
  if (ranks.size() > 1) return;
  // In this order: a job step of Slurm may start one launcher of MPI per node.
  for (const char* variable : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"}) {
    const char* value = std::getenv(variable);
    if (!value) continue;
    const int processes = std::atoi(value);
    if (processes <= 1) return;
    throw EnvironmentError(std::to_string(processes) + " processes were started (" + variable +
                           "), but each of them finds itself alone. " + remedy());
  }
}

/// Once all ranks are here: prints the errors and returns the code that all of them end with.
int agree(Communicator& ranks, const Ending& mine) {
  struct Summary {
    int code;
    std::uint64_t error;  // 0: none
  };
  const Summary summary{mine.code,
                        mine.error.empty() ? 0 : std::uint64_t(std::hash<std::string>()(mine.error)) | 1};
  std::vector<Summary> all(ranks.size());
  ranks.all_gather(&summary, std::vector<std::size_t>(ranks.size(), sizeof summary), all.data());
  int code = 0;
  bool agreed = true;
  for (const Summary& one : all) {
    agreed = agreed && one.code == all[0].code && one.error == all[0].error;
    if (code == 0) code = one.code;
  }
  if (!mine.error.empty() && agreed && ranks.root()) print(mine.error);
  if (!mine.error.empty() && !agreed) print("rank " + std::to_string(ranks.rank()) + ": " + mine.error);
  return code;
}

}  // namespace

int run_on_ranks(const std::function<int(std::shared_ptr<Communicator>)>& work,
                 const std::chrono::duration<double> patience) {
  Session session;
  check_launcher(*session.ranks());
  const Ending ending = call(work, session.ranks());
  // A rank that did its work may wait for slower ones; if those fail, they end it.
  const auto forever = std::chrono::duration<double>::max();
  if (!session.all_arrive(ending.error.empty() ? forever : patience)) {
    print("rank " + std::to_string(session.ranks()->rank()) + ": " + ending.error);
    session.abort(ending.code);
  }
  return agree(*session.ranks(), ending);
}

std::string ranks_library() {
#ifdef KOLLAGEN_HAVE_MPI
  return mpi_library();
#else
  return "none: one rank";
#endif
}

}  // namespace kollagen
