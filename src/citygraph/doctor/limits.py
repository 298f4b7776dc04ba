"""The probes of limits and of the default graph; they only read, unless there is leave to write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from citygraph.doctor.asker import Reply
from citygraph.doctor.bench import NTRIPLES, OK, ONE, Bench, good, many_rows, number, rows, same
from citygraph.doctor.probe import Deviates, NoAnswer, NotTried, Outcome, Verdict
from citygraph.rdf import Iri, Term
from citygraph.results import Solutions

__all__ = ["LIMITS"]

_QUERY_BYTES: Final = (10_000, 100_000, 1_000_000)
# Each step of the slow query is twice as large as the one before, and the first that takes so many seconds is
# the last: so it costs the server a few seconds and never more. Virtuoso, asked to stop after one, stops after two.
_SLOW_STEPS: Final = range(13, 31)
_SLOW_SECONDS: Final = 3.0
_SLOW_ATTEMPTS: Final = 3
_SHORTEST_TIMEOUT: Final = "1000"  # milliseconds, as Virtuoso reads them


def all_rows(bench: Bench) -> Outcome:
    """A table of as many rows as we want, and its size as the server counts it."""
    query, pattern = many_rows(bench.rows_to_ask)
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
        query = ONE + "\n" + ("#" + "x" * 98 + "\n") * (size // 100)
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


LIMITS: Final[Mapping[str, Callable[[Bench], Outcome]]] = MappingProxyType(
    {
        "all-rows": all_rows,
        "time-out": time_out,
        "long-query": long_query,
        "default-graph": default_graph,
        "default-graph-uri": default_graph_uri,
        "store-default": store_default,
    }
)
"""The probes of this module by their ids."""
