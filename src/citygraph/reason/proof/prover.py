"""What a proof is, and proofs found backwards over the flat rules, the shortest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Final

from citygraph.reason.closure import Atom, FlatRule, RuleBook, TripleText, is_variable
from citygraph.reason.proof.facts import Binding, Facts, bound, extended, has_equality, unify
from citygraph.reason.rules import SAME, TYPE


@dataclass(frozen=True, slots=True)
class ProofStep:
    """One way to conclude a triple: the rule, the premises that match its body, and its axioms.

    `flat` is None for an axiom that a rule of the schema adds, and for what is given by a rule before OWL.
    """

    rule: str
    premises: tuple[TripleText, ...]
    axioms: tuple[TripleText, ...] = ()
    flat: FlatRule | None = None

    def needs(self) -> tuple[TripleText, ...]:
        """Everything that has to hold."""
        return self.premises + self.axioms


@dataclass(frozen=True, slots=True)
class Proof:
    """A triple and why it holds; without a step it is stated by somebody. `size` is how many steps there are."""

    triple: TripleText
    step: ProofStep | None = None
    premises: tuple[Proof, ...] = ()
    axioms: tuple[Proof, ...] = ()
    size: int = 0

    @property
    def rule(self) -> str:
        """The name of the last rule; empty for a statement."""
        return "" if self.step is None else self.step.rule

    def parts(self) -> Iterator[Proof]:
        """This proof and every proof inside it, from the top."""
        waiting = [self]
        while waiting:
            one = waiting.pop()
            yield one
            waiting.extend(reversed(one.premises + one.axioms))

    def leaves(self) -> frozenset[TripleText]:
        """The statements everything rests on."""
        return frozenset(part.triple for part in self.parts() if part.step is None)


@dataclass(frozen=True, slots=True)
class EarlierRules:
    """What the rules before OWL derived: for each such triple, the steps that explain it.

    `rules` are those of them that are rules like any other; `steps` are for the rest.
    """

    rules: tuple[FlatRule, ...] = ()
    steps: Callable[[TripleText], Sequence[ProofStep]] = field(default=lambda _: ())


def assembled(triple: TripleText, step: ProofStep, proofs: Mapping[TripleText, Proof]) -> Proof:
    """The step with the proofs of its premises; what has none there is a statement."""

    def part(need: TripleText) -> Proof:
        return proofs.get(need) or Proof(need)

    premises, axioms = tuple(map(part, step.premises)), tuple(map(part, step.axioms))
    return Proof(triple, step, premises, axioms, 1 + sum(one.size for one in premises + axioms))


class Backward:
    """The rules of one closure, asked from their heads."""

    def __init__(self, facts: Facts, book: RuleBook, given: EarlierRules | None = None) -> None:
        self.facts = facts
        self.book = book
        self.given = EarlierRules() if given is None else given
        self._rules: dict[tuple[str, str], list[FlatRule]] = defaultdict(list)
        for rule in (*self.given.rules, *book.rules):
            if rule.head is not None:
                self._rules[_index(rule.head)].append(rule)
        self._equality = book.equality if has_equality(facts) else ()

    def steps(self, triple: TripleText) -> Iterator[ProofStep]:
        """Every way to conclude this triple in one step from triples of the closure."""
        schema = self.book.schema.get(triple)
        if schema is not None:
            yield ProofStep(schema[0], (), schema[1])
        yield from self.given.steps(triple)
        for rule in (*self.rules_for(triple), *self._equality_for(triple)):
            binding = unify(rule.head, triple)
            if binding is not None:
                for premises in self.solve(rule.body, binding):
                    if triple not in premises:
                        yield ProofStep(rule.name, premises, rule.axioms, rule)

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


_EFFORT: Final = 20_000
"""How many steps are tried for the shortest proof, before any proof will do."""
_AHEAD: Final = 500
"""How many steps are looked at to take first those that rest on statements alone."""


class _TooMuch(Exception):  # noqa: N818  # not an error: the search goes on in another way
    """The search for the shortest proof was given up."""


class Prover(Backward):
    """Looks for proofs in one closure; what was found once is remembered."""

    def __init__(self, facts: Facts, book: RuleBook, given: EarlierRules | None = None) -> None:
        super().__init__(facts, book, given)
        self._proofs: dict[TripleText, Proof] = {}
        self._none_up_to: dict[TripleText, int] = {}
        self._steps: dict[TripleText, _Lazy] = {}
        self._effort = 0

    def prove(self, triple: TripleText, *, give_up: bool = False) -> Proof | None:
        """A proof with as few steps as possible; None when the triple does not follow.

        With `give_up` also None when it was looked for at some length.
        """
        if next(self.facts.match(*triple), None) is None and not self._is_ground(triple):
            return None
        self._effort = _EFFORT
        try:
            size = 0
            while self._effort > 0:
                found = self._search(triple, size)
                if found is not None:
                    return found
                size += 1
        except _TooMuch:
            pass
        return None if give_up else self._any(triple)

    def proofs(self, triple: TripleText, *, most: int = 20, longer: int = 4) -> list[Proof]:
        """Proofs that rest on different statements, none of which could be left out; the shortest first.

        Args:
            triple: what to prove.
            most: how many at most.
            longer: how many steps more than the shortest one they may have.
        """
        first = self.prove(triple)
        if first is None:
            return []
        found = [first]
        self._effort = 5 * _EFFORT
        try:
            for size in range(first.size, first.size + longer + 1):
                for proof in self._all(triple, size, frozenset()):
                    leaves = proof.leaves()
                    if proof.size == size and not any(other.leaves() <= leaves for other in found):
                        found.append(proof)
                    if len(found) == most:
                        return found
        except _TooMuch:
            pass
        return found

    # -- the shortest proof ---------------------------------------------------------------------

    def _is_ground(self, triple: TripleText) -> bool:
        return self.facts.is_asserted(triple) or triple in self.book.schema

    def _steps_of(self, triple: TripleText) -> _Lazy:
        if triple not in self._steps:
            self._steps[triple] = _Lazy(self.steps(triple))
        return self._steps[triple]

    def _search(self, triple: TripleText, size: int) -> Proof | None:
        """The shortest proof with at most so many steps."""
        if self.facts.is_asserted(triple):
            return Proof(triple)
        known = self._proofs.get(triple)
        if known is not None:
            return known if known.size <= size else None
        for limit in range(self._none_up_to.get(triple, 0) + 1, size + 1):
            for step in self._steps_of(triple):
                found = self._complete(triple, step, limit)
                if found is not None:
                    self._proofs[triple] = found
                    return found
            self._none_up_to[triple] = limit
        return None

    def _complete(self, triple: TripleText, step: ProofStep, limit: int) -> Proof | None:
        """The step with its premises proved, in `limit` steps together."""
        self._spend()
        open_ones = [need for need in step.needs() if not self.facts.is_asserted(need)]
        left = limit - 1 - sum(self._none_up_to.get(need, 0) + 1 for need in open_ones)
        if left < 0:
            return None
        proofs: dict[TripleText, Proof] = {}
        for need in open_ones:
            floor = self._none_up_to.get(need, 0) + 1
            found = self._search(need, floor + left)
            if found is None:
                return None
            left -= found.size - floor
            if left < 0:
                return None
            proofs[need] = found
        return assembled(triple, step, proofs)

    def _spend(self) -> None:
        self._effort -= 1
        if self._effort < 0:
            raise _TooMuch

    def _all(self, triple: TripleText, size: int, above: frozenset[TripleText]) -> Iterator[Proof]:
        """Every proof with at most so many steps that does not rest on what it is meant to prove."""
        if self.facts.is_asserted(triple):
            yield Proof(triple)
            if not above:
                # Stated, and perhaps derived as well.
                yield from self._stepwise(triple, size, above)
            return
        yield from self._stepwise(triple, size, above)

    def _stepwise(self, triple: TripleText, size: int, above: frozenset[TripleText]) -> Iterator[Proof]:
        if size < 1 or triple in above:
            return
        for step in self._steps_of(triple):
            self._spend()
            needs = tuple(dict.fromkeys(step.needs()))
            for proofs in self._combined(needs, size - 1, above | {triple}):
                yield assembled(triple, step, proofs)

    def _combined(
        self, needs: Sequence[TripleText], size: int, above: frozenset[TripleText]
    ) -> Iterator[dict[TripleText, Proof]]:
        open_ones = sum(not self.facts.is_asserted(need) for need in needs)
        if open_ones > size:
            return
        if not needs:
            yield {}
            return
        first, rest = needs[0], needs[1:]
        for proof in self._all(first, size, above):
            for others in self._combined(rest, size - proof.size, above):
                yield {first: proof, **others}

    # -- any proof ------------------------------------------------------------------------------

    def _any(self, triple: TripleText) -> Proof | None:
        """Some proof, looked for in passes: each tries every triple once, until one adds nothing."""
        while triple not in self._proofs:
            before = len(self._proofs)
            self._pass(triple)
            if len(self._proofs) == before:
                return None
        return self._proofs[triple]

    def _pass(self, goal: TripleText) -> None:
        tried = {goal}
        stack = [_Frame(goal, self._promising(goal))]
        while stack:
            frame = stack[-1]
            if frame.step is None:
                frame.step = next(frame.steps, None)
                if frame.step is None:
                    stack.pop()
                    continue
            need = next((n for n in frame.step.needs() if not self._is_proved(n)), None)
            if need is None:
                self._proofs[frame.triple] = assembled(frame.triple, frame.step, self._proofs)
                stack.pop()
            elif need in tried:
                frame.step = None
            else:
                tried.add(need)
                stack.append(_Frame(need, self._promising(need)))

    def _is_proved(self, triple: TripleText) -> bool:
        return triple in self._proofs or self.facts.is_asserted(triple)

    def _promising(self, triple: TripleText) -> Iterator[ProofStep]:
        """The ways to conclude a triple; of the first ones, those with the fewest open premises first."""
        steps = iter(self._steps_of(triple))
        ahead = sorted(islice(steps, _AHEAD), key=lambda step: sum(not self._is_proved(n) for n in step.needs()))
        return chain(ahead, steps)


@dataclass(slots=True)
class _Frame:
    """A triple that is being proved in a pass."""

    triple: TripleText
    steps: Iterator[ProofStep]
    step: ProofStep | None = None


class _Lazy:
    """An iterator that can be gone through again; what was seen is kept."""

    def __init__(self, source: Iterator[ProofStep]) -> None:
        self._source = source
        self._seen: list[ProofStep] = []

    def __iter__(self) -> Iterator[ProofStep]:
        i = 0
        while True:
            if i == len(self._seen):
                step = next(self._source, None)
                if step is None:
                    return
                self._seen.append(step)
            yield self._seen[i]
            i += 1
