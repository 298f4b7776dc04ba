"""Lists that are narrowed by facets: the numbers are those of SPARQL on the day, and what is not understood is told."""

from __future__ import annotations

import html
import re
from datetime import date
from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.requests import Request

from citygraph import Project
from citygraph.labels import kind_named
from citygraph.namespaces import CONCEPT, PREFIXES
from citygraph.rdf import Iri
from citygraph.results import Solutions
from citygraph.store import Snapshot
from citygraph.store.directory import Directory
from citygraph.web.pages import facets
from citygraph.web.pages.facets import FacetIndex, facet_index
from pages_client import MARKUP, Pages, words_of

DAYS = (date(2012, 6, 1), date(2020, 11, 5), date(2028, 1, 1))
KINDS = ("authority", "city", "person", "working-group", "network", "theme")
DIRECT = {
    "country": "?thing cg:inCountry ?v",
    "network": "{ ?thing cg:participatesIn ?v . ?v a cg:CityNetwork } UNION { ?thing org:unitOf ?v . ?v a cg:CityNetwork }"
    " UNION { ?v a cg:CityNetwork ; cg:hasTopic ?thing }",
    "role": "{ ?thing cg:hasCurrentMembership [ org:role ?v ] } UNION"
    " { ?thing cg:administeredBy [ cg:hasCurrentMembership [ org:role ?v ] ] }",
    "theme": "?thing cg:hasTopic ?v",
}
HEAD = "".join(f"PREFIX {each}: <{PREFIXES[each]}> " for each in ("cg", "org"))


@pytest.fixture(scope="module")
def pages(this_project: Project) -> Pages:
    return Pages(this_project)


@pytest.fixture(scope="module")
def on_days(this_project: Project) -> dict[date, tuple[Snapshot, FacetIndex]]:
    found = {}
    for day in DAYS:
        snapshot = this_project.snapshot(as_of=day)
        found[day] = (snapshot, facet_index(snapshot, snapshot.manifest))
    return found


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_what_two_choices_leave_is_what_sparql_gives(
    on_days: dict[date, tuple[Snapshot, FacetIndex]], this_project: Project, data: st.DataObject
) -> None:
    day, kind = data.draw(st.sampled_from(DAYS)), kind_named(data.draw(st.sampled_from(KINDS)))
    snapshot, index = on_days[day]
    assert kind is not None
    assert not index.left_out
    things = frozenset(_directory(this_project).things(kind.name))
    offered = [(each, value) for each in DIRECT for value in index.of(each, things)]
    if not offered:
        return
    chosen = dict(data.draw(st.lists(st.sampled_from(offered), min_size=1, max_size=2)))
    page = SimpleNamespace(request=Request({"type": "http", "query_string": b"", "headers": []}))
    choice = facets._Choice(page, kind, index, things, chosen)  # type: ignore[arg-type]  # noqa: SLF001
    where = " . ".join(f"{{ {DIRECT[each].replace('?v', f'?{each}')} }}" for each in chosen)
    asked = snapshot.query(
        f"{HEAD} SELECT DISTINCT ?thing {' '.join(f'?{each}' for each in chosen)} WHERE {{ {where} }}",
        bind={each: Iri(value) for each, value in chosen.items()},
    )
    assert isinstance(asked, Solutions)
    said = {row["thing"].value for row in asked if isinstance(row["thing"], Iri)} & things
    assert choice.having(chosen) == said
    first, value = next(iter(chosen.items()))
    assert len(index.of(first, choice.having({k: v for k, v in chosen.items() if k != first})).get(value, ())) == len(
        said
    )


def _directory(project: Project) -> Directory:
    return Directory(project.snapshot().folder, project.prefixes)


def test_standing_tells_what_is_last_known_from_what_holds_as_the_statuses_do(
    on_days: dict[date, tuple[Snapshot, FacetIndex]],
) -> None:
    for snapshot, index in on_days.values():
        last = CONCEPT + "status-last-known"
        facts = snapshot.query(
            f"{HEAD} SELECT DISTINCT ?who WHERE {{ GRAPH <{snapshot.manifest.lifted_graphs[-1]}> "
            f"{{ ?m cg:status <{last}> }} ?who org:hasMembership ?m }}"
        )
        assert isinstance(facts, Solutions)
        who = {row["who"].value for row in facts if isinstance(row["who"], Iri)}
        assert who == set(index.of("standing", frozenset(who)).get(last, ()))
    assert index.of("standing", frozenset(index.values["standing"]))


