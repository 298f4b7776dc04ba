"""The same graph embedded, on an Oxigraph server and on a Virtuoso server: load, reason, query, export.

`CITYGRAPH_SERVER_TRIPLES="100000,1000000"` chooses the sizes.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from pathlib import Path
from typing import TypeVar

from bench.city_graph import TRIPLES_PER_CITY, VOCABULARY, city_lines, vocabulary_lines
from bench.report import Section
from citygraph import export
from citygraph.http import Policy
from citygraph.rdf import Iri, Quad, parse
from citygraph.reason import close_with
from citygraph.results import Solutions
from citygraph.store import Manifest, Snapshot, SnapshotBuilder
from citygraph.store.server.connection import Addresses, Connection, Credentials
from citygraph.store.server.versions import HeldVersions

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from sparql_servers import SparqlServer, oxigraph_server, virtuoso_server

SIZES = tuple(int(each) for each in os.environ.get("CITYGRAPH_SERVER_TRIPLES", "100000,1000000").split(","))
BASE = "https://w3id.org/citygraph/"
ASSERTED, INFERRED = f"{BASE}graph/data/cities.ttl", f"{BASE}graph/inferred/2020-11-05"
PATIENCE = 7_200
BUFFERS = 170_000  # of 8 kB each, what Virtuoso advises for 2 GB of memory
CHUNK = 100_000
QUERIES = {
    "names of one thing": "SELECT ?n WHERE { <http://data.example.org/city/1> <http://www.w3.org/2000/01/rdf-schema#label> ?n }",
    "members of a network": """SELECT ?city ?name WHERE { ?city <http://example.org/city#memberOfNetwork> <http://data.example.org/network/1> ;
        <http://www.w3.org/2000/01/rdf-schema#label> ?name }""",
    "members of each network": """SELECT ?network (COUNT(*) AS ?n) WHERE { ?city <http://example.org/city#memberOfNetwork> ?network }
        GROUP BY ?network ORDER BY ?network""",
    "things of each class": "SELECT ?c (COUNT(*) AS ?n) WHERE { ?s a ?c } GROUP BY ?c ORDER BY ?c",
}
_Result = TypeVar("_Result")


@dataclass
class Measured:
    """Seconds of each stage on one engine, and what must be the same on all of them."""

    seconds: dict[str, float] = field(default_factory=dict)
    answers: dict[str, Solutions] = field(default_factory=dict)

    def stage(self, name: str, work: Callable[[], _Result]) -> _Result:
        """What the work gives; its time is kept, and said at once."""
        start = time.perf_counter()
        result = work()
        self.seconds[name] = time.perf_counter() - start
        print(f"  {name}: {self.seconds[name]:.2f} s", flush=True)
        return result


def measure() -> Iterator[Section]:
    """The section of each size, and again whenever there is more to say."""
    for size in SIZES:
        with tempfile.TemporaryDirectory(prefix="citygraph-bench-") as temporary:
            yield from _size(size, Path(temporary))


def _size(size: int, folder: Path) -> Iterator[Section]:
    quads = _graph(size)
    engines = {"embedded": Measured()}
    print(f"{len(quads):,} statements, embedded", flush=True)
    snapshot = _embedded(quads, folder / "build", engines["embedded"])
    for name in SERVERS:
        engines[name] = Measured()
        with _running(name, folder / name) as (server, held):
            _served(server, held, snapshot, engines[name])
    wanted = engines["embedded"].answers
    assert all(each.answers == wanted for each in engines.values()), "the engines do not answer alike"
    triples = [quad.triple for quad in quads]
    inferred = frozenset(quad.triple for quad in snapshot.inferred())
    yield _section(size, engines, len(triples), len(inferred))


