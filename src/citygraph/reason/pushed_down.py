"""The rules pushed down: run as updates on the server that will serve the graph, in graphs of their own.

Nothing is asked of the server but SPARQL 1.1: every graph is named, every row counted. The literals travel as
numbers, so that a server that writes `true` as `1` derives what every other engine derives.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import groupby

from citygraph.errors import StoreError
from citygraph.rdf import Iri, Quad, Term, Triple
from citygraph.reason import engine_sparql
from citygraph.reason.closure import Budget, FixedClosure
from citygraph.reason.sparql_names import GraphNames
from citygraph.store.held import HeldVersions
from citygraph.store.whole_graphs import read_graph, read_rows

__all__ = ["close"]


def close(triples: Iterable[Triple], held: HeldVersions, *, budget: Budget | None = None) -> FixedClosure:
    """Everything that follows from these triples, derived on a server and read back.

    Args:
        triples: what is asserted.
        held: the server; the graphs that the rules work in are announced there, so that none is left behind.
        budget: how much may be derived.

    Raises:
        ReasoningError: the budget was used up.
        StoreError: the server failed; what it has so far is removed now or by a later build.
    """
    work, (asserted, inferred, values) = held.versions.begin_work()
    store = _ServerStore(held, inferred)
    try:
        names = GraphNames(asserted.value, inferred.value, values.value)
        return engine_sparql.close(triples, budget=budget, store=store, names=names)
    finally:
        with suppress(StoreError):
            held.versions.forget(work)


class _ServerStore:
    """The graphs of one run on the server, as the engine wants them."""

    def __init__(self, held: HeldVersions, inferred: Iri) -> None:
        self._connection, self._inferred = held.connection, inferred
        self._loader = held.loader()

    def add(self, quads: Iterable[Quad]) -> None:
        """Load quads that come graph by graph, and count them."""
        for name, group in groupby(quads, lambda quad: quad.graph_name):
            if isinstance(name, Iri):
                self._loader.fill(name, (quad.triple for quad in group))

    def update(self, text: str) -> None:
        """Run one rule; running it twice gives nothing new."""
        self._connection.update(text)

    def quads(self, graph_name: Iri | None = None) -> Iterator[Quad]:
        """Every quad of one graph."""
        name = graph_name or self._inferred
        return (Quad(t.subject, t.predicate, t.object, name) for t in read_graph(self._connection, name))

    def number(self, text: str) -> int:
        """The one number that a SELECT gives."""
        return self._connection.number(text)

    def rows(self, text: str, columns: Sequence[str]) -> Iterator[tuple[Term | None, ...]]:
        """Every row of one SELECT."""
        return iter(read_rows(self._connection, text, columns))
