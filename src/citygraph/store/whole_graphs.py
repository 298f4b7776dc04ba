"""A whole graph from a server: counted before, counted after, and refused when a statement is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Final, TypeVar

from citygraph.errors import StoreError
from citygraph.rdf import Iri, Term, Triple
from citygraph.store.connection import Connection
from citygraph.store.lines import lines_of, triples_of
from citygraph.store.remote import AnswerCut

__all__ = ["read_graph", "read_lines", "read_rows"]

_Result = TypeVar("_Result")
_PAGE: Final = 10_000
_LINES: Final = 200_000
_LEAST: Final = 10


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
    message = f"{connection.host} counts {wanted:,} rows and gave {len(found):,}."
    raise StoreError(message, fix="It cuts its answers: raise its limit of rows (ResultSetMaxRows), or its time.")


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
