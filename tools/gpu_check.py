"""What tools/gpu_check.sh does; Python's standard library only. docs/gpu.md tells the rest.

    gpu_check.py --collect FOLDER --kokkos KOKKOS_SOURCE
    gpu_check.py --with FOLDER [--backend cuda|openmp] [--arch ARCH|auto] [--out FOLDER] [--jobs N] [--minutes N]
                 [--build-only]
"""
import argparse
import concurrent.futures
import csv
import datetime
import json
import math
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[1]
FORMAT, FORMAT_VERSION = "kollagen gpu check", 1

# --- what is compared ------------------------------------------------------------------------------------

# Largest difference that is allowed, in units of the largest value of its column. Both sides do the same arithmetic in
# the same order but for exp, pow and sqrt of their libraries, and both hold each step to 1e-3 of a field: 5.3e-6 was
# measured over 28 days. A fault of a kernel shows as 1e-2 or more.
BOUND = 1e-4
# Columns that never leave this are round-off around zero, in any unit that we write.
ROUND_OFF = 1e-12
# These tell how the run got there, not what came out.
NOT_COMPARED = ("step", "dt")

# As deep as fits cells of 40, 20 and 10 um.
STAMP = 'domain.size=["2 mm", "2 mm", "1.52 mm"]'
# Name, study, what is set: small enough for one core to be the reference.
COMPARED = (
    ("stamp_4x4, 28 days, 40 um", "stamp_4x4", ['domain.spacing="40 um"', STAMP]),
    ("single_needle, 7 days, 20 um", "single_needle", ['domain.spacing="20 um"']),
    ("roller_5x_monthly, 168 days, 50 um", "roller_5x_monthly", ['domain.spacing="50 um"']),
)
# Spacing [um] of the runs of stamp_4x4 that are timed; the second one takes a GPU.
TIMED = (20, 10)

# Compute capability to what Kokkos calls it.
ARCHITECTURES = {"7.0": "VOLTA70", "7.5": "TURING75", "8.0": "AMPERE80", "8.6": "AMPERE86", "8.7": "AMPERE87",
                 "8.9": "ADA89", "9.0": "HOPPER90", "10.0": "BLACKWELL100", "12.0": "BLACKWELL120"}

# Tests that are left out, by name: scripts around the program, which ask for what such a machine lacks or for minutes, and
# the bad studies, which start the program hundreds of times to see it refuse a file.
LEFT_OUT = (
    (r"^[a-z]+\.", "a script on the host; its kind needs HDF5, MPI, ParaView, Slurm or Python packages"),
    (r"^(EveryKey|WrittenByHand)\.", "starts the program hundreds of times on the host"),
)


class Missing(Exception):
    """Something that this machine or the folder lacks."""


# --- what is brought ---------------------------------------------------------------------------------------

# Headers as Debian's packages install them: what below /usr/include, and the package.
HEADERS = (("toml++", "libtomlplusplus-dev"), ("CLI", "libcli11-dev"), ("fmt", "libfmt-dev"), ("spdlog", "libspdlog-dev"),
           ("nlohmann", "nlohmann-json3-dev"), ("Random123", "librandom123-dev"), ("xxhash.h", "libxxhash-dev"),
           ("udunits2.h", "libudunits2-dev"))
# In a folder of its own for the builds without CUDA: the toolkit has its own, which must not meet this one.
THRUST = ("thrust", "cub")
# Packages of CMake for the headers: name, target, definitions.
PACKAGES = (("tomlplusplus", "tomlplusplus::tomlplusplus", ""), ("CLI11", "CLI11::CLI11", ""),
            ("fmt", "fmt::fmt", "FMT_HEADER_ONLY=1"), ("spdlog", "spdlog::spdlog", "SPDLOG_FMT_EXTERNAL"),
            ("nlohmann_json", "nlohmann_json::nlohmann_json", ""))
