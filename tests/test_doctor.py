"""`doctor` finds what real servers do otherwise, catches what none of them does, and leaves nothing behind."""

from __future__ import annotations

import inspect
import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Final

import httpx
import pytest

from citygraph.doctor import Examination, Options, Outcome, Probe, advice, examine, read_probes
from citygraph.doctor.run import try_probe
from citygraph.doctor.server import BASE, ExaminedServer, ProbeClient, clean_up
from citygraph.doctor.special import SPECIAL
from citygraph.errors import ConfigError, StoreError
from citygraph.http import Policy
from citygraph.messages import texts
from citygraph.store.server.capabilities import (
    Capabilities,
    read_capabilities,
    read_results,
    write_capabilities,
)
from citygraph.store.server.connection import PASSWORD, USER, Credentials
from fault_injector import Fault, FaultInjector, fault_injector
from misbehaving import SPARQL_JSON, Answer, rows
from patience import PATIENCE, wait_until
from sparql_servers import SparqlServer, citygraph_server, oxigraph_server, virtuoso_server

Run = Callable[..., subprocess.CompletedProcess[str]]
PROBES: Final = {probe.id: probe for probe in read_probes()}
ROWS: Final = 20_000
EXPECTED: Final = Path(__file__).parent / "expected" / "capabilities"
# The tests take free ports; the files name the usual ones: for queries, updates and graphs.
ADDRESSES: Final = {
    "oxigraph": tuple(f"http://localhost:7878/{door}" for door in ("query", "update", "store")),
    "virtuoso": tuple(f"http://localhost:8890/{door}" for door in ("sparql", "sparql", "sparql-graph-crud-auth")),
}

# What engines of its kind are known for, each measured on Virtuoso 7.2.5.1: probe, verdict, words of what was seen.
VIRTUOSO: Final = {
    "all-rows": ("deviates", "10,000 of 20,000 rows, with status 200; the header X-SPARQL-MaxRows says 10000"),
    "time-out": ("deviates", "X-SQL-State: S1TAT"),
    "ask-json": ("deviates", "__ASK_RETVAL"),
    "typed-literal": ("deviates", "typed-literal"),
    "duplicates": ("deviates", "it counts 2 times"),
    "merged-graphs": ("deviates", "it counts 2 times"),
    "value-boolean": ("deviates", '"1"^^xsd:boolean'),
    "value-year": ("deviates", '"0001"^^xsd:gYear'),
    "group-concat": ("refused", "HTTP 500"),
    "having": ("refused", "HTTP 400"),
    "default-graph": ("deviates", "the union of all graphs"),
    "query-direct": ("deviates", "no answer within 8 seconds"),
    "store-head": ("refused", "HTTP 501"),
    "store-default": ("refused", "HTTP 500"),
    "store-trig": ("deviates", "HTTP 200 with a web page, and the graph has 0 triples"),
    # Found by the probes, and nowhere written down before.
    "results-csv": ("deviates", '"x","y"'),
    "results-tsv": ("deviates", '"x" | "y"'),
    "values-hidden": ("refused", "No column y"),
    "values-mixed": ("deviates", "'some text' is a uri"),
    "minus": ("deviates", "empty"),
    "decimal-division": ("deviates", '"0"^^xsd:integer'),
    "booleans": ("deviates", '"1"^^xsd:integer'),
    "paths": ("deviates", "<urn:a> <urn:p>+ ?x gives b, c, d"),
    "insert-size": ("refused", "10,000 triples, and 0 are there"),
    "value-integer": ("deviates", '"1"^^xsd:integer'),
    "value-decimal": ("deviates", '"1.5"^^xsd:decimal'),
    "value-time": ("deviates", "00:00:00Z"),
    "value-digits": ("deviates", "0.123456789012346"),
    "value-long-number": ("refused", "Invalid integer value"),
    "value-duration": ("refused", "HTTP 500"),
    "value-language": ("deviates", "nb-no"),
    "value-long": ("deviates", "by PUT: HTTP 500"),
    "gzip": ("refused", ""),
    "federation": ("refused", ""),
    "triple-terms": ("refused", ""),
}
# Oxigraph 0.5.13 rewrites literals, and keeps duplicates when two graphs are named; none of the habits above it.
OXIGRAPH: Final = {
    "gzip": ("refused", ""),
    "merged-graphs": ("deviates", "it counts 2 times"),
    "value-integer": ("deviates", '"1"^^xsd:integer'),
    "value-decimal": ("deviates", '"1.5"^^xsd:decimal'),
    "value-time": ("deviates", "00:00:00Z"),
    "value-duration": ("deviates", "P2Y"),
    "value-datatype": ("deviates", '"5"^^xsd:integer'),
    "value-language": ("deviates", "nb-no"),
}


