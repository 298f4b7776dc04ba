"""The brief of a city with its authority, of a person or of a network: a sentence, who is what, and the sources; as a page and to take along."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from citygraph.as_of import DatedStatus, FactStatus
from citygraph.namespaces import PREFIXES
from citygraph.query import cite
from citygraph.query.entity import NetworkTie, governed_with, grades_in, offices_in, ties_of
from citygraph.rdf import Term
from citygraph.web.pages.facts import CitedSource, ShownStatus, cited_sources, shown_status
from citygraph.web.pages.page import Page
from citygraph.web.pages.take import source_address
from citygraph.web.pages.terms import ShownTerm

_AUTHORITY: Final = PREFIXES["cv"] + "PublicOrganisation"
_PLACES: Final = frozenset({"city", "place"})


@dataclass(frozen=True, slots=True)
class Governed:
    """A place and who speaks for it, which are one for a reader when there is one of each; the place may be empty."""

    place: str
    authorities: tuple[str, ...]

    @property
    def subject(self) -> str:
        """Whose name the brief bears."""
        return self.place or self.authorities[0]

    @property
    def holder(self) -> str:
        """Whose ties the page is about: the authority, or the place of several."""
        return self.authorities[0] if len(self.authorities) == 1 else self.place

    def other_than(self, iri: str) -> str:
        """The other one of the two; empty when there is none, or more than one."""
        return next((each for each in (self.holder, self.place) if each not in {"", iri}), "")


def governed(page: Page, iri: str) -> Governed | None:
    """The place that a page is of and its authorities, or an authority and its only place; `None` for anything else."""
    kind = page.graph.kind_of(iri)
    is_place = kind is not None and kind.name in _PLACES
    if not is_place and _AUTHORITY not in page.graph.directory.classes(iri):
        return None
    others = governed_with(iri, page.graph.store)
    if is_place:
        authorities = [each for each in others if _AUTHORITY in page.graph.directory.classes(each)]
        return Governed(iri, tuple(authorities)) if authorities else None
    alone = len(others) == 1 and governed_with(others[0], page.graph.store) == [iri]
    return Governed(others[0] if alone else "", (iri,))


@dataclass(frozen=True, slots=True)
class BriefLine:
    """One tie in words: where, as what, who, when; `numbers` are those of its sources."""

    network: ShownTerm
    role: str
    body: ShownTerm
    holder: ShownTerm | None
    when: str
    numbers: tuple[int, ...]
    since: str = ""
    status: ShownStatus | None = None


@dataclass(frozen=True, slots=True)
class NetworkBrief:
    """What holds in one network."""

    network: ShownTerm
    grades: tuple[BriefLine, ...]
    offices: tuple[BriefLine, ...]
    led: tuple[BriefLine, ...]
    confirmed: str


@dataclass(frozen=True, slots=True)
class Brief:
    """What an authority or a person is in networks on the day, or who does what in a network, best first.

    `of` is `authority`, `person` or `network`; `others` is what is known of other days, `undated` what no day is known of.
    """

    of: str
    name: str
    sentence: str
    networks: tuple[NetworkBrief, ...]
    last_known: tuple[BriefLine, ...]
    undated: tuple[BriefLine, ...]
    others: tuple[BriefLine, ...]
    sources: tuple[CitedSource, ...]


def brief_of(page: Page, pair: Governed) -> Brief:
    """The brief of a place and its authorities, in the language and on the day of the page."""
    ties = {tie.fact: tie for each in pair.authorities for tie in ties_of(each, page.graph.store)}
    writer = _Writer(page, pair.subject, pair.authorities, [*ties.values()])
    return writer.brief("authority", writer.sentence)


def other_brief(page: Page, iri: str) -> Brief | None:
    """The brief of a network or of a person who has or had an office; `None` for anything else, or when nothing is known."""
    kind = page.graph.kind_of(iri)
    name = kind.name if kind is not None else ""
    if name not in {"network", "person"}:
        return None
    ties = ties_of(iri, page.graph.store) if name == "person" else offices_in(iri, page.graph.store)
    grades = grades_in(iri, page.graph.store) if name == "network" else {}
    if not ties and not grades:
        return None
    writer = _Writer(page, iri, (iri,) if name == "person" else (), ties)
    return writer.brief(
        name, writer.offices if name == "person" else lambda holding: writer.of_network(holding, grades)
    )


def day_in_words(page: Page, day: str, within: tuple[str, str] | None) -> str:
    """A day no more exactly than the graph knows it: one between two, or on one side of one, is said as such."""
    date = page.formatter.date
    if not within:
        return date(day) if day else ""
    first, last = within
    if first and last:
        return page.words("brief.between", first=date(first), last=date(last))
    return page.words("brief.or_later", date=date(first)) if first else page.words("brief.or_earlier", date=date(last))


class _Writer:
    """Says ties in words, and numbers their sources in the order in which they are said."""

    def __init__(self, page: Page, subject: str, own: Sequence[str], ties: Sequence[NetworkTie]) -> None:
        """The page of a subject; `own` is whom it is of, and one alone is left out of its own lines."""
        self._page, self._subject, self._own, self._words = page, subject, own, page.words
        self.name = page.graph.label(subject, page.language)
        self.ties = sorted(ties, key=self._order)
        facts = [tie.fact for tie in self.ties]
        self._cited = cite(facts, page.graph.store)
        self._statuses: dict[Term, DatedStatus] = page.graph.statuses(facts)
        self.sources: dict[CitedSource, int] = {}

    def brief(self, of: str, sentence: Callable[[Sequence[NetworkTie]], str]) -> Brief:
        """What holds in each network, what is last known, and what is past."""
        holding = [tie for tie in self.ties if tie.is_current]
        away = [tie for tie in self.ties if not tie.is_current]
        by_place: dict[str, list[NetworkTie]] = defaultdict(list)
        for tie in holding:
            # A network is read body by body.
            by_place[tie.body if of == "network" else tie.network].append(tie)
        first = sorted(by_place, key=lambda each: each != self._subject)
        networks = tuple(self.network(each, by_place[each]) for each in first)
        groups: dict[FactStatus, list[BriefLine]] = {}
        for status in (FactStatus.LAST_KNOWN, FactStatus.UNDATED):
            groups[status] = [self.line(tie) for tie in away if self.code(tie) is status]
        others = tuple(self.line(tie) for tie in away if self.code(tie) not in groups)
        last_known, undated = map(tuple, groups.values())
        return Brief(of, self.name, sentence(holding), networks, last_known, undated, others, tuple(self.sources))

    def _order(self, tie: NetworkTie) -> tuple[object, ...]:
        label = self._page.graph.label
        names = [label(each, self._page.language).casefold() for each in (tie.network, tie.body, tie.holder)]
        return (names[0], not tie.is_grade, *names[1:], str(tie.fact))

    def code(self, tie: NetworkTie) -> FactStatus:
        """Why a tie does not hold on the day."""
        dated = self._statuses.get(tie.fact)
        return dated.status if dated else FactStatus.UNDATED

    def network(self, network: str, ties: Sequence[NetworkTie]) -> NetworkBrief:
        """What holds in one network."""
        groups: dict[str, list[BriefLine]] = {"grades": [], "offices": [], "led": []}
        for tie in ties:
            kind = "grades" if tie.is_grade else "led" if tie.leads and tie.body != network else "offices"
            groups[kind].append(self.line(tie))
        confirmed = max((tie.confirmed for tie in ties), default="")
        return NetworkBrief(
            self._page.formatter.iri(network),
            tuple(groups["grades"]),
            tuple(groups["offices"]),
            tuple(groups["led"]),
            confirmed=self._page.formatter.date(confirmed) if confirmed else "",
        )

    def line(self, tie: NetworkTie) -> BriefLine:
        """One tie in words."""
        formatter = self._page.formatter
        dated = self._statuses.get(tie.fact)
        return BriefLine(
            network=formatter.iri(tie.network),
            role=self._page.graph.label(tie.role, self._page.language),
            body=formatter.iri(tie.body),
            holder=None if (tie.holder,) == tuple(self._own) else formatter.iri(tie.holder),
            when=self._when(tie),
            numbers=self._numbers(tie.fact),
            since=self._begin(tie),
            status=shown_status(dated, formatter) if dated else None,
        )

    def _when(self, tie: NetworkTie) -> str:
        begin, end = self._begin(tie), day_in_words(self._page, tie.end, tie.end_within)
        if begin and end:
            return f"{begin} – {end}"
        if begin:
            return self._words("brief.since", date=begin)
        return self._words("brief.until", date=end) if end else ""

    def _begin(self, tie: NetworkTie) -> str:
        return day_in_words(self._page, tie.begin, tie.begin_within)

    def _numbers(self, fact: Term) -> tuple[int, ...]:
        shown = cited_sources(self._cited.get(fact, ()), self._page.formatter, self._words)
        return tuple(self.sources.setdefault(each, len(self.sources) + 1) for each in shown)

    def sentence(self, holding: Sequence[NetworkTie]) -> str:
        """What the authority has on the day, counted."""
        own = [tie for tie in holding if tie.is_grade and tie.holder in self._own]
        heads = {tie.body for tie in holding if tie.leads}
        boards = {tie.body for tie in holding if tie.on_board}
        networks = {tie.network for tie in holding}
        counted = {
            "member": {tie.network for tie in own if tie.is_member},
            "partner": {tie.network for tie in own if not tie.is_member},
            "presides": heads & networks,
            "leads": heads - networks - boards,
            "chairs": heads & boards,
            "board": boards - heads,
        }
        said = [
            self._words(f"brief.{key}_{'one' if len(found) == 1 else 'many'}", count=len(found))
            for key, found in counted.items()
            if found
        ]
        return (
            self._words("brief.sentence", name=self.name, what=self._listed(said), day=self._day)
            if said
            else self._nothing()
        )

    @property
    def _day(self) -> str:
        return self._page.formatter.date(self._page.graph.manifest.as_of)

    def _nothing(self) -> str:
        return self._words("brief.nothing", name=self.name, day=self._day)

    def _listed(self, said: Sequence[str]) -> str:
        if len(said) == 1:
            return said[0]
        return self._words("brief.and", first=", ".join(said[:-1]), last=said[-1])

    def offices(self, holding: Sequence[NetworkTie]) -> str:
        """The offices of a person on the day."""
        label = self._page.graph.label
        said = [
            self._words(
                "brief.office", role=label(tie.role, self._page.language), body=label(tie.body, self._page.language)
            )
            for tie in holding
        ]
        return (
            self._words("brief.holds_office", name=self.name, what=self._listed(said), day=self._day)
            if said
            else self._nothing()
        )

    def of_network(self, holding: Sequence[NetworkTie], grades: Mapping[str, int]) -> str:
        """Who leads a network, and how many have each grade, as far as the graph knows them."""
        label, language = self._page.graph.label, self._page.language
        heads = [tie for tie in holding if tie.leads and tie.body == self._subject]
        said = [
            self._words("brief.head", role=label(tie.role, language), name=label(tie.holder, language)) for tie in heads
        ]
        counted = sorted(grades.items(), key=lambda each: (-each[1], each[0]))
        said += [self._words("brief.grade", role=label(role, language), count=count) for role, count in counted]
        if not said:
            return self._words("brief.no_network", name=self.name, day=self._day)
        return self._words("brief.network", name=self.name, what="; ".join(said), day=self._day)


# -- to take along ---------------------------------------------------------------------------------------


def mail_of(page: Page, brief: Brief, iri: str) -> Markup:
    """What an e-mail says of a brief, with the lasting address of its page at the end."""
    return page.say(
        "mail_brief.html", brief=brief, name=brief.name, iri=iri, address_of=lambda each: source_address(each, page)
    )
