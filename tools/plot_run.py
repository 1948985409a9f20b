"""One picture of a run: time courses and sections.

    python3 tools/plot_run.py RUN [-o PICTURE]

RUN is the folder of a run; the picture goes to RUN/overview.png. For the skin model: signals, cells and
matrix in the needle tracks and in the whole dermis with the phases of healing, and sections through a row of
needles at a few days. For other models: means and extrema of every field, and sections.
Needs numpy, h5py and matplotlib (Debian: python3-numpy python3-h5py python3-matplotlib).
"""

import argparse
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # no display needed
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm, Normalize
from matplotlib.lines import Line2D

sys.path.insert(0, str(Path(__file__).resolve().parent))
from kollagen_io import Run  # noqa: E402

DAY = 24.0  # [h]
UM_PER_MM = 1000.0

# Phases of healing after one treatment [day]; the last one is open.
PHASES = [
    ("inflammation", 0, 3, "#f6d9cf"),
    ("proliferation", 3, 21, "#dbe9d5"),
    ("remodelling", 21, np.inf, "#d6e1f0"),
]

INK = "#2b2b2b"
STYLE = {
    "font.size": 9.5,
    "font.family": "DejaVu Sans",
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#8a8a8a",
    "axes.linewidth": 0.8,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "figure.facecolor": "white",
}


class Course:
    """A line of a time course: label, colour, and how to get its values for a window from the metrics."""

    def __init__(self, label, colour, *columns, scale=1.0, offset=0.0):
        self.label, self.colour, self.columns = label, colour, columns
        self.scale, self.offset = scale, offset

    def values(self, metrics, window):
        """Sum of the columns, scaled; None when the run has not all of them."""
        names = [column.format(window) for column in self.columns]
        if not all(name in metrics for name in names):
            return None
        return self.offset + self.scale * sum(metrics[name] for name in names)


SIGNALS = [
    Course("PDGF", "#c1440e", "pdgf_mean_{}"),
    Course("TGF-β (active)", "#1f6f8b", "tgf_beta_mean_{}"),
    Course("FGF-2", "#7a9e3a", "fgf2_mean_{}"),
]
CELLS = [
    Course("macrophages", "#c1440e", "macrophages_m1_mean_{}", "macrophages_m2_mean_{}", scale=1e-3),
    Course("fibroblasts", "#1f6f8b", "fibroblasts_mean_{}", scale=1e-3),
    Course("myofibroblasts", "#7b3f8c", "myofibroblasts_mean_{}", scale=1e-3),
]
MATRIX = [
    Course("collagen I + III", "#a86b00", "collagen_gain_{}", offset=100),
    Course("strength proxy", INK, "strength_{}", scale=100),
    Course("elastin", "#7a9e3a", "elastin_gain_{}", offset=100),
    Course("type III share of collagen", "#c06c84", "collagen_iii_share_{}", scale=100),
]
WINDOWS = [("core", "needle tracks", "-"), ("dermis", "whole dermis", (0, (4, 2)))]


class Map:
    """A row of sections: the fields that are added up, and a colour range that is the same for all runs."""

    def __init__(self, label, unit, fields, colours, norm, scale=1.0):
        self.label, self.unit, self.fields, self.scale = label, unit, fields, scale
        self.colours, self.norm = colours, norm

    def section(self, frame, axis, index):
        return self.scale * sum(frame.section(name, axis, index).astype(float) for name in self.fields)


MAPS = [
    Map("TGF-β", "ng/mL", ["tgf_beta"], "magma", LogNorm(0.01, 3)),
    Map("Fibroblasts", "10³ cells/mm³", ["fibroblasts"], "viridis", Normalize(0, 12), scale=1e-3),
    Map("Collagen I + III", "mg/mL", ["collagen_i", "collagen_iii"], "YlOrBr", Normalize(0, 260)),
]


def hours(text):
    """A time as config.toml writes it ("28 day", "12 h") in h."""
    number, unit = str(text).split()
    factors = {"s": 1 / 3600, "second": 1 / 3600, "min": 1 / 60, "minute": 1 / 60, "h": 1, "hour": 1,
               "d": DAY, "day": DAY, "week": 7 * DAY}
    return float(number) * factors[unit if unit in factors else unit.rstrip("s")]


