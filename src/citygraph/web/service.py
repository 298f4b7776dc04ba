"""What the whole site shares: the version in use, the workers that answer from it, and the answers it gave.

A version that is put to use while the site runs is found by looking, and served when it is open; until then the one
before is. Other days, proofs and figures are in `background`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from anyio.to_thread import current_default_thread_limiter

from citygraph.as_of import reading_day
from citygraph.config import CONFIG_FILE
from citygraph.errors import CitygraphError, SnapshotError, StoreError, StoreTimeout
from citygraph.store import Manifest, Snapshot
from citygraph.store.lookup import Lookups
from citygraph.store.pool import Pool
from citygraph.store.pool_store import AskedStore, Room
from citygraph.store.protocol import Bounds
from citygraph.store.snapshot import MANIFEST_FILE, Version
from citygraph.store.turns import Share, StoreBusy
from citygraph.web.background import Counting, Counts, Explanations, OtherDays
from citygraph.web.limits import Limits
from citygraph.web.pages.graph import SiteMemory
from citygraph.web.sparql_protocol import Cache

if TYPE_CHECKING:
    from citygraph.project import Project

_LOOK_EVERY: Final = 0.25
_TRY_EVERY: Final = 600
"""Seconds until a day that could not be worked out is tried again."""
_OURSELVES: Final = ""
"""Who asks for today, in the line of those who wait for a day."""
_COUNT_SECONDS: Final = 120.0
_COMPARE_EVERY: Final = 2.0


class Service:
    """Everything that starts with the site and ends with it."""

    def __init__(self, project: Project, limits: Limits) -> None:
        """A service that is not started: `pool`, `snapshot` and `manifest` are there after `start`."""
        self.project, self.limits = project, limits
        self.cache = Cache(limits.cache)
        self.memory = SiteMemory()
        self.pool: Pool
        self.lookups: Lookups | None = None
        self.snapshot: Snapshot
        self.manifest: Manifest
        self._seen: object = None
        self.began = time.time()
        self._compared: tuple[object, bool | None, float] = (None, None, 0.0)
        self._watching: asyncio.Task[None] | None = None
        self._next_try = 0.0
        self._room = Room()
        self._counting = Counting(self._counting_pool, base=project.config.base)
        self._days = OtherDays(project, limits, lambda: self.built)
        self._explanations = Explanations(project, limits, lambda: self.snapshot)

    # -- its life -------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Open the version in use.

        Raises:
            SnapshotError: nothing has been built, or it cannot be opened.
        """
        self._seen = await asyncio.to_thread(self._look)
        self.built = snapshot = await asyncio.to_thread(self._built)
        self.snapshot, self.manifest = snapshot, snapshot.manifest
        # Whoever waits for a page holds a thread; four askers with all that they may ask leave none.
        current_default_thread_limiter().total_tokens = 4 * self.limits.share.per_client
        self.pool = self._pool(snapshot.folder, snapshot.snapshot_id, self.limits.bounds, self.limits.share)
        await self.pool.start()
        await self._open_lookups(self.pool.version)
        self._watching = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Finish what is being answered, then end the workers and forget the answers."""
        if self._watching is not None:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching
        await self._days.close()
        await asyncio.to_thread(self._explanations.close)
        # Whoever asks through the site has been waited for.
        await self.pool.close(patience=1.0)
        self.cache.clear()
        self.lookups = None

    def _pool(self, folder: Path, snapshot_id: str, bounds: Bounds, share: Share) -> Pool:
        """What answers queries: worker processes here, or the server that graph.toml names."""
        held = self.project.held
        if held is None:
            return Pool(folder, snapshot_id, bounds=bounds, share=share)
        from citygraph.store.server.pool import ServerPool  # noqa: PLC0415  # the HTTP client is needed here alone

        return ServerPool(held, folder, snapshot_id, bounds=bounds, share=share)

    async def _open_lookups(self, version: Version) -> None:
        """Open the version for queries that need no worker; a server elsewhere is asked in its own way."""
        if self.project.held is not None or not self.limits.fast:
            return
        # Without it the workers, which have opened the version, answer these queries too.
        with suppress(SnapshotError):
            self.lookups = await asyncio.to_thread(Lookups, version, self.limits.bounds)

    # -- the next version -----------------------------------------------------------------------------

    @property
    def is_current(self) -> bool:
        """Whether the version served is the one the project has in use."""
        if self.project.held is not None:
            return self._seen == self.project.held.seen
        with suppress(StoreError):
            current = self.project.snapshots.current()
            return current is not None and current.snapshot_id == self.built.snapshot_id
        return False

    @property
    def built_at(self) -> float | None:
        """When the version served was built, or came from a mirror; nothing when it lies on a server elsewhere."""
        with suppress(OSError):
            return (self.snapshot.folder / MANIFEST_FILE).stat().st_mtime
        return None

    async def files_differ(self) -> bool | None:
        """Whether a file has changed since the version served; nothing where no files of the graph are.

        The files are looked at now and then, and read again only when one of them looks different.
        """
        if time.monotonic() > self._compared[2]:
            self._compared = (*self._compared[:2], time.monotonic() + _COMPARE_EVERY)
            with suppress(OSError, CitygraphError):
                await asyncio.to_thread(self._compare)
        return self._compared[1]

    def _compare(self) -> None:
        stamp, manifest = self.project.stamp(), self.manifest
        if self._compared[0] != (stamp, manifest.snapshot_id):
            has_files = any(Path(name).name != CONFIG_FILE for name, _, _ in stamp)
            found = self.project.is_stale_against(manifest) if has_files else None
            self._compared = ((stamp, manifest.snapshot_id), found, self._compared[2])

    def _look(self) -> object:
        """What tells one version from another, a fresh build of the same included."""
        link = self.project.snapshots.link
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
            # A version that cannot be opened is looked at again; the old one is served until then.
            with suppress(StoreError, OSError):
                if seen != self._seen:
                    built = await asyncio.to_thread(self._built)
                    await self._use(built)
                    self.built, self._seen, self._next_try = built, seen, 0.0
                await self._follow_the_day()

    def _built(self) -> Snapshot:
        """The version in use as it was built, whatever its day."""
        built = self.project.current()
        return built if built is not None else self.project.snapshot()

    async def _follow_the_day(self) -> None:
        """Serve what the files say about today, once that is worked out: the day goes on while a site is up.

        Where it cannot be worked out, in a folder that may not be written, the version as it was built is served with its
        day, and it is tried again now and then.
        """
        if self.manifest.pinned or self.project.held is not None or time.monotonic() < self._next_try:
            return
        try:
            day = reading_day(self.project.config.as_of, today=datetime.now(tz=UTC).date())
            if self.manifest.as_of == day.isoformat():
                return
            snapshot = await asyncio.to_thread(self._days.snapshot, day, _OURSELVES)
            # Named by a link, so that days which others ask for do not push it out.
            await asyncio.to_thread(self.project.days.use, snapshot.folder)
            await self._use(snapshot)
        except (StoreTimeout, StoreBusy):
            # It is being worked out, and is looked for again at once.
            return
        except (CitygraphError, OSError):
            self._next_try = time.monotonic() + _TRY_EVERY

    async def _use(self, snapshot: Snapshot) -> None:
        await self.pool.switch(snapshot.folder, snapshot.snapshot_id)
        # In one go, so that nobody who has had an answer of this version gets one of the version before.
        self.lookups = None
        self.snapshot, self.manifest = snapshot, snapshot.manifest
        self.cache.clear()
        await self._open_lookups(self.pool.version)

    # -- what pages ask -------------------------------------------------------------------------------

    def store(self, client: str) -> AskedStore:
        """The graph for one request that is answered in a thread, with the time that one query may take.

        Args:
            client: who asks, and whose limits it shares.
        """
        return AskedStore(self.pool, self.pool.loop, client=client, seconds=self.limits.share.timeout, room=self._room)

    def day(self, as_of: date, client: str) -> tuple[Snapshot, AskedStore]:
        """What the files of the version in use say about another day, and the graph on that day for one request.

        Raises:
            SnapshotError: it cannot be opened.
            StoreTimeout: it is not ready yet, or another day is being worked out.
            StoreBusy: this asker waits for several days already.
            StoreError: it cannot be worked out with the memory that there is.
        """
        snapshot = self._days.snapshot(as_of, client)
        return snapshot, self._days.store(snapshot, client=client, loop=self.pool.loop, room=self._room)

    async def pool_of(self, as_of: date | None, client: str) -> tuple[Pool, Callable[[], None]]:
        """The workers for one query, about another day when one is given, and what gives the turn with that day back.

        Raises:
            StoreError: see `day`.
        """
        return (self.pool, _nothing) if as_of is None else await self._days.pool(as_of, client)

    def explain(self, terms: tuple[str, str, str], client: str) -> Any:  # noqa: ANN401  # an `Explanation`
        """Why a statement of the version in use holds, or why not; see `Explanations.explain`."""
        return self._explanations.explain(terms, client)

    async def counts(self) -> Counts:
        """How often each class and property is used in the version in use; see `Counting.of`."""
        return await self._counting.of(self.pool.version)

    def _counting_pool(self, version: Version) -> Pool:
        bounds = replace(self.limits.bounds, rows=1_000_000)
        return self._pool(version.folder, version.snapshot_id, bounds, Share(workers=1, timeout=_COUNT_SECONDS))


def _nothing() -> None:
    """No turn is held with the version in use."""
