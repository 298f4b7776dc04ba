"""A project with lists in it, in git: a clone holds everything that the project says."""

from __future__ import annotations

import subprocess
from pathlib import Path

from citygraph import Project
from conftest import TODAY
from ingest_words import Take


def _git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


def test_a_clone_of_a_project_with_a_list_has_the_findings_of_the_original(
    take: Take, project: Project, tmp_path: Path
) -> None:
    taken = take("Oslo;Norway;Eurocities", "Bergen;Norway;Eurocities")
    assert taken.outcome(2) == "imported"
    _git(project.folder, "init", "--quiet")
    _git(project.folder, "add", ".")
    _git(project.folder, "commit", "--quiet", "-m", "A list")
    _git(tmp_path, "clone", "--quiet", str(project.folder), "clone")
    original, clone = (Project.open(folder, today=TODAY).check() for folder in (project.folder, tmp_path / "clone"))
    assert [str(each) for each in clone.report] == [str(each) for each in original.report]
    kept = {path.relative_to(project.folder).as_posix() for path in project.folder.glob("data/**/*") if path.is_file()}
    assert kept <= set(_git(tmp_path / "clone", "ls-files").splitlines())


def test_what_is_built_and_what_is_not_for_everybody_stays_out_of_git(project: Project) -> None:
    for name in ("build/x.nq", "sources/contract.txt"):
        (project.folder / name).parent.mkdir()
        (project.folder / name).write_text("x", encoding="utf-8")
    _git(project.folder, "init", "--quiet")
    seen = _git(project.folder, "status", "--porcelain", "--untracked-files=all").split()
    assert "graph.toml" in seen
    assert [each for each in seen if each.startswith(("build/", "sources/"))] == []