# Name there, name here.
LIBRARIES = (("libudunits2.so", "libudunits2.so.0"), ("libudunits2.so.0", "libudunits2.so.0"),
             ("libexpat.so.1", "libexpat.so.1"))


def find_library(name):
    here = f"{platform.machine()}-linux-gnu"
    for folder in (f"/usr/lib/{here}", f"/lib/{here}", "/usr/lib64", "/usr/lib"):
        if (pathlib.Path(folder) / name).exists():
            return pathlib.Path(folder) / name
    raise Missing(f"{name} is in no folder of libraries: install libudunits2-dev")


def collect(folder, kokkos):
    """Gathers what a bare machine lacks; copies, no links, so that it survives any way of transport."""
    include = pathlib.Path("/usr/include")
    if not (kokkos / "core/src/Kokkos_Core.hpp").exists():
        raise Missing(f"{kokkos} does not hold the source of Kokkos (core/src/Kokkos_Core.hpp)")
    if not pathlib.Path("/usr/src/googletest/CMakeLists.txt").exists():
        raise Missing("/usr/src/googletest is not there: install libgtest-dev")
    for name, package in (*HEADERS, *((name, "libthrust-dev") for name in THRUST)):
        if not (include / name).exists():
            raise Missing(f"{include / name} is not there: install {package}")
    if folder.exists() and any(folder.iterdir()):
        raise Missing(f"{folder} is not empty")
    prefix = folder / "prefix"
    (prefix / "include").mkdir(parents=True)
    for name, _ in HEADERS:
        source = include / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, prefix / "include" / name)
    for name in THRUST:
        shutil.copytree(include / name, folder / "thrust" / name)
    xxh3 = include / "xxh3.h"
    if xxh3.exists():
        shutil.copy(xxh3, prefix / "include")
    (prefix / "lib").mkdir()
    for name, real in LIBRARIES:
        shutil.copy(find_library(real), prefix / "lib" / name)
    shutil.copytree("/usr/share/xml/udunits", prefix / "share/udunits")
    for name, target, definitions in PACKAGES:
        package = prefix / "lib/cmake" / name
        package.mkdir(parents=True)
        (package / f"{name}Config.cmake").write_text(
            f"add_library({target} INTERFACE IMPORTED)\n"
            f"set_target_properties({target} PROPERTIES\n"
            f'  INTERFACE_INCLUDE_DIRECTORIES "${{CMAKE_CURRENT_LIST_DIR}}/../../../include"\n'
            f'  INTERFACE_COMPILE_DEFINITIONS "{definitions}")\n')
    shutil.copytree("/usr/src/googletest", folder / "googletest")
    # Of Kokkos what a build needs: neither history nor tests.
    shutil.copytree(kokkos, folder / "kokkos",
                    ignore=shutil.ignore_patterns(".git", ".github", "unit_test", "unit_tests", "perf_test"))
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print(f"collected {size / 2**20:.0f} MiB in {folder}")


# --- comparing metrics -----------------------------------------------------------------------------------

def read_metrics(path):
    """Columns of a metrics.csv by name; what is no number is nan, what is empty is None."""
    with open(path, newline="") as file:
        rows = list(csv.reader(file))
    if len(rows) < 2:
        raise ValueError(f"{path} holds no rows")
    columns = {}
    for index, name in enumerate(rows[0]):
        values = []
        for row in rows[1:]:
            if len(row) != len(rows[0]):
                raise ValueError(f"{path}: a row has {len(row)} of {len(rows[0])} values")
            try:
                values.append(float(row[index]) if row[index] != "" else None)
            except ValueError:
                values.append(math.nan)
        columns[name] = values
    return columns


