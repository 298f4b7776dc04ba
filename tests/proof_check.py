"""Proofs checked step by step by nothing that helped to find them but unification; and a closure as plain triples."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from citygraph.reason.closure import FlatRule, RuleBook, TermText, TripleText
from citygraph.reason.datatypes import ILL_TYPED, LiteralValue, value_of
from citygraph.reason.proof.facts import Facts, extended, unify
from citygraph.reason.proof.prover import EarlierRules, Proof


class TextFacts:
    """A closure of some ten thousand triples, indexed by its terms."""

    def __init__(self, asserted: Iterable[TripleText], inferred: Iterable[TripleText] = ()) -> None:
        self._asserted = set(asserted)
        self._all = dict.fromkeys([*self._asserted, *inferred])
        self._by: dict[tuple[str | None, str | None, str | None], list[TripleText]] = defaultdict(list)
        for triple in self._all:
            s, p, o = triple
            for key in ((s, p, None), (None, p, o), (None, p, None), (s, None, None), (None, None, o), (s, None, o)):
                self._by[key].append(triple)
        values: dict[LiteralValue, list[TermText]] = defaultdict(list)
        for literal in {o for _, _, o in self._all if o.startswith('"')}:
            value = value_of(literal)
            if value is not None and value is not ILL_TYPED:
                values[value].append(literal)
        self._spellings = {one: sorted(group) for group in values.values() if len(group) > 1 for one in group}

    def __contains__(self, triple: TripleText) -> bool:
        """Whether the closure has this triple."""
        return triple in self._all

    def match(
        self, subject: TermText | None, predicate: TermText | None, object_: TermText | None
    ) -> Iterator[TripleText]:
        """See `Facts.match`."""
        if subject is not None and predicate is not None and object_ is not None:
            triple = (subject, predicate, object_)
            yield from (triple,) if triple in self._all else ()
        elif subject is None and predicate is None and object_ is None:
            yield from self._all
        else:
            yield from self._by.get((subject, predicate, object_), ())

    def estimate(self, subject: TermText | None, predicate: TermText | None, object_: TermText | None) -> int:
        """See `Facts.estimate`."""
        if subject is not None and predicate is not None and object_ is not None:
            return 1
        return len(self._by.get((subject, predicate, object_), ()))

    def is_asserted(self, triple: TripleText) -> bool:
        """See `Facts.is_asserted`."""
        return triple in self._asserted

    def spellings(self, literal: TermText) -> Sequence[TermText]:
        """See `Facts.spellings`."""
        return self._spellings.get(literal, (literal,))


def faults(proof: Proof, facts: Facts, book: RuleBook, given: EarlierRules | None = None) -> list[str]:
    """What is wrong with a proof; nothing for a good one.

    Every step must be one of the rules, its premises must match the rule's body and its axioms be the
    rule's axioms; every leaf must be stated; and nothing may rest on itself.
    """
    given = EarlierRules() if given is None else given
    allowed = {*book.rules, *book.equality, *given.rules}
    found: list[str] = []
    waiting: list[tuple[Proof, frozenset[TripleText]]] = [(proof, frozenset())]
    while waiting:
        one, above = waiting.pop()
        found += _faults_of(one, facts, book, given, allowed)
        if one.triple in above:
            found.append(f"{one.triple} rests on itself")
        waiting.extend((part, above | {one.triple}) for part in one.premises + one.axioms)
    return found


def _faults_of(
    proof: Proof, facts: Facts, book: RuleBook, given: EarlierRules, allowed: Iterable[FlatRule]
) -> list[str]:
    step, triple = proof.step, proof.triple
    if step is None:
        return [] if facts.is_asserted(triple) else [f"{triple} is stated nowhere"]
    if (tuple(p.triple for p in proof.premises), tuple(p.triple for p in proof.axioms)) != (step.premises, step.axioms):
        return [f"{triple}: the parts are not those of the step"]
    if step.flat is None:
        schema = book.schema.get(triple)
        fits = schema == (step.rule, step.axioms) or step in given.steps(triple)
        return [] if fits else [f"{triple} does not follow by {step.rule}"]
    rule = step.flat
    if rule not in allowed or rule.axioms != step.axioms:
        return [f"{triple}: {rule} is none of the rules"]
    binding = unify(rule.head, triple)
    for atom, premise in zip(rule.body, step.premises, strict=True):
        binding = None if binding is None else extended(atom, premise, binding)
    if binding is None or triple[0].startswith('"'):
        return [f"{triple} does not follow by {rule} from {step.premises}"]
    return []
