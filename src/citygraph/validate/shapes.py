"""SHACL shapes to findings: one named shape, one finding code, severity and words from the shape."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from citygraph.findings import Definition, Finding, Severity
from citygraph.graphs import FileGraph, Part, ProjectGraphs
from citygraph.labels import Labels
from citygraph.language import LANGUAGES, Text
from citygraph.rdf import Iri, Quad, Term, Triple, from_rdflib, lexical_forms_kept, to_rdflib
from citygraph.store import MemoryStore
from citygraph.validate.sparql_constraints import run_constraint, take_constraints
from citygraph.validate.suspects import narrow

if TYPE_CHECKING:
    import rdflib

__all__ = ["check_shapes", "shape_definitions"]

_AFTER = "shapes-inferred.ttl"


def check_shapes(graphs: ProjectGraphs, *, inferred: Iterable[Quad] | None = None) -> list[Finding]:
    """Every result of the project's shapes, in words.

    Args:
        graphs: the project. The shapes are its files `ontology/shapes*.ttl`.
        inferred: without it the shapes for what people wrote are run; with it the few of
            `shapes-inferred.ttl`, on what was written together with what follows.
    """
    files = [file for file in graphs.of(Part.SHAPES) if file.path.endswith(_AFTER) == (inferred is not None)]
    if not files:
        return []
    # The shapes read the ontology too: sh:class follows its subclasses, and its concepts have shapes.
    data = graphs.triples(Part.ONTOLOGY, Part.DATA, Part.SOURCES, Part.MAPPINGS)
    data += [quad.triple for quad in inferred or ()]
    return _run(data, _shapes_graph(files), graphs)


def shape_definitions(graphs: ProjectGraphs) -> dict[str, Definition]:
    """The finding codes that the project's shapes define, by code."""
    import rdflib  # noqa: PLC0415  # costs a quarter of a second to import
    from rdflib import SH  # noqa: PLC0415

    shapes = _shapes_graph(graphs.of(Part.SHAPES))
    named = {
        shape
        for kind in (SH.NodeShape, SH.PropertyShape)
        for shape in shapes.subjects(rdflib.RDF.type, kind)
        if isinstance(shape, rdflib.URIRef)
    }
    return {_code(shape): _definition(shapes, shape) for shape in sorted(named)}


def _shapes_graph(files: Iterable[FileGraph]) -> rdflib.Graph:
    return to_rdflib(quad for file in files for quad in file.quads)


def _run(data: Iterable[Triple], shapes: rdflib.Graph, graphs: ProjectGraphs) -> list[Finding]:
    from rdflib import RDF, SH, URIRef  # noqa: PLC0415

    given = list(data)
    labels = Labels(given)
    definitions: dict[Any, Definition] = {}

    def definition(shape: Any) -> Definition:  # noqa: ANN401
        if shape not in definitions:
            definitions[shape] = _definition(shapes, shape)
        return definitions[shape]

    findings = []
    store = MemoryStore(Quad(t.subject, t.predicate, t.object) for t in given)
    for constraint in take_constraints(shapes):
        for violation in run_constraint(constraint, store):
            own = Text.of(violation.messages)
            terms = (violation.focus, violation.path, violation.value)
            findings.append(_finding(definition(URIRef(constraint.shape)), own, terms, graphs, labels))
    remaining = narrow(shapes, given)
    if remaining is None:
        return list(dict.fromkeys(findings))
    import pyshacl  # noqa: PLC0415  # half a second, and seldom needed

    with lexical_forms_kept():
        _, results, text = pyshacl.validate(remaining, shacl_graph=shapes, inference="none", inplace=True)
    if not hasattr(results, "subjects"):
        # pySHACL hands an exception back as a value when it cannot read a shape.
        message = f"the shapes cannot be run: {text}"
        raise TypeError(message)
    for result in results.subjects(RDF.type, SH.ValidationResult):
        shape = _named_shape(shapes, results.value(result, SH.sourceShape))
        own = _text(results, result, SH.resultMessage)
        nodes = [results.value(result, each) for each in (SH.focusNode, SH.resultPath, SH.value)]
        findings.append(_finding(definition(shape), own, tuple(map(_term, nodes)), graphs, labels))
    return list(dict.fromkeys(findings))


def _named_shape(shapes: rdflib.Graph, shape: Any) -> Any:  # noqa: ANN401  # rdflib's nodes have no common type
    """The shape with an IRI that contains this one: its local name is the finding code."""
    import rdflib  # noqa: PLC0415

    waiting, seen = [shape], set()
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, rdflib.URIRef):
            return node
        if node not in seen:
            seen.add(node)
            waiting += sorted(shapes.subjects(None, node))
    message = f"a shape without a name: {shape}"
    raise ValueError(message)


def _definition(shapes: rdflib.Graph, shape: Any) -> Definition:  # noqa: ANN401
    from rdflib import RDFS, SH  # noqa: PLC0415

    severity = shapes.value(shape, SH.severity)
    return Definition(
        code=_code(shape),
        severity={SH.Warning: Severity.WARNING, SH.Info: Severity.INFO}.get(severity, Severity.VIOLATION),
        title=_text(shapes, shape, RDFS.label),
        message=_text(shapes, shape, SH.message),
        fix=_text(shapes, shape, RDFS.comment),
    )


def _code(shape: object) -> str:
    return str(shape).rpartition("#")[2]


def _text(graph: rdflib.Graph, node: Any, property_: Any) -> Text:  # noqa: ANN401
    by_language: dict[str, str] = {}
    for each in graph.objects(node, property_):
        by_language[getattr(each, "language", None) or "en"] = str(each)
    return Text.of(by_language)


def _finding(
    definition: Definition, own: Text, terms: tuple[Term | None, ...], graphs: ProjectGraphs, labels: Labels
) -> Finding:
    focus, path, value = terms
    # A shape with several constraints says in the result which of them it was.
    message = own if own.nb and own.en else definition.message
    focus_text = str(focus) if focus is not None else ""
    path_text = str(path) if isinstance(path, Iri) else ""
    value_text = str(value) if value is not None and value != focus else ""
    if path is not None and not path_text:
        # A path of several properties has no name of its own; the statement says which one it was.
        stated = (q for q in graphs.quads() if str(q.subject) == focus_text and str(q.object) == value_text)
        path_text = next((str(quad.predicate) for quad in stated), "")
    file, line, column = graphs.locate(focus_text, path_text, value_text)
    subject = Text(*(labels.describe(focus, language) for language in LANGUAGES))
    return Finding(
        code=definition.code,
        severity=definition.severity,
        message=Text(f"{subject.nb}: {_lower(message.nb)}.", f"{subject.en}: {_lower(message.en)}."),
        fix=definition.fix,
        file=file,
        line=line,
        column=column,
        focus_node=focus_text,
        path=path_text,
        value=value_text,
    )


def _term(node: Any) -> Term | None:  # noqa: ANN401
    return None if node is None else from_rdflib(node)


def _lower(sentence: str) -> str:
    """The sentence to stand behind a colon: no capital, unless the first word is an acronym; no dot."""
    plain = sentence.rstrip(".")
    return plain[:1].lower() + plain[1:] if plain[1:2].islower() or plain[1:2] == " " else plain
