"""Candidates for everything without a link, and what a person decides about each, as rows of the mapping file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from citygraph.errors import QueryError
from citygraph.link.items import thing_of_item
from citygraph.link.wikidata import ItemSource, wanted_of
from citygraph.matching.names import read_name
from citygraph.matching.score import ALIAS, MAIN, Candidate, decide, score
from citygraph.matching.things import Thing
from citygraph.messages import sentence
from citygraph.namespaces import compress
from citygraph.sssom import NO_TERM_FOUND, MappingSet, with_mappings
from citygraph.sssom import Mapping as Row

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


def open_proposals(rows: MappingSet) -> dict[str, list[Row]]:
    """The candidates that wait for a word, by subject, the most likely first."""
    done = {each.subject_id for each in rows.mappings if each.accepted}
    waiting: dict[str, list[Row]] = {}
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


def _refuse_second_link(mine: list[Row], object_id: str, subject_id: str) -> None:
    other = [each for each in mine if each.accepted and each.object_id != object_id]
    other = [each for each in other if each.predicate_id == "skos:exactMatch"]
    if other:
        values = {"subject": subject_id, "object": other[0].object_id}
        raise QueryError(sentence("link.linked", **values), fix=sentence("link.reject_first", **values))


def _row(decision: LinkDecision, object_id: str, before: Row | None) -> Row:
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
    return Row(decision.subject_id, "skos:exactMatch", object_id, justification, 0, kept)


Progress = Callable[[str, int, int], None]
_LEAST, _LEAST_NAME = 50.0, 65.0


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One thing without a link, and what it may be."""

    thing: Thing
    candidates: tuple[Candidate, ...]

    @property
    def certain(self) -> Candidate | None:
        """The one candidate whose identifier matches exactly; only that is beyond a person's doubt."""
        found = [each for each in self.candidates if each.identifier]
        return found[0] if len(found) == 1 and found[0].features.get("type") is not False else None


def unlinked(things: Iterable[Thing], rows: MappingSet, prefixes: Mapping[str, str]) -> list[Thing]:
    """The things without an accepted link, and about which nobody has said that there is none."""
    done = {each.subject_id for each in rows.mappings if each.accepted or each.none_found}
    compared = (each for each in things if each.kinds != {"concept"})
    return [thing for thing in compared if compress(thing.id, prefixes) not in done]


def suggest(
    things: Sequence[Thing],
    source: ItemSource,
    rows: MappingSet,
    prefixes: Mapping[str, str],
    *,
    limit: int = 5,
    progress: Progress | None = None,
) -> list[Suggestion]:
    """Candidates for each thing, best first; what has been rejected does not come back.

    Raises:
        ReconciliationError: the source does not answer.
    """
    rejected = {(each.subject_id, each.object_id) for each in rows.mappings if each.rejected}
    found: list[Suggestion] = []
    for number, thing in enumerate(things):
        if progress:
            progress("link", number, len(things))
        subject, wanted = compress(thing.id, prefixes), wanted_of(thing)
        candidates: list[Candidate] = []
        for item in source.search(thing):
            if item.missing or item.redirect or (subject, f"wd:{item.id}") in rejected:
                continue
            other = thing_of_item(item)
            forms = [(read_name(name.text), MAIN if name.main else ALIAS) for name in other.names]
            candidates.append(score(wanted, other, forms))
        ordered = [each for each in decide(candidates, wanted) if each.score >= _LEAST and _is_likely(each)]
        found.append(Suggestion(thing, tuple(ordered[:limit])))
    return found


def proposals(found: Iterable[Suggestion], prefixes: Mapping[str, str], day: date, language: str = "en") -> list[Row]:
    """Rows for the mapping file: proposals for a person, and an accepted link where an identifier matches exactly."""
    rows: list[Row] = []
    for suggestion in found:
        certain = suggestion.certain
        for candidate in [certain] if certain else suggestion.candidates:
            slots = {
                "subject_label": _plain(suggestion.thing.name(language)),
                "object_label": _plain(candidate.thing.name(language)),
                "mapping_date": day.isoformat(),
                "confidence": f"{candidate.score / 100:.2f}",
                "subject_match_field": "adms:identifier" if certain else "skos:prefLabel",
                "object_match_field": "wdt" if certain else "rdfs:label",
                "comment": ", ".join(f"{key} {_said(value)}" for key, value in candidate.features.items()),
            }
            kind = "BackgroundKnowledgeBasedMatching" if certain else "LexicalMatching"
            subject = compress(suggestion.thing.id, prefixes)
            rows.append(Row(subject, "skos:exactMatch", f"wd:{candidate.thing.id}", f"semapv:{kind}", 0, slots))
    return rows


def _is_likely(candidate: Candidate) -> bool:
    """Another name is another thing, however well country and kind agree."""
    return candidate.identifier or float(candidate.features.get("name", 0.0)) >= _LEAST_NAME


def _said(value: float | bool) -> str:  # noqa: FBT001  # a feature is one or the other
    return ("yes" if value else "no") if isinstance(value, bool) else f"{value:g}"


def _plain(text: str) -> str:
    return " ".join(text.split())
