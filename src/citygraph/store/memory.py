"""What every store offers; and quads in the memory of this process, where a query is refused, bound, or ended in time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final, Protocol, TypeVar

import pyoxigraph

from citygraph.errors import QueryError, StoreError, StoreTimeout
from citygraph.messages import sentence
from citygraph.rdf import BlankNode, DefaultGraph, Iri, Quad, Term, Triple
from citygraph.results import Answer, Graph, Solutions, Truth
from citygraph.sparql.faults import syntax_error
from citygraph.sparql.text import QueryText, check_values, read_query

_Each = TypeVar("_Each")
_LONGEST: Final = 10_000_000


DEFAULT_GRAPH: Final = "urn:x-arq:DefaultGraph"
"""Names the default graph among the graphs that are asked; the name that Apache Jena has for it."""


def graphs_asked(graphs: Iterable[Iri] | None) -> list[Iri | BlankNode | DefaultGraph] | None:
    """The graphs of a query as the engine takes them; `None` leaves them to the text."""
    if graphs is None:
        return None
    return [DefaultGraph() if each.value == DEFAULT_GRAPH else each for each in graphs]


def answer(
    store: pyoxigraph.Store,
    text: str,
    *,
    bind: Mapping[str, Term] | None = None,
    graphs: Sequence[Iri] | None = None,
    prefixes: Mapping[str, str] | None = None,
    timeout: float | None = None,
    most_rows: int | None = None,
) -> Answer:
    """What `Store.query` promises, for a pyoxigraph store in this process."""
    # Who asks for others looks at the length first; our own questions may carry the values that a server gave.
    query = read_query(text, most_characters=_LONGEST)
    if query.uses_service:
        raise QueryError(sentence("query.service"), fix=sentence("next.no_service"))
    refuse_patterns(query)
    check_values(query, bind or ())
    values = {pyoxigraph.Variable(name): term for name, term in (bind or {}).items()}

    def run() -> Answer:
        return _collect(
            store.query(
                text,
                prefixes=dict(prefixes) if prefixes else None,
                substitutions=values or None,
                default_graph=graphs_asked(graphs),
            ),
            query,
            most_rows,
        )

    try:
        return run() if timeout is None else _before_deadline(run, timeout)
    except SyntaxError as error:
        raise syntax_error(error.msg, text) from error
    except RuntimeError as error:
        raise QueryError(sentence("query.cannot_run", detail=str(error))) from error
    except OSError as error:
        raise StoreError(sentence("query.store", detail=str(error))) from error


def refuse_patterns(query: QueryText) -> None:
    r"""Refuse a regular expression that the engine cannot use: it would find nothing, and say nothing.

    Raises:
        QueryError: it is none, or has what the engine leaves out of XPath's: `\1`, `\i` and `\c`.
    """
    for pattern, flags in query.patterns:
        if not _is_pattern(pattern.text, flags):
            message = sentence("query.pattern", line=pattern.line, column=pattern.column, text=pattern.text[:60])
            raise QueryError(message, fix=sentence("next.other_pattern"))


@lru_cache(maxsize=256)
def _is_pattern(pattern: str, flags: str) -> bool:
    """Whether the engine can use a regular expression; it and its flags are strings as SPARQL writes them."""
    try:
        answer = pyoxigraph.Store().query(f'SELECT (REGEX("", {pattern}, {flags}) AS ?is) {{}}')
    except SyntaxError:
        return True  # what is wrong is no pattern: the query itself is refused, with its place
    return any(row["is"] is not None for row in answer)  # type: ignore[union-attr]  # a SELECT has rows


def _collect(
    result: pyoxigraph.QuerySolutions | pyoxigraph.QueryBoolean | pyoxigraph.QueryTriples,
    query: QueryText,
    most_rows: int | None,
) -> Answer:
    if isinstance(result, pyoxigraph.QueryBoolean):
        return Truth(bool(result))
    if isinstance(result, pyoxigraph.QueryTriples):
        return Graph(tuple(dict.fromkeys(_at_most(result, most_rows))))
    given = tuple(variable.value for variable in result.variables)
    # The engine sorts the columns of SELECT * by name; the text's order is what its author means.
    columns = tuple(column for column in query.columns if column in given) if query.star else given
    found = _at_most(result, most_rows)
    if columns == given:
        return Solutions(columns, tuple(map(tuple, found)))
    return Solutions(columns, tuple(tuple(solution[column] for column in columns) for solution in found))


def _at_most(found: Iterable[_Each], most: int | None) -> Iterator[_Each]:
    for number, each in enumerate(found):
        if most is not None and number >= most:
            raise QueryError(sentence("limit.rows", most=most), fix=sentence("next.less_or_rows"))
        yield each


def _before_deadline(run: Callable[[], Answer], timeout: float) -> Answer:
    """Run in a thread of its own and stop waiting at the deadline.

    A running query cannot be stopped from Python (oxigraph#1926): the thread is left behind and ends
    with the process. Queries on behalf of others run in processes that can be ended.
    """
    outcome: list[Answer | BaseException] = []

    def target() -> None:
        try:
            outcome.append(run())
        except BaseException as error:  # noqa: BLE001  # handed to the waiting thread, which raises it
            outcome.append(error)

    thread = threading.Thread(target=target, name="citygraph-query", daemon=True)
    thread.start()
    thread.join(timeout)
    if not outcome:
        raise StoreTimeout(sentence("limit.time", seconds=timeout), fix=sentence("next.less_or_timeout"))
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return outcome[0]


class MemoryStore:
    """Quads in memory, gone when it is closed."""

    def __init__(self, quads: Iterable[Quad] = (), *, apart: Iterable[Quad] = ()) -> None:
        """A store that holds `quads`, and those of `apart` outside its default graph."""
        self._store = pyoxigraph.Store()
        self.load(quads)
        self._store.extend(apart)

    def load(self, quads: Iterable[Quad]) -> None:
        """See `Store.load`."""
        self._store.extend(_with_default(quads))

    def state(self, triples: Iterable[Triple]) -> None:
        """Add triples to the default graph alone."""
        self._store.extend(Quad(*triple) for triple in triples)

    def retract(self, triples: Iterable[Triple]) -> None:
        """Take triples out of the default graph."""
        for triple in triples:
            self._store.remove(Quad(*triple))

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


def _with_default(quads: Iterable[Quad]) -> Iterator[Quad]:
    """Each quad, and its triple in the default graph."""
    for quad in quads:
        yield quad
        if not isinstance(quad.graph_name, DefaultGraph):
            yield Quad(*quad.triple)


class Store(Protocol):
    """A set of named graphs, and a default graph that holds each of their triples once."""

    def load(self, quads: Iterable[Quad]) -> None:
        """Add quads to their graphs and their triples to the default graph.

        Raises:
            StoreError: the store cannot be written.
        """

    def quads(self, graph_name: Iri | None = None) -> Iterator[Quad]:
        """The quads of one named graph, or of all named graphs; literals as the engine spells them."""

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
        """The answer to one SPARQL query.

        Args:
            text: SPARQL 1.1; updates and SERVICE are refused.
            bind: values for variables that the query projects; terms, never text.
            graphs: ask the union of these named graphs instead of the default graph, which is itself one of them as
                `DEFAULT_GRAPH`; a statement in several of them is counted each time.
            prefixes: prefixes that the text may use without declaring them.
            timeout: seconds until the deadline.
            most_rows: more rows, or triples, than this are refused: a cut answer would look whole.

        Raises:
            QueryError: the text is no valid query, or reaches for the network.
            StoreTimeout: the deadline passed.
            StoreError: the engine failed.
        """

    def close(self) -> None:
        """Give back files and memory; the store is not used afterwards."""
