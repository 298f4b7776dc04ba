"""Turns for work that this process does itself: each asker has one at a time, and all together a few."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from citygraph.errors import StoreTimeout
from citygraph.sentences import sentence

__all__ = ["Turns"]


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
        await self._enter(client, seconds)
        try:
            yield
        finally:
            self._leave(client)

    async def _enter(self, client: str, seconds: float) -> None:
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
                self._leave(client)

    def _leave(self, client: str) -> None:
        self._working.discard(client)
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
