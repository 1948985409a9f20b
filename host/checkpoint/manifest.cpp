#include "host/checkpoint/manifest.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "host/output/file_descriptor.hpp"
#include "kollagen/check.hpp"

namespace kollagen {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

const std::string own_sum_key = "\"manifest_xxh3\": \"";
const std::string no_sum(16, '0');
constexpr std::size_t digits = 16;
const std::string ending = "\"\n}\n";

std::uint64_t read_sum(const Json& json) {
  const std::string text = json.get<std::string>();
  std::uint64_t sum = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), sum, 16);
  if (error != std::errc() || end != text.data() + text.size()) throw IoError("\"" + text + "\" is no sum");
  return sum;
}

bool named(const fs::path& file, const char* extension) {
  return file.extension() == extension && file.filename().string().starts_with("checkpoint_");
}

}  // namespace

std::vector<StoredCells> Manifest::places() const {
  std::vector<StoredCells> result;
  for (const ManifestDataset& dataset : datasets) result.push_back(dataset.place);
  return result;
}

std::string checkpoint_stem(const long step) { return fmt::format("checkpoint_{:012}", step); }

std::array<std::string, 2> data_names(const std::string& stem) { return {stem + ".h5", stem + "b.h5"}; }

std::string manifest_text(const Manifest& m) {
  Json json{{"kollagen_checkpoint", Manifest::format_number},
            {"version", m.version},
            {"git_hash", m.git_hash},
            {"step", m.step},
            {"time_h", m.time},
            {"model", m.model},
            {"cells", m.cells},
            {"spacing_um", m.spacing},
            {"written_by_ranks", m.ranks},
            {"config_xxh3", sum_text(m.config_sum)},
            {"record_xxh3", sum_text(m.record_sum)},
            {"datasets", Json::array()}};
  for (const ManifestDataset& d : m.datasets)
    json["datasets"].push_back(
        {{"name", d.name}, {"offset", d.place.offset}, {"values", d.place.count}, {"xxh3", sum_text(d.sum)}});
  json["data"] = {{"file", m.data_name},
                  {"bytes", m.data_bytes},
                  {"block_bytes", sum_block_bytes},
                  {"xxh3", sum_text(m.data_sum)}};
  json["manifest_xxh3"] = no_sum;
  std::string text = json.dump(1) + "\n";
  const std::string sum = sum_text(text_sum(text));
  return text.replace(text.size() - ending.size() - digits, digits, sum);
}

Manifest parse_manifest(const std::string& text) {
  if (text.size() < own_sum_key.size() + digits + ending.size() || !text.ends_with(ending))
    throw IoError(fmt::format("the manifest is cut off: {} bytes that do not end with its sum", text.size()));
  const std::size_t place = text.size() - ending.size() - digits;
  const std::string stated = text.substr(place, digits);
  std::string rest = text;
  const std::string found = sum_text(text_sum(rest.replace(place, digits, no_sum)));
  if (stated != found)
    throw IoError(fmt::format("the manifest is damaged: its sum is {}, it states {}", found, stated));
  try {
    const Json json = Json::parse(text);
    const int format = json.at("kollagen_checkpoint");
    if (format != Manifest::format_number)
      throw FormatError(
          fmt::format("the checkpoint has format {}, this version of the program reads format {}", format,
                      Manifest::format_number));
    Manifest m;
    m.version = json.at("version");
    m.git_hash = json.at("git_hash");
    m.step = json.at("step");
    m.time = json.at("time_h");
    m.model = json.at("model");
    m.cells = json.at("cells");
    m.spacing = json.at("spacing_um");
    m.ranks = json.at("written_by_ranks");
    m.config_sum = read_sum(json.at("config_xxh3"));
    m.record_sum = read_sum(json.at("record_xxh3"));
    for (const Json& d : json.at("datasets"))
      m.datasets.push_back({d.at("name"), {d.at("offset"), d.at("values")}, read_sum(d.at("xxh3"))});
    m.data_name = json.at("data").at("file");
    m.data_bytes = json.at("data").at("bytes");
    m.data_sum = read_sum(json.at("data").at("xxh3"));
    return m;
  } catch (const nlohmann::json::exception& error) {
    throw IoError(fmt::format("the manifest does not have the form of one: {}", error.what()));
  }
}

void check_sum(const std::string& what, const std::uint64_t found, const std::uint64_t expected) {
  if (found != expected)
    throw IoError(fmt::format("{}: sum {}, expected {}", what, sum_text(found), sum_text(expected)));
}

void check_data(const Manifest& manifest, const fs::path& folder, Communicator& ranks) {
  const fs::path data = folder / manifest.data_name;
  const FileSums found = sum_file(data, manifest.places(), ranks);
  if (found.bytes != manifest.data_bytes)
    throw IoError(
        fmt::format("{}: {} bytes, expected {}", manifest.data_name, found.bytes, manifest.data_bytes));
  for (std::size_t n = 0; n < manifest.datasets.size(); ++n)
    check_sum(fmt::format("dataset {} of {}", manifest.datasets[n].name, manifest.data_name), found.cells[n],
              manifest.datasets[n].sum);
  check_sum(manifest.data_name, found.whole, manifest.data_sum);
}

void check_name(const Manifest& manifest, const fs::path& file) {
  const std::string stem = checkpoint_stem(manifest.step);
  const auto names = data_names(stem);
  if (file.stem() != stem || std::find(names.begin(), names.end(), manifest.data_name) == names.end())
    throw IoError(fmt::format("the manifest is that of {} with {}", stem, manifest.data_name));
}

Manifest read_manifest(const fs::path& file) {
  Manifest manifest = parse_manifest(file_text(file));
  check_name(manifest, file);
  return manifest;
}

std::string file_text(const fs::path& file) {
  const FileDescriptor in(file, O_RDONLY);
  return in.read(0, std::size_t(in.size()));
}

fs::path checkpoint_folder(const fs::path& run_dir) { return run_dir / "checkpoints"; }

std::vector<fs::path> manifests_in(const fs::path& folder) {
  return files_in(folder, [](const fs::path& file) { return named(file, ".json"); });
}

std::vector<fs::path> unfinished_in(const fs::path& folder) {
  std::set<std::string> named_data;
  for (const fs::path& manifest : manifests_in(folder)) {
    try {
      named_data.insert(read_manifest(manifest).data_name);
    } catch (const IoError&) {  // a damaged manifest: whichever file may be its own is not unfinished
      for (const std::string& name : data_names(manifest.stem().string())) named_data.insert(name);
    }
  }
  return files_in(folder, [&](const fs::path& file) {
    return named(file, ".h5") && !named_data.contains(file.filename().string());
  });
}

std::vector<fs::path> temporaries_in(const fs::path& folder) {
  return files_in(folder, [](const fs::path& file) { return file.extension() == ".tmp"; });
}

}  // namespace kollagen
