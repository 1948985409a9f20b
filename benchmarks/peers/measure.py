"""Measures peers beside Kollagen on the needle problem, in turns, and writes benchmarks/results/peers.json.

    measure.py NEEDLE_PROGRAM --petsc PETSC_PROGRAM [--biofvm PROGRAM] [--cells 64 128] [-o FILE]
    measure.py --write      only puts the figures of the file into README.md

Every run of a peer stands between two runs of Kollagen at about the same error; ratios are of processor times, which
other programs on the machine disturb less than wall times. The table in README.md is renewed. That page says what
the peers are and how BioFVM's driver, which is not part of Kollagen, is called. Kollagen's tolerance is the largest
of a few that stays below 1 %.
"""
import argparse
import datetime
import json
import math
import os
import pathlib
import platform
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).parents[2]
WANTED = 0.01  # error at which costs are compared
TOLERANCES = (9e-3, 8e-3, 7e-3, 6e-3, 5e-3, 4e-3, 3e-3, 2e-3, 1e-3)
STEP = 1200 / 3600  # [h] of the runs with a fixed step

# Multigrid under CG for PETSc. "defaults": PETSc's own smoothers and tolerances, the matrix set up for every stage.
# "tuned": one SOR sweep as smoother, the linear tolerance as loose as the error allows, matrix and multigrid kept while
# the step is the same.
MULTIGRID = "-ts_type arkimex -ts_arkimex_type 2e -ksp_type cg -pc_type mg -pc_mg_galerkin both"
SMOOTHER = "-mg_levels_ksp_type richardson -mg_levels_pc_type sor -mg_levels_ksp_max_it 1 -ksp_rtol 1e-3"
FIXED = f"-ts_adapt_type none -ts_dt {STEP:.12f}"
PETSC = {
    "fixed step 1200 s, defaults": f"{MULTIGRID} {FIXED}",
    "fixed step 1200 s, tuned": f"{MULTIGRID} {FIXED} {SMOOTHER} -snes_lag_jacobian -2 -snes_lag_preconditioner -2",
    "adaptive, tuned": f"{MULTIGRID} {SMOOTHER} -ts_dt 0.00028 -ts_rtol 1e-2 -ts_atol 1e-4",
}


