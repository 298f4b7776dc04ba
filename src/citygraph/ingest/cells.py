"""What one cell says: its visible text, a name, coordinates, a date or period, a status."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, lru_cache
from typing import Final, NamedTuple

from babel import Locale

from citygraph.matching.names import fold, one_of, plain, word_lists, words_of
from citygraph.messages import sentence

_SPACES: Final = re.compile(r"[\s\u00a0\u2000-\u200a\u202f\u205f\u3000]+")
_INVISIBLE: Final = re.compile(
    r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
)
_FOOTNOTES: Final = re.compile(r"(?:\s*(?:[*†‡§¹²³⁴⁵⁶⁷⁸⁹⁰]+|\[\d{1,3}\]|\(\d{1,2}\)|\(\*+\)|(?<=\s)\d{1,2}\)))+\Z")
_DAMAGE: Final = re.compile(
    "[ÂÃÄÅÆÇÈÉÐÑÎÏâ][\u0080-\u00bf\u0152-\u0153\u0160-\u0161\u0178\u017d-\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
)
_NO_NAME: Final = re.compile(r"\.\.|[<>{}|\\^~\x00-\x1f]|https?:|www\.|@|\A[=+]|\$\(|;--")
_LONGEST_NAME: Final = 120
_DEGREES: Final = re.compile(
    r"(?P<before>[NSEWØVO])?\s*(?P<sign>[-+\u2212])?(?P<degrees>\d{1,3})\s*[°ºd]\s*(?:(?P<minutes>\d{1,2}(?:[.,]\d+)?)\s*['\u2032’m]\s*)?"
    r"(?:(?P<seconds>\d{1,2}(?:[.,]\d+)?)\s*(?:[\"\u2033”s]|''))?\s*(?P<after>[NSEWØVO])?\Z",
    re.IGNORECASE,
)
_DECIMAL: Final = re.compile(r"[-+\u2212]?\d{1,3}(?:[.,]\d+)?\s*°?\s*[NSEWØVO]?\Z", re.IGNORECASE)
_POINT: Final = re.compile(r"\APOINT\s*\(\s*(\S+)\s+(\S+)\s*\)\Z", re.IGNORECASE)
_HIGHEST, _WIDEST = 90.0, 180.0
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
LEFT: Final = "left"
NOT_YET: Final = "not-yet"
_CHECKED: Final = "✓✔"


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A cell as it is used, what was done to it that the reader should know, and the mark of a footnote behind it."""

    text: str
    notes: tuple[str, ...] = ()
    mark: str = ""


def clean(cell: str) -> Cleaned:
    """The visible text of a cell; empty for the signs that people write instead of nothing.

    >>> clean("Mü\u00adnchen\u00a0 [2]*").text, clean("MalmÃ¶").text, clean("n/a").text, clean("K&oslash;benhavn").text
    ('München', 'Malmö', '', 'København')
    """
    return _remembered(cell) if len(cell) <= _LONGEST_NAME else _clean(cell)


@lru_cache(maxsize=50_000)
def _remembered(cell: str) -> Cleaned:
    """Cells repeat: countries, networks, words of a status."""
    return _clean(cell)


def _clean(cell: str) -> Cleaned:
    # A sign that turns the direction of letters hides what a name is.
    text, notes = cell.replace("\u202e", "\ufffd").replace("\u202d", "\ufffd"), []
    if "&" in text and (unescaped := html.unescape(text)) != text:
        text = unescaped
    if _DAMAGE.search(text) and (mended := _mended(text)):
        notes.append(_mended_note(text, mended))
        text = mended
    elif "\ufffd" in text:
        notes.append(sentence("ingest.note.lost"))
    text = unicodedata.normalize("NFC", _SPACES.sub(" ", _INVISIBLE.sub("", text.replace("\t", " "))))
    text = text.strip().strip('"').strip()
    if _DAMAGE.search(text) and (mended := _mended(text)):
        # What hid the damage is gone.
        again = _clean(mended)
        return Cleaned(again.text, (*notes, _mended_note(text, mended), *again.notes), again.mark)
    mark = found[0].strip() if (found := _FOOTNOTES.search(text)) and found.start() else ""
    text = _FOOTNOTES.sub("", text)
    return Cleaned("" if text.casefold() in _nothing() else text, tuple(notes), mark)


def _mended_note(text: str, mended: str) -> str:
    return sentence("ingest.note.mended", before=_SPACES.sub(" ", text), after=_SPACES.sub(" ", mended))


@cache
def _nothing() -> frozenset[str]:
    return frozenset(["", *words_of(__package__, "cells", "nothing")])


def _mended(text: str) -> str:
    """UTF-8 that was read as Windows-1252, read again as what it is; empty when it was not that.

    The five bytes that have no letter in Windows-1252 are taken as they stand.
    """
    for _ in range(2):
        try:
            data = b"".join(_byte(letter) for letter in text)
            text = data.decode("utf-8")
        except (UnicodeEncodeError, UnicodeDecodeError):
            return ""
        if not _DAMAGE.search(text):
            return text
    return text