def sessions(run):
    """Times of the treatments [day]."""
    return [hours(treatment.get("at", "0 h")) / DAY for treatment in run.config.get("treatment", [])]


def time_axis(axes, last, treatments):
    """Days. After one treatment: cube-root axis, which shows the first hours and the last weeks, with the
    phases of healing. Several treatments: linear axis with a mark for each."""
    margin = axes.get_xaxis_transform()
    note = {"transform": margin, "fontsize": 8.5, "color": "#6a6a6a", "va": "bottom"}
    if len(treatments) > 1:
        axes.set_xlabel("time [day]")
        axes.set_xlim(0, last)
        for at in treatments:
            axes.axvline(at, color="#8a8a8a", lw=0.8, ls=":", zorder=1)
        axes.text(treatments[0], 1.01, " treatments (dotted)", **note)
        return
    axes.set_xlabel("time after needling [day]")
    axes.set_xscale("function", functions=(np.cbrt, lambda x: x**3))
    axes.set_xlim(0, last)
    ticks = [t for t in (0, 0.1, 1, 3, 7, 14, 28, 60, 90, 180, 365) if t <= last * 1.001]
    ticks = [t for t in ticks if t == 0 or np.cbrt(last) / 16 < np.cbrt(t)]
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.minorticks_off()
    for name, begin, end, colour in PHASES:
        if begin >= last:
            continue
        axes.axvspan(begin, min(end, last), color=colour, lw=0, zorder=0)
        if end >= last:  # the word may be longer than its span: it ends where the axis ends
            axes.text(last, 1.015, name, ha="right", **note)
        else:
            axes.text((0.5 * np.cbrt(begin) + 0.5 * np.cbrt(end)) ** 3, 1.015, name, ha="center", **note)


def plot_courses(axes, metrics, courses, treatments):
    """Lines over time for each window; windows that the run has not are left out."""
    days = metrics["time"] / DAY
    for window, _, dashes in WINDOWS:
        for course in courses:
            values = course.values(metrics, window)
            if values is not None:
                axes.plot(days, values, color=course.colour, ls=dashes, lw=1.8 if window == "core" else 1.2,
                          zorder=3)
    time_axis(axes, days[-1], treatments)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(handles=[Line2D([], [], color=c.colour, lw=2, label=c.label) for c in courses], loc="best",
                handlelength=1.4, labelspacing=0.3)


def times_to_show(available, last):
    """Up to four of the frames' times [h]: the days that tell most, among those that were written."""
    wanted = [1, 7, 28, last / DAY] if last > 60 * DAY else [1, 7, 3, 28, 14, 0.25, last / DAY, 0]
    chosen = []
    for day in wanted:
        nearest = available[np.argmin(np.abs(available - day * DAY))]
        if abs(nearest - day * DAY) <= 0.1 * day * DAY + 1e-9 and nearest not in chosen:
            chosen.append(nearest)
    return sorted(chosen[:4])


def row_of_needles(frame, field):
    """Index along y of the plane in which a field varies most from side to side."""
    values = frame.field(field).astype(float)
    return int(np.argmax(values.var(axis=2).sum(axis=0)))


def series_with(run, fields):
    """The first series of frames that holds all fields, or None."""
    for name in run.frame_names:
        series = run.frames(name)
        if len(series) and set(fields) <= set(series[0].fields):
            return series
    return None


def draw_section(axes, image, frame, across, norm, colours):
    """One section; the depth axis points down. Returns the image for the colour bar.

    Grey: cells where the field is exactly 0, such as collagen above the dermis.
    """
    horizontal, vertical = [axis for axis in "xyz" if axis != across]
    edges = []
    for axis in (horizontal, vertical):
        centres = frame.centres(axis) / UM_PER_MM
        half = frame.spacing["xyz".index(axis)] / UM_PER_MM / 2
        edges += [centres[0] - half, centres[-1] + half]
    palette = plt.get_cmap(colours).copy()
    palette.set_bad("#e4e2dd")
    left, right, top, bottom = edges
    drawn = axes.imshow(np.ma.masked_equal(image, 0), norm=norm, cmap=palette,
                        extent=[left, right, bottom, top], aspect="equal", interpolation="nearest")
    if vertical != "z":
        axes.invert_yaxis()
    return drawn


