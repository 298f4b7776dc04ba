"""Small queries against two other servers on the same data, and against nothing at all."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import statistics
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Sequence
from itertools import chain, cycle, islice
from pathlib import Path

import pyoxigraph

from bench.report import Section
from bench.servers import free_port, ours, peers_folder, running
from citygraph import Project
from citygraph.rdf import Quad

__all__ = ["CONNECTIONS", "against_others", "load", "lookups", "write_requests"]

ROOT = Path(__file__).parents[1]
CONNECTIONS, SECONDS, ROUNDS = 8, 3, 3
LABEL = "<http://www.w3.org/2004/02/skos/core#prefLabel>"
PEER, NOTHING = "oxigraph serve", "the same bytes to everybody"


def lookups(project: Project) -> list[str]:
    """Small queries as pages send them: the names of a thing, its types, what points to it."""
    store = project.snapshot()
    things = [row["s"] for row in store.query(f"SELECT DISTINCT ?s WHERE {{ ?s {LABEL} ?n }} ORDER BY ?s")]  # type: ignore[union-attr]
    queries = []
    for thing in things[:200]:
        queries.append(f"SELECT ?n WHERE {{ {thing} {LABEL} ?n }}")
        queries.append(f"SELECT ?c WHERE {{ {thing} a ?c }}")
        queries.append(f"SELECT ?s ?p WHERE {{ ?s ?p {thing} }} LIMIT 10")
    return queries


def _neighbours(project: Project) -> list[str]:
    """Small queries of two patterns: what a thing points to, with its names."""
    things = dict.fromkeys(query.split()[4] for query in lookups(project) if " a ?c" in query)
    return [f"SELECT ?o ?n WHERE {{ {thing} ?p ?o . ?o {LABEL} ?n }} LIMIT 10" for thing in things]


def _questions(project: Project) -> list[str]:
    """The saved queries that are small: every parameter open, and at most five milliseconds in the engine alone."""
    store = pyoxigraph.Store.read_only(str(project.snapshot().folder / "store"))
    small = []
    for saved in project.queries():
        if saved.federates:
            continue
        text = re.sub(r"^#\+.*\n", "", saved.text, flags=re.MULTILINE)
        start = time.perf_counter()
        found = store.query(text)
        if isinstance(found, pyoxigraph.QuerySolutions):
            found.serialize(format=pyoxigraph.QueryResultsFormat.JSON)
            if time.perf_counter() - start < 0.005:
                small.append(text)
    return small


def write_requests(path: Path, port: int, endpoint: str, queries: Sequence[str]) -> None:
    """A file of raw requests for the load generator."""
    requests = [
        f"GET {endpoint}?query={urllib.parse.quote(query)} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        "Accept: application/sparql-results+json\r\n\r\n"
        for query in queries
    ]
    path.write_text(json.dumps(requests), encoding="utf-8")


def load(port: int, file: Path, seconds: float = SECONDS) -> dict[str, float]:
    """What the load generator says, in a process of its own."""
    command = [
        sys.executable,
        "-m",
        "bench.load_http",
        "127.0.0.1",
        str(port),
        str(CONNECTIONS),
        str(seconds),
        str(file),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    assert not found["failures"], found
    return found


def against_others(project: Project, temporary: Path) -> Section:
    """Answers a second and latencies, the servers by turns."""
    bin_folder = peers_folder()
    triples = list(dict.fromkeys(quad.triple for quad in project.quads()))
    nt, disk = temporary / "graph.nt", temporary / "oxigraph"
    nt.write_bytes(pyoxigraph.serialize(triples, format=pyoxigraph.RdfFormat.N_TRIPLES) or b"")
    store = pyoxigraph.Store(str(disk))
    store.bulk_extend(Quad(*triple) for triple in triples)
    store.flush()
    del store
    uncached = temporary / "uncached"
    shutil.copytree(project.folder, uncached, symlinks=True)
    with (uncached / "graph.toml").open("a", encoding="utf-8") as file:
        file.write("\n[serve]\ncache = 1\n")
    ports = [free_port() for _ in range(5)]
    oxigraph = [bin_folder / "oxigraph", "serve-read-only", "--location", disk, "--bind", f"127.0.0.1:{ports[0]}"]
    rdflib = [bin_folder / "rdflib-endpoint", "serve", "--host", "127.0.0.1", "--port", str(ports[1]), nt]
    sides = {
        PEER: (ports[0], "/query", oxigraph),
        "rdflib-endpoint": (ports[1], "/", rdflib),
        "citygraph, no cache": (ports[2], "/sparql", ours(uncached, ports[2])),
        "citygraph": (ports[3], "/sparql", ours(project.folder, ports[3])),
        NOTHING: (ports[4], "/", [sys.executable, "-m", "bench.same_bytes", str(ports[4])]),
    }
    section = Section(
        "serve-others",
        "Small queries a second",
        f"{len(triples):,} triples, {CONNECTIONS} connections that each wait for their answer, {ROUNDS} rounds of "
        f"{SECONDS} seconds in which the servers take turns; medians. Lookups ask for the names, the classes or the "
        "neighbours of one thing, neighbours for these with their names; questions are the saved queries of the graph that "
        "take the engine alone at most 5 ms; in the last rows each connection asks one of each kind in turn.",
        ("queries", "server", "answers a second", "times oxigraph", "median", "p99"),
    )
    with contextlib.ExitStack() as stack:
        for port, path, command in sides.values():
            stack.enter_context(running(command, f"http://127.0.0.1:{port}{path}"))
        kinds = {"lookups": lookups(project), "neighbours": _neighbours(project), "questions": _questions(project)}
        most = max(map(len, kinds.values()))
        in_turn = zip(*(islice(cycle(each), most) for each in kinds.values()), strict=True)
        kinds["in turn"] = list(chain.from_iterable(in_turn))
        for what, queries in kinds.items():
            found: dict[str, list[dict[str, float]]] = {name: [] for name in sides}
            for _ in range(ROUNDS):
                for name, (port, path, _command) in sides.items():
                    file = temporary / "requests.json"
                    write_requests(file, port, path, queries)
                    if name == "rdflib-endpoint" and what not in {"lookups", "neighbours"}:
                        # It answers one query at a time, and some of these take it very long.
                        continue
                    if name == NOTHING and what != "lookups":
                        continue
                    found[name].append(load(port, file))
            for name, runs in found.items():
                if runs:
                    section.rows.append((what, name, *_row(runs, found[PEER])))
    section.notes.append(
        f"'{NOTHING}' is no server: a loop that reads what comes and sends one answer of 700 bytes. It is what this machine "
        "and the load generator, which shares its processors, allow anyone who is written in Python."
    )
    section.notes.append(
        "rdflib-endpoint was not given the questions: it answers one query at a time, and some would take it very long."
    )
    return section


def _row(runs: list[dict[str, float]], other: list[dict[str, float]]) -> tuple[str, ...]:
    speeds = [run["answers"] / run["seconds"] for run in runs]
    others = [run["answers"] / run["seconds"] for run in other]
    times = statistics.median(a / b for a, b in zip(speeds, others, strict=True))
    median, worst = (statistics.median(run[key] for run in runs) for key in ("p50", "p99"))
    return f"{statistics.median(speeds):,.0f}", f"{times:.2f}", f"{median:.2f} ms", f"{worst:.2f} ms"
