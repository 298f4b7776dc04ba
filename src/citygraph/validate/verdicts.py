"""Whether a node conforms to a shape: yes, no, or not for us to say (Kleene's three values)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from citygraph.rdf import Term

__all__ = ["Component", "Shape", "Unknown", "Verdict", "all_of", "any_of", "exactly_one", "negated"]

Verdict: TypeAlias = bool | None
"""True conforms, False does not, None cannot be said."""
Component: TypeAlias = Callable[[Term, Sequence[Term]], Verdict]
"""A constraint component: the verdict on a focus node and its values."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape as a function of a node, and how many steps away from the node it looks."""

    conforms: Callable[[Term], Verdict]
    steps: int


class Unknown(Exception):  # noqa: N818  # not an error: the shape is pySHACL's
    """Something is used that is not listed here."""


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Whether each of them holds."""
    unsure = False
    for verdict in verdicts:
        if verdict is False:
            return False
        unsure = unsure or verdict is None
    return None if unsure else True


def negated(verdict: Verdict) -> Verdict:
    """The opposite, when there is one."""
    return None if verdict is None else not verdict


def any_of(verdicts: Sequence[Verdict]) -> Verdict:
    """Whether one of them holds."""
    return negated(all_of(negated(each) for each in verdicts))


def exactly_one(verdicts: Sequence[Verdict]) -> Verdict:
    """Whether one of them holds and no other."""
    if None in verdicts:
        return None
    return verdicts.count(True) == 1  # counts a value
