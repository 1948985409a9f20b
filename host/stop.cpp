#include "host/stop.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <iterator>
#include <limits>
#include <regex>

#include "kollagen/check.hpp"

namespace kollagen {
namespace {

namespace fs = std::filesystem;

std::atomic<int> noted_signal{0};
static_assert(std::atomic<int>::is_always_lock_free, "a handler of signals may use nothing else");

extern "C" void note_signal(const int number) { noted_signal = number; }

std::string signal_name(const int number) {
  switch (number) {
    case SIGTERM:
      return "SIGTERM";
    case SIGUSR1:
      return "SIGUSR1";
    case SIGUSR2:
      return "SIGUSR2";
    default:
      return "SIGINT";
  }
}

/// Reasons of rank 0, as they go through the reduction.
const char* const reasons[] = {"", "the file stop", "--walltime", "the limit of the Slurm job"};

/// A look at a parallel file system takes up to a millisecond, a small step no longer.
constexpr std::chrono::milliseconds between_looks{200};

/// What a process prints, and whether it succeeded.
struct Answer {
  bool good = false;
  std::string text;
};

Answer ask_shell(const std::string& command) {
  Answer answer;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return answer;
  char buffer[256];
  while (std::fgets(buffer, sizeof buffer, pipe) != nullptr) answer.text += buffer;
  answer.good = ::pclose(pipe) == 0;
  while (!answer.text.empty() && std::isspace(static_cast<unsigned char>(answer.text.back())))
    answer.text.pop_back();
  return answer;
}

JobEnd job_end_at(const std::time_t time, const std::string& source) {
  char text[64];
  std::tm parts{};
  ::localtime_r(&time, &parts);
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
  if (time <= std::time(nullptr))
    return {std::nullopt,
            fmt::format("the end of the Slurm job from {}, {}, has passed; not used", source, text)};
  return {std::chrono::system_clock::from_time_t(time),
          fmt::format("the Slurm job ends at {} ({})", text, source)};
}

}  // namespace

StopSignals::StopSignals() {
  noted_signal = 0;
  for (std::size_t s = 0; s < numbers.size(); ++s) {
    ::sigaction(numbers[s], nullptr, &before_[s]);
    if (before_[s].sa_handler == SIG_IGN) continue;
    struct sigaction action {};
    const bool unwanted = numbers[s] == SIGPIPE || numbers[s] == SIGXFSZ;
    action.sa_handler = unwanted ? SIG_IGN : note_signal;
    action.sa_flags = numbers[s] == SIGINT ? SA_RESTART | int(SA_RESETHAND) : SA_RESTART;
    ::sigaction(numbers[s], &action, nullptr);
  }
}

StopSignals::~StopSignals() {
  for (std::size_t s = 0; s < numbers.size(); ++s) ::sigaction(numbers[s], &before_[s], nullptr);
}

int StopSignals::noted() { return noted_signal; }

double parse_walltime(const std::string& text) {
  // Up to six digits per number: none can overflow.
  static const std::regex with_days(R"((\d{1,6})-(\d{1,6})(?::(\d{1,2}))?(?::(\d{1,2}))?)");
  static const std::regex clock(R"((?:(\d{1,6}):)?(\d{1,6})(?::(\d{1,2})))");
  static const std::regex minutes(R"(\d{1,6})");
  std::smatch part;
  const auto number = [&part](const std::size_t i) { return part[i].matched ? std::stod(part[i].str()) : 0; };
  double seconds = 0;
  if (std::regex_match(text, part, with_days))
    seconds = ((number(1) * 24 + number(2)) * 60 + number(3)) * 60 + number(4);
  else if (std::regex_match(text, part, clock))
    seconds = (number(1) * 60 + number(2)) * 60 + number(3);
  else if (std::regex_match(text, minutes))
    seconds = std::stod(text) * 60;
  if (seconds > 0) return seconds;
  throw InputError(
      fmt::format("--walltime {}: not a time; allowed: HH:MM:SS, D-HH:MM:SS, D-HH, MM:SS or a number of "
                  "minutes, more than 0",
                  text));
}

JobEnd slurm_job_end() {
  const char* job = std::getenv("SLURM_JOB_ID");
  if (job == nullptr || *job == '\0') return {};
  const std::string id = job;
  if (const char* end = std::getenv("SLURM_JOB_END_TIME")) {
    char* rest = nullptr;
    const long time = std::strtol(end, &rest, 10);
    if (*end != '\0' && *rest == '\0' && time > 0) return job_end_at(time, "SLURM_JOB_END_TIME");
  }
  if (id.find_first_not_of("0123456789") != std::string::npos)
    return {std::nullopt,
            fmt::format("SLURM_JOB_ID = {} is no number: the limit of the job is not known", id)};
  const Answer answer =
      ask_shell(fmt::format("SLURM_TIME_FORMAT=standard timeout 30 squeue -h -j {} -o %e 2>&1", id));
  std::tm parts{};
  const char* rest = answer.good ? ::strptime(answer.text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts) : nullptr;
  if (rest != nullptr && *rest == '\0') {
    parts.tm_isdst = -1;
    return job_end_at(std::mktime(&parts), "squeue");
  }
  if (answer.good && (answer.text == "NONE" || answer.text == "N/A" || answer.text == "Unknown"))
    return {std::nullopt, "the Slurm job has no time limit"};
  return {std::nullopt,
          fmt::format("the limit of Slurm job {} is not known: squeue says \"{}\"; --walltime sets one", id,
                      answer.text)};
}

StopWatch::StopWatch(Setup setup, const Steady::time_point start)
    : setup_(std::move(setup)),
      start_(start),
      checkpoint_start_(Steady::now()),
      last_look_(start - between_looks) {}

void StopWatch::step_took(const double seconds) {
  constexpr std::size_t kept = 32;
  steps_.push_back(seconds);
  if (steps_.size() > kept) steps_.pop_front();
}

void StopWatch::outputs_took(const double seconds) { slowest_outputs_ = std::max(slowest_outputs_, seconds); }

void StopWatch::checkpoint_took(const double seconds) {
  slowest_checkpoint_ = std::max(slowest_checkpoint_, seconds);
  checkpoint_start_ = Steady::now();
}

double StopWatch::seconds_since_start() const {
  return std::chrono::duration<double>(Steady::now() - start_).count();
}

double StopWatch::needed() const {
  // Steps vary with their number of iterations, and file systems with what others do.
  constexpr double margin = 1.5;
  const double step = steps_.empty() ? 0 : *std::max_element(steps_.begin(), steps_.end());
  // Frames that are still to come for the first time are hardly larger than a checkpoint.
  return margin * (step + std::max(slowest_outputs_, slowest_checkpoint_) + slowest_checkpoint_);
}

int StopWatch::find_reason() {
  const auto now = Steady::now();
  if (now - last_look_ >= between_looks) {
    last_look_ = now;
    std::error_code ignored;
    if (fs::exists(setup_.stop_file, ignored)) {
      fs::remove(setup_.stop_file, ignored);
      return 1;
    }
  }
  if (steps_.empty()) return 0;
  // For the end of the process, a part of the whole that cannot outweigh a short limit.
  const auto reserve = [](const double whole) { return std::min(30., 0.05 * whole); };
  if (setup_.walltime && *setup_.walltime - seconds_since_start() < needed() + reserve(*setup_.walltime))
    return 2;
  if (setup_.job_end) {
    const double left =
        std::chrono::duration<double>(*setup_.job_end - std::chrono::system_clock::now()).count();
    if (left < needed() + reserve(left + seconds_since_start())) return 3;
  }
  return 0;
}

StopDecision StopWatch::at_edge(Communicator& ranks) {
  double agreed[] = {double(StopSignals::noted()), 0, 0};
  if (ranks.root()) {
    agreed[1] = find_reason();
    const double kept = std::chrono::duration<double>(Steady::now() - checkpoint_start_).count();
    agreed[2] = setup_.checkpoint_interval && kept >= *setup_.checkpoint_interval;
  }
  ranks.max(agreed, int(std::size(agreed)));
  StopDecision decision;
  decision.reason = agreed[0] > 0 ? signal_name(int(agreed[0])) : reasons[int(agreed[1])];
  decision.checkpoint = agreed[2] > 0;
  return decision;
}

}  // namespace kollagen
