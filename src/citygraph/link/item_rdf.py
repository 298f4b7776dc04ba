"""Items of Wikidata in RDF: triples as the query service has them to items, and back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from citygraph.link.items import DAY, ENTITY, YEAR, Item, Statement, Value, cut_time, plain_number
from citygraph.rdf import BlankNode, Iri, Literal, Term, Triple

__all__ = ["items_from_triples", "triples_of_items"]

_DIRECT: Final = "http://www.wikidata.org/prop/direct/"
_PROP: Final = "http://www.wikidata.org/prop/"
_SIMPLE: Final = _PROP + "statement/"
_FULL: Final = _PROP + "statement/value/"
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


def items_from_triples(triples: Iterable[Triple]) -> dict[str, Item]:
    """The items that some triples in Wikidata's RDF form speak about, by id."""
    by_subject: dict[str, list[tuple[str, Term]]] = {}
    for triple in triples:
        if isinstance(triple.subject, Iri | BlankNode):
            by_subject.setdefault(triple.subject.value, []).append((triple.predicate.value, triple.object))
    names = [iri for iri in by_subject if iri.startswith(ENTITY) and _Q.match(iri[len(ENTITY) :])]
    return {iri[len(ENTITY) :]: _item(iri[len(ENTITY) :], by_subject[iri], by_subject) for iri in names}


def _item(qid: str, said: list[tuple[str, Term]], by_subject: Mapping[str, list[tuple[str, Term]]]) -> Item:
    labels: dict[str, str] = {}
    aliases: dict[str, list[str]] = {}
    descriptions: dict[str, str] = {}
    redirect = ""
    statements: list[Statement] = []
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
    return Item(
        id=qid,
        labels=dict(sorted(labels.items())),
        aliases={key: tuple(sorted(each)) for key, each in sorted(aliases.items())},
        descriptions=descriptions,
        statements=tuple(sorted(statements, key=lambda each: (each.property, each.value, each.rank))),
        redirect=redirect,
    )


def _statements_of(
    said: list[tuple[str, Term]], by_subject: Mapping[str, list[tuple[str, Term]]]
) -> Iterator[Statement]:
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
                yield Statement(property_, value)


def _full_statement(
    property_: str, said: Iterable[tuple[str, Term]], by_subject: Mapping[str, list[tuple[str, Term]]]
) -> Statement | None:
    value: Value | None = None
    precise: Value | None = None
    rank, referenced = "normal", False
    qualifiers: dict[str, list[Value]] = {}
    nodes: dict[str, Value] = {}
    for predicate, object_ in said:
        if predicate == _SIMPLE + property_:
            value = _rdf_value(object_)
        elif predicate == _FULL + property_:
            precise = _value_node(object_, by_subject)
        elif predicate == _WIKIBASE + "rank" and isinstance(object_, Iri):
            rank = object_.value.removeprefix(_WIKIBASE).removesuffix("Rank").lower()
        elif predicate == _DERIVED:
            referenced = True
        elif predicate.startswith(_QUALIFIER_FULL):
            node = _value_node(object_, by_subject)
            if node is not None:
                nodes[predicate[len(_QUALIFIER_FULL) :]] = node
        elif predicate.startswith(_QUALIFIER) and (found := _rdf_value(object_)) is not None:
            qualifiers.setdefault(predicate[len(_QUALIFIER) :], []).append(found)
    if value is None:
        return None
    for name, node in nodes.items():
        if len(qualifiers.get(name, ())) == 1:
            qualifiers[name] = [node]
    frozen = {key: tuple(sorted(each)) for key, each in sorted(qualifiers.items())}
    return Statement(property_, precise or value, rank, frozen, referenced)


def _value_node(term: Term, by_subject: Mapping[str, list[tuple[str, Term]]]) -> Value | None:
    """A time with its precision; other values say everything in their simple form."""
    said = dict(by_subject.get(term.value, ())) if isinstance(term, Iri | BlankNode) else {}
    time, precision = said.get(_WIKIBASE + "timeValue"), said.get(_WIKIBASE + "timePrecision")
    if isinstance(time, Literal) and isinstance(precision, Literal) and precision.value.isdigit():
        return cut_time(time.value, int(precision.value))
    return None


def _rdf_value(term: Term) -> Value | None:
    if isinstance(term, Iri):
        known = term.value.startswith(ENTITY) and _Q.match(term.value[len(ENTITY) :])
        return Value("item", term.value[len(ENTITY) :]) if known else Value("string", term.value)
    if not isinstance(term, Literal):
        return None
    datatype = term.datatype.value.rpartition("#")[2]
    if datatype in {"dateTime", "date"}:
        # Wikidata's simple form writes a year as its first day.
        year_only = term.value.partition("T")[0].endswith("-01-01")
        return cut_time(term.value, YEAR if year_only else DAY)
    if datatype in {"decimal", "integer"}:
        return Value("quantity", plain_number(term.value))
    point = _POINT.search(term.value)
    if datatype == "wktLiteral" and point:
        return Value("coordinate", f"{point[2]}/{point[1]}")
    return Value("text", term.value, language=term.language) if term.language else Value("string", term.value)


# -- back ---------------------------------------------------------------------------------------------


def triples_of_items(items: Iterable[Item]) -> Iterator[Triple]:
    """What the query service would have about some items: names, simple values, and full statements with rank.

    References are left out, but for the fact that there are some.
    """
    for item in items:
        if not item.missing:
            yield from _triples(item)


def _triples(item: Item) -> Iterator[Triple]:
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
        if each in best[each.property]:
            yield Triple(it, Iri(_DIRECT + each.property), _term(each.value))
        if each.has_reference:
            yield Triple(Iri(node), Iri(_DERIVED), Iri(f"http://www.wikidata.org/reference/{item.id}-{number}"))
        yield from _value_triples(node, each.property, each.value, _SIMPLE, _FULL)
        for property_, values in each.qualifiers.items():
            for value in values:
                yield from _value_triples(node, property_, value, _QUALIFIER, _QUALIFIER_FULL)


def _value_triples(node: str, property_: str, value: Value, simple: str, full: str) -> Iterator[Triple]:
    yield Triple(Iri(node), Iri(simple + property_), _term(value))
    if value.kind == "time":
        at = Iri(f"http://www.wikidata.org/value/{node.rpartition('/')[2]}-{property_}-{value.text}")
        yield Triple(Iri(node), Iri(full + property_), at)
        yield Triple(at, Iri(f"{_WIKIBASE}timeValue"), _term(value))
        precision = Literal(str(value.precision), datatype=Iri(f"{_XSD}integer"))
        yield Triple(at, Iri(f"{_WIKIBASE}timePrecision"), precision)


def _term(value: Value) -> Iri | Literal:
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
