"""The endpoint against two other servers on the same data, and what it costs: workers, versions, memory, a siege."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import statistics
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import pyoxigraph

from bench.city_graph import city_lines
from bench.report import Section, milliseconds, paired
from bench.servers import answer_of, free_port, memory_of, ours, running
from bench.small_queries import CONNECTIONS, against_others, load, lookups, write_requests
from citygraph import Project
from citygraph.rdf import Iri, parse
from citygraph.store import Manifest, SnapshotBuilder, Snapshots
from citygraph.store.pool import Pool
from citygraph.store.protocol import Bounds, Question
from citygraph.store.turns import Share
from citygraph.store.worker import Merged, answer

ROOT = Path(__file__).parents[1]
SOAK_SECONDS = float(os.environ.get("CITYGRAPH_SOAK_SECONDS", "300"))


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
        yield against_others(project, Path(temporary))
        yield _worker_path(project)
        yield _new_version(project)
        yield _million(Path(temporary) / "million")
        yield _siege(project)


# -- the worker path ----------------------------------------------------------------------------------


class _Nowhere:
    """A pipe that takes everything, for the work of a worker without a worker."""

    def sendall(self, data: bytes) -> None:
        """Take it."""


def _worker_path(project: Project) -> Section:
    snapshot = project.snapshot()
    store = pyoxigraph.Store.read_only(str(snapshot.folder / "store"))
    merged, bounds, questions = Merged(store), Bounds(), [Question(text) for text in lookups(project)]

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
        write_requests(file, port, "/sparql", queries)
        found = load(port, file)
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
        files = [Path(temporary) / f"{name}.json" for name in ("workers", "lookups")]
        # With a comment a lookup is no text that needs no worker; without one the server answers it.
        write_requests(
            files[0], port, "/sparql", [f"{query} # {place}" for place, query in enumerate(lookups(project))]
        )
        write_requests(files[1], port, "/sparql", lookups(project))
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
            with ThreadPoolExecutor(2) as both:
                found = list(both.map(lambda file: load(port, file, SOAK_SECONDS), files))
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        health = json.loads(answer_of(endpoint.replace("/sparql", "/health"), "")[0])
        total, _ = memory_of(process.pid)
    return Section(
        "serve-siege",
        "Load while versions change and workers die",
        f"{SOAK_SECONDS:.0f} seconds of lookups, without the cache, on {CONNECTIONS} connections for workers and on as many "
        "without, with builds, workers killed from outside and queries that end their worker. Beside them a saved question is asked as a page twice a second. `python -m bench serve --soak 30` makes it shorter.",
        ("", ""),
        [
            ("answers of workers", f"{found[0]['answers']:,}"),
            ("answers without a worker", f"{found[1]['answers']:,}"),
            ("failed", f"{sum(each['failures'] for each in found):,.0f}"),
            ("saved questions asked as pages", str(len(pages))),
            ("of them failed", str(sum(status != 200 for status in pages))),
            ("builds", str(builds[0])),
            ("workers killed from outside", str(kills[0])),
            ("queries that ended their worker", str(hostile[0])),
            ("p99 of workers", f"{found[0]['p99']:.1f} ms"),
            ("p99 without a worker", f"{found[1]['p99']:.1f} ms"),
            ("memory at the end", f"{total / 1e6:,.0f} MB"),
            ("workers at the end", str(health["pool"]["workers"])),
        ],
    )
