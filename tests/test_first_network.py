"""The first network of a project: taken over whole and no more than whole, and three ways told while there is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from citygraph import Project
from citygraph.cli.app import app
from citygraph.cli.edit import said_options
from citygraph.errors import EditError
from citygraph.format import format_file
from citygraph.load import load_files
from citygraph.namespaces import BASE, CONCEPT
from citygraph.project.editing import CheckedEdit
from citygraph.rdf import Iri, Literal, Triple
from citygraph.results import Solutions
from conftest import ROOT, TODAY
from pages_client import Pages, words_of

NEW = "https://example.org/my-city/"


def run(*words: str | Path) -> str:
    done = CliRunner().invoke(app, [*map(str, words), "--lang", "en"])
    assert done.exit_code == 0, done.output
    return done.output


def triples(folder: Path) -> set[Triple]:
    """What the files say, but for the vocabulary that every project has."""
    files = load_files(Project.open(folder).config).graphs.files
    return {each.triple for file in files if file.path.startswith(("data", "ontology/themes")) for each in file.quads}


def back(term: object) -> object:
    """A term of the new project as the reference graph has it."""
    if not isinstance(term, Iri):
        return term
    return Iri(
        term.value.replace("-of-origin", "")
        .replace(f"{NEW}id/", f"{BASE}id/")
        .replace(f"{NEW}source/", f"{BASE}source/")
    )


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that began with Eurocities."""
    folder = tmp_path_factory.mktemp("first") / "my-city"
    said = run("new", folder, "--from", "reference", "--network", "Eurocities")
    assert "Taken over from City networks: Eurocities." in said
    return folder


def test_what_is_taken_over_stands_in_the_reference_graph_and_is_closed(city: Path) -> None:
    taken, reference = triples(city), triples(ROOT)
    links = {each for each in taken if "sameAs" in each.predicate.value and str(back(each.subject)) == str(each.object)}
    editors = {each for each in taken if "-of-origin" in str(each.subject) and isinstance(each.object, Literal)}
    rest = {Triple(back(each.subject), each.predicate, back(each.object)) for each in taken - links - editors}  # type: ignore[arg-type]
    assert rest <= reference
    assert {each.object.value for each in editors if isinstance(each.object, Literal)} == {
        "Redaksjonen (Bynettverk)", "The editors (City networks)",
    }  # fmt: skip
    described = {each.subject for each in taken}
    referred = {each.object for each in taken if isinstance(each.object, Iri) and each.object.value.startswith(NEW)}
    assert referred <= described
    assert {each.subject for each in links} >= {
        Iri(f"{NEW}id/{each}") for each in ("eurocities", "oslo-kommune", "place-oslo")
    }


def test_every_fact_about_the_network_is_taken_and_none_of_another(city: Path) -> None:
    taken = {str(back(each.subject)) for each in triples(city)}
    reference = triples(ROOT)
    network = Iri(f"{BASE}id/eurocities")
    about = {
        str(each.subject) for each in reference if each.object == network and "publisher" not in each.predicate.value
    }
    assert about <= taken
    others = {str(each.subject) for each in reference if str(each.object) == f"<{BASE}ontology#CityNetwork>"} - {
        str(network)
    }
    assert len(others) > 10
    assert not others & taken
    assert not any(f"{BASE}id/m-" in each and "metrex" in each for each in taken)
    assert any("mayor" in each for each in taken), "who a president was at home"


def test_a_project_that_began_so_has_nothing_to_mend_and_answers(city: Path, this_project: Project) -> None:
    project = Project.open(city, today=TODAY)
    report = project.build().report
    assert [(each.code, each.message.en) for each in report if each.severity != "info"] == []
    own, theirs = (
        each.query("network-presidents", {"network": "Eurocities"}, as_of=TODAY).answer
        for each in (project, this_project)
    )
    assert isinstance(own, Solutions)
    assert isinstance(theirs, Solutions)
    assert len(own.rows) == 1
    assert [[str(back(cell)) for cell in row] for row in own.rows] == [
        [str(cell) for cell in row] for row in theirs.rows
    ]
    assert not (city / "sources").exists()
    for path in [*city.glob("data/**/*.ttl"), city / "ontology" / "themes.ttl"]:
        formatted = format_file(path, name=path.name)
        assert formatted.after == formatted.before, path


