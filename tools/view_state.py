"""The state in which ParaView shows a run; started by tools/view.sh.

    KOLLAGEN_VIEW_RUN=RUN paraview --script=tools/view_state.py
    KOLLAGEN_VIEW_RUN=RUN KOLLAGEN_VIEW_PICTURES=FOLDER pvpython tools/view_state.py

With tools/ in PYTHONPATH. The second form writes wound_NUMBER.png and section_NUMBER.png for every frame. Everything is
read from the run: frames and their fields, sizes, the row of needles. Colour ranges are fixed: those of the skin model below,
those of other models over the whole run so far, from metrics.csv.
"""

import os
import sys
from pathlib import Path

import numpy as np
from kollagen_io import Run
from paraview import servermanager
from paraview.simple import *
from paraview.vtk.util.numpy_support import vtk_to_numpy

# Field of the skin model: colours, range in the unit of the field, title. In the order in which sections show them.
PANELS = {
    "tgf_beta": ("Inferno (matplotlib)", (0.0, 2.5), "TGF-beta"),
    "fibroblasts": ("Plasma (matplotlib)", (0.0, 12000.0), "fibroblasts"),
    "collagen_change": ("Cool to Warm", (-20.0, 20.0), "collagen against undamaged skin"),
    "total_collagen": ("Viridis (matplotlib)", (0.0, 260.0), "collagen I + III"),
    "pdgf": ("Inferno (matplotlib)", (0.0, 3.0), "PDGF"),
    "myofibroblasts": ("Plasma (matplotlib)", (0.0, 12000.0), "myofibroblasts"),
    "provisional_matrix": ("Reds", (0.0, 6.0), "provisional matrix"),
    "damage": ("Reds", (0.0, 1.0), "damage"),
}
MOST_PANELS = 3
WOUND_STRENGTH = 0.8  # what is weaker counts as residual damage in metrics.csv
DAMAGE = 0.5
INK = [0.0, 0.0, 0.0]
PICTURE = [1200, 800]  # pixels, of the tracks; sections are wider


def say(text):
    print(f"view: {text}", flush=True)