def _byte(letter: str) -> bytes:
    return bytes([ord(letter)]) if letter in "\x81\x8d\x8f\x90\x9d" else letter.encode("cp1252")


def name_problem(text: str) -> str:
    """Why a text cannot be the name of a city or network; empty when it can."""
    if not any(letter.isalpha() for letter in text):
        return sentence("ingest.row.no_letters")
    if len(text) > _LONGEST_NAME:
        return sentence("ingest.row.long_name", count=len(text))
    if _NO_NAME.search(text):
        return sentence("ingest.row.address")
    if _total().match(text):
        return sentence("ingest.row.like_total")
    return ""


@cache
def _total() -> re.Pattern[str]:
    return re.compile(rf"{one_of(words_of(__package__, 'cells', 'total'))}\b", re.IGNORECASE)


def tidy_case(name: str) -> str:
    """A name written in capitals as it is usually written; any other name as it is.

    >>> tidy_case("FRANKFURT AM MAIN"), tidy_case("Den Haag"), tidy_case("A CORUÑA"), tidy_case("SAINT-ÉTIENNE")
    ('Frankfurt am Main', 'Den Haag', 'A Coruña', 'Saint-Étienne')
    """
    if not name.isupper() or len(name) <= len("USA"):
        return name
    small = words_of(__package__, "cells", "small")
    words = [
        word if word in small and number_ else "-".join(part[:1].upper() + part[1:] for part in word.split("-"))
        for number_, word in enumerate(name.lower().split(" "))
    ]
    return " ".join(words)


def number(text: str) -> float | None:
    r"""A coordinate: decimal point or comma, or degrees, minutes and seconds; west and south are negative.

    >>> number("59,9139"), number("-3.70"), number("59°54'50\"N"), number("10° 45' V"), number("north")
    (59.9139, -3.7, 59.913889, -10.75, None)
    """
    bare = text.strip().replace("\u2212", "-")
    match = _DEGREES.match(bare)
    if match:
        value = float(match["degrees"])
        value += float((match["minutes"] or "0").replace(",", ".")) / 60
        value += float((match["seconds"] or "0").replace(",", ".")) / 3600
        side = (match["before"] or match["after"] or "").upper()
        return round(-value if side in {"S", "W", "V"} or match["sign"] == "-" else value, 6)
    if not _DECIMAL.match(bare):
        return None
    side = bare[-1:].upper()
    value = float(bare.rstrip("NSEWØVOnsewøvo° ").replace(",", "."))
    return -value if side in {"S", "W", "V"} else value


def coordinates(latitude: str, longitude: str = "") -> tuple[tuple[float, float] | None, str]:
    """A place on the map from two cells, or from one that holds both; and what is wrong with them.

    >>> coordinates("59,91", "10,75"), coordinates("59,91; 10,75"), coordinates("POINT(10.75 59.91)")
    (((59.91, 10.75), ''), ((59.91, 10.75), ''), ((59.91, 10.75), ''))
    """
    if not latitude and not longitude:
        return None, ""
    said = f"{latitude} {longitude}".strip()
    if not longitude:
        latitude, longitude = _both(latitude)
    north, east = number(latitude), number(longitude)
    if north is None or east is None:
        return None, sentence("ingest.note.no_coordinates", said=said[:60])
    if north == 0.0 and east == 0.0:
        return None, sentence("ingest.note.zero")
    if abs(north) > _HIGHEST and abs(east) <= _HIGHEST and abs(north) <= _WIDEST:
        return (east, north), sentence("ingest.note.swapped")
    if abs(north) > _HIGHEST or abs(east) > _WIDEST:
        return None, sentence("ingest.note.outside", said=said[:60])
    return (north, east), ""


def _both(text: str) -> tuple[str, str]:
    point = _POINT.match(text)
    if point:
        return point[2], point[1]
    for between in (";", "/", "|"):
        if between in text:
            first, _, second = text.partition(between)
            return first, second
    parts = text.split(",")
    match len(parts):
        case 2:
            return (parts[0], parts[1]) if "." in text or "°" in text or " " in text.strip() else ("", "")
        case 4:
            return ",".join(parts[:2]), ",".join(parts[2:])
    words = text.split()
    return (words[0].rstrip(","), words[1]) if len(words) == 2 else ("", "")  # noqa: PLR2004  # latitude and longitude


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


class _DateWords(NamedTuple):
    """Patterns made of words/dates.toml: what stands in front of a date, and dates of which only the year is kept."""

    lead: re.Pattern[str]
    about: re.Pattern[str]
    until: re.Pattern[str]
    part: re.Pattern[str]
    between: re.Pattern[str]
    now: frozenset[str]


