"""What people wrote against what the vocabularies expect; a right graph has nothing of it, and advice leads to one."""

from __future__ import annotations

from pathlib import Path

import pytest

from citygraph import Project, load
from citygraph.findings import Finding
from citygraph.graphs import FileGraph, Part, ProjectGraphs
from citygraph.namespaces import PREFIXES
from citygraph.rdf import Iri, parse
from citygraph.validate import check_meaning, check_terms_used
from conftest import ROOT, TODAY


def graphs_of(folder: Path) -> ProjectGraphs:
    return load.load_files(Project.open(folder, today=TODAY).config).graphs


@pytest.fixture(scope="module")
def graphs() -> ProjectGraphs:
    return graphs_of(ROOT)


def with_statements(graphs: ProjectGraphs, turtle: str) -> list[Finding]:
    """The findings about a file with these statements beside our own graph."""
    prefixes = {**PREFIXES, "old": "http://schema.org/"}
    text = "".join(f"@prefix {prefix}: <{iri}> .\n" for prefix, iri in prefixes.items()) + f"\n{turtle}\n"
    name = Iri("https://w3id.org/citygraph/graph/data/tried.ttl")
    parsed = parse(text.encode(), format="ttl", graph_name=name)
    assert not parsed.problems
    tried = FileGraph("data/tried.ttl", name, Part.DATA, text, parsed.quads)
    both = ProjectGraphs(graphs.base, (*graphs.files, tried))
    found = [*check_meaning(both), *check_terms_used(both)]
    return [each for each in found if each.file == "data/tried.ttl"]


def test_our_own_graph_and_a_new_one_mean_what_they_say(graphs: ProjectGraphs, tmp_path: Path) -> None:
    for each in (graphs, graphs_of(Project.new(tmp_path / "new", example=True).folder)):
        assert [*check_meaning(each), *check_terms_used(each)] == []


MEMBERSHIP = "id:m-tried a org:Membership ; org:member {} ; org:organization {} ; org:role concept:{} ."
WRONG = {
    "a place is a member": (MEMBERSHIP.format("id:place-oslo", "id:eurocities", "role-full-member"), "id:oslo-kommune"),
    "a person is a full member": (
        MEMBERSHIP.format("id:person-raymond-johansen", "id:eurocities", "role-full-member"),
        "organi",
    ),
    "a city presides": (MEMBERSHIP.format("id:oslo-kommune", "id:metrex", "role-president"), "Person"),
    "a place presides": (MEMBERSHIP.format("id:place-oslo", "id:metrex", "role-president"), "person"),
    "a member of a place": (MEMBERSHIP.format("id:oslo-kommune", "id:place-oslo", "role-full-member"), "organi"),
    "a role that is a theme": (MEMBERSHIP.format("id:oslo-kommune", "id:metrex", "mobility"), "Role"),
    "a place is a seat": ("id:metrex org:hasPrimarySite id:place-glasgow .", "is wanted: seat"),
    "an aim that is a place": ("id:metrex cg:hasAim id:place-oslo .", "Concept"),
    "a theme that is a network": ("id:metrex cg:hasTopic id:eurocities .", "Concept"),
    "an activity that is a place": ("id:metrex cg:hasActivity id:place-oslo .", "Concept"),
    "a relation to a text": ('id:metrex cg:relatesTo "the Commission" .', "text"),
    "a publisher that is a place": ("source:geonames dct:publisher id:place-oslo .", "Agent"),
    "a city is acting president": (
        MEMBERSHIP.format("id:oslo-kommune", "id:metrex", "role-acting-president"),
        "Person",
    ),
    "a city is deputy mayor": (
        MEMBERSHIP.format("id:oslo-kommune", "id:bergen-kommune", "role-deputy-mayor"),
        "Person",
    ),
    "a homepage that is text": ('id:metrex foaf:homepage "https://example.org/" .', "<https://"),
    "a place in a country that is a city": ("id:place-oslo cg:inCountry id:place-bergen .", "is wanted: country"),
    "a list of a place": ("id:list-tried a cg:CompletenessStatement ; cg:listOf id:place-oslo .", "id:oslo-kommune"),
    "an interval that begins with a network": (
        "id:during-tried a time:ProperInterval ; time:hasBeginning id:metrex .",
        "point in time",
    ),
    "another address of schema.org": ("id:metrex old:foundingDate 1996 .", "schema:foundingDate"),
    "a misspelt property of schema.org": ("id:metrex schema:foundingDat 1996 .", "schema:foundingDate"),
    "a misspelt property of ORG": ("id:metrex org:purpos concept:mobility .", "org:purpose"),
    "a misspelt property of FOAF": ("id:metrex foaf:homePage <https://example.org/> .", "foaf:homepage"),
    "member and organisation turned round": (
        MEMBERSHIP.format("id:metrex", "id:oslo-kommune", "role-full-member"),
        "Write: org:member id:oslo-kommune ; org:organization id:metrex ; org:role concept:role-full-member .",
    ),
    "a role as member": (
        "id:m-tried a org:Membership ; org:member concept:role-observer ; org:organization id:metrex ; org:role id:oslo-kommune .",
        "Write: org:member id:oslo-kommune ; org:organization id:metrex ; org:role concept:role-observer .",
    ),
    "a full member of a working group": (
        MEMBERSHIP.format("id:oslo-kommune", "id:eurocities-wg-food", "role-full-member"),
        "id:eurocities (Eurocities)",
    ),
    "a statement turned round": (
        "id:place-oslo cg:administers id:oslo-kommune .",
        "Write: id:oslo-kommune cg:administers id:place-oslo .",
    ),
    "a unit of an authority": (
        "id:wg-tried a cg:WorkingGroup ; org:unitOf id:oslo-kommune .",
        "kind (city network) there is id:aer",
    ),
    "a person as source": ("id:metrex prov:wasDerivedFrom id:person-raymond-johansen .", "document"),
    "a source of itself": ("id:doc a foaf:Document ; prov:wasDerivedFrom id:doc .", "both ends"),
    "a role as theme": ("id:metrex org:purpose concept:role-observer .", "a concept that is no role"),
    "a figure about a person": (
        "id:o a schema:Observation ; schema:observationAbout id:person-raymond-johansen .",
        "organisation",
    ),
    "text that is the name of a theme": ("id:metrex org:purpose 'Mobility'@en .", "concept:mobility (mobility)"),
    "a claim that a place is an aim": (
        "id:c a cg:Claim ; rdf:subject id:metrex ; rdf:predicate cg:hasAim ; rdf:object id:place-oslo .",
        "concept",
    ),
    "a misspelt property in a claim": (
        "id:c a cg:Claim ; rdf:subject id:metrex ; rdf:predicate schema:foundingDat ; rdf:object 1 .",
        "schema:foundingDate",
    ),
    "a class spelt the American way": ("id:k a cv:PublicOrganization .", "cv:PublicOrganisation"),
    "a name that no file describes": ("id:metrex org:hasUnit id:metrex-secretaria .", "id:metrex-secretariat"),
    "a misspelt class of ORG": ("id:m-tried a org:Membershp .", "org:Membership"),
}


