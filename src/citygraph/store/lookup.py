"""The fast path: a query of a few patterns is answered here, without a worker, while it reads little and its answer is short.

Any pattern of a triple is a range of a sorted index, so that every entry read is one that is given; the entries are
counted, and a query that would read more is left to a worker. Only texts that are known as a whole come this far,
and the engine gets their terms, never the text: nothing of a stranger is planned or recursed into in this process.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, cast

from citygraph.errors import SnapshotError
from citygraph.results import JSON_END, json_head, write_truth
from citygraph.store.lookup_index import DiskIndex, Index, MemoryIndex
from citygraph.store.lookup_text import Lookup, Part, Pattern, read_lookup
from citygraph.store.process import Version
from citygraph.store.protocol import WORTH_GZIP, Bounds, Head
from citygraph.store.snapshot import is_small, open_on_disk

__all__ = ["Lookups"]

_MOST_ROWS: Final = 300
_MOST_BYTES: Final = 30_000
_MOST_READ: Final = {MemoryIndex: 2_000, DiskIndex: 100}
"""Ranges and entries that several patterns may read; one pattern reads what it gives."""
_Solution = tuple[Any, ...]
_Pick = Callable[[tuple[Any, Any, Any]], _Solution]
# For the positions at which a pattern names something new, what takes it out of a statement.
_PICKS: Final[dict[tuple[int, ...], _Pick]] = {
    (): itemgetter(slice(0)),
    **{(place,): itemgetter(slice(place, place + 1)) for place in range(3)},
    **{places: itemgetter(*places) for places in ((0, 1), (0, 2), (1, 2), (0, 1, 2))},
}
_OBJECT_ALONE: Final = _PICKS[2,]
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
        solutions, places = self._solutions(lookup)
        if not lookup.columns:
            return write_truth(value=next(iter(solutions), None) is not None and lookup.limit != 0, format="json")
        limit = lookup.limit
        head, starts = _frame(lookup.columns)
        cells = [
            (start, places[place]) for start, place in zip(starts, lookup.places, strict=True) if place is not None
        ]
        written, rows, size = self._index.written, [], 0
        seen: set[str] = set()
        for solution in solutions if limit != 0 else ():
            row = ",".join([start + written(solution[place]) for start, place in cells])
            if lookup.is_distinct:
                if row in seen:
                    continue
                seen.add(row)
            size += len(row)
            rows.append(row)
            if len(rows) > _MOST_ROWS or size > _MOST_BYTES:
                return None
            if len(rows) == limit:
                break
        lines = "\n{" + "},\n{".join(rows) + "}" if rows else ""
        return f"{head}{lines}{JSON_END}".encode()

    def _solutions(self, lookup: Lookup) -> tuple[Iterable[_Solution], dict[int, int]]:
        """A term for each variable, in the form of the index, as often as the patterns fit; where each stands.

        Raises:
            ValueError: a name is no valid IRI.
            OSError: the index cannot be read.
            _TooMuch: more would have to be read than is read here.
        """
        places: dict[int, int] = {}
        solutions: Iterable[_Solution] = ((),)
        left = [self._most_read if len(lookup.patterns) > 1 else _MOST_ROWS + 2]
        for pattern in _in_order(lookup.patterns):
            solutions = self._extended(solutions, pattern, places, left)
        return solutions, places

    def _extended(
        self, solutions: Iterable[_Solution], pattern: Pattern, places: dict[int, int], left: list[int]
    ) -> Iterable[_Solution]:
        """Each solution with what the pattern adds to it; `places` learns where that stands."""
        known, added = [], []
        for position, part in enumerate(pattern):
            # A term that is given stands for itself, and one that was found for its place in the solution.
            if type(part) is not int:
                known.append((self._index.term(part), -1))
            elif part in places:
                known.append((None, places[part]))
            else:
                known.append((None, -1))
                added.append(position)
        for position in added:
            places[cast("int", pattern[position])] = len(places)
        return _joined(self._index, solutions, known, _PICKS[tuple(added)], left)


def _joined(
    index: Index, solutions: Iterable[_Solution], known: Sequence[tuple[Any, int]], pick: _Pick, left: list[int]
) -> Iterator[_Solution]:
    """What `Lookups._extended` says; ranges and entries are taken from what is `left`."""
    match = index.match
    (subject, subject_at), (predicate, predicate_at), (object_, object_at) = known
    if pick is _OBJECT_ALONE:
        for solution in solutions:
            left[0] -= 1
            for each in index.objects(
                subject if subject_at < 0 else solution[subject_at],
                predicate if predicate_at < 0 else solution[predicate_at],
            ):
                left[0] -= 1
                if left[0] < 0:
                    raise _TooMuch
                yield (*solution, each)
        return
    for solution in solutions:
        left[0] -= 1
        for statement in match(
            subject if subject_at < 0 else solution[subject_at],
            predicate if predicate_at < 0 else solution[predicate_at],
            object_ if object_at < 0 else solution[object_at],
        ):
            left[0] -= 1
            if left[0] < 0:
                raise _TooMuch
            yield solution + pick(statement)


def _in_order(patterns: Sequence[Pattern]) -> Sequence[Pattern]:
    """The patterns so that each finds as much as possible known: its subject first, then its object."""
    if len(patterns) == 1:
        return patterns
    rest, known, ordered = list(patterns), set[Part](), list[Pattern]()
    while rest:
        best = rest[0]
        if len(rest) > 1:
            best = max(rest, key=lambda pattern: _known_of(pattern, known))
        rest.remove(best)
        ordered.append(best)
        known.update(best)
    return ordered


def _known_of(pattern: Pattern, known: set[Part]) -> int:
    """How much of a pattern is given or has been found; a subject leads to fewer statements than an object."""
    subject, predicate, object_ = pattern
    return (
        (4 if type(subject) is not int or subject in known else 0)
        + (1 if type(predicate) is not int or predicate in known else 0)
        + (3 if type(object_) is not int or object_ in known else 0)
    )


@lru_cache(maxsize=256)
def _frame(columns: tuple[str, ...]) -> tuple[str, list[str]]:
    """What stands before the rows, and before the value of each column."""
    return json_head(columns), [f'"{column}":' for column in columns]
