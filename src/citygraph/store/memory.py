"""A store in this process: for tests, for `check`, and for one-off commands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import pyoxigraph

from citygraph.rdf import DefaultGraph, Iri, Quad, Term
from citygraph.results import Answer
from citygraph.store.oxigraph import answer

__all__ = ["MemoryStore"]


class MemoryStore:
    """Quads in memory, gone when it is closed."""

    def __init__(self, quads: Iterable[Quad] = ()) -> None:
        """A store that holds `quads`."""
        self._store = pyoxigraph.Store()
        self.load(quads)

    def load(self, quads: Iterable[Quad]) -> None:
        """See `Store.load`."""
        for quad in quads:
            self._store.add(quad)
            if not isinstance(quad.graph_name, DefaultGraph):
                self._store.add(Quad(quad.subject, quad.predicate, quad.object))

    def quads(self, graph_name: Iri | None = None) -> Iterator[Quad]:
        """See `Store.quads`."""
        for quad in self._store.quads_for_pattern(None, None, None, graph_name):
            if not isinstance(quad.graph_name, DefaultGraph):
                yield quad

    def query(
        self,
        text: str,
        *,
        bind: Mapping[str, Term] | None = None,
        graphs: Sequence[Iri] | None = None,
        prefixes: Mapping[str, str] | None = None,
        timeout: float | None = None,
        most_rows: int | None = None,
    ) -> Answer:
        """See `Store.query`."""
        return answer(
            self._store, text, bind=bind, graphs=graphs, prefixes=prefixes, timeout=timeout, most_rows=most_rows
        )

    def close(self) -> None:
        """See `Store.close`."""
        self._store = pyoxigraph.Store()
