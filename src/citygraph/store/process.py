"""Processes that may die: one way to start them, to speak with them, to end them, and to begin again.

A `Child` is a process and the socket to it; both sides speak in frames (`citygraph.store.protocol`). A `Worker` is a
child that answers queries, asked from an event loop by the pool. A `SupervisedProcess` is a child that prepares
something, such as the world on another day, and answers questions about it, asked from threads. Whatever takes
longer than it may is ended; whatever somebody else ends is started again, and asked again at most `ATTEMPTS` times.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import pickle
import re
import signal
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Final, Protocol

from citygraph.errors import CitygraphError, QueryError, SnapshotError, StoreError, StoreTimeout
from citygraph.messages import Sentence, sentence
from citygraph.store import worker
from citygraph.store.protocol import (
    ATTEMPTS,
    DATA,
    END,
    FAILED,
    HEAD,
    READY,
    REFUSED,
    Bounds,
    Frames,
    Head,
    NotAcceptable,
    Reply,
    frame,
)
from citygraph.store.snapshot import Version
from citygraph.store.turns import Turns

# Starting a process, multiprocessing reads the exit codes of all that have ended; a code can be read once,
# and a thread that comes too late is told 255.
_reading: Final = threading.Lock()
_UNKNOWN: Final = frozenset({None, 255})
_FROM_OUTSIDE: Final = frozenset({-signal.SIGKILL, -signal.SIGTERM})
_START_SECONDS: Final = 60.0
_READ: Final = 1 << 20
_LOOK_EVERY: Final = 0.02
# Each thread of the libraries reserves address space that it never uses.
_RESERVED: Final = 16_000_000_000


class Child:
    """A process of ours and the socket to it, as the parent sees them; exit codes are read one thread at a time."""

    def __init__(self, main: Callable[..., None], *arguments: object) -> None:
        """A process that is not started yet; it will run `main(socket, *arguments)` and end with this one."""
        context = multiprocessing.get_context("forkserver")
        # The main module is only looked for there so that forked workers need not read it again.
        context.set_forkserver_preload(["__main__", "citygraph.store.worker"])
        self.pipe, self._theirs = socket.socketpair()
        self._process = context.Process(target=main, args=(self._theirs, *arguments), daemon=True)

    def start(self) -> None:
        """Start it.

        Raises:
            OSError: the machine has no process to give, or what starts them has ended.
        """
        try:
            with _reading, _clean_environment():
                self._process.start()
        except (EOFError, OSError) as error:
            self.pipe.close()
            if isinstance(error, OSError):
                raise
            message = "What starts processes has ended."
            raise OSError(message) from error
        finally:
            self._theirs.close()

    @property
    def pid(self) -> int | None:
        """The number of the process, once it is started."""
        return self._process.pid

    def has_ended(self, within: float = 0.0) -> bool:
        """Whether the process is there no more, or ends within so many seconds."""
        return bool(wait([self._process.sentinel], within))

    def exit_code(self, seconds: float) -> int | None:
        """The exit code of the process, waited for so many seconds; `None` when it has not ended then."""
        self.has_ended(seconds)
        with _reading:
            return self._process.exitcode

    def kill(self) -> None:
        """End it now."""
        self._process.kill()


_KEPT: Final = re.compile(
    r"PATH|HOME|TMPDIR|TZ|LANG|LANGUAGE|LC_\w+|PYTHON\w+|VIRTUAL_ENV|LD_LIBRARY_PATH|XDG_CACHE_HOME|COVERAGE_\w+"
)
"""What Python needs of its environment, and none of it a secret."""


@contextmanager
def _clean_environment() -> Iterator[None]:
    """Let what is started meanwhile have nothing but `_KEPT`; what this process reads in `os.environ` stays as it is."""
    hidden = {name: value for name, value in os.environ.items() if not _KEPT.fullmatch(name)}
    for name in hidden:
        os.unsetenv(name)
    try:
        yield
    finally:
        for name, value in hidden.items():
            os.putenv(name, value)


def was_ended_by_others(code: int | None) -> bool:
    """Whether a process did not end by itself, as far as its exit code says.

    A query that needs too much memory or nests too deep ends its process by other signals or with code 1.
    """
    return code in _UNKNOWN or code in _FROM_OUTSIDE


# -- workers ------------------------------------------------------------------------------------------


class Keeper(Protocol):
    """Who is told what becomes of a worker: the pool."""

    def finished(self, done: Worker, reply: Reply, error: Exception | None) -> None:
        """A worker has sent the last of its answer, or why there is none."""

    def lost(self, lost: Worker) -> None:
        """A process has ended."""


class Worker(asyncio.Protocol):
    """A child that answers queries over one version, one at a time."""

    def __init__(self, process: Child, keeper: Keeper, version: Version) -> None:
        """A child that has been started and is not ready yet."""
        self.process, self.version, self._keeper = process, version, keeper
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.reply: Reply | None = None
        self.is_retired = False
        self.is_fenced = self.is_confined = False
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
                said = json.loads(content)
                self.is_fenced, self.is_confined = bool(said["fenced"]), bool(said["confined"])
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
            self.ready.set_exception(SnapshotError(sentence("snapshots.worker")))
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
    """A worker that has opened the version; `started` is told of it before it is ready.

    Raises:
        OSError: the machine has no process to give.
        SnapshotError: it could not open the version; the process has ended.
    """
    loop = asyncio.get_running_loop()
    child = Child(worker.main, str(version.folder), bounds, fenced)
    await loop.run_in_executor(None, child.start)
    child.pipe.setblocking(False)  # noqa: FBT003  # the socket's own signature
    _, made = await loop.create_connection(lambda: Worker(child, keeper, version), sock=child.pipe)
    started(made)
    try:
        await asyncio.wait_for(asyncio.shield(made.ready), _START_SECONDS)
    except (TimeoutError, SnapshotError) as error:
        made.kill()
        raise SnapshotError(sentence("snapshots.worker"), fix=sentence("snapshots.run_build")) from error
    return made


# -- work that needs more than a query ----------------------------------------------------------------


def _prepare_and_answer(
    pipe: socket.socket,
    prepare: Callable[..., Any],
    arguments: tuple[object, ...],
    memory: int,
    environment: Mapping[str, str],
) -> None:
    """What runs in a supervised process: prepare once, then one answer after the other until the pipe is closed."""
    # It runs no query of a stranger, and may have to log in on the server that holds the graph.
    os.environ.update(environment)
    with suppress(BrokenPipeError, ConnectionResetError):
        try:
            worker.limit_memory(memory + _RESERVED)
            prepared = prepare(*arguments)
            if not callable(prepared):
                _send(pipe, READY, prepared)
                return
            _send(pipe, READY, None)
            frames = Frames()
            while data := pipe.recv(_READ):
                for _, question in frames.feed(data):
                    _send(pipe, *_answer(prepared, pickle.loads(question)))  # noqa: S301  # our own parent wrote it
        except CitygraphError as error:
            _send(pipe, FAILED, StoreError(error.message, fix=error.fix))
        except MemoryError:
            _send(pipe, FAILED, StoreError(sentence("limit.memory"), fix=sentence("next.again")))


def _answer(prepared: Callable[[Any], Any], question: object) -> tuple[bytes, object]:
    try:
        return DATA, prepared(question)
    except CitygraphError as error:
        return REFUSED, error


def _send(pipe: socket.socket, tag: bytes, value: object) -> None:
    pipe.sendall(frame(tag, pickle.dumps(value)))


class _Run:
    """One life of a supervised process: ended when it takes too much memory, or too long before it is ready."""

    def __init__(
        self, prepare: Callable[..., Any], arguments: tuple[object, ...], memory: int, patience: float
    ) -> None:
        """Start it.

        Raises:
            OSError: the machine has no process to give.
        """
        self.child = Child(_prepare_and_answer, prepare, arguments, memory, dict(os.environ))
        self.is_ready = self.is_asked = False
        self.reason: StoreError | None = None
        self._frames = Frames()
        self._messages: deque[tuple[bytes, bytes]] = deque()
        self._memory, self._patience = memory, patience
        self.child.start()
        threading.Thread(target=self._watch, daemon=True).start()

    def send(self, question: object) -> None:
        """Ask something.

        Raises:
            OSError: the process has ended.
        """
        _send(self.child.pipe, DATA, question)

    def receive(self, until: float) -> tuple[bytes, Any] | None:
        """What the process says next, or `None` when nothing has come at that time.

        Raises:
            EOFError, OSError: the process has ended.
        """
        while not self._messages:
            try:
                has_more = wait([self.child.pipe], max(until - time.monotonic(), 0.0))
            except ValueError as error:
                # Another thread has closed the pipe: nobody is let in any more.
                raise EOFError from error
            if not has_more:
                return None
            data = self.child.pipe.recv(_READ)
            if not data:
                raise EOFError
            self._messages.extend(self._frames.feed(data))
        tag, content = self._messages.popleft()
        return tag, pickle.loads(content)  # noqa: S301  # our own process wrote it

    def end(self, reason: StoreError | None = None) -> None:
        """End it, for this reason."""
        self.reason = self.reason or reason
        self.child.kill()

    def _watch(self) -> None:
        pid, until = self.child.pid or 0, time.monotonic() + self._patience
        first = _memory_of(pid)
        while not self.child.has_ended(_LOOK_EVERY if self.is_asked or not self.is_ready else 1.0):
            if _memory_of(pid) - first > self._memory:
                self.end(StoreError(sentence("limit.memory"), fix=sentence("next.again")))
            elif not self.is_ready and time.monotonic() > until:
                message = sentence("limit.answer_time", seconds=self._patience)
                self.end(StoreTimeout(message, fix=sentence("next.again")))


def _memory_of(pid: int) -> int:
    """The bytes of memory that a process uses; nought when it is gone, or the machine does not say."""
    with suppress(OSError, ValueError, IndexError):
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGESIZE")
    return 0


class Retired(StoreError):  # noqa: N818  # the state it is in
    """This process belongs to a version that is served no more."""


class SupervisedProcess:
    """One process that prepares something and then answers questions about it, in bounded time and memory."""

    def __init__(
        self, prepare: Callable[..., Any], *arguments: object, memory: int, seconds: float, patience: float
    ) -> None:
        """A process that is not started yet.

        Args:
            prepare: a function of a module; what it gives back is sent, or asked when it can be called.
            arguments: what it takes.
            memory: bytes that the process may use on top of what it begins with.
            seconds: how long one answer may take.
            patience: how long the preparation may take; whoever waits longer than `seconds` is told to come again.
        """
        self._prepare, self._arguments, self._memory = prepare, arguments, memory
        self._seconds, self._patience = seconds, patience
        self._turns = Turns()
        self._run: _Run | None = None
        self._ready: object = None
        self._is_retired = False

    @property
    def is_over(self) -> bool:
        """Whether it prepares nothing any more: it is ready, or it failed, or took too long."""
        run = self._run
        return run is None or run.is_ready or run.child.has_ended()

    @property
    def pid(self) -> int | None:
        """The process, when there is one."""
        return self._run.child.pid if self._run is not None else None

    @property
    def is_asked(self) -> bool:
        """Whether it is looking for an answer."""
        return self._run is not None and self._run.is_asked

    def start(self) -> None:
        """Begin to prepare, without waiting for it.

        Raises:
            StoreError: the machine has no process to give.
        """
        if self._run is None:
            try:
                self._run = _Run(self._prepare, self._arguments, self._memory, self._patience)
            except OSError as error:
                raise StoreError(sentence("limit.no_process"), fix=sentence("next.again")) from error

    def prepared(self, client: str = "") -> Any:  # noqa: ANN401  # whatever `prepare` gives
        """What was prepared.

        Raises:
            StoreTimeout: it is not ready yet, or somebody else waits for it.
            StoreError: it cannot be prepared.
        """
        return self._tried(client, lambda _run, _until: self._ready)

    def ask(self, question: object, client: str = "") -> Any:  # noqa: ANN401  # whatever the process answers
        """One answer.

        Raises:
            StoreTimeout: it is not ready yet, or the deadline passed.
            StoreError: there is no answer.
        """

        def answer(run: _Run, until: float) -> object:
            run.is_asked = True
            run.send(question)
            said = run.receive(until)
            if said is None:
                self._end()
                raise StoreTimeout(sentence("limit.answer_time", seconds=self._seconds), fix=sentence("next.again"))
            run.is_asked = False
            return self._taken(*said)

        return self._tried(client, answer)

    def close(self) -> None:
        """End the process now."""
        self._is_retired = True
        self._end()

    def retire(self) -> None:
        """End the process when the question that it answers is answered; nobody is let in any more."""
        self._is_retired = True

        def end() -> None:
            with suppress(StoreError), self._turns.of("", self._seconds):
                self._end()
            self._end()

        threading.Thread(target=end, daemon=True).start()

    def _tried(self, client: str, work: Callable[[_Run, float], Any]) -> Any:  # noqa: ANN401
        until = time.monotonic() + self._seconds
        with self._turns.of(client, self._seconds):
            for _ in range(ATTEMPTS):
                if self._is_retired:
                    raise Retired(sentence("limit.ended"), fix=sentence("next.again"))
                self.start()
                run = self._run
                if run is None:
                    continue
                try:
                    self._be_ready(run, until)
                    return work(run, until)
                except (EOFError, OSError) as error:
                    code = run.child.exit_code(1.0)
                    self._end()
                    if run.reason is None and was_ended_by_others(code):
                        continue
                    # A library that cannot have memory ends its process by a signal.
                    died = sentence("limit.memory" if (code or 0) < 0 else "limit.ended")
                    raise run.reason or StoreError(died, fix=sentence("next.again")) from error
        raise StoreError(sentence("limit.ended"), fix=sentence("next.again"))

    def _be_ready(self, run: _Run, until: float) -> None:
        if run.is_ready:
            return
        said = run.receive(until)
        if said is None:
            raise StoreTimeout(sentence("busy.preparing"), fix=sentence("next.again"))
        self._ready = self._taken(*said)
        run.is_ready = True

    def _taken(self, tag: bytes, value: object) -> object:
        if tag == FAILED:
            self._end()
        if isinstance(value, CitygraphError):
            raise value
        return value

    def _end(self) -> None:
        run, self._run = self._run, None
        if run is not None:
            run.end()
            run.child.exit_code(5.0)
            run.child.pipe.close()


def apart(work: Callable[..., Any], *arguments: object, memory: int, seconds: float) -> Any:  # noqa: ANN401
    """What a function of a module gives back, which runs in a process of its own.

    Raises:
        StoreTimeout: it had not ended in time.
        StoreError: it took more memory, or its process ended.
    """
    process = SupervisedProcess(work, *arguments, memory=memory, seconds=seconds, patience=seconds)
    try:
        return process.prepared()
    finally:
        process.close()
