"""The probes that write, all into graphs of one run: updates and the graph store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import httpx

from citygraph.doctor.bench import OK, Bench, good
from citygraph.doctor.ground import P, S
from citygraph.doctor.probe import Deviates, NotTried, Outcome, Verdict
from citygraph.rdf import Iri, parse

__all__ = ["WRITING"]

_INSERT_SIZES: Final = (100, 1_000, 3_000, 10_000)
_GRAPH_SIZES: Final = (100_000, 1_000_000, 8_000_000)
_TRIG: Final = "application/trig"


def _holds(bench: Bench, graph: str, size: int, what: str) -> None:
    found = bench.size(graph)
    if found != size:
        message = f"{what}, and the graph has {found:,} triples instead of {size:,}"
        raise Deviates(message)


# -- updates ------------------------------------------------------------------------------------------


def _update(bench: Bench, *, as_form: bool) -> Outcome:
    graph = bench.graphs.new("form" if as_form else "direct")
    good(bench.send_update(f"INSERT DATA {{ GRAPH {Iri(graph)} {{ {S} {P} 1 }} }}", as_form=as_form))
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
    bench.fill(old, [f"{S} {P} {S} ."])
    good(
        bench.send_update(
            f"INSERT {{ GRAPH {Iri(new)} {{ ?o {P} ?s, 1 }} }} WHERE {{ GRAPH {Iri(old)} {{ ?s {P} ?o }} }}"
        )
    )
    _holds(bench, new, 2, "it says that it worked")
    return OK


def update_sequence(bench: Bench) -> Outcome:
    """Two updates in one request, of which the second takes away what the first has put."""
    graph = bench.graphs.new("sequence")
    both = f"INSERT DATA {{ GRAPH {Iri(graph)} {{ {S} {P} 1, 2 }} }} ; DELETE DATA {{ GRAPH {Iri(graph)} {{ {S} {P} 1 }} }}"
    good(bench.send_update(both))
    _holds(bench, graph, 1, "it says that it worked")
    return OK


def move_graph(bench: Bench) -> Outcome:
    """A graph that gets another name."""
    old, new = bench.graphs.new("move-from"), bench.graphs.new("move-to")
    bench.fill(old, [f"{S} {P} 1 ."])
    good(bench.send_update(f"MOVE GRAPH {Iri(old)} TO GRAPH {Iri(new)}"))
    _holds(bench, new, 1, "MOVE says that it worked")
    _holds(bench, old, 0, "MOVE left the old graph")
    return OK


def insert_size(bench: Bench) -> Outcome:
    """More and more triples in one INSERT DATA, counted each time."""
    fits = 0
    for size in _INSERT_SIZES:
        graph = bench.graphs.new(f"insert-{size}")
        triples = "\n".join(f"{S} {P} {number} ." for number in range(size))
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
    good(bench.store("PUT", graph, f"{S} {P} <urn:a> .\n{S} {P} <urn:b> .\n".encode()))
    _holds(bench, graph, 2, "PUT says that it worked")
    good(bench.store("PUT", graph, f"{S} {P} <urn:c> .\n".encode()))
    _holds(bench, graph, 1, "a second PUT added instead of replacing")
    return OK


def store_get(bench: Bench) -> Outcome:
    """A graph read back, triple by triple."""
    graph = bench.graphs.new("get")
    bench.fill(graph, [f"{S} {P} <urn:a> .", f'{S} {P} "ø" .'])
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
    bench.fill(graph, [f"{S} {P} <urn:a> ."])
    good(bench.store("POST", graph, f"{S} {P} <urn:b> .\n".encode()))
    _holds(bench, graph, 2, "POST says that it worked")
    return OK


def store_head(bench: Bench) -> Outcome:
    """A graph that is there, and one that is not."""
    graph = bench.graphs.new("head")
    bench.fill(graph, [f"{S} {P} <urn:a> ."])
    good(bench.store("HEAD", graph))
    missing = bench.store("HEAD", f"{bench.graphs.base}:nothing")
    if missing.status != httpx.codes.NOT_FOUND:
        message = f"HTTP {missing.status} about a graph that does not exist"
        raise Deviates(message)
    return OK


def store_delete(bench: Bench) -> Outcome:
    """A graph that is gone afterwards."""
    graph = bench.graphs.new("delete")
    bench.fill(graph, [f"{S} {P} <urn:a> ."])
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
    body = f"{Iri(graph)} {{ {S} {P} <urn:a> }}".encode()
    reply = good(bench.asker.ask("POST", bench.graph_store, body=body, headers={"Content-Type": _TRIG}))
    what = "a web page" if "html" in reply.media_type else reply.media_type or "nothing"
    _holds(bench, graph, 1, f"HTTP {reply.status} with {what}")
    return OK


def graph_size(bench: Bench) -> Outcome:
    """Larger and larger graphs by PUT, mostly comments, so that the server has little to store."""
    fits = 0
    for size in _GRAPH_SIZES:
        graph = bench.graphs.new(f"size-{size}")
        body = f"{S} {P} <urn:a> .\n" + ("#" + "x" * 98 + "\n") * (size // 100)
        reply = bench.store("PUT", graph, body.encode())
        if not reply.is_good:
            return Outcome(
                Verdict.REFUSED, f"HTTP {reply.status} to a graph of {size:,} bytes", {"most_graph_bytes": fits}
            )
        _holds(bench, graph, 1, f"it took a graph of {size:,} bytes")
        fits = size
    return Outcome(Verdict.OK, facts={"most_graph_bytes": None})


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
    }
)
"""The probes of this module by their ids."""
