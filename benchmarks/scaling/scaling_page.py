"""Tables of docs/scaling.md: what run_scaling.py measured, and what a model predicts for many GPUs.

    scaling_page.py              prints the tables
    scaling_page.py --write      puts them into docs/scaling.md
    scaling_page.py --check      exit code 1 when the page holds others

The measurement is benchmarks/results/scaling.json. The model takes its counts from counts_1_rank.json and
counts_8_ranks.json there, one run of 28 days by scaling_step; docs/scaling.md explains it.
"""
import argparse
import json
import math
import pathlib
import sys

ROOT = pathlib.Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "scaling.md"

# --- the problem: 1 cm^2 of skin, 5 um ---------------------------------------------------------------------
CELLS = (2000, 2000, 350)
STEPS = 200  # of a study of 28 days
SPACING, COUNTED_SPACING = 5, 10  # [um]
RANKS = (8, 16, 32, 64, 128, 256, 512, 1000)

# --- assumptions -------------------------------------------------------------------------------------------
BANDWIDTH = 0.7 * 4.3e12  # [B/s] of kernels: 70 % of a copy on an H200
LAUNCH = 4e-6  # [s] the host needs for a kernel
FENCE = 10e-6  # [s] the GPU runs dry before a message or a reduction can go
MESSAGE = 5e-6  # [s] latency of a message between GPUs
HOP = 3e-6  # [s] a reduction or gather needs for one of its log2(ranks) rounds
NETWORK = 50e9  # [B/s] of one GPU
STATE_COPIES = 4.0  # fields and solver, in copies of 16 double fields
GATHERED_BELOW = 32768  # cells; Multigrid::gathered_cells
COARSE_WORK = 0.1  # share of the traffic that levels below the finest have
SWEEP = 28  # [B] per cell of a smoothing sweep, what hides the messages of the finest level


