"""Other days, worked out one after the other: whoever asks for many waits behind whoever asks for few."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeAlias

from citygraph.errors import StoreError, StoreTimeout
from citygraph.messages import sentence
from citygraph.rdf import Triple
from citygraph.store.process import Retired, SupervisedProcess
from citygraph.store.turns import FairQueue, StoreBusy

__all__ = ["Days", "derive_day", "read_explainer"]

Wanted: TypeAlias = tuple[str, date]
_Place: TypeAlias = tuple[str, Wanted]
_MOST_EACH: Final = 3
_KEPT: Final = 30.0


class Days:
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
            apart = self._wait(client, wanted, until)
            with suppress(Retired):
                found = str(apart.prepared(client))
                break
        return found

    def _wait(self, client: str, wanted: Wanted, until: float) -> SupervisedProcess:
        with self._changed:
            self._take_place(client, wanted)
            while (apart := self._begun(wanted)) is None:
                left = until - time.monotonic()
                if left <= 0:
                    raise StoreTimeout(sentence("busy.day"), fix=sentence("next.again"))
                # A process that ends tells nobody.
                self._changed.wait(min(left, 0.1))
                if not any(wanted == place[1] for place in self._waiting) and not self._is_at_work(wanted):
                    # It was worked out, or could not be, before this thread looked again.
                    self._take_place(client, wanted)
            return apart

    def close(self) -> None:
        """End what is being worked out."""
        with self._changed:
            at_work, self._at_work = self._at_work, None
            for place in self._waiting:
                self._forget(place)
        if at_work is not None:
            at_work[1].close()

    def _take_place(self, client: str, wanted: Wanted) -> None:
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

    def _is_at_work(self, wanted: Wanted) -> bool:
        return self._at_work is not None and self._at_work[0][1] == wanted and not self._at_work[1].is_over

    def _begun(self, wanted: Wanted) -> SupervisedProcess | None:
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
            apart = self._start(wanted[1])
            apart.start()
        except StoreError:
            self._waiting.put(client, place, first=True)
            raise
        self._at_work = place, apart
        for other in self._waiting:
            if other[1] == wanted:
                self._forget(other)
        self._until.pop(place, None)


def derive_day(folder: str, day: str) -> str:
    """Work out what the files of the version in use say about a day; the folder of that version."""
    from citygraph.project import Project  # noqa: PLC0415  # the process of the server has no need of it here

    return str(Project.open(folder).snapshot(as_of=date.fromisoformat(day)).folder)


def read_explainer(folder: str, snapshot: str, day: str) -> Callable[[tuple[str, str, str]], Any]:
    """What explains the statements of a version, given in N-Triples syntax.

    The files are read when they are those of the version, because then lines can be named.
    """
    from citygraph.graphs import ProjectGraphs  # noqa: PLC0415
    from citygraph.project import Project  # noqa: PLC0415
    from citygraph.rdf import parse  # noqa: PLC0415
    from citygraph.reason.proof.explain import Explainer  # noqa: PLC0415
    from citygraph.store import Snapshot  # noqa: PLC0415

    project, version, as_of = Project.open(folder), Snapshot(Path(snapshot)), date.fromisoformat(day)
    if not project.is_stale(version):
        explainer, _ = project.explainer(as_of=as_of)
    else:
        graphs = ProjectGraphs.from_quads(project.config.base, version.asserted())
        explainer = Explainer(graphs, project.config, as_of=as_of)

    def explain(terms: tuple[str, str, str]) -> Any:  # noqa: ANN401  # an `Explanation`
        triple: Triple = parse(f"{' '.join(terms)} .".encode(), format="nt").quads[0].triple
        return explainer.explain(triple)

    return explain