def compare(ours, reference, bound=BOUND):
    """How far two metrics.csv are apart: largest relative difference, its column and time, and what is wrong."""
    a, b = read_metrics(ours), read_metrics(reference)
    wrong = [f"column {name} is missing" for name in b if name not in a]
    wrong += [f"column {name} is not in the reference" for name in a if name not in b]
    time_name = next(iter(b))
    times = b[time_name]
    if a.get(time_name) != times:
        wrong.append(f"the times differ: {len(a.get(time_name, []))} rows, {len(times)} in the reference")
    result = {"bound": bound, "columns": 0, "round_off_columns": 0, "largest": 0.0, "column": None, "time_h": None}
    for name in b:
        if name == time_name or name.split(" ")[0] in NOT_COMPARED or name not in a or len(a[name]) != len(times):
            continue
        for side, values in (("", a[name]), (" of the reference", b[name])):
            bad = [t for t, value in zip(times, values) if value is not None and not math.isfinite(value)]
            if bad:
                wrong.append(f"{name}{side} is not finite at {bad[0]:g} h")
        if any((x is None) != (y is None) for x, y in zip(a[name], b[name])):
            wrong.append(f"{name} has a value where the other has none")
            continue
        pairs = [(t, x, y) for t, x, y in zip(times, a[name], b[name])
                 if x is not None and math.isfinite(x) and math.isfinite(y)]
        result["columns"] += 1
        scale = max((max(abs(x), abs(y)) for _, x, y in pairs), default=0.0)
        if scale < ROUND_OFF:
            result["round_off_columns"] += 1
            continue
        for t, x, y in pairs:
            if abs(x - y) / scale > result["largest"]:
                result.update(largest=abs(x - y) / scale, column=name, time_h=t)
    if not result["columns"]:
        wrong.append("there is nothing to compare")
    if result["largest"] > bound:
        wrong.append(f"{result['column']} differs by {result['largest']:.2g} of its largest value at "
                     f"{result['time_h']:g} h; allowed is {bound:g}")
    result["wrong"] = wrong
    return result


def study_with_metrics(text):
    """A shipped study with metrics once a day as its only output: frames need HDF5."""
    blocks = re.split(r"(?m)^(?=\[)", text)
    kept = "".join(block for block in blocks if not block.startswith("[[output]]"))
    return kept.rstrip() + '\n\n[[output]]\nkind = "metrics"\nevery = "1 day"\n'


# --- the result --------------------------------------------------------------------------------------------

class Check:
    """Parts with their time and result, and the file that they are in; written anew after every part, so that what is
    killed leaves what it has."""

    def __init__(self, out):
        self.out = out
        self.result = {"format": FORMAT, "format_version": FORMAT_VERSION, "parts": [], "tests": None, "comparisons": [],
                       "bench": None, "studies": []}
        self.begin = time.monotonic()

    def part(self, name, result, seconds=None, reason=None):
        entry = {"name": name, "result": result}
        if seconds is not None:
            entry["seconds"] = round(seconds, 1)
        if reason:
            entry["reason"] = reason
        self.result["parts"].append(entry)
        print(part_line(entry), flush=True)
        self.write()

    def not_run(self, name, reason):
        self.part(name, "not run", reason=reason)

    def write(self):
        self.result["seconds"] = round(time.monotonic() - self.begin, 1)
        texts = {"gpu_check.json": json.dumps(self.result, indent=1) + "\n", "summary.txt": summary(self.result)}
        for name, text in texts.items():
            path = self.out / name
            path.with_suffix(".tmp").write_text(text)
            path.with_suffix(".tmp").replace(path)

    def failed(self):
        return [part for part in self.result["parts"] if part["result"] == "failed"]


def part_line(part):
    text = f"{part['result']:8} {part.get('seconds', ''):>7}  {part['name']}"
    return text + (f": {part['reason']}" if "reason" in part else "")


