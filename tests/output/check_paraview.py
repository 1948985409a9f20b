"""ParaView opens frames and slices and sees times, geometry and values.

    pvpython check_paraview.py DIR

DIR holds a run of `make_sample_run linear`. Exit 0: all agrees; 1: it does not.
"""

import sys

from paraview import servermanager
from paraview.simple import OpenDataFile

FOLDER = sys.argv[1]


def exact(n, x, y, z, t):
    """The formula of make_sample_run, model linear."""
    return (n + 1) * (2 + 0.01 * x - 0.002 * y + 0.0003 * z) + 0.5 * t


def expect(what, found, wanted, tolerance=0.0):
    found, wanted = list(found), list(wanted)
    same = len(found) == len(wanted) and all(abs(a - b) <= tolerance for a, b in zip(found, wanted))
    if not same:
        sys.exit(f"{what}: ParaView sees {found}, expected {wanted}")
    print(f"{what}: {found}")


def open_series(path, times):
    reader = OpenDataFile(path)
    if reader is None:
        sys.exit(f"ParaView has no reader for {path}")
    reader.UpdatePipelineInformation()
    expect("times of " + path, reader.TimestepValues, times)
    return reader


def image_at(reader, time):
    reader.SMProxy.UpdatePipeline(float(time))  # the Python wrapper takes a time of 0 for none
    image = servermanager.Fetch(reader)
    if not image.IsA("vtkImageData"):
        sys.exit(f"ParaView reads {image.GetClassName()}, expected vtkImageData")
    return image


def value_at(image, name, x, y, z):
    """Value of the point nearest to a position."""
    return image.GetPointData().GetArray(name).GetValue(image.FindPoint(x, y, z))


SINGLE = 2e-6  # values near 30, written in single precision

reader = open_series(FOLDER + "/fields/fields.hdf.series", [0, 24, 48])
for time in (24, 48, 0):
    image = image_at(reader, time)
    expect("extent", image.GetExtent(), [0, 5, 0, 4, 0, 3])
    expect("spacing", image.GetSpacing(), [10, 12.5, 20])
    expect("bounds", image.GetBounds(), [5, 55, 6.25, 56.25, 10, 70])
    arrays = image.GetPointData()
    names = sorted(arrays.GetArrayName(index) for index in range(arrays.GetNumberOfArrays()))
    if names != ["u", "w"]:
        sys.exit(f"ParaView sees the fields {names}, expected u and w")
    for n, name in ((0, "u"), (2, "w")):
        for x, y, z in ((45, 18.75, 70), (5, 56.25, 30)):
            expect(f"{name} at {x}, {y}, {z} um and {time} h", [value_at(image, name, x, y, z)],
                   [exact(n, x, y, z, time)], SINGLE * 30)

# A slice is one cell thick: the plane of cells stands on both faces of the cell.
reader = open_series(FOLDER + "/slices/slice.hdf.series", [0, 48])
image = image_at(reader, 48)
expect("extent of the slice", image.GetExtent(), [0, 5, 0, 1, 0, 3])
expect("bounds of the slice", image.GetBounds(), [5, 55, 25, 37.5, 10, 70])
for y in (25, 37.5):
    expect(f"v in the slice, face {y}", [value_at(image, "v", 35, y, 50)], [exact(1, 35, 31.25, 50, 48)],
           SINGLE * 30)
print("all agrees")
