/// Ends in the way that its argument names; check_ending.py looks at what comes of it.
#include <cstdio>
#include <map>
#include <string>
#include <thread>

#include "host/ranks.hpp"
#include "kollagen/check.hpp"
#include "kollagen/collective.hpp"

namespace {

using namespace kollagen;

int end(const std::string& way, Communicator& ranks) {
  const int rank = ranks.rank(), next = (rank + 1) % ranks.size();
  const int previous = (rank + ranks.size() - 1) % ranks.size();
  double in[2] = {0, 0}, out[2] = {1, 2};
  if (way == "done") return 0;
  if (way == "early") return int(ExitCode::resumable);
  if (way == "agreed") throw InputError("all say no");
  if (way == "internal") throw std::out_of_range("index 7");
  if (way == "together")
    together(ranks, [&] {
      if (rank > 0) throw IoError("disk of rank " + std::to_string(rank) + " is full");
    });
  if (way == "own" && rank == 1) throw GuardError("guard");
  if (way == "own" && rank == 2) throw IoError("disk");
  if (way == "own") return 0;
  if (way == "one" && rank == 1) throw IoError("disk");
  if (way == "one") ranks.barrier();  // never comes back
  if (way == "slow" && rank == 0) std::this_thread::sleep_for(std::chrono::seconds(1));
  if (way == "slow") return int(ExitCode::resumable);
  if (way == "under_way") {
    ranks.start({{previous, 0, in, 8}}, {{next, 0, out, 8}});
    throw GuardError("between start and finish");
  }
  if (way == "long_message") {
    ranks.start({{previous, 0, in, 8}}, {{next, 0, out, 16}});
    ranks.finish();
  }
  throw InputError("no way to end is called " + way);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string way = argc > 1 ? argv[1] : "";
  try {
    const int code = run_on_ranks(
        [&](const std::shared_ptr<Communicator>& ranks) {
          if (ranks->root()) std::printf("%d ranks\n", ranks->size());
          std::fflush(stdout);
          return end(way, *ranks);
        },
        std::chrono::duration<double>(0.5));
    return code;
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return int(error.code());
  }
}
