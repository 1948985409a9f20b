"""Runs that are looked at through Catalyst 2: what the stub receives, what faults of an implementation cost,
and with the implementation of ParaView the same as without Catalyst in between.

    test_catalyst.py KOLLAGEN FOLDER Stub | Planted | ParaView | WithoutCatalyst

FOLDER has the implementation of planted_implementation.cpp. The one of ParaView is looked for where
KOLLAGEN_TEST_CATALYST_PATHS says.
"""
import json
import math
import os
import pathlib
import re
import sys
import unittest

import test_insitu as base

import numpy
import runs
from conduit_dump import read

sys.path.insert(0, str(base.ROOT / "tools"))
import kollagen_io

PLANTED = None
PARAVIEW_PATHS = os.environ.get("KOLLAGEN_TEST_CATALYST_PATHS", "")


class Catalyst(base.Runs):
    def shown(self, output, *options, script=None, study=base.LINEAR, **rest):
        """Runs a study with Catalyst 2. Names in upper case go to the environment."""
        return self.run_study(self.study(study), output, "--insitu", script or self.script(base.QUIET),
                              "--set", "insitu.backend=catalyst", *options, **rest)


class Stub(Catalyst):
    """What Catalyst's own stub writes down: the grid, the fields, the marks of neighbours' cells."""

    def dumps(self, output, *options, ranks=1, **rest):
        folder = self.folder / (output + "_dump")
        said = self.shown(output, *options, ranks=ranks, CATALYST_DATA_DUMP_DIRECTORY=folder, **rest)
        self.assertIn("in situ with Catalyst 2", said)
        self.assertIn("implementation stub", said)
        self.assertNotIn("in situ: ", said)
        if ranks > 1 and not (folder / f"initialize_params.conduit_bin.{ranks}.0").exists():
            self.skipTest("this Catalyst was built without CATALYST_USE_MPI, its stub dumps one rank only")
        return folder

    def frames(self, output):
        return list(kollagen_io.Run(self.folder / output).frames())

    def check_dump(self, output, folder, ranks, precision):
        """Every call, every rank: geometry, values, marks."""
        frames = self.frames(output)
        self.assertEqual([frame.time for frame in frames], [0, 1, 2, 3, 4])
        for call, frame in enumerate(frames):
            owned = numpy.zeros(base.CELLS[::-1], int)
            for rank in range(ranks):
                root = read(folder / f"execute_invc{call}_params.conduit_bin.{ranks}.{rank}")["catalyst"]
                self.assertEqual(root["state"], {"cycle": frame.step, "time": frame.time})
                self.assertEqual(list(root["channels"]), ["fields"])
                channel = root["channels"]["fields"]
                self.assertEqual(channel["type"], "mesh")
                mesh = channel["data"]
                state = mesh["state"]
                self.assertEqual([state[key] for key in ("domain_id", "cycle", "time")],
                                 [rank, frame.step, frame.time])
                self.assertEqual(state["fields"], {"time_unit": "h", "length_unit": "um",
                                                   "domain_size_um": dict(zip("xyz", base.SIZE))})
                marks = {"metadata": {"vtk_fields": {"vtkGhostType": {"attribute_type": "Ghosts"}}}}
                self.assertEqual({key: state[key] for key in state if key == "metadata"}, marks if ranks > 1 else {})
                self.assertEqual(mesh["topologies"], {"cells": {"type": "uniform", "coordset": "coords"}})
                grid = mesh["coordsets"]["coords"]
                self.assertEqual(set(grid), {"type", "units", "dims", "origin", "spacing"})
                self.assertEqual((grid["type"], grid["units"]), ("uniform", "um"))
                self.assertEqual(grid["spacing"], dict(zip(("dx", "dy", "dz"), base.SPACING)))
                # dims are points; bounds are those of the domain, and of nothing outside of it.
                cells = [grid["dims"][axis] - 1 for axis in "ijk"]
                first = [round(grid["origin"][axis] / step) for axis, step in zip("xyz", base.SPACING)]
                self.assertEqual([grid["origin"][axis] for axis in "xyz"],
                                 [n * step for n, step in zip(first, base.SPACING)])
                self.assertGreaterEqual(min(first), 0)
                for low, n, end in zip(first, cells, base.CELLS):
                    self.assertLessEqual(low + n, end)
                if ranks == 1:
                    self.assertEqual((tuple(cells), first), (base.CELLS, [0, 0, 0]))
                box = tuple(slice(low, low + n) for low, n in zip(first[::-1], cells[::-1]))
                shape = tuple(cells[::-1])
                self.assertEqual(list(mesh["fields"]), ["u", "v", "w"] + (["vtkGhostType"] if ranks > 1 else []))
                for name, field in mesh["fields"].items():
                    self.assertEqual((field["association"], field["topology"], field["volume_dependent"]),
                                     ("element", "cells", "false"))
                    if name == "vtkGhostType":
                        continue
                    self.assertEqual(field["units"], frame.units(name))
                    self.assertEqual(field["values"].dtype, numpy.dtype(precision))
                    expected = frame.field(name)[box].astype(precision)
                    self.assertTrue((field["values"].reshape(shape) == expected).all(), (call, rank, name))
                if ranks == 1:  # no neighbours, no marks
                    owned[box] += 1
                    continue
                ghost = mesh["fields"]["vtkGhostType"]["values"]
                self.assertEqual(ghost.dtype, numpy.uint8)
                self.assertEqual(set(ghost), {0, 1})
                owned[box] += ghost.reshape(shape) == 0
            self.assertTrue((owned == 1).all())  # each cell belongs to one rank

    def test_one_rank(self):
        folder = self.dumps("one")
        self.check_dump("one", folder, 1, numpy.float32)
        started = read(folder / "initialize_params.conduit_bin.1.0")
        script = started["catalyst"]["scripts"]["script"]
        self.assertEqual(list(started["catalyst"]["scripts"]), ["script"])
        self.assertEqual(script["filename"], str(self.folder / "script.py"))
        self.assertEqual(script["args"], ["--folder", str(self.folder / "one/insitu")])
        self.assertNotIn("catalyst_load", started)
        self.assertTrue((folder / "finalize_params.conduit_bin.1.0").exists())
        cost = self.report("one")["insitu"]
        self.assertEqual((cost["calls"], cost["failure"]), (5, None))

    def test_three_ranks_in_double_precision(self):
        folder = self.dumps("three", "--set", "insitu.precision=float64", ranks=3)
        self.check_dump("three", folder, 3, numpy.float64)

    def test_implementation_of_the_environment_is_loaded(self):
        folder = self.dumps("named", CATALYST_IMPLEMENTATION_NAME="stub")
        started = read(folder / "initialize_params.conduit_bin.1.0")
        self.assertEqual(started["catalyst_load"]["implementation"], "stub")

    def test_stub_without_a_folder_is_said_to_show_nothing(self):
        said = self.shown("silent")
        self.assertEqual(said.count("its stub shows nothing: name an implementation"), 1, said)
        self.assertEqual(said.count("in situ: "), 1, said)

    def test_other_back_end_is_used_when_the_study_says_nothing_or_its_name(self):
        if not base.LOOKS:
            self.skipTest("this program was built without ParaView: Catalyst 2 is its only back end")
        for number, key in enumerate(("every=1 hour", "backend=auto", "backend=paraview")):
            said = self.run_study(self.study(base.LINEAR), f"other_{number}", "--insitu",
                                  self.script(base.QUIET), "--set", "insitu." + key)
            self.assertIn("in situ with ParaView", said)
            self.assertNotIn("Catalyst 2", said)

    def test_no_bit_changes(self):
        self.run_study(self.study(base.LINEAR), "plain")
        self.dumps("seen", "--set", "insitu.every=31 min")
        self.same_results("plain", "seen")


