"""What goes wrong with a server is said in a sentence: which server, what it did, and what to do next."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from citygraph import Project
from citygraph.errors import CitygraphError, ConfigError, StoreError
from citygraph.http import Policy
from citygraph.rdf import Iri, Literal, Triple
from citygraph.results import Graph
from citygraph.store.server.connection import Addresses, Connection, Credentials
from citygraph.store.server.loading import Loader, read_graph
from citygraph.store.server.renaming import Renaming, lines_of
from citygraph.store.server.snapshot import ServedSnapshot
from citygraph.store.server.versions import HeldVersions
from clean_project import clean_project
from conftest import TODAY
from fault_injector import Fault, fault_injector
from misbehaving import Answer, misbehaving_server
from patience import PATIENCE
from remote.conftest import BASE, everything, held_on, logged_in, sealed, with_server
from sparql_servers import SparqlServer, free_ports, virtuoso_server

G = Iri(f"{BASE}graph/many")
MANY = [Triple(Iri(f"{BASE}id/{n}"), Iri(f"{BASE}p"), Literal(f"{n}")) for n in range(2_500)]


def count_of(number: int) -> bytes:
    cell = {"type": "literal", "value": str(number), "datatype": "http://www.w3.org/2001/XMLSchema#integer"}
    return json.dumps({"head": {"vars": ["n"]}, "results": {"bindings": [{"n": cell}]}}).encode()


def test_a_server_that_is_down_is_named(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    down = SparqlServer("none", f"http://127.0.0.1:{port}/query", f"http://127.0.0.1:{port}/update", "")
    held = held_on(down)
    with pytest.raises(StoreError, match=rf"127.0.0.1:{port} does not answer now: the connection broke") as error:
        held.ready()
    assert "runs" in error.value.fix or "Try again" in error.value.fix
    assert not (tmp_path / "build").exists()


def test_a_project_whose_server_has_no_address_says_which_line_is_missing(tmp_path: Path) -> None:
    folder = clean_project(tmp_path)
    with (folder / "graph.toml").open("a", encoding="utf-8") as file:
        file.write('\n[store]\nengine = "remote"\n')
    with pytest.raises(ConfigError, match=r"store\.endpoint does not say where") as error:
        Project.open(folder, today=TODAY).build()
    assert "endpoint =" in error.value.fix


@pytest.mark.slow
def test_a_build_on_a_server_that_is_down_leaves_nothing_half_done(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    down = SparqlServer("none", f"http://127.0.0.1:{port}/query", f"http://127.0.0.1:{port}/update", "")
    project = Project.open(with_server(clean_project(tmp_path), down, timeout=2), today=TODAY)
    with pytest.raises(StoreError, match="does not answer now"):
        project.build()
    assert project.snapshots.current() is None


def test_a_wrong_password_is_said(tmp_path: Path) -> None:
    with virtuoso_server(tmp_path) as server:
        policy = Policy(contact=BASE, timeout=PATIENCE, patience=PATIENCE, attempts=2, first_wait=0.002)
        addresses = Addresses(server.query, server.update_with_password, server.graph_store)
        connection = Connection(addresses, policy, Credentials("dba", "wrong").auth())
        with pytest.raises(StoreError, match=r"does not accept the user name and password \(HTTP 401\)") as error:
            HeldVersions(connection, BASE, tmp_path).ready()
        assert "environment" in error.value.fix


def test_a_server_that_is_only_read_is_said(oxigraph: SparqlServer) -> None:
    with fault_injector(oxigraph.query) as faults:
        faults.will(Fault(holds="update", status=403, text="The server is read-only"))
        with pytest.raises(
            StoreError, match=r"does not let us change it \(HTTP 403\): The server is read-only"
        ) as error:
            held_on(oxigraph, through=faults).ready()
    assert "right to update" in error.value.fix


def test_a_chunk_that_the_server_lost_and_confirmed_is_missed_by_the_count(
    oxigraph: SparqlServer, tmp_path: Path
) -> None:
    with fault_injector(oxigraph.query) as faults:
        held = held_on(oxigraph, through=faults)
        first = held.use(sealed(tmp_path, "counted"))
        faults.will(Fault(method="POST", holds="?graph=", status=200, times=1, text=""))
        with pytest.raises(
            StoreError, match=r"has 3 statements of the 7 sent to .*one\.ttl.* Missing is, for example: <"
        ) as error:
            held.use(sealed(tmp_path, "lost"))
    assert "nothing was switched" in error.value.fix
    current = held_on(oxigraph).current()
    assert current is not None
    assert current.load_id == first.load_id


def test_two_spellings_of_one_value_are_no_loss_where_our_own_store_merges_them_too(oxigraph: SparqlServer) -> None:
    integer = Iri("http://www.w3.org/2001/XMLSchema#integer")
    pair = [Triple(Iri(f"{BASE}x"), Iri(f"{BASE}p"), Literal(text, datatype=integer)) for text in ("1", "01")]
    assert Loader(held_on(oxigraph).connection).fill(Iri(f"{BASE}graph/spelled"), pair) == 1


def test_a_server_that_cuts_answers_is_caught_whether_it_says_so_or_not(tmp_path: Path) -> None:
    (tmp_path / "virtuoso").mkdir()
    with virtuoso_server(tmp_path / "virtuoso", most_rows=1_000) as server, logged_in(server):
        held = held_on(server, chunk=1_000)
        Loader(held.connection).fill(G, MANY)
        with pytest.raises(StoreError, match="gives at most 1000 rows, and this answer has reached that number"):
            held.connection.rows(f"SELECT ?s WHERE {{ GRAPH {G} {{ ?s ?p ?o }} }}")
        served = held.use(sealed(tmp_path, "many", things=2_500))
        for text in (
            "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }",
            "CONSTRUCT WHERE { ?s ?p ?o }",
            f"PREFIX x: <{BASE}> CONSTRUCT {{ x:a x:b ?o . ?s x:c [ x:d ?o ] }} WHERE {{ ?s x:p ?o {{ }} }} ORDER BY ?s",
        ):
            with pytest.raises(StoreError, match="gives at most 1000 rows"):
                served.query(text)
        few = served.query("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o } LIMIT 500")
        assert isinstance(few, Graph)
        assert len(few.triples) == 500
        # A whole graph is read all the same, at once or page by page, and counted.
        assert set(read_graph(held.connection, G)) == set(MANY)
        alone = Connection(Addresses(server.query), held.connection.policy)
        assert set(read_graph(alone, G, page=900)) == set(MANY)


def test_a_graph_that_the_server_cannot_give_at_once_is_read_in_pages(oxigraph: SparqlServer) -> None:
    graph = Iri(f"{BASE}graph/too-large-at-once")
    with fault_injector(oxigraph.query) as faults:
        held = held_on(oxigraph, through=faults)
        Loader(held.connection).fill(graph, MANY)
        # So Virtuoso does with a graph of more than a million statements.
        faults.will(Fault(method="GET", status=500))
        assert set(read_graph(held.connection, graph, page=700)) == set(MANY)
    assert any(each.method == "GET" for each in faults.asked)


def test_fewer_rows_than_the_server_counts_are_no_answer(tmp_path: Path) -> None:
    row = {"x": {"type": "literal", "value": "y"}}
    cut = json.dumps({"head": {"vars": ["x"]}, "results": {"bindings": [row] * 1_000}}).encode()
    with misbehaving_server() as told:
        connection = Connection(Addresses(told.address), Policy(contact=BASE, attempts=1))
        manifest = sealed(tmp_path, "cut").manifest
        served = ServedSnapshot(connection, Renaming(BASE, "cut-1", ()), manifest, tmp_path)
        told.will(Answer(cut), Answer(count_of(1_005)))
        with pytest.raises(StoreError, match="counts 1,005 rows in this answer and gave 1,000") as error:
            served.query("SELECT ?x WHERE { ?s ?p ?x }")
        assert "LIMIT and OFFSET" in error.value.fix
        told.will(Answer(cut), Answer(count_of(1_000)))
        assert len(served.query("SELECT ?x WHERE { ?s ?p ?x }")) == 1_000  # type: ignore[arg-type]


def test_a_graph_that_comes_short_in_every_way_is_refused(oxigraph: SparqlServer) -> None:
    Loader(held_on(oxigraph).connection).fill(Iri(f"{BASE}graph/short"), MANY[:50])
    with misbehaving_server() as told:
        told.will(
            Answer(count_of(3)),
            Answer(json.dumps({"head": {"vars": ["s", "p", "o"]}, "results": {"bindings": []}}).encode()),
        )
        connection = Connection(Addresses(told.address), Policy(contact=BASE, attempts=1))
        with pytest.raises(StoreError, match="counts 3 rows and gave 0"):
            read_graph(connection, G)


def test_an_answer_that_took_too_long_for_virtuoso_is_not_taken_for_whole(tmp_path: Path) -> None:
    with misbehaving_server() as told:
        told.will(Answer(count_of(0), headers={"X-SQL-State": "S1TAT", "X-SQL-Message": "RC ... processed"}))
        connection = Connection(Addresses(told.address), Policy(contact=BASE, attempts=1))
        with pytest.raises(StoreError, match="stopped before the answer was whole"):
            connection.count(G)
    assert tmp_path.exists()


def test_a_triple_term_is_refused_before_anything_is_switched(oxigraph: SparqlServer, tmp_path: Path) -> None:
    renaming = Renaming(BASE, "x-1", ())
    inner = Triple(Iri(f"{BASE}a"), Iri(f"{BASE}p"), Iri(f"{BASE}b"))
    with pytest.raises(ValueError, match="triple term"):
        [renaming.line_there(each) for each in lines_of([Triple(Iri(f"{BASE}r"), Iri(f"{BASE}reifies"), inner)])]
    held = held_on(oxigraph)
    snapshot = sealed(tmp_path, "kept")
    assert everything(held.use(snapshot)) == everything(snapshot)


def test_no_error_says_the_password(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    policy = Policy(contact=BASE, timeout=2, patience=2, attempts=1)
    connection = Connection(Addresses(f"http://127.0.0.1:{port}/"), policy, Credentials("anna", "s3cret-word").auth())
    with pytest.raises(CitygraphError) as error:
        HeldVersions(connection, BASE, tmp_path).ready()
    assert "s3cret-word" not in f"{error.value!r} {error.value} {error.value.fix} {connection!r}"
