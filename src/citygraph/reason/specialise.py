"""The rules of OWL 2 RL specialised to one ontology: flat rules whose predicates and classes are constants."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from citygraph.reason.axioms import Axioms, Binding, word
from citygraph.reason.closure import Atom, Check, FlatRule, RuleBook, TripleText, is_variable
from citygraph.reason.datatypes import is_datatype
from citygraph.reason.owl_rl import CONTRADICTION, RULES, Rule
from citygraph.reason.rule_text import TYPE, ListPattern, Pattern, expand, patterns
from citygraph.reason.schema_closure import close_schema

__all__ = ["specialise"]


def specialise(triples: Iterable[TripleText], *, representatives: bool = False) -> RuleBook:
    """The flat rules that these triples ask for; triples that are no axioms are passed over.

    With `representatives`, terms stand for all terms equal to them, so that `A ⊑ A` says something.

    The ontology is closed under the schema rules first. An axiom that a data rule would reach step by
    step anyway becomes no rule of its own: `A ⊑ B ⊑ C` gives two flat rules, not three.
    """
    axioms = Axioms(triples)
    schema = close_schema(axioms, reflexive=representatives)
    stepwise = {triple for triple, (rule, _) in schema.items() if rule in _STEPWISE}
    flat: dict[tuple[Atom | None, tuple[Atom, ...], Check | None], FlatRule] = {}
    for rule in RULES:
        if not rule.data and rule.name != "cls-oo":
            continue
        for binding, sources in axioms.match(patterns(rule.ontology), without=stepwise):
            for one in _unfold(rule, binding, sources):
                flat.setdefault((one.head, one.body, one.check), one)
    kept = _without_idle_thing(list(flat.values()))
    equality = tuple(rule for rule in kept if rule.name in _EQUALITY)
    return RuleBook(
        rules=tuple(rule for rule in kept if rule.head is not None and rule.name not in _EQUALITY),
        contradictions=tuple(rule for rule in kept if rule.head is None),
        equality=equality,
        schema=schema,
    )


_EQUALITY: Final = frozenset({"eq-sym", "eq-trans", "eq-rep-s", "eq-rep-p", "eq-rep-o"})
_STEPWISE: Final = frozenset(rule.name for rule in RULES if rule.step and not rule.equal)
_SUBSUMED: Final = frozenset({"cls-svf1", "cls-maxqc1", "cls-maxqc3"})
_THING: Final = expand("owl:Thing")


def _unfold(rule: Rule, binding: Binding, sources: tuple[TripleText, ...]) -> Iterator[FlatRule]:
    """The flat rules of one reading of the ontology; lists repeat the starred patterns."""
    starred = {name: value for name, value in binding.items() if isinstance(value, tuple)}
    length = len(next(iter(starred.values()))) if starred else 0
    body: dict[Atom, None] = {}
    for pattern in patterns(rule.data):
        repeated = any(isinstance(term, str) and _is_starred(term) for term in pattern)
        for i in range(length) if repeated else (0,):
            body[_atom(pattern, binding, i, length)] = None
    check = rule.check
    if check is not None:
        check = Check(check.kind, tuple(_put(term, binding, 0, length) for term in check.terms))
        if check.kind == "outside" and not is_datatype(check.terms[1]):
            return
    if rule.head == CONTRADICTION:
        yield FlatRule(rule.name, None, tuple(body), sources, check)
        return
    for pattern in patterns(rule.head):
        head = _atom(pattern, binding, 0, length)
        # A literal can be no subject, and a rule that concludes its own premise says nothing.
        if head not in body and not head.subject.startswith('"'):
            yield FlatRule(rule.name, head, tuple(body), sources, check)


def _is_starred(term: str) -> bool:
    return is_variable(term) and term.endswith(("*", "+"))


def _atom(pattern: Pattern, binding: Binding, i: int, length: int) -> Atom:
    s, p, o = pattern
    if isinstance(o, ListPattern):
        message = "A list may stand in the ontology part of a rule only."
        raise TypeError(message)
    return Atom(*(_put(term, binding, i, length) for term in (s, p, o)))


def _put(term: str, binding: Binding, i: int, length: int) -> str:
    """What a term of a rule is in its i-th repetition."""
    if not is_variable(term):
        return term
    if term.endswith("*"):
        members = binding.get(term.removesuffix("*"))
        return members[i] if isinstance(members, tuple) else f"{term[:-1]}{i}"
    if term.endswith("+"):
        return f"{term[:-1]}{i + 1}"
    if term.endswith("$"):
        return f"{term[:-1]}{length}"
    return word(term, binding)


def _without_idle_thing(rules: list[FlatRule]) -> list[FlatRule]:
    """Leave out what only types things as `owl:Thing` when no rule asks for that type."""

    def asks(rule: FlatRule) -> bool:
        return any(atom.predicate == TYPE and atom.object == _THING for atom in rule.body)

    # A filler owl:Thing has a rule of its own that does not ask for the type.
    rules = [rule for rule in rules if not (rule.name in _SUBSUMED and asks(rule))]
    if any(asks(rule) for rule in rules):
        return rules
    return [
        rule
        for rule in rules
        if not (rule.name == "cax-sco" and rule.head is not None and rule.head.object == _THING and rule.axioms[0])
    ]
