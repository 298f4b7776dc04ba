"""The endpoint against two other servers on the same data, and what it costs: workers, versions, memory, a siege."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import pyoxigraph

from bench.city_graph import city_lines
from bench.report import Section, milliseconds, paired
from bench.servers import answer_of, free_port, memory_of, ours, peers_folder, running
from citygraph import Project
from citygraph.rdf import Iri, Quad, parse
from citygraph.store import Manifest, SnapshotBuilder, Snapshots
from citygraph.store.asking import Bounds, Question
from citygraph.store.merging import Merged
from citygraph.store.sharing import Share
from citygraph.store.worker import answer
from citygraph.store.workers import Pool

ROOT = Path(__file__).parents[1]
CONNECTIONS, SECONDS, ROUNDS = 8, 3, 3
SOAK_SECONDS = float(os.environ.get("CITYGRAPH_SOAK_SECONDS", "300"))
LABEL = "<http://www.w3.org/2004/02/skos/core#prefLabel>"


def measure() -> Iterator[Section]:
    """The sections about serving."""
    with tempfile.TemporaryDirectory(prefix="citygraph-bench-") as temporary:
        folder = Path(temporary) / "graph"
        folder.mkdir()
        for name in ("ontology", "data", "queries"):
            shutil.copytree(ROOT / name, folder / name)
        shutil.copy(ROOT / "graph.toml", folder)
        project = Project.open(folder)
        project.build()
        yield _against_others(project, Path(temporary))
        yield _worker_path(project)
        yield _new_version(project)
        yield _million(Path(temporary) / "million")
        yield _siege(project)


# -- against others ---------------------------------------------------------------------------------


def _lookups(project: Project) -> list[str]:
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
    """Small queries of two patterns, which a worker answers: what a thing points to, with its names."""
    things = dict.fromkeys(query.split()[4] for query in _lookups(project) if " a ?c" in query)
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


def _write_requests(path: Path, port: int, endpoint: str, queries: Sequence[str]) -> None:
    requests = [
        f"GET {endpoint}?query={urllib.parse.quote(query)} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        "Accept: application/sparql-results+json\r\n\r\n"
        for query in queries
    ]
    path.write_text(json.dumps(requests), encoding="utf-8")


def _load(port: int, file: Path, seconds: float = SECONDS) -> dict[str, float]:
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


def _against_others(project: Project, temporary: Path) -> Section:
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
    ports = [free_port() for _ in range(4)]
    oxigraph = [bin_folder / "oxigraph", "serve-read-only", "--location", disk, "--bind", f"127.0.0.1:{ports[0]}"]
    rdflib = [bin_folder / "rdflib-endpoint", "serve", "--host", "127.0.0.1", "--port", str(ports[1]), nt]
    sides = {
        "oxigraph serve": (ports[0], "/query", oxigraph),
        "rdflib-endpoint": (ports[1], "/", rdflib),
        "citygraph, no cache": (ports[2], "/sparql", ours(uncached, ports[2])),
        "citygraph": (ports[3], "/sparql", ours(project.folder, ports[3])),
    }
    section = Section(
        "serve-others",
        "Small queries a second",
        f"{len(triples):,} triples, {CONNECTIONS} connections that each wait for their answer, {ROUNDS} rounds of "
        f"{SECONDS} seconds in which the servers take turns; medians. Lookups ask for the names, the classes or the "
        "neighbours of one thing, neighbours for these with their names; questions are the saved queries of the graph that take the engine alone at most 5 ms.",
        ("queries", "server", "answers a second", "times oxigraph", "median", "p99"),
    )
    with contextlib.ExitStack() as stack:
        for port, path, command in sides.values():
            stack.enter_context(running(command, f"http://127.0.0.1:{port}{path}"))
        kinds = (
            ("lookups", _lookups(project)),
            ("neighbours", _neighbours(project)),
            ("questions", _questions(project)),
        )
        for what, queries in kinds:
            found: dict[str, list[dict[str, float]]] = {name: [] for name in sides}
            for _ in range(ROUNDS):
                for name, (port, path, _command) in sides.items():
                    file = temporary / "requests.json"
                    _write_requests(file, port, path, queries)
                    if what == "questions" and name == "rdflib-endpoint":
                        # It answers one query at a time, and some of these take it very long.
                        continue
                    found[name].append(_load(port, file))
            for name, runs in found.items():
                if runs:
                    section.rows.append((what, name, *_row(runs, found["oxigraph serve"])))
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


# -- the worker path ----------------------------------------------------------------------------------


class _Nowhere:
    """A pipe that takes everything, for the work of a worker without a worker."""

    def sendall(self, data: bytes) -> None:
        """Take it."""


def _worker_path(project: Project) -> Section:
    snapshot = project.snapshot()
    store = pyoxigraph.Store.read_only(str(snapshot.folder / "store"))
    merged, bounds, questions = Merged(store), Bounds(), [Question(text) for text in _lookups(project)]

    def here() -> None:
        for question in questions:
            answer(store, question, _Nowhere(), bounds, merged)  # type: ignore[arg-type]  # what a pipe does

    def engine_alone() -> None:
        for question in questions:
            found = store.query(question.text)
            assert isinstance(found, pyoxigraph.QuerySolutions)
            found.serialize(format=pyoxigraph.QueryResultsFormat.JSON)

    async def run() -> list[list[float]]:
        pool = Pool(snapshot.folder, snapshot.snapshot_id, bounds=bounds, share=Share())
        await pool.start()
        times: list[list[float]] = [[], [], []]
        for _ in range(5):
            for side, work in ((0, engine_alone), (1, here)):
                times[side] += paired(work, runs=1)[0]
            start = time.perf_counter()
            for question in questions:
                reply = pool.ask(question)
                await reply.begun
                reply.take()
            times[2].append(time.perf_counter() - start)
        await pool.close(patience=0)
        return times

    times = [[each / len(questions) for each in side] for side in asyncio.run(run())]
    micro = [statistics.median(side) * 1e6 for side in times]
    return Section(
        "serve-worker-path",
        "What a worker costs a query",
        f"{len(questions)} lookups one after the other, per query; the sides take turns.",
        ("where", "per query", "more than the line above"),
        [
            ("the engine alone, in this process", f"{micro[0]:.0f} µs", ""),
            ("with the check of the text and our own writers", f"{micro[1]:.0f} µs", f"{micro[1] - micro[0]:.0f} µs"),
            ("in a worker, there and back", f"{micro[2]:.0f} µs", f"{micro[2] - micro[1]:.0f} µs"),
        ],
    )


# -- a new version --------------------------------------------------------------------------------------


def _change(project: Project, number: int) -> str:
    """Another version of the graph: a comment more in one file is enough for a name of its own."""
    path = min((project.folder / "data").rglob("*.ttl"))
    with path.open("a", encoding="utf-8") as file:
        file.write(f"# {number}\n")
    return Project.open(project.folder).build().snapshot_id


def _new_version(project: Project) -> Section:
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}/sparql"
    times: list[float] = []
    with running(ours(project.folder, port), endpoint):
        for number in range(5):
            snapshot_id = _change(project, number)
            start = time.perf_counter()
            while not answer_of(endpoint, "ASK {}")[1].startswith(f'"{snapshot_id}'):
                time.sleep(0.005)
            times.append(time.perf_counter() - start)
    return Section(
        "serve-new-version",
        "From build to served",
        "From the end of `citygraph build` to the first answer of the new version; the old one answers until then.",
        ("", "median", "longest"),
        [("new version served after", milliseconds(times), milliseconds([max(times)]))],
    )


# -- a million triples ----------------------------------------------------------------------------------


def _million(folder: Path) -> Section:
    folder.mkdir()
    (folder / "graph.toml").write_text('title = "A million"\n', encoding="utf-8")
    name = Iri("https://w3id.org/citygraph/graph/data")
    data = "".join(line if line.endswith("\n") else line + "\n" for line in city_lines(54_000)).encode()
    quads = parse(data, format="nt", graph_name=name).quads
    number = len(quads)
    manifest = Manifest("0000000000000001", "0", "https://w3id.org/citygraph/", "2020-11-05", "columnar", {}, [name.value],
                        "https://w3id.org/citygraph/graph/inferred/2020-11-05", {"asserted": number, "inferred": 0})  # fmt: skip
    with SnapshotBuilder(folder / "build") as builder:
        Snapshots(folder / "build").use(builder.seal(manifest, asserted=quads, inferred=[], findings=[]))
    del quads, data
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}/sparql"
    rows: list[Sequence[str]] = []
    start = time.perf_counter()
    with running(ours(folder, port), endpoint) as process:
        rows.append(("start to first answer", f"{time.perf_counter() - start:.1f} s"))
        total, processes = memory_of(process.pid)
        rows.append((f"memory of {processes} processes after the start", f"{total / 1e6:,.0f} MB"))
        heavy = (
            "SELECT ?c (COUNT(*) AS ?n) WHERE { ?s a ?c } GROUP BY ?c",
            "SELECT (COUNT(DISTINCT ?o) AS ?n) WHERE { ?s ?p ?o }",
            "SELECT ?s WHERE { ?s ?p ?o } ORDER BY ?o LIMIT 10",
            "SELECT * WHERE { ?s ?p ?o } LIMIT 90000",
        )
        for query in heavy * 3:
            with contextlib.suppress(OSError):
                answer_of(endpoint, query)
        total, _ = memory_of(process.pid)
        rows.append(("memory after a dozen heavy queries", f"{total / 1e6:,.0f} MB"))
        chance = random.Random(7)
        cities = [chance.randrange(54_000) for _ in range(3000)]
        file = folder / "requests.json"
        queries = [f"SELECT ?p ?o WHERE {{ <http://data.example.org/city/{city}> ?p ?o }}" for city in cities]
        _write_requests(file, port, "/sparql", queries)
        found = _load(port, file)
        rows.append(("lookups a second, 3,000 of them again and again", f"{found['answers'] / found['seconds']:,.0f}"))
    about = f"{number:,} triples of generated cities, each in a named graph and in the default graph; four workers."
    return Section("serve-million", "A million triples", about, ("", ""), rows)


# -- a siege ----------------------------------------------------------------------------------------------


def _workers_of(pid: int) -> list[int]:
    def children(parent: int) -> list[int]:
        files = Path(f"/proc/{parent}/task").glob("*/children")
        return [int(child) for file in files for child in file.read_text(encoding="ascii").split()]

    return list(chain.from_iterable(children(each) for each in children(pid)))


def _every(seconds: float, stop: threading.Event, work: Callable[[int], None]) -> threading.Thread:
    def run() -> None:
        number = 0
        while not stop.wait(seconds):
            number += 1
            work(number)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def _status(address: str) -> int:
    """The status of an answer; nought when there is none."""
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:  # noqa: S310  # http
            answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def _siege(project: Project) -> Section:
    with (project.folder / "graph.toml").open("a", encoding="utf-8") as settings:
        # Workers are to answer, and not the cache.
        settings.write("\n[serve]\ncache = 1\n")
    project = Project.open(project.folder)
    project.build()
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}/sparql"
    builds, kills, hostile = [0], [0], [0]
    pages: list[int] = []
    with running(ours(project.folder, port), endpoint) as process, tempfile.TemporaryDirectory() as temporary:
        file = Path(temporary) / "requests.json"
        # With a comment a lookup is no text that needs no worker.
        _write_requests(file, port, "/sparql", [f"{query} # {place}" for place, query in enumerate(_lookups(project))])
        chance = random.Random(7)

        def build(number: int) -> None:
            _change(project, 1000 + number)
            builds[0] += 1

        def kill(number: int) -> None:
            del number
            with contextlib.suppress(OSError, IndexError):
                os.kill(chance.choice(_workers_of(process.pid)), signal.SIGKILL)
                kills[0] += 1

        def harm(number: int) -> None:
            del number
            with contextlib.suppress(OSError):
                answer_of(endpoint, f"ASK {{ FILTER({'!' * 15000}true) }}")
            hostile[0] += 1

        def visit(number: int) -> None:
            del number
            pages.append(_status(f"http://127.0.0.1:{port}/queries/members.csv"))

        stop = threading.Event()
        threads = [_every(6, stop, build), _every(1.5, stop, kill), _every(2, stop, harm), _every(0.5, stop, visit)]
        try:
            found = _load(port, file, SOAK_SECONDS)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        health = json.loads(answer_of(endpoint.replace("/sparql", "/health"), "")[0])
        total, _ = memory_of(process.pid)
    return Section(
        "serve-siege",
        "Load while versions change and workers die",
        f"{SOAK_SECONDS:.0f} seconds of lookups, without the cache, on {CONNECTIONS} connections, with builds, workers killed from outside "
        "and queries that end their worker. Beside them a saved question is asked as a page twice a second. `python -m bench serve --soak 30` makes it shorter.",
        ("", ""),
        [
            ("answers", f"{found['answers']:,}"),
            ("failed", f"{found['failures']:,.0f}"),
            ("saved questions asked as pages", str(len(pages))),
            ("of them failed", str(sum(status != 200 for status in pages))),
            ("builds", str(builds[0])),
            ("workers killed from outside", str(kills[0])),
            ("queries that ended their worker", str(hostile[0])),
            ("p99", f"{found['p99']:.1f} ms"),
            ("memory at the end", f"{total / 1e6:,.0f} MB"),
            ("workers at the end", str(health["pool"]["workers"])),
        ],
    )