def examined(server: SparqlServer, **options: object) -> Examination:
    credentials = Credentials(server.user, server.password) if server.user else None
    return examine(server.query, Options(**{"rows": ROWS, "timeout": 8.0, **options}), credentials=credentials)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def virtuoso(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparqlServer]:
    with virtuoso_server(tmp_path_factory.mktemp("virtuoso")) as server:
        yield server


@pytest.fixture(scope="module")
def oxigraph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparqlServer]:
    with oxigraph_server(tmp_path_factory.mktemp("oxigraph")) as server:
        yield server


@pytest.fixture(scope="module")
def of_virtuoso(virtuoso: SparqlServer) -> Examination:
    return examined(virtuoso, write=True)


@pytest.fixture(scope="module")
def of_oxigraph(oxigraph: SparqlServer) -> Examination:
    return examined(oxigraph, write=True, timeout=30.0)


def not_ok(found: Examination) -> dict[str, tuple[str, str]]:
    return {each.id: (each.verdict, each.seen) for each in found.results if each.verdict not in {"ok", "not tried"}}


def assert_found(found: Examination, expected: dict[str, tuple[str, str]]) -> None:
    seen = not_ok(found)
    assert seen.keys() == expected.keys()
    for name, (verdict, words) in expected.items():
        assert seen[name][0] == verdict, (name, seen[name])
        assert words in seen[name][1], (name, seen[name])
    assert [each.id for each in found.results if each.verdict == "not tried"] == []


# -- real servers -------------------------------------------------------------------------------------


def test_every_habit_of_virtuoso_is_found(of_virtuoso: Examination) -> None:
    assert_found(of_virtuoso, VIRTUOSO)
    assert of_virtuoso.is_usable


def test_oxigraph_has_none_of_them_but_rewrites_values(of_oxigraph: Examination) -> None:
    assert_found(of_oxigraph, OXIGRAPH)
    assert of_oxigraph.is_usable


def test_the_capabilities_of_virtuoso_follow(of_virtuoso: Examination, virtuoso: SparqlServer) -> None:
    known = of_virtuoso.capabilities
    assert (known.endpoint, known.update_endpoint, known.graph_store_endpoint) == (
        virtuoso.query,
        virtuoso.update,
        virtuoso.graph_store,
    )
    assert known.server.startswith("Virtuoso/07.20")
    assert (known.value("query_direct_post"), known.value("ask_as_select"), known.value("typed_literal")) == (
        False,
        True,
        True,
    )
    assert (known.value("most_rows"), known.value("rows_tried"), known.value("partial_on_time_out")) == (
        10_000,
        ROWS,
        True,
    )
    assert (
        known.value("union_default_graph"),
        known.value("counts_duplicates"),
        known.value("needs_default_graph_uri"),
    ) == (True, True, True)
    assert (known.default_graph_uri, known.value("merges_default_graphs")) == (True, False)
    assert (
        known.value("graph_store"),
        known.graph_store_put,
        known.value("graph_store_head"),
        known.value("trig"),
    ) == (True, True, False, False)
    assert (known.value("keeps_booleans"), known.value("keeps_years"), known.value("keeps_lexical_forms")) == (
        False,
        False,
        False,
    )
    assert (known.most_insert_triples, known.value("most_query_bytes"), known.most_graph_bytes) == (3_000, None, None)
    assert (
        known.value("update_form"),
        known.value("update_direct"),
        known.value("insert_where"),
        known.value("graph_management"),
    ) == (True,) * 4


def test_the_capabilities_of_oxigraph_follow(of_oxigraph: Examination, oxigraph: SparqlServer) -> None:
    known = of_oxigraph.capabilities
    assert (known.update_endpoint, known.graph_store_endpoint) == (oxigraph.update, oxigraph.graph_store)
    assert (known.value("query_direct_post"), known.value("ask_as_select"), known.value("typed_literal")) == (
        True,
        False,
        False,
    )
    assert (known.value("most_rows"), known.value("partial_on_time_out"), known.most_insert_triples) == (
        None,
        False,
        None,
    )
    assert (
        known.value("union_default_graph"),
        known.value("counts_duplicates"),
        known.value("needs_default_graph_uri"),
    ) == (False,) * 3
    assert (
        known.value("graph_store"),
        known.value("graph_store_head"),
        known.value("graph_store_default"),
        known.value("trig"),
    ) == (True,) * 4
    assert (known.value("keeps_booleans"), known.value("keeps_years"), known.value("keeps_lexical_forms")) == (
        True,
        True,
        False,
    )


