"""The pool of a site whose graph lies on a SPARQL server: the same questions and answers, no worker processes."""

from __future__ import annotations

import asyncio
import gzip
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

from citygraph.errors import CitygraphError, QueryError, SnapshotError, StoreError
from citygraph.messages import sentence
from citygraph.rdf import Iri, Term, parse
from citygraph.results import Answer, Graph, Solutions, Truth, write_answer, write_truth
from citygraph.sparql.text import values_block
from citygraph.store.pool import Pool
from citygraph.store.protocol import MOST_UNKNOWN, WORTH_GZIP, Bounds, Head, NotAcceptable, Question, Reply
from citygraph.store.server.snapshot import ServedSnapshot
from citygraph.store.server.versions import HeldVersions
from citygraph.store.snapshot import Version
from citygraph.store.turns import FairQueue, Share, StoreBusy
from citygraph.store.worker import check

_STANDS: Final = """
SELECT ?term WHERE {
  {values}
  FILTER (EXISTS { ?term ?a ?b } || EXISTS { ?c ?term ?d } || EXISTS { ?e ?f ?term })
}
"""
_ROWS: Final = ("json", "xml", "csv", "tsv")
_TRUTH: Final = ("json", "xml")
_GRAPHS: Final = ("ttl", "nt", "rdf", "jsonld", "nq", "trig")


