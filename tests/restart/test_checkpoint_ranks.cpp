/// Checkpoints of several ranks: written together into one file, read by any other number of ranks.
#include <gtest/gtest.h>
#include <mpi.h>
#include <sys/resource.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <optional>
#include <thread>

#include "host/checkpoint/checkpoint.hpp"
#include "host/mpi_communicator.hpp"
#include "kollagen/collective.hpp"
#include "kollagen/decomposition.hpp"
#include "restart/faulty_system.hpp"
#include "restart/numbered_state.hpp"
#include "support/analytic_snapshot.hpp"
#include "support/ranks.hpp"
#include "support/temporary_folder.hpp"

namespace kollagen::test {
namespace {

namespace fs = std::filesystem;
using Sinks = std::vector<std::unique_ptr<Sink>>;

const std::array<int, 3> cells{17, 20, 21};
const std::string study = "title = \"ranks\"\n";

/// This rank's part of the domain among the members of a group.
Grid part(const Communicator& group) {
  const Decomposition all = decompose(cells, group.size(), group.rank());
  return {cells, {10, 12.5, 20}, all.first(all.place), all.cells(all.place)};
}

/// A folder that all ranks know.
struct SharedFolder {
  std::optional<TemporaryFolder> owner;
  fs::path path;
  SharedFolder() {
    if (ranks()->root()) owner.emplace();
    std::string text = owner ? owner->path().string() : "";
    std::size_t length = text.size();
    ranks()->broadcast(&length, sizeof length, 0);
    text.resize(length);
    ranks()->broadcast(text.data(), length, 0);
    path = text;
  }
  ~SharedFolder() { ranks()->barrier(); }
};

/// Calls `work` with the first `count` ranks as a group; the others wait.
void with_group(const int count, const std::function<void(Communicator&)>& work) {
  MPI_Comm group = MPI_COMM_NULL;
  const bool member = ranks()->rank() < count;
  MPI_Comm_split(mpi_handle(*ranks()), member ? 0 : MPI_UNDEFINED, ranks()->rank(), &group);
  if (member) {
    MpiCommunicator members(group);
    work(members);
  }
  if (group != MPI_COMM_NULL) MPI_Comm_free(&group);
  ranks()->barrier();
}

struct Fields {
  AnalyticSnapshot snapshot;
  Grid grid;
  Sinks none;
  explicit Fields(Communicator& group)
      : snapshot(model_info("linear"), part(group), Column(), [](auto...) { return 0.0; }),
        grid(part(group)) {}

