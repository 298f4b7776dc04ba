"""The pool: read-only worker processes over one snapshot, ended at the deadline and replaced.

A running query cannot be stopped (oxigraph#1926) and a few kilobytes of text can end any process, so every
query of a stranger runs in a process that may die.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from citygraph.errors import SnapshotError, StoreError, StoreTimeout
from citygraph.messages import sentence
from citygraph.store.process import Worker, start_worker, was_ended_by_others
from citygraph.store.protocol import Bounds, Question, Reply
from citygraph.store.snapshot import Version
from citygraph.store.turns import Share, StoreBusy, WorkerTurns
from citygraph.store.worker import uses_service

_FAILED_STARTS: Final = 2


class Pool:
    """Workers over one snapshot, and the queue in front of them; used from the thread of one event loop."""

    def __init__(self, folder: Path, snapshot_id: str, *, bounds: Bounds, share: Share, fenced: bool = True) -> None:
        """A pool that is not started yet; without the fence its workers may ask other servers."""
        self._fenced = fenced
        self.version = Version(folder, snapshot_id)
        self.bounds, self.share = bounds, share
        self.replaced = 0
        self.is_closed = False
        self.loop = asyncio.get_running_loop()
        self.turns = WorkerTurns(share)
        self._workers: set[Worker] = set()
        self._idle: deque[Worker] = deque()
        self._outside = asyncio.Semaphore(2)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def workers(self) -> frozenset[Worker]:
        """Every process there is, those that start and those that go included."""
        return frozenset(self._workers)

    @property
    def state(self) -> dict[str, object]:
        """Figures for `/health`."""
        current = [each for each in self._workers if each.version == self.version]
        return {
            "workers": len(current),
            "idle": len(self._idle),
            "waiting": self.turns.number_waiting,
            "replaced": self.replaced,
            "fenced": bool(current) and all(each.is_fenced for each in current),
            "confined": bool(current) and all(each.is_confined for each in current),
        }

    # -- workers ------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start the workers.

        Raises:
            SnapshotError: the snapshot cannot be opened.
        """
        for started in await self._start_all(self.version):
            # One that was lost on the way is being replaced.
            if started in self._workers:
                self._idle.append(started)

    async def switch(self, folder: Path, snapshot_id: str) -> None:
        """Serve another snapshot: new workers first, then the old ones finish what they have and go.

        Args:
            folder: where it lies.
            snapshot_id: its name.

        Raises:
            SnapshotError: the snapshot cannot be opened; the old one is still served.
        """
        version = Version(folder, snapshot_id, self.version.number + 1)
        # One that was lost on the way, while the old version was in use, nobody has replaced.
        started = await self._start_all(version)
        fresh = [each for each in started if each in self._workers]
        old = [each for each in self._workers if each not in fresh]
        self.version = version
        for each in old:
            each.is_retired = True
            if each.reply is None:
                each.stop()
        self._idle = deque(fresh)
        for _ in range(self.share.workers - len(fresh)):
            self._background(self._replace())
        self._dispatch()

    async def _start_all(self, version: Version) -> list[Worker]:
        """All workers of a version; a few of them may be ended by somebody while they start.

        Raises:
            SnapshotError: the snapshot cannot be opened.
        """
        started: list[Worker] = []
        failed = 0
        while len(started) < self.share.workers:
            try:
                started.append(await self._start_one(version))
            except SnapshotError:
                failed += 1
                if failed > _FAILED_STARTS:
                    for each in started:
                        each.stop()
                    raise
        return started

    async def close(self, *, patience: float = 5.0) -> None:
        """Let the workers finish for a while, then end them."""
        self.is_closed = True
        until = self.loop.time() + patience
        while any(each.reply for each in self._workers) and self.loop.time() < until:  # noqa: ASYNC110  # once, at the end
            await asyncio.sleep(0.02)
        for reply in self.turns.all_waiting():
            reply.end(StoreBusy(sentence("busy.stopping")))
        processes = [each.process for each in self._workers]
        for each in list(self._workers):
            each.kill()
        waiting = (self.loop.run_in_executor(None, process.exit_code, 5.0) for process in processes)
        await asyncio.gather(*waiting)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _start_one(self, version: Version) -> Worker:
        try:
            return await start_worker(version, self.bounds, self, fenced=self._fenced, started=self._workers.add)
        except OSError as error:
            raise SnapshotError(sentence("limit.no_process"), fix=sentence("next.again")) from error

    async def _replace(self) -> None:
        """One more worker on the current snapshot, with patience when the machine has none to give."""
        pause, version = 0.05, self.version
        # Another snapshot that is served meanwhile comes with workers of its own.
        while version == self.version and not self.is_closed:
            try:
                started = await self._start_one(version)
            except SnapshotError:
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)
                continue
            if version != self.version or self.is_closed:
                started.stop()
            elif started in self._workers:
                self._idle.append(started)
                self._dispatch()
            # Else it is lost already, and `lost` has seen to another one.
            return

    def lost(self, lost: Worker) -> None:
        """A process has ended; what it was answering is not an answer."""
        if lost not in self._workers:
            return
        self._workers.discard(lost)
        with suppress(ValueError):
            self._idle.remove(lost)
        reply, lost.reply = lost.reply, None
        if reply is not None:
            reply.worker = None
            self.turns.give_back(reply)
        self._background(self._after(lost, reply))
        was_at_work = lost.ready.done() and not lost.ready.exception()
        if was_at_work and lost.version == self.version and not lost.is_retired and not self.is_closed:
            self.replaced += 1
            self._background(self._replace())

    async def _after(self, lost: Worker, reply: Reply | None) -> None:
        """What becomes of the question whose process has ended: one that somebody else ended is asked again."""
        code = await self.loop.run_in_executor(None, lost.process.exit_code, 10.0)
        if reply is None:
            return
        if not was_ended_by_others(code):
            self._end(reply, StoreError(sentence("limit.died"), fix=sentence("next.less")))
        elif not self._try_again(reply, lost.version):
            self._end(reply, StoreError(sentence("limit.ended"), fix=sentence("next.again")))

    def _try_again(self, reply: Reply, version: Version) -> bool:
        """Whether the question goes back to the head of its line.

        That is so a few times, since a query that makes the machine end processes would go round for ever. When
        somebody has seen a part of the answer, only the same version gives the same answer, and only when chance
        and time have no part in it.
        """
        if self.is_closed or reply.is_over or not reply.tries_left:
            return False
        if reply.begun.done():
            if version != self.version or not reply.head.cacheable:
                return False
            reply.only = version
        reply.tries_left -= 1
        reply.timer = None
        reply.start_again()
        self._wait(reply, first=True)
        self._dispatch()
        return True

    def _background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- questions ----------------------------------------------------------------------------------

    def ask(self, question: Question, *, client: str = "", data: bytes = b"") -> Reply:
        """Put a question; `reply.begun` is done when its answer can be begun.

        Args:
            question: the query and the formats its asker takes.
            client: who asks; the empty name is this program itself, which is never turned away.
            data: what `question.to_bytes` gave, when it is known already.

        Raises:
            StoreBusy: too much waits already.
        """
        if self.is_closed:
            raise StoreBusy(sentence("busy.stopping"))
        self.turns.admit(client)
        reply = Reply(question, client, data or question.to_bytes())
        if self.bounds.service_allowed and uses_service(question.text):
            self._background(self._ask_outside(reply))
        elif self.turns.number_waiting or not self._give(reply):
            self._wait(reply)
            self._dispatch()
        return reply

    def give_up(self, reply: Reply) -> None:
        """Give up an answer that nobody wants: its worker is ended, its place in the queue is free."""
        reply.tries_left = 0
        if reply.worker is not None:
            reply.worker.kill()
        elif not reply.is_whole and not reply.begun.done():
            self._forget(reply)
            reply.end(StoreError(sentence("snapshots.nobody")))

    def _wait(self, reply: Reply, *, first: bool = False) -> None:
        self.turns.wait(reply, first=first)
        if reply.timer is None:
            reply.timer = reply.loop.call_later(self.share.timeout, self._waited_too_long, reply)

    def _waited_too_long(self, reply: Reply) -> None:
        self._forget(reply)
        reply.end(StoreBusy(sentence("busy.workers"), fix=sentence("next.again")))

    def _forget(self, reply: Reply) -> None:
        if self.turns.forget(reply):
            if reply.timer is not None:
                reply.timer.cancel()
            self.turns.depart(reply.client)

    def _dispatch(self) -> None:
        """Give waiting questions to idle workers."""
        while self._idle and self.turns.offer(self._give):
            pass

    def _give(self, reply: Reply) -> bool:
        """Whether a worker could take the question, or none ever can."""
        if reply.only is not None and reply.only != self.version:
            if reply.timer is not None:
                reply.timer.cancel()
            self._end(reply, StoreError(sentence("limit.ended"), fix=sentence("next.again")))
            return True
        seconds = self.turns.take(reply) if self._idle else 0.0
        if not seconds:
            return False
        if reply.timer is not None:
            reply.timer.cancel()
        reply.timer = reply.loop.call_later(seconds, self._too_slow, reply)
        # The one that was busy last has in its caches what it reads.
        self._idle.pop().ask(reply)
        return True

    def _too_slow(self, reply: Reply) -> None:
        """The deadline; for a question that was tried at once, the time to queue up for a longer turn."""
        asked = reply.worker
        if asked is None:
            return
        if not reply.is_long and (self.turns.may_be_long(reply.client) or reply.begun.done()):
            self.turns.lengthen(reply)
            reply.timer = reply.loop.call_later(self.share.timeout, self._too_slow, reply)
            self._dispatch()
            return
        asked.reply = reply.worker = None
        self.turns.give_back(reply)
        if reply.is_long:
            self._end(
                reply, StoreTimeout(sentence("limit.time", seconds=self.share.timeout), fix=sentence("next.less"))
            )
        else:
            reply.may_be_short, reply.timer = False, None
            self._wait(reply)
        asked.kill()

    def _end(self, reply: Reply, error: Exception | None = None) -> None:
        """It is answered, or never will be."""
        reply.end(error)
        self.turns.depart(reply.client)

    def finished(self, done: Worker, reply: Reply, error: Exception | None) -> None:
        """A worker has sent the last of its answer, or why there is none."""
        self.turns.give_back(reply)
        # A store that fails may be a version that is being removed: the one in use is asked then.
        if type(error) is not StoreError or not self._try_again(reply, done.version):
            self._end(reply, error)
        if done.is_retired:
            done.stop()
        else:
            self._idle.append(done)
        if self.turns.number_waiting:
            self._dispatch()

    async def _ask_outside(self, reply: Reply) -> None:
        """A query with SERVICE: a worker of its own, without the fence, for this one question."""
        async with self._outside:
            lonely = Pool(
                self.version.folder,
                self.version.snapshot_id,
                bounds=self.bounds,
                share=replace(self.share, workers=1),
                fenced=False,
            )
            try:
                await lonely._ask_alone(reply)  # the same class
            except StoreError as error:
                reply.end(error)
            finally:
                self.turns.depart(reply.client)
                await lonely.close(patience=0)

    async def _ask_alone(self, reply: Reply) -> None:
        await self.start()
        self.turns.admit(reply.client)
        if not self._give(reply):
            self._wait(reply)
        while not reply.is_over:  # noqa: ASYNC110  # rare, and short beside what it waits for
            await asyncio.sleep(0.01)
