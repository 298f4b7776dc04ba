"""The probes that only read: forms of asking, formats, limits, and what the default graph is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final
from xml.etree import ElementTree as ET

import httpx

from citygraph.bounds import Bounds, problems_of
from citygraph.doctor.asker import ROWS_TYPE, Reply
from citygraph.doctor.bench import NTRIPLES, Bench, good, number, read_rows, rows, same, short
from citygraph.doctor.probe import Deviates, NoAnswer, NotTried, Outcome, Probe, Refused, Verdict
from citygraph.rdf import Iri, Term, parse
from citygraph.results import Solutions

__all__ = ["OK", "READING", "ask_query"]

OK: Final = Outcome(Verdict.OK)
_ONE: Final = "SELECT ?x { VALUES ?x { 1 } }"
_TABLE: Final = """
SELECT ?x ?y { VALUES (?x ?y) { ("a,b" <urn:a>) (UNDEF <urn:b>) ('say "hi"' <urn:c>) } } ORDER BY ?y"""
_TRIPLE: Final = "CONSTRUCT { <urn:a> <urn:b> 'ø' } {}"
_SD: Final = "http://www.w3.org/ns/sparql-service-description#"
_DEEPEST: Final = 200
_TEN: Final = "0 1 2 3 4 5 6 7 8 9"
_QUERY_BYTES: Final = (10_000, 100_000, 1_000_000)
# Each step of the slow query is twice as large as the one before, and the first that takes so many seconds is
# the last: so it costs the server a few seconds and never more. Virtuoso, asked to stop after one, stops after two.
_SLOW_STEPS: Final = range(13, 31)
_SLOW_SECONDS: Final = 3.0
_SLOW_ATTEMPTS: Final = 3
_SHORTEST_TIMEOUT: Final = "1000"  # milliseconds; what Virtuoso and GraphDB read from the parameter


def ask_query(probe: Probe, bench: Bench) -> Outcome:
    """A probe that is one query with the rows it must give."""
    found = rows(bench.select(probe.query))
    if same(probe.rows, found):
        return OK
    got = "; ".join(", ".join(short(term) for term in row) for row in found.rows[:3])
    message = f"the answer is {got or 'empty'}"
    raise Deviates(message)


def _is_one(reply: Reply) -> Outcome:
    if not same([["1"]], rows(reply)):
        message = "the answer is another one than by POST as a form"
        raise Deviates(message)
    return OK


def query_form(bench: Bench) -> Outcome:
    """A query as a form; whether the answer is of use is the next probe."""
    good(bench.select(_ONE))
    return OK


def select_json(bench: Bench) -> Outcome:
    """SELECT in JSON, with everything a row may hold."""
    found = rows(bench.select(_TABLE))
    if not same([["a,b", "urn:a"], ["", "urn:b"], ['say "hi"', "urn:c"]], found):
        message = "values are missing or changed in the JSON"
        raise Deviates(message)
    return OK


def query_get(bench: Bench) -> Outcome:
    """A query in the address."""
    return _is_one(bench.asker.ask("GET", bench.query, parameters={"query": _ONE}, headers={"Accept": ROWS_TYPE}))


def query_direct(bench: Bench) -> Outcome:
    """A query as the body."""
    headers = {"Accept": ROWS_TYPE, "Content-Type": "application/sparql-query"}
    return _is_one(bench.asker.ask("POST", bench.query, body=_ONE.encode(), headers=headers))


def ask_json(bench: Bench) -> Outcome:
    """ASK in JSON; a table in its place is read too."""
    reply = good(bench.select("ASK {}"))
    if reply.media_type == ROWS_TYPE and re.search(rb'"boolean"\s*:\s*true\b', reply.body):
        return OK
    found = read_rows(reply)
    message = f"a table with the column {', '.join(found.columns)}"
    raise Deviates(message)


def typed_literal(bench: Bench) -> Outcome:
    """The name of a typed value in JSON."""
    reply = bench.select(_ONE)
    if b'"typed-literal"' in reply.body:
        message = "typed values are called typed-literal"
        raise Deviates(message)
    return _is_one(reply)


def _in_type(bench: Bench, query: str, media_type: str) -> bytes:
    reply = good(bench.asker.ask("POST", bench.query, form={"query": query}, headers={"Accept": media_type}))
    if reply.media_type != media_type:
        message = f"the answer is {reply.media_type or 'of no type'}"
        raise Deviates(message)
    return reply.body


def results_xml(bench: Bench) -> Outcome:
    """SELECT in XML, which has no business with entities."""
    body = _in_type(bench, _TABLE, "application/sparql-results+xml")
    if next(problems_of(body, "rdf", Bounds(len(body), _DEEPEST)), None):
        message = "the XML declares entities, or is too deep"
        raise Deviates(message)
    try:
        root = ET.fromstring(body)  # noqa: S314  # no entities are left to expand
    except ET.ParseError as error:
        message = "the XML is broken"
        raise Deviates(message) from error
    found = [each.text for each in root.iter() if each.tag.endswith(("}uri", "}literal"))]
    if sorted(each or "" for each in found) != sorted(["a,b", "urn:a", "urn:b", "urn:c", 'say "hi"']):
        message = "values are missing or changed in the XML"
        raise Deviates(message)
    return OK


def results_csv(bench: Bench) -> Outcome:
    """SELECT in CSV: a head with plain names, values plain or quoted, lines that end in CR LF."""
    body = _in_type(bench, _TABLE, "text/csv")
    lines = [line for line in body.decode(errors="replace").splitlines() if line]
    if lines != ["x,y", '"a,b",urn:a', ",urn:b", '"say ""hi""",urn:c']:
        raise Deviates("the table is " + " / ".join(lines)[:100])
    return OK


