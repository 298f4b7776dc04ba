"""Who may ask how much, and who waits for whom: one worker is kept for what is done at once, nobody holds all."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

from citygraph.errors import StoreError
from citygraph.sentences import sentence
from citygraph.store.reply import Reply

__all__ = ["Share", "StoreBusy", "Turns"]


class StoreBusy(StoreError):  # noqa: N818  # the field says busy
    """Too many queries wait already, of this asker or of all."""


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


class Turns:
    """The queue in front of the workers, and how many turns each asker has."""

    def __init__(self, share: Share) -> None:
        """Nobody has asked yet."""
        self.share = share
        self.number_waiting = 0
        self._waiting: OrderedDict[tuple[str, bool], deque[Reply]] = OrderedDict()
        self._in_flight: Counter[str] = Counter()
        self._long: Counter[str] = Counter()
        self._short = 0

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits and nobody has a turn."""
        return not (self.number_waiting or self._waiting or +self._in_flight or +self._long or self._short)

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
        line = self._waiting.setdefault(reply.line, deque())
        if first:
            line.appendleft(reply)
        else:
            line.append(reply)
        self.number_waiting += 1

    def forget(self, reply: Reply) -> bool:
        """Out of its line; whether it stood there."""
        line = self._waiting.get(reply.line)
        if line is None or reply not in line:
            return False
        line.remove(reply)
        self.number_waiting -= 1
        if not line:
            del self._waiting[reply.line]
        return True

    def all_waiting(self) -> list[Reply]:
        """Everything that waits."""
        return [reply for line in self._waiting.values() for reply in line]

    def go_round(self, give: Callable[[Reply], bool]) -> bool:
        """Offer a turn to the first of each line, one asker after the other; whether anyone took it."""
        found = False
        for name, line in list(self._waiting.items()):
            if give(line[0]):
                found = True
                line.popleft()
                self.number_waiting -= 1
                # To the end of the row: whoever asks much waits behind whoever asks little.
                del self._waiting[name]
                if line:
                    self._waiting[name] = line
        return found

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
