#include "host/output/metrics_sink.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace kollagen {

void MetricsSink::start(const Snapshot& snapshot) {
  metrics_.emplace(snapshot.model(), snapshot.grid(), snapshot.column(), setup_.species, setup_.treatments);
  std::vector<std::string> headings;
  for (const MetricsColumn& column : metrics_->columns())
    headings.push_back(csv_heading(column.name, column.unit));
  table_.emplace(setup_.path, fmt::format("{}", fmt::join(headings, ",")), ranks_);
}

void MetricsSink::write(const Snapshot& snapshot) {
  const Clock& clock = snapshot.clock();
  if (!setup_.schedule.covers(clock.time) || !once_.first(clock.step, clock.time)) return;
  if (!metrics_) start(snapshot);
  std::vector<std::string> values;
  for (const double value : metrics_->row(snapshot)) values.push_back(csv_number(value));
  table_->append(fmt::format("{}\n", fmt::join(values, ",")));
}

void MetricsSink::finish() {
  if (table_) table_->close();
}

void MetricsSink::save(Record& record) const {
  const std::string prefix = "output/metrics/" + setup_.name;
  record.set(prefix + "/bytes", double(table_ ? table_->save() : 0));
  record.numbers[prefix + "/instant"] = once_.save();
  const std::vector<double> core = metrics_ ? metrics_->core() : std::vector<double>{};
  record.set(prefix + "/core_known", !core.empty());
  if (!core.empty()) record.fields[prefix + "/core"] = core;
}

void MetricsSink::restore(const Record& record, const Snapshot& snapshot) {
  const std::string prefix = "output/metrics/" + setup_.name;
  start(snapshot);
  table_->restore(long(record.number(prefix + "/bytes")));
  once_.restore(record.list(prefix + "/instant"));
  if (record.number(prefix + "/core_known") == 0) return;
  const auto core = record.fields.find(prefix + "/core");
  if (core == record.fields.end()) throw IoError("checkpoint: \"" + prefix + "/core\" is missing");
  metrics_->set_core(core->second, snapshot.communicator());
}

}  // namespace kollagen
