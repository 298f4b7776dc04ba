"""Drawings in numbers: places on a map without tiles, a network in rings, periods and figures on an axis of years.

They are drawn on the server, in the colours of the page, and need no script.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from citygraph.rdf import Literal, Term
from citygraph.web.pages.urls import basemap

_WIDTH: Final = 800
_LOW, _HIGH = 380, 640
_LEAST_SPAN: Final = 7.0
_MARGIN: Final = 0.22
_FURTHEST: Final = 82.0
_LETTER, _LINE = 8.2, 18.0
_DOT: Final = 6.0
_APART: Final = 12.0
"""Dots whose middles are nearer than this are drawn as one."""
_MOST_NAMES: Final = 8
_MOST_NAMED: Final = 300
_NEAR: Final = 50
_RING: Final = 120.0
_GAP: Final = 21.0
_LETTER_WIDTH: Final = 8.4
_ROW_WIDTH: Final = 1000.0
_SPACE: Final = 30.0
_LONGEST: Final = 34
_FLAT: Final = 14
_DATE: Final = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?\Z")
_MOST_TICKS: Final = 7


# -- a map -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MapPlace:
    """A named point on the earth."""

    label: str
    latitude: float
    longitude: float
    href: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True)
class MapDot:
    """One place on the drawing, or `count` that lie on each other at this size, with their `names`.

    Its label stands at (`text_x`, `text_y`), or nowhere when there is no room.
    """

    x: float
    y: float
    label: str
    href: str
    count: int = 1
    names: str = ""
    radius: float = 6.5
    mark: str = ""
    text_x: float = 0.0
    text_y: float = 0.0
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class MapDrawing:
    """A drawing `width` by `height`, the land behind the dots."""

    width: int
    height: int
    land: str
    dots: tuple[MapDot, ...]


def draw_map(places: Sequence[MapPlace]) -> MapDrawing:
    """The places on a map that is just large enough for them."""
    west, east, south, north = _frame(places)
    scale = _WIDTH / (east - west)
    height = round((north - south) * scale)
    land = _land(round(west, 3), round(north, 3), scale, height)
    points = [((math.radians(p.longitude) - west) * scale, (north - _mercator(p.latitude)) * scale) for p in places]
    return MapDrawing(_WIDTH, height, land, _named(_together(places, points), height))


def is_on_earth(latitude: float, longitude: float) -> bool:
    """Whether two numbers are a latitude and a longitude in degrees."""
    return abs(latitude) <= 90 and abs(longitude) <= 180  # noqa: PLR2004


def _mercator(latitude: float) -> float:
    bounded = max(-_FURTHEST, min(_FURTHEST, latitude))
    return math.asinh(math.tan(math.radians(bounded)))


def _frame(places: Sequence[MapPlace]) -> tuple[float, float, float, float]:
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


def _together(places: Sequence[MapPlace], points: Sequence[tuple[float, float]]) -> list[MapDot]:
    """A dot for each place; those whose dots would cover the one of a place before them are one dot with it."""
    groups: dict[int, list[int]] = {}
    first_of: dict[tuple[int, int], list[int]] = {}
    for number, (x, y) in enumerate(points):
        column, row = int(x // _APART), int(y // _APART)
        around = ((column + dx, row + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1))
        near = (one for cell in around for one in first_of.get(cell, ()) if math.dist(points[one], (x, y)) < _APART)
        first = min(near, key=lambda one: math.dist(points[one], (x, y)), default=None)
        if first is None:
            first_of.setdefault((column, row), []).append(number)
            groups[number] = [number]
        else:
            groups[first].append(number)
    return [_dot([places[each] for each in group], points[group[0]]) for group in groups.values()]


def _dot(places: Sequence[MapPlace], point: tuple[float, float]) -> MapDot:
    first, count = places[0], len(places)
    names = ", ".join(each.label for each in places[:_MOST_NAMES]) + (" …" if count > _MOST_NAMES else "")
    # A dot grows with what it stands for, by its area.
    radius = 6.5 if count == 1 else min(9 + math.sqrt(count), 20.0)
    label = first.label if count == 1 else f"{first.label} +{count - 1}"
    marks = {each.mark for each in places}
    mark = marks.pop() if len(marks) == 1 else ""
    href = first.href if count == 1 else ""
    return MapDot(round(point[0], 1), round(point[1], 1), label, href, count, names, round(radius, 1), mark)


def _named(dots: Sequence[MapDot], height: int) -> tuple[MapDot, ...]:
    """Each dot with its name beside it, on the first side where it covers no other name; the first ones are named."""
    taken = [(each.x - each.radius, each.y - each.radius, each.x + each.radius, each.y + each.radius) for each in dots]
    named = []
    for dot in dots[:_MOST_NAMED]:
        x, y, away = dot.x, dot.y, dot.radius + _DOT
        width = len(dot.label) * _LETTER
        chosen = dot
        for dx, dy, anchor in ((away, 5, "start"), (-away, 5, "end"), (0, -away, "middle"), (0, away + 13, "middle")):
            left = x + dx - {"start": 0.0, "end": width, "middle": width / 2}[anchor]
            box = (left, y + dy - _LINE + 4, left + width, y + dy + 4)
            free = box[0] >= 0 and box[2] <= _WIDTH and box[1] >= 0 and box[3] <= height
            if free and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                chosen = replace(dot, text_x=round(x + dx, 1), text_y=round(y + dy, 1), anchor=anchor)
                break
        named.append(chosen)
    return (*named, *dots[_MOST_NAMED:])


def _overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


# -- a network -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NetworkNode:
    """One member: where it is, how its name is turned, and how large its dot is."""

    x: float
    y: float
    label: str
    href: str
    angle: float
    anchor: str
    shift: float
    radius: float
    drop: float


@dataclass(frozen=True, slots=True)
class NetworkDrawing:
    """Nodes and the lines between them, in a drawing `width` by `height`."""

    width: int
    height: int
    nodes: tuple[NetworkNode, ...]
    lines: tuple[tuple[float, float, float, float], ...]


def draw_network(ties: Sequence[tuple[str, str]], names: Mapping[str, tuple[str, str]]) -> NetworkDrawing:
    """Each connected part as a disc, the discs in rows; `names` gives label and address of each node."""
    neighbours: dict[str, list[str]] = defaultdict(list)
    for one, other in ties:
        neighbours[one].append(other)
        neighbours[other].append(one)
    discs = sorted((_disc(part, neighbours, names) for part in _parts(neighbours)), key=lambda disc: -disc.width)
    placed: dict[str, NetworkNode] = {}
    x = y = row = widest = 0.0
    for disc in discs:
        if x and x + disc.width > max(_ROW_WIDTH, discs[0].width):
            x, y, row = 0.0, y + row + _SPACE, 0.0
        placed |= disc.moved(x, y)
        x, row = x + disc.width + _SPACE, max(row, disc.height)
        widest = max(widest, x - _SPACE)
    lines = tuple((placed[a].x, placed[a].y, placed[b].x, placed[b].y) for a, b in ties)
    return NetworkDrawing(round(widest), round(y + row), tuple(placed.values()), lines)


@dataclass(frozen=True, slots=True)
class _Disc:
    """One connected part, its corner at (0, 0)."""

    width: float
    height: float
    nodes: Mapping[str, NetworkNode]

    def at_corner(self, x: float, y: float) -> _Disc:
        """The same disc with everything moved by (x, y)."""
        return replace(self, nodes=self.moved(x, y))

    def moved(self, x: float, y: float) -> dict[str, NetworkNode]:
        """The nodes with the corner at (x, y)."""
        return {
            iri: replace(node, x=round(node.x + x, 1), y=round(node.y + y, 1)) for iri, node in self.nodes.items()
        }  # fmt: skip


def _parts(neighbours: Mapping[str, Sequence[str]]) -> list[list[str]]:
    seen: set[str] = set()
    parts = []
    for start in neighbours:
        if start in seen:
            continue
        part, queue = [], [start]
        seen.add(start)
        while queue:
            node = queue.pop(0)
            part.append(node)
            for other in neighbours[node]:
                if other not in seen:
                    seen.add(other)
                    queue.append(other)
        parts.append(part)
    return parts


def _disc(part: Sequence[str], neighbours: Mapping[str, Sequence[str]], names: Mapping[str, tuple[str, str]]) -> _Disc:
    """A tree of shortest ways from the best-connected node; every leaf gets the same slice of the circle."""
    root = max(part, key=lambda node: (len(set(neighbours[node])), names[node][0]))
    children: dict[str, list[str]] = {root: []}
    depth = {root: 0}
    order = [root]
    for node in order:
        for other in sorted(set(neighbours[node]), key=lambda each: names[each][0]):
            if other not in depth:
                depth[other] = depth[node] + 1
                children[node].append(other)
                children[other] = []
                order.append(other)
    leaves: dict[str, int] = {}
    for node in reversed(order):
        leaves[node] = max(1, sum(leaves[child] for child in children[node]))
    deepest = max(depth.values())
    ring = max(_RING, leaves[root] * _GAP / (2 * math.pi * max(deepest, 1)))
    turned = leaves[root] > _FLAT
    # A turned name lies on the line that leads on from its node: the next ring begins where the names end.
    reach = [0.0]
    for level in range(deepest):
        lengths = [min(len(names[n][0]), _LONGEST) for n in order if depth[n] == level and children[n] and level]
        reach.append(reach[-1] + max(ring, max(lengths, default=0) * _LETTER_WIDTH + 40 if turned else 0.0))
    places = {root: (0.0, 0.0)}
    # A little off the axis, so that a few names beside each other do not cover one another.
    slices = {root: (-0.35, 2 * math.pi - 0.35)}
    for node in order:
        start, stop = slices[node]
        whole = stop - start
        for child in children[node]:
            part_of = whole * leaves[child] / leaves[node]
            slices[child] = (start, start + part_of)
            places[child] = (start + part_of / 2, reach[depth[child]])
            start += part_of
    nodes = {
        node: _node(angle, distance, names[node], len(set(neighbours[node])), turned=turned)
        for node, (angle, distance) in places.items()
    }
    boxes = [_box(node) for node in nodes.values()]
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[2] for box in boxes), max(box[3] for box in boxes)
    return _Disc(right - left, bottom - top, nodes).at_corner(-left, -top)


def _node(angle: float, distance: float, name: tuple[str, str], degree: int, *, turned: bool) -> NetworkNode:
    """A node around the point (0, 0); its name points away from the middle, or lies flat when there is room."""
    label, href = name
    short = label if len(label) <= _LONGEST else label[: _LONGEST - 1] + "…"
    radius = min(5 + degree * 0.4, 14)
    degrees = math.degrees(angle) % 360
    flipped = 90 < degrees < 270  # noqa: PLR2004
    turn, anchor, shift = 0.0, "middle", 0.0
    if distance and (turned or abs(math.cos(angle)) > 0.35):  # noqa: PLR2004
        turn = (degrees - 180 if flipped else degrees) if turned else 0.0
        anchor, shift = ("end", -(radius + 6)) if flipped else ("start", radius + 6)
    x, y = distance * math.cos(angle), distance * math.sin(angle)
    below = distance > 0 and math.sin(angle) > 0
    return NetworkNode(
        round(x, 1), round(y, 1), short, href, round(turn, 1), anchor, shift, radius, 19.0 if below else -9.0
    )


def _box(node: NetworkNode) -> tuple[float, float, float, float]:
    """What a node and its name cover: left, top, right, bottom."""
    length = len(node.label) * _LETTER_WIDTH
    start = {"start": node.shift, "end": node.shift - length, "middle": -length / 2}[node.anchor]
    lift = 0.0 if node.shift else node.drop + math.copysign(node.radius, node.drop)
    turn = math.radians(node.angle)
    corners = [(along * math.cos(turn), along * math.sin(turn) + lift) for along in (start, start + length)]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    room = node.radius + 6
    return (
        node.x + min(*xs, -room), node.y + min(*ys, -room) - 16, node.x + max(*xs, room), node.y + max(*ys, room) + 8,
    )  # fmt: skip


# -- a timeline ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TimelinePeriod:
    """One row before it is drawn: its name, its dates in words, and both ends in years; without one it is open."""

    label: str
    when: str
    href: str
    begin: float | None
    end: float | None
    is_day: bool = False


@dataclass(frozen=True, slots=True)
class TimelineSpan:
    """One row of a timeline: where it starts and how long it is in percent; a day has no length."""

    label: str
    when: str
    left: float
    width: float
    href: str
    open_begin: bool = False
    open_end: bool = False


@dataclass(frozen=True, slots=True)
class Timeline:
    """Periods and days below one axis."""

    spans: tuple[TimelineSpan, ...]
    ticks: tuple[tuple[str, float], ...]


def draw_timeline(periods: Sequence[TimelinePeriod], *, low: int, high: int) -> Timeline:
    """The periods on an axis from the year `low` to the year `high`."""
    return Timeline(tuple(_span(each, low, high) for each in periods), _ticks(low, high))


def moment_of(term: Term | None, *, last: bool = False) -> float | None:
    """A date as a year with a fraction; of a mere month or year its first moment, or its last."""
    match = _DATE.match(term.value) if isinstance(term, Literal) else None
    if match is None:
        return None
    year, month, day = int(match[1]), match[2], match[3]
    if month is None:
        return float(year + 1) if last else float(year)
    if day is None:
        return year + (int(month) - (0 if last else 1)) / 12
    return year + (int(month) - 1) / 12 + (int(day) - 1) / 372


def _span(period: TimelinePeriod, low: int, high: int) -> TimelineSpan:
    width = high - low
    left = ((low if period.begin is None else period.begin) - low) / width * 100
    right = left if period.is_day else ((high if period.end is None else period.end) - low) / width * 100
    return TimelineSpan(
        period.label,
        period.when,
        round(left, 2),
        round(max(right - left, 0.0), 2),
        period.href,
        open_begin=period.begin is None,
        open_end=not period.is_day and period.end is None,
    )


def _ticks(low: int, high: int) -> tuple[tuple[str, float], ...]:
    """At most seven years below the axis, with their places in percent."""
    step = next(each for each in (1, 2, 5, 10, 20, 25, 50, 100, 500, 1000, 5000) if (high - low) / each <= _MOST_TICKS)
    first = -(-low // step) * step
    return tuple((str(year), round((year - low) / (high - low) * 100, 2)) for year in range(first, high + 1, step))


# -- figures over time -----------------------------------------------------------------------------------

_PANEL_HEIGHT: Final = 110.0
_NEAREST_LABELS: Final = 9.0


@dataclass(frozen=True, slots=True)
class LinePoint:
    """One figure: its place, in percent from the left and in pixels from above, and what it says; empty where another is near."""

    x: float
    y: float
    text: str
    is_about: bool


@dataclass(frozen=True, slots=True)
class LinePanel:
    """The figures of one series, oldest first."""

    label: str
    href: str
    points: tuple[LinePoint, ...]


@dataclass(frozen=True, slots=True)
class LineChart:
    """Series below one another, over the same years."""

    panels: tuple[LinePanel, ...]
    ticks: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure before it is drawn: its day in years, its number, its words, and whether it is exact."""

    moment: float
    value: float
    text: str
    is_about: bool = False


