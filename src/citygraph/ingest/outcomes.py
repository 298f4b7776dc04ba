"""What became of a row, and of each membership that it states."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Line", "Outcome", "together"]


class Outcome(StrEnum):
    """What became of a row."""

    IMPORTED = "imported"
    PARTLY = "partly imported"
    DUPLICATE = "duplicate"
    REVIEW = "review"
    REFUSED = "refused"
    NO_MEMBER = "not a member"
    NOTE = "note"
    HEADING = "heading"
    EMPTY = "empty"
    OUTSIDE = "sheet not read"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the report: what became of a row, or of one of the memberships that it states."""

    sheet: str
    row: int
    outcome: Outcome
    reason: str = ""
    name: str = ""
    country: str = ""
    network: str = ""
    role: str = ""
    begin: str = ""
    end: str = ""
    member: str = ""
    membership: str = ""
    notes: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether the list may name a member here that the graph does not get."""
        return self.outcome in {Outcome.REVIEW, Outcome.REFUSED}


def together(outcomes: Iterable[Outcome]) -> Outcome:
    """The outcome of a row with several memberships.

    >>> together([Outcome.IMPORTED, Outcome.DUPLICATE]), together([Outcome.IMPORTED, Outcome.REFUSED])
    (<Outcome.IMPORTED: 'imported'>, <Outcome.PARTLY: 'partly imported'>)
    """
    kinds = set(outcomes)
    if kinds & {Outcome.IMPORTED, Outcome.DUPLICATE} and kinds & {Outcome.REVIEW, Outcome.REFUSED}:
        return Outcome.PARTLY
    order = (
        Outcome.IMPORTED, Outcome.DUPLICATE, Outcome.REVIEW, Outcome.REFUSED, Outcome.NO_MEMBER, Outcome.NOTE,
        Outcome.HEADING, Outcome.EMPTY, Outcome.OUTSIDE,
    )  # fmt: skip
    return next(each for each in order if each in kinds)
