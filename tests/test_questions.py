"""The questions of the people who asked for the graph, each with the rows that are right, and where they come from."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Final

import pytest

from citygraph import Project, QueryError
from citygraph.as_of import TYPE
from citygraph.namespaces import PREFIXES, compress
from citygraph.query import Answered, names_of, run_query
from citygraph.rdf import Iri, Literal, Quad, Term
from citygraph.results import Answer, Solutions
from citygraph.saved_query import SavedQuery, read_saved_query
from citygraph.sssom import read_mappings
from citygraph.store import MemoryStore, Snapshot
from conftest import ROOT, TODAY

EXPECTED: Final = Path(__file__).parent / "expected" / "queries"
TWO_LISTS: Final = Path(__file__).parent / "data" / "projects" / "two-lists"
MEMO: Final = "https://w3id.org/citygraph/source/eurocities-metrex-memo.txt"
MEMO_LENGTH: Final = 3072
QUERIES: Final = [read_saved_query(path) for path in sorted((ROOT / "queries").glob("*.rq"))]
EXAMPLES: Final = {
    "network": "Eurocities",
    "country": "Norway",
    "indicator": "member-count",
    "candidate": "Oslo kommune",
}
NEEDED: Final[Mapping[str, Mapping[str, str]]] = {"president-on-date": {"date": "2020-11-06"}}

# The file with the right rows, the question, and what a person types. Rows were worked out from the memo and
# the tables beside it, not from the program.
RIGHT_ROWS: Final[list[tuple[str, str, dict[str, str]]]] = [
    ("norwegian-participants", "norwegian-participants", {"network": "Eurocities"}),
    ("norwegian-participants.metrex", "norwegian-participants", {"network": "Metrex"}),
    ("members", "members", {}),
    ("participants-in-both-networks", "participants-in-both-networks", {}),
    ("network-facts", "network-facts", {}),
    ("network-presidents", "network-presidents", {}),
    ("thematic-areas", "thematic-areas", {"network": "Eurocities"}),
    ("network-figures", "network-figures", {}),
    ("figures-over-time", "figures-over-time", {}),
    ("norwegian-office-holders", "norwegian-office-holders", {}),
    ("at-present-facts", "at-present-facts", {}),
    ("statements-about", "statements-about", {"about": "Oslo"}),
    ("member-answer.stavanger", "member-answer", {"candidate": "Stavanger kommune"}),
    ("member-answer.trondheim", "member-answer", {"candidate": "Trondheim kommune"}),
    ("member-answer.viken", "member-answer", {"candidate": "Viken fylkeskommune"}),
    ("member-answer.stockholm", "member-answer", {"candidate": "City of Stockholm"}),
    ("member-answer.bergen-in-metrex", "member-answer", {"network": "Metrex", "candidate": "bergen-kommune"}),
    ("working-group-focus-areas", "working-group-focus-areas", {}),
    ("presidents-over-time", "presidents-over-time", {}),
    ("overlapping-themes", "overlapping-themes", {}),
    ("leaving-network", "leaving-network", {}),
    ("membership-changes", "membership-changes", {}),
    ("joined-or-left", "joined-or-left", {}),
    ("wikidata-coverage", "wikidata-coverage", {}),
    ("wikidata-counts", "wikidata-counts", {}),
    ("disagreements", "disagreements", {}),
    ("places-on-the-map", "places-on-the-map", {}),
    ("organisation-chart.metrex", "organisation-chart", {"network": "Metrex"}),
    ("our-networks", "our-networks", {}),
    ("groups-led", "groups-led", {}),
    ("offices-held.leipzig", "offices-held", {"member": "City of Leipzig"}),
    ("networks-by-seat", "networks-by-seat", {}),
    ("theme-comparison", "theme-comparison", {}),
    ("terms-ending", "terms-ending", {"months": "36"}),
    ("next-meetings", "next-meetings", {}),
    ("member-identifiers", "member-identifiers", {"network": "Eurocities"}),
    ("presidents-served", "presidents-served", {}),
    ("members-by-country", "members-by-country", {}),
    ("out-of-date", "out-of-date", {}),
]
IN_ORDER: Final = {"statements-about", "thematic-areas", "presidents-over-time", "out-of-date", "terms-ending"}


def rows(answer: Answer, prefixes: Mapping[str, str] = PREFIXES) -> list[tuple[str, ...]]:
    """The rows as a person would write them down: CURIEs and plain values."""
    assert isinstance(answer, Solutions)
    return [tuple(cell(term, prefixes) for term in row) for row in answer.rows]


def cell(term: Term | None, prefixes: Mapping[str, str]) -> str:
    if isinstance(term, Iri):
        return compress(term.value, prefixes).strip("<>")
    return "" if term is None else term.value if isinstance(term, Literal) else str(term)


def as_csv(columns: tuple[str, ...], found: list[tuple[str, ...]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([columns, *found])
    return out.getvalue()


def ask(project: Project, name: str, as_of: date | None = None, /, **values: str) -> list[tuple[str, ...]]:
    return rows(project.query(name, values, as_of=as_of).answer, project.prefixes)


def sparql(project: Project, text: str) -> list[tuple[str, ...]]:
    return rows(project.sparql(text), project.prefixes)


# -- the right rows -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("file", "name", "values"), RIGHT_ROWS, ids=[file for file, _, _ in RIGHT_ROWS])
def test_a_question_has_exactly_its_right_rows(
    file: str, name: str, values: dict[str, str], this_project: Project, request: pytest.FixtureRequest
) -> None:
    answer = this_project.query(name, values).answer
    assert isinstance(answer, Solutions)
    found = rows(answer)
    path = EXPECTED / f"{file}.csv"
    if request.config.getoption("--rewrite-expected"):
        path.write_text(as_csv(answer.columns, found), encoding="utf-8")
    head, *expected = (tuple(line) for line in csv.reader(path.read_text(encoding="utf-8").splitlines()))
    assert answer.columns == head
    if name in IN_ORDER:
        assert found == expected
    else:
        assert Counter(found) == Counter(expected)


@pytest.mark.parametrize(
    ("day", "president"),
    [
        ("2019-06-01", "id:person-anna-konig-jerlmyr"),
        ("2020-11-05", "id:person-anna-konig-jerlmyr"),
        ("2020-11-06", "id:person-dario-nardella"),
        ("2023-06-14", "id:person-dario-nardella"),
        ("2023-06-15", "id:person-burkhard-jung"),
        ("2025-06-13", "id:person-mathias-de-clercq"),
        ("2022-01-01", "id:person-dario-nardella"),
        ("2024-01-01", "id:person-burkhard-jung"),
        ("2025-07-01", "id:person-mathias-de-clercq"),
    ],
)
def test_who_was_president_of_eurocities_on_a_day(day: str, president: str, this_project: Project) -> None:
    found = ask(this_project, "president-on-date", network="Eurocities", date=day)
    assert [(row[1], row[2]) for row in found] == [(day, president)]


def test_terms_have_the_dates_of_their_sources_and_the_day_of_a_handover_is_of_the_one_who_leaves(
    this_project: Project,
) -> None:
    terms = ask(this_project, "presidents-over-time", network="Eurocities")
    assert [term[4] for term in terms][:-1] == [term[3] for term in terms][1:]
    presidents = ask(this_project, "network-presidents", date(2023, 6, 14), network="Eurocities")
    assert [row[1] for row in presidents] == ["id:person-dario-nardella"]


@pytest.mark.parametrize("day", ["1990-01-01", "2035-01-01"])
def test_who_was_president_is_not_known_on_a_day_that_no_source_reaches(day: str, this_project: Project) -> None:
    assert ask(this_project, "president-on-date", network="Eurocities", date=day) == []


def test_only_a_complete_list_turns_unknown_into_no(this_project: Project) -> None:
    answers = Counter(row[2] for row in ask(this_project, "member-answer", network="Eurocities"))
    assert answers["concept:answer-unknown"] > 20
    # Nine cities are on the board; of three of them somebody is president or vice-president besides.
    assert {name: count for name, count in answers.items() if name != "concept:answer-unknown"} == {
        "concept:role-full-member": 2,
        "concept:role-associated-partner": 1,
        "concept:answer-not-listed": 2,
        "concept:answer-office": 12,
    }
    assert {row[2] for row in ask(this_project, "member-answer", network="Metrex")} == {
        "concept:role-full-member",
        "concept:answer-person",
        "concept:answer-unknown",
    }


def test_31_statements_of_the_memo_hold_at_the_time_of_writing(this_project: Project) -> None:
    passages: Counter[str] = Counter()
    for basis in ("basis-at-present", "basis-document"):
        answered = this_project.query("at-present-facts", {"basis": basis}, cite=True)
        found = {(each.start, each.end) for row in answered.sources for each in row if each.document == MEMO}
        passages[basis] += len(found)
    assert passages == {"basis-at-present": 5, "basis-document": 26}


def test_the_memo_alone_gives_no_founding_year_of_metrex(this_project: Project) -> None:
    text = f"""
        SELECT ?network ?year WHERE {{
          ?network a cg:CityNetwork .
          ?claim rdf:subject ?network ; rdf:predicate schema:foundingDate ; rdf:object ?year ; prov:wasDerivedFrom ?source .
          FILTER (STRSTARTS(STR(?source), "{MEMO}"))
        }}"""
    assert sparql(this_project, text) == [("id:eurocities", "1986")]


def test_the_chart_shows_the_bodies_of_eurocities_and_who_leads_its_groups(this_project: Project) -> None:
    chart = ask(this_project, "organisation-chart", network="Eurocities")
    kinds = Counter(kind for _, kind, _, _ in chart)
    # 21 groups and 6 forums in working_groups.csv; of the board and the assembly the memo speaks.
    assert kinds == {"cg:GoverningBody": 2, "cg:Secretariat": 1, "cg:WorkingGroup": 27}
    assert {(unit, leader) for _, _, unit, leader in chart if leader} == {
        ("id:eurocities-wg-waste", "id:oslo-kommune"),
        ("id:eurocities-wg-active-ageing", "id:oslo-kommune"),
        ("id:eurocities-wg-homelessness", "id:oslo-kommune"),
    }


def test_14_disagreements_and_two_of_them_are_open(this_project: Project) -> None:
    found = ask(this_project, "disagreements")
    followed = {name: [row[2] for row in found if row[0] == name] for name, _, _ in found}
    assert len(followed) == 14
    assert {name for name, sides in followed.items() if "true" not in sides} == {
        "id:disagreement-nordicsafecities-founding",
        "id:disagreement-wecp-founding",
    }


def test_every_statement_that_may_be_published_has_a_source(this_project: Project) -> None:
    coverage = ask(this_project, "source-coverage")
    assert {kind for kind, _, _ in coverage} >= {"org:Membership", "schema:Observation", "cg:Claim"}
    assert all(int(facts) > 0 and unsourced == "0" for _, facts, unsourced in coverage), coverage


def test_each_source_says_what_may_be_published(this_project: Project) -> None:
    found = {row[0]: row[1:] for row in ask(this_project, "publishable")}
    memo = found["source:eurocities-metrex-memo.txt"]
    assert memo[1].endswith("/RESTRICTED")
    assert int(memo[2]) >= 90
    assert memo[3] == "0"
    # The rule of 1991 is claimed by the history page, and the answers follow the memo.
    assert found["source:eurocities-history"][3] == "1"
    municipality = (
        "SELECT ?id WHERE { id:place-oslo adms:identifier ?i . ?i dct:type concept:id-geonorge ; skos:notation ?id }"
    )
    assert sparql(this_project, municipality) == [("https://data.geonorge.no/administrativeEnheter/kommune/id/173018",)]


# -- a mapping, when somebody signs one ----------------------------------------------------------------


@pytest.mark.slow
def test_a_signed_mapping_says_which_focus_area_fits_each_group(own_copy: Path) -> None:
    head = (
        '#curie_map:\n#  concept: "https://w3id.org/citygraph/concept/"\n#  skos: "http://www.w3.org/2004/02/skos/core#"\n'
        '#mapping_set_id: "https://w3id.org/citygraph/mappings/focus-areas"\n'
        "subject_id\tpredicate_id\tobject_id\tmapping_justification\tauthor_id\tmapping_date\n"
    )
    proposed = {
        "active-ageing": "focus-inclusion",
        "homelessness": "focus-inclusion",
        "waste": "focus-mobility-health",
    }
    lines = [
        f"concept:{group}\tskos:relatedMatch\tconcept:{focus}\tsemapv:ManualMappingCuration\tid:agent-editors\t2026-11-23\n"
        for group, focus in proposed.items()
    ]
    (own_copy / "data/mappings/focus-areas.sssom.tsv").write_text(head + "".join(lines), encoding="utf-8")
    project = Project.open(own_copy, today=TODAY)
    built = project.build()
    assert not built.report.violations, built.report.violations
    found = ask(project, "working-group-focus-areas", leader="Oslo kommune")
    assert {(row[2], row[4], row[5]) for row in found} == {
        (f"id:eurocities-wg-{group}", "skos:relatedMatch", f"concept:{focus}") for group, focus in proposed.items()
    }
    assert {row[6] for row in found} == {"https://w3id.org/citygraph/graph/mappings/focus-areas"}


# -- two dated lists, made up --------------------------------------------------------------------------


def build_two_lists(folder: Path) -> Project:
    """The made-up graph with our vocabulary and questions."""
    shutil.copytree(TWO_LISTS, folder, dirs_exist_ok=True)
    shutil.copytree(ROOT / "queries", folder / "queries")
    shutil.copytree(ROOT / "ontology", folder / "ontology", ignore=shutil.ignore_patterns("themes.ttl"))
    project = Project.open(folder, today=TODAY)
    built = project.build()
    assert not built.report.violations, built.report.violations
    return project


@pytest.fixture(scope="module")
def two_lists(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return build_two_lists(tmp_path_factory.mktemp("two-lists"))


@pytest.fixture(scope="module")
def unreconciled(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same lists before anybody has said which names mean one city."""
    folder = tmp_path_factory.mktemp("unreconciled")
    shutil.copytree(TWO_LISTS, folder, dirs_exist_ok=True)
    shutil.rmtree(folder / "data" / "mappings")
    shutil.copytree(ROOT / "queries", folder / "queries")
    shutil.copytree(ROOT / "ontology", folder / "ontology", ignore=shutil.ignore_patterns("themes.ttl"))
    project = Project.open(folder, today=TODAY)
    project.build()
    return project


