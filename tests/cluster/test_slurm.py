"""Jobs under a real Slurm: time limits, requeueing, ranks.      test_slurm.py KOLLAGEN FAULTS_LIBRARY

The job scripts of configs/slurm with the built program. Every run ends with the same bits as one that was never
stopped. Exit 77, which ctest shows as skipped, with the reason, where Slurm cannot run.

Slurm looks at the limits of jobs every 30 s, counted from its own start, and the shortest limit is a minute; USR1 is
asked for 50 s before it. So the first session of a job takes 29 s, the next ones 24 s. The runs that have to meet
limits are slowed to a length that does not depend on the machine: every frame takes its time to get its name.
"""

import json
import pathlib
import re
import shutil
import stat
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
try:
    import runs
except ImportError as error:
    print(f"skipped: {error} (Debian: python3-numpy, python3-h5py)")
    sys.exit(77)
from slurm_cluster import SlurmCluster, Unavailable

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "configs/slurm"
PROGRAM, FAULTS = map(pathlib.Path, sys.argv[1:3])
FRAMES, DELAY = 120, 0.6  # [s] per frame: 72 s in all; the first two sessions take 53


class Jobs(unittest.TestCase):
    slurm = None  # the cluster

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="kollagen-jobs-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.study = cls.folder / "study.toml"
        runs.write_study(cls.study, frames="1 min", fields=["pdgf", "fibroblasts", "collagen_i"], checkpoints="10 min")
        slow = f"""export LD_PRELOAD={FAULTS} FAULT_CALLS=rename FAULT_PATH=fields.hdf.series FAULT_AT=1
export FAULT_ONWARDS=1 FAULT_ACTION=delay FAULT_SECONDS={DELAY}"""
        cls.slowed = cls.script("slowed_kollagen", f'{slow}\nexec {PROGRAM} "$@"')
        at_first = f"if [[ -z ${{SLURM_RESTART_COUNT:-}} ]]; then\n{slow}\nfi"
        cls.slow_at_first = cls.script("slow_kollagen_at_first", f'{at_first}\nexec {PROGRAM} "$@"')
        # Those with limits take a minute or more and hardly any of the machine: they run while the others do.
        cls.requeued = cls.submit("requeue.sbatch", cls.study, cls.folder / "requeued", program=cls.slowed,
                                  options=["--time=1", "--signal=B:USR1@50"])
        # URG does nothing: this one has to look at the clock by itself.
        cls.own_limit = cls.submit("single_node.sbatch", cls.study, "-o", cls.folder / "own_limit",
                                   program=cls.slowed, options=["--time=1", "--signal=B:URG@1"])
        code, text = runs.run(PROGRAM, "run", cls.study, "-o", cls.folder / "uninterrupted")
        if code != 0:
            raise RuntimeError(f"uninterrupted run: exit {code}\n{text}")
        cls.expected = runs.results(cls.folder / "uninterrupted")

    @classmethod
    def script(cls, name, text):
        path = cls.folder / name
        path.write_text(f"#!/bin/bash\n{text}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    @classmethod
    def submit(cls, script, *arguments, program=PROGRAM, options=(), **environment):
        return cls.slurm.submit(*options, "--cpus-per-task=1", f"--output={cls.folder}/%j.log", SCRIPTS / script,
                                *arguments, env=runs.environment(**cls.slurm.environment, KOLLAGEN=program, **environment))

    def log(self, job):
        path = self.folder / f"{job}.log"
        return path.read_text() if path.exists() else "no log"

    def assert_ended(self, number, code, seconds=150):
        job = self.slurm.wait(number, seconds)
        self.assertEqual(job["ExitCode"], f"{code}:0", f"{job}\n{self.log(number)}")
        return job

    def assert_same_bits(self, name):
        found = runs.results(self.folder / name)
        self.assertEqual(runs.differences(self.expected, found), [])
        self.assertGreater(len(found), FRAMES)
        self.assertEqual(runs.invalid_files(self.folder / name), [])

    def test_two_limits_and_the_job_finishes_by_itself(self):
        job = self.assert_ended(self.requeued, 0)
        self.assertGreaterEqual(int(job["Restarts"]), 2, self.log(self.requeued))
        sessions = re.findall(rf"^job {self.requeued}, session (\d+)", self.log(self.requeued), re.MULTILINE)
        self.assertGreaterEqual(len(sessions), 3, self.log(self.requeued))
        self.assertEqual(sessions, [str(n + 1) for n in range(len(sessions))])
        self.assertEqual(self.log(self.requeued).count("stopped by SIGUSR1"), 2 * (len(sessions) - 1))
        self.assert_same_bits("requeued")

    def test_own_look_at_the_limit_that_slurm_tells(self):
        self.assert_ended(self.own_limit, 75)
        report = json.loads((self.folder / "own_limit/report.json").read_text())
        self.assertEqual(report["outcome"], "stopped by the limit of the Slurm job")
        again = self.submit("single_node.sbatch", self.study, "-o", self.folder / "own_limit")
        self.assert_ended(again, 0)
        self.assert_same_bits("own_limit")

    def test_ranks_started_by_srun_leave_the_same_bits(self):
        job = self.submit("many_nodes.sbatch", self.study, "-o", self.folder / "two_ranks",
                          options=["--nodes=1", "--ntasks-per-node=2", "--gpus-per-node=2"])
        self.assert_ended(job, 0)
        self.assertEqual(json.loads((self.folder / "two_ranks/report.json").read_text())["ranks"], 2)
        self.assert_same_bits("two_ranks")

    def test_signals_reach_several_ranks(self):
        launchers = {"srun": {}, "mpirun": {"KOLLAGEN_LAUNCH": "mpirun --allow-run-as-root --oversubscribe"}}
        jobs = {name: self.submit("requeue.sbatch", self.study, self.folder / name, program=self.slow_at_first,
                                  options=["--ntasks-per-node=2"], **launcher) for name, launcher in launchers.items()}
        for name, job in jobs.items():
            self.slurm.wait_for(lambda: (self.folder / name / "fields/fields.hdf.series").exists(), "no frame")
            self.slurm.command("scancel", "--batch", "--signal=USR1", job)
        for name, job in jobs.items():
            with self.subTest(name):
                self.assert_ended(job, 0)
                self.assertIn("session 2", self.log(job))
                self.assertIn("stopped by SIGUSR1 with a checkpoint", self.log(job))
                self.assertEqual(json.loads((self.folder / name / "report.json").read_text())["ranks"], 2)
                self.assert_same_bits(name)

    def test_asked_to_stop_it_is_not_requeued(self):
        for how in ("stop", "scancel"):
            with self.subTest(how):
                folder = self.folder / how
                job = self.submit("requeue.sbatch", self.study, folder, program=self.slowed)
                self.slurm.wait_for(lambda: (folder / "fields/fields.hdf.series").exists(), "no frame")
                if how == "stop":
                    runs.run(PROGRAM, "stop", folder)
                    self.assert_ended(job, 75, seconds=30)
                else:
                    self.slurm.command("scancel", job)
                    self.assertEqual(self.slurm.wait(job, 30)["JobState"], "CANCELLED")
                self.assertNotIn("session 2", self.log(job))
                code, text = runs.run(PROGRAM, "run", self.study, "-o", folder)
                self.assertEqual(code, 0, text)
                self.assert_same_bits(how)

    def test_exit_codes_other_than_75_end_the_job(self):
        job = self.submit("requeue.sbatch", self.folder / "absent.toml", self.folder / "absent")
        self.assert_ended(job, 2, seconds=30)
        self.assertNotIn("session 2", self.log(job))


if __name__ == "__main__":
    try:
        with SlurmCluster() as Jobs.slurm:
            program = unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2, exit=False)
    except Unavailable as reason:
        print(f"skipped: {reason}")
        sys.exit(77)
    sys.exit(not program.result.wasSuccessful())
