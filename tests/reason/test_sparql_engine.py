"""The rules as SPARQL updates: portable text, and an embedded store that rewrites nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import sparql_engine
from citygraph.errors import ReasoningError
from citygraph.rdf import Iri, Literal, Quad, Triple
from citygraph.reason import columnar
from citygraph.reason.closure import Budget
from citygraph.reason.specialise import specialise
from sparql_engine.rules import skolem, update_list, updates
from sparql_engine.store import UpdatableStore

Turtle = Callable[[str], tuple[Triple, ...]]

ASSERTED, INFERRED = "urn:x:graph/asserted", "urn:x:graph/inferred"
CITIES = """
:memberOf rdfs:subPropertyOf :participatesIn ; owl:inverseOf :hasMember . :near a owl:TransitiveProperty .
:code a owl:InverseFunctionalProperty . :Capital owl:equivalentClass [ owl:onProperty :seatOf ; owl:someValuesFrom :Country ] .
:oslo :memberOf :eurocities ; :code "0301" ; :seatOf :norway ; :near :drammen . :norway a :Country . :drammen :near :kongsberg .
:christiania :code "0301" ; :name "Christiania" .
"""


def texts(triples: tuple[Triple, ...]) -> list[tuple[str, str, str]]:
    return [(str(t.subject), str(t.predicate), str(t.object)) for t in triples]


def test_the_listed_updates_alone_reach_the_fixpoint_on_a_plain_store(turtle: Turtle) -> None:
    triples = turtle(CITIES)
    named = [
        Triple(*(Iri(skolem(str(term))[1:-1]) if str(term).startswith("_:") else term for term in triple))
        for triple in triples
    ]
    store = UpdatableStore(Quad(t.subject, t.predicate, t.object, Iri(ASSERTED)) for t in named)
    listed = updates(specialise(texts(triples)), asserted=ASSERTED, inferred=INFERRED)
    size = -1
    while size != len(store):
        size = len(store)
        for text in listed:
            store.update(text)
    found = {Triple(q.subject, q.predicate, q.object) for q in store.quads(Iri(INFERRED))}
    assert {t for t in columnar.close(triples).inferred() if "_:" not in str(t)} <= found
    assert Triple(Iri("urn:x:oslo"), Iri("urn:x:name"), Literal("Christiania")) in found


def test_every_atom_names_its_graph_because_servers_disagree_on_the_default_graph(turtle: Turtle) -> None:
    for text in updates(specialise(texts(turtle(CITIES))), asserted=ASSERTED, inferred=INFERRED):
        assert text.startswith(f"INSERT {{ GRAPH <{INFERRED}> {{")
        where = text.partition("WHERE")[2]
        assert where.count("FILTER(?g") == where.count("GRAPH ?g")
        assert f"FILTER NOT EXISTS {{ GRAPH <{ASSERTED}>" in where
        assert "_:" not in text


def test_rules_come_before_the_rules_that_read_them(turtle: Turtle) -> None:
    axioms = turtle(":C rdfs:subClassOf :D . :B rdfs:subClassOf :C . :p rdfs:domain :B . :q rdfs:subPropertyOf :p .")
    rules = update_list(specialise(texts(axioms)), asserted=ASSERTED, inferred=INFERRED, equality=False)
    assert [rule.writes for rule in rules] == ["<urn:x:p>", "a <urn:x:B>", "a <urn:x:C>", "a <urn:x:D>"]


def test_a_literal_never_becomes_a_subject(turtle: Turtle) -> None:
    triples = turtle(':p owl:inverseOf :q ; rdfs:range :A . :a :p "x" , :b .')
    found = {str(t) for t in sparql_engine.close(triples).inferred()}
    assert "<urn:x:b> <urn:x:q> <urn:x:a>" in found
    assert not any(line.startswith('"') for line in found)


@pytest.mark.parametrize(
    "literal", ['"01"^^xsd:integer', '"1.50"^^xsd:decimal', '"x"@nb-NO', '"a\\"b\\\\c\\n"', '"1"^^xsd:boolean']
)
def test_literals_keep_the_form_they_were_written_in(turtle: Turtle, literal: str) -> None:
    triples = turtle(f":p rdfs:subPropertyOf :q . :a :p {literal} .")
    (asserted,) = (t for t in triples if t.predicate == Iri("urn:x:p"))
    (inferred,) = sparql_engine.close(triples).inferred()
    assert str(inferred.object) == str(asserted.object)


def test_blank_nodes_come_back_as_blank_nodes(turtle: Turtle) -> None:
    triples = turtle(":p rdfs:subPropertyOf :q . :a :p [ :name 'x' ] .")
    assert set(sparql_engine.close(triples).inferred()) == set(columnar.close(triples).inferred())


def test_a_closure_beyond_the_budget_is_stopped(turtle: Turtle) -> None:
    chain = ":near a owl:TransitiveProperty . " + " ".join(f":n{i} :near :n{i + 1} ." for i in range(30))
    with pytest.raises(ReasoningError, match="urn:x:near"):
        sparql_engine.close(turtle(chain), budget=Budget(derived=50))


def test_a_contradiction_has_the_premises_that_people_wrote(turtle: Turtle) -> None:
    triples = turtle(":a owl:sameAs :b . :b a :A , :B . :A owl:disjointWith :B .")
    (contradiction,) = sparql_engine.close(triples).contradictions
    assert {str(t.subject) for t in contradiction.premises} == {"<urn:x:b>"}
    assert [str(t.predicate) for t in contradiction.axioms] == ["<http://www.w3.org/2002/07/owl#disjointWith>"]