  void write(const fs::path& folder, Communicator& group, const long step, const int keep = 2) {
    snapshot.at(step, 0.5 * double(step));
    const NumberedState state(grid, step);
    Record run;
    run.fields["run/mask"] = state.field("mask");
    CheckpointStore(folder, study, keep, group).write(snapshot, state, none, run);
  }
  void expect(const fs::path& folder, Communicator& group, const long step, const std::size_t faults = 0) {
    NumberedState state(grid, -1);
    std::vector<std::string> warnings;
    CheckpointStore store(folder, study, 2, group);
    const auto record =
        store.resume(state, snapshot, none, [&](const std::string& text) { warnings.push_back(text); });
    ASSERT_TRUE(record);
    EXPECT_TRUE(state.holds(step)) << state.step;
    EXPECT_EQ(bits(record->fields.at("run/mask")), bits(state.field("mask")));
    EXPECT_EQ(warnings.size(), group.root() ? faults : 0);
  }
};

TEST(CheckpointRanks, AnyNumberReadsWhatAnyNumberWrote) {
  std::string first;  // of the data file that one rank wrote
  for (int writers = 1; writers <= ranks()->size(); ++writers) {
    const SharedFolder folder;
    // HDF5 notes when an object was written unless it is told not to, by the second.
    if (writers == 2) std::this_thread::sleep_for(std::chrono::milliseconds(1100));
    with_group(writers, [&](Communicator& group) { Fields(group).write(folder.path, group, 40); });
    const std::string data = read_text(folder.path / "checkpoints/checkpoint_000000000040.h5");
    if (first.empty()) first = data;
    EXPECT_TRUE(data == first) << writers << " ranks write another file than one";
    for (int readers = 1; readers <= ranks()->size(); ++readers)
      with_group(readers, [&](Communicator& group) { Fields(group).expect(folder.path, group, 40); });
  }
}

TEST(CheckpointRanks, ADamagedOneIsPassedOverByAll) {
  const SharedFolder folder;
  Communicator& all = *ranks();
  Fields fields(all);
  fields.write(folder.path, all, 10);
  fields.write(folder.path, all, 20);
  const fs::path data = folder.path / "checkpoints/checkpoint_000000000020.h5";
  const auto size = long(fs::file_size(data));
  for (const long place : {size / 5, size / 2, size - 9}) {
    const auto flip = [&] {
      std::fstream file(data, std::ios::in | std::ios::out | std::ios::binary);
      char byte = 0;
      file.seekg(place).get(byte);
      file.seekp(place).put(char(byte ^ 16));
    };
    on_root(all, flip);
    fields.expect(folder.path, all, 10, 1);
    all.barrier();
    on_root(all, flip);
  }
  fields.expect(folder.path, all, 20);
}

/// Where space cannot be reserved it is written once before, so that MPI does not meet a full disk.
TEST(CheckpointRanks, ZerosReserveWhereTheFileSystemCannot) {
  Communicator& all = *ranks();
  Fields fields(all);
  int calls[2];
  for (const bool reserving : {true, false}) {
    const SharedFolder folder;
    can_reserve = reserving;
    fault = {"pwrite", 1000000, 1, EIO, 0};  // counts only
    fields.write(folder.path, all, 10);
    calls[reserving] = fault.seen;
    fault = {};
    can_reserve = true;
    fields.expect(folder.path, all, 10);
  }
  EXPECT_EQ(calls[false] - calls[true],
            all.root() && all.size() > 1 ? 1 : 0);  // one piece of 4 MiB is enough
}

/// The limit or fault is on one rank, the last or the first.
TEST(CheckpointRanks, ADiskThatFailsForOneRankFailsForAll) {
  std::signal(SIGXFSZ, SIG_IGN);  // as the program does
  const SharedFolder folder;
  Communicator& all = *ranks();
  Fields fields(all);
  fields.write(folder.path, all, 10);
  const std::size_t size = fs::file_size(folder.path / "checkpoints/checkpoint_000000000010.h5");
  for (const bool reserving : {true, false})
    for (const int victim : {all.size() - 1, 0})
      for (const std::size_t limit : {size / 3, size - 4096}) {
        can_reserve = reserving;
        rlimit before{};
        ::getrlimit(RLIMIT_FSIZE, &before);
        rlimit now = before;
        now.rlim_cur = limit;
        if (all.rank() == victim) ::setrlimit(RLIMIT_FSIZE, &now);
        bool failed = false;
        try {
          fields.write(folder.path, all, 20);
        } catch (const IoError& error) {
          failed = true;
        }
        ::setrlimit(RLIMIT_FSIZE, &before);
        can_reserve = true;
        const std::string where = std::to_string(victim) + " limited to " + std::to_string(limit);
        EXPECT_EQ(all.max(double(failed)), double(failed)) << where;
        // Whoever needs no space beyond the limit may succeed: what counts is that success is true.
        fields.expect(folder.path, all, failed ? 10 : 20);
        if (all.root()) {
          EXPECT_EQ(files_below(folder.path).size(), failed ? 2u : 4u) << where;
          EXPECT_TRUE(failed || !reserving || victim != 0) << where;
          fs::remove(folder.path / "checkpoints/checkpoint_000000000020.json");
        }
        all.barrier();
      }
}

// Without writes of MPI itself: what it does when one rank cannot write differs between libraries; space is
// reserved before, so that it takes a broken disk.
TEST(CheckpointRanks, AFailingCallOfOneRankIsAnErrorOfAll) {
  const SharedFolder folder;
  Communicator& all = *ranks();
  Fields fields(all);
  fields.write(folder.path, all, 10);
  for (const bool reserving : {true, false})
    for (const char* call : {"write", "fsync", "rename", "fallocate", "ftruncate"})
      for (const int victim : {all.size() - 1, 0}) {
        int calls = 0;
        for (bool written = false; !written && calls < 100; ++calls) {
          can_reserve = reserving;
          if (all.rank() == victim)
            fault = {call, calls, 1000, std::string(call) == "fsync" ? EIO : ENOSPC, 0};
          bool failed = false;
          try {
            fields.write(folder.path, all, 20);
          } catch (const IoError&) {
            failed = true;
          }
          const bool struck = all.max(double(fault.seen > calls)) > 0;
          fault = {};
          can_reserve = true;
          written = !struck;
          const std::string where =
              std::string(call) + " " + std::to_string(calls) + " of rank " + std::to_string(victim);
          EXPECT_EQ(all.max(double(failed)), double(failed)) << where;
          EXPECT_EQ(failed, struck) << where;
          all.barrier();
          const bool stands = fs::exists(folder.path / "checkpoints/checkpoint_000000000020.json");
          fields.expect(folder.path, all, stands ? 20 : 10);
          all.barrier();
          if (all.root()) {
            fs::remove(folder.path / "checkpoints/checkpoint_000000000020.json");
            fs::remove(folder.path / "checkpoints/checkpoint_000000000020.h5");
          }
          all.barrier();
        }
        EXPECT_LT(calls, 100) << call;
      }
}

/// A state that cannot give one of its fields.
struct HalfAState final : Resumable {
  NumberedState whole;
  bool fails;
  HalfAState(const Grid& grid, const bool failing) : whole(grid, 20), fails(failing) {}
  void save(Record& record) const override { whole.save(record); }
  std::vector<std::string> stored_fields() const override { return whole.stored_fields(); }
  void copy_stored(const int index, double* out) const override {
    if (fails && index == 1) throw IoError("no values");
    whole.copy_stored(index, out);
  }
  void restore(const Record&, const std::function<void(const std::string&, double*)>&) override {}
};

TEST(CheckpointRanks, AFailingCopyOfOneRankIsAnErrorOfAll) {
  const SharedFolder folder;
  Communicator& all = *ranks();
  Fields fields(all);
  fields.write(folder.path, all, 10);
  CheckpointStore store(folder.path, study, 2, all);
  for (const int victim : {all.size() - 1, 0}) {
    fields.snapshot.at(20, 10);
    EXPECT_THROW(store.write(fields.snapshot, HalfAState(fields.grid, all.rank() == victim), fields.none, {}),
                 IoError);
    all.barrier();
    EXPECT_EQ(files_below(folder.path).size(), 2u);
    fields.expect(folder.path, all, 10);
  }
}

}  // namespace
}  // namespace kollagen::test
