"""Items of Wikidata as data: names and statements; read from JSON and RDF, written back, and made things to compare."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from citygraph.matching.names import country_code
from citygraph.matching.things import CODE_PROPERTIES, Name, Thing, number_of, plain_code
from citygraph.namespaces import RDF_TYPE
from citygraph.rdf import BlankNode, Iri, Literal, Term, Triple

ENTITY: Final = "http://www.wikidata.org/entity/"
DAY, YEAR = 11, 9
"""Precisions of a time; below that of a year stand decade, century, millennium and more."""
UNKNOWN, NONE = "unknown", "none"
"""Kinds of values: there is one that nobody knows (somevalue), and there is none (novalue)."""
_DIRECT: Final = "http://www.wikidata.org/prop/direct/"
_PROP: Final = "http://www.wikidata.org/prop/"
_SIMPLE: Final = _PROP + "statement/"
_FULL: Final = _PROP + "statement/value/"
_NOVALUE: Final = _PROP + "novalue/"
_NOBODY_KNOWS: Final = "/.well-known/genid/"
"""In the address that stands for a value that nobody knows, where a blank node does not."""
_QUALIFIER: Final = _PROP + "qualifier/"
_QUALIFIER_FULL: Final = _PROP + "qualifier/value/"
_WIKIBASE: Final = "http://wikiba.se/ontology#"
_LABEL: Final = "http://www.w3.org/2000/01/rdf-schema#label"
_ALIAS: Final = "http://www.w3.org/2004/02/skos/core#altLabel"
_ABOUT: Final = "http://schema.org/description"
_SAME: Final = "http://www.w3.org/2002/07/owl#sameAs"
_DERIVED: Final = "http://www.w3.org/ns/prov#wasDerivedFrom"
_XSD: Final = "http://www.w3.org/2001/XMLSchema#"
_WKT: Final = "http://www.opengis.net/ont/geosparql#wktLiteral"
_Q: Final = re.compile(r"Q[1-9]\d{0,10}\Z")
_YEAR: Final = re.compile(r"-?\d+")
_MILLENNIUM: Final = 6
_POINT: Final = re.compile(r"Point\(\s*(-?[\d.]+)\s+(-?[\d.]+)\s*\)", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"https?://[^\s<>\"{}|\\^`]+\Z")
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


@dataclass(frozen=True, slots=True, order=True)
class ItemValue:
    """One value: an item's id, a text, a time cut to its precision, a number, or "latitude/longitude".

    Without a text it is `UNKNOWN` or `NONE`.
    """

    kind: str
    text: str
    precision: int = 0
    language: str = ""

    @property
    def is_known(self) -> bool:
        """Whether there is a value, and it is said which."""
        return self.kind not in {UNKNOWN, NONE}

    @property
    def years(self) -> tuple[int, int]:
        """The first and the last year that a time may mean: 1996 itself, of decades 1990 to 1999, of centuries 1901 to 2000.

        Raises:
            ValueError: it is no time.
        """
        found = _YEAR.match(self.text)
        if found is None:
            message = f"{self.text} has no year"
            raise ValueError(message)
        year = int(found[0])
        if not self.is_coarse:
            return year, year
        unit = 10 ** (YEAR - self.precision)
        if self.precision == YEAR - 1:
            return year // unit * unit, year // unit * unit + unit - 1
        last = -(-year // unit) * unit
        # What is less precise than a millennium is a number of years ago, give or take as many.
        return (last - unit + 1, last) if self.precision >= _MILLENNIUM else (year - unit, year + unit)

    @property
    def is_coarse(self) -> bool:
        """Whether it is a time that is known to the decade, or less."""
        return self.kind == "time" and 0 < self.precision < YEAR

    @property
    def words(self) -> str:
        """The value as it is shown: of a coarse time its years."""
        if not self.is_known:
            return f"{'no' if self.kind == NONE else 'unknown'} value"
        return "–".join(map(str, self.years)) if self.is_coarse else self.text


@dataclass(frozen=True, slots=True)
class ItemStatement:
    """One statement of an item."""

    property: str
    value: ItemValue
    rank: str = "normal"
    qualifiers: Mapping[str, tuple[ItemValue, ...]] = field(default_factory=dict)
    has_reference: bool = False


@dataclass(frozen=True, slots=True)
class WikidataItem:
    """One item; `redirect` is where it has been merged to, and `missing` that it has been deleted."""

    id: str
    labels: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    descriptions: Mapping[str, str] = field(default_factory=dict)
    statements: tuple[ItemStatement, ...] = ()
    redirect: str = ""
    missing: bool = False

    def of(self, property_: str) -> list[ItemStatement]:
        """The statements that count and say a value, if need be none: a preferred "no value" overrules normal ones."""
        return [each for each in self.best(property_) if each.value.is_known]

    def best(self, property_: str) -> list[ItemStatement]:
        """The statements that count: the preferred ones, else the normal ones; deprecated ones never."""
        return best_of(each for each in self.statements if each.property == property_)

    def values(self, property_: str) -> list[str]:
        """The texts of the values that count."""
        return [each.value.text for each in self.of(property_)]

    def label(self, *languages: str) -> str:
        """The first label there is, in the order of the languages; else any, else the id."""
        for language in (*languages, "mul", "en", "nb"):
            if language in self.labels:
                return self.labels[language]
        return next(iter(self.labels.values()), self.id)


def best_of(statements: Iterable[ItemStatement]) -> list[ItemStatement]:
    """Those with the best rank; deprecated ones never."""
    found = [each for each in statements if each.rank != "deprecated"]
    return [each for each in found if each.rank == "preferred"] or found


def plain_number(text: str) -> str:
    """A number without its plus sign, as Wikidata writes one."""
    return text.removeprefix("+")


def cut_time(text: str, precision: int) -> ItemValue:
    """A time cut to what is known: `1986`, `1986-05` or `1986-05-17`."""
    plain = text.removeprefix("+").partition("T")[0]
    length = {YEAR: 1, YEAR + 1: 2}.get(precision, 3 if precision >= DAY else 1)
    sign, plain = ("-", plain[1:]) if plain.startswith("-") else ("", plain)
    parts = plain.split("-")[:length]
    return ItemValue("time", sign + "-".join(parts), precision=min(precision, DAY))


# -- in JSON, as the API, the dumps and our own extracts write them -----------------------------------


def item_from_json(raw: Mapping[str, Any]) -> WikidataItem:
    """One item as `wbgetentities`, the dumps and our own extracts write it.

    Raises:
        KeyError, TypeError, AttributeError: it is not an item.
    """
    qid = str(raw["id"])
    if "missing" in raw:
        return WikidataItem(qid, missing=True)
    redirect = ""
    if "redirects" in raw:
        redirect, qid = str(raw["redirects"]["to"]), str(raw["redirects"]["from"])
    statements = [_statement(claim) for each in _mapping(raw.get("claims")).values() for claim in each]
    return WikidataItem(
        id=qid,
        labels={key: each["value"] for key, each in _mapping(raw.get("labels")).items()},
        aliases={key: tuple(one["value"] for one in each) for key, each in _mapping(raw.get("aliases")).items()},
        descriptions={key: each["value"] for key, each in _mapping(raw.get("descriptions")).items()},
        statements=tuple(statements),
        redirect=redirect,
    )


def _mapping(raw: object) -> dict[str, Any]:
    """MediaWiki writes an empty object as an empty list."""
    return raw if isinstance(raw, dict) else {}


def _statement(claim: Mapping[str, Any]) -> ItemStatement:
    return ItemStatement(
        property=str(claim["mainsnak"]["property"]),
        value=_value(claim["mainsnak"]),
        rank=str(claim.get("rank", "normal")),
        qualifiers={
            key: tuple(_value(snak) for snak in snaks) for key, snaks in _mapping(claim.get("qualifiers")).items()
        },
        has_reference=bool(claim.get("references")),
    )


def _value(snak: Mapping[str, Any]) -> ItemValue:
    if snak.get("snaktype", "value") != "value":
        return ItemValue(NONE if snak["snaktype"] == "novalue" else UNKNOWN, "")
    kind, value = snak["datavalue"]["type"], snak["datavalue"]["value"]
    match kind:
        case "wikibase-entityid":
            return ItemValue("item", str(value.get("id") or f"Q{value['numeric-id']}"))
        case "time":
            return cut_time(str(value["time"]), int(value["precision"]))
        case "quantity":
            return ItemValue("quantity", plain_number(str(value["amount"])))
        case "monolingualtext":
            return ItemValue("text", str(value["text"]), language=str(value["language"]))
        case "globecoordinate":
            return ItemValue("coordinate", f"{value['latitude']}/{value['longitude']}")
        case _:
            return ItemValue("string", str(value))


def entity_json(item: WikidataItem) -> str:
    """One line of an extract: the item as entity JSON, keys in a fixed order."""
    raw: dict[str, Any] = {"type": "item", "id": item.id}
    if item.missing:
        raw["missing"] = ""
    if item.redirect:
        raw |= {"redirects": {"from": item.id, "to": item.redirect}, "id": item.redirect}
    raw["labels"] = {key: {"language": key, "value": text} for key, text in sorted(item.labels.items())}
    raw["descriptions"] = {key: {"language": key, "value": text} for key, text in sorted(item.descriptions.items())}
    raw["aliases"] = {
        key: [{"language": key, "value": text} for text in texts] for key, texts in sorted(item.aliases.items())
    }
    claims: dict[str, list[Any]] = {}
    for each in item.statements:
        claim: dict[str, Any] = {"mainsnak": _snak(each.property, each.value), "type": "statement", "rank": each.rank}
        if each.qualifiers:
            claim["qualifiers"] = {
                key: [_snak(key, value) for value in values] for key, values in sorted(each.qualifiers.items())
            }
        if each.has_reference:
            claim["references"] = [{"snaks": {}}]
        claims.setdefault(each.property, []).append(claim)
    raw["claims"] = dict(sorted(claims.items()))
    return json.dumps(raw, ensure_ascii=False, sort_keys=True)


def _snak(property_: str, value: ItemValue) -> dict[str, Any]:
    raw: Any
    match value.kind:
        case "unknown" | "none":
            return {"snaktype": "novalue" if value.kind == NONE else "somevalue", "property": property_}
        case "item":
            kind, raw = "wikibase-entityid", {"entity-type": "item", "id": value.text}
        case "time":
            sign = "-" if value.text.startswith("-") else "+"
            year, month, day = [*value.text.removeprefix("-").split("-"), "00", "00"][:3]
            kind, raw = "time", {"time": f"{sign}{year}-{month}-{day}T00:00:00Z", "precision": value.precision}
        case "quantity":
            kind, raw = "quantity", {"amount": value.text if value.text.startswith("-") else f"+{value.text}"}
        case "text":
            kind, raw = "monolingualtext", {"text": value.text, "language": value.language}
        case "coordinate":
            latitude, _, longitude = value.text.partition("/")
            kind, raw = "globecoordinate", {"latitude": float(latitude), "longitude": float(longitude)}
        case _:
            kind, raw = "string", value.text
    return {"snaktype": "value", "property": property_, "datavalue": {"type": kind, "value": raw}}


# -- in RDF, as the query service has them ------------------------------------------------------------


def items_from_triples(triples: Iterable[Triple]) -> dict[str, WikidataItem]:
    """The items that some triples in Wikidata's RDF form speak about, by id."""
    by_subject: dict[str, list[tuple[str, Term]]] = {}
    for triple in triples:
        if isinstance(triple.subject, Iri | BlankNode):
            by_subject.setdefault(triple.subject.value, []).append((triple.predicate.value, triple.object))
    names = [iri for iri in by_subject if iri.startswith(ENTITY) and _Q.match(iri[len(ENTITY) :])]
    return {iri[len(ENTITY) :]: _item(iri[len(ENTITY) :], by_subject[iri], by_subject) for iri in names}


