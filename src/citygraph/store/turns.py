"""Who waits for whom where only so much can be done at once: for workers, for other days, for matching of names.

One rule holds everywhere: askers take turns, and whoever has a turn, or has had one, goes behind all others with
whatever else it waits for. Whoever asks much waits behind whoever asks little, and nobody waits for ever.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from citygraph.errors import StoreError, StoreTimeout
from citygraph.messages import sentence

if TYPE_CHECKING:
    from citygraph.store.protocol import Reply

_Item = TypeVar("_Item")


class StoreBusy(StoreError):  # noqa: N818  # the field says busy
    """Too many queries wait already, of this asker or of all."""


class FairQueue(Generic[_Item]):
    """Items that wait, in one line for each asker; the lines stand in a row. It is not locked."""

    def __init__(self) -> None:
        """An empty queue."""
        self._row: OrderedDict[Hashable, deque[_Item]] = OrderedDict()

    def __len__(self) -> int:
        """How many items wait."""
        return sum(map(len, self._row.values()))

    def __iter__(self) -> Iterator[_Item]:
        """All items, line by line."""
        return iter([item for line in self._row.values() for item in line])

    def number(self, asker: Hashable) -> int:
        """How many items of this asker wait."""
        return len(self._row.get(asker, ()))

    def put(self, asker: Hashable, item: _Item, *, first: bool = False) -> None:
        """Add an item at the end of the asker's line, or at its head; a new line begins at the end of the row."""
        line = self._row.setdefault(asker, deque())
        if first:
            line.appendleft(item)
        else:
            line.append(item)

    def remove(self, asker: Hashable, item: _Item) -> bool:
        """Take an item out of the asker's line; whether it stood there."""
        line = self._row.get(asker)
        if line is None or item not in line:
            return False
        line.remove(item)
        if not line:
            del self._row[asker]
        return True

    def take(self, may: Callable[[_Item], bool] = lambda _: True) -> _Item | None:
        """Take the head of the first line whose head may go, and send that line to the end of the row."""
        for asker, line in list(self._row.items()):
            item = line[0]
            if may(item):
                self.remove(asker, item)
                self.send_back(asker)
                return item
        return None

    def send_back(self, asker: Hashable) -> None:
        """Send the line of an asker who has had a turn to the end of the row."""
        if asker in self._row:
            self._row.move_to_end(asker)


class Turns:
    """A few turns at once, and one for each asker; threads and coroutines may wait for them side by side."""

    def __init__(self, most: int = 1) -> None:
        """At most so many turns at once."""
        self._most = most
        self._lock = threading.Lock()
        self._working: set[str] = set()
        self._waiting: FairQueue[tuple[str, Future[None]]] = FairQueue()

    def of(self, client: str, seconds: float) -> _Turn:
        """A turn of this asker, for `with` or `async with`, which gives what is left of the seconds.

        Raises:
            StoreTimeout: at the beginning of the block, when it did not come in so many seconds.
        """
        return _Turn(self, client, seconds)

    async def enter(self, client: str, seconds: float) -> None:
        """Begin a turn of this asker, which ends with `leave`.

        Raises:
            StoreTimeout: it did not come in so many seconds.
        """
        turn = self.ask(client)
        came = False
        try:
            async with asyncio.timeout(seconds):
                # Shielded, so that what is cancelled is the waiting; the turn is then given back below.
                await asyncio.shield(asyncio.wrap_future(turn))
            came = True
        except TimeoutError as error:
            raise StoreTimeout(sentence("busy.others"), fix=sentence("next.again")) from error
        finally:
            if not came:
                self.give_up(client, turn)

    def ask(self, client: str) -> Future[None]:
        """Wait for a turn: what is done when it comes. It ends with `leave`, or before that with `give_up`."""
        turn: Future[None] = Future()
        with self._lock:
            self._waiting.put(client, (client, turn))
            self._go_on()
        return turn

    def give_up(self, client: str, turn: Future[None]) -> None:
        """Wait no longer; a turn that came meanwhile goes to the next."""
        with self._lock:
            waited = self._waiting.remove(client, (client, turn))
        if not waited:
            self.leave(client)

    def leave(self, client: str) -> None:
        """End the turn of this asker."""
        with self._lock:
            self._working.discard(client)
            self._waiting.send_back(client)
            self._go_on()

    def _go_on(self) -> None:
        while len(self._working) < self._most:
            found = self._waiting.take(lambda place: place[0] not in self._working)
            if found is None:
                return
            client, turn = found
            self._working.add(client)
            turn.set_result(None)


