"""Why something does not follow: the rule that comes nearest, what of it is met, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from citygraph.reason.closure import Atom, FlatRule, TripleText, is_variable
from citygraph.reason.proof.calendar import Calendar, Counted
from citygraph.reason.proof.facts import Binding, unify
from citygraph.reason.proof.prover import Prover

_DEEP: Final = 3
_TRIES: Final = 3000


@dataclass(frozen=True, slots=True)
class WhyNot:
    """The nearest rule for a triple that does not hold.

    `met` are the premises found; `missing` are the others, with variables where anything would do.
    `because` says why a missing premise does not hold, and `counted` why a fact does not count on the day.
    Without a rule, no rule concludes such a triple at all: somebody would have to state it.
    """

    triple: TripleText
    rule: FlatRule | None = None
    met: tuple[TripleText, ...] = ()
    missing: tuple[Atom, ...] = ()
    because: WhyNot | None = None
    counted: Counted | None = None


def why_not(triple: TripleText, prover: Prover, calendar: Calendar | None = None, *, deep: int = _DEEP) -> WhyNot:
    """The rule that comes nearest to concluding this triple, which does not hold."""
    counted = calendar.of(triple) if calendar else None
    if counted is not None:
        return WhyNot(triple, counted=counted)
    best: tuple[tuple[int, int], WhyNot] | None = None
    for rule in prover.rules_for(triple):
        binding = unify(rule.head, triple)
        found = None if binding is None else _nearest(rule, binding, prover)
        if found is None:
            continue
        met, missing = found
        # Few missing premises are near, and so are many met ones: a rule of one premise met by nothing says little.
        rank = (len(missing) if met else len(missing) + len(rule.body) + 1, -len(met))
        if best is None or rank < best[0]:
            best = (rank, WhyNot(triple, rule, met, missing))
    if best is None:
        return WhyNot(triple)
    return _because(best[1], prover, calendar, deep)


def _because(found: WhyNot, prover: Prover, calendar: Calendar | None, deep: int) -> WhyNot:
    """The same with the reason why the first missing premise does not hold."""
    if deep <= 1:
        return found
    for atom in found.missing:
        if not atom.variables():
            inner = why_not((atom.subject, atom.predicate, atom.object), prover, calendar, deep=deep - 1)
            if inner.met or inner.counted:
                return WhyNot(found.triple, found.rule, found.met, found.missing, inner)
    return found


def _nearest(
    rule: FlatRule, binding: Binding, prover: Prover
) -> tuple[tuple[TripleText, ...], tuple[Atom, ...]] | None:
    """The premises that can be met together, as many as possible, and those that are missing then."""
    for gaps in range(1, len(rule.body) + 1):
        for met, missing in _with_gaps(list(rule.body), binding, gaps, prover, [_TRIES]):
            return tuple(met), tuple(missing)
    return None


def _with_gaps(
    waiting: Sequence[Atom], binding: Binding, gaps: int, prover: Prover, left: list[int]
) -> Iterator[tuple[list[TripleText], list[Atom]]]:
    """Every way to match a body but for so many atoms."""
    if not waiting:
        if gaps == 0:
            yield [], []
        return
    if gaps == len(waiting):
        yield [], [_filled(atom, binding) for atom in waiting]
        return
    first = min(waiting, key=lambda atom: prover.facts.estimate(*_bound(atom, binding)) or _NEVER)
    rest = [atom for atom in waiting if atom is not first]
    for triple, bound in prover.matches(first, binding):
        left[0] -= 1
        if left[0] < 0:
            return
        for met, missing in _with_gaps(rest, bound, gaps, prover, left):
            yield [triple, *met], [_filled(atom, bound) for atom in missing]
    if gaps:
        for met, missing in _with_gaps(rest, binding, gaps - 1, prover, left):
            yield met, [_filled(first, binding), *missing]


_NEVER: Final = 1 << 40


def _bound(atom: Atom, binding: Binding) -> tuple[str | None, str | None, str | None]:
    def term(text: str) -> str | None:
        return binding.get(text) if is_variable(text) else text

    return term(atom.subject), term(atom.predicate), term(atom.object)


def _filled(atom: Atom, binding: Binding) -> Atom:
    return Atom(
        binding.get(atom.subject, atom.subject),
        binding.get(atom.predicate, atom.predicate),
        binding.get(atom.object, atom.object),
    )
