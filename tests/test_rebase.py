"""All addresses of a project begin anew, and nothing else changes; a break is mended by running it again."""

from __future__ import annotations

from pathlib import Path

import pytest

from citygraph import Project
from citygraph.errors import CitygraphError, ConfigError
from citygraph.rdf import Iri, Quad, canonical_hash
from citygraph.rebase import rebase
from conftest import ROOT, TODAY, copy_project

OLD, NEW = "https://example.org/my-city/", "https://data.my-city.example/graph/"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Project.new(tmp_path / "my-city", example=True).folder


def moved(quad: Quad, old: str, new: str) -> Quad:
    terms = [
        Iri(new + term.value.removeprefix(old))
        if isinstance(term, Iri)
        and term.value.startswith(old)
        and not term.value.startswith((old + "ontology", old + "concept/"))
        else term
        for term in (quad.subject, quad.predicate, quad.object, quad.graph_name)
    ]
    return Quad(*terms)  # type: ignore[arg-type]  # kinds are kept


def statements(folder: Path) -> list[Quad]:
    return [*Project.open(folder, today=TODAY).check().graphs.quads()]


def findings(folder: Path) -> list[tuple[str, str, int]]:
    return [(each.code, each.file, each.line) for each in Project.open(folder, today=TODAY).check().report]


@pytest.mark.slow
@pytest.mark.parametrize("which", ["new", "reference"])
def test_every_address_moves_and_nothing_else(which: str, folder: Path, tmp_path: Path) -> None:
    if which == "reference":
        folder, old = copy_project(ROOT, tmp_path / "copy"), "https://w3id.org/citygraph/"
    else:
        old = OLD
    before, said = statements(folder), findings(folder)
    done = rebase(folder, old, NEW)
    assert list(done.files)
    assert canonical_hash(statements(folder)) == canonical_hash(moved(quad, old, NEW) for quad in before)
    assert findings(folder) == said
    assert Project.open(folder, today=TODAY).config.base == NEW
    left = [path for path in folder.rglob("*") if path.is_file() and old.encode() in path.read_bytes()]
    assert which == "reference" or left == []


def test_a_dry_run_and_a_file_that_would_say_something_else_write_nothing(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert set(rebase(folder, OLD, NEW, write=False).files) >= {"graph.toml", "data/places.ttl"}
    escaped = folder / "data" / "escaped.ttl"
    escaped.write_text(f"<{OLD.replace('my-city', chr(92) + 'u006dy-city')}id/a> a <{OLD}id/b> .\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"data/escaped\.ttl"):
        rebase(folder, OLD, NEW)
    escaped.unlink()
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_after_a_break_the_next_run_goes_on_and_check_names_what_is_left(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Path] = []
    rename = Path.replace

    def breaks(path: Path, target: Path) -> Path:
        if len(written) == 2:
            raise CitygraphError("killed")
        written.append(target)
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", breaks)
        patch.setattr("citygraph.files._put_back", lambda _: None)  # killed: nobody puts anything back
        with pytest.raises(CitygraphError):
            rebase(folder, OLD, NEW)
    assert Project.open(folder, today=TODAY).config.base == OLD
    named = {file for code, file, _ in findings(folder) if code == "wrong-base"}
    assert named == {path.relative_to(folder).as_posix() for path in written}
    rebase(folder, OLD, NEW)
    assert findings(folder) == []


def test_a_changed_base_alone_is_a_finding_with_the_command_that_mends_it(folder: Path) -> None:
    settings = folder / "graph.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace(OLD, NEW), encoding="utf-8")
    report = Project.open(folder, today=TODAY).check().report
    stranded = [each for each in report if each.code == "wrong-base"]
    assert {each.file for each in stranded} >= {"data/places.ttl", "data/authorities.ttl"}
    assert all(f"citygraph rebase {OLD} {NEW}" in each.fix.en for each in stranded)
    rebase(folder, OLD, NEW)
    assert findings(folder) == []


def test_a_file_that_is_not_rewritten_is_named(folder: Path) -> None:
    rdf = f'<?xml version="1.0" encoding="UTF-16"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="{OLD}id/a"/></rdf:RDF>'
    (folder / "data" / "wide.rdf").write_bytes(rdf.encode("utf-16"))
    (folder / "data" / "map.qgz").write_bytes(OLD.encode())
    assert rebase(folder, OLD, NEW).left == ("data/map.qgz", "data/wide.rdf")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("https://example.org/my-city", NEW),
        (OLD, "data.my-city.example/"),
        (OLD, OLD + "v2/"),
        ("https://example.org/", OLD),
        ("https://example.org/nobody/", NEW),
    ],
)
def test_what_is_no_other_beginning_is_refused(old: str, new: str, folder: Path) -> None:
    with pytest.raises(ConfigError):
        rebase(folder, old, new)
