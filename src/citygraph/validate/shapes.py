"""SHACL shapes to findings: one named shape, one finding code, severity and words from the shape.

What is written as a query is asked at once (`sparql_constraints`). Of the rest the nodes that may break a shape are found by
functions over columns of values (`constraints`), and pySHACL, which says what is wrong, is given these nodes alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from citygraph.errors import QueryError, StoreError, StoreTimeout
from citygraph.findings import Definition, Finding, Severity, finding
from citygraph.graphs import FileGraph, Part, ProjectGraphs
from citygraph.labels import Labels
from citygraph.messages import LANGUAGES, Text, said_in, text
from citygraph.namespaces import PREFIXES, compress
from citygraph.rdf import BlankNode, Iri, Literal, Quad, Term, Triple, from_rdflib, to_rdflib
from citygraph.shacl import ShapeFault, Shapes, run
from citygraph.store import MemoryStore
from citygraph.validate.constraints import (
    COMPONENTS,
    SH,
    Component,
    OfValues,
    ShapeTest,
    TripleIndex,
    Unknown,
    ValueCount,
    Verdict,
)
from citygraph.validate.sparql_constraints import ConstraintRuns, take_constraints

if TYPE_CHECKING:
    import rdflib


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
_ALWAYS_READ: Final = frozenset({Iri(PREFIXES["rdf"] + "type"), Iri(PREFIXES["rdfs"] + "subClassOf")})
_DEEPEST: Final = 20
_TARGET_PREDICATES: Final = ("targetClass", "targetSubjectsOf", "targetObjectsOf", "targetNode")


def narrow(shapes: rdflib.Graph, given: Collection[Triple]) -> rdflib.Graph | None:
    """The graph that pySHACL has to read; `shapes` now target only the nodes that may break them.

    The results are those of the whole graph with the shapes as they were. None when no node is left.

    Args:
        shapes: the shapes; their targets are changed.
        given: the data.
    """
    from rdflib import URIRef  # noqa: PLC0415  # costs a quarter of a second to import

    written = TripleIndex(
        Triple(from_rdflib(s), from_rdflib(p), from_rdflib(o))  # type: ignore[arg-type]
        for s, p, o in shapes
    )
    targeted = {shape for name in _TARGET_PREDICATES for shape in written.subjects_of(Iri(SH + name))}
    suspects: set[Term] = set()
    steps, whole = 0, _has_other_targets(written)
    # A shape reads the properties that it names; one that is closed reads all of them.
    is_closed = bool(list(written.subjects_of(Iri(SH + "closed"))))
    data = TripleIndex(given if targeted else (), only=None if is_closed else written.values() | _ALWAYS_READ)
    for node in sorted(targeted, key=str):
        shape = read_shape(node, written, data)
        if shape is None:
            whole = True
            continue
        steps = max(steps, shape.steps)
        nodes = _focus_nodes(node, written, data)
        broken = shape.suspects(nodes)
        suspected = [each for each in nodes if each in broken]
        suspects.update(suspected)
        (subject,) = to_rdflib([Triple(node, Iri(SH + "node"), node)]).subjects()  # type: ignore[arg-type]
        for name in _TARGET_PREDICATES:
            shapes.remove((subject, URIRef(SH + name), None))
        for triple in to_rdflib(Triple(node, Iri(SH + "targetNode"), each) for each in suspected):  # type: ignore[arg-type]
            shapes.add(triple)
    if whole:
        return to_rdflib(given)
    return to_rdflib(TripleIndex(given).around(suspects, steps + 1)) if suspects else None


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
            return ShapeTest(lambda _: True, 0, lambda _: set())

        def conforms(term: Term) -> Verdict:
            values = values_of(term)
            unsure = False
            for component in components:
                verdict = component(term, values)
                if verdict is False:
                    return False
                unsure = unsure or verdict is None
            return None if unsure else True

        def suspects(nodes: Collection[Term]) -> set[Term]:
            found: set[Term] = set()
            for component in components:
                inner = component.inner if isinstance(component, OfValues) and not path else None
                if inner is not None:
                    found |= inner.suspects(nodes)
                elif not (path and self._all_conform(component, path[0], nodes)):
                    found.update(each for each in nodes if component(each, values_of(each)) is not True)
            return found

        return ShapeTest(conforms, steps + max(below), suspects)

    def _all_conform(self, component: Component, path: Term, nodes: Collection[Term]) -> bool:
        """Whether no node breaks a component, as far as the whole column of its property tells."""
        if not isinstance(path, Iri):
            return False
        column = self.data.column(path)
        if isinstance(component, ValueCount):
            enough = component.least == 0 or (component.least == 1 and column.keys() >= set(nodes))
            return enough and all(len(values) <= component.most for values in column.values())
        values = self.data.different_values(path)
        return isinstance(component, OfValues) and len(values) <= len(nodes) and all(map(component.verdict, values))

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


if TYPE_CHECKING:
    import rdflib


_AFTER: Final = "shapes-inferred.ttl"


def check_shapes(
    graphs: ProjectGraphs,
    *,
    inferred: Iterable[Quad] | None = None,
    away: Collection[Triple] = (),
    store: MemoryStore | None = None,
) -> list[Finding]:
    """Every result of the project's shapes, in words.

    Args:
        graphs: the project. The shapes are its files `ontology/shapes*.ttl`.
        inferred: without it the shapes for what people wrote are run; with it the few of
            `shapes-inferred.ttl`, on what was written together with what follows.
        away: what was written and does not hold on the day of what follows.
        store: one whose default graph holds just what is judged; without it one is made when a shape asks a query.
    """
    files = [file for file in graphs.of(Part.SHAPES) if file.path.endswith(_AFTER) == (inferred is not None)]
    if not files:
        return []
    # The shapes read the ontology too: sh:class follows its subclasses, and its concepts have shapes.
    data = graphs.triples(Part.ONTOLOGY, Part.DATA, Part.SOURCES, Part.MAPPINGS)
    held = [triple for triple in data if triple not in away] if away else data
    return _run(
        [*held, *(quad.triple for quad in inferred or ())],
        (quad.triple for file in files for quad in file.quads),
        graphs,
        store,
    )


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


def _run(
    given: list[Triple], written: Iterable[Triple], graphs: ProjectGraphs, store: MemoryStore | None
) -> list[Finding]:
    from rdflib import SH, URIRef  # noqa: PLC0415

    sorted_out = Shapes(written, named=True)
    shapes = to_rdflib(sorted_out.sound)
    labels = cache(lambda: Labels(given))
    definitions: dict[Any, Definition] = {}

    def definition(source: Any) -> Definition:  # noqa: ANN401
        if source not in definitions:
            definitions[source] = _rated(shapes, source)
        return definitions[source]

    findings = []
    runs = ConstraintRuns(given, store)
    for constraint in take_constraints(shapes):
        try:
            violations = runs.violations(constraint)
        except (QueryError, StoreError) as error:
            why = Text(*(said_in(error.message, language).rstrip(".") for language in LANGUAGES))
            reason = text("shacl.query").filled(why=why)
            if isinstance(error, StoreError):
                reason = text("shacl.long" if isinstance(error, StoreTimeout) else "shacl.memory")
            sorted_out.refuse(Iri(constraint.shape), reason, predicate=str(SH.sparql))
            continue
        for violation in violations:
            own = Text.of(violation.messages)
            terms = (violation.focus, violation.path, violation.value)
            findings.append(_finding(definition(URIRef(constraint.shape)), own, terms, graphs, labels()))
    runs.close()
    remaining = narrow(shapes, given)
    if remaining is not None:
        from citygraph.store.process import apart  # noqa: PLC0415  # whoever asks a question starts none

        asking = {from_rdflib(each) for each in shapes.subjects(SH.sparql)}
        for results in run(
            remaining,
            sorted_out,
            lambda triples: _narrowed(shapes, triples),
            apart=apart,
            answered=lambda head: head not in asking,
        ):
            # Results below sh:detail explain others and are none of their own.
            for result in results.objects(None, SH.result):
                source = results.value(result, SH.sourceShape)
                own = _text(results, result, SH.resultMessage)
                nodes = [results.value(result, each) for each in (SH.focusNode, SH.resultPath, SH.value)]
                findings.append(_finding(definition(source), own, tuple(map(_term, nodes)), graphs, labels()))
    findings += [_fault_finding(fault, graphs) for fault in sorted_out.faults]
    return list(dict.fromkeys(findings))


def _narrowed(shapes: rdflib.Graph, triples: Iterable[Triple]) -> rdflib.Graph:
    """These of the narrowed shapes, with the targets they have by now."""
    wanted = {subject for subject, _, _ in to_rdflib(triples)}
    kept = to_rdflib([])
    for triple in shapes:
        if triple[0] in wanted:
            kept.add(triple)
    return kept


def _nameless_place(shape: BlankNode, graphs: ProjectGraphs) -> tuple[str, int, int]:
    """Where `[] sh:targetClass ex:City` stands: the reader of places knows a shape without a name by what is said of it."""
    for file in graphs.of(Part.SHAPES):
        for quad in file.quads:
            if quad.subject == shape and isinstance(quad.object, Iri):
                place = file.place("[]", str(quad.predicate), str(quad.object))
                return (file.path, place.line, place.column) if place else (file.path, 0, 0)
    return graphs.locate(str(shape))


def _fault_finding(fault: ShapeFault, graphs: ProjectGraphs) -> Finding:
    """A shape that cannot be run, placed at the statement that is wrong, else at the shape."""
    predicate = f"<{fault.predicate}>" if fault.predicate else ""
    place = graphs.locate(str(fault.node), predicate, fault.value)
    if not place[1]:
        place = graphs.locate(str(fault.shape))
    if isinstance(fault.shape, BlankNode):
        place = _nameless_place(fault.shape, graphs)
    name = _code(fault.shape.value) if isinstance(fault.shape, Iri) else text("shacl.nameless")
    file, line, column = place
    found = finding(
        "bad-shape", file=file, line=line, column=column, focus_node=str(fault.shape), path=predicate,
        value=fault.value, name=name, reason=fault.reason,
    )  # fmt: skip
    return replace(found, severity=Severity.WARNING) if fault.is_meant else found


def _rated(shapes: rdflib.Graph, source: Any) -> Definition:  # noqa: ANN401  # rdflib's nodes have no common type
    """The finding of a result: its code is the name of the nearest shape with a name around the one that gave it.

    Severity and message are those of the innermost shape that states them.
    """
    import rdflib  # noqa: PLC0415
    from rdflib import SH  # noqa: PLC0415

    waiting, seen = [source], set()
    severity, message = None, Text("", "")
    while waiting:
        node = waiting.pop(0)
        severity = severity or shapes.value(node, SH.severity)
        message = message if message.en or message.nb else _text(shapes, node, SH.message)
        if isinstance(node, rdflib.URIRef):
            named = _definition(shapes, node)
            rated = named.severity if severity is None else _SEVERITIES.get(str(severity), Severity.VIOLATION)
            return replace(named, severity=rated, message=message)
        if node not in seen:
            seen.add(node)
            waiting += sorted(shapes.subjects(None, node))
    # pySHACL runs what `Shapes` found to be sound, and that has names.
    message_of_ours = f"a shape without a name: {source}"
    raise ValueError(message_of_ours)


def _definition(shapes: rdflib.Graph, shape: Any) -> Definition:  # noqa: ANN401
    from rdflib import RDFS, SH  # noqa: PLC0415

    return Definition(
        code=_code(shape),
        severity=_SEVERITIES.get(str(shapes.value(shape, SH.severity)), Severity.VIOLATION),
        title=_text(shapes, shape, RDFS.label),
        message=_text(shapes, shape, SH.message),
        fix=_text(shapes, shape, RDFS.comment),
    )


_SEVERITIES: Final = {SH + "Warning": Severity.WARNING, SH + "Info": Severity.INFO}


def _code(shape: object) -> str:
    """The part of its address after # or the last /, which is the finding code."""
    return re.split(r"[#/]", str(shape).rstrip("#/"))[-1]


