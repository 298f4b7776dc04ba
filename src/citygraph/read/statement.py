"""Whether a sentence states what a pattern has found in it: what is denied, wished, asked, past or reported is no statement.

A match is held against the cues of its language, against what goes on behind it ("a member of the board of …") and against
the years of its clause. The answer is silence, a modality, or a statement that is sure or not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from citygraph.edit.kinds import FactKind
from citygraph.read.figures import ReadValue
from citygraph.read.mentions import NamedWords
from citygraph.read.patterns import PatternBook, PatternMatch, stands_in
from citygraph.read.sentences import TextSentence

Match: TypeAlias = PatternMatch[ReadValue]

_OF_STATE: Final = frozenset({"membership", "office", "lead", "seat", "figure", "amount", "topic", "activity", "aim", "relation", "meeting-rule", "website", "network"})  # fmt: skip
"""Kinds that say what holds now: a sentence about the past says it of another time."""
_OF_MEMBERS: Final = frozenset({"membership", "joined", "left"})
_OF_HOLDERS: Final = frozenset({*_OF_MEMBERS, "office"})
_DATES: Final = frozenset({"date", "since", "as-of", "until"})
_CLAUSE_MARKS: Final = frozenset({";", ":", "–", "—"})
_PLACES: Final = frozenset({"i", "in", "on", "from", "fra", "frå", "den"})
_WISH: Final = "concept:modality-wish"
_YEAR: Final = re.compile(r"(?:1[6-9]|20)\d\d\Z")


@dataclass(frozen=True, slots=True)
class Stated:
    """How the words of a match are said.

    Attributes:
        modality: wish, assessment …; empty: as a fact.
        is_sure: whether it is sure that they are said so.
        is_of_other: whether the clause is about something else than the network of the text, unless it names that.
    """

    modality: str = ""
    is_sure: bool = True
    is_of_other: bool = False


def stated(
    match: Match,
    kind: FactKind,
    sentence: TextSentence,
    mentions: NamedWords,
    book: PatternBook,
    *,
    is_dated: Callable[[], bool],
) -> Stated | None:
    """How the words of a match are said; `None` when they state nothing of the kind.

    Args:
        match: what a pattern has found.
        kind: of the fact.
        sentence: where it stands.
        mentions: the names and words of the sentence.
        book: the words of all languages.
        is_dated: whether a day stands beside the match.
    """
    pattern, keys = match.pattern, mentions.keys
    first, last = clause_of(keys, match.start, match.end, mentions.book.list("clause_words"))

    def cue(name: str, start: int, end: int) -> bool:
        return has_cue(book, name, sentence, keys, start, end)

    def places(name: str) -> Sequence[tuple[int, int]]:
        return _places(book, name, sentence.language, keys)

    if sentence.kind == "sentence" and cue("inverted", 0, 1):
        return None
    if keys[-1] == "?" or _is_beside_the_pattern(match, keys, first) or _is_of_other(match, kind, mentions):
        return None
    if cue("reported", 0, len(keys)) or cue("condition", 0, match.end):
        return None
    verbs = {at for name in ("present", "past_verb") for at, _ in places(name)}
    own = _own_end(keys, match.end, last, verbs, mentions.book.list("and"))
    if cue("negation", first, own) and not cue("no_negation", first, own):
        return None
    is_of_other = _is_about_other([*places("present"), *places("past_verb")], first, match.start, mentions)
    if cue("wish", first, match.end):
        has_modality = kind.has("modality") and kind.name not in {"founding", "renaming"}
        return Stated(_WISH, is_of_other=is_of_other) if has_modality else None
    if kind.name not in _OF_STATE or pattern.with_past:
        # "Has led it since 2019, but resigned in spring": what goes on may have ended in the same sentence.
        goes_on = kind.name in {"membership", "office"} and cue("ended", 0, len(keys))
        return Stated(pattern.modality, not goes_on, is_of_other)
    is_figure_of_day = kind.name == "figure" and (any(e.slot.option in _DATES for e in match.slots) or is_dated())
    if not is_figure_of_day and (
        cue("past", first, match.end) or _is_in_the_past(places("past_verb"), cue, first, match.end)
    ):
        return None
    is_sure = not cue("ended", first, last) and not _says_more(match, kind, mentions) and not _is_label(match, kind, keys)  # fmt: skip
    return Stated(pattern.modality, is_sure, is_of_other)


def has_cue(book: PatternBook, name: str, sentence: TextSentence, keys: Sequence[str], start: int, end: int) -> bool:
    """Whether one of the words of a cue stands in a stretch."""
    return any(start <= at and last <= end for at, last in _places(book, name, sentence.language, tuple(keys)))


@lru_cache(maxsize=64)
def _places(book: PatternBook, name: str, language: str, keys: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """Where a cue stands in a sentence: from which word to before which."""
    ends = ((at, stands_in(book.cue(name, language), keys, at, at + 1, len(keys))) for at in range(len(keys)))
    return tuple((at, last) for at, last in ends if last >= 0)


def clause_of(keys: Sequence[str], start: int, end: int, words: frozenset[str]) -> tuple[int, int]:
    """The clause that a match stands in: up to a semicolon, a colon, or a comma with "but" or "while" behind it."""

    def parts(at: int) -> bool:
        return keys[at] in _CLAUSE_MARKS or (keys[at] in words and at > 0)

    label = start - 1 if start and keys[start - 1] == ":" else start  # "tidligere nettsted: …" is one clause
    first = next((at + 1 for at in range(label - 1, -1, -1) if parts(at)), 0)
    last = next((at for at in range(end, len(keys)) if parts(at)), len(keys))
    return first, last


def _own_end(keys: Sequence[str], behind: int, last: int, verbs: AbstractSet[int], ands: AbstractSet[str]) -> int:
    """Where a clause ends for what stands before an "and" with a verb of its own: "left in 2019 and has no plans"."""
    return next((at for at in range(behind, last) if keys[at] in ands and at + 1 in verbs), last)


def other_years(match: Match, sentence: TextSentence, mentions: NamedWords, book: PatternBook) -> set[int]:
    """Where years stand in the clause of a match and not in it: all but those of an event that is told before it.

    "Grunnlagt i 1982 og har 140 medlemmer" says of no year when there are 140, "i 1995 har det 60" does.
    """
    keys = mentions.keys
    first, last = clause_of(keys, match.start, match.end, mentions.book.list("clause_words"))

    def is_of_event(at: int) -> bool:
        told = any(has_cue(book, each, sentence, keys, first, at) for each in ("past_verb", "past_event"))
        return told and at < match.start and has_cue(book, "present", sentence, keys, at, match.end)

    years = (at for at in range(first, last) if _YEAR.match(keys[at]) and not match.start <= at < match.end)
    return {at for at in years if not is_of_event(at)}


def _is_beside_the_pattern(match: Match, keys: Sequence[str], first: int) -> bool:
    """Whether words that the pattern names stand where they may not, or its day belongs to the words before it."""
    pattern = match.pattern
    if pattern.not_after and any(map(pattern.not_after.fits, keys[first : match.last])):
        return True
    if pattern.only_after and not any(map(pattern.only_after.fits, keys[: match.end])):
        return True
    slot = match.slots[0] if match.slots else None
    begins_with_day = slot and slot.slot.option in _DATES and set(keys[match.start : slot.start]) <= _PLACES
    return (
        bool(begins_with_day) and match.start > 0 and (keys[match.start - 1].isalnum() or keys[match.start - 1] == ",")
    )


def _is_in_the_past(
    verbs: Sequence[tuple[int, int]], cue: Callable[[str, int, int], bool], first: int, end: int
) -> bool:
    """Whether the verb that stands last before the end of the match is one of the past."""
    last = max((at for at, behind in verbs if first <= at and behind <= end), default=-1)
    return last >= 0 and not cue("present", last + 1, end)


def _is_label(match: Match, kind: FactKind, keys: Sequence[str]) -> bool:
    """Whether an office is but a label, "Leder: Kari Nordmann", which may be that of a meeting."""
    names_it = any(each.slot.option == "organization" for each in match.slots)
    return kind.name == "office" and not names_it and ":" in keys[match.start : match.end]


def _is_about_other(verbs: Sequence[tuple[int, int]], first: int, end: int, mentions: NamedWords) -> bool:
    """Whether a name stands where the subject of a clause does, and no word for the network: "i Norge er det 356 …"."""
    verb = min((at for at, behind in verbs if first <= at and behind <= end), default=end)
    return mentions.has_name(first, verb) and not mentions.has_anaphor(first, end)


def _is_of_other(match: Match, kind: FactKind, mentions: NamedWords) -> bool:
    """Whether a member is part of a name ("the mayor of Oslo"), or one of something else than the network."""
    if kind.name not in _OF_HOLDERS:
        return False
    keys, end, before = mentions.keys, match.end, match.start - 1
    first = match.slots[0] if match.slots else None
    if before >= 0 and first and first.start == match.start:
        is_part = first.slot.option == "member" and keys[before] in mentions.book.list("of")
        is_owned = first.slot.option == "role" and mentions.is_genitive(before)
        if is_part or is_owned:
            return True
    has_organization = any(each.slot.option == "organization" for each in match.slots)
    if has_organization:
        return _names_a_body(match, mentions)
    return _goes_on(keys, end, mentions)


def _names_a_body(match: Match, mentions: NamedWords) -> bool:
    """Whether the network is only what a body behind it is of: "the Eurocities working group"."""
    at = match.end + (match.end < len(mentions.keys) and mentions.keys[match.end] in {"sitt", "sin", "si", "'", "’"})
    return match.slots[-1].slot.option == "organization" and any(
        " ".join(mentions.keys[at : at + length]) in mentions.book.list("bodies") for length in (1, 2)
    )


def _goes_on(keys: Sequence[str], end: int, mentions: NamedWords) -> bool:
    """Whether it is said behind a match in what somebody is a member, or of what president: no time, and no network."""
    if end + 1 >= len(keys):
        return False
    if keys[end] in {"av", "of"}:
        return True
    if keys[end] not in {"i", "in", "for", "hos", "at", "på", "under", "on"}:
        return False
    following = keys[end + 1]
    is_time = following.isdigit() or following in mentions.book.list("times") or following in mentions.book.months
    return not is_time


def _says_more(match: Match, kind: FactKind, mentions: NamedWords) -> bool:
    """Whether what stands beside a figure narrows it: "12 byer er aktive", "four members in Norway", "grew by 20"."""
    if kind.name != "figure":
        return False
    keys, end = mentions.keys, match.end
    if match.start and keys[match.start - 1] == "by":
        return True
    if end >= len(keys) or not keys[end][:1].isalnum():
        return False
    if keys[end] in _PLACES and end + 1 < len(keys):
        return keys[end + 1][:1].isalpha() and mentions.tokens[end + 1].text[:1].isupper()
    return keys[end] not in mentions.book.list("behind_figures")
