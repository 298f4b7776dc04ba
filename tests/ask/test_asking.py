"""A text is read as the right saved question, with its names and dates in the right places; any other text as none."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote_from_bytes, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citygraph import Project
from citygraph.ask import AskedText, Phrasings, read_question
from citygraph.errors import QueryError
from citygraph.project.asking import read_text
from citygraph.saved_query import read_saved_query
from citygraph.store import Snapshot
from citygraph.store.directory import Directory
from pages_client import Pages, words_of

HELD_OUT: list[dict[str, Any]] = [
    each for group in tomllib.loads(Path(__file__).with_name("held-out.toml").read_text()).values() for each in group
]
OFFICES: dict[str, list[dict[str, Any]]] = tomllib.loads(Path(__file__).with_name("offices.toml").read_text())
Read: TypeAlias = Callable[[str], AskedText]


@pytest.fixture(scope="module")
def read(this_project: Project, snapshot: Snapshot) -> Read:
    """Reads a text over our own graph."""
    phrasings = Phrasings(this_project.queries())
    directory = Directory(snapshot.folder, this_project.prefixes)
    return lambda text: read_question(
        text, phrasings, directory, prefixes=this_project.prefixes, today=date(2020, 11, 5)
    )


@pytest.fixture(scope="module")
def pages(this_project: Project) -> Pages:
    """The pages of our own graph."""
    return Pages(this_project)


def test_phrasings_that_nothing_was_tuned_on_find_their_question(read: Read) -> None:
    assert len(HELD_OUT) == 48
    missed = [
        each["asked"]
        for each in HELD_OUT
        if each["means"] not in [reading.query.name for reading in read(each["asked"]).readings]
    ]
    assert len(missed) <= 2, missed


def test_their_names_and_dates_are_filled_in(read: Read) -> None:
    for each in HELD_OUT:
        for reading in read(each["asked"]).readings:
            if reading.query.name == each["means"]:
                assert each.get("values", {}).items() <= dict(reading.values).items(), each["asked"]


@pytest.mark.parametrize(("half", "most"), [("tuned", 0), ("untuned", 3)])
def test_an_office_is_understood(read: Read, half: str, most: int) -> None:
    wrong = []
    for each in OFFICES[half]:
        found = [reading for reading in read(each["asked"]).readings if reading.query.name in each["means"]]
        values = each.get("values", {}).items()
        day = each.get("day")
        if not found or not values <= dict(found[0].values).items() or day not in {None, str(found[0].as_of)}:
            wrong.append(each["asked"])
    assert len(wrong) <= most, wrong


@pytest.mark.parametrize(
    ("asked", "question", "as_of"),
    [
        ("Medlemmer i Metrex 5/11-2020", "members", "2020-11-05"),
        ("Medlemmer i Metrex 05.11.20", "members", "2020-11-05"),
        ("Medlemmer i Metrex høsten 2019", "members", "2019-11-30"),
        ("Members of Metrex before May 2019", "members", "2019-04-30"),
        ("Members of Metrex at the end of 2018", "members", "2018-12-31"),
        ("Medlemmer i Metrex før 2019", "members", "2018-12-31"),
        ("Oslos nettverk i fjor", "our-networks", "2019-12-31"),
        ("Oslo's networks last month", "our-networks", "2020-10-31"),
        ("Oslos nettverk for ti år siden", "our-networks", "2010-11-05"),
        ("Oslo's networks nine months ago", "our-networks", "2020-02-05"),
        ("Which networks has Oslo joined after 2015", "our-networks", None),
        ("styret i eurocities 2016 vs 2022", "joined-or-left", None),
    ],
)
def test_a_time_in_words_is_its_last_day_and_all_that_came_after_one_is_no_day(
    read: Read, asked: str, question: str, as_of: str | None
) -> None:
    found = next(each for each in read(asked).readings if each.query.name == question)
    assert found.as_of == (date.fromisoformat(as_of) if as_of else None)


@pytest.mark.parametrize(
    ("asked", "questions"),
    [
        ("Kven leia Eurocities 3. februar 2017?", "president-on-date"),
        ("Kva byar er med i Metrex?", "members"),
        ("Kva nettverk er Oslo kommune med i?", "our-networks"),
        ("Kor mange tilsette har Eurocities?", "network-figures figures-over-time"),
        ("Kva arbeidsgrupper blir leia av Oslo?", "groups-led"),
        ("Kven sit i styret for Bergen?", "offices-held"),
        ("Kva mistar vi om Oslo går ut av Metrex?", "leaving-network"),
        ("Kvar har nettverka hovudkontor?", "networks-by-seat"),
        ("Er Bodø medlem i Eurocities?", "member-answer"),
        ("Kva er usamde kjelder usamde om?", "disagreements"),
        ("Når er neste møte i Eurocities?", "next-meetings"),
        ("Kva tema har Eurocities og Metrex sams?", "overlapping-themes theme-comparison"),
    ],
)
def test_nynorsk_is_read_as_bokmal_is(read: Read, asked: str, questions: str) -> None:
    assert {reading.query.name for reading in read(asked).readings[:3]} & set(questions.split())


def test_words_are_found_in_what_is_told_of_passages_and_facts(pages: Pages) -> None:
    text = pages.get("/search?q=autumn+RELAUNCHED&lang=en").text.partition('id="in-texts"')[2]
    assert "Initiated in 2001, relaunched in autumn 2006." in text
    assert 'href="/' in text.partition("</li>")[0]
    assert 'id="in-texts"' not in pages.get("/search?q=relaunched+zzzz&lang=en").text
    assert pages.get("/search?q=%22%29+%7D+DROP+%5C%22%5C&lang=en").status_code == 200


def test_no_phrasing_of_a_header_is_one_of_them(this_project: Project) -> None:
    known = {text.casefold() for query in this_project.queries() for text in query.phrasings}
    assert not known & {each["asked"].casefold() for each in HELD_OUT}


@pytest.mark.parametrize(
    ("asked", "question", "values", "as_of"),
    [
        ("Hvem er president i Eurocities 1. mars 2021?", "president-on-date", {"network": "id:eurocities", "date": "2021-03-01"}, ""),
        ("eurocities president on March 1, 2021", "president-on-date", {"network": "id:eurocities", "date": "2021-03-01"}, ""),
        ("HVEM VAR PRESIDENT I METREX 01.03.2021", "president-on-date", {"network": "id:metrex", "date": "2021-03-01"}, ""),
        ("president eurocites", "network-presidents", {"network": "id:eurocities"}, ""),
        ("Oslos nettverk", "our-networks", {"member": "id:oslo-kommune"}, ""),
        ("City of Oslo's networks", "our-networks", {"member": "id:oslo-kommune"}, ""),
        ("Members of Eurocities in March 2019", "members", {"network": "id:eurocities"}, "2019-03-31"),
        ("Medlemmer i Metrex 2019", "members", {"network": "id:metrex"}, "2019-12-31"),
        ("Hvilke verv utløper de neste to årene?", "terms-ending", {"months": "24"}, ""),
        (
            "Hvem kom til og hvem falt fra i Eurocities' styre mellom 2016 og 2022?",
            "joined-or-left",
            {"earlier": "id:list-eurocities-excom-2016", "later": "id:list-eurocities-excom-2022"},
            "",
        ),
    ],
)  # fmt: skip
def test_names_and_dates_as_people_write_them(
    read: Read, asked: str, question: str, values: dict[str, str], as_of: str
) -> None:
    first = read(asked).readings[0]
    assert (first.query.name, dict(first.values)) == (question, values)
    assert first.as_of == (date.fromisoformat(as_of) if as_of else None)


@pytest.mark.parametrize("text", ["", "Oslo", "City of Oslo", "asdf qwer", "tell me a joke", "?!", "2021"])
def test_what_asks_nothing_is_read_as_nothing(read: Read, text: str) -> None:
    assert read(text).readings == ()


def test_a_date_of_no_calendar_is_none(read: Read) -> None:
    assert read("Medlemmer i Eurocities 31. februar 2019").readings[0].as_of is None
    assert all("date" not in each.values for each in read("President i Eurocities 2021-13-01").readings)


@given(text=st.text(max_size=500))
@settings(max_examples=40)
def test_any_text_at_all_is_read(read: Read, text: str) -> None:
    assert len(read(text).readings) <= 3
    assert len(read(f"Oslo {text} nettverk").readings) <= 3


def test_a_header_says_how_else_it_is_asked_and_what_is_wrong_with_that(tmp_path: Path) -> None:
    file = tmp_path / "mine.rq"
    head = '#+ title:    { nb: "T", en: "T" }\n#+ question: { nb: "S?", en: "Q?" }\n#+ columns: [a]\n'
    text = head + '#+ also: { nb: ["Hva er nytt?"], en: ["What is new?"] }\nSELECT ?a WHERE { ?a a ?a }'
    file.write_text(text)
    assert read_saved_query(file).phrasings == ("T", "T", "S?", "Q?", "Hva er nytt?", "What is new?")
    for wrong in (
        'also: { de: ["Was?"] }',
        'also: { nb: "Hva?" }',
        "also: [Hva]",
        'also: { nb: [""] }',
        "also: { nb: [1] }",
    ):
        file.write_text(head + f"#+ {wrong}\nSELECT ?a WHERE {{ ?a a ?a }}")
        with pytest.raises(QueryError, match=r"mine\.rq:4: also"):
            read_saved_query(file)


def test_a_question_that_lacks_its_day_says_so(this_project: Project, snapshot: Snapshot) -> None:
    first = read_text("Who was president on that day?", this_project, snapshot).readings[0]
    assert (first.query.name, first.missing) == ("president-on-date", ("date",))


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("nb", "Jeg leser dette som President på en dag , Eurocities , 1. mars 2021 – Endre «President på en dag»"),
        ("en", "I read this as President on a day , Eurocities , 1 March 2021 – Change “President on a day”"),
    ],
)
def test_the_search_says_how_it_reads_a_question_and_leads_to_its_answer(
    pages: Pages, language: str, said: str
) -> None:
    found = pages.get(f"/search?q=Hvem+er+president+i+Eurocities+1.+mars+2021%3F&lang={language}").text
    assert said in words_of(found)
    answer = f"/queries/president-on-date?date=2021-03-01&amp;network=id%3Aeurocities&amp;lang={language}"
    assert f'href="{answer}"' in found
    assert f'href="{answer}#p-date"' in found
    assert 'id="p-date"' in pages.get(answer.replace("&amp;", "&")).text
    assert "Dario Nardella" in pages.get(answer.replace("&amp;", "&")).text
    # What the question names is found too.
    assert f'href="/network/eurocities?lang={language}"' in found


def test_the_search_for_programs_has_the_readings(pages: Pages) -> None:
    found = pages.get("/search.json?q=members+of+Metrex+in+2019").json()
    first = found["readings"][0]
    assert (first["question"], first["values"], first["as_of"]) == ("members", {"network": "id:metrex"}, "2019-12-31")
    assert pages.get(first["page"]).status_code == 200
    assert pages.get("/search.json?q=Oslo").json()["readings"] == []


def test_what_is_not_in_the_graph_is_not_said_to_be_no_member(pages: Pages) -> None:
    found = words_of(pages.get("/search?q=Lillehammerq&lang=nb").text)
    assert "betyr ikke at det ikke er medlem noe sted" in found


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("<script>alert(1)</script><b>Oslo</b>", 'href="/city/oslo?lang=en"'),
        ("os\u200blo \u202e", 'href="/city/oslo?lang=en"'),
        ("id:oslo-kommune", 'href="/authority/oslo-kommune?lang=en"'),
        ("SELECT ?s WHERE { ?s a ?o }", 'href="/editor?query=SELECT'),
        ("PREFIX cg: <https://w3id.org/citygraph/ontology#>\nASK { ?s a cg:CityNetwork }", 'href="/editor?query=PREFIX'),
        ("INSERT DATA { <a> <b> <c> }", 'href="/editor?query=INSERT'),
        ("a" * 10_000, "Only the first 200 characters were read."),
        ("who is a member of Eurocities " * 400, 'href="/queries/members?network=id%3Aeurocities'),
        ("عضو في شبكة المدن أوسلو", "Nothing here is called"),
        ("رشت oslo ؟", 'href="/city/oslo?lang=en"'),
        ("?!...,;:--'\"()[]{}|\\^$*+%", "Nothing here is called"),
        ("🏙️🇳🇴", "Nothing here is called"),
        ("Oslo 🏙️ networks", 'href="/queries/our-networks?member=id%3Aoslo-kommune'),
        ("\x00\x01\x7f", "Type a name or a question"),
        (" ", "Type a name or a question"),
        ("' OR 1=1 --", "Type a name or a question"),
    ],
)  # fmt: skip
def test_any_text_in_the_box_gives_a_page_that_helps(pages: Pages, typed: str, said: str) -> None:
    found = pages.get("/search?" + urlencode({"q": typed, "lang": "en"}))
    assert found.status_code == 200
    assert said in found.text
    assert "alert(1)" not in found.text
    assert "\u202e" not in found.text
    assert pages.get("/search.json?" + urlencode({"q": typed})).status_code == 200


@given(text=st.text(max_size=300) | st.text(alphabet="<>{}?'\"\\%&;:/ \u202eaبא🏙0", max_size=60))
@settings(max_examples=25)
def test_no_text_in_the_box_breaks_the_page(pages: Pages, text: str) -> None:
    typed = text.encode("utf-8", errors="surrogatepass")
    for address in ("/search", "/search.json"):
        assert pages.get(f"{address}?q={quote_from_bytes(typed)}").status_code == 200
