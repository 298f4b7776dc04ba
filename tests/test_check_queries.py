"""Check queries: what each one catches, and what it must leave alone."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from citygraph.namespaces import PREFIXES
from citygraph.rdf import parse
from citygraph.results import Solutions
from citygraph.saved_query import SavedQuery, read_saved_query
from citygraph.store import MemoryStore, Snapshot

FOLDER: Final = Path(__file__).parents[1] / "queries" / "checks"
BROKEN: Final = Path(__file__).parent / "data"
CHECKS: Final = [read_saved_query(path, check=True) for path in sorted(FOLDER.glob("*.rq"))]
HEAD: Final = "".join(f"@prefix {prefix}: <{iri}> .\n" for prefix, iri in PREFIXES.items())

MEMBER: Final = (
    "id:m a org:Membership ; org:member id:town ; org:organization id:net ; org:role concept:role-full-member "
)
TWO_MEMBERS: Final = """
    id:figure schema:observationAbout id:net ; schema:measuredProperty concept:member-count ; schema:value 1 ;
      schema:observationDate "2020-11-05"^^xsd:date ; cg:approximation concept:exact .
    concept:member-count cg:listKind concept:list-memberships ; cg:listRole concept:role-full-member .
    id:net cg:hasCurrentList id:list .
    id:list cg:listKind concept:list-memberships ; cg:completeness concept:complete ; cg:asOf "2020-11-05"^^xsd:date .
    id:m1 org:organization id:net ; org:role concept:role-full-member . id:town cg:hasCurrentMembership id:m1 .
    id:m2 org:organization id:net ; org:role concept:role-full-member . id:port cg:hasCurrentMembership id:m2 .
