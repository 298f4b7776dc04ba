"""The published folder: seconds and peak memory for the reference graph and for a graph of a million triples."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.report import Section

ROOT = Path(__file__).parents[1]
SIZES = (10_000, 100_000, 1_000_000)

_RUN = """
import json, resource, sys, tempfile, time
from datetime import date
from pathlib import Path
from bench.city_graph import write_city_graph
from citygraph import export
from citygraph.config import read_config
from citygraph.graphs import FileGraph, ProjectGraphs, graph_iri, part_of
from citygraph.publish import Edition, Tools, publish_edition
from citygraph.rdf import parse
from citygraph.store import MemoryStore

size, root = int(sys.argv[1]), Path(sys.argv[2])
config = read_config(root)
name = graph_iri(config.base, "data/cities.nt")
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "cities.nt"
    with path.open("wb") as file:
        write_city_graph(file, triples=size)
    quads = parse(path.read_bytes(), format="nt", graph_name=name).quads
    graphs = ProjectGraphs(config.base, (FileGraph("data/cities.nt", name, part_of("data/cities.nt"), "", quads),))
    edition = Edition(config, graphs, quads, (), MemoryStore(), (), date(2026, 1, 1), date(2026, 1, 1))
    tools = Tools(
        write=lambda quads, format_, prefixes: export.export_bytes(quads, format=format_, prefixes=prefixes),
        tables=export.tables_per_class,
        ask=lambda query: None,
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    outcome = publish_edition(edition, Path(folder) / "site", tools)
    seconds = time.perf_counter() - start
    assert outcome.written, [each.message.en for each in outcome.report]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"triples": len(quads), "seconds": seconds, "before": before, "peak": peak,
                  "bytes": sum(outcome.files.values())}))
"""


def measure() -> Iterator[Section]:
    """The section about publishing."""
    section = Section(
        "publish",
        "Publishing",
        "`citygraph publish` without the check of the graph: every format, packed and read back, tables, VoID, three "
        "catalogues, checksums. Each size in a process of its own.",
        ("triples", "seconds", "triples a second", "memory before", "peak memory", "folder"),
    )
    for size in SIZES:
        found = _measured(size)
        section.rows.append((
            f"{found['triples']:,.0f}",
            f"{found['seconds']:.1f}",
            f"{found['triples'] / found['seconds']:,.0f}",
            f"{found['before'] / 1024:,.0f} MB",
            f"{found['peak'] / 1024:,.0f} MB",
            f"{found['bytes'] / 1e6:,.0f} MB",
        ))  # fmt: skip
    yield section


def _measured(size: int) -> dict[str, float]:
    command = [sys.executable, "-c", _RUN, str(size), str(ROOT)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found
