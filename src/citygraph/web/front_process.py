"""One front as the server sees it: its process, what it is told and says, and what becomes of what it holds.

The server stays the owner: it counts a connection, keeps its timers, and holds it open all the while, only that it
does not read from it. When somebody ends a front, every connection that it had goes on here with nothing lost and
nothing answered twice.
"""

from __future__ import annotations

import asyncio
import json
import mmap
import multiprocessing
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol

from citygraph.errors import SnapshotError
from citygraph.store.process import Version, exit_code, start
from citygraph.store.protocol import Bounds
from citygraph.web.front import BACK, DROP, GONE, LOG, NOTE, READY, RECALL, ROOM, TAKE, front, packed, unpacked
from citygraph.web.sockets import moved

__all__ = ["FrontProcess", "Given"]

_HEARD: Final = 5.0
"""Seconds without a word after which a front that holds connections is ended."""
_START_SECONDS: Final = 60.0
_LONGEST: Final = 200_000


class Given(Protocol):
    """A connection as the server sees it, while a front has it."""

    def descriptor(self) -> int:
        """Its file descriptor, which stays open here."""

    def go_on(self, unsent: bytes, data: bytes) -> None:
        """It is back: these bytes of an answer are not sent yet, and these of a request were read."""

    def leave(self) -> None:
        """Its client has left, or it can be answered no further."""


class FrontProcess:
    """One front: its process, the control connection, the memory shared with it, and what it holds."""

    def __init__(self, log: Callable[[str], None], lost: Callable[[FrontProcess], None]) -> None:
        """A front that is not started yet.

        Args:
            log: takes lines of the access log.
            lost: is told when it has ended and holds nothing any more.

        Raises:
            OSError: the machine has no socket or no memory to give.
        """
        self.held: dict[int, Given] = {}
        self._log, self._lost = log, lost
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._recalled: asyncio.Future[None] = self._loop.create_future()
        self._control, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._shared = os.memfd_create("citygraph-front")
        os.ftruncate(self._shared, NOTE.size + ROOM)
        self._memory = mmap.mmap(self._shared, NOTE.size + ROOM)
        self._heard, self.is_over = 0.0, False
        self._watch: asyncio.TimerHandle | None = None
        self._process: multiprocessing.process.BaseProcess | None = None

    async def start(self, version: Version, bounds: Bounds, endpoints: tuple[bytes, ...], cache: int) -> None:
        """Start the process, and wait until it has opened the version.

        Raises:
            OSError: the machine has no process to give.
            SnapshotError: the process ended before it was ready.
            TimeoutError: it was not ready in time.
        """
        process = multiprocessing.get_context("forkserver").Process(
            target=front, args=(self._theirs, version, bounds, endpoints, cache), daemon=True
        )
        socket.send_fds(self._control, [b"M"], [self._shared])
        await self._loop.run_in_executor(None, start, process)
        self._process = process
        self._theirs.close()
        self._control.setblocking(False)  # noqa: FBT003  # the socket's own signature
        self._loop.add_reader(self._control.fileno(), self._read)
        await asyncio.wait_for(self._ready, _START_SECONDS)
        self._watch = self._loop.call_later(_HEARD, self._look)

    def take(self, number: int, given: Given, said: tuple[str, str, str], headers: bytes) -> bool:
        """Whether the process will read from the connection from now on."""
        file = given.descriptor()
        try:
            with socket.socket(fileno=os.dup(file)) as known:
                where = moved(known)
            message = packed(TAKE, number, json.dumps([*said, *where]).encode(), headers)
            socket.send_fds(self._control, [message], [file])
        except OSError:
            # It has more to do than it can take, or the connection is gone: then it stays here.
            return False
        if not self.held:
            self._heard = self._loop.time()
        self.held[number] = given
        return True

    def drop(self, given: Given) -> None:
        """Have the process close its side of a connection."""
        for number in [number for number, each in self.held.items() if each is given]:
            del self.held[number]
            self._say(DROP, number)

    async def recall(self) -> None:
        """Have all connections back and end the process."""
        if self._say(RECALL):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._recalled, 1.0)
        self.end()

    def end(self) -> None:
        """End the process; what it holds goes on here."""
        if self.is_over:
            return
        self.is_over = True
        if self._watch is not None:
            self._watch.cancel()
        if self._process is not None:
            self._process.kill()
            # Only when it is gone does nobody else read from the connections.
            waiting = self._loop.run_in_executor(None, exit_code, self._process, 10.0)
            waiting.add_done_callback(lambda _: self._take_back())
        else:
            self._close()

    def _say(self, kind: bytes, number: int = 0) -> bool:
        try:
            self._control.send(packed(kind, number))
        except OSError:
            # Whoever does not listen is ended; its connections come back that way.
            self.end()
            return False
        return True

    def _read(self) -> None:
        """What the process says; its end is said by silence."""
        while not self.is_over:
            try:
                message = self._control.recv(_LONGEST)
            except BlockingIOError:
                return
            except OSError:
                message = b""
            if not message:
                self.end()
                return
            self._heard = self._loop.time()
            self._hear(*unpacked(message))

    def _hear(self, kind: bytes, number: int, first: bytes, rest: bytes) -> None:
        if kind == READY:
            self._ready.set_result(None)
        elif kind == LOG:
            self._log(first.decode())
        elif kind == RECALL and not self._recalled.done():
            self._recalled.set_result(None)
        elif kind in {BACK, GONE}:
            given = self.held.pop(number, None)
            if given is not None and kind == BACK:
                given.go_on(first, rest)
            elif given is not None:
                given.leave()

    def _look(self) -> None:
        """One that holds connections and says nothing any more is ended."""
        if self.held and self._loop.time() - self._heard > _HEARD:
            self.end()
        else:
            self._watch = self._loop.call_later(1.0, self._look)

    def _take_back(self) -> None:
        """The process is gone: first what it still said, then the connections that it had to the end."""
        self._loop.remove_reader(self._control.fileno())
        with suppress(OSError):
            while message := self._control.recv(_LONGEST):
                self._hear(*unpacked(message))
        if not self._ready.done():
            self._ready.set_exception(SnapshotError("A front could not open the snapshot."))
        if not self._recalled.done():
            self._recalled.set_result(None)
        number, written, read, answer = NOTE.unpack_from(self._memory)
        for each, given in list(self.held.items()):
            if each == number:
                self._mend(given, written, read, answer)
            else:
                given.go_on(b"", b"")
        self.held.clear()
        self._close()
        self._lost(self)

    def _mend(self, given: Given, written: int, read: int, answer: int) -> None:
        """The connection that it was busy with: its request is either unread, or unanswered, or answered."""
        try:
            with socket.socket(fileno=os.dup(given.descriptor())) as known:
                written_now, read_now = moved(known)
        except OSError:
            given.leave()
            return
        if written_now == written:
            given.go_on(b"", self._memory[NOTE.size : NOTE.size + read_now - read])
        elif written_now - written == answer:
            given.go_on(b"", b"")
        else:
            given.leave()

    def _close(self) -> None:
        self._control.close()
        self._theirs.close()
        self._memory.close()
        os.close(self._shared)
