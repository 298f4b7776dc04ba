"""One mistake is one finding, in the words of the case; obeyed word by word, its advice leads to a right graph."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from citygraph import Project
from citygraph.findings import Finding, Severity
from citygraph.graphs import FileGraph, Part, ProjectGraphs
from citygraph.rdf import Iri, Quad, parse
from citygraph.validate.rules import rules_of
from clean_project import DATA, clean_project
from conftest import TODAY

HEAD = (
    (DATA / "two-seats" / "data" / "networks" / "mistake.ttl").read_text(encoding="utf-8").split("id:nordnett org:")[0]
)
MORE = "@prefix cv: <http://data.europa.eu/m8g/> .\n@prefix country: <http://publications.europa.eu/resource/authority/country/> .\n"
MEMBERSHIP = """id:m-tried a org:Membership ; org:member {} ;
    org:organization {} ; org:role {} ;
    cg:asOf "2020-11-05"^^xsd:date ; cg:asOfBasis concept:basis-document ; prov:wasDerivedFrom source:notat.txt ."""
BONN = """id:place-bonn a cg:City ; skos:prefLabel "Bonn"@nb , "Bonn"@en ; {} prov:wasDerivedFrom source:register ."""
FIGURE = """id:obs-tried a schema:Observation ; schema:observationAbout id:nordnett ; schema:value {} ;
    schema:measuredProperty concept:member-count ; schema:observationDate "2019"^^xsd:gYear ;
    cg:approximation {} ; prov:wasDerivedFrom source:notat.txt ."""
CLAIM = """id:claim-tried a cg:Claim ; rdf:subject id:nordnett ; rdf:predicate schema:foundingDate ; rdf:object {} ;
    cg:rank concept:rank-{} ; prov:wasDerivedFrom source:register ."""
# What is wrong, the code, what the advice names, and what stands there when it is obeyed.
CASES = {
    "an organisation that is a place": (
        MEMBERSHIP.format("id:fjordby-kommune", "id:place-fjordby", "concept:role-observer"),
        "one-organization",
        "id:nordnett (Nordic Net)",
        MEMBERSHIP.format("id:fjordby-kommune", "id:nordnett", "concept:role-observer"),
    ),
    "an organisation that is a person, and a president that is a network": (
        MEMBERSHIP.format("id:nordnett", "id:person-kari-nordmann", "concept:role-vice-president"),
        "wrong-kind",
        "org:member id:person-kari-nordmann ; org:organization id:nordnett ; org:role concept:role-vice-president",
        MEMBERSHIP.format("id:person-kari-nordmann", "id:nordnett", "concept:role-vice-president"),
    ),
    "a president that is an authority": (
        MEMBERSHIP.format("id:fjordby-kommune", "id:nordnett", "concept:role-president"),
        "wrong-kind",
        "cg:onBehalfOf id:fjordby-kommune",
        "",
    ),
    "a country that is text": (BONN.format('cg:inCountry "Norge" ;'), "one-country", "country:NOR (Norway)",
                               BONN.format("cg:inCountry country:NOR ;")),
    "a country that nobody describes": (BONN.format("cg:inCountry country:DEU ;"), "one-country", "no file describes country:DEU", ""),
    "a member that is text": (
        MEMBERSHIP.format('"Skogstad"', "id:nordnett", "concept:role-observer"),
        "one-member",
        "id:skogstad-kommun",
        MEMBERSHIP.format("id:skogstad-kommun", "id:nordnett", "concept:role-observer"),
    ),
    "whom an office represents is text": (
        MEMBERSHIP.format("id:person-kari-nordmann", "id:nordnett", 'concept:role-treasurer ; cg:onBehalfOf "Oslo"'),
        "one-represented",
        "id:fjordby-kommune",
        "",
    ),
    "no country": (BONN.format(""), "one-country", "country:NOR (Norway), country:SWE (Sweden)", ""),
    "a date that is text": ('id:skogstad-kommun schema:foundingDate "5. mai 1996" .', "bad-date",
                            'Write schema:foundingDate "1996-05-05"^^xsd:date .',
                            'id:skogstad-kommun schema:foundingDate "1996-05-05"^^xsd:date .'),
    "a figure that is text": (FIGURE.format('"40"', "concept:exact"), "observation-incomplete", "Write schema:value 40 .",
                              FIGURE.format("40", "concept:exact")),
    "an exactness that is a rank": (FIGURE.format("40", "concept:rank-normal"), "bad-approximation", "concept:nearly",
                                    FIGURE.format("40", "concept:nearly")),
    "a source that is text": ('id:place-skogstad prov:wasDerivedFrom "the register" .', "unknown-source", "source:register", ""),
    "a misspelt property that is wanted": (
        MEMBERSHIP.format("id:fjordby-kommune", "id:nordnett", "concept:role-observer").replace("org:organization", "org:organisation"),
        "unknown-reused-term",
        "org:organization",
        MEMBERSHIP.format("id:fjordby-kommune", "id:nordnett", "concept:role-observer"),
    ),
    "a claim that says another value": (
        CLAIM.format('"1997"^^xsd:gYear', "preferred"),
        "claim-not-stated",
        'on the thing itself stands "1998"^^xsd:gYear (data/networks/nordnett.ttl:',
        CLAIM.format('"1997"^^xsd:gYear', "normal"),
    ),
    "a rejected claim that stands": (
        'id:skogstad-kommun schema:foundingDate "1900"^^xsd:gYear . '
        + CLAIM.format('"1900"^^xsd:gYear', "deprecated").replace("id:nordnett", "id:skogstad-kommun"),
        "claim-still-stated",
        'stands "1900"^^xsd:gYear (data/networks/tried.ttl:',
        CLAIM.format('"1900"^^xsd:gYear', "deprecated").replace("id:nordnett", "id:skogstad-kommun"),
    ),
    "a network that is a city": ("id:nordnett a cg:City .", "place-is-organization", "cg:City (data/networks/tried.ttl:", ""),
    "a represented body that is a place": (
        MEMBERSHIP.format("id:person-kari-nordmann", "id:nordnett", "concept:role-treasurer ; cg:onBehalfOf id:place-skogstad"),
        "one-represented",
        "id:skogstad-kommun",
        MEMBERSHIP.format("id:person-kari-nordmann", "id:nordnett", "concept:role-treasurer ; cg:onBehalfOf id:skogstad-kommun"),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clean_project(tmp_path_factory.mktemp("once") / "graph", questions=False)


def told(folder: Path, turtle: str) -> list[Finding]:
    (folder / "data" / "networks" / "tried.ttl").write_text(f"{HEAD}{MORE}\n{turtle}\n", encoding="utf-8")
    return list(Project.open(folder, today=TODAY).check().report.at_least(Severity.WARNING))


@pytest.mark.parametrize("case", sorted(CASES))
def test_a_mistake_is_told_once_with_what_to_write(case: str, folder: Path) -> None:
    turtle, code, advice, _ = CASES[case]
    (found,) = told(folder, turtle)
    assert found.code == code
    assert (found.file, bool(found.line)) == ("data/networks/tried.ttl", True)
    assert advice in f"{found.message.en} {found.fix.en}"
    assert found.message.nb != found.message.en


def test_what_is_written_as_advised_is_right(folder: Path) -> None:
    names = ("id:m-tried", "id:claim-tried", "id:place-bonn", "id:obs-tried", '"2019"', '"Bonn"')
    written = []
    for number, (_, _, _, obeyed) in enumerate(CASES.values()):
        for name in names:
            new = str(2000 + number) if name == '"2019"' else f"{name.strip(chr(34))}-{number}"
            obeyed = obeyed.replace(name, f'"{new}"' if name.startswith('"') else new)  # noqa: PLW2901  # each once
        written.append(obeyed)
    assert told(folder, "\n".join(written)) == []


def test_a_word_that_is_near_nothing_hides_no_other_mistake_about_the_thing(folder: Path) -> None:
    codes = {each.code for each in told(folder, "id:nordnett a cg:City ; schema:qqqqzzzz 1 .")}
    assert codes == {"place-is-organization", "unknown-reused-term"}


def test_a_date_is_written_as_one_only_when_the_calendar_has_it(folder: Path) -> None:
    dates = {
        "31.13.2020": "", "31.02.2020": "", "5 Decade 2019": "", "Maybe 2020": "", "2019-13": "",
        "5. des 2019": '"2019-12-05"^^xsd:date', "Sept. 2020": '"2020-09"^^xsd:gYearMonth', "2019": '"2019"^^xsd:gYear',
        "29.2.2020": '"2020-02-29"^^xsd:date',
    }  # fmt: skip
    written = " , ".join(f'"{each}"' for each in dates)
    found = {each.value: each.fix.en for each in told(folder, f"id:skogstad-kommun schema:foundingDate {written} .")}
    for each, right in dates.items():
        fix = found[f'"{each}"']
        assert ("Write schema" in fix, f"Write schema:foundingDate {right} ." in fix) == (bool(right), bool(right)), (
            each
        )


def test_two_property_shapes_about_one_property_are_one_rule_with_the_parameters_of_both() -> None:
    turtle = b"""@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix s: <https://example.org/shapes#> . @prefix ex: <http://e/> .
    s:both a sh:NodeShape ; sh:targetClass ex:A ; sh:property [ sh:path ex:n ; sh:maxCount 2 ] , [ sh:path ex:n ; sh:class ex:C ] ."""
    name = Iri("https://example.org/graph/ontology/shapes.ttl")
    quads = parse(turtle, format="ttl", graph_name=name).quads
    graphs = ProjectGraphs("https://example.org/", (FileGraph("ontology/shapes.ttl", name, Part.SHAPES, "", quads),))
    (rule,) = rules_of(graphs).values()
    assert (rule.numbers("maxCount"), rule.iris("class")) == ([2], [Iri("http://e/C")])


def test_more_mistakes_are_told_with_no_more_walks_over_the_graph(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    walks: list[object] = []
    quads = ProjectGraphs.quads

    def counted(graphs: ProjectGraphs, *parts: Part) -> Iterator[Quad]:
        walks.append(parts)
        return quads(graphs, *parts)

    monkeypatch.setattr(ProjectGraphs, "quads", counted)
    needed = []
    for mistakes in (2, 5):
        walks.clear()
        dates = " , ".join(f'"{1990 + number}"' for number in range(mistakes))
        assert len(told(folder, f"id:skogstad-kommun schema:foundingDate {dates} .")) == mistakes
        needed.append(len(walks))
    assert needed[0] == needed[1]
