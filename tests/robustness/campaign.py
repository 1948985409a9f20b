"""Faults on purpose: the program is killed, its disk fills up, its files are damaged; afterwards it has to go on as
if nothing had happened.

    campaign.py KOLLAGEN FAULTS_LIBRARY [--kills 20] [--damages 50] [--disk 12] [--ranks 3] [--cuts 3]
                [--jobs 2] [--seed 1] [--folder DIR] [--page FILE]

Every part that is not named is left out. With --folder a campaign that was broken off goes on where it was: each
case is recorded when it is over, in a file of DIR for this version of the program. With --page the counts are
written as a page of the documentation.
Exit codes: 0 all cases as they should be, 1 some are not, 77 something that is needed is missing.

A case that fails prints its name; `--only NAME` repeats it and keeps its folder.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
try:
    import runs
except ImportError as error:
    print(f"skipped: {error} (Debian: python3-numpy, python3-h5py)")
    sys.exit(77)

INTERVAL = 0.25  # [h] between checkpoints of the study
KILLS_PER_CHAIN = 8
CHECKPOINTS = "/checkpoints/"


class Wrong(Exception):
    """The program did what it must not do; the text says what."""


def expect(condition, text):
    if not condition:
        raise Wrong(text)


class Case:
    """One fault, or a chain of them, in a run folder of its own."""

    def __init__(self, campaign, part, index):
        self.campaign, self.name = campaign, f"{part}-{index}"
        self.index = index
        self.random = random.Random(f"{campaign.options.seed} {self.name}")
        self.place = campaign.work / self.name
        self.folder = self.place / "run"
        self.study = campaign.study
        self.counts = {}

    def count(self, what, number=1):
        self.counts[what] = self.counts.get(what, 0) + number

    # --- the program -----------------------------------------------------------------------------------------

    def command(self, *more, folder=None):
        return "run", self.study.path, "-o", folder or self.folder, *more

    def run(self, *more, **options):
        return runs.run(self.campaign.program, *self.command(*more), **options)

    def faults(self, calls, path, at, action, **more):
        more = {f"FAULT_{key.upper()}": value for key, value in more.items()}
        return runs.environment(LD_PRELOAD=self.campaign.faults, FAULT_CALLS=calls, FAULT_PATH=path, FAULT_AT=at,
                                FAULT_ACTION=action, **more)

    def prepare(self, *steps):
        """A run that was stopped after so many steps, with its checkpoints."""
        code, text = self.run("--steps", *steps)
        expect(code == 75, f"--steps: exit {code}\n{text}")

    # --- what has to hold ------------------------------------------------------------------------------------

    def check_files(self):
        """Every file under a final name is whole: by our own reading, and by the program's."""
        invalid = runs.invalid_files(self.folder)
        expect(not invalid, f"invalid files: {invalid}")
        if (self.folder / "config.toml").exists():
            code, text = runs.run(self.campaign.program, "verify", self.folder)
            expect(code == 0, f"verify: exit {code}\n{text}")

    def checkpoint(self):
        """(step, time) of the newest complete checkpoint; None when there is none."""
        newest = max((self.folder / "checkpoints").glob("checkpoint_*.json"), default=None)
        if newest is None:
            return None
        manifest = json.loads(newest.read_text())
        return manifest["step"], manifest["time_h"]

    def progress(self):
        """Time [h] of the last row of metrics.csv, which gets one per step; 0 when there is none."""
        path = self.folder / "metrics.csv"
        rows = path.read_text().splitlines() if path.exists() else []
        try:
            return float(rows[-1].split(",")[0])
        except (IndexError, ValueError):
            return 0.0

    def finish(self, ranks=1):
        """The run goes on to its end; all results are those of the run that was never stopped."""
        code, text = self.run(ranks=ranks)
        expect(code == 0, f"resumed: exit {code}\n{text}")
        self.check_same_bits()
        return text

    def check_same_bits(self):
        differing = runs.differences(self.study.results, runs.results(self.folder))
        expect(not differing, f"differs from the uninterrupted run: {differing}")

    def check_resumed(self, text, step):
        found = re.search(r"resumed from the checkpoint at step (\d+)", text)
        expect(found and int(found[1]) == step, f"not resumed from step {step}\n{text}")


# --- kills ---------------------------------------------------------------------------------------------------

