/// Stands for state_file.cpp in builds without HDF5.
#include "host/checkpoint/state_file.hpp"
#include "kollagen/check.hpp"

namespace kollagen {
namespace {

[[noreturn]] void refuse() {
  throw EnvironmentError("checkpoints need HDF5, which this build lacks: set checkpoint.keep = 0 for a run without them");
}

}  // namespace

double state_file_overhead(int, double) { return 0; }

struct StateWriter::State {};
StateWriter::StateWriter(std::filesystem::path, const Grid&, const std::vector<std::string>&,
                         const std::map<std::string, std::string>&, Communicator&) {
  refuse();
}
StateWriter::~StateWriter() = default;
StoredCells StateWriter::write(const std::string&, const double*) { refuse(); }
void StateWriter::close() { refuse(); }

struct StateReader::State {};
StateReader::StateReader(const std::filesystem::path&) { refuse(); }
StateReader::~StateReader() = default;
std::string StateReader::text(const std::string&) const { refuse(); }
void StateReader::read(const std::string&, const Grid&, double*) const { refuse(); }

}  // namespace kollagen
