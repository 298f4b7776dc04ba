"""New and old: what began and ended since a day, and what nobody has confirmed for long, of one thing or of all."""

from __future__ import annotations

import re
from datetime import date

import pytest

from citygraph import Project
from citygraph.query.entity import changed_since
from citygraph.rdf import parse
from citygraph.store import MemoryStore
from pages_client import MARKUP, Pages, words_of


@pytest.fixture(scope="module")
def pages(this_project: Project) -> Pages:
    """The pages of our own graph, on 5 November 2020."""
    return Pages(this_project)


def parts(pages: Pages, query: str = "") -> tuple[str, str]:
    page = pages.get(f"/news?lang=en{query}").text
    new, old = page.partition('id="new"')[2].split('id="old"')
    return words_of(new), words_of(old)


def test_what_began_and_ended_since_a_day_stands_newest_first(pages: Pages) -> None:
    new, _ = parts(pages, "&since=2018-01-01&of=eurocities")
    assert "Dario Nardella , president, Eurocities : from 5 November 2020" in new
    assert new.index("5 November 2020") < new.index("November 2018")
    assert "Anna König Jerlmyr , president, Eurocities : until 5 November 2020" in new
    assert "Anna König Jerlmyr , president, Eurocities : from November 2018" in new
    # Dates that come after the day of the page are no news.
    assert "2023" not in new
    assert "2018" not in parts(pages, "&of=eurocities")[0].removeprefix(">New since"), "a year back without another day"


def test_what_is_old_stands_oldest_first_and_may_be_of_one_thing(pages: Pages) -> None:
    _, old = parts(pages)
    years = [int(each) for each in re.findall(r"last confirmed (?:\d+ )?(?:[A-Za-z]+ )?(\d{4})", old)]
    assert years == sorted(years)
    assert len(years) > 3
    _, mine = parts(pages, "&of=oslo")
    assert "City of Oslo , full member, Intercultural Cities programme : last confirmed January 2013" in mine
    assert "Bergen" not in mine


@pytest.mark.parametrize(
    "query", ["since=i+gr", "since=2020-13-01", "of=xqzwvk", "country=norway", "of=" + MARKUP.replace("=", "%3D")]
)
def test_what_is_not_understood_is_told_and_the_page_stands(query: str, pages: Pages) -> None:
    answer = pages.get(f"/news?{query}")
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert 'id="old"' in answer.text
    assert "<img" not in answer.text


def test_a_day_may_be_written_as_a_norwegian_writes_it(pages: Pages) -> None:
    assert date(2018, 1, 2).isoformat() in pages.get("/news?since=2.1.2018&lang=nb").text


def test_what_was_rejected_is_no_news_and_each_thing_is_asked_for_itself() -> None:
    ties = "".join(
        f"id:m{n} org:member id:{who} ; org:organization id:{where} ; org:role id:member ; org:memberDuring [ time:hasBeginning [ time:inXSDgYear '{year}' ] ] . "
        for n, (who, where, year) in enumerate([("a", "x", 2019), ("b", "x", 2020), ("a", "y", 2020)])
    )
    head = (
        "@prefix id: <https://e.example/id/> . @prefix org: <http://www.w3.org/ns/org#> . @prefix time: <http://www.w3.org/2006/time#> . "
        "@prefix cg: <https://w3id.org/citygraph/ontology#> . @prefix concept: <https://w3id.org/citygraph/concept/> . "
    )
    text = f"{head}{ties} id:m1 cg:rank concept:rank-deprecated ."
    store = MemoryStore(parse(text.encode(), format="ttl").quads)
    found = changed_since("2019-06-01", "2020-12-31", store)
    assert [(each.holder[-1], each.body[-1], each.date) for each in found] == [("a", "y", "2020"), ("a", "x", "2019")]
    of_x = changed_since("2019-06-01", "2020-12-31", store, of=["https://e.example/id/x"])
    assert [each.body[-1] for each in of_x] == ["x"]
