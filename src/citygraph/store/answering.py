"""The way of an answer back to the parent: held back, compressed, cut into frames, and ended where it gets too long."""

from __future__ import annotations

import socket
import zlib

from citygraph.results import JsonRows
from citygraph.sentences import sentence
from citygraph.store.asking import DATA, END, PIECE, WORTH_GZIP, Bounds, Head, Question, frame

__all__ = ["Answers", "CountedJson", "TooMuch"]


class TooMuch(Exception):  # noqa: N818  # a signal out of a row iterator, caught in `worker.answer`
    """The answer passed a limit."""


class Answers:
    """The way back to the parent: held back, compressed and cut into frames."""

    def __init__(self, pipe: socket.socket, question: Question, bounds: Bounds) -> None:
        """The way back for the answer to one question."""
        self._pipe, self._gzip, self._most = pipe, question.gzip, bounds.bytes
        self._waiting: list[bytes] = []
        self._size = self._total = 0
        self._compress: zlib._Compress | None = None
        self._is_open = False
        self.head = Head("")

    def write(self, data: bytes) -> int:
        """Take some bytes of the answer."""
        self._waiting.append(bytes(data))
        self._size += len(data)
        self._total += len(data)
        if self._total > self._most:
            raise TooMuch(sentence("limit.bytes", most=self._most))
        if self._size >= PIECE:
            self._pipe.sendall(self._frames())
        return len(data)

    def flush(self) -> None:
        """Nothing: what is held back is held back on purpose."""

    def end(self) -> None:
        """The answer is whole."""
        if not self._is_open and self._total < WORTH_GZIP:
            self._gzip = False
        last = self._frames()
        if self._compress is not None:
            last += frame(DATA, self._compress.flush())
        self._pipe.sendall(last + frame(END))

    def _frames(self) -> bytes:
        data = b"".join(self._waiting)
        self._waiting.clear()
        self._size = 0
        start = b""
        if not self._is_open:
            self._is_open = True
            encoding = "gzip" if self._gzip else ""
            self._compress = zlib.compressobj(1, wbits=31) if self._gzip else None
            start = Head(self.head.format, encoding, self.head.cacheable).to_bytes()
        if self._compress is not None:
            data = self._compress.compress(data)
        return start + frame(DATA, data)


class CountedJson:
    """The engine's own JSON on its way, with its rows counted as soon as there could be too many."""

    def __init__(self, answers: Answers, most: int) -> None:
        """The way of an answer that has at most so many rows."""
        self._answers, self._most = answers, most
        self._early: list[bytes] = []
        self._total = 0
        self._rows: JsonRows | None = None

    def write(self, data: bytes) -> int:
        """Take some bytes of the answer."""
        self._total += len(data)
        if self._rows is not None:
            self._rows.feed(data)
        else:
            self._early.append(bytes(data))
            # A row has three bytes at least.
            if self._total > 3 * self._most:
                self._rows = JsonRows()
                self._rows.feed(b"".join(self._early))
                self._early.clear()
        if self._rows is not None and self._rows.between >= self._most:
            raise TooMuch(sentence("limit.rows", most=self._most))
        return self._answers.write(data)

    def flush(self) -> None:
        """Nothing, as for `Answers`."""
