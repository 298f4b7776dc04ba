"""Which nodes pySHACL has to look at: those of which a shape does not say at once that they conform."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from citygraph.namespaces import PREFIXES
from citygraph.rdf import Iri, Term, Triple, from_rdflib, to_rdflib
from citygraph.validate.conformance import SH, read_shape
from citygraph.validate.triple_index import TripleIndex

if TYPE_CHECKING:
    import rdflib

__all__ = ["narrow"]

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
