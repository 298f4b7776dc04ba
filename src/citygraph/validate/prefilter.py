"""Which nodes pySHACL has to look at: those of which a shape does not say at once that they conform.

pySHACL is the judge of shapes: it writes the results. But it needs about a fifth of a millisecond for
every statement of a graph, also where nothing is wrong. Here a shape becomes a function that says of a
node whether it conforms. Only the nodes of which it does not say yes go to the judge. What it does not
know, it does not answer: a component that is not listed in `constraints` leaves its whole shape to pySHACL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from citygraph.namespaces import PREFIXES
from citygraph.rdf import Iri, Literal, Term, Triple, from_rdflib, to_rdflib
from citygraph.validate.constraints import (
    COMPONENTS,
    SH,
    Component,
    ShapeTest,
    TripleIndex,
    Unknown,
    Verdict,
    all_of,
)

if TYPE_CHECKING:
    import rdflib

__all__ = ["narrow", "read_shape"]

_RDF: Final = PREFIXES["rdf"]
_Path: TypeAlias = Callable[[Term], list[Term]]
_SILENT: Final = frozenset(
    Iri(PREFIXES[prefix] + name)
    for prefix, names in {
        "rdf": "type",
        "rdfs": "label comment",
        "sh": "message severity name description order group path targetClass targetSubjectsOf targetObjectsOf targetNode",
    }.items()
    for name in names.split()
)
_FORBIDDEN_TYPES: Final = frozenset({Iri(PREFIXES["rdfs"] + "Class"), Iri(PREFIXES["owl"] + "Class")})
_DEEPEST: Final = 20
_TARGETS: Final = ("targetClass", "targetSubjectsOf", "targetObjectsOf", "targetNode")


def narrow(shapes: rdflib.Graph, given: Iterable[Triple]) -> rdflib.Graph | None:
    """The graph that pySHACL has to read; `shapes` now target only the nodes that may break them.

    The results are those of the whole graph with the shapes as they were. None when no node is left.

    Args:
        shapes: the shapes; their targets are changed.
        given: the data.
    """
    from rdflib import URIRef  # noqa: PLC0415  # costs a quarter of a second to import

    data = TripleIndex(given)
    written = TripleIndex(
        Triple(from_rdflib(s), from_rdflib(p), from_rdflib(o))  # type: ignore[arg-type]
        for s, p, o in shapes
    )
    targeted = {shape for name in _TARGETS for shape in written.subjects_of(Iri(SH + name))}
    suspects: set[Term] = set()
    steps, whole = 0, _has_other_targets(written)
    for node in sorted(targeted, key=str):
        shape = read_shape(node, written, data)
        if shape is None:
            whole = True
            continue
        steps = max(steps, shape.steps)
        suspected = [each for each in _focus_nodes(node, written, data) if shape.conforms(each) is not True]
        suspects.update(suspected)
        (subject,) = to_rdflib([Triple(node, Iri(SH + "node"), node)]).subjects()  # type: ignore[arg-type]
        for name in _TARGETS:
            shapes.remove((subject, URIRef(SH + name), None))
        for triple in to_rdflib(Triple(node, Iri(SH + "targetNode"), each) for each in suspected):  # type: ignore[arg-type]
            shapes.add(triple)
    if whole:
        return to_rdflib(given)
    return to_rdflib(data.around(suspects, steps + 1)) if suspects else None


def _has_other_targets(written: TripleIndex) -> bool:
    """Whether there are targets that are not listed here: those of SHACL-AF, and shapes that are classes."""
    kinds = written.instances(Iri(SH + "NodeShape")) | written.instances(Iri(SH + "PropertyShape"))
    classes = {Iri(PREFIXES["rdfs"] + "Class"), Iri(PREFIXES["owl"] + "Class")}
    type_ = Iri(PREFIXES["rdf"] + "type")
    if any(classes & set(written.objects(kind, type_)) for kind in kinds):
        return True
    return bool(list(written.subjects_of(Iri(SH + "target"))))


def _focus_nodes(shape: Term, written: TripleIndex, data: TripleIndex) -> list[Term]:
    """The targets of a shape (SHACL section 2.1.3), each once."""
    found: dict[Term, None] = {}
    for class_ in written.objects(shape, Iri(SH + "targetClass")):
        found |= dict.fromkeys(data.instances(class_))
    for predicate in written.objects(shape, Iri(SH + "targetSubjectsOf")):
        found |= dict.fromkeys(data.subjects_of(predicate))
    for predicate in written.objects(shape, Iri(SH + "targetObjectsOf")):
        found |= dict.fromkeys(data.incoming(predicate))
    found |= dict.fromkeys(written.objects(shape, Iri(SH + "targetNode")))
    return list(found)


def read_shape(node: Term, shapes: TripleIndex, data: TripleIndex) -> ShapeTest | None:
    """The shape as a function; None when it uses something that is left to pySHACL.

    Args:
        node: the shape.
        shapes: the graph it is written in.
        data: the graph whose nodes will be asked about.
    """
    try:
        return _Reader(shapes, data).shape(node, 0)
    except Unknown:
        return None


class _Reader:
    """Reads the shapes of one graph about another."""

    def __init__(self, shapes: TripleIndex, data: TripleIndex) -> None:
        self.shapes = shapes
        self.data = data

    def shape(self, node: Term, depth: int) -> ShapeTest:
        if depth > _DEEPEST or _FORBIDDEN_TYPES & set(self.shapes.objects(node, Iri(_RDF + "type"))):
            raise Unknown
        parameters = {each.value for each in set(self.shapes.predicates(node)) - _SILENT if isinstance(each, Iri)}
        deactivated = self.one(node, "deactivated") if SH + "deactivated" in parameters else None
        path = self.shapes.objects(node, Iri(SH + "path"))
        steps, values_of = self._path(path[0]) if path else (0, lambda term: [term])
        components: list[Component] = []
        below = [0]
        for name in sorted(parameters):
            reader = COMPONENTS.get(name.removeprefix(SH)) if name.startswith(SH) else None
            if reader is None:
                raise Unknown
            found, deeper = reader(self, node, depth)
            components += found
            below.append(deeper)
        if isinstance(deactivated, Literal) and deactivated.value == "true":
            return ShapeTest(lambda _: True, 0)

        def conforms(term: Term) -> Verdict:
            values = values_of(term)
            return all_of(component(term, values) for component in components)

        return ShapeTest(conforms, steps + max(below))

    # -- paths (section 2.3.1) ------------------------------------------------------------------

    def _path(self, path: Term) -> tuple[int, _Path]:
        if isinstance(path, Iri):
            return 1, partial(self._forward, path)
        alternatives = self.shapes.value(path, Iri(SH + "alternativePath"))
        members = self.shapes.list_of(alternatives) if alternatives is not None else None
        if not members or not all(isinstance(each, Iri) for each in members):
            raise Unknown
        return 1, lambda term: list(dict.fromkeys(value for each in members for value in self.data.objects(term, each)))

    def _forward(self, predicate: Term, term: Term) -> list[Term]:
        return self.data.objects(term, predicate)

    # -- parameters -----------------------------------------------------------------------------

    def one(self, node: Term, name: str) -> Term:
        values = self.shapes.objects(node, Iri(SH + name))
        if len(values) != 1:
            raise Unknown
        return values[0]

    def number(self, node: Term, name: str) -> int:
        value = self.one(node, name)
        if not isinstance(value, Literal) or not value.value.isdecimal():
            raise Unknown
        return int(value.value)

    def members(self, node: Term, name: str) -> list[Term]:
        members = self.shapes.list_of(self.one(node, name))
        if members is None:
            raise Unknown
        return members

    def each_of(self, node: Term, name: str) -> list[Term]:
        return self.shapes.objects(node, Iri(SH + name))
