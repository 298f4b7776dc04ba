"""What runs inside a front: connections that ask one lookup after the other, answered by a second processor.

A front is given connections whose headers are known, and hands each back with the first request that is anything
else than a lookup, with what its client is slow to take, or when it has been silent for a while. Before it reads a
request it notes in memory shared with the server which connection that is, and what went over it so far: when
somebody ends the front, the server finds there what was read and not answered.
"""

from __future__ import annotations

import gc
import json
import mmap
import select
import signal
import socket
import struct
import time
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any, Final

from citygraph.errors import SnapshotError
from citygraph.store import seccomp
from citygraph.store.lookup import Lookups
from citygraph.store.process import Version
from citygraph.store.protocol import Bounds
from citygraph.web.access_log import line_of
from citygraph.web.cache import Cache
from citygraph.web.known_heads import address_of
from citygraph.web.looked_up import key_of, look_up

__all__ = [
    "ALIVE",
    "BACK",
    "DROP",
    "GONE",
    "LOG",
    "NOTE",
    "READY",
    "RECALL",
    "ROOM",
    "TAKE",
    "front",
    "packed",
    "unpacked",
]

TAKE, DROP, RECALL = b"T", b"D", b"A"
"""What the server says: take this connection, forget it, hand back all."""
READY, BACK, GONE, LOG, ALIVE = b"R", b"B", b"G", b"L", b"P"
"""What a front says: it has opened the version, a connection back, its client has left, lines of the log, nothing new."""
ROOM: Final = 16_384
NOTE: Final = struct.Struct("=IQQI")
"""The connection that was asked last, the bytes written and read before its request, the length of the answer."""
_ANSWER: Final = struct.Struct("=I")
_MOST_LOGGED: Final = 64
_FLUSH_AFTER: Final = 0.2
_SILENT: Final = 1.0


def packed(kind: bytes, number: int = 0, first: bytes = b"", rest: bytes = b"") -> bytes:
    """One message: a letter, a connection, and two strings of bytes."""
    return kind + struct.pack("=II", number, len(first)) + first + rest


def unpacked(message: bytes) -> tuple[bytes, int, bytes, bytes]:
    """What `packed` made."""
    number, length = struct.unpack_from("=II", message, 1)
    return message[:1], number, message[9 : 9 + length], message[9 + length :]


@dataclass(slots=True)
class _Held:
    """A connection, what is known of it, and how far it is."""

    number: int
    socket: socket.socket
    client: str
    headers: bytes
    said: tuple[str, str]
    written: int
    read: int
    last: float


