"""tools/gpu_check.sh: what it compares and how it reports, on planted files, and a whole run with planted programs.

    test_gpu_check.py [KOLLAGEN]      with the program the studies that it derives are validated too
"""
import importlib.util
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import tomllib
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 and not sys.argv[1].startswith("-") else None
specification = importlib.util.spec_from_file_location("gpu_check", ROOT / "tools/gpu_check.py")
gpu_check = importlib.util.module_from_spec(specification)
specification.loader.exec_module(gpu_check)

METRICS = """\
time [h],step [1],dt [h],gain [%],tiny [1],closure [h]
0,0,0.01,0,0,
24,10,2.5,-2,1e-31,
48,17,3.5,4,-2e-20,40
"""


class WithFolder(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.here = pathlib.Path(self.folder.name)

    def tearDown(self):
        self.folder.cleanup()


class Compare(WithFolder):
    def compare(self, ours, reference=METRICS):
        (self.here / "ours.csv").write_text(ours)
        (self.here / "reference.csv").write_text(reference)
        return gpu_check.compare(self.here / "ours.csv", self.here / "reference.csv")

    def test_equal_files(self):
        found = self.compare(METRICS)
        self.assertEqual(found["wrong"], [])
        self.assertEqual((found["largest"], found["columns"], found["round_off_columns"]), (0, 3, 1))

    def test_difference_is_relative_to_the_largest_value_of_its_column(self):
        found = self.compare(METRICS.replace(",-2,", ",-2.0002,"))
        self.assertAlmostEqual(found["largest"], 0.0002 / 4, delta=1e-12)
        self.assertEqual((found["column"], found["time_h"]), ("gain [%]", 24))
        self.assertEqual(found["wrong"], [])

    def test_difference_above_the_bound(self):
        found = self.compare(METRICS.replace(",-2,", ",-2.0005,"))
        self.assertEqual(len(found["wrong"]), 1)
        self.assertIn("gain [%] differs by 0.00013 of its largest value at 24 h; allowed is 0.0001", found["wrong"][0])

    def test_the_largest_of_several_is_named(self):
        found = self.compare(METRICS.replace(",-2,", ",-2.0002,").replace(",40\n", ",40.1\n"))
        self.assertEqual((found["column"], found["time_h"]), ("closure [h]", 48))

    def test_a_column_that_is_zero_in_the_reference_alone(self):
        found = self.compare(METRICS.replace("-2e-20", "1"))
        self.assertEqual(found["column"], "tiny [1]")
        self.assertEqual(found["largest"], 1)

    def test_steps_are_not_compared(self):
        self.assertEqual(self.compare(METRICS.replace(",17,3.5,", ",18,3.4,"))["largest"], 0)

    def test_missing_and_additional_columns(self):
        self.assertIn("column gain [%] is missing", self.compare(METRICS.replace("gain", "loss"))["wrong"])
        self.assertIn("column loss [%] is not in the reference", self.compare(METRICS.replace("gain", "loss"))["wrong"])

    def test_not_a_number_on_either_side_or_both(self):
        planted = METRICS.replace(",4,", ",nan,")
        self.assertIn("gain [%] is not finite at 48 h", self.compare(planted)["wrong"])
        self.assertIn("gain [%] of the reference is not finite at 48 h", self.compare(METRICS, planted)["wrong"])
        self.assertEqual(len(self.compare(planted, planted)["wrong"]), 2)
        self.assertIn("gain [%] is not finite at 48 h", self.compare(METRICS.replace(",4,", ",what,"))["wrong"])

    def test_a_value_where_there_is_none(self):
        self.assertIn("closure [h] has a value where the other has none",
                      self.compare(METRICS.replace("-2,1e-31,", "-2,1e-31,20"))["wrong"])

    def test_other_times(self):
        self.assertIn("the times differ: 2 rows, 3 in the reference",
                      self.compare("\n".join(METRICS.splitlines()[:3]) + "\n")["wrong"])
        self.assertIn("the times differ: 3 rows, 3 in the reference", self.compare(METRICS.replace("48,", "47,"))["wrong"])

    def test_files_that_are_not_whole(self):
        with self.assertRaisesRegex(ValueError, "holds no rows"):
            self.compare(METRICS.splitlines()[0] + "\n")
        with self.assertRaisesRegex(ValueError, "a row has 5 of 6 values"):
            self.compare(METRICS.replace("-2,1e-31,", "-2,1e-31"))


class Studies(unittest.TestCase):
    def test_only_outputs_change(self):
        for study in {study for _, study, _ in gpu_check.COMPARED} | {"stamp_4x4"}:
            text = (ROOT / "configs" / f"{study}.toml").read_text()
            before, after = tomllib.loads(text), tomllib.loads(gpu_check.study_with_metrics(text))
            self.assertEqual(after.pop("output"), [{"kind": "metrics", "every": "1 day"}])
            before.pop("output")
            self.assertEqual(after, before)

    @unittest.skipUnless(PROGRAM, "without the program")
    def test_all_are_valid(self):
        runs = [(study, settings) for _, study, settings in gpu_check.COMPARED]
        runs += [("stamp_4x4", [f'domain.spacing="{spacing} um"', gpu_check.STAMP]) for spacing in gpu_check.TIMED]
        with tempfile.TemporaryDirectory() as folder:
            for study, settings in runs:
                file = pathlib.Path(folder) / "study.toml"
                file.write_text(gpu_check.study_with_metrics((ROOT / "configs" / f"{study}.toml").read_text()))
                words = [word for setting in settings for word in ("--set", setting)]
                run = subprocess.run([PROGRAM, "validate", str(file), *words], capture_output=True, text=True)
                self.assertEqual(run.returncode, 0, f"{study} {settings}: {run.stdout}{run.stderr}")


# Stands for cmake, ctest, g++, nvcc, nvidia-smi and, once "built", for kollagen.
PLANTED = '''\
#!{python}
import json, os, pathlib, re, shutil, sys
name, words = pathlib.Path(sys.argv[0]).name, sys.argv[1:]
def after(word):
    return words[words.index(word) + 1]
if name == "cmake":
    folder = after("-B") if "-B" in words else after("--build") if "--build" in words else None
    if os.environ.get("PLANTED_FAILURE") and os.environ["PLANTED_FAILURE"] in " ".join(words):
        sys.exit("planted")
    if "--build" in words and folder.endswith(("kollagen-device", "kollagen-reference")):
        pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
        shutil.copy(__file__, folder + "/kollagen")
elif name == "ctest":
    names = ["structure.page", "EveryKey.Works", "Cells.one", "Cells.two", "test_halo.1_ranks"]
    if "--show-only=json-v1" in words:
        print(json.dumps(dict(tests=[dict(name=name) for name in names])))
    else:
        result = os.environ.get("PLANTED_TEST", "run")
        skip = '<skipped message="{{}}"/>'.format
        cases = dict(zip(names, ['status="run"/>'] * len(names)))
        cases["test_halo.1_ranks"] = 'status="notrun">' + skip("SKIP_RETURN_CODE=77") + "</testcase>"
        cases["Cells.two"] = dict(run='status="run"/>', fail='status="fail"/>', lost=None, disabled='status="disabled"/>',
                                  absent='status="notrun">' + skip("Unable to find executable") + "</testcase>")[result]
        cases = "".join(f'<testcase name="{{name}}" {{text}}' for name, text in cases.items()
                        if text and not re.search(after("-E"), name))
        pathlib.Path(after("--output-junit")).write_text(f"<testsuite>{{cases}}</testsuite>")
elif name == "g++":
    print("g++ (planted) 1.0")
elif name == "nvcc":
    print("nvcc, V13.0.88")
elif name == "nvidia-smi":
    print("Planted GPU, 580.1, 9.0, 143771 MiB")
elif name == "kollagen" and words[0] == "bench":
    step = dict(grid=[64, 64, 64], cells_per_s=2e6, share_of_copy=0.5, copy_bytes_per_s=1e10)
    pathlib.Path(after("--json")).write_text(json.dumps(dict(steps=[step])))
elif name == "kollagen":
    folder = pathlib.Path(after("-o"))
    folder.mkdir(parents=True)
    text = open({metrics!r}).read()
    if "kollagen-device" in sys.argv[0]:
        text = text.replace(",4,", f",{{4 + float(os.environ.get('PLANTED_DIFFERENCE', '0'))}},")
    (folder / "metrics.csv").write_text(text)
    report = dict(grid=dict(cells=[5, 4, 3]), backend="planted", steps=7, rejected_steps=1, wall_s=2.5, step_s=1.5,
                  cell_updates_per_s=1e6, timers=[], peak_memory_bytes=1000)
    (folder / "report.json").write_text(json.dumps(report))
'''


class Whole(WithFolder):
    def setUp(self):
        super().setUp()
        self.programs = self.here / "bin"
        self.programs.mkdir()
        metrics = self.here / "metrics.csv"
        metrics.write_text(METRICS)
        self.planted = PLANTED.format(python=sys.executable, metrics=str(metrics))
        for name in ("cmake", "ctest", "g++", "nvcc"):
            self.plant(name)
        for name in ("kokkos/CMakeLists.txt", "kokkos/bin/nvcc_wrapper", "googletest/CMakeLists.txt",
                     "prefix/include/toml++/toml.h", "thrust/thrust/version.h"):
            path = self.here / "brought" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")
        (self.here / "brought/kokkos/CMakeLists.txt").write_text(
            "set(Kokkos_VERSION_MAJOR 5)\nset(Kokkos_VERSION_MINOR 0)\nset(Kokkos_VERSION_PATCH 2)\n")

    def plant(self, name):
        (self.programs / name).write_text(self.planted)
        (self.programs / name).chmod(0o755)

    def run_check(self, *arguments, **environment):
        run = subprocess.run(["bash", str(ROOT / "tools/gpu_check.sh"), "--with", str(self.here / "brought"), "--out",
                              str(self.here / "out"), "--jobs", "2", *arguments], capture_output=True, text=True,
                             env={"PATH": f"{self.programs}:/usr/bin:/bin", "HOME": str(self.here), **environment})
        file = self.here / "out/gpu_check.json"
        run.result = json.loads(file.read_text()) if file.exists() else None
        run.parts = {part["name"]: part for part in run.result["parts"]} if run.result else {}
        run.summary = (self.here / "out/summary.txt").read_text() if run.result else ""
        return run

    def test_with_a_gpu(self):
        self.plant("nvidia-smi")
        run = self.run_check(PLANTED_DIFFERENCE="0.0002")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertEqual({part["result"] for part in run.parts.values()}, {"passed"}, run.summary)
        self.assertTrue(all(part["seconds"] >= 0 for part in run.parts.values()))
        result = run.result
        self.assertEqual((result["format"], result["format_version"]), ("kollagen gpu check", 1))
        self.assertEqual([result[key] for key in ("gpu", "driver", "cuda", "arch", "backend", "kokkos")],
                         ["Planted GPU", "580.1", "13.0.88", "HOPPER90", "cuda", "5.0.2"])
        self.assertEqual(len(result["comparisons"]), 3)
        self.assertAlmostEqual(result["comparisons"][0]["largest"], 0.0002 / 4.0002, delta=1e-9)
        self.assertEqual(result["bench"]["steps"][0]["cells_per_s"], 2e6)
        self.assertEqual([study["spacing_um"] for study in result["studies"]], [20, 10])
        self.assertEqual(result["tests"]["passed"], 2)
        self.assertEqual(result["tests"]["skipped"], ["test_halo.1_ranks"])
        self.assertEqual([group["names"] for group in result["tests"]["left_out"]], [["structure.page"], ["EveryKey.Works"]])
        for text in ("Planted GPU", "2 passed, 0 failed, 1 skipped, 2 left out", "structure.page", "EveryKey.Works",
                     "largest difference 5e-05", "bench 64x64x64: 2.0 M cells/s, 0.50 of copy"):
            self.assertIn(text, run.summary)

    def test_a_difference_fails(self):
        self.plant("nvidia-smi")
        run = self.run_check(PLANTED_DIFFERENCE="0.01")
        self.assertEqual(run.returncode, 1)
        failed = [part for part in run.parts.values() if part["result"] == "failed"]
        self.assertEqual(len(failed), 3)
        self.assertIn("gain [%] differs by 0.0025", failed[0]["reason"])

    def test_a_test_that_fails_or_does_not_run(self):
        self.plant("nvidia-smi")
        run = self.run_check(PLANTED_TEST="fail")
        self.assertEqual(run.returncode, 1)
        self.assertEqual(run.result["tests"]["failed"], ["Cells.two"])
        run = self.run_check(PLANTED_TEST="absent")
        self.assertEqual(run.result["tests"]["failed"], ["Cells.two"])
        run = self.run_check(PLANTED_TEST="disabled")
        self.assertEqual(run.returncode, 0)
        self.assertEqual(run.result["tests"]["skipped"], ["Cells.two", "test_halo.1_ranks"])
        run = self.run_check(PLANTED_TEST="lost")
        self.assertEqual(run.returncode, 1)
        self.assertEqual(run.result["tests"]["failed"], ["Cells.two (did not run)"])
        self.assertIn("failed: Cells.two (did not run)", run.summary)

    def test_cuda_without_a_gpu_is_built_and_not_run(self):
        run = self.run_check("--backend", "cuda", "--arch", "HOPPER90")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        for name, part in run.parts.items():
            if name.startswith("build"):
                self.assertEqual(part["result"], "passed", name)
            else:
                self.assertEqual((part["result"], part["reason"]), ("not run", "no GPU"), name)
                self.assertIn(f"{name}: no GPU", run.summary)
        self.assertEqual(len(run.parts), 5 + 3 + 1 + 2 + 1)

    def test_openmp_names_what_a_gpu_would_have_done(self):
        run = self.run_check()
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertEqual(run.result["backend"], "openmp")
        self.assertEqual(sorted(name for name, part in run.parts.items() if part["result"] == "not run"),
                         ["comparison of GPU and CPU", "kollagen bench on a GPU", "stamp_4x4, 28 days, 10 um",
                          "tests on a GPU"])
        self.assertEqual([one["ours"] for one in run.result["comparisons"]], ["OpenMP"] * 3)
        self.assertEqual(run.parts["tests"]["result"], "passed")

    def test_what_could_not_be_built_is_not_run(self):
        run = self.run_check(PLANTED_FAILURE="kokkos-device")
        self.assertEqual(run.returncode, 1)
        self.assertEqual(run.parts["build kokkos-device"]["result"], "failed")
        self.assertEqual(run.parts["build kollagen-device"]["reason"], "what it needs was not built")
        self.assertEqual(run.parts["tests"]["reason"], "it was not built")
        self.assertEqual(run.parts["build kollagen-reference"]["result"], "passed")

    def test_without_a_reference_there_is_no_comparison(self):
        run = self.run_check(PLANTED_FAILURE="--build " + str(self.here / "out/build/kollagen-reference"))
        self.assertEqual(run.returncode, 1)
        self.assertEqual({run.parts[f"comparison: {name}"]["reason"] for name, _, _ in gpu_check.COMPARED},
                         {"the reference was not built"})
        self.assertEqual(run.parts["tests"]["result"], "passed")

    def test_build_only_and_no_time(self):
        run = self.run_check("--build-only")
        self.assertEqual(run.parts["tests"]["reason"], "--build-only")
        self.assertEqual(run.returncode, 0)
        run = self.run_check("--minutes", "1e-9")
        self.assertEqual(run.returncode, 1)
        self.assertIn("the time is up (--minutes)", run.parts["build googletest"]["reason"])

    def test_what_is_missing_is_named(self):
        shutil.rmtree(self.here / "brought/googletest")
        run = self.run_check()
        self.assertEqual(run.returncode, 3)
        self.assertIn("googletest/CMakeLists.txt is not there", run.stderr)

    def test_an_architecture_is_asked_for_where_there_is_no_gpu(self):
        run = self.run_check("--backend", "cuda")
        self.assertEqual(run.returncode, 3)
        self.assertIn("--arch: there is no GPU to ask", run.stderr)

    def test_arguments(self):
        run = subprocess.run(["bash", str(ROOT / "tools/gpu_check.sh"), "--collect", str(self.here / "new")],
                             capture_output=True, text=True)
        self.assertEqual(run.returncode, 2)
        self.assertIn("either --collect FOLDER --kokkos SOURCE or --with FOLDER", run.stderr)
        run = subprocess.run(["bash", str(ROOT / "tools/gpu_check.sh"), "--collect", str(self.here / "new"), "--kokkos",
                              str(self.here)], capture_output=True, text=True)
        self.assertEqual(run.returncode, 3)
        self.assertIn("does not hold the source of Kokkos", run.stderr)


if __name__ == "__main__":
    unittest.main()
