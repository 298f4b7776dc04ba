"""A file of the graph, read back statement by statement and compared with what was to be written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final, TypeAlias

from citygraph.rdf import Quad, Triple, canonical_hash, read_quads
from citygraph.sorted_quads import SortedQuads, distinct_triples, has_blank_node

__all__ = ["reads_back"]

_WITH_GRAPHS: Final = frozenset({"nq", "trig", "jsonld"})
_GRAPH_BY_GRAPH: Final = frozenset({"trig", "jsonld"})

_Statement: TypeAlias = Triple | Quad


def reads_back(quads: SortedQuads, path: Path, format_: str) -> bool:
    """Whether the file is the graph that was written, lexical forms and all.

    Statements without blank nodes are compared as they come, subject by subject; only those with blank nodes are kept
    until the end, and must be isomorphic. Two graphs are the same exactly when both are: a renaming of blank nodes
    leaves every other statement as it is.
    """
    try:
        return _Comparison(quads, path, format_).holds()
    except ValueError:
        return False


class _Comparison:
    def __init__(self, quads: SortedQuads, path: Path, format_: str) -> None:
        self._quads, self._path, self._format = quads, path, format_
        self._wanted_blank: set[_Statement] = set()
        self._found_blank: set[_Statement] = set()

    def holds(self) -> bool:
        found = self._found()
        for group in self._wanted():
            some = list(islice(found, len(group)))
            # Turtle puts types and labels first.
            if some != group and set(some) != set(group):
                return self._holds_in_any_order()
        return next(found, None) is None and self._blank_holds()

    def _holds_in_any_order(self) -> bool:
        """The slow way, for a writer with an order of its own and for a file that lost something."""
        self._found_blank = set()
        wanted = {each for group in self._wanted() for each in group}
        return wanted == set(self._found()) and self._blank_holds()

    def _blank_holds(self) -> bool:
        wanted, found = self._wanted_blank, self._found_blank
        return wanted == found or (len(wanted) == len(found) and _hash(wanted) == _hash(found))

    def _wanted(self) -> Iterator[list[_Statement]]:
        graphs = self._quads.by_graph() if self._format in _GRAPH_BY_GRAPH else [self._quads]
        for graph in graphs:
            for group, is_blank in zip(graph.groups(), graph.with_blank_nodes(), strict=True):
                statements: list[_Statement]
                statements = [*group] if self._format in _WITH_GRAPHS else [*distinct_triples(group)]
                if is_blank:
                    self._wanted_blank.update(filter(has_blank_node, statements))
                    statements = [each for each in statements if not has_blank_node(each)]
                yield statements

    def _found(self) -> Iterator[_Statement]:
        quads = read_quads(self._path, format=self._format)
        found = quads if self._format in _WITH_GRAPHS else (quad.triple for quad in quads)
        if not any(self._quads.with_blank_nodes()):
            yield from found
            return
        for each in found:
            if has_blank_node(each):
                self._found_blank.add(each)
            else:
                yield each


def _hash(statements: Iterable[_Statement]) -> str:
    return canonical_hash(
        each if isinstance(each, Quad) else Quad(each.subject, each.predicate, each.object) for each in statements
    )
