"""Versions on a server: loaded beside the old one, switched at once, taken back, and pruned."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from citygraph import Project
from citygraph.errors import ConfigError, StoreError
from citygraph.rdf import Iri
from citygraph.store.server.capabilities import Capabilities, write_capabilities
from citygraph.store.server.connection import Addresses, Connection
from citygraph.store.server.versions import HeldVersions, Load
from clean_project import clean_project
from conftest import TODAY
from fault_injector import Fault, fault_injector
from remote.conftest import BASE, everything, held_on, sealed, with_server
from sparql_servers import SparqlServer


def graphs_on(held: HeldVersions) -> set[str]:
    """The name of every graph of ours that holds anything."""
    rows = held.connection.rows("SELECT DISTINCT ?g WHERE { GRAPH ?g { ?s ?p ?o } }")
    names = {row["g"].value for row in rows if isinstance(row["g"], Iri)}
    return {name for name in names if name.startswith(BASE)}


def test_a_version_is_asked_as_it_is_asked_here(server: SparqlServer, tmp_path: Path) -> None:
    snapshot = sealed(tmp_path, "asked")
    served = held_on(server).use(snapshot)
    assert everything(served) == everything(snapshot)
    assert served.findings() == [{"code": "x"}]
    count = served.query("SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }")
    assert count == snapshot.query("SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }")


def test_a_reader_of_the_old_version_reads_on_while_the_new_one_is_in_use(server: SparqlServer, tmp_path: Path) -> None:
    held = held_on(server)
    before = held.use(sealed(tmp_path, "before"))
    wanted = everything(before)
    after = held.use(sealed(tmp_path, "after", things=9))
    held.prune(1)
    assert everything(before) == wanted
    assert everything(after) != wanted
    assert held.versions.current() == after.load_id


def test_the_same_version_is_loaded_once_and_taken_up_again(server: SparqlServer, tmp_path: Path) -> None:
    held = held_on(server)
    one, two = sealed(tmp_path, "one"), sealed(tmp_path, "two")
    first = held.use(one)
    held.use(two)
    again = held.use(one)
    assert again.load_id == first.load_id
    assert held.use(one, fresh=True).load_id != first.load_id


def test_a_version_that_lost_a_statement_on_the_server_is_loaded_again(server: SparqlServer, tmp_path: Path) -> None:
    held = held_on(server)
    snapshot = sealed(tmp_path, "hurt")
    first = held.use(snapshot)
    merged = Iri(f"{BASE}version/{first.load_id}/merged")
    one = held.connection.rows(f"SELECT ?s ?p ?o WHERE {{ GRAPH {merged} {{ ?s ?p ?o }} }} LIMIT 1")[0]
    held.connection.update(f"DELETE DATA {{ GRAPH {merged} {{ {one['s']} {one['p']} {one['o']} }} }}")
    again = held.use(snapshot)
    assert again.load_id != first.load_id
    assert everything(again) == everything(snapshot)


def test_old_versions_go_with_all_their_graphs(server: SparqlServer, tmp_path: Path) -> None:
    held = held_on(server)
    served = [held.use(sealed(tmp_path, f"old-{n}")) for n in range(4)]
    held.prune(2)
    left = {each.load_id for each in held.versions.all()}
    assert left >= {served[2].load_id, served[3].load_id}
    assert not left & {served[0].load_id, served[1].load_id}
    for name in graphs_on(held):
        assert name == f"{BASE}versions" or any(name.startswith(f"{BASE}version/{each}/") for each in left), name


def test_a_load_that_was_broken_off_goes_an_hour_later_and_not_before(
    oxigraph: SparqlServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = sealed(tmp_path, "broken-off")
    with fault_injector(oxigraph.query) as faults:
        held = held_on(oxigraph, through=faults)
        held.use(sealed(tmp_path, "served"))
        # From its third chunk on nothing works any more, the removing of what was loaded neither.
        faults.will(Fault(holds="graph=", skip=2, reset=True), Fault(holds="DROP", status=503))
        with pytest.raises(StoreError):
            held.use(snapshot)
        faults.will()

        def unfinished() -> list[Load]:
            return [each for each in held.versions.all() if not each.issued]

        assert len(unfinished()) == 1
        held.prune(5)
        assert len(unfinished()) == 1
        monkeypatch.setattr("citygraph.store.server.versions._BROKEN_OFF", timedelta(hours=-1))
        held.prune(5)
        assert not unfinished()


def test_graphs_go_as_updates_where_there_is_no_graph_store(server: SparqlServer, tmp_path: Path) -> None:
    snapshot = sealed(tmp_path, "updates", things=25)
    urls = (server.query, server.update_with_password or server.update)
    policy, login = held_on(server).connection.policy, held_on(server).connection
    for addresses in (
        Addresses(*urls),
        Addresses(*urls, server.query.replace("/sparql", "/query").replace("/query", "/no-such-door")),
    ):
        connection = Connection(addresses, policy, login.login)
        held = HeldVersions(connection, BASE, Path("nowhere"), chunk=10)
        served = held.use(snapshot, fresh=True)
        assert everything(served) == everything(snapshot)
        assert len(list(served.quads())) == len(list(snapshot.quads()))


def test_what_doctor_found_out_is_kept_to(oxigraph: SparqlServer, tmp_path: Path) -> None:
    snapshot = sealed(tmp_path, "known", things=9)
    with fault_injector(oxigraph.query) as faults:
        connection = held_on(oxigraph, through=faults).connection
        known = Capabilities(oxigraph.query, graph_store_post=False, most_insert_triples=4)
        held = HeldVersions(connection, BASE, Path("nowhere"), known=known)
        assert everything(held.use(snapshot)) == everything(snapshot)
        assert not [asked for asked in faults.asked if asked.method == "POST" and "/store" in asked.path]
        chunks = [asked for asked in faults.asked if b"INSERT+DATA" in asked.body and b"graph%2Fone.ttl" in asked.body]
        # Ten statements, four at a time; and one update that says which graphs the version has.
        assert len(chunks) == 3 + 1


@pytest.mark.parametrize(
    ("lack", "words"),
    [
        ("default_graph_uri", "does not keep to the graphs that a query names"),
        ("trailing_values", "passes over the values behind a query"),
        ("query_form_post", "takes no query as a form"),
        ("json_results", "gives no answer in SPARQL JSON"),
    ],
)
def test_a_server_that_is_known_to_lack_what_is_needed_is_not_used(tmp_path: Path, lack: str, words: str) -> None:
    facts: dict[str, Any] = {lack: False}
    write_capabilities(tmp_path / "server.json", Capabilities("http://127.0.0.1:1/query", **facts))
    server = SparqlServer("none", "http://127.0.0.1:1/query", "", "")
    folder = with_server(clean_project(tmp_path), server, capabilities="server.json")
    with pytest.raises(ConfigError, match=rf"{re.escape(words)}.*, says server\.json"):
        Project.open(folder, today=TODAY).build()


def test_a_server_that_cannot_derive_is_used_when_it_need_not(tmp_path: Path) -> None:
    write_capabilities(
        tmp_path / "server.json", Capabilities("http://127.0.0.1:1/query", others={"insert_where": False})
    )
    server = SparqlServer("none", "http://127.0.0.1:1/query", "", "")
    project = Project.open(with_server(clean_project(tmp_path), server, capabilities="server.json"), today=TODAY)
    assert project.held is not None
