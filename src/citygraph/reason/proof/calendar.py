"""The two rules before OWL, explained: why a membership counts on the reference date, or why it does not."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from citygraph.config import Duration
from citygraph.labels import Labels
from citygraph.messages import LANGUAGES, Text, text
from citygraph.namespaces import CG, PREFIXES
from citygraph.reason.closure import Atom, FlatRule, TripleText
from citygraph.reason.proof.facts import Facts
from citygraph.reason.proof.prover import EarlierRules, ProofStep
from citygraph.reason.rules import TYPE

AS_OF: Final = "as-of"
ROLE_PROPERTY: Final = "role-property"


def _iri(prefix: str, name: str) -> str:
    return f"<{CG if prefix == 'cg' else PREFIXES[prefix]}{name}>"


HAS_CURRENT: Final = _iri("cg", "hasCurrentMembership")
_REPRESENTED: Final = _iri("cg", "isRepresentedThrough")
_HAS_LIST: Final = _iri("cg", "hasCurrentList")
ROLE: Final = _iri("org", "role")
STANDS_FOR: Final = _iri("org", "roleProperty")
MEMBER: Final = _iri("org", "member")
ORGANIZATION: Final = _iri("org", "organization")
_BEHALF: Final = _iri("cg", "onBehalfOf")
_KNOWN: Final = _iri("cg", "asOf")
_DURING: Final = _iri("org", "memberDuring")
_BEGINNING: Final = _iri("time", "hasBeginning")
_END: Final = _iri("time", "hasEnd")
_DAYS: Final = tuple(_iri("time", name) for name in ("inXSDDate", "inXSDgYearMonth", "inXSDgYear"))
_NOT_AFTER: Final = _iri("cg", "dateNotAfter")
_NOT_BEFORE: Final = _iri("cg", "dateNotBefore")
_DISSOLVED: Final = _iri("schema", "dissolutionDate")
_STALE: Final = _iri("cg", "staleAfter")
_LIST_OF: Final = _iri("cg", "listOf")
_LIST: Final = _iri("cg", "CompletenessStatement")
_UNITS: Final = ("years", "months", "days")
_MEMBERSHIP: Final = _iri("org", "Membership")
_PROPERTIES: Final = (_iri("org", "memberOf"), _iri("org", "headOf"), _iri("cg", "associatedWith"))

ROLE_RULES: Final = tuple(
    FlatRule(
        ROLE_PROPERTY,
        Atom("?member", stands_for, "?body"),
        (
            Atom("?member", HAS_CURRENT, "?m"),
            Atom("?m", ORGANIZATION, "?body"),
            Atom("?m", ROLE, "?role"),
            Atom("?role", STANDS_FOR, stands_for),
        ),
        (),
    )
    for stands_for in _PROPERTIES
)
"""What a role stands for, as in `as_of`, as flat rules."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Whether a fact counts on the reference date, the statements that decide it, and why in words."""

    premises: tuple[TripleText, ...]
    why: Text
    counts: bool = False


@dataclass(frozen=True, slots=True)
class _Date:
    """A date as written, and the statements that lead to it."""

    text: str
    path: tuple[TripleText, ...]


