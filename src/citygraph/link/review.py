"""What a person decides about a candidate: accepted, rejected, or "there is none", as rows of the mapping file."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from citygraph.errors import QueryError
from citygraph.messages import sentence
from citygraph.sssom import NO_TERM_FOUND, Mapping, MappingSet, with_mappings

__all__ = ["LinkDecision", "LinkWord", "Outdated", "decide_link", "open_proposals", "version_of"]

_ITEM: Final = re.compile(r"(?:wd:)?(Q[1-9]\d{0,10})\Z")
_CURATED: Final = "semapv:ManualMappingCuration"
_REVIEWED: Final = "semapv:MappingReview"


class LinkWord(StrEnum):
    """What a person can say about a candidate."""

    ACCEPT = "accept"
    REJECT = "reject"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class LinkDecision:
    """One word on one candidate: who said it, when, and why."""

    subject_id: str
    word: LinkWord
    object_id: str
    author: str
    day: date
    subject_label: str = ""
    object_label: str = ""
    confidence: float = 1.0
    comment: str = ""


class Outdated(QueryError):  # noqa: N818  # what the rows are
    """The rows have changed since they were shown; nothing was written."""


def version_of(rows: MappingSet, subject_id: str) -> str:
    """What tells the rows of one thing from what they were before: a hash of them."""
    mine = [sorted(each.cells().items()) for each in rows.mappings if each.subject_id == subject_id]
    return hashlib.sha256(repr(mine).encode()).hexdigest()


def open_proposals(rows: MappingSet) -> dict[str, list[Mapping]]:
    """The candidates that wait for a word, by subject, the most likely first."""
    done = {each.subject_id for each in rows.mappings if each.accepted}
    waiting: dict[str, list[Mapping]] = {}
    for each in rows.mappings:
        if each.proposed and each.subject_id not in done:
            waiting.setdefault(each.subject_id, []).append(each)
    for found in waiting.values():
        found.sort(key=lambda each: (-float(each.slots.get("confidence") or 0), each.object_id))
    return waiting


def decide_link(rows: MappingSet, decision: LinkDecision) -> MappingSet:
    """The mapping set with one decision in it.

    The other proposals for a thing go when one is accepted or when there is none: nobody has said
    anything about them. What somebody rejected stays.

    Raises:
        QueryError: the item is not one, or the thing has another accepted link.
    """
    if not decision.author.strip():
        raise QueryError(sentence("link.no_author"), fix=sentence("link.give_author"))
    object_id = NO_TERM_FOUND if decision.word is LinkWord.NONE else _item(decision.object_id)
    mine = [each for each in rows.mappings if each.subject_id == decision.subject_id]
    before = next((each for each in mine if each.object_id == object_id), None)
    if decision.word is LinkWord.ACCEPT:
        _refuse_second_link(mine, object_id, decision.subject_id)
    row = _row(decision, object_id, before)
    gone = []
    if decision.word is not LinkWord.REJECT:
        gone = [each for each in mine if each.proposed and each.object_id != object_id]
        gone += [each for each in mine if each.none_found and each.object_id != object_id]
    return with_mappings(rows, [row], without=gone)


def _item(text: str) -> str:
    match = _ITEM.match(text.removeprefix("http://www.wikidata.org/entity/"))
    if match is None:
        raise QueryError(sentence("link.no_item", text=repr(text)), fix=sentence("link.write_item"))
    return f"wd:{match[1]}"


def _refuse_second_link(mine: list[Mapping], object_id: str, subject_id: str) -> None:
    other = [each for each in mine if each.accepted and each.object_id != object_id]
    other = [each for each in other if each.predicate_id == "skos:exactMatch"]
    if other:
        values = {"subject": subject_id, "object": other[0].object_id}
        raise QueryError(sentence("link.linked", **values), fix=sentence("link.reject_first", **values))


def _row(decision: LinkDecision, object_id: str, before: Mapping | None) -> Mapping:
    known = before.slots if before else {}
    slots = {
        "subject_label": decision.subject_label or known.get("subject_label", ""),
        "object_label": decision.object_label or known.get("object_label", ""),
        "author_id": decision.author,
        "mapping_date": decision.day.isoformat(),
        "confidence": f"{decision.confidence:g}" if decision.word is not LinkWord.NONE else "",
        "subject_match_field": known.get("subject_match_field", ""),
        "object_match_field": known.get("object_match_field", ""),
        "comment": decision.comment or ("" if before is None or before.proposed else known.get("comment", "")),
    }
    justification = _CURATED
    if decision.word is LinkWord.REJECT:
        slots["predicate_modifier"] = "Not"
    first = known.get("author_id", "")
    if (
        decision.word is LinkWord.ACCEPT
        and before is not None
        and before.accepted
        and first not in {"", decision.author}
    ):
        # A second person agrees: the first keeps the authorship.
        slots |= {"author_id": first, "reviewer_id": decision.author}
        justification = _REVIEWED
    kept = {key: " ".join(value.split()) for key, value in slots.items() if value}
    return Mapping(decision.subject_id, "skos:exactMatch", object_id, justification, 0, kept)
