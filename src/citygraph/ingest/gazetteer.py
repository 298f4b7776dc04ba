"""The cities and regions that are known, from the graph and from the list itself, and how names find them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from citygraph.matching.names import Form, exonyms, homonyms, read_name
from citygraph.matching.near import nearest
from citygraph.matching.score import Wanted, name_score, nearness
from citygraph.matching.things import Name, Thing
from citygraph.namespaces import CG
from citygraph.rdf import Iri, Triple

__all__ = [
    "Asked",
    "Body",
    "Gazetteer",
    "bears_several",
    "bodies_of",
    "is_close",
    "is_homonym",
    "is_region_name",
]

_ADMINISTERS: Final = CG + "administers"
_REGION: Final = re.compile(
    r"\b(?:region|regione|regionen|regional|county|fylke|fylkeskommune|province|provincia|voivodeship|wojewodztwo|oblast|"
    r"prefecture|prefeitura regional|landkreis|kreis|generalitat|diputacion|departement|conseil regional|landsting|"
    r"regierungsbezirk|metropolitan area|metropolitan region|metropole|eurometropole|metropolregion|metropolitana|metropolia|"
    r"metropoolregio|kanton|canton|cantone|bundesland|freistaat|comunidad|comunitat|junta de|xunta|lansstyrelsen|\w{4,}regionen|"
    r"ile de france|greater (?:london|manchester)|combined authority|london borough|lan|maakunta|zupanija|kraj|judetul|"
    r"apskritis|grand (?:lyon|paris)|voivodeship|verband region)\b"
)  # fmt: skip
_CONNECTING: Final = frozenset(
    [
        "am",
        "an",
        "auf",
        "bei",
        "im",
        "in",
        "upon",
        "on",
        "under",
        "by",
        "i",
        "pa",
        "de",
        "del",
        "den",
        "der",
        "la",
        "le",
        "les",
        "sur",
        "sous",
        "ob",
        "nad",
        "na",
        "en",
        "aan",
    ]
)
# Names that several cities of one country bear, so that the country alone decides nothing. Written for this program.
_SEVERAL: Final = {
    "DE": "frankfurt halle neustadt rothenburg freyburg homburg naumburg",
    "GB": "newcastle richmond ashford",
    "US": "portland springfield columbia columbus aurora arlington pasadena glendale peoria rochester charleston "
    "jacksonville jackson wilmington lakewood bloomington burlington richmond concord fayetteville greenville lafayette "
    "manchester salem athens augusta newark troy vienna newcastle alexandria birmingham dover lincoln madison washington "
    "franklin clinton georgetown fairfield chester marion",
    "NO": "nes os sande bo heroy valer",
}
_LEAST_ALIKE: Final = 0.72
_SHORTEST_NEAR: Final = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """A city as a row names it.

    Args:
        name: cleaned, without what stands behind a comma or in brackets.
        qualifier: what stood there when it was no country: "(Oder)".
        country: two letters, empty when not said.
        region: as compared by `region_of`.
        point: latitude and longitude.
    """

    name: str
    qualifier: str = ""
    country: str = ""
    region: str = ""
    point: tuple[float, float] | None = None

    @property
    def label(self) -> str:
        """The name with what tells it apart."""
        return f"{self.name} ({self.qualifier})" if self.qualifier else self.name


@dataclass(slots=True)
class Body:
    """A city or region that can be a member: the authority, and the place that it governs."""

    authority: str
    place: str
    name: str
    country: str = ""
    kind: str = "city"
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
        self._first: dict[tuple[str, str], list[tuple[Body, list[str]]]] = defaultdict(list)
        self._cores: dict[str, tuple[list[str], list[tuple[Body, Form]]]] = defaultdict(lambda: ([], []))
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
            cores, entries = self._cores[body.country]
            cores.append(form.core)
            entries.append((body, form))
            words = form.core.split()
            if words:
                self._first[body.country, words[0]].append((body, words))

    def exact(self, form: Form, *, region: bool) -> list[Body]:
        """Whatever bears this name in some spelling, the sort that is asked for before the other."""
        for index, keys in (
            (self._strong, (form.folded, form.core, form.nominative)),
            (self._weak, _spelled(form)),
        ):
            found: dict[int, Body] = {}
            for key in keys:
                if key:
                    found |= index.get(key, {})
            if found:
                wanted = "region" if region else "city"
                same = [body for body in found.values() if body.kind == wanted]
                # "Akershus" may be all that a list says of a county; "Oslo Region" is never the city.
                return same or ([] if region else list(found.values()))
        return []

    def near(self, form: Form, asked: Asked, least: float) -> list[tuple[Body, float]]:
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

    def _alike(self, form: Form, other: Form, body: Body, asked: Asked) -> float:
        thing = Thing(body.iri, (Name(body.name),), frozenset(), frozenset({body.country}))
        name = name_score(form, other, Wanted((form,), countries=frozenset({asked.country})), thing)
        return round((name + 0.4 * 100) / 1.4, 1)

    def _shorter_or_longer(self, form: Form, asked: Asked) -> Iterable[Body]:
        """Find "Frankfurt" beside "Frankfurt am Main": the one may be meant by the other."""
        mine = form.core.split()
        for body, theirs in self._first.get((asked.country, mine[0]), ()) if mine else ():
            less, more = sorted((mine, theirs), key=len)
            if len(less) == 1 < len(more) and more[1] in _CONNECTING:
                yield body


def _spelled(form: Form) -> tuple[str, ...]:
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
            yield _body(thing, authority, "region" if places == {"region"} else "city")
        elif "authority" in thing.kinds and (iri not in governs or governed.get(governs[iri]) != iri):
            kind = "region" if is_region_name(thing.name()) else "city"
            yield _body(None, thing, kind, place_iri=governs.get(iri, ""))


def _body(place: Thing | None, authority: Thing | None, kind: str, *, place_iri: str = "") -> tuple[Body, list[str]]:
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


def is_region_name(name: str) -> bool:
    """Whether a name speaks of a county, province or region and not of a city."""
    form = read_name(name)
    return form.level == "county" or bool(_REGION.search(form.folded))


def is_homonym(core: str) -> bool:
    """Whether several well-known places bear this name."""
    return core in homonyms()


def bears_several(core: str, country: str) -> bool:
    """Whether several cities of this country bear the name."""
    return core in _SEVERAL.get(country, "").split()


def is_close(one: tuple[float, float] | None, other: tuple[float, float] | None) -> bool | None:
    """Whether two places are less than thirty kilometres apart; nothing when one is not known."""
    return nearness(one, other) > 0.0 if one and other else None
