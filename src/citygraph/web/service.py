"""What the whole site shares: the pool over the version in use, the answers it gave, and the next version."""

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

from anyio.to_thread import current_default_thread_limiter

from citygraph.errors import SnapshotError, StoreError
from citygraph.project import Project
from citygraph.sentences import sentence
from citygraph.store import Manifest, Snapshot
from citygraph.store.lookup import Lookups
from citygraph.store.pool import Pool
from citygraph.store.pool_store import AskedStore, Room
from citygraph.store.process import Version
from citygraph.store.protocol import Bounds
from citygraph.store.turns import Share, StoreBusy, Turns
from citygraph.web.apart import Apart, Retired, derive_day, read_explainer
from citygraph.web.days import Days
from citygraph.web.description import COUNT_QUERIES, Counts, counts_of
from citygraph.web.limits import Limits
from citygraph.web.sparql_protocol import Cache

__all__ = ["Service"]

_LOOK_EVERY = 0.25
_COUNT_SECONDS = 120.0
_PREPARING: Final = 120.0
_DAYS_OPEN: Final = 2


class _DayStore(AskedStore):
    """The graph on another day, which is a turn that somebody else waits for."""

    def __init__(  # those of `AskedStore`, and what gives the turn back
        self,
        pool: Pool,
        loop: asyncio.AbstractEventLoop,
        leave: Callable[[], None],
        *,
        client: str,
        seconds: float,
        room: Room,
    ) -> None:
        super().__init__(pool, loop, client=client, seconds=seconds, room=room)
        self._leave: Callable[[], None] | None = leave

    def close(self) -> None:
        super().close()
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()


