"""Several named graphs as one default graph, each of their triples once (SPARQL 1.1 Query, 13.2)."""

from __future__ import annotations

from typing import Final

import pyoxigraph

__all__ = ["Merged"]

_MOST_MERGED: Final = 4


class Merged:
    """Several named graphs as one default graph: the engine's own merge counts a repeated triple twice."""

    def __init__(self, store: pyoxigraph.Store) -> None:
        """Merges of the graphs of `store`; the last few are kept."""
        self._store = store
        self._known: dict[frozenset[str], pyoxigraph.Store] = {}

    def of(self, graphs: frozenset[str]) -> pyoxigraph.Store:
        """A store whose default graph is the merge."""
        merged = self._known.pop(graphs, None)
        if merged is None:
            merged = pyoxigraph.Store()
            for name in graphs:
                found = self._store.quads_for_pattern(None, None, None, pyoxigraph.NamedNode(name))
                merged.extend(pyoxigraph.Quad(*quad.triple) for quad in found)
        self._known[graphs] = merged
        if len(self._known) > _MOST_MERGED:
            del self._known[next(iter(self._known))]
        return merged
