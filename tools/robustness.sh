#!/usr/bin/env bash
# The long campaign of faults; writes docs/robustness.md. Run it on a quiet machine, in a build made by tools/test.sh.
#
#   tools/robustness.sh [OPTION of tests/robustness/campaign.py]...      for example: tools/robustness.sh --kills 1000
#
# Environment: KOLLAGEN_BUILD   build folder (default build/test-serial)
# A campaign that was broken off goes on where it was; remove BUILD/robustness to start over.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source tools/packages.sh

build=${KOLLAGEN_BUILD:-build/test-serial}
exec "$python" -B tests/robustness/campaign.py "$build/kollagen" "$build/tests/robustness/libkollagen_faults.so" \
  --kills 200 --damages 500 --disk 45 --ranks 20 --cuts 20 --step-times 1 \
  --jobs "$(nproc)" --folder "$build/robustness" --page docs/robustness.md "$@"
