"""One step around a thing: who is tied to it, by which relation, on the day; in words, as a picture and as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from citygraph.as_of import FactStatus
from citygraph.labels import FALLBACK
from citygraph.query.entity import EntityFact, facts_about
from citygraph.rdf import Iri
from citygraph.web.pages.brief import governed
from citygraph.web.pages.facts import FactValue, ShownStatus, groups_about, shown_status
from citygraph.web.pages.graph import GraphView, KeptVersion, day_of
from citygraph.web.pages.page import NotFound, Page, kindly
from citygraph.web.pages.search import nearest_things
from citygraph.web.pages.terms import ShownTerm, TermFormatter
from citygraph.web.requests import other_day

_MOST_ROWS: Final = 1000
_SHOWN: Final = 6
"""So many things of one relation are drawn; the table has the others."""
_MOST_ARMS: Final = 16
_HERE: Final = frozenset({FactStatus.HOLDS, FactStatus.LAST_KNOWN, FactStatus.UNDATED})
_FOLLOWS_FROM_TIES: Final = "participation"
_ORDER: Final = (_FOLLOWS_FROM_TIES, "structure", "place", "themes", "aims", "about", "other", "links")
"""The headings of the page of a thing, those first that tell who is tied to it."""
_HIGHEST: Final = 240
"""The thing itself stands no further down than this, however long its picture is."""
_NARROW, _WIDE = 360, 1080
_HEADING, _STEP, _GAP = 27, 27, 15
_BOX, _TRUNK = 44, 16
_LONGEST: Final = 34


# -- what is tied to it ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A thing that is tied to another: its name with its page, its kind in words, the way on, and how the tie stands."""

    shown: ShownTerm
    kind: str
    onward: str
    status: ShownStatus | None
    derived: bool

    @property
    def code(self) -> str:
        """How its mark is drawn: `holds`, `derived`, or why it may not hold."""
        return (
            self.status.code
            if self.status and self.status.code != FactStatus.HOLDS
            else "derived"
            if self.derived
            else "holds"
        )


@dataclass(frozen=True, slots=True)
class TiedGroup:
    """Everything that is tied to a thing in the same way; `key` is its place on the page."""

    key: str
    label: str
    neighbours: tuple[Neighbour, ...]


