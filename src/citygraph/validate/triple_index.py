"""Triples by subject and by object, and the instances of a class: what shapes ask of a graph."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from citygraph.namespaces import PREFIXES
from citygraph.rdf import Iri, Term, Triple

__all__ = ["TripleIndex"]

_TYPE: Final = Iri(PREFIXES["rdf"] + "type")
_SUBCLASS: Final = Iri(PREFIXES["rdfs"] + "subClassOf")
_FIRST: Final = Iri(PREFIXES["rdf"] + "first")
_REST: Final = Iri(PREFIXES["rdf"] + "rest")
_NIL: Final = Iri(PREFIXES["rdf"] + "nil")


class TripleIndex:
    """A graph in memory, read only; each triple once."""

    def __init__(self, triples: Iterable[Triple]) -> None:
        """An index of these triples."""
        self._out: dict[Term, dict[Term, list[Term]]] = {}
        self._by_predicate: dict[Term, dict[Term, list[Term]]] = defaultdict(dict)
        for triple in dict.fromkeys(triples):
            self._out.setdefault(triple.subject, {}).setdefault(triple.predicate, []).append(triple.object)
        for subject, by_predicate in self._out.items():
            for predicate, values in by_predicate.items():
                self._by_predicate[predicate][subject] = values
        self._incoming: dict[Term, dict[Term, list[Term]]] = {}
        self._instances: dict[Term, frozenset[Term]] = {}

    def objects(self, subject: Term, predicate: Term) -> list[Term]:
        """The values of a property."""
        return self._out.get(subject, {}).get(predicate, [])

    def value(self, subject: Term, predicate: Term) -> Term | None:
        """One value of a property, or None."""
        values = self.objects(subject, predicate)
        return values[0] if values else None

    def predicates(self, subject: Term) -> Iterable[Term]:
        """The properties that a subject has."""
        return self._out.get(subject, {}).keys()

    def subjects_of(self, predicate: Term) -> Iterable[Term]:
        """Everything that has the property."""
        return self._by_predicate.get(predicate, {}).keys()

    def incoming(self, predicate: Term) -> dict[Term, list[Term]]:
        """For every object of the property, its subjects; made when it is first asked for."""
        if predicate not in self._incoming:
            turned: dict[Term, list[Term]] = defaultdict(list)
            for subject, values in self._by_predicate.get(predicate, {}).items():
                for value in values:
                    turned[value].append(subject)
            self._incoming[predicate] = dict(turned)
        return self._incoming[predicate]

    def instances(self, class_: Term) -> frozenset[Term]:
        """Everything that is of the class or of a subclass of it (SHACL section 2.1.3.2)."""
        if class_ not in self._instances:
            below, waiting = {class_}, [class_]
            while waiting:
                for sub in self.incoming(_SUBCLASS).get(waiting.pop(), ()):
                    if sub not in below:
                        below.add(sub)
                        waiting.append(sub)
            of_type = self.incoming(_TYPE)
            self._instances[class_] = frozenset(each for one in below for each in of_type.get(one, ()))
        return self._instances[class_]

    def list_of(self, node: Term) -> list[Term] | None:
        """The members of an RDF list; None when it is not one."""
        found: list[Term] = []
        seen: set[Term] = set()
        while node != _NIL:
            first, rest = self.objects(node, _FIRST), self.objects(node, _REST)
            if len(first) != 1 or len(rest) != 1 or node in seen:
                return None
            seen.add(node)
            found.append(first[0])
            node = rest[0]
        return found

    def around(self, nodes: Iterable[Term], steps: int) -> Iterator[Triple]:
        """The triples of these nodes, of their values, and so on, so many steps; and all of `rdfs:subClassOf`."""
        seen: set[Term] = set()
        frontier = set(nodes)
        for _ in range(steps + 1):
            seen |= frontier
            frontier = {
                value
                for node in frontier
                for values in self._out.get(node, {}).values()
                for value in values
                if value in self._out
            } - seen
        for node in seen:
            for predicate, values in self._out.get(node, {}).items():
                if predicate != _SUBCLASS:
                    yield from (Triple(node, predicate, value) for value in values)  # type: ignore[arg-type]
        for node, values in self._by_predicate.get(_SUBCLASS, {}).items():
            yield from (Triple(node, _SUBCLASS, value) for value in values)  # type: ignore[arg-type]
