"""What a reviewer of a change reads: statements, findings and answers that came and went."""

from __future__ import annotations

import json
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from citygraph import ConfigError, Project
from citygraph.compare import Changes, write_json, write_markdown, write_text
from citygraph.files import extract_revision
from conftest import ROOT, TODAY, copy_project

EUROCITIES = "data/networks/eurocities.ttl"
STAVANGER = "id:m-stavanger-kommune-eurocities a org:Membership"


def make_stavanger_a_member(folder: Path) -> None:
    """The edit of the house tour: next month Stavanger is a member."""
    path = folder / EUROCITIES
    head, block, tail = path.read_text(encoding="utf-8").partition(STAVANGER)
    assert block
    path.write_text(head + block + tail.replace("role-associated-partner", "role-full-member", 1), encoding="utf-8")


@pytest.fixture(scope="module")
def changes(tmp_path_factory: pytest.TempPathFactory) -> Changes:
    """What that edit does to our own graph."""
    folder = tmp_path_factory.mktemp("compared")
    old, new = copy_project(ROOT, folder / "old"), copy_project(ROOT, folder / "new")
    make_stavanger_a_member(new)
    return Project.open(new, today=TODAY).compare(str(old))


@pytest.mark.slow
def test_one_edit_shows_what_is_stated_what_follows_and_which_answers_change(changes: Changes) -> None:
    base = "https://w3id.org/citygraph/"
    role = "<http://www.w3.org/ns/org#role>"
    membership = f"<{base}id/m-stavanger-kommune-eurocities>"
    assert [str(t) for t in changes.asserted_added] == [f"{membership} {role} <{base}concept/role-full-member>"]
    assert [str(t) for t in changes.asserted_removed] == [
        f"{membership} {role} <{base}concept/role-associated-partner>"
    ]
    member_of = f"<{base}id/stavanger-kommune> <http://www.w3.org/ns/org#memberOf> <{base}id/eurocities>"
    assert member_of in map(str, changes.inferred_added)
    associated = f"<{base}id/stavanger-kommune> <{base}ontology#associatedWith> <{base}id/eurocities>"
    assert associated in map(str, changes.inferred_removed)
    changed = {change.name: change for change in changes.answers}
    assert "norwegian-participants" in changed
    change = changed["norwegian-participants"]
    assert len(change.added) == len(change.removed) == 1
    assert any(str(cell).endswith("role-full-member>") for cell in change.added[0])


@pytest.mark.slow
def test_a_new_finding_is_shown_and_a_moved_line_is_not(tmp_path: Path) -> None:
    old, new = copy_project(ROOT, tmp_path / "old"), copy_project(ROOT, tmp_path / "new")
    path = new / EUROCITIES
    path.write_text(
        path.read_text(encoding="utf-8")
        + '\nid:eurocities-wg-test a cg:WorkingGroup ;\n    skos:prefLabel "Prøve"@nb ;\n'
        + "    org:unitOf id:eurocities ;\n    prov:wasDerivedFrom source:eurocities-governance-2022 ;\n.\n",
        encoding="utf-8",
    )
    sources = new / "data/sources.ttl"
    sources.write_text(
        "# one line more moves every line below it\n" + sources.read_text(encoding="utf-8"), encoding="utf-8"
    )
    changes = Project.open(new, today=TODAY).compare(str(old))
    assert [each.code for each in changes.findings_added] == ["missing-en-label"]
    assert not changes.findings_removed


@pytest.mark.slow
def test_the_same_graph_has_no_changes_in_any_form(tmp_path: Path) -> None:
    old = copy_project(ROOT, tmp_path / "old")
    ontology = old / "ontology/citygraph.ttl"
    ontology.write_text(
        "# a comment renames every blank node of the file\n" + ontology.read_text(encoding="utf-8"), encoding="utf-8"
    )
    changes = Project.open(ROOT, today=TODAY).compare(str(old))
    assert changes.is_empty
    assert write_text(changes, "en") == "Nothing has changed."
    assert write_text(changes, "nb") == "Ingenting er endret."
    assert json.loads(write_json(changes))["answers"] == []


