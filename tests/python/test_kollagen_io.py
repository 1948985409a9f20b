"""The Python reader against a run of make_sample_run: python3 test_kollagen_io.py TOOLS MAKE_SAMPLE_RUN"""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

try:
    import h5py  # noqa: F401
    import numpy as np
except ImportError as error:
    print(f"skipped: {error} (Debian: python3-numpy python3-h5py)")
    sys.exit(77)

TOOLS, SAMPLE = sys.argv[1:3]
sys.path.insert(0, TOOLS)
from kollagen_io import Run, Table  # noqa: E402


def exact(n, x, y, z, t):
    """The formula of make_sample_run, model linear."""
    return (n + 1) * (2 + 0.01 * x - 0.002 * y + 0.0003 * z) + 0.5 * t


SINGLE = 1e-6  # relative: frames are written in single precision


class ReaderTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        subprocess.run([SAMPLE, "linear", cls.folder.name], check=True)
        cls.run_ = Run(cls.folder.name)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_frames_are_at_cell_centres_and_in_order_z_y_x(self):
        frames = self.run_.frames()
        self.assertEqual(list(frames.times), [0, 24, 48])
        frame = frames[1]
        self.assertEqual((frame.time, frame.index, frame.cells), (24, 1, (6, 5, 4)))
        np.testing.assert_array_equal(frame.origin, [5, 6.25, 10])
        np.testing.assert_array_equal(frame.spacing, [10, 12.5, 20])
        self.assertEqual(frame.fields, ["u", "w"])
        self.assertEqual(frame.units("w"), "1")
        z, y, x = np.meshgrid(*(frame.centres(axis) for axis in "zyx"), indexing="ij")
        for name, n in (("u", 0), ("w", 2)):
            self.assertEqual(frame.field(name).shape, (4, 5, 6))
            np.testing.assert_allclose(frame.field(name), exact(n, x, y, z, 24), rtol=SINGLE)
        np.testing.assert_array_equal(frame.section("u", "y", 3), frame.field("u")[:, 3, :])
        np.testing.assert_array_equal(frame.section("u", 0, -1), frame.field("u")[:, :, 5])
        self.assertEqual(frames.nearest(40).time, 48)
        self.assertIn("linear", frame.config_text)

    def test_slices_have_one_cell_across(self):
        frame = self.run_.slices()[0]
        self.assertEqual(frame.cells, (6, 1, 4))
        np.testing.assert_array_equal(frame.origin, [5, 31.25, 10])  # the cell from 25 to 37.5 um
        x, z = frame.centres("x"), frame.centres("z")
        self.assertEqual(frame.field("v").shape, (4, 1, 6))
        np.testing.assert_allclose(
            frame.section("v", "y", 0), exact(1, x[None, :], 31.25, z[:, None], 0), rtol=SINGLE)

    def test_probes_and_metrics_carry_units(self):
        probes = self.run_.probes
        self.assertEqual(probes.names, ["time", "point", "x", "y", "z", "w", "u"])
        self.assertEqual(probes.units["y"], "um")
        np.testing.assert_allclose(
            probes["w"], exact(2, probes["x"], probes["y"], probes["z"], probes["time"]), rtol=1e-9)
        named = Path(self.folder.name) / "probes_tip.csv"
        named.write_text("time [h],u [1]\n3,4\n")
        self.assertEqual(self.run_.probe("tip")["u"], [4])
        metrics = self.run_.metrics
        self.assertEqual(metrics.units["u_total"], "mm^3")
        self.assertEqual(metrics["time"][0], 0)
        self.assertEqual(metrics["time"][-1], 48)
        self.assertTrue(np.all(np.diff(metrics["time"]) > 0))
        np.testing.assert_allclose(metrics["u_mean"], exact(0, 30, 31.25, 40, metrics["time"]), rtol=1e-9)
        with self.assertRaisesRegex(KeyError, "no column 'v_sum'"):
            metrics["v_sum"]

    def test_study_and_report(self):
        self.assertEqual(self.run_.config["model"], "linear")
        self.assertEqual(self.run_.report["outcome"], "done")
        self.assertEqual(self.run_.report["communication"]["messages"], 0)
        self.assertEqual(self.run_.status["progress"], 1)
        self.assertEqual(self.run_.frame_names, ["fields"])
        with self.assertRaisesRegex(FileNotFoundError, "series in slices/: slice"):
            self.run_.slices("other")

    def test_a_line_in_the_making_is_left_out(self):
        path = Path(self.folder.name) / "growing.csv"
        path.write_text('time [h],"a [1,2]"\n0,1\n1,\n2,3.')
        table = Table(path)
        self.assertEqual(len(table), 2)
        self.assertEqual(table.units["a"], "1,2")
        self.assertTrue(np.isnan(table["a"][1]))
        path.write_text("time,b [1]\n0,1\n")
        with self.assertRaisesRegex(ValueError, "column 1 is called 'time'"):
            Table(path)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
