"""What goes to a worker and comes back: one question, the head of its answer, frames on a pipe."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

__all__ = [
    "ATTEMPTS",
    "DATA",
    "END",
    "FAILED",
    "HEAD",
    "PIECE",
    "READY",
    "REFUSED",
    "WORTH_GZIP",
    "Bounds",
    "Frames",
    "Head",
    "Question",
    "frame",
]

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
    """

    text: str
    rows: Sequence[str] = ("json",)
    graph: Sequence[str] = ("ttl",)
    default_graphs: Sequence[str] | None = None
    named_graphs: Sequence[str] | None = None
    bind: Mapping[str, str] = field(default_factory=dict)
    gzip: bool = False
    most_rows: int = 0

    def to_bytes(self) -> bytes:
        """As a frame for the pipe."""
        values = (
            self.text, self.rows, self.graph, self.default_graphs, self.named_graphs, self.bind, self.gzip, self.most_rows,
        )  # fmt: skip
        return frame(DATA, _encode(values).encode())

    @classmethod
    def from_bytes(cls, data: bytes) -> Question:
        """What `to_bytes` wrote, without the start of the frame."""
        return cls(*json.loads(data))


@dataclass(frozen=True, slots=True)
class Head:
    """What is known of an answer before its first byte."""

    format: str
    encoding: str = ""
    cacheable: bool = True

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
    return frame(HEAD, _encode((head.format, head.encoding, head.cacheable)).encode())


@lru_cache(maxsize=256)
def _head_of(data: bytes) -> Head:
    return Head(*json.loads(data))


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