LISTS: Final = {"earlier": "list-byforum-2018", "later": "list-byforum-2025"}


def test_participation_changes_country_by_country(two_lists: Project) -> None:
    counts = {row[1]: (row[3], row[6]) for row in ask(two_lists, "membership-changes", **LISTS)}
    assert counts == {"country:NOR": ("2", "4"), "country:SWE": ("2", "1"), "country:DEU": ("1", "1")}


def test_an_answer_about_lists_shows_how_complete_they_are(two_lists: Project) -> None:
    shown = {(row[4], row[7]) for row in ask(two_lists, "membership-changes", **LISTS)}
    assert shown == {("concept:partial", "concept:complete")}


def test_who_joined_and_who_left(two_lists: Project) -> None:
    found = {row[3:] for row in ask(two_lists, "joined-or-left", **LISTS)}
    # The list of 2018 is partial, that of 2025 complete: who is new may have been there before.
    assert found == {
        ("country:NOR", "id:elvestad-kommune", "", "true"),
        ("country:NOR", "id:dalby-kommune", "", "true"),
        ("country:SWE", "", "id:sjostad-kommun", "false"),
    }


def test_two_spellings_of_a_city_are_one_that_left_and_one_that_came_until_they_are_reconciled(
    unreconciled: Project,
) -> None:
    found = {row[3:] for row in ask(unreconciled, "joined-or-left", **LISTS)}
    assert {
        ("country:DEU", "id:stadt-altmuenster", "", "true"),
        ("country:DEU", "", "id:stadt-altmunster", "false"),
    } <= found