def test_a_union_of_graphs_is_found_on_oxigraph_too(tmp_path: Path) -> None:
    with oxigraph_server(tmp_path, arguments=["--union-default-graph"]) as server:
        found = not_ok(examined(server, write=True, timeout=30.0))
    assert {"default-graph", "duplicates"} <= found.keys()


def test_our_own_server_is_asked_like_any_other(built_folder: Path) -> None:
    with citygraph_server(built_folder) as server:
        found = examined(server, timeout=30.0)
    assert found.is_usable
    assert not_ok(found).keys() == {"federation", "long-query", "default-graph"}
    assert found.capabilities.value("most_query_bytes") == 10_000
    assert {each.id for each in found.results if each.verdict == "not tried"} == {
        *(probe.id for probe in PROBES.values() if probe.writes),
        "store-default",
    }


def test_every_probe_is_fine_on_one_server_at_least(of_virtuoso: Examination, of_oxigraph: Examination) -> None:
    fine = {each.id for found in (of_virtuoso, of_oxigraph) for each in found.results if each.verdict == "ok"}
    # gzip is fine on our own server; both of these rewrite the values, see the tests of answers as they should be.
    assert PROBES.keys() - fine == {
        "gzip", "merged-graphs", "value-integer", "value-decimal", "value-time", "value-duration", "value-language",
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", ["oxigraph", "virtuoso"])
def test_the_capabilities_in_the_docs_are_those_of_the_servers(
    name: str, request: pytest.FixtureRequest, pytestconfig: pytest.Config
) -> None:
    found: Examination = request.getfixturevalue(f"of_{name}")
    path = EXPECTED / f"{name}.json"
    query, update, store = ADDRESSES[name]
    known = replace(found.capabilities, endpoint=query, update_endpoint=update, graph_store_endpoint=store)
    if pytestconfig.getoption("--rewrite-expected"):
        write_capabilities(path, known, found.results)
    assert replace(read_capabilities(path), date="") == replace(known, date="")
    assert [(each.id, each.verdict) for each in read_results(path)] == [
        (each.id, each.verdict) for each in found.results
    ]


# -- every probe catches a server that deviates -------------------------------------------------------


def page(status: int = 200) -> Answer:
    return Answer(b"<!DOCTYPE html><html></html>", status, "text/html")


def number(value: int) -> Answer:
    return Answer(rows(str(value)))


WRONG: Final = Answer(rows("wrong"))
NOTHING_DONE: Final = Answer(b"", 204, "")
IS_SELECT: Final = "SELECT"
# What Virtuoso does itself is not played here.
PLAYED: Final[dict[str, Fault]] = {
    "query-form": Fault(method="POST", status=415),
    "select-json": Fault(method="POST", answer=page()),
    "query-get": Fault(method="GET", status=405),
    "results-xml": Fault(answer=Answer(b"<sparql><results>", type="application/sparql-results+xml")),
    "construct-ntriples": Fault(answer=Answer(b"<urn:a> <urn:b> 'x", type="application/n-triples")),
    "construct-turtle": Fault(answer=page()),
    "bad-query": Fault(answer=Answer(rows())),
    "service-description": Fault(answer=Answer(b"<urn:a> <urn:b> <urn:c> .", type="text/turtle")),
    "aggregates": Fault(answer=WRONG),
    "values-behind": Fault(answer=WRONG),
    "exists": Fault(answer=Answer(rows())),
    "subquery": Fault(answer=WRONG),
    "letters": Fault(answer=WRONG),
    "long-query": Fault(holds="x" * 90, skip=1, status=413),
    "update-form": Fault(holds="update=", answer=NOTHING_DONE),
    "update-direct": Fault(holds="/update", answer=Answer(b"", 415, "")),
    "update-where": Fault(holds="WHERE", method="POST", answer=NOTHING_DONE),
    "update-sequence": Fault(holds="DELETE", answer=NOTHING_DONE),
    "move-graph": Fault(holds="MOVE", answer=NOTHING_DONE),
    "store-put": Fault(method="PUT", skip=1, answer=NOTHING_DONE),
    "store-get": Fault(method="GET", answer=Answer(b"<urn:citygraph:probe:s> <urn:", type="application/n-triples")),
    "store-post": Fault(method="POST", holds="graph=", answer=NOTHING_DONE),
    "store-delete": Fault(method="DELETE", answer=NOTHING_DONE),
    "graph-size": Fault(method="PUT", skip=1, status=413),
    "default-graph-uri": Fault(holds="default-graph-uri", answer=number(0)),
    "value-letters": Fault(holds=IS_SELECT, answer=WRONG),
    "value-escapes": Fault(holds=IS_SELECT, answer=WRONG),
}


@pytest.fixture
def between(oxigraph: SparqlServer) -> Iterator[FaultInjector]:
    with fault_injector(oxigraph.query) as injector:
        yield injector


@pytest.fixture
def bench(between: FaultInjector, oxigraph: SparqlServer) -> Iterator[ExaminedServer]:
    """What the probes work with, at a real server behind the proxy; nothing is left there."""
    client = ProbeClient(Policy(contact="tests@example.org", timeout=30.0, sleep=lambda _: None), None)
    query, update, store = (between.through(each) for each in (oxigraph.query, oxigraph.update, oxigraph.graph_store))
    known: dict[str, bool | int | None] = {"update_form": True}
    at_hand = ExaminedServer(client, query, update, store, can_write=True, rows_to_ask=ROWS, facts=known)
    yield at_hand
    between.will()
    at_hand.facts = {"update_form": True}
    assert clean_up(at_hand) == []


def tried(name: str, bench: ExaminedServer) -> Outcome:
    bench.client.begin()
    return try_probe(bench, PROBES[name])


def test_each_probe_has_a_server_that_deviates() -> None:
    assert not PLAYED.keys() & VIRTUOSO.keys()
    assert PLAYED.keys() | VIRTUOSO.keys() | OXIGRAPH.keys() == PROBES.keys()


@pytest.mark.parametrize("name", PLAYED)
def test_a_deviation_that_no_real_server_shows_is_caught(
    name: str, between: FaultInjector, bench: ExaminedServer
) -> None:
    assert tried(name, bench).verdict == "ok"
    assert clean_up(bench) == []
    between.will(PLAYED[name])
    outcome = tried(name, bench)
    assert outcome.verdict in {"deviates", "refused"}, outcome
    assert outcome.seen or name == "gzip"
    assert PLAYED[name].done, "the fault was never met"


def test_a_web_page_instead_of_every_answer_is_never_fine(between: FaultInjector, bench: ExaminedServer) -> None:
    between.will(Fault(answer=page()))
    assert [name for name in PROBES if tried(name, bench).verdict == "ok"] == ["query-form"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", b'{"head":{},"results":{}}', b'{"boolean":3}', b"\xff", b"[" * 9999]
)
def test_broken_json_is_a_deviation_and_no_error_of_ours(
    body: bytes, between: FaultInjector, bench: ExaminedServer
) -> None:
    between.will(Fault(answer=Answer(body, type=SPARQL_JSON)))
    assert [name for name in PROBES if tried(name, bench).verdict == "ok"] == ["query-form"]


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        ("results-xml", Answer(b"<sparql>" + b"<a>" * 50_000, type="application/sparql-results+xml"), "too deep"),
        (
            "results-xml",
            Answer(b'<!DOCTYPE a [<!ENTITY b "c">]><sparql>&b;</sparql>', type="application/sparql-results+xml"),
            "entities",
        ),
        ("service-description", Answer(b"<urn:a> <urn:b> " + b"[" * 50_000, type="text/turtle"), "too many levels"),
        (
            "store-get",
            Answer(b"<urn:a> <urn:b> " + b"<<( <urn:a> <urn:b> " * 50_000, type="application/n-triples"),
            "cannot be read",
        ),
        ("results-csv", Answer(b"x\x1b[2J\x1b]0;owned\x07", type="text/csv"), "x·[2J·]0;owned·"),
        ("value-letters", Answer(rows("x" * 5_000)), " …"),
    ],
)
def test_an_answer_that_would_harm_us_is_a_deviation(
    name: str, answer: Answer, words: str, between: FaultInjector, bench: ExaminedServer
) -> None:
    between.will(Fault(holds="SELECT" if answer.type == SPARQL_JSON else "", skip=name == "store-get", answer=answer))
    outcome = tried(name, bench)
    assert outcome.verdict == "deviates"
    assert words in outcome.seen
    assert len(outcome.seen) < 400


