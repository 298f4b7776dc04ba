"""The pool as a `Store`: for code that waits for its answer in a thread, such as the pages."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import pyoxigraph

from citygraph.errors import QueryError, SnapshotError, StoreTimeout
from citygraph.messages import sentence
from citygraph.rdf import BlankNode, Iri, Literal, Quad, Term, Triple
from citygraph.results import Answer, Graph, Solutions, Truth
from citygraph.store.pool import Pool
from citygraph.store.protocol import Question, Reply
from citygraph.store.snapshot import Snapshot
from citygraph.store.turns import StoreBusy

_FREE: Final = 1_000_000


class Room:
    """Memory for answers that are being made into pages: every asker has a megabyte, more only while there is some."""

    def __init__(self, most: int = 64_000_000, *, most_each: int = 32_000_000) -> None:
        """Room for so many bytes in all, and in one answer."""
        self._most, self.most_each = most, most_each
        self._taken = 0
        self._lock = threading.Lock()

    def take(self, size: int) -> bool:
        """Whether there is room for so many bytes more."""
        with self._lock:
            if self._taken + size > self._most:
                return False
            self._taken += size
            return True

    def give_back(self, size: int) -> None:
        """These bytes are not needed any more."""
        with self._lock:
            self._taken -= size


class AskedStore:
    """The snapshot in use, asked through the workers: a query that goes wrong ends none but its own."""

    def __init__(
        self,
        pool: Pool,
        loop: asyncio.AbstractEventLoop,
        *,
        client: str = "",
        seconds: float | None = None,
        room: Room | None = None,
    ) -> None:
        """A store for other threads than the one of `loop`.

        Args:
            pool: the workers.
            loop: the event loop that they are asked from.
            client: shares the limits of that asker.
            seconds: how long all questions together may take.
            room: where the memory for answers comes from; without it there is no limit but that of the workers.
        """
        self._pool, self._loop, self._client, self._room = pool, loop, client, room
        self._seconds = seconds
        self._until = None if seconds is None else time.monotonic() + seconds
        self._size = self._taken = 0

    def load(self, quads: Iterable[Quad]) -> None:
        """Refused: a snapshot never changes."""
        del quads
        raise SnapshotError(sentence("snapshots.sealed"), fix=sentence("snapshots.change_files"))

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
            bind=_written(bind or {}),
            most_rows=most_rows or 0,
        )
        reply, data = self._ask(question, timeout)
        return _answer_of(reply.head.format, data)

    def close(self) -> None:
        """See `Store.close`; the workers belong to the pool, the room to all askers."""
        taken, self._taken = self._taken, 0
        if self._room is not None:
            self._room.give_back(taken)

    def _ask(self, question: Question, timeout: float | None) -> tuple[Reply, bytes]:
        seconds = self._left(timeout)
        asked = asyncio.run_coroutine_threadsafe(self._whole(question), self._loop)
        try:
            return asked.result(seconds)
        except TimeoutError as error:
            asked.cancel()
            allowed = timeout if self._seconds is None else min(timeout or self._seconds, self._seconds)
            raise _too_slow(allowed or 0.0) from error

    def _left(self, timeout: float | None) -> float | None:
        """The seconds that this question may take."""
        if self._until is None:
            return timeout
        left = self._until - time.monotonic()
        if left <= 0:
            raise _too_slow(self._seconds or 0.0)
        return left if timeout is None else min(left, timeout)

    async def _whole(self, question: Question) -> tuple[Reply, bytes]:
        reply = self._pool.ask(question, client=self._client)
        try:
            await asyncio.shield(reply.begun)
            data = bytearray()
            async for piece in reply.pieces():
                data += piece
                self._make_room(len(piece), len(data))
            return reply, bytes(data)
        finally:
            self._pool.give_up(reply)

    def _make_room(self, more: int, size: int) -> None:
        """Account for so many bytes more of an answer that has `size` now."""
        if self._room is None:
            return
        if size > self._room.most_each:
            raise QueryError(sentence("limit.page", most=self._room.most_each), fix=sentence("next.endpoint"))
        free = max(_FREE - self._size, 0)
        self._size += more
        needed = max(more - free, 0)
        if needed and not self._room.take(needed):
            raise StoreBusy(sentence("busy.large"), fix=sentence("next.again"))
        self._taken += needed


def _too_slow(seconds: float) -> StoreTimeout:
    return StoreTimeout(sentence("limit.time", seconds=seconds), fix=sentence("next.less_or_limit"))


def _written(bind: Mapping[str, Term]) -> dict[str, str]:
    return {name: str(term) for name, term in bind.items()}


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
