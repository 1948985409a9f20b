# script-version: 2.0
"""Pictures: the needle tracks as surfaces, in front of a section through the collagen.

Writes wound_STEP.png. For `--insitu configs/insitu/wound.py`, with `derived = ["total_collagen", "strength"]` in [insitu]
of the study. Needs a display; a virtual one will do (xvfb-run). The surface is where the strength proxy is STRENGTH: what
is weaker counts as residual damage in metrics.csv. It shrinks while the tracks heal. The skin surface is above; of what
lies before the section only the tracks are drawn.
"""
from paraview import catalyst
from paraview.simple import *

SECTION_Y = 775.0  # um: a row of needles of configs/stamp_4x4.toml
STRENGTH = 0.8  # 1
COLLAGEN = (100.0, 260.0)  # mg/mL
PICTURE = [1200, 800]  # pixels

fields = TrivialProducer(registrationName="fields")
fields.UpdatePipeline()
# Of the domain, the same on every rank; bounds and ranges would be those of the rank.
width, length, depth = (fields.FieldData["domain_size_um"].GetRange(axis)[0] for axis in range(3))
if not 0 <= SECTION_Y < length:
    raise ValueError(f"SECTION_Y = {SECTION_Y} um is outside of the domain, which reaches from 0 to {length} um")

view = CreateView("RenderView")
view.ViewSize = PICTURE
view.Background = [1, 1, 1]
view.UseColorPaletteForBackground = 0
view.OrientationAxesVisibility = 0

points = CellDatatoPointData(Input=fields)
points.ProcessAllArrays = 0
points.CellDataArraytoprocess = ["total_collagen", "strength"]
section = Slice(Input=points)
section.SliceType = "Plane"
section.SliceType.Origin = [width / 2, SECTION_Y, depth / 2]
section.SliceType.Normal = [0, 1, 0]
flat = Show(section, view)
ColorBy(flat, ("POINTS", "total_collagen"))
table = GetColorTransferFunction("total_collagen")
table.ApplyPreset("Viridis (matplotlib)", True)
table.AutomaticRescaleRangeMode = "Never"  # ColorBy takes the range of the rank
table.RescaleTransferFunction(*COLLAGEN)
flat.Ambient, flat.Diffuse, flat.Specular = 1, 0, 0  # colours as in the table, whatever the light
bar = GetScalarBar(table, view)
bar.Title = "collagen I + III"
bar.ComponentTitle = "mg/mL"
bar.Orientation = "Horizontal"
bar.WindowLocation = "Any Location"
bar.Position = [0.35, 0.03]
bar.ScalarBarLength = 0.3
bar.RangeLabelFormat = bar.LabelFormat = "%g"
bar.AutomaticLabelFormat = 0
bar.TitleColor = bar.LabelColor = [0, 0, 0]
flat.SetScalarBarVisibility(view, True)

wound = Contour(Input=points)
wound.ContourBy = ["POINTS", "strength"]
wound.Isosurfaces = [STRENGTH]
wound.ComputeNormals = 0  # at the edge of a rank they would be one-sided, and seams would show
front = Clip(Input=wound)
front.ClipType = "Plane"
front.ClipType.Origin = [width / 2, SECTION_Y, depth / 2]
front.ClipType.Normal = [0, 1, 0]
front.Invert = 0
shown = Show(front, view)
ColorBy(shown, ("POINTS", ""))
shown.AmbientColor = shown.DiffuseColor = [0.72, 0.16, 0.13]

frame = Outline(Input=fields)
shown = Show(frame, view)
shown.AmbientColor = shown.DiffuseColor = [0.4, 0.4, 0.4]

clock = AnnotateTimeFilter(Input=fields)
clock.Format = "{time:g} h"
text = Show(clock, view)
text.WindowLocation, text.Color, text.FontSize = "Upper Left Corner", [0, 0, 0], 14

# From the side of large y and from above, so that x points to the right and the skin surface is seen.
middle = [width / 2, length / 2, 0.58 * depth]  # a little deeper than the centre: the bars are below
away = 2.1 * max(width, length, depth)
view.CameraFocalPoint = middle
view.CameraPosition = [middle[0] - 0.5 * away, middle[1] + away, middle[2] - 0.6 * away]
view.CameraViewUp = [0, 0, -1]

picture = CreateExtractor("PNG", view, registrationName="wound")
picture.Writer.FileName = "wound_{timestep:06d}.png"
picture.Writer.ImageResolution = PICTURE
picture.Writer.Format = "PNG"

options = catalyst.Options()  # the folder of the run decides where extracts go
options.GlobalTrigger = "TimeStep"