class Scene:
    """What is shown of a run: its pipeline, and how to colour it."""

    def __init__(self, run):
        self.run = run
        self.model = run.config.get("model", "dermal")
        name = next(name for name in run.frame_names if len(run.frames(name)))
        if len(run.frame_names) > 1:
            say(f"outputs {', '.join(run.frame_names)}: '{name}' is shown")
        self.reader = OpenDataFile(str(run.path.absolute() / "fields" / f"{name}.hdf.series"))
        self.reader.UpdatePipelineInformation()
        self.times = list(run.frames(name).times)
        first = self.image_at(self.times[0])
        data = first.GetPointData()
        self.fields = {data.GetArrayName(a): vtk_to_numpy(data.GetArray(a)) for a in range(data.GetNumberOfArrays())}
        self.shape = first.GetDimensions()[::-1]  # z, y, x
        self.spacing, self.origin = first.GetSpacing(), first.GetOrigin()
        self.size = [n * h for n, h in zip(first.GetDimensions(), self.spacing)]
        self.units, self.ranges = {}, {}
        self.read_metrics()
        self.source = self.reader
        self.derive()
        self.row = self.needle_row()

    def image_at(self, time):
        self.reader.SMProxy.UpdatePipeline(float(time))  # the Python wrapper takes a time of 0 for none
        return servermanager.Fetch(self.reader)

    def read_metrics(self):
        """Units and, over the whole run so far, extrema of the fields."""
        metrics = self.run.metrics
        for name in self.fields:
            low, high = metrics[f"{name}_min"].min(), metrics[f"{name}_max"].max()
            self.ranges[name] = (float(low), float(high if high > low else low + 1))
            self.units[name] = metrics.units[f"{name}_max"]

    def derive(self):
        """Total collagen, and against undamaged skin where a frame shows it: change [%] and strength [1]."""
        if self.model != "dermal" or not {"collagen_i", "collagen_iii"} <= set(self.fields):
            return
        self.add("total_collagen", "collagen_i + collagen_iii", self.units["collagen_i"])
        if self.times[0] > 0:
            say(f"the first frame is of {self.times[0]:g} h, not 0 h: no change of collagen, no strength")
            return
        # Undamaged skin depends on depth only. At the start only tracks hold less: the greatest value of a plane.
        base = {name: self.fields[name].reshape(self.shape).max(axis=(1, 2)) for name in ("collagen_i", "collagen_iii")}
        total, strong = base["collagen_i"] + base["collagen_iii"], base["collagen_i"] + 0.2 * base["collagen_iii"]
        plane = self.shape[1] * self.shape[2]

        def column(values):
            """1/values for each point as an expression; 0 where there is no collagen."""
            inverse = [1 / value if value > 0 else 0 for value in values.astype(float)]
            return f"numpy.repeat(numpy.array({inverse!r}), {plane})"

        def without(values):
            """1 where there is no collagen, else 0."""
            return f"numpy.repeat(numpy.array({[0 if value > 0 else 1 for value in values]!r}), {plane})"

        ratio = f"(collagen_i + collagen_iii) * {column(total)} + {without(total)}"
        self.add("collagen_change", f"100 * ({ratio} - 1)", "%")
        ratio = f"(collagen_i + 0.2 * collagen_iii) * {column(strong)} + {without(strong)}"
        self.add("strength", f"({ratio}) ** 1.3", "1")  # docs/outputs.md

    def add(self, name, expression, unit):
        self.source = PythonCalculator(Input=self.source, registrationName=name)
        self.source.Expression = expression
        self.source.ArrayName = name
        self.source.CopyArrays = 1
        self.units[name] = unit

    def needle_row(self):
        """y [um] of the plane of cells in which the first frames vary most from side to side; of equal ones the middlemost."""
        candidates = [name for name in ("damage", "collagen_i", "fibroblasts") if name in self.fields]
        name = candidates[0] if candidates and self.model == "dermal" else next(iter(self.fields))
        varies = self.fields[name].reshape(self.shape).astype(float).var(axis=2).sum(axis=0)
        planes = np.flatnonzero(varies >= 0.999 * varies.max())
        plane = planes[np.argmin(abs(planes - (self.shape[1] - 1) / 2))]
        return self.origin[1] + self.spacing[1] * plane

    def panels(self):
        if self.model == "dermal":
            held = {*self.fields, *(["total_collagen"] if "total_collagen" in self.units else []),
                    *(["collagen_change"] if "collagen_change" in self.units else [])}
            chosen = [name for name in PANELS if name in held][:MOST_PANELS]
            if chosen:
                return chosen
        return list(self.fields)[:MOST_PANELS]

    def look(self, name):
        """Colours, limits and title of a field."""
        if self.model == "dermal" and name in PANELS:
            return PANELS[name]
        return "Viridis (matplotlib)", self.ranges[name], name

    def surface(self):
        """Field and value of the isosurface, and how it is called."""
        if "strength" in self.units:
            return "strength", WOUND_STRENGTH, f"surface: strength {WOUND_STRENGTH:g}"
        if self.model == "dermal" and "damage" in self.fields:
            return "damage", DAMAGE, f"surface: damage {DAMAGE:g}"
        name = next(iter(self.fields))
        low, high = self.ranges[name]
        value = 0.5 * (low + high)
        return name, value, f"surface: {name} {value:.3g} {self.units[name]}"


def make_view(size, view=None):
    view = view or CreateView("RenderView")
    view.ViewSize = size
    view.UseColorPaletteForBackground = 0
    view.Background = [1, 1, 1]
    view.OrientationAxesVisibility = 0
    return view


def paint(scene, source, view, name, place, length):
    """Shows a source coloured by a field within its fixed limits, with a bar at `place`."""
    colours, limits, title = scene.look(name)
    shown = Show(source, view)
    ColorBy(shown, ("POINTS", name))
    table = GetColorTransferFunction(name)
    table.ApplyPreset(colours, True)
    table.AutomaticRescaleRangeMode = "Never"
    table.RescaleTransferFunction(*limits)
    if colours == "Reds":
        table.InvertTransferFunction()  # ParaView's begins dark
    shown.Ambient, shown.Diffuse, shown.Specular = 1, 0, 0  # colours as in the table, whatever the light
    bar = GetScalarBar(table, view)
    bar.Title, bar.ComponentTitle = title, f"[{scene.units[name]}]"
    bar.Orientation = "Horizontal"
    bar.WindowLocation = "Any Location"
    bar.Position = place
    bar.ScalarBarLength = length
    bar.AutomaticLabelFormat = 0
    bar.RangeLabelFormat = bar.LabelFormat = "%g"
    bar.TitleColor = bar.LabelColor = INK
    shown.SetScalarBarVisibility(view, True)


def add_texts(scene, view, note=""):
    clock = AnnotateTimeFilter(Input=scene.reader)
    clock.Format = "{time:g} h"
    for source, corner in ((clock, "Upper Left Corner"), (Text(Text=note), "Upper Right Corner")):
        text = Show(source, view)
        text.WindowLocation, text.Color, text.FontSize = corner, INK, 14


