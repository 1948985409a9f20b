"""Runs that are stopped, killed and resumed as a user or a queue would do it: whatever happened, in the end the files
are those of a run that nobody interrupted.

    test_interruptions.py KOLLAGEN OneRank | ManyRanks
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
try:
    import runs
except ImportError as error:
    print(f"skipped: {error} (Debian: python3-numpy, python3-h5py)")
    sys.exit(77)

PROGRAM = None

# Steps of fixed length: the run takes some seconds on any machine, and can be met anywhere.
STUDY = """
title = "interrupted"
model = "dermal"
[domain]
size = ["360 um", "400 um", "240 um"]
spacing = ["40 um", "50 um", "30 um"]
[time]
end = "1 hour"
step = "1 s"
[skin]
preset = "face"
[[treatment]]
at = "0 min"
pattern = "single"
length = "200 um"
radius = "80 um"
[[treatment]]
at = "8 min"
pattern = "single"
center = ["90 um", "140 um"]
length = "150 um"
radius = "70 um"
[[output]]
kind = "fields"
every = "10 min"
precision = "float64"
[[output]]
kind = "slice"
every = "4 min"
fields = ["pdgf"]
[[output]]
kind = "probe"
every = "90 s"
points = [["100 um", "200 um", "100 um"]]
"""
ENDLESS = ["--set", 'time.end="180 day"', "--set", 'output.0.until="1 min"', "--set", 'output.1.until="1 min"',
           "--set", 'output.2.until="1 min"']


class Sessions(unittest.TestCase):
    """What the tests share: a run that nobody interrupts, and a folder for each test."""

    @classmethod
    def setUpClass(cls):
        cls.work = pathlib.Path(tempfile.mkdtemp(prefix="kollagen_interruptions_"))
        cls.addClassCleanup(shutil.rmtree, cls.work)
        cls.study = cls.work / "study.toml"
        cls.study.write_text(STUDY)
        code, text = runs.run(PROGRAM, "run", cls.study, "-o", cls.work / "whole")
        assert code == 0, text
        cls.whole = runs.results(cls.work / "whole")
        cls.rows = (cls.work / "whole/metrics.csv").read_text()

    def setUp(self):
        self.folder = self.work / self.id().rsplit(".", 1)[-1]

    def words(self, *more):
        return ["run", self.study, "-o", self.folder, *more]

    def run_to(self, code, *more, **options):
        found, text = runs.run(PROGRAM, *self.words(*more), **options)
        self.assertEqual(found, code, text)
        return text

    def start(self, *more, session=1, **options):
        """A run whose session number `session` has begun to step."""
        process = runs.start(PROGRAM, *self.words(*more), **options)
        self.addCleanup(process.output.close)
        self.addCleanup(lambda: process.poll() is None and (process.kill(), process.wait()))
        patience = time.monotonic() + 60
        while time.monotonic() < patience:
            if process.poll() is not None:
                self.fail(f"ended before it could be met: {runs.ended(process)[1]}")
            status = self.status()
            if status.get("state") == "running" and status.get("sessions") == session and self.steps_kept():
                return process
            time.sleep(0.02)
        self.fail("does not begin")

    def status(self):
        try:
            return runs.json.loads((self.folder / "status.json").read_text())
        except FileNotFoundError:
            return {}

    def report(self):
        return runs.json.loads((self.folder / "report.json").read_text())

    def steps_kept(self):
        return sorted(int(re.sub(r"\D", "", path.stem)) for path in (self.folder / "checkpoints").glob("*.json"))

    def end(self, process, code):
        found, text = runs.ended(process, 60)
        self.assertEqual(found, code, text)
        return text

    def check_nothing_extra(self):
        """A run that stopped has written what it would have written anyway."""
        self.assertTrue(self.rows.startswith((self.folder / "metrics.csv").read_text()))
        self.assertEqual([p for p in self.folder.rglob("*") if "tmp" in p.name], [])
        for path in self.folder.glob("*/*.hdf"):
            name = str(path.relative_to(self.folder))
            self.assertEqual(runs.hdf_digests(path), self.whole[name])

    def check_whole(self):
        self.assertEqual(runs.differences(runs.results(self.folder), self.whole), [])


class OneRank(Sessions):
    def test_every_way_to_stop_leaves_a_checkpoint_and_the_same_files_in_the_end(self):
        ways = [
            ("SIGTERM", lambda process: process.send_signal(signal.SIGTERM)),
            ("SIGUSR1", lambda process: process.send_signal(signal.SIGUSR1)),
            ("SIGUSR2", lambda process: process.send_signal(signal.SIGUSR2)),
            ("SIGINT", lambda process: process.send_signal(signal.SIGINT)),
            ("the file stop", lambda process: (self.folder / "stop").touch()),
            ("the file stop", lambda process: self.assertEqual(runs.run(PROGRAM, "stop", self.folder)[0], 0)),
        ]
        last = 0
        for session, (reason, ask) in enumerate(ways, start=1):
            process = self.start(session=session)
            time.sleep(0.04 * session)  # from right at the start to some dozen steps later
            ask(process)
            text = self.end(process, 75)
            self.assertIn(f"stopped by {reason} with a checkpoint at step", text)
            self.assertIn("the same command resumes", text)
            self.assertEqual(self.report()["outcome"], f"stopped by {reason}")
            self.assertFalse((self.folder / "stop").exists())
            self.assertEqual(self.status()["state"], "stopped")
            self.assertEqual(self.status()["step"], self.steps_kept()[-1])
            self.assertGreaterEqual(self.status()["step"], last)
            last = self.status()["step"]
            self.assertLessEqual(len(self.steps_kept()), 2)
            self.check_nothing_extra()
        self.assertGreater(last, 0)
        self.run_to(0)
        self.check_whole()
        report = self.report()
        self.assertEqual(report["sessions"], len(ways) + 1)
        self.assertGreater(report["wall_s"], report["step_s"])
        log = (self.folder / "log.txt").read_text()
        self.assertEqual(log.count("resumed from the checkpoint at step"), len(ways))
        self.assertIn("already complete", self.run_to(0))

    def test_some_steps_at_a_time(self):
        seconds = 0
        for session in range(1, 5):
            self.run_to(75, "--steps", "311")
            self.assertEqual(self.steps_kept(), [311 * (session - 1), 311 * session])
            report = self.report()
            self.assertEqual(report["steps"], 311 * session)
            self.assertGreater(report["wall_s"], seconds, "times of all sessions add up")
            seconds = report["wall_s"]
            self.check_nothing_extra()
        self.run_to(0)
        self.check_whole()

    def test_killed_runs_go_on_from_their_last_checkpoint(self):
        often = ["--set", "checkpoint.every_wall=\"1 s\""]
        process = self.start(*often)
        while len(self.steps_kept()) < 2 and process.poll() is None:
            time.sleep(0.02)
        process.kill()
        process.wait()
        kept = self.steps_kept()
        self.assertGreater(len(kept), 1, "a second has passed")
        code, text = runs.run(PROGRAM, "status", self.folder)
        self.assertEqual(code, 0, text)
        self.assertIn("ended without a word", text)
        self.assertIn(f"step {kept[-1]},", text)
        self.assertIn(f"resumed from the checkpoint at step {kept[-1]},", self.run_to(0, *often))
        # Frames hold the study as it was resolved, so a reference has to have been asked for the same.
        code, text = runs.run(PROGRAM, "run", self.study, "-o", self.folder / "reference", *often)
        self.assertEqual(code, 0, text)
        reference = runs.results(self.folder / "reference")
        shutil.rmtree(self.folder / "reference")
        self.assertEqual(runs.differences(runs.results(self.folder), reference), [])

    def test_a_second_interrupt_ends_at_once(self):
        # Steps of about half a second, so that both signals come during the same one.
        large = ["--set", 'domain.size=["2 mm", "2 mm", "1.2 mm"]', "--set", 'domain.spacing="20 um"', *ENDLESS]
        process = self.start(*large)

        def catches_interrupts():
            caught = re.search(r"SigCgt:\s*(\w+)", pathlib.Path(f"/proc/{process.pid}/status").read_text())[1]
            return int(caught, 16) >> (signal.SIGINT - 1) & 1

        time.sleep(0.3)  # into a step
        process.send_signal(signal.SIGINT)
        while catches_interrupts():
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        process.wait(60)
        self.assertEqual(process.returncode, -signal.SIGINT)
        self.assertEqual(self.steps_kept(), [0])
        self.assertEqual(self.status()["state"], "running", "no time to say more")

    def test_what_was_ignored_stays_ignored(self):
        before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # which a process inherits
        try:
            process = self.start(*ENDLESS)
        finally:
            signal.signal(signal.SIGUSR1, before)
        process.send_signal(signal.SIGUSR1)
        time.sleep(0.3)
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGTERM)
        self.assertIn("stopped by SIGTERM", self.end(process, 75))

    def test_walltime_is_kept_with_a_checkpoint(self):
        begin = time.monotonic()
        text = self.run_to(75, "--walltime", "00:00:05", *ENDLESS)
        self.assertLess(time.monotonic() - begin, 30, "five seconds, the start of MPI and a busy machine")
        self.assertIn("stopped by --walltime with a checkpoint at step", text)
        self.assertGreater(self.report()["wall_s"], 1, "not much too early either")
        kept = self.steps_kept()[-1]
        self.assertIn(f"at step {kept}, ", self.run_to(75, "--walltime", "0:02", *ENDLESS))
        self.assertGreater(self.steps_kept()[-1], kept)
        self.assertIn("allowed: HH:MM:SS", self.run_to(2, "--walltime", "soon"))

    def test_limit_of_a_slurm_job(self):
        job = {"SLURM_JOB_ID": "4711"}
        begin = time.time()
        # An end that passes before the program looks at it, on a busy machine, would not be used.
        text = self.run_to(75, *ENDLESS, env=runs.environment(**job, SLURM_JOB_END_TIME=int(begin) + 8))
        self.assertLess(time.time(), begin + 40)
        self.assertIn("the Slurm job ends at", text)
        self.assertIn("stopped by the limit of the Slurm job", text)
        tools = self.work / "tools"
        tools.mkdir()
        squeue = tools / "squeue"
        squeue.write_text("#!/bin/sh\n[ \"$*\" = '-h -j 4711 -o %e' ] && date -d '+5 seconds' +%Y-%m-%dT%H:%M:%S\n")
        squeue.chmod(0o755)
        path = runs.environment(**job, PATH=f"{tools}:{os.environ['PATH']}")
        text = self.run_to(75, *ENDLESS, env=path)
        self.assertIn("(squeue)", text)
        self.assertIn("stopped by the limit of the Slurm job", text)
        squeue.write_text("#!/bin/sh\necho 'slurm_load_jobs error: Unable to contact slurm controller'\nexit 1\n")
        text = self.run_to(75, *ENDLESS, "--steps", "2", env=path)
        self.assertIn("the limit of Slurm job 4711 is not known: squeue says", text)
        self.assertIn("Unable to contact", text)

    def test_another_study_is_refused_by_key(self):
        self.run_to(75, "--steps", "2")
        text = self.run_to(2, "--set", "time.tolerance=1e-4", "--set", 'treatment.1.at="9 min"')
        self.assertIn("time.tolerance: 0.001 in the folder, 0.0001 in this study", text)
        self.assertIn('treatment[1].at: "8 min" in the folder, "9 min" in this study', text)
        self.assertEqual(text.count(" in the folder, "), 2, text)
        self.assertIn("resumed", self.run_to(75, "--steps", "3", "--set", "checkpoint.keep=1"))
        self.assertEqual(self.steps_kept(), [5])
        code, text = runs.run(PROGRAM, "verify", self.folder)
        self.assertEqual(code, 0, text)

    def test_fresh_starts_over(self):
        self.run_to(75, "--steps", "50")
        (self.folder / "notes.txt").write_text("mine")
        text = self.run_to(75, "--fresh", "--steps", "2", "--set", "seed=3")
        self.assertNotIn("resumed", text)
        self.assertEqual(self.steps_kept(), [0, 2])
        self.assertEqual((self.folder / "notes.txt").read_text(), "mine")
        self.assertEqual((self.folder / "log.txt").read_text().count("Kokkos"), 1, "the log of the old run is gone")

    def test_without_checkpoints_it_starts_over_and_says_so(self):
        none = ["--set", "checkpoint.keep=0"]
        self.assertIn("there is no checkpoint (checkpoint.keep = 0)", self.run_to(75, "--steps", "20", *none))
        self.assertFalse((self.folder / "checkpoints").exists())
        text = self.run_to(75, "--steps", "20", *none)
        self.assertIn("left no checkpoint; starting from the beginning", text)
        self.assertEqual(self.report()["steps"], 20)

    def test_earlier_checkpoints_are_named_by_a_session_that_writes_none(self):
        self.run_to(75, "--steps", "20")
        none = ["--set", "checkpoint.keep=0", "--steps", "5"]
        for _ in range(2):
            text = self.run_to(75, *none)
            self.assertIn("resumed from the checkpoint at step 20,", text)
            self.assertRegex(text, r"stopped by --steps at step 25, .*the same command resumes from the one at step 20")
            self.assertNotIn("from the beginning", text)

    def damage(self, path):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)

    def test_damaged_checkpoints_are_named_and_never_used(self):
        self.run_to(75, "--steps", "30")
        self.run_to(75, "--steps", "30")
        self.damage(self.folder / "checkpoints/checkpoint_000000000060.h5")
        saved = self.folder.with_name("saved")
        shutil.copytree(self.folder, saved)
        text = self.run_to(0)
        self.assertIn("checkpoint_000000000060.json: damaged", text)
        self.assertIn("resumed from the checkpoint at step 30,", text)
        self.check_whole()
        shutil.rmtree(self.folder)
        saved.rename(self.folder)
        self.damage(self.folder / "checkpoints/checkpoint_000000000030.h5")
        before = {path: path.read_bytes() for path in self.folder.rglob("*.*sv")}
        for _ in range(2):
            text = self.run_to(5)
            for part in ("no checkpoint can be used", "000000000030", "000000000060", "--fresh"):
                self.assertIn(part, text)
        self.assertEqual(before, {path: path.read_bytes() for path in before}, "what is there stays")
        self.run_to(0, "--fresh")
        self.check_whole()

    def test_checkpoints_that_cannot_fit_are_refused_before_the_run(self):
        large = ["--set", 'domain.size=["3 mm", "3 mm", "3 mm"]', "--set", 'domain.spacing="20 um"']
        text = self.run_to(5, *large, "--set", "checkpoint.keep=1000")
        self.assertIn("1001 checkpoints of 8", text)
        self.assertIn("checkpoint.keep", text)
        self.assertFalse(self.folder.exists())

    def test_a_state_that_failed_the_guards_is_never_kept(self):
        bad = ["--set", "time.integrator=explicit", "--set", 'time.step="20 min"', "--set", 'time.end="5 hour"']
        self.run_to(4, *bad)
        kept = self.steps_kept()
        self.assertEqual(kept, [0])
        self.assertIn("failed: numerical guard", runs.run(PROGRAM, "status", self.folder)[1])
        self.run_to(4, *bad)
        self.assertEqual(self.steps_kept(), kept)

    def test_verify_and_diff(self):
        self.run_to(75, "--steps", "700")
        whole = self.work / "whole"
        for folder in (whole, self.folder):
            code, text = runs.run(PROGRAM, "verify", folder)
            self.assertEqual(code, 0, text)
        code, text = runs.run(PROGRAM, "diff", whole, self.folder)
        self.assertEqual(code, 1, text)
        self.assertIn("only in the first", text)
        self.run_to(0)
        code, text = runs.run(PROGRAM, "diff", whole, self.folder)
        self.assertEqual(code, 0, text)
        self.assertNotIn("differ", text)
        os.truncate(self.folder / "fields/fields_000002.hdf", 3000)
        code, text = runs.run(PROGRAM, "verify", self.folder)
        self.assertEqual(code, 5, text)
        self.assertRegex(text, r"FAULT +fields/fields_000002.hdf")
        for words in (["verify", self.work], ["diff", whole, self.work / "nothing"]):
            self.assertEqual(runs.run(PROGRAM, *words)[0], 2, words)

    def test_status_and_stop(self):
        code, text = runs.run(PROGRAM, "status", self.folder)
        self.assertEqual(code, 2, text)
        self.assertIn("holds no run", text)
        process = self.start(*ENDLESS)
        code, text = runs.run(PROGRAM, "status", self.folder)
        self.assertEqual(code, 0, text)
        self.assertRegex(text, rf"state +running \(process {process.pid} on ")
        self.assertRegex(text, r"checkpoint_0+\.h5  step 0, 0\.000 of 180 day, [\d.]+ MB, written 20")
        code, text = runs.run(PROGRAM, "stop", self.folder)
        self.assertEqual(code, 0, text)
        self.end(process, 75)
        code, text = runs.run(PROGRAM, "status", self.folder)
        self.assertRegex(text, r"state +stopped by the file stop")
        self.assertRegex(text, r"spent +\d+ s in 1 session, 1 rank\n")
        code, text = runs.run(PROGRAM, "stop", self.folder)
        self.assertEqual(code, 2, text)
        self.assertIn("no run is at work there", text)
        self.assertFalse((self.folder / "stop").exists())
        (self.folder / "stop").touch()  # by somebody who came too late
        text = self.run_to(75, "--steps", "2", *ENDLESS)
        self.assertIn("a file stop that no earlier session has seen was removed", text)
        self.assertEqual(self.report()["outcome"], "stopped by --steps")


class ManyRanks(Sessions):
    def rank(self, number):
        """The process of one rank of the run in our folder."""
        for path in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                words = (path / "cmdline").read_bytes().split(b"\0")
                variables = (path / "environ").read_bytes().split(b"\0")
            except (FileNotFoundError, PermissionError, ProcessLookupError):
                continue
            if os.fsencode(self.folder) in words and b"OMPI_COMM_WORLD_RANK=%d" % number in variables:
                return int(path.name)
        self.fail(f"no process of rank {number}")

    def test_a_signal_to_one_rank_stops_all_and_fewer_ranks_go_on(self):
        process = self.start(ranks=3)
        os.kill(self.rank(2), signal.SIGUSR2)
        text = self.end(process, 75)
        self.assertIn("3 ranks as 3 x 1 x 1", text)
        self.assertEqual(text.count("stopped by SIGUSR2 with a checkpoint at step"), 1, text)
        process = self.start(session=2, ranks=2)
        self.assertIn("2 ranks\n", runs.run(PROGRAM, "status", self.folder)[1])
        self.assertEqual(runs.run(PROGRAM, "stop", self.folder)[0], 0)
        text = self.end(process, 75)
        self.assertIn("written by 3 ranks, read by 2", text)
        self.check_nothing_extra()
        self.assertIn("written by 2 ranks, read by 1", self.run_to(0))
        self.check_whole()
        self.assertEqual(self.report()["process_grid"], [1, 1, 1])

    def test_errors_are_said_once_by_all(self):
        for code, *words in ([2, "--set", "time.tolerance=-1"], [2, "--walltime", "soon"],
                             [4, "--set", "time.integrator=explicit", "--set", 'time.step="20 min"']):
            text = self.run_to(code, *words, ranks=3)
            for fault in ("out of range", "not a time", "is not finite"):
                self.assertLessEqual(len(re.findall(rf"^(?!numerical).*{fault}", text, re.M)), 1, text)
        self.assertEqual(self.steps_kept(), [0])

    def test_a_rank_that_is_killed_ends_all_and_the_run_goes_on(self):
        process = self.start(ranks=3)
        os.kill(self.rank(1), signal.SIGKILL)
        process.wait(60)
        self.assertNotIn(process.returncode, (0, 75))
        self.assertIn("resumed from the checkpoint at step 0,", self.run_to(0))
        self.check_whole()


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=2)
