#!/usr/bin/env bash
# Installs what is missing, builds everything and runs all tests. Run it again at any time.
#
#   tools/test.sh [CMAKE OPTION...]      for example: tools/test.sh -DKokkos_ROOT=/opt/kokkos
#
# Environment: KOLLAGEN_PRESET  configure preset (default serial)
#              KOLLAGEN_BUILD   build folder     (default build/test-PRESET)
#              KOLLAGEN_CTEST   further options of ctest, for example "-L unit"
# Exit codes:  0 all tests passed; 3 packages are missing and may not be installed here; otherwise that
#              of the step that failed (8: ctest, a test failed).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source tools/packages.sh

preset=${KOLLAGEN_PRESET:-serial}
build=${KOLLAGEN_BUILD:-build/test-$preset}

install_packages "${packages_build[@]}" "${packages_pictures[@]}" "${packages_tests[@]}"
install_packages "${packages_paraview[@]}" ||
  say "ParaView could not be installed: the tests that need it will say that they are skipped"
install_packages "${packages_slurm[@]}" ||
  say "Slurm could not be installed: the tests that need it will say that they are skipped"

say "building in $build"
cmake --preset "$preset" -B "$build" -DKOLLAGEN_TESTS=ON "$@"
cmake --build "$build" --parallel "$(nproc)"

# Tests run side by side. A program with threads gets two: enough to show a race, few enough not to crowd
# the machine; and it may not pin them, or all programs would share the same two cores.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-2} OMP_PROC_BIND=${OMP_PROC_BIND:-false}
say "testing"
read -ra ctest_options <<<"${KOLLAGEN_CTEST:-}"
exec ctest --test-dir "$build" --output-on-failure --no-tests=error --parallel "$(nproc)" "${ctest_options[@]}"
