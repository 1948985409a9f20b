/// Keeps the signals of a run out of the hands of libraries.
#pragma once

#include <array>
#include <csignal>

namespace kollagen {

/// Gives the signals that stop a run back to their handlers when it ends: VTK's log and Python take them for
/// themselves, and the way to stop a run is ours. A handler that has gone back to the default because its signal came
/// stays so.
class KeepSignals {
 public:
  KeepSignals() {
    for (std::size_t s = 0; s < numbers.size(); ++s) ::sigaction(numbers[s], nullptr, &before_[s]);
  }
  ~KeepSignals() {
    for (std::size_t s = 0; s < numbers.size(); ++s) {
      struct sigaction now {};
      ::sigaction(numbers[s], nullptr, &now);
      if (now.sa_handler != before_[s].sa_handler && now.sa_handler != SIG_DFL)
        ::sigaction(numbers[s], &before_[s], nullptr);
    }
  }
  KeepSignals(const KeepSignals&) = delete;
  KeepSignals& operator=(const KeepSignals&) = delete;

 private:
  static constexpr std::array<int, 6> numbers{SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGPIPE, SIGXFSZ};
  std::array<struct sigaction, 6> before_{};
};

}  // namespace kollagen
