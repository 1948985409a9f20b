"""Runs check_paraview.py on a sample run: run_check_paraview.py PVPYTHON MAKE_SAMPLE_RUN

Exit 77, which ctest shows as skipped, when there is no pvpython. A process of its own, ended after a time:
a ParaView that crashes while reading may hang instead of ending.
"""

import os
import shutil
import subprocess
import sys
import tempfile

pvpython, sample = sys.argv[1:3]
if not shutil.which(pvpython):
    print("skipped: pvpython is not installed (Debian: paraview)")
    sys.exit(77)
with tempfile.TemporaryDirectory() as folder:
    subprocess.run([sample, "linear", folder], check=True)
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "check_paraview.py")
    try:
        sys.exit(subprocess.run([pvpython, script, folder], timeout=120).returncode)
    except subprocess.TimeoutExpired:  # subprocess.run has killed it
        sys.exit("ParaView did not end within 120 s")
