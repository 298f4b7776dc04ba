"""Which findings stand: what holds at the same time is counted, and what is answered "meant so" is silent."""

from __future__ import annotations

from pathlib import Path

import pytest

from citygraph import Project, load
from citygraph.findings import Finding
from citygraph.validate import check_shapes, settle
from clean_project import DATA, clean_project
from conftest import TODAY

SEATS = (DATA / "two-seats" / "data" / "networks" / "mistake.ttl").read_text(encoding="utf-8")
FIRST = """
id:claim-nordnett-seat a cg:Claim ; rdf:subject id:nordnett ; rdf:predicate org:hasPrimarySite ;
    rdf:object id:nordnett-seat ; cg:rank concept:rank-{rank} ; {when} prov:wasDerivedFrom source:notat.txt .
id:during a time:ProperInterval ; time:hasEnd id:end .
id:end a time:Instant ; {end} .
"""
TIMED = "time:hasTime id:during ;"
MEANT = """
id:meant a cg:MeantSo ; oa:hasTarget {targets} ; cg:findingCode "{code}" ; dct:description "{reason}"@en ;
    prov:wasAttributedTo id:agent-editors ; dct:date "2020-11-05"^^xsd:date .
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clean_project(tmp_path_factory.mktemp("settle") / "graph", questions=False)


def settled(folder: Path, turtle: str, *, other_day: bool = False) -> list[Finding]:
    (folder / "data" / "networks" / "tried.ttl").write_text(turtle, encoding="utf-8")
    graphs = load.load_files(Project.open(folder, today=TODAY).config).graphs
    return settle(check_shapes(graphs), graphs, checks=["two-presidents"], other_day=other_day)


def first_seat(end: str, *, when: str = TIMED, rank: str = "preferred") -> str:
    return SEATS + FIRST.format(end=end, when=when, rank=rank)


@pytest.mark.parametrize(
    ("turtle", "expected"),
    [
        (first_seat('time:inXSDgYear "2012"^^xsd:gYear'), []),
        (first_seat('time:inXSDDate "2012-03-01"^^xsd:date'), []),
        (first_seat('cg:dateNotAfter "2011-12-31"^^xsd:date'), []),
        (first_seat('time:inXSDgYear "2013"^^xsd:gYear'), ["two-seats"]),
        (first_seat('time:inXSDgYear "2012"^^xsd:gYear', when=""), ["two-seats"]),
        (first_seat('time:inXSDgYear "2012"^^xsd:gYear', rank="deprecated"), ["claim-still-stated", "two-seats"]),
        (SEATS + MEANT.format(targets="id:nordnett", code="two-seats", reason="Two."), []),
        (SEATS + MEANT.format(targets="id:nordnett, id:nordnett-seat", code="two-seats", reason="Two."), []),
        (
            SEATS + MEANT.format(targets="id:fjordby-kommune", code="two-seats", reason="Two."),
            ["meant-so-without-finding", "two-seats"],
        ),
        (
            SEATS + MEANT.format(targets="id:nordnett", code="two-seats", reason=" "),
            ["meant-so-incomplete", "two-seats"],
        ),
    ],
)
def test_what_holds_at_the_same_time_is_counted_unless_it_is_meant_so(
    turtle: str, expected: list[str], folder: Path
) -> None:
    assert sorted(each.code for each in settled(folder, turtle)) == expected


def test_two_at_once_are_named_with_their_places_and_what_to_write(folder: Path) -> None:
    (found,) = settled(folder, SEATS)
    for part in ("data/networks/tried.ttl:16", "data/networks/nordnett.ttl:19", "2012–…"):
        assert part in found.message.en
        assert part in found.message.nb
    assert "id:claim-nordnett-seat-skogstad" in found.fix.en
    assert "a new cg:Claim about “Seat in Fjord City”" in found.fix.en
    assert 'cg:findingCode "two-seats"' in found.fix.nb


def test_an_answer_to_a_code_that_is_not_there_is_told_the_nearest_and_what_only_can_be_mended(folder: Path) -> None:
    nearest = [each for each in settled(folder, SEATS + MEANT.format(targets="id:nordnett", code="two-seat", reason="x"))
               if each.code == "meant-so-without-finding"]  # fmt: skip
    assert "two-seats" in nearest[0].message.en
    told = settled(
        folder,
        SEATS.replace("id:nordnett org:", "id:person-kari-nordmann org:")
        + MEANT.format(targets="id:person-kari-nordmann", code="person-extra-data", reason="x"),
    )
    assert {"person-extra-data", "meant-so-without-finding"} <= {each.code for each in told}


def test_on_another_day_than_that_of_the_project_an_answer_may_be_to_nothing(folder: Path) -> None:
    gone = SEATS.split("id:nordnett org:")[0] + MEANT.format(targets="id:nordnett", code="two-presidents", reason="x")
    assert [each.code for each in settled(folder, gone)] == ["meant-so-without-finding"]
    assert settled(folder, gone, other_day=True) == []