def summary(result):
    """The result as text."""
    lines = []
    for key in ("date", "host", "cpu", "cores", "gpu", "driver", "cuda", "compiler", "kokkos", "backend", "arch", "commit"):
        if result.get(key) is not None:
            lines.append(f"{key:9} {result[key]}")
    lines += ["", "result   seconds  part"] + [part_line(part) for part in result["parts"]]
    tests = result.get("tests")
    if tests:
        lines += ["", f"tests: {tests['passed']} passed, {len(tests['failed'])} failed, {len(tests['skipped'])} skipped, "
                      f"{sum(len(group['names']) for group in tests['left_out'])} left out"]
        lines += [f"  failed: {name}" for name in tests["failed"]]
        lines += [f"  skipped: {name}" for name in tests["skipped"]]
        for group in tests["left_out"]:
            lines += [f"  left out, {group['reason']}:"] + [f"    {name}" for name in group["names"]]
    for one in result["comparisons"]:
        where = f" ({one['column']}, {one['time_h']:g} h)" if one["column"] else ""
        lines += ["", f"{one['study']}: {one['ours']} against {one['reference']}: largest difference "
                      f"{one['largest']:.2g} of a column's largest value{where}; allowed {one['bound']:g}"]
        lines += [f"  wrong: {text}" for text in one["wrong"]]
    if result.get("bench"):
        lines.append("")
        for step in result["bench"]["steps"]:
            lines.append(f"bench {'x'.join(map(str, step['grid']))}: {step['cells_per_s'] / 1e6:.1f} M cells/s, "
                         f"{step['share_of_copy']:.2f} of copy ({step['copy_bytes_per_s'] / 1e9:.0f} GB/s)")
    for study in result["studies"]:
        lines.append(f"{study['name']}: {study['seconds']:.1f} s in all, {study['step_seconds']:.1f} s in "
                     f"{study['steps']} steps")
    lines += ["", f"{result.get('seconds', 0):.0f} s in all"]
    return "\n".join(lines) + "\n"


# --- running things ----------------------------------------------------------------------------------------

class Runner:
    """Runs commands with a log each, until the time is up."""

    def __init__(self, out, environment, minutes):
        self.logs = out / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        self.environment = environment
        self.end = time.monotonic() + 60 * minutes if minutes else None

    def left(self):
        return None if self.end is None else max(0.0, self.end - time.monotonic())

    def run(self, name, *commands):
        """Runs them one after the other; returns None, or why it failed."""
        log = self.logs / f"{name}.log"
        with open(log, "w") as file:
            for command in commands:
                words = [str(word) for word in command]
                file.write("$ " + " ".join(words) + "\n")
                file.flush()
                try:
                    code = subprocess.run(words, stdout=file, stderr=subprocess.STDOUT, env=self.environment, cwd=ROOT,
                                          stdin=subprocess.DEVNULL, timeout=self.left()).returncode
                except subprocess.TimeoutExpired:
                    return f"the time is up (--minutes); see {log}"
                except OSError as error:
                    return f"{words[0]}: {error}"
                if code:
                    return f"exit code {code} of {pathlib.Path(words[0]).name}; see {log}"
        return None


def output_of(*command):
    """What a command prints, or None."""
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return run.stdout.strip() if run.returncode == 0 else None


def machine():
    """What this machine is."""
    cpu = None
    try:
        match = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
        cpu = match[1] if match else None
    except OSError:
        pass
    gpu = output_of("nvidia-smi", "--query-gpu=name,driver_version,compute_cap,memory.total", "--format=csv,noheader")
    name = driver = capability = memory = None
    if gpu:
        name, driver, capability, memory = [text.strip() for text in gpu.splitlines()[0].split(",")]
    nvcc = output_of("nvcc", "--version")
    cuda = re.search(r"V([\d.]+)", nvcc) if nvcc else None
    compiler = output_of("g++", "--version")
    return {"host": platform.node(), "cpu": cpu or platform.machine(), "cores": len(os.sched_getaffinity(0)), "gpu": name,
            "gpu_memory": memory, "driver": driver, "capability": capability, "cuda": cuda[1] if cuda else None,
            "compiler": compiler.splitlines()[0] if compiler else None}


def commit():
    text = output_of("git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=10")
    return text or "unknown"


# --- the parts ---------------------------------------------------------------------------------------------

