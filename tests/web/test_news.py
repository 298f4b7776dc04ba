"""New and old: what began and ended since a day, and what nobody has confirmed for long, of one thing or of all."""

from __future__ import annotations

import re
from datetime import date
from xml.etree import ElementTree as ET

import pytest

from citygraph import Project
from citygraph.query.entity import changed_since, last_known
from citygraph.rdf import Iri, Quad, parse
from citygraph.store import MemoryStore
from pages_client import MARKUP, Pages, words_of


@pytest.fixture(scope="module")
def pages(this_project: Project) -> Pages:
    """The pages of our own graph, on 5 November 2020."""
    return Pages(this_project)


def parts(pages: Pages, query: str = "") -> tuple[str, str]:
    page = pages.get(f"/news?lang=en{query}").text.partition("<template")[0]
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
    assert [(each.holder[-1], each.body[-1], each.date.exact) for each in found] == [
        ("a", "y", "2020"),
        ("a", "x", "2019"),
    ]
    of_x = changed_since("2019-06-01", "2020-12-31", store, of=["https://e.example/id/x"])
    assert [each.body[-1] for each in of_x] == ["x"]


_HEAD = (
    "@prefix id: <https://e.example/id/> . @prefix org: <http://www.w3.org/ns/org#> . @prefix time: <http://www.w3.org/2006/time#> . "
    "@prefix cg: <https://w3id.org/citygraph/ontology#> . @prefix concept: <https://w3id.org/citygraph/concept/> . "
    "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> . "
)


def store_of(text: str, apart: str = "") -> MemoryStore:
    about = [Quad(q.subject, q.predicate, q.object, FACTS) for q in parse((_HEAD + apart).encode(), format="ttl").quads]
    return MemoryStore(parse((_HEAD + text).encode(), format="ttl").quads, apart=about)


FACTS = Iri("https://e.example/facts")


@pytest.mark.parametrize(
    ("end", "at", "more", "is_news"),
    [
        ("hasEnd", "cg:dateNotBefore '2019-01-01' ; cg:dateNotAfter '2020-06-30'", "", True),
        ("hasEnd", "cg:dateNotAfter '2020-06-30'", "", True),
        ("hasBeginning", "cg:dateNotBefore '2020-01-01' ; cg:dateNotAfter '2020-06-30'", "", True),
        # It may end yet, and nothing says that it has begun; what holds has begun.
        ("hasEnd", "cg:dateNotBefore '2020-01-01' ; cg:dateNotAfter '2021-06-30'", "a cg:CurrentMembership ;", False),
        ("hasBeginning", "cg:dateNotBefore '2020-01-01' ; cg:dateNotAfter '2021-06-30'", "", False),
        (
            "hasBeginning",
            "cg:dateNotBefore '2020-01-01' ; cg:dateNotAfter '2021-06-30'",
            "a cg:CurrentMembership ;",
            True,
        ),
        (
            "hasBeginning",
            "cg:dateNotBefore '2021-01-01' ; cg:dateNotAfter '2021-06-30'",
            "a cg:CurrentMembership ;",
            False,
        ),
        ("hasEnd", "cg:dateNotAfter '2018-06-30'", "", False),
    ],
)
def test_what_is_known_by_its_bounds_alone_is_news_when_it_has_happened(
    end: str, at: str, more: str, *, is_news: bool
) -> None:
    tie = f"id:m {more} org:member id:a ; org:organization id:x ; org:role id:r ; org:memberDuring [ time:{end} [ {at} ] ] ."
    found = changed_since("2019-06-01", "2020-12-31", store_of(tie))
    assert [each.date.latest for each in found] == ([at.rpartition(" ")[2].strip("'")] if is_news else [])
    assert all(each.has_ended == (end == "hasEnd") for each in found)


def test_what_nobody_ever_dated_is_old_too_and_stands_last() -> None:
    ties = "".join(f"id:{n} org:member id:a ; org:organization id:x ; org:role id:r . " for n in ("m1", "m2", "m3"))
    statuses = (
        "id:m1 cg:status concept:status-undated . id:m2 cg:status concept:status-last-known ; cg:statusDate '2013' . "
        "id:m3 cg:status concept:status-ended ; cg:statusDate '2013' ."
    )
    found = last_known(store_of(ties, statuses), FACTS)
    assert [(each.fact[-2:], each.date.in_words("en")) for each in found] == [("m2", "2013"), ("m1", "")]


