"""Sorted columns of numbers, and the relations made of them: one for each class and for each property.

A class is a column of members. A property is a column of pairs, two numbers packed into one; its indexes are
made when a join first asks for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Ids: TypeAlias = NDArray[np.uint32]
Pairs: TypeAlias = NDArray[np.uint64]
Column: TypeAlias = NDArray[Any]
Mask: TypeAlias = NDArray[np.bool_]
Places: TypeAlias = NDArray[np.int64]

EMPTY_IDS: Final[Ids] = np.empty(0, np.uint32)
EMPTY_PAIRS: Final[Pairs] = np.empty(0, np.uint64)

_HALF: Final = np.uint64(32)
_LOW: Final = np.uint64(0xFFFFFFFF)
_FEW: Final = 32
"""Up to this many new rows a column is cut and joined; more go through one sort."""


def pack(left: Ids, right: Ids) -> Pairs:
    """Two columns as one, `left` in the high half, so that sorting sorts by `left` first."""
    packed = left.astype(np.uint64)
    packed <<= _HALF
    packed |= right
    return packed


def high(pairs: Pairs) -> Ids:
    """The left column of packed pairs."""
    return (pairs >> _HALF).astype(np.uint32)


def low(pairs: Pairs) -> Ids:
    """The right column of packed pairs."""
    return pairs.astype(np.uint32)


def swap(pairs: Pairs) -> Pairs:
    """The pairs the other way round, not sorted."""
    return (pairs << _HALF) | (pairs >> _HALF)


def firsts(ordered: Column) -> Mask:
    """True where a sorted column starts a new value."""
    mask = np.empty(len(ordered), np.bool_)
    mask[:1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=mask[1:])
    return mask


def unique(column: Column) -> Column:
    """Sorted, each value once."""
    if len(column) <= 1:
        return column
    ordered = np.sort(column)
    mask = firsts(ordered)
    return ordered if mask.all() else ordered[mask]


def contains(ordered: Column, wanted: Column) -> Mask:
    """For each wanted value, whether the sorted column has it."""
    if len(ordered) == 0 or len(wanted) == 0:
        return np.zeros(len(wanted), np.bool_)
    places = np.searchsorted(ordered, wanted)
    places[places == len(ordered)] = 0
    found: Mask = ordered[places] == wanted
    return found


def minus(column: Column, ordered: Column) -> Column:
    """The values of `column` that the sorted column does not have."""
    if len(column) == 0 or len(ordered) == 0:
        return column
    mask = contains(ordered, column)
    if not mask.any():
        return column
    return column[~mask]


def merge(ordered: Column, new: Column) -> Column:
    """Two sorted columns without a common value as one sorted column."""
    if len(ordered) == 0:
        return new
    if len(new) == 0:
        return ordered
    if len(new) <= _FEW:
        cuts = np.searchsorted(ordered, new).tolist()
        parts: list[Column] = []
        start = 0
        for i, cut in enumerate(cuts):
            parts += (ordered[start:cut], new[i : i + 1])
            start = cut
        parts.append(ordered[start:])
        return np.concatenate(parts)
    joined = np.concatenate((ordered, new))
    joined.sort()
    return joined


def take_out(ordered: Column, gone: Column) -> Column:
    """A sorted column without the values of another sorted column, all of which it has."""
    if len(gone) <= _FEW:
        parts: list[Column] = []
        start = 0
        for cut in np.searchsorted(ordered, gone).tolist():
            parts.append(ordered[start:cut])
            start = cut + 1
        parts.append(ordered[start:])
        return np.concatenate(parts)
    mask = np.ones(len(ordered), np.bool_)
    mask[np.searchsorted(ordered, gone)] = False
    return ordered[mask]


def repeat_ranges(starts: Places, counts: Places, total: int) -> Places:
    """The places `starts[i], starts[i] + 1, …` of all ranges, one after another; `total` is the sum of counts."""
    ends = np.cumsum(counts)
    places = np.repeat(starts - ends + counts, counts)
    places += np.arange(total)
    return places


Key: TypeAlias = int
"""Names a relation: twice the number of its class or property, plus one for a property."""

_DENSE: Final = 8
"""A column that is probed at least once for every so many terms gets an index by term."""


def class_key(term: int) -> Key:
    """The relation of a class: its members."""
    return term << 1


def property_key(term: int) -> Key:
    """The relation of a property: its pairs."""
    return term << 1 | 1


def is_property(key: Key) -> bool:
    """Whether the relation has pairs."""
    return bool(key & 1)


def term_of(key: Key) -> int:
    """The class or property that a relation belongs to."""
    return key >> 1


@dataclass(frozen=True, slots=True)
class Columns:
    """Triples as three columns of term numbers, in the order of their source; repeats are allowed."""

    subjects: Ids
    predicates: Ids
    objects: Ids

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.subjects)


class Relation:
    """The members of a class, or the pairs of a property in both orders.

    Columns are replaced and never changed in place, so an old one stays a valid picture of its time.
    """

    __slots__ = ("_backward", "_from_left", "_from_right", "_members", "rows")

    def __init__(self, rows: Column) -> None:
        self.rows = rows
        self._backward: Pairs | None = None
        self._from_left: Places | None = None
        self._from_right: Places | None = None
        self._members: Mask | None = None

    def __len__(self) -> int:
        """How many members or pairs."""
        return len(self.rows)

    @property
    def backward(self) -> Pairs:
        """The pairs with the object first, sorted; made when first asked for and kept up to date."""
        if self._backward is None:
            self._backward = np.sort(swap(self.rows))
        return self._backward

    def copy(self) -> Relation:
        """The same relation to be changed on its own; columns and indexes are shared until then."""
        other = Relation(self.rows)
        other._backward, other._members = self._backward, self._members
        other._from_left, other._from_right = self._from_left, self._from_right
        return other

    def add(self, new: Column) -> None:
        """Put in sorted rows that are not there yet."""
        backward = self._backward
        self.replace(merge(self.rows, new))
        if backward is not None:
            self._backward = merge(backward, np.sort(swap(new)))

    def remove(self, gone: Column) -> None:
        """Take out sorted rows, all of which are there."""
        backward = self._backward
        self.replace(take_out(self.rows, gone))
        if backward is not None:
            self._backward = take_out(backward, np.sort(swap(gone)))

    def replace(self, rows: Column) -> None:
        """Take other rows; what was made of the old ones is dropped."""
        self.rows = rows
        self._backward = self._from_left = self._from_right = self._members = None

    def holds(self, wanted: Column, terms: int) -> Mask:
        """For each member or pair, whether it is there. `terms` is the number of terms there are."""
        if self.rows.dtype == np.uint32:
            if len(wanted) * _DENSE < terms:
                return contains(self.rows, wanted)
            if self._members is None or len(self._members) < terms:
                self._members = np.zeros(terms, np.bool_)
                self._members[self.rows] = True
            return self._members[wanted]
        if len(wanted) * _DENSE < terms:
            return contains(self.rows, wanted)
        # A probe in order runs through the column once; out of order every step leaves the cache.
        order = np.argsort(wanted)
        mask = np.empty(len(wanted), np.bool_)
        mask[order] = contains(self.rows, wanted[order])
        return mask

    def ranges(self, wanted: Ids, terms: int, *, by_object: bool) -> tuple[Pairs, Places, Places]:
        """Where the pairs that start (or, by object, end) with each wanted term lie.

        Returns the pairs in that order, the first place of each range and its length.
        """
        pairs = self.backward if by_object else self.rows
        if len(wanted) * _DENSE < terms:
            bounds = wanted.astype(np.uint64) << np.uint64(32)
            starts = np.searchsorted(pairs, bounds)
            ends = np.searchsorted(pairs, bounds | np.uint64(0xFFFFFFFF), side="right")
            return pairs, starts, ends - starts
        index = self._from_right if by_object else self._from_left
        if index is None or len(index) <= terms:
            index = np.zeros(terms + 1, np.int64)
            np.cumsum(np.bincount(high(pairs), minlength=terms), out=index[1:])
            if by_object:
                self._from_right = index
            else:
                self._from_left = index
        starts = index[wanted]
        return pairs, starts, index[wanted + 1] - starts

    def nbytes(self) -> int:
        """The memory of the columns, without indexes."""
        return self.rows.nbytes + (0 if self._backward is None else self._backward.nbytes)


def group(columns: Columns, type_term: int) -> dict[Key, Column]:
    """Triples by class and by property, each sorted and without repeats."""
    typed = columns.predicates == type_term
    found: dict[Key, Column] = {}
    members = unique(pack(columns.objects[typed], columns.subjects[typed]))
    for class_term, part in _runs(high(members), low(members)):
        found[class_key(class_term)] = part
    plain = ~typed
    predicates = columns.predicates[plain]
    pairs = pack(columns.subjects[plain], columns.objects[plain])
    names, codes = _codes(predicates)
    order = np.argsort(codes, kind="stable")
    for code, part in _runs(codes[order], pairs[order]):
        found[property_key(int(names[code]))] = unique(part)
    return found


def _codes(predicates: Ids) -> tuple[Ids, Column]:
    """The predicates that occur, and for each row which one: small numbers sort faster."""
    if len(predicates) == 0:
        return EMPTY_IDS, np.empty(0, np.uint16)
    present = np.zeros(int(predicates.max()) + 1, np.bool_)
    present[predicates] = True
    names = np.flatnonzero(present).astype(np.uint32)
    kind = np.uint16 if len(names) < 1 << 16 else np.uint32
    place = np.zeros(len(present), kind)
    place[names] = np.arange(len(names), dtype=kind)
    return names, place[predicates]


def _runs(ordered: Column, rows: Column) -> Iterator[tuple[int, Column]]:
    """The rows of each value of a sorted column."""
    starts: list[int] = np.flatnonzero(firsts(ordered)).tolist()
    ends = [*starts[1:], len(rows)][: len(starts)]
    for start, end in zip(starts, ends, strict=True):
        yield int(ordered[start]), rows[start:end]


def empty_rows(key: Key) -> Column:
    """No rows, of the right kind."""
    return EMPTY_PAIRS if is_property(key) else EMPTY_IDS