def test_leaving_a_network_loses_what_no_other_network_has(two_lists: Project, unreconciled: Project) -> None:
    values = {"member": "fjordby-kommune", "network": "Kystnett"}
    lost = {row[2:] for row in ask(two_lists, "leaving-network", **values)}
    assert lost == {
        ("id:theme-fisheries", "", "concept:complete"),
        ("", "id:ayuntamiento-de-puerto-nuevo", "concept:complete"),
    }
    # Before the names are reconciled a city seems lost that is met in the other network, and before their words are
    # mapped a theme that a group of it has under another name, and more widely.
    assert {row[2:] for row in ask(unreconciled, "leaving-network", **values)} - lost == {
        ("", "id:stadt-altmunster", "concept:complete"),
        ("id:theme-quay-waste", "", "concept:complete"),
    }


def test_members_without_an_item_and_members_that_share_one(two_lists: Project) -> None:
    found = ask(two_lists, "wikidata-coverage")
    assert {(row[0], row[2]) for row in found if row[1] in {"cv:PublicOrganisation", ""} and row[2]} == {
        ("concept:link-missing", "id:elvestad-kommune"),
        ("concept:link-shared", "id:stadt-altmunster"),
        ("concept:link-shared", "id:stadt-altmuenster"),
    }


def test_of_every_kind_what_is_linked_is_counted_and_what_is_not_is_named(this_project: Project) -> None:
    links = read_mappings((ROOT / "data/mappings/wikidata.sssom.tsv").read_text(encoding="utf-8")).mappings
    # Who is not there yet, or no more, on the day is nothing that a question counts.
    absent = {
        compress(str(quad.subject)[1:-1], this_project.prefixes)
        for quad in this_project.snapshot().lifted()
        if quad.predicate == TYPE
    }
    linked = {each.subject_id for each in links if each.accepted} - absent
    named = {row[2]: row[1] for row in ask(this_project, "wikidata-coverage") if row[0] == "concept:link-missing"}
    counted = {row[0]: tuple(map(int, row[1:])) for row in ask(this_project, "wikidata-counts")}
    assert not linked & set(named)
    assert sum(there for _, there, _ in counted.values()) == len(linked)
    # Members of whom nothing says what they are, and those that are no more, are named and counted as no kind.
    of_a_kind = [kind for kind in named.values() if kind != "org:Organization"]
    assert Counter(of_a_kind) == Counter({kind: missing for kind, (_, _, missing) in counted.items() if missing})
    assert counted["cg:CityNetwork"][0] == 20


