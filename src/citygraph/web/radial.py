"""A network as rings around its best-connected member: placed once, on the server, the same every time."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

__all__ = ["Drawing", "draw_network"]

_RING: Final = 120.0
_GAP: Final = 21.0
_LETTER: Final = 8.4
_WIDTH: Final = 1000.0
_SPACE: Final = 30.0
_LONGEST: Final = 34
_FLAT: Final = 14


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
    drop: float


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
    discs = sorted((_disc(part, neighbours, names) for part in _parts(neighbours)), key=lambda disc: -disc.width)
    placed: dict[str, Node] = {}
    x = y = row = widest = 0.0
    for disc in discs:
        if x and x + disc.width > max(_WIDTH, discs[0].width):
            x, y, row = 0.0, y + row + _SPACE, 0.0
        placed |= disc.moved(x, y)
        x, row = x + disc.width + _SPACE, max(row, disc.height)
        widest = max(widest, x - _SPACE)
    lines = tuple((placed[a].x, placed[a].y, placed[b].x, placed[b].y) for a, b in ties)
    return Drawing(round(widest), round(y + row), tuple(placed.values()), lines)


@dataclass(frozen=True, slots=True)
class _Disc:
    """One connected part, its corner at (0, 0)."""

    width: float
    height: float
    nodes: Mapping[str, Node]

    def at_corner(self, x: float, y: float) -> _Disc:
        """The same disc with everything moved by (x, y)."""
        return replace(self, nodes=self.moved(x, y))

    def moved(self, x: float, y: float) -> dict[str, Node]:
        """The nodes with the corner at (x, y)."""
        return {
            iri: replace(node, x=round(node.x + x, 1), y=round(node.y + y, 1)) for iri, node in self.nodes.items()
        }  # fmt: skip


def _node(angle: float, distance: float, name: tuple[str, str], degree: int, *, turned: bool) -> Node:
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
    return Node(round(x, 1), round(y, 1), short, href, round(turn, 1), anchor, shift, radius, 19.0 if below else -9.0)


def _box(node: Node) -> tuple[float, float, float, float]:
    """What a node and its name cover: left, top, right, bottom."""
    length = len(node.label) * _LETTER
    start = {"start": node.shift, "end": node.shift - length, "middle": -length / 2}[node.anchor]
    lift = 0.0 if node.shift else node.drop + math.copysign(node.radius, node.drop)
    turn = math.radians(node.angle)
    corners = [(along * math.cos(turn), along * math.sin(turn) + lift) for along in (start, start + length)]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    room = node.radius + 6
    return (
        node.x + min(*xs, -room), node.y + min(*ys, -room) - 16, node.x + max(*xs, room), node.y + max(*ys, room) + 8,
    )  # fmt: skip


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
        reach.append(reach[-1] + max(ring, max(lengths, default=0) * _LETTER + 40 if turned else 0.0))
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