def spell_time(time):
    if time < DAY:
        return f"{time:g} h"
    days = time / DAY
    return f"day {days:.3g}"


def plot_maps(figure, series, run_length, maps, across, index_of):
    """A grid of sections: one row per map, one column per time."""
    times = times_to_show(series.times, run_length)
    frames = [series.nearest(time) for time in times]
    axes = figure.subplots(len(maps), len(frames), sharex=True, sharey=True, squeeze=False)
    index = index_of(frames)
    horizontal, vertical = [axis for axis in "xyz" if axis != across]
    for row, chosen in enumerate(maps):
        for column, frame in enumerate(frames):
            panel = axes[row, column]
            image = draw_section(panel, chosen.section(frame, across, index), frame, across, chosen.norm,
                                 chosen.colours)
            if row == 0:
                panel.set_title(spell_time(frame.time), loc="center", fontweight="normal", fontsize=10.5)
            if row == len(maps) - 1:
                panel.set_xlabel(f"{horizontal} [mm]")
            if column == 0:
                panel.set_ylabel(("depth" if vertical == "z" else vertical) + " [mm]")
        bar = figure.colorbar(image, ax=axes[row, :], pad=0.012, aspect=14, fraction=0.05, extend="max")
        bar.set_label(f"{chosen.label}\n[{chosen.unit}]")
        bar.outline.set_linewidth(0.6)


def heading(figure, run):
    """What was run and what came out, in a strip of its own."""
    metrics, config = run.metrics, run.config
    parts = []
    size = config.get("domain", {}).get("size", [])
    if size:
        parts.append(" × ".join(str(side) for side in size))
    preset = config.get("skin", {}).get("preset")
    if preset and config.get("model") == "dermal":
        parts.append(f"{preset} skin")
    if "collagen_gain_dermis" in metrics:
        day = metrics["time"][-1] / DAY
        parts.append(f"day {day:.4g}: collagen {metrics['collagen_gain_dermis'][-1]:+.2f} % in the dermis")
        core = metrics["collagen_gain_core"][-1] if "collagen_gain_core" in metrics else np.nan
        if np.isfinite(core):
            parts[-1] += f", {core:+.1f} % in the tracks"
    figure.text(0.012, 0.62, config.get("title", run.path.name), fontsize=16, fontweight="bold", va="center")
    figure.text(0.012, 0.18, "    ·    ".join(parts), fontsize=10.5, color="#6a6a6a", va="center")


def section_height(frame, across):
    """Height of a section in inches when four of them stand side by side."""
    horizontal, vertical = ["xyz".index(axis) for axis in "xyz" if axis != across]
    sides = np.array(frame.cells) * frame.spacing
    return float(np.clip(3.25 * sides[vertical] / sides[horizontal], 1.6, 2.8)) + 0.15


def sheet(width, courses, sections):
    """A figure with a strip for the heading, one for time courses and, where it has a height, one for
    sections; sizes in inches."""
    heights = [0.75, courses] + ([sections + 0.4] if sections else [])
    figure = plt.figure(figsize=(width, sum(heights)), constrained_layout=True)
    parts = list(figure.subfigures(len(heights), 1, height_ratios=heights))
    return figure, parts[0], parts[1], parts[2] if sections else None


def plot_skin(run):
    """The overview of the skin model."""
    metrics = run.metrics
    treatments = sessions(run)
    series = series_with(run, {name for chosen in MAPS for name in chosen.fields})
    figure, strip, top, bottom = sheet(15, 4.7, section_height(series[0], "y") * len(MAPS) if series else 0)
    heading(strip, run)
    windows = [Line2D([], [], color=INK, ls=dashes, label=label) for _, label, dashes in WINDOWS]
    strip.legend(handles=windows, loc="center right", ncol=2, fontsize=10, handlelength=3)
    panels = top.subplots(1, 3)
    for panel, courses, title, unit in (
            (panels[0], SIGNALS, "Signals", "concentration [ng/mL]"),
            (panels[1], CELLS, "Cells", "density [10³ cells/mm³]"),
            (panels[2], MATRIX, "Matrix", "share of undamaged skin [%]")):
        plot_courses(panel, metrics, courses, treatments)
        panel.set_title(title, pad=18)
        panel.set_ylabel(unit)
        if courses is SIGNALS:
            panel.set_yscale("log")
            panel.set_ylim(5e-3, 30)
        else:
            panel.set_ylim(bottom=0)
    if series:
        plot_maps(bottom, series, metrics["time"][-1], MAPS, "y",
                  lambda frames: row_of_needles(frames[0], "collagen_i"))
    return figure