class Planted(Catalyst):
    """Zero copy, signals; whatever fails: the run goes on and says why once, or stops with a checkpoint."""

    def planted(self, output, fault, *options, **rest):
        return self.shown(output, *options, CATALYST_IMPLEMENTATION_NAME="planted",
                          CATALYST_IMPLEMENTATION_PATHS=PLANTED, PLANTED_FAULT=fault, **rest)

    def test_values_stay_where_the_run_has_them(self):
        said = self.planted("zero", "none", PLANTED_NOTES=self.folder / "notes.txt")
        self.assertIn("implementation planted", said)
        places = {}
        for line in (self.folder / "notes.txt").read_text().splitlines():
            call, name, external, place = line.split()
            self.assertEqual(external, "1", line)
            places.setdefault(name, []).append(place)
        self.assertEqual(set(places), {"u", "v", "w"})
        for name, seen in places.items():
            self.assertEqual(len(seen), 5)
            self.assertEqual(len(set(seen)), 1, name)  # no buffer is made anew for a call

    def check(self, output, reason, policy, said):
        self.assertEqual(said.count(reason), 1, said)
        self.assertEqual(said.count("in situ: "), 1, said)
        self.assertIn(reason, self.report(output)["insitu"]["failure"])
        if policy == "stop":
            self.assertIn("stopped by the failure in situ with a checkpoint", said)
            self.assertTrue(list((self.folder / output / "checkpoints").glob("*.json")))
            self.run_study(self.study(base.LINEAR), output)  # the same study without the script goes on
            self.assertEqual(self.report(output)["outcome"], "done")
        self.same_results("plain", output)

    def test_failures_of_an_implementation(self):
        self.run_study(self.study(base.LINEAR), "plain")
        for fault, reason in (("initialize", "catalyst_initialize with implementation planted: error 77"),
                              ("status", "catalyst_execute with implementation planted: error 78"),
                              ("exception", "planted in the third call"),
                              ("finalize", "catalyst_finalize with implementation planted: error 81")):
            for policy in ("warn", "stop"):
                if policy == "stop" and fault != "status":
                    continue  # stopping is the same for all
                with self.subTest(fault, policy=policy):
                    output = f"{fault}_{policy}"
                    said = self.planted(output, fault, "--set", f"insitu.on_error={policy}",
                                        code=3 if policy == "stop" else 0)
                    self.check(output, reason, policy, said)
        with self.subTest("one rank of three"):
            said = self.planted("three", "last rank", "--set", "insitu.on_error=stop", ranks=3, code=3)
            self.check("three", "error 79 of the implementation", "stop", said)

    def test_script_or_implementation_that_is_not_there(self):
        self.run_study(self.study(base.LINEAR), "plain")
        (self.folder / "libcatalyst-broken.so").write_text("no library")
        for policy in ("warn", "stop"):
            options = ["--set", f"insitu.on_error={policy}"]
            code = 3 if policy == "stop" else 0
            said = self.shown(f"script_{policy}", *options, script=self.folder / "nowhere.py", code=code)
            self.check(f"script_{policy}", f"there is no script {self.folder}/nowhere.py", policy, said)
            if policy == "stop":
                continue
            said = self.shown(f"nowhere_{policy}", *options, CATALYST_IMPLEMENTATION_NAME="nowhere",
                              CATALYST_IMPLEMENTATION_PATHS=f"{self.folder}/a:{self.folder}", code=code)
            self.check(f"nowhere_{policy}", "CATALYST_IMPLEMENTATION_NAME=nowhere: there is no "
                       f"libcatalyst-nowhere.so in {self.folder}/a and none in {self.folder} and none in /",
                       policy, said)
            said = self.shown(f"broken_{policy}", *options, CATALYST_IMPLEMENTATION_NAME="broken",
                              CATALYST_IMPLEMENTATION_PATHS=self.folder, ranks=3, code=code)
            self.check(f"broken_{policy}", "CATALYST_IMPLEMENTATION_NAME=broken: "
                       f"{self.folder}/libcatalyst-broken.so", policy, said)

    def test_environment_of_the_first_rank_counts(self):
        # As where mpirun hands the environment to no other machine.
        wrapper = self.script("""#!/bin/sh
[ "$OMPI_COMM_WORLD_RANK" = 0 ] || unset CATALYST_IMPLEMENTATION_NAME CATALYST_IMPLEMENTATION_PATHS
exec "$@"
""", "first_only.sh")
        wrapper.chmod(0o755)
        notes = self.folder / "notes"
        env = runs.environment(CATALYST_IMPLEMENTATION_NAME="planted", CATALYST_IMPLEMENTATION_PATHS=PLANTED,
                               PLANTED_NOTES=notes)
        code, text = runs.run(wrapper, base.PROGRAM, "run", self.study(base.LINEAR), "-o",
                              self.folder / "run", "--insitu", self.script(base.QUIET), "--set",
                              "insitu.backend=catalyst", ranks=3, env=env)
        self.assertEqual(code, 0, text)
        first = [line for line in notes.read_text().splitlines() if line.startswith("1 u ")]
        self.assertEqual(len(first), 3)

    def test_signals_stay_those_of_the_run(self):
        said = self.planted("signals", "signals", code=75)
        self.assertIn("stopped by SIGUSR1", said)


