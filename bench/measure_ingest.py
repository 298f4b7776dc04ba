"""A messy list of 20,000 rows taken in: seconds, memory, rows accounted for; and a plain matcher on the same names."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bench.report import Section

_ROWS = 20_000
_TESTS = Path(__file__).parents[1] / "tests"
_MAP = """list = "bench"
as_of = 2025-03-01
[columns]
city = "City"
country = "Country"
network = "Network"
status = "Status"
joined = "Member since"
latitude = "Lat"
longitude = "Long"
"""
# One process for each side, so that the memory is its own.
_OURS = """
import json, resource, sys, time
from pathlib import Path
from citygraph import Project
folder = Path(sys.argv[1])
project = Project.new(folder / "project")
began, before = time.perf_counter(), time.process_time()
done = project.ingest(folder / "list.csv", map_file=folder / "map.toml")
took, cpu = time.perf_counter() - began, time.process_time() - before
rows = {line.row: [line.outcome.value, line.member] for line in done.imported.lines}
print(json.dumps({"seconds": took, "cpu": cpu, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                  "read": done.imported.read, "rows": rows}))
"""
# What is usually written: the csv module, the name and country folded, and WRatio above 90 is the same city.
_PLAIN = """
import csv, json, resource, sys, time
from pathlib import Path
from rapidfuzz import fuzz, process, utils
began, before = time.perf_counter(), time.process_time()
lines = (Path(sys.argv[1]) / "list.csv").open(encoding="utf-8", newline="")
known, seen, rows = {}, {}, {}
for number, cells in enumerate(csv.reader(lines, delimiter=";"), start=1):
    if number < 4 or not any(cells):
        rows[number] = ["heading", ""]
        continue
    name, country = cells[0], cells[1]
    if (name, country) not in seen:
        names = known.setdefault(country, {})
        found = process.extractOne(name, list(names), scorer=fuzz.WRatio, processor=utils.default_process, score_cutoff=90)
        seen[name, country] = names.setdefault(name, f"{country} {name}") if found is None else names[found[0]]
    rows[number] = ["imported", seen[name, country]]
took, cpu = time.perf_counter() - began, time.process_time() - before
print(json.dumps({"seconds": took, "cpu": cpu, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                  "read": len(rows), "rows": rows}))
"""


def measure() -> Iterator[Section]:
    """Both sides on the same list, and how right they are for each kind of mess."""
    sys.path.insert(0, str(_TESTS))
    from messy_lists import as_csv, messy_rows  # noqa: PLC0415  # the generator that the tests use

    messy = list(messy_rows(_ROWS))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "list.csv").write_text(as_csv(messy), encoding="utf-8")
        (folder / "map.toml").write_text(_MAP, encoding="utf-8")
        sides = [_run(script, folder) for script in (_OURS, _PLAIN)]
        books = _workbooks([row.cells for row in messy], folder)
    total = len(messy) + 3
    yield Section(
        "ingest-time",
        "Taking a list in: time and memory",
        f"{len(messy):,} rows of a messy list in a new project, from the file to the files of the graph; each side in a process of "
        "its own. The plain side only reads and matches: it writes no statement and no report. Processor time does not "
        "count what other programs of the machine did meanwhile.",
        ["side", "seconds", "of the processor", "peak MB", "rows read", "rows accounted for"],
        [
            [name, f"{side['seconds']:.1f}", f"{side['cpu']:.1f}", f"{side['megabytes']:.0f}", f"{side['read']:,}",
             f"{len(side['rows']) / total:.1%}"]
            for name, side in zip(("citygraph ingest", "csv and WRatio"), sides, strict=True)
        ],
        notes=books,
    )  # fmt: skip
    yield Section(
        "ingest-quality",
        "Taking a list in: what becomes of each kind of row",
        "The list is made by the generator of the tests, by the same people as the program: real cities and invented towns, "
        "with the mess named in the first column. Right is: the same body as most sound rows of that city for the upper part of the "
        "table, and not imported for the lower. The plain side imports whatever it reads.",
        ["kind of row", "rows", "right", "csv and WRatio", "asked in the review", "refused"],
        [list(each) for each in _quality(messy, sides)],
    )


def _run(script: str, folder: Path) -> dict[str, object]:
    done = subprocess.run([sys.executable, "-c", script, str(folder)], capture_output=True, text=True, check=True)
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


def _quality(messy: list, sides: list) -> Iterator[tuple[str, ...]]:  # type: ignore[type-arg]
    matched = (
        "decorated",
        "capitals",
        "no accents",
        "mojibake",
        "quoted newline",
        "other language",
        "slip",
        "no country",
    )
    stopped = ("wrong country", "country not known", "status not known", "hostile", "total")
    members = [_members(messy, side["rows"]) for side in sides]
    for kinds, is_right in ((matched, _same), (stopped, _not_imported)):
        for kind in kinds:
            numbers = [number for number, row in enumerate(messy, start=4) if row.kind == kind]
            if not numbers:
                continue
            shares = [
                sum(is_right(messy[number - 4], side["rows"][str(number)], known) for number in numbers) / len(numbers)
                for side, known in zip(sides, members, strict=True)
            ]
            outcomes = Counter(sides[0]["rows"][str(number)][0] for number in numbers)
            yield (
                kind,
                str(len(numbers)),
                *(f"{share:.1%}" for share in shares),
                str(outcomes["review"]),
                str(outcomes["refused"]),
            )


def _members(messy: list, rows: dict[str, list[str]]) -> dict[tuple[str, str], str]:  # type: ignore[type-arg]
    """Which body most sound rows at a place on the map have: the generator gives every city a place of its own."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for number, row in enumerate(messy, start=4):
        if row.kind == "sound" and rows[str(number)][1]:
            found.setdefault(_place(row), Counter())[rows[str(number)][1]] += 1
    return {place: counts.most_common(1)[0][0] for place, counts in found.items()}


def _place(row: object) -> tuple[str, str]:
    cells = row.cells  # type: ignore[attr-defined]
    return cells[5].replace(",", "."), cells[6].replace(",", ".")


def _same(row: object, outcome: list[str], known: dict[tuple[str, str], str]) -> bool:
    return bool(outcome[1]) and outcome[1] == known.get(_place(row), outcome[1])


def _not_imported(row: object, outcome: list[str], known: dict[tuple[str, str], str]) -> bool:
    del row, known
    return not outcome[0].startswith("imported")


def _workbooks(rows: list[tuple[str, ...]], folder: Path) -> list[str]:
    """Seconds that reading the same rows from a workbook takes."""
    import xlsxwriter  # noqa: PLC0415

    from citygraph.ingest.read import read_list  # noqa: PLC0415
    from citygraph.ingest.tables import ListLimits  # noqa: PLC0415

    path = folder / "list.xlsx"
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet()
    for number, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            sheet.write_string(number, column, cell)
    book.close()
    before = time.process_time()
    read_list(path, limits=ListLimits())
    return [
        f"Reading the same rows from a workbook, within its bounds: {time.process_time() - before:.1f} s of the processor."
    ]