def test_a_theme_on_which_both_lead_a_group_is_not_led_by_one_of_them_alone(two_lists: Project) -> None:
    found = ask(two_lists, "overlapping-themes", member="fjordby-kommune", other="havneby-kommune")
    assert [row[3:] for row in found] == [("id:theme-harbours", "id:fjordby-kommune", "id:byforum-wg-ferries")]


# -- another day ---------------------------------------------------------------------------------------

BEFORE: Final = date(2019, 12, 31)
AFTER: Final = date(2025, 6, 1)


def test_on_the_last_day_of_2019_no_membership_of_the_memo_is_known_yet(this_project: Project) -> None:
    assert [row[:3] for row in ask(this_project, "members", BEFORE)] == [
        ("id:metrex", "id:akershus-fylkeskommune-until-2019", "concept:role-full-member")
    ]
    # Of 2017 and fresh for two years: the chair of the Oslo region. The seat in Eurocities came in 2020.
    assert [(row[0], row[4]) for row in ask(this_project, "norwegian-office-holders", BEFORE)] == [
        ("id:osloregion", "concept:role-board-chair")
    ]
    assert ask(this_project, "participants-in-both-networks", BEFORE) == []
    assert {row[1] for row in ask(this_project, "network-presidents", BEFORE)} == {
        "id:person-anna-konig-jerlmyr",
        "id:person-nicola-schelling",
    }