class _Around:
    """Collects what is tied to a thing, and to the other node that is one with it for a reader."""

    def __init__(self, page: Page, formatter: TermFormatter, own: Sequence[str], as_of: str) -> None:
        self.page, self.formatter, self.own, self.as_of = page, formatter, own, as_of
        self.past = 0
        self._found: dict[str, dict[str, Neighbour]] = {}

    def relations(self) -> list[TiedGroup]:
        """The relations: memberships and offices first, then statements by their headings."""
        for iri in self.own:
            self._ties(iri)
        tied = {iri for found in self._found.values() for iri in found}
        for iri in self.own:
            self._statements(iri, tied)
        return [
            TiedGroup(
                f"r{number}",
                label,
                tuple(sorted(found.values(), key=lambda each: (each.code != "holds", each.shown.text.casefold()))),
            )
            for number, (label, found) in enumerate(self._found.items(), 1)
        ]

    def _ties(self, iri: str) -> None:
        graph = self.formatter.graph
        facts = facts_about(iri, graph.store, "memberships")
        known = graph.statuses(fact.node for fact in facts)
        for fact in sorted(facts, key=lambda each: not each.is_current):
            dated = known.get(fact.node)
            if not fact.is_current and (dated is None or dated.status not in _HERE):
                self.past += 1
                continue
            status = shown_status(dated, self.formatter) if dated else None
            for label, other in self._ends(fact, iri):
                self._add(label, other, status, derived=False)

    def _ends(self, fact: EntityFact, iri: str) -> Iterator[tuple[str, str]]:
        """The other ends of a membership, each with what it is to this one."""
        words, label = self.page.words, self.formatter.graph.label
        members, bodies, behalf = (
            [term.value for term in fact.of(column) if isinstance(term, Iri)]
            for column in ("member", "organization", "behalf")
        )
        roles = [label(term.value, self.page.language) for term in fact.of("role") if isinstance(term, Iri)]
        role = roles[0] if roles else ""
        if iri in members:
            yield from ((words("around.role_in", role=role), body) for body in bodies)
            yield from ((words("around.on_behalf_of"), other) for other in behalf)
        elif iri in bodies:
            yield from ((role, member) for member in members)
        elif iri in behalf:
            yield from ((words("around.for_it"), member) for member in members)
            yield from ((words("around.seat_in"), body) for body in bodies)

    def _statements(self, iri: str, tied: set[str]) -> None:
        for group in sorted(groups_about(iri, self.formatter), key=lambda each: _ORDER.index(each.key)):
            for each in group.properties:
                label = self.page.words.inverse(each.curie, each.label) if each.incoming else each.label
                for value in each.statements:
                    follows = group.key == _FOLLOWS_FROM_TIES and value.derived and value.value.iri in tied
                    if value.value.iri and not follows and self._stands(value):
                        self._add(label, value.value.iri, value.status, derived=value.derived)

    @staticmethod
    def _stands(value: FactValue) -> bool:
        return value.followed or (value.status is not None and value.status.code in _HERE)

    def _add(self, label: str, iri: str, status: ShownStatus | None, *, derived: bool) -> None:
        kind = self.page.graph.kind_of(iri)
        if kind is None or kind == FALLBACK or iri in self.own:
            return
        shown = self.formatter.iri(iri)
        onward = self.page.urls.around(iri, as_of=self.as_of)
        found = self._found.setdefault(label, {})
        found.setdefault(iri, Neighbour(shown, kind.one.in_language(self.page.language), onward, status, derived))


# -- the picture -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mark:
    """A dot with a name beside it, both one link."""

    x: int
    y: int
    text_x: int
    text: str
    title: str
    href: str
    code: str


@dataclass(frozen=True, slots=True)
class Arm:
    """One relation as it is drawn: its name, the line that leads to it, the line along its marks, and how many are not drawn."""

    x: int
    y: int
    anchor: str
    text: str
    href: str
    path: str
    marks: tuple[Mark, ...]
    more: int
    more_y: int
    text_x: int


@dataclass(frozen=True, slots=True)
class AroundDrawing:
    """A picture `width` by `height`, the thing itself in a box."""

    width: int
    height: int
    box: tuple[int, int, int, int]
    text: str
    arms: tuple[Arm, ...]


