"""A memo about a third network is encoded with the documented terms alone, and answers plain questions."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from citygraph import Project
from citygraph.namespaces import compress
from citygraph.rdf import Iri, Literal, Term, parse
from citygraph.results import Solutions
from conftest import ROOT, TODAY

THIRD = Path(__file__).parent / "data" / "projects" / "third-network"
HEAD = """PREFIX cg: <https://w3id.org/citygraph/ontology#>
PREFIX concept: <https://w3id.org/citygraph/concept/>
PREFIX dct: <http://purl.org/dc/terms/>
PREFIX id: <https://example.org/third-network/id/>
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
PREFIX schema: <https://schema.org/>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX source: <https://example.org/third-network/source/>
"""


@pytest.fixture(scope="module")
def third(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("third-network")
    shutil.copytree(THIRD, folder, dirs_exist_ok=True)
    shutil.copytree(ROOT / "queries", folder / "queries")
    shutil.copytree(ROOT / "ontology", folder / "ontology", ignore=shutil.ignore_patterns("themes.ttl"))
    project = Project.open(folder, today=TODAY)
    report = project.build().report
    # Not even a note: whatever the memo says has a place.
    assert [(each.code, each.message.en) for each in report] == []
    return project


def rows(project: Project, text: str) -> set[tuple[str, ...]]:
    answer = project.sparql(HEAD + text)
    assert isinstance(answer, Solutions)
    return {tuple(said(term, project) for term in row) for row in answer.rows}


def said(term: Term | None, project: Project) -> str:
    if isinstance(term, Iri):
        return compress(term.value, project.prefixes).strip("<>")
    return term.value if isinstance(term, Literal) else ""


def test_it_has_no_property_that_the_page_of_the_ontology_does_not_explain() -> None:
    text = (ROOT / "docs" / "ontology.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"^#### (cg:\w+) |^\| `([\w-]+:\w+)` \|", text, re.MULTILINE))
    names = {name for pair in explained for name in pair}
    used = {
        quad.predicate.value for path in THIRD.rglob("*.ttl") for quad in parse(path.read_bytes(), format="ttl").quads
    }
    assert not {compress(each) for each in used} - names - {"rdf:type"}


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (
            """SELECT ?whom ?kind ?how WHERE { ?c rdf:subject id:ring ; rdf:predicate cg:relatesTo ; rdf:object ?whom ;
                                                  cg:relationKind ?kind ; cg:modality ?how }""",
            {
                ("id:european-commission", "concept:relation-partner-of", "concept:modality-stated"),
                ("id:european-commission", "id:relation-answers-hearings-of", "concept:modality-stated"),
                ("id:imo", "concept:relation-influences", "concept:modality-wish"),
            },
        ),
        # A wish is no statement.
        ("SELECT ?whom WHERE { id:ring cg:relatesTo ?whom }", {("id:european-commission",)}),
        (
            "SELECT ?what WHERE { id:ring cg:hasActivity ?what . ?what dct:type concept:activity-service }",
            {("id:activity-advice",)},
        ),
        (
            """SELECT ?theme WHERE { id:ring cg:hasTopic ?theme .
              ?theme (skos:exactMatch|skos:closeMatch|skos:broadMatch)/skos:broader* concept:theme-environment }""",
            {("id:topic-climate",), ("id:topic-reuse",)},
        ),
        (
            "SELECT ?min ?max WHERE { ?o schema:observationAbout id:ring ; schema:minValue ?min ; schema:maxValue ?max }",
            {("40", "50")},
        ),
        # The city takes part through its port, and all of them in the union above.
        (
            "SELECT ?who WHERE { ?who a <http://data.europa.eu/m8g/PublicOrganisation> ; cg:participatesIn id:coast-union }",
            {("id:havnes-kommune",), ("id:havnes-havn",), ("id:fjordvik-kommune",)},
        ),
        (
            "SELECT ?name WHERE { ?c rdf:subject id:ring ; rdf:predicate skos:prefLabel ; rdf:object ?name }",
            {("Havneforum",), ("Nordsjøringen",)},
        ),
        (
            "SELECT ?read WHERE { source:memo.txt <http://purl.org/dc/terms/publisher> id:ring ; cg:lastRead ?read }",
            {("2026-11-30",)},
        ),
    ],
)  # fmt: skip
def test_plain_sparql_finds_what_the_memo_says(third: Project, question: str, expected: set[tuple[str, ...]]) -> None:
    assert rows(third, question) == expected


def test_an_acting_president_is_among_the_presidents_and_marked(third: Project) -> None:
    assert [row[1:3] for row in ask(third, "network-presidents")] == [
        ("id:person-kari-nordmann", "concept:role-acting-president")
    ]


def test_a_range_and_an_amount_are_among_the_figures(third: Project) -> None:
    euro = "http://publications.europa.eu/resource/authority/currency/EUR"
    assert {row[4:8] for row in ask(third, "network-figures")} == {
        ("40", "50", "", ""),
        ("4500", "", euro, "concept:role-full-member"),
    }


def ask(project: Project, name: str) -> list[tuple[str, ...]]:
    answer = project.query(name, {}).answer
    assert isinstance(answer, Solutions)
    return [tuple(said(term, project) for term in row) for row in answer.rows]