def test_on_the_first_day_of_june_2025_old_memberships_still_count_and_old_offices_do_not(
    this_project: Project,
) -> None:
    members = {row[:3] for row in ask(this_project, "members", AFTER) if row[0] in {"id:eurocities", "id:metrex"}}
    assert members == {
        ("id:eurocities", "id:oslo-kommune", "concept:role-full-member"),
        ("id:eurocities", "id:bergen-kommune", "concept:role-full-member"),
        ("id:eurocities", "id:stavanger-kommune", "concept:role-associated-partner"),
        ("id:metrex", "id:oslo-kommune", "concept:role-full-member"),
    }
    assert ask(this_project, "norwegian-office-holders", AFTER) == []
    assert [row[:2] for row in ask(this_project, "network-presidents", AFTER)] == [
        ("id:eurocities", "id:person-burkhard-jung")
    ]


def test_a_list_of_2020_says_nothing_about_2025(this_project: Project) -> None:
    then = ask(this_project, "member-answer", candidate="trondheim-kommune")
    now = ask(this_project, "member-answer", AFTER, candidate="trondheim-kommune")
    assert [(row[2], row[-1]) for row in then] == [("concept:answer-not-listed", "id:list-eurocities-norway-2020")]
    assert [(row[2], row[-1]) for row in now] == [("concept:answer-unknown", "")]


def test_figures_of_2020_are_not_shown_as_those_of_2025(this_project: Project) -> None:
    assert {row[0] for row in ask(this_project, "network-figures", AFTER)} == {"id:nordicsafecities"}


# -- sources -------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("query", [each for each in QUERIES if each.cite], ids=lambda query: query.name)
def test_every_row_carries_its_sources(query: SavedQuery, this_project: Project) -> None:
    answered = this_project.query(query.name, NEEDED.get(query.name, {}), cite=True)
    assert isinstance(answered.answer, Solutions)
    assert len(answered.sources) == len(answered.stated) == len(answered.answer)
    for row, citations in zip(answered.answer, answered.sources, strict=True):
        if "basis" in query.cite and "basis" not in row:
            assert not citations, "where nothing is known no source can say so"
            continue
        assert citations, row
        for citation in citations:
            assert citation.document
            assert citation.title.nb, citation
            assert citation.title.en, citation
            if citation.document == MEMO:
                assert 0 <= citation.start < citation.end <= MEMO_LENGTH, citation
                assert citation.passage.nb, citation
                assert citation.passage.en, citation


def cited(answered: Answered) -> dict[str, list[str]]:
    """For each row, by its second column, the passages of the memo."""
    found = rows(answered.answer)
    return {
        row[1]: [f"{each.start},{each.end}" for each in citations if each.document == MEMO]
        for row, citations in zip(found, answered.sources, strict=True)
    }


def test_named_rows_rest_on_named_passages(this_project: Project) -> None:
    assert cited(this_project.query("norwegian-participants", {"network": "Eurocities"}, cite=True)) == {
        "id:oslo-kommune": ["1514,1518"],
        "id:bergen-kommune": ["1522,1528"],
        "id:stavanger-kommune": ["1552,1582"],
    }
    presidents = cited(this_project.query("network-presidents", cite=True))
    assert {"1723,1751", "1753,1773"} <= set(presidents["id:person-anna-konig-jerlmyr"])
    assert {"2853,2892", "2893,2915"} <= set(presidents["id:person-nicola-schelling"])
    seat = cited(this_project.query("norwegian-office-holders", cite=True))["id:person-raymond-johansen"]
    assert {"1900,1918", "1942,1953", "1954,1983", "2005,2035"} <= set(seat)


def test_a_figure_says_how_exact_it_is_and_for_which_day(this_project: Project) -> None:
    answered = this_project.query("network-figures", {"network": "Eurocities"}, cite=True)
    exact = {
        row[2]: (citation.is_exact, citation.as_of)
        for row, citations in zip(rows(answered.answer), answered.sources, strict=True)
        for citation in citations
        if citation.document == MEMO
    }
    assert exact["concept:member-count"] == (True, "2020-11-05")
    assert exact["concept:working-group-count"] == (False, "2020-11-05")
    assert exact["concept:staff-count"] == (False, "2020-11-05")