"""
PRESIDENT: Final = "org:organization id:net ; org:role concept:role-president ."


def findings(check: str, turtle: str) -> int:
    """How many findings a check gives on a few statements, taken as asserted and inferred at once."""
    parsed = parse((HEAD + turtle).encode(), format="ttl")
    assert not parsed.problems, parsed.problems
    answer = MemoryStore(parsed.quads).query(read_saved_query(FOLDER / f"{check}.rq", check=True).text)
    assert isinstance(answer, Solutions)
    return len(answer)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_check_says_in_both_languages_what_is_wrong_and_what_to_do(check: SavedQuery) -> None:
    assert check.columns[0] == "focus"
    for text in (check.title, check.fix):
        assert text.nb, text
        assert text.en, text
        assert text.nb != text.en
    assert check.fix.nb.endswith(".")
    assert check.fix.en.endswith(".")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_check_has_a_broken_project_that_shows_it(check: SavedQuery) -> None:
    files = [path for path in (BROKEN / check.name).rglob("*") if path.is_file()]
    assert any(f"expect: {check.name} {check.severity}" in path.read_text(encoding="utf-8") for path in files)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_our_own_graph_passes_the_check(check: SavedQuery, snapshot: Snapshot) -> None:
    answer = snapshot.query(check.text)
    assert isinstance(answer, Solutions)
    assert not list(answer)


@pytest.mark.parametrize(
    ("dissolved", "known", "found"),
    [
        ('"2019-12-31"^^xsd:date', '"2020-11-05"^^xsd:date', 1),
        ('"2019"^^xsd:gYear', '"2020"^^xsd:gYear', 1),
        ('"2019-12-31"^^xsd:date', '"2019-12-31"^^xsd:date', 0),
        ('"2019"^^xsd:gYear', '"2019-06-01"^^xsd:date', 0),
        ('"2019-05-01"^^xsd:date', '"2019"^^xsd:gYear', 0),
    ],
)
def test_a_member_was_dissolved_before_the_fact_when_no_reading_of_the_dates_allows_otherwise(
    dissolved: str, known: str, found: int
) -> None:
    turtle = f"id:town schema:dissolutionDate {dissolved} . {MEMBER} ; cg:asOf {known} ."
    assert findings("member-dissolved", turtle) == found


def test_a_fact_that_is_not_followed_may_contradict_the_end_of_its_member() -> None:
    dissolved = 'id:town schema:dissolutionDate "2019"^^xsd:gYear .'
    fact = f'{MEMBER} ; cg:asOf "2021"^^xsd:gYear ; cg:rank concept:rank-deprecated .'
    assert findings("member-dissolved", dissolved + fact) == 0


@pytest.mark.parametrize(
    ("dissolved", "founded", "found"), [("1990", "1998", 1), ("1998", "1998", 0), ("2005", "1998", 0)]
)
def test_a_member_and_its_network_existed_at_the_same_time(dissolved: str, founded: str, found: int) -> None:
    turtle = (
        f'id:town schema:dissolutionDate "{dissolved}"^^xsd:gYear . id:net schema:foundingDate "{founded}"^^xsd:gYear .'
    )
    assert findings("never-at-the-same-time", f"{turtle} {MEMBER} .") == found


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (("", ""), 1),
        (("schema:value 1", "schema:value 2"), 0),
        (("concept:exact", "concept:about"), 0),
        (("concept:complete ;", "concept:partial ;"), 0),
        (("concept:complete ;", "concept:complete ; dct:spatial country:NOR ;"), 0),
        (("id:m2 org:organization id:net ; org:role concept:role-full-member", "id:m2 org:role concept:role-lead"), 0),
    ],
)
def test_more_counted_than_stated_is_wrong_only_on_a_complete_list(change: tuple[str, str], found: int) -> None:
    assert change[0] in TWO_MEMBERS
    assert findings("more-counted-than-stated", TWO_MEMBERS.replace(*change)) == found


def test_two_presidents_are_two_persons() -> None:
    one = f"id:kari cg:hasCurrentMembership id:m1 , id:m2 . id:m1 {PRESIDENT} id:m2 {PRESIDENT}"
    two = f"id:kari cg:hasCurrentMembership id:m1 . id:ola cg:hasCurrentMembership id:m2 . id:m1 {PRESIDENT} id:m2 {PRESIDENT}"
    assert findings("two-presidents", one) == 0
    assert findings("two-presidents", two) == 1


@pytest.mark.parametrize(
    ("end", "begin", "found"),
    [
        ('time:inXSDDate "2020-11-05"', 'time:inXSDDate "2020-11-05"', 0),
        ('time:inXSDDate "2020-11-05"', 'time:inXSDgYearMonth "2020-11"', 0),
        ('time:inXSDgYearMonth "2020-11"', 'time:inXSDgYearMonth "2020-11"', 0),
        ('time:inXSDDate "2020-11-05"', 'time:inXSDDate "2020-11-04"', 1),
        ('time:inXSDgYear "2021"', 'time:inXSDgYear "2020"', 1),
    ],
)
def test_a_handover_is_no_clash(end: str, begin: str, found: int) -> None:
    data = f"""id:ola cg:hasCurrentMembership id:m1 . id:kari cg:hasCurrentMembership id:m2 . id:m1 {PRESIDENT} id:m2 {PRESIDENT}
        id:m1 org:memberDuring id:d1 . id:d1 time:hasEnd id:e1 . id:e1 {end} .
        id:m2 org:memberDuring id:d2 . id:d2 time:hasBeginning id:b2 . id:b2 {begin} ."""
    assert findings("two-presidents", data) == found


def test_the_city_that_leads_a_group_has_a_tie_to_its_network() -> None:
    lead = "id:town cg:hasCurrentMembership id:m1 . id:m1 org:organization id:group ; org:role concept:role-lead . id:group org:unitOf id:net ."
    tie = "id:town cg:hasCurrentMembership id:m2 . id:m2 org:organization id:net ; org:role concept:role-associated-partner ."
    assert findings("lead-not-in-network", lead) == 1
    assert findings("lead-not-in-network", lead + tie) == 0


def test_a_thing_lies_in_one_country_and_is_itself_alone() -> None:
    assert findings("two-countries", "id:town cg:inCountry country:NOR , country:SWE .") == 1
    assert findings("two-countries", "id:town cg:inCountry country:NOR .") == 0
    assert findings("merged-nodes", "id:town owl:sameAs id:port . id:port owl:sameAs id:town .") == 1
    assert findings("merged-nodes", "id:town owl:sameAs id:town .") == 0
