"""Runs that are looked at while they are under way, with the real ParaView: what scripts receive, what they draw, and
that nothing they do hurts the run.

    test_insitu.py KOLLAGEN Data | Faults | Live | Steering | Scripts | WithoutParaView
"""

import json
import math
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


try:
    import numpy
    import runs
except ImportError as missing:
    skip(f"{missing} (Debian: python3-numpy, python3-h5py)")

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "configs/insitu"
PROGRAM = None
LOOKS = False  # whether PROGRAM was built with ParaView

# A blob of each field, off the middle along every axis, that spreads.
LINEAR = """
title = "seen by ParaView"
model = "linear"
[domain]
size = ["480 um", "300 um", "400 um"]
spacing = ["12 um", "10 um", "16 um"]
boundary = { lateral = "no-flux" }
[time]
end = "4 hour"
step = "30 min"
[model_parameters]
D_u = "60 um^2/h"
[[initial]]
field = "u"
shape = "gaussian"
center = ["205 um", "155 um", "180 um"]
sigma = "50 um"
value = 3.0
[[initial]]
field = "v"
shape = "halfspace"
axis = "z"
position = "200 um"
value = 1.0
[[output]]
kind = "fields"
every = "1 hour"
precision = "float64"
[insitu]
every = "1 hour"
"""
CELLS, SPACING = (40, 30, 25), (12.0, 10.0, 16.0)
SIZE = [cells * step for cells, step in zip(CELLS, SPACING)]
CENTRE, SIGMA, HEIGHT, SECTION_Y, LEVEL = (205.0, 155.0, 180.0), 50.0, 3.0, 140.0, 1.2

# Two rows of two needles; one of them at y = 775 um, where the scripts cut.
NEEDLES = """
title = "four needles"
model = "dermal"
[domain]
size = ["1 mm", "1 mm", "1 mm"]
spacing = "50 um"
[time]
end = "10 day"
[skin]
preset = "face"
[[treatment]]
at = "0 day"
pattern = "stamp"
needles = [2, 2]
pitch = "550 um"
length = "0.7 mm"
radius = "100 um"
[[output]]
kind = "fields"
every = "5 day"
precision = "float64"
[insitu]
every = "5 day"
derived = ["total_collagen"]
"""

FINE_SCRIPT = """# script-version: 2.0
from paraview import catalyst
from paraview.simple import *
fields = TrivialProducer(registrationName="fields")
options = catalyst.Options()
"""
QUIET = FINE_SCRIPT + """def catalyst_execute(info):
    pass
"""
VIEW = FINE_SCRIPT + """view = CreateView("RenderView")
shown = Show(fields, view)
picture = CreateExtractor("PNG", view)
picture.Writer.FileName = "view_{timestep:06d}.png"
"""


def built_with_paraview():
    """Whether PROGRAM shows runs with ParaView itself."""
    return "in situ" in re.search(r"ParaView +(.*)", runs.run(PROGRAM, "info")[1])[1].replace("no in situ", "")


