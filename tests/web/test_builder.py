"""Questions put together by choosing: forty of them against SPARQL written by hand, every link, and what is no choice."""

from __future__ import annotations

import html
import re
from datetime import date
from pathlib import Path
from urllib.parse import urlencode

import pytest

from citygraph import Project
from citygraph.namespaces import CONCEPT, PREFIXES
from citygraph.rdf import Iri
from citygraph.results import Solutions
from citygraph.saved_query import read_saved_query
from pages_client import MARKUP, Pages, words_of

HEAD = "".join(f"PREFIX {each}: <{PREFIXES[each]}> " for each in ("cg", "org", "cv", "foaf", "schema", "skos"))
HEAD += (
    f"PREFIX concept: <{CONCEPT}> PREFIX id: <https://w3id.org/citygraph/id/> PREFIX country: <{PREFIXES['country']}> "
)
AUTHORITY, CITY, PERSON, NETWORK, GROUP = (
    "cv:PublicOrganisation", "cg:City", "foaf:Person", "cg:CityNetwork", "cg:WorkingGroup",
)  # fmt: skip
IN, MEMBER = "cg:inCountry", "cg:hasCurrentMembership"
EUROCITIES = f"{MEMBER} org:organization id:eurocities"
EXCOM = f"{MEMBER} org:organization id:eurocities-excom"
METREX = f"{MEMBER} org:organization id:metrex"
FULL, LEAD, ASSOCIATED = (f"org:role concept:role-{each}" for each in ("full-member", "lead", "associated-partner"))
IN_EUROCITIES = "?x cg:hasCurrentMembership ?m . ?m org:organization id:eurocities ."
BUILT: tuple[tuple[str, tuple[str, ...], str, str], ...] = (
    # what is shown, steps, day, the pattern of ?x by hand
    (AUTHORITY, (), "", "?x a cv:PublicOrganisation"),
    (CITY, (), "", "?x a cg:City"),
    (PERSON, (), "2012-06-01", "?x a foaf:Person"),
    (NETWORK, (), "2028-01-01", "?x a cg:CityNetwork"),
    (GROUP, (), "", "?x a cg:WorkingGroup"),
    (AUTHORITY, (f"{IN} country:NOR",), "", "?x a cv:PublicOrganisation ; cg:inCountry country:NOR"),
    (AUTHORITY, (f"{IN} country:NOR",), "2012-06-01", "?x a cv:PublicOrganisation ; cg:inCountry country:NOR"),
    (CITY, (f"{IN} country:DEU",), "", "?x a cg:City ; cg:inCountry country:DEU"),
    (CITY, (f"{IN} country:NOR | {IN} country:SWE",), "", "?x a cg:City ; cg:inCountry ?c FILTER (?c IN (country:NOR, country:SWE))"),
    (CITY, (f"{IN} country:NOR|{IN} country:SWE|{IN} country:FIN",), "", "?x a cg:City ; cg:inCountry ?c VALUES ?c { country:NOR country:SWE country:FIN }"),
    (AUTHORITY, (EUROCITIES,), "", f"?x a cv:PublicOrganisation . {IN_EUROCITIES}"),
    (AUTHORITY, (EUROCITIES,), "2012-06-01", f"?x a cv:PublicOrganisation . {IN_EUROCITIES}"),
    (AUTHORITY, (EUROCITIES,), "2028-01-01", f"?x a cv:PublicOrganisation . {IN_EUROCITIES}"),
    (AUTHORITY, (EUROCITIES, f"{IN} country:NOR"), "", f"?x a cv:PublicOrganisation ; cg:inCountry country:NOR . {IN_EUROCITIES}"),
    (AUTHORITY, (EUROCITIES, f"{IN} country:NOR"), "2021-03-01", f"?x a cv:PublicOrganisation ; cg:inCountry country:NOR . {IN_EUROCITIES}"),
    (AUTHORITY, (f"{EUROCITIES} {FULL}",), "", f"?x a cv:PublicOrganisation . {IN_EUROCITIES} ?m org:role concept:role-full-member"),
    (AUTHORITY, (f"{EUROCITIES} {ASSOCIATED}",), "", f"?x a cv:PublicOrganisation . {IN_EUROCITIES} ?m org:role concept:role-associated-partner"),
    (AUTHORITY, (f"{MEMBER} {LEAD}",), "", "?x a cv:PublicOrganisation ; cg:hasCurrentMembership [ org:role concept:role-lead ]"),
    (AUTHORITY, (f"{MEMBER} {FULL}",), "2012-06-01", "?x a cv:PublicOrganisation ; cg:hasCurrentMembership [ org:role concept:role-full-member ]"),
    (AUTHORITY, (EXCOM,), "", "?x a cv:PublicOrganisation ; cg:hasCurrentMembership [ org:organization id:eurocities-excom ]"),
    (AUTHORITY, (EXCOM, EUROCITIES), "", f"?x a cv:PublicOrganisation ; cg:hasCurrentMembership [ org:organization id:eurocities-excom ] . {IN_EUROCITIES}"),
    (AUTHORITY, (f"{EUROCITIES} | {METREX}",), "", "?x a cv:PublicOrganisation ; cg:hasCurrentMembership [ org:organization ?o ] FILTER (?o = id:eurocities || ?o = id:metrex)"),
    (AUTHORITY, (EUROCITIES, METREX), "", f"?x a cv:PublicOrganisation . {IN_EUROCITIES} ?x cg:hasCurrentMembership [ org:organization id:metrex ]"),
    (AUTHORITY, (f"{METREX} | {IN} country:DEU",), "", "?x a cv:PublicOrganisation . FILTER (EXISTS { ?x cg:hasCurrentMembership [ org:organization id:metrex ] } || EXISTS { ?x cg:inCountry country:DEU })"),
    (AUTHORITY, (f"{METREX} | {IN} country:DEU", f"{EXCOM} | {IN} country:NOR"), "", "?x a cv:PublicOrganisation . FILTER ((EXISTS { ?x cg:hasCurrentMembership [ org:organization id:metrex ] } || EXISTS { ?x cg:inCountry country:DEU }) && (EXISTS { ?x cg:hasCurrentMembership [ org:organization id:eurocities-excom ] } || EXISTS { ?x cg:inCountry country:NOR }))"),
    (CITY, ("cg:participatesIn id:eurocities",), "", "?x a cg:City ; cg:participatesIn id:eurocities"),
    (CITY, ("cg:participatesIn id:eurocities",), "2012-06-01", "?x a cg:City ; cg:participatesIn id:eurocities"),
    (CITY, ("cg:participatesIn id:eurocities", f"{IN} country:NOR"), "", "?x a cg:City ; cg:participatesIn id:eurocities ; cg:inCountry country:NOR"),
    (CITY, ("cg:administeredBy id:oslo-kommune | cg:administeredBy id:bergen-kommune",), "", "?x a cg:City . { ?x cg:administeredBy id:oslo-kommune } UNION { ?x cg:administeredBy id:bergen-kommune }"),
    (PERSON, (f"{MEMBER} org:organization id:eurocities",), "", f"?x a foaf:Person . {IN_EUROCITIES}"),
    (PERSON, (EXCOM,), "", "?x a foaf:Person ; cg:hasCurrentMembership [ org:organization id:eurocities-excom ]"),
    (PERSON, (EXCOM,), "2017-01-01", "?x a foaf:Person ; cg:hasCurrentMembership [ org:organization id:eurocities-excom ]"),
    (PERSON, (f"{MEMBER} org:role concept:role-president",), "2017-01-01", "?x a foaf:Person ; cg:hasCurrentMembership [ org:role concept:role-president ]"),
    (PERSON, (f"{MEMBER} org:role concept:role-president | {MEMBER} org:role concept:role-vice-president",), "2021-03-01", "?x a foaf:Person ; cg:hasCurrentMembership ?m . ?m org:role ?r VALUES ?r { concept:role-president concept:role-vice-president }"),
    (PERSON, ("cg:hasBeenAffiliatedWith id:eurocities",), "", "?x a foaf:Person ; cg:hasBeenAffiliatedWith id:eurocities"),
    (GROUP, ("org:unitOf id:eurocities",), "", "?x a cg:WorkingGroup ; org:unitOf id:eurocities"),
    (GROUP, ("org:unitOf id:eurocities", "cg:hasParticipant id:oslo-kommune"), "", "?x a cg:WorkingGroup ; org:unitOf id:eurocities ; cg:hasParticipant id:oslo-kommune"),
    (NETWORK, ("cg:hasParticipant id:oslo-kommune",), "", "?x a cg:CityNetwork ; cg:hasParticipant id:oslo-kommune"),
    (NETWORK, ("cg:hasParticipant id:oslo-kommune | cg:hasParticipant id:bergen-kommune",), "2028-01-01", "?x a cg:CityNetwork ; cg:hasParticipant ?o FILTER (?o IN (id:oslo-kommune, id:bergen-kommune))"),
    (AUTHORITY, ("cg:isRepresentedThrough org:organization id:eurocities-excom",), "", "?x a cv:PublicOrganisation ; cg:isRepresentedThrough [ org:organization id:eurocities-excom ]"),
)  # fmt: skip