class Service:
    """Everything that starts with the site and ends with it."""

    def __init__(self, project: Project, limits: Limits) -> None:
        """A service that is not started yet."""
        self.project, self.limits = project, limits
        self.cache = Cache(limits.cache)
        self.pool: Pool
        self.lookups: Lookups | None = None
        self.snapshot: Snapshot
        self.manifest: Manifest
        self._seen: object = None
        self._stopping = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self._counting = asyncio.Lock()
        self._counts: tuple[object, Counts] | None = None
        self._room = Room()
        self._days: OrderedDict[str, Pool] = OrderedDict()
        self._opening = asyncio.Lock()
        self._day_turns = Turns(_DAYS_OPEN)
        self._days_read: Counter[str] = Counter()
        self._deriving = Days(self._start_day, self._day_folder, seconds=limits.share.timeout)
        self._apart = threading.Lock()
        self._explaining: tuple[str, Apart] | None = None

    async def start(self) -> None:
        """Open the version in use.

        Raises:
            SnapshotError: nothing has been built, or it cannot be opened.
        """
        self._seen = await asyncio.to_thread(self._look)
        snapshot = await asyncio.to_thread(self.project.snapshot)
        self.snapshot, self.manifest = snapshot, snapshot.manifest
        # Whoever waits for a page holds a thread; four askers with all that they may ask leave none.
        current_default_thread_limiter().total_tokens = 4 * self.limits.share.per_client
        self.pool = self._pool(snapshot.folder, snapshot.snapshot_id, self.limits.bounds, self.limits.share)
        await self.pool.start()
        await self._open_lookups(self.pool.version)
        self._watching = asyncio.create_task(self._watch())

    def _pool(self, folder: Path, snapshot_id: str, bounds: Bounds, share: Share) -> Pool:
        """What answers queries: worker processes here, or the server that graph.toml names."""
        held = self.project.held
        if held is None:
            return Pool(folder, snapshot_id, bounds=bounds, share=share)
        from citygraph.store.server.pool import ServerPool  # noqa: PLC0415  # the HTTP client is needed here alone

        return ServerPool(held, folder, snapshot_id, bounds=bounds, share=share)

    async def _open_lookups(self, version: Version) -> None:
        """Open the version for queries that need no worker; a server elsewhere is asked in its own way."""
        self.lookups = None
        if self.project.held is not None or not self.limits.fast:
            return
        # Without it the workers, which have opened the version, answer these queries too.
        with suppress(SnapshotError):
            self.lookups = await asyncio.to_thread(Lookups, version, self.limits.bounds)

    async def stop(self) -> None:
        """Finish what is being answered, then end the workers."""
        self._stopping.set()
        if self._watching is not None:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching
        await asyncio.to_thread(self._deriving.close)
        if self._explaining is not None:
            await asyncio.to_thread(self._explaining[1].close)
        await asyncio.gather(*(pool.close(patience=0) for pool in self._days.values()))
        await self.pool.close()

    def store(self, *, client: str = "", snapshot: Snapshot | None = None) -> AskedStore:
        """The graph for one request that is answered in a thread, with the time that one query may take.

        Args:
            client: who asks, and whose limits it shares.
            snapshot: another version than the one in use: the same files on another day.

        Raises:
            SnapshotError: the other version cannot be opened.
        """
        loop, seconds = self.pool.loop, self.limits.share.timeout
        if snapshot is None:
            return AskedStore(self.pool, loop, client=client, seconds=seconds, room=self._room)
        pool = asyncio.run_coroutine_threadsafe(self._enter_day(client, snapshot), loop).result()

        def leave() -> None:
            # When the loop has ended there is nobody left to wait for the turn.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._leave_day, client, snapshot.snapshot_id)

        return _DayStore(pool, loop, leave, client=client, seconds=seconds, room=self._room)

    async def _enter_day(self, client: str, snapshot: Snapshot) -> Pool:
        """A turn with a version for another day: each asker has one at a time, and all together a few."""
        await self._day_turns.enter(client, self.limits.share.timeout)
        self._days_read[snapshot.snapshot_id] += 1
        try:
            return await self._pool_of(snapshot)
        except BaseException:
            # Whatever it was, a cancelled request included: a turn that is not given back is lost for everybody.
            self._leave_day(client, snapshot.snapshot_id)
            raise

    def _leave_day(self, client: str, snapshot_id: str) -> None:
        self._days_read[snapshot_id] -= 1
        self._day_turns.leave(client)

    async def _pool_of(self, snapshot: Snapshot) -> Pool:
        """A worker on a version for another day; the last few stay open."""
        async with self._opening:
            pool = self._days.pop(snapshot.snapshot_id, None)
            if pool is None:
                share = replace(self.limits.share, workers=1)
                pool = Pool(snapshot.folder, snapshot.snapshot_id, bounds=self.limits.bounds, share=share)
                await pool.start()
            self._days[snapshot.snapshot_id] = pool
            unread = [name for name in self._days if not self._days_read[name]]
            for name in unread[: len(self._days) - _DAYS_OPEN]:
                del self._days_read[name]
                await self._days.pop(name).close(patience=0)
            return pool

    def day(self, as_of: date, client: str = "") -> Snapshot:
        """What the files of the version in use say about another day, worked out in a process that may die.

        Raises:
            StoreTimeout: it is not ready yet, or another day is being worked out.
            StoreBusy: this asker waits for several days already.
            StoreError: it cannot be worked out with the memory that there is.
        """
        return Snapshot(Path(self._deriving.folder(client, self.snapshot.snapshot_id, as_of)))

    def _day_folder(self, version: str, as_of: date) -> str | None:
        del version
        known = self.project.day(self.snapshot, as_of)
        return str(known.folder) if known is not None else None

    def _start_day(self, as_of: date) -> Apart:
        return self._new_apart(derive_day, str(self.project.folder), as_of.isoformat())

    def explain(self, terms: tuple[str, str, str], client: str = "") -> Any:  # noqa: ANN401  # an `Explanation`
        """Why a statement of the version in use holds, or why not; terms in N-Triples syntax.

        Raises:
            StoreTimeout: the deadline passed, or the proofs are still being prepared.
            StoreError: there is no answer within the memory that there is.
        """
        while True:
            # When another version is put to use meanwhile, it is asked.
            with suppress(Retired):
                return self._explainer().ask(terms, client)

    def _explainer(self) -> Apart:
        folder = str(self.snapshot.folder)
        with self._apart:
            if self._stopping.is_set():
                raise StoreBusy(sentence("busy.stopping"))
            if self._explaining is None or self._explaining[0] != folder:
                if self._explaining is not None:
                    self._explaining[1].retire()
                apart = self._new_apart(read_explainer, str(self.project.folder), folder, self.manifest.as_of)
                self._explaining = folder, apart
            return self._explaining[1]

    def _new_apart(self, prepare: Any, *arguments: str) -> Apart:  # noqa: ANN401  # a function of `apart`
        limits = self.limits
        return Apart(
            prepare, *arguments, memory=limits.bounds.memory, seconds=limits.share.timeout, patience=_PREPARING
        )  # fmt: skip

    def _look(self) -> object:
        """What tells one version from another, a fresh build of the same included."""
        link = self.project.snapshots.folder / "current"
        try:
            if self.project.held is not None:
                return self.project.held.glance()
            return link.readlink(), (link / "manifest.json").stat().st_ino
        except (OSError, StoreError):
            return self._seen

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            seen = await asyncio.to_thread(self._look)
            if seen == self._seen:
                continue
            # A version that cannot be opened is looked at again; the old one is served until then.
            with suppress(StoreError, OSError):
                await self._use(await asyncio.to_thread(self.project.snapshot))
                self._seen = seen

    async def _use(self, snapshot: Snapshot) -> None:
        await self.pool.switch(snapshot.folder, snapshot.snapshot_id)
        await self._open_lookups(self.pool.version)
        self.snapshot, self.manifest = snapshot, snapshot.manifest
        self.cache.clear()

    async def counts(self) -> Counts:
        """How often each class and property is used in the version in use; counted once.

        Raises:
            StoreError: it cannot be counted in the time there is.
        """
        async with self._counting:
            version = self.pool.version
            if self._counts is None or self._counts[0] != version:
                bounds = replace(self.limits.bounds, rows=1_000_000)
                share = Share(workers=1, timeout=_COUNT_SECONDS)
                counting = self._pool(version.folder, version.snapshot_id, bounds, share)
                await counting.start()
                try:
                    store = AskedStore(counting, asyncio.get_running_loop())
                    rows = [await asyncio.to_thread(store.query, text) for text in COUNT_QUERIES]
                finally:
                    await counting.close(patience=0)
                self._counts = version, counts_of(rows)
            return self._counts[1]

    @property
    def is_current(self) -> bool:
        """Whether the version served is the one the project has in use."""
        if self.project.held is not None:
            return self._seen == self.project.held.seen
        with suppress(StoreError):
            current = self.project.snapshots.current()
            return current is not None and current.snapshot_id == self.pool.version.snapshot_id
        return False
