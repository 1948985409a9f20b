# script-version: 2.0
"""Pictures: a volume rendering of the fibroblasts, which gather around the needle tracks and go again.

Writes front_STEP.png. For `--insitu configs/insitu/front.py`, with `fields = ["fibroblasts"]` in [insitu] of the study.
Needs a display; a virtual one will do (xvfb-run). Undamaged skin is clear up to CLEAR cells; what is more is fog, the denser
the more of them. The skin surface is above.
"""
from paraview import catalyst
from paraview.simple import *

FIELD, TITLE, UNIT = "fibroblasts", "fibroblasts", "1/mm^3"
CLEAR, DENSE = 4000.0, 11000.0  # 1/mm^3: baselines of face skin are 2500 and 3500
PICTURE = [1200, 800]  # pixels

fields = TrivialProducer(registrationName="fields")
fields.UpdatePipeline()
# Of the domain, the same on every rank; bounds and ranges would be those of the rank.
width, length, depth = (fields.FieldData["domain_size_um"].GetRange(axis)[0] for axis in range(3))

view = CreateView("RenderView")
view.ViewSize = PICTURE
view.Background = [1, 1, 1]
view.UseColorPaletteForBackground = 0
view.OrientationAxesVisibility = 0

points = CellDatatoPointData(Input=fields)
points.ProcessAllArrays = 0
points.CellDataArraytoprocess = [FIELD]
fog = Show(points, view, "UniformGridRepresentation")
fog.SetRepresentationType("Volume")
ColorBy(fog, ("POINTS", FIELD))
table = GetColorTransferFunction(FIELD)
table.ApplyPreset("Plasma (matplotlib)", True)
table.AutomaticRescaleRangeMode = "Never"  # ColorBy takes the range of the rank
table.RescaleTransferFunction(CLEAR, DENSE)
opacity = GetOpacityTransferFunction(FIELD)
# Value, opacity, and two numbers that shape the curve between (0.5, 0: straight).
opacity.Points = [CLEAR, 0, 0.5, 0, 0.5 * (CLEAR + DENSE), 0.12, 0.5, 0, DENSE, 0.6, 0.5, 0]
fog.ScalarOpacityFunction = opacity
fog.ScalarOpacityUnitDistance = 0.04 * max(width, length, depth)  # opacity is per this length, on any grid
fog.Shade = 0

bar = GetScalarBar(table, view)
bar.Title = TITLE
bar.ComponentTitle = UNIT
bar.Orientation = "Horizontal"
bar.WindowLocation = "Any Location"
bar.Position = [0.35, 0.03]
bar.ScalarBarLength = 0.3
bar.RangeLabelFormat = bar.LabelFormat = "%g"
bar.AutomaticLabelFormat = 0
bar.TitleColor = bar.LabelColor = [0, 0, 0]
fog.SetScalarBarVisibility(view, True)

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

picture = CreateExtractor("PNG", view, registrationName="front")
picture.Writer.FileName = "front_{timestep:06d}.png"
picture.Writer.ImageResolution = PICTURE
picture.Writer.Format = "PNG"

options = catalyst.Options()  # the folder of the run decides where extracts go
options.GlobalTrigger = "TimeStep"
