"""A map without a tile server: outlines of the land as one SVG path, places as points with names."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from citygraph.web.assets import basemap

__all__ = ["Map", "Place", "draw_map", "is_on_earth"]

_WIDTH: Final = 800
_LOW, _HIGH = 380, 640
_LEAST_SPAN: Final = 7.0
_MARGIN: Final = 0.22
_FURTHEST: Final = 82.0
_LETTER, _LINE = 8.2, 18.0
_DOT: Final = 6.0
_NEAR: Final = 50


@dataclass(frozen=True, slots=True)
class Place:
    """A named point on the earth."""

    label: str
    latitude: float
    longitude: float
    href: str = ""


@dataclass(frozen=True, slots=True)
class Dot:
    """A place on the drawing; its name stands at (`text_x`, `text_y`), or nowhere when there is no room."""

    x: float
    y: float
    label: str
    href: str
    text_x: float = 0.0
    text_y: float = 0.0
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Map:
    """A drawing `width` by `height`, the land behind the dots."""

    width: int
    height: int
    land: str
    dots: tuple[Dot, ...]


def draw_map(places: Sequence[Place]) -> Map:
    """The places on a map that is just large enough for them."""
    west, east, south, north = _frame(places)
    scale = _WIDTH / (east - west)
    height = round((north - south) * scale)
    land = _land(round(west, 3), round(north, 3), scale, height)
    points = [((math.radians(p.longitude) - west) * scale, (north - _mercator(p.latitude)) * scale) for p in places]
    return Map(_WIDTH, height, land, _named(places, points, height))


def is_on_earth(latitude: float, longitude: float) -> bool:
    """Whether two numbers are a latitude and a longitude in degrees."""
    return abs(latitude) <= 90 and abs(longitude) <= 180  # noqa: PLR2004


def _mercator(latitude: float) -> float:
    bounded = max(-_FURTHEST, min(_FURTHEST, latitude))
    return math.asinh(math.tan(math.radians(bounded)))


def _frame(places: Sequence[Place]) -> tuple[float, float, float, float]:
    """West, east, south and north in projected units: all places, some land around, a shape that fits a page."""
    xs = [math.radians(place.longitude) for place in places]
    ys = [_mercator(place.latitude) for place in places]
    middle_x, middle_y = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    stretch = 1 / max(math.cos(math.radians(sum(p.latitude for p in places) / len(places))), 0.15)
    least = math.radians(_LEAST_SPAN) * stretch
    width = max(max(xs) - min(xs), least) * (1 + 2 * _MARGIN)
    height = max(max(ys) - min(ys), least * 0.6) * (1 + 2 * _MARGIN)
    if height / width < _LOW / _WIDTH:
        height = width * _LOW / _WIDTH
    if height / width > _HIGH / _WIDTH:
        width = height * _WIDTH / _HIGH
    return (middle_x - width / 2, middle_x + width / 2, middle_y - height / 2, middle_y + height / 2)


@lru_cache(maxsize=64)
def _land(west: float, north: float, scale: float, height: int) -> str:
    """The outlines in view as path data; steps below a pixel are left out."""
    parts: list[str] = []
    for ring in basemap():
        path: list[str] = []
        last = (math.inf, math.inf)
        inside = False
        for longitude, latitude in ring:
            x = (math.radians(longitude) - west) * scale
            y = (north - _mercator(latitude)) * scale
            inside = inside or (-_NEAR <= x <= _WIDTH + _NEAR and -_NEAR <= y <= height + _NEAR)
            x, y = max(-2000.0, min(_WIDTH + 2000.0, x)), max(-2000.0, min(height + 2000.0, y))
            if abs(x - last[0]) + abs(y - last[1]) >= 1.5:  # noqa: PLR2004
                path.append(f"{x:.0f} {y:.0f}")
                last = (x, y)
        box = _covers(ring, west, north, scale, height) if not inside else True
        if box and len(path) > 2:  # noqa: PLR2004
            parts.append("M" + "L".join(path) + "Z")
    return "".join(parts)


def _covers(ring: Sequence[tuple[float, float]], west: float, north: float, scale: float, height: int) -> bool:
    """Whether a ring without a corner in view may still surround it."""
    xs = [(math.radians(longitude) - west) * scale for longitude, _ in ring]
    ys = [(north - _mercator(latitude)) * scale for _, latitude in ring]
    return min(xs) < _WIDTH and max(xs) > 0 and min(ys) < height and max(ys) > 0


def _named(places: Sequence[Place], points: Sequence[tuple[float, float]], height: int) -> tuple[Dot, ...]:
    """Each place with its name beside it, on the first side where it covers no other name."""
    taken = [(x - _DOT, y - _DOT, x + _DOT, y + _DOT) for x, y in points]
    dots = []
    for place, (x, y) in zip(places, points, strict=True):
        width = len(place.label) * _LETTER
        chosen = Dot(round(x, 1), round(y, 1), place.label, place.href)
        for dx, dy, anchor in ((12, 5, "start"), (-12, 5, "end"), (0, -13, "middle"), (0, 25, "middle")):
            left = x + dx - {"start": 0.0, "end": width, "middle": width / 2}[anchor]
            box = (left, y + dy - _LINE + 4, left + width, y + dy + 4)
            free = box[0] >= 0 and box[2] <= _WIDTH and box[1] >= 0 and box[3] <= height
            if free and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                chosen = Dot(chosen.x, chosen.y, place.label, place.href, round(x + dx, 1), round(y + dy, 1), anchor)
                break
        dots.append(chosen)
    return tuple(dots)


def _overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
