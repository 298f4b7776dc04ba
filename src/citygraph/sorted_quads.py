"""Each quad once, in the order of its N-Quads line, so that everything about one subject stands together."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from citygraph.namespaces import RDF_TYPE
from citygraph.rdf import BlankNode, Iri, Literal, Quad, Term, Triple

_TYPE: Final = Iri(RDF_TYPE)


class SortedQuads:
    """Quads that are sorted once and written many times.

    Nothing is copied: a million quads cost a list of a million pointers.
    """

    def __init__(self, quads: Iterable[Quad]) -> None:
        """Sort the quads and leave out those that are said twice."""
        by_subject: dict[Term, list[Quad]] = defaultdict(list)
        for quad in quads:
            by_subject[quad.subject].append(quad)
        self._quads: list[Quad] = []
        self._starts = array("q")
        # No subject is the beginning of another in N-Quads, so this is the order of whole lines.
        for subject in sorted(by_subject, key=str):
            self._starts.append(len(self._quads))
            self._quads += sorted(set(by_subject.pop(subject)), key=str)
        self._starts.append(len(self._quads))
        self._graphs: list[SortedQuads] | None = None
        self._blank: bytearray | None = None

    def __iter__(self) -> Iterator[Quad]:
        """The quads in their order."""
        return iter(self._quads)

    def __len__(self) -> int:
        """How many quads there are."""
        return len(self._quads)

    @property
    def subjects(self) -> int:
        """How many subjects there are."""
        return len(self._starts) - 1

    def about(self, number: int) -> list[Quad]:
        """The quads about the subject with this number; numbers count from 0 in the order of the subjects."""
        return self._quads[self._starts[number] : self._starts[number + 1]]

    def groups(self) -> Iterator[list[Quad]]:
        """The quads about each subject, subject after subject."""
        return map(self.about, range(self.subjects))

    def triples(self) -> Iterator[Triple]:
        """Each triple once, in the order of its N-Triples line."""
        return distinct_triples(self._quads)

    def by_graph(self) -> list[SortedQuads]:
        """The quads of each graph, sorted by the name of the graph."""
        if self._graphs is not None:
            return self._graphs
        graphs: dict[str, SortedQuads] = {}
        for group in self.groups():
            for quad in group:
                name = str(quad.graph_name)
                part = graphs.get(name)
                if part is None:
                    part = graphs[name] = SortedQuads(())
                part._add(quad)
        # One graph is the whole, and need not be kept twice.
        self._graphs = [graphs[name] for name in sorted(graphs)] if len(graphs) > 1 else [self][: len(graphs)]
        return self._graphs

    def with_blank_nodes(self) -> bytearray:
        """For each subject 1 when a blank node stands in what is said about it, or a statement about statements."""
        if self._blank is None:
            self._blank = bytearray(any(map(has_blank_node, group)) for group in self.groups())
        return self._blank

    def names(self) -> set[str]:
        """The IRIs of all properties and of everything that is given as a type."""
        found: set[str] = set()
        for quad in self._quads:
            found.add(quad.predicate.value)
            if quad.predicate == _TYPE and isinstance(quad.object, Iri):
                found.add(quad.object.value)
        return found

    def _add(self, quad: Quad) -> None:
        """One more at the end, which the caller knows to be in order."""
        if not self._quads or self._quads[-1].subject != quad.subject:
            self._starts[-1] = len(self._quads)
            self._starts.append(0)
        self._quads.append(quad)
        self._starts[-1] = len(self._quads)


def has_blank_node(statement: Quad | Triple) -> bool:
    """Whether a blank node stands in it, or may stand inside the statement that it speaks of."""
    return not isinstance(statement.object, Iri | Literal) or isinstance(statement.subject, BlankNode)


def distinct_triples(quads: Iterable[Quad]) -> Iterator[Triple]:
    """The triples of sorted quads, once each: those that several graphs say stand together."""
    last = None
    for quad in quads:
        triple = quad.triple
        if triple != last:
            yield triple
            last = triple
