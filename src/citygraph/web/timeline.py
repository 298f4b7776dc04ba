"""Periods and days below one axis of years, in percent of its width."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from citygraph.rdf import Literal, Term

__all__ = ["Period", "Span", "Timeline", "draw_timeline", "moment_of"]

_DATE: Final = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?\Z")
_MOST_TICKS: Final = 7


@dataclass(frozen=True, slots=True)
class Period:
    """One row before it is drawn: its name, its dates in words, and both ends in years; without one it is open."""

    label: str
    when: str
    href: str
    begin: float | None
    end: float | None
    is_day: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """One row of a timeline: where it starts and how long it is in percent; a day has no length."""

    label: str
    when: str
    left: float
    width: float
    href: str
    open_begin: bool = False
    open_end: bool = False


@dataclass(frozen=True, slots=True)
class Timeline:
    """Periods and days below one axis."""

    spans: tuple[Span, ...]
    ticks: tuple[tuple[str, float], ...]


def draw_timeline(periods: Sequence[Period], *, low: int, high: int) -> Timeline:
    """The periods on an axis from the year `low` to the year `high`."""
    return Timeline(tuple(_span(each, low, high) for each in periods), _ticks(low, high))


def moment_of(term: Term | None, *, last: bool = False) -> float | None:
    """A date as a year with a fraction; of a mere month or year its first moment, or its last."""
    match = _DATE.match(term.value) if isinstance(term, Literal) else None
    if match is None:
        return None
    year, month, day = int(match[1]), match[2], match[3]
    if month is None:
        return float(year + 1) if last else float(year)
    if day is None:
        return year + (int(month) - (0 if last else 1)) / 12
    return year + (int(month) - 1) / 12 + (int(day) - 1) / 372


def _span(period: Period, low: int, high: int) -> Span:
    width = high - low
    left = ((low if period.begin is None else period.begin) - low) / width * 100
    right = left if period.is_day else ((high if period.end is None else period.end) - low) / width * 100
    return Span(
        period.label,
        period.when,
        round(left, 2),
        round(max(right - left, 0.0), 2),
        period.href,
        open_begin=period.begin is None,
        open_end=not period.is_day and period.end is None,
    )


def _ticks(low: int, high: int) -> tuple[tuple[str, float], ...]:
    """At most seven years below the axis, with their places in percent."""
    step = next(each for each in (1, 2, 5, 10, 20, 25, 50, 100, 500, 1000, 5000) if (high - low) / each <= _MOST_TICKS)
    first = -(-low // step) * step
    return tuple((str(year), round((year - low) / (high - low) * 100, 2)) for year in range(first, high + 1, step))
