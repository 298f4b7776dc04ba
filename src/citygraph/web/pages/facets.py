"""The list of everything of one kind, narrowed by facets: country, network, role, theme, standing, stated or derived.

A facet is what one query over the version says of all its things at once, kept with it; numbers are sizes of sets.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from citygraph.dates import date_in_words
from citygraph.errors import QueryError, StoreTimeout
from citygraph.labels import FALLBACK, Kind, kind_named
from citygraph.matching.names import plain
from citygraph.messages import sentence
from citygraph.rdf import Iri
from citygraph.results import Solutions
from citygraph.sparql.text import values_block
from citygraph.store import Manifest, Store
from citygraph.web.pages.columns import ListRow, ListValues, columns_said, list_rows, list_values, sorted_by
from citygraph.web.pages.facts import column_name
from citygraph.web.pages.files import json_response
from citygraph.web.pages.graph import day_of
from citygraph.web.pages.page import JSON, NotFound, Page, as_fault, kindly, wanted_format
from citygraph.web.pages.search import nearest_things
from citygraph.web.requests import other_day

_MOST_LISTED: Final = 3000
"""Rows of a list in the static site, where a list is one page."""
_AT_ONCE: Final = 500
_MOST_SHOWN: Final = 20
_MOST_IN_FILES: Final = 60
"""Values of one facet that the static site has a page for: those that most things have."""
_PREFIXES: Final = """
PREFIX cg:      <https://w3id.org/citygraph/ontology#>
PREFIX concept: <https://w3id.org/citygraph/concept/>
PREFIX org:     <http://www.w3.org/ns/org#>
"""
_STANDING, _ORIGIN = "standing", "origin"
_PAIRS: Final = {
    "country": "SELECT DISTINCT ?thing ?value WHERE { ?thing cg:inCountry ?value }",
    "network": "SELECT DISTINCT ?thing ?value WHERE { ?value a cg:CityNetwork . "
    "{ ?thing cg:participatesIn|org:unitOf ?value } UNION { ?value cg:hasTopic ?thing } }",
    "role": "SELECT DISTINCT ?thing ?value WHERE "
    "{ ?thing cg:administeredBy?/cg:hasCurrentMembership ?fact . ?fact org:role ?value }",
    "theme": "SELECT DISTINCT ?thing ?value WHERE { ?thing cg:hasTopic ?value }",
    _STANDING: "SELECT DISTINCT ?thing ?value WHERE { "
    "{ ?thing cg:administeredBy?/cg:hasCurrentMembership ?fact . BIND (concept:status-holds AS ?value) } UNION "
    "{ ?thing cg:administeredBy?/org:hasMembership ?fact . GRAPH ?facts { ?fact cg:status ?value } } } {values}",
}
"""Every thing with each of its values, by facet; `?facts` is the graph of statuses."""
_STATED: Final = "SELECT DISTINCT ?thing WHERE { ?thing a ?class }"
_IGNORED: Final = frozenset({"lang", "as_of", "sort", "page"})
_Values = Mapping[str, AbstractSet[str]]


@dataclass(frozen=True, slots=True)
class FacetIndex:
    """What the facets say of every thing of a version on a day; `left_out` are those that could not be asked."""

    values: Mapping[str, _Values]
    left_out: tuple[str, ...] = ()

    def of(self, facet: str, things: AbstractSet[str]) -> dict[str, AbstractSet[str]]:
        """The things that have each value, the value that most have first; of those in `things` alone."""
        found: dict[str, set[str]] = defaultdict(set)
        by_thing = self.values.get(facet, {})
        for thing in things if len(things) < len(by_thing) else by_thing.keys() & things:
            for value in by_thing.get(thing, ()):
                found[value].add(thing)
        return dict(sorted(found.items(), key=lambda item: (-len(item[1]), item[0])))


def facet_index(store: Store, manifest: Manifest) -> FacetIndex:
    """All facets of a version: one query for each."""
    values, left_out = {}, []
    # Without the graph of statuses nothing is known of what does not hold.
    facts = values_block(["facts"], [[Iri(each)] for each in manifest.lifted_graphs[-1:]])
    for facet, query in _PAIRS.items():
        try:
            values[facet] = _pairs(store, query.replace("{values}", facts))
        except (QueryError, StoreTimeout):
            left_out.append(facet)
    try:
        stated = store.query(_STATED, graphs=[Iri(each) for each in manifest.asserted_graphs])
        named = store.query(_STATED)
    except (QueryError, StoreTimeout):
        left_out.append(_ORIGIN)
    else:
        said = _things(stated)
        values[_ORIGIN] = {each: frozenset({"stated" if each in said else "derived"}) for each in _things(named)}
    return FacetIndex(values, tuple(left_out))


def _pairs(store: Store, query: str) -> _Values:
    found: dict[str, set[str]] = defaultdict(set)
    answer = store.query(_PREFIXES + query)
    for row in answer if isinstance(answer, Solutions) else ():
        thing, value = row.get("thing"), row.get("value")
        if isinstance(thing, Iri) and isinstance(value, Iri):
            found[thing.value].add(value.value)
    return found


def _things(answer: object) -> AbstractSet[str]:
    rows = answer if isinstance(answer, Solutions) else ()
    return {each.value for row in rows if isinstance(each := row["thing"], Iri)}


# -- what a reader chose ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value as the page tells it: how many things have it, and where it leads."""

    text: str
    count: int
    href: str
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Facet:
    """One facet as the page tells it.

    Attributes:
        name: as in the address.
        title: as people read it.
        values: those that most things have.
        more: the others that have a link of their own.
        hidden: how many there are besides, which a name typed leads to.
        all_href: the list without a choice here; empty when none is made.
    """

    name: str
    title: str
    values: tuple[FacetValue, ...]
    more: tuple[FacetValue, ...] = ()
    hidden: int = 0
    all_href: str = ""


