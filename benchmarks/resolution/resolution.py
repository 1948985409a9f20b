#!/usr/bin/env python3
"""The 4 x 4 stamp for 28 days at 40, 20 and 10 um: cost, every read-out, and the error of the finest by Richardson.

    resolution.py PROGRAM --folder RUNS [--ranks 2] [--spacings 40 20 10]      run what is not there yet, write the JSON
    resolution.py --write                                                      the table of docs/performance.md from it
    resolution.py --picture FILE.png --folder RUNS                             sections through a row of needles

The domain is 1.52 mm deep instead of 1.5 mm, so that 40 um divide it. Needs mpirun for more than one rank.
"""
import argparse
import csv
import json
import math
import os
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
RESULT = ROOT / "benchmarks/results/resolution.json"
PAGE = ROOT / "docs/performance.md"
BEGIN, END = "<!-- resolution: begin -->", "<!-- resolution: end -->"

OUTPUTS = """
[[output]]
kind = "metrics"
every = "1 day"

[[output]]
kind = "slice"
name = "section"
axis = "y"
position = "775 um"
every = "7 day"
fields = ["pdgf", "tgf_beta", "fibroblasts", "myofibroblasts", "macrophages_m1", "collagen_i", "collagen_iii", "damage"]
"""

# A field that has died out is no read-out: 28 days of exponential decay leave numbers like 1e-90.
NOTHING = 1e-12


def study(spacing):
    """The reference study with another spacing and these outputs."""
    text = (ROOT / "configs/stamp_4x4.toml").read_text().split("[[output]]")[0]
    text = text.replace('spacing = "20 um"', f'spacing = "{spacing} um"').replace('"1.5 mm"]', '"1.52 mm"]')
    return text + OUTPUTS


def last_row(folder):
    with open(folder / "metrics.csv") as file:
        rows = list(csv.reader(file))
    return {name: float(x) for name, x in zip(rows[0], rows[-1]) if x}


def run(program, folder, spacing, ranks):
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / f"stamp_{spacing}um.toml"
    config.write_text(study(spacing))
    output = folder / f"stamp_{spacing}um"
    if not (output / "report.json").exists():
        command = [str(program), "run", str(config), "-o", str(output)]
        if ranks > 1:
            command = ["mpirun", "-n", str(ranks)] + command
        subprocess.run(command, check=True, env=dict(os.environ))
    report = json.loads((output / "report.json").read_text())
    metrics = {k: v for k, v in last_row(output).items() if not k.startswith(("time", "step", "dt"))}
    return {
        "spacing_um": spacing,
        "cells": report["grid"]["cells"],
        "ranks": report["ranks"],
        "commit": report["versions"]["git_hash"],
        "steps": report["steps"],
        "rejected_steps": report["rejected_steps"],
        "wall_s": report["wall_s"],
        "peak_memory_bytes": report["peak_memory_bytes"],
        "metrics": metrics,
    }


def richardson(coarse, middle, fine):
    """Observed order and estimated error of the finest value; without a sensible order the last difference bounds it."""
    first, second = middle - coarse, fine - middle
    if second == 0:
        return None, 0.0
    order = math.log2(abs(first / second)) if first * second > 0 else None
    if order is None or not 0.5 <= order <= 4:
        return order, abs(second)
    return order, abs(second) / (2**order - 1)


def table(result):
    runs = {r["spacing_um"]: r for r in result["runs"]}
    lines = ["| spacing | cells | ranks | steps, rejected | wall | memory |", "|---|---|---|---|---|---|"]
    for spacing, r in runs.items():
        cells = r["cells"][0] * r["cells"][1] * r["cells"][2]
        lines.append(f"| {spacing} µm | {cells:,} | {r['ranks']} | {r['steps']}, {r['rejected_steps']} | "
                     f"{int(r['wall_s'] // 60)} min {int(r['wall_s'] % 60)} s | {r['peak_memory_bytes'] / 1e9:.2f} GB |")
    lines += ["", "| read-out at day 28 | 40 µm | 20 µm | 10 µm | order | error at 10 µm |", "|---|---|---|---|---|---|"]
    left_out = 0
    for name in runs[10]["metrics"]:
        values = [runs[s]["metrics"][name] for s in (40, 20, 10)]
        if max(abs(v) for v in values) < NOTHING:
            left_out += 1
            continue
        order, error = richardson(*values)
        share = f"{100 * error / abs(values[2]):.2g} %" if values[2] != 0 else f"{error:.2g}"
        lines.append(f"| {name} | " + " | ".join(f"{v:.5g}" for v in values) +
                     f" | {'' if order is None else f'{order:.1f}'} | {share} |")
    lines += ["", f"{left_out} columns that are 0 to 1e-12 at day 28 are left out. Without an order between 0.5 and 4 the difference between 20 and "
              "10 µm stands for the error."]
    return "\n".join(lines)


def picture(folder, path):
    """Sections at 775 um, the three spacings side by side: myofibroblasts at day 7, collagen I at day 28."""
    import sys

    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import numpy as np

    sys.path.insert(0, str(ROOT / "tools"))
    import kollagen_io

    shown = [("myofibroblasts", 7 * 24, "cells/mm³", "day 7"), ("collagen_i", 28 * 24, "mg/mL", "day 28")]
    figure, axes = plt.subplots(len(shown), 3, figsize=(11, 6.2), constrained_layout=True, sharex=True, sharey=True)
    for row, (field, time, unit, day) in enumerate(shown):
        frames = [kollagen_io.Run(folder / f"stamp_{s}um").slices("section").nearest(time) for s in (40, 20, 10)]
        sections = [np.squeeze(frame.field(field)) for frame in frames]
        top = max(float(section.max()) for section in sections)
        for column, (spacing, section) in enumerate(zip((40, 20, 10), sections)):
            image = axes[row][column].imshow(section, extent=(0, 2, 1.52, 0), vmin=0, vmax=top, cmap="viridis")
            axes[row][column].set_title(f"{field}, {day}, {spacing} µm", fontsize=10)
        figure.colorbar(image, ax=list(axes[row]), label=unit, shrink=0.9)
    for axis in axes[-1]:
        axis.set_xlabel("x [mm]")
    for axis in axes[:, 0]:
        axis.set_ylabel("depth [mm]")
    figure.savefig(path, dpi=100, bbox_inches="tight")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", nargs="?", type=pathlib.Path)
    parser.add_argument("--folder", type=pathlib.Path)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--spacings", type=int, nargs="+", default=[40, 20, 10])
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--picture", type=pathlib.Path)
    options = parser.parse_args()
    if options.program:
        if not options.folder:
            parser.error("--folder says where the runs go")
        program = options.program.resolve()
        runs = [run(program, options.folder.resolve(), s, options.ranks) for s in options.spacings]
        RESULT.write_text(json.dumps({"study": "configs/stamp_4x4.toml, 1.52 mm deep", "runs": runs}, indent=1) + "\n")
    if options.picture:
        if not options.folder:
            parser.error("--folder says where the runs are")
        picture(options.folder.resolve(), options.picture)
    if options.write:
        page = PAGE.read_text()
        before, rest = page.split(BEGIN)
        after = rest.split(END)[1]
        PAGE.write_text(before + BEGIN + "\n" + table(json.loads(RESULT.read_text())) + "\n" + END + after)


if __name__ == "__main__":
    main()