def build(check, runner, options, folder):
    """Builds Kokkos twice, GoogleTest and Kollagen twice; returns the build folders [device, reference], None where one
    failed."""
    work = options.out / "build"
    work.mkdir(parents=True, exist_ok=True)
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    common = ["-DCMAKE_BUILD_TYPE=Release", *generator]
    jobs = ["--parallel", options.jobs]
    cuda = options.backend == "cuda"
    source = folder / "kokkos"
    host = ["-DCMAKE_CXX_COMPILER=g++"]

    def kokkos(name, *arguments):
        prefix = work / name
        begin = time.monotonic()
        why = runner.run(name, ["cmake", "-S", source, "-B", work / f"{name}-build", *common, "-DCMAKE_CXX_STANDARD=20",
                                "-DKokkos_ENABLE_SERIAL=ON", f"-DCMAKE_INSTALL_PREFIX={prefix}", *arguments],
                         ["cmake", "--build", work / f"{name}-build", *jobs],
                         ["cmake", "--install", work / f"{name}-build"])
        return name, why, time.monotonic() - begin

    def googletest():
        begin = time.monotonic()
        why = runner.run("googletest", ["cmake", "-S", folder / "googletest", "-B", work / "googletest-build", *common,
                                        *host, "-DBUILD_GMOCK=OFF", f"-DCMAKE_INSTALL_PREFIX={work / 'googletest'}"],
                         ["cmake", "--build", work / "googletest-build", *jobs],
                         ["cmake", "--install", work / "googletest-build"])
        return "googletest", why, time.monotonic() - begin

    if cuda:
        wrapper = work / "nvcc_wrapper"  # a copy: what brought the folder here may have taken its permission to run
        shutil.copy(source / "bin/nvcc_wrapper", wrapper)
        wrapper.chmod(0o755)
        device = [f"-DCMAKE_CXX_COMPILER={wrapper}", "-DKokkos_ENABLE_CUDA=ON", f"-DKokkos_ARCH_{options.arch}=ON"]
    else:
        device = [*host, "-DKokkos_ENABLE_OPENMP=ON"]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        tasks = [pool.submit(kokkos, "kokkos-device", *device), pool.submit(kokkos, "kokkos-reference", *host),
                 pool.submit(googletest)]
        done = {name: (why, seconds) for name, why, seconds in (task.result() for task in tasks)}
    for name, (why, seconds) in done.items():
        check.part(f"build {name}", "failed" if why else "passed", seconds, why)

    def kollagen(name, kokkos_name, compiler, targets, *arguments):
        begin = time.monotonic()
        prefixes = f"{folder / 'prefix'};{work / 'googletest'}"
        why = runner.run(name, ["cmake", "-S", ROOT, "-B", work / name, *common, f"-DCMAKE_CXX_COMPILER={compiler}",
                                f"-DKokkos_ROOT={work / kokkos_name}", f"-DCMAKE_PREFIX_PATH={prefixes}",
                                f"-DKOLLAGEN_RANDOM123_INCLUDE={folder / 'prefix/include'}", "-DKOLLAGEN_MPI=OFF",
                                "-DKOLLAGEN_HDF5=OFF", "-DKOLLAGEN_PARAVIEW=OFF", "-DKOLLAGEN_CATALYST=OFF", *arguments],
                         ["cmake", "--build", work / name, *jobs, "--target", *targets])
        return name, why, time.monotonic() - begin

    compiler = work / "kokkos-device/bin/nvcc_wrapper" if cuda else "g++"
    thrust = f"-DKOLLAGEN_THRUST_INCLUDE={folder / 'thrust'}"
    native = "-DKOLLAGEN_NATIVE=" + ("OFF" if cuda else "ON")
    wanted = [("kollagen-device", ["kokkos-device", "googletest"], compiler, ["kollagen", "kollagen_tests"],
               [f"-DKOLLAGEN_REQUIRE_BACKEND={options.backend.upper()}", "-DKOLLAGEN_TESTS=ON", native,
                *([] if cuda else [thrust])]),
              ("kollagen-reference", ["kokkos-reference"], "g++", ["kollagen"],
               ["-DKOLLAGEN_TESTS=OFF", thrust])]
    folders = []
    with concurrent.futures.ThreadPoolExecutor() as pool:
        tasks = []
        for name, needed, program, targets, arguments in wanted:
            if any(done[one][0] for one in needed):
                tasks.append(None)
            else:
                tasks.append(pool.submit(kollagen, name, needed[0], program, targets, *arguments))
        for (name, *_), task in zip(wanted, tasks):
            if task is None:
                check.not_run(f"build {name}", "what it needs was not built")
                folders.append(None)
                continue
            _, why, seconds = task.result()
            check.part(f"build {name}", "failed" if why else "passed", seconds, why)
            folders.append(None if why else work / name)
    return folders