def test_news_of_a_thing_has_what_is_held_on_its_behalf_and_in_its_units() -> None:
    at = "org:role id:r ; org:memberDuring [ time:hasBeginning [ time:inXSDDate '2020-01-01' ] ]"
    ties = (
        f"id:m1 org:member id:person ; org:organization id:board ; cg:onBehalfOf id:city ; {at} . id:board org:unitOf id:net . "
        f"id:m2 org:member id:agency ; org:organization id:net ; {at} . id:agency org:transitiveSubOrganizationOf id:city . "
        f"id:m3 org:member id:other ; org:organization id:net ; {at} ."
    )
    store = store_of(ties)
    of = {
        name: {
            each.fact[-2:] for each in changed_since("2019", "2020-12-31", store, of=[f"https://e.example/id/{name}"])
        }
        for name in ("city", "net", "board", "person")
    }
    assert of == {"city": {"m1", "m2"}, "net": {"m1", "m2", "m3"}, "board": {"m1"}, "person": {"m1"}}


def test_a_name_that_only_comes_near_is_asked_about_and_one_to_the_letter_is_not(pages: Pages) -> None:
    near = pages.get("/news?of=Osl&lang=en")
    assert near.status_code == 400
    alert = near.text.partition('role="alert"')[2].partition("</div>")[0]
    assert "Choose what you meant" in alert
    assert 'href="/news?of=https%3A%2F%2Fw3id.org%2Fcitygraph%2Fid%2Fplace-oslo&amp;lang=en"' in alert
    assert "memo" not in alert.lower(), "a document has no memberships"
    assert pages.get("/news?of=https%3A%2F%2Fw3id.org%2Fcitygraph%2Fid%2Fplace-oslo").status_code == 200
    for name in ("Oslo", "oslo+kommune", "Florenz", "eurocities"):
        assert pages.get(f"/news?of={name}").status_code == 200, name


def test_new_and_old_is_a_text_for_an_e_mail_with_numbered_sources(pages: Pages) -> None:
    answer = pages.get("/news.txt?lang=en&of=oslo&since=2016-01-01")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    lines = answer.text.splitlines()
    assert lines[0] == "New and old: Oslo"
    assert "New since 1 January 2016" in lines
    old = [
        line
        for line in lines
        if line.startswith("- City of Oslo, full member, Intercultural Cities programme: last confirmed")
    ]
    assert len(old) == 1
    numbers = {line.partition(" ")[0] for line in lines if re.match(r"\[\d+\] ", line)}
    assert set(re.findall(r"\[\d+\]", old[0])) <= numbers
    assert lines[-1] == "http://graph.test/news?of=oslo&since=2016-01-01&lang=en"
    assert pages.get("/news.docx?of=oslo").status_code == 200
    assert pages.get("/news.exe").status_code == 404
    assert pages.get("/news.txt?of=xqzwvk").status_code == 400


def test_new_and_old_is_a_feed_whose_entries_stay_as_long_as_the_facts_do(pages: Pages) -> None:
    answer = pages.get("/news.atom?lang=en&of=eurocities&since=2018-01-01")
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    feed = ET.fromstring(answer.content)  # noqa: S314  # we wrote it
    atom = "{http://www.w3.org/2005/Atom}"
    entries = {each.findtext(f"{atom}title"): each for each in feed.iter(f"{atom}entry")}
    nardella = entries["Dario Nardella, president, Eurocities: from 5 November 2020"]
    assert nardella.findtext(f"{atom}updated") == "2020-11-05T00:00:00Z"
    assert (nardella.findtext(f"{atom}id") or "").endswith("#new")
    of_month = entries["Anna König Jerlmyr, president, Eurocities: from November 2018"]
    assert of_month.findtext(f"{atom}updated") == "2018-11-01T00:00:00Z"
    ids = [each.findtext(f"{atom}id") for each in feed.iter(f"{atom}entry")]
    assert answer.content == pages.get("/news.atom?lang=en&of=eurocities&since=2018-01-01").content
    assert len(ids) > 3
    page = pages.get("/news?lang=en&of=eurocities&since=2018-01-01").text
    assert 'type="application/atom+xml" href="/news.atom?of=eurocities&amp;since=2018-01-01&amp;lang=en"' in page
