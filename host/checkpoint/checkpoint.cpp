#include "host/checkpoint/checkpoint.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <bit>
#include <cerrno>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "host/checkpoint/manifest.hpp"
#include "host/checkpoint/state_file.hpp"
#include "host/config/session_keys.hpp"
#include "host/output/atomic_file.hpp"
#include "host/output/file_descriptor.hpp"
#include "kollagen/collective.hpp"
#include "kollagen_version.hpp"

namespace kollagen {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr const char* record_name = "record.json";
constexpr const char* config_name = "config.toml";
const std::string state_group = "fields/", record_group = "record_fields/";

/// Numbers as the 16 hexadecimal digits of their bits: every bit comes back, of infinities and not-a-numbers
/// too.
std::string record_text(const Record& record) {
  Json json{{"numbers", Json::object()}, {"texts", Json::object()}, {"fields", Json::array()}};
  for (const auto& [name, values] : record.numbers) {
    Json& list = json["numbers"][name] = Json::array();
    for (const double value : values) list.push_back(sum_text(std::bit_cast<std::uint64_t>(value)));
  }
  for (const auto& [name, text] : record.texts) json["texts"][name] = text;
  for (const auto& [name, values] : record.fields) json["fields"].push_back(name);
  return json.dump(1) + "\n";
}

Record parse_record(const std::string& text) {
  const Json json = Json::parse(text);
  Record record;
  for (const auto& [name, list] : json.at("numbers").items()) {
    std::vector<double>& values = record.numbers[name];
    for (const Json& bits : list)
      values.push_back(
          std::bit_cast<double>(std::uint64_t(std::stoull(bits.get<std::string>(), nullptr, 16))));
  }
  for (const auto& [name, value] : json.at("texts").items()) record.texts[name] = value;
  for (const Json& name : json.at("fields")) record.fields[name];
  return record;
}

void remove_file(const fs::path& file) {
  std::error_code error;
  fs::remove(file, error);
  if (error) throw_system_error("remove", file, error.value());
}

/// Removes what a write that failed or was cut off has left in `folder`.
void remove_unfinished(const fs::path& folder) {
  for (const fs::path& left : temporaries_in(folder)) remove_file(left);
  for (const fs::path& left : unfinished_in(folder)) remove_file(left);
}

void sync_folder(const fs::path& folder) { FileDescriptor(folder, O_RDONLY | O_DIRECTORY).sync(); }

/// The sum over the ranks.
std::uint64_t shared(Communicator& ranks, std::uint64_t sum) {
  ranks.sum(&sum, 1);
  return sum;
}

void check_grid(const Manifest& manifest, const Snapshot& snapshot) {
  const Grid& grid = snapshot.grid();
  if (manifest.cells != grid.global_cells || manifest.spacing != grid.spacing ||
      manifest.model != snapshot.model().name)
    throw IoError(fmt::format("it is of the model {} on {} x {} x {} cells", manifest.model,
                              manifest.cells[0], manifest.cells[1], manifest.cells[2]));
}

/// A checkpoint whose sums have been checked, open for reading. On every rank.
class Checkpoint {
 public:
  Checkpoint(const Manifest& manifest, const fs::path& folder, const Grid& grid, Communicator& ranks)
      : manifest_(manifest), grid_(grid), ranks_(ranks) {
    together(ranks, [&] { reader_.emplace(folder / manifest.data_name); });
  }

  Record record() {
    std::string text;
    on_root(ranks_, [&] {
      text = reader_->text(record_name);
      check_sum(record_name, text_sum(text), manifest_.record_sum);
    });
    broadcast_text(ranks_, text);
    Record record;
    together(ranks_, [&] {
      try {
        record = parse_record(text);
      } catch (const std::exception& error) {
        throw IoError(fmt::format("{} does not have the form of one: {}", record_name, error.what()));
      }
    });
    for (auto& [name, values] : record.fields) {
      values.resize(std::size_t(grid_.owned_count()));
      read(record_group + name, values.data());
    }
    return record;
  }

  /// Owned cells of a dataset, compared with its sum as they are in memory.
  void read(const std::string& name, double* out) {
    const ManifestDataset* dataset = nullptr;
    for (const ManifestDataset& d : manifest_.datasets)
      if (d.name == name) dataset = &d;
    if (dataset == nullptr) throw IoError(name + " is missing");
    together(ranks_, [&] { reader_->read(name, grid_, out); });
    check_sum("dataset " + name + " as it was read", shared(ranks_, cell_sum(grid_, out)), dataset->sum);
  }

