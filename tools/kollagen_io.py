"""Reads what a Kollagen run wrote: metrics, probes, frames, slices, the study and the end report.

Needs numpy, and h5py for frames and slices (Debian: python3-numpy python3-h5py). Example:

    from kollagen_io import Run
    run = Run("runs/stamp_4x4")
    print(run.metrics["collagen_gain_dermis"], run.metrics.units["collagen_gain_dermis"])
    frame = run.frames().nearest(7 * 24)              # a week after the start
    tgf = frame.field("tgf_beta")                     # array (z, y, x)
    print(tgf.max(), frame.units("tgf_beta"), frame.time, frame.spacing)

Times are in h, lengths in um; everything else carries its unit with it.
"""

import csv
import json
import re
import tomllib
from functools import cached_property
from pathlib import Path

import numpy as np

_HEADING = re.compile(r"^(?P<name>.*?) \[(?P<unit>.*)\]$")


class Table:
    """Columns of a CSV file with headings such as `collagen_gain_dermis [%]`.

    `table["collagen_gain_dermis"]` is a float array, NaN where the file has an empty cell;
    `table.units["collagen_gain_dermis"]` is "%". A last line without a newline is not yet complete (a run may
    be writing it) and is left out.
    """

    def __init__(self, path):
        self.path = Path(path)
        text = self.path.read_text(encoding="utf-8")
        lines = text[: text.rfind("\n") + 1].splitlines()
        if not lines:
            raise ValueError(f"{self.path}: no complete line")
        header, *rows = csv.reader(lines)
        self.units = {}
        for position, heading in enumerate(header):
            match = _HEADING.match(heading)
            if not match:
                raise ValueError(
                    f"{self.path}: column {position + 1} is called '{heading}', not 'name [unit]'")
            self.units[match["name"]] = match["unit"]
        for number, row in enumerate(rows, start=2):
            if len(row) != len(header):
                raise ValueError(f"{self.path}:{number}: {len(row)} values, the header has {len(header)}")
        values = np.array([[float(v) if v else np.nan for v in row] for row in rows]).reshape(-1, len(header))
        self._columns = dict(zip(self.units, values.T))

    @property
    def names(self):
        """Names of the columns in their order."""
        return list(self._columns)

    def __len__(self):
        return len(next(iter(self._columns.values())))

    def __contains__(self, name):
        return name in self._columns

    def __getitem__(self, name):
        if name not in self._columns:
            raise KeyError(f"{self.path} has no column '{name}'; it has {', '.join(self.names)}")
        return self._columns[name]


class Frame:
    """One image file: fields at cell centres of a brick, or of a plane of cells (a slice).

    `time` [h], `step`, `index`; `cells`, `origin` (centre of the first cell) and `spacing` [um] are in the
    order x, y, z, while arrays are indexed (z, y, x).
    """

    def __init__(self, path):
        import h5py

        self.path = Path(path)
        self._open = lambda: h5py.File(self.path, "r")
        with self._open() as file:
            image, own = file["VTKHDF"], file["kollagen"]
            self.time = float(own.attrs["time"])
            self.step = int(own.attrs["step"])
            self.index = int(own.attrs["index"])
            self.title, self.model, self.version, self.git_hash = (
                _text(own.attrs[key]) for key in ("title", "model", "version", "git_hash"))
            self.cells = tuple(int(n) for n in own.attrs["cells"])
            self.spacing = np.array(image.attrs["Spacing"], dtype=float)
            # ParaView 5.11 cannot read flat images: a single cell is stored as its two faces.
            self._flat = np.array(self.cells) == 1
            self.origin = np.array(image.attrs["Origin"], dtype=float) + 0.5 * self._flat * self.spacing
            self.config_text = _text(own["config_toml"][()])
            self._units = {name: _text(data.attrs["units"]) for name, data in image["PointData"].items()}

    @property
    def fields(self):
        """Names of the fields in this file."""
        return list(self._units)

    def units(self, name):
        """Unit of a field."""
        return self._units[self._known(name)]

    def field(self, name):
        """Values of a field as an array (z, y, x) in the precision of the file."""
        return self._read(name, [slice(None)] * 3)

    def section(self, name, axis, index):
        """The plane of cells number `index` across `axis` ("x", "y", "z" or 0, 1, 2).

        Two-dimensional: the remaining axes keep their order, so a section across y is (z, x).
        """
        axis = "xyz".index(axis) if isinstance(axis, str) else axis
        if not -self.cells[axis] <= index < self.cells[axis]:
            raise IndexError(f"{self.path}: plane {index} of {self.cells[axis]} across {'xyz'[axis]}")
        index %= self.cells[axis]
        window = [slice(None)] * 3
        window[2 - axis] = slice(index, index + 1)
        return np.squeeze(self._read(name, window), axis=2 - axis)

    def centres(self, axis):
        """Coordinates of the cell centres along an axis [um]."""
        axis = "xyz".index(axis) if isinstance(axis, str) else axis
        return self.origin[axis] + self.spacing[axis] * np.arange(self.cells[axis])

    def _known(self, name):
        if name not in self._units:
            raise KeyError(f"{self.path} has no field '{name}'; it has {', '.join(self._units)}")
        return name

    def _read(self, name, window):
        for position, flat in enumerate(self._flat[::-1]):
            if flat:
                window[position] = slice(0, 1)
        with self._open() as file:
            return file["VTKHDF/PointData"][self._known(name)][tuple(window)]


