"""What the words of a status column say: which role, or that the membership is over or has not begun."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from citygraph.ingest.dates import read_date
from citygraph.namespaces import fold

__all__ = ["LEFT", "NOT_YET", "Status", "read_status"]

LEFT: Final = "left"
NOT_YET: Final = "not-yet"

_WORDS: Final = {
    "role-full-member": "member|full member|full|active|active member|ordinary member|regular member|medlem|fullt medlem|"
    "aktivt medlem|aktiv|mitglied|vollmitglied|membre|membre actif|miembro|socio|lid|jasen|membro|yes|ja|x|m|current|"
    "current member|fullverdig medlem|confirmed|signatory|effective member|city member",
    "role-associate-member": "associate|associate member|associated member|assosiert medlem|assosiert|membre associe|"
    "assoziiertes mitglied|miembro asociado|a",
    "role-associated-partner": "partner|associated partner|assosiert partner|partner city|partnerstadt|associate partner",
    "role-observer": "observer|observer member|observator|beobachter|observateur|observador|obs|o",
    LEFT: "left|former|former member|ex|ex member|exmember|withdrawn|withdrew|ceased|ended|expired|terminated|inactive|utmeldt|"
    "tidligere|tidligere medlem|sluttet|avsluttet|ausgetreten|ehemalig|ehemaliges mitglied|ancien|ancien membre|retire|"
    "resigned|cancelled|not a member|no longer member|no longer a member|past member",
    NOT_YET: "applicant|candidate|pending|applied|application|in progress|interested|invited|soker|sokt|kandidat|suspended|"
    "prospective|planned|to be confirmed|antragsteller",
}
_MEANING: Final = {word: meaning for meaning, words in _WORDS.items() for word in words.split("|")}
_DATE: Final = re.compile(
    r"\A(?P<word>[^\d(]*?)[\s,:(-]*\b(?:(?P<how>in|since|from|until|til|fra|siden|i|per|on|seit|bis|as of)\s+)?"
    r"\(?(?P<date>\d[\w./ -]*)\)?\Z", re.IGNORECASE)  # fmt: skip
_MARKS: Final = re.compile(r"[^\w]+")


@dataclass(frozen=True, slots=True)
class Status:
    """A role (its local name), or `left` or `not-yet`; with the date that stands in the cell, if any."""

    meaning: str
    date: str = ""


def read_status(text: str, own: Mapping[str, str], *, month_first: bool = False) -> Status | None:
    """What the status says; nothing when the words are not known.

    Args:
        text: the cell.
        own: the words of the map, folded, with their meaning; they come first.
        month_first: how a date in the cell is meant.

    >>> read_status("Left (2019)", {}), read_status("Associate member", {}), read_status("gold", {})
    (Status(meaning='left', date='2019'), Status(meaning='role-associate-member', date=''), None)
    """
    for word, written in _readings(text):
        meaning = own.get(fold(word)) or _MEANING.get(_plain(word))
        if meaning:
            day = read_date(written, month_first=month_first) if written else ""
            if not written or day:
                return Status(meaning.removeprefix("concept:"), day)
    return None


def _readings(text: str) -> list[tuple[str, str]]:
    match = _DATE.match(text)
    return [(text, "")] + ([(match["word"], match["date"])] if match and match["word"] else [])


def _plain(word: str) -> str:
    return " ".join(_MARKS.sub(" ", fold(word)).split())
