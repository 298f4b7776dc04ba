"""Everything that is reached along a transitive property, found once, where joins would find it many times over.

Things that reach each other are one; what each of these reaches is a row of bits. Memory is that of the answer and of
one bit for each two of them.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from citygraph.reason.columnar.plan import components
from citygraph.reason.columnar.relations import Column, Pairs, Places, high, low, pack, unique

_MOST_KNOTS: Final = 30_000
"""For more things, none of which reach each other, the bits take more memory than joins in pieces."""
_MOST_PAIRS: Final = 4_000_000
"""More pairs than this are not looked at one by one."""


class TooManyReachedError(Exception):
    """The pairs would be more than the budget; `rows` is how many."""

    def __init__(self, rows: int) -> None:
        super().__init__(rows)
        self.rows = rows


def reached(pairs: Pairs, most: int) -> Pairs | None:
    """The transitive closure of sorted pairs, sorted; None when joins are the better way.

    Raises:
        TooManyReachedError: it would have more than `most` pairs; found out before they are made.
    """
    if len(pairs) > _MOST_PAIRS:
        return None
    names = unique(np.concatenate((high(pairs), low(pairs))))
    left, right = np.searchsorted(names, high(pairs)), np.searchsorted(names, low(pairs))
    knots = _knots(left, right, len(names))
    sizes = np.bincount(knots)
    if len(sizes) > _MOST_KNOTS:
        return None
    bits = _bits(knots[left], knots[right], len(sizes))
    order = np.argsort(knots, kind="stable")
    bounds = np.concatenate(([0], np.cumsum(sizes)))
    counts = np.array([int(sizes[_of(row, len(sizes))].sum()) for row in bits], np.int64)
    total = int((counts * sizes).sum())
    if total > most:
        raise TooManyReachedError(total)
    found = np.empty(total, np.uint64)
    places = np.concatenate(([0], np.cumsum(counts[knots])))
    for knot, row in enumerate(bits):
        ends = names[_of(row, len(sizes))[knots]]
        for thing in order[bounds[knot] : bounds[knot + 1]].tolist():
            found[places[thing] : places[thing + 1]] = pack(np.full(len(ends), names[thing], np.uint32), ends)
    return found


def _knots(left: Places, right: Places, size: int) -> Places:
    """For each thing the number of those that reach each other; none reaches one of a higher number."""
    edges: dict[int, set[int]] = {}
    for one, other in zip(left.tolist(), right.tolist(), strict=True):
        edges.setdefault(one, set()).add(other)
    knots = np.empty(size, np.int64)
    for number, members in enumerate(components(edges, range(size))):
        knots[list(members)] = number
    return knots


def _bits(left: Places, right: Places, size: int) -> NDArray[np.uint8]:
    """For each knot a row of bits: the knots that are reached from it."""
    bits = np.zeros((size, (size + 7) // 8), np.uint8)
    edges = unique(pack(left.astype(np.uint32), right.astype(np.uint32)))
    starts = np.searchsorted(edges, np.arange(size + 1, dtype=np.uint64) << np.uint64(32))
    ends: Column = low(edges).astype(np.int64)
    for knot in range(size):
        # Of what is reached from a knot, only the knot itself is not done yet.
        nearest = ends[starts[knot] : starts[knot + 1]]
        if len(nearest):
            np.bitwise_or.reduce(bits[nearest], axis=0, out=bits[knot])
            np.bitwise_or.at(bits[knot], nearest >> 3, (1 << (nearest & 7)).astype(np.uint8))
    return bits


def _of(row: NDArray[np.uint8], size: int) -> NDArray[np.bool_]:
    return np.unpackbits(row, count=size, bitorder="little").astype(np.bool_)
