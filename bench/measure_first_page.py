"""How soon the first page of a large graph comes, and what the server needs for its pages."""

from __future__ import annotations

import re
import statistics
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.city_graph import city_lines
from bench.report import Section, milliseconds
from bench.servers import answer_of, free_port, ours
from citygraph.rdf import Iri, Quad, parse
from citygraph.store import Manifest, SnapshotBuilder, Snapshots

BASE = "https://w3id.org/citygraph/"
CITIES, RUNS = 32_500, 3
PAGES = {
    "a city": "/city/city-5",
    "a network with its members": "/network/network-5",
    "a list of cities": "/city",
    "a search": "/search?q=City%20512",
    "a search with a slip": "/search?q=Netwrok%20512",
    "nothing of that name": "/city/city-x512",
}


def measure() -> Iterator[Section]:
    """The section about first pages."""
    with tempfile.TemporaryDirectory(prefix="citygraph-bench-") as temporary:
        yield _first_page(Path(temporary))


def _first_page(folder: Path) -> Section:
    number, sealed = _graph(folder)
    up, first, again, memory = [], [], [], []
    pages: dict[str, list[float]] = {name: [] for name in PAGES}
    for _ in range(RUNS):
        port = free_port()
        start = time.perf_counter()
        with _started(folder, port) as process:
            up.append(time.perf_counter() - start)
            _fetch(port, "/")
            first.append(time.perf_counter() - start)
            again.append(_fetch(port, "/"))
            for name, path in PAGES.items():
                _fetch(port, path)
                pages[name].append(_fetch(port, path))
            memory.append(_most_memory(process.pid))
    rows = [
        ("start to first answer of the endpoint", milliseconds(up)),
        ("start to first page, whole", milliseconds(first)),
        ("the first page again", milliseconds(again)),
        *((name, milliseconds(times)) for name, times in pages.items()),
        ("most memory of the server process", f"{statistics.median(memory) / 1e6:,.0f} MB"),
        ("writing the version, the directory included", milliseconds([sealed])),
    ]
    about = f"{number:,} statements of generated cities in the project's own namespace; medians of {RUNS} starts."
    return Section("first-page", "The first page of a large graph", about, ("", ""), rows)


def _graph(folder: Path) -> tuple[int, float]:
    """A version of generated cities that have pages; how many statements it has, and the seconds to write it."""
    (folder / "graph.toml").write_text('title = "Large"\n', encoding="utf-8")
    name = Iri(f"{BASE}graph/data")
    quads = list(_quads(name))
    manifest = Manifest("0000000000000001", "0", BASE, "2020-11-05", "columnar", {}, [name.value],
                        f"{BASE}graph/inferred/2020-11-05", {"asserted": len(quads), "inferred": 0})  # fmt: skip
    start = time.perf_counter()
    with SnapshotBuilder(folder / "build") as builder:
        Snapshots(folder / "build").use(builder.seal(manifest, asserted=quads, inferred=[], findings=[]))
    return len(quads), time.perf_counter() - start


def _quads(name: Iri) -> tuple[Quad, ...]:
    """The statements of `city_lines`, with classes and addresses that the pages know."""
    ontology = f"{BASE}ontology#"
    names = {"Metropolis>": "City>", "Network>": "CityNetwork>"}

    def ours_of(line: str) -> str:
        line = re.sub(r"http://data\.example\.org/(\w+)/(\d+)", rf"{BASE}id/\1-\2", line)
        return re.sub(
            r"http://example\.org/city#(Metropolis>|Network>)?", lambda m: ontology + names.get(m[1], ""), line
        )

    data = "".join(map(ours_of, city_lines(CITIES))).encode()
    return parse(data, format="nt", graph_name=name).quads


@contextmanager
def _started(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(ours(folder, port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            assert process.poll() is None, "the server ended"
            try:
                answer_of(f"http://127.0.0.1:{port}/sparql", "ASK {}")
                break
            except OSError:
                time.sleep(0.02)
        yield process
    finally:
        process.terminate()
        process.wait(30)


def _fetch(port: int, path: str) -> float:
    """Seconds until the whole page is there, whatever it says."""
    start = time.perf_counter()
    address = f"http://127.0.0.1:{port}{path}"
    try:
        with urllib.request.urlopen(address, timeout=120) as answer:
            answer.read()
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise
        error.read()
    return time.perf_counter() - start


def _most_memory(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return 1024 * int(re.findall(r"VmHWM:\s+(\d+)", status)[0])