def select_tests(names):
    """Which tests are left out, in groups with their reason."""
    groups = [{"reason": reason, "names": [name for name in names if re.search(pattern, name)]}
              for pattern, reason in LEFT_OUT]
    return [group for group in groups if group["names"]]


def read_junit(path):
    """Names by result in what ctest wrote."""
    found = {"passed": [], "failed": [], "skipped": []}
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        # A program that is not there is "notrun" as well, with another message.
        skipped = case.find("skipped")
        if case.get("status") == "run":
            kind = "passed"
        elif case.get("status") == "disabled":
            kind = "skipped"
        elif case.get("status") == "notrun" and skipped is not None and skipped.get("message", "").startswith("SKIP_"):
            kind = "skipped"
        else:
            kind = "failed"
        found[kind].append(case.get("name"))
    return found


def run_tests(check, runner, options, folder):
    begin = time.monotonic()
    listed = subprocess.run(["ctest", "--test-dir", folder, "--show-only=json-v1"], capture_output=True, text=True,
                            env=runner.environment)
    if listed.returncode:
        check.part("tests", "failed", time.monotonic() - begin, listed.stderr.strip() or "ctest does not list them")
        return
    names = [test["name"] for test in json.loads(listed.stdout)["tests"]]
    left_out = select_tests(names)
    junit = options.out / "tests.xml"
    junit.unlink(missing_ok=True)
    stop = []
    if runner.end is not None:  # ctest stops by itself and writes what it has
        stop = ["--stop-time", (datetime.datetime.now() + datetime.timedelta(seconds=runner.left())).strftime("%H:%M:%S")]
    runner.environment.setdefault("OMP_PROC_BIND", "false")  # tests run side by side: pinned they would share two cores
    why = runner.run("tests", ["ctest", "--test-dir", folder, "--output-on-failure", "--parallel", options.jobs,
                               "--output-junit", junit, *stop, "-E", "|".join(pattern for pattern, _ in LEFT_OUT)])
    if not junit.exists():
        check.part("tests", "failed", time.monotonic() - begin, why or "ctest wrote no result")
        return
    found = read_junit(junit)
    chosen = [name for name in names if not any(name in group["names"] for group in left_out)]
    missing = sorted(set(chosen) - set(found["passed"]) - set(found["failed"]) - set(found["skipped"]))
    found["failed"] += [f"{name} (did not run)" for name in missing]
    check.result["tests"] = {"passed": len(found["passed"]), "failed": found["failed"], "skipped": found["skipped"],
                             "left_out": left_out}
    bad = f"{len(found['failed'])} of {len(chosen)} failed; see {runner.logs / 'tests.log'}" if found["failed"] else None
    if not found["passed"] and not bad:
        bad = "none ran"
    check.part("tests", "failed" if bad else "passed", time.monotonic() - begin, bad)


def run_study(runner, options, program, label, study, settings):
    """Runs a shipped study with metrics alone; returns (folder, why it failed)."""
    folder = options.out / "runs" / label
    folder.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    file = options.out / "runs" / f"{label}.toml"
    file.write_text(study_with_metrics((ROOT / "configs" / f"{study}.toml").read_text()))
    arguments = [word for setting in [*settings, "checkpoint.keep=0"] for word in ("--set", setting)]
    return folder, runner.run(label, [program, "run", file, "-o", folder, *arguments])


