"""Items of Wikidata in RDF, as its dumps and its query service have them: simple ("truthy") values, and full statements."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from citygraph.link.items import (
    DAY,
    ENTITY,
    NONE,
    UNKNOWN,
    YEAR,
    ItemStatement,
    ItemValue,
    WikidataItem,
    cut_time,
    plain_number,
    written_year,
    year_and_rest,
)
from citygraph.namespaces import RDF_TYPE
from citygraph.rdf import BlankNode, Iri, Literal, Term, Triple

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
_POINT: Final = re.compile(r"Point\(\s*(-?[\d.]+)\s+(-?[\d.]+)\s*\)", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"https?://[^\s<>\"{}|\\^`]+\Z")


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
    return WikidataItem(
        id=qid,
        labels=labels,
        aliases={key: tuple(dict.fromkeys(each)) for key, each in aliases.items()},
        descriptions=descriptions,
        statements=tuple(_statements_of(said, by_subject)),
        redirect=redirect,
    )


def _statements_of(
    said: list[tuple[str, Term]], by_subject: Mapping[str, list[tuple[str, Term]]]
) -> Iterator[ItemStatement]:
    """Full statements, and a simple one for each truthy value whose property has no full statement here."""
    full: set[str] = set()
    for predicate, object_ in dict.fromkeys(said):
        property_ = predicate.removeprefix(_PROP)
        if predicate.startswith(_PROP) and "/" not in property_ and isinstance(object_, Iri):
            found = _full_statement(property_, by_subject.get(object_.value, ()), by_subject)
            if found is not None:
                full.add(property_)
                yield found
    for predicate, object_ in dict.fromkeys(said):
        property_ = predicate.removeprefix(_DIRECT)
        if predicate.startswith(_DIRECT) and property_ not in full:
            value = _rdf_value(object_)
            if value is not None:
                yield ItemStatement(property_, _truthy(value))
    yield from (ItemStatement(each, ItemValue(NONE, "")) for each in _without_value(said) if each not in full)


def _truthy(value: ItemValue) -> ItemValue:
    """A value without a node that says how precise it is: the first day of a month may be the month."""
    is_month = value.kind == "time" and value.precision == DAY and value.text.endswith("-01")
    return cut_time(value.text, YEAR + 1) if is_month else value


def _without_value(said: Iterable[tuple[str, Term]]) -> list[str]:
    """The properties of which something is said to have no value: it is of a class that says so."""
    classes = [object_.value for predicate, object_ in said if predicate == RDF_TYPE and isinstance(object_, Iri)]
    return [each.removeprefix(_NOVALUE) for each in dict.fromkeys(classes) if each.startswith(_NOVALUE)]


def _full_statement(
    property_: str, said: Sequence[tuple[str, Term]], by_subject: Mapping[str, list[tuple[str, Term]]]
) -> ItemStatement | None:
    """The statement of a node; nothing when the node is not there, or says neither a value nor that there is none."""
    values: dict[str, list[Term]] = {}
    precise: dict[str, list[ItemValue]] = {}
    rank, referenced = "normal", False
    for predicate, object_ in said:
        if predicate == _SIMPLE + property_:
            values.setdefault("", []).append(object_)
        elif predicate == _FULL + property_:
            precise.setdefault("", []).extend(_value_node(object_, by_subject))
        elif predicate == _WIKIBASE + "rank" and isinstance(object_, Iri):
            rank = object_.value.removeprefix(_WIKIBASE).removesuffix("Rank").lower()
        elif predicate.startswith(_QUALIFIER_FULL):
            precise.setdefault(predicate[len(_QUALIFIER_FULL) :], []).extend(_value_node(object_, by_subject))
        elif predicate.startswith(_QUALIFIER) and "/" not in predicate[len(_QUALIFIER) :]:
            values.setdefault(predicate[len(_QUALIFIER) :], []).append(object_)
        referenced |= predicate == _DERIVED
    read = {name: _read_values(terms, precise.get(name, [])) for name, terms in values.items()}
    main = read.pop("", [])
    for name in _without_value(said):
        none = main if name == property_ and not main else read.setdefault(name, [])
        none.append(ItemValue(NONE, ""))
    if not main:
        return None
    return ItemStatement(property_, main[0], rank, {name: tuple(each) for name, each in read.items()}, referenced)


def _read_values(terms: Sequence[Term], precise: Sequence[ItemValue]) -> list[ItemValue]:
    """The values of some simple terms, each time as precise as the value node that is about the same day says."""
    found: list[ItemValue] = []
    for term in dict.fromkeys(terms):
        value = _rdf_value(term)
        if value is None:
            continue
        day = _time_of_literal(term, DAY) if value.kind == "time" else None
        same = [each for each in precise if day is not None and _is_cut_of(each, day)]
        found += same[:1] if len(same) == 1 else sorted(same) or [value]
    return list(dict.fromkeys(found))


def _is_cut_of(value: ItemValue, day: ItemValue) -> bool:
    return day.text == value.text or day.text.startswith(f"{value.text}-")


def _time_of_literal(term: Term, precision: int) -> ItemValue | None:
    if not isinstance(term, Literal):
        return None
    try:
        return cut_time(term.value, precision, has_year_0=True)
    except ValueError:
        return None


def _value_node(term: Term, by_subject: Mapping[str, list[tuple[str, Term]]]) -> list[ItemValue]:
    """A time with its precision; other values say everything in their simple form."""
    said = dict(by_subject.get(term.value, ())) if isinstance(term, Iri | BlankNode) else {}
    time, precision = said.get(_WIKIBASE + "timeValue"), said.get(_WIKIBASE + "timePrecision")
    if time is None or not isinstance(precision, Literal) or not precision.value.isdigit():
        return []
    found = _time_of_literal(time, int(precision.value))
    return [found] if found is not None else []


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
        # The simple form writes a year as its first day.
        precision = YEAR if term.value.partition("T")[0].endswith("-01-01") else DAY
        return _time_of_literal(term, precision) or ItemValue("string", term.value)
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
            sign, year, parts = year_and_rest(value.text)
            # In RDF 1 BCE is the year 0.
            day = "-".join([written_year(1 - year if sign else year), *parts, "01", "01"][:3])
            return Literal(f"{day}T00:00:00Z", datatype=Iri(f"{_XSD}dateTime"))
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
