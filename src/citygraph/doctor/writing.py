"""The probes that write, all into graphs of one run: updates, the graph store, and what becomes of values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import httpx

from citygraph.doctor.bench import Bench, good, rows, short, text_of
from citygraph.doctor.probe import Deviates, NotTried, Outcome, Probe, Refused, Verdict
from citygraph.doctor.reading import OK
from citygraph.rdf import Iri, parse

__all__ = ["WRITING", "keep_value"]

_S, _P = "<urn:citygraph:probe:s>", "<urn:citygraph:probe:p>"
_INSERT_SIZES: Final = (100, 1_000, 3_000, 10_000)
_GRAPH_SIZES: Final = (100_000, 1_000_000, 8_000_000)
_LONG: Final = 100_000
_TRIG: Final = "application/trig"


def _holds(bench: Bench, graph: str, size: int, what: str) -> None:
    found = bench.size(graph)
    if found != size:
        message = f"{what}, and the graph has {found:,} triples instead of {size:,}"
        raise Deviates(message)


# -- updates ------------------------------------------------------------------------------------------


def _update(bench: Bench, *, as_form: bool) -> Outcome:
    graph = bench.graphs.new("form" if as_form else "direct")
    good(bench.send_update(f"INSERT DATA {{ GRAPH {Iri(graph)} {{ {_S} {_P} 1 }} }}", as_form=as_form))
    _holds(bench, graph, 1, "it says that it worked")
    return OK


def update_form(bench: Bench) -> Outcome:
    """An update as a form."""
    return _update(bench, as_form=True)


def update_direct(bench: Bench) -> Outcome:
    """An update as the body."""
    return _update(bench, as_form=False)


def update_where(bench: Bench) -> Outcome:
    """A triple derived from one named graph into another, as a rule does."""
    old, new = bench.graphs.new("where-from"), bench.graphs.new("where-to")
    bench.fill(old, [f"{_S} {_P} {_S} ."])
    good(
        bench.send_update(
            f"INSERT {{ GRAPH {Iri(new)} {{ ?o {_P} ?s, 1 }} }} WHERE {{ GRAPH {Iri(old)} {{ ?s {_P} ?o }} }}"
        )
    )
    _holds(bench, new, 2, "it says that it worked")
    return OK


def update_sequence(bench: Bench) -> Outcome:
    """Two updates in one request, of which the second takes away what the first has put."""
    graph = bench.graphs.new("sequence")
    both = f"INSERT DATA {{ GRAPH {Iri(graph)} {{ {_S} {_P} 1, 2 }} }} ; DELETE DATA {{ GRAPH {Iri(graph)} {{ {_S} {_P} 1 }} }}"
    good(bench.send_update(both))
    _holds(bench, graph, 1, "it says that it worked")
    return OK


def move_graph(bench: Bench) -> Outcome:
    """A graph that gets another name."""
    old, new = bench.graphs.new("move-from"), bench.graphs.new("move-to")
    bench.fill(old, [f"{_S} {_P} 1 ."])
    good(bench.send_update(f"MOVE GRAPH {Iri(old)} TO GRAPH {Iri(new)}"))
    _holds(bench, new, 1, "MOVE says that it worked")
    _holds(bench, old, 0, "MOVE left the old graph")
    return OK


def insert_size(bench: Bench) -> Outcome:
    """More and more triples in one INSERT DATA, counted each time."""
    fits = 0
    for size in _INSERT_SIZES:
        graph = bench.graphs.new(f"insert-{size}")
        triples = "\n".join(f"{_S} {_P} {number} ." for number in range(size))
        reply = bench.send_update(f"INSERT DATA {{ GRAPH {Iri(graph)} {{\n{triples}\n}} }}")
        stored = bench.size(graph)
        if not reply.is_good or stored != size:
            seen = f"HTTP {reply.status} to {size:,} triples, and {stored:,} are there"
            verdict = Verdict.DEVIATES if reply.is_good else Verdict.REFUSED
            return Outcome(verdict, seen, {"most_insert_triples": fits})
        fits = size
    return Outcome(Verdict.OK, facts={"most_insert_triples": None})


# -- the graph store ----------------------------------------------------------------------------------


def store_put(bench: Bench) -> Outcome:
    """A graph that takes the place of another one."""
    graph = bench.graphs.new("put")
    good(bench.store("PUT", graph, f"{_S} {_P} <urn:a> .\n{_S} {_P} <urn:b> .\n".encode()))
    _holds(bench, graph, 2, "PUT says that it worked")
    good(bench.store("PUT", graph, f"{_S} {_P} <urn:c> .\n".encode()))
    _holds(bench, graph, 1, "a second PUT added instead of replacing")
    return OK


def store_get(bench: Bench) -> Outcome:
    """A graph read back, triple by triple."""
    graph = bench.graphs.new("get")
    bench.fill(graph, [f"{_S} {_P} <urn:a> .", f'{_S} {_P} "ø" .'])
    reply = good(bench.store("GET", graph))
    parsed = parse(reply.body, format="nt", most_problems=1)
    if parsed.problems:
        message = f"it cannot be read: {reply.media_type or 'no type'}"
        raise Deviates(message)
    if sorted(str(quad.object) for quad in parsed.quads) != ['"ø"', "<urn:a>"]:
        message = "triples are missing or changed"
        raise Deviates(message)
    return OK


def store_post(bench: Bench) -> Outcome:
    """A triple added to a graph."""
    graph = bench.graphs.new("post")
    bench.fill(graph, [f"{_S} {_P} <urn:a> ."])
    good(bench.store("POST", graph, f"{_S} {_P} <urn:b> .\n".encode()))
    _holds(bench, graph, 2, "POST says that it worked")
    return OK


def store_head(bench: Bench) -> Outcome:
    """A graph that is there, and one that is not."""
    graph = bench.graphs.new("head")
    bench.fill(graph, [f"{_S} {_P} <urn:a> ."])
    good(bench.store("HEAD", graph))
    missing = bench.store("HEAD", f"{bench.graphs.base}:nothing")
    if missing.status != httpx.codes.NOT_FOUND:
        message = f"HTTP {missing.status} about a graph that does not exist"
        raise Deviates(message)
    return OK


def store_delete(bench: Bench) -> Outcome:
    """A graph that is gone afterwards."""
    graph = bench.graphs.new("delete")
    bench.fill(graph, [f"{_S} {_P} <urn:a> ."])
    good(bench.store("DELETE", graph))
    _holds(bench, graph, 0, "DELETE says that it worked")
    facts = {name: bench.facts.get(name) for name in ("graph_store_put", "graph_store_get")}
    return Outcome(Verdict.OK, facts={"graph_store_delete": True, "graph_store": all(facts.values())})


def store_trig(bench: Bench) -> Outcome:
    """A graph of ours in TriG, sent to the store as a whole."""
    if not bench.graph_store:
        message = "no address of a graph store is known: --graph-store"
        raise NotTried(message)
    graph = bench.graphs.new("trig")
    body = f"{Iri(graph)} {{ {_S} {_P} <urn:a> }}".encode()
    reply = good(bench.asker.ask("POST", bench.graph_store, body=body, headers={"Content-Type": _TRIG}))
    what = "a web page" if "html" in reply.media_type else reply.media_type or "nothing"
    _holds(bench, graph, 1, f"HTTP {reply.status} with {what}")
    return OK


def graph_size(bench: Bench) -> Outcome:
    """Larger and larger graphs by PUT, mostly comments, so that the server has little to store."""
    fits = 0
    for size in _GRAPH_SIZES:
        graph = bench.graphs.new(f"size-{size}")
        body = f"{_S} {_P} <urn:a> .\n" + ("#" + "x" * 98 + "\n") * (size // 100)
        reply = bench.store("PUT", graph, body.encode())
        if not reply.is_good:
            return Outcome(
                Verdict.REFUSED, f"HTTP {reply.status} to a graph of {size:,} bytes", {"most_graph_bytes": fits}
            )
        _holds(bench, graph, 1, f"it took a graph of {size:,} bytes")
        fits = size
    return Outcome(Verdict.OK, facts={"most_graph_bytes": None})


# -- graphs and values --------------------------------------------------------------------------------


def _twice(bench: Bench) -> tuple[list[str], str]:
    """Two graphs of ours with the same triple, and that triple."""
    graphs = [bench.graphs.new("twice-1"), bench.graphs.new("twice-2")]
    triple = f"{_S} {_P} 'twice'"
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
    bench.fill(graph, [f"{_S} {_P} {probe.literal} ."])
    found = rows(bench.select(f"SELECT ?o {{ GRAPH {Iri(graph)} {{ ?s ?p ?o }} }}"))
    if len(found) != 1:
        message = f"{len(found)} values came back"
        raise Deviates(message)
    (expected,) = parse(f"{_S} {_P} {probe.literal} .".encode(), format="nt").quads
    if found.rows[0][0] != expected.object:
        message = f"it comes back as {short(found.rows[0][0])}"
        raise Deviates(message)
    return OK


def value_language(bench: Bench) -> Outcome:
    """The capitals of a language tag, which our own terms do not keep either: so the bytes are looked at."""
    graph = bench.graphs.new("language")
    bench.fill(graph, [f'{_S} {_P} "By"@nb-NO .'])
    reply = bench.select(f"SELECT ?o {{ GRAPH {Iri(graph)} {{ ?s ?p ?o }} }}")
    if len(rows(reply)) != 1 or b'"nb-NO"' not in reply.body:
        tag = re.search(rb'"(nb-no)"', reply.body, re.IGNORECASE)
        message = f"it comes back as {tag[1].decode()}" if tag else "it does not come back"
        raise Deviates(message)
    return OK


def value_long(bench: Bench) -> Outcome:
    """A long text, by an update and through the graph store, as far as these work."""
    line = f'{_S} {_P} "{"x" * _LONG}" .'
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


WRITING: Final[Mapping[str, Callable[[Bench], Outcome]]] = MappingProxyType(
    {
        "update-form": update_form,
        "update-direct": update_direct,
        "update-where": update_where,
        "update-sequence": update_sequence,
        "move-graph": move_graph,
        "insert-size": insert_size,
        "store-put": store_put,
        "store-get": store_get,
        "store-post": store_post,
        "store-head": store_head,
        "store-delete": store_delete,
        "store-trig": store_trig,
        "graph-size": graph_size,
        "duplicates": duplicates,
        "merged-graphs": merged_graphs,
        "paths": paths,
        "value-language": value_language,
        "value-long": value_long,
    }
)
"""The probes of this module by their ids."""