def front(control: socket.socket, version: Version, bounds: Bounds, endpoints: tuple[bytes, ...], cache: int) -> None:
    """Answer lookups over the connections that `control` gives, until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    seccomp.put_up()
    _, (shared,), _, _ = socket.recv_fds(control, 1, 1)
    with mmap.mmap(shared, NOTE.size + ROOM) as memory:
        try:
            lookups = Lookups(version, bounds)
        except SnapshotError:
            # The server hears it by the silence, and tries again.
            return
        running = _Front(control, memory, lookups, endpoints, Cache(cache))
        # What stays until the end need not be looked through for what does not.
        gc.freeze()
        # A server that has ended wants nothing more; what it does not hear is no error here.
        with suppress(BrokenPipeError, ConnectionResetError):
            control.send(packed(READY))
            running.run()


class _Front:
    def __init__(
        self, control: socket.socket, memory: mmap.mmap, lookups: Lookups, endpoints: tuple[bytes, ...], cache: Cache
    ) -> None:
        self._control, self._memory = control, memory
        self._room = memoryview(memory)[NOTE.size :]
        self._lookups, self._endpoints, self._cache = lookups, endpoints, cache
        self._held: dict[int, _Held] = {}
        self._files: dict[int, int] = {}
        self._poll = select.epoll()
        self._entries: list[tuple[Any, ...]] = []
        self._date, self._second = b"", 0

    def run(self) -> None:
        """Until the server closes the control connection."""
        own = self._control.fileno()
        self._poll.register(own, select.EPOLLIN)
        looked = time.monotonic()
        while True:
            for file, _ in self._poll.poll(_FLUSH_AFTER if self._held or self._entries else -1):
                if file == own:
                    if not self._told():
                        return
                elif file in self._held:
                    self._answer(self._held[file])
            now = time.monotonic()
            if len(self._entries) >= _MOST_LOGGED or now - looked >= _FLUSH_AFTER:
                looked = now
                self._flush(now)

    def _told(self) -> bool:
        """Whether the server is still there; what it said is done."""
        message, files, _, _ = socket.recv_fds(self._control, ROOM, 1)
        if not message:
            return False
        kind, number, first, rest = unpacked(message)
        if kind == TAKE:
            client, accept, encoding, written, read = json.loads(first)
            taken = socket.socket(fileno=files[0])
            self._held[taken.fileno()] = _Held(
                number, taken, client, rest, (accept, encoding), written, read, time.monotonic()
            )
            self._files[number] = taken.fileno()
            self._poll.register(taken.fileno(), select.EPOLLIN)
        elif kind == DROP and number in self._files:
            self._leave(self._held[self._files[number]])
        elif kind == RECALL:
            for held in list(self._held.values()):
                self._give(BACK, held)
            self._flush(time.monotonic())
            self._control.send(packed(RECALL))
        return True

    def _answer(self, held: _Held) -> None:
        NOTE.pack_into(self._memory, 0, held.number, held.written, held.read, 0)
        try:
            size = held.socket.recv_into(self._room)
        except BlockingIOError:
            size = -1
        except OSError:
            size = 0
        if size > 0:
            held.read += size
            self._give_answer(held, bytes(self._room[:size]))
        elif size == 0:
            self._give(GONE, held)

    def _give_answer(self, held: _Held, data: bytes) -> None:
        address = address_of(data, held.headers)
        path, _, query_string = (address or b"").partition(b"?")
        kept = None
        if path in self._endpoints:
            key = key_of(path, query_string, *held.said)
            kept = self._cache.get(key) or look_up(self._lookups, self._cache, key)
        if kept is None:
            self._give(BACK, held, b"", data)
            return
        held.last = time.monotonic()
        answer = b"%s%s\r\n%s" % (kept.wire, self._dated(), kept.body)
        _ANSWER.pack_into(self._memory, NOTE.size - _ANSWER.size, len(answer))
        try:
            sent = held.socket.send(answer)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._give(GONE, held)
            return
        held.written += sent
        self._entries.append((time.time(), held.client, "GET", path.decode("latin-1"), 200, len(kept.body), 0.0))
        if sent < len(answer):
            self._give(BACK, held, answer[sent:])

    def _dated(self) -> bytes:
        second = int(time.time())
        if second != self._second:
            self._second, self._date = second, f"date: {formatdate(second, usegmt=True)}\r\n".encode()
        return self._date

    def _give(self, kind: bytes, held: _Held, unsent: bytes = b"", data: bytes = b"") -> None:
        """A connection goes back to the server."""
        self._leave(held)
        self._control.send(packed(kind, held.number, unsent, data))

    def _leave(self, held: _Held) -> None:
        self._poll.unregister(held.socket.fileno())
        del self._held[held.socket.fileno()], self._files[held.number]
        held.socket.close()

    def _flush(self, now: float) -> None:
        entries, self._entries = self._entries, []
        for start in range(0, len(entries), _MOST_LOGGED):
            text = "".join(line_of(*entry) for entry in entries[start : start + _MOST_LOGGED])
            self._control.send(packed(LOG, 0, text.encode()))
        for held in list(self._held.values()):
            if now - held.last > _SILENT:
                self._give(BACK, held)
        if self._held:
            self._control.send(packed(ALIVE))
