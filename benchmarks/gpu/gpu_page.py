"""Tables of docs/gpu.md from what was measured and what the compiler reported.

    gpu_page.py --write                                  puts the tables into docs/gpu.md
    gpu_page.py --check                                  exit code 1 when the page holds others
    gpu_page.py --registers BUILD.log -o FILE.json       takes the kernels out of the log of a build with -Xptxas -v

Measured: benchmarks/results/gpu_*.json (tools/gpu_check.sh), bench_*.json (kollagen bench), stamp_*.json and
resolution.json (times of the reference study). Reported: ptxas_*.json. A table stands between comments that name it.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "gpu.md"
TABLE = re.compile(r"(<!-- table: (devices|kernels|memory) -->\n).*?(<!-- end of table: \2 -->)", re.DOTALL)
OPEN = "to be measured"

# --- devices ---------------------------------------------------------------------------------------------

GRIDS = ([64] * 3, [128] * 3, [256] * 3)


def load(pattern):
    return [json.loads(path.read_text()) for path in sorted(RESULTS.glob(pattern))]


def measurements(results=None):
    """(result of bench, times of stamp_4x4 by spacing) of each measurement, the newest of a device first."""
    benches, checks, stamps, resolution = results or (load("bench_*.json"), load("gpu_*.json"), load("stamp_*.json"),
                                                      load("resolution.json"))
    found = []
    for check in checks:
        times = {study["spacing_um"]: (study["seconds"], study["step_seconds"], "") for study in check["studies"]}
        if check["bench"]:
            found.append((check["bench"], times))
    for bench in benches:
        times = {}
        for stamp in stamps:
            if (stamp["device"], stamp["commit"]) == (bench["device"], bench["commit"]):
                times = {study["spacing_um"]: (study["seconds"], study["step_seconds"], stamp["note"])
                         for study in stamp["studies"]}
        if bench["backend"] == "Serial":  # the runs on several spacings were made on the same kind of machine
            times = {run["spacing_um"]: (run["wall_s"], None, f"{run['ranks']} ranks, commit {run['commit'][:7]}")
                     for one in resolution for run in one["runs"]}
        found.append((bench, times))
    return found


def seconds(value):
    if value >= 100:
        return f"{int(value // 60)} min {int(value % 60)} s"
    return f"{value:.2g} s" if value < 10 else f"{value:.0f} s"


def devices(results=None):
    lines = ["| device, program | copy | 64³ | 128³ | 256³ | stamp_4x4 at 20 µm | at 10 µm |", "|" + "---|" * 7]
    notes = []
    for bench, times in measurements(results):
        cells = [f"{bench['device']}; {bench['backend']}, {bench['commit']}, {bench['date'][:10]}",
                 f"{bench['copy']['bytes_per_s'] / 1e9:.0f} GB/s"]
        for grid in GRIDS:
            step = next((step for step in bench["steps"] if step["grid"] == grid), None)
            cells.append(f"{step['cells_per_s'] / 1e6:.3g} M/s, {step['share_of_copy']:.2f}" if step else OPEN)
        for spacing in (20, 10):
            if spacing not in times:
                cells.append(OPEN)
                continue
            whole, steps, note = times[spacing]
            text = seconds(whole) + (f", {seconds(steps)} of it steps" if steps else "")
            if note and note not in notes:
                notes.append(note)
            cells.append(text + (f" [{notes.index(note) + 1}]" if note else ""))
        lines.append("| " + " | ".join(cells) + " |")
    lines += [""] + [f"[{index + 1}] {note}." for index, note in enumerate(notes)]
    return "\n".join(lines).rstrip()


# --- kernels ---------------------------------------------------------------------------------------------

# What a kernel is called in `kollagen bench`, and its functor. Those that take most of a step, the right-hand side, and
# whatever else keeps something in local memory.
SHOWN = (("reactions/stage_residual", "StageResidual"), ("multigrid/smooth", "SmoothSweep"), ("multigrid/smooth_and_add", "SweepAndAdd"),
         ("reactions/update_local", "UpdateLocal"), ("stages/add_correction", "AddCorrection"),
         ("ghosts/fill_all", "FillAllGhosts"), ("multigrid/smooth_from_zero", "SmoothFromZero"),
         ("chemotaxis/divergence", "BasicChemotaxisDivergence"), ("chemotaxis/slopes", "BasicLimitedSlopes"),
         ("multigrid/residual", "LevelResidual"), ("stages/between", "BetweenStages"),
         ("stages/plain_error_size", "PlainErrorSize"), ("stages/start", "StartStep"),
         ("multigrid/prolong", "Prolong"), ("multigrid/coarse_levels", "CoarseCycle"), ("right_hand_side/evaluate", "RightHandSide"),
         ("puncture/puncture", "Puncture"), ("measure/read_outs", "ReadOutParts"), ("measure/sums", "FieldParts"),
         ("measure/extremes", "FieldExtremes"))

# A multiprocessor of compute capability 9.0 (CUDA C++ Programming Guide, table of technical specifications).
REGISTERS, WARPS, BLOCKS, PARTITIONS = 65536, 64, 32, 4


def occupancy(registers):
    """Share of the threads of a multiprocessor that can be there at once, with the block size that Kokkos chooses for
    it: the one with most threads. Registers are given to a warp of a quarter of the multiprocessor in units of 256."""
    per_warp = -(-registers // 8) * 8 * 32
    warps = PARTITIONS * (REGISTERS // PARTITIONS // per_warp)
    most = 0
    for block in range(1, 33):  # warps
        most = max(most, min(warps // block, BLOCKS, WARPS // block) * block)
    return most / WARPS


# What a kernel is wrapped into: how it is run, and which of the arguments is the functor. Wrappers within say more of how.
LOOPS = {"detail::FlatBody": ("for", 0), "detail::FlatMax": ("max", 0), "detail::FlatSum": ("sum", 0),
         "detail::FlatStretchBody": ("for active", 0), "detail::FlatStretchMax": ("max active", 0),
         "detail::PlaneTeams": ("planes", -1), "detail::EachFieldMax": ("max of fields", 0)}
WITHIN = {"WithGhostsOfCells": ("with ghosts", 0), "detail::EachField": ("of fields", 0)}
TEAMS = ("CoarseCycle", "CoarsenFaces")  # are run as they are


def arguments_of(name, begin):
    """Template arguments from just behind the opening bracket on, and where they end."""
    depth, arguments = 1, []
    for place in range(begin, len(name)):
        if name[place] in "<>":
            depth += 1 if name[place] == "<" else -1
        if depth == 0 or (depth == 1 and name[place] == ","):
            arguments.append(name[begin:place].strip())
            begin = place + 1
        if depth == 0:
            return arguments
    return arguments


def plain(text):
    return re.sub(r"kollagen::|detail::|\(anonymous namespace\)::", "", text)


def functor_of(name):
    """The functor of a demangled kernel, its arguments, and how it is run; None for what is not one of our loops."""
    match = re.search(rf"kollagen::({'|'.join((*LOOPS, *TEAMS))})<", name)
    if not match:
        return None
    arguments = arguments_of(name, match.end())
    if match[1] in TEAMS:
        return match[1], plain(", ".join(arguments[1:])), "team"
    loop, place = LOOPS[match[1]]
    functor = arguments[place]
    if match[1] == "detail::EachFieldMax" and "ItemsOfStretches" in arguments[1]:
        loop += ", active"
    while within := re.match(rf"kollagen::({'|'.join(WITHIN)})<", functor):
        how, place = WITHIN[within[1]]
        loop, functor = f"{loop} {how}", arguments_of(functor, within.end())[place]
    short, _, rest = plain(functor).partition("<")
    return short, rest.rstrip("> "), loop


def registers(log):
    """Kernels in the log of a build."""
    text = subprocess.run(["c++filt"], input=log, capture_output=True, text=True, check=True).stdout
    found = {}
    entry = re.compile(r"Function properties for (.*)\n\s+(\d+) bytes stack frame, (\d+) bytes spill stores, "
                       r"(\d+) bytes spill loads\nptxas info\s+: Used (\d+) registers")
    for name, stack, stores, loads, count in entry.findall(text):
        functor = functor_of(name)
        if functor is None or "verification::" in functor[1]:
            continue
        found[functor] = {"functor": functor[0], "arguments": functor[1], "loop": functor[2], "registers": int(count),
                          "stack_bytes": int(stack), "spill_bytes": int(stores) + int(loads)}
    return sorted(found.values(), key=lambda kernel: (kernel["functor"], kernel["arguments"]))


def span(values):
    values = sorted(set(values))
    return f"{values[0]}" if len(values) == 1 else f"{values[0]} to {values[-1]}"


def kernels(report=None):
    report = report or load("ptxas_*.json")[0]
    found = report["kernels"]
    lines = [f"{report['compiler']}, {report['architecture']}, commit {report['commit']}: {len(found)} kernels of the skin "
             "model and of all models.", "",
             "| kernel | variants | registers | occupancy | spilled | local memory |", "|" + "---|" * 6]
    for label, functor in SHOWN:
        these = [kernel for kernel in found if kernel["functor"] == functor]
        if not these:
            raise SystemExit(f"gpu_page: no kernel {functor} ({label}) in the report of the compiler")
        counts = [kernel["registers"] for kernel in these]
        shares = span([round(100 * occupancy(count)) for count in counts])
        spilled, local = (max(kernel[key] for kernel in these) for key in ("spill_bytes", "stack_bytes"))
        lines.append(f"| {label} | {len(these)} | {span(counts)} | {shares} % | {spilled} B | {local} B |")
    spilling, keeping = (", ".join(sorted({kernel["functor"] for kernel in found if kernel[key]})) or "none"
                         for key in ("spill_bytes", "stack_bytes"))
    lines += ["", f"Registers are spilled by: {spilling}. Something is kept in local memory by: {keeping}."]
    return "\n".join(lines)


# --- memory ----------------------------------------------------------------------------------------------

GIBIBYTES = (24, 80, 139)  # RTX 4090, A100 and H100, what an H200 shows
RESERVED = 2  # GiB: context, libraries, what outputs hold for a moment
# What time.precision = "mixed" stores as float instead of double (docs/numerics.md): all but the slow fields of the present
# and the next state and of the right-hand side of a stage; mobility and change by chemotaxis, one field each.
STATES, FLOATS, SPECIES, SINGLE = 3, 13, 16, 2


def memory(bench=None):
    bench = bench or json.loads((RESULTS / "bench_h200.json").read_text())
    step = bench["steps"][-1]
    double = step["fields_bytes"] / step["cells"]
    state = step["state_bytes"] / step["cells"]
    mixed = double - (STATES * FLOATS + SINGLE) * state / SPECIES / 2
    lines = ["| precision | bytes per cell | copies of 16 doubles | "
             + " | ".join(f"{size} GiB" for size in GIBIBYTES) + " |", "|" + "---|" * (3 + len(GIBIBYTES))]
    for name, size in (("double, measured", double), ("mixed, computed", mixed)):
        fits = []
        for gibibytes in GIBIBYTES:
            cells = (gibibytes - RESERVED) * 2**30 / size
            fits.append(f"{cells / 1e6:.0f} M, {int(cells ** (1 / 3) // 8 * 8)}³")
        lines.append(f"| {name} | {size:.0f} | {size / state:.2f} | " + " | ".join(fits) + " |")
    return "\n".join(lines)


# --- the page --------------------------------------------------------------------------------------------

def with_tables(text):
    made = {"devices": devices, "kernels": kernels, "memory": memory}
    return TABLE.sub(lambda match: match[1] + made[match[2]]() + "\n" + match[3], text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/gpu.md")
    parser.add_argument("--check", action="store_true", help="fail when docs/gpu.md holds other tables")
    parser.add_argument("--registers", type=pathlib.Path, metavar="BUILD.log")
    parser.add_argument("-o", "--output", type=pathlib.Path, help="file for --registers")
    parser.add_argument("--compiler", help="for --registers: what compiled, such as 'nvcc 13.0.88'")
    parser.add_argument("--commit", help="for --registers: of what")
    arguments = parser.parse_args()
    if arguments.registers:
        if not (arguments.output and arguments.compiler and arguments.commit):
            parser.error("--registers needs -o, --compiler and --commit")
        log = arguments.registers.read_text()
        found = registers(log)
        if not found:
            parser.error(f"{arguments.registers} holds no kernel: was it built with -Xptxas -v?")
        report = {"format": "kollagen ptxas", "format_version": 1, "commit": arguments.commit,
                  "compiler": arguments.compiler, "architecture": re.search(r"for '(sm_\d+\w*)'", log)[1], "kernels": found}
        arguments.output.write_text(json.dumps(report, indent=1) + "\n")
    if arguments.write or arguments.check:
        text = PAGE.read_text()
        fresh = with_tables(text)
        if arguments.check and fresh != text:
            print(f"{PAGE.relative_to(ROOT)} does not hold the tables of benchmarks/results: run {__file__} --write")
            return 1
        if arguments.write:
            PAGE.write_text(fresh)
    return 0


if __name__ == "__main__":
    sys.exit(main())