@pytest.mark.parametrize("wrong", sorted(WRONG))
def test_a_wrong_statement_is_one_finding_with_its_place_and_what_to_do(wrong: str, graphs: ProjectGraphs) -> None:
    turtle, advice = WRONG[wrong]
    (found,) = with_statements(graphs, turtle)
    assert found.line > 0
    said = f"{found.message.en} {found.fix.en}"
    assert advice.casefold() in said.casefold(), said
    assert found.message.nb != found.message.en


def test_what_the_advice_names_is_right(graphs: ProjectGraphs) -> None:
    (found,) = with_statements(graphs, WRONG["a place is a member"][0])
    assert "id:oslo-kommune" in found.fix.en
    assert with_statements(graphs, MEMBERSHIP.format("id:oslo-kommune", "id:eurocities", "role-full-member")) == []


def test_a_claim_that_is_not_followed_may_say_what_cannot_be(graphs: ProjectGraphs) -> None:
    said = "id:c a cg:Claim ; rdf:subject id:metrex ; rdf:predicate cg:hasAim ; rdf:object id:place-oslo ; cg:rank concept:rank-"
    assert with_statements(graphs, f"{said}deprecated .") == []
    assert [each.code for each in with_statements(graphs, f"{said}normal .")] == ["wrong-kind"]


def test_one_wrong_address_of_a_vocabulary_is_one_finding_and_names_the_line_to_mend(graphs: ProjectGraphs) -> None:
    (found,) = with_statements(graphs, "id:metrex old:foundingDate 1996 ; old:dissolutionDate 2020 .")
    assert "<https://schema.org/> instead of <http://schema.org/> (data/tried.ttl:" in found.fix.en


def test_of_things_without_a_type_and_words_of_other_vocabularies_nothing_is_said(graphs: ProjectGraphs) -> None:
    assert with_statements(graphs, MEMBERSHIP.format("<https://elsewhere.example/x>", "id:metrex", "role-lead")) == []
    assert with_statements(graphs, "id:metrex <https://elsewhere.example/word> id:place-oslo .") == []
    assert with_statements(graphs, "id:metrex schema:taxID '1' ; dct:audience <https://elsewhere.example/a> .") == []