def draw_lines(series: Sequence[tuple[str, str, Sequence[Figure]]], *, low: int, high: int) -> LineChart:
    """Series of label, address and figures on an axis from the year `low` to the year `high`; each has a height of its own."""
    panels = tuple(LinePanel(label, href, _points(figures, low, high)) for label, href, figures in series)
    return LineChart(panels, _ticks(low, high))


def _points(figures: Sequence[Figure], low: int, high: int) -> tuple[LinePoint, ...]:
    """Where figures stand, from nothing at the bottom to the highest at the top."""
    ordered = sorted(figures, key=lambda each: each.moment)
    highest = max((each.value for each in ordered), default=0.0) or 1.0
    places = [(each.moment - low) / (high - low) * 100 for each in ordered]
    named: list[float] = []
    # The last figure says most, then the first.
    for at in dict.fromkeys([len(ordered) - 1, 0, *range(len(ordered))]):
        if all(abs(places[at] - other) >= _NEAREST_LABELS for other in named):
            named.append(places[at])
    return tuple(
        LinePoint(
            round(x, 2),
            round(_PANEL_HEIGHT * (1 - each.value / highest), 1),
            each.text if x in named else "",
            each.is_about,
        )
        for each, x in zip(ordered, places, strict=True)
    )


# -- a tree ----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class TreeNode:
    """A thing with what stands beside it and below it."""

    label: str
    href: str = ""
    notes: list[str] = field(default_factory=list)
    children: dict[str, TreeNode] = field(default_factory=dict)

    def rows(self, depth: int = 0) -> Iterator[tuple[int, TreeNode]]:
        """This node and all below it in reading order, each with its depth."""
        yield depth, self
        for child in self.children.values():
            yield from child.rows(depth + 1)


@dataclass(frozen=True, slots=True)
class Tree:
    """Things below one another."""

    roots: tuple[TreeNode, ...]

    @property
    def rows(self) -> list[tuple[int, TreeNode]]:
        """All nodes in reading order, each with its depth."""
        return [each for root in self.roots for each in root.rows()]