@pytest.mark.slow
def test_it_is_written_for_people_for_pull_requests_and_for_programs(changes: Changes) -> None:
    text = write_text(changes, "en")
    assert "Stavanger Municipality – Eurocities" in text
    assert "+ Stavanger Municipality: member of: Eurocities" in text
    assert "Svar som er endret" in write_text(changes, "nb")
    markdown = write_markdown(changes, "en")
    assert markdown.startswith("## Stated")
    assert "norwegian-participants" in markdown
    document = json.loads(write_json(changes))
    assert len(document["asserted"]["added"]) == len(document["asserted"]["removed"]) == 1
    assert {change["name"] for change in document["answers"]} == {change.name for change in changes.answers}


@pytest.mark.slow
def test_a_name_full_of_markup_stays_text_in_markdown(tmp_path: Path) -> None:
    old, new = copy_project(ROOT, tmp_path / "old"), copy_project(ROOT, tmp_path / "new")
    people = new / "data/people.ttl"
    name = r"<script>alert(1)</script> [x](javascript:1) `a` *b*"
    people.write_text(
        people.read_text(encoding="utf-8") + f'\nid:person-test a foaf:Person ;\n    foaf:name "{name}" ;\n.\n',
        encoding="utf-8",
    )
    markdown = write_markdown(Project.open(new, today=TODAY).compare(str(old)), "en")
    assert "<script>" not in markdown
    assert "](javascript" not in markdown
    assert "&lt;script&gt;" in markdown


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_a_git_revision_is_compared_with_the_files_as_they_are(
    tmp_path: Path, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    # The project lies in a folder of the repository, as a city's graph may.
    folder = copy_project(ROOT, tmp_path / "repository" / "graph")
    git(folder.parent, "init", "--quiet")
    git(folder.parent, "add", ".")
    git(folder.parent, "commit", "--quiet", "-m", "before")
    make_stavanger_a_member(folder)
    done = run("compare", "HEAD", "--lang", "en", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "Stated (+1 -1)" in done.stdout
    assert "norwegian-participants" in done.stdout
    wrong = run("compare", "no-such-revision", cwd=folder)
    assert wrong.returncode == 2
    assert "neither a folder nor a revision" in wrong.stderr
    assert "Traceback" not in wrong.stderr
    dangerous = run("compare", "--", "--output=/dev/null", cwd=folder)
    assert dangerous.returncode == 2


def committed(tmp_path: Path) -> Path:
    """Our own graph, all of it in git."""
    folder = copy_project(ROOT, tmp_path / "project")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "before")
    return folder


def test_a_revision_is_read_without_unpacking_as_only_later_patches_of_python_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Python 3.11.0 to 3.11.3 have no filter for what is unpacked.
    monkeypatch.delattr(tarfile.TarFile, "extractall")
    monkeypatch.delattr(tarfile.TarFile, "extract")
    folder = committed(tmp_path)
    extract_revision(folder, "HEAD", tmp_path / "then")
    for name in ("graph.toml", EUROCITIES):
        assert (tmp_path / "then" / name).read_bytes() == (folder / name).read_bytes()


def test_a_link_in_a_revision_is_the_file_that_it_leads_to(tmp_path: Path) -> None:
    folder = committed(tmp_path)
    (folder / "kept.ttl").write_bytes((folder / EUROCITIES).read_bytes())
    (folder / EUROCITIES).unlink()
    (folder / EUROCITIES).symlink_to("../../kept.ttl")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "a link")
    extract_revision(folder, "HEAD", tmp_path / "then")
    assert (tmp_path / "then" / EUROCITIES).read_bytes() == (folder / "kept.ttl").read_bytes()
    assert not (tmp_path / "then" / EUROCITIES).is_symlink()


@pytest.mark.parametrize("to", ["/etc/passwd", "../../../outside.ttl", "eurocities.ttl", "nowhere.ttl"])
def test_a_link_that_leads_out_of_a_revision_is_named(tmp_path: Path, to: str) -> None:
    folder = committed(tmp_path)
    (tmp_path / "outside.ttl").write_bytes((folder / EUROCITIES).read_bytes())
    (folder / EUROCITIES).unlink()
    (folder / EUROCITIES).symlink_to(to)
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "a link")
    with pytest.raises(ConfigError, match=f"{EUROCITIES} in 'HEAD' is a link to .*, which is no file of that revision"):
        extract_revision(folder, "HEAD", tmp_path / "then")


def test_a_folder_without_a_project_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="neither a folder nor a revision"):
        Project.open(copy_project(ROOT, tmp_path)).compare("nowhere")
