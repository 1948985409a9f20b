#include "host/insitu/insitu_sink.hpp"

#include <chrono>

#include "kollagen/check.hpp"
#include "kollagen/collective.hpp"

namespace kollagen {
namespace {

using Steady = std::chrono::steady_clock;

double seconds_since(const Steady::time_point begin) {
  return std::chrono::duration<double>(Steady::now() - begin).count();
}

}  // namespace

InsituSink::InsituSink(Setup setup, std::unique_ptr<InsituBackend> backend)
    : setup_(std::move(setup)), backend_(std::move(backend)) {}

void InsituSink::write(const Snapshot& snapshot) {
  ranks_ = &snapshot.communicator();
  const Clock& clock = snapshot.clock();
  if (!failure_.empty() || !once_.first(clock.step, clock.time)) return;
  guarded([&] { show(snapshot); });
}

void InsituSink::show(const Snapshot& snapshot) {
  Communicator& ranks = snapshot.communicator();
  if (!packer_) {
    const auto begin = Steady::now();
    together(ranks, [&] { backend_->check(); });
    together(ranks, [&] { backend_->load(); });
    setup_.started(backend_->name());
    packer_ = std::make_unique<InsituPacker>(snapshot.model(), snapshot.grid(), setup_.species,
                                             setup_.derived, setup_.precision, ranks);
    cost_.start_seconds = seconds_since(begin);
  }
  bool asked = false;
  together(ranks, [&] { asked = backend_->request(snapshot.clock().time, snapshot.clock().step); });
  if (!asked) return;
  const auto begin = Steady::now();
  const InsituFrame& frame =
      packer_->pack(snapshot, [&](const std::string& field) { return backend_->wants(field); });
  cost_.pack_seconds += seconds_since(begin);
  cost_.bytes = packer_->bytes();
  together(ranks, [&] { backend_->execute(frame); });
  ++cost_.calls;
  look_at_settings();
}

void InsituSink::look_at_settings() {
  SteeringSettings now;
  together(*ranks_, [&] { now = backend_->settings(); });
  now.values.resize(setup_.steering.size());
  std::vector<double> all{double(now.pause), double(now.stop), double(now.outputs)};
  all.insert(all.end(), now.values.begin(), now.values.end());
  ranks_->broadcast(all.data(), all.size() * sizeof(double), 0);
  request_.pause = all[0] != 0;
  request_.stop = request_.stop || all[1] != 0;
  request_.output = request_.output || all[2] != double(outputs_);
  outputs_ = long(all[2]);
  for (std::size_t p = 0; p < setup_.steering.size(); ++p) {
    SteeringParameter& known = setup_.steering[p];
    if (all[3 + p] != known.value) request_.values.push_back({known.name, all[3 + p]});
  }
}

void InsituSink::set_value(const std::string& parameter, const double value) {
  for (std::size_t p = 0; p < setup_.steering.size(); ++p) {
    const bool known = setup_.steering[p].value == value;
    if (setup_.steering[p].name != parameter || known || !failure_.empty()) continue;
    setup_.steering[p].value = value;
    backend_->set_value(p, value);
  }
}

InsituSink::Request InsituSink::take_request() {
  Request taken = std::move(request_);
  request_ = {};
  if (!failure_.empty()) return {};
  request_.pause = taken.pause;
  for (const Request::Value& asked : taken.values)
    for (SteeringParameter& known : setup_.steering)
      if (known.name == asked.parameter) known.value = asked.value;
  return taken;
}

void InsituSink::finish() {
  if (failure_.empty() && packer_) guarded([&] { together(*ranks_, [&] { backend_->finish(); }); });
}

void InsituSink::guarded(const std::function<void()>& work) {
  const auto begin = Steady::now();
  try {
    work();
  } catch (const std::exception& error) {
    failure_ = error.what();
    setup_.failed(failure_);
  }
  cost_.seconds += seconds_since(begin);
  const std::string complaint = backend_->complaints();
  if (complaint.empty() || complained_ || !failure_.empty()) return;
  complained_ = true;
  setup_.complained(complaint);
}

}  // namespace kollagen
