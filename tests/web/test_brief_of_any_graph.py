"""The brief of a city in graphs made for it: each fact stands once, under its own status, with its own dates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from types import SimpleNamespace
from typing import Final, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citygraph.as_of import DatedStatus, FactStatus, facts_on
from citygraph.config import Duration
from citygraph.dates import KnownDate, interval_in_words
from citygraph.graphs import LIFTED, lifted_graph
from citygraph.namespaces import CG, CONCEPT, PREFIXES
from citygraph.query import statuses_of
from citygraph.query.entity import ties_of
from citygraph.rdf import DefaultGraph, Iri, Quad, Triple, parse
from citygraph.store import MemoryStore
from citygraph.web.pages.brief import Brief, BriefLine, Governed, brief_of
from citygraph.web.pages.i18n import Words
from citygraph.web.pages.page import Page
from citygraph.web.pages.terms import ShownTerm

BASE: Final = "https://w3id.org/citygraph/"
ID: Final = f"{BASE}id/"
PREAMBLE: Final = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in PREFIXES.items()) + (
    f"@prefix cg: <{CG}> .\n@prefix concept: <{CONCEPT}> .\n@prefix id: <{ID}> .\n"
)
ROLES: Final = """
concept:role-full-member skos:broader concept:role-grade ; org:roleProperty org:memberOf .
concept:role-observer skos:broader concept:role-grade .
concept:role-president skos:broader concept:role-office ; org:roleProperty org:headOf .
concept:role-chair skos:broader concept:role-office ; org:roleProperty org:headOf .
concept:role-board-member skos:broader concept:role-office .
concept:role-speaker skos:broader concept:role-office .
id:net a cg:CityNetwork . id:other a cg:CityNetwork .
id:board org:unitOf id:net ; org:classification concept:body-board .
id:group org:unitOf id:net ; a cg:WorkingGroup .
id:below org:unitOf id:board .
"""


def brief_on(day: str, text: str, pair: Governed) -> Brief:
    """The English brief in a graph of a day; things are called by the ends of their addresses."""
    return brief_of(page_on(day, text), pair)


def page_on(day: str, text: str) -> Page:
    """What a brief needs of a page, over the statements of a Turtle text on a day."""
    parsed = parse((PREAMBLE + ROLES + text).encode(), format="ttl")
    assert not parsed.problems, parsed.problems
    stated = [quad.triple for quad in parsed.quads]
    year = Duration.parse("P1Y")
    found = facts_on(stated, as_of=date.fromisoformat(day), stale_after=Duration.parse("P5Y"), lists_stale_after=year)
    kind, holds = Iri(PREFIXES["rdf"] + "type"), Iri(CG + "hasCurrentMembership")
    current = [
        Triple(t.object, kind, Iri(CG + "CurrentMembership"))
        for t in found.current
        if t.predicate == holds and isinstance(t.object, Iri)
    ]
    ever, about = lifted_graph(BASE, LIFTED[0]), lifted_graph(BASE, LIFTED[-1])
    store = MemoryStore(
        _quads((*(t for t in stated if t not in found.withheld), *found.current, *current)),
        apart=[*_quads(found.withheld, ever), *_quads(found.says_of_facts(), about)],
    )
    graph = SimpleNamespace(
        store=store,
        manifest=SimpleNamespace(as_of=day, base=BASE),
        label=lambda iri, _: _name(iri),
        statuses=lambda facts: statuses_of(facts, store, about),
    )
    formatter = SimpleNamespace(
        iri=lambda iri: ShownTerm(_name(iri)),
        date=lambda value: value,
        interval=lambda begin, end: interval_in_words(begin, end, "en"),
        language="en",
    )
    return cast("Page", SimpleNamespace(graph=graph, language="en", words=Words("en"), formatter=formatter))


def _quads(triples: Iterable[Triple], graph: Iri | None = None) -> list[Quad]:
    return [Quad(t.subject, t.predicate, t.object, graph or DefaultGraph()) for t in triples]


def _name(iri: str) -> str:
    return iri.rpartition("/")[2].removeprefix("role-")


def fact(name: str, who: str = "city", body: str = "net", role: str = "full-member", more: str = "") -> str:
    """A membership or an office as Turtle."""
    return f"id:{name} a org:Membership ; org:member id:{who} ; org:organization id:{body} ; org:role concept:role-{role} {more}.\n"


def dated(name: str, end: str, at: KnownDate) -> str:
    """The beginning or the end of the interval of a fact as Turtle."""
    kinds = {4: ("inXSDgYear", "gYear"), 7: ("inXSDgYearMonth", "gYearMonth"), 10: ("inXSDDate", "date")}
    text = f"id:{name} org:memberDuring id:{name}-during . id:{name}-during time:{end} id:{name}-{end} . id:{name}-{end} a time:Instant .\n"
    if at.exact:
        property_, kind = kinds[len(at.exact)]
        text += f'id:{name}-{end} time:{property_} "{at.exact}"^^xsd:{kind} .\n'
    for property_, value in (("dateNotBefore", at.earliest), ("dateNotAfter", at.latest)):
        text += f'id:{name}-{end} cg:{property_} "{value}"^^xsd:date .\n' if value else ""
    return text


CITY: Final = Governed(f"{ID}place", (f"{ID}city",))
NOW: Final = '; cg:asOf "2020-11-05"^^xsd:date '


def all_lines(brief: Brief) -> list[BriefLine]:
    holding = [line for each in brief.networks for line in (*each.grades, *each.offices, *each.led)]
    return [*holding, *brief.last_known, *brief.undated, *brief.others]


# -- whatever the dates --------------------------------------------------------------------------------------

_DAYS: Final = ["2009-03-01", "2014-06-30", "2018-11-05", "2021-12-31"]
_EXACT: Final = st.builds(KnownDate, st.sampled_from(["2010", "2014-06", "2018-03-01", "2020", "2023"]))
_BOUNDED: Final = st.builds(
    lambda days, is_open: KnownDate("", "" if is_open else min(days), max(days)),
    st.tuples(st.sampled_from(_DAYS), st.sampled_from(_DAYS)),
    st.booleans(),
)
_DATES: Final = st.one_of(st.just(KnownDate()), _EXACT, _BOUNDED)


_ROLES_HELD: Final = [
    ("net", "full-member"),
    ("other", "observer"),
    ("net", "president"),
    ("board", "chair"),
    ("board", "board-member"),
    ("group", "chair"),
    ("below", "speaker"),
]


@st.composite
def some_facts(draw: st.DrawFn) -> tuple[str, dict[str, tuple[KnownDate, KnownDate]]]:
    """Facts of a city in all ways that data can tell them, and their dates by name."""
    text, known = "", {}
    for number in range(draw(st.integers(1, 6))):
        name = f"m{number}"
        who = draw(st.sampled_from(["city", "mayor", "agency"]))
        more = "; cg:onBehalfOf id:city " if who == "mayor" else ""
        body, role = draw(st.sampled_from(_ROLES_HELD))
        text += fact(name, who, body, role, more)
        known[name] = draw(_DATES), draw(_DATES)
        text += "".join(
            dated(name, end, at) for end, at in zip(("hasBeginning", "hasEnd"), known[name], strict=True) if at
        )
        for each in draw(st.lists(st.sampled_from(["2010", "2016-02", "2019-06-30", "2022"]), max_size=2)):
            text += f'id:{name} cg:asOf "{each}" .\n'
        text += f"id:{name} cg:rank concept:rank-deprecated .\n" if draw(st.integers(0, 5)) == 0 else ""
    text += "id:agency org:transitiveSubOrganizationOf id:city .\n"
    if draw(st.booleans()):
        text += f'id:net schema:{draw(st.sampled_from(["foundingDate", "dissolutionDate"]))} "2017"^^xsd:gYear .\n'
    return text, known


@given(some_facts(), st.sampled_from(["2008-01-01", "2016-06-01", "2020-11-05", "2028-01-01"]))
def test_every_fact_stands_once_under_its_status_with_its_own_dates(
    made: tuple[str, dict[str, tuple[KnownDate, KnownDate]]], day: str
) -> None:
    text, known = made
    page = page_on(day, text)
    ties = {
        _name(str(tie.fact).strip("<>")): tie
        for tie in ties_of(CITY.one, page.graph.store, lifted_graph(BASE, "stated"))
    }
    assert ties.keys() == known.keys()
    statuses: dict[str, DatedStatus] = {
        _name(str(node).strip("<>")): each
        for node, each in page.graph.statuses(Iri(ID + name) for name in known).items()
    }
    assert {name for name, tie in ties.items() if tie.is_current} == known.keys() - statuses.keys()
    brief = brief_of(page, CITY)
    wanted: Counter[tuple[str, str, str, str]] = Counter()
    for name, tie in ties.items():
        assert (tie.begin, tie.end) == known[name]
        when = interval_in_words(tie.begin, tie.end, "en")
        is_quiet = tie.is_grade and tie.is_current and not when
        status = statuses[name].status if name in statuses else FactStatus.HOLDS
        wanted[status, _name(tie.body), _name(tie.role), "since when is not known" if is_quiet else when] += 1
    places = [
        ([line for each in brief.networks for line in (*each.grades, *each.offices, *each.led)], {FactStatus.HOLDS}),
        (brief.last_known, {FactStatus.LAST_KNOWN}),
        (brief.undated, {FactStatus.UNDATED}),
        (brief.others, {FactStatus.ENDED, FactStatus.NOT_YET, FactStatus.REJECTED}),
    ]
    found: Counter[tuple[str, str, str, str]] = Counter()
    for lines, allowed in places:
        for line in lines:
            status = FactStatus(line.status.code) if line.status else FactStatus.HOLDS
            assert status in allowed
            found[status, line.body.text, line.role, line.when] += 1
    assert found == wanted
    assert (
        "knows of no membership" not in brief.sentence if brief.networks else "knows of no membership" in brief.sentence
    )


# -- one case each -------------------------------------------------------------------------------------------


def test_a_second_grade_has_its_own_since() -> None:
    text = fact("a", more=NOW) + fact("b", role="observer", more=NOW)
    text += dated("b", "hasBeginning", KnownDate("2015"))
    (net,) = brief_on("2020-11-05", text, CITY).networks
    assert [(line.role, line.when) for line in net.grades] == [
        ("full-member", "since when is not known"),
        ("observer", "since 2015"),
    ]


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (KnownDate(latest="2021-06-30"), "until 30 June 2021 at the latest"),
        (KnownDate(earliest="2021-01-01", latest="2021-06-30"), "until a day between 1 January 2021 and 30 June 2021"),
        (KnownDate("2021", "2021-01-01", "2021-12-31"), "until 2021"),
    ],
)
def test_an_end_is_told_no_more_exactly_than_it_is_known(end: KnownDate, words: str) -> None:
    text = fact("a", more=NOW) + dated("a", "hasEnd", end)
    (holds,) = brief_on("2020-12-31", text, CITY).networks
    assert holds.grades[0].when == words
    (ended,) = brief_on("2022-01-01", text, CITY).others
    assert ended.when == words
    assert ended.status is not None
    assert ended.status.words == "ended", "the line has the bounds"


def test_what_nobody_dated_is_not_called_last_known() -> None:
    brief = brief_on("2020-11-05", fact("a"), CITY)
    assert not brief.last_known
    assert [line.status.words for line in brief.undated if line.status] == ["undated"]
    assert [key for key, _ in brief.away] == ["undated"]


def test_a_confirmation_is_that_of_the_fact_and_not_of_a_later_day() -> None:
    later = NOW.replace("2020-11-05", "2024-01-01")
    text = fact("a", more=NOW.replace("2020-11-05", "2018")) + 'id:a cg:asOf "2025" .\n'
    text += fact("b", body="board", role="board-member", more=NOW) + fact("c", body="other", more=later)
    brief = brief_on("2020-11-05", text, CITY)
    (net,) = brief.networks
    assert (net.confirmed, net.grades[0].confirmed, net.offices[0].confirmed) == (
        "",
        "last confirmed 2018",
        "last confirmed 2020-11-05",
    )
    alone = brief_on("2020-11-05", fact("a", more=NOW), CITY).networks[0]
    assert (alone.confirmed, alone.grades[0].confirmed) == ("2020-11-05", "")


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ([("city", "net", "president")], "is president of net"),
        ([("mayor", "net", "president")], "has the president of net (mayor)"),
        ([("city", "board", "chair")], "chairs 1 board"),
        ([("city", "board", "chair"), ("mayor", "board", "board-member")], "chairs 1 board"),
        ([("city", "below", "chair")], "leads 1 body"),
        ([("city", "group", "chair"), ("city", "board", "board-member")], "leads 1 group and has a seat on 1 board"),
        ([("mayor", "net", "speaker")], "has 1 other office"),
        ([("agency", "net", "full-member")], "takes part in 1 network through others"),
        ([("city", "net", "observer")], "is observer in 1 network"),
        ([("city", "net", "full-member"), ("agency", "net", "observer")], "is a member of 1 network"),
    ],
)
def test_the_sentence_says_all_that_the_city_has_and_nothing_twice(
    facts: list[tuple[str, str, str]], said: str
) -> None:
    text = "id:agency org:transitiveSubOrganizationOf id:city .\n"
    for number, (who, body, role) in enumerate(facts):
        text += fact(f"m{number}", who, body, role, NOW + ("; cg:onBehalfOf id:city " if who == "mayor" else ""))
    assert brief_on("2020-11-05", text, CITY).sentence == f"place {said}, as known on 2020-11-05."


def test_a_city_with_two_authorities_has_one_brief_of_both_that_names_them() -> None:
    text = (
        fact("a", more=NOW)
        + fact("b", who="county", body="other", more=NOW)
        + fact("c", who="x", body="group", role="chair", more=NOW)
    )
    text += "id:c cg:onBehalfOf id:city , id:county .\n"
    brief = brief_on("2020-11-05", text, Governed(f"{ID}place", (f"{ID}city", f"{ID}county")))
    assert brief.sentence == "place is a member of 2 networks and leads 1 group, as known on 2020-11-05."
    assert [line.holder.text for line in all_lines(brief) if line.holder] == ["city", "x", "county"]
    assert Governed("place", ("a", "b")).one == "place"
    assert not Governed("place", ("a", "b")).other_than("place")