class ParaView(Catalyst):
    """The implementation of ParaView draws what ParaView itself does, and its faults are told like those."""

    def through(self, output, script, *options, **rest):
        return self.shown(output, *options, script=script, CATALYST_IMPLEMENTATION_NAME="paraview",
                          CATALYST_IMPLEMENTATION_PATHS=PARAVIEW_PATHS, **rest)

    def measured(self, output, ranks=1):
        folder = self.folder / (output + "_measured")
        folder.mkdir()
        self.through(output, base.ROOT / "tests/insitu/measure.py", ranks=ranks, TEST_FOLDER=folder,
                     TEST_FIELD="u", TEST_LEVEL=base.LEVEL, TEST_SECTION_Y=base.SECTION_Y)
        by_rank = [(folder / f"rank_{rank}.jsonl").read_text().splitlines() for rank in range(ranks)]
        return [[json.loads(line) for line in call] for call in zip(*by_rank)]

    def test_same_surface_and_section_as_without_catalyst(self):
        one, three = self.measured("one"), self.measured("three", ranks=3)
        self.assertEqual([(call[0]["time"], call[0]["step"]) for call in one],
                         [(0, 0), (1, 25), (2, 50), (3, 75), (4, 100)])
        given = one[0][0]
        self.assertEqual(given["bounds"], [0, base.SIZE[0], 0, base.SIZE[1], 0, base.SIZE[2]])
        self.assertEqual(given["spacing"], list(base.SPACING))
        self.assertEqual(given["size"], base.SIZE)
        for alone, shared in zip(one, three):
            owned = 0
            for piece in shared:
                low, high = piece["extent"][::2], piece["extent"][1::2]
                owned += math.prod(b - a for a, b in zip(low, high)) - piece["ghosts"]
            self.assertEqual(owned, math.prod(base.CELLS))
            for what in ("area", "integral"):
                self.assertGreater(alone[0][what], 0)
                self.assertAlmostEqual(shared[0][what] / alone[0][what], 1, delta=1e-6, msg=what)
        radius = base.SIGMA * math.sqrt(2 * math.log(base.HEIGHT / base.LEVEL))
        self.assertAlmostEqual(given["area"] / (4 * math.pi * radius**2), 1, delta=0.03)
        if not base.LOOKS:
            return  # nothing to compare with
        direct = base.Data("test_one_rank_gets_the_grid")
        direct.folder = self.folder
        for here, there in zip(one, direct.measured("direct", "--set", "insitu.backend=paraview")):
            for what in ("area", "integral"):
                self.assertAlmostEqual(here[0][what] / there[0][what], 1, delta=1e-12, msg=what)

    def test_faults_of_scripts(self):
        self.run_study(self.study(base.LINEAR), "plain")
        for name, (text, reason) in base.Faults.CASES.items():
            for policy, ranks in (("warn", 1), ("stop", 3)):
                if policy == "stop" and name not in ("third", "view"):
                    continue
                with self.subTest(name, policy=policy):
                    output = f"{name}_{policy}"
                    script = self.script(text) if text else self.folder / "nowhere.py"
                    said = self.through(output, script, "--set", f"insitu.on_error={policy}", ranks=ranks,
                                        code=3 if policy == "stop" else 0)
                    self.assertEqual(said.count(reason), 1, said)
                    self.assertEqual(said.count("in situ: "), 1, said)
                    self.assertNotIn("Traceback", said)
                    self.assertIn(reason, self.report(output)["insitu"]["failure"])
                    if policy == "stop":
                        self.assertIn("stopped by the failure in situ with a checkpoint", said)
                        self.run_study(self.study(base.LINEAR), output)
                    self.same_results("plain", output)


    def test_steering(self):
        study = base.STEERED
        script = self.script(base.STEER.replace("SETS", repr(((1.0, "D_u", 600.0), (2.0, "D_u", -3.0),
                                                              (3.0, "Outputs", 2)))), "steer.py")
        for ranks in (1, 2):
            said = self.through(f"on_{ranks}", script, ranks=ranks, study=study)
            self.assertEqual(said.count("steering: "), 3, said)
            self.assertIn("steering: D_u from 60 to 600 um^2/h at step 25, ", said)
            self.assertIn("steering: D_u stays at 600 um^2/h: ", said)  # once, though it goes on being shown
            self.assertIn("steering: all outputs at step 75, ", said)
            self.assertEqual(self.report(f"on_{ranks}")["steered"],
                             [{"time_h": 1.0, "step": 25, "parameter": "D_u", "value": 600.0}])
        self.same_results("on_1", "on_2")
        stop = self.script(base.STEER.replace("SETS", repr(((2.0, "Stop", 1),))), "stop.py")
        said = self.through("stopped", stop, ranks=2, study=study, code=75)
        self.assertIn("stopped by steering with a checkpoint at step 50, ", said)


