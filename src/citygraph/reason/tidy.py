"""Which inferred triples are worth keeping: one filter for every engine."""

from __future__ import annotations

from typing import Final

from citygraph.rdf import BlankNode, Iri, Literal, Term, Triple

__all__ = [
    "CLASS_PREDICATES",
    "EVERYTHING",
    "REFLEXIVE_PREDICATES",
    "VOCABULARIES",
    "keep",
]

VOCABULARIES: Final = (
    "http://www.w3.org/2002/07/owl#",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "http://www.w3.org/2000/01/rdf-schema#",
    "http://www.w3.org/2001/XMLSchema#",
)
_OWL: Final = VOCABULARIES[0]
_RDF: Final = VOCABULARIES[1]
_RDFS: Final = VOCABULARIES[2]
EVERYTHING: Final = frozenset({_OWL + "Thing", _RDFS + "Resource"})

CLASS_PREDICATES: Final = frozenset(
    {
        _RDF + "type",
        _RDFS + "subClassOf",
        _RDFS + "domain",
        _RDFS + "range",
        _OWL + "equivalentClass",
    }
)
"""Predicates whose object is a class; an anonymous class as object says nothing that its axiom does not."""

REFLEXIVE_PREDICATES: Final = frozenset(
    {
        _OWL + "sameAs",
        _OWL + "equivalentClass",
        _OWL + "equivalentProperty",
        _RDFS + "subClassOf",
        _RDFS + "subPropertyOf",
    }
)
"""Predicates that relate everything to itself."""


def keep(triple: Triple) -> bool:
    """Whether an inferred triple says something about the data that a reader did not know.

    Dropped are: literal and blank subjects; anything about the terms of OWL, RDF, RDFS and XSD;
    types and superclasses that are anonymous, `owl:Thing` or `rdfs:Resource`; `x owl:sameAs x` and its kin.
    """
    predicate = triple.predicate.value
    return (
        _keep_subject(triple.subject)
        # A triple term (RDF 1.2) never comes from a rule of OWL 2 RL.
        and isinstance(triple.object, Iri | BlankNode | Literal)
        and not (predicate in CLASS_PREDICATES and _type_is_noise(triple.object))
        and not (triple.subject == triple.object and predicate in REFLEXIVE_PREDICATES)
    )


def _keep_subject(term: Term) -> bool:
    """Whether inferred triples about this term are kept: IRIs outside the four vocabularies."""
    return isinstance(term, Iri) and not term.value.startswith(VOCABULARIES)


def _type_is_noise(term: Term) -> bool:
    """Whether a class says nothing as a type: it is anonymous, or everything belongs to it."""
    return isinstance(term, BlankNode) or (isinstance(term, Iri) and term.value in EVERYTHING)
