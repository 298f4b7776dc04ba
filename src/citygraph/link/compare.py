"""Accepted links and our dated facts held against Wikidata."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from citygraph.findings import Finding, finding
from citygraph.link.facts import LinkFact
from citygraph.link.items import NONE, ItemStatement, ItemValue, WikidataItem, best_of, thing_of_item
from citygraph.link.properties import (
    BEGIN,
    CIRCA,
    CIRCUMSTANCES,
    DAY_OF,
    END,
    FOUNDED,
    MEMBER_OF,
    PROPERTIES,
    SEAT,
    SITE,
    CompareWay,
)
from citygraph.matching.things import Thing, plain_code
from citygraph.sssom import Mapping as Row
from citygraph.sssom import MappingSet

_SCHEME: Final = re.compile(r"^https?://(?:www\.)?", re.IGNORECASE)


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


def check_networks(rows: MappingSet, found: Iterable[LinkDifference], *, file: str) -> Iterator[Finding]:
    """The linked networks of which nothing that both sides say agrees: founding, seat and website, two of them or more.

    Args:
        rows: the mapping file.
        found: what `compare_facts` says of all linked things.
        file: the path of the mapping file, for the findings.
    """
    said: dict[str, list[LinkDifference]] = defaultdict(list)
    for each in found:
        if each.property_id in {FOUNDED, SEAT, SITE} and each.ours and each.theirs:
            said[each.subject_id].append(each)
    for row in linked_items(rows):
        compared = said[row.subject_id]
        if len(compared) > 1 and all(each.state is DriftState.DISAGREE for each in compared):
            words = "; ".join(f"{each.property_id}: {each.ours} | {each.theirs}" for each in compared)
            yield _about("link-unlike", row, file, said=words)


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


def compare_facts(
    subject_id: str, kinds: frozenset[str], facts: Iterable[LinkFact], item: WikidataItem, networks: frozenset[str]
) -> Iterator[LinkDifference]:
    """Every property of one linked thing, also where both say the same.

    Args:
        subject_id: the short name of the thing.
        kinds: what kind of thing it is; a place is not asked for its members, and a network not for its country.
        facts: our facts about it.
        item: what Wikidata says.
        networks: the items of our networks; other memberships of a city are none of our business.
    """
    by_property: dict[str, list[LinkFact]] = defaultdict(list)
    for fact in facts:
        by_property[fact.property].append(fact)
    asked = {each.id for each in PROPERTIES.values() if each.asked_of & kinds}
    for property_ in sorted({*by_property, *asked} & set(PROPERTIES)):
        ours = sorted(by_property[property_], key=lambda each: (each.value, each.begin, each.as_of, each.end))
        theirs = [each for each in item.statements if each.property == property_]
        if property_ == MEMBER_OF:
            theirs = [each for each in theirs if each.value.text in networks or not each.value.is_known]
        if any(each.value.kind == NONE for each in best_of(theirs)) and not item.of(property_):
            found = _against_none(ours)
        else:
            found = _WAYS[PROPERTIES[property_].way](ours, theirs)
        for each in found:
            yield replace(each, subject_id=subject_id, property_id=property_)


def _difference(state: DriftState, ours: str = "", theirs: str = "", fact: LinkFact | None = None) -> LinkDifference:
    return LinkDifference("", "", state, ours, theirs, fact)


def _against_none(ours: list[LinkFact]) -> Iterator[LinkDifference]:
    """A property of which they say that it has no value: whatever we say today disagrees."""
    for fact in ours:
        if fact.value.text and not fact.end:
            yield _difference(DriftState.DISAGREE, _said(fact), ItemValue(NONE, "").words)


# -- one value at a time ------------------------------------------------------------------------------


def _as_one(ours: list[LinkFact], theirs: list[ItemStatement]) -> Iterator[LinkDifference]:
    """A property with one value at a time: founded, seat, country, website; what nobody knows disagrees with nothing."""
    # What is over is not what the other side is asked about, unless there is nothing else.
    held = [fact for fact in ours if not fact.end] or ours
    best = best_of(theirs)
    known = [each for each in best if each.value.is_known]
    holding = [each for each in known if _end_of([each]) is None] or known
    if any(not fact.value.text for fact in held) or not (held or known):
        return
    said = _joined(fact.value.text for fact in held)
    told = _joined(each.value.words for each in holding)
    if not known:
        unknown = _joined(each.value.words for each in best)
        yield from (_difference(DriftState.OURS_ONLY, fact.value.text, unknown, fact) for fact in held)
    elif not held:
        yield _difference(DriftState.THEIRS_ONLY, "", told)
    elif any(_same(fact.value, each.value) for fact in held for each in holding if _end_of([each]) is None):
        yield _difference(DriftState.SAME, said, told)
    else:
        yield _other_value(held, known, holding)


def _other_value(held: list[LinkFact], known: list[ItemStatement], holding: list[ItemStatement]) -> LinkDifference:
    """None of theirs that holds today is ours: either they know of a change after our day, or somebody is wrong."""
    as_of = max(fact.as_of or fact.begin for fact in held)
    over = [each for each in known if any(_same(fact.value, each.value) for fact in held)]
    ends = [end for each in over if (end := _end_of([each])) is not None]
    words = [f"{each.value.words}{_until(_end_of([each]))}" for each in over]
    words += [each.value.words for each in holding if each not in over]
    state = DriftState.DISAGREE
    if ends:
        state = max((_state_of_end(end, as_of) for end in ends), key=_ORDER.index)
        state = DriftState.DISAGREE if state is DriftState.SAME and len(words) > len(over) and not as_of else state
    elif as_of and all(_is_after(_time_of(each, BEGIN), _day(as_of)) for each in holding):
        state = DriftState.THEIRS_NEWER
    return _difference(state, _joined(fact.value.text for fact in held), _joined(words))


_ORDER: Final = (DriftState.DISAGREE, DriftState.THEIRS_NEWER, DriftState.SAME)


# -- value by value -----------------------------------------------------------------------------------


def _by_value(ours: list[LinkFact], theirs: list[ItemStatement]) -> Iterator[LinkDifference]:
    """A property with several values, each with its time: who chairs, what one is a member of.

    Whatever they say and have not deprecated is known to them; of what we do not say only what they prefer is news.
    """
    told: dict[str, list[ItemStatement]] = defaultdict(list)
    for statement in theirs:
        if statement.value.is_known and statement.rank != "deprecated":
            told[statement.value.text].append(statement)
    facts = _terms(ours)
    for fact in facts:
        yield _compared_term(fact, told.get(fact.value.text, []))
    latest = max((fact.as_of or fact.begin for fact in ours), default="")
    for statements in _unknown_to_us(facts, best_of(theirs)):
        since = max((_time_of(each, BEGIN, DAY_OF) for each in statements), key=_span_of)
        state = DriftState.THEIRS_NEWER if _is_after(since, _day(latest)) else DriftState.THEIRS_ONLY
        yield _difference(state, "", _dated(statements[0].value.text, since.words if since.text else ""))


def _terms(ours: list[LinkFact]) -> list[LinkFact]:
    """Our facts, of those about one value that have neither beginning nor end only the latest, and none beside a term."""
    found: dict[tuple[str, str, str], LinkFact] = {}
    for fact in ours:
        found[fact.value.text, fact.begin, fact.end] = fact
    dated = {text for text, begin, end in found if begin or end}
    return [fact for (text, begin, end), fact in found.items() if begin or end or text not in dated]


def _unknown_to_us(facts: list[LinkFact], preferred: list[ItemStatement]) -> list[list[ItemStatement]]:
    """Theirs of a value that we do not have, or of a term that is none of ours, by value."""
    by_value: dict[str, list[ItemStatement]] = defaultdict(list)
    for each in preferred:
        mine = [fact for fact in facts if fact.value.text == each.value.text]
        # Without an end of ours nobody says that it is another term, and not the same.
        if each.value.is_known and all((fact.begin or fact.end) and _are_apart(fact, each) for fact in mine):
            by_value[each.value.text].append(each)
    return [by_value[text] for text in sorted(by_value)]


def _compared_term(fact: LinkFact, statements: list[ItemStatement]) -> LinkDifference:
    """One of ours against what they say of the same value."""
    if not statements:
        return _difference(DriftState.OURS_ONLY, _said(fact), "", fact)
    best = best_of(statements)
    # What they no longer prefer may still be the term that we speak of.
    tried = [*best, *(each for each in statements if each not in best)] if fact.begin or fact.end else best
    states = [(_state_of_term(fact, each), each) for each in tried]
    for wanted in (DriftState.SAME, DriftState.THEIRS_NEWER, DriftState.DISAGREE):
        found = [each for state, each in states if state is wanted]
        if found:
            words = sorted({_term_words(each) if wanted is not DriftState.SAME else each.value.text for each in found})
            return _difference(wanted, _said(fact), ", ".join(words))
    return _difference(DriftState.OURS_ONLY, _said(fact), _joined(map(_term_words, tried)), fact)


def _state_of_term(fact: LinkFact, statement: ItemStatement) -> DriftState:
    """How a term of theirs stands to one of ours; ours only when it is another term."""
    begin, end = _time_of(statement, BEGIN), _end_of([statement])
    if (fact.begin or fact.end) and _are_apart(fact, statement):
        return DriftState.OURS_ONLY
    if fact.begin and begin.text and not _same_time(_day(fact.begin), begin):
        return DriftState.DISAGREE
    if fact.end:
        return (
            DriftState.SAME
            if end is None or not end.is_known or _same_time(_day(fact.end), end)
            else DriftState.DISAGREE
        )
    if _is_after(begin, _day(fact.as_of)):
        return DriftState.DISAGREE
    return DriftState.SAME if end is None else _state_of_end(end, fact.as_of or fact.begin)


def _are_apart(fact: LinkFact, statement: ItemStatement) -> bool:
    """Whether one was over before the other began; what has no beginning or end is apart from nothing."""
    begin, end = _time_of(statement, BEGIN), _end_of([statement])
    is_before = end is not None and end.is_known and bool(fact.begin) and _is_after(_day(fact.begin), end)
    return is_before or bool(fact.end and _is_after(begin, _day(fact.end)))


def _term_words(statement: ItemStatement) -> str:
    begin = _time_of(statement, BEGIN)
    since = f" from {begin.words}" if begin.text else ""
    return f"{statement.value.text}{since}{_until(_end_of([statement]))}"


def _until(end: ItemValue | None) -> str:
    return "" if end is None else f" until {end.words if end.is_known else 'unknown'}"


def _end_of(statements: Iterable[ItemStatement]) -> ItemValue | None:
    """When what several statements say was over; nothing while one of them has no end."""
    found = [[each for each in one.qualifiers.get(END, ()) if each.kind != NONE] for one in statements]
    if not all(found):
        return None
    # Whoever knows a day knows more than one who does not.
    return max((each for ends in found for each in ends), key=_span_of, default=None)


def _state_of_end(end: ItemValue, as_of: str) -> DriftState:
    """How an end that only they know stands to the day on which we say that it still holds."""
    if not end.is_known:
        return DriftState.DISAGREE
    if not as_of or _same_time(end, _day(as_of)):
        return DriftState.SAME
    return DriftState.THEIRS_NEWER if _is_after(end, _day(as_of)) else DriftState.DISAGREE


# -- figures and codes --------------------------------------------------------------------------------


def _by_date(ours: list[LinkFact], theirs: list[ItemStatement]) -> Iterator[LinkDifference]:
    """Figures: each belongs to its day, and those count too that they no longer prefer."""
    told = [(_time_of(each, DAY_OF), each) for each in theirs if each.value.is_known and each.rank != "deprecated"]
    latest = max((fact.as_of for fact in ours), default="")
    for fact in ours:
        same_day = [each for day, each in told if _same(day, _day(fact.as_of))]
        said = _dated(fact.value.text, fact.as_of)
        if not same_day:
            yield _difference(DriftState.OURS_ONLY, said, "", fact)
        elif any(_same(fact.value, each.value) for each in same_day):
            yield _difference(DriftState.SAME, said, said)
        else:
            yield _difference(DriftState.DISAGREE, said, _joined(map(_figure, same_day)))
    for day, statement in sorted(told, key=lambda each: (_span_of(each[0]), each[1].value)):
        if not any(_same(day, _day(fact.as_of)) for fact in ours):
            state = DriftState.THEIRS_NEWER if _is_after(day, _day(latest)) else DriftState.THEIRS_ONLY
            yield _difference(state, "", _dated(_figure(statement), day.words))


def _figure(statement: ItemStatement) -> str:
    """A number, and that it is about that when they say so."""
    is_about = any(each.text == CIRCA for each in statement.qualifiers.get(CIRCUMSTANCES, ()))
    return f"{'~' if is_about else ''}{statement.value.text}"


def _by_code(ours: list[LinkFact], theirs: list[ItemStatement]) -> Iterator[LinkDifference]:
    """Identifiers: what else they have is their business."""
    known = [each for each in theirs if each.value.is_known and each.rank != "deprecated"]
    codes = {plain_code(each.value.text).casefold(): each.value.text for each in known}
    for fact in ours:
        code = plain_code(fact.value.text).casefold()
        if code in codes:
            yield _difference(DriftState.SAME, fact.value.text, codes[code])
        elif any(plain_code(other.value.text).casefold() in codes for other in ours):
            yield _difference(DriftState.OURS_ONLY, fact.value.text, _joined(codes.values()), fact)
        elif codes:
            yield _difference(DriftState.DISAGREE, fact.value.text, _joined(codes.values()))
        else:
            yield _difference(DriftState.OURS_ONLY, fact.value.text, "", fact)


_WAYS: Final[Mapping[CompareWay, Callable[[list[LinkFact], list[ItemStatement]], Iterator[LinkDifference]]]] = {
    CompareWay.ONE: _as_one,
    CompareWay.EACH: _by_value,
    CompareWay.DAY: _by_date,
    CompareWay.CODE: _by_code,
}


# -- values and times ---------------------------------------------------------------------------------


def _joined(texts: Iterable[str]) -> str:
    return ", ".join(sorted(dict.fromkeys(texts)))


def _dated(text: str, day: str) -> str:
    return f"{text} ({day})" if day else text


def _said(fact: LinkFact) -> str:
    """Ours with the day on which, or the term in which, it holds."""
    term = f"{fact.begin}–{fact.end}" if fact.begin or fact.end else fact.as_of
    return _dated(fact.value.text, term)


def _time_of(statement: ItemStatement, *properties: str) -> ItemValue:
    """The first time that is known of these qualifiers; one without a text when there is none."""
    given = ([each for each in statement.qualifiers.get(name, ()) if each.is_known] for name in properties)
    return next((min(each, key=_span_of) for each in given if each), _day(""))


def _day(text: str) -> ItemValue:
    return ItemValue("time", text)


_Span = tuple[tuple[int, int, int], tuple[int, int, int]]
_NEVER: Final[_Span] = ((-(10**12), 0, 0), (-(10**12), 0, 0))


def _span_of(value: ItemValue) -> _Span:
    """The first and the last day that it may mean; long ago when it is no time, as of an end that nobody knows."""
    try:
        return value.span
    except ValueError:
        return _NEVER


def _is_after(time: ItemValue, other: ItemValue) -> bool:
    """Whether a time lies after another, also when it is as early and the other as late as they may be."""
    return bool(time.text and other.text) and _span_of(time)[0] > _span_of(other)[1]


def _same_time(one: ItemValue, other: ItemValue) -> bool:
    """Two times are the same when the coarser one says so: 1996 is in the 1990s, and a day in its year."""
    (first, last), (begin, end) = _span_of(one), _span_of(other)
    if _NEVER in {(first, last), (begin, end)}:
        return one.text == other.text
    return first <= end and begin <= last


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
