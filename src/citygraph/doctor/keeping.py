"""The probes of what was written: graphs together, paths, and what becomes of values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from citygraph.doctor.bench import OK, Bench, good, rows, short, text_of
from citygraph.doctor.ground import P, S
from citygraph.doctor.probe import Deviates, NotTried, Outcome, Probe, Refused, Verdict
from citygraph.rdf import Iri, parse

__all__ = ["KEEPING", "keep_value"]

_LONG: Final = 100_000


def _twice(bench: Bench) -> tuple[list[str], str]:
    """Two graphs of ours with the same triple, and that triple."""
    graphs = [bench.graphs.new("twice-1"), bench.graphs.new("twice-2")]
    triple = f"{S} {P} 'twice'"
    for graph in graphs:
        bench.fill(graph, [f"{triple} ."])
    return graphs, triple


def duplicates(bench: Bench) -> Outcome:
    """How often a triple of two graphs is in the default graph."""
    _, triple = _twice(bench)
    found = bench.count(triple)
    if found > 1:
        message = f"it counts {found} times"
        raise Deviates(message)
    return Outcome(Verdict.OK, "" if found else "the default graph has none of it")


def merged_graphs(bench: Bench) -> Outcome:
    """How often a triple of two graphs is in both together."""
    graphs, triple = _twice(bench)
    found = bench.count(triple, default_graphs=graphs)
    if found != 1:
        message = f"it counts {found} times"
        raise Deviates(message)
    return OK


def paths(bench: Bench) -> Outcome:
    """Steps along a chain of four, in every kind of path."""
    graph = bench.graphs.new("paths")
    steps = [f"<urn:{one}> <urn:p> <urn:{two}> ." for one, two in ("ab", "bc", "cd", "da")]
    bench.fill(graph, [*steps, "<urn:a> <urn:q> <urn:x> ."])
    expected = {
        "<urn:a> <urn:p>+ ?x": "abcd", "<urn:a> <urn:p>* ?x": "abcd", "<urn:a> <urn:p>? ?x": "ab",
        "<urn:a> <urn:p>/<urn:p> ?x": "c", "<urn:a> ^<urn:p> ?x": "d", "<urn:a> (<urn:p>|<urn:q>) ?x": "bx",
        "<urn:a> !<urn:p> ?x": "x",
    }  # fmt: skip
    for path, ends in expected.items():
        found = rows(bench.select(f"SELECT ?x {{ GRAPH {Iri(graph)} {{ {path} }} }}"))
        got = sorted(text_of(row[0]).removeprefix("urn:") for row in found.rows)
        if got != sorted(ends):
            message = f"{path} gives {', '.join(got) or 'nothing'}"
            raise Deviates(message)
    return OK


def keep_value(probe: Probe, bench: Bench) -> Outcome:
    """A probe that writes one literal and reads it back."""
    graph = bench.graphs.new(probe.id)
    bench.fill(graph, [f"{S} {P} {probe.literal} ."])
    found = rows(bench.select(f"SELECT ?o {{ GRAPH {Iri(graph)} {{ ?s ?p ?o }} }}"))
    if len(found) != 1:
        message = f"{len(found)} values came back"
        raise Deviates(message)
    (expected,) = parse(f"{S} {P} {probe.literal} .".encode(), format="nt").quads
    if found.rows[0][0] != expected.object:
        message = f"it comes back as {short(found.rows[0][0])}"
        raise Deviates(message)
    return OK


def value_language(bench: Bench) -> Outcome:
    """The capitals of a language tag, which our own terms do not keep either: so the bytes are looked at."""
    graph = bench.graphs.new("language")
    bench.fill(graph, [f'{S} {P} "By"@nb-NO .'])
    reply = bench.select(f"SELECT ?o {{ GRAPH {Iri(graph)} {{ ?s ?p ?o }} }}")
    if len(rows(reply)) != 1 or b'"nb-NO"' not in reply.body:
        tag = re.search(rb'"(nb-no)"', reply.body, re.IGNORECASE)
        message = f"it comes back as {tag[1].decode()}" if tag else "it does not come back"
        raise Deviates(message)
    return OK


def value_long(bench: Bench) -> Outcome:
    """A long text, by an update and through the graph store, as far as these work."""
    line = f'{S} {P} "{"x" * _LONG}" .'
    ways: dict[str, Callable[[str], object]] = {}
    if bench.facts.get("update_form") or bench.facts.get("update_direct"):
        ways["an update"] = lambda graph: good(bench.send_update(f"INSERT DATA {{ GRAPH {Iri(graph)} {{ {line} }} }}"))
    if bench.facts.get("graph_store_put"):
        ways["PUT"] = lambda graph: good(bench.store("PUT", graph, line.encode()))
    if not ways:
        message = "nothing could be written"
        raise NotTried(message)
    failed = []
    for place, (way, write) in enumerate(ways.items()):
        graph = bench.graphs.new(f"long-{place}")
        try:
            write(graph)
        except Refused as error:
            failed.append(f"by {way}: {error}")
            continue
        found = rows(bench.select(f"SELECT (STRLEN(STR(?o)) AS ?n) {{ GRAPH {Iri(graph)} {{ ?s ?p ?o }} }}"))
        if [text_of(term) for row in found.rows for term in row] != [str(_LONG)]:
            failed.append(f"by {way}: cut or lost, with a status that says it worked")
    if failed:
        raise Deviates("; ".join(failed))
    return OK


KEEPING: Final[Mapping[str, Callable[[Bench], Outcome]]] = MappingProxyType(
    {
        "duplicates": duplicates,
        "merged-graphs": merged_graphs,
        "paths": paths,
        "value-language": value_language,
        "value-long": value_long,
    }
)
"""The probes of this module by their ids."""