@dataclass
class _Choice:
    """What an address chooses of the facets of one kind: the values by facet, and what could not be understood."""

    page: Page
    kind: Kind
    index: FacetIndex
    things: AbstractSet[str]
    chosen: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def read(self) -> None:
        """Read the address; what it says that is no facet or no value of one is told and left out."""
        for name, said in self.page.request.query_params.items():
            if name in _IGNORED or not said.strip():
                continue
            offered = self.index.of(name, self.things) if name in self.index.values else {}
            if not offered:
                self.faults += self._unknown_facet(name)
            elif value := self._value(said.strip(), offered):
                self.chosen[name] = value
            else:
                self.faults += self._unknown_value(name, said.strip()[:100], offered)

    def _unknown_facet(self, name: str) -> list[str]:
        titles = {each: self.title(each) for each in self.index.values if self.index.of(each, self.things)}
        names = {plain(word): each for each, title in titles.items() for word in (each, title)}
        near = difflib.get_close_matches(plain(name), names, n=1)
        known = ", ".join(f"{each} ({title})" for each, title in titles.items())
        fix = sentence("facets.known", known=known) if known else sentence("facets.none")
        if near:
            fix = sentence("facets.mean", guess=names[near[0]])
        return as_fault(QueryError(sentence("facets.unknown", name=name[:60]), fix=fix), self.page.language)

    def _unknown_value(self, facet: str, said: str, offered: Mapping[str, AbstractSet[str]]) -> list[str]:
        names = {plain(name): value for value in offered for name in self._names(value)}
        near = difflib.get_close_matches(plain(said), names, n=3, cutoff=0.6)
        guesses = list(dict.fromkeys(self.text(names[each]) for each in near)) or [
            self.text(each) for each in list(offered)[:5]
        ]
        fix = sentence("next.mean", guesses=", ".join(guesses))
        error = QueryError(sentence("facets.unknown_value", facet=self.title(facet), said=said), fix=fix)
        return as_fault(error, self.page.language)

    def _value(self, said: str, offered: Mapping[str, AbstractSet[str]]) -> str:
        """The value that is called so: by the end of its address, or by any of its names."""
        wanted = plain(said)
        return next((each for each in offered if self.slug(each) == said.lower()), "") or next(
            (each for each in offered if any(plain(name) == wanted for name in self._names(each))), ""
        )

    def _names(self, value: str) -> Iterator[str]:
        graph = self.page.graph
        yield from (graph.label(value, language) for language in ("nb", "en"))
        yield from (name for name, *_ in graph.directory.names(value))

    def slug(self, value: str) -> str:
        """What stands for a value in an address."""
        node = self.page.graph.directory.node(value)
        slug = node.slug if node is not None and node.slug else value
        return slug.removeprefix("status-")

    def text(self, value: str) -> str:
        """What people call a value."""
        if value in {"stated", "derived"}:
            return self.page.words(f"fact.{value}")
        return self.page.formatter.iri(value).text

    def title(self, facet: str) -> str:
        """What people call a facet."""
        return self.page.words(f"facet.{facet}")

    def having(self, chosen: Mapping[str, str]) -> AbstractSet[str]:
        """The things that have all these values."""
        found = self.things
        for facet, value in chosen.items():
            by_thing = self.index.values[facet]
            found = {each for each in found if value in by_thing.get(each, ())}
        return found

    def href(self, chosen: Mapping[str, str], **more: str) -> str:
        """The address of the list with these values, on the day that is shown; sorted by a column, or another page of it."""
        given = {facet: self.slug(value) for facet, value in sorted(chosen.items())}
        as_of = "" if self.faults else self.page.request.query_params.get("as_of", "").strip()
        return self.page.urls.kind(self.kind.name, {**given, "as_of": as_of, **more})

    def facets(self) -> list[Facet]:
        """The facets that tell the things apart; a page that is a file offers no two choices at once."""
        is_file = bool(self.page.request.scope.get("citygraph.static"))
        shown = list(self.index.values) if not (is_file and self.chosen) else list(self.chosen)
        return [each for name in shown if (each := self._facet(name, is_file=is_file)) is not None]

    def _facet(self, name: str, *, is_file: bool) -> Facet | None:
        others = {facet: value for facet, value in self.chosen.items() if facet != name}
        things = self.having(others)
        offered = self.index.of(name, things)
        tells_apart = any(len(each) < len(things) for each in offered.values()) and (
            name != _ORIGIN or len(offered) > 1
        )
        if not offered or not (tells_apart or name in self.chosen):
            return None
        values = [
            FacetValue(
                self.text(value),
                len(having),
                self.href({**others, name: value}),
                chosen=self.chosen.get(name) == value,
            )
            for value, having in list(offered.items())[: _MOST_IN_FILES if is_file else _MOST_SHOWN]
        ]
        mine = self.chosen.get(name, "")
        if mine and not any(each.chosen for each in values):
            values.insert(0, FacetValue(self.text(mine), len(offered[mine]), self.href(self.chosen), chosen=True))
        top = values[:_MOST_SHOWN]
        return Facet(
            name,
            self.title(name),
            tuple(top),
            more=tuple(values[_MOST_SHOWN:]),
            hidden=max(len(offered) - len(values), 0),
            all_href=self.href(others) if mine else "",
        )