class Runs(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def study(self, text, name="study.toml"):
        (self.folder / name).write_text(text)
        return self.folder / name

    def script(self, text, name="script.py"):
        (self.folder / name).write_text(text)
        return self.folder / name

    def run_study(self, study, output, *options, ranks=1, code=0, display=None, **changes):
        """Runs a study and returns what the program printed. Without `display` there is none."""
        env = runs.environment(**changes)
        env.pop("DISPLAY", None)
        if display:
            env["DISPLAY"] = display
        got, text = runs.run(PROGRAM, "run", study, "-o", self.folder / output, *options, ranks=ranks, env=env)
        self.assertEqual(got, code, text)
        return text

    def report(self, output):
        return json.loads((self.folder / output / "report.json").read_text())

    def same_results(self, one, other):
        """Whether two runs left the same bits, but for the study and what in situ itself wrote."""
        found = []
        for name in (one, other):
            results = runs.results(self.folder / name)
            results = {path: digest for path, digest in results.items()
                       if path != "config.toml" and not path.startswith("insitu/")}
            for digests in results.values():
                if isinstance(digests, dict):
                    for key in [key for key in digests if "config" in key]:
                        del digests[key]
            found.append(results)
        self.assertTrue(found[0])
        self.assertEqual(runs.differences(*found), [])


class Data(Runs):
    """What a script is given: geometry, fields, units, the cells of neighbours; the same for any number of ranks."""

    def measured(self, output, *options, ranks=1, study=LINEAR, field="u", **changes):
        """The lines that measure.py wrote: for each call a list by rank."""
        folder = self.folder / (output + "_measured")
        folder.mkdir()
        self.run_study(self.study(study), output, "--insitu", ROOT / "tests/insitu/measure.py", *options, ranks=ranks,
                       TEST_FOLDER=folder, TEST_FIELD=field, TEST_LEVEL=LEVEL, TEST_SECTION_Y=SECTION_Y, **changes)
        by_rank = [[json.loads(line) for line in (folder / f"rank_{rank}.jsonl").read_text().splitlines()]
                   for rank in range(ranks)]
        return list(zip(*by_rank))

    def test_one_rank_gets_the_grid(self):
        calls = self.measured("one")
        self.assertEqual([(call[0]["time"], call[0]["step"]) for call in calls],
                         [(0, 0), (1, 25), (2, 50), (3, 75), (4, 100)])  # metrics set the steps
        given = calls[0][0]
        self.assertEqual(given["class"], "vtkImageData")
        self.assertEqual(given["extent"], [0, 40, 0, 30, 0, 25])
        self.assertEqual(given["spacing"], list(SPACING))
        self.assertEqual(given["origin"], [0, 0, 0])
        self.assertEqual(given["bounds"], [0, SIZE[0], 0, SIZE[1], 0, SIZE[2]])
        self.assertEqual(given["size"], SIZE)
        self.assertEqual(given["ghosts"], 0)
        self.assertEqual(given["arrays"], {"u": ["vtkFloatArray", "1"], "v": ["vtkFloatArray", "1"],
                                           "w": ["vtkFloatArray", "1"]})  # no marks without neighbours
        # The surface of the blob is a sphere, its section a Gaussian; tolerances are those of the cells.
        radius = SIGMA * math.sqrt(2 * math.log(HEIGHT / LEVEL))
        self.assertAlmostEqual(given["area"] / (4 * math.pi * radius**2), 1, delta=0.03)
        integral = HEIGHT * math.exp(-((SECTION_Y - CENTRE[1])**2) / (2 * SIGMA**2)) * 2 * math.pi * SIGMA**2
        self.assertAlmostEqual(given["integral"] / integral, 1, delta=0.02)
        cost = self.report("one")["insitu"]
        self.assertEqual((cost["calls"], cost["failure"]), (5, None))
        cells = math.prod(CELLS)
        self.assertGreaterEqual(cost["buffer_bytes"], cells * (3 * 4 + 8))  # fields, one on the way
        self.assertLess(cost["buffer_bytes"], 1.1 * cells * (3 * 4 + 8))
        self.assertGreater(cost["seconds"], cost["start_seconds"] + cost["pack_seconds"])

    def test_three_ranks_get_the_same_with_one_layer_of_their_neighbours(self):
        one, three = self.measured("one"), self.measured("three", ranks=3)
        self.assertEqual(len(one), len(three))
        for alone, shared in zip(one, three):
            # Pieces of the domain, each cell once beside the ghosts; nothing reaches out of it.
            owned = 0
            for piece in shared:
                low, high = piece["extent"][::2], piece["extent"][1::2]
                self.assertTrue(all(a >= 0 for a in low) and all(b <= n for b, n in zip(high, CELLS)), piece["extent"])
                self.assertEqual(piece["bounds"][1::2], [b * step for b, step in zip(high, SPACING)])
                owned += math.prod(b - a for a, b in zip(low, high)) - piece["ghosts"]
                self.assertGreater(piece["ghosts"], 0)
            self.assertEqual(owned, math.prod(CELLS))
            for what in ("area", "integral"):
                self.assertGreater(alone[0][what], 0)
                self.assertAlmostEqual(shared[0][what] / alone[0][what], 1, delta=1e-6, msg=what)

    def test_fields_derived_fields_and_precision_are_those_asked_for(self):
        calls = self.measured("chosen", "--set", 'insitu.fields=["collagen_i", "C3"]', "--set",
                              'insitu.derived=["strength", "total_collagen", "collagen_iii_share"]', "--set",
                              'insitu.precision="float64"', "--set", "time.end=1 hour", "--set", "insitu.every=1 hour",
                              study=NEEDLES, field="total_collagen")
        arrays = calls[0][0]["arrays"]
        self.assertEqual(arrays, {"collagen_i": ["vtkDoubleArray", "mg/mL"], "collagen_iii": ["vtkDoubleArray", "mg/mL"],
                                  "strength": ["vtkDoubleArray", "1"], "total_collagen": ["vtkDoubleArray", "mg/mL"],
                                  "collagen_iii_share": ["vtkDoubleArray", "1"]})

    def test_only_what_the_script_asks_for_is_packed(self):
        # ParaView asks a script from the second call on; it is imported with the first.
        calls = self.measured("narrow", TEST_REQUEST="u")
        self.assertIn("v", calls[0][0]["arrays"])
        self.assertEqual(set(calls[1][0]["arrays"]), {"u"})

    def test_no_step_changes_and_no_bit(self):
        study = self.study(NEEDLES)
        self.run_study(study, "plain")
        # An interval that meets no other output, steps that nobody set.
        self.run_study(study, "seen", "--insitu", self.script(QUIET), "--set", "insitu.every=31 hour")
        self.assertGreater(self.report("seen")["insitu"]["calls"], 3)
        self.same_results("plain", "seen")

    def test_script_beside_the_study_is_found(self):
        self.script(QUIET, "beside.py")
        self.run_study(self.study(LINEAR + 'script = "beside.py"\n'), "beside")
        self.assertEqual(self.report("beside")["insitu"]["calls"], 5)


class Faults(Runs):
    """Whatever a script does: the run goes on without it and says why once, or stops with a checkpoint."""

    CASES = {
        "missing": (None, "there is no script"),
        "syntax": (FINE_SCRIPT + "def (:\n", "line 6: SyntaxError"),
        "import": (FINE_SCRIPT + "raise ValueError('at the import')\n", "line 6: ValueError: at the import"),
        "third": (FINE_SCRIPT + "calls = []\ndef catalyst_execute(info):\n    calls.append(info.time)\n"
                  "    if len(calls) == 3:\n        raise ValueError('at the third call')\n",
                  "line 10: ValueError: at the third call"),
        "exit": (FINE_SCRIPT + "import sys\ndef catalyst_execute(info):\n    sys.exit(0)\n",
                 "RuntimeError: the script ends the process"),
        "system_exit": (FINE_SCRIPT + "def catalyst_execute(info):\n    raise SystemExit\n",
                        "RuntimeError: the script ends the process"),
        "view": (VIEW, "needs a display, and DISPLAY is not set"),
    }

    @classmethod
    def setUpClass(cls):
        cls.plain_folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.plain_folder.cleanup)
        study = pathlib.Path(cls.plain_folder.name) / "study.toml"
        study.write_text(LINEAR)
        code, text = runs.run(PROGRAM, "run", study, "-o", study.parent / "plain")
        assert code == 0, text

    def check(self, name, policy, ranks=1, display=None):
        text, reason = self.CASES[name]
        script = self.script(text) if text else self.folder / "nowhere.py"
        study = self.study(LINEAR)
        shutil.copytree(pathlib.Path(self.plain_folder.name) / "plain", self.folder / "plain", dirs_exist_ok=True)
        output = f"{name}_{policy}"
        options = ["--insitu", script, "--set", f"insitu.on_error={policy}"]
        said = self.run_study(study, output, *options, ranks=ranks, display=display, code=3 if policy == "stop" else 0)
        self.assertEqual(said.count(reason), 1, said)
        self.assertEqual(said.count("in situ: "), 1, said)
        self.assertNotIn("Traceback", said)
        self.assertNotIn("ERROR", said)
        failure = self.report(output)["insitu"]["failure"]
        self.assertIn(reason, failure)
        if policy == "stop":
            self.assertIn("stopped by the failure in situ with a checkpoint", said)
            self.assertTrue(list((self.folder / output / "checkpoints").glob("*.json")))
            self.run_study(study, output)  # the same study without the script goes on
            self.assertEqual(self.report(output)["outcome"], "done")
        self.same_results("plain", output)

    def test_the_run_goes_on(self):
        for name in self.CASES:
            with self.subTest(name):
                self.check(name, "warn")

    def test_the_run_stops_with_a_checkpoint(self):
        for name in ("missing", "third", "view"):
            with self.subTest(name):
                self.check(name, "stop")

    def test_several_ranks_agree(self):
        for name, policy in (("third", "warn"), ("view", "stop")):
            with self.subTest(name):
                self.check(name, policy, ranks=3)

    def test_display_that_does_not_answer(self):
        self.CASES = {"view": (VIEW, "the X server of DISPLAY=:1234 does not answer")}
        self.check("view", "warn", display=":1234")


