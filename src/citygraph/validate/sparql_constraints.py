"""SPARQL constraints of shapes (SHACL section 5), each run once over all of its focus nodes.

pySHACL runs a constraint once for every focus node and parses its query each time, which is nine
tenths of a check of our graph. A constraint of a named shape with targets is the same question for all
of them: asked once with `$this` left open, its rows are then held against the targets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from citygraph.namespaces import PREFIXES
from citygraph.rdf import Iri, Term
from citygraph.results import Solutions
from citygraph.store import Store

if TYPE_CHECKING:
    import rdflib

__all__ = ["Constraint", "Violation", "run_constraint", "take_constraints"]

_TARGETS: Final = {
    "targetClass": "SELECT DISTINCT ?this WHERE {{ ?this a/<http://www.w3.org/2000/01/rdf-schema#subClassOf>* <{0}> }}",
    "targetSubjectsOf": "SELECT DISTINCT ?this WHERE {{ ?this <{0}> ?value }}",
    "targetObjectsOf": "SELECT DISTINCT ?this WHERE {{ ?value <{0}> ?this }}",
}
_PLACEHOLDER: Final = re.compile(r"\{[?$](\w+)\}")


@dataclass(frozen=True, slots=True)
class Constraint:
    """One `sh:sparql` of a named shape: its query with prefixes, its messages, its targets as queries."""

    shape: str
    select: str
    messages: dict[str, str]
    targets: tuple[str, ...]
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Violation:
    """One row of a constraint: what it is about, and the path and value it names, if any."""

    focus: Term
    path: Term | None
    value: Term | None
    messages: dict[str, str]


def take_constraints(shapes: rdflib.Graph) -> list[Constraint]:
    """The constraints that can be run at once; they are taken out of `shapes`, the rest stays with pySHACL."""
    import rdflib  # noqa: PLC0415  # costs a quarter of a second to import
    from rdflib import SH  # noqa: PLC0415

    taken = []
    for shape, constraint in sorted(shapes.subject_objects(SH.sparql), key=str):
        select = str(shapes.value(constraint, SH.select) or "")
        targets = tuple(
            pattern.format(str(target))
            for name, pattern in _TARGETS.items()
            for target in shapes.objects(shape, SH[name])
        )
        nodes = tuple(str(node) for node in shapes.objects(shape, SH.targetNode))
        deactivated = shapes.value(shape, SH.deactivated)
        if not isinstance(shape, rdflib.URIRef) or not select or not (targets or nodes) or deactivated is not None:
            continue
        if "$PATH" in select or "$currentShape" in select or "$shapesGraph" in select:
            continue
        texts = {getattr(m, "language", None) or "en": str(m) for m in shapes.objects(constraint, SH.message)}
        prologue = "".join(f"PREFIX {prefix}: <{namespace}>\n" for prefix, namespace in _prefixes(shapes, constraint))
        taken.append(Constraint(str(shape), prologue + select, texts, targets, nodes))
        shapes.remove((shape, SH.sparql, constraint))
    return taken


def _prefixes(shapes: rdflib.Graph, constraint: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401  # rdflib's nodes
    """The declarations behind `sh:prefixes` (SHACL section 5.2.1)."""
    from rdflib import SH  # noqa: PLC0415

    for ontology in shapes.objects(constraint, SH.prefixes):
        for declaration in sorted(shapes.objects(ontology, SH.declare), key=str):
            yield str(shapes.value(declaration, SH.prefix)), str(shapes.value(declaration, SH.namespace))


def run_constraint(constraint: Constraint, store: Store) -> Iterator[Violation]:
    """The violations of one constraint, in the order of the engine.

    Raises:
        QueryError: the shape's query is not valid SPARQL.
    """
    focus: set[Term] = {Iri(node) for node in constraint.nodes}
    for target in constraint.targets:
        focus |= {row["this"] for row in _rows(store, target)}
    for row in _rows(store, constraint.select):
        this = row.get("this")
        if this is not None and this in focus:
            yield Violation(this, row.get("path"), row.get("value"), _filled(constraint.messages, row))


def _rows(store: Store, text: str) -> list[dict[str, Term]]:
    answer = store.query(text, prefixes=PREFIXES)
    return list(answer) if isinstance(answer, Solutions) else []


def _filled(messages: dict[str, str], row: dict[str, Term]) -> dict[str, str]:
    """The messages with `{?x}` replaced by the value in this row (SHACL section 5.3.2)."""
    if not any("{" in text for text in messages.values()):
        return messages
    values = {name: getattr(term, "value", str(term)) for name, term in row.items()}
    return {
        language: _PLACEHOLDER.sub(lambda match: values.get(match.group(1), match.group()), text)
        for language, text in messages.items()
    }
