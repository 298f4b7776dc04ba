"""Work that needs more than a query: the graph on another day, and the proof of a statement.

Both are worked out in a process of their own, which has the memory of a query and may die, and askers take turns.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from citygraph.messages import sentence
from citygraph.project import Project
from citygraph.store import Snapshot
from citygraph.store.pool import Pool
from citygraph.store.pool_store import AskedStore, Room
from citygraph.store.process import Retired, SupervisedProcess
from citygraph.store.turns import StoreBusy, Turns
from citygraph.web.days import Days, derive_day, read_explainer
from citygraph.web.limits import Limits

__all__ = ["Explanations", "OtherDays"]

_PREPARING: Final = 120.0
_DAYS_OPEN: Final = 2


def _new_process(limits: Limits, prepare: Callable[..., Any], *arguments: str) -> SupervisedProcess:
    """A process within the limits of a query, not started yet."""
    memory, seconds = limits.bounds.memory, limits.share.timeout
    return SupervisedProcess(prepare, *arguments, memory=memory, seconds=seconds, patience=_PREPARING)


class _DayStore(AskedStore):
    """The graph on another day, which is a turn that somebody else waits for: `close` gives it back."""

    def __init__(  # those of `AskedStore`, and what gives the turn back
        self, pool: Pool, loop: asyncio.AbstractEventLoop, leave: Callable[[], None], *, client: str, seconds: float, room: Room
    ) -> None:  # fmt: skip
        super().__init__(pool, loop, client=client, seconds=seconds, room=room)
        self._leave: Callable[[], None] | None = leave

    def close(self) -> None:
        super().close()
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()


class OtherDays:
    """What the files of a version say about other days, and the workers on the few that were asked for last."""

    def __init__(self, project: Project, limits: Limits, in_use: Callable[[], Snapshot]) -> None:
        """The days of one project, none of them worked out; `in_use` says which version is served."""
        self._project, self._limits, self._in_use = project, limits, in_use
        self._pools: OrderedDict[str, Pool] = OrderedDict()
        self._opening = asyncio.Lock()
        self._turns = Turns(_DAYS_OPEN)
        self._readers: Counter[str] = Counter()
        self._deriving = Days(self._start, self._find, seconds=limits.share.timeout)

    def snapshot(self, as_of: date, client: str) -> Snapshot:
        """What the files of the version in use say about a day.

        Raises:
            StoreTimeout: it is not ready yet, or another day is being worked out.
            StoreBusy: this asker waits for several days already.
            StoreError: it cannot be worked out with the memory that there is.
        """
        return Snapshot(Path(self._deriving.folder(client, self._in_use().snapshot_id, as_of)))

    def store(self, snapshot: Snapshot, *, client: str, loop: asyncio.AbstractEventLoop, room: Room) -> AskedStore:
        """The graph on that day, for one request that is answered in a thread.

        Raises:
            SnapshotError: it cannot be opened.
            StoreTimeout: others ask for days, and the turn of this asker did not come.
        """
        seconds = self._limits.share.timeout
        pool = asyncio.run_coroutine_threadsafe(self._enter(client, snapshot), loop).result()

        def leave() -> None:
            # When the loop has ended there is nobody left to wait for the turn.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._leave, client, snapshot.snapshot_id)

        return _DayStore(pool, loop, leave, client=client, seconds=seconds, room=room)

    async def close(self) -> None:
        """End what is being worked out, and the workers."""
        await asyncio.to_thread(self._deriving.close)
        await asyncio.gather(*(pool.close(patience=0) for pool in self._pools.values()))

    async def _enter(self, client: str, snapshot: Snapshot) -> Pool:
        """A turn with a day: each asker has one at a time, and all together a few."""
        await self._turns.enter(client, self._limits.share.timeout)
        self._readers[snapshot.snapshot_id] += 1
        try:
            return await self._pool_of(snapshot)
        except BaseException:
            # Whatever it was, a cancelled request included: a turn that is not given back is lost for everybody.
            self._leave(client, snapshot.snapshot_id)
            raise

    def _leave(self, client: str, snapshot_id: str) -> None:
        self._readers[snapshot_id] -= 1
        self._turns.leave(client)

    async def _pool_of(self, snapshot: Snapshot) -> Pool:
        """A worker on a day; the last few stay open, and whichever are being read."""
        async with self._opening:
            pool = self._pools.pop(snapshot.snapshot_id, None)
            if pool is None:
                share = replace(self._limits.share, workers=1)
                pool = Pool(snapshot.folder, snapshot.snapshot_id, bounds=self._limits.bounds, share=share)
                await pool.start()
            self._pools[snapshot.snapshot_id] = pool
            unread = [name for name in self._pools if not self._readers[name]]
            for name in unread[: len(self._pools) - _DAYS_OPEN]:
                del self._readers[name]
                await self._pools.pop(name).close(patience=0)
            return pool

    def _start(self, as_of: date) -> SupervisedProcess:
        return _new_process(self._limits, derive_day, str(self._project.folder), as_of.isoformat())

    def _find(self, version: str, as_of: date) -> str | None:
        del version
        known = self._project.day(self._in_use(), as_of)
        return str(known.folder) if known is not None else None


class Explanations:
    """Why statements hold: one process, which has read the version in use and looks for proofs."""

    def __init__(self, project: Project, limits: Limits, in_use: Callable[[], Snapshot]) -> None:
        """A process that is not started yet; `in_use` says which version is served."""
        self._project, self._limits, self._in_use = project, limits, in_use
        self._lock = threading.Lock()
        self._is_closed = False
        self._running: tuple[str, SupervisedProcess] | None = None

    def explain(self, terms: tuple[str, str, str], client: str) -> Any:  # noqa: ANN401  # an `Explanation`
        """Why a statement of the version in use holds, or why not; terms in N-Triples syntax.

        Raises:
            StoreTimeout: the deadline passed, or the proofs are still being prepared.
            StoreError: there is no answer within the memory that there is.
        """
        while True:
            # When another version is put to use meanwhile, it is asked.
            with suppress(Retired):
                return self._process().ask(terms, client)

    def _process(self) -> SupervisedProcess:
        snapshot = self._in_use()
        folder = str(snapshot.folder)
        with self._lock:
            if self._is_closed:
                raise StoreBusy(sentence("busy.stopping"))
            if self._running is None or self._running[0] != folder:
                if self._running is not None:
                    self._running[1].retire()
                arguments = str(self._project.folder), folder, snapshot.manifest.as_of
                self._running = folder, _new_process(self._limits, read_explainer, *arguments)
            return self._running[1]

    def close(self) -> None:
        """End the process; nothing is explained any more."""
        with self._lock:
            self._is_closed = True
        if self._running is not None:
            self._running[1].close()
