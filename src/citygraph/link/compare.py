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
from citygraph.link.items import ItemStatement, ItemValue, WikidataItem, thing_of_item
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
        ours, theirs = by_property[property_], item.of(property_)
        if property_ == "P463":
            theirs = [each for each in theirs if each.value.text in networks]
        if property_ == _COUNT:
            # Every dated figure counts, also those that Wikidata no longer prefers.
            theirs = [each for each in item.statements if each.property == _COUNT and each.rank != "deprecated"]
            found = _by_date(ours, theirs)
        elif property_ in _MANY:
            found = _by_value(ours, theirs)
        else:
            found = _as_whole(ours, theirs)
        for each in found:
            yield replace(each, subject_id=subject_id, property_id=property_)


def _difference(state: DriftState, ours: str = "", theirs: str = "", fact: LinkFact | None = None) -> LinkDifference:
    return LinkDifference("", "", state, ours, theirs, fact)


def _as_whole(ours: list[LinkFact], theirs: list[ItemStatement]) -> Iterator[LinkDifference]:
    """A property with one value: founded, seat, country, website."""
    said, told = _joined(fact.value.text for fact in ours), _joined(each.value.text for each in theirs)
    if any(not fact.value.text for fact in ours) or not (ours or theirs):
        return
    if not theirs:
        yield from (_difference(DriftState.OURS_ONLY, fact.value.text, "", fact) for fact in ours)
    elif not ours:
        yield _difference(DriftState.THEIRS_ONLY, "", told)
    elif any(_same(fact.value, each.value) for fact in ours for each in theirs):
        yield _difference(DriftState.SAME, said, told)
    else:
        yield _difference(DriftState.DISAGREE, said, told)


def _by_value(ours: list[LinkFact], theirs: list[ItemStatement]) -> Iterator[LinkDifference]:
    """A property with several values: who chairs, what one is a member of."""
    latest = max((fact.as_of or fact.begin for fact in ours), default="")
    facts = {fact.value.text: fact for fact in sorted(ours, key=lambda each: each.as_of)}
    told = {each.value.text: each for each in theirs}
    for text, fact in sorted(facts.items()):
        statement = told.get(text)
        end = _qualifier(statement, "P582") if statement else ""
        if statement is None:
            yield _difference(DriftState.OURS_ONLY, _dated(text, fact.as_of), "", fact)
        elif end and fact.as_of and end < fact.as_of[: len(end)] and not fact.end:
            yield _difference(DriftState.DISAGREE, _dated(text, fact.as_of), f"{text} until {end}")
        elif end and fact.as_of and end > fact.as_of and not fact.end:
            yield _difference(DriftState.THEIRS_NEWER, _dated(text, fact.as_of), f"{text} until {end}")
        else:
            yield _difference(DriftState.SAME, _dated(text, fact.as_of), text)
    for text, statement in sorted(told.items()):
        if text not in facts:
            since = _qualifier(statement, "P580") or _qualifier(statement, "P585")
            newer = bool(latest and since and since > latest)
            yield _difference(DriftState.THEIRS_NEWER if newer else DriftState.THEIRS_ONLY, "", _dated(text, since))


def _by_date(ours: list[LinkFact], theirs: list[ItemStatement]) -> Iterator[LinkDifference]:
    """Figures: each belongs to its day."""
    told = {_qualifier(each, "P585"): each for each in theirs}
    latest = max((fact.as_of for fact in ours), default="")
    for fact in sorted(ours, key=lambda each: (each.as_of, each.value)):
        same_day = [each for day, each in told.items() if _same_time(day, fact.as_of)]
        said = _dated(fact.value.text, fact.as_of)
        if not same_day:
            yield _difference(DriftState.OURS_ONLY, said, "", fact)
        elif any(_same(fact.value, each.value) for each in same_day):
            yield _difference(DriftState.SAME, said, said)
        else:
            yield _difference(DriftState.DISAGREE, said, _joined(each.value.text for each in same_day))
    for day, statement in sorted(told.items()):
        if not any(_same_time(day, fact.as_of) for fact in ours):
            newer = bool(latest and day > latest)
            yield _difference(
                DriftState.THEIRS_NEWER if newer else DriftState.THEIRS_ONLY, "", _dated(statement.value.text, day)
            )


def _joined(texts: Iterable[str]) -> str:
    return ", ".join(sorted(dict.fromkeys(texts)))


def _dated(text: str, day: str) -> str:
    return f"{text} ({day})" if day else text


def _qualifier(statement: ItemStatement | None, property_: str) -> str:
    values = statement.qualifiers.get(property_, ()) if statement else ()
    return values[0].text if values else ""


def _same_time(one: str, other: str) -> bool:
    """Two times are the same when the coarser one says so."""
    short = min(len(one), len(other))
    return one[:short] == other[:short] and (bool(short) or one == other)


def _same(one: ItemValue, other: ItemValue) -> bool:
    if "time" in {one.kind, other.kind}:
        return _same_time(one.text, other.text)
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
