"""The names and the dates that a text mentions, and the text without them."""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import islice
from typing import Final

from citygraph.matching.names import one_of, plain, read_name, word_lists, words_of
from citygraph.messages import LANGUAGES, text
from citygraph.store.directory import Directory
from citygraph.store.names import Hit

_LONGEST: Final = 400
_MOST_WORDS: Final = 7
_MOST_SLIPS: Final = 12
_MONTHS: Final = 12
_CENTURY: Final = 2000
_YEARS: Final = range(1900, 2101)
_NEARLY, _BEGINS = 0.7, 0.93
_SHORTEST: Final = 3
_SHORTEST_SLIP: Final = 5
_WORD: Final = re.compile(r"[^\W_]+(?:[-'’.&/][^\W_]+)*['’]?")
_NAMED: Final = ("network", "authority", "city", "country", "person", "working-group", "body", "organization", "place")
"""The kinds of what a question is about, the likeliest first."""
_BY_SLIP: Final = frozenset({"network", "authority", "city", "person"})
_DAYS: Final = (
    r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})",
    r"(?P<d>\d{1,2})[./](?P<m>\d{1,2})[-./](?P<y>\d{4})",
    r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<short>\d{2})",
    r"(?P<d>\d{1,2})(?:\.|st|nd|rd|th)?\s+(?:of\s+)?(?P<month>{months})\.?,?\s+(?P<y>\d{4})",
    r"(?P<month>{months})\.?\s+(?P<d>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<y>\d{4})",
    r"(?P<y>\d{4})-(?P<m>\d{1,2})",
    r"(?P<month>{months})\.?,?\s+(?:of\s+)?(?P<y>\d{4})",
    r"(?P<part>{parts})(?:\s+(?:of|av|i|in))?\s+(?P<y>\d{4})",
    r"(?P<y>\d{4})",
    r"(?P<ago>{ago})",
    r"(?:for\s+)?(?P<back>\d{1,2}|{numbers})\s+(?:(?P<years>år|years?)|måneder|månader|months?)\s+(?:siden|sidan|ago)",
)


@dataclass(frozen=True, slots=True)
class DateMention:
    """A day, a month or a year that a text names: its last day, whether a day was named, and whether all after it is meant."""

    last: date
    is_day: bool
    and_later: bool = False

    @property
    def year(self) -> int:
        """The year."""
        return self.last.year


@dataclass(frozen=True, slots=True)
class NameMention:
    """A name in a text: as it was typed, its kind, and what may be meant by it, the likeliest first."""

    typed: str
    kind: str
    iris: tuple[str, ...]
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Mentions:
    """What a text mentions, in its order; `rest` are its other words."""

    names: tuple[NameMention, ...]
    dates: tuple[DateMention, ...]
    rest: tuple[str, ...]


def mentions_in(asked: str, directory: Directory, *, common: AbstractSet[str], today: date) -> Mentions:
    """The names and dates in a text.

    Args:
        asked: what somebody typed.
        directory: the names.
        common: words, as `plain` writes them, that are no slip in a name: those that questions are put in.
        today: the day from which "last year" is counted.
    """
    asked = asked[:_LONGEST]
    spans = _dates_in(asked, today)
    words = [
        each
        for each in _WORD.finditer(asked)
        if not any(each.start() < end and begin < each.end() for begin, end, _ in spans)
    ]
    names = _names_in(words, directory, common)
    rest = [each[0] for each in words if not any(_meet(each, name) for name in names)]
    return Mentions(tuple(names), tuple(day for *_, day in spans if day is not None), tuple(rest))


def _meet(word: re.Match[str], found: NameMention) -> bool:
    return word.start() < found.end and found.begin < word.end()


# -- dates -----------------------------------------------------------------------------------------------


@cache
def _months() -> dict[str, int]:
    """The months by name and by the first three letters of it, folded, in every language."""
    found: dict[str, int] = {}
    for number in range(1, _MONTHS + 1):
        names = text(f"dates.month.{number}")
        for name in map(names.in_language, LANGUAGES):
            found[plain(name)] = found[plain(name)[:3]] = number
    return found


def _line(heading: str, word: str) -> str:
    """The name of the line that has a word, in the list below a heading."""
    lists = word_lists(__package__, "questions")[heading]
    return next(name for name, words in lists.items() if plain(word) in map(plain, words))


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    ways = {"months": one_of(_months())} | {
        each: one_of(words_of(__package__, "questions", each)) for each in ("parts", "ago", "numbers")
    }
    edges = word_lists(__package__, "questions")["edge"].items()
    edge = "".join(rf"(?:(?P<{name}>{one_of(words)})\s+)?" for name, words in edges)
    whole = re.compile(r"\{([a-z]+)\}")
    days = (whole.sub(lambda group: ways[group[1]], pattern) for pattern in _DAYS)
    return tuple(re.compile(rf"(?<![\w-]){edge}{pattern}(?![\w-])", re.IGNORECASE) for pattern in days)


def _dates_in(asked: str, today: date) -> list[tuple[int, int, DateMention | None]]:
    """Where dates stand, each in its longest form, in the order of the text; `None` for one that no calendar has."""
    found: list[tuple[int, int, DateMention | None]] = []
    for pattern in _patterns():
        for match in pattern.finditer(asked):
            if not any(match.start() < end and begin < match.end() for begin, end, _ in found):
                found.append((*match.span(), _date_of(match, today)))
    return sorted(found, key=lambda each: each[0])


