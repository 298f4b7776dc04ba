"""A network as rings around its best-connected member: placed once, on the server, the same every time."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["Drawing", "draw_network"]

_RING: Final = 120.0
_GAP: Final = 21.0
_LETTER: Final = 7.0
_WIDTH: Final = 1000.0
_LONGEST: Final = 34


@dataclass(frozen=True, slots=True)
class Node:
    """One member: where it is, how its name is turned, and how large its dot is."""

    x: float
    y: float
    label: str
    href: str
    angle: float
    anchor: str
    shift: float
    radius: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """Nodes and the lines between them, in a drawing `width` by `height`."""

    width: int
    height: int
    nodes: tuple[Node, ...]
    lines: tuple[tuple[float, float, float, float], ...]


def draw_network(ties: Sequence[tuple[str, str]], names: Mapping[str, tuple[str, str]]) -> Drawing:
    """Each connected part as a disc, the discs in rows; `names` gives label and address of each node."""
    neighbours: dict[str, list[str]] = defaultdict(list)
    for one, other in ties:
        neighbours[one].append(other)
        neighbours[other].append(one)
    discs = sorted((_disc(part, neighbours, names) for part in _parts(neighbours)), key=lambda disc: -disc.radius)
    placed: dict[str, Node] = {}
    x = y = row = widest = 0.0
    for disc in discs:
        if x and x + 2 * disc.radius > max(_WIDTH, 2 * discs[0].radius):
            x, y, row = 0.0, y + row, 0.0
        placed |= disc.moved(x + disc.radius, y + disc.radius)
        x, row = x + 2 * disc.radius, max(row, 2 * disc.radius)
        widest = max(widest, x)
    lines = tuple((placed[a].x, placed[a].y, placed[b].x, placed[b].y) for a, b in ties)
    return Drawing(round(widest), round(y + row), tuple(placed.values()), lines)


@dataclass(frozen=True, slots=True)
class _Disc:
    """One connected part around the point (0, 0); `places` holds angle and distance."""

    radius: float
    places: Mapping[str, tuple[float, float]]
    names: Mapping[str, tuple[str, str]]
    degrees: Mapping[str, int]

    def moved(self, x: float, y: float) -> dict[str, Node]:
        """The nodes with their centre at (x, y)."""
        nodes = {}
        for iri, (angle, distance) in self.places.items():
            label, href = self.names[iri]
            short = label if len(label) <= _LONGEST else label[: _LONGEST - 1] + "…"
            degrees = math.degrees(angle) % 360
            flipped = 90 < degrees < 270  # noqa: PLR2004
            radius = min(5 + self.degrees[iri] * 0.4, 14)
            if distance == 0:
                turn, anchor, shift = 0.0, "middle", 0.0
            else:
                turn, anchor = (degrees - 180, "end") if flipped else (degrees, "start")
                shift = -(radius + 5) if flipped else radius + 5
            nodes[iri] = Node(
                round(x + distance * math.cos(angle), 1), round(y + distance * math.sin(angle), 1),
                short, href, round(turn, 1), anchor, shift, radius,
            )  # fmt: skip
        return nodes


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
    places = {root: (0.0, 0.0)}
    slices = {root: (0.0, 2 * math.pi)}
    for node in order:
        start, stop = slices[node]
        for child in children[node]:
            part_of = (stop - start) * leaves[child] / leaves[node]
            slices[child] = (start, start + part_of)
            places[child] = (start + part_of / 2, depth[child] * ring)
            start += part_of
    longest = max(min(len(names[node][0]), _LONGEST) for node in part)
    radius = deepest * ring + longest * _LETTER + 24
    return _Disc(radius, places, names, {node: len(set(neighbours[node])) for node in part})