def test_an_answer_that_drips_is_ended(between: FaultInjector, bench: ExaminedServer) -> None:
    bench.client = ProbeClient(Policy(contact="tests@example.org", timeout=1.0), None)
    between.will(Fault(answer=Answer(rows("1"), drip=0.1)))
    assert tried("query-get", bench).seen == "no answer within 1 second"
    between.will(Fault(answer=Answer(drip_headers=True, drip=0.1)))
    assert tried("query-get", bench).seen == "no answer within 1 second"


def test_a_cut_without_a_header_is_found(between: FaultInjector, bench: ExaminedServer) -> None:
    between.will(Fault(holds="SELECT+%3Fv0", answer=Answer(rows(*map(str, range(100))))))
    outcome = tried("all-rows", bench)
    assert (outcome.verdict, outcome.facts["most_rows"]) == ("deviates", 100)
    assert "no header says so" in outcome.seen


def test_a_part_of_the_answer_without_a_header_is_found(between: FaultInjector, bench: ExaminedServer) -> None:
    between.will(Fault(skip=1, answer=number(17)))
    outcome = tried("time-out", bench)
    assert outcome.verdict == "deviates"
    assert "no header says so" in outcome.seen


def test_an_error_is_the_right_answer_to_a_query_that_takes_too_long(
    between: FaultInjector, bench: ExaminedServer
) -> None:
    between.will(Fault(skip=2, status=504))
    assert tried("time-out", bench).verdict == "ok"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("value-integer", {"value": "01", "datatype": "integer"}),
        ("value-decimal", {"value": "1.50", "datatype": "decimal"}),
        ("value-time", {"value": "2020-01-01T00:00:00+00:00", "datatype": "dateTime"}),
        ("value-duration", {"value": "P1Y12M", "datatype": "duration"}),
        ("value-language", {"value": "By", "xml:lang": "nb-NO"}),
    ],
)
def test_values_as_they_should_be_are_fine(
    name: str, value: dict[str, str], between: FaultInjector, bench: ExaminedServer
) -> None:
    if "datatype" in value:
        value = {**value, "datatype": f"http://www.w3.org/2001/XMLSchema#{value['datatype']}"}
    document = {"head": {"vars": ["o"]}, "results": {"bindings": [{"o": {"type": "literal", **value}}]}}
    between.will(Fault(holds=IS_SELECT, answer=Answer(json.dumps(document).encode())))
    assert tried(name, bench).verdict == "ok"


