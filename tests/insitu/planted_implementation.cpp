/// An implementation of Catalyst 2 for tests: notes whether it is handed the memory of the run itself, and
/// fails as PLANTED_FAULT says.
#include <catalyst.h>
#include <catalyst_impl.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace {

bool fault(const std::string& name) {
  const char* planted = std::getenv("PLANTED_FAULT");
  return planted && name == planted;
}

catalyst_status initialize(const conduit_node*) {
  if (fault("signals")) std::signal(SIGUSR1, [](int) {});  // as Python does with SIGINT
  return fault("initialize") ? catalyst_status(77) : catalyst_status_ok;
}

/// Notes for each field: its name, whether its values stayed where the run has them, their address.
catalyst_status execute(const conduit_node* params) {
  static int calls = 0;
  ++calls;
  if (calls == 3 && fault("status")) return catalyst_status(78);
  if (calls == 3 && fault("exception")) throw std::runtime_error("planted in the third call");
  if (calls == 3 && fault("signals")) std::raise(SIGUSR1);
  if (calls == 3 && fault("last rank")) {
    const char* rank = std::getenv("OMPI_COMM_WORLD_RANK");
    if (rank && std::string(rank) == "2") return catalyst_status(79);
  }
  const char* notes = std::getenv("PLANTED_NOTES");
  if (!notes) return catalyst_status_ok;
  std::FILE* file = std::fopen(notes, "a");
  if (!file) return catalyst_status(80);
  conduit_node* fields =
      conduit_node_fetch(const_cast<conduit_node*>(params), "catalyst/channels/fields/data/fields");
  for (conduit_index_t n = 0; n < conduit_node_number_of_children(fields); ++n) {
    conduit_node* values = conduit_node_fetch(conduit_node_child(fields, n), "values");
    char* name = conduit_node_name(conduit_node_child(fields, n));
    std::fprintf(file, "%d %s %d %p\n", calls, name, conduit_node_is_data_external(values),
                 conduit_node_data_ptr(values));
    std::free(name);
  }
  std::fclose(file);
  return catalyst_status_ok;
}

catalyst_status finalize(const conduit_node*) {
  return fault("finalize") ? catalyst_status(81) : catalyst_status_ok;
}

catalyst_status nothing(conduit_node*) { return catalyst_status_ok; }

}  // namespace

extern "C" __attribute__((visibility("default"))) const catalyst_impl catalyst_api_impl;
const catalyst_impl catalyst_api_impl = {1, initialize, execute, finalize, nothing, nothing};
