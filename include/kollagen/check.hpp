/// The errors that end a run. Each carries the exit code that the command line promises.
#pragma once

#include <stdexcept>
#include <string>

namespace kollagen {

/// Exit codes of the program; a contract with scripts and schedulers (docs/cli.md).
enum class ExitCode : int {
  done = 0,
  internal = 1,  ///< should never happen
  bad_input = 2,
  environment = 3,
  numerical_guard = 4,
  input_output = 5,
  resumable = 75,
};

/// Base of all errors that Kollagen raises on purpose; `code()` is what the process exits with.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& text) : std::runtime_error(text), code_(code) {}
  ExitCode code() const noexcept { return code_; }

 private:
  ExitCode code_;
};

/// The study or the command line is wrong; nothing has been written.
struct InputError : Error {
  explicit InputError(const std::string& text) : Error(ExitCode::bad_input, text) {}
};
/// The machine lacks what the study asks for: a backend, memory, a display, an optional part.
struct EnvironmentError : Error {
  explicit EnvironmentError(const std::string& text) : Error(ExitCode::environment, text) {}
};
/// The solution became invalid (not finite, out of range) or the step collapsed.
struct GuardError : Error {
  explicit GuardError(const std::string& text) : Error(ExitCode::numerical_guard, text) {}
};
/// A file could not be read or written.
struct IoError : Error {
  explicit IoError(const std::string& text) : Error(ExitCode::input_output, text) {}
};

/// Throws the error of the class that belongs to `code`: for errors that came from another rank.
[[noreturn]] inline void throw_error(const ExitCode code, const std::string& text) {
  switch (code) {
    case ExitCode::bad_input:
      throw InputError(text);
    case ExitCode::environment:
      throw EnvironmentError(text);
    case ExitCode::numerical_guard:
      throw GuardError(text);
    case ExitCode::input_output:
      throw IoError(text);
    case ExitCode::done:
    case ExitCode::internal:
    case ExitCode::resumable:
      break;
  }
  throw Error(code, text);
}

}  // namespace kollagen

/// Checks a programming contract on the host, in every build type; throws std::logic_error.
#define KOLLAGEN_CHECK(condition, text)                                                        \
  do {                                                                                         \
    if (!(condition))                                                                          \
      throw std::logic_error(std::string(__FILE__ ":") + std::to_string(__LINE__) + ": " + (text)); \
  } while (0)
