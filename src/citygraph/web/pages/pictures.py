"""Pictures of an answer: which ones its columns allow, and the numbers each is drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, TypeAlias

from citygraph.formats import LATITUDE, LONGITUDE
from citygraph.namespaces import PREFIXES
from citygraph.rdf import Iri, Literal, Term
from citygraph.results import Row, Solutions
from citygraph.web.pages.drawings import (
    Figure,
    LineChart,
    MapDrawing,
    MapPlace,
    NetworkDrawing,
    Timeline,
    TimelinePeriod,
    Tree,
    TreeNode,
    draw_lines,
    draw_map,
    draw_network,
    draw_timeline,
    is_on_earth,
    moment_of,
)
from citygraph.web.pages.i18n import Words
from citygraph.web.pages.terms import ShownTerm, TermFormatter

_XSD: Final = PREFIXES["xsd"]
_NOT_COUNTED: Final = frozenset({*LATITUDE, *LONGITUDE, "start", "end", "position", "year"})
_NUMERIC: Final = frozenset(_XSD + name for name in ("integer", "decimal", "double", "float", "nonNegativeInteger"))
_BEGIN, _END, _DAY = ("begin", "since", "founded"), ("end", "until"), ("date",)
_ACTORS: Final = frozenset({"network", "city", "place", "authority", "person", "working-group", "body", "organization"})
_MEASURED: Final = frozenset({"concept", "theme"})
_FIGURE: Final = ("value", "count", "number")
_MOST_BARS: Final = 60
_MOST_PANELS: Final = 24
_MOST_SPANS: Final = 80
_MOST_TIES: Final = 150
_MOST_PLACES: Final = 5000


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of one row: its name, its length in percent of the longest, and what it says at its end."""

    label: str
    series: str
    percent: float
    value: str
    href: str


@dataclass(frozen=True, slots=True)
class BarChart:
    """Rows of one number each, or of a few."""

    bars: tuple[Bar, ...]