class Viewed(Runs):
    """Runs that a ParaView looks at."""

    def setUp(self):
        super().setUp()
        with socket.socket() as free:
            free.bind(("localhost", 0))
            self.port = free.getsockname()[1]

    def viewer(self, updates, *sets):
        """Starts a viewer that leaves after so many states; it waits for a run when this returns. `sets`: the time from
        which it sets a property of the run's settings, its name and value."""
        pvpython = shutil.which("pvpython")
        if not pvpython:
            self.skipTest("pvpython is not installed (Debian: paraview)")
        env = {key: value for key, value in os.environ.items() if key != "DISPLAY"}
        process = subprocess.Popen([pvpython, "--force-offscreen-rendering", ROOT / "tests/insitu/live_client.py",
                                    str(self.port), str(updates), *sets], stdout=subprocess.PIPE, text=True, env=env)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        while "waiting" not in process.stdout.readline():
            self.assertIsNone(process.poll())
        return process

    def seen(self, process):
        text, _ = process.communicate(timeout=60)
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


class Live(Viewed):
    """A ParaView that looks on: it receives the states, and the run does not need it."""

    def test_viewer_receives_every_state(self):
        for ranks in (1, 2):
            with self.subTest(ranks=ranks):
                process = self.viewer(1000)
                said = self.run_study(self.study(LINEAR), f"on_{ranks}", "--live", f"localhost:{self.port}", "--live-wait",
                                      "1 min", ranks=ranks)
                self.assertNotIn("in situ: ", said)
                states = {state["time"]: state for state in self.seen(process)}
                self.assertLessEqual({1.0, 2.0, 3.0, 4.0}, set(states))
                heights = []
                for hour in (1.0, 2.0, 3.0, 4.0):
                    self.assertEqual(states[hour]["bounds"], [0, SIZE[0], 0, SIZE[1], 0, SIZE[2]])
                    heights.append(states[hour]["range"][1])
                self.assertEqual(heights, sorted(heights, reverse=True))  # the blob spreads
                self.assertLess(heights[-1], heights[0])

    def test_nobody_waits(self):
        study = self.study(LINEAR)
        self.run_study(study, "plain")
        said = self.run_study(study, "alone", "--live", f"localhost:{self.port}")
        self.assertEqual(said.count(f"no ParaView waits at localhost:{self.port}"), 1, said)
        self.assertEqual(said.count("in situ: "), 1, said)
        self.same_results("plain", "alone")
        said = self.run_study(study, "stop", "--live", f"localhost:{self.port}", "--set", "insitu.on_error=stop", code=3)
        self.assertEqual(said.count(f"no ParaView waits at localhost:{self.port}"), 1, said)

    def test_waiting_takes_as_long_as_told(self):
        begin = time.monotonic()
        self.run_study(self.study(LINEAR), "waits", "--live", f"localhost:{self.port}", "--live-wait", "3 s")
        self.assertGreater(self.report("waits")["insitu"]["seconds"], 3)
        self.assertLess(time.monotonic() - begin, 60)

    def test_viewer_that_goes_away_does_not_take_the_run_with_it(self):
        study = self.study(LINEAR)
        self.run_study(study, "plain")
        for ranks in (1, 2):
            with self.subTest(ranks=ranks):
                process = self.viewer(2)
                self.run_study(study, f"left_{ranks}", "--live", f"localhost:{self.port}", "--live-wait", "1 min",
                               "--set", "insitu.every=6 min", ranks=ranks)
                self.assertEqual(len(self.seen(process)), 2)
                self.same_results("plain", f"left_{ranks}")


