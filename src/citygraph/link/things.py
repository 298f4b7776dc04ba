"""What is compared: names, kind, country, place on the map and codes, the same for our entities and for items."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from citygraph.labels import LABEL_PROPERTIES
from citygraph.link.items import Item
from citygraph.link.names import country_code
from citygraph.namespaces import CG, CONCEPT, PREFIXES
from citygraph.rdf import Iri, Literal, Quad, Term, Triple

__all__ = ["CODE_PROPERTIES", "KINDS", "Name", "Thing", "thing_of_item", "things_of"]

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

# Items that say what an item is (P31). A municipality of Norway or Sweden is the authority; elsewhere the
# same item stands for the place as well.
_ITEM_KINDS: Final = {
    "city": (
        "Q515", "Q1549591", "Q486972", "Q3957", "Q532", "Q5119", "Q1637706", "Q200250", "Q1093829", "Q208511",
        "Q7930989", "Q15253706", "Q2264924", "Q902814", "Q1907114", "Q42744322", "Q174844", "Q133442", "Q515716",
    ),
    "authority": ("Q755707", "Q127448", "Q327333", "Q15911738", "Q837766", "Q192299", "Q3685462", "Q18663566"),
    "city authority": (
        "Q15284", "Q484170", "Q747074", "Q262166", "Q2039348", "Q493522", "Q2074737", "Q22865", "Q2989398",
        "Q1906268", "Q856076", "Q70208", "Q667509", "Q13217644", "Q3184121", "Q640364", "Q1131296",
    ),
    "region": ("Q82794", "Q10864048", "Q13220204", "Q36784", "Q16110", "Q200547", "Q1221156", "Q5390013", "Q1907114"),
    "country": ("Q6256", "Q3624078", "Q7270", "Q3336843"),
    "person": ("Q5",),
    "network": ("Q43229", "Q484652", "Q163740", "Q79913", "Q4120211", "Q15925165", "Q48204", "Q1391145", "Q1393724"),
}  # fmt: skip
_KINDS_OF_ITEM: Final = {item: frozenset(kinds.split()) for kinds, items in _ITEM_KINDS.items() for item in items}
_TYPE: Final = PREFIXES["rdf"] + "type"
_ALT: Final = PREFIXES["skos"] + "altLabel"
_COUNTRY: Final = CG + "inCountry"
_ADMINISTERS: Final = CG + "administers"
_IDENTIFIER: Final = PREFIXES["adms"] + "identifier"
_NOTATION: Final = PREFIXES["skos"] + "notation"
_KIND_OF_CODE: Final = PREFIXES["dct"] + "type"
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
    """One thing as far as it can be compared."""

    id: str
    names: tuple[Name, ...]
    kinds: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    point: tuple[float, float] | None = None
    codes: frozenset[tuple[str, str]] = frozenset()
    description: str = ""
    classes: tuple[str, ...] = ()

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
    found: dict[str, Thing] = {}
    for iri in list(said):
        classes = {term.value for term in said[iri].get(_TYPE, ()) if isinstance(term, Iri)}
        known = tuple(each for each in KINDS if each in classes)
        names = _names(said[iri])
        if known and names:
            found[iri] = _thing(iri, names, known, said)
    return found


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


def thing_of_item(item: Item) -> Thing:
    """An item of Wikidata as a thing."""
    names = [Name(text, language) for language, text in item.labels.items()]
    names += [Name(text, language, main=False) for language, texts in item.aliases.items() for text in texts]
    kinds: frozenset[str] = frozenset().union(*(_KINDS_OF_ITEM.get(each, frozenset()) for each in item.values("P31")))
    codes = {(key, plain_code(text)) for key in CODE_PROPERTIES.values() for text in item.values(key)}
    countries = {country_code(each) for each in item.values("P17")}
    if "country" in kinds:
        countries |= {country_code(item.id), *(country_code(each) for each in item.values("P297"))}
    return Thing(
        id=item.id,
        names=tuple(dict.fromkeys(names)),
        kinds=kinds,
        countries=frozenset(countries - {""}),
        point=next((point for each in item.values("P625") if (point := _coordinates(each)) is not None), None),
        codes=frozenset(codes),
        description=item.descriptions.get("en") or next(iter(item.descriptions.values()), ""),
    )


def _coordinates(text: str) -> tuple[float, float] | None:
    latitude, slash, longitude = text.partition("/")
    try:
        return (float(latitude), float(longitude)) if slash else None
    except ValueError:
        return None
