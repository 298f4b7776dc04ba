"""What a proof is: steps, each with the rule, the premises and the axioms it rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from citygraph.reason.closure import FlatRule, TripleText

__all__ = ["Given", "Proof", "Step", "assembled"]


@dataclass(frozen=True, slots=True)
class Step:
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
    step: Step | None = None
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
class Given:
    """What the rules before OWL derived: for each such triple, the steps that explain it.

    `rules` are those of them that are rules like any other; `steps` are for the rest.
    """

    rules: tuple[FlatRule, ...] = ()
    steps: Callable[[TripleText], Sequence[Step]] = field(default=lambda _: ())


def assembled(triple: TripleText, step: Step, proofs: Mapping[TripleText, Proof]) -> Proof:
    """The step with the proofs of its premises; what has none there is a statement."""

    def part(need: TripleText) -> Proof:
        return proofs.get(need) or Proof(need)

    premises, axioms = tuple(map(part, step.premises)), tuple(map(part, step.axioms))
    return Proof(triple, step, premises, axioms, 1 + sum(one.size for one in premises + axioms))