 private:
  const Manifest& manifest_;
  const Grid& grid_;
  Communicator& ranks_;
  std::optional<StateReader> reader_;
};

}  // namespace

CheckpointStore::CheckpointStore(fs::path run_dir, std::string resolved_toml, const int keep,
                                 Communicator& ranks)
    : folder_(checkpoint_folder(run_dir)),
      resolved_toml_(std::move(resolved_toml)),
      keep_(keep),
      ranks_(ranks) {
  KOLLAGEN_CHECK(keep >= 1, "a store that keeps no checkpoint");
}

double CheckpointStore::bytes(const Grid& grid, const int fields) {
  constexpr double texts = 1 << 16;  // study and record; the manifest takes less than is allowed for tables
  return double(fields) * grid.global_cells[0] * grid.global_cells[1] * grid.global_cells[2] *
             sizeof(double) +
         state_file_overhead(fields, texts);
}

void CheckpointStore::write(const Snapshot& snapshot, const Resumable& simulation,
                            const std::vector<std::unique_ptr<Sink>>& sinks, Record record) {
  simulation.save(record);
  for (const auto& sink : sinks) sink->save(record);
  const Grid& grid = snapshot.grid();
  const Clock& clock = snapshot.clock();
  const std::vector<std::string> fields = simulation.stored_fields();
  std::vector<std::string> datasets;
  for (const std::string& name : fields) datasets.push_back(state_group + name);
  for (const auto& [name, values] : record.fields) {
    KOLLAGEN_CHECK(values.size() == std::size_t(grid.owned_count()),
                   "the field " + name + " of a record has a wrong size");
    datasets.push_back(record_group + name);
  }
  const std::string text = record_text(record);

  Manifest manifest;
  manifest.version = version::number;
  manifest.git_hash = version::git_hash;
  manifest.step = clock.step;
  manifest.time = clock.time;
  manifest.model = snapshot.model().name;
  manifest.cells = grid.global_cells;
  manifest.spacing = grid.spacing;
  manifest.ranks = ranks_.size();
  manifest.config_sum = text_sum(study_of_run(resolved_toml_));
  manifest.record_sum = text_sum(text);

  const std::string stem = checkpoint_stem(clock.step);
  const fs::path temporary = folder_ / fmt::format(".{}.h5.tmp", stem), target = folder_ / (stem + ".json");
  on_root(ranks_, [&] {
    std::error_code error;
    fs::create_directories(folder_, error);
    if (error) throw_system_error("create the folder", folder_, error.value());
    remove_unfinished(folder_);
    const auto names = data_names(stem);
    manifest.data_name = fs::exists(folder_ / names[0]) ? names[1] : names[0];
    require_space(folder_ / manifest.data_name,
                  bytes(grid, int(datasets.size())) + double(text.size()) + double(resolved_toml_.size()));
  });
  std::vector<double> values;
  together(ranks_, [&] { values.resize(std::size_t(grid.owned_count())); });
  try {
    // While it is open an error has to be one of all ranks, who close the file together.
    StateWriter writer(temporary, grid, datasets, {{record_name, text}, {config_name, resolved_toml_}},
                       ranks_);
    const auto add = [&](const std::string& name, const double* cells) {
      const std::uint64_t sum = shared(ranks_, cell_sum(grid, cells));
      manifest.datasets.push_back({name, writer.write(name, cells), sum});
    };
    for (std::size_t index = 0; index < fields.size(); ++index) {
      together(ranks_, [&] { simulation.copy_stored(int(index), values.data()); });
      add(datasets[index], values.data());
    }
    for (const auto& [name, cells] : record.fields) add(record_group + name, cells.data());
    writer.close();
    together(ranks_, [&] { FileDescriptor(temporary, O_RDONLY).sync(); });
    together(ranks_, [&] { FileDescriptor(temporary, O_RDONLY).drop_copy(); });  // once all have synced

    const FileSums written = sum_file(temporary, manifest.places(), ranks_);
    for (std::size_t n = 0; n < datasets.size(); ++n)
      check_sum(fmt::format("{}: dataset {} is not what was written", temporary.string(), datasets[n]),
                written.cells[n], manifest.datasets[n].sum);
    manifest.data_bytes = written.bytes;
    manifest.data_sum = written.whole;

    on_root(ranks_, [&] {
      const fs::path data = folder_ / manifest.data_name;
      if (std::rename(temporary.c_str(), data.c_str()) != 0)
        throw_system_error(fmt::format("rename {} to", temporary.string()), data, errno);
      sync_folder(folder_);
      write_text_file(target, manifest_text(manifest));
    });
  } catch (...) {
    try {
      if (ranks_.root()) remove_unfinished(folder_);
    } catch (const IoError&) {  // the error that led here is the one to report
    }
    throw;
  }
  on_root(ranks_, [&] {
    const auto drop = [&](const fs::path& manifest_file) { remove_file(manifest_file); };
    for (const fs::path& damaged : damaged_)
      if (damaged != target) drop(damaged);
    damaged_.clear();
    const std::vector<fs::path> present = manifests_in(folder_);
    for (std::size_t n = 0; n + std::size_t(keep_) < present.size(); ++n) drop(present[n]);
    sync_folder(folder_);  // a manifest never outlives its data
    remove_unfinished(folder_);
  });
}

