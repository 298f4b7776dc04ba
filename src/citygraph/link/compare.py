"""Accepted links and our dated facts held against Wikidata, and against what was seen last time."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final

from citygraph.findings import Finding, finding
from citygraph.link.facts import LinkFact
from citygraph.link.items import NONE, ItemStatement, ItemValue, WikidataItem, best_of, thing_of_item
from citygraph.matching.things import Thing
from citygraph.sssom import Mapping as Row
from citygraph.sssom import MappingSet

_COLUMNS: Final = ("subject_id", "property", "state", "ours", "theirs", "decision", "author", "date", "comment")
_ONE_VALUE: Final = ("P571", "P159", "P17", "P856")
_MANY: Final = ("P463", "P488")
_COUNT: Final = "P2124"
_SCHEME: Final = re.compile(r"^https?://(?:www\.)?", re.IGNORECASE)
DECISIONS: Final = ("open", "ours", "theirs")


# -- links --------------------------------------------------------------------------------------------


def linked_items(rows: MappingSet) -> list[Row]:
    """The accepted rows that lead to an item and say that it is the same thing."""
    return [
        each
        for each in rows.mappings
        if each.accepted and each.object_id.startswith("wd:Q") and each.predicate_id == "skos:exactMatch"
    ]


def check_links(
    rows: MappingSet, things: Mapping[str, Thing], items: Mapping[str, WikidataItem], *, file: str, whole: bool
) -> list[Finding]:
    """What is wrong with the accepted links.

    Args:
        rows: the mapping file.
        things: our things by the short name that the rows use.
        items: what Wikidata says, by id.
        file: the path of the mapping file, for the findings.
        whole: an item that is not among `items` does not exist; an extract need not hold all of them.
    """
    accepted = linked_items(rows)
    findings = [*_doubled(accepted, file)]
    for row in accepted:
        item = items.get(row.object_id.removeprefix("wd:"))
        if item is None or item.missing:
            if whole or item is not None:
                findings.append(_about("link-gone", row, file))
        elif item.redirect:
            findings.append(_about("link-merged", row, file, target=item.redirect))
        elif row.subject_id in things:
            findings += _compared(row, things[row.subject_id], thing_of_item(item), file)
    return findings


def _doubled(rows: list[Row], file: str) -> Iterator[Finding]:
    by_item: dict[str, list[Row]] = defaultdict(list)
    by_subject: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_item[row.object_id].append(row)
        by_subject[row.subject_id].append(row)
    for found in by_item.values():
        for row in found[1:]:
            yield _about("item-linked-twice", row, file, other=found[0].subject_id)
    for found in by_subject.values():
        for row in found[1:]:
            yield _about("two-items-linked", row, file, other=found[0].object_id)


def _compared(row: Row, ours: Thing, theirs: Thing, file: str) -> Iterator[Finding]:
    if ours.kinds and theirs.kinds and not ours.kinds & theirs.kinds:
        wanted, found = (", ".join(sorted(each)) for each in (ours.kinds, theirs.kinds))
        yield _about("link-wrong-type", row, file, wanted=wanted, found=found)
    if ours.countries and theirs.countries and not ours.countries & theirs.countries:
        wanted, found = (", ".join(sorted(each)) for each in (ours.countries, theirs.countries))
        yield _about("link-wrong-country", row, file, wanted=wanted, found=found)


def _about(code: str, row: Row, file: str, **values: str) -> Finding:
    label = row.slots.get("subject_label", "")
    subject = f"{label} ({row.subject_id})" if label else row.subject_id
    words: dict[str, str] = {"entity": subject, "item": row.object_id, **values}
    return replace(finding(code, file=file, **words), line=row.line)  # type: ignore[arg-type]  # its values are words


# -- facts --------------------------------------------------------------------------------------------


class DriftState(StrEnum):
    """How our fact and theirs stand to each other."""

    SAME = "same"
    OURS_ONLY = "ours only"
    THEIRS_ONLY = "theirs only"
    DISAGREE = "disagree"
    THEIRS_NEWER = "theirs newer"


@dataclass(frozen=True, slots=True)
class LinkDifference:
    """One subject and property: what we say, what they say; `fact` is ours, for a batch of statements."""

    subject_id: str
    property_id: str
    state: DriftState
    ours: str
    theirs: str
    fact: LinkFact | None = None
    changed: str = ""

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What makes it the same difference as last time."""
        return (self.subject_id, self.property_id, self.state.value, self.ours, self.theirs)


