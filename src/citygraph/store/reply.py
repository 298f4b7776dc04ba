"""The answer to one question as it comes from a worker: its head, its pieces, or why there is none.

When its worker is ended, another one begins again, and what the asker has already is passed over.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

from citygraph.errors import QueryError, StoreError
from citygraph.messages import sentence
from citygraph.store.protocol import ATTEMPTS, PIECE, Head, Question

if TYPE_CHECKING:
    from citygraph.store.process import Worker
    from citygraph.store.versions import Version

__all__ = ["NotAcceptable", "Reply"]

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
