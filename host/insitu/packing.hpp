/// Gathers what a script wants from a snapshot into contiguous host buffers with one layer of the neighbours'
/// cells.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "host/insitu/backend.hpp"
#include "kollagen/decomposition.hpp"
#include "kollagen/snapshot.hpp"

namespace kollagen {

/// Holds the buffers, which keep their place in memory from the first use on, and up to two fields of owned
/// cells.
class InsituPacker {
 public:
  /// `species` and `derived` (names of host/insitu/derived.hpp) are what may be asked for. `grid` is the part
  /// of this rank under the decomposition of host/decomposition. Throws std::logic_error when it is not.
  InsituPacker(const ModelInfo& model, const Grid& grid, const std::vector<int>& species,
               const std::vector<std::string>& derived, Precision precision, const Communicator& ranks);

  /// Fills the buffers of those fields that `wanted` names and returns the frame with them. Collective;
  /// `wanted` gives the same answers on all ranks.
  const InsituFrame& pack(const Snapshot& snapshot, const std::function<bool(const std::string&)>& wanted);

  /// Memory held on this rank [B].
  std::size_t bytes() const;

 private:
  /// What a buffer is filled with: a species, or the derived field of that index.
  struct Source {
    int species = -1;
    int derived = -1;
    InsituArray array;
  };

  void fill(Source& source, const Snapshot& snapshot);
  /// Owned values of `owned_` into the inner cells of a buffer.
  void place(InsituArray& array) const;
  /// The layers of the neighbours into the listed buffers, axis by axis, so that edges and corners are right
  /// too.
  void exchange(Communicator& ranks);

  Grid grid_;
  Decomposition parts_;
  std::array<int, 3> below_{0, 0, 0}, above_{0, 0, 0};  ///< layers of neighbours
  std::vector<Source> sources_;
  std::vector<InsituArray*> listed_;  ///< those of the frame, for writing
  InsituFrame frame_;
  std::vector<double> owned_, other_;
  std::array<std::vector<char>, 4> messages_;  ///< to and from below, to and from above
};

}  // namespace kollagen
