"""Whether the places around a city on the map lie in its country: the one sign of a wrong country for a town named once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

__all__ = ["Neighbours"]

_NORTH, _EAST = 2.0, 4.0
_LEAST: Final = 2
# So small that all places around lie in another country.
_SMALL: Final = frozenset({"AD", "BH", "GI", "HK", "LI", "LU", "MC", "MO", "MT", "SG", "SM", "VA"})


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