class Calendar:
    """The rules of `as_of` over one graph and one reference date, one fact at a time."""

    def __init__(
        self,
        facts: Facts,
        *,
        as_of: date,
        stale_after: Duration,
        lists_stale_after: Duration,
        derived: Collection[TripleText],
        labels: Labels,
    ) -> None:
        """`derived` is what the rules before OWL gave: only that is explained here."""
        self._facts = facts
        self._as_of = as_of
        self._day = as_of.isoformat()
        self._stale_after = stale_after
        self._lists_stale_after = lists_stale_after
        self._derived = frozenset(derived)
        self._labels = labels

    def given(self) -> EarlierRules:
        """These rules, for proofs."""
        return EarlierRules(ROLE_RULES, self.steps)

    def steps(self, triple: TripleText) -> Sequence[ProofStep]:
        """Why this triple was derived before OWL; nothing for what the role rule gave, which is a rule like others."""
        counted = self.of(triple) if triple in self._derived else None
        return [ProofStep(AS_OF, counted.premises)] if counted is not None and counted.counts else []

    def of(self, triple: TripleText) -> Counted | None:
        """Whether and why the fact that this triple speaks of counts; None for other triples."""
        subject, predicate, fact = triple
        if predicate == HAS_CURRENT and self._stated(fact, MEMBER, subject):
            return self.membership(fact, (fact, MEMBER, subject))
        if predicate == _REPRESENTED and self._stated(fact, _BEHALF, subject):
            return self.membership(fact, (fact, _BEHALF, subject))
        if predicate == _HAS_LIST and self._stated(fact, _LIST_OF, subject):
            return self._list(fact, (fact, _LIST_OF, subject))
        return None

    def membership(self, fact: str, tie: TripleText) -> Counted:
        """Whether a membership counts as in `as_of`, condition by condition."""
        premises = [(fact, TYPE, _MEMBERSHIP), tie]
        ends = [self._first(fact, MEMBER), self._first(fact, ORGANIZATION), self._first(fact, ROLE)]
        for found, name in zip(ends, ("org:member", "org:organization", "org:role"), strict=True):
            if found is None:
                return Counted(tuple(premises), text("proofs.day.missing").filled(name=name))
        premises += [t for t in ends if t is not None and t not in premises]
        begins, finishes = self._span(fact, _BEGINNING, _DAYS), self._span(fact, _END, (*_DAYS, _NOT_AFTER))
        known = [_Date(_value(t[2]), (t,)) for t in self._facts.match(fact, _KNOWN, None) if self._facts.is_asserted(t)]
        # By the last day on which it may have begun it had, where no day is known; before the first it had not.
        if not known and not begins:
            known = self._span(fact, _BEGINNING, (_NOT_AFTER,))
        earliest = self._span(fact, _BEGINNING, (_NOT_BEFORE,))
        against = self._against((*begins, *earliest), finishes, [t[2] for t in ends[:2] if t is not None])
        if against is not None:
            return Counted((*premises, *against.premises), against.why)
        begun = [d for d in (*known, *begins) if d.text <= self._day[: len(d.text)]]
        if not begun:
            return Counted(tuple(premises), text("proofs.day.unknown").filled(day=self._day))
        role = ends[2][2] if ends[2] else ""
        period, from_role = self._period(role)
        fresh_from = period.before(self._as_of).isoformat()
        backed = [d for d in (*known, *begins, *finishes) if d.text >= fresh_from[: len(d.text)]]
        if not backed:
            latest = max((*known, *begins, *finishes), key=lambda d: d.text)
            why = text("proofs.day.stale").filled(last=latest.text, period=_in_words(period))
            return Counted((*premises, *latest.path), why)
        since, back = min(begun, key=lambda d: d.text), max(backed, key=lambda d: d.text)
        used = dict.fromkeys((*premises, *since.path, *back.path, *(t for d in finishes for t in d.path), *from_role))
        ended = text("proofs.day.ends").filled(end=finishes[0].text) if finishes else text("proofs.day.no_end")
        why = text("proofs.day.counts").filled(
            day=self._day, since=since.text, back=back.text, period=_in_words(period), ended=ended
        )
        return Counted(tuple(used), why, counts=True)

    def _against(self, begins: Sequence[_Date], finishes: Sequence[_Date], sides: Sequence[str]) -> Counted | None:
        """The first thing that speaks against a membership on the day."""
        for each in begins:
            if each.text > self._day[: len(each.text)]:
                return Counted(each.path, text("proofs.day.later").filled(begin=each.text, day=self._day))
        for each in finishes:
            if each.text < self._day[: len(each.text)]:
                return Counted(each.path, text("proofs.day.ended").filled(end=each.text, day=self._day))
        for side in sides:
            for triple in self._facts.match(side, _DISSOLVED, None):
                if _value(triple[2]) < self._day[: len(_value(triple[2]))]:
                    name = Text(*(self._labels.of(side[1:-1], language) for language in LANGUAGES))
                    return Counted((triple,), text("proofs.day.dissolved").filled(side=name, day=_value(triple[2])))
        return None

    def _list(self, fact: str, tie: TripleText) -> Counted:
        fresh_from = self._lists_stale_after.before(self._as_of).isoformat()
        words = _in_words(self._lists_stale_after)
        premises = ((fact, TYPE, _LIST), tie)
        for triple in self._facts.match(fact, _KNOWN, None):
            day = _value(triple[2])
            if fresh_from[: len(day)] <= day <= self._day[: len(day)]:
                why = text("proofs.day.list_counts").filled(day=self._day, known=day, period=words)
                return Counted((*premises, triple), why, counts=True)
        return Counted(premises, text("proofs.day.unknown").filled(day=self._day))

    def _stated(self, subject: str, predicate: str, object_: str) -> bool:
        return self._facts.is_asserted((subject, predicate, object_))

    def _first(self, subject: str, predicate: str) -> TripleText | None:
        return next((t for t in self._facts.match(subject, predicate, None) if self._facts.is_asserted(t)), None)

    def _span(self, fact: str, end: str, properties: Sequence[str]) -> list[_Date]:
        """The dates at one end of the membership's interval that these properties say."""
        return [
            _Date(_value(day[2]), (interval, bound, day))
            for interval in self._facts.match(fact, _DURING, None)
            for bound in self._facts.match(interval[2], end, None)
            for name in properties
            for day in self._facts.match(bound[2], name, None)
        ]

    def _period(self, role: str) -> tuple[Duration, tuple[TripleText, ...]]:
        """How long a fact with this role stays fresh, and the statement that says so."""
        found = self._first(role, _STALE)
        if found is not None:
            try:
                return Duration.parse(_value(found[2])), (found,)
            except ValueError:
                # The shape bad-role reports it; the default of graph.toml counts, as in the rule.
                return self._stale_after, ()
        return self._stale_after, ()


def _value(literal: str) -> str:
    """The text of a date; dates have no quotes and no escapes in them."""
    return literal[1:].partition('"')[0]


def _in_words(period: Duration) -> Text:
    parts = [(n, text(f"proofs.day.{unit}")) for unit in _UNITS if (n := getattr(period, unit))]
    parts = parts or [(0, text("proofs.day.days"))]
    return Text(" ".join(f"{n} {words.nb}" for n, words in parts), " ".join(f"{n} {words.en}" for n, words in parts))
