"""A list that was taken in is a source like any other: what is asked of it, cited, explained and shown is its rows."""

from __future__ import annotations

import pytest

from citygraph import Project
from citygraph.rdf import Iri, Literal
from citygraph.results import Solutions
from conftest import TODAY
from ingest_words import Take
from pages_client import Pages

EARLIER, LATER = ("Oslo;Norway;C40", "Bergen;Norway;C40"), ("Oslo;Norway;C40", "Lyon;France;C40")


@pytest.fixture
def two_lists(take: Take, project: Project) -> Project:
    take(*EARLIER, more="complete = true\n")
    take(*LATER, more="complete = true\n", day="2026-03-01")
    taken = Project.open(project.folder, today=TODAY)
    taken.build()
    return taken


def said(project: Project, question: str, *columns: str) -> list[tuple[str, ...]]:
    """These columns of an answer: literals as they are, things by the last part of their address."""
    answer = project.query(question).answer
    assert isinstance(answer, Solutions)
    rows = [
        {
            column: term.value if isinstance(term, Iri | Literal) else ""
            for column, term in zip(answer.columns, row, strict=True)
        }
        for row in answer.rows
    ]
    return [tuple(row[column].rpartition("/")[2] for column in columns) for row in rows]


@pytest.mark.slow
def test_two_complete_lists_in_a_new_project_say_who_came_and_who_went(two_lists: Project) -> None:
    assert said(two_lists, "joined-or-left", "joined", "left") == [("city-of-lyon", ""), ("", "city-of-bergen")]
    counts = set(said(two_lists, "membership-changes", "country", "before", "after"))
    assert counts == {("FRA", "0", "1"), ("NOR", "2", "1")}
    facts = {row[0]: row[1] for row in said(two_lists, "publishable", "document", "facts")}
    assert int(facts["members-2025-03-01.csv"]) > len(EARLIER)

    answered = two_lists.query("members", {"network": "C40"}, cite=True, as_of=TODAY)
    cited = {(each.place.words.en, each.passage.en) for row in answered.sources for each in row if each.place}
    assert cited == {("row 2", "Oslo"), ("row 3", "Lyon")}
    (proof,) = two_lists.explain("id:m-city-of-lyon-c40", "org:member", "id:city-of-lyon").proofs
    assert [origin.source.rpartition("#")[2] for origin in proof.origins] == ["row=3"]

    pages = Pages(two_lists)
    page = pages.get("/document/members-2026-03-01.csv").text
    assert "Lyon" in page.partition('id="row=3"')[2][:400]
    assert (
        "/document/members-2026-03-01.csv#row=3" in pages.get(f"/queries/members?network=C40&cite=1&as_of={TODAY}").text
    )