def _text(graph: rdflib.Graph, node: Any, property_: Any) -> Text:  # noqa: ANN401
    by_language: dict[str, str] = {}
    for each in graph.objects(node, property_):
        by_language[getattr(each, "language", None) or "en"] = str(each)
    return Text.of(by_language)


def _finding(
    definition: Definition, own: Text, terms: tuple[Term | None, ...], graphs: ProjectGraphs, labels: Labels
) -> Finding:
    focus, path, value = terms
    # A shape with several constraints says in the result which of them it was; without words of its own pySHACL has some.
    message = own if (own.nb and own.en) or not (definition.message.nb or definition.message.en) else definition.message
    if not (message.nb and message.en):
        # What pySHACL says by itself is English; what people wrote in one language is shown in both.
        about = f" ({compress(path.value)})" if isinstance(path, Iri) else ""
        plain = text("shacl.not_met").filled(name=definition.code, about=about)
        is_ours = not (definition.message.nb or definition.message.en)
        message = Text(message.nb or (plain.nb if is_ours else message.en), message.en or message.nb or plain.en)
    focus_text = str(focus) if focus is not None else ""
    path_text = str(path) if isinstance(path, Iri) else ""
    value_text = str(value) if value is not None and value != focus else ""
    if path is not None and not path_text:
        # A path of several properties has no name of its own; the statement says which one it was.
        path_text = graphs.property_between(focus_text, value_text)
    file, line, column = graphs.locate(focus_text, path_text, value_text)
    subject = Text(*(labels.describe(focus, language) for language in LANGUAGES))
    return Finding(
        code=definition.code,
        severity=definition.severity,
        message=Text(f"{subject.nb}: {_lower(message.nb)}.", f"{subject.en}: {_lower(message.en)}."),
        fix=definition.fix
        if definition.fix.nb or definition.fix.en
        else text("shacl.look").filled(name=definition.code),
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
