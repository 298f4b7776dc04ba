"""SPARQL constraints of shapes (SHACL section 5), each asked once for all its targets.

pySHACL runs such a constraint once for every focus node and parses its query each time. A constraint of a named shape with
targets is the same question for all of them: it is asked once with `$this` left open, and its rows are then held against
the targets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from citygraph import shacl
from citygraph.namespaces import PREFIXES
from citygraph.rdf import Iri, Term, Triple
from citygraph.results import Solutions
from citygraph.store import MemoryStore, Store

if TYPE_CHECKING:
    import rdflib

    from citygraph.store.process import SupervisedProcess

_TARGETS: Final = {
    "targetClass": "SELECT DISTINCT ?this WHERE {{ ?this a/<http://www.w3.org/2000/01/rdf-schema#subClassOf>* <{0}> }}",
    "targetSubjectsOf": "SELECT DISTINCT ?this WHERE {{ ?this <{0}> ?value }}",
    "targetObjectsOf": "SELECT DISTINCT ?this WHERE {{ ?value <{0}> ?this }}",
}
_PLACEHOLDER: Final = re.compile(r"\{[?$](\w+)\}")
# A chain of two properties that must not lead from a node to its value. The engine follows it anew for each row, from either
# end; all that such chains reach is found once, and since each name has a value on both sides the rows are the same.
_CHAIN: Final = re.compile(
    r"(WHERE\s*\{\s*(?P<this>[?$]\w+)\s+[\w-]+:\w+\s+(?P<value>\?\w+)\s*\.\s*)FILTER\s+NOT\s+EXISTS"
    r"(?=\s*\{\s*(?P=this)\s+[\w-]+:\w+\s+(?P<middle>\?\w+)\s*\.\s*(?P=middle)\s+[\w-]+:\w+\s+(?P=value)\s*\}\s*\}\s*\Z)"
)


@dataclass(frozen=True, slots=True)
class Constraint:
    """One `sh:sparql` of a named shape: its query with prefixes, its messages, its targets as queries."""

    shape: str
    select: str
    messages: dict[str, str]
    targets: tuple[str, ...]
    nodes: tuple[str, ...]
    is_ours: bool = False


@dataclass(frozen=True, slots=True)
class Violation:
    """One row of a constraint: what it is about, and the path and value it names, if any."""

    focus: Term
    path: Term | None
    value: Term | None
    messages: dict[str, str]


class ConstraintRuns:
    """Runs the constraints: those that come with the program here, those of others in a process that has an end."""

    def __init__(self, given: list[Triple], store: MemoryStore | None) -> None:
        self._given = given
        self._store = store
        self._process: SupervisedProcess | None = None

    def violations(self, constraint: Constraint) -> list[Violation]:
        """What breaks the constraint, in the order of the engine.

        Raises:
            QueryError: its query is not valid SPARQL.
            StoreError: it takes too long, or too much memory.
        """
        list(_rows(MemoryStore(), constraint.select))  # Its mistakes are seen without a process.
        if constraint.is_ours:
            self._store = self._store or _loaded(self._given)
            return list(run_constraint(constraint, self._store))
        if self._process is None:
            from citygraph.store.process import SupervisedProcess  # noqa: PLC0415  # few projects have such shapes

            self._process = SupervisedProcess(
                _asked,
                self._given,
                memory=shacl.QUERY_MEMORY,
                seconds=shacl.QUERY_SECONDS,
                patience=10 * shacl.QUERY_SECONDS,
            )
        found: list[Violation] = self._process.ask(constraint)
        return found

    def close(self) -> None:
        """End the process, if there is one."""
        if self._process is not None:
            self._process.close()


def _asked(given: list[Triple]) -> Callable[[Constraint], list[Violation]]:
    """What the process prepares: constraints are asked of these triples."""
    store = _loaded(given)
    return lambda constraint: list(run_constraint(constraint, store))


def _loaded(given: Iterable[Triple]) -> MemoryStore:
    store = MemoryStore()
    store.state(given)
    return store


@cache
def _shipped() -> str:
    """The shapes that come with the program, as text."""
    inside = Path(__file__).parents[1] / "reference" / "ontology"
    folder = inside if inside.is_dir() else Path(__file__).parents[3] / "ontology"
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("shapes*.ttl")))


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
        is_ours = select in _shipped()
        taken.append(Constraint(str(shape), prologue + select, texts, targets, nodes, is_ours))
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
    rows = _rows(store, _chain_at_once(constraint.select))
    focus: set[Term] = {Iri(node) for node in constraint.nodes}
    # What is asked about nothing at all breaks nothing, whatever the targets are.
    for target in constraint.targets if rows else ():
        focus |= {row["this"] for row in _rows(store, target)}
    for row in rows:
        this = row.get("this")
        if this is not None and this in focus:
            yield Violation(this, row.get("path"), row.get("value"), _filled(constraint.messages, row))


def _chain_at_once(select: str) -> str:
    """A query for what has no chain of two properties to its value, so that all chains are found at once."""
    found = _CHAIN.search(select)
    if found is None or found["middle"] == found["value"] or found["middle"][1:] == found["this"][1:]:
        return select
    return select[: found.end(1)] + "MINUS" + select[found.end() :]


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