def process_grid(ranks):
    """Parts along x, y, z with the smallest halo; of equal ones that with most along z, then y."""
    best = None
    for z in range(ranks, 0, -1):
        for y in range(ranks // z, 0, -1):
            if ranks % z or ranks // z % y:
                continue
            parts = (ranks // z // y, y, z)
            side = [math.ceil(n / p) for n, p in zip(CELLS, parts)]
            if min(n // p for n, p in zip(CELLS, parts)) < 2:
                continue
            halo = sum(2 * side[(a + 1) % 3] * side[(a + 2) % 3] for a in range(3) if parts[a] > 1)
            if best is None or halo < best[0]:
                best = halo, parts, side
    return best


class Counts:
    """What a step does on average, from the two counted runs."""

    def __init__(self):
        one = json.loads((RESULTS / "counts_1_rank.json").read_text())
        eight = json.loads((RESULTS / "counts_8_ranks.json").read_text())
        self.commit = one["commit"]
        kernels = one["kernels"]
        self.bytes_per_cell = one["bytes_per_cell"]
        self.reductions = eight["per_step"]["reductions"]
        # On the counted grid all cycles go down to the level that is gathered; they unpack weight and residual there.
        spread = eight["kernels"]["kollagen/multigrid/spread_gathered"] - eight["kernels"]["kollagen/multigrid/fine_faces"]
        self.cycles = spread / 2
        self.gathers = eight["per_step"]["gathers"]
        # Levels that a cycle leaves for a coarser one. A finer grid has one more for each halving of the spacing.
        self.depth = kernels["kollagen/multigrid/prolong"] / self.cycles + math.log2(COUNTED_SPACING / SPACING)
        fills = kernels["kollagen/ghosts/fill"]
        self.kernels = sum(kernels.values()) - fills + 8 * self.cycles * math.log2(COUNTED_SPACING / SPACING)
        by_bytes = {int(size): times for size, times in eight["exchanges_by_bytes"].items()}
        area = min(by_bytes) / 4  # cells in the faces of rank 0; the smallest messages are of one float field
        self.exchanges = sum(by_bytes.values())  # all of the finest level: the next is gathered on that grid
        self.bytes_per_face_cell = sum(size * times for size, times in by_bytes.items()) / area


def levels_shared():
    """Levels that are cut among the ranks; the next one every rank holds whole. Also the cells of that one."""
    cells, shared = CELLS, 0
    while math.prod(cells) >= GATHERED_BELOW:
        cells, shared = tuple(max(1, n // 2) for n in cells), shared + 1
    return shared, math.prod(cells)


def predict(ranks, counts, fused):
    """Seconds of a step, by what they are spent on. `fused`: one kernel packs all messages, one unpacks, one does the
    cells next to faces, one fills the ghosts at walls."""
    halo, parts, side = process_grid(ranks)
    own = math.prod(side)
    cut = sum(p > 1 for p in parts)
    shared, gathered = levels_shared()
    depth = counts.depth
    inside = max(0.0, min(depth, shared - 1))  # shared levels below the finest that a cycle visits

    faces = 4 if fused else (3 - cut) + (parts[2] > 1) + 3 * 2 * cut  # fill, pack, unpack, shells
    corners = 3 if fused else (3 - cut) + (parts[2] > 1) + 2 * (3**cut - 1)
    fills = 1 if fused else 3
    fine_kernels = counts.exchanges * faces
    coarse_kernels = counts.cycles * (inside * (4 * faces + corners) + (depth - inside) * 5 * fills)
    share_fine = 1 / (1 + depth)  # of the kernels that every level has alike
    fine_kernels += counts.kernels * share_fine
    coarse_kernels += counts.kernels * (1 - share_fine)

    work = own * counts.bytes_per_cell / BANDWIDTH
    fine_work, coarse_work = work * (1 - COARSE_WORK), work * COARSE_WORK
    waiting = max(0.0, fine_kernels * LAUNCH - fine_work) + max(0.0, coarse_kernels * LAUNCH - coarse_work)

    fine_bytes = counts.bytes_per_face_cell * halo
    coarse_exchanges = 5 * counts.cycles * inside
    coarse_bytes = counts.cycles * 20 * halo * sum(0.25**level for level in range(1, int(inside) + 1))
    one_fine = MESSAGE + fine_bytes / counts.exchanges / NETWORK
    hidden = min(one_fine, own * SWEEP / BANDWIDTH)
    exchange = counts.exchanges * (FENCE + one_fine - hidden)
    exchange += coarse_exchanges * (FENCE + MESSAGE) + coarse_bytes / NETWORK

    rounds = math.log2(ranks)
    agree = counts.reductions * (FENCE + rounds * HOP)
    agree += counts.gathers * (2 * FENCE + rounds * HOP + 4 * gathered / NETWORK)
    messages = 2 * cut * (counts.exchanges + 4 * counts.cycles * inside) + (3**cut - 1) * counts.cycles * inside
    return {
        "parts": parts, "own": own, "bytes": fine_bytes + coarse_bytes, "messages": messages,
        "work": work, "waiting": waiting, "exchange": exchange, "agree": agree,
        "step": work + waiting + exchange + agree,
    }  # fmt: skip


def predicted():
    counts = Counts()
    lines = [
        f"Counted at commit {counts.commit}: {counts.cycles:.0f} V-cycles that leave {counts.depth:.1f} levels for a "
        f"coarser one (5 µm), {counts.exchanges:.0f} halo exchanges of the finest level with "
        f"{counts.bytes_per_face_cell / 1e3:.1f} kB per cell of a face, {counts.reductions:.0f} reductions, {counts.gathers:.0f} gathers, "
        f"{counts.bytes_per_cell / 1e3:.1f} kB of memory traffic per cell, all per step.",
        "",
        "| GPUs | parts | cells per GPU | memory | halo per step | messages | work | launches | halo | reductions, gathers "
        "| step | 200 steps | efficiency | with fused kernels |",
        "|" + "---|" * 14,
    ]
    base = [predict(RANKS[0], counts, fused)["step"] * RANKS[0] for fused in (False, True)]
    for ranks in RANKS:
        now, fused = (predict(ranks, counts, fused) for fused in (False, True))
        lines.append(
            f"| {ranks} | {' x '.join(map(str, now['parts']))} | {now['own'] / 1e6:.1f} M "
            f"| {now['own'] * 128 * STATE_COPIES / 1e9:.1f} GB | {now['bytes'] / 1e6:.0f} MB | {now['messages']:.0f} "
            + "".join(f"| {now[name] * 1e3:.0f} ms " for name in ("work", "waiting", "exchange", "agree", "step"))
            + f"| {now['step'] * STEPS:.0f} s | {base[0] / ranks / now['step']:.0%} "
            f"| {fused['step'] * 1e3:.0f} ms, {base[1] / ranks / fused['step']:.0%} |"
        )
    return "\n".join(lines)


def measured():
    result = json.loads((RESULTS / "scaling.json").read_text())
    summary, side = result["summary"], result["side"]
    seconds, share = summary["seconds_per_step"], summary["share_of_step"]

    def spread(ratio, form):
        return f"{ratio['median']:{form}} ({ratio['least']:{form}} to {ratio['most']:{form}})"

    lines = [
        f"{result['machine']}; {result['mpi']}, Kokkos {result['backend']}; commit {result['commit']}, {result['date']}; "
        f"load {result['load_before']:.1f} before the start; {len(result['rounds'])} rounds of {result['steps']} steps "
        f"of {result['hours_per_step']:g} h. Medians, in parentheses the extremes of the rounds.",
        "",
        f"| | {side}³ cells per rank (weak) | {side}³ cells on two ranks (strong) |",
        "|---|---|---|",
        f"| step on one rank, two ranks | {seconds['one']:.2f} s, {seconds['weak']:.2f} s "
        f"| {seconds['one']:.2f} s, {seconds['strong']:.2f} s |",
        f"| time of one rank over that of two | {spread(summary['weak_efficiency'], '.3f')} "
        f"| {spread(summary['strong_speedup'], '.3f')} |",
        f"| the same against two independent runs | {spread(summary['weak_efficiency_against_independent_runs'], '.3f')} | |",
    ]
    for name, label in (
        ("halos_and_gathers", "halos and gathered levels"),
        ("reductions", "reductions"),
        ("of_rank_that_waited_least", "both, on the rank that waited least"),
    ):
        lines.append(f"| share of a step: {label} | {share['weak'][name]:.1%} | {share['strong'][name]:.1%} |")
    for name, label, unit, scale in (
        ("messages", "messages per step and rank", "", 1),
        ("message_bytes", "sent per step and rank", " MB", 1e6),
        ("reductions", "reductions per step", "", 1),
        ("gathers", "gathered levels per step", "", 1),
    ):
        values = [summary["per_step_and_rank"][case][name] / scale for case in ("weak", "strong")]
        lines.append(f"| {label} | {values[0]:.1f}{unit} | {values[1]:.1f}{unit} |")
    return "\n".join(lines)


TABLES = {"measured": measured, "predicted": predicted}


def with_tables(text):
    """The page with its tables replaced by those of today; they stand between comments that name them."""
    for name, make in TABLES.items():
        begin, end = f"<!-- table: {name} -->", f"<!-- end of table: {name} -->"
        if begin not in text:
            continue
        before, rest = text.split(begin)
        text = f"{before}{begin}\n{make()}\n{end}{rest.split(end)[1]}"
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/scaling.md")
    parser.add_argument("--check", action="store_true", help="compare them with docs/scaling.md")
    options = parser.parse_args()
    if not options.write and not options.check:
        print("\n\n".join(make() for make in TABLES.values()))
        return 0
    text = PAGE.read_text()
    wanted = with_tables(text)
    if options.write:
        PAGE.write_text(wanted)
    elif text != wanted:
        print(f"{PAGE}: the tables are not those of scaling_page.py; run it with --write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