def test_an_answer_that_files_give_by_themselves_is_stated_and_the_rest_is_derived(this_project: Project) -> None:
    assert all(this_project.query("thematic-areas", {"network": "Eurocities"}, cite=True).stated)
    assert all(this_project.query("network-figures", cite=True).stated)
    # Which memberships count on the day follows from a rule, and the country of an authority from its place.
    assert not any(this_project.query("norwegian-participants", cite=True).stated)


# -- what every question keeps -------------------------------------------------------------------------


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_a_question_runs_and_answers_with_its_columns(query: SavedQuery, this_project: Project) -> None:
    answered = this_project.query(query.name, NEEDED.get(query.name, {}))
    assert isinstance(answered.answer, Solutions)
    assert answered.answer.columns == query.columns
    assert len(set(query.columns)) == len(query.columns)
    assert all(re.fullmatch(r"[a-z][a-z_]*", column) for column in query.columns), query.columns
    assert set(NEEDED.get(query.name, {})) == {each.name for each in query.parameters if each.required}


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_a_question_speaks_both_languages(query: SavedQuery) -> None:
    for text in (query.title, query.question, *(each.about for each in query.parameters)):
        assert text.nb, text
        assert text.en, text
        assert text.nb != text.en, text
    assert query.question.nb.endswith("?")
    assert query.question.en.endswith("?")
    assert query.keywords


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_a_question_declares_the_prefixes_it_uses_in_order(query: SavedQuery) -> None:
    body = "\n".join(line for line in query.text.splitlines() if not line.startswith("#"))
    declared = re.findall(r"^PREFIX ([a-z]+): <([^>]+)>$", body, re.MULTILINE)
    used = set(re.findall(r"(?<![\w:?])([a-z]+):[A-Za-z]", re.sub(r"<[^>\s]*>", "", body)))
    used |= set(re.findall(r"SERVICE (?:SILENT )?([a-z]+): ", body))
    assert [name for name, _ in declared] == sorted(used)
    assert all(PREFIXES[name] == iri for name, iri in declared if name in PREFIXES), (
        "a prefix means something else here"
    )


# What is too old to count is no "no"; how many of the members are stated, their list says.
UPKEEP: Final = {"out-of-date", "members", "members-by-country"}


@pytest.mark.parametrize("query", [each for each in QUERIES if each.name not in UPKEEP], ids=lambda query: query.name)
def test_a_question_that_says_no_names_the_lists_it_relies_on(query: SavedQuery) -> None:
    text = "\n".join(line for line in query.text.splitlines() if not line.startswith("#"))
    kinds = {f"list-{kind}" for kind in ("memberships", "working-groups", "bodies", "themes", "focus-areas")}
    assert set(query.lists) <= kinds
    # Ranks, sources and links are facts of the graph itself; what members or groups there are is not.
    relies = r"FILTER NOT EXISTS \{[^{}]*hasCurrentMembership|cg:hasCurrentList|a cg:CompletenessStatement"
    assert bool(query.lists) == bool(re.search(relies, text))


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_a_question_is_standard_sparql(query: SavedQuery) -> None:
    sparql_of_rdflib = pytest.importorskip("rdflib.plugins.sparql")
    sparql_of_rdflib.prepareQuery(query.text)  # another reader of the same grammar


@pytest.mark.slow
@pytest.mark.parametrize(
    "query",
    [each for each in QUERIES if {p.type for p in each.parameters} == {"entity"} and each.federates is None],
    ids=lambda query: query.name,
)
def test_a_server_that_gets_the_values_behind_the_query_gives_the_same_rows(
    query: SavedQuery, this_project: Project, snapshot: Snapshot
) -> None:
    typed = {each.name: EXAMPLES[each.name] for each in query.parameters if each.default is None}
    here = this_project.query(query.name, typed)
    names, terms = zip(*here.bound.items(), strict=True)
    behind = f"VALUES ({' '.join(f'?{name}' for name in names)}) {{ ({' '.join(map(str, terms))}) }}"
    there = snapshot.query(f"{query.text}\n{behind}")
    assert isinstance(there, Solutions)
    assert Counter(rows(here.answer)) == Counter(rows(there.project(query.columns)))


