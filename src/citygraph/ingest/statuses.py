"""What the words of a status or a mark say: which role, since when, or that the membership is over or has not begun."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from citygraph.ingest.dates import month_names, read_date, read_period
from citygraph.namespaces import fold

__all__ = ["LEFT", "NOT_YET", "Status", "read_status"]

LEFT: Final = "left"
NOT_YET: Final = "not-yet"

_WORDS: Final = {
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
_MEANING: Final = {fold(word): meaning for meaning, words in _WORDS.items() for word in words.split("|")}
# "observer since 2012", "left 2019", "former (2001–2009)", "x 2004": words, then what begins with a digit or a month.
_TAIL: Final = re.compile(
    r"\A(?P<word>.*?)[\s,:;()\-–—]*(?:\b(?P<how>in|since|from|as of|until|till|to|til|fram til|fra|siden|i|per|på|on|seit|ab|bis|"
    r"bis zum|depuis|jusqu[’']en|jusqu[’']à|desde|hasta|dal|fino al|sinds|tot|sedan|t\.o\.m\.|year)\s+)?"
    r"\(?(?P<date>(?:(?:"
    + "|".join(sorted(map(re.escape, month_names()), key=len, reverse=True))
    + r")\.?\s+)?\d[^()]*)\)?\Z",
    re.IGNORECASE,
)
_ENDS: Final = frozenset({
    "until", "till", "to", "til", "fram til", "bis", "bis zum", "jusqu'en", "jusqu'a", "hasta", "fino al", "tot", "t.o.m.",
})  # fmt: skip


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
