"""The page of a city and of its authority: a sentence, what holds in each network, what does not, and the same as text."""

from __future__ import annotations

import html
import re
from datetime import date
from html.parser import HTMLParser

import pytest

from citygraph import Project
from citygraph.namespaces import PREFIXES
from clean_project import clean_project
from pages_client import Pages, words_of

SENTENCES = {
    "nb": "Oslo er medlem av 2 nettverk, leder 3 grupper og har plass i 1 styre, slik det er kjent 5. november 2020.",
    "en": "Oslo is a member of 2 networks, leads 3 groups and has a seat on 1 board, as known on 5 November 2020.",
}


@pytest.fixture(scope="module")
def pages(this_project: Project) -> Pages:
    """The pages of our own graph."""
    return Pages(this_project)


@pytest.mark.parametrize("language", ["nb", "en"])
def test_a_city_and_its_authority_begin_with_the_same_sentence_and_cards(pages: Pages, language: str) -> None:
    city, authority = (pages.get(f"/{path}?lang={language}").text for path in ("city/oslo", "authority/oslo-kommune"))
    briefs = [page.partition('<section class="brief"')[2].partition("<template")[0] for page in (city, authority)]
    # Where they are to be had as files is all that differs.
    assert (
        len({re.sub(r'href="/(city/oslo|authority/oslo-kommune)\.(txt|docx|pptx)[^"]*"', "", each) for each in briefs})
        == 1
    )
    assert SENTENCES[language] in words_of(briefs[0])
    # Each leads to the other, and says what both say.
    assert f'href="/authority/oslo-kommune?lang={language}"' in city
    assert f'href="/city/oslo?lang={language}"' in authority
    for page in (city, authority):
        assert "59.91273" in page, "where the place is"
        assert "958935420" in page, "the number of the authority"


def test_what_holds_what_is_last_known_and_what_is_past_stand_in_three_places(pages: Pages) -> None:
    page = pages.get("/city/oslo?lang=en").text.partition("<template")[0]
    places = [page.index(f'id="brief-{each}"') for each in ("holds", "last_known", "others")]
    assert places == sorted(places)
    holds, last_known, others = (
        words_of(page[begin:end]) for begin, end in zip(places, [*places[1:], page.index("brief-sources")], strict=True)
    )
    for said in ("Eurocities Role full member, since when is not known", "Raymond Johansen , board member", "Metrex"):
        assert said in holds.replace("1 ", "").replace("Source ", "")
    assert "Working group on waste" in holds
    assert "Metrex Role full member, since when is not known Source 8 8 Last confirmed 5 November 2020" in holds
    assert "Intercultural Cities programme : full member, since 2008" in last_known
    assert "Nordic Safe Cities : full member" in others
    assert "Nordic Safe Cities" not in holds


def test_a_day_that_is_not_known_is_said_as_one_between_two(pages: Pages) -> None:
    said = words_of(pages.get("/city/oslo?lang=en").text.partition("<template")[0])
    assert "since a day between 1 September 2020 and 30 November 2020" in said
    assert "since 5 November 2020" not in said


def test_every_number_leads_to_its_source(pages: Pages) -> None:
    page = pages.get("/city/oslo?lang=en").text.partition("<template")[0]
    numbers = set(re.findall(r'href="#(brief-source-\d+)"', page))
    assert numbers == set(re.findall(r'id="(brief-source-\d+)"', page))
    assert "Memo on two city networks" in page.partition('id="brief-source-1"')[2].partition("</li>")[0]


def test_codes_and_coordinates_come_last(pages: Pages) -> None:
    page = pages.get("/city/oslo?lang=en").text.partition("<main")[2].partition('<aside class="beside"')[0]
    headings = re.findall(r'<h2 id="([\w-]+)"', page)
    assert (headings[0], headings[-1]) == ("brief", "g-links")
    assert page.index("59.91273") > page.index('id="g-links"')


def test_a_city_of_which_nothing_is_known_says_that_this_is_no_no(pages: Pages) -> None:
    said = words_of(pages.get("/city/trondheim?lang=nb").text)
    assert (
        "Grafen kjenner ikke noe medlemskap eller verv i et nettverk for Trondheim som gjelder 5. november 2020."
        in said
    )
    assert "Det betyr ikke at det ikke finnes." in said


