#include "host/output/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kollagen/check.hpp"

namespace kollagen {
namespace {

constexpr double relative_rounding = 1e-12;

}  // namespace

Schedule::Schedule(const double from, const double every, const double until, std::vector<double> single)
    : from_(from), every_(every), until_(until), last_(-1) {
  KOLLAGEN_CHECK(every > 0, "an output interval must be positive");
  if (until >= from) last_ = long(std::floor((until - from) / every * (1 + relative_rounding)));
  for (const double time : single) {
    const double m = std::round((time - from_) / every_);
    const bool on_grid = m >= 0 && m <= double(last_) && instant(long(m)) == time;
    if (!on_grid) single_.push_back(time);
  }
  std::sort(single_.begin(), single_.end());
  single_.erase(std::unique(single_.begin(), single_.end()), single_.end());
}

double Schedule::instant(const long m) const {
  const double time = from_ + double(m) * every_;
  return m == last_ && std::abs(time - until_) <= relative_rounding * std::abs(until_) ? until_ : time;
}

double Schedule::next(const double time) const {
  double result = std::numeric_limits<double>::infinity();
  // The quotient may be off by one rounding: start one instant early and walk.
  long m = time <= from_ ? 0 : std::max(0L, long(std::min((time - from_) / every_, double(last_) + 1)) - 1);
  while (m <= last_ && instant(m) < time) ++m;
  if (m <= last_) result = instant(m);
  const auto found = std::lower_bound(single_.begin(), single_.end(), time);
  if (found != single_.end()) result = std::min(result, *found);
  return result;
}

bool Schedule::covers(const double time) const {
  return (time >= from_ && time <= until_) || std::binary_search(single_.begin(), single_.end(), time);
}

long Schedule::count() const { return last_ + 1 + long(single_.size()); }

}  // namespace kollagen
