"""The fast path: a query of a few patterns is answered here, without a worker, while it reads little and its answer is short.

Any pattern of a triple is a range of a sorted index, so that every entry read is one that is given; the entries are
counted, and a query that would read more is left to a worker. Only texts that are known as a whole come this far,
and the engine gets their terms, never the text: nothing of a stranger is planned or recursed into in this process.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from citygraph.errors import SnapshotError
from citygraph.store.asking import WORTH_GZIP, Bounds, Head
from citygraph.store.lookup_index import DiskIndex, Index, MemoryIndex
from citygraph.store.lookup_text import Lookup, Pattern, read_lookup
from citygraph.store.opening import is_small, open_on_disk
from citygraph.store.process import Version
from citygraph.store.rows import JSON_END, json_head, write_truth

__all__ = ["Lookups"]

_MOST_ROWS: Final = 300
_MOST_BYTES: Final = 30_000
_MOST_READ: Final = {MemoryIndex: 2_000, DiskIndex: 100}
"""Ranges and entries that several patterns may read; one pattern reads what it gives."""
_JSON: Final = Head("json")
_PACKED: Final = Head("json", "gzip")


class _TooMuch(Exception):  # noqa: N818  # a signal out of a generator
    """More would be read than is read here."""


class Lookups:
    """One version, opened in this process for the queries whose cost is bounded beforehand."""

    def __init__(self, version: Version, bounds: Bounds) -> None:
        """Open the version.

        Raises:
            SnapshotError: it cannot be opened.
        """
        self.version = version
        self._prefixes = dict(bounds.prefixes)
        # Where less is allowed than what is short here, a worker counts.
        self._is_allowed = bounds.rows >= _MOST_ROWS and bounds.bytes >= _MOST_BYTES
        self._longest = bounds.query_size
        folder = Path(version.folder)
        try:
            store = open_on_disk(folder)
        except OSError as error:
            raise SnapshotError("The snapshot cannot be opened.", fix="Run: citygraph build") from error
        self._index: Index = MemoryIndex(store) if is_small(folder, bounds.in_memory) else DiskIndex(store)
        self._most_read = _MOST_READ[type(self._index)]

    def answer(self, text: str, *, gzip: bool = False) -> tuple[Head, bytes] | None:
        """The whole answer in JSON; `None` leaves the query to a worker."""
        if not self._is_allowed or len(text) > self._longest:
            return None
        lookup = read_lookup(text, self._prefixes)
        if lookup is None:
            return None
        try:
            body = self._read(lookup)
        except (ValueError, OSError, _TooMuch):
            # What is no IRI, or cannot be read, a worker finds too, and says so or sees to it.
            return None
        if body is not None and gzip and len(body) >= WORTH_GZIP:
            return _PACKED, zlib.compress(body, 1, wbits=31)
        return None if body is None else (_JSON, body)

    def _read(self, lookup: Lookup) -> bytes | None:
        solutions = self._solutions(lookup)
        if not lookup.columns:
            return write_truth(value=next(solutions, None) is not None and lookup.limit != 0, format="json")
        most = _MOST_ROWS if lookup.limit is None else lookup.limit
        head, starts = _frame(lookup.columns)
        cells = [(start, place) for start, place in zip(starts, lookup.places, strict=True) if place is not None]
        written, rows, size = self._index.written, [], 0
        seen: set[str] = set()
        for solution in solutions if most else ():
            row = ",".join([start + written(solution[place]) for start, place in cells])
            if lookup.is_distinct:
                if row in seen:
                    continue
                seen.add(row)
            size += len(row)
            rows.append(f"\n{{{row}}}")
            if len(rows) > _MOST_ROWS or size > _MOST_BYTES:
                return None
            if len(rows) == lookup.limit:
                break
        return f"{head}{','.join(rows)}{JSON_END}".encode()

    def _solutions(self, lookup: Lookup) -> Iterator[Sequence[Any]]:
        """A term for each variable, in the form of the index, as often as the patterns fit.

        Raises:
            ValueError: a name is no valid IRI.
            OSError: the index cannot be read.
            _TooMuch: more would have to be read than is read here.
        """
        term = self._index.term
        patterns: list[Any] = [
            tuple(part if type(part) is int else term(part) for part in each) for each in lookup.patterns
        ]
        found: Iterable[list[Any]] = ([None] * len(lookup.variables),)
        left = [self._most_read if len(patterns) > 1 else _MOST_ROWS + 2]
        for pattern in _in_order(patterns):
            found = self._extend(found, pattern, left)
        return iter(found)

    def _extend(self, solutions: Iterable[list[Any]], pattern: Any, left: list[int]) -> Iterator[list[Any]]:  # noqa: ANN401  # terms of the index
        """Each solution with what the pattern adds to it; entries and ranges are taken from what is `left`."""
        match = self._index.match
        subject, predicate, object_ = pattern
        places = [(place, part) for place, part in enumerate(pattern) if type(part) is int]
        for solution in solutions:
            left[0] -= 1
            for statement in match(
                solution[subject] if type(subject) is int else subject,
                solution[predicate] if type(predicate) is int else predicate,
                solution[object_] if type(object_) is int else object_,
            ):
                left[0] -= 1
                if left[0] < 0:
                    raise _TooMuch
                extended = solution.copy()
                for place, variable in places:
                    extended[variable] = statement[place]
                yield extended


def _in_order(patterns: list[Pattern]) -> list[Pattern]:
    """The patterns so that each finds as much as possible known: its subject first, then its object."""
    if len(patterns) == 1:
        return patterns
    rest, known, ordered = list(patterns), set[int](), list[Pattern]()
    while rest:
        best = max(rest, key=lambda pattern: _known_of(pattern, known))
        rest.remove(best)
        ordered.append(best)
        known.update(part for part in best if type(part) is int)
    return ordered


def _known_of(pattern: Pattern, known: set[int]) -> int:
    weights = zip(pattern, (4, 1, 3), strict=True)
    return sum(weight for part, weight in weights if type(part) is not int or part in known)


@lru_cache(maxsize=256)
def _frame(columns: tuple[str, ...]) -> tuple[str, list[str]]:
    """What stands before the rows, and before the value of each column."""
    return json_head(columns), [f'"{column}":' for column in columns]
