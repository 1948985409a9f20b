"""The overview picture of a skin run and of another model: python3 test_plot_run.py TOOLS MAKE_SAMPLE_RUN"""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

try:
    import h5py  # noqa: F401
    import matplotlib.image
    import numpy as np
except ImportError as error:
    print(f"skipped: {error} (Debian: python3-numpy python3-h5py python3-matplotlib)")
    sys.exit(77)

TOOLS, SAMPLE = sys.argv[1:3]
PLOT = [sys.executable, "-B", str(Path(TOOLS) / "plot_run.py")]


class PictureTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def draw(self, model, *options):
        subprocess.run([SAMPLE, model, self.folder.name], check=True)
        done = subprocess.run([*PLOT, self.folder.name, *options], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        return matplotlib.image.imread(done.stdout.strip())[..., :3]

    def test_skin_has_courses_above_sections(self):
        picture = self.draw("dermal")
        self.assertGreater(picture.shape[0], 1000)
        self.assertGreater(picture.shape[1], 1500)
        # The sections show the dermis in the dark browns of the collagen map; the time courses do not.
        brown = np.all(np.abs(picture - np.array([0.6, 0.2, 0.015])) < 0.08, axis=2)
        lower = brown[picture.shape[0] * 2 // 3:]
        self.assertGreater(lower.mean(), 0.02)
        self.assertLess(brown[: picture.shape[0] // 3].mean(), 0.002)

    def test_other_models_have_a_simple_overview(self):
        target = Path(self.folder.name) / "picture.png"
        picture = self.draw("linear", "-o", str(target))
        self.assertTrue(target.exists())
        self.assertGreater(len(np.unique(picture.reshape(-1, 3), axis=0)), 100)

    def test_a_folder_without_a_run_is_named(self):
        done = subprocess.run([*PLOT, self.folder.name], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("config.toml", done.stderr)
        self.assertNotIn("Traceback", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
