"""What one cell says: its visible text, a name, coordinates, a date or period, a status."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, lru_cache
from typing import Final

from babel import Locale

from citygraph.matching.names import fold

__all__ = [
    "LEFT",
    "NOT_YET",
    "Period",
    "Status",
    "clean",
    "coordinates",
    "name_problem",
    "read_date",
    "read_period",
    "read_status",
    "tidy_case",
]

_SPACES: Final = re.compile(r"[\s\u00a0\u2000-\u200a\u202f\u205f\u3000]+")
_INVISIBLE: Final = re.compile(
    r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
)
_FOOTNOTES: Final = re.compile(r"(?:\s*(?:[*†‡§¹²³⁴⁵⁶⁷⁸⁹⁰]+|\[\d{1,3}\]|\(\d{1,2}\)|\(\*+\)|(?<=\s)\d{1,2}\)))+\Z")
_DAMAGE: Final = re.compile(
    "[ÂÃÄÅÆÇÈÉÐÑÎÏâ][\u0080-\u00bf\u0152-\u0153\u0160-\u0161\u0178\u017d-\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
)
_NOTHING: Final = frozenset(
    {"", "-", "–", "—", "n/a", "#n/a", "none", "null", "nan", "?", ".", "…", "...", "tbd", "x.x."}
)
_NO_NAME: Final = re.compile(r"\.\.|[<>{}|\\^~\x00-\x1f]|https?:|www\.|@|\A[=+]|\$\(|;--")
_TOTAL: Final = re.compile(
    r"\A(?:sub-?)?(?:total|totalt|sum|sum totalt|i alt|summe|gesamt|totale|totaal|antall)\b", re.IGNORECASE
)
_LONGEST_NAME: Final = 120
_DEGREES: Final = re.compile(
    r"(?P<before>[NSEWØVO])?\s*(?P<sign>[-+\u2212])?(?P<degrees>\d{1,3})\s*[°ºd]\s*(?:(?P<minutes>\d{1,2}(?:[.,]\d+)?)\s*['\u2032’m]\s*)?"
    r"(?:(?P<seconds>\d{1,2}(?:[.,]\d+)?)\s*(?:[\"\u2033”s]|''))?\s*(?P<after>[NSEWØVO])?\Z",
    re.IGNORECASE,
)
_DECIMAL: Final = re.compile(r"[-+\u2212]?\d{1,3}(?:[.,]\d+)?\s*°?\s*[NSEWØVO]?\Z", re.IGNORECASE)
_POINT: Final = re.compile(r"\APOINT\s*\(\s*(\S+)\s+(\S+)\s*\)\Z", re.IGNORECASE)
_HIGHEST, _WIDEST = 90.0, 180.0
_SMALL: Final = frozenset(
    [
        "am",
        "an",
        "auf",
        "der",
        "den",
        "des",
        "de",
        "del",
        "della",
        "di",
        "do",
        "da",
        "dos",
        "das",
        "du",
        "la",
        "le",
        "les",
        "lès",
        "el",
        "los",
        "las",
        "of",
        "on",
        "the",
        "upon",
        "and",
        "i",
        "og",
        "å",
        "y",
        "e",
        "und",
        "in",
        "sur",
        "sous",
        "en",
        "im",
        "zu",
        "aan",
        "het",
        "'s",
        "op",
        "bei",
    ]
)  # easier to read
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
LEFT: Final = "left"
NOT_YET: Final = "not-yet"
_STATUS_WORDS: Final = {
    "role-full-member": "member|full member|full|active|active member|ordinary member|regular member|medlem|fullt medlem|"
    "aktivt medlem|aktiv|mitglied|vollmitglied|aktives mitglied|ordentliches mitglied|membre|membre actif|membre titulaire|"
    "membre a part entiere|adherent|adherente|ville membre|miembro|miembro pleno|socio|socio effettivo|lid|volwaardig lid|"
    "jasen|membro|membro efetivo|yes|ja|oui|si|x|m|current|current member|member city|fullverdig medlem|fuldgyldigt medlem|"
    "ordinaert medlem|ordinarie medlem|confirmed|signatory|undertegner|unterzeichner|signataire|effective member|city member|"
    "f|fm|✓|✔|founding member|founder|founding city|grundungsmitglied|grunnlegger|stiftermedlem|membre fondateur|miembro fundador|"
    "socio fondatore|mitgliedsstadt|mitgliedstadt|medlemsby|medlemskommune",
    "role-associate-member": "associate|associate member|associated member|assosiert medlem|assosiert|associeret medlem|"
    "associerad medlem|membre associe|assoziiertes mitglied|ausserordentliches mitglied|miembro asociado|socio associato|"
    "geassocieerd lid|a|am|assoc|assoc member",
    "role-associated-partner": "partner|associated partner|assosiert partner|partner city|partnerstadt|partnerby|ville partenaire|"
    "partenaire|associate partner|partenaire associe|assoziierter partner",
    "role-observer": "observer|observer member|observator|observatør|beobachter|beobachterstatus|beobachterin|observateur|"
    "membre observateur|observador|osservatore|waarnemer|obs|o|observer status|observer city",
    LEFT: "left|former|former member|formerly|ex|ex member|exmember|withdrawn|withdrew|ceased|ended|expired|terminated|inactive|"
    "utmeldt|meldt ut|tidligere|tidligere medlem|sluttet|avsluttet|ausgetreten|ausgetr|ehemalig|ehemaliges mitglied|"
    "ehem mitglied|ehem|ancien|ancien membre|ancienne ville membre|retire|sorti|demissionnaire|resigned|cancelled|no longer member|"
    "no longer a member|past member|ex socio|antiguo miembro|voormalig lid|utgatt|utträdd|uttradd|membership ended|tidl medlem|"
    "was member|was a member|quit|dropped out|membership cancelled|not anymore",
    NOT_YET: "applicant|candidate|candidate member|pending|applied|application|application pending|in progress|interested|invited|"
    "soker|soknad|sokt|under behandling|kandidat|suspended|suspendert|ruhend|prospective|planned|planlagt|geplant|to be confirmed|"
    "antragsteller|candidat|candidature|not a member|not member|non member|ikke medlem|kein mitglied|nicht mitglied|non membre|"
    "under consideration|declined|tbd|tba|tbc",
}
_MARKS: Final = re.compile(r"[^\w✓✔]+")
_MEANING: Final = {fold(word): meaning for meaning, words in _STATUS_WORDS.items() for word in words.split("|")}
_ENDS: Final = frozenset({
    "until", "till", "to", "til", "fram til", "bis", "bis zum", "jusqu'en", "jusqu'a", "hasta", "fino al", "tot", "t.o.m.",
})  # fmt: skip


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
        notes.append(f"damaged letters mended: {_SPACES.sub(' ', text)} to {_SPACES.sub(' ', mended)}")
        text = mended
    elif "\ufffd" in text:
        notes.append("letters are lost: the file was saved in the wrong encoding")
    text = unicodedata.normalize("NFC", _SPACES.sub(" ", _INVISIBLE.sub("", text.replace("\t", " "))))
    text = text.strip().strip('"').strip()
    if _DAMAGE.search(text) and (mended := _mended(text)):
        # What hid the damage is gone.
        again = _clean(mended)
        return Cleaned(again.text, (*notes, f"damaged letters mended: {text} to {mended}", *again.notes), again.mark)
    mark = found[0].strip() if (found := _FOOTNOTES.search(text)) and found.start() else ""
    text = _FOOTNOTES.sub("", text)
    return Cleaned("" if text.casefold() in _NOTHING else text, tuple(notes), mark)


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
        return "it has no letters"
    if len(text) > _LONGEST_NAME:
        return f"it has {len(text):,} characters"
    if _NO_NAME.search(text):
        return "it holds an address, a formula or marks that no name has"
    if _TOTAL.match(text):
        return "it looks like a line with a total"
    return ""


def tidy_case(name: str) -> str:
    """A name written in capitals as it is usually written; any other name as it is.

    >>> tidy_case("FRANKFURT AM MAIN"), tidy_case("Den Haag"), tidy_case("A CORUÑA"), tidy_case("SAINT-ÉTIENNE")
    ('Frankfurt am Main', 'Den Haag', 'A Coruña', 'Saint-Étienne')
    """
    if not name.isupper() or len(name) <= len("USA"):
        return name
    words = [
        word if word in _SMALL and number_ else "-".join(part[:1].upper() + part[1:] for part in word.split("-"))
        for number_, word in enumerate(name.lower().split(" "))
    ]
    return " ".join(words)


def number(text: str) -> float | None:
    r"""A coordinate: decimal point or comma, or degrees, minutes and seconds; west and south are negative.

    >>> number("59,9139"), number("-3.70"), number("59°54'50\"N"), number("10° 45' V"), number("north")
    (59.9139, -3.7, 59.913889, -10.75, None)
    """
    plain = text.strip().replace("\u2212", "-")
    match = _DEGREES.match(plain)
    if match:
        value = float(match["degrees"])
        value += float((match["minutes"] or "0").replace(",", ".")) / 60
        value += float((match["seconds"] or "0").replace(",", ".")) / 3600
        side = (match["before"] or match["after"] or "").upper()
        return round(-value if side in {"S", "W", "V"} or match["sign"] == "-" else value, 6)
    if not _DECIMAL.match(plain):
        return None
    side = plain[-1:].upper()
    value = float(plain.rstrip("NSEWØVOnsewøvo° ").replace(",", "."))
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
        return None, f"coordinates not understood, left out: {said[:60]}"
    if north == 0.0 and east == 0.0:
        return None, "coordinates 0, 0 left out"
    if abs(north) > _HIGHEST and abs(east) <= _HIGHEST and abs(north) <= _WIDEST:
        return (east, north), "latitude and longitude were swapped"
    if abs(north) > _HIGHEST or abs(east) > _WIDEST:
        return None, f"coordinates outside the Earth, left out: {said[:60]}"
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


# "observer since 2012", "left 2019", "former (2001–2009)", "x 2004": words, then what begins with a digit or a month.
_TAIL: Final = re.compile(
    r"\A(?P<word>.*?)[\s,:;()\-–—]*(?:\b(?P<how>in|since|from|as of|until|till|to|til|fram til|fra|siden|i|per|på|on|seit|ab|bis|"
    r"bis zum|depuis|jusqu[’']en|jusqu[’']à|desde|hasta|dal|fino al|sinds|tot|sedan|t\.o\.m\.|year)\s+)?"
    r"\(?(?P<date>(?:(?:"
    + "|".join(sorted(map(re.escape, month_names()), key=len, reverse=True))
    + r")\.?\s+)?\d[^()]*)\)?\Z",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Status:
    """A role (its local name; empty when only a date is said), or `left` or `not-yet`; and the dates in the cell."""

    meaning: str
    begin: str = ""
    end: str = ""
    notes: tuple[str, ...] = ()


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
    match = _TAIL.match(text.strip())
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
    if how in _ENDS or (meaning == LEFT and read_date(written, month_first=month_first)):
        end = read_date(written, month_first=month_first)
        # An observer until 2019 was an observer: the role stays, and the end is known.
        return Status(meaning or LEFT, end=end) if end else None
    period = read_period(written, month_first=month_first)
    return Status(meaning, period.begin, period.end, period.notes) if period.begin or period.end else None


def _meaning(word: str, own: Mapping[str, str]) -> str:
    return (own.get(fold(word)) or _MEANING.get(_plain(word), "")).removeprefix("concept:")


def _plain(word: str) -> str:
    return " ".join(_MARKS.sub(" ", fold(word)).split())
