"""The pool as a `Store`: for code that waits for its answer in a thread, such as the pages."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence

import pyoxigraph

from citygraph.errors import SnapshotError, StoreTimeout
from citygraph.rdf import BlankNode, Iri, Literal, Quad, Term, Triple
from citygraph.results import Answer, Graph, Solutions, Truth
from citygraph.store.asking import Question
from citygraph.store.reply import Reply
from citygraph.store.snapshot import Snapshot
from citygraph.store.workers import Pool

__all__ = ["AskedStore"]


class AskedStore:
    """The snapshot in use, asked through the workers: a query that goes wrong ends none but its own."""

    def __init__(self, pool: Pool, loop: asyncio.AbstractEventLoop, *, client: str = "") -> None:
        """A store for other threads than the one of `loop`; `client` shares the limits of that asker."""
        self._pool, self._loop, self._client = pool, loop, client

    def load(self, quads: Iterable[Quad]) -> None:
        """Refused: a snapshot never changes."""
        del quads
        raise SnapshotError("A snapshot is sealed.", fix="Change the files and run: citygraph build")

    def quads(self, graph_name: Iri | None = None) -> Iterator[Quad]:
        """See `Store.quads`."""
        return Snapshot(self._pool.version.folder).quads(graph_name)

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
        """See `Store.query`; the prefixes of the project are known to the workers."""
        del prefixes
        question = Question(
            text,
            rows=("json",),
            graph=("nt",),
            default_graphs=None if graphs is None else [each.value for each in graphs],
            bind={name: str(term) for name, term in (bind or {}).items()},
            most_rows=most_rows or 0,
        )
        asked = asyncio.run_coroutine_threadsafe(self._whole(question), self._loop)
        try:
            reply, data = asked.result(timeout)
        except TimeoutError as error:
            asked.cancel()
            message = f"The query took longer than {timeout:g} seconds and was stopped."
            raise StoreTimeout(message, fix="Ask for less, or add LIMIT.") from error
        return _answer_of(reply.head.format, data)

    def close(self) -> None:
        """See `Store.close`; the workers belong to the pool."""

    async def _whole(self, question: Question) -> tuple[Reply, bytes]:
        reply = self._pool.ask(question, client=self._client)
        try:
            await asyncio.shield(reply.begun)
            return reply, b"".join([piece async for piece in reply.pieces()])
        finally:
            self._pool.give_up(reply)


def _answer_of(format: str, data: bytes) -> Answer:  # noqa: A002
    if format == "nt":
        return Graph(tuple(quad.triple for quad in pyoxigraph.parse(data, format=pyoxigraph.RdfFormat.N_TRIPLES)))
    found = pyoxigraph.parse_query_results(data, format=pyoxigraph.QueryResultsFormat.JSON)
    if isinstance(found, pyoxigraph.QueryBoolean):
        return Truth(bool(found))
    columns = tuple(variable.value for variable in found.variables)
    return Solutions(columns, tuple(tuple(_term(row[column]) for column in columns) for row in found))


def _term(term: object) -> Term | None:
    return term if isinstance(term, Iri | BlankNode | Literal | Triple) else None
