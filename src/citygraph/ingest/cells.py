"""What one cell says: its visible text, a name, coordinates."""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from citygraph.matching.names import one_of, words_of
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
_ESCAPED: Final = re.compile(r"<U\+([0-9A-Fa-f]{4,6})>|_x(000[9AaDd])_")
_HIGHEST, _WIDEST = 90.0, 180.0


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
    if "<U+" in text or "_x000" in text:
        # R writes so what a locale lacks, and whatever read a workbook without its rules.
        mended = _ESCAPED.sub(_letter, text)
        notes += [_mended_note(text, mended)] if any(map(str.isalpha, set(mended) - set(text))) else []
        text = mended
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


def _letter(match: re.Match[str]) -> str:
    number = int(match[1] or match[2], 16)
    return chr(number) if number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else match[0]  # noqa: PLR2004  # Unicode


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
