#include "host/run_folder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "host/config/reader.hpp"
#include "host/config/session_keys.hpp"
#include "host/output/atomic_file.hpp"
#include "kollagen/check.hpp"

namespace kollagen {
namespace {

namespace fs = std::filesystem;

constexpr const char* lock_name = ".lock";

constexpr const char* study_name = "config.toml";

/// Everything a run writes at the top of its folder, but for the lock and the tables of named outputs.
constexpr std::array own_names{"config.toml", "log.txt",      "status.json", "report.json",
                               "checkpoints", "metrics.csv",  "probes.csv",  "fields",
                               "slices",      "insitu",       "overview.png",
                               "histograms",  "guard.txt",    "steering.toml", "stop"};

std::string read_file(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// Whether a run writes something of this name at the top of its folder.
bool is_own(const fs::path& path) {
  const std::string name = path.filename().string();
  const bool table = name.starts_with("metrics_") || name.starts_with("probes_");
  return std::find(own_names.begin(), own_names.end(), name) != own_names.end() ||
         (table && name.ends_with(".csv"));
}

/// Whether it is what a write or a removal that was cut off leaves of such a thing: .NAME.PROCESS.tmp
bool is_temporary(const fs::path& path) {
  static const std::regex pattern(R"(\.(.+)\.\d+\.tmp)");
  const std::string name = path.filename().string();
  std::smatch part;
  return std::regex_match(name, part, pattern) && is_own(part[1].str());
}

bool holds_nothing(const fs::path& folder) {
  return std::all_of(fs::directory_iterator(folder), fs::directory_iterator(),
                     [](const fs::directory_entry& entry) {
                       return entry.path().filename() == lock_name || is_temporary(entry.path());
                     });
}

/// What in `folder` satisfies `condition`.
template <class Condition>
std::vector<fs::path> entries(const fs::path& folder, const Condition& condition) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder))
    if (condition(entry.path())) found.push_back(entry.path());
  return found;
}

void discard(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) throw IoError(path.string() + ": cannot be removed: " + error.message());
}

/// Removes a file or folder at one go: what is left when this is cut short has a temporary name.
void remove_at_once(const fs::path& path) {
  const fs::path aside =
      path.parent_path() / ("." + path.filename().string() + "." + std::to_string(::getpid()) + ".tmp");
  std::error_code error;
  fs::rename(path, aside, error);
  if (error == std::errc::no_such_file_or_directory) return;
  if (error) throw IoError(path.string() + ": cannot be removed: " + error.message());
  discard(aside);
}

/// The whole lock file, to be locked for writing.
struct flock whole_file() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

}  // namespace

FolderLock::FolderLock(const fs::path& folder)
    : descriptor_(::open((folder / lock_name).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
  if (descriptor_ < 0) return;
  // Locks of the open file, unlike those of the process, do not go when another descriptor of the file is
  // closed; unlike flock they can be looked at without being taken, and NFS carries them to other machines.
  struct flock lock = whole_file();
  if (::fcntl(descriptor_, F_OFD_SETLK, &lock) == 0) {
    std::array<char, 256> host{};
    ::gethostname(host.data(), host.size() - 1);
    const std::string who = "process " + std::to_string(::getpid()) + " on " + host.data() + "\n";
    // For people only: where it cannot be written, the lock works as well.
    if (::ftruncate(descriptor_, 0) == 0 && ::write(descriptor_, who.data(), who.size()) < 0) errno = 0;
    return;
  }
  if (errno != EAGAIN && errno != EACCES) return;
  ::close(descriptor_);
  const std::string process = lock_holder(folder).process;
  throw InputError(folder.string() + ": another run is writing there" +
                   (process.empty() ? "" : " (" + process + ")") +
                   "; wait for it, or choose another folder (-o)");
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

LockHolder lock_holder(const fs::path& folder) {
  LockHolder holder;
  const int descriptor = ::open((folder / lock_name).c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    if (errno == ENOENT) holder.state = LockHolder::State::free;
    return holder;
  }
  struct flock lock = whole_file();
  if (::fcntl(descriptor, F_OFD_GETLK, &lock) == 0)
    holder.state = lock.l_type == F_UNLCK ? LockHolder::State::free : LockHolder::State::held;
  ::close(descriptor);
  if (holder.state == LockHolder::State::held) {
    std::ifstream file(folder / lock_name);
    std::getline(file, holder.process);
  }
  return holder;
}

int sessions_of(const fs::path& folder) {
  const auto status = nlohmann::json::parse(read_file(folder / "status.json"), nullptr, false);
  return status.is_object() ? status.value("sessions", 0) : 0;
}

fs::path stop_file(const fs::path& folder) { return folder / "stop"; }

FolderState inspect_run_folder(const fs::path& folder, const Config& config) {
  if (!fs::exists(folder) || (fs::is_directory(folder) && holds_nothing(folder))) return FolderState::free;
  if (!fs::is_directory(folder))
    throw InputError(folder.string() + ": is a file; the output of a run needs a folder (-o)");
  const fs::path study = folder / study_name;
  if (!fs::exists(study))
    throw InputError(folder.string() + ": holds files but no run of Kollagen; choose another folder (-o)");
  std::string text;
  const auto shown = [](const std::string& value) { return value.empty() ? "the default" : value; };
  for (const KeyDifference& d : differing_keys(read_file(study), config.resolved_toml))
    if (!is_session_key(d.key))
      text += "\n  " + d.key + ": " + shown(d.one) + " in the folder, " + shown(d.other) + " in this study";
  if (!text.empty())
    throw InputError(folder.string() +
                     ": holds a run of another study; choose another folder (-o) or --fresh" + text);
  const auto report = nlohmann::json::parse(read_file(folder / "report.json"), nullptr, false);
  const bool done = report.is_object() && report.value("outcome", "") == "done";
  return done ? FolderState::finished : FolderState::unfinished;
}

void remove_temporaries(const fs::path& folder) {
  for (const fs::path& path : entries(folder, is_temporary)) discard(path);
}

void clear_run_folder(const fs::path& folder) {
  // In this order: cut short, it is not complete, then not resumed, and known as a run until the last.
  remove_at_once(folder / "report.json");
  remove_at_once(folder / "checkpoints");
  for (const fs::path& path : entries(folder, is_own))
    if (path.filename() != study_name) remove_at_once(path);
  remove_at_once(folder / study_name);
}

std::size_t count_changes(const fs::path& folder) {
  std::ifstream in(folder / "steering.toml");
  std::size_t count = 0;
  for (std::string line; std::getline(in, line);) count += line == "[[change]]";
  return count;
}

void write_steering(const fs::path& folder, const std::vector<ChangeConfig>& changes, const ModelInfo& model) {
  const fs::path path = folder / "steering.toml";
  if (changes.empty())
    fs::remove(path);
  else
    write_text_file(path, "# What was changed from outside while the run was under way. Added to its study, these tables repeat the run.\n" +
                              change_tables(changes, model));
}

}  // namespace kollagen
