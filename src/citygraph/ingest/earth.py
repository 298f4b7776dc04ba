"""Where a point lies: how near to another, in which countries, and in which country everything around it lies."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final

from citygraph.matching.names import rows_of
from citygraph.matching.score import nearness

_NORTH, _EAST = 2.0, 4.0
_LEAST: Final = 2
# So small that all places around lie in another country.
_SMALL: Final = frozenset({"AD", "BH", "GI", "HK", "LI", "LU", "MC", "MO", "MT", "SG", "SM", "VA"})
_ROUND: Final = 360


def is_close(one: tuple[float, float] | None, other: tuple[float, float] | None) -> bool | None:
    """Whether two places are less than thirty kilometres apart; nothing when one is not known."""
    return nearness(one, other) > 0.0 if one and other else None


@cache
def _squares() -> dict[str, frozenset[tuple[int, int]]]:
    """The squares of one degree that touch the land of each country, by their south-western corners."""
    return {country: frozenset(_corners(rows)) for country, *rows in rows_of(__package__, "country_squares.txt")}


def _corners(rows: Iterable[str]) -> Iterator[tuple[int, int]]:
    for row in rows:
        north, _, columns = row.partition(":")
        for each in columns.split(","):
            first, _, last = each.partition("..")
            for east in range(int(first), int(last or first) + 1):
                yield int(north), east


@cache
def _countries() -> dict[tuple[int, int], frozenset[str]]:
    found: dict[tuple[int, int], set[str]] = defaultdict(set)
    for country, corners in _squares().items():
        for corner in corners:
            found[corner].add(country)
    return {corner: frozenset(each) for corner, each in found.items()}


def _corner(point: tuple[float, float]) -> tuple[int, int]:
    return math.floor(point[0]), math.floor(point[1])


def countries_at(point: tuple[float, float]) -> frozenset[str]:
    """The countries whose land touches the square of one degree in which a point lies.

    >>> sorted(countries_at((48.86, 2.35))), sorted(countries_at((59.91, 10.75))), sorted(countries_at((30.0, -40.0)))
    (['FR'], ['NO'], [])
    """
    return _countries().get(_corner(point), frozenset())


def lies_far(point: tuple[float, float] | None, country: str) -> bool:
    """Whether a point lies more than about a hundred kilometres from every part of a country; no when that is not known.

    >>> lies_far((59.91, 10.75), "NO"), lies_far((59.91, 10.75), "DE"), lies_far((28.1, -15.4), "ES"), lies_far(None, "NO")
    (False, True, False, False)
    """
    squares = _squares().get(country)
    if point is None or not squares:
        return False
    north, east = _corner(point)
    reach = min(math.ceil(1 / max(math.cos(math.radians(point[0])), 0.1)), 10)
    return not any(
        (row, (column + _ROUND // 2) % _ROUND - _ROUND // 2) in squares
        for row in range(north - 1, north + 2)
        for column in range(east - reach, east + reach + 1)
    )


class Neighbours:
    """The places that are known, by squares of the map of about 200 kilometres."""

    def __init__(self, places: Iterable[tuple[str, str, tuple[float, float] | None]]) -> None:
        """`places` are names as they are compared, two letters of the country, and latitude with longitude."""
        self._squares: dict[tuple[int, int], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for name, country, point in places:
            if point and country:
                self._squares[_square(point)][country].add(name)

    def lies_in(self, name: str, country: str, point: tuple[float, float] | None) -> str:
        """The country of all places around, when it is another one and no place around lies in this one; else empty."""
        if point is None or country in _SMALL:
            return ""
        around: dict[str, set[str]] = defaultdict(set)
        row, column = _square(point)
        for north in (-1, 0, 1):
            for east in (-1, 0, 1):
                for other, names in self._squares.get((row + north, column + east), {}).items():
                    around[other] |= names - {name}
        others = [other for other, names in around.items() if names]
        return others[0] if len(others) == 1 and others != [country] and len(around[others[0]]) >= _LEAST else ""


def _square(point: tuple[float, float]) -> tuple[int, int]:
    return int(point[0] // _NORTH), int(point[1] // _EAST)
