"""The probes of the protocol: forms of asking, formats of answers, and what the server says of itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final
from xml.etree import ElementTree as ET

import httpx

from citygraph.doctor.asker import ROWS_TYPE, Reply
from citygraph.doctor.bench import NTRIPLES, OK, ONE, Bench, good, many_rows, read_rows, rows, same, short
from citygraph.doctor.probe import Deviates, NotTried, Outcome, Probe, Refused
from citygraph.rdf import DocumentBounds, Iri, parse, problems_of

__all__ = ["READING", "ask_query"]

_TABLE: Final = """
SELECT ?x ?y { VALUES (?x ?y) { ("a,b" <urn:a>) (UNDEF <urn:b>) ('say "hi"' <urn:c>) } } ORDER BY ?y"""
_TRIPLE: Final = "CONSTRUCT { <urn:a> <urn:b> 'ø' } {}"
_SD: Final = "http://www.w3.org/ns/sparql-service-description#"
_DEEPEST: Final = 200


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
    good(bench.select(ONE))
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
    return _is_one(bench.asker.ask("GET", bench.query, parameters={"query": ONE}, headers={"Accept": ROWS_TYPE}))


def query_direct(bench: Bench) -> Outcome:
    """A query as the body."""
    headers = {"Accept": ROWS_TYPE, "Content-Type": "application/sparql-query"}
    return _is_one(bench.asker.ask("POST", bench.query, body=ONE.encode(), headers=headers))


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
    reply = bench.select(ONE)
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
    if next(problems_of(body, "rdf", DocumentBounds(len(body), _DEEPEST)), None):
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
    reply = good(bench.asker.ask("POST", bench.query, form={"query": many_rows(1_000)[0]}, headers=headers))
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
    if next(problems_of(body, "ttl", DocumentBounds(len(body), _DEEPEST)), None):
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
    }
)
"""The probes of this module by their ids."""
