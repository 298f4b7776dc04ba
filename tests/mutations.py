"""Ways to break a catalogue record, one at a time: every property of every class, each in every way that a value can be wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from citygraph.publish.record import NAMESPACES
from citygraph.rdf import BlankNode, Iri, Literal, Term, Triple
from portal_record import TYPE, iri

__all__ = ["CLASSES", "Mutation", "curie_of", "mutations_of", "paths_of", "side_by_side"]

CLASSES: Final = (
    "dcat:Catalog", "dcat:Dataset", "dcat:Distribution", "dcat:DataService", "dcat:CatalogRecord", "foaf:Agent",
    "vcard:Kind", "dct:PeriodOfTime", "dct:RightsStatement", "dct:ProvenanceStatement", "dct:Standard",
)  # fmt: skip
_EUA: Final = "http://publications.europa.eu/resource/authority/"
_WRONG: Final[dict[str, Term]] = {
    "a text": Literal("a text"),
    "a text in English": Literal("a text", language="en"),
    "an empty text": Literal(""),
    "an empty text in English": Literal("", language="en"),
    "a blank node": BlankNode("nameless"),
    "an address of nothing": Iri("https://example.org/nothing"),
    "a relative address": Iri("http://example.com/nothing"),
    "a file on a disk": Iri("file:///tmp/graph.ttl"),
    "a term of no table": Iri("https://example.org/table/TERM"),
    "a term of another table": Iri(f"{_EUA}corporate-body/EURUN"),
    "a country": Iri(f"{_EUA}country/NOR"),
    "a bad date": Literal("2026-02-30", datatype=iri("xsd:date")),
    "a year": Literal("2026", datatype=iri("xsd:gYear")),
    "a date as text": Literal("2026-11-23"),
    "a negative number": Literal("-1", datatype=iri("xsd:nonNegativeInteger")),
    "a negative decimal": Literal("-1", datatype=iri("xsd:decimal")),
    "an integer": Literal("7", datatype=iri("xsd:integer")),
    "an address as text": Literal("https://example.org/", datatype=iri("xsd:anyURI")),
}


@dataclass(frozen=True, slots=True)
class Mutation:
    """One property of one thing in a wrong way: the values that it is to have instead of its own."""

    thing: Iri
    path: str
    way: str
    values: tuple[Term, ...]

    def __str__(self) -> str:
        """A name for the report of a test."""
        return f"{self.path}: {self.way}"

    def record(self, record: Sequence[Triple]) -> list[Triple]:
        """The record with this one fault."""
        predicate = iri(self.path)
        others = [each for each in record if not (each.subject == self.thing and each.predicate == predicate)]
        return [*others, *(Triple(self.thing, predicate, each) for each in self.values)]


def paths_of(record: Sequence[Triple], thing: Iri) -> list[str]:
    """The properties that a thing has in the record, as CURIEs."""
    return sorted({curie_of(each.predicate) for each in record if each.subject == thing})


def mutations_of(record: Sequence[Triple], thing: Iri, path: str) -> Iterator[Mutation]:
    """Every way to break one property of a thing."""
    predicate = iri(path)
    values = tuple(each.object for each in record if each.subject == thing and each.predicate == predicate)

    def broken(way: str, *objects: Term) -> Mutation:
        return Mutation(thing, path, way, objects)

    if values:
        yield broken("dropped")
        yield broken("doubled", *values, _another(values[0]))
    else:
        yield broken("doubled", Iri("https://example.org/one"), Iri("https://example.org/two"))
        yield broken("doubled", Literal("one"), Literal("two"))
    for way, value in _WRONG.items():
        yield broken(f"replaced by {way}", value)
        if len(values) > 1:
            yield broken(f"one of several replaced by {way}", *values[1:], value)
    for value in values[:1]:
        if isinstance(value, Iri) and predicate != TYPE:
            yield broken("a term that its table does not have", Iri(value.value + "_X"))
            yield broken("another scheme of the address", Iri(_other_scheme(value.value)))
        if isinstance(value, Literal) and value.language:
            yield broken("without its language", Literal(value.value), *values[1:])
            yield broken("twice in one language", *values, Literal(value.value + "!", language=value.language))


def side_by_side(record: Sequence[Triple], mutations: Sequence[Mutation]) -> tuple[list[Triple], dict[str, Mutation]]:
    """All mutations in one record: each on a copy of its thing, linked from wherever the thing itself is.

    One run of the shapes then judges them all. What comes out is the record, and the mutation of each copy by the
    name that results have.
    """
    found, copies = list(record), {}
    for number, mutation in enumerate(mutations):
        copy = Iri(f"{mutation.thing.value}/mutation/{number}")
        copies[str(copy)] = mutation
        found += [
            Triple(copy, each.predicate, each.object)
            for each in mutation.record([each for each in record if each.subject == mutation.thing])
        ]
        found += [Triple(each.subject, each.predicate, copy) for each in record if each.object == mutation.thing]
    return found, copies


def _another(value: Term) -> Term:
    """A second value of the same kind."""
    if isinstance(value, Iri):
        return Iri(f"{value.value}2")
    if isinstance(value, Literal):
        if value.language:
            return Literal(value.value + "2", language=value.language)
        if value.value[:1].isdigit() and "-" in value.value:
            return Literal("2001-01-01", datatype=value.datatype)
        return Literal(f"{value.value}2", datatype=value.datatype)
    return BlankNode("another")


def _other_scheme(address: str) -> str:
    if address.startswith("https:"):
        return address.replace("https:", "http:", 1)
    return address.replace("http:", "https:", 1) if address.startswith("http:") else address.replace("mailto:", "tel:")


def curie_of(predicate: Iri) -> str:
    """The short name that shapes and messages use."""
    prefix, namespace = max(
        ((p, n) for p, n in NAMESPACES.items() if predicate.value.startswith(n)), key=lambda each: len(each[1])
    )
    return f"{prefix}:{predicate.value[len(namespace) :]}"
