#include "host/output/metrics_sink.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>

namespace kollagen {

void MetricsSink::start(const Snapshot& snapshot) {
  metrics_.emplace(snapshot.model(), snapshot.grid(), snapshot.column(), setup_.species, setup_.treatments,
                   setup_.spread);
  std::vector<std::string> headings;
  for (const MetricsColumn& column : metrics_->columns())
    headings.push_back(csv_heading(column.name, column.unit));
  table_.emplace(setup_.path, fmt::format("{}", fmt::join(headings, ",")), ranks_);
  for (const auto& [species, window, values] : metrics_->histograms()) {
    const SpeciesInfo& info = snapshot.model().species[std::size_t(species)];
    histograms_.emplace_back(setup_.histograms / fmt::format("{}_{}.csv", info.name, window),
                             fmt::format("{},{},{},{}", csv_heading("time", "h"), csv_heading("lower", info.unit),
                                         csv_heading("upper", info.unit), csv_heading("cells", "1")),
                             ranks_);
  }
}

void MetricsSink::write(const Snapshot& snapshot) {
  const Clock& clock = snapshot.clock();
  if (!setup_.schedule.covers(clock.time) || !once_.first(clock.step, clock.time)) return;
  if (!metrics_) start(snapshot);
  std::vector<std::string> values;
  for (const double value : metrics_->row(snapshot)) values.push_back(csv_number(value));
  table_->append(fmt::format("{}\n", fmt::join(values, ",")));
  write_histograms(clock.time);
}

void MetricsSink::write_histograms(const double time) {
  for (std::size_t n = 0; n < histograms_.size(); ++n) {
    const Distribution& values = metrics_->histograms()[n].values;
    std::string lines;
    for (std::size_t b = 0; b < values.counts.size(); ++b)
      fmt::format_to(std::back_inserter(lines), "{},{},{},{}\n", csv_number(time), csv_number(values.edges[b]),
                     csv_number(values.edges[b + 1]), values.counts[b]);
    if (!lines.empty()) histograms_[n].append(lines);
  }
}

void MetricsSink::finish() {
  if (table_) table_->close();
  for (CsvFile& table : histograms_) table.close();
}

void MetricsSink::save(Record& record) const {
  const std::string prefix = "output/metrics/" + setup_.name;
  record.set(prefix + "/bytes", double(table_ ? table_->save() : 0));
  std::vector<double> lengths;
  for (const CsvFile& table : histograms_) lengths.push_back(double(table.save()));
  if (!lengths.empty()) record.numbers[prefix + "/histograms"] = lengths;
  record.numbers[prefix + "/instant"] = once_.save();
  const std::vector<double> core = metrics_ ? metrics_->core() : std::vector<double>{};
  record.set(prefix + "/core_known", !core.empty());
  if (!core.empty()) record.fields[prefix + "/core"] = core;
}

void MetricsSink::restore(const Record& record, const Snapshot& snapshot) {
  const std::string prefix = "output/metrics/" + setup_.name;
  histograms_.clear();  // those of an attempt with another checkpoint
  start(snapshot);
  table_->restore(long(record.number(prefix + "/bytes")));
  for (std::size_t n = 0; n < histograms_.size(); ++n)
    histograms_[n].restore(long(record.list(prefix + "/histograms").at(n)));
  once_.restore(record.list(prefix + "/instant"));
  if (record.number(prefix + "/core_known") == 0) return;
  const auto core = record.fields.find(prefix + "/core");
  if (core == record.fields.end()) throw IoError("checkpoint: \"" + prefix + "/core\" is missing");
  metrics_->set_core(core->second, snapshot.communicator());
}

}  // namespace kollagen
