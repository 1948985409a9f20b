/// Files appear complete or not at all: full disks, folders without permission, tables that grow.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>

#include "host/output/atomic_file.hpp"
#include "host/output/csv_file.hpp"
#include "host/output/factory.hpp"
#include "host/output/file_descriptor.hpp"
#include "host/output/report.hpp"
#include "kollagen/check.hpp"
#include "support/analytic_snapshot.hpp"
#include "support/temporary_folder.hpp"

namespace kollagen {
namespace {

using test::files_below;
using test::read_text;
using test::TemporaryFolder;
namespace fs = std::filesystem;

/// Runs `action` in a child process in which no file may grow beyond `bytes`: to a program that is what a
/// full disk looks like. Returns the message of the IoError that it threw, or what happened instead.
std::string on_a_disk_with(const rlim_t bytes, const std::function<void()>& action) {
  int pipe_ends[2];
  if (::pipe(pipe_ends) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    std::string message = "no error";
    std::signal(SIGXFSZ, SIG_IGN);  // the write then fails with EFBIG instead of ending the process
    const rlimit limit{bytes, bytes};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      action();
    } catch (const IoError& error) {
      message = error.what();
    } catch (const std::exception& error) {
      message = std::string("another error: ") + error.what();
    }
    const ssize_t written = ::write(pipe_ends[1], message.data(), message.size());
    ::_exit(written == ssize_t(message.size()) ? 0 : 1);
  }
  ::close(pipe_ends[1]);
  std::string message(4096, '\0');
  message.resize(std::size_t(std::max<ssize_t>(0, ::read(pipe_ends[0], message.data(), message.size()))));
  ::close(pipe_ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? message : "the process died";
}

TEST(AtomicFile, AppearsWithItsFullContentInAFolderMadeForIt) {
  const TemporaryFolder folder;
  write_text_file(folder.path() / "a/b/c.txt", "one\n");
  write_text_file(folder.path() / "a/b/c.txt", "two\n");
  EXPECT_EQ(files_below(folder), (std::vector<std::string>{"a/b/c.txt"}));
  EXPECT_EQ(read_text(folder.path() / "a/b/c.txt"), "two\n");
}

TEST(AtomicFile, LeavesTheOldFileWhenTheDiskIsFull) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "state.json";
  write_text_file(path, "old\n");
  const std::string message = on_a_disk_with(100, [&] { write_text_file(path, std::string(101, 'x')); });
  EXPECT_NE(message.find("101 bytes (100 done)"), std::string::npos) << message;
  EXPECT_NE(message.find("state.json"), std::string::npos) << message;
  EXPECT_NE(message.find("File too large"), std::string::npos) << message;
  EXPECT_EQ(files_below(folder), (std::vector<std::string>{"state.json"})) << "the temporary file must go";
  EXPECT_EQ(read_text(path), "old\n");
}

TEST(AtomicFile, NamesPathAndReasonWhereItMayNotWrite) {
  try {
    write_text_file("/proc/kollagen/file.txt", "text");  // refused to every user, root too
    FAIL() << "no error";
  } catch (const IoError& error) {
    EXPECT_EQ(error.code(), ExitCode::input_output);
    EXPECT_NE(std::string(error.what()).find("/proc/kollagen"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("No such file or directory"), std::string::npos) << error.what();
  }
}

TEST(AtomicFile, WithoutCommitNothingStays) {
  const TemporaryFolder folder;
  {
    const AtomicFile file(folder.path() / "x.bin");
    FileDescriptor out(file.temporary(), O_WRONLY | O_CREAT);
    out.write("half");
    out.close();
    EXPECT_EQ(files_below(folder).size(), 1u);
  }
  EXPECT_TRUE(files_below(folder).empty());
}

TEST(FileDescriptor, ReportsAFullDevice) {
  FileDescriptor full("/dev/full", O_WRONLY);
  try {
    full.write("x");
    FAIL() << "no error";
  } catch (const IoError& error) {
    EXPECT_STREQ(error.what(), "cannot write 1 bytes (0 done) to /dev/full: No space left on device");
  }
}

TEST(FileDescriptor, ReservesSpaceInEitherWay) {
  const TemporaryFolder folder;
  const long size = (9L << 20) + 5;  // not a multiple of the pieces
  FileDescriptor filled(folder.path() / "filled", O_RDWR | O_CREAT);
  filled.write("head");
  filled.fill(size);
  EXPECT_EQ(filled.size(), size);
  EXPECT_EQ(filled.read(0, 6), std::string("head\0\0", 6));
  EXPECT_EQ(filled.read(size - 1, 9), std::string(1, '\0'));
  FileDescriptor reserved(folder.path() / "reserved", O_RDWR | O_CREAT);
  const bool can = reserved.reserve(size);
  EXPECT_EQ(reserved.size(), can ? size : 0);
}

TEST(DiskSpace, IsComparedWithWhatIsNeeded) {
  const TemporaryFolder folder;
  require_space(folder.path() / "small", 1);
  try {
    require_space(folder.path() / "large", 3e18);
    FAIL() << "no error";
  } catch (const IoError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("large: 3000000000000000000 bytes are needed"), std::string::npos) << text;
    EXPECT_NE(text.find("are free"), std::string::npos) << text;
  }
  require_space("/proc/self/anything", 1);  // tells no size
}

TEST(CsvFile, GrowsByWholeRowsAndIsCutBackWhenTheDiskIsFull) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "t.csv";
  CsvFile table(path, csv_heading("time", "h") + "," + csv_heading("a", "1,2"), test::one_rank);
  EXPECT_TRUE(files_below(folder).empty()) << "nothing before the first row";
  table.append("1,2\n");
  EXPECT_EQ(read_text(path), "time [h],\"a [1,2]\"\n1,2\n");
  table.append("3,4\n5,6\n");
  const std::string before = read_text(path);
  const std::string message = on_a_disk_with(before.size() + 5, [&] { table.append("1234567,89\n"); });
  EXPECT_NE(message.find("t.csv"), std::string::npos) << message;
  EXPECT_EQ(read_text(path), before);
  EXPECT_THROW(table.append("no newline"), std::logic_error);
}