STEERED = LINEAR + 'steer = ["D_u", "lam_v"]\n'
# Properties of the settings from given hours on.
STEER = FINE_SCRIPT + """steering = FindSource("Steering")
def catalyst_execute(info):
    for hour, name, value in SETS:
        if info.time == hour:
            setattr(steering, name, value)
"""


class Steering(Viewed):
    """Parameters, pause, stop and outputs, as a script or a viewer sets them: in the log, in files, in checkpoints; a
    steered run can be interrupted and repeated."""

    def steer(self, *sets):
        return self.script(STEER.replace("SETS", repr(sets)), "steer.py")

    def frames(self, output):
        return sorted(path.name for path in (self.folder / output / "fields").glob("*.hdf"))

    def test_script_changes_parameters(self):
        study = self.study(STEERED)
        script = self.steer((1.0, "D_u", 600.0), (2.0, "lam_v", 0.5), (3.0, "D_u", -3.0))
        for ranks in (1, 2):
            said = self.run_study(study, f"on_{ranks}", "--insitu", script, ranks=ranks)
            self.assertEqual(said.count("steering: "), 3, said)
            self.assertIn("steering: D_u from 60 to 600 um^2/h at step 25, ", said)
            self.assertIn("steering: lam_v from 0 to 0.5 1/h at step 50, ", said)
            self.assertRegex(said, r"steering: D_u stays at 600 um\^2/h: .* is -3; allowed: 0 to ")
            log = (self.folder / f"on_{ranks}/log.txt").read_text()
            self.assertEqual(log.count("steering: "), 3)
            self.assertEqual(self.report(f"on_{ranks}")["steered"],
                             [{"time_h": 1.0, "step": 25, "parameter": "D_u", "value": 600.0},
                              {"time_h": 2.0, "step": 50, "parameter": "lam_v", "value": 0.5}])
        self.same_results("on_1", "on_2")
        # The study with what the run left repeats it, without any script.
        tables = (self.folder / "on_2/steering.toml").read_text()
        self.assertEqual(tables.count("[[change]]"), 2)
        self.run_study(self.study(STEERED + tables, "again.toml"), "again")
        (self.folder / "on_1/steering.toml").unlink()
        for name in ("on_1", "again"):  # the reports tell of changes in other words
            (self.folder / name / "report.json").unlink()
        self.same_results("on_1", "again")
        self.run_study(study, "plain")
        self.assertNotEqual(runs.results(self.folder / "plain")["metrics.csv"],
                            runs.results(self.folder / "again")["metrics.csv"])
        # By the time alone the change is met exactly too, with other steps: the same to the tolerance of the steps.
        planned = "".join(line for line in tables.splitlines(True) if not line.startswith("step ="))
        self.run_study(self.study(STEERED + planned, "planned.toml"), "planned")
        last = {name: numpy.array([float(cell or "nan") for cell in (
            self.folder / name / "metrics.csv").read_text().splitlines()[-1].split(",")]) for name in
                ("again", "planned", "plain")}
        numpy.testing.assert_allclose(last["planned"][3:], last["again"][3:], rtol=1e-3, atol=1e-6)
        self.assertFalse(numpy.allclose(last["plain"], last["again"], rtol=0.1, equal_nan=True))
        # A study whose steps end elsewhere is not the one that was steered.
        other = self.study(STEERED + tables.replace("step = 25", "step = 24"), "other.toml")
        said = self.run_study(other, "other", code=2)
        self.assertIn("this is not the study that was steered", said)

    def test_steered_run_that_stops_goes_on(self):
        study = self.study(STEERED)
        self.run_study(study, "whole", "--insitu", self.steer((1.0, "D_u", 600.0), (3.0, "lam_v", 0.5)))
        for ranks in (1, 2):
            output = f"stopped_{ranks}"
            said = self.run_study(study, output, "--insitu", self.steer((1.0, "D_u", 600.0), (2.0, "Stop", 1)), code=75,
                                  ranks=ranks)
            self.assertIn("stopped by steering with a checkpoint at step 50, ", said)
            said = self.run_study(study, output, "--insitu", self.steer((3.0, "lam_v", 0.5)), ranks=3 - ranks)
            self.assertEqual([change["value"] for change in self.report(output)["steered"]], [600.0, 0.5])
            self.assertEqual((self.folder / output / "steering.toml").read_text(),
                             (self.folder / "whole/steering.toml").read_text())
            self.same_results("whole", output)

    def test_change_before_the_first_step_is_in_the_checkpoint_of_a_stop(self):
        study = self.study(STEERED)
        self.run_study(study, "whole", "--insitu", self.steer((0.0, "D_u", 600.0)))
        script = self.steer((0.0, "D_u", 600.0), (0.0, "Stop", 1))
        self.run_study(study, "stopped", "--insitu", script, code=75)
        self.run_study(study, "stopped")
        self.same_results("whole", "stopped")

    def test_outputs_now(self):
        study = self.study(STEERED.replace('every = "1 hour"\nprecision', 'every = "4 hour"\nprecision'))
        said = self.run_study(study, "plain")
        self.assertEqual(len(self.frames("plain")), 2)
        for ranks in (1, 2):
            said = self.run_study(study, f"more_{ranks}", "--insitu", self.steer((1.0, "Outputs", 1), (3.0, "Outputs", 2)),
                                  ranks=ranks)
            self.assertEqual(said.count("steering: all outputs at step "), 2, said)
            self.assertEqual(len(self.frames(f"more_{ranks}")), 4)

    def test_pause(self):
        study = self.study(STEERED)
        # Held in its first call at 1 h; the second call with the same state releases it.
        script = self.script(STEER.replace("SETS", "()") + """    calls.append(info.time)
    if info.time == 1.0:
        steering.Pause = 1 if calls.count(1.0) < 3 else 0
calls = []
""")
        self.run_study(study, "plain")
        for ranks in (1, 2):
            said = self.run_study(study, f"held_{ranks}", "--insitu", script, ranks=ranks)
            self.assertEqual(said.count("steering: paused at step 25, "), 1, said)
            self.assertEqual(said.count("steering: goes on at step 25, "), 1, said)
            self.assertEqual(self.report(f"held_{ranks}")["insitu"]["calls"], 7)
            self.same_results("plain", f"held_{ranks}")

    def test_paused_run_can_be_stopped(self):
        study = self.study(STEERED)
        script = self.steer((1.0, "Pause", 1))
        process = subprocess.Popen([PROGRAM, "run", study, "-o", self.folder / "held", "--insitu", script],
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   env={k: v for k, v in runs.environment().items() if k != "DISPLAY"})
        said = ""
        for line in process.stdout:
            said += line
            if "steering: paused" in line:
                process.terminate()
        self.assertEqual(process.wait(), 75, said)
        process.stdout.close()
        self.assertIn("stopped by SIGTERM with a checkpoint at step 25, ", said)

    def test_viewer_changes_a_parameter(self):
        study = self.study(STEERED)
        definition = self.folder / "steering.xml"
        definition.write_text(runs.run(PROGRAM, "insitu-script", study, "--steering")[1])
        for ranks in (1, 2):
            with self.subTest(ranks=ranks):
                process = self.viewer(1000, "1.0", "D_u", "600", definition)
                said = self.run_study(study, f"seen_{ranks}", "--live", f"localhost:{self.port}", "--live-wait", "1 min",
                                      ranks=ranks)
                self.assertEqual(said.count("steering: D_u from 60 to 600 um^2/h at step "), 1, said)
                self.assertTrue(self.seen(process))
                self.assertEqual((self.folder / f"seen_{ranks}/insitu/steering.xml").read_text(), definition.read_text())
                self.assertEqual([change["parameter"] for change in self.report(f"seen_{ranks}")["steered"]], ["D_u"])