def kill_chain(case, wanted=KILLS_PER_CHAIN):
    """Kills a run again and again, at random times and in the middle of checkpoints, until it is complete."""
    done = 0
    while done < wanted:
        before = case.checkpoint()
        during_checkpoint = case.random.random() < 0.5
        if during_checkpoint:
            # One of the first two checkpoints of the session. Most of its calls are writes: every kind gets its share.
            calls = case.random.choice(list(case.campaign.calls))
            at = case.random.randint(1, 2 * case.campaign.calls[calls])
            action = case.random.choice(["kill", "kill-after"])
            env = case.faults(calls, f"{case.folder}{CHECKPOINTS}", at, action)
            code, text = case.run(env=env)
        else:
            code, text = runs.ended(runs.start(case.campaign.program, *case.command()),
                                    timeout=case.random.uniform(0, 1.1 * case.study.seconds))
        if before is not None and "session " in text:
            case.check_resumed(text, before[0])
        if code == 0:  # it was faster
            break
        expect(code == -signal.SIGKILL, f"exit {code}\n{text}")
        done += 1
        case.count("kills")
        temporary = list((case.folder / "checkpoints").glob(".*")) if case.folder.exists() else []
        if during_checkpoint or temporary:
            case.count("kills during the write of a checkpoint")
        if not case.folder.exists():
            continue
        case.check_files()
        kept = case.checkpoint()
        expect(before is None or (kept and kept[1] >= before[1]), f"checkpoint {before} is lost, {kept} is left")
        lost = case.progress() - (kept[1] if kept else 0)
        expect(lost <= INTERVAL * (1 + 1e-9), f"{lost} h are lost, checkpoints come every {INTERVAL} h")
    case.finish()
    case.count("runs completed after kills")


# --- damaged checkpoints -----------------------------------------------------------------------------------------

def damage(rng, path, originals):
    """Changes a file in one of the ways in which disks and people do; returns what was done. `originals`: path -> bytes
    of all files before any damage."""
    data = path.read_bytes()
    how = rng.choice(["bit", "bit", "bits", "truncated", "truncated", "hole", "longer", "exchanged", "missing"])
    if how == "missing" and path.suffix == ".json":
        how = "bit"  # a checkpoint without manifest does not exist: nothing is damaged
    if how == "bit":
        place = rng.randrange(len(data))
        changed = data[:place] + bytes([data[place] ^ 1 << rng.randrange(8)]) + data[place + 1:]
    elif how == "bits":
        start = rng.randrange(len(data))
        end = min(len(data), start + rng.randint(1, 4096))
        changed = data[:start] + rng.randbytes(end - start) + data[end:]
    elif how == "truncated":
        changed = data[:rng.randrange(len(data))]
    elif how == "hole":
        start = rng.randrange(len(data)) // 4096 * 4096
        changed = data[:start] + bytes(min(4096, len(data) - start)) + data[start + 4096:]
    elif how == "longer":
        changed = data + rng.randbytes(rng.randint(1, 4096))
    elif how == "exchanged":
        changed = next(originals[other] for other in originals if other != path and other.suffix == path.suffix)
    else:
        path.unlink()
        return how
    if changed == data:  # a hole where there were zeros
        return damage(rng, path, originals)
    path.write_bytes(changed)
    return how


def damaged_checkpoint(case):
    """One of two checkpoints is damaged, or both."""
    template = case.campaign.stopped()
    shutil.copytree(template, case.folder)
    files = sorted((case.folder / "checkpoints").glob("checkpoint_*"))
    manifests = [file for file in files if file.suffix == ".json"]
    expect(len(manifests) == 2 and len(files) == 4, f"two checkpoints of two files expected, found {files}")
    old, new = manifests
    kind = case.index % 10
    victims = [case.random.choice(files if kind < 8 else [f for f in files if f.stem == new.stem])]
    if kind == 9:
        victims.append(case.random.choice([f for f in files if f.stem == old.stem]))
    originals = {file: file.read_bytes() for file in files}
    hows = [damage(case.random, victim, originals) for victim in victims]
    what = ", ".join(f"{victim.name} {how}" for victim, how in zip(victims, hows))

    case.count("checkpoints damaged", len(victims))
    code, text = runs.run(case.campaign.program, "verify", case.folder)
    expect(code == 5, f"{what}: verify: exit {code}\n{text}")
    for victim in victims:
        expect(victim.stem.rstrip("b") in text, f"{what}: verify does not name {victim.stem}\n{text}")
    case.count("of these detected", len(victims))
    if kind < 8 and case.index % 4:  # `verify` has said it; the rest is run as well
        return
    code, text = case.run("--steps", 1)
    if kind == 9:
        expect(code == 5, f"{what}: all are damaged, exit {code}\n{text}")
        expect(new.stem in text and old.stem in text, f"{what}: not both are named\n{text}")
        case.count("runs with damaged checkpoints only, ended with exit code 5")
        return
    step = {manifest: int(manifest.stem.split("_")[1]) for manifest in manifests}
    damaged_new = victims[0].stem.rstrip("b") == new.stem
    expect(code == 75, f"{what}: resumed: exit {code}\n{text}")
    case.check_resumed(text, step[old if damaged_new else new])
    if damaged_new:
        expect(new.stem in text, f"{what}: {new.stem} is not named\n{text}")
        case.count("runs that went on from the checkpoint before the damaged one")
    if kind == 8:
        case.finish()