@cache
def _date_words() -> _DateWords:
    def some(*headings: str) -> str:
        return one_of(words_of(__package__, "dates", *headings))

    year, part = r"((?:19|20)\d\d)", "(?:q[1-4]|h[12])"
    patterns = (
        rf"\A(?:{some('member')}\s+)?(?:~|{some('since', 'about')})\s+",
        rf"\A(?:[~≈]|{some('about')}\s)",
        rf"\A{some('until')}\s+",
        rf"(?:{some('part')}|{part}|[1-4]\.?\s*{some('quarter')})\.?[\s,/-]*(?:of |de )?{year}\Z|{year}[\s,/-]*{part}\Z",
        rf"(\S.*?)\s*(?:–|—|\b{some('between')}\b|(?<=\d{{4}})\s*-\s*(?=\d{{4}}|\w|\Z)|\s-\s)\s*(.*)\Z",
    )
    lead, about, until, parts, between = (re.compile(each, re.IGNORECASE) for each in patterns)
    now = frozenset(["", *map(fold, words_of(__package__, "dates", "now"))])
    return _DateWords(lead, about, until, parts, between, now)


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
    bare = _date_words().lead.sub("", text.strip().strip("()").strip()).strip().lstrip("~≈ ").rstrip(".?")
    return _numeric(_WHOLE.sub(r"\1", bare), month_first=month_first) or _worded(bare)


def _numeric(bare: str, *, month_first: bool) -> str:  # one for each shape
    if re.fullmatch(r"\d{4}", bare):
        return bare if int(bare) in _YEARS else ""
    if match := _SERIAL.match(bare):
        serial = int(match[1])
        return (_FIRST + timedelta(days=serial)).isoformat() if serial in _SERIALS else ""
    # 2004/05 may be a season or a month: the year is certain; 2004-05 is how ISO 8601 writes May.
    if (match := _SEASON.match(bare)) and ("/" in bare or "–" in bare):
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


def _vague(written: str, read: str) -> bool:
    """Whether a date was written as a season or about, so that less than it says is kept."""
    bare, words = written.strip().strip("()").strip(), _date_words()
    return bool(read) and bool(
        (_SEASON.match(bare) and "/" in bare)
        or words.part.match(words.lead.sub("", bare))
        or _SHORT.match(bare)
        or words.about.match(bare)
        or bare.endswith("?")
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
    first, last, notes, words = "", "", [], _date_words()
    if begin:
        first = read_date(begin, month_first=month_first)
        if not first and (match := words.between.match(begin)):
            first, rest = read_date(match[1], month_first=month_first), match[2]
            last = read_date(rest, month_first=month_first)
            if not first or (not last and fold(rest).rstrip(".") not in words.now):
                first = last = ""
        if not first:
            notes.append(sentence("ingest.note.no_date", said=begin[:60]))
    if begin and _vague(begin, first):
        notes.append(sentence("ingest.note.date_read", date=first, said=begin[:60]))
    if end:
        end = words.until.sub("", end.strip())
        last = read_date(end, month_first=month_first)
        if not last and fold(end).rstrip(".") not in words.now:
            notes.append(sentence("ingest.note.no_date", said=end[:60]))
    if first and last and last < first[: len(last)]:
        notes.append(sentence("ingest.note.ends_first", end=last, begin=first))
        first = last = ""
    return Period(first, last, tuple(notes))


@dataclass(frozen=True, slots=True)
class Status:
    """A role (its local name; empty when only a date is said), or `left` or `not-yet`; and the dates in the cell."""

    meaning: str
    begin: str = ""
    end: str = ""
    notes: tuple[str, ...] = ()


class _StatusWords(NamedTuple):
    """What words/statuses.toml says: what each word means; words, then what begins with a digit or a month; an end."""

    meaning: Mapping[str, str]
    tail: re.Pattern[str]
    end: re.Pattern[str]


@cache
def _status_words() -> _StatusWords:
    headings = (each for each in word_lists(__package__, "statuses") if each not in {"begin", "end"})
    meaning = {plain(word, _CHECKED): each for each in headings for word in words_of(__package__, "statuses", each)}
    # "observer since 2012", "left 2019", "former (2001–2009)", "x 2004".
    tail = re.compile(
        rf"\A(?P<word>.*?)[\s,:;()\-–—]*(?:\b(?P<how>{one_of(words_of(__package__, 'statuses', 'begin', 'end'))})\s+)?"
        rf"\(?(?P<date>(?:{one_of(month_names())}\.?\s+)?\d[^()]*)\)?\Z",
        re.IGNORECASE,
    )
    end = re.compile(one_of(words_of(__package__, "statuses", "end")), re.IGNORECASE)
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
    period = read_period(text, month_first=month_first)
    if period.begin or period.end:
        return Status("", period.begin, period.end, period.notes)
    match = _status_words().tail.match(text.strip())
    if match is None:
        return None
    meaning = _meaning(match["word"], own) if match["word"].strip() else ""
    if match["word"].strip() and not meaning:
        return None
    return _dated(meaning, fold(match["how"] or ""), match["date"], month_first=month_first)


def _together(parts: list[Status | None]) -> Status | None:
    """What the parts of "member since 2004, left 2019" say together; nothing when one of them is not known."""
    read = [part for part in parts if part is not None]
    if len(read) < len(parts):
        return None
    over = next((part.meaning for part in read if part.meaning in {LEFT, NOT_YET}), "")
    role = next((part.meaning for part in read if part.meaning), "")
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
