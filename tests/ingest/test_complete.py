"""Lists that have every member: who is not on them is no member, as far as every row could be used."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from citygraph import Project
from citygraph.errors import IngestError
from citygraph.results import Solutions
from conftest import ROOT, TODAY
from ingest_words import MAP, Take, Taken

_COMPLETE = "complete = true\n"
_DAY = date(2025, 12, 1)


def _take(take: Take, *rows: str, day: str = "2026-03-01", said: str = _COMPLETE) -> Taken:
    return take(*rows, day=day, more=said + MAP.format(day=day))


def _facts(taken: Taken) -> str:
    return (taken.done.report.parents[3] / taken.done.files[0]).read_text(encoding="utf-8")


def _answers(project: Project) -> dict[str, str]:
    """Who is a member of Example Network, by the saved question that says member, not on the list or unknown."""
    fresh = Project.open(project.folder, today=TODAY)
    fresh.build()
    text = (ROOT / "queries" / "member-answer.rq").read_text(encoding="utf-8")
    answer = fresh.sparql(text.replace("SELECT DISTINCT", "SELECT DISTINCT ?label", 1).replace(
        "?candidate a cv:PublicOrganisation .",
        '?candidate a cv:PublicOrganisation ; skos:prefLabel ?label . FILTER (LANG(?label) = "en") '
        "?network skos:prefLabel 'Hansa'@en .", 1,
    ), as_of=_DAY)  # fmt: skip
    assert isinstance(answer, Solutions)
    place = [str(each) for each in answer.columns].index("answer")
    return {str(row[0]).split('"')[1]: str(row[place]).rpartition("/")[2].rstrip(">") for row in answer.rows}


@pytest.mark.slow
def test_who_is_not_on_a_complete_list_is_no_member(take: Take, project: Project) -> None:
    taken = _take(take, "Bergen;Norway;Hansa", "Lübeck;Germany;Hansa", "Hamar;Norway;Other", day="2025-11-01")
    assert taken.done.imported.complete == {"Hansa": 0, "Other": 0}
    assert [each.code for each in Project.open(project.folder, today=TODAY).check().report] == []
    answers = _answers(project)
    assert (answers["City of Bergen"], answers["City of Hamar"]) == ("role-full-member", "answer-not-listed")


def test_without_a_statement_nobody_is_said_to_be_no_member(take: Take, project: Project) -> None:
    _take(take, "Bergen;Norway;Hansa", "Hamar;Norway;Other", day="2025-11-01", said="")
    assert _answers(project)["City of Hamar"] == "answer-unknown"


def test_a_row_that_was_not_taken_in_makes_the_statement_partial(take: Take, project: Project) -> None:
    taken = _take(take, "Bergen;Norway;Hansa", "Hamar;Atlantis;Hansa", "Hamar;Norway;Other", day="2025-11-01")
    assert taken.done.imported.complete["Hansa"] == 1
    assert "concept:partial" in _facts(taken)
    assert "1 of its rows were not taken in" in _facts(taken)
    assert _answers(project)["City of Hamar"] == "answer-unknown"


def test_a_member_of_the_graph_that_a_complete_list_lacks_has_left(take: Take, project: Project) -> None:
    _take(take, "Oslo;Norway;Hansa", "Bergen;Norway;Hansa", day="2025-03-01", said="")
    more = _COMPLETE + MAP.format(day="2026-03-01").replace('"members"', '"other"')
    other = take("Oslo;Norway;Hansa", day="2026-03-01", more=more)
    difference = other.done.imported.difference
    assert difference is not None
    assert (difference.since, [iri.rpartition("/")[2] for iri in difference.left]) == ("", ["m-city-of-bergen-hansa"])
    assert 'cg:dateNotBefore "2025-03-01"' in _facts(other)
    assert [each.code for each in Project.open(project.folder, today=TODAY).check().report] == []


def test_who_is_confirmed_later_by_another_source_has_not_left(take: Take) -> None:
    _take(take, "Oslo;Norway;Hansa", "Bergen;Norway;Hansa", day="2026-06-01", said="")
    more = _COMPLETE + MAP.format(day="2026-03-01").replace('"members"', '"other"')
    difference = take("Oslo;Norway;Hansa", day="2026-03-01", more=more).done.imported.difference
    assert difference is not None
    assert (difference.left, [iri.rpartition("/")[2] for iri in difference.disputed]) == (
        (),
        ["m-city-of-bergen-hansa"],
    )


def test_from_a_partial_list_nobody_has_left(take: Take) -> None:
    _take(take, "Oslo;Norway;Hansa", "Bergen;Norway;Hansa", day="2025-03-01", said="")
    difference = _take(take, "Oslo;Norway;Hansa", said="complete = false\n").done.imported.difference
    assert difference is not None
    assert (difference.left, [iri.rpartition("/")[2] for iri in difference.missing]) == ((), ["m-city-of-bergen-hansa"])


def test_who_is_named_in_a_refused_row_has_not_left(take: Take) -> None:
    _take(take, "Oslo;Norway;Hansa", "Bergen;Norway;Hansa", day="2025-03-01", said="")
    difference = _take(take, "Oslo;Norway;Hansa", "City of Bergen;Atlantis;Hansa", said="").done.imported.difference
    assert difference is not None
    assert (difference.left, len(difference.unclear)) == ((), 1)


def test_a_list_complete_for_one_country_says_nothing_of_others(take: Take) -> None:
    rows = ("Oslo;Norway;Hansa", "Bergen;Norway;Hansa", "Lübeck;Germany;Hansa")
    _take(take, *rows, day="2025-03-01", said="")
    more = _COMPLETE + 'complete_country = "Norge"\n' + MAP.format(day="2026-03-01").replace('"members"', '"other"')
    taken = take("Oslo;Norway;Hansa", day="2026-03-01", more=more)
    difference = taken.done.imported.difference
    assert difference is not None
    assert [iri.rpartition("/")[2] for iri in difference.left] == ["m-city-of-bergen-hansa"]
    assert "dct:spatial country:NOR" in _facts(taken)


@pytest.mark.parametrize(("said", "says"), [
    ('complete = ["Nowhere Network"]\n', "no row of the list names that network"),
    ('complete = true\njudged_by = "id:nobody"\n', "the graph does not have it"),
    ('complete = true\ncomplete_role = "role-of-nobody"\n', "'role-of-nobody'"),
    ('complete = "yes"\n', "expected true, false, or a list of networks"),
    ('complete = true\ncomplete_country = "Atlantis"\n', "expected a country"),
])  # fmt: skip
def test_a_statement_that_cannot_be_made_is_an_error_with_a_next_step(take: Take, said: str, says: str) -> None:
    with pytest.raises(IngestError) as caught:
        _take(take, "Oslo;Norway;Hansa", said=said)
    assert says in caught.value.message
    assert caught.value.fix


def test_the_editors_come_with_the_first_list_that_is_complete(tmp_path: Path) -> None:
    project = Project.new(tmp_path / "empty")
    path, map_ = tmp_path / "list.csv", tmp_path / "map.toml"
    path.write_text("City;Country;Network\nOslo;Norway;Hansa\nBergen;Norway;Riga League\n", encoding="utf-8")
    columns = '\n[columns]\ncity = "City"\ncountry = "Country"\nnetwork = "Network"\n'
    for name, day in (("first", "2025-03-01"), ("first", "2025-03-01"), ("second", "2026-03-01")):
        map_.write_text(f'list = "{name}"\nas_of = {day}\ncomplete = true\n{columns}', encoding="utf-8")
        Project.open(project.folder, today=TODAY).ingest(path, map_file=map_)
        assert [each.code for each in Project.open(project.folder, today=TODAY).check().report] == []
    written = "".join(each.read_text(encoding="utf-8") for each in project.folder.glob("data/**/*.ttl"))
    assert written.count("id:agent-editors a foaf:Group") == 1
