#include "host/output/frame_sink.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>

#include "host/output/atomic_file.hpp"
#include "host/output/file_descriptor.hpp"
#include "kollagen/check.hpp"
#include "kollagen/collective.hpp"

namespace kollagen {
namespace {

std::string frame_name(const std::string& series, const std::size_t index) {
  return fmt::format("{}_{:06}.hdf", series, index);
}

/// Number of the frame of `series` that is called `file`; none when it is another file.
std::optional<std::size_t> frame_index(const std::string& series, const std::string& file) {
  const std::string_view begin = "_", end = ".hdf";
  if (file.size() <= series.size() + begin.size() + end.size() || !file.starts_with(series)) return {};
  const std::string digits = file.substr(series.size() + 1, file.size() - series.size() - 1 - end.size());
  if (digits.size() > 18 || digits.find_first_not_of("0123456789") != std::string::npos) return {};
  const std::size_t index = std::stoull(digits);
  return file == frame_name(series, index) ? std::optional(index) : std::nullopt;
}

/// Copies the plane `index` (of the rank's own cells) across `axis` out of a brick of `cells`, x fastest.
void cut_plane(const std::vector<double>& field, const std::array<int, 3>& cells, const int axis,
               const int index, std::vector<double>& out) {
  std::array<int, 3> lower{0, 0, 0}, upper = cells;
  lower[axis] = index;
  upper[axis] = index + 1;
  out.clear();
  for (int k = lower[2]; k < upper[2]; ++k)
    for (int j = lower[1]; j < upper[1]; ++j)
      for (int i = lower[0]; i < upper[0]; ++i)
        out.push_back(field[(std::size_t(k) * cells[1] + j) * cells[0] + i]);
}

}  // namespace

void FrameSink::write(const Snapshot& snapshot) {
  const Clock& clock = snapshot.clock();
  if (!setup_.schedule.covers(clock.time) || !once_.first(clock.step, clock.time)) return;
  const Grid& grid = snapshot.grid();
  const FramePlane& plane = setup_.plane;
  const auto centre = [&](const int axis, const int cell) { return (cell + 0.5) * grid.spacing[axis]; };
  ImageGeometry geometry{grid.global_cells, {centre(0, 0), centre(1, 0), centre(2, 0)}, grid.spacing};
  ImagePart part{grid.first, grid.cells};
  const int index = plane.index - grid.first[plane.axis];  // of the plane among the cells of this rank
  const bool here = plane.whole || (index >= 0 && index < grid.cells[plane.axis]);
  if (!plane.whole) {
    geometry.cells[plane.axis] = 1;
    geometry.first_centre[plane.axis] = centre(plane.axis, plane.index);
    part.first[plane.axis] = 0;
    part.cells[plane.axis] = here ? 1 : 0;
  }
  const ImageProvenance provenance{
      clock.time, clock.step, long(times_.size()), setup_.title, snapshot.model().name, setup_.config_toml};
  std::vector<ImageField> fields;
  for (const int species : setup_.species) {
    const SpeciesInfo& info = snapshot.model().species[std::size_t(species)];
    fields.push_back({info.name, info.unit, info.doc});
  }
  // While the file is open an error has to be one of all ranks, who close it together.
  together(snapshot.communicator(), [&] { field_.resize(here ? std::size_t(grid.owned_count()) : 0); });
  ImageFile file(setup_.folder / frame_name(setup_.name, times_.size()), geometry, provenance, fields,
                 setup_.precision, snapshot.communicator());
  for (std::size_t f = 0; f < fields.size(); ++f) {
    together(snapshot.communicator(), [&] {
      if (here) snapshot.copy(setup_.species[f], field_.data());
      if (here && !plane.whole) cut_plane(field_, grid.cells, plane.axis, index, cut_);
    });
    file.write(f, part, plane.whole ? field_.data() : cut_.data());
  }
  file.commit();
  times_.push_back(clock.time);
  on_root(snapshot.communicator(), [&] { write_series(); });
}

std::string FrameSink::prefix() const {
  return (setup_.plane.whole ? "output/fields/" : "output/slice/") + setup_.name;
}

void FrameSink::save(Record& record) const {
  record.numbers[prefix() + "/times"] = times_;
  record.numbers[prefix() + "/instant"] = once_.save();
}

void FrameSink::restore(const Record& record, const Snapshot& snapshot) {
  times_ = record.list(prefix() + "/times");
  once_.restore(record.list(prefix() + "/instant"));
  on_root(snapshot.communicator(), [&] { rewind(); });
}

void FrameSink::rewind() const {
  for (std::size_t index = 0; index < times_.size(); ++index) {
    const std::filesystem::path frame = setup_.folder / frame_name(setup_.name, index);
    if (!std::filesystem::is_regular_file(frame))
      throw IoError(
          fmt::format("{} is missing: the checkpoint counts on {} frames of this series, and the run "
                      "cannot continue it without them",
                      frame.string(), times_.size()));
  }
  std::vector<std::filesystem::path> later = files_in(setup_.folder, [&](const std::filesystem::path& path) {
    const std::string name = path.filename().string();
    const std::optional<std::size_t> index = frame_index(setup_.name, name);
    const bool left_over = name.starts_with("." + setup_.name) && name.ends_with(".tmp");
    return (index && *index >= times_.size()) || left_over;
  });
  if (times_.empty()) later.push_back(series_path());
  for (const std::filesystem::path& path : later) {
    std::error_code error;
    std::filesystem::remove(path, error);
    if (error) throw_system_error("remove", path, error.value());
  }
  if (!times_.empty()) write_series();
}

std::filesystem::path FrameSink::series_path() const { return setup_.folder / (setup_.name + ".hdf.series"); }

void FrameSink::write_series() const {
  nlohmann::ordered_json series;
  series["file-series-version"] = "1.0";
  series["files"] = nlohmann::ordered_json::array();
  for (std::size_t index = 0; index < times_.size(); ++index)
    series["files"].push_back({{"name", frame_name(setup_.name, index)}, {"time", times_[index]}});
  write_text_file(series_path(), series.dump(1) + "\n");
}

}  // namespace kollagen