def results_tsv(bench: Bench) -> Outcome:
    """SELECT in TSV: names with ?, terms as in Turtle."""
    body = _in_type(bench, _TABLE, "text/tab-separated-values")
    text = body.decode(errors="replace").replace("\r\n", "\n")
    if not (text.startswith("?x\t?y\n") and "<urn:a>" in text):
        raise Deviates("the table is " + " / ".join(text.split("\n"))[:100].replace("\t", " | "))
    return OK


def _construct(bench: Bench, media_type: str, format: str) -> Outcome:  # noqa: A002
    body = _in_type(bench, _TRIPLE, media_type)
    parsed = parse(body, format=format, most_problems=1)
    if parsed.problems:
        message = f"it cannot be read: {parsed.problems[0].message}"
        raise Deviates(message)
    if [str(quad.object) for quad in parsed.quads] != ['"ø"']:
        message = "the triple is missing or changed"
        raise Deviates(message)
    return OK


def construct_ntriples(bench: Bench) -> Outcome:
    """CONSTRUCT as N-Triples."""
    return _construct(bench, NTRIPLES, "nt")


def construct_turtle(bench: Bench) -> Outcome:
    """CONSTRUCT as Turtle."""
    return _construct(bench, "text/turtle", "ttl")


def bad_query(bench: Bench) -> Outcome:
    """What is no query."""
    reply = bench.select("SELECT WHERE WHERE")
    if reply.status != httpx.codes.BAD_REQUEST:
        message = f"HTTP {reply.status}"
        raise Deviates(message)
    return OK


def gzip(bench: Bench) -> Outcome:
    """A table of 1,000 rows, with the wish to have it packed."""
    headers = {"Accept": ROWS_TYPE, "Accept-Encoding": "gzip"}
    reply = good(bench.asker.ask("POST", bench.query, form={"query": _many(1_000)[0]}, headers=headers))
    if reply.headers.get("content-encoding", "").lower() != "gzip":
        message = "sent as it is"
        raise Refused(message)
    return OK


def _description(bench: Bench) -> bytes:
    reply = good(bench.asker.ask("GET", bench.query, headers={"Accept": "text/turtle"}))
    if reply.media_type != "text/turtle":
        message = f"the answer is {reply.media_type or 'of no type'}"
        raise Refused(message)
    return reply.body


def service_description(bench: Bench) -> Outcome:
    """What the server says of itself."""
    body = _description(bench)
    if next(problems_of(body, "ttl", Bounds(len(body), _DEEPEST)), None):
        message = "it has too many levels inside each other"
        raise Deviates(message)
    # Addresses in it may begin at the endpoint.
    parsed = parse(f"@base {Iri(bench.query)} .\n".encode() + body, format="ttl", most_problems=1)
    if parsed.problems:
        message = f"it cannot be read: {parsed.problems[0].message}"
        raise Deviates(message)
    if not any(str(quad.object) == f"<{_SD}Service>" for quad in parsed.quads):
        message = "it describes no sd:Service"
        raise Deviates(message)
    return OK


