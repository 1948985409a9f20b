"""Picture and tables of docs/performance.md from what `kollagen bench --json` wrote.

    roofline.py FILE.json -o PICTURE.png       kernels of a step against the copy bandwidth
    roofline.py FILE.json --measure KOLLAGEN   runs KOLLAGEN bench first; it writes FILE.json
    roofline.py --write                        puts the tables into docs/performance.md
    roofline.py --check                        exit code 1 when the page holds others

A table of the page stands between comments that name its file in benchmarks/results/.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "performance.md"
TABLE = re.compile(r"(<!-- table: (\w+\.json) -->\n).*?(<!-- end of table: \2 -->)", re.DOTALL)
SHOWN = 0.015  # of a step: what a kernel must take to be named


def grid(cells):
    return f"{cells[0]}³" if len(set(cells)) == 1 else " x ".join(map(str, cells))


def backend(result):
    threads = result["threads"]
    if result["backend"] not in ("Serial", "OpenMP", "Threads"):
        return f"Kokkos {result['kokkos']} {result['backend']}"
    return f"Kokkos {result['kokkos']} {result['backend']}, {threads} thread{'s' if threads > 1 else ''}"


def number(value):
    """With three significant digits, or all before the point."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def rates(entry):
    """Cells of a table row: million cells per second, bytes per cell, GB/s, share of copy."""
    speed = number(entry["cells_per_s"] / 1e6) if "cells_per_s" in entry else ""
    if "share_of_copy" not in entry:
        return f"| {speed} | | | "
    return (
        f"| {speed} | {entry['bytes_per_cell']:.0f} | {entry['bytes_per_s'] / 1e9:.2f} "
        f"| {entry['share_of_copy']:.2f} "
    )


def tables(result):
    """Markdown of one result."""
    head = "| million cells/s | B per cell | GB/s | of copy |"
    lines = [
        f"{result['device']}; {backend(result)}; {result['compiler']}, `{result['flags']}`; "
        f"version {result['version']}, commit {result['commit']}, {result['date'][:10]}. "
        f"Copy a = 2 b over arrays of {result['copy']['mebibytes_per_array']} MiB: "
        f"{result['copy']['bytes_per_s'] / 1e9:.2f} GB/s.",
        "",
        f"| implicit step of {result['steps'][0]['hours']:g} h | seconds {head} cycles | fields and solver |",
        "|" + "---|" * 8,
    ]
    for step in result["steps"]:
        lines.append(
            f"| {grid(step['grid'])} | {step['seconds']:.3g} {rates(step)}| {step['corrections']} "
            f"| {step['fields_bytes'] / 1e9:.2f} GB, {step['fields_bytes'] / step['state_bytes']:.2f} copies "
            "of the state |"
        )
    for left in result["left_out"]:
        lines.append(f"| {grid(left['grid'])} | left out: {left['reason']} | | | | | | |")
    if len(result["steps"]) > 1:
        small, large = result["steps"][-2:]
        time = small["cells_per_s"] / large["cells_per_s"]
        copies = time * large["copy_bytes_per_s"] / small["copy_bytes_per_s"]
        lines += ["", f"Time per cell on {grid(large['grid'])} over that on {grid(small['grid'])}: {time:.2f}, "
                  f"and {copies:.2f} in units of a copy at the time of each."]  # fmt: skip
    cells = f"{grid(result['stage_grid'])} cells"
    lines += ["", f"| kernel, in a step of {cells} | of the step | launches {head}", "|" + "---|" * 7]
    rest = 1.0
    for kernel in result["kernels"]:
        if kernel["share_of_step"] < SHOWN:
            continue
        rest -= kernel["share_of_step"]
        lines.append(f"| {kernel['name']} | {kernel['share_of_step']:.1%} | {kernel['launches']} {rates(kernel)}|")
    lines.append(f"| all others, and between kernels | {rest:.1%} | | | | | |")
    lines += ["", f"| stage, {cells} | milliseconds {head}", "|" + "---|" * 6]
    for stage in result["stages"]:
        lines.append(f"| {stage['name']} | {stage['seconds'] * 1e3:.3g} {rates(stage)}|")
    return "\n".join(lines)