def draw_around(name: str, relations: Sequence[TiedGroup], *, wide: bool) -> AroundDrawing:
    """The thing at the top with its relations below each other, or in the middle with relations on both sides."""
    drawn = relations[:_MOST_ARMS]
    if not wide:
        arms, y = [], _BOX + _GAP
        for each in drawn:
            arms.append(_arm(each, _TRUNK + 14, y, f"M{_TRUNK} {_BOX}V{y + 13}H{_TRUNK + 9}", side=1))
            y += _height(each)
        return AroundDrawing(_NARROW, y, (0, 0, _NARROW, _BOX), _short(name), tuple(arms))
    sides: tuple[list[TiedGroup], list[TiedGroup]] = ([], [])
    heights = [0, 0]
    for each in drawn:
        side = int(heights[0] > heights[1])
        sides[side].append(each)
        heights[side] += _height(each)
    height = max(*heights, _BOX)
    left, right = _WIDE // 3 + 10, _WIDE * 2 // 3 - 10
    middle, arms = min(height // 2, _HIGHEST), []
    for side, (column, edge, inner) in enumerate(zip(sides, (left, right), (left - 50, right + 50), strict=True)):
        y = (height - heights[side]) // 2 if height <= 2 * _HIGHEST else 0
        for each in column:
            turn = (edge + inner) // 2
            path = f"M{edge} {middle}C{turn} {middle} {turn} {y + 13} {inner} {y + 13}"
            arms.append(_arm(each, inner + (5 if side else -5), y, path, side=1 if side else -1))
            y += _height(each)
    return AroundDrawing(_WIDE, height, (left, middle - _BOX // 2, right - left, _BOX), _short(name), tuple(arms))


def _height(relation: TiedGroup) -> int:
    count = len(relation.neighbours)
    return _HEADING + _STEP * (min(count, _SHOWN) + (count > _SHOWN)) + _GAP


def _arm(relation: TiedGroup, x: int, y: int, path: str, *, side: int) -> Arm:
    """A relation whose name begins at `x`, and its marks below it; `side` is 1 to the right and -1 to the left."""
    shown = relation.neighbours[:_SHOWN]
    dot = x + side * 9
    marks = tuple(
        Mark(dot, y + _HEADING + _STEP * number + 13, dot + side * 14, _short(each.shown.text), each.shown.text, each.onward, each.code)
        for number, each in enumerate(shown)
    )  # fmt: skip
    more = len(relation.neighbours) - len(shown)
    along = f"M{dot} {y + 21}V{marks[-1].y}" if marks else ""
    return Arm(
        x, y + 18, "start" if side > 0 else "end", _short(relation.label), f"#{relation.key}", path + along, marks, more,
        y + _HEADING + _STEP * len(shown) + 18, dot + side * 14,
    )  # fmt: skip


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rstrip() + "…"


# -- the page --------------------------------------------------------------------------------------------


@kindly
def neighbourhood_page(request: Request) -> Response:
    """`/around/{kind}/{slug}`: one step around a thing, on the day of the version or on `as_of`."""
    page = Page(request)
    kind, slug = str(request.path_params["kind"]), str(request.path_params["slug"])
    iri = page.graph.directory.at(kind, slug)
    if iri is None:
        near = nearest_things(page.graph, slug)
        raise NotFound(
            request.url.path, [(page.graph.label(each.iri, page.language), page.urls.around(each.iri)) for each in near]
        )
    formatter, day, as_of = _on_day(page)
    pair = governed(page, iri)
    other = pair.other_than(iri) if pair else ""
    around = _Around(page, formatter, [each for each in (iri, other) if each], as_of)
    relations = around.relations()
    name = formatter.graph.label(iri, page.language)
    count = len({each.shown.iri for relation in relations for each in relation.neighbours})
    return page.render(
        "around.html",
        name=name,
        kind=page.graph.kind_of(iri) or FALLBACK,
        here=page.urls.entity(iri),
        day=formatter.date(day),
        as_of=as_of,
        relations=relations,
        count=count,
        past=around.past,
        arms=_MOST_ARMS,
        rows=_rows(relations),
        total=sum(len(each.neighbours) for each in relations),
        drawings=[(size, draw_around(name, relations, wide=size == "wide")) for size in ("narrow", "wide")]
        if relations
        else [],
    )


def _on_day(page: Page) -> tuple[TermFormatter, str, str]:
    """What shows things as they are on the day that is asked for, that day, and the day when it is another one."""
    manifest = page.graph.manifest
    as_of = other_day(page.request.query_params.get("as_of", ""), manifest.as_of)
    if as_of is None:
        return page.formatter, manifest.as_of, ""
    snapshot, store = day_of(page.request, as_of)
    kept = page.memory.once("another day", str(snapshot.folder), lambda: KeptVersion(page.project, snapshot))
    return (
        TermFormatter(GraphView(page.project, snapshot, kept, store), page.urls),
        as_of.isoformat(),
        as_of.isoformat(),
    )


def _rows(relations: Sequence[TiedGroup]) -> Mapping[str, Sequence[Neighbour]]:
    """The rows of the table below each relation, so many in all."""
    left, rows = _MOST_ROWS, {}
    for each in relations:
        rows[each.key] = each.neighbours[: max(left, 0)]
        left -= len(each.neighbours)
    return rows
