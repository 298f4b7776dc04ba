"""What is compared: names, kind, country, place on the map and codes of a thing."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from citygraph.labels import LABEL_PROPERTIES
from citygraph.matching.names import country_code
from citygraph.namespaces import CG, CONCEPT, PREFIXES
from citygraph.rdf import Iri, Literal, Quad, Term, Triple

CODE_PROPERTIES: Final = {
    "id-kommunenummer": "P2504",
    "id-orgnr": "P2333",
    "id-geonames": "P1566",
    "id-iso-3166-1-alpha-2": "P297",
    "id-iso-3166-1-alpha-3": "P298",
    "id-iso-3166-2": "P300",
    "id-nuts-2021": "P605",
    "id-un-locode": "P1937",
    "id-ror": "P6782",
    "id-isni": "P213",
}
"""Our kinds of identifiers, and the property of Wikidata for each."""

KINDS: Final = {
    CG + "City": "city",
    CG + "Region": "region",
    CG + "Country": "country",
    CG + "CityNetwork": "network",
    PREFIXES["cv"] + "PublicOrganisation": "authority",
    PREFIXES["foaf"] + "Person": "person",
    PREFIXES["skos"] + "Concept": "concept",
}
"""Our classes in the order in which they name a thing, and what each is for the comparison."""

_TYPE: Final = PREFIXES["rdf"] + "type"
_ALT: Final = PREFIXES["skos"] + "altLabel"
_COUNTRY: Final = CG + "inCountry"
_ADMINISTERS: Final = CG + "administers"
_IDENTIFIER: Final = PREFIXES["adms"] + "identifier"
_NOTATION: Final = PREFIXES["skos"] + "notation"
_KIND_OF_CODE: Final = PREFIXES["dct"] + "type"
_MEASURED: Final = PREFIXES["schema"] + "measuredProperty"
_ABOUT: Final = PREFIXES["schema"] + "observationAbout"
_OBSERVED_ON: Final = PREFIXES["schema"] + "observationDate"
_VALUE: Final = PREFIXES["schema"] + "value"
_LATITUDE: Final = PREFIXES["schema"] + "latitude"
_LONGITUDE: Final = PREFIXES["schema"] + "longitude"


@dataclass(frozen=True, slots=True)
class Name:
    """One name; `main` when it is the label and not an alias."""

    text: str
    language: str = ""
    main: bool = True


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing as far as it can be compared; `population` is 0 when it is not known."""

    id: str
    names: tuple[Name, ...]
    kinds: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    point: tuple[float, float] | None = None
    codes: frozenset[tuple[str, str]] = frozenset()
    description: str = ""
    classes: tuple[str, ...] = ()
    population: float = 0.0

    def name(self, language: str = "en") -> str:
        """The label in that language, else any, else the id."""
        labels = [each for each in self.names if each.main] or list(self.names)
        wanted = [each for each in labels if each.language == language]
        return (wanted or labels)[0].text if labels else self.id


def things_of(triples: Iterable[Triple | Quad]) -> dict[str, Thing]:
    """Every named thing of ours of a kind that is compared, by IRI."""
    said: dict[str, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
    for triple in triples:
        if isinstance(triple.subject, Iri):
            said[triple.subject.value][triple.predicate.value].append(triple.object)
    populations = _populations(said)
    found: dict[str, Thing] = {}
    for iri in list(said):
        classes = {term.value for term in said[iri].get(_TYPE, ()) if isinstance(term, Iri)}
        known = tuple(each for each in KINDS if each in classes)
        names = _names(said[iri])
        if known and names:
            thing = _thing(iri, names, known, said)
            found[iri] = replace(thing, population=populations[iri]) if iri in populations else thing
    return found


def _populations(said: Mapping[str, Mapping[str, list[Term]]]) -> dict[str, float]:
    """How many live in a place: the latest observation of a property that is called so, or the greatest without a date."""
    dated: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for iri in said:
        if any("population" in each.rpartition("/")[2].casefold() for each in _iris(said, iri, _MEASURED)):
            day = max(_texts(said, iri, _OBSERVED_ON), default="")
            for place in _iris(said, iri, _ABOUT):
                dated[place] += [(day, number) for text in _texts(said, iri, _VALUE) if (number := number_of(text))]
    return {place: max(found)[1] for place, found in dated.items() if found}


def number_of(text: str) -> float:
    """A number above 0; 0 for every other text.

    >>> number_of("+709037"), number_of("many"), number_of("nan")
    (709037.0, 0.0, 0.0)
    """
    try:
        number = float(text)
    except ValueError:
        return 0.0
    return number if math.isfinite(number) and number > 0 else 0.0


def _names(said: Mapping[str, list[Term]]) -> tuple[Name, ...]:
    found: dict[tuple[str, str], Name] = {}
    for property_ in (*LABEL_PROPERTIES, _ALT):
        for term in said.get(property_, ()):
            if isinstance(term, Literal) and term.value.strip():
                name = Name(term.value, term.language or "", main=property_ != _ALT)
                found.setdefault((name.text, name.language), name)
    return tuple(found.values())


def _thing(
    iri: str, names: tuple[Name, ...], classes: tuple[str, ...], said: Mapping[str, Mapping[str, list[Term]]]
) -> Thing:
    places = [iri, *_iris(said, iri, _ADMINISTERS)]
    countries = {country_code(each) for place in places for each in _iris(said, place, _COUNTRY)}
    kinds = frozenset(KINDS[each] for each in classes)
    codes = set(_codes(said, iri))
    if "country" in kinds:
        countries.add(country_code(iri))
        codes |= {(CODE_PROPERTIES["id-iso-3166-1-alpha-2"], each) for each in _texts(said, iri, _NOTATION)}
    return Thing(
        id=iri,
        names=names,
        kinds=kinds - {"concept"} or kinds,
        countries=frozenset(countries - {""}),
        point=next((point for place in places if (point := _point(said, place)) is not None), None),
        codes=frozenset(codes),
        classes=classes,
    )


def _codes(said: Mapping[str, Mapping[str, list[Term]]], iri: str) -> Iterable[tuple[str, str]]:
    for identifier in _iris(said, iri, _IDENTIFIER):
        for kind in _iris(said, identifier, _KIND_OF_CODE):
            property_ = CODE_PROPERTIES.get(kind.removeprefix(CONCEPT))
            for notation in _texts(said, identifier, _NOTATION):
                if property_:
                    yield property_, plain_code(notation)


def plain_code(text: str) -> str:
    """A code as it is compared: no spaces, and of an address only its end."""
    return text.rstrip("/").rpartition("/")[2].replace(" ", "")


def _iris(said: Mapping[str, Mapping[str, list[Term]]], subject: str, property_: str) -> list[str]:
    found = said[subject].get(property_, ()) if subject in said else ()
    return [term.value for term in found if isinstance(term, Iri)]


def _texts(said: Mapping[str, Mapping[str, list[Term]]], subject: str, property_: str) -> list[str]:
    found = said[subject].get(property_, ()) if subject in said else ()
    return [term.value for term in found if isinstance(term, Literal)]


def _point(said: Mapping[str, Mapping[str, list[Term]]], iri: str) -> tuple[float, float] | None:
    try:
        return float(_texts(said, iri, _LATITUDE)[0]), float(_texts(said, iri, _LONGITUDE)[0])
    except (IndexError, ValueError):
        return None