@pytest.fixture(scope="module")
def pages(this_project: Project) -> Pages:
    return Pages(this_project)


def address(show: str, steps: tuple[str, ...] = (), day: str = "", *, ending: str = "", **more: str) -> str:
    pairs = [("show", show), *(("where", step) for step in steps), ("as_of", day), *more.items(), ("lang", "en")]
    return f"/build{ending}?{urlencode([(name, value) for name, value in pairs if value])}"


def test_there_are_forty_questions_and_most_have_an_answer() -> None:
    assert len(BUILT) == 40
    assert len(set(BUILT)) == 40


@pytest.mark.parametrize("built", BUILT, ids=lambda built: f"{built[0]} {' + '.join(built[1])} {built[2]}")
def test_a_built_question_gives_what_sparql_by_hand_gives_each_thing_once(
    pages: Pages, this_project: Project, built: tuple[str, tuple[str, ...], str, str]
) -> None:
    show, steps, day, pattern = built
    graph = this_project.snapshot(as_of=date.fromisoformat(day)) if day else this_project.snapshot()
    asked = graph.query(f"{HEAD} SELECT DISTINCT ?x WHERE {{ {pattern} }}")
    assert isinstance(asked, Solutions)
    wanted = sorted(row["x"].value for row in asked if isinstance(row["x"], Iri))
    said = pages.get(address(show, steps, day, ending=".json") + "&strict=1").json()
    rows = [row["thing"]["value"] for row in said["results"]["bindings"]]
    held = [
        row["thing"]["value"]
        for row in said["results"]["bindings"]
        if row.get("status", {"value": "holds"})["value"] == "holds"
    ]
    assert sorted(held) == wanted
    assert len(rows) == len(set(rows))