class ServerPool(Pool):
    """Questions passed on to the server, as many at a time as there would be workers.

    Every text is checked as it would be for a worker, names only graphs of the version in use, and is given up
    at the deadline; what the server does after that is its own affair, so it wants a limit of its own.
    """

    def __init__(self, held: HeldVersions, folder: Path, snapshot_id: str, *, bounds: Bounds, share: Share) -> None:
        """A pool that is not started yet."""
        super().__init__(folder, snapshot_id, bounds=bounds, share=share)
        self._held = held
        self._threads = ThreadPoolExecutor(share.workers, thread_name_prefix="citygraph-server")
        self._asking: Counter[str] = Counter()
        self._waiting: FairQueue[tuple[Reply, ServedSnapshot]] = FairQueue()
        self._busy = 0
        self._served: ServedSnapshot

    @property
    def state(self) -> dict[str, object]:
        """Figures for `/health`."""
        busy = self._asking.total()
        workers = 0 if self.is_closed else self.share.workers
        return {
            "workers": workers,
            "idle": max(0, workers - busy),
            "waiting": max(0, busy - workers),
            "replaced": 0,
            "fenced": False,
            "confined": False,
        }

    async def start(self) -> None:
        """Open the version in use on the server.

        Raises:
            SnapshotError: nothing has been built.
            StoreError: the server does not answer.
        """
        self._served = await self._opened()

    async def switch(self, folder: Path, snapshot_id: str) -> None:
        """Ask another version from now on; what is being answered is answered from the one before, which stays.

        Args:
            folder: where its sealed copy lies, if this machine has one.
            snapshot_id: its name.

        Raises:
            SnapshotError: there is none.
            StoreError: the server does not answer; the old version is still asked.
        """
        served = await self._opened()
        self._served = served
        self.version = Version(folder, snapshot_id, self.version.number + 1)

    async def _opened(self) -> ServedSnapshot:
        served = await self.loop.run_in_executor(None, self._held.current)
        if served is None:
            message = sentence("snapshots.none_there", host=self._held.connection.host)
            raise SnapshotError(message, fix=sentence("snapshots.run_build"))
        return served

    async def close(self, *, patience: float = 5.0) -> None:
        """Let the questions finish for a while."""
        self.is_closed = True
        until = self.loop.time() + patience
        while self._asking.total() and self.loop.time() < until:  # noqa: ASYNC110  # once, at the end
            await asyncio.sleep(0.02)
        while (waiting := self._waiting.take()) is not None:
            self._end(waiting[0], StoreBusy(sentence("busy.stopping")))
        self._threads.shutdown(wait=False, cancel_futures=True)

    def ask(self, question: Question, *, client: str = "", data: bytes = b"") -> Reply:
        """See `Pool.ask`.

        Raises:
            StoreBusy: too much waits already.
        """
        if self.is_closed:
            raise StoreBusy(sentence("busy.stopping"))
        if client and self._asking[client] >= self.share.per_client:
            message = sentence("busy.yours", count=self.share.per_client)
            raise StoreBusy(message, fix=sentence("next.wait_for_answer"))
        if client and self._asking.total() >= self.share.queue + self.share.workers:
            message = sentence("busy.queue", count=self._asking.total() - self.share.workers)
            raise StoreBusy(message, fix=sentence("next.again"))
        reply = Reply(question, client, data or question.to_bytes())
        reply.snapshot_id = self.version.snapshot_id
        self._asking[client] += 1
        self._waiting.put(client, (reply, self._served))
        self._dispatch()
        return reply

    def _dispatch(self) -> None:
        """Pass questions on while the server may be asked more of them at a time."""
        while self._busy < self.share.workers and (waiting := self._waiting.take()) is not None:
            reply, served = waiting
            self._busy += 1
            work = self.loop.run_in_executor(self._threads, self._answer, reply.question, served)
            work.add_done_callback(partial(self._done, reply))

    def _done(self, reply: Reply, done: asyncio.Future[tuple[Head, bytes]]) -> None:
        """In the thread of the loop: hand over the answer, or why there is none."""
        self._busy -= 1
        self._waiting.send_back(reply.client)
        error: BaseException | None = StoreBusy(sentence("busy.stopping")) if done.cancelled() else done.exception()
        if error is None:
            reply.head, body = done.result()
            reply.add(body)
            self._end(reply)
        else:
            self._end(
                reply, error if isinstance(error, CitygraphError) else StoreError(sentence("store.failed", why=error))
            )
        if not self.is_closed:
            self._dispatch()

    def _end(self, reply: Reply, error: Exception | None = None) -> None:
        """End a reply, whole or with an error, and count one question less of its asker."""
        self._asking[reply.client] -= 1
        if self._asking[reply.client] <= 0:
            del self._asking[reply.client]
        reply.end(error)

    def give_up(self, reply: Reply) -> None:
        """Give up an answer that nobody wants; a server that has been asked is asked to its deadline all the same."""
        waiting = next((each for each in self._waiting if each[0] is reply), None)
        if waiting is not None and self._waiting.remove(reply.client, waiting):
            self._end(reply, StoreError(sentence("snapshots.nobody")))
        elif not reply.is_whole and not reply.begun.done():
            reply.end(StoreError(sentence("snapshots.nobody")))

    # -- in a thread ----------------------------------------------------------------------------------

    def _answer(self, question: Question, served: ServedSnapshot) -> tuple[Head, bytes]:
        """The whole answer in a form that its asker takes."""
        checked = check(question.text, self.bounds)
        if checked.query.uses_service:
            raise QueryError(sentence("query.service_other"), fix=sentence("next.no_service"))
        chosen = question.default_graphs is not None or question.named_graphs is not None
        answer = served.ask(
            question.text,
            bind={name: _term(text) for name, text in question.bind.items()},
            graphs=[Iri(each) for each in question.default_graphs or ()] if chosen else None,
            named=[Iri(each) for each in question.named_graphs or ()] if chosen else None,
            prefixes=checked.prefixes,
            base=self.bounds.base or "",
            timeout=self.share.timeout,
            most_rows=question.most_rows or self.bounds.rows,
        )
        format_, body = _written(answer, question, dict(self.bounds.prefixes))
        if len(body) > self.bounds.bytes:
            raise QueryError(sentence("limit.bytes", most=self.bounds.bytes), fix=sentence("next.less_by_limits"))
        unknown = self._unknown(checked.terms, served) if question.tells_unknown and _is_of_nothing(answer) else ()
        if question.gzip and len(body) >= WORTH_GZIP and not unknown:
            return Head(format_, "gzip", checked.is_stable), gzip.compress(body, 1, mtime=0)
        return Head(format_, "", checked.is_stable, unknown), body

    def _unknown(self, terms: Sequence[str], served: ServedSnapshot) -> tuple[str, ...]:
        """The terms that stand nowhere in the graph of the day, asked of the server when a query found nothing."""
        asked = [Iri(each) for each in terms[:MOST_UNKNOWN]]
        if not asked:
            return ()
        text = _STANDS.replace("{values}", values_block(["term"], [[each] for each in asked]))
        answer = served.ask(text, timeout=self.share.timeout)
        there = {row[0] for row in answer.rows} if isinstance(answer, Solutions) else set(asked)
        return tuple(each.value for each in asked if each not in there)


def _is_of_nothing(answer: Answer) -> bool:
    return not (
        answer.value if isinstance(answer, Truth) else answer.triples if isinstance(answer, Graph) else answer.rows
    )


def _written(answer: Answer, question: Question, prefixes: Mapping[str, str]) -> tuple[str, bytes]:
    if isinstance(answer, Truth):
        format_ = _first(question.rows, _TRUTH, "endpoint.truth")
        return format_, write_truth(value=answer.value, format=format_)
    if isinstance(answer, Graph):
        format_ = _first(question.graph, _GRAPHS, "endpoint.graph")
    else:
        format_ = _first(question.rows, _ROWS, "endpoint.rows")
    return format_, write_answer(answer, format=format_, prefixes=prefixes)


def _first(wanted: Iterable[str], possible: Sequence[str], what: str) -> str:
    for name in wanted:
        if name in possible:
            return name
    message = sentence("endpoint.wrong_format", what=sentence(what))
    raise NotAcceptable(message, fix=sentence("next.other_format"))


def _term(text: str) -> Term:
    return parse(f"<urn:s> <urn:p> {text} .".encode(), format="nt").quads[0].object
