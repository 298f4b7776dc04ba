"""The OWL 2 test cases of the W3C that fall under the RL profile and the RDF-based semantics."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from citygraph.rdf import BlankNode, Iri, Triple, parse
from citygraph.reason import axiomatic, columnar

if TYPE_CHECKING:
    import rdflib

    from citygraph.reason.columnar import ColumnarClosure

SHARED = Path(os.environ.get("CITYGRAPH_SHARED", Path(__file__).parents[3] / "shared"))
CASES = SHARED / "reference" / "owl2-tests" / "all.rdf"
TEST = "http://www.w3.org/2007/OWL/testOntology#"
XSD = "http://www.w3.org/2001/XMLSchema#"

pytestmark = pytest.mark.skipif(not CASES.is_file(), reason="the W3C cases are not at ../shared/reference/owl2-tests")


@dataclass(frozen=True)
class W3CCase:
    """One case: what is given, and what it is about."""

    name: str
    kinds: frozenset[str]
    premise: str
    conclusion: str
    not_conclusion: str


@cache
def _graph() -> rdflib.Graph:
    """All cases, read once."""
    import rdflib  # noqa: PLC0415  # slow to import

    return rdflib.Graph().parse(CASES, format="xml")


@cache
def w3c_cases() -> tuple[W3CCase, ...]:
    """The cases in the RL profile under the RDF-based semantics."""
    if not CASES.is_file():
        return ()
    import rdflib  # noqa: PLC0415  # slow to import

    graph = _graph()
    test = rdflib.Namespace(TEST)
    found = []
    for case in graph.subjects(rdflib.RDF.type, test.TestCase):
        if (case, test.profile, test.RL) not in graph or (case, test.semantics, test["RDF-BASED"]) not in graph:
            continue
        texts = [
            str(graph.value(case, test[name]) or "")
            for name in ("rdfXmlPremiseOntology", "rdfXmlConclusionOntology", "rdfXmlNonConclusionOntology")
        ]
        if not any(texts):
            continue
        kinds = frozenset(str(kind).removeprefix(TEST) for kind in graph.objects(case, rdflib.RDF.type))
        found.append(W3CCase(str(graph.value(case, test.identifier)), kinds, *texts))
    return tuple(sorted(found, key=lambda case: case.name))


def named(kind: str) -> list[W3CCase]:
    """The cases of one kind."""
    return [case for case in w3c_cases() if kind in case.kinds]


def triples(text: str) -> tuple[Triple, ...]:
    """RDF/XML as triples."""
    return tuple(quad.triple for quad in parse(text.encode(), format="rdf").quads)


@cache
def closed(premise: str) -> tuple[ColumnarClosure, frozenset[Triple]]:
    """The closure of a premise, and everything in it: noise and anonymous classes included."""
    given = triples(premise)
    closure = columnar.close(given)
    return closure, frozenset(all_triples(closure)) | frozenset(given)


def all_triples(closure: ColumnarClosure) -> Iterator[Triple]:
    """Every triple of a closure before the filter."""
    dictionary = closure.state.dictionary
    (type_term,) = dictionary.terms([closure.state.type_term])
    for key, rows in closure.expanded().items():
        (name,) = dictionary.terms([key >> 1])
        for row in rows.tolist():
            if key & 1:
                subject, object_ = dictionary.terms([row >> 32, row & 0xFFFFFFFF])
                if not isinstance(name, BlankNode):
                    yield Triple(subject, name, object_)  # type: ignore[arg-type]
            else:
                (subject,) = dictionary.terms([row])
                yield Triple(subject, type_term, name)  # type: ignore[arg-type]
    # dt-type1 is not run, because the filter would drop what it says; here it counts.
    for datatype in ("string", "integer"):
        yield Triple(Iri(XSD + datatype), type_term, Iri("http://www.w3.org/2000/01/rdf-schema#Datatype"))  # type: ignore[arg-type]


def entailed(wanted: tuple[Triple, ...], known: frozenset[Triple]) -> bool:
    """Whether some naming of the blank nodes in `wanted` makes all of it known (simple entailment)."""
    by_predicate: dict[object, list[Triple]] = {}
    for triple in known:
        by_predicate.setdefault(triple.predicate, []).append(triple)

    def fit(rest: list[Triple], names: dict[object, object]) -> bool:
        if not rest:
            return True
        first, *others = sorted(rest, key=lambda t: sum(isinstance(x, BlankNode) and x not in names for x in ends(t)))
        for candidate in by_predicate.get(first.predicate, ()):
            new = dict(names)
            if all(new.setdefault(a, b) == b if isinstance(a, BlankNode) else a == b
                   for a, b in zip(ends(first), ends(candidate), strict=True)) and fit(others, new):  # fmt: skip
                return True
        return False

    return fit(list(wanted), {})


def ends(triple: Triple) -> tuple[object, object]:
    """Subject and object."""
    return triple.subject, triple.object


_COMPLEMENT = "a type that is a complement; the rules only use complements to find contradictions"
_DIFFERENT = "owl:differentFrom as a conclusion; the rules only use it to find contradictions"
BEYOND_THE_RULES: dict[str, str] = {
    "DisjointClasses-001": _COMPLEMENT,
    "DisjointClasses-003": _COMPLEMENT,
    "New-Feature-DisjointDataProperties-002": _DIFFERENT,
    "New-Feature-DisjointObjectProperties-001": _DIFFERENT,
    "New-Feature-DisjointObjectProperties-002": _DIFFERENT,
    "New-Feature-ObjectQCR-002": _COMPLEMENT,
    "New-Feature-ReflexiveProperty-001": "owl:ReflexiveProperty has no rule and is outside the profile",
    "WebOnt-I5.26-010": "an anonymous restriction that nobody wrote",
    "WebOnt-I5.5-005": "a union of one class that nobody wrote",
    "WebOnt-differentFrom-001": "owl:differentFrom the other way round; no rule says that it is symmetric",
    "WebOnt-imports-011": "owl:imports of a document that is not given",
    "chain2trans1": "a transitive property as a conclusion from a chain",
    "owl2-rl-rules-fp-differentFrom": _DIFFERENT,
    "owl2-rl-rules-ifp-differentFrom": _DIFFERENT,
}
"""Conclusions that hold but that no rule of OWL 2 RL reaches, with what they ask for."""


@pytest.mark.parametrize("case", named("PositiveEntailmentTest"), ids=lambda case: case.name)
def test_what_follows_is_found(case: W3CCase, request: pytest.FixtureRequest) -> None:
    if case.name in BEYOND_THE_RULES:
        request.applymarker(pytest.mark.xfail(reason=BEYOND_THE_RULES[case.name], strict=True))
    _, known = closed(case.premise)
    assert entailed(triples(case.conclusion), known)


@pytest.mark.parametrize("case", named("NegativeEntailmentTest"), ids=lambda case: case.name)
def test_what_does_not_follow_is_not_found(case: W3CCase) -> None:
    _, known = closed(case.premise)
    assert not entailed(triples(case.not_conclusion), known)


@pytest.mark.parametrize("case", named("ConsistencyTest"), ids=lambda case: case.name)
def test_a_consistent_ontology_has_no_contradiction(case: W3CCase) -> None:
    closure, _ = closed(case.premise)
    assert not closure.contradictions


@pytest.mark.parametrize("case", named("InconsistencyTest"), ids=lambda case: case.name)
def test_an_inconsistent_ontology_has_a_contradiction(case: W3CCase) -> None:
    closure, _ = closed(case.premise)
    assert closure.contradictions


def rdf_based() -> list[tuple[str, str, str]]:
    """The cases of the suite for the RDF-based semantics: name, premise, conclusion (none: it must be inconsistent)."""
    import rdflib  # noqa: PLC0415  # slow to import

    graph = _graph()
    test = rdflib.Namespace(TEST)
    found = []
    for case, name in graph.subject_objects(test.identifier):
        if str(name).startswith("rdfbased-"):
            premise, conclusion = (
                graph.value(case, test[f"rdfXml{each}Ontology"]) for each in ("Premise", "Conclusion")
            )
            found.append((str(name), str(premise or ""), str(conclusion or "")))
    return sorted(found)


def test_a_complete_closure_passes_the_suite_of_the_rdf_based_semantics() -> None:
    cases = rdf_based()
    failed = []
    for name, premise, conclusion in cases:
        given = [*triples(premise), *axiomatic()]
        closure = columnar.close(given)
        if not conclusion:
            failed += [] if closure.contradictions else [name]
        elif not entailed(triples(conclusion), frozenset([*given, *closure.complete()])):
            failed.append(name)
    assert (failed, sum(bool(conclusion) for _, _, conclusion in cases), len(cases)) == ([], 66, 87)
