/// Errors that all ranks share: what one rank cannot do, none has done.
#pragma once

#include <exception>
#include <functional>
#include <string>

#include "kollagen/check.hpp"
#include "kollagen/communicator.hpp"

namespace kollagen {

/// Sends a text of rank `from` to all. Collective.
inline void broadcast_text(Communicator& ranks, std::string& text, const int from = 0) {
  std::size_t length = text.size();
  ranks.broadcast(&length, sizeof length, from);
  text.resize(length);
  ranks.broadcast(text.data(), length, from);
}

/// Calls `work` on every rank. When it throws anywhere, every rank throws the error of the lowest rank that failed, of
/// the class of its exit code; so no rank goes on, or waits for one that is gone. `work` must not be collective itself after
/// a point where it may throw on some ranks only. Collective.
inline void together(Communicator& ranks, const std::function<void()>& work) {
  int code = 0;
  std::string text;
  try {
    work();
  } catch (const Error& error) {
    code = int(error.code());
    text = error.what();
  } catch (const std::exception& error) {
    if (ranks.size() == 1) throw;
    code = int(ExitCode::internal);
    text = error.what();
  }
  // The lowest failing rank is the largest of the numbers size - rank.
  const double failing = ranks.max(code == 0 ? 0.0 : double(ranks.size() - ranks.rank()));
  if (failing == 0) return;
  const int from = ranks.size() - int(failing);
  ranks.broadcast(&code, sizeof code, from);
  broadcast_text(ranks, text, from);
  throw_error(ExitCode(code), text);
}

/// Calls `work` on rank 0 only; its error is thrown on every rank. Collective.
inline void on_root(Communicator& ranks, const std::function<void()>& work) {
  together(ranks, [&] {
    if (ranks.root()) work();
  });
}

}  // namespace kollagen
