"""The published folder and the site in it: seconds and peak memory for the reference graph and for a graph of a million triples."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.report import Section

ROOT = Path(__file__).parents[1]
# Fewer or others: BENCH_PUBLISH_SIZES=10000,100000 python -m bench publish
SIZES = tuple(int(each) for each in os.environ.get("BENCH_PUBLISH_SIZES", "10000,100000,1000000").split(","))
SITE_SIZES = tuple(int(each) for each in os.environ.get("BENCH_SITE_SIZES", "0,2000").split(","))

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
        write=lambda quads, format_, prefixes, into: export.write_graph(quads, into, format=format_, prefixes=prefixes),
        tables=export.class_tables,
        ask=lambda query: None,
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, begun = time.perf_counter(), time.process_time()
    outcome = publish_edition(edition, Path(folder) / "site", tools)
    seconds, processor = time.perf_counter() - start, time.process_time() - begun
    assert outcome.written, [each.message.en for each in outcome.report]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"triples": len(quads), "seconds": seconds, "processor": processor, "before": before, "peak": peak,
                  "bytes": sum(outcome.files.values())}))
"""

_RUN_SITE = """
import json, random, resource, shutil, sys, tempfile, time
from pathlib import Path
from citygraph import Project
from citygraph.web.site import write_site

more, root = int(sys.argv[1]), Path(sys.argv[2])
random.seed(more)
letters = "abdefghijklmnoprstuvy"
with tempfile.TemporaryDirectory() as name:
    folder = Path(name) / "graph"
    for part in ("ontology", "data", "queries"):
        shutil.copytree(root / part, folder / part)
    shutil.copy(root / "graph.toml", folder / "graph.toml")
    prefixes = {
        "cg": "https://w3id.org/citygraph/ontology#", "id": "https://w3id.org/citygraph/id/",
        "country": "http://publications.europa.eu/resource/authority/country/",
        "prov": "http://www.w3.org/ns/prov#", "skos": "http://www.w3.org/2004/02/skos/core#",
        "source": "https://w3id.org/citygraph/source/",
    }
    lines = [f"@prefix {prefix}: <{iri}> .\\n" for prefix, iri in prefixes.items()]
    for number in range(more):
        word = "".join(random.choices(letters, k=14)).capitalize()
        lines.append(
            f'id:place-more-{number} a cg:City ; skos:prefLabel "{word}"@nb , "{word}"@en ; cg:inCountry country:NOR ;'
            " prov:wasDerivedFrom source:geonames .\\n"
        )
    (folder / "data" / "more.ttl").write_text("".join(lines) if more else "", encoding="utf-8")
    project = Project.open(folder)
    done = {}

    def timed(public, target, progress):
        before = set(target)
        started, begun = time.perf_counter(), time.process_time()
        found = write_site(public, target, progress)
        done["seconds"] = time.perf_counter() - started
        done["processor"] = time.process_time() - begun
        done["pages"] = sum(path.endswith(".html") for path in target if path not in before)
        done["files"] = sum(1 for path in target if path not in before)
        done["bytes"] = sum(target.sizes[path] for path in target if path not in before)
        return found

    outcome = project.publish(Path(name) / "site", site=timed)
    assert outcome.written, [each.message.en for each in outcome.report.violations]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"peak": peak, **done}))
"""


def measure() -> Iterator[Section]:
    """The sections about publishing."""
    yield measure_folder()
    yield measure_site()


def measure_folder() -> Section:
    """Publishing without a site, size by size."""
    section = Section(
        "publish",
        "Publishing",
        "`citygraph publish` without the check of the graph: every format, packed and read back, tables, VoID, three "
        "catalogues, checksums. Each size in a process of its own.",
        (
            "triples",
            "seconds",
            "of the processor",
            "triples a processor second",
            "memory before",
            "peak memory",
            "folder",
        ),
    )
    for size in SIZES:
        found = _measured(size)
        section.rows.append((
            f"{found['triples']:,.0f}",
            f"{found['seconds']:.1f}",
            f"{found['processor']:.1f}",
            f"{found['triples'] / found['processor']:,.0f}",
            f"{found['before'] / 1024:,.0f} MB",
            f"{found['peak'] / 1024:,.0f} MB",
            f"{found['bytes'] / 1e6:,.0f} MB",
        ))  # fmt: skip
    return section


def measure_site() -> Section:
    """The reference graph as a site, and with more cities."""
    section = Section(
        "publish-site",
        "Publishing a site",
        "What `citygraph publish --site` adds: the reference graph with its pages in two languages, their files, answers and "
        "proofs; then with more cities. The processor is that of the process that writes; a second one answers the questions. "
        "Peak memory is that of the whole run.",
        ("more cities", "pages", "files", "seconds", "of the processor", "pages a second", "peak memory", "folder"),
    )
    for size in SITE_SIZES:
        found = _measured(size, _RUN_SITE)
        section.rows.append((
            f"{size:,}",
            f"{found['pages']:,.0f}",
            f"{found['files']:,.0f}",
            f"{found['seconds']:.0f}",
            f"{found['processor']:.0f}",
            f"{found['pages'] / found['seconds']:,.0f}",
            f"{found['peak'] / 1024:,.0f} MB",
            f"{found['bytes'] / 1e6:,.0f} MB",
        ))  # fmt: skip
    return section


def _measured(size: int, program: str = _RUN) -> dict[str, float]:
    command = [sys.executable, "-c", program, str(size), str(ROOT)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found
