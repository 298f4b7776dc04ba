"""The pool: read-only worker processes over one snapshot, ended at the deadline and replaced.

A running query cannot be stopped (oxigraph#1926) and a few kilobytes of text can end any process, so every
query of a stranger runs in a process that may die. Who waits is decided here: one worker is kept for queries
that are done at once, and nobody holds more than half of the others.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import signal
import socket
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

from citygraph.errors import QueryError, SnapshotError, StoreError, StoreTimeout
from citygraph.store import worker
from citygraph.store.asking import DATA, END, HEAD, PIECE, READY, Bounds, Frames, Head, Question
from citygraph.store.checking import uses_service

__all__ = ["NotAcceptable", "Pool", "Reply", "Share", "StoreBusy", "Version"]

_HELD_BACK: Final = 4_000_000
_START_SECONDS: Final = 60.0
_AGAIN: Final = "Ask for less, add LIMIT, or try again in a moment."


class StoreBusy(StoreError):  # noqa: N818  # the field says busy
    """Too many queries wait already, of this asker or of all."""


class NotAcceptable(QueryError):  # noqa: N818  # the words of HTTP
    """The answer is of a kind that no format asked for can carry."""


@dataclass(slots=True)
class Share:
    """How the workers are shared; the names are those of `serve` in graph.toml."""

    workers: int = 4
    per_client: int = 32
    queue: int = 256
    timeout: float = 10.0

    @property
    def long(self) -> int:
        """Workers that may be busy for long; one is kept for what is done at once."""
        return max(1, self.workers - 1)

    @property
    def long_each(self) -> int:
        """Workers that one asker may hold for long."""
        return max(1, self.workers // 2)

    @property
    def at_once(self) -> float:
        """Seconds that count as at once."""
        return min(0.5, self.timeout / 4)


@dataclass(frozen=True, slots=True)
class Version:
    """A snapshot as the pool serves it; built afresh under the same name it is another version."""

    folder: Path
    snapshot_id: str
    number: int = 0


class Reply:
    """The answer to one question as it comes: the head when 64 kB or all of it are there, then the pieces."""

    def __init__(self, question: Question, client: str, data: bytes) -> None:
        """An answer that nobody has begun; `data` is the question as it goes to a worker."""
        self.question, self.client, self.data = question, client, data
        self.loop = asyncio.get_running_loop()
        self.begun: asyncio.Future[None] = self.loop.create_future()
        # Whoever has gone away does not ask why; asyncio would print that.
        self.begun.add_done_callback(lambda begun: begun.cancelled() or begun.exception())
        self.head = Head("")
        self.snapshot_id = ""
        self.is_whole = False
        self.is_long = False
        self.may_be_short = True
        self.may_try_again = True
        self.timer: asyncio.TimerHandle | None = None
        self.worker: Worker | None = None
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._error: Exception | None = None
        self._more: asyncio.Event | None = None

    @property
    def line(self) -> tuple[str, bool]:
        """Where it waits: behind questions of the same asker that are as fresh, or were too slow as it was."""
        return self.client, self.may_be_short

    def add(self, piece: bytes) -> None:
        """One more piece of the answer."""
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size >= PIECE and not self.begun.done():
            self.begun.set_result(None)
        if self._size > _HELD_BACK and self.worker is not None:
            self.worker.pause()
        self._wake()

    def end(self, error: Exception | None = None) -> None:
        """Nothing more comes: the answer is whole, or it is not and never will be."""
        if self.is_whole or self._error is not None:
            return
        self.is_whole, self._error = error is None, error
        if not self.begun.done():
            if error is None:
                self.begun.set_result(None)
            else:
                self.begun.set_exception(error)
        self._wake()

    def _wake(self) -> None:
        if self._more is not None:
            self._more.set()

    def take(self) -> bytes:
        """All that is there now."""
        data = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        if self.worker is not None:
            self.worker.resume()
        return data

    async def pieces(self) -> AsyncIterator[bytes]:
        """The answer, bit by bit.

        Raises:
            StoreError: it broke off; what was given so far is not an answer.
        """
        self._more = asyncio.Event()
        while True:
            if self._pieces:
                yield self.take()
            elif self._error is not None:
                raise self._error
            elif self.is_whole:
                return
            else:
                self._more.clear()
                await self._more.wait()


class Worker(asyncio.Protocol):
    """One process and the pipe to it, as the parent sees them."""

    def __init__(self, process: BaseProcess, pool: Pool, version: Version) -> None:
        """A process that has been started and is not ready yet."""
        self.process, self.version, self._pool = process, version, pool
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.reply: Reply | None = None
        self.is_retired = False
        self.is_fenced = False
        self._frames = Frames()
        self._is_paused = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio gives the pipe."""
        self._transport = transport  # type: ignore[assignment]  # a stream transport, as for every socket

    def ask(self, reply: Reply) -> None:
        """Send one question; the pool never sends a second before the answer."""
        self.reply, reply.worker, reply.snapshot_id = reply, self, self.version.snapshot_id
        if self._transport is not None:
            self._transport.write(reply.data)

    def data_received(self, data: bytes) -> None:
        """Asyncio gives what the process wrote."""
        for tag, content in self._frames.feed(data):
            reply = self.reply
            if tag == READY:
                self.is_fenced = bool(json.loads(content)["fenced"])
                self.ready.set_result(None)
            elif reply is None:
                continue
            elif tag == HEAD:
                reply.head = Head(**json.loads(content))
            elif tag == DATA:
                reply.add(content)
            else:
                self.reply = reply.worker = None
                error = None if tag == END else _error_of(json.loads(content))
                self.resume()
                self._pool.finished(self, reply, error)

    def connection_lost(self, error: Exception | None) -> None:
        """The process has ended: at its deadline, of its query, or because it was told to."""
        del error
        if not self.ready.done():
            self.ready.set_exception(SnapshotError("A worker could not open the snapshot."))
        self._pool.lost(self)

    def pause(self) -> None:
        """Let the process wait: its asker reads more slowly than it writes."""
        if self._transport is not None and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        """Let it go on."""
        if self._transport is not None and self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()

    def stop(self) -> None:
        """Close the pipe: the process ends when it has nothing to do."""
        self.is_retired = True
        if self._transport is not None:
            self._transport.close()

    def kill(self) -> None:
        """End the process now."""
        self.process.kill()
        if self._transport is not None:
            self._transport.abort()


