#include "host/output/metrics_sink.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace kollagen {

void MetricsSink::write(const Snapshot& snapshot) {
  const Clock& clock = snapshot.clock();
  if (!setup_.schedule.covers(clock.time) || !once_.first(clock.step, clock.time)) return;
  if (!metrics_) {
    metrics_.emplace(snapshot.model(), snapshot.grid(), snapshot.column(), setup_.species, setup_.treatments);
    std::vector<std::string> headings;
    for (const MetricsColumn& column : metrics_->columns())
      headings.push_back(csv_heading(column.name, column.unit));
    table_.emplace(setup_.path, fmt::format("{}", fmt::join(headings, ",")));
  }
  std::vector<std::string> values;
  for (const double value : metrics_->row(snapshot)) values.push_back(csv_number(value));
  table_->append(fmt::format("{}\n", fmt::join(values, ",")));
}

void MetricsSink::finish() {
  if (table_) table_->close();
}

}  // namespace kollagen