# --- disk full, failed calls -----------------------------------------------------------------------------------------

def expect_io_error(case, what, code, text, names=""):
    expect(code == 5, f"{what}: exit {code} instead of 5\n{text}")
    expect(names in text, f"{what}: the message does not name {names}\n{text}")


def failing_disk(case):
    """A write, fsync or rename fails; the run ends with exit code 5, and goes on when the disk works again."""
    rng = case.random
    case.prepare(rng.randint(5, 60))
    before = case.checkpoint()
    kinds = ["file size", "fsync", "rename", "no space", "short", "fsync of outputs", "rename of outputs",
             "no space for outputs"]
    if case.campaign.can_mount:
        kinds.append("small disk")
    kind = kinds[case.index % len(kinds)]
    path, at = f"{case.folder}{CHECKPOINTS}", rng.randint(1, 4)
    outputs = rng.choice([f"{case.folder}/fields", f"{case.folder}/slices"])
    if kind == "small disk":
        full_disk(case)
        return
    if kind == "file size":
        size = (case.folder / "checkpoints").glob("*.h5")
        limit = int(min(file.stat().st_size for file in size) * rng.uniform(0.3, 0.95))
        # MPI starts with files of its own that are larger, unless it is told to do without.
        code, text = runs.run("prlimit", f"--fsize={limit}", case.campaign.program, *case.command(),
                              env=runs.environment(PMIX_MCA_gds="hash"))
    else:
        env = {"fsync": lambda: case.faults("fsync", path, at, "fail"),
               "rename": lambda: case.faults("rename", path, at, "fail"),
               "no space": lambda: case.faults("write", path, at, "nospace", onwards=1),
               "short": lambda: case.faults("write", path, at, "short"),
               "fsync of outputs": lambda: case.faults("fsync", outputs, at, "fail"),
               "rename of outputs": lambda: case.faults("rename", outputs, at, "fail"),
               "no space for outputs": lambda: case.faults("write", rng.choice([outputs, f"{case.folder}/metrics.csv"]),
                                                           at, "nospace", onwards=1)}[kind]()
        code, text = case.run(env=env)
    if kind == "short":  # half of the bytes written is no error: the rest has to follow
        expect(code == 0, f"{kind}: exit {code}\n{text}")
        case.count("short writes continued")
    elif code == 0 and "damaged, not used" in text and "outputs" in kind:
        # The outputs could not be brought to where the newest checkpoint has them, so the one before it was used.
        case.count("outputs not restored, the checkpoint before was used")
    else:
        expect_io_error(case, f"{kind} {at}", code, text, "" if kind == "file size" else str(case.folder))
        case.count(f"failed: {kind}")
        kept = case.checkpoint()
        expect(kept and kept[1] >= before[1], f"{kind}: checkpoint {before} is lost, {kept} is left")
        case.check_files()
    case.finish()


