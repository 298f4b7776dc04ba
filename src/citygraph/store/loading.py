"""Statements to a graph on a server in chunks, by the Graph Store Protocol or else by updates, and counted afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from citygraph.errors import StoreError
from citygraph.rdf import Iri, Quad, Triple, serialize
from citygraph.store.capabilities import Capabilities
from citygraph.store.connection import Connection, NotOffered, TooMuchAtOnce
from citygraph.store.updatable import UpdatableStore

__all__ = ["Loader"]

# Virtuoso compiles the text of an update and gives up on long ones.
_MOST_IN_UPDATE: Final = 1_000
_MOST_BYTES: Final = 8_000_000


class Loader:
    """Fills graphs on one server; it learns which way the server takes them."""

    def __init__(self, connection: Connection, *, chunk: int = 10_000, known: Capabilities | None = None) -> None:
        """A loader.

        Args:
            connection: the server.
            chunk: statements in one request, at most.
            known: what `citygraph doctor` found out about the server.
        """
        self._connection, self._chunk = connection, chunk
        refused = known is not None and known.graph_store_post is False
        self._by_updates = refused or not connection.addresses.graph_store
        self._most_bytes = min(_MOST_BYTES, (known and known.most_graph_bytes) or _MOST_BYTES)
        self._most_in_update = min(_MOST_IN_UPDATE, (known and known.most_insert_triples) or _MOST_IN_UPDATE)

    def add(self, graph: Iri, triples: Iterable[Triple]) -> int:
        """Add statements without blank nodes to a graph; how many were sent.

        A chunk may arrive twice when its answer was lost; a graph is a set, so that nothing comes of it.

        Raises:
            StoreError: a chunk was not taken.
        """
        sent = 0
        waiting = iter(triples)
        while chunk := list(islice(waiting, self._chunk)):
            self._send(graph, chunk)
            sent += len(chunk)
        return sent

    def fill(self, graph: Iri, triples: Iterable[Triple]) -> int:
        """Add statements to a graph that is empty, and count what arrived.

        Raises:
            StoreError: a chunk was not taken, or the server has another number than was sent.
        """
        known = tuple(dict.fromkeys(triples))
        self.add(graph, known)
        there = self._connection.count(graph)
        if there != len(known) and there != _as_values(known):
            raise self._mismatch(graph, known, there)
        return there

    def _mismatch(self, graph: Iri, sent: Sequence[Triple], there: int) -> StoreError:
        missing = list(islice((each for each in sent if not self._has(graph, each)), 1))
        example = f" Missing is, for example: {missing[0]} ." if missing else ""
        message = f"{self._connection.host} has {there:,} statements of the {len(sent):,} sent to {graph}.{example}"
        return StoreError(message, fix="Look into the log of the server; nothing was switched. Then run it again.")

    def _has(self, graph: Iri, triple: Triple) -> bool:
        text = f"SELECT (COUNT(*) AS ?n) WHERE {{ GRAPH {graph} {{ {triple.subject} {triple.predicate} {triple.object} }} }}"
        return bool(self._connection.number(text))

    # -- one chunk ------------------------------------------------------------------------------------

    def _send(self, graph: Iri, chunk: Sequence[Triple]) -> None:
        if self._by_updates:
            for part in _parts(chunk, self._most_in_update):
                self._insert(graph, part)
            return
        data = serialize(chunk, format="nt")
        try:
            if len(data) > self._most_bytes and len(chunk) > 1:
                self._halves(graph, chunk)
            else:
                self._connection.add(graph, data)
        except NotOffered:
            # 404, 405, 415 or 501: there is no such protocol here, and updates say the same.
            self._by_updates = True
            self._send(graph, chunk)
        except TooMuchAtOnce:
            if len(chunk) == 1:
                raise
            self._halves(graph, chunk)

    def _halves(self, graph: Iri, chunk: Sequence[Triple]) -> None:
        middle = len(chunk) // 2
        self._send(graph, chunk[:middle])
        self._send(graph, chunk[middle:])

    def _insert(self, graph: Iri, part: Sequence[Triple]) -> None:
        # N-Triples is a part of the grammar of SPARQL; the writer escapes what stands in a value.
        lines = serialize(part, format="nt").decode()
        try:
            self._connection.update(f"INSERT DATA {{ GRAPH {graph} {{\n{lines}}} }}")
        except TooMuchAtOnce:
            if len(part) == 1:
                raise
            middle = len(part) // 2
            self._insert(graph, part[:middle])
            self._insert(graph, part[middle:])


def _parts(whole: Sequence[Triple], size: int) -> Iterator[Sequence[Triple]]:
    for start in range(0, len(whole), size):
        yield whole[start : start + size]


def _as_values(triples: Sequence[Triple]) -> int:
    """How many they are for a server that holds values and not spellings, as our own store does: `01` is `1`."""
    return len(UpdatableStore(Quad(*triple) for triple in triples))
