"""What a person typed to the thing, property or value that is meant, and the things in an answer to their names."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeAlias

from citygraph.errors import QueryError
from citygraph.labels import NAMING_PROPERTIES, PART_PROPERTIES, Labels, reused_labels
from citygraph.matching.cities import are_one_city
from citygraph.matching.names import country_code, plain, read_name
from citygraph.messages import Sentence, sentence
from citygraph.namespaces import CG, PREFIXES, compress, expand
from citygraph.rdf import Iri, Literal, Term, Triple
from citygraph.results import Solutions
from citygraph.saved_query import Parameter, SavedQuery
from citygraph.sources import anchor_of
from citygraph.sparql.text import iris_of, values_block
from citygraph.store import Store

_NAMING: Final = f"""
SELECT ?thing ?property ?value WHERE {{
  {{values}} {values_block(["property"], [[Iri(each)] for each in sorted(NAMING_PROPERTIES)])}
  ?thing ?property ?value
}}
"""
_AT_ONCE: Final = 4_000
"""So many characters of values stand in one query, well below the length that queries may have."""


def names_of(terms: Iterable[Term | None], store: Store, *, prefixes: Mapping[str, str]) -> Labels:
    """The labels of these terms, and of the parts of those that are facts, read from the graph that was asked."""
    triples: list[Triple] = []
    seen: set[Iri] = set()
    waiting: Iterable[Term | None] = terms
    while new := {_document(term) for term in waiting if isinstance(term, Iri)} - seen:
        seen |= new
        rows = ask_about(_NAMING, {"thing": sorted(new, key=str)}, store)
        found = [Triple(row["thing"], row["property"], row["value"]) for row in rows]  # type: ignore[arg-type]
        triples += found
        waiting = [triple.object for triple in found if triple.predicate.value in PART_PROPERTIES]
    return Labels(triples, prefixes=prefixes)


MANY: Final = 500
"""Things of which a question about all of them costs less than questions about these."""


def ask_about(text: str, values: Mapping[str, Sequence[Term]], store: Store) -> Iterator[dict[str, Term]]:
    """The rows of a SELECT about many things, many of them in one query.

    Args:
        text: the query; `{values}` stands where its variables get their values.
        values: the columns of those values by variable, all of one length.
        store: the graph to ask.
    """
    for things in _blocks(zip(*values.values(), strict=True)):
        if len(things) == 1:
            answer = store.query(text.replace("{values}", ""), bind=dict(zip(values, things[0], strict=True)))
        else:
            answer = store.query(text.replace("{values}", values_block([*values], things)))
        yield from answer if isinstance(answer, Solutions) else ()


def _blocks(rows: Iterable[tuple[Term, ...]]) -> Iterator[list[tuple[Term, ...]]]:
    """The rows in order, as many together as one query takes; a long one alone."""
    block: list[tuple[Term, ...]] = []
    size = 0
    for row in rows:
        length = sum(len(str(term)) for term in row)
        if block and size + length > _AT_ONCE:
            yield block
            block, size = [], 0
        block.append(row)
        size += length
    if block:
        yield block


def _document(thing: Iri) -> Iri:
    """The document that a passage or a row belongs to, which has the name; anything else is itself."""
    anchor = anchor_of(thing.value)
    return Iri(anchor.source) if anchor else thing


_WIKIDATA_ID: Final = re.compile(r"Q[1-9]\d{0,10}\Z")
_WIKIDATA: Final = "http://www.wikidata.org/entity/"
_NAMES: Final = """
PREFIX foaf: <http://xmlns.com/foaf/0.1/>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
SELECT DISTINCT ?entity ?class ?name WHERE {
  ?entity a ?class ; skos:prefLabel|skos:altLabel|foaf:name ?name .
}
"""
_LINKED: Final = """
SELECT DISTINCT ?entity ?class ?item WHERE {
  ?entity <https://schema.org/sameAs>|<http://www.w3.org/2004/02/skos/core#exactMatch> ?item ; a ?class .
}
"""
_GOVERNS: Final = (
    "SELECT ?authority ?place WHERE { ?authority <https://w3id.org/citygraph/ontology#administers> ?place }"
)
_COUNTRY: Final = (
    "PREFIX cg: <https://w3id.org/citygraph/ontology#> "
    "SELECT ?entity ?country WHERE { { ?entity cg:inCountry ?country } UNION { ?entity cg:administers/cg:inCountry ?country } }"
)
_CITY: Final = CG + "City"
_AUTHORITIES: Final = (PREFIXES["cv"] + "PublicOrganisation", PREFIXES["org"] + "Organization")
_KNOWN: Final = "SELECT ?entity ?class WHERE { ?entity a ?class }"


@dataclass(frozen=True, slots=True)
class NamedThing:
    """One thing that a name may mean."""

    iri: str
    name: str


NameFinder: TypeAlias = Callable[[str, str], list[NamedThing]]
"""The things whose names come near a text, of a class (an IRI; empty for all): one candidate for each name."""


def resolve_entity(
    text: str, store: Store, *, of_class: str = "", prefixes: Mapping[str, str], names: NameFinder | None = None
) -> Iri:
    """The one thing that `text` names.

    Args:
        text: a label in either language, what a city is called elsewhere, a slug, a CURIE, an IRI or a Wikidata id.
        store: where the things are.
        of_class: only things of this class (an IRI); empty for all.
        prefixes: the prefixes of the project, for CURIEs and slugs.
        names: what finds the things that a name may mean; without it all names are read from `store`.

    Raises:
        QueryError: nothing is called that, or several things are; the nearest names are in the message.
    """
    text = text.strip()
    try:
        return _resolve(text, store, of_class, prefixes, names)
    except QueryError:
        governed = _authority_of(text, store, of_class, prefixes, names) if of_class in _AUTHORITIES else None
        if governed is None:
            raise
        return governed


def _resolve(text: str, store: Store, of_class: str, prefixes: Mapping[str, str], names: NameFinder | None) -> Iri:
    iri = expand_iri(text, prefixes)
    if iri is None and re.fullmatch(r"[a-z0-9-]+", text):
        iri = expand(f"id:{text}", prefixes)
        if iri is None or not _is_known(iri, store, of_class):
            concept = expand(f"concept:{text}", prefixes)
            iri = concept if concept and _is_known(concept, store, of_class) else iri
    if iri is not None and _is_known(iri, store, of_class):
        return Iri(iri)
    if _WIKIDATA_ID.match(text) or (iri or "").startswith(_WIKIDATA):
        return _one(text, _linked_to(text if iri is None else iri.removeprefix(_WIKIDATA), store, of_class), prefixes)
    named = names(text, of_class) if names else _names(store, of_class)
    wanted = plain(text)
    exact = {candidate.iri: candidate for candidate in named if wanted and plain(candidate.name) == wanted}
    if exact:
        return _one(text, list(exact.values()), prefixes)
    elsewhere = _called_elsewhere(text, named, store)
    if elsewhere:
        return _one(text, elsewhere, prefixes)
    raise _unknown(text, named, prefixes)


def _called_elsewhere(text: str, named: list[NamedThing], store: Store) -> list[NamedThing]:
    """The things that are called so in another language, or whose saint is written in another way; each once."""
    form = read_name(text)
    found = {each.iri: each for each in named if are_one_city(form, read_name(each.name))}
    return [each for each in found.values() if are_one_city(form, read_name(each.name), _lies_in(each.iri, store))]


def _lies_in(iri: str, store: Store) -> frozenset[str]:
    countries = {row["country"].value for row in _rows(_COUNTRY, store, entity=Iri(iri))}
    return frozenset(country_code(each) or each for each in countries)


def expand_iri(text: str, prefixes: Mapping[str, str]) -> str | None:
    """What `expand` makes of a text, as long as it is an IRI in every part (RFC 3987): no `%%`, no `https://[`."""
    iri = expand(text, prefixes)
    try:
        return iri and Iri(iri).value
    except ValueError:
        return None


def _is_known(iri: str, store: Store, of_class: str) -> bool:
    classes = {row["class"].value for row in _rows(_KNOWN, store, entity=Iri(iri)) if isinstance(row["class"], Iri)}
    return of_class in classes if of_class else bool(classes)


def _authority_of(
    text: str, store: Store, of_class: str, prefixes: Mapping[str, str], names: NameFinder | None
) -> Iri | None:
    """The one authority that governs the place that `text` names: people say Oslo and mean Oslo kommune."""
    try:
        place = _resolve(text, store, _CITY, prefixes, names)
    except QueryError:
        return None
    found = {row["authority"] for row in _rows(_GOVERNS, store, place=place)}
    known = [each for each in found if isinstance(each, Iri) and _is_known(each.value, store, of_class)]
    return known[0] if len(known) == 1 else None


def _names(store: Store, of_class: str) -> list[NamedThing]:
    rows = _rows(_NAMES, store, **({"class": Iri(of_class)} if of_class else {}))
    return [
        NamedThing(row["entity"].value, row["name"].value)
        for row in rows
        if isinstance(row["entity"], Iri) and isinstance(row["name"], Literal)
    ]


def _linked_to(wikidata_id: str, store: Store, of_class: str) -> list[NamedThing]:
    found = _rows(_LINKED, store, item=Iri(_WIKIDATA + wikidata_id))
    entities = {row["entity"].value for row in found if not of_class or row["class"].value == of_class}
    return [NamedThing(iri, wikidata_id) for iri in sorted(entities)]


def _rows(text: str, store: Store, **bind: Iri) -> list[dict[str, Iri]]:
    answer = store.query(text, bind=bind)
    return list(answer) if isinstance(answer, Solutions) else []  # type: ignore[arg-type]  # the columns are IRIs


def _one(text: str, candidates: list[NamedThing], prefixes: Mapping[str, str]) -> Iri:
    if not candidates:
        raise _unknown(text, [], prefixes)
    if len(candidates) > 1:
        choices = ", ".join(sorted(compress(candidate.iri, prefixes) for candidate in candidates))
        message, meant = sentence("question.several", text=text, choices=choices), (each.iri for each in candidates)
        raise QueryError(message, fix=sentence("next.short_names"), candidates=tuple(sorted(set(meant))))
    return Iri(candidates[0].iri)


def _unknown(text: str, named: list[NamedThing], prefixes: Mapping[str, str]) -> QueryError:
    by_name = {plain(candidate.name): candidate for candidate in named}
    slugs = {candidate.iri.rpartition("/")[2]: candidate for candidate in named}
    near = difflib.get_close_matches(plain(text), [*by_name, *slugs], n=5, cutoff=0.5)
    found = dict.fromkeys((by_name.get(name) or slugs[name]) for name in near)
    unique = list({candidate.iri: candidate for candidate in found}.values())[:3]
    guesses = ", ".join(f"{candidate.name} ({compress(candidate.iri, prefixes)})" for candidate in unique)
    fix = sentence("next.mean", guesses=guesses) if guesses else sentence("next.members")
    near_ones = tuple(candidate.iri for candidate in unique)
    return QueryError(sentence("question.nothing", text=text), fix=fix, candidates=near_ones)


_LABELLED: Final = """
PREFIX owl:  <http://www.w3.org/2002/07/owl#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT DISTINCT ?property ?label WHERE {
  VALUES ?kind { owl:ObjectProperty owl:DatatypeProperty }
  ?property a ?kind ; rdfs:label ?label .
}
"""
_USED: Final = "SELECT DISTINCT ?property WHERE { ?s ?property ?o }"


def resolve_property(text: str, store: Store, *, prefixes: Mapping[str, str]) -> Iri:
    """The property that `text` names.

    Args:
        text: `cg:participatesIn`, an IRI, `participatesIn`, "deltar i" or "participates in"; `a` is rdf:type.
        store: the graph whose properties are meant.
        prefixes: for CURIEs.

    Raises:
        QueryError: nothing, or more than one thing, is called that; the nearest names are in the message.
    """
    text = text.strip()
    iri = expand_iri("rdf:type" if text == "a" else text, prefixes)
    if iri is not None:
        return Iri(iri)
    names: dict[str, set[str]] = {}
    for known, label in _labels(store):
        for name in (_local(known), label):
            names.setdefault(plain(name), set()).add(known)
    found = names.get(plain(text), set())
    if len(found) > 1:
        # A word of ours goes before the same word of another vocabulary.
        found = {each for each in found if each.startswith(CG)} or found
    if len(found) == 1:
        return Iri(found.pop())
    if found:
        choices = ", ".join(sorted(compress(each, prefixes) for each in found))
        message = sentence("questions.property.several", text=text, choices=choices)
        raise QueryError(message, fix=sentence("questions.property.use_one"))
    near = difflib.get_close_matches(plain(text), names, n=3, cutoff=0.5)
    guesses = ", ".join(sorted({compress(each, prefixes) for name in near for each in names[name]}))
    mean, listed = sentence("questions.property.mean", guesses=guesses), sentence("questions.property.listed")
    raise QueryError(sentence("questions.property.unknown", text=text), fix=mean if guesses else listed)


def _local(iri: str) -> str:
    return iri.replace("#", "/").rstrip("/").rpartition("/")[2]


def _labels(store: Store) -> list[tuple[str, str]]:
    """Every property with each of its names: those of the ontology, those reused, those that are only used."""
    found = [
        (row["property"].value, row["label"].value)
        for row in _rows(_LABELLED, store)
        if isinstance(row["property"], Iri) and isinstance(row["label"], Literal)
    ]
    # By custom a class has a capital and a property has none.
    reused = {iri: text for iri, text in reused_labels().items() if _local(iri)[:1].islower()}
    found += [(iri, words) for iri, text in reused.items() for words in (text.nb, text.en)]
    used = [row["property"].value for row in _rows(_USED, store) if isinstance(row["property"], Iri)]
    return [*found, *((iri, _local(iri)) for iri in used)]


_XSD: Final = PREFIXES["xsd"]


def bind_parameters(
    query: SavedQuery,
    values: Mapping[str, str],
    store: Store,
    *,
    prefixes: Mapping[str, str],
    names: NameFinder | None = None,
) -> dict[str, Term]:
    """One term for each parameter that has a value or a default.

    Raises:
        QueryError: a parameter is not known or missing, or its value is not of its type.
    """
    known = {parameter.name: parameter for parameter in query.parameters}
    for name in values:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            choices = ", ".join(f"--{each}" for each in known) or "–"
            fix = (
                sentence("next.mean_parameter", name=near[0]) if near else sentence("next.parameters", choices=choices)
            )
            raise QueryError(sentence("question.no_parameter", query=query.name, name=name), fix=fix)
    bound: dict[str, Term] = {}
    for name, parameter in known.items():
        value = values.get(name)
        if value is None and parameter.default is not None:
            value = str(parameter.default)
        if value is None and parameter.required:
            message = sentence("question.needs", query=query.name, name=name)
            raise QueryError(message, fix=sentence("next.give_value", query=query.name, name=name))
        if value is not None:
            bound[name] = _term(parameter, value, store, prefixes, names)
    return bound


def _term(
    parameter: Parameter, value: str, store: Store, prefixes: Mapping[str, str], names: NameFinder | None
) -> Term:
    match parameter.type:
        case "entity":
            of_class = expand(parameter.of_class, prefixes) if parameter.of_class else ""
            return resolve_entity(value, store, of_class=of_class or "", prefixes=prefixes, names=names)
        case "integer":
            if not re.fullmatch(r"[+-]?\d{1,18}", value.strip()):
                raise _wrong("not_integer", parameter, value)
            return Literal(value.strip(), datatype=Iri(_XSD + "integer"))
        case "date":
            return Literal(_day(parameter, value), datatype=Iri(_XSD + "date"))
        case "enum":
            if value not in parameter.choices:
                raise _wrong("not_choice", parameter, value)
            iri = expand(value, prefixes) if ":" in value else None
            return Iri(iri) if iri else Literal(value)
        case _:
            return Literal(value)


def _day(parameter: Parameter, value: str) -> str:
    try:
        return date.fromisoformat(value.strip()).isoformat()
    except ValueError as error:
        raise _wrong("not_date", parameter, value) from error


def _wrong(what: str, parameter: Parameter, value: str) -> QueryError:
    choices = ", ".join(parameter.choices)
    message = sentence(f"question.{what}", name=parameter.name, value=value, choices=choices)
    return QueryError(message, fix=sentence("next.write_parameter", name=parameter.name))


# -- a query that somebody wrote -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UnknownTerm:
    """A term of a query that the graph does not have: as it is written, where, and what comes near."""

    written: str
    line: int
    column: int
    near: tuple[str, ...]

    @property
    def words(self) -> Sentence:
        """What is told of it."""
        key = "query.unknown_near" if self.near else "query.unknown"
        return sentence(key, term=self.written, line=self.line, column=self.column, near=", ".join(self.near))


_STANDS: Final = """
SELECT ?term WHERE {
  {values}
  FILTER (EXISTS { ?term ?a ?b } || EXISTS { ?c ?term ?d } || EXISTS { ?e ?f ?term })
}
"""
_MOST_TOLD: Final = 200


def unknown_terms(
    text: str, store: Store, *, prefixes: Mapping[str, str], vocabulary: Iterable[str]
) -> list[UnknownTerm]:
    """The terms of a query that stand nowhere in the graph: a pattern with one of them finds nothing.

    Args:
        text: the query, which an engine takes.
        store: the graph that is asked.
        prefixes: those that it may use without declaring them.
        vocabulary: the classes and properties of the graph, to name the nearest.
    """
    asked = [Iri(iri) for iri in list(iris_of(text, prefixes=prefixes))[:_MOST_TOLD]]
    there = {row["term"] for row in ask_about(_STANDS, {"term": asked}, store)} if asked else set()
    missing = [iri.value for iri in asked if iri not in there]
    return told_unknown(text, missing, prefixes=prefixes, vocabulary=vocabulary)


def told_unknown(
    text: str, missing: Iterable[str], *, prefixes: Mapping[str, str], vocabulary: Iterable[str]
) -> list[UnknownTerm]:
    """What is told of the terms of a query that are known to stand nowhere: where each is written, and what comes near.

    Args:
        text: the query.
        missing: the terms, by IRI.
        prefixes: those that it may use without declaring them.
        vocabulary: the classes and properties of the graph.
    """
    written = iris_of(text, prefixes=prefixes)
    short = {compress(each, prefixes): each for each in vocabulary}
    unknown = []
    for iri in missing:
        if (token := written.get(iri)) is not None:
            near = difflib.get_close_matches(compress(iri, prefixes), short, n=2, cutoff=0.75)
            unknown.append(UnknownTerm(token.text, token.line, token.column, tuple(near)))
    return unknown