def test_graphs_that_are_merged_and_answers_that_are_packed_are_fine(
    between: FaultInjector, bench: ExaminedServer
) -> None:
    between.will(Fault(holds="default-graph-uri", answer=number(1)))
    assert tried("merged-graphs", bench).verdict == "ok"
    between.will(Fault(answer=Answer(rows("1"), packed=True)))
    assert tried("gzip", bench).verdict == "ok"


# -- a server in trouble ------------------------------------------------------------------------------


def everything_of_ours(server: SparqlServer) -> int:
    query = f'SELECT (COUNT(*) AS ?n) {{ GRAPH ?g {{ ?s ?p ?o }} FILTER(STRSTARTS(STR(?g), "{BASE}")) }}'
    answer = httpx.post(
        server.query, data={"query": query}, headers={"Accept": SPARQL_JSON}, trust_env=False, timeout=PATIENCE
    )
    return int(answer.json()["results"]["bindings"][0]["n"]["value"])


def through(injector: FaultInjector, server: SparqlServer, **options: object) -> Examination:
    addresses = {"update": injector.through(server.update), "graph_store": injector.through(server.graph_store)}
    # What takes a server seconds is tried elsewhere.
    injector.faults.append(Fault(holds="timeout=1000", status=504))
    return examined(
        SparqlServer("", injector.through(server.query), "", "", user=server.user, password=server.password),
        **addresses,
        **{"rows": 100, **options},
    )


def test_nothing_is_left_on_the_servers(
    of_virtuoso: Examination, of_oxigraph: Examination, virtuoso: SparqlServer, oxigraph: SparqlServer
) -> None:
    assert (of_virtuoso.left_behind, of_oxigraph.left_behind) == ((), ())
    assert [everything_of_ours(server) for server in (virtuoso, oxigraph)] == [0, 0]


