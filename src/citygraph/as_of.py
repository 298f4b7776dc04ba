"""Which facts hold on a day: the one place that gives a fact time, before OWL, which cannot compare dates.

A fact is a membership, a completeness statement, or a direct statement with the claims (`cg:Claim`) beside it. Its dates
are `cg:asOf` (known to hold then) and the ends of its interval (`org:memberDuring`, of a claim `time:hasTime`). Dates are
compared as text cut to the coarser one: an end of 2021 does not end anything on 2021-06-01. docs/time.md has the rules.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from citygraph.config import Duration
from citygraph.errors import ConfigError
from citygraph.messages import sentence
from citygraph.namespaces import CG, CONCEPT, PREFIXES
from citygraph.rdf import Iri, Literal, Term, Triple
from citygraph.sources import RECORDS


def _iri(prefix: str, name: str) -> Iri:
    return Iri((CG if prefix == "cg" else PREFIXES[prefix]) + name)


TYPE: Final = _iri("rdf", "type")
AS_OF: Final = _iri("cg", "asOf")
_RANK, _DEPRECATED = _iri("cg", "rank"), Iri(CONCEPT + "rank-deprecated")
_STALE_AFTER, _LASTING = _iri("cg", "staleAfter"), _iri("cg", "isLasting")
_DURING: Final = frozenset((_iri("org", "memberDuring"), _iri("time", "hasTime")))
_BEGINNING, _END = _iri("time", "hasBeginning"), _iri("time", "hasEnd")
_INSTANT: Final = tuple(_iri("time", name) for name in ("inXSDDate", "inXSDgYearMonth", "inXSDgYear"))
_NOT_AFTER: Final = _iri("cg", "dateNotAfter")
_NOT_BEFORE: Final = _iri("cg", "dateNotBefore")
_MEMBER, _ORGANIZATION, _ROLE = _iri("org", "member"), _iri("org", "organization"), _iri("org", "role")
_BEHALF, _LIST_OF, _STANDS_FOR = _iri("cg", "onBehalfOf"), _iri("cg", "listOf"), _iri("org", "roleProperty")
_FOUNDED, _DISSOLVED = _iri("schema", "foundingDate"), _iri("schema", "dissolutionDate")
_SUBJECT, _PREDICATE, _OBJECT = (_iri("rdf", name) for name in ("subject", "predicate", "object"))
_MEMBERSHIP, _LIST, _CLAIM = _iri("org", "Membership"), _iri("cg", "CompletenessStatement"), _iri("cg", "Claim")
_HAS_CURRENT, _REPRESENTED = _iri("cg", "hasCurrentMembership"), _iri("cg", "isRepresentedThrough")
_HAS_LIST: Final = _iri("cg", "hasCurrentList")
_PROPERTIES: Final = frozenset((_iri("org", "memberOf"), _iri("org", "headOf"), _iri("cg", "associatedWith")))
"""The properties that a role may stand for: data can name no other."""
_ALWAYS: Final = frozenset(
    (
        *(_iri("skos", name) for name in ("prefLabel", "altLabel", "hiddenLabel", "notation")),
        *(_iri("rdfs", name) for name in ("label", "comment")),
        *(_iri("dct", name) for name in ("identifier", "title")),
        *(
            _FOUNDED,
            _DISSOLVED,
            _iri("prov", "wasDerivedFrom"),
            _iri("adms", "identifier"),
            _iri("org", "changedBy"),
            _iri("org", "resultedFrom"),
            _iri("schema", "sameAs"),
        ),
    )
)
"""What is said of a thing also on a day on which it is not there: what it is called, when it was, and who says so."""
_RECORDS: Final = frozenset(map(Iri, RECORDS))
_DATE_TYPES: Final = frozenset(_iri("xsd", name) for name in ("date", "gYearMonth", "gYear"))


class FactStatus(StrEnum):
    """What can be said of a fact on a day; the values are the ends of `concept:status-…`."""

    HOLDS = "holds"
    UNDATED = "undated"
    """A membership or a list of which nothing says since when, so that it never counts; an undated claim holds."""
    LAST_KNOWN = "last-known"
    """It has begun and not ended, and the latest confirmation is too old to count."""
    ENDED = "ended"
    NOT_YET = "not-yet"
    """It begins later, or nothing says before a later day that it held."""
    REJECTED = "rejected"
    """Its rank is deprecated: somebody has judged it wrong."""

    @property
    def concept(self) -> Iri:
        """The concept of the ontology that stands for it."""
        return Iri(f"{CONCEPT}status-{self.value}")


_BEST: Final = {status: place for place, status in enumerate(FactStatus)}


@dataclass(frozen=True, slots=True)
class DatedStatus:
    """The status of a fact on a day, and the date that decides: last confirmed, ended, or begun; empty without one."""

    status: FactStatus
    date: str = ""


@dataclass(frozen=True, slots=True)
class OnDay:
    """What the dates of the facts come to on one day.

    `current` is derived for the day. `lifted` would be derived besides if time did not count, and `rejected` if rank
    did not count either. `withheld` are the stated triples that do not hold, and `statuses` the facts and things of
    which that is so, why. What is said about facts in `deprecated` counts nowhere.
    """

    current: tuple[Triple, ...]
    lifted: tuple[Triple, ...]
    rejected: tuple[Triple, ...]
    withheld: Mapping[Triple, FactStatus]
    statuses: Mapping[Term, DatedStatus]
    deprecated: frozenset[Term]
    absent: frozenset[Term] = frozenset()
    """The things that are not there on the day."""

    def may_follow(self, triple: Triple) -> bool:
        """Whether a derived triple is of the day: nothing follows of a thing that is not there, such as its class."""
        return triple.subject not in self.absent or triple.predicate in _ALWAYS

    def holding(self, stated: Iterable[Triple]) -> list[Triple]:
        """Those of the stated triples that count on the day."""
        return [each for each in stated if each.subject not in self.deprecated and each not in self.withheld]

    def says_of_facts(self) -> list[Triple]:
        """The statuses as triples: `cg:status`, and `cg:statusDate` for the date that decides."""
        status, on = _iri("cg", "status"), _iri("cg", "statusDate")
        said: list[Triple] = []
        for fact, dated in self.statuses.items():
            if isinstance(fact, Iri):
                said.append(Triple(fact, status, dated.status.concept))
                if dated.date:
                    kind = ("gYear", "gYearMonth", "date")[min(dated.date.count("-"), 2)]
                    said.append(Triple(fact, on, Literal(dated.date, datatype=_iri("xsd", kind))))
        return said


CLOCK: Final = "CITYGRAPH_TODAY"
"""The variable of the environment that moves the day on which people read, for tests, docs and examples."""


def reading_day(pinned: date | None, *, today: date) -> date:
    """The day that answers hold for: the one that graph.toml pins, else today, where the clock stands.

    Raises:
        ConfigError: the environment moves the clock to what is no day.
    """
    moved = os.environ.get(CLOCK, "")
    if pinned is not None or not moved:
        return pinned or today
    try:
        return date.fromisoformat(moved)
    except ValueError as error:
        raise ConfigError(
            sentence("project.clock", name=CLOCK, value=moved), fix=sentence("project.clock_next", name=CLOCK)
        ) from error


def facts_on(stated: Sequence[Triple], *, as_of: date, stale_after: Duration, lists_stale_after: Duration) -> OnDay:
    """Which facts hold on a day, and what the rules before OWL derive from them, each in a stable order.

    Args:
        stated: what the files state, the ontology among it.
        as_of: the day.
        stale_after: how long a fact counts when its role, or the property of its claim, does not say.
        lists_stale_after: how long a completeness statement counts.
    """
    return _Calendar(stated, as_of, stale_after, lists_stale_after).on_day()


@dataclass(frozen=True, slots=True)
class _Dates:
    """The dates of a fact: on `known` it held, or had begun at the latest; before `earliest` it had not begun."""

    begins: Sequence[str] = ()
    ends: Sequence[str] = ()
    known: Sequence[str] = ()
    earliest: Sequence[str] = ()

    def status(self, day: str, fresh_from: str) -> DatedStatus:
        """The status by these dates alone; `fresh_from` is the first day whose confirmations count."""
        for begin in (*self.begins, *self.earliest):
            if begin > day[: len(begin)]:
                return DatedStatus(FactStatus.NOT_YET, begin)
        for end in self.ends:
            if end < day[: len(end)]:
                return DatedStatus(FactStatus.ENDED, end)
        said = [*self.known, *self.begins]
        if not said:
            return DatedStatus(FactStatus.UNDATED)
        if all(each > day[: len(each)] for each in said):
            return DatedStatus(FactStatus.NOT_YET, min(said))
        if all(each < fresh_from[: len(each)] for each in (*said, *self.ends)):
            return DatedStatus(FactStatus.LAST_KNOWN, max(said))
        return DatedStatus(FactStatus.HOLDS, max(each for each in said if each <= day[: len(each)]))


class _Calendar:
    """The statements of one graph that say when, by predicate and subject."""

    def __init__(self, stated: Sequence[Triple], as_of: date, stale_after: Duration, lists: Duration) -> None:
        self._as_of, self._day = as_of, as_of.isoformat()
        self._stale_after, self._lists = stale_after, lists
        self._stated = stated
        self._by: dict[Term, dict[Term, list[Term]]] = defaultdict(lambda: defaultdict(list))
        for subject, predicate, object_ in ((t.subject, t.predicate, t.object) for t in stated):
            if predicate in _READ:
                self._by[predicate][subject].append(object_)
        types = self._by[TYPE]
        self._memberships = [each for each, classes in types.items() if _MEMBERSHIP in classes]
        self._records = {each for each, classes in types.items() if not _RECORDS.isdisjoint(classes)}
        self.deprecated = frozenset(each for each, ranks in self._by[_RANK].items() if _DEPRECATED in ranks)
        self._fresh: dict[Term, str] = {}
        self._statuses: dict[Term, DatedStatus] = {}

    def on_day(self) -> OnDay:
        withheld = self._withheld_statements()
        absent = self._absent_things(withheld)
        derived: dict[FactStatus, list[Triple]] = defaultdict(list)
        for kind, triple in (*self._memberships_derived(absent), *self._lists_derived()):
            derived[kind].append(triple)
        withheld |= self._statements_of(absent)
        self._statuses |= {each: DatedStatus(FactStatus.REJECTED) for each in self.deprecated}
        current = dict.fromkeys(derived[FactStatus.HOLDS])
        lifted = dict.fromkeys(each for each in derived[FactStatus.LAST_KNOWN] if each not in current)
        rejected = dict.fromkeys(t for t in derived[FactStatus.REJECTED] if t not in current and t not in lifted)
        return OnDay(
            current=tuple(sorted(current, key=str)),
            lifted=tuple(sorted(lifted, key=str)),
            rejected=tuple(sorted(rejected, key=str)),
            withheld=withheld,
            statuses={each: dated for each, dated in self._statuses.items() if dated.status is not FactStatus.HOLDS},
            deprecated=self.deprecated,
            absent=frozenset(absent),
        )

    # -- dates ------------------------------------------------------------------------------------

    def _dates(self, fact: Term) -> _Dates:
        intervals = [each for during in _DURING for each in self._by[during].get(fact, ())]
        begins = [at for each in intervals for at in self._by[_BEGINNING].get(each, ())]
        ends = [at for each in intervals for at in self._by[_END].get(each, ())]
        begun, known = self._texts(begins, _INSTANT), self._texts([fact], (AS_OF,))
        if not begun and not known:
            # By the last day on which it may have begun it had.
            known = self._texts(begins, (_NOT_AFTER,))
        return _Dates(
            begins=begun,
            ends=self._texts(ends, (*_INSTANT, _NOT_AFTER)),
            known=known,
            earliest=self._texts(begins, (_NOT_BEFORE,)),
        )

    def _texts(self, things: Iterable[Term], properties: Sequence[Iri]) -> list[str]:
        values = (value for thing in things for each in properties for value in self._by[each].get(thing, ()))
        return [value.value for value in values if isinstance(value, Literal)]

    def _fresh_from(self, teller: Term) -> str:
        """The first day whose confirmations count for facts with this role, or claims of this property."""
        if teller not in self._fresh:
            period = self._stale_after
            for each in self._by[_STALE_AFTER].get(teller, ()):
                try:
                    period = Duration.parse(each.value) if isinstance(each, Literal) else period
                except ValueError:
                    # The shape bad-role reports it; meanwhile the default of graph.toml counts.
                    continue
            self._fresh[teller] = period.before(self._as_of).isoformat()
        return self._fresh[teller]

    # -- memberships and lists --------------------------------------------------------------------

    def _memberships_derived(self, absent: Mapping[Term, DatedStatus]) -> Iterator[tuple[FactStatus, Triple]]:
        """What each membership gives, by what it takes for it: that it holds, that time is lifted, that rank is too."""
        for fact in self._memberships:
            # What stands there as text is told as that, and is no member.
            members = _things(self._by[_MEMBER].get(fact, ()))
            bodies = _things(self._by[_ORGANIZATION].get(fact, ()))
            roles = [each for each in self._by[_ROLE].get(fact, ()) if isinstance(each, Iri)]
            if not members or not bodies or not roles:
                # The shapes report it.
                continue
            dated = self._status_of_membership(fact, roles)
            living = [each for each in members if not self._is_over(absent, each)]
            is_open = dated.status in (FactStatus.HOLDS, FactStatus.LAST_KNOWN, FactStatus.UNDATED)
            if is_open and (not living or all(self._is_over(absent, each) for each in bodies)):
                gone = next(each for each in (*members, *bodies) if self._is_over(absent, each))
                dated = DatedStatus(FactStatus.ENDED, absent[gone].date)
            self._statuses[fact] = dated
            there = living if dated.status is FactStatus.HOLDS else []
            given = FactStatus.LAST_KNOWN if fact not in self.deprecated else FactStatus.REJECTED
            for member in members:
                kind = FactStatus.HOLDS if member in there and fact not in self.deprecated else given
                yield kind, _triple(member, _HAS_CURRENT, fact)
                for role in roles:
                    for stands_for in _PROPERTIES.intersection(self._by[_STANDS_FOR].get(role, ())):
                        for body in bodies:
                            yield kind, _triple(member, stands_for, body)
            kind = FactStatus.HOLDS if there and fact not in self.deprecated else given
            for represented in _things(self._by[_BEHALF].get(fact, ())):
                yield kind, _triple(represented, _REPRESENTED, fact)

    def _status_of_membership(self, fact: Term, roles: Sequence[Iri]) -> DatedStatus:
        dates = self._dates(fact)
        found = [dates.status(self._day, self._fresh_from(role)) for role in roles]
        return min(found, key=lambda each: _BEST[each.status])

    def _is_over(self, absent: Mapping[Term, DatedStatus], thing: Term) -> bool:
        return thing in absent and absent[thing].status is FactStatus.ENDED

    def _lists_derived(self) -> Iterator[tuple[FactStatus, Triple]]:
        fresh_from = self._lists.before(self._as_of).isoformat()
        for fact, organizations in self._by[_LIST_OF].items():
            if _LIST not in self._by[TYPE].get(fact, ()):
                continue
            known = self._texts([fact], (AS_OF,))
            # A later list says nothing of the day: it confirms its own members alone.
            earlier = [each for each in known if each <= self._day[: len(each)]]
            dated = _Dates(known=earlier or known).status(self._day, fresh_from)
            self._statuses[fact] = dated
            kind = FactStatus.HOLDS if dated.status is FactStatus.HOLDS else FactStatus.LAST_KNOWN
            for organization in _things(organizations):
                yield FactStatus.REJECTED if fact in self.deprecated else kind, _triple(organization, _HAS_LIST, fact)

    # -- direct statements ------------------------------------------------------------------------

    def _withheld_statements(self) -> dict[Triple, FactStatus]:
        """The stated triples whose claims speak of another time, and what that makes of them."""
        claims: dict[tuple[Term, Term, Term], list[DatedStatus]] = defaultdict(list)
        for claim, subjects in self._by[_SUBJECT].items():
            if _CLAIM not in self._by[TYPE].get(claim, ()) or claim in self.deprecated:
                continue
            for predicate in self._by[_PREDICATE].get(claim, ()):
                for object_ in self._by[_OBJECT].get(claim, ()):
                    for subject in subjects:
                        dated = self._status_of_claim(claim, subject, predicate, object_)
                        self._statuses[claim] = dated
                        claims[subject, predicate, object_].append(dated)
        best = {key: min(found, key=lambda each: _BEST[each.status]).status for key, found in claims.items()}
        away = {key: status for key, status in best.items() if status is not FactStatus.HOLDS}
        return {t: away[key] for t in self._stated if (key := (*t,)) in away} if away else {}

    def _status_of_claim(self, claim: Term, subject: Term, predicate: Term, object_: Term) -> DatedStatus:
        dates = self._dates(claim)
        dated = dates.status(self._day, self._fresh_from(predicate))
        # What happened on a day stays true whoever says so when; what is said of a record goes with the record.
        is_date = isinstance(object_, Literal) and object_.datatype in _DATE_TYPES
        is_lasting = is_date or subject in self._records or predicate in self._by[_LASTING]
        begun = not any(each > self._day[: len(each)] for each in dates.begins)
        if is_lasting and begun and dated.status in (FactStatus.NOT_YET, FactStatus.LAST_KNOWN):
            return DatedStatus(FactStatus.HOLDS, dated.date)
        return dated if dated.status is not FactStatus.UNDATED else DatedStatus(FactStatus.HOLDS)

    def _absent_things(self, withheld: Mapping[Triple, FactStatus]) -> dict[Term, DatedStatus]:
        """The things that are not there on the day: founded later, or dissolved before."""
        absent: dict[Term, DatedStatus] = {}
        for property_, status, is_so in (
            (_FOUNDED, FactStatus.NOT_YET, str.__gt__),
            (_DISSOLVED, FactStatus.ENDED, str.__lt__),
        ):
            for thing, dates in self._by[property_].items():
                for day in dates:
                    if not isinstance(day, Literal) or not is_so(day.value, self._day[: len(day.value)]):
                        continue
                    if _triple(thing, property_, day) not in withheld and thing not in self.deprecated:
                        absent[thing] = DatedStatus(status, day.value)
        self._statuses |= absent
        return absent

    def _statements_of(self, absent: Mapping[Term, DatedStatus]) -> dict[Triple, FactStatus]:
        """What is said of things that are not there, by themselves and by others; records of facts keep their ends."""
        if not absent:
            return {}
        found: dict[Triple, FactStatus] = {}
        for triple in self._stated:
            if triple.predicate in _ALWAYS:
                continue
            if triple.subject in absent:
                found[triple] = absent[triple.subject].status
            elif triple.object in absent and triple.subject not in self._records:
                found[triple] = absent[triple.object].status
        return found


def _things(terms: Iterable[Term]) -> list[Term]:
    return [each for each in terms if not isinstance(each, Literal)]


def _triple(subject: Term, predicate: Iri, object_: Term) -> Triple:
    """A triple whose subject is known to be no literal: it stood as one, or as a member."""
    return Triple(subject, predicate, object_)  # type: ignore[arg-type]


_READ: Final = frozenset((
    TYPE, AS_OF, _RANK, _STALE_AFTER, _LASTING, *_DURING, _BEGINNING, _END, *_INSTANT, _NOT_AFTER, _NOT_BEFORE, _MEMBER, _ORGANIZATION, _ROLE,
    _BEHALF, _LIST_OF, _STANDS_FOR, _FOUNDED, _DISSOLVED, _SUBJECT, _PREDICATE, _OBJECT,
))  # fmt: skip
