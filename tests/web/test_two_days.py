"""Before and after: the same question on two days, and where the difference is."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from citygraph import Project
from citygraph.rdf import Iri
from citygraph.results import Solutions
from conftest import TODAY, copy_project
from pages_client import Pages, words_of


@pytest.fixture(scope="module")
def pages(this_project: Project) -> Pages:
    """The pages of our own graph, on 5 November 2020."""
    return Pages(this_project)


def things(project: Project, name: str, day: str) -> set[tuple[str, ...]]:
    answer = project.query(name, as_of=date.fromisoformat(day)).answer
    assert isinstance(answer, Solutions)
    return {tuple(each.value for each in row if isinstance(each, Iri)) for row in answer.rows}


@pytest.mark.parametrize("name", ["members", "places-on-the-map", "groups-led"])
@pytest.mark.parametrize(("day", "other"), [("2020-11-05", "2014-06-01"), ("2012-01-01", "2020-11-05")])
def test_the_numbers_are_those_of_the_two_answers(name: str, day: str, other: str, pages: Pages) -> None:
    page = pages.get(f"/queries/{name}?lang=en&as_of={day}&before={other}").text
    told = re.search(r"(\d+) on [\w ]+ alone, (\d+) on [\w ]+ alone, (\d+) on both", words_of(page))
    assert told is not None
    old, new = (things(pages.project, name, each) for each in sorted((day, other)))
    assert [int(each) for each in told.groups()] == [len(new - old), len(old - new), len(new & old)]


def test_the_map_tells_what_is_in_one_answer_alone_from_what_is_in_both(pages: Pages) -> None:
    page = pages.get("/queries/places-on-the-map?lang=en&as_of=2020-11-05&before=2014-06-01").text
    drawn = page.partition('id="days"')[2].partition("</svg>")[0]
    marks = dict(re.findall(r'class="dot(?: many)?(?: (\w+))?"><title>([^<]*)', drawn))
    assert "came" in marks
    assert "Filled dots" in words_of(page)


def test_the_names_are_those_of_the_day_of_the_page(pages: Pages) -> None:
    page = words_of(pages.get("/queries/members?lang=en&before=2014-06-01").text)
    assert "Before and after: 1 June 2014 and 5 November 2020" in page
    assert "need not have begun or ended" in page


@pytest.mark.parametrize("said", ["i går", "2020-13-01", "1' OR 1"])
def test_what_is_no_day_is_told_and_no_page_is_lost(said: str, pages: Pages) -> None:
    answer = pages.get(f"/queries/members?lang=en&before={said}")
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text


def test_a_file_has_one_day(pages: Pages) -> None:
    assert pages.get("/queries/members.csv?before=2014-06-01").status_code == 400


def test_an_answer_without_rows_is_not_compared_in_silence(this_project: Project, tmp_path: Path) -> None:
    folder = copy_project(this_project.folder, tmp_path / "project")
    question = folder / "queries" / "is-a-member.rq"
    question.write_text(
        '#+ title: { nb: "Er noen med?", en: "Is anybody in?" }\n#+ question: { nb: "Er noen med?", en: "Is anybody in?" }\n'
        "#+ columns: [answer]\n"
        "ASK { ?who <https://w3id.org/citygraph/ontology#hasCurrentMembership> ?fact }",
        encoding="utf-8",
    )
    project = Project.open(folder, today=TODAY)
    assert not project.build().report.violations
    asked = Pages(project)
    assert 'name="before"' not in asked.get("/queries/is-a-member").text
    answer = asked.get("/queries/is-a-member?lang=en&before=2014-06-01")
    assert answer.status_code == 400
    assert "no rows to compare with another day" in words_of(answer.text)
