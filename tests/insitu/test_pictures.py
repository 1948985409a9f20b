"""What users start from to see something: the scripts of configs/insitu beside section and extracts, the script that
`kollagen insitu-script` writes, and tools/view.sh; all with the real ParaView.

    test_pictures.py KOLLAGEN MAKE_SAMPLE_RUN Scripts | Starter | View
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

import test_insitu
from test_insitu import LINEAR, NEEDLES, ROOT, SCRIPTS, Runs, Screen, numpy, runs, skip

VIEW = ROOT / "tools/view.sh"
SAMPLE = None
PYTHON = "/usr/bin/python3"
# Four needles, coarse: what scripts draw counts here, not what they see.
COARSE = NEEDLES.replace('spacing = "50 um"', 'spacing = "100 um"')


def read(path):
    import matplotlib.image

    return matplotlib.image.imread(path)[:, :, :3]


def colours(picture):
    return len(numpy.unique((picture * 255).astype(int) @ (65536, 256, 1)))


def changed(one, other):
    """Share of the pixels that differ visibly."""
    return (abs(one - other).max(axis=2) > 0.02).mean()


class Pictures(Screen):
    """Pictures that scripts leave."""

    def pictures(self, script, name, *options, study=COARSE, ranks=1):
        """The pictures that a script leaves of three states, all said to be fine."""
        output = f"{name}_{ranks}"
        said = self.run_study(self.study(study), output, "--insitu", script, *options, ranks=ranks, display=self.display)
        self.assertNotIn("in situ: ", said)
        files = sorted((self.folder / output / "insitu").glob(f"{name}_*.png"))
        self.assertEqual(len(files), 3)
        found = [read(file) for file in files]
        for picture in found:
            self.assertGreater(colours(picture), 100)
            self.assertGreater((picture == 1).all(axis=2).mean(), 0.2)  # the background is white
        return found


class Scripts(Pictures):
    """wound, front, live: on one rank and three the same pictures, which change over time."""

    def check(self, name, derived, least, seams=1e-3):
        options = ["--set", f"insitu.derived={derived}"]
        text = (SCRIPTS / f"{name}.py").read_text()
        self.assertIn("PICTURE = [1200, 800]", text)
        script = self.script(text.replace("PICTURE = [1200, 800]", "PICTURE = [600, 400]"))  # drawn without a graphics card
        alone = self.pictures(script, name, *options)
        for first, later in zip(alone, alone[1:]):
            self.assertGreater(changed(first, later), least)
        for one, other in zip(alone, self.pictures(script, name, *options, ranks=3)):
            self.assertLess(changed(one, other), seams)
        return alone

    def test_wound(self):
        start, *_, end = self.check("wound", '["total_collagen","strength"]', 0.01)
        # The tracks are red and nothing else is; they shrink and stay.
        red = [((p[:, :, 0] > 0.2) & (p[:, :, 1] < 0.35 * p[:, :, 0]) & (p[:, :, 2] < 0.35 * p[:, :, 0])).mean()
               for p in (start, end)]
        self.assertGreater(red[0], 0.03)
        self.assertLess(red[1], 0.95 * red[0])
        self.assertGreater(red[1], 0.2 * red[0])

    def test_front(self):
        # The fog has no seams; lines of the box lie before or behind it, depending on the rank that draws them (0.5 %).
        start, middle, _ = self.check("front", "[]", 0.05, seams=0.01)
        # Undamaged skin is clear; five days later fibroblasts are about.
        fog = [(p[:310].max(axis=2) - p[:310].min(axis=2) > 0.1).mean() for p in (start, middle)]
        self.assertLess(fog[0], 0.01)
        self.assertGreater(fog[1], 0.1)

    def test_section_outside_of_the_domain_is_told(self):
        for name in ("wound", "live"):
            with self.subTest(name):
                said = self.run_study(self.study(LINEAR), name, "--insitu", SCRIPTS / f"{name}.py", display=self.display)
                self.assertIn("SECTION_Y = 775.0 um is outside of the domain, which reaches from 0 to 300.0 um", said)

    def test_live_only_needs_no_display_and_leaves_nothing(self):
        said = self.run_study(self.study(COARSE), "live", "--insitu", SCRIPTS / "live.py")
        self.assertNotIn("in situ: ", said)
        cost = self.report("live")["insitu"]
        self.assertEqual((cost["calls"], cost["failure"]), (3, None))
        self.assertEqual([path.name for path in (self.folder / "live/insitu").glob("*.*")], ["steering.xml"])

    def test_metrics_need_no_display(self):
        text = (SCRIPTS / "metrics.py").read_text()
        script = self.script(text.replace("PICTURE = (12, 6.5)", "PICTURE = (6, 4)"))
        drawn = {}
        for name, study, ranks in (("skin", COARSE, 1), ("skin", COARSE, 3), ("linear", LINEAR, 1)):
            output = f"{name}_{ranks}"
            said = self.run_study(self.study(study), output, "--insitu", script, ranks=ranks)
            self.assertNotIn("in situ: ", said)
            calls = self.report(output)["insitu"]["calls"]
            files = sorted((self.folder / output / "insitu").glob("metrics_*.png"))
            self.assertEqual(len(files), calls)
            drawn[output] = [read(file) for file in files]
            self.assertEqual(drawn[output][0].shape, (400, 600, 3))
            for first, later in zip(drawn[output], drawn[output][1:]):
                self.assertGreater(changed(first, later), 0.002)  # thin lines have grown
            self.assertGreater(colours(drawn[output][-1]), 100)
        for one, other in zip(drawn["skin_1"], drawn["skin_3"]):
            self.assertLess(changed(one, other), 1e-3)


class Starter(Pictures):
    """kollagen insitu-script: the script runs as it is and is about this study."""

    def starter(self, study, *options, name="my.py"):
        code, text = runs.run(test_insitu.PROGRAM, "insitu-script", study, *options)
        self.assertEqual(code, 0, text)
        return self.script(text, name)

    def ranges(self, script):
        return {name: (float(low), float(high), unit) for name, low, high, unit in re.findall(
            r'^    "(\w+)": \(([-.\de+]+), ([-.\de+]+), "(.*?)"\),', script.read_text(), re.MULTILINE)}

    def test_it_names_the_needles_and_ranges_of_the_study(self):
        script = self.starter(self.study(COARSE))
        text = script.read_text()
        self.assertTrue(text.startswith("# script-version: 2.0\n"))
        self.assertIn("SECTION_Y = 225 ", text)  # of rows at 225 and 775 um, both 275 um from the middle, the first
        ranges = self.ranges(script)
        self.assertEqual(set(ranges), {*runs.FIELDS, "total_collagen"})
        # Face skin down to 1 mm: collagen 190 + 38 mg/mL at most, fibroblasts 3500 cells/mm^3, kappa 8.
        self.assertEqual(ranges["total_collagen"], (0, 270, "mg/mL"))
        self.assertEqual(ranges["fibroblasts"], (0, 14000, "cells/mm^3"))
        self.assertEqual(ranges["damage"], (0, 1, "1"))
        moved = self.starter(self.study(COARSE), "--set", 'treatment.0.center=["500 um","450 um"]', "--set",
                             'insitu.fields=["pdgf","elastin"]', "--set", "insitu.derived=[]", name="moved.py")
        self.assertIn("SECTION_Y = 725 ", moved.read_text())
        self.assertEqual(set(self.ranges(moved)), {"pdgf", "elastin"})
        without = self.starter(self.study(LINEAR), name="linear.py")
        self.assertIn("SECTION_Y = 150 ", without.read_text())
        self.assertEqual(self.ranges(without)["u"], (0, 3, "1"))

    def test_it_draws(self):
        for name, study in (("dermal", COARSE), ("linear", LINEAR.replace('"1 hour"\n"""', '"2 hour"\n"""'))):
            with self.subTest(name):
                script = self.starter(self.study(study))
                found = self.pictures(script, "picture", "--set", "insitu.every=" + ("5 day" if name == "dermal" else "2 hour"),
                                      study=study)
                for first, later in zip(found, found[1:]):
                    self.assertGreater(changed(first, later), 0.01)
                shutil.rmtree(self.folder / "picture_1")

    def test_extracts_need_no_display(self):
        script = self.starter(self.study(COARSE), "--extracts")
        self.assertNotIn("CreateView", script.read_text())
        said = self.run_study(self.study(COARSE), "extracts", "--insitu", script)
        self.assertNotIn("in situ: ", said)
        files = sorted((self.folder / "extracts/insitu").glob("section_*.pvti"))
        self.assertEqual(len(files), 3)
        code = """