def federation(bench: Bench) -> Outcome:
    """What the server says of SERVICE; whether it is true is not tried, since another server would be asked."""
    try:
        body = _description(bench)
    except Refused as error:
        message = "it does not describe itself"
        raise NotTried(message) from error
    if b"BasicFederatedQuery" not in body:
        message = "it does not say so"
        raise Refused(message)
    return OK


def values_mixed(bench: Bench) -> Outcome:
    """An address and a text in one column of VALUES; read as JSON, since a text may come as an address that is none."""
    reply = good(bench.select("SELECT ?y { VALUES ?y { <urn:a> 'some text' } }"))
    try:
        bindings = json.loads(reply.body)["results"]["bindings"]
        found = {str(each["y"]["value"]): str(each["y"]["type"]) for each in bindings}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        message = "the answer is not SPARQL JSON"
        raise Deviates(message) from error
    if found != {"urn:a": "uri", "some text": "literal"}:
        message = ", ".join(f"{value!r} is a {kind}" for value, kind in found.items()) or "the answer is empty"
        raise Deviates(message)
    return OK


def triple_terms(bench: Bench) -> Outcome:
    """A triple as a value."""
    rows(bench.select("SELECT ?t { BIND(<<( <urn:a> <urn:b> <urn:c> )>> AS ?t) }"))
    return OK


def _many(count: int) -> tuple[str, str]:
    """A query with `count` rows and no data, and its pattern; of the count only the first digit counts."""
    digits = len(str(count)) - 1
    first = " ".join(str(each) for each in range(int(str(count)[0])))
    values = [first] + [_TEN] * digits
    pattern = " ".join(f"VALUES ?v{place} {{ {each} }}" for place, each in enumerate(values))
    return f"SELECT ?v0 {{ {pattern} }}", pattern


def all_rows(bench: Bench) -> Outcome:
    """A table of as many rows as we want, and its size as the server counts it."""
    query, pattern = _many(bench.rows_to_ask)
    expected = bench.count(pattern)
    reply = bench.select(query)
    got = len(rows(reply))
    if got == expected:
        return Outcome(Verdict.OK, f"{got:,} rows came whole", {"rows_tried": expected, "most_rows": None})
    limit = reply.headers.get("x-sparql-maxrows") or ""
    said = f"; the header X-SPARQL-MaxRows says {limit}" if limit else "; no header says so"
    seen = f"{got:,} of {expected:,} rows, with status 200{said}"
    return Outcome(Verdict.DEVIATES, seen, {"rows_tried": expected, "most_rows": got})


def time_out(bench: Bench) -> Outcome:
    """A query that grows until it takes some seconds, with the wish to end after one."""
    for step in _SLOW_STEPS:
        # Where Virtuoso is interrupted decides whether it says so or gives what it has: so one error is not believed.
        for attempt in range(_SLOW_ATTEMPTS):
            bench.asker.begin()
            try:
                reply = bench.select(_slow(step), timeout=_SHORTEST_TIMEOUT)
            except NoAnswer as error:
                if step == _SLOW_STEPS.start:
                    raise
                return Outcome(Verdict.OK, f"{error}, and no part of one")
            if reply.is_good:
                break
            if attempt == _SLOW_ATTEMPTS - 1:
                return Outcome(Verdict.OK, f"it says so with HTTP {reply.status}")
        state = reply.headers.get("x-sql-state")
        if state or _count_of(reply) != 2**step:
            said = f"X-SQL-State: {state}" if state else "no header says so"
            message = f"a part of the answer with status {reply.status} after {reply.seconds:.1f} seconds; {said}"
            raise Deviates(message)
        if reply.seconds > _SLOW_SECONDS:
            return Outcome(Verdict.OK, f"the whole answer after {reply.seconds:.1f} seconds")
    message = "the server is too quick for this probe"
    raise NotTried(message)


