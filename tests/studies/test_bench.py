"""`kollagen bench` as a user runs it: its file, comparisons, what it refuses. Small grids, some seconds.

    test_bench.py KOLLAGEN [LAUNCHER...]      without the launcher of MPI two ranks are not tried
"""
import json
import math
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROGRAM, LAUNCHER = None, []


def bench(*arguments, before=()):
    words = [*before, PROGRAM, "bench", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True)


def numbers(value, path=""):
    """All numbers of a JSON value, with where they are."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from numbers(one, f"{path}/{key}")
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from numbers(one, f"{path}/{index}")
    elif isinstance(value, (int, float)):
        yield path, value


class Bench(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.file = pathlib.Path(cls.folder.name, "results", "one.json")
        cls.run_of_two = bench("--cells", 24, 16, 24, "--json", cls.file)
        assert cls.run_of_two.returncode == 0, cls.run_of_two.stderr
        cls.result = json.loads(cls.file.read_text())

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_says_of_what_it_is(self):
        for key in ("version", "commit", "compiler", "build_type", "flags", "kokkos", "backend", "device", "date"):
            self.assertIsInstance(self.result[key], str)
            self.assertNotEqual(self.result[key], "", key)
        self.assertRegex(self.result["date"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertGreaterEqual(self.result["threads"], 1)

    def test_all_numbers_are_positive_and_finite(self):
        for path, number in numbers(self.result):
            self.assertTrue(math.isfinite(number), path)
            if not path.endswith("/cells"):  # 0 for kernels that run on grids of several sizes
                self.assertGreater(number, 0, path)

    def test_rates_belong_together(self):
        entries = self.result["stages"] + self.result["steps"] + self.result["kernels"]
        for one in entries:
            self.assertLessEqual(one["least_seconds"], one["seconds"], one["name"])
            self.assertLessEqual(one["seconds"], one["most_seconds"], one["name"])
            if one["cells"] == 0:
                continue
            self.assertAlmostEqual(one["cells_per_s"] * one["seconds"] / one["cells"], 1)
            if "share_of_copy" in one:
                rate = one["bytes_per_cell"] * one["cells"] / one["seconds"]
                self.assertAlmostEqual(one["bytes_per_s"] / rate, 1)
                self.assertAlmostEqual(one["share_of_copy"] * one["copy_bytes_per_s"] / rate, 1)

    def test_each_stage_was_measured_on_the_larger_grid(self):
        names = [one["name"] for one in self.result["stages"]]
        self.assertEqual(len(names), len(set(names)))
        for wanted in ("right-hand side", "chemotaxis", "residual of a signal", "residual of a cell field", "V-cycle",
                       "sweeps of a cell field", "local fields, first", "local fields, last", "mobility"):  # fmt: skip
            self.assertIn(wanted, names)
        self.assertEqual(self.result["stage_grid"], [24, 24, 24])
        self.assertEqual({one["cells"] for one in self.result["stages"]}, {24**3})

    def test_kernels_make_up_the_step(self):
        kernels = self.result["kernels"]
        total = sum(one["share_of_step"] for one in kernels)
        on_host = self.result["backend"] in ("Serial", "OpenMP", "Threads")
        # Measured 0.95 on a host. On grids as small as these a GPU mostly waits, and every kernel takes the same.
        self.assertGreater(total, 0.7 if on_host else 0.1)
        self.assertLessEqual(total, 1.0)
        shares = [one["share_of_step"] for one in kernels]
        self.assertEqual(shares, sorted(shares, reverse=True))
        groups = {one["name"].split("/")[0] for one in kernels}
        self.assertLessEqual({"reactions", "chemotaxis", "multigrid", "stages"}, groups)
        for one in kernels:
            self.assertAlmostEqual(
                one["seconds_of_step"] / self.result["observed_step_seconds"] / one["share_of_step"], 1
            )
            typical = one["launches"] * one["seconds"] / self.result["observed_step_seconds"]
            if on_host and typical > 0.05 and not one["name"].startswith("ghosts/"):
                self.assertIn("share_of_copy", one, f"{one['name']} has no model of its traffic")

    def test_traffic_of_the_kernels_is_that_of_the_step(self):
        once, every_level = 0, 0
        for one in self.result["kernels"]:
            # On a GPU some launches take several fields.
            fields = one.get("cells", 0) / self.result["steps"][-1]["cells"]
            traffic = one["launches"] * one.get("bytes_per_cell", 0) * fields
            if one["name"].startswith("multigrid/"):
                every_level += traffic  # as if all launches were on the finest level
            else:
                once += traffic
        step = self.result["steps"][-1]["bytes_per_cell"]
        self.assertLess(once, step)
        self.assertGreater(once + every_level, step)

    def test_headline_is_of_the_largest_grid(self):
        steps = self.result["steps"]
        self.assertEqual([one["grid"] for one in steps], [[16, 16, 16], [24, 24, 24]])
        self.assertEqual(self.result["headline"]["grid"], [24, 24, 24])
        self.assertEqual(self.result["headline"]["cell_updates_per_s"], steps[-1]["cells_per_s"])
        last = self.run_of_two.stdout.splitlines()[-1]
        self.assertEqual(
            last, f"{steps[-1]['cells_per_s'] / 1e6:.4g} million cell updates per second on 24 x 24 x 24 cells"
        )
        for one in steps:  # two stages, each of at least one pass
            self.assertGreaterEqual(one["passes"], 2)
            self.assertGreaterEqual(one["fields_bytes"], 2 * one["state_bytes"])
        self.assertEqual(self.result["left_out"], [])

    def test_compares_with_an_earlier_result_of_more_grids(self):
        run = bench("--cells", 16, "--compare", self.file)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertRegex(run.stdout, r"compared with .*one\.json")
        last = run.stdout.splitlines()[-1]
        self.assertRegex(last, r"^\d+\.\d\d times the cell updates per second on 16 x 16 x 16 cells$")
        self.assertIn("only in the other result", run.stdout)

    def test_measures_a_state_in_mixed_precision(self):
        self.assertEqual(self.result["precision"], "double")
        file = pathlib.Path(self.folder.name, "mixed.json")
        run = bench("--cells", 24, "--precision", "mixed", "--json", file, "--compare", self.file)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("state in mixed precision", run.stdout)
        self.assertIn("state in double precision", run.stdout)  # of the earlier result
        mixed = json.loads(file.read_text())
        self.assertEqual(mixed["precision"], "mixed")
        one, other = mixed["steps"][-1], self.result["steps"][-1]
        # All but three of 16 fields are half as large.
        self.assertAlmostEqual(one["state_bytes"] / other["state_bytes"], (13 * 4 + 3 * 8) / (16 * 8))
        self.assertLess(one["bytes_per_cell"], 0.75 * other["bytes_per_cell"])
        # Loops over like fields come once more for those that stay in double.
        self.assertEqual({k["name"].removesuffix("_slow") for k in mixed["kernels"]},
                         {k["name"] for k in self.result["kernels"]})

    def test_refuses_another_precision(self):
        run = bench("--cells", 8, "--precision", "single")
        self.assertEqual(run.returncode, 2)
        self.assertIn("single", run.stdout + run.stderr)

    def test_refuses_files_of_other_origin_at_once(self):
        foreign = pathlib.Path(self.folder.name, "foreign.json")
        foreign.write_text('{"cells": 3}')
        for file in (foreign, pathlib.Path(self.folder.name, "none.json")):
            run = bench("--cells", 16, "--compare", file)
            self.assertEqual(run.returncode, 2)
            self.assertIn(str(file), run.stderr)
            self.assertEqual(run.stdout, "")

    def test_refuses_sides_out_of_range(self):
        for side in (7, 1025, "many"):
            run = bench("--cells", side)
            self.assertEqual(run.returncode, 2)
            self.assertIn(str(side), run.stdout + run.stderr)

    def test_names_a_grid_that_does_not_fit(self):
        run = bench("--cells", 1024)  # 550 GB
        if run.returncode == 0:
            self.skipTest("this machine has it")
        self.assertEqual(run.returncode, 3)
        self.assertIn("1024 x 1024 x 1024 left out: it needs 5", run.stderr)
        self.assertIn("none of the grids fits", run.stderr)

    def test_a_file_that_cannot_be_written_costs_no_result(self):
        run = bench("--cells", 8, "--json", self.file / "below.json")
        self.assertEqual(run.returncode, 5)
        self.assertIn("million cell updates per second on 8 x 8 x 8 cells", run.stdout)

    def test_refuses_several_ranks(self):
        if not LAUNCHER:
            self.skipTest("without MPI")
        run = bench("--cells", 8, before=LAUNCHER)
        self.assertEqual(run.returncode, 2)
        self.assertIn("bench measures one rank, and was started with 2", run.stderr)


if __name__ == "__main__":
    PROGRAM, LAUNCHER = sys.argv[1], sys.argv[2:]
    unittest.main(argv=sys.argv[:1])