def dimensions(frame):
    """Number of axes along which a frame has more than one cell."""
    return sum(cells > 1 for cells in frame.cells)


def plot_any(run):
    """The overview of every other model: means with extrema, and sections or lines of the first frames."""
    metrics = run.metrics
    names = [name[: -len("_mean")] for name in metrics.names if name.endswith("_mean")]
    series = next((s for s in map(run.frames, run.frame_names) if len(s)), None)
    rows = 0 if not series else 1.2 if dimensions(series[0]) < 2 else len(series[0].fields)
    figure, strip, top, bottom = sheet(14, 4.2, 3.0 * rows)
    heading(strip, run)
    for panel, name in zip(top.subplots(1, len(names), squeeze=False)[0], names):
        unit = metrics.units[name + "_mean"]
        panel.fill_between(metrics["time"], metrics[name + "_min"], metrics[name + "_max"], color="#d6e1f0",
                           lw=0, label="least to greatest")
        panel.plot(metrics["time"], metrics[name + "_mean"], color="#1f6f8b", lw=1.8, label="mean")
        panel.set(xlabel="time [h]", ylabel=f"{name} [{unit}]", title=name)
        panel.spines[["top", "right"]].set_visible(False)
        panel.legend()
    if series:
        plot_fields(bottom, series)
    return figure


def plot_fields(figure, series):
    """Every field of a series at four times: sections across the shortest side, or lines in one dimension."""
    first = series[0]
    times = series.times[np.unique(np.linspace(0, len(series) - 1, 4).astype(int))]
    frames = [series.nearest(time) for time in times]
    if dimensions(first) < 2:
        axis = max("xyz", key=lambda name: first.cells["xyz".index(name)])
        for panel, name in zip(figure.subplots(1, len(first.fields), squeeze=False)[0], first.fields):
            for shade, frame in zip(plt.cm.viridis(np.linspace(0, 0.85, len(frames))), frames):
                panel.plot(frame.centres(axis) / UM_PER_MM, frame.field(name).ravel(), color=shade,
                           label=f"{frame.time:g} h")
            panel.set(xlabel=f"{axis} [mm]", ylabel=f"{name} [{first.units(name)}]")
            panel.legend()
        return
    across = min("xyz", key=lambda axis: first.cells["xyz".index(axis)])
    middle = first.cells["xyz".index(across)] // 2
    panels = figure.subplots(len(first.fields), len(frames), sharex=True, sharey=True, squeeze=False)
    horizontal, vertical = [axis for axis in "xyz" if axis != across]
    for row, name in zip(panels, first.fields):
        images = [frame.section(name, across, middle) for frame in frames]
        norm = Normalize(min(i.min() for i in images), max(i.max() for i in images))
        for panel, frame, image in zip(row, frames, images):
            drawn = draw_section(panel, image, frame, across, norm, "viridis")
            panel.set_title(f"{frame.time:g} h", loc="center", fontweight="normal", fontsize=10)
            panel.set_xlabel(f"{horizontal} [mm]")
        row[0].set_ylabel(("depth" if vertical == "z" else vertical) + " [mm]")
        figure.colorbar(drawn, ax=row, pad=0.012).set_label(f"{name} [{first.units(name)}]")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="folder of a run")
    parser.add_argument("-o", "--output", type=Path, help="picture (default: RUN/overview.png)")
    arguments = parser.parse_args()
    target = arguments.output or arguments.run / "overview.png"
    try:
        run = Run(arguments.run)
        with plt.rc_context(STYLE):
            figure = plot_skin(run) if run.config.get("model") == "dermal" else plot_any(run)
            figure.savefig(target, dpi=110)
    except (OSError, KeyError, ValueError) as error:
        sys.exit(f"plot_run.py: {error}")
    print(target)


if __name__ == "__main__":
    main()
