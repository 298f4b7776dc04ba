"""Random small ontologies and data for hypothesis, as Turtle without blank nodes outside lists."""

from __future__ import annotations

from hypothesis import strategies as st

CLASSES = st.sampled_from([":A", ":B", ":C", ":D"])
PROPERTIES = st.sampled_from([":p", ":q", ":r", ":s"])
DATA_PROPERTIES = st.sampled_from([":u", ":v"])
THINGS = st.sampled_from([":a", ":b", ":c", ":d", ":e"])
LITERALS = st.sampled_from(['"x"', '"y"', '"x"@en', "7"])
RESTRICTIONS = st.sampled_from([":R1", ":R2", ":R3"])
DATA_RESTRICTIONS = st.sampled_from([":R4", ":R5"])
"""Apart from the others: a restriction on both kinds of property makes things and literals equal, which
owlrl writes down and we do not."""
FILLERS = st.one_of(CLASSES, RESTRICTIONS, DATA_RESTRICTIONS)


def _lines(template: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map(lambda found: template.format(*found))


AXIOMS = st.one_of(
    _lines("{} rdfs:subClassOf {} .", FILLERS, FILLERS),
    _lines("{} owl:equivalentClass {} .", FILLERS, FILLERS),
    _lines("{} owl:disjointWith {} .", CLASSES, CLASSES),
    _lines("{} owl:complementOf {} .", CLASSES, CLASSES),
    _lines("{} rdfs:subPropertyOf {} .", PROPERTIES, PROPERTIES),
    _lines("{} rdfs:subPropertyOf {} .", DATA_PROPERTIES, DATA_PROPERTIES),
    _lines("{} owl:equivalentProperty {} .", PROPERTIES, PROPERTIES),
    _lines("{} owl:inverseOf {} .", PROPERTIES, PROPERTIES),
    _lines("{} owl:propertyDisjointWith {} .", PROPERTIES, PROPERTIES),
    _lines("{} rdfs:domain {} .", st.one_of(PROPERTIES, DATA_PROPERTIES), FILLERS),
    _lines("{} rdfs:range {} .", PROPERTIES, FILLERS),
    _lines(
        "{} a owl:{}Property .",
        PROPERTIES,
        st.sampled_from(
            ["Transitive", "Symmetric", "Functional", "InverseFunctional", "Irreflexive", "Asymmetric", "Object"]
        ),
    ),
    _lines("{} a owl:Class .", FILLERS),
    _lines("{} owl:propertyChainAxiom ( {} {} ) .", PROPERTIES, PROPERTIES, PROPERTIES),
    _lines("{} owl:propertyChainAxiom ( {} {} {} ) .", PROPERTIES, PROPERTIES, PROPERTIES, PROPERTIES),
    _lines("{} owl:intersectionOf ( {} {} ) .", CLASSES, FILLERS, FILLERS),
    _lines("{} owl:unionOf ( {} {} ) .", CLASSES, FILLERS, FILLERS),
    _lines("{} owl:oneOf ( {} {} ) .", CLASSES, THINGS, THINGS),
    _lines("{} owl:onProperty {} ; owl:someValuesFrom {} .", RESTRICTIONS, PROPERTIES, FILLERS),
    _lines("{} owl:onProperty {} ; owl:someValuesFrom owl:Thing .", RESTRICTIONS, PROPERTIES),
    _lines("{} owl:onProperty {} ; owl:allValuesFrom {} .", RESTRICTIONS, PROPERTIES, FILLERS),
    _lines("{} owl:onProperty {} ; owl:hasValue {} .", RESTRICTIONS, PROPERTIES, THINGS),
    _lines("{} owl:onProperty {} ; owl:hasValue {} .", DATA_RESTRICTIONS, DATA_PROPERTIES, LITERALS),
    _lines('{} owl:onProperty {} ; owl:maxCardinality "1"^^xsd:nonNegativeInteger .', RESTRICTIONS, PROPERTIES),
    _lines(
        '{} owl:onProperty {} ; owl:onClass {} ; owl:maxQualifiedCardinality "1"^^xsd:nonNegativeInteger .',
        RESTRICTIONS,
        PROPERTIES,
        FILLERS,
    ),
)
FACTS = st.one_of(
    _lines("{} a {} .", THINGS, FILLERS),
    _lines("{} {} {} .", THINGS, PROPERTIES, THINGS),
    _lines("{} {} {} .", THINGS, PROPERTIES, THINGS),
    _lines("{} {} {} .", THINGS, DATA_PROPERTIES, LITERALS),
    _lines("{} owl:sameAs {} .", THINGS, THINGS),
    _lines("{} owl:differentFrom {} .", THINGS, THINGS),
)
RARE_FACTS = st.one_of(
    _lines("{} owl:sameAs {} .", CLASSES, CLASSES),
    _lines("{} owl:sameAs {} .", PROPERTIES, PROPERTIES),
)
KEYS = _lines("{} owl:hasKey ( {} {} ) .", FILLERS, st.one_of(PROPERTIES, DATA_PROPERTIES), DATA_PROPERTIES)

ONTOLOGIES = st.lists(AXIOMS, max_size=8)
DATA = st.lists(FACTS, max_size=12)
