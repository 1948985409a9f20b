"""Measures strong and weak scaling from one to two ranks on this machine; scaling_page.py makes a table of it.

    run_scaling.py build/serial/benchmarks/scaling_step -o benchmarks/results/scaling.json

Four cases take turns, forwards and backwards, so that what else the machine does meets all of them alike:
  one      1 rank, side^3 cells
  weak     2 ranks, twice the cells: the same tile of skin twice
  strong   2 ranks, side^3 cells
  beside   2 independent runs of case one at the same time: what sharing the machine costs without any messages
Results are medians over the rounds of ratios within a round. The machine should do nothing else.
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys

# As root and in containers Open MPI wants to be told; others do not read these.
ENVIRONMENT = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "OMPI_MCA_hwloc_base_binding_policy": "none",
    "OMP_NUM_THREADS": "1",
}
MESSAGES = ("start", "finish", "gathers", "pack")  # seconds of halos and gathered levels


def processor():
    """Name of the processor, as the kernel tells it."""
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def command(options, ranks, cells, tiles):
    numbers = [*cells, *tiles, options.hours, options.skip, options.steps]
    return [options.launcher, "-n", str(ranks), options.program, *map(str, numbers)]


def run(options, case):
    """Runs one case and returns what its processes printed."""
    side = options.side
    one, two = (side, side, side), (side, 2 * side, side)
    commands = {
        "one": [command(options, 1, one, (1, 1))],
        "weak": [command(options, 2, two, (1, 2))],
        "strong": [command(options, 2, one, (1, 1))],
        "beside": [command(options, 1, one, (1, 1))] * 2,
    }[case]
    processes = [
        subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=os.environ | ENVIRONMENT) for words in commands
    ]
    results = []
    for process in processes:
        text = process.communicate()[0]
        if process.returncode != 0:
            sys.exit(f"{' '.join(process.args)}: exit code {process.returncode}")
        results.append(json.loads(text))
    return results


def step(results):
    """Seconds of a step: the median over the steps, of several processes the slowest."""
    return max(statistics.median(result["step_seconds"]) for result in results)


def summary(rounds):
    def ratios(f):
        values = [f({case: step(results) for case, results in round_.items()}) for round_ in rounds]
        return {"median": statistics.median(values), "least": min(values), "most": max(values)}

    def share(case, names):
        return statistics.median(
            sum(result["seconds"][name] for name in names) / statistics.mean(result["step_seconds"])
            for round_ in rounds
            for result in round_[case]
        )

    def least(case):
        return statistics.median(
            result["seconds_of_rank_that_waited_least"] / statistics.mean(result["step_seconds"])
            for round_ in rounds
            for result in round_[case]
        )

    def traffic(case):
        result = rounds[0][case][0]
        return result["per_step"] | {name: result[name] for name in ("corrections", "passes", "bytes_per_cell", "parts")}

    return {
        "seconds_per_step": {case: statistics.median(step(round_[case]) for round_ in rounds) for case in rounds[0]},
        "weak_efficiency": ratios(lambda t: t["one"] / t["weak"]),
        "weak_efficiency_against_independent_runs": ratios(lambda t: t["beside"] / t["weak"]),
        "strong_speedup": ratios(lambda t: t["one"] / t["strong"]),
        "share_of_step": {
            case: {"halos_and_gathers": share(case, MESSAGES), "reductions": share(case, ("reductions",)), "of_rank_that_waited_least": least(case)}
            for case in ("weak", "strong")
        },
        "per_step_and_rank": {case: traffic(case) for case in ("weak", "strong")},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="the executable scaling_step")
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True, help="JSON file to write")
    parser.add_argument("--side", type=int, default=128, help="cells along a side of the cube of one rank")
    parser.add_argument("--hours", type=float, default=0.1, help="length of a step")
    parser.add_argument("--skip", type=int, default=1, help="steps before the clock starts")
    parser.add_argument("--steps", type=int, default=4, help="steps that are timed")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--launcher", default="mpirun")
    options = parser.parse_args()

    cases = ["one", "weak", "strong", "beside"]
    load = os.getloadavg()[0]
    rounds = []
    for number in range(options.rounds):
        order = cases if number % 2 == 0 else cases[::-1]
        rounds.append({case: run(options, case) for case in order})
        print(f"round {number + 1}:", {case: round(step(rounds[-1][case]), 4) for case in cases}, flush=True)
    first = rounds[0]["weak"][0]
    result = {
        "commit": first["commit"],
        "date": datetime.date.today().isoformat(),
        "machine": f"{processor()}, {os.cpu_count()} cores",
        "load_before": load,
        "mpi": first["mpi"],
        "backend": first["backend"],
        "side": options.side,
        "hours_per_step": options.hours,
        "steps": options.steps,
        "summary": summary(rounds),
        "rounds": rounds,
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result["summary"], indent=1))


if __name__ == "__main__":
    main()
