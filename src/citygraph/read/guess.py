"""What a document is called, when it is from, who wrote it and who may see it: a guess at each, and where it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import PurePath
from typing import Final

from citygraph.matching.names import word_lists, words_of
from citygraph.messages import Text, text
from citygraph.read.text import Extracted

PUBLIC, RESTRICTED, NON_PUBLIC = "PUBLIC", "RESTRICTED", "NON_PUBLIC"
_MONTHS: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_HEAD: Final = 12
_FOOT: Final = 3
_LONGEST_LINE: Final = 300
_LONGEST_TITLE: Final = 200
_SHORT: Final = 150
_LONGEST_MARK: Final = 80
_SHOWN: Final = 60
_JUNK: Final = re.compile(
    r"(?:microsoft (?:word|powerpoint)\b.*|untitled.*|uten (?:navn|tittel).*|(?:dokument|document)\s*\d*|"
    r".*\.(?:docx?|pdf|odt|indd|html?|tmp|rtf)|powerpoint.*|slide \d+|title|tittel|python-docx|word document)\Z",
    re.IGNORECASE,
)
_STROKE: Final = re.compile(r"\s[-–—|·•]\s|\t")
_NOBODY: Final = re.compile(
    r"(?:python-docx|microsoft office(?: user)?|admin(?:istrator)?|user|bruker|unknown|ukjent|root|anonymous|"
    r"\(?unspecified\)?|author|forfatter)\Z",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Guess:
    """A value, and where it comes from."""

    value: str
    why: Text


@dataclass(frozen=True, slots=True)
class Guesses:
    """What a document seems to be; `None` where nothing is known.

    Attributes:
        title: what it is called.
        date: the day or month that it is from.
        not_before: it is not older; only without `date`.
        not_after: it is not newer; only without `date`.
        author: the name of who wrote it.
        access: who may see it: `PUBLIC`, `RESTRICTED` or `NON_PUBLIC`.
    """

    title: Guess
    access: Guess
    date: Guess | None = None
    not_before: Guess | None = None
    not_after: Guess | None = None
    author: Guess | None = None


def guess_about(document: Extracted, name: str, *, today: date) -> Guesses:
    """What a document seems to be.

    Args:
        document: its text, and what it says of itself.
        name: of its file.
        today: no document is newer.
    """
    day = _day(document, today)
    before, after = (None, None) if day else _bounds(document, today)
    return Guesses(_title(document, name), _access(document), day, before, after, _author(document))


def _why(key: str, **values: object) -> Text:
    return text(f"read.from.{key}").filled(**values)


def _head(document: Extracted) -> Iterator[str]:
    """The lines in which a document says what it is: those of its first parts."""
    for count, part in enumerate(document.kept.reading()):
        if count >= _HEAD:
            return
        yield from (each.strip() for each in document.kept.words(part)[:_LONGEST_LINE].split("\n") if each.strip())


def _foot(document: Extracted) -> Iterator[str]:
    """The last lines, where letters have their day."""
    for part in list(document.kept.reading())[-_FOOT:]:
        words = document.kept.words(part)
        if len(words) <= _LONGEST_MARK:
            yield words.strip()


# -- title ----------------------------------------------------------------------------------------------


def _title(document: Extracted, name: str) -> Guess:
    kept = document.kept
    first = [part for _, part in zip(range(_HEAD), kept.reading(), strict=False)]
    for kind, most in (("title", _HEAD), ("heading", 3)):
        found = next((kept.words(part) for part in first[:most] if part.kind == kind), "")
        if found:
            return Guess(_line(found), _why("subject" if document.about.is_mail else kind))
    said = _line(document.about.title)
    if said and not _JUNK.match(said):
        return Guess(said, _why("properties"))
    found = next((kept.words(part) for part in first if len(kept.words(part)) <= _SHORT), "")
    if found:
        return Guess(_line(found), _why("first_line"))
    return Guess(PurePath(name).stem.replace("_", " ").replace("-", " ").strip() or name, _why("file_name"))


def _line(words: str) -> str:
    said = " ".join(words.split())
    return said if len(said) <= _LONGEST_TITLE else said[: _LONGEST_TITLE - 1].rpartition(" ")[0] + "…"


# -- day ------------------------------------------------------------------------------------------------


@cache
def _months() -> dict[str, int]:
    lists = word_lists(__package__, "about")
    return {
        word: number for number, name in enumerate(_MONTHS, start=1) for words in lists[name].values() for word in words
    }


@cache
def _date_pattern() -> re.Pattern[str]:
    month = "|".join(sorted(_months(), key=len, reverse=True))
    return re.compile(
        r"(?:(?P<iso>\d{4}-\d\d-\d\d)"
        r"|(?P<day>\d{1,2})\.\s?(?P<number>\d{1,2})\.\s?(?P<year>\d{4})"
        r"|(?P<slash_day>\d{1,2})/(?P<slash_month>\d{1,2})-(?P<slash_year>\d{4})"
        rf"|(?:(?P<said_day>\d{{1,2}})(?:\.|st|nd|rd|th)?\s+)?(?P<month>{month})\.?\s+(?P<said_year>\d{{4}})"
        rf"|(?P<english>{month})\.?\s+(?P<english_day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<english_year>\d{{4}}))(?!\d)",
        re.IGNORECASE,
    )


def date_in(match: re.Match[str]) -> str:
    """The day or the month that a date says, as it is written in data; empty for a day of no calendar."""
    said = match.groupdict()
    if said["iso"]:
        parts = said["iso"].split("-")
    elif said["day"]:
        parts = [said["year"], said["number"], said["day"]]
    elif said["slash_day"]:
        parts = [said["slash_year"], said["slash_month"], said["slash_day"]]
    elif said["english"]:
        parts = [said["english_year"], str(_months()[said["english"].casefold()]), said["english_day"]]
    else:
        parts = [said["said_year"], str(_months()[said["month"].casefold()]), said["said_day"] or ""]
    try:
        day = date(int(parts[0]), int(parts[1]), int(parts[2] or 1))
    except ValueError:
        return ""
    return day.isoformat() if parts[2] else day.isoformat()[:7]


def _day(document: Extracted, today: date) -> Guess | None:
    head = list(_head(document))
    label = "|".join(re.escape(each) for each in sorted(words_of(__package__, "about", "day"), key=len, reverse=True))
    date_ = _date_pattern().pattern
    labelled = re.compile(rf"(?:{label})\s*[:.]?\s*(?:den\s+)?{date_}", re.IGNORECASE)
    alone = re.compile(rf"(?:[^\W\d_][\w .'-]{{1,40}},?\s+)??(?:den\s+|the\s+)?{date_}\.?\Z", re.IGNORECASE)
    for pattern, lines in ((labelled, head), (alone, [*head, *_foot(document)])):
        for line in lines:
            found = pattern.match(line)
            value = date_in(found) if found else ""
            if value and value <= today.isoformat():
                return Guess(value, _why("text", words=line[:_SHOWN]))
    published = document.about.published[:10]
    if _is_day(published) and published <= today.isoformat():
        return Guess(published, _why("sent" if document.about.is_mail else "published"))
    return None


def _is_day(words: str) -> bool:
    try:
        return date.fromisoformat(words).isoformat() == words
    except ValueError:
        return False


def _bounds(document: Extracted, today: date) -> tuple[Guess | None, Guess]:
    """The days between which an undated document is from, by when its file was begun and saved."""
    created, modified = document.about.created, document.about.modified
    if not _is_day(modified) or modified > today.isoformat():
        after = Guess(today.isoformat(), _why("read"))
    else:
        after = Guess(modified, _why("saved"))
    before = Guess(created, _why("begun")) if _is_day(created) and created <= after.value else None
    return before, after


# -- author ---------------------------------------------------------------------------------------------


def _author(document: Extracted) -> Guess | None:
    said = _line(document.about.author)
    if document.about.is_mail and said:
        return Guess(said, _why("sender"))
    labels = frozenset(words_of(__package__, "about", "author"))
    for line in _head(document):
        label, colon, name = line.partition(":")
        if colon and label.strip().casefold() in labels and 1 < len(name.strip()) <= _LONGEST_MARK:
            return Guess(_line(name), _why("text", words=line[:_SHOWN]))
    return Guess(said, _why("properties")) if said and not _NOBODY.match(said) else None


# -- access ---------------------------------------------------------------------------------------------


def _access(document: Extracted) -> Guess:
    lines = list(_marks(document))
    for access in (NON_PUBLIC, RESTRICTED):
        for line in lines:
            if _says(line, access):
                return Guess(access, _why("text", words=line[:_SHOWN]))
    if document.about.is_mail:
        return Guess(RESTRICTED, _why("mail"))
    for line in lines:
        if _says(line, PUBLIC):
            return Guess(PUBLIC, _why("text", words=line[:_SHOWN]))
    if document.about.is_public:
        return Guess(PUBLIC, _why("page"))
    return Guess(RESTRICTED, _why("nothing"))


def _marks(document: Extracted) -> Iterator[str]:
    """The short lines of the first parts and of running heads, and what stands between strokes in them."""
    parts = (document.kept.words(part)[:_LONGEST_LINE] for part in document.kept.parts[: _HEAD * 2])
    for words in (*document.about.marks, *parts):
        for line in words.split("\n"):
            if line.strip() and len(line) <= _LONGEST_MARK:
                yield line.strip()
                yield from (each.strip() for each in _STROKE.split(line) if each.strip() and each != line)


def _says(line: str, access: str) -> bool:
    """Whether a short line is such a mark: alone, behind a label, or with a law or a reason behind it."""
    said = " ".join(re.sub(r"[^\w§ ]+", " ", line.casefold()).split())
    _, colon, rest = line.casefold().partition(":")
    behind = " ".join(re.sub(r"[^\w§ ]+", " ", rest).split()) if colon else ""
    for words in words_of(__package__, "about", access.casefold().replace("_", "-")):
        if words in {said, behind}:
            return True
        if access == NON_PUBLIC and said.startswith(f"{words} ") and len(words.split()) + 8 > len(said.split()):
            return True
        is_begun = said.startswith(f"{words} ") and len(said.split()) <= len(words.split()) + 3
        if access == RESTRICTED and is_begun and (" " in words or line.isupper()):
            return True
    return False