def _slow(step: int) -> str:
    """A query that counts to 2 to the power of `step`, one by one."""
    values = ["1 2 3 4"] * (step // 2) + ["1 2"] * (step % 2)
    pattern = " ".join(f"VALUES ?v{place} {{ {each} }}" for place, each in enumerate(values))
    return f"SELECT (COUNT(*) AS ?n) {{ {pattern} }}"


def _count_of(reply: Reply) -> int | None:
    try:
        return number(reply)
    except Deviates:
        return None


def long_query(bench: Bench) -> Outcome:
    """Queries that a comment makes longer and longer."""
    fits = 0
    for size in _QUERY_BYTES:
        query = _ONE + "\n" + ("#" + "x" * 98 + "\n") * (size // 100)
        reply = bench.select(query)
        if not (reply.is_good and same([["1"]], rows(reply))):
            return Outcome(
                Verdict.REFUSED, f"HTTP {reply.status} to a query of {size:,} bytes", {"most_query_bytes": fits}
            )
        fits = size
    return Outcome(Verdict.OK, facts={"most_query_bytes": None})


def sample(bench: Bench) -> tuple[str, str]:
    """A named graph and a triple pattern that holds in it: one of ours when we may write, else any.

    Raises:
        NotTried: the server has no named graph.
    """
    if bench.can_write:
        graph, triple = bench.graphs.new("sample"), "<urn:citygraph:probe:s> <urn:citygraph:probe:p> 'sample'"
        bench.fill(graph, [f"{triple} ."])
        return graph, triple
    query = "SELECT ?g ?s ?p ?o { GRAPH ?g { ?s ?p ?o } FILTER(isIRI(?s) && isIRI(?o)) } LIMIT 1"
    found: Solutions = rows(bench.select(query))
    terms: tuple[Term | None, ...] = found.rows[0] if found.rows else ()
    if not terms or not all(isinstance(term, Iri) for term in terms):
        message = "the server has no named graph to look at; --write makes one"
        raise NotTried(message)
    graph, *triple_terms_ = (str(term) for term in terms)
    return graph[1:-1], " ".join(triple_terms_)


def default_graph(bench: Bench) -> Outcome:
    """Whether a triple of a named graph is in the default graph."""
    _, triple = sample(bench)
    if bench.count(triple):
        return Outcome(
            Verdict.DEVIATES, "the default graph is the union of all graphs",
            {"union_default_graph": True, "needs_default_graph_uri": True},
        )  # fmt: skip
    return Outcome(Verdict.OK, facts={"union_default_graph": False, "needs_default_graph_uri": False})


def default_graph_uri(bench: Bench) -> Outcome:
    """Whether the parameter chooses the graph, and nothing besides it."""
    graph, triple = sample(bench)
    if not bench.count(triple, default_graphs=[graph]):
        message = "a triple of the graph is not found"
        raise Deviates(message)
    if bench.count(triple, default_graphs=["urn:citygraph:probe:nothing"]):
        message = "a triple of another graph is found as well"
        raise Deviates(message)
    return OK


def store_default(bench: Bench) -> Outcome:
    """The default graph through the graph store; only its beginning is read."""
    if not bench.graph_store:
        message = "no address of a graph store is known: --graph-store"
        raise NotTried(message)
    separator = "&" if "?" in bench.graph_store else "?"
    address = f"{bench.graph_store}{separator}default"
    reply = good(bench.asker.ask("GET", address, headers={"Accept": NTRIPLES}, beginning=2_000))
    if reply.media_type != NTRIPLES:
        message = f"the answer is {reply.media_type or 'of no type'}"
        raise Deviates(message)
    return OK


READING: Final[Mapping[str, Callable[[Bench], Outcome]]] = MappingProxyType(
    {
        "query-form": query_form,
        "select-json": select_json,
        "query-get": query_get,
        "query-direct": query_direct,
        "ask-json": ask_json,
        "typed-literal": typed_literal,
        "results-xml": results_xml,
        "results-csv": results_csv,
        "results-tsv": results_tsv,
        "construct-ntriples": construct_ntriples,
        "construct-turtle": construct_turtle,
        "bad-query": bad_query,
        "gzip": gzip,
        "service-description": service_description,
        "federation": federation,
        "values-mixed": values_mixed,
        "triple-terms": triple_terms,
        "all-rows": all_rows,
        "time-out": time_out,
        "long-query": long_query,
        "default-graph": default_graph,
        "default-graph-uri": default_graph_uri,
        "store-default": store_default,
    }
)
"""The probes of this module by their ids."""
