"""The contradictions that a store holds: each rule as a SELECT, its conditions seen to here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from citygraph.rdf import Term
from citygraph.reason.closure import Atom, FlatRule, RuleBook, is_variable
from citygraph.reason.datatypes import ILL_TYPED, is_inside, value_of
from citygraph.reason.rules import SAME
from citygraph.reason.sql import Violation
from sparql_engine.names import GraphNames, Names
from sparql_engine.rules import bodies, pattern

__all__ = ["Asked", "Equal", "Violations"]


class Asked(Protocol):
    """Whatever answers a SELECT of ours."""

    def rows(self, text: str, columns: Sequence[str]) -> Iterator[tuple[Term | None, ...]]:
        """Every row, in the columns named."""
        ...


class Equal:
    """Which terms are equal, by the `owl:sameAs` triples of a closure."""

    def __init__(self, triples: Iterable[tuple[str, str, str]]) -> None:
        """The equalities among these triples, terms in N-Triples."""
        self._first: dict[str, str] = {}
        for s, p, o in triples:
            if p == SAME and not o.startswith('"'):
                for one, other in ((s, o), (o, s)):
                    self._first[one] = min(self._first.get(one, one), other)

    def first(self, term: str) -> str:
        """The first of all terms equal to this one; the closure names each pair."""
        return self._first.get(term, term)


@dataclass(frozen=True, slots=True)
class Violations:
    """What is asked for them.

    Args:
        store: where the closure lies.
        graphs: the graphs there.
        names: the names that its terms have there.
        asserted: what people wrote, terms in N-Triples.
        equal: which terms are equal.
    """

    store: Asked
    graphs: GraphNames
    names: Names
    asserted: frozenset[tuple[str, str, str]] | set[tuple[str, str, str]]
    equal: Equal

    def of(self, book: RuleBook) -> Iterator[Violation]:
        """Every match of a contradiction rule, with its premises."""
        for rule in book.contradictions:
            if rule.check is not None and rule.check.kind == "ill-typed":
                yield from ((rule, (t,)) for t in sorted(self.asserted) if value_of(t[2]) is ILL_TYPED)
                continue
            for variant in self.names.spelled(rule):
                yield from self._matches(variant)

    def _matches(self, rule: FlatRule) -> Iterator[Violation]:
        """The premises of each match of one rule whose conditions hold."""
        joined = [atom for atom in rule.body if atom.predicate != SAME]
        for body, extra in bodies(joined, self.graphs.values if self.names.twins else ""):
            columns = list(dict.fromkeys(name[1:] for atom in body for name in atom.variables()))
            both = self.graphs.asserted, self.graphs.inferred
            where = " ".join([*(pattern(a, f"?g{i}", *both, self.names.word) for i, a in enumerate(body)), *extra])
            # ASK would do without variables; one column of our own serves both.
            text = f"SELECT DISTINCT {' '.join('?' + c for c in columns) or '(1 AS ?one)'} WHERE {{ {where} }}"
            for row in self.store.rows(text, columns or ["one"]):
                values = {
                    f"?{c}": str(self.names.term(term))
                    for c, term in zip(columns, row, strict=False)
                    if term is not None
                }
                premises = tuple(_filled(atom, values) for atom in body)
                values |= {a.object: p[2] for a, p in zip(joined, premises, strict=True) if is_variable(a.object)}
                equal = tuple(_filled(atom, values) for atom in rule.body if atom.predicate == SAME)
                if not all(self.equal.first(s) == self.equal.first(o) for s, _, o in equal):
                    continue
                if self._meets_check(rule, values):
                    yield rule, (*premises, *equal)

    @staticmethod
    def _meets_check(rule: FlatRule, values: dict[str, str]) -> bool:
        check = rule.check
        if check is None:
            return True
        literal = values[check.terms[0]]
        if not literal.startswith('"'):
            return False
        if check.kind == "outside":
            datatype = check.terms[1]
            return (
                not literal.endswith(f"^^{datatype}")
                and value_of(literal) is not ILL_TYPED
                and not is_inside(literal, datatype)
            )
        other = values[check.terms[1]]
        # Each pair is found twice, once each way round.
        if not other.startswith('"') or literal > other:
            return False
        one, two = value_of(literal), value_of(other)
        return None not in (one, two) and ILL_TYPED not in (one, two) and one != two


def _filled(atom: Atom, values: dict[str, str]) -> tuple[str, str, str]:
    return (
        values.get(atom.subject, atom.subject),
        values.get(atom.predicate, atom.predicate),
        values.get(atom.object, atom.object),
    )