def _date_of(match: re.Match[str], today: date) -> DateMention | None:
    parts = match.groupdict()
    later = parts["later"] is not None
    if ago := parts.get("ago"):
        return DateMention(_ago(_line("ago", ago), today), is_day=False, and_later=later)
    if back := parts.get("back"):
        months = (number_in(back) or 1) * (_MONTHS if parts["years"] else 1)
        return DateMention(_months_before(today, months), is_day=False, and_later=later)
    short, written, part = parts.get("short"), parts.get("month"), parts.get("part")
    year = _CENTURY + int(short) if short else int(parts["y"])
    month = _months()[plain(written)] if written else int(parts.get("m") or _MONTHS)
    month = int(_line("parts", part)) if part else month
    if year not in _YEARS or not 1 <= month <= _MONTHS:
        return None
    end = calendar.monthrange(year, month)[1]
    day = int(parts.get("d") or end)
    if not 1 <= day <= end:
        return None
    is_day = parts.get("d") is not None
    if parts["earlier"] is not None:
        first = date(year, month if is_day or written or parts.get("m") else 1, day if is_day else 1)
        return DateMention(first - timedelta(days=1), is_day)
    return DateMention(date(year, month, day), is_day, later)


def number_in(written: str) -> int:
    """A small number in figures or in words of either language; 0 for anything else."""
    if written.isdigit():
        return int(written)
    lists = word_lists(__package__, "questions")["numbers"]
    return next((int(number) for number, words in lists.items() if written.casefold() in words), 0)


def _months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * _MONTHS + day.month - 1 - months, _MONTHS)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _ago(line: str, today: date) -> date:
    """The last day of last month or last year, or yesterday."""
    if line == "last-year":
        return date(today.year - 1, _MONTHS, 31)
    return today.replace(day=1) - timedelta(days=1) if line == "last-month" else today - timedelta(days=1)


# -- names -----------------------------------------------------------------------------------------------


def _names_in(words: Sequence[re.Match[str]], directory: Directory, common: AbstractSet[str]) -> list[NameMention]:
    """The names, of two that overlap the longer one; a word with a slip in it after all that are to the letter."""
    found: list[NameMention] = []
    spans = [
        (words[first].start(), words[last].end(), [each[0] for each in words[first : last + 1]])
        for length in range(min(_MOST_WORDS, len(words)), 0, -1)
        for first in range(len(words) - length + 1)
        for last in [first + length - 1]
    ]
    forms = {form for _, _, parts in spans for form in _forms(" ".join(parts))}
    exact = directory.called_exactly(forms)
    for begin, end, parts in spans:
        if any(begin < name.end and name.begin < end for name in found):
            continue
        typed = " ".join(parts)
        hits = next((exact[form] for form in _forms(typed) if form in exact), [])
        mention = _mention(typed, hits, directory, begin, end)
        if mention is not None:
            found.append(mention)
    unknown = [word for word in words if not any(_meet(word, name) for name in found)]
    near = (_nearly(word, directory) for word in unknown if common.isdisjoint(_forms(word[0])))
    found += [name for name in islice(near, _MOST_SLIPS) if name is not None]
    return sorted(found, key=lambda name: name.begin)


def _forms(typed: str) -> tuple[str, ...]:
    """A name as names are compared, and without the genitive that it may have: Eurocities', Oslos, Oslo's."""
    whole = plain(typed.rstrip("'’"))
    apart = re.sub(r"['’]s\Z", "", typed)
    bare = plain(apart) if apart != typed else whole.removesuffix("s")
    return (whole, bare) if len(bare) >= _SHORTEST and bare != whole else (whole,)


def _mention(typed: str, iris: Sequence[str], directory: Directory, begin: int, end: int) -> NameMention | None:
    kinds = {iri: node.kind for iri in iris if (node := directory.node(iri)) is not None and node.kind in _NAMED}
    if not kinds:
        return None
    ordered = sorted(kinds, key=lambda iri: _NAMED.index(kinds[iri]))
    return NameMention(typed, kinds[ordered[0]], tuple(ordered), begin, end)


def _nearly(word: re.Match[str], directory: Directory) -> NameMention | None:
    """What a word is the beginning of, when it is written as a name, or nearly the name of."""
    typed = word[0]
    if len(typed) < _SHORTEST:
        return None
    hits = [hit for form in _forms(typed) for hit in directory.search(form, most=20)]
    near = [hit for hit in hits if _is_near(hit, typed, directory)]
    best = max((hit.score for hit in near), default=0)
    return _mention(typed, [hit.iri for hit in near if hit.score == best], directory, word.start(), word.end())


def _is_near(hit: Hit, typed: str, directory: Directory) -> bool:
    node = directory.node(hit.iri)
    kind = node.kind if node else ""
    if hit.score >= _BEGINS:
        return kind in _NAMED and not typed.islower()
    return kind in _BY_SLIP and hit.score >= _NEARLY and len(typed) >= _SHORTEST_SLIP and hit.score < _BEGINS - 0.1


def governed_by(mention: NameMention, of_class: str, directory: Directory) -> str:
    """The one thing of a class that bears the name with a decoration: people say Oslo and mean Oslo kommune."""
    names = {name for iri in mention.iris for name, *_ in directory.names(iri)}
    cores = {read_name(name).core for name in (*names, mention.typed)}
    found = {
        hit.iri
        for name in sorted(names)
        for hit in directory.search(name, most=50)
        if of_class in directory.classes(hit.iri)
        and any(read_name(each).core in cores for each, *_ in directory.names(hit.iri))
    }
    return found.pop() if len(found) == 1 else ""
