"""What goes to a worker and comes back: one question, the head of its answer, frames on a pipe, the answer as it comes.

When its worker is ended, another one begins again, and what the asker has already is passed over.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import struct
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from citygraph.errors import QueryError, StoreError
from citygraph.messages import sentence

READY: Final = b"R"
HEAD: Final = b"H"
DATA: Final = b"D"
END: Final = b"E"
FAILED: Final = b"X"
REFUSED: Final = b"N"
"""What a message is: the process is ready, the head of an answer, a piece of it or a question, its end, why there is none."""
ATTEMPTS: Final = 4
"""How often a question is asked when somebody else ends its process each time."""
PIECE: Final = 64_000
"""Bytes of an answer that are held back: what fits keeps a proper status, whatever happens in it."""
WORTH_GZIP: Final = 1_000
"""Bytes from which on an answer is compressed for those who take that."""
MOST_UNKNOWN: Final = 20
"""So many terms of a query that stand nowhere are told."""
_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_START: Final = struct.Struct("=cI")


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a query may go, by the names of graph.toml, and the prefixes and the base that it need not declare.

    `in_memory` is the number of statements up to which a version is held in memory.
    """

    query_size: int = 100_000
    query_depth: int = 200
    query_patterns: int = 100
    rows: int = 100_000
    bytes: int = 100_000_000
    memory: int = 1_000_000_000
    in_memory: int = 50_000
    service_allowed: tuple[str, ...] = ()
    prefixes: tuple[tuple[str, str], ...] = ()
    base: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One query, and every form in which its asker takes the answer.

    `rows` and `graph` are short names of formats, the most welcome first. `bind` holds terms in
    N-Triples syntax. `default_graphs` and `named_graphs` override FROM; `None` leaves both to the text.
    With `tells_unknown` the head of the answer has the terms of the text that stand nowhere in the version; whoever
    `takes_more_keys` has them in JSON too, where the asker writes them.
    """

    text: str
    rows: Sequence[str] = ("json",)
    graph: Sequence[str] = ("ttl",)
    default_graphs: Sequence[str] | None = None
    named_graphs: Sequence[str] | None = None
    bind: Mapping[str, str] = field(default_factory=dict)
    gzip: bool = False
    most_rows: int = 0
    tells_unknown: bool = False
    takes_more_keys: bool = False

    def to_bytes(self) -> bytes:
        """As a frame for the pipe."""
        values = (
            self.text, self.rows, self.graph, self.default_graphs, self.named_graphs, self.bind, self.gzip, self.most_rows,
            self.tells_unknown, self.takes_more_keys,
        )  # fmt: skip
        return frame(DATA, _encode(values).encode())

    @classmethod
    def from_bytes(cls, data: bytes) -> Question:
        """What `to_bytes` wrote, without the start of the frame."""
        return cls(*json.loads(data))


@dataclass(frozen=True, slots=True)
class Head:
    """What is known of an answer before its first byte; `unknown` are the terms of its query that stand nowhere."""

    format: str
    encoding: str = ""
    cacheable: bool = True
    unknown: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        """As a frame for the pipe."""
        return _head_bytes(self)

    @classmethod
    def from_bytes(cls, data: bytes) -> Head:
        """What `to_bytes` wrote, without the start of the frame."""
        return _head_of(data)


# There are a few dozen heads in all.
@lru_cache(maxsize=256)
def _head_bytes(head: Head) -> bytes:
    return frame(HEAD, _encode((head.format, head.encoding, head.cacheable, head.unknown)).encode())


@lru_cache(maxsize=256)
def _head_of(data: bytes) -> Head:
    format_, encoding, cacheable, unknown = json.loads(data)
    return Head(format_, encoding, cacheable, tuple(unknown))


def frame(tag: bytes, data: bytes = b"") -> bytes:
    """One message: a letter, a length, and so many bytes."""
    return _START.pack(tag, len(data)) + data


class Frames:
    """Bytes as they come to whole messages."""

    def __init__(self) -> None:
        """Messages of which nothing has come yet."""
        self._waiting = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Every message that is whole now: its letter and its bytes."""
        if not self._waiting and len(data) >= _START.size:
            tag, length = _START.unpack_from(data)
            if len(data) == _START.size + length:
                # One message, whole: what a small question or answer is.
                yield tag, data[_START.size :]
                return
        self._waiting += data
        place = 0
        while len(self._waiting) - place >= _START.size:
            tag, length = _START.unpack_from(self._waiting, place)
            end = place + _START.size + length
            if len(self._waiting) < end:
                break
            yield tag, bytes(self._waiting[place + _START.size : end])
            place = end
        del self._waiting[:place]