_Dated: TypeAlias = tuple[float | None, float | None]
Drawn: TypeAlias = BarChart | LineChart | Timeline | MapDrawing | NetworkDrawing | Tree


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture with the sentence that says what it shows."""

    kind: str
    summary: str
    drawn: Drawn
    note: str = ""


def pictures_of(solutions: Solutions, formatter: TermFormatter, words: Words, *, first: str = "") -> list[Picture]:
    """Every picture that the columns allow, the one called `first` in front."""
    reader = _AnswerPictures(solutions, formatter, words)
    drawn = (reader.map(), reader.lines(), reader.timeline(), reader.bars(), reader.network())
    found = [picture for picture in drawn if picture]
    if first == "tree" and (tree := reader.tree()):
        found.append(tree)
    return sorted(found, key=lambda picture: picture.kind != first)


def map_of(
    solutions: Solutions, formatter: TermFormatter, words: Words, *, marks: Sequence[str] = ()
) -> Picture | None:
    """The map of an answer with places, each marked as its row is; `None` when the answer has none."""
    return _AnswerPictures(solutions, formatter, words, marks=marks).map()


class _AnswerPictures:
    """Looks at the columns of one answer."""

    def __init__(
        self, solutions: Solutions, formatter: TermFormatter, words: Words, *, marks: Sequence[str] = ()
    ) -> None:
        self._columns, self._rows = solutions.columns, solutions.rows
        self._formatter, self._words, self._marks = formatter, words, marks

    def map(self) -> Picture | None:
        latitude, longitude = self._named(LATITUDE), self._named(LONGITUDE)
        if latitude is None or longitude is None:
            return None
        named = self._named(("place", "city", "member", "participant"))
        label = named if named is not None else self._first_iri()
        places: dict[tuple[float, float], MapPlace] = {}
        for number, row in enumerate(self._rows):
            north, east = _number(row[latitude]), _number(row[longitude])
            if north is None or east is None or not is_on_earth(north, east):
                continue
            shown = self._formatter.term(row[label]) if label is not None else ShownTerm("")
            mark = self._marks[number] if self._marks else ""
            known = places.setdefault((north, east), MapPlace(shown.text, north, east, _inside(shown), mark))
            if known.mark != mark:
                # What came and what stayed at one place is neither.
                places[north, east] = replace(known, mark="")
        if not places:
            return None
        kept = list(places.values())[:_MOST_PLACES]
        key = "view.map_one" if len(places) == 1 else "view.map_summary"
        names = self._listed([place.label for place in places.values()])
        summary = self._words(key, count=len(places), names=names)
        there = {place.label for place in places.values()}
        named_rows = [self._formatter.term(row[label]).text for row in self._rows] if label is not None else []
        if missing := [each for each in dict.fromkeys(named_rows) if each and each not in there]:
            told = "view.missing_one" if len(missing) == 1 else "view.missing"
            summary += " " + self._words(told, count=len(missing), names=self._listed(missing))
        return Picture("map", summary, draw_map(kept), self._note(len(kept), len(places)))

    def bars(self) -> Picture | None:
        numeric = [
            index
            for index, column in enumerate(self._columns)
            if column not in _NOT_COUNTED and self._all_numbers(index)
        ][:3]
        if not numeric or len(self._rows) < 1:
            return None
        varying = self._varying([i for i in range(len(self._columns)) if i not in numeric])[:3]
        counted = [(row, index, _number(row[index]) or 0.0) for row in self._rows for index in numeric]
        if any(value < 0 for _, _, value in counted):
            return None
        highest = max((value for _, _, value in counted), default=0) or 1
        bars = tuple(
            Bar(
                self._label(row, varying),
                self._words.code("column", self._columns[index]) if len(numeric) > 1 else "",
                round(100 * value / highest, 2),
                self._formatter.term(row[index]).text,
                self._href(row, varying),
            )
            for row, index, value in counted[:_MOST_BARS]
        )
        by_value = sorted(counted, key=lambda each: each[2])
        (low_row, low_at, _), (high_row, high_at, _) = by_value[0], by_value[-1]
        summary = self._words(
            "view.bar_one" if len(counted) == 1 else "view.bar_summary",
            most=self._label(high_row, varying) or self._words.code("column", self._columns[high_at]),
            high=self._formatter.term(high_row[high_at]).text,
            least=self._label(low_row, varying) or self._words.code("column", self._columns[low_at]),
            low=self._formatter.term(low_row[low_at]).text,
        )
        return Picture("bar", summary, BarChart(bars), self._note(len(bars), len(counted)))

    def lines(self) -> Picture | None:
        """Each thing and what is measured of it by itself, where there are figures of several days."""
        day = self._named(_DAY)
        value = next((i for i, name in enumerate(self._columns) if name in _FIGURE and self._all_numbers(i)), None)
        if day is None or value is None:
            return None
        about = self._named(("approximation",))
        rejected = self._named(("rank",))
        named = [i for i in range(len(self._columns)) if i not in {day, value, about, rejected} and self._is_named(i)]
        series: dict[tuple[str, str], list[Figure]] = {}
        for row in self._rows:
            moment, number = moment_of(row[day]), _number(row[value])
            if moment is None or number is None or number < 0 or (rejected is not None and row[rejected] is not None):
                continue
            is_about = about is not None and not str(getattr(row[about], "value", "")).endswith("exact")
            figure = Figure(moment, number, self._formatter.term(row[value]).text, is_about)
            series.setdefault((self._label(row, named), self._href(row, named)), []).append(figure)
        several = {key: found for key, found in series.items() if len({each.moment for each in found}) > 1}
        if not several:
            return None
        moments = [each.moment for found in several.values() for each in found]
        low, high = int(min(moments)), int(max(moments)) + 1
        shown = [(label, href, found) for (label, href), found in several.items()][:_MOST_PANELS]
        key = "view.line_one" if len(several) == 1 else "view.line_summary"
        summary = self._words(key, count=len(several), first=low, last=high - 1)
        return Picture("line", summary, draw_lines(shown, low=low, high=high), self._note(len(shown), len(several)))

    def tree(self) -> Picture | None:
        """Each column of things below the one before it, up to the one with most of them; who comes after stands beside it."""
        named = [i for i in range(len(self._columns)) if any(isinstance(row[i], Iri) for row in self._rows)]
        if len(named) < 2:  # noqa: PLR2004
            return None
        deepest = max(named, key=lambda i: (len({row[i] for row in self._rows}), -i))
        levels = named[: named.index(deepest) + 1]
        beside = [i for i in named if i > deepest and self._is_actor(i)]
        top = TreeNode("")
        for row in self._rows[:_MOST_TIES]:
            node = top
            for i in levels:
                shown = self._formatter.term(row[i])
                if shown.text:
                    node = node.children.setdefault(shown.text, TreeNode(shown.text, _inside(shown)))
            said = [text for i in beside if (text := self._formatter.term(row[i]).text)]
            node.notes += [each for each in said if each not in node.notes]
        tree = Tree(tuple(top.children.values()))
        roots = self._listed([each.label for each in tree.roots])
        summary = self._words("view.tree_summary", count=len(tree.rows) - len(tree.roots), roots=roots)
        return Picture("tree", summary, tree, self._note(min(len(self._rows), _MOST_TIES), len(self._rows)))

    def timeline(self) -> Picture | None:
        begin, end, day = self._named(_BEGIN), self._named(_END), self._named(_DAY)
        begin = day if begin is None else begin
        if begin is None or not any(moment_of(row[begin]) is not None for row in self._rows):
            return None
        end = None if end is not None and not any(moment_of(row[end]) is not None for row in self._rows) else end
        dated = [
            (row, moment_of(row[begin]), moment_of(row[end], last=True) if end is not None else None)
            for row in self._rows
        ]
        dated = [each for each in dated if each[1] is not None or each[2] is not None]
        days = [moment for _, *moments in dated for moment in moments if isinstance(moment, float)]
        first, last = min(days), max(days)
        if last - first < 0.01:  # noqa: PLR2004  # all on one day: nothing to draw
            return None
        low, high = int(first), int(last) + 1
        taken = {begin, end} - {None}
        others = [i for i in range(len(self._columns)) if i not in taken]
        varying = self._varying(others)[:3] or others[:1]
        dated.sort(key=lambda each: (each[1] if each[1] is not None else low, each[2] or 0.0))
        shown = dated[:_MOST_SPANS]
        periods = [self._period(row, (start, stop), begin, end, varying) for row, start, stop in shown]
        texts = sorted(
            (moment, term.value)
            for row, *_ in dated
            for index, is_last in ((begin, False), (end, True))
            if index is not None
            for term in [row[index]]
            for moment in [moment_of(term, last=is_last)]
            if moment is not None and isinstance(term, Literal)
        )
        summary = self._words(
            "view.timeline_summary",
            count=len(dated),
            first=self._formatter.date(texts[0][1]),
            last=self._formatter.date(texts[-1][1]),
        )
        drawn = draw_timeline(periods, low=low, high=high)
        return Picture("timeline", summary, drawn, self._note(len(shown), len(dated)))

    def _period(self, row: Row, dated: _Dated, begin: int, end: int | None, varying: Sequence[int]) -> TimelinePeriod:
        words = [self._formatter.term(row[begin]).text or self._words("view.open_begin")]
        if end is not None:
            words.append(self._formatter.term(row[end]).text or self._words("view.open_end"))
        return TimelinePeriod(
            self._label(row, varying), " – ".join(words), self._href(row, varying), *dated, is_day=end is None
        )

    def network(self) -> Picture | None:
        actors = [i for i in range(len(self._columns)) if self._is_actor(i)]
        if len(actors) < 2:  # noqa: PLR2004
            return None
        ties: dict[tuple[str, str], None] = {}
        names: dict[str, ShownTerm] = {}
        for row in self._rows:
            named = [term for i in actors if isinstance(term := row[i], Iri)]
            for one, other in pairwise(named):
                if one != other:
                    ties.setdefault((one.value, other.value))
                    for term in (one, other):
                        names.setdefault(term.value, self._formatter.term(term))
        if not ties:
            return None
        kept = list(ties)[:_MOST_TIES]
        degrees = {name: sum(name in tie for tie in ties) for name in names}
        most = max(degrees, key=lambda name: (degrees[name], name))
        summary = self._words(
            "view.network_summary", edges=len(ties), nodes=len(names), most=names[most].text, degree=degrees[most]
        )
        drawn = draw_network(kept, {iri: (shown.text, _inside(shown)) for iri, shown in names.items()})
        return Picture("network", summary, drawn, self._note(len(kept), len(ties)))

    # -- columns ----------------------------------------------------------------------------------

    def _named(self, names: Sequence[str]) -> int | None:
        return next((self._columns.index(name) for name in names if name in self._columns), None)

    def _first_iri(self) -> int | None:
        return next((i for i in range(len(self._columns)) if any(isinstance(r[i], Iri) for r in self._rows)), None)

    def _all_numbers(self, index: int) -> bool:
        terms = [row[index] for row in self._rows if row[index] is not None]
        return bool(terms) and all(isinstance(t, Literal) and t.datatype.value in _NUMERIC for t in terms)

    def _is_actor(self, index: int) -> bool:
        terms = [row[index] for row in self._rows if row[index] is not None]
        return bool(terms) and all(isinstance(t, Iri) and self._formatter.kind(t.value) in _ACTORS for t in terms)

    def _is_named(self, index: int) -> bool:
        """Whether a column has things that have a page, or words of a list; a record has neither."""
        terms = [row[index] for row in self._rows if row[index] is not None]
        kinds = [self._formatter.kind(each.value) for each in terms if isinstance(each, Iri)]
        return bool(kinds) and len(kinds) == len(terms) and all(each in _ACTORS or each in _MEASURED for each in kinds)

    def _varying(self, indexes: Sequence[int]) -> list[int]:
        return [i for i in indexes if len({row[i] for row in self._rows}) > 1] or list(indexes[:1])

    def _label(self, row: Row, indexes: Sequence[int]) -> str:
        return " · ".join(dict.fromkeys(text for i in indexes if (text := self._formatter.term(row[i]).text)))

    def _href(self, row: Row, indexes: Sequence[int]) -> str:
        return next((href for i in indexes if (href := _inside(self._formatter.term(row[i])))), "")

    def _listed(self, names: Sequence[str], most: int = 8) -> str:
        text = ", ".join(names[:most])
        return f"{text} {self._words('view.and_more', count=len(names) - most)}" if len(names) > most else text

    def _note(self, shown: int, count: int) -> str:
        return self._words("view.cut", shown=shown, count=count) if shown < count else ""


def _inside(shown: ShownTerm) -> str:
    return "" if shown.external else shown.href


def _number(term: Term | None) -> float | None:
    try:
        return float(term.value) if isinstance(term, Literal) else None
    except ValueError:
        return None
