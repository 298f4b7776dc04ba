"""The graph as its files: every statement has its file and its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from citygraph.config import read_config
from citygraph.graphs import Part, ProjectGraphs, graph_iri, part_of
from citygraph.load import load_files
from clean_project import NETWORK, clean_project

_ID = "https://w3id.org/citygraph/id/"
_ORG = "http://www.w3.org/ns/org#"


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> ProjectGraphs:
    return load_files(read_config(clean_project(tmp_path_factory.mktemp("clean")))).graphs


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("ontology/themes.ttl", Part.ONTOLOGY),
        ("ontology/shapes-inferred.ttl", Part.SHAPES),
        ("data/networks/a.ttl", Part.DATA),
        ("data/sources.ttl", Part.SOURCES),
        ("data/sources/web.ttl", Part.SOURCES),
        ("mappings/wikidata", Part.MAPPINGS),
    ],
)
def test_the_path_of_a_file_says_what_it_is_for(path: str, part: Part) -> None:
    assert part_of(path) is part
    assert graph_iri("https://a.example/", path).value == f"https://a.example/graph/{path}"


def test_a_statement_is_found_with_file_line_and_column(graphs: ProjectGraphs) -> None:
    subject = f"<{_ID}m-fjordby-kommune-nordnett>"
    text = next(file.text for file in graphs.files if file.path == NETWORK)
    line = text[: text.index("id:m-fjordby-kommune-nordnett a")].count("\n") + 1
    assert graphs.locate(subject) == (NETWORK, line, 1)
    assert graphs.locate(subject, f"<{_ORG}organization>", f"<{_ID}nordnett>") == (NETWORK, line + 2, 5)
    assert graphs.locate(subject, f"<{_ORG}organization>") == (NETWORK, line + 2, 5)


def test_a_statement_that_nobody_wrote_is_placed_at_its_subject(graphs: ProjectGraphs) -> None:
    file, line, _ = graphs.locate(f"<{_ID}nordnett>", f"<{_ORG}memberOf>", f"<{_ID}nowhere>")
    assert (file, line) == (NETWORK, graphs.locate(f"<{_ID}nordnett>")[1])


def test_what_is_nowhere_has_no_place(graphs: ProjectGraphs) -> None:
    assert graphs.locate(f"<{_ID}nowhere>") == ("", 0, 0)


def test_the_files_come_back_from_their_quads(graphs: ProjectGraphs) -> None:
    again = ProjectGraphs.from_quads(graphs.base, graphs.quads())
    assert {(file.name, file.part) for file in again.files} == {(file.name, file.part) for file in graphs.files}
    assert set(again.quads()) == set(graphs.quads())


def test_a_triple_of_two_files_is_one_triple(graphs: ProjectGraphs) -> None:
    twice = ProjectGraphs(graphs.base, (*graphs.files, *graphs.of(Part.DATA)))
    assert len(twice.triples(Part.DATA)) == len(graphs.triples(Part.DATA))
    assert len(list(twice.quads(Part.DATA))) == 2 * len(list(graphs.quads(Part.DATA)))


def test_a_file_that_our_reader_does_not_know_still_names_itself(tmp_path: Path) -> None:
    (tmp_path / "graph.toml").write_text('title = "x"\n')
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.ttl").write_text("@base <http://a/> . <s> <p> 1 . @base <http://b/> . <s> <p> 2 .\n")
    found = load_files(read_config(tmp_path)).graphs
    assert found.locate("<http://a/s>") == ("data/a.ttl", 0, 0)