def _item(qid: str, said: list[tuple[str, Term]], by_subject: Mapping[str, list[tuple[str, Term]]]) -> WikidataItem:
    labels: dict[str, str] = {}
    aliases: dict[str, list[str]] = {}
    descriptions: dict[str, str] = {}
    redirect = ""
    statements: list[ItemStatement] = []
    for predicate, object_ in said:
        language = object_.language or "mul" if isinstance(object_, Literal) else ""
        if predicate == _LABEL and isinstance(object_, Literal):
            labels[language] = object_.value
        elif predicate == _ALIAS and isinstance(object_, Literal):
            aliases.setdefault(language, []).append(object_.value)
        elif predicate == _ABOUT and isinstance(object_, Literal):
            descriptions[language] = object_.value
        elif predicate == _SAME and isinstance(object_, Iri):
            redirect = object_.value.removeprefix(ENTITY)
    statements = list(_statements_of(said, by_subject))
    return WikidataItem(
        id=qid,
        labels=dict(sorted(labels.items())),
        aliases={key: tuple(sorted(each)) for key, each in sorted(aliases.items())},
        descriptions=descriptions,
        statements=tuple(sorted(statements, key=lambda each: (each.property, each.value, each.rank))),
        redirect=redirect,
    )


def _statements_of(
    said: list[tuple[str, Term]], by_subject: Mapping[str, list[tuple[str, Term]]]
) -> Iterator[ItemStatement]:
    """Full statements, and a simple one for each truthy value whose property has no full statement here."""
    full: set[str] = set()
    for predicate, object_ in said:
        property_ = predicate.removeprefix(_PROP)
        if predicate.startswith(_PROP) and "/" not in property_ and isinstance(object_, Iri):
            found = _full_statement(property_, by_subject.get(object_.value, ()), by_subject)
            if found is not None:
                full.add(property_)
                yield found
    for predicate, object_ in said:
        property_ = predicate.removeprefix(_DIRECT)
        if predicate.startswith(_DIRECT) and property_ not in full:
            value = _rdf_value(object_)
            if value is not None:
                yield ItemStatement(property_, value)
    yield from (ItemStatement(each, ItemValue(NONE, "")) for each in _without_value(said) if each not in full)


