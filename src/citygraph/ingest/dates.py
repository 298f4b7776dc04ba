"""Dates as lists write them: days, months and years in many shapes, serial numbers of spreadsheets, "since 1986"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Final

from babel import Locale

from citygraph.namespaces import fold

__all__ = ["Period", "month_names", "read_date", "read_period"]

_LANGUAGES: Final = ("en", "nb", "de", "fr", "es", "it", "nl", "sv", "da", "pt", "pl", "fi")
_ISO: Final = re.compile(r"(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?(?:[T ]\d{1,2}:\d\d\S*)?\Z")
_DAY: Final = re.compile(r"(\d{1,2})\s*[./-]\s*(\d{1,2})\s*[./-]\s*(\d{4}|\d{2})(?:\s+\d{1,2}:\d\d\S*)?\Z")
_MONTH: Final = re.compile(r"(\d{1,2})[./-](\d{4})\Z")
_WORDS: Final = re.compile(
    r"(?:(\d{1,2})(?:\.|st|nd|rd|th|er|º|ª)?\s+)?(?:de\s+)?([^\W\d]+)\.?,?\s+(?:de\s+)?(?:(\d{1,2})(?:st|nd|rd|th)?,\s*)?(\d{4})\Z"
)
_WHOLE: Final = re.compile(r"\A(\d{4})[.,]0\Z")
_SEASON: Final = re.compile(r"((?:19|20)\d\d)\s*[/–-]\s*(\d\d)\Z")
_PART: Final = re.compile(
    r"(?:spring|summer|autumn|fall|winter|early|mid|late|end of|beginning of|v[åa]ren|sommeren|h[øo]sten|vinteren|v[åa]r|sommar|sommer|"
    r"h[øoö]st|vinter|fr[üu]hjahr|fr[üu]hling|herbst|anfang|ende|mitte|printemps|[ée]t[ée]|automne|hiver|d[ée]but|fin|"
    r"q[1-4]|[1-4]\.?\s*(?:quarter|kvartal|quartal|trimestre)|h[12])\.?[\s,/-]*(?:of |de )?((?:19|20)\d\d)\Z|"
    r"((?:19|20)\d\d)[\s,/-]*(?:q[1-4]|h[12])\Z",
    re.IGNORECASE,
)
_UNTIL: Final = re.compile(
    r"\A(?:until|till|to|til|fram til|bis|bis zum|jusqu[’']en|jusqu[’']à|hasta|fino al|tot|t\.o\.m\.?|left|ended)\s+",
    re.IGNORECASE,
)
_SHORT: Final = re.compile(r"([^\W\d]{3,9})\.?[-’' ](\d\d)\Z")
_COMPACT: Final = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)\Z")
_SERIAL: Final = re.compile(r"(\d{5})(?:\.\d+)?\Z")
_SERIALS: Final = range(14_611, 73_051)  # 1940 to 2099
_FIRST: Final = date(1899, 12, 30)
_YEARS: Final = range(1800, 2101)
_MONTHS: Final = 12
_LEAD: Final = re.compile(
    r"\A(?:(?:member|medlem|mitglied|membre|miembro)\s+)?(?:fra og med|f\.?o\.?m\.?|since|siden|sedan|seit|depuis|desde|from|fra|from the year|sinds|dal|"
    r"joined(?: in)?|in|year|i|ca\.?|c\.|circa|about|approx\.?|~|around|um|rundt|omkring|env(?:iron|\.)|vers|ab|ab dem|seit dem|as of|à partir de|a partir de|"
    r"d[ea]puis le|depuis le|le|the|per|pr\.?|vanaf|od|membre depuis|mitglied seit|medlem siden|medlem fra|member from)\s+", re.IGNORECASE)  # fmt: skip
_ABOUT: Final = re.compile(
    r"\A(?:[~≈]|(?:ca\.?|c\.|circa|about|approx\.?|around|um|rundt|omkring|env(?:iron|\.)|vers)\s)", re.IGNORECASE
)
_RANGE: Final = re.compile(
    r"(\S.*?)\s*(?:–|—|\bto\b|\btil\b|\bbis\b|(?<=\d{4})\s*-\s*(?=\d{4}|\w|\Z)|\s-\s)\s*(.*)\Z", re.IGNORECASE
)
_NOW: Final = frozenset(
    {"", "present", "now", "today", "d d", "dd", "na", "heute", "current", "ongoing", "i dag", "aujourd'hui"}
)


@dataclass(frozen=True, slots=True)
class Period:
    """Begin and end as `2020`, `2020-11` or `2020-11-05`, empty when not said; and what the reader should know."""

    begin: str = ""
    end: str = ""
    notes: tuple[str, ...] = ()


@cache
def month_names() -> dict[str, int]:
    """The names of the months and their abbreviations in twelve languages, folded."""
    found: dict[str, int] = {}
    for language in _LANGUAGES:
        for use in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for month, name in Locale.parse(language).months[use][width].items():
                    found.setdefault(fold(str(name)).rstrip("."), month)
    return found


def read_date(text: str, *, month_first: bool = False) -> str:
    """The date in the precision in which it is written; empty when it is none.

    Args:
        text: the cell.
        month_first: 3/4/2020 is the fourth of March, as in the USA.

    >>> [read_date(each) for each in ("05.11.2020", "2020", "44140", "since 1986", "Nov 2020", "5 novembre 2020", "11/2020")]
    ['2020-11-05', '2020', '2020-11-05', '1986', '2020-11', '2020-11-05', '2020-11']
    >>> [read_date(each) for each in ("2004/05", "2004/11", "2004-05", "Herbst 2004", "1er mai 2004")]
    ['2004', '2004-11', '2004-05', '2004', '2004-05-01']
    """
    plain = _LEAD.sub("", text.strip().strip("()").strip()).strip().lstrip("~≈ ").rstrip(".?")
    return _numeric(_WHOLE.sub(r"\1", plain), month_first=month_first) or _worded(plain)


def _numeric(plain: str, *, month_first: bool) -> str:  # one for each shape
    if re.fullmatch(r"\d{4}", plain):
        return plain if int(plain) in _YEARS else ""
    if match := _SERIAL.match(plain):
        serial = int(match[1])
        return (_FIRST + timedelta(days=serial)).isoformat() if serial in _SERIALS else ""
    # 2004/05 may be a season or a month: the year is certain; 2004-05 is how ISO 8601 writes May.
    if (match := _SEASON.match(plain)) and ("/" in plain or "–" in plain):
        return match[1] if int(match[2]) == (int(match[1]) + 1) % 100 else _made(match[1], match[2], None)
    if match := _COMPACT.match(plain) or _ISO.match(plain):
        return _made(match[1], match[2], match[3])
    if match := _DAY.match(plain):
        day, month = match[1], match[2]
        if (month_first and int(day) <= _MONTHS) or int(month) > _MONTHS:
            day, month = month, day
        return _made(_century(match[3]), month, day)
    match = _MONTH.match(plain)
    return _made(match[2], match[1], None) if match else ""


def _worded(plain: str) -> str:
    if match := _PART.match(plain):
        return match[1] or match[2]
    if (match := _SHORT.match(plain)) and (month := month_names().get(fold(match[1]))):
        return _made(_century(match[2]), str(month), None)
    match = _WORDS.match(plain)
    number = month_names().get(fold(match[2])) if match else None
    return _made(match[4], str(number), match[1] or match[3]) if match and number else ""


def _vague(written: str, read: str) -> bool:
    """Whether a date was written as a season or about, so that less than it says is kept."""
    plain = written.strip().strip("()").strip()
    return bool(read) and bool(
        (_SEASON.match(plain) and "/" in plain)
        or _PART.match(_LEAD.sub("", plain))
        or _SHORT.match(plain)
        or _ABOUT.match(plain)
        or plain.endswith("?")
    )


def _century(year: str) -> str:
    """Two digits mean the century in which the date is past (spreadsheets cut at 30)."""
    return year if len(year) > len("20") else f"20{year}" if int(year) < 30 else f"19{year}"  # noqa: PLR2004


def _made(year: str, month: str, day: str | None) -> str:
    try:
        made = date(int(year), int(month), int(day or 1))
    except ValueError:
        return ""
    if made.year not in _YEARS:
        return ""
    return made.isoformat() if day else made.isoformat()[:7]


def read_period(begin: str, end: str = "", *, month_first: bool = False) -> Period:
    """Begin and end from their cells; a cell may hold both ("1998–2014").

    >>> read_period("1998–2014"), read_period("since 1986"), read_period("soon").notes
    (Period(begin='1998', end='2014', notes=()), Period(begin='1986', end='', notes=()), ('date not understood, left out: soon',))
    """
    first, last, notes = "", "", []
    if begin:
        first = read_date(begin, month_first=month_first)
        if not first and (match := _RANGE.match(begin)):
            first, rest = read_date(match[1], month_first=month_first), match[2]
            last = read_date(rest, month_first=month_first)
            if not first or (not last and fold(rest).rstrip(".") not in _NOW):
                first = last = ""
        if not first:
            notes.append(f"date not understood, left out: {begin[:60]}")
    if begin and _vague(begin, first):
        notes.append(f"read as {first}: {begin[:60]}")
    if end:
        end = _UNTIL.sub("", end.strip())
        last = read_date(end, month_first=month_first)
        if not last and fold(end).rstrip(".") not in _NOW:
            notes.append(f"date not understood, left out: {end[:60]}")
    if first and last and last < first[: len(last)]:
        notes.append(f"the end {last} is before the beginning {first}: both left out")
        first = last = ""
    return Period(first, last, tuple(notes))