def processor():
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":")[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def kollagen(program, cells, diffusivity, tolerance):
    """One adaptive run: an entry of the program's JSON, and the JSON without its runs."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder, "out.json")
        command = [program, "--cells", str(cells), "--diffusivity", diffusivity, "--only-adaptive",
                   "--repetitions", "1", "--tolerances", str(tolerance), "-o", str(out)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        report = json.loads(out.read_text())
    return report.pop("runs")[0], report


def last_json(command):
    """The JSON object in the last line that a program prints; one thread."""
    single = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=single)
    return json.loads(done.stdout.strip().splitlines()[-1])


def largest_tolerance(program, cells, diffusivity):
    for tolerance in TOLERANCES:
        if kollagen(program, cells, diffusivity, tolerance)[0]["error"] <= WANTED:
            return tolerance
    raise SystemExit(f"measure.py: no tolerance of {TOLERANCES} brings Kollagen below an error of {WANTED}")


def petsc(args, cells, turns):
    levels = int(math.log2(cells)) - 1  # the coarsest grid has 4^3 cells
    for name, options in PETSC.items():
        before = turns()
        command = [args.petsc, "-cells", str(cells), "-pc_mg_levels", str(levels)] + options.split()
        result = last_json(command)
        after = turns()
        mine = 0.5 * (before["clock_seconds"] + after["clock_seconds"])
        yield {"setting": name, "options": " ".join(command[1:]), **result, "kollagen_before": before,
               "kollagen_after": after, "ratio": result["processor_seconds"] / mine}


def biofvm(args, cells, turns):
    """Two steps that bracket the wanted error for the order in time, over the first hour; costs from the finer one."""
    coarse = last_json([args.biofvm, str(cells), "6", "1"])
    before = turns()
    fine = last_json([args.biofvm, str(cells), "3", "1"])
    after = turns()
    order = math.log(coarse["error"] / fine["error"]) / math.log(coarse["step_s"] / fine["step_s"])
    step = fine["step_s"] * (WANTED / fine["error"]) ** (1 / order)
    steps = 24 * 3600 / step
    seconds = steps * fine["processor_seconds"] / fine["steps"]
    mine = 0.5 * (before["clock_seconds"] + after["clock_seconds"])
    return {"runs": [coarse, fine], "order": order, "step_for_1_percent_s": step, "steps_24_h": steps,
            "processor_seconds_24_h_extrapolated": seconds,
            "sweeps_24_h_extrapolated": steps * fine["sweeps"] / fine["steps"],
            "kollagen_before": before, "kollagen_after": after, "ratio": seconds / mine}


def table(report):
    lines = ["| cells | program | setting | error | processor s | sweeps | times Kollagen |",
             "|---|---|---|---|---|---|---|"]
    for cells, entry in report["grids"].items():
        everything = [*entry.get("petsc", []), *([entry["biofvm"]] if "biofvm" in entry else [])]
        # Runs of a peer may be kept from an earlier version of Kollagen; they say so.
        mine = [run[turn] for run in everything if "kollagen_commit" not in run
                for turn in ("kollagen_before", "kollagen_after")]
        middle = sorted(mine, key=lambda run: run["clock_seconds"])[len(mine) // 2]
        lines.append(f"| {cells}³ | Kollagen | {middle['setting']}, {middle['steps']:.0f} steps | "
                     f"{middle['error']:.1e} | {middle['clock_seconds']:.2f} | {middle['sweeps']:.0f} | 1 |")
        for run in entry.get("petsc", []):
            kept = f"; against commit {run['kollagen_commit'][:7]}" if "kollagen_commit" in run else ""
            lines.append(f"| | PETSc | {run['setting']}, {run['steps']} steps{kept} | {run['error']:.1e} | "
                         f"{run['processor_seconds']:.1f} | {run['sweeps']:.0f} | {run['ratio']:.1f} |")
        if "biofvm" in entry:
            study = entry["biofvm"]
            for run in study["runs"]:
                lines.append(f"| | BioFVM | step {run['step_s']:g} s, first {run['hours']:g} h measured, "
                             f"{run['ms_per_step']:.1f} ms a step | {run['error']:.1e} | "
                             f"{run['processor_seconds']:.0f} | {run['sweeps']:.0f} | |")
            lines.append(f"| | BioFVM | step {study['step_for_1_percent_s']:.2f} s, {study['steps_24_h']:.0f} steps "
                         f"(extrapolated) | 1.0e-02 | {study['processor_seconds_24_h_extrapolated']:.0f} | "
                         f"{study['sweeps_24_h_extrapolated']:.0f} | {study['ratio']:.0f} |")
    build = f"Kollagen {report['version']}, commit {report['commit'][:9]}, {report['compiler']}"
    return "\n".join([f"{report['date']}; {report['machine']}; one thread; {build}.", "", *lines]) + "\n"


def write_page(report):
    page = pathlib.Path(__file__).with_name("README.md")
    text = page.read_text()
    start, end = "<!-- table of peers.json -->\n", "<!-- end of table -->"
    head, rest = text.split(start)
    page.write_text(head + start + table(report) + end + rest.split(end)[1])


def main():
    parser = argparse.ArgumentParser(description="Measures peers beside Kollagen on the needle problem.")
    parser.add_argument("needle", nargs="?", help="Kollagen's program needle_problem")
    parser.add_argument("--write", action="store_true", help="measure nothing, renew the table of README.md")
    parser.add_argument("--petsc", help="the program petsc_needle")
    parser.add_argument("--biofvm", help="a driver of BioFVM, see README.md")
    parser.add_argument("--cells", type=int, nargs="+", default=[64, 128])
    parser.add_argument("-o", "--output", default=ROOT / "benchmarks" / "results" / "peers.json", type=pathlib.Path)
    args = parser.parse_args()
    if args.write:
        return write_page(json.loads(args.output.read_text()))
    if not args.needle:
        parser.error("the program needle_problem is missing")
    report = {"date": datetime.date.today().isoformat(), "machine": f"{processor()}, {os.cpu_count()} cores"}
    for cells in args.cells:
        tolerance = largest_tolerance(args.needle, cells, "constant")

        def turns():
            run, build = kollagen(args.needle, cells, "constant", tolerance)
            report.update({key: build[key] for key in ("version", "commit", "compiler", "backend", "threads")})
            return {key: run[key] for key in ("setting", "error", "clock_seconds", "seconds", "sweeps", "steps")}

        entry = report.setdefault("grids", {}).setdefault(str(cells), {})
        if args.petsc:
            entry["petsc"] = []
            for result in petsc(args, cells, turns):
                entry["petsc"].append(result)
                print(f"{cells}^3 PETSc, {result['setting']}: error {result['error']:.2e}, "
                      f"{result['processor_seconds']:.1f} s, {result['ratio']:.1f} times Kollagen", flush=True)
        if args.biofvm:
            entry["biofvm"] = biofvm(args, cells, turns)
            print(f"{cells}^3 BioFVM: step {entry['biofvm']['step_for_1_percent_s']:.2f} s for 1 %, "
                  f"{entry['biofvm']['processor_seconds_24_h_extrapolated']:.0f} s, "
                  f"{entry['biofvm']['ratio']:.0f} times Kollagen", flush=True)
        args.output.write_text(json.dumps(report, indent=1) + "\n")
    write_page(report)


if __name__ == "__main__":
    main()