# -- the page --------------------------------------------------------------------------------------------


@kindly
def kind_list(request: Request) -> Response:
    """`/{kind}`: everything of one kind by name, or what is left of it by the facets that the address names."""
    page = Page(request)
    name, dot, ending = str(request.path_params["kind"]).partition(".")
    kind = kind_named(name)
    if kind is not None and not dot:
        dot = ending = wanted_format(request, JSON)
    wanted = kind is not None and (not dot or ending == "json")
    ordered = _all_of(page, kind) if kind and wanted else []
    if kind is None or not ordered:
        raise NotFound(request.url.path, _near(page, name))
    choice, day, values = _choice_of(page, kind, frozenset(ordered))
    left = choice.having(choice.chosen)
    if dot and choice.faults:
        raise QueryError(choice.faults[0], fix=" ".join(choice.faults[1:]))
    shown = [iri for iri in ordered if iri in left] if choice.chosen else ordered
    if dot:
        things = [
            {"iri": iri, "name": page.graph.label(iri, page.language), "page": page.urls.entity(iri)} for iri in shown
        ]
        return json_response(request, {"kind": kind.name, "count": len(things), "things": things})
    part = _part_of(choice, values, shown)
    return page.render(
        "kind.html",
        status=400 if choice.faults else 200,
        kind=kind,
        part=part,
        count=len(shown),
        whole=len(ordered),
        facets=choice.facets(),
        chosen=[
            (choice.title(facet), choice.text(value), choice.href(_without(choice.chosen, facet)))
            for facet, value in choice.chosen.items()
        ],
        given={facet: choice.slug(value) for facet, value in choice.chosen.items()},
        plain_href=page.urls.kind(kind.name),
        faults=choice.faults,
        left_out=[
            *(choice.title(each) for each in choice.index.left_out),
            *(column_name(each, page.words) for each in values.left_out),
        ],
        day=date_in_words(day, page.language),
        as_of=day if request.query_params.get("as_of") and not choice.faults else "",
    )


@dataclass(frozen=True, slots=True)
class ListHeading:
    """The heading of a column: what it says, where a click on it leads, and how the list is sorted by it, if it is."""

    text: str
    href: str
    order: str = ""


