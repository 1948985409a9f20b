#!/usr/bin/env python3
"""Writes docs/verification.md from the verification tests, and checks that it is complete.

    tools/verification_page.py BUILD     runs the tests in BUILD that compare with the tables, writes the page
    tools/verification_page.py --results FILE ...   writes it from what tests wrote into the files named by
                                         KOLLAGEN_VERIFICATION_RESULTS, for instance on another machine
    tools/verification_page.py --check   compares the page with tests/reference/verification*.csv

The check fails where an id of the tables has no result on the page, where the page knows an id that the
tables lack, where an exact value or a tolerance differs, and where a result is outside of its tolerance.
"""
import argparse
import csv
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "verification.md"
LABELS = ("verification", "convergence", "invariants")  # of the tests that compare with the tables
COLUMNS = ("id", "quantity", "unit", "exact", "ours", "error", "allowed", "exact value from",
           "why this tolerance")

INTRODUCTION = """# Verification

Cases with a known answer, run through the same path as a study: a configuration, the grid, the kernels
and an integrator. The exact values are in `tests/reference/verification*.csv`, which no test writes;
those of `verification.csv` are computed without Kollagen by `tests/reference/verification_numbers.py`. A
result may be off by the tolerance in either direction: better than the theory is a mistake too. Orders of
convergence are rows like all others.

`explicit` is the three-stage Runge-Kutta method of order 3, `imex` is TR-BDF2 of order 2
(docs/numerics.md). Where the discrete problem has an exact solution, the row compares with that one and
the tolerance is the round-off of the integrator or the tolerance of the implicit solver; rows that
compare with the continuous problem say what the grid adds.

This page is written by `tools/verification_page.py BUILD`; do not edit it. Of several results for one row
(backends, axes) it shows the one that is furthest off. Backends: {backends}.
"""


def read_tables():
    """All rows of the reference tables by id, in the order of the files."""
    rows = {}
    for path in sorted((ROOT / "tests" / "reference").glob("verification*.csv")):
        with open(path, newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                rows[row["id"]] = row
    return rows


def allowed(row):
    """Largest error that the row accepts."""
    tolerance = float(row["tolerance"])
    return tolerance * abs(float(row["exact"])) if row["kind"] == "relative" else tolerance


def allowed_text(row):
    tolerance = float(row["tolerance"])
    return f"{tolerance:g} of it" if row["kind"] == "relative" else f"{tolerance:g}"


def test_programs(build):
    """Executables of the tests that carry one of LABELS."""
    labels = "^(" + "|".join(LABELS) + ")$"
    listing = subprocess.run(["ctest", "--test-dir", build, "-L", labels, "--show-only=json-v1"],
                             check=True, capture_output=True, text=True).stdout
    programs = []
    for test in json.loads(listing)["tests"]:
        command = test.get("command", [])
        if any(part.startswith("--gtest_filter") for part in command) and command[0] not in programs:
            programs.append(command[0])
    return programs


def read_results(path, results):
    """Adds the lines of a results file to `results`: by id, a list of (backend, value)."""
    with open(path, encoding="utf-8") as file:
        for line in file:
            name, backend, value = line.strip().split(",")
            results.setdefault(name, []).append((backend, float(value)))


def run_tests(build):
    """Results by id: a list of (backend, value)."""
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "results.csv")
        environment = dict(os.environ, KOLLAGEN_VERIFICATION_RESULTS=path)
        programs = test_programs(build)
        if not programs:
            sys.exit(f"{build} has no tests of label {', '.join(LABELS)}; "
                     "configure with -DKOLLAGEN_TESTS=ON and build")
        for program in programs:
            print("running", os.path.basename(program), flush=True)
            done = subprocess.run([program], env=environment, text=True, check=False,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            if done.returncode != 0:
                sys.exit(f"{done.stdout}\n{program} failed: the page was not written")
        read_results(path, results)
    return results


def cell(text):
    return str(text).replace("|", "\\|")


def write_page(rows, results):
    missing = [name for name in rows if name not in results]
    if missing:
        sys.exit("no test reported " + ", ".join(missing))
    backends = sorted({backend for values in results.values() for backend, _ in values if backend != "host"})
    lines = [INTRODUCTION.format(backends=", ".join(backends))]
    title = None
    for name, row in rows.items():
        if row["case"] != title:
            title = row["case"]
            lines += [f"\n## {title}\n", "| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
        exact = float(row["exact"])
        ours = max((value for _, value in results[name]), key=lambda value: abs(value - exact))
        values = (name, row["quantity"], row["unit"], row["exact"], f"{ours:.10g}", f"{ours - exact:.1e}",
                  allowed_text(row), row["origin"], row["reason"])
        lines.append("| " + " | ".join(cell(value) for value in values) + " |")
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{PAGE}: {len(rows)} rows")


def check_page(rows):
    """Differences between the page and the tables, as text."""
    if not PAGE.exists():
        return [f"{PAGE} does not exist"]
    wrong, seen = [], set()
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        parts = [part.strip() for part in line.strip("|").replace("\\|", "\0").split("|")]
        if not line.startswith("| ") or len(parts) != len(COLUMNS) or parts[0] == "id":
            continue
        name, _, _, exact, ours, _, tolerance = parts[:7]
        seen.add(name)
        if name not in rows:
            wrong.append(f"{name}: on the page, not in the tables")
        elif exact != rows[name]["exact"]:
            wrong.append(f"{name}: exact value {exact} on the page, {rows[name]['exact']} in the table")
        elif tolerance != allowed_text(rows[name]):
            wrong.append(f"{name}: tolerance {tolerance} on the page, not {allowed_text(rows[name])}")
        elif not math.isclose(float(ours), float(exact), rel_tol=1e-9, abs_tol=1.001 * allowed(rows[name])):
            wrong.append(f"{name}: {ours} is not within {tolerance} of {exact}")
    wrong += [f"{name}: no result on the page" for name in rows if name not in seen]
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", nargs="?", help="build folder whose tests are run")
    parser.add_argument("--results", nargs="+", default=[], metavar="FILE",
                        help="use these results, run nothing")
    parser.add_argument("--check", action="store_true", help="compare the page with the tables, run nothing")
    options = parser.parse_args()
    rows = read_tables()
    if options.check:
        wrong = check_page(rows)
        print("\n".join(wrong) if wrong else f"{len(rows)} rows agree")
        if wrong:
            print("write the page again: tools/verification_page.py BUILD")
        return 1 if wrong else 0
    if bool(options.build) == bool(options.results):
        parser.error("name a build folder, or results, or --check")
    results = run_tests(options.build) if options.build else {}
    for path in options.results:
        read_results(path, results)
    write_page(rows, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
