"""When: a date in the precision in which it is written, a period, and whether a status says that it is over.

What is not understood never counts as a membership of today: a cell that speaks of an end gives an end, or a question.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Final, NamedTuple

from babel import Locale

from citygraph.matching.names import fold, one_of, plain, word_lists, words_of
from citygraph.messages import sentence

_LANGUAGES: Final = ("en", "nb", "de", "fr", "es", "it", "nl", "sv", "da", "pt", "pl", "fi")
_ISO: Final = re.compile(r"(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?(?:[T ]\d{1,2}:\d\d\S*)?\Z")
_DAY: Final = re.compile(r"(\d{1,2})\s*[./-]\s*(\d{1,2})\s*[./-]\s*(\d{4}|\d{2})(?:\s+\d{1,2}:\d\d\S*)?\Z")
_MONTH: Final = re.compile(r"(\d{1,2})[./-](\d{4})\Z")
_WORDS: Final = re.compile(
    r"(?:(\d{1,2})(?:\.|st|nd|rd|th|er|º|ª)?\s+)?(?:de\s+)?([^\W\d]+)\.?,?\s+(?:de\s+)?(?:(\d{1,2})(?:st|nd|rd|th)?,\s*)?(\d{4})\Z"
)
_WHOLE: Final = re.compile(r"\A(\d{4})[.,]0\Z")
_SEASON: Final = re.compile(r"((?:19|20)\d\d)\s*[/–-]\s*(\d\d)\Z")
_SHORT: Final = re.compile(r"([^\W\d]{3,9})\.?[-’' ](\d\d)\Z")
_COMPACT: Final = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)\Z")
_SERIAL: Final = re.compile(r"(\d{5})(?:\.\d+)?\Z")
_SERIALS: Final = range(14_611, 73_051)  # 1940 to 2099
_FIRST: Final = date(1899, 12, 30)
_YEARS: Final = range(1800, 2101)
_MONTHS: Final = 12
_CHECKED: Final = "✓✔"
_TWO_DIGITS: Final = re.compile(r"['’‘`\u00b4](\d\d)\Z")
_YEAR: Final = re.compile(r"(?<!\d)(?:1[89]|20)\d\d(?!\d)")
_WORD: Final = re.compile(r"[^\W\d_]{2,}")
_HYPHENS: Final = str.maketrans(
    {"\u2010": "-", "\u2011": "-", "\u2012": "–", "\u2014": "–", "\u2015": "–", "\u2212": "–", "\u2192": "–"}
)
_FOREVER: Final = re.compile(r"(?:31\D{1,2}12\D{1,2})?(?:9999|2999|2099)(?:\D12\D31)?\Z")
_DOUBLE: Final = re.compile(r"(?<=\d)\s*--\s*(?=\d)|[-=]>")
_ONE_DATE: Final = re.compile(
    r"(?:\d{1,2}\D\d{1,2}\D\d{2,4}|\d{4}\D\d{1,2}\D\d{1,2}|--\d\d-\d\d)(?:[T ]\d{1,2}:\d\d\S*)?\Z"
)
_UNTIL_MARK: Final = re.compile(r"(?:\A|[\s(])[-–—]\Z")
_BEHIND: Final = re.compile(
    r"(?P<name>.*?\w.*?)\s*(?:[(\[](?P<inside>[^()\[\]]+)[)\]]|(?:,|\s[–-])\s(?P<after>[^,]+))\Z"
)
_RANGE: Final = re.compile(r"[–—/…]|\.\.|\s-\s|\A-(?!-)")
_LABEL: Final = re.compile(r"[^\W\d]\s*:")
_FOUR: Final = re.compile(r"\d{4}")
_DIGIT: Final = re.compile(r"\d")
_OPEN: Final = frozenset({"", "..", "...", "…", "open", "?", "n/a", "na", "unknown"})
_AROUND: Final = " \t,;:.()[]"
LEFT: Final = "left"
NOT_YET: Final = "not-yet"


@dataclass(frozen=True, slots=True)
class Period:
    """When something was so.

    Args:
        begin: `2020`, `2020-11` or `2020-11-05`; empty when not said.
        end: likewise.
        notes: what the reader should know.
        is_over: that it is over, though no date of its end is said.
        problem: why it cannot be told whether it is over.
    """

    begin: str = ""
    end: str = ""
    notes: tuple[str, ...] = ()
    is_over: bool = False
    problem: str = ""


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


class _DateWords(NamedTuple):
    """Patterns made of words/dates.toml and of the words for "left" in words/statuses.toml.

    Args:
        lead: what stands in front of a date on which something began, or that is not exact.
        behind: what stands behind such a date.
        about: what says that a date is not exact.
        part: a part of a year.
        between: what may stand between begin and end, or in front of the end.
        over: that it is over.
        ended: what stands behind the date of an end.
        small: words between "left" and its date, which say nothing.
        known: words that may stand in a date without speaking of an end.
        negated: "not" in front of "left".
        now: texts instead of an end, folded.
        unless: texts in a column of ends that say that it has not ended, folded.
        plainly: texts there that say no more than that it has.
    """

    lead: re.Pattern[str]
    behind: re.Pattern[str]
    about: re.Pattern[str]
    part: re.Pattern[str]
    between: re.Pattern[str]
    over: re.Pattern[str]
    ended: re.Pattern[str]
    small: re.Pattern[str]
    known: re.Pattern[str]
    negated: re.Pattern[str]
    now: frozenset[str]
    unless: frozenset[str]
    plainly: frozenset[str]


@cache
def _date_words() -> _DateWords:
    def some(*headings: str) -> str:
        return one_of(words_of(__package__, "dates", *headings))

    def folded(*headings: str) -> frozenset[str]:
        return frozenset(fold(each).rstrip(".") for each in words_of(__package__, "dates", *headings))

    beside = ("since", "member", "about", "part", "quarter", "beside", "since_behind", "small")
    year, part = r"((?:19|20)\d\d)", "(?:q[1-4]|h[12])"
    left = one_of(words_of(__package__, "statuses", "left")).replace(r"\s+", r"[\s-]+")
    patterns = (
        rf"\A(?:(?:{some('member')}\s+)?(?:~|{some('since', 'about')})(?:[\s:]+{some('small')}(?!\w))*[\s:]+|{some('member')}\s+(?=\d))",
        rf"[\s-]+{some('since_behind')}\Z|\s*\+\Z",
        rf"\A(?:[~≈]|{some('about')}\s)",
        rf"(?:{some('part')}|{part}|[1-4]\.?\s*{some('quarter')})\.?[\s,/-]*(?:of |de |av )?{year}\Z|{year}[\s,/-]*{part}\Z",
        rf"\s*(?:–|\.\.+|[/,;(]|(?<!\w){some('between', 'until')}(?!\w)|(?<=\d{{4}})\s*-(?=[\s\w?]|\Z)|\s-\s|\A-)\s*",
        rf"(?<!\w){left}(?!\w)",
        rf"(?<=\d)(?:[\s'’-]\w{{0,2}}\s?|\s)?{some('until_behind')}\Z",
        rf"\A(?:{some('small')}(?!\w)\W*)+",
        rf"(?<!\w)(?:{some(*beside)}|{one_of(month_names())})(?!\w)",
        rf"(?<!\w){some('not')}\s+\Z",
    )
    lead, behind, about, parts, between, over, ended, small, known, negated = (
        re.compile(each, re.IGNORECASE) for each in patterns
    )
    now = folded("now") | {""}
    return _DateWords(
        lead, behind, about, parts, between, over, ended, small, known, negated, now, now | folded("no"), folded("yes")
    )


def first_day(day: str) -> str:
    """The first day of a year or a month; a day as it is; empty when nothing is given.

    >>> [first_day(each) for each in ("2025", "2025-05", "2025-05-17", "")]
    ['2025-01-01', '2025-05-01', '2025-05-17', '']
    """
    return f"{day}{'-01' * ((len('2025-05-17') - len(day)) // len('-01'))}" if day else ""


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
    words = _date_words()
    bare = words.lead.sub("", text.strip().strip("()").strip()).strip().lstrip("~≈ ").rstrip(".?")
    bare = words.behind.sub("", bare)
    return _numeric(_WHOLE.sub(r"\1", bare), month_first=month_first) or _worded(bare)


def _numeric(bare: str, *, month_first: bool) -> str:  # one for each shape
    if re.fullmatch(r"\d{4}", bare):
        return bare if int(bare) in _YEARS else ""
    if match := _SERIAL.match(bare):
        serial = int(match[1])
        return (_FIRST + timedelta(days=serial)).isoformat() if serial in _SERIALS else ""
    if match := _TWO_DIGITS.match(bare):
        return _century(match[1])
    # 2004/05 may be a season or a month: the year is certain; 2004-05 is how ISO 8601 writes May.
    if (match := _SEASON.match(bare)) and "/" in bare:
        return match[1] if int(match[2]) == (int(match[1]) + 1) % 100 else _made(match[1], match[2], None)
    if match := _COMPACT.match(bare) or _ISO.match(bare):
        return _made(match[1], match[2], match[3])
    if match := _DAY.match(bare):
        day, month = match[1], match[2]
        if (month_first and int(day) <= _MONTHS) or int(month) > _MONTHS:
            day, month = month, day
        return _made(_century(match[3]), month, day)
    match = _MONTH.match(bare)
    return _made(match[2], match[1], None) if match else ""


def _worded(bare: str) -> str:
    if match := _date_words().part.match(bare):
        return match[1] or match[2]
    if (match := _SHORT.match(bare)) and (month := month_names().get(fold(match[1]))):
        return _made(_century(match[2]), str(month), None)
    match = _WORDS.match(bare)
    number = month_names().get(fold(match[2])) if match else None
    return _made(match[4], str(number), match[1] or match[3]) if match and number else ""


def _read_as(written: str, read: str) -> tuple[str, ...]:
    """How a date was read that was written as a season or about, so that less than it says is kept."""
    bare, words = written.strip().strip("()").strip(), _date_words()
    is_vague = (
        (_SEASON.match(bare) and "/" in bare)
        or words.part.match(words.lead.sub("", bare))
        or _SHORT.match(bare)
        or _TWO_DIGITS.match(bare)
        or words.about.match(bare)
        or bare.endswith("?")
    )
    return (sentence("ingest.note.date_read", date=read, said=written[:60]),) if read and is_vague else ()


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


def read_period(
    begin: str, end: str = "", *, own: Mapping[str, str] | None = None, month_first: bool = False
) -> Period:
    """Begin and end from their cells; a cell may hold both ("1998–2014"), or speak of an end alone ("until 2010").

    Args:
        begin: the cell of the begin.
        end: the cell of the end; a text in it that is not understood leaves open whether it is over.
        own: the words of the map, folded, with their meaning; they come first.
        month_first: how 3/4/2020 is meant.

    >>> read_period("1998–2014").end, read_period("since 1986").begin, read_period("soon").notes
    ('2014', '1986', ('date not understood, left out: soon',))
    >>> [read_period(each).end for each in ("–2010", "bis 2010", "gikk ut i 2021", "../2010", "2004-01/2010-06", "2010 asti")]
    ['2010', '2010', '2021', '2010', '2010-06', '2010']
    >>> read_period("former member").is_over, bool(read_period("valid thru the year 2010 or so").problem)
    (True, True)
    """
    said = _begun(begin, own or {}, month_first=month_first) if begin else Period()
    if end and not said.problem:
        last = _ended(end, own or {}, month_first=month_first)
        said = Period(
            said.begin or last.begin,
            last.end or said.end,
            (*said.notes, *last.notes),
            said.is_over or last.is_over,
            last.problem,
        )
    if said.begin and said.end and said.end < said.begin[: len(said.end)]:
        return Period(problem=sentence("ingest.row.left_before", end=said.end, begin=said.begin))
    return said


def _begun(cell: str, own: Mapping[str, str], *, month_first: bool) -> Period:
    read = _meaning(cell, {})
    if meaning := own.get(fold(cell), "") or (read if read in {LEFT, NOT_YET} else ""):
        return Period(is_over=meaning == LEFT, problem=_unclear(cell) if meaning == NOT_YET else "")
    said = _span(cell, month_first=month_first)
    if said is not None:
        return said
    return Period(problem=_unclear(cell)) if _may_speak_of_an_end(cell) else Period(notes=(_not_read(cell),))


def _ended(cell: str, own: Mapping[str, str], *, month_first: bool) -> Period:
    bare = fold(cell).rstrip(".")
    meaning = own.get(fold(cell), "") or ("" if bare in _date_words().plainly else _meaning(cell, {}))
    if bare in _date_words().unless or _FOREVER.match(bare) or meaning.startswith("role-"):
        return Period()
    if bare in _date_words().plainly or meaning == LEFT:
        return Period(is_over=True)
    if last := read_date(cell, month_first=month_first):
        return Period(end=last)
    said = _span(cell, month_first=month_first)
    return said if said is not None and (said.end or said.is_over) else Period(problem=_unclear(cell))


def _unclear(cell: str) -> str:
    return sentence("ingest.row.end_unclear", said=cell[:60])


def _not_read(cell: str) -> str:
    return sentence("ingest.note.no_date", said=cell[:60])


def _may_speak_of_an_end(cell: str) -> bool:
    """Whether a cell of a begin that is not understood holds more than one date, a date with words, or words of an end.

    A text without a number ("soon") says nothing of an end; neither does a single date that is none (31.02.2010).
    """
    words, numbers = _date_words(), re.findall(r"\d+", cell)
    if words.over.search(cell) or ((match := words.between.match(cell)) and len(match[0].strip()) > len("to")):
        return True
    if not numbers or _ONE_DATE.match(cell.strip()):
        return False
    return (
        len(numbers) > 1
        or bool(_LABEL.search(cell) or _RANGE.search(cell))
        or (_is_unknown(cell) and not words.lead.match(cell))
    )


def _is_unknown(text: str) -> bool:
    """Whether a text has words beside those that stand in dates."""
    return bool(_WORD.search(_date_words().known.sub(" ", text)))


def _span(cell: str, *, month_first: bool) -> Period | None:
    """What a cell says of begin and end; nothing when it is not understood."""
    bare = _DOUBLE.sub("–", cell.translate(_HYPHENS)).strip().strip("()[]").strip()
    if first := read_date(bare, month_first=month_first):
        return Period(first, notes=_read_as(bare, first))
    words = _date_words()
    if (match := words.ended.search(bare)) and (last := read_date(bare[: match.start()], month_first=month_first)):
        return Period(end=last)
    for match in words.between.finditer(bare):
        # "2010 – til nå": a mark and a word say together that an end follows.
        before, after = bare[: match.start()].rstrip(" –-"), bare[match.end() :].strip()
        if said := _parted(before, match[0].strip(), after, cell, month_first=month_first):
            return said
    return _over(bare, cell, month_first=month_first)


def _parted(before: str, mark: str, after: str, cell: str, *, month_first: bool) -> Period | None:
    """What begin and end say that stand on both sides of a mark or word."""
    begin, end = (read_date(each.strip(_AROUND), month_first=month_first) for each in (before, after))
    is_word, is_mark = any(map(str.isalpha, mark)), mark in {"–", "-", "/"} or mark.startswith("..")
    if begin and end and (is_word or is_mark):
        is_season = mark == "/" and _FOUR.fullmatch(before) and _FOUR.fullmatch(after) and int(end) == int(begin) + 1
        return Period(problem=_unclear(cell)) if is_season else Period(begin, end)
    if begin:
        if fold(after).strip("() ").rstrip(".") in _date_words().now or _FOREVER.match(after):
            # An interval of ISO 8601-2 whose end is empty has one that is not known; "2010 until" may be one.
            is_unclear = (mark == "/" and not after) or (is_word and not after.strip(_AROUND))
            return Period(problem=_unclear(cell)) if is_unclear else Period(begin)
        if is_mark and not after.strip(" ?"):
            return Period(problem=_unclear(cell))
        over = _over(after, cell, month_first=month_first) if not is_word else None
        return (
            Period(begin, over.end, over.notes, over.is_over) if over and not over.begin and not over.problem else None
        )
    if end and (is_word or (is_mark and fold(before.strip("– ")) in _OPEN)):
        return Period(end=end)
    return None


def _over(bare: str, cell: str, *, month_first: bool) -> Period | None:
    """What a text says that has a word such as "left" or "former" in it; nothing when it has none."""
    words = _date_words()
    match = words.over.search(bare)
    if match is None:
        return None
    before, after = bare[: match.start()].strip(_AROUND), words.small.sub("", bare[match.end() :].strip(_AROUND))
    if words.negated.search(bare[: match.start()]):
        return Period(problem=_unclear(cell))
    begin, end = (read_date(each, month_first=month_first) for each in (before, after))
    is_since = bool(words.lead.match(after))
    if end and not is_since and (begin or not _DIGIT.search(before)):
        return Period(begin, end)
    if not before and after and (inner := _span(after, month_first=month_first)) and inner.begin and inner.end:
        return inner
    if not _DIGIT.search(bare):
        return Period(is_over=True)
    if (begin and not after) or (end and is_since and not _DIGIT.search(before)):
        # "2010, left" and "former member since 2010": it is over, and what was in that year is not sure.
        return Period(notes=(_not_read(cell),), is_over=True)
    return Period(problem=_unclear(cell))


def speaks_of_end(text: str) -> bool:
    """Whether a remark says that something is over.

    >>> speaks_of_end("meldt seg ut 2019"), speaks_of_end("Not sure of the spelling"), speaks_of_end("member until 2010")
    (True, False, True)
    """
    words = _date_words()
    is_until = any(
        match[0].strip()[-1:].isalpha() and read_date(text[match.end() :].strip(_AROUND))
        for match in words.between.finditer(text)
    )
    return is_until or bool(words.over.search(text))


def end_behind(name: str, *, month_first: bool = False) -> tuple[str, Period]:
    """A name without what stands behind it that says that it is over; and that, empty when nothing does.

    >>> [end_behind(each)[0] for each in ("Oslo (until 2019)", "Bergen – left 2021", "Hamar utmeldt 2019", "Baja (Hungary)")]
    ['Oslo', 'Bergen', 'Hamar', 'Baja (Hungary)']
    """
    words, match = _date_words(), _BEHIND.match(name)
    if match is not None:
        behind = match["inside"] or match["after"]
        said = _span(behind, month_first=month_first)
        if (said is not None and said.end) or (match["inside"] and words.over.fullmatch(behind.strip())):
            return match["name"].strip(), said or Period(is_over=True)
    found = words.over.search(name)
    if found is not None and found.start() and name[: found.start()].strip(_AROUND):
        said = _over(name[found.start() :], name, month_first=month_first)
        if said is not None and said.end:
            return name[: found.start()].strip(_AROUND + "–-"), said
    return name, Period()


def without_former(name: str) -> str:
    """A name without a word in front of it that says that it is over; empty when there is none.

    >>> without_former("ex-Eurocities"), without_former("Exchange Network")
    ('Eurocities', '')
    """
    match = _date_words().over.match(name)
    return name[match.end() :].strip(_AROUND + "–-") if match else ""


def without_not(name: str) -> str:
    """A name without a word in front of it that says that something is not so; empty when there is none.

    >>> without_not("not in C40"), without_not("ikke medlem i C40"), without_not("Nottingham")
    ('C40', 'C40', '')
    """
    word, _, rest = name.partition(" ")
    return _date_words().small.sub("", rest) if _date_words().negated.fullmatch(f"{word} ") else ""


@dataclass(frozen=True, slots=True)
class Status:
    """A role (its local name; empty when only a date is said), or `left` or `not-yet`; and the dates in the cell."""

    meaning: str
    begin: str = ""
    end: str = ""
    notes: tuple[str, ...] = ()


class _StatusWords(NamedTuple):
    """What each word of words/statuses.toml means; words, then what begins with a digit or a month; an end."""

    meaning: Mapping[str, str]
    tail: re.Pattern[str]
    end: re.Pattern[str]


@cache
def _status_words() -> _StatusWords:
    statuses = word_lists(__package__, "statuses")
    meaning = {plain(word, _CHECKED): each for each in statuses for word in words_of(__package__, "statuses", each)}
    until = words_of(__package__, "dates", "until")
    how = one_of((*words_of(__package__, "dates", "since", "small"), *until))
    # "observer since 2012", "left 2019", "former (2001–2009)", "x 2004".
    tail = re.compile(
        rf"\A(?P<word>.*?)(?P<mark>[\s,:;()\-–—]*)(?:\b(?P<how>{how})\s+)?"
        rf"\(?(?P<date>(?:{one_of(month_names())}\.?\s+)?\d[^()]*)\)?\Z",
        re.IGNORECASE,
    )
    end = re.compile(one_of(until), re.IGNORECASE)
    return _StatusWords(meaning, tail, end)


def read_status(text: str, own: Mapping[str, str], *, month_first: bool = False) -> Status | None:
    """What the status says; nothing when the words are not known.

    Args:
        text: the cell.
        own: the words of the map, folded, with their meaning; they come first.
        month_first: how a date in the cell is meant.

    >>> read_status("Left (2019)", {}), read_status("Associate member", {}), read_status("gold", {})
    (Status(meaning='left', begin='', end='2019', notes=()), Status(meaning='role-associate-member', begin='', end='', notes=()), None)
    >>> read_status("observer since 2012", {}), read_status("until 2019", {})
    (Status(meaning='role-observer', begin='2012', end='', notes=()), Status(meaning='left', begin='', end='2019', notes=()))
    """
    whole = _meaning(text, own) if not text.rstrip(" )]").endswith("?") or fold(text) in own else ""
    if whole:
        return Status(whole)
    if text.rstrip(" )]").endswith("?"):
        return None
    parts = [part for part in re.split(r"[,;]\s", text) if part.strip()]
    if len(parts) > 1 and (read := _together([read_status(part, own, month_first=month_first) for part in parts])):
        return read
    if begin := read_date(text, month_first=month_first):
        return Status("", begin, notes=_read_as(text, begin))
    match = _status_words().tail.match(text.strip())
    meaning = _meaning(match["word"], own) if match and match["word"].strip() else ""
    if match and meaning.startswith("role-") and _UNTIL_MARK.search(match["mark"]):
        last = read_date(match["date"], month_first=month_first)
        return Status(meaning, end=last) if last else None
    if match and (meaning or not match["word"].strip()) and not _UNTIL_MARK.search(match["mark"]):
        read = _dated(meaning, fold(match["how"] or ""), match["date"], month_first=month_first)
        if read is not None:
            return read
    if match and _status_words().end.fullmatch(fold(match["how"] or "")) and _is_unknown(match["word"]):
        # "gold until 2010": which role that was is not known.
        return None
    said = _span(text, month_first=month_first)
    if said is None or said.problem or not (said.begin or said.end or said.is_over):
        return None
    return Status(LEFT if said.is_over or not said.begin else "", said.begin, said.end, said.notes)


def _together(parts: list[Status | None]) -> Status | None:
    """What the parts of "member since 2004, left 2019" say together; nothing when one of them is not known."""
    read = [part for part in parts if part is not None]
    if len(read) < len(parts):
        return None
    over = next((part.meaning for part in read if part.meaning in {LEFT, NOT_YET}), "")
    role = next((part.meaning for part in read if part.meaning), "")
    if len({part.begin for part in read if part.begin}) > 1:
        return None
    begin, end = (next((value for part in read if (value := getattr(part, name))), "") for name in ("begin", "end"))
    # An observer who left was an observer: the end says that it is over.
    meaning = role if over == LEFT and end else over or role
    return Status(meaning, begin, end, tuple(note for part in read for note in part.notes))


def _dated(meaning: str, how: str, written: str, *, month_first: bool) -> Status | None:
    """A meaning with its date; nothing when the date is none."""
    if _status_words().end.fullmatch(how) or (meaning == LEFT and read_date(written, month_first=month_first)):
        end = read_date(written, month_first=month_first)
        # An observer until 2019 was an observer: the role stays, and the end is known.
        return Status(meaning or LEFT, end=end) if end else None
    period = read_period(written, month_first=month_first)
    return Status(meaning, period.begin, period.end, period.notes) if period.begin or period.end else None


def _meaning(word: str, own: Mapping[str, str]) -> str:
    return (own.get(fold(word)) or _status_words().meaning.get(plain(word, _CHECKED), "")).removeprefix("concept:")