def full_disk(case):
    """The run folder lies on a disk that is too small, or that fills up while the run goes on."""
    disk = case.place / "disk"
    disk.mkdir()
    size = sum(file.stat().st_size for file in case.folder.rglob("*") if file.is_file())
    each = max(file.stat().st_size for file in (case.folder / "checkpoints").glob("*.h5"))
    late = case.random.random() < 0.5  # somebody else fills the disk after the checks at the start
    room = size + each * (10 if late else case.random.uniform(0.1, 0.9))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={int(room)}", "tmpfs", str(disk)], check=True)
    try:
        shutil.copytree(case.folder, disk / "run")
        filler = disk / "filler"
        process = runs.start(case.campaign.program, *case.command(folder=disk / "run"))
        if late:
            time.sleep(case.study.seconds * case.random.uniform(0.3, 0.6))
            try:
                with open(filler, "wb") as file:
                    while True:
                        file.write(bytes(65536))
            except OSError:
                pass
        code, text = runs.ended(process)
        filler.unlink(missing_ok=True)
        shutil.rmtree(case.folder)
        shutil.copytree(disk / "run", case.folder)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
    if code == 0:
        case.count("small disks that were large enough")
    else:
        expect_io_error(case, "small disk", code, text, str(disk))
        case.count("failed: small disk")
    case.check_files()
    case.finish()


# --- ranks -------------------------------------------------------------------------------------------------------

def children_of(pid):
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found


def processes_of(folder):
    """Those whose command line names the folder, after they had some time to go."""
    found = []
    for _ in range(20):
        found = []
        for command in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if str(folder).encode() in command.read_bytes():
                    found.append(int(command.parent.name))
            except OSError:
                pass
        if not found:
            break
        time.sleep(0.1)
    return found


def killed_rank(case):
    """One of three ranks is killed: the others end, and the run goes on, on another number of ranks."""
    rank, during_checkpoint = case.random.randrange(3), case.random.random() < 0.5
    case.prepare(case.random.randint(5, 40))
    before = case.checkpoint()
    env = None
    if during_checkpoint:
        at = case.random.randint(1, 6)
        env = case.faults("write,fsync,rename,remove", f"{case.folder}{CHECKPOINTS}", at, "kill", rank=rank)
    process = runs.start(case.campaign.program, *case.command(), ranks=3, env=env)
    begin = time.monotonic()
    if not during_checkpoint:
        ranks = []
        while len(ranks) < 3 and process.poll() is None and time.monotonic() - begin < 30:
            ranks = sorted(children_of(process.pid))
        time.sleep(case.random.uniform(0.2, 1.5 * case.study.seconds))
        if len(ranks) == 3 and process.poll() is None:
            os.kill(ranks[rank], signal.SIGKILL)
    code, text = runs.ended(process)
    expect(time.monotonic() - begin < 120 and not processes_of(case.folder), f"other ranks did not end\n{text}")
    if code != 0:
        case.count("killed ranks of three")
        if during_checkpoint:
            case.count("of these during the write of a checkpoint")
        kept = case.checkpoint()
        expect(kept and kept[1] >= before[1], f"checkpoint {before} is lost, {kept} is left")
        case.check_files()
    case.finish(ranks=case.random.choice([1, 2, 3]))


def cut_points(case):
    """Stopped at three random steps, each time resumed on another number of ranks: 1 -> 3 -> 2 -> 1."""
    if case.index % 4 == 3:
        case.study = case.campaign.explicit
    ranks = [1, 3, 2, 1]
    cuts = sorted(case.random.sample(range(1, case.study.steps - 1), len(ranks) - 1))
    done = 0
    for count, cut in zip(ranks, cuts):
        code, text = case.run("--steps", cut - done, ranks=count)
        expect(code == 75, f"to step {cut} on {count} ranks: exit {code}\n{text}")
        if done:
            case.check_resumed(text, done)
        done = cut
        case.check_files()
    case.check_resumed(case.finish(ranks=ranks[-1]), done)
    for one, other in zip(ranks, ranks[1:]):
        case.count(f"cuts, {one} -> {other} ranks")


def step_times(case):
    """Seconds per step of the same steps, after a resume and without one, in turns."""
    place, start, steps = case.place, 20, 60
    place.mkdir(parents=True, exist_ok=True)
    study = place / "study.toml"
    runs.write_study(study, end="24 hour", frames="24 hour", checkpoints="24 hour")
    size = ["--set", 'domain.size=["800 um", "680 um", "1200 um"]']

    def seconds(folder):
        return json.loads((folder / "report.json").read_text())["step_s"]

    def steps_of(folder, count):
        code, text = runs.run(case.campaign.program, "run", study, "-o", folder, "--steps", count, *size)
        expect(code == 75, f"--steps {count}: exit {code}\n{text}")
        return seconds(folder)

    resumed, straight = [], []
    for n in range(5):
        whole, cut = place / f"whole{n}", place / f"cut{n}"
        first = steps_of(cut, start)
        resumed.append(steps_of(cut, steps) - first)
        straight.append(steps_of(whole, start + steps) - first)
    ratio = min(resumed) / min(straight)
    expect(ratio < 1.05, f"steps after a resume take {ratio:.3f} of their time without: {resumed} s, {straight} s")
    case.count("step time after a resume relative to that without", round(ratio, 3))