def slice_through_row(scene):
    section = Slice(Input=scene.source, registrationName="section")
    section.SliceType = "Plane"
    section.SliceType.Origin = [scene.size[0] / 2, scene.row, scene.size[2] / 2]
    section.SliceType.Normal = [0, 1, 0]
    HideInteractiveWidgets(proxy=section.SliceType)
    return section


def wound_view(scene, section):
    """The isosurface in front of the section, seen from large y and from above."""
    width, length, depth = scene.size
    view = make_view(PICTURE, GetActiveView())
    on_section = next((name for name in ("collagen_change", "total_collagen", "collagen_i") if name in scene.units), scene.panels()[0])
    paint(scene, section, view, on_section, [0.35, 0.03], 0.3)
    name, value, note = scene.surface()
    surface = Contour(Input=scene.source, registrationName="surface")
    surface.ContourBy = ["POINTS", name]
    surface.Isosurfaces = [value]
    front = Clip(Input=surface, registrationName="surface in front")
    front.ClipType = "Plane"
    front.ClipType.Origin = [width / 2, scene.row, depth / 2]
    front.ClipType.Normal = [0, 1, 0]
    front.Invert = 0
    HideInteractiveWidgets(proxy=front.ClipType)
    shown = Show(front, view)
    ColorBy(shown, ("POINTS", ""))
    shown.AmbientColor = shown.DiffuseColor = [0.55, 0.45, 0.35]  # of no colour table
    shown.Opacity = 0.35  # the section behind counts too
    outline = Show(Outline(Input=scene.reader), view)
    outline.AmbientColor = outline.DiffuseColor = [0.4, 0.4, 0.4]
    add_texts(scene, view, note)
    middle = [width / 2, length / 2, 0.58 * depth]  # a little deeper than the centre: the bar is below
    away = 2.1 * max(scene.size)
    view.CameraFocalPoint = middle
    view.CameraPosition = [middle[0] - 0.5 * away, middle[1] + away, middle[2] - 0.6 * away]
    view.CameraViewUp = [0, 0, -1]
    return view


def section_view(scene, section):
    """Fields side by side on the section, seen along -y: x to the right, the surface of the skin above."""
    panels = scene.panels()
    width, _, depth = scene.size
    size = [500 * len(panels), int(min(max(500 * depth / width, 150), 700)) + 150]
    size[1] += size[1] % 2  # of a film both are even
    view = make_view(size)
    for number, name in enumerate(panels):
        moved = Transform(Input=section, registrationName=f"section {name}")
        moved.Transform.Translate = [1.1 * width * number, 0, 0]
        HideInteractiveWidgets(proxy=moved.Transform)
        share = 1 / len(panels)
        paint(scene, moved, view, name, [share * (number + 0.12), 0.03], 0.76 * share)
    add_texts(scene, view)
    across = width * (1.1 * len(panels) - 0.1)
    half = max(0.53 * across * size[1] / size[0], 0.5 * depth * size[1] / (size[1] - 150))
    middle = [across / 2, scene.row, depth / 2 + half * 90 / size[1]]
    view.CameraParallelProjection = 1
    view.CameraFocalPoint = middle
    view.CameraPosition = [middle[0], middle[1] + 4 * max(across, depth), middle[2]]
    view.CameraViewUp = [0, 0, -1]
    view.CameraParallelScale = half
    return view


def arrange(views):
    """Gives each view a tab of the window; the first one is in that with which ParaView begins."""
    RenameLayout("wound", GetLayout(views["wound"]))
    AssignViewToLayout(view=views["section"], layout=CreateLayout("section"), hint=0)
    ResetCamera(views["section"])  # the window has another shape than the pictures
    SetActiveView(views["wound"])


def main():
    run = Run(Path(os.environ["KOLLAGEN_VIEW_RUN"]))
    pictures = os.environ.get("KOLLAGEN_VIEW_PICTURES")
    if not any(len(run.frames(name)) for name in run.frame_names):
        sys.exit(f"view_state.py: {run.path}: no frame was written yet")
    LoadPalette("WhiteBackground")
    scene = Scene(run)
    section = slice_through_row(scene)
    views = {"wound": wound_view(scene, section), "section": section_view(scene, section)}
    say(f"{len(scene.times)} frames; section at y = {scene.row:g} um with {', '.join(scene.panels())}; "
        f"{scene.surface()[2]}")
    animation = GetAnimationScene()
    animation.UpdateAnimationUsingDataTimeSteps()
    if not pictures:
        arrange(views)
        animation.GoToLast()
        return
    for number, time in enumerate(scene.times):
        animation.AnimationTime = time
        for name, view in views.items():
            view.ViewTime = time
            SaveScreenshot(f"{pictures}/{name}_{number:06d}.png", view, ImageResolution=list(view.ViewSize))
    say(f"pictures of {len(scene.times)} frames in {pictures}")


main()