def _without_value(said: Iterable[tuple[str, Term]]) -> list[str]:
    """The properties of which something is said to have no value: it is of a class that says so."""
    classes = [object_.value for predicate, object_ in said if predicate == RDF_TYPE and isinstance(object_, Iri)]
    return [each.removeprefix(_NOVALUE) for each in classes if each.startswith(_NOVALUE)]


def _full_statement(
    property_: str, said: Sequence[tuple[str, Term]], by_subject: Mapping[str, list[tuple[str, Term]]]
) -> ItemStatement | None:
    value = precise = None
    rank, referenced = "normal", False
    qualifiers: dict[str, list[ItemValue]] = {}
    nodes: dict[str, ItemValue] = {}
    for predicate, object_ in said:
        if predicate == _SIMPLE + property_:
            value = _rdf_value(object_)
        elif predicate == _FULL + property_:
            precise = _value_node(object_, by_subject)
        elif predicate == _WIKIBASE + "rank" and isinstance(object_, Iri):
            rank = object_.value.removeprefix(_WIKIBASE).removesuffix("Rank").lower()
        elif predicate.startswith(_QUALIFIER_FULL):
            node = _value_node(object_, by_subject)
            nodes |= {predicate[len(_QUALIFIER_FULL) :]: node} if node is not None else {}
        elif predicate.startswith(_QUALIFIER) and (found := _rdf_value(object_)) is not None:
            qualifiers.setdefault(predicate[len(_QUALIFIER) :], []).append(found)
        referenced |= predicate == _DERIVED
    without = _without_value(said)
    if value is None:
        if property_ not in without:
            return None
        value = ItemValue(NONE, "")
    qualifiers |= {name: [ItemValue(NONE, "")] for name in without if name != property_ and name not in qualifiers}
    for name, node in nodes.items():
        if len(qualifiers.get(name, ())) == 1:
            qualifiers[name] = [node]
    frozen = {key: tuple(sorted(each)) for key, each in sorted(qualifiers.items())}
    return ItemStatement(property_, precise or value, rank, frozen, referenced)