if TYPE_CHECKING:
    from citygraph.store.process import Worker
    from citygraph.store.snapshot import Version


_HELD_BACK: Final = 4_000_000


class Given:
    """The number of bytes given, and their hash: the same question to the same version begins with them again."""

    def __init__(self) -> None:
        """No byte has been given."""
        self.to_repeat = 0
        self._size = 0
        self._hash = hashlib.sha256()
        self._again = hashlib.sha256()

    def add(self, data: bytes) -> None:
        """These bytes are given."""
        self._size += len(data)
        self._hash.update(data)

    def repeat(self) -> None:
        """The answer comes from its beginning once more."""
        self.to_repeat, self._again = self._size, hashlib.sha256()

    def pass_over(self, data: bytes) -> bytes:
        """What is new in the next bytes of the repeated answer.

        Raises:
            StoreError: it is another answer than the one that was given.
        """
        known = data[: self.to_repeat]
        self._again.update(known)
        self.to_repeat -= len(known)
        if not self.to_repeat and self._again.digest() != self._hash.digest():
            raise StoreError(sentence("limit.ended"), fix=sentence("next.again"))
        return data[len(known) :]


class NotAcceptable(QueryError):  # noqa: N818  # the words of HTTP
    """The answer is of a kind that no format asked for can carry."""


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
        self.tries_left = ATTEMPTS - 1
        self.only: Version | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.worker: Worker | None = None
        self.when_over: Callable[[], None] = lambda: None
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._error: Exception | None = None
        self._given: Given | None = None
        self._more: asyncio.Event | None = None

    @property
    def line(self) -> tuple[str, bool]:
        """Where it waits: behind questions of the same asker that are as fresh, or were too slow as it was."""
        return self.client, self.may_be_short

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes."""
        return self.is_whole or self._error is not None

    def add(self, piece: bytes) -> None:
        """One more piece of the answer."""
        if self._given is not None and self._given.to_repeat:
            try:
                piece = self._given.pass_over(piece)
            except StoreError as error:
                self.end(error)
                return
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size >= PIECE and not self.begun.done():
            self.begun.set_result(None)
        if self._size > _HELD_BACK and self.worker is not None:
            self.worker.pause()
        self._wake()

    def end(self, error: Exception | None = None) -> None:
        """Nothing more comes: the answer is whole, or it is not and never will be."""
        if self.is_over:
            return
        if error is None and self._given is not None and self._given.to_repeat:
            error = StoreError(sentence("limit.ended"), fix=sentence("next.again"))
        self.is_whole, self._error = error is None, error
        if not self.begun.done():
            if error is None:
                self.begun.set_result(None)
            else:
                self.begun.set_exception(error)
        self._wake()
        self.when_over()

    def _wake(self) -> None:
        if self._more is not None:
            self._more.set()

    def take(self) -> bytes:
        """All that is there now."""
        data = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        if not self.is_whole:
            # It may break off yet: another worker goes on behind these bytes.
            self._given = self._given or Given()
            self._given.add(data)
        if self.worker is not None:
            self.worker.resume()
        return data

    def start_again(self) -> None:
        """Another worker answers from the beginning; what somebody has seen is passed over when it comes again."""
        self._pieces.clear()
        self._size = 0
        if self._given is not None:
            self._given.repeat()

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