def test_the_19_questions_that_were_asked_are_all_here() -> None:
    asked = {
        "CQ01": "norwegian-participants",
        "CQ02": "norwegian-participants",
        "CQ03": "participants-in-both-networks",
        "CQ04": "network-facts",
        "CQ05": "network-presidents",
        "CQ06": "thematic-areas",
        "CQ08": "network-figures",
        "CQ09": "norwegian-office-holders",
        "CQ12": "at-present-facts",
        "CQ13": "statements-about",
        "CQ15": "member-answer",
        "CQ16": "working-group-focus-areas",
        "CQ17": "president-on-date",
        "CQ19": "overlapping-themes",
        "CQ20": "leaving-network",
        "CQ21": "membership-changes",
        "CQ23": "wikidata-coverage",
        "CQ24": "disagreements",
        "CQ25": "publishable",
    }
    assert set(asked.values()) <= {query.name for query in QUERIES}


# -- what a person may type ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "word",
    [
        "Metrex",
        "METREX",
        "metrex",
        "id:metrex",
        "https://w3id.org/citygraph/id/metrex",
        "<https://w3id.org/citygraph/id/metrex>",
    ],
)
def test_a_network_is_found_by_any_of_its_names(word: str, this_project: Project) -> None:
    found = ask(this_project, "norwegian-participants", network=word)
    assert {row[1] for row in found} == {"id:oslo-kommune", "id:viken-fylkeskommune"}


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("Q585", "id:place-oslo"),
        ("http://www.wikidata.org/entity/Q585", "id:place-oslo"),
        ("Q5245991", "id:oslo-kommune"),
        ("Oslo kommune", "id:oslo-kommune"),
        ("City of Oslo", "id:oslo-kommune"),
        ("place-oslo", "id:place-oslo"),
        ("id:place-oslo", "id:place-oslo"),
        ("person-raymond-johansen", "id:person-raymond-johansen"),
        ("raymond johansen", "id:person-raymond-johansen"),
    ],
)
def test_a_thing_is_found_by_label_slug_curie_iri_or_wikidata_id(word: str, meant: str, this_project: Project) -> None:
    answered = this_project.query("statements-about", {"about": word})
    assert {name: cell(term, PREFIXES) for name, term in answered.bound.items()} == {"about": meant}
    assert rows(answered.answer)


def test_a_place_and_its_authority_give_the_same_statements(this_project: Project) -> None:
    place = {row[1:] for row in ask(this_project, "statements-about", about="Oslo")}
    authority = {row[1:] for row in ask(this_project, "statements-about", about="Oslo kommune")}
    assert place == authority
    assert len(place) == 20


def test_an_unknown_name_is_answered_with_the_nearest(this_project: Project) -> None:
    with pytest.raises(QueryError) as caught:
        ask(this_project, "norwegian-participants", network="Euroctiies")
    assert "Euroctiies" in caught.value.message
    assert "id:eurocities" in caught.value.fix


def test_an_unknown_parameter_is_answered_with_the_nearest(this_project: Project) -> None:
    with pytest.raises(QueryError, match="netwrok") as caught:
        ask(this_project, "norwegian-participants", netwrok="Eurocities")
    assert "--network" in caught.value.fix


def test_a_required_value_is_asked_for(this_project: Project) -> None:
    with pytest.raises(QueryError, match="--date"):
        ask(this_project, "president-on-date")


HOSTILE: Final = ['"} UNION { ?s ?p ?o', "<https://x> } #", "'''", "{{network}}", "\\u007D", "?network", "\n}"]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_name_with_sparql_in_it_is_just_an_unknown_name(value: str, this_project: Project) -> None:
    with pytest.raises(QueryError, match="Nothing here is called"):
        ask(this_project, "norwegian-participants", network=value)


@pytest.mark.parametrize("value", ['2020-01-01" } #', "2020-13-01", "yesterday", ""])
def test_what_is_no_date_is_refused(value: str, this_project: Project) -> None:
    with pytest.raises(QueryError, match="is not a date"):
        ask(this_project, "president-on-date", date=value)


@pytest.mark.parametrize("value", HOSTILE)
def test_a_text_with_sparql_in_it_is_just_a_text(value: str, tmp_path: Path, snapshot: Snapshot) -> None:
    path = tmp_path / "echo.rq"
    path.write_text(
        '#+ title:    { nb: "Ekko", en: "Echo" }\n#+ question: { nb: "Hva?", en: "What?" }\n'
        "#+ params:   { word: { type: string, required: true } }\n#+ columns:  [word, length]\n"
        "SELECT ?word ?length WHERE { BIND (STRLEN(?word) AS ?length) }\n",
        encoding="utf-8",
    )
    answer = run_query(read_saved_query(path), snapshot, values={"word": value}, prefixes=PREFIXES).answer
    assert isinstance(answer, Solutions)
    [(word, length)] = answer.rows
    assert word == Literal(value)
    assert length == Literal(len(value))


# -- questions that nobody has saved -------------------------------------------------------------------