@dataclass(frozen=True, slots=True)
class ListPart:
    """A page of a list: its columns and rows, and where the pages before and behind it are."""

    headings: tuple[ListHeading, ...]
    rows: Sequence[ListRow]
    number: int
    pages: int
    before: str
    behind: str


def _part_of(choice: _Choice, values: ListValues, things: Sequence[str]) -> ListPart:
    """The page of a list that the address names, sorted as it says; what it says wrong is told."""
    page, asked = choice.page, choice.page.request.query_params
    columns = columns_said(values, things)
    names = {"name": page.words.code("column", "name"), **{each.name: column_name(each.name, page.words) for each in columns}}  # fmt: skip
    order, number = asked.get("sort", "").strip(), asked.get("page", "").strip() or "1"
    if order and order.removeprefix("-") not in names:
        known = ", ".join(f"{name} ({title})" for name, title in names.items())
        fix = sentence("facets.columns", known=known)
        choice.faults += as_fault(QueryError(sentence("facets.no_column", name=order[:60]), fix=fix), page.language)
        order = ""
    is_file = bool(page.request.scope.get("citygraph.static"))
    size = _MOST_LISTED if is_file else _AT_ONCE
    pages = 1 if is_file else max(-(-len(things) // size), 1)
    if not (number.isascii() and number.isdigit() and len(number) < len("1234567") and 1 <= int(number) <= pages):
        error = QueryError(sentence("facets.no_page", number=number[:20]), fix=sentence("facets.pages", count=pages))
        choice.faults += as_fault(error, page.language)
        number = "1"
    if order.removeprefix("-") == "name":
        things = things[::-1] if order.startswith("-") else things
    elif order:
        things = sorted_by(page, values, things, order)
    at = int(number)

    def href(name: str) -> str:
        # Numbers and days are looked for from the top.
        column = next((each for each in columns if each.name == name), None)
        down = column is not None and column.shows != "all"
        first, then = (f"-{name}", name) if down else (name, f"-{name}")
        return choice.href(choice.chosen, sort=then if order == first else first)

    def shown(name: str) -> str:
        # The list is by name as long as nothing else is asked for.
        by, is_down = order.removeprefix("-") or "name", order.startswith("-")
        return ("descending" if is_down else "ascending") if name == by else ""

    def other(number: int) -> str:
        return choice.href(choice.chosen, sort=order, page=str(number)) if 1 <= number <= pages else ""

    return ListPart(
        tuple(ListHeading(title, "" if is_file else href(name), shown(name)) for name, title in names.items()),
        list_rows(page, values, things[(at - 1) * size : at * size], columns),
        at,
        pages,
        other(at - 1),
        other(at + 1),
    )


def _without(chosen: Mapping[str, str], facet: str) -> dict[str, str]:
    return {each: value for each, value in chosen.items() if each != facet}


def _all_of(page: Page, kind: Kind) -> Sequence[str]:
    """Everything of a kind, by name."""
    return page.memory.once(
        ("list", kind.name, page.language),
        str(page.graph.snapshot.folder),
        lambda: page.graph.directory.things(kind.name, language=page.language),
    )


def _near(page: Page, slug: str) -> Sequence[tuple[str, str]]:
    hits = nearest_things(page.graph, slug)
    return [(page.graph.label(hit.iri, page.language), page.urls.entity(hit.iri)) for hit in hits]


def _choice_of(page: Page, kind: Kind, things: AbstractSet[str]) -> tuple[_Choice, str, ListValues]:
    """What the address chooses, the day that it is shown for, and what the columns say on it."""
    graph, faults = page.graph, []
    folder, store, manifest, key = graph.snapshot.folder, graph.store, graph.manifest, "facets"
    try:
        as_of = other_day(page.request.query_params.get("as_of", ""), manifest.as_of)
    except QueryError as error:
        as_of, faults = None, as_fault(error, page.language)
    if as_of is not None:
        day, store = day_of(page.request, as_of)
        folder, manifest, key = day.folder, day.manifest, "facets of another day"
        page.name_as_of(day)

    def make() -> FacetIndex:
        return facet_index(store, manifest)

    # Mere records have nothing that people would look for them by.
    index = FacetIndex({}) if kind == FALLBACK else page.memory.once(key, str(folder), make)
    choice = _Choice(page, kind, index, things, faults=faults)
    choice.read()
    columns = page.memory.once(("columns", kind.name, key), str(folder), lambda: list_values(kind, store))
    return choice, manifest.as_of, columns