@pytest.mark.parametrize("fault", [Fault(reset=True), Fault(lose_answer=True), Fault(status=500), Fault(cut_answer=3)])
def test_what_was_written_is_removed_from_a_server_in_trouble(
    fault: Fault, between: FaultInjector, oxigraph: SparqlServer
) -> None:
    # From the fortieth request on the server fails ten times, in the middle of what writes.
    fault.skip, fault.times = 40, 10
    between.will(fault)
    found = through(between, oxigraph, write=True, timeout=30.0)
    assert fault.done == 10
    assert found.left_behind == ()
    assert everything_of_ours(oxigraph) == 0


def test_what_was_written_is_removed_when_somebody_stops_us(virtuoso: SparqlServer) -> None:
    def stop(what: str, done: int, total: int) -> None:
        del what, total
        if done == list(PROBES).index("value-letters"):
            assert everything_of_ours(virtuoso) > 0
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        examine(
            virtuoso.query,
            Options(write=True, timeout=30.0),
            credentials=Credentials(virtuoso.user, virtuoso.password),
            progress=stop,
        )
    assert everything_of_ours(virtuoso) == 0


def test_what_was_written_is_removed_when_the_program_is_ended(between: FaultInjector, oxigraph: SparqlServer) -> None:
    between.will(Fault(holds="timeout=1000", status=504), Fault(holds="value-escapes", delay=2.0))
    addresses = ["--update", between.through(oxigraph.update), "--graph-store", between.through(oxigraph.graph_store)]
    command = [
        sys.executable,
        "-m",
        "citygraph",
        "doctor",
        "-e",
        between.through(oxigraph.query),
        "--write",
        *addresses,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:

        def has_begun() -> bool:
            assert process.poll() is None
            return any(b"value-escapes" in each.body for each in list(between.asked))

        wait_until(has_begun, "the probe in which the program is ended")
        assert everything_of_ours(oxigraph) > 0
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert everything_of_ours(oxigraph) == 0


def test_graphs_that_cannot_be_removed_are_named(between: FaultInjector, oxigraph: SparqlServer, run: Run) -> None:
    between.will(Fault(holds="DROP", status=403), Fault(method="DELETE", status=403))
    addresses = ["--update", between.through(oxigraph.update), "--graph-store", between.through(oxigraph.graph_store)]
    done = run("doctor", "--endpoint", between.through(oxigraph.query), *addresses, "--write", "--timeout", "30")
    assert done.returncode == 1
    named = re.findall(rf"DROP GRAPH <({BASE}[^>]+)>", done.stderr)
    assert len(named) > 10
    between.will()
    for graph in named:
        httpx.post(oxigraph.update, data={"update": f"DROP GRAPH <{graph}>"}, trust_env=False, timeout=PATIENCE)
    assert everything_of_ours(oxigraph) == 0


def test_without_leave_nothing_is_written(between: FaultInjector, oxigraph: SparqlServer) -> None:
    through(between, oxigraph, timeout=30.0)
    assert {each.method for each in between.asked} == {"GET", "POST"}
    assert not [each for each in between.asked if b"update=" in each.body or "/update" in each.path]
    assert not [each for each in between.asked if each.method == "POST" and "/store" in each.path]


def test_all_that_is_written_has_a_name_of_ours(between: FaultInjector, oxigraph: SparqlServer) -> None:
    through(between, oxigraph, write=True, timeout=30.0)
    stored = [each for each in between.asked if "/store" in each.path and each.method != "GET"]
    assert len(stored) > 10
    for each in stored:
        assert "citygraph%3Aprobe%3A" in each.path or each.body.startswith(b"<urn:citygraph:probe:"), each
    updates = [each.body for each in between.asked if "/update" in each.path]
    assert len(updates) > 20
    for body in updates:
        graphs = re.findall(rb"GRAPH(?:\+|%20| )(?:%3C|<)(.{20,30})", body)
        assert graphs, body[:200]
        assert all(each.replace(b"%3A", b":").startswith(BASE.encode()) for each in graphs), body[:200]


def test_a_server_that_hangs_hangs_nobody() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(StoreError, match="no answer within 1 second"):
            examine(f"http://127.0.0.1:{silent.getsockname()[1]}/sparql", Options(timeout=1.0))


def test_a_server_that_stops_answering_is_left_alone(between: FaultInjector, oxigraph: SparqlServer) -> None:
    between.will(Fault(skip=10, reset=True))
    found = through(between, oxigraph)
    verdicts = [each.verdict for each in found.results]
    assert verdicts.count("deviates") == 3
    assert {each.seen for each in found.results if each.verdict == "not tried"} == {"the server has stopped answering"}
    assert len(between.asked) == 13


def test_a_server_that_asks_us_to_wait_is_waited_for(between: FaultInjector, bench: ExaminedServer) -> None:
    waits: list[float] = []
    bench.client = ProbeClient(Policy(contact="tests@example.org", sleep=waits.append), None)
    between.will(Fault(status=429, retry_after="7", times=2))
    assert try_probe(bench, PROBES["query-get"]).verdict == "ok"
    assert waits == [7, 7]
    between.will(Fault(status=429, retry_after="3600"))
    assert "wait 3600 seconds" in try_probe(bench, PROBES["query-get"]).seen
    assert waits == [7, 7]


def test_a_redirect_is_not_followed(between: FaultInjector, oxigraph: SparqlServer, bench: ExaminedServer) -> None:
    between.will(Fault(answer=Answer(b"", 307, "", {"Location": oxigraph.query})))
    outcome = tried("query-form", bench)
    assert (outcome.verdict, outcome.seen) == ("refused", "HTTP 307")


def test_an_answer_without_end_is_ended(between: FaultInjector, bench: ExaminedServer) -> None:
    bench.client = ProbeClient(Policy(contact="tests@example.org", most_bytes=1_000), None)
    between.will(Fault(answer=Answer(b"x" * 5_000)))
    assert "larger than 1,000 bytes" in try_probe(bench, PROBES["select-json"]).seen


# -- the command --------------------------------------------------------------------------------------


def test_the_command_reports_and_keeps_a_file(virtuoso: SparqlServer, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "virtuoso.json"
    secrets = {USER: virtuoso.user, PASSWORD: virtuoso.password}
    done = run("doctor", "-e", virtuoso.query, "--write", "--timeout", "8", "--file", str(path), **secrets)
    assert done.returncode == 0, done.stderr
    assert "ask-json: Is the answer to ASK in JSON a boolean?" in done.stdout
    assert "citygraph can use this server" in done.stdout
    assert "graph by graph through the graph store; long texts by updates." in done.stdout
    known = read_capabilities(path)
    assert known.value("most_rows") == 10_000
    assert {each.id: each.verdict for each in read_results(path)} == {
        **dict.fromkeys(PROBES, "ok"),
        **{name: verdict for name, (verdict, _) in VIRTUOSO.items()},
    }


def test_the_command_gives_json(oxigraph: SparqlServer, run: Run) -> None:
    done = run("doctor", "-e", oxigraph.query, "--format", "json", "--rows", "345", "--timeout", "30")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["capabilities"]["rows_tried"] == 300
    assert [each["id"] for each in document["probes"]] == list(PROBES)


def test_what_is_no_sparql_server_is_not_usable(between: FaultInjector, oxigraph: SparqlServer, run: Run) -> None:
    between.will(Fault(answer=page()))
    done = run("doctor", "-e", between.through(oxigraph.query))
    assert done.returncode == 1
    assert "citygraph cannot use this server." in done.stdout
    assert len(between.asked) == 3


def test_a_locked_door_says_what_to_set(virtuoso: SparqlServer, run: Run) -> None:
    done = run("doctor", "-e", virtuoso.update_with_password)
    assert done.returncode == 2
    assert USER in done.stderr
    done = run("doctor", "-e", virtuoso.update_with_password, **{USER: "dba", PASSWORD: "swordfish"})
    assert done.returncode == 2
    assert "swordfish" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("ftp://127.0.0.1/sparql", "is not the address"),
        ("sparql", "is not the address"),
        ("http://kari:secret@127.0.0.1/sparql", "A password does not belong in an address"),
        ("http://127.0.0.1:1/sparql", "does not answer"),
    ],
)
def test_an_address_that_is_none_is_refused(address: str, words: str) -> None:
    with pytest.raises(StoreError, match=words) as refused:
        examine(address)
    assert refused.value.fix
    assert "secret" not in refused.value.message


