"""Draws error against cost on the needle problem from what the program and peers/measure.py wrote.

    plot.py [needle_problem.json] [--peers peers.json] [-o PICTURE]

Cost is in copy sweeps: one a = 2 b over all cells of the grid, measured next to each run.
"""
import argparse
import json
import pathlib

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

ROOT = pathlib.Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"
COLOURS = {"constant": "#1f5fa8", "layered": "#c0562b"}


def kind(run):
    if run["integrator"] == "explicit":
        return "explicit"
    return "adaptive" if run["setting"].startswith("adaptive") else "fixed step"


STYLES = {"adaptive": ("o", "-"), "fixed step": ("s", "--"), "explicit": ("^", "none")}


def draw_runs(axes, report):
    for diffusivity, colour in COLOURS.items():
        for name, (marker, line) in STYLES.items():
            runs = [r for r in report["runs"] if r["diffusivity"] == diffusivity and kind(r) == name]
            if not runs:
                continue
            open_marker = runs[0]["extrapolated"]
            integrator = "SSP-RK3" if name == "explicit" else "TR-BDF2"
            note = f", cost of 24 h from {60 * runs[0]['times_h'][-1]:.1f} min" if open_marker else ""
            axes.plot([r["sweeps"] for r in runs], [r["error"] for r in runs], marker=marker, linestyle=line,
                      color=colour, markerfacecolor="white" if open_marker else colour, markersize=6,
                      label=f"{integrator}, {name}, {diffusivity} D{note}")


def draw_peers(axes, peers, cells):
    entry = peers.get("grids", {}).get(str(cells), {})
    for run, marker in zip(entry.get("petsc", []), "XPD"):
        axes.plot(run["sweeps"], run["error"], marker=marker, color="#3a7d44", linestyle="none", markersize=8,
                  label=f"PETSc, {run['setting']}, constant D")
    if "biofvm" in entry:
        runs = entry["biofvm"]["runs"]
        steps = " and ".join(f"{run['step_s']:g}" for run in runs)
        axes.plot([24 / run["hours"] * run["sweeps"] for run in runs], [run["error"] for run in runs], marker="v",
                  color="#6b4c9a", markerfacecolor="white", linestyle=":", markersize=7,
                  label=f"BioFVM, steps of {steps} s, constant D, cost of 24 h from {runs[0]['hours']:g} h")


def main():
    parser = argparse.ArgumentParser(description="Draws error against cost on the needle problem.")
    parser.add_argument("file", nargs="?", default=RESULTS / "needle_problem.json", type=pathlib.Path)
    parser.add_argument("--peers", default=RESULTS / "peers.json", type=pathlib.Path)
    parser.add_argument("-o", "--output", default=ROOT / "docs" / "images" / "needle_problem.png", type=pathlib.Path)
    args = parser.parse_args()
    report = json.loads(args.file.read_text())
    cells = report["cells"]
    figure, axes = plt.subplots(figsize=(9, 5.6), dpi=130)
    draw_runs(axes, report)
    if args.peers.exists():
        draw_peers(axes, json.loads(args.peers.read_text()), cells)
    axes.axhline(0.01, color="0.6", linewidth=1)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.annotate("1 %", (axes.get_xlim()[1], 0.01), textcoords="offset points", xytext=(-4, 3), ha="right",
                  color="0.4")
    axes.set_xlabel("cost of 24 h [copy sweeps of the grid]")
    axes.set_ylabel("largest error after 1 h, 6 h and 24 h, of the peak then")
    axes.set_title(f"Needle problem, {cells}³ cells of 10 µm, one core" if report["threads"] == 1 else
                   f"Needle problem, {cells}³ cells of 10 µm, {report['backend']}, {report['threads']} threads")
    axes.grid(True, which="major", color="0.9")
    axes.legend(fontsize=8, loc="lower left")
    figure.tight_layout()
    figure.savefig(args.output)
    print(f"wrote {args.output}")


if __name__ == "__main__":
    main()