def test_another_network_comes_later_and_what_is_there_stays(city: Path) -> None:
    edits = Project.open(city, today=TODAY).edits
    places = city / "data" / "places.ttl"
    places.write_text(places.read_text(encoding="utf-8").replace('"Oslo"@en', '"Oslo (ours)"@en'), encoding="utf-8")
    plan = edits.take(["Metrex"])
    new = plan.contents["data/places.ttl"].decode()
    assert '"Oslo (ours)"@en' in new
    assert '"Oslo"@en' not in new
    assert set(places.read_text(encoding="utf-8").splitlines()) <= set(new.splitlines())
    assert "m-oslo-kommune-metrex" in plan.contents["data/networks/metrex.ttl"].decode()
    assert plan.contents["data/authorities.ttl"].decode().count("id:oslo-kommune a ") == 1
    with pytest.raises(EditError, match="already: Eurocities"):
        edits.take(["eurocities"])


@pytest.mark.parametrize(
    ("said", "told"), [(["--network", "Eurcities"], "eurocities"), (["--from", "reference"], "metrex")]
)
def test_a_network_that_is_not_known_leaves_no_folder(tmp_path: Path, said: list[str], told: str) -> None:
    done = CliRunner().invoke(app, ["new", str(tmp_path / "city"), *said])
    assert isinstance(done.exception, EditError)
    assert told in str(done.exception.fix)
    assert not (tmp_path / "city").exists()


def test_an_empty_project_has_nothing_made_up_and_tells_three_ways(tmp_path: Path) -> None:
    folder = tmp_path / "city"
    ways = [run("new", folder), (folder / "README.md").read_text(encoding="utf-8")]
    report = Project.open(folder, today=TODAY).check().report
    ways += [each.fix.en for each in report]
    assert [each.code for each in report] == ["empty-graph"]
    assert all(way in told for told in ways for way in ("edit take", "ingest", "citygraph read", "serve --edit"))
    assert not Project.open(folder, today=TODAY).build().report.violations
    ways.append(words_of(Pages(Project.open(folder, today=TODAY)).get("/?lang=en").text))
    assert all(way in ways[-1] for way in ("edit take", "ingest", "citygraph read", "serve --edit"))
    assert not triples(folder)
    assert CONCEPT not in (folder / "data" / "sources.ttl").read_text(encoding="utf-8")
    folder.joinpath("data", "sources.ttl").unlink()
    assert "no-data" in {each.code for each in Project.open(folder, today=TODAY).check().report}


def test_a_first_network_is_added_fact_by_fact(tmp_path: Path) -> None:
    """Without a line of Turtle; a country that the graph does not have comes with the city in it."""
    folder = tmp_path / "city"
    run("new", folder)
    for kind, *said in (
        ("document", "--title", "Et notat", "--date", "2020-11-01"),
        ("network", "--name", "Havnebyene", "--source", "Et notat"),
        ("city", "--name", "Porto", "--country", "Portugal", "--source", "Et notat"),
        ("authority", "--name", "Porto kommune", "--place", "Porto", "--source", "Et notat"),
        (
            "membership",
            "--member",
            "Porto",
            "--organization",
            "Havnebyene",
            "--role",
            "observer",
            "--source",
            "Et notat",
        ),
    ):
        project = Project.open(folder, today=TODAY)
        project.edits.write(CheckedEdit(project.edits.editor().add(kind, said_options(said)), ()))
    assert list(Project.open(folder, today=TODAY).check().report) == []
    places = (folder / "data" / "places.ttl").read_text(encoding="utf-8")
    assert (
        'country:PRT a cg:Country ;\n    skos:prefLabel "Portugal"@nb ;\n    skos:prefLabel "Portugal"@en ;' in places
    )
    assert places.index('skos:notation "PT"') < places.index("cg:inCountry country:PRT")