def test_plain_sparql_needs_only_the_ontology(this_project: Project) -> None:
    seats = (
        "SELECT DISTINCT ?country WHERE { ?network a cg:CityNetwork ; cg:seatedIn ?country . ?country a cg:Country }"
    )
    assert {row[0] for row in sparql(this_project, seats)} == {
        "country:BEL",
        "country:FRA",
        "country:GBR",
        "country:NOR",
    }
    bodies = "SELECT ?body WHERE { ?body org:unitOf id:eurocities . { ?body a cg:GoverningBody } UNION { ?body a cg:Secretariat } }"
    assert {row[0] for row in sparql(this_project, bodies)} == {
        "id:eurocities-excom",
        "id:eurocities-general-assembly",
        "id:eurocities-secretariat",
    }
    counties = "SELECT ?heir WHERE { ?event org:originalOrganization id:viken-fylkeskommune ; org:resultingOrganization ?heir }"
    assert {row[0] for row in sparql(this_project, counties)} == {
        "id:akershus-fylkeskommune",
        "id:buskerud-fylkeskommune",
        "id:ostfold-fylkeskommune",
    }
    wishes = "SELECT ?whom WHERE { ?claim rdf:subject id:eurocities ; rdf:predicate cg:relatesTo ; cg:relationKind concept:relation-influences ; rdf:object ?whom ; cg:modality concept:modality-wish }"
    assert sparql(this_project, wishes) == [("id:eu-institutions",)]
    focus = "SELECT ?n ?area WHERE { ?area skos:inScheme concept:eurocities-framework-2020-2029 ; schema:position ?n } ORDER BY ?n"
    assert [row[0] for row in sparql(this_project, focus)] == ["1", "2", "3", "4", "5", "6"]


def test_stated_and_counted_stand_side_by_side(this_project: Project) -> None:
    text = """
        SELECT ?network ?indicator ?stated ?approximation (COUNT(DISTINCT ?m) AS ?counted) WHERE {
          ?figure schema:observationAbout ?network ; schema:measuredProperty ?indicator ;
                  schema:value ?stated ; schema:observationDate "2020-11-05"^^xsd:date ; cg:approximation ?approximation .
          ?indicator cg:listKind concept:list-memberships ; cg:listRole ?role .
          ?network a cg:CityNetwork .
          OPTIONAL { ?m org:organization ?network ; org:role ?role . ?holder cg:hasCurrentMembership ?m }
        } GROUP BY ?network ?indicator ?stated ?approximation"""
    assert set(sparql(this_project, text)) == {
        ("id:eurocities", "concept:member-count", "140", "concept:exact", "2"),
        ("id:eurocities", "concept:associated-partner-count", "45", "concept:exact", "1"),
        ("id:metrex", "concept:member-count", "50", "concept:about", "2"),
    }


def test_a_bound_parameter_is_a_column_of_every_row(this_project: Project) -> None:
    answered = this_project.query("members", {"network": "Metrex"})
    assert answered.bound == {"network": Iri("https://w3id.org/citygraph/id/metrex")}
    assert {row[0] for row in rows(answered.answer)} == {"id:metrex"}


def test_a_question_to_a_built_graph_loads_no_library_that_it_does_not_need(built_folder: Path) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "citygraph", "query", "members", "-C", str(built_folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "citygraph.query.run" in loaded
    assert not {"numpy", "rdflib", "pyshacl", "SPARQLWrapper", "owlrl", "duckdb"} & loaded


class Counting:
    """A store that counts what it is asked."""

    def __init__(self, store: Snapshot) -> None:
        self._store, self.asked = store, 0

    def query(self, text: str, **more: object) -> Answer:
        """Ask the store."""
        self.asked += 1
        return self._store.query(text, **more)  # type: ignore[arg-type]


def test_the_names_in_an_answer_are_asked_for_together(this_project: Project, snapshot: Snapshot) -> None:
    answer = this_project.query("statements-about", {"about": "Oslo"}).answer
    assert isinstance(answer, Solutions)
    terms = {term for row in answer.rows for term in row if isinstance(term, Iri)}
    store = Counting(snapshot)
    labels = names_of(terms, store, prefixes=this_project.prefixes)  # type: ignore[arg-type]  # asks only
    assert len(terms) > 5
    # The things, what the facts among them tie together, and what facts among those do.
    assert store.asked <= 4
    named = [term for term in terms if labels.describe(term, "nb") != compress(term.value, this_project.prefixes)]
    assert len(named) > len(terms) / 2


def test_a_name_of_any_length_is_asked_for(this_project: Project) -> None:
    things = [Iri(f"https://example.org/{'x' * length}") for length in (10, 5_000, 200_000, 20)]
    label = Iri(PREFIXES["skos"] + "prefLabel")
    store = MemoryStore(Quad(thing, label, Literal(f"name {i}", language="en")) for i, thing in enumerate(things))
    labels = names_of(things, store, prefixes=this_project.prefixes)
    assert [labels.of(thing, "en") for thing in things] == [f"name {i}" for i in range(len(things))]