@dataclass(frozen=True, slots=True)
class SeenDifference:
    """A difference that has been seen, and what somebody decided about it: `open`, `ours` or `theirs`."""

    difference: LinkDifference
    decision: str = "open"
    author: str = ""
    day: str = ""
    comment: str = ""


def compare_facts(
    subject_id: str, kinds: frozenset[str], facts: Iterable[LinkFact], item: WikidataItem, networks: frozenset[str]
) -> Iterator[LinkDifference]:
    """Every property of one linked thing, also where both say the same.

    Args:
        subject_id: the short name of the thing.
        kinds: what kind of thing it is; a place is not asked for its members.
        facts: our facts about it.
        item: what Wikidata says.
        networks: the items of our networks; other memberships of a city are none of our business.
    """
    by_property: dict[str, list[LinkFact]] = defaultdict(list)
    for fact in facts:
        by_property[fact.property].append(fact)
    asked = {*by_property, "P17"} if "network" not in kinds else {*by_property, *_ONE_VALUE, "P488", _COUNT} - {"P17"}
    if "authority" in kinds:
        asked.add("P463")
    for property_ in sorted(asked & {*_ONE_VALUE, *_MANY, _COUNT}):
        ours, theirs = by_property[property_], [each for each in item.statements if each.property == property_]
        if property_ == "P463":
            theirs = [each for each in theirs if each.value.text in networks or not each.value.is_known]
        if any(each.value.kind == NONE for each in best_of(theirs)) and not item.of(property_):
            found = _against_none(ours)
        elif property_ == _COUNT:
            found = _by_date(ours, theirs)
        elif property_ in _MANY:
            found = _by_value(ours, theirs)
        else:
            found = _as_whole(ours, best_of(theirs))
        for each in found:
            yield replace(each, subject_id=subject_id, property_id=property_)


def _difference(state: DriftState, ours: str = "", theirs: str = "", fact: LinkFact | None = None) -> LinkDifference:
    return LinkDifference("", "", state, ours, theirs, fact)


def _against_none(ours: list[LinkFact]) -> Iterator[LinkDifference]:
    """A property of which they say that it has no value: whatever we say today disagrees."""
    for fact in ours:
        if fact.value.text and not fact.end:
            said = _dated(fact.value.text, fact.as_of)
            yield _difference(DriftState.DISAGREE, said, ItemValue(NONE, "").words)


def _as_whole(ours: list[LinkFact], theirs: list[ItemStatement]) -> Iterator[LinkDifference]:
    """A property with one value: founded, seat, country, website; a value that nobody knows disagrees with none."""
    known = [each.value for each in theirs if each.value.is_known]
    said, told = _joined(fact.value.text for fact in ours), _joined(each.words for each in known)
    if any(not fact.value.text for fact in ours) or not (ours or known):
        return
    if not known:
        unknown = _joined(each.value.words for each in theirs)
        yield from (_difference(DriftState.OURS_ONLY, fact.value.text, unknown, fact) for fact in ours)
    elif not ours:
        yield _difference(DriftState.THEIRS_ONLY, "", told)
    elif any(_same(fact.value, each) for fact in ours for each in known):
        yield _difference(DriftState.SAME, said, told)
    else:
        yield _difference(DriftState.DISAGREE, said, told)


