"""`citygraph read`: the document is registered with both hashes, its words can be quoted, and it is read once."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from citygraph import Project
from citygraph.cli.app import app
from citygraph.errors import EditError, QueryError, ReadError
from citygraph.project import reading
from citygraph.project.reading import ReadDocument
from citygraph.read.run import extract
from citygraph.validate import check_anchors
from clean_project import clean_project
from conftest import TODAY

DOCUMENTS = Path(__file__).parent / "documents"
MEMO = DOCUMENTS / "memo.docx"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The clean project; documents are read in this process, which test_read tries in another."""
    monkeypatch.setattr(reading, "extract_apart", extract)
    return Project.open(clean_project(tmp_path / "project", questions=False), today=TODAY)


def read(project: Project, path: Path = MEMO, **said: str) -> ReadDocument:
    edits = project.edits
    done = edits.documents.read(path, {field.replace("_", "-"): value for field, value in said.items()})
    if done.checked is not None:
        edits.write(done.checked)
    return done


def block(project: Project, name: str) -> list[str]:
    text = (project.folder / "data/sources.ttl").read_text(encoding="utf-8")
    start = text.index(f"\nsource:{name} a ")
    return [line.strip() for line in text[start : text.index("\n.", start)].strip().splitlines()]


def test_a_document_is_registered_with_the_hashes_of_the_file_and_of_its_text(project: Project) -> None:
    done = read(project)
    sources = project.config.sources_folder
    assert sorted(done.files) == ["memo.docx", "text/memo.docx.json", "text/memo.docx.txt"]
    assert (sources / "memo.docx").read_bytes() == MEMO.read_bytes()
    text = (sources / "text/memo.docx.txt").read_bytes()
    assert text.decode() == done.kept.text
    assert block(project, "memo.docx") == [
        "source:memo.docx a foaf:Document , prov:Entity ;",
        'dct:title "Notat om bynettverk"@nb ;',
        'dct:title "Notat om bynettverk"@en ;',
        'dct:date "2020-11-05"^^xsd:date ;',
        f'cg:sha256 "{hashlib.sha256(MEMO.read_bytes()).hexdigest()}" ;',
        f'cg:textSha256 "{hashlib.sha256(text).hexdigest()}" ;',
        'cg:textMadeBy "citygraph docx 1" ;',
        "dct:creator id:nordnett ;",
        "dct:accessRights <http://publications.europa.eu/resource/authority/access-right/RESTRICTED> ;",
    ]
    assert done.checked is not None
    assert done.checked.findings == ()


def test_its_words_can_be_quoted_and_are_held_against_its_text(project: Project) -> None:
    read(project)
    options = [
        ("member", "Skogstad"), ("organization", "Nordnett"), ("role", "observer"), ("since", "2019"),
        ("source", "memo.docx"), ("quote", "Oslo er medlem"),
    ]  # fmt: skip
    edits = project.edits
    edits.write(edits.check(edits.editor().add("membership", options)))
    graphs = project.check().graphs
    folder = project.config.sources_folder
    assert check_anchors(graphs, folder) == []
    (folder / "text/memo.docx.txt").write_text("Noe annet.\n", encoding="utf-8")
    assert {each.code for each in check_anchors(graphs, folder)} == {"source-changed", "excerpt-gone"}