def test_a_link_leads_to_as_many_as_it_says_and_the_answer_for_programs_follows(pages: Pages) -> None:
    text = pages.get("/authority?lang=en").text
    links = re.findall(r'<li><a href="(/authority\?[^"]*)"[^>]*>[^<]*</a> <span class="notes">(\d+)</span>', text)
    assert len(links) > 20
    for href, count in links[::5]:
        address = html.unescape(href)
        assert f"{count} of 43" in words_of(pages.get(address).text), address
        assert pages.get(address.replace("/authority?", "/authority.json?")).json()["count"] == int(count)
    # What most have comes first.
    countries = [int(count) for href, count in links if "country=" in href]
    assert all(one >= other for one, other in pairwise(countries))


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("country=norway&lang=en", "5 of 43"),
        ("country=Norge&lang=en", "5 of 43"),
        ("country=NOR&lang=en", "5 of 43"),
        ("country=nor&network=eurocities&lang=nb", "3 av 43"),
        ("country=nor&as_of=2012-06-01&lang=nb", "1. juni 2012"),
    ],
)
def test_a_value_is_named_as_people_name_it(pages: Pages, asked: str, told: str) -> None:
    answer = pages.get(f"/authority?{asked}")
    assert answer.status_code == 200
    assert told in words_of(answer.text)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("land=norge&lang=nb", "Mente du country?"),
        ("wibble=1&lang=en", "network (Network)"),
        ("country=norwey&lang=en", "Did you mean: Norway"),
        ("country=narnia&lang=nb", "ingenting på denne lista"),
        ("country=%00%0D%0A&as_of=2020-13-45&lang=en", "not"),
        ("as_of=2999-01-01&lang=en", "2999"),
        (f"network={MARKUP.replace('&', '')}&lang=en", "nothing on this list"),
        (f"country={'x' * 3000}&lang=en", "nothing on this list"),
    ],
)
def test_what_is_not_understood_is_told_above_the_whole_list(pages: Pages, asked: str, told: str) -> None:
    answer = pages.get(f"/authority?{asked}")
    assert answer.status_code == 400
    assert told in words_of(answer.text)
    assert "Oslo" in words_of(answer.text)
    assert "<script>window" not in answer.text
    assert pages.get(f"/authority.json?{asked}").status_code == 400


def test_an_answer_is_narrowed_by_what_its_parameters_can_be_with_as_many_rows_as_it_says(pages: Pages) -> None:
    text = pages.get("/queries/members?lang=en").text.partition('class="facets"')[2].partition("</details>")[0]
    links = re.findall(r'<a href="([^"]*)">[^<]*</a> <span class="notes">(\d+)</span>', text)
    assert len(links) > 1
    for href, count in links:
        address = html.unescape(href).replace("/members?", "/members.json?")
        assert len(pages.get(f"{address}&strict=1").json()["results"]["bindings"]) == int(count)
    assert 'class="facets"' not in pages.get("/queries/members?network=eurocities&lang=en").text


def test_a_facet_with_many_values_shows_those_that_most_have_and_takes_a_name_for_the_rest(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facets, "_MOST_SHOWN", 3)
    text = pages.get("/authority?network=eurocities&lang=en").text
    assert "more: write a name" in words_of(text)
    form = text.partition('<label for="f-country">')[0].rpartition("<form")[2]
    assert 'name="network" value="eurocities"' in form
    assert pages.get("/authority?network=eurocities&country=Slovenia&lang=en").status_code == 200


# -- the columns of a list ---------------------------------------------------------------------------------


def rows_of(page: str) -> list[list[str]]:
    """The cells of the list, as a reader sees them."""
    table = page.partition('<table class="listing"')[2].partition("</table>")[0]
    return [
        [words_of(cell) for cell in re.findall(r"<t[hd][^>]*>.*?</t[hd]>", row, re.DOTALL)]
        for row in table.split("<tr>")[1:]
    ]


def test_a_list_says_of_each_network_what_one_looks_for(pages: Pages) -> None:
    rows = rows_of(pages.get("/network?lang=en").text)
    assert rows[0] == ["name", "members", "seat", "founded", "last confirmed"]
    (eurocities,) = (row for row in rows if row[0] == "Eurocities")
    brief = words_of(pages.get("/network/eurocities?lang=en").text)
    assert f"full member: {eurocities[1]}" in brief
    assert eurocities[2:4] == ["Brussels", "1986"]


def test_a_click_on_a_heading_sorts_and_what_is_empty_stays_last(pages: Pages) -> None:
    page = pages.get("/network?lang=en&sort=founded").text
    assert '<th scope="col" aria-sort="ascending"><a href="/network?sort=-founded&amp;lang=en"' in page
    years = [row[3] for row in rows_of(page)[1:]]
    filled = [each for each in years if each]
    assert years == [*filled, *[""] * (len(years) - len(filled))]
    assert [each[-4:] for each in filled] == sorted(each[-4:] for each in filled)
    down = [row[3] for row in rows_of(pages.get("/network?lang=en&sort=-founded").text)[1:]]
    assert next(each for each in down if each)[-4:] == filled[-1][-4:]
    assert [row[0] for row in rows_of(pages.get("/network?sort=-name").text)[1:]] == [
        row[0] for row in rows_of(pages.get("/network").text)[1:]
    ][::-1]


def test_a_long_list_has_pages_and_says_which(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facets, "_AT_ONCE", 15)
    first, second = (pages.get(f"/city?lang=en&page={n}").text for n in (1, 2))
    assert len(rows_of(first)) == 16
    assert "Page 1 of 3" in words_of(first)
    assert 'href="/city?page=2&amp;lang=en" rel="next"' in first
    assert not {row[0] for row in rows_of(first)[1:]} & {row[0] for row in rows_of(second)[1:]}


@pytest.mark.parametrize(
    ("query", "said"), [("sort=x", "no column 'x'"), ("page=99", "no page '99'"), ("page=-1", "no page '-1'")]
)
def test_a_column_or_page_that_is_not_there_is_told_and_the_list_stands(pages: Pages, query: str, said: str) -> None:
    answer = pages.get(f"/network?lang=en&{query}")
    assert answer.status_code == 400
    assert said in words_of(answer.text)
    assert len(rows_of(answer.text)) > 10


def test_an_office_stands_with_the_body_that_it_is_in(pages: Pages) -> None:
    rows = {row[0]: row[1] for row in rows_of(pages.get("/person?lang=en").text)}
    assert rows["name"] == "office"
    assert rows["Anna König Jerlmyr"] == "mayor (finansborgarråd), City of Stockholm ; president, Eurocities"