def test_a_server_elsewhere_is_told_who_asks() -> None:
    with pytest.raises(ConfigError, match="contact") as refused:
        examine("https://sparql.example.org/sparql")
    assert "--contact" in refused.value.fix


# -- advice -------------------------------------------------------------------------------------------


def advised(**known: bool | int | None) -> dict[str, str]:
    fine: dict[str, bool | int | None] = {"query_form_post": True, "json_results": True, "ntriples": True, **known}
    said = advice(Capabilities.of({"endpoint": "http://127.0.0.1/sparql"}, fine))
    return {what: words.en for what, words in said}


def test_advice_follows_the_capabilities() -> None:
    assert "--write" in advised()["load"]
    assert "not possible" in advised(update_form=False, update_direct=False, graph_store_put=False)["load"]
    assert advised(graph_store_put=True)["load"] == "graph by graph through the graph store."
    assert "at most 100,000 bytes" in advised(graph_store_put=True, most_graph_bytes=100_000)["load"]
    assert "at most 3,000" in advised(update_form=True, graph_store_put=False, most_insert_triples=3_000)["load"]
    assert advised(update_form=True, insert_where=False)["derive"] == "here, before loading."
    assert "naming the graph" in advised(default_graph_uri=True, needs_default_graph_uri=True)["ask"]
    assert "cannot be told apart" in advised(default_graph_uri=False)["ask"]
    assert "not possible" in advised(query_form_post=False)["ask"]
    assert "fewer than 10,000 rows" in advised(most_rows=10_000)["export"]
    assert "not possible" in advised(ntriples=False)["export"]


