"""Sorted integer columns: the few operations on them that the columnar engine is made of."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "EMPTY_IDS",
    "EMPTY_PAIRS",
    "Column",
    "Ids",
    "Mask",
    "Pairs",
    "Places",
    "contains",
    "firsts",
    "high",
    "low",
    "merge",
    "minus",
    "pack",
    "repeat_ranges",
    "swap",
    "take_out",
    "unique",
]

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
