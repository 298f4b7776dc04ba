"""The one filter that every engine's inferred triples pass."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from citygraph.rdf import BlankNode, Iri, Triple
from citygraph.reason.closure import keep
from citygraph.reason.columnar import close

RDF_TYPE = Iri("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")


@pytest.mark.parametrize(
    ("turtle_text", "kept"),
    [
        (":a :p :b .", True),
        (':a :p "x" .', True),
        (":a :p [] .", True),
        (":a a :C .", True),
        (":a a owl:TransitiveProperty .", True),
        (":a a [] .", False),
        (":a a owl:Thing .", False),
        (":a a rdfs:Resource .", False),
        (":A rdfs:subClassOf [] .", False),
        (":A rdfs:subClassOf owl:Thing .", False),
        (":A rdfs:subClassOf :A .", False),
        (":a owl:sameAs :a .", False),
        (":a owl:sameAs :b .", True),
        (":a :p :a .", True),
        ("owl:Nothing rdfs:subClassOf :A .", False),
        ("xsd:integer a rdfs:Datatype .", False),
        ("[] :p :a .", False),
    ],
)
def test_what_is_kept(turtle: Callable[[str], tuple[Triple, ...]], turtle_text: str, *, kept: bool) -> None:
    (triple,) = turtle(turtle_text)
    assert keep(triple) == kept


def test_the_columns_are_filtered_as_the_terms_are(turtle: Callable[[str], tuple[Triple, ...]]) -> None:
    premises = turtle(
        """
        :R owl:onProperty :p ; owl:someValuesFrom owl:Thing . owl:Thing rdfs:subClassOf :Everything .
        :A a owl:Class ; rdfs:subClassOf [ owl:onProperty :p ; owl:hasValue "v" ] . :A rdfs:subClassOf :R .
        :x a :A ; owl:sameAs :y . [] a :A . :A owl:equivalentClass :B . rdfs:label rdfs:domain :Named . :x rdfs:label "x" .
        """
    )
    closure = close(premises)
    found = list(closure.inferred())
    assert all(map(keep, found))
    assert len(set(found)) == len(found)
    assert not set(found) & set(premises)
    assert Triple(Iri("urn:x:y"), RDF_TYPE, Iri("urn:x:Everything")) in found
    assert not any(isinstance(triple.subject, BlankNode) for triple in found)
