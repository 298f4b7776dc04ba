"""The reference graph on three engines: the embedded store, an Oxigraph server and a Virtuoso server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from citygraph import Project
from citygraph.http import Policy
from citygraph.rdf import BlankNode, Iri, Literal, Quad
from citygraph.results import Solutions
from citygraph.store import Manifest, Snapshot, SnapshotBuilder, Store
from citygraph.store.server.connection import PASSWORD, USER, Addresses, Connection, Credentials
from citygraph.store.server.versions import HeldVersions
from conftest import ROOT, TODAY, copy_project
from fault_injector import FaultInjector
from patience import PATIENCE
from sparql_servers import SparqlServer, oxigraph_server, virtuoso_server

SERVERS = ("oxigraph", "virtuoso")
BASE = "https://example.org/small/"


def with_server(folder: Path, server: SparqlServer, **more: object) -> Path:
    """The project in `folder`, with the lines in its graph.toml that put it on a server."""
    settings = {
        "engine": "remote",
        "endpoint": server.query,
        "update": server.update_with_password or server.update,
        "graph_store": server.graph_store,
        **more,
    }
    lines = [f"{key} = {value}" if isinstance(value, int) else f'{key} = "{value}"' for key, value in settings.items()]
    with (folder / "graph.toml").open("a", encoding="utf-8") as file:
        # The tests share their machine with others, and no test asserts a time.
        file.write(f"\n[limits]\ntimeout = {PATIENCE:g}\n\n[store]\n" + "\n".join(lines) + "\n")
    return folder


@contextmanager
def logged_in(server: SparqlServer) -> Iterator[None]:
    """The environment with the name and the password that the server wants, if it wants any."""
    with pytest.MonkeyPatch.context() as patch:
        if server.user:
            patch.setenv(USER, server.user)
            patch.setenv(PASSWORD, server.password)
        yield


@contextmanager
def started(name: str, folder: Path) -> Iterator[SparqlServer]:
    """A server of that make, empty."""
    start = oxigraph_server(folder) if name == "oxigraph" else virtuoso_server(folder, most_seconds=120)
    with start as server, logged_in(server):
        yield server


def held_on(server: SparqlServer, *, through: FaultInjector | None = None, chunk: int = 4) -> HeldVersions:
    """The versions of a small project on a server, asked with little patience; `through` a proxy that breaks requests."""
    urls = (server.query, server.update_with_password or server.update, server.graph_store)
    addresses = Addresses(*(through.through(url) for url in urls)) if through else Addresses(*urls)
    policy = Policy(contact=BASE, timeout=PATIENCE, patience=PATIENCE, attempts=3, first_wait=0.002)
    connection = Connection(addresses, policy, Credentials(server.user, server.password).auth())
    return HeldVersions(connection, BASE, Path("nowhere"), chunk=chunk)


def sealed(folder: Path, name: str, *, things: int = 6) -> Snapshot:
    """A sealed version with two graphs that share a statement, a blank node and an inferred graph."""
    quads = [
        Quad(Iri(f"{BASE}id/{name}-{n}"), Iri(f"{BASE}p"), Literal(f"{name} {n}"), Iri(f"{BASE}graph/one.ttl"))
        for n in range(things)
    ]
    shared = Iri(f"{BASE}id/shared"), Iri(f"{BASE}p"), BlankNode("b0")
    quads += [Quad(*shared, Iri(f"{BASE}graph/{each}.ttl")) for each in ("one", "two")]
    inferred = [Quad(quads[0].subject, Iri(f"{BASE}q"), quads[0].subject, Iri(f"{BASE}graph/inferred/2020-11-05"))]
    manifest = Manifest(
        snapshot_id=name,
        citygraph_version="0",
        base=BASE,
        as_of="2020-11-05",
        engine="columnar",
        files={},
        asserted_graphs=[f"{BASE}graph/one.ttl", f"{BASE}graph/two.ttl"],
        inferred_graph=f"{BASE}graph/inferred/2020-11-05",
        counts={"asserted": things + 1, "inferred": 1},
    )
    with SnapshotBuilder(folder / "build") as builder:
        return Snapshot(builder.seal(manifest, asserted=quads, inferred=inferred, findings=[{"code": "x"}]))


def everything(store: Store) -> tuple[object, int]:
    """The rows of the default graph, and the number of rows of the named ones."""
    rows = store.query("SELECT ?s ?p ?o WHERE { ?s ?p ?o } ORDER BY ?s ?p ?o")
    named = store.query("SELECT ?g ?s ?p ?o WHERE { GRAPH ?g { ?s ?p ?o } }")
    assert isinstance(rows, Solutions)
    assert isinstance(named, Solutions)
    # What a blank node is called is nobody's business.
    plain = tuple(tuple("blank" if isinstance(term, BlankNode) else term for term in row) for row in rows.rows)
    return frozenset(plain), len(named)


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparqlServer]:
    """Each server in turn, for the tests of one module."""
    with started(request.param, tmp_path_factory.mktemp(request.param)) as running:
        yield running


@pytest.fixture(scope="module")
def oxigraph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparqlServer]:
    """An Oxigraph server for the tests of one module."""
    with started("oxigraph", tmp_path_factory.mktemp("oxigraph")) as running:
        yield running


@pytest.fixture(scope="module")
def remote_project(server: SparqlServer, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Our own graph, built on the server."""
    folder = with_server(copy_project(ROOT, tmp_path_factory.mktemp("remote")), server)
    project = Project.open(folder, today=TODAY)
    built = project.build()
    assert built.new
    assert not built.report.violations
    return project
