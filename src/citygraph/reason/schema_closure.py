"""An ontology closed under the schema rules: the axioms that follow from its axioms."""

from __future__ import annotations

from collections import defaultdict

from citygraph.reason.axioms import Axioms, Binding, word
from citygraph.reason.closure import TripleText, is_variable
from citygraph.reason.owl_rl import RULES, Rule
from citygraph.reason.rule_text import expand, patterns

__all__ = ["close_schema"]


def close_schema(axioms: Axioms, *, reflexive: bool) -> dict[TripleText, tuple[str, tuple[TripleText, ...]]]:
    """Add what the schema rules conclude, each new axiom meeting the rules once."""
    derived: dict[TripleText, tuple[str, tuple[TripleText, ...]]] = {}
    readers: dict[str, list[tuple[Rule, int]]] = defaultdict(list)
    mentioned = {o for pairs in axioms.pairs.values() for _, o in pairs} | {
        s for pairs in axioms.pairs.values() for s, _ in pairs
    }
    for rule in RULES:
        wanted = (not rule.needs or expand(rule.needs) in mentioned) and (reflexive or not rule.equal)
        if not rule.data and rule.name != "cls-oo" and wanted:
            for i, (_, predicate, _) in enumerate(patterns(rule.ontology)):
                readers[predicate].append((rule, i))
    waiting = [triple for pairs in axioms.pairs.values() for triple in pairs.values()]
    while waiting:
        triple = waiting.pop()
        for rule, i in readers.get(triple[1], ()):
            for new, sources in _conclude(axioms, rule, i, triple):
                if (reflexive or new[0] != new[2]) and new not in derived and axioms.add(new):
                    derived[new] = (rule.name, sources)
                    waiting.append(new)
    return derived


def _conclude(
    axioms: Axioms, rule: Rule, position: int, triple: TripleText
) -> list[tuple[TripleText, tuple[TripleText, ...]]]:
    """What one schema rule concludes when the pattern at `position` reads this axiom."""
    wanted = patterns(rule.ontology)
    subject, _, object_ = wanted[position]
    start: Binding = {subject: triple[0]}
    if isinstance(object_, str):
        if not is_variable(object_):
            if object_ != triple[2]:
                return []
        elif object_ != subject:
            start[object_] = triple[2]
        elif triple[0] != triple[2]:
            return []
    # The axiom's own pattern stays in: it is found at once, both ends being bound, and keeps the order.
    order = (wanted[position], *wanted[:position], *wanted[position + 1 :])
    found = []
    for binding, sources in axioms.match(order, start):
        placed = (*sources[1 : position + 1], sources[0], *sources[position + 1 :])
        for s, p, o in patterns(rule.head):
            if isinstance(o, str):
                found.append(((word(s, binding), p, word(o, binding)), placed))
    return found