/// The newest checkpoint may fail after the table was restored from it, and the one before know no table.
TEST(CsvFile, IsRestoredFromOneCheckpointAfterTheOther) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "t.csv";
  CsvFile first(path, "a", test::one_rank);
  first.append("1\n2\n3\n");
  EXPECT_EQ(first.save(), 8);
  CsvFile table(path, "a", test::one_rank);
  table.restore(6);
  table.restore(0);
  EXPECT_FALSE(fs::exists(path));
  table.append("4\n");
  table.close();
  EXPECT_EQ(read_text(path), "a\n4\n");
  table.restore(2);
  table.append("5\n");
  table.close();
  EXPECT_EQ(read_text(path), "a\n5\n");
}

TEST(CsvFile, LeavesEmptyWhatIsNotANumber) {
  EXPECT_EQ(csv_number(0.1), "0.1");
  EXPECT_EQ(csv_number(-1.0 / 3), "-0.3333333333");
  EXPECT_EQ(csv_number(std::numeric_limits<double>::quiet_NaN()), "");
  EXPECT_EQ(csv_number(std::numeric_limits<double>::infinity()), "");
}

#ifdef KOLLAGEN_HAVE_HDF5
/// Writes one frame of the model `linear` below `folder`, hard to compress.
void write_frame(const std::array<int, 3>& cells, const fs::path& folder) {
  const Grid grid = test::brick(cells, {10, 10, 10});
  const test::AnalyticSnapshot snapshot{
      model_info("linear"), grid, Column{},
      [](int, double x, double y, double z, double) { return std::sin(x * y + 3.7 * z * z); }};
  Config config;
  config.model = "linear";
  config.time.end = 1;
  config.outputs.resize(1);
  make_sinks(config, model_info("linear"), grid, folder, test::one_rank).front()->write(snapshot);
}