def _error_of(what: Mapping[str, str]) -> Exception:
    kinds: dict[str, Callable[..., Exception]] = {"query": QueryError, "unacceptable": NotAcceptable}
    return kinds.get(what["kind"], StoreError)(what["message"], fix=what["fix"])


class Pool:
    """Workers over one snapshot, and the queue in front of them; used from the thread of one event loop."""

    def __init__(self, folder: Path, snapshot_id: str, *, bounds: Bounds, share: Share) -> None:
        """A pool that is not started yet."""
        self.version = Version(folder, snapshot_id)
        self.bounds, self.share = bounds, share
        self.replaced = 0
        self.is_closed = False
        self.loop = asyncio.get_running_loop()
        self._context = multiprocessing.get_context("forkserver")
        # The main module is only looked for there so that forked workers need not read it again.
        self._context.set_forkserver_preload(["__main__", "citygraph.store.worker"])
        self._workers: set[Worker] = set()
        self._idle: deque[Worker] = deque()
        self._waiting: OrderedDict[tuple[str, bool], deque[Reply]] = OrderedDict()
        self._number_waiting = 0
        self._in_flight: Counter[str] = Counter()
        self._long: Counter[str] = Counter()
        self._short = 0
        self._outside = asyncio.Semaphore(2)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def state(self) -> dict[str, object]:
        """Figures for `/health`."""
        current = [each for each in self._workers if each.version == self.version]
        return {
            "workers": len(current),
            "idle": len(self._idle),
            "waiting": self._number_waiting,
            "replaced": self.replaced,
            "fenced": bool(current) and all(each.is_fenced for each in current),
        }

    # -- workers ------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start the workers.

        Raises:
            SnapshotError: the snapshot cannot be opened.
        """
        for started in [await self._spawn(self.version) for _ in range(self.share.workers)]:
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
                fresh.append(await self._spawn(version))  # noqa: PERF401  # kept for the way out
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
        loop = asyncio.get_running_loop()
        until = loop.time() + patience
        while any(each.reply for each in self._workers) and loop.time() < until:  # noqa: ASYNC110  # once, at the end
            await asyncio.sleep(0.02)
        for replies in self._waiting.values():
            for reply in replies:
                reply.end(StoreBusy("The server is stopping."))
        processes = [each.process for each in self._workers]
        for each in list(self._workers):
            each.kill()
        await asyncio.gather(*(loop.run_in_executor(None, process.join, 5) for process in processes))
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _spawn(self, version: Version, *, fenced: bool = True) -> Worker:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        process = self._context.Process(
            target=worker.main, args=(theirs, str(version.folder), self.bounds), kwargs={"fenced": fenced}, daemon=True
        )
        await loop.run_in_executor(None, process.start)
        theirs.close()
        ours.setblocking(False)  # noqa: FBT003  # the socket's own signature
        _, started = await loop.create_connection(lambda: Worker(process, self, version), sock=ours)
        self._workers.add(started)
        try:
            await asyncio.wait_for(asyncio.shield(started.ready), _START_SECONDS)
        except (TimeoutError, SnapshotError) as error:
            started.kill()
            raise SnapshotError("A worker could not open the snapshot.", fix="Run: citygraph build") from error
        return started

    async def _replace(self) -> None:
        """One more worker on the current snapshot, with patience when the machine has none to give."""
        pause = 0.05
        while not self.is_closed:
            try:
                version = self.version
                started = await self._spawn(version)
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
            self._leave(reply)
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
        message = "The query ended the process that ran it: it needs too much memory, or nests too deep."
        self._end(reply, StoreError(message, fix=_AGAIN))

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
            raise StoreBusy("The server is stopping.")
        if client and self._in_flight[client] >= self.share.per_client:
            message = f"{self.share.per_client} of your queries are being answered already."
            raise StoreBusy(message, fix="Wait for an answer before you ask more.")
        if client and self._number_waiting >= self.share.queue:
            message = f"{self._number_waiting} queries are waiting already."
            raise StoreBusy(message, fix="Try again in a moment.")
        reply = Reply(question, client, data or question.to_bytes())
        self._in_flight[client] += 1
        if self.bounds.service_allowed and uses_service(question.text):
            self._background(self._ask_outside(reply))
        elif self._number_waiting or not self._give(reply):
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
        self._waiting.setdefault(reply.line, deque()).append(reply)
        self._number_waiting += 1
        if reply.timer is None:
            reply.timer = reply.loop.call_later(self.share.timeout, self._waited_too_long, reply)

    def _waited_too_long(self, reply: Reply) -> None:
        self._forget(reply)
        reply.end(StoreBusy("All workers were busy until now.", fix="Try again in a moment."))

    def _forget(self, reply: Reply) -> None:
        line = self._waiting.get(reply.line)
        if line is None or reply not in line:
            return
        line.remove(reply)
        self._number_waiting -= 1
        if not line:
            del self._waiting[reply.line]
        self._in_flight[reply.client] -= 1
        if reply.timer is not None:
            reply.timer.cancel()
        self._tidy(reply.client)

    def _tidy(self, client: str) -> None:
        for counter in (self._in_flight, self._long):
            if counter[client] <= 0:
                del counter[client]

    def _dispatch(self) -> None:
        """Give waiting questions to idle workers, one asker after the other."""
        found = True
        while found and self._idle:
            found = False
            for name, line in list(self._waiting.items()):
                if self._give(line[0]):
                    found = True
                    line.popleft()
                    self._number_waiting -= 1
                    # To the end of the row: whoever asks much waits behind whoever asks little.
                    del self._waiting[name]
                    if line:
                        self._waiting[name] = line

    def _may_be_long(self, client: str) -> bool:
        return self._long.total() < self.share.long and self._long[client] < self.share.long_each

    def _give(self, reply: Reply) -> bool:
        """Whether a worker could take the question."""
        if not self._idle:
            return False
        reply.is_long = self._may_be_long(reply.client)
        if not reply.is_long and (self._short or not reply.may_be_short):
            return False
        if reply.timer is not None:
            reply.timer.cancel()
        if reply.is_long:
            self._long[reply.client] += 1
            seconds = self.share.timeout
        else:
            self._short += 1
            seconds = self.share.at_once
        reply.timer = reply.loop.call_later(seconds, self._too_slow, reply)
        self._idle.popleft().ask(reply)
        return True

    def _too_slow(self, reply: Reply) -> None:
        """The deadline; for a question that was tried at once, the time to queue up for a longer turn."""
        asked = reply.worker
        if asked is None:
            return
        if not reply.is_long and (self._may_be_long(reply.client) or reply.begun.done()):
            self._short -= 1
            self._long[reply.client] += 1
            reply.is_long = True
            reply.timer = reply.loop.call_later(self.share.timeout, self._too_slow, reply)
            self._dispatch()
            return
        asked.reply = reply.worker = None
        if reply.is_long:
            message = f"The query took longer than {self.share.timeout:g} seconds and was stopped."
            self._leave(reply)
            self._end(reply, StoreTimeout(message, fix=_AGAIN))
        else:
            self._leave(reply)
            reply.may_be_short, reply.timer = False, None
            self._wait(reply)
        asked.kill()

    def _leave(self, reply: Reply) -> None:
        """It has no worker any more."""
        if reply.timer is not None:
            reply.timer.cancel()
        if reply.is_long:
            self._long[reply.client] -= 1
        else:
            self._short -= 1

    def _end(self, reply: Reply, error: Exception | None = None) -> None:
        """It is answered, or never will be."""
        reply.end(error)
        self._in_flight[reply.client] -= 1
        self._tidy(reply.client)

    def finished(self, done: Worker, reply: Reply, error: Exception | None) -> None:
        """A worker has sent the last of its answer, or why there is none."""
        self._leave(reply)
        # A store that fails may be a version that is being removed: the one in use is asked then.
        if type(error) is not StoreError or not self._try_again(reply):
            self._end(reply, error)
        if done.is_retired:
            done.stop()
        else:
            self._idle.append(done)
        if self._waiting:
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
                self._in_flight[reply.client] -= 1
                self._tidy(reply.client)
                await lonely.close(patience=0)

    async def _ask_alone(self, reply: Reply) -> None:
        self._idle.append(await self._spawn(self.version, fenced=False))
        self._in_flight[reply.client] += 1
        self._give(reply)
        await asyncio.wait([reply.begun])
        while reply.worker is not None:  # noqa: ASYNC110  # rare, and short beside what it waits for
            await asyncio.sleep(0.01)