class Screen(Runs):
    """Runs that draw on a virtual screen."""

    @classmethod
    def setUpClass(cls):
        if not shutil.which("Xvfb"):
            raise unittest.SkipTest("Xvfb is not installed (Debian: xvfb)")
        # -noreset: without it the server starts anew when the last window goes, and meets the next one halfway.
        cls.server = subprocess.Popen(["Xvfb", "-displayfd", "1", "-screen", "0", "1280x1024x24", "-noreset", "-nolisten",
                                       "tcp"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        cls.addClassCleanup(cls.stop_server)
        cls.display = ":" + cls.server.stdout.readline().strip()

    @classmethod
    def stop_server(cls):
        cls.server.terminate()
        cls.server.wait()
        cls.server.stdout.close()


class Scripts(Screen):
    """The scripts of configs/insitu: what they leave is there, not blank, changes, and is the same for three ranks."""

    def test_section(self):
        import matplotlib.image

        study = self.study(NEEDLES)
        pictures = {}
        for ranks in (1, 3):
            self.run_study(study, f"on_{ranks}", "--insitu", SCRIPTS / "section.py", ranks=ranks, display=self.display)
            files = sorted((self.folder / f"on_{ranks}/insitu").glob("section_*.png"))
            self.assertEqual(len(files), 3)
            pictures[ranks] = [matplotlib.image.imread(file)[:, :, :3] for file in files]
        for alone, shared in zip(pictures[1], pictures[3]):
            self.assertEqual(alone.shape, (600, 1500, 3))
            background = (alone == 1).all(axis=2).mean()
            self.assertGreater(background, 0.2)
            self.assertLess(background, 0.8)
            self.assertGreater(len(numpy.unique((alone * 255).astype(int).reshape(-1, 3), axis=0)), 200)
            self.assertLess((abs(alone - shared).max(axis=2) > 0.02).mean(), 1e-3)
        # Growth factor, collagen and fibroblasts all change: in each third of the picture many pixels do.
        for first, later in zip(pictures[1], pictures[1][1:]):
            changed = abs(first - later).max(axis=2) > 0.02
            for third in range(3):
                self.assertGreater(changed[:450, 500 * third:500 * (third + 1)].mean(), 0.01, third)

    def test_extracts(self):
        # Needs no display.
        study = self.study(NEEDLES)
        for ranks in (1, 3):
            self.run_study(study, f"extracts_{ranks}", "--insitu", SCRIPTS / "extracts.py", ranks=ranks)
            written = self.folder / f"extracts_{ranks}/insitu"
            self.assertEqual(len(list(written.glob("section_*.pvti"))), 3)
            self.assertEqual(len(list(written.glob("wound_*.pvtp"))), 3)
        code = f"""
import json, pathlib, sys
from vtkmodules.vtkIOXML import vtkXMLPImageDataReader, vtkXMLPPolyDataReader
from vtkmodules.vtkFiltersParallel import vtkIntegrateAttributes
for folder in sys.argv[1:]:
    for pattern, kind in (("section_*.pvti", vtkXMLPImageDataReader), ("wound_*.pvtp", vtkXMLPPolyDataReader)):
        for path in sorted(pathlib.Path(folder).glob(pattern)):
            reader = kind()
            reader.SetFileName(str(path))
            reader.Update()
            data = reader.GetOutput()
            sums = vtkIntegrateAttributes()
            sums.SetInputData(data)
            sums.Update()
            cells = sums.GetOutput().GetCellData()
            names = [data.GetCellData().GetArrayName(a) for a in range(data.GetCellData().GetNumberOfArrays())]
            size = (cells.GetArray("Area") or cells.GetArray("Volume"))
            print(json.dumps([path.name, data.GetBounds(), size.GetTuple1(0) if size and size.GetNumberOfTuples() else 0,
                              names]))
"""
        python = "/usr/bin/python3"
        env = {k: v for k, v in os.environ.items() if k != "DISPLAY"}
        found = []
        for ranks in (1, 3):
            output = subprocess.run([python, "-c", code, self.folder / f"extracts_{ranks}/insitu"], env=env, text=True,
                                    capture_output=True, check=True).stdout
            found.append({name: rest for name, *rest in map(json.loads, output.splitlines())})
        self.assertEqual(set(found[0]), set(found[1]))
        for name in found[0]:
            for one, other in zip(found[0][name][0], found[1][name][0]):
                self.assertAlmostEqual(one, other, delta=1e-3, msg=name)
            self.assertAlmostEqual(found[0][name][1], found[1][name][1], delta=1e-5 * found[0][name][1], msg=name)
            if name.startswith("section"):
                self.assertEqual(found[0][name][0], [0, 1000, 750, 800, 0, 1000])
                self.assertIn("total_collagen", found[0][name][2])
        # Four tracks of radius 100 um and 700 um depth at the start: lateral surface of cylinders that begin at the top.
        wound = found[0][min(name for name in found[0] if name.startswith("wound"))]
        self.assertGreater(wound[1], 4 * 2 * math.pi * 100 * 500)
        self.assertLess(wound[1], 4 * 2 * math.pi * 150 * 900)


class WithoutParaView(Runs):
    """A build without ParaView says so and how to get one; studies that do not ask for in situ run."""

    def test_asking_for_it_is_an_error_of_the_environment(self):
        for options in (["--insitu", "script.py"], ["--set", 'insitu.script="script.py"']):
            said = self.run_study(self.study(LINEAR), "none", *options, code=3)
            self.assertIn("need ParaView, and this program was built without it", said)
            self.assertIn("paraview-dev", said)
            self.assertFalse((self.folder / "none").exists())
        self.run_study(self.study(LINEAR), "plain")


if __name__ == "__main__":
    PROGRAM = pathlib.Path(sys.argv[1]).resolve()
    LOOKS = built_with_paraview()
    if LOOKS and sys.argv[2] == "WithoutParaView":
        skip("this program was built with ParaView")
    if not LOOKS and sys.argv[2] != "WithoutParaView":
        skip("this program was built without ParaView (Debian: paraview-dev python3-paraview; docs/insitu.md)")
    result = unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2, exit=False).result
    if result.wasSuccessful() and result.testsRun == 0:
        skip("; ".join(reason for _, reason in result.skipped))
    sys.exit(not result.wasSuccessful())