std::optional<Record> CheckpointStore::resume(Resumable& simulation, const Snapshot& snapshot,
                                              const std::vector<std::unique_ptr<Sink>>& sinks,
                                              const std::function<void(const std::string&)>& warn) {
  std::vector<fs::path> manifests;
  on_root(ranks_, [&] {
    manifests = manifests_in(folder_);
    for (const fs::path& data : unfinished_in(folder_))
      warn(data.string() + ": has no manifest, its write was cut off; it is not used");
  });
  std::size_t count = manifests.size();
  ranks_.broadcast(&count, sizeof count, 0);
  std::string faults;
  for (std::size_t n = count; n-- > 0;) {
    std::string file = ranks_.root() ? manifests[n].string() : "", fault;
    broadcast_text(ranks_, file);
    // What is thrown here is thrown on all ranks.
    try {
      std::string text;
      on_root(ranks_, [&] { text = file_text(file); });
      broadcast_text(ranks_, text);
      const Manifest manifest = parse_manifest(text);
      check_name(manifest, file);
      if (manifest.config_sum != text_sum(study_of_run(resolved_toml_)))
        throw InputError(fmt::format("{}: the checkpoints there are of another study", folder_.string()));
      check_grid(manifest, snapshot);
      check_data(manifest, folder_, ranks_);
      Checkpoint checkpoint(manifest, folder_, snapshot.grid(), ranks_);
      Record record = checkpoint.record();
      simulation.restore(
          record, [&](const std::string& name, double* out) { checkpoint.read(state_group + name, out); });
      for (const auto& sink : sinks) sink->restore(record, snapshot);
      const std::string here = fmt::format("{} ({})", version::number, version::git_hash);
      const std::string there = fmt::format("{} ({})", manifest.version, manifest.git_hash);
      if (ranks_.root() && here != there)
        warn(fmt::format("{}: written by version {}, this is {}: results need not have the same bits", file,
                         there, here));
      return record;
    } catch (const FormatError& error) {  // not damaged: a later write must not remove it
      throw IoError(fmt::format("{}: {}; resume with the version that wrote it, or --fresh starts over", file,
                                error.what()));
    } catch (const IoError& error) {
      fault = error.what();
    }
    if (!ranks_.root()) continue;
    warn(fmt::format("{}: damaged, not used: {}", file, fault));
    faults += fmt::format("\n  {}: {}", manifests[n].filename().string(), fault);
    damaged_.push_back(manifests[n]);
  }
  if (count == 0) return std::nullopt;
  on_root(ranks_, [&] {
    throw IoError(
        fmt::format("{}: no checkpoint can be used; --fresh starts over{}", folder_.string(), faults));
  });
  return std::nullopt;
}

std::vector<CheckpointEntry> list_checkpoints(const fs::path& run_dir) {
  std::vector<CheckpointEntry> entries;
  const fs::path folder = checkpoint_folder(run_dir);
  for (const fs::path& file : manifests_in(folder)) {
    CheckpointEntry& entry = entries.emplace_back();
    entry.manifest = file;
    try {
      const Manifest manifest = read_manifest(file);
      entry.data = folder / manifest.data_name;
      entry.step = manifest.step;
      entry.time = manifest.time;
      entry.bytes = double(manifest.data_bytes);
    } catch (const IoError& error) {
      entry.fault = error.what();
    }
  }
  return entries;
}

}  // namespace kollagen
