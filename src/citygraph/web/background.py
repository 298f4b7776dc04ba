"""Work that needs more than a query: the graph on another day, the proof of a statement, and the figures of a version.

Days and proofs are worked out in a process of their own, which has the memory of a query and may die, and askers take
turns; figures are counted once, by a worker with more time than queries have.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from anyio.to_thread import run_sync

from citygraph.errors import StoreError, StoreTimeout
from citygraph.messages import sentence
from citygraph.rdf import Iri, Literal, Triple
from citygraph.results import Answer, Solutions
from citygraph.store import Snapshot
from citygraph.store.pool import Pool
from citygraph.store.pool_store import AskedStore, Room
from citygraph.store.process import Retired, SupervisedProcess
from citygraph.store.snapshot import Version
from citygraph.store.turns import FairQueue, StoreBusy, Turns
from citygraph.void import FIGURES, Figures, figures_from
from citygraph.web.limits import Limits

if TYPE_CHECKING:
    from citygraph.project import Project

_PREPARING: Final = 120.0


def _new_process(limits: Limits, prepare: Callable[..., Any], *arguments: str) -> SupervisedProcess:
    """A process within the limits of a query, not started yet."""
    memory, seconds = limits.bounds.memory, limits.share.timeout
    return SupervisedProcess(prepare, *arguments, memory=memory, seconds=seconds, patience=_PREPARING)


# -- another day --------------------------------------------------------------------------------------

_MOST_EACH: Final = 3
_KEPT: Final = 30.0
_DAYS_OPEN: Final = 2
_Wanted: TypeAlias = tuple[str, date]
_Place: TypeAlias = tuple[str, _Wanted]


def derive_day(folder: str, edition: str, day: str) -> str:
    """Work out what the files of the version in use in an edition say about a day; the folder of that version."""
    from citygraph.project import Project  # noqa: PLC0415  # this process works for the site

    return str(Project.open(folder, edition=edition).snapshot(as_of=date.fromisoformat(day)).folder)


class DayQueue:
    """Who waits for which day of which version, and the one process that is working a day out.

    A place in the line outlives the request that took it: whoever is told to come again finds its day begun.
    """

    def __init__(
        self, start: Callable[[date], SupervisedProcess], find: Callable[[str, date], str | None], *, seconds: float
    ) -> None:
        """No day is being worked out yet.

        Args:
            start: what works out a day.
            find: where what a version says about a day lies, when it is worked out.
            seconds: how long one request may wait.
        """
        self._start, self._find, self._seconds = start, find, seconds
        self._changed = threading.Condition()
        self._waiting: FairQueue[_Place] = FairQueue()
        self._until: dict[_Place, float] = {}
        self._at_work: tuple[_Place, SupervisedProcess] | None = None

    @property
    def number_waiting(self) -> int:
        """How many days are still to be begun, counted for each asker."""
        with self._changed:
            return len(self._waiting)

    def folder(self, client: str, version: str, day: date) -> str:
        """Where what a version says about a day lies.

        Raises:
            StoreTimeout: it is not worked out yet, and will be soon.
            StoreBusy: this asker waits for several days already.
            StoreError: it cannot be worked out.
        """
        wanted, until = (version, day), time.monotonic() + self._seconds
        while (found := self._find(version, day)) is None:
            process = self._wait(client, wanted, until)
            with suppress(Retired):
                found = str(process.prepared(client))
                break
        return found

    def _wait(self, client: str, wanted: _Wanted, until: float) -> SupervisedProcess:
        with self._changed:
            self._take_place(client, wanted)
            while (process := self._begun(wanted)) is None:
                left = until - time.monotonic()
                if left <= 0:
                    raise StoreTimeout(sentence("busy.day"), fix=sentence("next.again"))
                # A process that ends tells nobody.
                self._changed.wait(min(left, 0.1))
                if not any(wanted == place[1] for place in self._waiting) and not self._is_at_work(wanted):
                    # It was worked out, or could not be, before this thread looked again.
                    self._take_place(client, wanted)
            return process

    def close(self) -> None:
        """End what is being worked out."""
        with self._changed:
            at_work, self._at_work = self._at_work, None
            for place in self._waiting:
                self._forget(place)
        if at_work is not None:
            at_work[1].close()

    def _take_place(self, client: str, wanted: _Wanted) -> None:
        now = time.monotonic()
        for place in [place for place, until in self._until.items() if until < now]:
            self._forget(place)
        if self._is_at_work(wanted):
            return
        place = client, wanted
        if place not in self._until:
            if self._waiting.number(client) >= _MOST_EACH:
                raise StoreBusy(sentence("busy.your_days", count=_MOST_EACH), fix=sentence("next.wait_for_page"))
            self._waiting.put(client, place)
        self._until[place] = now + self._seconds + _KEPT

    def _forget(self, place: _Place) -> None:
        self._waiting.remove(place[0], place)
        self._until.pop(place, None)

    def _is_at_work(self, wanted: _Wanted) -> bool:
        return self._at_work is not None and self._at_work[0][1] == wanted and not self._at_work[1].is_over

    def _begun(self, wanted: _Wanted) -> SupervisedProcess | None:
        """What works out this day, when its turn has come."""
        if self._at_work is not None and self._at_work[1].is_over:
            # Whoever waits for it takes its answer before it goes.
            self._at_work[1].retire()
            self._waiting.send_back(self._at_work[0][0])
            self._at_work = None
        if self._at_work is None:
            self._begin_next()
        return self._at_work[1] if self._at_work is not None and self._at_work[0][1] == wanted else None

    def _begin_next(self) -> None:
        """Begin the day whose turn it is, for all who wait for it."""
        place = self._waiting.take()
        if place is None:
            return
        client, wanted = place
        try:
            process = self._start(wanted[1])
            process.start()
        except StoreError:
            self._waiting.put(client, place, first=True)
            raise
        self._at_work = place, process
        for other in self._waiting:
            if other[1] == wanted:
                self._forget(other)
        self._until.pop(place, None)


class OtherDays:
    """What the files of a version say about other days, and the workers on the few that were asked for last."""

    def __init__(self, project: Project, limits: Limits, in_use: Callable[[], Snapshot]) -> None:
        """The days of one project, none of them worked out; `in_use` says which version is served."""
        self._project, self._limits, self._in_use = project, limits, in_use
        self._pools: OrderedDict[str, Pool] = OrderedDict()
        self._opening = asyncio.Lock()
        self._turns = Turns(_DAYS_OPEN)
        self._readers: Counter[str] = Counter()
        self._deriving = DayQueue(self._start, self._find, seconds=limits.share.timeout)

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
        pool, leave = asyncio.run_coroutine_threadsafe(self._enter(client, snapshot), loop).result()

        def leave_from_thread() -> None:
            # When the loop has ended there is nobody left to wait for the turn.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(leave)

        return _DayStore(pool, loop, leave_from_thread, client=client, seconds=seconds, room=room)

    async def pool(self, as_of: date, client: str) -> tuple[Pool, Callable[[], None]]:
        """The workers on a day for one query, and what gives the turn back; called from the thread of the event loop.

        Raises:
            StoreTimeout: it is not ready yet, or the turn of this asker did not come.
            StoreError: see `snapshot`.
        """
        # With the threads that pages wait in: whoever asks for days leaves those of the site itself alone.
        return await self._enter(client, await run_sync(self.snapshot, as_of, client))

    async def close(self) -> None:
        """End what is being worked out, and the workers."""
        await asyncio.to_thread(self._deriving.close)
        await asyncio.gather(*(pool.close(patience=0) for pool in self._pools.values()))

    async def _enter(self, client: str, snapshot: Snapshot) -> tuple[Pool, Callable[[], None]]:
        """A turn with a day, and what ends it, once: each asker has one at a time, and all together a few."""
        await self._turns.enter(client, self._limits.share.timeout)
        self._readers[snapshot.snapshot_id] += 1
        held = [snapshot.snapshot_id]

        def leave() -> None:
            while held:
                self._readers[held.pop()] -= 1
                self._turns.leave(client)

        try:
            return await self._pool_of(snapshot), leave
        except BaseException:
            # Whatever it was, a cancelled request included: a turn that is not given back is lost for everybody.
            leave()
            raise

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
        arguments = str(self._project.folder), self._project.config.edition, as_of.isoformat()
        return _new_process(self._limits, derive_day, *arguments)

    def _find(self, version: str, as_of: date) -> str | None:
        del version
        known = self._project.day(self._in_use(), as_of)
        return str(known.folder) if known is not None else None


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


# -- proofs -------------------------------------------------------------------------------------------


def read_explainer(folder: str, edition: str, snapshot: str, day: str) -> Callable[[tuple[str, str, str]], Any]:
    """What explains the statements of a version of an edition, given in N-Triples syntax.

    The files are read when they are those of the version, because then lines can be named.
    """
    from citygraph.graphs import ProjectGraphs  # noqa: PLC0415  # the process of the server has no need of these
    from citygraph.project import Project  # noqa: PLC0415  # as above
    from citygraph.rdf import parse  # noqa: PLC0415
    from citygraph.reason.proof.explain import Explainer  # noqa: PLC0415

    project, version = Project.open(folder, edition=edition), Snapshot(Path(snapshot))
    as_of = date.fromisoformat(day)
    if not project.is_stale(version):
        explainer, _ = project.explainer(as_of=as_of)
    else:
        graphs = ProjectGraphs.from_quads(project.config.base, version.stated())
        explainer = Explainer(graphs, project.config, as_of=as_of)

    def explain(terms: tuple[str, str, str]) -> Any:  # noqa: ANN401  # an `Explanation`
        triple: Triple = parse(f"{' '.join(terms)} .".encode(), format="nt").quads[0].triple
        return explainer.explain(triple)

    return explain


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
                project = self._project
                arguments = str(project.folder), project.config.edition, folder, snapshot.manifest.as_of
                self._running = folder, _new_process(self._limits, read_explainer, *arguments)
            return self._running[1]

    def close(self) -> None:
        """End the process; nothing is explained any more."""
        with self._lock:
            self._is_closed = True
        if self._running is not None:
            self._running[1].close()


# -- figures ------------------------------------------------------------------------------------------

_GRAPHS: Final = "SELECT ?graph (COUNT(*) AS ?n) WHERE { GRAPH ?graph { ?s ?p ?o } } GROUP BY ?graph"


@dataclass(frozen=True, slots=True)
class Counts:
    """The figures of one version, and the triples of each named graph."""

    figures: Figures
    graphs: dict[str, int]


class Counting:
    """The figures of the version that was asked about last, counted once."""

    def __init__(self, open_pool: Callable[[Version], Pool], *, base: str) -> None:
        """A counter that counts a version when it is asked about it.

        Args:
            base: the address that the graph's own names begin with.
            open_pool: gives a pool of one worker, not started, that has the time to count a version.
        """
        self._open_pool, self._base = open_pool, base
        self._lock = asyncio.Lock()
        self._counted: tuple[Version, Counts] | None = None

    async def of(self, version: Version) -> Counts:
        """The figures of a version.

        Raises:
            StoreError: it cannot be counted in the time there is.
        """
        async with self._lock:
            if self._counted is None or self._counted[0] != version:
                pool = self._open_pool(version)
                await pool.start()
                try:
                    store = AskedStore(pool, asyncio.get_running_loop())
                    base = {"base": Literal(self._base)}
                    answers = {
                        name: await asyncio.to_thread(store.query, text, bind=base if "?base" in text else None)
                        for name, text in FIGURES.items()
                    }
                    graphs = await asyncio.to_thread(store.query, _GRAPHS)
                finally:
                    await pool.close(patience=0)
                self._counted = version, Counts(figures_from(answers), _by_graph(graphs))
            return self._counted[1]


def _by_graph(answer: Answer) -> dict[str, int]:
    rows = answer if isinstance(answer, Solutions) else ()
    pairs = ((row.get("graph"), row.get("n")) for row in rows)
    return {name.value: int(n.value) for name, n in pairs if isinstance(name, Iri) and isinstance(n, Literal)}
