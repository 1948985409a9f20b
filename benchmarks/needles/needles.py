#!/usr/bin/env python3
"""Times the treatments of bench_needles, of one build or of several in turns, and writes benchmarks/results/needles.json.

    needles.py NAME=PROGRAM ... [--rounds 3] [-o FILE]     NAME: the commit that PROGRAM was built from
    needles.py --write                                      the table of docs/performance.md from the JSON

Each round runs every program once; a figure is the median over the rounds of the processor time, which other programs on the
machine disturb less than the wall time. Programs must leave the same bits in the state, or nothing is written.
"""
import argparse
import datetime
import json
import pathlib
import statistics
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
RESULT = ROOT / "benchmarks/results/needles.json"
PAGE = ROOT / "docs/performance.md"
BEGIN, END = "<!-- needles: begin -->", "<!-- needles: end -->"


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return "unknown"


def measured(program):
    command = [program, "--benchmark_format=json"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def case(name):
    """The arguments in "treatment/side:500/per_cm2:5000/...": side in cells, needles per cm^2."""
    return {key: int(value) for key, value in (part.split(":") for part in name.split("/")[1:3])}


def measure(programs, rounds):
    runs = {name: [] for name in programs}
    for _ in range(rounds):
        for name, program in programs.items():
            runs[name].append(measured(program))
    context = next(iter(runs.values()))[0]["context"]
    report = {"date": datetime.date.today().isoformat(), "machine": f"{processor()}, {context['num_cpus']} cores",
              "backend": context["backend"], "rounds": rounds, "builds": list(programs), "cases": []}
    for number, first in enumerate(runs[next(iter(programs))][0]["benchmarks"]):
        all_runs = [run["benchmarks"][number] for run in sum(runs.values(), [])]
        bits = {run["label"] for run in all_runs}
        if len(bits) != 1:
            raise SystemExit(f"needles.py: {first['name']}: the programs leave different states: {sorted(bits)}")
        seconds = {name: statistics.median(run["benchmarks"][number]["cpu_time"] for run in runs[name]) / 1e3
                   for name in programs}
        report["cases"].append({**case(first["name"]), "cells": int(first["cells"]), "needles": int(first["needles"]),
                                "fingerprint": bits.pop(), "processor_seconds": seconds})
    return report


def table(report):
    builds = report["builds"]
    lines = ["| area, mm² | needles per cm² | needles | cells | " + " | ".join(f"ns a cell, {b}" for b in builds) + " |",
             "|---|---|---|---|" + "---|" * len(builds)]
    for entry in report["cases"]:
        area = (entry["side"] * 0.02) ** 2
        costs = " | ".join(f"{entry['processor_seconds'][b] / entry['cells'] * 1e9:.0f}" for b in builds)
        lines.append(f"| {area:g} | {entry['per_cm2']} | {entry['needles']} | {entry['cells']} | {costs} |")
    lines.append("")
    lines.append(f"{report['date']}, {report['machine']}, one thread ({report['backend']}), processor time, median of "
                 f"{report['rounds']} rounds; `benchmarks/results/needles.json`.")
    return "\n".join(lines)


def write(report):
    page = PAGE.read_text()
    before, rest = page.split(BEGIN)
    PAGE.write_text(before + BEGIN + "\n" + table(report) + "\n" + END + rest.split(END)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("builds", nargs="*", metavar="NAME=PROGRAM")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("-o", "--output", type=pathlib.Path, default=RESULT)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    if args.builds:
        report = measure(dict(build.split("=", 1) for build in args.builds), args.rounds)
        args.output.write_text(json.dumps(report, indent=1) + "\n")
    if args.write:
        write(json.loads(args.output.read_text()))


if __name__ == "__main__":
    main()
