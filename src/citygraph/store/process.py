"""One worker process and the pipe to it, as the parent sees them: started, asked, paused, ended.

Processes are started and asked how they ended one thread at a time, so that no exit code is read twice.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import signal
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final, Protocol

from citygraph.errors import QueryError, SnapshotError, StoreError
from citygraph.messages import Sentence
from citygraph.store import worker
from citygraph.store.protocol import DATA, END, HEAD, READY, Bounds, Frames, Head
from citygraph.store.reply import NotAcceptable, Reply

__all__ = ["Keeper", "Version", "Worker", "exit_code", "start", "start_worker", "was_ended_by_others"]

# Starting a process, multiprocessing reads the exit codes of all that have ended; a code can be read once,
# and a thread that comes too late is told 255.
_reading: Final = threading.Lock()
_UNKNOWN: Final = frozenset({None, 255})
_FROM_OUTSIDE: Final = frozenset({-signal.SIGKILL, -signal.SIGTERM})
_START_SECONDS: Final = 60.0


def start(process: BaseProcess) -> None:
    """Start a process.

    Raises:
        OSError: the machine has no process to give, or what starts them has ended.
    """
    with _reading:
        try:
            process.start()
        except EOFError as error:
            message = "What starts processes has ended."
            raise OSError(message) from error


def exit_code(process: BaseProcess, seconds: float) -> int | None:
    """The exit code of a process, waited for so many seconds; `None` when it has not ended then."""
    wait([process.sentinel], seconds)
    with _reading:
        return process.exitcode


def was_ended_by_others(code: int | None) -> bool:
    """Whether a process did not end by itself, as far as its exit code says.

    A query that needs too much memory or nests too deep ends its process by other signals or with code 1.
    """
    return code in _UNKNOWN or code in _FROM_OUTSIDE


@dataclass(frozen=True, slots=True)
class Version:
    """A snapshot as the pool serves it; built afresh under the same name it is another version."""

    folder: Path
    snapshot_id: str
    number: int = 0


class Keeper(Protocol):
    """Who is told what becomes of a worker: the pool."""

    def finished(self, done: Worker, reply: Reply, error: Exception | None) -> None:
        """A worker has sent the last of its answer, or why there is none."""

    def lost(self, lost: Worker) -> None:
        """A process has ended."""


class Worker(asyncio.Protocol):
    """One process and the pipe to it, as the parent sees them."""

    def __init__(self, process: BaseProcess, keeper: Keeper, version: Version) -> None:
        """A process that has been started and is not ready yet."""
        self.process, self.version, self._keeper = process, version, keeper
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
                reply.head = Head.from_bytes(content)
            elif tag == DATA:
                reply.add(content)
            else:
                self.reply = reply.worker = None
                error = None if tag == END else _error_of(json.loads(content))
                self.resume()
                self._keeper.finished(self, reply, error)

    def connection_lost(self, error: Exception | None) -> None:
        """The process has ended: at its deadline, of its query, or because it was told to."""
        del error
        if not self.ready.done():
            self.ready.set_exception(SnapshotError("A worker could not open the snapshot."))
        self._keeper.lost(self)

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
    message, fix = Sentence(what["message"], what["message_nb"], what["key"]), Sentence(what["fix"], what["fix_nb"])
    return kinds.get(what["kind"], StoreError)(message, fix=fix)


async def start_worker(
    version: Version, bounds: Bounds, keeper: Keeper, *, fenced: bool = True, started: Callable[[Worker], None]
) -> Worker:
    """A process that has opened the snapshot; `started` is told of it before it is ready.

    Raises:
        SnapshotError: it could not open the snapshot; the process has ended.
    """
    loop = asyncio.get_running_loop()
    context = multiprocessing.get_context("forkserver")
    # The main module is only looked for there so that forked workers need not read it again.
    context.set_forkserver_preload(["__main__", "citygraph.store.worker"])
    ours, theirs = socket.socketpair()
    process = context.Process(
        target=worker.main, args=(theirs, str(version.folder), bounds), kwargs={"fenced": fenced}, daemon=True
    )
    await loop.run_in_executor(None, start, process)
    theirs.close()
    ours.setblocking(False)  # noqa: FBT003  # the socket's own signature
    _, made = await loop.create_connection(lambda: Worker(process, keeper, version), sock=ours)
    started(made)
    try:
        await asyncio.wait_for(asyncio.shield(made.ready), _START_SECONDS)
    except (TimeoutError, SnapshotError) as error:
        made.kill()
        raise SnapshotError("A worker could not open the snapshot.", fix="Run: citygraph build") from error
    return made
