/// Stands for state_file.cpp and grid_file.cpp in builds without HDF5.
#include "host/checkpoint/grid_file.hpp"
#include "host/checkpoint/state_file.hpp"
#include "kollagen/check.hpp"

namespace kollagen {
namespace {

[[noreturn]] void refuse() {
  throw EnvironmentError(
      "checkpoints need HDF5, which this build lacks: set checkpoint.keep = 0 for a run without them");
}

[[noreturn]] void refuse_reading() {
  throw EnvironmentError("frames and checkpoints need HDF5, which this build lacks");
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

std::string GridDataset::field() const { return name; }
struct GridFile::State {};
GridFile::GridFile(const std::filesystem::path&) { refuse_reading(); }
GridFile::~GridFile() = default;
std::vector<GridDataset> GridFile::datasets() const { refuse_reading(); }
std::vector<double> GridFile::read(const GridDataset&, long, long) const { refuse_reading(); }
void GridFile::check_pieces(const GridDataset&) const { refuse_reading(); }
std::optional<double> GridFile::number(const std::string&) const { refuse_reading(); }
std::string GridFile::text(const std::string&) const { refuse_reading(); }
long planes_at_once(const GridDataset&) { return 1; }

}  // namespace kollagen
