"""However a run ends, all ranks end with one exit code and the error is printed once.

    check_ending.py PROGRAM LAUNCHER...     LAUNCHER starts 3 ranks; without it the build has no MPI
"""
import os
import subprocess
import sys
import unittest

PROGRAM, LAUNCHER = sys.argv[1], sys.argv[2:]
COUNTS = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS")


def end(way, launcher=LAUNCHER, **variables):
    """Exit code, standard output, and lines of standard error that are ours."""
    environment = {name: value for name, value in os.environ.items() if name not in COUNTS} | variables
    result = subprocess.run(
        [*launcher, PROGRAM, way], capture_output=True, text=True, env=environment, timeout=60
    )
    texts = ("all say no", "index 7", "disk", "guard", "between", "processes were started", "MPI failed", "no way")
    ours = [line for line in result.stderr.split("\n") if any(text in line for text in texts)]
    return result.returncode, result.stdout, ours


@unittest.skipUnless(LAUNCHER, "no MPI")
class Endings(unittest.TestCase):
    def test_codes_of_all_ranks(self):
        self.assertEqual(end("done"), (0, "3 ranks\n", []))
        self.assertEqual(end("early"), (75, "3 ranks\n", []))

    def test_an_error_of_all_ranks_is_printed_once(self):
        self.assertEqual(end("agreed")[::2], (2, ["all say no"]))
        self.assertEqual(end("internal")[::2], (1, ["internal error, please report it: index 7"]))
        self.assertEqual(end("together")[::2], (5, ["disk of rank 1 is full"]))

    def test_errors_of_some_ranks_are_all_printed(self):
        code, _, lines = end("own")
        self.assertEqual((code, sorted(lines)), (4, ["rank 1: guard", "rank 2: disk"]))

    def test_a_rank_that_fails_alone_ends_those_that_wait_for_it(self):
        self.assertEqual(end("one")[::2], (5, ["rank 1: disk"]))

    def test_ranks_without_an_error_wait_longer(self):
        self.assertEqual(end("slow")[::2], (75, []))

    def test_messages_under_way_do_not_keep_a_run_from_ending(self):
        self.assertEqual(end("under_way")[::2], (4, ["between start and finish"]))

    def test_an_error_of_mpi_is_one_of_the_environment(self):
        code, _, lines = end("long_message")
        self.assertEqual(code, 3)
        self.assertGreaterEqual(len(lines), 1)  # the ranks may not have found together again
        for line in lines:
            self.assertRegex(line, r"^rank (\d): MPI failed in an exchange on rank \1 of 3: .*TRUNCATE")


class OneProcess(unittest.TestCase):
    def test_works_without_a_launcher(self):
        self.assertEqual(end("done", []), (0, "1 ranks\n", []))
        self.assertEqual(end("early", []), (75, "1 ranks\n", []))
        self.assertEqual(end("agreed", []), (2, "1 ranks\n", ["all say no"]))

    def test_processes_that_do_not_find_each_other(self):
        for name in COUNTS[1:]:
            code, out, lines = end("done", [], **{name: "3"})
            self.assertEqual((code, out, len(lines)), (3, "", 1))
            self.assertIn(f"3 processes were started ({name})", lines[0])
        self.assertEqual(end("done", [], SLURM_STEP_NUM_TASKS="1")[0], 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
