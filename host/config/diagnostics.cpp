#include "host/config/diagnostics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <numeric>
#include <tuple>

namespace kollagen {
namespace {

/// Letters to insert, delete, replace or swap to get from `a` to `b`; case counts half a letter, so the
/// result is doubled.
int doubled_edit_distance(const std::string_view a, const std::string_view b) {
  const auto lower = [](const char c) { return std::tolower(static_cast<unsigned char>(c)); };
  const std::size_t width = b.size() + 1;
  std::vector<int> cost((a.size() + 1) * width);
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      int& here = cost[i * width + j];
      if (i == 0 || j == 0) {
        here = 2 * int(i + j);
        continue;
      }
      const int replace = a[i - 1] == b[j - 1] ? 0 : lower(a[i - 1]) == lower(b[j - 1]) ? 1 : 2;
      here = std::min({cost[(i - 1) * width + j] + 2, cost[i * width + j - 1] + 2,
                       cost[(i - 1) * width + j - 1] + replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        here = std::min(here, cost[(i - 2) * width + j - 2] + 2);
    }
  }
  return cost.back();
}

}  // namespace

Diagnostics::Diagnostics(std::string file, std::string_view text) : file_(std::move(file)) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines_.emplace_back(text.substr(0, end));
    if (!lines_.back().empty() && lines_.back().back() == '\r') lines_.back().pop_back();
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

void Diagnostics::add(const Place& place, const std::string& key, const std::string& value,
                      const std::string& message) {
  const std::string subject = value.empty() ? key : fmt::format("{} = {}", key, value);
  errors_.push_back({place, subject.empty() ? message : fmt::format("{}: {}", subject, message)});
}

std::string Diagnostics::format(const Entry& entry) const {
  const Place& p = entry.place;
  if (!p.option.empty()) return fmt::format("{}: error: {}", p.option, entry.text);
  if (p.line < 1) return fmt::format("{}: error: {}", file_, entry.text);
  std::string block = fmt::format("{}:{}:{}: error: {}", file_, p.line, p.column, entry.text);
  if (std::size_t(p.line) <= lines_.size()) {
    const std::string& line = lines_[std::size_t(p.line) - 1];
    block += fmt::format("\n{:5} | {}\n      | {:>{}}", p.line, line, '^', std::max(1, p.column));
  }
  return block;
}

std::string Diagnostics::text() const {
  std::vector<const Entry*> order;
  for (const Entry& entry : errors_) order.push_back(&entry);
  std::stable_sort(order.begin(), order.end(), [](const Entry* a, const Entry* b) {
    const auto rank = [](const Entry* e) {
      return std::tuple(!e->place.option.empty(), e->place.line, e->place.column);
    };
    return rank(a) < rank(b);
  });
  std::string result;
  for (const Entry* entry : order) {
    if (!result.empty()) result += '\n';
    result += format(*entry);
  }
  if (errors_.size() > 1) result += fmt::format("\n{} errors", errors_.size());
  return result;
}

std::string suggestion(const std::string_view word, const std::vector<std::string>& known) {
  const std::string* best = nullptr;
  int best_cost = 0;
  for (const std::string& candidate : known) {
    if (candidate.empty()) continue;  // the path of the top level
    const int cost = doubled_edit_distance(word, candidate);
    if (best == nullptr || cost < best_cost) best = &candidate, best_cost = cost;
  }
  // Up to a third of the letters may be wrong, one in short words, and none in words of one letter but its
  // case.
  const int limit = word.size() == 1 ? 1 : 2 * std::max<int>(1, int(word.size()) / 3);
  return best != nullptr && best_cost <= limit ? fmt::format("; did you mean '{}'?", *best) : "";
}

}  // namespace kollagen
