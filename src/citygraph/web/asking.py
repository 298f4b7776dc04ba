"""The one door between the pages and the graph: whatever a page wants to know, it asks here.

What a stranger wrote is asked of a worker process that may die; our own queries are asked in this process.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import date
from typing import Final

from starlette.requests import Request

from citygraph.errors import QueryError, StoreTimeout
from citygraph.project import Project
from citygraph.query import Answered
from citygraph.rdf import Term
from citygraph.results import Answer, Solutions
from citygraph.saved_query import SavedQuery
from citygraph.sparql import read_query
from citygraph.store import Store
from citygraph.web.requests import client_of

__all__ = ["ask_graph", "ask_saved", "ask_sparql", "saved_queries"]

_MOST_ROWS: Final = 50_000
_PATIENCE: Final = 10.0
# Reasoning for another day writes a version of its own; one at a time is enough for a web site.
_deriving = threading.Lock()
_read: dict[str, tuple[object, list[SavedQuery]]] = {}


def ask_graph(store: Store, text: str, **bind: Term) -> list[dict[str, Term]]:
    """The rows of one of our own queries, with these variables bound.

    Raises:
        StoreTimeout: the deadline passed.
    """
    answer = store.query(text, bind=bind, timeout=_PATIENCE, most_rows=_MOST_ROWS)
    return list(answer) if isinstance(answer, Solutions) else []


def saved_queries(project: Project) -> list[SavedQuery]:
    """The questions that are published, by name; read again when one of their files has changed."""
    stats = [(path, path.stat()) for path in sorted((project.folder / "queries").glob("*.rq"))]
    stamp = tuple((str(path), stat.st_mtime_ns, stat.st_size) for path, stat in stats)
    known = _read.get(str(project.folder))
    if known is None or known[0] != stamp:
        known = _read[str(project.folder)] = (stamp, [query for query in project.queries() if query.publish])
    return known[1]


def ask_saved(
    project: Project, name: str, values: Mapping[str, str], *, as_of: date | None = None, cite: bool = False
) -> Answered:
    """The answer to a saved query.

    Raises:
        QueryError: there is no such question, or a value does not fit.
        StoreTimeout: the deadline passed, or another day is being worked out for somebody else.
    """
    if as_of is None or as_of.isoformat() == project.snapshot().manifest.as_of:
        return project.query(name, values, cite=cite)
    if not date(1900, 1, 1) <= as_of <= date(2100, 12, 31):
        message = f"The date {as_of.isoformat()} lies outside 1900 to 2100."
        raise QueryError(message, fix="Choose a day in between.")
    if not _deriving.acquire(timeout=_PATIENCE):
        message = "Another day is being worked out just now."
        raise StoreTimeout(message, fix="Try again in a few seconds.")
    try:
        return project.query(name, values, as_of=as_of, cite=cite)
    finally:
        _deriving.release()


def ask_sparql(request: Request, text: str) -> Answer:
    """The answer to a query that somebody wrote, from a worker when the site has them.

    Raises:
        QueryError: it is not valid, or reaches for the network.
        StoreTimeout: the deadline passed.
    """
    project: Project = request.app.state.project
    service = getattr(request.app.state, "service", None)
    if service is None:
        return project.sparql(text)
    number = project.config.number
    read_query(text, most_characters=number("limits.query_size"), deepest=number("limits.query_depth"))
    store: Store = service.store(client=client_of(request.scope))
    return store.query(
        text, prefixes=project.prefixes, timeout=number("limits.timeout"), most_rows=number("limits.rows")
    )
