"""The pool: read-only worker processes over one snapshot, ended at the deadline and replaced.

A running query cannot be stopped (oxigraph#1926) and a few kilobytes of text can end any process, so every
query of a stranger runs in a process that may die.
"""

from __future__ import annotations

import asyncio
import signal
from collections import deque
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path

from citygraph.errors import SnapshotError, StoreError, StoreTimeout
from citygraph.sentences import sentence
from citygraph.store.asking import Bounds, Question
from citygraph.store.checking import uses_service
from citygraph.store.process import Version, Worker, start_worker
from citygraph.store.reply import Reply
from citygraph.store.sharing import Share, StoreBusy, Turns

__all__ = ["Pool"]


class Pool:
    """Workers over one snapshot, and the queue in front of them; used from the thread of one event loop."""

    takes_many = True
    """Whether one question may come with many bindings (`Question.each`)."""

    def __init__(self, folder: Path, snapshot_id: str, *, bounds: Bounds, share: Share) -> None:
        """A pool that is not started yet."""
        self.version = Version(folder, snapshot_id)
        self.bounds, self.share = bounds, share
        self.replaced = 0
        self.is_closed = False
        self.loop = asyncio.get_running_loop()
        self.turns = Turns(share)
        self._workers: set[Worker] = set()
        self._idle: deque[Worker] = deque()
        self._outside = asyncio.Semaphore(2)
        self._tasks: set[asyncio.Task[None]] = set()

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
        }

    # -- workers ------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start the workers.

        Raises:
            SnapshotError: the snapshot cannot be opened.
        """
        for started in [await self._start_one(self.version) for _ in range(self.share.workers)]:
            self._idle.append(started)

    async def switch(self, folder: Path, snapshot_id: str) -> None:
        """Serve another snapshot: new workers first, then the old ones finish what they have and go.

        Raises:
            SnapshotError: the snapshot cannot be opened; the old one is still served.
        """
        fresh: list[Worker] = []
        version = Version(folder, snapshot_id, self.version.number + 1)
        try:
            for _ in range(self.share.workers):
                fresh.append(await self._start_one(version))  # noqa: PERF401  # kept for the way out
        except SnapshotError:
            for each in fresh:
                each.stop()
            raise
        old = [each for each in self._workers if each not in fresh]
        self.version = version
        for each in old:
            each.is_retired = True
            if each.reply is None:
                each.stop()
        self._idle = deque(fresh)
        self._dispatch()

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
        await asyncio.gather(*(self.loop.run_in_executor(None, process.join, 5) for process in processes))
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _start_one(self, version: Version, *, fenced: bool = True) -> Worker:
        return await start_worker(version, self.bounds, self, fenced=fenced, started=self._workers.add)

    async def _replace(self) -> None:
        """One more worker on the current snapshot, with patience when the machine has none to give."""
        pause = 0.05
        while not self.is_closed:
            try:
                version = self.version
                started = await self._start_one(version)
            except (OSError, StoreError):
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)
                continue
            if version == self.version and not self.is_closed:
                self._idle.append(started)
                self._dispatch()
            else:
                # Another snapshot is served meanwhile, and it came with workers of its own.
                started.stop()
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
        self._background(self._after(lost.process, reply))
        was_at_work = lost.ready.done() and not lost.ready.exception()
        if was_at_work and lost.version == self.version and not lost.is_retired and not self.is_closed:
            self.replaced += 1
            self._background(self._replace())

    async def _after(self, process: BaseProcess, reply: Reply | None) -> None:
        """What becomes of the question whose process has ended: one that somebody else ended is asked again."""
        await self.loop.run_in_executor(None, process.join, 10)
        if reply is None:
            return
        if process.exitcode in {-signal.SIGKILL, -signal.SIGTERM} and self._try_again(reply):
            return
        self._end(reply, StoreError(sentence("limit.died"), fix=sentence("next.less")))

    def _try_again(self, reply: Reply) -> bool:
        """Whether the question goes back to the queue: once, and only when nobody has seen a part of the answer."""
        if self.is_closed or reply.begun.done() or not reply.may_try_again:
            return False
        reply.may_try_again, reply.timer = False, None
        reply.take()
        self._wait(reply)
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
        """Nobody wants this answer any more: its worker is ended, its place in the queue is free."""
        reply.may_try_again = False
        if reply.worker is not None:
            reply.worker.kill()
        elif not reply.is_whole and not reply.begun.done():
            self._forget(reply)
            reply.end(StoreError("Nobody waits for the answer."))

    def _wait(self, reply: Reply) -> None:
        self.turns.wait(reply)
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
        while self._idle and self.turns.go_round(self._give):
            pass

    def _give(self, reply: Reply) -> bool:
        """Whether a worker could take the question."""
        seconds = self.turns.take(reply) if self._idle else 0.0
        if not seconds:
            return False
        if reply.timer is not None:
            reply.timer.cancel()
        reply.timer = reply.loop.call_later(seconds, self._too_slow, reply)
        self._idle.popleft().ask(reply)
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
        if type(error) is not StoreError or not self._try_again(reply):
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
            )
            try:
                await lonely._ask_alone(reply)  # the same class
            except StoreError as error:
                reply.end(error)
            finally:
                self.turns.depart(reply.client)
                await lonely.close(patience=0)

    async def _ask_alone(self, reply: Reply) -> None:
        self._idle.append(await self._start_one(self.version, fenced=False))
        self.turns.admit(reply.client)
        self._give(reply)
        await asyncio.wait([reply.begun])
        while reply.worker is not None:  # noqa: ASYNC110  # rare, and short beside what it waits for
            await asyncio.sleep(0.01)