class WithoutCatalyst(base.Runs):
    """A build without Catalyst 2 says so and how to get it."""

    def test_asking_for_it_is_an_error_of_the_environment(self):
        said = self.run_study(self.study(base.LINEAR), "none", "--insitu", "script.py", "--set",
                              "insitu.backend=catalyst", code=3)
        self.assertIn("needs Catalyst 2, and this program was built without it", said)
        self.assertIn("-DKOLLAGEN_CATALYST=ON", said)
        self.assertFalse((self.folder / "none").exists())


if __name__ == "__main__":
    program, folder, kind = sys.argv[1:4]
    for name in [name for name in os.environ if name.startswith("CATALYST_")]:
        del os.environ[name]  # what a test wants it says
    base.PROGRAM = pathlib.Path(program).resolve()
    PLANTED = pathlib.Path(folder).resolve()
    base.LOOKS = base.built_with_paraview()
    has_catalyst = "shows runs" in re.search(r"Catalyst +(.*)", runs.run(base.PROGRAM, "info")[1])[1]
    if has_catalyst and kind == "WithoutCatalyst":
        base.skip("this program was built with Catalyst 2")
    if not has_catalyst and kind != "WithoutCatalyst":
        base.skip("this program was built without Catalyst 2: it was not found, or KOLLAGEN_CATALYST is off "
                  "(docs/insitu.md, Catalyst 2)")
    if kind == "ParaView" and not any((pathlib.Path(place) / "libcatalyst-paraview.so").exists()
                                      for place in PARAVIEW_PATHS.split(":")):
        base.skip("no implementation of ParaView for Catalyst 2 is there (KOLLAGEN_TEST_CATALYST_PATHS names "
                  "the folder of libcatalyst-paraview.so)")
    result = unittest.main(argv=[sys.argv[0], kind, *sys.argv[4:]], verbosity=2, exit=False).result
    if result.wasSuccessful() and len(result.skipped) == result.testsRun:
        base.skip("; ".join(reason for _, reason in result.skipped))
    sys.exit(not result.wasSuccessful())