// A file of mostly values fills the disk while they are written, one of mostly structure when it is closed.
TEST(Frames, DoNotAppearWhenTheDiskIsFull) {
  for (const std::array<int, 3>& cells : {std::array{40, 30, 20}, std::array{3, 2, 2}}) {
    const TemporaryFolder whole;
    write_frame(cells, whole);
    const rlim_t size = fs::file_size(whole.path() / "fields/fields_000000.hdf");
    for (const double share : {0.02, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.97}) {
      const TemporaryFolder folder;
      const std::string message =
          on_a_disk_with(rlim_t(share * double(size)), [&] { write_frame(cells, folder); });
      EXPECT_NE(message.find("fields_000000.hdf"), std::string::npos) << share << ": " << message;
      EXPECT_NE(message.find("File too large"), std::string::npos) << share << ": " << message;
      EXPECT_TRUE(files_below(folder).empty()) << share << ": " << files_below(folder).front();
    }
  }
}
#else
TEST(Frames, AreRefusedInABuildWithoutHdf5) {
  Config config;
  config.model = "linear";
  config.time.end = 1;
  config.outputs.resize(1);
  EXPECT_THROW(
      make_sinks(config, model_info("linear"), test::brick({4, 4, 4}, {1, 1, 1}), "nowhere", test::one_rank),
      EnvironmentError);
}
#endif

TEST(Report, HoldsTimersRatesAndVersions) {
  const TemporaryFolder folder;
  RunReport report;
  report.title = "t";
  report.grid = test::brick({10, 20, 30}, {1, 2, 3});
  report.clock.step = 50;
  report.wall_seconds = 4;
  report.step_seconds = 2.5;
  report.timers = {{"signals", 3, 100}, {"cells", 0.5, 50}};
  report.cell_updates = 300000;
  report.bytes_moved = 8e9;
  report.bandwidth = 4e9;
  report.peak_memory_bytes = 3000;
  report.state_bytes = 1000;
  report.sessions = 4;
  report.ranks = 6;
  report.process_grid = {1, 2, 3};
  report.communication.messages = 7;
  report.session_steps = 2;
  write_report(folder, report);
  const auto json = nlohmann::json::parse(read_text(folder.path() / "report.json"));
  EXPECT_EQ(json["cell_updates_per_s"], 120000);
  EXPECT_EQ(json["gigabytes_per_s"], 3.2);
  EXPECT_EQ(json["share_of_bandwidth"], 0.8);
  EXPECT_EQ(json["state_copies_at_peak"], 3);
  EXPECT_EQ(json["timers"][0]["share"], 0.75);
  EXPECT_EQ(json["grid"]["cells"], (std::vector<int>{10, 20, 30}));
  EXPECT_TRUE(json["versions"].contains("git_hash"));
  EXPECT_EQ(json["ranks"], 6);
  EXPECT_EQ(json["process_grid"], (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(json["sessions"], 4);
  EXPECT_EQ(json["communication"]["messages"], 7);
  EXPECT_EQ(json["communication"]["per_step"]["messages"], 3.5);
  EXPECT_EQ(json["communication"]["per_step"]["reductions"], 0);
  report.session_steps = 0;
  write_report(folder, report);
  const auto before = nlohmann::json::parse(read_text(folder.path() / "report.json"));
  EXPECT_TRUE(before["communication"]["per_step"]["messages"].is_null());
}

TEST(Report, StatusSaysHowFarARunIs) {
  const TemporaryFolder folder;
  RunStatus status;
  status.state = "running";
  status.sessions = 3;
  status.wall_seconds = 5.5;
  write_status(folder, {12, 48, 0.5, 77}, status);
  const auto json = nlohmann::json::parse(read_text(folder.path() / "status.json"));
  EXPECT_EQ(json["progress"], 0.25);
  EXPECT_EQ(json["step"], 77);
  EXPECT_EQ(json["dt_h"], 0.5);
  EXPECT_TRUE(json["eta_s"].is_null());
  EXPECT_EQ(json["sessions"], 3);
  EXPECT_EQ(json["wall_s"], 5.5);
}

}  // namespace
}  // namespace kollagen
