"""The remote client against a server that misbehaves in each known way, and against a real one."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from citygraph.errors import ConfigError, QueryError, StoreError, StoreTimeout
from citygraph.exchange import DiskCache
from citygraph.http import Policy, one_at_a_time, retry_after
from citygraph.rdf import BlankNode, Iri, Literal, Triple
from citygraph.results import Graph, Solutions, Truth, read_json_answer
from citygraph.store.endpoint import RemoteStore
from misbehaving import Answer, Misbehaving, rows

ASK = "SELECT ?x WHERE { ?s ?p ?x }"
GOOD = Answer(rows("a", "b"))


def values(answer: object) -> list[str]:
    assert isinstance(answer, Solutions)
    return [row["x"].value for row in answer if isinstance(row["x"], Literal | Iri)]


def test_it_says_who_it_is_and_asks_for_one_type_packed(server: Misbehaving, policy: Policy) -> None:
    server.will(replace(GOOD, packed=True))
    assert values(RemoteStore(server.address, policy).query(ASK)) == ["a", "b"]
    (asked,) = server.asked
    assert asked.headers["user-agent"].startswith("citygraph/")
    assert "tests@example.org" in asked.headers["user-agent"]
    assert (asked.headers["accept"], asked.headers["accept-encoding"]) == ("application/sparql-results+json", "gzip")
    assert (asked.method, parse_qs(asked.body.decode())) == ("POST", {"query": [ASK]})


@pytest.mark.parametrize("contact", ["", "  ", "a\nb"])
def test_without_a_contact_nobody_is_asked(server: Misbehaving, contact: str) -> None:
    with pytest.raises(ConfigError, match="contact"):
        RemoteStore(server.address, Policy(contact=contact))


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_server_is_asked_again_when_it_says(
    server: Misbehaving, policy: Policy, waits: list[float], status: int
) -> None:
    server.will(Answer(b"busy", status=status, type="text/plain", headers={"Retry-After": "7"}), GOOD)
    assert values(RemoteStore(server.address, policy).query(ASK)) == ["a", "b"]
    assert len(waits) == 1
    assert 7 <= waits[0] <= 9


def test_waits_without_a_hint_grow_and_end(server: Misbehaving, policy: Policy, waits: list[float]) -> None:
    server.will(Answer(status=503))
    with pytest.raises(StoreError, match="HTTP 503"):
        RemoteStore(server.address, policy).query(ASK)
    assert len(server.asked) == policy.attempts
    assert all(0.5 * 2**number <= wait <= 2**number for number, wait in enumerate(waits))


def test_a_wait_beyond_our_patience_is_told_and_not_begun(
    server: Misbehaving, policy: Policy, waits: list[float]
) -> None:
    server.will(Answer(status=429, headers={"Retry-After": "3600"}))
    with pytest.raises(StoreError) as refused:
        RemoteStore(server.address, policy).query(ASK)
    assert "3600 seconds" in refused.value.fix
    assert (waits, len(server.asked)) == ([], 1)


def test_a_date_is_a_wait_too() -> None:
    now = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
    assert retry_after({"Retry-After": "Mon, 23 Nov 2026 12:00:30 GMT"}, now) == 30
    assert retry_after({"Retry-After": "soon"}, now) is None
    assert retry_after({}, now) is None


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_other_refusals_are_not_repeated(server: Misbehaving, policy: Policy, status: int) -> None:
    server.will(Answer(b"no such luck", status=status, type="text/plain"))
    with pytest.raises(QueryError if status == 400 else StoreError, match="no such luck"):
        RemoteStore(server.address, policy).query(ASK)
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_question_is_not_sent_on(server: Misbehaving, policy: Policy, status: int) -> None:
    server.will(Answer(status=status, headers={"Location": server.address + "/other"}), GOOD)
    with pytest.raises(StoreError, match="elsewhere"):
        RemoteStore(server.address, policy).query(ASK)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(b"<html>Log in</html>", type="text/html; charset=utf-8"), "a web page"),
        (Answer(rows("a")[:-9]), "cut the answer"),
        (Answer(rows("a"), announce=len(rows("a")) + 50), "cut the answer"),
        (Answer(b"[]"), "cut the answer"),
        (Answer(b'{"head":{"vars":["x"]},"results":{"bindings":[{"x":{"type":"odd","value":"1"}}]}}'), "cut"),
        (Answer(b'{"boolean": 1}'), "cut the answer"),
        (Answer(b"not packed", headers={"Content-Encoding": "gzip"}), "not packed as it says"),
        (Answer(rows("a"), headers={"Content-Encoding": "br"}), "packed with br"),
        (Answer(rows("a"), headers={"X-SQL-State": "S1TAT", "X-SQL-Message": "anytime"}), "before the answer was whole"),
        (Answer(rows("a", "b"), headers={"X-SPARQL-MaxRows": "2"}), "at most 2 rows"),
        (Answer(b"x" * 3000), "larger than"),
        (Answer(b"x" * 3_000_000, packed=True), "larger than"),
    ],
)  # fmt: skip
def test_an_answer_that_is_not_one_is_an_error(
    server: Misbehaving, policy: Policy, answer: Answer, says: str, tmp_path: Path
) -> None:
    server.will(answer)
    policy = replace(policy, most_bytes=2000, cache=DiskCache(tmp_path, 60))
    with pytest.raises(StoreError, match=says):
        RemoteStore(server.address, policy).query(ASK)
    assert not list(tmp_path.rglob("*.gz")), "a bad answer must not be kept"


def test_a_limit_that_was_not_reached_is_fine(server: Misbehaving, policy: Policy) -> None:
    server.will(Answer(rows("a"), headers={"X-SPARQL-MaxRows": "2"}))
    assert values(RemoteStore(server.address, policy).query(ASK)) == ["a"]


def test_a_graph_that_is_cut_between_two_lines_is_noticed(server: Misbehaving, policy: Policy) -> None:
    line = b"<urn:a> <urn:b> <urn:c> .\n"
    server.will(Answer(line, type="application/n-triples", announce=2 * len(line)))
    with pytest.raises(StoreError, match="cut"):
        RemoteStore(server.address, policy).query("CONSTRUCT WHERE { ?s ?p ?o }")


@pytest.mark.parametrize("slow", [Answer(rows("a"), drip=0.05), Answer(drip=0.05, drip_headers=True)])
def test_a_slow_drip_ends_at_the_deadline(server: Misbehaving, policy: Policy, slow: Answer) -> None:
    server.will(slow)
    with pytest.raises(StoreTimeout, match=r"within 0\.4 seconds"):
        RemoteStore(server.address, policy).query(ASK, timeout=0.4)
    server.will(GOOD)
    assert values(RemoteStore(server.address, policy).query(ASK)) == ["a", "b"]


def test_nobody_home_is_an_error_of_the_store(policy: Policy) -> None:
    with pytest.raises(StoreError, match="cannot be reached"):
        RemoteStore("http://127.0.0.1:9/sparql", policy).query(ASK)
    with pytest.raises(StoreError, match="not the address"):
        RemoteStore("file:///etc/passwd", policy)


def test_a_kept_answer_is_not_asked_for_again_until_it_is_old(
    server: Misbehaving, policy: Policy, tmp_path: Path
) -> None:
    server.will(GOOD)
    store = RemoteStore(server.address, replace(policy, cache=DiskCache(tmp_path, 60)))
    assert values(store.query(ASK)) == values(store.query(ASK)) == ["a", "b"]
    assert len(server.asked) == 1
    old = RemoteStore(server.address, replace(policy, cache=DiskCache(tmp_path, -1)))
    assert values(old.query(ASK)) == ["a", "b"]
    assert len(server.asked) == 2


def test_a_server_is_asked_one_thing_at_a_time() -> None:
    inside: list[int] = []
    most: list[int] = []

    def ask() -> None:
        with one_at_a_time("example.org", 0.01):
            inside.append(1)
            most.append(len(inside))
            inside.pop()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 8
    assert time.monotonic() - began >= 7 * 0.01


def test_values_are_terms_and_never_text(server: Misbehaving, policy: Policy) -> None:
    server.will(GOOD)
    store = RemoteStore(server.address, policy)
    evil = '" } } ; DROP ALL # \n\\'
    store.ask("SELECT ?x WHERE { ?s ?p ?x }", values={"x": [Literal(evil), Iri("urn:a")]})
    sent = parse_qs(server.asked[0].body.decode())["query"][0]
    assert sent.endswith('VALUES ?x { "\\" } } ; DROP ALL # \\n\\\\" <urn:a> }')
    with pytest.raises(QueryError, match="not a column"):
        store.query("SELECT ?x WHERE { ?s ?p ?x }", bind={"s": Iri("urn:a")})
    with pytest.raises(QueryError, match="GROUP BY"):
        store.query("SELECT ?s (COUNT(*) AS ?x) WHERE { ?s ?p ?o } GROUP BY ?s", bind={"x": Iri("urn:a")})
    with pytest.raises(QueryError, match="SERVICE"):
        store.query("SELECT ?x WHERE { SERVICE <http://127.0.0.1/> { ?s ?p ?x } }")
    with pytest.raises(ValueError, match="IRIs and literals"):
        store.query(ASK, bind={"x": BlankNode("b")})


def test_rows_are_typed_terms() -> None:
    raw = {
        "head": {"vars": ["a", "b", "c", "d", "e", "f"]},
        "results": {
            "bindings": [
                {
                    "a": {"type": "uri", "value": "urn:a"},
                    "b": {"type": "literal", "value": "Oslo", "xml:lang": "nb"},
                    "c": {"type": "typed-literal", "value": "01", "datatype": "http://www.w3.org/2001/XMLSchema#integer"},
                    "d": {"type": "bnode", "value": "_:t-1"},
                    "e": {"type": "triple", "value": {
                        "subject": {"type": "uri", "value": "urn:s"},
                        "predicate": {"type": "uri", "value": "urn:p"},
                        "object": {"type": "literal", "value": "o"},
                    }},
                }
            ]
        },
    }  # fmt: skip
    answer = read_json_answer(json.dumps(raw).encode())
    assert isinstance(answer, Solutions)
    a, b, c, d, e, f = answer.rows[0]
    assert (a, b) == (Iri("urn:a"), Literal("Oslo", language="nb"))
    assert c == Literal("01", datatype=Iri("http://www.w3.org/2001/XMLSchema#integer"))
    assert isinstance(d, BlankNode)
    assert e == Triple(Iri("urn:s"), Iri("urn:p"), Literal("o"))
    assert f is None


def test_a_real_server_answers_in_every_form(oxigraph: str, policy: Policy) -> None:
    store = RemoteStore(oxigraph, policy)
    text = "SELECT ?item ?x WHERE { ?item rdfs:label ?x FILTER(LANG(?x) = 'nb') } ORDER BY ?x"
    found = store.query(
        text,
        bind={"item": Iri("http://www.wikidata.org/entity/Q585")},
        prefixes={"rdfs": "http://www.w3.org/2000/01/rdf-schema#"},
    )
    assert values(found) == ["Oslo"]
    assert store.query("ASK { <http://www.wikidata.org/entity/Q585> ?p ?o }") == Truth(value=True)
    graph = store.query("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o FILTER(?s = <http://www.wikidata.org/entity/Q585>) }")
    assert isinstance(graph, Graph)
    assert len(graph.triples) > 5
    with pytest.raises(QueryError):
        store.query("SELECT ?x WHERE { ?x ")
    with pytest.raises(QueryError, match="more than 1 rows"):
        store.query(ASK, most_rows=1)
    with pytest.raises(StoreError, match="only read"):
        store.load([])
    assert list(store.quads()) == []
    store.close()