class Series:
    """The frames of one output in order of time. `series[3]`, `len(series)` and loops work."""

    def __init__(self, path):
        self.path = Path(path)
        entries = json.loads(self.path.read_text(encoding="utf-8"))["files"]
        self.times = np.array([entry["time"] for entry in entries], dtype=float)
        self._names = [entry["name"] for entry in entries]

    def __len__(self):
        return len(self._names)

    def __getitem__(self, index):
        return Frame(self.path.parent / self._names[index])

    def __iter__(self):
        return (self[index] for index in range(len(self)))

    def nearest(self, time):
        """The frame whose time is closest to `time` [h]."""
        return self[int(np.argmin(np.abs(self.times - time)))]


class Run:
    """The folder of a run."""

    def __init__(self, path):
        self.path = Path(path)
        if not self.path.is_dir():
            raise FileNotFoundError(f"{self.path} is not the folder of a run")

    @cached_property
    def metrics(self):
        """metrics.csv as a Table."""
        return Table(self.path / "metrics.csv")

    @cached_property
    def probes(self):
        """probes.csv as a Table with one row per instant and point."""
        return Table(self.path / "probes.csv")

    @cached_property
    def config(self):
        """The study with all its defaults, as a dictionary."""
        return tomllib.loads((self.path / "config.toml").read_text(encoding="utf-8"))

    @cached_property
    def report(self):
        """report.json as a dictionary."""
        return json.loads((self.path / "report.json").read_text(encoding="utf-8"))

    @property
    def status(self):
        """status.json as a dictionary: where the run stands now."""
        return json.loads((self.path / "status.json").read_text(encoding="utf-8"))

    def probe(self, name):
        """The table of the probe output called `name`, probes_NAME.csv."""
        return Table(self.path / f"probes_{name}.csv")

    @property
    def frame_names(self):
        """Names of the outputs of kind "fields"."""
        return self._series_names("fields")

    @property
    def slice_names(self):
        """Names of the outputs of kind "slice"."""
        return self._series_names("slices")

    def frames(self, name="fields"):
        """Series of an output of kind "fields"."""
        return self._series("fields", name)

    def slices(self, name="slice"):
        """Series of an output of kind "slice"."""
        return self._series("slices", name)

    def _series_names(self, folder):
        ending = ".hdf.series"
        return sorted(path.name[: -len(ending)] for path in (self.path / folder).glob("*" + ending))

    def _series(self, folder, name):
        path = self.path / folder / (name + ".hdf.series")
        if not path.exists():
            known = ", ".join(self._series_names(folder)) or "none"
            raise FileNotFoundError(f"{path} does not exist; series in {folder}/: {known}")
        return Series(path)


def _text(value):
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)
