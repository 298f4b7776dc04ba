"""What stands beside the names in the list of a kind: a network's members, seat and year, a person's offices, a document's day.

A column is what one query over the version says of all things of the kind at once, kept with it. Rows are sorted by a column
that the address names, the empty ones last.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from citygraph.errors import QueryError, StoreTimeout
from citygraph.labels import Kind
from citygraph.rdf import Iri, Term
from citygraph.rdf import Literal as Text
from citygraph.results import Solutions
from citygraph.store import Store
from citygraph.web.pages.page import Page
from citygraph.web.pages.terms import ShownTerm

_Shows: TypeAlias = Literal["all", "count", "latest"]
_INTEGER: Final = Iri("http://www.w3.org/2001/XMLSchema#integer")
_MOST: Final = 3
"""Values of one cell; how many there are besides is told."""
_PREFIXES: Final = """
PREFIX cg:      <https://w3id.org/citygraph/ontology#>
PREFIX concept: <https://w3id.org/citygraph/concept/>
PREFIX dct:     <http://purl.org/dc/terms/>
PREFIX org:     <http://www.w3.org/ns/org#>
PREFIX prov:    <http://www.w3.org/ns/prov#>
PREFIX schema:  <https://schema.org/>
PREFIX skos:    <http://www.w3.org/2004/02/skos/core#>
"""
_IN_NETWORKS: Final = "cg:hasCurrentMembership ?fact . ?fact org:organization ?value . ?value a cg:CityNetwork"


@dataclass(frozen=True, slots=True)
class ListColumn:
    """One column: its name as in answers, the things with each value, and what of the values is shown.

    The query selects `?thing` and `?value`, and `?as` for what the thing is there, which stands before the value; a thing
    with `#` in its address is a part of the one before the sign.
    """

    name: str
    where: str
    shows: _Shows = "all"


_UNIT: Final = (
    ListColumn("network", "?thing org:unitOf ?value"),
    ListColumn("leader", "?fact org:organization ?thing ; a cg:CurrentMembership ; org:member ?value . ?fact org:role/org:roleProperty org:headOf"),
)  # fmt: skip
_COLUMNS: Final[Mapping[str, tuple[ListColumn, ...]]] = {
    "network": (
        ListColumn("members", "?fact org:organization ?thing ; a cg:CurrentMembership ; org:member ?value . ?fact org:role ?role . ?role org:roleProperty org:memberOf ; skos:broader concept:role-grade", "count"),
        ListColumn("seat", "?thing org:hasPrimarySite/schema:containedInPlace ?value"),
        ListColumn("founded", "?thing schema:foundingDate ?value"),
        ListColumn("confirmed", "?fact org:organization ?thing ; cg:asOf ?value", "latest"),
    ),
    "city": (
        ListColumn("country", "?thing cg:inCountry ?value"),
        ListColumn("network", f"?authority cg:administers ?thing ; {_IN_NETWORKS}"),
    ),
    "place": (ListColumn("country", "?thing cg:inCountry ?value"),),
    "country": (ListColumn("cities", "?value cg:inCountry ?thing ; a cg:City", "count"),),
    "authority": (
        ListColumn("place", "?thing cg:administers ?value"),
        ListColumn("network", f"?thing {_IN_NETWORKS}"),
    ),
    "person": (
        ListColumn("office", "?thing cg:hasCurrentMembership ?fact . ?fact org:organization ?value ; org:role ?as"),
    ),
    "working-group": _UNIT,
    "body": _UNIT,
    "document": (
        ListColumn("date", "?thing dct:date ?value"),
        ListColumn("facts", "?value prov:wasDerivedFrom ?thing", "count"),
    ),
    "theme": (ListColumn("network", "?value cg:hasTopic ?thing ; a cg:CityNetwork"),),
    "role": (ListColumn("holder", "?fact org:role ?thing ; a cg:CurrentMembership ; org:member ?value", "count"),),
}  # fmt: skip
_Value: TypeAlias = tuple[Term, Term | None]
"""A value, and what the thing is there."""
_Values: TypeAlias = Mapping[str, Sequence[_Value]]


@dataclass(frozen=True, slots=True)
class ListCell:
    """What a list says of one thing in one column, each value with what the thing is there, and how many there are besides."""

    values: tuple[tuple[ShownTerm, str], ...] = ()
    more: int = 0


ListRow: TypeAlias = tuple[ShownTerm, tuple[ListCell, ...]]
"""A thing and its cells."""


@dataclass(frozen=True, slots=True)
class ListValues:
    """What the columns of a kind say of its things, by column and thing; `left_out` could not be asked."""

    columns: Mapping[ListColumn, _Values]
    left_out: tuple[str, ...] = ()


def list_values(kind: Kind, store: Store) -> ListValues:
    """All columns of a kind that have a value anywhere: one query for each."""
    found: dict[ListColumn, _Values] = {}
    left_out = []
    for column in _COLUMNS.get(kind.name, ()):
        try:
            answer = store.query(f"{_PREFIXES}SELECT DISTINCT ?thing ?value ?as WHERE {{ {column.where} }}")
        except (QueryError, StoreTimeout):
            left_out.append(column.name)
            continue
        by_thing: dict[str, list[_Value]] = defaultdict(list)
        for row in answer if isinstance(answer, Solutions) else ():
            thing, value = row.get("thing"), row.get("value")
            if isinstance(thing, Iri) and value is not None:
                by_thing[thing.value.partition("#")[0]].append((value, row.get("as")))
        if by_thing:
            found[column] = {thing: _shown(values, column.shows) for thing, values in by_thing.items()}
    return ListValues(found, tuple(left_out))


def _shown(values: Sequence[_Value], shows: _Shows) -> Sequence[_Value]:
    if shows == "count":
        return [(Text(str(len(set(values))), datatype=_INTEGER), None)]
    if shows == "latest":
        return [max(values, key=lambda each: each[0].value if isinstance(each[0], Text) else "")]
    return values


def columns_said(values: ListValues, things: Sequence[str]) -> list[ListColumn]:
    """The columns that say something of one of these things at least."""
    return [column for column, said in values.columns.items() if not said.keys().isdisjoint(things)]


def sorted_by(page: Page, values: ListValues, things: Sequence[str], order: str) -> Sequence[str]:
    """The things by a column, such as `members`, or `-members` for the other way round; those without a value last.

    Raises:
        KeyError: there is no such column.
    """
    name = order.removeprefix("-")
    column = {each.name: each for each in columns_said(values, things)}[name]
    said = values.columns[column]
    # Most things have the values of others: a country, a network.
    names = {term: page.formatter.term(term).text.casefold() for found in said.values() for term, _ in found}

    def key(thing: str) -> tuple[float, str]:
        first = min((term for term, _ in said[thing]), key=names.__getitem__)
        if isinstance(first, Text):
            return (float(first.value), "") if column.shows == "count" else (0, first.value)
        return 0, names[first]

    filled = [thing for thing in things if thing in said]
    return [*sorted(filled, key=key, reverse=order.startswith("-")), *(each for each in things if each not in said)]


def list_rows(page: Page, values: ListValues, things: Sequence[str], columns: Sequence[ListColumn]) -> list[ListRow]:
    """The rows of some things."""
    return [
        (page.formatter.iri(thing), tuple(_cell(page, values.columns[each].get(thing, ())) for each in columns))
        for thing in things
    ]


def _cell(page: Page, values: Sequence[_Value]) -> ListCell:
    term = page.formatter.term
    shown = sorted(((term(value), term(is_).text) for value, is_ in values), key=lambda each: each[0].text.casefold())
    return ListCell(tuple(shown[:_MOST]), max(len(shown) - _MOST, 0))
