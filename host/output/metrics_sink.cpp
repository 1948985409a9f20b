#include "host/output/metrics_sink.hpp"

namespace kollagen {

void MetricsSink::write(const Snapshot& snapshot) {
  const Clock& clock = snapshot.clock();
  if (!once_.first(clock.step, clock.time)) return;
  if (!metrics_) {
    metrics_.emplace(snapshot.model(), snapshot.grid(), snapshot.column(), setup_.species, setup_.treatments);
    std::string header;
    for (const MetricsColumn& column : metrics_->columns())
      header += (header.empty() ? "" : ",") + csv_heading(column.name, column.unit);
    table_.emplace(setup_.path, header);
  }
  std::string line;
  for (const double value : metrics_->row(snapshot)) {
    if (!line.empty()) line += ',';  // the first value, the time, is never empty
    line += csv_number(value);
  }
  table_->append(line + '\n');
}

void MetricsSink::finish() {
  if (table_) table_->close();
}

}  // namespace kollagen
