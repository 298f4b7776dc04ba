"""How statements are sent: as many at once as the server takes well, and never fewer counted than were sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from citygraph.http import Policy
from citygraph.rdf import Iri, Literal, Triple
from citygraph.store.server import connection, loading
from citygraph.store.server.connection import Addresses, Connection, Credentials
from citygraph.store.server.loading import Loader, read_graph
from fault_injector import Fault, FaultInjector, fault_injector
from patience import PATIENCE
from remote.conftest import BASE, started
from sparql_servers import SparqlServer

MANY = [Triple(Iri(f"{BASE}id/{n}"), Iri(f"{BASE}p"), Literal(f"{n}")) for n in range(700)]
G = Iri(f"{BASE}graph/sent")


def connection_to(server: SparqlServer, faults: FaultInjector) -> Connection:
    urls = (server.query, server.update_with_password or server.update, server.graph_store)
    policy = Policy(contact=BASE, timeout=PATIENCE, patience=PATIENCE, attempts=3, first_wait=0.002)
    login = Credentials(server.user, server.password).auth()
    return Connection(Addresses(*map(faults.through, urls)), policy, login)


def sizes(faults: FaultInjector) -> list[int]:
    """Statements in each request that brought some."""
    return [each.body.count(b"\n") for each in faults.asked if "graph=" in each.path and each.body]


def test_requests_grow_while_the_server_is_quick(oxigraph: SparqlServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "_FIRST", 100)
    monkeypatch.setattr(loading, "_QUICK", 60.0)
    with fault_injector(oxigraph.query) as faults:
        there = connection_to(oxigraph, faults)
        assert Loader(there, chunk=300).fill(G, MANY) == len(MANY)
        assert sizes(faults) == [100, 200, 300, 100]
        monkeypatch.setattr(loading, "_QUICK", 0.0)
        faults.asked.clear()
        Loader(there, chunk=300).fill(Iri(f"{G.value}/slow"), MANY)
        assert sizes(faults) == [100] * 7


def test_what_was_too_much_is_not_tried_again(oxigraph: SparqlServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "_FIRST", 400)
    monkeypatch.setattr(loading, "_QUICK", 60.0)
    with fault_injector(oxigraph.query) as faults:
        faults.will(Fault(method="POST", holds="graph=", status=413, times=1))
        assert Loader(connection_to(oxigraph, faults), chunk=700).fill(Iri(f"{G.value}/halves"), MANY) == len(MANY)
        assert sizes(faults) == [400, 200, 200, 200, 100]


@pytest.mark.parametrize("name", ["oxigraph", "virtuoso"])
def test_oxigraph_is_asked_to_load_without_a_transaction_and_a_half_taken_chunk_is_whole_in_the_end(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_UNLOGGED_FROM", 1_000)
    with started(name, tmp_path) as server, fault_injector(server.query) as faults:
        there = connection_to(server, faults)
        assert there.count(G) == 0
        faults.will(
            Fault(method="POST", holds="graph=", cut_request=20_000, skip=1 if name == "virtuoso" else 0, times=1)
        )
        assert Loader(there).fill(G, MANY) == len(MANY)
        assert set(read_graph(there, G)) == set(MANY)
        sent = [each.path for each in faults.asked if "graph=" in each.path and each.body]
        assert len(sent) > 1
        assert {"no_transaction" in path for path in sent} == {name == "oxigraph"}
