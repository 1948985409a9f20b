# script-version: 2.0
"""For looking on only: prepares what a connected ParaView may want to see; draws nothing, writes nothing, needs no display.

For `--insitu configs/insitu/live.py` with `--live HOST:PORT`; the fields and derived fields are those of [insitu] in the
study. In ParaView: Catalyst, Connect; then extract `fields`, `section` or `wound` with the icon beside the name.
A section and a surface are small; `fields` is everything.
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

points = CellDatatoPointData(Input=fields, registrationName="points")

section = Slice(Input=points, registrationName="section")
section.SliceType = "Plane"
section.SliceType.Origin = [size[0] / 2, SECTION_Y, size[2] / 2]
section.SliceType.Normal = [0, 1, 0]

wound = Contour(Input=points, registrationName="wound")
wound.ContourBy = ["POINTS", "damage"]
wound.Isosurfaces = [DAMAGE]

options = catalyst.Options()
options.GlobalTrigger = "TimeStep"


def catalyst_execute(info):
    """A script without extractors and without this function would be called once only."""
