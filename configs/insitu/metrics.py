# script-version: 2.0
"""Pictures: the time courses of metrics.csv up to now.

Writes metrics_STEP.png. For `--insitu configs/insitu/metrics.py`; it looks at no field, so that a call costs little.
Needs no display, but matplotlib (Debian: python3-matplotlib): ParaView's own charts stay empty here while their table
grows.
"""
import csv
import os
import pathlib

import matplotlib
from paraview import catalyst
from paraview.simple import *
from paraview.vtk.vtkParallelCore import vtkMultiProcessController

matplotlib.use("Agg")
from matplotlib.figure import Figure

# Title, unit, and columns of metrics.csv with their names in the legend. Those that a run lacks are left out.
PANELS = [
    ("growth factors in the tracks", "ng/mL", {"pdgf_mean_core": "PDGF", "tgf_beta_mean_core": "TGF-beta",
                                               "fgf2_mean_core": "FGF-2"}),
    ("cells in the tracks", "1/mm^3", {"fibroblasts_mean_core": "fibroblasts", "myofibroblasts_mean_core":
                                       "myofibroblasts", "macrophages_m1_mean_core": "macrophages M1"}),
    ("collagen, change", "%", {"collagen_gain_core": "tracks", "collagen_gain_dermis": "dermis"}),
    ("residual damage", "1", {"residual_damage_core": "tracks", "residual_damage_dermis": "dermis"}),
]
PICTURE = (12, 6.5)  # inches of 100 pixels
DAY = 24.0  # h

RUN = pathlib.Path(os.environ["KOLLAGEN_RUN"])
fields = TrivialProducer(registrationName="fields")
options = catalyst.Options()


def columns():
    """Values of each column by its name without the unit; nan where there is none."""
    tables = sorted(RUN.glob("metrics*.csv"))  # a name in the study is part of that of the file
    if not tables:  # the study begins with them later
        return {}
    with open(tables[0], newline="") as file:
        names, *rows = csv.reader(file)
    return {name.rsplit(" [", 1)[0]: [float(row[place] or "nan") for row in rows] for place, name in enumerate(names)}


def catalyst_execute(info):
    if vtkMultiProcessController.GetGlobalController().GetLocalProcessId() != 0:
        return
    courses = columns()
    if not courses:
        return
    days = [hours / DAY for hours in courses["time"]]
    panels = [(title, unit, {column: name for column, name in lines.items() if column in courses})
              for title, unit, lines in PANELS]
    if not any(lines for _, _, lines in panels):  # another model than that of the skin
        panels = [("means", "", {name: name[:-5] for name in courses if name.endswith("_mean")})]
    panels = [panel for panel in panels if panel[2]]
    figure = Figure(figsize=PICTURE, dpi=100, layout="constrained")
    across = min(2, len(panels))
    for number, (title, unit, lines) in enumerate(panels):
        axes = figure.add_subplot((len(panels) + across - 1) // across, across, number + 1)
        for column, name in lines.items():
            axes.plot(days, courses[column], ".-", markersize=3, label=name)
        axes.set_title(title, loc="left")
        axes.set_xlabel("time [day]")
        axes.set_ylabel(f"[{unit}]" if unit else "")
        axes.legend(frameon=False)
    # Beside the extracts of other scripts, wherever the environment wants them.
    folder = pathlib.Path(os.environ["PARAVIEW_OVERRIDE_EXTRACTS_OUTPUT_DIRECTORY"])
    figure.savefig(folder / f"metrics_{info.cycle:06d}.png")


def RequestDataDescription(description):
    """Fields that are copied for the script; in the first call all are, then none."""
    description.GetInputDescriptionByName("fields").GenerateMeshOn()
