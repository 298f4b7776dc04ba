"""Days, months, years, days between bounds, and lengths of time, as people write them in bokmål and English."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from typing import Final

from citygraph.messages import text

_DATE: Final = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?\Z")
_DURATION: Final = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?\Z")
_UNITS: Final = ("year", "month", "week", "day")
_MONTHS: Final = 12


def date_in_words(value: str, language: str) -> str:
    """A day, a month or a year as people write it; anything else as it is.

    >>> date_in_words("2020-11-05", "nb"), date_in_words("2016-11", "en"), date_in_words("1986", "en")
    ('5. november 2020', 'November 2016', '1986')
    """
    match = _DATE.match(value)
    if match is None or not match[2] or not 1 <= int(match[2]) <= _MONTHS:
        return value
    month = text(f"dates.month.{int(match[2])}").in_language(language)
    if not match[3]:
        return f"{month} {match[1]}"
    return f"{int(match[3])}{'.' if language == 'nb' else ''} {month} {match[1]}"


def duration_in_words(value: str, language: str) -> str:
    """`P5Y` as "5 years"; anything else as it is."""
    match = _DURATION.match(value)
    if match is None or not any(match.groups()):
        return value
    counts = [
        (f"one_{unit}" if number == "1" else f"{unit}s", number)
        for unit, number in zip(_UNITS, match.groups(), strict=True)
    ]
    parts = [text(f"dates.duration.{key}").filled(count=number) for key, number in counts if number]
    return ", ".join(part.in_language(language) for part in parts)


@dataclass(frozen=True, slots=True)
class KnownDate:
    """When something was, as exactly as that is known: a date in its precision, the days between which it lies, or both."""

    exact: str = ""
    earliest: str = ""
    latest: str = ""

    def __bool__(self) -> bool:
        """Whether anything is known."""
        return bool(self.exact or self.earliest or self.latest)

    @property
    def by(self) -> str:
        """The date by which it had happened, for order and for comparing; empty when nothing says."""
        return self.exact or self.latest

    def in_words(self, language: str) -> str:
        """As people write it, and no more exactly than it is known; empty when nothing is.

        >>> KnownDate(latest="2020-11-30").in_words("en"), KnownDate(earliest="2020-11-01", latest="2020-11-30").in_words("nb")
        ('30 November 2020 at the latest', 'november 2020')
        """
        if self.exact and not (self.earliest and self.latest):
            return date_in_words(self.exact, language)
        first, last = (date_in_words(each, language) for each in (self.earliest, self.latest))
        if first and last:
            # A year or a month that the bounds are the ends of says the same, and says it better.
            whole = next(
                (e for e in (self.earliest[:4], self.earliest[:7]) if _ends(e) == (self.earliest, self.latest)), ""
            )
            if whole or first == last:
                return date_in_words(whole, language) or first
            return _said("said.between", language, first=first, last=last)
        if last:
            return _said("said.at_latest", language, date=last)
        return _said("said.at_earliest", language, date=first) if first else ""


def interval_in_words(begin: KnownDate, end: KnownDate, language: str) -> str:
    """From when until when; empty when neither is known.

    >>> interval_in_words(KnownDate("2015"), KnownDate("2018"), "en"), interval_in_words(KnownDate(), KnownDate("2018"), "nb")
    ('2015 – 2018', 'til 2018')
    """
    first, last = begin.in_words(language), end.in_words(language)
    if first and last:
        are_plain = first == date_in_words(begin.exact, language) and last == date_in_words(end.exact, language)
        if are_plain:
            return f"{first} – {last}"
        return _said("said.from_until", language, begin=first, end=last)
    if not first and not last:
        return ""
    key, date = ("since", first) if first else ("until", last)
    return _said(f"said.{key}", language, date=date)


def _said(key: str, language: str, **values: object) -> str:
    return text(f"dates.{key}").in_language(language).format(**values)


def _ends(value: str) -> tuple[str, str]:
    """The first and the last day of a year or a month."""
    year, _, month = value.partition("-")
    try:
        days = calendar.monthrange(int(year), int(month or _MONTHS))[1]
    except ValueError:
        return ("", "")
    return f"{year}-{month or '01'}-01", f"{year}-{month or _MONTHS}-{days:02}"
