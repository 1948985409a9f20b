# script-version: 2.0
"""Pictures: a section through a row of needles, with TGF-beta, collagen and fibroblasts side by side.

Writes section_STEP.png. For `--insitu configs/insitu/section.py`, with `derived = ["total_collagen"]` in [insitu] of the
study. Needs a display; a virtual one will do (xvfb-run). The colour ranges are fixed: pictures of different days, runs
and numbers of ranks can be compared. The skin surface is above.
"""
from paraview import catalyst
from paraview.simple import *

SECTION_Y = 775.0  # um: a row of needles of configs/stamp_4x4.toml
# Field, colours, range in the unit of the field, title.
PANELS = [
    ("tgf_beta", "Inferno (matplotlib)", (0.0, 2.0), "TGF-beta", "ng/mL"),
    ("total_collagen", "Viridis (matplotlib)", (0.0, 250.0), "collagen I + III", "mg/mL"),
    ("fibroblasts", "Plasma (matplotlib)", (0.0, 15000.0), "fibroblasts", "1/mm^3"),
]
PICTURE = [1500, 600]  # pixels

fields = TrivialProducer(registrationName="fields")
fields.UpdatePipeline()
# Of the domain, the same on every rank; bounds and ranges would be those of the rank.
width, length, depth = (fields.FieldData["domain_size_um"].GetRange(axis)[0] for axis in range(3))
if not 0 <= SECTION_Y <= length:
    raise ValueError(f"SECTION_Y = {SECTION_Y} um is outside of the domain, which reaches from 0 to {length} um")

view = CreateView("RenderView")
view.ViewSize = PICTURE
view.Background = [1, 1, 1]
view.UseColorPaletteForBackground = 0
view.OrientationAxesVisibility = 0
view.UseFXAA = 0  # the colours are flat; to smooth their edges would take a third of the time

# Only the cells about the section: to average the whole box to points would take longer than all the rest.
slab, box = fields, fields.GetClientSideObject().GetOutputDataObject(0)
if box.IsA("vtkImageData"):  # Catalyst 2 gives pieces with indices of their own
    dx, dy, dz = box.GetSpacing()
    row = int(SECTION_Y / dy)
    slab = ExtractSubset(Input=fields)
    slab.VOI = [0, round(width / dx), max(row - 1, 0), row + 2, 0, round(depth / dz)]  # points
points = CellDatatoPointData(Input=slab)
points.ProcessAllArrays = 0
points.CellDataArraytoprocess = [panel[0] for panel in PANELS]
section = Slice(Input=points)
section.SliceType = "Plane"
section.SliceType.Origin = [width / 2, SECTION_Y, depth / 2]
section.SliceType.Normal = [0, 1, 0]

for number, (field, colours, limits, title, unit) in enumerate(PANELS):
    panel = PassArrays(Input=section)
    panel.PointDataArrays = [field]
    shown = Show(panel, view)
    shown.Position = [1.1 * width * number, 0, 0]
    ColorBy(shown, ("POINTS", field))
    table = GetColorTransferFunction(field)
    table.ApplyPreset(colours, True)
    table.AutomaticRescaleRangeMode = "Never"  # ColorBy takes the range of the rank
    table.RescaleTransferFunction(*limits)
    shown.Ambient, shown.Diffuse, shown.Specular = 1, 0, 0  # colours as in the table, whatever the light
    bar = GetScalarBar(table, view)
    bar.Title = title
    bar.ComponentTitle = unit
    bar.Orientation = "Horizontal"
    bar.WindowLocation = "Any Location"
    bar.Position = [0.05 + 0.315 * number, 0.04]
    bar.ScalarBarLength = 0.25
    bar.RangeLabelFormat = bar.LabelFormat = "%g"
    bar.AutomaticLabelFormat = 0
    bar.TitleColor = bar.LabelColor = [0, 0, 0]
    shown.SetScalarBarVisibility(view, True)

clock = AnnotateTimeFilter(Input=fields)
clock.Format = "{time:g} h"
text = Show(clock, view)
text.WindowLocation, text.Color, text.FontSize = "Upper Left Corner", [0, 0, 0], 14

# Along -y, so that x points to the right with the surface above.
middle = [1.6 * width, SECTION_Y, 0.6 * depth]
view.CameraParallelProjection = 1
view.CameraFocalPoint = middle
view.CameraPosition = [middle[0], middle[1] + 4 * width, middle[2]]
view.CameraViewUp = [0, 0, -1]
view.CameraParallelScale = max(0.75 * depth, 1.65 * width * PICTURE[1] / PICTURE[0])

picture = CreateExtractor("PNG", view, registrationName="section")
picture.Writer.FileName = "section_{timestep:06d}.png"
picture.Writer.ImageResolution = PICTURE
picture.Writer.Format = "PNG"

options = catalyst.Options()  # the folder of the run decides where extracts go
options.GlobalTrigger = "TimeStep"


def RequestDataDescription(description):
    """Fields that are copied for the script; in the first call all are."""
    wanted = description.GetInputDescriptionByName("fields")
    for panel in PANELS:
        wanted.AddField(panel[0], 1)  # 1: on cells
    wanted.GenerateMeshOn()
