"""What a list says about itself: footnotes, sources, totals and keys, which are no members; and what its marks mean."""

from __future__ import annotations

import re
from typing import Final

from citygraph.ingest.cleaning import clean
from citygraph.ingest.tables import Row

__all__ = ["explained", "footnotes", "note_reason"]

_TOTAL: Final = re.compile(
    r"\A(?:grand |sub-?)?(?:total|totals|totalt|totaal|sum|sum totalt|i alt|summe|gesamt|gesamtzahl|insgesamt|totale|totales|antall|"
    r"antal|anzahl|nombre(?: total)?|number of (?:members|cities|rows)|alle zusammen|count)\b",
    re.IGNORECASE,
)
_COUNT: Final = re.compile(
    r"\A\d[\d.,\s]*(?:members?|cities|medlemmer|byer|mitglieder|städte|membres|villes|rows)?\s*\Z", re.IGNORECASE
)
_ABOUT: Final = re.compile(
    r"\A(?:(?:foot)?notes?|source|sources|kilde|kilder|quelle|quellen|fuente|fonte|bron|remarks?|merknad(?:er)?|bemerkung(?:en)?|"
    r"anmerkung(?:en)?|fußnote[n]?|fotnote[r]?|remarques?|legend|legende|légende|tegnforklaring|key|nb|n\.b\.|obs|last updated?|"
    r"updated|sist oppdatert|oppdatert|stand|status as of|as of|per|mise à jour|mis à jour|letzte aktualisierung|aktualisiert|"
    r"copyright|©|disclaimer|see also|\*?\s*not yet confirmed|please note|hinweis|explanation|forklaring)\b\s*[:.\-–(\d©]",
    re.IGNORECASE,
)
_MARKED: Final = re.compile(
    r"\A(?P<mark>[*†‡§#]{1,3}|[¹²³⁴⁵⁶⁷⁸⁹⁰]+|\[\d{1,3}\]|\(\d{1,2}\)|\(\*+\)|\d{1,2}\))\s*[:=–-]?\s*(?P<text>\S.*)\Z",
    re.DOTALL,
)
_COPYRIGHT: Final = re.compile(r"\A(?:©|\(c\)\s)", re.IGNORECASE)
_SENTENCE: Final = re.compile(r"[.!?](?:\s|\Z)|\s[=]\s")
_MANY_WORDS: Final = 6
_MOST_SIGNS: Final = 60


def note_reason(row: Row, city: int) -> str:
    """Why a row is something that the list says about itself; empty when it may be a member.

    >>> note_reason(Row(9, ("Source: the network, 2024", "", "")), 0), note_reason(Row(9, ("Total", "", "14")), 0)
    ('a remark below or between the rows', 'a total')
    >>> note_reason(Row(9, ("* observer since 2019", "")), 0), note_reason(Row(9, ("St. Gallen", "")), 0)
    ('a footnote', '')
    """
    filled = [(place, text) for place, cell in enumerate(row.cells) if (text := cell.strip(" \t\r\n\u00a0"))]
    if not filled:
        return ""
    first_place, first = filled[0]
    if first_place <= city and _TOTAL.match(first) and _is_total(filled):
        return "a total"
    if all(_COUNT.match(text) for _, text in filled) and first_place > city:
        return "a total"
    if len(filled) > 1 and any(clean(text).text for _, text in filled[1:]):
        return ""
    marked = _MARKED.match(first)
    if marked and (not marked["mark"][:-1].isdigit() or _SENTENCE.search(first) or len(first.split()) >= _MANY_WORDS):
        return "a footnote"
    if _ABOUT.match(first) or _COPYRIGHT.match(first):
        return "a remark below or between the rows"
    if len(first.split()) >= _MANY_WORDS and (_SENTENCE.search(first) or len(first) > _MOST_SIGNS):
        return "a sentence below or between the rows"
    return ""


def _is_total(filled: list[tuple[int, str]]) -> bool:
    """A total has nothing but numbers beside it."""
    return all(not any(letter.isalpha() for letter in text) or _COUNT.match(text) for _, text in filled[1:])


def footnotes(rows: tuple[Row, ...], city: int) -> dict[str, str]:
    """What the marks behind names mean, by mark."""
    found: dict[str, str] = {}
    for row in rows:
        if sum(map(bool, row.cells)) == 1 and note_reason(row, city) == "a footnote":
            text = next(cell.strip() for cell in row.cells if cell.strip())
            match = _MARKED.match(text)
            if match:
                found.setdefault(_bare(match["mark"]), clean(match["text"]).text)
    return found


def _bare(mark: str) -> str:
    """(1), [1], 1) and ¹ are the same mark."""
    return mark.strip("()[] ").translate(str.maketrans("¹²³⁴⁵⁶⁷⁸⁹⁰", "1234567890"))


def explained(mark: str, notes: dict[str, str]) -> str:
    """The mark behind a name with what the list says of it."""
    said = notes.get(_bare(mark), "")
    return (
        f"footnote {mark}: {said[:200]}"
        if said
        else f"the mark {mark} behind the name was taken off; the list does not explain it"
    )
