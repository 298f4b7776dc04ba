"""Whole graphs to a server in chunks, and from it again: counted on both ways, refused when a statement is missing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Final, TypeVar

import pyoxigraph

from citygraph.errors import StoreError
from citygraph.messages import sentence
from citygraph.rdf import Iri, Quad, Term, Triple
from citygraph.store.endpoint import AnswerCut
from citygraph.store.server.capabilities import Capabilities
from citygraph.store.server.connection import Connection, NotOffered, TooMuchAtOnce
from citygraph.store.server.renaming import lines_of, triples_of

# Virtuoso compiles the text of an update and gives up on long ones.
_MOST_IN_UPDATE: Final = 1_000
_MOST_BYTES: Final = 64_000_000
_FIRST: Final = 10_000
_QUICK: Final = 1.0  # seconds
_Result = TypeVar("_Result")
_PAGE: Final = 10_000
_LINES: Final = 200_000
_LEAST: Final = 10


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
            lines: the statements, without blank nodes; see `citygraph.store.server.renaming`.

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
        message = sentence(
            "snapshots.has_fewer", host=self._connection.host, there=there, sent=len(sent), graph=graph, example=example
        )
        return StoreError(message, fix=sentence("snapshots.look_log"))

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
    store = pyoxigraph.Store()
    store.bulk_extend(Quad(*triple) for triple in triples_of(lines))
    return len(store)


def read_graph(connection: Connection, graph: Iri, *, page: int = _PAGE) -> tuple[Triple, ...]:
    """Every statement of a graph; see `read_lines`."""
    return tuple(read_lines(connection, graph, triples_of, page=page))


def read_lines(
    connection: Connection, graph: Iri, read: Callable[[Sequence[bytes]], list[_Result]], *, page: int = _PAGE
) -> list[_Result]:
    """Every statement of a graph, made from its line of N-Triples, which need not be written as we write it.

    By the Graph Store Protocol, or else in parts: with CONSTRUCT, and where that gives too few, row by row.

    Args:
        connection: the server.
        graph: the name of the graph there.
        read: what makes the statements from the lines; it raises ValueError when one is none.
        page: rows to ask for at a time; a server that gives fewer is asked for as many as it gives.

    Raises:
        StoreError: fewer or more came than the server counted.
    """
    wanted = connection.count(graph)
    if not wanted:
        return []
    for way in (_at_once, _in_parts):
        lines = way(connection, graph, wanted)
        if len(lines) == wanted:
            # What this server writes wrongly as N-Triples it may write rightly as rows.
            with suppress(ValueError):
                return read(lines)
    text = f"SELECT ?s ?p ?o WHERE {{ GRAPH {graph} {{ ?s ?p ?o }} }}"
    rows = _rows(connection, text, ("s", "p", "o"), wanted, page)
    return read(lines_of(Triple(*row) for row in rows))  # type: ignore[arg-type]  # a server holds RDF


def read_rows(
    connection: Connection, text: str, columns: Sequence[str], *, page: int = _PAGE
) -> tuple[tuple[Term | None, ...], ...]:
    """Every row of a `SELECT DISTINCT` of ours, counted before and after.

    Raises:
        StoreError: fewer or more came than the server counted.
    """
    wanted = connection.number(f"SELECT (COUNT(*) AS ?n) WHERE {{ {{ {text} }} }}")
    return _rows(connection, text, columns, wanted, page) if wanted else ()


def _rows(
    connection: Connection, text: str, columns: Sequence[str], wanted: int, page: int
) -> tuple[tuple[Term | None, ...], ...]:
    """All rows, page by page, whichever way of asking gives as many as were counted."""
    found: tuple[tuple[Term | None, ...], ...] = ()
    # No server promises an order that was not asked for; to ask for one costs a sort for each page.
    for order in ("", f"ORDER BY {' '.join(f'?{name}' for name in columns)}"):
        found = tuple(dict.fromkeys(_pages(connection, f"{text} {order}", columns, wanted, page)))
        if len(found) == wanted:
            return found
    message = sentence("snapshots.counts", host=connection.host, wanted=wanted, given=len(found))
    raise StoreError(message, fix=sentence("snapshots.cuts"))


def _at_once(connection: Connection, graph: Iri, wanted: int) -> list[bytes]:
    """The graph as one document; nothing when the server cannot give it so.

    Virtuoso 7.2.5 fails on a graph of more than a million statements, and gives the same in parts.
    """
    del wanted
    try:
        return _distinct(connection.fetch(graph))
    except StoreError:
        return []


def _in_parts(connection: Connection, graph: Iri, wanted: int) -> list[bytes]:
    """The graph in parts that the server writes as N-Triples; too little when it cuts them."""
    found: dict[bytes, None] = {}
    asked, start = _LINES, 0
    while start < wanted:
        part = f"SELECT ?s ?p ?o WHERE {{ GRAPH {graph} {{ ?s ?p ?o }} }} LIMIT {asked} OFFSET {start}"
        try:
            lines = _distinct(connection.construct(f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {{ {part} }} }}"))
        except StoreError:
            break
        found |= dict.fromkeys(lines)
        # What cuts this part cuts the next one at the same place.
        asked = min(asked, len(lines))
        start += len(lines)
        if not lines:
            break
    return list(found)


def _distinct(document: bytes) -> list[bytes]:
    """The lines of a document of N-Triples, each once."""
    return list(dict.fromkeys(line for line in document.split(b"\n") if line and not line.startswith(b"#")))


def _pages(
    connection: Connection, text: str, columns: Sequence[str], wanted: int, page: int
) -> Iterator[tuple[Term | None, ...]]:
    start = 0
    while start < wanted:
        # Virtuoso sorts at most 10,000 rows below a LIMIT, but any number below a query of its own.
        names = " ".join(f"?{name}" for name in columns)
        try:
            rows = connection.rows(f"SELECT {names} WHERE {{ {{ {text} }} }} LIMIT {page} OFFSET {start}")
        except AnswerCut as cut:
            if cut.most < _LEAST or cut.most > page:
                raise
            page = cut.most - 1
            continue
        if not rows:
            return
        for row in rows:
            yield tuple(row.get(name) for name in columns)
        start += len(rows)
