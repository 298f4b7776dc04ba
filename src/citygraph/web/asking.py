"""The one door between the pages and the graph: whatever a page wants to know, it asks here.

Everything is asked of worker processes that may die: a question of ours can be as heavy as one of a stranger.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Final

from citygraph.errors import ConfigError, QueryError
from citygraph.project import Project
from citygraph.query import Answered, get_query, run_query
from citygraph.rdf import Iri, Term
from citygraph.results import Answer, Solutions
from citygraph.saved_query import SavedQuery
from citygraph.sentences import sentence
from citygraph.sparql import read_query
from citygraph.store import Store
from citygraph.web.reading import day_of
from citygraph.web.rendering import Page

__all__ = ["ask_graph", "ask_saved", "ask_sparql", "saved_queries", "saved_query"]

_MOST_ROWS: Final = 50_000
_read: dict[str, tuple[object, list[SavedQuery]]] = {}
_read_one: dict[str, tuple[object, SavedQuery]] = {}


def ask_graph(store: Store, text: str, **bind: Term) -> list[dict[str, Term]]:
    """The rows of one of our own queries, with these variables bound.

    Raises:
        StoreTimeout: the deadline passed.
    """
    answer = store.query(text, bind=bind, most_rows=_MOST_ROWS)
    return list(answer) if isinstance(answer, Solutions) else []


def saved_queries(project: Project) -> list[SavedQuery]:
    """The questions that are published, by name; read again when one of their files has changed."""
    stats = [(path, path.stat()) for path in sorted((project.folder / "queries").glob("*.rq"))]
    stamp = tuple((str(path), stat.st_mtime_ns, stat.st_size) for path, stat in stats)
    known = _read.get(str(project.folder))
    if known is None or known[0] != stamp:
        known = _read[str(project.folder)] = (stamp, [query for query in project.queries() if query.publish])
    return known[1]


def saved_query(project: Project, name: str) -> SavedQuery:
    """The question of that name, published or not; read again when its file has changed.

    Raises:
        QueryError: there is none, or it breaks a rule of its header.
    """
    folder = project.folder / "queries"
    path = folder / f"{name}.rq"
    known = _read_one.get(str(path))
    # Before the file is read: a change in between is seen the next time.
    stamp = _stamp(path)
    if known is None or known[0] != stamp:
        known = _read_one[str(path)] = (stamp, get_query(folder, name))
    return known[1]


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except (OSError, ValueError):
        # A name with a null in it is no name of a file; whoever looks for it by name says so.
        return None
    return stat.st_mtime_ns, stat.st_size


def ask_saved(
    page: Page, saved: SavedQuery, values: Mapping[str, str], *, as_of: date | None = None, cite: bool = False
) -> Answered:
    """The answer to a saved query.

    Raises:
        QueryError: a value does not fit, or it asks a server that this site does not.
        StoreTimeout: the deadline passed, or another day is being worked out.
    """
    project, reading = page.project, page.reading
    store, manifest = reading.store, reading.manifest
    if as_of is not None and as_of.isoformat() != manifest.as_of:
        if not date(1900, 1, 1) <= as_of <= date(2100, 12, 31):
            raise QueryError(sentence("question.far_date", date=as_of.isoformat()), fix=sentence("next.day_between"))
        day, store = day_of(page.request, as_of)
        manifest = day.manifest
    try:
        return run_query(
            saved,
            store,
            values=values,
            prefixes=project.prefixes,
            asserted_graphs=[Iri(name) for name in manifest.asserted_graphs] if cite else None,
            timeout=project.config.number("limits.timeout"),
            most_rows=project.config.number("limits.rows"),
            names=reading.candidates,
            federation=project.federation() if project.config.values["serve.federation"] else None,
        )
    except ConfigError as error:
        raise QueryError(error.message, fix=error.fix) from error


def ask_sparql(page: Page, text: str) -> Answer:
    """The answer to a query that somebody wrote.

    Raises:
        QueryError: it is not valid, or reaches for the network.
        StoreTimeout: the deadline passed.
    """
    project = page.project
    number = project.config.number
    read_query(text, most_characters=number("limits.query_size"), deepest=number("limits.query_depth"))
    return page.reading.store.query(
        text, prefixes=project.prefixes, timeout=number("limits.timeout"), most_rows=number("limits.rows")
    )