class _Turn:
    """A turn from its beginning to its end."""

    def __init__(self, turns: Turns, client: str, seconds: float) -> None:
        self._turns, self._client, self._seconds = turns, client, seconds
        self._until = time.monotonic() + seconds

    def __enter__(self) -> float:
        turn, came = self._turns.ask(self._client), False
        try:
            turn.result(self._seconds)
            came = True
        except TimeoutError as error:
            raise StoreTimeout(sentence("busy.others"), fix=sentence("next.again")) from error
        finally:
            if not came:
                self._turns.give_up(self._client, turn)
        return self._left

    async def __aenter__(self) -> float:
        await self._turns.enter(self._client, self._seconds)
        return self._left

    @property
    def _left(self) -> float:
        return max(self._until - time.monotonic(), 0.0)

    def __exit__(self, *_: object) -> None:
        self._turns.leave(self._client)

    async def __aexit__(self, *_: object) -> None:
        self._turns.leave(self._client)


@dataclass(slots=True)
class Share:
    """How the workers are shared; the names are those of `serve` in graph.toml."""

    workers: int = 4
    per_client: int = 32
    queue: int = 256
    timeout: float = 10.0

    @property
    def long(self) -> int:
        """Workers that may be busy for long; one is kept for what is done at once."""
        return max(1, self.workers - 1)

    @property
    def long_each(self) -> int:
        """Workers that one asker may hold for long."""
        return max(1, self.workers // 2)

    @property
    def at_once(self) -> float:
        """Seconds that count as at once."""
        return min(0.5, self.timeout / 4)


class WorkerTurns:
    """The queue in front of the workers, and how many turns each asker has; used from one thread."""

    def __init__(self, share: Share) -> None:
        """A queue in which nothing waits."""
        self.share = share
        self._waiting: FairQueue[Reply] = FairQueue()
        self._in_flight: Counter[str] = Counter()
        self._long: Counter[str] = Counter()
        self._short = 0

    @property
    def number_waiting(self) -> int:
        """How many questions wait for a worker."""
        return len(self._waiting)

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits and nobody has a turn."""
        return not (self._waiting or +self._in_flight or +self._long or self._short)

    # -- coming and going -----------------------------------------------------------------------------

    def admit(self, client: str) -> None:
        """Let one more question in; the empty name is this program itself, which is never turned away.

        Raises:
            StoreBusy: too much waits already, of this asker or of all.
        """
        if client and self._in_flight[client] >= self.share.per_client:
            raise StoreBusy(sentence("busy.yours", count=self.share.per_client), fix=sentence("next.wait_for_answer"))
        if client and self.number_waiting >= self.share.queue:
            raise StoreBusy(sentence("busy.queue", count=self.number_waiting), fix=sentence("next.again"))
        self._in_flight[client] += 1

    def depart(self, client: str) -> None:
        """A question is answered, or never will be."""
        self._in_flight[client] -= 1
        for counter in (self._in_flight, self._long):
            if counter[client] <= 0:
                del counter[client]

    # -- waiting --------------------------------------------------------------------------------------

    def wait(self, reply: Reply, *, first: bool = False) -> None:
        """To the end of its line, or to its head when it has had a turn that somebody else ended."""
        self._waiting.put(reply.line, reply, first=first)

    def forget(self, reply: Reply) -> bool:
        """Out of its line; whether it stood there."""
        return self._waiting.remove(reply.line, reply)

    def all_waiting(self) -> list[Reply]:
        """Everything that waits."""
        return list(self._waiting)

    def offer(self, give: Callable[[Reply], bool]) -> bool:
        """Offer a turn to the first of each line, one asker after the other, until one takes it; whether one did."""
        return self._waiting.take(give) is not None

    # -- turns ----------------------------------------------------------------------------------------

    def may_be_long(self, client: str) -> bool:
        """Whether this asker may hold a worker for long now."""
        return self._long.total() < self.share.long and self._long[client] < self.share.long_each

    def take(self, reply: Reply) -> float:
        """The seconds of a turn that begins now; nought when there is none for this question."""
        reply.is_long = self.may_be_long(reply.client)
        if reply.is_long:
            self._long[reply.client] += 1
            return self.share.timeout
        if self._short or not reply.may_be_short:
            return 0.0
        self._short += 1
        return self.share.at_once

    def lengthen(self, reply: Reply) -> None:
        """A turn that was to be short becomes a long one."""
        self._short -= 1
        self._long[reply.client] += 1
        reply.is_long = True

    def give_back(self, reply: Reply) -> None:
        """It has no worker any more."""
        if reply.timer is not None:
            reply.timer.cancel()
        if reply.is_long:
            self._long[reply.client] -= 1
        else:
            self._short -= 1
        for may_be_short in (True, False):
            self._waiting.send_back((reply.client, may_be_short))
