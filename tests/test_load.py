"""Files to quads: each file a graph, each mistake a finding with its place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from citygraph import Project
from citygraph.config import Config, read_config
from citygraph.graphs import Part, ProjectGraphs, is_internal
from citygraph.load import Loaded, find_files, hash_files, load_files
from citygraph.rdf import Iri, Literal
from clean_project import NETWORK, clean_project


def _load(folder: Path, **files: bytes | str) -> Loaded:
    (folder / "graph.toml").write_text('title = "x"\n')
    for name, content in files.items():
        path = folder / "data" / name.replace("__", ".")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load_files(read_config(folder))


_GOOD = "<http://a/s> <http://a/p> 01 .\n"


def test_each_file_is_a_graph_with_its_path(tmp_path: Path) -> None:
    loaded = load_files(read_config(clean_project(tmp_path)))
    assert not loaded.findings
    file = next(file for file in loaded.graphs.files if file.path == NETWORK)
    assert file.name == Iri("https://w3id.org/citygraph/graph/data/networks/nordnett.ttl")
    assert {quad.graph_name for quad in file.quads} == {file.name}
    assert [file.path for file in loaded.graphs.of(Part.SOURCES)] == ["data/sources.ttl"]
    assert [file.path for file in loaded.graphs.of(Part.MAPPINGS)] == ["data/mappings/wikidata.sssom.tsv"]


def test_lexical_forms_stay_as_written(tmp_path: Path) -> None:
    (quad,) = _load(tmp_path, a__ttl=_GOOD).graphs.quads()
    assert isinstance(quad.object, Literal)
    assert quad.object.value == "01"


def test_a_syntax_error_hides_neither_the_rest_of_the_file_nor_its_place(tmp_path: Path) -> None:
    loaded = _load(
        tmp_path,
        a__ttl=f"{_GOOD}<http://a/s> <http://a/p> .\n<http://a/t> <http://a/p> 2 .\n<http://a/u> <http://a/p> 3 .\n",
    )
    assert [(each.code, each.place) for each in loaded.findings] == [("syntax", "data/a.ttl:2:27")]
    assert {str(quad.subject) for quad in loaded.graphs.quads()} >= {"<http://a/s>", "<http://a/u>"}


@pytest.mark.parametrize(("name", "target"), [("lost.ttl", "nowhere"), ("loop.ttl", "loop.ttl")])
def test_a_link_that_leads_nowhere_is_an_unreadable_file(name: str, target: str, tmp_path: Path) -> None:
    _load(tmp_path, a__ttl=_GOOD)
    (tmp_path / "data" / name).symlink_to(target)
    loaded = _load(tmp_path)
    assert [(each.code, each.file) for each in loaded.findings] == [("unreadable-file", f"data/{name}")]
    assert loaded.findings[0].message.nb
    assert loaded.findings[0].fix.nb
    assert hash_files(tmp_path, find_files(tmp_path))[f"data/{name}"] == ""


@pytest.fixture
def linked(tmp_path: Path) -> Path:
    """A project with a secret beside it, and a file below data/ that must stay."""
    project = tmp_path / "project"
    (project / "data" / "internal").mkdir(parents=True)
    (project / "graph.toml").write_text('title = "x"\n[publish]\ninternal = ["data/internal"]\n')
    (project / "data" / "a.ttl").write_text(_GOOD)
    (project / "data" / "internal" / "b.ttl").write_text("<http://a/b> <http://a/p> 2 .\n")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.ttl").write_text("secretword is here .\n")
    (tmp_path / "outside" / "secret.rq").write_text("# secretword\nSELECT nonsense\n")
    return project


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("data/c.ttl", "../../outside/secret.ttl"),
        ("data/c", "../../outside"),
        ("data/c", "internal"),
        ("data/c.ttl", "internal/b.ttl"),
        ("data/internal/c.ttl", "../a.ttl"),
        ("ontology", "../outside"),
        ("queries", "../outside"),
        ("data/c.ttl", "../chain.ttl"),
    ],
)
def test_a_link_that_would_carry_something_out_is_not_read(name: str, target: str, linked: Path) -> None:
    (linked / "chain.ttl").symlink_to("../outside/secret.ttl")
    (linked / name).symlink_to(target)
    report = Project.open(linked).check().report
    assert [each.file for each in report if each.code == "unsafe-link"] == [name]
    assert "secretword" not in str([each.to_json() for each in report])
    assert "http://a/b" not in str([quad for file in load_files(read_config(linked)).graphs.files
                                    if not file.path.startswith("data/internal/") for quad in file.quads])  # fmt: skip


@pytest.mark.parametrize("folder", ["queries", "queries/checks"])
def test_a_question_behind_a_link_that_leaves_is_neither_read_nor_quoted(folder: str, linked: Path) -> None:
    (linked / folder).mkdir(parents=True)
    (linked / folder / "q.rq").symlink_to(linked.parent / "outside" / "secret.rq")
    report = Project.open(linked).check().report
    assert ("unsafe-link", f"{folder}/q.rq") in {(each.code, each.file) for each in report}
    assert "secretword" not in str([each.to_json() for each in report])
    assert not Project.open(linked).queries()


def test_a_link_inside_the_project_is_followed_when_it_keeps_its_class(linked: Path) -> None:
    (linked / "data" / "c.ttl").symlink_to("a.ttl")
    (linked / "data" / "internal" / "c.ttl").symlink_to("b.ttl")
    report = Project.open(linked).check().report
    assert not [each for each in report if each.code == "unsafe-link"]
    assert "data/c.ttl" in {file.path for file in load_files(read_config(linked)).graphs.files}


@pytest.mark.parametrize(
    ("first", "second"), [("data/internal/b.ttl", "data/c.ttl"), ("data/c.ttl", "data/internal/d.ttl")]
)
def test_two_names_of_one_file_are_of_one_class(first: str, second: str, linked: Path) -> None:
    (linked / "data" / "c.ttl").write_text(_GOOD)
    (linked / second).unlink(missing_ok=True)
    os.link(linked / first, linked / second)
    assert [(each.code, each.file) for each in load_files(read_config(linked)).findings] == [
        ("unsafe-link", "data/c.ttl")
    ]


@pytest.mark.parametrize("other", ["data/internal/b.ttl", "../outside/secret.ttl", "pipe"])
def test_a_link_that_changes_after_it_was_looked_at_is_not_followed(
    other: str, linked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from citygraph import load  # noqa: PLC0415

    os.mkfifo(linked / "pipe")
    link = linked / "data" / "c.ttl"
    link.symlink_to("a.ttl")
    looked_at = load.files_of

    def then_change(config: Config) -> list[Path]:
        found = looked_at(config)
        link.unlink()
        link.symlink_to(linked / other)
        return found

    monkeypatch.setattr(load, "files_of", then_change)
    loaded = load_files(read_config(linked))
    assert ("unsafe-link", "data/c.ttl") in {(each.code, each.file) for each in loaded.findings}
    assert "data/c.ttl" not in {file.path for file in loaded.graphs.files}


@pytest.mark.parametrize("name", ["a b.ttl", "a\nb.ttl", "a<b>.ttl", "a%20b#c?[d].ttl", "æ 😀 {`}.ttl"])
def test_any_name_of_a_file_gives_a_graph_that_leads_back_to_it(name: str, tmp_path: Path) -> None:
    loaded = _load(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / name).write_text(_GOOD)
    loaded = load_files(read_config(tmp_path))
    assert not loaded.findings
    (file,) = ProjectGraphs.from_quads(loaded.graphs.base, loaded.graphs.quads()).files
    assert file.path == f"data/{name}"
    assert is_internal(file.path, [file.name.value], base=loaded.graphs.base)


def test_a_name_in_another_encoding_is_a_finding(tmp_path: Path) -> None:
    loaded = _load(tmp_path, a__ttl=_GOOD)
    (tmp_path / "data" / os.fsdecode(b"b\xe6.ttl")).write_text(_GOOD)
    loaded = _load(tmp_path)
    assert [(each.code, each.file) for each in loaded.findings] == [("unreadable-file", "data/b\ufffd.ttl")]
    assert "UTF-8" in loaded.findings[0].message.nb


def test_a_pipe_among_the_questions_is_a_finding_and_does_not_block(linked: Path) -> None:
    (linked / "queries").mkdir()
    os.mkfifo(linked / "queries" / "pipe.rq")
    assert ("bad-query", "queries/pipe.rq") in {(each.code, each.file) for each in Project.open(linked).check().report}


def test_a_pipe_is_a_finding_and_does_not_block(tmp_path: Path) -> None:
    _load(tmp_path, a__ttl=_GOOD)
    os.mkfifo(tmp_path / "data" / "pipe.ttl")
    assert [(each.code, each.file) for each in _load(tmp_path).findings] == [("unreadable-file", "data/pipe.ttl")]


def test_hidden_files_backups_and_notes_are_passed_over(tmp_path: Path) -> None:
    loaded = _load(tmp_path, a__ttl=_GOOD, README__md="# no", facts__csv="a,b")
    for name in (".hidden.ttl", "a.ttl~", "Makefile"):
        (tmp_path / "data" / name).write_text("no Turtle")
    assert not loaded.findings
    assert not _load(tmp_path).findings


def test_every_format_for_triples_is_read(tmp_path: Path) -> None:
    xml = '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:a="http://a/"><rdf:Description rdf:about="http://a/s"><a:p>1</a:p></rdf:Description></rdf:RDF>'
    loaded = _load(
        tmp_path,
        a__ttl=_GOOD,
        b__nt='<http://a/s> <http://a/p> "1" .\n',
        c__rdf=xml,
        d__jsonld='{"@id": "http://a/s", "http://a/p": 1}',
    )
    assert not loaded.findings
    assert len(list(loaded.graphs.quads())) == 4


def test_json_ld_with_a_graph_of_its_own_is_refused(tmp_path: Path) -> None:
    named = '{"@id": "http://a/g", "@graph": [{"@id": "http://a/s", "http://a/p": 1}]}'
    loaded = _load(tmp_path, a__ttl=_GOOD, b__jsonld=named)
    assert [each.file for each in loaded.findings] == ["data/b.jsonld"]


def test_blank_nodes_of_two_files_never_meet_and_keep_their_names(tmp_path: Path) -> None:
    text = "_:a <http://a/p> _:b .\n"
    first = list(_load(tmp_path, a__ttl=text, b__ttl=text + "# other\n").graphs.quads())
    assert len({str(quad.subject) for quad in first}) == 2
    assert list(_load(tmp_path).graphs.quads()) == first


def test_an_accepted_mapping_of_an_organisation_is_same_as_and_never_skos(tmp_path: Path) -> None:
    folder = clean_project(tmp_path)
    path = folder / "data" / "mappings" / "wikidata.sssom.tsv"
    path.write_text(path.read_text() + "id:nordnett\tskos:exactMatch\twd:Q2\tsemapv:ManualMappingCuration\n")
    graphs = load_files(read_config(folder)).graphs
    mapped = {str(quad.subject): quad.predicate.value for quad in graphs.quads(Part.MAPPINGS)}
    assert mapped["<https://w3id.org/citygraph/id/nordnett>"] == "https://schema.org/sameAs"


def test_a_mapping_file_in_another_encoding_says_the_place(tmp_path: Path) -> None:
    loaded = _load(tmp_path, a__ttl=_GOOD, b__sssom__tsv="#a: b\n#c: å\n".encode("latin-1"))
    assert [(each.code, each.line, each.column) for each in loaded.findings] == [("encoding", 2, 5)]


@given(st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_at_all_are_read_or_reported(tmp_path: Path, data: bytes) -> None:
    for name in ("a.ttl", "a.nt", "a.rdf", "a.jsonld", "a.sssom.tsv"):
        for old in (tmp_path / "data").glob("*"):
            old.unlink()
        loaded = _load(tmp_path, **{name.replace(".", "__"): data})
        assert all(each.message.en for each in loaded.findings)


def test_a_setting_that_names_a_folder_or_nothing_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "data" / "list").mkdir(parents=True)
    (tmp_path / "mappings").mkdir()
    for name in ("links.tsv", "more.ttl", "README.md"):
        (tmp_path / "mappings" / name).write_text("x", encoding="utf-8")
    settings = 'title = "T"\n\n[federation]\nextract = "nothing.ttl"\n[reconcile]\ntargets = "data/list"\n'
    (tmp_path / "graph.toml").write_text(settings, encoding="utf-8")
    told = [(each.code, each.file, each.line, each.severity) for each in load_files(read_config(tmp_path)).findings]
    assert told == [
        ("misplaced-mapping", "mappings/links.tsv", 0, "warning"), ("misplaced-mapping", "mappings/more.ttl", 0, "warning"),
        ("unreadable-file", "graph.toml", 4, "warning"), ("unreadable-file", "graph.toml", 6, "warning"),
        ("no-data", "data", 0, "violation"),
    ]  # fmt: skip


def test_on_the_first_line_too_what_lacks_a_prefix_has_its_own_columns_and_the_text_stays(tmp_path: Path) -> None:
    text = "ex:a ex:b foo:c . ex:d ex:e .\nø:a foo:b ."
    loaded = _load(tmp_path, a__ttl=text, b__ttl="skos:a a skos:Concept .")
    places = [(each.file[-5:], each.line, each.column) for each in loaded.findings]
    assert places == [("a.ttl", 1, 1), ("a.ttl", 2, 1), ("a.ttl", 1, 11), ("a.ttl", 1, 29), ("b.ttl", 1, 1)]
    broken, whole = loaded.graphs.files
    assert (broken.text, whole.text) == (text, "skos:a a skos:Concept .")
    (quad,) = whole.quads
    assert whole.place(str(quad.subject), str(quad.predicate)) == (1, 8)


def test_a_missing_prefix_is_told_once_with_the_line_to_write_and_the_rest_is_read(tmp_path: Path) -> None:
    loaded = _load(
        tmp_path,
        a__ttl="# A list\n<http://a/s> org:unitOf <http://a/o> ; skso:altLabel 'S' .\n<http://a/t> org:unitOf q:x .\n",
    )
    assert [(each.code, each.line) for each in loaded.findings] == [("syntax", 2), ("syntax", 2), ("syntax", 3)]
    first, second, third = loaded.findings
    assert "@prefix org: <http://www.w3.org/ns/org#> ." in first.fix.en
    assert "skos:" in second.fix.en
    assert "@prefix q: <" in third.fix.nb
    (file,) = loaded.graphs.files
    assert {each.predicate.value for each in file.quads} == {
        "http://www.w3.org/ns/org#unitOf",
        "http://www.w3.org/2004/02/skos/core#altLabel",
    }
    place = file.place("<http://a/t>", "<http://www.w3.org/ns/org#unitOf>")
    assert place is not None
    assert place.line == 3
