"""Checks rules of the source tree that no compiler checks: include levels, and constructs kept to one place.

    check_includes.py [ROOT]      exit code 1 and one line per violation: file:line: what is wrong
"""
import collections
import pathlib
import re
import sys
import tomllib

LEVELS = "tests/include_levels.toml"
FOLDERS = ("include", "kernels", "host")
GENERATED = "kollagen_version"

# A construct, where it may be used, and why nowhere else.
ONE_PLACE = (
    (
        r"\b(?:RangePolicy|MDRangePolicy|TeamPolicy|TeamThreadRange|ThreadVectorRange|WorkGraphPolicy"
        r"|parallel_for|parallel_reduce|parallel_scan)\b",
        {"kernels/for_cells.hpp", "kernels/for_fields.hpp", "kernels/for_team.hpp"},
        "loops go through kernels/for_*.hpp, the only files that name an execution policy",
    ),
    (r"\bKOKKOS_(?:CLASS_)?LAMBDA\b", set(), "device code is a named functor of values, not a lambda"),
    (
        r"\bMPI_COMM_WORLD\b",
        {"host/mpi_communicator.cpp"},
        "only host/mpi_communicator.cpp knows all processes; others are passed a Communicator",
    ),
    (
        r"(?<![\w.>])_?(?:quick_)?exit\s*\(",
        {"host/main.cpp"},
        "only host/main.cpp ends the process; elsewhere throw one of the errors of kollagen/check.hpp",
    ),
)
# A library header, the files that may include it, and why no others.
ONE_PLACE_INCLUDES = (
    (
        r"mpi(?:-ext)?\.h",
        {"host/mpi_communicator.hpp", "host/mpi_communicator.cpp"},
        "MPI stands behind host/mpi_communicator.hpp",
    ),
    (
        r"thrust/(?:system/.*|execution_policy\.h|(?:device|host|universal)_.*)",
        {"kernels/thrust_ranges.hpp"},
        "kernels/thrust_ranges.hpp says where Thrust runs and on which memory",
    ),
)
HEADER_ONLY = ((r"\busing\s+namespace\b", "a header must not open a namespace for those who include it"),)
LABEL = r'"(kollagen/[^"]*)"'
GOOD_LABEL = r"kollagen/[a-z0-9_]+/[a-z0-9_]+"


STRING = r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\''


def without_comments(text):
    """The text with comments and raw strings blanked out, line numbers kept."""
    pattern = re.compile(rf'R"([^(\s]*)\(.*?\)\1"|{STRING}|//[^\n]*|/\*.*?\*/', re.DOTALL)
    return pattern.sub(lambda match: match[0] if match[0][0] in "\"'" else re.sub(r"[^\n]", " ", match[0]), text)


def without_strings(line):
    return re.sub(STRING, '""', line)


def read_levels(root):
    """Level number and name of each entry of the table, and what is wrong with the table."""
    table = tomllib.loads((root / LEVELS).read_text())
    levels = {}
    problems = []
    for number, level in enumerate(table["level"]):
        for stem in level["files"]:
            if stem in levels:
                problems.append(f"{LEVELS}: {stem} is listed twice")
            levels[stem] = (number, level["name"])
    return levels, problems


def level_of(path, levels):
    """Level of a file: a row of its own, that of its header and source together, or that of its folder."""
    path = pathlib.PurePosixPath(path)
    for entry in (path.as_posix(), path.with_suffix("").as_posix(), path.parent.as_posix() + "/*"):
        if entry in levels:
            return levels[entry]
    return None


def included_path(name):
    """Path from the root of an include with quotes."""
    return "include/" + name if name.startswith("kollagen/") else name


def check(root):
    levels, problems = read_levels(root)
    sources = sorted(
        path
        for folder in FOLDERS
        for path in (root / folder).rglob("*")
        if path.suffix in (".hpp", ".cpp")
    )
    labels = collections.defaultdict(list)
    names = {path.relative_to(root).as_posix() for path in sources}

    for path in sources:
        name = path.relative_to(root).as_posix()
        own = level_of(name, levels)
        if own is None:
            problems.append(f"{name}:1: not in {LEVELS}; add it to the first level after all that it includes")
        text = path.read_text()
        if path.suffix == ".hpp":
            if not text.startswith("///"):
                problems.append(f"{name}:1: a header opens with one sentence (///) on what it is for")
            if "#pragma once" not in text:
                problems.append(f"{name}:1: #pragma once is missing")
        for number, line in enumerate(without_comments(text).split("\n"), 1):
            where = f"{name}:{number}"
            include = re.match(r'\s*#\s*include\s*([<"])([^>"]+)', line)
            if include:
                for pattern, allowed, reason in ONE_PLACE_INCLUDES:
                    if name not in allowed and re.fullmatch(pattern, include[2]):
                        problems.append(f"{where}: {include[2]}: {reason}")
                target = included_path(include[2])
                if include[1] == "<":
                    if include[2].startswith(("kollagen/", "kernels/", "host/")):
                        problems.append(f'{where}: project files are included with quotes: "{include[2]}"')
                    continue
                there = level_of(target, levels)
                if target == path.relative_to(root).with_suffix(".hpp").as_posix():
                    continue
                if there is None:
                    hint = f"not in {LEVELS}" if target in names else "no such file; name it from the root"
                    problems.append(f'{where}: "{include[2]}": {hint}')
                elif own is not None and there[0] >= own[0]:
                    problems.append(
                        f'{where}: level {own[0]} ({own[1]}) must not include "{include[2]}" '
                        f"of level {there[0]} ({there[1]})"
                    )
                continue
            for label in re.findall(LABEL, line):
                labels[label].append(where)
                if not re.fullmatch(GOOD_LABEL, label):
                    problems.append(f'{where}: kernel label "{label}" is not of the form kollagen/file/kernel')
            code = without_strings(line)
            for pattern, allowed, reason in ONE_PLACE:
                if name not in allowed and (found := re.search(pattern, code)):
                    problems.append(f"{where}: {found[0].strip(' (')}: {reason}")
            if path.suffix == ".hpp":
                for pattern, reason in HEADER_ONLY:
                    if re.search(pattern, code):
                        problems.append(f"{where}: {reason}")

    for label, places in labels.items():
        if len(places) > 1:
            problems.append(f'{places[1]}: kernel label "{label}" is taken by {places[0]}; profiles need unique ones')
    for entry in levels:
        pattern = entry[:-1] if entry.endswith("/*") else entry
        if entry != GENERATED and not any(name.startswith(pattern) for name in names):
            problems.append(f"{LEVELS}: {entry} does not exist any more; remove it")
    return sources, problems


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1]).resolve()
    sources, problems = check(root)
    if not sources:
        problems.append(f"{root}: no sources found")
    print("\n".join(problems) if problems else f"{len(sources)} files keep to the rules")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