def _by_value(ours: list[LinkFact], theirs: list[ItemStatement]) -> Iterator[LinkDifference]:
    """A property with several values: who chairs, what one is a member of.

    Whatever they say and have not deprecated is known to them; of what we do not say only what they prefer is news.
    """
    latest = max((fact.as_of or fact.begin for fact in ours), default="")
    facts = {fact.value.text: fact for fact in sorted(ours, key=lambda each: each.as_of)}
    told: dict[str, list[ItemStatement]] = defaultdict(list)
    for statement in theirs:
        if statement.value.is_known and statement.rank != "deprecated":
            told[statement.value.text].append(statement)
    for text, fact in sorted(facts.items()):
        said = _dated(text, fact.as_of)
        if text not in told:
            yield _difference(DriftState.OURS_ONLY, said, "", fact)
            continue
        end = _end_of(best_of(told[text]))
        state = DriftState.SAME if fact.end or end is None else _state_of_end(end, fact.as_of)
        until = f" until {end.words if end.is_known else 'unknown'}" if end and state is not DriftState.SAME else ""
        yield _difference(state, said, text + until)
    preferred = {each.value.text for each in best_of(theirs)}
    for text, statements in sorted(told.items()):
        if text not in facts and text in preferred:
            since = max((_time_of(each, "P580", "P585") for each in best_of(statements)), key=lambda each: each.text)
            newer = bool(latest and since.text > latest)
            state = DriftState.THEIRS_NEWER if newer else DriftState.THEIRS_ONLY
            yield _difference(state, "", _dated(text, since.words if since.text else ""))


def _end_of(statements: Iterable[ItemStatement]) -> ItemValue | None:
    """When what several statements say was over; nothing while one of them has no end."""
    found = [[each for each in one.qualifiers.get("P582", ()) if each.kind != NONE] for one in statements]
    if not all(found):
        return None
    # Whoever knows a day knows more than one who does not.
    return max((each for ends in found for each in ends), key=lambda each: each.text, default=None)


def _state_of_end(end: ItemValue, as_of: str) -> DriftState:
    """How an end that only they know stands to the day on which we say that it still holds."""
    if not end.is_known:
        return DriftState.DISAGREE
    if not as_of:
        return DriftState.SAME
    if end.is_coarse and _same_time(end, _day(as_of)):
        return DriftState.SAME
    if end.text < as_of[: len(end.text)]:
        return DriftState.DISAGREE
    return DriftState.THEIRS_NEWER if end.text > as_of else DriftState.SAME


def _by_date(ours: list[LinkFact], theirs: list[ItemStatement]) -> Iterator[LinkDifference]:
    """Figures: each belongs to its day, and those count too that they no longer prefer."""
    told = [each for each in theirs if each.value.is_known and each.rank != "deprecated"]
    days = [_time_of(each, "P585") for each in told]
    latest = max((fact.as_of for fact in ours), default="")
    for fact in sorted(ours, key=lambda each: (each.as_of, each.value)):
        same_day = [each for each, day in zip(told, days, strict=True) if _same(day, _day(fact.as_of))]
        said = _dated(fact.value.text, fact.as_of)
        if not same_day:
            yield _difference(DriftState.OURS_ONLY, said, "", fact)
        elif any(_same(fact.value, each.value) for each in same_day):
            yield _difference(DriftState.SAME, said, said)
        else:
            yield _difference(DriftState.DISAGREE, said, _joined(each.value.text for each in same_day))
    for day, statement in sorted(zip(days, told, strict=True), key=lambda each: (each[0], each[1].value)):
        if not any(_same(day, _day(fact.as_of)) for fact in ours):
            newer = bool(latest and day.text > latest)
            state = DriftState.THEIRS_NEWER if newer else DriftState.THEIRS_ONLY
            yield _difference(state, "", _dated(statement.value.text, day.words))


def _joined(texts: Iterable[str]) -> str:
    return ", ".join(sorted(dict.fromkeys(texts)))


def _dated(text: str, day: str) -> str:
    return f"{text} ({day})" if day else text


def _time_of(statement: ItemStatement, *properties: str) -> ItemValue:
    """The first time that is known of these qualifiers; one without a text when there is none."""
    given = (each for name in properties for each in statement.qualifiers.get(name, ()))
    return next((each for each in given if each.is_known), _day(""))


def _day(text: str) -> ItemValue:
    return ItemValue("time", text)


