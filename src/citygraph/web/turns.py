"""Turns for work that only a few can have done at once: whoever asks much waits behind whoever asks little."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from citygraph.errors import StoreTimeout
from citygraph.sentences import sentence

__all__ = ["ThreadTurns", "Turns"]


class Turns:
    """Who may work now: the longest waiting one of those who have no work going on."""

    def __init__(self, most: int) -> None:
        """At most so many at once; used from the thread of the event loop alone."""
        self._most = most
        self._working: set[str] = set()
        self._waiting: deque[tuple[str, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def of(self, client: str, seconds: float) -> AsyncIterator[None]:
        """A turn of this asker.

        Raises:
            StoreTimeout: it did not come in so many seconds.
        """
        await self.enter(client, seconds)
        try:
            yield
        finally:
            self.leave(client)

    async def enter(self, client: str, seconds: float) -> None:
        """Begin a turn of this asker, which ends with `leave`.

        Raises:
            StoreTimeout: it did not come in so many seconds.
        """
        place = (client, asyncio.get_running_loop().create_future())
        self._waiting.append(place)
        self._go_on()
        came = False
        try:
            async with asyncio.timeout(seconds):
                await place[1]
            came = True
        except TimeoutError as error:
            raise StoreTimeout(sentence("busy.others"), fix=sentence("next.again")) from error
        finally:
            if not came and place in self._waiting:
                self._waiting.remove(place)
            elif not came:
                # The turn came when nobody waited for it any more.
                self.leave(client)

    def leave(self, client: str) -> None:
        """End the turn of this asker."""
        self._working.discard(client)
        # Whoever has had a turn goes behind all others with whatever else it waits for.
        more = [place for place in self._waiting if place[0] == client]
        self._waiting = deque([*(place for place in self._waiting if place[0] != client), *more])
        self._go_on()

    def _go_on(self) -> None:
        for place in list(self._waiting):
            client, turn = place
            if len(self._working) >= self._most:
                return
            if client not in self._working and not turn.done():
                self._working.add(client)
                self._waiting.remove(place)
                turn.set_result(None)


class ThreadTurns:
    """The same for work that threads wait for, one after the other: askers take turns."""

    def __init__(self) -> None:
        """Nobody waits."""
        self._changed = threading.Condition()
        self._is_taken = False
        self._waiting: OrderedDict[str, deque[object]] = OrderedDict()

    @contextmanager
    def of(self, client: str, seconds: float) -> Iterator[float]:
        """A turn of this asker; what it gives is what is left of the seconds.

        Raises:
            StoreTimeout: it did not come in so many seconds.
        """
        until = time.monotonic() + seconds
        self._enter(client, seconds)
        try:
            yield max(until - time.monotonic(), 0.0)
        finally:
            with self._changed:
                self._is_taken = False
                self._changed.notify_all()

    def _enter(self, client: str, seconds: float) -> None:
        ticket = object()
        with self._changed:
            line = self._waiting.setdefault(client, deque())
            line.append(ticket)
            came = self._changed.wait_for(lambda: self._is_next(client, ticket), seconds)
            line.remove(ticket)
            if not line:
                del self._waiting[client]
            if not came:
                self._changed.notify_all()
                raise StoreTimeout(sentence("busy.others"), fix=sentence("next.again"))
            self._is_taken = True
            if line:
                self._waiting.move_to_end(client)

    def _is_next(self, client: str, ticket: object) -> bool:
        return not self._is_taken and next(iter(self._waiting)) == client and self._waiting[client][0] is ticket