@pytest.mark.parametrize("address", ["/city/oslo.txt?lang=en", "/authority/oslo-kommune?format=txt&lang=en"])
def test_the_brief_is_a_text_for_an_e_mail_with_numbered_sources(pages: Pages, address: str) -> None:
    answer = pages.get(address)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    lines = answer.text.splitlines()
    assert lines[:3] == ["Oslo", "", SENTENCES["en"]]
    assert "- Role: full member, since when is not known, last confirmed 5 November 2020 [1]" in lines
    sources = [line for line in lines if re.match(r"\[\d+\] ", line)]
    assert [line.partition(" ")[0] for line in sources] == [f"[{n}]" for n in range(1, len(sources) + 1)]
    assert {f"[{n}]" for n in re.findall(r"\[(\d+)\]", answer.text)} == {line.partition(" ")[0] for line in sources}
    assert "http://graph.test/document/eurocities-metrex-memo.txt" in sources[0]
    assert lines[-1].startswith("https://w3id.org/citygraph/id/")


def test_the_copy_holds_the_same_text_and_html_that_reads_the_same(pages: Pages) -> None:
    page = pages.get("/city/oslo?lang=en").text
    text = html.unescape(page.partition('<template class="mail-text">')[2].partition("</template>")[0])
    assert text == pages.get("/city/oslo.txt?lang=en").text
    mail = page.partition('<template class="mail-html">')[2].partition("</template>")[0]
    _Whole().feed(mail)
    said = words_of(mail)
    assert SENTENCES["en"] in said
    assert (
        "Raymond Johansen , board member, Eurocities Executive Committee , since a day between 1 September 2020 and 30 November 2020 [2] [3] [4]"
        in said
    )
    assert all(href.startswith(("http://", "https://")) for href in re.findall(r'href="([^"]*)"', mail))
    assert re.search(r'<button type="button" class="copy-mail" hidden>Copy for e-mail</button>', page)


def test_a_network_begins_with_who_leads_it_and_how_many_it_has(pages: Pages) -> None:
    page = pages.get("/network/eurocities?lang=en").text.partition("<template")[0]
    said = words_of(page)
    assert "Eurocities, as far as the graph knows it on 5 November 2020: " in said
    assert "president: Anna König Jerlmyr" in said
    assert "full member: 2" in said
    card = words_of(page.partition('id="brief-holds"')[2].partition("</ul>")[0])
    assert "Anna König Jerlmyr , president, November 2018 – 5 November 2020" in card
    assert "Eurocities Executive Committee" in card
    assert "Working group on waste Offices City of Oslo , lead" in card
    text = pages.get("/network/eurocities.txt?lang=en").text
    assert "Offices: " in text
    assert "Represented by" not in text


def test_a_person_begins_with_the_offices_of_the_day(pages: Pages) -> None:
    said = words_of(pages.get("/person/anna-konig-jerlmyr?lang=en").text.partition("<template")[0])
    assert "Anna König Jerlmyr is president of Eurocities, as known on 5 November 2020." in said
    past = words_of(pages.get("/person/daniel-termont?lang=nb").text.partition("<template")[0])
    assert "Tidligere, senere eller avvist" in past
    assert "Grafen kjenner ikke noe medlemskap eller verv" in past


def test_a_long_list_of_other_days_is_folded(pages: Pages) -> None:
    page = pages.get("/network/eurocities?lang=en").text.partition("<template")[0]
    others = page.partition('id="brief-others"')[2].partition("<details>")[0]
    assert others.count("<li>") == 8
    assert re.search(r"<summary>\d+ more</summary>", page)


def test_nothing_else_has_a_brief(pages: Pages) -> None:
    assert pages.get("/country/nor.txt").status_code == 404
    assert pages.get("/country/nor?format=txt").status_code == 404
    assert 'class="brief"' not in pages.get("/country/nor").text
    # A document whose name ends so is a page as before.
    assert pages.get("/document/eurocities-metrex-memo.txt").headers["content-type"].startswith("text/html")


class _Whole(HTMLParser):
    """Every element that is opened is closed."""

    def __init__(self) -> None:
        super().__init__()
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag


# -- what is rare -----------------------------------------------------------------------------------------

