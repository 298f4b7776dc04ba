"""Answers that were given before: the least recently used go when the bytes run out, all when the graph changes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import NamedTuple

__all__ = ["Cache", "Kept"]

_OVERHEAD = 1_000
_LARGEST_SHARE = 8


class Kept(NamedTuple):
    """A whole answer, ready to be sent."""

    headers: list[tuple[bytes, bytes]]
    body: bytes
    etag: str
    wire: bytes = b""
    """Status line and headers as they go over the wire, all but the date and the empty line."""


class Cache:
    """Whole answers by what was asked, within a number of bytes."""

    def __init__(self, most_bytes: int) -> None:
        """An empty cache."""
        self._most = most_bytes
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self._sizes: dict[Hashable, int] = {}
        self.size = 0

    def get(self, key: Hashable) -> Kept | None:
        """The answer to the same question, if it is still here."""
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
        return kept

    def put(self, key: Hashable, kept: Kept, *, size: int) -> None:
        """Keep an answer; `size` is the length of its key."""
        total = len(kept.body) + size + _OVERHEAD
        if total > self._most // _LARGEST_SHARE or key in self._kept:
            return
        self._kept[key] = kept
        self._sizes[key] = total
        self.size += total
        while self.size > self._most:
            oldest, _ = self._kept.popitem(last=False)
            self.size -= self._sizes.pop(oldest)

    def clear(self) -> None:
        """Forget everything: another version of the graph is in use."""
        self._kept.clear()
        self._sizes.clear()
        self.size = 0