# -- the table of probes ------------------------------------------------------------------------------


def test_every_probe_has_one_way_to_be_tried() -> None:
    data = {probe.id for probe in PROBES.values() if probe.is_data}
    assert not SPECIAL.keys() & data
    assert SPECIAL.keys() | data == PROBES.keys()
    assert len(PROBES) == len(read_probes())
    ways = [[each.query, each.update, each.steps, each.literal] for each in PROBES.values()]
    assert [way for way in ways if sum(map(bool, way)) > 1] == []


def test_what_writes_says_so() -> None:
    own = {name for name, function in SPECIAL.items() if "server.graphs.new" in inspect.getsource(function)}
    data = {
        each.id for each in PROBES.values() if each.update or each.steps or each.literal or each.fill or each.counts
    }
    assert all(PROBES[name].writes for name in own | data)
    assert {"insert-size", "graph-size", "store-head", "paths", "value-language", "store-put"} <= own | data


def test_every_probe_settles_a_capability_and_every_capability_has_a_probe(of_oxigraph: Examination) -> None:
    settled = {probe.fact for probe in PROBES.values()}
    about = {"endpoint", "update_endpoint", "graph_store_endpoint", "server", "date", "others"}
    assert {each.name for each in fields(Capabilities)} - about <= settled
    assert of_oxigraph.capabilities.others.keys() - settled == {"graph_store", "needs_default_graph_uri", "rows_tried"}


@pytest.mark.parametrize("probe", PROBES.values(), ids=lambda probe: probe.id)
def test_every_probe_says_what_it_asks_what_that_means_and_what_to_do(probe: Probe) -> None:
    for language in ("nb", "en"):
        assert probe.question.in_language(language).endswith("?")
        assert probe.means.in_language(language).endswith(".")
        assert probe.fix.in_language(language).endswith(".")
    assert probe.question.nb != probe.question.en
    assert probe.spec


def test_the_report_is_wholly_in_the_language_of_the_reader(oxigraph: SparqlServer, run: Run) -> None:
    options = ["-e", oxigraph.query, "--rows", "100", "--timeout", "30", "--write", "--all"]
    said = {
        language: " ".join(run("doctor", *options, CITYGRAPH_LANG=language).stdout.split()) for language in ("nb", "en")
    }
    for key, each in texts("doctor").items():
        nb, en = (" ".join(re.sub(r"\{[^}]*\}", "|", part).split()).strip("|") for part in (each.nb, each.en))
        if "|" in nb or nb == en or " " not in nb or " " not in en or en in nb or nb in en:
            continue
        assert en not in said["nb"], key
        assert nb not in said["en"], key
    for probe in PROBES.values():
        assert probe.question.nb in said["nb"]
        assert probe.question.en in said["en"]


def test_all_that_is_said_of_a_probe_belongs_to_one() -> None:
    said = {key.split(".")[1] for key in texts("doctor") if key.startswith("probe.")}
    assert said == PROBES.keys()
    assert [key for key, each in texts("doctor").items() if not (each.nb and each.en)] == []