def test_most_of_the_questions_have_an_answer(this_project: Project) -> None:
    days = {day: this_project.snapshot(as_of=date.fromisoformat(day)) for _, _, day, _ in BUILT if day}
    graphs = {"": this_project.snapshot(), **days}
    empty = [
        (show, steps, day)
        for show, steps, day, pattern in BUILT
        if not len(graphs[day].query(f"{HEAD} SELECT ?x WHERE {{ {pattern} }}"))  # type: ignore[arg-type]
    ]
    assert len(empty) <= 10, empty


def _choices(text: str) -> list[tuple[str, int]]:
    listed = text.partition('<ul class="build-choices">')[2].partition("</ul>")[0]
    found = re.findall(r'<li><a href="([^"]*)">.*?</a> <span class="notes">(\d+)</span>', listed)
    return [(html.unescape(href), int(count)) for href, count in found]


def test_the_question_of_the_issue_is_built_by_links_alone_and_every_number_is_what_is_left(pages: Pages) -> None:
    at = "/build?as_of=2021-03-01&lang=en"
    for words in (
        "show=cv", "add=cg%3AhasCurrentMembership+org%3Aorganization&", "org%3Aorganization+id%3Aeurocities&",
        "add=cg%3AinCountry&", "country%3ANOR",
    ):  # fmt: skip
        choices = _choices(pages.get(at).text)
        at, count = next(each for each in choices if words in each[0])
        if "add=" not in at:
            rows = pages.get(at.replace("/build?", "/build.json?") + "&strict=1").json()["results"]["bindings"]
            assert len(rows) == count
    text = words_of(pages.get(at).text)
    assert "in the organisation Eurocities" in text
    assert "1 March 2021" in text
    assert "City of Oslo" in text


