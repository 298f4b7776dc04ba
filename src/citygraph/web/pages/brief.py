"""The brief of a city with its authority, of a person or of a network: a sentence, who is what, and the sources; as a page and to take along."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from markupsafe import Markup

from citygraph.as_of import DatedStatus, FactStatus
from citygraph.graphs import LIFTED, lifted_graph
from citygraph.namespaces import PREFIXES
from citygraph.query import cite
from citygraph.query.entity import NetworkTie, governed_with, grades_in, offices_in, ties_of
from citygraph.rdf import Iri, Term
from citygraph.web.pages.facts import CitedSource, ShownStatus, cited_sources, shown_status
from citygraph.web.pages.page import Page
from citygraph.web.pages.take import source_address
from citygraph.web.pages.terms import ShownTerm

_AUTHORITY: Final = PREFIXES["cv"] + "PublicOrganisation"
_PLACES: Final = frozenset({"city", "place"})


@dataclass(frozen=True, slots=True)
class Governed:
    """A place and who speaks for it, which are one for a reader; either may be empty."""

    place: str = ""
    authorities: tuple[str, ...] = ()

    @property
    def one(self) -> str:
        """Of which the facts are told: the authority, and of a place that has several, the place."""
        return self.authorities[0] if len(self.authorities) == 1 else self.place

    def other_than(self, iri: str) -> str:
        """The other one of the two; empty when there is none, and when there are several."""
        return next((each for each in (self.one, self.place) if each not in {"", iri}), "")


def governed(page: Page, iri: str) -> Governed | None:
    """The place and the authorities that a page is of; of an authority the place that it alone has; `None` for anything else."""
    kind = page.graph.kind_of(iri)
    is_place = kind is not None and kind.name in _PLACES
    if not is_place and _AUTHORITY not in page.graph.directory.classes(iri):
        return None
    others = governed_with(iri, page.graph.store)
    if is_place:
        authorities = tuple(each for each in others if _AUTHORITY in page.graph.directory.classes(each))
        return Governed(iri, authorities) if authorities else None
    alone = len(others) == 1 and governed_with(others[0], page.graph.store) == [iri]
    return Governed(others[0] if alone else "", (iri,))


@dataclass(frozen=True, slots=True)
class BriefLine:
    """One tie in words: where, as what, who, when; `numbers` are those of its sources.

    `confirmed` is empty when its network says it for all, and when nobody has confirmed it.
    """

    network: ShownTerm
    role: str
    body: ShownTerm
    holder: ShownTerm | None
    when: str
    numbers: tuple[int, ...]
    confirmed: str = ""
    status: ShownStatus | None = None


@dataclass(frozen=True, slots=True)
class NetworkBrief:
    """What holds in one network; `confirmed` is when all of it was confirmed last, empty when that differs."""

    network: ShownTerm
    grades: tuple[BriefLine, ...]
    offices: tuple[BriefLine, ...]
    led: tuple[BriefLine, ...]
    confirmed: str


@dataclass(frozen=True, slots=True)
class Brief:
    """What an authority or a person is in networks on the day, or who does what in a network, best first.

    `of` is `authority`, `person` or `network`; `last_known` is too old to count, of what is `undated` nothing says when it
    held, and `others` is what is known of other days or was rejected. Each fact stands once.
    """

    of: str
    name: str
    sentence: str
    networks: tuple[NetworkBrief, ...]
    last_known: tuple[BriefLine, ...]
    undated: tuple[BriefLine, ...]
    others: tuple[BriefLine, ...]
    sources: tuple[CitedSource, ...]

    @property
    def away(self) -> tuple[tuple[str, tuple[BriefLine, ...]], ...]:
        """What does not hold on the day, by the word for why."""
        found = (("last_known", self.last_known), ("undated", self.undated), ("others", self.others))
        return tuple((key, lines) for key, lines in found if lines)


def brief_of(page: Page, pair: Governed) -> Brief:
    """The brief of a place and its authorities, in the language and on the day of the page."""
    ties = {tie.fact: tie for each in pair.authorities for tie in ties_of(each, page.graph.store, _lifted(page))}
    writer = _Writer(page, pair.place or pair.authorities[0], pair.authorities, list(ties.values()))
    return writer.brief("authority", writer.sentence)


def other_brief(page: Page, iri: str) -> Brief | None:
    """The brief of a network or of a person who has or had an office; `None` for anything else, or when nothing is known."""
    kind = page.graph.kind_of(iri)
    name = kind.name if kind is not None else ""
    if name not in {"network", "person"}:
        return None
    ties = (
        ties_of(iri, page.graph.store, _lifted(page))
        if name == "person"
        else offices_in(iri, page.graph.store, _lifted(page))
    )
    grades = grades_in(iri, page.graph.store) if name == "network" else {}
    if not ties and not grades:
        return None
    writer = _Writer(page, iri, (iri,) if name == "person" else (), ties)
    return writer.brief(
        name, writer.offices if name == "person" else lambda holding: writer.of_network(holding, grades)
    )


def _lifted(page: Page) -> Iri:
    return lifted_graph(page.graph.manifest.base, LIFTED[0])


class _Writer:
    """Says ties in words, and numbers their sources in the order in which they are said."""

    def __init__(self, page: Page, subject: str, holders: Sequence[str], ties: Sequence[NetworkTie]) -> None:
        """The page of a subject; who is the only one of the `holders` is left out of its own lines."""
        self._page, self._subject, self._holders, self._words = page, subject, holders, page.words
        self.name = page.graph.label(subject, page.language)
        self.ties = sorted(ties, key=self._order)
        facts = [tie.fact for tie in self.ties]
        self._cited = cite(facts, page.graph.store)
        self._statuses: dict[Term, DatedStatus] = page.graph.statuses(facts)
        self.sources: dict[CitedSource, int] = {}

    def brief(self, of: str, sentence: Callable[[Sequence[NetworkTie]], str]) -> Brief:
        """What holds in each network, what is last known, and what is past."""
        holding = [tie for tie in self.ties if tie.is_current]
        by_place: dict[str, list[NetworkTie]] = defaultdict(list)
        for tie in holding:
            # A network is read body by body.
            by_place[tie.body if of == "network" else tie.network].append(tie)
        first = sorted(by_place, key=lambda each: each != self._subject)
        networks = tuple(self.network(each, by_place[each]) for each in first)
        found: dict[FactStatus, list[BriefLine]] = defaultdict(list)
        for tie in (each for each in self.ties if not each.is_current):
            found[self.code(tie)].append(self.line(tie))
        last_known, undated = (tuple(found.pop(each, [])) for each in (FactStatus.LAST_KNOWN, FactStatus.UNDATED))
        others = tuple(line for status in FactStatus for line in found.get(status, []))
        sources = tuple(self.sources)
        return Brief(of, self.name, sentence(holding), networks, last_known, undated, others, sources)

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
        confirmed = sorted({self._confirmed(tie) for tie in ties})
        groups: dict[str, list[BriefLine]] = {"grades": [], "offices": [], "led": []}
        for tie in ties:
            kind = "grades" if tie.is_grade else "led" if tie.leads and tie.body != network else "offices"
            groups[kind].append(self.line(tie, confirmed=self._confirmed(tie) if confirmed[1:] else ""))
        return NetworkBrief(
            self._page.formatter.iri(network),
            tuple(groups["grades"]),
            tuple(groups["offices"]),
            tuple(groups["led"]),
            confirmed="" if confirmed[1:] else confirmed[0],
        )

    def _confirmed(self, tie: NetworkTie) -> str:
        """When somebody said last, up to the day, that it held."""
        day = self._page.graph.manifest.as_of
        latest = max((each for each in tie.known if each <= day[: len(each)]), default="")
        return self._page.formatter.date(latest)

    def line(self, tie: NetworkTie, *, confirmed: str = "") -> BriefLine:
        """One tie in words."""
        formatter = self._page.formatter
        dated = self._statuses.get(tie.fact)
        when = formatter.interval(tie.begin, tie.end)
        return BriefLine(
            network=formatter.iri(tie.network),
            role=self._page.graph.label(tie.role, self._page.language),
            body=formatter.iri(tie.body),
            holder=None if [tie.holder] == [*self._holders] else formatter.iri(tie.holder),
            when=when or (self._words("brief.since_unknown") if tie.is_grade and tie.is_current else ""),
            numbers=self._numbers(tie.fact),
            confirmed=self._words("news.confirmed", date=confirmed) if confirmed else "",
            status=shown_status(self._said_date(dated, tie), formatter) if dated else None,
        )

    def _numbers(self, fact: Term) -> tuple[int, ...]:
        shown = cited_sources(self._cited.get(fact, ()), self._page.formatter, self._words)
        return tuple(self.sources.setdefault(each, len(self.sources) + 1) for each in shown)

    def _said_date(self, dated: DatedStatus, tie: NetworkTie) -> DatedStatus:
        """The status without its date where the date is one between bounds, which the line tells."""
        at = {FactStatus.ENDED: tie.end, FactStatus.NOT_YET: tie.begin}.get(dated.status)
        return replace(dated, date="") if at and at.latest and dated.date in {at.exact, at.latest} else dated

    def sentence(self, holding: Sequence[NetworkTie]) -> str:
        """What the authority has on the day: what it is head of by name, all else counted, and nothing twice."""
        own = [tie for tie in holding if tie.is_grade and tie.holder in self._holders]
        heads = [tie for tie in holding if tie.leads and tie.body == tie.network]
        led = {tie.body: tie for tie in holding if tie.leads and tie.body != tie.network}
        member = {tie.network for tie in own if tie.is_member}
        boards = {tie.body for tie in holding if tie.on_board}
        counted = {
            "member": len(member),
            "through": len({tie.network for tie in holding if tie.is_grade} - {tie.network for tie in own}),
            "chairs": len(led.keys() & boards),
            "leads": sum(tie.in_group for tie in led.values()),
            "leads_body": len({body for body, tie in led.items() if not tie.in_group} - boards),
            "board": len(boards - led.keys()),
            "offices": sum(not (tie.is_grade or tie.leads or tie.on_board) for tie in holding),
        }
        said = {
            key: self._words(f"brief.{key}_{'one' if count == 1 else 'many'}", count=count)
            for key, count in counted.items()
            if count
        }
        first = [said.pop(key) for key in ("member",) if key in said]
        others = self._other_grades(tie for tie in own if tie.network not in member)
        what = [*first, *others, *dict.fromkeys(map(self._heads, heads)), *said.values()]
        if not what:
            return self._nothing()
        return self._words("brief.sentence", name=self.name, what=self._listed(what), day=self._day)

    def _other_grades(self, ties: Iterable[NetworkTie]) -> list[str]:
        """In how many networks the authority has each of the looser grades, by their names."""
        networks: dict[str, set[str]] = defaultdict(set)
        for tie in ties:
            networks[self._page.graph.label(tie.role, self._page.language)].add(tie.network)
        return [
            self._words(f"brief.as_{'one' if len(found) == 1 else 'many'}", role=role, count=len(found))
            for role, found in sorted(networks.items())
        ]

    def _heads(self, tie: NetworkTie) -> str:
        """That the authority is head of a network, or who is on its behalf."""
        key = "is_head" if tie.holder in self._holders else "has_head"
        label = self._page.graph.label
        names = (label(each, self._page.language) for each in (tie.role, tie.network, tie.holder))
        return self._words(f"brief.{key}", **dict(zip(("role", "network", "name"), names, strict=True)))

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
        heads: dict[str, dict[str, None]] = defaultdict(dict)
        for tie in holding:
            if tie.leads and tie.body == self._subject:
                heads[label(tie.role, language)][label(tie.holder, language)] = None
        said = [self._words("brief.head", role=role, name=self._listed([*names])) for role, names in heads.items()]
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
