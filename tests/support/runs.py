"""Runs of the program for tests: start it, look at what it left, compare two run folders bit by bit."""

import hashlib
import json
import os
import pathlib
import subprocess
import tempfile
import time

import h5py
import numpy

# Unequal sides and spacings, two treatments; more than one kind of output. One to two seconds on one core.
STUDY = """
title = "small"
model = "dermal"
seed = 7
[domain]
size = ["500 um", "340 um", "630 um"]
spacing = ["25 um", "20 um", "30 um"]
[time]
end = "{end}"
tolerance = {tolerance}
integrator = "{integrator}"
[skin]
preset = "face"
[[treatment]]
at = "0 hour"
pattern = "single"
length = "400 um"
radius = "80 um"
[[treatment]]
at = "{treatment}"
pattern = "poisson"
density = "20 mm^-2"
length = "300 um"
radius = "70 um"
[[output]]
kind = "fields"
every = "{frames}"
precision = "float64"
fields = {fields}
[[output]]
kind = "slice"
name = "section"
axis = "y"
position = "170 um"
every = "20 min"
fields = ["pdgf", "fibroblasts"]
[[output]]
kind = "probe"
every = "10 min"
points = [["250 um", "170 um", "300 um"]]
fields = ["tgf_beta", "collagen_iii"]
[checkpoint]
every = "{checkpoints}"
keep = {keep}
"""
FIELDS = ["platelets", "pdgf", "tgf_beta_latent", "tgf_beta_bound", "tgf_beta", "fgf2", "fibroblasts", "myofibroblasts",
          "macrophages_m1", "macrophages_m2", "provisional_matrix", "collagen_iii", "collagen_i", "elastin", "damage",
          "mmp"]


def write_study(path, end="2 hour", tolerance=3e-3, integrator="imex", frames="1 hour", fields=None,
                checkpoints="15 min", keep=2, treatment="45 min"):
    """Writes a small study. The frames hold all fields in full precision unless told otherwise."""
    pathlib.Path(path).write_text(STUDY.format(
        end=end, tolerance=tolerance, integrator=integrator, frames=frames, fields=json.dumps(fields or FIELDS),
        checkpoints=checkpoints, keep=keep, treatment=treatment))


def launcher(ranks):
    """The words in front of a program that start it on so many ranks of this machine."""
    if ranks == 1:
        return []
    return ["mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-n", str(ranks)]


def environment(**changes):
    """Ours, with changes; threads that wait for each other on a full machine would cost more than they bring."""
    base = {"OMP_NUM_THREADS": "1", "OMPI_MCA_mpi_yield_when_idle": "1",
            "OMPI_MCA_btl_vader_single_copy_mechanism": "none"}
    return {**base, **os.environ, **{k: str(v) for k, v in changes.items()}}


def start(program, *arguments, ranks=1, env=None):
    """Starts the program, to be followed by `ended`."""
    # A file, not a pipe: a helper process of MPI may hold a pipe open after the program is gone.
    output = tempfile.TemporaryFile("w+")
    process = subprocess.Popen([*launcher(ranks), str(program), *map(str, arguments)], stdin=subprocess.DEVNULL,
                               stdout=output, stderr=subprocess.STDOUT, env=env or environment())
    process.output = output
    return process


def ended(process, timeout=300):
    """Waits for the end of a process of `start`; returns (exit code, what it printed). One that is still there after so
    many seconds is killed."""
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with process.output as output:
        output.seek(0)
        return process.returncode, output.read()


def run(program, *arguments, timeout=300, **options):
    """Runs the program to its end; returns (exit code, what it printed). Throws RuntimeError when it takes too long."""
    process = start(program, *arguments, **options)
    begin = time.monotonic()
    code, text = ended(process, timeout)
    if time.monotonic() - begin > timeout:
        raise RuntimeError(f"{' '.join(map(str, process.args))}: still running after {timeout} s\n{text}")
    return code, text


def hdf_digests(path):
    """Digest of the bits, type and shape of every dataset and attribute of an HDF5 file, by name."""
    digests = {}

    def take(name, value):
        value = numpy.asarray(value)
        content = repr(value.tolist()).encode() if value.dtype.hasobject else value.tobytes()
        digests[name] = hashlib.sha256(f"{value.dtype} {value.shape} ".encode() + content).hexdigest()

    def visit(name, thing):
        for key, value in thing.attrs.items():
            take(f"{name}@{key}", value)
        if isinstance(thing, h5py.Dataset):
            take(name, thing[()])

    with h5py.File(path, "r") as file:
        visit("", file)
        file.visititems(visit)
    return digests


def results(folder):
    """Everything that a run leaves and that may not depend on how often it was stopped: path -> digest or digests."""
    folder = pathlib.Path(folder)
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_dir() or name.parts[0] == "checkpoints" or name.name in ("log.txt", "status.json", "report.json"):
            continue
        if name.name.startswith("."):
            continue
        found[str(name)] = hdf_digests(path) if path.suffix == ".hdf" else hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def differences(one, other):
    """What differs between two `results`, one text each; empty when all bits are the same."""
    found = []
    for name in sorted({*one, *other}):
        if name not in one or name not in other:
            found.append(f"{name} is missing in one of them")
        elif isinstance(one[name], dict):
            found += [f"{name}: {key}" for key in sorted({*one[name], *other[name]})
                      if one[name].get(key) != other[name].get(key)]
        elif one[name] != other[name]:
            found.append(name)
    return found


def invalid_files(folder):
    """Files under a final name that are not whole, as far as their formats tell; one text each."""
    folder = pathlib.Path(folder)
    found = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_dir() or path.name.startswith("."):  # temporary names start with a dot
            continue
        try:
            if path.suffix in (".hdf", ".h5"):
                hdf_digests(path)
            elif path.suffix in (".json", ".series"):
                json.loads(path.read_text())
            elif path.suffix == ".csv":
                lines = path.read_text().split("\n")
                columns = {line.count(",") for line in lines if line and not line.startswith("#")}
                if lines[-1] != "" or len(columns) > 1:
                    raise ValueError(f"torn row {lines[-1]!r}")
        except (OSError, ValueError, RuntimeError) as error:
            found.append(f"{name}: {error}")
    return found
