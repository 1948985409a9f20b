#!/usr/bin/env bash
# From a fresh clone to pictures of healing skin: installs what is missing, builds, runs
# configs/quickstart.toml and plots it. Run it again at any time; what is installed and built is not repeated.
#
#   tools/quickstart.sh
#
# Results go to runs/quickstart and replace those of an earlier round.
# Environment: KOLLAGEN_BUILD  build folder (default build/quickstart)
# Exit codes:  0 done; 3 packages are missing and may not be installed here; otherwise that of the
#              step that failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source tools/packages.sh

build=${KOLLAGEN_BUILD:-build/quickstart}
run=runs/quickstart

install_packages "${packages_build[@]}" "${packages_pictures[@]}"

say "building in $build"
cmake --preset serial -B "$build" -DKOLLAGEN_TESTS=OFF
cmake --build "$build" --target kollagen --parallel "$(nproc)"

say "running configs/quickstart.toml"
rm -rf "$run"  # of an earlier round, its picture included
"$build/kollagen" run configs/quickstart.toml -o "$run"

say "plotting"
"$python" tools/plot_run.py "$run"

cat <<TEXT

Done. Where to look:
  picture      $run/overview.png
  time series  $run/metrics.csv
  in 3D        paraview $run/fields/fields.hdf.series     (ParaView 5.11 or newer)
  the study    configs/quickstart.toml; as it was resolved, with every default: $run/config.toml
  next         $build/kollagen run configs/stamp_4x4.toml; README.md lists all commands and studies
TEXT