def _same_time(one: ItemValue, other: ItemValue) -> bool:
    """Two times are the same when the coarser one says so: 1996 is in the 1990s, and a day in its year."""
    if one.is_coarse or other.is_coarse:
        try:
            ours, theirs = one.years, other.years
        except ValueError:
            return False
        return ours[0] <= theirs[1] and theirs[0] <= ours[1]
    short = min(len(one.text), len(other.text))
    return one.text[:short] == other.text[:short] and (bool(short) or one.text == other.text)


def _same(one: ItemValue, other: ItemValue) -> bool:
    if "time" in {one.kind, other.kind}:
        return _same_time(one, other)
    if one.kind == "quantity" and other.kind == "quantity":
        try:
            return float(one.text) == float(other.text)
        except ValueError:
            return False
    if one.kind == "string":
        plain = [_SCHEME.sub("", each.text).rstrip("/").casefold() for each in (one, other)]
        return plain[0] == plain[1]
    return one.text == other.text


# -- what has been seen -------------------------------------------------------------------------------


def read_known(text: str) -> list[SeenDifference]:
    """The rows of the memory file.

    Raises:
        ValueError: a row does not fit the heading.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    known: list[SeenDifference] = []
    for number, line in enumerate(lines[1:], start=2):
        if not line:
            continue
        cells = line.split("\t")
        if len(cells) != len(_COLUMNS) or cells[5] not in DECISIONS:
            message = f"line {number} does not have the cells {', '.join(_COLUMNS)}"
            raise ValueError(message)
        subject, property_, state, ours, theirs, decision, author, day, comment = cells
        difference = LinkDifference(subject, property_, DriftState(state), ours, theirs)
        known.append(SeenDifference(difference, decision, author, day, comment))
    return known


def write_known(known: Iterable[SeenDifference]) -> str:
    """The memory file: one row for each difference, sorted, so that two runs give the same bytes."""
    rows = sorted(
        (*each.difference.key, each.decision, each.author, each.day, each.comment) for each in dict.fromkeys(known)
    )
    plain = (tuple(" ".join(cell.split()) for cell in row) for row in rows)
    return "".join("\t".join(row) + "\n" for row in (_COLUMNS, *plain))


def news(found: Iterable[LinkDifference], known: Iterable[SeenDifference]) -> list[LinkDifference]:
    """The differences that have not been seen, each with the side that has changed since."""
    seen = {each.difference.key for each in known}
    before: dict[tuple[str, str], list[LinkDifference]] = defaultdict(list)
    for each in known:
        before[each.difference.subject_id, each.difference.property_id].append(each.difference)
    new: list[LinkDifference] = []
    for difference in found:
        if difference.state is DriftState.SAME or difference.key in seen:
            continue
        old = before[difference.subject_id, difference.property_id]
        ours = bool(old) and all(each.ours != difference.ours for each in old)
        theirs = bool(old) and all(each.theirs != difference.theirs for each in old)
        changed = "both" if ours and theirs else "ours" if ours else "theirs" if theirs else ""
        new.append(replace(difference, changed=changed))
    return new


def decide_difference(
    known: Iterable[SeenDifference],
    subject_id: str,
    property_: str,
    decision: str,
    *,
    author: str,
    day: date,
    comment: str = "",
) -> list[SeenDifference]:
    """The memory with one decision about all differences of a subject and property.

    Raises:
        KeyError: nothing is known about them.
    """
    rows = list(known)
    wanted = [
        each for each in rows if (each.difference.subject_id, each.difference.property_id) == (subject_id, property_)
    ]
    if not wanted:
        raise KeyError(subject_id, property_)
    decided = {
        each.difference.key: replace(each, decision=decision, author=author, day=day.isoformat(), comment=comment)
        for each in wanted
    }
    return [decided.get(each.difference.key, each) for each in rows]


def offered(found: Iterable[LinkDifference], decided: Mapping[tuple[str, str, str, str, str], str]) -> list[LinkFact]:
    """What can be offered: only ours, citable, and not turned down before."""
    return [
        each.fact
        for each in found
        if each.state is DriftState.OURS_ONLY
        and each.fact is not None
        and each.fact.citations
        and decided.get(each.key, "open") != "theirs"
    ]
