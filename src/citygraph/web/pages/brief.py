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
_LAST_KNOWN: Final = frozenset({FactStatus.LAST_KNOWN, FactStatus.UNDATED})


@dataclass(frozen=True, slots=True)
class Governed:
    """A place and who speaks for it, which are one for a reader; one of them may be empty."""

    place: str = ""
    authority: str = ""

    def other_than(self, iri: str) -> str:
        """The other one of the two; empty when there is none."""
        return next((each for each in (self.authority, self.place) if each not in {"", iri}), "")


def governed(page: Page, iri: str) -> Governed | None:
    """The place and the authority that a page is of: one of each, who have no other; `None` for anything else."""
    kind = page.graph.kind_of(iri)
    is_place = kind is not None and kind.name in _PLACES
    if not is_place and _AUTHORITY not in page.graph.directory.classes(iri):
        return None
    others = governed_with(iri, page.graph.store)
    if is_place:
        authorities = [each for each in others if _AUTHORITY in page.graph.directory.classes(each)]
        return Governed(iri, authorities[0]) if len(authorities) == 1 else None
    alone = len(others) == 1 and governed_with(others[0], page.graph.store) == [iri]
    return Governed(others[0] if alone else "", iri)


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

    `of` is `authority`, `person` or `network`; `others` is what is known of other days.
    """

    of: str
    name: str
    sentence: str
    networks: tuple[NetworkBrief, ...]
    last_known: tuple[BriefLine, ...]
    others: tuple[BriefLine, ...]
    sources: tuple[CitedSource, ...]


def brief_of(page: Page, pair: Governed) -> Brief:
    """The brief of an authority, in the language and on the day of the page."""
    subject = pair.place or pair.authority
    writer = _Writer(page, subject, pair.authority, ties_of(pair.authority, page.graph.store))
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
    writer = _Writer(page, iri, iri if name == "person" else "", ties)
    return writer.brief(
        name, writer.offices if name == "person" else lambda holding: writer.of_network(holding, grades)
    )


class _Writer:
    """Says ties in words, and numbers their sources in the order in which they are said."""

    def __init__(self, page: Page, subject: str, holder: str, ties: Sequence[NetworkTie]) -> None:
        """The page of a subject; who is left out of its own lines is the `holder`."""
        self._page, self._subject, self._holder, self._words = page, subject, holder, page.words
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
        last_known = tuple(self.line(tie) for tie in away if self.code(tie) in _LAST_KNOWN)
        others = tuple(self.line(tie) for tie in away if self.code(tie) not in _LAST_KNOWN)
        return Brief(of, self.name, sentence(holding), networks, last_known, others, tuple(self.sources))

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
            holder=None if tie.holder == self._holder else formatter.iri(tie.holder),
            when=self._when(tie),
            numbers=self._numbers(tie.fact),
            since=self._begin(tie),
            status=shown_status(dated, formatter) if dated else None,
        )

    def _when(self, tie: NetworkTie) -> str:
        date, begin = self._page.formatter.date, self._begin(tie)
        if begin and tie.end:
            return f"{begin} – {date(tie.end)}"
        if begin:
            return self._words("brief.since", date=begin)
        return self._words("brief.until", date=date(tie.end)) if tie.end else ""

    def _begin(self, tie: NetworkTie) -> str:
        """When it began, no more exactly than the graph knows: a day between two is said as such."""
        date = self._page.formatter.date
        if tie.begin_within:
            first, last = tie.begin_within
            return self._words("brief.between", first=date(first), last=date(last))
        return date(tie.begin) if tie.begin else ""

    def _numbers(self, fact: Term) -> tuple[int, ...]:
        shown = cited_sources(self._cited.get(fact, ()), self._page.formatter, self._words)
        return tuple(self.sources.setdefault(each, len(self.sources) + 1) for each in shown)

    def sentence(self, holding: Sequence[NetworkTie]) -> str:
        """What the authority has on the day, counted."""
        own = [tie for tie in holding if tie.is_grade and tie.holder == self._holder]
        counted = {
            "member": {tie.network for tie in own if tie.is_member},
            "partner": {tie.network for tie in own if not tie.is_member},
            "leads": {tie.body for tie in holding if tie.leads and tie.body != tie.network},
            "board": {tie.body for tie in holding if tie.on_board},
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
