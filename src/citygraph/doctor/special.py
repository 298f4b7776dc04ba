"""The probes that data cannot say: each a function that asks a server and judges what it answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final
from xml.etree import ElementTree as ET

from citygraph.doctor.probes import OK, Outcome, Verdict, holds, same, text_of
from citygraph.doctor.server import (
    BASE,
    NTRIPLES,
    ROWS_TYPE,
    Deviates,
    ExaminedServer,
    NoAnswer,
    NotTried,
    P,
    Refused,
    S,
    good,
    is_good,
    number_of,
    read_rows,
    rows_of,
    said_type,
    saying,
)
from citygraph.documents import DocumentBounds, problems_of
from citygraph.http import HttpReply
from citygraph.messages import Sentence, text
from citygraph.rdf import Iri, Term, parse

_ONE: Final = "SELECT ?x { VALUES ?x { 1 } }"
_TABLE: Final = """
SELECT ?x ?y { VALUES (?x ?y) { ("a,b" <urn:a>) (UNDEF <urn:b>) ('say "hi"' <urn:c>) } } ORDER BY ?y"""
_SERVICE: Final = "<http://www.w3.org/ns/sparql-service-description#Service>"
_DEEPEST: Final = 200
_TEN: Final = "0 1 2 3 4 5 6 7 8 9"
_QUERY_BYTES: Final = (10_000, 100_000, 1_000_000)
_INSERT_SIZES: Final = (100, 1_000, 3_000, 10_000)
_GRAPH_SIZES: Final = (100_000, 1_000_000, 8_000_000)
_LONG: Final = 100_000
# Each step of the slow query is twice as large as the one before, and the first that takes so many seconds is
# the last: so it costs the server a few seconds and never more. Virtuoso, asked to stop after one, stops after two.
_SLOW_STEPS: Final = range(13, 31)
_SLOW_SECONDS: Final = 3.0
_SLOW_ATTEMPTS: Final = 3
_SHORTEST_TIMEOUT: Final = "1000"  # milliseconds, as Virtuoso reads them


# -- the protocol -------------------------------------------------------------------------------------


def ask_json(server: ExaminedServer) -> Outcome:
    """ASK in JSON; a table in its place is read too."""
    reply = good(server.ask("ASK {}"))
    if reply.media_type == ROWS_TYPE and re.search(rb'"boolean"\s*:\s*true\b', reply.body):
        return OK
    raise Deviates(saying("one_column", column=", ".join(read_rows(reply).columns)))


def results_xml(server: ExaminedServer) -> Outcome:
    """SELECT in XML, which has no business with entities."""
    wanted = "application/sparql-results+xml"
    reply = good(server.ask(_TABLE, accept=wanted))
    if reply.media_type != wanted:
        raise Deviates(saying("is_type", type=said_type(reply)))
    if b"<!ENTITY" in reply.body or next(
        problems_of(reply.body, "rdf", DocumentBounds(len(reply.body), _DEEPEST)), None
    ):
        raise Deviates(saying("xml_deep"))
    try:
        root = ET.fromstring(reply.body)  # noqa: S314  # no entities are left to expand
    except ET.ParseError as error:
        raise Deviates(saying("xml_broken")) from error
    found = [each.text or "" for each in root.iter() if each.tag.endswith(("}uri", "}literal"))]
    if sorted(found) != sorted(["a,b", "urn:a", "urn:b", "urn:c", 'say "hi"']):
        raise Deviates(saying("xml_values"))
    return OK


def gzip(server: ExaminedServer) -> Outcome:
    """A table of 1,000 rows, with the wish to have it packed."""
    headers = {"Accept": ROWS_TYPE, "Accept-Encoding": "gzip"}
    reply = good(server.client.send("POST", server.query, form={"query": _many_rows(1_000)[0]}, headers=headers))
    if (reply.headers.get("content-encoding") or "").lower() != "gzip":
        raise Refused(saying("not_packed"))
    return OK


def _description(server: ExaminedServer) -> bytes:
    reply = good(server.client.send("GET", server.query, headers={"Accept": "text/turtle"}))
    if reply.media_type != "text/turtle":
        raise Refused(saying("is_type", type=said_type(reply)))
    return reply.body


def service_description(server: ExaminedServer) -> Outcome:
    """What the server says of itself."""
    body = _description(server)
    if next(problems_of(body, "ttl", DocumentBounds(len(body), _DEEPEST)), None):
        raise Deviates(saying("levels"))
    # Addresses in it may begin at the endpoint.
    parsed = parse(f"@base {Iri(server.query)} .\n".encode() + body, format="ttl", most_problems=1)
    if parsed.problems:
        raise Deviates(saying("unreadable", problem=parsed.problems[0].message))
    if not any(str(quad.object) == _SERVICE for quad in parsed.quads):
        raise Deviates(saying("no_service"))
    return OK


def federation(server: ExaminedServer) -> Outcome:
    """What the server says of SERVICE; whether it is true is not tried, since another server would be asked."""
    try:
        body = _description(server)
    except Refused as error:
        raise NotTried(saying("no_description")) from error
    if b"BasicFederatedQuery" not in body:
        raise Refused(saying("not_said"))
    return OK


def values_mixed(server: ExaminedServer) -> Outcome:
    """An address and a text in one column of VALUES; read as JSON, since a text may come as an address that is none."""
    reply = good(server.ask("SELECT ?y { VALUES ?y { <urn:a> 'some text' } }"))
    try:
        bindings = json.loads(reply.body)["results"]["bindings"]
        found = {str(each["y"]["value"]): str(each["y"]["type"]) for each in bindings}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Deviates(saying("not_json")) from error
    if found != {"urn:a": "uri", "some text": "literal"}:
        kinds = [saying("kind", value=repr(value), kind=kind) for value, kind in found.items()]
        raise Deviates(_joined(kinds, ", ") if kinds else saying("answer", answer=text("doctor.seen.empty")))
    return OK


def _joined(parts: list[Sentence], between: str) -> Sentence:
    return Sentence(between.join(parts), between.join(each.nb for each in parts))


# -- limits -------------------------------------------------------------------------------------------


def _many_rows(count: int) -> tuple[str, str]:
    """A query with `count` rows and no data, and its pattern; of the count only the first digit counts."""
    digits = len(str(count)) - 1
    first = " ".join(str(each) for each in range(int(str(count)[0])))
    pattern = " ".join(f"VALUES ?v{place} {{ {each} }}" for place, each in enumerate([first] + [_TEN] * digits))
    return f"SELECT ?v0 {{ {pattern} }}", pattern


def all_rows(server: ExaminedServer) -> Outcome:
    """A table of as many rows as we want, and its size as the server counts it."""
    query, pattern = _many_rows(server.rows_to_ask)
    expected = server.count(pattern)
    reply = server.ask(query)
    got = len(rows_of(reply))
    if got == expected:
        return Outcome(Verdict.OK, saying("rows_whole", got=got), {"rows_tried": expected, "most_rows": None})
    limit = reply.headers.get("x-sparql-maxrows") or ""
    seen = saying("rows_limit" if limit else "rows_cut", got=got, expected=expected, limit=limit)
    return Outcome(Verdict.DEVIATES, seen, {"rows_tried": expected, "most_rows": got})


def time_out(server: ExaminedServer) -> Outcome:
    """A query that grows until it takes some seconds, with the wish to end after one."""
    for step in _SLOW_STEPS:
        try:
            reply = _slow_answer(server, step)
        except NoAnswer as error:
            if step == _SLOW_STEPS.start:
                raise
            return Outcome(Verdict.OK, saying("no_part", reason=error.seen))
        if not is_good(reply):
            return Outcome(Verdict.OK, saying("says_so", status=reply.status))
        state, seconds = reply.headers.get("x-sql-state"), f"{reply.seconds:.1f}"
        if state or _count_of(reply) != 2**step:
            key = "part_state" if state else "part_silent"
            raise Deviates(saying(key, status=reply.status, seconds=seconds, state=state))
        if reply.seconds > _SLOW_SECONDS:
            return Outcome(Verdict.OK, saying("whole_after", seconds=seconds))
    raise NotTried(saying("too_quick"))


def _slow_answer(server: ExaminedServer, step: int) -> HttpReply:
    """The answer to a query that counts to 2 to the power of `step`, one by one.

    Where Virtuoso is interrupted decides whether it says so or gives what it has: so one error is not believed.
    """
    values = ["1 2 3 4"] * (step // 2) + ["1 2"] * (step % 2)
    pattern = " ".join(f"VALUES ?v{place} {{ {each} }}" for place, each in enumerate(values))
    for attempt in range(_SLOW_ATTEMPTS):
        server.client.begin()
        reply = server.ask(f"SELECT (COUNT(*) AS ?n) {{ {pattern} }}", timeout=_SHORTEST_TIMEOUT)
        if is_good(reply) or attempt == _SLOW_ATTEMPTS - 1:
            break
    return reply


def _count_of(reply: HttpReply) -> int | None:
    try:
        return number_of(reply)
    except Deviates:
        return None


def long_query(server: ExaminedServer) -> Outcome:
    """Queries that a comment makes longer and longer."""
    fits = 0
    for size in _QUERY_BYTES:
        reply = server.ask(f"{_ONE}\n" + ("#" + "x" * 98 + "\n") * (size // 100))
        if not (is_good(reply) and same([["1"]], rows_of(reply))):
            seen = saying("query_refused", status=reply.status, size=size)
            return Outcome(Verdict.REFUSED, seen, {"most_query_bytes": fits})
        fits = size
    return Outcome(Verdict.OK, facts={"most_query_bytes": None})


def insert_size(server: ExaminedServer) -> Outcome:
    """More and more triples in one INSERT DATA, counted each time."""
    fits = 0
    for size in _INSERT_SIZES:
        graph = server.graphs.new(f"insert-{size}")
        triples = "\n".join(f"{S} {P} {number} ." for number in range(size))
        reply = server.send_update(f"INSERT DATA {{ GRAPH {Iri(graph)} {{\n{triples}\n}} }}")
        stored = server.size(graph)
        if not is_good(reply) or stored != size:
            seen = saying("triples_refused", status=reply.status, size=size, stored=stored)
            verdict = Verdict.DEVIATES if is_good(reply) else Verdict.REFUSED
            return Outcome(verdict, seen, {"most_insert_triples": fits})
        fits = size
    return Outcome(Verdict.OK, facts={"most_insert_triples": None})


def graph_size(server: ExaminedServer) -> Outcome:
    """Larger and larger graphs by PUT, mostly comments, so that the server has little to store."""
    fits = 0
    for size in _GRAPH_SIZES:
        graph = server.graphs.new(f"size-{size}")
        body = f"{S} {P} <urn:a> .\n" + ("#" + "x" * 98 + "\n") * (size // 100)
        reply = server.store("PUT", graph, body.encode())
        if not is_good(reply):
            seen = saying("graph_refused", status=reply.status, size=size)
            return Outcome(Verdict.REFUSED, seen, {"most_graph_bytes": fits})
        holds(server, graph, 1, saying("took_graph", size=size))
        fits = size
    return Outcome(Verdict.OK, facts={"most_graph_bytes": None})


# -- the graph store ----------------------------------------------------------------------------------


def store_head(server: ExaminedServer) -> Outcome:
    """A graph that is there, and one that is not."""
    graph = server.graphs.new("head")
    server.fill(graph, [f"{S} {P} <urn:a> ."])
    good(server.store("HEAD", graph))
    missing = server.store("HEAD", f"{server.graphs.base}:nothing").status
    if missing != 404:  # noqa: PLR2004  # of HTTP
        raise Deviates(saying("no_such_graph", status=missing))
    return OK


def store_default(server: ExaminedServer) -> Outcome:
    """The default graph through the graph store; only its beginning is read."""
    separator = "&" if "?" in server.store_address else "?"
    address = f"{server.store_address}{separator}default"
    reply = good(server.client.send("GET", address, headers={"Accept": NTRIPLES}, beginning=2_000))
    if reply.media_type != NTRIPLES:
        raise Deviates(saying("is_type", type=said_type(reply)))
    return OK


def store_trig(server: ExaminedServer) -> Outcome:
    """A graph of ours in TriG, sent to the store as a whole."""
    graph = server.graphs.new("trig")
    body = f"{Iri(graph)} {{ {S} {P} <urn:a> }}".encode()
    headers = {"Content-Type": "application/trig"}
    reply = good(server.client.send("POST", server.store_address, body=body, headers=headers))
    kind = "web_page" if "html" in reply.media_type else "nothing"
    what = text(f"doctor.seen.{kind}") if kind == "web_page" or not reply.media_type else reply.media_type
    holds(server, graph, 1, saying("status_type", status=reply.status, type=what))
    return OK


# -- graphs -------------------------------------------------------------------------------------------


def _sample(server: ExaminedServer) -> tuple[str, str]:
    """A named graph and a triple pattern that holds in it: one of ours when we may write, else any.

    Raises:
        NotTried: the server has no named graph.
    """
    if server.can_write:
        graph, triple = server.graphs.new("sample"), f"{S} {P} 'sample'"
        server.fill(graph, [f"{triple} ."])
        return graph, triple
    query = "SELECT ?g ?s ?p ?o { GRAPH ?g { ?s ?p ?o } FILTER(isIRI(?s) && isIRI(?o)) } LIMIT 1"
    found = rows_of(server.ask(query))
    terms: tuple[Term | None, ...] = found.rows[0] if found.rows else ()
    if not terms or not all(isinstance(term, Iri) for term in terms):
        raise NotTried(saying("no_named_graph"))
    graph, *others = (str(term) for term in terms)
    return graph[1:-1], " ".join(others)


def default_graph(server: ExaminedServer) -> Outcome:
    """Whether a triple of a named graph is in the default graph."""
    is_union = bool(server.count(_sample(server)[1]))
    facts = {"union_default_graph": is_union, "needs_default_graph_uri": is_union}
    return Outcome(Verdict.DEVIATES, saying("union"), facts) if is_union else Outcome(Verdict.OK, facts=facts)


def default_graph_uri(server: ExaminedServer) -> Outcome:
    """Whether the parameter chooses the graph, and nothing besides it."""
    graph, triple = _sample(server)
    if not server.count(triple, default_graphs=[graph]):
        raise Deviates(saying("not_found"))
    if server.count(triple, default_graphs=[f"{BASE}nothing"]):
        raise Deviates(saying("other_found"))
    return OK


def _twice(server: ExaminedServer) -> tuple[list[str], str]:
    """Two graphs of ours with the same triple, and that triple."""
    graphs, triple = [server.graphs.new("twice-1"), server.graphs.new("twice-2")], f"{S} {P} 'twice'"
    for graph in graphs:
        server.fill(graph, [f"{triple} ."])
    return graphs, triple


def duplicates(server: ExaminedServer) -> Outcome:
    """How often a triple of two graphs is in the default graph."""
    found = server.count(_twice(server)[1])
    if found > 1:
        raise Deviates(saying("counts", count=found))
    return OK if found else Outcome(Verdict.OK, saying("none_of_it"))


def merged_graphs(server: ExaminedServer) -> Outcome:
    """How often a triple of two graphs is in both together."""
    graphs, triple = _twice(server)
    found = server.count(triple, default_graphs=graphs)
    if found != 1:
        raise Deviates(saying("counts", count=found))
    return OK


def paths(server: ExaminedServer) -> Outcome:
    """Steps along a chain of four, in every kind of path."""
    graph = server.graphs.new("paths")
    steps = [f"<urn:{one}> <urn:p> <urn:{two}> ." for one, two in ("ab", "bc", "cd", "da")]
    server.fill(graph, [*steps, "<urn:a> <urn:q> <urn:x> ."])
    expected = {
        "<urn:a> <urn:p>+ ?x": "abcd", "<urn:a> <urn:p>* ?x": "abcd", "<urn:a> <urn:p>? ?x": "ab",
        "<urn:a> <urn:p>/<urn:p> ?x": "c", "<urn:a> ^<urn:p> ?x": "d", "<urn:a> (<urn:p>|<urn:q>) ?x": "bx",
        "<urn:a> !<urn:p> ?x": "x",
    }  # fmt: skip
    for path, ends in expected.items():
        found = rows_of(server.ask(f"SELECT ?x {{ GRAPH {Iri(graph)} {{ {path} }} }}"))
        got = sorted(text_of(row[0]).removeprefix("urn:") for row in found.rows)
        if got != sorted(ends):
            raise Deviates(saying("path", path=path, found=", ".join(got) or text("doctor.seen.nothing")))
    return OK


# -- values -------------------------------------------------------------------------------------------


def value_language(server: ExaminedServer) -> Outcome:
    """The capitals of a language tag, which our own terms do not keep either: so the bytes are looked at."""
    graph = server.graphs.new("language")
    server.fill(graph, [f'{S} {P} "By"@nb-NO .'])
    reply = server.ask(f"SELECT ?o {{ GRAPH {Iri(graph)} {{ ?s ?p ?o }} }}")
    if len(rows_of(reply)) != 1 or b'"nb-NO"' not in reply.body:
        tag = re.search(rb'"(nb-no)"', reply.body, re.IGNORECASE)
        raise Deviates(saying("comes_back", value=tag[1].decode()) if tag else saying("not_back"))
    return OK


def value_long(server: ExaminedServer) -> Outcome:
    """A long text, by an update and through the graph store, as far as these work."""
    failed = list(_long_failures(server))
    if failed:
        raise Deviates(_joined(failed, "; "))
    return OK


def _long_failures(server: ExaminedServer) -> Iterator[Sentence]:
    """What is wrong with the text after each way of writing that works.

    Raises:
        NotTried: none works.
    """
    line = f'{S} {P} "{"x" * _LONG}" .'
    ways: dict[Sentence, Callable[[str], HttpReply]] = {}
    if server.updates_work:
        ways[saying("an_update")] = lambda graph: server.send_update(
            f"INSERT DATA {{ GRAPH {Iri(graph)} {{ {line} }} }}"
        )
    if server.facts.get("graph_store_put"):
        ways[Sentence("PUT")] = lambda graph: server.store("PUT", graph, line.encode())
    if not ways:
        raise NotTried(saying("nothing_written"))
    for place, (way, write) in enumerate(ways.items()):
        graph = server.graphs.new(f"long-{place}")
        try:
            good(write(graph))
        except Refused as error:
            yield saying("way_refused", way=way, reason=error.seen)
            continue
        found = rows_of(server.ask(f"SELECT (STRLEN(STR(?o)) AS ?n) {{ GRAPH {Iri(graph)} {{ ?s ?p ?o }} }}"))
        if [text_of(term) for row in found.rows for term in row] != [str(_LONG)]:
            yield saying("way_cut", way=way)


SPECIAL: Final[Mapping[str, Callable[[ExaminedServer], Outcome]]] = MappingProxyType(
    {
        each.__name__.replace("_", "-"): each
        for each in (
            ask_json, results_xml, gzip, service_description, federation, values_mixed,
            all_rows, time_out, long_query, insert_size, graph_size,
            store_head, store_default, store_trig,
            default_graph, default_graph_uri, duplicates, merged_graphs, paths,
            value_language, value_long,
        )
    }
)  # fmt: skip
"""The probes of this module by their ids."""