def run_comparisons(check, runner, options, device, reference):
    names = {"cuda": "Cuda", "openmp": "OpenMP"}
    gpu = options.backend == "cuda"

    def run(index, side, program):
        _, study, settings = COMPARED[index]
        return run_study(runner, options, program / "kollagen", f"compare_{index}_{side}", study, settings)

    # Beside a GPU all references run at once, a core each; threads would be disturbed by them.
    with concurrent.futures.ThreadPoolExecutor(len(COMPARED) if gpu else 1) as pool:
        references = [pool.submit(run, index, "reference", reference) for index in range(len(COMPARED))]
        if not gpu:
            concurrent.futures.wait(references)
        for index, (name, _, _) in enumerate(COMPARED):
            begin = time.monotonic()
            ours, why = run(index, "device", device)
            theirs, why_not = references[index].result()
            one, wrong = None, why or why_not
            if not wrong:
                try:
                    one = compare(ours / "metrics.csv", theirs / "metrics.csv")
                    wrong = "; ".join(one["wrong"])
                except (OSError, ValueError) as error:
                    wrong = str(error)
            if one:
                check.result["comparisons"].append(
                    {"study": name, "ours": names[options.backend], "reference": "Serial", **one})
            check.part(f"comparison: {name}", "failed" if wrong else "passed", time.monotonic() - begin, wrong)


def run_bench(check, runner, options, device):
    begin = time.monotonic()
    file = options.out / "bench.json"
    file.unlink(missing_ok=True)
    cells = ["--cells", *options.cells] if options.cells else []
    why = runner.run("bench", [device / "kollagen", "bench", *cells, "--json", file])
    if not why:
        check.result["bench"] = json.loads(file.read_text())
    check.part("kollagen bench", "failed" if why else "passed", time.monotonic() - begin, why)


def run_timed(check, runner, options, device, spacing):
    name = f"stamp_4x4, 28 days, {spacing} um"
    begin = time.monotonic()
    folder, why = run_study(runner, options, device / "kollagen", f"stamp_{spacing}_um", "stamp_4x4",
                            [f'domain.spacing="{spacing} um"', STAMP])
    if not why:
        report = json.loads((folder / "report.json").read_text())
        check.result["studies"].append(
            {"name": name, "spacing_um": spacing, "cells": math.prod(report["grid"]["cells"]), "backend": report["backend"],
             "steps": report["steps"], "rejected_steps": report["rejected_steps"], "seconds": report["wall_s"],
             "step_seconds": report["step_s"], "cell_updates_per_s": report["cell_updates_per_s"],
             "timers": report["timers"], "peak_memory_bytes": report["peak_memory_bytes"]})
    check.part(name, "failed" if why else "passed", time.monotonic() - begin, why)