def test_a_document_that_was_read_is_not_read_again(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    first = read(project)
    monkeypatch.setattr(reading, "extract_apart", lambda *_: pytest.fail("made again"))
    before = {path: path.read_bytes() for path in project.folder.rglob("*") if path.is_file()}
    again = read(project)
    assert (again.iri, again.kept, again.checked) == (first.iri, first.kept, None)
    assert {path: path.read_bytes() for path in project.folder.rglob("*") if path.is_file()} == before


def test_a_text_that_is_lost_is_made_again_only_when_it_is_the_same(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = read(project)
    folder = project.config.sources_folder
    for each in first.files:
        (folder / each).unlink()
    again = read(project)
    assert (again.kept, sorted(again.restored)) == (first.kept, sorted(first.files))
    for each in first.files:
        (folder / each).unlink()
    monkeypatch.setattr(reading, "extract_apart", lambda *_: extract(b"Noe annet.", "a.txt"))
    with pytest.raises(ReadError, match="is not the one that facts were read from") as refused:
        read(project)
    assert "citygraph docx 1" in str(refused.value.fix)


def test_a_document_that_was_registered_by_hand_keeps_its_own_text(project: Project, tmp_path: Path) -> None:
    memo = tmp_path / "hand.txt"
    memo.write_bytes("\ufeffNotat\r\n\r\nOslo er medlem.\r\n".encode())
    edits = project.edits
    edits.write(edits.check(edits.editor().add("document", [("title", "Hand"), ("date", "2020"), ("file", str(memo))])))
    assert read(project, memo).kept.text == memo.read_bytes().decode()


def test_an_author_is_written_only_when_the_graph_knows_him(project: Project, tmp_path: Path) -> None:
    memo = tmp_path / "memo.txt"
    memo.write_text("Notat\n\nFra: Per Privat\n\nOslo er medlem.\n", encoding="utf-8")
    done = read(project, memo)
    assert done.about["author"].value == "Per Privat"
    assert list(done.left_out) == ["author"]
    assert not any("creator" in line or "Privat" in line for line in block(project, "memo.txt"))
    other = tmp_path / "other.txt"
    other.write_text("Notat\n\nBergen er medlem.\n", encoding="utf-8")
    with pytest.raises(QueryError):
        read(project, other, author="Per Privat")
    read(project, other, author="Nordnett", access="public", not_before="2019-01-01", title="Et annet")
    assert block(project, "other.txt")[1:5] == [
        'dct:title "Et annet"@nb ;', 'dct:title "Et annet"@en ;', 'cg:dateNotBefore "2019-01-01"^^xsd:date ;',
        f'cg:sha256 "{hashlib.sha256(other.read_bytes()).hexdigest()}" ;',
    ]  # fmt: skip


def test_two_documents_of_one_title_are_told_apart(project: Project, tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt", "c.txt"):
        (tmp_path / name).write_text(f"Referat\n\nDato: 5. mai 2020\n\nMøte {name}.\n", encoding="utf-8")
    titles = [read(project, tmp_path / name).about["title"].value for name in ("a.txt", "b.txt", "c.txt")]
    assert titles == ["Referat", "Referat (2020-05-05)", "Referat (c.txt)"]
    other = tmp_path / "new/a.txt"
    other.parent.mkdir()
    other.write_text("Noe annet enn det.\n", encoding="utf-8")
    with pytest.raises(EditError, match="already"):
        read(project, other)


def test_a_project_whose_kinds_are_older_is_told_to_upgrade(project: Project) -> None:
    kinds = project.folder / "ontology/kinds.ttl"
    shipped = (Path(__file__).parents[1] / "ontology/kinds.ttl").read_text(encoding="utf-8")
    kinds.write_text(shipped.replace('kind:option "text-by"', 'kind:option "made-by"'), encoding="utf-8")
    with pytest.raises(ReadError, match="older than") as refused:
        read(project)
    assert "citygraph upgrade" in str(refused.value.fix)
    assert not (project.config.sources_folder / "memo.docx").exists()


@pytest.mark.parametrize("path", ["gone.txt", "."])
def test_what_is_no_file_is_told(project: Project, path: str, tmp_path: Path) -> None:
    with pytest.raises(ReadError) as refused:
        read(project, tmp_path / path)
    assert refused.value.fix


def test_the_command_shows_its_guesses_first_and_then_writes(project: Project) -> None:
    def run(*options: str) -> str:
        done = CliRunner().invoke(app, ["read", str(MEMO), "--project", str(project.folder), *options])
        assert done.exit_code == 0, done.output
        return done.output

    before = (project.folder / "data/sources.ttl").read_bytes()
    shown = run("--dry-run", "--lang", "nb", "--title", "Mitt notat")
    assert 'dct:title "Mitt notat"@nb' in shown
    assert "tittel      Mitt notat  (det du skrev)" in shown
    assert "dato        2020-11-05  (teksten: «Oslo, 5. november 2020»)" in shown
    assert "tilgang     noen (restricted)  (teksten: «INTERNT»)" in shown
    assert "Ingenting er skrevet (--dry-run)." in shown
    assert (project.folder / "data/sources.ttl").read_bytes() == before
    assert not (project.config.sources_folder / "memo.docx").exists()
    shown = run("--lang", "en")
    assert (
        "Written: data/sources.ttl, sources/memo.docx, sources/text/memo.docx.json, sources/text/memo.docx.txt."
        in shown
    )
    said = json.loads(run("--json"))
    assert (said["known"], said["written"], said["document"].rpartition("/")[2]) == (True, False, "memo.docx")
    assert said["text"][said["parts"][1]["start"] : said["parts"][1]["end"]] == "Oslo, 5. november 2020"
    refused = CliRunner().invoke(app, ["read", str(MEMO), "--date", "2020", "--not-after", "2020-12-31"])
    assert refused.exit_code == 2
