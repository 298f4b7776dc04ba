"""Backward chaining: every way in which one triple of a closure follows from others by one of its rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from citygraph.reason.closure import Atom, FlatRule, RuleBook, TripleText, is_variable
from citygraph.reason.facts import Facts, has_equality
from citygraph.reason.proof import Given, Step
from citygraph.reason.rule_text import SAME, TYPE
from citygraph.reason.unify import Binding, bound, extended, unify

__all__ = ["Backward"]


class Backward:
    """The rules of one closure, asked from their heads."""

    def __init__(self, facts: Facts, book: RuleBook, given: Given | None = None) -> None:
        self.facts = facts
        self.book = book
        self.given = Given() if given is None else given
        self._rules: dict[tuple[str, str], list[FlatRule]] = defaultdict(list)
        for rule in (*self.given.rules, *book.rules):
            if rule.head is not None:
                self._rules[_index(rule.head)].append(rule)
        self._equality = book.equality if has_equality(facts) else ()

    def steps(self, triple: TripleText) -> Iterator[Step]:
        """Every way to conclude this triple in one step from triples of the closure."""
        schema = self.book.schema.get(triple)
        if schema is not None:
            yield Step(schema[0], (), schema[1])
        yield from self.given.steps(triple)
        for rule in (*self.rules_for(triple), *self._equality_for(triple)):
            binding = unify(rule.head, triple)
            if binding is not None:
                for premises in self.solve(rule.body, binding):
                    if triple not in premises:
                        yield Step(rule.name, premises, rule.axioms, rule)

    def rules_for(self, triple: TripleText) -> list[FlatRule]:
        """The rules that may conclude this triple, without those of equality."""
        found = list(self._rules.get(_index(Atom(*triple)), ()))
        if triple[1] == TYPE:
            found += self._rules.get((TYPE, ""), ())
        return found

    def solve(self, body: Sequence[Atom], binding: Binding) -> Iterator[tuple[TripleText, ...]]:
        """The premises for every way to match a body."""
        found: list[TripleText | None] = [None] * len(body)
        yield from self._extend(body, binding, found, list(range(len(body))))

    def _extend(
        self, body: Sequence[Atom], binding: Binding, found: list[TripleText | None], waiting: list[int]
    ) -> Iterator[tuple[TripleText, ...]]:
        if not waiting:
            yield tuple(triple for triple in found if triple is not None)
            return
        i = (
            min(waiting, key=lambda j: self.facts.estimate(*bound(body[j], binding)))
            if len(waiting) > 1
            else waiting[0]
        )
        rest = [j for j in waiting if j != i]
        for triple, more in self.matches(body[i], binding):
            found[i] = triple
            yield from self._extend(body, more, found, rest)

    def matches(self, atom: Atom, binding: Binding) -> Iterator[tuple[TripleText, Binding]]:
        """The triples that match one atom, and what its variables stand for then; literals match by value."""
        s, p, o = bound(atom, binding)
        for spelled in self.facts.spellings(o) if o is not None and o.startswith('"') else (o,):
            for triple in self.facts.match(s, p, spelled):
                more = extended(atom, triple, binding)
                if more is not None:
                    yield triple, more

    def _equality_for(self, triple: TripleText) -> tuple[FlatRule, ...]:
        if triple[1] != SAME:
            return self._equality
        return tuple(rule for rule in self._equality if not rule.name.startswith("eq-rep"))


def _index(atom: Atom) -> tuple[str, str]:
    """Where a rule is looked for: by the property of its head, or by the class."""
    if atom.predicate == TYPE:
        return TYPE, "" if is_variable(atom.object) else atom.object
    return atom.predicate, ""