import sys
from vtkmodules.vtkIOXML import vtkXMLPImageDataReader
reader = vtkXMLPImageDataReader()
reader.SetFileName(sys.argv[1])
reader.Update()
data = reader.GetOutput()
print(data.GetBounds(), sorted(data.GetCellData().GetArrayName(a) for a in range(data.GetCellData().GetNumberOfArrays())))
"""
        found = subprocess.run([PYTHON, "-c", code, files[0]], text=True, capture_output=True, check=True).stdout
        self.assertEqual(found.strip(), f"(0.0, 1000.0, 200.0, 300.0, 0.0, 1000.0) {sorted([*runs.FIELDS, 'total_collagen'])}")

    def test_bad_study_is_refused(self):
        code, text = runs.run(test_insitu.PROGRAM, "insitu-script", self.study(COARSE.replace("stamp", "stomp")))
        self.assertEqual(code, 2, text)
        self.assertIn("treatment[0].pattern", text)


class View(Runs):
    """tools/view.sh and kollagen view."""

    def view(self, *arguments, code=0, program=(VIEW,), **changes):
        env = {**os.environ, **{key: str(value) for key, value in changes.items()}}
        if "DISPLAY" not in changes:
            env.pop("DISPLAY", None)
        done = subprocess.run([*map(str, program), *map(str, arguments)], text=True, capture_output=True, env=env,
                              timeout=300)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def sample(self, model):
        subprocess.run([SAMPLE, model, self.folder / model], check=True)
        return self.folder / model

    def tools(self, *names):
        """A PATH that has the everyday programs and, of those that view.sh needs, only `names`; these tell their arguments."""
        folder = self.folder / ("tools_" + "_".join(names))
        folder.mkdir()
        for name in ("bash", "sed", "dirname", "mkdir", "rm"):
            (folder / name).symlink_to(shutil.which(name))
        for name in names:
            (folder / name).write_text(f'#!/bin/bash\necho "{name}: $*; run $KOLLAGEN_VIEW_RUN"\n')
            (folder / name).chmod(0o755)
        return folder

    def needs_paraview(self):
        for name, package in (("pvpython", "paraview"), ("xvfb-run", "xvfb"), ("ffmpeg", "ffmpeg")):
            if not shutil.which(name):
                self.skipTest(f"{name} is not installed (Debian: {package})")

    def check_pictures(self, folder, frames):
        for name in ("wound", "section"):
            files = sorted(folder.glob(f"{name}_*.png"))
            self.assertEqual([file.name for file in files], [f"{name}_{n:06d}.png" for n in range(frames)])
            found = [read(file) for file in files]
            for picture in found:
                self.assertGreater(colours(picture), 100)
            self.assertGreater(changed(found[0], found[-1]), 0.01)
            film = folder / f"{name}.mp4"
            probe = subprocess.run(["ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames",
                                    "-of", "csv=p=0", film], text=True, capture_output=True, check=True)
            self.assertEqual(int(probe.stdout), frames + 4)  # the last is held for a second

    def test_skin(self):
        self.needs_paraview()
        run = self.sample("dermal")
        said = self.view(run, program=(test_insitu.PROGRAM, "view"))
        self.check_pictures(run / "view", 29)
        # Needles of the sample are in the plane y = 300 um, between the centres of two cells of 50 um.
        self.assertRegex(said, r"29 frames; section at y = (275|325) um with tgf_beta, fibroblasts, collagen_change; "
                               r"surface: strength 0.8")

    def test_other_models_and_a_folder_of_ones_own(self):
        self.needs_paraview()
        run = self.sample("linear")
        (run / "pictures").mkdir()
        (run / "pictures/wound_000007.png").write_text("of an earlier round")
        said = self.view(run, "-o", run / "pictures")
        self.check_pictures(run / "pictures", 3)
        self.assertIn("with u, w; surface: u ", said)
        self.assertFalse((run / "view").exists())

    def test_bad_command_lines_and_folders(self):
        run = self.sample("linear")
        for arguments, reason in (((), "which run?"), ((run, run), "one run at a time"), ((run, "--gif"), "'--gif'"),
                                  ((run, "-o"), "-o needs a folder"), ((self.folder,), "no config.toml")):
            self.assertIn(reason, self.view(*arguments, code=2))
        shutil.rmtree(run / "fields")
        self.assertIn("has no frames", self.view(run, code=2))
        self.assertIn("--headless", self.view("--help"))

    def test_what_is_missing_is_named(self):
        run = self.sample("linear")
        for there, missing in (((), "pvpython"), (("pvpython",), "xvfb-run"), (("pvpython", "xvfb-run"), "ffmpeg")):
            said = self.view(run, code=3, PATH=self.tools(*there))
            self.assertIn(f"{missing} is not installed", said)
            self.assertIn("apt-get install", said)
        self.assertIn("paraview is not installed", self.view(run, code=3, DISPLAY=":0", PATH=self.folder / "tools_"))
        self.assertFalse((run / "view").exists())

    def test_a_screen_decides_and_headless_overrides(self):
        run = self.sample("linear")
        path = self.tools("paraview", "pvpython", "xvfb-run", "ffmpeg")
        state = ROOT / "tools/view_state.py"
        self.assertEqual(self.view(run, DISPLAY=":0", PATH=path), f"paraview: --script={state}; run {run}\n")
        drawing = f"xvfb-run: -a -s -screen 0 1280x1024x24 -noreset pvpython {state}; run {run}\n"
        for arguments, changes in (((), {}), (("--headless",), {"DISPLAY": ":0"}), (("-o", run / "x"), {"DISPLAY": ":0"})):
            self.assertEqual(self.view(run, *arguments, PATH=path, **changes), drawing)
            self.assertEqual(self.view(run, *arguments, PATH=path, program=(test_insitu.PROGRAM, "view"), **changes), drawing)

    def test_program_without_its_sources(self):
        said = self.view(self.folder, code=3, program=(test_insitu.PROGRAM, "view"), KOLLAGEN_TOOLS=self.folder / "none")
        self.assertIn(f"{self.folder}/none/view.sh does not exist", said)
        self.assertIn("KOLLAGEN_TOOLS", said)


if __name__ == "__main__":
    test_insitu.PROGRAM, SAMPLE = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
    looks = "shows runs in situ" in runs.run(test_insitu.PROGRAM, "info")[1]
    if not looks and sys.argv[3] != "View":
        skip("this program was built without ParaView (Debian: paraview-dev python3-paraview; docs/insitu.md)")
    result = unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2, exit=False).result
    if result.wasSuccessful() and len(result.skipped) == result.testsRun:
        skip("; ".join(sorted({reason for _, reason in result.skipped})))
    sys.exit(not result.wasSuccessful())
