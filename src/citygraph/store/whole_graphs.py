"""A whole graph from a server: counted before, counted after, and refused when a statement is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from citygraph.errors import StoreError
from citygraph.rdf import Iri, Term, Triple, parse
from citygraph.store.connection import Connection
from citygraph.store.remote import AnswerCut

__all__ = ["read_graph", "read_rows"]

_PAGE: Final = 10_000
_LEAST: Final = 10


def read_graph(connection: Connection, graph: Iri, *, page: int = _PAGE) -> tuple[Triple, ...]:
    """Every statement of a graph, by the Graph Store Protocol or else page by page.

    Args:
        connection: the server.
        graph: the name of the graph there.
        page: rows to ask for at a time; a server that gives fewer is asked for as many as it gives.

    Raises:
        StoreError: fewer or more came than the server counted.
    """
    wanted = connection.count(graph)
    if not wanted:
        return ()
    found = _at_once(connection, graph)
    if len(found) != wanted:
        text = f"SELECT ?s ?p ?o WHERE {{ GRAPH {graph} {{ ?s ?p ?o }} }}"
        rows = _rows(connection, text, ("s", "p", "o"), wanted, page)
        found = tuple(Triple(*row) for row in rows)  # type: ignore[arg-type]  # a server holds RDF
    return found


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


def _at_once(connection: Connection, graph: Iri) -> tuple[Triple, ...]:
    """The graph as one document; nothing when the server cannot give it so, or the document is not whole.

    Virtuoso 7.2.5 fails on a graph of more than a million statements, and gives the same in pages.
    """
    try:
        parsed = parse(connection.fetch(graph), format="nt", most_problems=1)
    except StoreError:
        return ()
    return () if parsed.problems else tuple(dict.fromkeys(quad.triple for quad in parsed.quads))


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