def test_every_choice_leads_somewhere_and_the_numbers_are_right(pages: Pages) -> None:
    for href, count in _choices(pages.get(address(AUTHORITY, (EUROCITIES,), add=IN)).text):
        told = pages.get(href.replace("/build?", "/build.csv?") + "&strict=1").text.splitlines()
        assert len(told) - 1 == count > 0


def test_a_dated_fact_is_said_more_of_and_a_step_gets_another_way(pages: Pages) -> None:
    narrowed = pages.get(address(AUTHORITY, (EUROCITIES,), add=f"{EUROCITIES} org:role", at="0"))
    links = [href for href, _ in _choices(narrowed.text)]
    assert any("role-full-member" in each and each.count("where=") == 1 and "+%7C+" not in each for each in links)
    other = pages.get(address(AUTHORITY, (EUROCITIES,), add=IN, at="0"))
    assert all("+%7C+" in href for href, _ in _choices(other.text))


def test_what_is_only_last_known_stands_below_with_the_account(pages: Pages) -> None:
    text = words_of(pages.get(address(PERSON, (EXCOM,), "2020-11-05")).text)
    assert "Last known" in text
    assert "last known" in text.partition("As of 2020-11-05")[2][:200]


def test_the_file_is_a_saved_question_with_the_same_answer(pages: Pages, this_project: Project, tmp_path: Path) -> None:
    steps = (EUROCITIES, f"{IN} country:NOR | {IN} country:SWE")
    answer = pages.get(address(AUTHORITY, steps, ending=".rq"))
    assert 'filename="built-question.rq"' in answer.headers["content-disposition"]
    file = tmp_path / "built-question.rq"
    file.write_text(answer.text, encoding="utf-8")
    saved = read_saved_query(file)
    assert "eller" in saved.title.nb
    assert " or " in saved.title.en
    rows = this_project.snapshot().query(saved.text)
    assert isinstance(rows, Solutions)
    assert len(rows) == pages.get(address(AUTHORITY, steps, ending=".csv") + "&strict=1").text.count("\n") - 1


@pytest.mark.parametrize(
    "said",
    [
        {"show": "cv:Nothing"},
        {"show": MARKUP},
        {"show": "'; DROP ALL #"},
        {"show": AUTHORITY, "where": "cg:inCountry"},
        {"show": AUTHORITY, "where": "cg:inCountry country:NOR country:SWE"},
        {"show": AUTHORITY, "where": f"{MEMBER} org:organization"},
        {"show": AUTHORITY, "where": "cg:inCountry <https://x/> } INSERT DATA { <a:b> <a:b> <a:b> }"},
        {"show": AUTHORITY, "where": f"cg:inCountry {MARKUP}"},
        {"show": AUTHORITY, "where": "|" * 200},
        {"show": AUTHORITY, "where": "cg:inCountry country:NOR | " * 30},
        {"show": AUTHORITY, "add": "wibble wobble", "at": "99"},
        {"show": AUTHORITY, "as_of": "yesterday"},
        {"show": AUTHORITY, "as_of": "0001-01-01"},
        {"show": AUTHORITY, "wehre": "cg:inCountry country:NOR"},
        {"show": "\x00\r\n"},
    ],
)
def test_what_is_no_choice_is_told_above_what_can_be_chosen(pages: Pages, said: dict[str, str]) -> None:
    answer = pages.get(f"/build?{urlencode({**said, 'lang': 'en'})}")
    assert answer.status_code == 400
    assert 'class="fault"' in answer.text
    assert _choices(answer.text)
    assert "<script>window" not in answer.text
    assert pages.get(f"/build.csv?{urlencode(said)}").status_code == 400


def test_a_name_typed_finds_a_value_and_one_that_is_none_says_so(pages: Pages) -> None:
    found = _choices(pages.get(address(AUTHORITY, add=IN, named="Norge")).text)
    assert [("country%3ANOR" in href) for href, _ in found] == [True]
    assert "nothing more to choose" in words_of(pages.get(address(AUTHORITY, add=IN, named="zzzz")).text)