def _value_node(term: Term, by_subject: Mapping[str, list[tuple[str, Term]]]) -> ItemValue | None:
    """A time with its precision; other values say everything in their simple form."""
    said = dict(by_subject.get(term.value, ())) if isinstance(term, Iri | BlankNode) else {}
    time, precision = said.get(_WIKIBASE + "timeValue"), said.get(_WIKIBASE + "timePrecision")
    if isinstance(time, Literal) and isinstance(precision, Literal) and precision.value.isdigit():
        return cut_time(time.value, int(precision.value))
    return None


def _rdf_value(term: Term) -> ItemValue | None:
    if isinstance(term, BlankNode) or (isinstance(term, Iri) and _NOBODY_KNOWS in term.value):
        return ItemValue(UNKNOWN, "")
    if isinstance(term, Iri):
        known = term.value.startswith(ENTITY) and _Q.match(term.value[len(ENTITY) :])
        return ItemValue("item", term.value[len(ENTITY) :]) if known else ItemValue("string", term.value)
    if not isinstance(term, Literal):
        return None
    datatype = term.datatype.value.rpartition("#")[2]
    if datatype in {"dateTime", "date"}:
        # Wikidata's simple form writes a year as its first day.
        year_only = term.value.partition("T")[0].endswith("-01-01")
        return cut_time(term.value, YEAR if year_only else DAY)
    if datatype in {"decimal", "integer"}:
        return ItemValue("quantity", plain_number(term.value))
    point = _POINT.search(term.value)
    if datatype == "wktLiteral" and point:
        return ItemValue("coordinate", f"{point[2]}/{point[1]}")
    return ItemValue("text", term.value, language=term.language) if term.language else ItemValue("string", term.value)


