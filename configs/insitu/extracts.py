# script-version: 2.0
"""Extracts without a view: a section as VTI, the surface of the wound as VTP. Needs no display.

Writes section_STEP.pvti and wound_STEP.pvtp with their pieces, which ParaView opens. The wound is where the damage
passes DAMAGE; the section keeps all fields that the script sees.
"""
from paraview import catalyst
from paraview.simple import *

SECTION_Y = 775.0  # um: a row of needles of configs/stamp_4x4.toml
DAMAGE = 0.5  # 1

fields = TrivialProducer(registrationName="fields")
fields.UpdatePipeline()
size = [fields.FieldData["domain_size_um"].GetRange(axis)[0] for axis in range(3)]
if not 0 <= SECTION_Y < size[1]:
    raise ValueError(f"SECTION_Y = {SECTION_Y} um is outside of the domain, which reaches from 0 to {size[1]} um")
spacing = fields.GetClientSideObject().GetOutputDataObject(0).GetSpacing()
cells = [round(length / step) for length, step in zip(size, spacing)]

plane = int(SECTION_Y / spacing[1])
section = ExtractSubset(Input=fields, registrationName="section")
section.VOI = [0, cells[0], plane, plane + 1, 0, cells[2]]

# The surface needs values at points: the average of the cells around each, like CellDatatoPointData but in a tenth of
# its time, which would be most of that of this script.
AVERAGE = """
from paraview.vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy
import numpy
image, points = self.GetInput(), self.GetOutput()
cells = [count - 1 for count in reversed(image.GetDimensions())]
values = vtk_to_numpy(image.GetCellData().GetArray("damage")).reshape(cells)
values = numpy.pad(values, 1, mode="edge")
for axis in range(3):
    low, high = (values.take(range(first, first + cells[axis] + 1), axis) for first in (0, 1))
    values = (low + high) / 2
damage = numpy_to_vtk(values.ravel(), deep=1)
damage.SetName("damage")
points.GetPointData().AddArray(damage)
ghost = image.GetCellData().GetArray("vtkGhostType")
if ghost:
    points.GetCellData().AddArray(ghost)
"""
points = ProgrammableFilter(Input=fields, Script=AVERAGE)
wound = Contour(Input=points, registrationName="wound")
wound.ContourBy = ["POINTS", "damage"]
wound.Isosurfaces = [DAMAGE]

# Cells that ranks have of their neighbours: of the surface they go; in the section, whose pieces are laid over each
# other when they are read, only the mark goes.
surface = RemoveGhostInformation(Input=wound)
plain = PassArrays(Input=section)
plain.CellDataArrays = [name for name in fields.CellData.keys() if name != "vtkGhostType"]

for source, kind, name in ((plain, "VTI", "section_{timestep:06d}.pvti"), (surface, "VTP", "wound_{timestep:06d}.pvtp")):
    extract = CreateExtractor(kind, source)
    extract.Writer.FileName = name

options = catalyst.Options()  # the folder of the run decides where extracts go
options.GlobalTrigger = "TimeStep"
