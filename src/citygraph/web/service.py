"""What the whole site shares: the pool over the version in use, the answers it gave, and the next version."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

from citygraph.errors import SnapshotError, StoreError
from citygraph.project import Project
from citygraph.store import Manifest, Snapshot
from citygraph.store.asked import AskedStore
from citygraph.store.sharing import Share
from citygraph.store.workers import Pool
from citygraph.web.cache import Cache
from citygraph.web.counts import COUNT_QUERIES, Counts, counts_of
from citygraph.web.limits import Limits

__all__ = ["Service"]

_LOOK_EVERY = 0.25
_COUNT_SECONDS = 120.0


class Service:
    """Everything that starts with the site and ends with it."""

    def __init__(self, project: Project, limits: Limits) -> None:
        """A service that is not started yet."""
        self.project, self.limits = project, limits
        self.cache = Cache(limits.cache)
        self.pool: Pool
        self.manifest: Manifest
        self._seen: object = None
        self._watching: asyncio.Task[None] | None = None
        self._counting = asyncio.Lock()
        self._counts: tuple[object, Counts] | None = None

    async def start(self) -> None:
        """Open the version in use.

        Raises:
            SnapshotError: nothing has been built, or it cannot be opened.
        """
        self._seen = self._look()
        snapshot = self.project.snapshot()
        self.manifest = snapshot.manifest
        self.pool = Pool(snapshot.folder, snapshot.snapshot_id, bounds=self.limits.bounds, share=self.limits.share)
        await self.pool.start()
        self._watching = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Finish what is being answered, then end the workers."""
        if self._watching is not None:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching
        await self.pool.close()

    def store(self, *, client: str = "") -> AskedStore:
        """The graph for code that runs in a thread; `client` shares the limits of that asker."""
        return AskedStore(self.pool, self.pool.loop, client=client)

    def _look(self) -> object:
        """What tells one version from another, a fresh build of the same included."""
        link = self.project.snapshots.folder / "current"
        try:
            return link.readlink(), (link / "manifest.json").stat().st_ino
        except OSError:
            return self._seen

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            seen = self._look()
            if seen == self._seen:
                continue
            # A version that cannot be opened is looked at again; the old one is served until then.
            with suppress(SnapshotError, OSError):
                await self._use(self.project.snapshot())
                self._seen = seen

    async def _use(self, snapshot: Snapshot) -> None:
        await self.pool.switch(snapshot.folder, snapshot.snapshot_id)
        self.manifest = snapshot.manifest
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
                counting = Pool(version.folder, version.snapshot_id, bounds=bounds, share=share)
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
        with suppress(StoreError):
            current = self.project.snapshots.current()
            return current is not None and current.snapshot_id == self.pool.version.snapshot_id
        return False