def triples_of_items(items: Iterable[WikidataItem]) -> Iterator[Triple]:
    """What the query service would have about some items: names, simple values, and full statements with rank.

    References are left out, but for the fact that there are some.
    """
    for item in items:
        if not item.missing:
            yield from _triples(item)


def _triples(item: WikidataItem) -> Iterator[Triple]:
    it = Iri(ENTITY + item.id)
    if item.redirect:
        yield Triple(it, Iri(_SAME), Iri(ENTITY + item.redirect))
    texts = [(_LABEL, language, text) for language, text in item.labels.items()]
    texts += [(_ALIAS, language, text) for language, each in item.aliases.items() for text in each]
    texts += [(_ABOUT, language, text) for language, text in item.descriptions.items()]
    for predicate, language, text in texts:
        yield Triple(it, Iri(predicate), Literal(text, language=language))
    best = {each.property: item.of(each.property) for each in item.statements}
    for number, each in enumerate(item.statements):
        node = f"{ENTITY}statement/{item.id}-{number}"
        yield Triple(it, Iri(_PROP + each.property), Iri(node))
        yield Triple(Iri(node), Iri(f"{_WIKIBASE}rank"), Iri(f"{_WIKIBASE}{each.rank.capitalize()}Rank"))
        if each in best[each.property] and each.value.is_known:
            yield Triple(it, Iri(_DIRECT + each.property), _term(each.value))
        if each.has_reference:
            yield Triple(Iri(node), Iri(_DERIVED), Iri(f"http://www.wikidata.org/reference/{item.id}-{number}"))
        yield from _value_triples(node, each.property, each.value, _SIMPLE, _FULL)
        for property_, values in each.qualifiers.items():
            for value in values:
                yield from _value_triples(node, property_, value, _QUALIFIER, _QUALIFIER_FULL)


def _value_triples(node: str, property_: str, value: ItemValue, simple: str, full: str) -> Iterator[Triple]:
    if value.kind == NONE:
        yield Triple(Iri(node), Iri(RDF_TYPE), Iri(_NOVALUE + property_))
        return
    if value.kind == UNKNOWN:
        address = f"http://www.wikidata.org{_NOBODY_KNOWS}{node.rpartition('/')[2]}-{property_}"
        yield Triple(Iri(node), Iri(simple + property_), Iri(address))
        return
    yield Triple(Iri(node), Iri(simple + property_), _term(value))
    if value.kind == "time":
        at = Iri(f"http://www.wikidata.org/value/{node.rpartition('/')[2]}-{property_}-{value.text}")
        yield Triple(Iri(node), Iri(full + property_), at)
        yield Triple(at, Iri(f"{_WIKIBASE}timeValue"), _term(value))
        precision = Literal(str(value.precision), datatype=Iri(f"{_XSD}integer"))
        yield Triple(at, Iri(f"{_WIKIBASE}timePrecision"), precision)


def _term(value: ItemValue) -> Iri | Literal:
    match value.kind:
        case "item":
            return Iri(ENTITY + value.text)
        case "time":
            sign = "-" if value.text.startswith("-") else ""
            parts = [*value.text.removeprefix("-").split("-"), "01", "01"][:3]
            return Literal(f"{sign}{'-'.join(parts)}T00:00:00Z", datatype=Iri(f"{_XSD}dateTime"))
        case "quantity":
            plus = "" if value.text.startswith("-") else "+"
            return Literal(f"{plus}{value.text}", datatype=Iri(f"{_XSD}decimal"))
        case "coordinate":
            latitude, _, longitude = value.text.partition("/")
            return Literal(f"Point({longitude} {latitude})", datatype=Iri(_WKT))
        case "text":
            return Literal(value.text, language=value.language)
    # A value of the type URL is an IRI there; in JSON both are texts.
    return Iri(value.text) if _ADDRESS.match(value.text) else Literal(value.text)


# -- as things that can be compared with ours ---------------------------------------------------------


def thing_of_item(item: WikidataItem) -> Thing:
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
        population=max((number_of(each) for each in item.values("P1082")), default=0.0),
    )


def _coordinates(text: str) -> tuple[float, float] | None:
    latitude, slash, longitude = text.partition("/")
    try:
        return (float(latitude), float(longitude)) if slash else None
    except ValueError:
        return None