def with_tables(text):
    """The page with its tables replaced by those of today."""

    def replace(match):
        return match[1] + tables(json.loads((RESULTS / match[2]).read_text())) + "\n" + match[3]

    return TABLE.sub(replace, text)


def draw(result, path):
    """Bars whose height is the share of the step and whose length is the share of the copy bandwidth."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    kernels = [kernel for kernel in result["kernels"] if kernel["share_of_step"] >= SHOWN]
    rest = 1 - sum(kernel["share_of_step"] for kernel in kernels)
    end = 1.6  # more than a copy is for fields that stay in the caches
    figure, axes = plt.subplots(figsize=(9.5, 7.5), layout="constrained")
    top = 0.0
    labels, places = [], []
    for kernel in kernels + [{"name": "others, and between kernels", "share_of_step": rest}]:
        height = 100 * kernel["share_of_step"]
        share = kernel.get("share_of_copy")
        if share is None:  # no model of its traffic
            axes.barh(top, end, height, align="edge", color="none", edgecolor="0.6", hatch="///", linewidth=0.5)
        else:
            axes.barh(top, min(share, end), height, align="edge", color="tab:blue" if share >= 0.6 else "tab:orange",
                      edgecolor="white", linewidth=0.8)  # fmt: skip
            inside = share > 0.12 * end
            at = min(share, end) + (-0.01 if inside else 0.01) * end
            axes.text(at, top + height / 2, f"{share:.2f}",
                      ha="right" if inside else "left", va="center", fontsize=8,
                      color="white" if inside else "black")  # fmt: skip
        labels.append((top + height / 2, f"{kernel['name']}  {height:.1f} %"))
        top += height
    # Names keep a distance from each other, also where their bars are thin.
    least = 2.7
    position = -least
    for middle, label in labels:
        position = max(position + least, middle)
        places.append([position, middle, label])
    below = 100.0
    for place in reversed(places):
        place[0] = min(place[0], below)
        below = place[0] - least
    for position, middle, label in places:
        axes.annotate(label, (0, middle), (-14, position), xycoords=axes.get_yaxis_transform(),
                      textcoords=("offset points", "data"), ha="right", va="center", fontsize=8,
                      arrowprops={"arrowstyle": "-", "color": "0.6", "linewidth": 0.5, "shrinkA": 2, "shrinkB": 0,
                                  "relpos": (1, 0.5)},
                      annotation_clip=False)  # fmt: skip
    axes.axvline(1, color="black", linewidth=1)
    axes.axvline(0.6, color="0.4", linewidth=0.8, linestyle=":")
    axes.set_xlim(0, end)
    axes.set_ylim(100, 0)
    axes.set_yticks([])
    axes.set_xlabel(
        "share of copy: modelled traffic per second over the "
        f"{result['copy']['bytes_per_s'] / 1e9:.1f} GB/s of a copy\n"
        "orange: below 0.6 (dotted); hatched: traffic not modelled",
    )
    headline = result["headline"]
    axes.set_title(
        f"Kernels of an implicit step, {grid(result['stage_grid'])} cells: height is the share of the step\n"
        f"{result['device']}, {backend(result)}\ncommit {result['commit']}; "
        f"{headline['cell_updates_per_s'] / 1e6:.3g} million cell updates/s on {grid(headline['grid'])}",
        fontsize=10,
    )
    figure.savefig(path, dpi=130)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=pathlib.Path, help="result of kollagen bench")
    parser.add_argument("-o", "--output", type=pathlib.Path, help="picture")
    parser.add_argument("--measure", metavar="KOLLAGEN", help="program to run first")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    parser.add_argument("--check", action="store_true", help="compare them with docs/performance.md")
    options = parser.parse_args()
    if options.file is None and (options.output or options.measure):
        parser.error("a picture or a measurement needs FILE.json")
    if options.measure:
        subprocess.run([options.measure, "bench", "--json", options.file], check=True)
    if options.output:
        draw(json.loads(options.file.read_text()), options.output)
    elif options.file and not options.measure and not options.write and not options.check:
        print(tables(json.loads(options.file.read_text())))
    text = PAGE.read_text()
    if options.write:
        PAGE.write_text(with_tables(text))
    elif options.check and (not TABLE.search(text) or text != with_tables(text)):
        print(f"{PAGE}: the tables are not those of roofline.py; run it with --write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
