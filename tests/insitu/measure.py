# script-version: 2.0
"""Catalyst script of tests: each rank writes what it was given, and rank 0 an area and an integral, one line a call."""
import json
import os

from paraview import catalyst
from paraview.simple import *
from paraview.vtk.vtkParallelCore import vtkMultiProcessController

FIELD, LEVEL = os.environ["TEST_FIELD"], float(os.environ["TEST_LEVEL"])
SECTION_Y = float(os.environ["TEST_SECTION_Y"])

fields = TrivialProducer(registrationName="fields")
points = CellDatatoPointData(Input=fields)
surface = Contour(Input=points)
surface.ContourBy = ["POINTS", FIELD]
surface.Isosurfaces = [LEVEL]
area = IntegrateVariables(Input=surface)
section = Slice(Input=points)
section.SliceType = "Plane"
section.SliceType.Origin = [0, SECTION_Y, 0]
section.SliceType.Normal = [0, 1, 0]
integral = IntegrateVariables(Input=section)
options = catalyst.Options()
if os.environ.get("TEST_REQUEST"):

    def RequestDataDescription(description):
        given = description.GetInputDescriptionByName("fields")
        for name in os.environ["TEST_REQUEST"].split(","):
            given.AddField(name, 1)  # vtkDataObject.CELL
        given.GenerateMeshOn()


def value(source, name):
    data = source.GetClientSideObject().GetOutputDataObject(0)
    for attributes in (data.GetCellData(), data.GetPointData()):
        if attributes.GetArray(name):
            return attributes.GetArray(name).GetTuple1(0) if attributes.GetArray(name).GetNumberOfTuples() else None
    return None


def catalyst_execute(info):
    rank = vtkMultiProcessController.GetGlobalController().GetLocalProcessId()
    fields.UpdatePipeline()
    data = fields.GetClientSideObject().GetOutputDataObject(0)
    size = data.GetFieldData().GetArray("domain_size_um").GetTuple3(0)
    if data.IsA("vtkPartitionedDataSet"):  # of Catalyst 2
        data = data.GetPartition(0)
    cells = data.GetCellData()
    area.UpdatePipeline()
    integral.UpdatePipeline()
    ghost = cells.GetArray("vtkGhostType")
    line = {
        "rank": rank, "step": info.cycle, "time": info.time, "class": data.GetClassName(), "bounds": data.GetBounds(),
        "extent": data.GetExtent(), "spacing": data.GetSpacing(), "origin": data.GetOrigin(),
        "ghosts": sum(ghost.GetValue(c) for c in range(ghost.GetNumberOfTuples())) if ghost else 0,
        "arrays": {cells.GetArrayName(a): [cells.GetArray(a).GetClassName(),
                                           cells.GetArray(a).GetInformation().Get(cells.GetArray(a).UNITS_LABEL())]
                   for a in range(cells.GetNumberOfArrays())},
        "size": size,
        "area": value(area, "Area"), "integral": value(integral, FIELD),
    }
    print(line) if os.environ.get("TEST_PRINT") else None
    with open(os.path.join(os.environ["TEST_FOLDER"], f"rank_{rank}.jsonl"), "a") as file:
        file.write(json.dumps(line) + "\n")