def check_machine(options):
    folder = options.folder
    for name in ("kokkos/CMakeLists.txt", "googletest/CMakeLists.txt", "prefix/include/toml++/toml.h",
                 "thrust/thrust/version.h"):
        if not (folder / name).exists():
            raise Missing(f"{folder / name} is not there: {folder} is to be made by --collect")
    for program in ("cmake", "ctest", "g++"):
        if not shutil.which(program):
            raise Missing(f"{program} is not in PATH")
    here = machine()
    if options.backend is None:
        options.backend = "cuda" if here["gpu"] else "openmp"
    if options.backend == "cuda":
        if not here["cuda"]:
            raise Missing("nvcc is not in PATH, nor in /usr/local/cuda/bin")
        if options.arch == "auto":
            if not here["gpu"]:
                raise Missing("--arch: there is no GPU to ask, say which to build for, such as HOPPER90")
            options.arch = ARCHITECTURES.get(here["capability"])
            if options.arch is None:
                raise Missing(f"--arch: no name known for compute capability {here['capability']}, say how Kokkos calls it")
    options.out.mkdir(parents=True, exist_ok=True)
    for name in ("gpu_check.json", "summary.txt"):
        (options.out / name).unlink(missing_ok=True)
    check = Check(options.out)
    kokkos = re.findall(r"set\(Kokkos_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)\)", (folder / "kokkos/CMakeLists.txt").read_text())
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    check.result.update({"commit": commit(), "date": now, **here, "kokkos": ".".join(kokkos) or "unknown",
                         "backend": options.backend, "arch": options.arch if options.backend == "cuda" else None})
    environment = dict(os.environ)
    environment["UDUNITS2_XML_PATH"] = str(folder / "prefix/share/udunits/udunits2.xml")
    environment["LD_LIBRARY_PATH"] = ":".join(filter(None, [str(folder / "prefix/lib"), environment.get("LD_LIBRARY_PATH")]))
    runner = Runner(options.out, environment, options.minutes)
    device, reference = build(check, runner, options, folder)

    on_gpu = options.backend == "cuda"
    why_not = None  # what of this build cannot run here
    if options.build_only:
        why_not = "--build-only"
    elif on_gpu and not here["gpu"]:
        why_not = "no GPU"
    elif device is None:
        why_not = "it was not built"

    def want(name, reason, work, *arguments):
        if reason:
            check.not_run(name, reason)
        elif runner.left() == 0:
            check.not_run(name, "the time is up (--minutes)")
        else:
            work(*arguments)

    for index, (name, _, _) in enumerate(COMPARED if why_not or reference is None else ()):
        check.not_run(f"comparison: {name}", why_not or "the reference was not built")
    if not why_not and reference is not None:
        want("comparisons", None, run_comparisons, check, runner, options, device, reference)
    want("kollagen bench", why_not, run_bench, check, runner, options, device)
    for spacing in TIMED:
        no_gpu = None if on_gpu or spacing == TIMED[0] else "no GPU"
        want(f"stamp_4x4, 28 days, {spacing} um", why_not or no_gpu, run_timed, check, runner, options, device, spacing)
    want("tests", why_not, run_tests, check, runner, options, device)
    if not on_gpu:
        for name in ("tests on a GPU", "comparison of GPU and CPU", "kollagen bench on a GPU"):
            check.not_run(name, "no GPU" if not here["gpu"] else "--backend openmp")
    check.write()
    print()
    print((options.out / "summary.txt").read_text(), end="")
    return 1 if check.failed() else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--collect", type=pathlib.Path, metavar="FOLDER", help="gather what a bare machine lacks")
    parser.add_argument("--kokkos", type=pathlib.Path, metavar="SOURCE", help="source of Kokkos, for --collect")
    parser.add_argument("--with", dest="folder", type=pathlib.Path, metavar="FOLDER", help="what --collect gathered")
    parser.add_argument("--backend", choices=("cuda", "openmp"), help="default: cuda where nvidia-smi shows a GPU")
    parser.add_argument("--arch", default="auto", help="what Kokkos calls the GPU, such as HOPPER90; default: of this GPU")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/gpu_check", help="default: build/gpu_check")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="default: all cores")
    parser.add_argument("--minutes", type=float, help="start nothing, and stop what runs, after so many")
    parser.add_argument("--cells", nargs="+", help="grids of kollagen bench, if not its own")
    parser.add_argument("--build-only", action="store_true", help="build, run nothing")
    options = parser.parse_args()
    if (options.collect is None) == (options.folder is None) or (options.collect is None) != (options.kokkos is None):
        parser.error("either --collect FOLDER --kokkos SOURCE or --with FOLDER")
    try:
        if options.collect:
            collect(options.collect.resolve(), options.kokkos.resolve())
            return 0
        options.folder, options.out = options.folder.resolve(), options.out.resolve()
        return check_machine(options)
    except Missing as error:
        print(f"gpu_check: {error}", file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main())
