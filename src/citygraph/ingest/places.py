"""Well-known cities by their names; and what can be a member, found by name: cities, regions and organisations of the graph."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Final

from citygraph.ingest.kinds import BodyKind, is_region_name
from citygraph.matching.cities import exonyms, homonyms, other_names
from citygraph.matching.names import (
    NameForm,
    name_parts,
    one_of,
    plain,
    read_name,
    rows_of,
    word_lists,
    words_of,
)
from citygraph.matching.score import Wanted, name_score, nearest
from citygraph.matching.things import Name, Thing
from citygraph.namespaces import CG
from citygraph.rdf import Iri, Triple

_ADMINISTERS: Final = CG + "administers"
_LEAST_ALIKE: Final = 0.72
_SHORTEST_NEAR: Final = 5
_APART: Final = re.compile(r"[–—/|]|\s-\s")
_MOST_PARTS: Final = 3
_NUMBER: Final = re.compile(r"\d+|\b[ivx]+\b")


def spellings() -> list[str]:
    """The well-known cities as their countries write them."""
    return [name for _, *names in rows_of(__package__, "city_countries.txt") for name in names]


@cache
def _by_core() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for country, *names in rows_of(__package__, "city_countries.txt"):
        for name in names:
            found[read_name(name).core].add(country)
    return {name: frozenset(countries) for name, countries in found.items()}


def known_countries(core: str) -> frozenset[str]:
    """In which countries our own lists of well-known cities have this name; nothing for names that several bear.

    >>> sorted(known_countries("oslo")), sorted(known_countries("munich")), sorted(known_countries("valencia"))
    (['NO'], ['DE'], [])
    """
    if core in homonyms():
        return frozenset()
    return _by_core().get(core, frozenset()) | {city[:2] for city in other_names(core)}


def well_known_in(core: str) -> frozenset[str]:
    """The same of cities so well known that the name makes one think of them: a village of two names is none.

    >>> sorted(well_known_in("munich")), sorted(known_countries("kautokeino")), sorted(well_known_in("kautokeino"))
    (['DE'], ['NO'], [])
    """
    cities = _by_core()
    others = {city[:2] for city in other_names(core) if city[:2] in cities.get(city[3:], ())}
    return frozenset() if core in homonyms() else cities.get(core, frozenset()) | others


@dataclass(frozen=True, slots=True)
class WantedCity:
    """A city as a row names it.

    Args:
        name: cleaned, without what stands behind a comma or in brackets.
        qualifier: what stood there when it was no country: "(Oder)".
        country: two letters, empty when not said.
        region: as compared by `region_of`.
        point: latitude and longitude.
        kind: when the list or a person says it; nothing when only the name can tell.
        speaks_of: the word with which the name speaks of an organisation; empty when it does not, or the kind is said.
    """

    name: str
    qualifier: str = ""
    country: str = ""
    region: str = ""
    point: tuple[float, float] | None = None
    kind: BodyKind | None = None
    speaks_of: str = field(default="", compare=False)

    @property
    def label(self) -> str:
        """The name with what tells it apart."""
        return f"{self.name} ({self.qualifier})" if self.qualifier else self.name

    @property
    def sought(self) -> BodyKind:
        """The kind that is said, else a region or a city by the words of the name."""
        return self.kind or (BodyKind.REGION if is_region_name(self.name) else BodyKind.CITY)


@dataclass(slots=True)
class Body:
    """What can be a member: the authority of a city or region with the place that it governs, or an organisation."""

    authority: str
    place: str
    name: str
    country: str = ""
    kind: BodyKind = BodyKind.CITY
    qualifier: str = ""
    region: str = ""
    point: tuple[float, float] | None = None
    is_new: bool = False

    @property
    def iri(self) -> str:
        """What names it: the authority when there is one."""
        return self.authority or self.place


class Gazetteer:
    """Bodies found by their names."""

    def __init__(self, bodies: Iterable[tuple[Body, Iterable[str]]] = ()) -> None:
        """Take every name of every body apart, once."""
        self.bodies: list[Body] = []
        self.by_iri: dict[str, Body] = {}
        self._strong: dict[str, dict[int, Body]] = defaultdict(dict)
        self._weak: dict[str, dict[int, Body]] = defaultdict(dict)
        self._parts: dict[str, dict[int, Body]] = defaultdict(dict)
        self._first: dict[tuple[str, str], list[tuple[Body, list[str]]]] = defaultdict(list)
        self._cores: dict[str, tuple[list[str], list[tuple[Body, NameForm]]]] = defaultdict(lambda: ([], []))
        for body, names in bodies:
            self.add(body, names)

    def add(self, body: Body, names: Iterable[str]) -> None:
        """A body with its names; names that it has already do no harm."""
        if body.iri not in self.by_iri:
            self.bodies.append(body)
        self.by_iri |= {each: body for each in (body.authority, body.place) if each}
        for name in names:
            form = read_name(name)
            for key in (form.folded, form.core, form.nominative):
                if key:
                    self._strong[key][id(body)] = body
            for other in exonyms(form.core, frozenset({body.country} if body.country else ())):
                self._strong[other][id(body)] = body
            for key in _spelled(form):
                self._weak[key][id(body)] = body
            for part in parts_of(name, hyphened=True):
                self._parts[read_name(part).core][id(body)] = body
            cores, entries = self._cores[body.country]
            cores.append(form.core)
            entries.append((body, form))
            words = form.core.split()
            if words:
                self._first[body.country, words[0]].append((body, words))

    def with_part(self, core: str) -> list[Body]:
        """Whatever has this name, as names are compared, for a part of its own: "Biel/Bienne" for Bienne."""
        return list(self._parts.get(core, {}).values())

    def is_named(self, form: NameForm, country: str) -> bool:
        """Whether a city, region or authority of that country bears the whole name, with every word of it."""
        return any(
            body.country in {country, ""} and body.kind is not BodyKind.ORGANISATION
            for body in self._strong.get(form.folded, {}).values()
        )

    def exact(self, form: NameForm, kind: BodyKind) -> list[Body]:
        """Whatever bears this name in some spelling, the kind that is asked for before another that may be meant."""
        for index, keys in (
            (self._strong, (form.folded, form.core, form.nominative)),
            (self._weak, _spelled(form)),
        ):
            found: dict[int, Body] = {}
            for key in keys:
                if key:
                    found |= index.get(key, {})
            if found:
                same = [body for body in found.values() if body.kind is kind]
                # "Akershus" may be all that a list says of a county; "Oslo Region" is never the city.
                return same or [body for body in found.values() if _may_be(body, kind)]
        return []

    def near(self, form: NameForm, asked: WantedCity, least: float) -> list[tuple[Body, float]]:
        """Bodies of the same country whose name is alike, with the likeness, 0 to 100; best first."""
        cores, entries = self._cores.get(asked.country, ([], []))
        found: dict[int, tuple[Body, float]] = {}
        if len(form.core) >= _SHORTEST_NEAR:
            for place in nearest(form.core, cores, least=_LEAST_ALIKE):
                body, other = entries[place]
                alike = self._alike(form, other, body, asked)
                if alike >= least and alike > found.get(id(body), (body, 0.0))[1]:
                    found[id(body)] = (body, alike)
        for body in self._shorter_or_longer(form, asked):
            found.setdefault(id(body), (body, least))
        return sorted(found.values(), key=lambda each: (-each[1], each[0].iri))

    def _alike(self, form: NameForm, other: NameForm, body: Body, asked: WantedCity) -> float:
        thing = Thing(body.iri, (Name(body.name),), frozenset(), frozenset({body.country}))
        name = name_score(form, other, Wanted((form,), countries=frozenset({asked.country})), thing)
        return round((name + 0.4 * 100) / 1.4, 1)

    def _shorter_or_longer(self, form: NameForm, asked: WantedCity) -> Iterable[Body]:
        """Find "Frankfurt" beside "Frankfurt am Main": the one may be meant by the other."""
        mine = form.core.split()
        for body, theirs in self._first.get((asked.country, mine[0]), ()) if mine else ():
            less, more = sorted((mine, theirs), key=len)
            if len(less) == 1 < len(more) and more[1] in _connecting():
                yield body


def _may_be(body: Body, kind: BodyKind) -> bool:
    """Whether a body of another kind may be meant: a region by its bare name, an authority that governs no place."""
    return (kind is BodyKind.CITY and body.kind is BodyKind.REGION) or (
        kind is BodyKind.ORGANISATION and not body.place
    )


@lru_cache(maxsize=50_000)
def parts_of(name: str, *, hyphened: bool = False) -> tuple[str, ...]:
    """The parts of a name that may be names of their own; none when it has no such part.

    Args:
        name: as the list writes it.
        hyphened: also of "Altdorf-Vieilleville", unless the whole is a well-known city.

    >>> parts_of("Bolzano / Bozen"), parts_of("Oslo – Bergen – Hamar"), parts_of("Biel-Bienne")
    (('Bolzano', 'Bozen'), ('Oslo', 'Bergen', 'Hamar'), ())
    >>> parts_of("Altdorf-Vieilleville", hyphened=True), parts_of("Aix-en-Provence", hyphened=True)
    (('Altdorf', 'Vieilleville'), ())
    """
    parts = name_parts(name)
    if not parts or _APART.search(name):
        return parts
    words = {plain(parts[0].rpartition(" ")[2]), *map(plain, parts[1:])}
    is_one = len(parts) > _MOST_PARTS or words & _no_parts() or known_countries(read_name(name).core)
    return () if is_one or not hyphened else parts


def two_names(name: str) -> tuple[str, ...]:
    """The two names that a word or sign for "and" joins; none when there is no such word.

    >>> two_names("Malmö och Lund"), two_names("Stavanger & Sandnes"), two_names("Köln+Bonn"), two_names("Oslo")
    (('Malmö', 'Lund'), ('Stavanger', 'Sandnes'), ('Köln', 'Bonn'), ())
    """
    parts = _and().split(name, maxsplit=1)
    return tuple(part.strip() for part in parts) if len(parts) > 1 and all(map(str.strip, parts)) else ()


@cache
def _and() -> re.Pattern[str]:
    return re.compile(rf"\s*[&+=•→↔]\s*|\s+{one_of(words_of(__package__, 'places', 'between_two'))}\s+")


def are_other_names(one: NameForm, other: NameForm) -> bool:
    """Whether two names that are alike are no slip of each other: another first sound, or another number.

    >>> are_other_names(read_name("Lévignac"), read_name("Sévignac")), are_other_names(read_name("Zwickau"), read_name("Cvikov"))
    (True, False)
    >>> are_other_names(read_name("Marseille 08"), read_name("Marseille 01"))
    True
    >>> are_other_names(read_name("Budapest II. kerület"), read_name("Budapest XX. kerület"))
    True
    """
    first = one.core[:1] != other.core[:1] and one.sound[:1] != other.sound[:1] and one.core[1:2] == other.core[1:2]
    return first or _NUMBER.findall(one.core) != _NUMBER.findall(other.core)


@cache
def _no_parts() -> frozenset[str]:
    """What is no name of its own between hyphens."""
    return _connecting() | frozenset(map(plain, words_of(__package__, "places", "joining")))


def _spelled(form: NameForm) -> tuple[str, ...]:
    """Other spellings of one name; what only sounds alike may be another town, and is asked."""
    return tuple(
        key for key in form.keys if key not in {form.sound, form.acronym} or key in {form.folded, form.core, form.loose}
    )


def bodies_of(things: Mapping[str, Thing], triples: Iterable[Triple]) -> Iterable[tuple[Body, list[str]]]:
    """Every city, region and authority of the graph with all its names."""
    governs: dict[str, str] = {}
    for triple in triples:
        if (
            triple.predicate.value == _ADMINISTERS
            and isinstance(triple.subject, Iri)
            and isinstance(triple.object, Iri)
        ):
            governs.setdefault(triple.subject.value, triple.object.value)
    governed = {place: authority for authority, place in reversed(governs.items())}
    for iri, thing in things.items():
        places = thing.kinds & {"city", "region"}
        if places:
            authority = things.get(governed.get(iri, ""))
            yield _body(thing, authority, BodyKind.REGION if places == {"region"} else BodyKind.CITY)
        elif "authority" in thing.kinds and (iri not in governs or governed.get(governs[iri]) != iri):
            kind = BodyKind.REGION if is_region_name(thing.name()) else BodyKind.CITY
            yield _body(None, thing, kind, place_iri=governs.get(iri, ""))


def _body(
    place: Thing | None, authority: Thing | None, kind: BodyKind, *, place_iri: str = ""
) -> tuple[Body, list[str]]:
    either = place or authority
    if either is None:
        message = "a body is a place, an authority, or both"
        raise ValueError(message)
    names = [name.text for thing in (place, authority) if thing for name in thing.names]
    countries = sorted(either.countries)
    body = Body(
        authority=authority.id if authority else "",
        place=place.id if place else place_iri,
        name=either.name(),
        country=countries[0] if countries else "",
        kind=kind,
        qualifier=read_name(either.name()).qualifier,
        point=either.point,
    )
    return body, names


@cache
def _connecting() -> frozenset[str]:
    return frozenset(map(plain, words_of(__package__, "places", "connecting")))


def is_homonym(core: str) -> bool:
    """Whether several well-known places bear this name."""
    return core in homonyms()


def bears_several(core: str, country: str) -> bool:
    """Whether several cities of this country bear the name."""
    return core in word_lists(__package__, "places")["cities_of_one_name"].get(country, ())