RARE = """
id:fjordby-havn a cv:PublicOrganisation , org:Organization ;
    skos:prefLabel "Fjordby havnevesen"@nb , "Fjord City Port Authority"@en ;
    cg:administers id:place-fjordby ;
    prov:wasDerivedFrom source:register .
id:m-chair a org:Membership ; org:member id:person-ola-nordmann ; cg:onBehalfOf id:fjordby-kommune ;
    org:organization id:nordnett-board ; org:role concept:role-chair ; cg:asOf "2020-11-01"^^xsd:date ;
    prov:wasDerivedFrom source:register .
id:m-kari-nordmann-nordnett-president cg:onBehalfOf id:fjordby-kommune .
id:m-ended a org:Membership ; org:member id:fjordby-havn ; org:organization id:nordnett ;
    org:role concept:role-associated-partner ; prov:wasDerivedFrom source:register ; org:memberDuring id:m-ended-during .
id:m-ended-during a time:ProperInterval ; time:hasBeginning id:m-ended-begin ; time:hasEnd id:m-ended-end .
id:m-ended-begin a time:Instant ; cg:dateNotAfter "2012-05-31"^^xsd:date .
id:m-ended-end a time:Instant ; cg:dateNotBefore "2020-02-01"^^xsd:date ; cg:dateNotAfter "2020-04-30"^^xsd:date .
id:m-second a org:Membership ; org:member id:fjordby-havn ; org:organization id:nordnett ;
    org:role concept:role-full-member ; prov:wasDerivedFrom source:register ; org:memberDuring id:m-second-during .
id:m-second-during a time:ProperInterval ; time:hasBeginning id:m-second-begin .
id:m-second-begin a time:Instant ; time:inXSDDate "2020-05-01"^^xsd:date .
id:m-undated a org:Membership ; org:member id:fjordby-havn ; org:organization id:nordnett ;
    org:role concept:role-observer ; prov:wasDerivedFrom source:register ; org:memberDuring id:m-undated-during .
id:m-undated-during a time:ProperInterval ; time:hasEnd id:m-undated-end .
id:m-undated-end a time:Instant ; time:inXSDgYear "2030"^^xsd:gYear .
"""


@pytest.fixture(scope="module")
def rare(tmp_path_factory: pytest.TempPathFactory) -> Pages:
    """A city with two authorities, a network that it presides over, a board that it chairs, days known by bounds, or not at all."""
    folder = clean_project(tmp_path_factory.mktemp("rare") / "project", questions=False)
    file = folder / "data" / "networks" / "nordnett.ttl"
    prefixes = "".join(f"@prefix {each}: <{PREFIXES[each]}> .\n" for each in ("cv", "adms"))
    file.write_text(prefixes + file.read_text(encoding="utf-8") + RARE, encoding="utf-8")
    project = Project.open(folder, today=date(2020, 11, 5))
    assert not project.build().report.violations
    return Pages(project)


def test_a_city_with_two_authorities_says_who_holds_what(rare: Pages) -> None:
    page = rare.get("/city/fjordby?lang=en").text.partition("<template")[0]
    said = words_of(page.partition('<section class="brief"')[2])
    # The board that it chairs is none of its groups, and none in which it has a mere seat.
    sentence = "Fjord City is a member of 1 network, has the president of Nordic Net (Kari Nordmann), chairs 1 board and leads 1 group, "
    assert sentence in said
    # Each grade has its own begin.
    assert "Fjord City Port Authority , full member, since 1 May 2020" in said
    assert "Municipality of Fjord City , full member, since when is not known" in said


def test_an_end_is_said_no_more_exactly_than_it_is_known(rare: Pages) -> None:
    page = rare.get("/city/fjordby?lang=en").text.partition("<template")[0]
    others = words_of(page.partition('id="brief-others"')[2])
    assert (
        "associated partner, from 31 May 2012 at the latest until a day between 1 February 2020 and 30 April 2020"
        in others
    )
    news = words_of(rare.get("/news?lang=en&since=2020-03-01").text)
    assert "associated partner, Nordic Net : until a day between 1 February 2020 and 30 April 2020" in news
    assert "at the latest" not in news


def test_what_was_never_dated_is_not_last_known_and_is_old(rare: Pages) -> None:
    page = rare.get("/city/fjordby?lang=en").text.partition("<template")[0]
    undated = words_of(page.partition('id="brief-undated"')[2].partition("brief-others")[0])
    assert "Undated: no source says when" in undated
    assert "observer, until 2030" in undated
    assert 'id="brief-last_known"' not in page
    old = words_of(rare.get("/news?lang=en&of=fjordby").text.partition('id="old"')[2])
    assert "Fjord City Port Authority , observer, Nordic Net : undated" in old


def test_news_of_a_name_that_is_not_quite_one_asks_which(rare: Pages) -> None:
    answer = rare.get("/news?lang=en&of=Fjord+Citi")
    assert answer.status_code == 400
    assert "Nothing here is called 'Fjord Citi'. Choose what you meant" in words_of(answer.text)
    assert re.search(r"of=[^\"]*fjordby", answer.text)
