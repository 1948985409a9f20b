#!/usr/bin/env bash
# Builds Kollagen on a machine with a GPU and little else, runs the tests, compares GPU and CPU, measures.
# docs/gpu.md tells what is done, what it takes and how to read the result; everything else is in gpu_check.py.
#
#   tools/gpu_check.sh --collect FOLDER --kokkos KOKKOS_SOURCE    on a machine with Debian's packages: what to bring
#   tools/gpu_check.sh --with FOLDER [OPTION...]                  on the machine to be checked
#   tools/gpu_check.sh --help                                     all options
#
# Exit codes: 0 whatever ran is right; 1 a part that ran failed; 2 bad arguments; 3 something is missing here.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
python=$(command -v python3) || { echo "gpu_check: python3 is not in PATH" >&2; exit 3; }
# nvcc is often installed without being in PATH.
if ! command -v nvcc >/dev/null && [[ -x /usr/local/cuda/bin/nvcc ]]; then PATH=$PATH:/usr/local/cuda/bin; fi
exec "$python" -B "$here/gpu_check.py" "$@"
