"""Growth on one machine: whole builds, then the engine alone under a memory limit, and what larger graphs will need."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench.city_graph import write_city_graph
from bench.measure_reason import once, seconds, written
from bench.network_project import write_network_project
from bench.report import Section

MEMBERSHIPS = (1_000, 10_000, 50_000)
TRIPLES = (100_000, 1_000_000, 10_000_000)
LIMIT = "2GB"
LARGER = (100_000_000, 1_000_000_000)

_BUILD = """
import json, resource, sys, time
from citygraph.load import load_files
from citygraph.project import Project

def timed(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start

project = Project.open(sys.argv[1])
found = {"build": timed(lambda: project.build(fresh=True))}
found["megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
found["read"] = timed(lambda: load_files(project.config))
snapshot = project.snapshot()
found |= snapshot.manifest.counts
found["query"] = timed(lambda: project.query("members", {"network": "Network 0"}))
found["export"] = timed(lambda: project.export(format="nq"))
print(json.dumps(found))
"""


def measure() -> Iterator[Section]:
    """The sections about growth, the whole pipeline first."""
    yield builds(MEMBERSHIPS)
    yield engine(TRIPLES)


def builds(sizes: Sequence[int]) -> Section:
    """`citygraph build`, one saved question and one export, on projects of our own model."""
    section = Section(
        "growth-build",
        "Growth: the whole pipeline",
        "A project of networks, cities and dated memberships in the project's own model, with every shape and check: "
        "`build` and what reading the files takes of it, the question `members` of one network, and an export as "
        "N-Quads. Each size in a process of its own.",
        (
            "memberships",
            "stated",
            "derived",
            "build",
            "reading",
            "question",
            "export",
            "peak memory",
            "bytes a statement",
        ),
    )
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="citygraph-bench-") as temporary:
            folder = Path(temporary) / "project"
            write_network_project(folder, memberships=size)
            found = _in_a_process(_BUILD, str(folder))
        statements = found["asserted"] + found["inferred"]
        section.rows.append((
            f"{size:,}", f"{found['asserted']:,.0f}", f"{found['inferred']:,.0f}", seconds(found["build"]),
            seconds(found["read"]), seconds(found["query"]), seconds(found["export"]), f"{found['megabytes']:,.0f} MB",
            f"{found['megabytes'] * 2**20 / statements:,.0f}",
        ))  # fmt: skip
    section.notes.append(
        "A build holds the graph in memory: the last column times the statements you expect, stated and derived, is "
        "what it needs. Reading is hashing, bounding and parsing every file: all that keeping parsed files between builds "
        "could save. In one process, as `build --watch` is, only the files that changed are read again."
    )
    return section


def engine(sizes: Sequence[int]) -> Section:
    """File to closure by both embedded engines, and the straight line through the two largest sizes."""
    section = Section(
        "growth-engine",
        "Growth: file to closure",
        f"Generated cities with equality, from a validated file to the closure. `duckdb` was given {LIMIT} and spills "
        "to disk beyond it; the dictionary of terms is in memory beside that. Each row in a process of its own.",
        ("statements", "closure", "columnar", "its memory", f"duckdb, {LIMIT}", "its memory"),
    )
    measured: list[tuple[Mapping[str, float], Mapping[str, float]]] = []
    with tempfile.TemporaryDirectory(prefix="citygraph-bench-") as temporary:
        for size in sizes:
            path = written(Path(temporary) / f"city{size}.nt", write_city_graph, size)
            pair = once("columnar", path), once("duckdb", path, "--memory-limit", LIMIT)
            path.unlink()
            measured.append(pair)
            section.rows.append(_row(*pair))
    if len(measured) > 1:
        for size in LARGER:
            section.rows.append(_row(*(_extended(measured, i, size) for i in (0, 1)), mark="≈ "))
        section.notes.append(
            "Rows with ≈ are no measurements: they lie on the straight line through the two largest sizes measured. "
            "They say which machine would be needed, and when to go to a server or a cluster instead."
        )
    return section


def _row(columnar: Mapping[str, float], duckdb: Mapping[str, float], mark: str = "") -> tuple[str, ...]:
    numbers = [f"{columnar['triples']:,.0f}", f"{mark}{columnar['closure']:,.0f}"]
    for each in (columnar, duckdb):
        numbers += [mark + seconds(each["seconds"]), f"{mark}{each['megabytes']:,.0f} MB"]
    return tuple(numbers)


def _extended(
    measured: Sequence[tuple[Mapping[str, float], Mapping[str, float]]], engine: int, triples: int
) -> dict[str, float]:
    """What a size nobody measured would need, if what the last two sizes added goes on."""
    smaller, larger = measured[-2][engine], measured[-1][engine]
    step = (triples - larger["triples"]) / (larger["triples"] - smaller["triples"])
    found = {name: larger[name] + step * (larger[name] - smaller[name]) for name in ("closure", "seconds", "megabytes")}
    return {**found, "triples": triples}


def _in_a_process(text: str, *arguments: str) -> dict[str, float]:
    command = [sys.executable, "-c", text, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    found: dict[str, float] = json.loads(done.stdout)
    return found
