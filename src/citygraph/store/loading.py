"""Statements to a graph on a server in chunks, by the Graph Store Protocol or else by updates, and counted afterwards."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from citygraph.errors import StoreError
from citygraph.rdf import Iri, Quad, Triple
from citygraph.store.capabilities import Capabilities
from citygraph.store.connection import Connection, NotOffered, TooMuchAtOnce
from citygraph.store.lines import lines_of, triples_of
from citygraph.store.updatable import UpdatableStore

__all__ = ["Loader"]

# Virtuoso compiles the text of an update and gives up on long ones.
_MOST_IN_UPDATE: Final = 1_000
_MOST_BYTES: Final = 64_000_000
_FIRST: Final = 10_000
_QUICK: Final = 1.0  # seconds


class Loader:
    """Fills graphs on one server; it learns which way the server takes them, and how much at once."""

    def __init__(self, connection: Connection, *, chunk: int = 100_000, known: Capabilities | None = None) -> None:
        """A loader.

        Args:
            connection: the server.
            chunk: statements in one request, at most; it begins with fewer and doubles while the server is quick.
            known: what `citygraph doctor` found out about the server.
        """
        self._connection, self._most = connection, chunk
        self._now = min(chunk, _FIRST)
        refused = known is not None and known.graph_store_post is False
        self._by_updates = refused or not connection.addresses.graph_store
        self._most_bytes = min(_MOST_BYTES, (known and known.most_graph_bytes) or _MOST_BYTES)
        self._most_in_update = min(_MOST_IN_UPDATE, (known and known.most_insert_triples) or _MOST_IN_UPDATE)

    def fill(self, graph: Iri, triples: Iterable[Triple]) -> int:
        """As `fill_lines`, from triples."""
        return self.fill_lines(graph, lines_of(triples))

    def fill_lines(self, graph: Iri, lines: Iterable[bytes]) -> int:
        """Add statements to a graph that is empty, and count what arrived; how many that is.

        A chunk may arrive twice when its answer was lost; a graph is a set, so that nothing comes of it.

        Args:
            graph: its name on the server.
            lines: the statements, without blank nodes; see `citygraph.store.lines`.

        Raises:
            StoreError: a chunk was not taken, or the server has another number than was sent.
        """
        known = list(dict.fromkeys(lines))
        start = 0
        while start < len(known):
            chunk = known[start : start + self._now]
            begun = time.monotonic()
            self._send(graph, chunk)
            start += len(chunk)
            if time.monotonic() - begun < _QUICK:
                self._now = min(2 * self._now, self._most)
        there = self._connection.count(graph)
        if there != len(known) and there != _as_values(known):
            raise self._mismatch(graph, known, there)
        return there

    def _mismatch(self, graph: Iri, sent: Sequence[bytes], there: int) -> StoreError:
        missing = next((each.decode() for each in sent if not self._has(graph, each.decode())), "")
        example = f" Missing is, for example: {missing}" if missing else ""
        message = f"{self._connection.host} has {there:,} statements of the {len(sent):,} sent to {graph}.{example}"
        return StoreError(message, fix="Look into the log of the server; nothing was switched. Then run it again.")

    def _has(self, graph: Iri, statement: str) -> bool:
        text = f"SELECT (COUNT(*) AS ?n) WHERE {{ GRAPH {graph} {{ {statement} }} }}"
        return bool(self._connection.number(text))

    # -- one chunk ------------------------------------------------------------------------------------

    def _send(self, graph: Iri, chunk: Sequence[bytes]) -> None:
        if self._by_updates:
            for part in _parts(chunk, self._most_in_update):
                self._insert(graph, part)
            return
        data = _text(chunk)
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
            self._most = max(1, min(self._most, len(chunk) // 2))
            self._now = min(self._now, self._most)
            self._halves(graph, chunk)

    def _halves(self, graph: Iri, chunk: Sequence[bytes]) -> None:
        middle = len(chunk) // 2
        self._send(graph, chunk[:middle])
        self._send(graph, chunk[middle:])

    def _insert(self, graph: Iri, part: Sequence[bytes]) -> None:
        # N-Triples is a part of the grammar of SPARQL; the writer escapes what stands in a value.
        lines = _text(part).decode()
        try:
            self._connection.update(f"INSERT DATA {{ GRAPH {graph} {{\n{lines}}} }}")
        except TooMuchAtOnce:
            if len(part) == 1:
                raise
            middle = len(part) // 2
            self._insert(graph, part[:middle])
            self._insert(graph, part[middle:])


def _parts(whole: Sequence[bytes], size: int) -> Iterator[Sequence[bytes]]:
    for start in range(0, len(whole), size):
        yield whole[start : start + size]


def _text(lines: Sequence[bytes]) -> bytes:
    return b"\n".join((*lines, b""))


def _as_values(lines: Sequence[bytes]) -> int:
    """How many they are for a server that holds values and not spellings, as our own store does: `01` is `1`."""
    return len(UpdatableStore(Quad(*triple) for triple in triples_of(lines)))
