"""Fronts: processes that answer lookups over connections which the server gives them, one for each further processor."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from itertools import count
from typing import Final

from citygraph.errors import SnapshotError
from citygraph.store.process import Version
from citygraph.store.protocol import Bounds
from citygraph.web.front_process import FrontProcess, Given
from citygraph.web.sockets import is_measurable

__all__ = ["Fronts", "how_many"]

_MOST: Final = 3
_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 60.0


def how_many() -> int:
    """Fronts that this machine has processors for, beside the one of the server."""
    if not is_measurable():
        return 0
    return min(len(os.sched_getaffinity(0)) - 1, _MOST)


class Fronts:
    """All fronts of one server; used from the thread of its event loop."""

    def __init__(self, number: int, endpoints: tuple[bytes, ...], log: Callable[[str], None]) -> None:
        """So many fronts, none of them started.

        Args:
            number: how many.
            endpoints: the paths under which queries are answered.
            log: takes lines of the access log.
        """
        self._number, self._endpoints, self._log = number, endpoints, log
        self._running: set[FrontProcess] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._opened: tuple[Version, Bounds, int] | None = None
        self._numbers = count(1)

    @property
    def state(self) -> dict[str, int]:
        """Figures for `/health`."""
        held = sum(len(each.held) for each in self._running)
        return {"fronts": len(self._running), "starting": len(self._tasks), "connections": held}

    def open(self, version: Version, bounds: Bounds, cache: int) -> None:
        """Start them on a version, in the background: until they are ready the server answers alone."""
        self._opened = version, bounds, cache // (self._number + 1)
        for _ in range(self._number):
            self._background(0.0)

    async def recall(self) -> None:
        """Have every connection back, and end them all: another version comes, or the end."""
        self._opened = None
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(each.recall() for each in list(self._running)))

    def take(self, given: Given, client: str, headers: bytes, said: tuple[str, str], *, at_home: int) -> bool:
        """Whether a front has taken the connection, because it has fewer of them for what each costs it."""
        chosen = min(self._running, key=lambda each: len(each.held), default=None)
        # A front spends about three fifths of what the server does on an answer.
        if chosen is None or 3 * len(chosen.held) > 5 * at_home:
            return False
        return chosen.take(next(self._numbers), given, (client, *said), headers)

    def drop(self, given: Given) -> None:
        """A connection that was given away has ended here."""
        for each in self._running:
            each.drop(given)

    def _background(self, pause: float) -> None:
        task = asyncio.get_running_loop().create_task(self._start(pause))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _start(self, pause: float) -> None:
        await asyncio.sleep(pause)
        if self._opened is None:
            return
        version, bounds, cache = self._opened
        started: FrontProcess | None = None
        try:
            started = FrontProcess(self._log, self._lost)
            await started.start(version, bounds, self._endpoints, cache)
        except (OSError, SnapshotError, TimeoutError):
            # Without fronts the server answers all by itself; one that cannot start now may do so later.
            if started is not None:
                started.end()
            self._background(min(max(2 * pause, _PAUSE), _LONGEST_PAUSE))
        except asyncio.CancelledError:
            if started is not None:
                started.end()
            raise
        else:
            if started.is_over:
                self._background(_PAUSE)
            else:
                self._running.add(started)

    def _lost(self, lost: FrontProcess) -> None:
        # One that was lost before it was ready is started again by whoever waits for it.
        if lost in self._running:
            self._running.discard(lost)
            if self._opened is not None:
                self._background(_PAUSE)
