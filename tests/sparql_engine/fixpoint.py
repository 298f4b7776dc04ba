"""Updates run on a store until none adds anything: each one only when what it reads is there, and has grown."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final, Protocol

from citygraph.errors import ReasoningError
from citygraph.rdf import Iri, Literal, Term
from sparql_engine.rules import BLANK, Update

__all__ = ["Server", "run_to_fixpoint"]

_WHY: Final = "Look for a value that many things share by mistake, or raise the budget."


class Server(Protocol):
    """Whatever runs updates and can be asked what they did."""

    def update(self, text: str) -> None:
        """Run one SPARQL update."""

    def number(self, text: str) -> int:
        """The one number that a SELECT of ours gives in its column `?n`."""
        ...

    def rows(self, text: str, columns: Sequence[str]) -> Iterator[tuple[Term | None, ...]]:
        """Every row of one SELECT of ours, in the columns named."""
        ...


def run_to_fixpoint(
    server: Server, rules: Sequence[Update], *, inferred: str, present: Collection[str], most: int
) -> None:
    """Run the updates in order until none adds anything.

    A rule waits as long as a relation of its body is empty, and is run again only after one of them has grown
    (semi-naive evaluation by relation; Abiteboul, Hull and Vianu, Foundations of Databases, 13.1).

    Args:
        server: where they run.
        rules: the updates.
        inferred: the graph that they write.
        present: the relations that the other graphs hold, named as in `Update`.
        most: triples that the graph may get.

    Raises:
        ReasoningError: it holds more than `most`.
    """
    grown = _Sizes(server, inferred)
    there = {*present, *grown.relations}
    waiting = [True] * len(rules)
    while any(waiting):
        for i, rule in enumerate(rules):
            if not waiting[i]:
                continue
            waiting[i] = False
            if not all(name is None or name in there for name in rule.reads):
                continue
            before = grown.total
            server.update(rule.text)
            changed = grown.after(rule)
            if grown.total > most:
                message = (
                    f"Stopped at more than {most:,} triples: a rule had just added {grown.total - before:,}"
                    f" to {rule.writes}."
                )
                raise ReasoningError(message, fix=_WHY)
            there |= changed
            for j, other in enumerate(rules):
                waiting[j] = waiting[j] or other.is_woken_by(changed)


class _Sizes:
    """How much of each relation a graph holds."""

    def __init__(self, server: Server, graph: str) -> None:
        self._server, self._graph = server, graph
        self._sizes, self.total = self._counted()

    @property
    def relations(self) -> set[str]:
        """Those that hold something."""
        return set(self._sizes)

    def after(self, rule: Update) -> set[str]:
        """The relations that this rule has just made larger."""
        if rule.writes is not None:
            before = self._sizes.get(rule.writes, 0)
            now = self._server.number(f"SELECT (COUNT(*) AS ?n) WHERE {{ GRAPH <{self._graph}> {{ {rule.written} }} }}")
            self._sizes[rule.writes] = now
            self.total += now - before
            return {rule.writes} if now != before else set()
        before_all = self._sizes
        self._sizes, self.total = self._counted()
        return {name for name, size in self._sizes.items() if size != before_all.get(name)}

    def _counted(self) -> tuple[dict[str, int], int]:
        """Each relation, properties and classes, with its size; and the size of the graph."""
        properties = self._by("?s ?name ?o")
        total = sum(properties.values())
        return properties | {f"a {name}": size for name, size in self._by("?s a ?name").items()}, total

    def _by(self, pattern: str) -> dict[str, int]:
        text = f"SELECT ?name (COUNT(*) AS ?n) WHERE {{ GRAPH <{self._graph}> {{ {pattern} }} }} GROUP BY ?name"
        return {
            _name(name): int(number.value)
            for name, number in self._server.rows(text, ("name", "n"))
            if isinstance(number, Literal) and name is not None
        }


def _name(term: Term) -> str:
    """A property or class as rules name it; blank nodes travel as names of ours."""
    if isinstance(term, Iri) and term.value.startswith(BLANK):
        return f"_:{term.value.removeprefix(BLANK)}"
    return str(term)