def _section(size: int, engines: dict[str, Measured], asserted: int, inferred: int) -> Section:
    stages = list(dict.fromkeys(chain.from_iterable(each.seconds for each in engines.values())))
    rows: list[Sequence[str]] = [
        (stage, *(f"{each.seconds[stage]:.3g} s" if stage in each.seconds else "–" for each in engines.values()))
        for stage in stages
    ]
    return Section(
        f"servers-{size}",
        f"The graph on a server: {asserted:,} statements",
        f"City graph, {asserted:,} statements and {inferred:,} derived, in requests of at most {CHUNK:,} statements. "
        "Loading on a server is both graphs and the merged one, counted. Every store gave the same answers; "
        "queries are medians of five.",
        ("stage", *engines),
        rows,
    )


def _graph(size: int) -> list[Quad]:
    head = vocabulary_lines(VOCABULARY)
    lines = chain(head, city_lines(max(1, round((size - len(head)) / TRIPLES_PER_CITY))))
    return list(dict.fromkeys(parse("".join(lines).encode(), format="nt", graph_name=Iri(ASSERTED)).quads))


def _virtuoso(folder: Path) -> AbstractContextManager[SparqlServer]:
    return virtuoso_server(folder, most_rows=1_000_000, most_seconds=PATIENCE, buffers=BUFFERS)


def _embedded(quads: list[Quad], folder: Path, measured: Measured) -> Snapshot:
    triples = [quad.triple for quad in quads]
    closure = measured.stage("reason upstream", lambda: set(close_with("columnar", triples).inferred()))
    inferred = [Quad(t.subject, t.predicate, t.object, Iri(INFERRED)) for t in closure]
    manifest = Manifest(
        "bench",
        "0",
        BASE,
        date(2020, 11, 5).isoformat(),
        "columnar",
        {},
        [ASSERTED],
        INFERRED,
        {"asserted": len(quads)},
    )

    def seal() -> Path:
        with SnapshotBuilder(folder) as builder:
            return builder.seal(manifest, asserted=quads, inferred=inferred, findings=[])

    snapshot = Snapshot(measured.stage("load", seal))
    _ask(snapshot, measured)
    measured.stage("export", lambda: export.export_bytes([*snapshot.asserted(), *snapshot.inferred()], format="nq"))
    return snapshot


def _ask(snapshot: Snapshot, measured: Measured) -> None:
    for name, text in QUERIES.items():
        times = []
        for _ in range(5):
            start = time.perf_counter()
            answer = snapshot.query(text)
            times.append(time.perf_counter() - start)
        measured.seconds[f"query: {name}"] = statistics.median(times)
        assert isinstance(answer, Solutions)
        ordered = answer.rows if "ORDER BY" in text else tuple(sorted(answer.rows, key=str))
        measured.answers[name] = Solutions(answer.columns, ordered)


@contextmanager
def _running(name: str, folder: Path) -> Iterator[tuple[SparqlServer, HeldVersions]]:
    """An empty server of that make, and the versions that it holds."""
    print(folder.name, flush=True)
    folder.mkdir()
    with SERVERS[name](folder) as server:
        policy = Policy(contact=BASE, timeout=PATIENCE, patience=PATIENCE, most_bytes=4_000_000_000)
        addresses = Addresses(server.query, server.update_with_password or server.update, server.graph_store)
        connection = Connection(addresses, policy, Credentials(server.user, server.password).auth())
        yield server, HeldVersions(connection, BASE, Path("nowhere"), chunk=CHUNK)
        connection.close()


def _served(server: SparqlServer, held: HeldVersions, snapshot: Snapshot, measured: Measured) -> None:
    served = measured.stage("load", lambda: held.use(snapshot))
    _ask(served, measured)
    size = measured.stage("export", lambda: len(export.export_bytes(served.quads(), format="nq")))
    assert size, f"{server.name} gave nothing"


SERVERS: dict[str, Callable[[Path], AbstractContextManager[SparqlServer]]] = {
    "Oxigraph server": oxigraph_server,
    "Virtuoso": _virtuoso,
}
