"""pySHACL on the nodes that `narrow` leaves says exactly what pySHACL says on the whole graph."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pyshacl
import pytest
import rdflib
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rdflib import RDF, SH, XSD

from citygraph.config import read_config
from citygraph.graphs import Part
from citygraph.load import load_files
from citygraph.rdf import Iri, Triple, from_rdflib, lexical_forms_kept, to_rdflib
from citygraph.results import Solutions
from citygraph.store import MemoryStore
from citygraph.validate.constraints import TripleIndex
from citygraph.validate.shapes import narrow, read_shape
from citygraph.validate.sparql_constraints import Constraint, run_constraint
from clean_project import BROKEN, ROOT, clean_project, expectations
from conftest import IN_CI, SHARED

_SUITE: Final = SHARED / "reference" / "shacl-tests" / "tests" / "core"
_FILES: Final = sorted(_SUITE.glob("*/*.ttl"))
_LARGE: Final = {"shacl-shacl", "shacl-shacl-data-shapes"}
_NOT_TESTS: Final = {"manifest.ttl", "shared-data.ttl", "shared-shapes.ttl", "datatypes-001-data.ttl"}
_EX: Final = rdflib.Namespace("http://example.org/")


def _copy(graph: rdflib.Graph) -> rdflib.Graph:
    found = rdflib.Graph()
    for triple in graph:
        found.add(triple)
    return found


def _results(data: rdflib.Graph, shapes: rdflib.Graph) -> set[tuple[Any, ...]]:
    with lexical_forms_kept():
        _, found, text = pyshacl.validate(data, shacl_graph=shapes, inference="none", inplace=True)
    assert isinstance(found, rdflib.Graph), text
    names = (SH.focusNode, SH.value, SH.sourceShape, SH.sourceConstraintComponent, SH.resultSeverity)
    return {
        tuple(found.value(result, name) for name in names) for result in found.subjects(RDF.type, SH.ValidationResult)
    }


def _same(triples: Sequence[Triple], shapes: rdflib.Graph) -> set[tuple[Any, ...]]:
    """The results on the whole graph, after they were held against those on what is left of it."""
    whole = _results(to_rdflib(triples), _copy(shapes))
    narrowed = _copy(shapes)
    left = narrow(narrowed, triples)
    assert (set() if left is None else _results(left, narrowed)) == whole
    return whole


def _triples(graph: rdflib.Graph) -> list[Triple]:
    return [Triple(from_rdflib(s), from_rdflib(p), from_rdflib(o)) for s, p, o in graph]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "path",
    [
        # The shapes that describe shapes take a hundred times as long as any other.
        pytest.param(path, id=f"{path.parent.name}/{path.stem}", marks=[pytest.mark.slow] * (path.stem in _LARGE))
        for path in _FILES
    ],
)
def test_the_public_suite_gives_the_same_results(path: Path) -> None:
    if path.name in _NOT_TESTS:
        return
    with lexical_forms_kept():
        graph = rdflib.Graph().parse(path)
    _same(_triples(graph), graph)


def test_the_public_suite_is_there() -> None:
    if not _FILES and not IN_CI:
        pytest.skip("the public test suites are not at hand: put them at ../shared/reference")
    assert len(_FILES) > 90


_OF_SHAPES: Final = sorted(
    name
    for name in BROKEN
    if {each.code for each in expectations(name)}
    & set(re.findall(r"^cgs:([a-z0-9-]+) a sh:", (ROOT / "ontology" / "shapes.ttl").read_text("utf-8"), re.MULTILINE))
)


@pytest.mark.slow
@pytest.mark.parametrize("name", _OF_SHAPES)
def test_every_broken_project_gives_the_same_results(name: str, tmp_path: Path) -> None:
    graphs = load_files(read_config(clean_project(tmp_path, mistake=name))).graphs
    shapes = to_rdflib(quad for file in graphs.of(Part.SHAPES) for quad in file.quads)
    for constraint in set(shapes.subject_objects(SH.sparql)):
        shapes.remove((constraint[0], SH.sparql, constraint[1]))
    _same(graphs.triples(Part.ONTOLOGY, Part.DATA, Part.SOURCES, Part.MAPPINGS), shapes)


# -- shapes and graphs of chance --------------------------------------------------------------------

_NODES: Final = [_EX[name] for name in "abcde"]
_PROPERTIES: Final = [_EX.p, _EX.q, rdflib.RDFS.label]
_CLASSES: Final = [_EX.A, _EX.B]
_LITERALS: Final = [
    rdflib.Literal("x"), rdflib.Literal("x", lang="nb"), rdflib.Literal("y", lang="nb"), rdflib.Literal("x", lang="en"),
    rdflib.Literal("1", datatype=XSD.integer), rdflib.Literal("7", datatype=XSD.integer),
    rdflib.Literal("2020-11-05", datatype=XSD.date), rdflib.Literal("2021-01-01", datatype=XSD.date),
    rdflib.Literal("no day", datatype=XSD.date), rdflib.Literal("1.5", datatype=XSD.decimal),
]  # fmt: skip


@st.composite
def _data(draw: st.DrawFn) -> list[Triple]:
    graph = rdflib.Graph()
    graph.add((_EX.B, rdflib.RDFS.subClassOf, _EX.A))
    for node in _NODES:
        for class_ in draw(st.sets(st.sampled_from(_CLASSES))):
            graph.add((node, RDF.type, class_))
        for property_ in _PROPERTIES:
            for value in draw(st.lists(st.sampled_from([*_NODES, *_LITERALS]), max_size=3)):
                graph.add((node, property_, value))
    return _triples(graph)


def _list(graph: rdflib.Graph, members: list[Any]) -> rdflib.term.Node:
    node = rdflib.BNode() if members else RDF.nil
    rdflib.collection.Collection(graph, node, members)
    return node


@st.composite
def _component(draw: st.DrawFn, graph: rdflib.Graph, depth: int) -> list[tuple[rdflib.URIRef, Any]]:
    """One constraint component with its parameters."""
    number = rdflib.Literal(draw(st.integers(0, 2)))
    flat: list[list[tuple[rdflib.URIRef, Any]]] = [
        [(SH["class"], draw(st.sampled_from(_CLASSES)))],
        [(SH.datatype, draw(st.sampled_from([XSD.string, XSD.integer, XSD.date, RDF.langString])))],
        [(SH.nodeKind, draw(st.sampled_from([SH.IRI, SH.Literal, SH.BlankNodeOrIRI, SH.IRIOrLiteral])))],
        [(SH.minCount, number)], [(SH.maxCount, number)], [(SH.minInclusive, number)], [(SH.maxExclusive, number)],
        [(SH.pattern, rdflib.Literal(draw(st.sampled_from(["^x", "[0-9]", "a$"]))))],
        [(SH.languageIn, _list(graph, [rdflib.Literal("nb")]))],
        [(SH.hasValue, draw(st.sampled_from([*_NODES, *_LITERALS])))],
        [(SH["in"], _list(graph, draw(st.lists(st.sampled_from([*_NODES, *_LITERALS]), max_size=4))))],
        [(SH.lessThanOrEquals, _EX.q)], [(SH.uniqueLang, rdflib.Literal(True))],  # noqa: FBT003  # a value
        [(SH.closed, rdflib.Literal(True)), (SH.ignoredProperties, _list(graph, [RDF.type, _EX.p]))],  # noqa: FBT003
    ]  # fmt: skip
    kind = draw(st.integers(0, len(flat) + (6 if depth else -1)))
    if kind < len(flat):
        return flat[kind]
    inner = [draw(_shape(graph, depth - 1)) for _ in range(2)]
    return [
        [(SH.node, inner[0])], [(SH["not"], inner[0])], [(SH["and"], _list(graph, inner))],
        [(SH["or"], _list(graph, inner))], [(SH.xone, _list(graph, inner))], [(SH.property, inner[0])],
        [(SH.qualifiedValueShape, inner[0]), (SH.qualifiedMinCount, number)],
    ][kind - len(flat)]  # fmt: skip


_ONLY_WITH_A_PATH: Final = {SH.minCount, SH.maxCount, SH.uniqueLang, SH.lessThanOrEquals, SH.qualifiedValueShape}


@st.composite
def _shape(draw: st.DrawFn, graph: rdflib.Graph, depth: int) -> rdflib.term.Node:
    node = rdflib.BNode()
    with_path = draw(st.booleans())
    if with_path:
        path: Any = draw(st.sampled_from(_PROPERTIES))
        if draw(st.integers(0, 5)) == 0:
            alternatives, path = _list(graph, [_EX.p, _EX.q]), rdflib.BNode()
            graph.add((path, SH.alternativePath, alternatives))
        graph.add((node, SH.path, path))
    graph.add((node, RDF.type, SH.PropertyShape if with_path else SH.NodeShape))
    for _ in range(draw(st.integers(1, 2))):
        component = draw(_component(graph, depth))
        name = component[0][0]
        is_property = (component[0][1], SH.path, None) in graph
        in_place = is_property == (name == SH.property) if name in {SH.property, SH.node} else True
        one_only = (node, name, None) not in graph
        if (with_path or name not in _ONLY_WITH_A_PATH) and in_place and one_only:
            for predicate, value in component:
                graph.add((node, predicate, value))
    return node


@st.composite
def _shapes(draw: st.DrawFn) -> rdflib.Graph:
    graph = rdflib.Graph()
    for i in range(draw(st.integers(1, 3))):
        node = draw(_shape(graph, 2))
        name = _EX[f"shape{i}"]
        for predicate, value in list(graph.predicate_objects(node)):
            graph.add((name, predicate, value))
            graph.remove((node, predicate, value))
        target = draw(st.sampled_from([(SH.targetClass, _EX.A), (SH.targetSubjectsOf, _EX.p), (SH.targetNode, _EX.a),
                                       (SH.targetObjectsOf, _EX.q)]))  # fmt: skip
        graph.add((name, *target))
    return graph


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(_data(), _shapes())
def test_shapes_of_chance_on_graphs_of_chance_give_the_same_results(
    triples: list[Triple], shapes: rdflib.Graph
) -> None:
    _same(triples, shapes)


# -- that it is worth it ------------------------------------------------------------------------------


def test_nothing_is_left_of_a_graph_without_mistakes(tmp_path: Path) -> None:
    graphs = load_files(read_config(clean_project(tmp_path))).graphs
    shapes = to_rdflib(quad for file in graphs.of(Part.SHAPES) for quad in file.quads)
    for constraint in set(shapes.subject_objects(SH.sparql)):
        shapes.remove((constraint[0], SH.sparql, constraint[1]))
    assert narrow(shapes, graphs.triples(Part.ONTOLOGY, Part.DATA, Part.SOURCES, Part.MAPPINGS)) is None


def test_a_component_that_is_not_known_leaves_the_shape_to_pyshacl() -> None:
    turtle = """
        @prefix sh: <http://www.w3.org/ns/shacl#> . @prefix ex: <http://example.org/> .
        ex:shape a sh:NodeShape ; sh:targetClass ex:A ; sh:property [ sh:path ( ex:p ex:q ) ; sh:minCount 1 ] .
        ex:known a sh:NodeShape ; sh:targetClass ex:A ; sh:property [ sh:path ex:p ; sh:maxCount 1 ] .
        ex:a a ex:A ; ex:p ex:b . ex:b ex:q ex:c . ex:d a ex:A ; ex:p ex:c ."""
    graph = rdflib.Graph().parse(data=turtle, format="turtle")
    triples = _triples(graph)
    assert read_shape(from_rdflib(_EX.shape), TripleIndex(triples), TripleIndex(triples)) is None
    assert {result[0] for result in _same(triples, graph)} == {_EX.d}


_CHAIN: Final = "SELECT $this ?value WHERE { $this ex:r ?value . FILTER NOT EXISTS { $this ex:p ?m . ?m ex:q ?value } }"


@pytest.mark.parametrize("seed", range(5))
def test_a_chain_that_must_not_be_gives_the_rows_of_every_node_by_itself(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [Iri(f"http://example.org/n{number}") for number in range(6)]
    every = [Triple(a, Iri(f"http://example.org/{p}"), b) for a, p, b in itertools.product(names, "pqr", names)]
    store = MemoryStore()
    store.state(random.Random(seed).sample(every, 36))  # noqa: S311  # chance, and no secret
    prologue = "PREFIX ex: <http://example.org/>"
    asked: list[str] = []
    query = MemoryStore.query

    def noted(self: MemoryStore, text: str, **more: Any) -> Any:  # noqa: ANN401
        asked.append(text)
        return query(self, text, **more)

    monkeypatch.setattr(MemoryStore, "query", noted)
    constraint = Constraint("http://example.org/s", prologue + _CHAIN, {}, (), tuple(each.value for each in names))
    found = {(each.focus, each.value) for each in run_constraint(constraint, store)}
    rows = [query(store, prologue + _CHAIN, bind={"this": each}) for each in names]
    assert found == {(row["this"], row["value"]) for answer in rows if isinstance(answer, Solutions) for row in answer}
    assert found
    assert "MINUS" in asked[0]