# --- all of it -------------------------------------------------------------------------------------------------------

class Study:
    """A study file, and what its uninterrupted run on one rank leaves."""

    def __init__(self, work, program, name, **changes):
        self.path = work / f"{name}.toml"
        runs.write_study(self.path, **changes)
        folder = work / f"{name}-uninterrupted"
        shutil.rmtree(folder, ignore_errors=True)
        begin = time.monotonic()
        code, text = runs.run(program, "run", self.path, "-o", folder)
        self.seconds = time.monotonic() - begin
        if code != 0:
            raise RuntimeError(f"uninterrupted run of {name}: exit {code}\n{text}")
        self.results = runs.results(folder)
        self.steps = json.loads((folder / "report.json").read_text())["steps"]


class Campaign:
    parts = {"kills": kill_chain, "damages": damaged_checkpoint, "disk": failing_disk, "ranks": killed_rank,
             "cuts": cut_points, "step-times": step_times}

    def __init__(self, options, work):
        self.options, self.work = options, work
        self.program, self.faults = options.program.resolve(), options.faults.resolve()
        self.lock = threading.Lock()
        self.study = Study(work, self.program, "imex")
        self.explicit = Study(work, self.program, "explicit", integrator="explicit", end="6 min", frames="2 min",
                              checkpoints="1 min", treatment="3 min") if options.cuts else None
        self.can_mount = os.geteuid() == 0 and self.try_mount()
        self.count_calls()
        self.template = None
        self.version = runs.run(self.program, "info")[1].splitlines()[0]  # "Kollagen 0.1.0 (hash)"
        self.record = work / f"cases-{re.sub('[^0-9a-z.-]+', '-', self.version.lower()).strip('-')}.jsonl"
        self.cases = {}
        for line in self.record.read_text().splitlines() if self.record.exists() else []:
            case = json.loads(line)
            self.cases[case["name"]] = case

    def try_mount(self):
        place = self.work / "try-mount"
        place.mkdir(exist_ok=True)
        if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(place)], capture_output=True).returncode != 0:
            return False
        return subprocess.run(["umount", str(place)], capture_output=True).returncode == 0

    def count_calls(self):
        """How many calls of each kind a checkpoint makes: what a kill in the midst of one has to choose from."""
        case, log = Case(self, "calls", 0), self.work / "calls.log"
        shutil.rmtree(case.place, ignore_errors=True)
        log.unlink(missing_ok=True)
        code, text = case.run(env=case.faults("write,fsync,rename,remove", CHECKPOINTS, 0, "kill", log=log))
        if code != 0:
            raise RuntimeError(f"run under the library of faults: exit {code}\n{text}")
        case.check_same_bits()
        timers = json.loads((case.folder / "report.json").read_text())["timers"]
        checkpoints = next(timer["calls"] for timer in timers if timer["name"] == "checkpoints")
        kinds = [line.split()[0] for line in log.read_text().splitlines()]
        self.calls = {kind: kinds.count(kind) // checkpoints for kind in ("write", "fsync", "rename", "remove")}
        if min(self.calls.values()) < 1:
            raise RuntimeError(f"the library of faults does not see all calls of a checkpoint: {self.calls}")
        shutil.rmtree(case.place)

    def stopped(self):
        """A run that was stopped with two checkpoints, to be copied."""
        with self.lock:
            if self.template is None:
                case = Case(self, "template", 0)
                shutil.rmtree(case.place, ignore_errors=True)
                case.prepare(self.study.steps * 2 // 3)
                self.template = case.folder
            return self.template

    def do(self, part, index):
        """One case; returns whether it was as it should be."""
        case = Case(self, part, index)
        shutil.rmtree(case.place, ignore_errors=True)
        begin, fault = time.monotonic(), ""
        try:
            self.parts[part](case)
        except Exception as error:  # the campaign goes on with the others
            fault = str(error) if isinstance(error, Wrong) else traceback.format_exc()
            print(f"{case.name}: {fault}", flush=True)
        else:
            shutil.rmtree(case.place, ignore_errors=True)
        line = {"name": case.name, "part": part, "counts": case.counts, "fault": fault,
                "seconds": round(time.monotonic() - begin, 2)}
        with self.lock:
            self.cases[case.name] = line
            with open(self.record, "a") as file:
                file.write(json.dumps(line) + "\n")
        return not fault

    def counted(self, part):
        return sorted({what for case in self.cases.values() if case["part"] == part for what in case["counts"]})

    def total(self, part, what):
        return sum(case["counts"].get(what, 0) for case in self.cases.values() if case["part"] == part)

    def run(self):
        wanted = []
        for part in self.parts:
            for index in range(getattr(self.options, part.replace("-", "_"))):
                if part == "kills":  # the number is one of kills, a case has several
                    index *= KILLS_PER_CHAIN
                    if index >= self.options.kills:
                        break
                    index //= KILLS_PER_CHAIN
                wanted.append((part, index))
        if self.options.only:
            part, index = self.options.only.rsplit("-", 1)
            wanted = [(part, int(index))]
        todo = [(part, index) for part, index in wanted if f"{part}-{index}" not in self.cases or self.options.only]
        alone = [case for case in todo if case[0] == "step-times"]  # measured on a quiet machine
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            list(pool.map(lambda case: self.do(*case), [case for case in todo if case not in alone]))
        for case in alone:
            self.do(*case)
        extra = (self.options.kills + KILLS_PER_CHAIN - 1) // KILLS_PER_CHAIN
        while not self.options.only and self.total("kills", "kills") < self.options.kills:  # some chains end early
            if f"kills-{extra}" not in self.cases and not self.do("kills", extra):
                break
            extra += 1


PAGE = """# Robustness

Generated by `tools/robustness.sh`. What each case does and checks is written in `tests/robustness/campaign.py`; the
tests with the label `robustness` do the same with smaller numbers. The study: {cells} cells, two treatments, {steps}
steps, a checkpoint every {minutes:g} min of simulated time, {seconds:.1f} s without faults.

{version}; {machine}; {date}.

Not-a-number in every field, in the interior, on faces, edges, corners and in ghosts, on one rank and two, is a test of
its own: `tests/robustness/test_nan.cpp`.
"""
TITLES = {"kills": "Kills", "damages": "Damaged checkpoints", "disk": "Disks that fail", "ranks": "Lost ranks",
          "cuts": "Other numbers of ranks", "step-times": "Speed after a resume"}


def page_of(campaign):
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    lines = [PAGE.format(cells="20 x 17 x 21", steps=campaign.study.steps, minutes=60 * INTERVAL,
                         seconds=campaign.study.seconds, date=time.strftime("%Y-%m-%d"),
                         version=campaign.version,
                         machine=f"{model[1] if model else 'unknown processor'}, {os.cpu_count()} threads")]
    for part, work in campaign.parts.items():
        cases = [case for case in campaign.cases.values() if case["part"] == part]
        if not cases:
            continue
        lines += [f"## {TITLES[part]}", "", work.__doc__.strip(), "", "| | |", "|---|---|", f"| cases | {len(cases)} |",
                  f"| **not as they should be** | **{sum(bool(case['fault']) for case in cases)}** |"]
        for what in campaign.counted(part):
            lines.append(f"| {what} | {campaign.total(part, what)} |")
        lines.append("")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("faults", type=pathlib.Path)
    for part in Campaign.parts:
        parser.add_argument(f"--{part}", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only")
    parser.add_argument("--folder", type=pathlib.Path)
    parser.add_argument("--page", type=pathlib.Path)
    options = parser.parse_args()
    work = (options.folder or pathlib.Path(tempfile.mkdtemp(prefix="kollagen-robustness-"))).resolve()
    work.mkdir(parents=True, exist_ok=True)
    begin = time.monotonic()
    campaign = Campaign(options, work)
    campaign.run()
    wrong = [case["name"] for case in campaign.cases.values() if case["fault"]]
    for part in campaign.parts:
        for what in campaign.counted(part):
            print(f"{part}: {what}: {campaign.total(part, what)}")
    seconds = time.monotonic() - begin
    print(f"{len(campaign.cases)} cases, {len(wrong)} not as they should be {wrong or ''}; {seconds:.0f} s")
    if options.page:
        options.page.write_text(page_of(campaign))
    if not wrong and not options.folder:
        shutil.rmtree(work)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
