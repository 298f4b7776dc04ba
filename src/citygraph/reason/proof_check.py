"""Proofs checked step by step, by nothing that helped to find them but unification."""

from __future__ import annotations

from collections.abc import Iterable

from citygraph.reason.closure import FlatRule, RuleBook, TripleText
from citygraph.reason.facts import Facts
from citygraph.reason.proof import Given, Proof
from citygraph.reason.unify import extended, unify

__all__ = ["faults"]


def faults(proof: Proof, facts: Facts, book: RuleBook, given: Given | None = None) -> list[str]:
    """What is wrong with a proof; nothing for a good one.

    Every step must be one of the rules, its premises must match the rule's body and its axioms be the
    rule's axioms; every leaf must be stated; and nothing may rest on itself.
    """
    given = Given() if given is None else given
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


def _faults_of(proof: Proof, facts: Facts, book: RuleBook, given: Given, allowed: Iterable[FlatRule]) -> list[str]:
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
