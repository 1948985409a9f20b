#include "host/run_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <vector>

#include "kollagen/check.hpp"

namespace kollagen {
namespace {

namespace fs = std::filesystem;

/// Everything a run writes at the top of its folder.
const char* const own_entries[] = {"config.toml", "log.txt", "status.json", "metrics.csv", "report.json",
                                   "probes.csv",  "fields",  "slices",      "guard.txt",   "overview.png"};

std::string read_file(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::string> differing_lines(const std::string& there, const std::string& here) {
  std::set<std::string> old_lines;
  std::string line;
  for (std::istringstream in(there); std::getline(in, line);) old_lines.insert(line);
  std::vector<std::string> result;
  for (std::istringstream in(here); std::getline(in, line);)
    if (!old_lines.count(line) && line.find('=') != std::string::npos) result.push_back(line);
  return result;
}

}  // namespace

FolderLock::FolderLock(const fs::path& folder)
    : descriptor_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (descriptor_ < 0 || ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
  ::close(descriptor_);
  throw InputError(folder.string() +
                   ": another run is writing there; wait for it, or choose another folder (-o)");
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

FolderState inspect_run_folder(const fs::path& folder, const Config& config) {
  if (!fs::exists(folder) || (fs::is_directory(folder) && fs::is_empty(folder))) return FolderState::free;
  if (!fs::is_directory(folder))
    throw InputError(folder.string() + ": is a file; the output of a run needs a folder (-o)");
  const fs::path study = folder / "config.toml";
  if (!fs::exists(study))
    throw InputError(folder.string() + ": holds files but no run of Kollagen; choose another folder (-o)");
  const std::string there = read_file(study);
  if (there != config.resolved_toml) {
    std::string text = folder.string() + ": holds a run of another study; choose another folder (-o) or --fresh";
    for (const auto& line : differing_lines(there, config.resolved_toml)) text += "\n  this study: " + line;
    for (const auto& line : differing_lines(config.resolved_toml, there)) text += "\n  the folder: " + line;
    throw InputError(text);
  }
  const auto report = nlohmann::json::parse(read_file(folder / "report.json"), nullptr, false);
  const bool done = report.is_object() && report.value("outcome", "") == "done";
  return done ? FolderState::finished : FolderState::unfinished;
}

void clear_run_folder(const fs::path& folder) {
  const auto remove = [](const fs::path& path) {
    std::error_code error;
    fs::remove_all(path, error);
    if (error) throw IoError(path.string() + ": cannot be removed: " + error.message());
  };
  for (const char* entry : own_entries) remove(folder / entry);
  std::vector<fs::path> tables;  // metrics_NAME.csv and probes_NAME.csv of named outputs
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".csv") && (name.starts_with("metrics_") || name.starts_with("probes_")))
      tables.push_back(entry.path());
  }
  for (const auto& table : tables) remove(table);
}

}  // namespace kollagen
