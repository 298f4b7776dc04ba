"""Proofs, found backwards over the flat rules, the shortest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final

from citygraph.reason.backward import Backward
from citygraph.reason.closure import RuleBook, TripleText
from citygraph.reason.facts import Facts
from citygraph.reason.proof import Given, Proof, Step, assembled

__all__ = ["Prover"]

_EFFORT: Final = 20_000
"""How many steps are tried for the shortest proof, before any proof will do."""
_AHEAD: Final = 500
"""How many steps are looked at to take first those that rest on statements alone."""


class _TooMuch(Exception):  # noqa: N818  # not an error: the search goes on in another way
    """The search for the shortest proof was given up."""


class Prover(Backward):
    """Looks for proofs in one closure; what was found once is remembered."""

    def __init__(self, facts: Facts, book: RuleBook, given: Given | None = None) -> None:
        super().__init__(facts, book, given)
        self._proofs: dict[TripleText, Proof] = {}
        self._none_up_to: dict[TripleText, int] = {}
        self._steps: dict[TripleText, _Lazy] = {}
        self._effort = 0

    def prove(self, triple: TripleText) -> Proof | None:
        """A proof with as few steps as possible; None when the triple does not follow."""
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
        return self._any(triple)

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

    def _complete(self, triple: TripleText, step: Step, limit: int) -> Proof | None:
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

    def _promising(self, triple: TripleText) -> Iterator[Step]:
        """The ways to conclude a triple; of the first ones, those with the fewest open premises first."""
        steps = iter(self._steps_of(triple))
        ahead = sorted(islice(steps, _AHEAD), key=lambda step: sum(not self._is_proved(n) for n in step.needs()))
        return chain(ahead, steps)


@dataclass(slots=True)
class _Frame:
    """A triple that is being proved in a pass."""

    triple: TripleText
    steps: Iterator[Step]
    step: Step | None = None


class _Lazy:
    """An iterator that can be gone through again; what was seen is kept."""

    def __init__(self, source: Iterator[Step]) -> None:
        self._source = source
        self._seen: list[Step] = []

    def __iter__(self) -> Iterator[Step]:
        i = 0
        while True:
            if i == len(self._seen):
                step = next(self._source, None)
                if step is None:
                    return
                self._seen.append(step)
            yield self._seen[i]
            i += 1
